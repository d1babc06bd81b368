//! The client side of SFTP version 3 as a machine without I/O: [`Connection`].
//!
//! For those who write an SFTP client on a transport of their own. Bytes go in, in any pieces;
//! what is to be written and what has happened comes out, in one order. There is no clock: how
//! long one waits for a server is the driver's matter.
//!
//! ```text
//!   submit, payload, cancel ─► ┌────────────┐ poll_output ─► Write(head, payload)
//!   bytes of the server ─────► │ Connection │             ─► Event, Wait, Closed
//!                              └────────────┘
//! ```
//!
//! - **Each request ends exactly once**, with [`Event::Done`]. A refusal by the server is an
//!   outcome, not an error of the session.
//! - **Answers come in any order.** They are matched by their id and by what the request may be
//!   answered with. An id that is not under way, or an answer of another kind, ends the session:
//!   from then on nobody could say which answer belongs to what.
//! - **Nothing that a server sends makes memory grow** beyond [`Config`]'s bounds: a packet is
//!   looked at when what came before it has been taken out, and only asked-for answers are kept.
//! - **What a server has not announced is not sent.** Such a request fails with
//!   [`Reason::NotOffered`] before a byte of it is written.
//!
//! ```
//! use bytes::Bytes;
//! use ftpkit_sftp::{
//!     client::{Config, Connection, Event, Outcome, Output, Request},
//!     packet::{Attributes, Chunks, RequestId, Response, ServerPacket, Version},
//! };
//!
//! let mut client = Connection::new(Config::default());
//! client.submit(Request::Stat(Bytes::from_static(b"a.txt")));
//!
//! // What a server would send: its greeting, and the answer to the first request.
//! let mut server = Chunks::default();
//! ServerPacket::Version(Version::new([])).encode(&mut server)?;
//! let attributes = Response::Attrs(Attributes::default().with_size(42));
//! ServerPacket::Response(RequestId(1), attributes).encode(&mut server)?;
//! while let Some(chunk) = server.next_chunk() {
//!     client.handle_bytes(&chunk);
//! }
//!
//! let mut size = None;
//! loop {
//!     match client.poll_output() {
//!         Output::Event(Event::Done(_, Outcome::Attributes(found))) => size = found.size,
//!         Output::Wait | Output::Closed(_) => break,
//!         _ => {} // A driver writes what is to be written.
//!     }
//! }
//! assert_eq!(size, Some(42));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod config;
mod connection;
mod download;
mod entry;
mod error;
mod event;
mod flight;
mod list;
mod rename;
mod request;
mod single;
mod upload;
mod window;

#[cfg(test)]
mod tests;

pub use config::Config;
pub use connection::Connection;
pub use entry::{Entry, Page};
pub use error::{Error, Failure, Reason, Unfinished};
pub use event::{Downloaded, Event, Listed, Outcome, Output, Uploaded};
pub use request::{Download, Existing, File, Request, RequestId, Upload};
