//! The dates of LIST, in all their orders, and the year of those without one. The names of
//! months are not here.

use super::{Context, entry::number, months::month, words::word};
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
    let (hour, rest) = match token {
        [a, b, b':', rest @ ..] => (pair(*a, *b)?, rest),
        [b, b':', rest @ ..] => (pair(b'0', *b)?, rest),
        _ => return None,
    };
    let [a, b, rest @ ..] = rest else {
        return None;
    };
    let minute = pair(*a, *b)?;
    let second = match rest {
        [] => None,
        [b':', rest @ ..] => {
            let end = rest.iter().position(|b| *b == b'.').unwrap_or(rest.len());
            Some(two(rest.get(..end)?, 60)?.min(59))
        }
        _ => return None,
    };
    (hour <= 23 && minute <= 59).then_some(Clock {
        hour,
        minute,
        second,
    })
}

/// The number of two digits.
const fn pair(a: u8, b: u8) -> Option<u8> {
    if a.is_ascii_digit() && b.is_ascii_digit() {
        Some((a - b'0') * 10 + (b - b'0'))
    } else {
        None
    }
}

/// The nanoseconds of `12:00:00.25`.
pub(super) fn fraction(clock: &[u8]) -> u32 {
    let digits = clock.iter().skip_while(|b| **b != b'.').skip(1);
    let digits = digits.map_while(|b| b.is_ascii_digit().then(|| u32::from(b - b'0')));
    digits
        .chain(core::iter::repeat(0))
        .take(9)
        .fold(0, |nanos, digit| nanos * 10 + digit)
}

/// A number of one or two digits, not over `most`.
pub(super) fn two(digits: &[u8], most: u8) -> Option<u8> {
    let number = match digits {
        [b] => pair(b'0', *b)?,
        [a, b] => pair(*a, *b)?,
        _ => return None,
    };
    (number <= most).then_some(number)
}

/// A year of four digits, as it stands alone.
fn year(token: &[u8]) -> Option<u16> {
    let &[a, b, c, d] = token else {
        return None;
    };
    let (century, rest) = (pair(a, b)?, pair(c, d)?);
    Some(u16::from(century) * 100 + u16::from(rest))
}

/// `15`, `15.`, `15,`.
fn day(token: &[u8]) -> Option<u8> {
    let token = match token {
        [token @ .., b'.' | b','] => token,
        _ => token,
    };
    two(token, 31).filter(|day| *day > 0)
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

/// What stands first in a date in figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Nobody knows: the month, but behind dots, or where that is no month, the day.
    Unknown,
    /// The day.
    DayFirst,
}

/// A date in figures: `2024-06-15`, `06-15-24`, `06/15/2024`, `15.06.2024`, `06-15`. Where the
/// order cannot be told, the month is first, but behind dots the day.
pub(super) fn figures(token: &[u8]) -> Option<Day> {
    figures_in(token, &mut Order::Unknown)
}

/// The same, where the order may be known, and is remembered where it shows.
pub(super) fn figures_in(token: &[u8], order: &mut Order) -> Option<Day> {
    if let [a, b, b'-', c, d, b'-', e, f] = token {
        // `06-15-24`, as IIS has it, in each line.
        let (first, second, year) = (pair(*a, *b)?, pair(*c, *d)?, pair(*e, *f)?);
        return ordered(Some(of_two(u16::from(year))), first, second, false, order);
    }
    // The numbers, and how many digits each has.
    let mut parts = [(0u16, 0u8); 3];
    let (mut at, mut separator) = (0, 0);
    for byte in token {
        let part = parts.get_mut(at)?;
        match byte {
            b'0'..=b'9' if part.1 < 4 => {
                *part = (part.0 * 10 + u16::from(byte - b'0'), part.1 + 1);
            }
            b'-' | b'/' | b'.' if part.1 > 0 && (at == 0 || *byte == separator) => {
                separator = *byte;
                at += 1;
            }
            _ => return None,
        }
    }
    let two = |(number, digits): (u16, u8)| match (u8::try_from(number), digits) {
        (Ok(number @ 0..=31), 1..=2) => Some(number),
        _ => None,
    };
    let [a, b, c] = parts;
    let year = match (at, a.1, c.1) {
        (2, 4, 1..=2) => return checked(Some(a.0), two(b)?, two(c)?),
        (2, _, 2) => Some(of_two(c.0)),
        (2, _, 4) => Some(c.0),
        (1, ..) if separator != b'.' => None,
        _ => return None,
    };
    ordered(year, two(a)?, two(b)?, separator == b'.', order)
}

