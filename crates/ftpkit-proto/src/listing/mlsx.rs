//! Lines of facts: `*(name "=" value ";") SP path` (RFC 3659 sec. 7.2). Facts that nobody here
//! asks for are left out.

use super::{
    Context, Dialect, Entry, Miss, ReadLine, UnparsedReason, Weight,
    entry::{Part, number, part},
    scan,
    steps::pass,
};
use crate::{
    facts::{Kind, Perm},
    text::Text,
    time::{Civil, ListedTime, Precision, Timestamp},
};

#[derive(Debug)]
pub(super) struct Mlsx;

impl ReadLine for Mlsx {
    fn read(&mut self, line: &[u8], context: &Context) -> Result<Entry, Miss> {
        let mut entry = Entry::blank();
        self.read_into(&mut entry, line, context)?;
        Ok(entry)
    }

    fn read_into(&mut self, entry: &mut Entry, line: &[u8], _: &Context) -> Result<Weight, Miss> {
        read_facts(entry, line)?;
        Ok(self.weight(line))
    }

    fn weight(&self, line: &[u8]) -> Weight {
        // A line without facts is one of MLSD, but no sign of it.
        if line.starts_with(b" ") {
            Weight::NONE
        } else {
            Weight::FORM
        }
    }
}

/// Reads one line of facts, as MLST has it too.
pub(crate) fn fact_line(line: &Text) -> Option<Entry> {
    let line = line.clone().into_bytes();
    let mut entry = Entry::blank();
    read_facts(&mut entry, &line).ok()?;
    entry.dialect = Some(Dialect::Mlsx);
    entry.stand(&line, 0, line.len());
    Some(entry)
}

fn read_facts(entry: &mut Entry, text: &[u8]) -> Result<(), Miss> {
    let mut typed = false;
    let mut at = 0;
    let name = loop {
        match text.get(at) {
            Some(b' ') => break at + 1,
            Some(_) => {}
            None => return Err(Miss::UNKNOWN),
        }
        let (fact, start) = fact(text, at).ok_or(Miss::UNKNOWN)?;
        // Nearly all are of the plain form, which is read as it is passed over.
        match fact {
            Fact::Type => {
                if let Some((kind, end)) = plain_kind(text, start) {
                    (entry.kind, entry.target) = (kind, None);
                    (typed, at) = (true, end + 1);
                    continue;
                }
            }
            Fact::Size => {
                if let Some((value, end)) = plain_number(text, start) {
                    (entry.size, at) = (Some(value), end + 1);
                    continue;
                }
            }
            Fact::Modify => {
                if let Some(time) = plain_time(text, start) {
                    (entry.modified, at) = (Some(time), start + 15);
                    continue;
                }
            }
            Fact::Mode => {
                if let Some(mode) = plain_mode(text, start) {
                    (entry.mode, at) = (Some(mode), start + 5);
                    continue;
                }
            }
            Fact::Perm => {
                if let Some((perm, end)) = plain_perm(text, start) {
                    (entry.perm, at) = (Some(perm), end + 1);
                    continue;
                }
            }
            _ => {}
        }
        let end = value_end(text, start, fact).ok_or(Miss::UNKNOWN)?;
        let value = text.get(start..end).unwrap_or_default();
        match fact {
            Fact::Type => {
                typed |= !value.is_empty();
                (entry.kind, entry.target) = kind_of(value, text);
            }
            Fact::Size => entry.size = number(value),
            Fact::Modify => entry.modified = time(value),
            Fact::Create => entry.created = time(value),
            Fact::Perm => entry.perm = Some(Perm::from_letters(value)),
            Fact::Unique => entry.unique = part(text, value),
            Fact::Mode => entry.mode = octal(value),
            Fact::OwnerName => entry.owner = part(text, value),
            Fact::GroupName => entry.group = part(text, value),
            // A name, where there is one, tells more than a number.
            Fact::Owner if entry.owner.is_none() => entry.owner = part(text, value),
            Fact::Group if entry.group.is_none() => entry.group = part(text, value),
            Fact::Owner | Fact::Group | Fact::Other => {}
        }
        at = end + usize::from(text.get(end) == Some(&b';'));
    };
    entry.name = part(text, text.get(name..).unwrap_or_default());
    if entry.name.is_none() {
        return Err(Miss::Unparsed(UnparsedReason::NoName));
    }
    if !typed && entry.size.is_some() {
        entry.kind = Kind::File;
    }
    Ok(())
}

