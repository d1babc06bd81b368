//! How a request ended: [`StatusCode`] and [`Status`].

use core::fmt;

use bytes::Bytes;

use super::{PacketError, read::Reader, write::Writer};
use crate::text::escaped;

/// The code of a STATUS (sec. 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StatusCode {
    /// 0: it was done.
    Ok,
    /// 1: nothing is left to be read.
    Eof,
    /// 2: there is no such file.
    NoSuchFile,
    /// 3: this user may not.
    PermissionDenied,
    /// 4: it failed; no other code says how.
    Failure,
    /// 5: the packet is malformed.
    BadMessage,
    /// 6: there is no connection; made by a client, never sent.
    NoConnection,
    /// 7: the connection was lost; made by a client, never sent.
    ConnectionLost,
    /// 8: the server cannot do this.
    OpUnsupported,
    /// A code of a later version of the protocol.
    Other(u32),
}

impl StatusCode {
    /// The code with this number.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        match number {
            0 => Self::Ok,
            1 => Self::Eof,
            2 => Self::NoSuchFile,
            3 => Self::PermissionDenied,
            4 => Self::Failure,
            5 => Self::BadMessage,
            6 => Self::NoConnection,
            7 => Self::ConnectionLost,
            8 => Self::OpUnsupported,
            other => Self::Other(other),
        }
    }

    /// The number on the wire.
    #[must_use]
    pub const fn number(self) -> u32 {
        match self {
            Self::Ok => 0,
            Self::Eof => 1,
            Self::NoSuchFile => 2,
            Self::PermissionDenied => 3,
            Self::Failure => 4,
            Self::BadMessage => 5,
            Self::NoConnection => 6,
            Self::ConnectionLost => 7,
            Self::OpUnsupported => 8,
            Self::Other(number) => number,
        }
    }

    /// What it means, in a few words, for a message where there is nothing better to say.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Ok => "success",
            Self::Eof => "end of file",
            Self::NoSuchFile => "no such file",
            Self::PermissionDenied => "permission denied",
            Self::Failure => "failure",
            Self::BadMessage => "bad message",
            Self::NoConnection => "no connection",
            Self::ConnectionLost => "connection lost",
            Self::OpUnsupported => "operation unsupported",
            Self::Other(_) => "unknown status",
        }
    }
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.text(), self.number())
    }
}

/// A STATUS: how a request ended, with words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// What became of the request.
    pub code: StatusCode,
    /// Words for people, UTF-8 if the peer keeps to the draft; may be empty.
    pub message: Bytes,
    /// The language of the message (RFC 1766); mostly empty.
    pub language: Bytes,
}

impl Status {
    /// A status with these words, in no language in particular.
    #[must_use]
    pub fn new(code: StatusCode, message: impl Into<Bytes>) -> Self {
        Self {
            code,
            message: message.into(),
            language: Bytes::new(),
        }
    }

    /// It was done.
    #[must_use]
    pub fn ok() -> Self {
        StatusCode::Ok.into()
    }

    /// Whether it was done.
    #[must_use]
    pub const fn is_ok(&self) -> bool {
        matches!(self.code, StatusCode::Ok)
    }

    /// Servers of versions 1 and 2 end it behind the code, and so do careless ones of version 3.
    pub(super) fn read(reader: &mut Reader) -> Result<Self, PacketError> {
        let code = StatusCode::from_number(reader.u32("status code")?);
        let mut text = |field| match reader.is_at_end() {
            true => Ok(Bytes::new()),
            false => reader.string(field),
        };
        Ok(Self {
            code,
            message: text("error message")?,
            language: text("language tag")?,
        })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.u32(self.code.number());
        writer.string(&self.message);
        writer.string(&self.language);
    }
}

/// With the words that the code stands for.
impl From<StatusCode> for Status {
    fn from(code: StatusCode) -> Self {
        Self::new(code, code.text())
    }
}

/// For people: the code, and the peer's words with control characters escaped.
impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if !self.message.is_empty() && self.message != self.code.text() {
            write!(f, ": {}", escaped(&self.message))?;
        }
        Ok(())
    }
}
