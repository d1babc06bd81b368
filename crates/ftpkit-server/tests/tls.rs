//! FTPS as it is meant to be: the ways in, what is under TLS, what is asked of clients that are
//! not, and the way back to clear text.
#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use ftpkit_proto::server::{Config, TlsPolicy};
use ftpkit_server::{BuildError, Server};
use ftpkit_storage::Memory;
use support::{
    Client, Served, pattern, read_all, serve, serve_with,
    tls::{BOTH, Ca, Secure, handshake, is_resumed, read_to_end},
    within,
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
};

/// A server with TLS by this policy, and with an address for implicit TLS.
async fn secure(ca: &Ca, policy: Option<TlsPolicy>) -> Served {
    serve_with(|builder| {
        let builder = builder
            .tls(ca.server().build().unwrap())
            .listen_implicit("127.0.0.1:0");
        match policy {
            Some(policy) => builder.tls_policy(policy),
            None => builder,
        }
    })
    .await
}

/// Moves a file there and back, and lists, all under TLS.
async fn transfers(session: &mut Secure) {
    let file = pattern(300_000);
    let (_, resumed) = session.push("STOR file", &file).await;
    assert!(resumed, "an upload resumes");
    let (got, resumed) = session.fetch("RETR file").await;
    assert!(got == file);
    assert!(resumed, "a download resumes");
    let (got, _) = session.fetch("NLST").await;
    assert_eq!(got, b"file\r\n");
}

#[tokio::test]
async fn every_mechanism_of_auth_and_both_versions() {
    let ca = Ca::new();
    let served = secure(&ca, None).await;
    for version in BOTH {
        for mechanism in ["TLS", "SSL", "TLS-C", "tls-p"] {
            let config = Arc::new(ca.client(version, None));
            let mut control = Client::connect(served.addr).await;
            control.cmd(&format!("AUTH {mechanism}"), 234).await;
            let mut session = Secure::upgrade(control, &config, "ftp.example").await;
            session.enter().await;
            // What the mechanism's name promises of data is RFC 4217's to say: nothing.
            session.control.cmd("PBSZ 0", 200).await;
            session.control.cmd("PROT P", 200).await;
            transfers(&mut session).await;
            session.control.cmd("QUIT", 221).await;
            let end = read_to_end(&mut session.control.stream).await;
            assert_eq!((end.bytes, end.clean), (Vec::new(), true), "{mechanism}");
        }
    }
}

#[tokio::test]
async fn implicit_tls_covers_data_from_the_start() {
    let ca = Ca::new();
    // Whatever clients that begin in clear are offered.
    for (policy, auth) in [(TlsPolicy::Off, 502), (TlsPolicy::RequiredForData, 503)] {
        let served = secure(&ca, Some(policy)).await;
        for version in BOTH {
            let config = Arc::new(ca.client(version, None));
            let mut session = Secure::implicit(served.implicit.unwrap(), &config).await;
            session.enter().await;
            transfers(&mut session).await;
            session.control.cmd("AUTH TLS", auth).await;
            let features = session.control.cmd("FEAT", 211).await.text();
            assert!(features.contains("PROT"), "{features}");
            session.protect().await;
            transfers(&mut session).await;
        }
    }
}

#[tokio::test]
async fn active_connections_are_under_tls_too() {
    let ca = Ca::new();
    let served = secure(&ca, None).await;
    for version in BOTH {
        let config = Arc::new(ca.client(version, None));
        let mut session = Secure::login(served.addr, &config).await;
        session.push("STOR file", b"here and there").await;
        for extended in [false, true] {
            let listener: TcpListener = if extended {
                session.control.eprt().await
            } else {
                session.control.port().await
            };
            session.control.cmd("RETR file", 150).await;
            let (stream, _) = within("the server calls", listener.accept()).await.unwrap();
            // Whoever listens, the server is the server of TLS.
            let mut data = handshake(&config, "ftp.example", stream).await.unwrap();
            let got = read_to_end(&mut data).await;
            assert_eq!((&got.bytes[..], got.clean), (&b"here and there"[..], true));
            assert!(is_resumed(&data));
            session.control.expect(226).await;
        }
    }
}

