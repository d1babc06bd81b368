//! SFTP over SSH for tokio, in both roles: `server` serves any storage, `client` reaches servers.
//!
//! SSH itself is russh's. What SFTP says is `ftpkit-sftp`'s, whose machines are driven here: this
//! crate carries bytes between them and SSH's channels, and asks storages, accounts and keys.

#[cfg(any(feature = "client", feature = "server"))]
mod algorithms;
#[cfg(feature = "client")]
pub mod client;
pub mod manual;
#[cfg(feature = "server")]
pub mod server;
