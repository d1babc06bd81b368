//! ftpkit itself: `ftpkit serve`, and `ftpkit get` and `put`.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    data::Site,
    openssh::Keys,
    peer::{Client, Server, Started},
    process::{self, Running},
    scenario::{Direction, Load},
};

/// The program, in the roles of SFTP.
#[derive(Debug)]
pub(super) struct Ftpkit {
    pub(super) program: PathBuf,
    pub(super) keys: Keys,
}

impl Server for Ftpkit {
    fn name(&self) -> &'static str {
        "ftpkit"
    }

    fn version(&self) -> anyhow::Result<String> {
        process::output(&self.program, &["--version"])
    }

    fn start(&self, site: &Site) -> anyhow::Result<Started> {
        let port = process::free_port()?;
        let mut command = Command::new(&self.program);
        command
            .arg("serve")
            .arg(site.root())
            .args(["--listen", "127.0.0.1:0", "--sftp"])
            .arg(format!("127.0.0.1:{port}"))
            .arg("--host-key")
            .arg(&self.keys.host)
            .arg("--authorized-keys")
            .arg(&self.keys.authorized)
            .arg("--user")
            // Nobody logs in with the password.
            .arg(format!("{}:{}", self.keys.name, random_password()?))
            .args(["--max-sessions", "0", "--max-sessions-per-ip", "0"]);
        let log = site.private().join("ftpkit.log");
        let mut process = Running::start("ftpkit serve", &mut command, log)?;
        process.wait_for_port(port)?;
        Ok(Started {
            process,
            port,
            base: String::new(),
            is_tls: false,
        })
    }
}

fn random_password() -> anyhow::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

impl Client for Ftpkit {
    fn name(&self) -> &'static str {
        "ftpkit"
    }

    fn version(&self) -> anyhow::Result<String> {
        Server::version(self)
    }

    fn command(
        &self,
        server: &Started,
        load: &Load,
        stream: usize,
        site: &Site,
    ) -> anyhow::Result<Command> {
        let (set, names) = (load.set.directory(), load.set.names());
        let url = |path: &str| {
            format!(
                "sftp://{}@127.0.0.1:{}/%2F{}{path}",
                self.keys.name,
                server.port,
                server.base.trim_start_matches('/')
            )
        };
        let mut command = Command::new(&self.program);
        match load.direction {
            Direction::Get => {
                let urls = names.iter().map(|name| url(&format!("/{set}/{name}")));
                let here = site.downloads().join(stream.to_string());
                command.arg("get").args(urls).arg(here)
            }
            Direction::Put => {
                let files = names.iter().map(|name| site.root().join(&set).join(name));
                let there = url(&format!("/up/{stream}/"));
                command.arg("put").args(files).arg(there)
            }
        };
        command
            .arg("--identity")
            .arg(&self.keys.user)
            .arg("--known-hosts")
            .arg(self.keys.known_hosts(server.port)?);
        Ok(command)
    }
}

/// The version of the compiler that has built it.
pub(super) fn compiler() -> anyhow::Result<String> {
    process::output(Path::new("rustc"), &["--version"])
}
