//! What listings tell of a server: in which form it lists, and in which time zone.

use std::collections::BTreeMap;

use ftpkit::proto::{
    Text,
    facts::Kind,
    listing::{Dialect, Entry, Line, Parser},
    time::{Civil, ListedTime, Precision, Timestamp},
};

use super::report::{Finding, Outcome};

/// The entries of a listing, and how much of it could be read.
#[derive(Default)]
pub(super) struct Files {
    pub(super) entries: Vec<Entry>,
    dialect: Option<Dialect>,
    unread: Vec<String>,
}

impl Files {
    /// Reads a listing that came today.
    pub(super) fn read(bytes: &[u8], dialect: Option<Dialect>, today: Civil) -> Self {
        let mut files = Self {
            dialect,
            ..Self::default()
        };
        let mut parser = Parser::new(dialect, today);
        parser.push(bytes);
        parser.finish();
        while let Some(line) = parser.next_line() {
            match line {
                Line::Entry(entry) => files.entries.push(entry),
                Line::Unparsed { raw, .. } => {
                    files
                        .unread
                        .push(String::from_utf8_lossy(&raw).into_owned());
                }
                _ => {}
            }
        }
        files.dialect = parser.dialect();
        files
    }

    /// How the server lists, and how many lines of it can be read.
    pub(super) fn finding(&self, name: &'static str) -> Finding {
        let lines = self.entries.len() + self.unread.len();
        if lines == 0 {
            let text = "the directory is empty: name another one in the URL";
            return Finding::new(name, Outcome::Unknown, text);
        }
        let dialect = self.dialect.map(Dialect::name);
        let mut text = format!(
            "{}: {} of {lines} entries can be read",
            dialect.unwrap_or("no known dialect"),
            self.entries.len()
        );
        if let Some(line) = self.unread.first() {
            text.push_str(&format!(", not {line:?}"));
        }
        Finding::new(name, Outcome::of(self.unread.is_empty()), text).with(|object| {
            if let Some(dialect) = dialect {
                object.text("dialect", dialect);
            }
            object.number("lines", lines as u64);
            object.number("read", self.entries.len() as u64);
        })
    }

    /// Names of files of which LIST shows a time to the minute.
    pub(super) fn dated(&self) -> impl Iterator<Item = Text> {
        let dated = self.entries.iter().filter(|entry| {
            entry.kind == Kind::File && entry.modified.is_some_and(|time| to_the_minute(&time))
        });
        dated.map(Entry::name)
    }

    /// The times of the entries, by name, where they are moments.
    pub(super) fn moments(&self) -> BTreeMap<Vec<u8>, Timestamp> {
        let moment = |entry: &Entry| {
            let time = entry.modified?.timestamp()?;
            Some((entry.name().as_bytes().to_vec(), time))
        };
        self.entries.iter().filter_map(moment).collect()
    }

    /// In which zone LIST tells times, found by the moments of the same files.
    pub(super) fn time_zone(&self, moments: &BTreeMap<Vec<u8>, Timestamp>, now: Civil) -> Finding {
        const NAME: &str = "time_zone";
        let unknown = |text: &str| Finding::new(NAME, Outcome::Unknown, text);
        let mut seen: Vec<(Timestamp, i64)> = self
            .entries
            .iter()
            .filter_map(|entry| {
                let shown = entry.modified.filter(to_the_minute)?;
                let moment = *moments.get(entry.name().as_bytes())?;
                Some((moment, offset(&shown, moment)?))
            })
            .collect();
        if moments.is_empty() {
            return unknown("it cannot be told: no file's time is known in UTC (MLSD, MDTM)");
        }
        // Clocks differ a little; a server that takes its own zone for UTC is ahead by hours.
        let soon = Timestamp::from_civil(now).unix_seconds() + 600;
        if moments.values().any(|moment| moment.unix_seconds() > soon) {
            return unknown(
                "it cannot be told: MLSD or MDTM tells a time in the future, so that it is not in \
                 UTC, or a clock is wrong",
            );
        }
        // The newest file tells of the zone as it is now, or nearly so.
        seen.sort_unstable();
        let Some((_, newest)) = seen.last().copied() else {
            return unknown("it cannot be told: LIST shows no time to the minute of any file");
        };
        let agree = seen.iter().filter(|(_, offset)| *offset == newest).count();
        let zone = shown_offset(newest);
        let mut text = format!("LIST tells times in UTC{zone}, as {agree} files show");
        if agree < seen.len() {
            text.push_str(&format!(
                "; {} others differ, as with summer time",
                seen.len() - agree
            ));
        }
        Finding::new(NAME, Outcome::Yes, text).with(|object| {
            object.text("offset", &zone);
            object.number("files", agree as u64);
        })
    }
}

