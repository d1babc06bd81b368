//! The server of SFTP version 3 as a machine without I/O: [`Connection`].
//!
//! ```text
//!   bytes of the client ─► handle_bytes ┌────────────┐ poll_output ─► Write(bytes)
//!   its end             ─► handle_eof   │ Connection │             ─► Event(Ask, Ended)
//!   Ask + answer        ─► answer       └────────────┘             ─► Wait, Closed
//! ```
//!
//! It knows the protocol, the handles, and what may be carried out beside what. Paths, files and
//! permissions are the application's, which is asked by [`Event`]s. An [`Ask`] is used up by its
//! answer, and the type of the answer follows from the question.
//!
//! - **Many questions are open at a time**, as many as [`Config::in_flight`] allows, and each
//!   answer goes out when it is given. A client that uses an id twice gets two answers with it,
//!   as from OpenSSH: the machine never looks anything up by id.
//! - **Requests on one handle are told in their order, and what must not overtake waits**
//!   (sec. 6.1): reads and writes run side by side where they do not overlap; FSTAT waits for the
//!   writes before it; CLOSE, FSETSTAT, fsync, READDIR, a write that appends and a copy have the
//!   handle for themselves. Two handles of the same file, or a path beside a handle, are the
//!   application's matter.
//! - **A handle is a number that is never used again** in its session. Behind CLOSE it is refused,
//!   while the CLOSE still waits too.
//! - **Memory is bounded** by the [`Config`], as long as the driver reads only while
//!   [`Connection::wants_read`] says so and fetches the outputs; what a page of a directory holds
//!   is up to the application.
//! - **A malformed packet costs its request alone** (`BAD_MESSAGE`) where its id can be read.
//!   What ends a session is an [`Error`]: a length that cannot be, INIT below version 3, a second
//!   one, or a request before it.
//! - **No offset reaches beyond an `i64`**: READ ends there, and what would write there is refused.
//!
//! ```
//! use std::sync::Arc;
//! use ftpkit_sftp::{
//!     Framer,
//!     packet::{Attributes, Chunks, ClientPacket, Init, Request, RequestId, SymlinkOrder},
//!     server::{Config, Connection, Event, Output, Target},
//! };
//!
//! let mut sent = Chunks::default();
//! ClientPacket::Init(Init::new(6)).encode(&mut sent, SymlinkOrder::OpenSsh)?;
//! ClientPacket::Request(RequestId(1), Request::Stat("/a".into()))
//!     .encode(&mut sent, SymlinkOrder::OpenSsh)?;
//!
//! let mut server = Connection::new(Arc::new(Config::default()));
//! server.handle_bytes(&sent.next_chunk().unwrap());
//! server.handle_eof();
//! let mut written = Vec::new();
//! loop {
//!     match server.poll_output() {
//!         Output::Write(bytes) => written.extend(bytes),
//!         Output::Event(Event::Query(ask)) => {
//!             assert_eq!(ask.question().of, Target::Path("/a".into()));
//!             server.answer(ask, Ok(Attributes::default().with_size(7)));
//!         }
//!         Output::Closed(result) => break result?,
//!         other => panic!("{other:?}"),
//!     }
//! }
//! let version = [0, 0, 0, 5, 2, 0, 0, 0, 3];
//! let attrs = [0, 0, 0, 17, 105, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7];
//! assert_eq!(written, [&version[..], &attrs].concat());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod ask;
mod config;
mod connection;
mod dispatch;
mod error;
mod event;
mod handles;
mod listing;
mod refuse;
mod settle;
#[cfg(test)]
mod tests;

pub use ask::{Ask, AskId, Question, Refusal, RefusalKind};
pub use config::{Config, Offers};
pub use connection::{Connection, Output};
pub use error::Error;
pub use event::{
    Change, Close, Entry, Event, FileId, Intent, List, Names, Open, OpenDirectory, Page, Place,
    Query, Read, Resolve, Space, Target, Write, Writing,
};
