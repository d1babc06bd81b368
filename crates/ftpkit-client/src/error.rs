//! [`Error`]: what failed, at which step, on which file and host, what the server said, and
//! what to try. The texts for people are made here and nowhere else.

use std::{borrow::Cow, error::Error as StdError, fmt, io, path::PathBuf};

use ftpkit_proto::{
    Code, DataFailure, Error as SessionError, PathArg, Reply,
    client::{Phase, TransferFailed},
    error::Timer,
};

/// The result of a client's operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed.
///
/// It prints as one line: what failed, where, what the server replied with its code, and what
/// to try. What a program decides on are [`kind`](Self::kind) and [`reply`](Self::reply).
///
/// ```
/// # use ftpkit_client::{Client, ErrorKind};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let error = Client::connect("ftp://exa mple/").await.unwrap_err();
/// assert_eq!(error.kind(), ErrorKind::InvalidInput);
/// # }
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    step: Step,
    host: Option<String>,
    path: Option<String>,
    local: Option<PathBuf>,
    reply: Option<Reply>,
    detail: Option<Cow<'static, str>>,
    hint: Option<&'static str>,
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
    /// TLS could not be begun: the server offers none, or refuses to protect data, or is not
    /// trusted.
    Tls,
    /// The server did not let the user in.
    Login,
    /// There is no such file or directory.
    NotFound,
    /// The user may not do this.
    PermissionDenied,
    /// The server refused for another reason; the reply says which.
    Refused,
    /// The server does not know the command, or not this form of it.
    Unsupported,
    /// The server, or the local disk, has no space left.
    NoSpace,
    /// No data connection could be made.
    DataConnection,
    /// A transfer ended before its end, or the server did not confirm it.
    Incomplete,
    /// A download under TLS ended without the proof that this was its end: something may be
    /// missing.
    Truncated,
    /// The server took too long.
    TimedOut,
    /// The server closes the session (421).
    Closing,
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
    /// Beginning TLS.
    Secure,
    /// Logging in.
    Login,
    /// Asking for the features.
    Features,
    /// Changing the working directory.
    ChangeDir,
    /// Asking for the working directory.
    CurrentDir,
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
    /// Setting attributes of a file.
    SetAttributes,
    /// Another command.
    Command,
    /// Leaving.
    Quit,
}

impl Step {
    /// The verb, and the word that leads to the host.
    const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Connect => ("connect", "to"),
            Self::Secure => ("begin TLS", "with"),
            Self::Login => ("log in", "to"),
            Self::Features => ("ask for the features", "of"),
            Self::ChangeDir => ("change to", "on"),
            Self::CurrentDir => ("ask for the working directory", "of"),
            Self::List => ("list", "on"),
            Self::Metadata => ("find", "on"),
            Self::Download => ("download", "from"),
            Self::Upload => ("upload", "to"),
            Self::Rename => ("rename", "on"),
            Self::RemoveFile => ("remove the file", "on"),
            Self::RemoveDir => ("remove the directory", "on"),
            Self::CreateDir => ("create the directory", "on"),
            Self::SetAttributes => ("set attributes of", "on"),
            Self::Command => ("carry out the command", "on"),
            Self::Quit => ("say goodbye", "to"),
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

