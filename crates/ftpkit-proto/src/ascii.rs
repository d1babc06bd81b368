//! TYPE A over chunks: line ends to the wire ([`ToWire`]) and from it ([`FromWire`]), with no
//! more state than one byte (RFC 959 sec. 3.1.1.1). Character sets are not touched.

use bytes::BufMut;

/// From local text to the wire: a bare LF becomes CRLF, a CRLF stays as it is.
///
/// Every way to cut the text into chunks gives the same bytes.
///
/// ```
/// use ftpkit_proto::ascii::ToWire;
/// let (mut text, mut out) = (ToWire::new(), Vec::new());
/// text.convert(b"one\ntwo\r", &mut out);
/// text.convert(b"\nthree", &mut out);
/// assert_eq!(out, b"one\r\ntwo\r\nthree");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ToWire {
    behind_cr: bool,
}

impl ToWire {
    /// At the beginning of a text.
    #[must_use]
    pub const fn new() -> Self {
        Self { behind_cr: false }
    }

    /// Appends the wire form of the next chunk: at most twice its length.
    ///
    /// # Panics
    /// If `out` cannot grow and is full; `Vec` and `BytesMut` grow.
    pub fn convert(&mut self, chunk: &[u8], out: &mut impl BufMut) {
        for piece in chunk.split_inclusive(|b| *b == b'\n') {
            if let Some(line) = piece.strip_suffix(b"\n") {
                let has_cr = line.last().map_or(self.behind_cr, |b| *b == b'\r');
                out.put_slice(line);
                out.put_slice(if has_cr { b"\n" } else { b"\r\n" });
                self.behind_cr = false;
            } else {
                out.put_slice(piece);
                self.behind_cr = piece.ends_with(b"\r");
            }
        }
    }
}

/// From the wire to local text: CRLF becomes LF; a CR or an LF alone stays as it is.
///
/// Every way to cut the bytes into chunks gives the same text.
///
/// ```
/// use ftpkit_proto::ascii::FromWire;
/// let (mut text, mut out) = (FromWire::new(), Vec::new());
/// text.convert(b"one\r\ntwo\r", &mut out);
/// text.convert(b"\nthree\r", &mut out);
/// text.finish(&mut out);
/// assert_eq!(out, b"one\ntwo\nthree\r");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FromWire {
    pending_cr: bool,
}

impl FromWire {
    /// At the beginning of a text.
    #[must_use]
    pub const fn new() -> Self {
        Self { pending_cr: false }
    }

    /// Appends the local form of the next chunk: at most one byte more than its length. A CR
    /// at its end is held back until it is known what follows.
    ///
    /// # Panics
    /// If `out` cannot grow and is full; `Vec` and `BytesMut` grow.
    pub fn convert(&mut self, chunk: &[u8], out: &mut impl BufMut) {
        for piece in chunk.split_inclusive(|b| *b == b'\r') {
            if self.pending_cr && !piece.starts_with(b"\n") {
                out.put_u8(b'\r');
            }
            let text = piece.strip_suffix(b"\r");
            self.pending_cr = text.is_some();
            out.put_slice(text.unwrap_or(piece));
        }
    }

