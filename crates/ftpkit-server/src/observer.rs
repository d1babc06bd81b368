//! What a program may watch of its server, besides the `tracing` spans and events.

use std::net::SocketAddr;

#[cfg(feature = "_tls")]
use ftpkit_accounts::ClientCertificate;
use ftpkit_accounts::{AuthFailure, Refused};
use ftpkit_proto::server::End;

#[cfg(feature = "_tls")]
use crate::tls::TlsInfo;

/// Is told what happens in a server: for counters, audit logs, hooks after uploads.
///
/// It is called within the session's task and holds it up, so it must not block; send what
/// takes time to a task of your own. A closure is an observer too.
///
/// ```
/// use ftpkit_server::{Server, ServerEvent};
/// let builder = Server::builder().observer(|event: &ServerEvent<'_>| {
///     if let ServerEvent::LoggedIn { user, peer, .. } = event {
///         println!("{user} came in from {peer}");
///     }
/// });
/// # let _ = builder;
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

/// News of a server. Sessions are numbered from 1 for as long as the server lives.
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
    /// A client was turned away: with 421, or in silence where it waited for implicit TLS.
    #[non_exhaustive]
    TurnedAway {
        /// The client's address.
        peer: SocketAddr,
        /// Which limit was reached.
        why: Refused,
    },
    /// TLS is up on the control connection.
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
        /// How it ended.
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
