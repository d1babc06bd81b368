//! Bytes to lines under a limit: LF ends a line, and one CR before it is not the line's.

use bytes::{Buf, Bytes, BytesMut};

/// Splits bytes that come in any pieces.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) limit: usize,
    // Whole lines with their ends, and what came behind them.
    whole: Bytes,
    buffer: BytesMut,
    // How much of the buffer holds no LF.
    scanned: usize,
    // The rest of a line that was too long is to be dropped.
    dropping: bool,
    finished: bool,
}

/// A line without its end.
#[derive(Clone, Debug)]
pub(super) enum Piece {
    Line(Bytes),
    /// The start of a line, as long as the limit.
    TooLong(Bytes),
}

impl Piece {
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Line(raw) | Self::TooLong(raw) => raw.len(),
        }
    }
}

impl Lines {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            whole: Bytes::new(),
            buffer: BytesMut::new(),
            scanned: 0,
            dropping: false,
            finished: false,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        if !self.finished {
            self.buffer.extend_from_slice(bytes);
        }
    }

    pub(super) fn finish(&mut self) {
        self.finished = true;
    }

    pub(super) const fn is_finished(&self) -> bool {
        self.finished
    }

    /// How many bytes are kept.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.whole.len() + self.buffer.len()
    }

    /// Takes the next line off the buffer.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Option<Piece> {
        loop {
            let Some(at) = memchr::memchr(b'\n', &self.whole) else {
                if self.gather() {
                    continue;
                }
                return self.open_line();
            };
            let mut line = self.whole.split_to(at);
            self.whole.advance(1);
            if self.dropping {
                self.dropping = false;
                continue;
            }
            if line.ends_with(b"\r") {
                line.truncate(at - 1);
            }
            return Some(self.bounded(line));
        }
    }

    /// Takes all whole lines off the buffer at once, if there are any.
    #[cold]
    fn gather(&mut self) -> bool {
        let unseen = self.buffer.get(self.scanned..).unwrap_or_default();
        let end = memchr::memrchr(b'\n', unseen);
        if let Some(at) = end {
            self.whole = self.buffer.split_to(self.scanned + at + 1).freeze();
        }
        self.scanned = self.buffer.len();
        end.is_some()
    }

    /// What can be said of a line whose end has not come.
    #[cold]
    fn open_line(&mut self) -> Option<Piece> {
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
        Some(self.bounded(line))
    }

    #[inline(always)]
    fn bounded(&self, line: Bytes) -> Piece {
        match line.get(..self.limit) {
            Some(start) if line.len() > self.limit => Piece::TooLong(Bytes::copy_from_slice(start)),
            _ => Piece::Line(line),
        }
    }
}
