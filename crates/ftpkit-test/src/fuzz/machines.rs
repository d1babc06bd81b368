//! Both machines under steps that the fuzzer's bytes choose. The first byte of each step says
//! what happens; the peer's bytes are taken from the input as they are.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use ftpkit_proto::{
    DataEvent, DataFailure, DataId, Instant, Machine, Output, PathArg, TlsEvent,
    client::{self, Credentials, Request},
    command::{Command, ListArgs},
    facts::Facts,
    reply::ReplyReader,
    server::{self, Described, Event, LoginAnswer, Opened, Refusal, RefusalKind},
    wire::{Framed, Framer},
};

/// The input, taken byte by byte; zeros behind its end.
struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn bytes(&mut self, most: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        taken
    }
}

fn peer() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 40_000))
}

/// News of a data connection, of the present one or of one that is long gone.
fn data_event(input: &mut Input<'_>, last: u64) -> (DataId, DataEvent) {
    let id = DataId::new(if input.byte().is_multiple_of(8) {
        1
    } else {
        last
    });
    let event = match input.byte() % 9 {
        0 => DataEvent::Listening(SocketAddr::from(([127, 0, 0, 1], 50_000))),
        1 => DataEvent::Connected(peer()),
        2 => DataEvent::Connected(SocketAddr::from(([10, 9, 8, 7], 50_000))),
        3 => DataEvent::Secured { resumed: false },
        4 => DataEvent::Progress {
            bytes: u64::from(input.byte()),
        },
        5 => DataEvent::Finished {
            bytes: 10,
            clean: true,
        },
        6 => DataEvent::Finished {
            bytes: 10,
            clean: false,
        },
        7 => DataEvent::Failed(DataFailure::Broken),
        _ => DataEvent::Failed(DataFailure::Local),
    };
    (id, event)
}

fn tls_event(input: &mut Input<'_>) -> TlsEvent {
    match input.byte() % 3 {
        0 => TlsEvent::Started,
        1 => TlsEvent::Failed,
        _ => TlsEvent::Stopped,
    }
}

/// Feeds what is not particular to a role; `code` tells which input.
fn common_step<M: Machine>(
    machine: &mut M,
    code: u8,
    now: &mut Instant,
    last: u64,
    input: &mut Input<'_>,
) {
    match code {
        0 => machine.handle_eof(*now),
        1 => {
            *now = *now + Duration::from_secs(u64::from(input.byte()));
            machine.handle_timeout(*now);
        }
        2 => {
            let event = tls_event(input);
            machine.handle_tls(*now, event);
        }
        3 | 4 => {
            let (id, event) = data_event(input, last);
            machine.handle_data(*now, id, event);
        }
        _ => {
            let most = usize::from(input.byte());
            let bytes = input.bytes(most);
            if machine.wants_read() {
                machine.handle_bytes(*now, bytes);
            }
        }
    }
}

/// More outputs than this without an input are an endless loop.
const OUTPUTS: usize = 10_000;

/// The server machine under arbitrary steps: it never panics or loops, all that it writes are
/// whole replies, and behind its end is nothing.
///
/// # Panics
/// If a promise is broken.
pub fn server(data: &[u8]) {
    let mut input = Input(data);
    let mut now = Instant::START;
    let config = Arc::new(server::Config::default());
    let local = SocketAddr::from(([127, 0, 0, 1], 21));
    let mut machine = server::Connection::new(config, now, peer(), local);
    let mut replies = Replies::new();
    let mut last = 0;
    let mut waiting = None;
    let mut closed = false;
    loop {
        for step in 0.. {
            assert!(step < OUTPUTS, "the machine never rests");
            match machine.poll_output() {
                Output::Write(bytes) => {
                    assert!(!closed, "it writes behind its end");
                    replies.push(&bytes);
                }
                Output::Data(id, _) => last = id.number(),
                Output::Event(Event::Cancelled(_)) => waiting = None,
                Output::Event(event) => {
                    if input.byte() % 4 == 0 {
                        // This one is answered later, or never.
                        waiting = Some(event);
                    } else {
                        answer(&mut machine, now, event, &mut input);
                    }
                }
                Output::Closed(_) => {
                    closed = true;
                    break;
                }
                Output::Wait(deadline) => {
                    assert!(
                        deadline.is_none_or(|at| at > now),
                        "its deadline has passed"
                    );
                    break;
                }
                _ => {}
            }
        }
        if input.0.is_empty() {
            break;
        }
        match input.byte() % 12 {
            code @ 0..6 => common_step(&mut machine, code, &mut now, last, &mut input),
            6 => {
                if let Some(event) = waiting.take() {
                    answer(&mut machine, now, event, &mut input);
                }
            }
            7 if input.byte() == 0 => machine.drain(now),
            _ => common_step(&mut machine, 5, &mut now, last, &mut input),
        }
    }
    assert!(replies.is_whole(), "half a reply was written");
}

