//! [`Hasher`]: digests of bytes as they come, for storages and servers alike. Reading the bytes
//! is its caller's.

use bytes::Bytes;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::storage::Algorithm;

/// Computes one digest.
///
/// ```
/// use ftpkit_storage::{Algorithm, Hasher};
/// let mut hasher = Hasher::new(Algorithm::Crc32);
/// hasher.update(b"1234");
/// hasher.update(b"56789");
/// assert_eq!(&hasher.finish()[..], [0xcb, 0xf4, 0x39, 0x26]);
/// ```
#[derive(Clone, Debug)]
pub struct Hasher(State);

#[derive(Clone, Debug)]
enum State {
    Crc32(crc32fast::Hasher),
    Md5(Md5),
    Sha1(Sha1),
    Sha256(Sha256),
    Sha512(Box<Sha512>),
}

impl Hasher {
    /// Nothing has come yet.
    #[must_use]
    pub fn new(algorithm: Algorithm) -> Self {
        Self(match algorithm {
            Algorithm::Crc32 => State::Crc32(crc32fast::Hasher::new()),
            Algorithm::Md5 => State::Md5(Md5::new()),
            Algorithm::Sha1 => State::Sha1(Sha1::new()),
            Algorithm::Sha256 => State::Sha256(Sha256::new()),
            Algorithm::Sha512 => State::Sha512(Box::default()),
        })
    }

    /// These bytes come next.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::Crc32(state) => state.update(bytes),
            State::Md5(state) => Digest::update(state, bytes),
            State::Sha1(state) => Digest::update(state, bytes),
            State::Sha256(state) => Digest::update(state, bytes),
            State::Sha512(state) => Digest::update(&mut **state, bytes),
        }
    }

    /// The digest, the most significant byte first.
    #[must_use]
    pub fn finish(self) -> Bytes {
        match self.0 {
            State::Crc32(state) => Bytes::copy_from_slice(&state.finalize().to_be_bytes()),
            State::Md5(state) => Bytes::copy_from_slice(&state.finalize()),
            State::Sha1(state) => Bytes::copy_from_slice(&state.finalize()),
            State::Sha256(state) => Bytes::copy_from_slice(&state.finalize()),
            State::Sha512(state) => Bytes::copy_from_slice(&state.finalize()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of nothing, and of the text that all standards give as their example.
    const KNOWN: [(Algorithm, &str, &str); 5] = [
        (Algorithm::Crc32, "00000000", "352441c2"),
        (
            Algorithm::Md5,
            "d41d8cd98f00b204e9800998ecf8427e",
            "900150983cd24fb0d6963f7d28e17f72",
        ),
        (
            Algorithm::Sha1,
            "da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "a9993e364706816aba3e25717850c26c9cd0d89d",
        ),
        (
            Algorithm::Sha256,
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
        (
            Algorithm::Sha512,
            "cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
             47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
             2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
    ];

    #[test]
    fn the_examples_of_the_standards_in_whatever_pieces() {
        for (algorithm, nothing, abc) in KNOWN {
            for pieces in [&[][..], &[&b"abc"[..]], &[b"a", b"bc"], &[b"", b"ab", b"c"]] {
                let mut hasher = Hasher::new(algorithm);
                for piece in pieces {
                    hasher.update(piece);
                }
                let hex: String = hasher
                    .finish()
                    .iter()
                    .map(|byte| format!("{byte:02x}"))
                    .collect();
                let expected = if pieces.is_empty() { nothing } else { abc };
                assert_eq!(hex, expected, "{algorithm:?}");
            }
        }
    }
}
