//! Bytes to lines to entries, one line at a time, and the guess at the dialect.

use alloc::{collections::VecDeque, vec::Vec};
use core::time::Duration;

use bytes::{Buf, Bytes, BytesMut};

use super::{Context, Dialect, Entry, Miss};
use crate::time::Civil;

/// How many lines the guess at a dialect waits for.
const SAMPLE: usize = 8;
/// How many lines it waits for while none of them fits any dialect.
const PATIENCE: usize = 64;

/// What became of one line of a listing. Every line gives one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every line is an entry; a box would cost an allocation for each"
)]
pub enum Line {
    /// It tells of a file.
    Entry(Entry),
    /// It is known to tell of none.
    Skipped {
        /// The line, without its end.
        raw: Bytes,
        /// What it is.
        reason: SkipReason,
    },
    /// It could not be read.
    Unparsed {
        /// The line, without its end; its start, if it was too long.
        raw: Bytes,
        /// Why.
        reason: UnparsedReason,
    },
}

impl Line {
    /// The entry, if the line tells of a file.
    #[must_use]
    pub fn into_entry(self) -> Option<Entry> {
        match self {
            Self::Entry(entry) => Some(entry),
            _ => None,
        }
    }
}

/// What a line is that tells of no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SkipReason {
    /// It is empty.
    Blank,
    /// `total 123`.
    Total,
    /// The name of the directory whose files follow (`ls -R`).
    Heading,
}

/// Why a line could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum UnparsedReason {
    /// It is longer than the limit.
    #[error("the line is longer than the limit")]
    TooLong,
    /// It holds a CR or NUL.
    #[error("the line holds a CR or NUL")]
    Control,
    /// It is not of the form of this dialect.
    #[error("the line is of an unknown form")]
    UnknownForm,
    /// The name is missing.
    #[error("the line holds no name")]
    NoName,
}

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
/// assert_eq!(entry.name.as_bytes(), b"a b.txt");
/// assert_eq!(entry.size, Some(42));
/// assert_eq!(entry.modified.unwrap().to_string(), "2024-06-15T12:00");
/// ```
#[derive(Debug)]
pub struct Parser {
    context: Context,
    limit: usize,
    dialect: Option<Dialect>,
    // How many of the lines that wait fit each of `Dialect::ALL`.
    scores: [usize; Dialect::ALL.len()],
    waiting: VecDeque<Piece>,
    buffer: BytesMut,
    // How much of the buffer holds no LF.
    scanned: usize,
    // The rest of a line that was too long is to be dropped.
    dropping: bool,
    finished: bool,
}

#[derive(Debug)]
enum Piece {
    Line(Bytes),
    TooLong(Bytes),
}

impl Parser {
    /// A parser for this dialect, or, with none, for the one that fits most of the first lines.
    ///
    /// `today` is the date at the server, as far as it is known; dates without a year are
    /// taken to be in the twelve months before it.
    #[must_use]
    pub fn new(dialect: Option<Dialect>, today: impl Into<Civil>) -> Self {
        Self {
            context: Context {
                today: today.into(),
                tolerance: 86_400,
            },
            limit: 16 * 1024,
            dialect,
            scores: [0; Dialect::ALL.len()],
            waiting: VecDeque::new(),
            buffer: BytesMut::new(),
            scanned: 0,
            dropping: false,
            finished: false,
        }
    }

    /// The same with another tolerance: how far in the future a date without a year may lie.
    /// One day by default, since the server's zone and clock are not known.
    #[must_use]
    pub fn future_tolerance(mut self, tolerance: Duration) -> Self {
        self.context.tolerance = i64::try_from(tolerance.as_secs()).unwrap_or(i64::MAX);
        self
    }

    /// The same with another limit of a line's length, in bytes. 16 KiB by default.
    #[must_use]
    pub const fn line_limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// The dialect, once it is known.
    #[must_use]
    pub const fn dialect(&self) -> Option<Dialect> {
        self.dialect
    }

    /// Takes the next bytes, in any pieces.
    pub fn push(&mut self, bytes: &[u8]) {
        if !self.finished {
            self.buffer.extend_from_slice(bytes);
        }
    }

