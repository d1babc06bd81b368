//! Lines of a known_hosts file, and which hosts they are about (sshd(8), SSH_KNOWN_HOSTS FILE
//! FORMAT).

use std::{io, path::Path};

use aws_lc_rs::hmac;
use base64ct::{Base64, Encoding as _};

/// One line that names hosts and a key.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) number: usize,
    pub(super) marker: Marker,
    hosts: String,
    pub(super) algorithm: String,
    pub(super) base64: String,
}

/// The word before the hosts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    None,
    Revoked,
    /// `@cert-authority`: the key signs certificates of these hosts.
    Authority,
    /// One that is not known.
    Other,
}

/// The lines of a file; a file that is not there has none. What is no line is left out.
pub(super) fn read_lines(path: &Path) -> io::Result<Vec<Line>> {
    match std::fs::read(path) {
        Ok(bytes) => Ok(parse(&String::from_utf8_lossy(&bytes))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

pub(super) fn parse(text: &str) -> Vec<Line> {
    let numbered = (1..).zip(text.lines());
    numbered
        .filter_map(|(number, line)| one(number, line))
        .collect()
}

fn one(number: usize, line: &str) -> Option<Line> {
    let mut words = line.split_ascii_whitespace();
    let mut hosts = words.next().filter(|word| !word.starts_with('#'))?;
    let mut marker = Marker::None;
    if hosts.starts_with('@') {
        marker = match hosts {
            "@revoked" => Marker::Revoked,
            "@cert-authority" => Marker::Authority,
            _ => Marker::Other,
        };
        hosts = words.next()?;
    }
    Some(Line {
        number,
        marker,
        hosts: hosts.to_owned(),
        algorithm: words.next()?.to_owned(),
        base64: words.next()?.to_owned(),
    })
}

impl Line {
    /// Whether it is about this host: `host`, or `[host]:port`, in lower case.
    pub(super) fn covers(&self, host: &str) -> bool {
        self.covers_any(&[host])
    }

    /// Whether it is about a host that has several names. One that it excludes is enough to
    /// exclude the host.
    pub(super) fn covers_any(&self, names: &[&str]) -> bool {
        let mut covered = false;
        for pattern in self.hosts.split(',') {
            let (excludes, pattern) = match pattern.strip_prefix('!') {
                Some(pattern) => (true, pattern),
                None => (false, pattern),
            };
            if names.iter().any(|name| matches(pattern, name)) {
                if excludes {
                    return false;
                }
                covered = true;
            }
        }
        covered
    }
}

fn matches(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix("|1|") {
        Some(hashed) => is_hash_of(hashed, host).unwrap_or(false),
        None => glob(pattern.to_ascii_lowercase().as_bytes(), host.as_bytes()),
    }
}

/// `salt|hash`: the HMAC-SHA1 of the host's name, with the salt as the key.
fn is_hash_of(hashed: &str, host: &str) -> Option<bool> {
    let (salt, hash) = hashed.split_once('|')?;
    let salt = Base64::decode_vec(salt).ok()?;
    let hash = Base64::decode_vec(hash).ok()?;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt);
    Some(hmac::verify(&key, host.as_bytes(), &hash).is_ok())
}

/// `*` stands for any text, `?` for one letter. Never more than the two lengths' product.
pub(super) fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(b'?') => (p, t) = (p + 1, t + 1),
            Some(letter) if text.get(t) == Some(letter) => (p, t) = (p + 1, t + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, t) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern.iter().skip(p).all(|letter| *letter == b'*')
}
