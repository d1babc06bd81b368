//! From an answer to its response.

use alloc::vec::Vec;

use bytes::Bytes;

use super::{
    ask::{Refusal, sealed::Sealed},
    connection::{Connection, Pending},
    event::{
        Change, Close, Event, FileId, List, Names, Open, OpenDirectory, Page, Query, Read, Resolve,
        Space, Write,
    },
    handles::{Kind, Listing},
};
use crate::packet::{
    Attributes, ExtendedReply, Response, Status, StatusCode, Statvfs, UsersGroups,
};

fn ok((): ()) -> Response {
    Status::ok().into()
}

impl Sealed<FileId> for Open {
    fn settle(
        self,
        connection: &mut Connection,
        pending: Pending,
        answer: Result<FileId, Refusal>,
    ) {
        connection.opened(pending, answer, Kind::File(self.intent));
    }

    fn late(connection: &mut Connection, answer: Result<FileId, Refusal>) {
        connection.opened_late(answer);
    }
}

impl Sealed<FileId> for OpenDirectory {
    fn settle(
        self,
        connection: &mut Connection,
        pending: Pending,
        answer: Result<FileId, Refusal>,
    ) {
        connection.opened(pending, answer, Kind::Directory(Listing::default()));
    }

    fn late(connection: &mut Connection, answer: Result<FileId, Refusal>) {
        connection.opened_late(answer);
    }
}

impl Sealed<Bytes> for Read {
    fn settle(self, connection: &mut Connection, pending: Pending, answer: Result<Bytes, Refusal>) {
        connection.finish_with(pending, answer, |mut data| {
            data.truncate(usize::try_from(self.length).unwrap_or(usize::MAX));
            match data.is_empty() {
                // An empty DATA would let a client ask for ever.
                true => Status::from(StatusCode::Eof).into(),
                false => Response::Data(data),
            }
        });
    }
}

impl Sealed<()> for Write {
    fn settle(self, connection: &mut Connection, pending: Pending, answer: Result<(), Refusal>) {
        connection.finish_with(pending, answer, ok);
    }
}

impl Sealed<Page> for List {
    fn settle(self, connection: &mut Connection, pending: Pending, answer: Result<Page, Refusal>) {
        let (page, number) = match (answer, pending.on) {
            (Ok(page), [Some((number, _)), _]) => (page, number),
            (answer, _) => {
                let end = |_| Status::from(StatusCode::Eof).into();
                return connection.finish_with(pending, answer, end);
            }
        };
        let opened = connection.handles.get(number);
        if let Some(Kind::Directory(listing)) = opened.map(|opened| &mut opened.kind) {
            listing.last = page.last || page.entries.is_empty();
            listing.now = page.now;
            listing.entries.extend(page.entries);
        }
        match connection.names(number) {
            Some(response) => connection.finish(pending, response),
            // No entry of the page could be told.
            None => connection.ask(pending, self, Event::List),
        }
    }
}

impl Sealed<()> for Close {
    fn settle(self, connection: &mut Connection, pending: Pending, answer: Result<(), Refusal>) {
        for (number, _) in pending.on.into_iter().flatten() {
            connection.handles.remove(number);
        }
        connection.finish_with(pending, answer, ok);
    }
}

impl Sealed<Attributes> for Query {
    fn settle(
        self,
        connection: &mut Connection,
        pending: Pending,
        answer: Result<Attributes, Refusal>,
    ) {
        connection.finish_with(pending, answer, Response::Attrs);
    }
}

impl Sealed<()> for Change {
    fn settle(self, connection: &mut Connection, pending: Pending, answer: Result<(), Refusal>) {
        connection.finish_with(pending, answer, ok);
    }
}

impl Sealed<Bytes> for Resolve {
    fn settle(self, connection: &mut Connection, pending: Pending, answer: Result<Bytes, Refusal>) {
        connection.finish_with(pending, answer, Connection::path);
    }
}

impl Sealed<Statvfs> for Space {
    fn settle(
        self,
        connection: &mut Connection,
        pending: Pending,
        answer: Result<Statvfs, Refusal>,
    ) {
        connection.finish_with(pending, answer, |space| {
            Response::ExtendedReply(ExtendedReply::Statvfs(space))
        });
    }
}

impl Sealed<UsersGroups> for Names {
    fn settle(
        self,
        connection: &mut Connection,
        pending: Pending,
        answer: Result<UsersGroups, Refusal>,
    ) {
        connection.finish_with(pending, answer, |mut names| {
            // A client matches names to numbers by their place.
            fit(&mut names.users, self.uids.len());
            fit(&mut names.groups, self.gids.len());
            Response::ExtendedReply(ExtendedReply::UsersGroups(names))
        });
    }
}

fn fit(names: &mut Vec<Bytes>, length: usize) {
    names.resize(length, Bytes::new());
}
