//! A long and quick download on a thread of its own, which waits in the kernel for its peer: no
//! reactor stands between the two, and the other sessions of the runtime's thread have it for
//! themselves.

use std::{
    io,
    os::fd::{AsFd, OwnedFd},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use rustix::{
    fs::sendfile,
    io::{Errno, ioctl_fionbio, retry_on_intr},
    net::{
        Shutdown, shutdown,
        sockopt::{Timeout, set_socket_timeout},
    },
};
use tokio::{net::TcpStream, sync::Semaphore, task::spawn_blocking};

use super::{Side, at_once};
use crate::pump::{LocalSource, Meter, Source};

/// How many transfers of the process may have a thread at the same time.
static THREADS: Semaphore = Semaphore::const_new(64);

/// How much is asked for at a time: a transfer whose peer takes longer than [`PERIOD`] for it
/// gives its thread back.
const CHUNK: usize = 32 * 1024 * 1024;
const PERIOD: Duration = Duration::from_millis(400);

/// Sends what the source has in its local file, for as long as the peer takes it quickly;
/// whether there may be more to send.
pub(super) async fn send(
    tcp: &TcpStream,
    source: &mut impl Source,
    meter: &mut Meter<'_>,
) -> Result<bool, Side> {
    let Ok(permit) = THREADS.try_acquire() else {
        return Ok(true);
    };
    // Where descriptors have run out, it goes on where it was.
    let Some(Ok(job)) = source.local().map(|local| Job::new(tcp, local, meter)) else {
        return Ok(true);
    };
    let cut = Cut(Some(tcp));
    let done = spawn_blocking(move || {
        let _permit = permit;
        job.run()
    })
    .await;
    cut.release();
    let done = done.map_err(|error| Side::Local(io::Error::other(error)))?;
    source.advance(done.sent);
    meter.total = meter.total.saturating_add(done.sent);
    Ok(done.end?)
}

/// Ends the connection under a thread whose transfer was given up, which ends the thread.
struct Cut<'a>(Option<&'a TcpStream>);

impl Cut<'_> {
    fn release(mut self) {
        self.0 = None;
    }
}

impl Drop for Cut<'_> {
    fn drop(&mut self) {
        if let Some(tcp) = self.0 {
            // One that has ended already needs nothing.
            let _ = shutdown(tcp, Shutdown::Both);
        }
    }
}

/// What the thread does.
struct Job {
    socket: OwnedFd,
    file: OwnedFd,
    offset: u64,
    limit: Option<u64>,
    moved: Arc<AtomicU64>,
}

struct Done {
    sent: u64,
    /// Whether there may be more to send.
    end: io::Result<bool>,
}

impl Job {
    fn new(tcp: &TcpStream, local: LocalSource<'_>, meter: &Meter<'_>) -> io::Result<Self> {
        Ok(Self {
            socket: tcp.as_fd().try_clone_to_owned()?,
            file: local.file.try_clone_to_owned()?,
            offset: local.offset,
            limit: local.limit,
            moved: Arc::clone(meter.moved),
        })
    }

    fn run(mut self) -> Done {
        let start = self.offset;
        let end = self.send();
        Done {
            sent: self.offset.saturating_sub(start),
            end,
        }
    }

    /// Sends with the socket in blocking mode, where a call returns for good reasons only.
    fn send(&mut self) -> io::Result<bool> {
        set_socket_timeout(&self.socket, Timeout::Send, Some(PERIOD))?;
        ioctl_fionbio(&self.socket, false)?;
        let end = self.send_blocking();
        ioctl_fionbio(&self.socket, true)?;
        end
    }

    fn send_blocking(&mut self) -> io::Result<bool> {
        loop {
            let since = Instant::now();
            match self.chunk() {
                Ok(0) => return Ok(false),
                Ok(_) => {}
                // The peer has taken nothing for that long.
                Err(Errno::AGAIN) => return Ok(true),
                Err(error) => return Err(error.into()),
            }
            if since.elapsed() >= PERIOD {
                return Ok(true);
            }
        }
    }

    fn chunk(&mut self) -> rustix::io::Result<usize> {
        let chunk = at_once(self.limit, CHUNK);
        let mut offset = self.offset;
        let sent = retry_on_intr(|| sendfile(&self.socket, &self.file, Some(&mut offset), chunk))?;
        let bytes = u64::try_from(sent).unwrap_or(u64::MAX);
        self.offset = self.offset.saturating_add(bytes);
        self.limit = self.limit.map(|limit| limit.saturating_sub(bytes));
        self.moved.fetch_add(bytes, Ordering::Relaxed);
        Ok(sent)
    }
}
