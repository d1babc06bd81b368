//! The question every front end asks: may this client log in, and as whom?

use std::{error::Error as StdError, fmt, sync::Arc};

use async_trait::async_trait;
use ftpkit_storage::Capabilities;

use crate::{account::Account, attempt::Attempt};

/// Decides who may log in.
///
/// Front ends call it through [`Door::authenticate`](crate::Door::authenticate), which adds
/// the delay of failures and the limit of sessions per account; an implementation need not
/// care for either. Dropping the future gives the attempt up.
///
/// ```
/// use std::sync::Arc;
/// use ftpkit_accounts::{Account, Attempt, AuthFailure, AuthFailureKind, Authenticator, Credential};
/// use ftpkit_storage::Storage;
///
/// /// Everybody who says the word gets the same storage.
/// struct OneWord(Arc<dyn Storage>);
///
/// #[async_trait::async_trait]
/// impl Authenticator for OneWord {
///     async fn authenticate(&self, attempt: &Attempt) -> Result<Account, AuthFailure> {
///         match (attempt.name_str(), attempt.credential()) {
///             (Some(name), Credential::Password(word)) if word.as_bytes() == b"friend" => {
///                 Ok(Account::new(name, Arc::clone(&self.0)))
///             }
///             _ => Err(AuthFailureKind::WrongCredentials.into()),
///         }
///     }
/// }
/// ```
#[async_trait]
pub trait Authenticator: Send + Sync {
    /// Answers one attempt.
    ///
    /// # Errors
    /// [`AuthFailure`]; the client learns no more of it than that the login failed.
    async fn authenticate(&self, attempt: &Attempt) -> Result<Account, AuthFailure>;

    /// What the storages of all its accounts can do, for what a server offers before it knows
    /// who will log in. Nothing where that is not known.
    fn common_capabilities(&self) -> Capabilities {
        Capabilities::NONE
    }
}

#[async_trait]
impl<A: Authenticator + ?Sized> Authenticator for Arc<A> {
    async fn authenticate(&self, attempt: &Attempt) -> Result<Account, AuthFailure> {
        (**self).authenticate(attempt).await
    }

    fn common_capabilities(&self) -> Capabilities {
        (**self).common_capabilities()
    }
}

/// Why a login failed, for the server's log; the client is not told which it was.
#[derive(Debug)]
pub struct AuthFailure {
    kind: AuthFailureKind,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl AuthFailure {
    /// A failure of this kind.
    #[must_use]
    pub const fn new(kind: AuthFailureKind) -> Self {
        Self { kind, source: None }
    }

    /// Adds what was behind it.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> AuthFailureKind {
        self.kind
    }
}

impl From<AuthFailureKind> for AuthFailure {
    fn from(kind: AuthFailureKind) -> Self {
        Self::new(kind)
    }
}

impl fmt::Display for AuthFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)
    }
}

impl StdError for AuthFailure {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}

/// The kinds of [`AuthFailure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum AuthFailureKind {
    /// There is no such user, or the credential is not that user's.
    #[error("the user name or credential is wrong")]
    WrongCredentials,
    /// The user exists and the credential may be right, but the account is closed.
    #[error("the account is disabled")]
    Disabled,
    /// The account has as many sessions as it may have.
    #[error("the account has too many sessions")]
    TooMany,
    /// The certificate does not log the user in, or not without a password; with a password
    /// the user may get in.
    ///
    /// It says the same where there is no such user, so that a certificate is no means to
    /// find names. A front end asks for the password (331 in FTP).
    #[error("the certificate alone is not enough, and a password is needed")]
    PasswordNeeded,
    /// The check could not be made; later it may work.
    #[error("logins cannot be checked at the moment")]
    Unavailable,
}
