//! A client of SFTP over SSH: [`SftpClient`].
//!
//! ```no_run
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> ftpkit_ssh::client::Result<()> {
//! use ftpkit_ssh::client::SftpClient;
//!
//! let client = SftpClient::connect("sftp://ana@sftp.example.org").await?;
//! client.download_to("reports/today.csv", "today.csv").await?;
//! client.upload_from("answer.txt", "answer.txt").await?;
//! client.close().await;
//! # Ok(()) }
//! ```
//!
//! - **The host is checked.** By default it must be in `~/.ssh/known_hosts`; [`KnownHosts`] has
//!   the other ways. One that shows another key than it is known by is always refused.
//! - **Many requests at once.** A client is a handle that can be cloned; all its clones share one
//!   session, and their requests and transfers run beside each other.
//! - **Dropping a future takes its request back**, and leaves the session in a known state.
//! - **Memory is bounded**: a transfer whose other end is slow is held, at a few megabytes.

mod agent;
mod auth;
mod builder;
mod error;
mod handler;
mod known_hosts;
mod list;
mod remote;
mod session;
mod transfer;

use std::{fmt, path::Path, sync::Arc};

use bytes::Bytes;
use ftpkit_sftp::{
    client::{Outcome, Request},
    packet::{Attributes, Extension, Limits, Statvfs},
};

use self::session::{Command, Feed, Link};
pub use self::{
    auth::Question,
    builder::SftpBuilder,
    error::{Error, ErrorKind, Result, Step},
    handler::Agreed,
    known_hosts::{Answer, Fingerprint, FingerprintError, HostKey, KnownHosts, UnknownHost},
    list::Listing,
    remote::{Remote, RemoteConfig},
    transfer::{
        Download, DownloadTo, Progress, Reader, Transfer, Transferred, Upload, UploadFrom, Writer,
    },
};
pub use ftpkit_sftp::client::{Entry, Existing};

/// A session with an SFTP server.
///
/// Paths are bytes, since a server's names need not be UTF-8: `&str`, `String` and `&[u8]` all
/// do. They are relative to the home directory of the user. The session ends with
/// [`close`](Self::close), or when its last handle and transfer are dropped.
#[derive(Clone)]
pub struct SftpClient {
    link: Arc<Link>,
    agreed: Arc<Agreed>,
}

impl SftpClient {
    /// Connects to `sftp://user:password@host:port` and logs in; without a user as the one who
    /// runs this program. The path of the URL is left alone. Keys are taken from an agent and
    /// from `~/.ssh`.
    ///
    /// # Errors
    /// As [`SftpBuilder::connect`].
    pub async fn connect(url: &str) -> Result<Self> {
        SftpBuilder::new().url(url).connect().await
    }

    /// Begins a session with settings of its own.
    pub fn builder() -> SftpBuilder {
        SftpBuilder::new()
    }

    /// The server, as `host:port`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.link.host
    }

    /// What was agreed on with the server, and the key of its host.
    #[must_use]
    pub fn agreed(&self) -> &Agreed {
        &self.agreed
    }

    /// The extensions that the server offers, of those that are known here.
    #[must_use]
    pub fn extensions(&self) -> &[Extension] {
        self.link.extensions.get().map_or(&[], Vec::as_slice)
    }

    /// The limits of the server, where it tells them and has done so yet.
    #[must_use]
    pub fn limits(&self) -> Option<Limits> {
        self.link.limits.get().copied()
    }

    /// Whether the session is known to be over. It may be lost without being known yet.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.link.is_closed()
    }

    /// Ends the session for all its handles; what is under way ends as
    /// [`ErrorKind::Disconnected`].
    pub async fn close(self) {
        let (sender, done) = tokio::sync::oneshot::channel();
        self.link.send(Command::Close(sender));
        // A task that is gone already has closed it.
        let _ = done.await;
    }

    /// A directory's entries, in no order, as they come.
    ///
    /// # Errors
    /// They come from the listing.
    pub fn list(&self, path: impl AsRef<[u8]>) -> Listing {
        Listing::new(&self.link, path.as_ref())
    }

    /// What is known of a file; a symbolic link is followed.
    ///
    /// # Errors
    /// [`ErrorKind::NotFound`], and what else the server refuses with.
    pub async fn metadata(&self, path: impl AsRef<[u8]>) -> Result<Attributes> {
        let path = path.as_ref();
        self.attributes(path, Request::Stat(owned(path))).await
    }

    /// What is known of a file, or of the symbolic link itself.
    ///
    /// # Errors
    /// As [`metadata`](Self::metadata).
    pub async fn symlink_metadata(&self, path: impl AsRef<[u8]>) -> Result<Attributes> {
        let path = path.as_ref();
        self.attributes(path, Request::Lstat(owned(path))).await
    }

    /// Makes a directory, with the permissions that the server gives it.
    ///
    /// # Errors
    /// Where the server refuses, as for one that exists.
    pub async fn create_dir(&self, path: impl AsRef<[u8]>) -> Result<()> {
        let path = path.as_ref();
        let request = Request::Mkdir {
            path: owned(path),
            attributes: Attributes::default(),
        };
        self.done(Step::CreateDir, path, request).await
    }

    /// Removes a directory, which must be empty.
    ///
    /// # Errors
    /// Where the server refuses.
    pub async fn remove_dir(&self, path: impl AsRef<[u8]>) -> Result<()> {
        let path = path.as_ref();
        let request = Request::Rmdir(owned(path));
        self.done(Step::RemoveDir, path, request).await
    }

    /// Removes a file, or a symbolic link itself.
    ///
    /// # Errors
    /// Where the server refuses, as for one that is not there.
    pub async fn remove_file(&self, path: impl AsRef<[u8]>) -> Result<()> {
        let path = path.as_ref();
        let request = Request::Remove(owned(path));
        self.done(Step::RemoveFile, path, request).await
    }

    /// Renames or moves a file or directory; `existing` says what becomes of a file that has the
    /// new name.
    ///
    /// # Errors
    /// Where the server refuses; [`ErrorKind::Unsupported`] for [`Existing::Replace`] with a
    /// server that cannot replace in one step.
    pub async fn rename(
        &self,
        from: impl AsRef<[u8]>,
        to: impl AsRef<[u8]>,
        existing: Existing,
    ) -> Result<()> {
        let from = from.as_ref();
        let request = Request::Rename {
            from: owned(from),
            to: owned(to.as_ref()),
            existing,
        };
        self.done(Step::Rename, from, request).await
    }

    /// Sets attributes of a file; a symbolic link is followed. What is not given stays as it is.
    ///
    /// # Errors
    /// Where the server refuses.
    pub async fn set_attributes(
        &self,
        path: impl AsRef<[u8]>,
        attributes: Attributes,
    ) -> Result<()> {
        let path = path.as_ref();
        let request = Request::Setstat {
            path: owned(path),
            attributes,
        };
        self.done(Step::SetAttributes, path, request).await
    }

    /// Makes a symbolic link that leads to `target`.
    ///
    /// # Errors
    /// Where the server refuses.
    pub async fn symlink(&self, target: impl AsRef<[u8]>, link: impl AsRef<[u8]>) -> Result<()> {
        let link = link.as_ref();
        let request = Request::Symlink {
            target: owned(target.as_ref()),
            link: owned(link),
        };
        self.done(Step::Link, link, request).await
    }

    /// Gives a file a second name.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] where the server does not offer it, others where it refuses.
    pub async fn hard_link(
        &self,
        existing: impl AsRef<[u8]>,
        link: impl AsRef<[u8]>,
    ) -> Result<()> {
        let link = link.as_ref();
        let request = Request::Hardlink {
            from: owned(existing.as_ref()),
            to: owned(link),
        };
        self.done(Step::Link, link, request).await
    }

    /// Where a symbolic link leads: bytes that may be anything.
    ///
    /// # Errors
    /// Where the server refuses, as for what is no link.
    pub async fn read_link(&self, path: impl AsRef<[u8]>) -> Result<Bytes> {
        let path = path.as_ref();
        self.path(Step::ReadLink, path, Request::Readlink(owned(path)))
            .await
    }

    /// A path made absolute and plain by the server; of `.`, the home directory.
    ///
    /// # Errors
    /// Where the server refuses.
    pub async fn canonicalize(&self, path: impl AsRef<[u8]>) -> Result<Bytes> {
        let path = path.as_ref();
        self.path(Step::Resolve, path, Request::Realpath(owned(path)))
            .await
    }

    /// The space of the file system where `path` is.
    ///
    /// # Errors
    /// [`ErrorKind::Unsupported`] where the server does not offer it, others where it refuses.
    pub async fn space(&self, path: impl AsRef<[u8]>) -> Result<Statvfs> {
        let path = path.as_ref();
        let request = Request::Statvfs(owned(path));
        match self.ask(Step::Space, path, request).await? {
            Outcome::Statvfs(space) => Ok(space),
            _ => Err(self.odd(Step::Space, path)),
        }
    }

    /// Downloads a file into `sink`, which is flushed at the end.
    ///
    /// ```no_run
    /// # async fn example(client: &ftpkit_ssh::client::SftpClient) -> ftpkit_ssh::client::Result<()> {
    /// let mut bytes = Vec::new();
    /// client.download("data.bin", &mut bytes).await?;
    /// # Ok(()) }
    /// ```
    pub fn download<'t, W>(&self, path: impl AsRef<[u8]>, sink: W) -> Transfer<'t, Download<W>> {
        Transfer::new(self.clone(), path.as_ref(), Download(sink))
    }

    /// Downloads a file into a local one, which appears, or is replaced, only when the download
    /// is complete.
    pub fn download_to<'t>(
        &self,
        path: impl AsRef<[u8]>,
        local: impl AsRef<Path>,
    ) -> Transfer<'t, DownloadTo> {
        Transfer::new(self.clone(), path.as_ref(), DownloadTo::new(local.as_ref()))
    }

    /// Uploads what `source` gives until its end. When it fails, what arrived stays.
    pub fn upload<'t, R>(&self, source: R, path: impl AsRef<[u8]>) -> Transfer<'t, Upload<R>> {
        Transfer::new(self.clone(), path.as_ref(), Upload(source))
    }

    /// Uploads a local file.
    pub fn upload_from<'t>(
        &self,
        local: impl AsRef<Path>,
        path: impl AsRef<[u8]>,
    ) -> Transfer<'t, UploadFrom> {
        Transfer::new(self.clone(), path.as_ref(), UploadFrom::new(local.as_ref()))
    }

    /// Opens a file to read it from an offset on.
    ///
    /// # Errors
    /// They come from the reader.
    #[must_use]
    pub fn reader(&self, path: impl AsRef<[u8]>, offset: u64) -> Reader {
        Reader::new(&self.link, path.as_ref(), offset)
    }

    /// Opens a file to write it from an offset on; at 0 it is made, or emptied first.
    ///
    /// # Errors
    /// They come from the writer.
    #[must_use]
    pub fn writer(&self, path: impl AsRef<[u8]>, offset: u64) -> Writer {
        Writer::new(&self.link, path.as_ref(), offset)
    }

    async fn attributes(&self, path: &[u8], request: Request) -> Result<Attributes> {
        match self.ask(Step::Metadata, path, request).await? {
            Outcome::Attributes(attributes) => Ok(attributes),
            _ => Err(self.odd(Step::Metadata, path)),
        }
    }

    async fn path(&self, step: Step, path: &[u8], request: Request) -> Result<Bytes> {
        match self.ask(step, path, request).await? {
            Outcome::Path(found) => Ok(found),
            _ => Err(self.odd(step, path)),
        }
    }

    async fn done(&self, step: Step, path: &[u8], request: Request) -> Result<()> {
        self.ask(step, path, request).await.map(drop)
    }

    async fn ask(&self, step: Step, path: &[u8], request: Request) -> Result<Outcome> {
        let mut running = self.link.begin(request, Feed::None);
        let outcome = running.outcome(step).await;
        outcome.map_err(|error| error.with_path(path))
    }

    /// The machine holds answers against requests, so that this is never seen.
    fn odd(&self, step: Step, path: &[u8]) -> Error {
        Error::new(ErrorKind::Protocol, step)
            .with_host(self.host())
            .with_path(path)
            .with_detail("the answer is one to another question")
    }
}

impl fmt::Debug for SftpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SftpClient")
            .field("host", &self.host())
            .field("closed", &self.is_closed())
            .finish_non_exhaustive()
    }
}

/// A path for the wire. The home directory is `.`: an empty path is refused by some servers.
fn owned(path: &[u8]) -> Bytes {
    match path {
        b"" => Bytes::from_static(b"."),
        path => Bytes::copy_from_slice(path),
    }
}
