//! The bytes of one file in memory: sparse, in chunks, charged against the limit of the whole.

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::error::{ErrorKind, Result};

/// Large enough that a block of a transfer touches few of them, small enough that a file that
/// grows is never copied as a whole.
const CHUNK: usize = 64 * 1024;
/// What can be an offset everywhere.
const MAX_SIZE: u64 = i64::MAX as u64;

/// What is used of how much, in bytes.
#[derive(Debug)]
pub(super) struct Usage {
    used: AtomicU64,
    limit: AtomicU64,
}

impl Usage {
    pub(super) const fn unlimited() -> Self {
        Self {
            used: AtomicU64::new(0),
            limit: AtomicU64::new(u64::MAX),
        }
    }

    pub(super) fn set_limit(&self, limit: u64) {
        self.limit.store(limit, Ordering::Relaxed);
    }

    pub(super) fn limit(&self) -> Option<u64> {
        Some(self.limit.load(Ordering::Relaxed)).filter(|&limit| limit != u64::MAX)
    }

    pub(super) fn available(&self) -> u64 {
        let used = self.used.load(Ordering::Relaxed);
        self.limit.load(Ordering::Relaxed).saturating_sub(used)
    }

    pub(super) fn charge(&self, bytes: u64) -> Result<()> {
        let limit = self.limit.load(Ordering::Relaxed);
        let add = |used: u64| used.checked_add(bytes).filter(|&sum| sum <= limit);
        match self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add)
        {
            Ok(_) => Ok(()),
            Err(_) => Err(ErrorKind::NoSpace.into()),
        }
    }

    pub(super) fn release(&self, bytes: u64) {
        let subtract = |used: u64| Some(used.saturating_sub(bytes));
        let _ = self
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, subtract);
    }
}

/// The bytes of one file. A chunk that is missing, or what is missing of one, is zeros.
#[derive(Debug)]
pub(super) struct Content {
    chunks: BTreeMap<u64, Vec<u8>>,
    size: u64,
    usage: Arc<Usage>,
}

impl Content {
    pub(super) const fn new(usage: Arc<Usage>) -> Self {
        Self {
            chunks: BTreeMap::new(),
            size: 0,
            usage,
        }
    }

    pub(super) const fn size(&self) -> u64 {
        self.size
    }

    fn charged(&self) -> u64 {
        self.chunks.values().map(|chunk| chunk.len() as u64).sum()
    }

    pub(super) fn read(&self, offset: u64, buf: &mut [u8]) -> usize {
        let left = self.size.saturating_sub(offset);
        let len = usize::try_from(left).map_or(buf.len(), |left| left.min(buf.len()));
        let mut done = 0;
        while done < len {
            let (index, start) = locate(offset + done as u64);
            let part = &mut buf[done..len.min(done + CHUNK - start)];
            let kept = self.chunks.get(&index).and_then(|chunk| chunk.get(start..));
            let kept = kept.unwrap_or_default();
            let known = kept.len().min(part.len());
            part[..known].copy_from_slice(&kept[..known]);
            part[known..].fill(0);
            done += part.len();
        }
        len
    }

    pub(super) fn write(&mut self, offset: u64, data: &[u8]) -> Result<()> {
        let end = offset.checked_add(data.len() as u64);
        if end.is_none_or(|end| end > MAX_SIZE) {
            return Err(ErrorKind::Quota.into());
        }
        let mut done = 0;
        while done < data.len() {
            let at = offset + done as u64;
            let (index, start) = locate(at);
            let part = &data[done..data.len().min(done + CHUNK - start)];
            let old = self.chunks.get(&index).map_or(0, Vec::len);
            let new = old.max(start + part.len());
            self.usage.charge((new - old) as u64)?;
            let chunk = self.chunks.entry(index).or_default();
            if start == old {
                chunk.extend_from_slice(part);
            } else {
                chunk.resize(new, 0);
                chunk[start..start + part.len()].copy_from_slice(part);
            }
            done += part.len();
            self.size = self.size.max(at + part.len() as u64);
        }
        Ok(())
    }

