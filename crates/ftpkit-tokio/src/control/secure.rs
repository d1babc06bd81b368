//! TLS on the control connection: its beginning, its bytes, its end.
//! What belongs elsewhere: whose certificates and whose trust (`tls`), when (the machine).

use std::{
    io::{self, IoSlice},
    mem,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use ftpkit_proto::{Text, TlsEvent, TlsFacts};
use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    net::TcpStream,
};

use super::{Control, Stream as Under, edge::Edge};
use crate::{
    pace::Pace,
    tls::{Handshake, SessionTls, Stream, TlsInfo, server_name},
};

/// What is to become of TLS.
pub(super) enum Turn {
    /// It begins, with a peer that is so quick.
    Start(Arc<SessionTls>, Pace),
    /// It ends, and clear text follows.
    Stop,
}

/// A control connection that is under TLS, or about to be.
pub(super) enum Secure {
    Beginning(Handshake<Edge>),
    Up(Stream<Edge>),
    /// Between two states, and after a failure.
    Gone,
}

impl Control {
    /// Begins TLS, once all that was written so far is sent. `pace` is the handshake's.
    pub(crate) fn start_tls(&mut self, session: Arc<SessionTls>, pace: Pace) {
        self.turn = Some(Turn::Start(session, pace));
    }

    /// Ends TLS, once all that was written so far is sent.
    pub(crate) fn stop_tls(&mut self) {
        self.turn = Some(Turn::Stop);
    }

    /// Whether TLS is about to begin or to end, so that nothing may be read but by it.
    pub(crate) const fn is_turning(&self) -> bool {
        self.turn.is_some()
    }

    /// What is known of TLS, where it is up.
    pub(crate) fn tls_info(&self) -> Option<TlsInfo> {
        match &self.stream {
            Under::Secure(secure) => match &**secure {
                Secure::Up(stream) => Some(TlsInfo::of(stream)),
                _ => None,
            },
            _ => None,
        }
    }

    /// What has become of TLS that is about to begin or to end; and what went wrong.
    pub(crate) fn poll_turn(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<(TlsEvent, Option<io::Error>)> {
        let turn = match &self.turn {
            None => return Poll::Pending,
            Some(Turn::Start(session, _)) => Some(Arc::clone(session)),
            Some(Turn::Stop) => None,
        };
        if !matches!(&self.stream, Under::Secure(secure) if matches!(**secure, Secure::Beginning(_)))
        {
            ready!(self.poll_flush(cx));
        }
        let turned = match turn {
            Some(session) => ready!(self.poll_start(cx, &session)),
            None => ready!(self.poll_stop(cx)),
        };
        self.turn = None;
        Poll::Ready(match turned {
            Ok(event) => (event, None),
            Err(error) => {
                self.silent = true;
                self.outbox.clear();
                (TlsEvent::Failed, Some(error))
            }
        })
    }

    fn poll_start(
        &mut self,
        cx: &mut Context<'_>,
        session: &SessionTls,
    ) -> Poll<io::Result<TlsEvent>> {
        self.stream = match mem::replace(&mut self.stream, Under::Closed) {
            Under::Clear(stream) => {
                let pace = match &mut self.turn {
                    Some(Turn::Start(_, pace)) => mem::take(pace),
                    _ => Pace::default(),
                };
                let handshake = session.control(Edge::new(stream, session.role(), pace));
                Under::Secure(Box::new(Secure::Beginning(handshake)))
            }
            other => other,
        };
        let Under::Secure(secure) = &mut self.stream else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let Secure::Beginning(handshake) = &mut **secure else {
            return Poll::Ready(Err(io::Error::other("TLS is on already")));
        };
        Poll::Ready(match ready!(handshake.poll(cx)) {
            Ok(mut stream) => {
                session.control_started(stream.get_ref().1);
                let facts = facts(&stream);
                edge(&mut stream).sleep();
                edge(&mut stream).outgoing().gather();
                **secure = Secure::Up(stream);
                Ok(TlsEvent::Started(facts))
            }
            Err((error, edge)) => {
                // The socket stays for the orderly end, without which the alert may be lost.
                self.stream = Under::Clear(edge.into_inner());
                Err(error)
            }
        })
    }

    fn poll_stop(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<TlsEvent>> {
        let Under::Secure(secure) = &mut self.stream else {
            return Poll::Ready(Err(io::Error::other("TLS is not on")));
        };
        let stopped = ready!(secure.poll_stop(cx));
        if let Secure::Up(stream) = mem::replace(&mut **secure, Secure::Gone) {
            self.stream = Under::Clear(into_socket(stream));
        }
        Poll::Ready(stopped.map(|()| TlsEvent::Stopped))
    }
}

impl Secure {
    /// The socket below, once TLS is up.
    pub(super) fn socket(&self) -> Option<&TcpStream> {
        match self {
            Self::Up(stream) => Some(stream.get_ref().0.get_ref()),
            Self::Beginning(_) | Self::Gone => None,
        }
    }

    pub(super) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<usize>> {
        let stream = match self {
            Self::Up(stream) => stream,
            Self::Beginning(_) => return Poll::Pending,
            Self::Gone => return Poll::Ready(Ok(0)),
        };
        let before = buf.filled().len();
        let read = ready!(Pin::new(stream).poll_read(cx, buf));
        Poll::Ready(match read {
            // Nothing depends on how a control connection ends.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
            Err(error) => Err(error),
            Ok(()) => Ok(buf.filled().len().saturating_sub(before)),
        })
    }

    pub(super) fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Up(stream) => {
                edge(stream).outgoing().release();
                Pin::new(stream).poll_write_vectored(cx, slices)
            }
            Self::Beginning(_) => Poll::Pending,
            Self::Gone => Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Up(stream) => Pin::new(stream).poll_flush(cx),
            Self::Beginning(_) | Self::Gone => Poll::Ready(Ok(())),
        }
    }

    /// Ends the sending half: close_notify, then the socket's.
    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Up(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Beginning(_) | Self::Gone => Poll::Ready(Ok(())),
        }
    }

    /// Ends TLS alone, by close_notify both ways.
    fn poll_stop(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self::Up(stream) = self else {
            return Poll::Ready(Err(io::ErrorKind::NotConnected.into()));
        };
        let (edge, state) = stream.get_mut();
        edge.read_stepwise();
        edge.outgoing().release();
        // Said once, however often it is called.
        state.send_close_notify();
        ready!(Pin::new(&mut *stream).poll_flush(cx))?;
        let mut space = [0; 64];
        let mut buf = ReadBuf::new(&mut space);
        ready!(Pin::new(stream).poll_read(cx, &mut buf))?;
        Poll::Ready(if buf.filled().is_empty() {
            Ok(())
        } else {
            Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "the peer spoke under TLS when it was to end it",
            ))
        })
    }
}

fn facts(stream: &Stream<Edge>) -> TlsFacts {
    let shown = stream.get_ref().1.peer_certificates();
    let facts = TlsFacts::default().with_certificate(shown.is_some_and(|shown| !shown.is_empty()));
    match server_name(stream).map(|name| Text::new(name.to_owned())) {
        Some(Ok(name)) => facts.with_server_name(name),
        _ => facts,
    }
}

fn edge(stream: &mut Stream<Edge>) -> &mut Edge {
    stream.get_mut().0
}

fn into_socket(stream: Stream<Edge>) -> TcpStream {
    let edge = match stream {
        Stream::Server(stream) => stream.into_inner().0,
        Stream::Client(stream) => stream.into_inner().0,
    };
    edge.into_inner()
}
