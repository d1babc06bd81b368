//! A file's content, read ahead and put in order: [`DownloadRun`].

use alloc::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;

use super::{
    Config, Download, Event, File, Outcome, Request, RequestId,
    connection::{Connection, Step},
    error::{Fault, Reason},
    event::Downloaded,
    flight::{Answer, Flight, is_eof},
    window::Window,
};
use crate::packet::{Attributes, Handle, OpenFlags, PacketType, Request as Packet, Response};

/// What a block is never cut below, where a server gives less than it is asked for.
const LEAST_BLOCK: u32 = 4096;

/// A download under way.
///
/// The file from `at` to `next` is covered by slots without a gap: what was asked for, what is to
/// be asked again, and what has come and waits for something before it.
#[derive(Debug)]
pub(super) struct DownloadRun {
    begun: bool,
    handle: Option<Handle>,
    /// Whether the handle is the machine's own.
    owned: bool,
    start: u64,
    /// Where the part that is wanted ends.
    end: u64,
    /// What has been given to the application ends here.
    at: u64,
    /// What has been asked for ends here.
    next: u64,
    slots: BTreeMap<u64, Slot>,
    /// The slots that are to be asked for again.
    missing: BTreeSet<u64>,
    /// How many slots met the end of the file.
    ends: usize,
    under_way: usize,
    window: Window,
    block: u32,
    max_bytes: u64,
    fault: Option<Fault>,
    cancelled: bool,
    /// The application wants nothing more for now.
    held: bool,
    ended: bool,
    end_of_file: bool,
    closing: bool,
}

#[derive(Debug)]
struct Slot {
    length: u32,
    state: State,
    /// It is the rest of a READ that gave so much only.
    rest_of: Option<u32>,
    /// It was asked again after the file's end was met here, but data behind it.
    again: bool,
}

#[derive(Debug)]
enum State {
    Missing,
    Asked,
    Came(Bytes),
    End,
    Failed,
}

impl DownloadRun {
    pub(super) fn new(download: &Download, config: &Config) -> Self {
        let length = download.length.unwrap_or(u64::MAX);
        Self {
            begun: false,
            handle: None,
            owned: download.file.path().is_some(),
            start: download.offset,
            end: download.offset.saturating_add(length),
            at: download.offset,
            next: download.offset,
            slots: BTreeMap::new(),
            missing: BTreeSet::new(),
            ends: 0,
            under_way: 0,
            window: Window::new(config.max_in_flight),
            block: u32::MAX,
            max_bytes: config.max_bytes,
            fault: None,
            cancelled: false,
            held: false,
            ended: false,
            end_of_file: false,
            closing: false,
        }
    }

    pub(super) const fn is_begun(&self) -> bool {
        self.begun
    }

    pub(super) fn begin(
        &mut self,
        connection: &mut Connection,
        id: RequestId,
        request: &Request,
    ) -> Step {
        let Request::Download(download) = request else {
            return None;
        };
        self.begun = true;
        match &download.file {
            File::Handle(handle) => {
                self.handle = Some(handle.clone());
                self.advance(connection, id)
            }
            File::Path(path) => {
                let open = Packet::Open {
                    path: path.clone(),
                    flags: OpenFlags::READ,
                    attributes: Attributes::default(),
                };
                connection.send(Some(id), open).err().map(Err)
            }
        }
    }

    pub(super) fn hold(&mut self, connection: &mut Connection, id: RequestId, hold: bool) -> Step {
        self.held = hold;
        self.advance(connection, id)
    }

    pub(super) fn cancel(&mut self, connection: &mut Connection, id: RequestId) -> Step {
        self.cancelled = true;
        self.slots = BTreeMap::new();
        self.missing = BTreeSet::new();
        self.fault.get_or_insert(Reason::Cancelled.into());
        self.advance(connection, id)
    }

    pub(super) fn on_answer(
        &mut self,
        connection: &mut Connection,
        id: RequestId,
        flight: &Flight,
        answer: Answer,
    ) -> Step {
        match (flight.packet, answer) {
            (PacketType::OPEN, Ok(Response::Handle(handle))) => self.handle = Some(handle),
            (PacketType::OPEN, Err(reason)) => {
                return Some(Err(Fault::new(PacketType::OPEN, reason)));
            }
            // What was read is read, whatever becomes of the handle.
            (PacketType::CLOSE, _) => return Some(self.result()),
            (_, answer) => {
                self.under_way = self.under_way.saturating_sub(1);
                if !self.cancelled {
                    self.on_read(flight.offset, answer);
                    self.deliver(connection, id);
                }
            }
        }
        self.advance(connection, id)
    }

    fn on_read(&mut self, offset: u64, answer: Answer) {
        let Some(slot) = self.slots.get_mut(&offset) else {
            return;
        };
        let asked = slot.length;
        let reason = match answer {
            Ok(Response::Data(data)) => match u32::try_from(data.len()) {
                Ok(0) => Reason::NoData,
                Ok(got) if got <= asked => return self.on_data(offset, data, got),
                _ => {
                    let got = data.len();
                    Reason::TooMuchData { asked, got }
                }
            },
            Ok(_) => return,
            Err(reason) if is_eof(&reason) => {
                slot.state = State::End;
                self.ends += 1;
                return;
            }
            Err(reason) => reason,
        };
        slot.state = State::Failed;
        let fault = Fault::at(PacketType::READ, offset, reason);
        let lower = |first: &Fault| first.offset.is_none_or(|first| offset < first);
        if self.fault.as_ref().is_none_or(lower) {
            self.fault = Some(fault);
        }
    }

