//! `time-val = 14DIGIT [ "." 1*DIGIT ]`, always in UTC (RFC 3659 sec. 2.3).

use core::fmt;

use bytes::{BufMut, BytesMut};

use super::{Civil, Timestamp};

impl Timestamp {
    /// Reads `YYYYMMDDHHMMSS`, with a fraction of any length behind a dot, and nothing else.
    ///
    /// Digits beyond nanoseconds are dropped; second 60, a leap second, is the first second of
    /// the next minute, since Unix time has no name for it.
    ///
    /// ```
    /// use ftpkit_proto::time::Timestamp;
    /// let time = Timestamp::parse_time_val(b"19980615100045.014").unwrap();
    /// assert_eq!((time.unix_seconds(), time.nanos()), (897_904_845, 14_000_000));
    /// ```
    #[must_use]
    pub fn parse_time_val(text: &[u8]) -> Option<Self> {
        let (whole, nanos) = match text.iter().position(|b| *b == b'.') {
            Some(dot) => (text.get(..dot)?, fraction_nanos(text.get(dot + 1..)?)?),
            None => (text, 0),
        };
        if whole.len() != 14 {
            return None;
        }
        let (year, rest) = whole.split_at_checked(4)?;
        Self::assemble(number(year)?, rest, nanos)
    }

    /// Like [`parse_time_val`](Self::parse_time_val), but takes what old and careless servers
    /// send too: the year 2000 as `19100` (and so on to `19199`), a dot without digits, and
    /// blanks around it.
    #[must_use]
    pub fn parse_time_val_lenient(text: &[u8]) -> Option<Self> {
        let text = text.trim_ascii();
        let digits = text
            .iter()
            .position(|b| !b.is_ascii_digit())
            .unwrap_or(text.len());
        let (whole, rest) = text.split_at_checked(digits)?;
        let nanos = match rest {
            [] | [b'.'] => 0,
            [b'.', fraction @ ..] => fraction_nanos(fraction)?,
            _ => return None,
        };
        match whole {
            // `19` and the years since 1900, by a program that took them for two digits.
            [b'1', b'9', b'1', since @ ..] if since.len() == 12 => {
                let (since, rest) = since.split_at_checked(2)?;
                Self::assemble(2000 + number(since)?, rest, nanos)
            }
            _ if whole.len() == 14 => {
                let (year, rest) = whole.split_at_checked(4)?;
                Self::assemble(number(year)?, rest, nanos)
            }
            _ => None,
        }
    }

    /// Puts a year and the ten digits behind it together.
    fn assemble(year: u16, rest: &[u8], nanos: u32) -> Option<Self> {
        let mut pairs = [0u8; 5];
        for (pair, digits) in pairs.iter_mut().zip(rest.chunks_exact(2)) {
            *pair = u8::try_from(number(digits)?).ok()?;
        }
        let [month, day, hour, minute, second] = pairs;
        let leap = second == 60;
        let civil = Civil::new(year, month, day, hour, minute, second - u8::from(leap))?;
        let seconds = Self::from_civil(civil).seconds + i64::from(leap);
        Self::from_unix(seconds, nanos)
    }

    /// The wire form, as something to print.
    #[must_use]
    pub const fn time_val(self) -> TimeVal {
        TimeVal(self)
    }

    /// Appends the wire form: 14 digits, and the fraction where there is one.
    pub fn write_time_val(self, out: &mut BytesMut) {
        let civil = self.civil();
        let year = civil.year();
        // Each is below 100.
        let pairs = [
            (year / 100) as u8,
            (year % 100) as u8,
            civil.month(),
            civil.day(),
            civil.hour(),
            civil.minute(),
            civil.second(),
        ];
        out.put_slice(
            pairs
                .map(|pair| [b'0' + pair / 10, b'0' + pair % 10])
                .as_flattened(),
        );
        if self.nanos != 0 {
            // Writing to memory cannot fail.
            let _ = fraction(self.nanos, out);
        }
    }
}

/// The wire form of a [`Timestamp`]: `20240615120000`, with the fraction where there is one.
///
/// ```
/// use ftpkit_proto::time::Timestamp;
/// let time = Timestamp::from_unix(1_718_452_800, 0).unwrap();
/// assert_eq!(time.time_val().to_string(), "20240615120000");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeVal(Timestamp);

impl fmt::Display for TimeVal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = self.0.civil();
        write!(
            f,
            "{:04}{:02}{:02}{:02}{:02}{:02}",
            civil.year(),
            civil.month(),
            civil.day(),
            civil.hour(),
            civil.minute(),
            civil.second()
        )?;
        fraction(self.0.nanos, f)
    }
}

