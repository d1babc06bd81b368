//! The configurations of the servers, which are made for each start: everything on, nothing
//! logged, no limits on sessions, the same ports for data, and passwords that cost nothing to
//! check.

use std::{fs, path::Path, process::Command};

use super::super::process;
use super::peers::{Kind, Programs};

/// The password of all who log in.
pub(super) const PASSWORD: &str = "compare";

/// The same as crypt(3) hashes it with DES: what is cheapest of what servers with files of their
/// own take.
const HASH: &str = "ftJLBBLKGLyJw";

/// The user of the peers' suite, as whom servers work that know users of the system.
const USER: &str = "ftpkit-test";

/// What a server's configuration is made of.
pub(super) struct Configuration<'a> {
    pub(super) programs: &'a Programs,
    pub(super) directory: &'a Path,
    pub(super) root: &'a Path,
    pub(super) port: u16,
    pub(super) is_tls: bool,
}

impl Configuration<'_> {
    /// The command that starts a server and stays with it.
    pub(super) fn command(&self, kind: Kind) -> anyhow::Result<Command> {
        let mut command = Command::new(self.programs.of(kind));
        match kind {
            Kind::Vsftpd => self.vsftpd(&mut command)?,
            Kind::Proftpd => self.proftpd(&mut command)?,
            Kind::PureFtpd => self.pure_ftpd(&mut command)?,
            Kind::Pyftpdlib => self.pyftpdlib(&mut command),
            Kind::Libunftp => self.libunftp(&mut command),
            Kind::Ftpkit => self.ftpkit(&mut command),
        }
        Ok(command)
    }

    fn tls(&self, name: &str) -> String {
        self.programs.tls(name).display().to_string()
    }

    fn vsftpd(&self, command: &mut Command) -> anyhow::Result<()> {
        let (directory, root) = (self.directory.display(), self.root.display());
        let mut text = format!(
            "listen=YES\nlisten_address=127.0.0.1\nlisten_port={}\nbackground=NO\n\
             anonymous_enable=NO\nlocal_enable=YES\nwrite_enable=YES\n\
             pam_service_name=ftpkit-test\nlocal_root={root}\nlocal_umask=022\n\
             secure_chroot_dir={directory}/empty\nxferlog_enable=NO\nseccomp_sandbox=NO\n\
             use_localtime=NO\nsession_support=NO\nmax_clients=0\nmax_per_ip=0\n\
             idle_session_timeout=3600\npasv_min_port=20000\npasv_max_port=29999\n",
            self.port
        );
        if self.is_tls {
            text += &format!(
                "ssl_enable=YES\nforce_local_logins_ssl=YES\nforce_local_data_ssl=YES\n\
                 require_ssl_reuse=NO\nssl_ciphers=HIGH\nrsa_cert_file={}\n\
                 rsa_private_key_file={}\n",
                self.tls("server.pem"),
                self.tls("server.key"),
            );
        }
        let file = self.directory.join("vsftpd.conf");
        fs::write(&file, text)?;
        command.arg(file);
        Ok(())
    }

    fn proftpd(&self, command: &mut Command) -> anyhow::Result<()> {
        let (directory, root) = (self.directory.display(), self.root.display());
        let passwords = self.directory.join("passwd");
        let (user, group) = (id("-u")?, id("-g")?);
        fs::write(
            &passwords,
            format!("{USER}:{HASH}:{user}:{group}::{root}:/bin/sh\n"),
        )?;
        private(&passwords)?;
        let modules = self.programs.peers.join("proftpd-core/usr/lib/proftpd");
        let mut text = format!(
            "ServerName compare\nServerType standalone\nDefaultServer on\n\
             DefaultAddress 127.0.0.1\nPort {}\nUseIPv6 off\nUser {USER}\nGroup {USER}\n\
             ModulePath {}\nUseReverseDNS off\nAuthPAM off\nAuthUserFile {}\n\
             AuthOrder mod_auth_file.c\nRequireValidShell off\nWtmpLog off\n\
             TransferLog none\nSystemLog none\nPidFile {directory}/pid\n\
             ScoreboardFile {directory}/scoreboard\nDelayEngine off\nServerIdent off\n\
             AllowOverwrite on\nUmask 022\nMaxInstances none\nTimeoutIdle 3600\n\
             TimeoutNoTransfer 3600\nPassivePorts 20000 29999\n",
            self.port,
            modules.display(),
            passwords.display(),
        );
        if self.is_tls {
            text += &format!(
                "LoadModule mod_tls.c\nTLSEngine on\nTLSRequired on\n\
                 TLSProtocol TLSv1.2 TLSv1.3\nTLSECCertificateFile {}\n\
                 TLSECCertificateKeyFile {}\nTLSOptions NoSessionReuseRequired\nTLSLog none\n",
                self.tls("server.pem"),
                self.tls("server.key"),
            );
        }
        let file = self.directory.join("proftpd.conf");
        fs::write(&file, text)?;
        command.args(["-n", "-q", "-c"]).arg(file);
        Ok(())
    }

    fn pure_ftpd(&self, command: &mut Command) -> anyhow::Result<()> {
        let (passwords, database) = (self.directory.join("passwd"), self.directory.join("pdb"));
        let (user, group) = (id("-u")?, id("-g")?);
        let root = self.root.display();
        let nothing = ":".repeat(12);
        fs::write(
            &passwords,
            format!("{USER}:{HASH}:{user}:{group}::{root}/./{nothing}\n"),
        )?;
        private(&passwords)?;
        let made = Command::new(self.programs.peers.join("pure-ftpd/usr/bin/pure-pw"))
            .arg("mkdb")
            .arg(&database)
            .arg("-f")
            .arg(&passwords)
            .output()?;
        anyhow::ensure!(
            made.status.success(),
            "pure-pw fails: {}",
            String::from_utf8_lossy(&made.stderr)
        );
        command
            .args(["-4", "-E", "-H", "-u", "1", "-U", "133:022"])
            .args(["-p", "20000:29999", "-c", "6000", "-C", "6000", "-I", "60"])
            .args(["-L", "1000000:8", "-S"])
            .arg(format!("127.0.0.1,{}", self.port))
            .arg("-l")
            .arg(format!("puredb:{}", database.display()))
            .arg("-g")
            .arg(self.directory.join("pid"));
        if self.is_tls {
            command.args(["-Y", "3", "-2", &self.tls("both.pem")]);
        } else {
            command.args(["-Y", "0"]);
        }
        Ok(())
    }

    fn pyftpdlib(&self, command: &mut Command) {
        command
            .args(["-c", PYFTPDLIB, USER, PASSWORD, &self.port.to_string()])
            .arg(self.root);
        if self.is_tls {
            command.arg(self.tls("both.pem"));
        }
    }

    fn libunftp(&self, command: &mut Command) {
        command.arg(self.port.to_string()).arg(self.root);
        if self.is_tls {
            command.args([self.tls("server.pem"), self.tls("server.key")]);
        }
    }

    fn ftpkit(&self, command: &mut Command) {
        command
            .arg("serve")
            .arg(self.root)
            .arg("--listen")
            .arg(format!("127.0.0.1:{}", self.port))
            .args(["--anonymous", "rw", "--passive-ports", "20000-29999"])
            .args(["--max-sessions", "0", "--max-sessions-per-ip", "0"])
            .args(["--idle-timeout", "3600"]);
        if self.is_tls {
            let (certificate, key) = (self.tls("server.pem"), self.tls("server.key"));
            command
                .args(["--tls-cert", &certificate, "--tls-key", &key])
                .arg("--tls-required");
        }
    }
}

