//! Moving payload between a data connection and a local source or sink.
//! What belongs elsewhere: files (they implement [`Source`] and [`Sink`] above), TYPE A.

mod adapters;
pub(crate) mod buffers;
mod copy;
mod file;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod sendfile;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod splice;
#[cfg(test)]
mod tests;

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use ftpkit_proto::DataFailure;

pub use self::{
    adapters::{Reader, Writer},
    file::FileMover,
};
use crate::data::DataStream;

/// How much one session moves before the others on its thread have their turn.
const TURN: u64 = 2 * 1024 * 1024;

/// What is not longer is received through a buffer: making a pipe for it would cost more.
#[cfg(any(target_os = "linux", target_os = "android"))]
const SHORT: u64 = 256 * 1024;

/// Where payload comes from.
pub trait Source: Send {
    /// Reads what comes next to the beginning of `buf`, and returns how much; 0 is the end.
    ///
    /// `buf` has 256 KiB, under TLS 112 KiB, or 96 KiB where this side is TLS's client. A source that
    /// has more at hand than it fills in makes the transfer slow; one that has to wait should return
    /// what it has.
    ///
    /// # Errors
    /// Its own; they end the transfer. [`io::ErrorKind::StorageFull`] and
    /// [`io::ErrorKind::QuotaExceeded`] are told apart from the rest.
    fn read(&mut self, buf: &mut [u8]) -> impl Future<Output = io::Result<usize>> + Send;

    /// The file from which the kernel may send what comes next, if there is one. Everything
    /// from that offset to the end of the file, or to the source's limit, is sent.
    #[cfg(unix)]
    fn local(&self) -> Option<LocalSource<'_>> {
        None
    }

    /// Skips what the kernel has sent from the [`local`](Self::local) file.
    #[cfg(unix)]
    fn advance(&mut self, bytes: u64) {
        let _ = bytes;
    }
}

/// A file from which the kernel may send.
#[cfg(unix)]
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LocalSource<'a> {
    /// The file.
    pub file: std::os::fd::BorrowedFd<'a>,
    /// Where in the file the next byte of payload stands.
    pub offset: u64,
    /// How many bytes of it are left to send; none: all up to the end of the file.
    pub limit: Option<u64>,
}

#[cfg(unix)]
impl<'a> LocalSource<'a> {
    /// What comes next stands at `offset` of `file`.
    #[must_use]
    pub const fn new(file: std::os::fd::BorrowedFd<'a>, offset: u64) -> Self {
        Self {
            file,
            offset,
            limit: None,
        }
    }

    /// No more than so many bytes are left to send.
    #[must_use]
    pub const fn limited(mut self, limit: Option<u64>) -> Self {
        self.limit = limit;
        self
    }
}

/// Where payload goes to.
pub trait Sink: Send {
    /// Writes all of `data`, which is 256 KiB at most.
    ///
    /// # Errors
    /// Its own; they end the transfer. [`io::ErrorKind::StorageFull`] and
    /// [`io::ErrorKind::QuotaExceeded`] are told apart from the rest.
    fn write(&mut self, data: &[u8]) -> impl Future<Output = io::Result<()>> + Send;

    /// The file into which the kernel may move what comes next, if there is one.
    #[cfg(unix)]
    fn local(&self) -> Option<LocalTarget<'_>> {
        None
    }

    /// Steps over what the kernel has moved into the [`local`](Self::local) file.
    #[cfg(unix)]
    fn advance(&mut self, bytes: u64) {
        let _ = bytes;
    }
}

/// A file into which the kernel may move payload.
#[cfg(unix)]
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LocalTarget<'a> {
    /// The file, open for writing.
    pub file: std::os::fd::BorrowedFd<'a>,
    /// Where in the file the next byte of payload belongs.
    pub offset: u64,
}

#[cfg(unix)]
impl<'a> LocalTarget<'a> {
    /// What comes next belongs at `offset` of `file`.
    #[must_use]
    pub const fn new(file: std::os::fd::BorrowedFd<'a>, offset: u64) -> Self {
        Self { file, offset }
    }
}

impl<S: Source> Source for &mut S {
    fn read(&mut self, buf: &mut [u8]) -> impl Future<Output = io::Result<usize>> + Send {
        (**self).read(buf)
    }

    #[cfg(unix)]
    fn local(&self) -> Option<LocalSource<'_>> {
        (**self).local()
    }

    #[cfg(unix)]
    fn advance(&mut self, bytes: u64) {
        (**self).advance(bytes);
    }
}

impl<S: Sink> Sink for &mut S {
    fn write(&mut self, data: &[u8]) -> impl Future<Output = io::Result<()>> + Send {
        (**self).write(data)
    }

