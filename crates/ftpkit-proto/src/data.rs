//! The data connection as facts: what a machine asks for, and what it learns.
//!
//! Payload never passes through here; sockets, TLS and files belong to the driver.

use core::{fmt, net::SocketAddr};

/// Names one attempt at a data connection, from its first request to its end.
///
/// A machine never uses an id twice, so late news of an old connection cannot be mistaken
/// for news of the present one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DataId(u64);

impl DataId {
    /// Makes the id with this number; machines number their connections from 1.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number, for logs.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for DataId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "data#{}", self.0)
    }
}

/// The address family of a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// Which way payload flows, as seen from this side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Flow {
    /// This side sends.
    Send,
    /// This side receives.
    Receive,
}

/// Which end of a TLS connection this side is.
///
/// A server is the server of its data connections too, but for transfers between two servers,
/// of which one must be the client (SSCN, CPSV).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsRole {
    /// It begins the handshake.
    Client,
    /// It answers it.
    Server,
}

/// What a machine asks of its driver about one data connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataRequest {
    /// Listen on the control connection's local address, for this family. Answered by
    /// [`DataEvent::Listening`] or [`DataEvent::Failed`].
    Listen(Family),
    /// Connect to this address. Answered by [`DataEvent::Connected`] or `Failed`.
    Connect(SocketAddr),
    /// Take the next caller of the listener, who may have called already or may call late.
    /// Answered by `Connected` with the caller's address.
    Accept,
    /// Drop the caller that was just accepted, without a byte, and keep listening; an
    /// [`Accept`](Self::Accept) follows.
    Reject,
    /// Start TLS on the connection. Answered by [`DataEvent::Secured`] or `Failed`.
    Secure(TlsRole),
    /// Payload may flow now. Answered by `Progress` at times, and by one `Finished` or `Failed`.
    Transfer(Flow),
    /// End the connection, which is under TLS, in good order and without payload: close_notify,
    /// then read and forget what the peer sends until its end, for a second at most. Answered
    /// by `Finished` or `Failed`.
    ///
    /// A driver that resumes sessions gets the peer's tickets so.
    Discard,
    /// Drop whatever exists under this id: listener, attempt, connection. No answer follows.
    Abort,
}

/// What a driver tells a machine about one data connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DataEvent {
    /// The listener is bound to this address.
    Listening(SocketAddr),
    /// The connection exists, with this peer.
    Connected(SocketAddr),
    /// TLS is up on the connection.
    Secured {
        /// Whether the TLS session of the control connection was resumed.
        resumed: bool,
    },
    /// This many bytes of payload have moved so far. Sent when a deadline would pass
    /// otherwise, not once a block.
    Progress {
        /// Bytes moved since the transfer began.
        bytes: u64,
    },
    /// The payload has ended: all of it was sent and the sending half closed, or the peer's
    /// end of file was reached.
    Finished {
        /// Bytes moved in all.
        bytes: u64,
        /// Under TLS: whether the peer ended with close_notify. In clear: true.
        clean: bool,
    },
    /// The step that was under way failed, and the connection is gone. After `Accept` only
    /// this attempt at it; the listener is gone too.
    Failed(DataFailure),
}

/// Why a data connection failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum DataFailure {
    /// No listener could be bound (no port of the range is free, no such address).
    #[error("no port could be bound")]
    Listen,
    /// The peer refused the connection.
    #[error("the peer refused the data connection")]
    Refused,
    /// The peer could not be reached.
    #[error("the peer could not be reached")]
    Unreachable,
    /// The connection was not made in time.
    #[error("the data connection was not made in time")]
    TimedOut,
    /// The TLS handshake failed.
    #[error("the TLS handshake on the data connection failed")]
    Tls,
    /// The handshake succeeded, and it began a TLS session of its own: whoever has called is
    /// not known to be the peer of the control connection.
    #[error("the data connection did not resume the TLS session of the control connection")]
    NotResumed,
    /// The peer of the data connection presented another certificate than that of the control
    /// connection, or none where that one had one.
    #[error("the data connection presented another certificate than the control connection")]
    Certificate,
    /// The connection broke while payload flowed.
    #[error("the data connection broke")]
    Broken,
    /// The local source or sink of the payload failed (a disk, a callback).
    #[error("reading or writing the local file failed")]
    Local,
    /// The local sink is out of space.
    #[error("no space is left for the file")]
    NoSpace,
    /// The local sink's quota is used up.
    #[error("the quota is used up")]
    Quota,
}
