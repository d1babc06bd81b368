//! What an application asks of a relay, and what it is told.

use core::time::Duration;

use super::super::event::{Event, Phase};
use crate::{machine::Output, reply::Reply, text::PathArg, time::Instant};

/// One of the two servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there are two")]
pub enum Side {
    /// The one that has the file.
    Source,
    /// The one that gets it.
    Destination,
}

impl Side {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Source, Self::Destination];

    /// The other one.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Source => Self::Destination,
            Self::Destination => Self::Source,
        }
    }
}

/// The settings of a [`Relay`](super::Relay). Those of its connections are their own.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RelayConfig {
    /// The server that is asked to listen first. The destination by default: then the source
    /// is known to have the file before the destination is told to replace its own.
    pub listens: Side,
    /// Whether the address in the 227 of the one server is named to the other. Off by default:
    /// the address that is named is that of the control connection's peer, whatever the server
    /// says, so that no third host can be attacked by way of the other server.
    pub trust_passive_address: bool,
    /// How long the source's first answer is awaited before the destination is told to store.
    /// A server that listens may answer only when the other one has called. 2 s; zero: not.
    pub patience: Duration,
    /// How long a transfer may take, from the moment when both servers were told. 24 h; zero:
    /// for ever. How far it is nobody tells.
    pub limit: Duration,
    /// For the second final reply after the first. 60 s; zero: for ever.
    pub final_reply: Duration,
}

impl Default for RelayConfig {
    fn default() -> Self {
        Self {
            listens: Side::Destination,
            trust_passive_address: false,
            patience: Duration::from_secs(2),
            limit: Duration::from_secs(24 * 60 * 60),
            final_reply: Duration::from_secs(60),
        }
    }
}

/// A file that is to go from the one server to the other.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Errand {
    /// The file at the source.
    pub from: PathArg,
    /// The file at the destination.
    pub to: PathArg,
    /// Where to begin on both sides, in bytes.
    pub offset: u64,
    /// Whether payload crosses as text (TYPE A).
    pub ascii: bool,
}

impl Errand {
    /// A whole file, byte by byte.
    #[must_use]
    pub const fn new(from: PathArg, to: PathArg) -> Self {
        Self {
            from,
            to,
            offset: 0,
            ascii: false,
        }
    }
}

/// Names one errand; each ends exactly once, with [`RelayOutput::Done`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ErrandId(pub(crate) u64);

/// One entry of what a relay wants done.
#[derive(Debug)]
#[non_exhaustive]
pub enum RelayOutput {
    /// What the connection to this server wants done, or tells: never `Wait`, and `Closed` once.
    At(Side, Output<Event>),
    /// An errand has ended. Sent exactly once for each.
    Done(ErrandId, RelayOutcome),
    /// Nothing more to do until an input comes or this deadline passes.
    Wait(Option<Instant>),
    /// Both connections are over. Repeated for ever.
    Closed,
}

/// How an errand ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum RelayOutcome {
    /// Both servers have confirmed the transfer.
    Transferred(Relayed),
    /// They have not. Both connections are ready for the next request, or closed.
    Failed(RelayFailed),
    /// It was taken back before it began, the queue was full, or a connection was closed before.
    Rejected,
}

/// A transfer that both servers have confirmed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Relayed {
    /// The source's final reply.
    pub source: Reply,
    /// The destination's.
    pub destination: Reply,
}

/// A transfer that failed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RelayFailed {
    /// How far it came.
    pub phase: Phase,
    /// The server that refused, or whose connection was lost; none where the application gave
    /// up, or where the two do not fit together.
    pub side: Option<Side>,
    /// What the source said last about it.
    pub source: Option<Reply>,
    /// What the destination said last about it.
    pub destination: Option<Reply>,
}

/// One value for each server.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Both<T> {
    pub(super) source: T,
    pub(super) destination: T,
}

impl<T> Both<T> {
    pub(super) const fn at(&self, side: Side) -> &T {
        match side {
            Side::Source => &self.source,
            Side::Destination => &self.destination,
        }
    }

    pub(super) const fn at_mut(&mut self, side: Side) -> &mut T {
        match side {
            Side::Source => &mut self.source,
            Side::Destination => &mut self.destination,
        }
    }

    pub(super) fn each(&self) -> [&T; 2] {
        [&self.source, &self.destination]
    }

    pub(super) fn each_mut(&mut self) -> [&mut T; 2] {
        [&mut self.source, &mut self.destination]
    }
}
