//! [`Trio`]: a relay and two server machines, their drivers, and the time that passes.

mod random;
mod wires;

use std::{
    collections::{BTreeMap, VecDeque},
    fmt::Write as _,
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use ftpkit_proto::{
    DataId, DataRequest, Flow, Instant, Output, PathArg, Secret, Text, TlsRole, Transitions,
    client::{
        self, Connection, Credentials, Errand, ErrandId, Outcome, Relay, RelayConfig, RelayOutcome,
        RelayOutput, Request, RequestId, Side as End,
    },
    server,
};

use crate::{
    net::{Arrival, Conditions, Net, Side},
    player::{Input, Pending, Player, ServerPlayer, Told},
    store::{Store, USER},
    witness::Witness,
};

/// More steps than any session of these tests takes.
const STEPS: usize = 200_000;

/// Where the two servers and the client are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hosts {
    /// All on one host: the only place where ftpkit's servers call each other unless
    /// `dangerous_server_to_server` is set.
    One,
    /// Each on its own.
    Three,
}

/// A client and two servers, between which files go without passing the client.
///
/// ```
/// use ftpkit_test::{Conditions, Hosts, Store, Trio};
/// use ftpkit_proto::client::Side;
///
/// let source = Store::new().with_file("/f", *b"hello");
/// let mut trio = Trio::new(Hosts::One, Conditions::default(), source, Store::new());
/// trio.login();
/// let errand = trio.start("/f", "/g");
/// trio.run();
/// assert!(trio.is_transferred(errand), "{}", trio.story());
/// assert_eq!(trio.store(Side::Destination).file("/g"), Some(&b"hello"[..]));
/// trio.finish();
/// ```
#[derive(Debug)]
pub struct Trio {
    hosts: Hosts,
    relay: Relay,
    servers: [Server; 2],
    /// The data connections between the servers; the source's are those of `Side::Client`.
    net: Net,
    /// What is on its way on the control connections.
    wires: BTreeMap<(Instant, u64), (End, To, Item)>,
    sent: u64,
    now: Instant,
    deadline: Option<Instant>,
    story: String,
    requests: Vec<(End, RequestId)>,
    errands: Vec<ErrandId>,
    outcomes: BTreeMap<(End, RequestId), Outcome>,
    ends: BTreeMap<ErrandId, RelayOutcome>,
    over: [bool; 2],
}

/// A server and the two halves of its control connection.
#[derive(Debug)]
struct Server {
    player: ServerPlayer,
    store: Store,
    witness: Witness,
    deadline: Option<Instant>,
    closed: bool,
    starts_tls: [bool; 2],
    /// Its part in TLS on the present data connection.
    role: Option<TlsRole>,
    /// Arrived at the server, or at the client, but not wanted yet.
    held: [VecDeque<Item>; 2],
    /// How many bytes the server may still send before the connection is lost.
    loses: Option<usize>,
    lost: bool,
}

/// Where something goes on a control connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    Server,
    Client,
}

#[derive(Clone, Debug)]
enum Item {
    Bytes(Vec<u8>),
    Eof,
    Tls,
}

const fn side(end: End) -> Side {
    match end {
        End::Source => Side::Client,
        End::Destination => Side::Server,
    }
}

const fn end(side: Side) -> End {
    match side {
        Side::Client => End::Source,
        Side::Server => End::Destination,
    }
}

impl Trio {
    /// A trio with default settings.
    #[must_use]
    pub fn new(hosts: Hosts, conditions: Conditions, source: Store, destination: Store) -> Self {
        Self::with(
            hosts,
            conditions,
            [source, destination],
            RelayConfig::default(),
            &server::Config::default(),
        )
    }

    /// A trio with these settings; the stores are the source's and the destination's.
    #[must_use]
    pub fn with(
        hosts: Hosts,
        conditions: Conditions,
        stores: [Store; 2],
        relay: RelayConfig,
        server: &server::Config,
    ) -> Self {
        let client = client::Config::default();
        Self::of(hosts, conditions, stores, relay, client, server)
    }

