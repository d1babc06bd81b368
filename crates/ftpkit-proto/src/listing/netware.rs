//! Lines of NetWare, and of Hellsoft's server on it:
//! `d [RWCEAFMS] anna                  512 Jun 15 12:00 work`.

use super::{
    Context, Entry, Miss, ReadLine, SkipReason, UnparsedReason, dates,
    entry::{number, part},
    words::{all, begins, skip, word},
};
use crate::facts::Kind;

/// Reads [`Dialect::NetWare`](super::Dialect::NetWare).
#[derive(Debug)]
pub(super) struct NetWare;

impl ReadLine for NetWare {
    fn read(&mut self, line: &[u8], context: &Context) -> Result<Entry, Miss> {
        let (kind, rest) = match line.split_first() {
            Some((b'd', rest)) => (Kind::Directory, rest),
            Some((b'-', rest)) => (Kind::File, rest),
            Some((b't', _)) if is_total(line) => return Err(Miss::Skip(SkipReason::Total)),
            _ => return Err(Miss::UNKNOWN),
        };
        let (rights, rest) = word(rest);
        let rights = rights
            .strip_prefix(b"[")
            .and_then(|rights| rights.strip_suffix(b"]"))
            .filter(|rights| (7..=9).contains(&rights.len()) && all(rights, is_right))
            .ok_or(Miss::UNKNOWN)?;
        let (owner, rest) = word(rest);
        let (size, rest) = word(rest);
        if !all(size, |b| b.is_ascii_digit()) {
            return Err(Miss::UNKNOWN);
        }
        let (modified, rest) = dates::at_start(rest, context).ok_or(Miss::UNKNOWN)?;
        // Some versions keep a column free.
        let name = part(line, skip(rest, usize::MAX));
        let mut entry = Entry::of(name.ok_or(Miss::Unparsed(UnparsedReason::NoName))?, kind);
        entry.permissions = part(line, rights);
        entry.owner = part(line, owner);
        entry.size = number(size);
        entry.modified = Some(modified);
        Ok(entry)
    }
}

/// Supervisor, read, write, create, erase, access control, file scan, modify.
const fn is_right(byte: u8) -> bool {
    matches!(
        byte,
        b'-' | b'S' | b'R' | b'W' | b'C' | b'E' | b'A' | b'F' | b'M'
    )
}

fn is_total(line: &[u8]) -> bool {
    let (_, behind) = word(line);
    let (count, behind) = word(behind);
    begins(line, b"total ") && all(count, |b| b.is_ascii_digit()) && behind.is_empty()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::listing::table;

    #[rustfmt::skip]
    pub(in crate::listing) const TABLE: &[(&str, &str)] = &[
        ("total 0", "Total"),
        ("d [R----F--] supervisor            512       Jun 14 18:53 login", "Directory login 512 2024-06-14T18:53 supervisor/- R----F--"),
        ("- [RWCEAFMS] anna                19968 Mar 12 15:20 A document.doc", "File A document.doc 19968 2024-03-12T15:20 anna/- RWCEAFMS"),
        ("d [-W---F--] VOL2_ADMIN            512 Nov 24  2005 VOL2", "Directory VOL2 512 2005-11-24 VOL2_ADMIN/- -W---F--"),
        ("d [----AF--]          0                        512 Feb 22 17:32 _ADMIN", "Directory _ADMIN 512 2024-02-22T17:32 0/- ----AF--"),
        ("- [R----F--] anna             214059       Oct 20 15:27    column.exe", "File column.exe 214059 2023-10-20T15:27 anna/- R----F--"),
        // Hellsoft's older versions.
        ("d[RWCEMFA] supervisor            512       Jan 16 18:53    login", "Directory login 512 2024-01-16T18:53 supervisor/- RWCEMFA"),
        ("-[R----F-] anna               214059       Jan 16 18:53    a.exe", "File a.exe 214059 2024-01-16T18:53 anna/- R----F-"),
        ("- [RWCEAFMS] anna  99999999999999999999 Mar 12 15:20 huge", "File huge 2024-03-12T15:20 anna/- RWCEAFMS"),
        // What is no entry.
        ("", "UnknownForm"),
        ("total 0 files", "UnknownForm"),
        ("a [RWCEAFMS] anna 512 Mar 12 15:20 a", "UnknownForm"),
        ("d [RWCEAFMX] anna 512 Mar 12 15:20 a", "UnknownForm"),
        ("d [RWCEAF] anna 512 Mar 12 15:20 a", "UnknownForm"),
        ("d RWCEAFMS anna 512 Mar 12 15:20 a", "UnknownForm"),
        ("d [RWCEAFMS] anna x Mar 12 15:20 a", "UnknownForm"),
        ("d [RWCEAFMS] anna 512 Mar 42 15:20 a", "UnknownForm"),
        ("d [RWCEAFMS] anna 512 Mar 12 15:20", "NoName"),
        ("d [RWCEAFMS] anna 512 Mar 12 15:20 ", "NoName"),
        ("drwxr-xr-x 2 a b 1 Jun 15 12:00 d", "UnknownForm"),
    ];

    #[test]
    fn lines() {
        table::check(&mut NetWare, TABLE);
    }
}
