//! The binary `ftpkit`, as a shell runs it: on loopback, in temporary directories.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod files;
mod inspect;
mod inspect_listing;
mod inspect_session;
mod list;
mod peer;
mod probe;
#[cfg(unix)]
mod readme;
mod run;
mod serve_sftp;
mod server;
mod several;
mod sftp;
mod tls;
mod usage;
