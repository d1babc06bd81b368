//! Both machines behind one face: whatever happens to a machine is an [`Input`], so that a
//! session can be written down, and happen again.

use std::{net::SocketAddr, sync::Arc};

use ftpkit_proto::{
    DataEvent, DataId, Instant, Machine, Output, PathArg, Text, TlsEvent, Transitions,
    client::{self, Request, RequestId},
    facts::Facts,
    server::{
        self, Ask, AskId, Change, Commit, Described, Digest, Digested, Login, LoginAnswer, Open,
        Opened, Query, Question, Refusal, RefusalKind, Space, Survey,
    },
};

/// What happens to a machine.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    Bytes(Vec<u8>),
    Eof,
    Tls(TlsEvent),
    Data(DataId, DataEvent),
    /// The driver's timer has fired.
    Wake,
    /// To a client: its application asks for something.
    Ask(Request),
    /// To a client: its application takes the request with this number back, from 1.
    GiveUp(usize),
    /// To a server: its application answers the open question.
    Answer(Answer),
    Drain,
    ShutDown,
}

/// An answer to a server's question, of whatever kind.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Refused(RefusalKind),
    Login(LoginAnswer),
    Path(PathArg),
    Described(Box<Described>),
    Entries(Vec<(Text, Facts)>),
    Digested(Digested),
    Space(u64),
    Opened(Opened),
    Done,
}

/// A question that waits for its answer.
#[derive(Debug)]
pub(crate) enum Pending {
    Login(Ask<Login>),
    Change(Ask<Change>),
    Query(Ask<Query>),
    Survey(Ask<Survey>),
    Digest(Ask<Digest>),
    Space(Ask<Space>),
    Open(Ask<Open>),
    Commit(Ask<Commit>),
}

impl Pending {
    /// The question that an event asks; the event itself, if it asks none.
    #[expect(clippy::result_large_err, reason = "both are what the event was")]
    pub(crate) fn of(event: server::Event) -> Result<Self, server::Event> {
        use server::Event;
        Ok(match event {
            Event::Login(ask) => Self::Login(ask),
            Event::Change(ask) => Self::Change(ask),
            Event::Query(ask) => Self::Query(ask),
            Event::Survey(ask) => Self::Survey(ask),
            Event::Digest(ask) => Self::Digest(ask),
            Event::Space(ask) => Self::Space(ask),
            Event::Open(ask) => Self::Open(ask),
            Event::Commit(ask) => Self::Commit(ask),
            event => return Err(event),
        })
    }

    pub(crate) const fn id(&self) -> AskId {
        match self {
            Self::Login(ask) => ask.id(),
            Self::Change(ask) => ask.id(),
            Self::Query(ask) => ask.id(),
            Self::Survey(ask) => ask.id(),
            Self::Digest(ask) => ask.id(),
            Self::Space(ask) => ask.id(),
            Self::Open(ask) => ask.id(),
            Self::Commit(ask) => ask.id(),
        }
    }
}

/// An event of either machine.
#[derive(Debug)]
pub(crate) enum Told {
    Client(client::Event),
    Server(server::Event),
    /// The server asks; the question is with the player.
    Asked,
}

/// One machine, and what its driver and application must remember.
pub(crate) trait Player {
    fn take(&mut self, now: Instant, input: Input);

    fn poll(&mut self) -> Output<Told>;

    fn wants_read(&self) -> bool;

    fn transitions(&self) -> Transitions;

    /// Whether a user is logged in at a server.
    fn is_logged_in(&self) -> bool {
        false
    }

    /// The open question of a server.
    fn pending(&self) -> Option<&Pending> {
        None
    }
}

/// A client and its requests.
#[derive(Debug)]
pub(crate) struct ClientPlayer {
    pub(crate) machine: client::Connection,
    pub(crate) requests: Vec<RequestId>,
}

impl ClientPlayer {
    pub(crate) fn new(config: client::Config, peer: SocketAddr) -> Self {
        Self {
            machine: client::Connection::new(config, Instant::START, peer),
            requests: Vec::new(),
        }
    }
}

impl Player for ClientPlayer {
    fn take(&mut self, now: Instant, input: Input) {
        match input {
            Input::Ask(request) => {
                let id = self.machine.submit(now, request);
                self.requests.push(id);
            }
            Input::GiveUp(number) => {
                if let Some(id) = number.checked_sub(1).and_then(|at| self.requests.get(at)) {
                    self.machine.abort(now, *id);
                }
            }
            input => feed(&mut self.machine, now, input),
        }
    }

    fn poll(&mut self) -> Output<Told> {
        map(self.machine.poll_output(), Told::Client)
    }

    fn wants_read(&self) -> bool {
        self.machine.wants_read()
    }

    fn transitions(&self) -> Transitions {
        self.machine.transitions()
    }
}

/// A server and the question that its application was asked.
#[derive(Debug)]
pub(crate) struct ServerPlayer {
    pub(crate) machine: server::Connection,
    pub(crate) pending: Option<Pending>,
}

