//! Transfers from TYPE to their payload.

use super::*;

/// A session in which the type and the rendezvous of the first transfer are at hand.
fn after_login(script: &str) -> String {
    "
    S: 220 Hello
    greeting 220
    "
    .to_string()
        + script
}

#[test]
fn each_command_and_its_direction() {
    let cases = [
        ("get /f", "RETR /f", "Receive"),
        ("put /f", "STOR /f", "Send"),
        ("append /f", "APPE /f", "Send"),
        ("unique", "STOU", "Send"),
        ("list", "LIST", "Receive"),
        ("names", "NLST", "Receive"),
        ("facts", "MLSD", "Receive"),
    ];
    for (ask, command, flow) in thin(cases, 2) {
        play(
            Config::default(),
            &after_login(&format!(
                "
                ask {ask}
                C: TYPE I
                S: 200 Fine
                C: EPSV
                S: 229 Fine (|||50000|)
                D1 Connect(192.0.2.1:50000)
                d1 connected 192.0.2.1:50000
                C: {command}
                S: 150 Here
                opened 1 D1 150
                D1 Transfer({flow})
                d1 finished 5
                S: 226 Done
                done 1 transferred 5 226
                "
            )),
        );
    }
}

#[test]
fn the_type_is_sent_when_it_changes() {
    play(
        Config::default(),
        &after_login(
            "
            ask get /f
            C: TYPE I
            ask get /f
            ask text /f
            # Any 2yz will do.
            S: 226 Fine
            C: EPSV
            S: 229 Fine (|||50000|)
            D1 Connect(192.0.2.1:50000)
            d1 connected 192.0.2.1:50000
            C: RETR /f
            S: 550 No
            D1 Abort
            done 1 failed Command 0 550 No
            C: EPSV
            S: 229 Fine (|||50000|)
            D2 Connect(192.0.2.1:50000)
            d2 connected 192.0.2.1:50000
            C: RETR /f
            S: 550 No
            D2 Abort
            done 2 failed Command 0 550 No
            C: TYPE A
            S: 504 No
            done 3 failed Prepare 0 504 No
            ask text /f
            C: TYPE A
            S: 200 Fine
            C: EPSV
            S: 229 Fine (|||50000|)
            D3 Connect(192.0.2.1:50000)
            abort 4
            D3 Abort
            done 4 failed Aborted 0
            # A login makes the server forget it.
            ask login anna secret
            C: USER anna
            S: 230 Welcome
            done 5 230 Welcome
            ask text /f
            C: TYPE A
            ",
        ),
    );
}

#[test]
fn rest_goes_between_the_connection_and_the_command() {
    for (ask, command) in [("get", "RETR"), ("put", "STOR")] {
        play(
            Config::default(),
            &after_login(&format!(
                "
                ask {ask} /f @100
                C: TYPE I
                ask {ask} /f @100
                ask {ask} /f
                S: 200 Fine
                C: EPSV
                S: 229 Fine (|||50000|)
                D1 Connect(192.0.2.1:50000)
                d1 connected 192.0.2.1:50000
                C: REST 100
                S: 350 Fine
                C: {command} /f
                S: 554 Beyond the end
                D1 Abort
                done 1 failed Command 0 554 Beyond the end
                C: EPSV
                S: 229 Fine (|||50000|)
                D2 Connect(192.0.2.1:50000)
                d2 connected 192.0.2.1:50000
                C: REST 100
                S: 502 What?
                D2 Abort
                done 2 failed Prepare 0 502 What?
                C: EPSV
                S: 229 Fine (|||50000|)
                D3 Connect(192.0.2.1:50000)
                d3 connected 192.0.2.1:50000
                C: {command} /f
                "
            )),
        );
    }
}

