//! A fixed table of users. How passwords are kept is in `password`, how user files are read
//! in `user_file`.

#[cfg(feature = "ssh-keys")]
use std::time::SystemTime;
use std::{collections::HashMap, fmt, sync::Arc};

use async_trait::async_trait;
use ftpkit_storage::{Capabilities, Storage};

#[cfg(feature = "ssh-keys")]
use crate::authorized_keys::AuthorizedKeys;
#[cfg(feature = "certificates")]
use crate::certificate::Claims;
#[cfg(feature = "argon2")]
use crate::password::{CheckPool, HashError, StoredHash, Verdict};
#[cfg(feature = "ssh-keys")]
use crate::ssh_key::SshKey;
use crate::{
    account::Account,
    anonymous::Anonymous,
    attempt::Attempt,
    authenticator::{AuthFailure, AuthFailureKind, Authenticator},
    password::{Digest, Digester},
    proof::{Proof, Secret},
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
    #[cfg(feature = "certificates")]
    claims: Claims,
    /// Looked through where the user has no SSH keys or the name is unknown, so that it costs
    /// the same.
    #[cfg(feature = "ssh-keys")]
    other_keys: Vec<AuthorizedKeys>,
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
    /// Whether a certificate is needed beside the password.
    both: bool,
    #[cfg(feature = "ssh-keys")]
    keys: Vec<AuthorizedKeys>,
    account: Account,
}

enum Check {
    Digest(Digest),
    #[cfg(feature = "argon2")]
    Hash(StoredHash),
    #[cfg(any(feature = "certificates", feature = "ssh-keys"))]
    NoPassword,
}

impl Users {
    /// Begins a table.
    pub fn builder() -> UsersBuilder {
        UsersBuilder {
            users: Vec::new(),
            anonymous: None,
            #[cfg(feature = "argon2")]
            bad_hash: None,
        }
    }

    /// Whether the certificate that the client showed is one of the user's whose name it gave.
    #[cfg(feature = "certificates")]
    fn carries_certificate(&self, attempt: &Attempt) -> bool {
        let certificate = attempt.client_certificate();
        certificate.is_some_and(|certificate| self.claims.are(attempt.name(), certificate))
    }

    #[cfg(not(feature = "certificates"))]
    const fn carries_certificate(&self, _: &Attempt) -> bool {
        false
    }

    /// The user whose name was given, if the key is one of its keys.
    #[cfg(feature = "ssh-keys")]
    fn by_key(&self, attempt: &Attempt, key: &SshKey) -> Option<&User> {
        let user = self.by_name.get(attempt.name());
        let keys = user.map(|user| &user.keys).filter(|keys| !keys.is_empty());
        let (peer, now) = (attempt.peer().ip(), SystemTime::now());
        let name = attempt.name_str()?;
        let allowed = keys
            .unwrap_or(&self.other_keys)
            .iter()
            .any(|keys| keys.allows(key, name, peer, now));
        user.filter(|_| allowed && keys.is_some())
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
        #[cfg(feature = "ssh-keys")]
        if let Some(key) = attempt.credential().as_ssh_key() {
            let user = self.by_key(attempt, key);
            let account = user.map(|user| user.account.clone());
            return account.ok_or_else(|| AuthFailureKind::WrongCredentials.into());
        }
        let user = self.by_name.get(attempt.name());
        let certified = self.carries_certificate(attempt);
        let Some(password) = attempt.credential().as_password() else {
            return match user {
                Some(user) if certified && !user.both => Ok(user.account.clone()),
                _ => Err(AuthFailureKind::PasswordNeeded.into()),
            };
        };
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
            Some(user) if right && (certified || !user.both) => return Ok(user.account.clone()),
            Some(_) => {}
            None => {
                if let Some(account) = self.anonymous.as_ref().and_then(|a| a.admit(attempt)) {
                    return Ok(account);
                }
            }
        }
        #[cfg(feature = "argon2")]
        match (&self.dummy, user.map(|user| &user.check)) {
            (None, _) | (_, Some(Check::Hash(_))) => {}
            (Some(dummy), _) => {
                let _ = self.pool.check(dummy, password).await;
            }
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
    users: Vec<(Account, Proof)>,
    anonymous: Option<Anonymous>,
    #[cfg(feature = "argon2")]
    bad_hash: Option<UsersError>,
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
        self.account_with(account, Proof::password(password))
    }

    /// Adds an account that logs in by its name and this proof, such as a certificate.
    pub fn account_with(mut self, account: Account, proof: Proof) -> Self {
        self.users.push((account, proof));
        self
    }

