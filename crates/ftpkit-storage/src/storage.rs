//! [`Storage`] and [`File`], which every backend, layer and remote side implements, with the
//! options and answers of their methods.

use std::{fmt, ops::BitOr, pin::Pin, sync::Arc};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{Stream, TryStreamExt as _};

use crate::{
    error::{Error, ErrorKind, Result},
    metadata::{Entry, Metadata, SetAttributes},
    path::VirtualPath,
};

/// The entries of a directory in pages, in no order, without `.` and `..`.
///
/// A page is never empty and holds a few hundred entries at most, so that a directory of any
/// size is never in memory as a whole, and an entry does not cost a poll.
/// [`collect_entries`] gathers a small one.
pub type EntryStream = Pin<Box<dyn Stream<Item = Result<Vec<Entry>>> + Send>>;

/// Gathers a whole directory, up to `limit` entries; what is beyond is left out.
///
/// # Errors
/// The first error of the listing.
pub async fn collect_entries(mut pages: EntryStream, limit: usize) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    while entries.len() < limit {
        let Some(page) = pages.try_next().await? else {
            break;
        };
        let room = limit - entries.len();
        entries.extend(page.into_iter().take(room));
    }
    Ok(entries)
}

/// A place for files: a local directory, memory, an object store, a remote server, or a layer
/// over one of these.
///
/// All methods take `&self` and may be called at the same time from several tasks. A future
/// that is dropped leaves the storage consistent; whether the change happened is open then.
/// Symbolic links within a path are followed; the last component is followed where a method
/// says so. What a storage cannot do fails with [`ErrorKind::Unsupported`], and
/// [`capabilities`](Self::capabilities) says so beforehand.
#[async_trait]
pub trait Storage: Send + Sync {
    /// What this storage can do, for FEAT, OPTS MLST and SFTP extensions.
    fn capabilities(&self) -> Capabilities;

    /// What is known of a file; a symbolic link is followed.
    async fn metadata(&self, path: &VirtualPath) -> Result<Metadata>;

    /// What is known of a file, or of the symbolic link itself.
    async fn symlink_metadata(&self, path: &VirtualPath) -> Result<Metadata> {
        self.metadata(path).await
    }

    /// Whether this user may make it the working directory.
    ///
    /// # Errors
    /// [`ErrorKind::NotADirectory`] if it is something else; [`ErrorKind::Denied`].
    async fn may_enter(&self, path: &VirtualPath) -> Result<()> {
        if self.metadata(path).await?.is_directory() {
            Ok(())
        } else {
            let error = Error::new(ErrorKind::NotADirectory);
            Err(error.at(path).during("enter"))
        }
    }

    /// The entries of a directory; a symbolic link to one is followed.
    ///
    /// # Errors
    /// [`ErrorKind::NotADirectory`] if it is something else. Errors of the listing itself may
    /// also come later, from the stream.
    async fn list(&self, path: &VirtualPath) -> Result<EntryStream>;

    /// Opens a file; a symbolic link is followed.
    ///
    /// # Errors
    /// [`ErrorKind::IsADirectory`] for a directory, and what [`OpenOptions`] says.
    async fn open(&self, path: &VirtualPath, options: OpenOptions) -> Result<Box<dyn File>>;

    /// Makes a directory in one that is there.
    ///
    /// # Errors
    /// [`ErrorKind::Exists`] if anything of this name is there.
    async fn create_dir(&self, path: &VirtualPath) -> Result<()> {
        Err(unsupported(path, "create"))
    }

    /// Removes an empty directory. A symbolic link is none.
    ///
    /// # Errors
    /// [`ErrorKind::NotEmpty`]; [`ErrorKind::NotADirectory`]; [`ErrorKind::Denied`] for the
    /// root.
    async fn remove_dir(&self, path: &VirtualPath) -> Result<()> {
        Err(unsupported(path, "remove"))
    }

    /// Removes a file, or a symbolic link itself. Readers that have it open read on.
    ///
    /// # Errors
    /// [`ErrorKind::IsADirectory`] for a directory.
    async fn remove_file(&self, path: &VirtualPath) -> Result<()> {
        Err(unsupported(path, "remove"))
    }

    /// Gives a file, directory or symbolic link another name. A file that has the new name
    /// already is replaced atomically, if `existing` allows it; a directory never is.
    ///
    /// # Errors
    /// [`ErrorKind::Exists`] if the new name is taken by a directory, or taken at all with
    /// [`Existing::Keep`]; [`ErrorKind::Invalid`] for a directory that would move into itself;
    /// [`ErrorKind::Denied`] for the root.
    async fn rename(&self, from: &VirtualPath, to: &VirtualPath, existing: Existing) -> Result<()> {
        let _ = (to, existing);
        Err(unsupported(from, "rename"))
    }

