//! Who is let in, and what else than SFTP is refused.

use russh::client::KeyboardInteractiveAuthResponse as Reply;

use crate::{
    client::{Sftp, connect, log_in},
    site::Site,
};

#[tokio::test]
async fn a_password_lets_its_user_in() {
    let site = Site::memory().await;
    let mut ssh = connect(site.addr).await;
    for (user, password) in [("alice", "guess"), ("bob", "secret")] {
        let login = ssh.authenticate_password(user, password).await.unwrap();
        assert!(!login.success());
    }
    let login = ssh.authenticate_password("alice", "secret").await.unwrap();
    assert!(login.success(), "two that fail are no reason to hang up");
    let mut sftp = Sftp::open(&ssh).await;
    sftp.put("/a", b"hello").await;
    assert_eq!(sftp.get("a").await.unwrap(), b"hello");
    let expected = [
        "connected",
        "alice refused",
        "bob refused",
        "alice in",
        "alice Upload /a 5 Complete",
        "alice Download /a 5 Complete",
    ];
    assert_eq!(site.events(), expected);
}

#[tokio::test]
async fn a_password_may_be_asked_for() {
    let site = Site::memory().await;
    for (answer, expected) in [("guess", false), ("secret", true)] {
        let mut ssh = connect(site.addr).await;
        let asked = ssh.authenticate_keyboard_interactive_start("alice", None);
        let Reply::InfoRequest { prompts, .. } = asked.await.unwrap() else {
            panic!("no question");
        };
        assert_eq!((prompts.len(), prompts[0].echo), (1, false));
        let answer = vec![answer.to_owned()];
        let reply = ssh.authenticate_keyboard_interactive_respond(answer);
        let is_in = matches!(reply.await.unwrap(), Reply::Success);
        assert_eq!(is_in, expected);
    }
}

#[tokio::test]
async fn the_third_failed_login_is_the_last() {
    let site = Site::memory().await;
    let mut ssh = connect(site.addr).await;
    for _ in 0..3 {
        let login = ssh.authenticate_password("alice", "guess").await;
        assert!(!login.is_ok_and(|login| login.success()));
    }
    site.hears("disconnected").await;
    let login = ssh.authenticate_password("alice", "secret").await;
    assert!(!login.is_ok_and(|login| login.success()));
}

#[tokio::test]
async fn nobody_is_let_in_for_nothing() {
    let site = Site::memory().await;
    let mut ssh = connect(site.addr).await;
    assert!(!ssh.authenticate_none("alice").await.unwrap().success());
    assert!(ssh.channel_open_session().await.is_err());
}

#[tokio::test]
async fn several_sessions_share_a_connection() {
    let site = Site::memory().await;
    let ssh = log_in(site.addr, "alice").await;
    let mut all = Vec::new();
    for _ in 0..8 {
        all.push(Sftp::open(&ssh).await);
    }
    assert!(ssh.channel_open_session().await.is_err(), "one too many");
    for (number, sftp) in all.iter_mut().enumerate() {
        sftp.put(&number.to_string(), b"x").await;
    }
    let last = all.pop().unwrap();
    last.channel.close().await.unwrap();
    drop(last);
    assert!(ssh.channel_open_session().await.is_ok());
}
