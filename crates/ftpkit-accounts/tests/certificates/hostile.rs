//! Octets that are no certificate, or only almost.

use std::{error::Error, sync::OnceLock};

use ftpkit_accounts::{BadCertificate, CertificateName, ClientCertificate};
use proptest::{collection::vec, prelude::*, sample::Index};

use crate::made::{CN, UTF8, alt_names, by_hand, by_rcgen, common_name, dns, email, rdn, tlv, uri};

fn good() -> &'static [u8] {
    static GOOD: OnceLock<Vec<u8>> = OnceLock::new();
    GOOD.get_or_init(|| {
        let names = vec![email("ana@example.org"), dns("ana"), uri("urn:ana")];
        by_rcgen(&[common_name("Ana, the \"one\"")], names)
            .der()
            .to_vec()
    })
}

/// Uses all that a certificate offers; it must neither panic nor contradict itself.
fn use_all(der: &[u8]) -> Result<(), TestCaseError> {
    let Ok(certificate) = ClientCertificate::from_der(der) else {
        return Ok(());
    };
    prop_assert_eq!(certificate.der(), der);
    prop_assert!(certificate.subject().len() <= 4 * der.len());
    prop_assert!(certificate.sans().len() <= der.len());
    prop_assert!(!certificate.subject().contains(char::is_control));
    if !certificate.subject().is_empty() {
        let name: CertificateName = format!("subject:{}", certificate.subject())
            .parse()
            .map_err(|error| TestCaseError::fail(format!("{error}")))?;
        prop_assert!(name.matches("x", &certificate), "{:?}", certificate);
    }
    if let Some(name) = certificate.common_name().filter(|name| !name.is_empty()) {
        prop_assert!(CertificateName::user_name().matches(name, &certificate));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn changed_octets_do_no_harm(changes in vec((any::<Index>(), any::<u8>()), 1..6)) {
        let mut der = good().to_vec();
        for (at, octet) in changes {
            let at = at.index(der.len());
            der[at] = octet;
        }
        use_all(&der)?;
    }

    #[test]
    fn changed_names_do_no_harm(changes in vec((any::<Index>(), any::<u8>()), 1..4)) {
        // Small, so that most changes hit what is read.
        let mut name = rdn(&[(CN, UTF8, "a,é#".as_bytes())]);
        let mut names = alt_names(&[tlv(0x81, b"a@b"), tlv(0x82, b"c"), tlv(0xa0, b"\x06\x01\x2a")]);
        let all = name.len() + names.len();
        for (at, octet) in changes {
            let at = at.index(all);
            match at.checked_sub(name.len()) {
                None => name[at] = octet,
                Some(at) => names[at] = octet,
            }
        }
        use_all(&by_hand(&[name], &[names]))?;
    }

    #[test]
    fn cut_and_joined_octets_do_no_harm(from in any::<Index>(), to in any::<Index>(), tail in vec(any::<u8>(), 0..40)) {
        let mut der = good()[..from.index(good().len())].to_vec();
        der.extend(&tail);
        der.extend(&good()[to.index(good().len())..]);
        use_all(&der)?;
    }

    #[test]
    fn random_octets_do_no_harm(octets in vec(any::<u8>(), 0..200)) {
        use_all(&octets)?;
    }

    #[test]
    fn any_value_is_written_so_that_it_can_be_read(value in any::<String>(), tag in 0x0c_u8..0x1f) {
        use_all(&by_hand(&[rdn(&[(CN, tag, value.as_bytes())])], &[]))?;
    }

    #[test]
    fn any_text_may_be_given_as_a_name(kind in "(email|dns|uri|upn|subject|sha256)", text in any::<String>(), dn in "(CN=|O=|2[.]5[.]4[.]3=)?[#\\\\,+= a-f0-9é]{0,12}") {
        for value in [text, dn] {
            if let Ok(name) = format!("{kind}:{value}").parse::<CertificateName>() {
                // What is written is read as the same.
                prop_assert_eq!(name.to_string().parse(), Ok(name));
            }
        }
    }
}

#[test]
fn every_prefix_and_every_longer_text_is_refused() {
    let good = good();
    for end in 0..good.len() {
        assert!(ClientCertificate::from_der(&good[..end]).is_err(), "{end}");
    }
    let mut longer = good.to_vec();
    longer.push(0);
    assert!(ClientCertificate::from_der(&longer).is_err());
}

#[test]
fn a_certificate_may_be_long_but_not_too_long() {
    let with = |octets: usize| by_hand(&[], &[alt_names(&[tlv(0x82, &vec![b'a'; octets])])]);
    assert!(ClientCertificate::from_der(&with(60_000)).is_ok());
    let refused = ClientCertificate::from_der(&with(66_000)).unwrap_err();
    assert!(matches!(refused, BadCertificate::TooLong(66_000..)));
    assert!(refused.to_string().contains("65536"), "{refused}");
}

#[test]
fn many_names_are_read() {
    let rdns: Vec<_> = (0..4000).map(|_| rdn(&[(CN, UTF8, b"a")])).collect();
    let subject = ClientCertificate::from_der(&by_hand(&rdns, &[])).unwrap();
    assert_eq!(subject.subject().len(), 4000 * 5 - 1);
    let names: Vec<_> = (0..20_000).map(|_| tlv(0x82, b"a")).collect();
    let sans = ClientCertificate::from_der(&by_hand(&[], &[alt_names(&names)])).unwrap();
    assert_eq!(sans.sans().len(), 20_000);
}

#[test]
fn garbage_is_called_so_with_the_reason_behind() {
    for der in [
        &b""[..],
        b"-----BEGIN CERTIFICATE-----",
        &[0x30, 0x80, 0, 0],
        &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
        &by_hand(&[tlv(0x31, b"")], &[]),
        &by_hand(&[], &[alt_names(&[tlv(0x0c, b"a")])]),
        &by_hand(&[], &[alt_names(&[tlv(0xa0, b"\x01")])]),
    ] {
        let error = ClientCertificate::from_der(der).unwrap_err();
        assert!(matches!(error, BadCertificate::Malformed(_)), "{der:x?}");
        assert!(error.source().is_some());
    }
}
