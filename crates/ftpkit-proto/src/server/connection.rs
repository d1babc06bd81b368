//! [`Connection`]: one client's session as a [`Machine`]. Here inputs come in, commands are
//! taken up one after another, and the session ends; what the commands do stands beside.

use alloc::{boxed::Box, sync::Arc};
use core::{fmt, net::SocketAddr};

use super::{
    ask::{Ask, AskId, Question, Refusal},
    config::Config,
    event::{End, Event},
    policy, refuse,
    state::{AUTOMATA, Deadlines, Exchange, Login, Parameters, Rendezvous, Security, Then},
};
use crate::{
    Code, DataEvent, DataId, DataRequest, Error, Instant, Machine, Output, PathArg, Reply, Text,
    TlsEvent,
    address::Endpoints,
    automaton::{At, Taken},
    command::Row,
    error::{PeerMisbehaved, Timer},
    outbox::Outbox,
    wire::{Framer, telnet},
};

/// The server's side of one control connection, as a state machine without I/O.
///
/// It answers what the protocol decides by itself and asks its application the rest
/// ([`Event`]); [`answer`](Self::answer) uses a question up. At most one question is open at a
/// time. See [`Machine`] for the loop that drives it.
///
/// ```
/// use core::time::Duration;
/// use std::sync::Arc;
/// use ftpkit_proto::{Instant, Machine, Output, server::{Config, Connection}};
///
/// let now = Instant::START;
/// let client = "192.0.2.7:40000".parse().unwrap();
/// let server = "192.0.2.1:21".parse().unwrap();
/// let mut session = Connection::new(Arc::new(Config::default()), now, client, server);
/// session.handle_bytes(now, b"SYST\r\nQUIT\r\n");
/// let Output::Write(replies) = session.poll_output() else { panic!() };
/// assert!(replies.starts_with(b"220 ftpkit ready.\r\n215 UNIX Type: L8\r\n221 "));
/// assert!(matches!(session.poll_output(), Output::Closed(Ok(()))));
/// ```
pub struct Connection {
    pub(super) config: Arc<Config>,
    /// The ends of the control connection, IPv4 addresses in their own form.
    pub(super) ends: Endpoints,
    /// The latest moment that an input brought along.
    now: Instant,
    pub(super) framer: Framer,
    pub(super) outbox: Outbox<Event>,
    pub(super) security: Security,
    pub(super) login: At<Login>,
    pub(super) host: Option<Box<Text>>,
    pub(super) parameters: Parameters,
    pub(super) rendezvous: At<Rendezvous>,
    pub(super) exchange: At<Exchange>,
    /// The legal transitions that its automata have taken, where somebody counts them.
    pub(super) taken: Taken,
    pub(super) deadlines: Deadlines,
    pub(super) failed_logins: u32,
    pub(super) bad_commands: u32,
    last_data: u64,
    last_ask: u64,
    pub(super) eof: bool,
    pub(super) draining: bool,
    /// What is to be said once the TLS that began with the connection is up.
    unsaid: Option<Box<Reply>>,
    closed: Option<Result<(), Error>>,
}

impl Connection {
    /// A session with the client at `peer`, which called `local`; the greeting is its first
    /// output.
    #[must_use]
    pub fn new(config: Arc<Config>, now: Instant, peer: SocketAddr, local: SocketAddr) -> Self {
        let mut session = Self::silent(config, now, peer, local);
        let greeting = session.greeting();
        session.greet(&greeting);
        session
    }

    /// A session under implicit TLS, which begins with the connection (port 990 by custom):
    /// [`Output::StartTls`] is its first output, and the greeting follows
    /// [`TlsEvent::Started`].
    ///
    /// For a listener of its own; the same [`Config`] serves it, whatever [`Config::tls`] says
    /// of AUTH. Data connections are under TLS from the start, as if PBSZ 0 and PROT P had come;
    /// both are still answered, and PROT C where the policy allows it. Until TLS is up, within
    /// [`Timeouts::handshake`](super::Timeouts::handshake), no byte is taken or sent, and when
    /// it fails the session is over without one.
    #[must_use]
    pub fn implicit(
        config: Arc<Config>,
        now: Instant,
        peer: SocketAddr,
        local: SocketAddr,
    ) -> Self {
        let mut session = Self::silent(config, now, peer, local);
        let greeting = session.greeting();
        session.say_under_tls(greeting);
        session
    }

