//! Who may enter an ftpkit server: authenticators, accounts, limits and the drain that every
//! front end (FTP, SFTP) shares.
//!
//! A front end asks a [`Door`] for a place ([`Door::enter`]), fills in an [`Attempt`] and has
//! it checked ([`Door::authenticate`]) by an [`Authenticator`], such as [`Users`] or
//! [`Anonymous`]. What comes back is an [`Account`] with the storage to serve.
//!
//! With the feature `certificates`, a client certificate of TLS (`ClientCertificate`) may stand
//! in for the password or be needed beside it; a user's [`Proof`] says which. With `ssh-keys`,
//! so may a public key of SSH (`SshKey`) that is among a user's `AuthorizedKeys`.

mod account;
mod anonymous;
mod attempt;
mod authenticator;
#[cfg(feature = "ssh-keys")]
mod authorized_keys;
#[cfg(feature = "certificates")]
mod certificate;
mod door;
mod password;
mod proof;
#[cfg(feature = "ssh-keys")]
mod ssh_key;
mod table;
#[cfg(feature = "argon2")]
mod user_file;

pub use account::Account;
pub use anonymous::Anonymous;
pub use attempt::{Attempt, Credential, Password};
pub use authenticator::{AuthFailure, AuthFailureKind, Authenticator};
#[cfg(feature = "ssh-keys")]
pub use authorized_keys::{
    AuthorizedKeys, AuthorizedKeysError, KeyAddressError, KeyLineError, KeyLineProblem,
};
#[cfg(feature = "certificates")]
pub use certificate::{
    BadCertificate, CertificateName, CertificateNameError, ClientCertificate, SubjectAltName,
};
pub use door::{Admission, Door, DoorLimits, DrainSignal, Refused, SessionPermit};
#[cfg(feature = "argon2")]
pub use password::{HashError, StoredHash, hash_password};
pub use proof::Proof;
#[cfg(feature = "ssh-keys")]
pub use ssh_key::{BadSshKey, SshCertificate, SshKey};
pub use table::{Users, UsersBuilder, UsersError};
#[cfg(feature = "argon2")]
pub use user_file::{UserFileError, UserLine, UserLineError};
