//! Lines of OS/400 (IBM i) in its own list format:
//! `ANNA            36864 24/06/15 12:00:00 *DIR       work/`.
//!
//! With LISTFMT 1 the same server lists like Unix.

use super::{
    Context, Entry, Miss, ReadLine, UnparsedReason,
    dates::{self, Clock, Day},
    entry::{number, part},
    words::{all, is_blank, skip, without_end, word},
};
use crate::{facts::Kind, time::Timestamp};

/// Reads [`Dialect::Os400`](super::Dialect::Os400).
///
/// Dates are in the format of the server's job, which nobody tells. What speaks against an order
/// of year, month and day is that there is no such day, and, far less, that it is in the future.
/// The order is taken that has the least against it in the listing so far; among several the one
/// that gives the latest day.
#[derive(Debug, Default)]
pub(super) struct Os400 {
    /// What speaks against each of `ORDERS`.
    against: [u32; ORDERS.len()],
}

/// How much it speaks against an order that there is no such day.
const NO_DAY: u32 = 16;
/// How much, that the day is in the future: clocks are wrong, and files are dated ahead.
const FUTURE: u32 = 1;

/// Where the year, the month and the day stand.
const ORDERS: [[usize; 3]; 3] = [[0, 1, 2], [2, 1, 0], [2, 0, 1]];

/// The most that OS/400 has in a user's name.
const OWNER: usize = 10;
/// The width of the column of types, and the blank behind it.
const TYPE: usize = 11;

impl ReadLine for Os400 {
    fn read(&mut self, line: &[u8], context: &Context) -> Result<Entry, Miss> {
        let columns = Columns::of(line).ok_or(Miss::UNKNOWN)?;
        let kind = kind(columns.kind);
        // The name stands in its column, or behind blanks where the columns are not kept.
        let (gap, name) = columns
            .behind
            .split_at_checked(TYPE.saturating_sub(columns.kind.len()))
            .unwrap_or((columns.behind, b""));
        let name = if all(gap, is_blank) {
            name
        } else {
            skip(columns.behind, usize::MAX)
        };
        let (name, kind) = match name {
            [bare @ .., b'/'] => match bare {
                b"." => (bare, Kind::Current),
                b".." => (bare, Kind::Parent),
                _ => (bare, Kind::Directory),
            },
            _ => (name, kind),
        };
        if without_end(name).is_empty() {
            return Err(Miss::Unparsed(UnparsedReason::NoName));
        }
        let modified = match columns.time {
            Some((date, clock)) => {
                let clock = time(clock).ok_or(Miss::UNKNOWN)?;
                let day = self.day(date, clock, context).ok_or(Miss::UNKNOWN)?;
                dates::moment(day, Some(clock), context)
            }
            None => None,
        };
        let name = part(line, name).ok_or(Miss::Unparsed(UnparsedReason::NoName))?;
        let mut entry = Entry::of(name, kind);
        entry.owner = part(line, columns.owner);
        entry.size = columns.size.and_then(number);
        entry.modified = modified;
        Ok(entry)
    }
}

/// `OWNER [SIZE] [DATE TIME] *TYPE` and what follows it.
struct Columns<'a> {
    owner: &'a [u8],
    size: Option<&'a [u8]>,
    time: Option<(&'a [u8], &'a [u8])>,
    kind: &'a [u8],
    behind: &'a [u8],
}

impl<'a> Columns<'a> {
    fn of(line: &'a [u8]) -> Option<Self> {
        if !line.first().copied().is_some_and(is_letter) {
            return None;
        }
        let (owner, rest) = word(line);
        let sound = owner.len() <= OWNER
            && all(owner, |b| {
                is_letter(b) || b.is_ascii_digit() || matches!(b, b'_' | b'.')
            });
        if !sound {
            return None;
        }
        let (mut column, mut behind) = word(rest);
        let mut size = None;
        if all(column, |b| b.is_ascii_digit()) {
            size = Some(column);
            (column, behind) = word(behind);
        }
        let mut time = None;
        if column.first().is_some_and(u8::is_ascii_digit) {
            let (clock, rest) = word(behind);
            time = Some((column, clock));
            (column, behind) = word(rest);
        }
        let kind = column.strip_prefix(b"*")?;
        let sound = (2..TYPE).contains(&column.len())
            && all(kind, |b| b.is_ascii_uppercase() || b.is_ascii_digit());
        sound.then_some(Self {
            owner,
            size,
            time,
            kind: column,
            behind,
        })
    }
}

