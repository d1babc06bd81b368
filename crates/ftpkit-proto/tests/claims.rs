//! What the chapter on vulnerabilities claims of the server machine as a whole: for every verb
//! that there is, so that a new one cannot be forgotten.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::{collections::BTreeSet, sync::Arc};

use ftpkit_proto::{
    Instant, Machine as _, Output, PathArg, Verb,
    server::{Config, Connection, Event, LoginAnswer, Offers, RefusalKind},
};

/// Arguments that commands take, and some that none does.
const ARGUMENTS: &[&str] = &[
    "",
    "x",
    "0",
    "1 2",
    "A",
    "I",
    "S",
    "TLS",
    "UTF8 ON",
    "ON",
    "HELP",
    "CHMOD 644 x",
    "RETR x",
    "192,0,2,7,40,0",
    "|1|192.0.2.7|10240|",
    "4,4,192,0,2,7,2,40,0",
    "20240101000000 x",
    "Modify=20240101000000; x",
    "x y z",
];

/// All verbs; under miri, which is slow, some of them.
fn verbs() -> impl Iterator<Item = &'static Verb> {
    Verb::ALL.iter().step_by(if cfg!(miri) { 24 } else { 1 })
}

/// These verbs with all arguments; under miri with some, each with others.
fn cases() -> impl Iterator<Item = (&'static Verb, impl Iterator<Item = &'static str>)> {
    let step = if cfg!(miri) { 9 } else { 1 };
    verbs().enumerate().map(move |(number, verb)| {
        let arguments = ARGUMENTS.iter().copied().skip(number % step);
        (verb, arguments.step_by(step))
    })
}

struct Session {
    machine: Connection,
    /// The lines of all replies.
    lines: Vec<String>,
    /// How often the application was asked something else than who may log in.
    asked: usize,
    /// How often something was asked of the driver about a data connection.
    data: usize,
}

impl Session {
    fn new() -> Self {
        let (client, server) = ("192.0.2.7:40000", "192.0.2.1:21");
        let machine = Connection::new(
            Arc::new(Config::default()),
            Instant::START,
            client.parse().unwrap(),
            server.parse().unwrap(),
        );
        let mut session = Self {
            machine,
            lines: Vec::new(),
            asked: 0,
            data: 0,
        };
        session.settle();
        session
    }

    /// Logged in, with a listener that is bound.
    fn ready() -> Self {
        let mut session = Self::new();
        session.say("USER ana");
        session.say("PASS x");
        assert!(session.machine.is_logged_in());
        session
    }

    fn say(&mut self, line: &str) -> &[String] {
        self.lines.clear();
        let line = format!("{line}\r\n");
        self.machine.handle_bytes(Instant::START, line.as_bytes());
        self.settle();
        &self.lines
    }

    /// Carries out what the machine wants; the application refuses everything but logins.
    fn settle(&mut self) {
        let now = Instant::START;
        let refused = RefusalKind::NotFound;
        loop {
            match self.machine.poll_output() {
                Output::Write(bytes) => {
                    let text = String::from_utf8_lossy(&bytes);
                    self.lines.extend(text.lines().map(str::to_owned));
                }
                Output::Event(Event::Login(ask)) => {
                    let (home, offers) = (PathArg::from_static("/"), Offers::ALL);
                    let answer = Ok(LoginAnswer::Accepted { home, offers });
                    self.machine.answer(now, ask, answer);
                }
                Output::Event(event) => {
                    self.asked += 1;
                    match event {
                        Event::Change(ask) => {
                            self.machine.answer(now, ask, Err(refused.into()));
                        }
                        Event::Query(ask) => self.machine.answer(now, ask, Err(refused.into())),
                        Event::Survey(ask) => self.machine.answer(now, ask, Err(refused.into())),
                        Event::Digest(ask) => self.machine.answer(now, ask, Err(refused.into())),
                        Event::Space(ask) => self.machine.answer(now, ask, Err(refused.into())),
                        Event::Open(ask) => self.machine.answer(now, ask, Err(refused.into())),
                        Event::LoggedOut => self.asked -= 1,
                        other => panic!("{other:?} is not answered here"),
                    }
                }
                Output::Data(..) => self.data += 1,
                Output::Wait(_) | Output::Closed(_) => return,
                other => panic!("{other:?} is not expected here"),
            }
        }
    }
}

