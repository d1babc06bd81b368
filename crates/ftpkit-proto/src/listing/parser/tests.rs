use super::*;
use crate::{
    effort::{size, thin},
    facts::{FactSet, Facts, Kind, Perm},
    listing::format,
    text::Text,
    time::{Precision, Timestamp},
};
use bytes::BytesMut;
use proptest::prelude::*;
use std::{format as text, string::String, vec, vec::Vec};

fn today() -> Civil {
    Civil::new(2024, 6, 15, 12, 0, 0).unwrap()
}

fn short(line: &Line) -> String {
    match line {
        Line::Entry(entry) => text!("{:?} {}", entry.kind, entry.name()),
        Line::Skipped { reason, .. } => text!("{reason:?}"),
        Line::Unparsed { reason, raw, .. } => text!("{reason:?} {}", raw.len()),
    }
}

fn all(mut parser: Parser, pieces: &[&[u8]]) -> (Vec<Line>, Option<Dialect>) {
    let mut lines = vec![];
    for piece in pieces {
        parser.push(piece);
        lines.extend(core::iter::from_fn(|| parser.next_line()));
    }
    parser.finish();
    lines.extend(core::iter::from_fn(|| parser.next_line()));
    assert_eq!(parser.next_line(), None);
    (lines, parser.dialect())
}

#[test]
fn dialects_are_told_apart() {
    for (listing, dialect, want) in [
        (
            "total 2\r\ndrwxr-xr-x 2 a b 1 Jun 15 12:00 d\r\n-rw-r--r-- 1 a b 1 Jun 15 12:00 f\r\n",
            Some(Dialect::Unix),
            &["Total", "Directory d", "File f"][..],
        ),
        (
            "06-15-24  12:00PM <DIR> d\r\n06-15-24  12:00PM 1 f\r\n",
            Some(Dialect::Dos),
            &["Directory d", "File f"],
        ),
        (
            "type=cdir; .\r\ntype=file; -rw-r--r-- 1 a b 1 Jun 15 12:00 f\r\n name only\r\n",
            Some(Dialect::Mlsx),
            &[
                "Current .",
                "File -rw-r--r-- 1 a b 1 Jun 15 12:00 f",
                "Other name only",
            ],
        ),
        // One CR before LF is the line's end; a last line needs none.
        (
            "\n\r\ntype=file; a\ntype=file; b\r\r\ntype=file; c\0\ntype=file; d",
            Some(Dialect::Mlsx),
            &[
                "Blank",
                "Blank",
                "File a",
                "Control 13",
                "Control 13",
                "File d",
            ],
        ),
        (
            "nothing\r\n here\r\n",
            None,
            &["UnknownForm 7", "UnknownForm 5"],
        ),
        ("", None, &[]),
    ] {
        let (lines, found) = all(Parser::new(None, today()), &[listing.as_bytes()]);
        let shown: Vec<_> = lines.iter().map(short).collect();
        assert_eq!(shown, want, "{listing}");
        assert_eq!(found, dialect, "{listing}");
        assert_eq!(parse(listing.as_bytes(), today()), lines);
    }
}

#[test]
fn a_banner_does_not_hide_the_dialect() {
    for banner in thin([0, 5, 7, 8, 60, 70, 200], 3).take(size(7, 2)) {
        let listing = "hello\r\n".repeat(banner) + &"06-15-24  12:00PM 1 f\r\n".repeat(20);
        let (lines, dialect) = all(Parser::new(None, today()), &[listing.as_bytes()]);
        assert_eq!(dialect, Some(Dialect::Dos));
        assert_eq!(lines.len(), banner + 20);
        let entries = lines.into_iter().filter_map(Line::into_entry).count();
        assert_eq!(entries, 20);
    }
}

