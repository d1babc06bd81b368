//! [`Buffers`]: blocks that files are read into, used again and again.

use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

/// How many blocks are kept for the next reads.
const KEPT: usize = 64;
/// What is shorter is copied out of its block, which is then free at once.
const SMALL: usize = 16 * 1024;

/// Blocks of one length. A new one would have to be filled with zeros for each read, which costs
/// as much as reading it.
#[derive(Debug)]
pub(super) struct Buffers {
    length: usize,
    free: Mutex<Vec<Box<[u8]>>>,
}

impl Buffers {
    /// Blocks of this many bytes.
    pub(super) fn new(length: usize) -> Arc<Self> {
        Arc::new(Self {
            length,
            free: Mutex::default(),
        })
    }

    /// A block, whatever is in it.
    pub(super) fn take(self: &Arc<Self>) -> Block {
        let free = self
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        Block {
            bytes: free.unwrap_or_else(|| vec![0; self.length].into()),
            filled: 0,
            pool: Arc::clone(self),
        }
    }
}

/// A block, which goes back to the others when nobody needs its bytes any more.
pub(super) struct Block {
    bytes: Box<[u8]>,
    filled: usize,
    pool: Arc<Buffers>,
}

impl Block {
    /// The bytes behind those that are filled, up to `length` in all.
    pub(super) fn rest(&mut self, length: usize) -> &mut [u8] {
        let length = length.min(self.bytes.len());
        self.bytes.get_mut(self.filled..length).unwrap_or_default()
    }

    /// Says that this many more were filled.
    pub(super) fn fill(&mut self, more: usize) {
        self.filled = self.filled.saturating_add(more).min(self.bytes.len());
    }

    /// The bytes that were filled.
    pub(super) fn freeze(self) -> Bytes {
        match self.filled {
            0 => Bytes::new(),
            1..SMALL => Bytes::copy_from_slice(self.as_ref()),
            _ => Bytes::from_owner(self),
        }
    }
}

impl AsRef<[u8]> for Block {
    fn as_ref(&self) -> &[u8] {
        self.bytes.get(..self.filled).unwrap_or_default()
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        let mut free = self
            .pool
            .free
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if free.len() < KEPT {
            free.push(std::mem::take(&mut self.bytes));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_used_again_when_its_bytes_are_gone() {
        let buffers = Buffers::new(2 * SMALL);
        let mut block = buffers.take();
        block.rest(usize::MAX).fill(7);
        block.fill(SMALL);
        assert_eq!(block.rest(SMALL + 5).len(), 5);
        let (bytes, place) = (block.freeze(), buffers.free.lock().unwrap().len());
        assert_eq!((bytes.len(), place), (SMALL, 0));
        let address = bytes.as_ptr();
        drop(bytes);
        assert_eq!(buffers.take().bytes.as_ptr(), address);
    }

    #[test]
    fn a_short_block_is_copied() {
        let buffers = Buffers::new(2 * SMALL);
        let mut block = buffers.take();
        block.rest(3).copy_from_slice(b"abc");
        block.fill(3);
        let bytes = block.freeze();
        assert_eq!(
            (&bytes[..], buffers.free.lock().unwrap().len()),
            (&b"abc"[..], 1)
        );
        assert!(buffers.take().freeze().is_empty());
    }

    #[test]
    fn not_all_are_kept() {
        let buffers = Buffers::new(8);
        let many: Vec<Block> = (0..2 * KEPT).map(|_| buffers.take()).collect();
        drop(many);
        assert_eq!(buffers.free.lock().unwrap().len(), KEPT);
    }
}
