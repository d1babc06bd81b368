//! The client machine: what comes in, what goes out, and whose answer it is.

use alloc::{
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};

use bytes::Bytes;

use super::{
    Config, Error, Event, Outcome, Output, Request, RequestId,
    download::DownloadRun,
    error::{Failure, Fault, Reason, Unfinished},
    flight::{Answer, Flight, limits_of},
    list::ListRun,
    rename::RenameRun,
    single::{outcome, single},
    upload::UploadRun,
};
use crate::{
    Framer,
    packet::{
        Chunks, ClientPacket, Extended, Extension, Handle, Init, Limits, PacketErrorKind,
        PacketType, Request as Packet, RequestId as WireId, ServerPacket, TooLong, VERSION,
        Version,
    },
};

/// The block that every server takes, where it does not tell its limits (sec. 3).
const COMMON_BLOCK: u64 = 32 * 1024;
/// What stands around the payload of a WRITE, without its handle.
const AROUND_WRITE: usize = 21;
/// What stands around the payload of a DATA.
const AROUND_DATA: u64 = 9;

/// One SFTP session of a client, as a state machine without I/O. The [module's page](super) has
/// the whole contract.
///
/// A driver calls [`poll_output`](Self::poll_output) until it says [`Output::Wait`] or
/// [`Output::Closed`], waits for bytes and calls [`handle_bytes`](Self::handle_bytes), and begins
/// again. Whoever calls [`submit`](Self::submit) and its kin polls afterwards, too.
#[derive(Debug)]
pub struct Connection {
    config: Config,
    framer: Framer,
    out: VecDeque<Output>,
    /// Packets without payload, which share a write.
    small: Chunks,
    flights: BTreeMap<u32, Flight>,
    last_wire: WireId,
    tasks: BTreeMap<RequestId, Task>,
    /// Those of the tasks that have not begun.
    waiting: VecDeque<RequestId>,
    last_request: u64,
    server: Option<Server>,
    /// How many handles are open or being opened.
    handles: u64,
    eof: bool,
    closed: Option<Result<(), Error>>,
}

/// What the server has said of itself.
#[derive(Debug)]
struct Server {
    extensions: Vec<Extension>,
    limits: Option<Limits>,
}

#[derive(Debug)]
struct Task {
    request: Request,
    run: Run,
}

/// How far a request has come.
#[derive(Debug)]
enum Run {
    Single,
    Rename(RenameRun),
    List(ListRun),
    Download(DownloadRun),
    Upload(UploadRun),
}

/// How a step of a procedure ends: not yet, or with this.
pub(super) type Step = Option<Result<Outcome, Fault>>;

impl Connection {
    /// A machine at the start of its channel; it greets at once.
    #[must_use]
    pub fn new(config: Config) -> Self {
        let mut connection = Self {
            framer: Framer::new(config.max_received),
            small: Chunks::new(config.max_sent),
            config,
            out: VecDeque::new(),
            flights: BTreeMap::new(),
            last_wire: WireId(0),
            tasks: BTreeMap::new(),
            waiting: VecDeque::new(),
            last_request: 0,
            server: None,
            handles: 0,
            eof: false,
            closed: None,
        };
        let init = ClientPacket::Init(Init::default());
        // Nine bytes; a limit below that sends nothing, and the server's silence is the end.
        let _ = init.encode(&mut connection.small, connection.config.symlink_order);
        connection
    }

    // What comes in.

    /// Takes bytes that were read from the channel, in any pieces. They are looked at when
    /// [`poll_output`](Self::poll_output) has given out all that came of those before.
    pub fn handle_bytes(&mut self, bytes: &[u8]) {
        if self.closed.is_none() && !self.eof {
            self.framer.push(bytes);
        }
    }

    /// Takes the end of what the server sends.
    pub fn handle_eof(&mut self) {
        self.eof = true;
    }

    /// Ends the session. What is under way ends as [`Reason::Lost`].
    pub fn close(&mut self) {
        self.end(Ok(()));
    }

