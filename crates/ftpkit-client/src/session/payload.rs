//! The payload of the transfer that is under way.

use std::{
    sync::atomic::Ordering,
    task::{Context, Poll, ready},
};

use ftpkit_proto::{
    DataFailure,
    client::{Outcome, Transferred},
};
use ftpkit_tokio::DataStream;

use super::{Session, parting::Parting};
use crate::error::Result;

/// How the payload of a transfer ended.
#[derive(Clone, Copy, Debug)]
pub(crate) enum PayloadEnd {
    /// All of it was sent, and the sending half is closed.
    Sent,
    /// It was read to the server's end.
    Received,
    /// Under TLS: the server's end came without close_notify.
    Cut,
    Failed(DataFailure),
}

/// The running transfer's payload.
impl Session {
    /// Whether the running transfer has ended, one way or another; then its outcome is next.
    fn over(&self) -> bool {
        self.closed.is_some()
            || self
                .running
                .as_ref()
                .is_none_or(|running| running.outcome.is_some() || running.data.is_none())
    }

    /// Gives `io` a try with the data stream, and drives the session while it has to wait.
    /// `None`: the transfer has ended meanwhile, its outcome is next.
    pub(crate) fn poll_payload<E>(
        &mut self,
        cx: &mut Context<'_>,
        mut io: impl FnMut(&mut Context<'_>, &mut DataStream) -> Poll<Result<usize, E>>,
    ) -> Poll<Option<Result<usize, E>>> {
        loop {
            if let Some(data) = self
                .running
                .as_mut()
                .and_then(|running| running.data.as_mut())
                && let Poll::Ready(done) = io(cx, &mut data.stream)
            {
                if let Ok(bytes) = &done {
                    data.moved.fetch_add(*bytes as u64, Ordering::Relaxed);
                }
                return Poll::Ready(Some(done));
            }
            if self.over() {
                return Poll::Ready(None);
            }
            ready!(self.poll_drive(cx));
        }
    }

    /// Lets the session take what has come meanwhile, such as a server that refuses the rest.
    pub(crate) fn poll_news(&mut self, cx: &mut Context<'_>) {
        if let Some(running) = &mut self.running
            && let Some(data) = &mut running.data
        {
            data.take_tickets(cx);
        }
        while !self.over() && self.poll_drive(cx).is_ready() {}
    }

    /// Tells the machine how the payload ended; what the server makes of it is the outcome.
    pub(crate) fn payload_ended(&mut self, how: PayloadEnd) {
        let Some(running) = &mut self.running else {
            return;
        };
        let Some(data) = running.data.take() else {
            return;
        };
        running.told = true;
        let bytes = data.moved.load(Ordering::Relaxed);
        let is_shut = match how {
            PayloadEnd::Sent => Some(true),
            PayloadEnd::Received => Some(false),
            PayloadEnd::Cut | PayloadEnd::Failed(_) => None,
        };
        if let Some(is_shut) = is_shut
            && data.stream.is_secure()
        {
            self.parting = Some(Parting::new(data.stream, is_shut));
        }
        match how {
            PayloadEnd::Sent | PayloadEnd::Received => {
                self.driver.finished(data.id, bytes, true);
            }
            PayloadEnd::Cut => self.driver.finished(data.id, bytes, false),
            PayloadEnd::Failed(failure) => self.driver.failed(data.id, failure),
        }
    }

    /// Waits for the server's last word on the transfer. `None`: a download that had brought
    /// nothing flows anew.
    pub(crate) fn poll_confirmed(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<Option<Transferred>>> {
        while let Some(running) = &self.running
            && running.outcome.is_none()
            && self.closed.is_none()
        {
            if running.data.is_some() {
                return Poll::Ready(Ok(None));
            }
            ready!(self.poll_drive(cx));
        }
        let step = self.step();
        let outcome = ready!(self.poll_outcome(cx))?;
        Poll::Ready(match outcome {
            Outcome::Transferred(transferred) => Ok(Some(transferred)),
            other => Err(self.unexpected(step, other)),
        })
    }
}
