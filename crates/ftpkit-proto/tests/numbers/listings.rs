//! Numbers in listings: a size that does not fit is not told, and never a wrong one.

use ftpkit_proto::{
    listing::{Dialect, Entry, Line, Parser},
    time::Civil,
};

use super::{U64, numbers, with};

/// A field of a line: its dialect, the line, what a unit of it is, the largest number that may
/// stand there, and how its value is taken out of the entry.
type Field = (
    &'static str,
    &'static str,
    u128,
    u128,
    fn(&Entry) -> Option<u64>,
);

const SIZE: fn(&Entry) -> Option<u64> = |entry| entry.size;
const LINKS: fn(&Entry) -> Option<u64> = |entry| entry.links;

#[rustfmt::skip]
const FIELDS: &[Field] = &[
    ("mlsx", "type=file;size=#; f", 1, U64, SIZE),
    ("unix", "-rw-r--r-- 1 anna staff # Jun 15 12:00 f", 1, U64, SIZE),
    ("unix", "-rw-r--r-- 1 anna # Jun 15 12:00 f", 1, U64, SIZE),
    ("unix", "-rw-r--r-- # anna staff 5 Jun 15 12:00 f", 1, U64, LINKS),
    ("dos", "06-15-24  05:03PM  # f", 1, U64, SIZE),
    ("vms", "F.TXT;1  #/20  15-JUN-2024 12:00  [A,B]  (RWED,RWED,RE,)", 512, U64, SIZE),
    ("vms", "F.TXT;1  #KB  15-JUN-2024 12:00", 1 << 10, U64, SIZE),
    ("vms", "F.TXT;1  #MB  15-JUN-2024 12:00", 1 << 20, U64, SIZE),
    ("os400", "ANNA # 24/06/14 12:30:45 *STMF f", 1, U64, SIZE),
    ("os2", "# A 02-09-97 13:49 f", 1, U64, SIZE),
    ("netware", "- [R----F--] anna # Jun 14 18:53 f", 1, U64, SIZE),
    ("tandem", "F 101 # 14-Jun-24 12:30:45 244, 10 \"nunu\"", 1, U64, SIZE),
    ("eplf", "+r,s#,\tf", 1, U64, SIZE),
    ("macos", "-rw-r--r-- 0 # # Jun 14 12:30 f", 1, U64, SIZE),
    ("enterprise", "-C--E-----FTP B ANNA1 18128 # Jun 14 12:30 f", 1, U64, SIZE),
    ("vxworks", "# Aug-30-2002 17:30:38 f", 1, U64, SIZE),
];

/// Columns of numbers of which nothing is told: they count tracks, records and the like.
const UNTOLD: &[(&str, &str)] = &[
    (
        "mvs",
        "TSO001 3390 2024/06/15 # 15 FB 80 27920 PS ANNA.CNTL",
    ),
    ("mvs", "TSO001 3390 2024/06/15 1 # FB 80 27920 PS ANNA.CNTL"),
    ("mvs", "TSO001 3390 2024/06/15 1 15 FB # 27920 PS ANNA.CNTL"),
    ("mvs", "TSO001 3390 2024/06/15 1 15 FB 80 # PS ANNA.CNTL"),
    ("mvs", "MEMBER 01.02 2024/06/14 2024/06/15 12:30 # 5 0 ANNA"),
    ("mvs", "MEMBER 01.02 2024/06/14 2024/06/15 12:30 9 # 0 ANNA"),
    ("mvs", "MEMBER 01.02 2024/06/14 2024/06/15 12:30 9 5 # ANNA"),
    ("cms", "PROFILE EXEC V # 9 1 2024-06-14 12:30:45 -"),
    ("cms", "PROFILE EXEC V 72 # 1 2024-06-14 12:30:45 -"),
    ("cms", "PROFILE EXEC V 72 9 # 2024-06-14 12:30:45 -"),
    ("enterprise", "-C--E-----FTP B ANNA1 # 41 Jun 14 12:30 f"),
];

