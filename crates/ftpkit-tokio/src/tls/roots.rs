//! The certificates that one trusts, read from files or put together.
//! What belongs elsewhere: the roots of the operating system (`client`).

use std::path::Path;

use rustls::{RootCertStore, pki_types::CertificateDer};

use super::{TlsError, identity};

const ROOTS: &str = "trusted certificates";

/// The certificates of those who are trusted to vouch for others.
///
/// A certificate that is a CA (`CA:TRUE`) and shown by a server itself is refused by the rules
/// of X.509; to trust one self-signed certificate, pin its fingerprint instead.
#[derive(Clone, Debug)]
pub struct Roots(RootCertStore);

impl Default for Roots {
    fn default() -> Self {
        Self(RootCertStore::empty())
    }
}

impl Roots {
    /// Nobody yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// All certificates of a PEM file, which is read here and now.
    ///
    /// # Errors
    /// [`TlsError::File`] where it cannot be read or has none, [`TlsError::Root`] where one is
    /// broken.
    pub fn from_pem_file(path: impl AsRef<Path>) -> Result<Self, TlsError> {
        let path = path.as_ref();
        let text = identity::read(ROOTS, path)?;
        let all = identity::certificates(&text)
            .map_err(|source| identity::in_file(ROOTS, path, source))?;
        Self::default().with_all(all)
    }

    /// All certificates of a PEM text.
    ///
    /// # Errors
    /// [`TlsError::Pem`] where there is none, [`TlsError::Root`] where one is broken.
    pub fn from_pem(text: &[u8]) -> Result<Self, TlsError> {
        let all = identity::certificates(text).map_err(|source| TlsError::Pem {
            what: ROOTS,
            source,
        })?;
        Self::default().with_all(all)
    }

    /// The roots of Mozilla that were built in.
    #[cfg(feature = "webpki-roots")]
    #[must_use]
    pub fn mozilla() -> Self {
        Self(RootCertStore {
            roots: webpki_roots::TLS_SERVER_ROOTS.to_vec(),
        })
    }

    /// One more.
    ///
    /// # Errors
    /// [`TlsError::Root`] where it is no certificate.
    pub fn with(mut self, certificate: CertificateDer<'_>) -> Result<Self, TlsError> {
        self.0.add(certificate).map_err(TlsError::Root)?;
        Ok(self)
    }

    fn with_all(self, all: Vec<CertificateDer<'_>>) -> Result<Self, TlsError> {
        all.into_iter().try_fold(self, Self::with)
    }

    /// Whether nobody is trusted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn into_store(self) -> RootCertStore {
        self.0
    }
}
