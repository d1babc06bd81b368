//! Random steps in any order, and what must hold whatever they are.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    sync::Arc,
    vec::Vec,
};
use core::time::Duration;
use std::format;

use proptest::prelude::*;

use super::rig::{CLIENT, Held, SERVER, path, some_file};
use crate::server::refuse::KINDS;
use crate::{
    Code, DataEvent, DataFailure, DataId, DataRequest, Instant, Machine, Output, Text, TlsEvent,
    command::Row,
    reply::ReplyReader,
    server::{state::Exchange, *},
};

/// What a client sends; each may come in any state.
const LINES: &[&[u8]] = &[
    b"USER anna\r\n",
    b"PASS secret\r\n",
    b"ACCT x\r\n",
    b"EPSV\r\n",
    b"PASV\r\n",
    b"EPSV\r\n",
    b"PASV\r\n",
    b"EPSV ALL\r\n",
    b"EPSV 2\r\n",
    b"PORT 192,0,2,7,195,80\r\n",
    b"PORT 192,0,2,9,195,80\r\n",
    b"EPRT |1|192.0.2.7|50000|\r\n",
    b"EPRT |2|::1|50000|\r\n",
    b"LPSV\r\n",
    b"LPRT 4,4,192,0,2,7,2,195,80\r\n",
    b"LPRT 6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,1,2,19,136\r\n",
    b"PRET RETR a\r\n",
    b"PRET NOOP\r\n",
    b"RANG 2 4\r\n",
    b"RANG 1 0\r\n",
    b"RETR a\r\n",
    b"RETR a\r\n",
    b"STOR b\r\n",
    b"STOR b\r\n",
    b"STOU\r\n",
    b"APPE c\r\n",
    b"LIST -la\r\n",
    b"NLST\r\n",
    b"MLSD\r\n",
    b"ABOR\r\n",
    b"ABOR\r\n",
    b"\xff\xf4\xff\xf2ABOR\r\n",
    b"\xff\xf2",
    b"\xff\xfd\x03",
    b"STAT\r\n",
    b"STAT x\r\n",
    b"NOOP\r\n",
    b"QUIT\r\n",
    b"REIN\r\n",
    b"TYPE I\r\n",
    b"TYPE A\r\n",
    b"REST 5\r\n",
    b"RNFR a\r\n",
    b"RNTO b\r\n",
    b"CWD x\r\n",
    b"CDUP\r\n",
    b"PWD\r\n",
    b"MKD x\r\n",
    b"RMD x\r\n",
    b"DELE x\r\n",
    b"SIZE x\r\n",
    b"MDTM x\r\n",
    b"MDTM 20240102030405 x\r\n",
    b"MFMT 20240102030405 x\r\n",
    b"MLST x\r\n",
    b"SITE CHMOD 644 x\r\n",
    b"SITE UTIME 20240102030405 x\r\n",
    b"SITE HELP\r\n",
    b"FEAT\r\n",
    b"HELP\r\n",
    b"SYST\r\n",
    b"OPTS MLST size;\r\n",
    b"OPTS UTF8 ON\r\n",
    b"LANG de\r\n",
    b"HOST h\r\n",
    b"CLNT c\r\n",
    b"CSID c\r\n",
    b"ALLO 5\r\n",
    b"ALLO 500\r\n",
    b"ALLO some\r\n",
    b"AVBL\r\n",
    b"AVBL x\r\n",
    b"HASH x\r\n",
    b"OPTS HASH\r\n",
    b"OPTS HASH MD5\r\n",
    b"OPTS HASH SHA-3\r\n",
    b"XCRC x\r\n",
    b"XMD5 \"x\" 1\r\n",
    b"XSHA x 1 5\r\n",
    b"XSHA256 x 5 1\r\n",
    b"MD5 x\r\n",
    b"MMD5 x, y, z\r\n",
    b"MFCT 20240102030405 x\r\n",
    b"MFF Modify=20240102030405;UNIX.mode=640; x\r\n",
    b"MFF color=red; x\r\n",
    b"COMB x y z\r\n",
    b"SITE COPY x y\r\n",
    b"SITE CPFR x\r\n",
    b"SITE CPTO y\r\n",
    b"SITE MKDIR x/y\r\n",
    b"SITE RMDIR x\r\n",
    b"SITE SYMLINK x y\r\n",
    b"SITE WHO\r\n",
    b"SSCN\r\n",
    b"SSCN ON\r\n",
    b"CPSV\r\n",
    b"STRU R\r\n",
    b"MODE B\r\n",
    b"SMNT x\r\n",
    b"PBSZ 0\r\n",
    b"PROT P\r\n",
    b"PROT C\r\n",
    b"CCC\r\n",
    b"MIC x\r\n",
    b"RETR\r\n",
    b"XFOO\r\n",
    b"\r\n",
    b"\x01\x02\r\n",
    b"NOOP",
    b"AUTH TLS\r\n",
];

