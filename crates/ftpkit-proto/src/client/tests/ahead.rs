//! EPSV behind the command of a small transfer, for the one that follows.

use super::*;
use crate::client::{DataMode, EpsvAhead};

const FIRST: &str = "
    ask type I
    C: TYPE I
    S: 200 Fine
    done 1 200 Fine
    ask get /a
    C: EPSV
    S: 229 Fine (|||50001|)
    D1 Connect(192.0.2.1:50001)
    d1 connected 192.0.2.1:50001
    C: RETR /a
    S: 150 Here
    opened 2 D1 150
    D1 Transfer(Receive)
    d1 finished 9
    S: 226 Done
    done 2 transferred 9 226
";

/// The second transfer, which sends EPSV behind its command, up to its payload.
const SECOND: &str = "
    ask get /b
    C: EPSV
    S: 229 Fine (|||50002|)
    D2 Connect(192.0.2.1:50002)
    d2 connected 192.0.2.1:50002
    C: RETR /b
    C: EPSV
    S: 150 Here
    opened 3 D2 150
    D2 Transfer(Receive)
";

/// The end of the second transfer, whose EPSV has yet to be answered.
const CONFIRMED: &str = "
    d2 finished 9
    S: 226 Done
    done 3 transferred 9 226
";

fn always() -> Config {
    let mut config = Config::default();
    config.epsv_ahead = EpsvAhead::Always;
    config
}

/// What comes behind the second transfer.
fn behind_two(config: Config, script: &str) {
    let greeting = "S: 220 Hello\ngreeting 220\n";
    play(config, &[greeting, FIRST, SECOND, script].concat());
}

/// What comes behind the second transfer and its end.
fn behind_confirmed(config: Config, script: &str) {
    behind_two(config, &[CONFIRMED, script].concat());
}

#[test]
fn the_third_transfer_asks_for_nothing() {
    let third = "
        ask get /c
        D3 Connect(192.0.2.1:50003)
        d3 connected 192.0.2.1:50003
        C: RETR /c
        C: EPSV
        S: 150 Here ~ 226 Done ~ 229 Fine (|||50004|)
        opened 4 D3 150
        D3 Transfer(Receive)
        d3 finished 9
        done 4 transferred 9 226
        ask put /d
        D4 Connect(192.0.2.1:50004)
        d4 connected 192.0.2.1:50004
        C: STOR /d
        C: EPSV
        S: 150 Here
        opened 5 D4 150
        D4 Transfer(Send)
        d4 finished 9
        S: 226 Done
        done 5 transferred 9 226
    ";
    for end in [
        "d2 finished 9\nS: 226 Done ~ 229 Fine (|||50003|)\ndone 3 transferred 9 226",
        "d2 finished 9\nS: 226 Done\ndone 3 transferred 9 226\nS: 229 Fine (|||50003|)",
        "S: 226 Done\nd2 finished 9\ndone 3 transferred 9 226\nS: 229 Fine (|||50003|)",
        "S: 226 Done ~ 229 Fine (|||50003|)\nd2 finished 9\ndone 3 transferred 9 226",
        // A confirmation too many.
        "d2 finished 9\nS: 226 Done ~ 226 Done ~ 229 Fine (|||50003|)\ndone 3 transferred 9 226",
    ] {
        behind_two(always(), &[end, third].concat());
    }
}

#[test]
fn the_reply_may_come_when_the_next_transfer_waits_for_it() {
    behind_confirmed(
        always(),
        "
        ask get /c
        S: 229 Fine (|||50003|)
        D3 Connect(192.0.2.1:50003)
        ",
    );
    behind_confirmed(
        always(),
        "
        ask get /c
        wait 30
        done 4 lost
        closed timed out: the server did not reply
        ",
    );
}

#[test]
fn what_is_asked_between_is_answered_behind_it() {
    behind_confirmed(
        always(),
        "
        ask size /c
        C: SIZE /c
        S: 229 Fine (|||50003|) ~ 213 9
        done 4 213 9
        ask text /c
        C: TYPE A
        S: 200 Fine
        D3 Connect(192.0.2.1:50003)
        ",
    );
    behind_confirmed(
        always(),
        "
        ask quit
        C: QUIT
        S: 229 Fine (|||50003|)
        S: 221 Bye
        done 4 221 Bye
        closed
        ",
    );
}

/// Whatever becomes of what was sent ahead, the transfer asks for itself, and nothing is sent
/// ahead any more.
#[test]
fn what_comes_to_nothing_is_asked_for_again() {
    let afresh = "
        C: EPSV
        S: 229 Fine (|||50009|)
        D4 Connect(192.0.2.1:50009)
        d4 connected 192.0.2.1:50009
        C: RETR /c
        S: 150 Here
        opened 4 D4 150
        D4 Transfer(Receive)
    ";
    let unmet = "S: 229 Fine (|||50003|)\nask get /c\nD3 Connect(192.0.2.1:50003)\n";
    for between in [
        "d3 failed Refused\n",
        "wait 20\nD3 Abort\n",
        "d3 connected 192.0.2.1:50003\nC: RETR /c\nC: EPSV\nS: 425 No ~ 229 Fine (|||50004|)\nD3 Abort\n",
    ] {
        // What stands behind the 425 is as good as what is asked for.
        let afresh = if between.contains("50004") {
            afresh
                .replace("C: EPSV\n        S: 229 Fine (|||50009|)\n", "")
                .replace("50009", "50004")
        } else {
            afresh.to_string()
        };
        behind_confirmed(always(), &[unmet, between, &afresh].concat());
    }
    let afresh = afresh.replace("D4", "D3").replace("d4", "d3");
    for refusal in [
        "S: 500 What?\nask get /c\n",
        "ask get /c\nS: 500 What?\n",
        "ask get /c\nS: 229 Fine\n",
    ] {
        behind_confirmed(always(), &[refusal, &afresh].concat());
    }
}

