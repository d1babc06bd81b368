//! What is known of a file: [`Facts`], and which of them a client wants: [`FactSet`]
//! (RFC 3659 sec. 7.5). Their wire form is in `listing`.

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
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
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

            /// Whether there is none in it.
            #[must_use]
            pub const fn is_empty(self) -> bool {
                self.0 == 0
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
