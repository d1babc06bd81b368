//! [`Pair`]: a client machine and a server machine, their drivers, and the time that passes. What
//! applications ask for stands in `pair/application.rs`.

mod application;

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use ftpkit_proto::{
    DataEvent, DataId, DataRequest, Flow, Instant, Output, PathArg, TlsEvent,
    client::{self, Outcome, Request, RequestId},
    server,
};

use crate::{
    net::{Arrival, Conditions, Handshake, Net, Side},
    player::{ClientPlayer, Input, Pending, Player, ServerPlayer, Told},
    replay::note,
    settings::Settings,
    store::Store,
    transcript::Transcript,
    witness::Witness,
};

/// More steps than any session of these tests takes: a machine that needs them does not end.
const STEPS: usize = 200_000;

/// A client and a server that talk to each other.
///
/// ```
/// use ftpkit_test::{Conditions, Pair, Store};
///
/// let store = Store::new().with_file("/f", *b"hello");
/// let mut pair = Pair::new(Conditions::default(), store);
/// pair.login();
/// let get = pair.download("/f");
/// pair.run();
/// assert_eq!(pair.downloaded(get), Some(&b"hello"[..]), "{}", pair.transcript());
/// pair.finish();
/// ```
#[derive(Debug)]
pub struct Pair {
    settings: Settings,
    client: ClientPlayer,
    server: ServerPlayer,
    now: Instant,
    net: Net,
    store: Store,
    transcript: Transcript,
    sides: [Driver; 2],
    uploads: BTreeMap<RequestId, Vec<u8>>,
    /// Which request a data connection of the client belongs to.
    opened: BTreeMap<DataId, RequestId>,
    downloads: BTreeMap<RequestId, Vec<u8>>,
    outcomes: BTreeMap<RequestId, Outcome>,
    submitted: Vec<RequestId>,
    /// The requests whose payload is to cross as text.
    texts: BTreeSet<RequestId>,
    /// Whether it does, as far as the server knows.
    as_text: bool,
    commands: usize,
    witness: Witness,
}

/// How a session ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ended {
    /// Both sides closed as they should.
    Well,
    /// At least one of them closed with an error.
    Badly,
}

/// What the driver of one side knows.
#[derive(Debug, Default)]
struct Driver {
    /// Arrived, but not wanted yet.
    held: VecDeque<Vec<u8>>,
    eof: bool,
    eof_given: bool,
    sent: usize,
    cut: bool,
    starts_tls: bool,
    deadline: Option<Instant>,
    closed: Option<Result<(), ftpkit_proto::Error>>,
}

impl Pair {
    /// A pair with default settings.
    #[must_use]
    pub fn new(conditions: Conditions, store: Store) -> Self {
        Self::with(
            conditions,
            store,
            client::Config::default(),
            server::Config::default(),
        )
    }

    /// A pair with these settings.
    #[must_use]
    pub fn with(
        conditions: Conditions,
        store: Store,
        client: client::Config,
        server: server::Config,
    ) -> Self {
        let settings = Settings {
            client,
            server,
            v6: false,
        };
        Self::of(settings, conditions, store, true)
    }

    /// A pair with these settings, whose control connection is one over IPv6.
    #[must_use]
    pub fn over_ipv6(
        conditions: Conditions,
        store: Store,
        client: client::Config,
        server: server::Config,
    ) -> Self {
        let settings = Settings {
            client,
            server,
            v6: true,
        };
        Self::of(settings, conditions, store, true)
    }

    /// A pair with these settings, whose transcript is kept or not.
    pub(crate) fn of(
        settings: Settings,
        conditions: Conditions,
        store: Store,
        keeps_transcript: bool,
    ) -> Self {
        let (client, server) = settings.players();
        Self {
            client,
            server,
            now: Instant::START,
            net: Net::new(conditions),
            store,
            transcript: Transcript::new(settings.clone(), keeps_transcript),
            sides: [Driver::default(), Driver::default()],
            uploads: BTreeMap::new(),
            opened: BTreeMap::new(),
            downloads: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            submitted: Vec::new(),
            texts: BTreeSet::new(),
            as_text: false,
            commands: 0,
            witness: Witness::new(settings.server.trace),
            settings,
        }
    }

