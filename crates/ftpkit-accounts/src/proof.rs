//! What a user of a table has to show to log in. Who checks it is `table`.

use std::fmt;

#[cfg(feature = "ssh-keys")]
use crate::authorized_keys::AuthorizedKeys;
#[cfg(feature = "certificates")]
use crate::certificate::CertificateName;
#[cfg(feature = "argon2")]
use crate::password::StoredHash;

/// What a user has to show to log in: a password, a certificate, either, or both; or an SSH key.
///
/// `Debug` never shows the password.
///
/// ```
/// use ftpkit_accounts::Proof;
/// let by_password = Proof::password("correct horse");
/// # let _ = by_password;
/// # #[cfg(feature = "certificates")]
/// # fn more() -> Result<(), ftpkit_accounts::CertificateNameError> {
/// let name = "email:ana@example.org".parse::<ftpkit_accounts::CertificateName>()?;
/// let by_certificate = Proof::certificate([name.clone()]);
/// let by_either = Proof::password("correct horse").or_certificate([name.clone()]);
/// let by_both = Proof::password("correct horse").and_certificate([name]);
/// # Ok(()) }
/// ```
#[derive(Clone)]
#[must_use = "a proof is to be given to a user"]
pub struct Proof {
    pub(crate) secret: Secret,
    #[cfg(feature = "certificates")]
    pub(crate) certificates: Vec<CertificateName>,
    #[cfg(feature = "certificates")]
    pub(crate) both: bool,
    #[cfg(feature = "ssh-keys")]
    pub(crate) ssh_keys: Vec<AuthorizedKeys>,
}

#[derive(Clone)]
pub(crate) enum Secret {
    Password(Vec<u8>),
    #[cfg(feature = "argon2")]
    Hash(StoredHash),
    #[cfg(any(feature = "certificates", feature = "ssh-keys"))]
    None,
}

impl Proof {
    /// This password.
    pub fn password(password: impl Into<Vec<u8>>) -> Self {
        Self::of(Secret::Password(password.into()))
    }

    /// The password whose Argon2 hash this is.
    #[cfg(feature = "argon2")]
    pub const fn hash(hash: StoredHash) -> Self {
        Self::of(Secret::Hash(hash))
    }

    /// A certificate with one of these names; there is no password that would do.
    #[cfg(feature = "certificates")]
    pub fn certificate(names: impl IntoIterator<Item = CertificateName>) -> Self {
        Self::of(Secret::None).or_certificate(names)
    }

    /// The password, or a certificate with one of these names instead of it.
    #[cfg(feature = "certificates")]
    pub fn or_certificate(mut self, names: impl IntoIterator<Item = CertificateName>) -> Self {
        self.certificates.extend(names);
        self
    }

    /// The password, and a certificate with one of these names beside it, or with one of those
    /// that were named before. Where there is no password, the certificate stays enough.
    #[cfg(feature = "certificates")]
    pub fn and_certificate(mut self, names: impl IntoIterator<Item = CertificateName>) -> Self {
        self.both = true;
        self.or_certificate(names)
    }

    /// One of these SSH keys; there is no password that would do.
    #[cfg(feature = "ssh-keys")]
    pub fn ssh_keys(keys: AuthorizedKeys) -> Self {
        Self::of(Secret::None).or_ssh_keys(keys)
    }

    /// What was named before, or one of these SSH keys instead of all of it.
    ///
    /// ```
    /// use ftpkit_accounts::{AuthorizedKeys, Proof};
    /// let keys = AuthorizedKeys::parse(b"");
    /// let by_either = Proof::password("correct horse").or_ssh_keys(keys);
    /// # let _ = by_either;
    /// ```
    #[cfg(feature = "ssh-keys")]
    pub fn or_ssh_keys(mut self, keys: AuthorizedKeys) -> Self {
        self.ssh_keys.push(keys);
        self
    }

    /// The names of certificates that will do.
    #[cfg(feature = "certificates")]
    #[must_use]
    pub fn certificates(&self) -> &[CertificateName] {
        &self.certificates
    }

    #[cfg(feature = "certificates")]
    pub(crate) const fn has_password(&self) -> bool {
        !matches!(self.secret, Secret::None)
    }

    const fn of(secret: Secret) -> Self {
        Self {
            secret,
            #[cfg(feature = "certificates")]
            certificates: Vec::new(),
            #[cfg(feature = "certificates")]
            both: false,
            #[cfg(feature = "ssh-keys")]
            ssh_keys: Vec::new(),
        }
    }
}

impl fmt::Debug for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Proof");
        match &self.secret {
            Secret::Password(_) => shown.field("password", &format_args!("***")),
            #[cfg(feature = "argon2")]
            Secret::Hash(hash) => shown.field("password", hash),
            #[cfg(any(feature = "certificates", feature = "ssh-keys"))]
            Secret::None => shown.field("password", &format_args!("none")),
        };
        #[cfg(feature = "certificates")]
        shown
            .field("certificates", &self.certificates)
            .field("both", &self.both);
        #[cfg(feature = "ssh-keys")]
        shown.field("ssh_keys", &self.ssh_keys);
        shown.finish()
    }
}
