//! TLS: how it begins, whom the client trusts, and what is known of a connection under it.
//!
//! ```no_run
//! # #[cfg(feature = "_tls")]
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use ftpkit_client::{Client, TlsMode, tls::{ClientTls, Roots}};
//!
//! let tls = ClientTls::builder().roots(Roots::from_pem_file("company-ca.pem")?).build()?;
//! let client = Client::builder()
//!     .host("ftp.example.org")
//!     .login("ana", "secret")
//!     .tls(TlsMode::Required)
//!     .tls_config(tls)
//!     .connect()
//!     .await?;
//! # Ok(()) }
//! # #[cfg(not(feature = "_tls"))]
//! # fn main() {}
//! ```

#[cfg(feature = "_tls")]
pub use ftpkit_tokio::tls::{
    BadFingerprint, ClientTls, ClientTlsBuilder, Fingerprint, Identity, Roots, TlsError,
    TlsFailure, TlsInfo, TlsVersions, rustls,
};

/// Whether and how a connection is under TLS.
///
/// With TLS there is no way back to clear text: a server that refuses AUTH, or the protection
/// of data connections, is left before the user's name is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsMode {
    /// Clear text: everybody on the way reads the password and the files. `ftp://`.
    #[default]
    Off,
    /// TLS begins by AUTH TLS, on the port of clear text (RFC 4217). `ftpes://`.
    Required,
    /// TLS begins with the connection, on port 990 by custom. `ftps://`.
    Implicit,
}

impl TlsMode {
    /// The port where none is given.
    pub(crate) const fn default_port(self) -> u16 {
        match self {
            Self::Implicit => 990,
            _ => 21,
        }
    }
}

/// What to try when the handshake failed so; the port mix-up shows in more than one way.
#[cfg(feature = "_tls")]
pub(crate) const fn hint(failure: TlsFailure, mode: TlsMode) -> Option<&'static str> {
    Some(match failure {
        TlsFailure::UnknownIssuer => {
            "give the authority that issued the certificate as a root, or pin the certificate"
        }
        TlsFailure::OtherName => "connect by the name that the certificate is for, or pin it",
        TlsFailure::Expired => {
            "check this computer's clock; else the server's certificate must be renewed, or pinned"
        }
        TlsFailure::NotPinned => {
            "the certificate may have been renewed: check its fingerprint with the server's operator"
        }
        TlsFailure::BadCertificate => {
            "the server's operator must replace the certificate, or pin it"
        }
        TlsFailure::CertificateWanted => "give a client certificate that the server trusts",
        TlsFailure::Incompatible => "allow more versions of TLS, here or on the server",
        TlsFailure::NotTls | TlsFailure::Ended => match mode {
            TlsMode::Implicit => {
                "the server may begin TLS by AUTH on this port: try ftpes:// instead of ftps://"
            }
            _ => "the server may not speak TLS here: try another port",
        },
        _ => return None,
    })
}
