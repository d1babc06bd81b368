//! The dates of LIST, in all their orders, and the year of those without one. The names of
//! months are not here.

use super::{Context, entry::number, months::month, steps::pass, words::word};
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
    pass(token.len());
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
    pass(token.len().min(12));
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
    pass(t0.len());
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
        pass(rest.len());
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
mod tests;
