//! Random sessions of both SFTP machines in virtual time, each held to what every session
//! promises.
//!
//! `FTPKIT_SFTP_SESSIONS` says how many there are, `FTPKIT_SEED` where they begin. A failure
//! prints its seed, which makes the same session again, and what happened in it.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::env;

use ftpkit_test::sftp::session;

fn number(name: &str, usual: u64) -> u64 {
    env::var(name).map_or(usual, |text| text.parse().unwrap())
}

#[test]
fn every_session_keeps_its_promises() {
    let (count, first) = (
        number("FTPKIT_SFTP_SESSIONS", 300),
        number("FTPKIT_SEED", 1),
    );
    let (mut lost, mut ended, mut succeeded) = (0, 0, 0);
    for seed in first..first + count {
        let report = session(seed);
        lost += u64::from(report.lost);
        ended += report.ended;
        succeeded += report.succeeded;
    }
    println!(
        "{count} sessions of SFTP from seed {first}: {lost} lost their connection, {succeeded} of \
         {ended} requests succeeded"
    );
    if count >= 300 {
        // Else the sessions are not what they are meant to be.
        assert!(lost * 20 > count && lost * 2 < count, "{lost} were lost");
        assert!(succeeded * 3 > ended && succeeded < ended);
    }
}

#[test]
fn a_seed_makes_the_same_session_every_time() {
    for seed in 0..30 {
        assert_eq!(session(seed).lines, session(seed).lines);
    }
}
