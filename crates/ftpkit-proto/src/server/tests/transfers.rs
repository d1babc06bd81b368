use super::rig::{IN, Rig, logged_in};
use crate::effort::thin;
use crate::server::Config;

#[test]
fn a_download_in_passive_mode() {
    logged_in(
        "C: TYPE I
         S: 200
         C: PASV
         D: Listen(V4) @1
         N: listening
         S: 227 Entering passive mode (192,0,2,1,19,136).
         C: RETR a file
         E: Open { id: DataId(1), transfer: Retrieve { path: \"a file\", offset: 0, length: None }, ascii: false, expected: None }
         A: size 1234
         S: 150 Opening data connection (1234 bytes).
         D: Accept @1
         N: connected
         D: Transfer(Send) @1
         N: progress 100
         N: finished 1234
         E: Ended Complete 1234 bytes @1
         S: 226
         C: RETR a file
         S: 425",
    );
}

#[test]
fn an_upload_is_confirmed_after_its_commit() {
    logged_in(
        "C: EPSV
         D: Listen(V4) @1
         N: listening
         S: 229 Entering extended passive mode (|||5000|).
         C: STOR x
         E: Open { id: DataId(1), transfer: Store { path: \"x\", offset: None }, ascii: true, expected: None }
         A: ok
         S: 150
         D: Accept @1
         N: connected
         D: Transfer(Receive) @1
         N: finished 7
         E: Commit { id: DataId(1), bytes: 7, completeness: Assumed }
         A: ok
         E: Ended Complete 7 bytes @1
         S: 226",
    );
    let cases = [
        ("NoSpace", 452),
        ("Quota", 552),
        ("Denied", 550),
        ("Failed", 451),
        ("NameNotAllowed", 553),
        ("Unsupported", 451),
    ];
    for (refusal, code) in thin(cases, 2) {
        logged_in(&std::format!(
            "C: EPSV
             D: Listen(V4) @1
             N: listening
             S: 229
             C: APPE x
             E: Open
             A: ok
             S: 150
             D: Accept
             N: connected
             D: Transfer(Receive)
             N: finished 7
             E: Commit
             A: {refusal}
             E: Ended Refused 7 bytes @1
             S: {code}
             C: NOOP
             S: 200"
        ));
    }
}

#[test]
fn a_stranger_is_dropped_in_silence() {
    logged_in(
        "C: EPSV 1
         D: Listen(V4) @1
         N: listening
         S: 229
         C: RETR x
         E: Open
         A: ok
         S: 150
         D: Accept @1
         N: connected 192.0.2.66:1
         D: Reject @1
         D: Accept @1
         N: connected 10.0.0.1:50000
         D: Reject @1
         D: Accept @1
         T: 59
         N: connected 192.0.2.7:50000
         D: Transfer(Send) @1
         N: finished 3
         E: Ended Complete
         S: 226",
    );
}

#[test]
fn what_storage_refuses_needs_no_data_connection() {
    let cases = [
        ("RETR x", "NotFound", 550),
        ("RETR x", "BeyondEnd", 554),
        ("RETR x", "TooMany", 421),
        ("STOR x", "Quota", 552),
        ("STOR x", "NameNotAllowed", 553),
        ("MLSD x", "NotADirectory", 501),
        ("MLSD x", "NotFound", 550),
        ("LIST x", "NotFound", 550),
        ("NLST x", "Busy", 450),
    ];
    for (line, refusal, code) in thin(cases, 4) {
        let mut rig = Rig::new(Config::default());
        rig.play(IN);
        let end = if code == 421 {
            "D: Abort @1\nX: Ok"
        } else {
            ""
        };
        rig.play(&std::format!(
            "C: PASV
             D: Listen(V4) @1
             N: listening
             S: 227
             C: {line}
             E: Open
             A: {refusal}
             S: {code}
             {end}"
        ));
        if code != 421 {
            rig.play(
                "C: RETR y
                 E: Open { id: DataId(1)
                 A: ok
                 S: 150
                 D: Accept @1",
            );
        }
    }
}

#[test]
fn every_way_to_fail_has_its_code() {
    let cases = [
        ("", "Unreachable", "Failed(Unreachable)", 425),
        ("", "TimedOut", "Failed(TimedOut)", 425),
        ("", "Tls", "Failed(Tls)", 522),
        ("", "Local", "Failed(Local)", 451),
        ("flow", "Broken", "Failed(Broken)", 426),
        ("flow", "Tls", "Failed(Tls)", 426),
        ("flow", "Local", "Failed(Local)", 451),
        ("flow", "NoSpace", "Failed(NoSpace)", 452),
        ("flow", "Quota", "Failed(Quota)", 552),
    ];
    for (stage, failure, end, code) in thin(cases, 4) {
        let flow = if stage == "flow" {
            "N: connected\nD: Transfer(Receive) @1"
        } else {
            ""
        };
        logged_in(&std::format!(
            "C: EPSV
             D: Listen(V4) @1
             N: listening
             S: 229
             C: STOR x
             E: Open
             A: ok
             S: 150
             D: Accept @1
             {flow}
             N: failed {failure}
             E: Ended {end} 0 bytes @1
             S: {code}
             N: finished 5
             C: NOOP
             S: 200"
        ));
    }
}

#[test]
fn every_wait_has_its_end() {
    let begin = "C: EPSV
         D: Listen(V4) @1
         N: listening
         S: 229
         C: STOR x
         E: Open";
    let meet = "A: ok\nS: 150\nD: Accept @1";
    let flow = "N: connected\nD: Transfer(Receive) @1";
    logged_in(&std::format!(
        "{begin}
         T: 300
         E: Cancelled
         S: 451
         C: STOR x
         E: Open"
    ));
    logged_in(&std::format!(
        "{begin}
         {meet}
         T: 59
         C: NOOP
         S: 200
         T: 1
         D: Abort @1
         E: Ended Failed(TimedOut)
         S: 425"
    ));
    logged_in(&std::format!(
        "{begin}
         {meet}
         {flow}
         T: 299
         N: progress 10
         T: 299
         N: progress 10
         T: 1
         D: Abort @1
         E: Ended Stalled 10 bytes
         S: 426
         T: 299
         T: 1
         S: 421
         X: Err(TimedOut(Idle))"
    ));
    logged_in(&std::format!(
        "{begin}
         {meet}
         {flow}
         N: finished 3
         E: Commit
         T: 300
         E: Cancelled
         E: Ended Refused 3 bytes
         S: 451
         N: finished 3
         C: NOOP
         S: 200"
    ));
}

#[test]
fn stou_tells_the_name() {
    logged_in(
        "C: EPSV
         D: Listen(V4)
         N: listening
         S: 229
         C: STOU base
         E: Open { id: DataId(1), transfer: StoreUnique { path: Some(\"base\") }
         A: name base.1
         S: 150 FILE: base.1
         D: Accept",
    );
}

#[test]
fn listings_have_their_styles() {
    let cases = [
        ("LIST", "path: None, style: Long { recursive: false }"),
        ("LIST -la", "path: None, style: Long { recursive: false }"),
        (
            "LIST -lR dir",
            "path: Some(\"dir\"), style: Long { recursive: true }",
        ),
        (
            "LIST -x",
            "path: Some(\"-x\"), style: Long { recursive: false }",
        ),
        ("NLST -a", "path: None, style: Names"),
        ("MLSD a b", "path: Some(\"a b\"), style: Facts("),
    ];
    for (line, style) in thin(cases, 2) {
        logged_in(&std::format!(
            "C: EPSV
             D: Listen(V4)
             N: listening
             S: 229
             C: {line}
             E: Open {{ id: DataId(1), transfer: List {{ {style}"
        ));
    }
}

#[test]
fn a_listener_that_dies_while_storage_is_busy() {
    logged_in(
        "C: PASV
         D: Listen(V4) @1
         N: listening
         S: 227
         C: STOR x
         E: Open
         N: failed Listen
         A: ok
         E: Ended Failed(Listen) 0 bytes @1
         S: 425
         C: NOOP
         S: 200",
    );
}

#[test]
fn news_that_does_not_fit_is_ignored() {
    logged_in(
        "N: connected @1
         N: finished 3 @99
         C: PASV
         D: Listen(V4) @1
         N: connected
         N: finished 1
         N: secured
         N: listening
         S: 227
         N: listening
         N: connected
         C: RETR x
         E: Open
         N: finished 1
         A: ok
         S: 150
         D: Accept @1
         N: listening
         N: progress 5
         N: finished 5
         N: secured
         N: connected
         D: Transfer(Send)
         N: connected
         N: secured
         N: finished 5
         E: Ended Complete 5 bytes @1
         S: 226
         N: finished 6
         N: failed Broken",
    );
}
