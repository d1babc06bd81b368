//! The client's side: whom it trusts, what it shows, and one configuration a control connection.

use std::{fmt, sync::Arc};

use rustls::{
    ClientConfig,
    client::{ClientSessionStore, Resumption, WebPkiServerVerifier, danger::ServerCertVerifier},
    pki_types::ServerName,
    sign::SingleCertAndKey,
};

use super::{
    Fingerprint, Identity, Roots, SessionTls, TlsError, TlsVersions, kept::Kept, provider,
    session::ClientSession, trust::Alone,
};

/// TLS of a client; may be shared by all of its connections.
///
/// By default a server's certificate must be one that the operating system trusts for the name
/// or address that was connected to.
///
/// ```
/// use ftpkit_tokio::tls::{ClientTls, Roots};
///
/// # fn example() -> Result<(), ftpkit_tokio::tls::TlsError> {
/// let tls = ClientTls::builder()
///     .roots(Roots::from_pem_file("company-ca.pem")?)
///     .build()?;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ClientTls {
    config: Arc<ClientConfig>,
    /// The same, for TLS 1.2 alone where that is allowed.
    tls12: Arc<ClientConfig>,
}

impl ClientTls {
    /// Begins to set TLS up.
    pub fn builder() -> ClientTlsBuilder {
        ClientTlsBuilder::default()
    }

    /// TLS of one control connection to this host, and of its data connections. They share
    /// what is needed to resume sessions, and nothing else does: servers refuse the session of
    /// another control connection.
    ///
    /// # Errors
    /// [`TlsError::ServerName`] where no certificate can be for such a host.
    pub fn session(&self, host: &str) -> Result<SessionTls, TlsError> {
        Self::session_of(&self.config, host)
    }

    /// As [`session`](Self::session), with no version above TLS 1.2 unless only TLS 1.3 is
    /// allowed. In TLS 1.2 a session may be resumed again and again, while a server of TLS 1.3
    /// may give too few tickets for all of its data connections.
    ///
    /// # Errors
    /// As [`session`](Self::session).
    pub fn session_tls12(&self, host: &str) -> Result<SessionTls, TlsError> {
        Self::session_of(&self.tls12, host)
    }

    fn session_of(config: &ClientConfig, host: &str) -> Result<SessionTls, TlsError> {
        let name = ServerName::try_from(host.trim_end_matches('.').to_owned())
            .map_err(|_| TlsError::ServerName(host.to_owned()))?;
        let mut config = config.clone();
        let kept = Arc::new(Kept::new());
        config.resumption = Resumption::store(Arc::clone(&kept) as Arc<dyn ClientSessionStore>);
        Ok(SessionTls::client(ClientSession::new(
            Arc::new(config),
            name,
            kept,
        )))
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").finish_non_exhaustive()
    }
}

/// Whom a client trusts.
#[derive(Debug, Default)]
enum Trust {
    /// As the operating system does it; where that is not built in, the roots of Mozilla.
    #[default]
    Platform,
    Roots(Roots),
    Pinned(Fingerprint),
    Anybody,
}

/// Sets a [`ClientTls`] up.
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until it builds"]
pub struct ClientTlsBuilder {
    trust: Trust,
    identity: Option<Identity>,
    versions: TlsVersions,
}

impl ClientTlsBuilder {
    /// Trusts these, instead of those that the operating system trusts.
    pub fn roots(mut self, roots: Roots) -> Self {
        self.trust = Trust::Roots(roots);
        self
    }

    /// Trusts the server that has the certificate of this fingerprint, whoever vouches for it
    /// and whatever name it bears; and nobody else.
    pub fn pinned(mut self, fingerprint: Fingerprint) -> Self {
        self.trust = Trust::Pinned(fingerprint);
        self
    }

    /// Trusts anybody: whoever is on the way can read and change everything. For tests, and
    /// for servers that can be reached in no other way.
    pub fn dangerous_trust_anybody(mut self) -> Self {
        self.trust = Trust::Anybody;
        self
    }

    /// Shows this certificate to servers that ask for one.
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// The versions of TLS that are spoken.
    pub const fn versions(mut self, versions: TlsVersions) -> Self {
        self.versions = versions;
        self
    }

    /// Checks it all.
    ///
    /// # Errors
    /// [`TlsError::NoRoots`] where nobody is trusted, [`TlsError::Setup`] for what rustls or
    /// the operating system does not like.
    pub fn build(self) -> Result<ClientTls, TlsError> {
        let verifier = self.trust.verifier()?;
        let make = |versions| configure(versions, &verifier, self.identity.as_ref());
        let config = make(self.versions)?;
        let tls12 = match self.versions {
            TlsVersions::All => make(TlsVersions::Tls12)?,
            TlsVersions::Tls12 | TlsVersions::Tls13 => Arc::clone(&config),
        };
        Ok(ClientTls { config, tls12 })
    }
}

fn configure(
    versions: TlsVersions,
    verifier: &Arc<dyn ServerCertVerifier>,
    identity: Option<&Identity>,
) -> Result<Arc<ClientConfig>, TlsError> {
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions.list())
        .map_err(TlsError::Setup)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::clone(verifier));
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some(identity) => builder
            .with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity.certified_key()))),
    };
    // Servers that know ALPN are told that this is no browser; for the others, that the
    // name was not chosen is no matter.
    config.alpn_protocols = vec![b"ftp".to_vec()];
    config.check_selected_alpn = false;
    Ok(Arc::new(config))
}

impl Trust {
    fn verifier(self) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
        let provider = provider();
        match self {
            Self::Platform => platform(),
            Self::Roots(roots) if roots.is_empty() => Err(TlsError::NoRoots(
                "no certificate is trusted, so that no server could be",
            )),
            Self::Roots(roots) => web(roots),
            Self::Pinned(fingerprint) => Ok(Alone::new(Some(fingerprint), &provider)),
            Self::Anybody => Ok(Alone::new(None, &provider)),
        }
    }
}

fn web(roots: Roots) -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    let verifier =
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots.into_store()), provider())
            .build()
            .map_err(|error| TlsError::Setup(rustls::Error::General(error.to_string())))?;
    Ok(verifier)
}

#[cfg(feature = "platform-roots")]
fn platform() -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    let verifier = rustls_platform_verifier::Verifier::new(provider()).map_err(TlsError::Setup)?;
    Ok(Arc::new(verifier))
}

#[cfg(all(feature = "webpki-roots", not(feature = "platform-roots")))]
fn platform() -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    web(Roots::mozilla())
}

#[cfg(not(any(feature = "webpki-roots", feature = "platform-roots")))]
fn platform() -> Result<Arc<dyn ServerCertVerifier>, TlsError> {
    Err(TlsError::NoRoots(
        "no certificates are built in that could be trusted; call `roots`, or turn the feature \
         `platform-roots` or `webpki-roots` on",
    ))
}