    /// Copies a file's content to another name, within the storage; what is there is replaced
    /// atomically. Symbolic links are followed.
    async fn copy(&self, from: &VirtualPath, to: &VirtualPath) -> Result<()> {
        let _ = to;
        Err(unsupported(from, "copy"))
    }

    /// Makes a symbolic link that leads to `target`, which is kept as it is written and need not
    /// exist. A storage may refuse absolute targets, and need not follow any that lead outside.
    async fn symlink(&self, target: &[u8], link: &VirtualPath) -> Result<()> {
        let _ = target;
        Err(unsupported(link, "link"))
    }

    /// Gives a file a second name.
    async fn hard_link(&self, existing: &VirtualPath, link: &VirtualPath) -> Result<()> {
        let _ = existing;
        Err(unsupported(link, "link"))
    }

    /// Where a symbolic link leads, as it was written.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] if it is none.
    async fn read_link(&self, path: &VirtualPath) -> Result<Bytes> {
        Err(unsupported(path, "read the link"))
    }

    /// Changes what is known of a file; a symbolic link is followed.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`], with nothing changed, if one of them cannot be changed here.
    async fn set_attributes(&self, path: &VirtualPath, attributes: &SetAttributes) -> Result<()> {
        let _ = attributes;
        Err(unsupported(path, "set attributes of"))
    }

    /// The checksum of `length` bytes of a file from `offset` on, or of all up to its end; for
    /// stores that have it at hand or nearer than the caller.
    async fn checksum(
        &self,
        path: &VirtualPath,
        algorithm: Algorithm,
        offset: u64,
        length: Option<u64>,
    ) -> Result<Bytes> {
        let _ = (algorithm, offset, length);
        Err(unsupported(path, "checksum"))
    }

    /// How much space the storage has where `path` is.
    async fn space(&self, path: &VirtualPath) -> Result<Space> {
        Err(unsupported(path, "ask for the space of"))
    }
}

fn unsupported(path: &VirtualPath, step: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported).at(path).during(step)
}

/// An open file.
///
/// It is driven by one reader or writer at a time, but positions are arguments: blocks may be
/// written in any order. What was opened for writing ends with [`commit`](Self::commit); dropped
/// without it, it is an interrupted upload, and [`OpenOptions`] says what remains of it.
#[async_trait]
pub trait File: Send + Sync {
    /// Reads at this offset into `buf`; fewer bytes than fit may come, zero only at the end.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] if it was opened for writing only.
    async fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize>;

    /// Writes all of `data` at this offset. A gap that this leaves reads as zeros.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] if it was opened for reading; [`ErrorKind::NoSpace`],
    /// [`ErrorKind::Quota`]; after an error part of it may have been written.
    async fn write_at(&self, offset: u64, data: &[u8]) -> Result<()>;

    /// Where a sequential reader or writer starts: at the end for
    /// [`OpenOptions::append`], at the offset for [`OpenOptions::write_at`], otherwise at 0.
    fn start(&self) -> u64 {
        0
    }

    /// Ends it: what was written is durable and visible under its name when this returns.
    ///
    /// # Errors
    /// After any error the upload counts as interrupted. [`ErrorKind::Exists`] if it was opened
    /// with [`OpenOptions::create_new`] and the name has been taken since.
    async fn commit(self: Box<Self>) -> Result<Committed>;

    /// What is known of it now.
    async fn metadata(&self) -> Result<Metadata>;

    /// Changes what is known of it; of an upload this takes effect with the commit.
    ///
    /// # Errors
    /// As [`Storage::set_attributes`].
    async fn set_attributes(&self, attributes: &SetAttributes) -> Result<()> {
        let _ = attributes;
        Err(ErrorKind::Unsupported.into())
    }

    /// Makes what has been written so far survive a loss of power, where the storage can.
    async fn sync(&self) -> Result<()> {
        Ok(())
    }

    /// The descriptor, if all of the file's bytes may be moved through it by the system
    /// (sendfile, splice). It is readable or writable as the file was opened. A layer that
    /// counts, limits or changes bytes keeps it to itself.
    fn as_local(&self) -> Option<LocalFile<'_>> {
        None
    }
}

/// What [`File::as_local`] lends: a descriptor.
#[cfg(unix)]
pub type LocalFile<'a> = std::os::fd::BorrowedFd<'a>;
/// What [`File::as_local`] lends: a handle.
#[cfg(windows)]
pub type LocalFile<'a> = std::os::windows::io::BorrowedHandle<'a>;
/// What [`File::as_local`] lends: nothing on this system.
#[cfg(not(any(unix, windows)))]
pub type LocalFile<'a> = &'a std::convert::Infallible;

