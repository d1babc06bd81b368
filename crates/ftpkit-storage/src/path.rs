//! [`VirtualPath`], the only path a backend ever sees, and the one way from a client's
//! argument to it. No file system: everything here is lexical.

use std::fmt;

use bytes::Bytes;

/// Why bytes cannot be a [`VirtualPath`], or a component of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum PathError {
    /// A NUL, CR or LF, which no protocol line and few file systems can carry.
    #[error("byte 0x{byte:02x} at offset {at} cannot be in a path")]
    Forbidden {
        /// The byte.
        byte: u8,
        /// Its offset in what was given.
        at: usize,
    },
    /// More than [`VirtualPath::MAX_LEN`] bytes.
    #[error("the path is longer than {} bytes", VirtualPath::MAX_LEN)]
    TooLong,
    /// A component of more than [`VirtualPath::MAX_COMPONENT`] bytes.
    #[error(
        "a name in the path is longer than {} bytes",
        VirtualPath::MAX_COMPONENT
    )]
    ComponentTooLong,
    /// Not one component: empty, `.`, `..`, or with a `/` in it.
    #[error("it is not a plain file name")]
    NotAName,
}

/// An absolute, normalised path within a [`Storage`](crate::Storage).
///
/// It starts with `/`; no component is empty, `.` or `..`; none holds NUL, CR or LF. It is made
/// of bytes, since names are what the peer sent. A backslash, a colon, a `~` and a leading `-`
/// are ordinary bytes here; a backend for which they are not must refuse them. Cloning and
/// [`parent`](Self::parent) share the bytes.
///
/// ```
/// use ftpkit_storage::VirtualPath;
/// let cwd = VirtualPath::root().join(b"pub/docs")?;
/// assert_eq!(cwd.join(b"../a b.txt")?.as_bytes(), b"/pub/a b.txt");
/// assert_eq!(cwd.join(b"/../../etc/")?.as_bytes(), b"/etc");
/// # Ok::<(), ftpkit_storage::PathError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VirtualPath(Bytes);

impl VirtualPath {
    /// The longest path, in bytes.
    pub const MAX_LEN: usize = 4096;
    /// The longest component, in bytes.
    pub const MAX_COMPONENT: usize = 255;

    /// The root, `/`.
    #[must_use]
    pub const fn root() -> Self {
        Self(Bytes::from_static(b"/"))
    }

    /// Resolves a client's argument onto this directory.
    ///
    /// This is the one place where that is done, for every protocol. An argument that starts
    /// with `/` is absolute; an empty one is this directory. `.` and `..` are resolved
    /// lexically, without looking at what is there, and `..` at the root stays at the root.
    ///
    /// # Errors
    /// [`PathError`] if the argument holds NUL, CR or LF, or if it, the result, or a component
    /// is too long.
    pub fn join(&self, argument: &[u8]) -> Result<Self, PathError> {
        refuse_forbidden(argument)?;
        if argument.len() > Self::MAX_LEN {
            return Err(PathError::TooLong);
        }
        let (mut path, rest) = match argument.strip_prefix(b"/") {
            Some(rest) => (Vec::with_capacity(argument.len()), rest),
            None => {
                let mut path = Vec::with_capacity(self.0.len() + 1 + argument.len());
                if !self.is_root() {
                    path.extend_from_slice(&self.0);
                }
                (path, argument)
            }
        };
        for component in rest.split(|&b| b == b'/') {
            match component {
                b"" | b"." => {}
                b".." => {
                    let up = path.iter().rposition(|&b| b == b'/').unwrap_or(0);
                    path.truncate(up);
                }
                name => {
                    if name.len() > Self::MAX_COMPONENT {
                        return Err(PathError::ComponentTooLong);
                    }
                    path.push(b'/');
                    path.extend_from_slice(name);
                }
            }
        }
        if path.len() > Self::MAX_LEN {
            return Err(PathError::TooLong);
        }
        if path.is_empty() {
            return Ok(Self::root());
        }
        Ok(Self(path.into()))
    }

    /// The path of this name in this directory, where the name is taken as it is.
    ///
    /// # Errors
    /// [`PathError`] if it is not one plain component, or too long.
    pub fn child(&self, name: &[u8]) -> Result<Self, PathError> {
        check_name(name)?;
        let own: &[u8] = if self.is_root() { b"" } else { &self.0 };
        let len = own.len() + 1 + name.len();
        if len > Self::MAX_LEN {
            return Err(PathError::TooLong);
        }
        let mut path = Vec::with_capacity(len);
        path.extend_from_slice(own);
        path.push(b'/');
        path.extend_from_slice(name);
        Ok(Self(path.into()))
    }

