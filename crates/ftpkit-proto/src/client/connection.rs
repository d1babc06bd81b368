//! The client machine: what comes in, what goes out, and whose turn it is.
//!
//! The procedures themselves stand in the files of their names, their transitions in `state.rs`.

use alloc::{collections::VecDeque, sync::Arc};
use core::{net::SocketAddr, time::Duration};

use super::{
    config::{Config, Pipelining},
    event::{Event, Outcome},
    learned::{Learned, Resumption},
    parameters::Parameters,
    query::{self, Query},
    request::{Request, RequestId},
    state::{AUTOMATA, Ahead, Exchange, Session},
    tolerance::Lately,
};
use crate::{
    automaton::{At, Taken},
    command::Command,
    data::{DataEvent, DataId, DataRequest},
    error::{Error, PeerMisbehaved, Timer},
    features::Features,
    machine::{Machine, Output, TlsEvent},
    outbox::Outbox,
    reply::{Reply, ReplyReader},
    time::Instant,
    timer::Timers,
    wire::{Framer, telnet},
};

/// How many replies a server may send between two that are due: 1yz and stragglers. Without a
/// bound each of them would buy it another reply timeout.
const MAX_EXTRAS: u8 = 64;

/// A client's control connection, as a state machine without I/O.
///
/// Requests may be submitted at any time, also before the greeting; they are carried out in
/// order, one after the other, and each ends exactly once with [`Event::Done`].
///
/// A request that the application loses interest in is given to [`abort`](Self::abort) and ends
/// as usual; until it has, later requests wait. So the connection is never out of step: it is
/// ready for the next request, or closed.
///
/// ```
/// use ftpkit_proto::client::{Config, Connection, Event, Outcome, Request};
/// use ftpkit_proto::{Instant, Machine, Output, command::Command};
///
/// let peer = "192.0.2.1:21".parse().unwrap();
/// let now = Instant::START;
/// let mut client = Connection::new(Config::default(), now, peer);
/// let syst = client.submit(now, Request::Command(Command::Syst));
///
/// client.handle_bytes(now, b"220 Ready.\r\n");
/// assert!(matches!(client.poll_output(), Output::Event(Event::Greeting(_))));
/// assert!(matches!(client.poll_output(), Output::Write(line) if line == "SYST\r\n"));
///
/// client.handle_bytes(now, b"215 UNIX Type: L8\r\n");
/// let Output::Event(Event::Done(id, Outcome::Reply(reply))) = client.poll_output() else {
///     panic!("not answered");
/// };
/// assert_eq!((id, reply.code().number()), (syst, 215));
/// ```
#[derive(Debug)]
pub struct Connection {
    pub(super) config: Arc<Config>,
    pub(super) peer: SocketAddr,
    pub(super) framer: Framer,
    pub(super) session: At<Session>,
    pub(super) secured: bool,
    pub(super) parameters: Parameters,
    pub(super) features: Option<Features>,
    pub(super) exchange: At<Exchange>,
    pub(super) ahead: At<Ahead>,
    pub(super) lately: Lately,
    /// The legal transitions that its automata have taken, where somebody counts them.
    pub(super) taken: Taken,
    pub(super) now: Instant,
    pub(super) reader: ReplyReader,
    outbox: Outbox<Event>,
    pub(super) timers: Timers,
    pub(super) greeting: Option<Reply>,
    pub(super) queue: VecDeque<Work>,
    extras: u8,
    last_request: u64,
    last_data: u64,
}

/// What waits for its turn.
#[derive(Debug)]
pub(super) enum Work {
    Request(RequestId, Request),
    /// A relay wants the connection.
    Lease,
}

