use alloc::{vec, vec::Vec};

use proptest::prelude::*;

use super::*;
use crate::effort::{size, thin};

#[derive(Clone, Debug, PartialEq, Eq)]
enum Item {
    Line(Vec<u8>),
    TooLong,
}

fn item(framed: Framed<'_>) -> Item {
    match framed {
        Framed::Line(line) => Item::Line(line.to_vec()),
        Framed::TooLong => Item::TooLong,
    }
}

fn drain(framer: &mut Framer, into: &mut Vec<Item>) {
    loop {
        let peeked = framer.peek_line().map(item);
        let next = framer.next_line().map(item);
        assert_eq!(peeked, next);
        match next {
            Some(next) => into.push(next),
            None => return,
        }
    }
}

/// The lines of `bytes`, pushed in pieces that end at `cuts`; drained after each piece or once.
fn lines(mut framer: Framer, bytes: &[u8], cuts: &[usize], eager: bool) -> (Vec<Item>, usize) {
    let mut found = Vec::new();
    let mut from = 0;
    for to in cuts.iter().copied().chain([bytes.len()]) {
        let to = to.clamp(from, bytes.len());
        framer.push(&bytes[from..to]);
        if eager {
            drain(&mut framer, &mut found);
        }
        from = to;
    }
    drain(&mut framer, &mut found);
    (found, framer.buffered())
}

fn whole(framer: Framer, bytes: &[u8]) -> Vec<Item> {
    lines(framer, bytes, &[], false).0
}

fn line(bytes: &[u8]) -> Item {
    Item::Line(bytes.to_vec())
}

#[test]
fn lines_end_in_crlf_or_lf() {
    let table: &[(&[u8], &[&[u8]])] = &[
        (b"", &[]),
        (b"a", &[]),
        (b"\r\n", &[b""]),
        (b"\n\n", &[b"", b""]),
        (b"a\r\nb\n", &[b"a", b"b"]),
        (b"a\rb\r\r\n", &[b"a\rb\r"]),
        (b"a\r\0b\r\n", &[b"a\rb"]),
        (b"a\0b\r\n", &[b"a\0b"]),
        (b"RETR \xff\xff\xff\xff\r\n", &[b"RETR \xff\xff"]),
        (b"RETR a\xffb\xff\r\n", &[b"RETR a\xffb\xff"]),
        (b"NO\xff\xf1OP\r\n", &[b"NOOP"]),
        (b"\xff\xf4\xff\xf2ABOR\r\n", &[b"ABOR"]),
        (b"\xff\xf4\xffABOR\r\n", &[b"ABOR"]),
        (b"NO\xff\xf2ABOR\r\n", &[b"ABOR"]),
        (b"\xff\xfd\x06NOOP\r\n", &[b"NOOP"]),
        (b"\xff\xfa\x18\x01\r\n\xff\xf0NOOP\r\n", &[b"NOOP"]),
    ];
    for (bytes, expected) in table {
        let expected: Vec<Item> = expected.iter().map(|l| line(l)).collect();
        assert_eq!(whole(Framer::new(0), bytes), expected, "{bytes:?}");
        assert_eq!(whole(Framer::new(64), bytes), expected, "{bytes:?}");
    }
    let raw = b"213 \xff\xf4\xff\xff\0\r\n";
    assert_eq!(
        whole(Framer::without_telnet(64), raw),
        [line(b"213 \xff\xf4\xff\xff\0")]
    );
}

#[test]
fn the_limit_counts_the_line_with_its_end() {
    for limit in thin(1..20usize, 5) {
        for length in size(0, limit.saturating_sub(3))..size(40, limit + 1) {
            for end in [&b"\n"[..], b"\r\n"] {
                let mut bytes = vec![b'x'; length];
                bytes.extend_from_slice(end);
                let fits = bytes.len() <= limit;
                bytes.extend_from_slice(b"\n");
                let mut framer = Framer::new(limit);
                framer.push(&bytes);
                let first = if fits {
                    line(&vec![b'x'; length])
                } else {
                    Item::TooLong
                };
                assert_eq!(whole(framer, b""), [first, line(b"")]);
            }
        }
    }
}

#[test]
fn an_endless_line_is_told_once_and_takes_no_memory() {
    let mut framer = Framer::new(100);
    framer.push(&[b'x'; 99]);
    assert_eq!(framer.next_line(), None);
    framer.push(b"x");
    assert_eq!(framer.next_line(), Some(Framed::TooLong));
    for _ in 0..size(1000, 8) {
        framer.push(&[b'x'; size(1000, 200)]);
        assert_eq!(framer.next_line(), None);
        assert_eq!(framer.buffered(), 0);
        assert_eq!(framer.buffer.capacity(), 0);
        assert!(framer.drained().is_none());
    }
    framer.push(b"\r\nNOOP\r\n");
    assert_eq!(framer.next_line(), Some(Framed::Line(b"NOOP")));
    assert_eq!(framer.next_line(), None);
}

#[test]
fn a_pushed_flood_is_bounded_by_the_limit_and_not_by_its_size() {
    let mut framer = Framer::new(100);
    framer.push(&vec![b'x'; size(1 << 20, 1 << 12)]);
    assert!(framer.buffered() <= 101);
}

