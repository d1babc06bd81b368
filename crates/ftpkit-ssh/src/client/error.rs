//! [`Error`]: what failed, at which step, on which file and host, what the server said, and
//! what to try. The texts for people are made here and nowhere else.

use std::{borrow::Cow, error::Error as StdError, fmt, io, path::PathBuf};

use ftpkit_sftp::{
    client::{Failure, Reason},
    packet::StatusCode,
};

/// The result of a client's operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed.
///
/// It prints as one line: what failed, where, what the server said, and what to try. What a
/// program decides on are [`kind`](Self::kind) and [`status`](Self::status).
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    step: Step,
    host: Option<String>,
    path: Option<String>,
    local: Option<PathBuf>,
    failure: Option<Failure>,
    detail: Option<Cow<'static, str>>,
    hint: Option<Cow<'static, str>>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A URL, a path or an option cannot be used; nothing was sent.
    InvalidInput,
    /// The name of the host is not known.
    Resolve,
    /// The server could not be reached.
    Connect,
    /// SSH could not be begun: no common algorithm, or it is no SSH server.
    Handshake,
    /// The key of the host is unknown, and nobody vouched for it: no file, no person, and no valid
    /// certificate.
    HostKeyUnknown,
    /// The host shows another key than it is known by, or one that was revoked.
    HostKeyChanged,
    /// The server did not let the user in.
    Login,
    /// There is no such file or directory.
    NotFound,
    /// The user may not do this.
    PermissionDenied,
    /// The server refused for another reason; what it said is in the line.
    Refused,
    /// The server does not offer this.
    Unsupported,
    /// A transfer cannot go on where it ended.
    Incomplete,
    /// The server took too long.
    TimedOut,
    /// The connection is closed, or was lost.
    Disconnected,
    /// The server broke the protocol.
    Protocol,
    /// A local file, or the source or sink of a transfer, failed.
    Local,
}

/// What was being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// Finding and reaching the server.
    Connect,
    /// Beginning SSH, and checking the host's key.
    Secure,
    /// Logging in.
    Login,
    /// Beginning SFTP.
    Start,
    /// Listing a directory.
    List,
    /// Asking what is known of a file.
    Metadata,
    /// Downloading.
    Download,
    /// Uploading.
    Upload,
    /// Renaming.
    Rename,
    /// Removing a file.
    RemoveFile,
    /// Removing a directory.
    RemoveDir,
    /// Making a directory.
    CreateDir,
    /// Making a link.
    Link,
    /// Reading a symbolic link.
    ReadLink,
    /// Making a path absolute.
    Resolve,
    /// Setting attributes of a file.
    SetAttributes,
    /// Asking for the space of a file system.
    Space,
}

impl Step {
    /// The verb, and the word that leads to the host.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Connect => ("connect", "to"),
            Self::Secure => ("begin SSH", "with"),
            Self::Login => ("log in", "to"),
            Self::Start => ("begin SFTP", "with"),
            Self::List => ("list", "on"),
            Self::Metadata => ("find", "on"),
            Self::Download => ("download", "from"),
            Self::Upload => ("upload", "to"),
            Self::Rename => ("rename", "on"),
            Self::RemoveFile => ("remove the file", "on"),
            Self::RemoveDir => ("remove the directory", "on"),
            Self::CreateDir => ("create the directory", "on"),
            Self::Link => ("make the link", "on"),
            Self::ReadLink => ("read the link", "on"),
            Self::Resolve => ("resolve", "on"),
            Self::SetAttributes => ("set attributes of", "on"),
            Self::Space => ("ask for the space of", "on"),
        }
    }
}

impl Error {
    /// What kind of failure it was.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// What was being done.
    #[must_use]
    pub fn step(&self) -> Step {
        self.0.step
    }

    /// The code of the server's refusal, where it was one.
    #[must_use]
    pub fn status(&self) -> Option<StatusCode> {
        self.0.failure.as_ref().and_then(Failure::code)
    }

