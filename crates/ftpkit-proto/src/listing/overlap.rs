//! Every dialect's table of lines, read by every other dialect and guessed as a whole.

use bytes::Bytes;
use proptest::prelude::*;
use std::{format, string::String, vec, vec::Vec};

use super::{
    Dialect, Line, Parser, Weight, cms, enterprise, eplf, macos, mvs, netware, os2, os400, parse,
    table, tandem, unix_like, vms, vxworks,
};
use crate::effort::{size, thin};

type Table = &'static [(&'static str, &'static str)];

/// Lines of Unix, in the columns that other dialects come near to.
#[rustfmt::skip]
const UNIX: Table = &[
    ("total 12", "Total"),
    ("drwxr-xr-x   2 anna     staff        4096 Jun 14 12:30 work", "Directory"),
    ("-rw-r--r--   1 anna     staff          42 Jun 14  2020 a name.txt;1", "File"),
    ("-rw-r--r--   1 1000     1000           42 2024-06-14 12:30 numbers", "File"),
    ("-rw-r--r--   1 1000              1002 Jun 14 12:30 no group", "File"),
    ("lrwxrwxrwx   1 anna     staff           7 Jun 14 12:30 link -> target", "Symlink"),
    ("-rw-r--r-- 1 ANNA STAFF 8 14 Jun 12:30 *STMF a", "File"),
    // With links that are none, as hosted servers send.
    ("-r--------   0 user group     65222236 Feb 24 00:39 export.csv", "File"),
];

/// Lines of Windows and of Windows CE, which has a clock of 24 hours.
#[rustfmt::skip]
const DOS: Table = &[
    ("06-14-24  12:30PM       <DIR>          work", "Directory"),
    ("06-14-24  03:30PM                 9276 a name.txt", "File"),
    ("11-02-18  14:12       <DIR>          Hard Disk", "Directory"),
    ("11-02-18  15:33                 9276 logo.gif", "File"),
    ("1-2-98  5:03       <DIR>          Windows", "Directory"),
    ("1-2-1998  0:00                 1 x;1", "File"),
];

#[rustfmt::skip]
const MLSX: Table = &[
    ("type=dir;modify=20240614123045; work", "Directory"),
    ("type=file;size=42;unique=14-JUN-2024; a;1", "File"),
    ("size=3; -rw-r--r-- 1 anna staff 42 Jun 14 12:30 a", "File"),
];

const TABLES: [(Dialect, Table); 15] = [
    (Dialect::Mlsx, MLSX),
    (Dialect::Unix, UNIX),
    (Dialect::Dos, DOS),
    (Dialect::Vms, vms::tests::TABLE),
    (Dialect::Os400, os400::tests::TABLE),
    (Dialect::Mvs, mvs::tests::TABLE),
    (Dialect::Os2, os2::tests::TABLE),
    (Dialect::NetWare, netware::tests::TABLE),
    (Dialect::Tandem, tandem::tests::TABLE),
    (Dialect::Eplf, eplf::tests::TABLE),
    (Dialect::MacOs, macos::tests::TABLE),
    (Dialect::Enterprise, enterprise::tests::TABLE),
    (Dialect::Cms, cms::tests::TABLE),
    (Dialect::VxWorks, vxworks::tests::TABLE),
    (Dialect::UnixLike, unix_like::tests::TABLE),
];

/// Whether this is what a table wants for a line that is one of the dialect.
fn is_read(want: &str) -> bool {
    !matches!(want, "UnknownForm" | "NoName" | "Message")
}

/// The lines of a table that the dialect reads, as one listing.
fn listing(table: Table) -> (Vec<u8>, Vec<&'static str>) {
    let lines = || table.iter().filter(|(_, want)| is_read(want));
    let bytes = lines()
        .flat_map(|(line, _)| [line, "\r\n"])
        .collect::<String>();
    (bytes.into_bytes(), lines().map(|(_, want)| *want).collect())
}

fn shown(line: &Line) -> String {
    match line {
        Line::Entry(entry) => table::show(&Ok(entry.clone())),
        Line::Skipped { reason, .. } => format!("{reason:?}"),
        Line::Unparsed { reason, .. } => format!("{reason:?}"),
    }
}

