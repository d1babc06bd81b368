//! The dates of LIST, in all orders and some languages, and the year of those without one.

use super::{Context, entry::number, words::word};
use crate::time::{Civil, ListedTime, Precision, Timestamp};

/// A time of day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    pub(super) hour: u8,
    pub(super) minute: u8,
    pub(super) second: Option<u8>,
}

/// A date in figures; the year may be missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Day {
    year: Option<u16>,
    month: u8,
    day: u8,
}

/// `H:MM` or `H:MM:SS`, a fraction behind it left out.
pub(super) fn clock(token: &[u8]) -> Option<Clock> {
    let mut parts = token.split(|b| *b == b':');
    let hour = two(parts.next()?, 23)?;
    let minute = parts.next()?;
    if minute.len() != 2 {
        return None;
    }
    let minute = two(minute, 59)?;
    let second = match parts.next() {
        None => None,
        Some(text) => {
            let whole = text.split(|b| *b == b'.').next()?;
            Some(two(whole, 60)?.min(59))
        }
    };
    parts.next().is_none().then_some(Clock {
        hour,
        minute,
        second,
    })
}

/// A number of one or two digits, not over `most`.
pub(super) fn two(digits: &[u8], most: u8) -> Option<u8> {
    if digits.len() > 2 {
        return None;
    }
    let number = u8::try_from(number(digits)?).ok()?;
    (number <= most).then_some(number)
}

/// A year of four digits, as it stands alone.
fn year(token: &[u8]) -> Option<u16> {
    let token = without(token, &["年", "년"]);
    if token.len() != 4 {
        return None;
    }
    u16::try_from(number(token)?).ok()
}

/// `15`, `15.`, `15日`.
fn day(token: &[u8]) -> Option<u8> {
    let token = without(token, &[".", ",", "日", "일"]);
    two(token, 31).filter(|day| *day > 0)
}

fn without<'a>(token: &'a [u8], ends: &[&str]) -> &'a [u8] {
    ends.iter()
        .find_map(|end| token.strip_suffix(end.as_bytes()))
        .unwrap_or(token)
}

/// Names of months in the languages of servers, as they write and cut them, sorted. A star
/// stands for whatever is not ASCII, so that every encoding fits.
#[rustfmt::skip]
const MONTHS: [(&str, u8); 139] = [
    ("*pr", 4), ("abr", 4), ("abril", 4), ("ago", 8), ("agosto", 8), ("ao*", 8), ("ao*t", 8),
    ("aou", 8), ("aout", 8), ("apr", 4), ("april", 4), ("aprile", 4), ("aug", 8), ("august", 8),
    ("augusti", 8), ("augustus", 8), ("avr", 4), ("avril", 4), ("cze", 6), ("czerwca", 6),
    ("d*c", 12), ("d*cembre", 12), ("dec", 12), ("december", 12), ("des", 12), ("desember", 12),
    ("dez", 12), ("dezember", 12), ("dezembro", 12), ("dic", 12), ("dicembre", 12),
    ("diciembre", 12), ("ene", 1), ("enero", 1), ("f*v", 2), ("f*vr", 2), ("f*vrier", 2),
    ("feb", 2), ("febbraio", 2), ("febr", 2), ("febrero", 2), ("februar", 2), ("februari", 2),
    ("february", 2), ("fev", 2), ("fevereiro", 2), ("fevr", 2), ("gen", 1), ("gennaio", 1),
    ("giu", 6), ("giugno", 6), ("gru", 12), ("grudnia", 12), ("j*l", 7), ("j*n", 6), ("jan", 1),
    ("janeiro", 1), ("januar", 1), ("januari", 1), ("january", 1), ("janv", 1), ("janvier", 1),
    ("juil", 7), ("juillet", 7), ("juin", 6), ("jul", 7), ("julho", 7), ("juli", 7), ("julio", 7),
    ("july", 7), ("jun", 6), ("june", 6), ("junho", 6), ("juni", 6), ("junio", 6), ("kwi", 4),
    ("kwietnia", 4), ("lip", 7), ("lipca", 7), ("lis", 11), ("listopada", 11), ("lug", 7),
    ("luglio", 7), ("lut", 2), ("lutego", 2), ("m*j", 5), ("m*r", 3), ("m*rc", 3), ("m*rz", 3),
    ("maart", 3), ("mag", 5), ("maggio", 5), ("mai", 5), ("maio", 5), ("maj", 5), ("maja", 5),
    ("mar", 3), ("mar*o", 3), ("marca", 3), ("march", 3), ("mars", 3), ("marzo", 3), ("may", 5),
    ("mayo", 5), ("mei", 5), ("mrt", 3), ("mrz", 3), ("nov", 11), ("november", 11),
    ("novembre", 11), ("novembro", 11), ("noviembre", 11), ("oct", 10), ("october", 10),
    ("octobre", 10), ("octubre", 10), ("okt", 10), ("oktober", 10), ("ott", 10), ("ottobre", 10),
    ("out", 10), ("outubro", 10), ("pa*", 10), ("pa*dziernika", 10), ("sep", 9), ("sept", 9),
    ("september", 9), ("septembre", 9), ("septiembre", 9), ("set", 9), ("setembro", 9),
    ("settembre", 9), ("sie", 8), ("sierpnia", 8), ("sty", 1), ("stycznia", 1), ("szept", 9),
    ("wrz", 9), ("wrze*nia", 9),
];

