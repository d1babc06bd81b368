//! Work that goes on beside a driver: a question to the storage, a pump, a shutdown signal.

use std::{
    future::poll_fn,
    pin::Pin,
    task::{Context, Poll},
};

use ftpkit_proto::Machine;

use super::{Driver, Step};

/// What came first: the end of the work, or a step of the driver.
#[derive(Debug)]
#[must_use]
#[expect(
    clippy::exhaustive_enums,
    reason = "there are two things that are polled"
)]
pub enum Beside<T, E> {
    /// The work is done; it must not be polled again.
    Done(T),
    /// The driver has news. The work goes on when it is polled beside the driver again.
    Step(Step<E>),
}

impl<M: Machine> Driver<M> {
    /// Drives the session while `work` goes on, until either has something to tell.
    ///
    /// The caller keeps the work pinned, so that a step does not lose it; a step that ends
    /// the work (its question was cancelled, its transfer aborted) is followed by dropping it.
    /// The work is polled first. Cancel-safe.
    ///
    /// ```
    /// use std::pin::pin;
    /// use ftpkit_proto::Machine;
    /// use ftpkit_tokio::{Beside, Driver, Step};
    ///
    /// async fn answer<M: Machine>(
    ///     driver: &mut Driver<M>,
    ///     work: impl Future<Output = u64>,
    ///     mut is_end: impl FnMut(&Step<M::Event>) -> bool,
    /// ) -> Option<u64> {
    ///     let mut work = pin!(work);
    ///     loop {
    ///         match driver.beside(work.as_mut()).await {
    ///             Beside::Done(answer) => return Some(answer),
    ///             Beside::Step(step) if is_end(&step) => return None,
    ///             Beside::Step(_) => {}
    ///         }
    ///     }
    /// }
    /// ```
    pub async fn beside<T>(
        &mut self,
        mut work: impl Future<Output = T> + Unpin,
    ) -> Beside<T, M::Event> {
        poll_fn(|cx| self.poll_beside(cx, Pin::new(&mut work))).await
    }

    /// As [`beside`](Self::beside), for hand-written futures.
    pub fn poll_beside<T>(
        &mut self,
        cx: &mut Context<'_>,
        work: Pin<&mut (impl Future<Output = T> + ?Sized)>,
    ) -> Poll<Beside<T, M::Event>> {
        if let Poll::Ready(done) = work.poll(cx) {
            return Poll::Ready(Beside::Done(done));
        }
        self.poll_next(cx).map(Beside::Step)
    }
}
