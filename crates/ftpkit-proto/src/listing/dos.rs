//! Lines like those of `DIR` on DOS and Windows: `06-15-24  12:00PM  <DIR>  name`.

use bytes::Bytes;

use super::{
    Context, Entry, Miss, ReadLine, UnparsedReason,
    dates::{self, Clock},
    entry::{grouped_number, part},
};
use crate::facts::Kind;

#[derive(Debug)]
pub(super) struct Dos;

/// How many blanks IIS puts behind `<DIR>`, so that names stand under each other.
const BLANKS: usize = 10;

impl ReadLine for Dos {
    fn read(&mut self, line: &Bytes, context: &Context) -> Result<Entry, Miss> {
        let (date, rest) = word(line);
        let day = dates::figures(date).ok_or(Miss::UNKNOWN)?;
        let (clock, rest) = clock(rest).ok_or(Miss::UNKNOWN)?;
        let modified = dates::moment(day, Some(clock), context).ok_or(Miss::UNKNOWN)?;
        let (what, rest) = word(rest);
        let (kind, size) = match what {
            [b'<', mark @ .., b'>'] => (marked(mark).ok_or(Miss::UNKNOWN)?, None),
            _ => (Kind::File, Some(grouped_number(what).ok_or(Miss::UNKNOWN)?)),
        };
        // One blank ends the size; behind a mark there may be more that are not the name's.
        let most = if size.is_some() { 1 } else { BLANKS };
        let blanks = rest.iter().take(most).take_while(|b| **b == b' ').count();
        let name = rest.get(blanks..).unwrap_or_default();
        let (name, target) = match (kind, name.strip_suffix(b"]")) {
            (Kind::Symlink, Some(inner)) => match inner.windows(2).rposition(|w| w == b" [") {
                Some(at) => (
                    inner.get(..at).unwrap_or_default(),
                    inner.get(at + 2..).unwrap_or_default(),
                ),
                None => (name, &b""[..]),
            },
            _ => (name, &b""[..]),
        };
        let kind = match (kind, name) {
            (Kind::Directory, b".") => Kind::Current,
            (Kind::Directory, b"..") => Kind::Parent,
            _ => kind,
        };
        let name = part(line, name).ok_or(Miss::Unparsed(UnparsedReason::NoName))?;
        let mut entry = Entry::of(name, kind);
        entry.size = size;
        entry.modified = Some(modified);
        entry.target = part(line, target);
        Ok(entry)
    }
}

fn marked(mark: &[u8]) -> Option<Kind> {
    const MARKS: [(&[u8], Kind); 4] = [
        (b"DIR", Kind::Directory),
        (b"JUNCTION", Kind::Symlink),
        (b"SYMLINKD", Kind::Symlink),
        (b"SYMLINK", Kind::Symlink),
    ];
    MARKS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(mark))
        .map(|(_, kind)| *kind)
}

/// Splits the next word off, and the blanks before it.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = text.trim_ascii_start();
    let end = text
        .iter()
        .position(u8::is_ascii_whitespace)
        .unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, b""))
}

/// `17:03`, `05:03PM`, `05:03p`, `05:03 PM`.
fn clock(text: &[u8]) -> Option<(Clock, &[u8])> {
    let (time, rest) = word(text);
    let digits = time
        .iter()
        .position(u8::is_ascii_alphabetic)
        .unwrap_or(time.len());
    let (time, mut half) = time.split_at_checked(digits)?;
    let mut clock = dates::clock(time)?;
    let mut behind = rest;
    if half.is_empty() {
        let (next, after) = word(rest);
        if next.eq_ignore_ascii_case(b"AM") || next.eq_ignore_ascii_case(b"PM") {
            (half, behind) = (next, after);
        }
    }
    let hours = match half.to_ascii_uppercase().as_slice() {
        b"" => return Some((clock, behind)),
        b"A" | b"AM" => 0,
        b"P" | b"PM" => 12,
        _ => return None,
    };
    if !(1..=12).contains(&clock.hour) {
        return None;
    }
    // Twelve is the hour before one.
    clock.hour = clock.hour % 12 + hours;
    Some((clock, behind))
}

