//! [`Connection`]: bytes and answers in, bytes and events out.

use alloc::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use bytes::Bytes;

use super::{
    ask::{Ask, AskId, Question, Refusal},
    config::Config,
    error::Error,
    event::{Event, FileId},
    handles::{Handles, Kind, Load},
    refuse::{self, Own},
};
use crate::{
    Framer,
    packet::{
        Chunks, ClientPacket, Init, MAX_SENT, PacketError, Request, RequestId, Response,
        ServerPacket, Status, VERSION, Version,
    },
};

/// What the machine wants done next.
#[derive(Debug)]
#[non_exhaustive]
pub enum Output {
    /// Write these bytes to the client, behind those that came before. The payload of a READ's
    /// answer that fills a packet of SSH comes alone, as the very `Bytes` that the application gave.
    Write(Bytes),
    /// News for the application.
    Event(Event),
    /// Nothing, until more bytes or answers come.
    Wait,
    /// The session is over: close the channel. It stays so.
    Closed(Result<(), Error>),
}

/// One session of SFTP, from the server's side, without I/O.
///
/// The driver gives it what the client sends, with [`handle_bytes`](Self::handle_bytes) while
/// [`wants_read`](Self::wants_read) says so, and does what [`poll_output`](Self::poll_output)
/// tells until that is [`Output::Wait`]; the application answers what it is asked.
/// The [module](super) has the rules.
pub struct Connection {
    pub(super) config: Arc<Config>,
    framer: Framer,
    out: Chunks,
    events: VecDeque<Event>,
    asked: BTreeMap<AskId, Pending>,
    last_ask: u64,
    pub(super) handles: Handles,
    /// OPENs and OPENDIRs that are not answered yet.
    pub(super) opening: usize,
    /// A request that needs two handles for itself, and those behind it wait with it.
    pub(super) stalled: Option<(Taken, Request)>,
    /// Requests that were taken up and not answered, and the bytes that they are about.
    in_flight: usize,
    in_flight_bytes: usize,
    greeted: bool,
    at_eof: bool,
    closed: Option<Result<(), Error>>,
}

/// A request that was taken up: its id, and how many bytes it keeps.
#[derive(Clone, Copy)]
pub(super) struct Taken {
    request: RequestId,
    bytes: usize,
}

/// A question that is open: which request is to be answered, and what it occupies.
#[derive(Clone, Copy)]
#[expect(unnameable_types, reason = "it stands in a sealed trait")]
pub struct Pending {
    pub(super) id: Taken,
    pub(super) on: [Option<(u64, Load)>; 2],
}

impl Connection {
    /// A session that waits for its INIT.
    #[must_use]
    pub fn new(config: Arc<Config>) -> Self {
        let payload = usize::try_from(config.max_read).unwrap_or(usize::MAX);
        let longest = payload.saturating_add(64).max(config.max_listing);
        Self {
            framer: Framer::new(config.max_packet),
            out: Chunks::new(longest.max(MAX_SENT)),
            events: VecDeque::new(),
            asked: BTreeMap::new(),
            last_ask: 0,
            handles: Handles::default(),
            opening: 0,
            stalled: None,
            in_flight: 0,
            in_flight_bytes: 0,
            greeted: false,
            at_eof: false,
            closed: None,
            config,
        }
    }

    /// Takes bytes of the client, in any pieces. What comes while [`wants_read`](Self::wants_read)
    /// is false is kept all the same, and what comes behind the end is ignored.
    pub fn handle_bytes(&mut self, bytes: &[u8]) {
        if self.closed.is_none() && !self.at_eof {
            self.framer.push(bytes);
            self.advance();
        }
    }

    /// The client sends no more. What has come whole is still carried out, a CLOSE too; once all
    /// is answered, the session ends.
    ///
    /// Where the transport is lost, it is right as well: an upload that the client has closed is
    /// complete, and one that it has not is let go.
    pub fn handle_eof(&mut self) {
        self.at_eof = true;
        self.advance();
    }

    /// Ends the session now: nothing more is carried out, and questions that are open count for
    /// nothing. What is open is told as [`Event::Ended`].
    pub fn abort(&mut self) {
        self.end(Err(Error::Aborted));
    }

