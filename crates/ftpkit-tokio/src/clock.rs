//! The clock of a driver: tokio's time as the core's own `Instant`.

use std::time::Duration;

use ftpkit_proto::Instant;
use tokio::time;

/// How far away a deadline is at most: a timer beyond it never fires in practice, and adding
/// it to a moment never overflows.
const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);

/// The clock that gives a machine its time.
///
/// It follows tokio's clock, so that a test with paused time drives it. Copies of one clock
/// agree with each other; one server may use one clock for all its sessions.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: time::Instant,
}

impl Clock {
    /// Starts a clock, which now shows [`Instant::START`].
    #[must_use]
    pub fn start() -> Self {
        Self {
            start: time::Instant::now(),
        }
    }

    /// The time that it shows.
    #[must_use]
    pub fn now(&self) -> Instant {
        Instant::after_start(self.start.elapsed())
    }

    /// The moment on tokio's clock at which this one shows `instant`; one that is decades away
    /// is taken as 30 years after the start.
    #[must_use]
    pub fn at(&self, instant: Instant) -> time::Instant {
        self.start + instant.since_start().min(FAR)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn follows_paused_time() {
        let clock = Clock::start();
        assert_eq!(clock.now(), Instant::START);
        time::advance(Duration::from_secs(5)).await;
        assert_eq!(clock.now(), Instant::after_start(Duration::from_secs(5)));
        assert_eq!(clock.at(clock.now()), time::Instant::now());
    }

    #[tokio::test(start_paused = true)]
    async fn an_endless_deadline_does_not_overflow() {
        let clock = Clock::start();
        let far = clock.at(Instant::after_start(Duration::MAX));
        assert!(far > time::Instant::now());
    }
}
