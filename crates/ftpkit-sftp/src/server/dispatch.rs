//! From a request to its question, or to its refusal.

use alloc::vec;

use bytes::Bytes;

use super::{
    ask::{Ask, Refusal, RefusalKind},
    connection::{Connection, Pending, Taken},
    event::{
        Change, Close, Event, Intent, List, Names, Open, OpenDirectory, Place, Query, Read,
        Resolve, Space, Target, Write,
    },
    handles::{Kind, Load, Task, Work},
    refuse::{self, Own},
};
use crate::packet::{
    Attributes, Extended, ExtendedReply, Handle, OpenFlags, Request, Response, Status, StatusCode,
};

/// A NAME shorter than this might not hold the longest name there is.
const LEAST_LISTING: usize = 4096;
/// No file is longer, on any system.
const MAX_SIZE: u64 = i64::MAX as u64;

impl Connection {
    /// Takes a request up that was counted. It is asked, waits for others on its handle, is
    /// answered at once, or stalls.
    pub(super) fn take_up(&mut self, id: Taken, request: Request) {
        match request {
            Request::Open {
                path,
                flags,
                attributes,
            } => self.open(id, path, flags, attributes),
            Request::Opendir(path) => {
                if self.may_open(id) {
                    self.question(id, OpenDirectory { path }, Event::OpenDirectory);
                }
            }
            Request::Close(handle) => self.close(id, &handle),
            Request::Read {
                handle,
                offset,
                length,
            } => self.read(id, &handle, offset, length),
            Request::Write {
                handle,
                offset,
                data,
            } => self.write(id, &handle, offset, data),
            Request::Readdir(handle) => self.list(id, &handle),
            Request::Fstat(handle) => self.look(id, &handle, Task::Attributes),
            Request::Fsetstat { handle, attributes } => {
                self.set_attributes(id, &handle, attributes);
            }
            Request::Stat(path) => self.query(id, Target::Path(path)),
            Request::Lstat(path) => self.query(id, Target::Link(path)),
            Request::Setstat { path, attributes } => {
                self.set_attributes_of(id, Target::Path(path), attributes);
            }
            Request::Remove(path) => self.change(id, Change::RemoveFile(path)),
            Request::Mkdir { path, attributes } => {
                self.change(id, Change::MakeDirectory { path, attributes });
            }
            Request::Rmdir(path) => self.change(id, Change::RemoveDirectory(path)),
            Request::Rename { from, to } => {
                let replace = false;
                self.change(id, Change::Rename { from, to, replace });
            }
            Request::Symlink { target, link } => {
                self.change(id, Change::MakeSymlink { target, link });
            }
            Request::Realpath(path) => self.resolve(id, Resolve::Real(path)),
            Request::Readlink(path) => self.resolve(id, Resolve::Link(path)),
            Request::Extended(extended) => self.extended(id, extended),
            Request::Unknown { .. } => self.unsupported(id),
        }
    }

    fn extended(&mut self, id: Taken, extended: Extended) {
        let offers = self.config.offers;
        if !extended.extension().is_some_and(|e| offers.has(e)) {
            return self.unsupported(id);
        }
        match extended {
            Extended::PosixRename { from, to } => {
                let replace = true;
                self.change(id, Change::Rename { from, to, replace });
            }
            Extended::Statvfs(path) => {
                let of = Target::Path(path);
                self.question(id, Space { of }, Event::Space);
            }
            Extended::Fstatvfs(handle) => self.look(id, &handle, Task::Space),
            Extended::Hardlink { from, to } => self.change(id, Change::MakeHardlink { from, to }),
            Extended::Fsync(handle) => self.sync(id, &handle),
            Extended::Lsetstat { path, attributes } => {
                self.set_attributes_of(id, Target::Link(path), attributes);
            }
            Extended::Limits => {
                let limits = ExtendedReply::Limits(self.config.limits());
                self.done(id, Response::ExtendedReply(limits));
            }
            Extended::ExpandPath(path) => self.resolve(id, Resolve::Expand(path)),
            Extended::HomeDirectory(user) => self.resolve(id, Resolve::Home(user)),
            Extended::UsersGroupsById { uids, gids } => {
                self.question(id, Names { uids, gids }, Event::Names);
            }
            copy @ Extended::CopyData { .. } => self.copy(id, copy),
            Extended::Other { .. } => self.unsupported(id),
        }
    }

    fn refuse(&mut self, id: Taken, own: Own) {
        self.done(id, Status::from(own).into());
    }

    fn refuse_as(&mut self, id: Taken, kind: RefusalKind) {
        self.done(id, refuse::status(Refusal::new(kind)).into());
    }

    fn unsupported(&mut self, id: Taken) {
        self.done(id, Status::from(StatusCode::OpUnsupported).into());
    }

