//! Large buffers, used again: a transfer costs no fresh memory, an idle one holds none.

use std::{
    ops::{Deref, DerefMut},
    sync::{Mutex, PoisonError},
};

/// Buffers of one size.
pub(crate) struct Pool {
    size: usize,
    /// How many idle buffers are kept.
    kept: usize,
    idle: Mutex<Vec<Space>>,
}

/// What a buffer begins at a multiple of, so that the system copies quickly between it and the
/// pages of a file: 16 bytes behind the beginning of a page, which is what memory of this size
/// comes with, costs a fifth more.
const ALIGNED: usize = 64;

/// The memory of a buffer, and where in it the buffer begins.
#[derive(Default)]
struct Space {
    bytes: Box<[u8]>,
    start: usize,
}

impl Space {
    fn new(size: usize) -> Self {
        let bytes = vec![0; size.saturating_add(ALIGNED)].into_boxed_slice();
        let start = bytes.as_ptr().addr().wrapping_neg() % ALIGNED;
        Self { bytes, start }
    }
}

/// The size of a buffer for payload.
pub(super) const SIZE: usize = 256 * 1024;

/// For payload: 8 MiB in all.
pub(crate) static PAYLOAD: Pool = Pool::new(SIZE, 32);

/// For what is read ahead of TLS: four records or so, 64 KiB each, 2 MiB in all.
#[cfg(feature = "_tls")]
pub(crate) static AHEAD: Pool = Pool::new(64 * 1024, 32);

impl Pool {
    const fn new(size: usize, kept: usize) -> Self {
        Self {
            size,
            kept,
            idle: Mutex::new(Vec::new()),
        }
    }

    /// A buffer, whose content is whatever the use before left in it.
    pub(crate) fn take(&'static self) -> Buffer {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        Buffer {
            pool: self,
            space: idle.unwrap_or_else(|| Space::new(self.size)),
        }
    }
}

/// A buffer, which goes back to its pool when it is dropped.
pub(crate) struct Buffer {
    pool: &'static Pool,
    space: Space,
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let space = std::mem::take(&mut self.space);
        let mut idle = self
            .pool
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.pool.kept {
            idle.push(space);
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        let Space { bytes, start } = &self.space;
        let end = start.saturating_add(self.pool.size);
        bytes.get(*start..end).unwrap_or_default()
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        let Space { bytes, start } = &mut self.space;
        let end = start.saturating_add(self.pool.size);
        bytes.get_mut(*start..end).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_whole_aligned_and_used_again() {
        static POOL: Pool = Pool::new(100_000, 2);
        let mut first = [POOL.take(), POOL.take(), POOL.take()];
        for buffer in &mut first {
            assert_eq!(buffer.len(), 100_000);
            assert_eq!(buffer.as_ptr().addr() % ALIGNED, 0);
            buffer.fill(7);
        }
        drop(first);
        let again = [POOL.take(), POOL.take(), POOL.take()];
        let used = again
            .iter()
            .filter(|buffer| buffer.iter().all(|byte| *byte == 7));
        assert_eq!(used.count(), 2, "as many as are kept");
    }
}