    /// Whether more bytes are welcome: not while a whole packet's worth waits to be looked at.
    #[must_use]
    pub fn wants_read(&self) -> bool {
        self.closed.is_none() && !self.eof && self.framer.buffered() < self.config.max_received
    }

    /// Asks for something. It begins at once, or when the server has greeted, or when a handle
    /// is free again.
    pub fn submit(&mut self, request: Request) -> RequestId {
        self.last_request += 1;
        let id = RequestId(self.last_request);
        let refused = match self.tasks.len() {
            _ if self.closed.is_some() => Some(Reason::Closed),
            count if count >= self.config.max_requests => Some(Reason::TooManyRequests(count)),
            _ => None,
        };
        if let Some(reason) = refused {
            self.fail(id, &request, reason.into());
            return id;
        }
        let run = match &request {
            Request::Rename { .. } => Run::Rename(RenameRun::default()),
            Request::List(_) => Run::List(ListRun::default()),
            Request::Download(download) => Run::Download(DownloadRun::new(download, &self.config)),
            Request::Upload(upload) => Run::Upload(UploadRun::new(upload, &self.config)),
            _ => Run::Single,
        };
        self.tasks.insert(id, Task { request, run });
        self.waiting.push_back(id);
        self.admit();
        id
    }

    /// Takes a request back.
    ///
    /// One that has not begun ends at once. A listing or a transfer asks for nothing more, waits
    /// for what is under way, closes what it has opened, and ends as [`Reason::Cancelled`]; no
    /// payload and no names come any more. Everything else is a matter of one answer or two and
    /// ends by itself.
    pub fn cancel(&mut self, id: RequestId) {
        if let Some(at) = self.waiting.iter().position(|one| *one == id) {
            self.waiting.remove(at);
            if let Some(task) = self.tasks.remove(&id) {
                self.fail(id, &task.request, Reason::Cancelled.into());
            }
            return;
        }
        self.with_run(id, |connection, run| match run {
            Run::Single | Run::Rename(_) => None,
            Run::List(run) => run.cancel(connection, id),
            Run::Download(run) => run.cancel(connection, id),
            Run::Upload(run) => run.cancel(connection, id),
        });
        self.admit();
    }

    /// Has a download or a listing ask for nothing more until it is let go again; what is under way
    /// still comes. So an application that cannot keep up bounds what waits for it. Without any
    /// effect on everything else.
    pub fn hold(&mut self, id: RequestId, hold: bool) {
        self.with_run(id, |connection, run| match run {
            Run::List(run) => run.hold(connection, id, hold),
            Run::Download(run) => run.hold(connection, id, hold),
            Run::Single | Run::Rename(_) | Run::Upload(_) => None,
        });
    }

    /// Whether an upload wants payload now. [`Event::WantsPayload`] tells when it does again.
    #[must_use]
    pub fn wants_payload(&self, id: RequestId) -> bool {
        match self.tasks.get(&id).map(|task| &task.run) {
            Some(Run::Upload(run)) => run.wants_payload(),
            _ => false,
        }
    }

    /// Gives payload to an upload; it is cut where the server wants less at once, and never
    /// copied. It is taken even where [`wants_payload`](Self::wants_payload) says no, but then
    /// it waits in memory. What comes for an upload that has ended or failed is dropped.
    pub fn payload(&mut self, id: RequestId, bytes: Bytes) {
        self.with_upload(id, |run| run.push(bytes));
    }

    /// Says that an upload's payload is complete.
    pub fn finish(&mut self, id: RequestId) {
        self.with_upload(id, UploadRun::finish);
    }

    // What is known.

    /// Whether the server offers an extension in the version that this crate speaks; not before
    /// [`Event::Ready`].
    #[must_use]
    pub fn offers(&self, extension: Extension) -> bool {
        let offered = self.server.as_ref().map(|server| &server.extensions);
        offered.is_some_and(|extensions| extensions.contains(&extension))
    }

