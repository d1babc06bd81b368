//! Aborting at every stage; afterwards the next request works, or the session is over.

use super::*;

const NEXT: &str = "
    ask noop
    C: NOOP
    S: 200 Yes
    done 2 200 Yes
";

#[test]
fn before_the_server_knows_of_it() {
    let mut script = "
        S: 220 Hello
        greeting 220
        ask get /f @100
    "
    .to_string();
    // What has happened so far, and how the abort goes from there.
    for (step, abort) in [
        (
            "C: TYPE I",
            "S: 200 Fine ~\ndone 1 failed Aborted 0 200 Fine",
        ),
        (
            "S: 200 Fine\nC: EPSV",
            "S: 229 Fine (|||50000|)\ndone 1 failed Aborted 0 229 Fine (|||50000|)",
        ),
        (
            "S: 229 Fine (|||50000|)\nD1 Connect(192.0.2.1:50000)",
            "D1 Abort\ndone 1 failed Aborted 0",
        ),
        (
            "d1 connected 192.0.2.1:50000\nC: REST 100",
            "D1 Abort\nS: 350 Fine\ndone 1 failed Aborted 0 350 Fine",
        ),
    ] {
        script += step;
        script.push('\n');
        let abort = abort.replace(" ~", "");
        play(
            Config::default(),
            &format!("{script}abort 1\n{abort}{NEXT}"),
        );
    }
}

/// The server has set a type that its transfer never used: the next one needs its own.
#[test]
fn a_type_that_is_set_too_late_is_remembered() {
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
        d1 failed Refused
        C: PASV
        S: 500 No
        done 1 failed Connect 0 500 No
        ask text /f
        C: TYPE A
        abort 2
        S: 200 Fine
        done 2 failed Aborted 0 200 Fine
        ask get /f
        C: TYPE I
        abort 3
        S: 504 No
        done 3 failed Aborted 0 504 No
        ask text /f
        C: EPSV
    ",
    );
}

/// Every way in which servers are known to answer ABOR, `|` where the fence is sent.
const ANSWERS: &[&str] = &[
    // The standard's: ProFTPD, pyftpdlib, this crate's server.
    "426 Stopped | 226 Fine ~ 257 \"/\"",
    // The transfer had ended with its data connection: vsftpd.
    "426 Broken | 225 Nothing runs ~ 257 \"/\"",
    // Pure-FTPd, which ends a download that is aborted with a second 150 and an upload with 451.
    "150 Stopped after 0.2 s ~ 226 Fine | 257 \"/\"",
    "451 Stopped after 0.2 s | 226 Fine ~ 257 \"/\"",
    // The transfer was complete, and nothing is left to abort.
    "226 Done | 225 Nothing runs ~ 257 \"/\"",
    "226 Done | 226 Nothing runs ~ 257 \"/\"",
    // One reply for both.
    "226 Stopped | 257 \"/\"",
    "426 Stopped | 257 \"/\"",
    "225 Stopped | 257 \"/\"",
    // Three.
    "426 Stopped | 226 Done ~ 225 Fine ~ 257 \"/\"",
    // ABOR is not known.
    "226 Done | 500 What? ~ 257 \"/\"",
    "451 Stopped | 502 What? ~ 257 \"/\"",
    // A 200 for ABOR.
    "426 Stopped | 200 Fine ~ 257 \"/\"",
    // PWD is refused.
    "426 Stopped | 226 Fine ~ 550 Your directory is gone",
];

#[test]
fn while_the_server_carries_it_out() {
    for (number, answer) in thin(ANSWERS.iter().enumerate(), 3) {
        // Under miri each answer to one of the four.
        let cases = [("get", true), ("put", false), ("get", false), ("put", true)];
        for (ask, opened) in thin(cases.iter().cycle().skip(number).take(4), 4) {
            let (command, flow) = match *ask {
                "get" => ("RETR", "Receive"),
                _ => ("STOR", "Send"),
            };
            let open = if *opened {
                format!("S: 150 Here\nopened 1 D1 150\nD1 Transfer({flow})\nd1 moved 3")
            } else {
                String::new()
            };
            let bytes = if *opened { 3 } else { 0 };
            let late = if *opened { "" } else { "150 Here ~ " };
            let (first, rest) = answer.split_once(" | ").unwrap();
            let told = first.rsplit(" ~ ").next().unwrap();
            let answer = format!("S: {late}{first}\nC: PWD\nS: {rest}");
            let script = format!(
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
                    {open}
                    abort 1
                    C: ABOR
                    D1 Abort
                    d1 finished 99
                    abort 1
                    {answer}
                    done 1 failed Aborted {bytes} {told}
                    {NEXT}
                    abort 1
                    "
            );
            play(Config::default(), &script);
        }
    }
}

#[test]
fn a_late_answer_to_abor_answers_nothing_else() {
    play(
        Config::default(),
        &format!(
            "{}
            S: 426 Stopped
            C: PWD
            S: 226 Fine ~ 550 Your directory is gone
            done 1 failed Aborted 0 426 Stopped
            S: 226 Fine
            ask noop
            C: NOOP
            S: 226 Really ~ 200 Yes
            done 2 200 Yes
            ",
            aborted("C: ABOR")
        ),
    );
}

/// A download that is aborted while payload flows, with these lines going out.
fn aborted(abor: &str) -> String {
    format!(
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
        S: 150 Here
        opened 1 D1 150
        D1 Transfer(Receive)
        abort 1
        {abor}
        D1 Abort
        "
    )
}

#[test]
fn a_server_that_does_not_answer_ends_the_session() {
    for script in ["", "S: 426 Stopped\nC: PWD\nwait 10\nS: 226 Fine"] {
        play(
            Config::default(),
            &format!(
                "{}
                {script}
                wait 29
                wait 1
                done 1 lost
                closed timed out: the server did not reply
                ",
                aborted("C: ABOR")
            ),
        );
    }
}

#[test]
fn with_a_telnet_synch() {
    let mut config = Config::default();
    config.telnet_abort = true;
    play(config, &aborted("C: \\xff\\xf4\nC! \\xff\\xf2\nC: ABOR"));
}

#[test]
fn when_only_the_data_connection_is_left() {
    play(
        Config::default(),
        &format!(
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
            abort 1
            D1 Abort
            done 1 failed Aborted 0 226 Done
            {NEXT}
            "
        ),
    );
}

#[test]
fn a_request_that_waits_is_taken_back_and_a_command_ends_by_itself() {
    play(
        Config::default(),
        "
        ask noop
        ask pwd
        ask syst
        abort 2
        done 2 rejected
        S: 220 Hello
        greeting 220
        C: NOOP
        abort 1
        abort 2
        abort 9
        S: 200 Yes
        done 1 200 Yes
        C: SYST
        S: 215 UNIX
        done 3 215 UNIX
        ",
    );
}
