//! Commands: what a client sends, one variant a row of the standards.
//!
//! Here is what a command *is*; parsing stands in `command/parse.rs`, the wire form in `format.rs`.

use core::net::{SocketAddr, SocketAddrV4};

use crate::{
    text::{PathArg, Secret, Text},
    time::Timestamp,
};

mod format;
mod parse;
mod verb;

pub use parse::{CommandError, CommandErrorKind, mdtm_set};
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
    /// `ALLO`: announces how much is to be stored; `None` where the argument is no number.
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
    /// `CLNT`: the client's name.
    Clnt(Text),
    /// A command that this crate has no variant for.
    Other {
        /// Its verb.
        verb: Verb,
        /// What follows the verb and one space.
        argument: Option<Text>,
    },
}

/// The argument of [`Command::Type`] (RFC 959 sec. 3.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Type {
    /// `A`, with a format: text, CRLF on the wire.
    Ascii(TextFormat),
    /// `E`, with a format: EBCDIC text.
    Ebcdic(TextFormat),
    /// `I`: bytes as they are.
    Image,
    /// `L` with a byte size; `L 8` is the same as [`Type::Image`].
    Local(u8),
}

/// The format behind `TYPE A` and `TYPE E`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TextFormat {
    /// `N`: no vertical format.
    #[default]
    NonPrint,
    /// `T`: Telnet format effectors.
    Telnet,
    /// `C`: carriage control (ASA).
    CarriageControl,
}

/// The argument of [`Command::Stru`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Structure {
    /// `F`: a file without structure.
    File,
    /// `R`: records.
    Record,
    /// `P`: pages.
    Page,
}

/// The argument of [`Command::Mode`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Mode {
    /// `S`: a stream that ends with the data connection.
    Stream,
    /// `B`: blocks.
    Block,
    /// `C`: compressed.
    Compressed,
    /// `Z`: deflate.
    Deflate,
}

/// The argument of [`Command::Prot`] (RFC 2228 sec. 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protection {
    /// `C`: clear.
    Clear,
    /// `S`: safe (integrity only).
    Safe,
    /// `E`: confidential (secrecy only).
    Confidential,
    /// `P`: private; TLS under RFC 4217.
    Private,
}

/// The argument of [`Command::Epsv`] (RFC 2428 sec. 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Epsv {
    /// No argument: the family of the control connection.
    Any,
    /// A network protocol number: 1 is IPv4, 2 is IPv6.
    Family(u16),
    /// `ALL`: no other command will set up data connections from now on.
    All,
}

/// The arguments of `LIST`, `NLST` and `STAT`: options as clients send them, and a path.
///
/// A path that begins with a dash is written as `./-…`, since servers take it for an option.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListArgs {
    /// The option letters without their dashes, such as `al`; empty where there are none.
    pub options: Text,
    /// What to list; none: the working directory.
    pub path: Option<PathArg>,
}

impl ListArgs {
    /// Options, which may be empty, and a path; without one, the working directory.
    #[must_use]
    pub const fn new(options: Text, path: Option<PathArg>) -> Self {
        Self { options, path }
    }
}

/// Without options.
impl From<PathArg> for ListArgs {
    fn from(path: PathArg) -> Self {
        Self::new(Text::default(), Some(path))
    }
}

/// The argument of [`Command::Site`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Site {
    /// `SITE HELP`.
    Help,
    /// `SITE CHMOD mode path`, the mode in octal.
    Chmod {
        /// The permission bits, at most `0o7777`.
        mode: u16,
        /// The file.
        path: PathArg,
    },
    /// `SITE UTIME`, in both forms that clients send: `time path`, and
    /// `path atime mtime ctime UTC`.
    Utime {
        /// When the file was read, where the form has it.
        accessed: Option<Timestamp>,
        /// When the file was modified.
        modified: Timestamp,
        /// The file.
        path: PathArg,
    },
    /// Another one, as it was sent.
    Other(Text),
}

/// The argument of [`Command::Opts`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Opts {
    /// `OPTS UTF8 [ON|OFF|NLST]`, also spelt `UTF-8`; everything but `OFF` is on.
    Utf8(bool),
    /// `OPTS MLST fact;fact;`: the names of the facts that the client wants, as sent.
    Mlst(Text),
    /// Another one: the name of the command, and its parameters.
    Other {
        /// The command that the option is for.
        name: Text,
        /// Its parameters, as sent.
        parameters: Option<Text>,
    },
}