    /// The server's last word on it, where it said something.
    #[must_use]
    pub fn reply(&self) -> Option<&Reply> {
        self.0.reply.as_ref()
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

    /// The local file, where it was the one that failed.
    #[must_use]
    pub fn local_path(&self) -> Option<&std::path::Path> {
        self.0.local.as_deref()
    }

    /// Whether the connection is of no more use.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        matches!(
            self.kind(),
            ErrorKind::Disconnected | ErrorKind::Closing | ErrorKind::Protocol
        ) || self
            .0
            .source
            .as_ref()
            .is_some_and(|source| source.is::<SessionError>())
    }

    pub(crate) fn new(kind: ErrorKind, step: Step) -> Self {
        Self(Box::new(Inner {
            kind,
            step,
            host: None,
            path: None,
            local: None,
            reply: None,
            detail: None,
            hint: None,
            source: None,
        }))
    }

    /// A refusal: the server answered, and the answer is no.
    pub(crate) fn refused(step: Step, reply: Reply) -> Self {
        let kind = refusal_kind(step, &reply);
        Self::new(kind, step).with_reply(reply)
    }

    /// The end of the session, under whatever was being done.
    pub(crate) fn session(step: Step, error: SessionError) -> Self {
        let kind = match &error {
            SessionError::ServiceClosing(_) => ErrorKind::Closing,
            SessionError::TimedOut(_) => ErrorKind::TimedOut,
            SessionError::PeerMisbehaved(_) => ErrorKind::Protocol,
            SessionError::PeerIncompatible(_) => ErrorKind::Unsupported,
            SessionError::Data(_) => ErrorKind::DataConnection,
            SessionError::TlsFailed => ErrorKind::Tls,
            _ => ErrorKind::Disconnected,
        };
        let mut this = Self::new(kind, step);
        if let SessionError::ServiceClosing(reply) = &error {
            this = this.with_reply(Reply::clone(reply));
        } else {
            this = this.with_detail(error.to_string());
        }
        this.0.hint = match &error {
            SessionError::TimedOut(Timer::Reply) => {
                Some("the server or the way to it is slow: try a longer timeout")
            }
            _ => None,
        };
        this.with_source(error)
    }

    /// A transfer that did not come to its end.
    pub(crate) fn transfer(step: Step, failed: TransferFailed) -> Self {
        let mut this = match &failed.reply {
            Some(reply) if reply.code().is_refusal() => Self::refused(step, reply.clone()),
            _ => Self::new(ErrorKind::Incomplete, step),
        };
        if failed.data == Some(DataFailure::Certificate) {
            this.0.hint = Some(
                "somebody else may have answered; or the host is several servers, each with a \
                 certificate of its own",
            );
        }
        match failed.phase {
            Phase::Connect => this.0.kind = ErrorKind::DataConnection,
            Phase::Secure => this.0.kind = ErrorKind::Tls,
            Phase::Payload | Phase::Confirm if this.0.kind != ErrorKind::NoSpace => {
                this.0.kind = ErrorKind::Incomplete;
            }
            _ => {}
        }
        let confirmed = failed
            .reply
            .as_ref()
            .is_some_and(|reply| reply.code().is_success());
        match failed.data {
            // The server's reply is fine, so that it was the end of the payload that was not.
            None if failed.phase == Phase::Confirm && confirmed => {
                this.0.kind = ErrorKind::Truncated;
                this.0.reply = None;
                this.with_detail("the server closed the data connection without close_notify")
            }
            Some(data) => this.with_detail(data.to_string()).with_source(data),
            None if failed.phase == Phase::Confirm => {
                this.with_detail("the server did not confirm the end of the transfer")
            }
            None => this,
        }
    }

    pub(crate) fn local(step: Step, path: impl Into<PathBuf>, error: io::Error) -> Self {
        let mut this = Self::sink(step, error);
        this.0.local = Some(path.into());
        this
    }

    /// The caller's source or sink failed.
    pub(crate) fn sink(step: Step, error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => ErrorKind::NoSpace,
            _ => ErrorKind::Local,
        };
        Self::new(kind, step)
            .with_detail(error.to_string())
            .with_source(error)
    }

    pub(crate) fn with_reply(mut self, reply: Reply) -> Self {
        self.0.reply = Some(reply);
        self
    }

    pub(crate) fn with_host(mut self, host: impl Into<String>) -> Self {
        if self.0.host.is_none() {
            self.0.host = Some(host.into());
        }
        self
    }

    pub(crate) fn with_path(mut self, path: impl fmt::Display) -> Self {
        if self.0.path.is_none() {
            self.0.path = Some(path.to_string());
        }
        self
    }

    /// Names the file where there is one.
    pub(crate) fn of_path(self, path: Option<&PathArg>) -> Self {
        match path {
            Some(path) => self.with_path(path),
            None => self,
        }
    }

    pub(crate) fn with_detail(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        self.0.detail = Some(detail.into());
        self
    }

    pub(crate) fn with_hint(mut self, hint: &'static str) -> Self {
        self.0.hint = Some(hint);
        self
    }

    pub(crate) fn with_source(
        mut self,
        source: impl Into<Box<dyn StdError + Send + Sync>>,
    ) -> Self {
        self.0.source = Some(source.into());
        self
    }

    pub(crate) fn with_step(mut self, step: Step) -> Self {
        self.0.step = step;
        self
    }

    fn hint(&self) -> Option<&'static str> {
        let code = self.0.reply.as_ref().map(Reply::code);
        let by_code = match code {
            Some(Code::NOT_LOGGED_IN) if self.0.step == Step::Login => {
                Some("check the user name and the password")
            }
            Some(Code::NEED_ACCOUNT_TO_STORE | Code::NOT_LOGGED_IN) => {
                Some("log in as a user who may do this")
            }
            Some(Code::SERVICE_CLOSING) => Some("try again later"),
            Some(Code::POLICY_REFUSED | Code::PROTECTION_TOO_LOW) => Some("the server wants TLS"),
            Some(Code::FILE_BUSY) => Some("try again later"),
            _ => None,
        };
        let by_kind = match self.0.kind {
            ErrorKind::Resolve => Some("check the name of the host"),
            ErrorKind::Connect => Some("check that the server is running there"),
            ErrorKind::Tls if code == Some(Code::PROTOCOL_REFUSED) => {
                Some("the server wants TLS sessions resumed: try again, with TLS 1.2 alone")
            }
            ErrorKind::NotFound if self.0.step == Step::CreateDir => {
                Some("create the directory above it first")
            }
            ErrorKind::NotFound if self.0.step == Step::Upload => {
                Some("check that its directory exists")
            }
            ErrorKind::NotFound => Some("list the directory to see what is there"),
            ErrorKind::PermissionDenied => Some("log in as a user who may do this"),
            ErrorKind::NoSpace => Some("make room and try again"),
            ErrorKind::DataConnection => {
                Some("a firewall may be in the way: try the other of passive and active mode")
            }
            ErrorKind::Incomplete | ErrorKind::Disconnected | ErrorKind::Closing => {
                Some("try again")
            }
            ErrorKind::Truncated => Some(
                "it may be complete all the same, with a server that ends all of them so: \
                 compare the sizes, or allow an unclean close",
            ),
            ErrorKind::TimedOut => Some("try again, with a longer timeout"),
            ErrorKind::Protocol => Some("check that this is an FTP server"),
            _ => None,
        };
        self.0.hint.or(by_code).or(by_kind)
    }
}

