//! What the server machine tells and asks its application.

use alloc::vec::Vec;
use core::net::SocketAddr;

use super::{
    ask::{Ask, AskId, Question},
    offers::Offers,
};
use crate::{
    command::{ByteRange, HashAlgorithm, SetFacts},
    data::{DataFailure, DataId},
    facts::{FactSet, Facts},
    text::{PathArg, Secret, Text},
    time::Timestamp,
};

/// News of one session, for its application. The questions must be answered with
/// `Connection::answer`; at most one is open at a time.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// May this user log in?
    Login(Ask<Login>),
    /// Change something: the working directory, a name, an attribute.
    Change(Ask<Change>),
    /// Tell about one file.
    Query(Ask<Query>),
    /// Tell about a directory's files, in a bounded list, for `STAT path`.
    Survey(Ask<Survey>),
    /// Compute the digest of a file.
    Digest(Ask<Digest>),
    /// Tell how much can still be stored.
    Space(Ask<Space>),
    /// Open what is to be transferred; payload flows later, when the driver hands up the
    /// stream of the same [`DataId`].
    Open(Ask<Open>),
    /// All payload of an upload has come: make it durable and visible.
    Commit(Ask<Commit>),
    /// This question no longer matters; its answer will be ignored. Work on it may stop.
    Cancelled(AskId),
    /// A transfer that was opened has ended, in whatever way; whatever is still held for it
    /// must be let go. Sent once for each [`Event::Open`] that was answered with `Ok` before it
    /// was cancelled, and before the final reply is written.
    TransferEnded(TransferEnded),
    /// The user is logged out (USER, REIN, AUTH): what was known of the account is void.
    LoggedOut,
    /// A command was taken up, for logs. It prints without secrets.
    Command(crate::Command),
    /// A line was taken up that is no command, for logs. It prints without its argument.
    Malformed(crate::command::CommandError),
    /// A final reply was given, for logs.
    Replied(crate::Code),
}

/// May this user log in? Answered by [`LoginAnswer`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Login {
    /// The name from `USER`.
    pub user: Text,
    /// The password from `PASS`. None: no password was asked for yet, and the question is
    /// whether the client's certificate alone lets this user in (RFC 4217 sec. 12.2); it is
    /// asked only where [`certificate`](Self::certificate) is set.
    pub password: Option<Secret>,
    /// The account from `ACCT`, when the first answer asked for one.
    pub account: Option<Secret>,
    /// The virtual host: from `HOST`, or else the name that TLS was asked for (SNI). Of those
    /// in [`Config::hosts`](super::Config::hosts), as it is written there.
    pub host: Option<Text>,
    /// Whether the control connection is under TLS.
    pub secured: bool,
    /// Whether the client presented a certificate that was verified. Which one, the driver
    /// knows.
    pub certificate: bool,
}

/// The answer to [`Login`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LoginAnswer {
    /// The user is in; this is the login directory, as `PWD` shows it.
    Accepted {
        /// The login directory, absolute.
        home: PathArg,
        /// What the application can do for this user beyond what every server does.
        offers: Offers,
    },
    /// An account is needed too (332); another [`Login`] follows with it.
    AccountNeeded,
    /// The certificate alone is not enough for this user, or says nothing of it: the password is
    /// asked for (331), and another [`Login`] follows with it. A refusal but `TooMany` does the
    /// same and is not counted, so that names are not told apart. To a `Login` that has a
    /// password it is a refusal.
    PasswordNeeded,
}

