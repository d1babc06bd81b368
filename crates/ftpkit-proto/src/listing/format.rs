//! The server's side of listings: one line a call, appended to a buffer.
//!
//! LIST has no standard; clients expect `ls -l` with English months. MLSx is RFC 3659 sec. 7.

use bytes::{BufMut, BytesMut};

use crate::{
    facts::{FactSet, Facts, Kind},
    text::Text,
    time::Timestamp,
};

const MONTHS: [&[u8; 3]; 12] = [
    b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec",
];
/// Half a mean year: what is older shows its year instead of its time.
const RECENT: i64 = 31_556_952 / 2;
/// The longest line without its names.
const FIXED: usize = 128;

/// Appends a line of LIST, like that of `ls -l`, ended by CRLF.
///
/// A time within the half year before `now` shows the minute, any other the year, both in
/// UTC. What is unknown gets a usual value: mode 644 (755 for directories, 777 for links),
/// owner and group `ftp`, size 0, the start of 1970. A link shows its target if it is known.
///
/// Gives `false` and appends nothing if the name is empty or holds CR, LF or NUL: such a name
/// would forge lines, and no client could ask for it.
///
/// ```
/// use bytes::BytesMut;
/// use ftpkit_proto::{facts::Facts, listing::format, time::Timestamp};
/// let now = Timestamp::parse_time_val(b"20240615120000").unwrap();
/// let mut out = BytesMut::new();
/// assert!(format::long(&mut out, b"a b.txt", &Facts::file(42).modified_at(now), now));
/// assert_eq!(
///     &out[..],
///     b"-rw-r--r--    1 ftp      ftp                42 Jun 15 12:00 a b.txt\r\n"
/// );
/// ```
#[must_use]
pub fn long(out: &mut BytesMut, name: &[u8], facts: &Facts, now: Timestamp) -> bool {
    if !fits_a_line(name) {
        return false;
    }
    let text = |text: &Option<Text>| text.as_ref().map_or(0, |text| text.as_bytes().len());
    out.reserve(FIXED + name.len() + text(&facts.owner) + text(&facts.group) + text(&facts.target));
    mode_string(out, facts);
    out.put_u8(b' ');
    right(out, facts.links.unwrap_or(1), 4);
    out.put_u8(b' ');
    column(out, facts.owner.as_ref());
    column(out, facts.group.as_ref());
    right(out, facts.size.unwrap_or(0), 12);
    out.put_u8(b' ');
    date(out, facts.modified, now);
    out.put_u8(b' ');
    out.put_slice(name);
    if let (Some(Kind::Symlink), Some(target)) = (facts.kind, &facts.target) {
        out.put_slice(b" -> ");
        out.put_slice(target.as_bytes());
    }
    out.put_slice(b"\r\n");
    true
}

/// Appends a line of NLST: the name, ended by CRLF.
///
/// Gives `false` and appends nothing for a name that [`long`] refuses.
#[must_use]
pub fn name(out: &mut BytesMut, name: &[u8]) -> bool {
    if !fits_a_line(name) {
        return false;
    }
    out.reserve(name.len() + 2);
    out.put_slice(name);
    out.put_slice(b"\r\n");
    true
}

/// Appends a line of MLSD: those of the `wanted` facts that are known, and the name, ended by
/// CRLF.
///
/// Times go without their fraction, which not every client reads. A directory's `size` is left
/// out, since it is not what RFC 3659 means by it.
///
/// Gives `false` and appends nothing for a name that [`long`] refuses.
///
/// ```
/// use bytes::BytesMut;
/// use ftpkit_proto::{facts::{Facts, FactSet}, listing::format};
/// let mut out = BytesMut::new();
/// assert!(format::facts(&mut out, b"a b.txt", &Facts::file(42), FactSet::ALL));
/// assert_eq!(&out[..], b"type=file;size=42; a b.txt\r\n");
/// ```
#[must_use]
pub fn facts(out: &mut BytesMut, name: &[u8], facts: &Facts, wanted: FactSet) -> bool {
    if !entry(out, name, facts, wanted) {
        return false;
    }
    out.put_slice(b"\r\n");
    true
}

