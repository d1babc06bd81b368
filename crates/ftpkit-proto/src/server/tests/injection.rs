//! Bytes that somebody on the way puts behind AUTH, to be taken as the client's under TLS
//! (CVE-2011-0411 and its kin), and bytes of other protocols (ALPACA).

use std::{format, vec::Vec};

use proptest::prelude::*;

use super::rig::Rig;
use crate::{
    Machine, TlsEvent, TlsFacts,
    effort::thin,
    server::{Config, Connection, TlsPolicy},
};

fn offered() -> Config {
    let mut config = Config::default();
    config.tls = TlsPolicy::Offered;
    config
}

/// AUTH with something behind it, cut here, in a session that has come to where `before` ends.
fn injected(before: &str, behind: &[u8], cut: usize) {
    let mut rig = Rig::new(offered());
    rig.play(before);
    let stream = [b"AUTH TLS\r\n", behind].concat();
    let (first, second) = stream.split_at(cut);
    for piece in [first, second] {
        rig.session.handle_bytes(rig.now, piece);
        rig.pump();
    }
    let begun = TlsEvent::Started(TlsFacts::default());
    rig.session.handle_tls(rig.now, begun);
    rig.session.handle_bytes(rig.now, b"NOOP\r\n");
    rig.pump();
    assert!(!rig.session.is_secured());
    let log: Vec<_> = rig
        .log
        .iter()
        .map(|line| &line[..line.len().min(6)])
        .collect();
    let out = ["E: Log", "S: 234", "TLS: s", "X: Err"];
    let beyond = log.iter().find(|line| !out.contains(line));
    assert_eq!(beyond, None, "{log:?}");
    let end = rig.log.back().map(|line| &**line);
    assert_eq!(end, Some("X: Err(PeerMisbehaved(BytesBeforeTls))"));
}

const IN: &str = "S: 220\nC: USER anna\nS: 331\nC: PASS x\nE: Login\nA: ok\nS: 230";

/// What an attacker would send.
const LINES: &[&[u8]] = &[
    b"USER eve\r\n",
    b"PASS x\r\n",
    b"STOR f\r\n",
    b"\r\n",
    b"\n",
    b"\xff\xf1",
    b"\xff\xf4\xff\xf2ABOR\r\n",
    b"\xff\xff",
    b"\x16\x03\x01",
    b"\0",
];

/// What an attacker would send, or anything.
fn behind() -> impl Strategy<Value = Vec<u8>> {
    let lines = prop::sample::select(LINES);
    let lines = prop::collection::vec(lines, 1..4).prop_map(|lines| lines.concat());
    prop_oneof![lines, prop::collection::vec(any::<u8>(), 1..30)]
}

proptest! {
    #[test]
    fn whatever_comes_behind_auth_ends_the_session_at_every_split(
        before in prop::sample::select(&["S: 220", IN][..]),
        behind in behind(),
    ) {
        for cut in thin(0..=b"AUTH TLS\r\n".len() + behind.len(), 7) {
            injected(before, &behind, cut);
        }
    }
}

#[test]
fn nothing_of_a_session_in_clear_is_left_under_tls() {
    // AUTH alone goes on, with nobody and nothing; at every split.
    for cut in thin(0..=b"AUTH TLS\r\n".len(), 5) {
        let mut rig = Rig::new(offered());
        rig.play(IN);
        rig.play("C: TYPE I\nS: 200\nC: REST 9\nS: 350");
        for piece in [&b"AUTH TLS\r\n"[..cut], &b"AUTH TLS\r\n"[cut..]] {
            rig.session.handle_bytes(rig.now, piece);
            rig.pump();
        }
        rig.play("E: LoggedOut\nS: 234\nTLS: start\nL: started\nC: PASS x\nS: 503\nC: PWD\nS: 530");
    }
}

#[test]
fn other_protocols_are_closed_under_tls_too() {
    let under_tls = [
        "S: 220\nC: AUTH TLS\nS: 234\nTLS: start\nL: started",
        "TLS: start\nL: started\nS: 220",
    ];
    for (at, begin) in under_tls.into_iter().enumerate() {
        let cases = [
            "GET /<script> HTTP/1.1",
            "POST / HTTP/1.1",
            "EHLO eve.example",
            "SSH-2.0-x",
            "PRI * HTTP/2.0",
        ];
        for line in thin(cases, 2) {
            let mut rig = match at {
                0 => Rig::new(offered()),
                _ => Rig::implicit(offered()),
            };
            rig.play(begin);
            let end = "S: 421 This is an FTP server.\nX: Err(PeerMisbehaved(NotFtp))";
            rig.play(&format!("C: {line}\n{end}"));
        }
    }
}

#[test]
fn a_wrong_password_and_a_name_that_is_not_there_are_told_the_same() {
    let answers = ["LoginFailed", "NotFound", "Denied", "Failed", "password"];
    for (name, password) in [("anna", "wrong"), ("nobody", "x"), ("", "")] {
        for answer in answers {
            let mut rig = Rig::new(Config::default());
            rig.play("S: 220");
            if name.is_empty() {
                rig.play("C: USER\nS: 501");
                continue;
            }
            rig.play(&format!(
                "C: USER {name}
                 S: 331 Password, please.
                 C: PASS {password}
                 E: Login
                 A: {answer}
                 S: 530 Login incorrect."
            ));
        }
    }
}

#[test]
fn a_session_under_implicit_tls_takes_no_byte_in_clear() {
    let now = crate::Instant::START;
    let at = |text: &str| text.parse().unwrap();
    for bytes in [&b"USER anna\r\n"[..], b"\x16", b"\xff\xf1", b"\0"] {
        let config = std::sync::Arc::new(offered());
        let session = Connection::implicit(config, now, at("192.0.2.7:4000"), at("192.0.2.1:990"));
        let mut rig = Rig::with(session);
        assert!(!rig.session.wants_read());
        rig.session.handle_bytes(now, bytes);
        rig.pump();
        rig.play("TLS: start\nX: Err(PeerMisbehaved(BytesBeforeTls))");
    }
}
