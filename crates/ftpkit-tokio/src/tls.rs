//! TLS for both roles, by rustls: what a server shows and asks for, whom a client trusts, and
//! how data connections are bound to their control connection.
//! What belongs elsewhere: when TLS begins and ends (the machine), the streams (`control`,
//! `data`).

mod binding;
mod client;
mod failure;
mod handshake;
#[cfg(feature = "tls")]
mod hkdf;
mod identity;
mod info;
mod kept;
mod outgoing;
mod plaintext;
mod record;
mod roots;
mod server;
mod session;
mod stock;
#[cfg(test)]
pub(crate) mod tests;
mod trust;

use std::sync::{Arc, LazyLock};

/// The TLS library, in the version whose types stand in this module.
pub use rustls;
use rustls::{SupportedProtocolVersion, crypto::CryptoProvider, version};

pub use self::{
    client::{ClientTls, ClientTlsBuilder},
    failure::TlsFailure,
    identity::Identity,
    info::TlsInfo,
    roots::Roots,
    server::{ClientCertificates, ServerTls, ServerTlsBuilder, SessionReuse},
    session::SessionTls,
    trust::{BadFingerprint, Fingerprint},
};
pub(crate) use self::{
    handshake::{Handshake, Stream},
    info::server_name,
    outgoing::Outgoing,
    record::Place,
};

/// The name of FTP in ALPN, and that of its data connections, which FileZilla uses.
const ALPN: [&[u8]; 2] = [b"ftp", b"ftp-data"];

/// Which versions of TLS may be spoken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsVersions {
    /// TLS 1.3, and 1.2 with those who know no better.
    #[default]
    All,
    /// TLS 1.2 only.
    Tls12,
    /// TLS 1.3 only.
    Tls13,
}

static TLS12: &[&SupportedProtocolVersion] = &[&version::TLS12];
static TLS13: &[&SupportedProtocolVersion] = &[&version::TLS13];

impl TlsVersions {
    const fn list(self) -> &'static [&'static SupportedProtocolVersion] {
        match self {
            Self::All => rustls::ALL_VERSIONS,
            Self::Tls12 => TLS12,
            Self::Tls13 => TLS13,
        }
    }
}

/// Why TLS could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file could not be read, or holds nothing of what it should.
    #[error("{what} cannot be read from {path}: {source}")]
    File {
        /// What it should hold.
        what: &'static str,
        /// The file.
        path: std::path::PathBuf,
        /// What was wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// PEM text holds nothing of what it should, or is broken.
    #[error("{what} cannot be read: {source}")]
    Pem {
        /// What it should hold.
        what: &'static str,
        /// What was wrong.
        source: rustls::pki_types::pem::Error,
    },
    /// A certificate and a key do not fit together, or are of a kind that is not served.
    #[error("the certificate and its private key cannot be used: {0}")]
    Identity(#[source] rustls::Error),
    /// A root certificate is none.
    #[error("a certificate that is to be trusted cannot be used: {0}")]
    Root(#[source] rustls::Error),
    /// The name or address of the server is none.
    #[error("`{0}` is neither a host name nor an address, so no certificate can be checked for it")]
    ServerName(String),
    /// No identity was given to a server.
    #[error("a server needs a certificate and a key; call `identity`")]
    NoIdentity,
    /// Nobody is trusted.
    #[error("{0}")]
    NoRoots(&'static str),
    /// Something else that rustls says.
    #[error("TLS cannot be set up: {0}")]
    Setup(#[source] rustls::Error),
}

/// The cryptography: aws-lc-rs where it is built in, else ring.
fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: LazyLock<Arc<CryptoProvider>> = LazyLock::new(|| {
        let provider = library();
        #[cfg(feature = "tls")]
        let provider = hkdf::prepare(provider);
        Arc::new(plaintext::prepare(provider))
    });
    Arc::clone(&PROVIDER)
}

/// The same, as it comes.
fn library() -> CryptoProvider {
    #[cfg(feature = "tls")]
    return rustls::crypto::aws_lc_rs::default_provider();
    #[cfg(not(feature = "tls"))]
    return rustls::crypto::ring::default_provider();
}

/// What encrypts session tickets, with keys that are made anew every few hours.
fn ticketer() -> Result<Arc<dyn rustls::server::ProducesTickets>, rustls::Error> {
    #[cfg(feature = "tls")]
    return rustls::crypto::aws_lc_rs::Ticketer::new();
    #[cfg(not(feature = "tls"))]
    return rustls::crypto::ring::Ticketer::new();
}
