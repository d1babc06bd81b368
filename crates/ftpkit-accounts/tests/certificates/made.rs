//! Certificates for tests: good ones by `rcgen`, odd ones put together here, unsigned.

use ftpkit_accounts::ClientCertificate;
use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair, SanType};

pub(crate) const UTF8: u8 = 0x0c;
pub(crate) const PRINTABLE: u8 = 0x13;
pub(crate) const CN: &[u8] = &[0x55, 4, 3];
pub(crate) const O: &[u8] = &[0x55, 4, 10];

/// A self-signed certificate with this subject, in the certificate's order, and these names.
pub(crate) fn by_rcgen(subject: &[(DnType, DnValue)], sans: Vec<SanType>) -> ClientCertificate {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    for (kind, value) in subject {
        params.distinguished_name.push(kind.clone(), value.clone());
    }
    params.subject_alt_names = sans;
    let key = KeyPair::generate().unwrap();
    let made = params.self_signed(&key).unwrap();
    ClientCertificate::from_der(made.der()).unwrap()
}

pub(crate) fn email(text: &str) -> SanType {
    SanType::Rfc822Name(text.try_into().unwrap())
}

pub(crate) fn dns(text: &str) -> SanType {
    SanType::DnsName(text.try_into().unwrap())
}

pub(crate) fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

pub(crate) fn common_name(text: &str) -> (DnType, DnValue) {
    (DnType::CommonName, text.into())
}

/// One value in DER.
pub(crate) fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let mut out = vec![tag];
    let length = value.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    match *length {
        [] => out.push(0),
        [short @ ..=127] => out.push(short),
        _ => {
            out.push(0x80 | u8::try_from(length.len()).unwrap());
            out.extend(length);
        }
    }
    out.extend(value);
    out
}

pub(crate) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    tlv(0x30, &parts.concat())
}

/// An RDN of these attributes: the type's octets, the value's tag and octets.
pub(crate) fn rdn(attributes: &[(&[u8], u8, &[u8])]) -> Vec<u8> {
    let attributes: Vec<_> = attributes
        .iter()
        .map(|(kind, tag, value)| sequence(&[tlv(6, kind), tlv(*tag, value)]))
        .collect();
    tlv(0x31, &attributes.concat())
}

/// A subjectAltName extension with these general names.
pub(crate) fn alt_names(names: &[Vec<u8>]) -> Vec<u8> {
    sequence(&[tlv(6, &[0x55, 29, 17]), tlv(4, &sequence(names))])
}

/// A certificate with this subject and these extensions, which nobody has signed.
pub(crate) fn by_hand(rdns: &[Vec<u8>], extensions: &[Vec<u8>]) -> Vec<u8> {
    let algorithm = sequence(&[tlv(6, &[0x2b, 0x65, 0x70])]);
    let time = tlv(0x17, b"260101000000Z");
    let mut fields = vec![
        tlv(0xa0, &tlv(2, &[2])),
        tlv(2, &[1]),
        algorithm.clone(),
        sequence(&[]),
        sequence(&[time.clone(), time]),
        sequence(rdns),
        sequence(&[algorithm.clone(), tlv(3, &[0; 33])]),
    ];
    if !extensions.is_empty() {
        fields.push(tlv(0xa3, &sequence(extensions)));
    }
    sequence(&[sequence(&fields), algorithm, tlv(3, &[0; 65])])
}

pub(crate) fn read_by_hand(rdns: &[Vec<u8>], extensions: &[Vec<u8>]) -> ClientCertificate {
    ClientCertificate::from_der(&by_hand(rdns, extensions)).unwrap()
}
