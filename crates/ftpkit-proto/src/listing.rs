//! Listings: [`Parser`] reads what servers send, [`format`] writes what clients expect.
//!
//! Each dialect is a file of its own behind one trait; dates are shared. Which names may
//! become paths is decided by [`SafeName`](crate::SafeName), not here.

mod dates;
mod dos;
mod entry;
pub mod format;
mod mlsx;
mod parser;
mod unix;

pub use entry::Entry;
pub(crate) use mlsx::fact_line;
pub use parser::{Line, Parser, SkipReason, UnparsedReason, parse};

use bytes::Bytes;

use crate::time::Civil;

/// The forms of listings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Dialect {
    /// MLSD and MLST (RFC 3659 sec. 7).
    Mlsx,
    /// LIST like `ls -l`.
    Unix,
    /// LIST like `DIR` of DOS and Windows, as IIS sends it.
    Dos,
}

impl Dialect {
    /// All of them, the surest to tell first.
    pub(crate) const ALL: [Self; 3] = [Self::Mlsx, Self::Unix, Self::Dos];

    fn reader(self) -> &'static dyn ReadLine {
        match self {
            Self::Mlsx => &mlsx::Mlsx,
            Self::Unix => &unix::Unix,
            Self::Dos => &dos::Dos,
        }
    }
}

/// Reads the lines of one dialect.
trait ReadLine {
    /// Reads a line without its end, which holds no CR, LF or NUL.
    fn read(&self, line: &Bytes, context: &Context) -> Result<Entry, Miss>;
}

/// What a line alone does not tell.
#[derive(Clone, Copy, Debug)]
struct Context {
    /// The day on which a date without a year is read.
    today: Civil,
    /// How many seconds such a date may lie in the future.
    tolerance: i64,
}

/// Why a line gave no entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Miss {
    Skip(SkipReason),
    Unparsed(UnparsedReason),
}

impl Miss {
    const UNKNOWN: Self = Self::Unparsed(UnparsedReason::UnknownForm);
}
