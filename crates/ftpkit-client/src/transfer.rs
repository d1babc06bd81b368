//! Transfers: what may be set on one, and the loops that move its payload.
//! The handles that a caller reads and writes are in `reader` and `writer`, local files in `local`.

pub(crate) mod local;
mod reader;
mod writer;

use std::{
    fmt,
    future::{Future, IntoFuture, poll_fn},
    path::PathBuf,
    pin::Pin,
    task::{Context, Poll},
};

use ftpkit_proto::{
    PathArg,
    client::{Transfer as Asked, Transferred},
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

pub use self::{reader::Reader, writer::Writer};
use crate::{
    client::Client,
    error::{Error, Result, Step},
    path,
};

/// How much is moved at a time.
const BLOCK: usize = 256 * 1024;

/// How much one transfer moves before the other tasks of its thread have their turn.
const TURN: u64 = 2 * 1024 * 1024;

type Boxed<'c, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'c>>;
type ProgressFn<'c> = Box<dyn FnMut(Progress) + Send + 'c>;

/// How far a transfer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// The position in the file, in bytes: where the transfer began, and what moved since.
    pub position: u64,
    /// The size of the file, where it is known.
    pub total: Option<u64>,
}

/// A transfer that is being put together; `.await` carries it out.
///
/// ```no_run
/// # async fn example(client: &mut ftpkit_client::Client) -> ftpkit_client::Result<()> {
/// client
///     .download_to("big.iso", "big.iso")
///     .resume()
///     .progress(|at| println!("{} of {:?}", at.position, at.total))
///     .await?;
/// # Ok(()) }
/// ```
#[must_use = "a transfer does nothing until it is awaited"]
pub struct Transfer<'c, K> {
    pub(crate) client: &'c mut Client,
    pub(crate) path: Result<PathArg>,
    pub(crate) kind: K,
    offset: u64,
    ascii: bool,
    progress: Option<ProgressFn<'c>>,
}

impl<K> fmt::Debug for Transfer<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer")
            .field("path", &self.path)
            .field("offset", &self.offset)
            .field("ascii", &self.ascii)
            .finish_non_exhaustive()
    }
}

/// A download into any [`AsyncWrite`]; it is flushed, not shut down, at the end.
#[derive(Debug)]
pub struct Download<W>(pub(crate) W);
/// A download into a local file.
#[derive(Debug)]
pub struct DownloadTo {
    pub(crate) local: PathBuf,
    pub(crate) resume: bool,
}
/// A download that is read from a [`Reader`].
#[derive(Debug)]
pub struct OpenReader(pub(crate) ());
/// An upload from any [`AsyncRead`], to its end.
#[derive(Debug)]
pub struct Upload<R> {
    pub(crate) source: R,
    pub(crate) append: bool,
}
/// An upload from a local file.
#[derive(Debug)]
pub struct UploadFrom {
    pub(crate) local: PathBuf,
    pub(crate) append: bool,
    pub(crate) resume: bool,
}
/// An upload that is written to a [`Writer`].
#[derive(Debug)]
pub struct OpenWriter {
    pub(crate) append: bool,
}

impl<'c, K> Transfer<'c, K> {
    pub(crate) fn new(client: &'c mut Client, step: Step, path: &[u8], kind: K) -> Self {
        let path = path::required(step, path).map_err(|error| error.with_host(client.host()));
        Self {
            client,
            path,
            kind,
            offset: 0,
            ascii: false,
            progress: None,
        }
    }

    /// Begins at this position of the remote file, in bytes (REST).
    ///
    /// A local file begins there too: what is before it is left as it is, or not read.
    pub const fn offset(mut self, offset: u64) -> Self {
        self.offset = offset;
        self
    }

    /// Transfers text: lines end in CRLF on the wire and in LF here (TYPE A).
    ///
    /// Offsets and sizes count other bytes then, so a server refuses an offset.
    pub const fn ascii(mut self) -> Self {
        self.ascii = true;
        self
    }

    /// Tells now and then how far the transfer has come: at its beginning, after each block,
    /// and at its end.
    pub fn progress(mut self, progress: impl FnMut(Progress) + Send + 'c) -> Self {
        self.progress = Some(Box::new(progress));
        self
    }

    /// Where it goes, for errors of the local side, which do not know.
    fn place(&self) -> Place {
        Place {
            host: self.client.host().to_owned(),
            path: self.path.as_ref().ok().cloned(),
        }
    }

