//! [`Order`]: blocks that come in any order, for a storage that takes them in theirs alone.

use std::collections::BTreeMap;

use bytes::Bytes;

/// How many blocks may wait for one that is missing.
const BLOCKS: usize = 64;
/// How many bytes they may have.
const BYTES: usize = 16 * 1024 * 1024;

/// Puts blocks in order, within bounds. What waits overlaps nowhere: where two blocks do, the
/// one that came last counts.
#[derive(Debug, Default)]
pub(super) struct Order {
    next: u64,
    waiting: BTreeMap<u64, Bytes>,
    bytes: usize,
}

/// Why a block is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refused {
    /// It would change what has been written already.
    Written,
    /// Too much waits for what is missing.
    Full,
}

impl Order {
    /// In order from this offset on.
    pub(super) fn from(next: u64) -> Self {
        Self {
            next,
            ..Self::default()
        }
    }

    /// Takes a block.
    pub(super) fn insert(&mut self, offset: u64, data: Bytes) -> Result<(), Refused> {
        if data.is_empty() {
            return Ok(());
        }
        if offset < self.next {
            return Err(Refused::Written);
        }
        let full = self.waiting.len() >= BLOCKS || self.bytes.saturating_add(data.len()) > BYTES;
        if offset > self.next && full {
            return Err(Refused::Full);
        }
        self.cut_out(offset, offset.saturating_add(data.len() as u64));
        self.bytes += data.len();
        self.waiting.insert(offset, data);
        Ok(())
    }

    /// Takes out what of the waiting blocks lies between these offsets.
    fn cut_out(&mut self, start: u64, end: u64) {
        while let Some((&offset, data)) = self.waiting.range(..end).next_back() {
            if offset.saturating_add(data.len() as u64) <= start {
                return;
            }
            let Some(data) = self.remove(offset) else {
                return;
            };
            let head = start.saturating_sub(offset);
            let tail = end - offset;
            for (from, to) in [(0, head), (tail, data.len() as u64)] {
                if let (Ok(first), Ok(last)) = (usize::try_from(from), usize::try_from(to))
                    && first < last
                {
                    let part = data.slice(first..last);
                    self.bytes += part.len();
                    self.waiting.insert(offset + from, part);
                }
            }
        }
    }

    fn remove(&mut self, offset: u64) -> Option<Bytes> {
        let data = self.waiting.remove(&offset)?;
        self.bytes -= data.len();
        Some(data)
    }

    /// The next block to be written, if it has come.
    pub(super) fn next_block(&mut self) -> Option<(u64, Bytes)> {
        let offset = self.next;
        let data = self.remove(offset)?;
        self.next += data.len() as u64;
        Some((offset, data))
    }

    /// Whether all that came could be written.
    pub(super) fn is_complete(&self) -> bool {
        self.waiting.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(order: &mut Order) -> Vec<(u64, Vec<u8>)> {
        std::iter::from_fn(|| order.next_block())
            .map(|(offset, data)| (offset, data.to_vec()))
            .collect()
    }

    #[test]
    fn blocks_come_out_in_order() {
        let mut order = Order::from(10);
        order.insert(14, Bytes::from_static(b"ef")).unwrap();
        order.insert(12, Bytes::from_static(b"cd")).unwrap();
        assert!(order.next_block().is_none() && !order.is_complete());
        order.insert(10, Bytes::from_static(b"ab")).unwrap();
        let all: Vec<u8> = written(&mut order)
            .into_iter()
            .flat_map(|(_, data)| data)
            .collect();
        assert_eq!(all, b"abcdef");
        assert!(order.is_complete());
        assert_eq!(
            order.insert(15, Bytes::from_static(b"x")),
            Err(Refused::Written)
        );
        order.insert(15, Bytes::new()).unwrap();
        order.insert(16, Bytes::from_static(b"g")).unwrap();
        assert_eq!(written(&mut order), [(16, b"g".to_vec())]);
    }

    #[test]
    fn the_last_of_two_that_overlap_counts() {
        // Every pair of blocks within ten bytes.
        let range = || (1..10u8).flat_map(|start| (start..10).map(move |end| (start, end)));
        for (a_start, a_end) in range() {
            for (b_start, b_end) in range() {
                let mut order = Order::default();
                let mut expected = [b'.'; 10];
                for (start, end, byte) in [(a_start, a_end, b'a'), (b_start, b_end, b'b')] {
                    let (first, last) = (usize::from(start), usize::from(end));
                    expected[first..last].fill(byte);
                    let data = Bytes::from(vec![byte; last - first]);
                    order.insert(start.into(), data).unwrap();
                }
                assert_eq!(
                    order.bytes,
                    order.waiting.values().map(Bytes::len).sum::<usize>()
                );
                let mut got = [b'.'; 10];
                for (offset, data) in &order.waiting {
                    let offset = usize::try_from(*offset).unwrap();
                    for (place, byte) in got[offset..].iter_mut().zip(data) {
                        assert_eq!(*place, b'.', "two blocks at one place");
                        *place = *byte;
                    }
                }
                assert_eq!(got, expected, "{a_start}..{a_end}, {b_start}..{b_end}");
            }
        }
    }

    #[test]
    fn what_waits_is_bounded() {
        let mut order = Order::default();
        for number in 1..=BLOCKS as u64 {
            order.insert(number, Bytes::from_static(b"x")).unwrap();
        }
        let one = Bytes::from_static(b"x");
        assert_eq!(order.insert(1000, one.clone()), Err(Refused::Full));
        // What is missing is taken all the same.
        order.insert(0, one.clone()).unwrap();
        assert_eq!(written(&mut order).len(), BLOCKS + 1);

        let mut order = Order::default();
        order.insert(1, Bytes::from(vec![0; BYTES])).unwrap();
        assert_eq!(order.insert(BYTES as u64 + 1, one), Err(Refused::Full));
    }
}
