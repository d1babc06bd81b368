//! [`Handle`]: what a server calls an open file or directory.

use core::fmt;

use bytes::Bytes;

/// The name of an open file or directory: at most 256 bytes that only the server understands
/// (sec. 6).
///
/// For a server it is the client's word: to be looked up, never to be relied on.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle(Bytes);

/// More than 256 bytes cannot be a [`Handle`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a handle of {length} bytes, and 256 are the most")]
#[non_exhaustive]
pub struct HandleTooLong {
    /// How many they are.
    pub length: usize,
}

impl Handle {
    /// The longest handle in bytes.
    pub const MAX: usize = 256;

    /// Takes the bytes over.
    ///
    /// # Errors
    /// [`HandleTooLong`] for more than 256 bytes.
    pub fn new(bytes: impl Into<Bytes>) -> Result<Self, HandleTooLong> {
        let bytes = bytes.into();
        match bytes.len() {
            length if length > Self::MAX => Err(HandleTooLong { length }),
            _ => Ok(Self(bytes)),
        }
    }

    /// A handle of eight bytes, for a server that numbers what is open.
    #[must_use]
    pub fn from_number(number: u64) -> Self {
        Self(Bytes::copy_from_slice(&number.to_be_bytes()))
    }

    /// The number that [`from_number`](Self::from_number) made it of; none for a handle that it
    /// did not make.
    #[must_use]
    pub fn number(&self) -> Option<u64> {
        Some(u64::from_be_bytes(self.0[..].try_into().ok()?))
    }

    /// The bytes, as they cross the wire.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The same handle in memory of its own: it no longer keeps its packet alive.
    #[must_use]
    pub fn detach(&self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }
}

/// In hexadecimal, since a handle is no text.
impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({self})")
    }
}
