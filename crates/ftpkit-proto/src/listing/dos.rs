//! Lines like those of `DIR` on DOS and Windows: `06-15-24  12:00PM  <DIR>  name`.

use super::{
    Context, Entry, Miss, ReadLine, SkipReason, UnparsedReason, Weight,
    dates::{self, Clock, Order},
    entry::{grouped_number, number, part},
    steps::pass,
    words::{begins, holds, skip, word},
};
use crate::facts::Kind;

/// Reads [`Dialect::Dos`](super::Dialect::Dos).
#[derive(Debug)]
pub(super) struct Dos {
    /// As far as the dates that were read have shown it.
    order: Order,
}

impl Default for Dos {
    fn default() -> Self {
        Self {
            order: Order::Unknown,
        }
    }
}

/// How many blanks IIS puts behind `<DIR>`, so that names stand under each other.
const BLANKS: usize = 10;

impl ReadLine for Dos {
    fn read(&mut self, line: &[u8], context: &Context) -> Result<Entry, Miss> {
        let mut entry = Entry::blank();
        self.read_into(&mut entry, line, context)?;
        Ok(entry)
    }

    fn read_into(
        &mut self,
        entry: &mut Entry,
        line: &[u8],
        context: &Context,
    ) -> Result<Weight, Miss> {
        let (date, rest) = word(line);
        let Some(day) = dates::figures_in(date, &mut self.order) else {
            return Err(other(line));
        };
        let (clock, rest) = clock(rest).ok_or(Miss::UNKNOWN)?;
        let modified = dates::moment(day, Some(clock), context).ok_or(Miss::UNKNOWN)?;
        let (what, rest) = word(rest);
        let (kind, size) = match what {
            [b'<', mark @ .., b'>'] => (marked(mark).ok_or(Miss::UNKNOWN)?, None),
            _ => {
                let size = number(what).or_else(|| grouped_number(what));
                (Kind::File, Some(size.ok_or(Miss::UNKNOWN)?))
            }
        };
        // One blank ends the size; behind a mark there may be more that are not the name's.
        let name = match size {
            Some(_) => rest.strip_prefix(b" ").unwrap_or(rest),
            None => skip(rest, BLANKS),
        };
        let (name, target) = match kind {
            Kind::Symlink => split_target(name),
            _ => (name, &b""[..]),
        };
        entry.kind = match (kind, name) {
            (Kind::Directory, b".") => Kind::Current,
            (Kind::Directory, b"..") => Kind::Parent,
            _ => kind,
        };
        entry.name = part(line, name);
        if entry.name.is_none() {
            return Err(Miss::Unparsed(UnparsedReason::NoName));
        }
        entry.size = size;
        entry.modified = Some(modified);
        entry.target = part(line, target);
        Ok(Weight::FORM)
    }
}

/// Splits `[target]` off a name.
fn split_target(name: &[u8]) -> (&[u8], &[u8]) {
    let split = || {
        pass(name.len());
        let inner = name.strip_suffix(b"]")?;
        let at = inner.windows(2).rposition(|w| w == b" [")?;
        Some((inner.get(..at)?, inner.get(at + 2..)?))
    };
    split().unwrap_or((name, b""))
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

/// `17:03`, `05:03PM`, `05:03p`, `05:03 PM`.
fn clock(text: &[u8]) -> Option<(Clock, &[u8])> {
    let (time, rest) = word(text);
    let (digits, half) = match time {
        [digits @ .., b'M' | b'm'] => (digits, &b"M"[..]),
        _ => (time, &b""[..]),
    };
    let (digits, half) = match digits {
        [digits @ .., half @ (b'A' | b'a' | b'P' | b'p')] => (digits, half.to_ascii_uppercase()),
        _ if half.is_empty() => (digits, 0),
        _ => return None,
    };
    let clock = dates::clock(digits)?;
    if half != 0 {
        return Some((of_half(clock, half)?, rest));
    }
    let (next, behind) = word(rest);
    match next {
        [half @ (b'A' | b'a' | b'P' | b'p'), b'M' | b'm'] => {
            Some((of_half(clock, half.to_ascii_uppercase())?, behind))
        }
        _ => Some((clock, rest)),
    }
}

/// A time of day in twelve hours; twelve is the hour before one.
fn of_half(clock: Clock, half: u8) -> Option<Clock> {
    let noon = if half == b'P' { 12 } else { 0 };
    (1..=12).contains(&clock.hour).then_some(Clock {
        hour: clock.hour % 12 + noon,
        ..clock
    })
}

/// What a line is that is no entry: what `DIR` says of the volume, and its sums.
fn other(line: &[u8]) -> Miss {
    const HEADERS: [&[u8]; 5] = [
        b"Volume in drive ",
        b"Volume Serial Number ",
        b"Directory of ",
        b"Volumeseriennummer",
        b"Verzeichnis von ",
    ];
    let text = skip(line, usize::MAX);
    if HEADERS.iter().any(|header| begins(text, header)) {
        return Miss::Skip(SkipReason::Header);
    }
    // `3 File(s)  1,234 bytes`, `2 Dir(s)  1,234 bytes free`, in whatever language.
    let (count, rest) = word(text);
    let (what, rest) = word(rest);
    let (bytes, _) = word(rest);
    let plural = what.contains(&b'(') && holds(what, b")");
    if grouped_number(count).is_some() && plural && grouped_number(bytes).is_some() {
        return Miss::Skip(SkipReason::Summary);
    }
    Miss::UNKNOWN
}

#[cfg(test)]
mod tests {
    use super::{super::table, *};
    use std::{format, string::String};

    fn show(reader: &mut Dos, line: &str) -> String {
        match table::read(reader, line) {
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
            ("06-15-24  05:03M  1 a", "UnknownForm"),
            ("06-15-24  05:03 XM  1 a", "UnknownForm"),
            ("06-15-24  5:03am  1 a", "File a 1 2024-06-15T05:03"),
            ("06-15-24\t05:03PM\t1 a", "File a 1 2024-06-15T17:03"),
            (
                "15/06/2024  17:03  1\u{a0}234\u{202f}567 a",
                "File a 1234567 2024-06-15T17:03",
            ),
            ("06-15-24  05:03PM  99999999999999999999 a", "UnknownForm"),
            (" Volume in drive C has no label.", "Skip(Header)"),
            (" Volume Serial Number is 1A2B-3C4D", "Skip(Header)"),
            (" Directory of C:\\a", "Skip(Header)"),
            (
                "               3 File(s)          1,234 bytes",
                "Skip(Summary)",
            ),
            (
                "               2 Dir(s)  12.345.678 bytes free",
                "Skip(Summary)",
            ),
            (
                "               3 Datei(en),          1.234 Bytes",
                "Skip(Summary)",
            ),
            ("3 Files 1,234 bytes", "UnknownForm"),
            ("", "UnknownForm"),
        ] {
            assert_eq!(show(&mut Dos::default(), line), want, "{line}");
        }
    }

    #[test]
    fn the_order_of_a_date_is_kept() {
        let mut reader = Dos::default();
        for (line, want) in [
            ("05-06-24  17:03  1 a", "File a 1 2024-05-06T17:03"),
            ("15-06-24  17:03  1 a", "File a 1 2024-06-15T17:03"),
            ("05-06-24  17:03  1 a", "File a 1 2024-06-05T17:03"),
        ] {
            assert_eq!(show(&mut reader, line), want, "{line}");
        }
    }
}
