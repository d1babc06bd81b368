//! Packets: what each side sends, one type a direction.
//!
//! A packet comes from the [`Framer`](crate::Framer) as its type and its data, without the length
//! in front. [`ClientPacket::parse`] and [`ServerPacket::parse`] read it, `encode` writes it into
//! [`Chunks`], with the length. What is common to all:
//!
//! - **Strings are slices of the packet.** A path, a payload or a name costs no copy, and keeps
//!   the packet alive for as long as it is kept itself. Only a handle that a server gave, which
//!   lives for long, is copied out.
//! - **Every length is held against what is left of the packet before it is believed**, and no
//!   count makes room for more than the packet can hold.
//! - **A path is bytes.** It may be empty, which means the home directory (sec. 6.2), and may hold
//!   any byte, NUL too; whoever resolves it decides.
//! - **Bytes behind the last field are ignored**, as OpenSSH's server and client do: later
//!   versions of the protocol put new fields there. In a list that fills a string, as in
//!   `users-groups-by-id@openssh.com`, nothing may be left over.
//! - **Attribute flags that version 3 does not define are an error** (sec. 5): they announce
//!   fields that nobody here could step over.
//!
//! Sections are those of draft-ietf-secsh-filexfer-02; "OpenSSH" is its file `PROTOCOL`.

mod attributes;
mod error;
mod extended;
mod extension;
mod handle;
mod kind;
mod open_flags;
mod pairs;
mod read;
mod request;
mod response;
mod status;
mod write;

pub use attributes::{Attributes, FileType, Mode, Owner, Times};
pub use error::{PacketError, PacketErrorKind, TooLong};
pub use extended::{Extended, ExtendedReply, Limits, ReplyForm, Statvfs, UsersGroups};
pub use extension::Extension;
pub use handle::{Handle, HandleTooLong};
pub use kind::{PacketType, RequestId};
pub use open_flags::OpenFlags;
pub use pairs::{Pairs, PairsIter};
pub use request::{ClientPacket, Init, Request, SymlinkOrder};
pub use response::{Name, Response, ServerPacket, Version};
pub use status::{Status, StatusCode};
pub use write::Chunks;

/// The version of the protocol that this crate speaks.
pub const VERSION: u32 = 3;

/// The longest packet that is sent unless told otherwise, in bytes behind its length field: what
/// OpenSSH takes.
pub const MAX_SENT: usize = 256 * 1024;

/// The longest packet that is taken unless told otherwise, in bytes behind its length field: a
/// payload of 256 KiB and what stands around it, which is more than OpenSSH takes (256 KiB in all).
pub const MAX_RECEIVED: usize = MAX_SENT + 1024;
