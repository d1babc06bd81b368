//! Real servers, each started on a port of its own with a configuration of its own, and
//! stopped when the value is dropped.

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;

/// The servers of the suite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Vsftpd,
    Proftpd,
    PureFtpd,
    Pyftpdlib,
}

impl Kind {
    pub(crate) const ALL: [Self; 4] =
        [Self::Vsftpd, Self::Proftpd, Self::PureFtpd, Self::Pyftpdlib];
}

/// A server that runs until it is dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) user: &'static str,
    pub(crate) password: &'static str,
    /// The login directory of the user.
    pub(crate) root: PathBuf,
    child: Child,
    _home: TempDir,
}

impl Drop for Running {
    fn drop(&mut self) {
        // ProFTPD and vsftpd fork a process a session; those end with their connections.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// A URL of the login directory, with the credentials.
    pub(crate) fn url(&self) -> String {
        format!("ftp://{}:{}@{}/", self.user, self.password, self.address)
    }
}

/// Where the unpacked servers are.
fn peers() -> PathBuf {
    let path = match std::env::var_os("FTPKIT_PEERS") {
        Some(path) => PathBuf::from(path),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/peers"),
    };
    assert!(
        path.join("vsftpd").is_dir(),
        "no peers in {path:?}: run crates/ftpkit-test/peers/install DIR as root, with FTPKIT_PEERS=DIR"
    );
    path.canonicalize().unwrap()
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

fn run(command: &mut Command) -> String {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?}: {}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Starts a server of this kind with an empty directory; it is ready when this returns.
pub(crate) fn start(kind: Kind) -> Running {
    let peers = peers();
    let home = tempfile::Builder::new()
        .prefix("ftpkit-peer-")
        .tempdir()
        .unwrap();
    let dir = home.path().to_owned();
    let root = dir.join("root");
    fs::create_dir_all(&root).unwrap();
    fs::create_dir_all(dir.join("empty")).unwrap();
    // The servers give up root's rights for the user's, who must reach the directory.
    run(Command::new("chmod").arg("755").arg(&dir));
    run(Command::new("chown").arg("ftpkit-test").arg(&root));
    let uid = run(Command::new("id").args(["-u", "ftpkit-test"]));
    let gid = run(Command::new("id").args(["-g", "ftpkit-test"]));
    let port = free_port();
    let (d, r) = (dir.display(), root.display());
    let mut command = match kind {
        Kind::Vsftpd => {
            let conf = dir.join("vsftpd.conf");
            fs::write(
                &conf,
                format!(
                    "listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\n\
                     anonymous_enable=NO\nlocal_enable=YES\nwrite_enable=YES\n\
                     pam_service_name=ftpkit-test\nlocal_root={r}\nlocal_umask=022\n\
                     secure_chroot_dir={d}/empty\nxferlog_enable=NO\nseccomp_sandbox=NO\n\
                     use_localtime=NO\nmdtm_write=YES\n"
                ),
            )
            .unwrap();
            let mut command = Command::new(peers.join("vsftpd/usr/sbin/vsftpd"));
            command.arg(conf);
            command
        }
        Kind::Proftpd => {
            let passwords = dir.join("passwd");
            let hash = run(Command::new("openssl").args(["passwd", "-6", "secret"]));
            fs::write(
                &passwords,
                format!("ftpkit-test:{hash}:{uid}:{gid}::{r}:/bin/sh\n"),
            )
            .unwrap();
            run(Command::new("chmod").arg("600").arg(&passwords));
            let conf = dir.join("proftpd.conf");
            fs::write(
                &conf,
                format!(
                    "ServerName test\nServerType standalone\nDefaultServer on\n\
                     DefaultAddress 127.0.0.1\nPort {port}\nUseIPv6 off\n\
                     User ftpkit-test\nGroup ftpkit-test\n\
                     ModulePath {m}\nUseReverseDNS off\nAuthPAM off\n\
                     AuthUserFile {p}\nAuthOrder mod_auth_file.c\nRequireValidShell off\n\
                     WtmpLog off\nTransferLog none\nSystemLog {d}/log\nPidFile {d}/pid\n\
                     ScoreboardFile {d}/scoreboard\nDelayEngine off\nAllowOverwrite on\n\
                     AllowStoreRestart on\nAllowRetrieveRestart on\nUmask 022\n",
                    m = peers.join("proftpd-core/usr/lib/proftpd").display(),
                    p = passwords.display(),
                ),
            )
            .unwrap();
            let mut command = Command::new(peers.join("proftpd-core/usr/sbin/proftpd"));
            command.args(["-n", "-q", "-c"]).arg(conf);
            command
        }
        Kind::PureFtpd => {
            let mut made = Command::new(peers.join("pure-ftpd/usr/bin/pure-pw"))
                .args(["useradd", "ftpkit-test", "-u", "ftpkit-test", "-m", "-d"])
                .arg(&root)
                .arg("-f")
                .arg(dir.join("passwd"))
                .arg("-F")
                .arg(dir.join("pdb"))
                .stdin(Stdio::piped())
                .stdout(Stdio::null())
                .spawn()
                .unwrap();
            made.stdin
                .take()
                .unwrap()
                .write_all(b"secret\nsecret\n")
                .unwrap();
            assert!(made.wait().unwrap().success(), "pure-pw failed");
            let mut command = Command::new(peers.join("pure-ftpd/usr/sbin/pure-ftpd"));
            command.args([
                "-4", "-E", "-H", "-Y", "0", "-u", "1", "-U", "133:022", "-S",
            ]);
            command.arg(format!("127.0.0.1,{port}"));
            command
                .arg("-l")
                .arg(format!("puredb:{d}/pdb"))
                .arg("-g")
                .arg(dir.join("pid"));
            command
        }
        Kind::Pyftpdlib => {
            let mut command = Command::new("/usr/bin/python3");
            command
                .args(["-c", PYFTPDLIB, &port.to_string()])
                .arg(&root);
            command
        }
    };
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{kind:?}: {command:?}: {error}"));
    let running = Running {
        address: (Ipv4Addr::LOCALHOST, port).into(),
        user: "ftpkit-test",
        password: "secret",
        root,
        child,
        _home: home,
    };
    await_greeting(kind, running.address);
    running
}

fn await_greeting(kind: Kind, address: SocketAddr) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        if let Ok(stream) = TcpStream::connect(address) {
            stream
                .set_read_timeout(Some(Duration::from_secs(5)))
                .unwrap();
            let mut line = String::new();
            if BufReader::new(stream).read_line(&mut line).is_ok() && line.starts_with("220") {
                return;
            }
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("{kind:?} did not greet on {address}");
}

const PYFTPDLIB: &str = r#"
import logging, sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler
from pyftpdlib.servers import FTPServer
logging.basicConfig(level=logging.CRITICAL)
users = DummyAuthorizer()
users.add_user("ftpkit-test", "secret", sys.argv[2], perm="elradfmwMT")
FTPHandler.authorizer = users
FTPHandler.use_gmt_times = True
FTPServer(("127.0.0.1", int(sys.argv[1])), FTPHandler).serve_forever()
"#;