#[test]
fn a_listing_may_change_its_form() {
    let dos = "06-15-24  12:00PM 1 f\n";
    let unix = "-rw-r--r-- 1 a b 1 Jun 15 12:00 f\n";
    let listing = dos.repeat(20) + "what?\n" + &unix.repeat(3) + "total 3\n" + dos;
    let (lines, last) = all(Parser::new(None, today()), &[listing.as_bytes()]);
    let found: Vec<_> = lines
        .iter()
        .map(|line| match line {
            Line::Entry(entry) => entry.dialect().unwrap().name(),
            Line::Skipped { .. } => "skipped",
            Line::Unparsed { .. } => "unparsed",
        })
        .collect();
    let want = [vec!["dos"; 20], vec!["unparsed"], vec!["unix"; 3]];
    assert_eq!(found, [want.concat(), vec!["skipped", "dos"]].concat());
    assert_eq!(last, Some(Dialect::Dos));
    // One that was told stays.
    let told = Parser::new(Some(Dialect::Dos), today());
    let (lines, last) = all(told, &[listing.as_bytes()]);
    let entries = lines.into_iter().filter_map(Line::into_entry).count();
    assert_eq!((entries, last), (21, Some(Dialect::Dos)));
}

#[test]
fn what_no_dialect_reads_is_kept_with_the_reason() {
    let unix = "-rw-r--r-- 1 a b 1 Jun 15 12:00 f\n";
    let listing = "ls: x: Permission denied\n./a b:\n \t\nwhat?\n".repeat(3);
    let cases = [
        (listing.clone(), None),
        (unix.repeat(8) + &listing, None),
        (listing.clone() + &unix.repeat(8), None),
        (listing.clone(), Some(Dialect::Unix)),
        (listing, Some(Dialect::Dos)),
    ];
    for (listing, dialect) in thin(cases, 2) {
        let (lines, _) = all(Parser::new(dialect, today()), &[listing.as_bytes()]);
        let lines = lines.iter().filter(|line| !matches!(line, Line::Entry(_)));
        let shown: Vec<_> = lines.map(short).collect();
        assert_eq!(
            shown,
            ["Message 24", "Heading", "Blank", "UnknownForm 5"].repeat(3)
        );
    }
}

#[test]
fn an_entry_of_two_lines_leaves_each_its_own() {
    let listing = b"LONGNAME.TXT;12\r\n    1/9  2-JUN-2024 07:32:04 [G,O] (RWED,RWED,RE,)\r\n";
    let lines = parse(listing, today());
    let raws: Vec<_> = lines.iter().map(Line::raw).collect();
    assert_eq!(raws[0], b"LONGNAME.TXT;12");
    assert_eq!(
        raws[1],
        b"    1/9  2-JUN-2024 07:32:04 [G,O] (RWED,RWED,RE,)"
    );
    let [Line::Skipped { reason, .. }, Line::Entry(entry)] = &lines[..] else {
        panic!("{lines:?}");
    };
    assert_eq!(*reason, SkipReason::Continued);
    assert_eq!(entry.dialect(), Some(Dialect::Vms));
    assert_eq!(entry.line(), raws[1]);
    let version = entry.version().unwrap();
    assert_eq!(
        (entry.name().as_bytes(), version.as_bytes()),
        (&b"LONGNAME.TXT"[..], &b"12"[..])
    );
    assert_eq!(entry.owner().unwrap().as_bytes(), b"O");
}

#[test]
fn lines_that_fit_nothing_do_not_pile_up() {
    // Long lines with a NUL are not read by the dialects, which takes too long under miri.
    let long = if cfg!(miri) { "\0" } else { "x" };
    for (byte, length) in [("x", 5), (long, 9000)] {
        let mut parser = Parser::new(None, today());
        let mut most = 0;
        let patience = PATIENCE.min(PATIENCE_BYTES / length);
        for _ in 0..size(300, patience + 2) {
            parser.push(byte.repeat(length).as_bytes());
            parser.push(b"\n");
            while parser.next_line().is_some() {}
            most = most.max(parser.reading.waiting.len());
            assert!(parser.reading.waiting_bytes <= PATIENCE_BYTES);
        }
        assert_eq!(most, patience);
    }
}

#[test]
fn lines_come_as_soon_as_the_dialect_is_known() {
    let mut parser = Parser::new(None, today());
    parser.push("type=file; a\n".repeat(SAMPLE - 1).as_bytes());
    assert_eq!(parser.next_line(), None);
    parser.push(b"type=file; a\n");
    let lines = core::iter::from_fn(|| parser.next_line()).count();
    assert_eq!(lines, SAMPLE);
    let mut parser = Parser::new(Some(Dialect::Mlsx), today());
    parser.push(b"type=file; a\ntype=f");
    assert!(matches!(parser.next_line(), Some(Line::Entry(_))));
    assert_eq!(parser.next_line(), None);
}