fn answer(machine: &mut server::Connection, now: Instant, event: Event, input: &mut Input<'_>) {
    let refuse = match input.byte() % 8 {
        0 => Some(Refusal::new(RefusalKind::NotFound)),
        1 => Some(Refusal::new(RefusalKind::Failed)),
        _ => None,
    };
    let path = PathArg::from_static("/a \"b\"");
    fn or<T>(refuse: Option<Refusal>, answer: T) -> Result<T, Refusal> {
        refuse.map_or(Ok(answer), Err)
    }
    match event {
        Event::Login(ask) => {
            let answer = LoginAnswer::Accepted { home: path };
            machine.answer(now, ask, or(refuse, answer));
        }
        Event::Change(ask) => machine.answer(now, ask, or(refuse, path)),
        Event::Query(ask) => {
            let answer = Described::new(path, Facts::file(7));
            machine.answer(now, ask, or(refuse, answer));
        }
        Event::Survey(ask) => machine.answer(now, ask, or(refuse, Vec::new())),
        Event::Open(ask) => machine.answer(now, ask, or(refuse, Opened::default())),
        Event::Commit(ask) => machine.answer(now, ask, or(refuse, ())),
        _ => {}
    }
}

/// What the server writes, read as a strict client reads it.
struct Replies {
    framer: Framer,
    reader: ReplyReader,
}

impl Replies {
    fn new() -> Self {
        Self {
            framer: Framer::new(0),
            reader: ReplyReader::new(usize::MAX, false),
        }
    }

    fn push(&mut self, bytes: &[u8]) {
        self.framer.push(bytes);
        while let Some(Framed::Line(line)) = self.framer.next_line() {
            let read = self.reader.push_line(line);
            assert!(read.is_ok(), "no reply: {line:?}");
        }
    }

    fn is_whole(&self) -> bool {
        self.framer.is_empty() && !self.reader.is_open()
    }
}

/// The client machine against an arbitrary server: it never panics or loops, and each request
/// ends exactly once; all that it writes are commands.
///
/// # Panics
/// If a promise is broken.
pub fn client(data: &[u8]) {
    let mut input = Input(data);
    let mut now = Instant::START;
    let mut config = client::Config::default();
    if input.byte() % 2 == 1 {
        config.data_mode = client::DataMode::Active;
    }
    let mut machine = client::Connection::new(config, now, SocketAddr::from(([127, 0, 0, 1], 21)));
    let mut open = Vec::new();
    let mut written = Framer::new(0);
    let mut last = 0;
    loop {
        for step in 0.. {
            assert!(step < OUTPUTS, "the machine never rests");
            match machine.poll_output() {
                Output::Write(bytes) => {
                    written.push(&bytes);
                    while let Some(Framed::Line(line)) = written.next_line() {
                        assert!(Command::parse(line).is_ok(), "no command: {line:?}");
                    }
                }
                Output::Data(id, _) => last = id.number(),
                Output::Event(client::Event::Done(id, _)) => {
                    let at = open.iter().position(|one| *one == id);
                    open.remove(at.expect("a request ends once"));
                }
                Output::Closed(_) => {
                    assert!(open.is_empty(), "requests outlive the connection");
                    break;
                }
                Output::Wait(deadline) => {
                    assert!(
                        deadline.is_none_or(|at| at > now),
                        "its deadline has passed"
                    );
                    break;
                }
                _ => {}
            }
        }
        if input.0.is_empty() {
            return;
        }
        match input.byte() % 12 {
            code @ 0..6 => common_step(&mut machine, code, &mut now, last, &mut input),
            6 | 7 => {
                let request = request(&mut input);
                open.push(machine.submit(now, request));
            }
            8 => {
                let at = usize::from(input.byte());
                if let Some(id) = open.get(at).copied() {
                    machine.abort(now, id);
                }
            }
            _ => common_step(&mut machine, 5, &mut now, last, &mut input),
        }
    }
}

fn request(input: &mut Input<'_>) -> Request {
    let path = PathArg::from_static("a b");
    let transfer = |transfer| Request::Transfer {
        transfer,
        ascii: false,
    };
    match input.byte() % 10 {
        0 => Request::Login(Credentials::anonymous()),
        1 => Request::Features,
        2 => Request::Secure { protect_data: true },
        3 => Request::Rename {
            from: path.clone(),
            to: path,
        },
        4 => transfer(client::Transfer::Download { path, offset: 0 }),
        5 => transfer(client::Transfer::Upload { path, offset: 9 }),
        6 => transfer(client::Transfer::List(ListArgs::default())),
        7 => Request::Quit,
        8 => Request::Command(Command::Pwd),
        _ => Request::Command(Command::Noop),
    }
}
