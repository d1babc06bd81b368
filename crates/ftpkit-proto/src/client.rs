//! The client's side: [`Connection`] carries out requests on one server.
//!
//! What belongs here: which commands a request takes, in which order, and what their replies
//! mean. What does not: local files, retries, pools; those are the application's.

mod config;
mod event;
mod request;

pub use config::{Config, DataMode, Limits, Pipelining, Timeouts};
pub use event::{Event, Outcome, Phase, TransferFailed, Transferred};
pub use request::{Credentials, Request, RequestId, Transfer};
