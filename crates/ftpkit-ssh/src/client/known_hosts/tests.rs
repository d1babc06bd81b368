//! Which host is taken for which, with keys and hashes that OpenSSH's ssh-keygen made.

use russh::keys::Certificate;

use super::*;

const ED: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
const OTHER: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIA6rWI3G1sz07DnfFlrouTcysQlj2P+jpNSOEWD9OJ3X";

/// An authority, and a certificate of it for `host.example.org` and `second`, for all times.
const AUTHORITY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILzlkWR/lBiqFxHXIBPSFyBIWxSczmWQ/pWmFYfQhoWB";
const CERTIFICATE: &str = "ecdsa-sha2-nistp256-cert-v01@openssh.com \
    AAAAKGVjZHNhLXNoYTItbmlzdHAyNTYtY2VydC12MDFAb3BlbnNzaC5jb20AAAAgl/r/yAlZjSD1D0/+MOFG\
    6dtbInwXzksZZzx6CmOftjoAAAAIbmlzdHAyNTYAAABBBIet3KmDP1/Mhz94Ci7WtcoDsEd12ZJxcPy4X0Yz\
    1oq+pnz4SesA09PJPSi4jJ3LUY0RPIs+C7ilXSD/0fjWgyoAAAAAAAAAAAAAAAIAAAACaWQAAAAeAAAAEGhv\
    c3QuZXhhbXBsZS5vcmcAAAAGc2Vjb25kAAAAAAAAAAD//////////wAAAAAAAAAAAAAAAAAAADMAAAALc3No\
    LWVkMjU1MTkAAAAgvOWRZH+UGKoXEdcgE9IXIEhbFJzOZZD+laYVh9CGhYEAAABTAAAAC3NzaC1lZDI1NTE5\
    AAAAQCYTWu9bgpSr/PNnU8hGl2ps8y4RGp+h0UvOa2Xcz5R2ylX323Sa0B4RLeJvdtzkts7IbHZmvEOsCFkJ\
    oc0z5AE=";

fn key(text: &str) -> HostKey {
    HostKey::of(&PublicKey::from_openssh(text).unwrap())
}

fn file(text: &str) -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("known_hosts");
    std::fs::write(&path, text).unwrap();
    (directory, path)
}

fn judge(text: &str, host: &str, port: u16, shown: &str) -> Result<(), Refusal> {
    let (_directory, path) = file(text);
    Check::new(KnownHosts::file(path), host, port).judge(&key(shown))
}

#[test]
fn lines_name_hosts_in_all_forms() {
    for (hosts, host, port, known) in [
        ("example.org", "example.org", 22, true),
        ("example.org", "Example.ORG", 22, true),
        ("example.org", "example.org", 2222, false),
        ("[example.org]:2222", "example.org", 2222, true),
        ("a,b,example.org", "example.org", 22, true),
        ("*.example.org", "a.example.org", 22, true),
        ("*.example.org", "example.org", 22, false),
        ("h?st", "host", 22, true),
        ("*,!host", "host", 22, false),
        ("*,!host", "guest", 22, true),
        ("|1|c2FsdA==|AAAA", "host", 22, false),
        ("|1|nonsense", "host", 22, false),
        ("# example.org", "example.org", 22, false),
    ] {
        let found = judge(&format!("{hosts} {ED}\n"), host, port, ED);
        assert_eq!(found.is_ok(), known, "{hosts} {host} {port}");
    }
}

#[test]
fn hashed_names_are_found() {
    let line = "|1|O33ESRMWPVkMYIwJ1Uw+n877jTo=|nuuC5vEqXlEZ/8BXQR7m619W6Ak= ssh-ed25519 \
                AAAAC3NzaC1lZDI1NTE5AAAAILIG2T/B0l0gaqj3puu510tu9N1OkQ4znY3LYuEm5zCF\n";
    let shown = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAILIG2T/B0l0gaqj3puu510tu9N1OkQ4znY3LYuEm5zCF";
    assert!(judge(line, "example.com", 22, shown).is_ok());
    assert!(judge(line, "example.net", 22, shown).is_err());
}

#[test]
fn hashed_names_are_found_with_their_port() {
    let line = "|1|2Ef1QsyOtQLCcIAHR4Gbacm3wNg=|D8P6O9xr\
                Y48nmv6fHVjLX8npgkE= ";
    let line = format!("{line}{AUTHORITY}\n");
    assert!(judge(&line, "Host", 2222, AUTHORITY).is_ok());
    for (host, port) in [("host", 22), ("host", 2223), ("hosts", 2222)] {
        let refusal = judge(&line, host, port, AUTHORITY).unwrap_err();
        assert!(!refusal.changed, "{refusal:?}");
    }
    // Nor does hashing hide that the key has changed.
    let refusal = judge(&line, "host", 2222, ED).unwrap_err();
    assert!(
        refusal.changed && refusal.detail.contains("line 1 of"),
        "{refusal:?}"
    );
    let refusal = judge(&format!("@revoked {line}"), "host", 2222, AUTHORITY).unwrap_err();
    assert!(refusal.changed, "{refusal:?}");
}