/// The letters of names there, which are in capitals.
const fn is_letter(byte: u8) -> bool {
    byte.is_ascii_uppercase() || matches!(byte, b'$' | b'#' | b'@')
}

fn kind(word: &[u8]) -> Kind {
    match word {
        b"*DIR" | b"*DDIR" | b"*FLR" | b"*LIB" => Kind::Directory,
        b"*STMF" | b"*DSTMF" | b"*DOC" | b"*FILE" | b"*MEM" => Kind::File,
        b"*SYMLNK" => Kind::Symlink,
        // Programs, queues and many more.
        _ => Kind::Other,
    }
}

/// `12:00:00`, with the separator of the job.
fn time(word: &[u8]) -> Option<Clock> {
    let mut parts = word.split(|b| matches!(b, b':' | b'.' | b','));
    let mut next = |most| parts.next().and_then(|part| dates::two(part, most));
    let clock = Clock {
        hour: next(23)?,
        minute: next(59)?,
        second: Some(next(59)?),
    };
    parts.next().is_none().then_some(clock)
}

impl Os400 {
    fn day(&mut self, word: &[u8], clock: Clock, context: &Context) -> Option<Day> {
        let separator = *word.iter().find(|b| !b.is_ascii_digit())?;
        if !matches!(separator, b'/' | b'.' | b'-' | b',') {
            return None;
        }
        let mut parts = word.split(|b| *b == separator);
        let parts = [
            parts.next()?,
            parts.next()?,
            parts.next().filter(|_| parts.next().is_none())?,
        ];
        let days = ORDERS.map(|order| ordered(order.map(|at| parts.get(at).copied())));
        let latest = Timestamp::from_civil(context.latest).unix_seconds();
        let mut best: Option<(u32, bool, i64, Day)> = None;
        let mut against = self.against;
        for (against, day) in against.iter_mut().zip(days) {
            let moment = day.and_then(|day| dates::moment(day, Some(clock), context));
            let Some((day, moment)) = day.zip(moment) else {
                *against = against.saturating_add(NO_DAY);
                continue;
            };
            let seconds = moment.assume_utc().unix_seconds();
            let future = seconds > latest;
            if future {
                *against = against.saturating_add(FUTURE);
            }
            // Of days in the future the next one.
            let distance = if future { seconds } else { -seconds };
            let rank = (*against, future, distance);
            if best.is_none_or(|(a, f, d, _)| rank < (a, f, d)) {
                best = Some((*against, future, distance, day));
            }
        }
        // What is no date in any order tells nothing of the others.
        let (.., day) = best?;
        self.against = against;
        Some(day)
    }
}