#[derive(Clone, Debug)]
enum Do {
    Send(Vec<u8>),
    Answer(u8),
    News(u8),
    /// News that no driver would bring.
    Lie(u64, u8),
    Pass(u16),
    Tls(u8),
    Eof,
    Drain,
    ShutDown,
}

fn line() -> impl Strategy<Value = Vec<u8>> {
    proptest::sample::select(LINES).prop_map(<[u8]>::to_vec)
}

fn step() -> impl Strategy<Value = Do> {
    prop_oneof![
        12 => line().prop_map(Do::Send),
        3 => proptest::collection::vec(line(), 2..5).prop_map(|lines| Do::Send(lines.concat())),
        1 => proptest::collection::vec(any::<u8>(), 1..20).prop_map(Do::Send),
        12 => any::<u8>().prop_map(Do::Answer),
        14 => any::<u8>().prop_map(Do::News),
        3 => any::<u8>().prop_map(Do::Tls),
        1 => (0..70_u16).prop_map(Do::Pass),
    ]
}

fn steps(end: bool) -> impl Strategy<Value = Vec<Do>> {
    let last = if end {
        prop_oneof![
            Just(Do::Eof),
            Just(Do::Drain),
            Just(Do::ShutDown),
            Just(Do::Pass(400)),
        ]
        .boxed()
    } else {
        Just(Do::Eof).boxed()
    };
    let more = proptest::collection::vec(step(), 0..8);
    (proptest::collection::vec(step(), 0..60), last, more)
        .prop_map(|(steps, last, more)| [steps, [last].into(), more].concat())
}

fn lies() -> impl Strategy<Value = Vec<Do>> {
    let step = prop_oneof![
        3 => step(),
        2 => (0..8_u64, any::<u8>()).prop_map(|(id, what)| Do::Lie(id, what)),
    ];
    proptest::collection::vec(step, 0..60)
}

/// What a driver has under an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Socket {
    Binding,
    Bound,
    Accepting,
    Rejected,
    Dialling,
    Met,
    Securing,
    Secured,
    Flowing,
}

/// An honest driver and application around a session, and a clerk who checks each output.
struct World {
    session: Connection,
    now: Instant,
    held: Option<Held>,
    sockets: BTreeMap<DataId, Socket>,
    /// Ids that are used up.
    spent: BTreeSet<DataId>,
    opened: BTreeSet<DataId>,
    /// Whether the data connections are driven as a driver does it.
    honest: bool,
    /// Whether others than the client may be dialled.
    between_servers: bool,
    tls_changes: bool,
    /// The command that waits for its final reply, and one that was let in between.
    waiting: Option<Row>,
    between: Option<Row>,
    finals: Vec<Code>,
    wire: Vec<u8>,
    /// All outputs in their order, consecutive writes as one.
    log: Vec<String>,
    log_is_at_write: bool,
    deadline: Option<Instant>,
    closed: bool,
}

impl World {
    fn new(tls: TlsPolicy, honest: bool) -> Self {
        let mut config = Config::default();
        config.trace = true;
        config.tls = tls;
        config.dangerous_ccc = true;
        config.dangerous_rein_under_tls = true;
        config.dangerous_server_to_server = tls == TlsPolicy::Offered;
        config.limits.line = 64;
        config.limits.login_attempts = 10;
        config.limits.bad_commands_before_login = 0;
        let now = Instant::START;
        let mut world = Self {
            session: Connection::new(
                Arc::new(config),
                now,
                CLIENT.parse().unwrap(),
                SERVER.parse().unwrap(),
            ),
            now,
            held: None,
            sockets: BTreeMap::new(),
            spent: BTreeSet::new(),
            opened: BTreeSet::new(),
            honest,
            between_servers: tls == TlsPolicy::Offered,
            tls_changes: false,
            waiting: None,
            between: None,
            finals: Vec::new(),
            wire: Vec::new(),
            log: Vec::new(),
            log_is_at_write: false,
            deadline: None,
            closed: false,
        };
        world.pump();
        world
    }

    fn logged_in(tls: TlsPolicy, honest: bool) -> Self {
        let mut world = Self::new(tls, honest);
        world.send(b"USER anna\r\nPASS x\r\nTYPE I\r\n", usize::MAX);
        world.answer(1);
        world
    }

