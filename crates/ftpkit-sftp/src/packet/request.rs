//! What a client sends: [`ClientPacket`], [`Init`] and [`Request`].

use bytes::Bytes;

use super::{
    Attributes, Chunks, Extended, Handle, OpenFlags, PacketError, PacketType, Pairs, RequestId,
    TooLong, VERSION, read::Reader, write::Writer,
};

/// In which order the two paths of a SYMLINK cross the wire.
///
/// The draft puts the new link first (sec. 6.10); OpenSSH's server, by mistake, its target, and
/// nearly all clients and servers have followed it (OpenSSH sec. 4.1). The packet does not tell,
/// so that whoever knows the peer has to say it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(
    clippy::exhaustive_enums,
    reason = "there are two orders of two things"
)]
pub enum SymlinkOrder {
    /// The target, then the link, as OpenSSH does.
    #[default]
    OpenSsh,
    /// The link, then the target, as the draft has it.
    Draft,
}

/// A packet from the client to the server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "all but the first packet are requests"
)]
pub enum ClientPacket {
    /// INIT: the first packet of a session.
    Init(Init),
    /// A request, to be answered with exactly one response of the same id.
    Request(RequestId, Request),
}

/// The client's greeting (sec. 4).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Init {
    /// The highest version that the client speaks; the server answers with the lower of both.
    pub version: u32,
    /// Extensions; unknown ones are ignored, and clients send none.
    pub extensions: Pairs,
}

impl Default for Init {
    /// Version 3, without extensions.
    fn default() -> Self {
        Self {
            version: VERSION,
            extensions: Pairs::default(),
        }
    }
}

impl Init {
    /// A greeting with this version, without extensions.
    #[must_use]
    pub fn new(version: u32) -> Self {
        Self {
            version,
            ..Self::default()
        }
    }
}

/// What a client asks for (sec. 6).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Request {
    /// OPEN: opens or makes a file; answered with a handle.
    Open {
        /// Its path.
        path: Bytes,
        /// For what, and whether it is made.
        flags: OpenFlags,
        /// Attributes of a file that is made.
        attributes: Attributes,
    },
    /// CLOSE: ends a handle, of a file or a directory.
    Close(Handle),
    /// READ: answered with data, or with [`Eof`](super::StatusCode::Eof).
    Read {
        /// The open file.
        handle: Handle,
        /// From which offset on.
        offset: u64,
        /// At most how many bytes.
        length: u32,
    },
    /// WRITE: writes all of the data.
    Write {
        /// The open file.
        handle: Handle,
        /// From which offset on.
        offset: u64,
        /// The bytes, a slice of the packet.
        data: Bytes,
    },
    /// LSTAT: the attributes of a path, and of a symbolic link itself.
    Lstat(Bytes),
    /// FSTAT: the attributes of an open file.
    Fstat(Handle),
    /// SETSTAT: sets attributes of a path; a size cuts or extends the file.
    Setstat {
        /// The path.
        path: Bytes,
        /// What is to be set.
        attributes: Attributes,
    },
    /// FSETSTAT: sets attributes of an open file.
    Fsetstat {
        /// The open file.
        handle: Handle,
        /// What is to be set.
        attributes: Attributes,
    },
    /// OPENDIR: opens a directory; answered with a handle.
    Opendir(Bytes),
    /// READDIR: the next names of an open directory, or [`Eof`](super::StatusCode::Eof).
    Readdir(Handle),
    /// REMOVE: removes a file, never a directory.
    Remove(Bytes),
    /// MKDIR: makes a directory.
    Mkdir {
        /// Its path.
        path: Bytes,
        /// Its attributes.
        attributes: Attributes,
    },
    /// RMDIR: removes an empty directory.
    Rmdir(Bytes),
    /// REALPATH: makes a path absolute and plain; answered with one name.
    Realpath(Bytes),
    /// STAT: the attributes of a path, and of what a symbolic link points to.
    Stat(Bytes),
    /// RENAME: fails where the new path exists.
    Rename {
        /// The path of the file.
        from: Bytes,
        /// Its new path.
        to: Bytes,
    },
    /// READLINK: where a symbolic link points to; answered with one name.
    Readlink(Bytes),
    /// SYMLINK: makes a symbolic link; see [`SymlinkOrder`].
    Symlink {
        /// What it points to.
        target: Bytes,
        /// The path of the new link.
        link: Bytes,
    },
    /// EXTENDED: a request by its name.
    Extended(Extended),
    /// A packet of a type that version 3 does not know from a client, to be answered with
    /// `OP_UNSUPPORTED`.
    Unknown {
        /// The type.
        packet: PacketType,
        /// What follows the id.
        data: Bytes,
    },
}

