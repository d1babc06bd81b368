//! Bytes of a peer for people to read.

use core::fmt::{self, Write as _};

/// Shows bytes as UTF-8, but control characters, bidirectional overrides and what is not UTF-8
/// escaped, so that a name cannot rewrite a terminal, a listing or a log.
pub(crate) fn escaped(bytes: &[u8]) -> Escaped<'_> {
    Escaped(bytes)
}

pub(crate) struct Escaped<'a>(&'a [u8]);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.utf8_chunks() {
            for c in chunk.valid().chars() {
                if c.is_control() || directs(c) {
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

/// Marks that change the direction or the lines of the text around them.
fn directs(c: char) -> bool {
    matches!(c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
