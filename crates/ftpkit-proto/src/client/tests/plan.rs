//! Which way to a data connection is tried when: passive and active by turns, PRET ahead of
//! them, and the commands for long addresses.

use super::*;
use crate::client::{DataMode, Pret};

const READY: &str = "
    S: 220 Hello
    greeting 220
    ask type A
    C: TYPE A
    S: 200 Fine
    done 1 200 Fine
";

/// Plays behind a session in which TYPE is settled.
fn settled(config: &Config, peer: &str, script: &str) {
    play_with(config.clone(), peer, &format!("{READY}{script}"));
}

fn auto() -> Config {
    let mut config = Config::default();
    config.data_mode = DataMode::Auto;
    config
}

/// A download over a connection that the server makes.
fn called(data: u64, port: &str) -> String {
    format!(
        "
        S: 200 Fine
        C: RETR /f
        S: 150 Here
        D{data} Accept
        d{data} connected 192.0.2.1:20
        opened 2 D{data} 150
        D{data} Transfer(Receive)
        d{data} finished 5
        S: 226 Done
        done 2 transferred 5 226
        # The server reaches this side: that goes first from now on.
        ask text /f
        D{next} Listen(V4)
        d{next} listening 192.0.2.9:40009
        C: {port}
        ",
        next = data + 1
    )
}

#[test]
fn passive_then_active() {
    let eprt = "EPRT |1|192.0.2.9|40009|";
    let cases = [
        // Both commands are refused.
        format!(
            "
            C: EPSV
            S: 500 What?
            C: PASV
            S: 502 What?
            D1 Listen(V4)
            d1 listening 192.0.2.9:40000
            C: EPRT |1|192.0.2.9|40000|
            {}",
            called(1, eprt)
        ),
        // Transiently, and by replies without an address.
        format!(
            "
            C: EPSV
            S: 425 Not now
            C: PASV
            S: 227 Somewhere
            D1 Listen(V4)
            d1 listening 192.0.2.9:40000
            C: EPRT |1|192.0.2.9|40000|
            {}",
            called(1, eprt)
        ),
        // By port 0.
        format!(
            "
            C: EPSV
            S: 229 Fine (|||0|)
            C: PASV
            S: 227 Fine (192,0,2,1,0,0)
            D1 Listen(V4)
            d1 listening 192.0.2.9:40000
            C: EPRT |1|192.0.2.9|40000|
            {}",
            called(1, eprt)
        ),
        // Neither port can be reached; EPRT is not known, and PORT is remembered.
        format!(
            "
            C: EPSV
            S: 229 Fine (|||50000|)
            D1 Connect(192.0.2.1:50000)
            d1 failed Refused
            C: PASV
            S: 227 Fine (192,0,2,1,195,81)
            D2 Connect(192.0.2.1:50001)
            wait 20
            D2 Abort
            D3 Listen(V4)
            d3 listening 192.0.2.9:40000
            C: EPRT |1|192.0.2.9|40000|
            S: 522 Only (2)
            C: PORT 192,0,2,9,156,64
            {}",
            called(3, "PORT 192,0,2,9,156,73")
        ),
        // The server does not see the connection that this side has: asking with PASV for
        // another one would be no different.
        format!(
            "
            C: EPSV
            S: 229 Fine (|||50000|)
            D1 Connect(192.0.2.1:50000)
            d1 connected 192.0.2.1:50000
            C: RETR /f
            S: 425 Nobody called
            D1 Abort
            D2 Listen(V4)
            d2 listening 192.0.2.9:40000
            C: EPRT |1|192.0.2.9|40000|
            {}",
            called(2, eprt)
        ),
    ];
    for script in thin(cases, 2) {
        settled(&auto(), PEER, &format!("ask text /f\n{script}"));
    }
}

#[test]
fn an_offset_is_told_again() {
    settled(
        &auto(),
        PEER,
        "
        ask get /f @7
        C: TYPE I
        S: 200 Fine
        C: EPSV
        S: 229 Fine (|||50000|)
        D1 Connect(192.0.2.1:50000)
        d1 connected 192.0.2.1:50000
        C: REST 7
        S: 350 Fine
        C: RETR /f
        S: 425 Nobody called
        D1 Abort
        D2 Listen(V4)
        d2 listening 192.0.2.9:40000
        C: EPRT |1|192.0.2.9|40000|
        S: 200 Fine
        C: REST 7
        S: 350 Fine
        C: RETR /f
        S: 550 No
        D2 Abort
        done 2 failed Command 0 550 No
        ",
    );
}

