//! What a user gets after login: a storage, a home in it, and limits.

use std::{fmt, sync::Arc};

use ftpkit_storage::{Storage, VirtualPath};

/// What a user gets after login.
///
/// Every account carries its own storage, so users of one server may live on different
/// backends. What an account may do is decided by the layers around that storage (read-only,
/// rooted, quota), so that it holds for every front end and every command.
#[derive(Clone)]
pub struct Account {
    name: Arc<str>,
    storage: Arc<dyn Storage>,
    home: VirtualPath,
    max_sessions: usize,
}

impl Account {
    /// An account whose home is the root of its storage, without a limit of sessions.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, storage: Arc<dyn Storage>) -> Self {
        Self {
            name: name.into(),
            storage,
            home: VirtualPath::root(),
            max_sessions: 0,
        }
    }

    /// Makes this directory of the storage the working directory after login.
    #[must_use]
    pub fn with_home(mut self, home: VirtualPath) -> Self {
        self.home = home;
        self
    }

    /// Limits how many sessions the account may have at a time; 0 is no limit.
    #[must_use]
    pub const fn with_max_sessions(mut self, max: usize) -> Self {
        self.max_sessions = max;
        self
    }

    /// The name, for logs and for counting sessions; it need not be what the client sent.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) const fn shared_name(&self) -> &Arc<str> {
        &self.name
    }

    /// The storage.
    #[must_use]
    pub const fn storage(&self) -> &Arc<dyn Storage> {
        &self.storage
    }

    /// The working directory after login.
    #[must_use]
    pub const fn home(&self) -> &VirtualPath {
        &self.home
    }

    /// How many sessions the account may have at a time; 0 is no limit.
    #[must_use]
    pub const fn max_sessions(&self) -> usize {
        self.max_sessions
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.name)
            .field("home", &self.home)
            .field("max_sessions", &self.max_sessions)
            .finish_non_exhaustive()
    }
}
