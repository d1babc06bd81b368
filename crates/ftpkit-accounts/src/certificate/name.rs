//! What ties a certificate to an account: the names that a user's entry lists, and the claims
//! on certificates that follow from them.

use std::{
    collections::{HashMap, hash_map::Entry},
    fmt,
    str::FromStr,
    sync::Arc,
};

use super::{ClientCertificate, SubjectAltName, hex, subject, unhex};

/// A name that a user's certificate must carry to log the user in.
///
/// It is read from text, and written as text:
///
/// | text | the certificate has | compared |
/// | --- | --- | --- |
/// | `email:ana@example.org` | this email address as a subjectAltName | the domain without regard to ASCII case |
/// | `dns:ana.example.org` | this DNS name as a subjectAltName | without regard to ASCII case; `*` is no wildcard |
/// | `uri:spiffe://example/ana` | this URI as a subjectAltName | exactly |
/// | `upn:ana@corp.example` | this user principal name as a subjectAltName | as an email address |
/// | `subject:CN=ana,O=Example` | this [subject](ClientCertificate::subject) | exactly, however it is escaped |
/// | `sha256:9f86d081…` | this SHA-256 fingerprint; colons are passed over | exactly |
/// | `user-name` | [the user's name](Self::user_name) | |
///
/// ```
/// use ftpkit_accounts::CertificateName;
/// # fn main() -> Result<(), ftpkit_accounts::CertificateNameError> {
/// let name: CertificateName = "email:ana@Example.ORG".parse()?;
/// assert_eq!(name.to_string(), "email:ana@example.org");
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CertificateName(Kind);

#[derive(Clone, PartialEq, Eq, Hash)]
enum Kind {
    Claim(Claim),
    UserName,
}

/// One thing that a certificate can say, in the form in which it is compared.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Claim {
    Dns(String),
    Email(String),
    Uri(String),
    Upn(String),
    Subject(String),
    Sha256([u8; 32]),
    CommonName(String),
}

impl CertificateName {
    /// The user's own name, as a subjectAltName (a DNS name or an email address) or as the
    /// [common name](ClientCertificate::common_name).
    ///
    /// It trusts the CA to give these names to nobody else, so it is for a CA that signs
    /// nothing but the certificates of this server's users. A DNS name is compared without
    /// regard to ASCII case, the domain of an address too, and the common name exactly.
    ///
    /// ```
    /// use ftpkit_accounts::{CertificateName, ClientCertificate};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let made = rcgen::generate_simple_self_signed(["ana.example.org".to_owned()])?;
    /// let certificate = ClientCertificate::from_der(made.cert.der())?;
    /// let rule = CertificateName::user_name();
    /// assert!(rule.matches("ana.example.org", &certificate));
    /// assert!(!rule.matches("bob.example.org", &certificate));
    /// # Ok(()) }
    /// ```
    #[must_use]
    pub const fn user_name() -> Self {
        Self(Kind::UserName)
    }

    /// The certificate itself, by its SHA-256 fingerprint.
    #[must_use]
    pub fn exactly(certificate: &ClientCertificate) -> Self {
        Self(Kind::Claim(Claim::Sha256(certificate.fingerprint_sha256())))
    }

    /// Whether the certificate carries the name, for the user of this name.
    ///
    /// [`Users`](crate::Users) asks this by itself; it is for other authenticators.
    #[must_use]
    pub fn matches(&self, user: &str, certificate: &ClientCertificate) -> bool {
        let wanted = self.claims(user);
        certificate.claims().any(|claim| wanted.contains(&claim))
    }

    fn claims(&self, user: &str) -> Vec<Claim> {
        match &self.0 {
            Kind::Claim(claim) => vec![claim.clone()],
            Kind::UserName if user.is_empty() => Vec::new(),
            Kind::UserName => {
                let mut claims = vec![
                    Claim::CommonName(user.to_owned()),
                    Claim::Dns(user.to_ascii_lowercase()),
                ];
                claims.extend(address(user).map(Claim::Email));
                claims
            }
        }
    }
}

/// An address in the form in which it is compared; none where it has no domain.
fn address(text: &str) -> Option<String> {
    let (local, domain) = text.rsplit_once('@')?;
    Some(format!("{local}@{}", domain.to_ascii_lowercase()))
}

impl ClientCertificate {
    /// All that the certificate can say of whose it is.
    pub(crate) fn claims(&self) -> impl Iterator<Item = Claim> {
        let sans = self.sans().iter().filter_map(|san| match san {
            SubjectAltName::Dns(name) => Some(Claim::Dns(name.to_ascii_lowercase())),
            SubjectAltName::Email(name) => address(name).map(Claim::Email),
            SubjectAltName::Uri(name) => Some(Claim::Uri(name.clone())),
            SubjectAltName::Upn(name) => address(name).map(Claim::Upn),
            SubjectAltName::Ip(_) => None,
        });
        let common_name = self.common_name().map(str::to_owned);
        sans.chain(common_name.map(Claim::CommonName)).chain([
            Claim::Subject(self.subject().to_owned()),
            Claim::Sha256(self.fingerprint_sha256()),
        ])
    }
}