/// A month by its name, or `3月`.
pub(super) fn month(token: &[u8]) -> Option<u8> {
    let digits = without(token, &["月", "월"]);
    if digits.len() != token.len() {
        return two(digits, 12).filter(|month| *month > 0);
    }
    let mut key = [0u8; 12];
    let mut used = 0;
    for byte in without(without(token, &[","]), &["."]) {
        let letter = match byte {
            b'a'..=b'z' | b'A'..=b'Z' => byte.to_ascii_lowercase(),
            0x80.. if used > 0 && key.get(used - 1) == Some(&b'*') => continue,
            0x80.. => b'*',
            _ => return None,
        };
        *key.get_mut(used)? = letter;
        used += 1;
    }
    let key = key.get(..used).filter(|key| key.len() >= 3)?;
    MONTHS
        .binary_search_by(|(name, _)| name.as_bytes().cmp(key))
        .ok()
        .and_then(|at| MONTHS.get(at))
        .map(|(_, month)| *month)
}

/// `15-JUN-2024`, or, with years of two figures, `15-Jun-24`: VMS and Guardian.
pub(super) fn named(token: &[u8], figures: usize) -> Option<Day> {
    let mut parts = token.split(|b| *b == b'-');
    let (day, name, year) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != figures {
        return None;
    }
    let year = u16::try_from(number(year)?).ok()?;
    let year = if figures == 2 { of_two(year) } else { year };
    checked(Some(year), month(name)?, two(day, 31)?)
}

/// The year that two figures stand for, as most servers mean it; the rest is beyond their time.
pub(super) const fn of_two(year: u16) -> u16 {
    if year < 70 { 2000 + year } else { 1900 + year }
}

/// A date in figures: `2024-06-15`, `06-15-24`, `06/15/2024`, `15.06.2024`, `06-15`. Where the
/// order cannot be told, the month is first, but behind dots the day.
pub(super) fn figures(token: &[u8]) -> Option<Day> {
    let separator = *token.iter().find(|b| !b.is_ascii_digit())?;
    if !matches!(separator, b'-' | b'/' | b'.') {
        return None;
    }
    let mut parts = token.split(|b| *b == separator);
    let (a, b, c) = (parts.next()?, parts.next()?, parts.next());
    if parts.next().is_some() {
        return None;
    }
    let (year, first, second) = match c {
        None if separator != b'.' => (None, two(a, 31)?, two(b, 31)?),
        None => return None,
        Some(c) if a.len() == 4 => {
            let year = u16::try_from(number(a)?).ok()?;
            return checked(Some(year), two(b, 12)?, two(c, 31)?);
        }
        Some(c) => {
            let year = u16::try_from(number(c)?).ok()?;
            let year = match c.len() {
                2 => of_two(year),
                4 => year,
                _ => return None,
            };
            (Some(year), two(a, 31)?, two(b, 31)?)
        }
    };
    let day_first = first > 12 || separator == b'.' && second <= 12;
    if day_first {
        checked(year, second, first)
    } else {
        checked(year, first, second)
    }
}

/// The day, if there is such a one in the year, or in a leap year.
pub(super) fn checked(year: Option<u16>, month: u8, day: u8) -> Option<Day> {
    Civil::date(year.unwrap_or(2000), month, day)?;
    Some(Day { year, month, day })
}