/// The day of a year, a month and a day in figures.
fn ordered(parts: [Option<&[u8]>; 3]) -> Option<Day> {
    let [year, month, day] = parts;
    let (year, month, day) = (year?, month?, day?);
    let written = u16::try_from(number(year)?).ok()?;
    let year = match year.len() {
        // OS/400 has years of two figures from 1940 on.
        2 if written >= 40 => 1900 + written,
        2 => 2000 + written,
        4 => written,
        _ => return None,
    };
    dates::checked(Some(year), dates::two(month, 12)?, dates::two(day, 31)?)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::{listing::table, time::Civil};
    use std::{format, string::String, vec::Vec};

    #[rustfmt::skip]
    pub(in crate::listing) const TABLE: &[(&str, &str)] = &[
        ("ANNA            36864 24/06/14 12:30:45 *DIR       work/", "Directory work 36864 2024-06-14T12:30:45 ANNA/-"),
        ("ANNA             6409 22/12/31 02:03:04 *STMF      build.xml", "File build.xml 6409 2022-12-31T02:03:04 ANNA/-"),
        ("ANNA                5 24/06/14 12:30:45 *STMF      a name with blanks ", "File a name with blanks  5 2024-06-14T12:30:45 ANNA/-"),
        ("ANNA                5 24/06/14 12:30:45 *STMF        indented", "File   indented 5 2024-06-14T12:30:45 ANNA/-"),
        ("ANNA                5 24/06/14 12:30:45 *STMF      home/anna/a.txt", "File home/anna/a.txt 5 2024-06-14T12:30:45 ANNA/-"),
        ("QSYS            77824 24/02/23 15:09:55 *DIR loose/", "Directory loose 77824 2024-02-23T15:09:55 QSYS/-"),
        ("QSYS                0 98/09/27 10:00:04 *LIB     QSYS.LIB/", "Directory QSYS.LIB 0 1998-09-27T10:00:04 QSYS/-"),
        ("QDOC            26624 70/01/01 00:00:00 *FLR       QDLS/", "Directory QDLS 26624 1970-01-01T00:00:00 QDOC/-"),
        ("QPGMR           36864 24/06/14 12:30:45 *FILE      SOURCE.FILE", "File SOURCE.FILE 36864 2024-06-14T12:30:45 QPGMR/-"),
        ("QPGMR                                   *MEM       SOURCE.FILE/MAIN.MBR", "File SOURCE.FILE/MAIN.MBR QPGMR/-"),
        ("QPGMR                                   *MEM  SOURCE.FILE/TEST.MBR", "File SOURCE.FILE/TEST.MBR QPGMR/-"),
        ("QPGMR             512                   *MEM       SOURCE.FILE/SIZED.MBR", "File SOURCE.FILE/SIZED.MBR 512 QPGMR/-"),
        ("QPGMR                 24/06/14 12:30:45 *MEM       SOURCE.FILE/DATED.MBR", "File SOURCE.FILE/DATED.MBR 2024-06-14T12:30:45 QPGMR/-"),
        ("A$B#C@D_E9          5 24/06/14 12:30:45 *PGM       TOOL.PGM", "Other TOOL.PGM 5 2024-06-14T12:30:45 A$B#C@D_E9/-"),
        ("ANNA                5 24/06/14 12:30:45 *SYMLNK    link", "Symlink link 5 2024-06-14T12:30:45 ANNA/-"),
        ("ANNA             8192 24/06/14 12:30:45 *DIR       ./", "Current . 8192 2024-06-14T12:30:45 ANNA/-"),
        ("ANNA             8192 24/06/14 12:30:45 *DIR       ../", "Parent .. 8192 2024-06-14T12:30:45 ANNA/-"),
        ("ANNA             8192 2024-06-14 12.30.45 *STMF    iso", "File iso 8192 2024-06-14T12:30:45 ANNA/-"),
        ("ANNA  99999999999999999999 24/06/14 12:30:45 *STMF      huge", "File huge 2024-06-14T12:30:45 ANNA/-"),
        // What is no entry.
        ("", "UnknownForm"),
        ("ANNA             8192 24/06/14 12:30:45 *FILE", "NoName"),
        ("ANNA                                    *MEM       ", "NoName"),
        ("ANNA             8192 24/06/14 12:30:45 *DIR       /", "NoName"),
        ("ANNA             8192 24/06/14 30:30:45 *STMF      a", "UnknownForm"),
        ("ANNA             8192 24/06/14 12:30 *STMF      a", "UnknownForm"),
        ("ANNA             8192 24/13/32 12:30:45 *STMF      a", "UnknownForm"),
        ("ANNA             8192 06/14 12:30:45 *STMF      a", "UnknownForm"),
        ("ANNA             8192 24/06/14/1 12:30:45 *STMF      a", "UnknownForm"),
        ("ANNA             819224/06/14 12:30:45 *STMF      a", "UnknownForm"),
        ("ANNA             8192 24/06/14 12:30:45 STMF       a", "UnknownForm"),
        ("ANNA             8192 24/06/14 12:30:45 *stmf      a", "UnknownForm"),
        ("ANNA             8192 24/06/14 12:30:45 *          a", "UnknownForm"),
        ("ANNA B           8192 24/06/14 12:30:45 *STMF      a", "UnknownForm"),
        ("Anna             8192 24/06/14 12:30:45 *STMF      a", "UnknownForm"),
        ("ELEVENCHARS      8192 24/06/14 12:30:45 *STMF      a", "UnknownForm"),
        (" ANNA            8192 24/06/14 12:30:45 *STMF      a", "UnknownForm"),
    ];

    #[test]
    fn lines() {
        table::check(&mut Os400::default(), TABLE);
    }

    fn dates(words: &[&str], today: Civil) -> Vec<String> {
        let context = Context::new(today, 86_400);
        let mut reader = Os400::default();
        let read = |word| {
            let line = format!("ANNA 1 {word} 12:00:00 *STMF a");
            let entry = reader.read(line.as_bytes(), &context).ok()?;
            Some(format!("{}", entry.modified?).replace("T12:00:00", ""))
        };
        let words = words.iter().copied().map(read);
        words.map(Option::unwrap_or_default).collect()
    }

    #[test]
    fn the_order_of_a_date_follows_from_the_listing() {
        for (words, want) in [
            // Only one order is possible.
            (&["05/20/15"][..], &["2015-05-20"][..]),
            (&["28/11/15"], &["2015-11-28"]),
            (&["99/04/05"], &["1999-04-05"]),
            (&["40/01/01", "39/02/01"], &["1940-01-01", "2039-02-01"]),
            (&["29.06.13"], &["2013-06-29"]),
            (&["2015-11-02", "02.11.2015"], &["2015-11-02", "2015-11-02"]),
            // The latest one that is not in the future.
            (&["04/12/14"], &["2014-12-04"]),
            (&["04/12/25"], &["2004-12-25"]),
            (&["24/06/16"], &["2024-06-16"]),
            (&["24/06/17"], &["2017-06-24"]),
            // Or the next one, if all of them are.
            (&["30/11/25"], &["2025-11-30"]),
            // What speaks against an order in one line holds for those that follow.
            (&["05/20/15", "04/12/14"], &["2015-05-20", "2014-04-12"]),
            (&["28/11/00", "04/12/13"], &["2000-11-28", "2013-12-04"]),
            (&["99/04/05", "04/12/14"], &["1999-04-05", "2004-12-14"]),
            (&["24/05/30", "12/06/10"], &["2024-05-30", "2012-06-10"]),
            (&["06/12/24", "05/06/24"], &["2024-06-12", "2024-05-06"]),
            // A date ahead does not outweigh it.
            (
                &["05/20/15", "12/01/30", "04/12/14"],
                &["2015-05-20", "2030-12-01", "2014-04-12"],
            ),
            // Unless the next ones contradict it.
            (
                &["05/20/15", "99/04/05", "04/12/14"],
                &["2015-05-20", "1999-04-05", "2014-04-12"],
            ),
            (
                &["32/13/14", "1/2/03", "1/2/3", "01/02/003"],
                &["", "2003-02-01", "", ""],
            ),
        ] {
            let found = dates(words, table::today());
            assert_eq!(found, want, "{words:?}");
        }
        // It depends on the day on which the listing is read.
        let today = Civil::date(2004, 6, 15).unwrap();
        assert_eq!(dates(&["04/03/24"], today), ["2004-03-24"]);
    }

    #[test]
    fn the_first_lines_are_read_knowing_those_behind_them() {
        let listing = b"ANNA 1 04/12/14 12:00:00 *STMF a\r\nANNA 1 05/20/15 12:00:00 *STMF b\r\n";
        let lines = crate::listing::parse(listing, table::today());
        let times = lines
            .into_iter()
            .filter_map(crate::listing::Line::into_entry);
        let times: Vec<_> = times
            .map(|entry| format!("{}", entry.modified.unwrap()))
            .collect();
        assert_eq!(times, ["2014-04-12T12:00:00", "2015-05-20T12:00:00"]);
    }
}
