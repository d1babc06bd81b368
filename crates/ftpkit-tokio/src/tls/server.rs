//! The server's side: which certificates are shown, whom clients must be vouched for by, and
//! what is asked of data connections.

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use rustls::{
    ServerConfig,
    server::{
        ClientHello, NoServerSessionStorage, ProducesTickets, ResolvesServerCert,
        StoresServerSessions, WebPkiClientVerifier, danger::ClientCertVerifier,
    },
    sign::CertifiedKey,
};

use super::{
    ALPN, Identity, Roots, SessionTls, TlsError, TlsVersions,
    binding::{Binding, Common},
    provider,
    session::ServerSession,
    stock::Supply,
    ticketer,
};

/// Whether a data connection must resume the TLS session of its control connection.
///
/// This alone proves that the client that logged in made the data connection, and not somebody
/// else behind the same address. curl, lftp, FileZilla and WinSCP do it; Python's `ftplib` does
/// not by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SessionReuse {
    /// Nothing is asked.
    Off,
    /// Where the client can: one that has done it once on a control connection must go on, and
    /// the session of another control connection is always refused. Behind an upload under TLS
    /// 1.3 a client may have none left, if it did not read while it sent.
    #[default]
    Auto,
    /// Always. curl 7 may be refused its second upload on one control connection then, under TLS
    /// 1.3: it looks for new tickets only while it reads.
    Required,
}

/// Whether clients are asked for a certificate.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum ClientCertificates {
    /// No.
    #[default]
    Off,
    /// Yes, but who has none may come too. One that these roots do not vouch for is refused.
    Asked(Roots),
    /// Yes, and nobody without one that these roots vouch for gets further than the handshake.
    Required(Roots),
}

/// TLS of a server; shared by all of its sessions.
///
/// ```
/// # fn example(chain: &[u8], key: &[u8]) -> Result<(), ftpkit_tokio::tls::TlsError> {
/// use ftpkit_tokio::tls::{Identity, ServerTls, SessionReuse};
///
/// let tls = ServerTls::builder()
///     .identity(Identity::from_pem(chain, key)?)
///     .reuse(SessionReuse::Required)
///     .build()?;
/// // When the certificate is renewed; sessions that run are not disturbed:
/// tls.set_identity(Identity::from_pem(chain, key)?);
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct ServerTls(Arc<Shared>);

struct Shared {
    /// What each session's configuration is a copy of.
    template: ServerConfig,
    shown: Arc<Shown>,
    sessions: Arc<Common>,
    reuse: SessionReuse,
}

impl ServerTls {
    /// Begins to set TLS up.
    pub fn builder() -> ServerTlsBuilder {
        ServerTlsBuilder::default()
    }

    /// Shows this certificate from now on, to clients that ask for none of the
    /// [hosts](ServerTlsBuilder::host).
    pub fn set_identity(&self, identity: Identity) {
        self.0.shown.change(|shown| shown.default = identity);
    }

    /// Shows this certificate from now on to clients that ask for this host.
    pub fn set_host(&self, name: &str, identity: Identity) {
        self.0.shown.change(|shown| shown.set(name, identity));
    }

    /// What is asked of data connections.
    #[must_use]
    pub fn reuse(&self) -> SessionReuse {
        self.0.reuse
    }

    /// TLS of one control connection and its data connections.
    ///
    /// # Errors
    /// [`TlsError::Setup`] where the system gives no random numbers.
    pub fn session(&self) -> Result<SessionTls, TlsError> {
        let mut tag = [0; 16];
        let random = self.0.template.crypto_provider().secure_random;
        random
            .fill(&mut tag)
            .map_err(|_| TlsError::Setup(rustls::Error::FailedToGetRandomBytes))?;
        let binding = Arc::new(Binding::new(&self.0.sessions, tag));
        let mut config = self.0.template.clone();
        config.ticketer = Arc::clone(&binding) as Arc<dyn ProducesTickets>;
        config.session_storage = Arc::clone(&binding) as Arc<dyn StoresServerSessions>;
        let face = Arc::new(Face::new(&self.0.shown));
        config.cert_resolver = Arc::clone(&face) as Arc<dyn ResolvesServerCert>;
        let session = ServerSession::new(Arc::new(config), face, binding, self.0.reuse);
        Ok(SessionTls::server(session))
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls")
            .field("reuse", &self.0.reuse)
            .finish_non_exhaustive()
    }
}

/// Sets a [`ServerTls`] up.
#[derive(Debug, Default)]
#[must_use = "a builder does nothing until it builds"]
pub struct ServerTlsBuilder {
    identity: Option<Identity>,
    hosts: Vec<(String, Identity)>,
    clients: ClientCertificates,
    reuse: SessionReuse,
    versions: TlsVersions,
}

impl ServerTlsBuilder {
    /// The certificate that is shown, and the key to it.
    pub fn identity(mut self, identity: Identity) -> Self {
        self.identity = Some(identity);
        self
    }

