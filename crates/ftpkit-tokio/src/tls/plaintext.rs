//! Plaintext where it is quickly copied from.
//!
//! The library decrypts a record where it lies, behind the record's head, and copies what it finds
//! into memory of its own. Some processors, AMD's among them, copy by `rep movsb` at a
//! twentieth of their usual speed to where an address within a page is less than 16 bytes ahead of
//! that which is copied from. The memory right behind the library's buffer is such a place, and
//! with one connection it is the one that the library gets. So what is long is moved to a multiple
//! of 16 first: memory begins at such a one, too, and so is never that little ahead.

use std::ops::Range;

use rustls::{
    ConnectionTrafficSecrets, Error, SupportedCipherSuite, Tls12CipherSuite, Tls13CipherSuite,
    crypto::{
        CipherSuiteCommon, CryptoProvider,
        cipher::{
            AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, KeyBlockShape,
            MessageDecrypter, MessageEncrypter, Tls12AeadAlgorithm, Tls13AeadAlgorithm,
            UnsupportedOperationError,
        },
    },
};

/// What memory begins at a multiple of.
const ALIGNED: usize = 16;
/// What is shorter is copied in another way.
const LONG: usize = 2048;

/// The provider, whose records lay their plaintext so. To be called once: the suites are never
/// freed.
pub(super) fn prepare(mut provider: CryptoProvider) -> CryptoProvider {
    for suite in &mut provider.cipher_suites {
        *suite = match suite {
            SupportedCipherSuite::Tls12(suite) => {
                SupportedCipherSuite::Tls12(kept(Tls12CipherSuite {
                    common: CipherSuiteCommon { ..suite.common },
                    aead_alg: kept(Laying(suite.aead_alg)),
                    ..**suite
                }))
            }
            SupportedCipherSuite::Tls13(suite) => {
                SupportedCipherSuite::Tls13(kept(Tls13CipherSuite {
                    common: CipherSuiteCommon { ..suite.common },
                    aead_alg: kept(Laying(suite.aead_alg)),
                    ..**suite
                }))
            }
        };
    }
    provider
}

fn kept<T>(part: T) -> &'static T {
    Box::leak(Box::new(part))
}

/// An algorithm whose decrypters lay the plaintext so.
struct Laying<A: ?Sized + 'static>(&'static A);

impl Tls13AeadAlgorithm for Laying<dyn Tls13AeadAlgorithm> {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        self.0.encrypter(key, iv)
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(Decrypter(self.0.decrypter(key, iv)))
    }

    fn key_len(&self) -> usize {
        self.0.key_len()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv)
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}

impl Tls12AeadAlgorithm for Laying<dyn Tls12AeadAlgorithm> {
    fn encrypter(&self, key: AeadKey, iv: &[u8], extra: &[u8]) -> Box<dyn MessageEncrypter> {
        self.0.encrypter(key, iv, extra)
    }

    fn decrypter(&self, key: AeadKey, iv: &[u8]) -> Box<dyn MessageDecrypter> {
        Box::new(Decrypter(self.0.decrypter(key, iv)))
    }

    fn key_block_shape(&self) -> KeyBlockShape {
        self.0.key_block_shape()
    }

    fn extract_keys(
        &self,
        key: AeadKey,
        iv: &[u8],
        explicit: &[u8],
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        self.0.extract_keys(key, iv, explicit)
    }

    fn fips(&self) -> bool {
        self.0.fips()
    }
}

/// Decrypts as the one in it does, and moves what is long into the place that the record's tag
/// leaves free.
struct Decrypter(Box<dyn MessageDecrypter>);

