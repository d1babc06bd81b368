//! Bytes to lines to entries, one line at a time.

use alloc::{collections::VecDeque, vec::Vec};
use core::time::Duration;

use bytes::Bytes;

use super::{
    Context, Dialect, Entry, Line, Miss, SkipReason, UnparsedReason, Weight, entry,
    guess::{Readers, Sample},
    line,
    lines::{Lines, Piece},
};
use crate::time::Civil;

/// The seconds of a day.
const DAY: i64 = 86_400;
/// How many lines the guess at a dialect waits for.
const SAMPLE: usize = 8;
/// How many lines it waits for while hardly any of them fits a dialect.
const PATIENCE: usize = 64;
/// How many bytes of them.
const PATIENCE_BYTES: usize = 64 * 1024;

/// Reads a listing that comes in pieces.
///
/// Push what has come, take the lines that it completes, and call [`finish`](Self::finish)
/// at the end. Lines end with LF, and one CR before it is not theirs. Memory is bounded by
/// what was pushed since the lines were last taken, and a few lines more.
///
/// ```
/// use ftpkit_proto::{listing::{Line, Parser}, time::Civil};
/// let today = Civil::date(2024, 6, 15).unwrap();
/// let mut parser = Parser::new(None, today);
/// parser.push(b"total 1\r\n-rw-r--r-- 1 me us 42 Jun 15 12:");
/// parser.push(b"00 a b.txt\r\n");
/// parser.finish();
/// let entry = std::iter::from_fn(|| parser.next_line()).find_map(Line::into_entry).unwrap();
/// assert_eq!(entry.name().as_bytes(), b"a b.txt");
/// assert_eq!(entry.size, Some(42));
/// assert_eq!(entry.modified.unwrap().to_string(), "2024-06-15T12:00");
/// ```
#[derive(Debug)]
pub struct Parser {
    today: Civil,
    context: Context,
    lines: Lines,
    state: State,
    // Lines that were looked at and not given out.
    waiting: VecDeque<Piece>,
    waiting_bytes: usize,
}

#[derive(Debug)]
enum State {
    /// The dialect is to be found; the sample is made with the first line.
    Guessing(Option<Sample>),
    /// It was found, and may be found to be another one.
    Found(Readers),
    /// It was told.
    Told(Readers),
}

impl Parser {
    /// A parser for this dialect, or, with none, for the one that fits the lines best: see
    /// [the module](super).
    ///
    /// `today` is the date at the server, as far as it is known; dates without a year are
    /// taken to be in the twelve months before it.
    #[must_use]
    pub fn new(dialect: Option<Dialect>, today: impl Into<Civil>) -> Self {
        let today = today.into();
        Self {
            today,
            context: Context::new(today, DAY),
            lines: Lines::new(16 * 1024),
            state: match dialect {
                Some(dialect) => State::Told(Readers::new(dialect)),
                None => State::Guessing(None),
            },
            waiting: VecDeque::new(),
            waiting_bytes: 0,
        }
    }

    /// The same with another tolerance: how far in the future a date without a year may lie.
    /// One day by default, since the server's zone and clock are not known.
    #[must_use]
    pub fn future_tolerance(mut self, tolerance: Duration) -> Self {
        let seconds = i64::try_from(tolerance.as_secs()).unwrap_or(i64::MAX);
        self.context = Context {
            marked: self.context.marked,
            ..Context::new(self.today, seconds)
        };
        self
    }

    /// The same for a listing like that of `ls -lF`, whose marks behind names are taken away:
    /// `*` of what can be executed, `=`, `|`, `>` and `@` of sockets, pipes, doors and links.
    /// Names may end so without, hence it must be told; the `/` of a directory needs no telling.
    #[must_use]
    pub const fn marked(mut self) -> Self {
        self.context.marked = true;
        self
    }

    /// The same with another limit of a line's length, in bytes. 16 KiB by default.
    #[must_use]
    pub fn line_limit(mut self, limit: usize) -> Self {
        self.lines.limit = limit.min(entry::MAX_LINE);
        self
    }

    /// The dialect in which lines are read at present, once it is known.
    #[must_use]
    pub const fn dialect(&self) -> Option<Dialect> {
        match &self.state {
            State::Guessing(_) => None,
            State::Found(readers) | State::Told(readers) => Some(readers.chosen.dialect),
        }
    }

    /// Takes the next bytes, in any pieces.
    pub fn push(&mut self, bytes: &[u8]) {
        self.lines.push(bytes);
    }

    /// Says that nothing more comes; a last line without an end counts.
    pub fn finish(&mut self) {
        self.lines.finish();
    }

    /// The next line; none until more is pushed, or, after [`finish`](Self::finish), at the end.
    pub fn next_line(&mut self) -> Option<Line> {
        // Filled where it is to stay: a copy of an entry costs as much as reading it.
        let mut line = None;
        if matches!(self.state, State::Guessing(_)) {
            line = self.guess();
        }
        if line.is_none() && !matches!(self.state, State::Guessing(_)) {
            let piece = match self.waiting.pop_front() {
                Some(piece) => Some(piece),
                None => self.lines.next(),
            };
            if let Some(piece) = piece {
                self.read(piece, &mut line);
            }
        }
        line
    }

