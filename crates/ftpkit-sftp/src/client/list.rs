//! A directory as a whole: [`ListRun`].

use super::{
    Event, Outcome, Page, Request, RequestId,
    connection::{Connection, Step},
    error::{Fault, Reason},
    event::Listed,
    flight::{Answer, Flight, is_eof},
};
use crate::packet::{Handle, PacketType, Request as Packet, Response};

/// A listing under way.
#[derive(Debug, Default)]
pub(super) struct ListRun {
    begun: bool,
    handle: Option<Handle>,
    under_way: u32,
    /// The end was met, or there is no use in going on.
    ended: bool,
    cancelled: bool,
    /// The application wants nothing more for now.
    held: bool,
    fault: Option<Fault>,
    closing: bool,
    entries: u64,
    refused: u64,
}

impl ListRun {
    pub(super) const fn is_begun(&self) -> bool {
        self.begun
    }

    pub(super) fn begin(
        &mut self,
        connection: &mut Connection,
        id: RequestId,
        request: &Request,
    ) -> Step {
        let Request::List(path) = request else {
            return None;
        };
        self.begun = true;
        let sent = connection.send(Some(id), Packet::Opendir(path.clone()));
        sent.err().map(Err)
    }

    pub(super) fn hold(&mut self, connection: &mut Connection, id: RequestId, hold: bool) -> Step {
        self.held = hold;
        self.advance(connection, id)
    }

    pub(super) fn cancel(&mut self, connection: &mut Connection, id: RequestId) -> Step {
        self.cancelled = true;
        self.stop(Reason::Cancelled.into());
        self.advance(connection, id)
    }

    fn stop(&mut self, fault: Fault) {
        self.ended = true;
        self.fault.get_or_insert(fault);
    }

    pub(super) fn on_answer(
        &mut self,
        connection: &mut Connection,
        id: RequestId,
        flight: &Flight,
        answer: Answer,
    ) -> Step {
        match (flight.packet, answer) {
            (PacketType::OPENDIR, Ok(Response::Handle(handle))) => self.handle = Some(handle),
            (PacketType::OPENDIR, Err(reason)) => {
                return Some(Err(Fault::new(PacketType::OPENDIR, reason)));
            }
            // What was read is read, whatever becomes of the handle.
            (PacketType::CLOSE, _) => return Some(self.result()),
            (_, answer) => {
                self.under_way = self.under_way.saturating_sub(1);
                match answer {
                    Ok(Response::Name(names)) => self.on_names(connection, id, names),
                    Ok(_) => {}
                    Err(reason) if is_eof(&reason) => self.ended = true,
                    Err(reason) => self.stop(Fault::new(PacketType::READDIR, reason)),
                }
            }
        }
        self.advance(connection, id)
    }

    fn on_names(
        &mut self,
        connection: &mut Connection,
        id: RequestId,
        names: alloc::vec::Vec<crate::packet::Name>,
    ) {
        if names.is_empty() {
            // A server that has nothing more to say without saying so would be asked for ever.
            self.ended = true;
        }
        let page = Page::new(names);
        if self.cancelled || page.entries.is_empty() && page.refused.is_empty() {
            return;
        }
        self.entries += page.entries.len() as u64;
        self.refused += page.refused.len() as u64;
        connection.event(Event::Names(id, page));
    }

    fn advance(&mut self, connection: &mut Connection, id: RequestId) -> Step {
        let handle = self.handle.clone()?;
        while !self.ended && !self.held && self.under_way < connection.config().max_readdirs.max(1)
        {
            match connection.send(Some(id), Packet::Readdir(handle.clone())) {
                Ok(()) => self.under_way += 1,
                Err(fault) => self.stop(fault),
            }
        }
        if !self.ended || self.under_way > 0 || self.closing {
            return None;
        }
        self.closing = true;
        match connection.send(Some(id), Packet::Close(handle)) {
            Ok(()) => None,
            Err(_) => Some(self.result()),
        }
    }

    fn result(&mut self) -> Result<Outcome, Fault> {
        match self.fault.take() {
            Some(fault) => Err(fault),
            None => Ok(Outcome::Listed(Listed {
                entries: self.entries,
                refused: self.refused,
            })),
        }
    }
}
