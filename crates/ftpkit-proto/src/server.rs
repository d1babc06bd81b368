//! The server's side: [`Connection`] answers one client's commands.
//!
//! What belongs here: protocol order, address checks, limits, timers, reply texts. What does
//! not: users, paths, files; those are questions ([`Ask`]) to the application.

mod about;
mod ask;
mod config;
mod connection;
mod digest;
mod dispatch;
mod event;
mod files;
mod intake;
mod login;
mod offers;
mod policy;
mod refuse;
mod rendezvous;
mod state;
mod transfer;
mod upgrade;

pub use ask::{Ask, AskId, Question, Refusal, RefusalKind};
pub use config::{Config, Limits, Timeouts, TlsPolicy};
pub use connection::Connection;
pub use event::*;
pub use offers::Offers;

#[cfg(test)]
mod tests;
