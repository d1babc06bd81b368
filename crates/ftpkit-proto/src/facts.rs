//! What is known of a file: [`Facts`], and which of them a client wants: [`FactSet`]
//! (RFC 3659 sec. 7.5). The lines of listings are in `listing`.

use core::fmt;

use bytes::{BufMut, BytesMut};

use crate::{text::Text, time::Timestamp};

/// What is known of a file. `None` is unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// What it is.
    pub kind: Option<Kind>,
    /// Its size in bytes.
    pub size: Option<u64>,
    /// When it was modified, in UTC.
    pub modified: Option<Timestamp>,
    /// When it was made, in UTC.
    pub created: Option<Timestamp>,
    /// What the present user may do with it (`perm`, RFC 3659 sec. 7.5.5).
    pub perm: Option<Perm>,
    /// What tells it from all other files of this server, under whatever name.
    pub unique: Option<Text>,
    /// The Unix permission bits, at most `0o7777`.
    pub mode: Option<u16>,
    /// The owner's name, or number.
    pub owner: Option<Text>,
    /// The group's name, or number.
    pub group: Option<Text>,
    /// How many names it has.
    pub links: Option<u64>,
    /// Where a symbolic link leads.
    pub target: Option<Text>,
}

impl Facts {
    /// The facts of something of this kind, nothing else known.
    #[must_use]
    pub fn of(kind: Kind) -> Self {
        Self {
            kind: Some(kind),
            ..Self::default()
        }
    }

    /// The facts of a file of this size, in bytes.
    ///
    /// ```
    /// use ftpkit_proto::facts::Facts;
    /// let mut facts = Facts::file(1234);
    /// facts.mode = Some(0o640);
    /// assert_eq!(facts.size, Some(1234));
    /// ```
    #[must_use]
    pub fn file(size: u64) -> Self {
        Self {
            size: Some(size),
            ..Self::of(Kind::File)
        }
    }

    /// The facts of a directory.
    #[must_use]
    pub fn directory() -> Self {
        Self::of(Kind::Directory)
    }

    /// The facts of a symbolic link that leads there.
    #[must_use]
    pub fn symlink(target: Text) -> Self {
        Self {
            target: Some(target),
            ..Self::of(Kind::Symlink)
        }
    }

    /// The same with this time of modification.
    #[must_use]
    pub fn modified_at(mut self, time: Timestamp) -> Self {
        self.modified = Some(time);
        self
    }

    /// The same with these permission bits, of which the lowest twelve count.
    #[must_use]
    pub fn with_mode(mut self, mode: u16) -> Self {
        self.mode = Some(mode & 0o7777);
        self
    }

    /// The same with this owner and group.
    #[must_use]
    pub fn owned_by(mut self, owner: Text, group: Text) -> Self {
        self.owner = Some(owner);
        self.group = Some(group);
        self
    }

    /// Which of the facts that MLSx can tell are known.
    #[must_use]
    pub fn known(&self) -> FactSet {
        let mut set = FactSet::EMPTY;
        for (known, fact) in [
            (self.kind.is_some(), FactSet::TYPE),
            (self.size.is_some(), FactSet::SIZE),
            (self.modified.is_some(), FactSet::MODIFY),
            (self.created.is_some(), FactSet::CREATE),
            (self.perm.is_some(), FactSet::PERM),
            (self.unique.is_some(), FactSet::UNIQUE),
            (self.mode.is_some(), FactSet::UNIX_MODE),
            (self.owner.is_some(), FactSet::UNIX_OWNER),
            (self.group.is_some(), FactSet::UNIX_GROUP),
        ] {
            if known {
                set |= fact;
            }
        }
        set
    }
}

impl Kind {
    /// Whether it is a directory, under whatever name.
    #[must_use]
    pub const fn is_directory(self) -> bool {
        matches!(self, Self::Directory | Self::Current | Self::Parent)
    }
}

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// The listed directory itself (`cdir`).
    Current,
    /// A parent of the listed directory (`pdir`).
    Parent,
    /// A symbolic link.
    Symlink,
    /// Something else: a device, a socket, a queue.
    Other,
}

