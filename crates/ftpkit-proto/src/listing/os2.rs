//! Lines of IBM's server on OS/2:
//! `     0           DIR   06-15-24   12:00  work`.

use super::{
    Context, Entry, Miss, ReadLine, UnparsedReason,
    dates::{self, Day},
    entry::{number, part},
    words::{all, skip, word},
};
use crate::facts::Kind;

/// Reads [`Dialect::Os2`](super::Dialect::Os2).
#[derive(Debug)]
pub(super) struct Os2;

impl ReadLine for Os2 {
    fn read(&mut self, line: &[u8], context: &Context) -> Result<Entry, Miss> {
        let (size, mut rest) = word(line);
        if !all(size, |b| b.is_ascii_digit()) {
            return Err(Miss::UNKNOWN);
        }
        let mut kind = Kind::File;
        let date = loop {
            let (column, behind) = word(rest);
            rest = behind;
            match column {
                b"DIR" => kind = Kind::Directory,
                _ if is_attributes(column) => {}
                _ => break column,
            }
        };
        let day = day(date).ok_or(Miss::UNKNOWN)?;
        let (clock, rest) = word(rest);
        let clock = dates::clock(clock).ok_or(Miss::UNKNOWN)?;
        let modified = dates::moment(day, Some(clock), context);
        // Two blanks end the time; more belong to the name.
        let name = skip(rest, 2);
        let kind = match name {
            b"." => Kind::Current,
            b".." => Kind::Parent,
            _ => kind,
        };
        let name = part(line, name).ok_or(Miss::Unparsed(UnparsedReason::NoName))?;
        let mut entry = Entry::of(name, kind);
        entry.size = number(size);
        entry.modified = modified;
        Ok(entry)
    }
}

/// Read-only, system, hidden, archive.
fn is_attributes(word: &[u8]) -> bool {
    word.len() <= 4 && all(word, |b| matches!(b, b'R' | b'S' | b'H' | b'A'))
}

/// `06-15-97`, `06-15-1997`, and after 1999 also the years since 1900: `06-15-103`.
fn day(word: &[u8]) -> Option<Day> {
    let mut parts = word.split(|b| *b == b'-');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || month.len() != 2 || day.len() != 2 {
        return None;
    }
    let written = u16::try_from(number(year)?).ok()?;
    let year = match year.len() {
        2 => dates::of_two(written),
        3 => 1900 + written,
        4 => written,
        _ => return None,
    };
    dates::checked(Some(year), dates::two(month, 12)?, dates::two(day, 31)?)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::listing::table;

    #[rustfmt::skip]
    pub(in crate::listing) const TABLE: &[(&str, &str)] = &[
        ("     0           DIR   06-15-97   12:30  work", "Directory work 0 1997-06-15T12:30"),
        ("     0           DIR   06-15-97   12:30  A name with blanks ", "Directory A name with blanks  0 1997-06-15T12:30"),
        (" 33280      A          02-09-97   13:49  LOADER", "File LOADER 33280 1997-02-09T13:49"),
        ("587823    RSHA         01-08-97   13:58  KERNEL", "File KERNEL 587823 1997-01-08T13:58"),
        ("587823    RSA    DIR   01-08-97   13:58  BOOT", "Directory BOOT 587823 1997-01-08T13:58"),
        ("  1123 DIR  A    10-05-100  23:38  years since 1900", "Directory years since 1900 1123 2000-10-05T23:38"),
        ("  1123           10-05-2000  23:38  bare", "File bare 1123 2000-10-05T23:38"),
        ("                 0  DIR            04-11-95   16:26  ..", "Parent .. 0 1995-04-11T16:26"),
        ("                 0  DIR            04-11-95   16:26  .", "Current . 0 1995-04-11T16:26"),
        ("5000000000      A      06-15-24   00:00    indented", "File   indented 5000000000 2024-06-15T00:00"),
        ("99999999999999999999 A 06-15-24   00:00  huge", "File huge 2024-06-15T00:00"),
        // What is no entry.
        ("", "UnknownForm"),
        ("                 DIR   06-15-97   12:30  sizeless", "UnknownForm"),
        ("     0    rsa    DIR   06-15-97   12:30  a", "UnknownForm"),
        ("     0           dir   06-15-97   12:30  a", "UnknownForm"),
        ("     0           DIR   13-15-97   12:30  a", "UnknownForm"),
        ("     0           DIR   06-15-97   25:30  a", "UnknownForm"),
        ("     0           DIR   6-15-97    12:30  a", "UnknownForm"),
        ("     0           DIR   Jun-15-97  12:30  a", "UnknownForm"),
        ("     0           DIR   1997-06-15 12:30  a", "UnknownForm"),
        ("     0           DIR   06-15-97   12:30", "NoName"),
        ("     0           DIR   06-15-97   12:30  ", "NoName"),
        ("total 0", "UnknownForm"),
    ];

    #[test]
    fn lines() {
        table::check(&mut Os2, TABLE);
    }
}
