//! What grows, and by which steps.

use super::{
    super::{
        super::{data::Set, scenario::Direction},
        scenarios::{Scenario, Work},
    },
    curve::{Cost, Curve, Point, Sample},
};

const MIB: u64 = 1 << 20;

/// Something that grows.
#[derive(Debug)]
pub(super) struct Growth {
    pub(super) name: &'static str,
    /// What the steps count.
    pub(super) what: &'static str,
    /// By what they grow, for the axis.
    pub(super) base: f64,
    pub(super) content: Content,
    pub(super) series: Vec<(&'static str, Vec<Step>)>,
    pub(super) curves: Vec<Curve>,
}

/// What files are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Random,
    /// Nothing: more would not fit into memory.
    Holes,
}

/// A step: so many of what grows, and what the clients do then.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) x: u64,
    pub(super) scenario: Scenario,
    /// How often each client moves its files, so that there is a time to be taken of small ones.
    pub(super) times: u64,
}

impl Step {
    fn new(x: u64, clients: u64, is_tls: bool, work: Work) -> Self {
        let clients = usize::try_from(clients).unwrap_or(usize::MAX);
        let mut scenario = Scenario::new("", "", clients, work);
        scenario.is_tls = is_tls;
        let times = 1;
        Self { x, scenario, times }
    }
}

/// All that grows. The last steps are left out of a quick run: 1,000 and 10,000 sessions, more than
/// 10,000 entries, files of more than 1 MB, more than 16 transfers.
pub(super) fn all(quick: bool) -> [Growth; 4] {
    [
        sessions(quick),
        entries(quick),
        sizes(quick),
        parallel(quick),
    ]
}

/// As many as a quick run takes.
fn some(steps: &[u64], quick: bool, few: usize) -> Vec<u64> {
    let count = if quick { few } else { steps.len() };
    steps.iter().take(count).copied().collect()
}

fn sessions(quick: bool) -> Growth {
    let steps = some(&[1, 10, 100, 1000, 10_000], quick, 3);
    let line = |is_tls| {
        let step = |x: &u64| Step::new(*x, *x, is_tls, Work::Idle);
        steps.iter().map(step).collect()
    };
    Growth {
        name: "sessions",
        what: "sessions",
        base: 10.0,
        content: Content::Holes,
        series: vec![("clear", line(false)), ("TLS", line(true))],
        curves: vec![
            Curve::new(
                "sessions-memory",
                "KiB of the server per idle session",
                |point, sample| sample.memory / point.x as f64,
                Cost::Itself,
            ),
            Curve::new(
                "sessions-time",
                "ms to open a session, eight at a time",
                |_, sample| sample.seconds * 1e3 / sample.operations as f64,
                Cost::Itself,
            ),
        ],
    }
}

fn entries(quick: bool) -> Growth {
    let steps = some(&[100, 1000, 10_000, 100_000, 1_000_000], quick, 3);
    let seconds = if quick { 0.05 } else { 0.3 };
    let line = |verb| {
        let step = |x: &u64| {
            let count = u32::try_from(*x).unwrap_or(u32::MAX);
            Step::new(
                *x,
                1,
                false,
                Work::List(verb, Set::Small(count, 0), seconds),
            )
        };
        steps.iter().map(step).collect()
    };
    Growth {
        name: "entries",
        what: "entries of a directory",
        base: 10.0,
        content: Content::Random,
        series: vec![("MLSD", line("MLSD")), ("LIST", line("LIST"))],
        curves: vec![
            Curve::new(
                "entries-time",
                "µs per entry",
                |_, sample| sample.seconds * 1e6 / sample.operations as f64,
                Cost::Itself,
            )
            .with_control(),
            peak(
                "entries-memory",
                "MiB of the server for a listing, at its peak",
            ),
        ],
    }
}

fn sizes(quick: bool) -> Growth {
    let [kb, mb] = [1000, 1_000_000];
    let sizes = [1, 100, 10 * kb, mb, 100 * mb, 1000 * mb, 8 << 30];
    let steps = some(&sizes, quick, 4);
    let (most, bytes) = if quick {
        (50, 20 * mb)
    } else {
        (500, 300 * mb)
    };
    let line = |direction| {
        let step = |x: &u64| {
            let mut step = Step::new(*x, 1, false, Work::Move(direction, Set::Big(*x)));
            step.times = (bytes / x).clamp(1, most);
            step
        };
        steps.iter().map(step).collect()
    };
    Growth {
        name: "sizes",
        what: "bytes of a file",
        base: 10.0,
        content: Content::Holes,
        series: vec![
            ("RETR", line(Direction::Get)),
            ("STOR", line(Direction::Put)),
        ],
        curves: vec![
            Curve::new(
                "sizes-time",
                "seconds for a file",
                |_, sample| sample.seconds / sample.operations as f64,
                Cost::PerUnit("ns per byte", 1e9),
            ),
            peak(
                "sizes-memory",
                "MiB of the server for a transfer, at its peak",
            ),
        ],
    }
}

fn parallel(quick: bool) -> Growth {
    let steps = if quick {
        vec![1, 4, 16]
    } else {
        vec![1, 2, 4, 8, 16, 32, 64]
    };
    // In MiB.
    let (each, all) = if quick { (2, 32) } else { (64, 1024) };
    let names = if quick {
        ["2 MiB each", "32 MiB in all", "32 MiB in all, TLS"]
    } else {
        ["64 MiB each", "1 GiB in all", "1 GiB in all, TLS"]
    };
    let line = |is_tls, size: &dyn Fn(u64) -> u64| {
        let step = |x: &u64| {
            let work = Work::Move(Direction::Get, Set::Big(size(*x)));
            Step::new(*x, *x, is_tls, work)
        };
        steps.iter().map(step).collect::<Vec<_>>()
    };
    let shared = |x| all * MIB / x;
    Growth {
        name: "parallel",
        what: "RETRs beside each other",
        base: 2.0,
        content: Content::Random,
        series: vec![
            (names[0], line(false, &|_| each * MIB)),
            (names[1], line(false, &shared)),
            (names[2], line(true, &shared)),
        ],
        curves: vec![
            Curve::new(
                "parallel-rate",
                "MB/s in all",
                |_, sample| sample.bytes as f64 / 1e6 / sample.seconds,
                Cost::Inverse("ms per MB", 1e3),
            ),
            Curve::new(
                "parallel-memory",
                "KiB of the server per transfer, at its peak",
                |point, sample| sample.memory / point.x as f64,
                Cost::Itself,
            ),
        ],
    }
}

/// The server's memory for one at a time. What the system counts of it is off by some pages for
/// each processor.
fn peak(name: &'static str, unit: &'static str) -> Curve {
    let of = |_: &Point, sample: &Sample| sample.memory / 1024.0;
    let curve = Curve::new(name, unit, of, Cost::Itself);
    Curve {
        floor: 0.5,
        ..curve
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A quick run has part of what a whole one has, and charts do not overwrite each other.
    #[test]
    fn steps_grow_and_charts_have_names_of_their_own() {
        let mut names = std::collections::HashSet::new();
        for (quick, whole) in all(true).into_iter().zip(all(false)) {
            assert_eq!(quick.name, whole.name);
            for ((_, few), (line, steps)) in quick.series.iter().zip(&whole.series) {
                assert!(few.len() < steps.len());
                assert!(steps.is_sorted_by(|one, next| one.x < next.x), "{line}");
                assert!(
                    few.iter()
                        .all(|few| steps.iter().any(|step| step.x == few.x))
                );
            }
            for curve in &whole.curves {
                assert!(names.insert(curve.name), "{}", curve.name);
            }
        }
    }
}
