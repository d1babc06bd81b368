//! [`LongName`]: the line of `ls -l` that stands beside each name in a NAME.

use alloc::string::String;
use core::fmt::{self, Write as _};

use bytes::Bytes;

use crate::{
    packet::{Attributes, Mode},
    text::escaped,
};

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];
const DAY: u64 = 24 * 60 * 60;
/// Half a mean year: what is older shows its year instead of its time.
const RECENT: u64 = 31_556_952 / 2;

/// The long name of an entry, in the form that the draft recommends (sec. 7).
///
/// What is unknown gets a usual value: one link, user and group 0, size 0, the start of 1970, and
/// letters of a mode that allows nothing. User and group are shown by their numbers where no name
/// is told. Control characters, marks that change the direction of text and bytes that are not
/// UTF-8 are escaped in every name, since most clients show the line as it comes.
///
/// ```
/// use ftpkit_sftp::{LongName, packet::{Attributes, Mode}};
/// let attributes = Attributes::default()
///     .with_size(348_911)
///     .with_mode(Mode(0o100_755))
///     .with_owner(1000, 50)
///     .with_times(0, 985_530_540);
/// let line = LongName::new(b"t-filexfer", &attributes).user(b"mjos").format(985_600_000);
/// assert_eq!(
///     &line[..],
///     b"-rwxr-xr-x   1 mjos     50         348911 Mar 25 14:29 t-filexfer"
/// );
/// ```
#[derive(Clone, Debug)]
#[must_use = "`format` makes the line"]
pub struct LongName<'a> {
    name: &'a [u8],
    attributes: &'a Attributes,
    links: u64,
    user: Option<&'a [u8]>,
    group: Option<&'a [u8]>,
}

impl<'a> LongName<'a> {
    /// The line for this name with these attributes.
    pub const fn new(name: &'a [u8], attributes: &'a Attributes) -> Self {
        Self {
            name,
            attributes,
            links: 1,
            user: None,
            group: None,
        }
    }

    /// With the number of hard links.
    pub const fn links(mut self, links: u64) -> Self {
        self.links = links;
        self
    }

    /// With the name of the user.
    pub const fn user(mut self, name: &'a [u8]) -> Self {
        self.user = Some(name);
        self
    }

    /// With the name of the group.
    pub const fn group(mut self, name: &'a [u8]) -> Self {
        self.group = Some(name);
        self
    }

    /// Makes the line. A time in the half year before `now`, in seconds since 1970, shows the
    /// minute, any other the year, both in UTC.
    #[must_use]
    pub fn format(&self, now: u64) -> Bytes {
        let mut line = String::with_capacity(64 + self.name.len());
        // Writing to a string does not fail.
        let _ = self.write(&mut line, now);
        line.into()
    }

    fn write(&self, line: &mut String, now: u64) -> fmt::Result {
        let letters = self.attributes.mode.unwrap_or(Mode(0)).letters();
        letters
            .iter()
            .for_each(|letter| line.push(char::from(*letter)));
        write!(line, " {:3} ", self.links)?;
        let owner = self.attributes.owner.unwrap_or_default();
        column(line, self.user, owner.uid)?;
        column(line, self.group, owner.gid)?;
        write!(line, "{:8} ", self.attributes.size.unwrap_or(0))?;
        let modified = self.attributes.times.unwrap_or_default().modified;
        date(line, modified.into(), now)?;
        write!(line, " {}", escaped(self.name))
    }
}

/// A name, or the number where none is known, in a column of eight and a space. Spaces in a name
/// would shift the columns behind it.
fn column(line: &mut String, name: Option<&[u8]>, number: u32) -> fmt::Result {
    let start = line.chars().count();
    match name {
        Some(name) if !name.is_empty() => {
            let from = line.len();
            write!(line, "{}", escaped(name))?;
            let shown = line.split_off(from);
            line.extend(
                shown
                    .chars()
                    .map(|c| if c.is_whitespace() { '_' } else { c }),
            );
        }
        _ => write!(line, "{number}")?,
    }
    let width = line.chars().count() - start;
    line.extend(core::iter::repeat_n(' ', 8usize.saturating_sub(width) + 1));
    Ok(())
}

/// `Mar 25 14:29` for what is recent, `Mar 25  2001` for the rest.
fn date(line: &mut String, time: u64, now: u64) -> fmt::Result {
    let (year, month, day) = civil(time / DAY);
    write!(line, "{} {day:2} ", MONTHS.get(month).unwrap_or(&"Jan"))?;
    if now.checked_sub(time).is_some_and(|age| age < RECENT) {
        let minutes = time % DAY / 60;
        write!(line, "{:02}:{:02}", minutes / 60, minutes % 60)
    } else {
        write!(line, "{year:5}")
    }
}

