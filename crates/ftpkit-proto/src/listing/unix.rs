//! Lines like those of `ls -l`: `drwxr-xr-x 2 owner group 4096 Jun 15 12:00 name`.
//!
//! The date is looked for first; what stands before it is read from both ends, since servers
//! leave columns out and names of groups hold blanks.

use super::{
    Context, Entry, Miss, ReadLine, SkipReason, UnparsedReason, Weight, dates,
    entry::{grouped_number, number, part},
    scan,
    steps::pass,
    words::{all, skip},
};
use crate::{
    facts::Kind,
    time::{ListedTime, Precision},
};

/// Reads [`Dialect::Unix`](super::Dialect::Unix).
#[derive(Debug)]
pub(super) struct Unix;

/// More words than any line has before its name.
const WORDS: usize = 24;

impl ReadLine for Unix {
    fn read(&mut self, line: &[u8], context: &Context) -> Result<Entry, Miss> {
        let mut entry = Entry::blank();
        self.read_into(&mut entry, line, context)?;
        Ok(entry)
    }

    fn read_into(
        &mut self,
        entry: &mut Entry,
        line: &[u8],
        context: &Context,
    ) -> Result<Weight, Miss> {
        if let Some((mode, columns)) = plain(line, context) {
            fill(entry, line, &mode, &columns, context)?;
            return Ok(Weight::FORM);
        }
        in_columns(entry, line, context)?;
        Ok(Weight::FORM)
    }
}

/// Reads a line of any form.
fn in_columns(entry: &mut Entry, line: &[u8], context: &Context) -> Result<(), Miss> {
    let mut words = Words::new(line);
    let first = words.numbers_before_mode();
    let Some(mode) = Mode::of(words.get(first)) else {
        return Err(other(&mut words));
    };
    let columns = Columns::find(&mut words, first + 1, &mode, context);
    fill(entry, line, &mode, &columns.ok_or(Miss::UNKNOWN)?, context)
}

/// The first word of a line.
struct Mode<'a> {
    letters: &'a [u8],
    kind: Kind,
    bits: u16,
    links: Option<u64>,
}

impl<'a> Mode<'a> {
    fn of(word: &'a [u8]) -> Option<Self> {
        let (kind, bits, links) = mode_string(word)?;
        Some(Self {
            letters: word,
            kind,
            bits,
            links,
        })
    }
}

fn fill(
    entry: &mut Entry,
    line: &[u8],
    mode: &Mode<'_>,
    columns: &Columns<'_>,
    context: &Context,
) -> Result<(), Miss> {
    let name = columns
        .name_in(line)
        .ok_or(Miss::Unparsed(UnparsedReason::NoName))?;
    let (name, target) = match mode.kind {
        Kind::Symlink => split_target(name, columns.size),
        _ => (name, &b""[..]),
    };
    let (name, kind) = match (mode.kind, name) {
        (Kind::Directory, b".") => (name, Kind::Current),
        (Kind::Directory, b"..") => (name, Kind::Parent),
        // `ls -F`: no name ends so. Its other marks may be a name's.
        (Kind::Directory, [bare @ .., b'/']) if !bare.is_empty() => (bare, mode.kind),
        (kind, _) if context.marked => (without_mark(name, mode.letters, target), kind),
        (kind, _) => (name, kind),
    };
    entry.name = part(line, name);
    if entry.name.is_none() {
        return Err(Miss::Unparsed(UnparsedReason::NoName));
    }
    entry.kind = kind;
    entry.permissions = mode.letters.get(1..10).and_then(|p| part(line, p));
    entry.mode = Some(mode.bits);
    entry.links = columns.links;
    entry.owner = columns.owner.and_then(|p| part(line, p));
    entry.group = columns.group.and_then(|p| part(line, p));
    entry.size = columns.size;
    entry.modified = Some(columns.modified);
    entry.target = part(line, target);
    Ok(())
}

