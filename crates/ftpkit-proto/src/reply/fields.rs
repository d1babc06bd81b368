//! Replies as values: the address in 227, the port in 229, the path in 257, and so on. All
//! readers give `None` for another code and for what they cannot read; none trusts a number
//! before it is checked. Digests stand in `fields/hash.rs`. Only reading; the server's texts
//! are in `server`.

mod hash;

pub use hash::{FileHash, hash, hashes};

use alloc::{borrow::Cow, vec::Vec};
use core::net::{SocketAddr, SocketAddrV4};

use bytes::Bytes;

use super::{Code, Reply};
use crate::{
    address::{extended_port, long, spaced_host_port},
    listing::{self, Entry},
    text::{PathArg, Text},
    time::Timestamp,
};

/// The address in a 227 (RFC 959; the text around the numbers is free, RFC 1123 sec. 4.1.2.6).
///
/// The first six numbers up to 255 with commas between them, wherever they stand; blanks behind
/// the commas do no harm. Whether
/// the address may be used is for the caller to decide: servers behind NAT tell a wrong one,
/// hostile ones tell another host's.
///
/// ```
/// use ftpkit_proto::{Code, Reply, reply::fields};
/// let reply = Reply::new(Code::PASSIVE, "Entering Passive Mode (192,0,2,7,195,80).");
/// assert_eq!(fields::passive(&reply), Some("192.0.2.7:50000".parse().unwrap()));
/// ```
#[must_use]
pub fn passive(reply: &Reply) -> Option<SocketAddrV4> {
    if reply.code() != Code::PASSIVE {
        return None;
    }
    lines(reply).find_map(six_numbers)
}

/// The address in a 228 (RFC 1639 sec. 3), of IPv4 or IPv6: the first run of numbers that is
/// one, wherever it stands. Whether it may be used is for the caller to decide, as with
/// [`passive`].
///
/// ```
/// use ftpkit_proto::{Code, Reply, reply::fields};
/// let text = "Entering Long Passive Mode (4,4,192,0,2,7,2,195,80)";
/// let reply = Reply::new(Code::LONG_PASSIVE, text);
/// assert_eq!(fields::long_passive(&reply), Some("192.0.2.7:50000".parse().unwrap()));
/// ```
#[must_use]
pub fn long_passive(reply: &Reply) -> Option<SocketAddr> {
    if reply.code() != Code::LONG_PASSIVE {
        return None;
    }
    lines(reply).find_map(long_numbers)
}

/// The port in a 229 (RFC 2428 sec. 3).
///
/// Any delimiter is taken, with and without brackets, and the protocol and address fields may
/// be filled. A server that answers EPSV with the six numbers of 227, or with 227 itself, is
/// understood too; its address is ignored.
#[must_use]
pub fn extended_passive(reply: &Reply) -> Option<u16> {
    if reply.code() != Code::EXTENDED_PASSIVE && reply.code() != Code::PASSIVE {
        return None;
    }
    lines(reply).find_map(|line| {
        bracketed_port(line)
            .or_else(|| bare_port(line))
            .or_else(|| six_numbers(line).map(|address| address.port()))
    })
}

/// The path in a 257: between double quotes, where a doubled quote stands for one (RFC 959
/// appendix II).
///
/// Without quotes the text is a path if it begins like one, behind `PWD =`, or from the first
/// word on that begins with a slash; the words that servers put behind it are cut off.
#[must_use]
pub fn path(reply: &Reply) -> Option<PathArg> {
    if reply.code() != Code::PATH {
        return None;
    }
    let path = lines(reply)
        .find_map(quoted)
        .or_else(|| unquoted(reply.text().as_bytes().trim_ascii()).map(Cow::Borrowed))?;
    PathArg::new(match path {
        Cow::Borrowed(path) => Bytes::copy_from_slice(path),
        Cow::Owned(path) => path.into(),
    })
    .ok()
}

/// The size in the 213 that answers SIZE, in bytes.
#[must_use]
pub fn size(reply: &Reply) -> Option<u64> {
    if reply.code() != Code::FILE_STATUS {
        return None;
    }
    number(words(reply).next()?)
}

