//! Plays transcripts against a session. Each line of one is an input or an expected output:
//!
//! - `C: …` a line of the client (`\xNN` escapes), `B: …` bytes of it without an end
//! - `A: …` the application answers: `ok`, `path P`, `size N`, `name N`, `account`, `dir`,
//!   `bare`, `poor` (a login without offers), `digest N`, `short`, `space N`, or the name of a
//!   refusal
//! - `N: …` news of a data connection: `listening`, `connected [A]`, `secured`, `progress N`,
//!   `finished N`, `unclean N`, `failed KIND`, each with `@N` behind it for an old one
//! - `L: …` news of TLS; `T: …` seconds pass; `EOF`, `DRAIN`, `SHUTDOWN`
//! - `S: …` a line of the server, `E: …` an event, `D: …` a data request, `TLS: …`,
//!   `X: …` the end: each the beginning of what is expected
//!
//! All outputs must stand in the transcript, in their order, whether the client's bytes come
//! whole or one by one.

use alloc::{collections::VecDeque, string::String, sync::Arc, vec::Vec};
use core::{net::SocketAddr, time::Duration};
use std::{format, string::ToString};

use crate::{
    DataEvent, DataFailure, DataId, Instant, Machine, Output, PathArg, Text, TlsEvent, TlsFacts,
    facts::{Facts, Kind},
    server::{refuse::KINDS, *},
    time::Timestamp,
};

pub(super) const CLIENT: &str = "192.0.2.7:40000";
pub(super) const SERVER: &str = "192.0.2.1:21";

/// The beginning of most transcripts.
pub(super) const IN: &str = "
    S: 220 ftpkit ready.
    C: USER anna
    S: 331
    C: PASS secret
    E: Login
    A: ok
    S: 230
";

/// A question that waits for its answer.
#[derive(Debug)]
pub(super) enum Held {
    Login(Ask<Login>),
    Change(Ask<Change>),
    Query(Ask<Query>),
    Survey(Ask<Survey>),
    Digest(Ask<Digest>),
    Space(Ask<Space>),
    Open(Ask<Open>),
    Commit(Ask<Commit>),
}

