//! Payload from a clear stream to a local file, moved by the kernel through a pipe (splice).

use std::{
    fs::File,
    future::poll_fn,
    io::{self, Read},
    os::fd::{AsFd, OwnedFd},
    task::{Context, Poll, ready},
};

use rustix::{
    io::{Errno, retry_on_intr},
    pipe::{PipeFlags, SpliceFlags, fcntl_setpipe_size, pipe_with, splice},
};
use tokio::{io::Interest, net::TcpStream};

use super::{LocalTarget, Meter, PumpError, Sink, buffers::PAYLOAD};
use crate::data::DataStream;

/// What a pipe should hold: as much as the system lets anybody have.
const PIPE: usize = 1024 * 1024;

/// Receives into the sink's local file, as far as the kernel can do it; whether that was to the
/// end. Else what has come is in the sink, and the rest is for the copy to receive.
pub(super) async fn receive(
    stream: &DataStream,
    sink: &mut impl Sink,
    meter: &mut Meter<'_>,
) -> Result<bool, PumpError> {
    // Where descriptors have run out, the copy does without.
    let (Some(tcp), Ok(pipe)) = (stream.as_tcp(), Pipe::new()) else {
        return Ok(false);
    };
    loop {
        let mut left = match poll_fn(|cx| pipe.poll_fill(cx, tcp)).await {
            Ok(0) => return Ok(true),
            Ok(came) => came,
            Err(error) if is_unable(&error) => return Ok(false),
            Err(error) => return Err(PumpError::Network(error)),
        };
        meter.count(left);
        let is_able = match sink.local() {
            Some(LocalTarget { file, mut offset }) => {
                let came = left;
                let is_able = pipe.pour(file, Some(&mut offset), &mut left);
                sink.advance(came.saturating_sub(left) as u64);
                is_able.map_err(PumpError::Local)?
            }
            None => false,
        };
        if !is_able {
            pipe.copy(sink, left).await.map_err(PumpError::Local)?;
            return Ok(false);
        }
        meter.take_turns().await;
    }
}

/// Whether the kernel cannot do it with this file or this socket.
pub(super) fn is_unable(error: &io::Error) -> bool {
    matches!(
        Errno::from_io_error(error),
        Some(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::SPIPE)
    )
}

/// What payload passes through. It is empty whenever the socket is waited for, so that "would
/// block" is always said of the socket.
pub(super) struct Pipe {
    read: OwnedFd,
    write: OwnedFd,
}

impl Pipe {
    pub(super) fn new() -> io::Result<Self> {
        let (read, write) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        // A user with many pipes may not have larger ones: it is only slower.
        let _ = fcntl_setpipe_size(&write, PIPE);
        Ok(Self { read, write })
    }

    /// Takes what has come to the socket, and returns how much that was; 0 is the end.
    pub(super) fn poll_fill(
        &self,
        cx: &mut Context<'_>,
        tcp: &TcpStream,
    ) -> Poll<io::Result<usize>> {
        let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
        let fill = || retry_on_intr(|| splice(tcp, None, &self.write, None, PIPE, flags));
        loop {
            ready!(tcp.poll_read_ready(cx))?;
            match tcp.try_io(Interest::READABLE, || Ok(fill()?)) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                done => return Poll::Ready(done),
            }
        }
    }

    /// Moves what is `left` in the pipe into a file, to its own position where there is no
    /// `offset`; whether the kernel could.
    fn pour(
        &self,
        file: impl AsFd,
        mut offset: Option<&mut u64>,
        left: &mut usize,
    ) -> io::Result<bool> {
        while *left > 0 {
            let (to, flags) = (&mut offset, SpliceFlags::MOVE);
            let poured =
                retry_on_intr(|| splice(&self.read, None, &file, to.as_deref_mut(), *left, flags));
            match poured {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(poured) => *left = left.saturating_sub(poured),
                Err(error) if is_unable(&error.into()) => return Ok(false),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(true)
    }

    /// Moves what is `left` in the pipe to a file's position; whether the kernel could do it by
    /// itself. All of it has been moved in either case.
    pub(super) fn pour_into(&self, mut file: &File, mut left: usize) -> io::Result<bool> {
        let is_able = self.pour(file, None, &mut left)?;
        if !is_able {
            let rest = left as u64;
            if io::copy(&mut PipeEnd(&self.read).take(rest), &mut file)? < rest {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
        }
        Ok(is_able)
    }

    /// Takes what is `left` in the pipe out through a buffer.
    async fn copy(&self, sink: &mut impl Sink, mut left: usize) -> io::Result<()> {
        let mut buffer = PAYLOAD.take();
        while left > 0 {
            let room = left.min(buffer.len());
            let part = buffer.get_mut(..room).unwrap_or_default();
            let read = retry_on_intr(|| rustix::io::read(&self.read, &mut *part))?;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            sink.write(buffer.get(..read).unwrap_or_default()).await?;
            left = left.saturating_sub(read);
        }
        Ok(())
    }
}

/// The end of a pipe as a reader.
struct PipeEnd<'a>(&'a OwnedFd);

impl Read for PipeEnd<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        Ok(retry_on_intr(|| rustix::io::read(self.0, &mut *buf))?)
    }
}
