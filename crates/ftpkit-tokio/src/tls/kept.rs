//! What a client keeps to resume the sessions of one control connection.

use std::sync::{Mutex, PoisonError};

use rustls::{
    NamedGroup,
    client::{
        ClientSessionMemoryCache, ClientSessionStore, Tls12ClientSessionValue,
        Tls13ClientSessionValue,
    },
    pki_types::ServerName,
};

/// Sessions of one control connection and its data connections.
///
/// A server of TLS 1.2 gives the next ticket before the handshake is complete. One that is
/// given up there may leave a ticket that is worth nothing to the server, so that a new one
/// takes the place of the old one only when a transfer has proved it.
#[derive(Debug)]
pub(super) struct Kept {
    tls13: ClientSessionMemoryCache,
    tls12: Mutex<Sessions>,
}

#[derive(Debug, Default)]
struct Sessions {
    proved: Option<Tls12ClientSessionValue>,
    latest: Option<Tls12ClientSessionValue>,
}

impl Kept {
    pub(super) fn new() -> Self {
        Self {
            tls13: ClientSessionMemoryCache::new(8),
            tls12: Mutex::default(),
        }
    }

    /// A transfer has come to its end over the latest connection.
    pub(super) fn prove(&self) {
        self.with(|sessions| {
            if let Some(latest) = sessions.latest.take() {
                sessions.proved = Some(latest);
            }
        });
    }

    fn with<T>(&self, f: impl FnOnce(&mut Sessions) -> T) -> T {
        f(&mut self.tls12.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// There is one server, so that its name is no matter in TLS 1.2.
impl ClientSessionStore for Kept {
    fn set_kx_hint(&self, name: ServerName<'static>, group: NamedGroup) {
        self.tls13.set_kx_hint(name, group);
    }

    fn kx_hint(&self, name: &ServerName<'_>) -> Option<NamedGroup> {
        self.tls13.kx_hint(name)
    }

    fn set_tls12_session(&self, _: ServerName<'static>, value: Tls12ClientSessionValue) {
        self.with(|sessions| {
            // The first one is the control connection's, and needs no proof.
            if sessions.proved.is_none() {
                sessions.proved = Some(value);
            } else {
                sessions.latest = Some(value);
            }
        });
    }

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.with(|sessions| sessions.proved.clone())
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {
        self.with(|sessions| *sessions = Sessions::default());
    }

    fn insert_tls13_ticket(&self, name: ServerName<'static>, value: Tls13ClientSessionValue) {
        self.tls13.insert_tls13_ticket(name, value);
    }

    fn take_tls13_ticket(&self, name: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.tls13.take_tls13_ticket(name)
    }
}
