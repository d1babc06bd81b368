//! Random sessions, with the promises that hold in every one, and the transitions that all of
//! them together must take.
//!
//! `FTPKIT_SESSIONS` says how many there are, `FTPKIT_SEED` where they begin. A failure prints
//! its seed, which makes the same session again, and a transcript; `FTPKIT_TRANSCRIPT` names a
//! file with one that is to happen again.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use ftpkit_test::{
    Side, Transcript,
    random::{Run, replays, transcript},
};

/// So many sessions take every transition.
const ENOUGH: u64 = 30_000;

#[test]
fn every_session_keeps_its_promises_and_every_transition_is_taken() {
    let run = Run::from_environment(ENOUGH, 1);
    let report = run.have();
    println!("{report}");
    assert!(report.failure().is_none(), "a session broke a promise");
    if run.sessions >= ENOUGH {
        assert_eq!(
            report.missing(),
            [""; 0],
            "legal transitions were not taken"
        );
    }
}

#[test]
fn a_seed_makes_the_same_session_every_time() {
    let mut printed = Vec::new();
    for seed in 0..50 {
        let session = transcript(seed).to_string();
        assert_eq!(transcript(seed).to_string(), session);
        printed.push(session);
    }
    printed.sort();
    printed.dedup();
    assert!(printed.len() > 40, "seeds make different sessions");
}

#[test]
fn a_printed_session_happens_again() {
    if let Some(path) = std::env::var_os("FTPKIT_TRANSCRIPT") {
        let text = std::fs::read_to_string(path).unwrap();
        let printed: Transcript = text.parse().unwrap();
        for side in printed.sides() {
            let again = printed.replay(side);
            println!("{again}");
            assert_eq!(again.done_by(side), printed.done_by(side), "{side:?}");
        }
        return;
    }
    let sessions: Vec<Transcript> = (0..300).map(transcript).collect();
    for session in &sessions {
        replays(session);
    }
    let took_part = |side| {
        sessions
            .iter()
            .filter(|s| s.sides().any(|one| one == side))
            .count()
    };
    for side in [Side::Client, Side::Server] {
        assert!((100..300).contains(&took_part(side)), "{side:?}");
    }
}

/// A promise that cannot be kept, to see what becomes of one that is broken.
fn nothing_is_ever_uploaded(transcript: &Transcript) {
    let mut lines = transcript.said();
    assert!(!lines.any(|line| line.starts_with("C: STOR")), "an upload");
}

#[test]
fn a_broken_promise_is_reported_small_and_with_its_seed() {
    let mut run = Run::new(200, 1);
    run.promise = Some(nothing_is_ever_uploaded);
    let report = run.have();
    let (seed, said) = report.failure().unwrap();
    let head = format!("seed {seed}: an upload\n");
    assert!(said.starts_with(&head), "{said}");
    let steps = said[head.len()..].split(' ').next().unwrap();
    assert!(steps.parse::<usize>().unwrap() <= 3, "{said}");

    // All that is printed may be given to whoever wants to see it again.
    let printed: Transcript = report.to_string().parse().unwrap();
    assert!(printed.said().any(|line| line.starts_with("C: STOR")));
    replays(&printed);

    // It is the first of them, on however many cores.
    run.sessions = seed - run.seed;
    assert!(run.have().failure().is_none());
    run.sessions += 1;
    assert_eq!(run.have().failure().unwrap(), (seed, said));
}