#[tokio::test]
async fn prot_says_what_data_connections_are() {
    let ca = Ca::new();
    let served = secure(&ca, None).await;
    let mut clear = Client::connect(served.addr).await;
    clear.cmd("PBSZ 0", 503).await;
    clear.cmd("PROT P", 503).await;
    let config = Arc::new(ca.client(BOTH[1], None));
    let mut session = Secure::explicit(served.addr, &config).await;
    session.enter().await;
    let control = &mut session.control;
    control.cmd("PROT P", 503).await;
    assert!(
        control
            .cmd("PBSZ 16384", 200)
            .await
            .text()
            .contains("PBSZ=0")
    );
    for level in ["S", "E"] {
        control.cmd(&format!("PROT {level}"), 536).await;
    }
    // Nothing was set: in clear.
    control.push("STOR clear", b"in clear").await;
    session.control.cmd("PROT P", 200).await;
    assert_eq!(session.fetch("RETR clear").await.0, b"in clear");
    session.control.cmd("PROT C", 200).await;
    assert_eq!(session.control.fetch("RETR clear").await, b"in clear");
    // A second PBSZ takes nothing back but is answered.
    session.protect().await;
    assert_eq!(session.fetch("RETR clear").await.0, b"in clear");
}

#[tokio::test]
async fn without_tls_nobody_is_offered_any() {
    let served = serve().await;
    let mut client = Client::connect(served.addr).await;
    client.cmd("AUTH TLS", 502).await;
    let features = client.cmd("FEAT", 211).await.text();
    assert!(
        !features.contains("AUTH") && !features.contains("PROT"),
        "{features}"
    );
    // Off by policy is the same.
    let served = secure(&Ca::new(), Some(TlsPolicy::Off)).await;
    let mut client = Client::connect(served.addr).await;
    client.cmd("AUTH TLS", 502).await;
}

#[tokio::test]
async fn offered_is_the_default_and_asks_for_nothing() {
    let ca = Ca::new();
    let served = secure(&ca, None).await;
    let mut client = Client::login(served.addr).await;
    let features = client.cmd("FEAT", 211).await.text();
    for wanted in ["AUTH TLS", "PBSZ", "PROT"] {
        assert!(features.contains(wanted), "{features}");
    }
    client.push("STOR file", b"in clear").await;
    assert_eq!(client.fetch("RETR file").await, b"in clear");
}

#[tokio::test]
async fn login_in_clear_is_refused_where_it_must_be_under_tls() {
    let ca = Ca::new();
    for policy in [TlsPolicy::RequiredForLogin, TlsPolicy::RequiredForData] {
        let served = secure(&ca, Some(policy)).await;
        let mut client = Client::connect(served.addr).await;
        client.cmd("USER alice", 534).await;
        client.cmd("PASS secret", 503).await;
        client.cmd("USER anonymous", 534).await;
        let config = Arc::new(ca.client(BOTH[1], None));
        let mut session = Secure::login(served.addr, &config).await;
        transfers(&mut session).await;
    }
    // Required for login says nothing of data.
    let served = secure(&ca, Some(TlsPolicy::RequiredForLogin)).await;
    let config = Arc::new(ca.client(BOTH[0], None));
    let mut session = Secure::explicit(served.addr, &config).await;
    session.enter().await;
    session.control.push("STOR file", b"in clear").await;
}