macro_rules! bit_set {
    ($(#[$outer:meta])* $set:ident: $repr:ty { $($(#[$doc:meta])* $name:ident = $bit:expr;)* }) => {
        $(#[$outer])*
        #[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
        pub struct $set($repr);

        impl $set {
            /// None.
            pub const EMPTY: Self = Self(0);
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)*
            /// All of them.
            pub const ALL: Self = Self(0 $(| 1 << $bit)*);

            /// Whether all of `other` are in it.
            #[must_use]
            pub const fn contains(self, other: Self) -> bool {
                self.0 & other.0 == other.0
            }

            /// Both sets together.
            #[must_use]
            pub const fn union(self, other: Self) -> Self {
                Self(self.0 | other.0)
            }

            /// What is in both sets.
            #[must_use]
            pub const fn intersection(self, other: Self) -> Self {
                Self(self.0 & other.0)
            }

            /// What is in this set and not in `other`.
            #[must_use]
            pub const fn difference(self, other: Self) -> Self {
                Self(self.0 & !other.0)
            }

            /// Whether there is none in it.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
            }
        }

        /// By names: `SIZE | MODIFY`, or `ALL`, or `EMPTY`.
        impl core::fmt::Debug for $set {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                match *self {
                    Self::EMPTY => return f.write_str("EMPTY"),
                    Self::ALL => return f.write_str("ALL"),
                    _ => {}
                }
                let mut between = "";
                for (one, name) in [$((Self::$name, stringify!($name))),*] {
                    if self.contains(one) {
                        write!(f, "{between}{name}")?;
                        between = " | ";
                    }
                }
                Ok(())
            }
        }

        impl core::ops::BitOr for $set {
            type Output = Self;
            fn bitor(self, other: Self) -> Self {
                self.union(other)
            }
        }

        impl core::ops::BitOrAssign for $set {
            fn bitor_assign(&mut self, other: Self) {
                *self = self.union(other);
            }
        }
    };
}

pub(crate) use bit_set;

bit_set! {
    /// The facts that a client wants in MLST and MLSD (OPTS MLST).
    FactSet: u16 {
        /// `type`.
        TYPE = 0;
        /// `size`.
        SIZE = 1;
        /// `modify`.
        MODIFY = 2;
        /// `create`.
        CREATE = 3;
        /// `perm`.
        PERM = 4;
        /// `unique`.
        UNIQUE = 5;
        /// `UNIX.mode`.
        UNIX_MODE = 6;
        /// `UNIX.owner`.
        UNIX_OWNER = 7;
        /// `UNIX.group`.
        UNIX_GROUP = 8;
    }
}

bit_set! {
    /// What the present user may do with a file (RFC 3659 sec. 7.5.5), one letter each.
    Perm: u16 {
        /// `a`: append to the file.
        APPEND = 0;
        /// `c`: create files in the directory.
        CREATE = 1;
        /// `d`: delete it.
        DELETE = 2;
        /// `e`: enter the directory.
        ENTER = 3;
        /// `f`: rename it.
        RENAME = 4;
        /// `l`: list the directory.
        LIST = 5;
        /// `m`: make directories in the directory.
        MAKE_DIRECTORY = 6;
        /// `p`: delete files of the directory.
        PURGE = 7;
        /// `r`: retrieve the file.
        RETRIEVE = 8;
        /// `w`: store to the file.
        STORE = 9;
    }
}

impl FactSet {
    /// The names on the wire, in the order in which lines show them.
    const NAMES: [(Self, &'static str); 9] = [
        (Self::TYPE, "type"),
        (Self::SIZE, "size"),
        (Self::MODIFY, "modify"),
        (Self::CREATE, "create"),
        (Self::PERM, "perm"),
        (Self::UNIQUE, "unique"),
        (Self::UNIX_MODE, "UNIX.mode"),
        (Self::UNIX_OWNER, "UNIX.owner"),
        (Self::UNIX_GROUP, "UNIX.group"),
    ];

    /// The fact of this name, in any case; `None` for one that is not known here.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        Self::NAMES
            .iter()
            .find(|(_, known)| known.as_bytes().eq_ignore_ascii_case(name))
            .map(|(fact, _)| *fact)
    }

    /// The facts that the argument of `OPTS MLST` names: `size;type;`, in any case and order.
    /// Unknown ones are left out, as RFC 3659 sec. 7.9 wants; nothing names none.
    ///
    /// ```
    /// use ftpkit_proto::facts::FactSet;
    /// let set = FactSet::from_opts(b"Size;type;media-type;");
    /// assert_eq!(set, FactSet::SIZE | FactSet::TYPE);
    /// ```
    #[must_use]
    pub fn from_opts(facts: &[u8]) -> Self {
        facts
            .split(|b| *b == b';')
            .filter_map(|name| Self::from_name(name.trim_ascii()))
            .fold(Self::EMPTY, Self::union)
    }

    /// The names of the facts in it, as they stand on the wire.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .filter(move |(fact, _)| self.contains(*fact))
            .map(|(_, name)| name)
    }

    /// The line of FEAT that offers this set, those that are `enabled` marked:
    /// `MLST type*;size*;create;`.
    #[must_use]
    pub fn feature(self, enabled: Self) -> Text {
        let mut out = BytesMut::from(&b"MLST "[..]);
        for (fact, name) in Self::NAMES {
            if self.contains(fact) {
                out.put_slice(name.as_bytes());
                if enabled.contains(fact) {
                    out.put_u8(b'*');
                }
                out.put_u8(b';');
            }
        }
        // The names hold nothing that a text cannot.
        Text::new(out).unwrap_or_default()
    }

    /// The text of the 200 that answers `OPTS MLST` when this set is in force from now on:
    /// `MLST OPTS type;size;`.
    #[must_use]
    pub fn opts_reply(self) -> Text {
        let mut out = BytesMut::from(&b"MLST OPTS"[..]);
        for (at, name) in self.names().enumerate() {
            if at == 0 {
                out.put_u8(b' ');
            }
            out.put_slice(name.as_bytes());
            out.put_u8(b';');
        }
        Text::new(out).unwrap_or_default()
    }
}

