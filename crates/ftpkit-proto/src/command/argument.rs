//! What commands take as arguments. How they are read and written stands in `parse` and
//! `format`; a part of a file in `range`.

use core::fmt;

use super::Verb;
use crate::{
    text::{PathArg, Text, TextError},
    time::Timestamp,
};

/// The argument of [`Command::Type`](super::Command::Type) (RFC 959 sec. 3.1.1).
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

/// The argument of [`Command::Stru`](super::Command::Stru).
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

/// The argument of [`Command::Mode`](super::Command::Mode).
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

/// The argument of [`Command::Prot`](super::Command::Prot) (RFC 2228 sec. 3).
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

/// The argument of [`Command::Epsv`](super::Command::Epsv) (RFC 2428 sec. 3).
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

/// The argument of [`Command::Site`](super::Command::Site).
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
    /// `SITE SYMLINK target link`.
    Symlink {
        /// What the link leads to, as it will be kept.
        target: PathArg,
        /// The link.
        link: PathArg,
    },
    /// `SITE MKDIR path`, with the directories above it that are missing.
    MakeDirectory(PathArg),
    /// `SITE RMDIR path`.
    RemoveDirectory(PathArg),
    /// `SITE COPY from to`, within the server.
    Copy {
        /// The file.
        from: PathArg,
        /// Its copy.
        to: PathArg,
    },
    /// `SITE CPFR path`: what to copy.
    CopyFrom(PathArg),
    /// `SITE CPTO path`: the copy.
    CopyTo(PathArg),
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

/// The argument of [`Command::Opts`](super::Command::Opts).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Opts {
    /// `OPTS UTF8 [ON|OFF|NLST]`, also spelt `UTF-8`; everything but `OFF` is on.
    Utf8(bool),
    /// `OPTS MLST fact;fact;`: the names of the facts that the client wants, as sent.
    Mlst(Text),
    /// `OPTS HASH [algorithm]`: chooses what `HASH` computes; `None` asks which it is.
    Hash(Option<HashAlgorithm>),
    /// `OPTS MODE Z [LEVEL n]`: how hard `MODE Z` tries, 0 to 9
    /// (draft-preston-ftpext-deflate); `None`: the default.
    ModeZ {
        /// The level.
        level: Option<u8>,
    },
    /// Another one: the name of the command, and its parameters.
    Other {
        /// The command that the option is for.
        name: Text,
        /// Its parameters, as sent.
        parameters: Option<Text>,
    },
}

/// An algorithm of `HASH` and of the commands beside it.
///
/// ```
/// use ftpkit_proto::command::HashAlgorithm;
/// assert_eq!(HashAlgorithm::from_name(b"sha-256"), Some(HashAlgorithm::Sha256));
/// assert_eq!(HashAlgorithm::Sha1.name(), "SHA-1");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HashAlgorithm {
    /// CRC-32, as Ethernet and ZIP have it. It finds accidents, not attacks.
    Crc32,
    /// MD5. It finds accidents, not attacks.
    Md5,
    /// SHA-1. It finds accidents, not attacks.
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl HashAlgorithm {
    /// All of them, the weakest first.
    pub const ALL: [Self; 5] = [
        Self::Crc32,
        Self::Md5,
        Self::Sha1,
        Self::Sha256,
        Self::Sha512,
    ];

    /// The name in `FEAT`, `OPTS HASH` and the reply to `HASH`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Md5 => "MD5",
            Self::Sha1 => "SHA-1",
            Self::Sha256 => "SHA-256",
            Self::Sha512 => "SHA-512",
        }
    }

    /// The algorithm of this name, in any case, with or without hyphens.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        let letters = |name: &'static str| name.bytes().filter(|b| *b != b'-');
        Self::ALL.into_iter().find(|algorithm| {
            let plain = name
                .iter()
                .filter(|b| **b != b'-')
                .map(u8::to_ascii_uppercase);
            plain.eq(letters(algorithm.name()))
        })
    }

    /// How many bytes a digest has.
    #[must_use]
    pub const fn digest_length(self) -> usize {
        match self {
            Self::Crc32 => 4,
            Self::Md5 => 16,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

impl fmt::Display for HashAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The commands that are an algorithm each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Checksum {
    /// `XCRC`.
    Xcrc,
    /// `XMD5`.
    Xmd5,
    /// `XSHA`.
    Xsha,
    /// `XSHA1`.
    Xsha1,
    /// `XSHA256`.
    Xsha256,
    /// `XSHA512`.
    Xsha512,
    /// `MD5` (draft-twine-ftpmd5).
    Md5,
}

impl Checksum {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Xcrc,
        Self::Xmd5,
        Self::Xsha,
        Self::Xsha1,
        Self::Xsha256,
        Self::Xsha512,
        Self::Md5,
    ];

    /// What it computes.
    #[must_use]
    pub const fn algorithm(self) -> HashAlgorithm {
        match self {
            Self::Xcrc => HashAlgorithm::Crc32,
            Self::Xmd5 | Self::Md5 => HashAlgorithm::Md5,
            Self::Xsha | Self::Xsha1 => HashAlgorithm::Sha1,
            Self::Xsha256 => HashAlgorithm::Sha256,
            Self::Xsha512 => HashAlgorithm::Sha512,
        }
    }

    /// The verb.
    #[must_use]
    pub const fn verb(self) -> Verb {
        match self {
            Self::Xcrc => Verb::XCRC,
            Self::Xmd5 => Verb::XMD5,
            Self::Xsha => Verb::XSHA,
            Self::Xsha1 => Verb::XSHA1,
            Self::Xsha256 => Verb::XSHA256,
            Self::Xsha512 => Verb::XSHA512,
            Self::Md5 => Verb::MD5,
        }
    }
}

/// The facts that [`Command::Mff`](super::Command::Mff) sets; `None` is left as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SetFacts {
    /// `Modify`: when it was modified, in UTC.
    pub modified: Option<Timestamp>,
    /// `Create`: when it was made, in UTC.
    pub created: Option<Timestamp>,
    /// `UNIX.mode`: the permission bits, at most `0o7777`.
    pub mode: Option<u16>,
    /// `UNIX.owner`: the owner's name or number.
    pub owner: Option<FactValue>,
    /// `UNIX.group`: the group's name or number.
    pub group: Option<FactValue>,
}

impl SetFacts {
    /// None yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            modified: None,
            created: None,
            mode: None,
            owner: None,
            group: None,
        }
    }

    /// Whether none is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::new()
    }
}

/// The value of a fact among others: it holds no semicolon and no blank, and is not empty.
///
/// ```
/// use ftpkit_proto::command::FactValue;
/// assert!(FactValue::try_from(&b"www-data"[..]).is_ok());
/// assert!(FactValue::try_from(&b"a;UNIX.mode=7777"[..]).is_err());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FactValue(Text);

impl FactValue {
    /// The value.
    #[must_use]
    pub const fn as_text(&self) -> &Text {
        &self.0
    }
}

impl TryFrom<&[u8]> for FactValue {
    type Error = TextError;

    fn try_from(value: &[u8]) -> Result<Self, TextError> {
        if value.is_empty() {
            return Err(TextError::Empty);
        }
        match value.iter().position(|b| matches!(b, b';' | b' ')) {
            Some(at) => Err(TextError::Forbidden {
                byte: value[at],
                at,
            }),
            None => Text::try_from(value).map(Self),
        }
    }
}
