//! Lines of VxWorks, the file before the mark of a directory:
//! `    512    Jun-15-2024  12:00:00   work              <DIR>`.

use super::{
    Context, Entry, Miss, ReadLine, SkipReason, UnparsedReason,
    dates::{self, Day},
    entry::{number, part},
    months,
    words::{all, begins, last_word, skip, without_end, word},
};
use crate::facts::Kind;

/// Reads [`Dialect::VxWorks`](super::Dialect::VxWorks).
#[derive(Debug)]
pub(super) struct VxWorks;

impl ReadLine for VxWorks {
    fn read(&mut self, line: &[u8], context: &Context) -> Result<Entry, Miss> {
        let (size, rest) = word(line);
        if !all(size, |b| b.is_ascii_digit()) {
            return Err(other(line));
        }
        let (date, rest) = word(rest);
        let (clock, rest) = word(rest);
        let day = day(date).ok_or(Miss::UNKNOWN)?;
        let clock = dates::clock(clock).ok_or(Miss::UNKNOWN)?;
        let name = without_end(skip(rest, usize::MAX));
        let (name, kind) = match last_word(name) {
            (before, b"<DIR>") => (without_end(before), Kind::Directory),
            _ => (name, Kind::File),
        };
        let kind = match (kind, name) {
            (Kind::Directory, b".") => Kind::Current,
            (Kind::Directory, b"..") => Kind::Parent,
            _ => kind,
        };
        let name = part(line, name).ok_or(Miss::Unparsed(UnparsedReason::NoName))?;
        let mut entry = Entry::of(name, kind);
        entry.size = number(size);
        entry.modified = dates::moment(day, Some(clock), context);
        Ok(entry)
    }
}

/// `Jun-15-2024`.
fn day(word: &[u8]) -> Option<Day> {
    let mut parts = word.split(|b| *b == b'-');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 {
        return None;
    }
    let year = u16::try_from(number(year)?).ok()?;
    dates::checked(Some(year), months::month(month)?, dates::two(day, 31)?)
}

/// `  size          date       time       name`, and a rule under it.
fn other(line: &[u8]) -> Miss {
    let (first, rest) = word(line);
    let (second, rest) = word(rest);
    let (third, rest) = word(rest);
    let (fourth, _) = word(rest);
    let heading =
        first == b"size" && second == b"date" && third == b"time" && begins(fourth, b"name");
    let is_rule = |word: &[u8]| all(word, |b| b == b'-');
    if heading || [first, second, third, fourth].into_iter().all(is_rule) {
        return Miss::Skip(SkipReason::Columns);
    }
    Miss::UNKNOWN
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::listing::table;

    #[rustfmt::skip]
    pub(in crate::listing) const TABLE: &[(&str, &str)] = &[
        ("  size          date       time       name", "Columns"),
        ("--------       ------     ------    --------", "Columns"),
        ("    2048    Jun-14-2024  05:23:30   work              <DIR>", "Directory work 2048 2024-06-14T05:23:30"),
        ("    2048    Jan-01-1980  00:00:00   .                 <DIR>", "Current . 2048 1980-01-01T00:00:00"),
        ("    2048    Jan-01-1980  00:00:00   ..                <DIR>", "Parent .. 2048 1980-01-01T00:00:00"),
        ("   61191    Aug-30-2002  17:30:38   A NAME.C          ", "File A NAME.C 61191 2002-08-30T17:30:38"),
        ("99999999999999999999 Aug-30-2002 17:30:38 huge", "File huge 2002-08-30T17:30:38"),
        // What is no entry.
        ("", "UnknownForm"),
        ("size of things", "UnknownForm"),
        ("    2048    Jun-31-2024  05:23:30   a", "UnknownForm"),
        ("    2048    Jux-14-2024  05:23:30   a", "UnknownForm"),
        ("    2048    Jun-14-24    05:23:30   a", "UnknownForm"),
        ("    2048    06-14-2024   05:23:30   a", "UnknownForm"),
        ("    2048    Jun-14-2024  25:23:30   a", "UnknownForm"),
        ("    2048    Jun-14-2024  05:23:30   <DIR>", "NoName"),
        ("    2048    Jun-14-2024  05:23:30", "NoName"),
        ("    x       Jun-14-2024  05:23:30   a", "UnknownForm"),
    ];

    #[test]
    fn lines() {
        table::check(&mut VxWorks, TABLE);
    }
}
