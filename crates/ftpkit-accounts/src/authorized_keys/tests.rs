use std::time::{Duration, UNIX_EPOCH};

use base64ct::{Base64, Encoding as _};
use proptest::prelude::*;

use super::*;
use crate::ssh_key::{BadSshKey, SshCertificate};

fn blob(name: &str, key: &[u8]) -> Vec<u8> {
    let string = |bytes: &[u8]| {
        let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
        [&length[..], bytes].concat()
    };
    [string(name.as_bytes()), string(key)].concat()
}

fn key(number: u8) -> SshKey {
    SshKey::new(blob("ssh-ed25519", &[number; 32])).unwrap()
}

/// The key as a file has it, without a comment.
fn word(number: u8) -> String {
    let encoded = Base64::encode_string(&blob("ssh-ed25519", &[number; 32]));
    format!("ssh-ed25519 {encoded}")
}

fn peer(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn at(seconds: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(seconds)
}

fn allows(keys: &AuthorizedKeys, number: u8) -> bool {
    keys.allows(&key(number), "ana", peer("192.0.2.7"), at(1_000_000_000))
}

#[test]
fn lines_are_read() {
    let text = format!(
        "\u{feff}# comment\r\n\n  \t\r\n{}\r\n\t{}   a comment, \"with\" anything\n\
         no-pty,restrict {} x\n{}\t\n#{}",
        word(1),
        word(2),
        word(3),
        word(4).replace(' ', "\t "),
        word(5),
    );
    let keys = AuthorizedKeys::parse(text.as_bytes());
    assert_eq!(keys.problems(), []);
    assert_eq!(keys.len(), 4);
    let seen: Vec<bool> = (1..=5).map(|number| allows(&keys, number)).collect();
    assert_eq!(seen, [true, true, true, true, false]);
}

#[test]
fn a_comment_need_not_be_utf8() {
    let line = [word(1).as_bytes(), b" \xff\xfe"].concat();
    assert!(allows(&AuthorizedKeys::parse(&line), 1));
}

#[test]
fn options_that_change_nothing_are_taken() {
    for options in [
        "restrict",
        "NO-PTY",
        "no-agent-forwarding,no-port-forwarding,no-X11-forwarding,no-user-rc,no-pty",
        "agent-forwarding,port-forwarding,x11-forwarding,user-rc,pty",
        "command=\"internal-sftp\"",
        "Command=\" internal-sftp \",restrict",
        "environment=\"A=b c\",environment=\"D=\\\"e\\\", ssh-rsa\"",
        "permitopen=\"a:1\",permitlisten=\"2\",tunnel=\"0\"",
        "no-touch-required",
        "principals=\"others\"",
    ] {
        let keys = AuthorizedKeys::parse(format!("{options} {}", word(1)).as_bytes());
        assert_eq!(keys.problems(), [], "{options}");
        assert!(allows(&keys, 1), "{options}");
    }
}

#[test]
fn a_security_key_is_taken_where_nobody_need_touch_it() {
    let touched = blob("sk-ssh-ed25519@openssh.com", &[1; 32]);
    let word_of = |blob: &[u8]| {
        let encoded = Base64::encode_string(blob);
        format!("sk-ssh-ed25519@openssh.com {encoded}")
    };
    let (plain, now, here) = (SshKey::new(touched.clone()).unwrap(), at(1), peer("::1"));
    let certified = plain
        .clone()
        .with_certificate(SshCertificate::new(key(9), &["ana".to_owned()]));
    for (options, taken) in [("", false), ("no-touch-required ", true)] {
        let keys = AuthorizedKeys::parse(format!("{options}{}", word_of(&touched)).as_bytes());
        assert_eq!(keys.allows(&plain, "ana", here, now), taken, "{options}");
        let problems: Vec<_> = keys.problems().into_iter().map(|one| one.reason).collect();
        let expected = (!taken).then_some(KeyLineError::Touch);
        assert_eq!(problems, Vec::from_iter(expected), "{options}");

        // Of a CA, what its certificates are for counts.
        let comma = if taken { "no-touch-required," } else { "" };
        let authority = format!("{comma}cert-authority {}", word(9));
        let keys = AuthorizedKeys::parse(authority.as_bytes());
        assert_eq!(keys.problems(), []);
        assert_eq!(
            keys.allows(&certified, "ana", here, now),
            taken,
            "{options}"
        );
    }
}

#[test]
fn a_line_that_cannot_be_used_is_told_and_takes_nothing_from_the_others() {
    let one = word(1);
    let half = &one[..one.len() - 4];
    let other = one.replace("ssh-ed25519", "ssh-rsa");
    let certificate = Base64::encode_string(&blob("ssh-ed25519-cert-v01@openssh.com", &[1; 32]));
    let long = format!("{one} {}", "x".repeat(LONGEST_LINE));
    for (line, part) in [
        ("ssh-ed25519".to_owned(), "the key is missing"),
        ("nonsense".to_owned(), "the key is missing"),
        ("restrict".to_owned(), "the key is missing"),
        ("restrict ssh-ed25519".to_owned(), "the key is missing"),
        ("ssh-ed25519 !!!".to_owned(), "not Base64"),
        (half.to_owned(), "damaged"),
        (other, "says \"ssh-rsa\""),
        (
            format!("ssh-ed25519-cert-v01@openssh.com {certificate}"),
            "a certificate",
        ),
        (format!("shiny {one}"), "\"shiny\" is not known"),
        (format!("restrict=\"x\" {one}"), "\"restrict\" is not known"),
        (format!("from {one}"), "\"from\" is not known"),
        (
            format!("verify-required {one}"),
            "\"verify-required\" is not known",
        ),
        (format!("no-pty,,restrict {one}"), "\"\" is not known"),
        (format!("no-pty, restrict {one}"), "\"\" is not known"),
        (
            format!("command=\"/bin/true\" {one}"),
            "only for the command \"/bin/true\"",
        ),
        (
            format!("command=\"internal-sftp -R\" {one}"),
            "only for the command",
        ),
        (format!("command=\"\" {one}"), "only for the command"),
        (
            format!("command=\"internal-sftp\",command=\"internal-sftp\" {one}"),
            "\"command\" is there twice",
        ),
        (
            format!("from=\"::1\",from=\"::2\" {one}"),
            "\"from\" is there twice",
        ),
        (
            format!("cert-authority,principals=\"a\",principals=\"b\" {one}"),
            "\"principals\" is there twice",
        ),
        (format!("from=::1 {one}"), "between double quotes"),
        (format!("from=\"::1 {one}"), "not closed"),
        (format!("from=\"::1\\\" {one}"), "not closed"),
        (
            format!("from=\"::1\"pty {one}"),
            "comma is missing in the options before \"pty\"",
        ),
        (format!("from=\"\" {one}"), "is empty"),
        (format!("from=\"::1,\" {one}"), "is empty"),
        (format!("from=\"!\" {one}"), "is empty"),
        (format!("from=\"10.0.0.0/33\" {one}"), "is no network"),
        (format!("from=\"10.0.0.0/+8\" {one}"), "is no network"),
        (format!("from=\"10.0.0/8\" {one}"), "is no network"),
        (format!("from=\"10.0.0.1/8\" {one}"), "bits set behind"),
        (format!("from=\"*.example.org\" {one}"), "names of hosts"),
        (
            format!("from=\"*,!evil.example\" {one}"),
            "excepts the host \"evil.example\"",
        ),
        (
            format!("expiry-time=\"tomorrow\" {one}"),
            "\"tomorrow\" is no time",
        ),
        (long, "longer than 64 KiB"),
    ] {
        let text = format!("{}\n\n{line}\n{}", word(8), word(9));
        let keys = AuthorizedKeys::parse(text.as_bytes());
        let problems: Vec<String> = keys.problems().iter().map(ToString::to_string).collect();
        assert_eq!(problems.len(), 1, "{line}: {problems:?}");
        assert!(
            problems[0].starts_with("line 3: ") && problems[0].contains(part),
            "{problems:?}"
        );
        assert_eq!(
            [8, 1, 9].map(|number| allows(&keys, number)),
            [true, false, true]
        );
        assert_eq!(keys.len(), 2);
    }
    let keys = AuthorizedKeys::parse(b"\xff x y\n");
    assert_eq!(keys.problems()[0].reason, KeyLineError::Encoding);
    let cut = AuthorizedKeys::parse(b"ssh-rsa AAAAB3NzaC1yc2E=\n");
    let wanted = KeyLineError::Key(BadSshKey::NoKey("ssh-rsa".to_owned()));
    assert_eq!(cut.problems()[0].reason, wanted);
}

#[test]
fn a_key_is_good_from_where_its_line_says() {
    for (from, peers) in [
        (
            "192.0.2.7",
            &[("192.0.2.7", true), ("192.0.2.70", false)][..],
        ),
        (
            "192.0.2.0/24,2001:db8::/32",
            &[
                ("192.0.2.255", true),
                ("192.0.3.0", false),
                ("::ffff:192.0.2.1", true),
                ("2001:db8:ffff::1", true),
                ("2001:db9::1", false),
            ],
        ),
        ("0.0.0.0/0", &[("203.0.113.1", true), ("::1", false)]),
        ("::/0", &[("203.0.113.1", false), ("::1", true)]),
        (
            "::ffff:192.0.2.0/120",
            &[("192.0.2.9", true), ("192.0.3.9", false)],
        ),
        ("192.0.2.*", &[("192.0.2.9", true), ("192.0.20.9", false)]),
        ("192.0.2.?", &[("192.0.2.9", true), ("192.0.2.10", false)]),
        ("*", &[("192.0.2.9", true), ("::1", true)]),
        (
            "2001:DB8:*",
            &[("2001:db8::1", true), ("2001:db9::1", false)],
        ),
        ("2001:DB8::1", &[("2001:db8:0::1", true)]),
        // What is excepted is so wherever it stands.
        (
            "!10.6.*,10.0.0.0/8",
            &[("10.6.0.1", false), ("10.7.0.1", true)],
        ),
        (
            "10.0.0.0/8, !10.6.0.0/16",
            &[("10.6.0.1", false), ("10.7.0.1", true)],
        ),
        ("!10.6.0.1", &[("10.6.0.1", false), ("10.7.0.1", false)]),
        // A name matches nothing, not even what looks like it.
        (
            "localhost,10.0.0.1",
            &[("127.0.0.1", false), ("10.0.0.1", true)],
        ),
    ] {
        let keys = AuthorizedKeys::parse(format!("from=\"{from}\" {}", word(1)).as_bytes());
        assert_eq!(keys.problems(), [], "{from}");
        for (address, expected) in peers {
            let seen = keys.allows(&key(1), "ana", peer(address), at(0));
            assert_eq!(seen, *expected, "{from}: {address}");
        }
    }
}

#[test]
fn a_key_ends_when_its_line_says() {
    for (time, ends) in [
        ("19700102Z", 86_400),
        ("20000229Z", 951_782_400),
        ("20010909014640Z", 1_000_000_000),
        ("200109090146z", 999_999_960),
        ("20380119031408Z", 2_147_483_648),
        // Fourteen hours earlier, where it is that time first.
        ("20010909154640", 1_000_000_000),
        ("19700101", 0),
        ("20380101Z\",expiry-time=\"20010909014640Z", 1_000_000_000),
        ("20010909014640Z\",expiry-time=\"20380101Z", 1_000_000_000),
    ] {
        let keys = AuthorizedKeys::parse(format!("expiry-time=\"{time}\" {}", word(1)).as_bytes());
        assert_eq!(keys.problems(), [], "{time}");
        let allows = |now| keys.allows(&key(1), "ana", peer("::1"), at(now));
        assert!(!allows(ends) && !allows(ends + 1_000_000), "{time}");
        assert!(ends == 0 || allows(ends - 1), "{time}");
    }
    for time in [
        "",
        "Z",
        "2001",
        "20010229Z",
        "20011301Z",
        "20010100Z",
        "20010132Z",
        "2001090901Z",
        "200109092400Z",
        "200109092360Z",
        "20010909014661Z",
        "19690101Z",
        "+0010909Z",
        "20010909 1Z",
        "19000229Z",
    ] {
        let keys = AuthorizedKeys::parse(format!("expiry-time=\"{time}\" {}", word(1)).as_bytes());
        assert_eq!(
            keys.problems()[0].reason,
            KeyLineError::Time(time.to_owned())
        );
    }
}

#[test]
fn one_of_several_lines_for_a_key_is_enough() {
    let text = format!("from=\"10.0.0.1\" {0}\nfrom=\"192.0.2.7\" {0}", word(1));
    assert!(allows(&AuthorizedKeys::parse(text.as_bytes()), 1));
}

#[test]
fn certificates_log_in_by_their_ca_and_whom_they_name() {
    let text = format!(
        "{}\ncert-authority {}\ncert-authority,principals=\"backup,ops\",from=\"192.0.2.0/24\" {}",
        word(1),
        word(2),
        word(3)
    );
    let keys = AuthorizedKeys::parse(text.as_bytes());
    assert_eq!(keys.problems(), []);
    assert!(keys.has_authorities());
    assert!(!AuthorizedKeys::parse(word(1).as_bytes()).has_authorities());
    for (ca, principals, expected) in [
        (2, &["ana"][..], true),
        (2, &["bob", "ana"], true),
        (2, &["bob"], false),
        (2, &["Ana"], false),
        (2, &["*"], false),
        // Certificates for nobody have been taken for ones for everybody elsewhere.
        (2, &[], false),
        (3, &["ops"], true),
        (3, &["ana"], false),
        (3, &["backup,ops"], false),
        (3, &[""], false),
        // No CA, and unknown.
        (1, &["ana"], false),
        (4, &["ana"], false),
    ] {
        let certificate = SshCertificate::new(key(ca), principals.iter().copied());
        let shown = key(9).with_certificate(certificate);
        let seen = keys.allows(&shown, "ana", peer("192.0.2.7"), at(0));
        assert_eq!(seen, expected, "{ca} {principals:?}");
    }
    // A key that has a line of its own is not let in by a stranger's certificate for it.
    let stranger = key(1).with_certificate(SshCertificate::new(key(4), ["ana"]));
    assert!(!keys.allows(&stranger, "ana", peer("192.0.2.7"), at(0)));
    assert!(!allows(&keys, 2), "a CA's key is no user's");
    let ops = key(9).with_certificate(SshCertificate::new(key(3), ["ops"]));
    assert!(!keys.allows(&ops, "ana", peer("198.51.100.1"), at(0)));
}

#[test]
fn certificates_are_good_from_where_they_say() {
    let keys = AuthorizedKeys::parse(format!("cert-authority {}", word(2)).as_bytes());
    for (list, expected) in [
        ("192.0.2.7", true),
        ("10.0.0.0/8,192.0.2.0/24", true),
        ("10.0.0.0/8", false),
        ("", false),
        ("192.0.2.7,", false),
        ("192.0.2.7,!192.0.2.8", false),
        ("192.0.2.7,example.org", false),
        ("192.0.2.*", false),
    ] {
        let mut certificate = SshCertificate::new(key(2), ["ana"]);
        certificate.source_addresses = Some(list.to_owned());
        let shown = key(9).with_certificate(certificate);
        let seen = keys.allows(&shown, "ana", peer("192.0.2.7"), at(0));
        assert_eq!(seen, expected, "{list}");
    }
}

#[test]
fn a_file_is_read_again_for_all_clones() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("authorized_keys");
    let missing = AuthorizedKeys::read_file(&file).unwrap_err();
    assert!(missing.to_string().contains("authorized_keys"));
    fs::write(&file, word(1)).unwrap();
    let keys = AuthorizedKeys::read_file(&file).unwrap();
    let clone = keys.clone();
    fs::write(&file, format!("{}\nnonsense here", word(2))).unwrap();
    assert!(allows(&clone, 1) && !allows(&clone, 2));
    keys.reload().unwrap();
    assert!(!allows(&clone, 1) && allows(&clone, 2));
    assert_eq!(clone.problems().len(), 1);
    fs::remove_file(&file).unwrap();
    assert!(keys.reload().is_err());
    assert!(allows(&clone, 2) && clone.problems().len() == 1);
}