/// The moment in the 213 that answers MDTM or MFMT.
///
/// Fractions of any length are read, the years since 2000 as `19100` too, and `Modify=` before
/// the time. For all the facts of a 213 to MFMT, MFCT or MFF see [`changed`].
#[must_use]
pub fn modified(reply: &Reply) -> Option<Timestamp> {
    if reply.code() != Code::FILE_STATUS {
        return None;
    }
    words(reply).find_map(|word| {
        let word = match word.split_at_checked(7) {
            Some((fact, value)) if fact.eq_ignore_ascii_case(b"modify=") => value,
            _ => word,
        };
        Timestamp::parse_time_val_lenient(word.strip_suffix(b";").unwrap_or(word))
    })
}

/// The facts in the 213 that answers MFMT, MFCT or MFF: those that were set, and the file
/// (draft-somers-ftp-mfxx).
///
/// ```
/// use ftpkit_proto::{Code, Reply, reply::fields};
/// let reply = Reply::new(Code::FILE_STATUS, "Modify=20240615120000;UNIX.mode=0644; /a b");
/// let entry = fields::changed(&reply).unwrap();
/// assert_eq!(entry.name().as_bytes(), b"/a b");
/// assert_eq!(entry.mode, Some(0o644));
/// ```
#[must_use]
pub fn changed(reply: &Reply) -> Option<Entry> {
    if reply.code() != Code::FILE_STATUS {
        return None;
    }
    reply.lines().find_map(facts_of)
}

/// How many bytes can still be stored: the 213 that answers AVBL
/// (draft-peterson-streamlined-ftp-command-extensions).
#[must_use]
pub fn available(reply: &Reply) -> Option<u64> {
    if reply.code() != Code::FILE_STATUS {
        return None;
    }
    grouped_number(words(reply).next()?)
}

/// The size that a 125 or 150 announces, as `(N bytes)`, or as `N bytes` at its end or before
/// `to download`. Only a hint: some servers tell the whole file's size where only its rest
/// will come. A size in kilobytes is not exact, and none.
#[must_use]
pub fn size_hint(reply: &Reply) -> Option<u64> {
    if !reply.code().is_preliminary() {
        return None;
    }
    lines(reply).find_map(|line| bracketed_bytes(line).or_else(|| bytes_at_end(line)))
}

/// `(N bytes)` or `[N bytes]`.
fn bracketed_bytes(line: &[u8]) -> Option<u64> {
    // The last bracket: a file's name may hold one too.
    let start = line.iter().rposition(|b| matches!(b, b'(' | b'['))?;
    let inside = line.get(start + 1..)?;
    let end = inside.iter().position(|b| matches!(b, b')' | b']'))?;
    counted_bytes(inside.get(..end)?)
}

/// `… N bytes`, `… N bytes to download`.
fn bytes_at_end(line: &[u8]) -> Option<u64> {
    let line = line.trim_ascii();
    let line = line.strip_suffix(b".").unwrap_or(line);
    let line = ["to download", "to send", "to transfer"]
        .iter()
        .find_map(|end| {
            let (line, found) = line.split_at_checked(line.len().checked_sub(end.len())?)?;
            found.eq_ignore_ascii_case(end.as_bytes()).then_some(line)
        })
        .unwrap_or(line)
        .trim_ascii_end();
    // The last two words.
    let unit = line.iter().rposition(u8::is_ascii_whitespace)?;
    let before = line.get(..unit)?.trim_ascii_end();
    let number = before
        .iter()
        .rposition(u8::is_ascii_whitespace)
        .map_or(0, |blank| blank + 1);
    counted_bytes(line.get(number..)?)
}

/// `N bytes`.
fn counted_bytes(text: &[u8]) -> Option<u64> {
    let text = text.trim_ascii();
    let digits = text.iter().position(|b| !matches!(b, b'0'..=b'9' | b','))?;
    let (size, unit) = text.split_at_checked(digits)?;
    let unit = unit.trim_ascii();
    if !unit.eq_ignore_ascii_case(b"bytes") && !unit.eq_ignore_ascii_case(b"byte") {
        return None;
    }
    grouped_number(size)
}