    // Time passes.

    /// Goes on until all requests have ended.
    ///
    /// # Panics
    /// When they do not, with the transcript.
    pub fn run(&mut self) {
        for _ in 0..STEPS {
            self.flush();
            let waits = |id| !self.outcomes.contains_key(id);
            if !self.submitted.iter().any(waits) {
                return;
            }
            assert!(self.step(), "requests do not end\n{}", self.transcript);
        }
        panic!("the session does not end\n{}", self.transcript);
    }

    /// Says goodbye, goes on until both sides are closed, and checks that nothing is left.
    ///
    /// # Panics
    /// When something is left, or a rule of every session was broken, with the transcript.
    pub fn finish(&mut self) -> Ended {
        self.submit(Request::Quit);
        self.run();
        for _ in 0..STEPS {
            self.flush();
            if let Some(ended) = self.ended() {
                self.check(ended);
                return ended;
            }
            assert!(self.step(), "a side does not close\n{}", self.transcript);
        }
        panic!("the session does not end\n{}", self.transcript);
    }

    /// What holds in every session, when it has ended.
    fn check(&self, ended: Ended) {
        let story = &self.transcript;
        for side in [Side::Client, Side::Server] {
            let held = self.net.holds(side);
            assert!(held.is_empty(), "{side:?} still holds {held:?}\n{story}");
        }
        assert_eq!(self.store.still_open(), 0, "files are open\n{story}");
        assert!(self.net.most_links <= 1, "two data connections\n{story}");
        for id in &self.submitted {
            assert!(self.outcomes.contains_key(id), "{id:?} has no end\n{story}");
        }
        let finals = self.witness.finish();
        if ended == Ended::Well {
            // The greeting, and one for each command.
            assert_eq!(finals, self.commands + 1, "final replies\n{story}");
        }
    }

