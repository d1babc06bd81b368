//! Payload under TLS, between a client's stream and a server's.

use std::{future::poll_fn, sync::atomic::AtomicU64};

use rcgen::{CertificateParams, KeyPair};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;
use crate::{
    pump::{Reader, Writer, receive, send},
    tls::{ClientTls, Identity, ServerTls, SessionReuse},
};

async fn pair() -> (DataStream, DataStream) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap().pem();
    let identity = Identity::from_pem(certificate.as_bytes(), key.serialize_pem().as_bytes());
    let server = ServerTls::builder()
        .identity(identity.unwrap())
        .reuse(SessionReuse::Off)
        .build()
        .unwrap();
    let client = ClientTls::builder().dangerous_trust_anybody();
    let client = client.build().unwrap().session("localhost").unwrap();
    let server = server.session().unwrap();

    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = TcpStream::connect(listener.local_addr().unwrap());
    let (there, here) = tokio::join!(there, listener.accept());
    let ends = [
        (server, TlsRole::Server, here.unwrap().0),
        (client, TlsRole::Client, there.unwrap()),
    ];
    let [mut here, mut there] = ends.map(|(session, role, stream)| {
        let peer = stream.peer_addr().unwrap();
        Securing::new(&Arc::new(session), role, stream, peer).unwrap()
    });
    let (here, there) = tokio::join!(poll_fn(|cx| here.poll(cx)), poll_fn(|cx| there.poll(cx)));
    let (mut here, _) = here.unwrap();
    here.release_tickets();
    (here, there.unwrap().0)
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
