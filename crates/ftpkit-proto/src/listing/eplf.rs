//! Lines of EPLF, Bernstein's Easily Parsed LIST Format:
//! `+i8388621.48594,m825718503,r,s280,` and, behind a tab, the name.

use super::{
    Context, Entry, Miss, ReadLine, UnparsedReason,
    entry::{number, part},
};
use crate::{
    facts::Kind,
    time::{ListedTime, Timestamp},
};

/// Reads [`Dialect::Eplf`](super::Dialect::Eplf).
#[derive(Debug)]
pub(super) struct Eplf;

impl ReadLine for Eplf {
    fn read(&mut self, line: &[u8], _: &Context) -> Result<Entry, Miss> {
        let (facts, name) = line
            .strip_prefix(b"+")
            .and_then(|text| text.split_at_checked(text.iter().position(|b| *b == b'\t')?))
            .ok_or(Miss::UNKNOWN)?;
        let name = part(line, name.get(1..).unwrap_or_default())
            .ok_or(Miss::Unparsed(UnparsedReason::NoName))?;
        let mut entry = Entry::of(name, Kind::Other);
        for fact in facts.split(|b| *b == b',') {
            match fact {
                // What can be both is a directory to whoever walks a tree.
                b"/" => entry.kind = Kind::Directory,
                b"r" if entry.kind == Kind::Other => entry.kind = Kind::File,
                [b's', size @ ..] => entry.size = number(size),
                [b'm', seconds @ ..] => entry.modified = time(seconds),
                [b'i', unique @ ..] => entry.unique = part(line, unique),
                [b'u', b'p', mode @ ..] => entry.mode = octal(mode),
                // Facts that are not known are to be left out.
                _ => {}
            }
        }
        Ok(entry)
    }
}

/// Seconds since 1970, in UTC.
fn time(seconds: &[u8]) -> Option<ListedTime> {
    let (seconds, before) = match seconds.strip_prefix(b"-") {
        Some(seconds) => (seconds, true),
        None => (seconds, false),
    };
    let seconds = i64::try_from(number(seconds)?).ok()?;
    Timestamp::from_unix(if before { -seconds } else { seconds }, 0).map(ListedTime::from)
}

/// Permission bits as `755`.
fn octal(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() || digits.len() > 5 {
        return None;
    }
    let bits = digits.iter().try_fold(0u16, |bits, digit| {
        let digit = matches!(digit, b'0'..=b'7').then(|| u16::from(digit - b'0'))?;
        Some(bits * 8 + digit)
    })?;
    (bits <= 0o7777).then_some(bits)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::listing::table;

    #[rustfmt::skip]
    pub(in crate::listing) const TABLE: &[(&str, &str)] = &[
        ("+i8388621.1234,m1718454645,r,s280,\ta.html", "File a.html 280 2024-06-15T12:30:45Z is 8388621.1234"),
        ("+i8388621.5678,m824255907,/,\tdev", "Directory dev 1996-02-13T23:58:27Z is 8388621.5678"),
        ("+m1718454645,r,s280,up644\t and blanks ", "File  and blanks  280 2024-06-15T12:30:45Z 644"),
        ("+r,/,\tboth", "Directory both"),
        ("+/,r,\tboth", "Directory both"),
        ("+\tno facts", "Other no facts"),
        ("+,,zodd,s,\tname\twith tab", "Other name\\u{9}with tab"),
        ("+r,m-1,\told", "File old 1969-12-31T23:59:59Z"),
        ("+r,m99999999999999999999,s99999999999999999999,up9,up,up777777,\thuge", "File huge"),
        ("+r,m9223372036854775807,m-9223372036854775807,\tfar", "File far"),
        ("+up177777,\tmode", "Other mode"),
        // What is no entry.
        ("", "UnknownForm"),
        ("+r,s280,\t", "NoName"),
        ("+r,s280, a", "UnknownForm"),
        ("r,s280,\ta", "UnknownForm"),
    ];

    #[test]
    fn lines() {
        table::check(&mut Eplf, TABLE);
    }
}
