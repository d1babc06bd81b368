//! Eight bytes at a time: words compared, blanks found, digits as numbers. The lines of a long
//! listing are read with these.

use super::steps::pass;

/// Each byte of it is this one.
const fn eight(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// Eight bytes of a text from there on, the first one lowest; `fill` stands for those behind its
/// end.
#[inline(always)]
pub(super) fn load(text: &[u8], at: usize, fill: u8) -> u64 {
    pass(8);
    match text.get(at..).and_then(<[u8]>::first_chunk) {
        Some(bytes) => u64::from_le_bytes(*bytes),
        None => load_end(text, at, fill),
    }
}

#[cold]
#[inline(never)]
fn load_end(text: &[u8], at: usize, fill: u8) -> u64 {
    let mut bytes = [fill; 8];
    for (slot, byte) in bytes.iter_mut().zip(text.iter().skip(at)) {
        *slot = *byte;
    }
    u64::from_le_bytes(bytes)
}

/// The highest bit of each byte that is `byte`.
pub(super) const fn all(word: u64, byte: u8) -> u64 {
    const LOW: u64 = eight(0x7f);
    let zero = word ^ eight(byte);
    !(((zero & LOW) + LOW) | zero | LOW)
}

/// How many bytes stand before the first whose highest bit is set: eight where there is none.
pub(super) const fn first(bits: u64) -> usize {
    (bits.trailing_zeros() / 8) as usize
}

/// A text of at most eight small letters and other bytes, and which bytes these are, as
/// [`begins`] wants it.
pub(super) const fn word(text: &[u8]) -> (u64, u64) {
    let (mut bytes, mut capitals) = ([0; 8], [0; 8]);
    let mut at = 0;
    while at < text.len() {
        bytes[at] = text[at];
        // All bits but the one that makes a letter small.
        capitals[at] = if text[at].is_ascii_lowercase() {
            0xdf
        } else {
            0xff
        };
        at += 1;
    }
    let mask = u64::from_le_bytes(capitals);
    (u64::from_le_bytes(bytes) & mask, mask)
}

/// Whether eight bytes begin with this text, in whatever case.
pub(super) const fn begins(word: u64, (text, mask): (u64, u64)) -> bool {
    word & mask == text
}

/// A bit for each of 64 bytes from there on: whether it is a blank or a tab, as all bytes behind
/// the end are.
pub(super) fn blanks(text: &[u8], at: usize) -> u64 {
    pass(64);
    let mut mask = 0;
    for part in 0..8 {
        let word = load(text, at + part * 8, b' ');
        let bits = all(word, b' ') | all(word, b'\t');
        // Gathers the highest bit of each byte.
        let byte = (bits >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        mask |= byte << (part * 8);
    }
    mask
}

/// Four numbers of two digits each, twice; `None` if one of the bytes is no digit.
#[inline(always)]
pub(super) const fn pairs(words: [u64; 2]) -> Option<[[u8; 4]; 2]> {
    let [a, b] = [words[0] ^ eight(b'0'), words[1] ^ eight(b'0')];
    // A digit is now 0 to 9: the upper half is empty, and stays so when 6 is added.
    let above = a | b | a.wrapping_add(eight(6)) | b.wrapping_add(eight(6));
    if above & eight(0xf0) != 0 {
        return None;
    }
    Some([pairs_of(a), pairs_of(b)])
}

#[inline(always)]
const fn pairs_of(digits: u64) -> [u8; 4] {
    let pairs = digits * 10 + (digits >> 8);
    let [a, _, b, _, c, _, d, _] = pairs.to_le_bytes();
    [a, b, c, d]
}

/// The number that eight bytes begin with, and how many digits it has: 0 where there is none.
#[inline(always)]
pub(super) const fn digits(word: u64) -> (u64, usize) {
    let digits = word ^ eight(b'0');
    // What is over nine; a carry changes only what stands behind such a byte.
    let others = (digits.wrapping_add(eight(0x76)) | digits) & eight(0x80);
    let count = first(others);
    if count == 0 {
        return (0, 0);
    }
    // Zeros take the place of what stands behind the digits, before them.
    let digits = digits << (64 - 8 * count);
    let pairs = (digits * 10 + (digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    ((fours * 10_000 + (fours >> 32)) & 0xffff_ffff, count)
}

/// What so many digits behind a number multiply it by; eight at most.
pub(super) const POWERS: [u64; 9] = [
    1,
    10,
    100,
    1_000,
    10_000,
    100_000,
    1_000_000,
    10_000_000,
    100_000_000,
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn words_in_whatever_case() {
        for (text, with, want) in [
            (b"TyPe=fil", &b"type="[..], true),
            (b"type=FIL", b"type=", true),
            (b"type\x1dfil", b"type=", false),
            (b"typo=fil", b"type=", false),
            (b"UNIX.own", b"unix.own", true),
            (b"UNIX\x0eown", b"unix.own", false),
            (b"anything", b"", true),
        ] {
            let text = u64::from_le_bytes(*text);
            assert_eq!(begins(text, word(with)), want, "{with:?}");
        }
    }

    #[test]
    fn two_digits_at_a_time() {
        for (text, want) in [
            (b"20240615", Some([20, 24, 6, 15])),
            (b"99999999", Some([99, 99, 99, 99])),
            (b"00000000", Some([0, 0, 0, 0])),
            (b"2024061/", None),
            (b"2024061:", None),
            (b"2 240615", None),
            (b"\xb20240615", None),
            (b"\xfa0240615", None),
            (b"\xca0240615", None),
        ] {
            let [word, good] = [text, b"01020304"].map(|text| u64::from_le_bytes(*text));
            let both = want.map(|want| [want, [1, 2, 3, 4]]);
            assert_eq!(pairs([word, good]), both, "{text:?}");
            assert_eq!(pairs([good, word]), both.map(|[a, b]| [b, a]), "{text:?}");
        }
    }

    #[test]
    fn digits_as_a_number() {
        for (text, want) in [
            (b"12345678", (12_345_678, 8)),
            (b"99999999", (99_999_999, 8)),
            (b"1234567;", (1_234_567, 7)),
            (b"0;999999", (0, 1)),
            (b"42\xff45678", (42, 2)),
            (b"42:45678", (42, 2)),
            (b"42/45678", (42, 2)),
            (b"007 abcd", (7, 3)),
            (b";1234567", (0, 0)),
            (b"\xb9\xb9234567", (0, 0)),
        ] {
            assert_eq!(digits(u64::from_le_bytes(*text)), want, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn numbers_as_one_digit_after_another(number in 0u64..100_000_000, behind: u8) {
            prop_assume!(!behind.is_ascii_digit());
            let shown = std::string::ToString::to_string(&number);
            let mut text = [behind; 8];
            text.iter_mut().zip(shown.bytes()).for_each(|(slot, b)| *slot = b);
            prop_assert_eq!(digits(u64::from_le_bytes(text)), (number, shown.len()));
        }

        #[test]
        fn as_one_byte_after_another(
            text in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b' '), Just(b'\t')], 0..crate::effort::size(200, 20)),
            at in 0usize..crate::effort::size(200, 20),
            byte: u8,
        ) {
            let rest = text.get(at..).unwrap_or_default();
            let mut eight = [byte; 8];
            eight.iter_mut().zip(rest).for_each(|(slot, b)| *slot = *b);
            prop_assert_eq!(load(&text, at, byte).to_le_bytes(), eight);
            let mask = blanks(&text, at);
            for offset in crate::effort::thin(0..64, 9) {
                let blank = rest.get(offset).is_none_or(|b| matches!(b, b' ' | b'\t'));
                prop_assert_eq!(mask >> offset & 1 == 1, blank, "{}", offset);
            }
        }
    }
}
