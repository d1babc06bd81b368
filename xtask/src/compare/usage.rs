//! Who used the processors: a server with all its processes, the clients, everybody else.
//!
//! From `/proc`, in hundredths of a second, so that nothing needs to be privileged. A process that
//! has ended counts with its parent once that has waited for it. Where control groups can be made,
//! a server may have one, which counts exactly.

use std::{
    collections::HashMap,
    fs,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

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

/// The memory of a process and all below it in KiB, where what several share is divided among them.
pub(super) fn memory(root: u32) -> anyhow::Result<f64> {
    let processes = Processes::now()?;
    let of = |id: &u32| {
        // One that has ended meanwhile has none.
        let text = fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
        line.trim().trim_end_matches(" kB").parse::<f64>().ok()
    };
    Ok(processes.tree(root).iter().filter_map(of).sum())
}

/// The most memory that a process has had at any time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peak {
    process: u32,
    before: f64,
}

impl Peak {
    /// From now on.
    pub(super) fn new(process: u32) -> anyhow::Result<Self> {
        // What it had before is forgotten.
        fs::write(format!("/proc/{process}/clear_refs"), "5")
            .context("the peak of a process's memory cannot be reset")?;
        let before = status(process, "VmRSS:")?;
        Ok(Self { process, before })
    }

    /// How far it has gone above what the process had, in KiB.
    pub(super) fn above(&self) -> anyhow::Result<f64> {
        Ok((status(self.process, "VmHWM:")? - self.before).max(0.0))
    }
}

/// A field of `/proc/PID/status` in KiB.
fn status(process: u32, field: &str) -> anyhow::Result<f64> {
    let text = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = text.lines().find_map(|line| line.strip_prefix(field));
    let number = line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok());
    number.with_context(|| format!("a process's status has no {field}"))
}

/// Counts what a server uses, with all its processes.
#[derive(Debug)]
pub(super) enum Meter {
    /// A control group of its own: exactly, and with all that have ended.
    Group { directory: PathBuf, file: PathBuf },
    /// The tree of its processes.
    Tree(u32),
}

impl Meter {
    /// For a process that has just started, and all below it.
    pub(super) fn new(root: u32) -> anyhow::Result<Self> {
        let name = format!("ftpkit-compare-{root}");
        for (parent, file) in [
            ("/sys/fs/cgroup/cpuacct", "cpuacct.usage"),
            ("/sys/fs/cgroup", "cpu.stat"),
        ] {
            let directory = Path::new(parent).join(&name);
            let file = directory.join(file);
            // Above groups of the first kind there may be a directory that is none.
            let is_group = Path::new(parent).join("cgroup.procs").exists();
            if !is_group || fs::create_dir(&directory).is_err() {
                continue;
            }
            let members = directory.join("cgroup.procs");
            let processes = Processes::now()?;
            let mut tree = processes.tree(root).into_iter();
            // One that has ended meanwhile need not be counted.
            let all = tree.all(|id| {
                fs::write(&members, id.to_string()).is_ok()
                    || !Path::new(&format!("/proc/{id}")).exists()
            });
            if file.exists() && all {
                return Ok(Self::Group { directory, file });
            }
            // Not of this kind, or not allowed.
            let _ = fs::remove_dir(&directory);
        }
        Ok(Self::Tree(root))
    }

    /// How it counts.
    pub(super) const fn about(&self) -> &'static str {
        match self {
            Self::Group { .. } => "control group",
            Self::Tree(_) => "/proc, in hundredths of a second",
        }
    }

    /// What has been used, in seconds.
    pub(super) fn used(&self) -> anyhow::Result<f64> {
        match self {
            Self::Tree(root) => Ok(Processes::now()?.used_by_tree(*root)),
            Self::Group { file, .. } => {
                let text = fs::read_to_string(file).context("a control group is gone")?;
                parse_group(&text).context("a control group does not say what it has used")
            }
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let Self::Group { directory, .. } = self else {
            return;
        };
        // Its last processes may still be ending.
        for _ in 0..100 {
            if fs::remove_dir(&*directory).is_ok() {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Nanoseconds alone, or `usage_usec` in a list.
fn parse_group(text: &str) -> Option<f64> {
    if let Ok(nanoseconds) = text.trim().parse::<u64>() {
        return Some(nanoseconds as f64 / 1e9);
    }
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("usage_usec "))?;
    Some(line.trim().parse::<u64>().ok()? as f64 / 1e6)
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
        thread::sleep(Duration::from_millis(10));
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
    fn a_peak_is_above_what_was_there() {
        let peak = Peak::new(std::process::id()).expect("a status");
        let held = vec![1u8; 64 << 20];
        let above = peak.above().expect("a status");
        assert!(above >= f64::from(60 << 10), "{above} for {}", held.len());
    }

    #[test]
    fn both_kinds_of_groups_are_read() {
        assert_eq!(parse_group("1500000000\n"), Some(1.5));
        let text = "usage_usec 2500000\nuser_usec 1\nsystem_usec 2\n";
        assert_eq!(parse_group(text), Some(2.5));
        assert_eq!(parse_group("user_usec 1\n"), None);
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