    fn on_data(&mut self, offset: u64, data: Bytes, got: u32) {
        let Some(slot) = self.slots.get_mut(&offset) else {
            return;
        };
        let asked = slot.length;
        if let Some(given) = slot.rest_of {
            // It was no end of the file: the server gives less than it is asked for.
            self.block = self.block.min(given.max(LEAST_BLOCK));
        }
        slot.length = got;
        // A small piece that waits must not keep a large packet alive.
        let wasteful = offset != self.at && got < asked / 2;
        slot.state = State::Came(match wasteful {
            true => Bytes::copy_from_slice(&data),
            false => data,
        });
        if got == asked {
            return self.window.full();
        }
        self.window.short();
        let rest = offset + u64::from(got);
        let slot = Slot {
            length: asked - got,
            state: State::Missing,
            rest_of: Some(got),
            again: false,
        };
        self.slots.insert(rest, slot);
        self.missing.insert(rest);
    }

    /// Gives to the application what has come without a gap.
    fn deliver(&mut self, connection: &mut Connection, id: RequestId) {
        while let Some(mut first) = self.slots.first_entry() {
            match &mut first.get_mut().state {
                State::Came(bytes) => {
                    let (offset, bytes) = (self.at, core::mem::take(bytes));
                    first.remove();
                    self.at += bytes.len() as u64;
                    connection.event(Event::Payload {
                        request: id,
                        offset,
                        bytes,
                    });
                }
                State::End => {
                    self.on_end();
                    break;
                }
                _ => break,
            }
        }
        if self.at == self.end {
            self.ended = true;
        }
    }

    /// The file ends at `at`, unless it has grown since, which data behind it tells; then it is
    /// asked once more. A file that has shrunk meanwhile says the same again.
    fn on_end(&mut self) {
        if self.under_way > 0 {
            return;
        }
        let grown = self
            .slots
            .values()
            .any(|slot| matches!(slot.state, State::Came(_)));
        match self.slots.get_mut(&self.at) {
            Some(slot) if grown && !slot.again => {
                slot.again = true;
                slot.state = State::Missing;
                self.missing.insert(self.at);
                self.ends -= 1;
            }
            _ => {
                self.ended = true;
                self.end_of_file = true;
            }
        }
    }

    /// How many slots there may be: more than this only if a server answers in small pieces
    /// and leaves the first out.
    fn most_slots(&self) -> usize {
        4 * self.window.size()
    }

    fn advance(&mut self, connection: &mut Connection, id: RequestId) -> Step {
        let handle = self.handle.clone()?;
        if self.at == self.end {
            self.ended = true;
        }
        while !self.ended
            && !self.held
            && self.fault.is_none()
            && self.under_way < self.window.size()
        {
            let Some((offset, length)) = self.next_read(connection) else {
                break;
            };
            let read = Packet::Read {
                handle: handle.clone(),
                offset,
                length,
            };
            match connection.send(Some(id), read) {
                Ok(()) => self.under_way += 1,
                Err(fault) => self.fault = Some(fault),
            }
        }
        if !self.ended && self.fault.is_none() || self.under_way > 0 || self.closing {
            return None;
        }
        self.slots = BTreeMap::new();
        self.closing = true;
        if !self.owned {
            return Some(self.result());
        }
        match connection.send(Some(id), Packet::Close(handle)) {
            Ok(()) => None,
            Err(_) => Some(self.result()),
        }
    }

    /// What is to be asked for next, and marks it as asked.
    fn next_read(&mut self, connection: &Connection) -> Option<(u64, u32)> {
        let crowded = self.slots.len() >= self.most_slots();
        if let Some(offset) = self.missing.first().copied() {
            if crowded && offset != self.at {
                return None;
            }
            self.missing.remove(&offset);
            let slot = self.slots.get_mut(&offset)?;
            slot.state = State::Asked;
            return Some((offset, slot.length));
        }
        let block = connection.read_block().min(self.block);
        let left = u32::try_from(self.end - self.next).unwrap_or(u32::MAX);
        let length = block.min(left);
        let ahead = self.next - self.at + u64::from(length);
        if length == 0
            || crowded
            || self.ends > 0
            || ahead > self.max_bytes && !self.slots.is_empty()
        {
            return None;
        }
        let offset = self.next;
        let slot = Slot {
            length,
            state: State::Asked,
            rest_of: None,
            again: false,
        };
        self.slots.insert(offset, slot);
        self.next += u64::from(length);
        Some((offset, length))
    }

    fn result(&mut self) -> Result<Outcome, Fault> {
        match self.fault.take() {
            Some(fault) if !self.ended => Err(fault),
            _ => Ok(Outcome::Downloaded(Downloaded {
                bytes: self.at - self.start,
                end_of_file: self.end_of_file,
            })),
        }
    }
}
