//! A fixed table of users. How passwords are kept is in `password`, how user files are read
//! in `user_file`.

use std::{collections::HashMap, fmt, sync::Arc};

use async_trait::async_trait;
use ftpkit_storage::{Capabilities, Storage};

#[cfg(feature = "argon2")]
use crate::password::{CheckPool, HashError, StoredHash, Verdict};
use crate::{
    account::Account,
    anonymous::Anonymous,
    attempt::{Attempt, Credential},
    authenticator::{AuthFailure, AuthFailureKind, Authenticator},
    password::{Digest, Digester},
};

/// A fixed table of users, each with a storage.
///
/// Passwords are not kept: given ones as a keyed digest that is worth nothing outside this
/// process, stored ones as the Argon2 hash that they came as. A failed login costs the same
/// whether the name or the password was wrong.
///
/// ```
/// use std::sync::Arc;
/// use ftpkit_accounts::{Anonymous, Users};
/// use ftpkit_storage::Memory;
///
/// # fn main() -> Result<(), ftpkit_accounts::UsersError> {
/// let users = Users::builder()
///     .user("alice", "correct horse", Arc::new(Memory::new()))
///     .user("bob", "battery staple", Arc::new(Memory::new()))
///     .anonymous(Anonymous::read_only(Arc::new(Memory::new())))
///     .build()?;
/// # let _ = users;
/// # Ok(()) }
/// ```
pub struct Users {
    digester: Digester,
    by_name: HashMap<Box<[u8]>, User>,
    anonymous: Option<Anonymous>,
    /// Compared with where the name is unknown, so that it costs the same.
    nobody: Digest,
    #[cfg(feature = "argon2")]
    pool: CheckPool,
    /// A hash to spend the same time on where no hash had to be checked; none where no user
    /// has one.
    #[cfg(feature = "argon2")]
    dummy: Option<StoredHash>,
}

struct User {
    check: Check,
    account: Account,
}

enum Check {
    Digest(Digest),
    #[cfg(feature = "argon2")]
    Hash(StoredHash),
}

impl Users {
    /// Begins a table.
    pub fn builder() -> UsersBuilder {
        UsersBuilder {
            users: Vec::new(),
            anonymous: None,
        }
    }

    fn check_digest(&self, attempt: &Attempt, password: &[u8], user: Option<&User>) -> bool {
        let given = self.digester.digest(attempt.name(), password);
        match user.map(|user| &user.check) {
            Some(Check::Digest(kept)) => kept.matches(&given),
            _ => {
                // For the time it takes; the answer is no.
                let _ = self.nobody.matches(&given);
                false
            }
        }
    }
}

#[async_trait]
impl Authenticator for Users {
    async fn authenticate(&self, attempt: &Attempt) -> Result<Account, AuthFailure> {
        let Credential::Password(password) = attempt.credential();
        let user = self.by_name.get(attempt.name());
        let right = self.check_digest(attempt, password.as_bytes(), user);
        #[cfg(feature = "argon2")]
        let right = match user.map(|user| &user.check) {
            Some(Check::Hash(hash)) => match self.pool.check(hash, password).await {
                Verdict::Right => true,
                Verdict::Wrong => false,
                Verdict::NotMade => return Err(AuthFailureKind::Unavailable.into()),
            },
            _ => right,
        };
        match user {
            Some(user) if right => return Ok(user.account.clone()),
            Some(_) => {}
            None => {
                if let Some(account) = self.anonymous.as_ref().and_then(|a| a.admit(attempt)) {
                    return Ok(account);
                }
            }
        }
        #[cfg(feature = "argon2")]
        if let (Some(dummy), None | Some(Check::Digest(_))) =
            (&self.dummy, user.map(|user| &user.check))
        {
            let _ = self.pool.check(dummy, password).await;
        }
        Err(AuthFailureKind::WrongCredentials.into())
    }

    fn common_capabilities(&self) -> Capabilities {
        let users = self.by_name.values().map(|user| user.account.storage());
        let guests = self.anonymous.as_ref().map(Anonymous::common_capabilities);
        users
            .map(|storage| storage.capabilities())
            .chain(guests)
            .reduce(Capabilities::intersection)
            .unwrap_or(Capabilities::NONE)
    }
}

