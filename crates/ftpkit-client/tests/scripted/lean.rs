//! A client that was built without TLS.

use ftpkit_client::{Client, ErrorKind};

#[tokio::test]
async fn tls_that_is_not_built_in_is_told_before_anything_is_sent() {
    for url in ["ftps://127.0.0.1:1/", "ftpes://127.0.0.1:1/"] {
        let error = Client::connect(url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
        assert!(error.to_string().contains("feature `tls`"), "{error}");
    }
}
