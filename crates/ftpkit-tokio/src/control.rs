//! The control stream: bytes in, bytes out, urgent data, TLS under it or not, the orderly end.
//! What belongs elsewhere: what the bytes mean (the machine), and when to read (the driver).

#[cfg(feature = "_tls")]
mod edge;
mod outbox;
#[cfg(feature = "_tls")]
mod secure;

use std::{
    io,
    mem::MaybeUninit,
    pin::Pin,
    task::{Context, Poll, ready},
};

use bytes::Bytes;
use socket2::SockRef;
use tokio::{
    io::{AsyncWrite, Interest, ReadBuf},
    net::TcpStream,
};

use self::outbox::Outbox;
#[cfg(feature = "_tls")]
use self::secure::{Secure, Turn};
use crate::cork::cork;

/// The stream under the control connection.
enum Stream {
    Clear(TcpStream),
    #[cfg(feature = "_tls")]
    Secure(Box<Secure>),
    Closed,
}

/// The control stream and what is still to be written to it.
pub(crate) struct Control {
    stream: Stream,
    outbox: Outbox,
    /// The peer has ended its half, or the connection broke: nothing more will be read.
    ended: bool,
    /// The connection broke: nothing can be written.
    broken: bool,
    /// TLS failed: nothing more may be written, and least of all in clear.
    silent: bool,
    /// What is to become of TLS, once all that was written before is sent.
    #[cfg(feature = "_tls")]
    turn: Option<Turn>,
}

impl Control {
    /// How many bytes may wait to be written before no more are taken from the machine.
    pub(crate) const FULL: usize = 64 * 1024;

