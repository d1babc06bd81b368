use super::rig::{CLIENT, IN, Rig, SERVER, fresh_with, logged_in, logged_in_with};
use crate::{
    Instant, Machine, Output, Text,
    automaton::Taken,
    effort::size,
    server::{Config, Connection, state::AUTOMATA},
};
use alloc::sync::Arc;
use std::{format, vec::Vec};

const FLOWING: &str = "C: EPSV
    D: Listen(V4) @1
    N: listening
    S: 229
    C: STOR x
    E: Open
    A: ok
    S: 150
    D: Accept @1
    N: connected
    D: Transfer(Receive) @1";

#[test]
fn the_end_of_the_control_connection() {
    fresh_with(Config::default(), "S: 220\nEOF\nX: Err(Disconnected)");
    logged_in("B: NOO\nEOF\nX: Err(Disconnected)\nC: NOOP\nEOF\nT: 9");
    logged_in(
        "C: PASV\nD: Listen(V4) @1\nEOF\nN: listening\nS: 227\nD: Abort @1\nX: Err(Disconnected)",
    );
    // What was sent before the end is carried out.
    logged_in("C: DELE x\nE: RemoveFile\nC: QUIT\nEOF\nA: ok\nS: 250\nS: 221\nX: Ok");
    logged_in("C: DELE x\nE: RemoveFile\nEOF\nA: ok\nS: 250\nX: Err(Disconnected)");
    // A transfer that nobody waits for is not completed; one who has closed half of the
    // connection only must not take it for complete.
    logged_in(&format!(
        "{FLOWING}
         EOF
         D: Abort @1
         E: Ended Aborted 0 bytes
         S: 426
         X: Err(Disconnected)
         N: finished 3"
    ));
    logged_in(&format!(
        "{FLOWING}
         C: QUIT
         EOF
         N: finished 3
         E: Commit
         A: ok
         E: Ended Complete
         S: 226
         S: 221
         X: Ok"
    ));
}

#[test]
fn a_drain_lets_the_present_command_end() {
    logged_in("DRAIN\nS: 421\nX: Ok\nDRAIN\nSHUTDOWN");
    logged_in("C: DELE x\nE: RemoveFile\nC: NOOP\nDRAIN\nA: ok\nS: 250\nS: 421\nX: Ok");
    logged_in(&format!(
        "{FLOWING}
         DRAIN
         C: NOOP
         S: 200
         N: finished 3
         E: Commit
         A: ok
         E: Ended Complete
         S: 226
         S: 421
         X: Ok"
    ));
    logged_in(&format!(
        "{FLOWING}
         DRAIN
         SHUTDOWN
         D: Abort @1
         E: Ended Aborted
         S: 421
         X: Err(TimedOut(Shutdown))"
    ));
    logged_in(
        "C: DELE x\nE: RemoveFile\nSHUTDOWN\nE: Cancelled\nS: 421\nX: Err(TimedOut(Shutdown))",
    );
}

#[test]
fn an_idle_session_ends_but_not_a_silent_transfer() {
    logged_in(
        "C: NOOP
         S: 200
         T: 299
         B: NO
         T: 1
         S: 421
         X: Err(TimedOut(Idle))",
    );
    let mut config = Config::default();
    config.timeouts.stall = core::time::Duration::ZERO;
    logged_in_with(
        config,
        &format!(
            "{FLOWING}
             T: 36000
             N: finished 3
             E: Commit"
        ),
    );
}

#[test]
fn a_listener_that_nobody_uses_ends_with_its_session() {
    logged_in(
        "C: PASV
         D: Listen(V4) @1
         N: listening
         S: 227
         C: QUIT
         S: 221
         D: Abort @1
         X: Ok",
    );
}

#[test]
fn one_too_many() {
    let now = Instant::START;
    let text = Text::from_static("Too many sessions.");
    let mut session = Connection::refuse(Arc::new(Config::default()), now, text);
    assert!(!session.wants_read());
    session.handle_bytes(now, b"USER x\r\n");
    let Output::Write(bytes) = session.poll_output() else {
        panic!("nothing is said");
    };
    assert_eq!(&bytes[..], b"421 Too many sessions.\r\n");
    for _ in 0..2 {
        assert!(matches!(session.poll_output(), Output::Closed(Ok(()))));
    }
}

