//! Why a request was not done ([`Failure`]), and why a session ended ([`Error`]).

use core::fmt;

use bytes::Bytes;

use super::request::Request;
use crate::{
    FrameError,
    packet::{Extension, PacketError, PacketType, RequestId, Status, StatusCode, TooLong},
    text::escaped,
};

/// Why a request was not done. The session goes on, unless the reason is [`Reason::Lost`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// What was to be done, for messages.
    pub operation: &'static str,
    /// The path, where the request has one.
    pub path: Option<Bytes>,
    /// The other path of a rename or a link.
    pub other: Option<Bytes>,
    /// Which packet it was that failed; none where nothing was sent.
    pub step: Option<PacketType>,
    /// Where in the file, for READ and WRITE.
    pub offset: Option<u64>,
    /// Whether the file with the new name is gone already: the second RENAME of
    /// [`Existing::ReplaceInTwoSteps`](super::Existing::ReplaceInTwoSteps) failed.
    pub target_removed: bool,
    /// Why.
    pub reason: Reason,
}

/// Why a request was not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// The server says no.
    #[error("the server said {0}")]
    Status(Status),
    /// The server has not announced the extension in the version that this crate speaks.
    #[error("the server does not offer {0}, and nothing was sent")]
    NotOffered(Extension),
    /// The packet would be longer than the server or the settings allow.
    #[error("{0}")]
    TooLong(TooLong),
    /// The answer is malformed.
    #[error("the answer is malformed: {0}")]
    Malformed(PacketError),
    /// Another number of names than one in the answer.
    #[error("the server answered with {0} names where there must be one")]
    NotOneName(usize),
    /// Data without a byte in it, which would be asked for for ever.
    #[error("the server answered a READ with no bytes")]
    NoData,
    /// More data than was asked for.
    #[error("the server answered a READ of {asked} bytes with {got}")]
    TooMuchData {
        /// How many bytes were asked for.
        asked: u32,
        /// How many came.
        got: usize,
    },
    /// The file would end behind the last offset that there is.
    #[error("the file would be longer than 64 bits can say")]
    OffsetTooLarge,
    /// As many handles are open as the server allows, and none of them will be closed by the
    /// machine itself.
    #[error("{0} handles are open, and the server allows no more")]
    TooManyHandles(u64),
    /// More requests wait than [`Config::max_requests`](super::Config::max_requests).
    #[error("{0} requests are under way, and no more are allowed")]
    TooManyRequests(usize),
    /// It was taken back.
    #[error("it was cancelled")]
    Cancelled,
    /// The session ended before its answer came; whether the server has done it is unknown.
    #[error("the session ended before the answer came")]
    Lost,
    /// The session was over when it was submitted.
    #[error("the session is over")]
    Closed,
}

impl Failure {
    pub(super) fn new(request: &Request, fault: Fault) -> Self {
        let (operation, path, other) = request.about();
        Self {
            operation,
            path: path.cloned(),
            other: other.cloned(),
            step: fault.step,
            offset: fault.offset,
            target_removed: fault.removed,
            reason: fault.reason,
        }
    }

    /// The code of the server's refusal, where it was one.
    #[must_use]
    pub const fn code(&self) -> Option<StatusCode> {
        match &self.reason {
            Reason::Status(status) => Some(status.code),
            _ => None,
        }
    }

