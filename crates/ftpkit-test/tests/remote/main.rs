//! Servers as storages, reached over FTP and over SFTP: what every storage must do, and servers that
//! serve others.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod files;
mod ftp;
mod sftp;
