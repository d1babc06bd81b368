//! How often reading a command and writing a reply ask for memory: once at most for a command
//! with an argument, not at all without one. A line of a listing asks for none.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use allocation_counter::measure;
use bytes::BytesMut;
use ftpkit_proto::{
    Code, Command, Reply,
    listing::{Dialect, Line, Parser},
    time::Civil,
};

fn allocations(line: &str) -> u64 {
    measure(|| {
        let command = Command::parse(line.as_bytes());
        assert!(std::hint::black_box(&command).is_ok(), "{line}");
    })
    .count_total
}

#[test]
fn a_command_without_an_argument_allocates_nothing() {
    for line in [
        "CWD",
        "CDUP",
        "REIN",
        "QUIT",
        "PASV",
        "STOU",
        "ABOR",
        "PWD",
        "LIST",
        "NLST",
        "SITE HELP",
        "SYST",
        "STAT",
        "HELP",
        "NOOP",
        "CCC",
        "FEAT",
        "EPSV",
        "LPSV",
        "LANG",
        "MLST",
        "MLSD",
        "AVBL",
        "SSCN",
        "CPSV",
        "XPWD",
        "pwd ",
    ] {
        assert_eq!(allocations(line), 0, "{line}");
    }
}

#[test]
fn numbers_letters_and_addresses_allocate_nothing() {
    for line in [
        "TYPE I",
        "TYPE A N",
        "STRU F",
        "MODE S",
        "PROT P",
        "PBSZ 0",
        "REST 4096",
        "ALLO 10 R 20",
        "RANG 0 9",
        "PORT 192,0,2,1,4,1",
        "EPRT |1|192.0.2.1|1025|",
        "EPRT |2|2001:db8::1|1025|",
        "EPSV 2",
        "EPSV ALL",
        "OPTS UTF8 OFF",
        "OPTS HASH SHA-256",
        "SSCN ON",
    ] {
        assert_eq!(allocations(line), 0, "{line}");
    }
}

#[test]
fn an_argument_is_copied_once() {
    for line in [
        "USER anna",
        "PASS secret",
        "ACCT x",
        "CWD /a/b",
        "RETR some/path.txt",
        "STOR some/path.txt",
        "APPE a",
        "RNFR a",
        "RNTO a b",
        "MKD a",
        "LIST -la",
        "NLST *.txt",
        "SITE CHMOD 644 a b",
        "SITE UTIME 20240615120000 a",
        "SITE CPFR a",
        "SITE PSWD x",
        "STAT a",
        "HELP RETR",
        "AUTH TLS",
        "OPTS MLST type;size;",
        "LANG en",
        "MDTM a",
        "SIZE a",
        "MLSD a",
        "HOST ftp.example",
        "MFMT 20240615120000 a",
        "MFF Modify=20240615120000; a",
        "HASH a",
        "XCRC a b",
        "XCRC a 0 10",
        "CLNT x",
        "CSID Name=x;",
        "AVBL a",
        "XFOO a b",
    ] {
        assert_eq!(allocations(line), 1, "{line}");
    }
}

/// Names in quotes are put together, and commands of several names keep each of them.
#[test]
fn several_names_are_copied_once_each() {
    for (line, most) in [
        ("LIST -la a", 2),
        ("SITE COPY a b", 2),
        ("SITE SYMLINK a b", 2),
        ("PRET RETR a", 2),
        ("MFF UNIX.owner=a;UNIX.group=b; c", 3),
        ("XCRC \"a b\" 0 10", 2),
        ("MMD5 a, b", 4),
        ("COMB a b c", 5),
    ] {
        let count = allocations(line);
        assert!(count <= most, "{line}: {count}");
    }
}

#[test]
fn a_line_that_is_refused_costs_nothing() {
    for line in [
        "",
        "RETR",
        "REST x",
        "PORT 1,2,3",
        "RETR a\0b",
        "TYPE X",
        "  ",
    ] {
        let count = measure(|| {
            assert!(Command::parse(line.as_bytes()).is_err());
        })
        .count_total;
        assert_eq!(count, 0, "{line:?}");
    }
}

#[test]
fn a_reply_is_written_into_what_is_there() {
    let mut out = BytesMut::with_capacity(256);
    let count = measure(|| {
        Reply::new(Code::TRANSFER_COMPLETE, "Transfer complete.").encode(&mut out);
    })
    .count_total;
    assert_eq!(count, 0);
    assert_eq!(out, "226 Transfer complete.\r\n");
}

/// Only what was pushed and the guess at the dialect take memory, however many lines there are.
#[test]
fn a_line_of_a_listing_allocates_nothing() {
    for (dialect, line) in [
        (
            Dialect::Unix,
            "-rw-r--r--   1 anna users  1234 Jun 15 12:00 a b.txt\r\n",
        ),
        (
            Dialect::Unix,
            "-rw-r--r--   1 anna Domain Users  1234 15. Juni 2023 a b.txt\r\n",
        ),
        (
            Dialect::Dos,
            "06-15-24  12:00PM                 1234 a b.txt\r\n",
        ),
        (
            Dialect::Mlsx,
            "type=file;size=1234;modify=20240615120000;perm=rw;unix.ownername=anna; a b.txt\r\n",
        ),
    ] {
        let today = Civil::date(2024, 6, 16).unwrap();
        let counts = [100, 10_000].map(|lines| {
            let listing = line.repeat(lines);
            measure(|| {
                let mut parser = Parser::new(None, today);
                parser.push(listing.as_bytes());
                parser.finish();
                let mut entries = 0;
                while let Some(Line::Entry(entry)) = parser.next_line() {
                    assert_eq!(entry.dialect(), Some(dialect));
                    entries += 1;
                }
                assert_eq!(entries, lines);
            })
            .count_total
        });
        assert_eq!(counts[0], counts[1], "{line}");
    }
}

/// Where no line is kept, what was read makes room for what comes.
#[test]
fn a_listing_in_pieces_takes_the_memory_of_a_few() {
    let today = Civil::date(2024, 6, 16).unwrap();
    let line = "type=file;size=1234;modify=20240615120000; a b.txt\r\n";
    let counts = [20, 2_000].map(|pieces| {
        let piece = line.repeat(100);
        // Lines lie across the pieces.
        let (start, end) = piece.split_at(13);
        measure(|| {
            let mut parser = Parser::new(None, today);
            let mut entries = 0;
            for at in 0..=pieces {
                parser.push(if at > 0 { end.as_bytes() } else { b"" });
                parser.push(if at < pieces { start.as_bytes() } else { b"" });
                while let Some(Line::Entry(entry)) = parser.next_ref() {
                    assert_eq!(entry.name_bytes(), b"a b.txt");
                    entries += 1;
                }
            }
            assert_eq!(entries, 100 * pieces);
        })
        .count_total
    });
    assert_eq!(counts[0], counts[1]);
}
