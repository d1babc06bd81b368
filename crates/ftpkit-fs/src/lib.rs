//! A local directory as an ftpkit storage, confined by capability.
//!
//! [`LocalDirectory`] serves what is below one directory and nothing else: no path, no `..` and
//! no symbolic link, however fast somebody exchanges them, leads out of it. Uploads become
//! visible as a whole.
//!
//! ```
//! use ftpkit_fs::LocalDirectory;
//! use ftpkit_storage::{OpenOptions, Storage, VirtualPath};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), ftpkit_storage::Error> {
//! # let temporary = tempfile::tempdir()?;
//! # let root = temporary.path();
//! let storage = LocalDirectory::builder(root).umask(0o027).build()?;
//! let path = VirtualPath::try_from("/hello.txt")?;
//! let file = storage.open(&path, OpenOptions::replace()).await?;
//! file.write_at(0, b"hello").await?;
//! assert!(!root.join("hello.txt").exists());
//! file.commit().await?;
//! assert_eq!(std::fs::read(root.join("hello.txt"))?, b"hello");
//! # Ok(())
//! # }
//! ```

mod builder;
mod directory;
mod error;
mod file;
mod list;
mod metadata;
mod name;
#[cfg(all(unix, feature = "names"))]
mod people;
mod place;
mod sys;
mod temporary;

pub use crate::{
    builder::{Builder, Durability},
    directory::LocalDirectory,
};