/// Puts a day and a time of day together; without a year it is the latest that lies at most
/// the tolerance in the future.
pub(super) fn moment(day: Day, clock: Option<Clock>, context: &Context) -> Option<ListedTime> {
    let at = |year| {
        let (hour, minute, second) =
            clock.map_or((0, 0, 0), |c| (c.hour, c.minute, c.second.unwrap_or(0)));
        Civil::new(year, day.month, day.day, hour, minute, second)
    };
    let civil = match day.year {
        Some(year) => at(year)?,
        None => {
            let latest = Timestamp::from_civil(context.today)
                .unix_seconds()
                .saturating_add(context.tolerance);
            // A 29 February may be eight years back.
            let this = context.today.year();
            (this.saturating_sub(8)..=this.saturating_add(1))
                .rev()
                .filter_map(at)
                .find(|civil| Timestamp::from_civil(*civil).unix_seconds() <= latest)?
        }
    };
    let precision = match clock {
        None => Precision::Day,
        Some(Clock { second: None, .. }) => Precision::Minute,
        Some(_) => Precision::Second,
    };
    Some(ListedTime::local(civil, precision))
}

/// Reads a date that begins with the first of these tokens; tells also how many it takes.
pub(super) fn at_tokens(tokens: &[&[u8]; 4], context: &Context) -> Option<(ListedTime, usize)> {
    let [t0, t1, t2, t3] = *tokens;
    // `Jun 15 …`, `15 Jun …`, `6 15 12:00`
    let spelled = match (month(t0), month(t1)) {
        (Some(month), _) => day(t1).map(|day| (month, day)),
        (None, Some(month)) => day(t0).map(|day| (month, day)),
        (None, None) => None,
    };
    if let Some((month, day)) = spelled {
        return match (clock(t2), year(t2)) {
            (Some(time), _) => match (time.second, year(t3)) {
                // `Jun 15 12:00:00 2024`, as `ls -lT` of BSD has it.
                (Some(_), Some(year)) => {
                    let day = checked(Some(year), month, day)?;
                    Some((moment(day, Some(time), context)?, 4))
                }
                _ => Some((moment(checked(None, month, day)?, Some(time), context)?, 3)),
            },
            (None, Some(year)) => {
                let day = checked(Some(year), month, day)?;
                // `Jun 15, 2024 12:00`, as VShell has it; without a comma the time is a name's.
                let time = clock(t3).filter(|_| t1.ends_with(b","));
                let taken = if time.is_some() { 4 } else { 3 };
                Some((moment(day, time, context)?, taken))
            }
            (None, None) => None,
        };
    }
    let date = figures(t0)
        .or_else(|| named(t0, 2))
        .or_else(|| named(t0, 4));
    if let Some(day) = date {
        return match (day.year, clock(t1)) {
            // `2024-06-15 12:00:00.000000000 +0200`, as `ls --full-time` has it.
            (Some(_), Some(time)) => {
                let taken = if is_zone(t2) { 3 } else { 2 };
                Some((moment(day, Some(time), context)?, taken))
            }
            (Some(_), None) => Some((moment(day, None, context)?, 1)),
            // `06-15 12:00`, `06-15 2024`
            (None, Some(time)) => Some((moment(day, Some(time), context)?, 2)),
            (None, None) => {
                let day = checked(Some(year(t1)?), day.month, day.day)?;
                Some((moment(day, None, context)?, 2))
            }
        };
    }
    let (month, day, time) = (two(t0, 12)?, two(t1, 31)?, clock(t2)?);
    Some((moment(checked(None, month, day)?, Some(time), context)?, 3))
}

/// Reads a date at the start of a text, blanks before it left out; tells also what follows it.
pub(super) fn at_start<'a>(text: &'a [u8], context: &Context) -> Option<(ListedTime, &'a [u8])> {
    let mut tokens = [&b""[..]; 4];
    let mut behind = [text; 5];
    for (at, token) in tokens.iter_mut().enumerate() {
        let (word, rest) = word(behind.get(at)?);
        *token = word;
        *behind.get_mut(at + 1)? = rest;
    }
    let (time, taken) = at_tokens(&tokens, context)?;
    Some((time, *behind.get(taken)?))
}

