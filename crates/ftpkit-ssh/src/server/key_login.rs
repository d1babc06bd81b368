//! From SSH's keys and certificates to credentials. Whom they let in is the authenticator's to
//! say; what is checked here is what it cannot see.

use std::time::{SystemTime, UNIX_EPOCH};

use ftpkit_accounts::{Credential, SshCertificate, SshKey};
use russh::keys::{Algorithm, Certificate, PublicKey, ssh_key::public::KeyData};

use crate::algorithms::is_long;

/// Whether a key of this kind, which signs in this way, lets anybody in: RSA with SHA-1 does not,
/// nor does a short one, nor what is older than both.
pub(super) fn is_good(algorithm: &Algorithm, key: &PublicKey) -> bool {
    match algorithm {
        Algorithm::Ed25519
        | Algorithm::Ecdsa { .. }
        | Algorithm::SkEd25519
        | Algorithm::SkEcdsaSha2NistP256 => true,
        Algorithm::Rsa { hash } => hash.is_some() && is_long(key.key_data()),
        _ => false,
    }
}

fn key(key: &KeyData) -> Option<SshKey> {
    let blob = PublicKey::from(key.clone()).to_bytes().ok()?;
    SshKey::new(blob).ok()
}

/// The credential that a key is.
pub(super) fn of_key(public: &PublicKey) -> Option<Credential> {
    key(public.key_data()).map(Credential::SshKey)
}

/// The credential that a certificate is, or why it is none. That its signature is right, and that
/// its holder has the key, SSH has seen to.
pub(super) fn of_certificate(certificate: &Certificate) -> Result<Credential, &'static str> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    of_certificate_at(certificate, now.unwrap_or_default().as_secs())
}

fn of_certificate_at(certificate: &Certificate, now: u64) -> Result<Credential, &'static str> {
    if !certificate.cert_type().is_user() {
        return Err("it is not one for users");
    }
    if certificate.verify_signature().is_err() {
        return Err("its signature is wrong");
    }
    if now < certificate.valid_after() || now >= certificate.valid_before() {
        return Err("it is not valid at this time");
    }
    let mut sources = None;
    for (name, value) in certificate.critical_options().iter() {
        match (name.as_str(), value.as_str()) {
            ("source-address", value) => sources = Some(value.to_owned()),
            // This is all that is ever carried out here.
            ("force-command", "internal-sftp") => {}
            ("force-command", _) => return Err("it is for a command that is not internal-sftp"),
            _ => return Err("it has a critical option that is unknown here"),
        }
    }
    let (holder, authority) = (certificate.public_key(), certificate.signature_key());
    if !is_long(holder) || !is_long(authority) {
        return Err("an RSA key of it is too short");
    }
    if let Algorithm::Rsa { hash: None } | Algorithm::Dsa = certificate.signature().algorithm() {
        return Err("it is signed with SHA-1");
    }
    let (Some(holder), Some(authority)) = (key(holder), key(authority)) else {
        return Err("a key of it cannot be read");
    };
    let mut shown = SshCertificate::new(authority, certificate.valid_principals());
    shown.key_id = certificate.key_id().to_owned();
    shown.serial = certificate.serial();
    shown.source_addresses = sources;
    Ok(Credential::SshKey(holder.with_certificate(shown)))
}
