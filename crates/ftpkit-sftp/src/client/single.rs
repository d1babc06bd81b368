//! Requests that are one packet and one answer.
//! What belongs elsewhere: those that take several (`list`, `rename`, `download`, `upload`).

use super::{
    Outcome, Page, Request,
    error::{Fault, Reason},
    flight::{Answer, is_eof},
};
use crate::packet::{Extended, ExtendedReply, PacketType, Request as Packet, Response};

/// The packet of a request that is one packet.
pub(super) fn single(request: &Request) -> Option<Packet> {
    Some(match request.clone() {
        Request::Stat(path) => Packet::Stat(path),
        Request::Lstat(path) => Packet::Lstat(path),
        Request::Fstat(handle) => Packet::Fstat(handle),
        Request::Setstat { path, attributes } => Packet::Setstat { path, attributes },
        Request::Fsetstat { handle, attributes } => Packet::Fsetstat { handle, attributes },
        Request::Lsetstat { path, attributes } => {
            Packet::Extended(Extended::Lsetstat { path, attributes })
        }
        Request::Open {
            path,
            flags,
            attributes,
        } => Packet::Open {
            path,
            flags,
            attributes,
        },
        Request::Opendir(path) => Packet::Opendir(path),
        Request::Close(handle) => Packet::Close(handle),
        Request::Read {
            handle,
            offset,
            length,
        } => Packet::Read {
            handle,
            offset,
            length,
        },
        Request::Write {
            handle,
            offset,
            data,
        } => Packet::Write {
            handle,
            offset,
            data,
        },
        Request::Readdir(handle) => Packet::Readdir(handle),
        Request::Remove(path) => Packet::Remove(path),
        Request::Mkdir { path, attributes } => Packet::Mkdir { path, attributes },
        Request::Rmdir(path) => Packet::Rmdir(path),
        Request::Symlink { target, link } => Packet::Symlink { target, link },
        Request::Readlink(path) => Packet::Readlink(path),
        Request::Realpath(path) => Packet::Realpath(path),
        Request::Hardlink { from, to } => Packet::Extended(Extended::Hardlink { from, to }),
        Request::Statvfs(path) => Packet::Extended(Extended::Statvfs(path)),
        Request::Fstatvfs(handle) => Packet::Extended(Extended::Fstatvfs(handle)),
        Request::Fsync(handle) => Packet::Extended(Extended::Fsync(handle)),
        Request::CopyData {
            from,
            from_offset,
            length,
            to,
            to_offset,
        } => Packet::Extended(Extended::CopyData {
            from,
            from_offset,
            length,
            to,
            to_offset,
        }),
        Request::HomeDirectory(user) => Packet::Extended(Extended::HomeDirectory(user)),
        Request::ExpandPath(path) => Packet::Extended(Extended::ExpandPath(path)),
        Request::UsersGroups { uids, gids } => {
            Packet::Extended(Extended::UsersGroupsById { uids, gids })
        }
        Request::List(_) | Request::Rename { .. } | Request::Download(_) | Request::Upload(_) => {
            return None;
        }
    })
}

/// What the answer to a single packet means.
pub(super) fn outcome(packet: PacketType, answer: Answer) -> Result<Outcome, Fault> {
    let fault = |reason| Err(Fault::new(packet, reason));
    match answer {
        Ok(Response::Status(_)) => Ok(Outcome::Done),
        Ok(Response::Handle(handle)) => Ok(Outcome::Handle(handle)),
        Ok(Response::Data(data)) if data.is_empty() => fault(Reason::NoData),
        Ok(Response::Data(data)) => Ok(Outcome::Data(data)),
        Ok(Response::Attrs(attributes)) => Ok(Outcome::Attributes(attributes)),
        Ok(Response::Name(names)) if packet == PacketType::READDIR => {
            Ok(Outcome::Page(Page::new(names)))
        }
        Ok(Response::Name(names)) => match names.into_iter().next() {
            Some(name) => Ok(Outcome::Path(name.name)),
            None => fault(Reason::NotOneName(0)),
        },
        Ok(Response::ExtendedReply(ExtendedReply::Statvfs(space))) => Ok(Outcome::Statvfs(space)),
        Ok(Response::ExtendedReply(ExtendedReply::UsersGroups(names))) => {
            Ok(Outcome::UsersGroups(names))
        }
        Ok(Response::ExtendedReply(_)) => Ok(Outcome::Done),
        Err(reason)
            if matches!(packet, PacketType::READ | PacketType::READDIR) && is_eof(&reason) =>
        {
            Ok(Outcome::Eof)
        }
        Err(reason) => fault(reason),
    }
}
