//! [`Attributes`] of a file, each there or not (sec. 5), and what its mode tells.

use core::fmt;

use super::{
    PacketError, PacketErrorKind,
    pairs::{self, Pairs},
    read::Reader,
    write::Writer,
};

const SIZE: u32 = 0x0000_0001;
const OWNER: u32 = 0x0000_0002;
const PERMISSIONS: u32 = 0x0000_0004;
const TIMES: u32 = 0x0000_0008;
const EXTENDED: u32 = 0x8000_0000;
const KNOWN: u32 = SIZE | OWNER | PERMISSIONS | TIMES | EXTENDED;

/// The attributes of a file that one side tells or wants set; what is `None` is not in the packet.
///
/// ```
/// use ftpkit_sftp::packet::{Attributes, FileType, Mode};
/// let attributes = Attributes::default().with_size(42).with_mode(Mode(0o100_644));
/// assert_eq!(attributes.file_type(), Some(FileType::Regular));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attributes {
    /// The size in bytes.
    pub size: Option<u64>,
    /// The numbers of user and group.
    pub owner: Option<Owner>,
    /// Type and permissions.
    pub mode: Option<Mode>,
    /// When it was read and changed last.
    pub times: Option<Times>,
    /// Attributes by their names, of which those that are unknown are ignored.
    pub extended: Pairs,
}

/// The numbers of the user and the group that a file belongs to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the wire form is fixed")]
pub struct Owner {
    /// The user.
    pub uid: u32,
    /// The group.
    pub gid: u32,
}

/// Times in whole seconds since 1970, in UTC; 32 bits, which end in 2106.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the wire form is fixed")]
pub struct Times {
    /// When it was read last.
    pub accessed: u32,
    /// When it was changed last.
    pub modified: u32,
}

/// A mode as POSIX has it: the type in the bits 0o170000, the permissions in 0o7777.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "any number is a mode")]
pub struct Mode(pub u32);

impl Mode {
    /// The permissions alone, with set-user-ID, set-group-ID and the sticky bit.
    #[must_use]
    pub const fn permissions(self) -> u32 {
        self.0 & 0o7777
    }

    /// The type; none where its bits are zero, as in what a client wants set.
    #[must_use]
    pub const fn file_type(self) -> Option<FileType> {
        Some(match self.0 & 0o170_000 {
            0 => return None,
            0o010_000 => FileType::Fifo,
            0o020_000 => FileType::CharacterDevice,
            0o040_000 => FileType::Directory,
            0o060_000 => FileType::BlockDevice,
            0o100_000 => FileType::Regular,
            0o120_000 => FileType::Symlink,
            0o140_000 => FileType::Socket,
            _ => FileType::Other,
        })
    }

    /// The ten letters of `ls -l`; the first is `?` where the type is unknown.
    #[must_use]
    pub fn letters(self) -> [u8; 10] {
        let mut text = [self.file_type().map_or(b'?', FileType::letter); 10];
        let mut bit = 0o400;
        for (slot, allowed) in text.iter_mut().skip(1).zip(b"rwxrwxrwx") {
            *slot = if self.0 & bit != 0 { *allowed } else { b'-' };
            bit >>= 1;
        }
        // A special bit takes the place of its triple's x: small where x is set too.
        for (special, place, letter) in [(0o4000, 3, b's'), (0o2000, 6, b's'), (0o1000, 9, b't')] {
            if let (true, Some(slot)) = (self.0 & special != 0, text.get_mut(place)) {
                *slot = match *slot {
                    b'x' => letter,
                    _ => letter.to_ascii_uppercase(),
                };
            }
        }
        text
    }
}

impl fmt::Debug for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mode(0o{:o})", self.0)
    }
}

/// What kind of file a mode tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileType {
    /// A regular file.
    Regular,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
    /// A block device.
    BlockDevice,
    /// A character device.
    CharacterDevice,
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
    /// Bits that POSIX does not define.
    Other,
}

impl FileType {
    /// The bits of a mode; zero for [`Other`](Self::Other).
    #[must_use]
    pub const fn bits(self) -> u32 {
        match self {
            Self::Fifo => 0o010_000,
            Self::CharacterDevice => 0o020_000,
            Self::Directory => 0o040_000,
            Self::BlockDevice => 0o060_000,
            Self::Regular => 0o100_000,
            Self::Symlink => 0o120_000,
            Self::Socket => 0o140_000,
            Self::Other => 0,
        }
    }

