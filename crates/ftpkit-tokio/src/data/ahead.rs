//! A socket that is read ahead, in large blocks: the TLS library asks for a few KiB at a time,
//! which costs a system call each.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use crate::{
    pump::buffers::{AHEAD, Buffer},
    tls::Place,
};

/// A socket under the TLS of a data connection.
pub(crate) struct Ahead {
    stream: TcpStream,
    /// What was read and not asked for yet. A socket that has nothing to say holds no buffer.
    block: Option<Block>,
    /// Where in a record what was read so far ends.
    place: Place,
    /// The peer has sent something.
    heard: Arc<AtomicBool>,
}

struct Block {
    buffer: Buffer,
    from: usize,
    to: usize,
}

impl Block {
    fn rest(&self) -> &[u8] {
        self.buffer.get(self.from..self.to).unwrap_or_default()
    }
}

impl Ahead {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            block: None,
            place: Place::START,
            heard: Arc::default(),
        }
    }

    /// Whether the peer has sent something; for who lends this stream to a handshake.
    pub(crate) fn heard(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.heard)
    }

    pub(crate) const fn socket(&self) -> &TcpStream {
        &self.stream
    }

    /// Whether what was read so far ends with a record.
    pub(crate) fn is_between_records(&self) -> bool {
        self.place.is_between()
    }

    /// Whether something was read that nobody has asked for yet.
    pub(crate) fn has_more(&self) -> bool {
        self.block
            .as_ref()
            .is_some_and(|block| !block.rest().is_empty())
    }

    /// Reads the next block, once all of the one before is taken.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut block = self.block.take().unwrap_or_else(|| Block {
            buffer: AHEAD.take(),
            from: 0,
            to: 0,
        });
        if block.from == block.to {
            let mut buf = ReadBuf::new(&mut block.buffer);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf))?;
            self.place.advance(buf.filled());
            self.heard.store(true, Ordering::Relaxed);
            (block.from, block.to) = (0, buf.filled().len());
        }
        self.block = Some(block);
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Ahead {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_fill(cx))?;
        if let Some(block) = &mut this.block {
            let part = block.rest();
            let part = part.get(..buf.remaining()).unwrap_or(part);
            buf.put_slice(part);
            block.from += part.len();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Ahead {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