/// What fails under TLS does not fail for want of a connection.
#[test]
fn a_handshake_that_the_server_breaks_off_is_not_tried_from_the_other_side() {
    play(
        auto(),
        "
        S: 220 Hello
        greeting 220
        ask secure
        C: AUTH TLS
        S: 234 Go
        StartTls
        tls started
        C: PBSZ 0
        S: 200 Fine
        C: PROT P
        S: 200 Fine
        done 1 200 Fine
        ask get /f
        C: TYPE I
        S: 200 Fine
        C: EPSV
        S: 229 Fine (|||50000|)
        D1 Connect(192.0.2.1:50000)
        d1 connected 192.0.2.1:50000
        C: RETR /f
        S: 150 Here
        D1 Secure(Client)
        S: 425 That is another session
        D1 Abort
        done 2 failed Secure 0 425 That is another session
        ",
    );
}

/// A session in which the server had to call.
fn active_first() -> String {
    "
    ask text /f
    C: EPSV
    S: 500 What?
    C: PASV
    S: 500 What?
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
    "
    .into()
}

#[test]
fn and_back_again() {
    let cases = [
        // No port can be bound.
        "
        ask text /f
        D2 Listen(V4)
        d2 failed Listen
        C: EPSV
        S: 229 Fine (|||50000|)
        D3 Connect(192.0.2.1:50000)
        d3 connected 192.0.2.1:50000
        C: RETR /f
        S: 550 No
        D3 Abort
        done 3 failed Command 0 550 No
        ask text /f
        C: EPSV
        ",
        // Both commands are refused.
        "
        ask text /f
        D2 Listen(V4)
        d2 listening 192.0.2.9:40001
        C: EPRT |1|192.0.2.9|40001|
        S: 500 No more
        C: PORT 192,0,2,9,156,65
        S: 500 No more
        D2 Abort
        C: EPSV
        S: 500 What?
        C: PASV
        S: 425 Not now
        done 3 failed Connect 0 425 Not now
        ",
        // The server cannot call, and says so.
        "
        ask text /f
        D2 Listen(V4)
        d2 listening 192.0.2.9:40001
        C: EPRT |1|192.0.2.9|40001|
        S: 200 Fine
        C: RETR /f
        S: 150 Here ~ 425 I cannot reach you
        D2 Accept
        D2 Abort
        C: EPSV
        S: 229 Fine (|||50000|)
        D3 Connect(192.0.2.1:50000)
        d3 connected 192.0.2.1:50000
        C: RETR /f
        S: 425 Again
        D3 Abort
        done 3 failed Command 0 425 Again
        ",
        // It cannot call and does not say so: its transfer is stopped first.
        "
        ask text /f
        D2 Listen(V4)
        d2 listening 192.0.2.9:40001
        C: EPRT |1|192.0.2.9|40001|
        S: 200 Fine
        C: RETR /f
        S: 150 Here
        D2 Accept
        wait 20
        D2 Abort
        C: ABOR
        S: 426 Stopped
        C: PWD
        S: 226 Fine ~ 257 \"/\"
        C: EPSV
        S: 229 Fine (|||50000|)
        D3 Connect(192.0.2.1:50000)
        d3 connected 192.0.2.1:50000
        C: RETR /f
        S: 150 Here
        opened 3 D3 150
        D3 Transfer(Receive)
        d3 finished 5
        S: 226 Done
        done 3 transferred 5 226
        ask text /f
        C: EPSV
        ",
        // Unless nobody wants it any more.
        "
        ask text /f
        D2 Listen(V4)
        d2 listening 192.0.2.9:40001
        C: EPRT |1|192.0.2.9|40001|
        S: 200 Fine
        C: RETR /f
        S: 150 Here
        D2 Accept
        wait 20
        D2 Abort
        C: ABOR
        abort 3
        S: 426 Stopped
        C: PWD
        S: 226 Fine ~ 257 \"/\"
        done 3 failed Connect 0 426 Stopped TimedOut
        ",
        // A STOU may have left a file: it is not sent twice.
        "
        ask unique
        C: TYPE I
        S: 200 Fine
        D2 Listen(V4)
        d2 listening 192.0.2.9:40001
        C: EPRT |1|192.0.2.9|40001|
        S: 200 Fine
        C: STOU
        S: 150 FILE: x ~ 425 I cannot reach you
        D2 Accept
        D2 Abort
        done 3 failed Connect 0 425 I cannot reach you
        ",
        // Once payload has flowed nothing is tried again.
        "
        ask text /f
        D2 Listen(V4)
        d2 listening 192.0.2.9:40001
        C: EPRT |1|192.0.2.9|40001|
        S: 200 Fine
        C: RETR /f
        S: 150 Here
        D2 Accept
        d2 connected 192.0.2.1:20
        opened 3 D2 150
        D2 Transfer(Receive)
        d2 moved 3
        S: 425 Gone
        D2 Abort
        done 3 failed Payload 3 425 Gone
        ",
    ];
    for script in thin(cases, 4) {
        settled(&auto(), PEER, &(active_first() + script));
    }
}

#[test]
fn with_epsv_all_there_is_no_other_way() {
    for mode in [DataMode::Passive, DataMode::Active, DataMode::Auto] {
        let mut config = auto();
        config.data_mode = mode;
        settled(
            &config,
            PEER,
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
        );
    }
}