impl Held {
    pub(super) const fn id(&self) -> AskId {
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

pub(super) fn path(text: &str) -> PathArg {
    PathArg::try_from(text).unwrap()
}

pub(super) fn some_file() -> Facts {
    let mut facts = Facts::default();
    facts.kind = Some(Kind::File);
    facts.size = Some(42);
    facts.modified = Timestamp::parse_time_val(b"20240102030405");
    facts
}

const FAILURES: &[DataFailure] = &[
    DataFailure::Listen,
    DataFailure::Refused,
    DataFailure::Unreachable,
    DataFailure::TimedOut,
    DataFailure::Tls,
    DataFailure::NotResumed,
    DataFailure::Certificate,
    DataFailure::Broken,
    DataFailure::Local,
    DataFailure::NoSpace,
    DataFailure::Quota,
];

pub(super) struct Rig {
    pub(super) session: Connection,
    pub(super) now: Instant,
    pub(super) log: VecDeque<String>,
    pub(super) held: Option<Held>,
    pub(super) data: DataId,
    /// What was written since the last whole line.
    line: Vec<u8>,
    pub(super) closed: bool,
    /// How many bytes of the client come at a time.
    piece: usize,
}

impl Rig {
    pub(super) fn new(config: Config) -> Self {
        Self::between(config, CLIENT, SERVER)
    }

    pub(super) fn between(config: Config, client: &str, server: &str) -> Self {
        let (client, server) = (client.parse().unwrap(), server.parse().unwrap());
        let now = Instant::START;
        Self::with(Connection::new(Arc::new(config), now, client, server))
    }

    /// Under TLS from the first moment.
    pub(super) fn implicit(config: Config) -> Self {
        let (client, server) = (CLIENT.parse().unwrap(), SERVER.parse().unwrap());
        let now = Instant::START;
        Self::with(Connection::implicit(Arc::new(config), now, client, server))
    }

    pub(super) fn with(session: Connection) -> Self {
        let now = Instant::START;
        let mut rig = Self {
            session,
            now,
            log: VecDeque::new(),
            held: None,
            data: DataId::new(0),
            line: Vec::new(),
            closed: false,
            piece: usize::MAX,
        };
        rig.pump();
        rig
    }

    /// Takes all outputs up to `Wait` or `Closed`.
    pub(super) fn pump(&mut self) {
        loop {
            match self.session.poll_output() {
                Output::Write(bytes) | Output::WriteUrgent(bytes) => {
                    for byte in bytes {
                        if byte == b'\n' {
                            assert_eq!(self.line.pop(), Some(b'\r'));
                            let line = core::mem::take(&mut self.line);
                            self.log.push_back(format!(
                                "S: {}",
                                line.escape_ascii().to_string().replace("\\\"", "\"")
                            ));
                        } else {
                            self.line.push(byte);
                        }
                    }
                }
                Output::StartTls => self.log.push_back("TLS: start".into()),
                Output::StopTls => self.log.push_back("TLS: stop".into()),
                Output::Data(id, request) => {
                    self.data = id;
                    self.log
                        .push_back(format!("D: {request:?} @{}", id.number()));
                }
                Output::Event(event) => self.event(event),
                Output::Wait(_) => return,
                Output::Closed(result) => {
                    if !self.closed {
                        self.log.push_back(format!("X: {result:?}"));
                    }
                    self.closed = true;
                    return;
                }
            }
        }
    }

    fn event(&mut self, event: Event) {
        let (shown, held) = match event {
            Event::Login(ask) => (format!("{:?}", ask.question()), Held::Login(ask)),
            Event::Change(ask) => (format!("{:?}", ask.question()), Held::Change(ask)),
            Event::Query(ask) => (format!("{:?}", ask.question()), Held::Query(ask)),
            Event::Survey(ask) => (format!("{:?}", ask.question()), Held::Survey(ask)),
            Event::Digest(ask) => (format!("{:?}", ask.question()), Held::Digest(ask)),
            Event::Space(ask) => (format!("{:?}", ask.question()), Held::Space(ask)),
            Event::Open(ask) => (format!("{:?}", ask.question()), Held::Open(ask)),
            Event::Commit(ask) => (format!("{:?}", ask.question()), Held::Commit(ask)),
            Event::Cancelled(id) => {
                assert_eq!(self.held.take().map(|held| held.id()), Some(id));
                return self.log.push_back("E: Cancelled".into());
            }
            Event::TransferEnded(ended) => {
                return self.log.push_back(format!(
                    "E: Ended {:?} {} bytes @{}",
                    ended.end,
                    ended.bytes,
                    ended.id.number()
                ));
            }
            other => return self.log.push_back(format!("E: {other:?}")),
        };
        assert!(self.held.is_none(), "two questions at a time");
        self.held = Some(held);
        self.log.push_back(format!("E: {shown}"));
    }

    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        for piece in bytes.chunks(self.piece) {
            self.session.handle_bytes(self.now, piece);
            self.pump();
        }
    }

    pub(super) fn pass(&mut self, span: Duration) {
        self.now = self.now + span;
        self.session.handle_timeout(self.now);
        self.pump();
    }

    pub(super) fn news(&mut self, id: DataId, event: DataEvent) {
        self.session.handle_data(self.now, id, event);
        self.pump();
    }

    pub(super) fn answer(&mut self, how: &str) {
        let held = self.held.take().expect("no question is open");
        let (word, rest) = how.split_once(' ').unwrap_or((how, ""));
        let refusal = KINDS
            .iter()
            .filter(|_| word.starts_with(char::is_uppercase))
            .find(|kind| format!("{kind:?}") == word);
        let (session, now) = (&mut self.session, self.now);
        if let Some(kind) = refusal {
            let refusal = Refusal::new(*kind);
            match held {
                Held::Login(ask) => session.answer(now, ask, Err(refusal)),
                Held::Change(ask) => session.answer(now, ask, Err(refusal)),
                Held::Query(ask) => session.answer(now, ask, Err(refusal)),
                Held::Survey(ask) => session.answer(now, ask, Err(refusal)),
                Held::Digest(ask) => session.answer(now, ask, Err(refusal)),
                Held::Space(ask) => session.answer(now, ask, Err(refusal)),
                Held::Open(ask) => session.answer(now, ask, Err(refusal)),
                Held::Commit(ask) => session.answer(now, ask, Err(refusal)),
            }
            return self.pump();
        }
        match (held, word) {
            (Held::Login(ask), "account") => {
                session.answer(now, ask, Ok(LoginAnswer::AccountNeeded));
            }
            (Held::Login(ask), "password") => {
                session.answer(now, ask, Ok(LoginAnswer::PasswordNeeded));
            }
            (Held::Login(ask), "ok") => {
                let (home, offers) = (path("/home"), Offers::ALL);
                session.answer(now, ask, Ok(LoginAnswer::Accepted { home, offers }));
            }
            (Held::Login(ask), "poor") => {
                let (home, offers) = (path("/home"), Offers::EMPTY);
                session.answer(now, ask, Ok(LoginAnswer::Accepted { home, offers }));
            }
            (Held::Change(ask), "ok") => session.answer(now, ask, Ok(path("/there"))),
            (Held::Change(ask), "path") => session.answer(now, ask, Ok(path(rest))),
            (Held::Query(ask), "ok") => {
                session.answer(now, ask, Ok(Described::new(path("/f"), some_file())));
            }
            (Held::Query(ask), "dir") => {
                let mut facts = some_file();
                facts.kind = Some(Kind::Directory);
                session.answer(now, ask, Ok(Described::new(path("/d"), facts)));
            }
            (Held::Query(ask), "bare") => {
                session.answer(now, ask, Ok(Described::new(path("/f"), Facts::default())));
            }
            (Held::Survey(ask), "ok") => {
                let entry = |name: &str| (Text::try_from(name).unwrap(), some_file());
                session.answer(
                    now,
                    ask,
                    Ok([entry("a"), entry("211 b"), entry("c")].into()),
                );
            }
            (Held::Digest(ask), "digest") => {
                let length = ask.question().algorithm.digest_length();
                let digest: Vec<u8> = (0..).map(|n: u8| n | 0xa0).take(length).collect();
                let answer = Digested::new(digest, rest.parse().unwrap());
                session.answer(now, ask, Ok(answer));
            }
            (Held::Digest(ask), "short") => {
                session.answer(now, ask, Ok(Digested::new([1, 2, 3], 9)));
            }
            (Held::Space(ask), "space") => session.answer(now, ask, Ok(rest.parse().unwrap())),
            (Held::Open(ask), "ok") => session.answer(now, ask, Ok(Opened::default())),
            (Held::Open(ask), "size") => {
                let mut opened = Opened::default();
                opened.size = Some(rest.parse().unwrap());
                session.answer(now, ask, Ok(opened));
            }
            (Held::Open(ask), "name") => {
                let mut opened = Opened::default();
                opened.name = Some(path(rest));
                session.answer(now, ask, Ok(opened));
            }
            (Held::Commit(ask), "ok") => session.answer(now, ask, Ok(())),
            (held, _) => panic!("{how} does not answer {held:?}"),
        }
        self.pump();
    }

    fn input(&mut self, kind: &str, what: &str) {
        match kind {
            "C" => {
                let mut line = unescape(what);
                line.extend_from_slice(b"\r\n");
                self.bytes(&line);
            }
            "B" => self.bytes(&unescape(what)),
            "A" => self.answer(what),
            "T" => self.pass(Duration::from_secs(what.parse().unwrap())),
            "L" => {
                let event = match what {
                    "stopped" => TlsEvent::Stopped,
                    "failed" => TlsEvent::Failed,
                    started => TlsEvent::Started(facts(started)),
                };
                self.session.handle_tls(self.now, event);
                self.pump();
            }
            "N" => {
                let (what, id) = match what.split_once('@') {
                    Some((what, number)) => (what.trim(), DataId::new(number.parse().unwrap())),
                    None => (what, self.data),
                };
                let (word, rest) = what.split_once(' ').unwrap_or((what, ""));
                let address = |usual: &str| -> SocketAddr {
                    let address = if rest.is_empty() { usual } else { rest };
                    address.parse().unwrap()
                };
                let number = || rest.parse().unwrap();
                let event = match word {
                    "listening" => DataEvent::Listening(address("192.0.2.1:5000")),
                    "connected" => DataEvent::Connected(address("192.0.2.7:50000")),
                    "secured" => DataEvent::Secured { resumed: true },
                    "progress" => DataEvent::Progress { bytes: number() },
                    "finished" => DataEvent::Finished {
                        bytes: number(),
                        clean: true,
                    },
                    "unclean" => DataEvent::Finished {
                        bytes: number(),
                        clean: false,
                    },
                    "failed" => DataEvent::Failed(
                        *FAILURES
                            .iter()
                            .find(|failure| format!("{failure:?}") == rest)
                            .unwrap(),
                    ),
                    _ => panic!("unknown news: {what}"),
                };
                self.news(id, event);
            }
            _ => panic!("unknown input: {kind}: {what}"),
        }
    }

    /// Plays a transcript; what it does not expect, or expects in vain, fails.
    #[track_caller]
    pub(super) fn play(&mut self, transcript: &str) {
        for (at, line) in transcript.lines().enumerate() {
            let line = line.trim_ascii();
            if line.is_empty() {
                continue;
            }
            let (kind, what) = line
                .split_once(": ")
                .unwrap_or_else(|| (line.trim_end_matches(':'), ""));
            let expected = matches!(kind, "S" | "E" | "D" | "TLS" | "X");
            if !expected {
                assert!(
                    self.log.is_empty(),
                    "before line {at}, {line:?}, nobody expected {:#?}",
                    self.log
                );
            }
            match kind {
                "EOF" => {
                    self.session.handle_eof(self.now);
                    self.pump();
                }
                "DRAIN" => {
                    self.session.drain(self.now);
                    self.pump();
                }
                "SHUTDOWN" => {
                    self.session.shut_down(self.now);
                    self.pump();
                }
                _ if expected => {
                    let found = self.log.pop_front();
                    assert!(
                        found.as_ref().is_some_and(|found| found.starts_with(line)),
                        "line {at}: expected {line:?}, found {found:?}, then {:#?}",
                        self.log
                    );
                }
                _ => self.input(kind, what),
            }
        }
        assert!(self.log.is_empty(), "at the end: {:#?}", self.log);
    }
}

pub(super) fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut bytes = text.as_bytes();
    while let Some((first, rest)) = bytes.split_first() {
        if let Some(hex) = bytes.strip_prefix(b"\\x").and_then(|hex| hex.get(..2)) {
            let hex = core::str::from_utf8(hex).unwrap();
            out.push(u8::from_str_radix(hex, 16).unwrap());
            bytes = &bytes[4..];
        } else {
            out.push(*first);
            bytes = rest;
        }
    }
    out
}

