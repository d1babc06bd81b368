//! Data connections under TLS: how they end, whom they are with, and what becomes of transfers
//! whose sessions did not resume.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ftpkit_client::{Client, ErrorKind, TlsMode, proto::command::Command, tls::TlsVersions};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    peer::{Peer, serve},
    secured::{Ca, Data, Shown, Tls, end, read, serve_tls},
};

const BOTH: [TlsVersions; 2] = [TlsVersions::Tls12, TlsVersions::Tls13];

async fn still_works(peer: &mut Peer) {
    peer.answer("NOOP", "200 ok").await;
    peer.until_end().await;
}

async fn noop(client: &mut Client) {
    let reply = client.command(Command::Noop).await.unwrap();
    assert_eq!(reply.code().number(), 200);
}

/// Ends the connection without close_notify.
async fn cut(data: Data) {
    let (mut stream, _) = data.into_inner();
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
}

#[tokio::test]
async fn both_sides_say_that_it_was_the_end() {
    for versions in BOTH {
        let (builder, server) = serve_tls(versions, async |peer, tls| {
            let mut peer = peer.login_tls(&tls).await;
            let data = peer.type_and_epsv().await;
            peer.answer("RETR a", "150 opening").await;
            tls.send(&data, b"hello").await;
            peer.reply("226 done").await;
            let data = peer.epsv().await;
            peer.answer("STOR b", "150 opening").await;
            assert_eq!(tls.receive(&data).await, b"hello");
            peer.reply("226 done").await;
            still_works(&mut peer).await;
        })
        .await;
        let mut client = builder.connect().await.unwrap();
        let mut file = Vec::new();
        let done = client.download("a", &mut file).await.unwrap();
        assert_eq!((&file[..], done.proven), (&b"hello"[..], true));
        assert_eq!(done.resumed, Some(true));
        client.upload(&file[..], "b").await.unwrap();
        noop(&mut client).await;
        drop(client);
        server.await.unwrap();
    }
}

#[tokio::test]
async fn a_download_that_was_cut_is_no_whole_one() {
    for accept in [false, true] {
        let (builder, server) = serve_tls(TlsVersions::All, async |peer, tls| {
            let mut peer = peer.login_tls(&tls).await;
            let data = peer.type_and_epsv().await;
            peer.answer("RETR a", "150 opening").await;
            let mut data = tls.resume(&data).await;
            data.write_all(b"hel").await.unwrap();
            data.flush().await.unwrap();
            cut(data).await;
            peer.reply("226 done").await;
            still_works(&mut peer).await;
        })
        .await;
        let mut client = builder
            .accept_unclean_close(accept)
            .connect()
            .await
            .unwrap();
        let mut file = Vec::new();
        let result = client.download("a", &mut file).await;
        assert_eq!(file, b"hel");
        if accept {
            assert!(!result.unwrap().proven);
        } else {
            let error = result.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
            assert!(error.to_string().contains("close_notify"), "{error}");
        }
        noop(&mut client).await;
        drop(client);
        server.await.unwrap();
    }
}

#[tokio::test]
async fn a_download_that_ends_in_the_midst_of_a_record_is_no_whole_one_for_anybody() {
    for accept in [false, true] {
        let (builder, server) = serve_tls(TlsVersions::All, async |peer, tls| {
            let mut peer = peer.login_tls(&tls).await;
            let data = peer.type_and_epsv().await;
            peer.answer("RETR a", "150 opening").await;
            let mut data = tls.resume(&data).await;
            data.write_all(b"hel").await.unwrap();
            data.flush().await.unwrap();
            // The beginning of a record of 80 bytes.
            let half = [0x17, 3, 3, 0, 80, 1, 2, 3];
            data.get_mut().0.write_all(&half).await.unwrap();
            cut(data).await;
            peer.reply("226 done").await;
            still_works(&mut peer).await;
        })
        .await;
        let mut client = builder
            .accept_unclean_close(accept)
            .connect()
            .await
            .unwrap();
        let mut file = Vec::new();
        let result = client.download("a", &mut file).await;
        assert_eq!(file, b"hel");
        assert!(result.is_err(), "{result:?}");
        noop(&mut client).await;
        drop(client);
        server.await.unwrap();
    }
}

#[tokio::test]
async fn data_connections_are_with_the_server_of_the_control_connection() {
    for versions in BOTH {
        let ca = Ca::new();
        // The CA vouches for both, and the client resumes with neither.
        let (tls, other) = (ca.server(Shown::Good), ca.server(Shown::Good));
        let (builder, server) = serve(async move |peer| {
            let mut peer = peer.login_tls(&tls).await;
            let data = peer.type_and_epsv().await;
            peer.answer("STOR a", "150 opening").await;
            if let Ok(mut data) = other.begin(&data).await {
                let mut payload = Vec::new();
                let _ = data.read_to_end(&mut payload).await;
                assert_eq!(payload, b"");
            }
            peer.reply("426 broken").await;
            still_works(&mut peer).await;
        })
        .await;
        let mut client = builder
            .tls(TlsMode::Required)
            .tls_config(ca.client(versions))
            .connect()
            .await
            .unwrap();
        let error = client.upload(&b"secret"[..], "a").await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
        assert!(error.to_string().contains("another certificate"), "{error}");
        noop(&mut client).await;
        drop(client);
        server.await.unwrap();
    }
}

/// A download that resumes, so that the client knows that this server can.
async fn first(peer: Peer, tls: &Tls) -> Peer {
    let mut peer = peer.login_tls(tls).await;
    let data = peer.type_and_epsv().await;
    peer.answer("RETR first", "150 opening").await;
    tls.send(&data, b"hello").await;
    peer.reply("226 done").await;
    peer
}

