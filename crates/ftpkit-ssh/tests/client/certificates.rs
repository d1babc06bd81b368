//! Hosts that show certificates, and what known_hosts says of their authorities.

use std::time::{SystemTime, UNIX_EPOCH};

use ftpkit_ssh::client::{ErrorKind, KnownHosts, Result, SftpClient};
use russh::keys::{
    Certificate, PrivateKey,
    key::safe_rng,
    ssh_key::certificate::{Builder, CertType},
};

use crate::{
    peer::{Peer, Setup, new_key},
    trusting,
};

const HOUR: u64 = 60 * 60;

/// What a certificate says.
#[derive(Clone)]
struct Says {
    kind: CertType,
    principals: &'static [&'static str],
    /// Hours from now.
    valid: (i64, i64),
    option: Option<(&'static str, &'static str)>,
}

impl Says {
    const GOOD: Self = Self {
        kind: CertType::Host,
        principals: &["other", "127.0.0.1"],
        valid: (-1, 1),
        option: None,
    };

    fn signed(&self, key: &PrivateKey, ca: &PrivateKey) -> Certificate {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let at = |hours: i64| now.as_secs().saturating_add_signed(hours * HOUR as i64);
        let (from, until) = (at(self.valid.0), at(self.valid.1));
        let public = key.public_key().key_data().clone();
        let mut builder =
            Builder::new_with_random_nonce(&mut safe_rng(), public, from, until).unwrap();
        builder.cert_type(self.kind).unwrap();
        builder.key_id("a test").unwrap();
        if self.principals.is_empty() {
            builder.all_principals_valid().unwrap();
        }
        for name in self.principals {
            builder.valid_principal(*name).unwrap();
        }
        if let Some((name, value)) = self.option {
            builder.critical_option(name, value).unwrap();
        }
        builder.sign(ca).unwrap()
    }
}

/// A host with a certificate, and a file about it.
struct Host {
    peer: Peer,
    key: PrivateKey,
    ca: PrivateKey,
    directory: tempfile::TempDir,
}

impl Host {
    async fn that(says: &Says) -> Self {
        let (key, ca) = (new_key(), new_key());
        let certificates = vec![says.signed(&key, &ca)];
        let peer = Peer::start(Setup {
            host: Some((key.clone(), certificates)),
            ..Setup::default()
        })
        .await;
        let directory = tempfile::tempdir().unwrap();
        Self {
            peer,
            key,
            ca,
            directory,
        }
    }

    /// Connects, where the file has these lines: `CA` stands for the authority's key, `KEY` for
    /// the host's, `HOST` for its name.
    async fn connect(&self, lines: &str) -> Result<SftpClient> {
        let text = |key: &PrivateKey| key.public_key().to_openssh().unwrap();
        // At once: a key may have any of these words in it.
        let words = [
            ("CA", text(&self.ca)),
            ("KEY", text(&self.key)),
            ("HOST", format!("[127.0.0.1]:{}", self.peer.port)),
        ];
        let mut marked = lines.to_owned();
        for (mark, (word, _)) in ('\0'..).zip(&words) {
            marked = marked.replace(word, &mark.to_string());
        }
        for (mark, (_, text)) in ('\0'..).zip(&words) {
            marked = marked.replace(mark, text);
        }
        let file = self.directory.path().join("known_hosts");
        std::fs::write(&file, marked).unwrap();
        let builder = trusting(&self.peer).password("secret");
        builder.known_hosts(KnownHosts::file(file)).connect().await
    }

    /// Connects in vain: the kind and the line.
    async fn refused(&self, lines: &str) -> (ErrorKind, String) {
        let error = self.connect(lines).await.unwrap_err();
        assert_eq!(self.peer.logins(), 0, "no password goes to an unknown host");
        (error.kind(), error.to_string())
    }
}