/// The line of MLST: like [`facts`], but without an end and the space at its start, as a
/// middle line of a [`Reply`](crate::Reply) wants it.
#[must_use]
pub fn facts_text(name: &[u8], facts: &Facts, wanted: FactSet) -> Option<Text> {
    let mut out = BytesMut::new();
    if !entry(&mut out, name, facts, wanted) {
        return None;
    }
    Text::new(out).ok()
}

/// Appends what stands before a directory's lines in a recursive LIST: its path with a colon,
/// after an empty line unless it is the first.
///
/// Gives `false` and appends nothing for a path that [`long`] would refuse as a name.
#[must_use]
pub fn heading(out: &mut BytesMut, path: &[u8], first: bool) -> bool {
    if !fits_a_line(path) {
        return false;
    }
    out.reserve(path.len() + 5);
    if !first {
        out.put_slice(b"\r\n");
    }
    out.put_slice(path);
    out.put_slice(b":\r\n");
    true
}

fn fits_a_line(name: &[u8]) -> bool {
    !name.is_empty() && !name.iter().any(|b| matches!(b, b'\r' | b'\n' | 0))
}

fn mode_string(out: &mut BytesMut, facts: &Facts) {
    let (letter, usual) = match facts.kind {
        Some(Kind::Directory | Kind::Current | Kind::Parent) => (b'd', 0o755),
        Some(Kind::Symlink) => (b'l', 0o777),
        Some(Kind::File | Kind::Other) | None => (b'-', 0o644),
    };
    let mode = facts.mode.unwrap_or(usual);
    let mut text = [letter; 10];
    let mut bit = 0o400;
    for (slot, allowed) in text.iter_mut().skip(1).zip(b"rwxrwxrwx") {
        *slot = if mode & bit != 0 { *allowed } else { b'-' };
        bit >>= 1;
    }
    // A special bit takes the place of its triple's x: small where x is set too.
    for (special, place, letter) in [(0o4000, 3, b's'), (0o2000, 6, b's'), (0o1000, 9, b't')] {
        if mode & special != 0 {
            if let Some(slot) = text.get_mut(place) {
                *slot = if *slot == b'x' {
                    letter
                } else {
                    letter.to_ascii_uppercase()
                };
            }
        }
    }
    out.put_slice(&text);
}

/// An owner or group, eight wide, blanks in it replaced: they would shift the columns.
fn column(out: &mut BytesMut, name: Option<&Text>) {
    let name = match name.map(Text::as_bytes) {
        None | Some([]) => b"ftp",
        Some(name) => name,
    };
    if name.iter().any(u8::is_ascii_whitespace) {
        for byte in name {
            out.put_u8(if byte.is_ascii_whitespace() {
                b'_'
            } else {
                *byte
            });
        }
    } else {
        out.put_slice(name);
    }
    let blanks = 8usize.saturating_sub(name.len()) + 1;
    out.put_bytes(b' ', blanks);
}

/// A number, right in a column this wide (at most 20).
fn right(out: &mut BytesMut, mut number: u64, width: usize) {
    let mut text = [b' '; 20];
    let mut used = 0;
    for slot in text.iter_mut().rev() {
        // Cannot truncate: a digit.
        *slot = b'0' + (number % 10) as u8;
        number /= 10;
        used += 1;
        if number == 0 {
            break;
        }
    }
    let start = text.len() - used.max(width).min(text.len());
    out.put_slice(text.get(start..).unwrap_or_default());
}

fn two(number: u8) -> [u8; 2] {
    [b'0' + number / 10 % 10, b'0' + number % 10]
}

