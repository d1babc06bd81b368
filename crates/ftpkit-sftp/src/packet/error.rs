//! What is wrong with a packet that came ([`PacketError`]) or is to be sent ([`TooLong`]).

use super::{PacketType, RequestId};

/// Bytes that are not the packet that their type announces.
///
/// The peer's other packets are not touched by it: where [`id`](Self::id) is known, a server
/// answers with `BAD_MESSAGE` and goes on, and a client fails the one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{packet}, {}offset {offset}: {kind}", Of(*.id))]
pub struct PacketError {
    packet: PacketType,
    id: Option<RequestId>,
    offset: usize,
    kind: PacketErrorKind,
}

impl PacketError {
    pub(crate) const fn new(
        packet: PacketType,
        id: Option<RequestId>,
        offset: usize,
        kind: PacketErrorKind,
    ) -> Self {
        Self {
            packet,
            id,
            offset,
            kind,
        }
    }

    /// The packet's type.
    #[must_use]
    pub const fn packet(&self) -> PacketType {
        self.packet
    }

    /// The request that it is or answers; none where the packet ends before, or has none.
    #[must_use]
    pub const fn id(&self) -> Option<RequestId> {
        self.id
    }

    /// Where in the packet the field begins that is wrong; 0 is the type.
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.offset
    }

    /// What is wrong there.
    #[must_use]
    pub const fn kind(&self) -> PacketErrorKind {
        self.kind
    }
}

struct Of(Option<RequestId>);

impl core::fmt::Display for Of {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        self.0.map_or(Ok(()), |id| write!(f, "id {id}, "))
    }
}

/// What is wrong with a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PacketErrorKind {
    /// The packet ends before the field does.
    #[error("the {field} needs {needed} bytes, and {left} are left")]
    Truncated {
        /// The field.
        field: &'static str,
        /// How many bytes it needs from its offset on.
        needed: u64,
        /// How many there are.
        left: usize,
    },
    /// A count of more items than the rest of the packet could hold.
    #[error("{count} {field} cannot stand in the {left} bytes that are left")]
    Count {
        /// What is counted.
        field: &'static str,
        /// How many are announced.
        count: u32,
        /// How many bytes there are for them.
        left: usize,
    },
    /// A handle longer than 256 bytes (sec. 6).
    #[error("a handle of {length} bytes, and 256 are the most")]
    HandleTooLong {
        /// Its length.
        length: usize,
    },
    /// Attribute flags that version 3 does not define (sec. 5).
    #[error("unknown attribute flags 0x{bits:08x}")]
    UnknownAttributes {
        /// The flags that are unknown.
        bits: u32,
    },
    /// A list of numbers whose length in bytes is no multiple of four.
    #[error("the {field} are {length} bytes, no multiple of four")]
    UnevenIds {
        /// The list.
        field: &'static str,
        /// Its length.
        length: usize,
    },
    /// A packet that nobody sends in this direction in version 3.
    #[error("it is no packet that a server of version 3 sends")]
    UnknownType,
}

/// A packet that is longer than may be sent; nothing of it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{packet} of {length} bytes is over the limit of {limit} bytes")]
#[non_exhaustive]
pub struct TooLong {
    /// The packet's type.
    pub packet: PacketType,
    /// Its length in bytes, without the length field.
    pub length: u64,
    /// The most that may be sent.
    pub limit: usize,
}