    /// No session, for a client that is one too many: 421 with this text, and the end.
    #[must_use]
    pub fn refuse(config: Arc<Config>, now: Instant, text: Text) -> Self {
        let nobody = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut session = Self::silent(config, now, nobody, nobody);
        session.greet(&Reply::with_text(Code::SERVICE_CLOSING, text));
        session
    }

    /// Like [`refuse`](Self::refuse), for a client that waits for implicit TLS: the 421 follows
    /// the handshake. Where a handshake is too much to spend on it, close the connection instead.
    #[must_use]
    pub fn refuse_implicit(config: Arc<Config>, now: Instant, text: Text) -> Self {
        let nobody = SocketAddr::from(([0, 0, 0, 0], 0));
        let mut session = Self::silent(config, now, nobody, nobody);
        session.say_under_tls(Reply::with_text(Code::SERVICE_CLOSING, text));
        session
    }

    fn greeting(&self) -> Reply {
        Reply::with_text(Code::READY, self.config.greeting.clone())
    }

    /// Says the first words: the greeting, or that there is no session.
    fn greet(&mut self, words: &Reply) {
        self.outbox.write(words);
        if words.code() == Code::SERVICE_CLOSING {
            return self.close(Ok(()));
        }
        self.begin_login();
        self.begin_idle();
    }

    /// Keeps the first words until TLS is up.
    fn say_under_tls(&mut self, words: Reply) {
        self.unsaid = Some(Box::new(words));
        self.security.start_implicit();
        self.outbox.push(Output::StartTls);
        self.begin(Timer::Handshake);
    }

    /// TLS is up: what waited for it is said, or else the session goes on.
    pub(super) fn secured(&mut self) {
        self.host_by_tls();
        match self.unsaid.take() {
            Some(words) => self.greet(&words),
            None => self.begin_idle(),
        }
    }

    fn silent(config: Arc<Config>, now: Instant, peer: SocketAddr, local: SocketAddr) -> Self {
        let taken = Taken::of(AUTOMATA);
        Self {
            framer: Framer::new(config.limits.line),
            config,
            ends: Endpoints::new(policy::canonical(local), policy::canonical(peer)),
            now,
            outbox: Outbox::new(),
            security: Security::new(&taken),
            login: At::first(Login::default(), &taken),
            host: None,
            parameters: Parameters::new(&taken),
            rendezvous: At::first(Rendezvous::default(), &taken),
            exchange: At::first(Exchange::default(), &taken),
            taken,
            deadlines: Deadlines::default(),
            failed_logins: 0,
            bad_commands: 0,
            last_data: 0,
            last_ask: 0,
            eof: false,
            draining: false,
            unsaid: None,
            closed: None,
        }
    }

    /// Answers a question. An answer to a question that was cancelled is ignored.
    pub fn answer<Q: Question>(
        &mut self,
        now: Instant,
        ask: Ask<Q>,
        answer: Result<Q::Answer, Refusal>,
    ) {
        self.observe(now);
        if !self.awaits(ask.id) {
            return;
        }
        Q::settle(self, now, ask.question, answer);
        self.advance();
    }

    /// Whether the answer to this question would still count; `false` once it is cancelled,
    /// even before the event that tells so was taken.
    #[must_use]
    pub fn awaits(&self, id: AskId) -> bool {
        !self.is_closed() && self.asked() == Some(id)
    }

    /// Says that work on a question goes on: the time for its answer begins anew. For what takes
    /// long and is seen to advance, as the digest of a large file; of a question that is not
    /// open any more nothing is said.
    pub fn carries_on(&mut self, now: Instant, id: AskId) {
        self.observe(now);
        if self.awaits(id) {
            self.begin(Timer::Question);
        }
    }

    /// Ends the session gracefully: what is being carried out comes to its end, then 421. An
    /// idle session gets its 421 at once.
    pub fn drain(&mut self, now: Instant) {
        self.observe(now);
        if !self.is_closed() {
            self.draining = true;
            self.advance();
        }
    }

    /// Ends the session now, with 421: a transfer is aborted, a question cancelled. For the
    /// end of the time that [`drain`](Self::drain) was given.
    pub fn shut_down(&mut self, now: Instant) {
        self.observe(now);
        if !self.is_closed() {
            self.leave(
                Reply::new(Code::SERVICE_CLOSING, "The server is shutting down."),
                Err(Error::TimedOut(Timer::Shutdown)),
            );
        }
    }

    /// The user who is logged in.
    #[must_use]
    pub const fn user(&self) -> Option<&Text> {
        self.login.state().user()
    }

    /// The working directory of the user who is logged in.
    #[must_use]
    pub const fn working_directory(&self) -> Option<&PathArg> {
        self.login.state().directory()
    }

