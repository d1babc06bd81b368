//! The key schedule of TLS 1.3 with keys that are prepared once.
//!
//! HKDF expands several secrets out of each key, and prepares the key for HMAC anew for each of
//! them as the cryptography's own crate does it. That is a third of all hashing in a handshake,
//! and a small file under TLS costs little but its handshake.

use aws_lc_rs::hmac;
use rustls::{
    SupportedCipherSuite, Tls13CipherSuite,
    crypto::{
        CipherSuiteCommon, CryptoProvider,
        hash::HashAlgorithm,
        hmac::{Hmac, Key, Tag},
        tls13::HkdfUsingHmac,
    },
};

static SHA256: Prepared = Prepared(hmac::HMAC_SHA256);
static SHA384: Prepared = Prepared(hmac::HMAC_SHA384);

static HKDF_SHA256: HkdfUsingHmac<'static> = HkdfUsingHmac(&SHA256);
static HKDF_SHA384: HkdfUsingHmac<'static> = HkdfUsingHmac(&SHA384);

/// The provider, with this key schedule for those suites whose hash is known here. To be called
/// once: the suites are never freed.
pub(super) fn prepare(mut provider: CryptoProvider) -> CryptoProvider {
    for suite in &mut provider.cipher_suites {
        if let SupportedCipherSuite::Tls13(known) = suite
            && let Some(prepared) = prepared(known)
        {
            *suite = SupportedCipherSuite::Tls13(Box::leak(Box::new(prepared)));
        }
    }
    provider
}

fn prepared(suite: &Tls13CipherSuite) -> Option<Tls13CipherSuite> {
    let hkdf_provider = match suite.common.hash_provider.algorithm() {
        HashAlgorithm::SHA256 => &HKDF_SHA256,
        HashAlgorithm::SHA384 => &HKDF_SHA384,
        _ => return None,
    };
    Some(Tls13CipherSuite {
        common: CipherSuiteCommon { ..suite.common },
        hkdf_provider,
        quic: None,
        ..*suite
    })
}

/// HMAC with one hash, whose keys are prepared for all that they sign.
struct Prepared(hmac::Algorithm);

impl Hmac for Prepared {
    fn with_key(&self, key: &[u8]) -> Box<dyn Key> {
        Box::new(PreparedKey(hmac::Key::new(self.0, key)))
    }

    fn hash_output_len(&self) -> usize {
        self.0.digest_algorithm().output_len()
    }
}

struct PreparedKey(hmac::Key);

impl Key for PreparedKey {
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> Tag {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(first);
        middle.iter().for_each(|part| context.update(part));
        context.update(last);
        Tag::new(context.sign().as_ref())
    }

    fn tag_len(&self) -> usize {
        self.0.algorithm().digest_algorithm().output_len()
    }
}

#[cfg(test)]
mod tests {
    use rustls::crypto::{aws_lc_rs::default_provider, tls13::HkdfExpander};

    use super::*;

    /// What a key schedule makes of fixed secrets, in all the ways that it is asked.
    fn made(suite: &Tls13CipherSuite) -> Vec<Vec<u8>> {
        let hkdf = suite.hkdf_provider;
        let mut made = Vec::new();
        let mut expand = |expander: &dyn HkdfExpander| {
            for info in [&[&b""[..]][..], &[b"tls13 ", b"key"]] {
                let mut long = vec![0; expander.hash_len() * 2 + 5];
                expander.expand_slice(info, &mut long).unwrap();
                made.extend([long, expander.expand_block(info).as_ref().to_vec()]);
            }
        };
        expand(&*hkdf.extract_from_zero_ikm(None));
        expand(&*hkdf.extract_from_zero_ikm(Some(b"salt")));
        expand(&*hkdf.extract_from_secret(None, b"secret"));
        let secret = hkdf.extract_from_secret(Some(b"salt"), &[7; 200]);
        expand(&*secret);
        let block = secret.expand_block(&[b"block"]);
        expand(&*hkdf.expander_for_okm(&block));
        made.push(hkdf.hmac_sign(&block, b"a message").as_ref().to_vec());
        made
    }

    #[test]
    fn keys_are_those_of_the_library() {
        let plain = default_provider().cipher_suites;
        let prepared = prepare(default_provider()).cipher_suites;
        assert_eq!(plain.len(), prepared.len());
        let mut compared = 0;
        for (plain, prepared) in plain.iter().zip(&prepared) {
            assert_eq!(plain.suite(), prepared.suite());
            if let (SupportedCipherSuite::Tls13(plain), SupportedCipherSuite::Tls13(prepared)) =
                (plain, prepared)
            {
                assert_eq!(made(plain), made(prepared), "{:?}", plain.common.suite);
                assert!(!std::ptr::eq(*plain, *prepared));
                compared += 1;
            }
        }
        assert_eq!(compared, 3, "all suites of TLS 1.3");
    }
}
