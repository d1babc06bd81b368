//! Tables of users and anonymous logins, as a front end sees them.
#![allow(clippy::unwrap_used, reason = "tests")]

use std::sync::Arc;

use ftpkit_accounts::{
    Account, Anonymous, Attempt, AuthFailureKind, Authenticator, Credential, Users, UsersError,
};
use ftpkit_storage::{Memory, Storage};

fn store() -> Arc<dyn Storage> {
    Arc::new(Memory::new())
}

/// The account's name, or why not.
async fn login(
    authenticator: &dyn Authenticator,
    name: &[u8],
    password: &str,
) -> Result<String, AuthFailureKind> {
    let peer = "127.0.0.1:1".parse().unwrap();
    let attempt = Attempt::new(name, Credential::password(password), peer);
    match authenticator.authenticate(&attempt).await {
        Ok(account) => Ok(account.name().to_owned()),
        Err(failure) => Err(failure.kind()),
    }
}

const WRONG: Result<String, AuthFailureKind> = Err(AuthFailureKind::WrongCredentials);

#[tokio::test]
async fn passwords_decide() {
    let users = Users::builder()
        .user("alice", "secret", store())
        .user("bob", "", store())
        .build()
        .unwrap();
    for (name, password, expected) in [
        (&b"alice"[..], "secret", Ok("alice".to_owned())),
        (b"alice", "Secret", WRONG),
        (b"alice", "", WRONG),
        (b"Alice", "secret", WRONG),
        (b"bob", "", Ok("bob".to_owned())),
        (b"bob", "secret", WRONG),
        (b"carol", "secret", WRONG),
        (b"", "", WRONG),
        (b"\xff\xfe", "secret", WRONG),
        (b"anonymous", "me@example.org", WRONG),
    ] {
        assert_eq!(login(&users, name, password).await, expected, "{name:?}");
    }
    let shown = format!("{users:?}");
    assert!(!shown.contains("secret"), "{shown}");
}

#[tokio::test]
async fn guests_come_in_by_two_names() {
    let guests = Anonymous::read_write(store());
    let table = Users::builder()
        .user("ftp", "own", store())
        .anonymous(guests.clone())
        .build()
        .unwrap();
    let guest = || Ok("anonymous".to_owned());
    for (authenticator, name, password, expected) in [
        (&guests as &dyn Authenticator, "anonymous", "a@b", guest()),
        (&guests, "ftp", "", guest()),
        (&guests, "Anonymous", "x", guest()),
        (&guests, "root", "x", WRONG),
        (&table, "anonymous", "x", guest()),
        // A user of that name comes before the guests.
        (&table, "ftp", "own", Ok("ftp".to_owned())),
        (&table, "ftp", "other", WRONG),
        (&table, "FTP", "other", guest()),
    ] {
        let seen = login(authenticator, name.as_bytes(), password).await;
        assert_eq!(seen, expected, "{name} {password}");
    }
}

#[test]
fn a_table_with_a_mistake_is_not_built() {
    let empty = Users::builder().user("", "x", store()).build();
    assert!(matches!(empty, Err(UsersError::EmptyName)));
    let twice = Users::builder()
        .user("a", "x", store())
        .account(Account::new("a", store()), "y")
        .build();
    assert!(matches!(twice, Err(UsersError::Twice(name)) if name == "a"));
}

#[cfg(feature = "argon2")]
#[tokio::test]
async fn stored_hashes_decide() {
    let hash = ftpkit_accounts::hash_password(b"secret").unwrap();
    let users = Users::builder()
        .user_hash("alice", &hash, store())
        .user("bob", "plain", store())
        .build()
        .unwrap();
    for (name, password, expected) in [
        ("alice", "secret", Ok("alice".to_owned())),
        ("alice", "secre", WRONG),
        ("bob", "plain", Ok("bob".to_owned())),
        ("bob", "secret", WRONG),
        ("carol", "secret", WRONG),
        // The hash itself is no password.
        ("alice", &hash, WRONG),
    ] {
        let seen = login(&users, name.as_bytes(), password).await;
        assert_eq!(seen, expected, "{name} {password}");
    }
    let bad = Users::builder().user_hash("a", "secret", store()).build();
    assert!(matches!(bad, Err(UsersError::Hash { name, .. }) if name == "a"));
}

#[test]
fn what_all_accounts_can_do_is_known_beforehand() {
    use ftpkit_storage::Capabilities;
    let limited = Arc::new(Memory::new().with_limit(1000));
    let users = |guests: bool| {
        let builder = Users::builder()
            .user("a", "1", Arc::clone(&limited) as Arc<dyn Storage>)
            .user("b", "2", store());
        let guest = Anonymous::read_only(Arc::clone(&limited) as Arc<dyn Storage>);
        let builder = if guests {
            builder.anonymous(guest)
        } else {
            builder
        };
        builder.build().unwrap().common_capabilities()
    };
    let can = users(false);
    assert!(can.contains(Capabilities::WRITE) && !can.contains(Capabilities::SPACE));
    assert!(!users(true).contains(Capabilities::WRITE));
    let nobody = Users::builder().build().unwrap();
    assert_eq!(nobody.common_capabilities(), Capabilities::NONE);
    let shared: Arc<dyn Authenticator> = Arc::new(Anonymous::read_write(limited));
    assert!(shared.common_capabilities().contains(Capabilities::SPACE));
}