    /// Like [`with`](Self::with), with settings of the client too. What it says of implicit TLS
    /// holds for the listeners of both servers.
    #[must_use]
    pub fn of(
        hosts: Hosts,
        conditions: Conditions,
        stores: [Store; 2],
        relay: RelayConfig,
        client: client::Config,
        server: &server::Config,
    ) -> Self {
        let now = Instant::START;
        let client = Arc::new(client);
        let implicit = client.implicit_tls;
        let peers = End::ALL.map(|end| hosts.server(end));
        let [source, destination] =
            peers.map(|peer| Connection::new(Arc::clone(&client), now, peer));
        let mut at = peers.into_iter();
        let servers = stores.map(|store| {
            let mut config = server.clone();
            // The witness wants to be told.
            config.trace = true;
            let local = at.next().expect("an address for each store");
            Server {
                player: ServerPlayer::new(config, hosts.client(), local, implicit),
                store,
                witness: Witness::new(true),
                deadline: None,
                closed: false,
                starts_tls: [false; 2],
                role: None,
                held: [VecDeque::new(), VecDeque::new()],
                loses: None,
                lost: false,
            }
        });
        Self {
            hosts,
            relay: Relay::new(relay, now, source, destination),
            servers,
            net: Net::new(conditions),
            wires: BTreeMap::new(),
            sent: 0,
            now,
            deadline: None,
            story: String::new(),
            requests: Vec::new(),
            errands: Vec::new(),
            outcomes: BTreeMap::new(),
            ends: BTreeMap::new(),
            over: [false; 2],
        }
    }

    /// Loses the control connection to this server when the server has sent so many bytes.
    pub fn lose(&mut self, end: End, bytes: usize) {
        self.servers[end as usize].loses = Some(bytes);
    }

    // What the client's application does.

    /// Submits a request of one connection's own.
    pub fn submit(&mut self, end: End, request: Request) -> RequestId {
        let id = self.relay.submit(self.now, end, request);
        self.requests.push((end, id));
        id
    }

    /// Logs in at both servers as the user of [`Store`].
    pub fn login(&mut self) {
        for end in End::ALL {
            let credentials =
                Credentials::new(Text::from_static(USER.0), Secret::from_static(USER.1));
            self.submit(end, Request::Login(credentials));
        }
    }

    /// Begins an errand for a whole file.
    pub fn start(&mut self, from: &str, to: &str) -> ErrandId {
        self.errand(Errand::new(arg(from), arg(to)))
    }

    /// Begins an errand.
    pub fn errand(&mut self, errand: Errand) -> ErrandId {
        let id = self.relay.start(self.now, errand);
        self.errands.push(id);
        id
    }

    /// Takes an errand back.
    pub fn abort(&mut self, id: ErrandId) {
        self.tell(format_args!("gives up {id:?}"));
        self.relay.abort(self.now, id);
    }

    // What came of it.

    /// How an errand ended, if it has.
    #[must_use]
    pub fn outcome(&self, id: ErrandId) -> Option<&RelayOutcome> {
        self.ends.get(&id)
    }

    /// Whether both servers have confirmed an errand.
    #[must_use]
    pub fn is_transferred(&self, id: ErrandId) -> bool {
        matches!(self.outcome(id), Some(RelayOutcome::Transferred(_)))
    }

    /// The code of a request's final reply.
    #[must_use]
    pub fn code(&self, end: End, id: RequestId) -> Option<u16> {
        match self.outcomes.get(&(end, id))? {
            Outcome::Reply(reply) => Some(reply.code().number()),
            _ => None,
        }
    }

    /// A server's storage.
    #[must_use]
    pub const fn store(&self, end: End) -> &Store {
        let [source, destination] = &self.servers;
        match end {
            End::Source => &source.store,
            End::Destination => &destination.store,
        }
    }

    /// The relay.
    #[must_use]
    pub const fn relay(&self) -> &Relay {
        &self.relay
    }

    /// What was said and done so far.
    #[must_use]
    pub fn story(&self) -> &str {
        &self.story
    }

    /// Which legal transitions the relay's automaton has taken, those of its connections, and
    /// those of the servers.
    #[must_use]
    pub fn transitions(&self) -> [Transitions; 3] {
        let mut clients = self.relay.connection(End::Source).transitions();
        clients.merge(&self.relay.connection(End::Destination).transitions());
        let [source, destination] = &self.servers;
        let mut servers = source.player.transitions();
        servers.merge(&destination.player.transitions());
        [self.relay.transitions(), clients, servers]
    }

    // Time passes.

    /// Goes on until all requests and errands have ended.
    ///
    /// # Panics
    /// When they do not, with the story.
    pub fn run(&mut self) {
        for _ in 0..STEPS {
            self.flush();
            let requests = self.requests.iter();
            let errands = self.errands.iter();
            if requests.clone().all(|id| self.outcomes.contains_key(id))
                && errands.clone().all(|id| self.ends.contains_key(id))
            {
                return;
            }
            assert!(self.step(), "something does not end\n{}", self.story);
        }
        panic!("the session does not end\n{}", self.story);
    }

