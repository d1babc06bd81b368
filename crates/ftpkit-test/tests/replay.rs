//! A printed transcript happens again: the client's lines against a new server give the same
//! replies, the server's against a new client the same commands, and in other pieces too.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::time::Duration;

use ftpkit_proto::{
    Command, PathArg,
    client::{self, DataMode, Request, Transfer},
    command::ListArgs,
    server::{self, TlsPolicy},
};
use ftpkit_test::{Answering, Conditions, Pair, Side, Store, Transcript};

/// A session with something of everything.
fn session(conditions: Conditions, client: client::Config, answering: Answering) -> Pair {
    let mut server = server::Config::default();
    server.tls = TlsPolicy::Offered;
    let store = Store::new()
        .with_file("/a b", vec![7; 5000])
        .answering([answering]);
    let mut pair = Pair::with(conditions, store, client, server);
    pair.submit(Request::Features);
    pair.submit(Request::Secure { protect_data: true });
    pair.login();
    pair.download("/a b");
    pair.download("/missing");
    pair.upload("/c", vec![8; 3000]);
    pair.transfer(Transfer::List(ListArgs::default()));
    let path = PathArg::from_static("/a b");
    pair.submit(Request::Command(Command::Mlst(Some(path.clone()))));
    pair.submit(Request::Command(Command::Stat(path.clone().into())));
    pair.submit(Request::Rename {
        from: path,
        to: PathArg::from_static("/d\\e"),
    });
    let given_up = pair.download("/d\\e");
    for _ in 0..60 {
        pair.step();
    }
    pair.abort(given_up);
    pair.run();
    pair.finish();
    pair
}

fn check(pair: &Pair) {
    let printed = format!("what a test says\n{}\nand more", pair.transcript());
    let transcript: Transcript = printed.parse().unwrap();
    assert!(pair.transcript().is_whole());
    assert_eq!(transcript.to_string(), pair.transcript().to_string());
    for side in [Side::Client, Side::Server] {
        let done = pair.transcript().done_by(side);
        assert!(done.len() > 1, "{printed}");
        assert_eq!(transcript.replay(side).done_by(side), done, "{printed}");
        for size in [1, 7] {
            let again = transcript.replay_in_pieces(side, size);
            assert_eq!(again.done_by(side), done, "{printed}");
        }
    }
}

#[test]
fn what_was_said_is_said_again() {
    for active in [false, true] {
        for answering in [
            Answering::AtOnce,
            Answering::After(Duration::from_millis(7)),
        ] {
            let mut client = client::Config::default();
            if active {
                client.data_mode = DataMode::Active;
            }
            check(&session(Conditions::default(), client, answering));
        }
    }
}

#[test]
fn and_so_is_what_ended_badly() {
    for byte in (0..2000).step_by(41) {
        for side in [Side::Client, Side::Server] {
            let mut conditions = Conditions::default();
            conditions.lose_control = Some((side, byte));
            conditions.fragment = 5;
            let client = client::Config::default();
            check(&session(conditions, client, Answering::AtOnce));
        }
    }
}

#[test]
fn what_is_no_transcript_is_not_read() {
    assert!("S: 220 Hello".parse::<Transcript>().is_err());
    assert!("# settings: client.nose=1".parse::<Transcript>().is_err());
}
