//! Why a session ends before its client is done: [`Error`].

use crate::{
    FrameError,
    packet::{PacketError, PacketType},
};

/// Why a session ended that could not go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A length that no packet has, so that the next packet cannot be found.
    #[error("the client's bytes cannot be cut into packets: {0}")]
    Frame(FrameError),
    /// A malformed packet without an id, so that it cannot be answered.
    #[error("a packet of the client that cannot be answered is malformed: {0}")]
    Packet(PacketError),
    /// INIT of a version that is no longer spoken.
    #[error("the client speaks version {0} at most, and 3 is the least that this server speaks")]
    Version(u32),
    /// A request before INIT.
    #[error("the client began with {0} instead of INIT")]
    NotInit(PacketType),
    /// A second INIT.
    #[error("the client sent a second INIT")]
    InitTwice,
    /// The client's bytes ended within a packet.
    #[error("the client's bytes ended within a packet, of which {0} bytes had come")]
    Truncated(usize),
    /// [`Connection::abort`](super::Connection::abort) ended it.
    #[error("the session was broken off")]
    Aborted,
}
