//! TLS client certificates: what is read out of them, and whom they log in.
#![cfg(feature = "certificates")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod hostile;
mod login;
mod made;
mod names;
mod subjects;
