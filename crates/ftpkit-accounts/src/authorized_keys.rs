//! Which SSH keys may log in, as files in OpenSSH's form say it. How one line is read is in
//! `line`, addresses in `address`.

mod address;
mod line;
mod moment;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fmt, fs,
    io::{self, Read as _},
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

use self::line::{Line, Rule};
pub use self::{address::KeyAddressError, line::KeyLineError};
use crate::ssh_key::SshKey;

/// Longer files are refused: some hundred thousand keys fit in.
const LONGEST_FILE: u64 = 64 * 1024 * 1024;
/// Longer lines are passed over. OpenSSH's own limit has been between 8 and 16 KiB.
const LONGEST_LINE: usize = 64 * 1024;

/// The SSH keys that may log in, in the form of OpenSSH's `authorized_keys` (sshd(8)).
///
/// A line is the options, separated by commas, if there are any; the key's algorithm; the key in
/// Base64; a comment. Blank lines and lines that begin with `#` are passed over. A line that
/// cannot be used is one of the [`problems`](Self::problems), and takes nothing from the others.
///
/// | option | |
/// | --- | --- |
/// | `cert-authority` | the key is a CA's: certificates that it has signed log in, and the key itself does not |
/// | `principals="a,b"` | whom such a certificate must name; otherwise it must name the user |
/// | `from="10.0.0.0/8,!10.6.*"` | addresses, networks and patterns of addresses, from which the key is good; what has `!` before it is excepted. Nobody looks names of hosts up: they match nothing |
/// | `expiry-time="20270131Z"` | when the key ceases to be good: `YYYYMMDD` or `YYYYMMDDHHMM[SS]`, in UTC with a `Z` behind it. Without one it would be the system's zone; as that is not known here, the earliest moment that the time is anywhere on earth counts |
/// | `command="internal-sftp"` | is what there is anyway; with another command the line cannot be used |
/// | `restrict`, `pty`, `no-pty` and the like, `environment`, `permitopen`, `permitlisten`, `tunnel` | nothing, since they are about shells and forwarding |
/// | `no-touch-required` | a key that is in a security key (`sk-...`), or a certificate for one, is taken. Whether somebody has touched it is not told here, so that without this option such a line cannot be used |
///
/// With any other option the line cannot be used: a key never opens more than its line says.
///
/// Clones share the keys, also after a [`reload`](Self::reload).
///
/// ```
/// use std::time::SystemTime;
/// use ftpkit_accounts::{AuthorizedKeys, SshKey};
/// let keys = AuthorizedKeys::parse(
///     b"# Backups, from the office.\n\
///       from=\"192.0.2.0/24\" ssh-ed25519 \
///       AAAAC3NzaC1lZDI1NTE5AAAAIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH backup\n",
/// );
/// assert!(keys.problems().is_empty());
/// let blob = [&[0, 0, 0, 11][..], b"ssh-ed25519", &[0, 0, 0, 32], &[7; 32]].concat();
/// let key = SshKey::new(blob)?;
/// let now = SystemTime::now();
/// assert!(keys.allows(&key, "ana", "192.0.2.7".parse().unwrap(), now));
/// assert!(!keys.allows(&key, "ana", "198.51.100.7".parse().unwrap(), now));
/// # Ok::<(), ftpkit_accounts::BadSshKey>(())
/// ```
#[derive(Clone)]
pub struct AuthorizedKeys(Arc<Shared>);

struct Shared {
    file: Option<PathBuf>,
    read: RwLock<Arc<Lines>>,
}

#[derive(Default)]
struct Lines {
    keys: HashMap<Box<[u8]>, Vec<Rule>>,
    authorities: HashMap<Box<[u8]>, Vec<Rule>>,
    count: usize,
    problems: Vec<KeyLineProblem>,
}

impl AuthorizedKeys {
    /// Reads a file. Blocks.
    ///
    /// # Errors
    /// [`AuthorizedKeysError`] where the file cannot be read; what is wrong with single lines is
    /// told by [`problems`](Self::problems).
    pub fn read_file(file: impl Into<PathBuf>) -> Result<Self, AuthorizedKeysError> {
        let file = file.into();
        let lines = Lines::parse(&read(&file)?);
        Ok(Self::with(Some(file), lines))
    }

