//! Replies: what a server answers. Streaming parse in `reply/parse.rs`; the values that
//! replies carry (227, 229, 257, 213, 211, 150) in `reply/fields.rs`.

pub mod fields;
mod parse;
mod value;

pub use parse::ReplyReader;
pub(crate) use parse::{Separator, head};
pub use value::Value;

use alloc::vec::Vec;
use core::fmt;

use bytes::{BufMut, Bytes, BytesMut};

use crate::{text::Text, wire::telnet::escape_into};

/// A reply code: three digits, the first from 1 to 5 in the standards, any in the wild.
///
/// The known ones are constants; an unknown one passes through and prints.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal;)*) => {
        impl Code {
            $($(#[$doc])* pub const $name: Self = Self($number);)*

            /// Whether it is one of the constants here.
            #[must_use]
            pub const fn is_known(self) -> bool {
                matches!(self.0, $($number)|*)
            }
        }
    };
}

codes! {
    /// 110: restart marker.
    RESTART_MARKER = 110;
    /// 120: ready in some minutes.
    READY_SOON = 120;
    /// 125: the data connection is open already; the transfer starts.
    TRANSFER_STARTING = 125;
    /// 150: about to open the data connection.
    OPENING_DATA = 150;
    /// 200: done.
    OK = 200;
    /// 202: not needed here.
    SUPERFLUOUS = 202;
    /// 211: system status or help.
    SYSTEM_STATUS = 211;
    /// 212: directory status.
    DIRECTORY_STATUS = 212;
    /// 213: file status.
    FILE_STATUS = 213;
    /// 214: help.
    HELP = 214;
    /// 215: the system's name.
    SYSTEM_NAME = 215;
    /// 220: ready for a new user.
    READY = 220;
    /// 221: closing the control connection.
    CLOSING = 221;
    /// 225: the data connection is open, no transfer is in progress.
    NO_TRANSFER = 225;
    /// 226: the transfer is complete; closing the data connection.
    TRANSFER_COMPLETE = 226;
    /// 227: entering passive mode.
    PASSIVE = 227;
    /// 228: entering long passive mode (RFC 1639).
    LONG_PASSIVE = 228;
    /// 229: entering extended passive mode (RFC 2428).
    EXTENDED_PASSIVE = 229;
    /// 230: logged in.
    LOGGED_IN = 230;
    /// 232: logged in by the security exchange (RFC 2228).
    LOGGED_IN_SECURELY = 232;
    /// 234: the security exchange is complete; TLS starts behind this reply (RFC 4217).
    SECURITY_COMPLETE = 234;
    /// 250: the action on the file is complete.
    FILE_ACTION_OK = 250;
    /// 251: the digest of a file (draft-twine-ftpmd5).
    DIGEST = 251;
    /// 252: the digests of several files (draft-twine-ftpmd5).
    DIGESTS = 252;
    /// 257: a path was created, or is shown.
    PATH = 257;
    /// 331: the name is fine, a password is needed.
    NEED_PASSWORD = 331;
    /// 332: an account is needed.
    NEED_ACCOUNT = 332;
    /// 334: the security mechanism wants data (RFC 2228).
    NEED_SECURITY_DATA = 334;
    /// 336: the name is fine, a challenge follows (RFC 2228).
    NEED_PASSWORD_CHALLENGE = 336;
    /// 350: more is needed to go on.
    PENDING = 350;
    /// 421: the service is not available; closing the control connection.
    SERVICE_CLOSING = 421;
    /// 425: no data connection can be opened.
    NO_DATA_CONNECTION = 425;
    /// 426: the connection was closed, the transfer aborted.
    TRANSFER_ABORTED = 426;
    /// 431: the security mechanism needs something that is not there.
    SECURITY_UNAVAILABLE = 431;
    /// 450: the file is busy.
    FILE_BUSY = 450;
    /// 451: a local error.
    LOCAL_ERROR = 451;
    /// 452: not enough space.
    NO_SPACE = 452;
    /// 500: the command is not known.
    SYNTAX = 500;
    /// 501: an error in the arguments.
    BAD_ARGUMENT = 501;
    /// 502: not implemented.
    NOT_IMPLEMENTED = 502;
    /// 503: a bad sequence of commands.
    BAD_SEQUENCE = 503;
    /// 504: not implemented for this argument.
    BAD_PARAMETER = 504;
    /// 521: the protection of data connections is too low (RFC 4217).
    PROTECTION_TOO_LOW = 521;
    /// 522: this network protocol is not served (RFC 2428), or TLS on the data connection was refused (RFC 4217).
    PROTOCOL_REFUSED = 522;
    /// 530: not logged in.
    NOT_LOGGED_IN = 530;
    /// 532: an account is needed to store files.
    NEED_ACCOUNT_TO_STORE = 532;
    /// 533: this protection is denied by policy.
    PROTECTION_DENIED = 533;
    /// 534: refused by policy.
    POLICY_REFUSED = 534;
    /// 535: the security check failed.
    SECURITY_FAILED = 535;
    /// 536: this protection is not served by the mechanism.
    PROTECTION_UNSUPPORTED = 536;
    /// 537: the command's protection is not served by the mechanism.
    COMMAND_PROTECTION_UNSUPPORTED = 537;
    /// 550: no such file, or no access.
    FILE_UNAVAILABLE = 550;
    /// 551: the page type is not known.
    PAGE_TYPE_UNKNOWN = 551;
    /// 552: the quota is used up.
    QUOTA_EXCEEDED = 552;
    /// 553: the name is not allowed.
    NAME_NOT_ALLOWED = 553;
    /// 554: the restart marker is not valid.
    BAD_RESTART = 554;
    /// 556: the hash failed (draft-bryan-ftpext-hash).
    HASH_FAILED = 556;
}

