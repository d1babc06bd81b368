//! Lines to replies: [`ReplyReader`] (RFC 959 sec. 4.2). Splitting bytes into lines is the
//! framer's work; what the text of a reply means is in `fields`.

use alloc::vec::Vec;

use bytes::{BufMut, Bytes, BytesMut};

use super::{Code, Reply};
use crate::{error::PeerMisbehaved, text::Text};

/// Puts replies together from lines.
///
/// ```text
/// reply      = single / multi
/// single     = code SP text
/// multi      = code "-" text, *middle, code SP text     ; the same code
/// middle     = any line that does not begin with code SP
/// ```
///
/// A middle line loses one space at its start, or the code and hyphen that many servers put
/// on every line. A lenient reader also takes:
/// - a closing line (or a whole reply) that is the bare code, its space stripped on the way;
/// - a closing line with another known code, which is then the code of the reply: the servers
///   that do so never send the line that the standard wants. A code that cannot end what has
///   begun is text: no 1yz ends anything but a 1yz, and no 3yz a 2yz (`150 files online`);
/// - empty lines between replies;
/// - NUL, CR and LF inside a line: NUL is dropped, the others become `?`.
///
/// ```
/// use ftpkit_proto::reply::{Code, ReplyReader};
/// let mut reader = ReplyReader::new(256 * 1024, true);
/// assert_eq!(reader.push_line(b"211-Features:"), Ok(None));
/// assert_eq!(reader.push_line(b" SIZE"), Ok(None));
/// let reply = reader.push_line(b"211 End").unwrap().unwrap();
/// assert_eq!(reply.code(), Code::SYSTEM_STATUS);
/// assert_eq!(reply.middle()[0].as_bytes(), b"SIZE");
/// ```
#[derive(Debug)]
pub struct ReplyReader {
    limit: usize,
    lenient: bool,
    size: usize,
    open: Option<Open>,
}

/// A reply of several lines whose closing line has not come.
#[derive(Debug)]
struct Open {
    code: Code,
    // One buffer and the ends of the lines in it: a peer that sends tiny lines gets no
    // allocation for each.
    text: BytesMut,
    ends: Vec<usize>,
}

impl ReplyReader {
    /// A reader for replies of at most `limit` bytes, line ends included.
    #[must_use]
    pub const fn new(limit: usize, lenient: bool) -> Self {
        Self {
            limit,
            lenient,
            size: 0,
            open: None,
        }
    }

    /// Whether a reply has begun and its closing line has not come.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Takes the next line, without its end; gives the reply that it completes, if it does.
    ///
    /// # Errors
    /// [`PeerMisbehaved::NotAReply`] for a line that begins no reply where one must begin,
    /// [`PeerMisbehaved::ReplyTooLong`] when the reply grows over the limit. After an error
    /// nothing is left of the reply.
    pub fn push_line(&mut self, line: &[u8]) -> Result<Option<Reply>, PeerMisbehaved> {
        let result = self.take(line);
        if !matches!(result, Ok(None)) {
            self.size = 0;
            self.open = None;
        }
        result
    }

    fn take(&mut self, line: &[u8]) -> Result<Option<Reply>, PeerMisbehaved> {
        self.size = self.size.saturating_add(line.len()).saturating_add(2);
        if self.size > self.limit {
            return Err(PeerMisbehaved::ReplyTooLong);
        }
        let clean;
        let line = if line.iter().any(|b| matches!(b, b'\r' | b'\n' | 0)) {
            if !self.lenient {
                return Err(PeerMisbehaved::NotAReply);
            }
            clean = without_controls(line);
            &clean[..]
        } else {
            line
        };
        let Some(open) = &mut self.open else {
            return self.begin(line);
        };
        match head(line) {
            Some((code, Separator::Space, text))
                if code == open.code || self.lenient && may_close(open.code, code) =>
            {
                open.push(text);
                open.code = code;
            }
            Some((code, Separator::None, text)) if code == open.code && self.lenient => {
                open.push(text);
            }
            Some((code, Separator::Hyphen, text)) if code == open.code => {
                open.push(text);
                return Ok(None);
            }
            _ => {
                open.push(line.strip_prefix(b" ").unwrap_or(line));
                return Ok(None);
            }
        }
        Ok(self.open.take().map(Open::close))
    }

