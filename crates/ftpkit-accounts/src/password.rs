//! How passwords are kept and compared: keyed digests for passwords that the program holds,
//! Argon2 hashes (PHC strings) for stored ones. Who has which password is in `table`.

use blake2::{
    Blake2bMac,
    digest::{KeyInit, Mac, consts::U32},
};
use subtle::ConstantTimeEq;

/// Makes digests that are worth nothing outside this process: the key is random and is never
/// written anywhere, so a memory dump without it gives no dictionary to run.
pub(crate) struct Digester {
    key: [u8; 64],
}

/// The keyed digest of one user's password.
pub(crate) struct Digest([u8; 32]);

impl Digester {
    pub(crate) fn new() -> Result<Self, getrandom::Error> {
        let mut key = [0; 64];
        getrandom::fill(&mut key)?;
        Ok(Self { key })
    }

    /// The digest for this user; the name takes part, so that equal passwords differ.
    pub(crate) fn digest(&self, name: &[u8], password: &[u8]) -> Digest {
        let mut mac = <Blake2bMac<U32> as KeyInit>::new((&self.key).into());
        // The length first, so that ("ab", "c") and ("a", "bc") are not the same bytes.
        mac.update(&(name.len() as u64).to_le_bytes());
        mac.update(name);
        mac.update(password);
        Digest(mac.finalize().into_bytes().into())
    }
}

impl Digest {
    /// Whether both are the same, in a time that tells nothing of where they differ.
    pub(crate) fn matches(&self, other: &Self) -> bool {
        self.0.ct_eq(&other.0).into()
    }
}

#[cfg(feature = "argon2")]
pub(crate) use stored::{CheckPool, Verdict};
#[cfg(feature = "argon2")]
pub use stored::{HashError, StoredHash, hash_password};

#[cfg(feature = "argon2")]
mod stored {
    use std::{fmt, sync::Arc};

    use argon2::{
        Argon2, PasswordVerifier as _,
        password_hash::{self, PasswordHash, PasswordHashString, PasswordHasher as _, SaltString},
    };
    use tokio::sync::Semaphore;

    use crate::attempt::Password;

