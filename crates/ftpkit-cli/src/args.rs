//! The command line: what may be given, its defaults, and the forms of single values.
//! What is done with them stands in the module of each command.

use std::{
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use ftpkit::proto::{
    listing::Dialect,
    time::Civil,
    url::{Scheme, Url},
};

/// FTP: serve a directory, and get, put and list files.
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
    /// Read listings, replies, commands or whole sessions, and tell what they mean as JSON lines.
    #[command(subcommand)]
    Inspect(Inspect),
    /// Ask for a password and print a line for --user-file.
    Passwd(Passwd),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// The directory to serve.
    #[arg(default_value = ".")]
    pub(crate) root: PathBuf,

    /// Serve an empty store in memory instead of a directory.
    #[arg(long, conflicts_with = "root")]
    pub(crate) memory: bool,

    /// Where to listen; may be given again. Port 0: any free one, which is printed.
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:2121")]
    pub(crate) listen: Vec<SocketAddr>,

    /// A user; may be given again. Only a final `:ro` is an option (read-only), so a password
    /// may hold colons.
    #[arg(long, value_name = "NAME:PASSWORD[:ro]")]
    pub(crate) user: Vec<User>,

    /// A file of users, one `NAME:ARGON2-HASH[:ro]` a line, made by `ftpkit passwd NAME`.
    #[arg(long, value_name = "FILE")]
    pub(crate) user_file: Option<PathBuf>,

    /// Let anybody in, to read or also to write [default: ro; without any user: on].
    #[arg(long, value_name = "ro|rw", num_args = 0..=1, default_missing_value = "ro")]
    pub(crate) anonymous: Option<Access>,

    /// The ports of passive data connections [default: any].
    #[arg(long, value_name = "FIRST-LAST")]
    pub(crate) passive_ports: Option<PortRange>,

    /// The IPv4 address to announce for passive data connections, for a server behind NAT.
    #[arg(long, value_name = "IP")]
    pub(crate) passive_host: Option<IpAddr>,

    /// Let nobody write, whatever --user and --anonymous say.
    #[arg(long)]
    pub(crate) read_only: bool,

    /// Keep what arrived of an upload that broke off, so that clients can resume it.
    #[arg(long)]
    pub(crate) keep_partial: bool,

    /// The permission bits that new files and directories do not get, in octal.
    #[arg(long, value_name = "OCTAL", default_value = "022")]
    pub(crate) umask: Umask,

    /// How many sessions may exist at a time; 0: unlimited.
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub(crate) max_sessions: usize,

    /// How many of them from one address; 0: unlimited.
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub(crate) max_sessions_per_ip: usize,

    /// When a session without a command is closed; 0: never.
    #[arg(long, value_name = "SECONDS", default_value = "300")]
    pub(crate) idle_timeout: Seconds,
}

/// What all client commands share.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Let the server connect back for data, instead of connecting to it.
    #[arg(long)]
    pub(crate) active: bool,

    /// Use IPv4 only.
    #[arg(long, conflicts_with = "ipv6")]
    pub(crate) ipv4: bool,

    /// Use IPv6 only.
    #[arg(long)]
    pub(crate) ipv6: bool,

    /// How long to wait for the server at each step; 0: for ever [default: 20 to connect, 30
    /// for a reply, 120 for data].
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<Seconds>,
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    /// The file: ftp://[USER[:PASSWORD]@]HOST[:PORT]/PATH. The path is relative to the login
    /// directory; %2F at its start makes it absolute.
    #[arg(value_parser = ftp_url)]
    pub(crate) url: Url,
    /// Where to put it: a file, a directory, or - for standard output [default: the file's
    /// name, in the current directory].
    pub(crate) local: Option<PathBuf>,
    /// Go on where LOCAL ends.
    #[arg(long)]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Put {
    /// The file, or - for standard input.
    pub(crate) local: PathBuf,
    /// Where to put it; behind a final `/` the file keeps its name.
    #[arg(value_parser = ftp_url)]
    pub(crate) url: Url,
    /// Go on where the file on the server ends.
    #[arg(long)]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Ls {
    /// The directory or file.
    #[arg(value_parser = ftp_url)]
    pub(crate) url: Url,
    /// Print one JSON object a line.
    #[arg(long)]
    pub(crate) json: bool,
    /// List what is below the directories too.
    #[arg(short = 'R', long)]
    pub(crate) recursive: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Rm {
    /// What to remove; a directory must be empty.
    #[arg(required = true, value_name = "URL", value_parser = ftp_url)]
    pub(crate) urls: Vec<Url>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Mkdir {
    /// The directories.
    #[arg(required = true, value_name = "URL", value_parser = ftp_url)]
    pub(crate) urls: Vec<Url>,
    /// Create what is missing above them, and accept those that exist.
    #[arg(short, long)]
    pub(crate) parents: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Mv {
    /// The file or directory.
    #[arg(value_name = "URL", value_parser = ftp_url)]
    pub(crate) from: Url,
    /// Its new place on the same server: a URL, or a path relative to the login directory.
    /// Behind a final `/` it keeps its name.
    #[arg(value_name = "URL|PATH")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) common: Common,
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

/// A URL of a kind that these commands can reach.
pub(crate) fn ftp_url(text: &str) -> Result<Url, String> {
    let url: Url = text
        .parse()
        .map_err(|error: ftpkit::proto::url::UrlError| error.to_string())?;
    if url.scheme() != Scheme::Ftp {
        return Err(format!(
            "{}:// cannot be reached yet, only ftp://",
            url.scheme()
        ));
    }
    Ok(url)
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

/// `ro` or `rw`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Access {
    /// To read.
    Ro,
    /// To read and write.
    Rw,
}

/// `NAME:PASSWORD[:ro]`.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) password: String,
    pub(crate) read_only: bool,
}

/// Without the password, so that no log of the arguments shows it.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User")
            .field("name", &self.name)
            .field("read_only", &self.read_only)
            .finish_non_exhaustive()
    }
}

