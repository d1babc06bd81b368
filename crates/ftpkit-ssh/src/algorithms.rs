//! Which algorithms of SSH are spoken: one short list for both roles.

use std::borrow::Cow;

use russh::{
    Preferred, cipher, compression, kex,
    keys::{Algorithm, EcdsaCurve, HashAlg, ssh_key::public::KeyData},
    mac,
};

/// The key exchanges, the one that withstands quantum computers first. The last four are no
/// exchanges: they announce the strict one (the answer to the Terrapin attack) and RFC 8308.
const KEX: &[kex::Name] = &[
    kex::MLKEM768X25519_SHA256,
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    kex::ECDH_SHA2_NISTP521,
    kex::DH_G16_SHA512,
    kex::EXTENSION_SUPPORT_AS_CLIENT,
    kex::EXTENSION_SUPPORT_AS_SERVER,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
];

/// The kinds of keys, of hosts and of users. RSA signs with SHA-2 alone.
const KEYS: &[Algorithm] = &[
    Algorithm::Ed25519,
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP256,
    },
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP384,
    },
    Algorithm::Ecdsa {
        curve: EcdsaCurve::NistP521,
    },
    Algorithm::Rsa {
        hash: Some(HashAlg::Sha512),
    },
    Algorithm::Rsa {
        hash: Some(HashAlg::Sha256),
    },
];

/// The least that an RSA key may have, in bits.
const RSA_BITS: u32 = 2048;

/// Whether a key is long enough for its kind.
pub(crate) fn is_long(key: &KeyData) -> bool {
    match key {
        KeyData::Rsa(key) => key.key_size() >= RSA_BITS,
        _ => true,
    }
}

/// AES-GCM first: with the instructions that processors have for it, it is the fastest by far.
const CIPHERS: &[cipher::Name] = &[
    cipher::AES_256_GCM,
    cipher::AES_128_GCM,
    cipher::CHACHA20_POLY1305,
    cipher::AES_256_CTR,
];

/// For CTR, the only cipher here that needs one: encrypt, then authenticate. The other order is for
/// libssh2 before 1.11, which knows neither this one nor another cipher; curl of Debian 12 has it.
const MACS: &[mac::Name] = &[
    mac::HMAC_SHA256_ETM,
    mac::HMAC_SHA512_ETM,
    mac::HMAC_SHA256,
    mac::HMAC_SHA512,
];

/// Nobody who is not logged in should make the other side inflate anything.
const COMPRESSION: &[compression::Name] = &[compression::NONE];

/// What is offered, most preferred first.
pub(crate) fn preferred() -> Preferred {
    Preferred {
        kex: Cow::Borrowed(KEX),
        key: Cow::Borrowed(KEYS),
        host_key_certificates: Cow::Borrowed(&[]),
        cipher: Cow::Borrowed(CIPHERS),
        mac: Cow::Borrowed(MACS),
        compression: Cow::Borrowed(COMPRESSION),
    }
}