    /// Lets everything happen that happens within this time.
    pub fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        while self.next_at().is_some_and(|at| at <= until) {
            self.step();
        }
        self.now = until;
    }

    /// When the next thing happens.
    fn next_at(&mut self) -> Option<Instant> {
        self.flush();
        let deadlines = self.sides.iter().filter_map(|driver| driver.deadline);
        deadlines.chain(self.net.next_at()).min()
    }

    /// Lets the next thing happen; false when nothing ever will.
    pub fn step(&mut self) -> bool {
        self.flush();
        let deadline = self.sides.iter().filter_map(|driver| driver.deadline).min();
        match (self.net.next_at(), deadline) {
            (Some(arrival), deadline) if deadline.is_none_or(|deadline| arrival <= deadline) => {
                self.arrive();
            }
            (_, Some(deadline)) => {
                self.now = self.now.max(deadline);
                for side in [Side::Client, Side::Server] {
                    let due = self.sides[side as usize].deadline;
                    if due.is_some_and(|due| due <= self.now) {
                        self.happen(side, Input::Wake);
                    }
                }
            }
            (_, None) => return false,
        }
        self.flush();
        true
    }

    fn player(&mut self, side: Side) -> &mut dyn Player {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }

    /// Lets something happen to a machine.
    fn happen(&mut self, side: Side, input: Input) {
        self.transcript.happened(self.now, side, &input);
        let now = self.now;
        self.player(side).take(now, input);
    }

    fn arrive(&mut self) {
        let Some((at, side, arrival)) = self.net.pop() else {
            return;
        };
        self.now = self.now.max(at);
        match arrival {
            Arrival::Bytes(bytes) => self.sides[side as usize].held.push_back(bytes),
            Arrival::Eof => self.sides[side as usize].eof = true,
            Arrival::Tls(event) => self.happen(side, Input::Tls(event)),
            Arrival::Payload(link, piece) => self.net.payload(self.now, side, link, piece),
            Arrival::Answer(id) => {
                let pending = self.server.pending.as_ref();
                if let Some(question) = pending.filter(|pending| pending.id() == id) {
                    let net = &mut self.net;
                    let received = |id| net.take_received(Side::Server, id).unwrap_or_default();
                    let answer = self.store.answer(question, received);
                    self.happen(Side::Server, Input::Answer(answer));
                }
            }
            Arrival::Data(id, event) => {
                if !self.net.settle_sender(side, id, &event) {
                    return;
                }
                if side == Side::Client {
                    self.take_download(id, &event);
                }
                self.happen(side, Input::Data(id, event));
            }
        }
    }

    fn take_download(&mut self, id: DataId, event: &DataEvent) {
        if !matches!(event, DataEvent::Finished { .. }) {
            return;
        }
        if let Some(bytes) = self.net.take_received(Side::Client, id)
            && let Some(request) = self.opened.get(&id)
        {
            self.downloads.insert(*request, bytes);
        }
    }

    /// Polls both machines until they wait; returns with nothing left to do now.
    fn flush(&mut self) {
        while self.flush_side(Side::Client) | self.flush_side(Side::Server) {}
    }

    fn flush_side(&mut self, side: Side) -> bool {
        let mut busy = false;
        let deadline = loop {
            let output = self.player(side).poll();
            let closed = self.sides[side as usize].closed.is_some();
            match output {
                Output::Wait(deadline) => break deadline,
                Output::Closed(_) if closed => return busy,
                output => {
                    let player: &dyn Player = match side {
                        Side::Client => &self.client,
                        Side::Server => &self.server,
                    };
                    note(&mut self.transcript, self.now, side, player, &output);
                    busy = true;
                    self.carry_out(side, output);
                }
            }
        };
        self.sides[side as usize].deadline = deadline;
        if !self.player(side).wants_read() {
            return busy;
        }
        let driver = &mut self.sides[side as usize];
        if let Some(bytes) = driver.held.pop_front() {
            self.happen(side, Input::Bytes(bytes));
            return true;
        }
        if driver.eof && !driver.eof_given {
            driver.eof_given = true;
            self.happen(side, Input::Eof);
            return true;
        }
        busy
    }

    fn closed(&mut self, side: Side, result: Result<(), ftpkit_proto::Error>) {
        let driver = &mut self.sides[side as usize];
        driver.closed = Some(result);
        driver.deadline = None;
        driver.held.clear();
        let later = self.now + self.net.conditions.delay;
        self.net.schedule(later, side.other(), Arrival::Eof);
        self.net.forget(side);
    }

    fn carry_out(&mut self, side: Side, output: Output<Told>) {
        let now = self.now;
        match output {
            Output::Write(bytes) | Output::WriteUrgent(bytes) => self.write(side, &bytes),
            Output::StartTls => {
                self.sides[side as usize].starts_tls = true;
                if self.sides.iter().all(|driver| driver.starts_tls) {
                    self.shake_hands();
                }
            }
            Output::StopTls => {
                self.sides[side as usize].starts_tls = false;
                if self.sides.iter().all(|driver| !driver.starts_tls) {
                    let later = now + self.net.conditions.delay;
                    for side in [Side::Client, Side::Server] {
                        let stopped = Arrival::Tls(TlsEvent::Stopped);
                        self.net.schedule(later, side, stopped);
                    }
                }
            }
            Output::Data(id, request) => self.data(side, id, request),
            Output::Event(Told::Client(event)) => self.client_event(event),
            Output::Event(Told::Server(event)) => {
                self.witness.sees(&event);
                self.store.told(&event);
            }
            Output::Event(Told::Asked) => {
                if let Some(Pending::Open(ask)) = &self.server.pending {
                    self.as_text = ask.question().ascii;
                }
                let question = self.server.pending.as_ref().map(Pending::id);
                if let (Some(id), Some(delay)) = (question, self.store.asked()) {
                    let later = now + delay;
                    self.net.schedule(later, Side::Server, Arrival::Answer(id));
                }
            }
            Output::Closed(result) => self.closed(side, result),
            other => panic!("{side:?} asks for {other:?}\n{}", self.transcript),
        }
    }

    fn shake_hands(&mut self) {
        let event = match self.net.conditions.tls {
            Handshake::Works | Handshake::Unresumed => {
                TlsEvent::Started(self.net.conditions.facts.clone())
            }
            Handshake::Fails => TlsEvent::Failed,
            Handshake::Hangs => return,
        };
        let later = self.now + self.net.conditions.delay;
        for side in [Side::Client, Side::Server] {
            let event = Arrival::Tls(event.clone());
            self.net.schedule(later, side, event);
        }
    }

    fn client_event(&mut self, event: client::Event) {
        match event {
            client::Event::Opened { request, data, .. } => {
                let wanted = self.texts.contains(&request);
                assert_eq!(wanted, self.as_text, "the type\n{}", self.transcript);
                self.opened.insert(data, request);
            }
            client::Event::Done(id, outcome) => {
                let before = self.outcomes.insert(id, outcome);
                assert!(before.is_none(), "{id:?} ends twice\n{}", self.transcript);
            }
            _ => {}
        }
    }

    fn write(&mut self, side: Side, bytes: &[u8]) {
        let now = self.now;
        match side {
            Side::Client => self.commands += bytes.iter().filter(|b| **b == b'\n').count(),
            Side::Server => self.witness.reads(bytes),
        }
        let cut = self.net.conditions.lose_control;
        let driver = &mut self.sides[side as usize];
        if driver.cut {
            return;
        }
        let later = now + self.net.conditions.delay;
        let mut bytes = bytes;
        let mut lost = false;
        if let Some((sender, limit)) = cut
            && sender == side
        {
            let room = limit.saturating_sub(driver.sent);
            if bytes.len() >= room {
                bytes = &bytes[..room];
                lost = true;
            }
        }
        driver.sent += bytes.len();
        let piece = match self.net.conditions.fragment {
            0 => usize::MAX,
            piece => piece,
        };
        for piece in bytes.chunks(piece) {
            let piece = Arrival::Bytes(piece.to_vec());
            self.net.schedule(later, side.other(), piece);
        }
        if lost {
            self.transcript
                .remark(now, side, "loses the control connection");
            for side in [Side::Client, Side::Server] {
                self.sides[side as usize].cut = true;
                self.net.schedule(later, side, Arrival::Eof);
            }
        }
    }

    fn data(&mut self, side: Side, id: DataId, request: DataRequest) {
        let now = self.now;
        let (own, peer) = match side {
            Side::Client => self.settings.addresses(),
            Side::Server => {
                let (client, server) = self.settings.addresses();
                (server, client)
            }
        };
        match request {
            DataRequest::Listen(_) => self.net.listen(now, side, id, own),
            DataRequest::Connect(to) => self.net.connect(now, side, id, to, own),
            DataRequest::Accept => self.net.accept(now, side, id, peer),
            DataRequest::Reject => {}
            DataRequest::Secure(_) => self.net.secure(now, side, id),
            DataRequest::Transfer(flow) => {
                let payload = match (flow, side) {
                    (Flow::Send, Side::Server) => self.store.payload(id),
                    (Flow::Send, Side::Client) => {
                        let request = self.opened.get(&id);
                        let content = request.and_then(|request| self.uploads.get(request));
                        content.cloned().unwrap_or_default()
                    }
                    _ => Vec::new(),
                };
                self.net.transfer(now, side, id, flow, payload);
            }
            DataRequest::Discard => self.net.transfer(now, side, id, Flow::Send, Vec::new()),
            DataRequest::Abort => self.net.abort(now, side, id),
            other => panic!("{side:?} asks for {other:?}\n{}", self.transcript),
        }
    }
}

fn arg(path: &str) -> PathArg {
    PathArg::try_from(path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}