/// The name that a server chose for STOU: `FILE: name` in the 1yz (RFC 1123 sec. 4.1.2.9), or
/// in the final reply as some servers do.
#[must_use]
pub fn unique_name(reply: &Reply) -> Option<PathArg> {
    if !reply.code().is_preliminary() && !reply.code().is_success() {
        return None;
    }
    let name = lines(reply).find_map(|line| {
        if let Some(at) = find(line, b"unique file name:") {
            let name = line.get(at + 17..)?.trim_ascii();
            let name = name.strip_suffix(b".").unwrap_or(name);
            return Some(name.strip_suffix(b")").unwrap_or(name));
        }
        let at = find(line, b"file:")?;
        Some(line.get(at + 5..)?.trim_ascii())
    })?;
    PathArg::try_from(name).ok()
}

/// The facts of the file in the 250 that answers MLST.
///
/// Servers that send a line for each fact, or too many blanks, are understood.
#[must_use]
pub fn mlst(reply: &Reply) -> Option<Entry> {
    if reply.code() != Code::FILE_ACTION_OK {
        return None;
    }
    let mut found: Option<Entry> = None;
    // A reply of one line has no middle.
    let one = core::slice::from_ref(reply.text());
    let lines = match reply.middle() {
        [] => one,
        middle => middle,
    };
    for line in lines {
        let Some(entry) = facts_of(line) else {
            continue;
        };
        match &mut found {
            Some(first) if first.name() == entry.name() => first.complete(&entry),
            Some(_) => {}
            None => found = Some(entry),
        }
    }
    found
}

/// A line of facts. A blank before it says that there are no facts, unless it was one too many.
fn facts_of(line: &Text) -> Option<Entry> {
    let bytes = line.as_bytes();
    let trimmed = bytes.trim_ascii_start();
    if trimmed.len() < bytes.len() {
        if let Some(entry) = Text::try_from(trimmed)
            .ok()
            .and_then(|t| listing::fact_line(&t))
        {
            return Some(entry);
        }
    }
    listing::fact_line(line)
}

fn lines(reply: &Reply) -> impl Iterator<Item = &[u8]> {
    reply.lines().map(Text::as_bytes)
}

fn words(reply: &Reply) -> impl Iterator<Item = &[u8]> {
    lines(reply)
        .flat_map(|line| line.split(u8::is_ascii_whitespace))
        .filter(|word| !word.is_empty())
}

/// Where `needle`, in lower case, stands in any case.
fn find(text: &[u8], needle: &[u8]) -> Option<usize> {
    text.windows(needle.len())
        .position(|window| window.eq_ignore_ascii_case(needle))
}

