//! How sessions learn that they should end: the phase of a door, and who waits for the next one.
//! What belongs elsewhere: counting sessions and waiting for their end (`door`).

use std::{
    fmt,
    future::poll_fn,
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use slab::Slab;
use tokio::time::Instant;

/// How far the end of a door has come; it never goes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(super) enum Phase {
    Open,
    Draining,
    Ended,
}

/// The phase of a door, with all who wait for the next one.
///
/// Every idle session waits here, which is why it is not a channel: a session keeps a place in
/// a list and nothing else, and to look whether anything has changed takes no lock.
pub(super) struct Drain {
    /// A [`Phase`]; changed under the lock.
    phase: AtomicU8,
    waiters: Mutex<Waiters>,
}

#[derive(Default)]
struct Waiters {
    /// When the grace time of a drain is over.
    until: Option<Instant>,
    wakers: Slab<Waker>,
}

impl Waiters {
    /// Puts somebody else into a place; gives who was there.
    fn replace(&mut self, place: usize, waker: Waker) -> Option<Waker> {
        let there = self.wakers.get_mut(place)?;
        Some(mem::replace(there, waker))
    }

    /// Gives a place back. The last one takes the room of all with it.
    fn leave(&mut self, place: usize) -> Option<Waker> {
        let left = self.wakers.try_remove(place);
        if self.wakers.is_empty() {
            self.wakers = Slab::new();
        }
        left
    }
}

impl Drain {
    pub(super) fn new() -> Self {
        Self {
            phase: AtomicU8::new(Phase::Open as u8),
            waiters: Mutex::default(),
        }
    }

    /// Held for a few operations on lists, and never while somebody is woken or dropped.
    fn waiters(&self) -> MutexGuard<'_, Waiters> {
        self.waiters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Acquire) {
            0 => Phase::Open,
            1 => Phase::Draining,
            _ => Phase::Ended,
        }
    }

    /// Begins the grace time, or shortens it; gives its end. A door that has ended stays so.
    pub(super) fn begin(&self, until: Instant) -> Instant {
        let mut waiters = self.waiters();
        let until = waiters.until.map_or(until, |first| first.min(until));
        waiters.until = Some(until);
        self.go(Phase::Draining, waiters);
        until
    }

    /// Ends the grace time.
    pub(super) fn end(&self) {
        self.go(Phase::Ended, self.waiters());
    }

    /// Goes on to this phase, and wakes all who wait. They keep their places for the next one.
    fn go(&self, phase: Phase, waiters: MutexGuard<'_, Waiters>) {
        if self.phase.fetch_max(phase as u8, Ordering::AcqRel) >= phase as u8 {
            return;
        }
        let woken: Vec<Waker> = waiters
            .wakers
            .iter()
            .map(|(_, waker)| waker.clone())
            .collect();
        drop(waiters);
        for waker in woken {
            waker.wake();
        }
    }
}

/// What a session watches to learn that it should end.
///
/// All waits are cancel-safe: dropped and made again, they miss nothing.
pub struct DrainSignal {
    drain: Arc<Drain>,
    /// Its place among those who wait, and who is woken there.
    waiting: Option<(usize, Waker)>,
}

impl DrainSignal {
    pub(super) const fn new(drain: Arc<Drain>) -> Self {
        Self {
            drain,
            waiting: None,
        }
    }

    /// Whether the session should finish what it does and begin nothing new.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.drain.phase() > Phase::Open
    }

    /// Waits until the session should finish what it does and begin nothing new; returns how
    /// long it has for that.
    pub async fn draining(&mut self) -> Duration {
        poll_fn(|cx| self.poll_draining(cx)).await
    }

    /// Waits until the session must end at once: the grace time is over.
    pub async fn ended(&mut self) {
        poll_fn(|cx| self.poll_ended(cx)).await;
    }

    /// Polls what [`draining`](Self::draining) waits for, for a session that keeps no future.
    /// One signal wakes one task, the one that has polled it last.
    pub fn poll_draining(&mut self, cx: &mut Context<'_>) -> Poll<Duration> {
        self.poll_reached(cx, Phase::Draining).map(|()| {
            let until = match self.drain.phase() {
                Phase::Open | Phase::Ended => None,
                Phase::Draining => self.drain.waiters().until,
            };
            until.map_or(Duration::ZERO, |until| {
                until.saturating_duration_since(Instant::now())
            })
        })
    }

    /// Polls what [`ended`](Self::ended) waits for, likewise.
    pub fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_reached(cx, Phase::Ended)
    }

    fn poll_reached(&mut self, cx: &Context<'_>, wanted: Phase) -> Poll<()> {
        if self.drain.phase() >= wanted {
            return Poll::Ready(());
        }
        if matches!(&self.waiting, Some((_, waker)) if waker.will_wake(cx.waker())) {
            return Poll::Pending;
        }
        let waker = cx.waker().clone();
        let mut waiters = self.drain.waiters();
        // Whoever changes the phase wakes those who are listed by then.
        if self.drain.phase() >= wanted {
            return Poll::Ready(());
        }
        let (place, replaced) = match &self.waiting {
            Some((place, _)) => (*place, waiters.replace(*place, waker.clone())),
            None => (waiters.wakers.insert(waker.clone()), None),
        };
        drop(waiters);
        drop(replaced);
        self.waiting = Some((place, waker));
        Poll::Pending
    }
}

