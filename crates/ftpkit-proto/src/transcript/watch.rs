//! Lines to replies as [`reply::ReplyReader`](crate::reply::ReplyReader) does it leniently,
//! with a note of each tolerance that was needed.

use alloc::vec::Vec;
use core::mem;

use super::Finding;
use crate::{
    Code, Reply,
    error::PeerMisbehaved,
    reply::{ReplyReader, Separator, Value, head},
};

/// The longest reply that is kept, in bytes.
const LIMIT: usize = 256 * 1024;

/// Puts replies together from lines, and tells what is odd in them.
///
/// ```
/// use ftpkit_proto::{Code, transcript::{Finding, ReplyWatch}};
/// let mut replies = ReplyWatch::new();
/// assert!(replies.push_line(b"211-Features:").is_none());
/// let watched = replies.push_line(b"200 End").unwrap();
/// assert_eq!(watched.reply.unwrap().code(), Code::OK);
/// let (first, last) = (Code::SYSTEM_STATUS, Code::OK);
/// assert_eq!(watched.odd, [Finding::OtherClosingCode { first, last }]);
/// ```
#[derive(Debug)]
pub struct ReplyWatch {
    reader: ReplyReader,
    first: Option<Code>,
    odd: Vec<Finding>,
}

/// What a line completes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Watched {
    /// The reply, or why the line is none.
    pub reply: Result<Reply, PeerMisbehaved>,
    /// What is odd in it, each once.
    pub odd: Vec<Finding>,
}

impl Default for ReplyWatch {
    fn default() -> Self {
        Self::new()
    }
}

impl ReplyWatch {
    /// A reader at the start of a reply.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            reader: ReplyReader::new(LIMIT, true),
            first: None,
            odd: Vec::new(),
        }
    }

    /// Whether a reply has begun and its last line has not come.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.reader.is_open()
    }

    /// Takes the next line, without its end; gives what it completes, if it does. An empty
    /// line between replies completes nothing.
    pub fn push_line(&mut self, line: &[u8]) -> Option<Watched> {
        self.look(line);
        let reply = self.reader.push_line(line).transpose()?;
        self.first = None;
        if let Ok(reply) = &reply {
            self.judge(reply);
        }
        let odd = mem::take(&mut self.odd);
        Some(Watched { reply, odd })
    }

    fn look(&mut self, line: &[u8]) {
        if line.iter().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
            self.note(Finding::Control);
        }
        let Some((code, separator, _)) = head(line) else {
            return;
        };
        match (self.reader.is_open(), self.first) {
            (true, Some(first)) => match separator {
                Separator::Hyphen if code == first => self.note(Finding::CodeOnEveryLine),
                Separator::None if code == first => self.note(Finding::BareCode),
                Separator::Space if code != first && code.is_known() => {
                    self.note(Finding::OtherClosingCode { first, last: code });
                }
                _ => {}
            },
            _ => {
                self.first = Some(code);
                if separator == Separator::None {
                    self.note(Finding::BareCode);
                }
            }
        }
    }

    /// What is odd about a whole reply, whatever it answers.
    fn judge(&mut self, reply: &Reply) {
        let code = reply.code();
        // MD5 and MMD5 have codes that nothing else has.
        if !code.is_known() && !matches!(code.number(), 251 | 252) {
            self.note(Finding::UnknownCode { code });
        }
        let must = matches!(
            code,
            Code::PASSIVE | Code::LONG_PASSIVE | Code::EXTENDED_PASSIVE | Code::PATH
        );
        if !must {
            return;
        }
        let unspecified = match Value::all(reply, None).first() {
            None => return self.note(Finding::NoValue { code }),
            Some(Value::Passive(address)) => address.ip().is_unspecified(),
            Some(Value::LongPassive(address)) => address.ip().is_unspecified(),
            Some(_) => false,
        };
        if unspecified {
            self.note(Finding::UnspecifiedAddress);
        }
    }

    /// Each once a reply.
    fn note(&mut self, finding: Finding) {
        if !self.odd.contains(&finding) {
            self.odd.push(finding);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{format, string::String, vec};

    fn read(lines: &str) -> String {
        let mut replies = ReplyWatch::new();
        let mut seen = vec![];
        for line in lines.split('|') {
            let Some(Watched { reply, odd }) = replies.push_line(line.as_bytes()) else {
                continue;
            };
            let found = match reply {
                Ok(reply) => format!("{reply}"),
                Err(error) => format!("{error:?}"),
            };
            let odd: Vec<_> = odd.iter().map(|odd| format!(" ! {odd}")).collect();
            seen.push(found + &odd.concat());
        }
        if replies.is_open() {
            seen.push(String::from("open"));
        }
        seen.join("|")
    }

    #[test]
    fn each_tolerance_is_noted_once() {
        for (lines, expected) in [
            ("200 Ok", "200 Ok"),
            ("200-a|200 b", "200 a / b"),
            ("200-a| 200 b|200 c", "200 a / 200 b / c"),
            (
                "211-a|211-b|211-c|211 d",
                "211 a / b / c / d ! every line of the reply bears the code",
            ),
            (
                "211-a|200 b",
                "200 a / b ! the reply begins with 211 and ends with 200",
            ),
            ("211-a|299 b|211 c", "211 a / 299 b / c"),
            ("200", "200  ! nothing follows the code, not even a space"),
            (
                "211-a|211",
                "211 a /  ! nothing follows the code, not even a space",
            ),
            (
                "200 a\0b|200 c",
                "200 ab ! a control character stands inside the line|200 c",
            ),
            ("299 a", "299 a ! 299 is no code that is known"),
            ("227 a", "227 a ! the value of this 227 cannot be read"),
            (
                "227 (0,0,0,0,9,9)",
                "227 (0,0,0,0,9,9) ! the address is unspecified",
            ),
            ("hello|200 a", "NotAReply|200 a"),
            ("|200 a", "200 a"),
            ("200-a", "open"),
        ] {
            assert_eq!(read(lines), expected, "{lines}");
        }
    }
}
