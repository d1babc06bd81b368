//! OpenSSH's server and client, with keys and a configuration of the comparison's own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};

use super::{
    data::Site,
    peer::{Client, Server, Started, peers},
    process::{self, Running},
    scenario::{Direction, Load},
};

/// The cipher of all connections.
pub(super) const CIPHER: &str = "aes256-gcm@openssh.com";

/// The keys of a comparison, which both servers and all clients share.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    pub(super) host: PathBuf,
    pub(super) user: PathBuf,
    pub(super) authorized: PathBuf,
    /// Who runs the comparison: the only one whom a server without privileges can log in.
    pub(super) name: String,
}

impl Keys {
    /// Makes them.
    pub(super) fn make(site: &Site) -> anyhow::Result<Self> {
        let directory = site.private();
        let make = |name: &str| -> anyhow::Result<PathBuf> {
            let path = directory.join(name);
            let file = path.to_str().context("a path that is no text")?;
            let arguments = ["-q", "-t", "ed25519", "-N", "", "-C", "compare", "-f", file];
            process::output(Path::new("ssh-keygen"), &arguments)
                .context("OpenSSH's client must be installed")?;
            Ok(path)
        };
        let (host, user) = (make("host")?, make("user")?);
        let authorized = directory.join("authorized_keys");
        fs::copy(user.with_extension("pub"), &authorized)?;
        let name = process::output(Path::new("id"), &["-un"])?;
        Ok(Self {
            host,
            user,
            authorized,
            name,
        })
    }

    /// A file that says which host has the host key.
    pub(super) fn known_hosts(&self, port: u16) -> anyhow::Result<PathBuf> {
        let key = fs::read_to_string(self.host.with_extension("pub"))?;
        let file = self.host.with_file_name(format!("known_hosts-{port}"));
        fs::write(&file, format!("[127.0.0.1]:{port} {key}"))?;
        Ok(file)
    }
}

/// `sshd` with `internal-sftp`.
#[derive(Debug)]
pub(super) struct Sshd {
    program: PathBuf,
    keys: Keys,
}

impl Sshd {
    /// The one that the peers' suite has unpacked, or the system's.
    pub(super) fn find(keys: Keys) -> anyhow::Result<Self> {
        let peers = peers();
        let places = [
            peers.join("openssh-server/usr/sbin/sshd"),
            PathBuf::from("/usr/sbin/sshd"),
        ];
        let Some(program) = places.iter().find(|place| place.exists()) else {
            bail!(
                "OpenSSH's sshd is neither {} nor {}: install Debian's openssh-server, or run \
                 crates/ftpkit-test/peers/install target/peers",
                places[0].display(),
                places[1].display()
            );
        };
        // It runs itself again for each connection, and insists on an absolute path for that.
        let program = fs::canonicalize(program)?;
        Ok(Self { program, keys })
    }
}

impl Server for Sshd {
    fn name(&self) -> &'static str {
        "sshd"
    }

    fn version(&self) -> anyhow::Result<String> {
        // Before OpenSSH 9.3 there is no option for it; the answer to a wrong one has it too.
        let output = Command::new(&self.program).arg("-V").output()?;
        let text = [output.stdout, output.stderr].concat();
        let text = String::from_utf8_lossy(&text);
        let line = text.lines().find(|line| line.starts_with("OpenSSH"));
        Ok(line.context("sshd -V names no version")?.to_owned())
    }

    fn start(&self, site: &Site) -> anyhow::Result<Started> {
        let port = process::free_port()?;
        let file = site.private().join("sshd_config");
        let configuration = format!(
            "Port {port}\n\
             ListenAddress 127.0.0.1\n\
             HostKey {}\n\
             AuthorizedKeysFile {}\n\
             Ciphers {CIPHER}\n\
             Subsystem sftp internal-sftp\n\
             PidFile none\n\
             StrictModes no\n\
             UsePAM no\n\
             UseDNS no\n\
             PasswordAuthentication no\n\
             KbdInteractiveAuthentication no\n\
             PermitRootLogin prohibit-password\n\
             MaxStartups 100\n\
             LogLevel ERROR\n",
            self.keys.host.display(),
            self.keys.authorized.display(),
        );
        fs::write(&file, configuration)?;
        let mut command = Command::new(&self.program);
        command.args(["-D", "-e", "-f"]).arg(&file);
        let log = site.private().join("sshd.log");
        let mut process = Running::start("sshd", &mut command, log)?;
        process.wait_for_port(port)?;
        let base = site.root();
        let base = base.to_str().context("a path that is no text")?.to_owned();
        Ok(Started {
            process,
            port,
            base,
            is_tls: false,
        })
    }
}

/// `sftp`.
#[derive(Debug)]
pub(super) struct Sftp {
    pub(super) keys: Keys,
}

impl Client for Sftp {
    fn name(&self) -> &'static str {
        "sftp"
    }

    fn version(&self) -> anyhow::Result<String> {
        process::output(Path::new("ssh"), &["-V"])
    }

    fn command(
        &self,
        server: &Started,
        load: &Load,
        stream: usize,
        site: &Site,
    ) -> anyhow::Result<Command> {
        let (base, set) = (&server.base, load.set.directory());
        let names = if load.set.names().len() == 1 {
            "file"
        } else {
            "*"
        };
        let batch = match load.direction {
            Direction::Get => {
                let local = site.downloads().join(stream.to_string());
                format!("get {base}/{set}/{names} {}/\n", local.display())
            }
            Direction::Put => {
                let local = site.root().join(set).join(names);
                format!("put {} {base}/up/{stream}/\n", local.display())
            }
        };
        let file = site.private().join(format!("batch-{stream}"));
        fs::write(&file, batch)?;

        let known_hosts = self.keys.known_hosts(server.port)?;
        let mut command = Command::new("sftp");
        command
            .args(["-q", "-F", "none", "-c", CIPHER, "-P"])
            .arg(server.port.to_string())
            .arg("-i")
            .arg(&self.keys.user)
            .args([
                "-o",
                "IdentitiesOnly=yes",
                "-o",
                "StrictHostKeyChecking=yes",
            ])
            .arg("-o")
            .arg(format!("UserKnownHostsFile={}", known_hosts.display()))
            .arg("-b")
            .arg(&file)
            .arg(format!("{}@127.0.0.1", self.keys.name));
        Ok(command)
    }
}