#[test]
fn a_line_is_bounded() {
    let new = || Parser::new(Some(Dialect::Mlsx), today()).line_limit(14);
    for (listing, want) in [
        ("type=file; abc\r\n", &["File abc"][..]),
        ("type=file; abcd\r\n", &["TooLong 14"]),
        ("type=file; abcd", &["TooLong 14"]),
        (
            "type=file; abcdefgh\r\ntype=file; b\r\n",
            &["TooLong 14", "File b"],
        ),
        ("type=file; abcdefgh", &["TooLong 14"]),
    ] {
        for length in thin(1..=listing.len(), 7) {
            let pieces: Vec<_> = listing.as_bytes().chunks(length).collect();
            let shown: Vec<_> = all(new(), &pieces).0.iter().map(short).collect();
            assert_eq!(shown, want, "{listing} by {length}");
        }
    }
    // What is dropped is not kept.
    let mut parser = new();
    for _ in 0..size(1000, 5) {
        parser.push(&[b'x'; 100]);
        let _ = parser.next_line();
        let _ = parser.next_line();
        assert!(parser.reading.lines.kept() <= 100);
    }
}

#[test]
fn the_tolerance_is_a_parameter() {
    let listing = b"-rw-r--r-- 1 a b 1 Sep 10 12:00 f\r\n";
    let mut year = vec![];
    for days in [1, 183] {
        let parser =
            Parser::new(None, today()).future_tolerance(Duration::from_secs(days * 86_400));
        let (lines, _) = all(parser, &[listing]);
        let entry = lines.into_iter().find_map(Line::into_entry).unwrap();
        year.push(entry.modified.unwrap().civil.year());
    }
    assert_eq!(year, [2023, 2024]);
}

fn name() -> impl Strategy<Value = String> {
    "[^\\x00\\r\\n]{1,16}"
}

fn word() -> impl Strategy<Value = Text> {
    "[a-zA-Z][a-zA-Z0-9_.-]{0,9}".prop_map(|word| Text::try_from(word).unwrap())
}

prop_compose! {
    fn facts()(
        kind in prop_oneof![Just(Kind::File), Just(Kind::Directory), Just(Kind::Symlink)],
        size: u64,
        mode in 0u16..=0o7777,
        seconds in -62_167_219_200i64..=253_402_300_799,
        age in 0i64..40_000_000,
        recent: bool,
        links in 1u64..100_000,
        owner in word(),
        group in word(),
        target in word(),
    ) -> Facts {
        let now = Timestamp::from_civil(today()).unix_seconds();
        let seconds = if recent { now - age } else { seconds };
        let mut facts = Facts::of(kind).with_mode(mode).owned_by(owner, group);
        facts.modified = Timestamp::from_unix(seconds, 0);
        facts.size = Some(size);
        facts.links = Some(links);
        facts.perm = Some(Perm::DELETE | Perm::RENAME);
        facts.target = (kind == Kind::Symlink).then_some(target);
        facts
    }
}