/// The year, the month from 0 and the day from 1 of a number of days since 1970.
fn civil(days: u64) -> (u64, usize, u64) {
    let (mut year, mut left) = (1970, days);
    loop {
        let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        let february = if leap { 29 } else { 28 };
        for (month, length) in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
            .into_iter()
            .enumerate()
        {
            if left < length {
                return (year, month, left + 1);
            }
            left -= length;
        }
        year += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::{string::ToString as _, vec::Vec};

    const NOW: u64 = 1_718_452_800; // 2024-06-15 12:00

    fn text(line: &LongName<'_>, now: u64) -> std::string::String {
        core::str::from_utf8(&line.format(now)).unwrap().to_string()
    }

    #[test]
    fn lines_of_known_files() {
        let file = Attributes::default()
            .with_size(u64::MAX)
            .with_owner(0, u32::MAX)
            .with_mode(Mode(0o106_751))
            .with_times(0, u32::MAX);
        let directory = Attributes::default()
            .with_mode(Mode(0o041_777))
            .with_times(0, u32::try_from(NOW).unwrap());
        for (attributes, name, now, line) in [
            (
                &file,
                "x",
                NOW,
                "-rwsr-s--x   1 0        4294967295 18446744073709551615 Feb  7  2106 x",
            ),
            (
                &directory,
                "a b",
                NOW,
                "drwxrwxrwt   1 0        0               0 Jun 15 12:00 a b",
            ),
            (
                &Attributes::default(),
                "",
                NOW,
                "?---------   1 0        0               0 Jan  1  1970 ",
            ),
            (
                &Attributes::default().with_mode(Mode(0o127_000)),
                "l",
                60 * 61,
                "l--S--S--T   1 0        0               0 Jan  1 00:00 l",
            ),
        ] {
            assert_eq!(text(&LongName::new(name.as_bytes(), attributes), now), line);
        }
    }

    #[test]
    fn names_of_users_stay_in_their_columns() {
        let attributes = Attributes::default().with_owner(7, 8);
        let line = LongName::new(b"f", &attributes);
        assert!(
            text(&line.clone().user(b"a b\tc").links(12_345), NOW).contains(" 12345 a_b\\u{9}c 8 ")
        );
        assert!(
            text(&line.clone().group(b"j\xc3\xb6rg"), NOW).contains(" 7        j\u{f6}rg     ")
        );
        assert!(
            text(&line.user(b""), NOW).contains(" 7        8        "),
            "no name is none"
        );
    }

    #[test]
    fn the_minute_is_shown_for_half_a_year() {
        let at = |time: u64| {
            let attributes = Attributes::default().with_times(0, u32::try_from(time).unwrap());
            text(&LongName::new(b"f", &attributes), NOW)
        };
        assert!(at(NOW).contains("Jun 15 12:00 f"));
        assert!(at(NOW - RECENT + 1).contains("Dec 15 21:05 f"));
        assert!(at(NOW - RECENT).contains("Dec 15  2023 f"));
        assert!(
            at(NOW + 1).contains("Jun 15  2024 f"),
            "a time that is to come"
        );
    }

    #[test]
    fn days_become_dates() {
        for (days, date) in [
            (0, (1970, 0, 1)),
            (58, (1970, 1, 28)),
            (59, (1970, 2, 1)),
            (789, (1972, 1, 29)),
            (10_956, (1999, 11, 31)),
            (11_016, (2000, 1, 29)),
            (47_540, (2100, 1, 28)),
            (47_541, (2100, 2, 1)),
        ] {
            assert_eq!(civil(days), date, "{days}");
        }
    }

    proptest! {
        #[test]
        fn no_control_byte_gets_in(
            name in any::<Vec<u8>>(),
            user in any::<Vec<u8>>(),
            mode: u32,
            time: u32,
            now: u64,
        ) {
            let attributes = Attributes::default().with_mode(Mode(mode)).with_times(time, time);
            let line = LongName::new(&name, &attributes).user(&user).group(&name);
            let line = text(&line, now);
            prop_assert!(!line.contains(char::is_control), "{:?}", line);
            prop_assert!(line.split_ascii_whitespace().count() >= 8, "{:?}", line);
        }
    }
}
