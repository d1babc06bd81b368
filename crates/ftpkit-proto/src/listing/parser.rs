//! Bytes to lines to entries, one line at a time.

use alloc::{collections::VecDeque, vec::Vec};
use core::time::Duration;

use bytes::Bytes;

use super::{
    Context, Dialect, Entry, Line, Miss, SkipReason, UnparsedReason, Weight, entry,
    guess::{Readers, Sample},
    line,
    lines::{Found, Lines},
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
    reading: Reading,
    // What the last line became, if it was looked at where it is.
    current: Option<Line>,
}

/// All that the next line depends on.
#[derive(Debug)]
struct Reading {
    today: Civil,
    context: Context,
    lines: Lines,
    state: State,
    // Lines that were looked at and not given out.
    waiting: VecDeque<Waiting>,
    waiting_bytes: usize,
}

/// A line that waits, and why nobody may read it.
#[derive(Debug)]
struct Waiting {
    raw: Bytes,
    flaw: Option<UnparsedReason>,
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
            reading: Reading {
                today,
                context: Context::new(today, DAY),
                lines: Lines::new(16 * 1024),
                state: match dialect {
                    Some(dialect) => State::Told(Readers::new(dialect)),
                    None => State::Guessing(None),
                },
                waiting: VecDeque::new(),
                waiting_bytes: 0,
            },
            current: None,
        }
    }

    /// The same with another tolerance: how far in the future a date without a year may lie.
    /// One day by default, since the server's zone and clock are not known.
    #[must_use]
    pub fn future_tolerance(mut self, tolerance: Duration) -> Self {
        let seconds = i64::try_from(tolerance.as_secs()).unwrap_or(i64::MAX);
        self.reading.context = Context {
            marked: self.reading.context.marked,
            ..Context::new(self.reading.today, seconds)
        };
        self
    }

    /// The same for a listing like that of `ls -lF`, whose marks behind names are taken away:
    /// `*` of what can be executed, `=`, `|`, `>` and `@` of sockets, pipes, doors and links.
    /// Names may end so without, hence it must be told; the `/` of a directory needs no telling.
    #[must_use]
    pub const fn marked(mut self) -> Self {
        self.reading.context.marked = true;
        self
    }

    /// The same with another limit of a line's length, in bytes. 16 KiB by default.
    #[must_use]
    pub fn line_limit(mut self, limit: usize) -> Self {
        self.reading.lines.limit = limit.min(entry::MAX_LINE);
        self
    }

    /// The dialect in which lines are read at present, once it is known.
    #[must_use]
    pub const fn dialect(&self) -> Option<Dialect> {
        match &self.reading.state {
            State::Guessing(_) => None,
            State::Found(readers) | State::Told(readers) => Some(readers.chosen.dialect),
        }
    }

    /// Takes the next bytes, in any pieces.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.reading.lines.is_drained() {
            // It would keep memory from being used again.
            self.current = None;
        }
        self.reading.lines.push(bytes);
    }

    /// Says that nothing more comes; a last line without an end counts.
    pub fn finish(&mut self) {
        self.reading.lines.finish();
    }

    /// The next line; none until more is pushed, or, after [`finish`](Self::finish), at the end.
    ///
    /// What it gives may be kept. For long listings of which little is kept
    /// [`next_ref`](Self::next_ref) does with less work.
    // Inlined, its callers copy the entry twice.
    #[inline(never)]
    pub fn next_line(&mut self) -> Option<Line> {
        // Filled where it is to stay: a copy of an entry costs as much as reading it.
        let mut line = None;
        self.reading.next(&mut line);
        line
    }

    /// The same where it is: it stays until the next one takes its place.
    ///
    /// ```
    /// use ftpkit_proto::{listing::{Line, Parser}, time::Civil};
    /// let mut parser = Parser::new(None, Civil::date(2024, 6, 15).unwrap());
    /// parser.push(b"type=dir; docs\r\ntype=file;size=3; a\r\ntype=file;size=4; b\r\n");
    /// parser.finish();
    /// let (mut names, mut bytes) = (0, 0);
    /// while let Some(line) = parser.next_ref() {
    ///     if let Line::Entry(entry) = line {
    ///         names += entry.name_bytes().len();
    ///         bytes += entry.size.unwrap_or(0);
    ///     }
    /// }
    /// assert_eq!((names, bytes), (6, 7));
    /// ```
    pub fn next_ref(&mut self) -> Option<&Line> {
        if self.reading.next(&mut self.current) {
            self.current.as_ref()
        } else {
            None
        }
    }
}

