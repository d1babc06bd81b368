//! Packets to bytes: [`Chunks`], what is to be written next, with large payload that is never copied.

use alloc::collections::VecDeque;

use bytes::{BufMut, Bytes, BytesMut};

use super::{MAX_SENT, PacketType, TooLong};

/// Room for most packets, and for the head of all those that have a payload and a handle as
/// short as usual.
const HEAD: usize = 64;
/// A payload up to this many bytes is copied behind its packet's head. Both then fit into one
/// packet of SSH, of which OpenSSH takes 32 KiB: the copy is cheaper than a packet for the head
/// alone, which the peer would wake up for.
const INLINE: usize = 32 * 1024 - HEAD;

/// Bytes that wait to be written, as chunks in their order.
///
/// Packets are appended by [`ClientPacket::encode`](super::ClientPacket::encode) and
/// [`ServerPacket::encode`](super::ServerPacket::encode). Small packets share a chunk; the payload
/// of a WRITE or DATA that fills a packet of SSH is a chunk of its own and the very [`Bytes`] that
/// the packet held. Where nothing waits, no memory is held.
pub struct Chunks {
    ready: VecDeque<Bytes>,
    tail: BytesMut,
    limit: usize,
}

impl Chunks {
    /// Nothing to write yet. A packet of more than `limit` bytes, without its length field, will
    /// be refused: the peer may close the session for one that is over its own limit.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            ready: VecDeque::new(),
            tail: BytesMut::new(),
            limit: limit.min(u32::MAX as usize),
        }
    }

    /// Takes the next chunk out, to be written as it is; none where nothing waits.
    #[must_use]
    pub fn next_chunk(&mut self) -> Option<Bytes> {
        if let Some(chunk) = self.ready.pop_front() {
            return Some(chunk);
        }
        self.ready = VecDeque::new();
        let tail = core::mem::take(&mut self.tail);
        (!tail.is_empty()).then(|| tail.freeze())
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.tail.is_empty()
    }

    /// How many bytes wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ready.iter().map(Bytes::len).sum::<usize>() + self.tail.len()
    }

    /// Appends a packet of this type with the fields that `write` puts into it.
    pub(super) fn packet(
        &mut self,
        packet: PacketType,
        write: impl FnOnce(&mut Writer<'_>),
    ) -> Result<(), TooLong> {
        let start = self.tail.len();
        self.tail.reserve(HEAD);
        self.tail.put_u32(0);
        let mut writer = Writer {
            out: &mut self.tail,
            length: 0,
            limit: self.limit as u64,
            payload: None,
        };
        writer.put(&[packet.number()]);
        write(&mut writer);
        let (length, payload) = (writer.length, writer.payload);
        let field = u32::try_from(length)
            .ok()
            .filter(|_| length <= self.limit as u64);
        let (Some(field), Some(place)) = (field, self.tail.get_mut(start..start + 4)) else {
            self.tail.truncate(start);
            let limit = self.limit;
            return Err(TooLong {
                packet,
                length,
                limit,
            });
        };
        place.copy_from_slice(&field.to_be_bytes());
        match payload {
            Some(payload) if payload.len() > INLINE => {
                self.ready
                    .push_back(core::mem::take(&mut self.tail).freeze());
                self.ready.push_back(payload);
            }
            Some(payload) => self.tail.put_slice(&payload),
            None => {}
        }
        Ok(())
    }
}

impl Default for Chunks {
    /// With the limit of OpenSSH, [`MAX_SENT`].
    fn default() -> Self {
        Self::new(MAX_SENT)
    }
}

/// What waits may be a file's content, so that only its length is shown.
impl core::fmt::Debug for Chunks {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Chunks")
            .field("len", &self.len())
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// The fields of one packet. What is over the limit is counted, and not copied.
pub(super) struct Writer<'a> {
    out: &'a mut BytesMut,
    /// Of the packet, its payload included.
    length: u64,
    limit: u64,
    payload: Option<Bytes>,
}

impl Writer<'_> {
    pub(super) fn put(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        if self.length <= self.limit {
            self.out.put_slice(bytes);
        }
    }

    pub(super) fn u32(&mut self, number: u32) {
        self.put(&number.to_be_bytes());
    }

    pub(super) fn u64(&mut self, number: u64) {
        self.put(&number.to_be_bytes());
    }

    /// A length and the bytes.
    pub(super) fn string(&mut self, bytes: &[u8]) {
        self.u32(length_field(bytes.len()));
        self.put(bytes);
    }

    /// A string that ends the packet and is not copied.
    pub(super) fn payload(&mut self, bytes: &Bytes) {
        self.u32(length_field(bytes.len()));
        self.length += bytes.len() as u64;
        self.payload = Some(bytes.clone());
    }
}

/// A length that does not fit is over every limit, so that its field is never sent.
pub(super) fn length_field(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{string::ToString as _, vec, vec::Vec};

    fn data(out: &mut Chunks, payload: &Bytes) -> Result<(), TooLong> {
        out.packet(PacketType::DATA, |writer| {
            writer.u32(1);
            writer.payload(payload);
        })
    }

    fn chunks(out: &mut Chunks) -> Vec<Bytes> {
        std::iter::from_fn(|| out.next_chunk()).collect()
    }

    #[test]
    fn a_large_payload_is_never_copied() {
        let mut out = Chunks::default();
        let payload = Bytes::from(vec![7; INLINE + 1]);
        data(&mut out, &payload).unwrap();
        data(&mut out, &payload).unwrap();
        assert_eq!(out.len(), 2 * (13 + payload.len()));
        let chunks = chunks(&mut out);
        assert_eq!(chunks.len(), 4);
        for pair in chunks.chunks(2) {
            assert_eq!(pair[0][..], *b"\0\0\x7f\xca\x67\0\0\0\x01\0\0\x7f\xc1");
            assert_eq!(pair[1].as_ptr(), payload.as_ptr());
        }
    }

    #[test]
    fn small_packets_share_a_chunk_in_their_order() {
        let mut out = Chunks::default();
        let (small, large) = (
            Bytes::from(vec![1; INLINE]),
            Bytes::from(vec![2; INLINE + 1]),
        );
        for payload in [&small, &small, &large, &small] {
            data(&mut out, payload).unwrap();
        }
        let lengths: Vec<usize> = chunks(&mut out).iter().map(Bytes::len).collect();
        assert_eq!(lengths, [2 * (13 + INLINE) + 13, INLINE + 1, 13 + INLINE]);
    }

    #[test]
    fn what_is_over_the_limit_leaves_no_trace() {
        let mut out = Chunks::new(20);
        data(&mut out, &Bytes::from_static(b"0123456789a")).unwrap();
        let waits = out.len();
        assert_eq!(waits, 24);
        let error = data(&mut out, &Bytes::from_static(b"0123456789ab")).unwrap_err();
        assert_eq!((error.length, error.limit), (21, 20));
        let error = out
            .packet(PacketType::STAT, |writer| writer.string(&[0; 1000]))
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "STAT of 1005 bytes is over the limit of 20 bytes"
        );
        assert_eq!(out.len(), waits);
        assert_eq!(chunks(&mut out).len(), 1);
    }

    #[test]
    fn nothing_that_waits_holds_no_memory() {
        let mut out = Chunks::default();
        data(&mut out, &Bytes::from(vec![7; INLINE + 1])).unwrap();
        data(&mut out, &Bytes::new()).unwrap();
        assert!(!out.is_empty());
        assert_eq!(chunks(&mut out).len(), 3);
        assert!(out.is_empty());
        assert_eq!((out.ready.capacity(), out.tail.capacity()), (0, 0));
    }
}
