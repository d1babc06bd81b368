//! What all sessions of a server share, and what it is to its host.

use std::{future::Future, sync::Arc, time::Duration};

use ftpkit_accounts::{Authenticator, Door, Refused};
use ftpkit_host::{Caller, Front, Observer, ServerEvent};
use tokio::net::TcpStream;

use super::{buffers::Buffers, session};

/// How long things may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timeouts {
    /// From the connection to the login.
    pub(super) login: Duration,
    /// Without anything that is asked or answered.
    pub(super) idle: Duration,
    /// For a storage to answer.
    pub(super) storage: Duration,
}

/// What all sessions of a server share.
pub(super) struct Shared {
    pub(super) ssh: Arc<russh::server::Config>,
    pub(super) sftp: ftpkit_sftp::server::Config,
    pub(super) door: Door,
    pub(super) authenticator: Arc<dyn Authenticator>,
    pub(super) observer: Option<Arc<dyn Observer>>,
    pub(super) timeouts: Timeouts,
    /// How many channels a connection may have.
    pub(super) channels: usize,
    /// Whether certificates may let users in.
    pub(super) certificates: bool,
    pub(super) buffers: Arc<Buffers>,
    pub(super) busy_wait: Duration,
}

/// [`Shared`], as its host sees it.
pub(super) struct SftpFront(pub(super) Arc<Shared>);

impl Front for SftpFront {
    type Entry = ();

    fn door(&self) -> &Door {
        &self.0.door
    }

    fn observe(&self, event: &ServerEvent<'_>) {
        if let Some(observer) = &self.0.observer {
            observer.observe(event);
        }
    }

    fn session(self: Arc<Self>, caller: Caller<()>) -> impl Future<Output = ()> + Send + 'static {
        session::run(Arc::clone(&self.0), caller)
    }

    /// SSH has words for it only behind the key exchange, which is what whoever floods a server
    /// wants of it.
    fn turn_away(&self, (): (), stream: TcpStream, _: Refused) {
        drop(stream);
    }
}
