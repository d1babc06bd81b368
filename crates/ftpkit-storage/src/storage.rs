//! [`Storage`] and [`File`], which every backend, layer and remote side implements, with the
//! options and answers of their methods.

mod answers;
mod capabilities;
mod copy;
mod delegate;
mod options;

use std::pin::Pin;

use async_trait::async_trait;
use bytes::Bytes;
use futures::{Stream, TryStreamExt as _};

pub use self::{
    answers::{Algorithm, Committed, Names, Space},
    capabilities::Capabilities,
    copy::{check_apart, copy_blocks},
    options::{Access, Existing, OpenOptions, UploadPolicy},
};
use crate::{
    error::{Error, ErrorKind, Result},
    metadata::{Entry, Metadata, NamePage, SetAttributes},
    path::VirtualPath,
};

/// The entries of a directory in pages, in no order, without `.` and `..`.
///
/// A page is never empty and holds a thousand entries or so at most, so that a directory of any
/// size is never in memory as a whole, and an entry does not cost a poll.
/// [`collect_entries`] gathers a small one.
pub type EntryStream = Pin<Box<dyn Stream<Item = Result<Vec<Entry>>> + Send>>;

/// The names of a directory's entries in pages, in no order, without `.` and `..`. A page is
/// never empty, and holds a few thousand at most.
pub type NameStream = Pin<Box<dyn Stream<Item = Result<NamePage>> + Send>>;

/// Gathers a whole directory, up to `limit` entries; what is beyond is left out.
///
/// # Errors
/// The first error of the listing.
pub async fn collect_entries(mut pages: EntryStream, limit: usize) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    while entries.len() < limit {
        let Some(page) = pages.try_next().await? else {
            break;
        };
        let room = limit - entries.len();
        entries.extend(page.into_iter().take(room));
    }
    Ok(entries)
}

/// A place for files: a local directory, memory, an object store, a remote server, or a layer
/// over one of these.
///
/// All methods take `&self` and may be called at the same time from several tasks. A future
/// that is dropped leaves the storage consistent; whether the change happened is open then.
/// Symbolic links within a path are followed; the last component is followed where a method
/// says so. What a storage cannot do fails with [`ErrorKind::Unsupported`], and
/// [`capabilities`](Self::capabilities) says so beforehand.
#[async_trait]
pub trait Storage: Send + Sync {
    /// What this storage can do, for FEAT, OPTS MLST and SFTP extensions.
    fn capabilities(&self) -> Capabilities;

    /// What is known of a file; a symbolic link is followed.
    async fn metadata(&self, path: &VirtualPath) -> Result<Metadata>;

    /// What is known of a file, or of the symbolic link itself.
    async fn symlink_metadata(&self, path: &VirtualPath) -> Result<Metadata> {
        self.metadata(path).await
    }

    /// Whether this user may make it the working directory.
    ///
    /// # Errors
    /// [`ErrorKind::NotADirectory`] if it is something else; [`ErrorKind::Denied`].
    async fn may_enter(&self, path: &VirtualPath) -> Result<()> {
        if self.metadata(path).await?.is_directory() {
            Ok(())
        } else {
            let error = Error::new(ErrorKind::NotADirectory);
            Err(error.at(path).during("enter"))
        }
    }

    /// The entries of a directory; a symbolic link to one is followed.
    ///
    /// # Errors
    /// [`ErrorKind::NotADirectory`] if it is something else. Errors of the listing itself may
    /// also come later, from the stream.
    async fn list(&self, path: &VirtualPath) -> Result<EntryStream>;

    /// The names of these entries, for whoever looks at nothing else (NLST). Worth its own way
    /// where names are known sooner than the rest.
    ///
    /// # Errors
    /// As [`list`](Self::list).
    async fn list_names(&self, path: &VirtualPath) -> Result<NameStream> {
        let pages = self.list(path).await?;
        Ok(Box::pin(pages.map_ok(|page| NamePage::of(&page))))
    }

    /// Opens a file; a symbolic link is followed.
    ///
    /// # Errors
    /// [`ErrorKind::IsADirectory`] for a directory, and what [`OpenOptions`] says.
    async fn open(&self, path: &VirtualPath, options: OpenOptions) -> Result<Box<dyn File>>;

