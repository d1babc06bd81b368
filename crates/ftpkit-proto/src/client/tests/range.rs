//! A part of a file, by RANG (draft-bryan-ftp-range), and marks that are left at the server.

use super::*;

const READY: &str = "
    S: 220 Hello
    greeting 220
    ask type I
    C: TYPE I
    S: 200 Fine
    done 1 200 Fine
";

/// A data connection, the marks in between, and a RETR.
fn retr(data: u64, marks: &str) -> String {
    let marks: String = marks
        .split_terminator(", ")
        .map(|mark| format!("C: {mark}\nS: 350 Fine\n"))
        .collect();
    format!(
        "
        C: EPSV
        S: 229 Fine (|||50000|)
        D{data} Connect(192.0.2.1:50000)
        d{data} connected 192.0.2.1:50000
        {marks}
        C: RETR /f
        "
    )
}

fn downloaded(request: u64, data: u64, bytes: u64) -> String {
    format!(
        "
        S: 150 Here
        opened {request} D{data} 150
        D{data} Transfer(Receive)
        d{data} finished {bytes}
        S: 226 Done
        "
    )
}

fn refused(request: u64, data: u64) -> String {
    format!(
        "
        S: 550 No
        D{data} Abort
        done {request} failed Command 0 550 No
        "
    )
}

#[test]
fn a_part_of_a_file() {
    let cases = [
        (10, "transferred 10 226"),
        // The file ends before.
        (3, "transferred 3 226"),
        // The server sent all of it.
        (11, "failed Confirm 11 226 Done"),
    ];
    for (bytes, outcome) in thin(cases, 2) {
        let script = [
            READY,
            "ask range /f 10-19",
            &retr(1, "RANG 10 19"),
            &downloaded(2, 1, bytes),
            &format!("done 2 {outcome}"),
            // It was used up.
            "\nask get /f",
            &retr(2, ""),
        ]
        .join("\n");
        play(Config::default(), &script);
    }
}

#[test]
fn to_the_end_of_the_file() {
    let script = [READY, "ask range /f 10-", &retr(1, "REST 10")].join("\n");
    play(Config::default(), &script);
    let script = [READY, "ask range /f 0-", &retr(1, "")].join("\n");
    play(Config::default(), &script);
}

#[test]
fn a_server_without_it_refuses_it() {
    for refusal in ["500 What?", "502 What?", "501 No"] {
        play(
            Config::default(),
            &format!(
                "{READY}
                ask range /f 10-19
                C: EPSV
                S: 229 Fine (|||50000|)
                D1 Connect(192.0.2.1:50000)
                d1 connected 192.0.2.1:50000
                C: RANG 10 19
                S: {refusal}
                D1 Abort
                done 2 failed Prepare 0 {refusal}
                ask get /f
                {}",
                retr(2, "")
            ),
        );
    }
}

/// What a transfer that was refused behind its mark has left there, the next one takes back.
#[test]
fn marks_that_are_left() {
    let cases = [
        ("range /f 10-19", "RANG 10 19", "get /f", "RANG 1 0"),
        ("range /f 10-19", "RANG 10 19", "range /f 0-4", "RANG 0 4"),
        (
            "range /f 10-19",
            "RANG 10 19",
            "get /f @7",
            "RANG 1 0, REST 7",
        ),
        (
            "get /f @7",
            "REST 7",
            "range /f 10-19",
            "REST 0, RANG 10 19",
        ),
        ("get /f @7", "REST 7", "get /f", "REST 0"),
    ];
    for (first, marks, second, then) in thin(cases, 2) {
        let script = [
            READY,
            &format!("ask {first}"),
            &retr(1, marks),
            &refused(2, 1),
            &format!("ask {second}"),
            &retr(2, then),
            &downloaded(3, 2, 3),
            "done 3 transferred 3 226",
            "ask get /f",
            &retr(3, ""),
        ]
        .join("\n");
        play(Config::default(), &script);
    }
}

#[test]
fn the_hash_of_a_part() {
    play(
        Config::default(),
        &format!(
            "{READY}
            ask hash /f
            C: HASH /f
            S: 213 SHA-256 0-5 ab /f
            done 2 213 SHA-256 0-5 ab /f
            ask hash /f 0-9
            C: RANG 0 9
            S: 350 Fine
            C: HASH /f
            S: 550 No
            done 3 550 No
            # Whether the server has forgotten it is not known.
            ask send HASH /g
            C: RANG 1 0
            S: 350 Fine
            C: HASH /g
            S: 213 SHA-256 0-5 ab /g
            done 4 213 SHA-256 0-5 ab /g
            ask send HASH /g
            C: HASH /g
            S: 504 No
            done 5 504 No
            ask hash /f 0-9
            C: RANG 0 9
            S: 502 What?
            done 6 502 What?
            ask get /f
            {}",
            retr(1, "")
        ),
    );
}
