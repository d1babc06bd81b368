//! Random sessions, each made by its seed alone: pairs of machines, and machines that are alone
//! with a peer that says anything. [`Run`] has many of them, counts which legal transitions were
//! taken, and reports the first that breaks a promise: as small as it becomes, with a transcript.
//!
//! What peers say, and what applications ask for, stands in `talk.rs`; add there what is new.

mod dice;
mod lone;
mod pairs;
mod reduce;
mod report;
mod talk;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::atomic::{AtomicU64, Ordering},
    thread,
};

use ftpkit_proto::{
    Text, Transitions,
    client::{DataMode, EpsvAhead, Pipelining, Pret},
    server::TlsPolicy,
};

use crate::{
    net::Side,
    settings::{self, Settings},
    transcript::Transcript,
    trio::Trio,
};
pub(crate) use dice::Dice;
pub use report::Report;

/// A session, as its seed has made it.
#[derive(Clone, Debug)]
pub(crate) enum Plan {
    Pair(Box<pairs::Plan>),
    Lone(Box<lone::Plan>),
    /// A relay between two servers; what it does is made by the seed again.
    Trio(u64),
}

impl Plan {
    pub(crate) fn of(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        match dice.below(20) {
            0..=7 => Self::Pair(Box::new(pairs::Plan::new(&mut dice))),
            8..=12 => Self::Lone(Box::new(lone::Plan::new(Side::Server, &mut dice))),
            13..=17 => Self::Lone(Box::new(lone::Plan::new(Side::Client, &mut dice))),
            _ => Self::Trio(seed),
        }
    }

    /// Has the session. What it promises is asserted; the panic is caught.
    fn have(&self, watch: &Watch) -> Had {
        match self {
            Self::Pair(plan) => {
                let mut pair = plan.pair(watch.keeps_transcript());
                let mut broken = caught(|| plan.run(&mut pair));
                let transcript = pair.transcript().clone();
                broken = broken.or_else(|| watch.check(&transcript));
                Had {
                    transcript,
                    transitions: {
                        let [client, server] = pair.transitions();
                        [Some(client), Some(server), None]
                    },
                    broken,
                }
            }
            Self::Lone(plan) => {
                let mut lone = lone::Lone::new((**plan).clone(), watch.keeps_transcript());
                let mut broken = caught(|| lone.run());
                broken = broken.or_else(|| watch.check(&lone.transcript));
                let taken = Some(lone.player().transitions());
                Had {
                    transitions: match plan.side {
                        Side::Client => [taken, None, None],
                        Side::Server => [None, taken, None],
                    },
                    transcript: lone.transcript,
                    broken,
                }
            }
            Self::Trio(seed) => {
                let mut transitions = [None, None, None];
                let broken = caught(|| {
                    let [relay, clients, servers] = Trio::random(*seed).transitions();
                    transitions = [Some(clients), Some(servers), Some(relay)];
                });
                Had {
                    transcript: Transcript::default(),
                    transitions,
                    broken,
                }
            }
        }
    }
}

/// What is asked of a session besides what always must hold.
#[derive(Clone, Copy, Debug, Default)]
struct Watch {
    transcript: bool,
    /// Whether it happens again, from its transcript, in whatever pieces.
    replays: bool,
    promise: Option<Promise>,
}

/// Of how many sessions one is replayed.
const REPLAYED: u64 = 16;

impl Watch {
    /// What is asked of a seed's session.
    const fn of(seed: u64, promise: Option<Promise>) -> Self {
        Self {
            transcript: false,
            replays: seed.is_multiple_of(REPLAYED),
            promise,
        }
    }

    const fn keeps_transcript(&self) -> bool {
        self.transcript || self.replays || self.promise.is_some()
    }

    /// The promise that the session broke.
    fn check(&self, transcript: &Transcript) -> Option<String> {
        if let Some(promise) = self.promise {
            let broken = caught(|| promise(transcript));
            if broken.is_some() {
                return broken;
            }
        }
        if self.replays && transcript.is_whole() {
            return caught(|| replays(transcript));
        }
        None
    }
}

/// Asserts that each machine does the same again when the same happens to it as it is printed,
/// in the same pieces and in others.
///
/// # Panics
/// When one does not.
pub fn replays(transcript: &Transcript) {
    let printed: Transcript = match transcript.to_string().parse() {
        Ok(printed) => printed,
        Err(error) => panic!("{error}"),
    };
    for side in transcript.sides() {
        let done = transcript.done_by(side);
        let again = printed.replay(side).done_by(side);
        assert_eq!(again, done, "{side:?} does not do the same again");
        // Whether something waits where TLS begins or ends does depend on the pieces.
        if let (again, true) = printed.replay_until_tls(side, 1) {
            assert_eq!(again.done_by(side), done, "{side:?} depends on the pieces");
        }
    }
}

/// What became of a session.
struct Had {
    transcript: Transcript,
    /// The client's, the server's, and the relay's.
    transitions: [Option<Transitions>; 3],
    /// The promise that it broke.
    broken: Option<String>,
}

