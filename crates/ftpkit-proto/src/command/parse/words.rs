//! Arguments of several words, of which some are names that may hold blanks: names in quotes,
//! names beside numbers, names between commas, facts before a name.

use alloc::vec::Vec;

use super::{Kind, checked, mode, needed, path, trimmed, whole};
use crate::{
    command::{ByteRange, Checksum, Command, FactValue, SetFacts},
    text::PathArg,
    time::Timestamp,
};

/// ```text
/// quoted = DQUOTE 1*( any but DQUOTE / 2DQUOTE ) DQUOTE
/// ```
///
/// Gives the name and what is behind it; `None` where the text begins with no such name.
fn quoted(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut name = Vec::new();
    loop {
        let end = rest.iter().position(|b| *b == b'"')?;
        let (part, behind) = rest.split_at_checked(end)?;
        name.extend_from_slice(part);
        match behind {
            [b'"', b'"', behind @ ..] => {
                name.push(b'"');
                rest = behind;
            }
            [_, behind @ ..] => return Some((name, behind)),
            [] => return None,
        }
    }
}

/// The next name: in quotes, or up to a blank.
fn name(text: &[u8]) -> Result<(PathArg, &[u8]), Kind> {
    let (name, rest) = match quoted(text) {
        Some((name, rest)) if matches!(rest.first(), None | Some(b' ')) => {
            (checked(PathArg::new(name))?, rest)
        }
        _ => {
            let end = text.iter().position(|b| *b == b' ').unwrap_or(text.len());
            let (name, rest) = text.split_at_checked(end).unwrap_or((text, b""));
            (path(name)?, rest)
        }
    };
    Ok((name, behind_blanks(rest)))
}

/// What follows the blanks; any other white space belongs to a name.
fn behind_blanks(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|b| *b != b' ').unwrap_or(text.len());
    text.get(start..).unwrap_or_default()
}

/// ```text
/// two-paths = name SP name                  ; name = quoted / 1*( any but SP )
/// ```
pub(super) fn two_paths(text: &[u8]) -> Result<(PathArg, PathArg), Kind> {
    let (first, rest) = name(trimmed(text))?;
    match name(rest)? {
        (second, []) => Ok((first, second)),
        _ => Err(Kind::BadArgument),
    }
}

/// ```text
/// comb = name 1*( SP name )
/// ```
pub(super) fn comb(argument: &[u8]) -> Result<Command, Kind> {
    let (target, mut rest) = name(needed(trimmed(argument))?)?;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let (part, behind) = name(rest)?;
        parts.push(part);
        rest = behind;
    }
    if parts.is_empty() {
        return Err(Kind::MissingArgument);
    }
    Ok(Command::Comb { target, parts })
}

/// ```text
/// mmd5 = listed *( "," *SP listed )         ; listed = quoted / 1*( any but "," )
/// ```
pub(super) fn paths_between_commas(argument: &[u8]) -> Result<Vec<PathArg>, Kind> {
    let mut rest = needed(trimmed(argument))?;
    let mut paths = Vec::new();
    loop {
        let (path, behind) = match quoted(rest) {
            Some((name, behind)) if matches!(behind.first(), None | Some(b',')) => {
                (checked(PathArg::new(name))?, behind)
            }
            _ => {
                let end = rest.iter().position(|b| *b == b',').unwrap_or(rest.len());
                let (name, behind) = rest.split_at_checked(end).unwrap_or((rest, b""));
                (path(name)?, behind)
            }
        };
        paths.push(path);
        match behind.strip_prefix(b",") {
            Some(behind) => rest = needed(behind_blanks(behind))?,
            None => return Ok(paths),
        }
    }
}

/// ```text
/// checksum = quoted [ SP start [ SP end ] ] / path SP start SP end / path
/// ```
///
/// A lone number behind a name without quotes belongs to the name: servers do not agree on
/// what else it would mean, and names such as `report 2024` are common.
pub(super) fn checksum(form: Checksum, argument: &[u8]) -> Result<Command, Kind> {
    let argument = needed(argument)?;
    if let Some((name, rest)) = quoted(argument) {
        if let Some(range) = numbers_behind(rest) {
            return Ok(Command::Checksum {
                form,
                path: checked(PathArg::new(name))?,
                range: range?,
            });
        }
    }
    if let Some((name, start, end)) = name_and_two_numbers(argument) {
        return Ok(Command::Checksum {
            form,
            path: path(name)?,
            range: Some(ByteRange::between(start?, end?).ok_or(Kind::BadArgument)?),
        });
    }
    Ok(Command::Checksum {
        form,
        path: path(argument)?,
        range: None,
    })
}

