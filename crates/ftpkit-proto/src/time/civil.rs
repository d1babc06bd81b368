//! What a calendar and a clock on the wall show: [`Civil`] (proleptic Gregorian, years 0 to
//! 9999), and what a listing tells of it ([`ListedTime`]). No zones.

use core::fmt;

use super::{Timestamp, time_val::fraction};

const DAY: i64 = 86_400;
/// Days from 0000-03-01, where the calculation has its origin, to 1970-01-01.
const EPOCH: i64 = 719_468;
/// Days in 400 years, after which the calendar repeats.
const ERA: i64 = 146_097;

/// A date and time of day without a zone; always one that exists in the calendar.
///
/// ```
/// use ftpkit_proto::time::Civil;
/// assert!(Civil::new(2024, 2, 29, 12, 0, 0).is_some());
/// assert!(Civil::new(2023, 2, 29, 12, 0, 0).is_none());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Civil {
    year: u16,
    month: u8,
    day: u8,
    hour: u8,
    minute: u8,
    second: u8,
}

impl Civil {
    /// This date and time of day: years 0 to 9999, seconds 0 to 59. `None` if there is no such.
    #[must_use]
    pub const fn new(
        year: u16,
        month: u8,
        day: u8,
        hour: u8,
        minute: u8,
        second: u8,
    ) -> Option<Self> {
        if year > 9999
            || month < 1
            || month > 12
            || day < 1
            // Every month has so many.
            || day > 28 && day > days_in_month(year, month)
            || hour > 23
            || minute > 59
            || second > 59
        {
            return None;
        }
        Some(Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
        })
    }

    /// The start of this day. `None` if there is no such.
    #[must_use]
    pub const fn date(year: u16, month: u8, day: u8) -> Option<Self> {
        Self::new(year, month, day, 0, 0, 0)
    }

    /// The year, 0 to 9999.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, from 1.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }

    /// The hour, 0 to 23.
    #[must_use]
    pub const fn hour(self) -> u8 {
        self.hour
    }

    /// The minute, 0 to 59.
    #[must_use]
    pub const fn minute(self) -> u8 {
        self.minute
    }

    /// The second, 0 to 59.
    #[must_use]
    pub const fn second(self) -> u8 {
        self.second
    }

    /// Seconds from 1970-01-01T00:00:00 to this, both in the same zone.
    pub(super) const fn seconds_since_1970(self) -> i64 {
        // Years that begin in March put the leap day last, so that a month's offset does not
        // depend on the year.
        let year = self.year as i64 - (self.month <= 2) as i64;
        let month = (self.month as i64 + 9) % 12;
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let day_of_year = (153 * month + 2) / 5 + self.day as i64 - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * ERA + day_of_era - EPOCH;
        days * DAY + self.hour as i64 * 3600 + self.minute as i64 * 60 + self.second as i64
    }

    /// The inverse of [`seconds_since_1970`](Self::seconds_since_1970), for seconds of the
    /// years 0 to 9999.
    pub(super) const fn from_seconds(seconds: i64) -> Self {
        let days = seconds.div_euclid(DAY) + EPOCH;
        let of_day = seconds.rem_euclid(DAY);
        let era = days.div_euclid(ERA);
        let day_of_era = days.rem_euclid(ERA);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let month = if month < 10 { month + 3 } else { month - 9 };
        let year = era * 400 + year_of_era + (month <= 2) as i64;
        // Each fits by construction; a timestamp is never outside the years 0 to 9999.
        Self {
            year: year as u16,
            month: month as u8,
            day: day as u8,
            hour: (of_day / 3600) as u8,
            minute: (of_day / 60 % 60) as u8,
            second: (of_day % 60) as u8,
        }
    }
}

const fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

impl From<Timestamp> for Civil {
    fn from(time: Timestamp) -> Self {
        time.civil()
    }
}

/// ISO 8601 without a zone: `2024-06-15T12:00:00`.
impl fmt::Display for Civil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
        } = self;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}"
        )
    }
}

impl fmt::Debug for Civil {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// How much of a listed time is known; the rest is zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Precision {
    /// The day.
    Day,
    /// The minute.
    Minute,
    /// The second, with a fraction where there is one.
    Second,
}

/// A time as a listing tells it.
///
/// MLSD and MLST tell it in UTC. LIST tells it in a zone that only the server knows, often to
/// the minute or the day only; such a time must not be compared with a moment without a
/// tolerance of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ListedTime {
    /// What was shown.
    pub civil: Civil,
    /// The nanoseconds of the second.
    pub nanos: u32,
    /// How much of it is known.
    pub precision: Precision,
    /// Whether it is in UTC; otherwise its zone is unknown.
    pub utc: bool,
}

impl ListedTime {
    /// A time in an unknown zone.
    #[must_use]
    pub const fn local(civil: Civil, precision: Precision) -> Self {
        Self {
            civil,
            nanos: 0,
            precision,
            utc: false,
        }
    }

