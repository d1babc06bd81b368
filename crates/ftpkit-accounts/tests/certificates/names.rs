//! subjectAltNames, fingerprints, and which names a certificate carries.

use ftpkit_accounts::{BadCertificate, CertificateName, ClientCertificate, SubjectAltName};
use rcgen::SanType;

use crate::made::{
    alt_names, by_hand, by_rcgen, common_name, dns, email, read_by_hand, sequence, tlv, uri,
};

/// The object identifier of a user principal name.
const UPN: [u8; 10] = [0x2b, 6, 1, 4, 1, 0x82, 0x37, 20, 2, 3];

fn other_name(kind: &[u8], value: &[u8]) -> Vec<u8> {
    tlv(0xa0, &[tlv(6, kind), tlv(0xa0, value)].concat())
}

fn carries(name: &str, user: &str, certificate: &ClientCertificate) -> bool {
    let name: CertificateName = name.parse().unwrap();
    name.matches(user, certificate)
}

#[test]
fn alternative_names_are_typed_and_in_order() {
    let certificate = by_rcgen(
        &[],
        vec![
            uri("spiffe://example/ana"),
            email("Ana@Example.org"),
            dns("Ana.example.org"),
            SanType::IpAddress("192.0.2.7".parse().unwrap()),
            SanType::IpAddress("2001:db8::7".parse().unwrap()),
            SanType::OtherName((vec![1, 3, 6, 1, 4, 1, 311, 20, 2, 3], "ana@corp".into())),
            SanType::OtherName((vec![1, 2, 3, 4], "ana@other".into())),
        ],
    );
    assert_eq!(
        certificate.sans(),
        [
            SubjectAltName::Uri("spiffe://example/ana".to_owned()),
            SubjectAltName::Email("Ana@Example.org".to_owned()),
            SubjectAltName::Dns("Ana.example.org".to_owned()),
            SubjectAltName::Ip("192.0.2.7".parse().unwrap()),
            SubjectAltName::Ip("2001:db8::7".parse().unwrap()),
            SubjectAltName::Upn("ana@corp".to_owned()),
        ]
    );
}

#[test]
fn odd_alternative_names_are_left_out() {
    let certificate = read_by_hand(
        &[],
        &[
            // Another extension, and a critical one.
            sequence(&[
                tlv(6, &[0x55, 29, 15]),
                tlv(1, &[0xff]),
                tlv(4, b"\x03\x01\0"),
            ]),
            alt_names(&[
                tlv(0x82, "bücher".as_bytes()),
                tlv(0x82, b"\xff"),
                tlv(0x87, &[1, 2, 3]),
                tlv(0x88, &[0x2a, 3]),
                tlv(0xa3, b""),
                tlv(0xa4, &sequence(&[])),
                tlv(0xa2, b"constructed"),
                tlv(0x9e, b"unknown"),
                other_name(&[0x2a, 3], b"\x05\x00"),
                other_name(&UPN, &tlv(0x16, b"not@utf8string")),
                other_name(&UPN, &tlv(0x0c, "anä@corp".as_bytes())),
                tlv(0x81, b"ana@example.org\0.evil"),
            ]),
        ],
    );
    assert_eq!(
        certificate.sans(),
        [
            SubjectAltName::Upn("anä@corp".to_owned()),
            SubjectAltName::Email("ana@example.org\0.evil".to_owned()),
        ]
    );
    assert!(!carries("email:ana@example.org", "x", &certificate));
    assert!(carries("upn:anä@CORP", "x", &certificate));
}

#[test]
fn two_extensions_of_alternative_names_are_refused() {
    let names = alt_names(&[tlv(0x82, b"a")]);
    let twice = ClientCertificate::from_der(&by_hand(&[], &[names.clone(), names]));
    assert!(matches!(twice, Err(BadCertificate::TwoAltNames)));
}

#[test]
fn names_are_compared_as_they_must_be() {
    let certificate = by_rcgen(
        &[common_name("ana")],
        vec![
            email("Ana@Example.org"),
            dns("*.Files.example.org"),
            uri("https://example.org/Ana"),
        ],
    );
    for (name, expected) in [
        ("email:Ana@example.ORG", true),
        ("email: Ana@example.org", true),
        ("email:ana@example.org", false),
        ("email:Ana@example.org.", false),
        ("email:x@Ana@example.org", false),
        ("dns:*.files.EXAMPLE.org", true),
        ("dns:a.files.example.org", false),
        ("dns:Ana@example.org", false),
        ("uri:https://example.org/Ana", true),
        ("uri:https://example.org/ana", false),
        ("uri:HTTPS://example.org/Ana", false),
        ("upn:Ana@example.org", false),
        ("subject:CN=ana", true),
        ("subject:CN=Ana", false),
        ("user-name", false),
    ] {
        assert_eq!(carries(name, "x", &certificate), expected, "{name}");
    }
}

#[test]
fn the_user_name_may_be_one_of_three_names() {
    let certificate = by_rcgen(
        &[common_name("Ana S")],
        vec![email("Ana@Example.org"), dns("Ana-Laptop"), uri("urn:ana")],
    );
    for (user, expected) in [
        ("Ana S", true),
        ("ana s", false),
        ("Ana@example.org", true),
        ("ana@example.org", false),
        ("ana-laptop", true),
        ("ANA-LAPTOP", true),
        ("urn:ana", false),
        ("Ana", false),
        ("", false),
    ] {
        let rule = CertificateName::user_name();
        assert_eq!(rule.matches(user, &certificate), expected, "{user}");
    }
    let nameless = by_rcgen(&[common_name("")], vec![dns("")]);
    assert!(!CertificateName::user_name().matches("", &nameless));
}

#[test]
fn a_fingerprint_is_the_digest_of_the_octets() {
    use sha2::{Digest, Sha256};
    let certificate = by_rcgen(&[], vec![dns("a")]);
    let digest: [u8; 32] = Sha256::digest(certificate.der()).into();
    assert_eq!(certificate.fingerprint_sha256(), digest);
    let hex = digest.map(|byte| format!("{byte:02x}"));
    let shown = format!("sha256:{}", hex.concat());
    for written in [
        shown.clone(),
        shown.to_uppercase().replace("SHA256", "sha256"),
        format!("sha256:{}", hex.join(":")),
    ] {
        assert!(carries(&written, "x", &certificate), "{written}");
    }
    let exactly = CertificateName::exactly(&certificate);
    assert_eq!(exactly.to_string(), shown);
    assert!(!exactly.matches("x", &by_rcgen(&[], vec![dns("a")])));
    assert!(format!("{certificate:?}").contains(&hex.concat()));
}

#[test]
fn texts_that_are_no_names_say_what_to_write() {
    for (text, part) in [
        ("", "write email:, dns:"),
        ("ana@example.org", "write email:, dns:"),
        ("EMAIL:a@b", "write email:, dns:"),
        ("cn:ana", "subject:"),
        ("user-name:ana", "or user-name"),
        ("dns:", "missing after \"dns\""),
        ("uri: ", "missing after \"uri\""),
        ("email:@example.org", "with its domain"),
        ("email:ana@", "with its domain"),
        ("upn:ana", "with its domain"),
        ("uri:http://é", "not ASCII"),
        ("sha256:00", "64 hex digits"),
    ] {
        let error = text.parse::<CertificateName>().unwrap_err().to_string();
        assert!(error.contains(part), "{text}: {error}");
    }
}
