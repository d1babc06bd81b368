//! Which value a reply carries, by its code and by what was asked: [`Value`]. How each is
//! read stands in `fields`.

use alloc::{boxed::Box, vec::Vec};
use core::net::{SocketAddr, SocketAddrV4};

use super::{
    Code, Reply,
    fields::{self, FileHash},
};
use crate::{
    Verb,
    features::Features,
    listing::Entry,
    text::{PathArg, Text},
    time::Timestamp,
};

/// What a reply tells beside its code and its words.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Value {
    /// 227: where the server listens.
    Passive(SocketAddrV4),
    /// 228: where the server listens, with a long address.
    LongPassive(SocketAddr),
    /// 229: the port where the server listens.
    ExtendedPassive(u16),
    /// 257: the directory that was made, or the working directory.
    Path(PathArg),
    /// 213 to SIZE: the size in bytes.
    Size(u64),
    /// 213 to MDTM and MFMT: when the file was modified.
    Modified(Timestamp),
    /// 213 to MFMT, MFCT and MFF: the facts that were set.
    Changed(Box<Entry>),
    /// 213 to HASH, 213, 250 or 251 to XCRC, MD5 and the like.
    Hash(FileHash),
    /// 252 to MMD5.
    Hashes(Vec<FileHash>),
    /// 213 to AVBL: how many bytes can still be stored.
    Available(u64),
    /// 211 to FEAT.
    Features(Features),
    /// 250 to MLST.
    Facts(Box<Entry>),
    /// 125 and 150: how many bytes may come.
    SizeHint(u64),
    /// The name that the server chose for STOU.
    UniqueName(PathArg),
}

impl Value {
    /// The values of a reply, mostly one or none; two where a 150 tells a name and a size.
    ///
    /// `to` is the command that was answered; without it the form of the text decides, so that
    /// a 213 with the digits of a time is taken for one.
    ///
    /// ```
    /// use ftpkit_proto::{Code, Reply, Verb, reply::Value};
    /// let reply = Reply::new(Code::FILE_STATUS, "20240615120000");
    /// assert_eq!(Value::all(&reply, Some(Verb::SIZE)), [Value::Size(20_240_615_120_000)]);
    /// assert!(matches!(Value::all(&reply, None)[..], [Value::Modified(_)]));
    /// ```
    #[must_use]
    pub fn all(reply: &Reply, to: Option<Verb>) -> Vec<Self> {
        let is = |verb: Verb| to.is_none_or(|to| to == verb);
        let mut values = Vec::new();
        match reply.code() {
            Code::PASSIVE => values.extend(fields::passive(reply).map(Self::Passive)),
            Code::LONG_PASSIVE => values.extend(fields::long_passive(reply).map(Self::LongPassive)),
            Code::EXTENDED_PASSIVE => {
                values.extend(fields::extended_passive(reply).map(Self::ExtendedPassive));
            }
            Code::PATH => values.extend(fields::path(reply).map(Self::Path)),
            Code::FILE_STATUS => values.extend(file_status(reply, to)),
            Code::SYSTEM_STATUS
                if to == Some(Verb::FEAT) || to.is_none() && is_feature_list(reply) =>
            {
                values.push(Self::Features(Features::from_reply(reply)));
            }
            Code::FILE_ACTION_OK if to.is_none_or(is_checksum) && reply.middle().is_empty() => {
                values.extend(digest(reply, to).map(Self::Hash));
            }
            code if code.number() == 251 => values.extend(digest(reply, to).map(Self::Hash)),
            code if code.number() == 252 => {
                let hashes = fields::hashes(reply);
                if !hashes.is_empty() {
                    values.push(Self::Hashes(hashes));
                }
            }
            // Without its middle it is the end of any command.
            Code::FILE_ACTION_OK if is(Verb::MLST) && !reply.middle().is_empty() => {
                values.extend(fields::mlst(reply).map(|entry| Self::Facts(Box::new(entry))));
            }
            code if code.is_preliminary() => {
                values.extend(fields::size_hint(reply).map(Self::SizeHint));
                if is(Verb::STOU) {
                    values.extend(fields::unique_name(reply).map(Self::UniqueName));
                }
            }
            Code::TRANSFER_COMPLETE if is(Verb::STOU) => {
                values.extend(fields::unique_name(reply).map(Self::UniqueName));
            }
            _ => {}
        }
        values
    }
}

/// A 213: what it is depends on the question more than on its form.
fn file_status(reply: &Reply, to: Option<Verb>) -> Option<Value> {
    let modified = || fields::modified(reply).map(Value::Modified);
    let changed = || {
        fields::changed(reply)
            .filter(|entry| {
                entry.modified.is_some()
                    || entry.created.is_some()
                    || entry.mode.is_some()
                    || entry.owner().is_some()
                    || entry.group().is_some()
            })
            .map(|entry| Value::Changed(Box::new(entry)))
    };
    let size = || fields::size(reply).map(Value::Size);
    let digest = || digest(reply, to).map(Value::Hash);
    match to {
        Some(Verb::SIZE) => size(),
        Some(Verb::MDTM) => modified(),
        Some(Verb::MFMT) => changed().or_else(modified),
        Some(Verb::MFCT | Verb::MFF) => changed(),
        Some(Verb::AVBL) => fields::available(reply).map(Value::Available),
        Some(verb) if is_checksum(verb) => digest(),
        Some(_) => None,
        None => changed().or_else(digest).or_else(modified).or_else(size),
    }
}

