//! Lines of facts: `*(name "=" value ";") SP path` (RFC 3659 sec. 7.2). Facts that nobody here
//! asks for are left out.

use bytes::Bytes;

use super::{
    Context, Dialect, Entry, Miss, ReadLine, UnparsedReason, Weight,
    entry::{Part, number, part},
};
use crate::{
    facts::{Kind, Perm},
    text::Text,
    time::{ListedTime, Timestamp},
};

#[derive(Debug)]
pub(super) struct Mlsx;

impl ReadLine for Mlsx {
    fn read(&mut self, line: &Bytes, _: &Context) -> Result<Entry, Miss> {
        fact_line_of(line)
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
    let mut entry = fact_line_of(&line).ok()?;
    entry.dialect = Some(Dialect::Mlsx);
    entry.line = line;
    Some(entry)
}

fn fact_line_of(line: &Bytes) -> Result<Entry, Miss> {
    let mut entry = Entry::of(None, Kind::Other);
    let mut typed = false;
    let mut rest = &line[..];
    let name = loop {
        if let Some(name) = rest.strip_prefix(b" ") {
            break name;
        }
        let (name, value, behind) = fact(rest).ok_or(Miss::UNKNOWN)?;
        typed |= name.eq_ignore_ascii_case(b"type") && !value.is_empty();
        take(&mut entry, name, value, line);
        rest = behind;
    };
    let Some(name) = part(line, name) else {
        return Err(Miss::Unparsed(UnparsedReason::NoName));
    };
    if !typed && entry.size.is_some() {
        entry.kind = Kind::File;
    }
    entry.name = Some(name);
    Ok(entry)
}

/// Splits a fact off: its name, its value, and what follows it, a semicolon taken away.
fn fact(text: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let equals = text
        .iter()
        .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'/')))?;
    let (name, value) = text.split_at_checked(equals)?;
    let value = value.strip_prefix(b"=")?;
    if name.is_empty() {
        return None;
    }
    // A value ends at a semicolon. Where a blank comes before that, the last semicolon was
    // left out; only the target of a link may hold one.
    let link = name.eq_ignore_ascii_case(b"type")
        && value
            .get(..14)
            .is_some_and(|head| head.eq_ignore_ascii_case(b"os.unix=slink:"));
    let end = value
        .iter()
        .position(|b| *b == b';' || *b == b' ' && !link)?;
    let (value, behind) = value.split_at_checked(end)?;
    Some((name, value, behind.strip_prefix(b";").unwrap_or(behind)))
}

fn take(entry: &mut Entry, name: &[u8], value: &[u8], line: &Bytes) {
    let mut lower = [0u8; 16];
    let Some(lower) = lower.get_mut(..name.len()) else {
        return;
    };
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    match &*lower {
        b"type" => (entry.kind, entry.target) = kind(value, line),
        b"size" | b"sizd" => entry.size = number(value),
        b"modify" => entry.modified = time(value),
        b"create" => entry.created = time(value),
        b"perm" => entry.perm = Some(Perm::from_letters(value)),
        b"unique" => entry.unique = part(line, value),
        b"unix.mode" => entry.mode = octal(value),
        b"unix.ownername" => entry.owner = part(line, value),
        b"unix.groupname" => entry.group = part(line, value),
        // A name, where there is one, tells more than a number.
        b"unix.owner" | b"unix.uid" if entry.owner.is_none() => entry.owner = part(line, value),
        b"unix.group" | b"unix.gid" if entry.group.is_none() => entry.group = part(line, value),
        _ => {}
    }
}

fn kind(value: &[u8], line: &Bytes) -> (Kind, Option<Part>) {
    const KINDS: [(&[u8], Kind); 6] = [
        (b"file", Kind::File),
        (b"dir", Kind::Directory),
        (b"cdir", Kind::Current),
        (b"pdir", Kind::Parent),
        (b"os.unix=slink", Kind::Symlink),
        (b"os.unix=symlink", Kind::Symlink),
    ];
    let (word, target) = match value
        .get(8..)
        .and_then(|v| v.iter().position(|b| *b == b':'))
    {
        Some(colon) => {
            let (word, target) = value.split_at_checked(colon + 8).unwrap_or((value, b""));
            (
                word,
                part(line, target.strip_prefix(b":").unwrap_or(target)),
            )
        }
        None => (value, None),
    };
    let kind = KINDS
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word))
        .map_or(Kind::Other, |(_, kind)| *kind);
    (kind, target.filter(|_| kind == Kind::Symlink))
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