/// Writes a dot and the digits that matter, or nothing for zero.
pub(super) fn fraction(mut nanos: u32, out: &mut impl fmt::Write) -> fmt::Result {
    if nanos == 0 {
        return Ok(());
    }
    let mut width = 9;
    while nanos % 10 == 0 {
        nanos /= 10;
        width -= 1;
    }
    write!(out, ".{nanos:0width$}")
}

/// At least one digit; what is finer than a nanosecond is dropped.
fn fraction_nanos(digits: &[u8]) -> Option<u32> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let mut nanos = 0;
    for at in 0..9 {
        let digit = digits.get(at).map_or(0, |d| u32::from(d - b'0'));
        nanos = nanos * 10 + digit;
    }
    Some(nanos)
}

/// A number of at most four digits and nothing else.
fn number(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() || digits.len() > 4 {
        return None;
    }
    digits.iter().try_fold(0, |number: u16, digit| {
        digit
            .is_ascii_digit()
            .then(|| number * 10 + u16::from(digit - b'0'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::ToString;

    #[test]
    fn the_standard_form_and_nothing_else() {
        for (text, want) in [
            ("20240615120000", Some((1_718_452_800, 0))),
            ("20240615120000.5", Some((1_718_452_800, 500_000_000))),
            ("20240615120000.000", Some((1_718_452_800, 0))),
            (
                "20240615120000.1234567899999",
                Some((1_718_452_800, 123_456_789)),
            ),
            ("00000101000000", Some((-62_167_219_200, 0))),
            ("99991231235959", Some((253_402_300_799, 0))),
            ("20161231235960", Some((1_483_228_800, 0))),
            ("20161231235960.5", Some((1_483_228_800, 500_000_000))),
            ("99991231235960", None),
            ("20161231235961", None),
            ("20230229000000", None),
            ("20241301000000", None),
            ("20240615240000", None),
            ("20240615120000.", None),
            ("20240615120000.x", None),
            ("20240615120000 ", None),
            ("2024061512000", None),
            ("202406151200000", None),
            ("+2240615120000", None),
            ("19100615120000", Some((-1_879_156_800, 0))),
            ("191240615120000", None),
            ("", None),
        ] {
            let time = Timestamp::parse_time_val(text.as_bytes());
            assert_eq!(time.map(|t| (t.unix_seconds(), t.nanos())), want, "{text}");
        }
    }

    #[test]
    fn old_servers_are_understood() {
        for (text, want) in [
            ("191240615120000", "2024-06-15T12:00:00Z"),
            ("191000102030405.25", "2000-01-02T03:04:05.25Z"),
            (" 20240615120000\t", "2024-06-15T12:00:00Z"),
            ("20240615120000.", "2024-06-15T12:00:00Z"),
            ("19100615120000", "1910-06-15T12:00:00Z"),
        ] {
            let time = Timestamp::parse_time_val_lenient(text.as_bytes()).unwrap();
            assert_eq!(time.to_string(), want, "{text}");
        }
        for text in [
            "",
            "2024",
            "2024061512000x",
            "192240615120000",
            "20240615 120000",
        ] {
            assert_eq!(Timestamp::parse_time_val_lenient(text.as_bytes()), None);
        }
    }

    proptest! {
        #[test]
        fn written_and_read_back(seconds in -62_167_219_200i64..=253_402_300_799, nanos in 0u32..1_000_000_000) {
            let time = Timestamp::from_unix(seconds, nanos).unwrap();
            let mut out = BytesMut::new();
            time.write_time_val(&mut out);
            let shown = time.time_val().to_string();
            prop_assert_eq!(&out[..], shown.as_bytes());
            prop_assert_eq!(Timestamp::parse_time_val(&out), Some(time));
            prop_assert_eq!(Timestamp::parse_time_val_lenient(&out), Some(time));
        }

        #[test]
        fn any_bytes_are_time_or_not(text in proptest::collection::vec(any::<u8>(), 0..24)) {
            let _ = Timestamp::parse_time_val(&text);
            let _ = Timestamp::parse_time_val_lenient(&text);
        }

        #[test]
        fn any_digits_are_time_or_not(text in "[0-9]{10,16}(\\.[0-9]{0,12})?") {
            if let Some(strict) = Timestamp::parse_time_val(text.as_bytes()) {
                prop_assert_eq!(Timestamp::parse_time_val_lenient(text.as_bytes()), Some(strict));
            }
        }
    }
}
