//! Subjects as strings, and subjects that somebody wrote.

use ftpkit_accounts::CertificateName;
use rcgen::{DnType, DnValue};

use crate::made::{CN, O, PRINTABLE, UTF8, by_rcgen, common_name, rdn, read_by_hand};

#[test]
fn a_subject_is_written_from_its_end() {
    let utf8 = |text: &str| DnValue::Utf8String(text.to_owned());
    let certificate = by_rcgen(
        &[
            (
                DnType::CountryName,
                DnValue::PrintableString("PT".try_into().unwrap()),
            ),
            (DnType::StateOrProvinceName, utf8("Porto")),
            (DnType::LocalityName, utf8("Gaia")),
            (DnType::OrganizationName, utf8("Example, Inc.")),
            (DnType::OrganizationalUnitName, utf8("R+D")),
            common_name("Ana Sequeira"),
        ],
        vec![],
    );
    assert_eq!(
        certificate.subject(),
        r"CN=Ana Sequeira,OU=R\+D,O=Example\, Inc.,L=Gaia,ST=Porto,C=PT"
    );
    assert_eq!(certificate.common_name(), Some("Ana Sequeira"));
}

#[test]
fn values_are_escaped_and_only_where_they_must_be() {
    for (value, written) in [
        ("", "CN="),
        ("ana", "CN=ana"),
        ("José Müller 日本 🦀", "CN=José Müller 日本 🦀"),
        ("a,b+c\"d\\e<f>g;h", r#"CN=a\,b\+c\"d\\e\<f\>g\;h"#),
        ("  a  ", r"CN=\  a \ "),
        (" ", r"CN=\ "),
        ("#a#", r"CN=\#a#"),
        ("a=b", "CN=a=b"),
        ("a\0b\n\u{85}", r"CN=a\00b\0A\C2\85"),
        ("CN=eve,O=Example", r"CN=CN=eve\,O=Example"),
    ] {
        let certificate = by_rcgen(&[common_name(value)], vec![]);
        assert_eq!(certificate.subject(), written);
        assert_eq!(certificate.common_name(), Some(value));
        // What is written names the certificate.
        let name: CertificateName = format!("subject:{written}").parse().unwrap();
        assert!(name.matches("x", &certificate), "{written}");
        assert_eq!(name.to_string(), format!("subject:{written}"));
    }
}

#[test]
fn strings_of_all_kinds_are_read_and_others_are_dumped() {
    let bmp: Vec<u8> = "ana é".encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (tag, value, written, common_name) in [
        (PRINTABLE, &b"ana"[..], "CN=ana", Some("ana")),
        (0x16, b"ana@b", "CN=ana@b", Some("ana@b")),
        (0x12, b"12", "CN=12", Some("12")),
        (0x14, b"ana", "CN=ana", Some("ana")),
        (0x1a, b"ana", "CN=ana", Some("ana")),
        (0x1e, &bmp, "CN=ana é", Some("ana é")),
        // Not what its tag says.
        (0x14, b"an\xe1", "CN=#1403616EE1", None),
        (UTF8, b"\xff", "CN=#0C01FF", None),
        (0x1e, b"\0a\0", "CN=#1E03006100", None),
        (0x1e, b"\xd8\0", "CN=#1E02D800", None),
        (PRINTABLE, "é".as_bytes(), "CN=#1302C3A9", None),
        (0x02, b"\x05", "CN=#020105", None),
        (0x30, b"\x05\x00", "CN=#30020500", None),
    ] {
        let certificate = read_by_hand(&[rdn(&[(CN, tag, value)])], &[]);
        assert_eq!(certificate.subject(), written);
        assert_eq!(certificate.common_name(), common_name, "{written}");
        let name: CertificateName = format!("subject:{written}").parse().unwrap();
        assert!(name.matches("x", &certificate), "{written}");
    }
}

#[test]
fn types_without_a_name_are_numbers() {
    let email = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];
    let certificate = read_by_hand(
        &[
            rdn(&[(&[0x55, 4, 99], UTF8, b"NTR")]),
            rdn(&[(&[0x55, 4, 5], PRINTABLE, b"7")]),
            rdn(&[(email, 0x16, b"ana@example.org")]),
        ],
        &[],
    );
    assert_eq!(
        certificate.subject(),
        "emailAddress=ana@example.org,serialNumber=7,2.5.4.99=#0C034E5452"
    );
    assert_eq!(certificate.common_name(), None);
}

