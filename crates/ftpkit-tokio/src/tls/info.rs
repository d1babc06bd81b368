//! What is known of a TLS connection, for logs and for whoever wants to know with whom they
//! speak.

use rustls::{CommonState, pki_types::CertificateDer};

use super::Stream;

/// What is known of a control connection under TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TlsInfo {
    /// The version, such as `TLSv1_3`.
    pub version: String,
    /// The cipher suite, such as `TLS13_AES_256_GCM_SHA384`.
    pub cipher_suite: String,
    /// The protocol that was agreed on (ALPN).
    pub alpn: Option<Vec<u8>>,
    /// The name that the client asked for (SNI); on a server only.
    pub server_name: Option<String>,
    /// The certificates that the peer showed, that of the end entity first.
    pub certificates: Vec<CertificateDer<'static>>,
}

impl TlsInfo {
    pub(crate) fn of<IO>(stream: &Stream<IO>) -> Self {
        let state: &CommonState = stream.get_ref().1;
        let shown = |shown: Option<String>| shown.unwrap_or_default();
        Self {
            version: shown(state.protocol_version().map(|v| format!("{v:?}"))),
            cipher_suite: shown(
                state
                    .negotiated_cipher_suite()
                    .map(|suite| format!("{:?}", suite.suite())),
            ),
            alpn: state.alpn_protocol().map(<[u8]>::to_vec),
            server_name: server_name(stream).map(str::to_owned),
            certificates: state
                .peer_certificates()
                .map(<[_]>::to_vec)
                .unwrap_or_default(),
        }
    }
}

/// The name that the client asked for.
pub(crate) fn server_name<IO>(stream: &Stream<IO>) -> Option<&str> {
    match stream {
        Stream::Server(stream) => stream.get_ref().1.server_name(),
        Stream::Client(_) => None,
    }
}
