//! The keys by which clients know the server again: [`HostKey`].

use std::{
    fmt, fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use aws_lc_rs::{
    encoding::AsDer as _,
    rsa::{KeyPair, KeySize},
};
use base64ct::{Base64, Encoding as _};
use russh::keys::{
    Algorithm, HashAlg, PrivateKey, decode_secret_key,
    key::safe_rng,
    ssh_key::{LineEnding, private::Ed25519Keypair},
};

/// A key that proves to clients that they talk to the same server as before.
///
/// A server has one of each kind at most; Ed25519 is what all clients of the last ten years take,
/// RSA is for those that are older. Keep them: where a key changes, clients refuse to connect.
///
/// ```no_run
/// use ftpkit_ssh::server::{HostKey, HostKeyKind};
/// let key = HostKey::load_or_create("/var/lib/example/host_ed25519", HostKeyKind::Ed25519)?;
/// println!("{}", key.fingerprint());
/// # Ok::<(), ftpkit_ssh::server::HostKeyError>(())
/// ```
#[derive(Clone)]
pub struct HostKey(pub(super) PrivateKey);

/// The kinds of host keys that can be made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HostKeyKind {
    /// Ed25519 (RFC 8709).
    #[default]
    Ed25519,
    /// RSA with 3072 bits, which signs with SHA-2 (RFC 8332).
    Rsa,
}

impl HostKey {
    /// Makes a new key of this kind.
    ///
    /// # Errors
    /// [`HostKeyError::Make`] where the system gives no random numbers.
    pub fn generate(kind: HostKeyKind) -> Result<Self, HostKeyError> {
        match kind {
            HostKeyKind::Ed25519 => Self::generate_ed25519(),
            HostKeyKind::Rsa => Self::generate_rsa(),
        }
    }

    /// Makes a new Ed25519 key.
    ///
    /// # Errors
    /// [`HostKeyError::Make`].
    pub fn generate_ed25519() -> Result<Self, HostKeyError> {
        let pair = Ed25519Keypair::random(&mut safe_rng());
        Ok(Self(pair.into()))
    }

    /// Makes a new RSA key, which takes some tenths of a second.
    ///
    /// # Errors
    /// [`HostKeyError::Make`].
    pub fn generate_rsa() -> Result<Self, HostKeyError> {
        let pair = KeyPair::generate(KeySize::Rsa3072).map_err(|_| HostKeyError::Make)?;
        let der = pair.as_der().map_err(|_| HostKeyError::Make)?;
        let body = Base64::encode_string(der.as_ref());
        let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
        for line in body.as_bytes().chunks(64) {
            pem.extend(line.iter().copied().map(char::from));
            pem.push('\n');
        }
        pem.push_str("-----END PRIVATE KEY-----\n");
        decode_secret_key(&pem, None)
            .map(Self)
            .map_err(|_| HostKeyError::Make)
    }

    /// Reads a key from its text: OpenSSH's own form, or PEM (PKCS#8, PKCS#1, SEC 1).
    ///
    /// # Errors
    /// [`HostKeyError::Parse`] where it is none or the passphrase is wrong or missing;
    /// [`HostKeyError::Kind`] for a kind of key that no client takes any more.
    pub fn from_pem(text: &str, passphrase: Option<&str>) -> Result<Self, HostKeyError> {
        let key = decode_secret_key(text, passphrase).map_err(|source| HostKeyError::Parse {
            path: None,
            source: source.into(),
        })?;
        match key.algorithm() {
            Algorithm::Ed25519 | Algorithm::Ecdsa { .. } | Algorithm::Rsa { .. } => Ok(Self(key)),
            other => Err(HostKeyError::Kind(other.to_string())),
        }
    }

    /// Reads a key from a file, as `ssh-keygen` writes them.
    ///
    /// # Errors
    /// [`HostKeyError`]; also where others than its owner can read the file.
    pub fn from_file(
        path: impl AsRef<Path>,
        passphrase: Option<&str>,
    ) -> Result<Self, HostKeyError> {
        let path = path.as_ref();
        let read = |source| HostKeyError::Read {
            path: path.to_owned(),
            source,
        };
        let file = fs::File::open(path).map_err(read)?;
        check_private(path, &file.metadata().map_err(read)?)?;
        let text = io::read_to_string(file).map_err(read)?;
        Self::from_pem(&text, passphrase).map_err(|error| match error {
            HostKeyError::Parse { source, .. } => HostKeyError::Parse {
                path: Some(path.to_owned()),
                source,
            },
            other => other,
        })
    }

