//! Passive mode: strangers, ports that cannot be reached, and what is remembered of them.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use ftpkit_test::{Conditions, Ended, Pair, Store};

fn count(pair: &Pair, line: &str) -> usize {
    pair.transcript()
        .said()
        .filter(|said| *said == line)
        .count()
}

#[test]
fn a_port_that_cannot_be_reached_is_tried_with_pasv_and_that_is_remembered() {
    let mut conditions = Conditions::default();
    conditions.refuse = 1;
    let mut pair = Pair::new(conditions, Store::new().with_file("/f", *b"hello"));
    pair.login();
    let gets = [(); 3].map(|()| pair.download("/f"));
    pair.run();
    for get in gets {
        assert_eq!(
            pair.downloaded(get),
            Some(&b"hello"[..]),
            "{}",
            pair.transcript()
        );
    }
    assert_eq!(count(&pair, "C: EPSV"), 1, "{}", pair.transcript());
    assert_eq!(count(&pair, "C: PASV"), 3, "{}", pair.transcript());
    assert_eq!(pair.finish(), Ended::Well);
}

#[test]
fn when_no_port_can_be_reached_the_session_goes_on() {
    let mut conditions = Conditions::default();
    conditions.refuse = 2;
    let mut pair = Pair::new(conditions, Store::new().with_file("/f", *b"hello"));
    pair.login();
    let refused = pair.download("/f");
    let works = pair.download("/f");
    pair.run();
    assert!(!pair.is_transferred(refused));
    assert!(pair.is_transferred(works), "{}", pair.transcript());
    assert_eq!(count(&pair, "C: EPSV"), 2, "{}", pair.transcript());
    assert_eq!(pair.finish(), Ended::Well);
}

#[test]
fn a_stranger_on_the_port_gets_nothing() {
    let mut conditions = Conditions::default();
    conditions.stranger = true;
    let mut pair = Pair::new(conditions, Store::new().with_file("/f", *b"hello"));
    pair.login();
    let get = pair.download("/f");
    let put = pair.upload("/g", *b"world");
    pair.run();
    assert_eq!(
        pair.downloaded(get),
        Some(&b"hello"[..]),
        "{}",
        pair.transcript()
    );
    assert!(pair.is_transferred(put));
    assert_eq!(pair.store().file("/g"), Some(&b"world"[..]));
    assert_eq!(pair.finish(), Ended::Well);
}
