//! The client's side: [`Connection`] carries out requests on one server.
//!
//! What belongs here: which commands a request takes, in which order, and what their replies
//! mean. What does not: local files, retries, pools; those are the application's.

mod abort;
mod ahead;
mod config;
mod connection;
mod event;
mod flow;
mod hash;
mod learned;
mod leg;
mod login;
mod negotiate;
mod parameters;
mod plan;
mod query;
mod relay;
mod rendezvous;
mod repeat;
mod replies;
mod request;
mod state;
mod tolerance;
mod transfer;
mod upgrade;

pub use config::{Config, DataMode, EpsvAhead, Limits, Pipelining, Pret, Timeouts};
pub use connection::Connection;
pub use event::{Event, Outcome, Phase, TransferFailed, Transferred};
pub use learned::{BadLearned, Learned, Resumption};
pub use relay::{
    Errand, ErrandId, Relay, RelayConfig, RelayFailed, RelayOutcome, RelayOutput, Relayed, Side,
};
pub use request::{Credentials, Request, RequestId, Transfer};

#[cfg(test)]
mod tests;
