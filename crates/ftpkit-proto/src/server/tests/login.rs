use super::rig::{Rig, fresh_with, logged_in};
use crate::effort::thin;
use crate::server::{Config, TlsPolicy};

fn fresh(transcript: &str) {
    fresh_with(Config::default(), transcript);
}

#[test]
fn a_login_asks_and_the_third_failure_closes() {
    fresh(
        "S: 220
         C: PASS x
         S: 503
         C: ACCT x
         S: 503
         C: USER anna
         S: 331
         C: PASS  two  spaces
         E: Login { user: \"anna\", password: Some(Secret(***)), account: None, host: None, secured: false, certificate: false }
         A: LoginFailed
         S: 530 Login incorrect.
         C: PASS again
         S: 503
         C: USER nobody
         S: 331
         C: PASS
         E: Login
         A: Failed
         S: 530
         C: USER anna
         S: 331
         C: PASS x
         E: Login
         A: LoginFailed
         S: 421
         X: Err(PeerMisbehaved(TooManyLogins))",
    );
}

#[test]
fn an_account_is_asked_for_once() {
    fresh(
        "S: 220
         C: HOST first.example
         S: 220
         C: HOST ftp.example
         S: 220
         C: USER anna
         S: 331
         C: PASS x
         E: Login
         A: account
         S: 332
         C: PASS x
         S: 503
         C: ACCT y
         E: Login { user: \"anna\", password: Some(Secret(***)), account: Some(Secret(***)), host: Some(\"ftp.example\")
         A: account
         S: 530
         C: USER anna
         S: 331
         C: PASS x
         E: Login
         A: account
         S: 332
         C: ACCT y
         E: Login
         A: ok
         S: 230
         C: ACCT y
         S: 202
         C: HOST third.example
         S: 503",
    );
}

#[test]
fn user_and_rein_forget_who_was_in() {
    logged_in(
        "C: PASV
         D: Listen(V4) @1
         N: listening
         S: 227
         C: USER bert
         D: Abort @1
         E: LoggedOut
         S: 331
         C: PWD
         S: 530
         C: PASS x
         E: Login
         A: ok
         S: 230
         C: TYPE I
         S: 200
         C: REIN
         E: LoggedOut
         S: 220
         C: SIZE x
         S: 530
         C: USER anna
         S: 331
         C: PASS x
         E: Login
         A: ok
         S: 230
         C: SIZE x
         S: 550",
    );
}

#[test]
fn too_many_sessions_close_without_counting() {
    fresh(
        "S: 220
           C: USER anna
           S: 331
           C: PASS x
           E: Login
           A: TooMany
           S: 421
           X: Ok",
    );
}

#[test]
fn the_time_for_login_is_one_span() {
    fresh(
        "S: 220
         T: 40
         C: USER anna
         S: 331
         T: 19
         C: NOOP
         S: 200
         T: 1
         S: 421
         X: Err(TimedOut(Login))",
    );
    fresh(
        "S: 220
         C: USER anna
         S: 331
         C: PASS x
         E: Login
         T: 60
         E: Cancelled
         S: 421
         X: Err(TimedOut(Login))",
    );
    let mut config = Config::default();
    config.timeouts.login = core::time::Duration::ZERO;
    config.timeouts.question = core::time::Duration::from_secs(5);
    fresh_with(
        config,
        "S: 220
         C: USER anna
         S: 331
         C: PASS x
         E: Login
         T: 5
         E: Cancelled
         S: 530
         T: 299
         T: 1
         S: 421
         X: Err(TimedOut(Idle))",
    );
}

#[test]
fn other_protocols_and_noise_are_closed() {
    let cases = [
        "GET / HTTP/1.1",
        "ehlo mail",
        "SSH-2.0-OpenSSH_9.9",
        "\\x16\\x03\\x01\\x00",
    ];
    for line in thin(cases, 2) {
        fresh(&std::format!(
            "S: 220
             C: {line}
             S: 421 This is an FTP server.
             X: Err(PeerMisbehaved(NotFtp))"
        ));
    }
    let mut config = Config::default();
    config.limits.bad_commands_before_login = 3;
    fresh_with(
        config.clone(),
        "S: 220
         C: BOGUS 227 (1,2,3,4,5,6)
         S: 500 This command is not known.
         C: \\x00\\x01
         S: 500
         C: USER anna
         S: 331
         C: MLST\\x07
         S: 421
         X: Err(PeerMisbehaved(NotFtp))",
    );
    let mut rig = Rig::new(config);
    rig.play(super::rig::IN);
    for _ in 0..10 {
        rig.play("C: GET /\nS: 500");
    }
}

#[test]
fn everything_else_waits_for_login() {
    let lines = [
        "CWD x",
        "CDUP",
        "PORT 192,0,2,7,40,0",
        "PASV",
        "EPSV",
        "EPSV ALL",
        "EPRT |1|192.0.2.7|5000|",
        "TYPE I",
        "STRU F",
        "MODE S",
        "RETR x",
        "STOR x",
        "STOU",
        "APPE x",
        "ALLO 1",
        "REST 1",
        "RNFR x",
        "RNTO x",
        "ABOR",
        "DELE x",
        "RMD x",
        "MKD x",
        "PWD",
        "LIST",
        "NLST",
        "SITE HELP",
        "STAT x",
        "CCC",
        "MDTM x",
        "SIZE x",
        "MLST",
        "MLSD",
        "MFMT 20240101000000 x",
        "SMNT x",
    ];
    for line in thin(lines, 9) {
        fresh(&std::format!("S: 220\nC: {line}\nS: 530"));
        fresh(&std::format!(
            "S: 220\nC: USER x\nS: 331\nC: {line}\nS: 530"
        ));
    }
    fresh(
        "S: 220
         C: SYST
         S: 215 UNIX Type: L8
         C: NOOP
         S: 200
         C: OPTS UTF8 ON
         S: 200
         C: CLNT curl
         S: 200
         C: LANG
         S: 200
         C: STAT
         S: 211-Status:
         S:  Not logged in.
         S:  TYPE A
         S:  The control connection is in clear.
         S: 211 End
         C: QUIT
         S: 221
         X: Ok(())",
    );
}

#[test]
fn login_in_clear_is_refused_by_policy() {
    for policy in [TlsPolicy::RequiredForLogin, TlsPolicy::RequiredForData] {
        let mut config = Config::default();
        config.tls = policy;
        fresh_with(config, "S: 220\nC: USER anna\nS: 534\nC: PASS x\nS: 503");
    }
}
