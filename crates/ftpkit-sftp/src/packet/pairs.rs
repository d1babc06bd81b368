//! [`Pairs`]: names with values, of extended attributes and of the extensions in a greeting.

use core::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use super::{PacketError, read::Reader, write::length_field};

/// The least that a pair takes: two lengths.
pub(super) const LEAST: usize = 8;

/// Pairs of a name and a value, in their order, as they cross the wire.
///
/// They were checked when they were read, and are cut out one by one when they are asked for, so
/// that thousands of empty ones take no more memory than the packet.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Pairs {
    /// Whole pairs only.
    wire: Bytes,
    count: u32,
}

impl Pairs {
    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> u32 {
        self.count
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The pairs, as slices of the packet.
    #[must_use]
    pub fn iter(&self) -> PairsIter {
        PairsIter {
            rest: self.wire.clone(),
        }
    }

    /// The value of the first pair with this name.
    #[must_use]
    pub fn value(&self, name: &[u8]) -> Option<Bytes> {
        self.iter().find(|(n, _)| n == name).map(|(_, value)| value)
    }

    pub(super) fn wire(&self) -> &[u8] {
        &self.wire
    }

    /// Reads so many pairs.
    pub(super) fn read(reader: &mut Reader, count: u32) -> Result<Self, PacketError> {
        let start = reader.offset();
        for _ in 0..count {
            read_pair(reader)?;
        }
        Ok(Self {
            wire: reader.since(start),
            count,
        })
    }

    /// Reads pairs to the end of the packet.
    pub(super) fn read_all(reader: &mut Reader) -> Result<Self, PacketError> {
        let start = reader.offset();
        let mut count = 0;
        while !reader.is_at_end() {
            read_pair(reader)?;
            count += 1;
        }
        Ok(Self {
            wire: reader.since(start),
            count,
        })
    }
}

fn read_pair(reader: &mut Reader) -> Result<(), PacketError> {
    reader.string("extension name")?;
    reader.string("extension data")?;
    Ok(())
}

/// A pair whose name or value is 4 GiB or longer is left out: no packet could hold it.
impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Pairs {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(pairs: I) -> Self {
        let mut wire = BytesMut::new();
        let mut count = 0;
        for (name, value) in pairs {
            let (name, value) = (name.as_ref(), value.as_ref());
            if [name, value]
                .iter()
                .any(|s| u32::try_from(s.len()).is_err())
            {
                continue;
            }
            for string in [name, value] {
                wire.put_u32(length_field(string.len()));
                wire.put_slice(string);
            }
            count += 1;
        }
        Self {
            wire: wire.freeze(),
            count,
        }
    }
}

impl IntoIterator for &Pairs {
    type Item = (Bytes, Bytes);
    type IntoIter = PairsIter;
    fn into_iter(self) -> PairsIter {
        self.iter()
    }
}

impl fmt::Debug for Pairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self).finish()
    }
}

/// The pairs of a [`Pairs`], one by one.
#[derive(Clone, Debug)]
pub struct PairsIter {
    rest: Bytes,
}

impl PairsIter {
    fn string(&mut self) -> Option<Bytes> {
        let length = u32::from_be_bytes(*self.rest.first_chunk()?);
        let end = usize::try_from(length).ok()?.checked_add(4)?;
        let whole = (end <= self.rest.len()).then(|| self.rest.split_to(end))?;
        Some(whole.slice(4..))
    }
}

impl Iterator for PairsIter {
    type Item = (Bytes, Bytes);
    fn next(&mut self) -> Option<Self::Item> {
        Some((self.string()?, self.string()?))
    }
}