/// Reads what it can from a refusal. 550 means many things, and only its text tells them apart.
fn refusal_kind(step: Step, reply: &Reply) -> ErrorKind {
    if step == Step::Login {
        return match reply.code() {
            Code::SERVICE_CLOSING => ErrorKind::Closing,
            _ => ErrorKind::Login,
        };
    }
    match reply.code() {
        Code::SERVICE_CLOSING => ErrorKind::Closing,
        Code::SYNTAX | Code::NOT_IMPLEMENTED | Code::BAD_PARAMETER => ErrorKind::Unsupported,
        Code::NO_SPACE | Code::QUOTA_EXCEEDED => ErrorKind::NoSpace,
        Code::NO_DATA_CONNECTION => ErrorKind::DataConnection,
        Code::TRANSFER_ABORTED => ErrorKind::Incomplete,
        Code::NOT_LOGGED_IN | Code::NEED_ACCOUNT_TO_STORE => ErrorKind::PermissionDenied,
        Code::FILE_UNAVAILABLE | Code::FILE_BUSY => {
            let text = reply
                .lines()
                .map(|line| line.to_string().to_ascii_lowercase())
                .collect::<Vec<_>>()
                .join(" ");
            let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
            if says(&[
                "no such",
                "not found",
                "not exist",
                "n't exist",
                "cannot find",
                "can't find",
            ]) {
                ErrorKind::NotFound
            } else if says(&[
                "denied",
                "permission",
                "permitted",
                "not allowed",
                "privilege",
            ]) {
                ErrorKind::PermissionDenied
            } else if step == Step::Metadata {
                // Of a query 550 says nothing else (RFC 3659 sec. 3.1, 4.1).
                ErrorKind::NotFound
            } else {
                ErrorKind::Refused
            }
        }
        _ => ErrorKind::Refused,
    }
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
        if let Some(detail) = &inner.detail {
            write!(f, ": {detail}")?;
        }
        let hint = self.hint();
        if let Some(reply) = &inner.reply {
            let reply = reply.to_string();
            // A full stop before the semicolon would read as the end.
            let reply = match hint {
                Some(_) => reply.trim_end_matches('.'),
                None => &reply,
            };
            write!(f, ": the server replied {reply}")?;
        }
        if let Some(hint) = hint {
            write!(f, "; {hint}")?;
        }
        Ok(())
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

/// Readers and writers report through `io::Error`; the [`Error`] is inside.
impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::InvalidInput => io::ErrorKind::InvalidInput,
            ErrorKind::NotFound => io::ErrorKind::NotFound,
            ErrorKind::PermissionDenied | ErrorKind::Login => io::ErrorKind::PermissionDenied,
            ErrorKind::NoSpace => io::ErrorKind::StorageFull,
            ErrorKind::TimedOut => io::ErrorKind::TimedOut,
            ErrorKind::Incomplete | ErrorKind::Truncated => io::ErrorKind::UnexpectedEof,
            ErrorKind::Unsupported => io::ErrorKind::Unsupported,
            ErrorKind::Disconnected | ErrorKind::Closing => io::ErrorKind::NotConnected,
            _ => io::ErrorKind::Other,
        };
        Self::new(kind, error)
    }
}

#[cfg(test)]
mod tests;
