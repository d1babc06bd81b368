//! The world around a session: a driver and an application, honest or not, and a clerk who checks
//! each output.

use alloc::{
    collections::{BTreeMap, BTreeSet},
    string::String,
    sync::Arc,
    vec::Vec,
};
use core::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    time::Duration,
};
use std::format;

use super::Do;
use crate::{
    Code, DataEvent, DataFailure, DataId, DataRequest, Instant, Machine, Output, Text, TlsEvent,
    TlsFacts,
    command::Row,
    reply::ReplyReader,
    server::{
        refuse::KINDS,
        state::Exchange,
        tests::rig::{CLIENT, Held, SERVER, path, some_file},
        *,
    },
};

/// How a server is set up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting {
    pub(super) tls: TlsPolicy,
    pub(super) v6: bool,
    pub(super) active: bool,
    pub(super) offers: Offers,
    /// Whether all that is dangerous is allowed.
    pub(super) dangerous: bool,
}

impl Setting {
    /// The address, or one of the other family that stands for it.
    fn at(self, v4: &str) -> SocketAddr {
        let address: SocketAddr = v4.parse().unwrap();
        match address.ip() {
            IpAddr::V4(ip) if self.v6 => {
                let [.., last] = ip.octets();
                let ip = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, last.into());
                SocketAddr::new(ip.into(), address.port())
            }
            _ => address,
        }
    }
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
pub(super) struct World {
    session: Connection,
    now: Instant,
    held: Option<Held>,
    sockets: BTreeMap<DataId, Socket>,
    /// Ids that are used up.
    spent: BTreeSet<DataId>,
    opened: BTreeSet<DataId>,
    /// Whether the data connections are driven as a driver does it.
    honest: bool,
    setting: Setting,
    tls_changes: bool,
    /// The command that waits for its final reply, and one that was let in between.
    waiting: Option<Row>,
    between: Option<Row>,
    finals: Vec<Code>,
    wire: Vec<u8>,
    /// All outputs in their order, consecutive writes as one.
    pub(super) log: Vec<String>,
    log_is_at_write: bool,
    deadline: Option<Instant>,
    closed: bool,
}

impl World {
    pub(super) fn new(setting: Setting, honest: bool) -> Self {
        let mut config = Config::default();
        config.trace = true;
        config.tls = setting.tls;
        config.active = setting.active;
        config.offers = setting.offers;
        config.offers_before_login = setting.offers;
        config.dangerous_ccc = setting.dangerous;
        config.dangerous_rein_under_tls = setting.dangerous;
        config.dangerous_server_to_server = setting.dangerous;
        config.accept_unclean_close = setting.dangerous;
        config.limits.line = 96;
        config.limits.login_attempts = 10;
        config.limits.bad_commands_before_login = 0;
        let now = Instant::START;
        let mut world = Self {
            session: Connection::new(
                Arc::new(config),
                now,
                setting.at(CLIENT),
                setting.at(SERVER),
            ),
            now,
            held: None,
            sockets: BTreeMap::new(),
            spent: BTreeSet::new(),
            opened: BTreeSet::new(),
            honest,
            setting,
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

    /// As far as the setting lets it come.
    pub(super) fn logged_in(setting: Setting, honest: bool) -> Self {
        let mut world = Self::new(setting, honest);
        if setting.tls != TlsPolicy::Off {
            world.send(b"AUTH TLS\r\n", usize::MAX);
            world.carry_out(&Do::Tls(1), usize::MAX);
        }
        world.send(b"USER anna\r\nPASS x\r\nTYPE I\r\n", usize::MAX);
        world.answer(1);
        if setting.tls != TlsPolicy::Off {
            world.send(b"PBSZ 0\r\nPROT P\r\n", usize::MAX);
        }
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
                let own = to.ip() == self.setting.at(CLIENT).ip();
                assert!(own || self.setting.dangerous, "{to}");
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
            Event::Malformed(error) => {
                assert_eq!(self.waiting, None, "{error}");
                self.waiting = error.verb().map(Row::of_verb);
                return;
            }
            Event::Replied(code) => {
                let row = match self.between {
                    // ABOR is answered behind the command that it ended.
                    Some(Row::Abor) if self.waiting.is_some() => self.waiting.take(),
                    Some(_) => self.between.take(),
                    None => self.waiting.take(),
                };
                let row = row.unwrap_or(Row::Unread);
                assert!(row.allows(code), "{row:?} gets {code}");
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
            Held::Login(ask) if how % 16 == 7 => {
                session.answer(now, ask, Ok(LoginAnswer::PasswordNeeded));
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
                let at = self.setting.at("192.0.2.1:5000");
                (DataEvent::Listening(at), Some(Socket::Bound))
            }
            Socket::Accepting if what % 8 == 1 => {
                let stranger = "198.51.100.1:9".parse().unwrap();
                (DataEvent::Connected(stranger), Some(Socket::Met))
            }
            Socket::Accepting | Socket::Dialling => {
                let client = self.setting.at("192.0.2.7:50000");
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

    pub(super) fn carry_out(&mut self, step: &Do, piece: usize) {
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
                        (_, Some("StartTls")) => {
                            let facts = TlsFacts::default();
                            TlsEvent::Started(facts.with_certificate(how % 16 > 8))
                        }
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
    pub(super) fn end(&mut self) {
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
