//! Bytes to lines under a limit: LF ends a line, and one CR before it is not the line's.

use bytes::{Bytes, BytesMut};

use super::UnparsedReason;

/// Splits bytes that come in any pieces.
#[derive(Debug)]
pub(super) struct Lines {
    pub(super) limit: usize,
    /// What the last line is part of: whole lines with their ends.
    pub(super) whole: Bytes,
    // How much of it was given out.
    at: usize,
    // What came behind it.
    buffer: BytesMut,
    // How much of the buffer holds no LF.
    scanned: usize,
    // The rest of a line that was too long is to be dropped.
    dropping: bool,
    finished: bool,
}

/// Where a line is in [`Lines::whole`], without its end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) start: usize,
    /// Where it ends, or the limit does.
    pub(super) end: usize,
    /// Why nobody may read it.
    pub(super) flaw: Option<UnparsedReason>,
}

impl Lines {
    pub(super) fn new(limit: usize) -> Self {
        Self {
            limit,
            whole: Bytes::new(),
            at: 0,
            buffer: BytesMut::new(),
            scanned: 0,
            dropping: false,
            finished: false,
        }
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        if self.is_drained() {
            // Unless somebody keeps lines of it, its memory takes what comes.
            (self.whole, self.at) = (Bytes::new(), 0);
        }
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

    /// Whether all whole lines were given out.
    pub(super) const fn is_drained(&self) -> bool {
        self.at == self.whole.len()
    }

    /// How many bytes are kept.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.whole.len() - self.at + self.buffer.len()
    }

    /// Passes over the next line.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Option<Found> {
        loop {
            let start = self.at;
            let rest = self.whole.get(start..).unwrap_or_default();
            // What may not stand in a line is looked for along with its end.
            let Some(length) = memchr::memchr3(b'\n', b'\r', 0, rest) else {
                if self.gather() {
                    continue;
                }
                return self.open_line();
            };
            let mut end = start + length;
            let mut flaw = None;
            match rest.get(length..) {
                Some([b'\n', ..]) => self.at = end + 1,
                Some([b'\r', b'\n', ..]) => self.at = end + 2,
                _ => {
                    flaw = Some(UnparsedReason::Control);
                    end = self.end_behind(end);
                }
            }
            if self.dropping {
                self.dropping = false;
                continue;
            }
            return Some(self.bounded(Found { start, end, flaw }));
        }
    }

    /// Where a line ends that holds a CR or NUL there.
    #[cold]
    fn end_behind(&mut self, at: usize) -> usize {
        let rest = self.whole.get(at..).unwrap_or_default();
        // The last of the whole lines has its end too.
        let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        self.at = (at + length + 1).min(self.whole.len());
        let line = rest.get(..length).unwrap_or_default();
        at + line.strip_suffix(b"\r").unwrap_or(line).len()
    }

    /// Takes all whole lines off the buffer at once, if there are any.
    #[cold]
    fn gather(&mut self) -> bool {
        let unseen = self.buffer.get(self.scanned..).unwrap_or_default();
        let end = memchr::memrchr(b'\n', unseen);
        if let Some(at) = end {
            self.whole = self.buffer.split_to(self.scanned + at + 1).freeze();
            self.at = 0;
        }
        self.scanned = self.buffer.len();
        end.is_some()
    }

    /// What can be said of a line whose end has not come.
    #[cold]
    fn open_line(&mut self) -> Option<Found> {
        if self.dropping {
            self.buffer.clear();
            self.scanned = 0;
            return None;
        }
        // One more may be the CR of the end.
        if self.scanned > self.limit.saturating_add(1) {
            self.dropping = true;
            self.whole = Bytes::copy_from_slice(self.buffer.get(..self.limit)?);
            self.at = self.whole.len();
            return Some(Found {
                start: 0,
                end: self.at,
                flaw: Some(UnparsedReason::TooLong),
            });
        }
        if !self.finished || self.buffer.is_empty() {
            return None;
        }
        self.whole = self.buffer.split().freeze();
        self.at = self.whole.len();
        self.scanned = 0;
        let control = memchr::memchr2(b'\r', 0, &self.whole);
        Some(self.bounded(Found {
            start: 0,
            end: self.at,
            flaw: control.map(|_| UnparsedReason::Control),
        }))
    }

    #[inline(always)]
    const fn bounded(&self, found: Found) -> Found {
        if found.end - found.start <= self.limit {
            return found;
        }
        Found {
            start: found.start,
            end: found.start + self.limit,
            flaw: Some(UnparsedReason::TooLong),
        }
    }
}