#[test]
fn a_synch_discards_what_waits_before_it_and_nothing_behind() {
    let mut framer = Framer::new(100);
    assert!(!framer.take_synch());
    framer.push(b"STOR a\r\nSTOR b\r\nNOO\xff\xf4\xff\xf2ABOR\r\nNOOP\r\n");
    assert!(framer.take_synch());
    assert!(!framer.take_synch());
    assert_eq!(framer.next_line(), Some(Framed::Line(b"ABOR")));
    assert_eq!(framer.next_line(), Some(Framed::Line(b"NOOP")));
    assert_eq!(framer.next_line(), None);

    // Taken late, it does not reach what came behind it.
    framer.push(b"DELE a\r\n\xff\xf2");
    assert_eq!(framer.next_line(), Some(Framed::Line(b"DELE a")));
    framer.push(b"ABOR\r\n");
    framer.push(b"NOOP\r\n");
    assert!(framer.take_synch());
    assert_eq!(framer.next_line(), Some(Framed::Line(b"ABOR")));
    framer.push(b"\xff\xf2");
    assert!(framer.take_synch());
    assert_eq!(framer.next_line(), None);
    assert_eq!(framer.buffer.capacity(), 0);
}

#[test]
fn a_synch_also_ends_a_line_over_the_limit() {
    let bytes = b"xxxxxxxxxxxxxxxx\xff\xf2ABOR\r\n";
    assert_eq!(whole(Framer::new(8), bytes), [Item::TooLong, line(b"ABOR")]);
}

#[test]
fn options_are_refused_in_bounded_memory() {
    let mut framer = Framer::new(100);
    assert_eq!(framer.take_refusals(), None);
    framer.push(b"\xff\xfb\x01\xff\xfd\x03\xff\xfc\x05NOOP\r\n");
    assert_eq!(
        framer.take_refusals().as_deref(),
        Some(&b"\xff\xfe\x01\xff\xfc\x03"[..])
    );
    assert_eq!(framer.take_refusals(), None);
    for _ in 0..size(1000, REFUSALS_LIMIT) {
        framer.push(b"\xff\xfb\x01");
    }
    assert_eq!(
        framer.take_refusals().map(|b| b.len()),
        Some(REFUSALS_LIMIT)
    );
}

#[test]
fn only_an_empty_framer_is_drained() {
    let table: &[(&[u8], bool)] = &[
        (b"", true),
        (b"AUTH TLS\r\n", true),
        (b"AUTH TLS\r\nP", false),
        (b"AUTH TLS\r\nPASS x\r\n", false),
        (b"AUTH TLS\r\n\xff", false),
        (b"AUTH TLS\r\n\xff\xfb", false),
        (b"AUTH TLS\r\n\xff\xfax", false),
        (b"AUTH TLS\r\n\xff\xf1", false),
        (b"AUTH TLS\r\n\xff\xfb\x18", false),
        (b"AUTH TLS\r\n\xff\xf4\xff\xf2", false),
        (b"\xff\xf1AUTH TLS\r\n", true),
        (b"AUTH\xff\xf1 TLS\r\xff\xf1\n", true),
        (b"AUTH TLS\r\n\n", false),
        (b"AUTH TLS\r\n\r", false),
    ];
    for (bytes, drained) in table {
        let mut framer = Framer::new(100);
        framer.push(bytes);
        let _ = framer.next_line();
        assert_eq!(framer.drained().is_some(), *drained, "{bytes:?}");
        // What came before does not matter any more behind a further line.
        if framer.is_empty() && bytes.ends_with(b"\xf1") {
            framer.push(b"AUTH TLS\r\n");
            assert!(framer.next_line().is_some() && framer.drained().is_some());
        }
        framer.clear();
        assert!(framer.drained().is_some());
        framer.push(b"NOOP\r\n");
        assert_eq!(framer.next_line(), Some(Framed::Line(b"NOOP")));
    }
}

#[test]
fn what_waits_is_never_shown() {
    let mut framer = Framer::new(100);
    framer.push(b"PASS hunter2\r\n");
    assert!(!std::format!("{framer:?} {:?}", framer.peek_line()).contains("hunter"));
}

/// Bytes that are mostly made of what matters to a framer.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        4 => prop::sample::select(&b"aB \r\n\0\x01"[..]),
        4 => prop::sample::select(&[255u8, 255, 254, 253, 252, 251, 250, 249, 244, 242, 240][..]),
        2 => Just(b'\n'),
        1 => any::<u8>(),
    ];
    prop::collection::vec(byte, 0..size(80, 20))
}

proptest! {
    #[test]
    fn every_split_gives_the_same_lines(
        bytes in stream(),
        cuts in prop::collection::vec(0usize..80, 0..12),
        limit in prop_oneof![Just(0usize), 1usize..12],
        telnet: bool,
        eager: bool,
    ) {
        let framer = || if telnet { Framer::new(limit) } else { Framer::without_telnet(limit) };
        let expected = lines(framer(), &bytes, &[], false);
        let every: Vec<usize> = (0..bytes.len()).collect();
        prop_assert_eq!(&lines(framer(), &bytes, &every, eager), &expected);
        let mut cuts = cuts;
        cuts.sort_unstable();
        prop_assert_eq!(&lines(framer(), &bytes, &cuts, eager), &expected);
    }

    #[test]
    fn escaped_lines_come_back(raw in prop::collection::vec(any::<u8>(), 0..60)) {
        let raw: Vec<u8> = raw.into_iter().filter(|b| !matches!(b, b'\r' | b'\n' | 0)).collect();
        let mut wire = bytes::BytesMut::new();
        super::super::telnet::escape_into(&raw, &mut wire);
        wire.extend_from_slice(b"\r\n");
        prop_assert_eq!(whole(Framer::new(0), &wire), [line(&raw)]);
    }

    #[test]
    fn no_line_is_over_the_limit_and_memory_follows_it(bytes in stream(), limit in 1usize..12) {
        let mut framer = Framer::new(limit);
        for byte in bytes {
            framer.push(&[byte]);
            if let Some(Framed::Line(line)) = framer.next_line() {
                prop_assert!(line.len() < limit);
            }
            prop_assert!(framer.buffered() <= limit + 1);
        }
    }
}
