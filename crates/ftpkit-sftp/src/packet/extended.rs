//! Requests by their names, [`Extended`], and what they are answered with, [`ExtendedReply`].

use alloc::vec::Vec;

use bytes::{BufMut, Bytes, BytesMut};

use super::{
    Attributes, Extension, Handle, PacketError, PacketErrorKind,
    read::Reader,
    write::{Writer, length_field},
};

/// What an EXTENDED asks for (sec. 8; OpenSSH sec. 4.3 to 4.12).
///
/// The version of an extension is not in the request: a client may use one if
/// [`Version::offers`](super::Version::offers) says so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Extended {
    /// `posix-rename@openssh.com`: renames, over what is there.
    PosixRename {
        /// The path of the file.
        from: Bytes,
        /// Its new path.
        to: Bytes,
    },
    /// `statvfs@openssh.com`: the space of the file system that this path is in.
    Statvfs(Bytes),
    /// `fstatvfs@openssh.com`: the space of the file system that this handle is in.
    Fstatvfs(Handle),
    /// `hardlink@openssh.com`: makes another name for a file.
    Hardlink {
        /// The path of the file.
        from: Bytes,
        /// Its other path.
        to: Bytes,
    },
    /// `fsync@openssh.com`: brings what was written to the disk.
    Fsync(Handle),
    /// `lsetstat@openssh.com`: sets attributes, of a symbolic link itself.
    Lsetstat {
        /// The path.
        path: Bytes,
        /// What is to be set.
        attributes: Attributes,
    },
    /// `limits@openssh.com`: how much the server takes.
    Limits,
    /// `expand-path@openssh.com`: makes a path absolute and plain, which may begin with `~`.
    ExpandPath(Bytes),
    /// `copy-data`: copies within the server.
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
    /// `home-directory`: where this user is at home; an empty name means the one that asks.
    HomeDirectory(Bytes),
    /// `users-groups-by-id@openssh.com`: the names of these users and groups.
    UsersGroupsById {
        /// The numbers of users.
        uids: Vec<u32>,
        /// The numbers of groups.
        gids: Vec<u32>,
    },
    /// A request that this crate has no variant for, to be answered with `OP_UNSUPPORTED` by a
    /// server that does not know it either (sec. 8).
    Other {
        /// Its name.
        name: Bytes,
        /// What follows the name.
        data: Bytes,
    },
}

impl Extended {
    /// Which extension it belongs to; none for [`Other`](Self::Other).
    #[must_use]
    pub const fn extension(&self) -> Option<Extension> {
        Some(match self {
            Self::PosixRename { .. } => Extension::PosixRename,
            Self::Statvfs(_) => Extension::Statvfs,
            Self::Fstatvfs(_) => Extension::Fstatvfs,
            Self::Hardlink { .. } => Extension::Hardlink,
            Self::Fsync(_) => Extension::Fsync,
            Self::Lsetstat { .. } => Extension::Lsetstat,
            Self::Limits => Extension::Limits,
            Self::ExpandPath(_) => Extension::ExpandPath,
            Self::CopyData { .. } => Extension::CopyData,
            Self::HomeDirectory(_) => Extension::HomeDirectory,
            Self::UsersGroupsById { .. } => Extension::UsersGroupsById,
            Self::Other { .. } => return None,
        })
    }

