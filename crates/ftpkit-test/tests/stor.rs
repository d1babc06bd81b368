//! Uploads: what is confirmed is stored, and what is not is not.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use ftpkit_proto::client::{Outcome, Transfer};
use ftpkit_test::{Answering, Conditions, Ended, Pair, Store};

fn content(size: usize) -> Vec<u8> {
    (0..size).map(|i| (i * 7 % 251) as u8).collect()
}

#[test]
fn every_size_is_stored() {
    let mut pair = Pair::new(Conditions::default(), Store::new());
    pair.login();
    for size in [0, 1, 999, 1000, 1001, 20_000] {
        let put = pair.upload("/f", content(size));
        pair.run();
        assert!(pair.is_transferred(put), "{}", pair.transcript());
        assert_eq!(pair.store().file("/f"), Some(&content(size)[..]));
    }
    assert_eq!(pair.finish(), Ended::Well);
}

#[test]
fn appending_and_unique_names() {
    let mut pair = Pair::new(Conditions::default(), Store::new().with_file("/f", *b"ab"));
    pair.login();
    let path = || "/f".try_into().unwrap();
    pair.send(Transfer::Append { path: path() }, *b"cd");
    let unique = pair.send(Transfer::UploadUnique { path: None }, *b"new");
    pair.run();
    assert_eq!(pair.store().file("/f"), Some(&b"abcd"[..]));
    assert_eq!(pair.store().file("/unique.1"), Some(&b"new"[..]));
    assert!(pair.is_transferred(unique));
    assert_eq!(pair.finish(), Ended::Well);
}

#[test]
fn a_directory_is_not_written_to() {
    let mut pair = Pair::new(Conditions::default(), Store::new());
    pair.login();
    let put = pair.upload("/", content(10));
    pair.run();
    assert!(!pair.is_transferred(put));
    assert!(pair.code(put).unwrap() >= 500, "{}", pair.transcript());
    assert_eq!(pair.finish(), Ended::Well);
}

#[test]
fn a_data_connection_that_is_lost_stores_nothing() {
    for lost in [0, 1, 999, 1000, 1999] {
        let mut conditions = Conditions::default();
        conditions.lose_data = Some(lost);
        let mut pair = Pair::new(conditions, Store::new().with_file("/f", *b"old"));
        pair.login();
        let put = pair.upload("/f", content(2000));
        pair.run();
        let Some(Outcome::TransferFailed(failed)) = pair.outcome(put) else {
            panic!("{lost}\n{}", pair.transcript());
        };
        assert_eq!(failed.reply.as_ref().unwrap().code().number(), 426);
        assert_eq!(pair.store().file("/f"), Some(&b"old"[..]));
        assert_eq!(pair.finish(), Ended::Well);
    }
}

#[test]
fn a_commit_that_never_comes_is_no_success() {
    let mut server = ftpkit_proto::server::Config::default();
    server.timeouts.question = std::time::Duration::from_secs(10);
    let store = Store::new().answering([Answering::AtOnce, Answering::AtOnce, Answering::Never]);
    let mut pair = Pair::with(
        Conditions::default(),
        store,
        ftpkit_proto::client::Config::default(),
        server,
    );
    pair.login();
    let put = pair.upload("/f", content(10));
    pair.run();
    assert_eq!(pair.code(put), Some(451), "{}", pair.transcript());
    assert!(!pair.is_transferred(put));
    assert_eq!(pair.store().file("/f"), None);
    assert_eq!(pair.finish(), Ended::Well);
}
