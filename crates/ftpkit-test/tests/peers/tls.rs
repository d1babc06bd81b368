//! The same over TLS: clients that resume the control connection's session on each data
//! connection, on TLS 1.2 and 1.3, explicit and implicit.
//!
//! Each client's session is played against a real server first, so that a failure against
//! ftpkit's is ftpkit's.

pub(crate) mod cli;
pub(crate) mod client;
mod curl;
mod ftplib;
mod lftp;
mod references;
mod server;
