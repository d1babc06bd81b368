//! The socket of a data connection. What it can do when it is new is done at once, before the
//! runtime has told of it: small files and handshakes are over by then.
//! What belongs elsewhere: TLS and its blocks (`ahead`), moving payload (`pump`).

use std::{
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
#[cfg(any(target_os = "linux", target_os = "android"))]
use {std::task::ready, tokio::io::Interest};

use crate::cork::cork;

/// The socket of a data connection.
///
/// The runtime hears of a socket when its reactor is polled next, and takes it for unable to do
/// anything until then. A new one is asked itself instead, until it has nothing more, though
/// not for long.
pub(crate) struct Socket {
    stream: TcpStream,
    /// How often it may still be read, and written to, without the runtime.
    reads: u8,
    writes: u8,
    /// What is short waits until it is flushed, or the end goes with it.
    gathers: bool,
}

impl Socket {
    pub(super) fn new(stream: TcpStream) -> Self {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was not set");
        }
        Self {
            stream,
            reads: direct::TIMES,
            writes: direct::TIMES,
            gathers: false,
        }
    }

    pub(crate) const fn tcp(&self) -> &TcpStream {
        &self.stream
    }

    /// Lets what is short wait until it is flushed, so that the end goes with it.
    pub(super) fn gather(&mut self) {
        if !self.gathers {
            self.gathers = true;
            cork(&self.stream, true);
        }
    }

    /// Sends what there is room for, without waiting.
    #[cfg(feature = "_tls")]
    pub(super) fn try_write(&mut self, buf: &[u8]) -> io::Result<usize> {
        early(&mut self.writes, || direct::send(&self.stream, buf))
            .unwrap_or_else(|| self.stream.try_write(buf))
    }

    /// Has the system send by `send`, as soon as there may be room.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    pub(crate) fn poll_send_by<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut send: impl FnMut(&TcpStream) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        if let Some(sent) = early(&mut self.writes, || send(&self.stream)) {
            return Poll::Ready(sent);
        }
        loop {
            ready!(self.stream.poll_write_ready(cx))?;
            match self
                .stream
                .try_io(Interest::WRITABLE, || send(&self.stream))
            {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                sent => return Poll::Ready(sent),
            }
        }
    }

    /// Waits until there may be something to read, or the end.
    pub(super) async fn readable(&self) -> io::Result<()> {
        match self.reads {
            0 => self.stream.readable().await,
            _ => Ok(()),
        }
    }
}

