//! FTP as a pair of state machines that perform no I/O.
//!
//! For those who write a client, a server, a proxy, a test server or a fuzzer on a runtime of
//! their own. On tokio, `ftpkit-client` and `ftpkit-server` have done it already.
//!
//! # The two machines
//!
//! [`client::Connection`] and [`server::Connection`] know the control connection byte for byte,
//! and data connections only as facts. Both are a [`Machine`]:
//!
//! ```text
//!   control bytes ─► handle_bytes    ┌────────────┐  poll_output ─► Write / StartTls
//!   data facts    ─► handle_data     │ Connection │              ─► Data(id, request)
//!   time          ─► handle_timeout  └────────────┘              ─► Event, Wait, Closed
//!                       payload ──────────(never passes)───────────► your files
//! ```
//!
//! # The loop
//!
//! Outputs are taken until the machine says [`Output::Wait`] or [`Output::Closed`]; then comes
//! the next input. Here both machines drive each other, with no socket between them:
//!
//! ```
//! use std::sync::Arc;
//! use ftpkit_proto::{
//!     Instant, Machine, Output, PathArg,
//!     client::{self, Credentials, Request},
//!     server::{self, Event, LoginAnswer},
//! };
//!
//! let now = Instant::START;
//! let (here, there) = ("127.0.0.1:40000".parse().unwrap(), "127.0.0.1:21".parse().unwrap());
//! let mut client = client::Connection::new(client::Config::default(), now, there);
//! let mut server = server::Connection::new(Arc::new(server::Config::default()), now, here, there);
//! client.submit(now, Request::Login(Credentials::anonymous()));
//!
//! let mut outcome = None;
//! while outcome.is_none() {
//!     match server.poll_output() {
//!         Output::Write(bytes) => client.handle_bytes(now, &bytes),
//!         Output::Event(Event::Login(ask)) => {
//!             let home = PathArg::from_static("/");
//!             server.answer(now, ask, Ok(LoginAnswer::Accepted { home }));
//!         }
//!         _ => {}
//!     }
//!     match client.poll_output() {
//!         Output::Write(bytes) => server.handle_bytes(now, &bytes),
//!         Output::Event(client::Event::Done(_, how)) => outcome = Some(how),
//!         _ => {}
//!     }
//! }
//! let Some(client::Outcome::Reply(reply)) = outcome else { panic!("no reply") };
//! assert_eq!(reply.code(), ftpkit_proto::Code::LOGGED_IN);
//! ```
//!
//! # Time
//!
//! There is no clock inside. Every input brings an [`Instant`] of the driver's clock, and
//! [`Output::Wait`] tells when [`Machine::handle_timeout`] is due. [`server::Timeouts`] and
//! [`client::Timeouts`] say which waits there are.
//!
//! # Data connections
//!
//! A machine asks for them by [`DataRequest`] and learns of them by [`DataEvent`]; each has a
//! [`DataId`] that is never used twice. Who may call, and who may be called, is decided here, on
//! addresses. Payload never enters: sendfile, TLS and a simulated 10 GB look the same.
//!
//! # Questions and requests
//!
//! A server asks its application ([`server::Event`]); answering uses the question up, and the
//! application never writes a reply line. A client submits requests ([`client::Request`]), and
//! each ends exactly once ([`client::Event::Done`]). A refusal is an answer, not an [`Error`].
//!
//! # Usable alone
//!
//! [`wire::Framer`], [`Command`], [`Reply`], [`reply::ReplyReader`], [`listing::Parser`],
//! [`url::Url`], [`ascii`] and [`transcript::Explainer`] need no machine.
//!
//! # Specifications
//!
//! | text | where |
//! | --- | --- |
//! | RFC 959, RFC 1123 sec. 4.1 | [`command`], [`reply`], [`server`], [`client`] |
//! | RFC 854 (Telnet) | [`wire`] |
//! | RFC 1738, RFC 3986 | [`url`] |
//! | RFC 2228, RFC 4217 | the security automata of both roles |
//! | RFC 2389 | [`features`] |
//! | RFC 2428 | [`address`] |
//! | RFC 2577 | [`address::may_connect`] and the defaults of [`server::Config`] |
//! | RFC 3659 | [`facts`], [`listing`], [`time`] |
//!
//! Without std; `alloc` is needed. A panic is a bug.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod address;
pub mod ascii;
mod automaton;
pub mod client;
pub mod command;
pub mod data;
pub mod error;
pub mod facts;
pub mod features;
pub mod listing;
pub mod machine;
mod outbox;
pub mod reply;
pub mod server;
pub mod text;
pub mod time;
pub mod timer;
pub mod transcript;
pub mod url;
pub mod wire;

#[cfg(feature = "transitions")]
pub use automaton::{Transition, Transitions};
pub use command::{Command, Verb};
pub use data::{DataEvent, DataFailure, DataId, DataRequest, Family, Flow};
pub use error::Error;
pub use machine::{Machine, Output, TlsEvent};
pub use reply::{Code, Reply};
pub use text::{PathArg, SafeName, Secret, Text};
pub use time::Instant;
