//! Names of a directory that may be believed: [`Entry`] and [`Page`].

use alloc::vec::Vec;

use bytes::Bytes;

use crate::packet::{Attributes, Name};

/// One name of a directory, with what the server says of it.
///
/// The name is one component: not empty, without `/` and NUL, and neither `.` nor `..`. A file
/// system with more rules of its own (`\`, drives, reserved names) must still apply those.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    name: Bytes,
    /// The line of `ls -l`, for people only.
    pub longname: Bytes,
    /// Its attributes, of a symbolic link itself.
    pub attributes: Attributes,
}

impl Entry {
    /// The name: bytes in no particular encoding.
    #[must_use]
    pub const fn name(&self) -> &Bytes {
        &self.name
    }
}

/// What one READDIR gave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The names, without `.` and `..`, as the server has ordered them.
    pub entries: Vec<Entry>,
    /// What is no name of a file: empty, or with `/` or NUL in it. Nobody but a hostile or broken
    /// server sends these, and they must not become a path. To be shown, escaped, at most.
    pub refused: Vec<Bytes>,
}

impl Page {
    pub(super) fn new(names: Vec<Name>) -> Self {
        let mut page = Self::default();
        for name in names {
            match &name.name[..] {
                b"." | b".." => {}
                bytes if bytes.is_empty() || bytes.iter().any(|b| matches!(b, b'/' | 0)) => {
                    page.refused.push(name.name);
                }
                _ => page.entries.push(Entry {
                    name: name.name,
                    longname: name.longname,
                    attributes: name.attributes,
                }),
            }
        }
        page
    }
}
