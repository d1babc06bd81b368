//! Digests of files: HASH and OPTS HASH (draft-bryan-ftpext-hash), the commands that are an
//! algorithm each (de facto), MD5 and MMD5 (draft-twine-ftpmd5). Computing them is the
//! application's.

use alloc::{format, vec::Vec};
use core::fmt::{self, Display};

use super::{
    ask::{Refusal, RefusalKind, sealed::Sealed},
    connection::Connection,
    event::{Digest, Digested, Event},
    offers::Offers,
    state::{Part, Then},
};
use crate::{
    Code, Instant, PathArg, Reply, Text,
    command::{ByteRange, Checksum, HashAlgorithm, Row},
};

impl Connection {
    /// `OPTS HASH`: what is in force, and what is to be.
    pub(super) fn opts_hash(&mut self, wanted: Option<HashAlgorithm>) {
        let row = Row::Opts;
        if let Some(algorithm) = wanted {
            if !self.does_offer(Offers::hash(algorithm)) {
                let text = "This algorithm is not served; nothing was changed.";
                return self.say(row, Code::BAD_ARGUMENT, text);
            }
            self.parameters.set_hash(algorithm);
        }
        match self.hash_in_force() {
            Some(algorithm) => self.say(row, Code::OK, algorithm.name()),
            None => self.say(row, Code::BAD_ARGUMENT, "This option is not known."),
        }
    }

    /// `HASH`, of what `RANG` told to be meant.
    pub(super) fn hash_command(&mut self, path: PathArg) {
        let range = match self.parameters.take_part() {
            Some(Part::Range(range)) => Some(range),
            Some(Part::Rest(_)) | None => None,
        };
        match self.hash_in_force() {
            Some(algorithm) => self.ask_digest(Row::Hash, algorithm, path, range, None),
            None => self.no_digest(Row::Hash),
        }
    }

    pub(super) fn checksum_command(
        &mut self,
        form: Checksum,
        path: PathArg,
        range: Option<ByteRange>,
    ) {
        let row = Row::Checksum;
        let algorithm = form.algorithm();
        if !self.does_offer(Offers::hash(algorithm)) {
            return self.no_digest(row);
        }
        let then = (form == Checksum::Md5).then_some(Then::Md5);
        self.ask_digest(row, algorithm, path, range, then);
    }

    pub(super) fn mmd5_command(&mut self, paths: Vec<PathArg>) {
        if !self.does_offer(Offers::MD5) {
            return self.no_digest(Row::Mmd5);
        }
        self.next_of_mmd5(Vec::new(), paths.into_iter());
    }

    fn no_digest(&mut self, row: Row) {
        self.say(row, Code::NOT_IMPLEMENTED, "This algorithm is not served.");
    }

    fn ask_digest(
        &mut self,
        row: Row,
        algorithm: HashAlgorithm,
        path: PathArg,
        range: Option<ByteRange>,
        then: Option<Then>,
    ) {
        let question = Digest {
            path,
            algorithm,
            range,
        };
        self.ask_then(row, question, Event::Digest, then);
    }

    /// Asks about one file after the other; when there is none left, tells of all.
    fn next_of_mmd5(&mut self, told: Vec<u8>, mut left: alloc::vec::IntoIter<PathArg>) {
        match left.next() {
            Some(path) => {
                let then = Then::Mmd5 { told, left };
                self.ask_digest(Row::Mmd5, HashAlgorithm::Md5, path, None, Some(then));
            }
            None => self.tell(Row::Mmd5, Code::DIGESTS, told),
        }
    }

    fn tell(&mut self, row: Row, code: Code, text: Vec<u8>) {
        let text = Text::new(text).unwrap_or_default();
        self.finish(row, &Reply::with_text(code, text));
    }
}

impl Sealed<Digested> for Digest {
    fn settle(
        connection: &mut Connection,
        _now: Instant,
        question: Self,
        answer: Result<Digested, Refusal>,
    ) {
        let Some((row, then)) = connection.answered_then() else {
            return;
        };
        let Digested { digest, length } = match answer {
            Ok(digested) => digested,
            Err(refusal) => return connection.refused(row, refusal),
        };
        if digest.len() != question.algorithm.digest_length() {
            return connection.refused(row, Refusal::new(RefusalKind::Failed));
        }
        if length == 0 && question.range.is_some() {
            return connection.refused(row, Refusal::new(RefusalKind::BeyondEnd));
        }
        let path = &question.path;
        match (row, then) {
            (Row::Hash, _) => {
                // Both numbers belong to it; of an empty file nothing else could be told.
                let first = question.range.map_or(0, ByteRange::start);
                let last = first.saturating_add(length.saturating_sub(1));
                let name = question.algorithm.name();
                let hex = Hex::lower(&digest);
                let mut text = format!("{name} {first}-{last} {hex} ").into_bytes();
                put_path(&mut text, path);
                connection.tell(row, Code::FILE_STATUS, text);
            }
            (_, Some(Then::Mmd5 { mut told, left })) => {
                if !told.is_empty() {
                    told.extend_from_slice(b", ");
                }
                put_path(&mut told, path);
                told.extend_from_slice(format!(" {}", Hex::upper(&digest)).as_bytes());
                connection.next_of_mmd5(told, left);
            }
            (_, Some(Then::Md5)) => {
                let mut text = Vec::new();
                put_path(&mut text, path);
                text.extend_from_slice(format!(" {}", Hex::upper(&digest)).as_bytes());
                connection.tell(row, Code::DIGEST, text);
            }
            (_, Some(Then::SetTime { .. }) | None) => {
                let text = format!("{}", Hex::upper(&digest)).into_bytes();
                connection.tell(row, Code::FILE_ACTION_OK, text);
            }
        }
    }
}

/// The path as the client named it; between quotes, where it would be taken for one that is.
fn put_path(text: &mut Vec<u8>, path: &PathArg) {
    let path = path.as_bytes();
    if !path.starts_with(b"\"") {
        return text.extend_from_slice(path);
    }
    text.push(b'"');
    for byte in path {
        if *byte == b'"' {
            text.push(b'"');
        }
        text.push(*byte);
    }
    text.push(b'"');
}

/// A digest as text. The draft wants small letters; what came before it has capitals, and
/// clients that compare texts want them.
struct Hex<'a> {
    digest: &'a [u8],
    upper: bool,
}

impl<'a> Hex<'a> {
    const fn lower(digest: &'a [u8]) -> Self {
        Self {
            digest,
            upper: false,
        }
    }

    const fn upper(digest: &'a [u8]) -> Self {
        Self {
            digest,
            upper: true,
        }
    }
}

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digest.iter().try_for_each(|byte| {
            if self.upper {
                write!(f, "{byte:02X}")
            } else {
                write!(f, "{byte:02x}")
            }
        })
    }
}
