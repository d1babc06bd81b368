//! What the bytes of a machine's fuzz target mean: a script, as text, so that a seed can be
//! read and a fuzzer's words can be written down.
//!
//! The first line holds letters, each a setting that is not the usual one; which, says the
//! role. Each line behind it is one step:
//!
//! - `<text`: a line of the peer; `.text`: bytes of it without an end
//! - `d3`: news of the latest data connection, `D3` of the first one there was, by number
//! - `t0`: news of TLS, by number
//! - `w5`: time passes, 2^5 seconds
//! - `e`: the peer has closed its half
//! - any other letter with one or two signs behind it: what the role makes of it
//!
//! All else are bytes of the peer as they stand, with their end.

use std::{net::SocketAddr, time::Duration};

use ftpkit_proto::{DataEvent, DataFailure, DataId, Instant, Machine, Text, TlsEvent, TlsFacts};

/// One step of a script.
pub(super) enum Step<'a> {
    /// Bytes of the peer, and whether CRLF follows them.
    Peer(&'a [u8], bool),
    /// News of the latest data connection, or of the first.
    Data {
        first: bool,
        what: u8,
    },
    Tls(u8),
    Wait(Duration),
    Eof,
    /// A letter and two numbers, 0 where there are none.
    Own(u8, u8, u8),
}

/// The letters of the first line, and the steps.
pub(super) fn script(data: &[u8]) -> (&[u8], impl Iterator<Item = Step<'_>>) {
    let end = data.iter().position(|b| *b == b'\n');
    let (settings, rest) = data.split_at(end.map_or(data.len(), |end| end + 1));
    let lines = rest.split_inclusive(|b| *b == b'\n');
    (settings.trim_ascii(), lines.map(step))
}

fn step(line: &[u8]) -> Step<'_> {
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let number = |at: usize| text.get(at).map_or(0, |byte| byte.wrapping_sub(b'0'));
    match text {
        [b'<', text @ ..] => Step::Peer(text, true),
        [b'.', text @ ..] => Step::Peer(text, false),
        [b'd' | b'D', _] => Step::Data {
            first: text.starts_with(b"D"),
            what: number(1),
        },
        [b't', _] => Step::Tls(number(1)),
        [b'w', _] => Step::Wait(Duration::from_secs(1 << (number(1) % 12))),
        [b'e'] => Step::Eof,
        [letter, ..] if letter.is_ascii_alphabetic() && text.len() <= 3 => {
            Step::Own(*letter, number(1), number(2))
        }
        _ => Step::Peer(line, false),
    }
}

/// A machine on the stage, and the time.
pub(super) struct Stage<M> {
    pub(super) machine: M,
    pub(super) now: Instant,
    /// The latest data connection.
    pub(super) data: u64,
    /// How many bytes of the peer come at a time.
    pub(super) piece: usize,
}

impl<M: Machine> Stage<M> {
    /// Lets happen what is not particular to a role; gives back what is. `drain` is called after
    /// each input.
    pub(super) fn happen(
        &mut self,
        step: &Step<'_>,
        mut drain: impl FnMut(&mut Self),
    ) -> Option<(u8, u8, u8)> {
        match *step {
            Step::Own(letter, a, b) => return Some((letter, a, b)),
            Step::Peer(bytes, ends) => {
                // A driver that is told to stop reading stops.
                if self.machine.wants_read() {
                    let line = [bytes, if ends { b"\r\n" } else { b"" }].concat();
                    for piece in line.chunks(self.piece) {
                        self.machine.handle_bytes(self.now, piece);
                        drain(self);
                    }
                }
            }
            Step::Data { first, what } => {
                let id = DataId::new(if first { 1 } else { self.data });
                self.machine.handle_data(self.now, id, data_event(what));
            }
            Step::Tls(what) => {
                self.machine.handle_tls(self.now, tls_event(what));
            }
            Step::Wait(span) => {
                self.now = self.now + span;
                self.machine.handle_timeout(self.now);
            }
            Step::Eof => self.machine.handle_eof(self.now),
        }
        drain(self);
        None
    }
}

pub(super) fn peer() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 40_000))
}

/// By number: it began, failed or ended; from 3 on with a certificate, from 6 on with a name,
/// from 9 on with both.
pub(super) fn tls_event(what: u8) -> TlsEvent {
    match what % 3 {
        0 => {
            let facts = TlsFacts::default().with_certificate(what / 3 % 2 == 1);
            TlsEvent::Started(match what / 6 % 2 {
                1 => facts.with_server_name(Text::from_static("h.example")),
                _ => facts,
            })
        }
        1 => TlsEvent::Failed,
        _ => TlsEvent::Stopped,
    }
}

pub(super) fn data_event(what: u8) -> DataEvent {
    let finished = |bytes, clean| DataEvent::Finished { bytes, clean };
    match what % 16 {
        0 => DataEvent::Listening(SocketAddr::from(([127, 0, 0, 1], 50_000))),
        1 => DataEvent::Connected(peer()),
        2 => DataEvent::Connected(SocketAddr::from(([10, 9, 8, 7], 50_000))),
        3 => DataEvent::Secured { resumed: true },
        4 => DataEvent::Secured { resumed: false },
        5 => DataEvent::Progress { bytes: 5 },
        6 => finished(10, true),
        7 => finished(10, false),
        8 => finished(0, true),
        9 => DataEvent::Failed(DataFailure::Broken),
        10 => DataEvent::Failed(DataFailure::Refused),
        11 => DataEvent::Failed(DataFailure::Listen),
        12 => DataEvent::Failed(DataFailure::Tls),
        13 => DataEvent::Failed(DataFailure::NoSpace),
        14 => DataEvent::Failed(DataFailure::NotResumed),
        _ => DataEvent::Failed(DataFailure::Certificate),
    }
}

/// What a machine did, in order. Writes that follow each other are one.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Log {
    lines: Vec<String>,
    written: Vec<u8>,
}

impl Log {
    pub(super) fn wrote(&mut self, bytes: &[u8]) {
        self.written.extend_from_slice(bytes);
    }

    pub(super) fn did(&mut self, what: String) {
        if !self.written.is_empty() {
            let written = std::mem::take(&mut self.written);
            self.lines.push(written.escape_ascii().to_string());
        }
        self.lines.push(what);
    }
}

/// Plays a script with the peer's bytes whole and one by one: both give the same.
pub(super) fn in_any_pieces(play: impl Fn(usize) -> Log) {
    let whole = play(usize::MAX);
    let single = play(1);
    assert_eq!(whole, single, "the bytes whole, and one by one");
}
