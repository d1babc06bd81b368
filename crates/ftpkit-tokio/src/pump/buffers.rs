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
    idle: Mutex<Vec<Box<[u8]>>>,
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
            bytes: idle.unwrap_or_else(|| vec![0; self.size].into_boxed_slice()),
        }
    }
}

/// A buffer, which goes back to its pool when it is dropped.
pub(crate) struct Buffer {
    pool: &'static Pool,
    bytes: Box<[u8]>,
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        let mut idle = self
            .pool
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if idle.len() < self.pool.kept {
            idle.push(bytes);
        }
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}
