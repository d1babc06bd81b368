//! Payload from a local file to a clear stream, moved by the kernel (sendfile): in place, and on
//! a thread of its own (`thread`) where that is quick enough to be worth one.

#[cfg(test)]
mod tests;
mod thread;

use std::{
    future::poll_fn,
    io,
    time::{Duration, Instant},
};

use rustix::{
    fs::{Advice, sendfile},
    io::{Errno, retry_on_intr},
};
use tokio::net::TcpStream;

use super::{LocalSource, Meter, PumpError, Source, splice::is_unable};
use crate::data::{DataStream, Socket};

/// How much is asked for at a time; the socket's buffer takes less most of the time.
pub(super) const CHUNK: usize = 1024 * 1024;

/// What is longer goes on a thread of its own, as long as the peer takes it quickly. One that was
/// slow is quick again when it has taken so much in [`QUICK`].
const LONG: u64 = 4 * 1024 * 1024;
const QUICK: Duration = Duration::from_millis(40);

/// Sends what the source has in a local file, as far as the kernel can do it; whether that was
/// to the end. Else the rest is for the copy to send.
pub(super) async fn send(
    stream: &mut DataStream,
    source: &mut impl Source,
    meter: &mut Meter<'_>,
) -> Result<bool, PumpError> {
    let (Some(socket), Some(local)) = (stream.as_socket(), source.local()) else {
        return Ok(false);
    };
    let mut pace = Uptake::start(is_long(local), meter.total);
    loop {
        let sent = if pace.is_quick(meter.total) {
            let sent = thread::send(socket.tcp(), source, meter).await;
            pace = Uptake::start(false, meter.total);
            sent
        } else {
            chunk(socket, source).await.map(|sent| {
                meter.count(sent);
                sent > 0
            })
        };
        match sent {
            Ok(true) => {}
            Ok(false) => return Ok(true),
            Err(side) => return side.failure().map_or(Ok(false), Err),
        }
        if meter.is_turn_over() {
            read_ahead(source);
        }
        meter.take_turns().await;
    }
}

/// Whether there is so much to send that it is worth a thread.
fn is_long(local: LocalSource<'_>) -> bool {
    let size = rustix::fs::fstat(local.file).map_or(0, |stat| stat.st_size);
    let left = u64::try_from(size).map_or(0, |size| size.saturating_sub(local.offset));
    local.limit.map_or(left, |limit| limit.min(left)) > LONG
}

/// How quickly the peer takes what is sent.
struct Uptake {
    is_quick: bool,
    since: Instant,
    total: u64,
}

impl Uptake {
    fn start(is_quick: bool, total: u64) -> Self {
        Self {
            is_quick,
            since: Instant::now(),
            total,
        }
    }

    fn is_quick(&mut self, total: u64) -> bool {
        if !self.is_quick && total.saturating_sub(self.total) >= LONG {
            *self = Self::start(self.since.elapsed() <= QUICK, total);
        }
        self.is_quick
    }
}

/// Whose fault it is that the kernel did not send.
pub(super) enum Side {
    Network(io::Error),
    Local(io::Error),
    /// This file or this socket cannot do it.
    Unable,
}

impl Side {
    /// What the transfer fails with; none where the copy can do it instead.
    pub(super) fn failure(self) -> Option<PumpError> {
        match self {
            Self::Network(error) => Some(PumpError::Network(error)),
            Self::Local(error) => Some(PumpError::Local(error)),
            Self::Unable => None,
        }
    }
}

impl From<io::Error> for Side {
    fn from(error: io::Error) -> Self {
        match Errno::from_io_error(&error) {
            _ if is_unable(&error) => Self::Unable,
            Some(Errno::IO | Errno::BADF | Errno::NOMEM | Errno::OVERFLOW | Errno::STALE) => {
                Self::Local(error)
            }
            _ => Self::Network(error),
        }
    }
}

/// Has the system read what is sent in the next turn, so that a file that is not in memory holds
/// up the other sessions of the thread less.
fn read_ahead(source: &impl Source) {
    if let Some(local) = source.local() {
        let length = std::num::NonZero::new(super::TURN);
        let _ = rustix::fs::fadvise(local.file, local.offset, length, Advice::WillNeed);
    }
}

/// Sends once, as soon as there is room.
async fn chunk(socket: &mut Socket, source: &mut impl Source) -> Result<usize, Side> {
    // The source is borrowed mutably, since a shared one would have to be `Sync`.
    let source = &mut *source;
    let mut send = |tcp: &TcpStream| -> io::Result<usize> {
        let Some(local) = source.local() else {
            return Err(Errno::INVAL.into());
        };
        let mut offset = local.offset;
        let chunk = at_once(local.limit, CHUNK);
        let sent = retry_on_intr(|| sendfile(tcp, local.file, Some(&mut offset), chunk))?;
        source.advance(u64::try_from(sent).unwrap_or(u64::MAX));
        Ok(sent)
    };
    Ok(poll_fn(|cx| socket.poll_send_by(cx, &mut send)).await?)
}

/// How much to ask for: no more than a limit.
fn at_once(limit: Option<u64>, most: usize) -> usize {
    match limit.map(usize::try_from) {
        Some(Ok(limit)) => limit.min(most),
        Some(Err(_)) | None => most,
    }
}
