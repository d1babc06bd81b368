//! Taking the callers of a passive listener.
//! What belongs elsewhere: which caller is the right one; the machine says so.

use std::{
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    net::TcpStream,
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
    back_off: Option<Pin<Box<Sleep>>>,
}

impl Accepting {
    pub(super) const fn new(listener: Listener) -> Self {
        Self {
            listener,
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
            match ready!(self.listener.listener.poll_accept(cx)) {
                Ok(caller) => return Poll::Ready(caller),
                Err(error) if is_callers_fault(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a data connection, waiting");
                    self.back_off = Some(Box::pin(time::sleep(BACK_OFF)));
                }
            }
        }
    }
}
