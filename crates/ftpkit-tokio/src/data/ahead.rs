//! A socket under the TLS of a data connection. It is read ahead, in large blocks: the TLS
//! library asks for a few KiB at a time, which costs a system call each.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, ready},
};

use ftpkit_proto::TlsRole;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::socket::Socket;
use crate::{
    pace::Pace,
    pump::buffers::{AHEAD, Buffer},
    tls::{Outgoing, Place},
};

/// A socket under the TLS of a data connection.
pub(crate) struct Ahead {
    socket: Socket,
    /// What was read and not asked for yet. A socket that has nothing to say holds no buffer.
    block: Option<Block>,
    /// Where in a record what was read so far ends.
    place: Place,
    /// The peer has sent something.
    heard: Arc<AtomicBool>,
    /// With a server's tickets in it. A client that only sends may close without having read
    /// them; its system then resets the connection, and takes with it what of the upload was not
    /// sent yet. So they go out with the payload of a download, and behind that of an upload.
    outgoing: Outgoing,
    /// How soon the next block comes.
    pace: Pace,
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
    pub(super) fn new(socket: Socket, role: TlsRole, mut pace: Pace) -> Self {
        pace.told();
        Self {
            socket,
            block: None,
            place: Place::START,
            heard: Arc::default(),
            outgoing: Outgoing::new(role),
            pace,
        }
    }

    /// Whether the peer has sent something; for who lends this stream to a handshake.
    pub(crate) fn heard(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.heard)
    }

    /// What TLS writes, for who knows when it may go.
    pub(crate) const fn outgoing(&mut self) -> &mut Outgoing {
        &mut self.outgoing
    }

    /// Lets what is short wait until it is flushed.
    pub(super) fn gather(&mut self) {
        self.outgoing.gather();
        self.socket.gather();
    }

    /// Waits asleep from now on.
    pub(super) fn sleep(&mut self) {
        self.pace = Pace::default();
    }

    /// Sends what waits, without waiting for room.
    pub(crate) fn send_held(&mut self) {
        self.outgoing.send_held(|held| self.socket.try_write(held));
    }

    pub(super) const fn socket(&self) -> &Socket {
        &self.socket
    }

    /// Waits for the end of the connection itself, behind that of TLS, and forgets what comes
    /// before it.
    pub(crate) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut space = [0; 1024];
        loop {
            let mut buf = ReadBuf::new(&mut space);
            let read = ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buf));
            if read.is_err() || buf.filled().is_empty() {
                return Poll::Ready(());
            }
        }
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
            let read = Pin::new(&mut self.socket).poll_read(cx, &mut buf);
            self.pace.follow(cx, &read);
            ready!(read)?;
            self.place.advance(buf.filled());
            self.heard.store(true, Ordering::Relaxed);
            if !buf.filled().is_empty() {
                self.outgoing.heard();
            }
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
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        this.outgoing.poll_write(&mut this.socket, cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.outgoing.poll_flush(&mut this.socket, cx))?;
        Pin::new(&mut this.socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.outgoing.poll_shutdown(&mut this.socket, cx)
    }
}

/// A transfer that is given up may bring its tickets all the same.
impl Drop for Ahead {
    fn drop(&mut self) {
        self.send_held();
    }
}
