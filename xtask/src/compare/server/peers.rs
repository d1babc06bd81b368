//! ftpkit and its peers as servers: which programs they are, how they are started, who logs in.

use std::{fs, path::PathBuf};

use anyhow::{Context as _, ensure};

use super::super::{
    build,
    data::Site,
    peer::{Server, Started},
    process::{self, Running},
};
use super::configuration::Configuration;

/// A server program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Vsftpd,
    Proftpd,
    PureFtpd,
    Pyftpdlib,
    Libunftp,
    Ftpkit,
}

impl Kind {
    pub(super) const ALL: [Self; 6] = [
        Self::Vsftpd,
        Self::Proftpd,
        Self::PureFtpd,
        Self::Pyftpdlib,
        Self::Libunftp,
        Self::Ftpkit,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Vsftpd => "vsftpd",
            Self::Proftpd => "ProFTPD",
            Self::PureFtpd => "Pure-FTPd",
            Self::Pyftpdlib => "pyftpdlib",
            Self::Libunftp => "libunftp",
            Self::Ftpkit => "ftpkit",
        }
    }

    /// Who logs in. ftpkit's users have passwords that are hashed with Argon2, which is meant to
    /// take long; anybody may enter without one.
    pub(super) const fn user(self) -> &'static str {
        match self {
            Self::Ftpkit => "anonymous",
            _ => "ftpkit-test",
        }
    }
}

/// Where the programs are.
#[derive(Clone, Debug, Default)]
pub(super) struct Programs {
    pub(super) ftpkit: PathBuf,
    pub(super) load: PathBuf,
    pub(super) libunftp: PathBuf,
    /// The directory into which `crates/ftpkit-test/peers/install` unpacks servers.
    pub(super) peers: PathBuf,
}

impl Programs {
    /// The program of a server; for pyftpdlib, its Python.
    pub(super) fn of(&self, kind: Kind) -> PathBuf {
        match kind {
            Kind::Vsftpd => self.peers.join("vsftpd/usr/sbin/vsftpd"),
            Kind::Proftpd => self.peers.join("proftpd-core/usr/sbin/proftpd"),
            Kind::PureFtpd => self.peers.join("pure-ftpd/usr/sbin/pure-ftpd"),
            Kind::Pyftpdlib => self.peers.join("python/bin/python"),
            Kind::Libunftp => self.libunftp.clone(),
            Kind::Ftpkit => self.ftpkit.clone(),
        }
    }

    /// Whether a server's is there.
    pub(super) fn check(&self, kind: Kind) -> anyhow::Result<()> {
        let program = self.of(kind);
        ensure!(
            program.exists(),
            "{} is not {}: run crates/ftpkit-test/peers/install {} as root",
            kind.name(),
            program.display(),
            self.peers.display()
        );
        Ok(())
    }

    /// What a server is called with its version.
    pub(super) fn version(&self, kind: Kind) -> anyhow::Result<String> {
        let program = self.of(kind);
        match kind {
            Kind::Ftpkit => process::output(&program, &["--version"]),
            Kind::Proftpd => process::output(&program, &["--version"]),
            Kind::Pyftpdlib => {
                let print = "import pyftpdlib; print(pyftpdlib.__ver__)";
                process::output(&program, &["-c", print])
            }
            Kind::Libunftp => build::locked("libunftp", &super::root().join("benches/libunftp")),
            // They do not tell; the package does.
            Kind::Vsftpd => self.package("vsftpd"),
            Kind::PureFtpd => self.package("pure-ftpd"),
        }
    }

    fn package(&self, name: &str) -> anyhow::Result<String> {
        let entries = fs::read_dir(self.peers.join("debs"))?;
        let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut versions = names.filter_map(|file| {
            let rest = file.strip_prefix(name)?.strip_prefix('_')?;
            Some(rest.rsplit_once('_')?.0.to_owned())
        });
        let version = versions.next();
        version.with_context(|| format!("the package of {name} is not among the peers"))
    }

    /// The certificate and its key of the peers' suite; `both.pem` has one behind the other.
    pub(super) fn tls(&self, name: &str) -> PathBuf {
        self.peers.join("tls").join(name)
    }
}

/// A server that can be started, in clear or with TLS for those who ask for it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer<'a> {
    pub(super) kind: Kind,
    pub(super) is_tls: bool,
    pub(super) programs: &'a Programs,
}

impl Server for Peer<'_> {
    fn name(&self) -> &'static str {
        self.kind.name()
    }

    fn version(&self) -> anyhow::Result<String> {
        self.programs.version(self.kind)
    }

    fn start(&self, site: &Site) -> anyhow::Result<Started> {
        let port = process::free_port()?;
        let security = if self.is_tls { "tls" } else { "clear" };
        let directory = site.private().join(format!("{}-{security}", self.name()));
        fs::create_dir_all(directory.join("empty"))?;
        let configuration = Configuration {
            programs: self.programs,
            directory: &directory,
            root: &site.root(),
            port,
            is_tls: self.is_tls,
        };
        let mut command = configuration.command(self.kind)?;
        let log = directory.join("log");
        let mut process = Running::start(self.name(), &mut command, log)?;
        process.wait_for_port(port)?;
        // Relative paths are the same to all.
        let base = ".".to_owned();
        Ok(Started {
            process,
            port,
            base,
            is_tls: self.is_tls,
        })
    }
}
