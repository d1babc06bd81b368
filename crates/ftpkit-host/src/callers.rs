//! The listeners, asked in turn, so that a busy one does not starve the others.

use std::{
    future::Future,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use ftpkit_tokio::Acceptor;
use tokio::net::TcpStream;

/// Who calls at any of the listeners.
pub(crate) struct Callers<'a, E> {
    listeners: &'a [(E, Acceptor)],
    waiting: Vec<Waiting<'a>>,
    turn: usize,
}

type Waiting<'a> = Pin<Box<dyn Future<Output = (TcpStream, SocketAddr)> + Send + 'a>>;

impl<'a, E: Copy> Callers<'a, E> {
    pub(crate) fn new(listeners: &'a [(E, Acceptor)]) -> Self {
        Self {
            listeners,
            waiting: listeners.iter().map(|(_, a)| wait(a)).collect(),
            turn: 0,
        }
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<(E, TcpStream, SocketAddr)> {
        let count = self.waiting.len();
        for _ in 0..count {
            self.turn = (self.turn + 1) % count;
            if let (Some(waiting), Some((entry, acceptor))) = (
                self.waiting.get_mut(self.turn),
                self.listeners.get(self.turn),
            ) && let Poll::Ready((stream, peer)) = waiting.as_mut().poll(cx)
            {
                *waiting = wait(acceptor);
                return Poll::Ready((*entry, stream, peer));
            }
        }
        Poll::Pending
    }
}

fn wait(acceptor: &Acceptor) -> Waiting<'_> {
    Box::pin(acceptor.accept())
}
