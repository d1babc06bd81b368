//! What a network is like: how slow, in which pieces, and what breaks in it.

use std::time::Duration;

use ftpkit_proto::{DataFailure, TlsFacts};

/// One side of the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there are two")]
pub enum Side {
    /// The client's.
    Client,
    /// The server's.
    Server,
}

impl Side {
    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// What the network is like.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Conditions {
    /// The largest piece in which bytes arrive; 0: as they were written.
    pub fragment: usize,
    /// How long bytes of the control connection and connection attempts travel.
    pub delay: Duration,
    /// How long each piece of payload travels.
    pub data_delay: Duration,
    /// The control connection is lost when this side has sent so many bytes.
    pub lose_control: Option<(Side, usize)>,
    /// Each data connection is lost when so many bytes of payload have crossed it.
    pub lose_data: Option<usize>,
    /// Whether somebody makes the loss of one that is under TLS look like its end.
    pub truncate: bool,
    /// So many connection attempts are refused.
    pub refuse: usize,
    /// So many more are never answered.
    pub ignore: usize,
    /// So many listeners cannot be bound.
    pub unbound: usize,
    /// Each listener is called by a stranger first.
    pub stranger: bool,
    /// What becomes of TLS on the control connection.
    pub tls: Handshake,
    /// What the handshake tells where it works.
    pub facts: TlsFacts,
    /// What becomes of TLS on data connections, in turn; when all are spent, it works.
    pub data_tls: Vec<Handshake>,
    /// Whether TLS on a data connection ends without close_notify.
    pub unclean: bool,
    /// Whether a sender is done only when its last bytes arrive, as where buffers are small.
    pub unbuffered: bool,
    /// Payload moves no further when so many bytes of it have crossed a data connection.
    pub stall: Option<usize>,
    /// The file at this side fails, like this, when so many bytes of payload have moved.
    pub fail_file: Option<(Side, usize, DataFailure)>,
}

/// What becomes of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Handshake {
    /// It works.
    #[default]
    Works,
    /// Both sides see that it does not.
    Fails,
    /// It works, and the server sees that it resumes nothing, and drops the connection; on a
    /// control connection it works.
    Unresumed,
    /// It never ends.
    Hangs,
}

impl Default for Conditions {
    fn default() -> Self {
        Self {
            fragment: 0,
            delay: Duration::from_millis(1),
            data_delay: Duration::from_millis(1),
            lose_control: None,
            lose_data: None,
            truncate: false,
            refuse: 0,
            ignore: 0,
            unbound: 0,
            stranger: false,
            tls: Handshake::Works,
            facts: TlsFacts::default(),
            data_tls: Vec::new(),
            unclean: false,
            unbuffered: false,
            stall: None,
            fail_file: None,
        }
    }
}