impl Connection {
    /// A machine for a control connection that was just made to `peer`.
    #[must_use]
    pub fn new(config: impl Into<Arc<Config>>, now: Instant, peer: SocketAddr) -> Self {
        let config = config.into();
        let taken = Taken::of(AUTOMATA);
        let mut connection = Self {
            framer: Framer::new(config.limits.line),
            reader: ReplyReader::new(config.limits.reply, config.lenient),
            session: At::first(Session::Greeting, &taken),
            secured: false,
            parameters: Parameters {
                resumption: config
                    .learned
                    .as_ref()
                    .map_or(Resumption::Unknown, |learned| learned.resumption),
                ..Parameters::default()
            },
            features: None,
            exchange: At::first(Exchange::Idle, &taken),
            ahead: At::first(Ahead::Nothing, &taken),
            lately: Lately::Nothing,
            taken,
            now,
            outbox: Outbox::new(),
            timers: Timers::new(),
            greeting: None,
            queue: VecDeque::new(),
            extras: 0,
            last_request: 0,
            last_data: 0,
            config,
            peer,
        };
        if connection.config.implicit_tls {
            connection.start_implicit();
        } else {
            connection.arm(Timer::Reply, connection.config.timeouts.reply);
        }
        connection
    }

    /// Implicit TLS is up, and the server speaks first.
    pub(super) fn await_greeting(&mut self) {
        self.session.go(Session::Greeting);
        self.arm(Timer::Reply, self.config.timeouts.reply);
    }

    /// Queues a request. It ends at once as [`Outcome::Rejected`] when the queue is full, when
    /// the connection is closed, and for a command that has a request of its own.
    pub fn submit(&mut self, now: Instant, request: Request) -> RequestId {
        self.now = now;
        self.last_request = self.last_request.saturating_add(1);
        let id = RequestId(self.last_request);
        let refused = matches!(*self.session, Session::Closed(_))
            || self.queue.len() >= self.config.limits.queue
            || match &request {
                Request::Command(command) => !query::is_single(command),
                Request::ClearControl => !self.config.dangerous_ccc,
                _ => false,
            };
        if refused {
            self.done(id, Outcome::Rejected);
        } else {
            self.queue.push_back(Work::Request(id, request));
            self.advance();
        }
        id
    }

    /// Takes back a request, at whatever stage it is.
    ///
    /// One that waits ends at once as [`Outcome::Rejected`]. A transfer under way ends as
    /// [`Outcome::TransferFailed`] in [`Phase::Aborted`](super::Phase::Aborted): its data
    /// connection is dropped, and ABOR is sent where the server carries out the command
    /// already. Everything else is a matter of one reply and ends by itself.
    pub fn abort(&mut self, now: Instant, id: RequestId) {
        self.now = now;
        let waits = |work: &Work| matches!(work, Work::Request(waiting, _) if *waiting == id);
        if let Some(at) = self.queue.iter().position(waits) {
            self.queue.remove(at);
            self.done(id, Outcome::Rejected);
            return;
        }
        match self.exchange.lend() {
            Exchange::Transfer(run) if run.id == id => self.abort_transfer(run),
            other => self.go_on(other),
        }
        self.advance();
    }

    /// What the server can do, once FEAT was answered; forgotten at a new login, at another host
    /// and under TLS, since all of them may change it.
    #[must_use]
    pub const fn features(&self) -> Option<&Features> {
        self.features.as_ref()
    }

    /// The server's greeting, once it has come.
    #[must_use]
    pub const fn greeting(&self) -> Option<&Reply> {
        self.greeting.as_ref()
    }

