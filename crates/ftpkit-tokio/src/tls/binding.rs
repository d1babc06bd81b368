//! What binds data connections to their control connection: session tickets, and a small
//! session cache, that serve one control connection only.
//!
//! Whoever resumes a session with these has been on the same control connection before, or on
//! a data connection of it. Nothing in the protocol but this tells the client that logged in
//! from a stranger behind the same address who was quicker to connect.

use std::{
    collections::VecDeque,
    fmt,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use rustls::server::{ProducesTickets, StoresServerSessions};

/// How many TLS 1.2 sessions without a ticket are kept of one control connection: its own, and
/// a few of its data connections.
const KEPT: usize = 4;

/// The tag that stands before what a ticket holds.
type Tag = [u8; 16];

/// Tickets of one control connection: those of all others are worth nothing here.
pub(super) struct BoundTickets {
    shared: Arc<dyn ProducesTickets>,
    tag: Tag,
    foreign: AtomicBool,
}

impl BoundTickets {
    pub(super) const fn new(shared: Arc<dyn ProducesTickets>, tag: Tag) -> Self {
        Self {
            shared,
            tag,
            foreign: AtomicBool::new(false),
        }
    }

    /// Whether a ticket of another control connection was shown since this was asked last.
    pub(super) fn take_foreign(&self) -> bool {
        self.foreign.swap(false, Ordering::AcqRel)
    }
}

impl ProducesTickets for BoundTickets {
    fn enabled(&self) -> bool {
        true
    }

    fn lifetime(&self) -> u32 {
        self.shared.lifetime()
    }

    fn encrypt(&self, plain: &[u8]) -> Option<Vec<u8>> {
        self.shared.encrypt(&[&self.tag, plain].concat())
    }

    fn decrypt(&self, cipher: &[u8]) -> Option<Vec<u8>> {
        let mut plain = self.shared.decrypt(cipher)?;
        if plain.get(..self.tag.len()) != Some(&self.tag[..]) {
            self.foreign.store(true, Ordering::Release);
            return None;
        }
        Some(plain.split_off(self.tag.len()))
    }
}

impl fmt::Debug for BoundTickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundTickets").finish_non_exhaustive()
    }
}

/// TLS 1.2 sessions of one control connection, for clients without tickets.
#[derive(Default)]
pub(super) struct BoundSessions(Mutex<VecDeque<(Vec<u8>, Vec<u8>)>>);

impl BoundSessions {
    fn with<T>(&self, f: impl FnOnce(&mut VecDeque<(Vec<u8>, Vec<u8>)>) -> T) -> T {
        f(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl StoresServerSessions for BoundSessions {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        self.with(|kept| {
            kept.retain(|(known, _)| *known != key);
            if kept.len() == KEPT {
                kept.pop_front();
            }
            kept.push_back((key, value));
        });
        true
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.with(|kept| {
            let found = kept.iter().find(|(known, _)| known == key);
            found.map(|(_, value)| value.clone())
        })
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.with(|kept| {
            let at = kept.iter().position(|(known, _)| known == key)?;
            kept.remove(at).map(|(_, value)| value)
        })
    }

    fn can_cache(&self) -> bool {
        true
    }
}

impl fmt::Debug for BoundSessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundSessions").finish_non_exhaustive()
    }
}
