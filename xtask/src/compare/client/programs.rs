//! The clients, each told to use one connection, and under TLS the same version, cipher and
//! authority.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;

use super::super::{
    build,
    data::Site,
    peer::{Client, Started, peers},
    process, root,
    scenario::{Direction, Load},
    server::Vsftpd,
};

const HOST: &str = "127.0.0.1";

/// The files of a load on this side, in the order of their names.
fn local(load: &Load, stream: usize, site: &Site) -> Vec<PathBuf> {
    let directory = match load.direction {
        Direction::Get => site.downloads().join(stream.to_string()),
        Direction::Put => site.root().join(load.set.directory()),
    };
    let names = load.set.names();
    names.iter().map(|name| directory.join(name)).collect()
}

/// The directory of a load on the server, below that of the login.
fn remote(load: &Load, stream: usize) -> String {
    match load.direction {
        Direction::Get => load.set.directory(),
        Direction::Put => format!("up/{stream}"),
    }
}

/// The first line of what a program of the system says of its version.
fn version(program: &str) -> anyhow::Result<String> {
    let text = process::output(Path::new(program), &["--version"]).with_context(|| {
        format!(
            "{program} must be installed; crates/ftpkit-test/peers/install {} does that, as root",
            peers().display()
        )
    })?;
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// `ftpkit get` and `put`.
#[derive(Debug)]
pub(super) struct Ftpkit<'a> {
    pub(super) program: &'a Path,
    pub(super) authority: &'a Path,
}

impl Client for Ftpkit<'_> {
    fn name(&self) -> &'static str {
        "ftpkit"
    }

    fn version(&self) -> anyhow::Result<String> {
        process::output(self.program, &["--version"])
    }

    fn command(
        &self,
        server: &Started,
        load: &Load,
        stream: usize,
        site: &Site,
    ) -> anyhow::Result<Command> {
        let (user, password) = Vsftpd::LOGIN;
        let scheme = if server.is_tls { "ftpes" } else { "ftp" };
        let (port, directory) = (server.port, remote(load, stream));
        let url =
            |name: &str| format!("{scheme}://{user}:{password}@{HOST}:{port}/{directory}/{name}");
        let mut command = Command::new(self.program);
        match load.direction {
            Direction::Get => {
                let urls = load.set.names().into_iter().map(|name| url(&name));
                let here = site.downloads().join(stream.to_string());
                command.arg("get").args(urls).arg(here)
            }
            Direction::Put => {
                let files = local(load, stream, site);
                command.arg("put").args(files).arg(url(""))
            }
        };
        if server.is_tls {
            // Its first cipher is the one of the comparison.
            command
                .args(["--tls-version", "1.3", "--cacert"])
                .arg(self.authority);
        }
        Ok(command)
    }
}

/// `curl`, with a file of URLs.
#[derive(Debug)]
pub(super) struct Curl<'a> {
    pub(super) authority: &'a Path,
}

impl Client for Curl<'_> {
    fn name(&self) -> &'static str {
        "curl"
    }

    fn version(&self) -> anyhow::Result<String> {
        version("curl")
    }

    fn command(
        &self,
        server: &Started,
        load: &Load,
        stream: usize,
        site: &Site,
    ) -> anyhow::Result<Command> {
        let (user, password) = Vsftpd::LOGIN;
        let mut text = format!("silent\nshow-error\nfail-early\nuser = \"{user}:{password}\"\n");
        if server.is_tls {
            text += &format!(
                "ssl-reqd\ntlsv1.3\ntls13-ciphers = TLS_AES_256_GCM_SHA384\ncacert = \"{}\"\n",
                self.authority.display()
            );
        }
        let option = match load.direction {
            Direction::Get => "output",
            Direction::Put => "upload-file",
        };
        let (port, directory) = (server.port, remote(load, stream));
        for (name, file) in load.set.names().iter().zip(local(load, stream, site)) {
            text += &format!(
                "url = \"ftp://{HOST}:{port}/{directory}/{name}\"\n{option} = \"{}\"\n",
                file.display()
            );
        }
        let file = site.private().join(format!("curl-{stream}"));
        fs::write(&file, text)?;
        let mut command = Command::new("curl");
        // First, or its own configuration is read.
        command.arg("--disable").arg("--config").arg(file);
        Ok(command)
    }
}

/// `lftp`, with a script.
#[derive(Debug)]
pub(super) struct Lftp<'a> {
    pub(super) authority: &'a Path,
}

impl Client for Lftp<'_> {
    fn name(&self) -> &'static str {
        "lftp"
    }

    fn version(&self) -> anyhow::Result<String> {
        version("lftp")
    }

    fn command(
        &self,
        server: &Started,
        load: &Load,
        stream: usize,
        site: &Site,
    ) -> anyhow::Result<Command> {
        let (user, password) = Vsftpd::LOGIN;
        let mut text = "set cmd:fail-exit yes\nset net:max-retries 1\n".to_owned();
        if server.is_tls {
            text += &format!(
                "set ftp:ssl-force yes\nset ftp:ssl-protect-data yes\nset ssl:ca-file {}\n\
                 set ssl:priority \
                 NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-256-GCM\n",
                self.authority.display()
            );
        } else {
            text += "set ftp:ssl-allow no\n";
        }
        text += &format!("open -u {user},{password} -p {} {HOST}\n", server.port);
        let directory = remote(load, stream);
        match load.direction {
            Direction::Get => {
                let here = site.downloads().join(stream.to_string());
                text += &format!("get -O {}", here.display());
                for name in load.set.names() {
                    text += &format!(" {directory}/{name}");
                }
            }
            Direction::Put => {
                text += &format!("put -O {directory}");
                for file in local(load, stream, site) {
                    text += &format!(" {}", file.display());
                }
            }
        }
        text.push('\n');
        let file = site.private().join(format!("lftp-{stream}"));
        fs::write(&file, text)?;
        let mut command = Command::new("lftp");
        // What it keeps of its own is not to be found by the next, nor at home.
        let home = site.private().join("lftp-home");
        fs::create_dir_all(&home)?;
        command
            .env("LFTP_HOME", home)
            .args(["--norc", "-f"])
            .arg(file);
        Ok(command)
    }
}

/// suppaftp's client that blocks, as the program `benches/suppaftp`.
#[derive(Debug)]
pub(super) struct Suppaftp<'a> {
    pub(super) program: &'a Path,
    pub(super) authority: &'a Path,
}

impl Client for Suppaftp<'_> {
    fn name(&self) -> &'static str {
        "suppaftp"
    }

    fn version(&self) -> anyhow::Result<String> {
        build::locked("suppaftp", &root().join("benches/suppaftp"))
    }

    fn command(
        &self,
        server: &Started,
        load: &Load,
        stream: usize,
        site: &Site,
    ) -> anyhow::Result<Command> {
        let (user, password) = Vsftpd::LOGIN;
        let (way, here) = match load.direction {
            Direction::Get => ("get", site.downloads().join(stream.to_string())),
            Direction::Put => ("put", site.root().join(load.set.directory())),
        };
        let authority = if server.is_tls {
            self.authority
        } else {
            Path::new("-")
        };
        let mut command = Command::new(self.program);
        command
            .args([way, &server.port.to_string(), user, password])
            .arg(authority)
            .arg(remote(load, stream))
            .arg(here)
            .args(load.set.names());
        Ok(command)
    }
}
