//! What an application asks of the client machine: [`Request`].

use alloc::vec::Vec;

use bytes::Bytes;

use crate::packet::{Attributes, Handle, OpenFlags};

/// Names one request; each ends exactly once, with [`Event::Done`](super::Event::Done). It is not
/// the id on the wire, of which a request may need many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(super) u64);

impl RequestId {
    /// A number for logs: 1 for the first request of a connection.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

/// A request: one packet, or a procedure of several. Paths are bytes as the server names them; a
/// relative one begins at the home directory.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Request {
    /// The attributes of a path, and of what a symbolic link points to.
    Stat(Bytes),
    /// The attributes of a path, and of a symbolic link itself.
    Lstat(Bytes),
    /// The attributes of an open file.
    Fstat(Handle),
    /// Sets attributes of a path.
    Setstat {
        /// The path.
        path: Bytes,
        /// What is to be set.
        attributes: Attributes,
    },
    /// Sets attributes of an open file.
    Fsetstat {
        /// The open file.
        handle: Handle,
        /// What is to be set.
        attributes: Attributes,
    },
    /// Sets attributes of a symbolic link itself (`lsetstat@openssh.com`).
    Lsetstat {
        /// The path.
        path: Bytes,
        /// What is to be set.
        attributes: Attributes,
    },
    /// Opens a file, for those who keep the handle.
    Open {
        /// Its path.
        path: Bytes,
        /// For what, and whether it is made.
        flags: OpenFlags,
        /// Attributes of a file that is made.
        attributes: Attributes,
    },
    /// Opens a directory, for those who keep the handle.
    Opendir(Bytes),
    /// Ends a handle. It is gone even where this fails.
    Close(Handle),
    /// One READ.
    Read {
        /// The open file.
        handle: Handle,
        /// From which offset on.
        offset: u64,
        /// At most how many bytes; the server may give less.
        length: u32,
    },
    /// One WRITE, of at most what the server takes at once.
    Write {
        /// The open file.
        handle: Handle,
        /// From which offset on.
        offset: u64,
        /// The bytes.
        data: Bytes,
    },
    /// One READDIR.
    Readdir(Handle),
    /// A directory as a whole: OPENDIR, READDIR until the end, CLOSE. Its names come as
    /// [`Event::Names`](super::Event::Names). A server may go on for ever, and nothing of it is
    /// kept here: whoever gathers the names sets a limit, and
    /// [cancels](super::Connection::cancel) behind it.
    List(Bytes),
    /// Removes a file.
    Remove(Bytes),
    /// Makes a directory.
    Mkdir {
        /// Its path.
        path: Bytes,
        /// Its attributes; most servers heed the permissions alone.
        attributes: Attributes,
    },
    /// Removes an empty directory.
    Rmdir(Bytes),
    /// Renames.
    Rename {
        /// The path.
        from: Bytes,
        /// The new path.
        to: Bytes,
        /// What becomes of a file that has the new path.
        existing: Existing,
    },
    /// Makes a symbolic link.
    Symlink {
        /// What it points to.
        target: Bytes,
        /// The path of the new link.
        link: Bytes,
    },
    /// Where a symbolic link points to.
    Readlink(Bytes),
    /// A path made absolute and plain.
    Realpath(Bytes),
    /// Makes another name for a file (`hardlink@openssh.com`).
    Hardlink {
        /// The path of the file.
        from: Bytes,
        /// Its other path.
        to: Bytes,
    },
    /// The space of the file system of a path (`statvfs@openssh.com`).
    Statvfs(Bytes),
    /// The space of the file system of a handle (`fstatvfs@openssh.com`).
    Fstatvfs(Handle),
    /// Brings an open file to the disk (`fsync@openssh.com`).
    Fsync(Handle),
    /// Copies within the server (`copy-data`).
    CopyData {
        /// What is read.
        from: Handle,
        /// From which offset on.
        from_offset: u64,
        /// How many bytes; 0: to the end of the file.
        length: u64,
        /// What is written; it must not be the same handle.
        to: Handle,
        /// From which offset on.
        to_offset: u64,
    },
    /// The home directory of a user; an empty name means the one that is logged in
    /// (`home-directory`).
    HomeDirectory(Bytes),
    /// A path made absolute and plain that may begin with `~` (`expand-path@openssh.com`).
    ExpandPath(Bytes),
    /// The names of users and groups (`users-groups-by-id@openssh.com`).
    UsersGroups {
        /// The numbers of users.
        uids: Vec<u32>,
        /// The numbers of groups.
        gids: Vec<u32>,
    },
    /// A file's content, read ahead; it comes as [`Event::Payload`](super::Event::Payload).
    Download(Download),
    /// A file's content, written ahead; it is given with
    /// [`Connection::payload`](super::Connection::payload) and ended with
    /// [`Connection::finish`](super::Connection::finish).
    Upload(Upload),
}

