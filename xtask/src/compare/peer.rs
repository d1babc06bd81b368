//! What a comparison needs of a server, and of a client.

use std::{env, path::PathBuf, process::Command};

use anyhow::Context as _;

use super::{data::Site, process::Running, root, scenario::Load, usage::Meter};

/// Where the peers' suite has unpacked them.
pub(super) fn peers() -> PathBuf {
    env::var_os("FTPKIT_PEERS").map_or_else(|| root().join("target/peers"), PathBuf::from)
}

/// A server that can be started.
pub(super) trait Server {
    fn name(&self) -> &'static str;

    /// What it says of its version.
    fn version(&self) -> anyhow::Result<String>;

    /// Starts it with the root of a site; it listens when this comes back.
    fn start(&self, site: &Site) -> anyhow::Result<Started>;
}

/// A server that runs.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) process: Running,
    pub(super) port: u16,
    /// What a client must call the root of the site, without a slash at its end.
    pub(super) base: String,
    /// Whether clients must ask for TLS.
    pub(super) is_tls: bool,
}

/// What became of starting a server, with what counts its work from now on: a process of a session
/// that ends before its own children leaves them to nobody, and its tree would not count them.
pub(super) fn metered(
    name: &str,
    started: anyhow::Result<Started>,
) -> anyhow::Result<(Started, Meter)> {
    let started = started.with_context(|| format!("the peer {name} does not start"))?;
    let meter = Meter::new(started.process.id())?;
    Ok((started, meter))
}

/// A client that is a program.
pub(super) trait Client {
    fn name(&self) -> &'static str;

    /// What it says of its version.
    fn version(&self) -> anyhow::Result<String>;

    /// The command for one of the streams of a load. What is got goes to the directory of the
    /// stream's number below the downloads, what is put below the uploads.
    fn command(
        &self,
        server: &Started,
        load: &Load,
        stream: usize,
        site: &Site,
    ) -> anyhow::Result<Command>;
}
