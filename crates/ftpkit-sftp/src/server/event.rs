//! What the server machine tells and asks its application.

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;

use super::ask::{Ask, Question};
use crate::packet::{Attributes, OpenFlags, Statvfs, UsersGroups};

/// News of one session, for its application. The questions are to be answered with
/// `Connection::answer`, in any order.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// Open a file.
    Open(Ask<Open>),
    /// Open a directory.
    OpenDirectory(Ask<OpenDirectory>),
    /// Read from a file.
    Read(Ask<Read>),
    /// Write to a file.
    Write(Ask<Write>),
    /// Tell the next names of a directory.
    List(Ask<List>),
    /// The client is done with what is open: make what was written durable and visible, and let
    /// it go. Nothing else is in flight on it, and nothing comes any more.
    Close(Ask<Close>),
    /// Tell a file's attributes.
    Query(Ask<Query>),
    /// Change something, by path or in an open file.
    Change(Ask<Change>),
    /// Make a path of another one.
    Resolve(Ask<Resolve>),
    /// Tell the space of a file system.
    Space(Ask<Space>),
    /// Tell the names of users and groups.
    Names(Ask<Names>),
    /// The session is over, and the client had not closed this: let it go, and an upload that is
    /// not complete with it. Sent once for each that is open, before the session's end is told.
    Ended(FileId),
}

/// What the application calls something that it has opened. It chooses the number, of which the
/// client sees nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(clippy::exhaustive_structs, reason = "any number is one")]
pub struct FileId(pub u64);

/// OPEN. Answered by what the application calls the file from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Open {
    /// The path, as the client sent it.
    pub path: Bytes,
    /// For what it is opened.
    pub intent: Intent,
    /// The attributes of a file that is made. A size is none of them that counts.
    pub attributes: Attributes,
}

/// For what a file is opened: to be read, to be written, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Intent {
    /// It will be read.
    pub read: bool,
    /// It will be written, and what becomes of what is there.
    pub write: Option<Writing>,
    /// Each write goes to the end; [`Place::End`] says so once more.
    pub append: bool,
}

/// What a file that is opened for writing begins as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "all that the flags can say")]
pub enum Writing {
    /// A new one. One that is there is to be refused with `Exists`, a symbolic link too.
    New,
    /// An empty one, in place of what is there.
    Replace {
        /// One that is not there is made, instead of refused with `NotFound`.
        create: bool,
    },
    /// As it is: what is not written stays.
    Keep {
        /// One that is not there is made, instead of refused with `NotFound`.
        create: bool,
    },
}

impl Intent {
    /// What the flags say; none where they contradict each other: neither reading nor writing, or
    /// making a file that is not to be written.
    ///
    /// EXCL without CREAT says nothing (sec. 6.3), APPEND alone means writing, and TRUNC without
    /// CREAT empties what is there, as POSIX does. Flags that are unknown are ignored, as OpenSSH
    /// does.
    #[must_use]
    pub fn from_flags(flags: OpenFlags) -> Option<Self> {
        let has = |flag| flags.contains(flag);
        let append = has(OpenFlags::APPEND);
        let (read, write) = (has(OpenFlags::READ), has(OpenFlags::WRITE) || append);
        let create = has(OpenFlags::CREATE);
        if !write {
            let makes = create || has(OpenFlags::TRUNCATE);
            return (read && !makes).then_some(Self {
                read,
                write: None,
                append,
            });
        }
        let writing = match (has(OpenFlags::EXCLUSIVE), has(OpenFlags::TRUNCATE)) {
            (true, _) if create => Writing::New,
            (_, true) => Writing::Replace { create },
            (_, false) => Writing::Keep { create },
        };
        Some(Self {
            read,
            write: Some(writing),
            append,
        })
    }
}

/// OPENDIR. Answered by what the application calls the directory from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OpenDirectory {
    /// The path, as the client sent it.
    pub path: Bytes,
}

/// READ. Answered by the bytes, which go out as they are; fewer than asked for are welcome, and
/// none mean that the file ends before the offset.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Read {
    /// The file.
    pub file: FileId,
    /// From which offset on. With the length it fits into an `i64`.
    pub offset: u64,
    /// At most how many bytes, never 0; what is beyond is cut off.
    pub length: u32,
}

/// WRITE. Answered when all of it is written. Its data prints as their length.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Write {
    /// The file.
    pub file: FileId,
    /// Where to.
    pub place: Place,
    /// The bytes, never none: a slice of the packet that they came in.
    pub data: Bytes,
}

impl fmt::Debug for Write {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Write")
            .field("file", &self.file)
            .field("place", &self.place)
            .field("data", &format_args!("{} bytes", self.data.len()))
            .finish()
    }
}

/// Where a write goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "there is no third place")]
pub enum Place {
    /// To this offset, which may be behind the end. With the data's length it fits into an `i64`.
    Offset(u64),
    /// To the end, whatever offset the client sent; one write at a time.
    End,
}

/// READDIR, when what was told before is used up. Answered by a [`Page`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct List {
    /// The directory.
    pub directory: FileId,
}

