//! A public key of SSH as a credential. Which accounts it opens is in `authorized_keys`.

use std::{fmt, sync::Arc};

use base64ct::{Base64Unpadded, Encoding as _};
use sha2::{Digest, Sha256};

/// Longer keys are refused. An RSA key of 16,384 bits, the longest that OpenSSH takes, has
/// about 2,100 octets.
const LONGEST: usize = 16 * 1024;
/// Names of algorithms are no longer than this (RFC 4250 section 4.6.1).
const LONGEST_NAME: usize = 64;

/// The public key that an SSH client logs in with, and the certificate for it where there is one.
///
/// A front end makes one for an attempt **only after it has verified that the client holds the
/// private key** (RFC 4252 section 7: the signature over the session's identifier); nothing is
/// verified here. A client may ask whether a key would do before it signs. The front end may put
/// that question to its [`Authenticator`](crate::Authenticator) as an attempt too, and drops the
/// account that comes back: only the attempt behind the signature logs anybody in.
///
/// Clones share the octets.
///
/// ```
/// use ftpkit_accounts::SshKey;
/// let blob = [&[0, 0, 0, 11][..], b"ssh-ed25519", &[0, 0, 0, 32], &[7; 32]].concat();
/// let key = SshKey::new(blob)?;
/// assert_eq!(key.algorithm(), "ssh-ed25519");
/// assert!(key.fingerprint().starts_with("SHA256:"));
/// # Ok::<(), ftpkit_accounts::BadSshKey>(())
/// ```
#[derive(Clone)]
pub struct SshKey {
    key: Arc<Key>,
    certificate: Option<Arc<SshCertificate>>,
}

struct Key {
    algorithm: Box<str>,
    blob: Box<[u8]>,
}

impl SshKey {
    /// Takes a public key in SSH's wire form (RFC 4253 section 6.6): the name of its algorithm
    /// and what belongs to that.
    ///
    /// # Errors
    /// [`BadSshKey`] where it does not begin with the name of an algorithm, nothing follows it,
    /// it is longer than 16 KiB, or it is a certificate (whose key goes here, and what else it
    /// says into [`with_certificate`](Self::with_certificate)).
    pub fn new(blob: impl Into<Box<[u8]>>) -> Result<Self, BadSshKey> {
        let blob = blob.into();
        let algorithm = algorithm(&blob)?.into();
        Ok(Self {
            key: Arc::new(Key { algorithm, blob }),
            certificate: None,
        })
    }

    /// Adds the certificate that the client showed for this key.
    #[must_use]
    pub fn with_certificate(mut self, certificate: SshCertificate) -> Self {
        self.certificate = Some(Arc::new(certificate));
        self
    }

    /// The key's octets in SSH's wire form.
    #[must_use]
    pub fn blob(&self) -> &[u8] {
        &self.key.blob
    }

    /// The name of the key's algorithm, such as `ssh-ed25519`; of an RSA key it is `ssh-rsa`,
    /// whatever it signs with.
    #[must_use]
    pub fn algorithm(&self) -> &str {
        &self.key.algorithm
    }

    /// The certificate that the client showed for this key.
    #[must_use]
    pub fn certificate(&self) -> Option<&SshCertificate> {
        self.certificate.as_deref()
    }

    /// The fingerprint as OpenSSH prints it: `SHA256:` and the digest in Base64, unpadded.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        let digest = Sha256::digest(&self.key.blob);
        format!("SHA256:{}", Base64Unpadded::encode_string(&digest))
    }
}

impl fmt::Debug for SshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SshKey")
            .field("algorithm", &self.algorithm())
            .field("fingerprint", &self.fingerprint())
            .field("certificate", &self.certificate)
            .finish()
    }
}

fn algorithm(blob: &[u8]) -> Result<&str, BadSshKey> {
    if blob.len() > LONGEST {
        return Err(BadSshKey::TooLong(blob.len()));
    }
    let (length, rest) = blob.split_first_chunk().ok_or(BadSshKey::NoAlgorithm)?;
    let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
    let (name, rest) = rest
        .split_at_checked(length)
        .ok_or(BadSshKey::NoAlgorithm)?;
    let name = std::str::from_utf8(name).map_err(|_| BadSshKey::NoAlgorithm)?;
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(BadSshKey::NoAlgorithm);
    }
    if name.contains("-cert-v0") {
        return Err(BadSshKey::Certificate(name.to_owned()));
    }
    if rest.is_empty() {
        return Err(BadSshKey::NoKey(name.to_owned()));
    }
    Ok(name)
}

