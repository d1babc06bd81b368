//! Lines like those of `ls -l`: `drwxr-xr-x 2 owner group 4096 Jun 15 12:00 name`.
//!
//! The date is looked for first; what stands before it is read from both ends, since servers
//! leave columns out and names of groups hold blanks.

use bytes::Bytes;

use super::{
    Context, Entry, Miss, ReadLine, SkipReason, UnparsedReason, dates,
    entry::{grouped_number, number, part},
};
use crate::{facts::Kind, time::ListedTime};

#[derive(Debug)]
pub(super) struct Unix;

/// More words than any line has before its name.
const WORDS: usize = 24;

impl ReadLine for Unix {
    fn read(&mut self, line: &Bytes, context: &Context) -> Result<Entry, Miss> {
        let words = Words::of(line);
        let first = words.numbers_before_mode();
        let mode = words.get(first);
        let Some((kind, mode, glued)) = mode_string(mode) else {
            return Err(other(&words));
        };
        let columns =
            Columns::find(&words, first + 1, kind, glued, context).ok_or(Miss::UNKNOWN)?;
        // One blank ends the date; more belong to the name.
        let name = line
            .get(columns.end + 1..)
            .filter(|name| !name.is_empty())
            .ok_or(Miss::Unparsed(UnparsedReason::NoName))?;
        let (name, target) = match (kind, find_arrow(name)) {
            (Kind::Symlink, Some(at)) => {
                let (name, target) = name.split_at_checked(at).unwrap_or((name, b""));
                (name, target.get(4..).unwrap_or_default())
            }
            _ => (name, &b""[..]),
        };
        let (name, kind) = match (kind, name) {
            (Kind::Directory, b".") => (name, Kind::Current),
            (Kind::Directory, b"..") => (name, Kind::Parent),
            // `ls -F`
            (Kind::Directory, [bare @ .., b'/']) if !bare.is_empty() => (bare, kind),
            _ => (name, kind),
        };
        let name = part(line, name).ok_or(Miss::Unparsed(UnparsedReason::NoName))?;
        let mut entry = Entry::of(name, kind);
        entry.target = part(line, target);
        entry.permissions = words.get(first).get(1..10).and_then(|p| part(line, p));
        entry.mode = Some(mode);
        entry.size = columns.size;
        entry.modified = Some(columns.modified);
        entry.links = columns.links;
        entry.owner = columns.owner.and_then(|p| part(line, p));
        entry.group = columns.group.and_then(|p| part(line, p));
        Ok(entry)
    }
}

/// The words of a line, as far as they may matter.
struct Words<'a> {
    line: &'a [u8],
    // Where each begins and ends.
    spans: [(usize, usize); WORDS],
    count: usize,
}

impl<'a> Words<'a> {
    fn of(line: &'a [u8]) -> Self {
        let mut spans = [(0, 0); WORDS];
        let mut count = 0;
        let mut at = 0;
        while let Some(span) = spans.get_mut(count) {
            let rest = line.get(at..).unwrap_or_default();
            let Some(start) = rest.iter().position(|b| !is_blank(*b)) else {
                break;
            };
            let start = at + start;
            let rest = line.get(start..).unwrap_or_default();
            let length = rest.iter().position(|b| is_blank(*b)).unwrap_or(rest.len());
            at = start + length;
            *span = (start, at);
            count += 1;
        }
        Self { line, spans, count }
    }

    fn span(&self, at: usize) -> (usize, usize) {
        if at < self.count {
            self.spans.get(at).copied().unwrap_or_default()
        } else {
            (0, 0)
        }
    }

    /// A word, empty behind the last.
    fn get(&self, at: usize) -> &'a [u8] {
        let (start, end) = self.span(at);
        self.line.get(start..end).unwrap_or_default()
    }

    /// The words from one to before another, with what stands between them.
    fn join(&self, from: usize, to: usize) -> Option<&'a [u8]> {
        if from >= to {
            return None;
        }
        self.line.get(self.span(from).0..self.span(to - 1).1)
    }

    /// How many numbers (inode, blocks) stand before the mode: `ls -lis`.
    fn numbers_before_mode(&self) -> usize {
        (0..2)
            .take_while(|at| number(self.get(*at)).is_some())
            .count()
    }
}

const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// What stands between the mode and the name.
struct Columns<'a> {
    links: Option<u64>,
    owner: Option<&'a [u8]>,
    group: Option<&'a [u8]>,
    size: Option<u64>,
    modified: ListedTime,
    /// Where the date ends.
    end: usize,
}

