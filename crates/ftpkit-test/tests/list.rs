//! Listings, and what only queries tell.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use ftpkit_proto::{
    Command,
    client::{Outcome, Request, Transfer},
    command::ListArgs,
};
use ftpkit_test::{Conditions, Ended, Pair, Store};

#[test]
fn a_listing_arrives_whole_in_every_style() {
    let mut store = Store::new();
    let mut expected = String::new();
    for number in 0..300 {
        store = store.with_file(&format!("/file{number:03}"), "x");
        expected += &format!("file{number:03}\r\n");
    }
    let mut pair = Pair::new(Conditions::default(), store);
    pair.login();
    let listings = [
        Transfer::List(ListArgs::default()),
        Transfer::Names(ListArgs::default()),
        Transfer::Facts { path: None },
    ]
    .map(|transfer| pair.transfer(transfer));
    pair.run();
    for listing in listings {
        assert_eq!(
            pair.downloaded(listing),
            Some(expected.as_bytes()),
            "{}",
            pair.transcript()
        );
    }
    assert_eq!(pair.finish(), Ended::Well);
}

#[test]
fn an_empty_directory_lists_as_nothing() {
    let mut pair = Pair::new(Conditions::default(), Store::new());
    pair.login();
    let listing = pair.transfer(Transfer::Facts { path: None });
    pair.run();
    assert_eq!(pair.downloaded(listing), Some(&b""[..]));
    assert_eq!(pair.finish(), Ended::Well);
}

#[test]
fn a_missing_directory_is_an_outcome() {
    let mut pair = Pair::new(Conditions::default(), Store::new());
    pair.login();
    let listing = pair.transfer(Transfer::Facts {
        path: Some("/nowhere".try_into().unwrap()),
    });
    let after = pair.submit(Request::Command(Command::Noop));
    pair.run();
    assert!(!pair.is_transferred(listing));
    assert_eq!(pair.code(listing), Some(550), "{}", pair.transcript());
    assert_eq!(pair.code(after), Some(200));
    assert_eq!(pair.finish(), Ended::Well);
}

#[test]
fn features_and_directories_without_a_data_connection() {
    let mut pair = Pair::new(Conditions::default(), Store::new());
    let features = pair.submit(Request::Features);
    pair.login();
    let path = |name: &str| name.try_into().unwrap();
    let codes = [
        (Command::Mkd(path("d")), 257),
        (Command::Mkd(path("d")), 550),
        (Command::Cwd(Some(path("d"))), 250),
        (Command::Pwd, 257),
        (Command::Cdup, 250),
        (Command::Rmd(path("d")), 250),
        (Command::Cwd(Some(path("d"))), 550),
        (Command::Size(path("f")), 550),
        (Command::Syst, 215),
    ]
    .map(|(command, code)| (pair.submit(Request::Command(command)), code));
    pair.run();
    assert!(matches!(pair.outcome(features), Some(Outcome::Features(f)) if f.rest_stream()));
    for (id, code) in codes {
        assert_eq!(pair.code(id), Some(code), "{}", pair.transcript());
    }
    assert_eq!(pair.finish(), Ended::Well);
}