    /// Adds a user whose password is stored as an Argon2 hash in PHC form, as
    /// [`hash_password`](crate::hash_password) makes it.
    #[cfg(feature = "argon2")]
    pub fn user_hash(
        mut self,
        name: impl Into<Arc<str>>,
        phc: &str,
        storage: Arc<dyn Storage>,
    ) -> Self {
        let account = Account::new(name, storage);
        match StoredHash::parse(phc) {
            Ok(hash) => self.account_hash(account, hash),
            Err(source) => {
                let name = account.name().to_owned();
                self.bad_hash
                    .get_or_insert(UsersError::Hash { name, source });
                self
            }
        }
    }

    /// Adds an account whose password is stored as a hash, such as a line of a
    /// [user file](crate::UserLine) has it.
    #[cfg(feature = "argon2")]
    pub fn account_hash(self, account: Account, hash: StoredHash) -> Self {
        self.account_with(account, Proof::hash(hash))
    }

    /// Lets guests in too. A user of the table who is called `anonymous` or `ftp` comes first.
    pub fn anonymous(mut self, guests: Anonymous) -> Self {
        self.anonymous = Some(guests);
        self
    }

    /// Puts the table together.
    ///
    /// # Errors
    /// [`UsersError`] where a name is empty or comes twice, a hash is none, two users claim one
    /// name of certificates, a user needs a certificate and has no name of one, or the system
    /// gives no random bytes.
    pub fn build(self) -> Result<Users, UsersError> {
        let digester = Digester::new().map_err(UsersError::Random)?;
        let mut by_name = HashMap::with_capacity(self.users.len());
        #[cfg(feature = "argon2")]
        let mut dummy = None;
        #[cfg(feature = "certificates")]
        let mut claims = Claims::default();
        #[cfg(feature = "argon2")]
        if let Some(error) = self.bad_hash {
            return Err(error);
        }
        for (account, proof) in self.users {
            let key = account.name().as_bytes().to_vec();
            if key.is_empty() {
                return Err(UsersError::EmptyName);
            }
            #[cfg(feature = "certificates")]
            let both = claim(&mut claims, &account, &proof)?;
            #[cfg(not(feature = "certificates"))]
            let both = false;
            let check = match proof.secret {
                Secret::Password(password) => Check::Digest(digester.digest(&key, &password)),
                #[cfg(feature = "argon2")]
                Secret::Hash(hash) => {
                    dummy.get_or_insert_with(|| hash.clone());
                    Check::Hash(hash)
                }
                #[cfg(any(feature = "certificates", feature = "ssh-keys"))]
                Secret::None => Check::NoPassword,
            };
            let name = account.name().to_owned();
            let user = User {
                check,
                both,
                #[cfg(feature = "ssh-keys")]
                keys: proof.ssh_keys,
                account,
            };
            if by_name.insert(key.into_boxed_slice(), user).is_some() {
                return Err(UsersError::Twice(name));
            }
        }
        #[cfg(feature = "ssh-keys")]
        let other_keys = by_name
            .values()
            .find(|user| !user.keys.is_empty())
            .map_or_else(Vec::new, |user| user.keys.clone());
        Ok(Users {
            #[cfg(feature = "ssh-keys")]
            other_keys,
            nobody: digester.digest(b"", b""),
            digester,
            by_name,
            anonymous: self.anonymous,
            #[cfg(feature = "certificates")]
            claims,
            #[cfg(feature = "argon2")]
            pool: CheckPool::new(),
            #[cfg(feature = "argon2")]
            dummy,
        })
    }
}

/// Notes which certificates are this user's; returns whether one is needed beside the password.
#[cfg(feature = "certificates")]
fn claim(claims: &mut Claims, account: &Account, proof: &Proof) -> Result<bool, UsersError> {
    let both = proof.both && proof.has_password();
    #[cfg(feature = "ssh-keys")]
    let has_keys = !proof.ssh_keys.is_empty();
    #[cfg(not(feature = "ssh-keys"))]
    let has_keys = false;
    if proof.certificates.is_empty() && (both || !(proof.has_password() || has_keys)) {
        return Err(UsersError::NoCertificate(account.name().to_owned()));
    }
    for name in &proof.certificates {
        claims
            .add(account.shared_name(), name)
            .map_err(|(name, other)| UsersError::SharedCertificate {
                name,
                users: [other.to_string(), account.name().to_owned()],
            })?;
    }
    Ok(both)
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
    /// Two users claim one name of certificates, so that one certificate would be both.
    #[cfg(feature = "certificates")]
    #[error(
        "the users {:?} and {:?} both claim the certificates of {name}; a name logs in one user",
        users[0], users[1]
    )]
    SharedCertificate {
        /// The name, as a [`CertificateName`](crate::CertificateName) is written.
        name: String,
        /// The users.
        users: [String; 2],
    },
    /// A user needs a certificate, and none would do.
    #[cfg(feature = "certificates")]
    #[error("the user {0:?} needs a certificate, and no name of one is given")]
    NoCertificate(String),
    /// The system gave no random bytes for the key of the digests.
    #[error("the system gives no random bytes: {0}")]
    Random(getrandom::Error),
}
