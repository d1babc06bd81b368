//! The end of a data connection under TLS: close_notify both ways.
//!
//! What a server sends until its own end are tickets, by which the next data connection resumes
//! the session. Closing with any of them unread would also reset the connection, and take from
//! the server what it has not read of an upload.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use ftpkit_tokio::DataStream;
use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    time::{Sleep, sleep, timeout},
};

/// How long the server's end is waited for once the server has confirmed the transfer: it has
/// closed before that, and the two only cross on the way.
const LINGER: Duration = Duration::from_millis(250);

/// How long a ticket is waited for: a round trip.
const PATIENCE: Duration = Duration::from_millis(500);

/// How much is read; tickets are small, and there is nothing else to come.
const MOST: usize = 64 * 1024;

/// Resets the connection of a transfer that was given up, once it has brought what it has cost:
/// a ticket. The server sends it right behind the handshake, or ends the connection. Whether there
/// was one is returned.
pub(super) async fn reset(mut stream: DataStream) -> bool {
    let mut read = 0;
    let ticket = poll_fn(|cx| {
        let ended = skim(&mut stream, &mut read, cx).is_ready();
        if ended || !stream.awaits_ticket() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    });
    // Later than that it does not matter any more.
    let _ = timeout(PATIENCE, ticket).await;
    let came = !stream.awaits_ticket();
    stream.reset();
    came
}

/// Reads and forgets what there is; ready at the server's end, or when it is too much.
pub(super) fn skim(stream: &mut DataStream, read: &mut usize, cx: &mut Context<'_>) -> Poll<()> {
    let mut space = [0; 1024];
    while *read < MOST {
        let mut buf = ReadBuf::new(&mut space);
        match ready!(Pin::new(&mut *stream).poll_read(cx, &mut buf)) {
            Ok(()) if !buf.filled().is_empty() => *read += buf.filled().len(),
            _ => *read = MOST,
        }
    }
    Poll::Ready(())
}

/// A data connection whose payload has ended.
pub(super) struct Parting {
    stream: DataStream,
    /// This side's end was sent.
    shut: bool,
    read: usize,
    linger: Option<Pin<Box<Sleep>>>,
}

impl Parting {
    /// `shut`: whether this side's end was sent already.
    pub(super) const fn new(stream: DataStream, shut: bool) -> Self {
        Self {
            stream,
            shut,
            read: 0,
            linger: None,
        }
    }

    /// Ready when both sides have ended, and the server has closed the connection.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.shut {
            // A server that is gone already has nothing more to say either.
            if ready!(Pin::new(&mut self.stream).poll_shutdown(cx)).is_err() {
                return Poll::Ready(());
            }
            self.shut = true;
        }
        ready!(skim(&mut self.stream, &mut self.read, cx));
        self.stream.poll_closed(cx)
    }

    /// Whether no ticket has come.
    pub(super) fn is_barren(&self) -> bool {
        self.stream.awaits_ticket()
    }

    /// As [`poll`](Self::poll), and not for long: the server has confirmed the transfer.
    pub(super) fn poll_last(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.poll(cx).is_ready() || (self.shut && !self.stream.awaits_ticket()) {
            return Poll::Ready(());
        }
        let linger = self.linger.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        linger.as_mut().poll(cx)
    }
}