    /// Whether an answer of the server is awaited, its greeting too: only then can it be late.
    #[must_use]
    pub fn awaits_answer(&self) -> bool {
        self.closed.is_none() && (self.server.is_none() || !self.flights.is_empty())
    }

    /// The limits that the server has told, once it has.
    #[must_use]
    pub fn limits(&self) -> Option<Limits> {
        self.server.as_ref()?.limits
    }

    /// The most that one READ asks for now, in bytes.
    #[must_use]
    pub fn read_block(&self) -> u32 {
        let received = u64::try_from(self.config.max_received).unwrap_or(u64::MAX);
        self.block(|limits| limits.read_length, received, AROUND_DATA)
    }

    /// The most that one WRITE to this handle may hold now, in bytes.
    #[must_use]
    pub fn write_block(&self, handle: &Handle) -> u32 {
        let sent = self.config.max_sent.min(self.config.max_write);
        let sent = u64::try_from(sent).unwrap_or(u64::MAX);
        let around = (AROUND_WRITE + handle.as_bytes().len()) as u64;
        self.block(|limits| limits.write_length, sent, around)
    }

    fn block(&self, limit: impl FnOnce(&Limits) -> u64, packet: u64, around: u64) -> u32 {
        let (told, packet) = match self.limits() {
            Some(limits) => (
                unless_zero(limit(&limits)),
                packet.min(unless_zero(limits.packet_length)),
            ),
            None => (COMMON_BLOCK, packet),
        };
        let block = told.min(packet.saturating_sub(around));
        let most = self.config.max_block;
        u32::try_from(block).unwrap_or(most).min(most).max(1)
    }

    pub(super) const fn config(&self) -> &Config {
        &self.config
    }

    // What goes out.

    /// Returns the next thing to do; to be called until it says `Wait` or `Closed`.
    #[must_use]
    pub fn poll_output(&mut self) -> Output {
        loop {
            if let Some(output) = self.out.pop_front() {
                return output;
            }
            self.out = VecDeque::new();
            if let Some(chunk) = self.small.next_chunk() {
                return Output::Write(chunk, None);
            }
            if let Some(result) = &self.closed {
                return Output::Closed(result.clone());
            }
            match self.framer.next_packet() {
                Ok(Some(packet)) => self.on_packet(packet),
                Ok(None) if self.eof => self.on_eof(),
                Ok(None) => return Output::Wait,
                Err(error) => self.end(Err(Error::Frame(error))),
            }
        }
    }

    fn flush(&mut self) {
        if let Some(head) = self.small.next_chunk() {
            let payload = self.small.next_chunk();
            self.out.push_back(Output::Write(head, payload));
        }
    }

    pub(super) fn event(&mut self, event: Event) {
        self.flush();
        self.out.push_back(Output::Event(event));
    }

    /// Sends a packet; its answer comes back to the owner.
    pub(super) fn send(&mut self, owner: Option<RequestId>, packet: Packet) -> Result<(), Fault> {
        let flight = Flight::new(owner, &packet);
        let (kind, offset) = (flight.packet, flight.offset);
        let mut wire = self.last_wire.next();
        while self.flights.contains_key(&wire.0) {
            wire = wire.next();
        }
        let sent = ClientPacket::Request(wire, packet)
            .encode(&mut self.small, self.config.symlink_order)
            .map_err(|error| too_long(error, kind, offset));
        sent?;
        self.last_wire = wire;
        self.flights.insert(wire.0, flight);
        match kind {
            PacketType::OPEN | PacketType::OPENDIR => self.handles = self.handles.saturating_add(1),
            // Its payload is a chunk of its own, which `flush` puts beside its head.
            PacketType::WRITE => self.flush(),
            _ => {}
        }
        Ok(())
    }

    fn fail(&mut self, id: RequestId, request: &Request, fault: Fault) {
        let failure = Failure::new(request, fault);
        self.event(Event::Done(id, Outcome::Failed(failure)));
    }

