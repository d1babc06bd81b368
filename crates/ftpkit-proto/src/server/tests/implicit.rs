//! TLS that begins with the connection.

use std::{format, sync::Arc};

use super::rig::Rig;
use crate::effort::thin;
use crate::{
    Instant, Text,
    server::{Config, Connection, TlsPolicy},
};

fn implicit(tls: TlsPolicy, script: &str) -> Rig {
    let mut config = Config::default();
    config.tls = tls;
    let mut rig = Rig::implicit(config);
    rig.play(script);
    rig
}

const GREETED: &str = "TLS: start
    L: started
    S: 220
    C: USER anna
    S: 331
    C: PASS x
    E: Login { user: \"anna\", password: Some(Secret(***)), account: None, host: None, secured: true, certificate: false }
    A: ok
    S: 230";

#[test]
fn tls_begins_with_the_connection_and_covers_data() {
    let cases = [
        TlsPolicy::Off,
        TlsPolicy::Offered,
        TlsPolicy::RequiredForLogin,
        TlsPolicy::RequiredForData,
    ];
    for tls in thin(cases, 2) {
        let mut rig = implicit(tls, GREETED);
        assert!(rig.session.is_secured());
        let auth = if tls == TlsPolicy::Off { 502 } else { 503 };
        rig.play(&format!(
            "C: AUTH TLS
             S: {auth}
             C: PORT 192,0,2,7,19,136
             S: 200
             C: RETR a
             E: Open
             A: ok
             S: 150
             D: Connect(192.0.2.7:5000) @1
             N: connected
             D: Secure(Server) @1
             N: secured
             D: Transfer(Send) @1
             N: finished 3
             E: Ended
             S: 226
             C: PBSZ 0
             S: 200 PBSZ=0
             C: PROT P
             S: 200"
        ));
        if tls == TlsPolicy::RequiredForData {
            rig.play("C: PROT C\nS: 534");
        } else {
            rig.play(
                "C: PROT C
                 S: 200
                 C: PORT 192,0,2,7,19,136
                 S: 200
                 C: RETR a
                 E: Open
                 A: ok
                 S: 150
                 D: Connect(192.0.2.7:5000) @2
                 N: connected
                 D: Transfer(Send) @2",
            );
        }
    }
}

#[test]
fn until_tls_is_up_no_byte_goes_out() {
    let cases = [
        ("L: failed", "Err(TlsFailed)"),
        ("T: 10", "Err(TimedOut(Handshake))"),
        ("EOF", "Err(Disconnected)"),
        ("SHUTDOWN", "Err(TimedOut(Shutdown))"),
        (
            "B: GET / HTTP/1.1\\x0d\\x0a",
            "Err(PeerMisbehaved(BytesBeforeTls))",
        ),
        ("B: \\xff", "Err(PeerMisbehaved(BytesBeforeTls))"),
    ];
    for (happens, how) in thin(cases, 2) {
        implicit(
            TlsPolicy::Offered,
            &format!("TLS: start\n{happens}\nX: {how}"),
        );
    }
    implicit(
        TlsPolicy::Offered,
        "TLS: start\nDRAIN\nL: started\nS: 220\nS: 421\nX: Ok",
    );
    // The time for login begins with the greeting.
    let script = "TLS: start\nT: 9\nL: started\nS: 220\nT: 59";
    let mut rig = implicit(TlsPolicy::Offered, script);
    assert!(!rig.closed);
    rig.play("T: 1\nS: 421\nX: Err(TimedOut(Login))");
}

#[test]
fn tls_may_end_as_behind_auth() {
    let mut config = Config::default();
    config.dangerous_ccc = true;
    config.dangerous_rein_under_tls = true;
    let mut rig = Rig::implicit(config.clone());
    rig.play(GREETED);
    // What was private stays so, and nothing can change it.
    rig.play(
        "C: CCC
         S: 200
         TLS: stop
         L: stopped
         C: PROT C
         S: 503
         C: PORT 192,0,2,7,19,136
         S: 200
         C: RETR a
         E: Open
         A: ok
         S: 150
         D: Connect(192.0.2.7:5000) @1
         N: connected
         D: Secure(Server) @1",
    );
    let mut rig = Rig::implicit(config);
    rig.play(GREETED);
    rig.play("C: REIN\nE: LoggedOut\nS: 220\nTLS: stop\nL: stopped\nC: PBSZ 0\nS: 503");
}

#[test]
fn one_too_many_is_told_so_under_tls() {
    let now = Instant::START;
    let refuse = || {
        let text = Text::from_static("Too many.");
        Rig::with(Connection::refuse_implicit(
            Arc::new(Config::default()),
            now,
            text,
        ))
    };
    refuse().play("TLS: start\nL: started\nS: 421 Too many.\nX: Ok");
    refuse().play("TLS: start\nL: failed\nX: Err(TlsFailed)");
    refuse().play("TLS: start\nT: 10\nX: Err(TimedOut(Handshake))");
}