/// A number of the peers' user.
fn id(which: &str) -> anyhow::Result<String> {
    process::output(Path::new("id"), &[which, USER])
}

/// Some servers refuse passwords that others may read.
fn private(file: &Path) -> anyhow::Result<()> {
    process::output(Path::new("chmod"), &["600", &file.to_string_lossy()]).map(|_| ())
}

/// As its manual has it, without limits.
const PYFTPDLIB: &str = r#"
import logging, sys
from pyftpdlib.authorizers import DummyAuthorizer
from pyftpdlib.handlers import FTPHandler as Handler
from pyftpdlib.servers import FTPServer
user, password, port, root, *tls = sys.argv[1:]
logging.basicConfig(level=logging.CRITICAL)
users = DummyAuthorizer()
users.add_user(user, password, root, perm="elradfmwMT")
if tls:
    from pyftpdlib.handlers import TLS_FTPHandler as Handler
    Handler.certfile = tls[0]
    Handler.tls_control_required = Handler.tls_data_required = True
Handler.authorizer = users
Handler.passive_ports = range(20000, 30000)
Handler.timeout = 3600
server = FTPServer(("127.0.0.1", int(port)), Handler, backlog=1024)
server.max_cons = server.max_cons_per_ip = 0
server.serve_forever()
"#;
