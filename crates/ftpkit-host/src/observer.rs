//! What a program may watch of its servers, besides the `tracing` spans and events.

use std::{net::SocketAddr, sync::Arc};

#[cfg(feature = "_tls")]
use ftpkit_accounts::ClientCertificate;
use ftpkit_accounts::{AuthFailure, Refused};
use ftpkit_proto::server::End;
#[cfg(feature = "_tls")]
use ftpkit_tokio::tls::TlsInfo;

/// Is told what happens in a server: for counters, audit logs, hooks after uploads.
///
/// It is called within the session's task and holds it up, so it must not block; send what
/// takes time to a task of your own. A closure is an observer too, and so is an `Arc` of one, with
/// which one observer watches several servers.
///
/// ```
/// use ftpkit_host::{Observer, ServerEvent};
/// fn log() -> impl Observer {
///     |event: &ServerEvent<'_>| {
///         if let ServerEvent::LoggedIn { user, peer, .. } = event {
///             println!("{user} came in from {peer}");
///         }
///     }
/// }
/// # let _ = log();
/// ```
pub trait Observer: Send + Sync {
    /// Takes the news.
    fn observe(&self, event: &ServerEvent<'_>);
}

impl<F: Fn(&ServerEvent<'_>) + Send + Sync> Observer for F {
    fn observe(&self, event: &ServerEvent<'_>) {
        self(event);
    }
}

impl Observer for Arc<dyn Observer> {
    fn observe(&self, event: &ServerEvent<'_>) {
        (**self).observe(event);
    }
}

/// News of a server. Sessions are numbered from 1 for as long as the server's door lives, so
/// that no two have the same number at servers that share one.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServerEvent<'a> {
    /// A client was let in; login comes later.
    #[non_exhaustive]
    Connected {
        /// The session's number.
        session: u64,
        /// The client's address.
        peer: SocketAddr,
    },
    /// A client was turned away: by FTP with 421, or in silence where it waited for TLS.
    #[non_exhaustive]
    TurnedAway {
        /// The client's address.
        peer: SocketAddr,
        /// Which limit was reached.
        why: Refused,
    },
    /// TLS is up on FTP's control connection.
    #[cfg(feature = "_tls")]
    #[non_exhaustive]
    Secured {
        /// The session's number.
        session: u64,
        /// The client's address.
        peer: SocketAddr,
        /// The version, the cipher suite, the name that was asked for, and more.
        tls: &'a TlsInfo,
        /// The client's certificate, where it presented one that was verified and can be read.
        certificate: Option<&'a ClientCertificate>,
    },
    /// A TLS handshake failed, or a data connection was made by somebody who is not known to be
    /// the client.
    #[cfg(feature = "_tls")]
    #[non_exhaustive]
    TlsFailed {
        /// The session's number.
        session: u64,
        /// The client's address.
        peer: SocketAddr,
        /// Whether it was on a data connection, which ends a transfer; else it was on the
        /// control connection, which ends the session.
        data: bool,
        /// Why.
        reason: &'a str,
    },
    /// A user logged in.
    #[non_exhaustive]
    LoggedIn {
        /// The session's number.
        session: u64,
        /// The client's address.
        peer: SocketAddr,
        /// The account's name.
        user: &'a str,
    },
    /// A login failed.
    #[non_exhaustive]
    LoginFailed {
        /// The session's number.
        session: u64,
        /// The client's address.
        peer: SocketAddr,
        /// The name that was tried, as it was sent.
        name: &'a [u8],
        /// Why.
        failure: &'a AuthFailure,
    },
    /// A transfer ended, completely or not.
    #[non_exhaustive]
    TransferEnded {
        /// The session's number.
        session: u64,
        /// The client's address.
        peer: SocketAddr,
        /// The account's name.
        user: &'a str,
        /// What was transferred.
        what: TransferKind,
        /// The full path, as the client sees it.
        path: &'a [u8],
        /// How many bytes moved.
        bytes: u64,
        /// How it ended. An upload over SFTP is complete when its file was closed, aborted when
        /// the session ended before that.
        end: End,
    },
    /// A session is over.
    #[non_exhaustive]
    Disconnected {
        /// The session's number.
        session: u64,
        /// The client's address.
        peer: SocketAddr,
    },
}

/// A session, as its news name it: what a front end makes them with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SessionOrigin {
    /// The session's number.
    pub session: u64,
    /// The client's address.
    pub peer: SocketAddr,
}

impl SessionOrigin {
    /// The session of this number, whose client is at this address.
    #[must_use]
    pub const fn new(session: u64, peer: SocketAddr) -> Self {
        Self { session, peer }
    }

    /// [`ServerEvent::Connected`]
    pub(crate) const fn connected(self) -> ServerEvent<'static> {
        let Self { session, peer } = self;
        ServerEvent::Connected { session, peer }
    }

    /// [`ServerEvent::Disconnected`]
    pub(crate) const fn disconnected(self) -> ServerEvent<'static> {
        let Self { session, peer } = self;
        ServerEvent::Disconnected { session, peer }
    }

    /// [`ServerEvent::Secured`]
    #[cfg(feature = "_tls")]
    #[must_use]
    pub const fn secured<'a>(
        self,
        tls: &'a TlsInfo,
        certificate: Option<&'a ClientCertificate>,
    ) -> ServerEvent<'a> {
        let Self { session, peer } = self;
        ServerEvent::Secured {
            session,
            peer,
            tls,
            certificate,
        }
    }

    /// [`ServerEvent::TlsFailed`]
    #[cfg(feature = "_tls")]
    #[must_use]
    pub const fn tls_failed(self, data: bool, reason: &str) -> ServerEvent<'_> {
        let Self { session, peer } = self;
        ServerEvent::TlsFailed {
            session,
            peer,
            data,
            reason,
        }
    }

    /// [`ServerEvent::LoggedIn`]
    #[must_use]
    pub const fn logged_in(self, user: &str) -> ServerEvent<'_> {
        let Self { session, peer } = self;
        ServerEvent::LoggedIn {
            session,
            peer,
            user,
        }
    }

    /// [`ServerEvent::LoginFailed`]
    #[must_use]
    pub const fn login_failed<'a>(
        self,
        name: &'a [u8],
        failure: &'a AuthFailure,
    ) -> ServerEvent<'a> {
        let Self { session, peer } = self;
        ServerEvent::LoginFailed {
            session,
            peer,
            name,
            failure,
        }
    }

    /// [`ServerEvent::TransferEnded`]
    #[must_use]
    pub const fn transfer_ended<'a>(
        self,
        user: &'a str,
        what: TransferKind,
        path: &'a [u8],
        bytes: u64,
        end: End,
    ) -> ServerEvent<'a> {
        let Self { session, peer } = self;
        ServerEvent::TransferEnded {
            session,
            peer,
            user,
            what,
            path,
            bytes,
            end,
        }
    }
}

/// What a transfer moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransferKind {
    /// A file went to the client.
    Download,
    /// A file came from the client.
    Upload,
    /// A listing went to the client.
    Listing,
}
