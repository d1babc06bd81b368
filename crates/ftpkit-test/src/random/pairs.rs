//! A random session of both machines: what the application does, over which network and with
//! which storage, and what must be true of the files afterwards.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use ftpkit_proto::{
    Command, DataFailure, PathArg,
    client::{Outcome, Request, RequestId, Transfer},
    command::ListArgs,
    server::{RefusalKind, TlsPolicy},
};

use super::{dice::Dice, talk};
use crate::{
    net::{Conditions, Handshake, Side},
    pair::Pair,
    settings::Settings,
    store::{Answering, Store},
};

/// What the application does next.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Login(u64),
    Features,
    Negotiate,
    ClearControl,
    Hash(usize),
    Query(&'static str),
    Get(usize, u64),
    Part(usize, u64, u64),
    Put(usize, u64, usize),
    Append(usize, usize),
    Unique(usize),
    List(u64),
    Remove(usize),
    Rename(usize, usize),
    Secure(bool),
    /// Takes this request back, or what is under way where there is no such request.
    Abort(usize),
    /// Goes on for so many steps.
    Steps(usize),
    /// Goes on until all that was asked for has ended.
    Settle,
    Wait(u64),
    Drain,
    ShutDown,
    Quit,
}

/// A session of both machines.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) settings: Settings,
    /// Whether the session begins with TLS.
    pub(crate) secured: bool,
    pub(crate) conditions: Conditions,
    pub(crate) answering: Vec<Answering>,
    pub(crate) refusing: Vec<Option<RefusalKind>>,
    pub(crate) acts: Vec<Act>,
}

const NAMES: [&str; 3] = ["/a", "/b", "/c"];
const FIRST: usize = 3000;

impl Plan {
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let mut settings = super::settings(dice);
        settings.server.trace = dice.chance(70);
        let count = dice.below(25);
        Self {
            conditions: conditions(&settings, dice),
            secured: match settings.server.tls {
                TlsPolicy::Off => false,
                TlsPolicy::Offered => dice.chance(40),
                _ => dice.chance(90),
            },
            answering: answering(dice),
            refusing: {
                let count = if dice.chance(25) { dice.below(12) } else { 0 };
                let refusal = |dice: &mut Dice| dice.pick(crate::words::REFUSALS);
                (0..count)
                    .map(|_| dice.chance(20).then(|| refusal(dice)))
                    .collect()
            },
            acts: (0..count).map(|_| act(dice)).collect(),
            settings,
        }
    }

    /// The pair before its session.
    pub(crate) fn pair(&self, keeps_transcript: bool) -> Pair {
        let store = Store::new()
            .with_file(NAMES[0], content(0, FIRST))
            .answering(self.answering.clone())
            .refusing(self.refusing.clone());
        let (settings, conditions) = (self.settings.clone(), self.conditions.clone());
        Pair::of(settings, conditions, store, keeps_transcript)
    }

    /// Has the session, and holds it to its promises.
    pub(crate) fn run(&self, pair: &mut Pair) {
        if self.secured {
            pair.submit(Request::Secure { protect_data: true });
        }
        if !self.acts.is_empty() {
            pair.login();
        }
        let mut requests = Vec::new();
        for (tag, act) in self.acts.iter().enumerate() {
            if let Some(id) = begin(pair, tag, act, &requests) {
                requests.push((tag, act.clone(), id));
            }
        }
        pair.run();
        let mut model = Model::new(content(0, FIRST));
        for (tag, act, id) in requests {
            let fits = model.follow(pair, tag, &act, id);
            assert!(fits, "{act:?} as {id:?} brought what was never there");
        }
        model.check(pair);
        pair.finish();
    }
}

/// How the storage answers: most often soon.
fn answering(dice: &mut Dice) -> Vec<Answering> {
    let patient = dice.chance(60);
    let count = 1 + dice.below(7);
    let answer = |_| match dice.below(20) {
        0 if !patient => Answering::Never,
        1 if !patient => Answering::After(Duration::from_secs(45)),
        0..=6 => Answering::After(Duration::from_millis(dice.below(200) as u64)),
        _ => Answering::AtOnce,
    };
    (0..count).map(answer).collect()
}