    /// Says goodbye to both servers, goes on until all is closed, and checks that nothing is
    /// left.
    ///
    /// # Panics
    /// When something is left, or a rule of every session was broken, with the story.
    pub fn finish(&mut self) {
        for end in End::ALL {
            self.submit(end, Request::Quit);
        }
        self.run();
        for _ in 0..STEPS {
            self.flush();
            if self.over == [true; 2] && self.servers.iter().all(|server| server.closed) {
                return self.check();
            }
            assert!(self.step(), "a side does not close\n{}", self.story);
        }
        panic!("the session does not end\n{}", self.story);
    }

    fn check(&mut self) {
        for end in End::ALL {
            let story = &self.story;
            let held = self.net.holds(side(end));
            assert!(held.is_empty(), "{end:?} still holds {held:?}\n{story}");
            let server = &mut self.servers[end as usize];
            assert_eq!(server.store.still_open(), 0, "files are open\n{story}");
            server.witness.finish();
        }
        assert!(self.net.most_links <= 1, "two connections\n{}", self.story);
    }

    /// Lets the next thing happen; false when nothing ever will.
    pub fn step(&mut self) -> bool {
        self.flush();
        let wire = self.wires.keys().next().map(|(at, _)| *at);
        let arrival = [wire, self.net.next_at()].into_iter().flatten().min();
        let deadlines = self.servers.iter().filter_map(|server| server.deadline);
        let deadline = deadlines.chain(self.deadline).min();
        match (arrival, deadline) {
            (Some(arrival), deadline) if deadline.is_none_or(|deadline| arrival <= deadline) => {
                self.now = self.now.max(arrival);
                if wire == Some(arrival) {
                    self.deliver();
                } else {
                    self.arrive();
                }
            }
            (_, Some(deadline)) => {
                self.now = self.now.max(deadline);
                let now = self.now;
                self.relay.handle_timeout(now);
                for server in &mut self.servers {
                    server.player.take(now, Input::Wake);
                }
            }
            (_, None) => return false,
        }
        self.flush();
        true
    }

    fn deliver(&mut self) {
        if let Some((_, (end, to, item))) = self.wires.pop_first() {
            self.servers[end as usize].held[to as usize].push_back(item);
        }
    }

    fn arrive(&mut self) {
        let Some((_, side, arrival)) = self.net.pop() else {
            return;
        };
        let (now, net) = (self.now, &mut self.net);
        let server = &mut self.servers[end(side) as usize];
        match arrival {
            Arrival::Payload(link, piece) => net.payload(now, side, link, piece),
            Arrival::Answer(id) => {
                let pending = server.player.pending.as_ref();
                if let Some(question) = pending.filter(|pending| pending.id() == id) {
                    let received = |id| net.take_received(side, id).unwrap_or_default();
                    let answer = server.store.answer(question, received);
                    server.player.take(now, Input::Answer(answer));
                }
            }
            Arrival::Data(id, event) => {
                if net.settle_sender(side, id, &event) {
                    server.player.take(now, Input::Data(id, event));
                }
            }
            other => panic!("{other:?} is not for the network of two servers"),
        }
    }

    /// Polls all machines until they wait.
    fn flush(&mut self) {
        loop {
            let mut busy = self.flush_relay();
            for end in End::ALL {
                busy |= self.flush_server(end);
                busy |= self.hand_over(end);
            }
            if !busy {
                return;
            }
        }
    }

    fn flush_relay(&mut self) -> bool {
        let mut busy = false;
        loop {
            match self.relay.poll_output() {
                RelayOutput::Wait(deadline) => {
                    self.deadline = deadline;
                    return busy;
                }
                RelayOutput::Closed => {
                    self.deadline = None;
                    return busy;
                }
                RelayOutput::Done(id, outcome) => {
                    self.tell(format_args!("{id:?} ends: {outcome:?}"));
                    let before = self.ends.insert(id, outcome);
                    assert!(before.is_none(), "{id:?} ends twice\n{}", self.story);
                }
                RelayOutput::At(end, output) => self.carry_out(end, output),
                other => panic!("{other:?} is new"),
            }
            busy = true;
        }
    }

    fn carry_out(&mut self, end: End, output: Output<client::Event>) {
        match output {
            Output::Write(bytes) | Output::WriteUrgent(bytes) => {
                self.tell(format_args!("{end:?} C: {}", bytes.escape_ascii()));
                self.send(end, To::Server, Item::Bytes(bytes.to_vec()));
            }
            Output::StartTls => self.starts_tls(end, To::Client),
            Output::Event(client::Event::Done(id, outcome)) => {
                let before = self.outcomes.insert((end, id), outcome);
                assert!(before.is_none(), "{id:?} ends twice\n{}", self.story);
            }
            Output::Event(_) => {}
            Output::Closed(how) => {
                self.tell(format_args!("{end:?} C closes: {how:?}"));
                self.over[end as usize] = true;
                self.send(end, To::Server, Item::Eof);
            }
            other => panic!("{end:?}: {other:?}\n{}", self.story),
        }
    }