/// The facts that are asked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fact {
    Type,
    Size,
    Modify,
    Create,
    Perm,
    Unique,
    Mode,
    Owner,
    OwnerName,
    Group,
    GroupName,
    Other,
}

/// Names with their equals sign, in small letters.
const TYPE: (u64, u64) = scan::word(b"type=");
const SIZE: (u64, u64) = scan::word(b"size=");
const DIRECTORY_SIZE: (u64, u64) = scan::word(b"sizd=");
const PERM: (u64, u64) = scan::word(b"perm=");
const MODIFY: (u64, u64) = scan::word(b"modify=");
const CREATE: (u64, u64) = scan::word(b"create=");
const UNIQUE: (u64, u64) = scan::word(b"unique=");

const SYSTEM_MODE: (u64, u64) = scan::word(b"unix.mod");

/// The end of `UNIX.mode=`, which is longer than a word.
const fn is_e(text: &[u8]) -> bool {
    matches!(text, [b'e' | b'E', b'='])
}

/// The fact that begins there, and where its value does. The usual ones are compared as a whole:
/// what follows them need not wait until the equals sign is found.
#[inline(always)]
fn fact(line: &[u8], at: usize) -> Option<(Fact, usize)> {
    let word = scan::load(line, at, 0);
    let (fact, length) = if scan::begins(word, TYPE) {
        (Fact::Type, 5)
    } else if scan::begins(word, SIZE) || scan::begins(word, DIRECTORY_SIZE) {
        (Fact::Size, 5)
    } else if scan::begins(word, MODIFY) {
        (Fact::Modify, 7)
    } else if scan::begins(word, PERM) {
        (Fact::Perm, 5)
    } else if scan::begins(word, UNIQUE) {
        (Fact::Unique, 7)
    } else if scan::begins(word, CREATE) {
        (Fact::Create, 7)
    } else if scan::begins(word, SYSTEM_MODE) && line.get(at + 8..at + 10).is_some_and(is_e) {
        (Fact::Mode, 10)
    } else {
        return other_fact(line, at);
    };
    Some((fact, at + length))
}

/// A fact with another name.
fn other_fact(line: &[u8], at: usize) -> Option<(Fact, usize)> {
    const SYSTEM: (u64, u64) = scan::word(b"unix.");
    const OWNER: (u64, u64) = scan::word(b"owner=");
    const GROUP: (u64, u64) = scan::word(b"group=");
    const USER_ID: (u64, u64) = scan::word(b"uid=");
    const GROUP_ID: (u64, u64) = scan::word(b"gid=");
    const OWNER_NAME: (u64, u64) = scan::word(b"ownernam");
    const GROUP_NAME: (u64, u64) = scan::word(b"groupnam");
    const REST: (u64, u64) = scan::word(b"e=");

    if scan::begins(scan::load(line, at, 0), SYSTEM) {
        let word = scan::load(line, at + 5, 0);
        let is_name = || scan::begins(scan::load(line, at + 13, 0), REST);
        let fact = if scan::begins(word, OWNER) {
            Some((Fact::Owner, 11))
        } else if scan::begins(word, GROUP) {
            Some((Fact::Group, 11))
        } else if scan::begins(word, OWNER_NAME) && is_name() {
            Some((Fact::OwnerName, 15))
        } else if scan::begins(word, GROUP_NAME) && is_name() {
            Some((Fact::GroupName, 15))
        } else if scan::begins(word, USER_ID) {
            Some((Fact::Owner, 9))
        } else if scan::begins(word, GROUP_ID) {
            Some((Fact::Group, 9))
        } else {
            None
        };
        if let Some((fact, length)) = fact {
            return Some((fact, at + length));
        }
    }
    let rest = line.get(at..)?;
    let length = rest.iter().position(|b| !IN_NAMES[usize::from(*b)]);
    pass(length.unwrap_or(rest.len()));
    let length = length?;
    (length > 0 && rest.get(length) == Some(&b'=')).then_some((Fact::Other, at + length + 1))
}

