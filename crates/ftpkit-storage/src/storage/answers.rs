//! What the methods of storages and files are asked for and answer.

use bytes::Bytes;

#[cfg(doc)]
use super::{File, Storage};

/// What [`File::commit`] made of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Committed {
    /// The size of the whole file, in bytes.
    pub size: u64,
}

impl Committed {
    /// The file has this size.
    #[must_use]
    pub const fn new(size: u64) -> Self {
        Self { size }
    }
}

/// Algorithms of [`Storage::checksum`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Algorithm {
    /// CRC-32 as in zlib, big-endian.
    Crc32,
    /// MD5.
    Md5,
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

/// The space of a storage. `None` is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Space {
    /// All of it, in bytes.
    pub total: u64,
    /// What this user can still write, in bytes.
    pub available: u64,
    /// What is free, with what is kept for the superuser, in bytes.
    pub free: Option<u64>,
    /// The size of a block that is moved well, in bytes.
    pub block_size: Option<u64>,
    /// The unit in which space is given away, in bytes; what is counted in bytes here is a
    /// multiple of it where it is known.
    pub fragment_size: Option<u64>,
    /// How many files there can be in all.
    pub files: Option<u64>,
    /// How many more there can be.
    pub files_free: Option<u64>,
    /// How many more this user can make.
    pub files_available: Option<u64>,
    /// A number that tells this file system from others.
    pub id: Option<u64>,
    /// Whether nothing in it can be changed.
    pub read_only: Option<bool>,
    /// The longest name of a file, in bytes.
    pub name_max: Option<u64>,
}

impl Space {
    /// This many bytes in all, of which this many are available, and nothing else known.
    #[must_use]
    pub const fn new(total: u64, available: u64) -> Self {
        Self {
            total,
            available,
            free: None,
            block_size: None,
            fragment_size: None,
            files: None,
            files_free: None,
            files_available: None,
            id: None,
            read_only: None,
            name_max: None,
        }
    }
}

/// What [`Storage::names`] found: as many as were asked for, in their order; `None` is a number
/// without a name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Names {
    /// The names of the users.
    pub users: Vec<Option<Bytes>>,
    /// The names of the groups.
    pub groups: Vec<Option<Bytes>>,
}

impl Names {
    /// These names.
    #[must_use]
    pub const fn new(users: Vec<Option<Bytes>>, groups: Vec<Option<Bytes>>) -> Self {
        Self { users, groups }
    }
}
