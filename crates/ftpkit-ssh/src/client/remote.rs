//! [`Remote`]: the files of an SFTP server as a [`Storage`](ftpkit_storage::Storage). Open files
//! are in `file`, directories in `pages`, the methods of the trait in `storage`, attributes of both
//! sides in `attributes`.

mod attributes;
mod file;
mod pages;
mod storage;

use std::{
    fmt,
    future::Future,
    sync::{Arc, Mutex as Lock, MutexGuard, PoisonError},
};

use bytes::Bytes;
use ftpkit_sftp::{
    client::{Outcome, Request},
    packet::{Attributes, Extension, Handle, StatusCode},
};
use ftpkit_storage::{
    Capabilities, Error as StorageError, ErrorKind as StorageErrorKind, Metadata, VirtualPath,
    staging::{Reservations, temporary_name},
};
use tokio::sync::{Mutex, watch};

use super::{
    SftpBuilder, SftpClient,
    error::{Error, ErrorKind, Result, Step},
    session::{Command, Feed, Link, Running},
};

/// As many symbolic links lead from one to the next at most.
const MOST_LINKS: usize = 16;

/// How a [`Remote`] uses its server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RemoteConfig {
    /// The directory of the server that is the root of the storage. By default it is empty, which
    /// means the home directory of the user.
    pub root: Vec<u8>,
    /// Whether uploads are written under their own name. Off by default: they are written under
    /// a temporary one in the same directory, and renamed at their commit. For servers that
    /// rename nothing; what an interrupted upload leaves is the server's choice then.
    pub direct_uploads: bool,
    /// Whether symbolic links may be made where the root is not that of the server. Off by default:
    /// the server follows a link wherever it leads, so that who may make one may leave the root.
    pub dangerous_links: bool,
    /// What of it may be used; everything by default. Version 3 of SFTP has no way to tell that a
    /// server makes no symbolic links, knows no owners, or takes uploads from their start to
    /// their end only: leave out here what is known not to work.
    pub capabilities: Capabilities,
}

impl Default for RemoteConfig {
    fn default() -> Self {
        Self {
            root: Vec::new(),
            direct_uploads: false,
            dangerous_links: false,
            capabilities: Capabilities::ALL,
        }
    }
}

/// The files of an SFTP server as a [`Storage`](ftpkit_storage::Storage), so that another server
/// can serve them, or a program use them like any other.
///
/// All its clones and open files share one session, in which requests run beside each other. A
/// session that was lost is begun anew; what was asked and changes nothing is asked once more
/// then, and an open file of the old session fails.
///
/// - A file is read ahead where it is read from one block to the next, and block by block where
///   a reader jumps. Blocks are written in any order, ahead of the server's answers: a refusal is
///   told by a later write or the commit.
/// - An upload goes to a hidden temporary name and is renamed at its commit (but see
///   [`RemoteConfig::direct_uploads`]). Whether it then replaces a file atomically depends on
///   `posix-rename@openssh.com`; without it the old file is removed first, and
///   [`Capabilities::ATOMIC_REPLACE`] is not claimed.
/// - Symbolic links that are there are followed by the server, wherever they lead: a root below the
///   server's own is a convenience, no wall. New ones are not made there (but see
///   [`RemoteConfig::dangerous_links`]).
/// - Links are counted by no SFTP server, and times are whole seconds.
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use ftpkit_ssh::client::{Remote, SftpClient};
/// use ftpkit_storage::{Storage as _, VirtualPath};
///
/// let remote = Remote::connect(|| SftpClient::builder().url("sftp://ana@sftp.example.org")).await?;
/// let today = VirtualPath::try_from("/reports/today.csv")?;
/// println!("{:?}", remote.metadata(&today).await?.size);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Remote(Arc<Inner>);

type Make = Box<dyn Fn() -> SftpBuilder + Send + Sync>;

struct Inner {
    make: Make,
    client: Mutex<SftpClient>,
    config: RemoteConfig,
    host: String,
    /// The path of the root, without a slash at its end.
    base: Vec<u8>,
    capabilities: Capabilities,
    /// The names of uploads that must be new.
    reserved: Reservations,
    /// Files that were dropped while something was being written in place.
    settling: Lock<Vec<(VirtualPath, watch::Receiver<()>)>>,
}

impl Remote {
    /// Begins a session, to see what the server can do. `make` is called for each session.
    ///
    /// # Errors
    /// As [`SftpBuilder::connect`].
    pub async fn connect(make: impl Fn() -> SftpBuilder + Send + Sync + 'static) -> Result<Self> {
        Self::connect_with(RemoteConfig::default(), make).await
    }

