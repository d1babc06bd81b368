//! [`Line`]: a client's connection, as SSH reads and writes it, which can be cut off.

use std::{
    future::Future as _,
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, BufReader, ReadBuf},
    net::TcpStream,
    sync::oneshot,
};

/// SSH reads four bytes of a packet to learn its length, then the rest. With this much read ahead
/// a small packet costs one system call, and of a large one little is copied twice.
const AHEAD: usize = 8 * 1024;

/// What ends a [`Line`]: dropping it, on whatever way a session ends.
#[derive(Debug)]
#[must_use = "the line is cut off when this is dropped"]
pub(super) struct Hold(#[expect(dead_code, reason = "its end is the message")] oneshot::Sender<()>);

/// A client's connection. Its other end, the [`Hold`], is the session's: where that is gone, every
/// read and write fails, so that SSH's task ends, which nobody could end otherwise.
pub(super) struct Line {
    stream: BufReader<TcpStream>,
    cut: oneshot::Receiver<()>,
}

impl Line {
    pub(super) fn new(stream: TcpStream) -> (Self, Hold) {
        let (hold, cut) = oneshot::channel();
        let stream = BufReader::with_capacity(AHEAD, stream);
        (Self { stream, cut }, Hold(hold))
    }

    fn poll_cut(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match Pin::new(&mut self.cut).poll(cx) {
            Poll::Ready(_) => Err(io::ErrorKind::ConnectionAborted.into()),
            Poll::Pending => Ok(()),
        }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // What has been read already is given without a look around.
        if self.stream.buffer().is_empty() {
            self.poll_cut(cx)?;
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_cut(cx)?;
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