/// Does it without the runtime; `None` where that cannot be done, or not yet.
fn early<T>(left: &mut u8, act: impl FnOnce() -> io::Result<T>) -> Option<io::Result<T>> {
    *left = left.checked_sub(1)?;
    match act() {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            *left = 0;
            None
        }
        Err(error) if error.kind() == io::ErrorKind::Interrupted => None,
        done => Some(done),
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let read = early(&mut this.reads, || {
            direct::recv(&this.stream, buf.initialize_unfilled())
        });
        match read {
            Some(read) => Poll::Ready(read.map(|read| buf.advance(read))),
            None => Pin::new(&mut this.stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match early(&mut this.writes, || direct::send(&this.stream, buf)) {
            Some(sent) => Poll::Ready(sent),
            None => Pin::new(&mut this.stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        match early(&mut this.writes, || {
            direct::send_vectored(&this.stream, bufs)
        }) {
            Some(sent) => Poll::Ready(sent),
            None => Pin::new(&mut this.stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.gathers {
            this.gathers = false;
            cork(&this.stream, false);
        }
        Pin::new(&mut this.stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// What the system does with a socket without waiting.
#[cfg(any(target_os = "linux", target_os = "android"))]
mod direct {
    use std::io::{IoSlice, Result};

    use rustix::net::{RecvFlags, SendAncillaryBuffer, SendFlags};
    use tokio::net::TcpStream;

    /// How often a new socket is asked: one that always has more would otherwise keep other tasks
    /// from their turn, which the runtime gives them.
    pub(super) const TIMES: u8 = 8;

    /// Without the signal that a peer which is gone would bring, too.
    const SENDING: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);

    pub(super) fn recv(stream: &TcpStream, buf: &mut [u8]) -> Result<usize> {
        let (_, read) = rustix::net::recv(stream, buf, RecvFlags::DONTWAIT)?;
        Ok(read)
    }

    pub(super) fn send(stream: &TcpStream, buf: &[u8]) -> Result<usize> {
        Ok(rustix::net::send(stream, buf, SENDING)?)
    }

    pub(super) fn send_vectored(stream: &TcpStream, bufs: &[IoSlice<'_>]) -> Result<usize> {
        let nothing = &mut SendAncillaryBuffer::default();
        Ok(rustix::net::sendmsg(stream, bufs, nothing, SENDING)?)
    }
}

/// Where the runtime has to take part in all that a socket does.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod direct {
    use std::io::{ErrorKind::WouldBlock, IoSlice, Result};

    use tokio::net::TcpStream;

    pub(super) const TIMES: u8 = 0;

    pub(super) fn recv(_: &TcpStream, _: &mut [u8]) -> Result<usize> {
        Err(WouldBlock.into())
    }

    pub(super) fn send(_: &TcpStream, _: &[u8]) -> Result<usize> {
        Err(WouldBlock.into())
    }

    pub(super) fn send_vectored(_: &TcpStream, _: &[IoSlice<'_>]) -> Result<usize> {
        Err(WouldBlock.into())
    }
}

#[cfg(test)]
#[cfg(any(target_os = "linux", target_os = "android"))]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net,
        task::Waker,
    };

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::cork::is_corked;

    /// A socket of which the runtime has heard nothing yet, and its peer's end.
    fn pair() -> (Socket, net::TcpStream) {
        let listener = net::TcpListener::bind("127.0.0.1:0").unwrap();
        let there = net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (here, _) = listener.accept().unwrap();
        here.set_nonblocking(true).unwrap();
        (Socket::new(TcpStream::from_std(here).unwrap()), there)
    }

    /// Reads a byte in place; `None` where the runtime is waited for.
    fn read_now(socket: &mut Socket) -> Option<u8> {
        let mut byte = [0];
        let mut buf = ReadBuf::new(&mut byte);
        let mut cx = Context::from_waker(Waker::noop());
        match Pin::new(socket).poll_read(&mut cx, &mut buf) {
            Poll::Ready(read) => {
                read.unwrap();
                buf.filled().first().copied()
            }
            Poll::Pending => None,
        }
    }

    #[tokio::test]
    async fn what_is_there_is_read_at_once_but_not_for_long() {
        let (mut socket, mut there) = pair();
        there.write_all(&[7; 100]).unwrap();
        let row = (0..).map_while(|_| read_now(&mut socket)).take(100).count();
        assert_eq!(
            row,
            usize::from(direct::TIMES),
            "then it is the others' turn"
        );
        let mut rest = [0; 100 - direct::TIMES as usize];
        socket.read_exact(&mut rest).await.unwrap();
        assert_eq!(rest, [7; 100 - direct::TIMES as usize]);
    }

    #[tokio::test]
    async fn what_comes_later_is_waited_for() {
        let (mut socket, mut there) = pair();
        assert_eq!(read_now(&mut socket), None);
        assert_eq!(socket.reads, 0);
        there.write_all(b"x").unwrap();
        socket.readable().await.unwrap();
        assert_eq!(socket.read_u8().await.unwrap(), b'x');
        drop(there);
        assert_eq!(socket.read(&mut [0; 8]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn one_that_never_reads_does_not_spin() {
        let (mut socket, _there) = pair();
        socket.readable().await.unwrap();
        assert_eq!(read_now(&mut socket), None);
        let mut cx = Context::from_waker(Waker::noop());
        let waits = std::pin::pin!(socket.readable()).poll(&mut cx).is_pending();
        assert!(waits, "there is nothing to read");
    }

    #[tokio::test]
    async fn it_is_written_to_at_once_until_it_is_full() {
        let (mut socket, mut there) = pair();
        let mut cx = Context::from_waker(Waker::noop());
        let bufs = [IoSlice::new(b"one, "), IoSlice::new(b"two, ")];
        let sent = Pin::new(&mut socket).poll_write_vectored(&mut cx, &bufs);
        assert!(matches!(sent, Poll::Ready(Ok(10))), "{sent:?}");
        let sent = Pin::new(&mut socket).poll_write(&mut cx, b"three");
        assert!(matches!(sent, Poll::Ready(Ok(5))), "{sent:?}");
        // More than fits: the rest waits for the peer, by the runtime.
        let reader = std::thread::spawn(move || {
            let mut all = Vec::new();
            there.read_to_end(&mut all).unwrap();
            all
        });
        let long = vec![b'-'; 32 << 20];
        socket.write_all(&long).await.unwrap();
        socket.shutdown().await.unwrap();
        let all = reader.join().unwrap();
        assert_eq!(&all[..15], b"one, two, three");
        assert_eq!(all[15..], long);
    }

    #[tokio::test]
    async fn what_is_short_waits_until_it_is_flushed_or_over() {
        let (mut socket, mut there) = pair();
        assert!(!is_corked(&socket.stream));
        socket.gather();
        assert!(is_corked(&socket.stream));
        socket.write_all(b"slow, ").await.unwrap();
        socket.flush().await.unwrap();
        assert!(!is_corked(&socket.stream), "it is sent");
        socket.gather();
        socket.write_all(b"the end").await.unwrap();
        socket.shutdown().await.unwrap();
        assert!(is_corked(&socket.stream), "the end goes with it");
        let mut all = String::new();
        there.read_to_string(&mut all).unwrap();
        assert_eq!(all, "slow, the end");
    }

    #[cfg(feature = "_tls")]
    #[tokio::test]
    async fn what_nobody_waits_for_is_sent_at_once() {
        let (mut socket, mut there) = pair();
        assert_eq!(socket.try_write(b"tickets").unwrap(), 7);
        drop(socket);
        let mut all = String::new();
        there.read_to_string(&mut all).unwrap();
        assert_eq!(all, "tickets");
    }

    #[tokio::test]
    async fn a_peer_that_is_gone_is_an_error() {
        let (mut socket, there) = pair();
        socket2::SockRef::from(&there)
            .set_linger(Some(std::time::Duration::ZERO))
            .unwrap();
        drop(there);
        let read = socket.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(read.kind(), io::ErrorKind::ConnectionReset);
        let written = socket.write(b"x").await.unwrap_err();
        assert_eq!(written.kind(), io::ErrorKind::BrokenPipe);
    }
}
