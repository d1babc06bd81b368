//! Bytes to lines, under a limit and with Telnet undone: [`Framer`], and the proof that
//! nothing waits in it, [`Drained`]. What a line means stands in `command` and `reply`.

use alloc::{boxed::Box, vec::Vec};
use core::fmt;

use bytes::Bytes;

use super::telnet::{Filter, IAC, Unit};

/// The refusals of Telnet options that are kept for [`Framer::take_refusals`]; a peer that
/// asks for more in one go gets no answer to the rest.
const REFUSALS_LIMIT: usize = 16 * 3;

/// Cuts the bytes of a control connection into lines.
///
/// Bytes go in with [`push`](Self::push), in any pieces; lines come out with
/// [`next_line`](Self::next_line), the same ones for every way to cut the bytes. Telnet is
/// undone on the way in: IAC IAC is 0xFF, commands and options are dropped, CR NUL is CR.
///
/// A line is lent, not given: its parser copies the one argument that it keeps, so that a
/// path which lives on does not hold a whole buffer, and reading commands without an argument
/// allocates nothing. Memory is given back as soon as nothing waits.
///
/// ```
/// use ftpkit_proto::wire::{Framed, Framer};
///
/// let mut framer = Framer::new(4096);
/// framer.push(b"USER an");
/// assert_eq!(framer.next_line(), None);
/// framer.push(b"na\r\nNOOP\n");
/// assert_eq!(framer.next_line(), Some(Framed::Line(b"USER anna")));
/// assert_eq!(framer.next_line(), Some(Framed::Line(b"NOOP")));
/// assert_eq!(framer.next_line(), None);
/// ```
pub struct Framer {
    /// `head..tail`: whole lines, each with its LF. `tail..`: the line that has no end yet.
    /// A line over the limit is kept as its first bytes and an LF, one byte longer than
    /// allowed, which tells it apart without a list of its own.
    buffer: Vec<u8>,
    head: usize,
    tail: usize,
    limit: usize,
    /// The rest of a line over the limit is on its way.
    skipping: bool,
    /// None: no Telnet on this connection.
    telnet: Option<Filter>,
    /// Telnet has come behind the last line, and nothing else.
    trails: bool,
    /// What Telnet has led to and nobody has taken yet. Boxed, since few clients speak it.
    news: Option<Box<News>>,
}

/// What Telnet has led to.
#[derive(Default)]
struct News {
    /// Where the last Synch stands in the buffer.
    synch: Option<usize>,
    refusals: Vec<u8>,
}

/// What [`Framer::next_line`] found.
#[derive(Clone, Copy, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a line is within the limit or over it"
)]
pub enum Framed<'a> {
    /// A line, without its CRLF or LF. A CR elsewhere in it is still there, for the parser to
    /// refuse.
    Line(&'a [u8]),
    /// A line over the limit. It comes as soon as it is too long, before its end; what is left
    /// of the line is skipped.
    TooLong,
}

/// A line may hold a password, so that only its length is shown.
impl fmt::Debug for Framed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "Line({} bytes)", line.len()),
            Self::TooLong => f.write_str("TooLong"),
        }
    }
}

/// The proof that a framer held nothing and that nothing, not even Telnet, has come behind the
/// last line: what the start of TLS demands, so that no byte sent in clear is taken as sent under
/// TLS.
#[derive(Debug)]
#[must_use = "it is the permission to start TLS"]
pub struct Drained(());

