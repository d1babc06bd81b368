//! What a comparison needs of a server, and of a client.

use std::{env, path::PathBuf, process::Command};

use super::{data::Site, process::Running, root, scenario::Load};

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
