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

use peers::{Kind, Programs};

/// Builds what ftpkit is compared with, and by.
pub(super) fn build() -> anyhow::Result<()> {
    build::load()?;
    libunftp().map(|_| ())
}

fn libunftp() -> anyhow::Result<std::path::PathBuf> {
    build::apart("libunftp-peer", &root().join("benches/libunftp"))
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
    programs.check()?;
    let site = Site::new(&options.data)?;
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