impl FromStr for CertificateName {
    type Err = CertificateNameError;

    fn from_str(text: &str) -> Result<Self, CertificateNameError> {
        if text == "user-name" {
            return Ok(Self::user_name());
        }
        let (kind, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.trim_start();
        let claim = match kind {
            "email" | "dns" | "uri" | "upn" | "subject" | "sha256" if value.is_empty() => {
                return Err(CertificateNameError::Empty(kind.to_owned()));
            }
            "email" | "dns" | "uri" if !value.is_ascii() => {
                return Err(CertificateNameError::NotAscii(value.to_owned()));
            }
            "email" => Claim::Email(checked_address(value)?),
            "upn" => Claim::Upn(checked_address(value)?),
            "dns" => Claim::Dns(value.to_ascii_lowercase()),
            "uri" => Claim::Uri(value.to_owned()),
            "subject" => {
                Claim::Subject(subject::canonical(value).map_err(CertificateNameError::Subject)?)
            }
            "sha256" => {
                let digest = unhex(&value.replace(':', "")).and_then(|b| b.try_into().ok());
                Claim::Sha256(digest.ok_or_else(|| CertificateNameError::Digest(value.into()))?)
            }
            _ => return Err(CertificateNameError::Kind(text.to_owned())),
        };
        Ok(Self(Kind::Claim(claim)))
    }
}

fn checked_address(text: &str) -> Result<String, CertificateNameError> {
    let complete = address(text).filter(|a| !a.starts_with('@') && !a.ends_with('@'));
    complete.ok_or_else(|| CertificateNameError::Address(text.to_owned()))
}

impl fmt::Display for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Kind::Claim(claim) => claim.fmt(f),
            Kind::UserName => f.write_str("user-name"),
        }
    }
}

impl fmt::Debug for CertificateName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CertificateName({:?})", self.to_string())
    }
}

impl fmt::Display for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(name) => write!(f, "dns:{name}"),
            Self::Email(name) => write!(f, "email:{name}"),
            Self::Uri(name) => write!(f, "uri:{name}"),
            Self::Upn(name) => write!(f, "upn:{name}"),
            Self::Subject(name) => write!(f, "subject:{name}"),
            Self::Sha256(digest) => write!(f, "sha256:{}", hex(digest)),
            Self::CommonName(name) => write!(f, "common name {name:?}"),
        }
    }
}

/// Why a text is no [`CertificateName`]; each says what to write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateNameError {
    /// It begins with no kind of name that is known.
    #[error(
        "{0:?} names no certificate; write email:, dns:, uri:, upn:, subject: or sha256: and the \
         name, or user-name"
    )]
    Kind(String),
    /// Nothing follows the kind.
    #[error("the name is missing after {0:?}, as in email:ana@example.org")]
    Empty(String),
    /// A name has other characters than certificates have there.
    #[error("{0:?} is not ASCII; write the domain in its xn-- form, and a URI with % and hex")]
    NotAscii(String),
    /// An address lacks its user or its domain.
    #[error("{0:?} is no address; write it with its domain, as in email:ana@example.org")]
    Address(String),
    /// A fingerprint is not 32 octets of hex.
    #[error(
        "{0:?} is no SHA-256 fingerprint; write its 64 hex digits, as `openssl x509 -noout \
         -fingerprint -sha256` prints them"
    )]
    Digest(String),
    /// A subject is not in the form of RFC 4514.
    #[error(
        "the subject cannot be read: {0}; write it as `openssl x509 -noout -subject -nameopt \
         RFC2253` prints it, as in subject:CN=ana,O=Example"
    )]
    Subject(String),
}

/// Which user each claim belongs to.
#[derive(Default)]
pub(crate) struct Claims(HashMap<Claim, Arc<str>>);

impl Claims {
    /// Notes that this name is the user's.
    ///
    /// # Errors
    /// What another user claims already, as text, and that user.
    pub(crate) fn add(
        &mut self,
        user: &Arc<str>,
        name: &CertificateName,
    ) -> Result<(), (String, Arc<str>)> {
        for claim in name.claims(user) {
            match self.0.entry(claim) {
                Entry::Occupied(entry) if entry.get() != user => {
                    return Err((entry.key().to_string(), Arc::clone(entry.get())));
                }
                Entry::Occupied(_) => {}
                Entry::Vacant(entry) => {
                    entry.insert(Arc::clone(user));
                }
            }
        }
        Ok(())
    }

    /// Whether the certificate is this user's.
    ///
    /// What the certificate says is looked up, not what the user has, so that the work is the
    /// same for a name that does not exist.
    pub(crate) fn are(&self, user: &[u8], certificate: &ClientCertificate) -> bool {
        let mut owners = certificate.claims().filter_map(|claim| self.0.get(&claim));
        owners.any(|owner| owner.as_bytes() == user)
    }
}