    fn begin(&mut self, line: &[u8]) -> Result<Option<Reply>, PeerMisbehaved> {
        if self.lenient && line.iter().all(u8::is_ascii_whitespace) {
            return Ok(None);
        }
        match head(line) {
            Some((code, Separator::Hyphen, text)) => {
                let mut open = Open {
                    code,
                    text: BytesMut::new(),
                    ends: Vec::new(),
                };
                open.push(text);
                self.open = Some(open);
                Ok(None)
            }
            Some((code, separator, text)) if self.lenient || separator == Separator::Space => {
                Ok(Some(Reply::with_text(
                    code,
                    text_of(Bytes::copy_from_slice(text)),
                )))
            }
            _ => Err(PeerMisbehaved::NotAReply),
        }
    }
}

impl Open {
    fn push(&mut self, line: &[u8]) {
        self.text.put_slice(line);
        self.ends.push(self.text.len());
    }

    fn close(self) -> Reply {
        let text = self.text.freeze();
        let mut start = 0;
        let mut lines = self.ends.into_iter().map(|end| {
            let line = text_of(text.slice(start..end));
            start = end;
            line
        });
        let first = lines.next().unwrap_or_default();
        Reply::multiline(self.code, first, lines.collect())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Separator {
    Space,
    Hyphen,
    /// The line ends behind the code.
    None,
}

/// Splits the code and what follows it off, if the line begins with a code.
pub(crate) fn head(line: &[u8]) -> Option<(Code, Separator, &[u8])> {
    let (digits, rest) = line.split_at_checked(3)?;
    let number = digits.iter().try_fold(0, |number, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + u16::from(digit - b'0'))
    })?;
    let code = Code::new(number)?;
    match rest {
        [] => Some((code, Separator::None, rest)),
        [b' ', text @ ..] => Some((code, Separator::Space, text)),
        [b'-', text @ ..] => Some((code, Separator::Hyphen, text)),
        _ => None,
    }
}

/// Whether a line with this other code may be the end of a reply that began with `open`.
const fn may_close(open: Code, code: Code) -> bool {
    code.is_known()
        && (!code.is_preliminary() || open.is_preliminary())
        && !(code.is_intermediate() && open.is_success())
}

fn without_controls(line: &[u8]) -> Vec<u8> {
    line.iter()
        .filter(|b| **b != 0)
        .map(|b| if matches!(b, b'\r' | b'\n') { b'?' } else { *b })
        .collect()
}