    /// Looks for the dialect in what has come. Until it is found no line is read, but one may
    /// leave as it is.
    #[cold]
    fn guess(&mut self) -> Option<Line> {
        while matches!(self.state, State::Guessing(_)) {
            let mut ended = false;
            if !self.is_impatient() {
                match self.lines.next() {
                    Some(piece) => self.look_at(piece),
                    None if self.lines.is_finished() => ended = true,
                    None => return None,
                }
            }
            if let Some(dialect) = self.best(ended) {
                let guessing = core::mem::replace(&mut self.state, State::Guessing(None));
                if let State::Guessing(Some(sample)) = guessing {
                    self.state = State::Found(sample.choose(dialect));
                }
            } else if ended || self.is_impatient() {
                let piece = self.waiting.pop_front()?;
                self.waiting_bytes -= piece.len();
                return Some(unread(piece));
            }
        }
        None
    }

    /// Has all dialects look at a line, which waits then.
    fn look_at(&mut self, piece: Piece) {
        if let (State::Guessing(sample), Piece::Line(line)) = (&mut self.state, &piece) {
            if !line.is_empty() && is_clean(line) {
                let sample = sample.get_or_insert_with(Sample::new);
                sample.score(line, &self.context);
            }
        }
        self.waiting_bytes += piece.len();
        self.waiting.push_back(piece);
    }

    /// The dialect, if it is time to say.
    fn best(&self, ended: bool) -> Option<Dialect> {
        let State::Guessing(Some(sample)) = &self.state else {
            return None;
        };
        if ended || self.is_impatient() {
            return sample.best(Weight::LOOSE);
        }
        if self.waiting.len() >= SAMPLE {
            return sample.best(Weight::FORM);
        }
        None
    }

    fn is_impatient(&self) -> bool {
        self.waiting.len() > PATIENCE || self.waiting_bytes > PATIENCE_BYTES
    }

    #[inline]
    fn read(&mut self, piece: Piece, line: &mut Option<Line>) {
        let (readers, is_told) = match &mut self.state {
            State::Guessing(_) => return,
            State::Found(readers) => (readers, false),
            State::Told(readers) => (readers, true),
        };
        let raw = match piece {
            Piece::Line(raw) if !raw.is_empty() && is_clean(&raw) => raw,
            odd => {
                *line = Some(unread(odd));
                return;
            }
        };
        let Line::Entry(entry) = line.insert(Line::Entry(Entry::blank())) else {
            return;
        };
        match readers.read(entry, &raw, &self.context, is_told) {
            Ok(()) => entry.line = raw,
            Err(miss) => *line = Some(missed(raw, miss)),
        }
    }
}

#[cold]
fn missed(raw: Bytes, miss: Miss) -> Line {
    match miss {
        Miss::UNKNOWN => unread(Piece::Line(raw)),
        Miss::Skip(reason) => Line::Skipped { raw, reason },
        Miss::Unparsed(reason) => Line::Unparsed { raw, reason },
    }
}

/// What a line is that no dialect reads, or may be shown.
#[cold]
fn unread(piece: Piece) -> Line {
    let (raw, what) = match piece {
        Piece::TooLong(raw) => (raw, Err(UnparsedReason::TooLong)),
        Piece::Line(raw) if raw.is_empty() => (raw, Ok(SkipReason::Blank)),
        Piece::Line(raw) if !is_clean(&raw) => (raw, Err(UnparsedReason::Control)),
        Piece::Line(raw) => {
            let what = line::unknown(&raw);
            (raw, what)
        }
    };
    match what {
        Ok(reason) => Line::Skipped { raw, reason },
        Err(reason) => Line::Unparsed { raw, reason },
    }
}

fn is_clean(line: &[u8]) -> bool {
    // A pass over good bytes, the usual ones, needs one comparison a byte and no early end.
    let suspect = line.iter().fold(false, |found, b| found | (*b <= b'\r'));
    !suspect || !line.iter().any(|b| matches!(b, b'\r' | 0))
}

/// Reads a whole listing of a dialect that is found out; see [`Parser`].
///
/// ```
/// use ftpkit_proto::{listing::{self, Line}, time::Civil};
/// let today = Civil::date(2024, 6, 15).unwrap();
/// let lines = listing::parse(b"type=dir; docs\r\ntype=file;size=3; a\r\n", today);
/// let names: Vec<_> = lines
///     .into_iter()
///     .filter_map(Line::into_entry)
///     .map(|entry| entry.name().to_string())
///     .collect();
/// assert_eq!(names, ["docs", "a"]);
/// ```
#[must_use]
pub fn parse(bytes: &[u8], today: impl Into<Civil>) -> Vec<Line> {
    let mut parser = Parser::new(None, today);
    parser.push(bytes);
    parser.finish();
    core::iter::from_fn(|| parser.next_line()).collect()
}

#[cfg(test)]
mod tests;
