//! The options of `ftpkit serve`, and the forms of their values.

use std::{
    net::{IpAddr, SocketAddr},
    ops::RangeInclusive,
    path::PathBuf,
    str::FromStr,
};

use clap::{Args, ValueEnum};

use super::Seconds;

#[derive(Clone, Debug, Args)]
pub(crate) struct Serve {
    /// The directory to serve.
    #[arg(default_value = ".")]
    pub(crate) root: PathBuf,

    /// Serve an empty store in memory instead of a directory.
    #[arg(long, conflicts_with = "root")]
    pub(crate) memory: bool,

    /// Where to listen for FTP; may be given again. Port 0: any free one, which is printed
    /// [default: 127.0.0.1:2121, or nowhere with --sftp].
    #[arg(long, value_name = "ADDR:PORT")]
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

    #[command(flatten)]
    pub(crate) tls: ServeTls,

    #[command(flatten)]
    pub(crate) ssh: ServeSsh,
}

impl Serve {
    /// Where FTP is listened for that begins in clear.
    pub(crate) fn ftp(&self) -> Vec<SocketAddr> {
        if self.listen.is_empty() && self.ssh.sftp.is_empty() {
            return vec![SocketAddr::from(([127, 0, 0, 1], 2121))];
        }
        self.listen.clone()
    }
}

/// SFTP of the server.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "SFTP")]
pub(crate) struct ServeSsh {
    /// Serve SFTP here, to the same users, beside --listen or alone; may be given again.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) sftp: Vec<SocketAddr>,

    /// The private key that clients know the server by, as ssh-keygen makes it without a
    /// passphrase; may be given again, once for each kind of key [default: keys of its own
    /// making, which are kept in the user's state directory].
    #[arg(long, value_name = "FILE", requires = "sftp")]
    pub(crate) host_key: Vec<PathBuf>,

    /// The public keys by which any --user may log in, as in OpenSSH's authorized_keys. On Unix
    /// SIGHUP has them read again.
    #[arg(long, value_name = "FILE", requires = "sftp")]
    pub(crate) authorized_keys: Option<PathBuf>,
}

/// TLS of the server.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "TLS")]
pub(crate) struct ServeTls {
    /// Offer TLS with this certificate: a PEM file with the chain, the server's own first. On
    /// Unix SIGHUP has it read again.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The private key to --tls-cert, as PEM; it may be the same file.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Offer TLS with a certificate of its own making, which is kept in the user's state
    /// directory, so that its fingerprint stays the same.
    #[arg(long, conflicts_with_all = ["tls_cert", "tls_key"])]
    pub(crate) tls_self_signed: bool,

    /// Refuse logins and transfers in clear.
    #[arg(long)]
    pub(crate) tls_required: bool,

    /// Also listen here for clients that begin with TLS (ftps://); may be given again.
    #[arg(long, value_name = "ADDR:PORT")]
    pub(crate) implicit: Vec<SocketAddr>,

    /// Let users in by a client certificate that names them, and that one of the CAs in this
    /// PEM file has signed.
    #[arg(long, value_name = "FILE")]
    pub(crate) tls_client_ca: Option<PathBuf>,

    /// Whether data connections must resume the TLS session of their control connection, which
    /// proves whose they are [default: auto].
    #[arg(long, value_name = "off|auto|required")]
    pub(crate) tls_reuse: Option<Reuse>,

    /// Take an upload for complete though its TLS connection ended without a goodbye, as some
    /// old clients end them; a cut connection looks the same.
    #[arg(long)]
    pub(crate) accept_unclean_close: bool,
}

impl ServeTls {
    /// Whether the server has a certificate.
    pub(crate) const fn is_on(&self) -> bool {
        self.tls_self_signed || self.tls_cert.is_some()
    }

    /// An option that makes no sense without a certificate, where one was given so.
    pub(crate) fn idle_option(&self) -> Option<&'static str> {
        if self.is_on() {
            return None;
        }
        [
            (self.tls_required, "--tls-required"),
            (!self.implicit.is_empty(), "--implicit"),
            (self.tls_client_ca.is_some(), "--tls-client-ca"),
            (self.tls_reuse.is_some(), "--tls-reuse"),
            (self.accept_unclean_close, "--accept-unclean-close"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }
}

/// `off`, `auto` or `required`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Reuse {
    /// Nothing is asked.
    Off,
    /// From clients that can.
    Auto,
    /// From all.
    Required,
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command};

    fn serve(line: &str) -> Serve {
        match Cli::try_parse_from(line.split(' ')).unwrap().command {
            Command::Serve(serve) => *serve,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn serve_has_safe_defaults() {
        let serve = serve("ftpkit serve");
        assert_eq!(serve.root, PathBuf::from("."));
        assert_eq!(serve.ftp(), ["127.0.0.1:2121".parse().unwrap()]);
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
    fn tls_needs_a_certificate() {
        for (line, idle) in [
            ("ftpkit serve", None),
            ("ftpkit serve --tls-self-signed --tls-required", None),
            (
                "ftpkit serve --tls-cert c --tls-key k --tls-reuse off",
                None,
            ),
            ("ftpkit serve --tls-required", Some("--tls-required")),
            ("ftpkit serve --implicit 127.0.0.1:990", Some("--implicit")),
            ("ftpkit serve --tls-client-ca f", Some("--tls-client-ca")),
            ("ftpkit serve --tls-reuse auto", Some("--tls-reuse")),
            (
                "ftpkit serve --accept-unclean-close",
                Some("--accept-unclean-close"),
            ),
        ] {
            assert_eq!(serve(line).tls.idle_option(), idle, "{line}");
        }
    }
}