impl ClientPacket {
    /// Reads a packet that the [`Framer`](crate::Framer) gave; `order` is that of a SYMLINK.
    ///
    /// # Errors
    /// [`PacketError`] where the packet is malformed. A type that is unknown is none: it becomes
    /// [`Request::Unknown`], if only there is an id.
    pub fn parse(packet: Bytes, order: SymlinkOrder) -> Result<Self, PacketError> {
        let mut reader = Reader::new(packet)?;
        if reader.packet() == PacketType::INIT {
            return Ok(Self::Init(Init {
                version: reader.u32("version")?,
                extensions: Pairs::read_all(&mut reader)?,
            }));
        }
        let id = reader.id()?;
        Ok(Self::Request(id, Request::read(&mut reader, order)?))
    }

    /// Appends the packet, with its length, to what is to be written.
    ///
    /// # Errors
    /// [`TooLong`] for a packet over the limit of `out`, which is left as it was.
    pub fn encode(&self, out: &mut Chunks, order: SymlinkOrder) -> Result<(), TooLong> {
        match self {
            Self::Init(init) => out.packet(PacketType::INIT, |writer| {
                writer.u32(init.version);
                writer.put(init.extensions.wire());
            }),
            Self::Request(id, request) => out.packet(request.packet_type(), |writer| {
                writer.u32(id.0);
                request.write(writer, order);
            }),
        }
    }
}

impl Request {
    /// The type of its packet.
    #[must_use]
    pub const fn packet_type(&self) -> PacketType {
        match self {
            Self::Open { .. } => PacketType::OPEN,
            Self::Close(_) => PacketType::CLOSE,
            Self::Read { .. } => PacketType::READ,
            Self::Write { .. } => PacketType::WRITE,
            Self::Lstat(_) => PacketType::LSTAT,
            Self::Fstat(_) => PacketType::FSTAT,
            Self::Setstat { .. } => PacketType::SETSTAT,
            Self::Fsetstat { .. } => PacketType::FSETSTAT,
            Self::Opendir(_) => PacketType::OPENDIR,
            Self::Readdir(_) => PacketType::READDIR,
            Self::Remove(_) => PacketType::REMOVE,
            Self::Mkdir { .. } => PacketType::MKDIR,
            Self::Rmdir(_) => PacketType::RMDIR,
            Self::Realpath(_) => PacketType::REALPATH,
            Self::Stat(_) => PacketType::STAT,
            Self::Rename { .. } => PacketType::RENAME,
            Self::Readlink(_) => PacketType::READLINK,
            Self::Symlink { .. } => PacketType::SYMLINK,
            Self::Extended(_) => PacketType::EXTENDED,
            Self::Unknown { packet, .. } => *packet,
        }
    }

