use super::rig::{IN, Rig, logged_in, logged_in_with};
use crate::effort::thin;
use crate::server::Config;

#[test]
fn active_mode_dials_the_client_only() {
    logged_in(
        "C: PORT 192,0,2,7,195,80
         S: 200
         C: NLST
         E: Open { id: DataId(1), transfer: List { path: None, style: Names }, ascii: true, expected: None }
         A: ok
         S: 150
         D: Connect(192.0.2.7:50000) @1
         N: connected
         D: Transfer(Send)
         N: finished 0
         E: Ended Complete 0 bytes
         S: 226
         C: EPRT |1|192.0.2.7|50001|
         S: 200
         C: LIST -la
         E: Open
         A: ok
         S: 150
         D: Connect(192.0.2.7:50001) @2
         N: failed Refused
         E: Ended Failed(Refused) 0 bytes @2
         S: 425
         C: LIST
         S: 425
         C: LPRT 4,4,192,0,2,7,2,195,82
         S: 200
         C: LIST
         E: Open
         A: ok
         S: 150
         D: Connect(192.0.2.7:50002) @3
         N: connected
         D: Transfer(Send)",
    );
    let cases = [
        ("PORT 192,0,2,8,195,80", 504),
        ("PORT 127,0,0,1,195,80", 504),
        ("PORT 192,0,2,7,0,25", 504),
        ("PORT 192,0,2,7,3,255", 504),
        ("PORT 192,0,2,7,0,0", 501),
        ("PORT 192,0,2,256,1,1", 501),
        ("PORT 192,0,2,7,1", 501),
        ("PORT", 501),
        ("EPRT |1|192.0.2.8|5000|", 504),
        ("EPRT |1|0.0.0.0|5000|", 200),
        ("EPRT |1|0.0.0.0|80|", 504),
        ("EPRT |1|192.0.2.7|80|", 504),
        ("EPRT |2|2001:db8::1|5000|", 522),
        ("EPRT |3|x|5000|", 522),
        ("EPRT |1|192.0.2.7|", 501),
        ("EPRT", 501),
        ("LPRT 4,4,192,0,2,8,2,195,80", 504),
        ("LPRT 4,4,0,0,0,0,2,195,80", 200),
        ("LPRT 4,4,192,0,2,7,2,0,25", 504),
        (
            "LPRT 6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,1,2,195,80",
            521,
        ),
        ("LPRT 5,1,9,2,195,80", 521),
        ("LPRT 4,3,192,0,2,2,195,80", 501),
        ("LPRT 4,4,192,0,2,7,2,0,0", 501),
        ("LPRT", 501),
    ];
    for (line, code) in thin(cases, 6) {
        let after = if code == 200 { "" } else { "\nC: LIST\nS: 425" };
        logged_in(&std::format!("C: {line}\nS: {code}{after}"));
    }
    let mut config = Config::default();
    config.active = false;
    logged_in_with(
        config,
        "C: PORT 192,0,2,7,195,80
         S: 502
         C: EPRT |1|192.0.2.7|50001|
         S: 502
         C: LPRT 4,4,192,0,2,7,2,195,82
         S: 502",
    );
}

#[test]
fn over_ipv6() {
    let play = |transcript: &str| {
        let mut rig = Rig::between(Config::default(), "[2001:db8::7]:40000", "[2001:db8::1]:21");
        rig.play(IN);
        rig.play(transcript);
    };
    play(
        "C: PASV
          S: 522
          C: EPSV 1
          S: 522 This connection is over IPv6, use EPSV or EPRT with (2).
          C: PORT 192,0,2,7,195,80
          S: 504
          C: EPRT |1|192.0.2.7|5000|
          S: 522
          C: EPRT |2|2001:db8::8|5000|
          S: 504
          C: EPRT |2|2001:db8::7|5000|
          S: 200
          C: EPSV 2
          D: Listen(V6) @1
          N: listening [2001:db8::1]:5000
          S: 229 Entering extended passive mode (|||5000|).
          C: LPSV
          D: Abort @1
          D: Listen(V6) @2
          N: listening [2001:db8::1]:5000
          S: 228 Entering Long Passive Mode (6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,1,2,19,136).
          C: LPRT 4,4,192,0,2,7,2,195,80
          S: 521 Supported address families are (6).
          C: LIST
          E: Open
          A: ok
          S: 150
          D: Accept
          N: connected [2001:db8::7]:1
          D: Transfer(Send)",
    );
    // A listener of both families sees IPv4 clients in the mapped form.
    let mut rig = Rig::between(
        Config::default(),
        "[::ffff:192.0.2.7]:40000",
        "[::ffff:192.0.2.1]:21",
    );
    rig.play(IN);
    rig.play(
        "C: PASV
         D: Listen(V4) @1
         N: listening
         S: 227 Entering passive mode (192,0,2,1,19,136).
         C: LIST
         E: Open
         A: ok
         S: 150
         D: Accept
         N: connected [::ffff:192.0.2.7]:50000
         D: Transfer(Send)",
    );
}