    /// This path taken as relative to `root`: `/a` under `/home` is `/home/a`.
    ///
    /// # Errors
    /// [`PathError::TooLong`] if both together are.
    pub fn under(&self, root: &Self) -> Result<Self, PathError> {
        if root.is_root() {
            return Ok(self.clone());
        }
        if self.is_root() {
            return Ok(root.clone());
        }
        let len = root.0.len() + self.0.len();
        if len > Self::MAX_LEN {
            return Err(PathError::TooLong);
        }
        let mut path = Vec::with_capacity(len);
        path.extend_from_slice(&root.0);
        path.extend_from_slice(&self.0);
        Ok(Self(path.into()))
    }

    /// Whether it is `/`.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.len() == 1
    }

    /// The directory it is in; `None` for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        match self.0.iter().rposition(|&b| b == b'/') {
            Some(0) | None => Some(Self::root()),
            Some(at) => Some(Self(self.0.slice(..at))),
        }
    }

    /// The last component; `None` for the root.
    #[must_use]
    pub fn file_name(&self) -> Option<&[u8]> {
        self.components().next_back()
    }

    /// The components, from the root down.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &[u8]> + Clone {
        self.0.split(|&b| b == b'/').filter(|c| !c.is_empty())
    }

    /// Whether it is `directory` or below it.
    #[must_use]
    pub fn starts_with(&self, directory: &Self) -> bool {
        directory.is_root()
            || self
                .0
                .strip_prefix(&directory.0[..])
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
    }

    /// The path as seen from `directory`, `/` for the directory itself; `None` if it is not
    /// below it. The opposite of [`under`](Self::under).
    #[must_use]
    pub fn strip_prefix(&self, directory: &Self) -> Option<Self> {
        if directory.is_root() {
            return Some(self.clone());
        }
        if !self.starts_with(directory) {
            return None;
        }
        if self.0.len() == directory.0.len() {
            return Some(Self::root());
        }
        Some(Self(self.0.slice(directory.0.len()..)))
    }

    /// The bytes, which start with `/`.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The bytes, without a copy.
    #[must_use]
    pub fn into_bytes(self) -> Bytes {
        self.0
    }
}

/// Whether these bytes can be one component of a [`VirtualPath`].
pub(crate) fn check_name(name: &[u8]) -> Result<(), PathError> {
    // One look at most of them.
    if name.iter().any(|b| matches!(b, b'/' | b'\r' | b'\n' | 0)) {
        refuse_forbidden(name)?;
        return Err(PathError::NotAName);
    }
    if matches!(name, b"" | b"." | b"..") {
        return Err(PathError::NotAName);
    }
    if name.len() > VirtualPath::MAX_COMPONENT {
        return Err(PathError::ComponentTooLong);
    }
    Ok(())
}

fn refuse_forbidden(bytes: &[u8]) -> Result<(), PathError> {
    match bytes
        .iter()
        .enumerate()
        .find(|(_, b)| matches!(b, b'\r' | b'\n' | 0))
    {
        Some((at, &byte)) => Err(PathError::Forbidden { byte, at }),
        None => Ok(()),
    }
}

impl TryFrom<&str> for VirtualPath {
    type Error = PathError;

    /// The same as joining it onto the root.
    fn try_from(path: &str) -> Result<Self, PathError> {
        Self::root().join(path.as_bytes())
    }
}

impl TryFrom<&[u8]> for VirtualPath {
    type Error = PathError;

    /// The same as joining it onto the root.
    fn try_from(path: &[u8]) -> Result<Self, PathError> {
        Self::root().join(path)
    }
}

impl AsRef<[u8]> for VirtualPath {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// For people: control characters, bidirectional overrides and what is not UTF-8 are escaped,
/// so that a name cannot rewrite a terminal or a log.
impl fmt::Display for VirtualPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                let overrides = matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
                if c.is_control() || overrides {
                    write!(f, "{}", c.escape_unicode())?;
                } else {
                    f.write_char(c)?;
                }
            }
            for byte in chunk.invalid() {
                write!(f, "\\x{byte:02x}")?;
            }
        }
        Ok(())
    }
}

impl fmt::Debug for VirtualPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

#[cfg(test)]
mod tests;
