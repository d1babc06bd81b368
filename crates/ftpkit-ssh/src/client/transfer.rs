//! Transfers: [`Transfer`] and its kinds, [`Reader`] and [`Writer`].

mod local;

use std::{
    fmt,
    future::{Future, IntoFuture},
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
};

use bytes::{Bytes, BytesMut};
use ftpkit_sftp::client::{self as sftp, File, Outcome, Request};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    sync::{Semaphore, SemaphorePermit},
};

use super::{
    SftpClient,
    error::{Error, Result, Step},
    owned,
    session::{Feed, Inflow, Link, Running},
};

/// How much is read from a source at a time.
const BLOCK: usize = 256 * 1024;
/// How much of an upload may be given before the server has written it.
const AHEAD: usize = 9 * 1024 * 1024;

type Boxed<'t, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 't>>;
type ProgressFn<'t> = Box<dyn FnMut(Progress) + Send + 't>;

/// How far a transfer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The position in the file, in bytes: where the transfer began, and what moved since.
    pub position: u64,
    /// The size of the file, where it is known.
    pub total: Option<u64>,
}

/// A transfer that is complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Transferred {
    /// How many bytes were moved.
    pub bytes: u64,
}

/// A transfer that is being put together; `.await` carries it out.
///
/// ```no_run
/// # async fn example(client: &ftpkit_ssh::client::SftpClient) -> ftpkit_ssh::client::Result<()> {
/// client
///     .download_to("big.iso", "big.iso")
///     .resume()
///     .progress(|at| println!("{} of {:?}", at.position, at.total))
///     .await?;
/// # Ok(()) }
/// ```
#[must_use = "a transfer does nothing until it is awaited"]
pub struct Transfer<'t, K> {
    what: What,
    kind: K,
    progress: Option<ProgressFn<'t>>,
}

struct What {
    client: SftpClient,
    path: Bytes,
    offset: u64,
    resume: bool,
}

impl What {
    fn of_file(&self, error: Error) -> Error {
        error.with_host(self.client.host()).with_path(&self.path)
    }
}

impl<K: fmt::Debug> fmt::Debug for Transfer<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer")
            .field("path", &self.what.path)
            .field("kind", &self.kind)
            .field("offset", &self.what.offset)
            .finish_non_exhaustive()
    }
}

/// A download into any [`AsyncWrite`]; it is flushed, not shut down, at the end.
#[derive(Debug)]
pub struct Download<W>(pub(super) W);
/// A download into a local file.
#[derive(Debug)]
pub struct DownloadTo(PathBuf);
/// An upload from any [`AsyncRead`], to its end.
#[derive(Debug)]
pub struct Upload<R>(pub(super) R);
/// An upload from a local file.
#[derive(Debug)]
pub struct UploadFrom(PathBuf);

impl DownloadTo {
    pub(super) fn new(local: &Path) -> Self {
        Self(local.to_owned())
    }
}

impl UploadFrom {
    pub(super) fn new(local: &Path) -> Self {
        Self(local.to_owned())
    }
}

impl<'t, K> Transfer<'t, K> {
    pub(super) fn new(client: SftpClient, path: &[u8], kind: K) -> Self {
        Self {
            what: What {
                client,
                path: owned(path),
                offset: 0,
                resume: false,
            },
            kind,
            progress: None,
        }
    }

    /// Begins at this position of the remote file, in bytes. A local file begins there too.
    pub const fn offset(mut self, offset: u64) -> Self {
        self.what.offset = offset;
        self
    }

    /// Tells now and then how far the transfer has come.
    pub fn progress(mut self, progress: impl FnMut(Progress) + Send + 't) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    fn meter(&mut self) -> Meter<'t> {
        Meter {
            at: Progress {
                position: self.what.offset,
                total: None,
            },
            report: self.progress.take(),
        }
    }
}

impl Transfer<'_, DownloadTo> {
    /// Goes on where the local file ends; where there is none, begins it. The file is written in
    /// place then, and keeps what arrived when the transfer fails.
    pub const fn resume(mut self) -> Self {
        self.what.resume = true;
        self
    }
}

impl Transfer<'_, UploadFrom> {
    /// Goes on where the remote file ends; where there is none, begins it.
    pub const fn resume(mut self) -> Self {
        self.what.resume = true;
        self
    }
}

struct Meter<'t> {
    at: Progress,
    report: Option<ProgressFn<'t>>,
}

impl Meter<'_> {
    fn moved(&mut self, bytes: u64) {
        self.at.position = self.at.position.saturating_add(bytes);
        if let Some(report) = &mut self.report {
            report(self.at);
        }
    }
}

