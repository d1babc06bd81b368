//! What binds a data connection to its control connection: it resumes that TLS session. Anybody
//! else who is quick enough to reach the port is refused, and no byte moves.
#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    future::poll_fn,
    pin::Pin,
    sync::{Arc, Mutex},
    task::Poll,
};

use ftpkit_server::{
    ServerEvent,
    tls::{
        SessionReuse, TlsVersions,
        rustls::{
            ClientConfig, ClientConnection,
            client::{Resumption, Tls12Resumption},
        },
    },
};
use support::{
    Client, Served, pattern, serve_with,
    tls::{BOTH, Ca, Got, Secure, Tls, handshake, is_resumed, read_to_end},
    within,
};
use tokio::io::{AsyncRead as _, AsyncReadExt as _, AsyncWriteExt as _, ReadBuf};

async fn served(ca: &Ca, reuse: SessionReuse) -> Served {
    serve_with(|builder| builder.tls(ca.server().reuse(reuse).build().unwrap())).await
}

/// How clients keep their sessions.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kept {
    Tls12Tickets,
    /// TLS 1.2 by the id that the server gave, without tickets.
    Tls12Ids,
    Tls13,
}

const KEPT: [Kept; 3] = [Kept::Tls12Tickets, Kept::Tls12Ids, Kept::Tls13];

/// A client with a store of sessions of its own.
fn client(ca: &Ca, kept: Kept) -> Arc<ClientConfig> {
    let version = match kept {
        Kept::Tls12Tickets | Kept::Tls12Ids => BOTH[0],
        Kept::Tls13 => BOTH[1],
    };
    let mut config = ca.client(version, None);
    if kept == Kept::Tls12Ids {
        config.resumption =
            Resumption::in_memory_sessions(16).tls12_resumption(Tls12Resumption::SessionIdOnly);
    }
    Arc::new(config)
}

/// A client that resumes nothing.
fn forgetful(ca: &Ca, kept: Kept) -> Arc<ClientConfig> {
    let mut config = ClientConfig::clone(&client(ca, kept));
    config.resumption = Resumption::disabled();
    Arc::new(config)
}

/// Nothing but TLS itself comes over a data connection that was refused.
async fn assert_silent(data: std::io::Result<Tls>) {
    let Ok(mut data) = data else {
        // The server was quicker than the client's last step of the handshake.
        return;
    };
    assert!(!is_resumed(&data), "another session was taken for this one");
    let got = read_to_end(&mut data).await;
    assert_eq!(
        got,
        Got {
            bytes: Vec::new(),
            clean: false
        }
    );
}

#[tokio::test]
async fn the_session_of_another_control_connection_is_refused() {
    let ca = Ca::new();
    for reuse in [SessionReuse::Required, SessionReuse::Auto] {
        let served = served(&ca, reuse).await;
        for kept in KEPT {
            let (a, b) = (client(&ca, kept), client(&ca, kept));
            let mut a = Secure::login(served.addr, &a).await;
            let mut b = Secure::login(served.addr, &b).await;
            let file = pattern(200_000);

            // B's sessions are good, on its own data connections. In Auto mode A has not
            // resumed anything yet, so that the foreign session alone tells.
            let (_, resumed) = b.push("STOR file", &file).await;
            assert!(resumed, "{kept:?}");
            assert_silent(a.begin_as("RETR file", &b.config).await).await;
            a.control.expect(522).await;

            // The handshake that was refused has given B sessions of A's: they are worth nothing.
            // Nor does anything come in: the file that stood there still stands.
            if let Ok(mut data) = a.begin_as("STOR file", &b.config).await {
                // It may be refused already.
                let _ = data.write_all(b"not A's").await;
                let _ = data.shutdown().await;
            }
            a.control.expect(522).await;

            // A itself was not disturbed.
            let (got, resumed) = a.fetch("RETR file").await;
            assert!(got == file && resumed, "{reuse:?}, {kept:?}");
            // Once more, behind that, with what B has by now, and with what a newcomer has.
            assert_silent(a.begin_as("RETR file", &b.config).await).await;
            a.control.expect(522).await;
            let c = Secure::login(served.addr, &client(&ca, kept)).await;
            assert_silent(a.begin_as("RETR file", &c.config).await).await;
            a.control.expect(522).await;
            let (_, resumed) = a.push("STOR other", &file).await;
            assert!(resumed, "{reuse:?}, {kept:?}");
        }
    }
}

