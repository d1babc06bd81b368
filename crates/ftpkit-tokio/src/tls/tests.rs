//! What tests of other modules need for TLS.

use rcgen::{CertificateParams, KeyPair};

use super::{ClientTls, Identity, ServerTls, SessionReuse, SessionTls};

/// A server's session and a client's that trusts it.
pub(crate) fn sessions() -> [SessionTls; 2] {
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
    [server.session().unwrap(), client]
}