impl MessageDecrypter for Decrypter {
    fn decrypt<'a>(
        &mut self,
        mut record: InboundOpaqueMessage<'a>,
        seq: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let whole = InboundOpaqueMessage::new(record.typ, record.version, &mut record.payload);
        let plain = self.0.decrypt(whole, seq)?;
        let (typ, version) = (plain.typ, plain.version);
        let (at, length) = (plain.payload.as_ptr().addr(), plain.payload.len());
        (record.typ, record.version) = (typ, version);
        let space = &mut *record.payload;
        // Nothing may be anywhere.
        let start = match length {
            0 => 0,
            _ => at.wrapping_sub(space.as_ptr().addr()),
        };
        let lost = || Error::General("the plaintext is not in its record".into());
        let mut laid = within(space, start, length).ok_or_else(lost)?;
        let further = start.wrapping_add(at.wrapping_neg() % ALIGNED);
        if length >= LONG
            && let Some(better) = within(space, further, length)
        {
            space.copy_within(laid, further);
            laid = better;
        }
        Ok(record.into_plain_message_range(laid))
    }
}

/// The range of so many bytes, if there are as many.
fn within(space: &[u8], start: usize, length: usize) -> Option<Range<usize>> {
    let range = start..start.wrapping_add(length);
    space.get(range.clone()).map(|_| range)
}

#[cfg(test)]
mod tests {
    use rustls::{ContentType, ProtocolVersion};

    use super::*;

    const TAG: usize = 16;

    /// As with TLS 1.2, the first bytes of a record are the nonce; the last are always its tag.
    struct Fake {
        nonce: usize,
    }

    impl MessageDecrypter for Fake {
        fn decrypt<'a>(
            &mut self,
            mut record: InboundOpaqueMessage<'a>,
            seq: u64,
        ) -> Result<InboundPlainMessage<'a>, Error> {
            if seq == u64::MAX {
                return Err(Error::DecryptError);
            }
            record.payload.iter_mut().for_each(|byte| *byte ^= 0xff);
            record.typ = ContentType::Alert;
            record.version = ProtocolVersion::TLSv1_3;
            let end = record.payload.len() - TAG;
            Ok(record.into_plain_message_range(self.nonce..end))
        }
    }

    #[test]
    fn what_is_long_is_laid_at_a_multiple() {
        for nonce in [0, 8] {
            for length in [0, 1, LONG - 1, LONG, 16_384] {
                for offset in 0..ALIGNED {
                    let text: Vec<u8> = (0..length).map(|at| at as u8).collect();
                    let mut space = vec![0xee; offset + nonce + length + TAG];
                    for (byte, text) in space[offset + nonce..].iter_mut().zip(&text) {
                        *byte = text ^ 0xff;
                    }
                    let record = InboundOpaqueMessage::new(
                        ContentType::ApplicationData,
                        ProtocolVersion::TLSv1_2,
                        &mut space[offset..],
                    );
                    let mut decrypter = Decrypter(Box::new(Fake { nonce }));
                    let plain = decrypter.decrypt(record, 0).unwrap();
                    assert_eq!(plain.payload, text, "{nonce} {length} {offset}");
                    assert_eq!(plain.typ, ContentType::Alert);
                    assert_eq!(plain.version, ProtocolVersion::TLSv1_3);
                    if length >= LONG {
                        assert_eq!(plain.payload.as_ptr().addr() % ALIGNED, 0);
                    }
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_decrypted_is_an_error() {
        let mut space = [0; 100];
        let record = InboundOpaqueMessage::new(
            ContentType::ApplicationData,
            ProtocolVersion::TLSv1_2,
            &mut space,
        );
        let mut decrypter = Decrypter(Box::new(Fake { nonce: 0 }));
        let error = decrypter.decrypt(record, u64::MAX).unwrap_err();
        assert_eq!(error, Error::DecryptError);
    }

    #[test]
    fn suites_stay_what_they_are() {
        let plain = crate::tls::library();
        let prepared = prepare(crate::tls::library()).cipher_suites;
        assert_eq!(plain.cipher_suites, prepared);
        for (plain, prepared) in plain.cipher_suites.iter().zip(&prepared) {
            assert_eq!(plain.fips(), prepared.fips());
            let (Some(plain), Some(prepared)) = (plain.tls13(), prepared.tls13()) else {
                continue;
            };
            let same = std::ptr::eq(plain.hkdf_provider, prepared.hkdf_provider);
            assert!(same && !std::ptr::addr_eq(plain.aead_alg, prepared.aead_alg));
            assert_eq!(plain.aead_alg.key_len(), prepared.aead_alg.key_len());
        }
    }
}
