//! The client machine against an arbitrary server; `script` tells how the steps are written.
//!
//! Settings: `a` active mode; `p` commands are pipelined; `e` EPSV is sent ahead; `s` strict; `t`
//! ABOR with Telnet's Synch; `u` unclean ends count; `n` the address in 227 is believed; `l` small
//! limits; `i` TLS is implicit.
//! Steps: `qN` the application asks, by number; `xN` it takes its request N back.

use std::net::SocketAddr;

use ftpkit_proto::{
    Command, Instant, Machine, Output, PathArg, Text,
    client::{
        Config, Connection, Credentials, DataMode, EpsvAhead, Event, Pipelining, Request,
        RequestId, Transfer,
    },
    command::{ListArgs, Type},
    wire::{Framed, Framer},
};

use super::{
    OUTPUTS, PATIENCE,
    script::{Log, Stage, Step, in_any_pieces, script},
};

/// The client machine against an arbitrary server: it never panics or loops; each request ends
/// exactly once, at the latest when nothing more happens; all that it writes are commands; and it
/// does not matter in which pieces the server's bytes come.
///
/// # Panics
/// If a promise is broken.
pub fn client(data: &[u8]) {
    in_any_pieces(|piece| play(data, piece));
}

fn play(data: &[u8], piece: usize) -> Log {
    let (settings, steps) = script(data);
    let now = Instant::START;
    let server = SocketAddr::from(([127, 0, 0, 1], 21));
    let mut stage = Stage {
        machine: Connection::new(config(settings), now, server),
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
            b'a' => config.data_mode = DataMode::Active,
            b'p' => config.pipelining = Pipelining::Safe,
            b'e' => config.epsv_ahead = EpsvAhead::Always,
            b's' => config.lenient = false,
            b't' => config.telnet_abort = true,
            b'u' => config.accept_unclean_close = true,
            b'i' => config.implicit_tls = true,
            b'n' => config.trust_passive_address = true,
            b'l' => {
                config.limits.line = 60;
                config.limits.reply = 200;
                config.limits.queue = 3;
            }
            _ => {}
        }
    }
    config
}

fn act(stage: &mut Stage<Connection>, watch: &mut Watch, step: &Step<'_>) {
    let Some((letter, a, _)) = stage.happen(step, |stage| watch.drain(stage)) else {
        return;
    };
    match letter {
        b'q' => {
            let id = stage.machine.submit(stage.now, request(a));
            watch.all.push(id);
            watch.open.push(id);
        }
        b'x' => {
            if let Some(id) = watch.all.get(usize::from(a)) {
                stage.machine.abort(stage.now, *id);
            }
        }
        _ => {}
    }
    watch.drain(stage);
}

fn request(which: u8) -> Request {
    let path = PathArg::from_static("a b");
    let list = ListArgs::default;
    let transfer = |transfer| Request::Transfer {
        transfer,
        ascii: which % 2 == 1,
    };
    match which % 26 {
        0 => {
            let mut credentials = Credentials::anonymous();
            credentials.account = Some("account".try_into().expect("a text"));
            Request::Login(credentials)
        }
        1 => Request::Login(Credentials::anonymous()),
        2 => Request::Features,
        3 => Request::Secure { protect_data: true },
        4 => Request::Secure {
            protect_data: false,
        },
        5 => Request::Rename {
            from: path.clone(),
            to: path,
        },
        6 | 7 => transfer(Transfer::Download { path, offset: 0 }),
        8 | 9 => transfer(Transfer::Download { path, offset: 9 }),
        10 | 11 => transfer(Transfer::Upload { path, offset: 0 }),
        12 | 13 => transfer(Transfer::Upload {
            path,
            offset: u64::MAX,
        }),
        14 => transfer(Transfer::Append { path }),
        15 => transfer(Transfer::UploadUnique { path: None }),
        16 => transfer(Transfer::List(list())),
        17 => transfer(Transfer::Names(list())),
        18 => transfer(Transfer::Facts { path: None }),
        19 => Request::Quit,
        20 => Request::Command(Command::Pwd),
        21 => Request::Command(Command::Noop),
        22 => Request::Command(Command::Host(Text::from_static("h"))),
        23 => Request::Command(Command::Type(Type::Image)),
        24 => Request::Command(Command::Mlst(None)),
        _ => Request::Command(Command::Pasv),
    }
}

/// What the machine did so far, and what it must still do.
struct Watch {
    log: Log,
    all: Vec<RequestId>,
    open: Vec<RequestId>,
    written: Framer,
    closed: bool,
}

impl Watch {
    fn new() -> Self {
        Self {
            log: Log::default(),
            all: Vec::new(),
            open: Vec::new(),
            written: Framer::new(0),
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
                    self.written.push(&bytes);
                    while let Some(Framed::Line(line)) = self.written.next_line() {
                        assert!(Command::parse(line).is_ok(), "no command: {line:?}");
                    }
                    self.log.wrote(&bytes);
                }
                Output::Event(event) => {
                    self.log.did(format!("{event:?}"));
                    if let Event::Done(id, _) = event {
                        let at = self.open.iter().position(|one| *one == id);
                        self.open.remove(at.expect("a request ends once"));
                    }
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
                    assert!(self.open.is_empty(), "requests outlive the connection");
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

    /// Nothing happens any more but time.
    fn end(&mut self, stage: &mut Stage<Connection>) {
        for _ in 0..PATIENCE {
            match stage.machine.poll_output() {
                Output::Wait(Some(deadline)) => {
                    stage.now = deadline;
                    stage.machine.handle_timeout(deadline);
                    self.drain(stage);
                }
                Output::Wait(None) | Output::Closed(_) => {
                    assert!(self.open.is_empty(), "requests never end");
                    return;
                }
                output => panic!("it was not drained: {output:?}"),
            }
        }
        panic!("the timers never end");
    }
}
