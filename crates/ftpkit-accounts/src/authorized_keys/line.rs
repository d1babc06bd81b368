//! One line of `authorized_keys`: its options and its key.

use std::{net::IpAddr, time::SystemTime};

use base64ct::{Base64, Encoding as _};

use super::{
    address::{Addresses, KeyAddressError},
    moment,
};
use crate::ssh_key::{BadSshKey, SshKey};

/// A line that can be used.
pub(super) struct Line {
    pub(super) key: SshKey,
    pub(super) is_authority: bool,
    pub(super) rule: Rule,
}

/// On what terms a key is good.
#[derive(Default)]
pub(super) struct Rule {
    from: Option<Addresses>,
    expires: Option<SystemTime>,
    principals: Option<Vec<String>>,
    /// Whether nobody need have touched a security key.
    untouched: bool,
}

impl Rule {
    pub(super) fn holds(&self, peer: IpAddr, now: SystemTime) -> bool {
        self.expires.is_none_or(|end| now < end)
            && self.from.as_ref().is_none_or(|from| from.allow(peer))
    }

    /// Whether it takes this key. Of a signature by a security key SSH does not tell here whether
    /// somebody has touched it, so that it is taken only where that need not be.
    pub(super) fn takes(&self, key: &SshKey) -> bool {
        self.untouched || !key.algorithm().starts_with("sk-")
    }

    /// Whether a certificate for these principals is for this user.
    pub(super) fn names(&self, user: &str, principals: &[String]) -> bool {
        match &self.principals {
            Some(wanted) => principals.iter().any(|name| wanted.contains(name)),
            None => principals.iter().any(|name| name == user),
        }
    }
}

/// Options about what this server has none of, so that they neither give nor take anything.
const WITHOUT_EFFECT: &[&str] = &[
    "restrict",
    "agent-forwarding",
    "port-forwarding",
    "pty",
    "user-rc",
    "x11-forwarding",
    "no-agent-forwarding",
    "no-port-forwarding",
    "no-pty",
    "no-user-rc",
    "no-x11-forwarding",
];
/// The same, with a value.
const WITHOUT_EFFECT_VALUED: &[&str] = &["environment", "permitopen", "permitlisten", "tunnel"];

impl Line {
    /// Reads a line without its end; nothing where it is blank or a comment.
    pub(super) fn parse(line: &[u8]) -> Result<Option<Self>, KeyLineError> {
        let line = line.trim_ascii();
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(None);
        }
        // The first word is the algorithm where the key follows it, else the options.
        let first = key(line);
        let (options, key) = match first {
            Ok(key) => (Options::default(), key),
            Err(error) => {
                let (word, rest) = options_word(line)?;
                if looks_like_algorithm(word) {
                    return Err(error);
                }
                let word = std::str::from_utf8(word).map_err(|_| KeyLineError::Encoding)?;
                (Options::parse(word)?, key(rest.trim_ascii_start())?)
            }
        };
        if !options.is_authority && !options.rule.takes(&key) {
            return Err(KeyLineError::Touch);
        }
        Ok(Some(Self {
            key,
            is_authority: options.is_authority,
            rule: options.rule,
        }))
    }
}

fn key(text: &[u8]) -> Result<SshKey, KeyLineError> {
    let mut words = text
        .split(|byte| matches!(byte, b' ' | b'\t'))
        .filter(|word| !word.is_empty());
    let algorithm = words.next().ok_or(KeyLineError::NoKey)?;
    let encoded = words.next().ok_or(KeyLineError::NoKey)?;
    let encoded = std::str::from_utf8(encoded).map_err(|_| KeyLineError::Base64)?;
    let blob = Base64::decode_vec(encoded).map_err(|_| KeyLineError::Base64)?;
    if !is_whole(&blob) {
        return Err(KeyLineError::Damaged);
    }
    let key = SshKey::new(blob)?;
    if key.algorithm().as_bytes() != algorithm {
        return Err(KeyLineError::Algorithm {
            said: String::from_utf8_lossy(algorithm).into_owned(),
            is: key.algorithm().to_owned(),
        });
    }
    Ok(key)
}

/// Whether the octets are strings with their lengths, and nothing else, as every key is.
fn is_whole(mut blob: &[u8]) -> bool {
    while let Some((length, rest)) = blob.split_first_chunk() {
        let length = usize::try_from(u32::from_be_bytes(*length)).unwrap_or(usize::MAX);
        match rest.get(length..) {
            Some([]) => return true,
            Some(rest) => blob = rest,
            None => return false,
        }
    }
    false
}

fn looks_like_algorithm(word: &[u8]) -> bool {
    [&b"ssh-"[..], b"ecdsa-", b"sk-"]
        .iter()
        .any(|prefix| word.starts_with(prefix))
}

/// The first word, in which there may be spaces between quotes, and what follows it.
fn options_word(line: &[u8]) -> Result<(&[u8], &[u8]), KeyLineError> {
    let mut quoted = false;
    let mut bytes = line.iter().enumerate().peekable();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' if bytes.peek().is_some_and(|(_, next)| **next == b'"') => {
                bytes.next();
            }
            b'"' => quoted = !quoted,
            b' ' | b'\t' if !quoted => return Ok(line.split_at(at)),
            _ => {}
        }
    }
    Err(if quoted {
        KeyLineError::Quote
    } else {
        KeyLineError::NoKey
    })
}

