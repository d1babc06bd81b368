//! A session that fails, made small: what can be left out, is.

use super::{Plan, Watch};

/// How many sessions the search for a smaller one may take.
const TRIES: usize = 3000;

/// What the report says of a seed whose session breaks a promise.
pub(super) fn failure(seed: u64, mut watch: Watch) -> String {
    watch.transcript = true;
    let mut plan = Plan::of(seed);
    let whole = plan.len();
    let mut tries = 0;
    let mut fails = |plan: &Plan| {
        tries += 1;
        tries <= TRIES && plan.have(&watch).broken.is_some()
    };
    let mut size = whole;
    while size > 0 {
        let mut at = 0;
        while at < plan.len() {
            let smaller = plan.without(at, size);
            if fails(&smaller) {
                plan = smaller;
            } else {
                at += size;
            }
        }
        size /= 2;
    }
    for simpler in SIMPLER {
        let mut tried = plan.clone();
        simpler(&mut tried);
        if fails(&tried) {
            plan = tried;
        }
    }
    let had = plan.have(&watch);
    // A plan that fails does so again: nothing in it depends on anything else.
    let broken = had.broken.unwrap_or_else(|| "it fails no more".into());
    format!(
        "seed {seed}: {broken}\n{} of {whole} steps are enough: {plan:?}\n{}",
        plan.len(),
        had.transcript
    )
}

/// What may be made as it usually is.
const SIMPLER: &[fn(&mut Plan)] = &[
    |plan| plan.pair(|pair| pair.refusing = Vec::new()),
    |plan| plan.pair(|pair| pair.answering = vec![crate::Answering::AtOnce]),
    |plan| plan.pair(|pair| pair.conditions.fragment = 0),
    |plan| plan.pair(|pair| pair.conditions.lose_control = None),
    |plan| plan.pair(|pair| pair.conditions.lose_data = None),
    |plan| plan.pair(|pair| pair.conditions.truncate = false),
    |plan| plan.pair(|pair| pair.conditions.refuse = 0),
    |plan| plan.pair(|pair| pair.conditions.ignore = 0),
    |plan| plan.pair(|pair| pair.conditions.unbound = 0),
    |plan| plan.pair(|pair| pair.conditions.stranger = false),
    |plan| plan.pair(|pair| pair.conditions.tls = crate::Handshake::Works),
    |plan| plan.pair(|pair| pair.conditions.facts = Default::default()),
    |plan| plan.pair(|pair| pair.conditions.data_tls = Vec::new()),
    |plan| plan.pair(|pair| pair.conditions.unclean = false),
    |plan| plan.pair(|pair| pair.conditions.unbuffered = false),
    |plan| plan.pair(|pair| pair.conditions.stall = None),
    |plan| plan.pair(|pair| pair.conditions.fail_file = None),
    |plan| {
        let settings = match plan {
            Plan::Pair(plan) => &mut plan.settings,
            Plan::Lone(plan) => &mut plan.settings,
            Plan::Trio(_) => return,
        };
        let trace = settings.server.trace;
        *settings = Default::default();
        settings.server.trace = trace;
    },
];

impl Plan {
    fn len(&self) -> usize {
        match self {
            Self::Pair(plan) => plan.acts.len(),
            Self::Lone(plan) => plan.steps.len(),
            Self::Trio(_) => 0,
        }
    }

    /// Without so many steps from there on.
    fn without(&self, at: usize, count: usize) -> Self {
        let mut less = self.clone();
        let end = (at + count).min(less.len());
        match &mut less {
            Self::Pair(plan) => drop(plan.acts.drain(at..end)),
            Self::Lone(plan) => drop(plan.steps.drain(at..end)),
            Self::Trio(_) => {}
        }
        less
    }

    fn pair(&mut self, change: impl FnOnce(&mut super::pairs::Plan)) {
        if let Self::Pair(plan) = self {
            change(plan);
        }
    }
}
