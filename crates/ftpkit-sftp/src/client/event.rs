//! What the client machine tells: [`Output`], [`Event`] and [`Outcome`].

use bytes::Bytes;

use super::{Error, Failure, Page, RequestId};
use crate::packet::{Attributes, Handle, Statvfs, UsersGroups};

/// One entry of the machine's output queue, which is totally ordered.
#[derive(Debug)]
#[non_exhaustive]
pub enum Output {
    /// Write these bytes, and the payload behind them: the very block that the application gave,
    /// or a slice of it.
    Write(Bytes, Option<Bytes>),
    /// News for the application.
    Event(Event),
    /// Nothing more to do until something comes or is asked for.
    Wait,
    /// The session is over: close the channel. Repeated for ever.
    Closed(Result<(), Error>),
}

/// News of one connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The server has greeted; what it offers is known. Requests may be submitted before.
    Ready,
    /// `limits@openssh.com` was answered; the block sizes are what the server allows.
    Limits(crate::packet::Limits),
    /// Names of a listing.
    Names(RequestId, Page),
    /// Payload of a download, in the order of the file and without gaps.
    Payload {
        /// The download.
        request: RequestId,
        /// Where in the file it begins.
        offset: u64,
        /// The bytes, a slice of the packet that they came in.
        bytes: Bytes,
    },
    /// An upload can take more, after
    /// [`wants_payload`](super::Connection::wants_payload) had said no.
    WantsPayload(RequestId),
    /// The server has written all of an upload from its start up to this many bytes.
    Progress {
        /// The upload.
        request: RequestId,
        /// How many bytes from the start on, without a gap.
        bytes: u64,
    },
    /// A request has ended. Sent exactly once for each.
    Done(RequestId, Outcome),
}

/// How a request ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The server did it, and there is nothing more to tell.
    Done,
    /// Attributes: of STAT, LSTAT, FSTAT.
    Attributes(Attributes),
    /// What was opened; it stays open until [`Request::Close`](super::Request::Close).
    Handle(Handle),
    /// What a single READ gave: at least one byte, and possibly less than was asked for.
    Data(Bytes),
    /// What a single READDIR gave.
    Page(Page),
    /// Nothing is left: of a single READ or READDIR.
    Eof,
    /// A path: of REALPATH, READLINK, `expand-path@openssh.com` and `home-directory`. Bytes as
    /// the server gave them; where a link points to may be anything.
    Path(Bytes),
    /// The space of a file system.
    Statvfs(Statvfs),
    /// Names of users and groups.
    UsersGroups(UsersGroups),
    /// A listing is complete.
    Listed(Listed),
    /// A download is complete.
    Downloaded(Downloaded),
    /// An upload is complete, and closed where the machine had opened it.
    Uploaded(Uploaded),
    /// It was not done.
    Failed(Failure),
}

/// A listing that is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Listed {
    /// How many names there were.
    pub entries: u64,
    /// How many were refused as unsafe.
    pub refused: u64,
}

/// A download that is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Downloaded {
    /// How many bytes were given to the application.
    pub bytes: u64,
    /// Whether the file's end was met. Where a length was asked for and this is set, the file
    /// is shorter.
    pub end_of_file: bool,
}

/// An upload that is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Uploaded {
    /// How many bytes were written.
    pub bytes: u64,
    /// Whether the server has brought them to the disk.
    pub synced: bool,
}
