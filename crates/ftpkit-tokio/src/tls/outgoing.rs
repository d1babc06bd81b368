//! What TLS writes to a socket, in as few pieces as may be: each costs a call of the system, and
//! wakes the peer. And a server's tickets, which wait for something to go with.
//! What belongs elsewhere: when they may go (`data`, `control`).

use std::{
    io::{self, IoSlice},
    mem,
    pin::Pin,
    task::{Context, Poll, ready},
};

use ftpkit_proto::TlsRole;
use tokio::io::AsyncWrite;

use super::Place;

/// How much waits for more at most. Longer writes are worth a piece of their own, and would be
/// copied to wait.
const SHORT: usize = 32 * 1024;

/// What TLS has written and the socket below has not taken yet.
pub(crate) struct Outgoing {
    held: Vec<u8>,
    tickets: Tickets,
    /// What is short waits until it is flushed.
    gathers: bool,
}

/// Where the tickets of TLS 1.3 are, which a server sends behind the handshake.
#[derive(Default)]
struct Tickets {
    /// They need not wait any more.
    released: bool,
    /// Where in a record what was written so far ends.
    place: Place,
    /// A record was written that is protected: with TLS 1.3 the server's flight has them, and
    /// with TLS 1.2 no record is, before payload.
    flight: bool,
    /// And the client has answered it. What is written from here on, are tickets.
    answered: bool,
}

/// The type of records that hold payload, or with TLS 1.3 anything (RFC 8446 sec. 5.2).
const PROTECTED: u8 = 23;

impl Tickets {
    const fn wait(&self) -> bool {
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

impl Outgoing {
    /// For a handshake in this role. A server's tickets wait, once the handshake is over.
    pub(crate) fn new(role: TlsRole) -> Self {
        Self {
            held: Vec::new(),
            tickets: Tickets {
                released: role != TlsRole::Server,
                ..Tickets::default()
            },
            gathers: false,
        }
    }

    /// From now on what is short waits until it is flushed. Not for handshakes, whose last words
    /// nobody flushes where they fail.
    pub(crate) const fn gather(&mut self) {
        self.gathers = true;
    }

    /// The peer has sent something.
    pub(crate) const fn heard(&mut self) {
        self.tickets.answered |= self.tickets.flight;
    }

    /// Lets tickets go out, with what is written or flushed next.
    pub(crate) const fn release(&mut self) {
        self.tickets.released = true;
    }

    /// Forgets the tickets, which nobody is to get.
    pub(crate) fn forget_tickets(&mut self) {
        if self.tickets.wait() {
            self.held.clear();
        }
    }

    /// Sends what waits by `send`, now or never: it is little, for which there is room where little
    /// was sent before, and nobody depends on it.
    pub(crate) fn send_held(&mut self, send: impl FnOnce(&[u8]) -> io::Result<usize>) {
        self.release();
        let held = mem::take(&mut self.held);
        if !held.is_empty() {
            let _ = send(&held);
        }
    }

    pub(crate) fn poll_write(
        &mut self,
        socket: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let length = bufs.iter().map(|buf| buf.len()).sum::<usize>();
        let is_short = self.held.len().saturating_add(length) <= SHORT;
        if self.tickets.wait() || (self.gathers && is_short) {
            self.held.reserve(length);
            bufs.iter().for_each(|buf| self.held.extend_from_slice(buf));
            return Poll::Ready(Ok(length));
        }
        while !self.held.is_empty() {
            let held = [IoSlice::new(&self.held)];
            let all: Vec<_> = held
                .iter()
                .chain(bufs)
                .map(|buf| IoSlice::new(buf))
                .collect();
            let sent = ready!(Pin::new(&mut *socket).poll_write_vectored(cx, &all))?;
            drop(all);
            let of_held = self.forget(sent)?;
            if sent > of_held {
                return Poll::Ready(Ok(sent.saturating_sub(of_held)));
            }
        }
        let written = ready!(Pin::new(socket).poll_write_vectored(cx, bufs))?;
        let mut left = written;
        for buf in bufs {
            let part = left.min(buf.len());
            self.tickets.written(buf.get(..part).unwrap_or_default());
            left = left.saturating_sub(part);
        }
        Poll::Ready(Ok(written))
    }

    /// Sends what waits, but for tickets that have nothing to go with yet.
    pub(crate) fn poll_flush(
        &mut self,
        socket: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.held.is_empty() && !self.tickets.wait() {
            let sent = ready!(Pin::new(&mut *socket).poll_write(cx, &self.held))?;
            self.forget(sent)?;
        }
        Poll::Ready(Ok(()))
    }

    /// Sends all that waits, and ends the outgoing half of the socket.
    pub(crate) fn poll_shutdown(
        &mut self,
        socket: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        self.release();
        ready!(self.poll_flush(socket, cx))?;
        Pin::new(socket).poll_shutdown(cx)
    }

    /// So many bytes were sent; how many of them had waited.
    fn forget(&mut self, sent: usize) -> io::Result<usize> {
        if sent == 0 {
            return Err(io::ErrorKind::WriteZero.into());
        }
        let of_held = sent.min(self.held.len());
        if of_held == self.held.len() {
            // A session that has nothing to say holds no memory for it.
            self.held = Vec::new();
        } else {
            self.held.drain(..of_held);
        }
        Ok(of_held)
    }
}

#[cfg(test)]
mod tests;