/// The next entries of a directory, as many as are at hand: the machine sends those that fit into
/// a packet, keeps the others for the next READDIR, and asks again when there are none left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The entries.
    pub entries: Vec<Entry>,
    /// There are no more behind them. A page without entries says so anyway.
    pub last: bool,
    /// The time in seconds since 1970, for the lines of `ls -l`.
    pub now: u64,
}

impl Page {
    /// A page that others follow.
    #[must_use]
    pub const fn new(entries: Vec<Entry>, now: u64) -> Self {
        let last = false;
        Self { entries, last, now }
    }

    /// The last one.
    #[must_use]
    pub const fn last(entries: Vec<Entry>, now: u64) -> Self {
        let last = true;
        Self { entries, last, now }
    }
}

/// An entry of a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its name, one component of a path.
    pub name: Bytes,
    /// Its attributes, those of a symbolic link itself.
    pub attributes: Attributes,
    /// How many hard links it has; 0 where that is unknown, which is shown as one.
    pub links: u64,
    /// The name of its user, for people; its number is shown where this is empty.
    pub user: Bytes,
    /// The name of its group.
    pub group: Bytes,
}

impl Entry {
    /// An entry of which no more is known.
    #[must_use]
    pub fn new(name: impl Into<Bytes>, attributes: Attributes) -> Self {
        Self {
            name: name.into(),
            attributes,
            ..Self::default()
        }
    }
}

/// CLOSE. Answered when what was written is durable and visible. A refusal tells the client that
/// it is not; the handle is gone in either case.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Close {
    /// The file or directory.
    pub file: FileId,
}

/// Which file a question is about.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "all that the requests can say")]
pub enum Target {
    /// The one that the path leads to.
    Path(Bytes),
    /// The one at the path itself, a symbolic link too.
    Link(Bytes),
    /// An open file.
    File(FileId),
}

/// STAT, LSTAT and FSTAT. Answered by the attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Query {
    /// The file.
    pub of: Target,
}

/// Change something. Answered when it is done.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// SETSTAT, FSETSTAT, `lsetstat@openssh.com`. The same is allowed as when the file is opened
    /// for writing by that path, or less. What cannot be set is to be refused before any is.
    SetAttributes {
        /// The file.
        of: Target,
        /// What of it is to be set. A size cuts the file or extends it with zeros, and fits into
        /// an `i64`.
        attributes: Attributes,
    },
    /// REMOVE; never a directory.
    RemoveFile(Bytes),
    /// MKDIR.
    MakeDirectory {
        /// The new directory.
        path: Bytes,
        /// Its attributes.
        attributes: Attributes,
    },
    /// RMDIR.
    RemoveDirectory(Bytes),
    /// RENAME, `posix-rename@openssh.com`.
    Rename {
        /// The old path.
        from: Bytes,
        /// The new one.
        to: Bytes,
        /// What is at the new one is replaced, at one blow. Else it is to be refused with `Exists`.
        replace: bool,
    },
    /// SYMLINK.
    MakeSymlink {
        /// Where it is to lead, as it will be kept.
        target: Bytes,
        /// The link.
        link: Bytes,
    },
    /// `hardlink@openssh.com`.
    MakeHardlink {
        /// The file.
        from: Bytes,
        /// Its other path.
        to: Bytes,
    },
    /// `fsync@openssh.com`: bring what was written to the disk.
    Sync(FileId),
    /// `copy-data`. If both are the same file, though not the same handle, and what is read and
    /// what is written overlap, it is to be refused with `Invalid`.
    Copy {
        /// What is read, from which offset on.
        from: (FileId, u64),
        /// What is written, from which offset on.
        to: (FileId, u64),
        /// How many bytes; to the end of the file where there is none. It fits into an `i64` with
        /// either offset.
        length: Option<u64>,
    },
}

/// Make a path of another one. Answered by the path, as this client is to see it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Resolve {
    /// REALPATH: absolute and plain. What is not there yet is no error in its last component.
    Real(Bytes),
    /// READLINK: where the symbolic link leads.
    Link(Bytes),
    /// `expand-path@openssh.com`: as REALPATH, but `~` and `~user` are homes.
    Expand(Bytes),
    /// `home-directory`: the home of this user, or the own one where the name is empty.
    Home(Bytes),
}

/// `statvfs@openssh.com` and `fstatvfs@openssh.com`. Answered by the space.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Space {
    /// What is in the file system.
    pub of: Target,
}

/// `users-groups-by-id@openssh.com`. Answered by the names in the order of the numbers, empty
/// where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Names {
    /// The numbers of users.
    pub uids: Vec<u32>,
    /// The numbers of groups.
    pub gids: Vec<u32>,
}

macro_rules! answers {
    ($($question:ident => $answer:ty;)*) => {
        $(impl Question for $question {
            type Answer = $answer;
        })*
    };
}

answers! {
    Open => FileId;
    OpenDirectory => FileId;
    Read => Bytes;
    Write => ();
    List => Page;
    Close => ();
    Query => Attributes;
    Change => ();
    Resolve => Bytes;
    Space => Statvfs;
    Names => UsersGroups;
}
