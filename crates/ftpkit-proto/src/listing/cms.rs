//! Lines of CMS on z/VM and its forerunners:
//! `PROFILE  EXEC     V         72          9          1 2024-06-15 12:00:00 ANNA`.

use super::{
    Context, Entry, Miss, ReadLine,
    dates::{self, Day},
    entry::{number, part},
    words::{all, skip, word},
};
use crate::facts::Kind;

/// Reads [`Dialect::Cms`](super::Dialect::Cms).
///
/// A file is retrieved by its name and its type with a dot between them, so that is its name
/// here. What a file takes is told in records, so there is no size.
#[derive(Debug)]
pub(super) struct Cms;

impl ReadLine for Cms {
    fn read(&mut self, line: &[u8], context: &Context) -> Result<Entry, Miss> {
        entry(line, context).ok_or(Miss::UNKNOWN)
    }
}

/// `NAME [TYPE] [MODE] FORMAT LRECL RECORDS BLOCKS DATE TIME [OWNER]`, where the format is `F` or
/// `V`, or `DIR` with dashes behind it.
fn entry(line: &[u8], context: &Context) -> Option<Entry> {
    if !line.first().is_some_and(|b| is_letter(*b)) {
        return None;
    }
    let mut words = [&b""[..]; 10];
    let mut rest = line;
    for slot in &mut words {
        (*slot, rest) = word(rest);
    }
    let at = (1..4).find(|at| matches!(words.get(*at), Some(&(b"F" | b"V" | b"DIR"))))?;
    let (names, columns) = words.split_at_checked(at)?;
    let [format, length, records, blocks, date, clock, owner, ..] = *columns else {
        return None;
    };
    let behind = columns.get(7).copied().unwrap_or_default();
    let directory = format == b"DIR";
    let sound = |word| {
        all(word, |b| {
            if directory {
                b == b'-'
            } else {
                b.is_ascii_digit()
            }
        })
    };
    let sound = [length, records, blocks].into_iter().all(sound)
        && names
            .iter()
            .all(|name| name.len() <= 8 && all(name, is_letter))
        && behind.is_empty()
        && skip(rest, usize::MAX).is_empty();
    if !sound {
        return None;
    }
    let (day, clock) = (day(date)?, dates::clock(clock)?);
    let name = *names.first()?;
    // A disk's letter and number may stand behind name and type.
    let mut entry = match names.get(1) {
        Some(kind) if !directory => {
            let mut entry = Entry::of(None, Kind::File);
            entry.name = entry.keep(&[name, kind].join(&b'.'));
            entry
        }
        _ if directory => Entry::of(part(line, name)?, Kind::Directory),
        _ => return None,
    };
    entry.modified = dates::moment(day, Some(clock), context);
    entry.owner = part(line, owner).filter(|_| owner != b"-");
    Some(entry)
}

/// The bytes of names there, which are in capitals.
const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'$' | b'#' | b'@' | b'+' | b'-' | b':' | b'_')
}

/// `2024-06-15`, or `6/15/24`, where years after 1999 may be counted from 1900.
fn day(word: &[u8]) -> Option<Day> {
    if word.contains(&b'-') {
        return dates::figures(word).filter(|_| word.len() == 10);
    }
    let mut parts = word.split(|b| *b == b'/');
    let (month, day, year) = (parts.next()?, parts.next()?, parts.next()?);
    let written = u16::try_from(number(year)?).ok()?;
    let year = match year.len() {
        2 => dates::of_two(written),
        3 => 1900 + written,
        4 => written,
        _ => return None,
    };
    let sound = parts.next().is_none();
    dates::checked(Some(year), dates::two(month, 12)?, dates::two(day, 31)?).filter(|_| sound)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::listing::table;

    #[rustfmt::skip]
    pub(in crate::listing) const TABLE: &[(&str, &str)] = &[
        ("PROFILE  EXEC     V         72          9          1 2024-06-14 12:30:45 -", "File PROFILE.EXEC 2024-06-14T12:30:45"),
        ("WELCOME  eReadme  F         80         21          1 2024-06-14 12:30:45 ANNA", "File WELCOME.eReadme 2024-06-14T12:30:45 ANNA/-"),
        ("WORK              DIR        -          -          - 1999-09-20 10:31:11 -", "Directory WORK 1999-09-20T10:31:11"),
        // Old versions have the disk too.
        ("PROFILE  EXEC      A1 V      17     3      1       9/12/91   12:39:07", "File PROFILE.EXEC 1991-09-12T12:39:07"),
        ("LATE     TEXT      A0 V      1      1      1       1/03/102  10:11:12", "File LATE.TEXT 2002-01-03T10:11:12"),
        ("WORK               A1 DIR    -      -      -       9/20/99   10:31:11", "Directory WORK 1999-09-20T10:31:11"),
        ("$README  $FIRST   F         80          7          1 11/21/97 23:26:08 FTP301", "File $README.$FIRST 1997-11-21T23:26:08 FTP301/-"),
        // What is no entry.
        ("", "UnknownForm"),
        ("PROFILE           V         72          9          1 2024-06-14 12:30:45 -", "UnknownForm"),
        ("PROFILE  EXEC     V         72          -          1 2024-06-14 12:30:45 -", "UnknownForm"),
        ("PROFILE  EXEC     X         72          9          1 2024-06-14 12:30:45 -", "UnknownForm"),
        ("PROFILE  EXEC     V         72          9          1 2024-06-31 12:30:45 -", "UnknownForm"),
        ("PROFILE  EXEC     V         72          9          1 24-06-14 12:30:45 -", "UnknownForm"),
        ("PROFILE  EXEC     V         72          9          1 2024-06-14 24:30:45 -", "UnknownForm"),
        ("PROFILE  EXEC     V         72          9          1 2024-06-14 12:30:45 A B", "UnknownForm"),
        ("NINECHARS EXEC    V         72          9          1 2024-06-14 12:30:45 -", "UnknownForm"),
        ("WORK              DIR        0          0          0 1999-09-20 10:31:11 -", "UnknownForm"),
        (" PROFILE  EXEC    V         72          9          1 2024-06-14 12:30:45 -", "UnknownForm"),
        ("PROFILE  EXEC     V         72          9", "UnknownForm"),
    ];

    #[test]
    fn lines() {
        table::check(&mut Cms, TABLE);
    }
}