fn is_zone(token: &[u8]) -> bool {
    matches!(token, [b'+' | b'-', digits @ ..] if digits.len() == 4 && digits.iter().all(u8::is_ascii_digit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    fn read(text: &str, today: &str, tolerance_days: i64) -> Option<(ListedTime, usize)> {
        let context = Context {
            today: Timestamp::parse_time_val(today.as_bytes()).unwrap().civil(),
            tolerance: tolerance_days * 86_400,
        };
        let mut tokens = [&b""[..]; 4];
        for (slot, token) in tokens.iter_mut().zip(text.split(' ')) {
            *slot = token.as_bytes();
        }
        at_tokens(&tokens, &context)
    }

    #[test]
    fn every_month_is_found() {
        assert!(MONTHS.is_sorted());
        for (name, number) in MONTHS {
            assert_eq!(month(name.replace('*', "\u{e9}").as_bytes()), Some(number));
            assert_eq!(
                month(name.to_uppercase().replace('*', "?").as_bytes()).is_some(),
                !name.contains('*')
            );
        }
    }

    #[test]
    fn every_order_and_language() {
        for (text, want) in [
            ("Jun 15 12:30 x", Some(("2024-06-15T12:30", 3))),
            ("jun 5 1:30 x", Some(("2024-06-05T01:30", 3))),
            ("JUN 05 2021 x", Some(("2021-06-05", 3))),
            ("15 Jun 12:30 x", Some(("2024-06-15T12:30", 3))),
            ("15 Jun 2021 x", Some(("2021-06-15", 3))),
            ("Jun 15 12:30:15 2021", Some(("2021-06-15T12:30:15", 4))),
            ("Jun 15 12:30 2021", Some(("2024-06-15T12:30", 3))),
            ("Jun 15 12:30:15 x", Some(("2024-06-15T12:30:15", 3))),
            ("2021-06-15 12:30 x", Some(("2021-06-15T12:30", 2))),
            (
                "2021-06-15 12:30:15.123456789 +0200 x",
                Some(("2021-06-15T12:30:15", 3)),
            ),
            ("2021-06-15 x", Some(("2021-06-15", 1))),
            ("2021/06/15 12:30", Some(("2021-06-15T12:30", 2))),
            ("15.06.2021 12:30", Some(("2021-06-15T12:30", 2))),
            ("05.06.2021 12:30", Some(("2021-06-05T12:30", 2))),
            ("06-15-21 12:30", Some(("2021-06-15T12:30", 2))),
            ("15-06-71 12:30", Some(("1971-06-15T12:30", 2))),
            ("06-14 12:30", Some(("2024-06-14T12:30", 2))),
            ("06-14 2020", Some(("2020-06-14", 2))),
            ("6 14 12:30", Some(("2024-06-14T12:30", 3))),
            ("3月 2日 15:13", Some(("2024-03-02T15:13", 3))),
            ("3月 2 2003年", Some(("2003-03-02", 3))),
            ("3월 2일 2003", Some(("2003-03-02", 3))),
            ("14. Juni, 20:10", Some(("2024-06-14T20:10", 3))),
            ("2. Okt. 2003", Some(("2003-10-02", 3))),
            ("März 1 2003", Some(("2003-03-01", 3))),
            ("1 déc. 2003", Some(("2003-12-01", 3))),
            ("août 1 2003", Some(("2003-08-01", 3))),
            ("szept 26 2003", Some(("2003-09-26", 3))),
            ("Jun 15, 2021 12:30", Some(("2021-06-15T12:30", 4))),
            ("Jun 15 2021 12:30", Some(("2021-06-15", 3))),
            ("15-jun-21 x", Some(("2021-06-15", 1))),
            ("15-Jun-2021 12:30", Some(("2021-06-15T12:30", 2))),
            ("Jam 4 00:03", None),
            ("Jun 15", None),
            ("Jun 15 209", None),
            ("Jun 15 24:00", None),
            ("Jun 31 12:00", None),
            ("Feb 29 2023", None),
            ("Jun 0 12:00", None),
            ("Jun -7 12:00", None),
            ("2021-13-15 12:30", None),
            ("06-15-1 12:30", None),
            ("1.2 12:30", None),
            ("13 14 12:30", None),
            ("12:30 x y z", None),
            ("", None),
        ] {
            let found = read(text, "20240615200000", 1);
            let found = found.map(|(time, taken)| (time.to_string(), taken));
            assert_eq!(found, want.map(|(t, n)| (t.to_string(), n)), "{text}");
        }
        let mut latin1 = [&b"1"[..], b"m\xe4r", b"2003", b""];
        let today = Civil::date(2024, 6, 15).unwrap();
        let context = Context {
            today,
            tolerance: 0,
        };
        assert!(at_tokens(&latin1, &context).is_some());
        latin1[1] = b"\xff\xfe";
        assert!(at_tokens(&latin1, &context).is_none());
    }

    #[test]
    fn days_with_the_name_of_the_month() {
        let context = Context {
            today: Civil::date(2024, 6, 15).unwrap(),
            tolerance: 0,
        };
        for (token, figures, want) in [
            ("15-JUN-2024", 4, "2024-06-15"),
            ("5-jun-1994", 4, "1994-06-05"),
            ("15-MÄR-2024", 4, "2024-03-15"),
            ("15-Jun-24", 2, "2024-06-15"),
            ("5-Jun-69", 2, "2069-06-05"),
            ("5-Jun-70", 2, "1970-06-05"),
            ("15-JUN-24", 4, ""),
            ("15-Jun-2024", 2, ""),
            ("31-JUN-2024", 4, ""),
            ("0-JUN-2024", 4, ""),
            ("15-JUX-2024", 4, ""),
            ("15-06-2024", 4, ""),
            ("JUN-15-2024", 4, ""),
            ("15-JUN", 4, ""),
            ("15-JUN-2024-", 4, ""),
            ("", 4, ""),
        ] {
            let found = named(token.as_bytes(), figures);
            let found = found.and_then(|day| moment(day, None, &context));
            let found = found.map(|time| time.to_string()).unwrap_or_default();
            assert_eq!(found, want, "{token}");
        }
    }

    #[test]
    fn a_date_before_a_name() {
        let context = Context {
            today: Civil::date(2024, 6, 15).unwrap(),
            tolerance: 0,
        };
        for (text, want) in [
            ("  Jun  5 12:00  name", Some(("2024-06-05T12:00", "  name"))),
            ("Jun 5 2020 name", Some(("2020-06-05", " name"))),
            ("Jun 5 2020", Some(("2020-06-05", ""))),
            ("2020-06-05 12:00 a b", Some(("2020-06-05T12:00", " a b"))),
            ("Jun 5", None),
            ("", None),
        ] {
            let found = at_start(text.as_bytes(), &context);
            let found = found.map(|(time, rest)| (time.to_string(), rest));
            let want = want.map(|(time, rest)| (time.to_string(), rest.as_bytes()));
            assert_eq!(found, want, "{text}");
        }
    }

    #[test]
    fn the_year_of_a_date_without_one() {
        for (text, today, tolerance, want) in [
            ("Jun 15 12:00", "20240615110000", 1, "2024-06-15T12:00"),
            ("Jun 16 12:00", "20240615120000", 1, "2024-06-16T12:00"),
            ("Jun 16 12:01", "20240615120000", 1, "2023-06-16T12:01"),
            ("Jun 15 12:01", "20240615120000", 0, "2023-06-15T12:01"),
            ("Dec 31 23:59", "20240101000000", 1, "2023-12-31T23:59"),
            ("Jan 1 10:00", "20231231200000", 1, "2024-01-01T10:00"),
            ("Jan 2 10:00", "20231231200000", 0, "2023-01-02T10:00"),
            ("Sep 10 22:59", "20170310230000", 184, "2017-09-10T22:59"),
            ("Sep 11 23:00", "20170310230000", 184, "2016-09-11T23:00"),
            ("Feb 29 10:00", "20250301000000", 1, "2024-02-29T10:00"),
            ("Feb 29 10:00", "20240228120000", 1, "2024-02-29T10:00"),
            ("Feb 29 10:00", "19030101000000", 1, "1896-02-29T10:00"),
            ("Jun 15 12:00", "00010101000000", 1, "0000-06-15T12:00"),
            ("Jan 1 00:00", "99991231235959", 1, "9999-01-01T00:00"),
        ] {
            let (time, _) = read(text, today, tolerance).unwrap();
            assert_eq!(time.to_string(), want, "{text} on {today}");
        }
        assert_eq!(read("Jun 15 12:00", "00000101000000", 1), None);
    }
}
