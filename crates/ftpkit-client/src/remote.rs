//! [`Remote`]: the files of an FTP server as a [`Storage`](ftpkit_storage::Storage). Connections
//! are in `pool`, open files in `file`, the methods of the trait in `storage`.

mod file;
mod pool;
mod storage;

use std::{
    fmt,
    sync::{Arc, Mutex as Lock, MutexGuard, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use ftpkit_proto::{
    Code, Text,
    facts::Kind as FactKind,
    listing::Entry as Listed,
    time::{ListedTime, Timestamp},
};
use ftpkit_storage::{
    Capabilities, Error as StorageError, ErrorKind as StorageErrorKind, Kind, Metadata,
    VirtualPath,
    staging::{Reservations, temporary_name},
};
use tokio::sync::watch;

use self::pool::{Lease, Pool};
use crate::{
    builder::ClientBuilder,
    error::{Error, ErrorKind, Result, Step},
};

/// How a [`Remote`] uses its server.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RemoteConfig {
    /// How many connections there may be; 8 by default. Each open file needs one as long as its
    /// payload flows, and each other operation for a moment.
    pub connections: usize,
    /// How long to wait for a connection when all are in use; 60 s by default.
    pub wait: Duration,
    /// Whether uploads are sent under their own name. Off by default: they are sent under a
    /// temporary one in the same directory, and renamed at their commit. For servers that rename
    /// nothing, or nothing onto a file that is there; what an interrupted upload leaves is the
    /// server's choice then.
    pub direct_uploads: bool,
}

impl Default for RemoteConfig {
    fn default() -> Self {
        Self {
            connections: 8,
            wait: Duration::from_secs(60),
            direct_uploads: false,
        }
    }
}

/// The files of an FTP or FTPS server as a [`Storage`](ftpkit_storage::Storage), so that another
/// server can serve them, or a program use them like any other.
///
/// It holds a bounded number of connections, which are made on demand, kept, and lent in the
/// order in which they are asked for; clones share them. What was asked over a connection that
/// turns out to be lost is asked once more over another, if it changes nothing.
///
/// - A file that is read is one running download; a read behind a gap reads over it, one far
///   ahead or back begins the download anew at that offset (REST).
/// - An upload goes to a hidden temporary name and is renamed at its commit (but see
///   [`RemoteConfig::direct_uploads`]). That this is atomic, and that what is there is replaced,
///   is up to the server's RNTO, and nobody keeps other clients from taking the name of
///   [`create_new`](ftpkit_storage::OpenOptions::create_new) in the last moment.
/// - Files are written from their start on, block behind block; there is no updating in place
///   but appending (APPE) and resuming (REST and STOR, where FEAT has it).
///
/// ```no_run
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use ftpkit_client::{Client, Remote};
/// use ftpkit_storage::{Storage as _, VirtualPath};
///
/// let remote = Remote::connect(|| {
///     Client::builder().url("ftpes://ana:secret@ftp.example.org/reports")
/// })
/// .await?;
/// let today = VirtualPath::try_from("/today.csv")?;
/// println!("{:?}", remote.metadata(&today).await?.size);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Remote(Arc<Inner>);

struct Inner {
    pool: Arc<Pool>,
    config: RemoteConfig,
    host: String,
    /// The path of the root, without a slash at its end.
    base: Vec<u8>,
    capabilities: Capabilities,
    /// The names of uploads that must be new.
    reserved: Reservations,
    /// Uploads that were dropped and may not have ended yet.
    settling: Lock<Vec<(VirtualPath, watch::Receiver<()>)>>,
}

impl Remote {
    /// Connects once, to see what the server can do. `make` is called for each connection; the
    /// directory that it goes to is the root of the storage.
    ///
    /// # Errors
    /// As [`ClientBuilder::connect`], and [`ErrorKind::Unsupported`] where the server's paths do
    /// not begin with `/`.
    pub async fn connect(make: impl Fn() -> ClientBuilder + Send + Sync + 'static) -> Result<Self> {
        Self::connect_with(RemoteConfig::default(), make).await
    }

    /// Likewise, with settings of its own.
    ///
    /// # Errors
    /// As [`connect`](Self::connect).
    pub async fn connect_with(
        config: RemoteConfig,
        make: impl Fn() -> ClientBuilder + Send + Sync + 'static,
    ) -> Result<Self> {
        let pool = Pool::new(Box::new(make), config.connections, config.wait);
        let pool = Arc::new(pool);
        let mut lease = pool.lease().await?;
        let client = lease.client().await?;
        let host = client.host().to_owned();
        let mut base = client.current_dir().await?.as_bytes().to_vec();
        if base.first() != Some(&b'/') {
            return Err(Error::new(ErrorKind::Unsupported, Step::CurrentDir)
                .with_host(host)
                .with_detail("the server's paths do not begin with a slash"));
        }
        while base.last() == Some(&b'/') {
            base.pop();
        }
        let features = client.features().await?;
        let mut capabilities = Capabilities::WRITE;
        if !config.direct_uploads {
            capabilities = capabilities | Capabilities::ATOMIC_REPLACE;
        }
        if features.rest_stream() {
            capabilities = capabilities | Capabilities::IN_PLACE;
        }
        if features.mfmt() {
            capabilities = capabilities | Capabilities::SET_TIMES;
        }
        drop(lease);
        Ok(Self(Arc::new(Inner {
            pool,
            config,
            host,
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

impl Inner {
    async fn lease(&self) -> Result<Lease> {
        self.pool.lease().await
    }

    /// The server's path for this one.
    fn name(&self, path: &VirtualPath) -> Vec<u8> {
        if path.is_root() && !self.base.is_empty() {
            return self.base.clone();
        }
        [&self.base, path.as_bytes()].concat()
    }

    /// Waits for uploads to this path that were dropped.
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

    fn settles(&self, path: &VirtualPath, done: &watch::Receiver<()>) {
        let mut settling = lock(&self.settling);
        settling.retain(|(_, done)| done.has_changed().is_ok());
        settling.push((path.clone(), done.clone()));
    }

    /// What the server says of it; a question that is asked twice.
    async fn ask(&self, path: &VirtualPath) -> Result<Listed> {
        self.settled(path).await;
        let name = self.name(path);
        let mut lease = self.lease().await?;
        match lease.client().await?.metadata(&name).await {
            Err(error) if error.is_closed() => {
                lease.forget();
                lease.client().await?.metadata(&name).await
            }
            answer => answer,
        }
    }

    /// What is known of a file, or why there is none: servers do not tell a name that is not
    /// there from one below a file.
    async fn look(&self, path: &VirtualPath) -> Result<Metadata, StorageError> {
        let error = match self.ask(path).await {
            Ok(entry) => return Ok(metadata(&entry)),
            Err(error) => error,
        };
        let kind = error_kind(&error);
        let mut above = path.parent();
        while let Some(directory) = above
            && kind == StorageErrorKind::NotFound
        {
            match self.ask(&directory).await {
                Ok(entry) if metadata(&entry).is_file() => {
                    return Err(StorageError::with_source(
                        StorageErrorKind::NotADirectory,
                        error,
                    ));
                }
                Ok(_) => break,
                Err(_) => above = directory.parent(),
            }
        }
        Err(StorageError::with_source(kind, error))
    }

    /// Why something could not be made under this path: mostly because of what is above it.
    async fn unmade(&self, path: &VirtualPath, error: Error) -> StorageError {
        if error.reply().is_some()
            && let Some(directory) = path.parent()
        {
            match self.look(&directory).await {
                Ok(found) if found.is_file() => {
                    return StorageError::with_source(StorageErrorKind::NotADirectory, error);
                }
                Ok(_) => {}
                Err(above) => return above,
            }
        }
        StorageError::with_source(error_kind(&error), error)
    }

    /// A name for an upload, beside its target.
    fn temporary(path: &VirtualPath) -> Result<VirtualPath, StorageError> {
        let directory = path.parent().unwrap_or_else(VirtualPath::root);
        Ok(directory.child(&temporary_name())?)
    }
}

fn lock<T>(lock: &Lock<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Reads what a storage would say from a client's error.
fn error_kind(error: &Error) -> StorageErrorKind {
    use StorageErrorKind as Told;
    match error.reply().map(ftpkit_proto::Reply::code) {
        Some(Code::QUOTA_EXCEEDED) => return Told::Quota,
        Some(Code::FILE_BUSY) => return Told::Busy,
        Some(Code::BAD_RESTART) => return Told::BeyondEnd,
        Some(Code::BAD_ARGUMENT) => return Told::Invalid,
        Some(Code::NAME_NOT_ALLOWED) => return Told::InvalidName,
        _ => {}
    }
    match error.kind() {
        ErrorKind::NotFound => Told::NotFound,
        ErrorKind::PermissionDenied | ErrorKind::Refused => Told::Denied,
        ErrorKind::Unsupported => Told::Unsupported,
        ErrorKind::NoSpace => Told::NoSpace,
        ErrorKind::InvalidInput => Told::InvalidName,
        ErrorKind::Local => Told::Other,
        _ => Told::Unavailable,
    }
}

fn metadata(entry: &Listed) -> Metadata {
    let mut metadata = Metadata::new(match entry.kind {
        FactKind::File => Kind::File,
        FactKind::Directory | FactKind::Current | FactKind::Parent => Kind::Directory,
        FactKind::Symlink => Kind::Symlink,
        _ => Kind::Other,
    });
    metadata.size = entry.size;
    // Of a time in an unknown zone UTC is the best guess.
    let time = |time: ListedTime| system_time(time.assume_utc());
    metadata.modified = entry.modified.and_then(time);
    metadata.created = entry.created.and_then(time);
    metadata.mode = entry.mode.map(u32::from);
    metadata.links = entry.links;
    metadata.owner = entry.owner().as_ref().map(copied);
    metadata.group = entry.group().as_ref().map(copied);
    metadata.target = entry.target().as_ref().map(copied);
    metadata
}

/// A copy, since a text keeps all the lines alive that came together with it.
fn copied(text: &Text) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// `None` where the system cannot hold the time.
fn system_time(time: Timestamp) -> Option<SystemTime> {
    let seconds = Duration::from_secs(time.unix_seconds().unsigned_abs());
    let whole = if time.unix_seconds() < 0 {
        UNIX_EPOCH.checked_sub(seconds)
    } else {
        UNIX_EPOCH.checked_add(seconds)
    };
    whole?.checked_add(Duration::from_nanos(u64::from(time.nanos())))
}

/// `None` before 1970 and outside the years that have a wire form; whole seconds are all that
/// MFMT is sure to keep.
fn timestamp(time: SystemTime) -> Option<Timestamp> {
    let since = time.duration_since(UNIX_EPOCH).ok()?;
    Timestamp::from_unix(i64::try_from(since.as_secs()).ok()?, 0)
}