    /// Makes a directory in one that is there.
    ///
    /// # Errors
    /// [`ErrorKind::Exists`] if anything of this name is there.
    async fn create_dir(&self, path: &VirtualPath) -> Result<()> {
        Err(unsupported(path, "create"))
    }

    /// Removes an empty directory. A symbolic link is none.
    ///
    /// # Errors
    /// [`ErrorKind::NotEmpty`]; [`ErrorKind::NotADirectory`]; [`ErrorKind::Denied`] for the
    /// root.
    async fn remove_dir(&self, path: &VirtualPath) -> Result<()> {
        Err(unsupported(path, "remove"))
    }

    /// Removes a file, or a symbolic link itself. Readers that have it open read on.
    ///
    /// # Errors
    /// [`ErrorKind::IsADirectory`] for a directory.
    async fn remove_file(&self, path: &VirtualPath) -> Result<()> {
        Err(unsupported(path, "remove"))
    }

    /// Gives a file, directory or symbolic link another name. A file that has the new name
    /// already is replaced atomically, if `existing` allows it; a directory never is.
    ///
    /// # Errors
    /// [`ErrorKind::Exists`] if the new name is taken by a directory, or taken at all with
    /// [`Existing::Keep`]; [`ErrorKind::Invalid`] for a directory that would move into itself;
    /// [`ErrorKind::Denied`] for the root.
    async fn rename(&self, from: &VirtualPath, to: &VirtualPath, existing: Existing) -> Result<()> {
        let _ = (to, existing);
        Err(unsupported(from, "rename"))
    }

    /// Copies a file's content to another name, within the storage; what is there is replaced
    /// atomically. Symbolic links are followed.
    async fn copy(&self, from: &VirtualPath, to: &VirtualPath) -> Result<()> {
        let _ = to;
        Err(unsupported(from, "copy"))
    }

    /// Makes a symbolic link that leads to `target`, which is kept as it is written and need not
    /// exist. A storage may refuse absolute targets, and need not follow any that lead outside.
    async fn symlink(&self, target: &[u8], link: &VirtualPath) -> Result<()> {
        let _ = target;
        Err(unsupported(link, "link"))
    }

    /// Gives a file a second name. A symbolic link is not followed.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] if it is no file; [`ErrorKind::Exists`] if the new name is taken.
    async fn hard_link(&self, existing: &VirtualPath, link: &VirtualPath) -> Result<()> {
        let _ = existing;
        Err(unsupported(link, "link"))
    }

    /// Where a symbolic link leads, as it was written.
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] if it is none.
    async fn read_link(&self, path: &VirtualPath) -> Result<Bytes> {
        Err(unsupported(path, "read the link"))
    }

    /// Changes what is known of a file; a symbolic link is followed.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`], with nothing changed, if one of them cannot be changed here.
    async fn set_attributes(&self, path: &VirtualPath, attributes: &SetAttributes) -> Result<()> {
        let _ = attributes;
        Err(unsupported(path, "set attributes of"))
    }

    /// Changes what is known of a file, or of the symbolic link itself
    /// ([`Capabilities::SYMLINK_ATTRIBUTES`]; `lsetstat@openssh.com`).
    ///
    /// # Errors
    /// As [`set_attributes`](Self::set_attributes): not every system can change all that a link
    /// has, and none its size.
    async fn set_symlink_attributes(
        &self,
        path: &VirtualPath,
        attributes: &SetAttributes,
    ) -> Result<()> {
        let _ = attributes;
        Err(unsupported(path, "set attributes of"))
    }

    /// The checksum of `length` bytes of a file from `offset` on, or of all up to its end; for
    /// stores that have it at hand or nearer than the caller.
    async fn checksum(
        &self,
        path: &VirtualPath,
        algorithm: Algorithm,
        offset: u64,
        length: Option<u64>,
    ) -> Result<Bytes> {
        let _ = (algorithm, offset, length);
        Err(unsupported(path, "checksum"))
    }

    /// How much space the storage has where `path` is.
    async fn space(&self, path: &VirtualPath) -> Result<Space> {
        Err(unsupported(path, "ask for the space of"))
    }

    /// The names of users and groups by their numbers, in the order of these
    /// ([`Capabilities::NAMES`]; `users-groups-by-id@openssh.com`).
    async fn names(&self, users: &[u32], groups: &[u32]) -> Result<Names> {
        let _ = (users, groups);
        Err(Error::new(ErrorKind::Unsupported).during("ask for names"))
    }
}

