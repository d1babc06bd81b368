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
        let (waiting, coming) = (self.buffer.len(), bytes.len());
        if self.buffer.capacity() - waiting < coming {
            // Doubled, so that a packet in many pieces is copied twice at most; but not beyond
            // its end, so that no more is held than it takes.
            let whole = self
                .length()
                .map_or(0, |length| length.saturating_add(LENGTH));
            let room = (2 * waiting).min(whole).max(waiting + coming) - waiting;
            self.buffer.reserve(room);
        }
        self.buffer.extend_from_slice(bytes);
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
