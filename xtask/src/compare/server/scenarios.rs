//! The table of scenarios: what the clients do, how many of them, and which servers take part.

use super::super::{data::Set, report::Figure, scenario::Direction};
use super::peers::Kind;

/// What the clients do.
#[derive(Clone, Debug)]
pub(super) enum Work {
    /// Each moves a whole set.
    Move(Direction, Set),
    /// Sessions for so many seconds.
    Sessions(f64),
    /// One command after another for so many seconds; its reply has this code. A path behind it
    /// is that of the set's file.
    Command(&'static str, Option<Set>, u16, f64),
    /// So many NOOPs at once.
    Burst(u64),
    /// Listings of a set's directory for so many seconds.
    List(&'static str, Set, f64),
    /// Sessions that do nothing.
    Idle,
    /// Transfers of a set's file that stand still.
    Held(Direction, Set),
}

/// A row of the table.
#[derive(Clone, Debug)]
pub(super) struct Scenario {
    pub(super) name: &'static str,
    /// Which charts it is in.
    pub(super) group: &'static str,
    pub(super) is_tls: bool,
    pub(super) clients: usize,
    /// Whether clients acknowledge replies at once.
    pub(super) quick_ack: bool,
    pub(super) work: Work,
    pub(super) servers: Vec<Kind>,
}

impl Scenario {
    pub(super) fn new(name: &'static str, group: &'static str, clients: usize, work: Work) -> Self {
        Self {
            name,
            group,
            is_tls: false,
            clients,
            quick_ack: true,
            work,
            servers: Kind::ALL.to_vec(),
        }
    }

    /// The same under TLS.
    fn tls(mut self, name: &'static str) -> Self {
        self.name = name;
        self.is_tls = true;
        self
    }

    /// Only with servers that can.
    fn without(mut self, kinds: &[Kind]) -> Self {
        self.servers.retain(|kind| !kinds.contains(kind));
        self
    }

    /// The files that must be there.
    pub(super) const fn set(&self) -> Option<&Set> {
        match &self.work {
            Work::Move(_, set)
            | Work::Command(_, Some(set), ..)
            | Work::List(_, set, _)
            | Work::Held(_, set) => Some(set),
            Work::Command(_, None, ..) | Work::Sessions(_) | Work::Burst(_) | Work::Idle => None,
        }
    }

    /// What its runs are compared by, and in which unit.
    pub(super) const fn figure(&self) -> (Figure, &'static str) {
        match &self.work {
            Work::Move(_, Set::Big(_)) => (Figure::Rate, "MB/s"),
            Work::Move(..) => (Figure::Rate, "files/s"),
            Work::Sessions(_) => (Figure::Rate, "sessions/s"),
            Work::Command(..) | Work::Burst(_) => (Figure::Rate, "commands/s"),
            Work::List(..) => (Figure::Rate, "entries/s"),
            Work::Idle => (Figure::Memory, "KiB per session"),
            Work::Held(..) => (Figure::Memory, "KiB per transfer"),
        }
    }
}

/// Servers that have a process for each session, or two: their memory is another order.
const PROCESSES: [Kind; 3] = [Kind::Vsftpd, Kind::Proftpd, Kind::PureFtpd];

/// All scenarios.
pub(super) fn all(quick: bool) -> Vec<Scenario> {
    let big = Set::Big(if quick { 32 << 20 } else { 1 << 30 });
    let small = |count| Set::Small(if quick { count / 25 } else { count }, 4096);
    let many = Set::Small(if quick { 1000 } else { 10_000 }, 16);
    let (short, long) = if quick { (0.05, 0.1) } else { (0.3, 0.6) };
    let (idle, held) = if quick { (100, 4) } else { (5000, 64) };
    let new = Scenario::new;
    let moved = |name, clients, direction, set: &Set| {
        let group = match set {
            Set::Big(_) => "big",
            Set::Small(..) => "small",
        };
        new(name, group, clients, Work::Move(direction, set.clone()))
    };
    let (get, put) = (Direction::Get, Direction::Put);
    let command = |name, line, set: Option<&Set>, code| {
        let work = Work::Command(line, set.cloned(), code, short);
        new(name, "commands", 1, work)
    };
    let listing = |name, verb| new(name, "listings", 1, Work::List(verb, many.clone(), short));
    let active = |name, direction| {
        let work = Work::Held(direction, big.clone());
        new(name, "memory", held, work)
    };
    let sessions = |name, clients| new(name, "sessions", clients, Work::Sessions(long));
    let idle = new("idle", "memory", idle, Work::Idle).without(&PROCESSES);
    let mut delayed = moved("get-small-1-delayed-ack", 1, get, &small(100));
    delayed.quick_ack = false;
    vec![
        moved("get-big-1", 1, get, &big),
        moved("get-big-4", 4, get, &big),
        moved("put-big-1", 1, put, &big),
        moved("", 1, get, &big).tls("get-big-1-tls"),
        moved("", 4, get, &big).tls("get-big-4-tls"),
        moved("", 1, put, &big).tls("put-big-1-tls"),
        moved("get-small-1", 1, get, &small(1000)),
        moved("get-small-8", 8, get, &small(250)),
        delayed,
        moved("put-small-1", 1, put, &small(1000)),
        moved("put-small-8", 8, put, &small(250)),
        moved("", 1, get, &small(1000)).tls("get-small-1-tls"),
        moved("", 8, get, &small(250)).tls("get-small-8-tls"),
        moved("", 1, put, &small(1000)).tls("put-small-1-tls"),
        moved("", 8, put, &small(250)).tls("put-small-8-tls"),
        sessions("sessions-1", 1),
        sessions("sessions-8", 8),
        sessions("", 1).tls("sessions-1-tls"),
        sessions("", 8).tls("sessions-8-tls"),
        command("noop", "NOOP", None, 200),
        command("pwd", "PWD", None, 257),
        command("size", "SIZE", Some(&big), 213),
        new("noop-burst", "commands", 1, Work::Burst(10_000)),
        // vsftpd has no MLSD.
        listing("mlsd", "MLSD").without(&[Kind::Vsftpd]),
        listing("list", "LIST"),
        listing("nlst", "NLST"),
        idle.clone(),
        idle.tls("idle-tls"),
        active("active-get", get),
        active("", get).tls("active-get-tls"),
        active("active-put", put),
        active("", put).tls("active-put-tls"),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_scenario_has_a_name_of_its_own() {
        for quick in [false, true] {
            let all = all(quick);
            let names: HashSet<&str> = all.iter().map(|scenario| scenario.name).collect();
            assert_eq!(names.len(), all.len());
            assert!(!names.contains(""));
            for scenario in all {
                assert!(
                    scenario.servers.contains(&Kind::Ftpkit),
                    "{}",
                    scenario.name
                );
                assert!(scenario.servers.len() > 1, "{}", scenario.name);
            }
        }
    }
}