    /// Whether a request that is submitted now would be carried out at once.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        matches!(*self.session, Session::Ready)
            && matches!(*self.exchange, Exchange::Idle)
            && self.queue.is_empty()
    }

    /// The server's address.
    #[must_use]
    pub const fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Whether the control connection is under TLS.
    #[must_use]
    pub const fn is_secured(&self) -> bool {
        self.secured
    }

    /// Whether data connections are made under TLS (PROT P).
    #[must_use]
    pub const fn is_data_protected(&self) -> bool {
        self.parameters.protected
    }

    /// What is known of the host now, for the next connection to it: what this one has learnt,
    /// and what `Config::learned` said of the rest.
    #[must_use]
    pub fn learned(&self) -> Learned {
        let mut learned = self.config.learned.as_deref().cloned().unwrap_or_default();
        learned.worked = self.parameters.worked.or(learned.worked);
        learned.resumption = self.parameters.resumption;
        learned.prefer_tls12 |= self.parameters.starved;
        if let Some(features) = &self.features {
            learned.features = Some(features.clone());
        }
        learned
    }

    /// Which legal transitions of the client's automata this connection has taken so far.
    #[cfg(feature = "transitions")]
    #[must_use]
    pub fn transitions(&self) -> crate::Transitions {
        self.taken.so_far()
    }

    // What the procedures use.

    /// Begins what is carried out from here on, or takes it up again.
    pub(super) fn go_on(&mut self, exchange: Exchange) {
        self.exchange.go(exchange);
    }

    pub(super) fn send(&mut self, command: Command) {
        self.outbox.write_command(&command);
        if self.config.trace {
            self.event(Event::Sent(command));
        }
        self.await_reply();
    }

    /// A reply is due from now on.
    pub(super) fn await_reply(&mut self) {
        self.extras = 0;
        self.arm(Timer::Reply, self.config.timeouts.reply);
    }

    pub(super) fn done(&mut self, id: RequestId, outcome: Outcome) {
        self.event(Event::Done(id, outcome));
    }

    pub(super) fn event(&mut self, event: Event) {
        self.output(Output::Event(event));
    }

    pub(super) fn output(&mut self, output: Output<Event>) {
        self.outbox.push(output);
    }

    pub(super) fn data_request(&mut self, id: DataId, request: DataRequest) {
        self.output(Output::Data(id, request));
    }

    pub(super) const fn next_data_id(&mut self) -> DataId {
        self.last_data = self.last_data.saturating_add(1);
        DataId::new(self.last_data)
    }

    pub(super) fn arm(&mut self, timer: Timer, after: Duration) {
        self.timers.set(timer, self.now, after);
    }

    pub(super) fn disarm(&mut self, timer: Timer) {
        self.timers.clear(timer);
    }

    /// Counts a reply that is none too many yet.
    pub(super) const fn count_extra(&mut self) -> bool {
        self.extras = self.extras.saturating_add(1);
        self.extras <= MAX_EXTRAS
    }

    /// Ends the session and with it all requests.
    pub(super) fn close(&mut self, result: Result<(), Error>) {
        if matches!(*self.session, Session::Closed(_)) {
            return;
        }
        self.session.go(Session::Closed(result));
        self.timers.clear_all();
        self.framer.clear();
        match self.exchange.lend() {
            Exchange::Queries(flight) => {
                for query in flight {
                    self.done(query.id, Outcome::Lost);
                }
            }
            Exchange::Transfer(run) => self.lose_transfer(run),
            other => {
                if let Some(id) = other.procedure() {
                    self.done(id, Outcome::Lost);
                }
            }
        }
        self.exchange.settle();
        for work in core::mem::take(&mut self.queue) {
            if let Work::Request(id, _) = work {
                self.done(id, Outcome::Rejected);
            }
        }
    }

    // Requests.

    /// Begins whatever may begin.
    pub(super) fn advance(&mut self) {
        while matches!(*self.session, Session::Ready) {
            self.exchange.settle();
            match &*self.exchange {
                Exchange::Idle => {}
                Exchange::Queries(flight) if self.may_send_ahead(flight) => {}
                _ => return,
            }
            match self.queue.pop_front() {
                Some(Work::Request(id, request)) => self.begin(id, request),
                Some(Work::Lease) => self.begin_leg(),
                None => return,
            }
        }
    }

    fn may_send_ahead(&self, flight: &VecDeque<Query>) -> bool {
        self.config.pipelining == Pipelining::Safe
            && flight.len() < query::MAX_AHEAD
            && flight.iter().all(|query| query.stateless)
            && matches!(self.queue.front(), Some(Work::Request(_, Request::Command(command)))
                if query::is_stateless(command))
    }

    fn begin(&mut self, id: RequestId, request: Request) {
        match request {
            Request::Command(Command::Hash(path)) => self.begin_hash(id, path, None),
            Request::Command(command) => {
                let query = self.send_query(id, command);
                let mut flight = match self.exchange.lend() {
                    Exchange::Queries(flight) => flight,
                    _ => VecDeque::new(),
                };
                flight.push_back(query);
                self.go_on(Exchange::Queries(flight));
            }
            Request::Login(credentials) => self.begin_login(id, credentials),
            Request::Features => {
                self.send(Command::Feat);
                self.go_on(Exchange::Features(id));
            }
            Request::Negotiate => self.begin_negotiation(id, None),
            Request::Secure { protect_data } => self.begin_upgrade(id, protect_data),
            Request::ClearControl => self.begin_downgrade(id),
            Request::Hash { path, range } => self.begin_hash(id, path, range),
            Request::Rename { from, to } => self.begin_rename(id, from, to),
            Request::Transfer { transfer, ascii } => self.begin_transfer(id, transfer, ascii),
            Request::Quit => {
                self.send(Command::Quit);
                self.go_on(Exchange::Quit(id));
            }
        }
    }

    fn on_timer(&mut self, timer: Timer) {
        match self.exchange.lend() {
            Exchange::Transfer(run) => self.transfer_timeout(run, timer),
            other => {
                self.go_on(other);
                self.close(Err(Error::TimedOut(timer)));
            }
        }
    }
}

