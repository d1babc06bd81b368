//! What an application asks of the client machine.

use crate::{
    command::{ByteRange, Command, ListArgs},
    text::{PathArg, Secret, Text},
};

/// Names one request; each ends exactly once, with `Event::Done`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(crate) u64);

/// A request: one command, or a procedure of several.
///
/// | commands | what sends them |
/// | --- | --- |
/// | `HOST`, `USER`, `PASS`, `ACCT` | [`Login`](Self::Login) |
/// | `FEAT`, `CLNT`, `OPTS UTF8` | [`Negotiate`](Self::Negotiate), [`Features`](Self::Features) |
/// | `AUTH`, `PBSZ`, `PROT` | [`Secure`](Self::Secure) |
/// | `CCC` | [`ClearControl`](Self::ClearControl) |
/// | `RNFR`, `RNTO` | [`Rename`](Self::Rename) |
/// | `HASH`, with `RANG` before it | [`Hash`](Self::Hash) |
/// | `RETR`, `STOR`, `STOU`, `APPE`, `LIST`, `NLST`, `MLSD`, and before them `PRET`, `EPSV`, `PASV`, `LPSV`, `EPRT`, `PORT`, `LPRT`, `REST`, `RANG` | [`Transfer`](Self::Transfer) |
/// | `ABOR` | [`Connection::abort`](super::Connection::abort) |
/// | `CPSV`, `SSCN` | [`Relay`](super::Relay), between two servers |
/// | `QUIT` | [`Quit`](Self::Quit) |
/// | `REIN` | none: it takes back TLS with the login (RFC 4217 sec. 13); a further `Login` does the same in clear, a new connection does it under TLS |
/// | `ADAT`, `MIC`, `CONF`, `ENC` | none: they belong to security mechanisms other than TLS, which the core has none of |
/// | all others | [`Command`](Self::Command) |
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Request {
    /// Sends one command and ends with its final reply. A command that has a place in a
    /// procedure of the others is refused here (`Outcome::Rejected`), and so are MODE and STRU
    /// that the data connections do not speak. HOST, FEAT, HASH and EPSV ALL may be sent so too.
    Command(Command),
    /// HOST where the credentials have a host, then USER, and PASS and ACCT as the server asks.
    Login(Credentials),
    /// FEAT; the reply is read into `Features` and remembered until AUTH, HOST or a new login.
    Features,
    /// FEAT; then CLNT where it is listed and `Config::client_name` is set, and OPTS UTF8 ON
    /// where UTF8 is listed, whose refusals do not matter. It ends like
    /// [`Features`](Self::Features). A login does this by itself with `Config::negotiate`.
    Negotiate,
    /// AUTH TLS, the handshake, PBSZ 0 and PROT P (or C).
    Secure {
        /// Whether data connections are to be protected.
        protect_data: bool,
    },
    /// CCC: the control connection goes back to clear text, while data connections stay under
    /// TLS (RFC 4217 sec. 6). For gateways that must read PORT and PASV.
    ///
    /// It is rejected unless `Config::dangerous_ccc` is set, and where there is no TLS.
    ClearControl,
    /// HASH, behind RANG where only a part of the file is meant. The algorithm is chosen by
    /// `OPTS HASH`.
    Hash {
        /// The file.
        path: PathArg,
        /// The part; none: all of it.
        range: Option<ByteRange>,
    },
    /// RNFR and RNTO as one.
    Rename {
        /// The old name.
        from: PathArg,
        /// The new one.
        to: PathArg,
    },
    /// A data connection and the command that uses it.
    Transfer {
        /// What is to be transferred.
        transfer: Transfer,
        /// Whether payload crosses as text (TYPE A). The application converts with `ascii`.
        ascii: bool,
    },
    /// QUIT; the machine closes when it is answered, or after the reply timeout.
    Quit,
}

/// What is to be transferred.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Transfer {
    /// RETR, after REST when the offset is not 0.
    Download {
        /// The file.
        path: PathArg,
        /// Where to begin, in bytes.
        offset: u64,
    },
    /// RETR behind RANG: a part of a file (draft-bryan-ftp-range). A part that goes to the end
    /// of the file is a `Download` from an offset.
    ///
    /// A server without RANG refuses it in [`Phase::Prepare`](super::Phase::Prepare); a
    /// `Download` from the offset, of which the rest is aborted, does the same there. Where
    /// more comes than was asked for, the transfer fails in
    /// [`Phase::Confirm`](super::Phase::Confirm).
    DownloadRange {
        /// The file.
        path: PathArg,
        /// The part.
        range: ByteRange,
    },
    /// STOR, after REST when the offset is not 0.
    Upload {
        /// The file.
        path: PathArg,
        /// Where to begin, in bytes.
        offset: u64,
    },
    /// APPE.
    Append {
        /// The file.
        path: PathArg,
    },
    /// STOU.
    UploadUnique {
        /// A name to start from.
        path: Option<PathArg>,
    },
    /// LIST.
    List(ListArgs),
    /// NLST.
    Names(ListArgs),
    /// MLSD.
    Facts {
        /// The directory; none: the working directory.
        path: Option<PathArg>,
    },
}

/// Who logs in.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Credentials {
    /// The name.
    pub user: Text,
    /// The password.
    pub password: Secret,
    /// The account, for servers that ask for one.
    pub account: Option<Secret>,
    /// The virtual host, to be told by HOST before anything else (RFC 7151); none by default.
    /// A server whose features are known and do not have HOST is not told.
    pub host: Option<Text>,
    /// Whether a server that refuses HOST is not told who logs in: its refusal is the outcome.
    /// Off by default, since most servers have one host and do not know the command.
    pub host_required: bool,
}

impl Credentials {
    /// A name and a password.
    #[must_use]
    pub const fn new(user: Text, password: Secret) -> Self {
        Self {
            user,
            password,
            account: None,
            host: None,
            host_required: false,
        }
    }

    /// `anonymous`, with a password that names no one (RFC 1635).
    ///
    /// # Panics
    /// Never: the words are fixed.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::new(
            Text::from_static("anonymous"),
            Secret::from_static("anonymous@"),
        )
    }
}
