//! The SFTP server over real sockets, against SSH's library as a client.
#![allow(clippy::unwrap_used, reason = "tests")]

mod client;
mod edges;
mod ends;
#[cfg(unix)]
mod extensions;
mod hostile;
mod keys;
mod logins;
mod partial;
mod refusals;
mod rekeying;
#[cfg(unix)]
mod requests;
mod site;
mod stalls;
mod transfers;
