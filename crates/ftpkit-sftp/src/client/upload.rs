//! A file's content, written ahead: [`UploadRun`].

use alloc::collections::{BTreeMap, VecDeque};

use bytes::Bytes;

use super::{
    Config, Event, File, Outcome, Request, RequestId, Upload,
    connection::{Connection, Step},
    error::{Fault, Reason},
    event::Uploaded,
    flight::{Answer, Flight},
    window::Window,
};
use crate::packet::{Extended, Extension, Handle, PacketType, Request as Packet};

/// An upload under way.
#[derive(Debug)]
pub(super) struct UploadRun {
    begun: bool,
    handle: Option<Handle>,
    /// Whether the handle is the machine's own.
    owned: bool,
    /// What waits to be sent, and how many bytes that is.
    queue: VecDeque<Bytes>,
    queued: u64,
    /// No more payload comes.
    complete: bool,
    start: u64,
    /// Where the next WRITE goes.
    at: u64,
    /// Offsets and lengths of the WRITEs under way.
    under_way: BTreeMap<u64, u64>,
    bytes_under_way: u64,
    window: Window,
    max_bytes: u64,
    /// The failure of the lowest offset.
    fault: Option<Fault>,
    /// Whether the application was told that nothing is wanted.
    held: bool,
    told: u64,
    sync: bool,
    synced: bool,
    ending: Ending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Not,
    Syncing,
    Synced,
    Closing,
}