    /// Asks what is about no handle.
    fn question<Q>(&mut self, id: Taken, question: Q, event: fn(Ask<Q>) -> Event) {
        let on = [None; 2];
        self.ask(Pending { id, on }, question, event);
    }

    fn query(&mut self, id: Taken, of: Target) {
        self.question(id, Query { of }, Event::Query);
    }

    fn change(&mut self, id: Taken, change: Change) {
        self.question(id, change, Event::Change);
    }

    fn resolve(&mut self, id: Taken, resolve: Resolve) {
        self.question(id, resolve, Event::Resolve);
    }

    fn set_attributes_of(&mut self, id: Taken, of: Target, attributes: Attributes) {
        if attributes.size.is_some_and(|size| size > MAX_SIZE) {
            return self.refuse_as(id, RefusalKind::BeyondEnd);
        }
        self.change(id, Change::SetAttributes { of, attributes });
    }

    /// Counts an OPEN or OPENDIR, or refuses it where too much is open.
    fn may_open(&mut self, id: Taken) -> bool {
        let may = self.handles.len() + self.opening < self.config.handles;
        match may {
            true => self.opening += 1,
            false => self.refuse_as(id, RefusalKind::TooMany),
        }
        may
    }

    fn open(&mut self, id: Taken, path: Bytes, flags: OpenFlags, attributes: Attributes) {
        let Some(intent) = Intent::from_flags(flags) else {
            return self.refuse(id, Own::OpenFlags);
        };
        if self.may_open(id) {
            let open = Open {
                path,
                intent,
                attributes,
            };
            self.question(id, open, Event::Open);
        }
    }

    /// Lets what is about one handle begin, or wait behind what it must not overtake.
    fn on_handle(&mut self, id: Taken, number: u64, task: Task) {
        if let Some(opened) = self.handles.get(number) {
            opened.push(Work { id, task });
        }
        self.pump(number);
    }

    fn close(&mut self, id: Taken, handle: &Handle) {
        match self.handles.find(handle) {
            Ok((number, opened)) => {
                opened.closing = true;
                self.on_handle(id, number, Task::Close);
            }
            Err(own) => self.refuse(id, own),
        }
    }

    fn read(&mut self, id: Taken, handle: &Handle, offset: u64, length: u32) {
        let found = self.handles.find(handle);
        let number = match found.and_then(|(n, opened)| opened.for_reading().map(|()| n)) {
            Ok(number) => number,
            Err(own) => return self.refuse(id, own),
        };
        if length == 0 {
            return self.refuse(id, Own::ReadOfNothing);
        }
        let left = MAX_SIZE.saturating_sub(offset);
        let length = length.min(self.config.max_read.max(1));
        let length = u32::try_from(left).map_or(length, |left| length.min(left));
        if length == 0 {
            // Behind the longest file there is nothing.
            return self.done(id, Status::from(StatusCode::Eof).into());
        }
        let id = self.hold(id, usize::try_from(length).unwrap_or(usize::MAX));
        self.on_handle(id, number, Task::Read { offset, length });
    }

    fn write(&mut self, id: Taken, handle: &Handle, offset: u64, data: Bytes) {
        let found = self.handles.find(handle);
        let (number, intent) = match found.and_then(|(n, o)| o.for_writing().map(|i| (n, i))) {
            Ok(found) => found,
            Err(own) => return self.refuse(id, own),
        };
        let length = data.len() as u64;
        if length > self.config.max_write.into() {
            return self.refuse(id, Own::WriteTooLong);
        }
        if length == 0 {
            return self.done(id, Status::ok().into());
        }
        let task = match intent.append {
            true => Task::Append(data),
            false
                if offset
                    .checked_add(length)
                    .is_some_and(|end| end <= MAX_SIZE) =>
            {
                Task::Write { offset, data }
            }
            false => return self.refuse_as(id, RefusalKind::BeyondEnd),
        };
        self.on_handle(id, number, task);
    }

    fn list(&mut self, id: Taken, handle: &Handle) {
        match self.handles.find(handle) {
            Ok((number, opened)) => match opened.kind {
                Kind::Directory(_) => self.on_handle(id, number, Task::List),
                Kind::File(_) => self.refuse(id, Own::NotADirectory),
            },
            Err(own) => self.refuse(id, own),
        }
    }

    /// FSTAT and `fstatvfs@openssh.com`.
    fn look(&mut self, id: Taken, handle: &Handle, task: Task) {
        let found = self.handles.find(handle);
        match found.and_then(|(number, opened)| opened.intent().map(|_| number)) {
            Ok(number) => self.on_handle(id, number, task),
            Err(own) => self.refuse(id, own),
        }
    }

    fn sync(&mut self, id: Taken, handle: &Handle) {
        let found = self.handles.find(handle);
        match found.and_then(|(number, opened)| opened.intent().map(|_| number)) {
            Ok(number) => self.on_handle(id, number, Task::Sync),
            Err(own) => self.refuse(id, own),
        }
    }