#[tokio::test]
async fn a_certificate_of_an_authority_makes_a_host_known() {
    let host = Host::that(&Says::GOOD).await;
    for lines in [
        "@cert-authority 127.0.0.1 CA\n",
        "@cert-authority HOST CA\n",
        "@cert-authority other,127.0.0.* CA\n",
        // Known by a key as well, and another authority beside.
        "HOST KEY\n@cert-authority * KEY\n@cert-authority * CA\n",
    ] {
        let client = host.connect(lines).await.unwrap();
        let shown = client.agreed().host_key.clone().unwrap();
        let digest = host.key.fingerprint(Default::default());
        assert_eq!(shown.fingerprint().to_string(), digest.to_string());
    }
    let pattern = Says {
        principals: &["127.0.?.1"],
        ..Says::GOOD
    };
    let host = Host::that(&pattern).await;
    host.connect("@cert-authority * CA\n").await.unwrap();
}

#[tokio::test]
async fn an_authority_vouches_for_the_hosts_of_its_line_alone() {
    let host = Host::that(&Says::GOOD).await;
    for lines in [
        "",
        "@cert-authority 127.0.0.2 CA\n",
        "@cert-authority *,!127.0.0.1 CA\n",
        "@cert-authority *,!HOST CA\n",
        "@cert-authority * KEY\n",
        "@another-word * CA\n",
        // As a key of the host it says nothing of what it signed.
        "127.0.0.1 CA\n",
    ] {
        let (kind, line) = host.refused(lines).await;
        assert_eq!(kind, ErrorKind::HostKeyUnknown, "{lines}: {line}");
    }
    let (_, line) = host.refused("@cert-authority * KEY\n").await;
    let ca = host.ca.fingerprint(Default::default()).to_string();
    assert!(line.contains(&ca), "{line}");
}

#[tokio::test]
async fn a_certificate_is_held_against_all_that_it_says() {
    for (says, fault) in [
        (
            Says {
                principals: &["127.0.0.2", "*.example.org\u{1b}"],
                ..Says::GOOD
            },
            "it is for 127.0.0.2, *.example.org\\u{1b}",
        ),
        (
            Says {
                principals: &[],
                ..Says::GOOD
            },
            "it names no host",
        ),
        (
            Says {
                valid: (-2, -1),
                ..Says::GOOD
            },
            "it is not valid any more",
        ),
        (
            Says {
                valid: (1, 2),
                ..Says::GOOD
            },
            "it is not valid yet",
        ),
        (
            Says {
                kind: CertType::User,
                ..Says::GOOD
            },
            "it is for users",
        ),
        (
            Says {
                option: Some(("verify-required", "")),
                ..Says::GOOD
            },
            "it demands verify-required",
        ),
    ] {
        let host = Host::that(&says).await;
        // A key that is known does not help: the authority's word is asked for first.
        let (kind, line) = host.refused("HOST KEY\n@cert-authority * CA\n").await;
        assert_eq!(kind, ErrorKind::HostKeyUnknown, "{line}");
        assert!(
            line.contains(fault) && line.contains("line 2 of"),
            "{fault}: {line}"
        );
    }
}

#[tokio::test]
async fn what_is_revoked_is_not_made_good_by_a_certificate() {
    let host = Host::that(&Says::GOOD).await;
    for (lines, whose) in [
        (
            "@cert-authority * CA\n@revoked * KEY\n",
            "the host's key SHA256:",
        ),
        (
            "@cert-authority * CA\n@revoked 127.0.0.1 CA\n",
            "the certificate authority's key SHA256:",
        ),
    ] {
        let (kind, line) = host.refused(lines).await;
        assert_eq!(kind, ErrorKind::HostKeyChanged);
        assert!(
            line.contains(whose) && line.contains("is revoked in line 2 of"),
            "{line}"
        );
    }
    // What is revoked for others is not revoked for this one.
    let lines = "@cert-authority * CA\n@revoked other KEY\n";
    host.connect(lines).await.unwrap();
}

#[tokio::test]
async fn the_key_in_a_certificate_of_a_stranger_counts_as_if_it_came_alone() {
    let host = Host::that(&Says::GOOD).await;
    // The line of another authority has the client ask for certificates.
    let lines = "HOST KEY\n@cert-authority * KEY\n";
    host.connect(lines).await.unwrap();
    let pinned = host.key.fingerprint(Default::default()).to_string();
    let builder = trusting(&host.peer).password("secret");
    let builder = builder.known_hosts(KnownHosts::pinned([pinned.parse().unwrap()]));
    builder.connect().await.unwrap();
}