impl Framer {
    /// A framer that undoes Telnet; `line_limit` is the longest line in bytes, with its end.
    /// 0 means: no limit.
    #[must_use]
    pub const fn new(line_limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            head: 0,
            tail: 0,
            limit: line_limit,
            skipping: false,
            telnet: Some(Filter::Data),
            trails: false,
            news: None,
        }
    }

    /// A framer that takes all bytes as they are, for peers that send 0xFF without doubling it.
    #[must_use]
    pub const fn without_telnet(line_limit: usize) -> Self {
        let mut framer = Self::new(line_limit);
        framer.telnet = None;
        framer
    }

    /// Takes bytes that were read.
    pub fn push(&mut self, bytes: &[u8]) {
        self.compact();
        let Some(mut filter) = self.telnet else {
            return self.push_data(bytes);
        };
        if filter.passes(bytes) {
            filter.step_over(bytes);
            self.trails &= bytes.is_empty();
            self.push_data(bytes);
        } else {
            for byte in bytes {
                let unit = filter.next(*byte);
                self.trails = self.at_line_start() && !matches!(unit, Unit::Data(_));
                match unit {
                    Unit::None => {}
                    Unit::Data(byte) => self.push_data(&[byte]),
                    // At the start of a line it is what is left of a Synch whose mark was lost
                    // with the urgent byte; elsewhere it belongs to a name.
                    Unit::Stray(byte) if self.at_line_start() => self.push_data(&[byte]),
                    Unit::Stray(byte) => self.push_data(&[IAC, byte]),
                    Unit::Synch => self.mark_synch(),
                    Unit::Refuse(answer) => {
                        let refusals = &mut self.news.get_or_insert_default().refusals;
                        if refusals.len() < REFUSALS_LIMIT {
                            refusals.extend_from_slice(&answer);
                        }
                    }
                }
            }
        }
        self.telnet = Some(filter);
    }

    fn push_data(&mut self, bytes: &[u8]) {
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            let ends = piece.ends_with(b"\n");
            if self.skipping {
                self.skipping = !ends;
                continue;
            }
            let room = match self.limit {
                0 => usize::MAX,
                limit => limit.saturating_sub(self.buffer.len() - self.tail),
            };
            if piece.len() < room || (ends && piece.len() == room) {
                self.buffer.extend_from_slice(piece);
            } else {
                self.buffer.extend_from_slice(&piece[..room]);
                self.buffer.push(b'\n');
                self.skipping = !ends;
            }
            if self.buffer.ends_with(b"\n") {
                self.tail = self.buffer.len();
            }
        }
    }

    fn at_line_start(&self) -> bool {
        self.tail == self.buffer.len() && !self.skipping
    }

    /// Whatever was being typed when the Synch was sent is void.
    fn mark_synch(&mut self) {
        self.buffer.truncate(self.tail);
        self.skipping = false;
        self.news.get_or_insert_default().synch = Some(self.tail);
    }

    /// Moves what waits to the front, once that costs less than it saves.
    fn compact(&mut self) {
        if self.head == self.buffer.len() {
            self.buffer.clear();
        } else if self.head > self.buffer.len() / 2 {
            self.buffer.drain(..self.head);
        } else {
            return;
        }
        self.tail -= self.head;
        self.move_synch(self.head);
        self.head = 0;
    }

    /// So many bytes have left the front of the buffer.
    fn move_synch(&mut self, by: usize) {
        if let Some(news) = &mut self.news {
            news.synch = news.synch.map(|at| at.saturating_sub(by));
        }
    }

    /// Gives the memory back when nothing waits.
    fn release(&mut self) {
        if self.head == self.buffer.len() {
            self.buffer = Vec::new();
            self.head = 0;
            self.tail = 0;
            self.move_synch(usize::MAX);
        }
    }

    /// Takes the next line out, once its end has come; of a line over the limit, once it is
    /// too long.
    #[must_use]
    pub fn next_line(&mut self) -> Option<Framed<'_>> {
        if self.head == self.tail {
            self.release();
            return None;
        }
        let (start, end) = (self.head, self.head_end()?);
        self.head = end;
        Some(self.framed(start, end))
    }

    /// Looks at the next line and leaves it where it is.
    #[must_use]
    pub fn peek_line(&self) -> Option<Framed<'_>> {
        Some(self.framed(self.head, self.head_end()?))
    }

    /// Where the first whole line ends, behind its LF.
    fn head_end(&self) -> Option<usize> {
        let lines = self.buffer.get(self.head..self.tail)?;
        let lf = lines.iter().position(|b| *b == b'\n')?;
        Some(self.head + lf + 1)
    }

    fn framed(&self, start: usize, end: usize) -> Framed<'_> {
        if self.limit != 0 && end - start > self.limit {
            return Framed::TooLong;
        }
        let line = &self.buffer[start..end - 1];
        Framed::Line(line.strip_suffix(b"\r").unwrap_or(line))
    }

    /// Whether a whole line waits.
    #[must_use]
    pub const fn has_line(&self) -> bool {
        self.head < self.tail
    }

    /// How many bytes wait, whole lines and the beginning of one.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.buffer.len() - self.head
    }

    /// Whether no byte of a line waits. Half a Telnet sequence may; see
    /// [`drained`](Self::drained).
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.buffered() == 0
    }

    /// Whether a Telnet Synch has come since this was asked last, and if so, throws away the
    /// lines that wait in front of it (RFC 854: a Synch discards what was not read yet), never
    /// those behind it. A client sends one before ABOR.
    #[must_use]
    pub fn take_synch(&mut self) -> bool {
        let Some(at) = self.news.as_mut().and_then(|news| news.synch.take()) else {
            return false;
        };
        self.forget_news();
        self.head = self.head.max(at);
        self.release();
        true
    }

    /// The refusals that the peer's Telnet options call for (RFC 1123 sec. 4.1.2.12), to be
    /// written as they are; none where it asked for nothing.
    #[must_use]
    pub fn take_refusals(&mut self) -> Option<Bytes> {
        let refusals = core::mem::take(&mut self.news.as_mut()?.refusals);
        self.forget_news();
        (!refusals.is_empty()).then(|| refusals.into())
    }

    /// Keeps no room for news that were taken.
    fn forget_news(&mut self) {
        let _taken = self
            .news
            .take_if(|news| news.synch.is_none() && news.refusals.is_empty());
    }

    /// The proof that nothing waits: no byte of a line, no rest of a line over the limit, and
    /// behind the last line no Telnet sequence, whole or half. A whole one would be harmless, but
    /// whoever begins TLS next has no reason to send it.
    #[must_use]
    pub fn drained(&self) -> Option<Drained> {
        let between = self.telnet.is_none_or(Filter::is_between);
        let nothing = self.is_empty() && between && !self.skipping && !self.trails;
        nothing.then_some(Drained(()))
    }

    /// Forgets everything, as if nothing had been read.
    pub fn clear(&mut self) {
        *self = Self {
            telnet: self.telnet.map(|_| Filter::Data),
            ..Self::new(self.limit)
        };
    }
}

/// What waits may hold a password, so that only its length is shown.
impl fmt::Debug for Framer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Framer")
            .field("buffered", &self.buffered())
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