/// `[ SP start [ SP end ] ]`; `None` where something else stands there.
fn numbers_behind(text: &[u8]) -> Option<Result<Option<ByteRange>, Kind>> {
    let mut words = text.split(|b| *b == b' ').filter(|word| !word.is_empty());
    if !matches!(text.first(), None | Some(b' ')) {
        return None;
    }
    let (start, end) = (words.next(), words.next());
    if words.next().is_some() || ![start, end].into_iter().flatten().all(is_number) {
        return None;
    }
    Some(match (start.map(number), end.map(number)) {
        (None, _) => Ok(None),
        (Some(Ok(start)), None) => Ok(Some(ByteRange::from(start))),
        (Some(Ok(start)), Some(Ok(end))) => ByteRange::between(start, end)
            .map(Some)
            .ok_or(Kind::BadArgument),
        _ => Err(Kind::BadArgument),
    })
}

type Number = Result<u64, Kind>;

fn name_and_two_numbers(argument: &[u8]) -> Option<(&[u8], Number, Number)> {
    let mut words = trimmed(argument).rsplitn(3, |b| *b == b' ');
    let (end, start, name) = (words.next()?, words.next()?, words.next()?);
    (is_number(end) && is_number(start) && !name.is_empty())
        .then(|| (name, number(start), number(end)))
}

fn is_number(word: &[u8]) -> bool {
    !word.is_empty() && word.iter().all(u8::is_ascii_digit)
}

fn number(digits: &[u8]) -> Number {
    core::str::from_utf8(digits)
        .ok()
        .and_then(|digits| digits.parse().ok())
        .ok_or(Kind::BadArgument)
}

/// Whether the name of a checksum command is read as it is where it stands alone, without
/// quotes.
pub(in crate::command) fn is_plain_name(path: &PathArg) -> bool {
    let name = path.as_bytes();
    !name.starts_with(b"\"") && name_and_two_numbers(name).is_none()
}

/// ```text
/// mff   = 1*( fact "=" value ";" ) SP path
/// fact  = "Modify" / "Create" / "UNIX.mode" / "UNIX.owner" / "UNIX.group"
/// value = *( any but ";" and SP )
/// ```
pub(super) fn mff(argument: &[u8]) -> Result<Command, Kind> {
    let mut facts = SetFacts::new();
    let mut rest = needed(argument)?;
    let name = loop {
        if let Some(name) = rest.strip_prefix(b" ") {
            break name;
        }
        let end = rest
            .iter()
            .position(|b| *b == b';')
            .ok_or(Kind::BadArgument)?;
        let (fact, behind) = rest.split_at_checked(end).ok_or(Kind::BadArgument)?;
        set_fact(&mut facts, fact)?;
        rest = behind.get(1..).unwrap_or_default();
    };
    if facts.is_empty() {
        return Err(Kind::MissingArgument);
    }
    Ok(Command::Mff {
        facts,
        path: path(name)?,
    })
}

fn set_fact(facts: &mut SetFacts, fact: &[u8]) -> Result<(), Kind> {
    let equals = fact
        .iter()
        .position(|b| *b == b'=')
        .ok_or(Kind::BadArgument)?;
    let (name, value) = fact.split_at_checked(equals).ok_or(Kind::BadArgument)?;
    let value = value.get(1..).unwrap_or_default();
    let time = || Timestamp::parse_time_val(value).ok_or(Kind::BadArgument);
    let text = || FactValue::try_from(value).map_err(|_| Kind::BadArgument);
    let is = |fact: &[u8]| name.eq_ignore_ascii_case(fact);
    if is(b"Modify") {
        facts.modified = Some(time()?);
    } else if is(b"Create") {
        facts.created = Some(time()?);
    } else if is(b"UNIX.mode") {
        facts.mode = Some(whole(value, mode)?);
    } else if is(b"UNIX.owner") {
        facts.owner = Some(text()?);
    } else if is(b"UNIX.group") {
        facts.group = Some(text()?);
    } else {
        return Err(Kind::UnknownParameter);
    }
    Ok(())
}