const fn to_the_minute(time: &ListedTime) -> bool {
    !time.utc && matches!(time.precision, Precision::Minute | Precision::Second)
}

/// How far a shown time is ahead of the moment, in minutes; none where no zone is so.
fn offset(shown: &ListedTime, moment: Timestamp) -> Option<i64> {
    let seconds = shown.assume_utc().unix_seconds() - moment.unix_seconds();
    // Seconds are cut off, or rounded; zones are multiples of a quarter of an hour.
    let quarters = (seconds + 450).div_euclid(900);
    let is_near = (seconds - quarters * 900).abs() <= 60;
    (is_near && (-56..=56).contains(&quarters)).then_some(quarters * 15)
}

fn shown_offset(minutes: i64) -> String {
    let sign = if minutes < 0 { '-' } else { '+' };
    let minutes = minutes.abs();
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(list: &str, mlsd: &str) -> (Outcome, String) {
        let today = Civil::date(2024, 6, 15).unwrap();
        let list = Files::read(list.as_bytes(), Some(Dialect::Unix), today);
        let moments = Files::read(mlsd.as_bytes(), Some(Dialect::Mlsx), today).moments();
        let finding = list.time_zone(&moments, today);
        (finding.outcome(), finding.text().to_owned())
    }

    #[test]
    fn the_zone_is_the_distance_of_list_from_utc() {
        let line = |time: &str| format!("-rw-r--r-- 1 a b 1 Jan  5 {time} x\n");
        let fact = |time: &str| format!("type=file;modify=20240105{time}; x\n");
        for (shown, utc, expected) in [
            ("12:00", "120059", Some("+00:00")),
            ("14:00", "120001", Some("+02:00")),
            ("06:30", "120000", Some("-05:30")),
            ("12:07", "120000", None),
        ] {
            let (outcome, text) = zone(&line(shown), &fact(utc));
            match expected {
                Some(zone) => {
                    assert_eq!(outcome, Outcome::Yes, "{text}");
                    assert!(text.contains(&format!("UTC{zone}")), "{text}");
                }
                None => assert_eq!(outcome, Outcome::Unknown, "{text}"),
            }
        }
        assert_eq!(zone(&line("12:00"), "").0, Outcome::Unknown);
        assert_eq!(zone("", &fact("120000")).0, Outcome::Unknown);
        let tomorrow = "type=file;modify=20240616120000; x\n";
        assert_eq!(zone(&line("12:00"), tomorrow).0, Outcome::Unknown);
        let dated_by_year = "-rw-r--r-- 1 a b 1 Jan  5  2020 x\n";
        assert_eq!(zone(dated_by_year, &fact("120000")).0, Outcome::Unknown);
    }

    #[test]
    fn the_newest_file_tells_of_the_zone_as_it_is() {
        let list = "-rw-r--r-- 1 a b 1 Jan  5 13:00 winter\n\
                    -rw-r--r-- 1 a b 1 Jun  5 14:00 summer\n";
        let mlsd = "type=file;modify=20240105120000; winter\n\
                    type=file;modify=20240605120000; summer\n";
        let (outcome, text) = zone(list, mlsd);
        assert_eq!(outcome, Outcome::Yes);
        assert!(
            text.contains("UTC+02:00, as 1 files show; 1 others differ"),
            "{text}"
        );
    }
}