impl Code {
    /// The code with this number, which must have three digits.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        if number >= 100 && number <= 999 {
            Some(Self(number))
        } else {
            None
        }
    }

    /// The number, 100 to 999.
    #[must_use]
    pub const fn number(self) -> u16 {
        self.0
    }

    /// 1yz: the action began, another reply follows.
    #[must_use]
    pub const fn is_preliminary(self) -> bool {
        self.0 / 100 == 1
    }

    /// 2yz: done.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.0 / 100 == 2
    }

    /// 3yz: more is needed.
    #[must_use]
    pub const fn is_intermediate(self) -> bool {
        self.0 / 100 == 3
    }

    /// 4yz: refused for now.
    #[must_use]
    pub const fn is_transient(self) -> bool {
        self.0 / 100 == 4
    }

    /// 5yz: refused.
    #[must_use]
    pub const fn is_permanent(self) -> bool {
        self.0 / 100 == 5
    }

    /// 4yz or 5yz.
    #[must_use]
    pub const fn is_refusal(self) -> bool {
        self.is_transient() || self.is_permanent()
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One reply: a code and one line of text or several.
///
/// ```
/// use ftpkit_proto::{Code, Reply};
/// let reply = Reply::new(Code::OK, "Done.");
/// assert_eq!(&reply.to_bytes()[..], b"200 Done.\r\n");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    code: Code,
    first: Text,
    // A reply of one line allocates nothing for the lines it does not have.
    more: Vec<Text>,
}

impl Reply {
    /// A reply of one line that stands in the program.
    ///
    /// # Panics
    /// If the text holds CR, LF or NUL, which is a mistake in the program.
    #[must_use]
    pub const fn new(code: Code, text: &'static str) -> Self {
        Self {
            code,
            first: Text::from_static(text),
            more: Vec::new(),
        }
    }

    /// A reply of one line.
    #[must_use]
    pub const fn with_text(code: Code, text: Text) -> Self {
        Self {
            code,
            first: text,
            more: Vec::new(),
        }
    }

    /// A reply of several lines; `more` are those behind the first, the last of them the
    /// closing one. With an empty `more` it has one line.
    #[must_use]
    pub const fn multiline(code: Code, first: Text, more: Vec<Text>) -> Self {
        Self { code, first, more }
    }

    /// The code.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The text of the first line.
    #[must_use]
    pub const fn text(&self) -> &Text {
        &self.first
    }

    /// The text of all lines, without codes, without the one space that sets a middle line off.
    pub fn lines(&self) -> impl Iterator<Item = &Text> {
        core::iter::once(&self.first).chain(&self.more)
    }

    /// The lines between the first and the closing one, as FEAT and MLST use them.
    #[must_use]
    pub fn middle(&self) -> &[Text] {
        match self.more.split_last() {
            Some((_, middle)) => middle,
            None => &[],
        }
    }

    /// Appends the wire form: `NNN-first`, each middle line behind one space, `NNN last`,
    /// and each 0xFF doubled, as Telnet wants it.
    pub fn encode(&self, out: &mut BytesMut) {
        let mut digits = [0; 3];
        let mut number = self.code.0;
        for digit in digits.iter_mut().rev() {
            // Cannot truncate: a digit.
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
        }
        let put = |out: &mut BytesMut, head: &[u8], separator: u8, text: &Text| {
            out.reserve(head.len() + text.as_bytes().len() + 3);
            out.put_slice(head);
            out.put_u8(separator);
            escape_into(text.as_bytes(), out);
            out.put_slice(b"\r\n");
        };
        let Some((last, middle)) = self.more.split_last() else {
            return put(out, &digits, b' ', &self.first);
        };
        put(out, &digits, b'-', &self.first);
        for line in middle {
            put(out, b"", b' ', line);
        }
        put(out, &digits, b' ', last);
    }

    /// The wire form.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = BytesMut::new();
        self.encode(&mut out);
        out.freeze()
    }
}

/// For people: the code and the text, its lines joined by ` / `, control characters escaped.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.first)?;
        for line in &self.more {
            write!(f, " / {line}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({self})")
    }
}