/// Whether a byte may stand in a fact's name.
const IN_NAMES: [bool; 256] = {
    let mut names = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        names[byte] = b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/');
        byte += 1;
    }
    names
};

/// Where the value that begins there ends. That is at a semicolon; where a blank comes before
/// it, the last semicolon was left out. Only the target of a link may hold a blank.
#[inline(always)]
fn value_end(line: &[u8], at: usize, fact: Fact) -> Option<usize> {
    if fact == Fact::Type && is_link(line, at) {
        return end_of(line, at, |b| b == b';');
    }
    // Most are short; zeros stand behind the line's end, and nowhere in it.
    let word = scan::load(line, at, 0);
    match scan::first(scan::all(word, b';') | scan::all(word, b' ')) {
        length @ 0..8 => Some(at + length),
        length => end_of(line, at + length, |b| b == b';' || b == b' '),
    }
}

/// The kind that begins there and ends at a semicolon, which is where that is.
#[inline(always)]
fn plain_kind(line: &[u8], at: usize) -> Option<(Kind, usize)> {
    const FILE: (u64, u64) = scan::word(b"file;");
    const DIRECTORY: (u64, u64) = scan::word(b"dir;");
    let word = scan::load(line, at, 0);
    if scan::begins(word, FILE) {
        Some((Kind::File, at + 4))
    } else if scan::begins(word, DIRECTORY) {
        Some((Kind::Directory, at + 3))
    } else {
        None
    }
}

/// The number that begins there and ends at a semicolon, which is where that is.
#[inline(always)]
fn plain_number(line: &[u8], at: usize) -> Option<(u64, usize)> {
    let (mut value, mut length) = scan::digits(scan::load(line, at, 0));
    if length == 8 {
        let (rest, more) = scan::digits(scan::load(line, at + 8, 0));
        // So many digits fit.
        value = value * scan::POWERS.get(more)? + rest;
        length += more;
    }
    (length > 0 && line.get(at + length) == Some(&b';')).then_some((value, at + length))
}

/// The letters that begin there and end at a semicolon, which is where that is.
#[inline(always)]
fn plain_perm(line: &[u8], at: usize) -> Option<(Perm, usize)> {
    let mut perm = Perm::EMPTY;
    for (length, letter) in line.get(at..)?.iter().take(16).enumerate() {
        match letter {
            b';' => {
                pass(length);
                return Some((perm, at + length));
            }
            b' ' => return None,
            _ => perm |= Perm::from_letters(&[*letter]),
        }
    }
    None
}

/// `0644` that begins there and ends at a semicolon.
#[inline(always)]
fn plain_mode(line: &[u8], at: usize) -> Option<u16> {
    let word = scan::load(line, at, 0);
    // A digit of eight is 0x30 to 0x37.
    if word & 0xff_f8f8_f8f8 != 0x3b_3030_3030 {
        return None;
    }
    let [a, b, c, d, ..] = (word & 0x0707_0707).to_le_bytes().map(u16::from);
    Some(a << 9 | b << 6 | c << 3 | d)
}