impl Machine for Connection {
    type Event = Event;

    fn handle_bytes(&mut self, now: Instant, bytes: &[u8]) {
        self.now = now;
        for piece in telnet::pieces(bytes) {
            match *self.session {
                Session::Closed(_) => return,
                // They were read in clear behind the 234, before TLS took over.
                Session::Handshaking => {
                    return self.close(Err(PeerMisbehaved::BytesBeforeTls.into()));
                }
                Session::Stopping => {
                    return self.close(Err(PeerMisbehaved::UnsolicitedReply.into()));
                }
                _ => {}
            }
            self.framer.push(piece);
            if let Some(refusals) = self.framer.take_refusals() {
                self.outbox.write_bytes(&refusals);
            }
            self.read_replies();
        }
    }

    fn handle_eof(&mut self, now: Instant) {
        self.now = now;
        let result = match *self.exchange {
            // Some servers hang up instead of saying goodbye.
            Exchange::Quit(_) => Ok(()),
            _ => Err(Error::Disconnected),
        };
        self.close(result);
    }

    fn handle_tls(&mut self, now: Instant, event: TlsEvent) {
        self.now = now;
        self.on_tls(&event);
        self.advance();
    }

    fn handle_data(&mut self, now: Instant, id: DataId, event: DataEvent) {
        self.now = now;
        match self.exchange.lend() {
            Exchange::Transfer(run) => self.transfer_data(run, id, &event),
            other => self.go_on(other),
        }
        self.advance();
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        while let Some(timer) = self.timers.take_expired(now) {
            self.on_timer(timer);
        }
        self.advance();
    }

    fn poll_output(&mut self) -> Output<Event> {
        if let Some(output) = self.outbox.pop() {
            return output;
        }
        match &*self.session {
            Session::Closed(result) => Output::Closed(result.clone()),
            _ => Output::Wait(self.timers.next_deadline()),
        }
    }

    /// Between the 234 and TLS nothing may be read in clear, nor between the end of TLS and the
    /// word that it has ended.
    fn wants_read(&self) -> bool {
        matches!(*self.session, Session::Greeting | Session::Ready)
    }

    fn awaits_reply(&self) -> bool {
        !self.is_idle()
    }
}
