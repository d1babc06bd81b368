//! What becomes of a line: an entry, or the line kept with the reason.

use core::fmt;

use bytes::Bytes;

use super::{Entry, Weight};

/// What became of one line of a listing. Every line gives one, and each keeps its line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Line {
    /// It tells of a file.
    Entry(Entry),
    /// It is known to tell of none.
    #[non_exhaustive]
    Skipped {
        /// The line, without its end.
        raw: Bytes,
        /// What it is.
        reason: SkipReason,
    },
    /// It could not be read.
    #[non_exhaustive]
    Unparsed {
        /// The line, without its end; its start, if it was too long.
        raw: Bytes,
        /// Why.
        reason: UnparsedReason,
    },
}

impl Line {
    /// The entry, if the line tells of a file.
    #[must_use]
    pub fn into_entry(self) -> Option<Entry> {
        match self {
            Self::Entry(entry) => Some(entry),
            _ => None,
        }
    }

    /// The line as it was sent, without its end; its start, if it was too long. Where an entry
    /// takes two lines it has the second, and the first was [`SkipReason::Continued`].
    #[must_use]
    pub fn raw(&self) -> &[u8] {
        match self {
            Self::Entry(entry) => entry.line(),
            Self::Skipped { raw, .. } | Self::Unparsed { raw, .. } => raw,
        }
    }
}

/// What a line is that tells of no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SkipReason {
    /// It is empty, or blanks are all that it holds.
    Blank,
    /// `total 123` of `ls -l`.
    Total,
    /// The name of the directory whose files follow (`ls -R`, VMS).
    Heading,
    /// It stands above the files and tells of the listing or of the volume.
    Header,
    /// The names of the columns, or a rule under them.
    Columns,
    /// It stands below the files and tells how many there were.
    Summary,
    /// A part of an entry that takes several lines, most often the first; another line gives
    /// the entry.
    Continued,
}

impl SkipReason {
    /// How much such a line speaks for the dialect that knows it.
    pub(super) const fn weight(self) -> Weight {
        match self {
            Self::Total | Self::Header | Self::Columns | Self::Summary => Weight::FORM,
            Self::Continued | Self::Heading => Weight::LOOSE,
            // Every dialect may have them.
            Self::Blank => Weight::NONE,
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blank => "the line is empty",
            Self::Total => "the line is a total",
            Self::Heading => "the line names the directory whose files follow",
            Self::Header => "the line stands above the files",
            Self::Columns => "the line names the columns",
            Self::Summary => "the line sums the listing up",
            Self::Continued => "another line tells of the same file",
        })
    }
}

/// Why a line could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum UnparsedReason {
    /// It is longer than the limit.
    #[error("the line is longer than the limit")]
    TooLong,
    /// It holds a CR or NUL.
    #[error("the line holds a CR or NUL")]
    Control,
    /// It is not of the form of this dialect.
    #[error("the line is of an unknown form")]
    UnknownForm,
    /// The name is missing.
    #[error("the line holds no name")]
    NoName,
    /// It says what the server could not list: `ls: x: Permission denied`.
    #[error("the line is a message of the server")]
    Message,
}

/// What a line is that no dialect reads.
pub(super) fn unknown(line: &[u8]) -> Result<SkipReason, UnparsedReason> {
    if is_message(line) {
        return Err(UnparsedReason::Message);
    }
    match line {
        blanks if !blanks.is_empty() && blanks.iter().all(u8::is_ascii_whitespace) => {
            Ok(SkipReason::Blank)
        }
        [path @ .., b':'] if !path.is_empty() => Ok(SkipReason::Heading),
        _ => Err(UnparsedReason::UnknownForm),
    }
}

/// Whether a line is what a program says when something went wrong: `ls: …`, `/bin/ls: …`,
/// a reply of 4yz or 5yz, or a text that ends with what the system says.
fn is_message(line: &[u8]) -> bool {
    const PROGRAMS: [&[u8]; 4] = [b"ls", b"dir", b"vdir", b"ftpd"];
    const ENDS: [&[u8]; 8] = [
        b"Permission denied",
        b"No such file or directory",
        b"Not a directory",
        b"Input/output error",
        b"Stale file handle",
        b"Too many levels of symbolic links",
        b"Access is denied.",
        b"File Not Found",
    ];
    if let [b'4' | b'5', b'0'..=b'5', b'0'..=b'9', b' ' | b'-', ..] = line {
        return true;
    }
    let colon = line.iter().position(|b| *b == b':').unwrap_or(0);
    let program = line.get(..colon).unwrap_or_default();
    let program = program.rsplit(|b| *b == b'/').next().unwrap_or_default();
    let said = line
        .get(colon + 1..)
        .is_some_and(|said| said.starts_with(b" "));
    said && PROGRAMS.contains(&program)
        || ENDS.iter().any(|end| {
            let at = line.len().checked_sub(end.len());
            at.and_then(|at| line.get(at..))
                .is_some_and(|tail| tail.eq_ignore_ascii_case(end))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_no_dialect_reads() {
        for (line, want) in [
            (
                &b"ls: cannot access 'x': No such file"[..],
                Err(UnparsedReason::Message),
            ),
            (b"/bin/ls: x: y", Err(UnparsedReason::Message)),
            (b"/usr/local/bin/ls: x", Err(UnparsedReason::Message)),
            (b"550 x: gone", Err(UnparsedReason::Message)),
            (b"450-busy", Err(UnparsedReason::Message)),
            (b"x: PERMISSION DENIED", Err(UnparsedReason::Message)),
            (b"./x: not a directory", Err(UnparsedReason::Message)),
            (b"File Not Found", Err(UnparsedReason::Message)),
            (b"550", Err(UnparsedReason::UnknownForm)),
            (b"950 x", Err(UnparsedReason::UnknownForm)),
            (b"tools: x", Err(UnparsedReason::UnknownForm)),
            (b"ls:x", Err(UnparsedReason::UnknownForm)),
            (b"./a b:", Ok(SkipReason::Heading)),
            (b"ls:", Ok(SkipReason::Heading)),
            (b" \t ", Ok(SkipReason::Blank)),
            (b":", Err(UnparsedReason::UnknownForm)),
            (b"", Err(UnparsedReason::UnknownForm)),
        ] {
            assert_eq!(unknown(line), want, "{}", line.escape_ascii());
        }
    }
}