#[tokio::test]
async fn a_stranger_on_an_active_connection_is_refused_too() {
    let ca = Ca::new();
    let served = served(&ca, SessionReuse::Required).await;
    for kept in KEPT {
        let (a, b) = (client(&ca, kept), client(&ca, kept));
        let mut a = Secure::login(served.addr, &a).await;
        let mut b = Secure::login(served.addr, &b).await;
        b.push("STOR file", b"B's").await;
        let listener = a.control.eprt().await;
        a.control.cmd("RETR file", 150).await;
        let (stream, _) = within("the server calls", listener.accept()).await.unwrap();
        assert_silent(handshake(&b.config, a.name, stream).await).await;
        a.control.expect(522).await;
    }
}

#[tokio::test]
async fn required_refuses_who_resumes_nothing() {
    let ca = Ca::new();
    let served = served(&ca, SessionReuse::Required).await;
    for kept in KEPT {
        let mut session = Secure::login(served.addr, &forgetful(&ca, kept)).await;
        let config = Arc::clone(&session.config);
        assert_silent(session.begin_as("LIST", &config).await).await;
        session.control.expect(522).await;
        session.control.cmd("NOOP", 200).await;
    }
}

#[tokio::test]
async fn auto_takes_who_cannot_resume_until_it_could() {
    let ca = Ca::new();
    let served = served(&ca, SessionReuse::Auto).await;
    for kept in KEPT {
        let without = forgetful(&ca, kept);
        let mut session = Secure::login(served.addr, &without).await;
        for _ in 0..2 {
            let (_, resumed) = session.push("STOR file", b"new sessions").await;
            assert!(!resumed);
        }
        // One that knows its data connections only, and resumes none but them: what those have
        // been given proves nothing, and is no reason to refuse them.
        let (control, data) = (forgetful(&ca, kept), client(&ca, kept));
        let mut session = Secure::login(served.addr, &control).await;
        for _ in 0..3 {
            let mut data = session.begin_as("RETR file", &data).await.unwrap();
            assert!(!is_resumed(&data), "{kept:?}");
            assert_eq!(read_to_end(&mut data).await.bytes, b"new sessions");
            session.control.expect(226).await;
        }
        // One that can, once, is known to be able to.
        let with = client(&ca, kept);
        let mut session = Secure::login(served.addr, &with).await;
        let mut data = session.begin_as("RETR file", &without).await.unwrap();
        assert_eq!(read_to_end(&mut data).await.bytes, b"new sessions");
        session.control.expect(226).await;
        assert!(session.fetch("RETR file").await.1);
        assert_silent(session.begin_as("RETR file", &without).await).await;
        session.control.expect(522).await;
        assert!(session.fetch("RETR file").await.1);
    }
}

/// Clients of TLS 1.3 make session ids up, for the sake of what is on the way (RFC 8446 app.
/// D.4). They are no sessions of others.
#[tokio::test]
async fn ids_that_are_made_up_are_of_nobody() {
    let ca = Ca::new();
    let tls = ca.server().versions(TlsVersions::Tls12).build().unwrap();
    let served = serve_with(|builder| builder.tls(tls)).await;
    let mut config = ca.client_of(&BOTH, None);
    config.resumption = Resumption::disabled();
    let mut session = Secure::login(served.addr, &Arc::new(config)).await;
    for _ in 0..3 {
        assert!(!session.push("STOR file", b"new sessions").await.1);
    }
}