    fn flush_server(&mut self, end: End) -> bool {
        let mut busy = false;
        loop {
            let server = &mut self.servers[end as usize];
            match server.player.poll() {
                Output::Wait(deadline) => {
                    server.deadline = deadline;
                    return busy;
                }
                Output::Closed(_) if server.closed => return busy,
                Output::Closed(how) => {
                    server.closed = true;
                    server.deadline = None;
                    self.tell(format_args!("{end:?} S closes: {how:?}"));
                    self.send(end, To::Client, Item::Eof);
                    self.net.forget(side(end));
                }
                Output::Write(bytes) | Output::WriteUrgent(bytes) => {
                    server.witness.reads(&bytes);
                    self.tell(format_args!("{end:?} S: {}", bytes.escape_ascii()));
                    self.said(end, &bytes);
                }
                Output::StartTls => self.starts_tls(end, To::Server),
                Output::Data(id, request) => {
                    self.tell(format_args!("{end:?} S {id}: {request:?}"));
                    self.data(end, id, request);
                }
                Output::Event(Told::Asked) => {
                    let question = server.player.pending().map(Pending::id);
                    if let (Some(id), Some(delay)) = (question, server.store.asked()) {
                        let later = self.now + delay;
                        self.net.schedule(later, side(end), Arrival::Answer(id));
                    }
                }
                Output::Event(Told::Server(event)) => {
                    server.witness.sees(&event);
                    server.store.told(&event);
                }
                other => panic!("{end:?}: {other:?}\n{}", self.story),
            }
            busy = true;
        }
    }

    fn data(&mut self, at: End, id: DataId, request: DataRequest) {
        let (now, side) = (self.now, side(at));
        let (own, other) = (self.hosts.server(at), self.hosts.server(at.other()));
        let net = &mut self.net;
        match request {
            DataRequest::Listen(_) => {
                self.servers[at as usize].role = None;
                net.listen(now, side, id, own);
            }
            DataRequest::Connect(to) => {
                self.servers[at as usize].role = None;
                net.connect(now, side, id, to, own);
            }
            DataRequest::Accept => net.accept(now, side, id, other),
            DataRequest::Reject => {}
            DataRequest::Secure(role) => {
                self.servers[at as usize].role = Some(role);
                let other = self.servers[at.other() as usize].role;
                assert_ne!(other, Some(role), "nobody answers\n{}", self.story);
                net.secure(now, side, id);
            }
            DataRequest::Transfer(flow) => {
                let payload = match flow {
                    Flow::Send => self.servers[at as usize].store.payload(id),
                    _ => Vec::new(),
                };
                net.transfer(now, side, id, flow, payload);
            }
            DataRequest::Abort => {
                self.servers[at as usize].role = None;
                net.abort(now, side, id);
            }
            other => panic!("{at:?} asks for {other:?}\n{}", self.story),
        }
    }

    /// Lets everything happen that happens within this time.
    pub fn wait(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            self.flush();
            let wire = self.wires.keys().next().map(|(at, _)| *at);
            let deadlines = self.servers.iter().filter_map(|server| server.deadline);
            let next = deadlines.chain(
                [wire, self.net.next_at(), self.deadline]
                    .into_iter()
                    .flatten(),
            );
            if next.min().is_none_or(|next| next > until) {
                break;
            }
            self.step();
        }
        self.now = until;
    }

    fn tell(&mut self, what: std::fmt::Arguments<'_>) {
        let at = self.now.since_start().as_secs_f64();
        let _ = writeln!(self.story, "{at:9.3} {what}");
    }
}

impl Hosts {
    fn server(self, end: End) -> SocketAddr {
        let text = match (self, end) {
            (_, End::Source) => "192.0.2.1:21",
            (Self::One, End::Destination) => "192.0.2.1:2121",
            (Self::Three, End::Destination) => "192.0.2.2:21",
        };
        text.parse().expect("an address")
    }

    fn client(self) -> SocketAddr {
        let text = match self {
            Self::One => "192.0.2.1:40000",
            Self::Three => "192.0.2.9:40000",
        };
        text.parse().expect("an address")
    }
}

fn arg(path: &str) -> PathArg {
    PathArg::try_from(path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}
