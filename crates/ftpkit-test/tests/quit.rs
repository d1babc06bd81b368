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
