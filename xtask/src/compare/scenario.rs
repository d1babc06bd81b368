//! What is measured: a load, and who carries it.

use super::data::Set;

/// The way that data take, as the client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    Get,
    Put,
}

/// What one run moves.
#[derive(Clone, Debug)]
pub(super) struct Load {
    pub(super) direction: Direction,
    pub(super) set: Set,
    /// How many clients move the whole set, each, at the same time.
    pub(super) streams: usize,
}

impl Load {
    /// How many bytes a run moves.
    pub(super) const fn bytes(&self) -> u64 {
        self.set.bytes() * self.streams as u64
    }

    /// What a run is counted in, and how many of them it moves.
    pub(super) const fn amount(&self) -> (f64, &'static str) {
        match self.set {
            Set::Big(_) => (self.bytes() as f64 / 1e6, "MB/s"),
            Set::Small(count, _) => (count as f64 * self.streams as f64, "files/s"),
        }
    }
}

/// A server and a client of the comparison, by their places in its lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pairing {
    pub(super) server: usize,
    pub(super) client: usize,
}

/// A row of the table: a load, and the pairings that carry it, the reference first.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    pub(super) load: Load,
    pub(super) pairings: Vec<Pairing>,
    /// The client that is compared with the best of the others, whichever that is: the first
    /// pairing is not the reference then.
    pub(super) compared: Option<usize>,
}
