//! Login by the certificate of the TLS client (RFC 4217 sec. 12.2).

use std::format;

use super::rig::{Rig, fresh_with};
use crate::effort::thin;
use crate::server::{Config, TlsPolicy};

const CERTIFIED: &str = "S: 220
    C: AUTH TLS
    S: 234
    TLS: start
    L: started certified";

const ASKED: &str = "C: USER anna
    E: Login { user: \"anna\", password: None, account: None, host: None, secured: true, certificate: true }";

fn offered() -> Config {
    let mut config = Config::default();
    config.tls = TlsPolicy::Offered;
    config
}

/// What follows USER in a session with a certificate.
fn asked(script: &str) {
    fresh_with(offered(), &format!("{CERTIFIED}\n{ASKED}\n{script}"));
}

#[test]
fn a_certificate_may_be_enough() {
    asked(
        "A: ok
         S: 232
         C: PWD
         S: 257
         C: PASS x
         S: 202
         C: ACCT x
         S: 202
         C: USER otto
         E: LoggedOut
         E: Login { user: \"otto\", password: None,
         A: password
         S: 331
         C: PASS x
         E: Login { user: \"otto\", password: Some(Secret(***)), account: None, host: None, secured: true, certificate: true }
         A: ok
         S: 230",
    );
    // Both in one go: the name's answer, then the password's.
    asked("C: PASS x\nA: ok\nS: 232\nS: 202");
    // An account may be asked for in addition.
    asked(
        "A: account
         S: 332
         C: PASS x
         S: 503
         C: ACCT y
         E: Login { user: \"anna\", password: None, account: Some(Secret(***)),
         A: ok
         S: 230",
    );
    asked("A: account\nS: 332\nC: ACCT y\nE: Login\nA: password\nS: 530\nC: ACCT y\nS: 503");
}

#[test]
fn what_a_certificate_does_not_open_looks_the_same_for_every_name() {
    for answer in ["password", "LoginFailed", "Failed", "NotFound", "Denied"] {
        let mut rig = Rig::new(offered());
        rig.play(CERTIFIED);
        // However often: it is no failed login.
        for name in ["anna", "nobody", "anna", "nobody", "anna"] {
            rig.play(&format!(
                "C: USER {name}\nE: Login\nA: {answer}\nS: 331 Password, please."
            ));
        }
        rig.play("C: PASS x\nE: Login\nA: ok\nS: 230");
    }
    // Nor does a certificate that nobody asks about make a difference.
    fresh_with(
        Config::default(),
        "S: 220\nC: USER anna\nS: 331 Password, please.",
    );
    asked("T: 300\nE: Cancelled\nS: 421\nX: Err(TimedOut(Login))");
    let mut patient = offered();
    patient.timeouts.login = core::time::Duration::ZERO;
    fresh_with(
        patient,
        &format!(
            "{CERTIFIED}
             {ASKED}
             T: 300
             E: Cancelled
             S: 331
             C: PASS x
             E: Login {{ user: \"anna\", password: Some(Secret(***)),
             A: ok
             S: 230"
        ),
    );
    asked("A: TooMany\nS: 421\nX: Ok");
}

#[test]
fn a_certificate_ends_with_its_tls() {
    let mut config = offered();
    config.dangerous_ccc = true;
    config.dangerous_rein_under_tls = true;
    let cases = [
        ("C: CCC\nS: 200", "C: USER anna\nE: LoggedOut\nS: 331"),
        ("C: REIN\nE: LoggedOut\nS: 220", "C: USER anna\nS: 331"),
        // The next handshake has its own.
        (
            "C: REIN\nE: LoggedOut\nS: 220",
            "C: AUTH TLS\nS: 234\nTLS: start\nL: started\nC: USER anna\nS: 331",
        ),
    ];
    for (ends, then) in thin(cases, 2) {
        let ended = format!("A: ok\nS: 232\n{ends}\nTLS: stop\nL: stopped\n{then}");
        fresh_with(config.clone(), &format!("{CERTIFIED}\n{ASKED}\n{ended}"));
    }
}

#[test]
fn commands_wait_for_the_answer_about_the_certificate() {
    asked("C: NOOP\nC: ABOR\nA: ok\nS: 232\nS: 200\nS: 225");
    asked("C: QUIT\nA: LoginFailed\nS: 331\nS: 221\nX: Ok");
    asked("EOF\nA: ok\nS: 232\nX: Err(Disconnected)");
    asked("SHUTDOWN\nE: Cancelled\nS: 421\nX: Err(TimedOut(Shutdown))");
}
