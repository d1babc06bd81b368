//! What a storage knows of a file, what of it can be set, and entries of a listing.

use std::time::SystemTime;

use bytes::Bytes;

use crate::path::{PathError, check_name};

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kind {
    /// A file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link; only where links are not followed.
    Symlink,
    /// Something else: a device, a socket, a queue.
    Other,
}

/// What a storage knows of a file. `None` is unknown.
///
/// ```
/// use ftpkit_storage::{Kind, Metadata};
/// let mut metadata = Metadata::file(42);
/// metadata.mode = Some(0o644);
/// assert_eq!(metadata.kind, Kind::File);
/// assert_eq!(metadata.size, Some(42));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Metadata {
    /// What it is.
    pub kind: Kind,
    /// The size in bytes; of a directory whatever the backend says, mostly unknown.
    pub size: Option<u64>,
    /// When the content was last modified.
    pub modified: Option<SystemTime>,
    /// When it was last read.
    pub accessed: Option<SystemTime>,
    /// When it was made.
    pub created: Option<SystemTime>,
    /// The Unix permission bits, at most `0o7777`, without the file type.
    pub mode: Option<u32>,
    /// The owner's number.
    pub uid: Option<u32>,
    /// The group's number.
    pub gid: Option<u32>,
    /// The owner's name, where the backend knows names.
    pub owner: Option<Bytes>,
    /// The group's name, where the backend knows names.
    pub group: Option<Bytes>,
    /// How many names it has.
    pub links: Option<u64>,
    /// What tells it from all others of this storage, under whatever name: on Unix the device
    /// and the inode.
    pub unique: Option<(u64, u64)>,
    /// Where a symbolic link leads, as it was written.
    pub target: Option<Bytes>,
}

impl Metadata {
    /// Metadata of this kind, with nothing else known.
    #[must_use]
    pub const fn new(kind: Kind) -> Self {
        Self {
            kind,
            size: None,
            modified: None,
            accessed: None,
            created: None,
            mode: None,
            uid: None,
            gid: None,
            owner: None,
            group: None,
            links: None,
            unique: None,
            target: None,
        }
    }

    /// A file of this size, with nothing else known.
    #[must_use]
    pub const fn file(size: u64) -> Self {
        let mut metadata = Self::new(Kind::File);
        metadata.size = Some(size);
        metadata
    }

    /// A directory, with nothing else known.
    #[must_use]
    pub const fn directory() -> Self {
        Self::new(Kind::Directory)
    }

    /// Whether it is a file.
    #[must_use]
    pub fn is_file(&self) -> bool {
        self.kind == Kind::File
    }

    /// Whether it is a directory.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        self.kind == Kind::Directory
    }

    /// Whether it is a symbolic link.
    #[must_use]
    pub fn is_symlink(&self) -> bool {
        self.kind == Kind::Symlink
    }
}

/// What of a file is to be changed. `None` stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetAttributes {
    /// The permission bits, at most `0o7777`.
    pub mode: Option<u32>,
    /// When the content was last modified.
    pub modified: Option<SystemTime>,
    /// When it was last read.
    pub accessed: Option<SystemTime>,
    /// When it was made.
    pub created: Option<SystemTime>,
    /// The size: cut off, or filled up with zeros.
    pub size: Option<u64>,
    /// The owner's number.
    pub uid: Option<u32>,
    /// The group's number.
    pub gid: Option<u32>,
}

impl SetAttributes {
    /// Changes nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the permission bits.
    #[must_use]
    pub const fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Sets when the content was last modified.
    #[must_use]
    pub const fn modified(mut self, at: SystemTime) -> Self {
        self.modified = Some(at);
        self
    }

    /// Sets when it was last read.
    #[must_use]
    pub const fn accessed(mut self, at: SystemTime) -> Self {
        self.accessed = Some(at);
        self
    }

    /// Sets when it was made.
    #[must_use]
    pub const fn created(mut self, at: SystemTime) -> Self {
        self.created = Some(at);
        self
    }

    /// Sets the size.
    #[must_use]
    pub const fn size(mut self, size: u64) -> Self {
        self.size = Some(size);
        self
    }

    /// Sets the owner's and the group's number.
    #[must_use]
    pub const fn owner(mut self, uid: u32, gid: u32) -> Self {
        self.uid = Some(uid);
        self.gid = Some(gid);
        self
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// One entry of a directory.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its name: one component, never `.` or `..`.
    pub name: Bytes,
    /// What is known of it, of a symbolic link itself.
    pub metadata: Metadata,
}

impl Entry {
    /// An entry of this name.
    ///
    /// # Errors
    /// [`PathError`] if it is no name that a [`VirtualPath`](crate::VirtualPath) can hold: a
    /// backend leaves such an entry out, since no client could name it.
    pub fn new(name: impl Into<Bytes>, metadata: Metadata) -> Result<Self, PathError> {
        let name = name.into();
        check_name(&name)?;
        Ok(Self { name, metadata })
    }
}
/// Some names of a directory, which share their memory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamePage {
    text: Vec<u8>,
    /// Where each name ends; it begins where the one before does.
    ends: Vec<usize>,
}

impl NamePage {
    /// The names of these entries.
    #[must_use]
    pub fn of(entries: &[Entry]) -> Self {
        let mut page = Self::default();
        for entry in entries {
            page.put(&entry.name);
        }
        page
    }

    /// Puts a name behind the others.
    ///
    /// # Errors
    /// As [`Entry::new`].
    pub fn push(&mut self, name: &[u8]) -> Result<(), PathError> {
        check_name(name)?;
        self.put(name);
        Ok(())
    }

    fn put(&mut self, name: &[u8]) {
        self.text.extend_from_slice(name);
        self.ends.push(self.text.len());
    }

    /// How many names there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The names, in the order in which they came.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(&0).chain(&self.ends);
        let name = |(start, end): (&usize, &usize)| self.text.get(*start..*end);
        starts.zip(&self.ends).filter_map(name)
    }
}
