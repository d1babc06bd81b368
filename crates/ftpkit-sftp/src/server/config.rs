//! What a session offers and how much it takes: [`Config`] and [`Offers`].

use core::{fmt, ops::BitOr};

use crate::packet::{Extension, Limits, MAX_RECEIVED, MAX_SENT, SymlinkOrder};

/// The most that a READ gives and a WRITE holds, in bytes: what fits into a packet of 256 KiB with
/// all that stands around it, and what OpenSSH announces.
const MAX_PAYLOAD: u32 = 255 * 1024;

/// The settings of one session; many sessions share them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The extensions that are announced and carried out. Any other one is refused with
    /// `OP_UNSUPPORTED`.
    pub offers: Offers,
    /// How many requests are carried out at a time, at least 1. Those beyond it wait in the bytes
    /// that were read, and `wants_read` is false.
    pub in_flight: usize,
    /// How many bytes these may keep: their packets with what WRITEs hold, what READs ask for, and
    /// replies that nobody has fetched yet. The request that reaches it is still taken up.
    pub in_flight_bytes: usize,
    /// How many handles may be open. An OPEN beyond it is refused with `FAILURE`.
    pub handles: usize,
    /// The most that a READ gives, in bytes, at least 1; one that asks for more is given so much.
    pub max_read: u32,
    /// The most that a WRITE may hold, in bytes; one that holds more is refused with `FAILURE`.
    pub max_write: u32,
    /// The longest packet that is taken, in bytes behind its length field; a longer one ends the
    /// session before anything of it is kept.
    pub max_packet: usize,
    /// How long a NAME of a directory becomes, in bytes, at least 4 KiB. Every client takes 34000 (sec. 3), and
    /// some take no more than they must.
    pub max_listing: usize,
    /// In which order clients send the two paths of a SYMLINK.
    pub symlink_order: SymlinkOrder,
}

impl Default for Config {
    /// No extensions; 64 requests and 8 MiB in flight; 256 handles; 255 KiB a READ or WRITE.
    fn default() -> Self {
        Self {
            offers: Offers::EMPTY,
            in_flight: 64,
            in_flight_bytes: 8 * 1024 * 1024,
            handles: 256,
            max_read: MAX_PAYLOAD,
            max_write: MAX_PAYLOAD,
            max_packet: MAX_RECEIVED,
            max_listing: 32 * 1024,
            symlink_order: SymlinkOrder::OpenSsh,
        }
    }
}

impl Config {
    /// What `limits@openssh.com` is answered with.
    #[must_use]
    pub fn limits(&self) -> Limits {
        Limits {
            packet_length: self.max_packet.min(MAX_SENT) as u64,
            read_length: self.max_read.max(1).into(),
            write_length: self.max_write.into(),
            open_handles: self.handles as u64,
        }
    }
}

/// The extensions that an application can carry out.
///
/// ```
/// use ftpkit_sftp::{packet::Extension, server::Offers};
/// let offers = Offers::POSIX_RENAME | Offers::FSYNC;
/// assert!(offers.has(Extension::Fsync) && !offers.has(Extension::Hardlink));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Offers(u16);

macro_rules! offers {
    ($($bit:literal $name:ident = $extension:ident: $doc:literal;)*) => {
        impl Offers {
            /// None.
            pub const EMPTY: Self = Self(0);
            $(#[doc = $doc] pub const $name: Self = Self(1 << $bit);)*
            /// All of them.
            pub const ALL: Self = Self(0 $(| 1 << $bit)*);

            /// What offers this extension.
            #[must_use]
            pub const fn of(extension: Extension) -> Self {
                match extension {
                    $(Extension::$extension => Self::$name,)*
                }
            }
        }

        /// By names: `FSYNC | LIMITS`, or `EMPTY`.
        impl fmt::Debug for Offers {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if *self == Self::EMPTY {
                    return f.write_str("EMPTY");
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
    };
}

offers! {
    0 POSIX_RENAME = PosixRename: "`posix-rename@openssh.com`: renaming over an existing file.";
    1 STATVFS = Statvfs: "`statvfs@openssh.com`.";
    2 FSTATVFS = Fstatvfs: "`fstatvfs@openssh.com`.";
    3 HARDLINK = Hardlink: "`hardlink@openssh.com`.";
    4 FSYNC = Fsync: "`fsync@openssh.com`.";
    5 LSETSTAT = Lsetstat: "`lsetstat@openssh.com`.";
    6 LIMITS = Limits: "`limits@openssh.com`, which the machine answers itself.";
    7 EXPAND_PATH = ExpandPath: "`expand-path@openssh.com`.";
    8 COPY_DATA = CopyData: "`copy-data`.";
    9 HOME_DIRECTORY = HomeDirectory: "`home-directory`.";
    10 USERS_GROUPS_BY_ID = UsersGroupsById: "`users-groups-by-id@openssh.com`.";
}

impl Offers {
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

    /// What is in this set and not in `other`.
    #[must_use]
    pub const fn difference(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether this extension is in it.
    #[must_use]
    pub const fn has(self, extension: Extension) -> bool {
        self.contains(Self::of(extension))
    }

    /// The extensions in it, in the order in which they are announced.
    pub fn iter(self) -> impl Iterator<Item = Extension> {
        Extension::ALL.into_iter().filter(move |e| self.has(*e))
    }
}

impl BitOr for Offers {
    type Output = Self;
    fn bitor(self, other: Self) -> Self {
        self.union(other)
    }
}
