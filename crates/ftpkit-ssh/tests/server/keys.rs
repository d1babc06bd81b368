//! Logins by key and by certificate.

use std::sync::Arc;

use ftpkit_accounts::{Account, AuthorizedKeys, Proof, Users};
use ftpkit_ssh::server::{HostKey, HostKeyKind, SftpServer};
use ftpkit_storage::Memory;
use russh::keys::{
    Certificate, HashAlg, PrivateKey, PrivateKeyWithHashAlg,
    key::safe_rng,
    ssh_key::{
        certificate::{Builder, CertType},
        private::Ed25519Keypair,
    },
};

use crate::{
    client::{Sftp, connect},
    site::Site,
};

fn new_key() -> PrivateKey {
    Ed25519Keypair::random(&mut safe_rng()).into()
}

/// A site where what this line says logs `alice` in.
async fn site(line: &str, certificates: bool) -> Site {
    let keys = AuthorizedKeys::parse(line.as_bytes());
    assert!(keys.problems().is_empty(), "{:?}", keys.problems());
    let account = Account::new("alice", Arc::new(Memory::new()));
    let users = Users::builder().account_with(account, Proof::ssh_keys(keys));
    let builder = SftpServer::builder().authenticator(users.build().unwrap());
    Site::build(builder.certificates(certificates)).await
}

async fn key_opens(site: &Site, user: &str, key: &PrivateKey, hash: Option<HashAlg>) -> bool {
    let mut ssh = connect(site.addr).await;
    let key = PrivateKeyWithHashAlg::new(Arc::new(key.clone()), hash);
    let login = ssh.authenticate_publickey(user, key).await.unwrap();
    if login.success() {
        Sftp::open(&ssh).await.put("by-key", b"x").await;
    }
    login.success()
}

#[tokio::test]
async fn a_key_opens_its_account_alone() {
    let key = new_key();
    let site = site(&key.public_key().to_openssh().unwrap(), false).await;
    assert!(!key_opens(&site, "alice", &new_key(), None).await);
    assert!(!key_opens(&site, "bob", &key, None).await);
    assert!(key_opens(&site, "alice", &key, None).await);
    let refused = site.events().iter().any(|event| event.ends_with("refused"));
    assert!(!refused, "a key that is offered is no guess");
}

#[tokio::test]
async fn rsa_signs_with_sha_2_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("rsa");
    HostKey::load_or_create(&path, HostKeyKind::Rsa).unwrap();
    let key = russh::keys::load_secret_key(&path, None).unwrap();
    let site = site(&key.public_key().to_openssh().unwrap(), false).await;
    assert!(!key_opens(&site, "alice", &key, None).await, "SHA-1");
    for hash in [HashAlg::Sha256, HashAlg::Sha512] {
        assert!(key_opens(&site, "alice", &key, Some(hash)).await);
    }
}

/// What a certificate says.
#[derive(Clone)]
struct Says {
    kind: CertType,
    principal: &'static str,
    until: u64,
    option: Option<(&'static str, &'static str)>,
}

impl Says {
    const GOOD: Self = Self {
        kind: CertType::User,
        principal: "alice",
        until: u64::MAX / 4,
        option: None,
    };

    fn signed(&self, key: &PrivateKey, ca: &PrivateKey) -> Certificate {
        let public = key.public_key().key_data().clone();
        let mut builder =
            Builder::new_with_random_nonce(&mut safe_rng(), public, 0, self.until).unwrap();
        builder.cert_type(self.kind).unwrap();
        builder.key_id("a test").unwrap();
        builder.valid_principal(self.principal).unwrap();
        if let Some((name, value)) = self.option {
            builder.critical_option(name, value).unwrap();
        }
        builder.sign(ca).unwrap()
    }
}

#[tokio::test]
async fn a_certificate_opens_what_its_ca_may() {
    let (ca, key) = (new_key(), new_key());
    let line = format!("cert-authority {}", ca.public_key().to_openssh().unwrap());
    let site = site(&line, true).await;
    let good = Says::GOOD;
    let option = |name, value| Says {
        option: Some((name, value)),
        ..Says::GOOD
    };
    for (what, says, signer, expected) in [
        ("good", good.clone(), &ca, true),
        ("another CA", good.clone(), &new_key(), false),
        (
            "expired",
            Says {
                until: 1_000_000_000,
                ..good.clone()
            },
            &ca,
            false,
        ),
        (
            "for another",
            Says {
                principal: "bob",
                ..good.clone()
            },
            &ca,
            false,
        ),
        (
            "of a host",
            Says {
                kind: CertType::Host,
                ..good
            },
            &ca,
            false,
        ),
        (
            "from here",
            option("source-address", "127.0.0.0/8"),
            &ca,
            true,
        ),
        (
            "from elsewhere",
            option("source-address", "192.0.2.0/24"),
            &ca,
            false,
        ),
        (
            "for SFTP",
            option("force-command", "internal-sftp"),
            &ca,
            true,
        ),
        (
            "for another command",
            option("force-command", "/bin/sh"),
            &ca,
            false,
        ),
        (
            "an unknown option",
            option("verify-required", ""),
            &ca,
            false,
        ),
    ] {
        let mut ssh = connect(site.addr).await;
        let certificate = says.signed(&key, signer);
        let login = ssh.authenticate_openssh_cert("alice", Arc::new(key.clone()), certificate);
        let success = login.await.is_ok_and(|login| login.success());
        assert_eq!(success, expected, "{what}");
    }
    assert!(!key_opens(&site, "alice", &key, None).await, "without it");
    assert!(!key_opens(&site, "alice", &ca, None).await, "the CA itself");
}