    /// Reads the key in this file, or makes one of this kind and keeps it there: what a server
    /// does at its first start. A file that is there is never written to.
    ///
    /// The new file can be read by its owner alone, and is there as a whole or not at all. The
    /// directory must exist.
    ///
    /// # Errors
    /// [`HostKeyError`], as [`from_file`](Self::from_file), and where the file cannot be
    /// written.
    pub fn load_or_create(path: impl AsRef<Path>, kind: HostKeyKind) -> Result<Self, HostKeyError> {
        let path = path.as_ref();
        match Self::from_file(path, None) {
            Err(HostKeyError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => {}
            done => return done,
        }
        let key = Self::generate(kind)?;
        let text = key.0.to_openssh(LineEnding::LF);
        let text = text.map_err(|_| HostKeyError::Make)?;
        match keep(path, text.as_bytes()) {
            Ok(()) => Ok(key),
            // Another server of this directory was first.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Self::from_file(path, None)
            }
            Err(source) => Err(HostKeyError::Write {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// The fingerprint, as `ssh` shows it to people: `SHA256:` and the hash in Base64.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.0.fingerprint(HashAlg::Sha256).to_string()
    }

    /// The public key as a line of `known_hosts` has it behind the host's name.
    #[must_use]
    pub fn public_key(&self) -> String {
        let key = self.0.public_key().to_openssh().unwrap_or_default();
        let mut words = key.split(' ');
        match (words.next(), words.next()) {
            (Some(kind), Some(body)) => format!("{kind} {body}"),
            _ => key,
        }
    }

    /// The name of its algorithm, such as `ssh-ed25519`.
    #[must_use]
    pub fn algorithm(&self) -> String {
        self.0.algorithm().to_string()
    }
}

/// Never shows the key itself.
impl fmt::Debug for HostKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostKey({} {})", self.algorithm(), self.fingerprint())
    }
}

#[cfg(unix)]
fn check_private(path: &Path, metadata: &fs::Metadata) -> Result<(), HostKeyError> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = metadata.permissions().mode() & 0o777;
    match mode & 0o077 {
        0 => Ok(()),
        _ => Err(HostKeyError::Open {
            path: path.to_owned(),
            mode,
        }),
    }
}

#[cfg(not(unix))]
fn check_private(_: &Path, _: &fs::Metadata) -> Result<(), HostKeyError> {
    Ok(())
}

/// Writes a file that is not there yet, for its owner alone, at one blow.
fn keep(path: &Path, text: &[u8]) -> io::Result<()> {
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut beside = name.to_owned();
    beside.push(format!(".{}.new", std::process::id()));
    let beside = path.with_file_name(beside);
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = || {
        let mut file = options.open(&beside)?;
        file.write_all(text)?;
        file.sync_all()?;
        // A second name fails where the first is taken; a renaming would replace it.
        fs::hard_link(&beside, path)
    };
    let written = write();
    let _ = fs::remove_file(&beside);
    written
}

/// Why there is no host key.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HostKeyError {
    /// The file cannot be read.
    #[error("the host key {} cannot be read: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Others than the owner may read or write the file, so that it is no secret.
    #[error(
        "the host key {} can be read by others (mode {mode:o}); try `chmod 600` on it, and make \
         a new one if somebody may have read it", path.display()
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// It is no private key, or cannot be decrypted.
    #[error("{}: {source}; is it a private key, and the passphrase right?", shown(.path))]
    Parse {
        /// The file, if it came from one.
        path: Option<PathBuf>,
        /// What is wrong.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A kind of key that clients do not take.
    #[error("a host key cannot be of the kind {0}; use Ed25519, ECDSA or RSA")]
    Kind(String),
    /// No key could be made.
    #[error("no host key could be made: the system gives no random numbers")]
    Make,
    /// The new key cannot be kept.
    #[error("the new host key {} cannot be written: {source}", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
}

fn shown(path: &Option<PathBuf>) -> String {
    match path {
        Some(path) => format!("the host key {} cannot be understood", path.display()),
        None => "the host key cannot be understood".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_made_at_the_first_start_and_kept() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("host");
        for kind in [HostKeyKind::Ed25519, HostKeyKind::Rsa] {
            let made = HostKey::load_or_create(&path, kind).unwrap();
            let again = HostKey::load_or_create(&path, kind).unwrap();
            assert_eq!(made.fingerprint(), again.fingerprint());
            assert!(made.fingerprint().starts_with("SHA256:"));
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no leftovers");
            fs::remove_file(&path).unwrap();
        }
    }

    #[cfg(unix)]
    #[test]
    fn is_for_its_owner_alone() {
        use std::os::unix::fs::PermissionsExt as _;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("host");
        HostKey::load_or_create(&path, HostKeyKind::Ed25519).unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let error = HostKey::load_or_create(&path, HostKeyKind::Ed25519).unwrap_err();
        assert!(matches!(error, HostKeyError::Open { mode: 0o640, .. }));
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn what_is_there_is_never_written_over() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("host");
        let mut options = fs::OpenOptions::new();
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.write(true).create_new(true).open(&path).unwrap();
        file.write_all(b"something else").unwrap();
        let error = HostKey::load_or_create(&path, HostKeyKind::Ed25519).unwrap_err();
        assert!(matches!(error, HostKeyError::Parse { .. }), "{error}");
        assert_eq!(
            keep(&path, b"x").unwrap_err().kind(),
            io::ErrorKind::AlreadyExists
        );
        assert_eq!(fs::read(&path).unwrap(), b"something else");
    }

    #[test]
    fn says_which_directory_is_missing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("none/host");
        let error = HostKey::load_or_create(&path, HostKeyKind::Ed25519).unwrap_err();
        assert!(matches!(error, HostKeyError::Write { .. }));
        assert!(error.to_string().contains("none/host"), "{error}");
    }

    #[test]
    fn a_passphrase_is_needed_where_there_is_one() {
        let key = HostKey::generate_ed25519().unwrap();
        let locked = key.0.encrypt(&mut safe_rng(), "secret").unwrap();
        let text = locked.to_openssh(LineEnding::LF).unwrap();
        let open = HostKey::from_pem(&text, Some("secret")).unwrap();
        assert_eq!(open.fingerprint(), key.fingerprint());
        for wrong in [None, Some("guess")] {
            assert!(HostKey::from_pem(&text, wrong).is_err());
        }
    }

    #[test]
    fn shows_no_secret() {
        let key = HostKey::generate_ed25519().unwrap();
        let shown = format!("{key:?}");
        assert!(shown.contains("ssh-ed25519 SHA256:"), "{shown}");
        assert_eq!(key.public_key().split(' ').count(), 2);
    }
}
