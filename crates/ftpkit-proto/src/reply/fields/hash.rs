//! Digests in replies: to HASH (draft-bryan-ftpext-hash), to XCRC, XMD5, XSHA… (de facto), and
//! to MD5 and MMD5 (draft-twine-ftpmd5).

use alloc::{string::String, vec::Vec};
use core::fmt::Write as _;

use super::{lines, number, quoted};
use crate::{
    command::{ByteRange, HashAlgorithm},
    reply::{Code, Reply},
    text::{PathArg, Text},
};

/// The digest of a file, or of a part of it, as a server tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileHash {
    /// The algorithm's name as sent; `None` where only the command tells it.
    pub algorithm: Option<Text>,
    /// Which part of the file it is of. By the draft both numbers of `0-49` are included; some
    /// servers tell the offset behind the last byte, so that it is one too long.
    pub range: Option<ByteRange>,
    /// The digest. One of at most eight digits is a CRC-32 and has four bytes, since some
    /// servers write it without the zeros in front.
    pub digest: Vec<u8>,
    /// The file.
    pub path: Option<PathArg>,
}

impl FileHash {
    /// The algorithm, if it is named and known.
    #[must_use]
    pub fn known_algorithm(&self) -> Option<HashAlgorithm> {
        HashAlgorithm::from_name(self.algorithm.as_ref()?.as_bytes())
    }

    /// The digest in lower-case hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> String {
        let mut hex = String::with_capacity(self.digest.len() * 2);
        for byte in &self.digest {
            // Writing to memory cannot fail.
            let _ = write!(hex, "{byte:02x}");
        }
        hex
    }

    fn new(digest: Vec<u8>, path: &[u8]) -> Self {
        Self {
            algorithm: None,
            range: None,
            digest,
            path: path_of(path),
        }
    }
}

/// The digest in the 213, 250 or 251 that answers HASH, XCRC, XMD5 and the like.
///
/// ```text
/// hash = name SP start "-" end SP digest [ SP path ]    ; 213
///      / name SP digest [ SP path ]                     ; 213, older drafts
///      / [ path SP ] digest                             ; 213, 250, 251
/// ```
///
/// The path may stand between quotes, and so may a digest that stands alone.
///
/// ```
/// use ftpkit_proto::{Code, Reply, command::HashAlgorithm, reply::fields};
/// let reply = Reply::new(Code::FILE_STATUS, "CRC32 0-49 0badcafe my file");
/// let hash = fields::hash(&reply).unwrap();
/// assert_eq!(hash.known_algorithm(), Some(HashAlgorithm::Crc32));
/// assert_eq!(hash.digest, [0x0b, 0xad, 0xca, 0xfe]);
/// assert_eq!(hash.path.unwrap().as_bytes(), b"my file");
/// ```
#[must_use]
pub fn hash(reply: &Reply) -> Option<FileHash> {
    let named = match reply.code() {
        Code::FILE_STATUS => true,
        Code::FILE_ACTION_OK => false,
        code if code.number() == 251 => false,
        _ => return None,
    };
    lines(reply).find_map(|line| {
        let line = line.trim_ascii();
        named
            .then(|| with_name(line))
            .flatten()
            .or_else(|| with_path(line))
    })
}

/// The digests in the 252 that answers MMD5: `path digest, path digest`. A comma belongs to a
/// name unless a digest stands before it.
///
/// ```
/// use ftpkit_proto::{Code, Reply, reply::fields};
/// let text = "a,b.txt 0123456789abcdef0123456789abcdef, c 00112233445566778899aabbccddeeff";
/// let hashes = fields::hashes(&Reply::new(Code::new(252).unwrap(), text));
/// assert_eq!(hashes.len(), 2);
/// assert_eq!(hashes[0].path.as_ref().unwrap().as_bytes(), b"a,b.txt");
/// ```
#[must_use]
pub fn hashes(reply: &Reply) -> Vec<FileHash> {
    let mut found = Vec::new();
    if reply.code().number() != 252 {
        return found;
    }
    for line in lines(reply) {
        let (mut start, mut last) = (0, 0);
        let commas = line.iter().enumerate().filter(|(_, b)| **b == b',');
        for end in commas.map(|(at, _)| at).chain([line.len()]) {
            // The word before a comma first, and not beyond the comma before it: a long name of
            // many commas is not read again for each of them.
            let between = line.get(last..end).unwrap_or_default();
            let word = match between.iter().rposition(u8::is_ascii_whitespace) {
                Some(blank) => between.get(blank + 1..),
                None if last == start => Some(between),
                None => None,
            };
            last = end + 1;
            if word.and_then(long_digest).is_none() {
                continue;
            }
            let piece = line.get(start..end).unwrap_or_default();
            if let Some(hash) = with_path(piece.trim_ascii()) {
                found.push(hash);
                start = end + 1;
            }
        }
    }
    found
}

