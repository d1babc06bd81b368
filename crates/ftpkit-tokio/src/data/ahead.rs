//! A socket under the TLS of a data connection. It is read ahead, in large blocks: the TLS
//! library asks for a few KiB at a time, which costs a system call each. And a server's tickets
//! are held back in it.

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
    pump::buffers::{AHEAD, Buffer},
    tls::Place,
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
    tickets: Tickets,
}

/// The tickets of TLS 1.3, which a server sends behind the handshake.
///
/// A client that only sends may close without having read them. Its system then resets the
/// connection, and takes with it what of the upload was not sent yet; so they go out with the
/// payload of a download, and behind that of an upload.
#[derive(Default)]
struct Tickets {
    /// Nothing is held back any more.
    released: bool,
    /// Where in a record what was written so far ends.
    place: Place,
    /// A record was written that is protected: with TLS 1.3 the server's flight has them, and
    /// with TLS 1.2 no record is, before payload.
    flight: bool,
    /// And the client has answered it. What is written from here on, are tickets.
    answered: bool,
    held: Vec<u8>,
}

/// The type of records that hold payload, or with TLS 1.3 anything (RFC 8446 sec. 5.2).
const PROTECTED: u8 = 23;

impl Tickets {
    const fn holds(&self) -> bool {
        self.answered && !self.released
    }

    /// These bytes were written.
    fn written(&mut self, mut bytes: &[u8]) {
        while let Some(kind) = bytes.first().filter(|_| !self.released && !self.flight) {
            self.flight = self.place.is_between() && *kind == PROTECTED;
            let part = self.place.left().min(bytes.len());
            let (part, rest) = bytes.split_at_checked(part).unwrap_or_default();
            self.place.advance(part);
            bytes = rest;
        }
    }
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
    pub(super) fn new(socket: Socket, role: TlsRole) -> Self {
        Self {
            socket,
            block: None,
            place: Place::START,
            heard: Arc::default(),
            tickets: Tickets {
                released: role != TlsRole::Server,
                ..Tickets::default()
            },
        }
    }

    /// Whether the peer has sent something; for who lends this stream to a handshake.
    pub(crate) fn heard(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.heard)
    }

    /// Lets tickets go out, with what is written next or at the end.
    pub(crate) const fn release(&mut self) {
        self.tickets.released = true;
    }

    /// Lets go of tickets that nobody is to get.
    pub(crate) fn forget_tickets(&mut self) {
        self.tickets.held.clear();
    }

    /// Sends what was held back, without waiting.
    pub(crate) fn send_held(&mut self) {
        self.release();
        if !self.tickets.held.is_empty() {
            // There is room for so little where little was sent, and nobody depends on it.
            let _ = self.socket.try_write(&self.tickets.held);
            self.tickets.held.clear();
        }
    }

    fn poll_held(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.tickets.held.is_empty() {
            let sent = ready!(Pin::new(&mut self.socket).poll_write(cx, &self.tickets.held))?;
            self.tickets.held.drain(..sent);
        }
        Poll::Ready(Ok(()))
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
            ready!(Pin::new(&mut self.socket).poll_read(cx, &mut buf))?;
            self.place.advance(buf.filled());
            self.heard.store(true, Ordering::Relaxed);
            self.tickets.answered |= self.tickets.flight && !buf.filled().is_empty();
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
        let this = self.get_mut();
        if this.tickets.holds() {
            this.tickets.held.extend_from_slice(buf);
            return Poll::Ready(Ok(buf.len()));
        }
        ready!(this.poll_held(cx))?;
        let written = ready!(Pin::new(&mut this.socket).poll_write(cx, buf))?;
        this.tickets.written(buf.get(..written).unwrap_or_default());
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.tickets.holds() {
            let before = this.tickets.held.len();
            bufs.iter()
                .for_each(|buf| this.tickets.held.extend_from_slice(buf));
            return Poll::Ready(Ok(this.tickets.held.len().saturating_sub(before)));
        }
        ready!(this.poll_held(cx))?;
        let written = ready!(Pin::new(&mut this.socket).poll_write_vectored(cx, bufs))?;
        let mut left = written;
        for buf in bufs {
            let part = left.min(buf.len());
            this.tickets.written(buf.get(..part).unwrap_or_default());
            left = left.saturating_sub(part);
        }
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().socket).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.release();
        ready!(this.poll_held(cx))?;
        Pin::new(&mut this.socket).poll_shutdown(cx)
    }
}

/// A transfer that is given up may bring its tickets all the same.
impl Drop for Ahead {
    fn drop(&mut self) {
        self.send_held();
    }
}