fn act(dice: &mut Dice) -> Act {
    let name = |dice: &mut Dice| dice.below(NAMES.len());
    match dice.below(36) {
        0..=2 => Act::Login(dice.next()),
        3 => match dice.below(4) {
            0 => Act::Features,
            1 => Act::Negotiate,
            2 => Act::ClearControl,
            _ => Act::Hash(name(dice)),
        },
        4 | 5 => Act::Query(dice.pick(QUERIES)),
        6..=9 => {
            let offset = if dice.chance(25) {
                dice.below(FIRST)
            } else {
                0
            };
            Act::Get(name(dice), offset as u64)
        }
        10 => {
            let start = dice.below(FIRST) as u64;
            Act::Part(name(dice), start, start + 1 + dice.below(FIRST) as u64)
        }
        11..=14 => {
            let offset = if dice.chance(15) {
                dice.below(FIRST)
            } else {
                0
            };
            Act::Put(name(dice), offset as u64, dice.below(4000))
        }
        15 => Act::Append(name(dice), dice.below(2000)),
        16 => Act::Unique(dice.below(2000)),
        17 | 18 => Act::List(dice.next()),
        19 => Act::Remove(name(dice)),
        20 => Act::Rename(name(dice), name(dice)),
        21 if dice.chance(50) => Act::Secure(dice.chance(80)),
        21..=23 => Act::Abort(dice.below(60)),
        24..=28 => Act::Settle,
        29..=33 => Act::Steps(dice.below(60)),
        34 if dice.chance(70) => Act::Wait(dice.below(400) as u64),
        34 => Act::Quit,
        _ if dice.chance(80) => Act::Steps(dice.below(9)),
        _ => dice.pick(&[Act::Drain, Act::ShutDown]),
    }
}

const QUERIES: &[&str] = &[
    "NOOP",
    "PWD",
    "SYST",
    "SIZE /a",
    "MDTM /a",
    "MLST /a",
    "STAT",
    "STAT /",
    "CWD /",
    "CDUP",
    "MKD /d",
    "RMD /d",
    "TYPE A",
    "HOST h.example",
    "EPSV ALL",
    "MDTM 20240615120000 /a",
];

/// A network, most often with few faults.
fn conditions(settings: &Settings, dice: &mut Dice) -> Conditions {
    // Who takes an end without close_notify for one is told what is not true.
    let believes = settings.client.accept_unclean_close || settings.server.accept_unclean_close;
    let mut conditions = Conditions {
        fragment: dice.below(40),
        delay: Duration::from_millis(dice.below(50) as u64),
        data_delay: Duration::from_millis(dice.below(50) as u64),
        truncate: dice.chance(60) && !believes,
        unbuffered: dice.chance(50),
        facts: talk::tls_facts(dice),
        ..Conditions::default()
    };
    let faults = dice.weighted(&[(4, 0), (5, 1), (3, 2), (1, 6)]);
    for _ in 0..faults {
        add_fault(&mut conditions, dice);
    }
    conditions
}

fn add_fault(conditions: &mut Conditions, dice: &mut Dice) {
    let side = |dice: &mut Dice| dice.pick(&[Side::Client, Side::Server]);
    let handshake = |dice: &mut Dice| {
        dice.weighted(&[
            (2, Handshake::Works),
            (1, Handshake::Fails),
            (1, Handshake::Unresumed),
            (1, Handshake::Hangs),
        ])
    };
    match dice.below(12) {
        0 => conditions.lose_control = Some((side(dice), dice.below(800))),
        1..=3 => conditions.lose_data = Some(dice.below(4000)),
        4 => conditions.refuse = 1 + dice.below(2),
        5 => conditions.ignore = 1 + dice.below(2),
        6 => conditions.unbound = 1 + dice.below(2),
        7 => conditions.stranger = true,
        8 if dice.chance(30) => conditions.tls = handshake(dice),
        8 => conditions.data_tls = (0..dice.below(4)).map(|_| handshake(dice)).collect(),
        9 => conditions.unclean = true,
        10 => conditions.stall = Some(dice.below(3000)),
        _ => {
            let kinds = [DataFailure::Local, DataFailure::NoSpace, DataFailure::Quota];
            conditions.fail_file = Some((side(dice), dice.below(3000), dice.pick(&kinds)));
        }
    }
}

fn content(tag: usize, size: usize) -> Vec<u8> {
    (0..size)
        .map(|i| ((i * 7 + tag * 31) % 251) as u8)
        .collect()
}

fn path(name: usize) -> PathArg {
    PathArg::from_static(NAMES[name])
}

