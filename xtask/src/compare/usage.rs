//! Who used the processors: a server with all its processes, the clients, everybody else.
//!
//! From `/proc`, in hundredths of a second, so that nothing needs to be privileged. A process that
//! has ended counts with its parent once that has waited for it.

use std::{collections::HashMap, fs, time::Duration};

use anyhow::Context as _;

/// The unit of `/proc/PID/stat` and `/proc/stat`, which Linux keeps at this for all programs.
const TICKS_PER_SECOND: f64 = 100.0;

/// What a process has used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stat {
    parent: u32,
    own: u64,
    waited_for: u64,
}

/// Reads a line of `/proc/PID/stat`.
fn parse_stat(line: &str) -> Option<Stat> {
    // The name may hold blanks and parentheses.
    let (_, rest) = line.rsplit_once(')')?;
    let fields: Vec<&str> = rest.split_ascii_whitespace().collect();
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(Stat {
        parent: number(1)?.try_into().ok()?,
        own: number(11)? + number(12)?,
        waited_for: number(13)? + number(14)?,
    })
}

/// Processes and what they have used.
#[derive(Debug)]
pub(super) struct Processes(HashMap<u32, Stat>);

impl Processes {
    /// All that are there now.
    pub(super) fn now() -> anyhow::Result<Self> {
        let entries = fs::read_dir("/proc").context("/proc cannot be read")?;
        let stats = entries.filter_map(|entry| {
            let id: u32 = entry.ok()?.file_name().to_str()?.parse().ok()?;
            // One that has ended meanwhile is not there.
            let line = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
            Some((id, parse_stat(&line)?))
        });
        Ok(Self(stats.collect()))
    }

    /// The process and all that descend from it.
    fn tree(&self, root: u32) -> Vec<u32> {
        let mut tree = vec![root];
        let mut at = 0;
        while let Some(parent) = tree.get(at).copied() {
            let children = self.0.iter().filter(|(_, stat)| stat.parent == parent);
            tree.extend(children.map(|(id, _)| *id));
            at += 1;
        }
        tree
    }

    /// How many descend from a process.
    pub(super) fn descendants(&self, root: u32) -> usize {
        self.tree(root).len() - 1
    }

    /// What a process, all below it and all that these have waited for have used, in seconds.
    pub(super) fn used_by_tree(&self, root: u32) -> f64 {
        let tree = self.tree(root);
        let stats = tree.iter().filter_map(|id| self.0.get(id));
        seconds(stats.map(|stat| stat.own + stat.waited_for).sum())
    }

    /// What the process itself has used, and what those that it has waited for have, in seconds.
    pub(super) fn used_by(&self, id: u32) -> (f64, f64) {
        let stat = self.0.get(&id);
        stat.map_or((0.0, 0.0), |stat| {
            (seconds(stat.own), seconds(stat.waited_for))
        })
    }
}

/// What the whole machine has used, and what its host took away, in seconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Machine {
    pub(super) busy: f64,
    pub(super) stolen: f64,
}

impl Machine {
    /// As of now.
    pub(super) fn now() -> anyhow::Result<Self> {
        let text = fs::read_to_string("/proc/stat").context("/proc/stat cannot be read")?;
        parse_machine(&text).context("/proc/stat does not begin with the processors' times")
    }
}

fn parse_machine(text: &str) -> Option<Machine> {
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let times: Vec<u64> = line
        .split_ascii_whitespace()
        .map_while(|field| field.parse().ok())
        .collect();
    // user nice system idle iowait irq softirq steal; guests are in user already.
    let [user, nice, system, _, _, irq, softirq, steal, ..] = times[..] else {
        return None;
    };
    Some(Machine {
        busy: seconds(user + nice + system + irq + softirq),
        stolen: seconds(steal),
    })
}

fn seconds(ticks: u64) -> f64 {
    ticks as f64 / TICKS_PER_SECOND
}

/// Waits until nothing is left below a process, so that all has been waited for: a server that
/// forks for each connection. One that keeps helpers has none of them end.
pub(super) fn settle(root: u32, before: usize) -> anyhow::Result<Processes> {
    let mut processes = Processes::now()?;
    for _ in 0..500 {
        if processes.descendants(root) <= before {
            break;
        }
        std::thread::sleep(Duration::from_millis(10));
        processes = Processes::now()?;
    }
    Ok(processes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_shift_the_fields() {
        let line = "42 (a) b (c)) S 7 1 1 0 -1 4194560 10 20 30 40 5 6 70 80 20 0 1 0 9 9 9";
        let stat = Stat {
            parent: 7,
            own: 11,
            waited_for: 150,
        };
        assert_eq!(parse_stat(line), Some(stat));
        assert_eq!(parse_stat("42 (a"), None);
        assert_eq!(parse_stat("42 (a) S 7 1"), None);
    }

    #[test]
    fn a_tree_counts_what_it_has_waited_for() {
        let stat = |parent, own, waited_for| Stat {
            parent,
            own,
            waited_for,
        };
        let processes = Processes(HashMap::from([
            (1, stat(0, 1000, 1000)),
            (10, stat(1, 100, 50)),
            (11, stat(10, 20, 0)),
            (12, stat(11, 3, 4)),
            (13, stat(1, 5000, 0)),
        ]));
        assert_eq!(processes.used_by_tree(10), 1.77);
        assert_eq!(processes.descendants(10), 2);
        assert_eq!(processes.used_by(10), (1.0, 0.5));
        assert_eq!(processes.used_by_tree(99), 0.0);
    }

    #[test]
    fn waiting_and_guests_are_no_work() {
        let text = "cpu  1 2 3 400 500 6 7 8 1 2\ncpu0 9 9 9 9\n";
        let machine = Machine {
            busy: 0.19,
            stolen: 0.08,
        };
        assert_eq!(parse_machine(text), Some(machine));
        assert_eq!(parse_machine("intr 1 2 3"), None);
    }
}
