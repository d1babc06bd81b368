//! The server machine under arbitrary steps; `script` tells how they are written.
//!
//! Settings: `t` TLS is offered, `l` needed for login, `p` needed for data; `a` no active mode;
//! `u` unclean ends count; `c` CCC and `r` REIN under TLS are allowed; `s` small limits; `i` TLS
//! is implicit; `h` there are virtual hosts.
//! Steps: `aN` the application answers, `AN` it refuses, by number; `z` the server drains, `Z`
//! it shuts down.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};

use ftpkit_proto::{
    Code, DataId, Instant, Machine, Output, PathArg, Text, Verb,
    command::Replies,
    facts::{Facts, Kind},
    reply::ReplyReader,
    server::{
        Config, Connection, Described, Digested, Event, LoginAnswer, Offers, Opened, Refusal,
        RefusalKind, TlsPolicy,
    },
    wire::{Framed, Framer},
};

use crate::player::Pending;

use super::{
    OUTPUTS, PATIENCE,
    script::{Log, Stage, Step, in_any_pieces, peer, script},
};

/// The server machine under arbitrary steps: it never panics or loops, and comes to an end when
/// nothing more happens; all that it writes are whole replies, one final one for each command
/// and inside its row; and it does not matter in which pieces the client's bytes come.
///
/// # Panics
/// If a promise is broken.
pub fn server(data: &[u8]) {
    in_any_pieces(|piece| play(data, piece));
}

fn play(data: &[u8], piece: usize) -> Log {
    let (settings, steps) = script(data);
    let now = Instant::START;
    let local = SocketAddr::from(([127, 0, 0, 1], 21));
    let begin = match settings.contains(&b'i') {
        true => Connection::implicit,
        false => Connection::new,
    };
    let machine = begin(Arc::new(config(settings)), now, peer(), local);
    let mut stage = Stage {
        machine,
        now,
        data: 0,
        piece,
    };
    let mut watch = Watch::new();
    watch.drain(&mut stage);
    for step in steps {
        act(&mut stage, &mut watch, &step);
    }
    watch.end(&mut stage);
    watch.log
}

fn config(settings: &[u8]) -> Config {
    let mut config = Config::default();
    for letter in settings {
        match letter {
            b't' => config.tls = TlsPolicy::Offered,
            b'l' => config.tls = TlsPolicy::RequiredForLogin,
            b'p' => config.tls = TlsPolicy::RequiredForData,
            b'a' => config.active = false,
            b'u' => config.accept_unclean_close = true,
            b'c' => config.dangerous_ccc = true,
            b'r' => config.dangerous_rein_under_tls = true,
            b'h' => config.hosts = vec![Text::from_static("h.example")],
            b's' => {
                config.limits.line = 40;
                config.limits.pipeline = 200;
                config.limits.survey_entries = 2;
            }
            _ => {}
        }
    }
    config.trace = true;
    config
}

fn act(stage: &mut Stage<Connection>, watch: &mut Watch, step: &Step<'_>) {
    let Some((letter, a, _)) = stage.happen(step, |stage| watch.drain(stage)) else {
        return;
    };
    let now = stage.now;
    match letter {
        b'a' => answer(stage, watch.held.take(), None, a),
        b'A' => {
            let kind = REFUSALS[usize::from(a) % REFUSALS.len()];
            answer(stage, watch.held.take(), Some(Refusal::new(kind)), a);
        }
        b'z' => stage.machine.drain(now),
        b'Z' => stage.machine.shut_down(now),
        _ => {}
    }
    watch.drain(stage);
}

const REFUSALS: [RefusalKind; 12] = [
    RefusalKind::NotFound,
    RefusalKind::Exists,
    RefusalKind::Denied,
    RefusalKind::NotADirectory,
    RefusalKind::NameNotAllowed,
    RefusalKind::Busy,
    RefusalKind::NoSpace,
    RefusalKind::Quota,
    RefusalKind::BeyondEnd,
    RefusalKind::Unsupported,
    RefusalKind::Failed,
    RefusalKind::TooMany,
];

fn answer(stage: &mut Stage<Connection>, held: Option<Pending>, refusal: Option<Refusal>, how: u8) {
    fn or<T>(refusal: Option<Refusal>, answer: T) -> Result<T, Refusal> {
        refusal.map_or(Ok(answer), Err)
    }
    let (machine, now) = (&mut stage.machine, stage.now);
    let path = PathArg::from_static("/a \"b\"");
    match held {
        None => {}
        Some(Pending::Login(ask)) => {
            let answer = if how == 1 {
                LoginAnswer::AccountNeeded
            } else if how == 3 {
                LoginAnswer::PasswordNeeded
            } else {
                let offers = if how == 2 { Offers::EMPTY } else { Offers::ALL };
                LoginAnswer::Accepted { home: path, offers }
            };
            machine.answer(now, ask, or(refusal, answer));
        }
        Some(Pending::Change(ask)) => machine.answer(now, ask, or(refusal, path)),
        Some(Pending::Query(ask)) => {
            let facts = match how {
                1 => Facts::default(),
                2 => Facts::of(Kind::Directory),
                _ => Facts::file(7),
            };
            machine.answer(now, ask, or(refusal, Described::new(path, facts)));
        }
        Some(Pending::Survey(ask)) => {
            let entry = (Text::from_static("213 a"), Facts::file(7));
            let entries = vec![entry; usize::from(how % 5)];
            machine.answer(now, ask, or(refusal, entries));
        }
        Some(Pending::Digest(ask)) => {
            let length = ask.question().algorithm.digest_length();
            let length = length - usize::from(how == 1);
            let answer = Digested::new(vec![how; length], u64::from(how));
            machine.answer(now, ask, or(refusal, answer));
        }
        Some(Pending::Space(ask)) => machine.answer(now, ask, or(refusal, u64::from(how))),
        Some(Pending::Open(ask)) => {
            let mut opened = Opened::default();
            if how == 1 {
                opened.size = Some(u64::MAX);
            }
            opened.name = (how == 2).then_some(path);
            machine.answer(now, ask, or(refusal, opened));
        }
        Some(Pending::Commit(ask)) => machine.answer(now, ask, or(refusal, ())),
    }
}

