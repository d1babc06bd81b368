//! What one line of a listing tells of a file.

use alloc::{boxed::Box, vec::Vec};
use core::{fmt, num::NonZeroU32};

use bytes::Bytes;

use super::{Dialect, steps::pass};
use crate::{
    facts::{Kind, Perm},
    text::{SafeName, Text, TextError},
    time::ListedTime,
};

/// What a listing tells of one file. `None` is: not told.
///
/// The texts are parts of the line, and the line is kept: taking one copies nothing. With it
/// the lines stay in memory that came together with it.
#[derive(Clone)]
#[non_exhaustive]
pub struct Entry {
    /// What it is; [`Kind::Other`] if that is not told. `.` and `..` are `Current` and `Parent`.
    pub kind: Kind,
    /// The size in bytes.
    pub size: Option<u64>,
    /// When it was modified.
    pub modified: Option<ListedTime>,
    /// When it was made.
    pub created: Option<ListedTime>,
    /// The Unix permission bits, at most `0o7777`.
    pub mode: Option<u16>,
    /// How many names it has.
    pub links: Option<u64>,
    /// What the present user may do with it.
    pub perm: Option<Perm>,
    pub(super) dialect: Option<Dialect>,
    // Lines that came together, and where among them this one is: an entry that takes the place
    // of another need not share the same bytes anew.
    whole: Bytes,
    start: usize,
    end: usize,
    // Texts that are not in the line.
    pub(super) more: Option<Box<More>>,
    pub(super) name: Option<Part>,
    pub(super) permissions: Option<Part>,
    pub(super) owner: Option<Part>,
    pub(super) group: Option<Part>,
    pub(super) target: Option<Part>,
    pub(super) version: Option<Part>,
    pub(super) unique: Option<Part>,
}

/// Where a text is that is not empty: in the line, or in what is kept beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    // With `BESIDE` in it for what is not in the line.
    start: u32,
    end: NonZeroU32,
}

/// Texts that are not in the line; few entries have any.
#[derive(Clone, Default)]
pub(super) struct More(Vec<u8>);

const BESIDE: u32 = 1 << 31;

/// How long a line may be so that its parts can be told.
pub(super) const MAX_LINE: usize = BESIDE as usize - 1;

impl Part {
    fn new(start: usize, end: usize) -> Option<Self> {
        if start >= end || end > MAX_LINE {
            return None;
        }
        Some(Self {
            start: u32::try_from(start).ok()?,
            end: NonZeroU32::new(u32::try_from(end).ok()?)?,
        })
    }
}

impl Entry {
    /// An entry of which no more is known, and that was read from no line.
    #[must_use]
    pub fn new(name: Text, kind: Kind) -> Self {
        let line = name.into_bytes();
        let mut entry = Self::of(Part::new(0, line.len()), kind);
        entry.stand(&line, 0, line.len());
        entry
    }

    /// An entry of which no more is known than a name in its line, which is to be added.
    pub(super) fn of(name: impl Into<Option<Part>>, kind: Kind) -> Self {
        Self {
            kind,
            name: name.into(),
            ..Self::blank()
        }
    }

    /// An entry of which nothing is known.
    #[inline]
    pub(super) const fn blank() -> Self {
        Self {
            kind: Kind::Other,
            size: None,
            modified: None,
            created: None,
            mode: None,
            links: None,
            perm: None,
            dialect: None,
            whole: Bytes::new(),
            start: 0,
            end: 0,
            more: None,
            name: None,
            permissions: None,
            owner: None,
            group: None,
            target: None,
            version: None,
            unique: None,
        }
    }

    /// Makes it one of which nothing is known, in the same lines.
    #[inline]
    pub(super) fn clear(&mut self) {
        let Self {
            kind,
            size,
            modified,
            created,
            mode,
            links,
            perm,
            dialect,
            whole: _,
            start: _,
            end: _,
            more,
            name,
            permissions,
            owner,
            group,
            target,
            version,
            unique,
        } = self;
        *kind = Kind::Other;
        (*size, *links) = (None, None);
        (*modified, *created) = (None, None);
        (*mode, *perm) = (None, None);
        (*dialect, *more) = (None, None);
        (*name, *permissions, *owner, *group) = (None, None, None, None);
        (*target, *version, *unique) = (None, None, None);
    }