    /// The moment, if the time is in UTC and known to the second.
    #[must_use]
    pub const fn timestamp(self) -> Option<Timestamp> {
        if self.utc && matches!(self.precision, Precision::Second) {
            Some(self.assume_utc())
        } else {
            None
        }
    }

    /// The moment as if the time was in UTC, which for LIST is off by the server's zone.
    #[must_use]
    pub const fn assume_utc(self) -> Timestamp {
        Timestamp {
            seconds: self.civil.seconds_since_1970(),
            nanos: if self.nanos < 1_000_000_000 {
                self.nanos
            } else {
                0
            },
        }
    }
}

impl From<Timestamp> for ListedTime {
    fn from(time: Timestamp) -> Self {
        Self {
            civil: time.civil(),
            nanos: time.nanos(),
            precision: Precision::Second,
            utc: true,
        }
    }
}

/// ISO 8601 as far as it is known: `2024-06-15`, `2024-06-15T12:00`, `2024-06-15T12:00:00Z`.
impl fmt::Display for ListedTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = self.civil;
        match self.precision {
            Precision::Day => {
                return write!(f, "{:04}-{:02}-{:02}", civil.year, civil.month, civil.day);
            }
            Precision::Minute => write!(
                f,
                "{:04}-{:02}-{:02}T{:02}:{:02}",
                civil.year, civil.month, civil.day, civil.hour, civil.minute
            )?,
            Precision::Second => {
                fmt::Display::fmt(&civil, f)?;
                fraction(self.nanos, f)?;
            }
        }
        if self.utc {
            f.write_str("Z")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn every_day_of_ten_thousand_years_is_counted_once() {
        let first = Civil::date(0, 1, 1).unwrap();
        let mut seconds = Timestamp::from_civil(first).unix_seconds();
        assert_eq!(seconds, -62_167_219_200);
        // Under miri, which is slow, the first years only.
        let most = if cfg!(miri) { 1 } else { 9999 };
        for year in 0..=most {
            for month in 1..=12 {
                for day in 1..=days_in_month(year, month) {
                    let civil = Civil::new(year, month, day, 0, 0, 0).unwrap();
                    assert_eq!(civil.seconds_since_1970(), seconds, "{civil}");
                    assert_eq!(Civil::from_seconds(seconds), civil);
                    let night = Civil::new(year, month, day, 23, 59, 59).unwrap();
                    assert_eq!(Civil::from_seconds(seconds + DAY - 1), night);
                    seconds += DAY;
                }
            }
        }
        let last = Civil::new(most, 12, 31, 23, 59, 59).unwrap();
        assert_eq!(seconds - 1, last.seconds_since_1970());
        assert!(most < 9999 || seconds - 1 == 253_402_300_799);
    }

    #[test]
    fn known_moments() {
        for (seconds, shown) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"),
            (1_718_452_800, "2024-06-15T12:00:00Z"),
            (4_107_542_400, "2100-03-01T00:00:00Z"),
        ] {
            let time = Timestamp::from_unix(seconds, 0).unwrap();
            assert_eq!(time.to_string(), shown);
            assert_eq!(Timestamp::from(time.civil()), time);
        }
        let fraction = Timestamp::from_unix(0, 50_000_000).unwrap();
        assert_eq!(fraction.to_string(), "1970-01-01T00:00:00.05Z");
        assert_eq!(fraction.whole_seconds().to_string(), "1970-01-01T00:00:00Z");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for (y, mo, d, h, mi, s) in [
            (10_000, 1, 1, 0, 0, 0),
            (2024, 0, 1, 0, 0, 0),
            (2024, 13, 1, 0, 0, 0),
            (2024, 1, 0, 0, 0, 0),
            (2024, 4, 31, 0, 0, 0),
            (1900, 2, 29, 0, 0, 0),
            (2024, 1, 1, 24, 0, 0),
            (2024, 1, 1, 0, 60, 0),
            (2024, 1, 1, 0, 0, 60),
        ] {
            assert_eq!(Civil::new(y, mo, d, h, mi, s), None, "{y} {mo} {d}");
        }
        assert!(Civil::date(2000, 2, 29).is_some());
        assert!(Civil::date(0, 2, 29).is_some());
    }

    #[test]
    fn a_listed_time_shows_what_is_known() {
        let civil = Civil::new(2024, 6, 15, 12, 30, 0).unwrap();
        let local = |precision| ListedTime::local(civil, precision);
        assert_eq!(local(Precision::Day).to_string(), "2024-06-15");
        assert_eq!(local(Precision::Minute).to_string(), "2024-06-15T12:30");
        assert_eq!(local(Precision::Second).to_string(), "2024-06-15T12:30:00");
        assert_eq!(local(Precision::Second).timestamp(), None);
        let moment = Timestamp::from_unix(1_718_454_600, 500_000_000).unwrap();
        let utc = ListedTime::from(moment);
        assert_eq!(utc.to_string(), "2024-06-15T12:30:00.5Z");
        assert_eq!(utc.timestamp(), Some(moment));
        assert_eq!(
            local(Precision::Minute).assume_utc(),
            moment.whole_seconds()
        );
    }
}