proptest! {
    #[test]
    fn no_text_panics(text in any::<Vec<u8>>()) {
        let keys = AuthorizedKeys::parse(&text);
        let _ = allows(&keys, 1);
    }

    #[test]
    fn nothing_between_options_and_key_panics_or_opens_more(
        options in "(from=|expiry-time=|command=|restrict|principals=|[a-z,=\\\\\"!*?/:. 0-9é]){0,8}"
    ) {
        let keys = AuthorizedKeys::parse(format!("{options} {}", word(1)).as_bytes());
        for (address, now) in [("192.0.2.7", 0), ("::1", u64::from(u32::MAX))] {
            let _ = keys.allows(&key(1), "ana", peer(address), at(now));
        }
        prop_assert!(!allows(&keys, 2));
        prop_assert_eq!(keys.len() + keys.problems().len(), 1);
    }

    #[test]
    fn a_network_holds_what_agrees_with_it_bit_by_bit(
        network in any::<u32>(), address in any::<u32>(), length in 0_u32..=32, near in any::<bool>()
    ) {
        let mask = u32::MAX.checked_shl(32 - length).unwrap_or(0);
        let address = if near { (network & mask) | (address & !mask) } else { address };
        let text = format!("{}/{length}", std::net::Ipv4Addr::from_bits(network & mask));
        let list = address::Addresses::parse(&text).unwrap();
        let inside = address & mask == network & mask;
        let peer = std::net::Ipv4Addr::from_bits(address).into();
        prop_assert_eq!(list.allow(peer), inside);
    }
}
