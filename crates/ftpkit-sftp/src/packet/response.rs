//! What a server sends: [`ServerPacket`], [`Version`] and [`Response`].

use alloc::vec::Vec;

use bytes::Bytes;

use super::{
    Attributes, Chunks, ExtendedReply, Extension, Handle, PacketError, PacketErrorKind, PacketType,
    Pairs, RequestId, Status, TooLong, VERSION, read::Reader, write::Writer,
};

/// The least that a name takes: two lengths and the attributes' flags.
const LEAST_NAME: usize = 12;

/// A packet from the server to the client.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "all but the first packet are responses"
)]
pub enum ServerPacket {
    /// VERSION: the first packet of a session.
    Version(Version),
    /// The response to the request of this id.
    Response(RequestId, Response),
}

/// The server's greeting (sec. 4).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Version {
    /// The version that both sides speak from now on.
    pub version: u32,
    /// Extensions with their versions, unknown ones too.
    pub extensions: Pairs,
}

impl Version {
    /// Version 3, with these extensions.
    #[must_use]
    pub fn new(extensions: impl IntoIterator<Item = Extension>) -> Self {
        let pairs = extensions.into_iter().map(|e| (e.name(), e.version()));
        Self {
            version: VERSION,
            extensions: pairs.collect(),
        }
    }

    /// Whether the server has announced this extension, in the version that this crate speaks.
    #[must_use]
    pub fn offers(&self, extension: Extension) -> bool {
        self.extensions
            .iter()
            .any(|(name, version)| name == extension.name() && version == extension.version())
    }
}

/// What a server answers (sec. 7).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Response {
    /// STATUS: how a request ended.
    Status(Status),
    /// HANDLE: what was opened. A handle that was read has memory of its own.
    Handle(Handle),
    /// DATA: what was read, a slice of the packet. Never empty from a server that keeps to the
    /// draft; one that sends empty ones for ever must not be asked for ever.
    Data(Bytes),
    /// NAME: names; of REALPATH, READLINK and `expand-path@openssh.com` exactly one.
    Name(Vec<Name>),
    /// ATTRS: attributes.
    Attrs(Attributes),
    /// EXTENDED_REPLY: what an extension answers.
    ExtendedReply(ExtendedReply),
}

/// One entry of a NAME.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Name {
    /// The name, or the path for which it was asked. A client must not believe that it is one
    /// component of a path.
    pub name: Bytes,
    /// The line of `ls -l`, for people only.
    pub longname: Bytes,
    /// Its attributes; of REALPATH and READLINK nothing that means anything.
    pub attributes: Attributes,
}

impl Name {
    /// An entry with the line of `ls -l` for it, as [`LongName`](crate::LongName) makes it.
    #[must_use]
    pub fn new(name: Bytes, longname: Bytes, attributes: Attributes) -> Self {
        Self {
            name,
            longname,
            attributes,
        }
    }

    /// The entry of a path, as REALPATH and READLINK are answered: its long name is the path, and
    /// it has no attributes.
    #[must_use]
    pub fn of_path(path: Bytes) -> Self {
        Self {
            longname: path.clone(),
            name: path,
            attributes: Attributes::default(),
        }
    }

    /// How many bytes it takes in a packet, of which a NAME has 9 of its own.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        8 + self.name.len() + self.longname.len() + self.attributes.wire_len()
    }

    fn read(reader: &mut Reader) -> Result<Self, PacketError> {
        Ok(Self {
            name: reader.string("filename")?,
            longname: reader.string("longname")?,
            attributes: Attributes::read(reader)?,
        })
    }
}

impl ServerPacket {
    /// Reads a packet that the [`Framer`](crate::Framer) gave.
    ///
    /// # Errors
    /// [`PacketError`] where the packet is malformed or no server of version 3 sends its type.
    pub fn parse(packet: Bytes) -> Result<Self, PacketError> {
        let mut reader = Reader::new(packet)?;
        if reader.packet() == PacketType::VERSION {
            return Ok(Self::Version(Version {
                version: reader.u32("version")?,
                extensions: Pairs::read_all(&mut reader)?,
            }));
        }
        let id = reader.id()?;
        Ok(Self::Response(id, Response::read(&mut reader)?))
    }

    /// Appends the packet, with its length, to what is to be written.
    ///
    /// # Errors
    /// [`TooLong`] for a packet over the limit of `out`, which is left as it was.
    pub fn encode(&self, out: &mut Chunks) -> Result<(), TooLong> {
        match self {
            Self::Version(version) => out.packet(PacketType::VERSION, |writer| {
                writer.u32(version.version);
                writer.put(version.extensions.wire());
            }),
            Self::Response(id, response) => out.packet(response.packet_type(), |writer| {
                writer.u32(id.0);
                response.write(writer);
            }),
        }
    }
}

impl Response {
    /// The type of its packet.
    #[must_use]
    pub const fn packet_type(&self) -> PacketType {
        match self {
            Self::Status(_) => PacketType::STATUS,
            Self::Handle(_) => PacketType::HANDLE,
            Self::Data(_) => PacketType::DATA,
            Self::Name(_) => PacketType::NAME,
            Self::Attrs(_) => PacketType::ATTRS,
            Self::ExtendedReply(_) => PacketType::EXTENDED_REPLY,
        }
    }

    fn read(reader: &mut Reader) -> Result<Self, PacketError> {
        Ok(match reader.packet() {
            PacketType::STATUS => Self::Status(Status::read(reader)?),
            PacketType::HANDLE => Self::Handle(reader.handle("handle")?.detach()),
            PacketType::DATA => Self::Data(reader.string("data")?),
            PacketType::NAME => {
                let count = reader.count("names", LEAST_NAME)?;
                let names = (0..count).map(|_| Name::read(reader));
                Self::Name(names.collect::<Result<_, _>>()?)
            }
            PacketType::ATTRS => Self::Attrs(Attributes::read(reader)?),
            PacketType::EXTENDED_REPLY => Self::ExtendedReply(ExtendedReply::Raw(reader.rest())),
            _ => return Err(reader.error_at(0, PacketErrorKind::UnknownType)),
        })
    }

    fn write(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Status(status) => status.write(writer),
            Self::Handle(handle) => writer.string(handle.as_bytes()),
            Self::Data(data) => writer.payload(data),
            Self::Name(names) => {
                writer.u32(u32::try_from(names.len()).unwrap_or(u32::MAX));
                for name in names {
                    writer.string(&name.name);
                    writer.string(&name.longname);
                    name.attributes.write(writer);
                }
            }
            Self::Attrs(attributes) => attributes.write(writer),
            Self::ExtendedReply(reply) => reply.write(writer),
        }
    }
}

impl From<Status> for Response {
    fn from(status: Status) -> Self {
        Self::Status(status)
    }
}