    /// Says that nothing more comes; a last line without an end counts.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// The next line; none until more is pushed, or, after [`finish`](Self::finish), at the end.
    pub fn next_line(&mut self) -> Option<Line> {
        loop {
            let Some(dialect) = self.dialect else {
                match self.split() {
                    Some(piece) => self.sample(piece),
                    None if self.finished && !self.waiting.is_empty() => self.decide(),
                    None => return None,
                }
                if self.dialect.is_none() && self.waiting.len() > PATIENCE {
                    let piece = self.waiting.pop_front()?;
                    return Some(self.read(Dialect::Unix, piece));
                }
                continue;
            };
            let piece = match self.waiting.pop_front() {
                Some(piece) => piece,
                None => self.split()?,
            };
            return Some(self.read(dialect, piece));
        }
    }

    fn sample(&mut self, piece: Piece) {
        if let Piece::Line(line) = &piece {
            // A line without facts is one of MLSD, but no sign of it.
            let odd = !is_clean(line) || line.is_empty();
            for (score, dialect) in self.scores.iter_mut().zip(Dialect::ALL) {
                let sign = dialect != Dialect::Mlsx || !line.starts_with(b" ");
                let fits = !odd && sign && dialect.reader().read(line, &self.context).is_ok();
                *score += usize::from(fits);
            }
        }
        self.waiting.push_back(piece);
        if self.waiting.len() >= SAMPLE && self.scores.iter().any(|score| *score > 0) {
            self.decide();
        }
    }

    fn decide(&mut self) {
        // The first of the best; where nothing fits, the dialect that knows what to skip.
        let mut best = (0, Dialect::Unix);
        for (score, dialect) in self.scores.iter().zip(Dialect::ALL) {
            if *score > best.0 {
                best = (*score, dialect);
            }
        }
        self.dialect = Some(best.1);
    }

    fn read(&self, dialect: Dialect, piece: Piece) -> Line {
        let raw = match piece {
            Piece::Line(raw) => raw,
            Piece::TooLong(raw) => {
                let reason = UnparsedReason::TooLong;
                return Line::Unparsed { raw, reason };
            }
        };
        if raw.is_empty() {
            let reason = SkipReason::Blank;
            return Line::Skipped { raw, reason };
        }
        if !is_clean(&raw) {
            let reason = UnparsedReason::Control;
            return Line::Unparsed { raw, reason };
        }
        match dialect.reader().read(&raw, &self.context) {
            Ok(entry) => Line::Entry(entry),
            Err(Miss::Skip(reason)) => Line::Skipped { raw, reason },
            Err(Miss::Unparsed(reason)) => Line::Unparsed { raw, reason },
        }
    }

    /// Takes the next line off the buffer.
    fn split(&mut self) -> Option<Piece> {
        loop {
            let unseen = self.buffer.get(self.scanned..).unwrap_or_default();
            let Some(at) = unseen.iter().position(|b| *b == b'\n') else {
                self.scanned = self.buffer.len();
                if self.dropping {
                    self.buffer.clear();
                    self.scanned = 0;
                    return None;
                }
                // One more may be the CR of the end.
                if self.scanned > self.limit.saturating_add(1) {
                    self.dropping = true;
                    let raw = Bytes::copy_from_slice(self.buffer.get(..self.limit)?);
                    return Some(Piece::TooLong(raw));
                }
                if !self.finished || self.buffer.is_empty() {
                    return None;
                }
                let line = self.buffer.split().freeze();
                self.scanned = 0;
                return Some(self.bounded(line));
            };
            let mut line = self.buffer.split_to(self.scanned + at);
            self.buffer.advance(1);
            self.scanned = 0;
            if self.dropping {
                self.dropping = false;
                continue;
            }
            if line.ends_with(b"\r") {
                line.truncate(line.len() - 1);
            }
            return Some(self.bounded(line.freeze()));
        }
    }

    fn bounded(&self, line: Bytes) -> Piece {
        match line.get(..self.limit) {
            Some(start) if line.len() > self.limit => Piece::TooLong(Bytes::copy_from_slice(start)),
            _ => Piece::Line(line),
        }
    }
}

fn is_clean(line: &[u8]) -> bool {
    !line.iter().any(|b| matches!(b, b'\r' | 0))
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
///     .map(|entry| entry.name.to_string())
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