#[test]
fn a_line_over_the_limit_is_refused_and_skipped() {
    let mut rig = Rig::new(Config::default());
    rig.play(IN);
    rig.bytes(&[b'x'; size(100_000, 5_000)]);
    rig.play("S: 500 The line is too long.");
    rig.bytes(&[b'x'; size(100_000, 5_000)]);
    rig.play("B: \\x0d\\x0aNOOP\\x0d\\x0a\nS: 200");
}

#[test]
fn a_burst_of_replies_is_one_write() {
    let mut session = Connection::new(
        Arc::new(Config::default()),
        Instant::START,
        CLIENT.parse().unwrap(),
        SERVER.parse().unwrap(),
    );
    session.handle_bytes(Instant::START, b"SYST\r\nFEAT\r\nNOOP\r\n");
    let Output::Write(bytes) = session.poll_output() else {
        panic!("nothing is said");
    };
    assert!(bytes.starts_with(b"220 ") && bytes.ends_with(b"200 Done.\r\n"));
    assert!(matches!(session.poll_output(), Output::Wait(Some(_))));
}

#[test]
fn a_flood_is_pushed_back_and_loses_nothing() {
    let mut config = Config::default();
    config.limits.line = size(config.limits.line, 512);
    config.limits.pipeline = size(config.limits.pipeline, 512);
    let mut rig = Rig::new(config);
    rig.play(IN);
    // While a question is open, commands wait as bytes.
    rig.play("C: CWD x\nE: Directory");
    let mut sent = 0;
    while rig.session.wants_read() {
        rig.bytes(&b"NOOP\r\n".repeat(20));
        sent += 20;
    }
    assert!(sent >= size(10_000, 80));
    assert!(rig.log.is_empty());
    rig.answer("ok");
    let replies: Vec<_> = rig.log.drain(..).collect();
    assert_eq!(replies.len(), sent + 1);
    assert!(replies[0].starts_with("S: 250"));
    assert!(replies[1..].iter().all(|reply| reply.starts_with("S: 200")));
    assert!(rig.session.wants_read());
    // The replies to a flood that nobody takes do not pile up.
    let flood = size(10_000, 30);
    rig.session
        .handle_bytes(rig.now, &b"NOOP\r\n".repeat(flood));
    let Output::Write(bytes) = rig.session.poll_output() else {
        panic!("nothing is said");
    };
    assert!(bytes.len() < 40_000);
    rig.pump();
    assert_eq!(rig.log.len() * 11 + bytes.len(), flood * 11);
}

#[test]
fn an_idle_session_is_small() {
    // What the account of transitions takes, when there is one, is not the session's.
    let account = size_of::<Taken>() * 3 * AUTOMATA.len();
    let size = size_of::<Connection>();
    assert!(size <= 600 + account, "{size}");
    let mut rig = Rig::new(Config::default());
    rig.play(IN);
    assert!(rig.session.outbox.is_empty());
    assert!(rig.session.framer.is_empty());
}

#[test]
fn what_it_is_doing_can_be_seen() {
    let mut rig = Rig::new(Config::default());
    assert!(rig.session.user().is_none() && rig.session.working_directory().is_none());
    rig.play(IN);
    assert!(rig.session.is_logged_in());
    assert_eq!(rig.session.user().unwrap().as_bytes(), b"anna");
    assert_eq!(
        rig.session.working_directory().unwrap().as_bytes(),
        b"/home"
    );
    assert!(!rig.session.is_transferring());
    rig.play(FLOWING);
    assert!(rig.session.is_transferring());
    assert!(format!("{:?}", rig.session).contains("anna"));
}

#[test]
fn commands_and_replies_are_told_where_wanted() {
    let mut config = Config::default();
    config.trace = true;
    fresh_with(
        config,
        "S: 220
         C: USER anna
         E: Command(User(\"anna\"))
         S: 331
         E: Replied(331)
         C: PASS secret
         E: Command(Pass(Secret(***)))
         E: Login
         A: ok
         S: 230
         E: Replied(230)
         C: bogus
         E: Command(Other
         S: 500
         E: Replied(500)
         C: QUIT
         E: Command(Quit)
         S: 221
         E: Replied(221)
         X: Ok",
    );
}
