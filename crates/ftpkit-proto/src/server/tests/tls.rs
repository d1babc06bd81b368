use super::rig::{IN, Rig, fresh_with, logged_in_with};
use crate::effort::thin;
use crate::server::{Config, TlsPolicy};
use std::format;

fn offered() -> Config {
    let mut config = Config::default();
    config.tls = TlsPolicy::Offered;
    config
}

/// AUTH, login, PBSZ, PROT P.
const SECURED: &str = "S: 220
    C: AUTH TLS
    S: 234
    TLS: start
    L: started
    C: USER anna
    S: 331
    C: PASS x
    E: Login { user: \"anna\", password: Some(Secret(***)), account: None, host: None, secured: true, certificate: false }
    A: ok
    S: 230
    C: PROT P
    S: 503
    C: PBSZ 0
    S: 200 PBSZ=0
    C: PROT P
    S: 200";

#[test]
fn auth_and_what_it_resets() {
    fresh_with(
        offered(),
        "S: 220
         C: AUTH KERBEROS
         S: 504
         C: AUTH
         S: 501
         C: PBSZ 0
         S: 503
         C: USER anna
         S: 331
         C: PASS x
         E: Login
         A: ok
         S: 230
         C: TYPE I
         S: 200
         C: PASV
         D: Listen(V4) @1
         N: listening
         S: 227
         C: AUTH tls-c
         D: Abort @1
         E: LoggedOut
         S: 234
         TLS: start
         L: started
         C: AUTH TLS
         S: 503
         C: PWD
         S: 530
         C: PROT P
         S: 503",
    );
}

#[test]
fn bytes_behind_auth_are_fatal() {
    let cases = [
        "U",
        "USER x\\x0d\\x0a",
        "\\x16\\x03\\x01",
        "\\xff",
        "\\x0d\\x0a",
    ];
    for behind in thin(cases, 2) {
        // In pieces it is the second case: the 234 is on its way when they come.
        Rig::new(offered()).play(&format!(
            "S: 220
                 B: AUTH TLS\\x0d\\x0a{behind}
                 X: Err(PeerMisbehaved(BytesBeforeTls))"
        ));
        fresh_with(
            offered(),
            &format!(
                "S: 220
                 C: AUTH TLS
                 S: 234
                 TLS: start
                 B: {behind}
                 X: Err(PeerMisbehaved(BytesBeforeTls))"
            ),
        );
    }
}

#[test]
fn a_handshake_has_its_time_and_may_fail() {
    let begin = "S: 220\nC: AUTH TLS\nS: 234\nTLS: start";
    fresh_with(offered(), &format!("{begin}\nL: failed\nX: Err(TlsFailed)"));
    fresh_with(
        offered(),
        &format!("{begin}\nT: 10\nX: Err(TimedOut(Handshake))"),
    );
    fresh_with(offered(), &format!("{begin}\nEOF\nX: Err(Disconnected)"));
    fresh_with(
        offered(),
        &format!("{begin}\nSHUTDOWN\nX: Err(TimedOut(Shutdown))"),
    );
    fresh_with(
        offered(),
        &format!("{begin}\nDRAIN\nL: started\nS: 421\nX: Ok"),
    );
    let mut config = offered();
    config.timeouts.login = core::time::Duration::from_secs(5);
    fresh_with(config, &format!("{begin}\nT: 5\nX: Err(TimedOut(Login))"));
    fresh_with(offered(), "S: 220\nL: started\nL: stopped\nC: NOOP\nS: 200");
}

#[test]
fn a_transfer_under_tls() {
    fresh_with(
        offered(),
        &format!(
            "{SECURED}
             C: EPSV
             D: Listen(V4) @1
             N: listening
             S: 229
             C: STOR x
             E: Open
             A: ok
             S: 150
             D: Accept @1
             N: connected
             D: Secure(Server) @1
             N: secured
             D: Transfer(Receive) @1
             N: finished 9
             E: Commit {{ id: DataId(1), bytes: 9, completeness: Proven }}
             A: ok
             E: Ended Complete
             S: 226"
        ),
    );
}

#[test]
fn an_unclean_end_truncates() {
    let upload = format!(
        "{SECURED}
         C: EPSV
         D: Listen(V4) @1
         N: listening
         S: 229
         C: STOR x
         E: Open
         A: ok
         S: 150
         D: Accept @1
         N: connected
         D: Secure(Server) @1
         N: secured
         D: Transfer(Receive) @1
         N: unclean 9"
    );
    fresh_with(
        offered(),
        &format!("{upload}\nE: Ended Truncated 9 bytes\nS: 426\nC: NOOP\nS: 200"),
    );
    let mut config = offered();
    config.accept_unclean_close = true;
    fresh_with(
        config,
        &format!("{upload}\nE: Commit {{ id: DataId(1), bytes: 9, completeness: Assumed }}"),
    );
}

#[test]
fn a_data_handshake_that_fails_is_522() {
    let securing = format!(
        "{SECURED}
         C: EPSV
         D: Listen(V4) @1
         N: listening
         S: 229
         C: RETR x
         E: Open
         A: ok
         S: 150
         D: Accept @1
         N: connected
         D: Secure(Server) @1"
    );
    fresh_with(
        offered(),
        &format!("{securing}\nN: failed Tls\nE: Ended Failed(Tls)\nS: 522"),
    );
    // Each says what to do about it.
    for (failure, text) in [
        (
            "NotResumed",
            "Resume the TLS session of the control connection.",
        ),
        (
            "Certificate",
            "Present the certificate of the control connection.",
        ),
    ] {
        let failed = format!("N: failed {failure}\nE: Ended Failed({failure})\nS: 522 {text}");
        fresh_with(offered(), &format!("{securing}\n{failed}"));
    }
    fresh_with(
        offered(),
        &format!("{securing}\nT: 10\nD: Abort @1\nE: Ended Failed(Tls)\nS: 522"),
    );
}

#[test]
fn protection_levels() {
    fresh_with(
        offered(),
        &format!(
            "{SECURED}
             C: PROT S
             S: 536
             C: PROT E
             S: 536
             C: PROT X
             S: 504
             C: PBSZ x
             S: 501
             C: PROT C
             S: 200
             C: CCC
             S: 534
             C: REIN
             S: 502
             C: PWD
             S: 257"
        ),
    );
}

#[test]
fn data_must_be_private_by_policy() {
    let mut config = offered();
    config.tls = TlsPolicy::RequiredForData;
    fresh_with(
        config.clone(),
        &format!("{SECURED}\nC: PROT C\nS: 534\nC: LIST\nS: 425"),
    );
    let cases = [
        "C: PASV\nD: Listen(V4) @1\nN: listening\nS: 227",
        "C: EPSV\nD: Listen(V4) @1\nN: listening\nS: 229",
        "C: PORT 192,0,2,7,195,80\nS: 200",
        "C: EPRT |1|192.0.2.7|50000|\nS: 200",
    ];
    for setup in thin(cases, 2) {
        let lines = ["RETR x", "STOR x", "STOU", "APPE x", "LIST", "NLST", "MLSD"];
        for line in thin(lines, 5) {
            let mut rig = Rig::new(config.clone());
            let (login, _) = SECURED.split_once("C: PROT P").unwrap();
            rig.play(login);
            rig.play(&format!("{setup}\nC: {line}\nS: 521"));
        }
    }
}

#[test]
fn ccc_and_rein_go_back_to_clear_text_where_allowed() {
    let mut config = offered();
    config.dangerous_ccc = true;
    config.dangerous_rein_under_tls = true;
    fresh_with(
        config.clone(),
        &format!(
            "{SECURED}
             C: CCC
             S: 200
             TLS: stop
             L: stopped
             C: CCC
             S: 533
             C: PBSZ 0
             S: 503
             C: PROT C
             S: 503
             C: EPSV
             D: Listen(V4) @1
             N: listening
             S: 229
             C: RETR x
             E: Open
             A: ok
             S: 150
             D: Accept @1
             N: connected
             D: Secure(Server) @1"
        ),
    );
    fresh_with(
        config.clone(),
        &format!(
            "{SECURED}
             C: REIN
             E: LoggedOut
             S: 220
             TLS: stop
             L: stopped
             C: PWD
             S: 530
             C: AUTH TLS
             S: 234
             TLS: start"
        ),
    );
    // Behind CCC no command can change what PROT P has set, but REIN begins anew.
    let mut rig = Rig::new(config.clone());
    rig.play(SECURED);
    rig.play(
        "C: CCC
         S: 200
         TLS: stop
         L: stopped
         C: REIN
         E: LoggedOut
         S: 220",
    );
    let (_, login) = IN.split_once("ready.").unwrap();
    rig.play(login);
    rig.play(
        "C: EPSV
         D: Listen(V4) @1
         N: listening
         S: 229
         C: RETR x
         E: Open
         A: ok
         S: 150
         D: Accept @1
         N: connected
         D: Transfer(Send) @1",
    );
    logged_in_with(config, "C: CCC\nS: 533\nC: REIN\nE: LoggedOut\nS: 220");
}

#[test]
fn a_login_under_tls_is_enough_for_login() {
    let mut config = offered();
    config.tls = TlsPolicy::RequiredForLogin;
    let mut rig = Rig::new(config);
    rig.play("S: 220\nC: USER anna\nS: 534\nC: AUTH TLS\nS: 234\nTLS: start\nL: started");
    let (_, login) = IN.split_once("ready.").unwrap();
    rig.play(login);
    rig.play("C: PORT 192,0,2,7,195,80\nS: 200\nC: LIST\nE: Open");
}

/// Behind [`SECURED`], with transfers between servers allowed.
fn between_servers() -> Config {
    let mut config = offered();
    config.dangerous_server_to_server = true;
    config
}

#[test]
fn between_servers_this_one_may_be_the_tls_client() {
    let mut rig = Rig::new(between_servers());
    rig.play(SECURED);
    rig.play(
        "C: CPSV
         D: Listen(V4) @1
         N: listening
         S: 227 Entering passive mode (192,0,2,1,19,136).
         C: RETR x
         E: Open
         A: ok
         S: 150
         D: Accept @1
         N: connected 198.51.100.9:1024
         D: Secure(Client) @1
         N: secured
         D: Transfer(Send) @1
         N: finished 7
         E: Ended Complete
         S: 226
         C: PASV
         D: Listen(V4) @2
         N: listening
         S: 227
         C: RETR x
         E: Open
         A: ok
         S: 150
         D: Accept @2
         N: connected
         D: Secure(Server) @2
         N: failed Tls
         E: Ended Failed(Tls)
         S: 522
         C: SSCN
         S: 200 SSCN:SERVER METHOD
         C: SSCN ON
         S: 200 SSCN:CLIENT METHOD
         C: SSCN
         S: 200 SSCN:CLIENT METHOD
         C: PORT 198,51,100,9,19,136
         S: 200
         C: STOR x
         E: Open
         A: ok
         S: 150
         D: Connect(198.51.100.9:5000) @3
         N: connected 198.51.100.9:5000
         D: Secure(Client) @3
         N: failed Tls
         E: Ended
         S: 522
         C: PROT C
         S: 200
         C: SSCN
         S: 503
         C: CPSV
         S: 503
         C: PROT P
         S: 200
         C: SSCN OFF
         S: 200 SSCN:SERVER METHOD
         C: SSCN MAYBE
         S: 504
         C: CPSV x
         S: 501
         C: EPSV ALL
         S: 200
         C: CPSV
         S: 503",
    );
}

#[test]
fn transfers_between_servers_are_off_and_need_protection() {
    let mut rig = Rig::new(offered());
    rig.play(SECURED);
    rig.play(
        "C: SSCN ON
         S: 502
         C: CPSV
         S: 502
         C: PORT 198,51,100,9,19,136
         S: 504",
    );
    logged_in_with(between_servers(), "C: SSCN ON\nS: 503\nC: CPSV\nS: 503");
    // AUTH and REIN begin anew.
    let mut config = between_servers();
    config.dangerous_rein_under_tls = true;
    let mut rig = Rig::new(config);
    rig.play(SECURED);
    rig.play(
        "C: SSCN ON
         S: 200
         C: REIN
         E: LoggedOut
         S: 220
         TLS: stop
         L: stopped",
    );
    let (_, again) = SECURED.split_once("220").unwrap();
    rig.play(again);
    rig.play("C: SSCN\nS: 200 SSCN:SERVER METHOD");
}
