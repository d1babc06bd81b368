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

/// A version of TLS, and no other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Version {
    Tls12,
    Tls13,
}

impl Version {
    pub(crate) const ALL: [Self; 2] = [Self::Tls12, Self::Tls13];

    /// As OpenSSL writes it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        }
    }
}

/// What a server demands of its clients. Those that can demand that a data connection resumes
/// the session of its control connection do so: vsftpd and ProFTPD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    Clear,
    /// AUTH TLS before the login, and PROT P.
    Explicit(Version),
    /// TLS from the first byte on, and PROT P.
    Implicit(Version),
}

impl Security {
    const fn version(self) -> Option<Version> {
        match self {
            Self::Clear => None,
            Self::Explicit(version) | Self::Implicit(version) => Some(version),
        }
    }

    pub(crate) const fn is_implicit(self) -> bool {
        matches!(self, Self::Implicit(_))
    }

    /// The URL scheme of curl, lftp and ftpkit.
    const fn scheme(self) -> &'static str {
        match self {
            Self::Clear => "ftp",
            Self::Explicit(_) => "ftpes",
            Self::Implicit(_) => "ftps",
        }
    }
}

/// A server that runs until it is dropped.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) user: &'static str,
    pub(crate) password: &'static str,
    /// The login directory of the user.
    pub(crate) root: PathBuf,
    /// The login directory as clients see it.
    pub(crate) home: String,
    pub(crate) security: Security,
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
        format!(
            "{}://{}:{}@{}/",
            self.security.scheme(),
            self.user,
            self.password,
            self.address
        )
    }
}

