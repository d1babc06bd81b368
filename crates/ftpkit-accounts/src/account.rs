//! What a user gets after login: a storage, a home in it, and limits.

use std::{fmt, sync::Arc};

use ftpkit_storage::{Storage, VirtualPath};

/// What a user gets after login.
///
/// Every account carries its own storage, so users of one server may live on different
/// backends. What an account may do is decided by the layers around that storage (read-only,
/// rooted, quota), so that it holds for every front end and every command.
///
/// A clone shares all with the first: the sessions of one user have one account between them.
#[derive(Clone)]
pub struct Account(Arc<Parts>);

#[derive(Clone)]
struct Parts {
    name: Arc<str>,
    storage: Arc<dyn Storage>,
    home: VirtualPath,
    max_sessions: usize,
}

impl Account {
    /// An account whose home is the root of its storage, without a limit of sessions.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, storage: Arc<dyn Storage>) -> Self {
        Self(Arc::new(Parts {
            name: name.into(),
            storage,
            home: VirtualPath::root(),
            max_sessions: 0,
        }))
    }

    /// Makes this directory of the storage the working directory after login.
    #[must_use]
    pub fn with_home(mut self, home: VirtualPath) -> Self {
        Arc::make_mut(&mut self.0).home = home;
        self
    }

    /// Limits how many sessions the account may have at a time; 0 is no limit.
    #[must_use]
    pub fn with_max_sessions(mut self, max: usize) -> Self {
        Arc::make_mut(&mut self.0).max_sessions = max;
        self
    }

    /// The name, for logs and for counting sessions; it need not be what the client sent.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.name
    }

    pub(crate) fn shared_name(&self) -> &Arc<str> {
        &self.0.name
    }

    /// The storage.
    #[must_use]
    pub fn storage(&self) -> &Arc<dyn Storage> {
        &self.0.storage
    }

    /// The working directory after login.
    #[must_use]
    pub fn home(&self) -> &VirtualPath {
        &self.0.home
    }

    /// How many sessions the account may have at a time; 0 is no limit.
    #[must_use]
    pub fn max_sessions(&self) -> usize {
        self.0.max_sessions
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Account")
            .field("name", &self.0.name)
            .field("home", &self.0.home)
            .field("max_sessions", &self.0.max_sessions)
            .finish_non_exhaustive()
    }
}
