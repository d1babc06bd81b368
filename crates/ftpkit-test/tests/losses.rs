//! Connections that are lost at every byte: the control connection behind each byte of either
//! side, a data connection behind each few bytes of payload. Both sides end or go on, what was
//! confirmed is true, no file is there in part, and nothing is left open.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::time::Duration;

use ftpkit_proto::{
    Command, PathArg,
    client::{self, DataMode, Pipelining, Request, RequestId, Transfer},
    command::ListArgs,
    server::{self, TlsPolicy},
};
use ftpkit_test::{Answering, Conditions, Ended, Pair, Side, Store};

const OLD: &[u8] = &[7; 2500];
const NEW: &[u8] = &[8; 2500];
const MORE: &[u8] = &[9; 1200];

/// What may be in a file at the end, and what is once this request has succeeded.
struct Expected {
    path: &'static str,
    before: Option<Vec<u8>>,
    after: Option<Vec<u8>>,
    by: RequestId,
}

/// A session: what its application asks for.
struct Scenario {
    name: &'static str,
    client: fn(&mut client::Config),
    secured: bool,
    answering: Answering,
    /// Gives the downloads of `/old`, and what becomes of the other files.
    ask: fn(&mut Pair) -> (Vec<RequestId>, Vec<Expected>),
}

fn path(name: &'static str) -> PathArg {
    PathArg::from_static(name)
}

fn both_ways(pair: &mut Pair) -> (Vec<RequestId>, Vec<Expected>) {
    let get = pair.download("/old");
    let new = Expected {
        path: "/new",
        before: None,
        after: Some(NEW.into()),
        by: pair.upload("/new", NEW),
    };
    let append = Transfer::Append { path: path("/log") };
    let more = Expected {
        path: "/log",
        before: Some(OLD.into()),
        after: Some([OLD, MORE].concat()),
        by: pair.send(append, MORE),
    };
    (vec![get, pair.download("/old")], vec![new, more])
}

fn small_things(pair: &mut Pair) -> (Vec<RequestId>, Vec<Expected>) {
    pair.submit(Request::Negotiate);
    for command in [Command::Pwd, Command::Noop, Command::Size(path("/old"))] {
        pair.submit(Request::Command(command));
    }
    pair.transfer(Transfer::List(ListArgs::default()));
    let moved = Request::Rename {
        from: path("/log"),
        to: path("/moved"),
    };
    let by = pair.submit(moved);
    let gone = Expected {
        path: "/log",
        before: Some(OLD.into()),
        after: None,
        by,
    };
    let there = Expected {
        path: "/moved",
        before: None,
        after: Some(OLD.into()),
        by,
    };
    (Vec::new(), vec![gone, there])
}

fn given_up(pair: &mut Pair) -> (Vec<RequestId>, Vec<Expected>) {
    let get = pair.download("/old");
    let put = pair.upload("/log", NEW);
    // While the storage opens the one, and in the midst of the other's payload.
    pair.wait(Duration::from_millis(40));
    pair.abort(get);
    pair.wait(Duration::from_micros(30_200));
    pair.abort(put);
    let replaced = Expected {
        path: "/log",
        before: Some(OLD.into()),
        after: Some(NEW.into()),
        by: put,
    };
    (vec![pair.download("/old")], vec![replaced])
}

const SOON: Answering = Answering::AtOnce;

const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "passive",
        client: |_| {},
        secured: false,
        answering: SOON,
        ask: both_ways,
    },
    Scenario {
        name: "active",
        client: |client| client.data_mode = DataMode::Active,
        secured: false,
        answering: SOON,
        ask: both_ways,
    },
    Scenario {
        name: "under TLS",
        client: |client| client.lenient = false,
        secured: true,
        answering: SOON,
        ask: both_ways,
    },
    Scenario {
        name: "small things",
        client: |client| client.pipelining = Pipelining::Safe,
        secured: false,
        answering: Answering::After(Duration::from_millis(3)),
        ask: small_things,
    },
    Scenario {
        name: "given up",
        client: |client| client.telnet_abort = true,
        secured: false,
        answering: Answering::After(Duration::from_millis(20)),
        ask: given_up,
    },
];

impl Scenario {
    /// Has the session over this network, and holds it to its promises.
    fn play(&self, conditions: Conditions) -> Ended {
        let mut client = client::Config::default();
        (self.client)(&mut client);
        let mut server = server::Config::default();
        server.tls = TlsPolicy::Offered;
        let store = Store::new()
            .with_file("/old", OLD)
            .with_file("/log", OLD)
            .answering([self.answering]);
        let told = format!("{}, {conditions:?}", self.name);
        let mut pair = Pair::with(conditions, store, client, server);
        if self.secured {
            pair.submit(Request::Secure { protect_data: true });
        }
        pair.login();
        let (downloads, files) = (self.ask)(&mut pair);
        pair.run();
        let ended = pair.finish();
        if ended == Ended::Well && self.name == "given up" {
            let cut = pair.transcript().said();
            let cut = cut.filter(|line| line.starts_with("S: 426")).count();
            assert_eq!(cut, 2, "{}", pair.transcript());
        }
        let story = pair.transcript();
        for id in downloads {
            let content = pair.downloaded(id);
            assert!(
                content.is_none_or(|content| content == OLD),
                "{told}\n{story}"
            );
        }
        assert_eq!(pair.store().file("/old"), Some(OLD), "{told}\n{story}");
        for Expected {
            path,
            before,
            after,
            by,
        } in files
        {
            let content = pair.store().file(path);
            let is = |what: &Option<Vec<u8>>| content == what.as_deref();
            let done = pair.is_transferred(by) || pair.code(by).is_some_and(|code| code == 250);
            let holds = is(&after) || (!done && is(&before));
            let size = content.map(<[u8]>::len);
            assert!(holds, "{told}: {path} has {size:?} bytes\n{story}");
        }
        ended
    }
}

/// Loses the control connection behind each byte of this side, until it has no more.
fn lose_control(side: Side) {
    for scenario in SCENARIOS {
        let mut losses = 0;
        loop {
            let mut conditions = Conditions::default();
            conditions.lose_control = Some((side, losses));
            if scenario.play(conditions) == Ended::Well {
                break;
            }
            losses += 1;
            assert!(losses < 5000, "it never ends well, {}", scenario.name);
        }
        assert!(losses > 100, "{losses} losses, {}", scenario.name);
    }
}

#[test]
fn the_control_connection_behind_every_byte_of_the_client() {
    lose_control(Side::Client);
}

#[test]
fn the_control_connection_behind_every_byte_of_the_server() {
    lose_control(Side::Server);
}

#[test]
fn data_connections_behind_every_few_bytes() {
    for scenario in SCENARIOS {
        for truncate in [false, true] {
            // Pieces of payload are of 1,000 bytes.
            let near = [0, 1, 2, 999, 1000, 1001, 1999, 2000, 2001, 2498, 2499, 2500];
            for bytes in (0..2600).step_by(61).chain(near) {
                let mut conditions = Conditions::default();
                conditions.lose_data = Some(bytes);
                conditions.truncate = truncate;
                let ended = scenario.play(conditions);
                // The session is none the worse for it.
                assert_eq!(ended, Ended::Well, "{} at {bytes}", scenario.name);
            }
        }
    }
}