/// Change something. Answered by the full path of what was changed, as `PWD` would show it:
/// of the new working directory, the new directory, the new name.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Change {
    /// `CWD`: make this the working directory; `None`: the login directory.
    Directory(Option<PathArg>),
    /// `CDUP`: make the parent the working directory.
    Parent,
    /// `MKD`.
    MakeDirectory(PathArg),
    /// `SITE MKDIR`: with the directories above it that are missing.
    MakeDirectories(PathArg),
    /// `RMD`, `SITE RMDIR`.
    RemoveDirectory(PathArg),
    /// `DELE`.
    RemoveFile(PathArg),
    /// `RNFR` and `RNTO`.
    Rename {
        /// The old name.
        from: PathArg,
        /// The new one.
        to: PathArg,
    },
    /// `MFMT`, `SITE UTIME`, and `MDTM` with a time.
    SetTimes {
        /// The file.
        path: PathArg,
        /// When it was read, where the command says so.
        accessed: Option<Timestamp>,
        /// When it was modified.
        modified: Timestamp,
    },
    /// `SITE CHMOD`.
    SetMode {
        /// The file.
        path: PathArg,
        /// The permission bits, at most `0o7777`.
        mode: u16,
    },
    /// `MFCT`, `MFF`. One that cannot be set is to be refused with `Unsupported`, before any is.
    SetFacts {
        /// The file.
        path: PathArg,
        /// What of it is to be set, never nothing.
        facts: SetFacts,
    },
    /// `SITE SYMLINK`.
    MakeSymlink {
        /// Where it is to lead, as it will be kept.
        target: PathArg,
        /// The link.
        link: PathArg,
    },
    /// `SITE COPY`, `SITE CPFR` and `SITE CPTO`.
    Copy {
        /// The file.
        from: PathArg,
        /// The copy.
        to: PathArg,
    },
    /// `COMB`: append the parts to the target in their order, then remove them; all of it or,
    /// as far as that is possible, nothing.
    Combine {
        /// The file that takes the parts; it may not be there yet.
        target: PathArg,
        /// The parts, never none.
        parts: Vec<PathArg>,
    },
}

/// Tell about one file. Answered by [`Described`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Query {
    /// The file; `None`: the working directory.
    pub path: Option<PathArg>,
    /// What the answer is for.
    pub purpose: Purpose,
}

/// What a [`Query`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// `SIZE`.
    Size,
    /// `MDTM`.
    Modified,
    /// `MLST`.
    Facts,
    /// `RNFR`: is it there, and may it be renamed?
    Rename,
    /// `SITE CPFR`: is it there, and may it be copied?
    Copy,
}

/// The answer to [`Query`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Described {
    /// The full path, as `PWD` would show it.
    pub path: PathArg,
    /// What is known of it.
    pub facts: Facts,
}

impl Described {
    /// Puts an answer together.
    #[must_use]
    pub const fn new(path: PathArg, facts: Facts) -> Self {
        Self { path, facts }
    }
}

/// Tell about a directory's files, or about one file, for `STAT path`. Answered by names and
/// facts, no more than `limit` of them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Survey {
    /// The directory or file.
    pub path: PathArg,
    /// How many entries the reply can take; the rest is left out.
    pub limit: usize,
}

/// Compute the digest of a file, or of a part of it. Answered by [`Digested`].
///
/// A part that begins behind the file's last byte is to be refused with `BeyondEnd`; one that
/// ends behind it ends with the file.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Digest {
    /// The file.
    pub path: PathArg,
    /// The algorithm, one that is offered.
    pub algorithm: HashAlgorithm,
    /// The part; `None`: the whole file.
    pub range: Option<ByteRange>,
}

/// The answer to [`Digest`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Digested {
    /// The digest, as long as the algorithm has it; the most significant byte first.
    pub digest: Vec<u8>,
    /// Of how many bytes it is.
    pub length: u64,
}

impl Digested {
    /// Puts an answer together.
    #[must_use]
    pub fn new(digest: impl Into<Vec<u8>>, length: u64) -> Self {
        Self {
            digest: digest.into(),
            length,
        }
    }
}

/// Tell how many bytes this user can still store, for `AVBL` and `ALLO`. Answered by them.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Space {
    /// The directory where; `None`: the working directory.
    pub path: Option<PathArg>,
}