    /// Whether more bytes of the client should be read. They should not while as much is in flight
    /// as the [`Config`] allows, so that the client feels it.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        self.closed.is_none() && !self.at_eof && self.stalled.is_none() && self.has_room()
    }

    /// How many requests were taken up and are not answered yet.
    #[must_use]
    pub const fn in_flight(&self) -> usize {
        self.in_flight
    }

    /// What to do next; to be asked again until it is [`Output::Wait`] or [`Output::Closed`].
    #[must_use]
    pub fn poll_output(&mut self) -> Output {
        if self.out.is_empty() && self.events.is_empty() {
            self.advance();
        }
        if let Some(chunk) = self.out.next_chunk() {
            return Output::Write(chunk);
        }
        if let Some(event) = self.events.pop_front() {
            return Output::Event(event);
        }
        self.events = VecDeque::new();
        match self.closed {
            Some(result) => Output::Closed(result),
            None => Output::Wait,
        }
    }

    /// Answers a question that this session has asked; the client is told at once.
    ///
    /// Where the session has ended, nobody is told; a file that was opened all the same is given
    /// back as [`Event::Ended`].
    pub fn answer<Q: Question>(&mut self, ask: Ask<Q>, answer: Result<Q::Answer, Refusal>) {
        match self.asked.remove(&ask.id) {
            Some(pending) => ask.question.settle(self, pending, answer),
            None => Q::late(self, answer),
        }
    }

    /// Takes up what has come, as far as there is room for it.
    fn advance(&mut self) {
        while self.closed.is_none() {
            if let Some((id, request)) = self.stalled.take() {
                self.take_up(id, request);
                if self.stalled.is_some() {
                    return;
                }
            }
            if !self.has_room() {
                return;
            }
            match self.framer.next_packet() {
                Ok(Some(packet)) => self.packet(packet),
                Ok(None) if self.at_eof && self.in_flight == 0 => {
                    self.end(match self.framer.buffered() {
                        0 => Ok(()),
                        waiting => Err(Error::Truncated(waiting)),
                    });
                }
                Ok(None) => return,
                Err(error) => self.end(Err(Error::Frame(error))),
            }
        }
    }

    fn has_room(&self) -> bool {
        self.in_flight < self.config.in_flight.max(1)
            && self.in_flight_bytes.saturating_add(self.out.len())
                < self.config.in_flight_bytes.max(1)
    }

    fn packet(&mut self, packet: Bytes) {
        let length = packet.len();
        match ClientPacket::parse(packet, self.config.symlink_order) {
            Ok(ClientPacket::Init(init)) => self.greet(&init),
            Ok(ClientPacket::Request(_, request)) if !self.greeted => {
                self.end(Err(Error::NotInit(request.packet_type())));
            }
            Ok(ClientPacket::Request(request, asked)) => {
                self.in_flight += 1;
                let id = self.hold(Taken { request, bytes: 0 }, length);
                self.take_up(id, asked);
            }
            Err(error) => self.malformed(error),
        }
    }

    fn malformed(&mut self, error: PacketError) {
        match error.id() {
            Some(id) if self.greeted => self.reply(id, Status::from(Own::Malformed).into()),
            _ => self.end(Err(Error::Packet(error))),
        }
    }

    fn greet(&mut self, init: &Init) {
        if self.greeted {
            return self.end(Err(Error::InitTwice));
        }
        if init.version < VERSION {
            return self.end(Err(Error::Version(init.version)));
        }
        self.greeted = true;
        let version = ServerPacket::Version(Version::new(self.config.offers.iter()));
        // Eleven short names are below every limit.
        let _ = version.encode(&mut self.out);
    }

    /// Asks the application on behalf of a request.
    pub(super) fn ask<Q>(&mut self, pending: Pending, question: Q, event: fn(Ask<Q>) -> Event) {
        self.last_ask += 1;
        let id = AskId(self.last_ask);
        self.asked.insert(id, pending);
        self.events.push_back(event(Ask { id, question }));
    }

    /// Counts bytes that a request keeps until its end.
    pub(super) fn hold(&mut self, id: Taken, bytes: usize) -> Taken {
        self.in_flight_bytes = self.in_flight_bytes.saturating_add(bytes);
        Taken {
            bytes: id.bytes.saturating_add(bytes),
            ..id
        }
    }

    /// Ends a request of which no question is open.
    pub(super) fn done(&mut self, id: Taken, response: Response) {
        self.in_flight = self.in_flight.saturating_sub(1);
        self.in_flight_bytes = self.in_flight_bytes.saturating_sub(id.bytes);
        self.reply(id.request, response);
    }

    /// Ends a request, and lets those begin that waited for it.
    pub(super) fn finish(&mut self, pending: Pending, response: Response) {
        self.done(pending.id, response);
        for (number, load) in pending.on.into_iter().flatten() {
            if let Some(opened) = self.handles.get(number) {
                opened.release(load);
            }
            self.pump(number);
        }
    }

    /// Ends a request as its answer says, or as its refusal.
    pub(super) fn finish_with<T>(
        &mut self,
        pending: Pending,
        answer: Result<T, Refusal>,
        response: impl FnOnce(T) -> Response,
    ) {
        let response = match answer {
            Ok(answer) => response(answer),
            Err(refusal) => refuse::status(refusal).into(),
        };
        self.finish(pending, response);
    }

    /// What the application opened becomes a handle.
    pub(super) fn opened(&mut self, pending: Pending, answer: Result<FileId, Refusal>, kind: Kind) {
        self.opening = self.opening.saturating_sub(1);
        let answer = answer.map(|file| self.handles.insert(file, kind));
        self.finish_with(pending, answer, Response::Handle);
    }

    /// What the application opened for a session that is over.
    pub(super) fn opened_late(&mut self, answer: Result<FileId, Refusal>) {
        self.events.extend(answer.ok().map(Event::Ended));
    }

    fn reply(&mut self, id: RequestId, response: Response) {
        let packet = ServerPacket::Response(id, response);
        if packet.encode(&mut self.out).is_err() {
            let status = Status::from(Own::AnswerTooLong);
            // A few words are below every limit.
            let _ = ServerPacket::Response(id, status.into()).encode(&mut self.out);
        }
    }

    fn end(&mut self, result: Result<(), Error>) {
        if self.closed.is_some() {
            return;
        }
        self.closed = Some(result);
        self.asked = BTreeMap::new();
        self.framer = Framer::new(0);
        self.stalled = None;
        (self.in_flight, self.in_flight_bytes) = (0, 0);
        self.events.extend(self.handles.end().map(Event::Ended));
    }
}

impl core::fmt::Debug for Connection {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Connection")
            .field("in_flight", &self.in_flight)
            .field("in_flight_bytes", &self.in_flight_bytes)
            .field("handles", &self.handles.len())
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}
