//! Lines like those of DIRECTORY on VMS:
//! `LOGIN.COM;3  2/4  15-JUN-2024 12:00:00  [USERS,ANNA]  (RWED,RWED,RE,)`.
//!
//! The servers of VMS (UCX, MultiNet, TCPware, MadGoat, CMUIP) leave columns out and order them
//! each in its own way, so a column is known by its form. A long name has a line of its own, and
//! its columns come on the next one.

use alloc::vec::Vec;

use super::{
    Context, Entry, Miss, ReadLine, SkipReason, UnparsedReason, dates,
    entry::{number, part},
    words::{all, begins, holds, is_blank, skip, without_end, word},
};
use crate::facts::Kind;

/// Reads [`Dialect::Vms`](super::Dialect::Vms).
#[derive(Debug, Default)]
pub(super) struct Vms {
    /// A line that held a name and nothing else.
    first: Vec<u8>,
    /// Whether that was the last one.
    is_open: bool,
}

/// What the sizes count. The last block of a file need not be full.
const BLOCK: u64 = 512;

impl ReadLine for Vms {
    fn read(&mut self, line: &[u8], context: &Context) -> Result<Entry, Miss> {
        let is_open = core::mem::take(&mut self.is_open);
        if let Some(file) = File::of(line) {
            if skip(file.behind, usize::MAX).is_empty() {
                self.first.clear();
                self.first.extend_from_slice(line);
                self.is_open = true;
                return Err(Miss::Skip(SkipReason::Continued));
            }
            return entry(line, &file, line, file.behind, context);
        }
        if is_open {
            let first = &self.first[..];
            if let Some(Ok(entry)) =
                File::of(first).map(|file| entry(first, &file, line, line, context))
            {
                return Ok(entry);
            }
        }
        Err(other(line))
    }

    fn rewind(&mut self) {
        self.is_open = false;
    }
}

/// `NAME.TYPE;VERSION` and what follows it.
struct File<'a> {
    name: &'a [u8],
    version: &'a [u8],
    behind: &'a [u8],
}

impl<'a> File<'a> {
    fn of(line: &'a [u8]) -> Option<Self> {
        let mut escaped = false;
        let end = line.iter().position(|b| {
            // ODS-5 has names with blanks, and writes them behind a circumflex.
            let end = !escaped && (*b == b';' || is_blank(*b));
            escaped = !escaped && *b == b'^';
            end
        })?;
        let (name, behind) = line.split_at_checked(end)?;
        let behind = behind.strip_prefix(b";")?;
        let digits = behind.iter().take_while(|b| b.is_ascii_digit()).count();
        let (version, behind) = behind.split_at_checked(digits)?;
        // The greatest is 32767.
        let sound = !name.is_empty()
            && (1..=5).contains(&digits)
            && behind.first().is_none_or(|b| is_blank(*b));
        sound.then_some(Self {
            name,
            version,
            behind,
        })
    }
}

/// The entry of a name in one line and columns in the same or another.
fn entry(
    first: &[u8],
    file: &File<'_>,
    line: &[u8],
    columns: &[u8],
    context: &Context,
) -> Result<Entry, Miss> {
    let directory = file
        .name
        .len()
        .checked_sub(4)
        .and_then(|at| file.name.get(at..))
        .is_some_and(|end| end.eq_ignore_ascii_case(b".DIR"));
    let kind = if directory {
        Kind::Directory
    } else {
        Kind::File
    };
    let mut entry = Entry::of(None, kind);
    let mut of_first = |text| {
        if core::ptr::eq(first, line) {
            part(line, text)
        } else {
            entry.keep(text)
        }
    };
    let (name, version) = (of_first(file.name), of_first(file.version));
    if name.is_none() {
        return Err(Miss::Unparsed(UnparsedReason::NoName));
    }
    (entry.name, entry.version) = (name, version);
    let columns = without_end(skip(columns, usize::MAX));
    if !is_refusal(columns) {
        read_columns(&mut entry, line, columns, context).ok_or(Miss::UNKNOWN)?;
    }
    Ok(entry)
}

/// Whether this stands where the columns of a file would that may not be looked at:
/// `%RMS-E-PRV, insufficient privilege …`, `no privilege for attempted operation`.
fn is_refusal(text: &[u8]) -> bool {
    is_condition(text)
        || text.first().is_some_and(u8::is_ascii_alphabetic) && holds(text, b"privilege")
}

/// `%FACILITY-S-IDENT, text`, bare or in angle brackets.
fn is_condition(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"<").unwrap_or(text);
    let Some(text) = text.strip_prefix(b"%") else {
        return false;
    };
    let mut parts = text.splitn(3, |b| *b == b'-');
    let facility = parts.next().unwrap_or_default();
    all(facility, |b| b.is_ascii_alphanumeric() || b == b'$')
        && matches!(parts.next(), Some([b'S' | b'I' | b'W' | b'E' | b'F']))
        && parts.next().is_some()
}