    fn meter(&mut self) -> Meter<'c> {
        Meter {
            at: Progress {
                position: self.offset,
                total: None,
            },
            turn: 0,
            report: self.progress.take(),
        }
    }
}

impl Transfer<'_, DownloadTo> {
    /// Goes on where the local file ends; where there is none, begins it.
    ///
    /// The local file is written in place then, and keeps what arrived when the transfer fails.
    pub const fn resume(mut self) -> Self {
        self.kind.resume = true;
        self
    }
}

impl Transfer<'_, UploadFrom> {
    /// Goes on where the remote file ends (SIZE, then APPE); where there is none, begins it.
    pub const fn resume(mut self) -> Self {
        self.kind.resume = true;
        self
    }

    /// Adds to the end of the remote file (APPE).
    pub const fn append(mut self) -> Self {
        self.kind.append = true;
        self
    }
}

impl<R> Transfer<'_, Upload<R>> {
    /// Adds to the end of the remote file (APPE).
    pub fn append(mut self) -> Self {
        self.kind.append = true;
        self
    }
}

impl Transfer<'_, OpenWriter> {
    /// Adds to the end of the remote file (APPE).
    pub const fn append(mut self) -> Self {
        self.kind.append = true;
        self
    }
}

struct Place {
    host: String,
    path: Option<PathArg>,
}

impl Place {
    fn of(self, error: Error) -> Error {
        let error = error.with_host(self.host);
        match self.path {
            Some(path) => error.with_path(path),
            None => error,
        }
    }
}

struct Meter<'c> {
    at: Progress,
    /// What moved since other tasks had their turn.
    turn: u64,
    report: Option<ProgressFn<'c>>,
}

impl Meter<'_> {
    fn moved(&mut self, bytes: u64) {
        self.at.position = self.at.position.saturating_add(bytes);
        self.turn = self.turn.saturating_add(bytes);
        if let Some(report) = &mut self.report {
            report(self.at);
        }
    }

    /// Neither a file nor a fast connection ever has to wait, so the transfer stands back.
    async fn take_turns(&mut self) {
        if self.turn >= TURN {
            self.turn = 0;
            tokio::task::yield_now().await;
        }
    }
}

impl<'c> IntoFuture for Transfer<'c, OpenReader> {
    type Output = Result<Reader<'c>>;
    type IntoFuture = Boxed<'c, Reader<'c>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let asked = Asked::Download {
                path: self.path?,
                offset: self.offset,
            };
            Reader::open(self.client, Step::Download, asked, self.ascii).await
        })
    }
}

impl<'c> IntoFuture for Transfer<'c, OpenWriter> {
    type Output = Result<Writer<'c>>;
    type IntoFuture = Boxed<'c, Writer<'c>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let asked = upload(self.path?, self.offset, self.kind.append);
            Writer::open(self.client, asked, self.ascii).await
        })
    }
}

impl<'c, W: AsyncWrite + Unpin + Send + 'c> IntoFuture for Transfer<'c, Download<W>> {
    type Output = Result<Transferred>;
    type IntoFuture = Boxed<'c, Transferred>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            let place = self.place();
            let mut meter = self.meter();
            let asked = Asked::Download {
                path: self.path?,
                offset: self.offset,
            };
            let reader = Reader::open(self.client, Step::Download, asked, self.ascii).await?;
            meter.at.total = reader.size_hint();
            receive(reader, &mut self.kind.0, &mut meter)
                .await
                .map_err(|failed| place.of(failed.of_sink()))
        })
    }
}

impl<'c, R: AsyncRead + Unpin + Send + 'c> IntoFuture for Transfer<'c, Upload<R>> {
    type Output = Result<Transferred>;
    type IntoFuture = Boxed<'c, Transferred>;

    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            let place = self.place();
            let mut meter = self.meter();
            let asked = upload(self.path?, self.offset, self.kind.append);
            let writer = Writer::open(self.client, asked, self.ascii).await?;
            send(&mut self.kind.source, writer, &mut meter)
                .await
                .map_err(|failed| place.of(failed.of_source()))
        })
    }
}

impl<'c> IntoFuture for Transfer<'c, DownloadTo> {
    type Output = Result<Transferred>;
    type IntoFuture = Boxed<'c, Transferred>;

    fn into_future(self) -> Self::IntoFuture {
        let place = self.place();
        Box::pin(async { local::download(self).await.map_err(|error| place.of(error)) })
    }
}

impl<'c> IntoFuture for Transfer<'c, UploadFrom> {
    type Output = Result<Transferred>;
    type IntoFuture = Boxed<'c, Transferred>;

