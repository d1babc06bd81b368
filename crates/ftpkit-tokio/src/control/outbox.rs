//! The bytes that wait to be written to a control connection, gathered for one write.

use std::io::IoSlice;

use bytes::{Buf, Bytes, BytesMut};

/// Bytes that wait to be written. The first piece is kept as it is, since most often it is the
/// only one; later ones are gathered behind it. An empty outbox holds no memory.
#[derive(Default)]
pub(super) struct Outbox {
    head: Bytes,
    tail: BytesMut,
}

impl Outbox {
    pub(super) fn len(&self) -> usize {
        self.head.len() + self.tail.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.head.is_empty() && self.tail.is_empty()
    }

    pub(super) fn push(&mut self, bytes: Bytes) {
        if self.is_empty() {
            self.head = bytes;
        } else {
            self.tail.extend_from_slice(&bytes);
        }
    }

    pub(super) fn slices(&self) -> [IoSlice<'_>; 2] {
        [IoSlice::new(&self.head), IoSlice::new(&self.tail)]
    }

    /// Forgets the first `written` bytes, which must be there.
    pub(super) fn advance(&mut self, written: usize) {
        let of_head = written.min(self.head.len());
        self.head.advance(of_head);
        self.tail.advance((written - of_head).min(self.tail.len()));
        if self.is_empty() {
            self.clear();
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_progress_keeps_the_order() {
        let pieces = [
            "150 Here it comes.\r\n",
            "",
            "226 Done.\r\n",
            "221 Bye.\r\n",
        ];
        let all = pieces.concat();
        for step in 1..=all.len() {
            let mut outbox = Outbox::default();
            for piece in pieces {
                outbox.push(Bytes::from_static(piece.as_bytes()));
            }
            assert_eq!(outbox.len(), all.len());
            let mut written = Vec::new();
            while !outbox.is_empty() {
                let flat: Vec<u8> = outbox.slices().iter().flat_map(|s| s.to_vec()).collect();
                let now = step.min(flat.len());
                written.extend_from_slice(&flat[..now]);
                outbox.advance(now);
            }
            assert_eq!(written, all.as_bytes(), "{step} bytes at a time");
        }
    }
}
