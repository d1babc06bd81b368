//! Listings, and the parsers that are compared by them.

use std::{fmt, hint::black_box, str::FromStr};

use anyhow::{Context as _, anyhow, bail, ensure};
use ftp_cmd_list_parse::FtpEntry;
use ftpkit_proto::{
    listing::{Dialect, Entry, Line, Parser},
    time::Civil,
};
use suppaftp::list::ListParser;

/// How many lines a listing has.
pub const COUNT: usize = 1000;

/// What the lines of a listing look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// As `ls -l` prints them.
    Unix,
    /// As servers on DOS and Windows do.
    Dos,
    /// The facts of MLSD.
    Mlsd,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Unix, Self::Dos, Self::Mlsd];

    const fn name(self) -> &'static str {
        match self {
            Self::Unix => "unix",
            Self::Dos => "dos",
            Self::Mlsd => "mlsd",
        }
    }

    const fn dialect(self) -> Dialect {
        match self {
            Self::Unix => Dialect::Unix,
            Self::Dos => Dialect::Dos,
            Self::Mlsd => Dialect::Mlsx,
        }
    }

    /// Who reads lines of this form.
    #[must_use]
    pub fn contenders(self) -> Vec<Contender> {
        let mut all = Contender::ALL.to_vec();
        // It knows of lists alone.
        all.retain(|parser| self != Self::Mlsd || *parser != Contender::FtpCmdListParse);
        all
    }

    /// A listing of this form.
    #[must_use]
    pub fn listing(self) -> String {
        let line = |at| {
            let ((name, size), minute) = (file(at), at % 60);
            match self {
                Self::Unix => format!(
                    "-rw-r--r--   1 anna     users    {size:>10} Jun 15 12:{minute:02} {name}\r\n"
                ),
                Self::Dos => format!("06-15-24  12:{minute:02}PM  {size:>20} {name}\r\n"),
                Self::Mlsd => format!(
                    "type=file;size={size};modify=202406151200{minute:02};unix.mode=0644;\
                     perm=adfrw; {name}\r\n"
                ),
            }
        };
        (0..COUNT).map(line).collect()
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Form {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<Self> {
        let form = Self::ALL.into_iter().find(|form| form.name() == name);
        form.with_context(|| format!("no lines are called {name}"))
    }
}

/// The name and the size of a line's file, by its place in the listing.
fn file(at: usize) -> (String, u64) {
    (format!("report {at}.txt"), at as u64 * 77)
}

/// The day on which the listings were made, for lines without a year.
///
/// # Panics
///
/// Never: there is such a day.
#[must_use]
pub fn today() -> Civil {
    Civil::date(2024, 6, 16).expect("a day of the calendar")
}

/// A parser that takes part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Contender {
    /// ftpkit's, where entries are looked at and what is wanted of them is kept.
    Ftpkit,
    /// ftpkit's, where entries are given away, to be kept or dropped.
    FtpkitOwned,
    /// That of suppaftp.
    Suppaftp,
    /// That of ftp-cmd-list-parse.
    FtpCmdListParse,
}

impl Contender {
    /// All of them.
    pub const ALL: [Self; 4] = [
        Self::Ftpkit,
        Self::FtpkitOwned,
        Self::Suppaftp,
        Self::FtpCmdListParse,
    ];

    const fn name(self) -> &'static str {
        match self {
            Self::Ftpkit => "ftpkit",
            Self::FtpkitOwned => "ftpkit-owned",
            Self::Suppaftp => "suppaftp",
            Self::FtpCmdListParse => "ftp-cmd-list-parse",
        }
    }

    /// Parses all lines of a listing, each of a form that is known before. What a program reads of
    /// an entry is read here, so that nobody leaves it for later; `see` is given the names and the
    /// sizes.
    ///
    /// # Errors
    ///
    /// If the parser does not understand a line.
    #[inline]
    pub fn parse(
        self,
        form: Form,
        listing: &str,
        mut see: impl FnMut(&[u8], Option<u64>),
    ) -> anyhow::Result<()> {
        match self {
            Self::Ftpkit => {
                let mut parser = ours(form, listing);
                while let Some(line) = parser.next_ref() {
                    entry(line, &mut see)?;
                }
            }
            Self::FtpkitOwned => {
                let mut parser = ours(form, listing);
                while let Some(line) = parser.next_line() {
                    entry(&line, &mut see)?;
                }
            }
            Self::Suppaftp => {
                let parse = match form {
                    Form::Unix => ListParser::parse_posix,
                    Form::Dos => ListParser::parse_dos,
                    Form::Mlsd => ListParser::parse_mlsd,
                };
                for line in listing.lines() {
                    let file = parse(line)?;
                    black_box((file.modified(), file.is_file()));
                    see(file.name().as_bytes(), Some(file.size() as u64));
                    black_box(&file);
                }
            }
            Self::FtpCmdListParse => {
                if form == Form::Mlsd {
                    bail!("ftp-cmd-list-parse reads no facts");
                }
                for line in listing.lines() {
                    let file = FtpEntry::new(line).ok_or_else(|| anyhow!("{line:?}"))?;
                    black_box((file.date_str(), file.kind()));
                    see(file.name().as_bytes(), Some(file.size() as u64));
                    black_box(&file);
                }
            }
        }
        Ok(())
    }

    /// Whether the parser finds the names and the sizes of all lines.
    ///
    /// # Errors
    ///
    /// If it does not.
    pub fn check(self, form: Form) -> anyhow::Result<()> {
        let mut found = Vec::new();
        self.parse(form, &form.listing(), |name, size| {
            found.push((String::from_utf8_lossy(name).into_owned(), size));
        })?;
        ensure!(found.len() == COUNT, "{self} finds {} files", found.len());
        for (at, (name, size)) in found.into_iter().enumerate() {
            let (is, has) = file(at);
            ensure!(
                name == is && size == Some(has),
                "{self} takes {is:?} of {has} bytes for {name:?} of {size:?}"
            );
        }
        Ok(())
    }
}

fn ours(form: Form, listing: &str) -> Parser {
    let mut parser = Parser::new(Some(form.dialect()), today());
    parser.push(listing.as_bytes());
    parser.finish();
    parser
}

fn entry(line: &Line, see: &mut impl FnMut(&[u8], Option<u64>)) -> anyhow::Result<()> {
    let Line::Entry(entry) = line else {
        bail!("{line:?} is no entry");
    };
    read(entry);
    see(entry.name_bytes(), entry.size);
    Ok(())
}

/// What a program reads of an entry of ftpkit's.
pub fn read(entry: &Entry) {
    black_box((entry.name_bytes(), entry.size, entry.modified, entry.kind));
    black_box(entry);
}

impl fmt::Display for Contender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Contender {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> anyhow::Result<Self> {
        let parser = Self::ALL.into_iter().find(|parser| parser.name() == name);
        parser.with_context(|| format!("no parser is called {name}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parsers_find_all_files() {
        for form in Form::ALL {
            for parser in Contender::ALL {
                let takes_part = form.contenders().contains(&parser);
                assert_eq!(parser.check(form).is_ok(), takes_part, "{parser}, {form}");
            }
        }
    }
}
