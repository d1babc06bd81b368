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

#[cfg(feature = "_tls")]
use super::ahead::Ahead;
use super::socket::Socket;
#[cfg(feature = "_tls")]
use crate::tls::{Stream, rustls::ProtocolVersion};

/// How much a server sends under TLS at a time: seven full records. All of it is held a second
/// time while it is encrypted and waits for the peer. Two segments of the loopback carry it; the
/// fourth or eighth record would be the one whose last bytes are a segment of their own.
#[cfg(feature = "_tls")]
const PIECE: usize = 7 * 16 * 1024;

/// The same for a client: six. Servers that take one record after the other, as vsftpd does, have
/// less to do when not many come at once.
#[cfg(feature = "_tls")]
const CLIENTS_PIECE: usize = 6 * 16 * 1024;

/// The stream under a data connection.
enum Inner {
    Clear(Socket),
    #[cfg(feature = "_tls")]
    Secure(Box<Stream<Ahead>>),
}

/// The stream as what reads and writes.
macro_rules! under {
    ($self:ident, $stream:ident => $do:expr) => {
        match &mut $self.get_mut().inner {
            Inner::Clear($stream) => $do,
            #[cfg(feature = "_tls")]
            Inner::Secure($stream) => $do,
        }
    };
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
        Self {
            inner: Inner::Clear(Socket::new(stream)),
            peer,
        }
    }

    #[cfg(feature = "_tls")]
    pub(crate) fn secure(stream: Stream<Ahead>, peer: SocketAddr) -> Self {
        Self {
            inner: Inner::Secure(Box::new(stream)),
            peer,
        }
    }

    /// Payload goes out: the tickets that were held back may go with it.
    #[cfg(feature = "_tls")]
    pub(super) fn release_tickets(&mut self) {
        if let Inner::Secure(stream) = &mut self.inner {
            ahead(stream).outgoing().release();
        }
    }

    /// The tickets that were held back go out now.
    #[cfg(feature = "_tls")]
    pub(super) fn send_tickets(&mut self) {
        if let Inner::Secure(stream) = &mut self.inner {
            ahead(stream).send_held();
        }
    }

    /// The peer is a stranger, who gets no tickets.
    #[cfg(feature = "_tls")]
    pub(super) fn forget_tickets(&mut self) {
        if let Inner::Secure(stream) = &mut self.inner {
            ahead(stream).outgoing().forget_tickets();
        }
    }

    /// What the peer sends is waited for asleep.
    #[cfg(feature = "_tls")]
    pub(super) fn sleep(&mut self) {
        if let Inner::Secure(stream) = &mut self.inner {
            ahead(stream).sleep();
        }
    }

    /// Prepares for payload of a file, and tells how much of it to read at a time, at most. What is
    /// short may wait until it is flushed, and the end of the stream is a flush: it then goes out in
    /// one piece with what comes before it.
    pub(crate) fn gather(&mut self) -> usize {
        match &mut self.inner {
            Inner::Clear(socket) => {
                socket.gather();
                usize::MAX
            }
            #[cfg(feature = "_tls")]
            Inner::Secure(stream) => {
                ahead(stream).gather();
                match &mut **stream {
                    Stream::Server(stream) => {
                        stream.get_mut().1.set_buffer_limit(Some(PIECE));
                        PIECE
                    }
                    Stream::Client(stream) => {
                        stream.get_mut().1.set_buffer_limit(Some(CLIENTS_PIECE));
                        CLIENTS_PIECE
                    }
                }
            }
        }
    }

    fn socket(&self) -> &TcpStream {
        match &self.inner {
            Inner::Clear(socket) => socket.tcp(),
            #[cfg(feature = "_tls")]
            Inner::Secure(stream) => stream.get_ref().0.socket().tcp(),
        }
    }

    /// Whether payload is under TLS. If so, a peer that ends without close_notify makes reading
    /// fail with [`io::ErrorKind::UnexpectedEof`], and the end of file is the peer's own.
    #[must_use]
    pub const fn is_secure(&self) -> bool {
        !matches!(self.inner, Inner::Clear(_))
    }

    /// Where TLS has ended without close_notify: whether it was between two records, so that it
    /// may be what the peer meant. In the midst of a record something is missing for certain.
    #[must_use]
    pub fn may_be_whole(&self) -> bool {
        match &self.inner {
            Inner::Clear(_) => false,
            #[cfg(feature = "_tls")]
            Inner::Secure(stream) => stream.get_ref().0.is_between_records(),
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
            Inner::Clear(socket) => Some(socket.tcp()),
            #[cfg(feature = "_tls")]
            Inner::Secure(_) => None,
        }
    }

    /// Likewise, for what has the kernel send by it.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) const fn as_socket(&mut self) -> Option<&mut Socket> {
        match &mut self.inner {
            Inner::Clear(socket) => Some(socket),
            #[cfg(feature = "_tls")]
            Inner::Secure(_) => None,
        }
    }

    /// Whether a ticket is still to come, by which the next data connection resumes the session:
    /// on the client's side of TLS 1.3, until the first one was read.
    #[must_use]
    pub fn awaits_ticket(&self) -> bool {
        match &self.inner {
            Inner::Clear(_) => false,
            #[cfg(feature = "_tls")]
            Inner::Secure(stream) => match &**stream {
                Stream::Server(_) => false,
                Stream::Client(stream) => {
                    let tls = stream.get_ref().1;
                    tls.protocol_version() == Some(ProtocolVersion::TLSv1_3)
                        && tls.tls13_tickets_received() == 0
                }
            },
        }
    }

    /// Waits until the peer has closed the connection, where TLS has ended already; in clear that
    /// is all one.
    ///
    /// A socket that is closed at the very moment at which the peer's end arrives may lose it, and
    /// a peer that waits until it is acknowledged then waits for its own timer.
    #[cfg_attr(not(feature = "_tls"), expect(unused_variables))]
    pub fn poll_closed(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        match &mut self.inner {
            Inner::Clear(_) => Poll::Ready(()),
            #[cfg(feature = "_tls")]
            Inner::Secure(stream) => ahead(stream).poll_end(cx),
        }
    }

    /// Closes the connection with a reset, so that the peer cannot take what was sent so far
    /// for all there is.
    pub fn reset(self) {
        if let Err(error) = self.socket().set_zero_linger() {
            tracing::debug!(%error, "the data connection ends without a reset");
        }
    }

    /// Waits until there is something to read, or the end; holds no buffer meanwhile.
    ///
    /// # Errors
    /// As the socket tells them. A spurious wake-up is possible.
    pub async fn readable(&self) -> io::Result<()> {
        match &self.inner {
            Inner::Clear(socket) => socket.readable().await,
            #[cfg(feature = "_tls")]
            Inner::Secure(stream) => {
                let (ahead, tls) = stream.get_ref();
                // What has come already waits for nothing.
                if ahead.has_more() || !tls.wants_read() {
                    return Ok(());
                }
                ahead.socket().readable().await
            }
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
        under!(self, stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for DataStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        under!(self, stream => Pin::new(stream).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        under!(self, stream => Pin::new(stream).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match &self.inner {
            Inner::Clear(stream) => stream.is_write_vectored(),
            #[cfg(feature = "_tls")]
            Inner::Secure(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        under!(self, stream => Pin::new(stream).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        under!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}

#[cfg(feature = "_tls")]
fn ahead(stream: &mut Stream<Ahead>) -> &mut Ahead {
    match stream {
        Stream::Server(stream) => stream.get_mut().0,
        Stream::Client(stream) => stream.get_mut().0,
    }
}