/// A number of digits and nothing else; `None` when it does not fit.
fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0u64, |number, digit| {
        let digit = digit.is_ascii_digit().then(|| u64::from(digit - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// A number with or without commas between groups of three digits.
fn grouped_number(text: &[u8]) -> Option<u64> {
    let mut groups = text.split(|b| *b == b',');
    let first = groups.next()?;
    groups.try_fold(number(first)?, |value, group| {
        if group.len() != 3 || first.len() > 3 {
            return None;
        }
        value.checked_mul(1000)?.checked_add(number(group)?)
    })
}

fn port(digits: &[u8]) -> Option<u16> {
    let port = u16::try_from(number(digits)?).ok()?;
    (port != 0).then_some(port)
}

/// The first six numbers with commas between them that are an address and a port.
fn six_numbers(line: &[u8]) -> Option<SocketAddrV4> {
    let mut before = b' ';
    for (at, byte) in line.iter().enumerate() {
        if byte.is_ascii_digit() && !before.is_ascii_digit() {
            if let Some(address) = line.get(at..).and_then(six_numbers_here) {
                return Some(address);
            }
        }
        before = *byte;
    }
    None
}

fn six_numbers_here(text: &[u8]) -> Option<SocketAddrV4> {
    let (_, address) = spaced_host_port(text).ok()?;
    (address.port() != 0).then_some(address)
}

/// The first run of numbers with commas between them that is a long address.
fn long_numbers(line: &[u8]) -> Option<SocketAddr> {
    let mut before = b' ';
    for (at, byte) in line.iter().enumerate() {
        // Only where a run begins: so that each byte is read once.
        if byte.is_ascii_digit() && !before.is_ascii_digit() && before != b',' {
            let found = line.get(at..).and_then(|text| long(text).ok());
            if let Some(Ok(address)) = found.map(|(_, fields)| fields.address()) {
                return Some(address);
            }
        }
        before = *byte;
    }
    None
}

/// `(dPdAdNd)`: d the delimiter, P the protocol, A the address, N the port; all but N may be
/// empty.
fn bracketed_port(line: &[u8]) -> Option<u16> {
    line.iter()
        .enumerate()
        .filter(|(_, byte)| **byte == b'(')
        .find_map(|(at, _)| {
            let inside = line.get(at + 1..)?;
            let delimiter = *inside.first()?;
            if !delimiter.is_ascii_graphic() || delimiter.is_ascii_digit() {
                return None;
            }
            let mut parts = inside.split(|b| *b == delimiter);
            let number = parts.nth(3)?;
            // The delimiter behind the port is part of the form.
            parts.next()?;
            port(number)
        })
}

/// `dddNd` outside of brackets.
fn bare_port(line: &[u8]) -> Option<u16> {
    line.iter()
        .enumerate()
        .filter(|(_, byte)| byte.is_ascii_punctuation())
        .find_map(|(at, _)| {
            let (_, port) = extended_port(line.get(at..)?).ok()?;
            (port != 0).then_some(port)
        })
}

/// What stands between the first quote and the next one that is not doubled.
fn quoted(line: &[u8]) -> Option<Cow<'_, [u8]>> {
    let start = line.iter().position(|b| *b == b'"')? + 1;
    let mut path = Vec::new();
    let mut rest = line.get(start..)?;
    loop {
        let end = rest.iter().position(|b| *b == b'"')?;
        let (part, behind) = rest.split_at_checked(end)?;
        match behind {
            [b'"', b'"', behind @ ..] => {
                path.extend_from_slice(part);
                path.push(b'"');
                rest = behind;
            }
            _ if path.is_empty() => return Some(Cow::Borrowed(part)),
            _ => {
                path.extend_from_slice(part);
                return Some(Cow::Owned(path));
            }
        }
    }
}

/// A path without quotes: what begins like one, or stands behind `PWD =`, or the first word
/// with a slash in front and all behind it.
fn unquoted(text: &[u8]) -> Option<&[u8]> {
    let text = match text.split_at_checked(3) {
        Some((word, rest)) if word.eq_ignore_ascii_case(b"PWD") => {
            let behind = rest.trim_ascii_start().strip_prefix(b"=");
            if let Some(path) = behind {
                return Some(path.trim_ascii_start());
            }
            text
        }
        _ => text,
    };
    let path = match text {
        [b'/', ..] => text,
        [drive, b':', ..] if drive.is_ascii_alphabetic() => text,
        _ => {
            let blank = text.windows(2).position(|pair| pair == b" /")?;
            text.get(blank + 1..)?
        }
    };
    Some(without_comment(path))
}

/// Cuts off what servers say behind a path that they do not quote.
fn without_comment(text: &[u8]) -> &[u8] {
    const COMMENTS: [&[u8]; 6] = [
        b" is current directory",
        b" is the current directory",
        b" is current working directory",
        b" is working directory",
        b" directory created",
        b" created",
    ];
    let text = text.strip_suffix(b".").unwrap_or(text);
    COMMENTS
        .iter()
        .find_map(|comment| {
            let (path, end) = text.split_at_checked(text.len().checked_sub(comment.len())?)?;
            end.eq_ignore_ascii_case(comment).then_some(path)
        })
        .unwrap_or(text)
}

#[cfg(test)]
mod tests;
