//! 1 GiB over TLS both ways with curl, from and to this server and vsftpd in turn, over
//! loopback and in memory (`/dev/shm`).
//!
//! `FTPKIT_PEERS=DIR cargo bench -p ftpkit-benches --bench tls`, as root, after
//! `crates/ftpkit-test/peers/install DIR`. What counts is the ratio: the median of the pairs.
#![allow(clippy::unwrap_used, reason = "a benchmark that fails prints why")]

use std::{
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use ftpkit::{
    accounts::{Account, Users},
    fs::LocalDirectory,
    server::{
        Server,
        tls::{Identity, ServerTls, SessionReuse},
    },
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

const PAIRS: usize = 9;
const SIZE: u64 = 1 << 30;
/// The system's user that the peers' suite makes; vsftpd serves no others.
const USER: &str = "ftpkit-test";

fn main() {
    let home = tempfile::tempdir_in("/dev/shm").unwrap();
    let root = home.path().join("root");
    fs::create_dir(&root).unwrap();
    run(Command::new("chmod").arg("755").arg(home.path()));
    let large = home.path().join("large");
    fs::write(&large, vec![7; SIZE as usize]).unwrap();
    fs::copy(&large, root.join("large")).unwrap();
    run(Command::new("chown").arg("-R").arg(USER).arg(&root));
    let certificates = Certificates::make(home.path());

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let own = runtime.block_on(own(&root, &certificates));
    let address = own.local_addrs()[0];
    runtime.spawn(own.serve());
    let vsftpd = Vsftpd::start(home.path(), &root, &certificates);

    for version in ["1.3", "1.2"] {
        for upload in [false, true] {
            let mut pairs: Vec<(f64, f64)> = (0..PAIRS)
                .map(|_| {
                    [vsftpd.address, address]
                        .map(|at| speed(at, version, upload, &large, &certificates.root))
                })
                .map(|[peer, own]| (peer, own))
                .collect();
            pairs.sort_by(|a, b| (a.1 / a.0).total_cmp(&(b.1 / b.0)));
            let (peer, own) = pairs[PAIRS / 2];
            println!(
                "TLS {version} {}: {own:.0} MB/s, vsftpd {peer:.0} MB/s, ratio {:.2} ({:.2} to {:.2})",
                if upload { "STOR" } else { "RETR" },
                own / peer,
                pairs[0].1 / pairs[0].0,
                pairs[PAIRS - 1].1 / pairs[PAIRS - 1].0,
            );
        }
    }
}

async fn own(root: &Path, certificates: &Certificates) -> Server {
    let identity = Identity::from_pem_files(&certificates.leaf, &certificates.key).unwrap();
    let tls = ServerTls::builder()
        .identity(identity)
        .reuse(SessionReuse::Required)
        .build()
        .unwrap();
    let storage = Arc::new(LocalDirectory::open(root).unwrap());
    let users = Users::builder()
        .account(Account::new(USER, storage), "secret")
        .build()
        .unwrap();
    Server::builder()
        .listen("127.0.0.1:0")
        .authenticator(users)
        .tls(tls)
        .bind()
        .await
        .unwrap()
}

/// How fast curl moves the file, in MB a second.
fn speed(at: SocketAddr, version: &str, upload: bool, large: &Path, root: &Path) -> f64 {
    let mut curl = Command::new("curl");
    curl.args([
        "-sS",
        "--ssl-reqd",
        "--user",
        "ftpkit-test:secret",
        "--cacert",
    ])
    .arg(root)
    .args(["--tls-max", version, &format!("--tlsv{version}")]);
    if upload {
        curl.arg("-T").arg(large).arg(format!("ftp://{at}/up"));
    } else {
        curl.args(["-o", "/dev/null"])
            .arg(format!("ftp://{at}/large"));
    }
    let begun = Instant::now();
    run(&mut curl);
    SIZE as f64 / 1e6 / begun.elapsed().as_secs_f64()
}

/// A small CA and a certificate for this host, as files.
struct Certificates {
    root: PathBuf,
    leaf: PathBuf,
    key: PathBuf,
}

impl Certificates {
    fn make(dir: &Path) -> Self {
        let mut ca = CertificateParams::new(Vec::new()).unwrap();
        // OpenSSL takes a certificate whose issuer has its own name for self-signed.
        ca.distinguished_name.push(DnType::CommonName, "a CA");
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let ca_key = KeyPair::generate().unwrap();
        let root = ca.self_signed(&ca_key).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
        let leaf = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).unwrap();
        let file = |name: &str, text: String| {
            let path = dir.join(name);
            fs::write(&path, text).unwrap();
            path
        };
        Self {
            root: file("ca.pem", root.pem()),
            leaf: file("leaf.pem", leaf.pem()),
            key: file("key.pem", key.serialize_pem()),
        }
    }
}

struct Vsftpd {
    child: Child,
    address: SocketAddr,
}

impl Vsftpd {
    fn start(home: &Path, root: &Path, certificates: &Certificates) -> Self {
        let peers = std::env::var_os("FTPKIT_PEERS").expect("FTPKIT_PEERS says where vsftpd is");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let empty = home.join("empty");
        fs::create_dir(&empty).unwrap();
        let conf = home.join("vsftpd.conf");
        let text = format!(
            "listen=YES\nlisten_address=127.0.0.1\nlisten_port={}\nbackground=NO\n\
             anonymous_enable=NO\nlocal_enable=YES\nwrite_enable=YES\n\
             pam_service_name=ftpkit-test\nlocal_root={}\nsecure_chroot_dir={}\n\
             xferlog_enable=NO\nseccomp_sandbox=NO\nssl_enable=YES\nssl_tlsv1=YES\n\
             require_ssl_reuse=YES\nssl_ciphers=HIGH\nrsa_cert_file={}\nrsa_private_key_file={}\n",
            address.port(),
            root.display(),
            empty.display(),
            certificates.leaf.display(),
            certificates.key.display(),
        );
        fs::write(&conf, text).unwrap();
        let child = Command::new(Path::new(&peers).join("vsftpd/usr/sbin/vsftpd"))
            .arg(conf)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let this = Self { child, address };
        for _ in 0..100 {
            if TcpStream::connect(address).is_ok() {
                return this;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("vsftpd does not answer");
    }
}

impl Drop for Vsftpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}