    fn read(reader: &mut Reader, order: SymlinkOrder) -> Result<Self, PacketError> {
        Ok(match reader.packet() {
            PacketType::OPEN => Self::Open {
                path: reader.string("filename")?,
                flags: OpenFlags::from_bits(reader.u32("pflags")?),
                attributes: Attributes::read(reader)?,
            },
            PacketType::CLOSE => Self::Close(reader.handle("handle")?),
            PacketType::READ => Self::Read {
                handle: reader.handle("handle")?,
                offset: reader.u64("offset")?,
                length: reader.u32("len")?,
            },
            PacketType::WRITE => Self::Write {
                handle: reader.handle("handle")?,
                offset: reader.u64("offset")?,
                data: reader.string("data")?,
            },
            PacketType::LSTAT => Self::Lstat(reader.string("path")?),
            PacketType::FSTAT => Self::Fstat(reader.handle("handle")?),
            PacketType::SETSTAT => Self::Setstat {
                path: reader.string("path")?,
                attributes: Attributes::read(reader)?,
            },
            PacketType::FSETSTAT => Self::Fsetstat {
                handle: reader.handle("handle")?,
                attributes: Attributes::read(reader)?,
            },
            PacketType::OPENDIR => Self::Opendir(reader.string("path")?),
            PacketType::READDIR => Self::Readdir(reader.handle("handle")?),
            PacketType::REMOVE => Self::Remove(reader.string("filename")?),
            PacketType::MKDIR => Self::Mkdir {
                path: reader.string("path")?,
                attributes: Attributes::read(reader)?,
            },
            PacketType::RMDIR => Self::Rmdir(reader.string("path")?),
            PacketType::REALPATH => Self::Realpath(reader.string("path")?),
            PacketType::STAT => Self::Stat(reader.string("path")?),
            PacketType::RENAME => Self::Rename {
                from: reader.string("oldpath")?,
                to: reader.string("newpath")?,
            },
            PacketType::READLINK => Self::Readlink(reader.string("path")?),
            PacketType::SYMLINK => match order {
                SymlinkOrder::OpenSsh => Self::Symlink {
                    target: reader.string("targetpath")?,
                    link: reader.string("linkpath")?,
                },
                SymlinkOrder::Draft => Self::Symlink {
                    link: reader.string("linkpath")?,
                    target: reader.string("targetpath")?,
                },
            },
            PacketType::EXTENDED => Self::Extended(Extended::read(reader)?),
            packet => Self::Unknown {
                packet,
                data: reader.rest(),
            },
        })
    }

    fn write(&self, writer: &mut Writer<'_>, order: SymlinkOrder) {
        match self {
            Self::Open {
                path,
                flags,
                attributes,
            } => {
                writer.string(path);
                writer.u32(flags.bits());
                attributes.write(writer);
            }
            Self::Close(handle) | Self::Fstat(handle) | Self::Readdir(handle) => {
                writer.string(handle.as_bytes());
            }
            Self::Read {
                handle,
                offset,
                length,
            } => {
                writer.string(handle.as_bytes());
                writer.u64(*offset);
                writer.u32(*length);
            }
            Self::Write {
                handle,
                offset,
                data,
            } => {
                writer.string(handle.as_bytes());
                writer.u64(*offset);
                writer.payload(data);
            }
            Self::Lstat(path)
            | Self::Opendir(path)
            | Self::Remove(path)
            | Self::Rmdir(path)
            | Self::Realpath(path)
            | Self::Stat(path)
            | Self::Readlink(path) => writer.string(path),
            Self::Setstat { path, attributes } | Self::Mkdir { path, attributes } => {
                writer.string(path);
                attributes.write(writer);
            }
            Self::Fsetstat { handle, attributes } => {
                writer.string(handle.as_bytes());
                attributes.write(writer);
            }
            Self::Rename { from, to } => {
                writer.string(from);
                writer.string(to);
            }
            Self::Symlink { target, link } => {
                let (first, second) = match order {
                    SymlinkOrder::OpenSsh => (target, link),
                    SymlinkOrder::Draft => (link, target),
                };
                writer.string(first);
                writer.string(second);
            }
            Self::Extended(extended) => extended.write(writer),
            Self::Unknown { data, .. } => writer.put(data),
        }
    }
}
