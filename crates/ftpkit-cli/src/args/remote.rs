//! The options of the commands that talk to a server.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use ftpkit::{proto::url::Url, ssh::client::Fingerprint as HostFingerprint};
use ftpkit_tokio::tls::{Fingerprint, TlsVersions};

use super::Seconds;

/// What all client commands share.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Let the server connect back for data, instead of connecting to it.
    #[arg(long)]
    pub(crate) active: bool,

    #[command(flatten)]
    pub(crate) reach: Reach,

    #[command(flatten)]
    pub(crate) tls: Tls,

    #[command(flatten)]
    pub(crate) ssh: Ssh,
}

/// Whom a client takes for an SFTP server, and how it logs in.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "SSH, for sftp://")]
pub(crate) struct Ssh {
    /// Log in with this private key [default: those of the agent, then ~/.ssh/id_ed25519,
    /// id_ecdsa and id_rsa; then the password of the URL, of FTPKIT_PASSWORD, or as asked].
    #[arg(short, long, value_name = "FILE")]
    pub(crate) identity: Vec<PathBuf>,

    /// Look the host up in this file [default: ~/.ssh/known_hosts and that of the system].
    #[arg(long, value_name = "FILE", conflicts_with = "host_key")]
    pub(crate) known_hosts: Option<PathBuf>,

    /// Take a host that is not known yet, and remember it, instead of asking.
    #[arg(long, conflicts_with = "host_key")]
    pub(crate) accept_new_host_key: bool,

    /// Trust the host whose key has this SHA-256 fingerprint, and no other.
    #[arg(long, value_name = "SHA256:...")]
    pub(crate) host_key: Option<HostFingerprint>,
}

impl Ssh {
    /// An option of SSH that was given.
    pub(crate) fn option(&self) -> Option<&'static str> {
        [
            (!self.identity.is_empty(), "--identity"),
            (self.known_hosts.is_some(), "--known-hosts"),
            (self.accept_new_host_key, "--accept-new-host-key"),
            (self.host_key.is_some(), "--host-key"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }
}

/// How a server is reached.
#[derive(Clone, Debug, Args)]
pub(crate) struct Reach {
    /// Use IPv4 only.
    #[arg(long, conflicts_with = "ipv6")]
    pub(crate) ipv4: bool,

    /// Use IPv6 only.
    #[arg(long)]
    pub(crate) ipv6: bool,

    /// How long to wait for the server at each step; 0: for ever [default: 20 to connect, 30
    /// for a reply, 120 for data; 10 for all steps of probe].
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<Seconds>,
}

/// Whom a client trusts, and what it shows.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "TLS, for ftps:// and ftpes://")]
pub(crate) struct Tls {
    /// Trust the CAs in this PEM file, instead of those of the system.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["pin", "insecure"])]
    pub(crate) cacert: Option<PathBuf>,

    /// Trust the server whose certificate has this SHA-256 fingerprint, and no other.
    #[arg(long, value_name = "FINGERPRINT", conflicts_with = "insecure")]
    pub(crate) pin: Option<Fingerprint>,

    /// Trust any server, and thereby whoever is on the way to it.
    #[arg(long)]
    pub(crate) insecure: bool,

    /// Show the server this certificate: a PEM file with the chain.
    #[arg(long, value_name = "FILE")]
    pub(crate) cert: Option<PathBuf>,

    /// The private key to --cert, as PEM [default: in the same file].
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(crate) key: Option<PathBuf>,

    /// The version of TLS [default: any].
    #[arg(long, value_name = "1.2|1.3|any")]
    pub(crate) tls_version: Option<Version>,
}

impl Tls {
    /// An option of TLS that was given.
    pub(crate) fn option(&self) -> Option<&'static str> {
        [
            (self.cacert.is_some(), "--cacert"),
            (self.pin.is_some(), "--pin"),
            (self.insecure, "--insecure"),
            (self.cert.is_some(), "--cert"),
            (self.tls_version.is_some(), "--tls-version"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }
}

impl Tls {
    /// The files of the certificate to show, and of its key.
    pub(crate) fn identity_files(&self) -> Option<(&Path, &Path)> {
        let cert = self.cert.as_deref()?;
        Some((cert, self.key.as_deref().unwrap_or(cert)))
    }
}

/// The versions that an option allows.
pub(crate) const fn versions(option: Option<Version>) -> TlsVersions {
    match option {
        None | Some(Version::Any) => TlsVersions::All,
        Some(Version::Tls12) => TlsVersions::Tls12,
        Some(Version::Tls13) => TlsVersions::Tls13,
    }
}

/// `1.2`, `1.3` or `any`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Version {
    /// TLS 1.2 only.
    #[value(name = "1.2")]
    Tls12,
    /// TLS 1.3 only.
    #[value(name = "1.3")]
    Tls13,
    /// Either.
    Any,
}

#[derive(Debug, Args)]
pub(crate) struct Get {
    /// The files, and where to put them at the end.
    ///
    /// A file is ftp://[USER[:PASSWORD]@]HOST[:PORT]/PATH; ftpes:// for TLS, ftps:// where it is
    /// implicit, sftp:// for SSH. The path is relative to the login directory; %2F at its start makes it
    /// absolute. LOCAL is a file, a directory, or - for standard output [default: the file's
    /// name, in the current directory]; for several files it is a directory.
    #[arg(required = true, value_name = "URL|LOCAL", value_parser = remote_or_local)]
    pub(crate) what: Vec<RemoteOrLocal>,
    /// Go on where LOCAL ends.
    #[arg(long)]
    pub(crate) resume: bool,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Put {
    /// The files, or - for standard input.
    #[arg(required = true)]
    pub(crate) local: Vec<PathBuf>,
    /// Where to put it; behind a final `/`, which several files need, a file keeps its name.
    #[arg(value_parser = remote_url)]
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
    #[arg(value_parser = remote_url)]
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
pub(crate) struct Probe {
    /// The server; with a user, and a directory to list, more can be found out.
    #[arg(value_parser = remote_url)]
    pub(crate) url: Url,
    /// Print one JSON object with a field for each step.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) reach: Reach,
    #[command(flatten)]
    pub(crate) tls: Tls,
    #[command(flatten)]
    pub(crate) ssh: Ssh,
}

#[derive(Debug, Args)]
pub(crate) struct Rm {
    /// What to remove; a directory must be empty.
    #[arg(required = true, value_name = "URL", value_parser = remote_url)]
    pub(crate) urls: Vec<Url>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Debug, Args)]
pub(crate) struct Mkdir {
    /// The directories.
    #[arg(required = true, value_name = "URL", value_parser = remote_url)]
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
    #[arg(value_name = "URL", value_parser = remote_url)]
    pub(crate) from: Url,
    /// Its new place on the same server: a URL, or a path relative to the login directory.
    /// Behind a final `/` it keeps its name.
    #[arg(value_name = "URL|PATH")]
    pub(crate) to: String,
    #[command(flatten)]
    pub(crate) common: Common,
}

/// A URL, or a path on this side.
#[derive(Clone, Debug)]
pub(crate) enum RemoteOrLocal {
    Remote(Url),
    Local(PathBuf),
}

fn remote_or_local(text: &str) -> Result<RemoteOrLocal, String> {
    if text.contains("://") {
        remote_url(text).map(RemoteOrLocal::Remote)
    } else {
        Ok(RemoteOrLocal::Local(text.into()))
    }
}

/// A URL of a kind that these commands can reach.
pub(crate) fn remote_url(text: &str) -> Result<Url, String> {
    text.parse()
        .map_err(|error: ftpkit::proto::url::UrlError| error.to_string())
}
