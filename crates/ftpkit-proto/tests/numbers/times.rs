//! Numbers in dates and times.

use ftpkit_proto::time::{Civil, Timestamp};

use super::{Field, check, field, numbers};

/// A field of `YYYYMMDDHHMMSS`, as strict and lenient readers take it.
fn part(
    name: &'static str,
    (least, most): (u128, u128),
    text: fn(u128) -> String,
    value: fn(Civil) -> u128,
) -> [Field; 2] {
    let strict = move |number| {
        let time = Timestamp::parse_time_val(text(number).as_bytes())?;
        Some(value(time.civil()))
    };
    let lenient = move |number| {
        let time = Timestamp::parse_time_val_lenient(text(number).as_bytes())?;
        Some(value(time.civil()))
    };
    [
        field(name, least, most, strict),
        field(name, least, most, lenient),
    ]
}

#[test]
fn times_are_read_as_they_are_or_refused() {
    let [year, old_year] = part(
        "year",
        (0, 9999),
        |n| format!("{n:04}0615120000"),
        |civil| civil.year().into(),
    );
    // The years since 1900, as old servers tell them: 19100 to 19199.
    let old_year = field("lenient year", 0, 9999, move |number| {
        let found = (old_year.read)(number);
        match number {
            19_100..=19_199 if found == Some(number - 17_100) => None,
            19_100..=19_199 => Some(u128::MAX),
            _ => found,
        }
    });
    let mut fields = vec![year, old_year];
    fields.extend(part(
        "month",
        (1, 12),
        |n| format!("2024{n:02}15120000"),
        |civil| civil.month().into(),
    ));
    fields.extend(part(
        "day",
        (1, 29),
        |n| format!("202402{n:02}120000"),
        |civil| civil.day().into(),
    ));
    fields.extend(part(
        "hour",
        (0, 23),
        |n| format!("20240615{n:02}0000"),
        |civil| civil.hour().into(),
    ));
    fields.extend(part(
        "minute",
        (0, 59),
        |n| format!("2024061512{n:02}00"),
        |civil| civil.minute().into(),
    ));
    // Second 60 is the first of the next minute.
    fields.extend(part(
        "second",
        (0, 60),
        |n| format!("202406151200{n:02}"),
        |civil| u128::from(civil.minute()) * 60 + u128::from(civil.second()),
    ));
    check(&fields);
}

#[test]
fn fractions_of_any_length_are_nanoseconds() {
    for number in numbers() {
        let text = format!("20240615120000.{number}");
        let digits: String = format!("{number}00000000").chars().take(9).collect();
        for time in [
            Timestamp::parse_time_val(text.as_bytes()),
            Timestamp::parse_time_val_lenient(text.as_bytes()),
        ] {
            let nanos = time.expect("a time").nanos();
            assert_eq!(Ok(nanos), digits.parse(), "{text}");
        }
    }
}

#[test]
fn moments_exist_in_ten_thousand_years_only() {
    const FIRST: i128 = -62_167_219_200;
    const LAST: i128 = 253_402_300_799;
    for number in numbers() {
        let number = i128::try_from(number).expect("small");
        for seconds in [
            number,
            -number,
            FIRST + number,
            LAST - number,
            LAST + number,
        ] {
            let made = i64::try_from(seconds)
                .ok()
                .and_then(|seconds| Timestamp::from_unix(seconds, 0));
            let exists = (FIRST..=LAST).contains(&seconds);
            assert_eq!(made.is_some(), exists, "{seconds}");
            if let Some(time) = made {
                let text = time.time_val().to_string();
                assert_eq!(Timestamp::parse_time_val(text.as_bytes()), Some(time));
            }
        }
        let nanos = u32::try_from(number).ok();
        let made = nanos.and_then(|nanos| Timestamp::from_unix(0, nanos));
        assert_eq!(made.is_some(), number < 1_000_000_000, "{number} ns");
    }
}