    /// Likewise, with settings of its own.
    ///
    /// # Errors
    /// As [`connect`](Self::connect); [`ErrorKind::NotFound`] and [`ErrorKind::Unsupported`] where
    /// the root is no directory of the server.
    pub async fn connect_with(
        config: RemoteConfig,
        make: impl Fn() -> SftpBuilder + Send + Sync + 'static,
    ) -> Result<Self> {
        let client = make().connect().await?;
        let mut base = client.canonicalize(&config.root).await?.to_vec();
        let root = client.metadata(&base).await?;
        let wrong = |detail: &'static str| {
            Error::new(ErrorKind::Unsupported, Step::Resolve)
                .with_host(client.host())
                .with_path(&config.root)
                .with_detail(detail)
        };
        if base.first() != Some(&b'/') {
            return Err(wrong("the server's paths do not begin with a slash"));
        }
        if !attributes::metadata(&root).is_directory() {
            return Err(wrong("the root of a storage must be a directory"));
        }
        while base.last() == Some(&b'/') {
            base.pop();
        }
        let mut capabilities = capabilities(&client, &config);
        if !base.is_empty() && !config.dangerous_links {
            capabilities = capabilities.without(Capabilities::MAKE_SYMLINKS);
        }
        Ok(Self(Arc::new(Inner {
            make: Box::new(make),
            host: client.host().to_owned(),
            client: Mutex::new(client),
            config,
            base,
            capabilities,
            reserved: Reservations::default(),
            settling: Lock::default(),
        })))
    }

    /// The server, as `host:port`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0.host
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("host", &self.0.host)
            .field("config", &self.0.config)
            .field("capabilities", &self.0.capabilities)
            .finish_non_exhaustive()
    }
}

/// What this server is good for.
fn capabilities(client: &SftpClient, config: &RemoteConfig) -> Capabilities {
    let mut can = Capabilities::WRITE
        | Capabilities::IN_PLACE
        | Capabilities::ANY_ORDER
        | Capabilities::MODES
        | Capabilities::OWNERS
        | Capabilities::SET_TIMES
        | Capabilities::SYMLINKS
        | Capabilities::MAKE_SYMLINKS;
    for extension in client.extensions() {
        can = can
            | match extension {
                Extension::PosixRename if !config.direct_uploads => Capabilities::ATOMIC_REPLACE,
                Extension::Statvfs => Capabilities::SPACE,
                Extension::Hardlink => Capabilities::HARD_LINKS,
                Extension::Fsync => Capabilities::SYNC,
                Extension::Lsetstat => Capabilities::SYMLINK_ATTRIBUTES,
                Extension::CopyData => Capabilities::COPY,
                Extension::UsersGroupsById => Capabilities::NAMES,
                _ => Capabilities::NONE,
            };
    }
    can.intersection(config.capabilities)
}

/// What is open on the server, until this goes.
struct Opened {
    link: Arc<Link>,
    handle: Handle,
    closed: bool,
}

impl Opened {
    async fn open(client: &SftpClient, step: Step, request: Request) -> Result<Self> {
        let link = &client.link;
        match link.begin(request, Feed::None).outcome(step).await? {
            Outcome::Handle(handle) => Ok(Self {
                link: Arc::clone(link),
                handle,
                closed: false,
            }),
            _ => Err(odd(step)),
        }
    }

    /// Begins what is asked of the handle.
    fn begin(&self, request: impl FnOnce(Handle) -> Request) -> Running {
        self.link.begin(request(self.handle.clone()), Feed::None)
    }

    async fn ask(&self, step: Step, request: impl FnOnce(Handle) -> Request) -> Result<Outcome> {
        self.begin(request).outcome(step).await
    }

    async fn attributes(&self) -> Result<Attributes> {
        match self.ask(Step::Metadata, Request::Fstat).await? {
            Outcome::Attributes(attributes) => Ok(attributes),
            _ => Err(odd(Step::Metadata)),
        }
    }

    /// Closes it, and tells what the server says of that. It is gone whatever that is.
    async fn close(mut self) -> Result<()> {
        self.closed = true;
        self.ask(Step::Upload, Request::Close).await.map(drop)
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if !self.closed {
            self.link.send(Command::Forget(self.handle.clone()));
        }
    }
}

/// The machine holds answers against requests, so that this is never seen.
fn odd(step: Step) -> Error {
    Error::new(ErrorKind::Protocol, step).with_detail("the answer is one to another question")
}

impl Inner {
    /// The session, begun anew where it was lost.
    async fn client(&self) -> Result<SftpClient> {
        let mut client = self.client.lock().await;
        if client.is_closed() {
            *client = (self.make)().connect().await?;
        }
        Ok(client.clone())
    }

    /// Asks what changes nothing: once more, where the session turns out to be lost.
    async fn ask<T, F>(&self, question: impl Fn(SftpClient) -> F) -> Result<T>
    where
        F: Future<Output = Result<T>>,
    {
        match question(self.client().await?).await {
            Err(error) if error.kind() == ErrorKind::Disconnected => {
                question(self.client().await?).await
            }
            answer => answer,
        }
    }

    fn can(&self, capabilities: Capabilities) -> bool {
        self.capabilities.contains(capabilities)
    }

