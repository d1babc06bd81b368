//! How a transfer ends: two halves in either order, each under its timer.

use super::*;

/// A transfer at the point where payload flows.
fn flowing(ask: &str, script: &str) -> String {
    let (command, flow) = match ask {
        "get" => ("RETR", "Receive"),
        _ => ("STOR", "Send"),
    };
    format!(
        "
        S: 220 Hello
        greeting 220
        ask {ask} /f
        C: TYPE I
        S: 200 Fine
        C: EPSV
        S: 229 Fine (|||50000|)
        D1 Connect(192.0.2.1:50000)
        d1 connected 192.0.2.1:50000
        C: {command} /f
        S: 150 Here
        opened 1 D1 150
        D1 Transfer({flow})
        {script}
        "
    )
}

#[test]
fn both_halves_in_either_order() {
    for ask in ["get", "put"] {
        let cases = [
            "
            d1 finished 5
            S: 226 Done
            done 1 transferred 5 226
            ",
            "
            S: 226 Done
            d1 moved 3
            d1 finished 5
            done 1 transferred 5 226
            ",
            // Any 2yz will do.
            "
            S: 110 MARK yyyy = mmmm
            d1 finished 5
            S: 250 Done
            done 1 transferred 5 250
            ",
            "
            d1 finished 5
            S: 451 The disk burns
            done 1 failed Confirm 5 451 The disk burns
            ",
            "
            d1 moved 3
            S: 552 Full
            D1 Abort
            done 1 failed Payload 3 552 Full
            ",
            "
            d1 finished 5
            S: 350 What?
            done 1 failed Confirm 5 350 What?
            ",
        ];
        for script in thin(cases, 4) {
            let next = "
            ask noop
            C: NOOP
            S: 200 Yes
            done 2 200 Yes
            ";
            play(
                Config::default(),
                &flowing(ask, &(script.to_string() + next)),
            );
        }
    }
}

#[test]
fn in_one_packet_with_the_1yz() {
    play(
        Config::default(),
        "
        S: 220 Hello
        greeting 220
        ask get /f
        C: TYPE I
        S: 200 Fine
        C: EPSV
        S: 229 Fine (|||50000|)
        D1 Connect(192.0.2.1:50000)
        d1 connected 192.0.2.1:50000
        C: RETR /f
        S: 150 Here ~ 226 Done
        opened 1 D1 150
        D1 Transfer(Receive)
        d1 finished 5
        done 1 transferred 5 226
        ",
    );
}

#[test]
fn a_confirmation_that_comes_twice_answers_nothing_else() {
    let cases = [
        "
        d1 finished 5
        ask noop
        S: 226 Done ~ 226 Done
        done 1 transferred 5 226
        C: NOOP
        S: 200 Yes
        done 2 200 Yes
        ",
        "
        d1 finished 5
        S: 226 Done ~ 226 Done
        done 1 transferred 5 226
        ask get /g
        C: EPSV
        S: 229 Fine (|||50000|)
        D2 Connect(192.0.2.1:50000)
        d2 connected 192.0.2.1:50000
        C: RETR /g
        S: 150 Here
        opened 2 D2 150
        D2 Transfer(Receive)
        d2 finished 6
        S: 226 Done
        done 2 transferred 6 226
        ",
        "
        d1 finished 5
        ask get /g
        S: 226 Done
        done 1 transferred 5 226
        C: EPSV
        S: 226 Done ~ 229 Fine (|||50000|)
        D2 Connect(192.0.2.1:50000)
        ",
    ];
    for script in thin(cases, 4) {
        play(Config::default(), &flowing("get", script));
    }
}

#[test]
fn a_broken_connection_waits_for_what_the_server_says() {
    let cases = [
        ("put", "552 Full"),
        ("put", "426 Broken"),
        ("get", "426 Broken"),
        ("get", "226 All sent"),
    ];
    for (ask, reply) in thin(cases, 2) {
        play(
            Config::default(),
            &flowing(
                ask,
                &format!(
                    "
                    d1 moved 3
                    d1 failed Broken
                    S: {reply}
                    done 1 failed Payload 3 {reply} Broken
                    ask noop
                    C: NOOP
                    "
                ),
            ),
        );
    }
    // It has said it already.
    play(
        Config::default(),
        &flowing(
            "get",
            "
            S: 226 Done
            d1 moved 3
            d1 failed Broken
            done 1 failed Payload 3 226 Done Broken
            ask noop
            C: NOOP
            ",
        ),
    );
}