impl FromStr for User {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((name, rest)) = text.split_once(':') else {
            return Err("a user is NAME:PASSWORD, or NAME:PASSWORD:ro".to_owned());
        };
        let (password, read_only) = match rest.strip_suffix(":ro") {
            Some(password) => (password, true),
            None => (rest, false),
        };
        if name.is_empty() {
            return Err("the name is empty".to_owned());
        }
        if password.is_empty() {
            return Err("the password is empty".to_owned());
        }
        Ok(Self {
            name: name.to_owned(),
            password: password.to_owned(),
            read_only,
        })
    }
}

/// `FIRST-LAST`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PortRange(pub(crate) RangeInclusive<u16>);

impl FromStr for PortRange {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let port = |text: &str| {
            text.parse::<u16>()
                .ok()
                .filter(|port| *port != 0)
                .ok_or_else(|| format!("{text:?} is not a port"))
        };
        let (first, last) = (port(first)?, port(last)?);
        if first > last {
            return Err(format!("{first} comes after {last}"));
        }
        Ok(Self(first..=last))
    }
}

/// Permission bits in octal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Umask(pub(crate) u16);

impl FromStr for Umask {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        u16::from_str_radix(text, 8)
            .ok()
            .filter(|mask| *mask <= 0o777 && text.bytes().all(|b| b.is_ascii_digit()))
            .map(Self)
            .ok_or_else(|| "it is not an octal number from 0 to 777".to_owned())
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

    fn serve(line: &str) -> Serve {
        match parse(line).unwrap().command {
            Command::Serve(serve) => *serve,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_has_safe_defaults() {
        let serve = serve("ftpkit serve");
        assert_eq!(serve.root, PathBuf::from("."));
        assert_eq!(serve.listen, ["127.0.0.1:2121".parse().unwrap()]);
        assert!(serve.user.is_empty() && serve.anonymous.is_none());
        assert!(!serve.memory && !serve.read_only && !serve.keep_partial);
        assert_eq!(serve.umask, Umask(0o022));
        assert_eq!((serve.max_sessions, serve.max_sessions_per_ip), (1000, 100));
        assert_eq!(serve.idle_timeout.0, Duration::from_secs(300));
    }

    #[test]
    fn serve_takes_lists_and_ranges() {
        let serve = serve(
            "ftpkit serve /srv --listen 0.0.0.0:21 --listen [::]:0 --user a:b --user c:d:ro \
             --passive-ports 5000-5010 --passive-host 192.0.2.1 --umask 077 --idle-timeout 0",
        );
        assert_eq!(serve.listen.len(), 2);
        assert_eq!(serve.user.len(), 2);
        assert_eq!(serve.passive_ports, Some(PortRange(5000..=5010)));
        assert_eq!(serve.umask, Umask(0o077));
        assert_eq!(serve.idle_timeout.0, Duration::ZERO);
    }

    #[test]
    fn anonymous_alone_means_to_read() {
        for (line, access) in [
            ("ftpkit serve", None),
            ("ftpkit serve --anonymous", Some(Access::Ro)),
            ("ftpkit serve --anonymous ro", Some(Access::Ro)),
            ("ftpkit serve --anonymous rw", Some(Access::Rw)),
            ("ftpkit serve . --anonymous --read-only", Some(Access::Ro)),
        ] {
            assert_eq!(serve(line).anonymous, access, "{line}");
        }
    }

    #[test]
    fn only_a_final_ro_is_an_option() {
        for (text, name, password, read_only) in [
            ("a:b", "a", "b", false),
            ("a:b:ro", "a", "b", true),
            ("a:b:c:d", "a", "b:c:d", false),
            ("a:ro", "a", "ro", false),
            ("a:ro:ro", "a", "ro", true),
            ("a::x", "a", ":x", false),
            ("a:b:ro:", "a", "b:ro:", false),
            ("a:b:RO", "a", "b:RO", false),
        ] {
            let user = text.parse::<User>().unwrap();
            assert_eq!(
                (&*user.name, &*user.password, user.read_only),
                (name, password, read_only),
                "{text}"
            );
        }
        for text in ["", "a", ":b", "a:", "a::ro"] {
            assert!(text.parse::<User>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_user_prints_without_the_password() {
        let user = "ana:hunter2".parse::<User>().unwrap();
        assert!(!format!("{user:?}").contains("hunter2"));
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
            "ftpkit get not-a-url",
            "ftpkit get http://h/x",
            "ftpkit get sftp://h/x",
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
