//! Random sessions over random networks: whatever happens, every request ends once, what is
//! confirmed is true, and nothing is left. `PROPTEST_CASES` raises the number of sessions.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ftpkit_proto::{
    Command,
    client::{Config, DataMode, Outcome, Pipelining, Request, RequestId, Transfer},
    command::ListArgs,
    server::TlsPolicy,
};
use ftpkit_test::{Answering, Conditions, Pair, Side, Store};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Act {
    Login,
    Query(usize),
    Get(usize, u64),
    Put(usize, usize),
    Append(usize, usize),
    List,
    Remove(usize),
    Rename(usize, usize),
    Abort(usize),
    Steps(usize),
    Secure,
}

const NAMES: [&str; 3] = ["/a", "/b", "/c"];

fn act() -> impl Strategy<Value = Act> {
    let name = 0..NAMES.len();
    prop_oneof![
        3 => Just(Act::Login),
        2 => (0..6usize).prop_map(Act::Query),
        4 => (name.clone(), prop_oneof![3 => Just(0), 1 => 0..3000u64])
            .prop_map(|(name, offset)| Act::Get(name, offset)),
        4 => (name.clone(), 0..4000usize).prop_map(|(name, size)| Act::Put(name, size)),
        1 => (name.clone(), 0..2000usize).prop_map(|(name, size)| Act::Append(name, size)),
        2 => Just(Act::List),
        1 => name.clone().prop_map(Act::Remove),
        1 => (name.clone(), name).prop_map(|(from, to)| Act::Rename(from, to)),
        2 => (0..12usize).prop_map(Act::Abort),
        4 => (0..60usize).prop_map(Act::Steps),
        1 => Just(Act::Secure),
    ]
}

fn conditions() -> impl Strategy<Value = Conditions> {
    let side = prop_oneof![Just(Side::Client), Just(Side::Server)];
    (
        0..40usize,
        0..50u64,
        0..50u64,
        prop::option::weighted(0.2, (side, 0..600usize)),
        prop::option::weighted(0.2, 0..4000usize),
        0..3usize,
        any::<bool>(),
    )
        .prop_map(
            |(fragment, delay, data_delay, control, data, refuse, stranger)| {
                let mut conditions = Conditions::default();
                conditions.fragment = fragment;
                conditions.delay = Duration::from_millis(delay);
                conditions.data_delay = Duration::from_millis(data_delay);
                conditions.lose_control = control;
                conditions.lose_data = data;
                conditions.refuse = refuse;
                conditions.stranger = stranger;
                conditions
            },
        )
}

fn answering() -> impl Strategy<Value = Vec<Answering>> {
    let one = prop_oneof![
        6 => Just(Answering::AtOnce),
        2 => (0..200u64).prop_map(|ms| Answering::After(Duration::from_millis(ms))),
        1 => Just(Answering::After(Duration::from_secs(45))),
        1 => Just(Answering::Never),
    ];
    prop::collection::vec(one, 1..8)
}

fn content(tag: usize, size: usize) -> Vec<u8> {
    (0..size)
        .map(|i| ((i * 7 + tag * 31) % 251) as u8)
        .collect()
}

fn path(name: usize) -> ftpkit_proto::PathArg {
    NAMES[name].try_into().unwrap()
}

/// What each name may hold, as far as the client can know it: one content after a success,
/// either of two after a failure. Never a part of one.
struct Model(BTreeMap<usize, BTreeSet<Option<Vec<u8>>>>);

impl Model {
    fn new(first: Vec<u8>) -> Self {
        let mut names: BTreeMap<_, _> = (0..NAMES.len())
            .map(|name| (name, BTreeSet::from([None])))
            .collect();
        names.insert(0, BTreeSet::from([Some(first)]));
        Self(names)
    }

    fn of(&mut self, name: usize) -> &mut BTreeSet<Option<Vec<u8>>> {
        self.0.get_mut(&name).unwrap()
    }

    fn allows(&self, pair: &Pair) -> bool {
        self.0.iter().all(|(name, contents)| {
            let content = pair.store().file(NAMES[*name]).map(<[u8]>::to_vec);
            contents.contains(&content)
        })
    }

