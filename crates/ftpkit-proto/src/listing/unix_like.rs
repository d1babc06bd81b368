//! Lines that begin like those of `ls -l` and go on with other columns: without a date, as small
//! devices send them (`-rw-r--r-- 1 0 0 100 services`), or all in figures, with seconds since
//! 1970 (`0100644   500  101   12345    1718454645       name`).

use super::{
    Context, Entry, Miss, ReadLine,
    entry::{number, part},
    unix,
    words::{all, last_word, skip, word},
};
use crate::{
    facts::Kind,
    time::{ListedTime, Timestamp},
};

/// Reads [`Dialect::UnixLike`](super::Dialect::UnixLike).
#[derive(Debug)]
pub(super) struct UnixLike;

impl ReadLine for UnixLike {
    fn read(&mut self, line: &[u8], _: &Context) -> Result<Entry, Miss> {
        match line.first() {
            Some(b'0') => in_figures(line),
            Some(_) => dateless(line),
            None => None,
        }
        .ok_or(Miss::UNKNOWN)
    }
}

/// `MODE [LINKS] [OWNER] [GROUP] SIZE NAME`. The name is one word, or what is left of a line of
/// Unix with a bad date would pass for one.
fn dateless(line: &[u8]) -> Option<Entry> {
    let (mode, rest) = word(line);
    let (kind, bits, None) = unix::mode_string(mode)? else {
        return None;
    };
    let (rest, target) = match kind {
        Kind::Symlink => {
            let (before, target) = last_word(rest);
            let (rest, arrow) = last_word(before);
            (arrow == b"->").then_some((rest, target))?
        }
        _ => (rest, &b""[..]),
    };
    let (columns, name) = last_word(rest);
    let (columns, size) = last_word(columns);
    let (first, mut rest) = word(columns);
    let links = number(first);
    let mut owner = if links.is_some() { &b""[..] } else { first };
    if links.is_some() {
        (owner, rest) = word(rest);
    }
    let (group, rest) = word(rest);
    if !skip(rest, usize::MAX).is_empty() || !all(size, |b| b.is_ascii_digit()) {
        return None;
    }
    let (name, kind) = match (kind, name) {
        (Kind::Directory, b".") => (name, Kind::Current),
        (Kind::Directory, b"..") => (name, Kind::Parent),
        (Kind::Directory, [bare @ .., b'/']) => (bare, kind),
        _ => (name, kind),
    };
    let mut entry = Entry::of(part(line, name)?, kind);
    entry.permissions = mode.get(1..10).and_then(|p| part(line, p));
    entry.mode = Some(bits);
    entry.size = number(size);
    entry.links = links;
    entry.owner = part(line, owner);
    entry.group = part(line, group);
    entry.target = part(line, target);
    Some(entry)
}

/// `MODE OWNER GROUP SIZE SECONDS NAME`, the mode in octal and with the type in it.
fn in_figures(line: &[u8]) -> Option<Entry> {
    let (mode, rest) = word(line);
    let (owner, rest) = word(rest);
    let (group, rest) = word(rest);
    let (size, rest) = word(rest);
    let (seconds, rest) = word(rest);
    let is_digits = |word: &[u8]| all(word, |b| b.is_ascii_digit());
    if !(6..=7).contains(&mode.len()) || ![owner, group, size, seconds].into_iter().all(is_digits) {
        return None;
    }
    let mode = mode.iter().try_fold(0u32, |mode, digit| {
        let digit = matches!(digit, b'0'..=b'7').then(|| u32::from(digit - b'0'))?;
        Some(mode * 8 + digit)
    })?;
    let kind = match mode & !0o7777 {
        0o100_000 => Kind::File,
        0o040_000 => Kind::Directory,
        0o120_000 => Kind::Symlink,
        0o010_000 | 0o020_000 | 0o060_000 | 0o140_000 => Kind::Other,
        _ => return None,
    };
    let seconds = i64::try_from(number(seconds)?).ok()?;
    let mut entry = Entry::of(part(line, skip(rest, usize::MAX))?, kind);
    entry.mode = u16::try_from(mode & 0o7777).ok();
    entry.owner = part(line, owner);
    entry.group = part(line, group);
    entry.size = number(size);
    entry.modified = Timestamp::from_unix(seconds, 0).map(ListedTime::from);
    Some(entry)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::listing::table;

    #[rustfmt::skip]
    pub(in crate::listing) const TABLE: &[(&str, &str)] = &[
        ("-rw-r--r-- 1 0 0 100 services", "File services 100 0/0 rw-r--r-- 644 1 links"),
        ("lrwxrwxrwx 1 0 0 20 hosts -> /var/run/hosts", "Symlink hosts to /var/run/hosts 20 0/0 rwxrwxrwx 777 1 links"),
        ("drwxrwxrwx    1    1    1      1024  system", "Directory system 1024 1/1 rwxrwxrwx 777 1 links"),
        ("drwxr-xr-x 3 anna staff 512 work/", "Directory work 512 anna/staff rwxr-xr-x 755 3 links"),
        ("-rw-r--r-- anna staff 512 a", "File a 512 anna/staff rw-r--r-- 644"),
        ("-rw-r--r-- 1 anna 512 a", "File a 512 anna/- rw-r--r-- 644 1 links"),
        ("-rw-r--r-- 512 a", "File a 512 rw-r--r-- 644"),
        ("drwxr-xr-x 3 anna staff 512 ..", "Parent .. 512 anna/staff rwxr-xr-x 755 3 links"),
        ("drwxr-xr-x 3 anna staff 512 .", "Current . 512 anna/staff rwxr-xr-x 755 3 links"),
        ("0100644   500  101   12345    1718454645       a name", "File a name 12345 2024-06-15T12:30:45Z 500/101 644"),
        ("040755 0 0 4096 0 work", "Directory work 4096 1970-01-01T00:00:00Z 0/0 755"),
        ("0120777 0 0 7 1718454645 link", "Symlink link 7 2024-06-15T12:30:45Z 0/0 777"),
        ("0060660 0 6 0 99999999999999 far", "Other far 0 0/6 660"),
        // What is no entry.
        ("", "UnknownForm"),
        ("-rw-r--r-- 1 anna staff 42 Jun 14 12:30 a", "UnknownForm"),
        ("-rw-r--r-- 1 anna staff 42 Jun 14", "UnknownForm"),
        ("-rw-r--r-- 1 anna staff 42 Jam 14 12:30 a", "UnknownForm"),
        ("-rw-r--r-- 1 anna staff x a", "UnknownForm"),
        ("-rw-r--r-- 1 anna staff two 42 a", "UnknownForm"),
        ("-rw-r--r-- 42", "UnknownForm"),
        ("-rw-r--r--", "UnknownForm"),
        ("lrwxrwxrwx 1 0 0 20 hosts", "UnknownForm"),
        ("lrwxrwxrwx 1 0 0 20 hosts ->", "UnknownForm"),
        ("0170644 500 101 12345 1718454645 a", "UnknownForm"),
        ("0100648 500 101 12345 1718454645 a", "UnknownForm"),
        ("0100644 500 101 12345 1718454645", "UnknownForm"),
        ("0100644 500 101 12345 Jun a", "UnknownForm"),
        ("00644 500 101 12345 1718454645 a", "UnknownForm"),
    ];

    #[test]
    fn lines() {
        table::check(&mut UnixLike, TABLE);
    }
}