#[test]
fn every_dialect_has_a_table() {
    let tables: Vec<_> = TABLES.iter().map(|(dialect, _)| *dialect).collect();
    let known: Vec<_> = Dialect::ALL.to_vec();
    assert_eq!(tables.len(), known.len());
    assert!(known.iter().all(|dialect| tables.contains(dialect)));
}

#[test]
fn a_whole_listing_is_read_in_its_dialect() {
    for (dialect, table) in thin(TABLES, 8) {
        let (bytes, want) = listing(table);
        let mut parser = Parser::new(None, table::today());
        parser.push(&bytes);
        parser.finish();
        let lines: Vec<_> = core::iter::from_fn(|| parser.next_line()).collect();
        assert_eq!(parser.dialect(), Some(dialect));
        assert_eq!(lines.len(), want.len());
        for (line, want) in lines.iter().zip(want) {
            assert!(shown(line).starts_with(want), "{dialect}: {line:?}, {want}");
            if let Line::Entry(entry) = line {
                assert_eq!(entry.dialect(), Some(dialect), "{line:?}");
            }
        }
    }
}

#[test]
fn an_empty_directory_of_vms_has_a_heading() {
    let lines = parse(b"Directory DISK$USER:[ANNA]\r\n\r\n", table::today());
    let lines: Vec<_> = lines.iter().map(shown).collect();
    assert_eq!(lines, ["Heading", "Blank"]);
}

#[test]
fn a_line_alone_tells_its_dialect() {
    // What goes on with another line, or is one of a table only under its heading.
    let needs_another = |line: &str, want: &str| {
        let under = ["BARE", "         00", "8  15-JUN"];
        !want.contains(' ') || under.iter().any(|with| line.starts_with(with))
    };
    let mut alone = 0;
    for (dialect, table) in TABLES {
        let mut before = "";
        for (line, want) in table {
            let goes_on = core::mem::replace(&mut before, want) == "Continued";
            if goes_on || !is_read(want) || needs_another(line, want) {
                continue;
            }
            alone += 1;
            if alone % size(1, 17) != 0 {
                continue;
            }
            match &parse(line.as_bytes(), table::today())[..] {
                [Line::Entry(entry)] => assert_eq!(entry.dialect(), Some(dialect), "{line}"),
                lines => panic!("{line}: {lines:?}"),
            }
        }
    }
}

/// What a dialect may make entries of that belongs to another one, and why it does no harm.
#[rustfmt::skip]
const OVERLAPS: [(Dialect, Dialect, &str); 5] = [
    (Dialect::Mlsx, Dialect::Vms, "a line without facts begins with a blank, and has no points"),
    (Dialect::Mlsx, Dialect::Mvs, "the same"),
    (Dialect::Mlsx, Dialect::Os2, "the same"),
    (Dialect::Mlsx, Dialect::VxWorks, "the same"),
    (Dialect::Unix, Dialect::MacOs, "the columns pass for others; that of Mac OS has more points"),
];

#[test]
fn no_dialect_reads_the_lines_of_another() {
    let mut unused = OVERLAPS.map(|(reader, of, _)| (reader, of)).to_vec();
    for (of, table) in TABLES {
        let mut own = of.reader();
        let mut others: Vec<_> = Dialect::ALL
            .iter()
            .map(|other| (*other, other.reader()))
            .collect();
        let lines = table.iter().filter(|(_, want)| is_read(want));
        for (line, _) in thin(lines, 15) {
            let line = Bytes::from_static(line.as_bytes());
            let weight = match own.read(&line, &table::context()) {
                Ok(_) => own.weight(&line),
                Err(_) => Weight::FORM,
            };
            for (other, reader) in others.iter_mut().filter(|(other, _)| *other != of) {
                if reader.read(&line, &table::context()).is_ok() {
                    let known = OVERLAPS.iter().any(|(r, o, _)| (*r, *o) == (*other, of));
                    assert!(known, "{other} reads {line:?} of {of}");
                    assert!(
                        reader.weight(&line) < weight,
                        "{other} reads {line:?} of {of}"
                    );
                    unused.retain(|pair| *pair != (*other, of));
                }
            }
        }
    }
    // Not each is met by so few lines.
    if !cfg!(miri) {
        assert_eq!(unused, [], "these overlaps are gone");
    }
}