/// `name [start-end] digest [path]`.
fn with_name(line: &[u8]) -> Option<FileHash> {
    let (name, rest) = word(line)?;
    let (second, behind) = word(rest)?;
    let (range, digest, path) = match range(second) {
        Some(range) => {
            let (third, behind) = word(behind)?;
            (Some(range), digest(third)?, behind)
        }
        // Without a range a file may stand there as well: only a name that is known will do.
        None if HashAlgorithm::from_name(name).is_some() => (None, digest(second)?, behind),
        None => return None,
    };
    Some(FileHash {
        algorithm: Text::try_from(name).ok(),
        range,
        ..FileHash::new(digest, path)
    })
}

/// `path digest`, or the digest alone.
fn with_path(line: &[u8]) -> Option<FileHash> {
    if line.starts_with(b"\"") {
        let path = quoted(line)?;
        let last = line.iter().rposition(|b| *b == b'"')?;
        let behind = line.get(last + 1..)?.trim_ascii();
        return if behind.is_empty() {
            digest(&path).map(|digest| FileHash::new(digest, b""))
        } else {
            digest(behind).map(|digest| FileHash::new(digest, &path))
        };
    }
    let Some(space) = line.iter().rposition(u8::is_ascii_whitespace) else {
        return digest(line).map(|digest| FileHash::new(digest, b""));
    };
    let (path, word) = line.split_at_checked(space)?;
    // In a sentence a short word may look like digits.
    long_digest(word.trim_ascii()).map(|digest| FileHash::new(digest, path.trim_ascii_end()))
}

/// The first word and what stands behind the one blank that ends it.
fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = text.iter().position(|b| *b == b' ').unwrap_or(text.len());
    let (word, rest) = text.split_at_checked(end)?;
    if word.is_empty() {
        return None;
    }
    Some((word, rest.strip_prefix(b" ").unwrap_or(rest)))
}

fn range(word: &[u8]) -> Option<ByteRange> {
    let dash = word.iter().position(|b| *b == b'-')?;
    let first = number(word.get(..dash)?)?;
    let last = number(word.get(dash + 1..)?)?;
    ByteRange::inclusive(first, last)
}

fn path_of(path: &[u8]) -> Option<PathArg> {
    match quoted(path) {
        Some(inner) if path.starts_with(b"\"") => PathArg::try_from(&*inner).ok(),
        _ => PathArg::try_from(path).ok(),
    }
}

/// A digest of eight digits or more.
fn long_digest(word: &[u8]) -> Option<Vec<u8>> {
    if word.len() < 8 { None } else { digest(word) }
}