#[tokio::test]
async fn off_takes_everybody() {
    let ca = Ca::new();
    let served = served(&ca, SessionReuse::Off).await;
    for kept in KEPT {
        let (a, b) = (client(&ca, kept), client(&ca, kept));
        let mut a = Secure::login(served.addr, &a).await;
        let mut b = Secure::login(served.addr, &b).await;
        a.push("STOR file", b"for all").await;
        b.fetch("RETR file").await;
        let mut data = a.begin_as("RETR file", &b.config).await.unwrap();
        assert_eq!(read_to_end(&mut data).await.bytes, b"for all");
        a.control.expect(226).await;
    }
}

/// Uploads alone never read what comes over data connections, and each ticket serves once.
#[tokio::test]
async fn many_transfers_in_a_row_resume() {
    let ca = Ca::new();
    let served = served(&ca, SessionReuse::Required).await;
    for kept in KEPT {
        let mut session = Secure::login(served.addr, &client(&ca, kept)).await;
        for n in 0..30 {
            let (_, resumed) = session.push("STOR file", b"again").await;
            assert!(resumed, "{kept:?}: upload {n}");
            if n % 3 == 0 {
                let (_, resumed) = session.fetch("LIST").await;
                assert!(resumed, "{kept:?}: listing {n}");
            }
        }
    }
}

/// A control connection that comes later cannot begin with the session of an earlier one, nor
/// use it for data.
/// Sends STOR when the handshake of the data connection has been begun, not ended.
async fn begin_early(
    client: &mut Secure,
) -> Pin<Box<impl Future<Output = std::io::Result<Tls>> + use<>>> {
    let stream = client.control.epsv().await;
    let config = Arc::clone(&client.config);
    let name = client.name;
    let mut begun = Box::pin(async move { handshake(&config, name, stream).await });
    let polled = poll_fn(|cx| Poll::Ready(begun.as_mut().poll(cx))).await;
    assert!(polled.is_pending(), "nobody has answered yet");
    client.control.send("STOR file\r\n").await;
    begun
}

#[tokio::test]
async fn tickets_come_before_the_reply_to_who_begins_early() {
    let ca = Ca::new();
    let served = served(&ca, SessionReuse::Required).await;
    let client = client(&ca, Kept::Tls13);
    let mut client = Secure::login(served.addr, &client).await;
    // More often than there are tickets behind one handshake.
    for round in 0..20 {
        let mut data = begin_early(&mut client).await.await.unwrap();
        assert!(is_resumed(&data), "upload {round}");
        client.control.expect(150).await;
        data.write_all(b"x").await.unwrap();
        // What is there by now is all that such a client takes.
        let mut space = [0; 1];
        let mut buf = ReadBuf::new(&mut space);
        let read = poll_fn(|cx| Poll::Ready(Pin::new(&mut data).poll_read(cx, &mut buf))).await;
        assert!(read.is_pending(), "nothing but tickets comes");
        data.shutdown().await.unwrap();
        client.control.expect(226).await;
    }
}

#[tokio::test]
async fn who_begins_early_and_waits_for_the_reply_gets_it() {
    let ca = Ca::new();
    let served = served(&ca, SessionReuse::Required).await;
    let client = client(&ca, Kept::Tls13);
    let mut client = Secure::login(served.addr, &client).await;
    let begun = begin_early(&mut client).await;
    client.control.expect(150).await;
    let mut data = begun.await.unwrap();
    data.write_all(b"x").await.unwrap();
    data.shutdown().await.unwrap();
    client.control.expect(226).await;
}

#[tokio::test]
async fn sessions_end_with_their_control_connection() {
    let ca = Ca::new();
    let served = served(&ca, SessionReuse::Auto).await;
    for kept in KEPT {
        let config = client(&ca, kept);
        let mut first = Secure::login(served.addr, &config).await;
        first.push("STOR file", b"first").await;
        let mut second = Secure::login(served.addr, &config).await;
        assert!(!is_resumed(&second.control.stream), "{kept:?}");
        // TLS 1.2 clients keep one session a server, so that the first client's is gone.
        if kept == Kept::Tls13 {
            first.control.cmd("QUIT", 221).await;
        }
        let (_, resumed) = second.fetch("RETR file").await;
        assert!(resumed, "{kept:?}");
    }
}

