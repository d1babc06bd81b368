//! The contract that both roles share: what goes into a machine and what comes out.
//!
//! What belongs here is what a driver must know to drive either role; what a role
//! tells its application stands in `client::event` and `server::event`.

use bytes::Bytes;

use crate::{
    data::{DataEvent, DataId, DataRequest},
    error::Error,
    text::Text,
    time::Instant,
};

/// One side of a control connection, as a state machine without I/O. The [crate's page](crate)
/// has the whole contract, with a loop that runs.
///
/// Methods come in two kinds. `handle_*` take facts from outside: they accept them in any
/// order and in any pieces, never fail and never block. [`poll_output`](Self::poll_output)
/// gives what is to be done about them, in the order in which it must be done.
///
/// # The loop of a driver
///
/// 1. Call [`poll_output`](Self::poll_output) until it returns [`Output::Wait`] or
///    [`Output::Closed`], and carry out each entry before the next is asked for.
/// 2. Sleep until there are bytes to read (if [`wants_read`](Self::wants_read)), a data
///    connection has news, or the deadline of [`Output::Wait`] passes.
/// 3. Call the `handle_*` that fits, and begin again.
///
/// Inputs commute with polling: feeding several inputs before polling is allowed. A spurious
/// [`handle_timeout`](Self::handle_timeout) does nothing. After [`Output::Closed`] inputs are
/// ignored and `poll_output` returns `Closed` again.
pub trait Machine {
    /// What this role tells its application.
    type Event;

    /// Takes bytes that were read from the control connection, in any pieces.
    fn handle_bytes(&mut self, now: Instant, bytes: &[u8]);

    /// Takes the end of the control connection's incoming half.
    fn handle_eof(&mut self, now: Instant);

    /// Takes what became of TLS on the control connection.
    fn handle_tls(&mut self, now: Instant, event: TlsEvent);

    /// Takes news of the data connection `id`; news of one that is no longer known is ignored.
    fn handle_data(&mut self, now: Instant, id: DataId, event: DataEvent);

    /// Lets the deadlines that have passed take effect.
    fn handle_timeout(&mut self, now: Instant);

    /// Returns the next thing to do; to be called until it says `Wait` or `Closed`.
    #[must_use]
    fn poll_output(&mut self) -> Output<Self::Event>;

    /// Tells whether more bytes are welcome; `false` lets TCP push back on the peer.
    #[must_use]
    fn wants_read(&self) -> bool;

    /// Tells whether the peer owes a reply: to a client, whose request is not at its end. A
    /// server's machine says no, also in the midst of a transfer.
    #[must_use]
    fn awaits_reply(&self) -> bool {
        false
    }

    /// At [`Output::StartTls`], a server: the virtual host that was named before TLS (HOST, RFC
    /// 7151 sec. 3.2.2), whose certificate is to be shown to a client that sends no name (SNI).
    #[must_use]
    fn tls_host(&self) -> Option<&Text> {
        None
    }
}

/// One entry of a machine's output queue, which is totally ordered.
#[derive(Debug)]
#[non_exhaustive]
pub enum Output<E> {
    /// Write these bytes to the control connection.
    Write(Bytes),
    /// Write these bytes to the control connection as TCP urgent data (a Telnet Synch);
    /// a driver that cannot do so, or that runs over TLS, writes them as ordinary bytes.
    WriteUrgent(Bytes),
    /// Start TLS on the control connection, once all that was written before is sent.
    StartTls,
    /// End TLS on the control connection with close_notify both ways and go on in clear.
    StopTls,
    /// Do something about a data connection.
    Data(DataId, DataRequest),
    /// News for the application.
    Event(E),
    /// Nothing more to do until an input comes or this deadline passes (`None`: no deadline).
    Wait(Option<Instant>),
    /// The session is over; flush what was written and close. Repeated for ever.
    Closed(Result<(), Error>),
}

/// What became of TLS on the control connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsEvent {
    /// The handshake is complete, and these facts came with it.
    Started(TlsFacts),
    /// The handshake failed, or this driver has no TLS; nothing was sent in clear since.
    Failed,
    /// TLS was ended by close_notify both ways, after [`Output::StopTls`].
    Stopped,
}

/// What a driver learned in the handshake of the control connection, beyond its success.
///
/// They are for the server; a client's machine does not look at them. A driver that knows
/// nothing of a fact leaves it at its default.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsFacts {
    /// The name of the server that the client asked for (SNI, RFC 6066 sec. 3); none where it
    /// sent none.
    pub server_name: Option<Text>,
    /// Whether the peer presented a certificate, and it was verified. One that could not be
    /// verified is no certificate: it fails the handshake or counts as none.
    pub certificate: bool,
}

impl TlsFacts {
    /// With the name that the client asked for.
    #[must_use]
    pub fn with_server_name(mut self, name: Text) -> Self {
        self.server_name = Some(name);
        self
    }

    /// With whether the peer's certificate was verified.
    #[must_use]
    pub const fn with_certificate(mut self, verified: bool) -> Self {
        self.certificate = verified;
        self
    }
}
