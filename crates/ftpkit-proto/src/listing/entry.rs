//! What one line of a listing tells of a file.

use bytes::Bytes;

use crate::{
    facts::{Kind, Perm},
    text::{SafeName, Text, TextError},
    time::ListedTime,
};

/// What a listing tells of one file. `None` is: not told.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// The name as sent. It may be anything, a path too: see [`safe_name`](Self::safe_name).
    pub name: Text,
    /// What it is; [`Kind::Other`] if that is not told. `.` and `..` are `Current` and `Parent`.
    pub kind: Kind,
    /// The size in bytes.
    pub size: Option<u64>,
    /// When it was modified.
    pub modified: Option<ListedTime>,
    /// When it was made.
    pub created: Option<ListedTime>,
    /// What may be done with it, as sent: the nine letters of `ls -l`, `rwxr-xr-x`, or what
    /// the dialect has, `RWED,RWED,RE,`.
    pub permissions: Option<Text>,
    /// The Unix permission bits, at most `0o7777`.
    pub mode: Option<u16>,
    /// The owner's name or number.
    pub owner: Option<Text>,
    /// The group's name or number.
    pub group: Option<Text>,
    /// How many names it has.
    pub links: Option<u64>,
    /// Where a symbolic link leads.
    pub target: Option<Text>,
    /// The version, which is not part of the name (VMS).
    pub version: Option<Text>,
    /// What the present user may do with it.
    pub perm: Option<Perm>,
    /// What tells it from all other files of the server, under whatever name.
    pub unique: Option<Text>,
}

impl Entry {
    /// An entry of which no more is known.
    #[must_use]
    pub const fn new(name: Text, kind: Kind) -> Self {
        Self {
            name,
            kind,
            size: None,
            modified: None,
            created: None,
            permissions: None,
            mode: None,
            owner: None,
            group: None,
            links: None,
            target: None,
            version: None,
            perm: None,
            unique: None,
        }
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
    /// let [Line::Entry { entry, .. }] = &lines[..] else { panic!() };
    /// assert!(entry.safe_name().is_err());
    /// ```
    pub fn safe_name(&self) -> Result<SafeName, TextError> {
        SafeName::new(self.name.clone().into_bytes())
    }

    /// Takes what `other` tells and this does not.
    pub(crate) fn complete(&mut self, other: Self) {
        if self.kind == Kind::Other {
            self.kind = other.kind;
        }
        self.size = self.size.or(other.size);
        self.modified = self.modified.or(other.modified);
        self.created = self.created.or(other.created);
        self.mode = self.mode.or(other.mode);
        self.owner = self.owner.take().or(other.owner);
        self.group = self.group.take().or(other.group);
        self.target = self.target.take().or(other.target);
        self.version = self.version.take().or(other.version);
        self.perm = self.perm.or(other.perm);
        self.unique = self.unique.take().or(other.unique);
    }
}

/// A part of a line as a text, without a copy; `None` for nothing.
pub(super) fn part(line: &Bytes, part: &[u8]) -> Option<Text> {
    if part.is_empty() {
        return None;
    }
    Text::new(line.slice_ref(part)).ok()
}

/// A number of digits and nothing else; `None` when it does not fit.
pub(super) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// A number with separators between groups of three digits, as Windows writes them.
pub(super) fn grouped_number(text: &[u8]) -> Option<u64> {
    let mut groups = text.split(|b| matches!(b, b',' | b'.' | b'\''));
    let first = groups.next()?;
    let mut value = number(first)?;
    for group in groups {
        if group.len() != 3 || first.len() > 3 {
            return None;
        }
        value = value.checked_mul(1000)?.checked_add(number(group)?)?;
    }
    Some(value)
}
