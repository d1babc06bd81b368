//! The command line: what may be given, its defaults, and the forms of single values.
//! What is done with them stands in the module of each command.

mod remote;
mod serve;

use std::{path::PathBuf, str::FromStr, time::Duration};

use clap::{ArgAction, Args, Parser, Subcommand};
use ftpkit::proto::{
    listing::Dialect,
    time::Civil,
    url::{Scheme, Url},
};

pub(crate) use self::{
    remote::{
        Common, Get, Ls, Mkdir, Mv, Probe, Put, Reach, RemoteOrLocal, Rm, Ssh, Tls, remote_url,
        versions,
    },
    serve::{Access, Reuse, Serve, ServeTls},
};

/// FTP, FTPS and SFTP: serve a directory, and get, put and list files.
#[derive(Debug, Parser)]
#[command(name = "ftpkit", version, about, max_term_width = 100)]
pub(crate) struct Cli {
    /// Show the protocol as it is spoken, on standard error; passwords are left out.
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve a directory.
    Serve(Box<Serve>),
    /// Download a file.
    Get(Get),
    /// Upload a file.
    Put(Put),
    /// List a directory, or show one file.
    Ls(Ls),
    /// Remove files, and empty directories.
    Rm(Rm),
    /// Create directories.
    Mkdir(Mkdir),
    /// Rename or move a file on its server.
    Mv(Mv),
    /// Find out what a server offers: TLS, certificate, data connections, listings, time zone.
    Probe(Probe),
    /// Read listings, replies, commands or whole sessions, and tell what they mean as JSON lines.
    #[command(subcommand)]
    Inspect(Inspect),
    /// Ask for a password and print a line for --user-file.
    Passwd(Passwd),
}

impl Command {
    /// Whether its runtime has work for several threads: the cryptography of SSH, which has
    /// a task of its own.
    pub(crate) fn has_many_tasks(&self) -> bool {
        let is_sftp = |url: &Url| url.scheme() == Scheme::Sftp;
        match self {
            Self::Get(get) => get.what.iter().any(|what| match what {
                RemoteOrLocal::Remote(url) => is_sftp(url),
                RemoteOrLocal::Local(_) => false,
            }),
            Self::Put(put) => is_sftp(&put.url),
            Self::Ls(ls) => is_sftp(&ls.url),
            Self::Rm(rm) => rm.urls.iter().any(is_sftp),
            Self::Mkdir(mkdir) => mkdir.urls.iter().any(is_sftp),
            Self::Mv(mv) => is_sftp(&mv.from),
            Self::Probe(probe) => is_sftp(&probe.url),
            // Sessions have threads of their own.
            Self::Serve(_) | Self::Inspect(_) | Self::Passwd(_) => false,
        }
    }
}

