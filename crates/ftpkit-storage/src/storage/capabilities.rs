//! [`Capabilities`]: what a storage can do.

use std::{fmt, ops::BitOr};

#[cfg(doc)]
use super::{File, Storage};

/// What a [`Storage`] can do, as a set.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Capabilities(u32);

macro_rules! capabilities {
    ($($(#[$doc:meta])* $name:ident = $bit:expr;)*) => {
        impl Capabilities {
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)*
            /// All of them.
            pub const ALL: Self = Self(0 $(| 1 << $bit)*);
            const TABLE: &[(Self, &str)] = &[$((Self::$name, stringify!($name))),*];
        }
    };
}

capabilities! {
    /// Files and directories can be changed at all.
    WRITE = 0;
    /// Files can be appended to, resumed and cut off in place.
    IN_PLACE = 1;
    /// Blocks of an upload may come in any order; with [`IN_PLACE`](Self::IN_PLACE), those of
    /// an [update](super::OpenOptions::update) too.
    ANY_ORDER = 2;
    /// A file is replaced atomically, by an upload and by a renaming.
    ATOMIC_REPLACE = 3;
    /// Permission bits are known and can be set.
    MODES = 4;
    /// Owners and groups are known as numbers.
    OWNERS = 5;
    /// The time of modification can be set.
    SET_TIMES = 6;
    /// The time of creation is known.
    CREATED = 7;
    /// Files have an identity besides their name.
    UNIQUE_IDS = 8;
    /// There may be symbolic links.
    SYMLINKS = 9;
    /// Hard links can be made.
    HARD_LINKS = 10;
    /// [`Storage::copy`] works.
    COPY = 11;
    /// [`Storage::checksum`] works.
    CHECKSUM = 12;
    /// [`Storage::space`] works.
    SPACE = 13;
    /// The time of creation can be set.
    SET_CREATED = 14;
    /// Symbolic links can be made.
    MAKE_SYMLINKS = 15;
    /// [`Storage::set_symlink_attributes`] works.
    SYMLINK_ATTRIBUTES = 16;
    /// [`File::sync`] makes content survive a loss of power.
    SYNC = 17;
    /// [`Storage::names`] works.
    NAMES = 18;
}

impl Capabilities {
    /// None of them.
    pub const NONE: Self = Self(0);

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

    /// Those that are in both sets.
    #[must_use]
    pub const fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Those that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }
}

impl BitOr for Capabilities {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}

impl fmt::Debug for Capabilities {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = Self::TABLE.iter().filter(|(one, _)| self.contains(*one));
        f.debug_set().entries(names.map(|(_, name)| name)).finish()
    }
}