/// The line as a text; what a text cannot hold was taken out of it before.
fn text_of(line: Bytes) -> Text {
    Text::new(line).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{string::String, vec};

    /// All replies and errors that these lines give, in short form.
    fn read(lines: &str, lenient: bool) -> String {
        let mut reader = ReplyReader::new(200, lenient);
        let mut seen = vec![];
        for line in lines.split('|') {
            match reader.push_line(line.as_bytes()) {
                Ok(None) => {}
                Ok(Some(reply)) => {
                    let lines: Vec<_> = reply.lines().map(|l| l.to_str().unwrap()).collect();
                    seen.push(std::format!("{}:{}", reply.code(), lines.join("/")));
                }
                Err(error) => seen.push(std::format!("{error:?}")),
            }
        }
        if reader.is_open() {
            seen.push("open".into());
        }
        seen.join(" ")
    }

    #[test]
    fn strict_and_lenient() {
        // The lines, what a strict reader gives, what a lenient one does.
        for (lines, strict, lenient) in [
            ("220 Ready.", "220:Ready.", "220:Ready."),
            ("200 ", "200:", "200:"),
            ("200", "NotAReply", "200:"),
            ("631 protected", "631:protected", "631:protected"),
            (
                "211-Features:| SIZE|  MDTM|211 End",
                "211:Features:/SIZE/ MDTM/End",
                "211:Features:/SIZE/ MDTM/End",
            ),
            ("211-a|211-b|211-|211 c", "211:a/b//c", "211:a/b//c"),
            ("220-a||220 b|220 c", "220:a//b 220:c", "220:a//b 220:c"),
            ("230-a| 230 b|230 c", "230:a/230 b/c", "230:a/230 b/c"),
            ("230-a|2300 b|230 c", "230:a/2300 b/c", "230:a/2300 b/c"),
            ("230-a|12 b|230 c", "230:a/12 b/c", "230:a/12 b/c"),
            (
                "230-a|100 users|230 c",
                "230:a/100 users/c",
                "230:a/100 users/c",
            ),
            ("230-a|331-b|230 c", "230:a/331-b/c", "230:a/331-b/c"),
            ("226-a|226", "open", "226:a/"),
            ("150-a|226 b", "open", "226:a/b"),
            ("220-a|421 b", "open", "421:a/b"),
            ("220-a|230 b", "open", "230:a/b"),
            ("331-a|230 b", "open", "230:a/b"),
            (
                "220-a|150 files|220 c",
                "220:a/150 files/c",
                "220:a/150 files/c",
            ),
            (
                "220-a|331 users|220 c",
                "220:a/331 users/c",
                "220:a/331 users/c",
            ),
            ("550-a|125 b|550 c", "550:a/125 b/c", "550:a/125 b/c"),
            ("|  |220 a", "NotAReply NotAReply 220:a", "220:a"),
            ("SSH-2.0-x", "NotAReply", "NotAReply"),
            ("000 x", "NotAReply", "NotAReply"),
            ("099 x", "NotAReply", "NotAReply"),
            ("2000 x", "NotAReply", "NotAReply"),
            ("20 x", "NotAReply", "NotAReply"),
            (" 200 x", "NotAReply", "NotAReply"),
            ("200 a\0b\rc\nd", "NotAReply", "200:ab?c?d"),
            ("200-a|b\0c|200 d", "NotAReply 200:d", "200:a/bc/d"),
        ] {
            assert_eq!(read(lines, false), strict, "strict: {lines}");
            assert_eq!(read(lines, true), lenient, "lenient: {lines}");
        }
    }

    #[test]
    fn a_reply_is_bounded_as_a_whole() {
        for lenient in [false, true] {
            let mut reader = ReplyReader::new(20, lenient);
            assert!(reader.push_line(b"200 123456789012345").is_err());
            assert_eq!(reader.push_line(b"200-123456"), Ok(None));
            assert_eq!(reader.push_line(b" 12345"), Ok(None));
            assert_eq!(reader.push_line(b""), Err(PeerMisbehaved::ReplyTooLong));
            assert!(!reader.is_open());
            // The next reply has the whole limit again.
            assert!(reader.push_line(b"200 12345678901234").unwrap().is_some());
            assert!(reader.push_line(b"200 12345678901234").unwrap().is_some());
        }
        let mut reader = ReplyReader::new(20, true);
        let blank = (0..100).find_map(|_| reader.push_line(b"").err());
        assert_eq!(blank, Some(PeerMisbehaved::ReplyTooLong));
    }

    fn text() -> impl Strategy<Value = Text> {
        "[ -~äß]{0,12}".prop_map(|s| Text::try_from(s).unwrap())
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(
            number in 100u16..=999,
            first in text(),
            more in proptest::collection::vec(text(), 0..5),
            lenient: bool,
        ) {
            let reply = Reply::multiline(Code::new(number).unwrap(), first, more);
            let bytes = reply.to_bytes();
            let mut reader = ReplyReader::new(1024, lenient);
            let mut seen = vec![];
            for line in bytes.split(|b| *b == b'\n') {
                if let Some(line) = line.strip_suffix(b"\r") {
                    seen.extend(reader.push_line(line).unwrap());
                }
            }
            prop_assert_eq!(&seen[..], core::slice::from_ref(&reply));
            prop_assert_eq!(seen[0].to_bytes(), bytes);
        }

        #[test]
        fn any_lines_never_panic(
            lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..8), 0..20),
            heads in proptest::collection::vec("(2[0-9]{2}[- ]?)?", 20),
            lenient: bool,
        ) {
            let mut reader = ReplyReader::new(60, lenient);
            for (line, head) in lines.iter().zip(heads) {
                let line = [head.as_bytes(), line].concat();
                let ended = !matches!(reader.push_line(&line), Ok(None));
                prop_assert!(!(ended && reader.is_open()));
            }
        }
    }
}