/// `Jun 15 12:00` for what is recent, `Jun 15  2023` for the rest.
fn date(out: &mut BytesMut, time: Option<Timestamp>, now: Timestamp) {
    let Some(time) = time else {
        return out.put_slice(b"Jan  1  1970");
    };
    let civil = time.civil();
    let mut text = *b"Mon  0  0000";
    let [m0, m1, m2, _, d0, d1, _, rest @ ..] = &mut text;
    let month = MONTHS
        .get(usize::from(civil.month()) - 1)
        .copied()
        .unwrap_or(b"Jan");
    [*m0, *m1, *m2] = *month;
    [*d0, *d1] = two(civil.day());
    if *d0 == b'0' {
        *d0 = b' ';
    }
    let age = now.unix_seconds() - time.unix_seconds();
    *rest = if (0..RECENT).contains(&age) {
        let [h0, h1] = two(civil.hour());
        let [n0, n1] = two(civil.minute());
        [h0, h1, b':', n0, n1]
    } else {
        let [y0, y1] = two((civil.year() / 100) as u8);
        let [y2, y3] = two((civil.year() % 100) as u8);
        [b' ', y0, y1, y2, y3]
    };
    out.put_slice(&text);
}

/// `fact=value;fact=value; name`
fn entry(out: &mut BytesMut, name: &[u8], facts: &Facts, wanted: FactSet) -> bool {
    if !fits_a_line(name) {
        return false;
    }
    let text = |text: &Option<Text>| text.as_ref().map_or(0, |text| text.as_bytes().len());
    out.reserve(
        2 * FIXED
            + name.len()
            + text(&facts.unique)
            + text(&facts.owner)
            + text(&facts.group)
            + text(&facts.target),
    );
    if let (true, Some(kind)) = (wanted.contains(FactSet::TYPE), facts.kind) {
        put_kind(out, kind, facts.target.as_ref());
    }
    let directory = facts.kind.is_some_and(Kind::is_directory);
    if let (true, Some(size), false) = (wanted.contains(FactSet::SIZE), facts.size, directory) {
        out.put_slice(b"size=");
        right(out, size, 0);
        out.put_u8(b';');
    }
    for (fact, head, time) in [
        (FactSet::MODIFY, &b"modify="[..], facts.modified),
        (FactSet::CREATE, b"create=", facts.created),
    ] {
        if let (true, Some(time)) = (wanted.contains(fact), time) {
            out.put_slice(head);
            time.whole_seconds().write_time_val(out);
            out.put_u8(b';');
        }
    }
    if let (true, Some(perm)) = (wanted.contains(FactSet::PERM), facts.perm) {
        out.put_slice(b"perm=");
        for letter in perm.letters() {
            out.put_u8(letter);
        }
        out.put_u8(b';');
    }
    if let (true, Some(mode)) = (wanted.contains(FactSet::UNIX_MODE), facts.mode) {
        out.put_slice(b"UNIX.mode=");
        for shift in [9, 6, 3, 0] {
            out.put_u8(b'0' + (mode >> shift & 7) as u8);
        }
        out.put_u8(b';');
    }
    for (fact, head, value) in [
        (FactSet::UNIQUE, &b"unique="[..], &facts.unique),
        (FactSet::UNIX_OWNER, b"UNIX.owner=", &facts.owner),
        (FactSet::UNIX_GROUP, b"UNIX.group=", &facts.group),
    ] {
        if let (true, Some(value)) = (wanted.contains(fact), value) {
            // A value that would end the fact, or all facts, is not told at all.
            if !value.as_bytes().iter().any(|b| matches!(b, b';' | b' ')) {
                out.put_slice(head);
                out.put_slice(value.as_bytes());
                out.put_u8(b';');
            }
        }
    }
    out.put_u8(b' ');
    out.put_slice(name);
    true
}

