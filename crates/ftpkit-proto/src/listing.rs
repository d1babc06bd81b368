//! Listings: [`Parser`] reads what servers send, [`format`] writes what clients expect.
//!
//! Each dialect is a file of its own behind one trait; dates are shared. Which names may
//! become paths is decided by [`SafeName`](crate::SafeName), not here.
//!
//! # How the dialect is found
//!
//! Servers do not say in which [`Dialect`] they list. Unless it is told, [`Parser`] finds out:
//!
//! - The first lines wait, eight at most, and every dialect reads them. A line that one reads is
//!   worth points to it: more where nothing else looks like that, fewer where much does. Column
//!   headings, totals and the like count too. Whoever has the most points reads the waiting
//!   lines from the start, with what it learned of all of them, and from then on it is the only
//!   one that runs.
//! - While no dialect has a point, lines go on waiting, up to 64 of them or 64 KiB. Then the
//!   oldest leaves, unparsed, so that a banner of any length neither hides what comes behind it
//!   nor fills memory.
//! - Later, a line that the dialect does not read, or reads only loosely, is shown to all the
//!   others. Where one reads it surely it is read so, and that dialect goes on from there; the
//!   lines before it stay as they were read. So a dialect that was guessed wrong, and a listing
//!   that changes its form, lose no entry.
//! - What nobody reads stays as it is, with the reason.
//!
//! Each line is read by each dialect at most twice, whatever the listing holds.
//!
//! # Adding a dialect
//!
//! A file with a type that implements `ReadLine`, a `mod` line, and a line in `dialects!` below.

mod cms;
mod dates;
mod dos;
mod enterprise;
mod entry;
mod eplf;
pub mod format;
mod guess;
mod line;
mod lines;
mod macos;
mod mlsx;
mod months;
mod mvs;
mod netware;
mod os2;
mod os400;
#[cfg(test)]
mod overlap;
mod parser;
mod scan;
mod steps;
#[cfg(test)]
mod table;
mod tandem;
mod unix;
mod unix_like;
mod vms;
mod vxworks;
mod words;

pub use entry::Entry;
pub use line::{Line, SkipReason, UnparsedReason};
pub(crate) use mlsx::fact_line;
pub use parser::{Parser, parse};

use alloc::boxed::Box;
use core::{fmt, str::FromStr};

use crate::time::{Civil, Timestamp};

macro_rules! dialects {
    ($($(#[doc = $doc:literal])* $dialect:ident, $name:literal, $reader:expr;)*) => {
        /// The forms of listings.
        ///
        /// ```
        /// use ftpkit_proto::listing::Dialect;
        /// assert_eq!("unix".parse(), Ok(Dialect::Unix));
        /// assert_eq!(Dialect::Unix.to_string(), "unix");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Dialect {
            $($(#[doc = $doc])* $dialect,)*
        }

        impl Dialect {
            /// All of them. Of two that fit a listing equally well the first here is taken.
            pub const ALL: &'static [Self] = &[$(Self::$dialect),*];

            /// Its name on command lines: lower case, without blanks.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$dialect => $name,)*
                }
            }

            /// A reader for a listing of this dialect, at its start.
            fn reader(self) -> Box<dyn ReadLine> {
                match self {
                    $(Self::$dialect => Box::new($reader),)*
                }
            }
        }
    };
}

dialects! {
    /// MLSD and MLST (RFC 3659 sec. 7).
    Mlsx, "mlsx", mlsx::Mlsx;
    /// LIST like `ls -l`.
    Unix, "unix", unix::Unix;
    /// LIST like `DIR` of DOS and Windows, as IIS and the server of Windows CE send it.
    Dos, "dos", dos::Dos::default();
    /// LIST like `DIRECTORY` of VMS, as UCX, MultiNet, TCPware and others send it. Sizes are
    /// whole blocks of 512 bytes. The name keeps the `.DIR` of a directory, without which CWD
    /// wants it.
    Vms, "vms", vms::Vms::default();
    /// LIST of OS/400 (IBM i) in its own format. The order of year, month and day follows from
    /// the listing as a whole, as far as it tells.
    Os400, "os400", os400::Os400::default();
    /// LIST of z/OS, OS/390 and MVS: data sets, members of partitioned ones, jobs of JES.
    /// Partitioned data sets are directories. The date of a data set is that of its last
    /// reference. Sizes are told only where they are in bytes.
    Mvs, "mvs", mvs::Mvs::default();
    /// LIST of IBM's server on OS/2.
    Os2, "os2", os2::Os2;
    /// LIST of NetWare, and of Hellsoft's server on it.
    NetWare, "netware", netware::NetWare;
    /// LIST of Guardian on Tandem and NonStop.
    Tandem, "tandem", tandem::Tandem;
    /// Bernstein's Easily Parsed LIST Format. Times are in UTC.
    Eplf, "eplf", eplf::Eplf;
    /// LIST of the servers of the classic Mac OS: Peter's, NetPresenz, WebSTAR. The size of a
    /// file is that of both its forks.
    MacOs, "macos", macos::MacOs;
    /// LIST of Connect:Enterprise. The number of a batch stands for a group.
    Enterprise, "enterprise", enterprise::Enterprise;
    /// LIST of CMS on z/VM. A name is that of the file, a dot and its type.
    Cms, "cms", cms::Cms;
    /// LIST of VxWorks.
    VxWorks, "vxworks", vxworks::VxWorks;
    /// LIST that begins like `ls -l` and has other columns: no date, or all in figures.
    UnixLike, "unix-like", unix_like::UnixLike;
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no dialect's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnknownDialect;

impl fmt::Display for UnknownDialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no such dialect of listings; there are ")?;
        for (at, dialect) in Dialect::ALL.iter().enumerate() {
            f.write_str(if at == 0 { "" } else { ", " })?;
            f.write_str(dialect.name())?;
        }
        Ok(())
    }
}