#[tokio::test]
async fn observers_hear_of_strangers() {
    let ca = Ca::new();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&heard);
    let served = serve_with(|builder| {
        builder
            .tls(ca.server().build().unwrap())
            .observer(move |event: &ServerEvent<'_>| match event {
                ServerEvent::Secured {
                    session,
                    tls,
                    certificate,
                    ..
                } => {
                    assert!(certificate.is_none());
                    let line = format!("{session} {} {:?}", tls.version, tls.server_name);
                    log.lock().unwrap().push(line);
                }
                ServerEvent::TlsFailed {
                    session,
                    data,
                    reason,
                    ..
                } => {
                    log.lock()
                        .unwrap()
                        .push(format!("{session} data: {data}: {reason}"));
                }
                _ => {}
            })
    })
    .await;
    let (a, b) = (client(&ca, Kept::Tls13), client(&ca, Kept::Tls12Tickets));
    let mut a = Secure::login(served.addr, &a).await;
    let b = Secure::login(served.addr, &b).await;
    let third = client(&ca, Kept::Tls13);
    let third = Secure::login(served.addr, &third).await;
    assert_silent(a.begin_as("LIST", &third.config).await).await;
    a.control.expect(522).await;
    let stream = a.control.epsv().await;
    a.control.cmd("LIST", 150).await;
    drop(stream);
    a.control.expect(522).await;
    let mut clear = Client::connect(served.addr).await;
    clear.cmd("AUTH TLS", 234).await;
    clear.send("USER alice\r\n").await;
    let _ = clear.stream.read_to_end(&mut Vec::new()).await;
    drop((a, b, clear));
    support::until("all is told", || heard.lock().unwrap().len() >= 6).await;
    let heard = heard.lock().unwrap();
    let name = "Some(\"ftp.example\")";
    assert_eq!(heard[0], format!("1 TLSv1_3 {name}"));
    assert_eq!(heard[1], format!("2 TLSv1_2 {name}"));
    assert_eq!(heard[2], format!("3 TLSv1_3 {name}"));
    assert!(
        heard[3].starts_with("1 data: true: ") && heard[3].contains("did not resume"),
        "{heard:?}"
    );
    assert!(heard[4].starts_with("1 data: true: "), "{heard:?}");
    assert!(heard[5].starts_with("4 data: false: "), "{heard:?}");
}

/// A stranger who comes again and again, with all that the server gave it, never gets in; and
/// however often that happens, the client still does.
#[tokio::test]
async fn a_stranger_who_insists_stays_outside() {
    let ca = Ca::new();
    for reuse in [SessionReuse::Required, SessionReuse::Auto] {
        let served = served(&ca, reuse).await;
        for kept in KEPT {
            let mut a = Secure::login(served.addr, &client(&ca, kept)).await;
            a.push("STOR file", b"A's").await;
            a.fetch("RETR file").await;
            let stranger = client(&ca, kept);
            for _ in 0..80 {
                assert_silent(a.begin_as("RETR file", &stranger).await).await;
                a.control.expect(522).await;
            }
            let (got, resumed) = a.fetch("RETR file").await;
            assert!(got == b"A's" && resumed, "{reuse:?}, {kept:?}");
        }
    }
}

/// As curl does: it never reads while it sends, so that tickets would lie there unread when it
/// closes, and its system would reset the connection under what is still on its way.
#[tokio::test]
async fn clients_that_never_read_can_upload() {
    let ca = Ca::new();
    let served = served(&ca, SessionReuse::Auto).await;
    for kept in KEPT {
        let mut session = Secure::login(served.addr, &client(&ca, kept)).await;
        for n in 0..4 {
            let file = pattern(3_000_000 + n);
            let data = session.begin("STOR file").await;
            let (mut stream, mut tls) = data.into_inner();
            tls.set_buffer_limit(None);
            std::io::Write::write_all(&mut tls.writer(), &file).unwrap();
            tls.send_close_notify();
            let mut bytes = Vec::new();
            while tls.wants_write() {
                tls.write_tls(&mut bytes).unwrap();
            }
            within("upload", stream.write_all(&bytes)).await.unwrap();
            drop(stream);
            session.control.expect(226).await;
            let size = session.control.cmd("SIZE file", 213).await.text();
            assert_eq!(size, format!("213 {}", file.len()), "{kept:?}");
        }
    }
}