/// What becomes of a file that already has the new name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Existing {
    /// It is kept, and the rename fails: RENAME, which OpenSSH and the draft understand so.
    Keep,
    /// It is replaced in one step (`posix-rename@openssh.com`); refused where the server does not
    /// offer that.
    Replace,
    /// Like [`Replace`](Self::Replace) where the server offers it. Where not: RENAME, and if that
    /// fails as it does over a file, REMOVE and RENAME again. Between these two neither file has
    /// the name, and where the second fails,
    /// [`Failure::target_removed`](super::Failure::target_removed) says so.
    ReplaceInTwoSteps,
}

/// The file of a transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum File {
    /// A path: opened before, and closed behind the transfer.
    Path(Bytes),
    /// What the application has opened; it stays open.
    Handle(Handle),
}

/// A file, or a part of it, that is to be read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Download {
    /// The file.
    pub file: File,
    /// Where to begin, in bytes.
    pub offset: u64,
    /// How many bytes; none: to the end of the file. With a length no READ goes behind it, which
    /// saves a round trip where the size is known.
    pub length: Option<u64>,
}

impl Download {
    /// All of a file.
    #[must_use]
    pub const fn new(file: File) -> Self {
        Self {
            file,
            offset: 0,
            length: None,
        }
    }
}

/// A file that is to be written.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Upload {
    /// The file.
    pub file: File,
    /// Where the first byte of payload goes.
    pub offset: u64,
    /// How a path is opened; none: it is made if need be, and emptied if the offset is 0.
    pub flags: Option<OpenFlags>,
    /// Attributes of a file that is made.
    pub attributes: Attributes,
    /// Whether the file is to be brought to the disk at the end, where the server offers that;
    /// [`Uploaded::synced`](super::Uploaded::synced) tells.
    pub sync: bool,
}

impl Upload {
    /// From the start of a file on.
    #[must_use]
    pub fn new(file: File) -> Self {
        Self {
            file,
            offset: 0,
            flags: None,
            attributes: Attributes::default(),
            sync: false,
        }
    }

    pub(super) fn open_flags(&self) -> OpenFlags {
        self.flags.unwrap_or_else(|| {
            let flags = OpenFlags::WRITE | OpenFlags::CREATE;
            match self.offset {
                0 => flags | OpenFlags::TRUNCATE,
                _ => flags,
            }
        })
    }
}

impl File {
    pub(super) const fn path(&self) -> Option<&Bytes> {
        match self {
            Self::Path(path) => Some(path),
            Self::Handle(_) => None,
        }
    }
}

impl Request {
    /// What it does, for messages, and the paths that it does it to.
    pub(super) const fn about(&self) -> (&'static str, Option<&Bytes>, Option<&Bytes>) {
        match self {
            Self::Stat(path) => ("stat", Some(path), None),
            Self::Lstat(path) => ("lstat", Some(path), None),
            Self::Fstat(_) => ("fstat", None, None),
            Self::Setstat { path, .. } => ("setting attributes of", Some(path), None),
            Self::Fsetstat { .. } => ("setting attributes of an open file", None, None),
            Self::Lsetstat { path, .. } => ("setting attributes of link", Some(path), None),
            Self::Open { path, .. } => ("opening", Some(path), None),
            Self::Opendir(path) => ("opening directory", Some(path), None),
            Self::Close(_) => ("closing a handle", None, None),
            Self::Read { .. } => ("reading an open file", None, None),
            Self::Write { .. } => ("writing to an open file", None, None),
            Self::Readdir(_) => ("reading an open directory", None, None),
            Self::List(path) => ("listing", Some(path), None),
            Self::Remove(path) => ("removing", Some(path), None),
            Self::Mkdir { path, .. } => ("making directory", Some(path), None),
            Self::Rmdir(path) => ("removing directory", Some(path), None),
            Self::Rename { from, to, .. } => ("renaming", Some(from), Some(to)),
            Self::Symlink { target, link } => ("linking symbolically", Some(link), Some(target)),
            Self::Readlink(path) => ("reading link", Some(path), None),
            Self::Realpath(path) => ("resolving", Some(path), None),
            Self::Hardlink { from, to } => ("linking", Some(from), Some(to)),
            Self::Statvfs(path) => ("asking for the space of", Some(path), None),
            Self::Fstatvfs(_) => ("asking for the space of an open file", None, None),
            Self::Fsync(_) => ("syncing an open file", None, None),
            Self::CopyData { .. } => ("copying between open files", None, None),
            Self::HomeDirectory(user) => ("asking for the home directory of", Some(user), None),
            Self::ExpandPath(path) => ("expanding", Some(path), None),
            Self::UsersGroups { .. } => ("asking for names of users and groups", None, None),
            Self::Download(download) => ("downloading", download.file.path(), None),
            Self::Upload(upload) => ("uploading", upload.file.path(), None),
        }
    }

    /// Whether it makes the server open something.
    pub(super) const fn opens(&self) -> bool {
        match self {
            Self::Open { .. } | Self::Opendir(_) => true,
            _ => self.is_procedure(),
        }
    }

    /// Whether it opens something that it closes itself.
    pub(super) const fn is_procedure(&self) -> bool {
        match self {
            Self::List(_) => true,
            Self::Download(download) => download.file.path().is_some(),
            Self::Upload(upload) => upload.file.path().is_some(),
            _ => false,
        }
    }
}