    fn pump(&mut self) {
        loop {
            let output = self.session.poll_output();
            match &output {
                Output::Wait(deadline) => {
                    self.deadline = *deadline;
                    break;
                }
                Output::Closed(_) if self.closed => break,
                Output::Write(bytes) => {
                    assert!(!self.tls_changes, "words in the midst of a handshake");
                    self.wire.extend_from_slice(bytes);
                    let text = format!("{}", bytes.escape_ascii());
                    if self.log_is_at_write {
                        self.log.last_mut().unwrap().push_str(&text);
                    } else {
                        self.log.push(text);
                    }
                    self.log_is_at_write = true;
                    continue;
                }
                other => {
                    self.log.push(format!("{other:?}"));
                    self.log_is_at_write = false;
                }
            }
            assert!(!self.closed, "{output:?} comes after the end");
            match output {
                Output::StartTls | Output::StopTls => {
                    assert!(!self.tls_changes);
                    self.tls_changes = true;
                }
                Output::Data(id, request) => self.request(id, request),
                Output::Event(event) => self.event(event),
                Output::Closed(_) => self.closed = true,
                _ => {}
            }
        }
        if self.closed {
            assert!(self.held.is_none() && self.opened.is_empty());
            assert!(
                !self.honest || self.sockets.is_empty(),
                "{:?}",
                self.sockets
            );
        } else if matches!(*self.session.exchange, Exchange::Idle) {
            assert_eq!((self.waiting, self.between), (None, None), "no final reply");
            assert!(self.held.is_none() && self.opened.is_empty());
        } else {
            assert!(self.deadline.is_some(), "it waits for ever");
        }
    }

    fn request(&mut self, id: DataId, request: DataRequest) {
        if !self.honest {
            return;
        }
        let before = self.sockets.get(&id).copied();
        let after = match (request, before) {
            (DataRequest::Listen(_), None) => Some(Socket::Binding),
            (DataRequest::Connect(to), None) => {
                let client: core::net::SocketAddr = CLIENT.parse().unwrap();
                assert!(to.ip() == client.ip() || self.between_servers, "{to}");
                Some(Socket::Dialling)
            }
            (DataRequest::Accept, Some(Socket::Bound | Socket::Rejected)) => {
                Some(Socket::Accepting)
            }
            (DataRequest::Reject, Some(Socket::Met)) => Some(Socket::Rejected),
            (DataRequest::Secure(_), Some(Socket::Met)) => Some(Socket::Securing),
            (DataRequest::Transfer(_), Some(Socket::Met | Socket::Secured)) => {
                Some(Socket::Flowing)
            }
            (DataRequest::Abort, Some(_)) => None,
            (request, before) => panic!("{request:?} for {id} in state {before:?}"),
        };
        match after {
            Some(socket) => {
                assert!(!self.spent.contains(&id), "{id} is used twice");
                self.sockets.insert(id, socket);
            }
            None => self.drop_socket(id),
        }
        assert!(
            self.sockets.len() <= 1,
            "two data connections: {:?}",
            self.sockets
        );
    }

    fn drop_socket(&mut self, id: DataId) {
        self.sockets.remove(&id);
        self.spent.insert(id);
    }

    fn event(&mut self, event: Event) {
        let held = match event {
            Event::Login(ask) => Held::Login(ask),
            Event::Change(ask) => Held::Change(ask),
            Event::Query(ask) => Held::Query(ask),
            Event::Survey(ask) => Held::Survey(ask),
            Event::Digest(ask) => Held::Digest(ask),
            Event::Space(ask) => Held::Space(ask),
            Event::Open(ask) => Held::Open(ask),
            Event::Commit(ask) => {
                assert!(self.opened.contains(&ask.question().id));
                Held::Commit(ask)
            }
            Event::Cancelled(id) => {
                assert_eq!(self.held.take().map(|held| held.id()), Some(id));
                return;
            }
            Event::TransferEnded(ended) => {
                assert!(self.opened.remove(&ended.id), "{ended:?} was not open");
                return;
            }
            Event::LoggedOut => return,
            Event::Command(command) => {
                let row = Row::of(&command);
                if self.waiting.is_none() {
                    self.waiting = Some(row);
                } else {
                    assert!(matches!(row, Row::Abor | Row::Noop | Row::Stat), "{row:?}");
                    assert_eq!(self.between.replace(row), None);
                }
                return;
            }
            Event::Replied(code) => {
                let row = match self.between {
                    // ABOR is answered behind the command that it ended.
                    Some(Row::Abor) if self.waiting.is_some() => self.waiting.take(),
                    Some(_) => self.between.take(),
                    None => self.waiting.take(),
                };
                // A line that could not be read may have been an EPRT or LPRT of another family.
                let row = row.unwrap_or(Row::Unread);
                let family = row == Row::Unread && matches!(code.number(), 521 | 522);
                assert!(row.allows(code) || family, "{row:?} gets {code}");
                self.finals.push(code);
                return;
            }
        };
        assert!(self.held.replace(held).is_none(), "two questions at a time");
    }

