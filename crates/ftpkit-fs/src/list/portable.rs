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

    /// Likewise with what is known of each, of links themselves.
    pub(super) fn entries(
        &mut self,
        _: &Dir,
        mut each: impl FnMut(Bytes, io::Result<Metadata>),
    ) -> io::Result<bool> {
        self.read(|name, entry| each(name, entry.metadata().map(|known| describe(&known))))
    }

    fn read(&mut self, mut each: impl FnMut(Bytes, &DirEntry)) -> io::Result<bool> {
        for _ in 0..self.names {
            let Some(entry) = self.entries.next() else {
                return Ok(false);
            };
            let entry = entry?;
            if let Some(name) = name::bytes(entry.file_name()) {
                each(name, &entry);
            }
        }
        Ok(true)
    }
}
