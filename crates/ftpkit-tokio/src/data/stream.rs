//! The stream of a data connection, as the role above gets it.
//! What belongs elsewhere: moving payload over it (`pump`).

use std::{
    fmt,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

/// The stream under a data connection. TLS is to become a variant of it.
enum Inner {
    Clear(TcpStream),
}

/// The stream of one data connection, ready for payload.
///
/// Dropping it closes the connection; bytes that were read by nobody make the peer see a reset.
/// [`pump`](crate::pump) moves payload over it; it can also be read and written like any other
/// stream, and its end must then be reported to the [`Driver`](crate::Driver) all the same.
pub struct DataStream {
    inner: Inner,
    peer: SocketAddr,
}

impl DataStream {
    pub(crate) fn clear(stream: TcpStream, peer: SocketAddr) -> Self {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was not set");
        }
        Self {
            inner: Inner::Clear(stream),
            peer,
        }
    }

    /// The peer's address.
    #[must_use]
    pub const fn peer_addr(&self) -> SocketAddr {
        self.peer
    }

    /// The socket itself, when payload crosses it as it is: the kernel may move the bytes.
    #[must_use]
    pub const fn as_tcp(&self) -> Option<&TcpStream> {
        match &self.inner {
            Inner::Clear(stream) => Some(stream),
        }
    }

    /// Closes the connection with a reset, so that the peer cannot take what was sent so far
    /// for all there is.
    pub fn reset(self) {
        match &self.inner {
            Inner::Clear(stream) => {
                if let Err(error) = stream.set_zero_linger() {
                    tracing::debug!(%error, "the data connection ends without a reset");
                }
            }
        }
    }

    /// Waits until there is something to read, or the end; holds no buffer meanwhile.
    ///
    /// # Errors
    /// As the socket tells them. A spurious wake-up is possible.
    pub async fn readable(&self) -> io::Result<()> {
        match &self.inner {
            Inner::Clear(stream) => stream.readable().await,
        }
    }
}

impl fmt::Debug for DataStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DataStream")
            .field("peer", &self.peer)
            .finish_non_exhaustive()
    }
}

impl AsyncRead for DataStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.get_mut().inner {
            Inner::Clear(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for DataStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().inner {
            Inner::Clear(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.get_mut().inner {
            Inner::Clear(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.inner {
            Inner::Clear(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().inner {
            Inner::Clear(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.get_mut().inner {
            Inner::Clear(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
