//! What is told of a session, to the log and to the observer.

use std::sync::Arc;

use ftpkit_accounts::AuthFailure;
use ftpkit_host::{End, Observer, ServerEvent, SessionOrigin, TransferKind};
use ftpkit_storage::VirtualPath;

use super::open::{Item, OpenFile};

/// Tells what happens in a session.
#[derive(Clone)]
pub(super) struct Teller {
    pub(super) observer: Option<Arc<dyn Observer>>,
    pub(super) origin: SessionOrigin,
}

impl Teller {
    fn observe(&self, event: &ServerEvent<'_>) {
        if let Some(observer) = &self.observer {
            observer.observe(event);
        }
    }

    pub(super) fn logged_in(&self, user: &str) {
        tracing::info!("logged in");
        self.observe(&self.origin.logged_in(user));
    }

    pub(super) fn login_failed(&self, name: &str, failure: &AuthFailure) {
        tracing::info!(name = %name.escape_debug(), %failure, "a login failed");
        self.observe(&self.origin.login_failed(name.as_bytes(), failure));
    }

    /// A file was closed, or its session ended before.
    pub(super) fn transferred(&self, user: &str, moved: &Moved, end: End) {
        let Moved { what, path, bytes } = moved;
        tracing::info!(?what, %path, bytes, ?end, "transfer ended");
        let path = path.as_bytes();
        self.observe(&self.origin.transfer_ended(user, *what, path, *bytes, end));
    }
}

/// How far the transfer of a file has come.
pub(super) struct Moved {
    what: TransferKind,
    path: VirtualPath,
    bytes: u64,
}

impl Moved {
    /// What there is to tell of an open file: nothing where it was opened for reading, and never
    /// read.
    pub(super) fn of(item: &Item) -> Option<Self> {
        match item {
            Item::File(file) => Self::of_file(file),
            Item::Directory(_) => None,
        }
    }

    fn of_file(file: &OpenFile) -> Option<Self> {
        let bytes = file.moved();
        let what = match file.writes {
            true => TransferKind::Upload,
            false if bytes > 0 => TransferKind::Download,
            false => return None,
        };
        let path = file.path.clone();
        Some(Self { what, path, bytes })
    }
}