    /// Says where the line is from which it was read.
    #[inline]
    pub(super) fn stand(&mut self, whole: &Bytes, start: usize, end: usize) {
        if !core::ptr::eq(&self.whole[..], &whole[..]) {
            self.whole = whole.clone();
        }
        (self.start, self.end) = (start, end);
    }

    /// The name as sent. It may be anything, a path too: see [`safe_name`](Self::safe_name).
    #[must_use]
    pub fn name(&self) -> Text {
        self.text(self.name).unwrap_or_default()
    }

    /// The bytes of the [`name`](Self::name), where they are: to compare or to copy them costs
    /// no share in the line.
    #[must_use]
    pub fn name_bytes(&self) -> &[u8] {
        self.bytes(self.name).unwrap_or_default()
    }

    /// The nine letters of `ls -l`, as sent: `rwxr-xr-x`; what other systems have in their place.
    #[must_use]
    pub fn permissions(&self) -> Option<Text> {
        self.text(self.permissions)
    }

    /// The owner's name or number.
    #[must_use]
    pub fn owner(&self) -> Option<Text> {
        self.text(self.owner)
    }

    /// The group's name or number.
    #[must_use]
    pub fn group(&self) -> Option<Text> {
        self.text(self.group)
    }

    /// Where a symbolic link leads.
    #[must_use]
    pub fn target(&self) -> Option<Text> {
        self.text(self.target)
    }

    /// The version, which is not part of the name (VMS).
    #[must_use]
    pub fn version(&self) -> Option<Text> {
        self.text(self.version)
    }

    /// What tells it from all other files of the server, under whatever name.
    #[must_use]
    pub fn unique(&self) -> Option<Text> {
        self.text(self.unique)
    }

    /// The line from which it was read, without its end; where an entry takes two, the second.
    #[must_use]
    pub fn line(&self) -> &[u8] {
        self.whole.get(self.start..self.end).unwrap_or_default()
    }

    /// The dialect in which it was read; none if it was not.
    #[must_use]
    pub const fn dialect(&self) -> Option<Dialect> {
        self.dialect
    }

    /// The name, if it is one plain component of a path: the only form in which it may be
    /// joined to a path, local or remote.
    ///
    /// # Errors
    /// [`TextError`] says what is wrong with it.
    ///
    /// ```
    /// use ftpkit_proto::{listing::{self, Line}, time::Civil};
    /// let today = Civil::date(2024, 6, 15).unwrap();
    /// let lines = listing::parse(b"type=file;size=1; ../../.profile\r\n", today);
    /// let [Line::Entry(entry)] = &lines[..] else { panic!() };
    /// assert!(entry.safe_name().is_err());
    /// ```
    pub fn safe_name(&self) -> Result<SafeName, TextError> {
        SafeName::new(self.name().into_bytes())
    }

    /// Gives it another name: servers tell the whole path of a single file.
    pub fn set_name(&mut self, name: &Text) {
        self.name = self.keep(name.as_bytes());
    }

    /// Takes what `other` tells and this does not.
    pub(crate) fn complete(&mut self, other: &Self) {
        if self.kind == Kind::Other {
            self.kind = other.kind;
        }
        self.size = self.size.or(other.size);
        self.modified = self.modified.or(other.modified);
        self.created = self.created.or(other.created);
        self.mode = self.mode.or(other.mode);
        self.perm = self.perm.or(other.perm);
        self.owner = self.owner.or_else(|| self.keep(other.bytes(other.owner)?));
        self.group = self.group.or_else(|| self.keep(other.bytes(other.group)?));
        self.target = self
            .target
            .or_else(|| self.keep(other.bytes(other.target)?));
        self.unique = self
            .unique
            .or_else(|| self.keep(other.bytes(other.unique)?));
    }

    /// Keeps a text that is not in the line; `None` for nothing.
    pub(super) fn keep(&mut self, text: &[u8]) -> Option<Part> {
        let start = self.more.as_ref().map_or(0, |more| more.0.len());
        let mut part = Part::new(start, start + text.len())?;
        let more = self.more.get_or_insert_with(Box::default);
        more.0.extend_from_slice(text);
        part.start |= BESIDE;
        Some(part)
    }

