//! A cursor over one packet: each field is checked against what is left before it is taken.

use bytes::Bytes;

use super::{Handle, PacketError, PacketErrorKind, PacketType, RequestId};

/// The data of an extended reply begins behind the type and the id.
const REPLY_DATA: usize = 5;

pub(super) struct Reader {
    bytes: Bytes,
    at: usize,
    /// What stands in front of `bytes` in the packet, for the offsets of errors.
    base: usize,
    packet: PacketType,
    id: Option<RequestId>,
}

impl Reader {
    /// A reader behind the packet's type.
    pub(super) fn new(packet: Bytes) -> Result<Self, PacketError> {
        let mut reader = Self {
            bytes: packet,
            at: 0,
            base: 0,
            packet: PacketType::new(0),
            id: None,
        };
        let [number] = reader.array("type")?;
        reader.packet = PacketType::new(number);
        Ok(reader)
    }

    /// A reader of the data of an extended reply.
    pub(super) const fn of_reply(data: Bytes) -> Self {
        Self {
            bytes: data,
            at: 0,
            base: REPLY_DATA,
            packet: PacketType::EXTENDED_REPLY,
            id: None,
        }
    }

    /// A reader of a string that holds a list, of the `length` bytes before this reader's place.
    pub(super) fn inside(&self, list: Bytes) -> Self {
        Self {
            base: self.base + self.at - list.len(),
            bytes: list,
            at: 0,
            packet: self.packet,
            id: self.id,
        }
    }

    pub(super) const fn packet(&self) -> PacketType {
        self.packet
    }

    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.left() == 0
    }

    pub(super) const fn offset(&self) -> usize {
        self.at
    }

    /// The bytes from this offset of the reader to its place.
    pub(super) fn since(&self, start: usize) -> Bytes {
        self.bytes.slice(start..self.at)
    }

    /// The error that the field at the reader's place is wrong.
    pub(super) const fn error(&self, kind: PacketErrorKind) -> PacketError {
        self.error_at(self.at, kind)
    }

    pub(super) const fn error_at(&self, at: usize, kind: PacketErrorKind) -> PacketError {
        PacketError::new(self.packet, self.id, self.base + at, kind)
    }

    fn array<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], PacketError> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(array) = rest.first_chunk::<N>() else {
            return Err(self.error(PacketErrorKind::Truncated {
                field,
                needed: N as u64,
                left: self.left(),
            }));
        };
        let array = *array;
        self.at += N;
        Ok(array)
    }

    pub(super) fn u32(&mut self, field: &'static str) -> Result<u32, PacketError> {
        self.array(field).map(u32::from_be_bytes)
    }

    pub(super) fn u64(&mut self, field: &'static str) -> Result<u64, PacketError> {
        self.array(field).map(u64::from_be_bytes)
    }

    /// The request's id; from here on errors tell it.
    pub(super) fn id(&mut self) -> Result<RequestId, PacketError> {
        let id = RequestId(self.u32("id")?);
        self.id = Some(id);
        Ok(id)
    }

    /// A length and so many bytes.
    pub(super) fn string(&mut self, field: &'static str) -> Result<Bytes, PacketError> {
        let start = self.at;
        let length = self.u32(field)?;
        match usize::try_from(length) {
            Ok(length) if length <= self.left() => {
                self.at += length;
                Ok(self.bytes.slice(self.at - length..self.at))
            }
            _ => {
                let left = self.bytes.len() - start;
                Err(self.error_at(
                    start,
                    PacketErrorKind::Truncated {
                        field,
                        needed: u64::from(length) + 4,
                        left,
                    },
                ))
            }
        }
    }

    pub(super) fn handle(&mut self, field: &'static str) -> Result<Handle, PacketError> {
        let start = self.at;
        let bytes = self.string(field)?;
        let length = bytes.len();
        Handle::new(bytes)
            .map_err(|_| self.error_at(start, PacketErrorKind::HandleTooLong { length }))
    }

    /// A count of items, each of which takes at least `least` bytes.
    pub(super) fn count(&mut self, field: &'static str, least: usize) -> Result<u32, PacketError> {
        let start = self.at;
        let count = self.u32(field)?;
        let most = self.left() / least;
        if usize::try_from(count).is_ok_and(|count| count <= most) {
            return Ok(count);
        }
        let left = self.left();
        Err(self.error_at(start, PacketErrorKind::Count { field, count, left }))
    }

    /// All that is left.
    pub(super) fn rest(&mut self) -> Bytes {
        let rest = self.bytes.slice(self.at..);
        self.at = self.bytes.len();
        rest
    }
}
