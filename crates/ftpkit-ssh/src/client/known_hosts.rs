//! Whom a client takes for its server: [`KnownHosts`], and what it says of a key.

mod lines;

use std::{
    fmt,
    io::{self, Write as _},
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
};

use base64ct::{Base64Unpadded, Encoding as _};
use russh::keys::{Algorithm, HashAlg, PublicKey};

use self::lines::{Marker, read_lines};

/// The key that a host shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostKey {
    algorithm: String,
    base64: String,
    fingerprint: Fingerprint,
}

impl HostKey {
    pub(crate) fn of(key: &PublicKey) -> Self {
        let text = key.to_openssh().unwrap_or_default();
        let mut words = text.split(' ');
        let mut word = || words.next().unwrap_or_default().to_owned();
        let digest = key.fingerprint(HashAlg::Sha256).sha256();
        Self {
            algorithm: word(),
            base64: word(),
            fingerprint: Fingerprint(digest.unwrap_or_default()),
        }
    }

    /// Its kind, as `ssh-ed25519`.
    #[must_use]
    pub fn algorithm(&self) -> &str {
        &self.algorithm
    }

    /// Its SHA-256 fingerprint.
    #[must_use]
    pub const fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }
}

/// The SHA-256 digest of a key, written as `SHA256:` and base64, as OpenSSH does.
///
/// ```
/// use ftpkit_ssh::client::Fingerprint;
/// let text = "SHA256:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU";
/// assert_eq!(text.parse::<Fingerprint>().unwrap().to_string(), text);
/// assert!("SHA256:47DE".parse::<Fingerprint>().is_err());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA256:{}", Base64Unpadded::encode_string(&self.0))
    }
}

/// A text that is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is not a SHA-256 fingerprint; ssh-keygen -lf KEY.pub prints one, as SHA256:…")]
pub struct FingerprintError(());

impl FromStr for Fingerprint {
    type Err = FingerprintError;

    fn from_str(text: &str) -> Result<Self, FingerprintError> {
        let base64 = text.strip_prefix("SHA256:").ok_or(FingerprintError(()))?;
        let mut digest = [0; 32];
        match Base64Unpadded::decode(base64.trim_end_matches('='), &mut digest) {
            Ok(bytes) if bytes.len() == 32 => Ok(Self(digest)),
            _ => Err(FingerprintError(())),
        }
    }
}

/// A host whose key is not known yet; somebody is asked about it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UnknownHost {
    /// The host as known_hosts names it: `host`, or `[host]:port`.
    pub host: String,
    /// The key that it shows.
    pub key: HostKey,
}

/// What whoever was asked says of an unknown host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// It is not the right one.
    Refuse,
    /// It is taken this time.
    Once,
    /// It is taken, and remembered.
    Remember,
}

type Ask = Arc<dyn Fn(&UnknownHost) -> Answer + Send + Sync>;

#[derive(Clone)]
enum Policy {
    Strict,
    AcceptNew,
    Ask(Ask),
    Pinned(Vec<Fingerprint>),
    DangerousAnybody,
}

/// The hosts that a client knows, in files of OpenSSH's format, and what becomes of others.
///
/// A host that shows **another** key than it is known by is always refused, whatever the policy
/// says of unknown ones; so is a key that a file revokes. Lines of certificate authorities are
/// left alone: certificates of hosts are not asked for.
#[derive(Clone)]
pub struct KnownHosts {
    files: Vec<PathBuf>,
    /// Where new hosts are remembered.
    own: Option<PathBuf>,
    policy: Policy,
}

impl Default for KnownHosts {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for KnownHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KnownHosts")
            .field("files", &self.files)
            .finish_non_exhaustive()
    }
}

impl KnownHosts {
    /// `~/.ssh/known_hosts`, and the system's file; unknown hosts are refused.
    #[must_use]
    pub fn new() -> Self {
        let own = std::env::home_dir().map(|home| home.join(".ssh").join("known_hosts"));
        let mut files: Vec<_> = own.iter().cloned().collect();
        if cfg!(unix) {
            files.push(PathBuf::from("/etc/ssh/ssh_known_hosts"));
        }
        Self {
            files,
            own,
            policy: Policy::Strict,
        }
    }

    /// This file alone; it need not be there.
    #[must_use]
    pub fn file(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self {
            files: vec![path.clone()],
            own: Some(path),
            policy: Policy::Strict,
        }
    }

    /// No files: the host is the right one if its key has this fingerprint. May be said for
    /// several.
    #[must_use]
    pub fn pinned(fingerprints: impl IntoIterator<Item = Fingerprint>) -> Self {
        Self {
            files: Vec::new(),
            own: None,
            policy: Policy::Pinned(fingerprints.into_iter().collect()),
        }
    }

    /// Trusts any host, and thereby whoever is on the way to it, with the password too. For
    /// tests.
    #[must_use]
    pub const fn dangerous_accept_anybody() -> Self {
        Self {
            files: Vec::new(),
            own: None,
            policy: Policy::DangerousAnybody,
        }
    }

    /// Takes a host that is not known yet, and remembers its key. Whoever is on the way at the
    /// first time is taken too.
    #[must_use]
    pub fn accept_new(mut self) -> Self {
        self.policy = Policy::AcceptNew;
        self
    }

    /// Asks about a host that is not known yet. The question is put on a thread where it may wait
    /// for a person.
    #[must_use]
    pub fn ask(mut self, ask: impl Fn(&UnknownHost) -> Answer + Send + Sync + 'static) -> Self {
        self.policy = Policy::Ask(Arc::new(ask));
        self
    }
}