    /// What could be tried, where that is known.
    const fn advice(&self) -> Option<&'static str> {
        Some(match &self.reason {
            Reason::NotOffered(Extension::PosixRename) => {
                "remove the target first, or allow a replacement in two steps"
            }
            Reason::NotOffered(Extension::Lsetstat) => "set the attributes of the link's target",
            Reason::NotOffered(Extension::CopyData) => "download and upload instead",
            Reason::NotOffered(Extension::HomeDirectory | Extension::ExpandPath) => {
                "ask for the real path of \".\""
            }
            Reason::TooManyHandles(_) => "close a handle first",
            Reason::TooManyRequests(_) => "wait for requests to end",
            Reason::TooLong(_) => "use shorter paths or smaller blocks",
            Reason::Status(status) => match (status.code, self.step) {
                (StatusCode::Failure, Some(PacketType::RENAME)) => {
                    "a file with the new name may exist already"
                }
                (StatusCode::Failure, Some(PacketType::MKDIR)) => "it may exist already",
                (StatusCode::Failure, Some(PacketType::RMDIR)) => "it may not be empty",
                (StatusCode::Failure, Some(PacketType::REMOVE)) => "it may be a directory",
                (StatusCode::Failure, Some(PacketType::WRITE | PacketType::CLOSE)) => {
                    "the disk may be full or a quota used up"
                }
                _ => return None,
            },
            Reason::Lost => "connect again and look what was done",
            _ => return None,
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation)?;
        if let Some(path) = &self.path {
            write!(f, " \"{}\"", escaped(path))?;
        }
        if let Some(other) = &self.other {
            write!(f, " to \"{}\"", escaped(other))?;
        }
        if let Some(step) = self.step {
            write!(f, ", {step}")?;
        }
        if let Some(offset) = self.offset {
            write!(f, " at offset {offset}")?;
        }
        write!(f, ": {}", self.reason)?;
        if self.target_removed {
            f.write_str("; the file that had the new name is removed already")?;
        }
        match self.advice() {
            Some(advice) => write!(f, " ({advice})"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for Failure {}

/// A reason and where it arose, before it is known for which request.
#[derive(Clone, Debug)]
pub(super) struct Fault {
    pub(super) step: Option<PacketType>,
    pub(super) offset: Option<u64>,
    pub(super) removed: bool,
    pub(super) reason: Reason,
}

impl Fault {
    pub(super) const fn new(step: PacketType, reason: Reason) -> Self {
        Self {
            step: Some(step),
            offset: None,
            removed: false,
            reason,
        }
    }

    pub(super) const fn at(step: PacketType, offset: u64, reason: Reason) -> Self {
        Self {
            step: Some(step),
            offset: Some(offset),
            removed: false,
            reason,
        }
    }
}

/// One that arose before anything was sent.
impl From<Reason> for Fault {
    fn from(reason: Reason) -> Self {
        Self {
            step: None,
            offset: None,
            removed: false,
            reason,
        }
    }
}

/// Why a session ended. Nothing can be asked in it any more.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The server speaks another version only.
    #[error("the server speaks version {0} of SFTP, and this client version 3 alone")]
    Version(u32),
    /// The first packet is no greeting.
    #[error("the server began with {0} instead of VERSION")]
    NoVersion(PacketType),
    /// A second greeting.
    #[error("the server sent VERSION twice")]
    SecondVersion,
    /// The stream is no packets.
    #[error("the server sent {0}{hint}", hint = hint(*.0))]
    Frame(FrameError),
    /// A packet that cannot be read, and belongs to no request.
    #[error("the server sent a malformed packet: {0}")]
    Malformed(PacketError),
    /// An answer to nothing that is under way: never asked for, or answered already.
    #[error("the server answered with {reply} to id {id}, which is not under way")]
    UnknownId {
        /// The id.
        id: RequestId,
        /// What the answer is.
        reply: PacketType,
    },
    /// An answer of a kind that the request cannot have.
    #[error("the server answered {request} of id {id} with {reply}")]
    WrongReply {
        /// The id.
        id: RequestId,
        /// What was asked.
        request: PacketType,
        /// What came; a STATUS that says "success" where there must be more is one.
        reply: PacketType,
    },
    /// The server ended the channel while something was under way.
    #[error("the server closed the channel {0}")]
    Eof(Unfinished),
}

/// What was under way when the server closed the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfinished {
    /// Its greeting.
    Greeting,
    /// A packet.
    Packet,
    /// Requests.
    Requests,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greeting => {
                "before its greeting: the SFTP subsystem may be turned off for this user"
            }
            Self::Packet => "within a packet",
            Self::Requests => "before all requests were answered",
        })
    }
}

/// Text where a length should be comes from a shell.
fn hint(error: FrameError) -> &'static str {
    match error {
        FrameError::TooLong { length, .. }
            if length
                .to_be_bytes()
                .iter()
                .all(|b| b.is_ascii_graphic() || b.is_ascii_whitespace()) =>
        {
            ": that is text, which the user's shell may print at its start"
        }
        _ => "",
    }
}