/// Where the unpacked servers are.
pub(crate) fn peers() -> PathBuf {
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

/// A file of the suite's authority: `ca.pem`, `server.pem`, `server.key`, `client.pem`, `client.key`.
pub(crate) fn tls_file(name: &str) -> PathBuf {
    peers().join("tls").join(name)
}

pub(crate) fn free_port() -> u16 {
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

/// What a server's configuration is made of.
struct Setup {
    peers: PathBuf,
    dir: PathBuf,
    root: PathBuf,
    port: u16,
    security: Security,
}

/// Starts a server of this kind with an empty directory; it is ready when this returns.
pub(crate) fn start(kind: Kind, security: Security) -> Running {
    // A port that was free may be that of somebody's connection when the server asks for it.
    (0..5)
        .find_map(|_| try_start(kind, security))
        .unwrap_or_else(|| panic!("{kind:?} with {security:?} ends before it greets"))
}

/// None if the server ends by itself.
fn try_start(kind: Kind, security: Security) -> Option<Running> {
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
    let setup = Setup {
        peers: peers(),
        port: free_port(),
        dir,
        root,
        security,
    };
    let mut command = match kind {
        Kind::Vsftpd => setup.vsftpd(),
        Kind::Proftpd => setup.proftpd(),
        Kind::PureFtpd => setup.pure_ftpd(),
        Kind::Pyftpdlib => setup.pyftpdlib(),
    };
    if let Some(version) = security.version() {
        command.env("OPENSSL_CONF", setup.openssl_conf(version));
    }
    let child = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{kind:?}: {command:?}: {error}"));
    let mut running = Running {
        address: (Ipv4Addr::LOCALHOST, setup.port).into(),
        user: "ftpkit-test",
        password: "secret",
        home: match kind {
            // These are not confined to it.
            Kind::Vsftpd | Kind::Proftpd | Kind::PureFtpd => setup.root.display().to_string(),
            Kind::Pyftpdlib => "/".to_owned(),
        },
        root: setup.root,
        security,
        child,
        _home: home,
    };
    await_greeting(kind, &mut running).then_some(running)
}

impl Setup {
    /// Not every server has a setting for the version; all of them are linked against OpenSSL.
    fn openssl_conf(&self, version: Version) -> PathBuf {
        let conf = self.dir.join("openssl.cnf");
        let version = version.name();
        fs::write(
            &conf,
            format!(
                "openssl_conf = init\n[init]\nssl_conf = ssl\n[ssl]\nsystem_default = tls\n\
                 [tls]\nMinProtocol = {version}\nMaxProtocol = {version}\n"
            ),
        )
        .unwrap();
        conf
    }

    fn tls(&self, name: &str) -> String {
        self.peers.join("tls").join(name).display().to_string()
    }

    fn vsftpd(&self) -> Command {
        let (d, r, port) = (self.dir.display(), self.root.display(), self.port);
        let mut text = format!(
            "listen=YES\nlisten_address=127.0.0.1\nlisten_port={port}\nbackground=NO\n\
             anonymous_enable=NO\nlocal_enable=YES\nwrite_enable=YES\n\
             pam_service_name=ftpkit-test\nlocal_root={r}\nlocal_umask=022\n\
             secure_chroot_dir={d}/empty\nxferlog_enable=NO\nseccomp_sandbox=NO\n\
             use_localtime=NO\nmdtm_write=YES\n"
        );
        if self.security != Security::Clear {
            let implicit = if self.security.is_implicit() {
                "YES"
            } else {
                "NO"
            };
            text += &format!(
                "ssl_enable=YES\nimplicit_ssl={implicit}\nforce_local_logins_ssl=YES\n\
                 force_local_data_ssl=YES\nrequire_ssl_reuse=YES\nstrict_ssl_read_eof=YES\n\
                 ssl_ciphers=HIGH\nrsa_cert_file={}\nrsa_private_key_file={}\n",
                self.tls("server.pem"),
                self.tls("server.key"),
            );
        }
        let conf = self.dir.join("vsftpd.conf");
        fs::write(&conf, text).unwrap();
        let mut command = Command::new(self.peers.join("vsftpd/usr/sbin/vsftpd"));
        command.arg(conf);
        command
    }

    fn proftpd(&self) -> Command {
        let (d, r, port) = (self.dir.display(), self.root.display(), self.port);
        let passwords = self.dir.join("passwd");
        let uid = run(Command::new("id").args(["-u", "ftpkit-test"]));
        let gid = run(Command::new("id").args(["-g", "ftpkit-test"]));
        let hash = run(Command::new("openssl").args(["passwd", "-6", "secret"]));
        fs::write(
            &passwords,
            format!("ftpkit-test:{hash}:{uid}:{gid}::{r}:/bin/sh\n"),
        )
        .unwrap();
        run(Command::new("chmod").arg("600").arg(&passwords));
        let mut text = format!(
            "ServerName test\nServerType standalone\nDefaultServer on\n\
             DefaultAddress 127.0.0.1\nPort {port}\nUseIPv6 off\n\
             User ftpkit-test\nGroup ftpkit-test\n\
             ModulePath {m}\nUseReverseDNS off\nAuthPAM off\n\
             AuthUserFile {p}\nAuthOrder mod_auth_file.c\nRequireValidShell off\n\
             WtmpLog off\nTransferLog none\nSystemLog {d}/log\nPidFile {d}/pid\n\
             ScoreboardFile {d}/scoreboard\nDelayEngine off\nAllowOverwrite on\n\
             AllowStoreRestart on\nAllowRetrieveRestart on\nUmask 022\n",
            m = self.peers.join("proftpd-core/usr/lib/proftpd").display(),
            p = passwords.display(),
        );
        if let Some(version) = self.security.version() {
            // Without the option NoSessionReuseRequired it demands resumption.
            text += &format!(
                "LoadModule mod_tls.c\nTLSEngine on\nTLSRequired on\nTLSProtocol {}\n\
                 TLSECCertificateFile {}\nTLSECCertificateKeyFile {}\nTLSLog {d}/tls.log\n",
                version.name(),
                self.tls("server.pem"),
                self.tls("server.key"),
            );
            if self.security.is_implicit() {
                text += "TLSOptions UseImplicitSSL\n";
            }
        }
        let conf = self.dir.join("proftpd.conf");
        fs::write(&conf, text).unwrap();
        let mut command = Command::new(self.peers.join("proftpd-core/usr/sbin/proftpd"));
        command.args(["-n", "-q", "-c"]).arg(conf);
        command
    }

    fn pure_ftpd(&self) -> Command {
        assert!(
            !self.security.is_implicit(),
            "Debian's build has no such port"
        );
        let mut made = Command::new(self.peers.join("pure-ftpd/usr/bin/pure-pw"))
            .args(["useradd", "ftpkit-test", "-u", "ftpkit-test", "-m", "-d"])
            .arg(&self.root)
            .arg("-f")
            .arg(self.dir.join("passwd"))
            .arg("-F")
            .arg(self.dir.join("pdb"))
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
        let mut command = Command::new(self.peers.join("pure-ftpd/usr/sbin/pure-ftpd"));
        command.args(["-4", "-E", "-H", "-u", "1", "-U", "133:022", "-S"]);
        command.arg(format!("127.0.0.1,{}", self.port));
        command
            .arg("-l")
            .arg(format!("puredb:{}/pdb", self.dir.display()))
            .arg("-g")
            .arg(self.dir.join("pid"));
        if self.security == Security::Clear {
            command.args(["-Y", "0"]);
        } else {
            // 3 would demand TLS on data connections, too; 2 leaves that to the client's PROT.
            command.args(["-Y", "3", "-2", &self.tls("both.pem")]);
        }
        command
    }

    fn pyftpdlib(&self) -> Command {
        let mut command = Command::new("/usr/bin/python3");
        command
            .args(["-c", PYFTPDLIB, &self.port.to_string()])
            .arg(&self.root);
        if self.security != Security::Clear {
            let mode = if self.security.is_implicit() {
                "implicit"
            } else {
                "explicit"
            };
            command.args([&self.tls("both.pem"), mode]);
        }
        command
    }
}

fn await_greeting(kind: Kind, server: &mut Running) -> bool {
    let deadline = Instant::now() + Duration::from_secs(20);
    while Instant::now() < deadline {
        if server.child.try_wait().unwrap().is_some() {
            return false;
        }
        if let Ok(stream) = TcpStream::connect(server.address) {
            // Its greeting comes after a handshake; that it listens must do.
            if server.security.is_implicit() {
                return true;
            }
            stream
                .set_read_timeout(Some(Duration::from_secs(5)))
                .unwrap();
            let mut line = String::new();
            if BufReader::new(stream).read_line(&mut line).is_ok() && line.starts_with("220") {
                return true;
            }
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("{kind:?} did not greet on {}", server.address);
}

const PYFTPDLIB: &str = r#"
import logging, sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler, TLS_FTPHandler
from pyftpdlib.servers import FTPServer
logging.basicConfig(level=logging.CRITICAL)
users = DummyAuthorizer()
users.add_user("ftpkit-test", "secret", sys.argv[2], perm="elradfmwMT")

class Implicit(TLS_FTPHandler):
    def handle(self):
        self.secure_connection(self.ssl_context)
    def handle_ssl_established(self):
        super().handle()

Handler = FTPHandler
if len(sys.argv) > 3:
    Handler = Implicit if sys.argv[4] == "implicit" else TLS_FTPHandler
    Handler.certfile = sys.argv[3]
    Handler.tls_control_required = Handler.tls_data_required = True
Handler.authorizer = users
Handler.use_gmt_times = True
FTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
"#;
