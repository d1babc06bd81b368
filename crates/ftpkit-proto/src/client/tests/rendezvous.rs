//! How the data connection is made: EPSV and PASV, EPRT and PORT, and who may call.

use super::*;

/// What comes before the transfers of these scripts.
const READY: &str = "
    S: 220 Hello
    greeting 220
    ask type A
    C: TYPE A
    S: 200 Fine
    done 1 200 Fine
";

/// What a first download does up to its 1yz, once TYPE is settled.
fn ready(script: &str) -> String {
    READY.to_string() + script
}

#[test]
fn passive_over_ipv4() {
    let cases = [
        "
        ask text /f
        C: EPSV
        S: 229 Fine (|||50000|)
        D1 Connect(192.0.2.1:50000)
        d1 connected 192.0.2.1:50000
        C: RETR /f
        S: 150 Here
        opened 2 D1 150
        D1 Transfer(Receive)
        d1 finished 5
        S: 226 Done
        done 2 transferred 5 226
        ask text /f
        C: EPSV
        ",
        // Refused: PASV, and no more EPSV once that has worked. The address in the 227 is not
        // believed.
        "
        ask text /f
        C: EPSV
        S: 500 What?
        C: PASV
        S: 227 Fine (10,0,0,1,195,80).
        D1 Connect(192.0.2.1:50000)
        d1 connected 192.0.2.1:50000
        C: RETR /f
        S: 550 No
        D1 Abort
        done 2 failed Command 0 550 No
        ask text /f
        C: PASV
        ",
        // A transient refusal, and a 229 and a 227 that say nothing.
        "
        ask text /f
        C: EPSV
        S: 425 Not now
        C: PASV
        S: 227 Fine
        done 2 failed Connect 0 227 Fine
        ask text /f
        C: EPSV
        S: 229 Fine
        C: PASV
        S: 425 Not now
        done 3 failed Connect 0 425 Not now
        ask text /f
        C: EPSV
        S: 229 Fine (|||0|)
        C: PASV
        S: 227 Fine (10,0,0,1,0,0)
        done 4 failed Connect 0 227 Fine (10,0,0,1,0,0)
        ",
        // EPSV answered by a 227, and other delimiters.
        "
        ask text /f
        C: EPSV
        S: 227 Fine (10,0,0,1,195,80)
        D1 Connect(192.0.2.1:50000)
        abort 2
        D1 Abort
        done 2 failed Aborted 0
        ask text /f
        C: EPSV
        S: 229 Fine (!!!50000!)
        D2 Connect(192.0.2.1:50000)
        ",
        // The port of the 229 cannot be reached: PASV, remembered.
        "
        ask text /f
        C: EPSV
        S: 229 Fine (|||50000|)
        D1 Connect(192.0.2.1:50000)
        d1 failed Refused
        C: PASV
        S: 227 Fine (192,0,2,1,195,81)
        D2 Connect(192.0.2.1:50001)
        d1 connected 192.0.2.1:50000
        d2 connected 192.0.2.1:50001
        C: RETR /f
        S: 550 No
        D2 Abort
        done 2 failed Command 0 550 No
        ask text /f
        C: PASV
        S: 227 Fine (192,0,2,1,195,82)
        D3 Connect(192.0.2.1:50002)
        d3 failed Refused
        done 3 failed Connect 0 Refused
        ask text /f
        C: PASV
        ",
        // Nobody answers there at all.
        "
        ask text /f
        C: EPSV
        S: 229 Fine (|||50000|)
        D1 Connect(192.0.2.1:50000)
        wait 20
        D1 Abort
        C: PASV
        S: 227 Fine (192,0,2,1,195,81)
        D2 Connect(192.0.2.1:50001)
        wait 20
        D2 Abort
        done 2 failed Connect 0 TimedOut
        ask noop
        C: NOOP
        ",
        // EPSV ALL allows no other way.
        "
        ask epsv ALL
        C: EPSV ALL
        S: 200 Fine
        done 2 200 Fine
        ask text /f
        C: EPSV
        S: 425 Not now
        done 3 failed Connect 0 425 Not now
        ",
    ];
    for script in thin(cases, 4) {
        play(Config::default(), &ready(script));
    }
}

#[test]
fn a_trusted_passive_address_is_taken_unless_it_is_none() {
    let mut config = Config::default();
    config.trust_passive_address = true;
    for (told, address) in [
        ("10,0,0,1,195,80", "10.0.0.1:50000"),
        ("0,0,0,0,195,80", "192.0.2.1:50000"),
    ] {
        play(
            config.clone(),
            &ready(&format!(
                "
                ask text /f
                C: EPSV
                S: 500 What?
                C: PASV
                S: 227 Fine ({told})
                D1 Connect({address})
                "
            )),
        );
    }
}

#[test]
fn passive_over_ipv6_knows_no_pasv() {
    let cases = [
        "
        ask text /f
        C: EPSV
        S: 229 Fine (|||50000|)
        D1 Connect([2001:db8::1]:50000)
        d1 failed Refused
        done 2 failed Connect 0 Refused
        ",
        "
        ask text /f
        C: EPSV
        S: 500 What?
        done 2 failed Connect 0 500 What?
        ",
    ];
    for script in thin(cases, 4) {
        play_with(Config::default(), "[2001:db8::1]:21", &ready(script));
    }
    // An IPv4 peer on a dual-stack socket is IPv4, and its address stays as the driver gave it.
    play_with(
        Config::default(),
        "[::ffff:192.0.2.1]:21",
        &ready(
            "
            ask text /f
            C: EPSV
            S: 500 What?
            C: PASV
            S: 227 Fine (192,0,2,1,195,80)
            D1 Connect([::ffff:192.0.2.1]:50000)
            ",
        ),
    );
}