    fn end(&mut self, result: Result<(), Error>) {
        if self.closed.is_some() {
            return;
        }
        self.closed = Some(result);
        self.flights = BTreeMap::new();
        self.waiting = VecDeque::new();
        self.framer = Framer::new(self.config.max_received);
        for (id, task) in core::mem::take(&mut self.tasks) {
            self.fail(id, &task.request, Reason::Lost.into());
        }
    }

    // Whose turn it is.

    /// Begins what may begin.
    fn admit(&mut self) {
        if self.server.is_none() {
            return;
        }
        for id in core::mem::take(&mut self.waiting) {
            let Some(task) = self.tasks.get(&id) else {
                continue;
            };
            if task.request.opens() && self.is_full() {
                if task.request.is_procedure() && self.will_close() {
                    self.waiting.push_back(id);
                } else if let Some(task) = self.tasks.remove(&id) {
                    self.fail(
                        id,
                        &task.request,
                        Reason::TooManyHandles(self.handles).into(),
                    );
                }
                continue;
            }
            self.begin(id);
        }
    }

    /// Whether the server allows no more handles.
    fn is_full(&self) -> bool {
        let most = self.limits().map_or(0, |limits| limits.open_handles);
        self.handles >= unless_zero(most)
    }

    /// Whether a handle that is open will be closed by the machine itself.
    fn will_close(&self) -> bool {
        let mut procedures = self.tasks.values().filter(|t| t.request.is_procedure());
        procedures.any(|task| task.run.is_begun())
    }

    fn begin(&mut self, id: RequestId) {
        let Some(mut task) = self.tasks.remove(&id) else {
            return;
        };
        let step = match &mut task.run {
            Run::Single => match single(&task.request) {
                Some(packet) => self.ask(id, packet).err().map(Err),
                None => Some(Err(Reason::Closed.into())),
            },
            Run::Rename(run) => run.begin(self, id, &task.request),
            Run::List(run) => run.begin(self, id, &task.request),
            Run::Download(run) => run.begin(self, id, &task.request),
            Run::Upload(run) => run.begin(self, id, &task.request),
        };
        self.settle(id, task, step);
    }

    /// Sends a packet, unless it is an extension that the server does not offer.
    pub(super) fn ask(&mut self, id: RequestId, packet: Packet) -> Result<(), Fault> {
        if let Packet::Extended(extended) = &packet {
            if let Some(extension) = extended.extension().filter(|e| !self.offers(*e)) {
                return Err(Reason::NotOffered(extension).into());
            }
        }
        self.send(Some(id), packet)
    }

    fn settle(&mut self, id: RequestId, task: Task, step: Step) {
        match step {
            None => {
                self.tasks.insert(id, task);
            }
            Some(Ok(outcome)) => self.event(Event::Done(id, outcome)),
            Some(Err(fault)) => self.fail(id, &task.request, fault),
        }
    }

    fn with_run(&mut self, id: RequestId, act: impl FnOnce(&mut Self, &mut Run) -> Step) {
        if let Some(mut task) = self.tasks.remove(&id) {
            let step = act(self, &mut task.run);
            self.settle(id, task, step);
        }
    }

    fn with_upload(&mut self, id: RequestId, act: impl FnOnce(&mut UploadRun)) {
        self.with_run(id, |connection, run| match run {
            Run::Upload(run) => {
                act(run);
                run.advance(connection, id)
            }
            _ => None,
        });
    }

    // What the server says.