proptest! {
    #[test]
    fn what_a_server_writes_for_list_is_read_back(name in name(), facts in facts()) {
        prop_assume!(!name.contains(" -> ") && !name.ends_with('/') && name != "." && name != "..");
        let now = Timestamp::from_civil(today());
        let mut out = BytesMut::new();
        prop_assert!(format::long(&mut out, name.as_bytes(), &facts, now));
        let lines = parse(&out, today());
        let [Line::Entry(entry)] = &lines[..] else {
            return Err(TestCaseError::fail(text!("{lines:?}")));
        };
        prop_assert_eq!(entry.name(), Text::try_from(name).unwrap());
        prop_assert_eq!(Some(entry.kind), facts.kind);
        prop_assert_eq!(entry.mode, facts.mode);
        prop_assert_eq!(entry.size, facts.size);
        prop_assert_eq!(entry.links, facts.links);
        prop_assert_eq!(&entry.owner(), &facts.owner);
        prop_assert_eq!(&entry.group(), &facts.group);
        prop_assert_eq!(&entry.target(), &facts.target);
        let listed = entry.modified.unwrap();
        let age = facts.modified.unwrap().unix_seconds() - listed.assume_utc().unix_seconds();
        let within = if listed.precision == Precision::Minute { 60 } else { 86_400 };
        prop_assert!((0..within).contains(&age), "{} {:?}", listed, facts.modified);
    }

    #[test]
    fn what_a_server_writes_for_mlsd_is_read_back(name in name(), facts in facts()) {
        let mut out = BytesMut::new();
        prop_assert!(format::facts(&mut out, name.as_bytes(), &facts, FactSet::ALL));
        let lines = parse(&out, today());
        let [Line::Entry(entry)] = &lines[..] else {
            return Err(TestCaseError::fail(text!("{lines:?}")));
        };
        prop_assert_eq!(entry.name(), Text::try_from(name).unwrap());
        prop_assert_eq!(Some(entry.kind), facts.kind);
        prop_assert_eq!(entry.mode, facts.mode);
        prop_assert_eq!(entry.size, facts.size.filter(|_| facts.kind != Some(Kind::Directory)));
        prop_assert_eq!(&entry.owner(), &facts.owner);
        prop_assert_eq!(&entry.group(), &facts.group);
        prop_assert_eq!(&entry.target(), &facts.target);
        prop_assert_eq!(entry.perm, facts.perm);
        prop_assert_eq!(entry.modified.and_then(|time| time.timestamp()), facts.modified);
    }

    #[test]
    fn any_bytes_in_any_pieces_give_the_same_lines(
        parts in proptest::collection::vec(prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..12),
            "(-rw-r--r-- |l|1 | me |42 |Jun|15| 12:00| -> |2024-06-15|06-15-24 |PM|<DIR> |type=|size|;|=| |:){0,12}".prop_map(String::into_bytes),
            Just(b"\r\n".to_vec()),
        ], 0..size(30, 8)),
        cuts in proptest::collection::vec(0usize..40, 0..size(30, 8)),
        dialect in prop_oneof![Just(None), proptest::sample::select(Dialect::ALL).prop_map(Some)],
    ) {
        let bytes = parts.concat();
        let new = || Parser::new(dialect, today()).line_limit(40);
        let (whole, _) = all(new(), &[&bytes]);
        let mut pieces: Vec<&[u8]> = vec![];
        let mut rest = &bytes[..];
        for cut in cuts {
            let (piece, behind) = rest.split_at(cut.min(rest.len()));
            pieces.push(piece);
            rest = behind;
        }
        pieces.push(rest);
        let (pieced, _) = all(new(), &pieces);
        prop_assert_eq!(&whole, &pieced);
        // Where they are, and some of them taken along.
        let mut parser = new();
        let mut seen = vec![];
        for (at, piece) in pieces.iter().chain([&&b""[..]]).enumerate() {
            parser.push(piece);
            if at == pieces.len() {
                parser.finish();
            }
            loop {
                let line = match seen.len() % 3 {
                    0 => parser.next_line(),
                    _ => parser.next_ref().cloned(),
                };
                match line {
                    Some(line) => seen.push(line),
                    None => break,
                }
            }
        }
        prop_assert_eq!(&whole, &seen);
        prop_assert!(whole.iter().map(Line::raw).eq(seen.iter().map(Line::raw)));
        // Every line gives one, which keeps it.
        let mut lines: Vec<_> = bytes
            .split(|b| *b == b'\n')
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
            .collect();
        if bytes.is_empty() || bytes.ends_with(b"\n") {
            lines.pop();
        }
        // The last line has no end to be taken away, if it was cut off.
        if !bytes.ends_with(b"\n") && bytes.ends_with(b"\r") {
            lines.pop();
            lines.push(bytes.rsplit(|b| *b == b'\n').next().unwrap());
        }
        prop_assert_eq!(whole.len(), lines.len());
        for (line, raw) in whole.iter().zip(lines) {
            prop_assert_eq!(line.raw(), &raw[..raw.len().min(40)]);
        }
    }
}
