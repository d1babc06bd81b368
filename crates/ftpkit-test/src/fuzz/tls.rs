//! Both machines with news of TLS in any order, due or not, and with bytes that come when none
//! may; `script` tells how the steps are written.
//!
//! Settings: `i` TLS is implicit; `t` TLS is offered, `l` needed for login, `p` needed for data;
//! `c` CCC and `r` REIN under TLS are allowed; `h` the server has virtual hosts.
//! Steps: `aN` the application of the server answers, `AN` it refuses; `qN` that of the client
//! asks, by number; `z` the server drains.

use std::{net::SocketAddr, sync::Arc};

use ftpkit_proto::{
    Command, DataId, DataRequest, Error, Instant, Machine, Output, PathArg, TlsEvent,
    client::{self, Credentials, Request, Transfer},
    error::PeerMisbehaved,
    server::{self, LoginAnswer, Offers, RefusalKind},
};

use super::{
    OUTPUTS,
    script::{Step, data_event, peer, script, tls_event},
};
use crate::player::Pending;

/// Both machines, one after the other, with news of TLS in any order: TLS begins and ends only
/// where it was asked for, once at a time; nothing is written meanwhile, and a byte that comes
/// ends the session; a handshake that fails ends it without a word; and where data connections
/// must be under TLS no payload flows without it.
///
/// # Panics
/// If a promise is broken.
pub fn tls(data: &[u8]) {
    let (settings, steps) = script(data);
    let steps: Vec<Step<'_>> = steps.collect();
    let now = Instant::START;
    let own = SocketAddr::from(([127, 0, 0, 1], 21));

    let config = Arc::new(server_config(settings));
    let begin = match settings.contains(&b'i') {
        true => server::Connection::implicit,
        false => server::Connection::new,
    };
    let must_secure = config.tls == server::TlsPolicy::RequiredForData;
    let server = Server {
        machine: begin(config, now, peer(), own),
        held: None,
    };
    Play::new(server, must_secure).all(&steps);

    let mut config = client::Config::default();
    config.implicit_tls = settings.contains(&b'i');
    config.dangerous_ccc = settings.contains(&b'c');
    Play::new(client::Connection::new(config, now, own), false).all(&steps);
}

fn server_config(settings: &[u8]) -> server::Config {
    let mut config = server::Config::default();
    for letter in settings {
        match letter {
            b't' => config.tls = server::TlsPolicy::Offered,
            b'l' => config.tls = server::TlsPolicy::RequiredForLogin,
            b'p' => config.tls = server::TlsPolicy::RequiredForData,
            b'c' => config.dangerous_ccc = true,
            b'r' => config.dangerous_rein_under_tls = true,
            b'h' => config.hosts = vec!["h.example".try_into().expect("a text")],
            _ => {}
        }
    }
    config
}

/// What this target must know of a machine.
trait Role: Machine {
    fn is_secured(&self) -> bool;

    /// Whether news of a failure always ends it, and not only where TLS begins or ends.
    const FAILS_ALWAYS: bool;

    fn told(&mut self, event: Self::Event);

    fn own(&mut self, now: Instant, letter: u8, number: u8);
}

/// The server with the question that its application was asked.
struct Server {
    machine: server::Connection,
    held: Option<Pending>,
}

impl Machine for Server {
    type Event = server::Event;

    fn handle_bytes(&mut self, now: Instant, bytes: &[u8]) {
        self.machine.handle_bytes(now, bytes);
    }

    fn handle_eof(&mut self, now: Instant) {
        self.machine.handle_eof(now);
    }

    fn handle_tls(&mut self, now: Instant, event: TlsEvent) {
        self.machine.handle_tls(now, event);
    }

    fn handle_data(&mut self, now: Instant, id: DataId, event: ftpkit_proto::DataEvent) {
        self.machine.handle_data(now, id, event);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.machine.handle_timeout(now);
    }

    fn poll_output(&mut self) -> Output<Self::Event> {
        self.machine.poll_output()
    }

    fn wants_read(&self) -> bool {
        self.machine.wants_read()
    }
}

