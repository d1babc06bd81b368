//! What can go wrong in a storage: [`Error`] and its [`ErrorKind`]. Protocols turn the kind into
//! their replies, each in one table.

use std::{error, fmt, io};

use crate::path::{PathError, VirtualPath};

/// What a storage's methods return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// The kinds of [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// There is no such file, or it may not be seen.
    NotFound,
    /// It exists already.
    Exists,
    /// Access is denied.
    Denied,
    /// It is not a directory.
    NotADirectory,
    /// It is a directory.
    IsADirectory,
    /// The directory is not empty.
    NotEmpty,
    /// The name is not allowed here.
    InvalidName,
    /// The argument makes no sense.
    Invalid,
    /// It is in use; later it may work.
    Busy,
    /// The disk is full.
    NoSpace,
    /// The quota is used up, or the file is larger than is allowed.
    Quota,
    /// The offset is beyond the end of the file.
    BeyondEnd,
    /// This storage cannot do it.
    Unsupported,
    /// The storage, or this part of it, cannot be written to.
    ReadOnly,
    /// The storage cannot be reached at the moment; later it may work.
    Unavailable,
    /// Anything else; the source tells.
    Other,
}

impl ErrorKind {
    /// The kind that stands for this kind of I/O error.
    #[must_use]
    pub const fn from_io(kind: io::ErrorKind) -> Self {
        use io::ErrorKind as Io;
        match kind {
            Io::NotFound => Self::NotFound,
            Io::AlreadyExists => Self::Exists,
            Io::PermissionDenied => Self::Denied,
            Io::NotADirectory => Self::NotADirectory,
            Io::IsADirectory => Self::IsADirectory,
            Io::DirectoryNotEmpty => Self::NotEmpty,
            Io::InvalidInput | Io::InvalidData => Self::Invalid,
            Io::ResourceBusy | Io::ExecutableFileBusy | Io::Deadlock => Self::Busy,
            Io::StorageFull | Io::WriteZero => Self::NoSpace,
            Io::QuotaExceeded | Io::FileTooLarge => Self::Quota,
            Io::Unsupported => Self::Unsupported,
            Io::ReadOnlyFilesystem => Self::ReadOnly,
            Io::TimedOut
            | Io::ConnectionRefused
            | Io::ConnectionReset
            | Io::ConnectionAborted
            | Io::NotConnected
            | Io::BrokenPipe
            | Io::UnexpectedEof
            | Io::HostUnreachable
            | Io::NetworkUnreachable
            | Io::NetworkDown
            | Io::StaleNetworkFileHandle => Self::Unavailable,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotFound => "no such file or directory",
            Self::Exists => "it exists already",
            Self::Denied => "access is denied",
            Self::NotADirectory => "not a directory",
            Self::IsADirectory => "it is a directory",
            Self::NotEmpty => "the directory is not empty",
            Self::InvalidName => "the name is not allowed",
            Self::Invalid => "the argument is not valid",
            Self::Busy => "it is in use",
            Self::NoSpace => "no space is left",
            Self::Quota => "the quota is used up",
            Self::BeyondEnd => "the offset is beyond the end of the file",
            Self::Unsupported => "this storage does not support it",
            Self::ReadOnly => "the storage is read-only",
            Self::Unavailable => "the storage cannot be reached",
            Self::Other => "the storage failed",
        })
    }
}

/// What went wrong in a storage: the kind, and where known the step, the path and the source.
///
/// ```
/// use ftpkit_storage::{Error, ErrorKind, VirtualPath};
/// let path = VirtualPath::try_from("/a/b")?;
/// let error = Error::new(ErrorKind::NotFound).at(&path).during("open");
/// assert_eq!(error.kind(), ErrorKind::NotFound);
/// assert_eq!(error.to_string(), "open /a/b: no such file or directory");
/// # Ok::<(), ftpkit_storage::PathError>(())
/// ```
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    step: Option<&'static str>,
    path: Option<VirtualPath>,
    source: Option<Box<dyn error::Error + Send + Sync>>,
}

