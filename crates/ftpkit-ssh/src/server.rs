//! A server of SFTP over SSH.
//!
//! It serves the storages and accounts that the FTP server serves, and shares limits and shutdown
//! with it where both are given one door. Nothing but SFTP is served: no shell, no commands, no
//! forwarding.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::{sync::Arc, time::Duration};
//! use ftpkit_accounts::Users;
//! use ftpkit_ssh::server::{HostKey, SftpServer};
//! use ftpkit_storage::Memory;
//!
//! let users = Users::builder().user("alice", "secret", Arc::new(Memory::new())).build()?;
//! let server = SftpServer::builder()
//!     .listen("127.0.0.1:0")
//!     // Of a server that is meant to last: `HostKey::load_or_create`.
//!     .host_key(HostKey::generate_ed25519()?)
//!     .authenticator(users)
//!     .bind()
//!     .await?;
//! println!("{} {}", server.local_addrs()[0], server.fingerprints()[0]);
//! let handle = server.handle();
//! let serving = tokio::spawn(server.serve());
//! // ... and when it is time to go:
//! handle.shutdown(Duration::from_secs(30)).await;
//! serving.await?;
//! # Ok(()) }
//! ```
//!
//! - **An upload becomes visible when its file is closed**, as a whole. A session that is lost
//!   before leaves what was there, as far as the storage's own policy goes.
//! - **Writes may come in any order.** For a storage that takes them in theirs alone, they are put
//!   in order, as far as 64 blocks and 16 MiB reach; what it has taken it does not change.
//! - **What a user may do is the storage's to say**, with its layers, and what is offered follows
//!   from its capabilities.

mod activity;
mod attributes;
mod buffers;
mod builder;
mod channel;
mod front;
mod handler;
mod host_key;
mod key_login;
mod line;
mod open;
mod order;
mod paths;
mod session;
mod storage_map;
mod tell;
mod work;

use std::{fmt, future::Future, net::SocketAddr, time::Duration};

use ftpkit_host::{Host, ServerHandle};

use self::front::SftpFront;
pub use self::{
    builder::{BuildError, SftpServerBuilder},
    host_key::{HostKey, HostKeyError, HostKeyKind},
};

/// An SFTP server whose addresses are bound. The [module](self) has an example.
pub struct SftpServer {
    host: Host<SftpFront>,
    addrs: Vec<SocketAddr>,
    fingerprints: Vec<String>,
    grace: Duration,
}

impl SftpServer {
    /// Begins to build a server.
    pub fn builder() -> SftpServerBuilder {
        SftpServerBuilder::new()
    }

    fn new(host: Host<SftpFront>, fingerprints: Vec<String>, grace: Duration) -> Self {
        Self {
            addrs: host.local_addrs(()),
            host,
            fingerprints,
            grace,
        }
    }

    /// The addresses of [`listen`](SftpServerBuilder::listen), with the ports that the system
    /// chose, in the order in which they were given.
    #[must_use]
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// The fingerprints of the host keys, as `ssh` shows them, in the order in which the keys
    /// were given: for people to compare when they connect for the first time.
    #[must_use]
    pub fn fingerprints(&self) -> &[String] {
        &self.fingerprints
    }

    /// What stops the server; works before, while and after it serves.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.host.handle()
    }

    /// Serves until the server is shut down by its [`handle`](Self::handle).
    ///
    /// Dropping the future closes the addresses and cuts all sessions off.
    pub async fn serve(self) {
        self.host.serve().await;
    }

    /// Serves until `signal` is ready, then lets what is open be finished within the builder's
    /// [`grace`](SftpServerBuilder::grace).
    pub async fn serve_until(self, signal: impl Future<Output = ()>) {
        self.host.serve_until(signal, self.grace).await;
    }
}

impl fmt::Debug for SftpServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SftpServer")
            .field("host", &self.host)
            .field("fingerprints", &self.fingerprints)
            .finish_non_exhaustive()
    }
}
