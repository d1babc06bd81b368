//! Anonymous logins (RFC 1635): two names, any password.

use std::sync::Arc;

use async_trait::async_trait;
use ftpkit_storage::{Capabilities, ReadOnly, Storage};

use crate::{
    account::Account,
    attempt::Attempt,
    authenticator::{AuthFailure, AuthFailureKind, Authenticator},
};

/// Lets everybody in as `anonymous` or `ftp`, in upper or lower case, with any password.
///
/// ```
/// use std::sync::Arc;
/// use ftpkit_accounts::Anonymous;
/// use ftpkit_storage::Memory;
/// let guests = Anonymous::read_only(Arc::new(Memory::new()));
/// # let _ = guests;
/// ```
#[derive(Clone, Debug)]
pub struct Anonymous {
    account: Account,
}

impl Anonymous {
    /// Guests may list and retrieve, nothing else.
    #[must_use]
    pub fn read_only(storage: Arc<dyn Storage>) -> Self {
        Self::read_write(Arc::new(ReadOnly::new(storage)))
    }

    /// Guests may do whatever the storage allows.
    #[must_use]
    pub fn read_write(storage: Arc<dyn Storage>) -> Self {
        Self::with_account(Account::new("anonymous", storage))
    }

    /// Guests get this account, with its home and limits.
    #[must_use]
    pub const fn with_account(account: Account) -> Self {
        Self { account }
    }

    /// The account, if this is an anonymous login.
    pub(crate) fn admit(&self, attempt: &Attempt) -> Option<Account> {
        attempt.credential().as_password()?;
        let name = attempt.name();
        let known = name.eq_ignore_ascii_case(b"anonymous") || name.eq_ignore_ascii_case(b"ftp");
        known.then(|| self.account.clone())
    }
}

#[async_trait]
impl Authenticator for Anonymous {
    async fn authenticate(&self, attempt: &Attempt) -> Result<Account, AuthFailure> {
        let kind = match attempt.credential().as_password() {
            Some(_) => AuthFailureKind::WrongCredentials,
            None => AuthFailureKind::PasswordNeeded,
        };
        self.admit(attempt).ok_or_else(|| kind.into())
    }

    fn common_capabilities(&self) -> Capabilities {
        self.account.storage().capabilities()
    }
}