#[test]
fn the_address_behind_nat_is_configured() {
    let mut config = Config::default();
    config.passive_host = Some([203, 0, 113, 9].into());
    logged_in_with(
        config,
        "C: PASV
         D: Listen(V4) @1
         N: listening
         S: 227 Entering passive mode (203,0,113,9,19,136).
         C: LPSV
         D: Abort @1
         D: Listen(V4) @2
         N: listening
         S: 228 Entering Long Passive Mode (4,4,203,0,113,9,2,19,136).",
    );
}

#[test]
fn one_rendezvous_replaces_the_other() {
    logged_in(
        "C: PASV
         D: Listen(V4) @1
         N: listening
         S: 227
         C: PASV
         D: Abort @1
         D: Listen(V4) @2
         N: listening @1
         N: failed Listen @1
         N: listening @2
         S: 227
         C: PORT 192,0,2,7,195,80
         D: Abort @2
         S: 200
         C: EPSV
         D: Listen(V4) @3
         N: failed Listen
         S: 425
         C: LIST
         S: 425
         C: PASV
         D: Listen(V4) @4
         T: 60
         D: Abort @4
         S: 425
         N: listening @4
         C: EPSV
         D: Listen(V4) @5
         N: listening
         S: 229
         N: failed Listen @5
         C: LIST
         S: 425",
    );
}

#[test]
fn epsv_all_sticks() {
    logged_in(
        "C: EPSV ALL
         S: 200
         C: PASV
         S: 503
         C: PORT 192,0,2,7,195,80
         S: 503
         C: EPRT |1|192.0.2.7|50000|
         S: 503
         C: LPSV
         S: 503
         C: LPRT 4,4,192,0,2,7,2,195,80
         S: 503
         C: REIN
         E: LoggedOut
         S: 220
         C: USER anna
         S: 331
         C: PASS x
         E: Login
         A: ok
         S: 230
         C: PASV
         S: 503
         C: EPSV
         D: Listen(V4) @1
         N: listening
         S: 229",
    );
}

#[test]
fn long_passive_mode() {
    logged_in(
        "C: LPSV
         D: Listen(V4) @1
         N: listening
         S: 228 Entering Long Passive Mode (4,4,192,0,2,1,2,19,136).
         C: LIST
         E: Open { id: DataId(1)
         A: ok
         S: 150
         D: Accept @1
         N: connected
         D: Transfer(Send) @1
         N: finished 0
         E: Ended
         S: 226
         C: LPSV
         D: Listen(V4) @2
         N: failed Listen
         S: 425
         C: LPSV x
         S: 501",
    );
}

#[test]
fn an_announced_command_changes_nothing() {
    logged_in(
        "C: TYPE I
         S: 200
         C: REST 5
         S: 350
         C: PRET RETR x
         S: 200
         C: PASV
         D: Listen(V4) @1
         N: listening
         S: 227
         C: PRET STOR y
         S: 200
         C: RETR x
         E: Open { id: DataId(1), transfer: Retrieve { path: \"x\", offset: 5, length: None }
         A: NotFound
         S: 550
         C: PRET NOOP
         S: 501
         C: PRET
         S: 501",
    );
}