fn unsupported(path: &VirtualPath, step: &'static str) -> Error {
    Error::new(ErrorKind::Unsupported).at(path).during(step)
}

/// An open file.
///
/// Positions are arguments: blocks may be read and written in any order, and several at a time
/// ([`Capabilities::ANY_ORDER`]). What was opened for writing ends with [`commit`](Self::commit); dropped
/// without it, it is an interrupted upload, and [`OpenOptions`] says what remains of it.
#[async_trait]
pub trait File: Send + Sync {
    /// Reads at this offset into `buf`; fewer bytes than fit may come, zero only at the end.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] if it was opened for writing only;
    /// [`OpenOptions::readable`] says how it is not.
    async fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize>;

    /// Writes all of `data` at this offset. A gap that this leaves reads as zeros.
    ///
    /// # Errors
    /// [`ErrorKind::Denied`] if it was opened for reading; [`ErrorKind::NoSpace`],
    /// [`ErrorKind::Quota`]; after an error part of it may have been written.
    async fn write_at(&self, offset: u64, data: &[u8]) -> Result<()>;

    /// Where a sequential reader or writer starts: at the end for
    /// [`OpenOptions::append`], at the offset for [`OpenOptions::write_at`], otherwise at 0.
    fn start(&self) -> u64 {
        0
    }

    /// Ends it: what was written is durable and visible under its name when this returns.
    ///
    /// # Errors
    /// After any error the upload counts as interrupted. [`ErrorKind::Exists`] if it was opened
    /// with [`OpenOptions::create_new`] and the name has been taken since.
    async fn commit(self: Box<Self>) -> Result<Committed>;

    /// What is known of it now; of an upload, its size so far, and the attributes that it will
    /// have.
    async fn metadata(&self) -> Result<Metadata>;

    /// Changes what is known of it, also the size of what was opened for writing. Of an upload
    /// this takes effect with the commit, of what is written in place at once.
    ///
    /// # Errors
    /// As [`Storage::set_attributes`]; [`ErrorKind::Denied`] for the size of what was opened for
    /// reading.
    async fn set_attributes(&self, attributes: &SetAttributes) -> Result<()> {
        let _ = attributes;
        Err(ErrorKind::Unsupported.into())
    }

    /// Makes what has been written so far survive a loss of power, where the storage can
    /// ([`Capabilities::SYNC`]).
    async fn sync(&self) -> Result<()> {
        Ok(())
    }

    /// How much space the storage has where this file is; also of a file that has no name yet,
    /// or none any more.
    async fn space(&self) -> Result<Space> {
        Err(ErrorKind::Unsupported.into())
    }

    /// Copies `length` bytes of this file, or all up to its end, from the offset `from` on to the
    /// offset `at` of another one of the same storage, and tells how many that were: fewer than
    /// asked for where this one ends before. This one must be readable, and `to` writable, in
    /// any order. (The extension `copy-data` of SFTP.)
    ///
    /// What a storage cannot do faster is done with [`copy_blocks`].
    ///
    /// # Errors
    /// [`ErrorKind::Invalid`] if both are the same file, opened once or twice. After an error
    /// part of it may have been written.
    async fn copy_range(
        &self,
        from: u64,
        length: Option<u64>,
        to: &dyn File,
        at: u64,
    ) -> Result<u64> {
        check_apart(self, to).await?;
        copy_blocks(self, from, length, to, at).await
    }

    /// The descriptor, if all of the file's bytes may be moved through it by the system
    /// (sendfile, splice). It is readable or writable as the file was opened. A layer that
    /// counts, limits or changes bytes keeps it to itself.
    fn as_local(&self) -> Option<LocalFile<'_>> {
        None
    }
}

/// What [`File::as_local`] lends: a descriptor.
#[cfg(unix)]
pub type LocalFile<'a> = std::os::fd::BorrowedFd<'a>;
/// What [`File::as_local`] lends: a handle.
#[cfg(windows)]
pub type LocalFile<'a> = std::os::windows::io::BorrowedHandle<'a>;
/// What [`File::as_local`] lends: nothing on this system.
#[cfg(not(any(unix, windows)))]
pub type LocalFile<'a> = &'a std::convert::Infallible;
