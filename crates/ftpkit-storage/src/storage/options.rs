//! How a file is opened, and what becomes of what is there.

#[cfg(doc)]
use super::{Capabilities, File, Storage};
#[cfg(doc)]
use crate::error::ErrorKind;

/// How a file is opened, and what becomes of it.
///
/// | made by | the file | visible | dropped without commit |
/// | --- | --- | --- | --- |
/// | [`read`](Self::read) | must exist | | |
/// | [`replace`](Self::replace) | is made or replaced | at commit, atomically | the old one stays (but see [`UploadPolicy`]) |
/// | [`create_new`](Self::create_new) | must not exist | at commit | nothing stays (but see [`UploadPolicy`]) |
/// | [`append`](Self::append) | is made or extended | at once, in place | what arrived stays |
/// | [`write_at`](Self::write_at) | must exist, is cut off | at once, in place | what arrived stays |
/// | [`update`](Self::update) | must exist | at once, in place | what arrived stays |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenOptions {
    access: Access,
    expected_size: Option<u64>,
    readable: bool,
    mode: Option<u32>,
}

impl OpenOptions {
    const fn new(access: Access) -> Self {
        Self {
            access,
            expected_size: None,
            readable: matches!(access, Access::Read | Access::Update),
            mode: None,
        }
    }

    /// To read it, from any offset.
    #[must_use]
    pub const fn read() -> Self {
        Self::new(Access::Read)
    }

    /// To write all of it anew (`STOR`). It keeps the mode of the file it replaces.
    #[must_use]
    pub const fn replace() -> Self {
        Self::new(Access::Replace)
    }

    /// To write a file that is not there yet (`STOU`). The name is taken from here on: a second
    /// one fails with [`ErrorKind::Exists`].
    #[must_use]
    pub const fn create_new() -> Self {
        Self::new(Access::CreateNew)
    }

    /// To write on at its end (`APPE`).
    #[must_use]
    pub const fn append() -> Self {
        Self::new(Access::Append)
    }

    /// To write it anew from this offset on (`REST` and `STOR`). It is cut off there at once, so
    /// that it ends where the upload ends.
    ///
    /// Opening fails with [`ErrorKind::NotFound`] if it is not there, and with
    /// [`ErrorKind::BeyondEnd`], unchanged, if it is shorter than that. An offset of 0 is no
    /// resumption: use [`replace`](Self::replace).
    #[must_use]
    pub const fn write_at(offset: u64) -> Self {
        Self::new(Access::WriteAt(offset))
    }

    /// To read and write a file that is there, in place: at any offset, in any order, and what is
    /// not written stays as it is (SFTP's OPEN without TRUNC). Works where a storage can both
    /// [`Capabilities::IN_PLACE`] and [`Capabilities::ANY_ORDER`]. One that is only to be written
    /// is [`readable(false)`](Self::readable).
    ///
    /// Opening fails with [`ErrorKind::NotFound`] if it is not there.
    #[must_use]
    pub const fn update() -> Self {
        Self::new(Access::Update)
    }

    /// Says whether what is opened for writing may be read through the same [`File`] too: of an
    /// upload, what was written so far. Only [`update`](Self::update) may if nothing is said.
    /// Works where a storage can both [`Capabilities::IN_PLACE`] and [`Capabilities::ANY_ORDER`];
    /// elsewhere reading fails.
    #[must_use]
    pub const fn readable(mut self, readable: bool) -> Self {
        self.readable = readable || matches!(self.access, Access::Read);
        self
    }

    /// Says which permission bits a file gets that is made; the backend's umask takes its part,
    /// and what is no permission, setuid and its kin, is left out. Without it, all that the umask
    /// leaves of 666. A file that is there keeps its own.
    #[must_use]
    pub const fn mode(mut self, mode: Option<u32>) -> Self {
        self.mode = mode;
        self
    }

    /// Says how many bytes are to come (`ALLO`): a storage may refuse at once what cannot fit.
    #[must_use]
    pub const fn expected_size(mut self, size: Option<u64>) -> Self {
        self.expected_size = size;
        self
    }

    /// How the file is opened.
    #[must_use]
    pub const fn access(&self) -> Access {
        self.access
    }

    /// How many bytes are to come, where that is known.
    #[must_use]
    pub const fn expected(&self) -> Option<u64> {
        self.expected_size
    }

    /// Whether it may be read.
    #[must_use]
    pub const fn is_readable(&self) -> bool {
        self.readable
    }

    /// The permission bits of a file that is made, where some were asked for; at most `0o777`.
    #[must_use]
    pub const fn made_mode(&self) -> Option<u32> {
        match self.mode {
            Some(mode) => Some(mode & 0o777),
            None => None,
        }
    }

    /// Whether it is opened for writing, in whatever way.
    #[must_use]
    pub const fn is_write(&self) -> bool {
        !matches!(self.access, Access::Read)
    }
}

/// How [`OpenOptions`] open a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Access {
    /// See [`OpenOptions::read`].
    Read,
    /// See [`OpenOptions::replace`].
    Replace,
    /// See [`OpenOptions::create_new`].
    CreateNew,
    /// See [`OpenOptions::append`].
    Append,
    /// See [`OpenOptions::write_at`].
    WriteAt(u64),
    /// See [`OpenOptions::update`].
    Update,
}

/// What a backend keeps of an interrupted upload; part of the backend's configuration.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum UploadPolicy {
    /// Nothing: a file is there as a whole, or as it was before.
    #[default]
    Atomic,
    /// Where no file of that name stood before, what arrived, so that the client can resume: a
    /// new file is written under its own name. A file that is there is replaced at commit as
    /// ever.
    KeepPartial,
}

/// Whether [`Storage::rename`] replaces a file.
#[expect(clippy::exhaustive_enums, reason = "there is no third way")]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Existing {
    /// Replace it, atomically.
    #[default]
    Replace,
    /// Keep it, and fail with [`ErrorKind::Exists`].
    Keep,
}