fn read_columns(entry: &mut Entry, line: &[u8], columns: &[u8], context: &Context) -> Option<()> {
    let mut rest = columns;
    let (mut sized, mut dated, mut owned) = (false, false, false);
    let (mut day, mut clock, mut nanos) = (None, None, 0);
    loop {
        let text = skip(rest, usize::MAX);
        let (column, behind) = match text {
            [] => break,
            [b'[', ..] => up_to(text, b']'),
            [b'(', ..] => up_to(text, b')'),
            _ => word(text),
        };
        rest = behind;
        if let Some(owner) = column.strip_prefix(b"[") {
            if owned {
                return None;
            }
            owned = true;
            name_owner(entry, line, owner.strip_suffix(b"]").unwrap_or(owner));
        } else if let Some(protection) = column.strip_prefix(b"(") {
            if entry.permissions.is_some() {
                return None;
            }
            let protection = protection.strip_suffix(b")")?;
            entry.mode = Some(mode(protection)?);
            entry.permissions = part(line, protection);
        } else if !dated && is_date(column) {
            // The month may be of a language that is not known.
            dated = true;
            day = dates::named(column, 4);
        } else if dated && clock.is_none() && column.contains(&b':') {
            clock = Some(dates::clock(column)?);
            nanos = dates::fraction(column);
        } else if !sized && column.first()?.is_ascii_digit() {
            sized = true;
            entry.size = size(column)?;
        } else if dated && !owned && is_identifier(column) {
            owned = true;
            entry.owner = part(line, column);
        } else {
            return None;
        }
    }
    if !sized && !dated {
        return None;
    }
    entry.modified = day.and_then(|day| dates::moment(day, clock, context));
    if let Some(time) = entry.modified.as_mut() {
        time.nanos = nanos;
    }
    Some(())
}

/// Splits off what ends with this byte, or else a word: servers cut long owners.
fn up_to(text: &[u8], end: u8) -> (&[u8], &[u8]) {
    text.iter()
        .position(|b| *b == end)
        .and_then(|at| text.split_at_checked(at + 1))
        .unwrap_or_else(|| word(text))
}

/// `GROUP,OWNER`, or one of them alone, which then is the owner.
fn name_owner(entry: &mut Entry, line: &[u8], text: &[u8]) {
    let comma = text.iter().position(|b| *b == b',');
    let (group, owner) = match comma.and_then(|at| text.split_at_checked(at)) {
        Some((group, owner)) => (group, owner.get(1..).unwrap_or_default()),
        None => (&b""[..], text),
    };
    entry.group = part(line, group.trim_ascii());
    entry.owner = part(line, owner.trim_ascii());
}

fn is_identifier(word: &[u8]) -> bool {
    word.first().is_some_and(u8::is_ascii_alphabetic)
        && all(word, |b| {
            b.is_ascii_alphanumeric() || matches!(b, b'$' | b'_')
        })
}

/// The bits of owner, group and world; those of the system come first, and have no place.
fn mode(protection: &[u8]) -> Option<u16> {
    let mut parts = protection.split(|b| *b == b',');
    let mut mode = 0;
    for _ in 0..4 {
        mode <<= 3;
        for letter in parts.next()?.trim_ascii() {
            mode |= match letter.to_ascii_uppercase() {
                b'R' => 4,
                b'W' => 2,
                b'E' => 1,
                // To delete, or to control.
                b'D' | b'C' => 0,
                _ => return None,
            };
        }
    }
    parts.next().is_none().then_some(mode & 0o777)
}

/// `15-JUN-2024`, with any name for the month.
fn is_date(word: &[u8]) -> bool {
    let mut parts = word.split(|b| *b == b'-');
    let mut next = || parts.next().unwrap_or_default();
    let (day, month, year) = (next(), next(), next());
    (1..=2).contains(&day.len())
        && all(day, |b| b.is_ascii_digit())
        && all(month, |b| b.is_ascii_alphabetic() || !b.is_ascii())
        && year.len() == 4
        && all(year, |b| b.is_ascii_digit())
        && next().is_empty()
}

/// `2`, `2/4` (used and allocated), `2KB`. The inner value is `None` if it is too large to tell.
fn size(word: &[u8]) -> Option<Option<u64>> {
    let digits = word.iter().take_while(|b| b.is_ascii_digit()).count();
    let (count, unit) = word.split_at_checked(digits)?;
    let unit = match unit {
        [] => BLOCK,
        [b'/', allocated @ ..] if all(allocated, |b| b.is_ascii_digit()) => BLOCK,
        b"KB" | b"kB" => 1 << 10,
        b"MB" => 1 << 20,
        b"GB" => 1 << 30,
        _ => return None,
    };
    Some(number(count).and_then(|count| count.checked_mul(unit)))
}

