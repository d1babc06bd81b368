//! The deadlines of a machine: [`Timers`], one slot for each [`Timer`]. What a deadline
//! means, and how long it is, stands with the roles.

use core::time::Duration;

use crate::{error::Timer, time::Instant};

/// Every timer, in the order in which those of one moment run out.
const ALL: [Timer; 10] = [
    Timer::Shutdown,
    Timer::Login,
    Timer::Idle,
    Timer::DataConnect,
    Timer::Handshake,
    Timer::Stall,
    Timer::Question,
    Timer::Reply,
    Timer::DataDrain,
    Timer::FinalReply,
];

/// A small table of deadlines, indexed by [`Timer`]; a slot that is not set never runs out.
///
/// ```
/// use core::time::Duration;
/// use ftpkit_proto::{Instant, error::Timer, timer::Timers};
///
/// let mut timers = Timers::new();
/// timers.set(Timer::Idle, Instant::START, Duration::from_secs(300));
/// let deadline = timers.next_deadline().unwrap();
/// assert_eq!(timers.take_expired(Instant::START), None);
/// assert_eq!(timers.take_expired(deadline), Some(Timer::Idle));
/// assert_eq!(timers.take_expired(deadline), None);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Timers {
    slots: [Option<Instant>; ALL.len()],
}

impl Timers {
    /// A table in which nothing is set.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            slots: [None; ALL.len()],
        }
    }

    /// Sets the timer to run out `after` this moment, whatever it was set to before. Zero
    /// means never, as in the configurations: it clears the timer.
    pub fn set(&mut self, timer: Timer, now: Instant, after: Duration) {
        *self.slot(timer) = (!after.is_zero()).then(|| now + after);
    }

    /// Like [`set`](Self::set), but leaves a timer that runs already as it is: for spans that
    /// begin once, such as the time for login in all.
    pub fn set_once(&mut self, timer: Timer, now: Instant, after: Duration) {
        if !self.is_set(timer) {
            self.set(timer, now, after);
        }
    }

    /// Stops the timer.
    pub fn clear(&mut self, timer: Timer) {
        *self.slot(timer) = None;
    }

    /// Stops all timers.
    pub fn clear_all(&mut self) {
        *self = Self::new();
    }

    /// Whether the timer runs.
    #[must_use]
    pub fn is_set(&self, timer: Timer) -> bool {
        self.deadline(timer).is_some()
    }

    /// When the timer runs out.
    #[must_use]
    pub fn deadline(&self, timer: Timer) -> Option<Instant> {
        self.slots.get(position(timer)).copied().flatten()
    }

    /// The earliest deadline, for `Output::Wait`.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.slots.iter().flatten().min().copied()
    }

    /// Takes the timer that ran out first, if one did by now, and stops it. To be called until
    /// it returns `None`, since more than one may have run out.
    #[must_use]
    pub fn take_expired(&mut self, now: Instant) -> Option<Timer> {
        let (timer, slot) = ALL
            .into_iter()
            .zip(&mut self.slots)
            .filter(|(_, slot)| slot.is_some_and(|deadline| deadline <= now))
            .min_by_key(|(_, slot)| **slot)?;
        *slot = None;
        Some(timer)
    }

    fn slot(&mut self, timer: Timer) -> &mut Option<Instant> {
        // A position in `ALL`, which is as long; proven for every timer by a test.
        &mut self.slots[position(timer)]
    }
}

/// Where the timer stands in [`ALL`].
const fn position(timer: Timer) -> usize {
    match timer {
        Timer::Shutdown => 0,
        Timer::Login => 1,
        Timer::Idle => 2,
        Timer::DataConnect => 3,
        Timer::Handshake => 4,
        Timer::Stall => 5,
        Timer::Question => 6,
        Timer::Reply => 7,
        Timer::DataDrain => 8,
        Timer::FinalReply => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Instant {
        Instant::after_start(Duration::from_secs(seconds))
    }

    #[test]
    fn every_timer_has_a_slot_of_its_own() {
        for (index, timer) in ALL.into_iter().enumerate() {
            assert_eq!(position(timer), index);
            let mut timers = Timers::new();
            timers.set(timer, at(1), Duration::from_secs(2));
            for other in ALL {
                assert_eq!(timers.is_set(other), other == timer);
            }
            assert_eq!(timers.deadline(timer), Some(at(3)));
            assert_eq!(timers.next_deadline(), Some(at(3)));
            assert_eq!(timers.take_expired(at(2)), None);
            assert_eq!(timers.take_expired(at(3)), Some(timer));
            assert_eq!(timers.next_deadline(), None);
        }
    }

    #[test]
    fn they_run_out_in_order() {
        let mut timers = Timers::new();
        timers.set(Timer::Idle, at(0), Duration::from_secs(9));
        timers.set(Timer::Stall, at(0), Duration::from_secs(3));
        timers.set(Timer::Login, at(0), Duration::from_secs(5));
        timers.set(Timer::Question, at(0), Duration::from_secs(20));
        assert_eq!(timers.next_deadline(), Some(at(3)));
        assert_eq!(timers.take_expired(at(10)), Some(Timer::Stall));
        assert_eq!(timers.take_expired(at(10)), Some(Timer::Login));
        assert_eq!(timers.take_expired(at(10)), Some(Timer::Idle));
        assert_eq!(timers.take_expired(at(10)), None);
        assert_eq!(timers.next_deadline(), Some(at(20)));
    }

    #[test]
    fn zero_is_never_and_once_is_once() {
        let mut timers = Timers::new();
        timers.set(Timer::Idle, at(1), Duration::from_secs(5));
        timers.set(Timer::Idle, at(2), Duration::ZERO);
        assert!(!timers.is_set(Timer::Idle));
        timers.set_once(Timer::Login, at(1), Duration::from_secs(60));
        timers.set_once(Timer::Login, at(5), Duration::from_secs(60));
        assert_eq!(timers.deadline(Timer::Login), Some(at(61)));
        timers.clear_all();
        assert_eq!(timers.next_deadline(), None);
        assert_eq!(timers.take_expired(at(u64::MAX)), None);
    }
}
