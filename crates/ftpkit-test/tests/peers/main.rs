//! Real clients against ftpkit's server, and ftpkit's client against real servers.
//!
//! Run by `cargo test -p ftpkit-test --features peers` once `peers/install DIR` has been run
//! as root; `FTPKIT_PEERS` names DIR (`target/peers` by default). A peer that is missing is a
//! failure, never a skip.
#![allow(
    clippy::unwrap_used,
    reason = "a failed step of a test is a failed test"
)]

mod client;
mod curl;
mod filezilla;
mod ftplib;
mod lftp;
mod ncftp;
mod servers;
mod sftp;
mod site;
mod tls;
mod tree;
mod under_test;