impl Error {
    /// An error of this kind.
    #[must_use]
    pub fn new(kind: ErrorKind) -> Self {
        Self(Box::new(Inner {
            kind,
            step: None,
            path: None,
            source: None,
        }))
    }

    /// An error of this kind, with what caused it.
    #[must_use]
    pub fn with_source(
        kind: ErrorKind,
        source: impl Into<Box<dyn error::Error + Send + Sync>>,
    ) -> Self {
        let mut error = Self::new(kind);
        error.0.source = Some(source.into());
        error
    }

    /// Says on which path it failed; one that is known already stays.
    #[must_use]
    pub fn at(mut self, path: &VirtualPath) -> Self {
        if self.0.path.is_none() {
            self.0.path = Some(path.clone());
        }
        self
    }

    /// Says at which step it failed, as a verb; one that is known already stays.
    #[must_use]
    pub fn during(mut self, step: &'static str) -> Self {
        self.0.step.get_or_insert(step);
        self
    }

    /// Shows another path, or none: for layers whose paths differ from those below them.
    #[must_use]
    pub fn map_path(mut self, map: impl FnOnce(VirtualPath) -> Option<VirtualPath>) -> Self {
        self.0.path = self.0.path.take().and_then(map);
        self
    }

    /// The kind.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The step that failed, as a verb, where known.
    #[must_use]
    pub fn step(&self) -> Option<&'static str> {
        self.0.step
    }

    /// The path it failed on, where known.
    #[must_use]
    pub fn path(&self) -> Option<&VirtualPath> {
        self.0.path.as_ref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0.step, &self.0.path) {
            (Some(step), Some(path)) => write!(f, "{step} {path}: ")?,
            (Some(step), None) => write!(f, "{step}: ")?,
            (None, Some(path)) => write!(f, "{path}: ")?,
            (None, None) => {}
        }
        self.0.kind.fmt(f)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("step", &self.0.step)
            .field("path", &self.0.path)
            .field("source", &self.0.source)
            .finish()
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}

impl From<ErrorKind> for Error {
    fn from(kind: ErrorKind) -> Self {
        Self::new(kind)
    }
}

impl From<io::Error> for Error {
    fn from(source: io::Error) -> Self {
        Self::with_source(ErrorKind::from_io(source.kind()), source)
    }
}

impl From<PathError> for Error {
    fn from(source: PathError) -> Self {
        Self::with_source(ErrorKind::InvalidName, source)
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn says_step_path_and_kind_as_far_as_known() {
        let path = VirtualPath::try_from("/a\tb").unwrap();
        let bare = || Error::new(ErrorKind::NotEmpty);
        for (error, text) in [
            (bare(), "the directory is not empty"),
            (bare().at(&path), "/a\\u{9}b: the directory is not empty"),
            (
                bare().during("remove"),
                "remove: the directory is not empty",
            ),
            (
                bare().at(&path).during("remove"),
                "remove /a\\u{9}b: the directory is not empty",
            ),
        ] {
            assert_eq!(error.to_string(), text);
        }
    }

    #[test]
    fn the_first_to_know_the_path_and_the_step_is_right() {
        let path = VirtualPath::try_from("/a").unwrap();
        let error = Error::new(ErrorKind::Busy)
            .at(&path)
            .during("open")
            .at(&VirtualPath::root())
            .during("copy");
        assert_eq!(error.path(), Some(&path));
        assert_eq!(error.step(), Some("open"));
        assert_eq!(error.map_path(|_| None).path(), None);
    }

    #[test]
    fn keeps_an_io_error_as_source() {
        let error = Error::from(io::Error::from(io::ErrorKind::StorageFull));
        assert_eq!(error.kind(), ErrorKind::NoSpace);
        assert!(error.source().unwrap().is::<io::Error>());
    }
}
