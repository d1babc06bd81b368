//! Taking the callers of a passive listener.
//! What belongs elsewhere: which caller is the right one; the machine says so.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    time::{self, Sleep},
};

use super::kept::Listener;
use crate::acceptor::is_callers_fault;

/// How long to wait when descriptors or memory have run out. The machine's timer bounds the
/// whole wait.
const BACK_OFF: Duration = Duration::from_millis(75);

/// A listener that waits for its next caller. An error does not end the wait.
pub(super) struct Accepting {
    listener: Listener,
    /// The same for the runtime, which tells when somebody comes; made when nobody was there.
    waiting: Option<TcpListener>,
    back_off: Option<Pin<Box<Sleep>>>,
}

impl Accepting {
    pub(super) const fn new(listener: Listener) -> Self {
        Self {
            listener,
            waiting: None,
            back_off: None,
        }
    }

    pub(super) fn into_listener(self) -> Listener {
        self.listener
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(TcpStream, SocketAddr)> {
        loop {
            if let Some(sleep) = &mut self.back_off {
                ready!(sleep.as_mut().poll(cx));
                self.back_off = None;
            }
            match ready!(self.poll_accept(cx)) {
                Ok(caller) => return Poll::Ready(caller),
                Err(error) if is_callers_fault(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a data connection, waiting");
                    self.back_off = Some(Box::pin(time::sleep(BACK_OFF)));
                }
            }
        }
    }

    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<(TcpStream, SocketAddr)>> {
        if let Some(listener) = &self.waiting {
            return listener.poll_accept(cx);
        }
        match self.listener.accept() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            accepted => {
                return Poll::Ready(accepted.and_then(|(stream, peer)| {
                    let stream = TcpStream::from_std(stream)?;
                    Ok((stream, peer))
                }));
            }
        }
        let listener = self.listener.listener.try_clone()?;
        let waiting = self.waiting.insert(TcpListener::from_std(listener)?);
        waiting.poll_accept(cx)
    }
}