/// And OpenSSL uses a ticket of TLS 1.3 once, so that such a client has none behind an upload.
/// It is not refused for that, until it could resume again.
#[tokio::test]
async fn auto_asks_for_no_session_that_the_client_has_not_got() {
    let ca = Ca::new();
    let served = served(&ca, SessionReuse::Auto).await;
    let (with, without) = (client(&ca, Kept::Tls13), forgetful(&ca, Kept::Tls13));
    let mut session = Secure::login(served.addr, &with).await;
    assert!(session.push("STOR file", b"one").await.1);
    session.config = Arc::clone(&without);
    assert!(!session.push("STOR file", b"two").await.1);
    assert!(!session.fetch("RETR file").await.1);
    assert!(!session.push("STOR file", b"three").await.1);
    session.config = Arc::clone(&with);
    assert!(session.fetch("RETR file").await.1);
    assert_silent(session.begin_as("RETR file", &without).await).await;
    session.control.expect(522).await;
    assert!(session.push("STOR file", b"four").await.1);
}

/// With TLS 1.2 the client has got its next ticket by the time that it could still give up, and
/// has no other.
#[tokio::test]
async fn a_handshake_that_is_given_up_late_costs_no_session() {
    let ca = Ca::new();
    let served = served(&ca, SessionReuse::Required).await;
    for kept in KEPT {
        let mut session = Secure::login(served.addr, &client(&ca, kept)).await;
        for _ in 0..3 {
            let mut stream = session.control.epsv().await;
            session.control.cmd("LIST", 150).await;
            let name = session.name.try_into().unwrap();
            let mut tls = ClientConnection::new(Arc::clone(&session.config), name).unwrap();
            let mut hello = Vec::new();
            tls.write_tls(&mut hello).unwrap();
            stream.write_all(&hello).await.unwrap();
            while tls.is_handshaking() {
                let mut bytes = [0; 4096];
                let read = within("the server's flight", stream.read(&mut bytes)).await;
                let mut bytes = &bytes[..read.unwrap()];
                while !bytes.is_empty() {
                    tls.read_tls(&mut bytes).unwrap();
                    tls.process_new_packets().unwrap();
                }
            }
            drop(stream);
            session.control.expect(522).await;
        }
        assert!(session.fetch("LIST").await.1, "{kept:?}");
    }
}

/// As Python's ftplib does: it waits for the server's close_notify.
#[tokio::test]
async fn uploads_end_with_close_notify_both_ways_and_bring_tickets() {
    let ca = Ca::new();
    let served = served(&ca, SessionReuse::Required).await;
    for kept in KEPT {
        let mut session = Secure::login(served.addr, &client(&ca, kept)).await;
        for n in 0..12 {
            let mut data = session.begin("STOR file").await;
            assert!(is_resumed(&data), "{kept:?}: upload {n}");
            data.write_all(b"some").await.unwrap();
            data.shutdown().await.unwrap();
            let got = read_to_end(&mut data).await;
            assert_eq!((got.bytes, got.clean), (Vec::new(), true), "{kept:?}");
            session.control.expect(226).await;
        }
        // One that is given up brings tickets too, where the client waits for them.
        for n in 0..12 {
            let mut data = session.begin("STOR file").await;
            assert!(is_resumed(&data), "{kept:?}: given up {n}");
            session.control.send("ABOR\r\n").await;
            session.control.expect(426).await;
            session.control.expect(226).await;
            assert!(!read_to_end(&mut data).await.clean);
        }
    }
}