    /// Reads the text of a file.
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        Self::with(None, Lines::parse(text))
    }

    fn with(file: Option<PathBuf>, lines: Lines) -> Self {
        Self(Arc::new(Shared {
            file,
            read: RwLock::new(Arc::new(lines)),
        }))
    }

    /// Reads the file again, for all clones at once; nothing happens where the text did not come
    /// from one. Blocks.
    ///
    /// Sessions that are logged in already are left alone.
    ///
    /// # Errors
    /// [`AuthorizedKeysError`] where the file cannot be read; the keys stay as they were then.
    pub fn reload(&self) -> Result<(), AuthorizedKeysError> {
        if let Some(file) = &self.0.file {
            let lines = Arc::new(Lines::parse(&read(file)?));
            *self.0.read.write().unwrap_or_else(PoisonError::into_inner) = lines;
        }
        Ok(())
    }

    /// The lines that cannot be used, in their order.
    #[must_use]
    pub fn problems(&self) -> Vec<KeyLineProblem> {
        self.lines().problems.clone()
    }

    /// How many lines can be used: keys and CAs.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lines().count
    }

    /// Whether there is no line that can be used.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is a CA among them, so that certificates may log in.
    #[must_use]
    pub fn has_authorities(&self) -> bool {
        !self.lines().authorities.is_empty()
    }

    /// Whether the key, or the certificate for it, may log in as this user from this address.
    ///
    /// A key with a certificate is let in for its certificate alone, and a key without one only by
    /// a line of its own.
    #[must_use]
    pub fn allows(&self, key: &SshKey, user: &str, peer: IpAddr, now: SystemTime) -> bool {
        let lines = self.lines();
        let peer = peer.to_canonical();
        match key.certificate() {
            None => lines
                .keys
                .get(key.blob())
                .is_some_and(|rules| rules.iter().any(|rule| rule.holds(peer, now))),
            Some(certificate) => {
                let from = certificate.source_addresses.as_deref();
                from.is_none_or(|list| address::is_within(list, peer))
                    && lines
                        .authorities
                        .get(certificate.ca.blob())
                        .is_some_and(|rules| {
                            rules.iter().any(|rule| {
                                rule.holds(peer, now)
                                    && rule.takes(key)
                                    && rule.names(user, &certificate.principals)
                            })
                        })
            }
        }
    }

    fn lines(&self) -> Arc<Lines> {
        Arc::clone(&self.0.read.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl fmt::Debug for AuthorizedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthorizedKeys")
            .field("file", &self.0.file)
            .field("lines", &self.len())
            .finish_non_exhaustive()
    }
}

fn read(file: &Path) -> Result<Vec<u8>, AuthorizedKeysError> {
    let failed = |source| AuthorizedKeysError::Read {
        file: file.to_owned(),
        source,
    };
    let mut text = Vec::new();
    fs::File::open(file)
        .and_then(|opened| opened.take(LONGEST_FILE + 1).read_to_end(&mut text))
        .map_err(failed)?;
    if text.len() as u64 > LONGEST_FILE {
        return Err(AuthorizedKeysError::TooLong {
            file: file.to_owned(),
        });
    }
    Ok(text)
}

impl Lines {
    fn parse(text: &[u8]) -> Self {
        let mut lines = Self::default();
        let text = text.strip_prefix("\u{feff}".as_bytes()).unwrap_or(text);
        for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
            if let Err(reason) = lines.add(line) {
                lines.problems.push(KeyLineProblem {
                    line: index + 1,
                    reason,
                });
            }
        }
        lines
    }

    fn add(&mut self, line: &[u8]) -> Result<(), KeyLineError> {
        if line.len() > LONGEST_LINE {
            return Err(KeyLineError::TooLong);
        }
        let Some(Line {
            key,
            is_authority,
            rule,
        }) = Line::parse(line)?
        else {
            return Ok(());
        };
        let place = if is_authority {
            &mut self.authorities
        } else {
            &mut self.keys
        };
        place.entry(key.blob().into()).or_default().push(rule);
        self.count += 1;
        Ok(())
    }
}

/// A line of `authorized_keys` that cannot be used, and why.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
#[non_exhaustive]
pub struct KeyLineProblem {
    /// The line's number, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: KeyLineError,
}

/// Why a file of authorized keys could not be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthorizedKeysError {
    /// The file could not be read.
    #[error("cannot read the authorized keys {}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The file is longer than 64 MiB.
    #[error("the authorized keys {} are longer than 64 MiB", file.display())]
    TooLong {
        /// The file.
        file: PathBuf,
    },
}
