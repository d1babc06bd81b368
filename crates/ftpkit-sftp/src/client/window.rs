//! How many requests of one transfer are under way: [`Window`].

/// What a transfer begins with, and does not go below.
const LEAST: u32 = 4;

/// Counts what may be under way, by answers alone.
///
/// Each full answer allows one request more, which doubles the window in each round trip until
/// the bound is met. A short one halves it, once in a round trip: a server that gives less than it
/// is asked for is not made faster by more.
#[derive(Debug)]
pub(super) struct Window {
    size: u32,
    most: u32,
    /// Answers since it was halved.
    answers: u32,
}

impl Window {
    pub(super) fn new(most: u32) -> Self {
        let most = most.max(1);
        Self {
            size: LEAST.min(most),
            most,
            answers: LEAST,
        }
    }

    /// How many requests may be under way.
    pub(super) fn size(&self) -> usize {
        usize::try_from(self.size).unwrap_or(usize::MAX)
    }

    /// An answer came with all that was asked for.
    pub(super) fn full(&mut self) {
        self.answers = self.answers.saturating_add(1);
        self.size = self.size.saturating_add(1).min(self.most);
    }

    /// An answer came with less.
    pub(super) fn short(&mut self) {
        self.answers = self.answers.saturating_add(1);
        if self.answers > self.size {
            self.size = (self.size / 2).max(LEAST).min(self.most);
            self.answers = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_doubles_in_each_round_trip_up_to_the_bound() {
        let mut window = Window::new(20);
        let mut sizes = std::vec::Vec::new();
        for _ in 0..4 {
            sizes.push(window.size());
            (0..window.size()).for_each(|_| window.full());
        }
        assert_eq!(sizes, [4, 8, 16, 20]);
    }

    #[test]
    fn short_answers_halve_it_once_in_a_round_trip() {
        let mut window = Window::new(64);
        (0..60).for_each(|_| window.full());
        assert_eq!(window.size(), 64);
        (0..32).for_each(|_| window.short());
        assert_eq!(window.size(), 32);
        (0..1000).for_each(|_| window.short());
        assert_eq!(window.size(), 4);
    }

    #[test]
    fn the_bound_is_at_least_one_request() {
        assert_eq!(Window::new(0).size(), 1);
        assert_eq!(Window::new(2).size(), 2);
    }
}