#[derive(Default)]
struct Options {
    is_authority: bool,
    rule: Rule,
    has_command: bool,
}

impl Options {
    fn parse(mut text: &str) -> Result<Self, KeyLineError> {
        let mut options = Self::default();
        loop {
            let end = text.find(['=', ',']).unwrap_or(text.len());
            let (name, rest) = text.split_at(end);
            let name = name.to_ascii_lowercase();
            let (value, rest) = match rest.strip_prefix('=') {
                Some(rest) => {
                    let (value, rest) = quoted(&name, rest)?;
                    (Some(value), rest)
                }
                None => (None, rest),
            };
            options.add(name, value)?;
            match rest.strip_prefix(',') {
                Some(rest) => text = rest,
                None if rest.is_empty() => return Ok(options),
                None => return Err(KeyLineError::Separator(rest.to_owned())),
            }
        }
    }

    fn add(&mut self, name: String, value: Option<String>) -> Result<(), KeyLineError> {
        match (&*name, value) {
            ("cert-authority", None) => self.is_authority = true,
            ("no-touch-required", None) => self.rule.untouched = true,
            ("principals", Some(value)) => {
                let names = value.split(',').filter(|name| !name.is_empty());
                once(
                    &mut self.rule.principals,
                    names.map(str::to_owned).collect(),
                    name,
                )?;
            }
            ("from", Some(value)) => {
                once(&mut self.rule.from, Addresses::parse(&value)?, name)?;
            }
            ("expiry-time", Some(value)) => {
                let end = moment::parse(&value).ok_or(KeyLineError::Time(value))?;
                let ends = &mut self.rule.expires;
                *ends = Some(ends.map_or(end, |other| other.min(end)));
            }
            ("command", Some(value)) => {
                if value.trim() != "internal-sftp" {
                    return Err(KeyLineError::Command(value));
                }
                if std::mem::replace(&mut self.has_command, true) {
                    return Err(KeyLineError::Twice(name));
                }
            }
            (option, None) if WITHOUT_EFFECT.contains(&option) => {}
            (option, Some(_)) if WITHOUT_EFFECT_VALUED.contains(&option) => {}
            _ => return Err(KeyLineError::Option(name)),
        }
        Ok(())
    }
}

fn once<T>(place: &mut Option<T>, value: T, name: String) -> Result<(), KeyLineError> {
    match place {
        Some(_) => Err(KeyLineError::Twice(name)),
        None => {
            *place = Some(value);
            Ok(())
        }
    }
}

/// The value that stands between quotes, without its escapes, and what follows it.
fn quoted<'a>(name: &str, text: &'a str) -> Result<(String, &'a str), KeyLineError> {
    let bare = || KeyLineError::Bare(name.to_owned());
    let inside = text.strip_prefix('"').ok_or_else(bare)?;
    let mut value = String::new();
    let mut characters = inside.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' if characters.peek().is_some_and(|(_, next)| *next == '"') => {
                characters.next();
                value.push('"');
            }
            '"' => return Ok((value, inside.get(at + 1..).unwrap_or_default())),
            other => value.push(other),
        }
    }
    Err(KeyLineError::Quote)
}

/// Why a line of `authorized_keys` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyLineError {
    /// It is longer than 64 KiB.
    #[error("the line is longer than {} KiB", super::LONGEST_LINE / 1024)]
    TooLong,
    /// The key is missing.
    #[error(
        "the key is missing; a line is [OPTIONS] ALGORITHM BASE64 [COMMENT], as in a .pub file"
    )]
    NoKey,
    /// The options are not UTF-8.
    #[error("the options are not UTF-8")]
    Encoding,
    /// The key is not Base64.
    #[error("the key is not Base64; it may have been broken into several lines")]
    Base64,
    /// The key is cut off, or something follows it.
    #[error("the key is damaged: part of it is missing, or something follows it")]
    Damaged,
    /// The key is none.
    #[error(transparent)]
    Key(#[from] BadSshKey),
    /// The key is one of another algorithm.
    #[error("the line says {said:?}, but the key is one of {is:?}")]
    Algorithm {
        /// What stands before the key.
        said: String,
        /// What the key says itself.
        is: String,
    },
    /// A quote is not closed.
    #[error("a quote in the options is not closed")]
    Quote,
    /// A value has no quotes.
    #[error("the value of {0:?} must stand between double quotes")]
    Bare(String),
    /// No comma stands between two options.
    #[error("a comma is missing in the options before {0:?}")]
    Separator(String),
    /// An option that is not known, or one with a value that should have none, or the reverse.
    #[error(
        "the option {0:?} is not known here, and the key might open more than is meant without it"
    )]
    Option(String),
    /// An option is there twice.
    #[error("the option {0:?} is there twice")]
    Twice(String),
    /// The key is for another command.
    #[error(
        "the key is only for the command {0:?}, and this server has no commands but \
         \"internal-sftp\""
    )]
    Command(String),
    /// The moment of `expiry-time` is none.
    #[error("{0:?} is no time; write YYYYMMDDZ or YYYYMMDDHHMM[SS]Z")]
    Time(String),
    /// The key is in a security key, and the line does not say that nobody need touch it.
    #[error(
        "this server cannot see whether a security key was touched; write \"no-touch-required\" \
         before the key to let it in all the same"
    )]
    Touch,
    /// An entry of `from` cannot be used.
    #[error(transparent)]
    From(#[from] KeyAddressError),
}