#[tokio::test]
async fn data_in_clear_is_refused_where_it_must_be_under_tls() {
    let ca = Ca::new();
    let served = secure(&ca, Some(TlsPolicy::RequiredForData)).await;
    let config = Arc::new(ca.client(BOTH[1], None));
    let mut session = Secure::explicit(served.addr, &config).await;
    session.enter().await;
    let control = &mut session.control;
    control.cmd("PBSZ 0", 200).await;
    for undo in ["PROT C", "NOOP"] {
        // PROT C is no way around it, neither before PROT P nor behind it.
        control.ask(undo).await;
        for transfer in ["RETR x", "STOR x", "APPE x", "STOU", "LIST", "NLST", "MLSD"] {
            let stream = control.pasv().await;
            control.cmd(transfer, 521).await;
            drop(stream);
            let stream = control.epsv().await;
            control.cmd(transfer, 521).await;
            drop(stream);
            let listener = control.port().await;
            control.cmd(transfer, 521).await;
            drop(listener);
            let listener = control.eprt().await;
            control.cmd(transfer, 521).await;
            drop(listener);
        }
    }
    control.cmd("SIZE x", 550).await;
    control.cmd("PROT P", 200).await;
    control.cmd("PROT C", 534).await;
    transfers(&mut session).await;
}

/// Checked when a transfer starts: what was agreed on before PROT counts as PROT says then.
#[tokio::test]
async fn an_address_agreed_on_before_prot_is_under_tls_too() {
    let ca = Ca::new();
    let served = secure(&ca, None).await;
    let config = Arc::new(ca.client(BOTH[1], None));
    let mut session = Secure::explicit(served.addr, &config).await;
    session.enter().await;
    session.control.push("STOR file", b"12345").await;
    let stream = session.control.epsv().await;
    session.protect().await;
    session.control.cmd("RETR file", 150).await;
    let mut data = handshake(&config, "ftp.example", stream).await.unwrap();
    assert_eq!(read_to_end(&mut data).await.bytes, b"12345");
    session.control.expect(226).await;
}

#[tokio::test]
async fn ccc_goes_back_to_clear_text_where_it_is_allowed() {
    let ca = Ca::new();
    let refused = secure(&ca, None).await;
    let config = Arc::new(ca.client(BOTH[1], None));
    let mut session = Secure::login(refused.addr, &config).await;
    session.control.cmd("CCC", 534).await;
    transfers(&mut session).await;

    let served = serve_with(|builder| {
        builder
            .tls(ca.server().build().unwrap())
            .tls_policy(TlsPolicy::RequiredForData)
            .clear_command_channel(true)
    })
    .await;
    for version in BOTH {
        let config = Arc::new(ca.client(version, None));
        let mut session = Secure::login(served.addr, &config).await;
        session.push("STOR file", b"still under TLS").await;
        session.control.cmd("CCC", 200).await;
        let (control, mut tls) = session.control.over(());
        // close_notify both ways, then clear text on the same connection.
        assert_eq!(read_to_end(&mut tls).await.bytes, b"");
        let (mut tcp, mut state) = tls.into_inner();
        state.send_close_notify();
        let mut bytes = Vec::new();
        while state.wants_write() {
            state.write_tls(&mut bytes).unwrap();
        }
        // A command right behind it is no part of TLS.
        bytes.extend_from_slice(b"NOOP\r\n");
        tcp.write_all(&bytes).await.unwrap();
        let (mut clear, ()) = control.over(tcp);
        clear.expect(200).await;
        // The protection of data stays, and cannot be undone from here.
        clear.cmd("PROT C", 503).await;
        let data = clear.epsv().await;
        clear.cmd("RETR file", 150).await;
        let mut data = handshake(&config, "ftp.example", data).await.unwrap();
        assert_eq!(read_to_end(&mut data).await.bytes, b"still under TLS");
        assert!(is_resumed(&data));
        clear.expect(226).await;
        clear.cmd("CCC", 533).await;
        // And under TLS once more, where all begins anew.
        clear.cmd("AUTH TLS", 234).await;
        let mut session = Secure::upgrade(clear, &config, "ftp.example").await;
        session.enter().await;
        session.control.epsv().await;
        session.control.cmd("RETR file", 521).await;
        session.protect().await;
        transfers(&mut session).await;
        session.control.cmd("QUIT", 221).await;
    }
}