fn active() -> Config {
    let mut config = Config::default();
    config.data_mode = super::super::DataMode::Active;
    config
}

#[test]
fn active_over_ipv4() {
    let cases = [
        "
        ask text /f
        D1 Listen(V4)
        d1 listening 192.0.2.9:40000
        C: EPRT |1|192.0.2.9|40000|
        S: 200 Fine
        C: RETR /f
        S: 150 Here
        D1 Accept
        d1 connected 192.0.2.1:20
        opened 2 D1 150
        D1 Transfer(Receive)
        d1 finished 5
        S: 226 Done
        done 2 transferred 5 226
        ",
        // EPRT refused: PORT, remembered.
        "
        ask text /f
        D1 Listen(V4)
        d1 listening 192.0.2.9:40000
        C: EPRT |1|192.0.2.9|40000|
        S: 500 What?
        C: PORT 192,0,2,9,156,64
        S: 200 Fine
        C: RETR /f
        S: 550 No
        D1 Abort
        done 2 failed Command 0 550 No
        ask text /f
        D2 Listen(V4)
        d2 listening 192.0.2.9:40001
        C: PORT 192,0,2,9,156,65
        S: 500 No more
        D2 Abort
        done 3 failed Connect 0 500 No more
        ",
        // No port can be bound; then none in time.
        "
        ask text /f
        D1 Listen(V4)
        d1 failed Listen
        done 2 failed Connect 0 Listen
        ask text /f
        D2 Listen(V4)
        wait 20
        D2 Abort
        done 3 failed Connect 0 TimedOut
        ",
        // A stranger calls first.
        "
        ask text /f
        D1 Listen(V4)
        d1 listening 192.0.2.9:40000
        C: EPRT |1|192.0.2.9|40000|
        S: 200 Fine
        C: RETR /f
        S: 150 Here
        D1 Accept
        d1 connected 198.51.100.66:20
        D1 Reject
        D1 Accept
        d1 connected [::ffff:192.0.2.1]:20
        opened 2 D1 150
        D1 Transfer(Receive)
        ",
        // The server cannot call, and says so.
        "
        ask text /f
        D1 Listen(V4)
        d1 listening 192.0.2.9:40000
        C: EPRT |1|192.0.2.9|40000|
        S: 200 Fine
        C: RETR /f
        S: 150 Here ~ 425 I cannot reach you
        D1 Accept
        D1 Abort
        done 2 failed Connect 0 425 I cannot reach you
        ask noop
        C: NOOP
        ",
        // The server neither calls nor says so.
        "
        ask text /f
        D1 Listen(V4)
        d1 listening 192.0.2.9:40000
        C: EPRT |1|192.0.2.9|40000|
        S: 200 Fine
        C: RETR /f
        S: 150 Here
        D1 Accept
        wait 20
        D1 Abort
        C: ABOR
        S: 426 Aborted ~ 226 Fine
        C: PWD
        S: 257 \"/\"
        done 2 failed Connect 0 426 Aborted TimedOut
        ask noop
        C: NOOP
        ",
        // The server has called and confirmed before its call is taken.
        "
        ask text /f
        D1 Listen(V4)
        d1 listening 192.0.2.9:40000
        C: EPRT |1|192.0.2.9|40000|
        S: 200 Fine
        C: RETR /f
        S: 150 Here ~ 226 Done
        D1 Accept
        d1 connected 192.0.2.1:20
        opened 2 D1 150
        D1 Transfer(Receive)
        d1 finished 5
        done 2 transferred 5 226
        ",
        // It confirms without a call: an empty listing, but no empty file.
        "
        ask list
        C: TYPE I
        S: 200 Fine
        D1 Listen(V4)
        d1 listening 192.0.2.9:40000
        C: EPRT |1|192.0.2.9|40000|
        S: 200 Fine
        C: LIST
        S: 150 Here ~ 226 Done
        D1 Accept
        wait 20
        D1 Abort
        done 2 transferred 0 226
        ask get /f
        D2 Listen(V4)
        d2 listening 192.0.2.9:40000
        C: EPRT |1|192.0.2.9|40000|
        S: 200 Fine
        C: RETR /f
        S: 150 Here ~ 226 Done
        D2 Accept
        wait 20
        D2 Abort
        done 3 failed Connect 0 226 Done TimedOut
        ",
    ];
    for script in thin(cases, 4) {
        play(active(), &ready(script));
    }
}

#[test]
fn active_over_ipv6_knows_no_port() {
    play_with(
        active(),
        "[2001:db8::1]:21",
        &ready(
            "
            ask text /f
            D1 Listen(V6)
            d1 listening [2001:db8::9]:40000
            C: EPRT |2|2001:db8::9|40000|
            S: 522 Only (1)
            D1 Abort
            done 2 failed Connect 0 522 Only (1)
            ",
        ),
    );
}

#[test]
fn another_address_can_be_announced() {
    let mut config = active();
    config.active_address = Some("203.0.113.5".parse().unwrap());
    play(
        config,
        &ready(
            "
            ask text /f
            D1 Listen(V4)
            d1 listening 10.0.0.9:40000
            C: EPRT |1|203.0.113.5|40000|
            S: 501 What?
            C: PORT 203,0,113,5,156,64
            ",
        ),
    );
}
