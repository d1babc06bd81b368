//! Two arbitrary servers and an application: every errand and every request ends exactly once,
//! and when all fall silent the timers end what is left.

use std::collections::BTreeMap;

use proptest::{prelude::*, test_runner::Config as Cases};

use super::*;

#[derive(Clone, Debug)]
enum Act {
    Start(u64),
    Stop(u64),
    Ask(usize, &'static str),
    /// The server answers what it was asked first.
    Answer(usize, Answer),
    /// It says something else.
    Say(usize, &'static str),
    Wait(u64),
    Eof(usize),
}

#[derive(Clone, Copy, Debug)]
enum Answer {
    Fine,
    Refused(&'static str),
}

const ASKS: &[&str] = &["noop", "hash /f 3-9", "epsv ALL", "features", "quit"];

const SAYS: &[&str] = &[
    "220 Hello",
    "120 Soon",
    "150 Here",
    "200 Fine",
    "226 Done",
    "227 Fine (192,0,2,1,195,80)",
    "229 Fine (|||50000|)",
    "257 \"/\"",
    "331 Password?",
    "350 Go on",
    "421 Bye",
    "425 No",
    "426 Stopped",
    "550 No",
    "hello",
];

fn act() -> impl Strategy<Value = Act> {
    use prop::sample::select;
    let refusals = &["500 What?", "425 No", "550 No", "421 Bye"][..];
    let answer = prop_oneof![
        12 => Just(Answer::Fine),
        2 => select(refusals).prop_map(Answer::Refused),
    ];
    prop_oneof![
        2 => prop_oneof![3 => Just(0), 1 => Just(7u64)].prop_map(Act::Start),
        1 => (1..6u64).prop_map(Act::Stop),
        1 => (1..3usize, select(ASKS)).prop_map(|(side, ask)| Act::Ask(side, ask)),
        24 => (1..3usize, answer).prop_map(|(side, answer)| Act::Answer(side, answer)),
        1 => (1..3usize, select(SAYS)).prop_map(|(side, line)| Act::Say(side, line)),
        1 => (0..40u64).prop_map(Act::Wait),
        1 => (1..40usize).prop_map(Act::Eof),
    ]
}

/// What a server says that plays along.
fn fine(command: &str) -> &'static str {
    match command.split(' ').next().unwrap_or_default() {
        "PASV" | "CPSV" => "227 Fine (192,0,2,1,195,80)",
        "EPSV" => "229 Fine (|||50000|)",
        "REST" | "RANG" => "350 Go on",
        "RETR" | "STOR" => "150 Here",
        "ABOR" => "226 Stopped",
        "PWD" => "257 \"/\"",
        "QUIT" => "221 Bye",
        "FEAT" => "211 None",
        "end" => "226 Done",
        _ => "200 Fine",
    }
}

struct Walk {
    scene: Scene,
    bytewise: bool,
    started: u64,
    asked: [u64; 2],
    /// What each server was asked and has not answered.
    due: [VecDeque<String>; 2],
    ended: BTreeMap<String, usize>,
    trail: Vec<String>,
}

impl Walk {
    fn new(protected: bool, lenient: bool, bytewise: bool) -> Self {
        let mut setting = Setting::default();
        setting.config.lenient = lenient;
        setting.config.limits.queue = 8;
        let mut walk = Self {
            scene: Scene::new(&setting),
            bytewise,
            started: 0,
            asked: [0; 2],
            due: [VecDeque::new(), VecDeque::new()],
            ended: BTreeMap::new(),
            trail: Vec::new(),
        };
        for side in [1, 2] {
            walk.happen(&format!("{side} S: 220 Hello"));
            if protected {
                walk.asked[side - 1] += 1;
                walk.happen(&format!("{side} ask secure"));
                walk.happen(&format!("{side} S: 234 Go"));
                walk.happen(&format!("{side} tls started"));
                walk.happen(&format!("{side} S: 200 Fine"));
                walk.happen(&format!("{side} S: 200 Fine"));
                walk.due[side - 1].clear();
            }
        }
        walk
    }

    fn happen(&mut self, line: &str) {
        self.trail.push(line.into());
        let cut = if self.bytewise {
            Cut::Bytes
        } else {
            Cut::Whole
        };
        self.scene.happen(line, cut);
        self.drain();
    }

    fn drain(&mut self) {
        self.scene.poll();
        while let Some(line) = self.scene.out.pop_front() {
            let side = usize::from(line.starts_with('2'));
            match line.split_once(' ') {
                Some(("ended", rest)) => self.end("errand", rest),
                Some((side, rest)) if rest.starts_with("done") => self.end(side, &rest[5..]),
                Some((_, rest)) if rest.starts_with("C: ") => {
                    self.due[side].push_back(rest[3..].into());
                }
                _ => {}
            }
            self.trail.push(line);
        }
    }

    fn end(&mut self, what: &str, rest: &str) {
        let number = rest.split(' ').next().unwrap();
        *self.ended.entry(format!("{what} {number}")).or_default() += 1;
    }

    fn step(&mut self, act: &Act) {
        match act {
            Act::Start(offset) => {
                self.started += 1;
                self.happen(&format!("start /f /g @{offset}"));
            }
            Act::Stop(id) => self.happen(&format!("stop {id}")),
            Act::Ask(side, ask) => {
                self.asked[side - 1] += 1;
                self.happen(&format!("{side} ask {ask}"));
            }
            Act::Answer(side, answer) => {
                let Some(command) = self.due[side - 1].pop_front() else {
                    return;
                };
                let reply = match answer {
                    Answer::Fine => fine(&command),
                    Answer::Refused(reply) => reply,
                };
                if reply.starts_with("150") {
                    self.due[side - 1].push_front("end".into());
                }
                self.happen(&format!("{side} S: {reply}"));
            }
            Act::Say(side, line) => self.happen(&format!("{side} S: {line}")),
            Act::Wait(seconds) => self.happen(&format!("wait {seconds}")),
            Act::Eof(side @ (1 | 2)) => self.happen(&format!("{side} eof")),
            Act::Eof(_) => {}
        }
    }

    /// Everyone is silent; only time goes by.
    fn silence(&mut self) {
        for _ in 0..1000 {
            match self.scene.relay.poll_output() {
                RelayOutput::Wait(Some(deadline)) => {
                    assert!(deadline >= self.scene.now, "{:#?}", self.trail);
                    self.scene.now = deadline;
                    self.scene.relay.handle_timeout(deadline);
                    self.drain();
                }
                RelayOutput::Wait(None) | RelayOutput::Closed => return,
                other => panic!("{other:?} was not drained"),
            }
        }
        panic!("the timers never end: {:#?}", self.trail);
    }

    fn check(&self) {
        let all = self.started + self.asked.iter().sum::<u64>();
        assert_eq!(self.ended.len() as u64, all, "{:#?}", self.trail);
        let once = self.ended.values().all(|times| *times == 1);
        assert!(once, "{:#?}", self.trail);
    }
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    prop::collection::vec(act(), 0..size(80, 12))
}

fn walk(acts: &[Act], protected: bool, lenient: bool, bytewise: bool) -> Walk {
    let mut walk = Walk::new(protected, lenient, bytewise);
    for act in acts {
        walk.step(act);
    }
    walk.silence();
    walk.check();
    walk
}

proptest! {
    #![proptest_config(Cases { failure_persistence: None, ..Cases::default() })]

    #[test]
    fn each_errand_ends_once_and_silence_ends_all(
        acts in acts(),
        protected: bool,
        lenient: bool,
    ) {
        let whole = walk(&acts, protected, lenient, false);
        // The same bytes in other pieces: the same session.
        let pieces = walk(&acts, protected, lenient, true);
        prop_assert_eq!(whole.trail, pieces.trail);
        prop_assert!(whole.scene.relay.into_connections().is_ok());
    }
}

/// Every transition of a relay and of the connections that it has is taken by sessions like
/// these.
#[cfg(feature = "transitions")]
#[test]
fn all_transitions_of_a_relay_are_taken() {
    use proptest::{strategy::ValueTree, test_runner::TestRunner};

    let mut runner = TestRunner::deterministic();
    let mut relay: Option<crate::Transitions> = None;
    let mut ends: Option<crate::Transitions> = None;
    let add = |all: &mut Option<crate::Transitions>, more: crate::Transitions| match all {
        Some(all) => all.merge(&more),
        None => *all = Some(more),
    };
    for number in 0..1500 {
        let acts = acts().new_tree(&mut runner).unwrap().current();
        let walk = walk(&acts, number % 3 == 0, true, false);
        add(&mut relay, walk.scene.relay.transitions());
        for side in Side::ALL {
            add(&mut ends, walk.scene.relay.connection(side).transitions());
        }
    }
    let (relay, ends) = (relay.unwrap(), ends.unwrap());
    let leg = |transition: &crate::Transition| {
        let exchange = [transition.from, transition.to].contains(&"Leg");
        transition.automaton == "leg" || exchange
    };
    let missing: Vec<String> = relay
        .iter()
        .chain(ends.iter().filter(leg))
        .filter(|transition| !transition.taken)
        .map(|transition| transition.to_string())
        .collect();
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(ends.iter().filter(leg).count() > 10);
}