impl ServerPlayer {
    pub(crate) fn new(
        config: server::Config,
        peer: SocketAddr,
        local: SocketAddr,
        implicit_tls: bool,
    ) -> Self {
        let begin = match implicit_tls {
            true => server::Connection::implicit,
            false => server::Connection::new,
        };
        Self {
            machine: begin(Arc::new(config), Instant::START, peer, local),
            pending: None,
        }
    }

    fn told(&mut self, event: server::Event) -> Told {
        let asked = match Pending::of(event) {
            Ok(asked) => asked,
            Err(event) => {
                if let server::Event::Cancelled(id) = event {
                    let cancelled = self.pending.take().map(|pending| pending.id());
                    assert_eq!(cancelled, Some(id), "another question was cancelled");
                }
                return Told::Server(event);
            }
        };
        // One that the question timer has ended is cancelled first.
        let before = self.pending.replace(asked);
        assert!(before.is_none(), "two questions at a time");
        Told::Asked
    }

    fn answer(&mut self, now: Instant, answer: Answer) {
        let machine = &mut self.machine;
        match self.pending.take() {
            None => {}
            Some(Pending::Login(ask)) => give(machine, now, ask, answer, |answer| match answer {
                Answer::Login(answer) => Some(answer),
                _ => None,
            }),
            Some(Pending::Change(ask)) => give(machine, now, ask, answer, |answer| match answer {
                Answer::Path(path) => Some(path),
                _ => None,
            }),
            Some(Pending::Query(ask)) => give(machine, now, ask, answer, |answer| match answer {
                Answer::Described(described) => Some(*described),
                _ => None,
            }),
            Some(Pending::Survey(ask)) => give(machine, now, ask, answer, |answer| match answer {
                Answer::Entries(entries) => Some(entries),
                _ => None,
            }),
            Some(Pending::Digest(ask)) => give(machine, now, ask, answer, |answer| match answer {
                Answer::Digested(digested) => Some(digested),
                _ => None,
            }),
            Some(Pending::Space(ask)) => give(machine, now, ask, answer, |answer| match answer {
                Answer::Space(bytes) => Some(bytes),
                _ => None,
            }),
            Some(Pending::Open(ask)) => give(machine, now, ask, answer, |answer| match answer {
                Answer::Opened(opened) => Some(opened),
                _ => None,
            }),
            Some(Pending::Commit(ask)) => give(machine, now, ask, answer, |answer| match answer {
                Answer::Done => Some(()),
                _ => None,
            }),
        }
    }
}

/// Answers a question; an answer of another kind is no answer, and refuses.
fn give<Q: Question>(
    machine: &mut server::Connection,
    now: Instant,
    ask: Ask<Q>,
    answer: Answer,
    fitting: fn(Answer) -> Option<Q::Answer>,
) {
    let answer = match answer {
        Answer::Refused(kind) => Err(Refusal::new(kind)),
        other => fitting(other).ok_or(Refusal::new(RefusalKind::Failed)),
    };
    machine.answer(now, ask, answer);
}

impl Player for ServerPlayer {
    fn take(&mut self, now: Instant, input: Input) {
        match input {
            Input::Answer(answer) => self.answer(now, answer),
            Input::Drain => self.machine.drain(now),
            Input::ShutDown => self.machine.shut_down(now),
            input => feed(&mut self.machine, now, input),
        }
    }

    fn poll(&mut self) -> Output<Told> {
        match self.machine.poll_output() {
            Output::Event(event) => Output::Event(self.told(event)),
            output => map(output, Told::Server),
        }
    }

    fn wants_read(&self) -> bool {
        self.machine.wants_read()
    }

    fn transitions(&self) -> Transitions {
        self.machine.transitions()
    }

    fn is_logged_in(&self) -> bool {
        self.machine.is_logged_in()
    }

    fn pending(&self) -> Option<&Pending> {
        self.pending.as_ref()
    }
}

/// What happens to a machine of either role.
fn feed<M: Machine>(machine: &mut M, now: Instant, input: Input) {
    match input {
        Input::Bytes(bytes) => machine.handle_bytes(now, &bytes),
        Input::Eof => machine.handle_eof(now),
        Input::Tls(event) => machine.handle_tls(now, event),
        Input::Data(id, event) => machine.handle_data(now, id, event),
        Input::Wake => machine.handle_timeout(now),
        other => panic!("{other:?} is not for this role"),
    }
}

fn map<E: std::fmt::Debug>(output: Output<E>, told: fn(E) -> Told) -> Output<Told> {
    match output {
        Output::Write(bytes) => Output::Write(bytes),
        Output::WriteUrgent(bytes) => Output::WriteUrgent(bytes),
        Output::StartTls => Output::StartTls,
        Output::StopTls => Output::StopTls,
        Output::Data(id, request) => Output::Data(id, request),
        Output::Event(event) => Output::Event(told(event)),
        Output::Wait(deadline) => Output::Wait(deadline),
        Output::Closed(result) => Output::Closed(result),
        other => panic!("{other:?} is new"),
    }
}