#[tokio::test]
async fn an_upload_that_would_be_refused_is_begun_anew_unseen() {
    for versions in BOTH {
        for (refusal, append) in [("425 no", false), ("226 ok", false), ("522 no", true)] {
            let (builder, server) = serve_tls(versions, async move |peer, tls| {
                let command = if append { "APPE a" } else { "STOR a" };
                let mut peer = first(peer, &tls).await;
                let data = peer.epsv().await;
                peer.answer(command, "150 opening").await;
                let mut data = tls.begin(&data).await.unwrap();
                // Nothing, and its end.
                assert_eq!(read(&mut data).await, b"");
                end(data).await;
                peer.reply(refusal).await;
                let data = peer.epsv().await;
                peer.answer(command, "150 opening").await;
                assert_eq!(tls.receive(&data).await, b"payload");
                peer.reply("226 done").await;
                still_works(&mut peer).await;
            })
            .await;
            let seen = Arc::new(AtomicUsize::new(0));
            let counted = Arc::clone(&seen);
            let builder = builder.trace(move |line| {
                if line.to_string() == format!("< {refusal}") {
                    counted.fetch_add(1, Ordering::Relaxed);
                }
            });
            let mut client = builder.connect().await.unwrap();
            let mut file = Vec::new();
            client.download("first", &mut file).await.unwrap();
            let mut upload = client.upload(&b"payload"[..], "a");
            if append {
                upload = upload.append();
            }
            let done = upload.await.unwrap();
            assert_eq!((done.bytes, done.resumed), (7, Some(true)));
            // Whoever looks at the protocol sees it.
            assert_eq!(seen.load(Ordering::Relaxed), 1);
            noop(&mut client).await;
            drop(client);
            server.await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_download_that_was_refused_is_begun_anew_unseen() {
    for versions in BOTH {
        for (refusal, early) in [("425 no", false), ("522 no", false), ("425 no", true)] {
            let (builder, server) = serve_tls(versions, async move |peer, tls| {
                let mut peer = peer.login_tls(&tls).await;
                let data = peer.type_and_epsv().await;
                peer.answer("RETR a", "150 opening").await;
                let data = tls.begin(&data).await.unwrap();
                if early {
                    peer.reply(refusal).await;
                    end(data).await;
                } else {
                    end(data).await;
                    peer.reply(refusal).await;
                }
                let data = peer.epsv().await;
                peer.answer("RETR a", "150 opening").await;
                tls.send(&data, b"hello").await;
                peer.reply("226 done").await;
                still_works(&mut peer).await;
            })
            .await;
            let mut client = builder.connect().await.unwrap();
            let mut file = Vec::new();
            let done = client.download("a", &mut file).await.unwrap();
            assert_eq!((&file[..], done.bytes), (&b"hello"[..], 5));
            noop(&mut client).await;
            drop(client);
            server.await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_listing_that_was_refused_is_begun_anew_unseen() {
    let (builder, server) = serve_tls(TlsVersions::All, async |peer, tls| {
        let mut peer = peer.login_tls(&tls).await;
        let data = peer.type_and_epsv().await;
        peer.answer("MLSD", "150 opening").await;
        cut(tls.begin(&data).await.unwrap()).await;
        peer.reply("425 no").await;
        let data = peer.epsv().await;
        peer.answer("MLSD", "150 opening").await;
        tls.send(&data, b"type=file; a\r\n").await;
        peer.reply("226 done").await;
        still_works(&mut peer).await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let listing = client.list("").await.unwrap().collect().await.unwrap();
    assert_eq!(listing.len(), 1);
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn what_nobody_waits_for_any_more_is_given_up_when_it_begins_anew() {
    let (gone, is_gone) = tokio::sync::oneshot::channel();
    let (builder, server) = serve_tls(TlsVersions::All, async |peer, tls| {
        let mut peer = peer.login_tls(&tls).await;
        let data = peer.type_and_epsv().await;
        peer.answer("RETR a", "150 opening").await;
        end(tls.begin(&data).await.unwrap()).await;
        is_gone.await.unwrap();
        peer.reply("425 no").await;
        let data = peer.epsv().await;
        peer.answer("RETR a", "150 opening").await;
        // The client drops it as soon as it is there.
        let _ = tls.begin(&data).await;
        peer.answer("ABOR", "426 broken\r\n226 aborted").await;
        peer.answer("PWD", "257 \"/\"").await;
        still_works(&mut peer).await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let mut reader = client.reader("a").await.unwrap();
    let mut byte = [0];
    let wait = Duration::from_millis(200);
    let waiting = tokio::time::timeout(wait, reader.read(&mut byte)).await;
    assert!(waiting.is_err(), "it waits for the server's word");
    drop(reader);
    gone.send(()).unwrap();
    noop(&mut client).await;
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_refusal_that_closes_the_session_says_so() {
    let (builder, server) = serve_tls(TlsVersions::All, async |peer, tls| {
        let mut peer = peer.login_tls(&tls).await;
        let data = peer.type_and_epsv().await;
        peer.answer("STOR a", "150 opening").await;
        let data = tls.begin(&data).await.unwrap();
        cut(data).await;
        peer.reply("522 SSL connection failed; session reuse required")
            .await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let error = client.upload(&b"payload"[..], "a").await.unwrap_err();
    assert!(error.to_string().contains("session reuse"), "{error}");
    assert!(client.command(Command::Noop).await.is_err());
    server.await.unwrap();
}