/// Reads a line of the usual form in one go: `mode links owner group size Mon day time name`.
/// What differs, in whatever way, is left to the columns.
fn plain<'a>(line: &'a [u8], context: &Context) -> Option<(Mode<'a>, Columns<'a>)> {
    let (mode, rest) = plain_word(line)?;
    let (links, rest) = plain_word(rest)?;
    let (owner, rest) = plain_word(rest)?;
    let (group, rest) = plain_word(rest)?;
    let (size, rest) = plain_word(rest)?;
    let (month, rest) = plain_word(rest)?;
    let (day, rest) = plain_word(rest)?;
    let (time, rest) = plain_word(rest)?;
    let &[_, _, _] = month else {
        return None;
    };
    // Longer ones may have the year behind them.
    if time.len() > 5 {
        return None;
    }
    let (modified, _) = dates::at_tokens(&[month, day, time, b""], context)?;
    let mode = Mode::of(mode).filter(|mode| mode.kind != Kind::Other && mode.links.is_none())?;
    let columns = Columns {
        links: Some(number(links)?),
        owner: Some(owner),
        group: Some(group),
        size: Some(number(size)?),
        modified,
        date: time,
        end: line.len() - rest.len(),
    };
    Some((mode, columns))
}

/// Splits a word and the blanks before it off.
#[inline(always)]
fn plain_word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let start = text.iter().position(|b| *b != b' ');
    pass(start.unwrap_or(text.len()));
    let text = text.get(start?..)?;
    let end = text.iter().position(|b| *b == b' ');
    pass(end.unwrap_or(text.len()));
    text.split_at_checked(end?)
}

/// The words of a line, as far as they were asked for and may matter.
struct Words<'a> {
    line: &'a [u8],
    // Where each begins and ends, one after the other.
    edges: [u32; 2 * WORDS],
    count: usize,
    // How much of the line was looked at, and whether a word was not at its end there.
    seen: usize,
    open: u64,
}

impl<'a> Words<'a> {
    const fn new(line: &'a [u8]) -> Self {
        Self {
            line,
            edges: [0; 2 * WORDS],
            count: 0,
            seen: 0,
            open: 0,
        }
    }

    /// Whether there is a word with this number.
    #[inline]
    fn has(&mut self, index: usize) -> bool {
        while self.count < 2 * index + 2 {
            if !self.look_on() {
                return false;
            }
        }
        true
    }

    /// Finds the edges in the next 64 bytes, if there are more.
    fn look_on(&mut self) -> bool {
        if self.seen > self.line.len() || self.count >= self.edges.len() {
            return false;
        }
        let blanks = scan::blanks(self.line, self.seen);
        // A bit where a word begins or ends: where a byte is no blank and the one before it is,
        // or the other way round.
        let words = !blanks;
        let mut edges = words ^ (words << 1 | self.open);
        while edges != 0 {
            let at = self.seen + edges.trailing_zeros() as usize;
            if let Some(edge) = self.edges.get_mut(self.count) {
                // Lines are shorter than that: see `MAX_LINE`.
                *edge = at as u32;
                self.count += 1;
            }
            edges &= edges - 1;
        }
        self.open = words >> 63;
        self.seen += 64;
        true
    }

    fn span(&self, index: usize) -> (usize, usize) {
        match self.edges.get(2 * index..2 * index + 2) {
            Some(&[start, end]) if 2 * index + 2 <= self.count => (start as usize, end as usize),
            _ => (0, 0),
        }
    }

    /// A word, empty behind the last.
    fn get(&mut self, index: usize) -> &'a [u8] {
        if self.has(index) {
            self.seen(index)
        } else {
            b""
        }
    }

    /// A word that was asked for before.
    fn seen(&self, index: usize) -> &'a [u8] {
        let (start, end) = self.span(index);
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
    fn numbers_before_mode(&mut self) -> usize {
        (0..2)
            .take_while(|index| number(self.get(*index)).is_some())
            .count()
    }
}

/// What stands between the mode and the name.
struct Columns<'a> {
    links: Option<u64>,
    owner: Option<&'a [u8]>,
    group: Option<&'a [u8]>,
    size: Option<u64>,
    modified: ListedTime,
    /// The last word of the date.
    date: &'a [u8],
    /// Where the date ends.
    end: usize,
}