    pub(super) fn set_size(&mut self, size: u64) -> Result<()> {
        if size > MAX_SIZE {
            return Err(ErrorKind::Quota.into());
        }
        if size < self.size {
            let before = self.charged();
            let (index, start) = locate(size);
            self.chunks.split_off(&(index + 1));
            if let Some(chunk) = self.chunks.get_mut(&index) {
                chunk.truncate(start);
            }
            self.usage.release(before - self.charged());
        }
        self.size = size;
        Ok(())
    }

    /// Takes over the bytes of another.
    pub(super) fn copy_from(&mut self, other: &Self) -> Result<()> {
        self.set_size(0)?;
        self.usage.charge(other.charged())?;
        self.chunks.clone_from(&other.chunks);
        self.size = other.size;
        Ok(())
    }
}

impl Drop for Content {
    fn drop(&mut self) {
        self.usage.release(self.charged());
    }
}

fn locate(offset: u64) -> (u64, usize) {
    let chunk = CHUNK as u64;
    // The remainder is below CHUNK, a usize.
    (offset / chunk, (offset % chunk) as usize)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[derive(Clone, Debug)]
    enum Step {
        Write(usize, Vec<u8>),
        SetSize(usize),
    }

    fn step() -> impl Strategy<Value = Step> {
        let offset = prop_oneof![0..8usize, CHUNK - 4..CHUNK + 4, 0..3 * CHUNK];
        let len = prop_oneof![0..8usize, CHUNK - 4..CHUNK + 4];
        prop_oneof![
            4 => (offset.clone(), len, any::<u8>())
                .prop_map(|(offset, len, fill)| Step::Write(offset, vec![fill; len])),
            1 => offset.prop_map(Step::SetSize),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn is_as_one_vector_would_be(steps in prop::collection::vec(step(), 0..8), from in 0..2 * CHUNK) {
            let usage = Arc::new(Usage::unlimited());
            let mut content = Content::new(Arc::clone(&usage));
            let mut model = Vec::new();
            for step in steps {
                match step {
                    Step::Write(offset, data) => {
                        content.write(offset as u64, &data).unwrap();
                        if !data.is_empty() {
                            model.resize(model.len().max(offset + data.len()), 0);
                            model[offset..offset + data.len()].copy_from_slice(&data);
                        }
                    }
                    Step::SetSize(size) => {
                        content.set_size(size as u64).unwrap();
                        model.resize(size, 0);
                    }
                }
                prop_assert_eq!(content.size(), model.len() as u64);
            }
            let mut buf = vec![0xa5; 4 * CHUNK];
            let len = content.read(from as u64, &mut buf);
            prop_assert_eq!(&buf[..len], model.get(from..).unwrap_or_default());
            prop_assert!(usage.used.load(Ordering::Relaxed) <= model.len() as u64);
            drop(content);
            prop_assert_eq!(usage.used.load(Ordering::Relaxed), 0);
        }
    }

    #[test]
    fn a_far_offset_costs_no_more_than_what_is_written_there() {
        let usage = Arc::new(Usage::unlimited());
        usage.set_limit(CHUNK as u64);
        let mut content = Content::new(Arc::clone(&usage));
        content.write(1 << 60, b"x").unwrap();
        assert_eq!(content.size(), (1 << 60) + 1);
        let mut buf = [9; 3];
        assert_eq!(content.read((1 << 60) - 2, &mut buf), 3);
        assert_eq!(buf, *b"\0\0x");
        for offset in [u64::MAX, i64::MAX as u64] {
            let error = content.write(offset, b"xy").unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Quota);
        }
        assert_eq!(
            content.set_size(u64::MAX).unwrap_err().kind(),
            ErrorKind::Quota
        );
    }
}
