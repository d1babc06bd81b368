//! Transfers from one server to another: [`Relay`], one machine over two control connections
//! (RFC 959 sec. 5.2, known as FXP).
//!
//! What belongs here: what goes in and what comes out. The course of an errand stands in
//! `relay/course.rs`, who may listen and call in `relay/attempt.rs`, and what a connection does
//! meanwhile in `leg.rs`.

mod attempt;
mod course;
mod event;
mod state;

pub use event::{
    Errand, ErrandId, RelayConfig, RelayFailed, RelayOutcome, RelayOutput, Relayed, Side,
};

use alloc::{boxed::Box, collections::VecDeque};
use core::time::Duration;

use super::{
    connection::Connection,
    request::{Request, RequestId},
};
use crate::{
    automaton::{At, Taken},
    data::{DataEvent, DataId},
    machine::{Machine, Output, TlsEvent},
    time::Instant,
};
use course::Course;
use event::Both;
use state::{AUTOMATA, Relaying};

/// Two connections, between whose servers files go without passing this side.
///
/// The one server is asked to listen (PASV, EPSV), the other one is told where (PORT, EPRT);
/// then the one gets RETR and the other STOR. Where data connections are under TLS, which must
/// be so on both or on neither, one server is made the TLS client by CPSV or SSCN. Where a
/// server refuses, the two change places. What fails on one side is stopped on the other, and
/// both connections are in step when the errand has ended, or closed.
///
/// Most servers are set up to refuse this, since it can be abused (RFC 2577): ftpkit's calls
/// nobody but its client.
///
/// It is driven like [two machines](Machine) at once: what happens to a control or data
/// connection is told with its [`Side`], and [`poll_output`](Self::poll_output) says what to
/// do on which. Requests of each connection's own, a login to begin with, are
/// [submitted](Self::submit) here, and errands wait for those before them.
///
/// ```
/// use ftpkit_proto::client::{
///     Config, Connection, Errand, Relay, RelayConfig, RelayOutput, Side,
/// };
/// use ftpkit_proto::{Instant, Output, PathArg};
///
/// let now = Instant::START;
/// let end = |peer: &str| Connection::new(Config::default(), now, peer.parse().unwrap());
/// let (source, destination) = (end("192.0.2.1:21"), end("192.0.2.2:21"));
/// let mut relay = Relay::new(RelayConfig::default(), now, source, destination);
///
/// let path = PathArg::from_static("/f");
/// relay.start(now, Errand::new(path.clone(), path));
/// relay.handle_bytes(now, Side::Source, b"220 Ready.\r\n");
/// relay.handle_bytes(now, Side::Destination, b"220 Ready.\r\n");
///
/// let mut sent = Vec::new();
/// loop {
///     match relay.poll_output() {
///         RelayOutput::At(side, Output::Write(line)) => sent.push((side, line)),
///         RelayOutput::Wait(_) => break,
///         _ => {}
///     }
/// }
/// assert_eq!(sent, [(Side::Source, "TYPE I\r\n".into())]);
/// ```
#[derive(Debug)]
pub struct Relay {
    config: RelayConfig,
    ends: Both<Connection>,
    /// Whose end was told.
    ended: Both<bool>,
    now: Instant,
    step: At<Relaying>,
    course: Option<Box<Course>>,
    queue: VecDeque<(ErrandId, Errand)>,
    told: VecDeque<(ErrandId, RelayOutcome)>,
    last: u64,
    deadline: Option<Instant>,
    #[cfg(feature = "transitions")]
    taken: Taken,
}

impl Relay {
    /// A relay over these two connections, whatever they are doing.
    #[must_use]
    pub fn new(
        config: RelayConfig,
        now: Instant,
        source: Connection,
        destination: Connection,
    ) -> Self {
        let taken = Taken::of(AUTOMATA);
        Self {
            config,
            ends: Both {
                source,
                destination,
            },
            ended: Both::default(),
            now,
            step: At::first(Relaying::Idle, &taken),
            course: None,
            queue: VecDeque::new(),
            told: VecDeque::new(),
            last: 0,
            deadline: None,
            #[cfg(feature = "transitions")]
            taken,
        }
    }

    /// Queues an errand. It begins when both connections have carried out what was submitted
    /// before, and later requests wait for its end. It ends at once as
    /// [`RelayOutcome::Rejected`] when the queue is full or a connection is closed.
    pub fn start(&mut self, now: Instant, errand: Errand) -> ErrandId {
        self.now = now;
        self.last = self.last.saturating_add(1);
        let id = ErrandId(self.last);
        let full = self.queue.len() >= self.end(Side::Source).config.limits.queue;
        if full {
            self.tell(id, RelayOutcome::Rejected);
        } else {
            self.queue.push_back((id, errand));
            self.advance();
        }
        id
    }