impl core::error::Error for UnknownDialect {}

impl FromStr for Dialect {
    type Err = UnknownDialect;

    fn from_str(name: &str) -> Result<Self, UnknownDialect> {
        let mut all = Self::ALL.iter().copied();
        all.find(|dialect| dialect.name().eq_ignore_ascii_case(name))
            .ok_or(UnknownDialect)
    }
}

/// Reads the lines of one listing in one dialect, in their order.
///
/// What one line says of the next, as column headings do, is the reader's state. A reader is
/// also shown lines that are not of its dialect, or only some of a listing's lines: it must
/// refuse them cheaply, the first bytes should do, and then be as useful as before. A line may
/// cost no more than time linear in its length and no allocation; what is kept of it is a slice
/// of its bytes.
trait ReadLine: fmt::Debug + Send + Sync {
    /// Reads a line without its end, which is not empty and holds no CR, LF or NUL.
    fn read(&mut self, line: &[u8], context: &Context) -> Result<Entry, Miss>;

    /// The same into an entry of which nothing is told, and which nobody looks at after a miss;
    /// gives the weight too. The dialects of long listings do so in place: an entry is large
    /// enough to make copies of it most of a line's cost.
    fn read_into(
        &mut self,
        entry: &mut Entry,
        line: &[u8],
        context: &Context,
    ) -> Result<Weight, Miss> {
        *entry = self.read(line, context)?;
        Ok(self.weight(line))
    }

    /// How much the line that just gave an entry speaks for this dialect.
    fn weight(&self, line: &[u8]) -> Weight {
        let _ = line;
        Weight::FORM
    }

    /// Says that the lines that were read come once more: where the reader stood in the listing
    /// holds no longer, but what it learned of it does.
    fn rewind(&mut self) {}
}

/// How much a line speaks for the dialect that reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Weight(u32);

impl Weight {
    /// Anything could be read so.
    const NONE: Self = Self(0);
    /// Much could: a bare name.
    const LOOSE: Self = Self(1);
    /// Nothing else has this form by chance.
    const FORM: Self = Self(8);
    /// Nothing else has it, and it proves that another dialect which may read it is wrong.
    const SURE: Self = Self(16);
}

/// What a line alone does not tell.
#[derive(Clone, Copy, Debug)]
struct Context {
    /// The last moment that a date without a year may mean.
    latest: Civil,
    /// Whether names have the marks of `ls -F` behind them.
    marked: bool,
}

impl Context {
    /// With the date at the server, and how many seconds after it a date without a year may be.
    fn new(today: Civil, tolerance: i64) -> Self {
        let latest = Timestamp::from_civil(today).unix_seconds();
        let latest = Timestamp::from_unix(latest.saturating_add(tolerance), 0);
        // Beyond the calendar's end all is allowed.
        let end = || Civil::new(9999, 12, 31, 23, 59, 59);
        Self {
            latest: latest.map(Timestamp::civil).or_else(end).unwrap_or(today),
            marked: false,
        }
    }
}

/// Why a line gave no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Miss {
    /// It is one of the dialect, and tells of no file.
    Skip(SkipReason),
    /// It is none of the dialect ([`UnparsedReason::UnknownForm`]), or is broken.
    Unparsed(UnparsedReason),
}

impl Miss {
    const UNKNOWN: Self = Self::Unparsed(UnparsedReason::UnknownForm);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn every_dialect_has_a_name() {
        for dialect in Dialect::ALL {
            assert_eq!(dialect.to_string().parse(), Ok(*dialect));
            assert_eq!(dialect.name().to_uppercase().parse(), Ok(*dialect));
        }
        assert_eq!("dialect".parse::<Dialect>(), Err(UnknownDialect));
        let told = UnknownDialect.to_string();
        assert!(told.starts_with("no such dialect of listings; there are mlsx, unix, dos"));
    }
}