/// How a file is opened, and what becomes of it.
///
/// | made by | the file | visible | dropped without commit |
/// | --- | --- | --- | --- |
/// | [`read`](Self::read) | must exist | | |
/// | [`replace`](Self::replace) | is made or replaced | at commit, atomically | the old one stays (but see [`UploadPolicy`]) |
/// | [`create_new`](Self::create_new) | must not exist | at commit | nothing stays (but see [`UploadPolicy`]) |
/// | [`append`](Self::append) | is made or extended | at once, in place | what arrived stays |
/// | [`write_at`](Self::write_at) | must exist | at once, in place | what arrived stays |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenOptions {
    access: Access,
    expected_size: Option<u64>,
}

impl OpenOptions {
    const fn new(access: Access) -> Self {
        Self {
            access,
            expected_size: None,
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

/// What [`File::commit`] made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Committed {
    /// The size of the whole file, in bytes.
    pub size: u64,
}

impl Committed {
    /// The file has this size.
    #[must_use]
    pub const fn new(size: u64) -> Self {
        Self { size }
    }
}

/// Algorithms of [`Storage::checksum`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// CRC-32 as in zlib, big-endian.
    Crc32,
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// The space of a storage, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Space {
    /// All of it.
    pub total: u64,
    /// What this user can still write.
    pub available: u64,
}

impl Space {
    /// This much in all, of which this much is available.
    #[must_use]
    pub const fn new(total: u64, available: u64) -> Self {
        Self { total, available }
    }
}

/// What a [`Storage`] can do, as a set.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Capabilities(u32);

macro_rules! capabilities {
    ($($(#[$doc:meta])* $name:ident = $bit:expr;)*) => {
        impl Capabilities {
            $($(#[$doc])* pub const $name: Self = Self(1 << $bit);)*
            /// All of them.
            pub const ALL: Self = Self(0 $(| 1 << $bit)*);
            const NAMES: &[(Self, &str)] = &[$((Self::$name, stringify!($name))),*];
        }
    };
}

capabilities! {
    /// Files and directories can be changed at all.
    WRITE = 0;
    /// Files can be appended to and resumed in place.
    IN_PLACE = 1;
    /// Blocks of an upload may come in any order.
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
        let names = Self::NAMES.iter().filter(|(one, _)| self.contains(*one));
        f.debug_set().entries(names.map(|(_, name)| name)).finish()
    }
}

macro_rules! delegate {
    ($pointer:ident) => {
        #[async_trait]
        impl<S: Storage + ?Sized> Storage for $pointer<S> {
            fn capabilities(&self) -> Capabilities {
                (**self).capabilities()
            }
            async fn metadata(&self, path: &VirtualPath) -> Result<Metadata> {
                (**self).metadata(path).await
            }
            async fn symlink_metadata(&self, path: &VirtualPath) -> Result<Metadata> {
                (**self).symlink_metadata(path).await
            }
            async fn may_enter(&self, path: &VirtualPath) -> Result<()> {
                (**self).may_enter(path).await
            }
            async fn list(&self, path: &VirtualPath) -> Result<EntryStream> {
                (**self).list(path).await
            }
            async fn open(
                &self,
                path: &VirtualPath,
                options: OpenOptions,
            ) -> Result<Box<dyn File>> {
                (**self).open(path, options).await
            }
            async fn create_dir(&self, path: &VirtualPath) -> Result<()> {
                (**self).create_dir(path).await
            }
            async fn remove_dir(&self, path: &VirtualPath) -> Result<()> {
                (**self).remove_dir(path).await
            }
            async fn remove_file(&self, path: &VirtualPath) -> Result<()> {
                (**self).remove_file(path).await
            }
            async fn rename(
                &self,
                from: &VirtualPath,
                to: &VirtualPath,
                existing: Existing,
            ) -> Result<()> {
                (**self).rename(from, to, existing).await
            }
            async fn copy(&self, from: &VirtualPath, to: &VirtualPath) -> Result<()> {
                (**self).copy(from, to).await
            }
            async fn symlink(&self, target: &[u8], link: &VirtualPath) -> Result<()> {
                (**self).symlink(target, link).await
            }
            async fn hard_link(&self, existing: &VirtualPath, link: &VirtualPath) -> Result<()> {
                (**self).hard_link(existing, link).await
            }
            async fn read_link(&self, path: &VirtualPath) -> Result<Bytes> {
                (**self).read_link(path).await
            }
            async fn set_attributes(
                &self,
                path: &VirtualPath,
                attributes: &SetAttributes,
            ) -> Result<()> {
                (**self).set_attributes(path, attributes).await
            }
            async fn checksum(
                &self,
                path: &VirtualPath,
                algorithm: Algorithm,
                offset: u64,
                length: Option<u64>,
            ) -> Result<Bytes> {
                (**self).checksum(path, algorithm, offset, length).await
            }
            async fn space(&self, path: &VirtualPath) -> Result<Space> {
                (**self).space(path).await
            }
        }
    };
}

delegate!(Arc);
delegate!(Box);