/// Why a host was not taken.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) changed: bool,
    pub(crate) detail: String,
    pub(crate) hint: String,
}

/// What is known of one host, and to be held against its key.
pub(crate) struct Check {
    known: KnownHosts,
    host: String,
}

impl Check {
    pub(crate) fn new(known: KnownHosts, host: &str, port: u16) -> Self {
        let host = host.to_ascii_lowercase();
        let host = match port {
            22 => host,
            port => format!("[{host}]:{port}"),
        };
        Self { known, host }
    }

    /// The kinds of keys that the host is known by, to be asked for first: else a server with
    /// several keys would show one that nobody has seen.
    pub(crate) fn known_kinds(&self) -> Vec<Algorithm> {
        let mut kinds = Vec::new();
        for file in &self.known.files {
            for line in read_lines(file).unwrap_or_default() {
                if line.marker == Marker::None && line.covers(&self.host) {
                    kinds.extend(Algorithm::new(&line.algorithm).ok());
                }
            }
        }
        kinds
    }

    pub(crate) fn judge(&self, key: &HostKey) -> Result<(), Refusal> {
        match &self.known.policy {
            Policy::DangerousAnybody => return Ok(()),
            Policy::Pinned(pins) if pins.contains(&key.fingerprint) => return Ok(()),
            Policy::Pinned(_) => {
                return Err(Refusal {
                    changed: true,
                    detail: format!(
                        "the host shows a {} key with the fingerprint {}, which is not the pinned one",
                        key.algorithm, key.fingerprint
                    ),
                    hint: "somebody else may have answered: ask whoever runs the server".to_owned(),
                });
            }
            _ => {}
        }
        if self.look_up(key)? {
            return Ok(());
        }
        let answer = match &self.known.policy {
            Policy::AcceptNew => Answer::Remember,
            Policy::Ask(ask) => ask(&UnknownHost {
                host: self.host.clone(),
                key: key.clone(),
            }),
            _ => return Err(self.unknown(key)),
        };
        match answer {
            Answer::Refuse => Err(Refusal {
                changed: false,
                detail: format!(
                    "the {} key of the host, {}, was not accepted",
                    key.algorithm, key.fingerprint
                ),
                hint: "compare the fingerprint with what whoever runs the server says".to_owned(),
            }),
            Answer::Once => Ok(()),
            Answer::Remember => self.remember(key).map_err(|(path, error)| Refusal {
                changed: false,
                detail: format!("the host's key cannot be remembered in {path:?}: {error}"),
                hint: "make the file writable, or accept the key once".to_owned(),
            }),
        }
    }

    /// Whether the host is known by this key.
    fn look_up(&self, key: &HostKey) -> Result<bool, Refusal> {
        let mut known = false;
        let mut other = None;
        for file in &self.known.files {
            let lines = read_lines(file).map_err(|error| Refusal {
                changed: false,
                detail: format!("{file:?} cannot be read: {error}"),
                hint: "a host cannot be checked without it: make it readable".to_owned(),
            })?;
            for line in lines {
                let same = line.base64 == key.base64;
                match line.marker {
                    Marker::Revoked if same && line.covers(&self.host) => {
                        return Err(Refusal {
                            changed: true,
                            detail: format!(
                                "the host's key {} is revoked in line {} of {file:?}",
                                key.fingerprint, line.number
                            ),
                            hint: "do not connect: ask whoever runs the server".to_owned(),
                        });
                    }
                    Marker::None if line.covers(&self.host) => {
                        known |= same;
                        other.get_or_insert_with(|| (file.clone(), line.number, line.algorithm));
                    }
                    _ => {}
                }
            }
        }
        match other {
            Some((file, number, algorithm)) if !known => Err(Refusal {
                changed: true,
                detail: format!(
                    "the host {} shows a {} key with the fingerprint {}, but is known by another \
                     one, {algorithm} in line {number} of {file:?}",
                    self.host, key.algorithm, key.fingerprint
                ),
                hint: "somebody else may have answered, or the host has a new key: ask whoever \
                       runs the server, and only then remove that line"
                    .to_owned(),
            }),
            _ => Ok(known),
        }
    }

    fn unknown(&self, key: &HostKey) -> Refusal {
        let place = match &self.known.own {
            Some(path) => format!("{path:?}"),
            None => "known_hosts".to_owned(),
        };
        Refusal {
            changed: false,
            detail: format!(
                "the host {} is not known; it shows a {} key with the fingerprint {}",
                self.host, key.algorithm, key.fingerprint
            ),
            hint: format!(
                "compare it with what whoever runs the server says, then accept it, or write \
                 \"{} {} {}\" into {place}",
                self.host, key.algorithm, key.base64
            ),
        }
    }

    fn remember(&self, key: &HostKey) -> Result<(), (PathBuf, io::Error)> {
        let Some(path) = &self.known.own else {
            let error = io::Error::other("no file is known, since there is no home directory");
            return Err((PathBuf::from("known_hosts"), error));
        };
        let line = format!("{} {} {}\n", self.host, key.algorithm, key.base64);
        append(path, &line).map_err(|error| (path.clone(), error))
    }
}

/// Adds a line; a file that is made is its owner's alone.
fn append(path: &Path, line: &str) -> io::Result<()> {
    let mut directories = std::fs::DirBuilder::new();
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
        directories.mode(0o700);
        options.mode(0o600);
    }
    if let Some(parent) = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
    {
        directories.recursive(true).create(parent)?;
    }
    let before = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let torn = before.last().is_some_and(|last| *last != b'\n');
    let text = format!("{}{line}", if torn { "\n" } else { "" });
    // At once, so that two who write at the same time do not mix their lines.
    options.open(path)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests;
