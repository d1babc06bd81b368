//! Lines of Guardian on Tandem and NonStop, under a heading of columns:
//! `LEDGER        101            16354 15-Jun-24 12:00:00 244, 10 "nnnn"`.
//!
//! The other file system of NonStop, OSS, lists like Unix.

use super::{
    Context, Entry, Miss, ReadLine, SkipReason, dates,
    entry::{number, part},
    words::{all, holds, last_word, skip, without_end, word},
};
use crate::facts::Kind;

/// Reads [`Dialect::Tandem`](super::Dialect::Tandem).
#[derive(Debug)]
pub(super) struct Tandem;

impl ReadLine for Tandem {
    fn read(&mut self, line: &[u8], context: &Context) -> Result<Entry, Miss> {
        entry(line, context).ok_or_else(|| other(line))
    }
}

/// `NAME [FLAGS] CODE EOF DATE TIME GROUP,USER "RWEP"`.
fn entry(line: &[u8], context: &Context) -> Option<Entry> {
    // The last column tells soonest whether it is one.
    let text = without_end(line).strip_suffix(b"\"")?;
    let quote = text.iter().rposition(|b| *b == b'"')?;
    let (rest, security) = text.split_at_checked(quote)?;
    let security = security.strip_prefix(b"\"")?;
    if !line.first()?.is_ascii_alphanumeric() && !matches!(line.first()?, b'$' | b'\\') {
        return None;
    }
    let (name, rest) = word(rest);
    let (mut code, mut rest) = word(rest);
    if is_flags(code) {
        (code, rest) = word(rest);
    }
    let (eof, rest) = word(rest);
    let (date, rest) = word(rest);
    let (clock, rest) = word(rest);
    let is_digits = |word| all(word, |b| b.is_ascii_digit());
    if !is_digits(code.strip_suffix(b"+").unwrap_or(code)) || !is_digits(eof) {
        return None;
    }
    let (day, clock) = (dates::named(date, 2)?, dates::clock(clock)?);
    let comma = rest.iter().position(|b| *b == b',')?;
    let (group, user) = rest.split_at_checked(comma)?;
    let user = without_end(skip(user.get(1..)?, usize::MAX));
    let group = skip(group, usize::MAX);
    if !is_digits(group) || !is_digits(user) {
        return None;
    }
    let mut entry = Entry::of(part(line, name)?, Kind::File);
    entry.size = number(eof);
    entry.modified = dates::moment(day, Some(clock), context);
    entry.owner = part(line, user);
    entry.group = part(line, group);
    entry.permissions = part(line, security);
    Some(entry)
}

/// Open, licensed, and the like, as FUP marks files.
fn is_flags(word: &[u8]) -> bool {
    word.len() <= 4 && all(word, |b| b.is_ascii_uppercase() || b == b'?')
}

fn other(line: &[u8]) -> Miss {
    let (first, behind) = word(line);
    let (second, _) = word(behind);
    let (_, last) = last_word(line);
    if first == b"File" && second == b"Code" && last == b"RWEP" && holds(line, b" EOF ") {
        return Miss::Skip(SkipReason::Columns);
    }
    // `$VOLUME.SUBVOLUME`, above its files.
    let volume = first.strip_prefix(b"$").filter(|_| behind.is_empty());
    if volume
        .is_some_and(|v| all(v, |b| b.is_ascii_alphanumeric() || b == b'.') && v.contains(&b'.'))
    {
        return Miss::Skip(SkipReason::Heading);
    }
    Miss::UNKNOWN
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::listing::table;

    #[rustfmt::skip]
    pub(in crate::listing) const TABLE: &[(&str, &str)] = &[
        ("File         Code             EOF  Last Modification    Owner  RWEP", "Columns"),
        ("LEDGER        101            16354 14-Jun-24 12:30:45 244, 10 \"nunu\"", "File LEDGER 16354 2024-06-14T12:30:45 10/244 nunu"),
        ("TACLCSTM   O  101              101  4-Mar-01  3:50:06 255,255 \"oooo\"", "File TACLCSTM 101 2001-03-04T03:50:06 255/255 oooo"),
        ("OBJECT     OL 700+          146000 14-Jun-99 12:30:45 255,  1 \"o-cA\"", "File OBJECT 146000 1999-06-14T12:30:45 1/255 o-cA"),
        ("$DATA.SALES.LEDGER 0 0 14-Jun-24 12:30:45 1,2 \"nnnn\" ", "File $DATA.SALES.LEDGER 0 2024-06-14T12:30:45 2/1 nnnn"),
        ("HUGE 0 99999999999999999999 14-Jun-24 12:30:45 1,2 \"nnnn\"", "File HUGE 2024-06-14T12:30:45 2/1 nnnn"),
        // What is no entry.
        ("", "UnknownForm"),
        ("$DATA.SALES", "Heading"),
        ("$DATA", "UnknownForm"),
        ("File Code", "UnknownForm"),
        ("LEDGER 101 16354 14-Jun-24 12:30:45 244, 10", "UnknownForm"),
        ("LEDGER 101 16354 14-Jun-24 12:30:45 244 \"nnnn\"", "UnknownForm"),
        ("LEDGER 101 16354 14-Jun-24 12:30:45 a,b \"nnnn\"", "UnknownForm"),
        ("LEDGER 101 16354 14-Jun-2024 12:30:45 244,10 \"nnnn\"", "UnknownForm"),
        ("LEDGER 101 16354 14-Jun-24 24:30:45 244,10 \"nnnn\"", "UnknownForm"),
        ("LEDGER x 16354 14-Jun-24 12:30:45 244,10 \"nnnn\"", "UnknownForm"),
        ("LEDGER 101 x 14-Jun-24 12:30:45 244,10 \"nnnn\"", "UnknownForm"),
        ("LEDGER 16354 14-Jun-24 12:30:45 244,10 \"nnnn\"", "UnknownForm"),
        (" LEDGER 101 16354 14-Jun-24 12:30:45 244,10 \"nnnn\"", "UnknownForm"),
        ("\"", "UnknownForm"),
        ("\"\"", "UnknownForm"),
    ];

    #[test]
    fn lines() {
        table::check(&mut Tandem, TABLE);
    }
}
