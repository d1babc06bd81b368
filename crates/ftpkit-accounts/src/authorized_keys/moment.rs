//! The times of `expiry-time=`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

const HOUR: u64 = 3600;
/// How far ahead of UTC a zone is at most.
const FURTHEST_ZONE: u64 = 14 * HOUR;

/// Reads `YYYYMMDD` or `YYYYMMDDHHMM[SS]`, with a `Z` for UTC. Without one it is the earliest
/// moment at which it is that time anywhere.
pub(super) fn parse(text: &str) -> Option<SystemTime> {
    let (digits, ahead) = match text.strip_suffix(['Z', 'z']) {
        Some(digits) => (digits, 0),
        None => (text, FURTHEST_ZONE),
    };
    if !matches!(digits.len(), 8 | 12 | 14) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let field = |from: usize, to: usize| digits.get(from..to).map_or(Some(0), |d| d.parse().ok());
    let (year, month, day): (u64, u64, u64) = (field(0, 4)?, field(4, 6)?, field(6, 8)?);
    let (hour, minute, second): (u64, u64, u64) = (field(8, 10)?, field(10, 12)?, field(12, 14)?);
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    let longest = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if year < 1970 || !(1..=longest).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days(year, month, day) * 24 * HOUR + hour * HOUR + minute * 60 + second;
    UNIX_EPOCH.checked_add(Duration::from_secs(seconds.saturating_sub(ahead)))
}

/// The days from the beginning of 1970 to this one.
const fn days(year: u64, month: u64, day: u64) -> u64 {
    // Years that begin with March have the day that comes and goes at their end.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let before = year * 365 + year / 4 - year / 100 + year / 400;
    let epoch = 719_468;
    before + (month * 153 + 2) / 5 + day - 1 - epoch
}
