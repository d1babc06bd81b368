//! What one connection learns of a host, for the next one to begin with: [`Learned`].

use alloc::vec::Vec;
use core::{fmt, str::FromStr};

use super::plan::{Way, Worked};
use crate::{features::Features, text::Text};

/// The name and the version of the text form.
const HEAD: &str = "ftpkit-learned/1";

/// What was learnt of a host: which ways to data connections work, whether their TLS sessions
/// must be resumed, and what the server can do.
///
/// Nothing of it is secret or needs to be true: what does not hold any more is learnt anew. Its
/// text form is one line, which may be kept from one run of a program to the next; parts that
/// this version does not know are passed over.
///
/// ```
/// use ftpkit_proto::client::{Learned, Resumption};
///
/// let learned: Learned = "ftpkit-learned/1 passive=PASV sessions=needed new=thing".parse()?;
/// assert_eq!(learned.resumption, Resumption::Needed);
/// assert_eq!(learned.to_string(), "ftpkit-learned/1 passive=PASV sessions=needed");
/// # Ok::<(), ftpkit_proto::client::BadLearned>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Learned {
    /// Which ways to data connections work.
    pub(super) worked: Worked,
    /// Whether data connections must resume the TLS session of their control connection.
    pub resumption: Resumption,
    /// Whether the server gives too few TLS 1.3 tickets to resume each time, so that TLS 1.2,
    /// of which a session may be resumed again and again, is the way to it.
    pub prefer_tls12: bool,
    /// What the server can do, as it told after the last login.
    pub features: Option<Features>,
}

/// Whether a server takes data connections that begin a TLS session of their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Resumption {
    /// Not seen yet.
    #[default]
    Unknown,
    /// It refuses them.
    Needed,
    /// It takes them.
    NotNeeded,
}

/// A text is not what a [`Learned`] was written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what was learnt of a host begins with `ftpkit-learned/1`")]
#[non_exhaustive]
pub struct BadLearned;

impl Learned {
    /// Whether nothing was learnt yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl fmt::Display for Learned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(HEAD)?;
        if let Some(way) = self.worked.passive {
            write!(f, " passive={}", way.as_str())?;
        }
        if let Some(way) = self.worked.active {
            write!(f, " active={}", way.as_str())?;
        }
        match self.worked.called {
            Some(true) => f.write_str(" first=active")?,
            Some(false) => f.write_str(" first=passive")?,
            None => {}
        }
        match self.resumption {
            Resumption::Unknown => {}
            Resumption::Needed => f.write_str(" sessions=needed")?,
            Resumption::NotNeeded => f.write_str(" sessions=free")?,
        }
        if self.prefer_tls12 {
            f.write_str(" tls=1.2")?;
        }
        if let Some(features) = &self.features {
            f.write_str(" features=")?;
            for (index, line) in features.iter().enumerate() {
                if index > 0 {
                    f.write_str(",")?;
                }
                encode(f, line.as_bytes())?;
            }
        }
        Ok(())
    }
}

impl FromStr for Learned {
    type Err = BadLearned;

    fn from_str(text: &str) -> Result<Self, BadLearned> {
        let mut parts = text.split_ascii_whitespace();
        if parts.next() != Some(HEAD) {
            return Err(BadLearned);
        }
        let mut learned = Self::default();
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let way = || Way::ALL.into_iter().find(|way| way.as_str() == value);
            match (name, value) {
                ("passive", _) => learned.worked.passive = way().filter(|way| way.is_passive()),
                ("active", _) => learned.worked.active = way().filter(|way| !way.is_passive()),
                ("first", "active") => learned.worked.called = Some(true),
                ("first", "passive") => learned.worked.called = Some(false),
                ("sessions", "needed") => learned.resumption = Resumption::Needed,
                ("sessions", "free") => learned.resumption = Resumption::NotNeeded,
                ("tls", "1.2") => learned.prefer_tls12 = true,
                ("features", lines) => {
                    let lines = lines.split(',').filter(|line| !line.is_empty());
                    learned.features = Some(lines.filter_map(decode).collect());
                }
                _ => {}
            }
        }
        Ok(learned)
    }
}

/// What separates parts and lines is percent-encoded, and so is all that a terminal minds.
fn encode(f: &mut fmt::Formatter<'_>, line: &[u8]) -> fmt::Result {
    for byte in line {
        match byte {
            b'%' | b',' => write!(f, "%{byte:02X}")?,
            byte if byte.is_ascii_graphic() => write!(f, "{}", char::from(*byte))?,
            byte => write!(f, "%{byte:02X}")?,
        }
    }
    Ok(())
}

fn decode(line: &str) -> Option<Text> {
    let mut decoded = Vec::with_capacity(line.len());
    let mut bytes = line.bytes();
    while let Some(byte) = bytes.next() {
        decoded.push(match byte {
            b'%' => {
                let mut digit = || char::from(bytes.next()?).to_digit(16);
                u8::try_from(digit()? << 4 | digit()?).ok()?
            }
            byte => byte,
        });
    }
    Text::new(decoded).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use std::string::ToString as _;

    use super::*;

    fn learned() -> impl Strategy<Value = Learned> {
        use prop::{collection::vec, option::of, sample::select};
        let ways = |passive: bool| {
            let ways: Vec<Way> = Way::ALL
                .into_iter()
                .filter(|way| way.is_passive() == passive)
                .collect();
            of(select(ways))
        };
        let line = vec(any::<u8>(), 1..20).prop_filter_map("no text", |line| Text::new(line).ok());
        const SESSIONS: &[Resumption] = &[
            Resumption::Unknown,
            Resumption::Needed,
            Resumption::NotNeeded,
        ];
        (
            ways(true),
            ways(false),
            any::<Option<bool>>(),
            select(SESSIONS),
            any::<bool>(),
            of(vec(line, 0..5)),
        )
            .prop_map(
                |(passive, active, called, resumption, prefer_tls12, features)| Learned {
                    worked: Worked {
                        passive,
                        active,
                        called,
                    },
                    resumption,
                    prefer_tls12,
                    features: features.map(|lines| lines.into_iter().collect()),
                },
            )
    }

    proptest! {
        #[test]
        fn its_text_form_is_one_line_and_reads_as_the_same(learned in learned()) {
            let text = learned.to_string();
            prop_assert!(text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()));
            prop_assert_eq!(text.parse::<Learned>(), Ok(learned.clone()));
            // A later version's parts, wherever they stand.
            let (head, rest) = text.split_at(HEAD.len());
            let newer = std::format!("{head} shoes=red odd{rest} sessions2=x");
            prop_assert_eq!(newer.parse::<Learned>(), Ok(learned));
        }

        #[test]
        fn no_text_is_too_odd(text in ".{0,60}") {
            let _ = text.parse::<Learned>();
            let learned = std::format!("{HEAD} {text}").parse::<Learned>().unwrap();
            prop_assert_eq!(learned.to_string().parse::<Learned>(), Ok(learned));
        }
    }

    #[test]
    fn another_text_or_version_is_refused() {
        for text in ["", "passive=EPSV", "ftpkit-learned/2 passive=EPSV"] {
            assert_eq!(text.parse::<Learned>(), Err(BadLearned));
        }
        assert!(
            "ftpkit-learned/1 passive=PORT sessions=maybe"
                .parse::<Learned>()
                .unwrap()
                .is_empty()
        );
    }
}