#[tokio::test]
async fn auth_forgets_who_was_there_and_comes_once() {
    let ca = Ca::new();
    let served = secure(&ca, None).await;
    let mut control = Client::login(served.addr).await;
    control.cmd("AUTH TLS", 234).await;
    let config = Arc::new(ca.client(BOTH[1], None));
    let mut session = Secure::upgrade(control, &config, "ftp.example").await;
    session.control.cmd("PWD", 530).await;
    session.control.cmd("AUTH TLS", 503).await;
    session.control.cmd("REIN", 502).await;
    session.enter().await;
}

/// Commands that were sent in clear right behind AUTH are not taken for commands under TLS.
#[tokio::test]
async fn bytes_behind_auth_end_the_session() {
    let ca = Ca::new();
    let served = secure(&ca, None).await;
    let mut client = Client::connect(served.addr).await;
    client.send("AUTH TLS\r\nUSER alice\r\n").await;
    client.assert_closed().await;
}

#[tokio::test]
async fn other_protocols_are_sent_away_before_login() {
    let ca = Ca::new();
    let served = secure(&ca, None).await;
    let config = Arc::new(ca.client(BOTH[1], None));
    for words in [
        "GET / HTTP/1.1\r\nHost: ftp.example\r\n\r\nUSER alice\r\n",
        "POST /upload HTTP/1.1\r\nContent-Length: 12\r\n\r\nUSER alice\r\n",
        "EHLO mail.example\r\nUSER alice\r\n",
        "SSH-2.0-OpenSSH_9.9\r\nUSER alice\r\n",
    ] {
        // A browser that was sent to an FTPS port speaks HTTP under TLS (ALPACA).
        let mut explicit = Secure::explicit(served.addr, &config).await;
        explicit.control.send(words).await;
        let mut implicit = Secure::implicit(served.implicit.unwrap(), &config).await;
        implicit.control.send(words).await;
        let mut clear = Client::connect(served.addr).await;
        clear.send(words).await;
        let said = [
            read_to_end(&mut explicit.control.stream).await.bytes,
            read_to_end(&mut implicit.control.stream).await.bytes,
            read_all(clear.stream).await,
        ];
        for said in said {
            let said = String::from_utf8(said).unwrap();
            assert!(!said.contains("331"), "{words:?}: {said:?}");
        }
    }
}

#[tokio::test]
async fn a_caller_too_many_hears_nothing_in_clear() {
    let ca = Ca::new();
    let served = serve_with(|builder| {
        builder
            .tls(ca.server().build().unwrap())
            .listen_implicit("127.0.0.1:0")
            .max_sessions(1)
    })
    .await;
    let config = Arc::new(ca.client(BOTH[1], None));
    let mut session = Secure::implicit(served.implicit.unwrap(), &config).await;
    let late = TcpStream::connect(served.implicit.unwrap()).await.unwrap();
    assert_eq!(read_all(late).await, b"");
    session.control.cmd("NOOP", 200).await;
}

#[tokio::test]
async fn what_needs_tls_does_not_start_without() {
    let builder = || Server::builder().anonymous(Arc::new(Memory::new()));
    let mut config = Config::default();
    config.tls = TlsPolicy::Offered;
    for builder in [
        builder().listen_implicit("127.0.0.1:0"),
        builder()
            .listen("127.0.0.1:0")
            .tls_policy(TlsPolicy::RequiredForLogin),
        builder().listen("127.0.0.1:0").config(config),
    ] {
        let error = builder.bind().await.unwrap_err();
        assert!(matches!(error, BuildError::NoTls(_)), "{error}");
    }
    // An address for implicit TLS is enough.
    let server = builder()
        .listen_implicit("127.0.0.1:0")
        .tls(Ca::new().server().build().unwrap())
        .bind()
        .await
        .unwrap();
    assert_eq!(server.local_addrs(), []);
    assert_ne!(server.implicit_addrs()[0].port(), 0);
}
