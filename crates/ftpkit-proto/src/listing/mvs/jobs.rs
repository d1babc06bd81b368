//! Jobs of JES and, for one job, the files of its spool (SITE FILETYPE=JES).
//!
//! A job's name here is its number, `JOB01234`, by which it is retrieved. A spool file's is its
//! number too, and it is retrieved by both: `JOB01234.2`.

use super::is_name;
use crate::{
    facts::Kind,
    listing::{
        Context, Entry,
        entry::{grouped_number, part},
        words::{all, last_word, word},
    },
};

/// `JOBNAME JOBID STATUS …` (JESINTERFACELEVEL 1), `JOBNAME JOBID OWNER STATUS CLASS …` (2).
pub(super) fn read(line: &[u8], _: &Context) -> Option<Entry> {
    let (job, rest) = word(line);
    let (id, rest) = word(rest);
    if !is_name(job) || !is_job(id) {
        return None;
    }
    let (third, rest) = word(rest);
    let (fourth, _) = word(rest);
    let owner = match (is_status(third), is_status(fourth)) {
        (_, true) if is_name(third) => third,
        (true, _) => &b""[..],
        _ => return None,
    };
    let mut entry = Entry::of(part(line, id)?, Kind::File);
    entry.owner = part(line, owner);
    Some(entry)
}

/// Jobs, started tasks and users of TSO.
fn is_job(word: &[u8]) -> bool {
    let letters = word.iter().take_while(|b| b.is_ascii_uppercase()).count();
    let Some((letters, digits)) = word.split_at_checked(letters) else {
        return false;
    };
    let kind = matches!(letters, b"JOB" | b"STC" | b"TSU" | b"J" | b"S" | b"T");
    kind && word.len() <= 8 && digits.len() >= 4 && all(digits, |b| b.is_ascii_digit())
}

fn is_status(word: &[u8]) -> bool {
    matches!(word, b"INPUT" | b"ACTIVE" | b"OUTPUT" | b"HELD")
}

/// `ID STEPNAME [PROCSTEP] CLASS DDNAME BYTE-COUNT`.
pub(super) fn spool(line: &[u8]) -> Option<Entry> {
    let (id, rest) = word(line);
    let (rest, count) = last_word(rest);
    let (rest, ddname) = last_word(rest);
    let (_, class) = last_word(rest);
    let sound = id.len() >= 3
        && all(id, |b| b.is_ascii_digit())
        && is_name(ddname)
        && class.len() == 1
        && all(class, |b| b.is_ascii_alphanumeric());
    if !sound {
        return None;
    }
    let mut entry = Entry::of(part(line, id)?, Kind::File);
    entry.size = Some(grouped_number(count)?);
    Some(entry)
}
