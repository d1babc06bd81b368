//! Patterns in the last component of what LIST and NLST name (`*.txt`), as `mget` sends them.

/// Whether a name holds what a pattern is made of.
pub(super) fn is_pattern(name: &[u8]) -> bool {
    name.iter().any(|b| matches!(b, b'*' | b'?'))
}

/// Whether the pattern matches the whole name: `*` is any bytes, `?` one byte, everything else
/// itself. A name that begins with a dot is matched by a pattern that does so only.
///
/// It goes back to the last `*` only, so the time is at most the product of both lengths, and
/// no pattern makes it explode.
pub(super) fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.first() == Some(&b'.') && pattern.first() != Some(&b'.') {
        return false;
    }
    let (mut p, mut n) = (0, 0);
    // Where to go on when what follows the last `*` does not match: behind it, and at the
    // name's byte behind those that it took.
    let mut retry = None;
    while let Some(byte) = name.get(n) {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                retry = Some((p, n));
            }
            Some(wanted) if *wanted == b'?' || wanted == byte => {
                p += 1;
                n += 1;
            }
            _ => {
                let Some((behind, taken)) = retry else {
                    return false;
                };
                p = behind;
                n = taken + 1;
                retry = Some((behind, n));
            }
        }
    }
    pattern
        .get(p..)
        .is_some_and(|rest| rest.iter().all(|b| *b == b'*'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_names() {
        for (pattern, name, expected) in [
            ("*", "a", true),
            ("*", "", true),
            ("*", ".hidden", false),
            (".*", ".hidden", true),
            ("*.txt", "a.txt", true),
            ("*.txt", "a.txt.gz", false),
            ("*.txt", ".txt", false),
            ("a*b*c", "a--b--b--c", true),
            ("a*b*c", "a--b--b--", false),
            ("?", "ab", false),
            ("??", "ab", true),
            ("?*", "ab", true),
            ("ab", "ab", true),
            ("ab", "abc", false),
            ("abc", "ab", false),
            ("a**", "a", true),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(
                matches(pattern.as_bytes(), name.as_bytes()),
                expected,
                "{pattern} {name}"
            );
        }
    }

    #[test]
    fn a_hostile_pattern_takes_no_more_than_the_product_of_the_lengths() {
        // Exponential in a matcher that recurses on every star: it would not end.
        let pattern = "a*".repeat(2000) + "b";
        assert!(!matches(pattern.as_bytes(), &[b'a'; 4000]));
    }
}