    pub(crate) fn new(stream: TcpStream) -> Self {
        // A peer that is gone already makes these fail on some systems; reading tells it better.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "TCP_NODELAY was not set");
        }
        // The Synch of an ABOR must not be lost from the stream of bytes.
        if let Err(error) = SockRef::from(&stream).set_out_of_band_inline(true) {
            tracing::debug!(%error, "SO_OOBINLINE was not set");
        }
        Self {
            stream: Stream::Clear(stream),
            outbox: Outbox::default(),
            ended: false,
            broken: false,
            silent: false,
            #[cfg(feature = "_tls")]
            turn: None,
        }
    }

    /// Whether nothing more will be read.
    pub(crate) const fn is_ended(&self) -> bool {
        self.ended
    }

    /// Whether nothing can be written any more.
    pub(crate) const fn is_broken(&self) -> bool {
        self.broken
    }

    /// The socket, but while TLS begins.
    pub(crate) fn socket(&self) -> Option<&TcpStream> {
        match &self.stream {
            Stream::Clear(stream) => Some(stream),
            #[cfg(feature = "_tls")]
            Stream::Secure(secure) => secure.socket(),
            Stream::Closed => None,
        }
    }

    /// Whether the peer has ended its half, with nothing to be read before that. This asks the
    /// socket itself: tokio learns of it only when its reactor is polled next.
    pub(crate) fn peer_has_left(&self) -> bool {
        let Some(socket) = self.socket() else {
            // No payload ends while TLS begins.
            return matches!(self.stream, Stream::Closed);
        };
        match SockRef::from(socket).peek(&mut [MaybeUninit::uninit()]) {
            Ok(read) => read == 0,
            Err(error) => !matches!(
                error.kind(),
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted
            ),
        }
    }

    /// Whether too much waits to be written already.
    pub(crate) fn is_full(&self) -> bool {
        self.outbox.len() >= Self::FULL
    }

    /// Whether something waits to be written.
    pub(crate) fn has_waiting(&self) -> bool {
        !self.outbox.is_empty()
    }

    /// How many bytes wait to be written.
    #[cfg(test)]
    pub(crate) fn waiting(&self) -> usize {
        self.outbox.len()
    }

    /// Puts bytes behind those that wait to be written.
    pub(crate) fn write(&mut self, bytes: Bytes) {
        if !self.broken && !self.silent {
            self.outbox.push(bytes);
        }
    }

    /// Sends bytes as urgent data where all before them is sent and the system takes them at
    /// once; else they are ordinary bytes, in their turn.
    pub(crate) fn write_urgent(&mut self, cx: &mut Context<'_>, mut bytes: Bytes) {
        if self.poll_flush(cx).is_ready()
            && !self.broken
            && let Stream::Clear(stream) = &self.stream
            && let Poll::Ready(Ok(())) = stream.poll_write_ready(cx)
        {
            let sent = stream.try_io(Interest::WRITABLE, || {
                SockRef::from(stream).send_out_of_band(&bytes)
            });
            if let Ok(sent) = sent {
                let _ = bytes.split_to(sent.min(bytes.len()));
            }
        }
        self.write(bytes);
    }

    /// Writes what waits. Ready when nothing waits any more, which a broken connection settles
    /// as well.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        ready!(self.poll_empty(cx));
        #[cfg(feature = "_tls")]
        if let Stream::Secure(secure) = &mut self.stream
            && let Err(error) = ready!(secure.poll_flush(cx))
        {
            self.broke(&error);
        }
        Poll::Ready(())
    }

    /// Gives what waits to the stream, where TLS may keep it until it is flushed.
    fn poll_empty(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.outbox.is_empty() {
            let slices = self.outbox.slices();
            let written = match &mut self.stream {
                Stream::Clear(stream) => {
                    ready!(Pin::new(stream).poll_write_vectored(cx, &slices))
                }
                #[cfg(feature = "_tls")]
                Stream::Secure(secure) => ready!(secure.poll_write(cx, &slices)),
                Stream::Closed => Err(io::ErrorKind::NotConnected.into()),
            };
            match written {
                Ok(0) => self.broke(&io::ErrorKind::WriteZero.into()),
                Ok(written) => self.outbox.advance(written),
                Err(error) => self.broke(&error),
            }
        }
        Poll::Ready(())
    }

    /// Reads into `buf`. Ready with nothing read is the end; a broken connection is one too.
    ///
    /// Not `AsyncRead`: for it a short read means that the socket is empty, but a read also
    /// stops short at the mark of urgent data, and the ABOR behind a Synch would never be read.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
        let read = match &mut self.stream {
            Stream::Clear(stream) => ready!(poll_read(stream, cx, buf)),
            #[cfg(feature = "_tls")]
            Stream::Secure(secure) => ready!(secure.poll_read(cx, buf)),
            Stream::Closed => Ok(0),
        };
        match read {
            Ok(0) => self.ended = true,
            Ok(_) => {}
            Err(error) => {
                self.broke(&error);
                self.ended = true;
            }
        }
        Poll::Ready(())
    }

    /// Writes what waits, and ends the outgoing half, in one piece.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.has_waiting()
            && let Some(socket) = self.socket()
        {
            cork(socket, true);
        }
        ready!(self.poll_empty(cx));
        let ended = match &mut self.stream {
            Stream::Clear(stream) => ready!(Pin::new(stream).poll_shutdown(cx)),
            // Nobody waits for words of a handshake that was given up.
            #[cfg(feature = "_tls")]
            Stream::Secure(secure) if secure.socket().is_none() => {
                self.close();
                Ok(())
            }
            #[cfg(feature = "_tls")]
            Stream::Secure(secure) => ready!(secure.poll_shutdown(cx)),
            Stream::Closed => Ok(()),
        };
        if let Err(error) = ended {
            self.broke(&error);
        }
        Poll::Ready(())
    }

    /// Closes the stream, whatever still waits.
    pub(crate) fn close(&mut self) {
        self.stream = Stream::Closed;
        self.outbox.clear();
        self.ended = true;
    }

    fn broke(&mut self, error: &io::Error) {
        tracing::debug!(%error, "the control connection broke");
        self.broken = true;
        self.outbox.clear();
    }
}

fn poll_read(
    stream: &TcpStream,
    cx: &mut Context<'_>,
    buf: &mut ReadBuf<'_>,
) -> Poll<io::Result<usize>> {
    loop {
        if let Err(error) = ready!(stream.poll_read_ready(cx)) {
            return Poll::Ready(Err(error));
        }
        match stream.try_read_buf(buf) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            read => return Poll::Ready(read),
        }
    }
}
