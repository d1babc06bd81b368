//! [`Activity`]: when a session was last seen to do something.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use tokio::time::Instant;

/// When a session last did something, for its idle timer, which looks at it when it fires and is
/// not set anew for each message.
#[derive(Debug)]
pub(super) struct Activity {
    start: Instant,
    last: AtomicU64,
}

impl Activity {
    /// It has done something just now.
    pub(super) fn new() -> Self {
        Self {
            start: Instant::now(),
            last: AtomicU64::new(0),
        }
    }

    /// It does something.
    pub(super) fn note(&self) {
        let now = u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.last.store(now, Ordering::Relaxed);
    }

    /// When it last did.
    pub(super) fn last(&self) -> Instant {
        let last = Duration::from_millis(self.last.load(Ordering::Relaxed));
        self.start.checked_add(last).unwrap_or(self.start)
    }
}
