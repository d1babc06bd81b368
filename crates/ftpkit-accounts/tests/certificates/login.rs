//! Whom a certificate logs in, alone and beside a password.

use std::{error::Error, sync::Arc, time::Duration};

use async_trait::async_trait;
use ftpkit_accounts::{
    Account, Anonymous, Attempt, AuthFailure, AuthFailureKind, Authenticator, CertificateName,
    ClientCertificate, Credential, Door, Proof, Users, UsersError,
};
use ftpkit_storage::{Memory, Storage};
use tokio::time::Instant;

use crate::made::{by_rcgen, common_name, dns, email};

const NEEDED: Result<String, AuthFailureKind> = Err(AuthFailureKind::PasswordNeeded);
const WRONG: Result<String, AuthFailureKind> = Err(AuthFailureKind::WrongCredentials);

fn store() -> Arc<dyn Storage> {
    Arc::new(Memory::new())
}

fn name(text: &str) -> CertificateName {
    text.parse().unwrap()
}

fn alone(user: &str, certificate: &ClientCertificate) -> Attempt {
    let peer = "127.0.0.1:1".parse().unwrap();
    let credential = Credential::Certificate(certificate.clone());
    Attempt::new(user, credential, peer).secured(true)
}

fn beside(user: &str, password: &str, certificate: Option<&ClientCertificate>) -> Attempt {
    let peer = "127.0.0.1:1".parse().unwrap();
    Attempt::new(user, Credential::password(password), peer)
        .secured(true)
        .certificate(certificate.cloned())
}

async fn answer(users: &dyn Authenticator, attempt: Attempt) -> Result<String, AuthFailureKind> {
    match users.authenticate(&attempt).await {
        Ok(account) => Ok(account.name().to_owned()),
        Err(failure) => Err(failure.kind()),
    }
}

/// `ana` by either, `bob` by both, `robot` by certificate, `carol` by password.
fn table() -> Users {
    let account = |name: &str| Account::new(name, store());
    Users::builder()
        .account_with(
            account("ana"),
            Proof::password("a").or_certificate([name("email:ana@example.org"), name("dns:ana")]),
        )
        .account_with(
            account("bob"),
            Proof::password("b").and_certificate([name("email:bob@example.org")]),
        )
        .account_with(
            account("robot"),
            // There is no password that could be needed beside it.
            Proof::certificate([name("subject:CN=robot")]).and_certificate([]),
        )
        .user("carol", "c", store())
        .anonymous(Anonymous::read_only(store()))
        .build()
        .unwrap()
}

#[tokio::test]
async fn a_certificate_logs_in_the_user_that_was_named_and_nobody_else() {
    let users = table();
    let ana = by_rcgen(&[], vec![email("ana@Example.org")]);
    let bob = by_rcgen(&[], vec![email("bob@example.org")]);
    let robot = by_rcgen(&[common_name("robot")], vec![]);
    let both = by_rcgen(&[common_name("robot")], vec![dns("ana")]);
    let stranger = by_rcgen(&[common_name("ana")], vec![email("eve@example.org")]);
    let ok = |name: &str| Ok(name.to_owned());
    for (certificate, user, expected) in [
        (&ana, "ana", ok("ana")),
        (&robot, "robot", ok("robot")),
        // One that is two users' logs in the one that was named.
        (&both, "ana", ok("ana")),
        (&both, "robot", ok("robot")),
        // All refusals are one, whoever exists and whatever is missing.
        (&ana, "robot", NEEDED),
        (&ana, "Ana", NEEDED),
        (&ana, "carol", NEEDED),
        (&ana, "nobody", NEEDED),
        (&ana, "", NEEDED),
        (&ana, "anonymous", NEEDED),
        (&bob, "bob", NEEDED),
        (&both, "carol", NEEDED),
        // A common name is no user name here, as nobody said so.
        (&stranger, "ana", NEEDED),
        (&stranger, "eve", NEEDED),
    ] {
        let seen = answer(&users, alone(user, certificate)).await;
        assert_eq!(seen, expected, "{user} {certificate:?}");
    }
    assert_eq!(
        answer(&Anonymous::read_only(store()), alone("ftp", &ana)).await,
        NEEDED
    );
}

