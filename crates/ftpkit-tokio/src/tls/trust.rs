//! Whom a client trusts beyond certificates that a root vouches for: one pinned certificate,
//! or anybody.

use std::{fmt, str::FromStr, sync::Arc};

use rustls::{
    CertificateError, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{
        CryptoProvider, WebPkiSupportedAlgorithms, hash::HashAlgorithm, verify_tls12_signature,
        verify_tls13_signature,
    },
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::provider;

/// The SHA-256 fingerprint of a certificate's DER form.
///
/// It is written in hexadecimal digits, in pairs with colons or without.
///
/// ```
/// use ftpkit_tokio::tls::Fingerprint;
/// let text = "E3:B0:C4:42:98:FC:1C:14:9A:FB:F4:C8:99:6F:B9:24:\
///             27:AE:41:E4:64:9B:93:4C:A4:95:99:1B:78:52:B8:55";
/// let fingerprint: Fingerprint = text.parse()?;
/// assert_eq!(fingerprint, Fingerprint::of(b""));
/// assert_eq!(fingerprint.to_string(), text);
/// # Ok::<(), ftpkit_tokio::tls::BadFingerprint>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

/// A text is no SHA-256 fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 fingerprint has 64 hexadecimal digits, in pairs with colons or without")]
#[non_exhaustive]
pub struct BadFingerprint;

impl Fingerprint {
    /// The fingerprint of a certificate in DER.
    #[must_use]
    pub fn of(der: &[u8]) -> Self {
        let mut out = [0; 32];
        // Every provider has a suite with SHA-256, since TLS 1.3 demands one.
        let provider = provider();
        let hash = provider.cipher_suites.iter().find_map(|suite| {
            let hash = suite.tls13()?.common.hash_provider;
            (hash.algorithm() == HashAlgorithm::SHA256).then_some(hash)
        });
        if let Some(hash) = hash {
            let digest = hash.hash(der);
            out.iter_mut()
                .zip(digest.as_ref())
                .for_each(|(to, from)| *to = *from);
        }
        Self(out)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Fingerprint {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

impl FromStr for Fingerprint {
    type Err = BadFingerprint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut digits = text.chars().filter(|c| *c != ':').map(|c| c.to_digit(16));
        let mut out = [0; 32];
        for byte in &mut out {
            let (Some(Some(high)), Some(Some(low))) = (digits.next(), digits.next()) else {
                return Err(BadFingerprint);
            };
            *byte = u8::try_from(high << 4 | low).map_err(|_| BadFingerprint)?;
        }
        match digits.next() {
            None => Ok(Self(out)),
            Some(_) => Err(BadFingerprint),
        }
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, byte) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(":")?;
            }
            write!(f, "{byte:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// Trusts by the end entity's certificate alone; whoever shows it must have its key.
#[derive(Debug)]
pub(super) struct Alone {
    pinned: Option<Fingerprint>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Alone {
    /// Trusts who has the certificate of this fingerprint, whatever name it bears; `None`:
    /// trusts anybody.
    pub(super) fn new(pinned: Option<Fingerprint>, provider: &CryptoProvider) -> Arc<Self> {
        Arc::new(Self {
            pinned,
            algorithms: provider.signature_verification_algorithms,
        })
    }
}

impl ServerCertVerifier for Alone {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.pinned {
            Some(pinned) if pinned != Fingerprint::of(end_entity) => {
                Err(CertificateError::ApplicationVerificationFailure.into())
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