impl Role for Server {
    const FAILS_ALWAYS: bool = true;

    fn is_secured(&self) -> bool {
        self.machine.is_secured()
    }

    fn told(&mut self, event: server::Event) {
        match Pending::of(event) {
            Ok(Pending::Login(ask)) => {
                let login = ask.question();
                // Nobody is asked about a certificate that is not there.
                assert!(login.password.is_some() || login.certificate, "{login:?}");
                assert!(login.secured || !login.certificate, "{login:?}");
                self.held = Some(Pending::Login(ask));
            }
            Ok(pending) => self.held = Some(pending),
            Err(server::Event::Cancelled(_)) => self.held = None,
            Err(_) => {}
        }
    }

    fn own(&mut self, now: Instant, letter: u8, number: u8) {
        let machine = &mut self.machine;
        match (letter, self.held.take()) {
            (b'z', held) => {
                self.held = held;
                machine.drain(now);
            }
            (b'a', Some(Pending::Login(ask))) => {
                let answer = match number {
                    1 => LoginAnswer::AccountNeeded,
                    3 => LoginAnswer::PasswordNeeded,
                    _ => LoginAnswer::Accepted {
                        home: PathArg::from_static("/"),
                        offers: Offers::ALL,
                    },
                };
                machine.answer(now, ask, Ok(answer));
            }
            (b'A', Some(Pending::Login(ask))) => {
                machine.answer(now, ask, Err(RefusalKind::LoginFailed.into()));
            }
            (b'a', Some(Pending::Open(ask))) => machine.answer(now, ask, Ok(Default::default())),
            (b'a', Some(Pending::Commit(ask))) => machine.answer(now, ask, Ok(())),
            (_, held) => self.held = held,
        }
    }
}

impl Role for client::Connection {
    const FAILS_ALWAYS: bool = false;

    fn is_secured(&self) -> bool {
        Self::is_secured(self)
    }

    fn told(&mut self, _event: client::Event) {}

    fn own(&mut self, now: Instant, letter: u8, number: u8) {
        if letter != b'q' {
            return;
        }
        let transfer = |transfer| Request::Transfer {
            transfer,
            ascii: false,
        };
        let path = PathArg::from_static("a");
        self.submit(
            now,
            match number % 7 {
                0 => Request::Login(Credentials::anonymous()),
                1 => Request::Secure { protect_data: true },
                2 => Request::Secure {
                    protect_data: false,
                },
                3 => Request::ClearControl,
                4 => transfer(Transfer::Download { path, offset: 0 }),
                5 => Request::Command(Command::Noop),
                _ => Request::Quit,
            },
        );
    }
}

/// What runs below the control connection, as its driver sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Channel {
    Clear,
    Starting,
    Secured,
    Stopping,
}

/// A machine, and what its driver knows.
struct Play<M> {
    machine: M,
    now: Instant,
    channel: Channel,
    /// Whether no payload may flow but under TLS.
    must_secure: bool,
    data: u64,
    /// The data connection on which TLS was asked for.
    securing: Option<DataId>,
    end: Option<Result<(), Error>>,
    /// Whether anything but the end came out since the last step began.
    spoke: bool,
}

impl<M: Role> Play<M> {
    fn new(machine: M, must_secure: bool) -> Self {
        Self {
            machine,
            now: Instant::START,
            channel: Channel::Clear,
            must_secure,
            data: 0,
            securing: None,
            end: None,
            spoke: false,
        }
    }