/// The day whose month and day stand in one order or the other.
fn ordered(
    year: Option<u16>,
    first: u8,
    second: u8,
    rather_day: bool,
    order: &mut Order,
) -> Option<Day> {
    if first > 12 {
        *order = Order::DayFirst;
    }
    if first > 12 || second <= 12 && (rather_day || *order == Order::DayFirst) {
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
    let (hour, minute, second) =
        clock.map_or((0, 0, 0), |c| (c.hour, c.minute, c.second.unwrap_or(0)));
    let at = |year| Civil::new(year, day.month, day.day, hour, minute, second);
    let civil = match day.year {
        Some(year) => at(year)?,
        None => {
            let this = context.latest.year();
            // A 29 February may be eight years back.
            (0..=8)
                .filter_map(|back| at(this.checked_sub(back)?))
                .find(|civil| *civil <= context.latest)?
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
    let [t0, t1, t2, _] = *tokens;
    let is_number = |token: &[u8]| token.first().is_some_and(u8::is_ascii_digit);
    if !is_number(t0) {
        // `Jun 15 …`: nothing else begins with a letter, and most words end here.
        if !is_number(t1) || !is_number(t2) {
            return None;
        }
        return spelled(month(t0)?, day(t1)?, tokens, context);
    }
    // `15 Jun …`, `15. Jun …`
    if let Some(day) = day(t0) {
        if let Some(month) = month(t1) {
            return spelled(month, day, tokens, context);
        }
        // `6 15 12:00`
        let (month, day, time) = (two(t0, 12)?, two(t1, 31)?, clock(t2)?);
        return Some((moment(checked(None, month, day)?, Some(time), context)?, 3));
    }
    if !t0.is_ascii() {
        return with_units(tokens, context);
    }
    let day = figures(t0)
        .or_else(|| named(t0, 2))
        .or_else(|| named(t0, 4))?;
    match (day.year, clock(t1)) {
        // `2024-06-15 12:00:00.000000000 +0200`, as `ls --full-time` has it.
        (Some(_), Some(time)) => {
            let mut time = moment(day, Some(time), context)?;
            if time.precision == Precision::Second {
                time.nanos = fraction(t1);
            }
            match zone(t2) {
                Some(east) => Some((in_utc(time, east), 3)),
                None => Some((time, 2)),
            }
        }
        (Some(_), None) => Some((moment(day, None, context)?, 1)),
        // `06-15 12:00`, `06-15 2024`
        (None, Some(time)) => Some((moment(day, Some(time), context)?, 2)),
        (None, None) => {
            let day = checked(Some(year(t1)?), day.month, day.day)?;
            Some((moment(day, None, context)?, 2))
        }
    }
}

/// A month with a name and a day in the first two of these tokens, and what follows them.
fn spelled(
    month: u8,
    day: u8,
    tokens: &[&[u8]; 4],
    context: &Context,
) -> Option<(ListedTime, usize)> {
    let [_, t1, t2, t3] = *tokens;
    if let Some(time) = clock(t2) {
        // `Jun 15 12:00:00 2024`, as `ls -lT` of BSD has it.
        let year = time.second.and_then(|_| year(t3));
        let taken = if year.is_some() { 4 } else { 3 };
        let day = checked(year, month, day)?;
        return Some((moment(day, Some(time), context)?, taken));
    }
    let day = checked(Some(year(t2)?), month, day)?;
    // `Jun 15, 2024 12:00`, as VShell has it; without a comma the time is a name's.
    let time = clock(t3).filter(|_| t1.ends_with(b","));
    let taken = if time.is_some() { 4 } else { 3 };
    Some((moment(day, time, context)?, taken))
}

/// `6月15日 12:00`, `6월 15 12:00`, `2024年6月15日`, `6月 15日 2024年`: numbers with their units
/// behind them, in Chinese, Japanese and Korean. A unit is two or three bytes in every encoding,
/// the first of them not ASCII.
fn with_units(tokens: &[&[u8]; 4], context: &Context) -> Option<(ListedTime, usize)> {
    let mut numbers = [0u16; 4];
    let mut count = 0;
    let mut taken = 0;
    // Year, month and day, of which the first may be missing.
    let wanted = |numbers: &[u16; 4]| if numbers.first() > Some(&31) { 3 } else { 2 };
    while count < wanted(&numbers) {
        let mut rest = *tokens.get(taken)?;
        taken += 1;
        while !rest.is_empty() {
            let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            let (number, behind) = rest.split_at_checked(digits)?;
            let unit = behind.iter().take_while(|b| !b.is_ascii_digit()).count();
            if !matches!(number.len(), 1..=4) || unit > 3 || unit == 1 {
                return None;
            }
            *numbers.get_mut(count)? = u16::try_from(self::number(number)?).ok()?;
            count += 1;
            rest = behind.get(unit..)?;
        }
    }
    let (year, month, day) = match (count, numbers) {
        (3, [year, month, day, _]) if wanted(&numbers) == 3 => (Some(year), month, day),
        (2, [month, day, ..]) => (None, month, day),
        _ => return None,
    };
    let (month, day) = (u8::try_from(month).ok()?, u8::try_from(day).ok()?);
    let next = tokens.get(taken).copied().unwrap_or_default();
    let time = clock(next);
    if time.is_some() {
        return Some((
            moment(checked(year, month, day)?, time, context)?,
            taken + 1,
        ));
    }
    if year.is_some() {
        return Some((moment(checked(year, month, day)?, None, context)?, taken));
    }
    let unit = next.iter().skip_while(|b| b.is_ascii_digit()).count();
    let digits = next.get(..next.len().checked_sub(unit)?)?;
    if !matches!(unit, 0 | 2 | 3) {
        return None;
    }
    let day = checked(Some(self::year(digits)?), month, day)?;
    Some((moment(day, None, context)?, taken + 1))
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

/// How many seconds east of Greenwich `+0200` is.
fn zone(token: &[u8]) -> Option<i64> {
    let &[sign @ (b'+' | b'-'), a, b, c, d] = token else {
        return None;
    };
    let (hours, minutes) = (i64::from(pair(a, b)?), i64::from(pair(c, d)?));
    let east = hours * 3600 + minutes * 60;
    Some(if sign == b'+' { east } else { -east })
}

/// A time of a known zone in UTC, if there is such; days begin elsewhere there.
fn in_utc(time: ListedTime, east: i64) -> ListedTime {
    let seconds = Timestamp::from_civil(time.civil).unix_seconds() - east;
    match Timestamp::from_unix(seconds, 0) {
        Some(moment) => ListedTime {
            civil: moment.civil(),
            utc: true,
            ..time
        },
        None => time,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    fn read(text: &str, today: &str, tolerance_days: i64) -> Option<(ListedTime, usize)> {
        let today = Timestamp::parse_time_val(today.as_bytes()).unwrap().civil();
        let context = Context::new(today, tolerance_days * 86_400);
        let mut tokens = [&b""[..]; 4];
        for (slot, token) in tokens.iter_mut().zip(text.split(' ')) {
            *slot = token.as_bytes();
        }
        at_tokens(&tokens, &context)
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
                Some(("2021-06-15T10:30:15.123456789Z", 3)),
            ),
            (
                "2021-06-15 00:30:15 +0530 x",
                Some(("2021-06-14T19:00:15Z", 3)),
            ),
            ("2021-06-15 23:30 -0100 x", Some(("2021-06-16T00:30Z", 3))),
            (
                "2021-06-15 12:30:15.5 x",
                Some(("2021-06-15T12:30:15.5", 2)),
            ),
            (
                "2021-06-15 12:30:15 +02 x",
                Some(("2021-06-15T12:30:15", 2)),
            ),
            (
                "0000-01-01 00:30:15 +0100 x",
                Some(("0000-01-01T00:30:15", 3)),
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
            ("3月2日 15:13", Some(("2024-03-02T15:13", 2))),
            ("3月2日 2003年", Some(("2003-03-02", 2))),
            ("3月2日 2003", Some(("2003-03-02", 2))),
            ("2003年3月2日 15:13", Some(("2003-03-02T15:13", 2))),
            ("2003年 3月 2日 15:13", Some(("2003-03-02T15:13", 4))),
            ("2003年3月2日 x", Some(("2003-03-02", 1))),
            ("13月2日 15:13", None),
            ("3月32日 15:13", None),
            ("3月2日 x", None),
            ("3月2 15:13", Some(("2024-03-02T15:13", 2))),
            ("3月 x 15:13", None),
            ("3月日 15:13", None),
            ("2003年3月2日4 15:13", None),
            ("3é2é 15:13", Some(("2024-03-02T15:13", 2))),
            ("3\u{80}\u{80}2 15:13", None),
            ("дек 2 15:13", Some(("2023-12-02T15:13", 3))),
            ("2 янв. 2003", Some(("2003-01-02", 3))),
            ("lut 3 2003", Some(("2003-02-03", 3))),
            ("Paź 3 2003", Some(("2003-10-03", 3))),
            ("říj 3 2003", Some(("2003-10-03", 3))),
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
        let context = Context::new(Civil::date(2024, 6, 15).unwrap(), 0);
        assert!(at_tokens(&latin1, &context).is_some());
        // Shift-JIS, whose unit of years ends with an ASCII letter, EUC-JP and GBK.
        for [month, day, year] in [
            [&b"3\x8c\x8e"[..], &b"2\x93\xfa"[..], &b"2003\x94N"[..]],
            [b"3\xb7\xee", b"2\xc6\xfc", b"2003\xc7\xaf"],
            [b"3\xd4\xc2", b"2\xc8\xd5", b"2003\xc4\xea"],
        ] {
            let (time, taken) = at_tokens(&[month, day, year, b""], &context).unwrap();
            assert_eq!((time.to_string().as_str(), taken), ("2003-03-02", 3));
        }
        latin1[1] = b"\xff\xfe";
        assert!(at_tokens(&latin1, &context).is_none());
    }

    #[test]
    fn the_order_of_figures_may_show() {
        let mut order = Order::Unknown;
        for (token, want) in [
            ("05-06-24", (5, 6)),
            ("15-06-24", (6, 15)),
            ("05-06-24", (6, 5)),
            ("06-15-24", (6, 15)),
            ("2024-05-06", (5, 6)),
        ] {
            let day = figures_in(token.as_bytes(), &mut order).unwrap();
            assert_eq!((day.month, day.day), want, "{token}");
        }
        for token in [
            "",
            "1",
            "1-",
            "-1-2",
            "1-2-",
            "1-2-2024-",
            "1/2-2024",
            "00001-2-2024",
            "1-2-024",
        ] {
            assert_eq!(figures(token.as_bytes()), None, "{token}");
        }
    }

    #[test]
    fn days_with_the_name_of_the_month() {
        let context = Context::new(Civil::date(2024, 6, 15).unwrap(), 0);
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
        let context = Context::new(Civil::date(2024, 6, 15).unwrap(), 0);
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
