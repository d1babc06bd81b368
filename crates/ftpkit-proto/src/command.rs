//! Commands: what a client sends, one variant a row of the standards.
//!
//! Here is what a command *is*, its arguments in `command/argument.rs`; parsing stands in
//! `command/parse.rs`, the wire form in `format.rs`, the replies it may get in `replies.rs`.

use alloc::{boxed::Box, vec::Vec};
use core::net::{SocketAddr, SocketAddrV4};

use crate::{
    text::{PathArg, Secret, Text},
    time::Timestamp,
};

mod argument;
mod format;
mod parse;
mod range;
mod replies;
mod verb;

pub use argument::{
    Checksum, Epsv, FactValue, HashAlgorithm, ListArgs, Mode, Opts, Protection, SetFacts, Site,
    Structure, TextFormat, Type,
};
pub use parse::{CommandError, CommandErrorKind, mdtm_set};
pub use range::ByteRange;
pub use replies::Replies;
pub(crate) use replies::Row;
pub use verb::Verb;

/// A command of the control connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// `USER`: begins a login (RFC 959 sec. 4.1.1).
    User(Text),
    /// `PASS`: the password; leading and trailing spaces belong to it.
    Pass(Secret),
    /// `ACCT`: the account, where the server asked for one with 332.
    Acct(Secret),
    /// `CWD`, `XCWD`: changes the working directory; without an argument, to the login directory.
    Cwd(Option<PathArg>),
    /// `CDUP`, `XCUP`: changes to the parent directory.
    Cdup,
    /// `SMNT`: mounts another file system.
    Smnt(PathArg),
    /// `REIN`: back to the state before login.
    Rein,
    /// `QUIT`: ends the session, after a transfer in progress.
    Quit,
    /// `PORT`: the client listens here, over IPv4.
    Port(SocketAddrV4),
    /// `PASV`: asks the server to listen, over IPv4.
    Pasv,
    /// `TYPE`: the representation type.
    Type(Type),
    /// `STRU`: the file structure.
    Stru(Structure),
    /// `MODE`: the transfer mode.
    Mode(Mode),
    /// `RETR`: retrieves a file.
    Retr(PathArg),
    /// `STOR`: stores a file, replacing one of that name.
    Stor(PathArg),
    /// `STOU`: stores a file under a name that the server chooses.
    Stou(Option<PathArg>),
    /// `APPE`: appends to a file.
    Appe(PathArg),
    /// `ALLO`: announces how much is to be stored; `None` where the argument is no number. The
    /// record size of `ALLO n R n` means nothing to a stream and is dropped.
    Allo(Option<u64>),
    /// `REST`: where the next transfer begins, in bytes (RFC 3659 sec. 5).
    Rest(u64),
    /// `RNFR`: what to rename.
    Rnfr(PathArg),
    /// `RNTO`: its new name.
    Rnto(PathArg),
    /// `ABOR`: ends a transfer in progress.
    Abor,
    /// `DELE`: deletes a file.
    Dele(PathArg),
    /// `RMD`, `XRMD`: removes a directory.
    Rmd(PathArg),
    /// `MKD`, `XMKD`: makes a directory.
    Mkd(PathArg),
    /// `PWD`, `XPWD`: prints the working directory.
    Pwd,
    /// `LIST`: a listing for people, over a data connection.
    List(ListArgs),
    /// `NLST`: names only, over a data connection.
    Nlst(ListArgs),
    /// `SITE`: what is particular to a server.
    Site(Site),
    /// `SYST`: the kind of system.
    Syst,
    /// `STAT`: the state of the session or transfer; with a path, a listing over the control connection.
    Stat(ListArgs),
    /// `HELP`: what a server can do.
    Help(Option<Text>),
    /// `NOOP`: nothing.
    Noop,
    /// `AUTH`: starts a security mechanism (RFC 2228, 4217).
    Auth(Text),
    /// `ADAT`: security data in base64 (RFC 2228).
    Adat(Text),
    /// `PBSZ`: the protection buffer size; 0 under TLS.
    Pbsz(u32),
    /// `PROT`: the protection of data connections.
    Prot(Protection),
    /// `CCC`: back to a control connection in clear.
    Ccc,
    /// `MIC`: an integrity-protected command in base64 (RFC 2228).
    Mic(Text),
    /// `CONF`: a confidentiality-protected command in base64 (RFC 2228).
    Conf(Text),
    /// `ENC`: a privacy-protected command in base64 (RFC 2228).
    Enc(Text),
    /// `FEAT`: lists the features (RFC 2389).
    Feat,
    /// `OPTS`: sets an option of a feature (RFC 2389).
    Opts(Opts),
    /// `EPRT`: the client listens here (RFC 2428).
    Eprt(SocketAddr),
    /// `EPSV`: asks the server to listen (RFC 2428).
    Epsv(Epsv),
    /// `LPRT`: the client listens here, with a long address (RFC 1639).
    Lprt(SocketAddr),
    /// `LPSV`: asks the server to listen, with a long address (RFC 1639).
    Lpsv,
    /// `LANG`: the language of replies (RFC 2640); none: the server's default.
    Lang(Option<Text>),
    /// `MDTM`: when a file was modified (RFC 3659 sec. 3).
    Mdtm(PathArg),
    /// `SIZE`: how many bytes a transfer would move (RFC 3659 sec. 4).
    Size(PathArg),
    /// `MLST`: the facts of one file, over the control connection (RFC 3659 sec. 7).
    Mlst(Option<PathArg>),
    /// `MLSD`: the facts of a directory's files, over a data connection (RFC 3659 sec. 7).
    Mlsd(Option<PathArg>),
    /// `HOST`: the virtual host (RFC 7151).
    Host(Text),
    /// `MFMT`: sets when a file was modified (draft-somers-ftp-mfxx).
    Mfmt {
        /// The time, in UTC.
        time: Timestamp,
        /// The file.
        path: PathArg,
    },
    /// `MFCT`: sets when a file was made (draft-somers-ftp-mfxx).
    Mfct {
        /// The time, in UTC.
        time: Timestamp,
        /// The file.
        path: PathArg,
    },
    /// `MFF`: sets facts of a file (draft-somers-ftp-mfxx).
    Mff {
        /// The facts, at least one.
        facts: SetFacts,
        /// The file.
        path: PathArg,
    },
    /// `HASH`: the hash of a file or, behind `RANG`, of a part of it, by the algorithm that
    /// `OPTS HASH` chose (draft-bryan-ftpext-hash).
    Hash(PathArg),
    /// `RANG`: which part of a file the next `RETR` or `HASH` means (draft-bryan-ftp-range);
    /// `None`, `RANG 1 0` on the wire: the whole of it.
    Rang(Option<ByteRange>),
    /// `XCRC`, `XMD5`, `XSHA`, `XSHA1`, `XSHA256`, `XSHA512`, `MD5`: the hash of a file or a
    /// part of it, one command an algorithm.
    Checksum {
        /// Which command.
        form: Checksum,
        /// The file.
        path: PathArg,
        /// The part; `None`: the whole file.
        range: Option<ByteRange>,
    },
    /// `MMD5`: the MD5 of several files (draft-twine-ftpmd5); never empty.
    Mmd5(Vec<PathArg>),
    /// `CLNT`: the client's name.
    Clnt(Text),
    /// `CSID`: the client's name and version, as `Name=…; Version=…;`.
    Csid(Text),
    /// `AVBL`: how many bytes can be stored
    /// (draft-peterson-streamlined-ftp-command-extensions).
    Avbl(Option<PathArg>),
    /// `COMB`: joins uploaded parts behind what the target holds, and removes them.
    Comb {
        /// The file that takes the parts.
        target: PathArg,
        /// The parts in their order; never empty.
        parts: Vec<PathArg>,
    },
    /// `PRET`: which command the next data connection will be for, so that a distributed
    /// server can choose where to listen.
    Pret(Box<Self>),
    /// `SSCN`: whether this end is the TLS client of its data connections; `None` asks.
    Sscn(Option<bool>),
    /// `CPSV`: as `PASV`, with the server as the TLS client of the data connection.
    Cpsv,
    /// A command that this crate has no variant for.
    Other {
        /// Its verb.
        verb: Verb,
        /// What follows the verb and one space.
        argument: Option<Text>,
    },
}