/// What a line is that is no entry.
fn other(line: &[u8]) -> Miss {
    let text = without_end(skip(line, usize::MAX));
    let (first, behind) = word(text);
    let (second, _) = word(behind);
    if is_condition(text) || first.starts_with(b"*.*;") {
        return Miss::Unparsed(UnparsedReason::Message);
    }
    let directory = |path: &[u8]| holds(path, b":[") && path.ends_with(b"]");
    let heading = first == b"Directory" && (directory(second) || second.ends_with(b":"))
        || behind.is_empty() && directory(first);
    if heading {
        return Miss::Skip(SkipReason::Heading);
    }
    let total = begins(text, b"total of ")
        || begins(text, b"grand total of ")
        || begins(text, b"total ") && all(second, |b| b.is_ascii_digit());
    if total && (holds(text, b" file") || holds(text, b" director")) {
        return Miss::Skip(SkipReason::Summary);
    }
    // The rest of a file's columns, on a line of its own.
    let rest = text.strip_prefix(b"(").and_then(|t| t.strip_suffix(b")"));
    match rest.and_then(mode) {
        Some(_) => Miss::Skip(SkipReason::Continued),
        None => Miss::UNKNOWN,
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::listing::table;

    #[rustfmt::skip]
    pub(in crate::listing) const TABLE: &[(&str, &str)] = &[
        ("Directory DISK$USER:[ANNA.WORK]", "Heading"),
        // UCX and TCP/IP Services.
        ("NOTES.TXT;3              7/12        15-JUN-2024 12:30:45  [STAFF,ANNA]        (RWED,RWED,RE,)",
            "File NOTES.TXT v3 3584 2024-06-15T12:30:45 ANNA/STAFF RWED,RWED,RE, 750"),
        ("WORK.DIR;1               1/3          5-JUN-1999 02:03:04  [STAFF,ANNA]        (RWE,RWE,RE,E)",
            "Directory WORK.DIR v1 512 1999-06-05T02:03:04 ANNA/STAFF RWE,RWE,RE,E 751"),
        ("A_LONGER_NAME_THAN_THE_COLUMN.LISTING;12", "Continued"),
        ("                       104/108        15-JUN-2024 12:30:45  [ANNA]              (RWED,RWED,,)",
            "File A_LONGER_NAME_THAN_THE_COLUMN.LISTING v12 53248 2024-06-15T12:30:45 ANNA/- RWED,RWED,, 700"),
        ("ANOTHER_NAME_WITHOUT_INDENT.DAT;1", "Continued"),
        ("8  15-JUN-2024 12:30:45.25  [STAFF,ANNA]  (RWED,RWED,RE,)",
            "File ANOTHER_NAME_WITHOUT_INDENT.DAT v1 4096 2024-06-15T12:30:45.25 ANNA/STAFF RWED,RWED,RE, 750"),
        ("CUT.TXT;1                2/3         15-JUN-2024 12:30:45  [LONG_GROUP,A_LONGER$OWN        (RWE,RWE,RE,RE)",
            "File CUT.TXT v1 1024 2024-06-15T12:30:45 A_LONGER$OWN/LONG_GROUP RWE,RWE,RE,RE 755"),
        ("THREE.LIS;5              2/4         15-JUN-2024 12:30:45  [STAFF,ANNA]",
            "File THREE.LIS v5 1024 2024-06-15T12:30:45 ANNA/STAFF"),
        ("                                     (RWED,RWED,RE,)", "Continued"),
        // MultiNet.
        ("LOGIN.COM;2                 1   4-NOV-1994 04:09 [ANNA] (RWE,RWE,,)",
            "File LOGIN.COM v2 512 1994-11-04T04:09 ANNA/- RWE,RWE,, 700"),
        ("LOCKED.TXT;1        %RMS-E-PRV, insufficient privilege or file protection violation",
            "File LOCKED.TXT v1"),
        ("A_LOCKED_NAME_OF_MANY_LETTERS.DIR;1", "Continued"),
        ("                    %RMS-E-PRV, insufficient privilege or file protection violation",
            "Directory A_LOCKED_NAME_OF_MANY_LETTERS.DIR v1"),
        // TCPware, CMUIP, MadGoat and others.
        (".WELCOME;1                 2  13-FEB-2002 23:32:40.47",
            "File .WELCOME v1 1024 2002-02-13T23:32:40.47"),
        ("[SUB.DIR]ALARM.DIR;1       1/3          5-MAR-1993 18:09",
            "Directory [SUB.DIR]ALARM.DIR v1 512 1993-03-05T18:09"),
        ("DISK$A:[ANNA]ETHER.TXT;2                  12/12         4-AUG-1988 11:40",
            "File DISK$A:[ANNA]ETHER.TXT v2 6144 1988-08-04T11:40"),
        ("INDEX.ALL;4        5-NOV-1992 14:43:39    18092/36     (RWED,RWED,R,R)",
            "File INDEX.ALL v4 9263104 1992-11-05T14:43:39 RWED,RWED,R,R 744"),
        ("ORDER.TXT;1   [ANNA]    1/3     2-AUG-2006 13:05  (RWE,RWE,RE,)",
            "File ORDER.TXT v1 512 2006-08-02T13:05 ANNA/- RWE,RWE,RE, 750"),
        ("NOTIME.TXT;1    6/8    15-JUN-2002    ANNA   (RWED,RWED,RE,)",
            "File NOTIME.TXT v1 3072 2002-06-15 ANNA/- RWED,RWED,RE, 750"),
        ("FOREIGN.TXT;1    6/8    15-XYZ-2002 10:00   [1,4]   (,,,R)",
            "File FOREIGN.TXT v1 3072 4/1 ,,,R 4"),
        ("KILO.TXT;1 2KB 23-SEP-2005 14:57:07.27", "File KILO.TXT v1 2048 2005-09-23T14:57:07.27"),
        ("TABS.TXT;1\t2\t23-SEP-2005 14:57", "File TABS.TXT v1 1024 2005-09-23T14:57"),
        ("NODATE.TXT;7  3  [STAFF,ANNA]", "File NODATE.TXT v7 1536 ANNA/STAFF"),
        ("With^ blank.and^;more;32767  1/1  15-JUN-2024 12:00", "File With^ blank.and^;more v32767 512 2024-06-15T12:00"),
        ("HUGE.TXT;1  99999999999999999999/1  15-JUN-2024 12:00", "File HUGE.TXT v1 2024-06-15T12:00"),
        ("no.dir;1  no privilege for attempted operation", "Directory no.dir v1"),
        // What is no entry.
        ("", "UnknownForm"),
        ("DISK$USER:[ANNA.OTHER]", "Heading"),
        ("Directory SYS$ANONFTP:", "Heading"),
        ("Total of 21 files, 5/9 blocks", "Summary"),
        ("Total of 1 file, 0 blocks.", "Summary"),
        ("Total 6 files", "Summary"),
        ("Grand total of 87 directories, 2593 files, 2220036 blocks.", "Summary"),
        ("%RMS-E-FNF, file not found", "Message"),
        ("*.*;               <%RMS-E-FNF, file not found>", "Message"),
        ("%SYSTEM-F-NOPRIV, no privilege for attempted operation", "Message"),
        ("Total of everything", "UnknownForm"),
        ("total 6", "UnknownForm"),
        ("NOTES.TXT; 3  7/12  15-JUN-2024 12:30:45", "UnknownForm"),
        ("NOTES.TXT;123456  7/12  15-JUN-2024 12:30:45", "UnknownForm"),
        ("NOTES.TXT;3x  7/12  15-JUN-2024 12:30:45", "UnknownForm"),
        (";3  7/12  15-JUN-2024 12:30:45", "UnknownForm"),
        ("NOTES.TXT;3  a/12  15-JUN-2024 12:30:45", "UnknownForm"),
        ("NOTES.TXT;3  7/  15-JUN-2024 12:30:45", "UnknownForm"),
        ("NOTES.TXT;3  7/12  JUN-15-2024 12:30:45", "UnknownForm"),
        ("NOTES.TXT;3  7/12  15-JUN-24 12:30:45", "UnknownForm"),
        ("NOTES.TXT;3  7/12  15-JUN-2024 12:30:45 PM [STAFF,ANNA]", "UnknownForm"),
        ("NOTES.TXT;3  7/12  15-JUN-2024 24:30:45", "UnknownForm"),
        ("NOTES.TXT;3  7/12  15-JUN-2024 12:30:45 (RWED,RWED,RE)", "UnknownForm"),
        ("NOTES.TXT;3  7/12  15-JUN-2024 12:30:45 (RWED,RWED2,RE,)", "UnknownForm"),
        ("NOTES.TXT;3  7/12  15-JUN-2024 12:30:45 (RWED,RWED,RE,", "UnknownForm"),
        ("NOTES.TXT;3  7/12  15-JUN-2024 12:30:45 [A] [B]", "UnknownForm"),
        ("NOTES.TXT;3  [STAFF,ANNA]", "UnknownForm"),
        ("    8  15-JUN-2024 12:30:45", "UnknownForm"),
    ];

    #[test]
    fn lines() {
        table::check(&mut Vms::default(), TABLE);
    }
}
