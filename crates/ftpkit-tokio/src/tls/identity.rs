//! A certificate chain with its private key, as files and PEM text hold them.
//! What belongs elsewhere: which one is shown to whom (`server`, `client`).

use std::{fmt, path::Path, sync::Arc};

use rustls::{
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    sign::CertifiedKey,
};

use super::{TlsError, provider};

/// A certificate chain, the end entity's certificate first, and the private key to it.
///
/// `Debug` shows how many certificates there are, and never the key.
#[derive(Clone)]
pub struct Identity(Arc<CertifiedKey>);

impl Identity {
    /// Reads PEM files: the chain, and the key in PKCS#8, PKCS#1 or SEC1. Both may be the same
    /// file.
    ///
    /// Blocks while it reads.
    ///
    /// # Errors
    /// [`TlsError::File`] where a file cannot be read or has no certificate or key,
    /// [`TlsError::Identity`] where they do not belong together.
    pub fn from_pem_files(
        chain: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Result<Self, TlsError> {
        let (chain, key) = (chain.as_ref(), key.as_ref());
        let certificates = read(CHAIN, chain)
            .and_then(|text| certificates(&text).map_err(|source| in_file(CHAIN, chain, source)))?;
        let private = read(KEY, key).and_then(|text| {
            PrivateKeyDer::from_pem_slice(&text).map_err(|source| in_file(KEY, key, source))
        })?;
        Self::from_der(certificates, private)
    }

    /// Reads PEM text; see [`from_pem_files`](Self::from_pem_files).
    ///
    /// # Errors
    /// [`TlsError::Pem`] where there is no certificate or no key, [`TlsError::Identity`] where
    /// they do not belong together.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let certificates = certificates(chain).map_err(|source| TlsError::Pem {
            what: CHAIN,
            source,
        })?;
        let key = PrivateKeyDer::from_pem_slice(key)
            .map_err(|source| TlsError::Pem { what: KEY, source })?;
        Self::from_der(certificates, key)
    }

    /// Takes a chain and a key as they are in memory.
    ///
    /// # Errors
    /// [`TlsError::Identity`] where they do not belong together.
    pub fn from_der(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, TlsError> {
        let key = CertifiedKey::from_der(chain, key, &provider()).map_err(TlsError::Identity)?;
        Ok(Self(Arc::new(key)))
    }

    /// The certificates, that of the end entity first.
    #[must_use]
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.0.cert
    }

    pub(super) fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity")
            .field("certificates", &self.0.cert.len())
            .finish_non_exhaustive()
    }
}

const CHAIN: &str = "a certificate chain";
const KEY: &str = "a private key";

/// All certificates of a PEM text; none at all is an error.
pub(super) fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, pem::Error> {
    let all = CertificateDer::pem_slice_iter(text).collect::<Result<Vec<_>, _>>()?;
    if all.is_empty() {
        return Err(pem::Error::NoItemsFound);
    }
    Ok(all)
}

pub(super) fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    std::fs::read(path).map_err(|source| TlsError::File {
        what,
        path: path.to_owned(),
        source: source.into(),
    })
}

pub(super) fn in_file(what: &'static str, path: &Path, source: pem::Error) -> TlsError {
    let source: Box<dyn std::error::Error + Send + Sync> = match source {
        pem::Error::NoItemsFound => "there is none in it; PEM text is expected".into(),
        other => other.into(),
    };
    TlsError::File {
        what,
        path: path.to_owned(),
        source,
    }
}