    /// Its name on the wire.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        match (self, self.extension()) {
            (_, Some(extension)) => extension.name().as_bytes(),
            (Self::Other { name, .. }, None) => name,
            (_, None) => b"",
        }
    }

    /// As what an EXTENDED_REPLY to it is to be read; none where success is a STATUS or a NAME.
    #[must_use]
    pub const fn reply_form(&self) -> Option<ReplyForm> {
        match self {
            Self::Statvfs(_) | Self::Fstatvfs(_) => Some(ReplyForm::Statvfs),
            Self::Limits => Some(ReplyForm::Limits),
            Self::UsersGroupsById { .. } => Some(ReplyForm::UsersGroups),
            Self::Other { .. } => Some(ReplyForm::Raw),
            _ => None,
        }
    }

    pub(super) fn read(reader: &mut Reader) -> Result<Self, PacketError> {
        let name = reader.string("extended request")?;
        Ok(match Extension::from_name(&name) {
            Some(Extension::PosixRename) => Self::PosixRename {
                from: reader.string("oldpath")?,
                to: reader.string("newpath")?,
            },
            Some(Extension::Statvfs) => Self::Statvfs(reader.string("path")?),
            Some(Extension::Fstatvfs) => Self::Fstatvfs(reader.handle("handle")?),
            Some(Extension::Hardlink) => Self::Hardlink {
                from: reader.string("oldpath")?,
                to: reader.string("newpath")?,
            },
            Some(Extension::Fsync) => Self::Fsync(reader.handle("handle")?),
            Some(Extension::Lsetstat) => Self::Lsetstat {
                path: reader.string("path")?,
                attributes: Attributes::read(reader)?,
            },
            Some(Extension::Limits) => Self::Limits,
            Some(Extension::ExpandPath) => Self::ExpandPath(reader.string("path")?),
            Some(Extension::CopyData) => Self::CopyData {
                from: reader.handle("read-from-handle")?,
                from_offset: reader.u64("read-from-offset")?,
                length: reader.u64("read-data-length")?,
                to: reader.handle("write-to-handle")?,
                to_offset: reader.u64("write-to-offset")?,
            },
            Some(Extension::HomeDirectory) => Self::HomeDirectory(reader.string("username")?),
            Some(Extension::UsersGroupsById) => Self::UsersGroupsById {
                uids: read_ids(reader, "uids")?,
                gids: read_ids(reader, "gids")?,
            },
            None => Self::Other {
                name,
                data: reader.rest(),
            },
        })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.string(self.name());
        match self {
            Self::PosixRename { from, to } | Self::Hardlink { from, to } => {
                writer.string(from);
                writer.string(to);
            }
            Self::Statvfs(text) | Self::ExpandPath(text) | Self::HomeDirectory(text) => {
                writer.string(text);
            }
            Self::Fstatvfs(handle) | Self::Fsync(handle) => writer.string(handle.as_bytes()),
            Self::Lsetstat { path, attributes } => {
                writer.string(path);
                attributes.write(writer);
            }
            Self::Limits => {}
            Self::CopyData {
                from,
                from_offset,
                length,
                to,
                to_offset,
            } => {
                writer.string(from.as_bytes());
                writer.u64(*from_offset);
                writer.u64(*length);
                writer.string(to.as_bytes());
                writer.u64(*to_offset);
            }
            Self::UsersGroupsById { uids, gids } => {
                for ids in [uids, gids] {
                    writer.u32(length_field(ids.len().saturating_mul(4)));
                    ids.iter().for_each(|id| writer.u32(*id));
                }
            }
            Self::Other { data, .. } => writer.put(data),
        }
    }
}

fn read_ids(reader: &mut Reader, field: &'static str) -> Result<Vec<u32>, PacketError> {
    let start = reader.offset();
    let list = reader.string(field)?;
    let length = list.len();
    if length % 4 != 0 {
        return Err(reader.error_at(start, PacketErrorKind::UnevenIds { field, length }));
    }
    let ids = list
        .chunks_exact(4)
        .map(|id| id.iter().fold(0, |n, b| n << 8 | u32::from(*b)));
    Ok(ids.collect())
}

/// As what an EXTENDED_REPLY is to be read: the packet itself does not tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReplyForm {
    /// [`Statvfs`].
    Statvfs,
    /// [`Limits`].
    Limits,
    /// [`UsersGroups`].
    UsersGroups,
    /// Bytes.
    Raw,
}

/// The data of an EXTENDED_REPLY.
///
/// [`ServerPacket::parse`](super::ServerPacket::parse) gives it as [`Raw`](Self::Raw); whoever
/// knows the request reads it with [`into_form`](Self::into_form).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExtendedReply {
    /// The space of a file system.
    Statvfs(Statvfs),
    /// How much the server takes.
    Limits(Limits),
    /// The names of users and groups.
    UsersGroups(UsersGroups),
    /// What is not read yet, or is of an extension that this crate does not know.
    Raw(Bytes),
}

impl ExtendedReply {
    /// Reads what is raw as this form; what has a form stays as it is.
    ///
    /// # Errors
    /// [`PacketError`] where the bytes are not of this form.
    pub fn into_form(self, form: ReplyForm) -> Result<Self, PacketError> {
        let Self::Raw(data) = self else {
            return Ok(self);
        };
        let mut reader = Reader::of_reply(data);
        Ok(match form {
            ReplyForm::Statvfs => Self::Statvfs(Statvfs::read(&mut reader)?),
            ReplyForm::Limits => Self::Limits(Limits::read(&mut reader)?),
            ReplyForm::UsersGroups => Self::UsersGroups(UsersGroups::read(&mut reader)?),
            ReplyForm::Raw => Self::Raw(reader.rest()),
        })
    }

    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Statvfs(space) => space.fields().iter().for_each(|n| writer.u64(*n)),
            Self::Limits(limits) => limits.fields().iter().for_each(|n| writer.u64(*n)),
            Self::UsersGroups(names) => {
                for names in [&names.users, &names.groups] {
                    writer.string(&strings(names));
                }
            }
            Self::Raw(data) => writer.put(data),
        }
    }
}

