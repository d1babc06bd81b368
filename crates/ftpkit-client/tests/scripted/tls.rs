//! TLS is begun before the user's name is sent, or the server is left.

use ftpkit_client::{ErrorKind, Step, TlsMode, tls::TlsVersions};

use crate::{
    peer::serve,
    secured::{Ca, Shown, serve_tls},
};

#[tokio::test]
async fn a_server_without_tls_is_left_before_the_user_is_named() {
    for greeting in ["220 ready", "230 you are in already"] {
        let (builder, server) = serve(move |mut peer| async move {
            peer.reply(greeting).await;
            peer.answer("AUTH TLS", "500 what?").await;
            peer.answer("AUTH SSL", "500 what?").await;
            peer.expect("").await;
        })
        .await;
        let error = builder.tls(TlsMode::Required).connect().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.step()),
            (ErrorKind::Tls, Step::Secure),
            "{error}"
        );
        assert!(error.to_string().contains("does not offer TLS"), "{error}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn a_consent_that_is_none_is_a_refusal() {
    let (builder, server) = serve(|mut peer| async move {
        peer.reply("220 ready").await;
        peer.answer("AUTH TLS", "200 fine, go on in clear").await;
        peer.expect("").await;
    })
    .await;
    let error = builder.tls(TlsMode::Required).connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    server.await.unwrap();
}

#[tokio::test]
async fn implicit_tls_against_a_server_in_clear_names_the_other_scheme() {
    let (builder, server) = serve(|mut peer| async move {
        peer.reply("220 ready").await;
        peer.until_end().await;
    })
    .await;
    let error = builder.tls(TlsMode::Implicit).connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert!(error.to_string().contains("ftpes://"), "{error}");
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_does_not_protect_data_is_left_before_the_user_is_named() {
    for (pbsz, prot) in [
        ("200 ok", "536 no"),
        ("200 ok", "534 no"),
        ("500 what?", ""),
    ] {
        let (builder, server) = serve_tls(TlsVersions::All, async move |peer, tls| {
            let mut peer = peer.auth(&tls).await;
            peer.answer("PBSZ 0", pbsz).await;
            if !prot.is_empty() {
                peer.answer("PROT P", prot).await;
            }
            peer.expect("").await;
        })
        .await;
        let error = builder.connect().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.step()),
            (ErrorKind::Tls, Step::Secure),
            "{error}"
        );
        assert!(error.to_string().contains("does not protect"), "{error}");
        assert!(error.reply().is_some());
        server.await.unwrap();
    }
}

#[tokio::test]
async fn words_in_clear_behind_the_consent_are_no_words_of_the_server() {
    let (builder, server) = serve_tls(TlsVersions::All, async |mut peer, _| {
        peer.reply("220 ready").await;
        peer.answer("AUTH TLS", "234 go\r\n230 you are in, as mallory")
            .await;
        peer.until_end().await;
    })
    .await;
    let error = builder.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    server.await.unwrap();
}

#[tokio::test]
async fn a_certificate_of_another_time_is_told() {
    for shown in [Shown::Expired, Shown::Future] {
        let ca = Ca::new();
        let tls = ca.server(shown);
        let (builder, server) = serve(async move |mut peer| {
            peer.reply("220 ready").await;
            peer.answer("AUTH TLS", "234 go").await;
            assert!(peer.handshake(&tls).await.is_err());
        })
        .await;
        let error = builder
            .tls(TlsMode::Required)
            .tls_config(ca.client(TlsVersions::All))
            .connect()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
        assert!(error.to_string().contains("clock"), "{shown:?}: {error}");
        server.await.unwrap();
    }
}

#[tokio::test]
async fn a_handshake_that_is_cut_off_is_told() {
    let (builder, server) = serve_tls(TlsVersions::All, async |mut peer, _| {
        peer.reply("220 ready").await;
        peer.answer("AUTH TLS", "234 go").await;
    })
    .await;
    let error = builder.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert!(error.to_string().contains("another port"), "{error}");
    server.await.unwrap();
}

#[tokio::test]
async fn nothing_takes_tls_back() {
    use ftpkit_client::proto::command::Command;
    let (builder, server) = serve_tls(TlsVersions::All, async |peer, tls| {
        let mut peer = peer.login_tls(&tls).await;
        peer.answer("NOOP", "200 still here").await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    for line in ["PROT C", "CCC", "AUTH TLS", "PBSZ 0", "REIN", "PRET STOR a"] {
        let command = Command::parse(line.as_bytes()).unwrap();
        let error = client.command(command).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{line}: {error}");
    }
    let error = client.clear_control().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    client.command(Command::Noop).await.unwrap();
    server.await.unwrap();
}