/// Open what is to be transferred. Answered by [`Opened`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Open {
    /// The data connection that will carry it.
    pub id: DataId,
    /// What is to be transferred.
    pub transfer: Transfer,
    /// Whether the payload crosses as text (TYPE A), with CRLF at line ends: the application
    /// converts with `ascii`. Listings always end their lines with CRLF.
    pub ascii: bool,
    /// How many bytes are to come, where `ALLO` announced it for an upload.
    pub expected: Option<u64>,
}

/// What is to be transferred.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Transfer {
    /// `RETR`, from this offset (`REST`), or only a part (`RANG`).
    Retrieve {
        /// The file.
        path: PathArg,
        /// Where to begin, in bytes. Beyond the end is to be refused with `BeyondEnd`.
        offset: u64,
        /// How many bytes to send at most; `None`: all up to the end.
        length: Option<u64>,
    },
    /// `STOR`. With an offset the file is written in place from there on.
    Store {
        /// The file.
        path: PathArg,
        /// Where to begin; `None` without `REST`: the file is replaced.
        offset: Option<u64>,
    },
    /// `APPE`.
    Append {
        /// The file.
        path: PathArg,
    },
    /// `STOU`: under a new name, near this one if there is one. The answer has the name.
    StoreUnique {
        /// What the client asked for.
        path: Option<PathArg>,
    },
    /// `LIST`, `NLST`, `MLSD`.
    List {
        /// The directory or file; `None`: the working directory.
        path: Option<PathArg>,
        /// The form of the lines.
        style: ListStyle,
    },
}

impl Transfer {
    /// Whether payload comes from the client.
    #[must_use]
    pub const fn is_upload(&self) -> bool {
        matches!(
            self,
            Self::Store { .. } | Self::Append { .. } | Self::StoreUnique { .. }
        )
    }
}

/// The form of a listing's lines; `listing::format` writes them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ListStyle {
    /// `LIST`: like `ls -l`.
    Long {
        /// Whether `R` was among the options.
        recursive: bool,
    },
    /// `NLST`: names only.
    Names,
    /// `MLSD`: these facts. A path that is no directory must be refused with `NotADirectory`.
    Facts(FactSet),
}

/// The answer to [`Open`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Opened {
    /// How many bytes will flow, where that is known: shown in the 150.
    pub size: Option<u64>,
    /// `STOU`: the name that was chosen.
    pub name: Option<PathArg>,
}

/// All payload of an upload has come. Answered by `()` when it is durable and visible.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Commit {
    /// The data connection that carried it.
    pub id: DataId,
    /// How many bytes came.
    pub bytes: u64,
    /// Whether the end is proven to be the file's end.
    pub completeness: Completeness,
}

/// Whether the end of a transfer is proven to be the end of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Completeness {
    /// By TLS close_notify.
    Proven,
    /// In clear text a closed connection may be a lost one.
    Assumed,
}

/// How a transfer ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TransferEnded {
    /// The data connection.
    pub id: DataId,
    /// How many bytes moved, as far as it was reported.
    pub bytes: u64,
    /// The peer of the data connection, where one was made.
    pub peer: Option<SocketAddr>,
    /// How it ended.
    pub end: End,
}

/// How a transfer ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum End {
    /// Completely; an upload is committed.
    Complete,
    /// By ABOR, or by the end of the session.
    Aborted,
    /// The data connection failed or was never made.
    Failed(DataFailure),
    /// TLS ended without close_notify.
    Truncated,
    /// The application refused to commit it.
    Refused,
    /// No byte moved for too long.
    Stalled,
}

impl Question for Login {
    type Answer = LoginAnswer;
}
impl Question for Change {
    type Answer = PathArg;
}
impl Question for Query {
    type Answer = Described;
}
impl Question for Survey {
    type Answer = Vec<(Text, Facts)>;
}
impl Question for Digest {
    type Answer = Digested;
}
impl Question for Space {
    type Answer = u64;
}
impl Question for Open {
    type Answer = Opened;
}
impl Question for Commit {
    type Answer = ();
}
