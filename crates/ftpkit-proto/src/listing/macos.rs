//! Lines of the servers of the classic Mac OS (Peter's, NetPresenz, WebSTAR), which look like
//! those of Unix: `-rw-r--r--     326  1391972  1392298 Jun 15 12:00 name`.
//!
//! A file has the sizes of its resource fork and its data fork, and their sum; a directory the
//! word `folder` and the number of things in it.

use super::{
    Context, Entry, Miss, ReadLine, UnparsedReason, Weight, dates,
    entry::{number, part},
    unix,
    words::word,
};
use crate::facts::Kind;

/// Reads [`Dialect::MacOs`](super::Dialect::MacOs).
///
/// The sum tells a file from one of Unix, whose columns there are links, owner and size.
#[derive(Debug)]
pub(super) struct MacOs;

/// A resource fork that is there begins with so many bytes: links are fewer.
const HEADER: u64 = 256;

impl ReadLine for MacOs {
    fn read(&mut self, line: &[u8], context: &Context) -> Result<Entry, Miss> {
        let (mode, rest) = word(line);
        let (kind, bits, None) = unix::mode_string(mode).ok_or(Miss::UNKNOWN)? else {
            return Err(Miss::UNKNOWN);
        };
        let (first, rest) = word(rest);
        let (second, rest) = word(rest);
        let (size, rest) = if kind == Kind::Directory {
            if first != b"folder" || number(second).is_none() {
                return Err(Miss::UNKNOWN);
            }
            (None, rest)
        } else {
            let (sum, rest) = word(rest);
            let forks = number(first).zip(number(second));
            let sum = number(sum).filter(|sum| {
                forks.is_some_and(|(resource, data)| {
                    (resource == 0 || resource >= HEADER)
                        && resource.checked_add(data) == Some(*sum)
                })
            });
            (Some(sum.ok_or(Miss::UNKNOWN)?), rest)
        };
        let (modified, rest) = dates::at_start(rest, context).ok_or(Miss::UNKNOWN)?;
        // One blank ends the date; more belong to the name.
        let name = part(line, rest.get(1..).unwrap_or_default())
            .ok_or(Miss::Unparsed(UnparsedReason::NoName))?;
        let mut entry = Entry::of(name, kind);
        entry.permissions = mode.get(1..10).and_then(|p| part(line, p));
        entry.mode = Some(bits);
        entry.size = size;
        entry.modified = Some(modified);
        Ok(entry)
    }

    fn weight(&self, _: &[u8]) -> Weight {
        Weight::SURE
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::listing::table;

    #[rustfmt::skip]
    pub(in crate::listing) const TABLE: &[(&str, &str)] = &[
        ("drwxr-xr-x               folder        2 Jun 14 12:30 A folder", "Directory A folder 2024-06-14T12:30 rwxr-xr-x 755"),
        ("drwxrwxr-x               folder       14 May 10  1996 network", "Directory network 1996-05-10 rwxrwxr-x 775"),
        ("-rw-r--r--    78440       49231   127671 Jun 14 12:30 A picture.jpg", "File A picture.jpg 127671 2024-06-14T12:30 rw-r--r-- 644"),
        ("-------r--         326  1391972  1392298 Nov 22  1995 Archive.sit", "File Archive.sit 1392298 1995-11-22 ------r-- 4"),
        ("-rw-r--r--           0    12345    12345 Jan  1 12:30  indented", "File  indented 12345 2024-01-01T12:30 rw-r--r-- 644"),
        ("-rwxr-xr-x           0        0        0 Jan  1 12:30 empty", "File empty 0 2024-01-01T12:30 rwxr-xr-x 755"),
        // What is no entry.
        ("", "UnknownForm"),
        ("-rw-r--r--       1      100      200 Jan  1 12:30 unix", "UnknownForm"),
        ("-rw-r--r--       1        0        1 Jan  1 12:30 unix", "UnknownForm"),
        ("-rw-r--r--       1 anna     200 Jan  1 12:30 unix", "UnknownForm"),
        ("drwxr-xr-x   123   folder   0 Jun 14 12:30 a", "UnknownForm"),
        ("drwxr-xr-x       folder     x Jun 14 12:30 a", "UnknownForm"),
        ("drwxr-xr-x 2 anna staff 4096 Jun 14 12:30 a", "UnknownForm"),
        ("-rw-r--r--  0  99999999999999999999  99999999999999999999 Jan  1 12:30 a", "UnknownForm"),
        ("-rw-r--r--  18446744073709551615 1 0 Jan  1 12:30 a", "UnknownForm"),
        ("-rw-r--r--  0  5  5 Jan 41 12:30 a", "UnknownForm"),
        ("-rw-r--r--  0  5  5 Jan  1 12:30", "NoName"),
        ("-rw-r--r--  0  5  5 Jan  1 12:30 ", "NoName"),
    ];

    #[test]
    fn lines() {
        table::check(&mut MacOs, TABLE);
    }
}