/// What the machine did so far, and what it must still do.
struct Watch {
    log: Log,
    held: Option<Pending>,
    opened: BTreeSet<DataId>,
    replies: Replied,
    closed: bool,
}

impl Watch {
    fn new() -> Self {
        Self {
            log: Log::default(),
            held: None,
            opened: BTreeSet::new(),
            replies: Replied::new(),
            closed: false,
        }
    }

    /// Takes all outputs.
    fn drain(&mut self, stage: &mut Stage<Connection>) {
        for step in 0.. {
            assert!(step < OUTPUTS, "the machine never rests");
            let output = stage.machine.poll_output();
            match output {
                Output::Write(bytes) | Output::WriteUrgent(bytes) => {
                    assert!(!self.closed, "it writes behind its end");
                    self.replies.wrote(&bytes);
                    self.log.wrote(&bytes);
                }
                Output::Event(event) => {
                    self.log.did(format!("{event:?}"));
                    self.event(event);
                }
                Output::Wait(deadline) => {
                    let passed = deadline.is_some_and(|at| at <= stage.now);
                    assert!(!passed, "its deadline has passed");
                    return;
                }
                Output::Closed(result) => {
                    if !self.closed {
                        self.log.did(format!("{result:?}"));
                    }
                    self.closed = true;
                    return;
                }
                output => {
                    if let Output::Data(id, _) = &output {
                        stage.data = id.number();
                    }
                    self.log.did(format!("{output:?}"));
                }
            }
        }
    }

    fn event(&mut self, event: Event) {
        let event = match Pending::of(event) {
            Ok(held) => {
                assert!(self.held.replace(held).is_none(), "two questions at a time");
                return;
            }
            Err(event) => event,
        };
        match event {
            Event::Cancelled(id) => {
                let held = self.held.take().map(|held| held.id());
                assert_eq!(held, Some(id), "another question is cancelled");
            }
            Event::TransferEnded(ended) => {
                assert!(self.opened.insert(ended.id), "a transfer ends twice");
            }
            Event::Command(command) => self.replies.takes_up(&command),
            Event::Replied(code) => self.replies.replied(code),
            _ => {}
        }
    }

    /// Nothing happens any more but time.
    fn end(&mut self, stage: &mut Stage<Connection>) {
        for _ in 0..PATIENCE {
            match stage.machine.poll_output() {
                Output::Wait(Some(deadline)) => {
                    stage.now = deadline;
                    stage.machine.handle_timeout(deadline);
                    self.drain(stage);
                }
                Output::Closed(_) => return self.replies.end(),
                output => panic!("it waits for ever: {output:?}"),
            }
        }
        panic!("it does not end");
    }
}

/// What was written, read as a strict client reads it, and for which command.
struct Replied {
    framer: Framer,
    reader: ReplyReader,
    /// The final replies on the wire, and those that the machine told of.
    written: Vec<Code>,
    told: Vec<Code>,
    /// The command that is being carried out, and one that was taken up beside it.
    waiting: Option<Replies>,
    between: Option<(Verb, Replies)>,
}

impl Replied {
    fn new() -> Self {
        Self {
            framer: Framer::new(0),
            reader: ReplyReader::new(usize::MAX, false),
            written: Vec::new(),
            told: Vec::new(),
            waiting: None,
            between: None,
        }
    }

    fn wrote(&mut self, bytes: &[u8]) {
        self.framer.push(bytes);
        while let Some(Framed::Line(line)) = self.framer.next_line() {
            let read = self.reader.push_line(line);
            let reply = read.unwrap_or_else(|error| panic!("{error}: {line:?}"));
            let code = reply.map(|reply| reply.code());
            self.written
                .extend(code.filter(|code| !code.is_preliminary()));
        }
    }

    fn takes_up(&mut self, command: &ftpkit_proto::Command) {
        let (verb, replies) = (command.verb(), command.replies());
        if self.waiting.is_none() {
            self.waiting = Some(replies);
            return;
        }
        let immediate = [Verb::ABOR, Verb::NOOP, Verb::STAT].contains(&verb);
        assert!(immediate, "{verb} is taken up beside another command");
        let before = self.between.replace((verb, replies));
        assert!(before.is_none(), "two commands beside another");
    }

    fn replied(&mut self, code: Code) {
        let row = match self.between {
            // ABOR is answered behind the command that it ended.
            Some((Verb::ABOR, _)) if self.waiting.is_some() => self.waiting.take(),
            Some((_, replies)) => {
                self.between = None;
                Some(replies)
            }
            None => self.waiting.take(),
        };
        // A line that is no command may get what every command may get.
        let allowed = row.map_or_else(|| code.is_refusal(), |replies: Replies| replies.allow(code));
        assert!(allowed, "{code} is outside the row of its command");
        self.told.push(code);
    }

    fn end(&self) {
        let whole = self.framer.is_empty() && !self.reader.is_open();
        assert!(whole, "half a reply was written");
        // The first is the greeting, which waits for implicit TLS.
        let behind = self.written.get(1..).unwrap_or_default();
        assert_eq!(behind, self.told, "final replies");
    }
}
