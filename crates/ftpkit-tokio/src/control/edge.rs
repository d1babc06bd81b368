//! A socket that knows where TLS records end, so that TLS can end between two of them (CCC,
//! RFC 4217 sec. 6): what stands behind the last record is clear text, and must not be read
//! into the TLS library.

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll, ready},
};

use ftpkit_proto::TlsRole;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use crate::{
    pace::Pace,
    tls::{Outgoing, Place},
};

/// A socket under TLS.
pub(super) struct Edge {
    stream: TcpStream,
    /// Where in a record what was read so far ends.
    place: Place,
    /// Nothing is read beyond the end of a record.
    stepwise: bool,
    /// A server's tickets go out with its first reply, and close_notify with its last one.
    outgoing: Outgoing,
    /// How soon the peer goes on with the handshake.
    pace: Pace,
}

impl Edge {
    pub(super) fn new(stream: TcpStream, role: TlsRole, mut pace: Pace) -> Self {
        pace.told();
        Self {
            stream,
            place: Place::START,
            stepwise: false,
            outgoing: Outgoing::new(role),
            pace,
        }
    }

    /// What TLS writes, for who knows when it may go.
    pub(super) const fn outgoing(&mut self) -> &mut Outgoing {
        &mut self.outgoing
    }

    /// Waits asleep from now on, or as whoever reads sees fit.
    pub(super) fn sleep(&mut self) {
        self.pace = Pace::default();
    }

    /// From now on nothing is read beyond the end of a record at a time.
    pub(super) const fn read_stepwise(&mut self) {
        self.stepwise = true;
    }

    pub(super) const fn get_ref(&self) -> &TcpStream {
        &self.stream
    }

    /// The socket below, once the last words of TLS are sent.
    pub(super) fn into_inner(mut self) -> TcpStream {
        self.outgoing.send_held(|held| self.stream.try_write(held));
        self.stream
    }
}

impl AsyncRead for Edge {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        if this.stepwise {
            let most = this.place.left().min(buf.remaining());
            let mut part = ReadBuf::new(buf.initialize_unfilled_to(most));
            ready!(Pin::new(&mut this.stream).poll_read(cx, &mut part))?;
            let read = part.filled().len();
            buf.advance(read);
        } else {
            let read = Pin::new(&mut this.stream).poll_read(cx, buf);
            this.pace.follow(cx, &read);
            ready!(read)?;
        }
        let read = buf.filled().get(before..).unwrap_or_default();
        this.place.advance(read);
        if !read.is_empty() {
            this.outgoing.heard();
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Edge {
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
        this.outgoing.poll_write(&mut this.stream, cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.outgoing.poll_flush(&mut this.stream, cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.outgoing.poll_shutdown(&mut this.stream, cx)
    }
}