#[cfg(test)]
mod tests {
    use super::{super::table, *};
    use std::{format, string::String};

    fn show(line: &str) -> String {
        match table::read(&mut Dos, line) {
            Ok(e) => {
                let size = e.size.map(|s| format!(" {s}")).unwrap_or_default();
                let target = e.target().map(|t| format!(" to {t}")).unwrap_or_default();
                format!(
                    "{:?} {}{size}{target} {}",
                    e.kind,
                    e.name(),
                    e.modified.unwrap()
                )
            }
            Err(Miss::Unparsed(reason)) => format!("{reason:?}"),
            Err(miss) => format!("{miss:?}"),
        }
    }

    #[test]
    fn lines() {
        for (line, want) in [
            (
                "06-15-24  12:01PM                 1234 a b.txt",
                "File a b.txt 1234 2024-06-15T12:01",
            ),
            (
                "06-15-24  12:01AM                 1234 a",
                "File a 1234 2024-06-15T00:01",
            ),
            (
                "06-15-24  11:59PM                 1234 a",
                "File a 1234 2024-06-15T23:59",
            ),
            (
                "06-15-24  01:00AM                 1234 a",
                "File a 1234 2024-06-15T01:00",
            ),
            (
                "06-15-24  01:00 pm                1234 a",
                "File a 1234 2024-06-15T13:00",
            ),
            (
                "06-15-24  01:00p                  1234 a",
                "File a 1234 2024-06-15T13:00",
            ),
            (
                "06-15-24  17:03                   1234 a",
                "File a 1234 2024-06-15T17:03",
            ),
            (
                "06-15-24  17:03:59                1234 a",
                "File a 1234 2024-06-15T17:03:59",
            ),
            (
                "06-15-2024  05:03PM       <DIR>          d e",
                "Directory d e 2024-06-15T17:03",
            ),
            (
                "06-15-24  05:03PM       <DIR>            two",
                "Directory   two 2024-06-15T17:03",
            ),
            (
                "06-15-24 17:03       <DIR> d e",
                "Directory d e 2024-06-15T17:03",
            ),
            (
                "06-15-24 17:03       <dir> ..",
                "Parent .. 2024-06-15T17:03",
            ),
            ("06-15-24 17:03       <DIR> .", "Current . 2024-06-15T17:03"),
            (
                "06-15-24  17:03                   1234  lead ",
                "File  lead  1234 2024-06-15T17:03",
            ),
            ("06-15-71  17:03  1 a", "File a 1 1971-06-15T17:03"),
            ("15-06-24  17:03  1 a", "File a 1 2024-06-15T17:03"),
            ("2024-06-15  17:03  9,730 a", "File a 9730 2024-06-15T17:03"),
            (
                "15.06.2024  17:03  1.234.567 a",
                "File a 1234567 2024-06-15T17:03",
            ),
            (
                "06/15/2024  05:03 PM  <DIR>          d",
                "Directory d 2024-06-15T17:03",
            ),
            (
                "06/15/2024  05:03 PM  <SYMLINKD>     l [C:\\x y]",
                "Symlink l to C:\\x y 2024-06-15T17:03",
            ),
            (
                "06/15/2024  05:03 PM  <JUNCTION>     l",
                "Symlink l 2024-06-15T17:03",
            ),
            ("06-15-24  13:00PM  1 a", "UnknownForm"),
            ("06-15-24  00:00AM  1 a", "UnknownForm"),
            ("06-15-24  05:03XM  1 a", "UnknownForm"),
            ("06-31-24  05:03PM  1 a", "UnknownForm"),
            ("06-15-24  05:03PM  1x a", "UnknownForm"),
            ("06-15-24  05:03PM  12,34 a", "UnknownForm"),
            ("06-15-24  05:03PM  <WHAT> a", "UnknownForm"),
            ("06-15-24  05:03PM  1 ", "NoName"),
            ("06-15-24  05:03PM  <DIR>", "NoName"),
            ("06-15-24  05:03PM", "UnknownForm"),
            (" Volume in drive C has no label.", "UnknownForm"),
            ("", "UnknownForm"),
        ] {
            assert_eq!(show(line), want, "{line}");
        }
    }
}
