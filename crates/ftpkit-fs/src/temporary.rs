//! The hidden files that uploads are written to: their names, how a live one is told from a
//! stale one, and how they go away.
//!
//! A live one is locked by the process that writes it; the system lets go of the lock when the
//! process ends, in whatever way. So one that can be locked is stale.

use std::{
    ffi::OsString,
    fs::{File, Metadata, TryLockError},
    hash::{BuildHasher as _, Hasher as _, RandomState},
    io,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use cap_std::fs::{Dir, OpenOptions};

use crate::sys;

const PREFIX: &str = ".ftpkit-";
const SUFFIX: &str = ".part";
/// How many digits stand between the two.
const DIGITS: usize = 16;
/// How many entries are looked at when a storage is opened.
pub(crate) const CLEAN_AT_START: usize = 100_000;
/// How often a name may be taken, or cleaned away under us, before it is an error.
const TRIES: usize = 16;

/// Whether clients may not use this name. Case does not matter, since to some file systems it
/// does not.
pub(crate) fn is_reserved(name: &[u8]) -> bool {
    let (prefix, suffix) = (PREFIX.as_bytes(), SUFFIX.as_bytes());
    name.len() >= prefix.len() + suffix.len()
        && name[..prefix.len()].eq_ignore_ascii_case(prefix)
        && name[name.len() - suffix.len()..].eq_ignore_ascii_case(suffix)
}

/// Whether this is a name that [`Temporary::create`] makes.
fn is_own(name: &[u8]) -> bool {
    name.strip_prefix(PREFIX.as_bytes())
        .and_then(|rest| rest.strip_suffix(SUFFIX.as_bytes()))
        .is_some_and(|digits| {
            digits.len() == DIGITS
                && digits
                    .iter()
                    .all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        })
}

/// A name that is not in use: random, since another process may write to the same directory.
fn new_name() -> OsString {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // Keyed with the system's random numbers; no further source of them is needed.
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(COUNT.fetch_add(1, Ordering::Relaxed));
    hasher.write_u32(std::process::id());
    format!("{PREFIX}{:0DIGITS$x}{SUFFIX}", hasher.finish()).into()
}

/// The name of a temporary file, which is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Temporary {
    dir: Arc<Dir>,
    name: OsString,
    kept: bool,
}

impl Temporary {
    /// Makes a file with such a name and at most this mode, and locks it. Its owner must be able to
    /// read and write it, or nobody could clean it.
    pub(crate) fn create(
        dir: &Arc<Dir>,
        mode: u32,
        readable: bool,
    ) -> io::Result<(Self, File, Metadata)> {
        let mut options = OpenOptions::new();
        options.write(true).read(readable).create_new(true);
        sys::mode(&mut options, mode);
        for _ in 0..TRIES {
            let name = new_name();
            let file = match dir.open_with(&name, &options) {
                Ok(file) => file.into_std(),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                Err(error) => return Err(error),
            };
            let temporary = Self {
                dir: Arc::clone(dir),
                name,
                kept: false,
            };
            match file.try_lock() {
                // Somebody cleans and has it open: it will be gone.
                Err(TryLockError::WouldBlock) => continue,
                // A file system without locks is one where nothing can be cleaned.
                Err(TryLockError::Error(_)) | Ok(()) => {}
            }
            let metadata = file.metadata()?;
            if !sys::is_unlinked(&metadata) {
                return Ok((temporary, file, metadata));
            }
        }
        Err(io::ErrorKind::ResourceBusy.into())
    }

    /// Gives the file its name, in place of what has it.
    pub(crate) fn rename(mut self, name: &OsString) -> io::Result<()> {
        self.dir.rename(&self.name, &self.dir, name)?;
        self.kept = true;
        Ok(())
    }

    /// Gives the file its name, if nothing has it.
    pub(crate) fn rename_new(mut self, name: &OsString) -> io::Result<()> {
        sys::rename_new(&self.dir, &self.name, &self.dir, name)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.kept {
            // What cannot be removed is cleaned at the next start.
            let _ = self.dir.remove_file(&self.name);
        }
    }
}

/// Removes stale files below a directory, looking at no more than so many entries, and tells how
/// many there were. Errors are left alone: what cannot be looked at or removed stays.
pub(crate) fn clean(root: &Dir, mut budget: usize) -> usize {
    let mut removed = 0;
    // Paths and not open directories, so that a broad tree does not use up the descriptors.
    let mut ahead = vec![PathBuf::from(".")];
    while let Some(path) = ahead.pop() {
        let Ok(dir) = root.open_dir(&path) else {
            continue;
        };
        let Ok(entries) = dir.entries() else { continue };
        for entry in entries.flatten() {
            if budget == 0 {
                return removed;
            }
            budget -= 1;
            let name = entry.file_name();
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            if kind.is_dir() {
                ahead.push(path.join(name));
            } else if kind.is_file() && is_own(name.as_encoded_bytes()) && remove_stale(&dir, &name)
            {
                removed += 1;
            }
        }
    }
    removed
}

/// Removes the stale files in a directory if it holds nothing else; false if it does, or if one
/// of them is live.
pub(crate) fn clear(dir: &Dir) -> io::Result<Cleared> {
    let mut cleared = Cleared::Empty;
    for entry in dir.entries()? {
        let name = entry?.file_name();
        if !is_own(name.as_encoded_bytes()) {
            return Ok(Cleared::NotEmpty);
        }
        if !remove_stale(dir, &name) {
            cleared = Cleared::InUse;
        }
    }
    Ok(cleared)
}

/// What [`clear`] left.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cleared {
    /// Nothing.
    Empty,
    /// Something that clients see.
    NotEmpty,
    /// An upload that is under way.
    InUse,
}

fn remove_stale(dir: &Dir, name: &OsString) -> bool {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    sys::no_wait(&mut options);
    let Ok(file) = dir.open_with(name, &options) else {
        return false;
    };
    file.into_std().try_lock().is_ok() && dir.remove_file(name).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_own_names() {
        for _ in 0..100 {
            let name = new_name();
            assert!(is_own(name.as_encoded_bytes()), "{name:?}");
            assert!(is_reserved(name.as_encoded_bytes()), "{name:?}");
        }
        for name in [
            ".ftpkit-.part",
            ".ftpkit-0123456789abcde.part",
            ".ftpkit-0123456789ABCDEF.part",
            ".ftpkit-0123456789abcdef.parts",
        ] {
            assert!(!is_own(name.as_bytes()), "{name}");
        }
        assert!(!is_reserved(b".ftpkit-.par"));
        assert!(!is_reserved(b".ftpkit-part"));
    }
}
