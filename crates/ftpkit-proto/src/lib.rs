//! FTP as a pair of state machines that perform no I/O.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod address;
pub mod ascii;
pub mod client;
pub mod command;
pub mod data;
pub mod error;
pub mod facts;
pub mod features;
pub mod listing;
pub mod machine;
#[allow(dead_code, reason = "each role uses a part of it")]
mod outbox;
pub mod reply;
pub mod server;
pub mod text;
pub mod time;
pub mod timer;
pub mod url;
pub mod wire;

pub use command::{Command, Verb};
pub use data::{DataEvent, DataFailure, DataId, DataRequest, Family, Flow};
pub use error::Error;
pub use machine::{Machine, Output, TlsEvent};
pub use reply::{Code, Reply};
pub use text::{PathArg, SafeName, Secret, Text};
pub use time::Instant;
