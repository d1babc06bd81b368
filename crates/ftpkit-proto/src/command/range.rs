//! A part of a file, in bytes: [`ByteRange`].

/// A part of a file: from an offset to another one, or to the end.
///
/// It is never empty and never runs backwards.
///
/// ```
/// use ftpkit_proto::command::ByteRange;
/// let first_ten = ByteRange::between(0, 10).unwrap();
/// assert_eq!(ByteRange::inclusive(0, 9), Some(first_ten));
/// assert_eq!(first_ten.length(), Some(10));
/// assert_eq!(ByteRange::between(10, 10), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ByteRange {
    start: u64,
    // `None`: the end of the file.
    last: Option<u64>,
}

impl ByteRange {
    /// From this offset to the end of the file.
    #[must_use]
    pub const fn from(start: u64) -> Self {
        Self { start, last: None }
    }

    /// From `start` up to, not including, `end`; `None` where that is nothing.
    #[must_use]
    pub const fn between(start: u64, end: u64) -> Option<Self> {
        match end.checked_sub(1) {
            Some(last) => Self::inclusive(start, last),
            None => None,
        }
    }

    /// From `first` to `last`, both included, as `RANG` has it; `None` where it runs backwards.
    #[must_use]
    pub const fn inclusive(first: u64, last: u64) -> Option<Self> {
        if first > last {
            return None;
        }
        Some(Self {
            start: first,
            last: Some(last),
        })
    }

    /// Where it begins.
    #[must_use]
    pub const fn start(self) -> u64 {
        self.start
    }

    /// The last byte that belongs to it; `None`: the file's last.
    #[must_use]
    pub const fn last(self) -> Option<u64> {
        self.last
    }

    /// The offset behind it; `None`: the end of the file, or more than 64 bits hold.
    #[must_use]
    pub const fn end(self) -> Option<u64> {
        match self.last {
            Some(last) => last.checked_add(1),
            None => None,
        }
    }

    /// How many bytes it has; `None` as for [`end`](Self::end).
    #[must_use]
    pub const fn length(self) -> Option<u64> {
        match self.end() {
            Some(end) => end.checked_sub(self.start),
            None => None,
        }
    }
}