/// A signal of the same door, which waits by itself.
impl Clone for DrainSignal {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.drain))
    }
}

impl Drop for DrainSignal {
    fn drop(&mut self) {
        if let Some((place, _)) = self.waiting.take() {
            let left = self.drain.waiters().leave(place);
            drop(left);
        }
    }
}

impl fmt::Debug for DrainSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DrainSignal")
            .field("phase", &self.drain.phase())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::AtomicUsize,
        task::{Wake, Waker},
    };

    use super::*;

    #[derive(Default)]
    struct Woken(AtomicUsize);

    impl Wake for Woken {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    struct Task(Arc<Woken>, Waker);

    impl Task {
        fn new() -> Self {
            let woken = Arc::<Woken>::default();
            let waker = Waker::from(Arc::clone(&woken));
            Self(woken, waker)
        }

        fn cx(&self) -> Context<'_> {
            Context::from_waker(&self.1)
        }

        fn woken(&self) -> usize {
            self.0.0.load(Ordering::Relaxed)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn every_phase_wakes_everyone_who_waits_once() {
        let drain = Arc::new(Drain::new());
        let tasks: Vec<_> = (0..3).map(|_| Task::new()).collect();
        let mut signals: Vec<_> = tasks
            .iter()
            .map(|task| {
                let mut signal = DrainSignal::new(Arc::clone(&drain));
                assert!(signal.poll_draining(&mut task.cx()).is_pending());
                assert!(signal.poll_draining(&mut task.cx()).is_pending());
                signal
            })
            .collect();
        let until = Instant::now() + Duration::from_secs(9);
        assert_eq!(drain.begin(until), until);
        assert_eq!(drain.begin(until + Duration::from_secs(1)), until);
        for (task, signal) in tasks.iter().zip(&mut signals) {
            assert_eq!(task.woken(), 1);
            let grace = signal.poll_draining(&mut task.cx());
            assert_eq!(grace, Poll::Ready(Duration::from_secs(9)));
            assert!(signal.poll_ended(&mut task.cx()).is_pending());
        }
        drain.end();
        drain.end();
        for (task, signal) in tasks.iter().zip(&mut signals) {
            assert_eq!(task.woken(), 2);
            assert!(signal.poll_ended(&mut task.cx()).is_ready());
            let none = signal.poll_draining(&mut task.cx());
            assert_eq!(none, Poll::Ready(Duration::ZERO));
        }
    }

    #[tokio::test]
    async fn the_task_that_polled_last_is_woken() {
        let drain = Arc::new(Drain::new());
        let (first, last) = (Task::new(), Task::new());
        let mut signal = DrainSignal::new(Arc::clone(&drain));
        assert!(signal.poll_draining(&mut first.cx()).is_pending());
        assert!(signal.poll_draining(&mut last.cx()).is_pending());
        drain.begin(Instant::now());
        assert_eq!((first.woken(), last.woken()), (0, 1));
    }

    #[test]
    fn places_are_used_again_and_nothing_is_left_behind() {
        let drain = Arc::new(Drain::new());
        let task = Task::new();
        let enter = || {
            let mut signal = DrainSignal::new(Arc::clone(&drain));
            assert!(signal.poll_ended(&mut task.cx()).is_pending());
            signal
        };
        let (first, second) = (enter(), enter());
        drop(first);
        let third = enter();
        let places: Vec<usize> = drain
            .waiters()
            .wakers
            .iter()
            .map(|(place, _)| place)
            .collect();
        assert_eq!(places, [0, 1]);
        let fourth = third.clone();
        drop((second, third, fourth));
        let waiters = drain.waiters();
        assert_eq!(waiters.wakers.capacity(), 0);
        drop(waiters);
        // The task's own, and the one in its waker.
        assert_eq!(Arc::strong_count(&task.0), 2);
    }
}
