//! Whom an SSH key logs in.
#![cfg(feature = "ssh-keys")]
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use base64ct::{Base64, Encoding as _};
use ftpkit_accounts::{
    Account, Anonymous, Attempt, AuthFailureKind, AuthorizedKeys, Credential, Door, Proof, SshKey,
    Users,
};
use ftpkit_storage::{Memory, Storage};

const WRONG: Result<String, AuthFailureKind> = Err(AuthFailureKind::WrongCredentials);

fn store() -> Arc<dyn Storage> {
    Arc::new(Memory::new())
}

fn key(number: u8) -> SshKey {
    SshKey::new(
        [
            &[0, 0, 0, 11][..],
            b"ssh-ed25519",
            &[0, 0, 0, 3],
            &[number; 3],
        ]
        .concat(),
    )
    .unwrap()
}

/// A file of keys.
fn keys(numbers: &[u8]) -> AuthorizedKeys {
    let lines = numbers.iter().map(|number| {
        let encoded = Base64::encode_string(key(*number).blob());
        format!("ssh-ed25519 {encoded}\n")
    });
    let keys = AuthorizedKeys::parse(lines.collect::<String>().as_bytes());
    assert_eq!(keys.problems(), []);
    keys
}

fn attempt(user: &[u8], credential: Credential) -> Attempt {
    Attempt::new(user, credential, "127.0.0.1:1".parse().unwrap()).secured(true)
}

async fn answer(users: &Users, attempt: Attempt) -> Result<String, AuthFailureKind> {
    match Door::default().authenticate(users, &attempt).await {
        Ok(admission) => Ok(admission.account().name().to_owned()),
        Err(failure) => Err(failure.kind()),
    }
}

fn table() -> Users {
    let account = |name: &str| Account::new(name, store());
    Users::builder()
        .account_with(
            account("ana"),
            Proof::password("a")
                .or_ssh_keys(keys(&[1]))
                .or_ssh_keys(keys(&[3])),
        )
        .account_with(account("robot"), Proof::ssh_keys(keys(&[2])))
        .user("carol", "c", store())
        .anonymous(Anonymous::read_only(store()))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_key_logs_in_the_user_that_was_named_and_nobody_else() {
    let users = table();
    let ok = |name: &str| Ok(name.to_owned());
    for (number, user, expected) in [
        (1, &b"ana"[..], ok("ana")),
        (3, b"ana", ok("ana")),
        (2, b"ana", WRONG),
        (2, b"robot", ok("robot")),
        (1, b"robot", WRONG),
        // Without keys, unknown, a guest, no UTF-8.
        (1, b"carol", WRONG),
        (1, b"nobody", WRONG),
        (1, b"anonymous", WRONG),
        (1, b"Ana", WRONG),
        (1, b"ana\xff", WRONG),
    ] {
        let seen = answer(&users, attempt(user, Credential::SshKey(key(number)))).await;
        assert_eq!(seen, expected, "{number} {}", user.escape_ascii());
    }
}

#[tokio::test(start_paused = true)]
async fn a_password_stays_enough_where_there_is_one() {
    let users = table();
    let by_password = |user: &[u8], word: &str| attempt(user, Credential::password(word));
    let ana = answer(&users, by_password(b"ana", "a")).await;
    assert_eq!(ana, Ok("ana".to_owned()));
    assert_eq!(answer(&users, by_password(b"ana", "b")).await, WRONG);
    assert_eq!(answer(&users, by_password(b"robot", "")).await, WRONG);
}

#[cfg(feature = "argon2")]
#[tokio::test]
async fn a_key_stands_in_for_a_stored_password() {
    let hash = ftpkit_accounts::hash_password(b"secret").unwrap();
    let line = &ftpkit_accounts::UserLine::parse_all(&format!("ana:{hash}")).unwrap()[0];
    let proof = line.proof.clone().or_ssh_keys(keys(&[1]));
    let users = Users::builder()
        .account_with(Account::new("ana", store()), proof)
        .build()
        .unwrap();
    for credential in [Credential::SshKey(key(1)), Credential::password("secret")] {
        let seen = answer(&users, attempt(b"ana", credential)).await;
        assert_eq!(seen, Ok("ana".to_owned()));
    }
    let seen = answer(&users, attempt(b"ana", Credential::SshKey(key(2)))).await;
    assert_eq!(seen, WRONG);
}

#[test]
fn what_is_shown_of_a_key_is_its_fingerprint() {
    let shown = format!("{:?}", attempt(b"ana", Credential::SshKey(key(1))));
    assert!(
        shown.contains("SHA256:") && shown.contains("ssh-ed25519"),
        "{shown}"
    );
}