#[test]
fn the_order_inside_an_rdn_does_not_matter_and_the_order_of_rdns_does() {
    let (ana, example) = ((CN, UTF8, &b"ana"[..]), (O, UTF8, &b"Example"[..]));
    let multi = [
        read_by_hand(&[rdn(&[ana, example])], &[]),
        read_by_hand(&[rdn(&[example, ana])], &[]),
    ];
    for certificate in &multi {
        assert_eq!(certificate.subject(), "CN=ana+O=Example");
        let name: CertificateName = "subject:O=Example+CN=ana".parse().unwrap();
        assert!(name.matches("x", certificate));
    }
    let apart: CertificateName = "subject:CN=ana,O=Example".parse().unwrap();
    assert!(apart.matches("x", &read_by_hand(&[rdn(&[example]), rdn(&[ana])], &[])));
    assert!(!apart.matches("x", &read_by_hand(&[rdn(&[ana]), rdn(&[example])], &[])));
    assert!(!apart.matches("x", &multi[0]));
}

#[test]
fn the_most_specific_common_name_counts() {
    let names = [rdn(&[(CN, UTF8, b"staff")]), rdn(&[(CN, UTF8, b"ana")])];
    let certificate = read_by_hand(&names, &[]);
    assert_eq!(certificate.subject(), "CN=ana,CN=staff");
    assert_eq!(certificate.common_name(), Some("ana"));
}

#[test]
fn an_empty_subject_is_empty_and_cannot_be_asked_for() {
    let certificate = by_rcgen(&[], vec![]);
    assert_eq!(certificate.subject(), "");
    assert_eq!(certificate.common_name(), None);
    assert!("subject:".parse::<CertificateName>().is_err());
}

#[test]
fn a_written_subject_may_be_escaped_in_other_ways() {
    let certificate = by_rcgen(
        &[
            (DnType::OrganizationName, "Example, Inc.".into()),
            common_name("José #1 "),
        ],
        vec![],
    );
    for written in [
        r"CN=José #1\ ,O=Example\, Inc.",
        r"cn=Jos\C3\A9 \#1\20,o=Example\2c Inc.",
        r"2.5.4.3=#0c094a6f73c3a920233120,O=Example\, Inc.",
    ] {
        let name: CertificateName = format!("subject:{written}").parse().unwrap();
        assert!(name.matches("x", &certificate), "{written}");
    }
}

#[test]
fn a_wrong_subject_is_explained() {
    for (written, part) in [
        ("ana", "`=` is missing after \"ana\""),
        ("CN=ana,", "`=` is missing"),
        ("CN=ana,O", "`=` is missing after \"O\""),
        ("CN=ana, O=Example", "\" O\" is no attribute"),
        ("CN = ana", "\"CN \" is no attribute"),
        ("XY=ana", "\"XY\" is no attribute"),
        ("CN= ana", "a space begins"),
        ("CN=ana ", "a space ends"),
        ("CN=ana ,O=X", "a space ends"),
        ("CN=a;b", "';' needs a backslash"),
        ("CN=\"ana\"", "'\"' needs a backslash"),
        (r"CN=a\", "a backslash is followed"),
        (r"CN=a\x", "a backslash is followed"),
        (r"CN=a\4", "a backslash is followed"),
        (r"CN=a\é1", "a backslash is followed"),
        (r"CN=a\FF", "no UTF-8"),
        ("CN=#", "no DER value"),
        ("CN=#0c", "no DER value"),
        ("CN=#0c0361", "no DER value"),
        ("CN=#0c1", "hex digits"),
        ("CN=#0cé", "hex digits"),
        ("1.2.3.4=ana", "the value of 1.2.3.4 is to be `#`"),
    ] {
        let error = format!("subject:{written}")
            .parse::<CertificateName>()
            .unwrap_err();
        let error = error.to_string();
        assert!(error.contains(part), "{written}: {error}");
        assert!(error.contains("nameopt RFC2253"), "{error}");
    }
}