#[test]
fn an_address_grows_old() {
    behind_two(
        always(),
        "
        d2 finished 9
        S: 226 Done ~ 229 Fine (|||50003|)
        done 3 transferred 9 226
        wait 10
        ask get /c
        C: EPSV
        ",
    );
}

#[test]
fn an_abort_takes_its_replies_with_it() {
    for replies in [
        "S: 426 Stopped\nC: PWD\nS: 229 Fine (|||50003|) ~ 225 Fine ~ 257 \"/\"\n",
        "S: 426 Stopped\nC: PWD\nS: 226 Fine ~ 229 Fine (|||50003|) ~ 257 \"/\"\n",
        "S: 426 Stopped\nC: PWD\nS: 229 Fine (|||50003|) ~ 226 Fine ~ 500 What?\n",
        "S: 426 Stopped ~ 229 Fine (|||50003|)\nC: PWD\nS: 226 Fine ~ 257 \"/\"\n",
    ] {
        let end = "done 3 failed Aborted 0 426 Stopped\nask get /c\nC: EPSV\nS: 229 Fine (|||50007|)\nD3 Connect(192.0.2.1:50007)";
        behind_two(
            always(),
            &["abort 3\nC: ABOR\nD2 Abort\n", replies, end].concat(),
        );
    }
}

#[test]
fn what_fails_has_a_reply_behind_it_too() {
    behind_two(
        always(),
        "
        d2 failed Broken
        S: 426 Lost ~ 229 Fine (|||50003|)
        done 3 failed Payload 0 426 Lost Broken
        ask get /c
        D3 Connect(192.0.2.1:50003)
        ",
    );
}

#[test]
fn another_way_leaves_it_behind() {
    let mut config = always();
    config.data_mode = DataMode::Auto;
    let refused = SECOND.split("S: 150").next().unwrap();
    let called = "
        S: 425 No
        D2 Abort
        D3 Listen(V4)
        d3 listening 192.0.2.9:40000
        C: EPRT |1|192.0.2.9|40000|
        S: 229 Fine (|||50003|)
        S: 200 Fine
        C: RETR /b
        S: 150 Here
        D3 Accept
        d3 connected 192.0.2.1:20
        opened 3 D3 150
        D3 Transfer(Receive)
        d3 finished 9
        S: 226 Done
        done 3 transferred 9 226
    ";
    // Nothing stands behind this try, so that a confirmation too many is told as ever.
    let confirmed_twice = "
        ask size /c
        C: SIZE /c
        S: 226 Done ~ 213 9
        done 4 213 9
    ";
    let script = [
        "S: 220 Hello\ngreeting 220\n",
        FIRST,
        refused,
        called,
        confirmed_twice,
    ];
    play(config.clone(), &script.concat());
    behind_confirmed(
        config,
        "
        ask get /c
        S: 229 Fine (|||50003|)
        D3 Connect(192.0.2.1:50003)
        d3 connected 192.0.2.1:50003
        C: RETR /c
        C: EPSV
        S: 425 No
        D3 Abort
        S: 229 Fine (|||50004|)
        D4 Connect(192.0.2.1:50004)
        d4 connected 192.0.2.1:50004
        C: RETR /c
        S: 425 No
        D4 Abort
        D5 Listen(V4)
        ",
    );
}

#[test]
fn it_is_for_many_small_files_and_servers_that_bear_it() {
    let never = |config: Config, greeting: &str, first: &str| {
        let second = SECOND.split("C: EPSV\n    S: 150").next().unwrap();
        let script = format!("S: 220 {greeting}\ngreeting 220\n{first}{second}");
        play(config, &script);
    };
    let huge = FIRST
        .replace("finished 9", "finished 1048577")
        .replace("transferred 9 226", "transferred 1048577 226");
    never(always(), "Hello", &huge);
    never(always(), "Hello", &(FIRST.to_string() + "wait 1\n"));
    never(Config::default(), "Hello", FIRST);
    let mut config = Config::default();
    config.epsv_ahead = EpsvAhead::Never;
    never(config, "(vsFTPd 3.0.5)", FIRST);
    for greeting in ["(vsFTPd 3.0.5)", "ftpkit ready."] {
        let script = format!("S: 220 {greeting}\ngreeting 220\n{FIRST}{SECOND}");
        play(Config::default(), &script);
    }
}

#[test]
fn both_commands_are_one_write() {
    let now = Instant::START;
    let mut client = Connection::new(always(), now, PEER.parse().unwrap());
    let ask = |client: &mut Connection| client.submit(now, request(&["get", "/f"]));
    client.handle_bytes(now, b"220 Hello\r\n");
    ask(&mut client);
    client.handle_bytes(now, b"200 Fine\r\n229 Fine (|||50001|)\r\n");
    let connected = |client: &mut Connection, id| {
        client.handle_data(
            now,
            DataId::new(id),
            data_event(&["connected", "192.0.2.1:1"]),
        );
    };
    connected(&mut client, 1);
    client.handle_bytes(now, b"150 Here\r\n");
    client.handle_data(now, DataId::new(1), data_event(&["finished", "9"]));
    client.handle_bytes(now, b"226 Done\r\n");
    ask(&mut client);
    client.handle_bytes(now, b"229 Fine (|||50001|)\r\n");
    connected(&mut client, 2);
    let mut written = Vec::new();
    loop {
        match client.poll_output() {
            Output::Wait(_) => break,
            Output::Write(bytes) => written.push(bytes),
            _ => {}
        }
    }
    assert_eq!(written.last().unwrap(), &b"RETR /f\r\nEPSV\r\n"[..]);
}
