//! What the client machine tells its application.

use super::request::RequestId;
use crate::{
    command::Command,
    data::{DataFailure, DataId},
    features::Features,
    reply::Reply,
};

/// News of one connection, for its application.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The server is ready; this is its greeting (220). Requests may be submitted before.
    Greeting(Reply),
    /// The server accepted the transfer (1yz); the payload of this request flows over the data
    /// connection `data` when the driver hands up its stream.
    ///
    /// It comes twice where a download was refused before a byte of it flowed, since TLS on its
    /// data connection did not resume a session, and was asked for once more.
    Opened {
        /// The request.
        request: RequestId,
        /// Its data connection.
        data: DataId,
        /// The 125 or 150; it may hold the size or the name of STOU.
        reply: Reply,
    },
    /// A request has ended. Sent exactly once for each.
    Done(RequestId, Outcome),
    /// A command was sent (`Config::trace`). It prints without secrets.
    Sent(Command),
    /// A reply came (`Config::trace`).
    Received(Reply),
}

/// How a request ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// With this final reply, whatever its code. For a procedure of several commands it is the
    /// reply of the last one that was sent; for a login, of the last one before FEAT.
    Reply(Reply),
    /// FEAT was answered.
    Features(Features),
    /// A transfer came to its end, and the server confirmed it.
    Transferred(Transferred),
    /// A transfer did not come to its end. The connection is in a known state; unless it is
    /// closed, the next request may follow.
    TransferFailed(TransferFailed),
    /// The request was never sent: the connection was closed before, the queue was full, or
    /// the request is not allowed in this state.
    Rejected,
    /// The connection was lost or closed while the request was under way. `Output::Closed` says why.
    Lost,
}

/// A transfer that came to its end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Transferred {
    /// How many bytes of payload moved.
    pub bytes: u64,
    /// The final reply.
    pub reply: Reply,
    /// Whether the TLS session of the control connection was resumed; none in clear text.
    pub resumed: Option<bool>,
    /// Whether the end is proven by TLS close_notify.
    pub proven: bool,
}

/// A transfer that did not come to its end.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TransferFailed {
    /// How far it came.
    pub phase: Phase,
    /// How many bytes of payload moved, as far as it was reported.
    pub bytes: u64,
    /// What the server said last about it, where it said something.
    pub reply: Option<Reply>,
    /// What happened to the data connection, where that was the reason.
    pub data: Option<DataFailure>,
}

/// The phases of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Phase {
    /// TYPE, PRET, REST, RANG; between two servers SSCN too.
    Prepare,
    /// EPSV, PASV, EPRT, PORT, their forms for long addresses, and the connection itself.
    Connect,
    /// The command: the server refused it.
    Command,
    /// The TLS handshake of the data connection.
    Secure,
    /// Payload flowed.
    Payload,
    /// The end was not confirmed, or truncated.
    Confirm,
    /// It was aborted by the application.
    Aborted,
}
