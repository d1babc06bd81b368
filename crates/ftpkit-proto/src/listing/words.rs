//! Lines as words between blanks, in place. What a word means is the dialects'.

use super::steps::pass;

/// A blank or a tab: what stands between words.
pub(super) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// Splits the next word off, and the blanks before it. What follows begins with a blank, or is
/// empty.
pub(super) fn word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = skip(text, usize::MAX);
    let end = text.iter().position(|b| is_blank(*b));
    pass(end.unwrap_or(text.len()));
    text.split_at_checked(end.unwrap_or(text.len()))
        .unwrap_or((text, b""))
}

/// Splits the last word off, and the blanks behind it: what stands before it, and the word.
pub(super) fn last_word(text: &[u8]) -> (&[u8], &[u8]) {
    let text = without_end(text);
    let start = text
        .iter()
        .rposition(|b| is_blank(*b))
        .map_or(0, |at| at + 1);
    pass(text.len() - start);
    text.split_at_checked(start).unwrap_or((b"", text))
}

/// The text behind its first blanks, at most this many.
pub(super) fn skip(text: &[u8], most: usize) -> &[u8] {
    let blanks = text.iter().take(most).take_while(|b| is_blank(**b)).count();
    pass(blanks);
    text.get(blanks..).unwrap_or_default()
}

/// The text without the blanks at its end.
pub(super) fn without_end(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .rposition(|b| !is_blank(*b))
        .map_or(0, |at| at + 1);
    pass(text.len() - end);
    text.get(..end).unwrap_or_default()
}

/// Whether there is anything, and all of it is so.
pub(super) fn all(text: &[u8], so: impl Fn(u8) -> bool) -> bool {
    pass(text.len());
    !text.is_empty() && text.iter().all(|b| so(*b))
}

/// Whether the text begins with this, in whatever case.
pub(super) fn begins(text: &[u8], with: &[u8]) -> bool {
    text.get(..with.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(with))
}

/// Whether the text holds this, in whatever case.
pub(super) fn holds(text: &[u8], part: &[u8]) -> bool {
    pass(text.len() * part.len());
    text.windows(part.len())
        .any(|window| window.eq_ignore_ascii_case(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_taken_from_both_ends() {
        for (text, first, behind, before, last) in [
            ("", "", "", "", ""),
            (" \t", "", "", "", ""),
            ("a", "a", "", "", "a"),
            (" a ", "a", " ", " ", "a"),
            ("a\tb  c", "a", "\tb  c", "a\tb  ", "c"),
            ("a b ", "a", " b ", "a ", "b"),
        ] {
            let text = text.as_bytes();
            assert_eq!(word(text), (first.as_bytes(), behind.as_bytes()));
            assert_eq!(last_word(text), (before.as_bytes(), last.as_bytes()));
        }
        assert_eq!(skip(b"   a", 2), b" a");
        assert_eq!(skip(b" ", 2), b"");
        assert!(all(b"ab", |b| b.is_ascii_lowercase()));
        assert!(!all(b"aB", |b| b.is_ascii_lowercase()));
        assert!(!all(b"", |_| true));
        assert!(begins(b"Total of", b"total ") && !begins(b"to", b"total"));
        assert!(holds(b"no Privilege", b"privilege") && !holds(b"privi", b"privilege"));
    }
}
