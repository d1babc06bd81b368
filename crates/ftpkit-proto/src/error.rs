//! Why a session ended badly, by blame. A refusal by the peer is not an error: the protocol worked.

use alloc::boxed::Box;

use crate::{data::DataFailure, reply::Reply};

/// Why a session ended badly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer broke the protocol; the session cannot go on.
    #[error("the peer broke the protocol: {0}")]
    PeerMisbehaved(#[from] PeerMisbehaved),
    /// The peer cannot do what the configuration requires.
    #[error("the peer cannot do what is required: {0}")]
    PeerIncompatible(#[from] PeerIncompatible),
    /// The server closes the session (421), or refused it in its greeting.
    #[error("the server closes the session: {0}")]
    ServiceClosing(Box<Reply>),
    /// A timer ran out.
    #[error("timed out: {0}")]
    TimedOut(Timer),
    /// The control connection ended where no end was due.
    #[error("the control connection was closed by the peer")]
    Disconnected,
    /// The TLS handshake on the control connection failed.
    #[error("the TLS handshake on the control connection failed")]
    TlsFailed,
    /// The data connection failed in a way that ends the session.
    #[error("{0}")]
    Data(#[from] DataFailure),
}

/// How the peer broke the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum PeerMisbehaved {
    /// A line was longer than the limit.
    #[error("a line is longer than the limit")]
    LineTooLong,
    /// A reply was longer than the limit.
    #[error("a reply is longer than the limit")]
    ReplyTooLong,
    /// What should be a reply is none.
    #[error("a line is not a reply")]
    NotAReply,
    /// A reply came that answers no command.
    #[error("a reply came that answers no command")]
    UnsolicitedReply,
    /// Bytes came in clear behind the command or reply that starts TLS (STARTTLS injection).
    #[error("bytes in clear follow the start of TLS")]
    BytesBeforeTls,
    /// Too many bad commands came before login, or another protocol is spoken.
    #[error("this is not FTP")]
    NotFtp,
    /// Login failed too often.
    #[error("login failed too often")]
    TooManyLogins,
}

/// What the peer lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum PeerIncompatible {
    /// TLS is required, and the server offers none.
    #[error("the server offers no TLS")]
    NoTls,
    /// Protection of data connections is required, and the server refused it.
    #[error("the server refuses to protect data connections")]
    NoDataProtection,
}

/// The timers of both roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Timer {
    /// Everything before login, as a whole (server).
    #[error("login took too long")]
    Login,
    /// No command came (server).
    #[error("the session was idle for too long")]
    Idle,
    /// The data connection was not made (both).
    #[error("no data connection was made")]
    DataConnect,
    /// The handshake of a data or control connection did not end (both).
    #[error("the TLS handshake took too long")]
    Handshake,
    /// Payload did not move (both).
    #[error("the transfer stalled")]
    Stall,
    /// The application did not answer a question (server).
    #[error("the storage did not answer")]
    Question,
    /// No reply came (client).
    #[error("the server did not reply")]
    Reply,
    /// The data connection did not end after the final reply (client).
    #[error("the data connection did not end after the server's reply")]
    DataDrain,
    /// The final reply did not come after the data connection's end (client).
    #[error("the server did not confirm the transfer")]
    FinalReply,
    /// A drain ended before the session did (server).
    #[error("the server is shutting down")]
    Shutdown,
}