#[tokio::test]
async fn a_password_counts_as_far_as_the_user_may_use_it() {
    let users = table();
    let ana = by_rcgen(&[], vec![email("ana@example.org")]);
    let bob = by_rcgen(&[], vec![email("bob@example.org")]);
    let robot = by_rcgen(&[common_name("robot")], vec![]);
    let ok = |name: &str| Ok(name.to_owned());
    for (user, password, certificate, expected) in [
        ("ana", "a", None, ok("ana")),
        ("ana", "a", Some(&bob), ok("ana")),
        ("ana", "x", Some(&ana), WRONG),
        ("bob", "b", Some(&bob), ok("bob")),
        ("bob", "b", None, WRONG),
        ("bob", "b", Some(&ana), WRONG),
        ("bob", "x", Some(&bob), WRONG),
        ("robot", "", None, WRONG),
        ("robot", "", Some(&robot), WRONG),
        ("carol", "c", Some(&ana), ok("carol")),
        ("ana", "b", Some(&bob), WRONG),
        ("nobody", "a", Some(&ana), WRONG),
        ("anonymous", "x", Some(&ana), ok("anonymous")),
    ] {
        let seen = answer(&users, beside(user, password, certificate)).await;
        assert_eq!(seen, expected, "{user} {password} {certificate:?}");
    }
}

#[tokio::test]
async fn a_ca_of_ones_own_may_give_out_user_names() {
    let proof =
        |password: &str| Proof::password(password).or_certificate([CertificateName::user_name()]);
    let users = Users::builder()
        .account_with(Account::new("ana", store()), proof("a"))
        .account_with(Account::new("bob@example.org", store()), proof("b"))
        .build()
        .unwrap();
    let ok = |name: &str| Ok(name.to_owned());
    let named = by_rcgen(&[common_name("ana")], vec![]);
    let host = by_rcgen(&[common_name("x")], vec![dns("Ana")]);
    let mail = by_rcgen(&[], vec![email("bob@Example.org")]);
    for (certificate, user, expected) in [
        (&named, "ana", ok("ana")),
        (&host, "ana", ok("ana")),
        (&mail, "bob@example.org", ok("bob@example.org")),
        (&named, "bob@example.org", NEEDED),
        (&host, "x", NEEDED),
        (&mail, "ana", NEEDED),
    ] {
        assert_eq!(answer(&users, alone(user, certificate)).await, expected);
    }
}

#[test]
fn a_name_of_two_users_is_a_mistake() {
    let with = |user: &str, proof: Proof| (Account::new(user, store()), proof);
    let password = || Proof::password("x");
    let own = CertificateName::user_name;
    for (first, second, part) in [
        (
            with("a", Proof::certificate([name("dns:Host")])),
            with("b", password().or_certificate([name("dns:host")])),
            "\"a\" and \"b\" both claim the certificates of dns:host",
        ),
        (
            with("a", password().and_certificate([name("email:X@A")])),
            with("b", password().or_certificate([name("email:X@a")])),
            "email:X@a",
        ),
        // The user's own name is a name too, and as a DNS name has no case.
        (
            with("a", Proof::certificate([name("dns:B")])),
            with("b", Proof::certificate([own()])),
            "dns:b",
        ),
        (
            with("Ana", Proof::certificate([own()])),
            with("ana", Proof::certificate([own()])),
            "dns:ana",
        ),
    ] {
        let builder = Users::builder().account_with(first.0, first.1);
        let error = builder
            .account_with(second.0, second.1)
            .build()
            .unwrap_err();
        assert!(matches!(error, UsersError::SharedCertificate { .. }));
        assert!(error.to_string().contains(part), "{error}");
    }
    let again = [name("dns:a"), name("dns:A")];
    let (account, proof) = with("a", Proof::certificate(again));
    assert!(
        Users::builder()
            .account_with(account, proof)
            .build()
            .is_ok()
    );
}

