//! Directories as the standard library and cap-std read them.

use std::io;

use bytes::Bytes;
use cap_std::fs::{Dir, DirEntry, ReadDir};
use ftpkit_storage::Metadata;

use crate::{metadata::describe, name};

/// Reads the names of a directory.
pub(super) struct Reader {
    entries: ReadDir,
    names: usize,
}

impl Reader {
    /// For so many names at a time.
    pub(super) fn open(dir: &Dir, names: usize) -> io::Result<Self> {
        let entries = dir.entries()?;
        Ok(Self { entries, names })
    }

    /// Gives the names that come next to `each`; `false` at the end.
    pub(super) fn names(&mut self, mut each: impl FnMut(&[u8])) -> io::Result<bool> {
        self.read(|name, _| each(&name))
    }

    /// Likewise for what is to be known of them; `false` at the end.
    pub(super) fn batch(&mut self) -> io::Result<(Batch, bool)> {
        let mut batch = Vec::new();
        let more = self.read(|name, entry| batch.push((name, entry)))?;
        Ok((Batch(batch), more))
    }

    fn read(&mut self, mut each: impl FnMut(Bytes, DirEntry)) -> io::Result<bool> {
        for _ in 0..self.names {
            let Some(entry) = self.entries.next() else {
                return Ok(false);
            };
            let entry = entry?;
            if let Some(name) = name::bytes(entry.file_name()) {
                each(name, entry);
            }
        }
        Ok(true)
    }
}

/// Names that were read, to be looked at.
pub(super) struct Batch(Vec<(Bytes, DirEntry)>);

impl Batch {
    /// How many there are.
    pub(super) const fn len(&self) -> usize {
        self.0.len()
    }

    /// Gives each name with what is known of it, of links themselves.
    pub(super) fn look(self, _: &Dir, mut each: impl FnMut(Bytes, io::Result<Metadata>)) {
        for (name, entry) in self.0 {
            each(name, entry.metadata().map(|known| describe(&known)));
        }
    }
}