    fn set_attributes(&mut self, id: Taken, handle: &Handle, attributes: Attributes) {
        let found = self.handles.find(handle);
        let may = |(number, opened): (u64, &mut super::handles::Opened)| {
            match attributes.size {
                Some(_) => opened.for_writing()?,
                None => opened.intent()?,
            };
            Ok(number)
        };
        match found.and_then(may) {
            Ok(_) if attributes.size.is_some_and(|size| size > MAX_SIZE) => {
                self.refuse_as(id, RefusalKind::BeyondEnd);
            }
            Ok(number) => self.on_handle(id, number, Task::SetAttributes(attributes)),
            Err(own) => self.refuse(id, own),
        }
    }

    /// A copy needs both handles for itself. It is rare, so that whatever is behind it may wait
    /// too, which is simpler than a request in two queues.
    fn copy(&mut self, id: Taken, copy: Extended) {
        let Extended::CopyData {
            from,
            from_offset,
            length,
            to,
            to_offset,
        } = &copy
        else {
            return self.unsupported(id);
        };
        let source = self.handles.find(from).and_then(|(number, opened)| {
            opened.for_reading()?;
            Ok((number, opened.file, opened.is_idle()))
        });
        let target = self.handles.find(to).and_then(|(number, opened)| {
            opened.for_writing()?;
            Ok((number, opened.file, opened.is_idle()))
        });
        let (source, target) = match (source, target) {
            (Ok(source), Ok(target)) => (source, target),
            (Err(own), _) | (_, Err(own)) => return self.refuse(id, own),
        };
        if source.0 == target.0 {
            return self.refuse(id, Own::SameHandle);
        }
        let fits = |offset: &u64| {
            offset
                .checked_add(*length)
                .is_some_and(|end| end <= MAX_SIZE)
        };
        if !fits(from_offset) || !fits(to_offset) {
            return self.refuse_as(id, RefusalKind::BeyondEnd);
        }
        if !source.2 || !target.2 {
            self.stalled = Some((id, Request::Extended(copy)));
            return;
        }
        let change = Change::Copy {
            from: (source.1, *from_offset),
            to: (target.1, *to_offset),
            length: (*length != 0).then_some(*length),
        };
        for number in [source.0, target.0] {
            if let Some(opened) = self.handles.get(number) {
                opened.occupy();
            }
        }
        let on = [source.0, target.0].map(|number| Some((number, Load::Alone)));
        self.ask(Pending { id, on }, change, Event::Change);
    }

    /// Lets all begin that may, of what waits on a handle.
    pub(super) fn pump(&mut self, number: u64) {
        while let Some(opened) = self.handles.get(number) {
            let file = opened.file;
            let Some((work, load)) = opened.begin() else {
                return;
            };
            let on = [Some((number, load)), None];
            let pending = Pending { id: work.id, on };
            let of = Target::File(file);
            match work.task {
                Task::Read { offset, length } => {
                    let read = Read {
                        file,
                        offset,
                        length,
                    };
                    self.ask(pending, read, Event::Read);
                }
                Task::Write { offset, data } => {
                    let place = Place::Offset(offset);
                    self.ask(pending, Write { file, place, data }, Event::Write);
                }
                Task::Append(data) => {
                    let place = Place::End;
                    self.ask(pending, Write { file, place, data }, Event::Write);
                }
                Task::Attributes => self.ask(pending, Query { of }, Event::Query),
                Task::SetAttributes(attributes) => {
                    self.ask(
                        pending,
                        Change::SetAttributes { of, attributes },
                        Event::Change,
                    );
                }
                Task::Space => self.ask(pending, Space { of }, Event::Space),
                Task::Sync => self.ask(pending, Change::Sync(file), Event::Change),
                Task::Close => self.ask(pending, Close { file }, Event::Close),
                Task::List => {
                    if let Some(response) = self.names(number) {
                        self.done(work.id, response);
                        if let Some(opened) = self.handles.get(number) {
                            opened.release(load);
                        }
                    } else {
                        let directory = file;
                        self.ask(pending, List { directory }, Event::List);
                    }
                }
            }
        }
    }

    /// What READDIR is answered with, if that is known without a question.
    pub(super) fn names(&mut self, number: u64) -> Option<Response> {
        let most = self.config.max_listing.max(LEAST_LISTING);
        let Kind::Directory(listing) = &mut self.handles.get(number)?.kind else {
            return None;
        };
        let names = listing.fill(most);
        match names.is_empty() {
            false => Some(Response::Name(names)),
            true if listing.last => Some(Status::from(StatusCode::Eof).into()),
            true => None,
        }
    }

    /// The answer that is one path.
    pub(super) fn path(path: Bytes) -> Response {
        Response::Name(vec![crate::packet::Name::of_path(path)])
    }
}
