//! Data sets, under `Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname`.
//!
//! Columns run into each other where numbers are long, and LISTLEVEL 2 and old versions have
//! others. So the name and the organization are read from the end, volume and date from the
//! start, and what stands between has only to look like the rest.
//!
//! A partitioned data set is a directory. What a data set takes is told in tracks, and not how
//! full they are, so there is no size. The date is that of the last reference, the only one
//! told: the last change is not later. A name in quotes is complete, one without is relative to
//! the working directory; it keeps its quotes, without which it would be another.

use super::is_national;
use crate::{
    facts::Kind,
    listing::{
        Context, Entry,
        dates::{self, Day},
        entry::part,
        words::{all, last_word, skip, without_end, word},
    },
};

pub(super) fn read(line: &[u8], context: &Context) -> Option<Entry> {
    let (before, name) = last_word(line);
    let (kind, day, name) = attributes(before)
        .map(|(kind, day)| (kind, day, name))
        .or_else(|| state(before).map(|kind| (kind, None, name)))
        .or_else(|| undated(before, name).map(|(kind, name)| (kind, None, name)))?;
    let mut entry = Entry::of(part(line, name)?, kind);
    entry.modified = day.and_then(|day| dates::moment(day, None, context));
    Some(entry)
}

fn organization(word: &[u8]) -> Option<Kind> {
    Some(match word {
        b"PO" | b"PO-E" | b"POU" => Kind::Directory,
        b"PS" | b"PS-E" | b"PS-L" | b"PSU" | b"DA" | b"DAU" | b"IS" | b"ISU" => Kind::File,
        b"VS" | b"VSAM" => Kind::File,
        // Names for other data sets.
        b"GDG" | b"PATH" | b"AIX" => Kind::Other,
        _ => return None,
    })
}

/// `VOLUME [UNIT] DATE`, three to six columns, and the organization.
fn attributes(before: &[u8]) -> Option<(Kind, Option<Day>)> {
    let (mut columns, last) = last_word(before);
    let digits = last.iter().take_while(|b| b.is_ascii_digit()).count();
    let kind = organization(last.get(digits..)?)?;
    let (volume, behind) = word(columns);
    let (second, after) = word(behind);
    // `TSO0012024/06/15`
    let joined = volume
        .split_at_checked(6)
        .and_then(|(volume, date)| dated(date).filter(|_| is_volume(volume)));
    let (day, first);
    if let Some((glued, date)) = joined {
        (day, first, columns) = (date, glued, behind);
    } else if volume.len() > 11 || !all(volume, is_national) {
        // Longer than a volume's name, the unit has run into it.
        return None;
    } else if let Some((glued, date)) = dated(second) {
        (day, first, columns) = (date, glued, after);
    } else {
        let (third, rest) = word(after);
        if second.len() > 5 || !all(second, is_national) {
            return None;
        }
        let (glued, date) = dated(third)?;
        (day, first, columns) = (date, glued, rest);
    }
    let mut count = usize::from(!first.is_empty()) + usize::from(digits > 0);
    let mut formatted = false;
    loop {
        let (column, rest) = word(columns);
        if column.is_empty() {
            break;
        }
        let sound = |b| is_national(b) || matches!(b, b'+' | b'?' | b'*');
        if count >= 6 || !all(column, sound) {
            return None;
        }
        formatted |= column.iter().any(u8::is_ascii_uppercase);
        count += 1;
        columns = rest;
    }
    (count >= 4 && formatted).then_some((kind, day))
}

/// The digits behind a date that ran into its column, and the date: `2024/06/15`, in old versions
/// `06/15/24`, or `**NONE**`.
fn dated(text: &[u8]) -> Option<(&[u8], Option<Day>)> {
    if text.starts_with(b"**") && text.ends_with(b"NONE**") || text == b"***NONE***" {
        return Some((b"", None));
    }
    let slash = text.iter().position(|b| *b == b'/')?;
    let length = if slash == 4 { 10 } else { 8 };
    let (date, behind) = text.split_at_checked(length)?;
    if !behind.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some((behind, Some(dates::figures(date)?)))
}

fn is_volume(word: &[u8]) -> bool {
    word.len() <= 6 && all(word, is_national)
}

/// What stands in place of the attributes of a data set that is not at hand.
fn state(before: &[u8]) -> Option<Kind> {
    const STATES: [(&[u8], Kind); 9] = [
        (b"Migrated", Kind::Other),
        (b"MIGRAT", Kind::Other),
        (b"Not Mounted", Kind::Other),
        (b"Not Direct Access Device", Kind::Other),
        (b"< Not a DASD device >", Kind::Other),
        (b"< File not on volume >", Kind::Other),
        (b"Error determining attributes", Kind::Other),
        (b"User catalog connector", Kind::Other),
        (b"Pseudo Directory", Kind::Directory),
    ];
    let text = without_end(before);
    let (volume, behind) = word(text);
    let behind = skip(behind, usize::MAX);
    // All that stands on a tape is sequential.
    if is_volume(volume) && (behind == b"Tape" || behind == b"TAPE") {
        return Some(Kind::File);
    }
    let text = if is_volume(volume) && !behind.is_empty() {
        behind
    } else {
        text
    };
    let mut states = STATES.iter();
    let known = states.find(|(state, _)| *state == text);
    known.map(|(_, kind)| *kind)
}

/// VSAM and what has no space of its own: `[VOLUME [UNIT]] VSAM`, which may have run into the
/// name.
fn undated<'a>(before: &'a [u8], name: &'a [u8]) -> Option<(Kind, &'a [u8])> {
    const UNDATED: [&[u8]; 4] = [b"VSAM", b"GDG", b"PATH", b"AIX"];
    let (lead, last) = last_word(before);
    let (organized, lead, name) = if UNDATED.contains(&last) {
        (last, lead, name)
    } else {
        // Both have columns of their own.
        let glued = UNDATED.iter().find(|word| name.starts_with(word));
        let (word, name) = name.split_at_checked(glued?.len())?;
        (48..=54).contains(&before.len()).then_some(())?;
        (word, before, name)
    };
    let (volume, behind) = word(lead);
    let (unit, behind) = word(behind);
    let sound = if volume.is_empty() {
        lead.len() >= 40
    } else {
        is_volume(volume) && unit.len() <= 5 && unit.iter().all(|b| is_national(*b))
    };
    let sound = sound && skip(behind, usize::MAX).is_empty() && !name.is_empty();
    sound.then_some((organization(organized)?, name))
}