/// `YYYYMMDDHHMMSS` that begins there and ends at a semicolon.
#[inline(always)]
fn plain_time(line: &[u8], at: usize) -> Option<ListedTime> {
    if line.get(at + 14) != Some(&b';') {
        return None;
    }
    let words = [scan::load(line, at, 0), scan::load(line, at + 6, 0)];
    let [[century, year, month, day], [_, hour, minute, second]] = scan::pairs(words)?;
    let year = u16::from(century) * 100 + u16::from(year);
    Some(ListedTime {
        civil: Civil::new(year, month, day, hour, minute, second)?,
        nanos: 0,
        precision: Precision::Second,
        utc: true,
    })
}

fn is_link(line: &[u8], at: usize) -> bool {
    const LINK: &[u8] = b"os.unix=slink:";
    line.get(at..at + LINK.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(LINK))
}

#[inline(always)]
fn end_of(line: &[u8], at: usize, is_end: impl Fn(u8) -> bool) -> Option<usize> {
    let rest = line.get(at..)?;
    let length = rest.iter().position(|b| is_end(*b));
    pass(length.unwrap_or(rest.len()));
    Some(at + length?)
}

fn kind_of(value: &[u8], line: &[u8]) -> (Kind, Option<Part>) {
    match value {
        [b'f' | b'F', rest @ ..] if rest.eq_ignore_ascii_case(b"ile") => (Kind::File, None),
        [b'd' | b'D', rest @ ..] if rest.eq_ignore_ascii_case(b"ir") => (Kind::Directory, None),
        [b'c' | b'C', rest @ ..] if rest.eq_ignore_ascii_case(b"dir") => (Kind::Current, None),
        [b'p' | b'P', rest @ ..] if rest.eq_ignore_ascii_case(b"dir") => (Kind::Parent, None),
        _ => system_kind(value, line),
    }
}

/// `OS.unix=slink`, with the link's target or without.
fn system_kind(value: &[u8], line: &[u8]) -> (Kind, Option<Part>) {
    pass(value.len());
    let colon = value.iter().position(|b| *b == b':');
    let (word, target) = value
        .split_at_checked(colon.unwrap_or(value.len()))
        .unwrap_or((value, b""));
    let link = [&b"os.unix=slink"[..], b"os.unix=symlink"]
        .iter()
        .any(|link| link.eq_ignore_ascii_case(word));
    if link {
        (
            Kind::Symlink,
            part(line, target.get(1..).unwrap_or_default()),
        )
    } else {
        (Kind::Other, None)
    }
}

fn time(value: &[u8]) -> Option<ListedTime> {
    Timestamp::parse_time_val_lenient(value).map(ListedTime::from)
}