impl<'a> Columns<'a> {
    fn find(
        words: &mut Words<'a>,
        first: usize,
        mode: &Mode<'_>,
        context: &Context,
    ) -> Option<Self> {
        let mut at = first + 1;
        while words.has(at) {
            let dated = size(words, first, at, mode.kind)
                .and_then(|(size, taken)| Some((size, taken, date(words, at, context)?)));
            let Some((size, taken, (modified, dated))) = dated else {
                at += 1;
                continue;
            };
            let mut columns = Self {
                links: mode.links,
                owner: None,
                group: None,
                size,
                modified,
                date: words.seen(at + dated - 1),
                end: words.span(at + dated - 1).1,
            };
            columns.name_owner(words, first, at - taken);
            return Some(columns);
        }
        None
    }

    /// Reads `links owner group`, any of which may be missing, from these words.
    fn name_owner(&mut self, words: &Words<'a>, mut from: usize, mut to: usize) {
        if self.links.is_none() && from < to {
            self.links = number(words.seen(from));
            from += usize::from(self.links.is_some());
        }
        // `ls -lZ`: the context has a column of its own behind owner and group.
        if to.saturating_sub(from) > 2 && is_security_context(words.seen(to - 1)) {
            to -= 1;
        }
        // Names may hold blanks; then the columns are told apart by more than one.
        let group = if to.saturating_sub(from) > 2 {
            (from + 1..to)
                .find(|at| words.span(*at).0 > words.span(*at - 1).1 + 1)
                .unwrap_or(from + 1)
        } else {
            from + 1
        };
        self.owner = words.join(from, group.min(to));
        self.group = words.join(group, to);
    }