impl fmt::Debug for Users {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Users")
            .field("users", &self.by_name.len())
            .field("anonymous", &self.anonymous)
            .finish_non_exhaustive()
    }
}

/// Builds [`Users`].
#[must_use = "a builder does nothing until it is built"]
pub struct UsersBuilder {
    users: Vec<(Vec<u8>, Given, Account)>,
    anonymous: Option<Anonymous>,
}

enum Given {
    Password(Vec<u8>),
    #[cfg(feature = "argon2")]
    Hash(Result<StoredHash, HashError>),
}

impl UsersBuilder {
    /// Adds a user with this password, whose home is the root of this storage.
    pub fn user(
        self,
        name: impl Into<Arc<str>>,
        password: impl Into<Vec<u8>>,
        storage: Arc<dyn Storage>,
    ) -> Self {
        self.account(Account::new(name, storage), password)
    }

    /// Adds an account with a home and limits of its own; it logs in by its name.
    pub fn account(self, account: Account, password: impl Into<Vec<u8>>) -> Self {
        self.push(Given::Password(password.into()), account)
    }

    /// Adds a user whose password is stored as an Argon2 hash in PHC form, as
    /// [`hash_password`](crate::hash_password) makes it.
    #[cfg(feature = "argon2")]
    pub fn user_hash(
        self,
        name: impl Into<Arc<str>>,
        phc: &str,
        storage: Arc<dyn Storage>,
    ) -> Self {
        self.push(
            Given::Hash(StoredHash::parse(phc)),
            Account::new(name, storage),
        )
    }

    /// Adds an account whose password is stored as a hash, such as a line of a
    /// [user file](crate::UserLine) has it.
    #[cfg(feature = "argon2")]
    pub fn account_hash(self, account: Account, hash: StoredHash) -> Self {
        self.push(Given::Hash(Ok(hash)), account)
    }

    /// Lets guests in too. A user of the table who is called `anonymous` or `ftp` comes first.
    pub fn anonymous(mut self, guests: Anonymous) -> Self {
        self.anonymous = Some(guests);
        self
    }

    fn push(mut self, given: Given, account: Account) -> Self {
        self.users
            .push((account.name().as_bytes().to_vec(), given, account));
        self
    }

    /// Puts the table together.
    ///
    /// # Errors
    /// [`UsersError`] where a name is empty or comes twice, a hash is none, or the system
    /// gives no random bytes.
    pub fn build(self) -> Result<Users, UsersError> {
        let digester = Digester::new().map_err(UsersError::Random)?;
        let mut by_name = HashMap::with_capacity(self.users.len());
        #[cfg(feature = "argon2")]
        let mut dummy = None;
        for (key, given, account) in self.users {
            if key.is_empty() {
                return Err(UsersError::EmptyName);
            }
            let check = match given {
                Given::Password(password) => Check::Digest(digester.digest(&key, &password)),
                #[cfg(feature = "argon2")]
                Given::Hash(hash) => {
                    let hash = hash.map_err(|source| UsersError::Hash {
                        name: account.name().to_owned(),
                        source,
                    })?;
                    dummy.get_or_insert_with(|| hash.clone());
                    Check::Hash(hash)
                }
            };
            let name = account.name().to_owned();
            if by_name
                .insert(key.into_boxed_slice(), User { check, account })
                .is_some()
            {
                return Err(UsersError::Twice(name));
            }
        }
        Ok(Users {
            nobody: digester.digest(b"", b""),
            digester,
            by_name,
            anonymous: self.anonymous,
            #[cfg(feature = "argon2")]
            pool: CheckPool::new(),
            #[cfg(feature = "argon2")]
            dummy,
        })
    }
}

impl fmt::Debug for UsersBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UsersBuilder")
            .field("users", &self.users.len())
            .finish_non_exhaustive()
    }
}

/// Why a table of users could not be built.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UsersError {
    /// A user has no name.
    #[error("a user name is empty")]
    EmptyName,
    /// Two users have one name.
    #[error("the user {0:?} is there twice")]
    Twice(String),
    /// A stored password is no usable hash.
    #[cfg(feature = "argon2")]
    #[error("the password hash of the user {name:?} cannot be used")]
    Hash {
        /// The user.
        name: String,
        /// What is wrong with it.
        source: HashError,
    },
    /// The system gave no random bytes for the key of the digests.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}
