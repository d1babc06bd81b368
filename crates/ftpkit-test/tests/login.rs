//! Logging in, being refused, and going on.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use ftpkit_proto::{
    Command, Secret, Text,
    client::{Credentials, Request},
};
use ftpkit_test::{Conditions, Ended, Pair, Store};

fn credentials(user: &'static str, password: &'static str) -> Request {
    Request::Login(Credentials::new(
        Text::from_static(user),
        Secret::from_static(password),
    ))
}

#[test]
fn the_right_password_lets_in_and_a_wrong_one_does_not() {
    let mut pair = Pair::new(Conditions::default(), Store::new());
    let wrong = pair.submit(credentials("anna", "wrong"));
    let unknown = pair.submit(credentials("nobody", "secret"));
    let before = pair.submit(Request::Command(Command::Pwd));
    let right = pair.login();
    let after = pair.submit(Request::Command(Command::Pwd));
    pair.run();
    let codes = [wrong, unknown, before, right, after].map(|id| pair.code(id).unwrap());
    assert_eq!(codes, [530, 530, 530, 230, 257], "{}", pair.transcript());
    assert!(pair.server().is_logged_in());
    assert_eq!(pair.finish(), Ended::Well);
    assert!(
        !pair.transcript().to_string().contains("Refusal"),
        "{}",
        pair.transcript()
    );
}

#[test]
fn the_third_failure_ends_the_session() {
    let mut pair = Pair::new(Conditions::default(), Store::new());
    let tries: Vec<_> = (0..5)
        .map(|_| pair.submit(credentials("anna", "wrong")))
        .collect();
    pair.run();
    let codes: Vec<_> = tries.iter().map(|id| pair.code(*id)).collect();
    assert_eq!(
        codes,
        [Some(530), Some(530), Some(421), None, None],
        "{}",
        pair.transcript()
    );
    assert_eq!(pair.finish(), Ended::Badly);
}

#[test]
fn a_client_that_says_nothing_is_let_go() {
    let mut pair = Pair::new(Conditions::default(), Store::new());
    while pair.ended().is_none() {
        assert!(pair.step(), "{}", pair.transcript());
    }
    assert_eq!(
        pair.now().since_start().as_secs(),
        60,
        "{}",
        pair.transcript()
    );
}