/// What a file holds when this was written to it from there on.
fn written(before: Option<&Vec<u8>>, offset: u64, payload: &[u8]) -> Vec<u8> {
    let mut after = before.cloned().unwrap_or_default();
    after.resize(usize::try_from(offset).unwrap_or(usize::MAX), 0);
    after.extend_from_slice(payload);
    after
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
        self.0.entry(name).or_default()
    }

    fn check(&self, pair: &Pair) {
        for (name, contents) in &self.0 {
            let content = pair.store().file(NAMES[*name]).map(<[u8]>::to_vec);
            assert!(
                contents.contains(&content),
                "{} holds {:?} bytes that nobody put there so",
                NAMES[*name],
                content.map(|content| content.len())
            );
        }
    }

    /// Takes an upload into account: what it makes of each content that may be there.
    fn upload(&mut self, name: usize, done: bool, after: impl Fn(Option<&Vec<u8>>) -> Vec<u8>) {
        let before = self.of(name).clone();
        if done {
            self.of(name).clear();
        }
        for content in before {
            self.of(name).insert(Some(after(content.as_ref())));
        }
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
                let offset = usize::try_from(*offset).unwrap_or(usize::MAX);
                return pair.downloaded(id).is_none_or(|bytes| {
                    let mut contents = self.of(*name).iter().flatten();
                    contents.any(|content| content.get(offset..) == Some(bytes))
                });
            }
            Act::Part(name, start, end) => {
                let range = |content: &[u8]| {
                    let [start, end] = [*start, *end].map(|at| usize::try_from(at).unwrap_or(0));
                    content
                        .get(start..end.min(content.len()))
                        .map(<[u8]>::to_vec)
                };
                return pair.downloaded(id).is_none_or(|bytes| {
                    let mut contents = self.of(*name).iter().flatten();
                    contents.any(|content| range(content).as_deref() == Some(bytes))
                });
            }
            Act::Put(name, offset, size) if !unsent => self.upload(*name, done, |before| {
                let before = if *offset == 0 { None } else { before };
                written(before, *offset, &content(tag, *size))
            }),
            Act::Append(name, size) if !unsent => self.upload(*name, done, |before| {
                let end = before.map_or(0, Vec::len);
                written(before, end as u64, &content(tag, *size))
            }),
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

/// Submits what the act asks for, or lets time pass.
fn begin(
    pair: &mut Pair,
    tag: usize,
    act: &Act,
    requests: &[(usize, Act, RequestId)],
) -> Option<RequestId> {
    Some(match act {
        Act::Login(dice) => {
            let credentials = talk::credentials(&mut Dice::new(*dice));
            pair.submit(Request::Login(credentials))
        }
        Act::Features => pair.submit(Request::Features),
        Act::Negotiate => pair.submit(Request::Negotiate),
        Act::ClearControl => pair.submit(Request::ClearControl),
        Act::Hash(name) => pair.submit(Request::Hash {
            path: path(*name),
            range: None,
        }),
        Act::Query(line) => {
            let command = Command::parse(line.as_bytes()).expect("a command");
            pair.submit(Request::Command(command))
        }
        Act::Get(name, offset) => pair.download_from(NAMES[*name], *offset),
        Act::Part(name, start, end) => {
            let path = path(*name);
            let range = ftpkit_proto::command::ByteRange::between(*start, *end)?;
            pair.transfer(Transfer::DownloadRange { path, range })
        }
        Act::Put(name, offset, size) => {
            let (path, offset) = (path(*name), *offset);
            pair.send(Transfer::Upload { path, offset }, content(tag, *size))
        }
        Act::Append(name, size) => {
            let path = path(*name);
            pair.send(Transfer::Append { path }, content(tag, *size))
        }
        Act::Unique(size) => pair.send(Transfer::UploadUnique { path: None }, content(tag, *size)),
        Act::List(dice) => {
            let mut dice = Dice::new(*dice);
            let transfer = match dice.below(3) {
                0 => Transfer::List(ListArgs::default()),
                1 => Transfer::Names(ListArgs::default()),
                _ => Transfer::Facts { path: None },
            };
            let ascii = dice.chance(50);
            pair.submit(Request::Transfer { transfer, ascii })
        }
        Act::Remove(name) => pair.submit(Request::Command(Command::Dele(path(*name)))),
        Act::Rename(from, to) => pair.submit(Request::Rename {
            from: path(*from),
            to: path(*to),
        }),
        Act::Secure(protect_data) => pair.submit(Request::Secure {
            protect_data: *protect_data,
        }),
        Act::Quit => pair.submit(Request::Quit),
        Act::Abort(which) => {
            let mut under_way = requests.iter();
            let under_way = under_way.find(|(_, _, id)| pair.outcome(*id).is_none());
            if let Some((_, _, id)) = requests.get(*which).or(under_way) {
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
        Act::Settle => {
            pair.run();
            return None;
        }
        Act::Wait(seconds) => {
            pair.wait(Duration::from_secs(*seconds));
            return None;
        }
        Act::Drain => {
            pair.drain();
            return None;
        }
        Act::ShutDown => {
            pair.shut_down();
            return None;
        }
    })
}