const fn is_checksum(verb: Verb) -> bool {
    matches!(
        verb,
        Verb::HASH
            | Verb::XCRC
            | Verb::XMD5
            | Verb::XSHA
            | Verb::XSHA1
            | Verb::XSHA256
            | Verb::XSHA512
            | Verb::MD5
    )
}

/// A digest. Where nobody says that one was asked for, a few digits are none.
fn digest(reply: &Reply, to: Option<Verb>) -> Option<FileHash> {
    fields::hash(reply)
        .filter(|hash| to.is_some() || hash.algorithm.is_some() || hash.digest.len() >= 16)
}

/// Whether a 211 looks like the reply to FEAT: it says so, or one of its lines is a feature
/// that nearly every server has.
fn is_feature_list(reply: &Reply) -> bool {
    const USUAL: [&[u8]; 8] = [
        b"AUTH", b"EPSV", b"MDTM", b"MLST", b"PASV", b"REST", b"SIZE", b"UTF8",
    ];
    let first = reply.text().as_bytes();
    let says = |word: &[u8]| {
        first
            .windows(word.len())
            .any(|w| w.eq_ignore_ascii_case(word))
    };
    let usual = |line: &Text| {
        let line = line.as_bytes().trim_ascii();
        let name = line.split(|b| *b == b' ').next().unwrap_or_default();
        USUAL.iter().any(|usual| usual.eq_ignore_ascii_case(name))
    };
    says(b"feature") || says(b"extension") || reply.middle().iter().any(usual)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reply::ReplyReader;
    use std::{format, string::String};

    fn values(lines: &str, to: Option<Verb>) -> String {
        let mut reader = ReplyReader::new(4096, true);
        let mut replies = lines
            .lines()
            .filter_map(|line| reader.push_line(line.as_bytes()).unwrap());
        format!("{:?}", Value::all(&replies.next().unwrap(), to))
    }

    #[test]
    fn each_code_has_its_value() {
        for (lines, to, expected) in [
            (
                "227 Ok (192,0,2,7,195,80)",
                None,
                "[Passive(192.0.2.7:50000)]",
            ),
            (
                "228 Ok (4,4,192,0,2,7,2,195,80)",
                None,
                "[LongPassive(192.0.2.7:50000)]",
            ),
            (
                "229 Ok (|||50000|)",
                Some(Verb::EPSV),
                "[ExtendedPassive(50000)]",
            ),
            ("257 \"/a\" made", None, "[Path(\"/a\")]"),
            ("213 5", None, "[Size(5)]"),
            ("213 5", Some(Verb::SIZE), "[Size(5)]"),
            ("213 5", Some(Verb::STAT), "[]"),
            ("213 5", Some(Verb::MDTM), "[]"),
            ("213 5", Some(Verb::AVBL), "[Available(5)]"),
            ("213 1234abcd", None, "[]"),
            ("250 added", None, "[]"),
            ("251 added", None, "[]"),
            ("252 none", Some(Verb::MMD5), "[]"),
            ("150 Opening (7 bytes)", Some(Verb::RETR), "[SizeHint(7)]"),
            ("150 FILE: a", Some(Verb::STOU), "[UniqueName(\"a\")]"),
            ("150 FILE: a", Some(Verb::RETR), "[]"),
            ("226 Transfer complete", None, "[]"),
            ("250 CWD done", None, "[]"),
            ("250-a\n type=dir; b\n250 c", Some(Verb::CWD), "[]"),
            ("211-System status\n  logged in\n211 End", None, "[]"),
            ("227 Ok", None, "[]"),
            ("200 Ok", None, "[]"),
        ] {
            assert_eq!(values(lines, to), expected, "{lines} {to:?}");
        }
        for to in [None, Some(Verb::FEAT)] {
            let features = values("211-Extensions:\n MLST size*;\n211 End", to);
            assert!(features.starts_with("[Features("), "{features}");
            let features = values("211-Yes\n REST STREAM\n211 End", to);
            assert!(features.contains("REST STREAM"), "{features}");
        }
        for to in [None, Some(Verb::MLST)] {
            let facts = values("250-Facts\n type=file;size=3; a\n250 End", to);
            assert!(
                facts.starts_with("[Facts(") && facts.contains("size: 3"),
                "{facts}"
            );
        }
        for (lines, to, form) in [
            (
                "213 SHA-1 0-4 0123456789abcdef0123456789abcdef01234567 a",
                None,
                "[Hash(",
            ),
            ("213 CRC32 0-4 1234abcd 20240615120000", None, "[Hash("),
            ("213 CRC32 0-4 1234abcd a", Some(Verb::HASH), "[Hash("),
            ("250 1234abcd", Some(Verb::XCRC), "[Hash("),
            ("250 0123456789abcdef0123456789abcdef", None, "[Hash("),
            (
                "251 a 0123456789abcdef0123456789abcdef",
                Some(Verb::MD5),
                "[Hash(",
            ),
            ("252 a 0123456789abcdef0123456789abcdef", None, "[Hashes("),
            ("213 Modify=20240615120000; a", None, "[Changed("),
            (
                "213 Modify=20240615120000; a",
                Some(Verb::MFMT),
                "[Changed(",
            ),
            ("213 UNIX.mode=0644; a", Some(Verb::MFF), "[Changed("),
        ] {
            let values = values(lines, to);
            assert!(values.starts_with(form), "{lines} {to:?}: {values}");
        }
        for to in [None, Some(Verb::MDTM), Some(Verb::MFMT)] {
            let time = values("213 20240615120000", to);
            assert!(time.starts_with("[Modified("), "{time}");
        }
    }
}