/// Hexadecimal digits and nothing else: two a byte, or the digits of a number of 32 bits.
fn digest(word: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| {
        let digit = char::from(byte).to_digit(16)?;
        u8::try_from(digit).ok()
    };
    let mut padded = [b'0'; 8];
    let word = match padded.len().checked_sub(word.len()) {
        Some(8) => return None,
        Some(zeros) => {
            padded.get_mut(zeros..)?.copy_from_slice(word);
            &padded[..]
        }
        None if word.len() % 2 == 0 => word,
        None => return None,
    };
    word.chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{format, string::ToString};

    fn reply(code: u16, text: &str) -> Reply {
        let mut lines = text.split('⏎').map(|l| Text::try_from(l).unwrap());
        let first = lines.next().unwrap();
        Reply::multiline(Code::new(code).unwrap(), first, lines.collect())
    }

    fn show(hash: &FileHash) -> String {
        let algorithm = hash.algorithm.as_ref().map(ToString::to_string);
        let path = hash.path.as_ref().map(ToString::to_string);
        let range = hash.range.map(|r| (r.start(), r.last().unwrap()));
        format!(
            "{}|{}|{}|{}",
            algorithm.as_deref().unwrap_or("-"),
            range.map_or_else(|| "-".to_string(), |(a, b)| format!("{a}-{b}")),
            hash.hex(),
            path.as_deref().unwrap_or("-"),
        )
    }

    #[test]
    fn every_form_of_one_digest() {
        for (code, text, want) in [
            (
                213,
                "SHA-256 0-49 00ff10 my file.ext",
                Some("SHA-256|0-49|0000ff10|my file.ext"),
            ),
            (
                213,
                "SHA-1 7-49 0123456789 f",
                Some("SHA-1|7-49|0123456789|f"),
            ),
            // No path; no range; a name that is not known here.
            (
                213,
                "MD5 0-55 0123456789AB",
                Some("MD5|0-55|0123456789ab|-"),
            ),
            (
                213,
                "sha-512 0123456789ab f",
                Some("sha-512|-|0123456789ab|f"),
            ),
            (
                213,
                "BLAKE3 0-9 0123456789 f",
                Some("BLAKE3|0-9|0123456789|f"),
            ),
            (
                213,
                "MD5 0-9 0123456789 \"a \"\"b\"\"\"",
                Some("MD5|0-9|0123456789|a \"b\""),
            ),
            // A blank at the start of a name is the name's.
            (213, "MD5 0-9 0123456789  f ", Some("MD5|0-9|0123456789| f")),
            (
                213,
                "MD5 0-18446744073709551615 0123456789 f",
                Some("MD5|0-18446744073709551615|0123456789|f"),
            ),
            (213, "0123456789", Some("-|-|0123456789|-")),
            (250, "ABCD1234", Some("-|-|abcd1234|-")),
            (250, " 1a2b ", Some("-|-|00001a2b|-")),
            (250, "\"ABCD1234\"", Some("-|-|abcd1234|-")),
            (250, "\"/a b\" 0123456789", Some("-|-|0123456789|/a b")),
            (
                250,
                "\"/a \"\"b\" 0123456789",
                Some("-|-|0123456789|/a \"b"),
            ),
            (250, "/a b 0123456789", Some("-|-|0123456789|/a b")),
            (251, "/a 0123456789", Some("-|-|0123456789|/a")),
            (251, "\"/a\" 0123456789", Some("-|-|0123456789|/a")),
            (250, "Computing digest⏎0123456789", Some("-|-|0123456789|-")),
            // The file is named as a digest may be.
            (
                213,
                "MD5 0-9 0123456789 beef",
                Some("MD5|0-9|0123456789|beef"),
            ),
            (251, "beef 0123456789", Some("-|-|0123456789|beef")),
            (213, "MD5 0-9 012345678 f", None),
            (213, "MD5 9-0 0123456789 f", None),
            (213, "MD5 0-18446744073709551616 0123456789 f", None),
            (213, "MD5 0-9 x", None),
            (213, "MD5", None),
            (250, "CWD done", None),
            (250, "file added", None),
            (250, "\"/a\" done", None),
            (250, "\"/a", None),
            (250, "123456789", None),
            (250, "+1234567", None),
            (250, "", None),
            (252, "/a 0123456789", None),
            (550, "0123456789", None),
        ] {
            let hash = hash(&reply(code, text)).map(|h| show(&h));
            assert_eq!(hash.as_deref(), want, "{code} {text}");
        }
    }

    #[test]
    fn several_digests_in_one_reply() {
        for (text, want) in [
            ("a 0123456789", "-|-|0123456789|a"),
            (
                "a 0123456789, b c AB23456789",
                "-|-|0123456789|a -|-|ab23456789|b c",
            ),
            (
                "\"a, b\" 0123456789, \"c\" AB23456789",
                "-|-|0123456789|a, b -|-|ab23456789|c",
            ),
            (
                "a, b 0123456789,c 0123456789",
                "-|-|0123456789|a, b -|-|0123456789|c",
            ),
            (
                "a 0123456789⏎b 0123456789",
                "-|-|0123456789|a -|-|0123456789|b",
            ),
            ("a, b, c", ""),
            ("", ""),
        ] {
            let found: Vec<_> = hashes(&reply(252, text)).iter().map(show).collect();
            assert_eq!(found.join(" "), want, "{text}");
        }
        assert_eq!(hashes(&reply(251, "a 0123456789")), []);
    }

    #[test]
    fn known_names_are_recognised() {
        let known = |text| hash(&reply(213, text)).unwrap().known_algorithm();
        assert_eq!(known("sha256 0-1 00 f"), Some(HashAlgorithm::Sha256));
        assert_eq!(known("BLAKE3 0-1 00 f"), None);
        assert_eq!(known("0123456789"), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_a_panic(
            code in prop_oneof![Just(213u16), Just(250), Just(251), Just(252)],
            text in "([0-9a-f]{1,9}|[-, \"]|SHA-1|ä){0,12}",
        ) {
            let reply = reply(code, &text);
            let _ = (hash(&reply), hashes(&reply));
        }

        #[test]
        fn every_digest_comes_back(digest in prop::collection::vec(any::<u8>(), 4..64), name in "[!-~ä]([ -~ä]{0,10}[!-~ä])?") {
            prop_assume!(!name.starts_with('"'));
            let shown = FileHash::new(digest.clone(), name.as_bytes()).hex();
            let text = format!("SHA-256 0-1 {shown} {name}");
            let found = hash(&reply(213, &text)).unwrap();
            prop_assert_eq!(&found.digest, &digest);
            let path = found.path.unwrap();
            prop_assert_eq!(path.as_bytes(), name.as_bytes());
        }
    }
}
