//! Bytes to packets, under a limit: [`Framer`]. What a packet means stands in `packet`.

use bytes::{Buf, Bytes, BytesMut};

use crate::packet::MAX_RECEIVED;

/// The field in front of each packet.
const LENGTH: usize = 4;

/// Cuts the bytes of a channel into packets.
///
/// Bytes go in with [`push`](Self::push), in any pieces; packets come out with
/// [`next_packet`](Self::next_packet), the same ones for every way to cut the bytes. They are to
/// be taken out before more is pushed, so that what waits stays below one packet and one piece.
///
/// The memory grows with what has come, never with what a length announces, and is given back as
/// soon as nothing waits.
///
/// ```
/// use ftpkit_sftp::Framer;
///
/// let mut framer = Framer::default();
/// framer.push(&[0, 0, 0, 5, 1, 0]);
/// assert_eq!(framer.next_packet(), Ok(None));
/// framer.push(&[0, 0, 3]);
/// assert_eq!(framer.next_packet().unwrap().unwrap()[..], [1, 0, 0, 0, 3]);
/// assert_eq!(framer.next_packet(), Ok(None));
/// ```
pub struct Framer {
    buffer: BytesMut,
    limit: usize,
    failed: Option<FrameError>,
}

/// A length that no packet has. There is no way to find the next packet: the session is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FrameError {
    /// A packet longer than the limit; nothing of it was kept.
    #[error("a packet of {length} bytes is over the limit of {limit} bytes")]
    TooLong {
        /// Its length, as announced.
        length: u32,
        /// The most that is taken.
        limit: usize,
    },
    /// A packet without even a type.
    #[error("a packet of no bytes")]
    Empty,
}

impl Framer {
    /// A framer for packets of at most `limit` bytes, without their length field.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            limit,
            failed: None,
        }
    }

    /// Takes bytes that were read; after an error they are ignored.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.failed.is_some() || bytes.is_empty() {
            return;
        }
        let needed = self.buffer.len() + bytes.len();
        if self.buffer.capacity() < needed {
            let mut grown = BytesMut::with_capacity(self.room(bytes.len()).max(needed));
            grown.extend_from_slice(&self.buffer);
            self.buffer = grown;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// How much room is worth making when `coming` bytes do not fit: twice what waits, so that a
    /// packet in many pieces is copied about twice; but where one packet is waited for, no more
    /// than it and the piece that its end may come in.
    fn room(&self, coming: usize) -> usize {
        let waiting = self.buffer.len();
        let doubled = waiting.saturating_mul(2);
        match self.length().map(|length| length.saturating_add(LENGTH)) {
            Some(whole) if whole > waiting => doubled.min(whole.saturating_add(coming)),
            _ => doubled,
        }
    }

    /// Takes the next packet out, its type and its data, once it is whole.
    ///
    /// # Errors
    /// [`FrameError`] as soon as a length comes that no packet has; from then on, always.
    pub fn next_packet(&mut self) -> Result<Option<Bytes>, FrameError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let Some(length) = self.length() else {
            return Ok(None);
        };
        if length == 0 || length > self.limit {
            let error = match u32::try_from(length) {
                Ok(0) => FrameError::Empty,
                length => FrameError::TooLong {
                    length: length.unwrap_or(u32::MAX),
                    limit: self.limit,
                },
            };
            self.failed = Some(error);
            self.buffer = BytesMut::new();
            return Err(error);
        }
        if self.buffer.len() - LENGTH < length {
            return Ok(None);
        }
        self.buffer.advance(LENGTH);
        let packet = self.buffer.split_to(length).freeze();
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
        Ok(Some(packet))
    }

    /// The length of the packet that comes next, once it is known. One that no `usize` holds is
    /// over every limit.
    fn length(&self) -> Option<usize> {
        let field = self.buffer.first_chunk::<LENGTH>()?;
        Some(usize::try_from(u32::from_be_bytes(*field)).unwrap_or(usize::MAX))
    }

    /// How many bytes wait; at the end of a channel anything but 0 is a packet that was cut off.
    #[must_use]
    pub fn buffered(&self) -> usize {
        self.buffer.len()
    }
}

impl Default for Framer {
    /// With the limit [`MAX_RECEIVED`].
    fn default() -> Self {
        Self::new(MAX_RECEIVED)
    }
}

