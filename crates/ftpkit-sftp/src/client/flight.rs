//! What is under way, and which answers it may get: [`Flight`].

use super::{RequestId, error::Reason};
use crate::packet::{
    Extended, ExtendedReply, PacketType, ReplyForm, Request, Response, StatusCode,
};

/// One packet that waits for its answer.
#[derive(Debug)]
pub(super) struct Flight {
    /// Whose it is; none for what the machine asks itself.
    pub(super) owner: Option<RequestId>,
    pub(super) packet: PacketType,
    /// Where in the file, for READ and WRITE.
    pub(super) offset: u64,
    expect: Expect,
}

/// What success looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Status,
    Handle,
    Data,
    Names,
    OneName,
    Attrs,
    Reply(ReplyForm),
}

/// An answer of a kind that the request cannot have.
pub(super) struct WrongKind;

/// What an answer comes to: success of the right kind, or why there is none.
pub(super) type Answer = Result<Response, Reason>;

impl Flight {
    pub(super) fn new(owner: Option<RequestId>, request: &Request) -> Self {
        let offset = match request {
            Request::Read { offset, .. } | Request::Write { offset, .. } => *offset,
            _ => 0,
        };
        Self {
            owner,
            packet: request.packet_type(),
            offset,
            expect: Expect::of(request),
        }
    }

    /// Holds an answer against what may come.
    pub(super) fn judge(&self, response: Response) -> Result<Answer, WrongKind> {
        let answer = match (self.expect, response) {
            (Expect::Status, Response::Status(status)) if status.is_ok() => {
                Ok(Response::Status(status))
            }
            (_, Response::Status(status)) if !status.is_ok() => Err(Reason::Status(status)),
            (Expect::OneName, Response::Name(names)) => match names.len() {
                1 => Ok(Response::Name(names)),
                count => Err(Reason::NotOneName(count)),
            },
            (Expect::Reply(form), Response::ExtendedReply(reply)) => reply
                .into_form(form)
                .map(Response::ExtendedReply)
                .map_err(Reason::Malformed),
            (Expect::Handle, response @ Response::Handle(_))
            | (Expect::Data, response @ Response::Data(_))
            | (Expect::Names, response @ Response::Name(_))
            | (Expect::Attrs, response @ Response::Attrs(_)) => Ok(response),
            _ => return Err(WrongKind),
        };
        Ok(answer)
    }
}

impl Expect {
    const fn of(request: &Request) -> Self {
        match request {
            Request::Open { .. } | Request::Opendir(_) => Self::Handle,
            Request::Read { .. } => Self::Data,
            Request::Readdir(_) => Self::Names,
            Request::Stat(_) | Request::Lstat(_) | Request::Fstat(_) => Self::Attrs,
            Request::Realpath(_)
            | Request::Readlink(_)
            | Request::Extended(Extended::ExpandPath(_) | Extended::HomeDirectory(_)) => {
                Self::OneName
            }
            Request::Extended(extended) => match extended.reply_form() {
                Some(form) => Self::Reply(form),
                None => Self::Status,
            },
            _ => Self::Status,
        }
    }
}

/// Whether the server says that nothing is left.
pub(super) fn is_eof(reason: &Reason) -> bool {
    matches!(reason, Reason::Status(status) if status.code == StatusCode::Eof)
}

/// An EXTENDED_REPLY's content, as it was judged.
pub(super) fn limits_of(answer: &Answer) -> Option<crate::packet::Limits> {
    match answer {
        Ok(Response::ExtendedReply(ExtendedReply::Limits(limits))) => Some(*limits),
        _ => None,
    }
}
