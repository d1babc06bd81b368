//! The order of requests, and what is sent ahead.

use super::*;
use crate::client::Pipelining;

#[test]
fn one_at_a_time_unless_told_otherwise() {
    play(
        Config::default(),
        "
        ask noop
        ask pwd
        S: 220 Hello
        greeting 220
        C: NOOP
        S: 200 Yes
        done 1 200 Yes
        C: PWD
        S: 257 \"/\"
        done 2 257 \"/\"
        ",
    );
}

#[test]
fn queries_are_sent_ahead_and_answered_in_order() {
    let mut config = Config::default();
    config.pipelining = Pipelining::Safe;
    play(
        config,
        "
        ask noop
        ask pwd
        ask size /f
        ask cwd /d
        ask syst
        ask noop
        ask login anna secret
        S: 220 Hello
        greeting 220
        C: NOOP
        C: PWD
        C: SIZE /f
        S: 200 Yes ~ 257 \"/\"
        done 1 200 Yes
        done 2 257 \"/\"
        S: 550 No
        done 3 550 No
        C: CWD /d
        S: 250 Fine
        done 4 250 Fine
        C: SYST
        C: NOOP
        S: 215 UNIX
        done 5 215 UNIX
        ask pwd
        S: 200 Yes
        done 6 200 Yes
        C: USER anna
        S: 230 Welcome
        done 7 230 Welcome
        C: PWD
        ask noop
        C: NOOP
        S: 421 Bye
        done 8 421 Bye
        done 9 lost
        closed the server closes the session: 421 Bye
        ",
    );
}

#[test]
fn what_is_on_the_way_and_what_waits_is_bounded() {
    let mut config = Config::default();
    config.pipelining = Pipelining::Safe;
    config.limits.queue = 2;
    let ahead = "ask noop\nC: NOOP\n".repeat(16);
    play(
        config,
        &format!(
            "S: 220 Hello\ngreeting 220\n{ahead}ask noop\nask noop\nask noop\ndone 19 rejected\nS: 200 Yes\ndone 1 200 Yes\nC: NOOP"
        ),
    );
}

#[test]
fn what_has_a_request_of_its_own_is_no_command() {
    let cases = [
        "USER anna",
        "PASS secret",
        "ACCT acc",
        "REIN",
        "QUIT",
        "PORT 192,0,2,9,156,64",
        "PASV",
        "EPRT |1|192.0.2.9|40000|",
        "EPSV",
        "EPSV 1",
        "LPRT 4,4,192,0,2,9,2,156,64",
        "LPSV",
        "CPSV",
        "SSCN",
        "SSCN ON",
        "PRET RETR /f",
        "REST 7",
        "RANG 0 9",
        "RETR /f",
        "STOR /f",
        "STOU",
        "APPE /f",
        "LIST",
        "NLST",
        "MLSD",
        "ABOR",
        "RNFR /a",
        "RNTO /b",
        "AUTH TLS",
        "ADAT YWJj",
        "PBSZ 0",
        "PROT P",
        "CCC",
        "MIC YWJj",
        "CONF YWJj",
        "ENC YWJj",
        // What the data connections do not speak.
        "MODE B",
        "MODE Z",
        "STRU R",
    ];
    for line in thin(cases, 4) {
        play(
            Config::default(),
            &format!(
                "ask send {line}\ndone 1 rejected\nask noop\nS: 220 Hello\ngreeting 220\nC: NOOP"
            ),
        );
    }
}

/// Nor when it is spelt by hand, as a command that the crate does not know.
#[test]
fn a_verb_that_is_reserved_is_no_command() {
    for verb in [
        "RETR", "PASV", "PRET", "RANG", "RNFR", "HOST", "USER", "TYPE",
    ] {
        let now = Instant::START;
        let mut client = Connection::new(Config::default(), now, PEER.parse().unwrap());
        client.submit(
            now,
            Request::Command(Command::Other {
                verb: crate::Verb::parse(verb.as_bytes()).unwrap(),
                argument: Some(Text::from_static("x")),
            }),
        );
        let Output::Event(Event::Done(_, Outcome::Rejected)) = client.poll_output() else {
            panic!("{verb} is taken");
        };
    }
}

#[test]
fn only_what_changes_nothing_is_sent_ahead() {
    let mut config = Config::default();
    config.pipelining = Pipelining::Safe;
    let noop_and = |line: &str, ahead: bool| {
        let (before, after) = if ahead {
            (format!("C: {line}"), String::new())
        } else {
            (String::new(), format!("C: {line}"))
        };
        play(
            config.clone(),
            &format!(
                "
                ask noop
                ask send {line}
                S: 220 Hello
                greeting 220
                C: NOOP
                {before}
                S: 200 Yes
                done 1 200 Yes
                {after}
                "
            ),
        );
    };
    let cases = [
        "PWD",
        "SYST",
        "SIZE /f",
        "MDTM /f",
        "MLST /f",
        "FEAT",
        "STAT",
        "HELP",
        "AVBL /d",
        "XCRC /f",
        "OPTS HASH",
    ];
    for line in thin(cases, 4) {
        noop_and(line, true);
    }
    let cases = [
        "CWD /d",
        "CDUP",
        "TYPE A",
        "DELE /f",
        "MKD /d",
        "SITE HELP",
        "OPTS HASH MD5",
        "HASH /f",
        "LANG de",
        "HOST example.org",
        "CLNT x",
        "EPSV ALL",
        "SMNT /m",
        "ALLO 5",
    ];
    for line in thin(cases, 4) {
        noop_and(line, false);
    }
}

#[test]
fn a_rename_is_one_request() {
    let cases = [
        ("S: 350 Go on\nC: RNTO /b\nS: 250 Fine", "250 Fine"),
        ("S: 550 No", "550 No"),
        ("S: 350 Go on\nC: RNTO /b\nS: 553 No", "553 No"),
        ("S: 350 Go on\nC: RNTO /b\nS: 350 What?", "350 What?"),
    ];
    for (script, outcome) in thin(cases, 2) {
        play(
            Config::default(),
            &format!(
                "S: 220 Hello\ngreeting 220\nask rename /a /b\nC: RNFR /a\nask noop\n{script}\ndone 1 {outcome}\nC: NOOP"
            ),
        );
    }
}

#[test]
fn the_trace_has_everything_but_secrets() {
    let mut config = Config::default();
    config.trace = true;
    play(
        config,
        "
        ask login anna secret
        S: 220 Hello
        done received 220 Hello
        greeting 220
        C: USER anna
        done sent User(\"anna\")
        S: 331 Password?
        done received 331 Password?
        C: PASS secret
        done sent Pass(Secret(***))
        S: 230 Welcome
        done received 230 Welcome
        done 1 230 Welcome
        ",
    );
}