#[test]
fn what_the_server_does_not_list_is_tried_last() {
    settled(
        &auto(),
        PEER,
        "
        ask features
        C: FEAT
        S: 211-Features ~  SIZE ~ 211 End
        done 2 features SIZE
        ask text /f
        C: PASV
        S: 500 What?
        C: EPSV
        S: 500 What?
        D1 Listen(V4)
        d1 listening 192.0.2.9:40000
        C: PORT 192,0,2,9,156,64
        S: 500 No
        C: EPRT |1|192.0.2.9|40000|
        S: 500 No
        D1 Abort
        done 3 failed Connect 0 500 No
        ",
    );
}

#[test]
fn long_addresses_stand_in_over_ipv6() {
    let mut config = auto();
    config.long_addresses = true;
    let long = "6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,1,2,195,80";
    settled(
        &config,
        "[2001:db8::1]:21",
        &format!(
            "
            ask text /f
            C: EPSV
            S: 500 What?
            C: LPSV
            S: 228 Fine ({long})
            D1 Connect([2001:db8::1]:50000)
            d1 failed Refused
            D2 Listen(V6)
            d2 listening [2001:db8::9]:40000
            C: EPRT |2|2001:db8::9|40000|
            S: 500 What?
            C: LPRT 6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,9,2,156,64
            S: 521 No
            D2 Abort
            done 2 failed Connect 0 521 No
            "
        ),
    );
    // The other server's address is as little believed as that of a 227.
    settled(
        &config,
        "[2001:db8::7]:21",
        &format!(
            "
            ask text /f
            C: EPSV
            S: 500 What?
            C: LPSV
            S: 228 Fine ({long})
            D1 Connect([2001:db8::7]:50000)
            "
        ),
    );
}

#[test]
fn a_trusted_address_of_another_host_is_not_on_a_reserved_port() {
    let mut config = Config::default();
    config.trust_passive_address = true;
    let cases = [
        ("10,0,0,1,4,0", "D1 Connect(10.0.0.1:1024)"),
        ("192,0,2,1,0,20", "D1 Connect(192.0.2.1:20)"),
        (
            "10,0,0,1,0,25",
            "done 2 failed Connect 0 227 Fine (10,0,0,1,0,25)",
        ),
    ];
    for (told, outcome) in thin(cases, 2) {
        settled(
            &config,
            PEER,
            &format!(
                "
                ask text /f
                C: EPSV
                S: 500 What?
                C: PASV
                S: 227 Fine ({told})
                {outcome}
                "
            ),
        );
    }
}

const LISTS_PRET: &str = "
    ask features
    C: FEAT
    S: 211-Features ~  PRET ~  EPSV ~ 211 End
    done 2 features PRET, EPSV
";

#[test]
fn a_distributed_server_is_told_first() {
    let cases = [
        "
        ask text /f
        C: PRET RETR /f
        S: 200 Fine
        C: EPSV
        S: 500 What?
        C: PASV
        S: 227 Fine (192,0,2,1,195,80)
        D1 Connect(192.0.2.1:50000)
        d1 connected 192.0.2.1:50000
        C: RETR /f
        S: 550 No
        D1 Abort
        done 3 failed Command 0 550 No
        ask put /f
        C: TYPE I
        S: 200 Fine
        C: PRET STOR /f
        ",
        // It has no such file: there is no need for a connection.
        "
        ask text /f
        C: PRET RETR /f
        S: 550 No
        done 3 failed Prepare 0 550 No
        ask noop
        C: NOOP
        ",
        // It does not announce what it does not know; and it cannot be told so.
        "
        ask text /f
        C: PRET RETR /f
        S: 502 What?
        C: EPSV
        S: 500 What?
        C: PASV
        S: 500 What?
        done 3 failed Connect 0 500 What?
        ask text /f
        C: EPSV
        ",
        "
        ask text /f
        C: PRET RETR /f
        S: 501 What is that?
        C: EPSV
        S: 500 What?
        C: PASV
        S: 500 What?
        done 3 failed Connect 0 500 What?
        ask text /f
        C: PRET RETR /f
        ",
    ];
    for script in thin(cases, 4) {
        settled(&Config::default(), PEER, &format!("{LISTS_PRET}{script}"));
    }
}

#[test]
fn pret_by_configuration() {
    let mut config = Config::default();
    config.pret = Pret::Always;
    settled(&config, PEER, "ask text /f\nC: PRET RETR /f");
    config.pret = Pret::Never;
    settled(
        &config,
        PEER,
        &format!("{LISTS_PRET}\nask text /f\nC: EPSV"),
    );
    // It says where the server is to listen, and nothing where this side does.
    config.pret = Pret::Always;
    config.data_mode = DataMode::Active;
    settled(&config, PEER, "ask text /f\nD1 Listen(V4)");
}
