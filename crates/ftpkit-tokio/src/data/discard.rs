//! A data connection under TLS that ends without payload: what the peer sends until its end is
//! read, since tickets are among it.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use ftpkit_proto::DataEvent;
use tokio::{
    io::{AsyncRead as _, AsyncWrite as _, ReadBuf},
    time::{Sleep, sleep},
};

use super::DataStream;

/// How long the peer's end is waited for in all.
const LIMIT: Duration = Duration::from_secs(1);

/// A connection on its way to its end.
pub(super) struct Discarding {
    stream: DataStream,
    shut: bool,
    /// Whether the peer has ended with close_notify.
    clean: bool,
    limit: Pin<Box<Sleep>>,
}

impl Discarding {
    pub(super) fn new(stream: DataStream) -> Self {
        Self {
            stream,
            shut: false,
            clean: false,
            limit: Box::pin(sleep(LIMIT)),
        }
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<DataEvent> {
        if self.poll_end(cx).is_pending() {
            ready!(self.limit.as_mut().poll(cx));
        }
        Poll::Ready(DataEvent::Finished {
            bytes: 0,
            clean: self.clean,
        })
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.shut {
            // Where the peer is gone already, what it sent before can still be read.
            let _ = ready!(Pin::new(&mut self.stream).poll_shutdown(cx));
            self.shut = true;
        }
        let mut space = [0; 1024];
        loop {
            let mut buf = ReadBuf::new(&mut space);
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buf));
            if read.is_err() || buf.filled().is_empty() {
                self.clean = read.is_ok();
                return Poll::Ready(());
            }
        }
    }
}
