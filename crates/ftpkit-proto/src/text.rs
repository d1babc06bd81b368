//! Bytes that cannot break a line: [`Text`], [`PathArg`], [`Secret`], [`SafeName`].
//!
//! These types are the only way into a command or a reply, and none of them can hold CR, LF
//! or NUL, so that no argument can smuggle a second command. They hold bytes, not `str`: a
//! name is what the peer sent (RFC 2640 recommends UTF-8, and many peers do not follow).

use alloc::string::String;
use core::fmt;

use bytes::Bytes;

/// Why bytes cannot be a [`Text`], [`PathArg`], [`Secret`] or [`SafeName`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// A CR, LF or NUL, which would end or split the line.
    #[error("byte 0x{byte:02x} at offset {at} cannot be sent in a line")]
    Forbidden {
        /// The byte.
        byte: u8,
        /// Its offset.
        at: usize,
    },
    /// Nothing, where something is needed.
    #[error("it is empty")]
    Empty,
    /// Not one component of a path: a separator, a drive, `.` or `..`.
    #[error("it is not a plain file name")]
    NotAName,
}

fn checked(bytes: &[u8]) -> Result<(), TextError> {
    // A pass over good bytes, the usual ones, needs one comparison a byte and no early end.
    if !bytes.iter().fold(false, |found, b| found | (*b <= b'\r')) {
        return Ok(());
    }
    match bytes.iter().position(|b| matches!(b, b'\r' | b'\n' | 0)) {
        Some(at) => Err(TextError::Forbidden {
            byte: bytes[at],
            at,
        }),
        None => Ok(()),
    }
}

/// Writes bytes for people: UTF-8 as it is, but control characters, bidirectional overrides
/// and what is not UTF-8 escaped, so that a name cannot rewrite a terminal or a log.
fn escaped(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    use fmt::Write as _;
    for chunk in bytes.utf8_chunks() {
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

macro_rules! text_type {
    ($name:ident, $empty:literal, $(#[$doc:meta])*) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Bytes);

        impl $name {
            /// Takes the bytes over, if they can stand in a line.
            ///
            /// # Errors
            /// [`TextError::Forbidden`] for CR, LF and NUL; [`TextError::Empty`] for nothing
            /// where the type needs something.
            pub fn new(bytes: impl Into<Bytes>) -> Result<Self, TextError> {
                let bytes = bytes.into();
                if !$empty && bytes.is_empty() {
                    return Err(TextError::Empty);
                }
                checked(&bytes)?;
                Ok(Self(bytes))
            }

            /// Bytes that stand in the program; checked when it is compiled in a `const`.
            ///
            /// # Panics
            /// If the text holds CR, LF or NUL, which is a mistake in the program.
            #[must_use]
            pub const fn from_static(text: &'static str) -> Self {
                let bytes = text.as_bytes();
                assert!($empty || !bytes.is_empty(), "a static text is empty");
                let mut at = 0;
                while at < bytes.len() {
                    assert!(
                        !matches!(bytes[at], b'\r' | b'\n' | 0),
                        "a static text holds CR, LF or NUL"
                    );
                    at += 1;
                }
                Self(Bytes::from_static(bytes))
            }

            /// The bytes, as they cross the wire (before Telnet doubles 0xFF).
            #[must_use]
            pub fn as_bytes(&self) -> &[u8] {
                &self.0
            }

            /// The bytes, without a copy.
            #[must_use]
            pub fn into_bytes(self) -> Bytes {
                self.0
            }

            /// The text, if it is UTF-8.
            #[must_use]
            pub fn to_str(&self) -> Option<&str> {
                core::str::from_utf8(&self.0).ok()
            }
        }

        impl TryFrom<&str> for $name {
            type Error = TextError;
            fn try_from(text: &str) -> Result<Self, TextError> {
                Self::try_from(text.as_bytes())
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = TextError;
            fn try_from(bytes: &[u8]) -> Result<Self, TextError> {
                // Checked before the copy, so that bad bytes cost nothing.
                if !$empty && bytes.is_empty() {
                    return Err(TextError::Empty);
                }
                checked(bytes)?;
                Ok(Self(Bytes::copy_from_slice(bytes)))
            }
        }

        impl TryFrom<String> for $name {
            type Error = TextError;
            fn try_from(text: String) -> Result<Self, TextError> {
                Self::new(text)
            }
        }
    };
}

macro_rules! shown {
    ($name:ident) => {
        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                self.as_bytes()
            }
        }

        /// For people: control characters and bytes that are not UTF-8 are escaped.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                escaped(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("\"")?;
                escaped(&self.0, f)?;
                f.write_str("\"")
            }
        }
    };
}