    /// The certificate that is shown to clients that ask for this host (SNI).
    pub fn host(mut self, name: impl Into<String>, identity: Identity) -> Self {
        self.hosts.push((name.into(), identity));
        self
    }

    /// Whether clients are asked for a certificate. Off by default.
    pub fn clients(mut self, clients: ClientCertificates) -> Self {
        self.clients = clients;
        self
    }

    /// Whether data connections must resume the control connection's session.
    pub const fn reuse(mut self, reuse: SessionReuse) -> Self {
        self.reuse = reuse;
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
    /// [`TlsError::NoIdentity`] without a certificate, [`TlsError::NoRoots`] where clients are
    /// asked for certificates and nobody vouches for them, [`TlsError::Setup`] for what rustls
    /// does not like.
    pub fn build(self) -> Result<ServerTls, TlsError> {
        let mut shown = Certificates {
            default: self.identity.ok_or(TlsError::NoIdentity)?,
            hosts: Vec::new(),
        };
        for (name, identity) in self.hosts {
            shown.set(&name, identity);
        }
        let shown = Arc::new(Shown(RwLock::new(shown)));
        let builder = ServerConfig::builder_with_provider(provider())
            .with_protocol_versions(self.versions.list())
            .map_err(TlsError::Setup)?;
        let builder = match self.clients {
            ClientCertificates::Off => builder.with_no_client_auth(),
            ClientCertificates::Asked(roots) => {
                builder.with_client_cert_verifier(verifier(roots, false)?)
            }
            ClientCertificates::Required(roots) => {
                builder.with_client_cert_verifier(verifier(roots, true)?)
            }
        };
        let mut template =
            builder.with_cert_resolver(Arc::clone(&shown) as Arc<dyn ResolvesServerCert>);
        template.alpn_protocols = ALPN.iter().map(|name| name.to_vec()).collect();
        template.send_tls13_tickets = Supply::Full.tickets();
        // Each session brings its own; the default is large.
        template.session_storage = Arc::new(NoServerSessionStorage {});
        Ok(ServerTls(Arc::new(Shared {
            template,
            shown,
            sessions: Common::new(ticketer().map_err(TlsError::Setup)?),
            reuse: self.reuse,
        })))
    }
}

fn verifier(roots: Roots, required: bool) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
    if roots.is_empty() {
        let text = "clients are asked for certificates, but no root vouches for them";
        return Err(TlsError::NoRoots(text));
    }
    let builder =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots.into_store()), provider());
    let builder = if required {
        builder
    } else {
        builder.allow_unauthenticated()
    };
    builder
        .build()
        .map_err(|error| TlsError::Setup(rustls::Error::General(error.to_string())))
}

/// The certificates that are shown at present.
struct Certificates {
    default: Identity,
    /// By host, in lower case.
    hosts: Vec<(String, Identity)>,
}

impl Certificates {
    fn set(&mut self, name: &str, identity: Identity) {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        match self.hosts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = identity,
            None => self.hosts.push((name, identity)),
        }
    }

    fn find(&self, name: Option<&str>) -> &Identity {
        let host = name.and_then(|name| {
            let name = name.trim_end_matches('.');
            self.hosts
                .iter()
                .find(|(host, _)| host.eq_ignore_ascii_case(name))
        });
        host.map_or(&self.default, |(_, identity)| identity)
    }
}

/// [`Certificates`] that may change while they are shown.
struct Shown(RwLock<Certificates>);

impl Shown {
    fn change(&self, change: impl FnOnce(&mut Certificates)) {
        change(&mut self.0.write().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Shown {
    fn find(&self, name: Option<&str>) -> Arc<CertifiedKey> {
        let shown = self.0.read().unwrap_or_else(PoisonError::into_inner);
        shown.find(name).certified_key()
    }
}

impl ResolvesServerCert for Shown {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.find(hello.server_name()))
    }
}

impl fmt::Debug for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shown").finish_non_exhaustive()
    }
}

/// What one session shows: the same certificate on its data connections as on its control
/// connection, even where another is to be shown meanwhile, since clients compare them.
pub(super) struct Face {
    shown: Arc<Shown>,
    state: Mutex<FaceState>,
}

#[derive(Default)]
struct FaceState {
    /// The virtual host that was named before TLS (HOST, RFC 7151 sec. 3.2.2).
    host: Option<String>,
    key: Option<Arc<CertifiedKey>>,
}

impl Face {
    fn new(shown: &Arc<Shown>) -> Self {
        Self {
            shown: Arc::clone(shown),
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, FaceState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The control connection is about to begin TLS, for this host.
    pub(super) fn named(&self, host: Option<&str>) {
        *self.state() = FaceState {
            host: host.map(str::to_owned),
            key: None,
        };
    }
}

impl ResolvesServerCert for Face {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let FaceState { host, key } = &mut *self.state();
        let name = hello.server_name().or(host.as_deref());
        let key = key.get_or_insert_with(|| self.shown.find(name));
        Some(Arc::clone(key))
    }
}

impl fmt::Debug for Face {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Face").finish_non_exhaustive()
    }
}