impl<'t, W: AsyncWrite + Unpin + Send + 't> IntoFuture for Transfer<'t, Download<W>> {
    type Output = Result<Transferred>;
    type IntoFuture = Boxed<'t, Transferred>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut meter = self.meter();
            let (what, mut sink) = (self.what, self.kind.0);
            let mut reader = what.client.reader(&what.path, what.offset);
            let mut bytes = 0;
            let sunk = |error| what.of_file(Error::sink(Step::Download, error));
            while let Some(chunk) = reader.next().await? {
                sink.write_all(&chunk).await.map_err(sunk)?;
                bytes += chunk.len() as u64;
                meter.moved(chunk.len() as u64);
            }
            sink.flush().await.map_err(sunk)?;
            Ok(Transferred { bytes })
        })
    }
}

impl<'t, R: AsyncRead + Unpin + Send + 't> IntoFuture for Transfer<'t, Upload<R>> {
    type Output = Result<Transferred>;
    type IntoFuture = Boxed<'t, Transferred>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut meter = self.meter();
            let (what, mut source) = (self.what, self.kind.0);
            let mut writer = what.client.writer(&what.path, what.offset);
            loop {
                let mut block = BytesMut::with_capacity(BLOCK);
                let read = source.read_buf(&mut block).await;
                match read.map_err(|error| what.of_file(Error::sink(Step::Upload, error)))? {
                    0 => break,
                    read => {
                        writer.write(block.freeze()).await?;
                        meter.moved(read as u64);
                    }
                }
            }
            writer.finish().await
        })
    }
}

impl<'t> IntoFuture for Transfer<'t, DownloadTo> {
    type Output = Result<Transferred>;
    type IntoFuture = Boxed<'t, Transferred>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(local::download(self))
    }
}

impl<'t> IntoFuture for Transfer<'t, UploadFrom> {
    type Output = Result<Transferred>;
    type IntoFuture = Boxed<'t, Transferred>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(local::upload(self))
    }
}

/// A file's content as it comes, read ahead. Dropping it ends the download.
pub struct Reader {
    inflow: Inflow<Bytes>,
    path: Bytes,
    ended: bool,
}

impl Reader {
    pub(super) fn new(link: &Arc<Link>, path: &[u8], offset: u64) -> Self {
        let path = owned(path);
        let mut download = sftp::Download::new(File::Path(path.clone()));
        download.offset = offset;
        Self {
            inflow: Inflow::payload(link, Request::Download(download)),
            path,
            ended: false,
        }
    }

    /// The next bytes, without a copy; none at the end of the file.
    ///
    /// # Errors
    /// Where the server refuses, at once or on the way. After that there is nothing.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        if self.ended {
            return Ok(None);
        }
        if let Some(bytes) = self.inflow.next().await {
            return Ok(Some(bytes));
        }
        self.ended = true;
        let outcome = self.inflow.running.outcome(Step::Download).await;
        outcome.map_err(|error| error.with_path(&self.path))?;
        Ok(None)
    }

    /// What has come already, without waiting.
    fn ready(&mut self) -> Option<Bytes> {
        self.inflow.ready()
    }
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// A file that is being written, ahead of the server's answers. Dropped before
/// [`finish`](Self::finish) it leaves what arrived.
pub struct Writer {
    running: Running,
    credit: Arc<Semaphore>,
    path: Bytes,
}

impl Writer {
    pub(super) fn new(link: &Arc<Link>, path: &[u8], offset: u64) -> Self {
        let path = owned(path);
        let mut upload = sftp::Upload::new(File::Path(path.clone()));
        upload.offset = offset;
        let credit = Arc::new(Semaphore::new(AHEAD));
        let feed = Feed::Credit(Arc::clone(&credit), 0);
        Self {
            running: link.begin(Request::Upload(upload), feed),
            credit,
            path,
        }
    }

    /// Takes bytes, without a copy, as soon as there is room for them. That they are written is
    /// told by [`finish`](Self::finish).
    ///
    /// # Errors
    /// Where the server has refused something before.
    pub async fn write(&mut self, mut bytes: Bytes) -> Result<()> {
        while !bytes.is_empty() {
            let part = bytes.split_to(bytes.len().min(AHEAD));
            let cost = u32::try_from(part.len()).unwrap_or(u32::MAX);
            let permits = self.credit.acquire_many(cost).await;
            let ended = permits.map(SemaphorePermit::forget).is_err();
            if ended {
                // Only a failure ends it before it is finished.
                return self.outcome().await.map(drop);
            }
            self.running.payload(part);
        }
        Ok(())
    }

    /// Waits until the server has written and closed it.
    ///
    /// # Errors
    /// Where the server refuses.
    pub async fn finish(mut self) -> Result<Transferred> {
        self.running.finish();
        match self.outcome().await? {
            Outcome::Uploaded(uploaded) => Ok(Transferred {
                bytes: uploaded.bytes,
            }),
            _ => Err(Error::new(super::ErrorKind::Protocol, Step::Upload)),
        }
    }

    async fn outcome(&mut self) -> Result<Outcome> {
        let outcome = self.running.outcome(Step::Upload).await;
        outcome.map_err(|error| error.with_path(&self.path))
    }
}

impl fmt::Debug for Writer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Writer")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}
