use async_trait::async_trait;
use ftpkit_storage::Memory;

use super::*;

fn door(change: impl FnOnce(&mut DoorLimits)) -> Door {
    let mut limits = DoorLimits::default();
    change(&mut limits);
    Door::new(limits)
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn sessions_are_limited_in_all() {
    let door = door(|l| l.sessions = 2);
    let first = door.enter(ip("192.0.2.1")).unwrap();
    let _second = door.enter(ip("192.0.2.2")).unwrap();
    assert_eq!(
        door.enter(ip("192.0.2.3")).unwrap_err(),
        Refused::TooManySessions
    );
    drop(first);
    assert!(door.enter(ip("192.0.2.3")).is_ok());
}

#[test]
fn sessions_are_limited_by_address_and_by_ipv6_network() {
    for (one, same, other) in [
        ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ("192.0.2.1", "::ffff:192.0.2.1", "::ffff:192.0.2.2"),
        ("2001:db8:0:1::1", "2001:db8:0:1:ffff::2", "2001:db8:0:2::1"),
    ] {
        let door = door(|l| l.sessions_per_address = 1);
        let permit = door.enter(ip(one)).unwrap();
        assert_eq!(
            door.enter(ip(same)).unwrap_err(),
            Refused::TooManyFromAddress
        );
        assert!(door.enter(ip(other)).is_ok());
        drop(permit);
        assert!(door.enter(ip(same)).is_ok());
    }
}

#[test]
fn zero_is_no_limit_and_nothing_is_left_behind() {
    let door = door(|l| {
        l.sessions = 0;
        l.sessions_per_address = 0;
    });
    let permits: Vec<_> = (0..5000).map(|_| door.enter(ip("::1")).unwrap()).collect();
    assert_eq!(door.sessions(), 5000);
    drop(permits);
    assert_eq!(door.sessions(), 0);
    assert!(door.shared.counts().by_address.is_empty());
}

struct Fixed(Result<usize, AuthFailureKind>, Duration);

#[async_trait]
impl Authenticator for Fixed {
    async fn authenticate(&self, _: &Attempt) -> Result<Account, AuthFailure> {
        tokio::time::sleep(self.1).await;
        let max = self.0?;
        Ok(Account::new("alice", Arc::new(Memory::new())).with_max_sessions(max))
    }
}

fn attempt() -> Attempt {
    let peer = "192.0.2.1:4000".parse().unwrap();
    Attempt::new("alice", Credential::password("x"), peer)
}

#[tokio::test(start_paused = true)]
async fn every_failure_is_answered_at_the_same_time() {
    let door = Door::default();
    for (kind, work, answered) in [
        (AuthFailureKind::WrongCredentials, 0, 900),
        (AuthFailureKind::WrongCredentials, 20, 900),
        (AuthFailureKind::Disabled, 700, 900),
        (AuthFailureKind::Unavailable, 3000, 3000),
    ] {
        let begin = Instant::now();
        let authenticator = Fixed(Err(kind), Duration::from_millis(work));
        let failure = door
            .authenticate(&authenticator, &attempt())
            .await
            .unwrap_err();
        assert_eq!(failure.kind(), kind);
        assert_eq!(begin.elapsed().as_millis(), answered);
    }
    let begin = Instant::now();
    let right = Fixed(Ok(0), Duration::ZERO);
    drop(door.authenticate(&right, &attempt()).await.unwrap());
    assert!(begin.elapsed() < Duration::from_millis(10));
}

#[cfg(feature = "ssh-keys")]
#[tokio::test(start_paused = true)]
async fn a_key_that_is_refused_is_refused_at_once_and_alike() {
    let door = Door::default();
    let blob = [&[0, 0, 0, 11][..], b"ssh-ed25519", &[7; 36]].concat();
    let key = crate::SshKey::new(blob).unwrap();
    let peer = "192.0.2.1:4000".parse().unwrap();
    let attempt = Attempt::new("alice", Credential::SshKey(key), peer);
    for kind in [
        AuthFailureKind::WrongCredentials,
        AuthFailureKind::PasswordNeeded,
        AuthFailureKind::Disabled,
        AuthFailureKind::Unavailable,
    ] {
        let begin = Instant::now();
        let refusing = Fixed(Err(kind), Duration::ZERO);
        let failure = door.authenticate(&refusing, &attempt).await.unwrap_err();
        assert_eq!(failure.kind(), AuthFailureKind::WrongCredentials);
        assert!(begin.elapsed() < Duration::from_millis(10));
    }
    let taking = Fixed(Ok(0), Duration::ZERO);
    assert!(door.authenticate(&taking, &attempt).await.is_ok());
}

#[tokio::test]
async fn an_account_has_no_more_sessions_than_it_may() {
    let door = Door::default();
    let two = Fixed(Ok(2), Duration::ZERO);
    let first = door.authenticate(&two, &attempt()).await.unwrap();
    let _second = door.authenticate(&two, &attempt()).await.unwrap();
    let third = door.authenticate(&two, &attempt()).await.unwrap_err();
    assert_eq!(third.kind(), AuthFailureKind::TooMany);
    drop(first);
    assert!(door.authenticate(&two, &attempt()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_drain_ends_when_the_last_session_does() {
    let door = Door::default();
    let permit = door.enter(ip("::1")).unwrap();
    let mut signal = door.drain_signal();
    assert!(!signal.is_draining());
    let session = tokio::spawn(async move {
        let grace = signal.draining().await;
        assert_eq!(grace, Duration::from_secs(30));
        tokio::time::sleep(Duration::from_secs(3)).await;
        drop(permit);
    });
    let begin = Instant::now();
    assert_eq!(door.drain(Duration::from_secs(30)).await, 0);
    assert_eq!(begin.elapsed().as_secs(), 3);
    assert_eq!(door.enter(ip("::1")).unwrap_err(), Refused::Closing);
    session.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_session_that_does_not_end_in_time_is_told_to_end_at_once() {
    let door = Door::default();
    let permit = door.enter(ip("::1")).unwrap();
    let mut signal = door.drain_signal();
    tokio::spawn(async move {
        signal.ended().await;
        drop(permit);
    });
    let begin = Instant::now();
    assert_eq!(door.drain(Duration::from_secs(30)).await, 1);
    assert_eq!(begin.elapsed().as_secs(), 30);
    assert_eq!(door.sessions(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_stuck_session_does_not_hold_the_shutdown_up_and_a_later_drain_may_be_shorter() {
    let door = Door::default();
    let _stuck = door.enter(ip("::1")).unwrap();
    let begin = Instant::now();
    let (long, short, longer) = tokio::join!(
        door.drain(Duration::from_secs(60)),
        door.drain(Duration::from_secs(10)),
        door.drain(Duration::MAX),
    );
    assert_eq!((long, short, longer), (1, 1, 1));
    // The first wait keeps its own end; the sessions were told at the earliest one.
    assert!(begin.elapsed() <= Duration::from_secs(60) + FORCED_END);
    assert!(door.drain_signal().is_draining());
}

#[tokio::test(start_paused = true)]
async fn an_empty_house_drains_at_once_even_twice() {
    let door = Door::default();
    assert_eq!(door.drain(Duration::MAX).await, 0);
    assert_eq!(door.drain(Duration::ZERO).await, 0);
}