    /// Ends the text: appends the CR that was held back, if there is one.
    ///
    /// # Panics
    /// If `out` cannot grow and is full; `Vec` and `BytesMut` grow.
    pub fn finish(self, out: &mut impl BufMut) {
        if self.pending_cr {
            out.put_u8(b'\r');
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::{vec, vec::Vec};

    use proptest::prelude::*;

    use super::*;

    fn to_wire(chunks: &[&[u8]]) -> Vec<u8> {
        let (mut text, mut out) = (ToWire::new(), Vec::new());
        for chunk in chunks {
            let before = out.len();
            text.convert(chunk, &mut out);
            assert!(out.len() - before <= 2 * chunk.len());
        }
        out
    }

    fn from_wire(chunks: &[&[u8]]) -> Vec<u8> {
        let (mut text, mut out) = (FromWire::new(), Vec::new());
        for chunk in chunks {
            let before = out.len();
            text.convert(chunk, &mut out);
            assert!(out.len() - before <= chunk.len() + 1);
        }
        text.finish(&mut out);
        out
    }

    #[test]
    fn line_ends_both_ways() {
        for (local, wire) in [
            ("", ""),
            ("a", "a"),
            ("\n", "\r\n"),
            ("a\n", "a\r\n"),
            ("a\n\nb", "a\r\n\r\nb"),
            ("a\rb", "a\rb"),
            ("a\r", "a\r"),
            ("\r\r", "\r\r"),
            ("\u{e9}\n\0\n", "\u{e9}\r\n\0\r\n"),
        ] {
            assert_eq!(to_wire(&[local.as_bytes()]), wire.as_bytes(), "{local:?}");
            assert_eq!(from_wire(&[wire.as_bytes()]), local.as_bytes(), "{wire:?}");
        }
        assert_eq!(to_wire(&[b"a\r\nb\r\r\n"]), b"a\r\nb\r\r\n");
        assert_eq!(from_wire(&[b"a\nb\r\r\n\r"]), b"a\nb\r\n\r");
    }

    /// All texts of three kinds of bytes up to a length, cut in every way.
    #[test]
    fn every_short_text_in_every_way() {
        let length = if cfg!(miri) { 2 } else { 6 };
        let mut texts = vec![vec![]];
        for at in 0.. {
            let text: Vec<u8> = texts[at].clone();
            // Bit n: a cut behind the byte n.
            for cuts in 0..1u32 << text.len() {
                let mut chunks = vec![];
                let mut start = 0;
                for end in 1..=text.len() {
                    if cuts & 1 << (end - 1) != 0 || end == text.len() {
                        chunks.push(&text[start..end]);
                        start = end;
                    }
                }
                assert_eq!(to_wire(&chunks), to_wire(&[&text]), "{chunks:?}");
                assert_eq!(from_wire(&chunks), from_wire(&[&text]), "{chunks:?}");
            }
            if text.len() < length {
                texts.extend(b"\r\na".map(|byte| [&text[..], &[byte]].concat()));
            }
            if at + 1 == texts.len() {
                break;
            }
        }
    }

    fn text() -> impl Strategy<Value = Vec<u8>> {
        prop::collection::vec(prop::sample::select(&b"\r\na\0\xff"[..]), 0..40)
    }

    proptest! {
        #[test]
        fn every_split_gives_the_same(bytes in text(), cuts in prop::collection::vec(0usize..40, 0..8)) {
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(bytes.len())).collect();
            cuts.sort_unstable();
            let ends = cuts.iter().copied().chain([bytes.len()]);
            let starts = core::iter::once(0).chain(cuts.iter().copied());
            let random: Vec<&[u8]> = starts.zip(ends).map(|(from, to)| &bytes[from..to]).collect();
            let single: Vec<&[u8]> = bytes.chunks(1).collect();
            for chunks in [random, single] {
                prop_assert_eq!(to_wire(&chunks), to_wire(&[&bytes]));
                prop_assert_eq!(from_wire(&chunks), from_wire(&[&bytes]));
            }
        }

        #[test]
        fn text_without_cr_before_lf_comes_back(bytes in text()) {
            let mut local = bytes;
            while let Some(at) = local.windows(2).position(|pair| pair == b"\r\n") {
                local.remove(at);
            }
            prop_assert_eq!(from_wire(&[&to_wire(&[&local])]), local);
        }

        #[test]
        fn what_is_on_the_wire_stays_as_it_is(bytes in text()) {
            let wire = to_wire(&[&bytes]);
            prop_assert_eq!(&to_wire(&[&wire]), &wire);
            prop_assert!(!wire.starts_with(b"\n"));
            prop_assert!(wire.windows(2).all(|pair| pair[1] != b'\n' || pair[0] == b'\r'));
            prop_assert_eq!(vec![0u8; 0], from_wire(&[]));
        }
    }
}