    /// The virtual host of the session: the last that HOST has named, or that TLS was asked for.
    /// Of those in [`Config::hosts`], as it is written there.
    #[must_use]
    pub fn host(&self) -> Option<&Text> {
        self.host.as_deref()
    }

    /// Whether a user is logged in.
    #[must_use]
    pub const fn is_logged_in(&self) -> bool {
        self.login.state().is_in()
    }

    /// Whether a transfer is in progress, from its command to its final reply.
    #[must_use]
    pub const fn is_transferring(&self) -> bool {
        matches!(self.exchange.state(), Exchange::Transfer(_))
    }

    /// Whether the control connection is under TLS.
    #[must_use]
    pub const fn is_secured(&self) -> bool {
        self.security.is_secured()
    }

    /// Whether the session is over, even if outputs still wait.
    #[must_use]
    pub const fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    /// Which legal transitions of the server's automata this session has taken so far.
    #[cfg(feature = "transitions")]
    #[must_use]
    pub fn transitions(&self) -> crate::Transitions {
        self.taken.so_far()
    }

    /// Time does not run backwards, whatever a driver says.
    fn observe(&mut self, now: Instant) {
        self.now = self.now.max(now);
    }

    pub(super) fn next_data(&mut self) -> DataId {
        self.last_data = self.last_data.wrapping_add(1);
        DataId::new(self.last_data)
    }

    pub(super) fn next_ask(&mut self) -> AskId {
        self.last_ask = self.last_ask.wrapping_add(1);
        AskId(self.last_ask)
    }

    pub(super) fn data(&mut self, id: DataId, request: DataRequest) {
        self.outbox.push(Output::Data(id, request));
    }

    pub(super) fn event(&mut self, event: Event) {
        self.outbox.push(Output::Event(event));
    }

    /// The open question.
    const fn asked(&self) -> Option<AskId> {
        match self.exchange.state() {
            Exchange::Asking { id, .. } => Some(*id),
            Exchange::Transfer(moving) => moving.asked(),
            Exchange::Idle | Exchange::Binding => None,
        }
    }

    /// Asks about a command that needs no data connection.
    pub(super) fn ask<Q>(&mut self, row: Row, question: Q, event: fn(Ask<Q>) -> Event) {
        self.ask_then(row, question, event, None);
    }

    /// Asks, and keeps what is to be known when the answer comes.
    pub(super) fn ask_then<Q>(
        &mut self,
        row: Row,
        question: Q,
        event: fn(Ask<Q>) -> Event,
        then: Option<Then>,
    ) {
        let id = self.next_ask();
        let then = then.map(Box::new);
        self.exchange.go(Exchange::Asking { id, row, then });
        self.begin(Timer::Question);
        self.event(event(Ask { id, question }));
    }

    /// The command whose question was just answered; the session is idle from here on,
    /// unless more is asked.
    pub(super) fn answered(&mut self) -> Option<Row> {
        self.answered_then().map(|(row, _)| row)
    }

    /// Like [`answered`](Self::answered), with what was kept for the answer.
    pub(super) fn answered_then(&mut self) -> Option<(Row, Option<Then>)> {
        match self.exchange.lend() {
            Exchange::Asking { row, then, .. } => Some((row, then.map(|then| *then))),
            other => {
                self.exchange.go(other);
                None
            }
        }
    }

    /// Begins the deadline of a step.
    pub(super) fn begin(&mut self, timer: Timer) {
        let timeouts = &self.config.timeouts;
        let span = match timer {
            Timer::DataConnect => timeouts.data_connect,
            Timer::Handshake => timeouts.handshake,
            Timer::Stall => timeouts.stall,
            Timer::Question => timeouts.question,
            _ => timeouts.idle,
        };
        self.deadlines.begin(timer, self.now, span);
    }

    fn begin_idle(&mut self) {
        self.begin(Timer::Idle);
    }

    pub(super) fn begin_login(&mut self) {
        let span = self.config.timeouts.login;
        self.deadlines.begin_login(self.now, span);
    }

    /// Says something to the command of this row.
    pub(super) fn reply(&mut self, row: Row, reply: &Reply) {
        debug_assert!(row.allows(reply.code()), "{row:?} gets {reply:?}");
        self.outbox.write(reply);
        if self.config.trace && !reply.code().is_preliminary() {
            self.event(Event::Replied(reply.code()));
        }
    }