impl Reading {
    /// Puts the next line there, if there is one.
    #[inline]
    fn next(&mut self, line: &mut Option<Line>) -> bool {
        if matches!(self.state, State::Guessing(_)) || !self.waiting.is_empty() {
            if let Some(waited) = self.next_waiting(line) {
                return waited;
            }
        }
        let Some(found) = self.lines.next() else {
            return false;
        };
        let Found { start, end, flaw } = found;
        if start == end || flaw.is_some() {
            *line = Some(unread(self.lines.whole.slice(start..end), flaw));
            return true;
        }
        let (readers, is_told) = match &mut self.state {
            State::Guessing(_) => return false,
            State::Found(readers) => (readers, false),
            State::Told(readers) => (readers, true),
        };
        let whole = &self.lines.whole;
        read(readers, is_told, &self.context, (whole, start, end), line);
        true
    }

    /// The same while the dialect is to be found, or lines wait for it; none if neither is so
    /// any longer.
    #[cold]
    fn next_waiting(&mut self, line: &mut Option<Line>) -> Option<bool> {
        if matches!(self.state, State::Guessing(_)) {
            if let Some(unread) = self.guess() {
                *line = Some(unread);
                return Some(true);
            }
        }
        let (readers, is_told) = match &mut self.state {
            State::Guessing(_) => return Some(false),
            State::Found(readers) => (readers, false),
            State::Told(readers) => (readers, true),
        };
        let Waiting { raw, flaw } = self.waiting.pop_front()?;
        if raw.is_empty() || flaw.is_some() {
            *line = Some(unread(raw, flaw));
        } else {
            let at = (&raw, 0, raw.len());
            read(readers, is_told, &self.context, at, line);
        }
        Some(true)
    }

    /// Looks for the dialect in what has come. Until it is found no line is read, but one may
    /// leave as it is.
    #[cold]
    fn guess(&mut self) -> Option<Line> {
        while matches!(self.state, State::Guessing(_)) {
            let mut ended = false;
            if !self.is_impatient() {
                match self.lines.next() {
                    Some(found) => self.look_at(found),
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
                let Waiting { raw, flaw } = self.waiting.pop_front()?;
                self.waiting_bytes -= raw.len();
                return Some(unread(raw, flaw));
            }
        }
        None
    }

    /// Has all dialects look at a line, which waits then.
    fn look_at(&mut self, Found { start, end, flaw }: Found) {
        let raw = self.lines.whole.slice(start..end);
        if let State::Guessing(sample) = &mut self.state {
            if !raw.is_empty() && flaw.is_none() {
                let sample = sample.get_or_insert_with(Sample::new);
                sample.score(&raw, &self.context);
            }
        }
        self.waiting_bytes += raw.len();
        self.waiting.push_back(Waiting { raw, flaw });
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
}

/// Reads the line that is there among others; the place of an entry is taken.
#[inline]
fn read(
    readers: &mut Readers,
    is_told: bool,
    context: &Context,
    (whole, start, end): (&Bytes, usize, usize),
    line: &mut Option<Line>,
) {
    let text = whole.get(start..end).unwrap_or_default();
    let entry = match line {
        Some(Line::Entry(entry)) => {
            entry.clear();
            entry
        }
        _ => match line.insert(Line::Entry(Entry::blank())) {
            Line::Entry(entry) => entry,
            _ => return,
        },
    };
    match readers.read(entry, text, context, is_told) {
        Ok(()) => entry.stand(whole, start, end),
        Err(miss) => *line = Some(missed(whole.slice(start..end), miss)),
    }
}

#[cold]
fn missed(raw: Bytes, miss: Miss) -> Line {
    match miss {
        Miss::UNKNOWN => unread(raw, None),
        Miss::Skip(reason) => Line::Skipped { raw, reason },
        Miss::Unparsed(reason) => Line::Unparsed { raw, reason },
    }
}

/// What a line is that no dialect reads, or may be shown.
#[cold]
fn unread(raw: Bytes, flaw: Option<UnparsedReason>) -> Line {
    let (raw, what) = match flaw {
        // Its start is not worth to keep what it came with.
        Some(UnparsedReason::TooLong) => {
            let start = Bytes::copy_from_slice(&raw);
            (start, Err(UnparsedReason::TooLong))
        }
        Some(reason) => (raw, Err(reason)),
        None if raw.is_empty() => (raw, Ok(SkipReason::Blank)),
        None => {
            let what = line::unknown(&raw);
            (raw, what)
        }
    };
    match what {
        Ok(reason) => Line::Skipped { raw, reason },
        Err(reason) => Line::Unparsed { raw, reason },
    }
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
