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
