//! Files that go from one server machine to another, by a relay over two connections.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::time::Duration;

use ftpkit_proto::{
    Command, Transition,
    client::{Errand, Phase, RelayConfig, RelayOutcome, Request, Side},
    command::Epsv,
    server::{self, TlsPolicy},
};
use ftpkit_test::{Conditions, Hosts, Store, Trio};

const CONTENT: [u8; 5000] = [7; 5000];

fn trio(hosts: Hosts, conditions: Conditions) -> Trio {
    let source = Store::new()
        .with_file("/f", CONTENT)
        .with_file("/empty", *b"");
    let mut trio = Trio::new(hosts, conditions, source, Store::new());
    trio.login();
    trio
}

#[track_caller]
fn failed(trio: &Trio, id: ftpkit_proto::client::ErrandId) -> (Phase, Option<Side>, [u16; 2]) {
    let Some(RelayOutcome::Failed(failed)) = trio.outcome(id) else {
        panic!("{:?}\n{}", trio.outcome(id), trio.story());
    };
    let code =
        |reply: &Option<ftpkit_proto::Reply>| reply.as_ref().map_or(0, |r| r.code().number());
    let codes = [code(&failed.source), code(&failed.destination)];
    (failed.phase, failed.side, codes)
}

#[test]
fn a_file_goes_from_server_to_server() {
    for listens in [Side::Destination, Side::Source] {
        let mut relay = RelayConfig::default();
        relay.listens = listens;
        let source = Store::new()
            .with_file("/f", CONTENT)
            .with_file("/empty", *b"");
        let mut trio = Trio::with(
            Hosts::One,
            Conditions::default(),
            [source, Store::new()],
            relay,
            &server::Config::default(),
        );
        trio.login();
        let whole = trio.start("/f", "/g");
        let empty = trio.start("/empty", "/h");
        let mut rest = Errand::new("/f".try_into().unwrap(), "/g".try_into().unwrap());
        rest.offset = 4000;
        let rest = trio.errand(rest);
        trio.run();
        for errand in [whole, empty, rest] {
            assert!(trio.is_transferred(errand), "{}", trio.story());
        }
        let store = trio.store(Side::Destination);
        assert_eq!(store.file("/g"), Some(&CONTENT[..]));
        assert_eq!(store.file("/h"), Some(&b""[..]));
        trio.finish();
    }
}

#[test]
fn servers_on_hosts_of_their_own_call_nobody_but_their_client() {
    let mut trio = trio(Hosts::Three, Conditions::default());
    let errand = trio.start("/f", "/g");
    trio.run();
    let (phase, side, codes) = failed(&trio, errand);
    // The source refused first, then the destination.
    assert_eq!((phase, side), (Phase::Connect, Some(Side::Destination)));
    assert_eq!(codes, [227, 504], "{}", trio.story());
    assert_eq!(trio.store(Side::Destination).file("/g"), None);
    trio.finish();
}

#[test]
fn a_file_that_is_not_there_replaces_none() {
    for listens in [Side::Destination, Side::Source] {
        let mut relay = RelayConfig::default();
        relay.listens = listens;
        let mut trio = Trio::with(
            Hosts::One,
            Conditions::default(),
            [Store::new(), Store::new().with_file("/g", *b"old")],
            relay,
            &server::Config::default(),
        );
        trio.login();
        let errand = trio.start("/f", "/g");
        trio.run();
        let (phase, side, [source, _]) = failed(&trio, errand);
        assert_eq!((phase, side), (Phase::Command, Some(Side::Source)));
        assert_eq!(source, 550, "{}", trio.story());
        let kept = trio.store(Side::Destination).file("/g");
        assert_eq!(kept, Some(&b"old"[..]), "{}", trio.story());
        trio.finish();
    }
}

#[test]
fn a_destination_that_refuses_stops_the_source() {
    let source = Store::new().with_file("/f", CONTENT);
    let mut trio = Trio::new(Hosts::One, Conditions::default(), source, Store::new());
    trio.login();
    // A directory.
    let errand = trio.start("/f", "/");
    let next = trio.start("/f", "/g");
    trio.run();
    let (phase, side, [_, destination]) = failed(&trio, errand);
    assert_eq!((phase, side), (Phase::Command, Some(Side::Destination)));
    assert!(destination >= 500, "{}", trio.story());
    assert!(trio.is_transferred(next), "{}", trio.story());
    trio.finish();
}

#[test]
fn where_one_cannot_call_the_other_does() {
    let mut conditions = Conditions::default();
    conditions.refuse = 1;
    let mut trio = trio(Hosts::One, conditions);
    let errand = trio.start("/f", "/g");
    trio.run();
    assert!(trio.is_transferred(errand), "{}", trio.story());
    assert!(trio.story().contains("425"), "{}", trio.story());
    trio.finish();
}

#[test]
fn a_data_connection_that_breaks_is_told() {
    let mut conditions = Conditions::default();
    conditions.lose_data = Some(2500);
    let mut trio = trio(Hosts::One, conditions);
    let errand = trio.start("/f", "/g");
    trio.run();
    let (phase, _, codes) = failed(&trio, errand);
    assert_eq!(phase, Phase::Confirm, "{}", trio.story());
    assert!(codes.contains(&426), "{}", trio.story());
    assert_eq!(trio.store(Side::Destination).file("/g"), None);
    trio.finish();
}

