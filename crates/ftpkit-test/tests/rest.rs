//! Transfers that begin at an offset.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use ftpkit_proto::client::Transfer;
use ftpkit_test::{Conditions, Ended, Pair, Store};

#[test]
fn a_download_resumes_where_it_is_told_to() {
    let mut pair = Pair::new(
        Conditions::default(),
        Store::new().with_file("/f", *b"0123456789"),
    );
    pair.login();
    for offset in 0..=10u8 {
        let get = pair.download_from("/f", offset.into());
        pair.run();
        assert_eq!(
            pair.downloaded(get),
            Some(&b"0123456789"[usize::from(offset)..]),
            "{}",
            pair.transcript()
        );
    }
    let beyond = pair.download_from("/f", 11);
    let whole = pair.download("/f");
    pair.run();
    assert_eq!(pair.code(beyond), Some(554), "{}", pair.transcript());
    assert_eq!(pair.downloaded(whole), Some(&b"0123456789"[..]));
    assert_eq!(pair.finish(), Ended::Well);
}

#[test]
fn an_upload_resumes_where_it_is_told_to() {
    let mut pair = Pair::new(
        Conditions::default(),
        Store::new().with_file("/f", *b"01234"),
    );
    pair.login();
    let path = "/f".try_into().unwrap();
    let put = pair.send(Transfer::Upload { path, offset: 5 }, *b"56789");
    pair.run();
    assert!(pair.is_transferred(put), "{}", pair.transcript());
    assert_eq!(pair.store().file("/f"), Some(&b"0123456789"[..]));
    assert_eq!(pair.finish(), Ended::Well);
}