text_type!(Text, true,
    /// Free text of a command or reply: any bytes but CR, LF and NUL; may be empty.
    ///
    /// ```
    /// use ftpkit_proto::Text;
    /// assert!(Text::try_from("hello").is_ok());
    /// assert!(Text::try_from("hello\r\nDELE x").is_err());
    /// ```
);
text_type!(PathArg, false,
    /// The path argument of a command: at least one byte, none of them CR, LF or NUL.
    ///
    /// It is the peer's or the caller's word, not yet a path in any storage.
    ///
    /// ```
    /// use ftpkit_proto::PathArg;
    /// assert!(PathArg::try_from("a b/c").is_ok());
    /// assert!(PathArg::try_from("").is_err());
    /// assert!(PathArg::try_from("a\nb").is_err());
    /// ```
);
text_type!(Secret, true,
    /// A password or account: like [`Text`], but neither `Debug` nor `Display` shows it, in
    /// any build.
    ///
    /// ```
    /// use ftpkit_proto::Secret;
    /// let secret = Secret::try_from("hunter2").unwrap();
    /// assert_eq!(format!("{secret:?}"), "Secret(***)");
    /// ```
);
shown!(Text);
shown!(PathArg);
shown!(SafeName);

impl Text {
    /// Text from bytes of unknown origin: CR, LF and NUL become `?`. For words that come from
    /// outside, such as an error message, where losing a byte is better than losing the reply.
    #[must_use]
    pub fn sanitized(text: &str) -> Self {
        if checked(text.as_bytes()).is_ok() {
            return Self(Bytes::copy_from_slice(text.as_bytes()));
        }
        Self(
            text.bytes()
                .map(|b| {
                    if matches!(b, b'\r' | b'\n' | 0) {
                        b'?'
                    } else {
                        b
                    }
                })
                .collect(),
        )
    }
}

impl Default for Text {
    fn default() -> Self {
        Self::from_static("")
    }
}

impl From<PathArg> for Text {
    fn from(path: PathArg) -> Self {
        Self(path.0)
    }
}

impl From<SafeName> for PathArg {
    fn from(name: SafeName) -> Self {
        Self(name.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(***)")
    }
}

/// One component of a path, as a peer's listing gave it: no separator of any system, not `.`
/// or `..`, no drive, no CR, LF or NUL.
///
/// It is the only way from a listing to a local or remote path, so that a hostile server's
/// `../../.ssh/authorized_keys` cannot leave the directory of a download.
///
/// ```
/// use ftpkit_proto::SafeName;
/// assert!(SafeName::try_from("report.txt").is_ok());
/// for evil in ["..", "a/b", "a\\b", "c:", ""] {
///     assert!(SafeName::try_from(evil).is_err());
/// }
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SafeName(Bytes);

impl SafeName {
    /// Takes the bytes over, if they are one plain component.
    ///
    /// # Errors
    /// [`TextError`] says what is wrong with them.
    pub fn new(bytes: impl Into<Bytes>) -> Result<Self, TextError> {
        let bytes = bytes.into();
        if bytes.is_empty() {
            return Err(TextError::Empty);
        }
        checked(&bytes)?;
        let drive = bytes.len() >= 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':';
        if drive
            || matches!(&bytes[..], b"." | b"..")
            || bytes.iter().any(|b| matches!(b, b'/' | b'\\'))
        {
            return Err(TextError::NotAName);
        }
        Ok(Self(bytes))
    }

    /// The name's bytes, as the peer sent them.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name, if it is UTF-8.
    #[must_use]
    pub fn to_str(&self) -> Option<&str> {
        core::str::from_utf8(&self.0).ok()
    }
}

impl TryFrom<&str> for SafeName {
    type Error = TextError;
    fn try_from(name: &str) -> Result<Self, TextError> {
        Self::new(Bytes::copy_from_slice(name.as_bytes()))
    }
}

impl TryFrom<&[u8]> for SafeName {
    type Error = TextError;
    fn try_from(name: &[u8]) -> Result<Self, TextError> {
        Self::new(Bytes::copy_from_slice(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn no_line_break_or_nul_gets_in() {
        for bad in [&b"a\rb"[..], b"a\nb", b"a\0b", b"\r", b"x\r\n"] {
            assert!(Text::try_from(bad).is_err());
            assert!(PathArg::try_from(bad).is_err());
            assert!(Secret::try_from(bad).is_err());
            assert!(SafeName::try_from(bad).is_err());
        }
        assert_eq!(
            PathArg::try_from("ab\n"),
            Err(TextError::Forbidden { byte: b'\n', at: 2 })
        );
    }

    #[test]
    fn a_secret_is_never_shown() {
        let secret = Secret::try_from("hunter2").unwrap();
        assert!(!format!("{secret:?} {secret:#?}").contains("hunter2"));
    }

    #[test]
    fn names_are_shown_without_terminal_tricks() {
        let name = Text::try_from(&b"a\x1b[2Jb\xffc\xe2\x80\xaed \xc3\xa9"[..]).unwrap();
        assert_eq!(format!("{name}"), "a\\u{1b}[2Jb\\xffc\\u{202e}d é");
    }

    #[test]
    fn a_safe_name_is_one_component_on_every_system() {
        for good in ["a", "a b", ".hidden", "...", "-rf", "ab:c", "ü", " x "] {
            assert!(SafeName::try_from(good).is_ok(), "{good}");
        }
        for evil in [
            "",
            ".",
            "..",
            "/",
            "a/b",
            "../x",
            "..\\x",
            "C:",
            "c:x",
            "\\\\host\\x",
        ] {
            assert!(SafeName::try_from(evil).is_err(), "{evil}");
        }
    }
}