    fn into_future(self) -> Self::IntoFuture {
        let place = self.place();
        Box::pin(async { local::upload(self).await.map_err(|error| place.of(error)) })
    }
}

const fn upload(path: PathArg, offset: u64, append: bool) -> Asked {
    if append {
        Asked::Append { path }
    } else {
        Asked::Upload { path, offset }
    }
}

/// Which side of a copy failed.
enum Failed {
    Remote(Error),
    Local(Step, std::io::Error),
}

impl Failed {
    fn of_sink(self) -> Error {
        match self {
            Self::Remote(error) => error,
            Self::Local(step, error) => {
                let detail = format!("the sink failed: {error}");
                Error::sink(step, error).with_detail(detail)
            }
        }
    }

    fn of_source(self) -> Error {
        match self {
            Self::Remote(error) => error,
            Self::Local(step, error) => {
                let detail = format!("the source failed: {error}");
                Error::sink(step, error).with_detail(detail)
            }
        }
    }

    fn of_file(self, path: &std::path::Path) -> Error {
        match self {
            Self::Remote(error) => error,
            Self::Local(step, error) => Error::local(step, path, error),
        }
    }
}

/// Copies to the end of the file, and has the end confirmed.
async fn receive<W: AsyncWrite + Unpin + Send>(
    mut reader: Reader<'_>,
    sink: &mut W,
    meter: &mut Meter<'_>,
) -> Result<Transferred, Failed> {
    let mut block = vec![0; BLOCK];
    meter.moved(0);
    loop {
        let filled = poll_fn(|cx| fill(&mut reader, cx, &mut block)).await;
        // What came before a failure is written too, for a download that resumes later.
        if filled.bytes > 0 {
            sink.write_all(block.get(..filled.bytes).unwrap_or_default())
                .await
                .map_err(|error| Failed::Local(Step::Download, error))?;
            meter.moved(filled.bytes as u64);
        }
        match filled.end {
            Some(end) => break end.map_err(Failed::Remote)?,
            None => meter.take_turns().await,
        }
    }
    sink.flush()
        .await
        .map_err(|error| Failed::Local(Step::Download, error))?;
    reader.finish().await.map_err(Failed::Remote)
}

/// What was there to be read.
struct Filled {
    bytes: usize,
    /// The confirmed end, or the failure, behind these bytes.
    end: Option<Result<()>>,
}

/// Reads until the block is full, nothing more is there, or the end; a socket gives less at a
/// time than a file takes.
fn fill(reader: &mut Reader<'_>, cx: &mut Context<'_>, block: &mut [u8]) -> Poll<Filled> {
    let mut bytes = 0;
    let mut end = None;
    while let Some(room) = block.get_mut(bytes..).filter(|room| !room.is_empty()) {
        match reader.poll_payload(cx, room) {
            Poll::Pending if bytes == 0 => return Poll::Pending,
            Poll::Pending => break,
            Poll::Ready(Ok(0)) => end = Some(Ok(())),
            Poll::Ready(Err(error)) => end = Some(Err(error)),
            Poll::Ready(Ok(read)) => {
                bytes += read;
                continue;
            }
        }
        break;
    }
    Poll::Ready(Filled { bytes, end })
}

/// Sends what a caller's source gives.
pub(crate) async fn send_all<R: AsyncRead + Unpin + Send>(
    source: &mut R,
    writer: Writer<'_>,
) -> Result<Transferred> {
    let mut meter = Meter {
        at: Progress {
            position: 0,
            total: None,
        },
        turn: 0,
        report: None,
    };
    send(source, writer, &mut meter)
        .await
        .map_err(Failed::of_source)
}

/// Copies to the end of the source, and has the end confirmed.
async fn send<R: AsyncRead + Unpin + Send>(
    source: &mut R,
    mut writer: Writer<'_>,
    meter: &mut Meter<'_>,
) -> Result<Transferred, Failed> {
    let mut block = vec![0; BLOCK];
    meter.moved(0);
    loop {
        let read = source
            .read(&mut block)
            .await
            .map_err(|error| Failed::Local(Step::Upload, error))?;
        if read == 0 {
            break;
        }
        let mut rest = block.get(..read).unwrap_or_default();
        while !rest.is_empty() {
            let written = poll_fn(|cx| writer.poll_payload(cx, rest))
                .await
                .map_err(Failed::Remote)?;
            rest = rest.get(written..).unwrap_or_default();
        }
        meter.moved(read as u64);
        meter.take_turns().await;
    }
    writer.finish().await.map_err(Failed::Remote)
}