    /// Hashes a password with Argon2id for a user file; the text is a PHC string
    /// (`$argon2id$v=19$…`), which holds the parameters and a fresh salt.
    ///
    /// It takes about 20 ms and 19 MiB on purpose, so call it off the async threads.
    ///
    /// ```
    /// # fn main() -> Result<(), ftpkit_accounts::HashError> {
    /// let hash = ftpkit_accounts::hash_password(b"correct horse")?;
    /// assert!(hash.starts_with("$argon2id$"));
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`HashError`] where the system gives no random bytes, or the password is longer than
    /// Argon2 takes (4 GiB).
    pub fn hash_password(secret: &[u8]) -> Result<String, HashError> {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).map_err(HashError::Random)?;
        let salt = SaltString::encode_b64(&salt).map_err(HashError::Hash)?;
        let hash = Argon2::default()
            .hash_password(secret, &salt)
            .map_err(HashError::Hash)?;
        Ok(hash.to_string())
    }

    /// Why a password could not be hashed, or a stored hash not be used.
    #[derive(Debug, thiserror::Error)]
    #[non_exhaustive]
    pub enum HashError {
        /// The system gave no random bytes for the salt.
        #[error("the system gives no random bytes: {0}")]
        Random(getrandom::Error),
        /// The text is no PHC string, or the password cannot be hashed.
        #[error("not a password hash in PHC form ($argon2id$…): {0}")]
        Hash(password_hash::Error),
        /// It is a PHC string of an algorithm other than Argon2.
        #[error("this is a hash by {0}, and only argon2id, argon2i and argon2d are known")]
        Algorithm(String),
    }

    /// An Argon2 hash that was checked for its form.
    #[derive(Clone)]
    pub struct StoredHash(PasswordHashString);

    impl StoredHash {
        /// Takes a PHC string, as [`hash_password`] makes it.
        ///
        /// # Errors
        /// [`HashError`] where it is none, or not one of Argon2.
        pub fn parse(phc: &str) -> Result<Self, HashError> {
            let hash = PasswordHash::new(phc).map_err(HashError::Hash)?;
            argon2::Algorithm::try_from(hash.algorithm)
                .map_err(|_| HashError::Algorithm(hash.algorithm.to_string()))?;
            argon2::Params::try_from(&hash).map_err(HashError::Hash)?;
            if hash.salt.is_none() || hash.hash.is_none() {
                return Err(HashError::Hash(password_hash::Error::PhcStringField));
            }
            Ok(Self(hash.serialize()))
        }

        fn verify(&self, password: &[u8]) -> bool {
            Argon2::default()
                .verify_password(password, &self.0.password_hash())
                .is_ok()
        }
    }

    /// Shows the algorithm and no more: a hash is worth a dictionary attack.
    impl fmt::Debug for StoredHash {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "StoredHash({}, ***)", self.0.algorithm())
        }
    }

    /// What became of a check.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub(crate) enum Verdict {
        Right,
        Wrong,
        /// The check was not made (the runtime is going down).
        NotMade,
    }

    /// Runs checks off the async threads, no more at a time than there are processors: each
    /// costs 20 ms and 19 MiB, and a burst of logins must not starve everything else.
    pub(crate) struct CheckPool {
        permits: Arc<Semaphore>,
    }

    impl CheckPool {
        pub(crate) fn new() -> Self {
            let processors = std::thread::available_parallelism().map_or(1, usize::from);
            Self {
                permits: Arc::new(Semaphore::new(processors)),
            }
        }

        pub(crate) async fn check(&self, hash: &StoredHash, password: &Password) -> Verdict {
            let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else {
                return Verdict::NotMade;
            };
            let (hash, password) = (hash.clone(), password.clone());
            // The permit moves along: a caller who gives up must not let another check start
            // beside the one that still runs.
            let check = tokio::task::spawn_blocking(move || {
                let right = hash.verify(password.as_bytes());
                drop(permit);
                right
            });
            match check.await {
                Ok(true) => Verdict::Right,
                Ok(false) => Verdict::Wrong,
                Err(_) => Verdict::NotMade,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_depends_on_key_name_and_password() {
        let digester = Digester::new().unwrap();
        let kept = digester.digest(b"alice", b"secret");
        assert!(kept.matches(&digester.digest(b"alice", b"secret")));
        for (name, password) in [
            (&b"alice"[..], &b"secre"[..]),
            (b"alice", b"secret "),
            (b"alice", b""),
            (b"bob", b"secret"),
            (b"alices", b"ecret"),
        ] {
            assert!(!kept.matches(&digester.digest(name, password)));
        }
        assert!(!kept.matches(&Digester::new().unwrap().digest(b"alice", b"secret")));
    }

    #[cfg(feature = "argon2")]
    #[test]
    fn a_hash_is_salted_and_hides_in_debug() {
        let (one, two) = (hash_password(b"pw").unwrap(), hash_password(b"pw").unwrap());
        assert_ne!(one, two);
        let shown = format!("{:?}", StoredHash::parse(&one).unwrap());
        assert_eq!(shown, "StoredHash(argon2id, ***)");
    }

    #[cfg(feature = "argon2")]
    #[test]
    fn only_complete_argon2_strings_are_hashes() {
        for bad in [
            "",
            "hunter2",
            "$argon2id$",
            "$argon2id$v=19$m=19456,t=2,p=1",
            "$argon2id$v=19$m=1,t=0,p=0$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNo",
            "$pbkdf2-sha256$i=600000$c2FsdHNhbHRzYWx0$aGFzaGhhc2hoYXNo",
        ] {
            assert!(StoredHash::parse(bad).is_err(), "{bad}");
        }
    }

    #[cfg(feature = "argon2")]
    #[tokio::test]
    async fn checks_run_beside_each_other_and_tell_right_from_wrong() {
        use crate::attempt::Password;
        let hash = StoredHash::parse(&hash_password(b"right").unwrap()).unwrap();
        let pool = CheckPool::new();
        let (right, wrong) = (Password::new("right"), Password::new("wrong"));
        let verdicts = tokio::join!(
            pool.check(&hash, &right),
            pool.check(&hash, &wrong),
            pool.check(&hash, &right)
        );
        assert_eq!(verdicts, (Verdict::Right, Verdict::Wrong, Verdict::Right));
    }
}
