//! What both sides said and did, in order: for people who look at a failed test, and for
//! machines that are to do it again ([`Transcript::replay`](crate::Transcript::replay)).

use std::{fmt, str::FromStr, time::Duration};

use ftpkit_proto::Instant;

use crate::{net::Side, settings::Settings, words};

/// The lines of a session, behind those that tell its settings.
///
/// `C:` and `S:` stand before what crossed the control connection, `C+` and `S+` before bytes
/// that do not end with a line, `C!` before urgent ones. `c<` and `s<` tell what happened to the
/// client's and the server's machine, `c>` and `s>` what else it asked for, `c-` and `s-` what the network did. Seconds
/// come first.
///
/// It reads back from what it prints:
///
/// ```
/// use ftpkit_test::{Conditions, Pair, Side, Store, Transcript};
///
/// let mut pair = Pair::new(Conditions::default(), Store::new());
/// pair.login();
/// pair.finish();
/// let printed = pair.transcript().to_string();
/// let transcript: Transcript = printed.parse().unwrap();
/// for side in [Side::Client, Side::Server] {
///     assert_eq!(transcript.replay(side).done_by(side), transcript.done_by(side));
/// }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    pub(crate) settings: Settings,
    pub(crate) lines: Vec<Line>,
    off: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) at: Instant,
    pub(crate) side: Side,
    pub(crate) what: What,
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    /// Bytes for the control connection; whether they are urgent.
    Said(Vec<u8>, bool),
    /// An input of the side's machine, in words.
    Happened(String),
    /// Another output.
    Did(String),
    /// What became of it in the network.
    Remark(String),
}

impl Transcript {
    /// How many lines are kept; a session that goes on for longer has gone wrong at its start.
    const LIMIT: usize = 50_000;

    /// A transcript that keeps its lines, or keeps none.
    pub(crate) const fn new(settings: Settings, keeps: bool) -> Self {
        Self {
            settings,
            lines: Vec::new(),
            off: !keeps,
        }
    }

    pub(crate) fn wrote(&mut self, at: Instant, side: Side, bytes: &[u8], urgent: bool) {
        if !self.off {
            self.push(at, side, What::Said(bytes.to_vec(), urgent));
        }
    }

    pub(crate) fn happened(&mut self, at: Instant, side: Side, what: impl fmt::Display) {
        if !self.off {
            self.push(at, side, What::Happened(what.to_string()));
        }
    }

    pub(crate) fn did(&mut self, at: Instant, side: Side, what: impl fmt::Display) {
        if !self.off {
            self.push(at, side, What::Did(what.to_string()));
        }
    }

    pub(crate) fn remark(&mut self, at: Instant, side: Side, what: impl fmt::Display) {
        if !self.off {
            self.push(at, side, What::Remark(what.to_string()));
        }
    }

    fn push(&mut self, at: Instant, side: Side, what: What) {
        if self.lines.len() < Self::LIMIT {
            self.lines.push(Line { at, side, what });
        }
    }

    /// The lines that crossed the control connection, without their times.
    pub fn said(&self) -> impl Iterator<Item = String> {
        self.lines.iter().flat_map(|line| match &line.what {
            What::Said(bytes, urgent) => spoken(line.side, bytes, *urgent),
            _ => Vec::new(),
        })
    }

    /// All that the machine of this side has put out, in order. Bytes of the control connection
    /// that nothing else stands between are one.
    #[must_use]
    pub fn done_by(&self, side: Side) -> Vec<String> {
        let mut done = Vec::new();
        let mut said = Vec::new();
        for line in self.lines.iter().filter(|line| line.side == side) {
            match &line.what {
                What::Said(bytes, false) => said.extend_from_slice(bytes),
                What::Said(bytes, true) => {
                    done.extend(spoken(side, &std::mem::take(&mut said), false));
                    done.extend(spoken(side, bytes, true));
                }
                What::Did(what) => {
                    done.extend(spoken(side, &std::mem::take(&mut said), false));
                    done.push(what.clone());
                }
                What::Happened(_) | What::Remark(_) => {}
            }
        }
        done.extend(spoken(side, &said, false));
        done
    }

