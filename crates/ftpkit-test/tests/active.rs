//! Active mode: the server calls.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use ftpkit_proto::client::{Config, DataMode};
use ftpkit_test::{Conditions, Ended, Pair, Store};

fn pair(conditions: Conditions) -> Pair {
    let mut client = Config::default();
    client.data_mode = DataMode::Active;
    let store = Store::new().with_file("/f", vec![7; 5000]);
    Pair::with(
        conditions,
        store,
        client,
        ftpkit_proto::server::Config::default(),
    )
}

#[test]
fn both_directions() {
    for stranger in [false, true] {
        let mut conditions = Conditions::default();
        conditions.stranger = stranger;
        let mut pair = pair(conditions);
        pair.login();
        let get = pair.download("/f");
        let put = pair.upload("/g", vec![8; 5000]);
        pair.run();
        assert_eq!(
            pair.downloaded(get),
            Some(&[7; 5000][..]),
            "{}",
            pair.transcript()
        );
        assert!(pair.is_transferred(put), "{}", pair.transcript());
        assert_eq!(pair.store().file("/g"), Some(&[8; 5000][..]));
        assert_eq!(pair.finish(), Ended::Well);
    }
}

#[test]
fn a_server_that_cannot_call_says_so_and_the_next_transfer_works() {
    let mut conditions = Conditions::default();
    conditions.refuse = 1;
    let mut pair = pair(conditions);
    pair.login();
    let refused = pair.download("/f");
    let works = pair.download("/f");
    pair.run();
    assert_eq!(pair.code(refused), Some(425), "{}", pair.transcript());
    assert!(pair.is_transferred(works), "{}", pair.transcript());
    assert_eq!(pair.finish(), Ended::Well);
}