/// A line of some table, or the start of one and the end of another, with a byte changed.
fn line() -> impl Strategy<Value = Vec<u8>> {
    let lines: Vec<&[u8]> = TABLES
        .iter()
        .flat_map(|(_, table)| table.iter().map(|(line, _)| line.as_bytes()))
        .collect();
    let one = || proptest::sample::select(lines.clone());
    let cut = (one(), 0usize..60, one(), 0usize..60);
    let cut = cut.prop_map(|(start, to, end, from)| {
        [&start[..to.min(start.len())], &end[from.min(end.len())..]].concat()
    });
    let whole = one().prop_map(<[u8]>::to_vec);
    (
        prop_oneof![whole, cut],
        0usize..60,
        any::<u8>(),
        any::<bool>(),
    )
        .prop_map(|(mut line, at, byte, change)| {
            if let Some(old) = line.get_mut(at).filter(|_| change) {
                *old = byte;
            }
            line
        })
}

proptest! {
    #[test]
    fn lines_of_all_dialects_in_any_pieces_give_the_same(
        lines in proptest::collection::vec(line(), 0..size(30, 5)),
        dialect in proptest::option::of(proptest::sample::select(Dialect::ALL)),
        piece in 1usize..50,
    ) {
        let bytes = lines.join(&b"\r\n"[..]);
        let read = |pieces: &mut dyn Iterator<Item = &[u8]>| {
            let mut parser = Parser::new(dialect, table::today());
            let mut read = vec![];
            for piece in pieces {
                parser.push(piece);
                read.extend(core::iter::from_fn(|| parser.next_line()));
            }
            parser.finish();
            read.extend(core::iter::from_fn(|| parser.next_line()));
            read
        };
        let whole = read(&mut core::iter::once(&bytes[..]));
        prop_assert_eq!(&whole, &read(&mut bytes.chunks(piece)));
        let ends = bytes.iter().filter(|b| **b == b'\n').count();
        let open = usize::from(!bytes.is_empty() && !bytes.ends_with(b"\n"));
        prop_assert_eq!(whole.len(), ends + open);
        for line in &whole {
            if let Line::Entry(entry) = line {
                prop_assert!(!entry.name().as_bytes().is_empty());
            }
        }
    }
}

#[test]
fn long_lines_are_read_by_all() {
    let long = |part: &str| part.repeat(size(16 * 1024, 96) / part.len());
    let parts = [
        " ",
        "a",
        "1",
        "-",
        "[",
        "(",
        "\"",
        "*",
        "/",
        ".",
        ":",
        ",",
        "[, ",
        "(, ",
        "^",
        "^ ",
        ";1 ",
        "a;",
        "RSHA ",
        "DIR ",
        "A;1 [",
        "+,",
        "1/",
        "A ",
        "A 1 ",
        "1 A ",
        "2024/06/14 ",
        "\"\" ",
        "PO ",
        "%A-E-",
    ];
    for (number, part) in parts.iter().enumerate() {
        let prefixes = [
            "",
            "A;1 ",
            "0 ",
            "ANNA ",
            "d [RWCEAFMS] ",
            "+",
            "-rw-r--r-- ",
            "VOL001 3390 ",
        ];
        for prefix in thin(prefixes.iter().cycle().skip(number).take(8), 8) {
            let line = Bytes::from(format!("{prefix}{}", long(part)));
            for dialect in thin(Dialect::ALL.iter().skip(size(0, number % 4)), 4) {
                let mut reader = dialect.reader();
                for _ in 0..2 {
                    if let Ok(mut entry) = reader.read(&line, &table::context()) {
                        entry.stand(&line, 0, line.len());
                        assert!(entry.name().as_bytes().len() < line.len());
                    }
                }
            }
        }
    }
}
