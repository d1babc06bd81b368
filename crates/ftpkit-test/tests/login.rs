//! Logging in, being refused, and going on.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use ftpkit_proto::{
    Command, Secret, Text, TlsFacts,
    client::{self, Credentials, Request},
    server,
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

/// A pair under implicit TLS, where these hosts are served and the handshake tells this.
fn under_tls(hosts: &[&'static str], facts: TlsFacts) -> Pair {
    let mut client = client::Config::default();
    client.implicit_tls = true;
    let mut server = server::Config::default();
    server.hosts = hosts.iter().map(|name| Text::from_static(name)).collect();
    let mut conditions = Conditions::default();
    conditions.facts = facts;
    Pair::with(conditions, Store::new(), client, server)
}

#[test]
fn a_certificate_may_do_for_the_password() {
    let mut pair = under_tls(&[], TlsFacts::default().with_certificate(true));
    let wrong = pair.submit(credentials("anna", "wrong"));
    let unknown = pair.submit(credentials("nobody", "secret"));
    let pwd = pair.submit(Request::Command(Command::Pwd));
    let again = pair.submit(credentials("anna", "wrong"));
    pair.run();
    let codes = [wrong, unknown, pwd, again].map(|id| pair.code(id).unwrap());
    assert_eq!(codes, [232, 530, 530, 232], "{}", pair.transcript());
    assert!(pair.server().is_secured() && pair.server().is_logged_in());
    assert_eq!(pair.finish(), Ended::Well);
}

#[test]
fn the_host_that_tls_was_asked_for_is_the_one_that_is_logged_in_to() {
    let named = |name: &'static str| TlsFacts::default().with_server_name(Text::from_static(name));
    for (asked, host, code, told) in [
        ("h.example", None, 230, Some("h.example")),
        ("H.Example", Some("h.EXAMPLE"), 230, Some("h.example")),
        ("h.example", Some("i.example"), 504, Some("h.example")),
        ("x.example", None, 230, None),
        ("x.example", Some("h.example"), 504, None),
    ] {
        let mut pair = under_tls(&["h.example", "i.example"], named(asked));
        let mut login = Credentials::new(Text::from_static("anna"), Secret::from_static("secret"));
        login.host = host.map(Text::from_static);
        login.host_required = true;
        let login = pair.submit(Request::Login(login));
        pair.run();
        assert_eq!(pair.code(login), Some(code), "{}", pair.transcript());
        assert_eq!(pair.server().host().cloned(), told.map(Text::from_static));
        pair.finish();
    }
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