/// The argument of `OPTS MLST`: `type;size;`.
impl fmt::Display for FactSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.names().try_for_each(|name| write!(f, "{name};"))
    }
}

/// What each letter allows.
const BY_LETTER: [Perm; 256] = {
    let mut all = [Perm::EMPTY; 256];
    let mut at = 0;
    while at < Perm::LETTERS.len() {
        let (perm, letter) = Perm::LETTERS[at];
        all[letter as usize] = perm;
        all[letter.to_ascii_uppercase() as usize] = perm;
        at += 1;
    }
    all
};

impl Perm {
    const LETTERS: [(Self, u8); 10] = [
        (Self::APPEND, b'a'),
        (Self::CREATE, b'c'),
        (Self::DELETE, b'd'),
        (Self::ENTER, b'e'),
        (Self::RENAME, b'f'),
        (Self::LIST, b'l'),
        (Self::MAKE_DIRECTORY, b'm'),
        (Self::PURGE, b'p'),
        (Self::RETRIEVE, b'r'),
        (Self::STORE, b'w'),
    ];

    /// What these letters allow; unknown ones are left out.
    #[must_use]
    pub fn from_letters(letters: &[u8]) -> Self {
        letters.iter().fold(Self::EMPTY, |set, letter| {
            set.union(BY_LETTER[usize::from(*letter)])
        })
    }

    /// The letters, in the order of the alphabet.
    pub fn letters(self) -> impl Iterator<Item = u8> {
        Self::LETTERS
            .into_iter()
            .filter(move |(perm, _)| self.contains(*perm))
            .map(|(_, letter)| letter)
    }
}

/// The letters: `adfrw`.
impl fmt::Display for Perm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        self.letters()
            .try_for_each(|letter| f.write_char(char::from(letter)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{string::ToString, vec::Vec};

    #[test]
    fn sets_show_their_names() {
        for (set, shown) in [
            (FactSet::EMPTY, "EMPTY"),
            (FactSet::ALL, "ALL"),
            (FactSet::SIZE, "SIZE"),
            (FactSet::UNIX_MODE | FactSet::TYPE, "TYPE | UNIX_MODE"),
        ] {
            assert_eq!(std::format!("{set:?}"), shown);
        }
    }

    #[test]
    fn sets_of_facts_are_read_and_named() {
        for (opts, want) in [
            ("size;type;", "type;size;"),
            ("SIZE;Type", "type;size;"),
            ("unix.MODE;modify;;x.y; perm ;", "modify;perm;UNIX.mode;"),
            ("siz;sizes", ""),
            ("", ""),
        ] {
            assert_eq!(
                FactSet::from_opts(opts.as_bytes()).to_string(),
                want,
                "{opts}"
            );
        }
        assert_eq!(
            FactSet::from_opts(FactSet::ALL.to_string().as_bytes()),
            FactSet::ALL
        );
    }

    #[test]
    fn what_a_server_says_of_them() {
        let some = FactSet::TYPE | FactSet::SIZE | FactSet::CREATE;
        let feature = some.feature(FactSet::TYPE | FactSet::SIZE | FactSet::PERM);
        assert_eq!(feature.as_bytes(), b"MLST type*;size*;create;");
        assert_eq!(some.opts_reply().as_bytes(), b"MLST OPTS type;size;create;");
        assert_eq!(FactSet::EMPTY.opts_reply().as_bytes(), b"MLST OPTS");
    }

    #[test]
    fn permissions_are_letters() {
        let perm = Perm::from_letters(b"wRx!adf");
        assert_eq!(perm.to_string(), "adfrw");
        let all: Vec<u8> = Perm::ALL.letters().collect();
        assert_eq!(Perm::from_letters(&all), Perm::ALL);
        assert_eq!(Perm::ALL.difference(perm).to_string(), "celmp");
    }

    #[test]
    fn known_facts_of_a_file() {
        let time = Timestamp::from_unix(0, 0).unwrap();
        let facts = Facts::file(1).modified_at(time).with_mode(0o100_644);
        assert_eq!(facts.known().to_string(), "type;size;modify;UNIX.mode;");
        assert_eq!(facts.mode, Some(0o644));
        assert_eq!(Facts::directory().known(), FactSet::TYPE);
    }
}
