use super::rig::{IN, Rig, logged_in};
use crate::effort::size;
use crate::server::Config;
use crate::{Machine, Output};
use std::{format, vec::Vec};

/// The ways in which clients send ABOR: plain, behind a Synch, behind one whose mark was lost
/// with the urgent byte, and in lower case with spaces.
const FORMS: &[&[u8]] = &[
    b"ABOR\r\n",
    b"\xff\xf4\xff\xf2ABOR\r\n",
    b"\xff\xf4\xffABOR\r\n",
    b"\xff\xf4\xf2ABOR\r\n",
    b"abor \r\n",
    b"\xff\xf2ABOR\n",
];

const READY: &str = "C: EPSV
    D: Listen(V4) @1
    N: listening
    S: 229";
const OPENING: &str = "C: RETR x
    E: Open";
const MEETING: &str = "A: ok
    S: 150
    D: Accept @1";
const FLOWING: &str = "N: connected
    D: Transfer(Send) @1
    N: progress 9";

fn moments() -> Vec<(std::string::String, &'static str)> {
    let upload = "C: STOR x
        E: Open
        A: ok
        S: 150
        D: Accept @1
        N: connected
        D: Transfer(Receive) @1
        N: finished 9
        E: Commit";
    Vec::from([
        ("".into(), "S: 225"),
        (READY.into(), "S: 225"),
        (
            format!("{READY}\n{OPENING}"),
            "E: Cancelled\nD: Abort @1\nS: 426\nS: 226",
        ),
        (
            format!("{READY}\n{OPENING}\n{MEETING}"),
            "D: Abort @1\nE: Ended Aborted 0 bytes @1\nS: 426\nS: 226",
        ),
        (
            format!("{READY}\n{OPENING}\n{MEETING}\n{FLOWING}"),
            "D: Abort @1\nE: Ended Aborted 9 bytes @1\nS: 426\nS: 226",
        ),
        (
            format!("{READY}\n{upload}"),
            "E: Cancelled\nE: Ended Aborted 9 bytes @1\nS: 426\nS: 226",
        ),
        (
            format!(
                "{READY}\n{OPENING}\n{MEETING}\n{FLOWING}
                 N: finished 9\nE: Ended Complete\nS: 226"
            ),
            "S: 225",
        ),
        (
            "C: CWD x\nE: Directory".into(),
            "E: Cancelled\nS: 451\nS: 226",
        ),
    ])
}

#[test]
fn it_is_answered_at_every_moment_and_at_every_split() {
    let mut number = 0;
    for (before, after) in moments() {
        for form in FORMS {
            for split in 0..form.len() {
                number += 1;
                if number % size(1, 67) != 0 {
                    continue;
                }
                let mut rig = Rig::new(Config::default());
                rig.play(IN);
                rig.play(&before);
                let (first, second) = form.split_at(split);
                rig.session.handle_bytes(rig.now, first);
                rig.pump();
                rig.bytes(second);
                rig.play(after);
                // The next transfer works.
                rig.bytes(b"PASV\r\n");
                rig.log.retain(|line| !line.starts_with("D: Abort @1"));
                rig.play("D: Listen(V4)\nN: listening\nS: 227\nC: LIST\nE: Open\nA: ok\nS: 150\nD: Accept");
            }
        }
    }
}

#[test]
fn a_late_answer_changes_nothing() {
    let mut rig = Rig::new(Config::default());
    rig.play(IN);
    rig.play(READY);
    rig.bytes(b"RETR x\r\n");
    let held = rig.held.take();
    rig.log.clear();
    // The application works on while the session goes on.
    rig.session.handle_bytes(rig.now, b"ABOR\r\n");
    let mut seen = Vec::new();
    loop {
        match rig.session.poll_output() {
            Output::Wait(_) => break,
            output => seen.push(format!("{output:?}")),
        }
    }
    assert!(seen[0].starts_with("Event(Cancelled("), "{seen:?}");
    let Some(super::rig::Held::Open(ask)) = held else {
        panic!("no Open");
    };
    rig.session.answer(rig.now, ask, Ok(Default::default()));
    rig.play("C: NOOP\nS: 200");
}

#[test]
fn a_synch_discards_what_waits() {
    logged_in(&format!(
        "{READY}
         {OPENING}
         B: DELE a\\x0d\\x0aDELE b\\x0d\\x0aDEL
         B: \\xff\\xf4\\xff\\xf2ABOR\\x0d\\x0aNOOP\\x0d\\x0a
         E: Cancelled
         D: Abort @1
         S: 426
         S: 226
         S: 200"
    ));
    // Without one, what came before ABOR is carried out first.
    logged_in(&format!(
        "{READY}
         {OPENING}
         {MEETING}
         {FLOWING}
         B: SYST\\x0d\\x0aABOR\\x0d\\x0a
         N: finished 9
         E: Ended Complete
         S: 226
         S: 215
         S: 225"
    ));
}

#[test]
fn what_is_answered_in_a_transfer() {
    let status = |bytes: u64| {
        format!(
            "S: 211-
             S:  Logged in.
             S:  TYPE A
             S:  The control
             S:  Transfer in progress, {bytes} bytes.
             S: 211 End"
        )
    };
    let (early, late) = (status(0), status(9));
    logged_in(&format!(
        "{READY}
         {OPENING}
         C: NOOP
         C: STAT
         {MEETING}
         S: 200
         {early}
         {FLOWING}
         C: STAT
         {late}
         C: STAT x
         C: NOOP
         N: finished 10
         E: Ended Complete 10 bytes
         S: 226
         E: Survey
         A: Denied
         S: 550
         S: 200"
    ));
    logged_in(&format!(
        "{READY}
         {OPENING}
         {MEETING}
         {FLOWING}
         C: QUIT
         C: NOOP
         N: finished 10
         E: Ended Complete 10 bytes
         S: 226
         S: 221
         X: Ok"
    ));
}
