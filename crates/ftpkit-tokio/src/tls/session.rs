//! TLS of one control connection and its data connections, and what is asked of the latter.

use std::{
    fmt, io,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use ftpkit_proto::{DataFailure, TlsRole};
use rustls::{
    ClientConfig, CommonState, HandshakeKind, ServerConfig,
    pki_types::{CertificateDer, ServerName},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::{Handshake, SessionReuse, TlsFailure, binding::BoundTickets};

/// TLS of one control connection and its data connections, for a
/// [`Driver`](crate::Driver::with_tls); made by [`ServerTls`](super::ServerTls) or
/// [`ClientTls`](super::ClientTls).
pub struct SessionTls {
    side: Side,
    /// The certificate that the peer showed on the control connection.
    shown: OnceLock<Option<CertificateDer<'static>>>,
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
    tickets: Arc<BoundTickets>,
    reuse: SessionReuse,
    /// The client has resumed the session on a data connection.
    has_resumed: AtomicBool,
}

impl ServerSession {
    pub(super) const fn new(
        config: Arc<ServerConfig>,
        tickets: Arc<BoundTickets>,
        reuse: SessionReuse,
    ) -> Self {
        Self {
            config,
            tickets,
            reuse,
            has_resumed: AtomicBool::new(false),
        }
    }

    /// Whether a data connection that has resumed its session, or has not, is the client's.
    fn check(&self, resumed: bool) -> Result<(), DataFailure> {
        let foreign = self.tickets.take_foreign();
        if resumed {
            self.has_resumed.store(true, Ordering::Release);
            return Ok(());
        }
        let refused = match self.reuse {
            SessionReuse::Off => false,
            SessionReuse::Auto => foreign || self.has_resumed.load(Ordering::Acquire),
            SessionReuse::Required => true,
        };
        if refused {
            tracing::debug!(
                foreign,
                "the data connection did not resume the TLS session"
            );
            return Err(DataFailure::NotResumed);
        }
        Ok(())
    }
}

/// The client's part.
pub(super) struct ClientSession {
    config: Arc<ClientConfig>,
    name: ServerName<'static>,
}

impl ClientSession {
    pub(super) const fn new(config: Arc<ClientConfig>, name: ServerName<'static>) -> Self {
        Self { config, name }
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
            shown: OnceLock::new(),
            failure: Mutex::new(None),
        }
    }

    /// Notes why a handshake failed.
    pub(crate) fn note(&self, error: &io::Error) {
        let failure = (TlsFailure::of(error), error.to_string());
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = Some(failure);
    }

    /// Why the last handshake failed, if it did.
    pub(crate) fn failure(&self) -> Option<(TlsFailure, String)> {
        let failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        failure.clone()
    }

    /// Begins the handshake of the control connection.
    pub(crate) fn control<IO>(&self, io: IO) -> Handshake<IO>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        // What is told of a failure is told of the last handshake, which may end in silence.
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = None;
        match &self.side {
            Side::Server(server) => {
                let acceptor = TlsAcceptor::from(Arc::clone(&server.config));
                Handshake::Accept(acceptor.accept(io).into_fallible())
            }
            Side::Client(client) => {
                let connector = TlsConnector::from(Arc::clone(&client.config));
                Handshake::Connect(connector.connect(client.name.clone(), io).into_fallible())
            }
        }
    }

    /// Begins the handshake of a data connection. None: this session cannot be that end.
    pub(crate) fn data<IO>(&self, role: TlsRole, io: IO) -> Option<Handshake<IO>>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        match (&self.side, role) {
            (Side::Server(server), TlsRole::Server) => {
                // What was shown on the control connection is no matter here.
                server.tickets.take_foreign();
                Some(self.control(io))
            }
            (Side::Client(_), TlsRole::Client) => Some(self.control(io)),
            _ => None,
        }
    }

    /// Notes with whom the control connection is.
    pub(crate) fn control_started(&self, state: &CommonState) {
        self.shown.get_or_init(|| end_entity(state).cloned());
    }

    /// Whether a data connection whose handshake is complete belongs to the control
    /// connection; and if so, whether it has resumed the session.
    pub(crate) fn check_data(&self, state: &CommonState) -> Result<bool, DataFailure> {
        let resumed = state.handshake_kind() == Some(HandshakeKind::Resumed);
        if let Side::Server(server) = &self.side {
            server.check(resumed)?;
        }
        let expected = self.shown.get().and_then(Option::as_ref);
        if expected.is_some() && expected != end_entity(state) {
            return Err(DataFailure::Certificate);
        }
        tracing::debug!(resumed, "TLS on the data connection");
        Ok(resumed)
    }
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
