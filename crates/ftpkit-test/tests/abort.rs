//! A transfer is given up after every step that it takes; the next one works.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::time::Duration;

use ftpkit_proto::client::{Config, DataMode, RequestId};
use ftpkit_test::{Answering, Conditions, Ended, Pair, Store};

fn each_step(make: impl Fn() -> (Pair, RequestId), check: impl Fn(&Pair, RequestId)) {
    for steps in 0.. {
        let (mut pair, id) = make();
        for _ in 0..steps {
            pair.step();
        }
        let over = pair.outcome(id).is_some();
        pair.abort(id);
        pair.run();
        check(&pair, id);
        let next = pair.download("/f");
        pair.run();
        assert_eq!(
            pair.downloaded(next),
            Some(&[7; 5000][..]),
            "after {steps} steps\n{}",
            pair.transcript()
        );
        assert_eq!(pair.finish(), Ended::Well);
        if over {
            assert!(steps > 10, "it was over before it began");
            return;
        }
    }
}

fn pair(data_mode: DataMode, telnet: bool, data_delay: u64, answering: Answering) -> Pair {
    let mut client = Config::default();
    client.data_mode = data_mode;
    client.telnet_abort = telnet;
    // No reply too many is forgiven.
    client.lenient = false;
    let mut conditions = Conditions::default();
    conditions.data_delay = Duration::from_millis(data_delay);
    let store = Store::new()
        .with_file("/f", vec![7; 5000])
        .answering([answering]);
    let mut pair = Pair::with(
        conditions,
        store,
        client,
        ftpkit_proto::server::Config::default(),
    );
    pair.login();
    pair
}

fn settings() -> impl Iterator<Item = (DataMode, bool, u64, Answering)> {
    let answering = [
        Answering::AtOnce,
        Answering::After(Duration::from_millis(30)),
    ];
    [DataMode::Passive, DataMode::Active]
        .into_iter()
        .flat_map(|mode| [false, true].map(|telnet| (mode, telnet)))
        .flat_map(|(mode, telnet)| [0, 1, 20].map(|delay| (mode, telnet, delay)))
        .flat_map(move |(mode, telnet, delay)| {
            answering.map(|answering| (mode, telnet, delay, answering))
        })
}

#[test]
fn a_download() {
    for (mode, telnet, delay, answering) in settings() {
        each_step(
            || {
                let mut pair = pair(mode, telnet, delay, answering);
                let get = pair.download("/f");
                (pair, get)
            },
            |pair, get| {
                if let Some(content) = pair.downloaded(get) {
                    assert_eq!(content, &[7; 5000][..], "{}", pair.transcript());
                }
            },
        );
    }
}

/// An offset that the server holds already must not become the next download's.
#[test]
fn a_download_from_an_offset() {
    for (mode, telnet, delay, answering) in settings() {
        each_step(
            || {
                let mut pair = pair(mode, telnet, delay, answering);
                let get = pair.download_from("/f", 1234);
                (pair, get)
            },
            |pair, get| {
                if let Some(content) = pair.downloaded(get) {
                    assert_eq!(content, &[7; 5000 - 1234][..], "{}", pair.transcript());
                }
            },
        );
    }
}

#[test]
fn an_upload() {
    for (mode, telnet, delay, answering) in settings() {
        each_step(
            || {
                let mut pair = pair(mode, telnet, delay, answering);
                let put = pair.upload("/g", vec![8; 5000]);
                (pair, put)
            },
            |pair, put| {
                let stored = pair.store().file("/g");
                if pair.is_transferred(put) {
                    assert_eq!(stored, Some(&[8; 5000][..]), "{}", pair.transcript());
                }
                // Given up, it is stored whole, when all of it had arrived, or not at all.
                if let Some(stored) = stored {
                    assert_eq!(stored, &[8; 5000][..], "{}", pair.transcript());
                }
            },
        );
    }
}

#[test]
fn a_storage_that_hangs_does_not_keep_the_client() {
    let store = Store::new().with_file("/f", vec![7; 5000]).answering([
        Answering::AtOnce,
        Answering::Never,
        Answering::AtOnce,
        Answering::AtOnce,
    ]);
    let mut pair = Pair::new(Conditions::default(), store);
    pair.login();
    let hangs = pair.download("/f");
    pair.wait(Duration::from_millis(100));
    assert!(pair.outcome(hangs).is_none(), "{}", pair.transcript());
    let then = pair.now();
    pair.abort(hangs);
    pair.run();
    let took = pair.now() - then;
    assert!(took < Duration::from_secs(1), "{}", pair.transcript());
    let next = pair.download("/f");
    pair.run();
    assert!(pair.is_transferred(next), "{}", pair.transcript());
    assert_eq!(pair.finish(), Ended::Well);
}
