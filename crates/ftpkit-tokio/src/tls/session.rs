//! TLS of one control connection and its data connections, and what is asked of the latter.

use std::{
    fmt, io,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

use ftpkit_proto::{DataFailure, Text, TlsRole};
use rustls::{
    ClientConfig, CommonState, HandshakeKind, ProtocolVersion, ServerConfig,
    pki_types::{CertificateDer, ServerName},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{
    Handshake, SessionReuse, TlsFailure,
    binding::{Binding, Verdict},
    kept::Kept,
    server::Face,
    stock::Supply,
};

/// TLS of one control connection and its data connections, for a
/// [`Driver`](crate::Driver::with_tls); made by [`ServerTls`](super::ServerTls) or
/// [`ClientTls`](super::ClientTls).
pub struct SessionTls {
    side: Side,
    /// The certificate that the peer showed on the control connection.
    shown: Mutex<Option<CertificateDer<'static>>>,
    /// The last failure of a handshake, and in words.
    failure: Mutex<Option<(TlsFailure, String)>>,
}

enum Side {
    Server(ServerSession),
    Client(ClientSession),
}

/// The server's part.
pub(super) struct ServerSession {
    config: Arc<ServerConfig>,
    /// The same, which gives one ticket only; made when it is first wanted.
    one: OnceLock<Arc<ServerConfig>>,
    face: Arc<Face>,
    binding: Arc<Binding>,
    reuse: SessionReuse,
}

impl ServerSession {
    pub(super) const fn new(
        config: Arc<ServerConfig>,
        face: Arc<Face>,
        binding: Arc<Binding>,
        reuse: SessionReuse,
    ) -> Self {
        Self {
            config,
            one: OnceLock::new(),
            face,
            binding,
            reuse,
        }
    }

    /// The configuration of a handshake that gives so many tickets.
    fn giving(&self, supply: Supply) -> Arc<ServerConfig> {
        let config = match supply {
            Supply::Full => &self.config,
            Supply::One => self.one.get_or_init(|| {
                let mut config = ServerConfig::clone(&self.config);
                config.send_tls13_tickets = supply.tickets();
                Arc::new(config)
            }),
        };
        Arc::clone(config)
    }

    /// Begins a handshake that gives so many tickets.
    fn accept<IO: AsyncRead + AsyncWrite + Unpin>(&self, io: IO, supply: Supply) -> Handshake<IO> {
        let acceptor = TlsAcceptor::from(self.giving(supply));
        Handshake::Accept(acceptor.accept(io).into_fallible())
    }

    /// Whose a data connection is that has resumed its session, or has not.
    fn judge(&self, resumed: bool) -> Verdict {
        let foreign = self.binding.is_foreign();
        match self.reuse {
            _ if resumed => Verdict::Proven,
            SessionReuse::Off => Verdict::Proven,
            SessionReuse::Auto if !foreign && !self.binding.can_resume() => Verdict::Unproven,
            SessionReuse::Auto | SessionReuse::Required => {
                tracing::debug!(
                    foreign,
                    "the data connection did not resume the TLS session"
                );
                Verdict::Refused
            }
        }
    }
}

/// The client's part.
pub(super) struct ClientSession {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
    kept: Arc<Kept>,
}

impl ClientSession {
    pub(super) const fn new(
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
        kept: Arc<Kept>,
    ) -> Self {
        Self { config, name, kept }
    }

    /// Begins a handshake.
    fn connect<IO: AsyncRead + AsyncWrite + Unpin>(&self, io: IO) -> Handshake<IO> {
        let connector = TlsConnector::from(Arc::clone(&self.config));
        Handshake::Connect(connector.connect(self.name.clone(), io).into_fallible())
    }
}

impl SessionTls {
    pub(super) const fn server(session: ServerSession) -> Self {
        Self::new(Side::Server(session))
    }

    pub(super) const fn client(session: ClientSession) -> Self {
        Self::new(Side::Client(session))
    }

    const fn new(side: Side) -> Self {
        Self {
            side,
            shown: Mutex::new(None),
            failure: Mutex::new(None),
        }
    }

    /// A transfer has come to its end, so that what its connection gave can resume the session.
    pub(crate) fn prove(&self) {
        if let Side::Client(client) = &self.side {
            client.kept.prove();
        }
    }

    /// Notes why a handshake failed.
    pub(crate) fn note(&self, error: &io::Error) {
        let failure = (TlsFailure::of(error), error.to_string());
        *lock(&self.failure) = Some(failure);
    }

    /// Why the last handshake failed, if it did.
    pub(crate) fn failure(&self) -> Option<(TlsFailure, String)> {
        lock(&self.failure).clone()
    }

    /// Says which virtual host the control connection is for, where it was said before TLS.
    pub(crate) fn named(&self, host: Option<&Text>) {
        if let Side::Server(server) = &self.side {
            let host = host.and_then(|host| std::str::from_utf8(host.as_bytes()).ok());
            server.face.named(host);
        }
    }

    /// This side's role on the control connection.
    pub(crate) const fn role(&self) -> TlsRole {
        match self.side {
            Side::Server(_) => TlsRole::Server,
            Side::Client(_) => TlsRole::Client,
        }
    }

    /// Begins the handshake of the control connection.
    pub(crate) fn control<IO>(&self, io: IO) -> Handshake<IO>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        self.forget_failure();
        match &self.side {
            Side::Server(server) => server.accept(io, server.binding.begin_control()),
            Side::Client(client) => client.connect(io),
        }
    }

    /// What is told of a failure is told of the last handshake, which may end in silence.
    fn forget_failure(&self) {
        *lock(&self.failure) = None;
    }

    /// Begins the handshake of a data connection. None: this session cannot be that end.
    pub(crate) fn data<IO>(&self, role: TlsRole, io: IO) -> Option<Handshake<IO>>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let handshake = match (&self.side, role) {
            (Side::Server(server), TlsRole::Server) => {
                server.accept(io, server.binding.begin_data())
            }
            (Side::Client(client), TlsRole::Client) => client.connect(io),
            _ => return None,
        };
        self.forget_failure();
        Some(handshake)
    }

    /// Notes with whom the control connection is.
    pub(crate) fn control_started(&self, state: &CommonState) {
        *lock(&self.shown) = end_entity(state).cloned();
    }

    /// The tickets of the last handshake go out with payload, which the client reads.
    pub(crate) fn delivered(&self) {
        if let Side::Server(server) = &self.side {
            server.binding.delivered();
        }
    }

    /// Whether a data connection whose handshake is complete belongs to the control
    /// connection; and if so, whether it has resumed the session.
    pub(crate) fn check_data(&self, state: &CommonState) -> Result<bool, DataFailure> {
        let resumed = state.handshake_kind() == Some(HandshakeKind::Resumed);
        let same = match &*lock(&self.shown) {
            None => true,
            expected => expected.as_ref() == end_entity(state),
        };
        if let Side::Server(server) = &self.side {
            let verdict = if same {
                server.judge(resumed)
            } else {
                Verdict::Refused
            };
            let single_use = state.protocol_version() == Some(ProtocolVersion::TLSv1_3);
            server.binding.judge(verdict, single_use);
            if same && verdict == Verdict::Refused {
                return Err(DataFailure::NotResumed);
            }
        }
        if !same {
            return Err(DataFailure::Certificate);
        }
        tracing::debug!(resumed, "TLS on the data connection");
        Ok(resumed)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn end_entity(state: &CommonState) -> Option<&CertificateDer<'static>> {
    state.peer_certificates().and_then(<[_]>::first)
}

impl fmt::Debug for SessionTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let side = match &self.side {
            Side::Server(_) => "Server",
            Side::Client(_) => "Client",
        };
        f.debug_struct("SessionTls")
            .field("side", &side)
            .finish_non_exhaustive()
    }
}