    /// Takes back an errand, at whatever stage it is. One under way ends as
    /// [`RelayOutcome::Failed`] once both servers have stopped.
    pub fn abort(&mut self, now: Instant, id: ErrandId) {
        self.now = now;
        if let Some(at) = self.queue.iter().position(|(waiting, _)| *waiting == id) {
            self.queue.remove(at);
            self.tell(id, RelayOutcome::Rejected);
        } else if self.course.as_ref().is_some_and(|course| course.id == id) {
            self.give_up();
        }
        self.advance();
    }

    /// Queues a request of one connection's own, as [`Connection::submit`] does.
    pub fn submit(&mut self, now: Instant, side: Side, request: Request) -> RequestId {
        self.on(now, side, |end| end.submit(now, request))
    }

    /// Takes such a request back, as [`Connection::abort`] does.
    pub fn abort_request(&mut self, now: Instant, side: Side, id: RequestId) {
        self.on(now, side, |end| end.abort(now, id));
    }

    /// The connection to this server.
    #[must_use]
    pub const fn connection(&self, side: Side) -> &Connection {
        self.ends.at(side)
    }

    /// Gives the connections back, the source's first, with whatever they have not been polled
    /// for.
    ///
    /// # Errors
    /// While an errand waits or is under way; the relay comes back as it is.
    pub fn into_connections(self) -> Result<[Connection; 2], Box<Self>> {
        if self.course.is_none() && self.queue.is_empty() && self.told.is_empty() {
            Ok([self.ends.source, self.ends.destination])
        } else {
            Err(Box::new(self))
        }
    }

    /// Takes bytes that were read from a control connection, as [`Machine::handle_bytes`] does.
    pub fn handle_bytes(&mut self, now: Instant, side: Side, bytes: &[u8]) {
        self.on(now, side, |end| end.handle_bytes(now, bytes));
    }

    /// Takes the end of a control connection, as [`Machine::handle_eof`] does.
    pub fn handle_eof(&mut self, now: Instant, side: Side) {
        self.on(now, side, |end| end.handle_eof(now));
    }

    /// Takes what became of TLS on a control connection, as [`Machine::handle_tls`] does.
    pub fn handle_tls(&mut self, now: Instant, side: Side, event: TlsEvent) {
        self.on(now, side, |end| end.handle_tls(now, event));
    }

    /// Takes news of a data connection of this side, as [`Machine::handle_data`] does; those
    /// between the servers are theirs.
    pub fn handle_data(&mut self, now: Instant, side: Side, id: DataId, event: DataEvent) {
        self.on(now, side, |end| end.handle_data(now, id, event));
    }

    /// Lets the deadlines that have passed take effect.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        for end in self.ends.each_mut() {
            end.handle_timeout(now);
        }
        self.advance();
    }

    /// Returns the next thing to do; to be called until it says `Wait` or `Closed`.
    #[must_use]
    pub fn poll_output(&mut self) -> RelayOutput {
        let mut deadline = self.deadline;
        for side in Side::ALL {
            let ended = self.ended.at_mut(side);
            match self.ends.at_mut(side).poll_output() {
                Output::Wait(at) => deadline = earlier(deadline, at),
                Output::Closed(_) if *ended => {}
                output => {
                    *ended = matches!(output, Output::Closed(_));
                    return RelayOutput::At(side, output);
                }
            }
        }
        match self.told.pop_front() {
            Some((id, outcome)) => RelayOutput::Done(id, outcome),
            None if self.ended.source && self.ended.destination => RelayOutput::Closed,
            None => RelayOutput::Wait(deadline),
        }
    }

    /// Tells whether more bytes of this server are welcome, as [`Machine::wants_read`] does.
    #[must_use]
    pub fn wants_read(&self, side: Side) -> bool {
        self.end(side).wants_read()
    }

    /// Which legal transitions the relay's own automaton has taken so far; its connections have
    /// their own accounts.
    #[cfg(feature = "transitions")]
    #[must_use]
    pub fn transitions(&self) -> crate::Transitions {
        self.taken.so_far()
    }

    // What the course of an errand uses.

    const fn end(&self, side: Side) -> &Connection {
        self.ends.at(side)
    }

    fn on<T>(&mut self, now: Instant, side: Side, act: impl FnOnce(&mut Connection) -> T) -> T {
        self.now = now;
        let result = act(self.ends.at_mut(side));
        self.advance();
        result
    }

    fn tell(&mut self, id: ErrandId, outcome: RelayOutcome) {
        self.told.push_back((id, outcome));
    }

    /// Zero means never.
    fn arm(&mut self, after: Duration) {
        self.deadline = (!after.is_zero()).then(|| self.now + after);
    }

    const fn disarm(&mut self) {
        self.deadline = None;
    }

    /// Whether the deadline has passed; it does so once.
    fn take_expired(&mut self) -> bool {
        let expired = self.deadline.is_some_and(|deadline| deadline <= self.now);
        if expired {
            self.deadline = None;
        }
        expired
    }
}

fn earlier(a: Option<Instant>, b: Option<Instant>) -> Option<Instant> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