fn octal(digits: &[u8]) -> Option<u16> {
    if digits.is_empty() || digits.len() > 7 {
        return None;
    }
    // Seven octal digits fit. What lies above the permissions is the file's type, in four bits.
    let mode = digits.iter().try_fold(0u32, |mode, digit| {
        matches!(digit, b'0'..=b'7').then(|| mode << 3 | u32::from(digit - b'0'))
    })?;
    (mode <= 0o17_7777).then_some((mode & 0o7777) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{format, string::ToString};

    fn show(line: &str) -> std::string::String {
        let line = Text::try_from(line).unwrap();
        let Some(e) = fact_line(&line) else {
            return "none".into();
        };
        let mut shown = format!("{:?} {}", e.kind, e.name());
        if let Some(size) = e.size {
            shown += &format!(" size={size}");
        }
        if let Some(time) = e.modified {
            shown += &format!(" modified={time}");
        }
        if let Some(time) = e.created {
            shown += &format!(" created={time}");
        }
        if let Some(mode) = e.mode {
            shown += &format!(" mode={mode:o}");
        }
        if let Some(perm) = e.perm {
            shown += &format!(" perm={perm}");
        }
        for (name, text) in [
            ("owner", e.owner()),
            ("group", e.group()),
            ("target", e.target()),
            ("unique", e.unique()),
        ] {
            if let Some(text) = text {
                shown += &format!(" {name}={text}");
            }
        }
        shown.to_string()
    }

    #[test]
    fn lines() {
        for (line, want) in [
            ("type=file;size=42; a.txt", "File a.txt size=42"),
            ("Type=FILE;SIZE=42; a.txt", "File a.txt size=42"),
            ("type=file; a; b=c; d ", "File a; b=c; d "),
            ("type=file;  two", "File  two"),
            ("type=cdir; /srv/x", "Current /srv/x"),
            ("type=pdir; /srv", "Parent /srv"),
            (
                "type=dir;sizd=4096;perm=elcmpfd; d",
                "Directory d size=4096 perm=cdeflmp",
            ),
            (
                "type=OS.unix=slink:/a b;perm=; l",
                "Symlink l perm= target=/a b",
            ),
            ("type=OS.UNIX=symlink; l", "Symlink l"),
            ("type=os.unix=slink; l", "Symlink l"),
            ("type=OS.unix=chr-13/29; c", "Other c"),
            ("type=OS.unix=blk:x; c", "Other c"),
            ("type=; x", "Other x"),
            ("size=1; x", "File x size=1"),
            ("perm=r; x", "Other x perm=r"),
            (" only a name", "Other only a name"),
            ("  ", "Other  "),
            (" type=dir; x", "Other type=dir; x"),
            ("type=file;size=1 no semicolon", "File no semicolon size=1"),
            ("type=file;size=1 a; b", "File a; b size=1"),
            (
                "type=file;modify=20240615120000.5;create=191000102030405; x",
                "File x modified=2024-06-15T12:00:00.5Z created=2000-01-02T03:04:05Z",
            ),
            ("type=file;modify=2024;size=x;UNIX.mode=9; x", "File x"),
            (
                "type=file;UNIX.mode=0100644;UNIX.owner=1;UNIX.ownername=me;UNIX.group=2;UNIX.groupname=us;unique=a/b+!;x.odd-fact=7;media-type=text/plain; x",
                "File x mode=644 owner=me group=us unique=a/b+!",
            ),
            (
                "UNIX.ownername=me;UNIX.uid=1;UNIX.gid=2; x",
                "Other x owner=me group=2",
            ),
            ("type=file;size=99999999999999999999; x", "File x"),
            ("TYPE=DIR;Size=7; x", "Directory x size=7"),
            ("type=dIr;size=7;type=file; x", "File x size=7"),
            ("type=dirs;size=7; x", "Other x size=7"),
            ("type=cdir; .", "Current ."),
            ("type=CDIR;size=; .", "Current ."),
            (
                "a-fact-with-a-long-name=1;size=2;an.other/fact_of-16=; x",
                "File x size=2",
            ),
            (
                "unix.ownernames=me;unix.own=me;unix.=me;unix.modes=7; x",
                "Other x",
            ),
            (
                "modify=20240615120060;create=20241315120000; x",
                "Other x modified=2024-06-15T12:01:00Z",
            ),
            (
                "modify=20240615120005 x",
                "Other x modified=2024-06-15T12:00:05Z",
            ),
            ("modify=2024061512000a;create=;size=1a; x", "Other x"),
            (
                "size=18446744073709551615; x",
                "File x size=18446744073709551615",
            ),
            ("size=0000000000000000000001; x", "File x size=1"),
            ("type=os.unix=slink:a b;c; l", "none"),
            ("type=file;unix.owner=; x", "File x"),
            ("type=file;a b=c; x", "none"),
            ("type=file; ", "none"),
            ("siz", "none"),
            ("size", "none"),
            ("size=", "none"),
            ("size=1", "none"),
            ("size=1;", "none"),
            ("type=dir;/no/blank", "none"),
            ("type=dir;", "none"),
            ("type=dir; ", "none"),
            ("type=dir;size; x", "none"),
            ("=;=; x", "none"),
            ("type=dir", "none"),
            ("/just/a/name", "none"),
            (" ", "none"),
            ("", "none"),
        ] {
            assert_eq!(show(line), want, "{line}");
        }
    }
}