    /// The server's path for this one.
    fn name(&self, path: &VirtualPath) -> Bytes {
        if path.is_root() && !self.base.is_empty() {
            return Bytes::copy_from_slice(&self.base);
        }
        [&self.base, path.as_bytes()].concat().into()
    }

    /// Waits for what was being written to this path when it was dropped.
    async fn settled(&self, path: &VirtualPath) {
        let waiting: Vec<_> = {
            let settling = lock(&self.settling);
            let of_path = settling.iter().filter(|(other, _)| other == path);
            of_path.map(|(_, done)| done.clone()).collect()
        };
        for mut done in waiting {
            // It changes never: its other end is dropped.
            let _ = done.changed().await;
        }
    }

    fn settles(&self, path: &VirtualPath, done: watch::Receiver<()>) {
        let mut settling = lock(&self.settling);
        settling.retain(|(_, done)| done.has_changed().is_ok());
        settling.push((path.clone(), done));
    }

    /// What is known of a file, or of what a link leads to.
    async fn stat(&self, path: &VirtualPath) -> Result<Attributes> {
        self.settled(path).await;
        let name = &self.name(path);
        self.ask(|client| async move { client.metadata(name).await })
            .await
    }

    /// What is known of a file, or of a link itself.
    async fn lstat(&self, path: &VirtualPath) -> Result<Attributes> {
        self.settled(path).await;
        let name = &self.name(path);
        self.ask(|client| async move { client.symlink_metadata(name).await })
            .await
    }

    /// What is known of a file, or why there is none.
    async fn look(&self, path: &VirtualPath, follow: bool) -> Result<Metadata, StorageError> {
        let found = match follow {
            true => self.stat(path).await,
            false => self.lstat(path).await,
        };
        match found {
            Ok(attributes) => Ok(attributes::metadata(&attributes)),
            Err(error) => Err(self.missing(path, error).await),
        }
    }

    /// Why a path leads to nothing: servers do not tell a name that is not there from one below
    /// a file.
    async fn missing(&self, path: &VirtualPath, error: Error) -> StorageError {
        let mut kind = error_kind(&error);
        let mut above = path.parent();
        while let Some(directory) = above
            && kind == StorageErrorKind::NotFound
        {
            match self.stat(&directory).await {
                Ok(found) => {
                    if !attributes::metadata(&found).is_directory() {
                        kind = StorageErrorKind::NotADirectory;
                    }
                    break;
                }
                Err(_) => above = directory.parent(),
            }
        }
        StorageError::with_source(kind, error)
    }

    /// Why something could not be made under this path, which may be taken, or its directory
    /// missing.
    async fn unmade(&self, path: &VirtualPath, error: Error) -> StorageError {
        if error.status() == Some(StatusCode::Failure) && self.lstat(path).await.is_ok() {
            return StorageError::with_source(StorageErrorKind::Exists, error);
        }
        self.missing(path, error).await
    }

    /// The server's path of the file that a write goes to: behind all symbolic links, since a
    /// rename would replace the link.
    async fn behind_links(&self, path: &VirtualPath) -> Result<Bytes> {
        let mut name = self.name(path);
        for _ in 0..MOST_LINKS {
            let at = &name;
            let found = self
                .ask(|client| async move { client.symlink_metadata(at).await })
                .await?;
            if !attributes::metadata(&found).is_symlink() {
                return Ok(name);
            }
            let target = self
                .ask(|client| async move { client.read_link(at).await })
                .await?;
            if target.first() == Some(&b'/') {
                name = target;
            } else {
                let (directory, _) = split(&name);
                name = [directory, &target].concat().into();
            }
        }
        Err(Error::new(ErrorKind::Refused, Step::ReadLink)
            .with_host(&self.host)
            .with_path(path.as_bytes())
            .with_detail("too many symbolic links lead from one to the next"))
    }
}

/// A server's path as its directory, with the slash behind it, and its last name.
fn split(name: &[u8]) -> (&[u8], &[u8]) {
    let slash = name.iter().rposition(|byte| *byte == b'/');
    name.split_at(slash.map_or(0, |at| at + 1))
}

/// A name for an upload, beside its target.
fn temporary(target: &[u8]) -> Bytes {
    let (directory, _) = split(target);
    [directory, &temporary_name()].concat().into()
}

fn lock<T>(lock: &Lock<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

fn told(error: Error) -> StorageError {
    StorageError::with_source(error_kind(&error), error)
}

/// Reads what a storage would say from a client's error.
fn error_kind(error: &Error) -> StorageErrorKind {
    use StorageErrorKind as Told;
    match error.kind() {
        ErrorKind::NotFound => Told::NotFound,
        ErrorKind::PermissionDenied => Told::Denied,
        ErrorKind::Unsupported => Told::Unsupported,
        ErrorKind::InvalidInput => Told::InvalidName,
        ErrorKind::Refused | ErrorKind::Local => Told::Other,
        _ => Told::Unavailable,
    }
}