    /// Gives a command its final reply: the next one may come. 421 ends the session.
    pub(super) fn finish(&mut self, row: Row, reply: &Reply) {
        self.exchange.go(Exchange::Idle);
        self.reply(row, reply);
        if reply.code() == Code::SERVICE_CLOSING {
            self.close(Ok(()));
        } else {
            self.begin_idle();
        }
    }

    /// Gives a command its final reply from the text of the program.
    pub(super) fn say(&mut self, row: Row, code: Code, text: &'static str) {
        self.finish(row, &Reply::new(code, text));
    }

    /// Gives a command the application's refusal as its final reply.
    pub(super) fn refused(&mut self, row: Row, refusal: Refusal) {
        self.finish(row, &refuse::reply(refusal, row));
    }

    /// Says why, and ends the session.
    pub(super) fn leave(&mut self, reply: Reply, result: Result<(), Error>) {
        self.end_exchange();
        // In the midst of a handshake there is no channel for words.
        if !self.security.is_changing() {
            self.outbox.write(&reply);
            if self.config.trace {
                self.event(Event::Replied(reply.code()));
            }
        }
        self.close(result);
    }

    /// Ends the session: whatever is open is cancelled, aborted, ended.
    pub(super) fn close(&mut self, result: Result<(), Error>) {
        if self.is_closed() {
            return;
        }
        self.end_exchange();
        self.drop_rendezvous();
        self.framer.clear();
        self.deadlines.clear();
        self.closed = Some(result);
    }

    /// Breaks off what is being carried out, without a reply.
    pub(super) fn end_exchange(&mut self) {
        match self.exchange.go(Exchange::Idle) {
            Exchange::Asking { id, .. } => self.event(Event::Cancelled(id)),
            Exchange::Transfer(moving) => self.end_transfer(&moving, End::Aborted),
            Exchange::Idle | Exchange::Binding => {}
        }
    }
}

impl Machine for Connection {
    type Event = Event;

    fn handle_bytes(&mut self, now: Instant, bytes: &[u8]) {
        self.observe(now);
        // A Synch discards what still waits, not what would have been taken up by now.
        for piece in telnet::pieces(bytes) {
            if self.is_closed() {
                return;
            }
            if self.security.is_changing() {
                // Nothing may be sent in clear behind AUTH, and a driver hands nothing over
                // until TLS is up.
                return self.close(Err(PeerMisbehaved::BytesBeforeTls.into()));
            }
            self.framer.push(piece);
            if let Some(refusals) = self.framer.take_refusals() {
                self.outbox.write_bytes(&refusals);
            }
            self.advance();
            if self.framer.take_synch() {
                self.advance();
            }
        }
    }

    fn handle_eof(&mut self, now: Instant) {
        self.observe(now);
        if self.is_closed() {
            return;
        }
        self.eof = true;
        if self.security.is_changing() {
            return self.close(Err(Error::Disconnected));
        }
        self.advance();
    }

    fn handle_tls(&mut self, now: Instant, event: TlsEvent) {
        self.observe(now);
        if self.is_closed() {
            return;
        }
        self.tls(event);
        self.advance();
    }

    fn handle_data(&mut self, now: Instant, id: DataId, event: DataEvent) {
        self.observe(now);
        if self.is_closed() {
            return;
        }
        self.data_event(id, event);
        self.advance();
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.observe(now);
        while !self.is_closed() {
            let Some(timer) = self.deadlines.take_expired(self.now) else {
                break;
            };
            self.expire(timer);
        }
        self.advance();
    }

    fn poll_output(&mut self) -> Output<Event> {
        loop {
            if let Some(output) = self.outbox.pop() {
                return output;
            }
            if let Some(result) = &self.closed {
                return Output::Closed(result.clone());
            }
            // What was left when the queue was full.
            self.advance();
            if self.outbox.is_empty() && !self.is_closed() {
                return Output::Wait(self.deadlines.next());
            }
        }
    }

    fn wants_read(&self) -> bool {
        let limits = &self.config.limits;
        let full = limits.pipeline > 0
            && self.framer.buffered() >= limits.pipeline.max(limits.line)
            && self.framer.has_line();
        !self.is_closed() && !self.eof && !self.security.is_changing() && !full
    }

    fn tls_host(&self) -> Option<&Text> {
        self.host()
    }
}

/// Without secrets: who, and what is being done.
impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connection")
            .field("peer", &self.ends.peer())
            .field("user", &self.user())
            .field("secured", &self.is_secured())
            .field("exchange", &self.exchange)
            .field("closed", &self.closed)
            .finish_non_exhaustive()
    }
}