fn put_kind(out: &mut BytesMut, kind: Kind, target: Option<&Text>) {
    let target = target.map_or(&b""[..], Text::as_bytes);
    out.put_slice(match kind {
        Kind::File => b"type=file;",
        Kind::Directory => b"type=dir;",
        Kind::Current => b"type=cdir;",
        Kind::Parent => b"type=pdir;",
        Kind::Other => b"type=OS.unix=other;",
        Kind::Symlink if target.is_empty() || target.contains(&b';') => b"type=OS.unix=symlink;",
        Kind::Symlink => b"type=OS.unix=slink:",
    });
    if kind == Kind::Symlink && !target.is_empty() && !target.contains(&b';') {
        out.put_slice(target);
        out.put_u8(b';');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Perm;
    use proptest::prelude::*;
    use std::{string::String, vec::Vec};

    fn at(time_val: &str) -> Timestamp {
        Timestamp::parse_time_val(time_val.as_bytes()).unwrap()
    }

    fn text(bytes: &str) -> Text {
        Text::try_from(bytes).unwrap()
    }

    fn long_line(name: &str, facts: &Facts) -> String {
        let mut out = BytesMut::new();
        assert!(long(&mut out, name.as_bytes(), facts, at("20240615120000")));
        String::from_utf8(out.to_vec()).unwrap()
    }

    #[test]
    fn long_lines() {
        let mut device = Facts::of(Kind::Other).with_mode(0o600);
        device.links = Some(12345);
        let file = |time| Facts::file(7).modified_at(at(time));
        for (name, facts, want) in [
            (
                "x",
                Facts::default(),
                "-rw-r--r--    1 ftp      ftp                 0 Jan  1  1970 x",
            ),
            (
                " a  b ",
                file("20240615120000"),
                "-rw-r--r--    1 ftp      ftp                 7 Jun 15 12:00  a  b ",
            ),
            (
                "x",
                file("20240615120001"),
                "-rw-r--r--    1 ftp      ftp                 7 Jun 15  2024 x",
            ),
            (
                "x",
                file("20231231000000"),
                "-rw-r--r--    1 ftp      ftp                 7 Dec 31 00:00 x",
            ),
            (
                "x",
                file("20231201000000"),
                "-rw-r--r--    1 ftp      ftp                 7 Dec  1  2023 x",
            ),
            (
                "x",
                file("00000229235959"),
                "-rw-r--r--    1 ftp      ftp                 7 Feb 29  0000 x",
            ),
            (
                "ä",
                Facts::directory(),
                "drwxr-xr-x    1 ftp      ftp                 0 Jan  1  1970 ä",
            ),
            (
                ".",
                Facts::of(Kind::Current),
                "drwxr-xr-x    1 ftp      ftp                 0 Jan  1  1970 .",
            ),
            (
                "l",
                Facts::symlink(text("../a b")),
                "lrwxrwxrwx    1 ftp      ftp                 0 Jan  1  1970 l -> ../a b",
            ),
            (
                "l",
                Facts::of(Kind::Symlink),
                "lrwxrwxrwx    1 ftp      ftp                 0 Jan  1  1970 l",
            ),
            (
                "d",
                device,
                "-rw------- 12345 ftp      ftp                 0 Jan  1  1970 d",
            ),
            (
                "x",
                Facts::file(u64::MAX),
                "-rw-r--r--    1 ftp      ftp      18446744073709551615 Jan  1  1970 x",
            ),
            (
                "x",
                Facts::file(1).owned_by(text("domain users"), text("a-long-group")),
                "-rw-r--r--    1 domain_users a-long-group            1 Jan  1  1970 x",
            ),
        ] {
            assert_eq!(long_line(name, &facts), String::from(want) + "\r\n");
        }
    }

    #[test]
    fn modes() {
        for (mode, want) in [
            (0o000, "----------"),
            (0o777, "-rwxrwxrwx"),
            (0o4755, "-rwsr-xr-x"),
            (0o4644, "-rwSr--r--"),
            (0o2755, "-rwxr-sr-x"),
            (0o2745, "-rwxr-Sr-x"),
            (0o1777, "-rwxrwxrwt"),
            (0o1776, "-rwxrwxrwT"),
            (0o7421, "-r-S-wS--t"),
        ] {
            let line = long_line("x", &Facts::file(0).with_mode(mode));
            assert_eq!(line.split(' ').next(), Some(want));
        }
    }

    #[test]
    fn lines_of_facts() {
        let mut all = Facts::file(42)
            .modified_at(Timestamp::from_unix(1_718_452_800, 5).unwrap())
            .with_mode(0o1640)
            .owned_by(text("me"), text("us"));
        all.created = Some(at("20000101000000"));
        all.perm = Some(Perm::APPEND | Perm::DELETE | Perm::STORE);
        all.unique = Some(text("fd00g1f2"));
        let mut dir = Facts::directory().owned_by(text("a;b"), text("c d"));
        dir.size = Some(4096);
        dir.perm = Some(Perm::EMPTY);
        for (facts, wanted, want) in [
            (
                &all,
                FactSet::ALL,
                "type=file;size=42;modify=20240615120000;create=20000101000000;perm=adw;UNIX.mode=1640;unique=fd00g1f2;UNIX.owner=me;UNIX.group=us; a; b",
            ),
            (
                &all,
                FactSet::SIZE | FactSet::TYPE,
                "type=file;size=42; a; b",
            ),
            (&all, FactSet::EMPTY, " a; b"),
            (&dir, FactSet::ALL, "type=dir;perm=; a; b"),
            (&Facts::default(), FactSet::ALL, " a; b"),
            (
                &Facts::symlink(text("/x y")),
                FactSet::ALL,
                "type=OS.unix=slink:/x y; a; b",
            ),
            (
                &Facts::symlink(text("x;y")),
                FactSet::ALL,
                "type=OS.unix=symlink; a; b",
            ),
            (&Facts::of(Kind::Current), FactSet::ALL, "type=cdir; a; b"),
            (&Facts::of(Kind::Parent), FactSet::ALL, "type=pdir; a; b"),
        ] {
            let line = facts_text(b"a; b", facts, wanted).unwrap();
            assert_eq!(line.to_str(), Some(want));
            let mut out = BytesMut::new();
            assert!(super::facts(&mut out, b"a; b", facts, wanted));
            assert_eq!(out, [want.as_bytes(), b"\r\n"].concat());
        }
    }

    #[test]
    fn names_and_headings() {
        let mut out = BytesMut::new();
        assert!(name(&mut out, b" x "));
        assert!(heading(&mut out, b".", true));
        assert!(heading(&mut out, b"a/b", false));
        assert_eq!(&out[..], b" x \r\n.:\r\n\r\na/b:\r\n");
    }

    #[test]
    fn a_name_that_would_forge_a_line_is_left_out() {
        let mut out = BytesMut::new();
        let now = at("20240615120000");
        for evil in [&b""[..], b"a\r", b"\nb", b"a\0b", b"a\r\ntype=dir; b"] {
            assert!(!long(&mut out, evil, &Facts::default(), now));
            assert!(!name(&mut out, evil));
            assert!(!facts(&mut out, evil, &Facts::default(), FactSet::ALL));
            assert!(!heading(&mut out, evil, true));
            assert_eq!(facts_text(evil, &Facts::default(), FactSet::ALL), None);
        }
        assert!(out.is_empty());
    }

    proptest! {
        #[test]
        fn one_line_for_any_name_and_facts(
            file_name in proptest::collection::vec(any::<u8>(), 0..20),
            owner in "[^\\r\\n\\x00]{0,12}",
            size: Option<u64>,
            links: Option<u64>,
            mode: u16,
            seconds in -62_167_219_200i64..=253_402_300_799,
        ) {
            let mut known = Facts { size, links, mode: Some(mode), kind: Some(Kind::Symlink), ..Facts::default() };
            known.modified = Timestamp::from_unix(seconds, 1);
            known.owner = Some(text(&owner));
            known.group = Some(text(&owner));
            known.target = Some(text(&owner));
            let mut out = BytesMut::new();
            let taken: Vec<bool> = [
                long(&mut out, &file_name, &known, at("20240615120000")),
                name(&mut out, &file_name),
                facts(&mut out, &file_name, &known, FactSet::ALL),
            ].into();
            let lines = if taken[0] { 3 } else { 0 };
            prop_assert!(taken.iter().all(|t| *t == taken[0]));
            prop_assert_eq!(out.iter().filter(|b| **b == b'\n').count(), lines);
            prop_assert_eq!(out.iter().filter(|b| **b == b'\r').count(), lines);
        }
    }
}
