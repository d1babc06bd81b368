//! Certificates of hosts: whether an authority that a file names vouches for the host that shows
//! one (OpenSSH's PROTOCOL.certkeys).

use std::time::{SystemTime, UNIX_EPOCH};

use russh::keys::{Algorithm, Certificate, PublicKey};

use super::{
    Check, HostKey, Policy, Refusal,
    lines::{Marker, glob},
};
use crate::{algorithms::is_long, client::error::printable};

impl Check {
    /// Takes a certificate that an authority of the host signed; any other is worth the key in it.
    /// That the host has this key, SSH has seen to.
    pub(crate) fn judge_certificate(&self, certificate: &Certificate) -> Result<(), Refusal> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        self.judge_certificate_at(certificate, now.unwrap_or_default().as_secs())
    }

    /// With the time in seconds since 1970.
    pub(super) fn judge_certificate_at(
        &self,
        certificate: &Certificate,
        now: u64,
    ) -> Result<(), Refusal> {
        let key = HostKey::of(&PublicKey::from(certificate.public_key().clone()));
        if let Policy::Pinned(_) | Policy::DangerousAnybody = self.known.policy {
            return self.judge(&key);
        }
        let authority = HostKey::of(&PublicKey::from(certificate.signature_key().clone()));
        let lines = self.lines()?;
        // A key that is revoked is not made good by an authority that signs it.
        self.refuse_revoked(&lines, &key, "the host's")?;
        self.refuse_revoked(&lines, &authority, "the certificate authority's")?;
        let named = lines.iter().find(|(_, line)| {
            line.marker == Marker::Authority
                && line.base64 == authority.base64
                && self.may_vouch(line)
        });
        let Some((file, line)) = named else {
            return self.judge(&key).map_err(|refusal| Refusal {
                detail: format!(
                    "{}; its certificate is signed by {}, which is no authority for it here",
                    refusal.detail, authority.fingerprint
                ),
                ..refusal
            });
        };
        self.fault(certificate, now).map_or(Ok(()), |fault| {
            Err(Refusal {
                changed: false,
                detail: format!(
                    "the host {} shows a certificate of the authority in line {} of {file:?}, but \
                     {fault}",
                    self.host, line.number
                ),
                hint: "ask whoever runs the server for a new certificate".to_owned(),
            })
        })
    }

    /// What is wrong with a certificate whose authority is known.
    fn fault(&self, certificate: &Certificate, now: u64) -> Option<String> {
        if certificate.verify_signature().is_err() {
            return Some("its signature is wrong".to_owned());
        }
        if let Algorithm::Rsa { hash: None } | Algorithm::Dsa = certificate.signature().algorithm()
        {
            return Some("it is signed with SHA-1".to_owned());
        }
        if !is_long(certificate.public_key()) || !is_long(certificate.signature_key()) {
            return Some("an RSA key of it is too short".to_owned());
        }
        if !certificate.cert_type().is_host() {
            return Some("it is for users, not for hosts".to_owned());
        }
        if now < certificate.valid_after() {
            return Some("it is not valid yet".to_owned());
        }
        if now >= certificate.valid_before() {
            return Some("it is not valid any more".to_owned());
        }
        // There is none that is known for hosts.
        if let Some((name, _)) = certificate.critical_options().iter().next() {
            let name = printable(name.as_bytes());
            return Some(format!("it demands {name}, which is unknown here"));
        }
        let principals = certificate.valid_principals();
        let is_this = |principal: &String| {
            let pattern = principal.to_ascii_lowercase();
            glob(pattern.as_bytes(), self.name.as_bytes())
        };
        if principals.iter().any(is_this) {
            return None;
        }
        Some(match principals {
            [] => "it names no host".to_owned(),
            named => format!("it is for {}", printable(named.join(", ").as_bytes())),
        })
    }
}
