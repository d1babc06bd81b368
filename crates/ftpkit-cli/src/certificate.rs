//! What a certificate says to people: whose it is, who vouches for it, how long it holds.
//! Whether it is to be trusted is not decided here.

use std::time::{Duration, SystemTime};

use ftpkit_tokio::tls::Fingerprint;
use x509_cert::{
    Certificate,
    der::Decode as _,
    ext::pkix::{SubjectAltName, name::GeneralName},
};

use crate::clock;

/// A certificate, as far as it can be read.
#[derive(Clone, Debug)]
pub(crate) struct Description {
    pub(crate) fingerprint: Fingerprint,
    /// Why nothing but the fingerprint is known, where it is so.
    pub(crate) details: Result<Details, String>,
}

#[derive(Clone, Debug)]
pub(crate) struct Details {
    /// The subject, as RFC 4514 writes it; empty where there is none.
    pub(crate) subject: String,
    pub(crate) issuer: String,
    /// The names and addresses that it is for; none: they cannot be read.
    pub(crate) names: Option<Vec<String>>,
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
}

impl Description {
    pub(crate) fn of(der: &[u8]) -> Self {
        Self {
            fingerprint: Fingerprint::of(der),
            details: Details::of(der).map_err(|error| error.to_string()),
        }
    }
}

impl Details {
    fn of(der: &[u8]) -> Result<Self, x509_cert::der::Error> {
        let certificate = Certificate::from_der(der)?;
        let signed = certificate.tbs_certificate();
        let validity = signed.validity();
        // Some have names of kinds that the library does not know.
        let names = signed.get_extension::<SubjectAltName>().ok();
        Ok(Self {
            subject: signed.subject().to_string(),
            issuer: signed.issuer().to_string(),
            names: names.map(|names| {
                let names = names.map(|(_, names)| names.0).unwrap_or_default();
                names.iter().filter_map(name).collect()
            }),
            not_before: SystemTime::UNIX_EPOCH + validity.not_before.to_unix_duration(),
            not_after: SystemTime::UNIX_EPOCH + validity.not_after.to_unix_duration(),
        })
    }

    /// How long it still holds; none: no longer.
    pub(crate) fn remaining(&self) -> Option<Duration> {
        self.not_after.duration_since(SystemTime::now()).ok()
    }
}

/// A name that a client can ask for a server by.
fn name(name: &GeneralName) -> Option<String> {
    match name {
        GeneralName::DnsName(name) => Some(name.to_string()),
        GeneralName::IpAddress(octets) => {
            let octets = octets.as_bytes();
            <[u8; 4]>::try_from(octets)
                .map(|octets| std::net::Ipv4Addr::from(octets).to_string())
                .or_else(|_| {
                    <[u8; 16]>::try_from(octets)
                        .map(|octets| std::net::Ipv6Addr::from(octets).to_string())
                })
                .ok()
        }
        _ => None,
    }
}

/// A moment, as ISO 8601 in UTC.
pub(crate) fn moment(time: SystemTime) -> Option<String> {
    Some(format!("{}Z", clock::civil(time)?))
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn a_certificate_is_described() {
        let names = ["ftp.example".to_owned(), "::1".to_owned()];
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, "x");
        params.not_after = date_time_ymd(2031, 2, 3);
        let made = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let described = Description::of(made.der());
        assert_eq!(described.fingerprint, Fingerprint::of(made.der()));
        let details = described.details.unwrap();
        assert_eq!(details.subject, "CN=x");
        assert_eq!(details.issuer, "CN=x");
        assert_eq!(details.names.unwrap(), ["ftp.example", "::1"]);
        assert_eq!(
            moment(details.not_after).as_deref(),
            Some("2031-02-03T00:00:00Z")
        );
    }

    #[test]
    fn what_cannot_be_read_has_a_fingerprint_all_the_same() {
        let described = Description::of(b"nonsense");
        assert!(described.details.is_err());
        assert_eq!(described.fingerprint, Fingerprint::of(b"nonsense"));
    }
}
