//! Members of a partitioned data set: with the statistics of ISPF, as load modules, or bare.
//!
//! The size of a load module is in bytes. That of statistics counts lines, so it is left out.

use super::is_name;
use crate::{
    facts::Kind,
    listing::{
        Context, Entry,
        dates::{self, Day},
        entry::{number, part},
        words::{all, last_word, skip, word},
    },
};

pub(super) fn read(line: &[u8], context: &Context) -> Option<Entry> {
    with_statistics(line, context).or_else(|| load_module(line))
}

/// `NAME VV.MM CREATED CHANGED TIME SIZE INIT MOD ID`.
fn with_statistics(line: &[u8], context: &Context) -> Option<Entry> {
    let (name, rest) = word(line);
    let (version, rest) = word(rest);
    let [_, _, b'.', _, _] = version else {
        return None;
    };
    if !is_member(name) || !all(version, |b| b.is_ascii_digit() || b == b'.') {
        return None;
    }
    let (created, rest) = word(rest);
    let (changed, rest) = word(rest);
    let (clock, mut rest) = word(rest);
    let (created, changed, clock) = (day(created)?, day(changed)?, dates::clock(clock)?);
    for _ in 0..3 {
        let (count, behind) = word(rest);
        if !count.iter().all(u8::is_ascii_digit) {
            return None;
        }
        rest = behind;
    }
    let (user, rest) = word(rest);
    if !skip(rest, usize::MAX).is_empty() {
        return None;
    }
    let mut entry = Entry::of(part(line, name)?, Kind::File);
    entry.created = dates::moment(created, None, context);
    entry.modified = dates::moment(changed, Some(clock), context);
    entry.owner = part(line, user);
    Some(entry)
}

/// `NAME SIZE TTR [ALIAS-OF] AC ATTRIBUTES AMODE RMODE`, the numbers to the base of 16.
fn load_module(line: &[u8]) -> Option<Entry> {
    let (name, rest) = word(line);
    let (size, rest) = word(rest);
    let (address, rest) = word(rest);
    let is_hex = |word: &[u8]| {
        (6..=8).contains(&word.len())
            && all(word, |b| b.is_ascii_digit() || matches!(b, b'A'..=b'F'))
    };
    let (rest, residence) = last_word(rest);
    let (_, addressing) = last_word(rest);
    let sound = is_member(name)
        && is_hex(size)
        && is_hex(address)
        && matches!(residence, b"24" | b"31" | b"64" | b"ANY" | b"SPLT")
        && matches!(addressing, b"24" | b"31" | b"64" | b"ANY" | b"MIN");
    if !sound {
        return None;
    }
    let size = size.iter().try_fold(0u64, |size, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(size * 16 + u64::from(digit))
    });
    let mut entry = Entry::of(part(line, name)?, Kind::File);
    entry.size = size;
    Some(entry)
}

/// A name alone. Outside of a table of members only what is filled up with blanks counts, as
/// servers do in place of statistics.
pub(super) fn bare(line: &[u8], expected: bool) -> Option<Entry> {
    let (name, rest) = word(line);
    let alone = skip(rest, usize::MAX).is_empty() && is_member(name);
    if !alone || !expected && rest.len() < 32 {
        return None;
    }
    Some(Entry::of(part(line, name)?, Kind::File))
}

fn is_member(word: &[u8]) -> bool {
    is_name(word) && !word.first().is_some_and(u8::is_ascii_digit)
}

/// `2024/06/15`, in old versions `24/06/15`.
fn day(word: &[u8]) -> Option<Day> {
    let mut parts = word.split(|b| *b == b'/');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    let written = u16::try_from(number(year)?).ok()?;
    let year = match year.len() {
        2 => dates::of_two(written),
        4 => written,
        _ => return None,
    };
    if parts.next().is_some() {
        return None;
    }
    dates::checked(Some(year), dates::two(month, 12)?, dates::two(day, 31)?)
}