    /// What stands behind the date. One blank ends it; more belong to the name, unless they make
    /// up for the time of day.
    fn name_in(&self, line: &'a [u8]) -> Option<&'a [u8]> {
        let name = line.get(self.end + 1..)?;
        let padding = match self.modified.precision {
            // `2023-06-15  name`, as `ls --time-style=iso` has it.
            Precision::Day if self.date.len() == 10 && self.date.get(4) == Some(&b'-') => 1,
            Precision::Day if self.date.contains(&b'.') || self.date.contains(&b'/') => usize::MAX,
            _ => 0,
        };
        Some(skip(name, padding)).filter(|name| !name.is_empty())
    }
}

/// `user:role:type:range` of SELinux, or a question mark where a file has none.
fn is_security_context(word: &[u8]) -> bool {
    pass(word.len());
    word == b"?" || word.iter().filter(|b| **b == b':').count() >= 2 && !word.starts_with(b":")
}

/// The date that begins with this word, and how many it takes.
fn date(words: &mut Words<'_>, at: usize, context: &Context) -> Option<(ListedTime, usize)> {
    words.has(at + 2);
    let [t0, t1, t2] = [0, 1, 2].map(|next| words.seen(at + next));
    // Few dates have a fourth word, and looking for it may cost another look at the line.
    let t3 = if t2.len() > 5 || t1.ends_with(b",") || !t0.is_ascii() {
        words.get(at + 3)
    } else {
        b""
    };
    dates::at_tokens(&[t0, t1, t2, t3], context)
}

/// The size in the word before a date, and how many words it takes; `None` if there is none.
/// The inner value is `None` for a device, for `33.5K`, and where it is too large.
fn size(words: &Words<'_>, first: usize, at: usize, kind: Kind) -> Option<(Option<u64>, usize)> {
    let word = words.seen(at - 1);
    if !word.first()?.is_ascii_digit() {
        return None;
    }
    if kind == Kind::Other {
        // `major, minor`, and `major 0xminor` of HP-UX.
        let major = if at >= first + 2 {
            words.seen(at - 2)
        } else {
            b""
        };
        let hex = word.strip_prefix(b"0x");
        let hex = hex.is_some_and(|minor| all(minor, |b| b.is_ascii_hexdigit()));
        if major.ends_with(b",") && number(word).is_some() || hex && number(major).is_some() {
            return Some((None, 2));
        }
        if word.contains(&b',') {
            return all(word, |b| b.is_ascii_digit() || b == b',').then_some((None, 1));
        }
    }
    if let Some(size) = number(word).or_else(|| grouped_number(word)) {
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
        // Contiguous and migrated files are files.
        b'-' | b'f' | b'C' | b'M' => Kind::File,
        b'd' => Kind::Directory,
        // An external link of z/OS leads to a data set.
        b'l' | b'e' => Kind::Symlink,
        b'b' | b'c' | b'p' | b's' | b'D' | b'n' | b'P' | b'w' | b'?' => Kind::Other,
        _ => return None,
    };
    let (mut mode, mut specials) = (0u16, 0);
    for (of, special) in permissions.chunks_exact(3).zip([0o4000, 0o2000, 0o1000]) {
        let &[read, write, execute] = of else {
            return None;
        };
        mode <<= 3;
        mode |= match read {
            b'r' => 4,
            b'-' => 0,
            _ => return None,
        };
        mode |= match write {
            b'w' => 2,
            b'-' => 0,
            _ => return None,
        };
        let (bit, extra) = match execute {
            b'x' => (1, 0),
            b'-' => (0, 0),
            b's' | b't' => (1, special),
            b'S' | b'T' | b'l' | b'L' => (0, special),
            _ => return None,
        };
        mode |= bit;
        specials |= extra;
    }
    let mode = mode | specials;
    let links = match behind {
        [b'+' | b'.' | b'@', links @ ..] => links,
        _ => behind,
    };
    match links {
        [] => Some((kind, mode, None)),
        _ => Some((kind, mode, Some(number(links)?))),
    }
}

/// Takes the mark of `ls -F` away that something of this mode has behind its name.
fn without_mark<'a>(name: &'a [u8], mode: &[u8], target: &[u8]) -> &'a [u8] {
    let mark = match mode {
        [b's', ..] => b'=',
        [b'p', ..] => b'|',
        [b'D', ..] => b'>',
        // The mark of a link's target stands behind that.
        [b'l', ..] if target.is_empty() => b'@',
        [b'-', _, _, a, _, _, b, _, _, c, ..]
            if [a, b, c].iter().any(|x| matches!(x, b'x' | b's' | b't')) =>
        {
            b'*'
        }
        _ => return name,
    };
    match name {
        [bare @ .., last] if *last == mark && !bare.is_empty() => bare,
        _ => name,
    }
}

/// Splits what stands behind ` -> ` off a name. Where there is more than one the size decides,
/// which is the length of the target, or else the first is taken.
fn split_target(name: &[u8], size: Option<u64>) -> (&[u8], &[u8]) {
    let mut found: Option<(&[u8], &[u8])> = None;
    pass(name.len());
    // At least one byte is the name's.
    for at in 1..name.len() {
        let Some((before, behind)) = name.split_at_checked(at) else {
            break;
        };
        let Some(target) = behind.strip_prefix(b" -> ") else {
            continue;
        };
        if u64::try_from(target.len()).ok() == size {
            return (before, target);
        }
        found = found.or(Some((before, target)));
    }
    found.unwrap_or((name, b""))
}

/// What a line is that is no entry.
fn other(words: &mut Words<'_>) -> Miss {
    const TOTALS: [&str; 16] = [
        "total",
        "insgesamt",
        "totale",
        "totaal",
        "totalt",
        "razem",
        "celkem",
        "celkom",
        "toplam",
        "итого",
        "всього",
        "合計",
        "总用量",
        "總計",
        "总计",
        "합계",
    ];
    let total = !words.has(3)
        && TOTALS
            .iter()
            .any(|total| total.as_bytes().eq_ignore_ascii_case(words.seen(0)))
        && words.seen(1).first().is_some_and(u8::is_ascii_digit);
    if total {
        Miss::Skip(SkipReason::Total)
    } else {
        Miss::UNKNOWN
    }
}

#[cfg(test)]
mod tests;
