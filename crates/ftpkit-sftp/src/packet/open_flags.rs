//! [`OpenFlags`]: how a file is to be opened.

use core::{fmt, ops::BitOr};

/// The `pflags` of OPEN (sec. 6.3).
///
/// Any bits can be held, since a client may send any; [`unknown`](Self::unknown) tells those that
/// version 3 does not define, which OpenSSH ignores. TRUNC and EXCL mean something with CREATE
/// alone.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct OpenFlags(u32);

impl OpenFlags {
    /// For reading.
    pub const READ: Self = Self(0x01);
    /// For writing.
    pub const WRITE: Self = Self(0x02);
    /// Each write goes to the end of the file, whatever its offset.
    pub const APPEND: Self = Self(0x04);
    /// A file that does not exist is made.
    pub const CREATE: Self = Self(0x08);
    /// A file that exists is emptied.
    pub const TRUNCATE: Self = Self(0x10);
    /// A file that exists is an error.
    pub const EXCLUSIVE: Self = Self(0x20);
    const ALL: u32 = 0x3f;

    /// The flags with these bits, known or not.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// The bits on the wire.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// The bits that version 3 does not define.
    #[must_use]
    pub const fn unknown(self) -> u32 {
        self.0 & !Self::ALL
    }

    /// Whether all of `other`'s flags are set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for OpenFlags {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl fmt::Debug for OpenFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut set = f.debug_set();
        for (flag, name) in [
            (Self::READ, "READ"),
            (Self::WRITE, "WRITE"),
            (Self::APPEND, "APPEND"),
            (Self::CREATE, "CREATE"),
            (Self::TRUNCATE, "TRUNCATE"),
            (Self::EXCLUSIVE, "EXCLUSIVE"),
        ] {
            if self.contains(flag) {
                set.entry(&format_args!("{name}"));
            }
        }
        if self.unknown() != 0 {
            set.entry(&format_args!("0x{:x}", self.unknown()));
        }
        set.finish()
    }
}