/// What waits may be a file's content, so that only its length is shown.
impl core::fmt::Debug for Framer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Framer")
            .field("buffered", &self.buffered())
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{vec, vec::Vec};

    fn framed(length: usize) -> Vec<u8> {
        let mut bytes = u32::try_from(length).unwrap().to_be_bytes().to_vec();
        bytes.resize(LENGTH + length, 7);
        bytes
    }

    /// The lengths of the packets in these bytes, in pieces of this size, and how it ended.
    fn lengths(
        bytes: &[u8],
        piece: usize,
        limit: usize,
    ) -> (Vec<Vec<u8>>, Option<FrameError>, usize) {
        let mut framer = Framer::new(limit);
        let mut packets = Vec::new();
        let mut end = None;
        for piece in bytes.chunks(piece) {
            framer.push(piece);
            loop {
                match framer.next_packet() {
                    Ok(Some(packet)) => packets.push(packet.to_vec()),
                    Ok(None) => break,
                    Err(error) => {
                        end = Some(error);
                        break;
                    }
                }
            }
        }
        (packets, end, framer.buffered())
    }

    #[test]
    fn packets_are_the_same_in_all_pieces() {
        let bytes = [framed(1), framed(40), framed(300), framed(5)].concat();
        let whole = lengths(&bytes, bytes.len(), 300);
        assert_eq!(
            whole.0.iter().map(Vec::len).collect::<Vec<_>>(),
            [1, 40, 300, 5]
        );
        assert_eq!((whole.1, whole.2), (None, 0));
        for piece in 1..bytes.len() {
            assert_eq!(lengths(&bytes, piece, 300), whole, "in pieces of {piece}");
        }
    }

    #[test]
    fn a_length_that_no_packet_has_ends_it_and_keeps_nothing() {
        for (field, error) in [
            (0, FrameError::Empty),
            (
                301,
                FrameError::TooLong {
                    length: 301,
                    limit: 300,
                },
            ),
            (
                1 << 31,
                FrameError::TooLong {
                    length: 1 << 31,
                    limit: 300,
                },
            ),
            (
                u32::MAX,
                FrameError::TooLong {
                    length: u32::MAX,
                    limit: 300,
                },
            ),
        ] {
            let mut framer = Framer::new(300);
            framer.push(&framed(2));
            framer.push(&field.to_be_bytes());
            assert_eq!(framer.next_packet().unwrap().unwrap().len(), 2);
            assert_eq!(framer.next_packet(), Err(error));
            assert_eq!(framer.buffer.capacity(), 0);
            framer.push(&framed(2));
            assert_eq!(framer.next_packet(), Err(error), "for ever");
            assert_eq!((framer.buffered(), framer.buffer.capacity()), (0, 0));
        }
    }

    #[test]
    fn the_default_takes_a_payload_of_256_kib() {
        let (packets, end, _) = lengths(&framed(257 * 1024), 32 * 1024, MAX_RECEIVED);
        assert_eq!((packets.len(), end), (1, None));
        let (_, end, _) = lengths(&framed(257 * 1024 + 1), 32 * 1024, MAX_RECEIVED);
        assert!(matches!(
            end,
            Some(FrameError::TooLong {
                limit: MAX_RECEIVED,
                ..
            })
        ));
    }

    #[test]
    fn a_length_makes_no_room_for_what_has_not_come() {
        let mut framer = Framer::default();
        let bytes = framed(256 * 1024);
        for byte in &bytes[..100] {
            framer.push(&[*byte]);
            assert_eq!(framer.next_packet(), Ok(None));
        }
        assert!(
            framer.buffer.capacity() <= 200,
            "{}",
            framer.buffer.capacity()
        );
    }

    #[test]
    fn a_packet_in_many_pieces_is_copied_about_twice() {
        for piece in [1, 100, 32 * 1024] {
            let bytes = [framed(256 * 1024), framed(9)].concat();
            let mut framer = Framer::default();
            let (mut copied, mut found) = (0, 0);
            for piece in bytes.chunks(piece) {
                let (before, waiting) = (framer.buffer.capacity(), framer.buffer.len());
                framer.push(piece);
                if framer.buffer.capacity() != before {
                    copied += waiting;
                }
                let most = 256 * 1024 + LENGTH + 32 * 1024;
                assert!(
                    framer.buffer.capacity() <= most,
                    "{}",
                    framer.buffer.capacity()
                );
                while framer.next_packet().unwrap().is_some() {
                    found += 1;
                }
            }
            assert_eq!(found, 2);
            assert!(copied <= 2 * bytes.len(), "{copied} in pieces of {piece}");
        }
    }

    #[test]
    fn packets_that_nobody_takes_out_are_not_copied_each_time() {
        let mut framer = Framer::default();
        let mut grown = 0;
        for _ in 0..10_000 {
            let before = framer.buffer.capacity();
            framer.push(&framed(5));
            grown += usize::from(framer.buffer.capacity() != before);
        }
        assert!(grown < 30, "{grown}");
        while framer.next_packet().unwrap().is_some() {
            grown += 1;
        }
        assert!(grown >= 10_000);
    }

    #[test]
    fn an_empty_framer_holds_no_memory() {
        let mut framer = Framer::default();
        assert_eq!(framer.buffer.capacity(), 0);
        framer.push(&framed(1000));
        let packet = framer.next_packet().unwrap().unwrap();
        assert_eq!(packet, vec![7; 1000]);
        assert_eq!(framer.buffer.capacity(), 0);
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_pieces(
            bytes in proptest::collection::vec(prop_oneof![3 => Just(0), 1 => 0..12u8], 0..200),
            piece in 1..50usize,
        ) {
            let whole = lengths(&bytes, bytes.len().max(1), 8);
            let pieces = lengths(&bytes, piece, 8);
            prop_assert_eq!(&pieces.0, &whole.0);
            prop_assert_eq!((pieces.1, pieces.2), (whole.1, whole.2));
            for packet in &whole.0 {
                prop_assert!((1..=8).contains(&packet.len()));
            }
        }
    }
}