impl UploadRun {
    pub(super) fn new(upload: &Upload, config: &Config) -> Self {
        Self {
            begun: false,
            handle: None,
            owned: upload.file.path().is_some(),
            queue: VecDeque::new(),
            queued: 0,
            complete: false,
            start: upload.offset,
            at: upload.offset,
            under_way: BTreeMap::new(),
            bytes_under_way: 0,
            window: Window::new(config.max_in_flight),
            max_bytes: config.max_bytes,
            fault: None,
            held: false,
            told: 0,
            sync: upload.sync,
            synced: false,
            ending: Ending::Not,
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
        let Request::Upload(upload) = request else {
            return None;
        };
        self.begun = true;
        match &upload.file {
            File::Handle(handle) => {
                self.handle = Some(handle.clone());
                self.advance(connection, id)
            }
            File::Path(path) => {
                let open = Packet::Open {
                    path: path.clone(),
                    flags: upload.open_flags(),
                    attributes: upload.attributes.clone(),
                };
                connection.send(Some(id), open).err().map(Err)
            }
        }
    }

    /// Two windows' worth at most: one under way, one to follow it.
    pub(super) fn wants_payload(&self) -> bool {
        let most = self.max_bytes.min(u64::from(u32::MAX));
        !self.complete
            && self.fault.is_none()
            && self.queued < most.max(1)
            && self.queue.len() < self.window.size()
    }

    pub(super) fn push(&mut self, bytes: Bytes) {
        if self.complete || self.fault.is_some() || bytes.is_empty() {
            return;
        }
        self.queued += bytes.len() as u64;
        self.queue.push_back(bytes);
    }

    pub(super) fn finish(&mut self) {
        self.complete = true;
    }

    pub(super) fn cancel(&mut self, connection: &mut Connection, id: RequestId) -> Step {
        self.stop(Reason::Cancelled.into());
        self.advance(connection, id)
    }

    /// Of several failures the one of the lowest offset counts: what is before it is written.
    fn stop(&mut self, fault: Fault) {
        self.queue = VecDeque::new();
        self.queued = 0;
        let offset = |fault: &Fault| fault.offset.unwrap_or(u64::MAX);
        if self
            .fault
            .as_ref()
            .is_none_or(|first| offset(&fault) < offset(first))
        {
            self.fault = Some(fault);
        }
    }

    pub(super) fn on_answer(
        &mut self,
        connection: &mut Connection,
        id: RequestId,
        flight: &Flight,
        answer: Answer,
    ) -> Step {
        match (flight.packet, answer) {
            (PacketType::WRITE, answer) => self.on_written(connection, id, flight.offset, answer),
            (PacketType::OPEN, Err(reason)) => {
                return Some(Err(Fault::new(PacketType::OPEN, reason)));
            }
            (PacketType::OPEN, Ok(crate::packet::Response::Handle(handle))) => {
                self.handle = Some(handle);
            }
            (PacketType::CLOSE, Err(reason)) => {
                self.stop(Fault::new(PacketType::CLOSE, reason));
                return Some(self.result());
            }
            (PacketType::CLOSE, Ok(_)) => return Some(self.result()),
            (_, Ok(_)) => {
                self.ending = Ending::Synced;
                self.synced = true;
            }
            (packet, Err(reason)) => {
                self.ending = Ending::Synced;
                self.stop(Fault::new(packet, reason));
            }
        }
        self.advance(connection, id)
    }

    fn on_written(
        &mut self,
        connection: &mut Connection,
        id: RequestId,
        offset: u64,
        answer: Answer,
    ) {
        let length = self.under_way.remove(&offset).unwrap_or_default();
        self.bytes_under_way -= length.min(self.bytes_under_way);
        match answer {
            Ok(_) => self.window.full(),
            Err(reason) => self.stop(Fault::at(PacketType::WRITE, offset, reason)),
        }
        let bytes = self.written();
        if bytes > self.told {
            self.told = bytes;
            connection.event(Event::Progress { request: id, bytes });
        }
    }

    /// How many bytes are written from the start on, without a gap.
    fn written(&self) -> u64 {
        let lowest = self.under_way.keys().next().copied().unwrap_or(self.at);
        let failed = self.fault.as_ref().and_then(|fault| fault.offset);
        lowest.min(failed.unwrap_or(u64::MAX)) - self.start
    }

    pub(super) fn advance(&mut self, connection: &mut Connection, id: RequestId) -> Step {
        if self.handle.is_some() {
            self.write(connection, id);
        }
        let wants = self.wants_payload();
        if wants && self.held {
            connection.event(Event::WantsPayload(id));
        }
        self.held = !wants;
        let handle = self.handle.clone()?;
        let over = self.fault.is_some() || self.complete && self.queue.is_empty();
        if !over || !self.under_way.is_empty() {
            return None;
        }
        if self.ending == Ending::Not {
            self.ending = Ending::Synced;
            let sync = self.sync && self.fault.is_none() && connection.offers(Extension::Fsync);
            if sync {
                let fsync = Packet::Extended(Extended::Fsync(handle.clone()));
                match connection.send(Some(id), fsync) {
                    Ok(()) => self.ending = Ending::Syncing,
                    Err(fault) => self.stop(fault),
                }
            }
        }
        match self.ending {
            Ending::Synced if !self.owned => Some(self.result()),
            Ending::Synced => {
                self.ending = Ending::Closing;
                let sent = connection.send(Some(id), Packet::Close(handle));
                sent.err().map(|fault| {
                    self.stop(fault);
                    self.result()
                })
            }
            _ => None,
        }
    }

    fn write(&mut self, connection: &mut Connection, id: RequestId) {
        let Some(handle) = self.handle.clone() else {
            return;
        };
        while self.fault.is_none() && self.under_way.len() < self.window.size() {
            let Some(front) = self.queue.front_mut() else {
                return;
            };
            let block = usize::try_from(connection.write_block(&handle)).unwrap_or(usize::MAX);
            let length = front.len().min(block);
            let bytes = length as u64;
            if self.bytes_under_way + bytes > self.max_bytes && !self.under_way.is_empty() {
                return;
            }
            let Some(next) = self.at.checked_add(bytes) else {
                let offset = self.at;
                self.stop(Fault::at(PacketType::WRITE, offset, Reason::OffsetTooLarge));
                return;
            };
            let data = front.split_to(length);
            if front.is_empty() {
                self.queue.pop_front();
            }
            self.queued -= bytes;
            let write = Packet::Write {
                handle: handle.clone(),
                offset: self.at,
                data,
            };
            if let Err(fault) = connection.send(Some(id), write) {
                self.stop(fault);
                return;
            }
            self.under_way.insert(self.at, bytes);
            self.bytes_under_way += bytes;
            self.at = next;
        }
    }

    fn result(&mut self) -> Result<Outcome, Fault> {
        match self.fault.take() {
            Some(fault) => Err(fault),
            None => Ok(Outcome::Uploaded(Uploaded {
                bytes: self.at - self.start,
                synced: self.synced,
            })),
        }
    }
}