    fn all(mut self, steps: &[Step<'_>]) {
        self.drain();
        for step in steps {
            let ended = self.end.is_some();
            self.spoke = false;
            self.step(step);
            assert!(!ended || !self.spoke, "it goes on behind its end");
        }
    }

    fn is_changing(&self) -> bool {
        matches!(self.channel, Channel::Starting | Channel::Stopping)
    }

    fn step(&mut self, step: &Step<'_>) {
        let changing = self.is_changing() && self.end.is_none();
        match *step {
            Step::Peer(bytes, ends) => {
                let line = [bytes, if ends { &b"\r\n"[..] } else { b"" }].concat();
                self.machine.handle_bytes(self.now, &line);
                self.drain();
                if changing && !line.is_empty() {
                    self.ends_in_silence(|error| {
                        matches!(
                            error,
                            Error::PeerMisbehaved(
                                PeerMisbehaved::BytesBeforeTls | PeerMisbehaved::UnsolicitedReply
                            )
                        )
                    });
                }
            }
            Step::Tls(what) => self.news(tls_event(what), changing),
            Step::Data { first, what } => {
                let id = DataId::new(if first { 1 } else { self.data });
                self.machine.handle_data(self.now, id, data_event(what));
                self.drain();
            }
            Step::Wait(span) => {
                self.now = self.now + span;
                self.machine.handle_timeout(self.now);
                self.drain();
                if changing && self.end.is_some() {
                    self.ends_in_silence(|error| matches!(error, Error::TimedOut(_)));
                }
            }
            Step::Eof => {
                self.machine.handle_eof(self.now);
                self.drain();
                if changing {
                    self.ends_in_silence(|error| *error == Error::Disconnected);
                }
            }
            // A request to a client that has ended is rejected, which it tells.
            Step::Own(..) if self.end.is_some() => {}
            Step::Own(letter, number, _) => {
                self.machine.own(self.now, letter, number);
                self.drain();
            }
        }
    }

    /// News of TLS, which means something only where it is due.
    fn news(&mut self, event: TlsEvent, changing: bool) {
        let due = match (&event, self.channel) {
            (TlsEvent::Started(_), Channel::Starting) => Some(Channel::Secured),
            (TlsEvent::Stopped, Channel::Stopping) => Some(Channel::Clear),
            _ => None,
        };
        self.channel = due.unwrap_or(self.channel);
        let failed = event == TlsEvent::Failed;
        self.machine.handle_tls(self.now, event);
        self.drain();
        if failed && (changing || (M::FAILS_ALWAYS && self.end.is_none())) {
            self.ends_in_silence(|error| *error == Error::TlsFailed);
        }
    }

    /// It has just ended, and for this reason, without a word.
    fn ends_in_silence(&self, why: impl Fn(&Error) -> bool) {
        match &self.end {
            Some(Err(error)) if why(error) => {}
            end => panic!("{:?} ends with {end:?}", self.channel),
        }
    }

    fn drain(&mut self) {
        for step in 0.. {
            assert!(step < OUTPUTS, "the machine never rests");
            let output = self.machine.poll_output();
            match output {
                Output::Wait(_) => break,
                Output::Closed(result) => {
                    self.end = Some(result);
                    return;
                }
                _ => {}
            }
            self.spoke = true;
            match output {
                Output::Write(_) | Output::WriteUrgent(_) => {
                    assert!(!self.is_changing(), "words while TLS is {:?}", self.channel);
                }
                Output::StartTls => {
                    assert_eq!(self.channel, Channel::Clear, "TLS begins");
                    self.channel = Channel::Starting;
                }
                Output::StopTls => {
                    assert_eq!(self.channel, Channel::Secured, "TLS ends");
                    self.channel = Channel::Stopping;
                }
                Output::Data(id, request) => {
                    self.data = id.number();
                    match request {
                        DataRequest::Secure(_) => self.securing = Some(id),
                        DataRequest::Transfer(_) => {
                            let secured = self.securing == Some(id);
                            assert!(secured || !self.must_secure, "payload in clear");
                        }
                        _ => {}
                    }
                }
                Output::Event(event) => self.machine.told(event),
                _ => panic!("an output of a new kind"),
            }
        }
        // While it ends, either may be said of it.
        let secured = self.machine.is_secured();
        let fits =
            self.channel == Channel::Stopping || secured == (self.channel == Channel::Secured);
        assert!(fits, "{:?}, and secured is {secured}", self.channel);
        let reads = self.machine.wants_read();
        assert!(!reads || !self.is_changing(), "it reads in the midst of it");
    }
}
