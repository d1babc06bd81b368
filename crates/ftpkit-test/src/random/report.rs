//! What is told of many sessions: how many, which transitions they took, what failed.

use std::{cell::Cell, fmt, panic, sync::Once};

use ftpkit_proto::{Transition, Transitions};

use super::{Had, Plan, Run};
use crate::net::Side;

const ROLES: [&str; 3] = ["client", "server", "relay"];

/// What became of many sessions.
#[derive(Debug)]
pub struct Report {
    run: Run,
    /// How many were had: pairs, lone servers, lone clients, relays.
    had: [u64; 4],
    /// The client's, the server's, and the relay's.
    taken: [Option<Transitions>; 3],
    failure: Option<(u64, String)>,
}

impl Report {
    pub(super) fn new(run: &Run) -> Self {
        Self {
            run: run.clone(),
            had: [0; 4],
            taken: [None, None, None],
            failure: None,
        }
    }

    pub(super) fn add(&mut self, plan: &Plan, had: &Had) {
        let kind = match plan {
            Plan::Pair(_) => 0,
            Plan::Lone(plan) if plan.side == Side::Server => 1,
            Plan::Lone(_) => 2,
            Plan::Trio(_) => 3,
        };
        self.had[kind] += 1;
        self.take(&had.transitions);
    }

    fn take(&mut self, taken: &[Option<Transitions>; 3]) {
        for (all, more) in self.taken.iter_mut().zip(taken) {
            match (all, more) {
                (Some(all), Some(more)) => all.merge(more),
                (all @ None, Some(more)) => *all = Some(more.clone()),
                (_, None) => {}
            }
        }
    }

    pub(super) fn merge(&mut self, other: &Self) {
        for (count, more) in self.had.iter_mut().zip(other.had) {
            *count += more;
        }
        self.take(&other.taken);
    }

    pub(super) fn fail(&mut self, seed: u64, failure: String) {
        self.failure = Some((seed, failure));
    }

    /// The legal transitions that no session took, with their roles.
    #[must_use]
    pub fn missing(&self) -> Vec<String> {
        let mut missing = Vec::new();
        for (role, taken) in ROLES.iter().zip(&self.taken) {
            match taken {
                Some(taken) => missing.extend(
                    taken
                        .iter()
                        .filter(|transition| !transition.taken)
                        .map(|transition| format!("{role} {transition}")),
                ),
                None => missing.push(format!("{role}: all")),
            }
        }
        missing
    }

    /// The seed of the first session that broke a promise, and what there is to say about it.
    #[must_use]
    pub fn failure(&self) -> Option<(u64, &str)> {
        let (seed, failure) = self.failure.as_ref()?;
        Some((*seed, failure))
    }
}

/// The numbers, an automaton a line.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [pairs, servers, clients, relays] = self.had;
        let (all, seed) = (self.had.iter().sum::<u64>(), self.run.seed);
        writeln!(
            f,
            "{all} sessions from seed {seed} on: {pairs} pairs, {servers} servers and {clients} \
             clients alone, {relays} relays"
        )?;
        for (role, taken) in ROLES.iter().zip(&self.taken) {
            let transitions: Vec<Transition> = taken.iter().flat_map(Transitions::iter).collect();
            for automaton in transitions.chunk_by(|a, b| a.automaton == b.automaton) {
                let taken = automaton.iter().filter(|transition| transition.taken);
                let (name, all) = (automaton[0].automaton, automaton.len());
                writeln!(f, "{role} {name}: {} of {all} transitions", taken.count())?;
            }
        }
        for missing in self.missing() {
            writeln!(f, "not taken: {missing}")?;
        }
        match &self.failure {
            Some((seed, failure)) => write!(
                f,
                "{failure}\nagain: FTPKIT_SESSIONS=1 FTPKIT_SEED={seed}, or the transcript in a \
                 file that FTPKIT_TRANSCRIPT names"
            ),
            None => Ok(()),
        }
    }
}

thread_local! {
    static SILENT: Cell<bool> = const { Cell::new(false) };
}

/// Runs it without a word about panics in this thread: they are caught and reported.
pub(super) fn silenced<T>(run: impl FnOnce() -> T) -> T {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !SILENT.get() {
                usual(info);
            }
        }));
    });
    let before = SILENT.replace(true);
    let result = run();
    SILENT.set(before);
    result
}
