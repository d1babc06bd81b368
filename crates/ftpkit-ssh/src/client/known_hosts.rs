//! Whom a client takes for its server: [`KnownHosts`], and what it says of a key.

mod certificate;
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

use self::lines::{Line, Marker, read_lines};

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
/// says of unknown ones; so is a key that a file revokes (`@revoked`).
///
/// Where a line of a certificate authority (`@cert-authority`) covers the host, a certificate is
/// asked for, and taken if that authority signed it, for hosts, for this name, for this time. Its
/// port does not matter, since certificates name none. The name must be among its principals: a
/// certificate without any is for no host. One by an authority that no line names says nothing:
/// then the key in it counts as if it had come alone.
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
    /// In lower case.
    name: String,
    /// With its port, where that is not the usual one.
    host: String,
}

/// What a client asks a host to show.
#[derive(Debug, Default)]
pub(crate) struct Wanted {
    /// The kinds of keys that the host is known by, to be asked for first: else a server with
    /// several keys would show one that nobody has seen.
    pub(crate) kinds: Vec<Algorithm>,
    /// Whether an authority may vouch for it.
    pub(crate) certificate: bool,
}

impl Check {
    pub(crate) fn new(known: KnownHosts, host: &str, port: u16) -> Self {
        let name = host.to_ascii_lowercase();
        let host = match port {
            22 => name.clone(),
            port => format!("[{name}]:{port}"),
        };
        Self { known, name, host }
    }

    pub(crate) fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::default();
        for file in &self.known.files {
            for line in read_lines(file).unwrap_or_default() {
                match line.marker {
                    Marker::None if line.covers(&self.host) => {
                        wanted.kinds.extend(Algorithm::new(&line.algorithm).ok());
                    }
                    Marker::Authority => wanted.certificate |= self.may_vouch(&line),
                    _ => {}
                }
            }
        }
        wanted
    }

    /// Whether an authority's line is about the host, with its port or without: certificates name
    /// no ports.
    fn may_vouch(&self, line: &Line) -> bool {
        line.covers_any(&[&self.host, &self.name])
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

    /// Every line, and the file that it stands in.
    fn lines(&self) -> Result<Vec<(&Path, Line)>, Refusal> {
        let mut all = Vec::new();
        for file in &self.known.files {
            let lines = read_lines(file).map_err(|error| Refusal {
                changed: false,
                detail: format!("{file:?} cannot be read: {error}"),
                hint: "a host cannot be checked without it: make it readable".to_owned(),
            })?;
            all.extend(lines.into_iter().map(|line| (file.as_path(), line)));
        }
        Ok(all)
    }

    /// Refuses a key that is revoked for the host; `whose` it is.
    fn refuse_revoked(
        &self,
        lines: &[(&Path, Line)],
        key: &HostKey,
        whose: &str,
    ) -> Result<(), Refusal> {
        let revokes = |line: &Line| {
            line.marker == Marker::Revoked
                && line.base64 == key.base64
                && (line.covers(&self.host) || line.covers(&self.name))
        };
        match lines.iter().find(|(_, line)| revokes(line)) {
            None => Ok(()),
            Some((file, line)) => Err(Refusal {
                changed: true,
                detail: format!(
                    "{whose} key {} is revoked in line {} of {file:?}",
                    key.fingerprint, line.number
                ),
                hint: "do not connect: ask whoever runs the server".to_owned(),
            }),
        }
    }

    /// Whether the host is known by this key.
    fn look_up(&self, key: &HostKey) -> Result<bool, Refusal> {
        let lines = self.lines()?;
        self.refuse_revoked(&lines, key, "the host's")?;
        let mut known = false;
        let mut other = None;
        for (file, line) in lines {
            if line.marker == Marker::None && line.covers(&self.host) {
                known |= line.base64 == key.base64;
                other.get_or_insert((file, line.number, line.algorithm));
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