#[test]
fn a_failure_on_this_side_stops_the_server() {
    play(
        Config::default(),
        &flowing(
            "get",
            "
            ask noop
            d1 moved 3
            d1 failed Local
            C: ABOR
            S: 426 Stopped ~ 226 Fine
            C: PWD
            S: 257 \"/\"
            done 1 failed Payload 3 426 Stopped Local
            C: NOOP
            ",
        ),
    );
}

#[test]
fn every_wait_has_its_timer() {
    let cases = [
        (
            "wait 119 | d1 moved 1 | wait 119 | d1 moved 1",
            "the transfer stalled",
        ),
        (
            "d1 finished 5 | wait 59",
            "the server did not confirm the transfer",
        ),
        (
            "S: 226 Done | wait 29 | d1 moved 1 | wait 29",
            "the data connection did not end after the server's reply",
        ),
        (
            "d1 failed Broken | wait 59",
            "the server did not confirm the transfer",
        ),
    ];
    for (script, error) in thin(cases, 2) {
        let held = !script.contains("finished") && !script.contains("failed");
        let abort = if held { "D1 Abort" } else { "" };
        let script = script.replace(" | ", "\n");
        play(
            Config::default(),
            &flowing(
                "get",
                &format!(
                    "
                    ask noop
                    {script}
                    wait 1
                    {abort}
                    done 1 lost
                    done 2 rejected
                    closed timed out: {error}
                    "
                ),
            ),
        );
    }
}

#[test]
fn zero_means_never() {
    let mut config = Config::default();
    config.timeouts.stall = Duration::ZERO;
    play(config, &flowing("get", "wait 1000000"));
}

#[test]
fn the_session_ends_under_a_transfer() {
    let cases = [
        (
            "
            S: 421 Shutting down
            D1 Abort
            done 1 failed Payload 0 421 Shutting down
            done 2 rejected
            ",
            "the server closes the session: 421 Shutting down",
        ),
        (
            "
            eof
            D1 Abort
            done 1 lost
            done 2 rejected
            ",
            "the control connection was closed by the peer",
        ),
        (
            "
            d1 finished 5
            eof
            done 1 lost
            done 2 rejected
            ",
            "the control connection was closed by the peer",
        ),
    ];
    for (script, closed) in thin(cases, 2) {
        play(
            Config::default(),
            &flowing(
                "get",
                &format!(
                    "ask noop\n{script}\nclosed {closed}\nS: 220 Again\nd1 finished 5\nwait 9"
                ),
            ),
        );
    }
}

#[test]
fn the_session_ends_under_a_command() {
    let cases = [
        (
            "S: 421 Shutting down",
            "421 Shutting down",
            "the server closes the session: 421 Shutting down",
        ),
        (
            "eof",
            "lost",
            "the control connection was closed by the peer",
        ),
        ("wait 30", "lost", "timed out: the server did not reply"),
        (
            "S: hello",
            "lost",
            "the peer broke the protocol: a line is not a reply",
        ),
    ];
    for (happens, done, closed) in thin(cases, 2) {
        let cases = [
            "noop",
            "features",
            "login anna secret",
            "rename /a /b",
            "secure",
        ];
        for ask in thin(cases, 2) {
            let command = match ask {
                "noop" => "NOOP",
                "features" => "FEAT",
                "secure" => "AUTH TLS",
                "rename /a /b" => "RNFR /a",
                _ => "USER anna",
            };
            play(
                Config::default(),
                &format!(
                    "
                    S: 220 Hello
                    greeting 220
                    ask {ask}
                    C: {command}
                    ask pwd
                    {happens}
                    done 1 {done}
                    done 2 rejected
                    closed {closed}
                    ask noop
                    done 3 rejected
                    "
                ),
            );
        }
    }
}

#[test]
fn goodbye() {
    let cases = [
        "S: 221 Bye\ndone 1 221 Bye",
        "S: 500 What?\ndone 1 500 What?",
        "S: 421 Bye\ndone 1 421 Bye",
        "eof\ndone 1 lost",
    ];
    for happens in thin(cases, 2) {
        play(
            Config::default(),
            &format!(
                "S: 220 Hello\ngreeting 220\nask quit\nC: QUIT\nask noop\n{happens}\ndone 2 rejected\nclosed\nS: 200 Fine\neof"
            ),
        );
    }
    play(
        Config::default(),
        "
        S: 220 Hello
        greeting 220
        ask quit
        C: QUIT
        wait 30
        done 1 lost
        closed timed out: the server did not reply
        ",
    );
}
