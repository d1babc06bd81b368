//! Ends of a session while something is under way.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use ftpkit_proto::client::{Outcome, Request};
use ftpkit_test::{Conditions, Ended, Pair, Store};

fn pair() -> Pair {
    let store = Store::new().with_file("/f", vec![7; 5000]);
    let mut pair = Pair::new(Conditions::default(), store);
    pair.login();
    pair
}

#[test]
fn quit_waits_for_the_transfer_before_it() {
    let mut pair = pair();
    let get = pair.download("/f");
    let quit = pair.submit(Request::Quit);
    let late = pair.download("/f");
    pair.run();
    assert!(pair.is_transferred(get), "{}", pair.transcript());
    assert_eq!(pair.code(quit), Some(221), "{}", pair.transcript());
    assert!(matches!(pair.outcome(late), Some(Outcome::Rejected)));
    assert_eq!(pair.finish(), Ended::Well);
}

#[test]
fn a_control_connection_that_is_lost_at_any_byte_ends_both_sides() {
    use ftpkit_test::Side;
    for side in [Side::Client, Side::Server] {
        let mut losses = 0;
        for byte in 0.. {
            let mut conditions = Conditions::default();
            conditions.lose_control = Some((side, byte));
            let store = Store::new().with_file("/f", vec![7; 5000]);
            let mut pair = Pair::new(conditions, store);
            pair.login();
            let get = pair.download("/f");
            let put = pair.upload("/g", vec![8; 5000]);
            pair.run();
            if let Some(content) = pair.downloaded(get) {
                assert_eq!(content, &[7; 5000][..], "{}", pair.transcript());
            }
            if pair.is_transferred(put) {
                let stored = pair.store().file("/g");
                assert_eq!(stored, Some(&[8; 5000][..]), "{}", pair.transcript());
            }
            if pair.finish() == Ended::Well {
                break;
            }
            losses += 1;
        }
        assert!(losses > 60, "{losses} losses of {side:?}");
    }
}