#[test]
fn a_certificate_of_openssh_is_taken_for_its_hosts_alone() {
    let certificate = CERTIFICATE.parse().unwrap();
    let judge = |lines: &str, host: &str, port| {
        let (_directory, path) = file(lines);
        let check = Check::new(KnownHosts::file(path), host, port);
        let asked = check.wanted().certificate;
        (asked, check.judge_certificate_at(&certificate, 1))
    };
    let lines = format!("@cert-authority *.example.org,second {AUTHORITY}\n");
    for (host, port) in [
        ("host.example.org", 22),
        ("HOST.example.org", 2222),
        ("second", 22),
    ] {
        let (asked, judged) = judge(&lines, host, port);
        assert!(asked && judged.is_ok(), "{host}: {judged:?}");
    }
    let (asked, judged) = judge(&lines, "other.example.org", 22);
    let refusal = judged.unwrap_err();
    assert!(
        asked
            && refusal
                .detail
                .ends_with("it is for host.example.org, second"),
        "{refusal:?}"
    );
    // No authority of this host: nobody asks for a certificate.
    let (asked, judged) = judge(&lines, "third", 22);
    assert!(!asked && judged.is_err());
    let (asked, judged) = judge(&format!("second {AUTHORITY}\n"), "second", 22);
    assert!(!asked && judged.unwrap_err().changed);
}

#[test]
fn a_certificate_that_was_changed_is_refused() {
    let certificate: Certificate = CERTIFICATE.parse().unwrap();
    let mut bytes = certificate.to_bytes().unwrap();
    let at = bytes.windows(6).position(|six| six == b"second").unwrap();
    bytes[at] = b'S';
    let forged = Certificate::from_bytes(&bytes).unwrap();
    let (_directory, path) = file(&format!("@cert-authority * {AUTHORITY}\n"));
    let check = Check::new(KnownHosts::file(path), "second", 22);
    assert!(check.judge_certificate(&certificate).is_ok());
    let refusal = check.judge_certificate(&forged).unwrap_err();
    assert!(
        refusal.detail.ends_with("its signature is wrong"),
        "{refusal:?}"
    );
}

#[test]
fn another_key_is_refused_whatever_the_policy_and_told_by_its_line() {
    let (_directory, path) = file(&format!("# mine\nhost {ED}\n"));
    for known in [
        KnownHosts::file(&path),
        KnownHosts::file(&path).accept_new(),
        KnownHosts::file(&path).ask(|_| Answer::Remember),
    ] {
        let refusal = Check::new(known, "host", 22)
            .judge(&key(OTHER))
            .unwrap_err();
        assert!(refusal.changed, "{refusal:?}");
        assert!(
            refusal.detail.contains("known by another")
                && refusal.detail.contains(&format!("in line 2 of {path:?}")),
            "{refusal:?}"
        );
    }
    // A second line with the right key makes it right.
    assert!(judge(&format!("host {ED}\nhost {OTHER}\n"), "host", 22, OTHER).is_ok());
}

#[test]
fn a_revoked_key_is_refused_although_it_is_known() {
    let refusal = judge(&format!("host {ED}\n@revoked * {ED}\n"), "host", 22, ED).unwrap_err();
    assert!(
        refusal.changed && refusal.detail.contains("revoked"),
        "{refusal:?}"
    );
    // An authority's line is no key of the host.
    let refusal = judge(&format!("@cert-authority * {ED}\n"), "host", 22, ED).unwrap_err();
    assert!(!refusal.changed, "{refusal:?}");
}

#[test]
fn an_unknown_host_is_refused_with_what_could_be_done() {
    let refusal = judge("", "host", 2222, ED).unwrap_err();
    assert!(!refusal.changed);
    assert!(
        refusal.detail.contains(&key(ED).fingerprint().to_string()),
        "{refusal:?}"
    );
    assert!(
        refusal.hint.contains(&format!("[host]:2222 {ED}")),
        "{refusal:?}"
    );
}

#[test]
fn what_is_accepted_is_remembered_in_a_file_of_ones_own() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("new").join("known_hosts");
    let once = KnownHosts::file(&path).ask(|_| Answer::Once);
    assert!(Check::new(once, "host", 22).judge(&key(ED)).is_ok());
    assert!(!path.exists());
    let asked = KnownHosts::file(&path).ask(|unknown| {
        assert_eq!(unknown.host, "[host]:22022");
        Answer::Remember
    });
    assert!(Check::new(asked, "host", 22022).judge(&key(ED)).is_ok());
    assert!(
        Check::new(KnownHosts::file(&path), "host", 22022)
            .judge(&key(ED))
            .is_ok()
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    // A file without a newline at its end does not swallow the new line.
    std::fs::write(&path, format!("a {ED}")).unwrap();
    let new = Check::new(KnownHosts::file(&path).accept_new(), "b", 22);
    assert!(new.judge(&key(OTHER)).is_ok());
    assert_eq!(
        std::fs::read_to_string(&path).unwrap(),
        format!("a {ED}\nb {OTHER}\n")
    );
}

#[test]
fn a_pinned_fingerprint_is_enough_and_needed() {
    let pinned = || KnownHosts::pinned([key(ED).fingerprint()]);
    assert!(Check::new(pinned(), "host", 22).judge(&key(ED)).is_ok());
    let refusal = Check::new(pinned(), "host", 22)
        .judge(&key(OTHER))
        .unwrap_err();
    assert!(refusal.changed);
}

#[test]
fn a_file_that_cannot_be_read_is_not_taken_for_an_empty_one() {
    let directory = tempfile::tempdir().unwrap();
    let known = KnownHosts::file(directory.path()).accept_new();
    let refusal = Check::new(known, "host", 22).judge(&key(ED)).unwrap_err();
    assert!(refusal.detail.contains("cannot be read"), "{refusal:?}");
}