impl<'a> Columns<'a> {
    fn find(
        words: &Words<'a>,
        first: usize,
        kind: Kind,
        glued: Option<u64>,
        context: &Context,
    ) -> Option<Self> {
        for at in first + 1..words.count {
            let Some((size, taken)) = size(words, first, at, kind) else {
                continue;
            };
            let tokens = [0, 1, 2, 3].map(|next| words.get(at + next));
            let Some((modified, dated)) = dates::at_tokens(&tokens, context) else {
                continue;
            };
            let mut columns = Self {
                links: glued,
                owner: None,
                group: None,
                size,
                modified,
                end: words.span(at + dated - 1).1,
            };
            columns.name_owner(words, first, at - taken);
            return Some(columns);
        }
        None
    }

    /// Reads `links owner group`, any of which may be missing, from these words.
    fn name_owner(&mut self, words: &Words<'a>, mut from: usize, to: usize) {
        if self.links.is_none() && from < to {
            self.links = number(words.get(from));
            from += usize::from(self.links.is_some());
        }
        // Names may hold blanks; then the columns are told apart by more than one.
        let wide = (from + 1..to).find(|at| words.span(*at).0 > words.span(*at - 1).1 + 1);
        let group = match (wide, to.saturating_sub(from)) {
            (_, 0..=2) | (None, _) => from + 1,
            (Some(wide), _) => wide,
        };
        self.owner = words.join(from, group.min(to));
        self.group = words.join(group, to);
    }
}

/// The size in the word before a date, and how many words it takes; `None` if there is none.
/// The inner value is `None` for a device, and for `33.5K`.
fn size(words: &Words<'_>, first: usize, at: usize, kind: Kind) -> Option<(Option<u64>, usize)> {
    let word = words.get(at - 1);
    if kind == Kind::Other {
        // `major, minor`
        if at >= first + 2 && words.get(at - 2).ends_with(b",") && number(word).is_some() {
            return Some((None, 2));
        }
        if word.contains(&b',') {
            return word
                .iter()
                .all(|b| b.is_ascii_digit() || *b == b',')
                .then_some((None, 1));
        }
    }
    if !word.first()?.is_ascii_digit() {
        return None;
    }
    if let Some(size) = grouped_number(word) {
        return Some((Some(size), 1));
    }
    let (unit, digits) = word.split_last()?;
    let rounded = matches!(
        unit.to_ascii_lowercase(),
        b'k' | b'm' | b'g' | b't' | b'0'..=b'9'
    ) && digits.iter().all(|b| b.is_ascii_digit() || *b == b'.');
    rounded.then_some((None, 1))
}

/// Reads `drwxr-xr-x`, a mark for ACLs behind it (`+`, `.`, `@`), and the number of links when
/// it has grown into the column: kind, permission bits, links.
pub(super) fn mode_string(word: &[u8]) -> Option<(Kind, u16, Option<u64>)> {
    let (letters, behind) = word.split_at_checked(10)?;
    let (letter, permissions) = letters.split_first()?;
    let kind = match letter {
        b'-' | b'f' => Kind::File,
        b'd' => Kind::Directory,
        b'l' => Kind::Symlink,
        b'b' | b'c' | b'p' | b's' | b'D' | b'n' | b'C' | b'M' | b'P' | b'w' | b'?' => Kind::Other,
        _ => return None,
    };
    let mut mode = 0u16;
    for (at, letter) in permissions.iter().enumerate() {
        let bit = 0o400u16 >> at;
        let special = [0o4000, 0o2000, 0o1000].get(at / 3).copied()?;
        mode |= match (at % 3, letter) {
            (_, b'-') => 0,
            (0, b'r') | (1, b'w') | (2, b'x') => bit,
            (2, b's' | b't') => bit | special,
            (2, b'S' | b'T' | b'l' | b'L') => special,
            _ => return None,
        };
    }
    let links = behind.strip_prefix(b"+").unwrap_or(behind);
    match links {
        [] | b"." | b"@" => Some((kind, mode, None)),
        _ => Some((kind, mode, Some(number(links)?))),
    }
}

/// What a line is that is no entry.
fn other(words: &Words<'_>) -> Miss {
    const TOTALS: [&[u8]; 5] = [
        b"total",
        b"insgesamt",
        b"totale",
        b"totaal",
        "合計".as_bytes(),
    ];
    let total = words.count <= 3
        && TOTALS
            .iter()
            .any(|total| total.eq_ignore_ascii_case(words.get(0)))
        && words.get(1).first().is_some_and(u8::is_ascii_digit);
    if total {
        return Miss::Skip(SkipReason::Total);
    }
    Miss::UNKNOWN
}

fn find_arrow(name: &[u8]) -> Option<usize> {
    // At least one byte is the name's.
    name.windows(4)
        .skip(1)
        .position(|window| window == b" -> ")
        .map(|at| at + 1)
}

#[cfg(test)]
mod tests;
