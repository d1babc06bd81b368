//! The binary `ftpkit`, as a shell runs it: on loopback, in temporary directories.

#![allow(clippy::unwrap_used, reason = "a test that fails panics")]

mod files;
mod list;
mod peer;
mod run;
mod server;
mod usage;