    #[cfg(unix)]
    fn local(&self) -> Option<LocalTarget<'_>> {
        (**self).local()
    }

    #[cfg(unix)]
    fn advance(&mut self, bytes: u64) {
        (**self).advance(bytes);
    }
}

/// What was moved when a transfer came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Moved {
    /// Bytes over the data connection.
    pub bytes: u64,
    /// Whether the end is proven by TLS; in clear, true.
    pub clean: bool,
}

/// Why payload did not come to its end.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PumpError {
    /// The data connection failed.
    #[error("the data connection broke: {0}")]
    Network(#[source] io::Error),
    /// The source or the sink failed.
    #[error("the local side of the transfer failed: {0}")]
    Local(#[source] io::Error),
}

impl PumpError {
    /// What the machine is told.
    #[must_use]
    pub fn failure(&self) -> DataFailure {
        match self {
            Self::Network(_) => DataFailure::Broken,
            Self::Local(error) => match error.kind() {
                io::ErrorKind::StorageFull => DataFailure::NoSpace,
                io::ErrorKind::QuotaExceeded => DataFailure::Quota,
                _ => DataFailure::Local,
            },
        }
    }
}

/// Sends all of `source`, closes the sending half and drops the stream.
///
/// `moved` counts along, for [`Driver::watch`](crate::Driver::watch). Dropping the future
/// aborts the transfer. Sources that are local files are sent by the kernel (Linux, Android), and
/// long ones whose peer is quick on threads of tokio's blocking pool.
///
/// # Errors
/// [`PumpError`] says which side failed. The stream is closed in every case.
pub async fn send<S: Source>(
    mut stream: DataStream,
    mut source: S,
    moved: &Arc<AtomicU64>,
) -> Result<Moved, PumpError> {
    let mut meter = Meter::new(moved);
    let most = stream.gather();
    #[cfg(any(target_os = "linux", target_os = "android"))]
    let is_sent = sendfile::send(&mut stream, &mut source, &mut meter).await?;
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    let is_sent = false;
    if !is_sent {
        copy::send(&mut stream, most, &mut source, &mut meter).await?;
    }
    copy::finish(&mut stream).await?;
    Ok(Moved {
        bytes: meter.total,
        clean: true,
    })
}

/// Receives all that comes into `sink`, until the peer's end of file.
///
/// `moved` counts along, for [`Driver::watch`](crate::Driver::watch). Dropping the future
/// aborts the transfer. The sink is neither flushed nor committed. What is long goes into sinks
/// that are local files by the kernel (Linux, Android).
///
/// # Errors
/// [`PumpError`] says which side failed. The stream is closed in every case.
pub async fn receive<S: Sink>(
    mut stream: DataStream,
    mut sink: S,
    moved: &Arc<AtomicU64>,
) -> Result<Moved, PumpError> {
    let mut meter = Meter::new(moved);
    let clean = match receive_all(&mut stream, &mut sink, &mut meter).await {
        Ok(()) => true,
        // All that came is there, but no close_notify says that it is all there was. The end in
        // the midst of a record says that it was not.
        Err(PumpError::Network(error))
            if error.kind() == io::ErrorKind::UnexpectedEof && stream.may_be_whole() =>
        {
            false
        }
        Err(error) => return Err(error),
    };
    copy::part(&mut stream).await;
    Ok(Moved {
        bytes: meter.total,
        clean,
    })
}

/// Receives until the end of file, by whatever is the quickest way.
async fn receive_all<S: Sink>(
    stream: &mut DataStream,
    sink: &mut S,
    meter: &mut Meter<'_>,
) -> Result<(), PumpError> {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if stream.as_tcp().is_some() && sink.local().is_some() {
        let is_all = copy::receive(stream, sink, meter, SHORT).await?;
        if is_all || splice::receive(stream, sink, meter).await? {
            return Ok(());
        }
    }
    copy::receive(stream, sink, meter, u64::MAX).await?;
    Ok(())
}

/// Counts what moves, and gives the other sessions of the thread their turn.
struct Meter<'a> {
    moved: &'a Arc<AtomicU64>,
    total: u64,
    turn: u64,
}

impl<'a> Meter<'a> {
    const fn new(moved: &'a Arc<AtomicU64>) -> Self {
        Self {
            moved,
            total: 0,
            turn: 0,
        }
    }

    fn count(&mut self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.total = self.total.saturating_add(bytes);
        self.turn = self.turn.saturating_add(bytes);
        self.moved.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Whether it is the others' turn.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    const fn is_turn_over(&self) -> bool {
        self.turn >= TURN
    }

    async fn take_turns(&mut self) {
        if self.turn >= TURN {
            self.turn = 0;
            tokio::task::yield_now().await;
        }
    }
}
