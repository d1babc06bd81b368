//! What storages share that send an upload under a temporary name beside its target, and rename it
//! at the commit: these names, and the names that uploads have taken meanwhile. For servers that
//! are reached over a protocol; a local directory has names of its own.

use std::{
    collections::HashSet,
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::path::VirtualPath;

/// How a temporary name begins and ends.
const AROUND: (&[u8], &[u8]) = (b".upload-", b".ftpkit");

/// A temporary name that nobody else has, as far as chance goes.
#[must_use]
pub fn temporary_name() -> Vec<u8> {
    let number = RandomState::new().build_hasher().finish();
    let (start, end) = AROUND;
    [start, format!("{number:016x}").as_bytes(), end].concat()
}

/// Whether a name of a directory is such a one, to be left out of its listing.
#[must_use]
pub fn is_temporary(name: &[u8]) -> bool {
    let (start, end) = AROUND;
    name.strip_prefix(start)
        .and_then(|rest| rest.strip_suffix(end))
        .is_some_and(|digits| digits.len() == 16 && digits.iter().all(u8::is_ascii_hexdigit))
}

/// The names of uploads that must be new, and are not committed yet.
#[derive(Debug, Default)]
pub struct Reservations(Arc<Mutex<HashSet<VirtualPath>>>);

impl Reservations {
    /// Takes a name until what this gives is dropped; `None` if it is taken.
    #[must_use]
    pub fn take(&self, path: &VirtualPath) -> Option<Reserved> {
        lock(&self.0).insert(path.clone()).then(|| Reserved {
            all: Arc::clone(&self.0),
            path: path.clone(),
        })
    }
}

/// A name that an upload has taken.
#[derive(Debug)]
pub struct Reserved {
    all: Arc<Mutex<HashSet<VirtualPath>>>,
    path: VirtualPath,
}

impl Drop for Reserved {
    fn drop(&mut self) {
        lock(&self.all).remove(&self.path);
    }
}

fn lock(all: &Mutex<HashSet<VirtualPath>>) -> MutexGuard<'_, HashSet<VirtualPath>> {
    all.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn temporary_names_are_known_and_others_are_not() {
        let (one, other) = (temporary_name(), temporary_name());
        assert!(is_temporary(&one) && is_temporary(&other));
        assert_ne!(one, other);
        for name in [
            &b".upload-0123456789abcdeg.ftpkit"[..],
            b".upload-0123456789abcde.ftpkit",
            b".upload-.ftpkit",
            b"upload-0123456789abcdef.ftpkit",
            b".upload-0123456789abcdef",
            b"",
        ] {
            assert!(!is_temporary(name), "{}", name.escape_ascii());
        }
    }

    #[test]
    fn a_name_is_taken_once_until_it_is_given_back() {
        let (all, path) = (Reservations::default(), VirtualPath::root());
        let held = all.take(&path);
        assert!(held.is_some());
        assert!(all.take(&path).is_none());
        drop(held);
        assert!(all.take(&path).is_some());
    }
}
