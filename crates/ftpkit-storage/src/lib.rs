//! The storage traits of ftpkit: paths, metadata, the memory backend and layers.
//!
//! A server serves a [`Storage`], a client is one, and so are a local directory, memory and a
//! layer over another. A backend sees [`VirtualPath`]s only: a client's argument becomes one in
//! [`VirtualPath::join`] and nowhere else. This crate knows no protocol and no runtime.

#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
mod error;
#[cfg(feature = "hash")]
mod hash;
mod layer;
mod memory;
mod metadata;
mod path;
pub mod staging;
mod storage;

pub use async_trait::async_trait;

#[cfg(feature = "hash")]
pub use crate::hash::Hasher;
pub use crate::{
    error::{Error, ErrorKind, Result},
    layer::{ReadOnly, Rooted},
    memory::Memory,
    metadata::{Entry, Kind, Metadata, NamePage, SetAttributes},
    path::{PathError, VirtualPath},
    storage::{
        Access, Algorithm, Capabilities, Committed, EntryStream, Existing, File, LocalFile,
        NameStream, Names, OpenOptions, Space, Storage, UploadPolicy, check_apart, collect_entries,
        copy_blocks,
    },
};