#[test]
fn before_login_nothing_but_the_login_reaches_the_application() {
    for (verb, arguments) in cases() {
        for argument in arguments {
            for before in ["NOOP", "USER ana"] {
                let mut session = Session::new();
                session.say(before);
                let line = format!("{verb} {argument}");
                let answer = session.say(line.trim_end()).to_vec();
                let told = format!("{before}, {line}: {answer:?}");
                assert_eq!((session.asked, session.data), (0, 0), "{told}");
                assert!(!answer.iter().any(|line| line.starts_with('1')), "{told}");
                let by_password = *verb == Verb::PASS && before == "USER ana";
                assert_eq!(session.machine.is_logged_in(), by_password, "{told}");
            }
        }
    }
}

#[test]
fn nothing_of_a_refused_command_comes_back() {
    // What a firewall, a browser or a script of either would like to see.
    let bait = "227 Entering Passive Mode (192,0,2,66,4,1) <script>";
    for verb in verbs().map(ToString::to_string).chain(["XYZZY".into()]) {
        for is_ready in [false, true] {
            let prefixes = ["", "CHMOD 644 ", "TLS ", "UTF8 ", "20240101000000 "];
            for prefix in prefixes.into_iter().step_by(if cfg!(miri) { 4 } else { 1 }) {
                let mut session = if is_ready {
                    Session::ready()
                } else {
                    Session::new()
                };
                for line in session.say(&format!("{verb} {prefix}{bait}")) {
                    assert!(!line.contains("192,0,2,66"), "{verb} {prefix}: {line}");
                    assert!(!line.contains("<script>"), "{verb} {prefix}: {line}");
                }
            }
        }
    }
    // Nor of the line that is no command at all.
    for line in [bait, "\x01\x02 <script>", "<script>alert(1)</script>"] {
        let mut session = Session::ready();
        for answer in session.say(line) {
            assert!(
                answer.starts_with("500 ") && !answer.contains("script"),
                "{answer}"
            );
        }
    }
}

#[test]
fn every_line_of_every_reply_begins_with_its_code_or_a_blank() {
    for (verb, arguments) in cases() {
        for argument in arguments {
            let mut session = Session::ready();
            for line in session.say(format!("{verb} {argument}").trim_end()) {
                let digits = line.bytes().take_while(u8::is_ascii_digit).count();
                let framed = digits == 3 && matches!(line.as_bytes()[3], b' ' | b'-');
                assert!(framed || line.starts_with(' '), "{verb} {argument}: {line}");
            }
        }
    }
}

/// The verbs that are answered 502, whatever the argument.
fn refused() -> BTreeSet<String> {
    let refused = verbs().filter(|verb| {
        let mut told = BTreeSet::new();
        // An argument that cannot be read tells nothing.
        ARGUMENTS.iter().all(|argument| {
            let mut session = Session::ready();
            let line = format!("{verb} {argument}");
            let answer = session.say(line.trim_end()).concat();
            let code = answer.get(..3).unwrap_or_default().to_owned();
            let is_refusal = matches!(&code[..], "501" | "502" | "504");
            told.insert(code);
            is_refusal
        }) && told.contains("502")
    });
    refused.map(ToString::to_string).collect()
}

/// The lines of the crate page.
fn page() -> impl Iterator<Item = &'static str> {
    include_str!("../src/lib.rs")
        .lines()
        .filter_map(|line| line.strip_prefix("//!"))
}

#[test]
fn the_crate_page_names_all_that_is_not_served() {
    let page: String = page().collect();
    let (_, named) = page
        .split_once("answers 502, whatever the argument:")
        .unwrap();
    let (named, _) = named.split_once('.').unwrap();
    let named: BTreeSet<String> = named
        .split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    let known: BTreeSet<String> = verbs().map(ToString::to_string).collect();
    let named: BTreeSet<String> = if cfg!(miri) {
        named.intersection(&known).cloned().collect()
    } else {
        named
    };
    assert_eq!(named, refused());
}

#[test]
fn the_table_of_the_specifications_tells_what_is_served() {
    let refused = refused();
    let known: BTreeSet<String> = verbs().map(ToString::to_string).collect();
    let mut judged = BTreeSet::new();
    for row in page().filter(|line| line.starts_with(" | ")) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        let [_, _, what, _, served, _, _] = cells[..] else {
            continue;
        };
        let is_served = match served {
            _ if served.starts_with("yes") => true,
            _ if served.starts_with("not yet") || served.starts_with("502") => false,
            _ => continue,
        };
        let words = what.split([',', ' ']).filter(|word| known.contains(*word));
        // What follows SITE are words of its own.
        for verb in words.take_while(|word| *word != "SITE") {
            assert_eq!(is_served, !refused.contains(verb), "{verb} in{row}");
            judged.insert(verb);
        }
    }
    assert!(
        judged.len() >= if cfg!(miri) { 1 } else { 20 },
        "{judged:?}"
    );
}