    fn bytes(&self, part: Option<Part>) -> Option<&[u8]> {
        let part = part?;
        let text = if part.start & BESIDE == 0 {
            self.line()
        } else {
            &self.more.as_ref()?.0
        };
        text.get((part.start & !BESIDE) as usize..part.end.get() as usize)
    }

    fn text(&self, part: Option<Part>) -> Option<Text> {
        let bytes = self.bytes(part)?;
        if part?.start & BESIDE == 0 {
            Text::new(self.whole.slice_ref(bytes)).ok()
        } else {
            Text::try_from(bytes).ok()
        }
    }

    /// All that it tells; line and dialect are no part of that.
    fn told(&self) -> impl PartialEq + '_ {
        (
            (self.kind, self.size, self.modified, self.created),
            (self.mode, self.links, self.perm),
            [
                self.name,
                self.permissions,
                self.owner,
                self.group,
                self.target,
                self.version,
                self.unique,
            ]
            .map(|part| self.bytes(part)),
        )
    }
}

/// Two entries are equal if they tell the same, however their lines were written.
impl PartialEq for Entry {
    fn eq(&self, other: &Self) -> bool {
        self.told() == other.told()
    }
}

impl Eq for Entry {}

/// What is told, and nothing of what is not.
impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut told = f.debug_struct("Entry");
        told.field("name", &self.name()).field("kind", &self.kind);
        let mut tell = |name, value: Option<&dyn fmt::Debug>| {
            if let Some(value) = value {
                told.field(name, value);
            }
        };
        tell("size", self.size.as_ref().map(|v| v as _));
        tell("modified", self.modified.as_ref().map(|v| v as _));
        tell("created", self.created.as_ref().map(|v| v as _));
        tell("mode", self.mode.as_ref().map(|v| v as _));
        tell("links", self.links.as_ref().map(|v| v as _));
        tell("perm", self.perm.as_ref().map(|v| v as _));
        for (name, part) in [
            ("permissions", self.permissions),
            ("owner", self.owner),
            ("group", self.group),
            ("target", self.target),
            ("version", self.version),
            ("unique", self.unique),
        ] {
            tell(name, self.text(part).as_ref().map(|v| v as _));
        }
        tell("dialect", self.dialect.as_ref().map(|v| v as _));
        told.finish()
    }
}

/// Where in a line a part of it is; `None` for nothing.
pub(super) fn part(line: &[u8], part: &[u8]) -> Option<Part> {
    let start = (part.as_ptr() as usize).checked_sub(line.as_ptr() as usize)?;
    let end = start.checked_add(part.len())?;
    Part::new(start, end).filter(|_| end <= line.len())
}

/// A number of digits and nothing else; `None` when it does not fit.
#[inline]
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    pass(digits.len());
    // So many always fit.
    if digits.len() > 19 {
        return long_number(digits);
    }
    let mut number = 0;
    for digit in digits {
        if !digit.is_ascii_digit() {
            return None;
        }
        number = number * 10 + u64::from(digit - b'0');
    }
    (!digits.is_empty()).then_some(number)
}

fn long_number(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// A number with separators between groups of three digits, as Windows writes them: a comma, a
/// dot, an apostrophe, a blank that does not break.
pub(super) fn grouped_number(text: &[u8]) -> Option<u64> {
    let digits = |text: &[u8]| text.iter().take_while(|b| b.is_ascii_digit()).count();
    pass(text.len());
    let (first, mut rest) = text.split_at_checked(digits(text))?;
    let mut value = number(first)?;
    while !rest.is_empty() {
        let group = separated(rest)?;
        let (group, behind) = group.split_at_checked(digits(group))?;
        if group.len() != 3 || first.len() > 3 {
            return None;
        }
        value = value.checked_mul(1000)?.checked_add(number(group)?)?;
        rest = behind;
    }
    Some(value)
}

/// What stands behind a separator, in UTF-8 or the code pages of Windows and DOS.
fn separated(text: &[u8]) -> Option<&[u8]> {
    match text {
        [0xc2, 0xa0, rest @ ..] | [0xe2, 0x80, 0xaf, rest @ ..] => Some(rest),
        [b',' | b'.' | b'\'' | 0xa0 | 0xff, rest @ ..] => Some(rest),
        _ => None,
    }
}
