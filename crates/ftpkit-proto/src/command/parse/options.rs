//! The arguments of `OPTS` and `SITE`, whose first word says how the rest is read.

use nom::{
    Parser,
    bytes::complete::take_while1,
    character::complete::{char, u8},
    combinator::{opt, rest},
    sequence::{preceded, terminated},
};

use super::{Kind, checked, mode, needed, path, tag_no_case, trimmed, whole, words::two_paths};
use crate::{
    command::{HashAlgorithm, Opts, Site},
    text::{PathArg, Text},
    time::Timestamp,
};

/// ```text
/// opts = "UTF8" [ SP ( "ON" / "OFF" / "NLST" ) ]
///      / "MLST" [ SP facts ]
///      / "HASH" [ SP algorithm ]
///      / "MODE" SP "Z" [ SP "LEVEL" SP 1DIGIT ]
///      / name [ SP parameters ]
/// name = 1*( %x21-FF )
/// ```
pub(super) fn opts(argument: &[u8]) -> Result<Opts, Kind> {
    let word = take_while1(|b: u8| b != b' ');
    let (name, parameters) = whole(argument, (word, opt(preceded(char(' '), rest))))?;
    // An empty one is none. It is copied only where it is kept.
    let parameters = parameters.filter(|parameters| !parameters.is_empty());
    if name.eq_ignore_ascii_case(b"UTF8") || name.eq_ignore_ascii_case(b"UTF-8") {
        let off = parameters.is_some_and(|p| p.trim_ascii().eq_ignore_ascii_case(b"OFF"));
        return Ok(Opts::Utf8(!off));
    }
    if name.eq_ignore_ascii_case(b"MLST") {
        let facts = parameters.unwrap_or_default();
        return Ok(Opts::Mlst(checked(Text::try_from(facts))?));
    }
    if name.eq_ignore_ascii_case(b"HASH") {
        let Some(wanted) = parameters else {
            return Ok(Opts::Hash(None));
        };
        let algorithm = HashAlgorithm::from_name(trimmed(wanted));
        // The draft wants 501 for one that is not known.
        return algorithm
            .map(|algorithm| Opts::Hash(Some(algorithm)))
            .ok_or(Kind::BadArgument);
    }
    if name.eq_ignore_ascii_case(b"MODE") {
        let level = preceded((char(' '), tag_no_case("LEVEL"), char(' ')), u8);
        let level = whole(
            parameters.unwrap_or_default(),
            preceded(tag_no_case("Z"), opt(level)),
        )?;
        return match level {
            Some(10..) => Err(Kind::UnknownParameter),
            level => Ok(Opts::ModeZ { level }),
        };
    }
    Ok(Opts::Other {
        name: checked(Text::try_from(name))?,
        parameters: match parameters {
            Some(parameters) => Some(checked(Text::try_from(parameters))?),
            None => None,
        },
    })
}

/// ```text
/// site  = "HELP" / "CHMOD" SP mode SP path / utime
///       / ( "SYMLINK" / "COPY" ) SP two-paths
///       / ( "MKDIR" / "RMDIR" / "CPFR" / "CPTO" ) SP path
///       / text
/// mode  = 3*4( "0"-"7" )
/// utime = "UTIME" SP path 3( SP time ) SP "UTC"   ; read, modified, changed
///       / "UTIME" SP time SP path
/// time  = 12DIGIT [ 2DIGIT ]                      ; without the seconds: 00
/// ```
pub(super) fn site(argument: &[u8]) -> Result<Site, Kind> {
    let argument = needed(argument)?;
    let (word, tail) = match argument.iter().position(|b| *b == b' ') {
        Some(at) => argument.split_at(at),
        None => (argument, &b""[..]),
    };
    let tail = tail.strip_prefix(b" ").unwrap_or_default();
    if word.eq_ignore_ascii_case(b"HELP") && trimmed(tail).is_empty() {
        return Ok(Site::Help);
    }
    if word.eq_ignore_ascii_case(b"CHMOD") {
        let (name, mode) = terminated(mode, char(' '))
            .parse(tail)
            .map_err(|_| Kind::BadArgument)?;
        return Ok(Site::Chmod {
            mode,
            path: path(name)?,
        });
    }
    if word.eq_ignore_ascii_case(b"UTIME") {
        let (accessed, modified, name) = utime(tail).ok_or(Kind::BadArgument)?;
        return Ok(Site::Utime {
            accessed,
            modified,
            path: path(name)?,
        });
    }
    let is = |name: &[u8]| word.eq_ignore_ascii_case(name);
    if is(b"SYMLINK") {
        let (target, link) = two_paths(tail)?;
        return Ok(Site::Symlink { target, link });
    }
    if is(b"COPY") {
        let (from, to) = two_paths(tail)?;
        return Ok(Site::Copy { from, to });
    }
    let named: fn(PathArg) -> Site = if is(b"MKDIR") {
        Site::MakeDirectory
    } else if is(b"RMDIR") {
        Site::RemoveDirectory
    } else if is(b"CPFR") {
        Site::CopyFrom
    } else if is(b"CPTO") {
        Site::CopyTo
    } else {
        return Ok(Site::Other(checked(Text::try_from(argument))?));
    };
    path(tail).map(named)
}

/// The time of the last access where the form has it, of the last change, and the path.
fn utime(argument: &[u8]) -> Option<(Option<Timestamp>, Timestamp, &[u8])> {
    if let Some((accessed, modified, path)) = three_times(argument) {
        return Some((Some(accessed), modified, path));
    }
    let at = argument.iter().position(|b| *b == b' ')?;
    let (time, path) = argument.split_at(at);
    Some((None, minutes(time)?, path.strip_prefix(b" ")?))
}

/// The form with three times, told by its end.
fn three_times(argument: &[u8]) -> Option<(Timestamp, Timestamp, &[u8])> {
    let mut words = argument.rsplitn(5, |b| *b == b' ');
    if !words.next()?.eq_ignore_ascii_case(b"UTC") {
        return None;
    }
    let _changed = minutes(words.next()?)?;
    let modified = minutes(words.next()?)?;
    let accessed = minutes(words.next()?)?;
    Some((accessed, modified, words.next()?))
}

/// `YYYYMMDDHHMM[SS]`.
fn minutes(word: &[u8]) -> Option<Timestamp> {
    let mut seconds = *b"00000000000000";
    if !matches!(word.len(), 12 | 14) {
        return None;
    }
    seconds.get_mut(..word.len())?.copy_from_slice(word);
    Timestamp::parse_time_val(&seconds)
}
