//! Names cross the wire as they are, byte for byte, in commands, replies, listings and URLs
//! (RFC 2640): UTF-8 is recommended to peers and demanded of none.

use bytes::BytesMut;
use ftpkit_proto::{
    Code, Command, PathArg, Reply, Text,
    facts::{FactSet, Facts},
    listing::{self, Dialect, Line, Parser, format},
    reply::{ReplyReader, fields},
    time::{Civil, Timestamp},
    url::Url,
    wire::{Framed, Framer},
};

/// Names that a careless hand would change.
const NAMES: &[&[u8]] = &[
    b"plain.txt",
    b"with blanks  inside",
    b" blank in front",
    b"blank behind ",
    b"\ttab\t",
    // UTF-8: composed and decomposed, beyond the basic plane, right to left, a byte order mark.
    "caf\u{e9}".as_bytes(),
    "cafe\u{301}".as_bytes(),
    "\u{1f600}\u{65e5}\u{672c}".as_bytes(),
    "\u{202e}gpj.exe".as_bytes(),
    "\u{feff}bom".as_bytes(),
    // No UTF-8: Latin-1, Shift JIS, an overlong form, half a character, a surrogate.
    b"caf\xe9",
    b"\x93\xfa\x96\x7b",
    b"\xc0\xaf",
    b"cut \xe2\x82",
    b"\xed\xa0\x80",
    // Telnet's own bytes.
    b"\xff",
    b"a\xff\xff\xf4\xff\xf2b",
    b"\xff\xfb\x01",
    // What the grammars around a name use.
    b"a;b=c; d",
    b"say \"hi\"",
    b"a,b",
    b"100% #1 ?x",
    b"a\\b",
    b"\x01\x1b[2J\x7f",
];

/// The lines that these bytes give, cut at every place, which must not matter.
fn lines(wire: &[u8]) -> Vec<Vec<u8>> {
    let read = |pieces: &[&[u8]]| {
        let mut framer = Framer::new(4096);
        let mut lines = Vec::new();
        for piece in pieces {
            framer.push(piece);
            while let Some(Framed::Line(line)) = framer.next_line() {
                lines.push(line.to_vec());
            }
        }
        assert!(framer.drained().is_some());
        lines
    };
    let whole = read(&[wire]);
    // Under miri, which is slow, at a few.
    let step = if cfg!(miri) { 11 } else { 1 };
    for at in (0..=wire.len()).step_by(step) {
        let (a, b) = wire.split_at(at);
        assert_eq!(read(&[a, b]), whole, "{}", wire.escape_ascii());
    }
    whole
}

#[test]
fn in_commands() {
    for name in NAMES {
        let path = PathArg::try_from(*name).expect("a name");
        let mut wire = BytesMut::new();
        Command::Retr(path.clone()).encode(&mut wire);
        let [line] = &lines(&wire)[..] else {
            panic!("{path}: one line")
        };
        assert_eq!(Command::parse(line), Ok(Command::Retr(path)));
    }
}

#[test]
fn in_replies() {
    for name in NAMES {
        let doubled = name
            .split(|b| *b == b'"')
            .collect::<Vec<_>>()
            .join(&b"\"\""[..]);
        let text = [b"\"", &doubled[..], b"\" created"].concat();
        let reply = Reply::with_text(Code::PATH, Text::new(text).expect("a text"));
        let mut reader = ReplyReader::new(4096, false);
        let found: Vec<_> = lines(&reply.to_bytes())
            .iter()
            .map(|line| reader.push_line(line))
            .collect();
        assert_eq!(found, [Ok(Some(reply.clone()))]);
        let path = fields::path(&reply).expect("a path");
        assert_eq!(path.as_bytes(), *name);
    }
}

#[test]
fn in_listings() {
    let today = Civil::date(2024, 6, 15).expect("a day");
    let now = Timestamp::from_civil(today);
    let facts = Facts::file(5).modified_at(now).with_mode(0o644);
    for (dialect, write) in [
        (Dialect::Mlsx, mlsx as fn(&mut BytesMut, &[u8], &Facts)),
        (Dialect::Unix, long),
    ] {
        let mut wire = BytesMut::new();
        for name in NAMES {
            write(&mut wire, name, &facts);
        }
        let names = |lines: Vec<Line>| -> Vec<Vec<u8>> {
            let entries = lines.into_iter().map(|line| line.into_entry());
            entries
                .map(|entry| entry.expect("an entry").name().as_bytes().to_vec())
                .collect()
        };
        assert_eq!(names(listing::parse(&wire, today)), NAMES, "{dialect}");
        let mut parser = Parser::new(None, today);
        let mut bytewise = Vec::new();
        for byte in &wire {
            parser.push(&[*byte]);
            bytewise.extend(std::iter::from_fn(|| parser.next_line()));
        }
        parser.finish();
        bytewise.extend(std::iter::from_fn(|| parser.next_line()));
        assert_eq!(names(bytewise), NAMES, "{dialect}");
    }
}

fn mlsx(out: &mut BytesMut, name: &[u8], facts: &Facts) {
    assert!(format::facts(out, name, facts, FactSet::ALL));
}

fn long(out: &mut BytesMut, name: &[u8], facts: &Facts) {
    let now = facts.modified.expect("a time");
    assert!(format::long(out, name, facts, now));
}

#[test]
fn in_urls() {
    for name in NAMES {
        let encoded: String = name.iter().map(|byte| format!("%{byte:02x}")).collect();
        let url: Url = format!("ftp://h/{encoded}").parse().expect("a URL");
        assert_eq!(url.path().map(PathArg::as_bytes), Some(*name));
        let again: Url = url.to_string().parse().expect("what prints reads");
        assert_eq!(again, url);
    }
}