    /// The mode of a file of this type with these permissions.
    #[must_use]
    pub const fn with_permissions(self, permissions: u32) -> Mode {
        Mode(self.bits() | permissions & 0o7777)
    }

    /// The letter of `ls -l`.
    #[must_use]
    pub const fn letter(self) -> u8 {
        match self {
            Self::Regular => b'-',
            Self::Directory => b'd',
            Self::Symlink => b'l',
            Self::BlockDevice => b'b',
            Self::CharacterDevice => b'c',
            Self::Fifo => b'p',
            Self::Socket => b's',
            Self::Other => b'?',
        }
    }
}

impl Attributes {
    /// With the size in bytes.
    #[must_use]
    pub fn with_size(mut self, size: u64) -> Self {
        self.size = Some(size);
        self
    }

    /// With the numbers of user and group.
    #[must_use]
    pub fn with_owner(mut self, uid: u32, gid: u32) -> Self {
        self.owner = Some(Owner { uid, gid });
        self
    }

    /// With type and permissions.
    #[must_use]
    pub fn with_mode(mut self, mode: Mode) -> Self {
        self.mode = Some(mode);
        self
    }

    /// With the times of the last reading and change, in seconds since 1970.
    #[must_use]
    pub fn with_times(mut self, accessed: u32, modified: u32) -> Self {
        self.times = Some(Times { accessed, modified });
        self
    }

    /// Whether no attribute is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.flags() == 0
    }

    /// What kind of file it is, if the mode is there and tells.
    #[must_use]
    pub fn file_type(&self) -> Option<FileType> {
        self.mode.and_then(Mode::file_type)
    }

    fn flags(&self) -> u32 {
        let flag = |there, bit| if there { bit } else { 0 };
        flag(self.size.is_some(), SIZE)
            | flag(self.owner.is_some(), OWNER)
            | flag(self.mode.is_some(), PERMISSIONS)
            | flag(self.times.is_some(), TIMES)
            | flag(!self.extended.is_empty(), EXTENDED)
    }

    /// How many bytes they take in a packet.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        let field = |there, bytes| if there { bytes } else { 0 };
        4 + field(self.size.is_some(), 8)
            + field(self.owner.is_some(), 8)
            + field(self.mode.is_some(), 4)
            + field(self.times.is_some(), 8)
            + field(!self.extended.is_empty(), 4 + self.extended.wire().len())
    }

    pub(super) fn read(reader: &mut Reader) -> Result<Self, PacketError> {
        let wrong = reader.offset();
        let flags = reader.u32("attribute flags")?;
        let bits = flags & !KNOWN;
        if bits != 0 {
            return Err(reader.error_at(wrong, PacketErrorKind::UnknownAttributes { bits }));
        }
        let mut attributes = Self::default();
        if flags & SIZE != 0 {
            attributes.size = Some(reader.u64("size")?);
        }
        if flags & OWNER != 0 {
            attributes.owner = Some(Owner {
                uid: reader.u32("uid")?,
                gid: reader.u32("gid")?,
            });
        }
        if flags & PERMISSIONS != 0 {
            attributes.mode = Some(Mode(reader.u32("permissions")?));
        }
        if flags & TIMES != 0 {
            attributes.times = Some(Times {
                accessed: reader.u32("atime")?,
                modified: reader.u32("mtime")?,
            });
        }
        if flags & EXTENDED != 0 {
            let count = reader.count("extended attributes", pairs::LEAST)?;
            attributes.extended = Pairs::read(reader, count)?;
        }
        Ok(attributes)
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.u32(self.flags());
        if let Some(size) = self.size {
            writer.u64(size);
        }
        if let Some(owner) = self.owner {
            writer.u32(owner.uid);
            writer.u32(owner.gid);
        }
        if let Some(mode) = self.mode {
            writer.u32(mode.0);
        }
        if let Some(times) = self.times {
            writer.u32(times.accessed);
            writer.u32(times.modified);
        }
        if !self.extended.is_empty() {
            writer.u32(self.extended.len());
            writer.put(self.extended.wire());
        }
    }
}
