//! Lines of z/OS, OS/390 and MVS: data sets, members of partitioned data sets, and jobs of JES.
//! `TSO001 3390   2024/06/15  1   15  FB      80 27920  PO  ANNA.CNTL`
//!
//! Its Unix file system lists like Unix.

mod datasets;
mod jobs;
mod members;

use super::{
    Context, Entry, Miss, ReadLine, SkipReason, Weight,
    words::{all, last_word, word},
};

/// Reads a line of one kind.
type Read = fn(&[u8], &Context) -> Option<Entry>;

/// Reads [`Dialect::Mvs`](super::Dialect::Mvs).
#[derive(Debug, Default)]
pub(super) struct Mvs {
    /// What the last heading, or line that leaves no doubt, said of the lines.
    table: Table,
    /// The line that gave an entry could as well be anything.
    loose: bool,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Table {
    #[default]
    Unknown,
    DataSets,
    Members,
    Jobs,
    /// The files of one job.
    Spool,
}

impl ReadLine for Mvs {
    fn read(&mut self, line: &[u8], context: &Context) -> Result<Entry, Miss> {
        self.loose = false;
        if let Some((table, reason)) = self.not_an_entry(line) {
            self.table = table;
            return Err(Miss::Skip(reason));
        }
        // Lines of spool files say nothing by themselves.
        if self.table == Table::Spool {
            if let Some(entry) = jobs::spool(line) {
                return Ok(entry);
            }
        }
        let kinds: [(Table, Read); 3] = [
            (Table::DataSets, datasets::read),
            (Table::Members, members::read),
            (Table::Jobs, jobs::read),
        ];
        for (table, read) in kinds {
            if let Some(entry) = read(line, context) {
                self.table = table;
                return Ok(entry);
            }
        }
        if let Some(entry) = members::bare(line, self.table == Table::Members) {
            self.loose = true;
            return Ok(entry);
        }
        Err(Miss::UNKNOWN)
    }

    fn rewind(&mut self) {
        *self = Self::default();
    }

    fn weight(&self, _: &[u8]) -> Weight {
        if self.loose {
            Weight::LOOSE
        } else {
            Weight::FORM
        }
    }
}

impl Mvs {
    /// What a line is that tells of no file, and what it says of those that follow.
    fn not_an_entry(&self, line: &[u8]) -> Option<(Table, SkipReason)> {
        let (first, behind) = word(line);
        let (second, _) = word(behind);
        let (_, last) = last_word(line);
        match (first, second, last) {
            (b"Volume", b"Unit" | b"Referred", b"Dsname") => {
                Some((Table::DataSets, SkipReason::Columns))
            }
            (b"Name", b"VV.MM", _) | (b"Name", b"Size", b"Rmode") => {
                Some((Table::Members, SkipReason::Columns))
            }
            (b"JOBNAME", b"JOBID", _) => Some((Table::Jobs, SkipReason::Columns)),
            (b"ID", b"STEPNAME", b"BYTE-COUNT") => Some((Table::Spool, SkipReason::Columns)),
            // What follows the line of one job.
            _ if self.table == Table::Jobs && all(first, |b| b == b'-') && first.len() >= 8 => {
                Some((self.table, SkipReason::Columns))
            }
            (b"STEPNAME" | b"CPUTIME", ..) | (b"STEP,", b"PROC,", _)
                if matches!(self.table, Table::Jobs | Table::Spool) =>
            {
                Some((self.table, SkipReason::Header))
            }
            (count, b"spool" | b"Spool", b"files" | b"Files")
                if all(count, |b| b.is_ascii_digit()) =>
            {
                Some((Table::Jobs, SkipReason::Summary))
            }
            (b"No", b"jobs", _) if line.starts_with(b"No jobs found") => {
                Some((self.table, SkipReason::Summary))
            }
            _ => None,
        }
    }
}

/// The bytes of names and volumes there, which are in capitals.
const fn is_national(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit() || matches!(byte, b'$' | b'#' | b'@')
}

/// A name of at most eight of them, as members, jobs and users have.
fn is_name(word: &[u8]) -> bool {
    word.len() <= 8 && all(word, |b| is_national(b) || b == b'{')
}

#[cfg(test)]
pub(super) mod tests;