/// What crossed an FTP connection: bytes in, one JSON object a line out.
#[derive(Debug, Subcommand)]
pub(crate) enum Inspect {
    /// Read a directory listing of any dialect: an object a line of it.
    Listing {
        /// The day on which a date without a year is read [default: today].
        #[arg(long, value_name = "YYYY-MM-DD")]
        today: Option<Day>,
        #[arg(long, value_name = "NAME", help = dialect_help())]
        dialect: Option<Dialect>,
        /// What the data connection of LIST, MLSD or the like sent; - for standard input.
        #[arg(value_name = "FILE", default_value = "-")]
        input: PathBuf,
    },
    /// Read a server's replies: an object a reply, with the value that it carries.
    Reply {
        /// What the server sent; - for standard input.
        #[arg(value_name = "FILE", default_value = "-")]
        input: PathBuf,
    },
    /// Read a client's commands: an object a command, with its parts; passwords are left out.
    Command {
        /// What the client sent; - for standard input.
        #[arg(value_name = "FILE", default_value = "-")]
        input: PathBuf,
    },
    /// Explain a session line by line: its state, the replies that are allowed, what is odd.
    ///
    /// The lines of both sides have marks before them: `C:` and `S:` as in the standards, or
    /// those of curl -v, lftp -d, wget -d, FileZilla, WinSCP, Net::FTP and ftpkit -v; times may
    /// stand before the marks. Passwords are left out.
    Transcript {
        /// The log; - for standard input.
        #[arg(value_name = "FILE")]
        input: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Passwd {
    /// The user's name.
    pub(crate) name: String,
    /// Let the user only read.
    #[arg(long)]
    pub(crate) read_only: bool,
}

fn dialect_help() -> String {
    let names: Vec<_> = Dialect::ALL.iter().map(|dialect| dialect.name()).collect();
    format!(
        "The dialect: {} [default: the one that fits the lines best]",
        names.join(", ")
    )
}

/// `YYYY-MM-DD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Day(pub(crate) Civil);

impl FromStr for Day {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut parts = text.split('-');
        let mut number = |length: usize| {
            parts
                .next()
                .filter(|part| part.len() == length && part.bytes().all(|b| b.is_ascii_digit()))
                .and_then(|part| part.parse::<u16>().ok())
        };
        let (year, month, day) = (number(4), number(2), number(2));
        let civil = match (year, month, day, parts.next()) {
            (Some(year), Some(month), Some(day), None) => {
                // Two digits fit.
                Civil::date(year, month as u8, day as u8)
            }
            _ => None,
        };
        civil
            .map(Self)
            .ok_or_else(|| "it is not a date of the form YYYY-MM-DD".to_owned())
    }
}

/// Whole or decimal seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seconds(pub(crate) Duration);

impl FromStr for Seconds {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        text.parse::<f64>()
            .ok()
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok())
            // More than a century is no wait but a mistake, and could overflow a deadline.
            .filter(|duration| *duration < Duration::from_secs(3_155_760_000))
            .map(Self)
            .ok_or_else(|| "it is not a number of seconds".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory as _, error::ErrorKind};

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn bad_values_are_usage_errors() {
        for line in [
            "ftpkit",
            "ftpkit serve --passive-ports 10-5",
            "ftpkit serve --passive-ports 0-5",
            "ftpkit serve --passive-ports 1-70000",
            "ftpkit serve --umask 999",
            "ftpkit serve --umask +22",
            "ftpkit serve --umask 1000",
            "ftpkit serve --idle-timeout -1",
            "ftpkit serve --idle-timeout nan",
            "ftpkit serve --idle-timeout 1e300",
            "ftpkit serve --listen localhost",
            "ftpkit serve --user nobody",
            "ftpkit serve /srv --memory",
            "ftpkit get",
            "ftpkit get http://h/x",
            "ftpkit get sftp://h/x --host-key MD5:00",
            "ftpkit put x",
            "ftpkit ls ftp://h/ --ipv4 --ipv6",
            "ftpkit rm",
            "ftpkit inspect",
            "ftpkit inspect transcript",
            "ftpkit inspect listing --dialect klingon",
            "ftpkit inspect listing --today 2024-6-15",
            "ftpkit inspect listing --today 2024-06-31",
            "ftpkit inspect listing --today 2024-06-15-",
            "ftpkit inspect listing --today 20240615",
            "ftpkit inspect reply a b",
            "ftpkit mv ftp://h/a",
        ] {
            let error = parse(line).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line}: {error}");
            assert_ne!(error.kind(), ErrorKind::DisplayHelp, "{line}");
        }
    }

    #[test]
    fn client_commands_share_their_options() {
        for line in [
            "ftpkit get ftp://h/a b --resume --active --ipv4 --timeout 2.5 -v",
            "ftpkit put - ftp://h/a --resume --active --ipv6 --timeout 2 -v",
            "ftpkit ls ftp://h/ --json -R --active --timeout 0 -v",
            "ftpkit rm ftp://h/a ftp://h/b --active -v",
            "ftpkit mkdir ftp://h/a -p --ipv4 -v",
            "ftpkit -v mv ftp://h/a b --active",
        ] {
            assert_eq!(parse(line).unwrap().verbose, 1, "{line}");
        }
    }
}