#[test]
fn an_errand_may_be_given_up_while_it_flows() {
    let mut conditions = Conditions::default();
    conditions.data_delay = Duration::from_secs(1);
    let mut trio = trio(Hosts::One, conditions);
    let errand = trio.start("/f", "/g");
    trio.wait(Duration::from_secs(2));
    trio.abort(errand);
    trio.run();
    let (phase, side, _) = failed(&trio, errand);
    assert_eq!((phase, side), (Phase::Aborted, None), "{}", trio.story());
    assert_eq!(trio.store(Side::Destination).file("/g"), None);
    let next = trio.start("/f", "/g");
    trio.run();
    assert!(trio.is_transferred(next), "{}", trio.story());
    trio.finish();
}

/// Servers that transfer between each other, wherever they are.
fn allowing() -> server::Config {
    let mut config = server::Config::default();
    config.tls = TlsPolicy::Offered;
    config.dangerous_server_to_server = true;
    config
}

#[test]
fn servers_that_may_call_others_do() {
    for listens in [Side::Destination, Side::Source] {
        let mut relay = RelayConfig::default();
        relay.listens = listens;
        let stores = [Store::new().with_file("/f", CONTENT), Store::new()];
        let conditions = Conditions::default();
        let mut trio = Trio::with(Hosts::Three, conditions, stores, relay, &allowing());
        trio.login();
        let errand = trio.start("/f", "/g");
        trio.run();
        assert!(trio.is_transferred(errand), "{}", trio.story());
        let stored = trio.store(Side::Destination).file("/g");
        assert_eq!(stored, Some(&CONTENT[..]));
        trio.finish();
    }
}

fn secured(config: &server::Config) -> Trio {
    let mut trio = Trio::with(
        Hosts::Three,
        Conditions::default(),
        [Store::new().with_file("/f", CONTENT), Store::new()],
        RelayConfig::default(),
        config,
    );
    for side in Side::ALL {
        trio.submit(side, Request::Secure { protect_data: true });
    }
    trio.login();
    trio
}

#[test]
fn under_tls_one_server_takes_the_clients_part() {
    // CPSV has no form with EPSV; then SSCN does it, and is taken back.
    for (only_epsv, commands) in [(false, &["CPSV"][..]), (true, &["SSCN ON", "SSCN OFF"])] {
        let mut trio = secured(&allowing());
        if only_epsv {
            let all = Request::Command(Command::Epsv(Epsv::All));
            trio.submit(Side::Destination, all);
        }
        let errands = ["/g", "/h"].map(|to| trio.start("/f", to));
        trio.run();
        for errand in errands {
            assert!(trio.is_transferred(errand), "{}", trio.story());
        }
        for command in commands {
            let told = format!("C: {command}");
            assert_eq!(trio.story().matches(&told).count(), 2, "{}", trio.story());
        }
        let stored = trio.store(Side::Destination).file("/g");
        assert_eq!(stored, Some(&CONTENT[..]));
        trio.finish();
    }
}

#[test]
fn servers_that_take_no_other_part_refuse_in_order() {
    let mut config = allowing();
    config.dangerous_server_to_server = false;
    let mut trio = secured(&config);
    let errand = trio.start("/f", "/g");
    trio.run();
    let (phase, ..) = failed(&trio, errand);
    assert!(matches!(phase, Phase::Prepare | Phase::Connect));
    for verb in ["CPSV", "SSCN ON"] {
        assert!(trio.story().contains(verb), "{}", trio.story());
    }
    trio.finish();
}

/// Whatever the network does, each errand ends, what is confirmed is true, nothing is left at
/// either server, and in the end every transition of a relay was taken, and every one of the
/// connections that it had. `FTPKIT_RELAY_SESSIONS` says how many there are.
#[test]
fn random_sessions() {
    let sessions: u64 = match std::env::var("FTPKIT_RELAY_SESSIONS") {
        Ok(number) => number.parse().unwrap(),
        Err(_) => 1000,
    };
    let mut all = Trio::random(0).transitions();
    for seed in 1..sessions {
        let more = Trio::random(seed).transitions();
        all.iter_mut()
            .zip(&more)
            .for_each(|(all, more)| all.merge(more));
    }
    let [relay, connections, _] = all;
    let of_leg = |transition: &Transition| {
        transition.automaton == "leg" || [transition.from, transition.to].contains(&"Leg")
    };
    let legal: Vec<Transition> = relay
        .iter()
        .chain(connections.iter().filter(of_leg))
        .collect();
    let missing = legal.iter().filter(|transition| !transition.taken);
    let missing: Vec<String> = missing.map(ToString::to_string).collect();
    println!(
        "{sessions} sessions, {} of {} transitions",
        legal.len() - missing.len(),
        legal.len()
    );
    assert!(missing.is_empty(), "{missing:#?}");
}