    fn send(&mut self, bytes: &[u8], piece: usize) {
        for piece in bytes.chunks(piece) {
            self.session.handle_bytes(self.now, piece);
            self.pump();
        }
    }

    fn answer(&mut self, how: u8) {
        let Some(held) = self.held.take() else {
            return;
        };
        let (session, now) = (&mut self.session, self.now);
        if how % 4 == 0 {
            let kind = KINDS[usize::from(how / 4) % KINDS.len()];
            let refusal = Refusal::new(kind);
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
        match held {
            Held::Login(ask) if how % 16 == 5 => {
                session.answer(now, ask, Ok(LoginAnswer::AccountNeeded));
            }
            Held::Login(ask) => {
                let home = path("/");
                let offers = if how % 16 == 6 {
                    Offers::EMPTY
                } else {
                    Offers::ALL
                };
                session.answer(now, ask, Ok(LoginAnswer::Accepted { home, offers }));
            }
            Held::Change(ask) => session.answer(now, ask, Ok(path("/p"))),
            Held::Query(ask) => {
                session.answer(now, ask, Ok(Described::new(path("/f"), some_file())));
            }
            Held::Survey(ask) => {
                session.answer(now, ask, Ok([(Text::from_static("a"), some_file())].into()));
            }
            Held::Digest(ask) => {
                let length = ask.question().algorithm.digest_length();
                let length = length - usize::from(how % 16 == 7);
                let answer = Digested::new(alloc::vec![how; length], u64::from(how / 64));
                session.answer(now, ask, Ok(answer));
            }
            Held::Space(ask) => session.answer(now, ask, Ok(u64::from(how))),
            Held::Open(ask) => {
                assert!(self.opened.insert(ask.question().id));
                let mut opened = Opened::default();
                opened.size = (how % 8 == 1).then_some(u64::from(how));
                session.answer(now, ask, Ok(opened));
            }
            Held::Commit(ask) => session.answer(now, ask, Ok(())),
        }
        self.pump();
    }

    /// News that an honest driver could bring now.
    fn news(&mut self, what: u8) {
        let Some((&id, &socket)) = self.sockets.first_key_value() else {
            return;
        };
        let fails = what % 8 == 0;
        let number = u64::from(what);
        let (event, after) = match socket {
            Socket::Bound | Socket::Rejected | Socket::Met | Socket::Secured if !fails => return,
            _ if fails => (DataEvent::Failed(failure(what / 8)), None),
            Socket::Binding => {
                let at = "192.0.2.1:5000".parse().unwrap();
                (DataEvent::Listening(at), Some(Socket::Bound))
            }
            Socket::Accepting if what % 8 == 1 => {
                let stranger = "198.51.100.1:9".parse().unwrap();
                (DataEvent::Connected(stranger), Some(Socket::Met))
            }
            Socket::Accepting | Socket::Dialling => {
                let client = "192.0.2.7:50000".parse().unwrap();
                (DataEvent::Connected(client), Some(Socket::Met))
            }
            Socket::Securing => (DataEvent::Secured { resumed: false }, Some(Socket::Secured)),
            Socket::Flowing if what % 8 < 3 => {
                (DataEvent::Progress { bytes: number }, Some(Socket::Flowing))
            }
            _ => {
                let clean = what % 8 != 3;
                (
                    DataEvent::Finished {
                        bytes: number,
                        clean,
                    },
                    None,
                )
            }
        };
        match after {
            Some(after) => {
                self.sockets.insert(id, after);
            }
            None => self.drop_socket(id),
        }
        self.session.handle_data(self.now, id, event);
        self.pump();
    }

    fn lie(&mut self, id: u64, what: u8) {
        let bytes = u64::from(what);
        let event = match what % 7 {
            0 => DataEvent::Listening("[2001:db8::1]:5000".parse().unwrap()),
            1 => DataEvent::Connected("192.0.2.7:50000".parse().unwrap()),
            2 => DataEvent::Connected("[2001:db8::1]:1".parse().unwrap()),
            3 => DataEvent::Secured { resumed: true },
            4 => DataEvent::Progress { bytes },
            5 => DataEvent::Finished { bytes, clean: true },
            _ => DataEvent::Failed(failure(what / 7)),
        };
        self.session.handle_data(self.now, DataId::new(id), event);
        self.pump();
    }

    fn pass(&mut self, to: Instant) {
        self.now = self.now.max(to);
        self.session.handle_timeout(self.now);
        self.pump();
    }

    fn carry_out(&mut self, step: &Do, piece: usize) {
        match step {
            Do::Send(bytes) => {
                // A driver reads nothing while TLS begins or ends.
                if self.session.wants_read() {
                    self.send(bytes, piece);
                }
            }
            Do::Answer(how) => self.answer(*how),
            Do::News(what) => self.news(*what),
            Do::Lie(id, what) => self.lie(*id, *what),
            Do::Pass(seconds) => {
                self.pass(self.now + Duration::from_secs(u64::from(*seconds)));
            }
            Do::Tls(how) => {
                if core::mem::take(&mut self.tls_changes) {
                    let started = self.log.iter().rfind(|line| line.ends_with("Tls"));
                    let event = match (how % 16, started.map(String::as_str)) {
                        (0, _) => TlsEvent::Failed,
                        (_, Some("StartTls")) => TlsEvent::Started,
                        _ => TlsEvent::Stopped,
                    };
                    self.session.handle_tls(self.now, event);
                    self.pump();
                }
            }
            Do::Eof => {
                self.session.handle_eof(self.now);
                self.pump();
            }
            Do::Drain => {
                self.session.drain(self.now);
                self.pump();
            }
            Do::ShutDown => {
                self.session.shut_down(self.now);
                self.pump();
            }
        }
    }

    /// Nobody does anything any more: the timers alone must end it.
    fn end(&mut self) {
        for _ in 0..1000 {
            if self.closed {
                break;
            }
            let deadline = self.deadline.expect("it waits for ever");
            self.pass(deadline);
        }
        assert!(self.closed, "it does not end");
        self.session.handle_bytes(self.now, b"NOOP\r\n");
        self.session.handle_eof(self.now);
        self.session.drain(self.now);
        self.pump();
        self.check_wire();
    }

    /// What crossed the wire is replies, and each final one was told.
    fn check_wire(&self) {
        let mut reader = ReplyReader::new(100_000, false);
        let mut codes = Vec::new();
        let mut wire = self.wire.clone();
        // The refusal of a Telnet option is no reply.
        while let Some(at) = wire
            .windows(3)
            .position(|w| matches!(w, [255, 251..=254, _]))
        {
            wire.drain(at..at + 3);
        }
        for line in wire.split_inclusive(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r\n").expect("a line ends with CRLF");
            if let Some(reply) = reader.push_line(line).expect("a reply") {
                if !reply.code().is_preliminary() {
                    codes.push(reply.code());
                }
            }
        }
        assert_eq!(codes[0], Code::READY);
        assert_eq!(&codes[1..], &self.finals[..]);
    }
}

fn failure(what: u8) -> DataFailure {
    match what % 5 {
        0 => DataFailure::Listen,
        1 => DataFailure::Refused,
        2 => DataFailure::Tls,
        3 => DataFailure::Broken,
        _ => DataFailure::NoSpace,
    }
}

proptest! {
    /// One final reply a command, in order, inside its row; at most one question and one data
    /// connection; nothing leaked; it ends.
    #[test]
    fn whatever_happens(steps in steps(true), fresh: bool, tls: bool) {
        let tls = if tls { TlsPolicy::Offered } else { TlsPolicy::Off };
        let mut world = if fresh { World::new(tls, true) } else { World::logged_in(tls, true) };
        for step in &steps {
            world.carry_out(step, usize::MAX);
        }
        world.end();
    }

    /// A driver that tells nonsense gets no panic, no leak of questions, and an end.
    #[test]
    fn whatever_a_driver_says(steps in lies()) {
        let mut world = World::logged_in(TlsPolicy::Offered, false);
        for step in &steps {
            world.carry_out(step, usize::MAX);
        }
        world.end();
    }

    /// The same bytes in other pieces give the same outputs.
    #[test]
    fn in_whatever_pieces(steps in steps(false), piece in 1..9_usize) {
        let logs = [usize::MAX, piece, 1].map(|piece| {
            let mut world = World::logged_in(TlsPolicy::Off, true);
            for step in &steps {
                world.carry_out(step, piece);
            }
            world.end();
            world.log
        });
        prop_assert_eq!(&logs[0], &logs[1]);
        prop_assert_eq!(&logs[0], &logs[2]);
    }
}
