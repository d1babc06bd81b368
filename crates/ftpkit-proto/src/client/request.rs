//! What an application asks of the client machine.

use crate::{
    command::{ByteRange, Command, ListArgs},
    text::{PathArg, Secret, Text},
};

/// Names one request; each ends exactly once, with `Event::Done`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub(crate) u64);

/// A request: one command, or a procedure of several.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Request {
    /// Sends one command and ends with its final reply. A command that begins a login, a
    /// transfer, a data connection or TLS is refused here (`Outcome::Rejected`): those have
    /// requests of their own.
    Command(Command),
    /// USER, then PASS and ACCT as the server asks.
    Login(Credentials),
    /// FEAT; the reply is read into `Features` and remembered until AUTH or a new login.
    Features,
    /// AUTH TLS, the handshake, PBSZ 0 and PROT P (or C).
    Secure {
        /// Whether data connections are to be protected.
        protect_data: bool,
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
}

impl Credentials {
    /// A name and a password.
    #[must_use]
    pub const fn new(user: Text, password: Secret) -> Self {
        Self {
            user,
            password,
            account: None,
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