    /// The sides whose machines took part: something happened to them.
    pub fn sides(&self) -> impl Iterator<Item = Side> {
        let took_part = |side| {
            let mut lines = self.lines.iter();
            lines.any(|line| line.side == side && matches!(line.what, What::Happened(_)))
        };
        [Side::Client, Side::Server]
            .into_iter()
            .filter(move |side| took_part(*side))
    }

    /// Whether all lines of the session are there.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        !self.off && self.lines.len() < Self::LIMIT
    }
}

const fn letter(side: Side) -> char {
    match side {
        Side::Client => 'C',
        Side::Server => 'S',
    }
}

fn spoken(side: Side, bytes: &[u8], urgent: bool) -> Vec<String> {
    let letter = letter(side);
    let lines = bytes.split_inclusive(|b| *b == b'\n');
    let show = |line: &[u8]| match line.strip_suffix(b"\r\n") {
        _ if urgent => format!("{letter}! {}", line.escape_ascii()),
        Some(line) => format!("{letter}: {}", line.escape_ascii()),
        None => format!("{letter}+ {}", line.escape_ascii()),
    };
    lines.map(show).collect()
}

impl fmt::Display for Transcript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# settings:{}", self.settings)?;
        for line in &self.lines {
            let at = line.at.since_start().as_micros();
            let (seconds, micros) = (at / 1_000_000, at % 1_000_000);
            let small = letter(line.side).to_ascii_lowercase();
            let text = match &line.what {
                What::Said(bytes, urgent) => spoken(line.side, bytes, *urgent),
                What::Happened(what) => vec![format!("  {small}< {what}")],
                What::Did(what) => vec![format!("  {small}> {what}")],
                What::Remark(what) => vec![format!("  {small}- {what}")],
            };
            for text in text {
                writeln!(f, "{seconds:>4}.{micros:06} {text}")?;
            }
        }
        Ok(())
    }
}

/// A line that is none of a transcript.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotATranscript(String);

impl fmt::Display for NotATranscript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "this is no line of a transcript: {}", self.0)
    }
}

impl std::error::Error for NotATranscript {}

impl FromStr for Transcript {
    type Err = NotATranscript;

    /// Reads what prints, from the line of its settings to the first line of something else, so
    /// that all that a failed test has printed may be given.
    fn from_str(text: &str) -> Result<Self, NotATranscript> {
        let mut lines = text.lines();
        let settings = lines
            .find_map(|line| line.trim().strip_prefix("# settings:"))
            .ok_or_else(|| NotATranscript(text.lines().next().unwrap_or_default().into()))?;
        let read = Settings::read(settings);
        let settings = read.ok_or_else(|| NotATranscript(settings.into()))?;
        let lines = lines.map_while(line).collect();
        Ok(Self {
            settings,
            lines,
            off: false,
        })
    }
}

fn line(text: &str) -> Option<Line> {
    let (at, text) = text.trim_start().split_once(' ')?;
    let (seconds, micros) = at.split_once('.')?;
    let at =
        Duration::from_secs(seconds.parse().ok()?) + Duration::from_micros(micros.parse().ok()?);
    let (mark, what) = text.trim_start().split_at_checked(2)?;
    let what = what.strip_prefix(' ').unwrap_or(what);
    let side = match mark.chars().next()?.to_ascii_uppercase() {
        'C' => Side::Client,
        'S' => Side::Server,
        _ => return None,
    };
    let what = match mark {
        "C:" | "S:" => {
            let mut bytes = words::bytes(what)?;
            bytes.extend_from_slice(b"\r\n");
            What::Said(bytes, false)
        }
        "C+" | "S+" => What::Said(words::bytes(what)?, false),
        "C!" | "S!" => What::Said(words::bytes(what)?, true),
        "c<" | "s<" => What::Happened(what.into()),
        "c>" | "s>" => What::Did(what.into()),
        "c-" | "s-" => What::Remark(what.into()),
        _ => return None,
    };
    Some(Line {
        at: Instant::after_start(at),
        side,
        what,
    })
}