/// What a certificate of OpenSSH's form says of its key (OpenSSH's PROTOCOL.certkeys).
///
/// A front end makes one **only after it has verified** that the certificate is one for users,
/// that it holds now, that the CA's signature is right, and that it has no critical options but
/// `source-address`, which goes into [`source_addresses`](Self::source_addresses), and a
/// `force-command` of `internal-sftp`. Whether the CA, the principals and the client's address
/// open an account is for [`AuthorizedKeys`](crate::AuthorizedKeys) to say.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SshCertificate {
    /// The public key of the CA that has signed it.
    pub ca: SshKey,
    /// What its CA calls it, for logs.
    pub key_id: String,
    /// Its number, for logs; 0 where the CA gave none.
    pub serial: u64,
    /// Whom it is for. One that names nobody opens nothing.
    pub principals: Vec<String>,
    /// The critical option `source-address` as it stands there: addresses and networks,
    /// separated by commas, from which the certificate is good. None where there is none.
    pub source_addresses: Option<String>,
}

impl SshCertificate {
    /// A certificate that this CA has signed for these principals, good from everywhere.
    #[must_use]
    pub fn new(ca: SshKey, principals: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self {
            ca,
            key_id: String::new(),
            serial: 0,
            principals: principals.into_iter().map(Into::into).collect(),
            source_addresses: None,
        }
    }
}

/// Why octets are no public key of SSH.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadSshKey {
    /// It is longer than any key in use.
    #[error("a public key of {0} octets is too long; up to {LONGEST} are taken")]
    TooLong(usize),
    /// It does not begin with the name of an algorithm.
    #[error("it does not begin with the name of a key's algorithm, as SSH's public keys do")]
    NoAlgorithm,
    /// Nothing stands behind the name of the algorithm.
    #[error("nothing of the key follows the name {0:?}")]
    NoKey(String),
    /// It is a certificate.
    #[error("it is a certificate ({0}), not a key")]
    Certificate(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blob(name: &[u8], rest: &[u8]) -> Vec<u8> {
        let length = u32::try_from(name.len()).unwrap().to_be_bytes();
        [&length[..], name, rest].concat()
    }

    #[test]
    fn the_algorithm_is_read_from_the_blob() {
        for name in [
            "ssh-ed25519",
            "ssh-rsa",
            "ecdsa-sha2-nistp256",
            "sk-ssh-ed25519@openssh.com",
        ] {
            let key = SshKey::new(blob(name.as_bytes(), &[0; 36])).unwrap();
            assert_eq!(key.algorithm(), name);
        }
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let cut = blob(b"ssh-ed25519", &[]);
        for (octets, expected) in [
            (vec![], BadSshKey::NoAlgorithm),
            (vec![0, 0, 0], BadSshKey::NoAlgorithm),
            (vec![0xff; 40], BadSshKey::NoAlgorithm),
            (blob(b"", b"x"), BadSshKey::NoAlgorithm),
            (blob(b"ssh ed", b"x"), BadSshKey::NoAlgorithm),
            (blob(&[0xc3, 0x28], b"x"), BadSshKey::NoAlgorithm),
            (blob(&[b'a'; 65], b"x"), BadSshKey::NoAlgorithm),
            (cut[..cut.len() - 1].to_vec(), BadSshKey::NoAlgorithm),
            (cut, BadSshKey::NoKey("ssh-ed25519".to_owned())),
            (
                blob(b"ssh-ed25519-cert-v01@openssh.com", b"x"),
                BadSshKey::Certificate("ssh-ed25519-cert-v01@openssh.com".to_owned()),
            ),
            (vec![0; LONGEST + 1], BadSshKey::TooLong(LONGEST + 1)),
        ] {
            assert_eq!(SshKey::new(octets).unwrap_err(), expected);
        }
    }

    #[test]
    fn the_fingerprint_is_the_one_of_ssh_keygen() {
        // What `ssh-keygen -l` prints of this key.
        let text = "AAAAC3NzaC1lZDI1NTE5AAAAIJq0uO7lJJD5P6CmoYZcy7CqL3GTVzqNu8rJ6o2n6u3K";
        let key = SshKey::new(base64ct::Base64::decode_vec(text).unwrap()).unwrap();
        assert_eq!(key.fingerprint(), FINGERPRINT);
        assert!(format!("{key:?}").contains(FINGERPRINT));
    }

    const FINGERPRINT: &str = "SHA256:ofBNPl530pIz1qMDkod0SxX/20YYcBIxGkpPmF87VBA";
}
