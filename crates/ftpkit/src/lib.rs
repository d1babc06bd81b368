//! FTP, FTPS and SFTP for Rust: one name for the crates of ftpkit.
//!
//! This crate holds no code of its own. It re-exports the family by feature, so that a
//! program names one dependency:
//!
//! | module | crate | feature |
//! | --- | --- | --- |
//! | [`proto`] | the protocol core, without I/O | always |
//! | [`storage`] | the storage traits, the memory backend, layers | always |
//! | [`client`] | the client | `client` (default) |
//! | [`server`], [`accounts`] | the server, and who may enter it | `server` (default) |
//! | [`fs`] | a local directory as a storage | `fs` (default) |
//! | `ssh`, `sftp` | SFTP over SSH, and its packets and machines without I/O | `sftp` |
//!
//! `tls` (default) is FTPS for the client and the server, with aws-lc-rs as the cryptography;
//! `tls-ring` is the same with ring, for targets where aws-lc-rs does not build. A client trusts
//! whom the operating system trusts (`platform-roots`, default), or Mozilla (`webpki-roots`).

pub use ftpkit_proto as proto;
pub use ftpkit_storage as storage;

#[cfg(feature = "server")]
pub use ftpkit_accounts as accounts;
#[cfg(feature = "client")]
pub use ftpkit_client as client;
#[cfg(feature = "fs")]
pub use ftpkit_fs as fs;
#[cfg(feature = "server")]
pub use ftpkit_server as server;
#[cfg(feature = "sftp")]
pub use ftpkit_sftp as sftp;
#[cfg(feature = "sftp")]
pub use ftpkit_ssh as ssh;

/// The code blocks of the README, compiled so that they stay true.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
pub struct Readme;
