//! One attempt to log in, as a front end saw it: who, with what, from where, how protected.
//! What an attempt leads to is in `account` and `authenticator`.

use std::{fmt, net::SocketAddr};

#[cfg(feature = "certificates")]
use crate::certificate::ClientCertificate;
#[cfg(feature = "ssh-keys")]
use crate::ssh_key::SshKey;

/// One attempt to log in.
///
/// A front end fills it in; an [`Authenticator`](crate::Authenticator) reads it. `Debug`
/// never shows the credential.
///
/// ```
/// use ftpkit_accounts::{Attempt, Credential};
/// let peer = "192.0.2.7:50000".parse().unwrap();
/// let attempt = Attempt::new("alice", Credential::password("hunter2"), peer).secured(true);
/// assert_eq!(attempt.name_str(), Some("alice"));
/// assert!(!format!("{attempt:?}").contains("hunter2"));
/// ```
#[derive(Clone)]
pub struct Attempt {
    name: Vec<u8>,
    credential: Credential,
    peer: SocketAddr,
    secured: bool,
    virtual_host: Option<Vec<u8>>,
    #[cfg(feature = "certificates")]
    certificate: Option<ClientCertificate>,
}

impl Attempt {
    /// An attempt in clear, without a virtual host.
    #[must_use]
    pub fn new(name: impl Into<Vec<u8>>, credential: Credential, peer: SocketAddr) -> Self {
        Self {
            name: name.into(),
            credential,
            peer,
            secured: false,
            virtual_host: None,
            #[cfg(feature = "certificates")]
            certificate: None,
        }
    }

    /// Says whether the credential crossed the network encrypted (TLS, SSH).
    #[must_use]
    pub const fn secured(mut self, secured: bool) -> Self {
        self.secured = secured;
        self
    }

    /// Says which virtual host the client asked for (FTP's `HOST`, TLS' server name).
    #[must_use]
    pub fn virtual_host(mut self, host: Option<impl Into<Vec<u8>>>) -> Self {
        self.virtual_host = host.map(Into::into);
        self
    }

    /// Says which certificate the client showed in the TLS handshake, beside its password: a
    /// user may need both.
    #[cfg(feature = "certificates")]
    #[must_use]
    pub fn certificate(mut self, certificate: Option<ClientCertificate>) -> Self {
        self.certificate = certificate;
        self
    }

    /// The user name's bytes, as the client sent them.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        &self.name
    }

    /// The user name, if it is UTF-8.
    #[must_use]
    pub fn name_str(&self) -> Option<&str> {
        std::str::from_utf8(&self.name).ok()
    }

    /// What the client proves its identity with.
    #[must_use]
    pub const fn credential(&self) -> &Credential {
        &self.credential
    }

    /// The client's address.
    #[must_use]
    pub const fn peer(&self) -> SocketAddr {
        self.peer
    }

    /// Whether the credential crossed the network encrypted.
    #[must_use]
    pub const fn is_secured(&self) -> bool {
        self.secured
    }

    /// The virtual host's bytes, where the client named one.
    #[must_use]
    pub fn host(&self) -> Option<&[u8]> {
        self.virtual_host.as_deref()
    }

    /// The certificate that the client showed: as its credential, or beside its password.
    #[cfg(feature = "certificates")]
    #[must_use]
    pub const fn client_certificate(&self) -> Option<&ClientCertificate> {
        match &self.credential {
            Credential::Certificate(certificate) => Some(certificate),
            Credential::Password(_) => self.certificate.as_ref(),
            #[cfg(feature = "ssh-keys")]
            Credential::SshKey(_) => self.certificate.as_ref(),
        }
    }
}

impl fmt::Debug for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Attempt");
        #[cfg(feature = "certificates")]
        shown.field("certificate", &self.certificate);
        shown
            .field("name", &self.name.escape_ascii().to_string())
            .field("credential", &self.credential)
            .field("peer", &self.peer)
            .field("secured", &self.secured)
            .field(
                "virtual_host",
                &self
                    .virtual_host
                    .as_ref()
                    .map(|host| host.escape_ascii().to_string()),
            )
            .finish()
    }
}

/// What a client proves its identity with.
///
/// More kinds may come, so an authenticator refuses those that it does not know with
/// [`WrongCredentials`](crate::AuthFailureKind::WrongCredentials).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Credential {
    /// A password.
    Password(Password),
    /// A TLS client certificate alone, before any password (RFC 4217 section 10): the front
    /// end tries it when the client has given its name, and asks for the password where it is
    /// refused.
    #[cfg(feature = "certificates")]
    Certificate(ClientCertificate),
    /// A public key of SSH, with or without a certificate (RFC 4252 section 7): the front end
    /// has verified that the client holds the private key.
    #[cfg(feature = "ssh-keys")]
    SshKey(SshKey),
}

impl Credential {
    /// A password.
    #[must_use]
    pub fn password(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Password(Password::new(bytes))
    }

    /// The password, if it is one.
    #[must_use]
    pub const fn as_password(&self) -> Option<&Password> {
        match self {
            Self::Password(password) => Some(password),
            #[cfg(feature = "certificates")]
            Self::Certificate(_) => None,
            #[cfg(feature = "ssh-keys")]
            Self::SshKey(_) => None,
        }
    }

    /// The SSH key, if it is one.
    #[cfg(feature = "ssh-keys")]
    #[must_use]
    pub const fn as_ssh_key(&self) -> Option<&SshKey> {
        match self {
            Self::SshKey(key) => Some(key),
            Self::Password(_) => None,
            #[cfg(feature = "certificates")]
            Self::Certificate(_) => None,
        }
    }
}

/// A password in clear, which `Debug` never shows.
#[derive(Clone)]
pub struct Password(Vec<u8>);

impl Password {
    /// Takes the bytes over.
    #[must_use]
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes, to check them; never to be logged.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_everything_but_the_password() {
        let peer = "[2001:db8::1]:4000".parse().unwrap();
        let attempt = Attempt::new(&b"al\xff\n"[..], Credential::password("s3cr3t"), peer)
            .virtual_host(Some("files.example"));
        for shown in [format!("{attempt:?}"), format!("{attempt:#?}")] {
            assert!(!shown.contains("s3cr3t"));
            assert!(shown.contains("files.example") && shown.contains("2001:db8::1"));
            assert!(shown.contains("al\\\\xff\\\\n"), "{shown}");
        }
        assert_eq!(attempt.name_str(), None);
    }
}