#[test]
fn numbers_in_listings_are_told_as_they_are_or_not_at_all() {
    let today = Civil::date(2024, 6, 15).expect("a day");
    let numbers = numbers();
    for (dialect, template, unit, most, value) in FIELDS {
        let dialect: Dialect = dialect.parse().expect("a dialect");
        let mut parser = Parser::new(Some(dialect), today);
        for number in &numbers {
            parser.push(with(template, number).as_bytes());
            parser.push(b"\r\n");
            let line = parser.next_line().expect("a line for each");
            let found = line.into_entry().and_then(|entry| value(&entry));
            let told = number * unit;
            let fits = told <= *most;
            assert_eq!(
                found.map(u128::from),
                fits.then_some(told),
                "{template}: {number}"
            );
        }
    }
}

#[test]
fn counts_in_listings_are_no_sizes() {
    let today = Civil::date(2024, 6, 15).expect("a day");
    for (dialect, template) in UNTOLD {
        let name: Dialect = dialect.parse().expect("a dialect");
        let mut parser = Parser::new(Some(name), today);
        let with_one = with(template, 1);
        parser.push(with_one.as_bytes());
        parser.push(b"\n");
        let one = parser.next_line().and_then(Line::into_entry);
        let one = one.expect(template);
        let size = if *dialect == "enterprise" {
            Some(41)
        } else {
            None
        };
        assert_eq!(one.size, size, "{template}");
        for number in numbers() {
            parser.push(with(template, number).as_bytes());
            parser.push(b"\n");
            let entry = parser.next_line().and_then(Line::into_entry);
            let entry = entry.expect(template);
            assert_eq!(
                (entry.size, entry.name(), entry.modified),
                (one.size, one.name(), one.modified),
                "{template}: {number}"
            );
        }
    }
}

#[test]
fn sizes_of_jobs_and_load_modules_are_told_as_they_are_or_not_at_all() {
    let today = Civil::date(2024, 6, 15).expect("a day");
    let new = || Parser::new(Some(Dialect::Mvs), today);
    let (mut spool, mut modules) = (new(), new());
    // What lines of spool files are shows in the heading only.
    spool.push(b"ID  STEPNAME PROCSTEP C DDNAME BYTE-COUNT\n");
    let heading = spool.next_line().expect("a line");
    assert!(matches!(heading, Line::Skipped { .. }), "{heading:?}");
    for number in numbers() {
        let fits = |most: u128| (number <= most).then_some(number);
        spool.push(format!("001 JES2 A JESMSGLG {number}\n").as_bytes());
        let entry = spool.next_line().and_then(Line::into_entry);
        let size = entry.and_then(|entry| entry.size).map(u128::from);
        assert_eq!(size, fits(U64), "{number}");
        // Eight digits to the base of 16 at most.
        modules.push(format!("PROG {number:06X} 000708 00 FO 31 ANY\n").as_bytes());
        let entry = modules.next_line().and_then(Line::into_entry);
        let size = entry.and_then(|entry| entry.size).map(u128::from);
        assert_eq!(size, fits(0xffff_ffff), "{number:X}");
    }
}

#[test]
fn modes_in_listings_are_told_as_they_are_or_not_at_all() {
    let today = Civil::date(2024, 6, 15).expect("a day");
    // MLSx may tell the type of the file above the permissions.
    let forms = [
        ("mlsx", "UNIX.mode=", "; f", 0o17_7777),
        ("eplf", "+up", ",\tf", 0o7777),
    ];
    for (dialect, head, end, most) in forms {
        let dialect: Dialect = dialect.parse().expect("a dialect");
        let mut parser = Parser::new(Some(dialect), today);
        for number in numbers() {
            parser.push(format!("{head}{number:04o}{end}\n").as_bytes());
            let entry = parser.next_line().and_then(Line::into_entry);
            let mode = entry.and_then(|entry| entry.mode);
            assert_eq!(
                mode.map(u128::from),
                (number <= most).then_some(number & 0o7777),
                "{dialect} {number:o}"
            );
        }
    }
}
