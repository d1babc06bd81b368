//! SFTP's server machine under any steps of a client and of an application.

use std::sync::Arc;

use ftpkit_sftp::{
    Framer,
    packet::{RequestId, ServerPacket},
    server::{Config, Connection, Error, Event, Offers, Output, RefusalKind},
};

use super::{
    OUTPUTS,
    steps::{Step, steps},
};
use crate::sftp::SftpStore;

const REFUSALS: [RefusalKind; 6] = [
    RefusalKind::NotFound,
    RefusalKind::Denied,
    RefusalKind::Quota,
    RefusalKind::Unsupported,
    RefusalKind::TooMany,
    RefusalKind::Failed,
];

/// INIT of version 3.
const HELLO: [u8; 9] = [0, 0, 0, 5, 1, 0, 0, 0, 3];

/// Steps of a client and of an application: packets and raw bytes, answers in any order,
/// refusals, questions that are lost, and ends. Whole and byte by byte the machine does the same;
/// it keeps to its bounds, answers each request once at most, asks only of what is open, and ends.
///
/// # Panics
/// If it does not.
pub fn sftp_server(data: &[u8]) {
    let whole = play(data, usize::MAX);
    assert_eq!(
        play(data, 1),
        whole,
        "in other pieces it does something else"
    );
}

struct Stage {
    machine: Connection,
    store: SftpStore,
    framer: Framer,
    held: Vec<Event>,
    answered: Vec<RequestId>,
    log: Vec<String>,
    lost: bool,
    closed: Option<Result<(), Error>>,
}

fn play(data: &[u8], piece: usize) -> Vec<String> {
    let (settings, steps) = steps(data);
    let mut config = Config::default();
    config.offers = Offers::ALL;
    if settings & 1 != 0 {
        config.in_flight = 1 + usize::from(settings >> 4);
    }
    if settings & 2 != 0 {
        config.in_flight_bytes = 1000;
    }
    if settings & 4 != 0 {
        config.handles = 2;
        config.max_packet = 600;
    }
    if settings & 8 != 0 {
        config.max_read = 10;
        config.max_write = 10;
    }
    let most = config.in_flight;
    let mut stage = Stage {
        machine: Connection::new(Arc::new(config)),
        store: SftpStore::default(),
        framer: Framer::new(usize::MAX),
        held: Vec::new(),
        answered: Vec::new(),
        log: Vec::new(),
        lost: false,
        closed: None,
    };
    stage.store.files.insert("/f".into(), vec![7; 100]);
    for step in steps {
        match step {
            Step::Bytes(bytes) => stage.take_in(&bytes, piece, most),
            Step::Hello => stage.take_in(&HELLO, piece, most),
            Step::Answer { which, how } => {
                if let Some(event) = stage.take(which) {
                    let refusal = REFUSALS.get(usize::from(how)).copied();
                    stage.store.answer(&mut stage.machine, event, refusal);
                }
            }
            Step::Lose(which) => {
                if let Some(event) = stage.take(which) {
                    stage.lost = true;
                    stage.store.lose(event);
                }
            }
            Step::Eof => stage.machine.handle_eof(),
            Step::Stop => stage.machine.abort(),
            Step::Own(..) => {}
        }
        stage.drain(most);
    }
    stage.machine.handle_eof();
    stage.drain(most);
    for _ in 0..OUTPUTS {
        let Some(event) = stage.take(0) else { break };
        stage.store.answer(&mut stage.machine, event, None);
        stage.drain(most);
    }
    assert!(stage.held.is_empty(), "it never stops asking");
    if stage.lost {
        // What a driver does whose application has lost a question.
        stage.machine.abort();
        stage.drain(most);
        while let Some(event) = stage.take(0) {
            stage.store.answer(&mut stage.machine, event, None);
        }
    }
    assert!(stage.closed.is_some(), "it does not end");
    assert_eq!(stage.machine.in_flight(), 0);
    assert!(!stage.machine.wants_read());
    assert_eq!(stage.store.open(), 0, "handles are left");
    stage.log.push(format!("{:?}", stage.closed));
    stage.log
}

impl Stage {
    fn take_in(&mut self, bytes: &[u8], piece: usize, most: usize) {
        for piece in bytes.chunks(piece) {
            self.machine.handle_bytes(piece);
            self.drain(most);
        }
    }

    fn take(&mut self, which: u8) -> Option<Event> {
        if self.held.is_empty() {
            return None;
        }
        let event = self.held.remove(usize::from(which) % self.held.len());
        self.log.push(format!("{event:?}"));
        Some(event)
    }

    fn drain(&mut self, most: usize) {
        for _ in 0..OUTPUTS {
            assert!(
                self.machine.in_flight() <= most.max(1),
                "too much in flight"
            );
            match self.machine.poll_output() {
                Output::Write(bytes) => {
                    self.framer.push(&bytes);
                    while let Some(packet) = self.framer.next_packet().expect("our own length") {
                        self.wrote(packet);
                    }
                }
                // At once: it is news, not a question.
                Output::Event(event @ Event::Ended(_)) => {
                    self.log.push(format!("{event:?}"));
                    self.store.answer(&mut self.machine, event, None);
                }
                Output::Event(event) => self.held.push(event),
                Output::Wait => return,
                Output::Closed(result) => {
                    assert_eq!(
                        *self.closed.get_or_insert(result),
                        result,
                        "it changes its end"
                    );
                    return;
                }
                output => panic!("an output that is not known: {output:?}"),
            }
        }
        panic!("it never rests");
    }

    fn wrote(&mut self, packet: bytes::Bytes) {
        let packet = ServerPacket::parse(packet).expect("what we write we read");
        if let ServerPacket::Response(id, _) = &packet {
            self.answered.push(*id);
        }
        self.log.push(format!("{packet:?}"));
    }
}