    fn on_packet(&mut self, packet: Bytes) {
        let kind = PacketType::new(packet.first().copied().unwrap_or_default());
        let parsed = ServerPacket::parse(packet);
        let (wire, response) = match (parsed, &self.server) {
            (Ok(ServerPacket::Version(version)), None) => return self.on_version(&version),
            (Ok(ServerPacket::Version(_)), Some(_)) => return self.end(Err(Error::SecondVersion)),
            (Err(error), None) if kind == PacketType::VERSION => {
                return self.end(Err(Error::Malformed(error)));
            }
            (_, None) => return self.end(Err(Error::NoVersion(kind))),
            (Ok(ServerPacket::Response(wire, response)), _) => (wire, Ok(response)),
            (Err(error), _) => match (error.id(), error.kind()) {
                (Some(wire), kind) if kind != PacketErrorKind::UnknownType => (wire, Err(error)),
                _ => return self.end(Err(Error::Malformed(error))),
            },
        };
        let Some(flight) = self.flights.remove(&wire.0) else {
            let (id, reply) = (wire, kind);
            return self.end(Err(Error::UnknownId { id, reply }));
        };
        let answer = match response {
            Ok(response) => match flight.judge(response) {
                Ok(answer) => answer,
                Err(_) => {
                    let (id, request, reply) = (wire, flight.packet, kind);
                    return self.end(Err(Error::WrongReply { id, request, reply }));
                }
            },
            Err(error) => Err(Reason::Malformed(error)),
        };
        self.on_answer(&flight, answer);
    }

    fn on_answer(&mut self, flight: &Flight, answer: Answer) {
        let freed = match flight.packet {
            PacketType::CLOSE => true,
            PacketType::OPEN | PacketType::OPENDIR => answer.is_err(),
            _ => false,
        };
        if freed {
            self.handles = self.handles.saturating_sub(1);
        }
        match flight.owner {
            None => self.on_limits(&answer),
            Some(id) => self.with_run(id, |connection, run| match run {
                Run::Single => Some(outcome(flight.packet, answer)),
                Run::Rename(run) => run.on_answer(connection, id, flight, answer),
                Run::List(run) => run.on_answer(connection, id, flight, answer),
                Run::Download(run) => run.on_answer(connection, id, flight, answer),
                Run::Upload(run) => run.on_answer(connection, id, flight, answer),
            }),
        }
        if freed || flight.owner.is_none() {
            self.admit();
        }
    }

    fn on_version(&mut self, version: &Version) {
        if version.version != VERSION {
            return self.end(Err(Error::Version(version.version)));
        }
        let offered = Extension::ALL.into_iter().filter(|e| version.offers(*e));
        self.server = Some(Server {
            extensions: offered.collect(),
            limits: None,
        });
        self.event(Event::Ready);
        if self.offers(Extension::Limits) {
            // Too long for the settings: then nothing else can be sent either.
            let _ = self.send(None, Packet::Extended(Extended::Limits));
        }
        self.admit();
    }

    /// A server that refuses to tell its limits is taken for one that cannot.
    fn on_limits(&mut self, answer: &Answer) {
        let Some(limits) = limits_of(answer) else {
            return;
        };
        if let Some(server) = &mut self.server {
            server.limits = Some(limits);
        }
        let told = usize::try_from(unless_zero(limits.packet_length)).unwrap_or(usize::MAX);
        self.config.max_sent = self.config.max_sent.min(told);
        self.flush();
        self.small = Chunks::new(self.config.max_sent);
        self.event(Event::Limits(limits));
    }

    fn on_eof(&mut self) {
        let unfinished = if self.server.is_none() {
            Unfinished::Greeting
        } else if self.framer.buffered() > 0 {
            Unfinished::Packet
        } else if self.tasks.is_empty() {
            return self.end(Ok(()));
        } else {
            Unfinished::Requests
        };
        self.end(Err(Error::Eof(unfinished)));
    }
}

impl Run {
    /// Whether it has sent anything.
    const fn is_begun(&self) -> bool {
        match self {
            Self::Single | Self::Rename(_) => false,
            Self::List(run) => run.is_begun(),
            Self::Download(run) => run.is_begun(),
            Self::Upload(run) => run.is_begun(),
        }
    }
}

fn too_long(error: TooLong, kind: PacketType, offset: u64) -> Fault {
    match kind {
        PacketType::READ | PacketType::WRITE => Fault::at(kind, offset, Reason::TooLong(error)),
        _ => Fault::new(kind, Reason::TooLong(error)),
    }
}

/// A limit of 0 is none.
const fn unless_zero(limit: u64) -> u64 {
    if limit == 0 { u64::MAX } else { limit }
}