    /// Takes the outcome of one request into account; false when it cannot be.
    fn follow(&mut self, pair: &Pair, tag: usize, act: &Act, id: RequestId) -> bool {
        let outcome = pair.outcome(id);
        let unsent = matches!(outcome, Some(Outcome::Rejected));
        let lost = matches!(outcome, Some(Outcome::Lost));
        let done = pair.is_transferred(id)
            || matches!(outcome, Some(Outcome::Reply(reply)) if reply.code().is_success());
        match act {
            Act::Get(name, offset) => {
                let offset = usize::try_from(*offset).unwrap();
                return pair.downloaded(id).is_none_or(|bytes| {
                    let mut contents = self.of(*name).iter().flatten();
                    contents.any(|content| content.get(offset..) == Some(bytes))
                });
            }
            Act::Put(name, size) if !unsent => {
                if done {
                    self.of(*name).clear();
                }
                self.of(*name).insert(Some(content(tag, *size)));
            }
            Act::Append(name, size) if !unsent => {
                let before = self.of(*name).clone();
                if done {
                    self.of(*name).clear();
                }
                for content_before in before {
                    let mut longer = content_before.unwrap_or_default();
                    longer.extend(content(tag, *size));
                    self.of(*name).insert(Some(longer));
                }
            }
            Act::Remove(name) if done || lost => {
                if done {
                    self.of(*name).clear();
                }
                self.of(*name).insert(None);
            }
            Act::Rename(from, to) if (done || lost) && from != to => {
                let mut moved = self.of(*from).clone();
                moved.remove(&None);
                if done {
                    self.of(*from).clear();
                    self.of(*to).clear();
                }
                self.of(*from).insert(None);
                self.of(*to).extend(moved);
            }
            _ => {}
        }
        true
    }
}

fn cases() -> u32 {
    let told = std::env::var("PROPTEST_CASES").ok();
    told.and_then(|cases| cases.parse().ok()).unwrap_or(64)
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        cases: cases(),
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_session_keeps_its_promises(
        acts in prop::collection::vec(act(), 0..25),
        conditions in conditions(),
        answering in answering(),
        active: bool,
        pipelining: bool,
        telnet: bool,
        lenient: bool,
    ) {
        let mut config = Config::default();
        if active {
            config.data_mode = DataMode::Active;
        }
        if pipelining {
            config.pipelining = Pipelining::Safe;
        }
        config.telnet_abort = telnet;
        // A strict client gets along with this server, and forgives no reply too many.
        config.lenient = lenient;
        let mut server = ftpkit_proto::server::Config::default();
        server.tls = TlsPolicy::Offered;
        let store = Store::new()
            .with_file("/a", content(0, 3000))
            .answering(answering);
        let mut pair = Pair::with(conditions, store, config, server);
        pair.login();
        let mut requests = Vec::new();
        for (tag, act) in acts.iter().enumerate() {
            if let Some(id) = begin(&mut pair, tag, act, &requests) {
                requests.push((tag, act.clone(), id));
            }
        }
        pair.run();
        let mut model = Model::new(content(0, 3000));
        for (tag, act, id) in requests {
            let fits = model.follow(&pair, tag, &act, id);
            prop_assert!(fits, "{act:?} as {id:?} brought what was never there\n{}", pair.transcript());
        }
        prop_assert!(model.allows(&pair), "{:?}\n{}", pair.store(), pair.transcript());
        pair.finish();
    }
}

/// Submits what the act asks for, or lets time pass.
fn begin(
    pair: &mut Pair,
    tag: usize,
    act: &Act,
    requests: &[(usize, Act, RequestId)],
) -> Option<RequestId> {
    Some(match act {
        Act::Login => pair.login(),
        Act::Query(which) => {
            let command = match which {
                0 => Command::Noop,
                1 => Command::Pwd,
                2 => Command::Syst,
                3 => Command::Size(path(0)),
                4 => Command::Feat,
                _ => Command::Stat(ListArgs::default()),
            };
            pair.submit(Request::Command(command))
        }
        Act::Get(name, offset) => pair.download_from(NAMES[*name], *offset),
        Act::Put(name, size) => pair.upload(NAMES[*name], content(tag, *size)),
        Act::Append(name, size) => {
            let path = path(*name);
            pair.send(Transfer::Append { path }, content(tag, *size))
        }
        Act::List => pair.transfer(Transfer::List(ListArgs::default())),
        Act::Remove(name) => pair.submit(Request::Command(Command::Dele(path(*name)))),
        Act::Rename(from, to) => pair.submit(Request::Rename {
            from: path(*from),
            to: path(*to),
        }),
        Act::Secure => pair.submit(Request::Secure { protect_data: true }),
        Act::Abort(which) => {
            if let Some((_, _, id)) = requests.get(*which) {
                pair.abort(*id);
            }
            return None;
        }
        Act::Steps(steps) => {
            for _ in 0..*steps {
                pair.step();
            }
            return None;
        }
    })
}
