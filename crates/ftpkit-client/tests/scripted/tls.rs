//! TLS is begun before the user's name is sent, or the server is left.

use ftpkit_client::{ErrorKind, Step, TlsMode};

use crate::peer::serve;

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