/// The space of a file system, as POSIX `statvfs` tells it (OpenSSH sec. 4.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the wire form is fixed")]
pub struct Statvfs {
    /// The size of a block in bytes.
    pub block_size: u64,
    /// The unit of the three counts of blocks, in bytes.
    pub fragment_size: u64,
    /// All blocks.
    pub blocks: u64,
    /// Those that are free.
    pub blocks_free: u64,
    /// Those that are free for everyone, not for root alone.
    pub blocks_available: u64,
    /// All inodes.
    pub files: u64,
    /// Those that are free.
    pub files_free: u64,
    /// Those that are free for everyone.
    pub files_available: u64,
    /// A number for the file system.
    pub id: u64,
    /// [`READ_ONLY`](Self::READ_ONLY) and [`NO_SET_UID`](Self::NO_SET_UID).
    pub flags: u64,
    /// The longest name in bytes.
    pub name_max: u64,
}

impl Statvfs {
    /// The flag of a file system that cannot be written.
    pub const READ_ONLY: u64 = 1;
    /// The flag of a file system that ignores set-user-ID.
    pub const NO_SET_UID: u64 = 2;

    const fn fields(&self) -> [u64; 11] {
        [
            self.block_size,
            self.fragment_size,
            self.blocks,
            self.blocks_free,
            self.blocks_available,
            self.files,
            self.files_free,
            self.files_available,
            self.id,
            self.flags,
            self.name_max,
        ]
    }

    fn read(reader: &mut Reader) -> Result<Self, PacketError> {
        Ok(Self {
            block_size: reader.u64("f_bsize")?,
            fragment_size: reader.u64("f_frsize")?,
            blocks: reader.u64("f_blocks")?,
            blocks_free: reader.u64("f_bfree")?,
            blocks_available: reader.u64("f_bavail")?,
            files: reader.u64("f_files")?,
            files_free: reader.u64("f_ffree")?,
            files_available: reader.u64("f_favail")?,
            id: reader.u64("f_fsid")?,
            flags: reader.u64("f_flag")?,
            name_max: reader.u64("f_namemax")?,
        })
    }
}

/// How much a server takes (OpenSSH sec. 4.8); 0 means that it sets no limit of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the wire form is fixed")]
pub struct Limits {
    /// The longest packet in bytes.
    pub packet_length: u64,
    /// The most that a READ gives, in bytes.
    pub read_length: u64,
    /// The most that a WRITE may hold, in bytes.
    pub write_length: u64,
    /// How many handles may be open.
    pub open_handles: u64,
}

impl Limits {
    const fn fields(&self) -> [u64; 4] {
        [
            self.packet_length,
            self.read_length,
            self.write_length,
            self.open_handles,
        ]
    }

    fn read(reader: &mut Reader) -> Result<Self, PacketError> {
        Ok(Self {
            packet_length: reader.u64("max-packet-length")?,
            read_length: reader.u64("max-read-length")?,
            write_length: reader.u64("max-write-length")?,
            open_handles: reader.u64("max-open-handles")?,
        })
    }
}

/// The names of users and groups, in the order in which they were asked for; empty where a number
/// has no name (OpenSSH sec. 4.12).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "the wire form is fixed")]
pub struct UsersGroups {
    /// The names of the users.
    pub users: Vec<Bytes>,
    /// The names of the groups.
    pub groups: Vec<Bytes>,
}

impl UsersGroups {
    fn read(reader: &mut Reader) -> Result<Self, PacketError> {
        let mut names = |list, field| {
            let list = reader.string(list)?;
            let mut inside = reader.inside(list);
            let mut names = Vec::new();
            while !inside.is_at_end() {
                names.push(inside.string(field)?);
            }
            Ok(names)
        };
        Ok(Self {
            users: names("usernames", "user name")?,
            groups: names("groupnames", "group name")?,
        })
    }
}

fn strings(list: &[Bytes]) -> BytesMut {
    let mut out = BytesMut::new();
    for string in list {
        out.put_u32(length_field(string.len()));
        out.put_slice(string);
    }
    out
}