/// The transcript of a seed's session.
#[must_use]
pub fn transcript(seed: u64) -> Transcript {
    let watch = Watch {
        transcript: true,
        ..Watch::default()
    };
    Plan::of(seed).have(&watch).transcript
}

/// What must hold of a session besides what always must; for tests of the tests.
pub type Promise = fn(&Transcript);

/// Many sessions.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Run {
    /// How many.
    pub sessions: u64,
    /// The seed of the first; the next ones follow.
    pub seed: u64,
    /// Asked of each transcript, if there is something to ask.
    pub promise: Option<Promise>,
}

impl Run {
    /// So many sessions, from this seed on.
    #[must_use]
    pub const fn new(sessions: u64, seed: u64) -> Self {
        Self {
            sessions,
            seed,
            promise: None,
        }
    }

    /// As `FTPKIT_SESSIONS` and `FTPKIT_SEED` say, where they say something.
    #[must_use]
    pub fn from_environment(sessions: u64, seed: u64) -> Self {
        let told = |name: &str, or: u64| match std::env::var(name) {
            Ok(told) => told.parse().unwrap_or_else(|_| panic!("{name}: {told}")),
            Err(_) => or,
        };
        Self::new(told("FTPKIT_SESSIONS", sessions), told("FTPKIT_SEED", seed))
    }

    /// Has the sessions, on all cores.
    #[must_use]
    pub fn have(&self) -> Report {
        let next = AtomicU64::new(0);
        let worst = AtomicU64::new(u64::MAX);
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let mut report = Report::new(self);
        thread::scope(|scope| {
            let work = || {
                let mut mine = Report::new(self);
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    // The first that fails is reported, whoever comes to it when.
                    if at >= self.sessions || at > worst.load(Ordering::Relaxed) {
                        return mine;
                    }
                    let seed = self.seed.wrapping_add(at);
                    let plan = Plan::of(seed);
                    let had = plan.have(&Watch::of(seed, self.promise));
                    mine.add(&plan, &had);
                    if had.broken.is_some() {
                        worst.fetch_min(at, Ordering::Relaxed);
                    }
                }
            };
            let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
            for worker in workers {
                match worker.join() {
                    Ok(mine) => report.merge(&mine),
                    Err(panic) => std::panic::resume_unwind(panic),
                }
            }
        });
        let worst = worst.into_inner();
        if worst != u64::MAX {
            let seed = self.seed.wrapping_add(worst);
            report.fail(seed, reduce::failure(seed, Watch::of(seed, self.promise)));
        }
        report
    }
}

/// What a panic in it says.
fn caught(run: impl FnOnce()) -> Option<String> {
    let result = report::silenced(|| catch_unwind(AssertUnwindSafe(run)));
    let panic = result.err()?;
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    // Some of them end with the transcript, which stands beside anyway.
    let text = text.unwrap_or("a panic without words");
    Some(
        text.split("# settings:")
            .next()
            .unwrap_or(text)
            .trim()
            .into(),
    )
}

/// Settings in which sessions differ.
fn settings(dice: &mut Dice) -> Settings {
    let mut settings = Settings::default();
    let client = &mut settings.client;
    client.data_mode = dice.weighted(&[
        (5, DataMode::Passive),
        (3, DataMode::Active),
        (6, DataMode::Auto),
    ]);
    client.pret = dice.weighted(&[(5, Pret::Listed), (2, Pret::Always), (1, Pret::Never)]);
    client.long_addresses = dice.chance(25);
    if dice.chance(50) {
        client.pipelining = Pipelining::Safe;
    }
    client.epsv_ahead = dice.weighted(&[
        (6, EpsvAhead::Always),
        (1, EpsvAhead::Known),
        (1, EpsvAhead::Never),
    ]);
    client.telnet_abort = dice.chance(50);
    // A strict client gets along with this server, and forgives no reply too many.
    client.lenient = dice.chance(50);
    client.accept_unclean_close = dice.chance(30);
    client.trust_passive_address = dice.chance(20);
    client.trace = dice.chance(30);
    client.negotiate = dice.chance(30);
    if dice.chance(50) {
        client.client_name = Some(Text::from_static("ftpkit-test"));
    }
    client.dangerous_ccc = dice.chance(50);
    client.implicit_tls = dice.chance(10);
    if dice.chance(10) {
        client.limits.queue = 3;
    }
    let server = &mut settings.server;
    server.tls = dice.weighted(&[
        (1, TlsPolicy::Off),
        (6, TlsPolicy::Offered),
        (1, TlsPolicy::RequiredForLogin),
        (1, TlsPolicy::RequiredForData),
    ]);
    if dice.chance(40) {
        let hosts = settings::HOSTS.iter().take(1 + dice.below(2));
        server.hosts = hosts.map(|name| Text::from_static(name)).collect();
    }
    server.active = dice.chance(80);
    server.accept_unclean_close = dice.chance(30);
    server.dangerous_ccc = dice.chance(50);
    server.dangerous_rein_under_tls = dice.chance(50);
    server.dangerous_server_to_server = dice.chance(25);
    if dice.chance(20) {
        server.limits.pipeline = 64;
        server.limits.line = 64;
    }
    settings.v6 = dice.chance(20);
    settings
}