    /// What the machine knows of the failure.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.0.failure.as_ref()
    }

    /// The server, as `host:port`.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.0.host.as_deref()
    }

    /// The remote file, printable: control characters are escaped.
    #[must_use]
    pub fn path(&self) -> Option<&str> {
        self.0.path.as_deref()
    }

    /// Whether the connection is of no more use.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::Disconnected | ErrorKind::Protocol | ErrorKind::TimedOut
        )
    }

    pub(crate) fn new(kind: ErrorKind, step: Step) -> Self {
        Self(Box::new(Inner {
            kind,
            step,
            host: None,
            path: None,
            local: None,
            failure: None,
            detail: None,
            hint: None,
            source: None,
        }))
    }

    /// A request that was not done.
    pub(crate) fn failed(step: Step, failure: Failure) -> Self {
        let mut this = Self::new(failure_kind(&failure), step);
        this.0.failure = Some(failure);
        this
    }

    pub(crate) fn local(step: Step, path: impl Into<PathBuf>, error: io::Error) -> Self {
        let mut this = Self::sink(step, error);
        this.0.local = Some(path.into());
        this
    }

    /// The caller's source or sink failed.
    pub(crate) fn sink(step: Step, error: io::Error) -> Self {
        Self::new(ErrorKind::Local, step)
            .with_detail(error.to_string())
            .with_source(error)
    }

    pub(crate) fn with_host(mut self, host: &str) -> Self {
        self.0.host.get_or_insert_with(|| host.to_owned());
        self
    }

    pub(crate) fn with_path(mut self, path: &[u8]) -> Self {
        if self.0.path.is_none() && !path.is_empty() {
            self.0.path = Some(printable(path));
        }
        self
    }

    pub(crate) fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    pub(crate) fn with_hint(mut self, hint: impl Into<Cow<'static, str>>) -> Self {
        self.0.hint = Some(hint.into());
        self
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    fn hint(&self) -> Option<&str> {
        if let Some(hint) = &self.0.hint {
            return Some(hint);
        }
        Some(match (self.0.kind, self.0.step) {
            (ErrorKind::Resolve, _) => "check the name of the host",
            (ErrorKind::Connect, _) => "check that the server is running there",
            (ErrorKind::NotFound, Step::CreateDir) => "create the directory above it first",
            (ErrorKind::NotFound, Step::Upload) => "check that its directory exists",
            (ErrorKind::NotFound, _) => "list the directory to see what is there",
            (ErrorKind::PermissionDenied, _) => "log in as a user who may do this",
            (ErrorKind::Refused, Step::CreateDir) => "it may exist already",
            (ErrorKind::Refused, Step::RemoveDir) => "it may not be empty",
            (ErrorKind::Refused, Step::RemoveFile) => "it may be a directory",
            (ErrorKind::Refused, Step::Rename) => "a file with the new name may exist already",
            (ErrorKind::Refused, Step::Upload) => {
                "it may be a directory, or the disk full or a quota used up"
            }
            (ErrorKind::Refused, Step::Download) => "it may be a directory",
            (ErrorKind::Disconnected, _) => "connect again and look what was done",
            (ErrorKind::TimedOut, _) => "try again, with a longer timeout",
            (ErrorKind::Protocol, _) => "check that this is an SFTP server",
            _ => return None,
        })
    }
}

/// One table from what a server says to what a program decides on.
fn failure_kind(failure: &Failure) -> ErrorKind {
    match &failure.reason {
        Reason::Status(status) => match status.code {
            // 10 of later versions: no such path.
            StatusCode::NoSuchFile | StatusCode::Other(10) => ErrorKind::NotFound,
            // 12 of later versions: write protected.
            StatusCode::PermissionDenied | StatusCode::Other(12) => ErrorKind::PermissionDenied,
            StatusCode::OpUnsupported => ErrorKind::Unsupported,
            StatusCode::NoConnection | StatusCode::ConnectionLost => ErrorKind::Disconnected,
            _ => ErrorKind::Refused,
        },
        Reason::NotOffered(_) => ErrorKind::Unsupported,
        Reason::TooLong(_) | Reason::OffsetTooLarge => ErrorKind::InvalidInput,
        Reason::Lost | Reason::Closed | Reason::Cancelled => ErrorKind::Disconnected,
        Reason::Malformed(_)
        | Reason::NotOneName(_)
        | Reason::NoData
        | Reason::TooMuchData { .. } => ErrorKind::Protocol,
        _ => ErrorKind::Refused,
    }
}

/// A peer's bytes without what could rewrite a terminal.
pub(crate) fn printable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            let directs = matches!(c,
                '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
            if c.is_control() || directs {
                text.extend(c.escape_unicode());
            } else {
                text.push(c);
            }
        }
        for byte in chunk.invalid() {
            text.push_str(&format!("\\x{byte:02x}"));
        }
    }
    text
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &*self.0;
        let (verb, preposition) = inner.step.words();
        write!(f, "cannot {verb}")?;
        if let Some(path) = &inner.path {
            write!(f, " {path}")?;
        }
        if let Some(host) = &inner.host {
            write!(f, " {preposition} {host}")?;
        }
        if let Some(local) = &inner.local {
            // Debug escapes what could rewrite a terminal.
            write!(f, ": the local file {local:?}")?;
        }
        if let Some(failure) = &inner.failure {
            if let Some(step) = failure.step {
                write!(f, ": {step}")?;
            }
            if let Some(offset) = failure.offset {
                write!(f, " at offset {offset}")?;
            }
            write!(f, ": {}", failure.reason)?;
            if failure.target_removed {
                f.write_str("; the file that had the new name is removed already")?;
            }
        }
        if let Some(detail) = &inner.detail {
            write!(f, ": {detail}")?;
        }
        match self.hint() {
            Some(hint) => write!(f, "; {hint}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("step", &self.0.step)
            .field("message", &self.to_string())
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match &self.0.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}
