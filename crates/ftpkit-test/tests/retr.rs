//! Downloads under every condition of the network.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::time::Duration;

use ftpkit_test::{Answering, Conditions, Ended, Pair, Store};

fn content(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i * 7 % 251) as u8).collect()
}

#[test]
fn every_size_arrives_however_the_bytes_are_cut() {
    for fragment in [0, 1, 2, 7] {
        for (delay, data_delay) in [(0, 0), (1, 50), (50, 1), (100, 0)] {
            let mut conditions = Conditions::default();
            conditions.fragment = fragment;
            conditions.delay = Duration::from_millis(delay);
            conditions.data_delay = Duration::from_millis(data_delay);
            let mut store = Store::new();
            let sizes = [0, 1, 999, 1000, 1001, 20_000];
            for size in sizes {
                store = store.with_file(&format!("/{size}"), content(size));
            }
            let mut pair = Pair::new(conditions, store);
            pair.login();
            let gets = sizes.map(|size| (size, pair.download(&format!("/{size}"))));
            pair.run();
            for (size, get) in gets {
                assert_eq!(
                    pair.downloaded(get),
                    Some(&content(size)[..]),
                    "{}",
                    pair.transcript()
                );
            }
            assert_eq!(pair.finish(), Ended::Well);
        }
    }
}

#[test]
fn what_is_said_does_not_depend_on_how_the_bytes_are_cut() {
    let said = |fragment| {
        let mut conditions = Conditions::default();
        conditions.fragment = fragment;
        let mut pair = Pair::new(conditions, Store::new().with_file("/f", content(3000)));
        pair.login();
        pair.download("/f");
        pair.download("/missing");
        pair.upload("/g", content(3000));
        assert_eq!(pair.finish(), Ended::Well);
        pair.transcript().said().collect::<Vec<_>>().join("\n")
    };
    let whole = said(0);
    for fragment in 1..20 {
        assert_eq!(said(fragment), whole, "pieces of {fragment}");
    }
}

#[test]
fn a_missing_file_is_an_outcome_and_the_next_one_arrives() {
    let mut pair = Pair::new(
        Conditions::default(),
        Store::new().with_file("/f", content(10)),
    );
    pair.login();
    let missing = pair.download("/missing");
    let there = pair.download("/f");
    pair.run();
    assert_eq!(pair.code(missing), Some(550), "{}", pair.transcript());
    assert_eq!(pair.downloaded(there), Some(&content(10)[..]));
    assert_eq!(pair.finish(), Ended::Well);
}

#[test]
fn a_storage_that_is_slow_is_waited_for() {
    let store = Store::new()
        .with_file("/f", content(10))
        .answering([Answering::After(Duration::from_secs(20))]);
    let mut pair = Pair::new(Conditions::default(), store);
    pair.login();
    let get = pair.download("/f");
    pair.run();
    assert_eq!(
        pair.downloaded(get),
        Some(&content(10)[..]),
        "{}",
        pair.transcript()
    );
    assert_eq!(pair.finish(), Ended::Well);
}

#[test]
fn a_storage_that_never_answers_ends_the_request() {
    let mut server = ftpkit_proto::server::Config::default();
    server.timeouts.question = Duration::from_secs(10);
    let store = Store::new().with_file("/f", content(10)).answering([
        Answering::AtOnce,
        Answering::Never,
        Answering::AtOnce,
    ]);
    let mut pair = Pair::with(
        Conditions::default(),
        store,
        ftpkit_proto::client::Config::default(),
        server,
    );
    pair.login();
    let hangs = pair.download("/f");
    let works = pair.download("/f");
    pair.run();
    assert_eq!(pair.code(hangs), Some(451), "{}", pair.transcript());
    assert_eq!(
        pair.downloaded(works),
        Some(&content(10)[..]),
        "{}",
        pair.transcript()
    );
    assert_eq!(pair.finish(), Ended::Well);
}

#[test]
fn a_client_that_is_less_patient_than_the_storage_gives_the_session_up() {
    let store = Store::new()
        .with_file("/f", content(10))
        .answering([Answering::AtOnce, Answering::Never]);
    let mut pair = Pair::new(Conditions::default(), store);
    pair.login();
    let hangs = pair.download("/f");
    pair.run();
    assert!(pair.is_closed(), "{}", pair.transcript());
    assert!(!pair.is_transferred(hangs));
    assert_eq!(pair.finish(), Ended::Badly);
}

#[test]
fn a_data_connection_that_is_lost_at_any_byte_is_never_taken_for_the_end() {
    for lost in [0, 1, 999, 1000, 1001, 1999] {
        let mut conditions = Conditions::default();
        conditions.lose_data = Some(lost);
        let mut pair = Pair::new(conditions, Store::new().with_file("/f", content(2000)));
        pair.login();
        let get = pair.download("/f");
        pair.run();
        assert!(!pair.is_transferred(get), "{lost}\n{}", pair.transcript());
        assert!(!pair.is_closed(), "{lost}\n{}", pair.transcript());
        assert_eq!(pair.finish(), Ended::Well);
    }
}