/// Plays a transcript that begins behind the login.
#[track_caller]
pub(super) fn logged_in(transcript: &str) {
    logged_in_with(Config::default(), transcript);
}

/// Like [`logged_in`], with this configuration.
#[track_caller]
pub(super) fn logged_in_with(config: Config, transcript: &str) {
    in_pieces(config, &[IN, transcript]);
}

/// Plays a transcript from the greeting on.
#[track_caller]
pub(super) fn fresh_with(config: Config, transcript: &str) {
    in_pieces(config, &[transcript]);
}

/// Plays transcripts in one session, once for each way to cut the client's bytes.
#[track_caller]
fn in_pieces(config: Config, transcripts: &[&str]) {
    // Under miri each transcript is cut in one way, most often in the first.
    let pieces = if cfg!(miri) {
        let length: usize = transcripts.iter().map(|part| part.len()).sum();
        &[[usize::MAX], [7], [usize::MAX], [1]][length % 4][..]
    } else {
        &[usize::MAX, 1, 2, 7]
    };
    for piece in pieces.iter().copied() {
        let mut rig = Rig::new(config.clone());
        rig.piece = piece;
        for transcript in transcripts {
            rig.play(transcript);
        }
    }
}

/// `started`, with `certified` or the name of a server behind it, or both.
fn facts(words: &str) -> TlsFacts {
    let mut words = words.split(' ');
    assert_eq!(words.next(), Some("started"));
    words.fold(TlsFacts::default(), |facts, word| match word {
        "certified" => facts.with_certificate(true),
        name => facts.with_server_name(Text::try_from(name).unwrap()),
    })
}