/// The offset of a transfer that came to nothing must not become the next one's.
#[test]
fn an_offset_that_may_be_left_at_the_server_is_taken_back() {
    let connected = |id: u32| {
        format!(
            "C: EPSV
            S: 229 Fine (|||50000|)
            D{id} Connect(192.0.2.1:50000)
            d{id} connected 192.0.2.1:50000"
        )
    };
    let cases = [
        // Given up before and behind the 350, and refused.
        (
            "abort 1\nD1 Abort\nS: 350 Fine\ndone 1 failed Aborted 0 350 Fine",
            true,
        ),
        (
            "abort 1\nD1 Abort\nS: 501 No\ndone 1 failed Aborted 0 501 No",
            false,
        ),
        ("S: 502 No\nD1 Abort\ndone 1 failed Prepare 0 502 No", false),
        (
            "S: 350 Fine\nC: RETR /f\nS: 550 No\nD1 Abort\ndone 1 failed Command 0 550 No",
            true,
        ),
        (
            "S: 350 Fine\nC: RETR /f\nS: 150 Here\nopened 1 D1 150\nD1 Transfer(Receive)\nd1 finished 5\nS: 226 Done\ndone 1 transferred 5 226",
            false,
        ),
    ];
    for (end, left) in thin(cases, 2) {
        let asks = [
            ("get /f", "RETR /f"),
            ("put /f", "STOR /f"),
            ("append /f", "APPE /f"),
        ];
        for (ask, command) in thin(asks, 3) {
            let (first, second, third) = (connected(1), connected(2), connected(3));
            let rest = if left { "C: REST 0\nS: 350 Fine" } else { "" };
            play(
                Config::default(),
                &after_login(&format!(
                    "
                    ask get /f @100
                    C: TYPE I
                    S: 200 Fine
                    {first}
                    C: REST 100
                    {end}
                    ask {ask}
                    {second}
                    {rest}
                    C: {command}
                    S: 550 No
                    D2 Abort
                    done 2 failed Command 0 550 No
                    ask {ask}
                    {third}
                    C: {command}
                    "
                )),
            );
        }
    }
}

#[test]
fn a_connection_that_fails_while_a_reply_is_due_waits_for_it() {
    play(
        Config::default(),
        &after_login(
            "
            ask get /f @100
            C: TYPE I
            ask get /f
            ask noop
            S: 200 Fine
            C: EPSV
            S: 229 Fine (|||50000|)
            D1 Connect(192.0.2.1:50000)
            d1 connected 192.0.2.1:50000
            C: REST 100
            d1 failed Broken
            S: 350 Fine
            done 1 failed Connect 0 350 Fine Broken
            C: EPSV
            S: 229 Fine (|||50000|)
            D2 Connect(192.0.2.1:50000)
            d2 connected 192.0.2.1:50000
            C: REST 0
            S: 350 Fine
            C: RETR /f
            d2 failed Broken
            C: ABOR
            S: 150 Here ~ 425 You hung up
            C: PWD
            S: 226 Nothing to abort ~ 257 \"/\" is it
            done 2 failed Connect 0 425 You hung up Broken
            C: NOOP
            ",
        ),
    );
}

#[test]
fn a_reply_without_1yz() {
    let head = "
        C: TYPE I
        S: 200 Fine
        C: EPSV
        S: 229 Fine (|||50000|)
        D1 Connect(192.0.2.1:50000)
        d1 connected 192.0.2.1:50000
    ";
    // What has come over the data connection counts.
    for bytes in [0, 5] {
        let script = format!(
            "
            ask list
            {head}
            C: LIST
            S: 226 Done
            opened 1 D1 226
            D1 Transfer(Receive)
            d1 finished {bytes}
            done 1 transferred {bytes} 226
            "
        );
        play(Config::default(), &after_login(&script));
    }
    // Nothing can have been stored before it was sent.
    let upload = format!(
        "
        ask put /f
        {head}
        C: STOR /f
        S: 226 Done
        D1 Abort
        done 1 failed Command 0 226 Done
        "
    );
    play(Config::default(), &after_login(&upload));
    let mut strict = Config::default();
    strict.lenient = false;
    let listing = format!(
        "
        ask list
        {head}
        C: LIST
        S: 226 Done
        D1 Abort
        done 1 failed Command 0 226 Done
        "
    );
    play(strict, &after_login(&listing));
}

#[test]
fn news_that_does_not_fit_is_ignored() {
    play(
        Config::default(),
        &after_login(
            "
            d1 connected 192.0.2.1:50000
            ask get /f
            C: TYPE I
            d0 failed Broken
            S: 200 Fine
            C: EPSV
            S: 229 Fine (|||50000|)
            D1 Connect(192.0.2.1:50000)
            d1 listening 192.0.2.9:1
            d1 secured
            d1 finished 3
            d1 moved 3
            d2 failed Broken
            d1 connected 192.0.2.1:50000
            C: RETR /f
            d1 connected 192.0.2.1:50000
            d1 finished 3
            S: 150 Here ~ 150 Here it comes
            opened 1 D1 150
            D1 Transfer(Receive)
            d1 connected 192.0.2.1:50000
            d1 finished 5
            d1 finished 6
            d1 failed Broken
            S: 226 Done
            done 1 transferred 5 226
            d1 failed Broken
            ",
        ),
    );
}