#[test]
fn a_user_who_needs_a_certificate_must_have_a_name_of_one() {
    for proof in [
        Proof::certificate([]),
        Proof::password("x").and_certificate([]),
    ] {
        let account = Account::new("a", store());
        let built = Users::builder().account_with(account, proof).build();
        assert!(matches!(built, Err(UsersError::NoCertificate(name)) if name == "a"));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_certificate_does_not_wait_and_a_wrong_password_does() {
    let (door, users) = (Door::default(), table());
    let ana = by_rcgen(&[], vec![email("ana@example.org")]);
    for user in ["bob", "carol", "nobody"] {
        let begin = Instant::now();
        let failure = door
            .authenticate(&users, &alone(user, &ana))
            .await
            .unwrap_err();
        assert_eq!(failure.kind(), AuthFailureKind::PasswordNeeded);
        assert_eq!(begin.elapsed(), Duration::ZERO, "{user}");
    }
    let begin = Instant::now();
    let wrong = beside("bob", "b", Some(&ana));
    let failure = door.authenticate(&users, &wrong).await.unwrap_err();
    assert_eq!(failure.kind(), AuthFailureKind::WrongCredentials);
    assert_eq!(begin.elapsed(), Duration::from_millis(900));
    let admitted = door
        .authenticate(&users, &alone("ana", &ana))
        .await
        .unwrap();
    assert_eq!(admitted.account().name(), "ana");
}

struct Fixed(AuthFailureKind);

#[async_trait]
impl Authenticator for Fixed {
    async fn authenticate(&self, _: &Attempt) -> Result<Account, AuthFailure> {
        Err(self.0.into())
    }
}

#[tokio::test(start_paused = true)]
async fn the_door_tells_one_refused_certificate_from_no_other() {
    let (door, ana) = (Door::default(), by_rcgen(&[], vec![dns("ana")]));
    for kind in [
        AuthFailureKind::WrongCredentials,
        AuthFailureKind::Disabled,
        AuthFailureKind::TooMany,
        AuthFailureKind::Unavailable,
    ] {
        let begin = Instant::now();
        let failure = door
            .authenticate(&Fixed(kind), &alone("ana", &ana))
            .await
            .unwrap_err();
        assert_eq!(failure.kind(), AuthFailureKind::PasswordNeeded);
        assert_eq!(failure.source().unwrap().to_string(), kind.to_string());
        assert_eq!(begin.elapsed(), Duration::ZERO);
    }
}

#[tokio::test]
async fn an_account_that_is_full_is_full_for_certificates_too() {
    let account = Account::new("ana", store()).with_max_sessions(1);
    let users = Users::builder()
        .account_with(account, Proof::certificate([name("dns:ana")]))
        .build()
        .unwrap();
    let (door, ana) = (Door::default(), by_rcgen(&[], vec![dns("ana")]));
    let first = door
        .authenticate(&users, &alone("ana", &ana))
        .await
        .unwrap();
    let second = door
        .authenticate(&users, &alone("ana", &ana))
        .await
        .unwrap_err();
    assert_eq!(second.kind(), AuthFailureKind::TooMany);
    drop(first);
    assert!(door.authenticate(&users, &alone("ana", &ana)).await.is_ok());
}

#[test]
fn a_proof_hides_its_password_and_shows_its_names() {
    let proof = Proof::password("s3cr3t").and_certificate([name("dns:ana")]);
    let shown = format!("{proof:?} {:?}", beside("ana", "s3cr3t", None));
    assert!(
        !shown.contains("s3cr3t") && shown.contains("dns:ana"),
        "{shown}"
    );
    assert_eq!(proof.certificates(), [name("dns:ana")]);
}

#[cfg(feature = "argon2")]
#[tokio::test]
async fn a_user_file_says_who_needs_what() {
    use ftpkit_accounts::{UserLine, hash_password};
    let hash = hash_password(b"pw").unwrap();
    let text = format!(
        "ana:{hash}\ncertificate dns:ana\nbob:{hash}:both\ncertificate dns:bob\nrobot:-\ncertificate dns:robot\n"
    );
    let mut users = Users::builder();
    for line in UserLine::parse_all(&text).unwrap() {
        users = users.account_with(Account::new(line.name, store()), line.proof);
    }
    let users = users.build().unwrap();
    for (user, expected, with_password) in [
        ("ana", Ok("ana".to_owned()), Ok("ana".to_owned())),
        ("bob", NEEDED, Ok("bob".to_owned())),
        ("robot", Ok("robot".to_owned()), WRONG),
    ] {
        let certificate = by_rcgen(&[], vec![dns(user)]);
        assert_eq!(answer(&users, alone(user, &certificate)).await, expected);
        let attempt = beside(user, "pw", Some(&certificate));
        assert_eq!(answer(&users, attempt).await, with_password, "{user}");
    }
    assert_eq!(answer(&users, beside("bob", "pw", None)).await, WRONG);
}
