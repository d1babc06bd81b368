//! Payload under TLS, between a client's stream and a server's.

use std::{future::poll_fn, sync::atomic::AtomicU64, task::Waker};

use ftpkit_proto::{DataId, DataRequest, address::Endpoints};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;
use crate::{
    data::{Answer, DataOptions, Plane, State},
    pace::tests::is_polled_again,
    pump::{Reader, Writer, receive, send},
    tls::tests::sessions,
};

/// So long that no test sees its end.
const LONG: Duration = Duration::from_secs(4);

/// Both ends of a connection before the handshake, the server's first, with how each waits.
async fn handshakes(paces: [Pace; 2]) -> [Securing; 2] {
    let [server, client] = sessions();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = TcpStream::connect(listener.local_addr().unwrap());
    let (there, here) = tokio::join!(there, listener.accept());
    let ends = [
        (server, TlsRole::Server, here.unwrap().0),
        (client, TlsRole::Client, there.unwrap()),
    ];
    let mut paces = paces.into_iter();
    ends.map(|(session, role, stream)| {
        let peer = stream.peer_addr().unwrap();
        let pace = paces.next().unwrap();
        Securing::new(&Arc::new(session), role, stream, peer, pace).unwrap()
    })
}

async fn pair() -> (DataStream, DataStream) {
    pair_with(Default::default()).await
}

async fn pair_with(paces: [Pace; 2]) -> (DataStream, DataStream) {
    let [mut here, mut there] = handshakes(paces).await;
    let (here, there) = tokio::join!(poll_fn(|cx| here.poll(cx)), poll_fn(|cx| there.poll(cx)));
    let (mut here, _) = here.unwrap();
    here.release_tickets();
    (here, there.unwrap().0)
}

/// Whether what waits is polled again although the peer says nothing.
async fn stays_awake(wait: impl FnOnce(&mut Context<'_>) -> bool) -> bool {
    is_polled_again(|cx| assert!(wait(cx), "it waits")).await
}

#[tokio::test]
async fn a_server_waits_awake_until_the_handshake_is_over() {
    for (pace, expected) in [(Pace::new(LONG, true), true), (Pace::default(), false)] {
        let [mut here, _there] = handshakes([pace, Pace::default()]).await;
        let awake = stays_awake(|cx| here.poll(cx).is_pending()).await;
        assert_eq!(awake, expected);
    }
    let (mut here, _there) = pair_with([Pace::new(LONG, true), Pace::default()]).await;
    assert!(!stays_awake(|cx| reads_nothing(&mut here, cx)).await);
}

#[tokio::test]
async fn a_client_waits_awake_for_payload_too() {
    for (pace, expected) in [(Pace::new(LONG, true), true), (Pace::default(), false)] {
        let (_here, mut there) = pair_with([Pace::default(), pace]).await;
        // The tickets, before the silence.
        while !reads_nothing(&mut there, &mut Context::from_waker(Waker::noop())) {}
        let awake = stays_awake(|cx| reads_nothing(&mut there, cx)).await;
        assert_eq!(awake, expected);
    }
}

#[tokio::test]
async fn a_session_says_for_how_long() {
    for (limit, is_quick, expected) in [
        (LONG, true, true),
        (LONG, false, false),
        (Duration::ZERO, true, false),
    ] {
        let [Securing { session, .. }, _] = handshakes(Default::default()).await;
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_there, here) = tokio::join!(TcpStream::connect(address), listener.accept());
        let (here, peer) = here.unwrap();

        let options = DataOptions::default().with_busy_wait(limit);
        let mut plane = Plane::new(Arc::new(options), Endpoints::new(address, peer));
        plane.set_tls(session);
        let id = DataId::new(1);
        plane.put(id, State::Connected(here, peer));
        let control = Pace::new(LONG, is_quick);
        let secure = DataRequest::Secure(TlsRole::Server);
        assert!(matches!(plane.request(id, secure, &control), Answer::None));
        let awake = stays_awake(|cx| plane.poll(cx).is_pending()).await;
        assert_eq!(awake, expected, "{limit:?}, quick: {is_quick}");
    }
}

fn reads_nothing(stream: &mut DataStream, cx: &mut Context<'_>) -> bool {
    use tokio::io::{AsyncRead as _, ReadBuf};
    let mut space = [0; 8];
    let read = Pin::new(stream).poll_read(cx, &mut ReadBuf::new(&mut space));
    read.is_pending()
}

#[tokio::test]
async fn what_a_slow_source_gave_does_not_wait_for_the_rest() {
    let (here, mut there) = pair().await;
    let (mut given, source) = tokio::io::duplex(64);
    let moved = Arc::default();
    let (sent, ()) = tokio::join!(send(here, Reader::new(source), &moved), async {
        for piece in [&b"first"[..], b"second"] {
            given.write_all(piece).await.unwrap();
            let mut got = vec![0; piece.len()];
            there.read_exact(&mut got).await.unwrap();
            assert_eq!(got, piece);
        }
        drop(given);
        assert_eq!(there.read(&mut [0; 8]).await.unwrap(), 0);
    });
    assert_eq!(sent.unwrap().bytes, 11);
}

#[tokio::test]
async fn payload_of_any_length_arrives_whole_both_ways() {
    for size in [0, 1, 16_384, 32_700, 32_768, 131_072, 131_073, 1_000_003] {
        for backwards in [false, true] {
            let (here, there) = pair().await;
            let (from, to) = if backwards {
                (there, here)
            } else {
                (here, there)
            };
            let all: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            let (counts, mut got) = ([const { AtomicU64::new(0) }; 2].map(Arc::new), Vec::new());
            let (sent, received) = tokio::join!(
                send(from, Reader::new(all.as_slice()), &counts[0]),
                receive(to, Writer::new(&mut got), &counts[1]),
            );
            assert_eq!(sent.unwrap(), received.unwrap());
            assert!(got == all, "{size} bytes, backwards: {backwards}");
        }
    }
}
