//! The comparison of FTP servers: ftpkit and its peers, all called by the same clients
//! (`benches/load`), which cost less than any of them.
//!
//! All servers check passwords trivially, so that sessions are measured and not hashes; files and
//! uploads lie in memory, and all have the same certificate. Ratios are to the best peer of each
//! scenario.

mod configuration;
pub(super) mod growth;
mod load;
mod peers;
mod run;
mod scenarios;

use std::path::Path;

use super::{Options, build, data::Site, peer, report::Results, root};

use peers::{Kind, Peer, Programs};

/// Builds what ftpkit is compared with, and by.
pub(super) fn build() -> anyhow::Result<()> {
    build::load()?;
    libunftp().map(|_| ())
}

fn libunftp() -> anyhow::Result<std::path::PathBuf> {
    build::apart("libunftp-peer", &root().join("benches/libunftp"))
}

/// vsftpd, which clients are compared with.
#[derive(Debug)]
pub(super) struct Vsftpd(Programs);

impl Vsftpd {
    /// Who logs in, and the password.
    pub(super) const LOGIN: (&str, &str) = (Kind::Vsftpd.user(), configuration::PASSWORD);

    /// The one that the peers' suite has unpacked.
    pub(super) fn find() -> anyhow::Result<Self> {
        let programs = Programs {
            peers: peer::peers(),
            ..Programs::default()
        };
        programs.check(Kind::Vsftpd)?;
        Ok(Self(programs))
    }

    /// In clear, and under TLS.
    pub(super) fn both(&self) -> [Box<dyn peer::Server + '_>; 2] {
        [false, true].map(|is_tls| {
            let peer = Peer {
                kind: Kind::Vsftpd,
                is_tls,
                programs: &self.0,
            };
            Box::new(peer) as Box<dyn peer::Server>
        })
    }

    /// Who has signed its certificate.
    pub(super) fn authority(&self) -> std::path::PathBuf {
        self.0.tls("ca.pem")
    }
}

/// The names of all scenarios, in their order.
pub(super) fn names() -> Vec<&'static str> {
    let all = scenarios::all(false);
    all.iter().map(|scenario| scenario.name).collect()
}

/// Runs the comparison.
pub(super) fn compare(options: &Options, ftpkit: &Path) -> anyhow::Result<Results> {
    let programs = Programs {
        ftpkit: ftpkit.to_owned(),
        load: build::load()?,
        libunftp: libunftp()?,
        peers: peer::peers(),
    };
    for kind in Kind::ALL {
        programs.check(kind)?;
    }
    let site = Site::shared(&options.data)?;
    let mut results = Results::new("server", "the best peer", options)?;
    results.note(
        "tls",
        "TLS 1.3, AES-256-GCM, X25519 (vsftpd: P-256), ECDSA P-256",
    );
    for kind in Kind::ALL {
        let version = programs.version(kind)?;
        results.version(kind.name(), version);
    }
    run::all(&programs, &site, options, &mut results)?;
    Ok(results)
}
