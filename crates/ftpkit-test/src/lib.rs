//! Pairs of machines in virtual time, scripted peers and real peers: the tests of ftpkit.
//!
//! [`Pair`] joins a client machine and a server machine by a network that exists only in
//! memory ([`net`]), with a storage that answers when it is told to ([`store`]). Time is a
//! number; a session of an hour takes a millisecond. What was said is in the
//! [`transcript`](Transcript), which a failing assertion prints, and from which it happens again.
//! [`random`] has many sessions, and holds each to what every session promises.

pub mod fuzz;
pub mod net;
mod pair;
mod player;
pub mod random;
mod replay;
mod settings;
pub mod sftp;
pub mod store;
mod transcript;
mod trio;
mod witness;
mod words;

pub use net::{Conditions, Handshake, Side};
pub use pair::{Ended, Pair};
pub use store::{Answering, Store};
pub use transcript::{NotATranscript, Transcript};
pub use trio::{Hosts, Trio};
