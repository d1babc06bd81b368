//! The client against a small server of SSH and SFTP that does as each test says.
#![cfg(feature = "client")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(unix)]
mod agent;
mod certificates;
mod peer;

use std::{
    io::Write as _,
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use ftpkit_ssh::client::{
    Answer, ErrorKind, Existing, KnownHosts, Question, SftpBuilder, SftpClient,
};

use self::peer::{Peer, Setup};

fn trusting(peer: &Peer) -> SftpBuilder {
    SftpClient::builder()
        .host("127.0.0.1")
        .port(peer.port)
        .user("ana")
        .agent(false)
        .default_keys(false)
        .known_hosts(KnownHosts::dangerous_accept_anybody())
}

async fn connect(peer: &Peer) -> SftpClient {
    trusting(peer).password("secret").connect().await.unwrap()
}

fn content(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 % 251) as u8).collect()
}

#[tokio::test]
async fn files_come_and_go_as_they_are() {
    let peer = Peer::start(Setup::default()).await;
    let client = connect(&peer).await;
    let directory = tempfile::tempdir().unwrap();
    let local = directory.path().join("a");
    for length in [0, 1, 40_000, 3_000_000] {
        std::fs::write(&local, content(length)).unwrap();
        let sent = client.upload_from(&local, "up").await.unwrap();
        assert_eq!(sent.bytes, length as u64);
        assert_eq!(peer.file("up").unwrap(), content(length));
        let back = directory.path().join("b");
        let mut last = 0;
        let got = client
            .download_to("up", &back)
            .progress(|at| last = at.position);
        assert_eq!(got.await.unwrap().bytes, length as u64);
        assert_eq!(last, length as u64);
        assert_eq!(std::fs::read(&back).unwrap(), content(length));
        let mut sink = Vec::new();
        client.download("up", &mut sink).await.unwrap();
        assert_eq!(sink, content(length));
        client.upload(&sink[..], "again").await.unwrap();
        assert_eq!(peer.file("again").unwrap(), content(length));
    }
    client.close().await;
}

#[tokio::test]
async fn transfers_go_on_where_they_ended() {
    let peer = Peer::start(Setup::default()).await;
    let client = connect(&peer).await;
    let directory = tempfile::tempdir().unwrap();
    let local = directory.path().join("a");
    peer.put("far", &content(100_000));
    std::fs::write(&local, &content(100_000)[..30_000]).unwrap();
    let got = client.download_to("far", &local).resume().await.unwrap();
    assert_eq!(got.bytes, 70_000);
    assert_eq!(std::fs::read(&local).unwrap(), content(100_000));
    peer.put("far", &content(100_000)[..60_000]);
    let sent = client.upload_from(&local, "far").resume().await.unwrap();
    assert_eq!(sent.bytes, 40_000);
    assert_eq!(peer.file("far").unwrap(), content(100_000));
    // What is longer than its source is another file.
    peer.put("far", b"short");
    let error = client
        .download_to("far", &local)
        .resume()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Incomplete);
    assert_eq!(std::fs::read(&local).unwrap(), content(100_000));
}

#[tokio::test]
async fn a_failed_download_leaves_no_file() {
    let peer = Peer::start(Setup::default()).await;
    let client = connect(&peer).await;
    let directory = tempfile::tempdir().unwrap();
    let local = directory.path().join("a");
    let error = client.download_to("none\u{1b}", &local).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    let line = error.to_string();
    assert!(
        line.contains("no such file") && !line.contains('\u{1b}'),
        "{line}"
    );
    assert!(line.contains(&format!("127.0.0.1:{}", peer.port)), "{line}");
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
    // The session goes on.
    client.create_dir("d").await.unwrap();
}

#[tokio::test]
async fn many_transfers_share_a_session_and_a_slow_one_holds_nobody_up() {
    let peer = Peer::start(Setup::default()).await;
    let client = connect(&peer).await;
    let big = content(20_000_000);
    peer.put("big", &big);
    let mut slow = client.reader("big", 0);
    let first = slow.next().await.unwrap().unwrap();
    let others = (0..8).map(|number| {
        let client = client.clone();
        async move {
            let path = format!("f{number}");
            let bytes = content(200_000 + number);
            client.upload(&bytes[..], &path).await.unwrap();
            let mut sink = Vec::new();
            client.download(&path, &mut sink).await.unwrap();
            assert_eq!(sink, bytes);
        }
    });
    futures::future::join_all(others).await;
    let asked = peer.read_so_far();
    assert!(asked < big.len() as u64 + 8 * 210_000, "held: {asked}");
    let mut all = first.to_vec();
    while let Some(bytes) = slow.next().await.unwrap() {
        all.extend_from_slice(&bytes);
    }
    assert!(all == big);
}

#[tokio::test]
async fn what_is_dropped_is_taken_back_and_closed() {
    let peer = Peer::start(Setup::default()).await;
    let client = connect(&peer).await;
    peer.put("big", &content(20_000_000));
    let mut reader = client.reader("big", 0);
    reader.next().await.unwrap();
    drop(reader);
    let mut writer = client.writer("part", 0);
    writer.write(Bytes::from(content(10))).await.unwrap();
    drop(writer);
    drop(client.list("."));
    // Whatever was opened is closed before this answer comes, or soon after.
    while peer.open_handles() > 0 {
        client.metadata("big").await.unwrap();
    }
}

#[tokio::test]
async fn names_are_made_moved_and_removed() {
    let peer = Peer::start(Setup::default()).await;
    let client = connect(&peer).await;
    client.create_dir("d").await.unwrap();
    peer.put("a", b"x");
    assert_eq!(client.metadata("a").await.unwrap().size, Some(1));
    client.rename("a", "b", Existing::Keep).await.unwrap();
    let error = client
        .rename("b", "c", Existing::Replace)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    client.remove_file("b").await.unwrap();
    client.remove_dir("d").await.unwrap();
    assert!(client.list(".").next().await.unwrap().is_none());
}

#[tokio::test]
async fn evil_names_are_no_entries() {
    let evil = (0..200).map(|number| match number % 5 {
        0 => format!("../x{number}"),
        1 => format!("a/b{number}"),
        2 => format!("/etc/{number}"),
        3 => format!("nul\0{number}"),
        _ => String::new(),
    });
    let mut names: Vec<String> = evil.collect();
    names.push("good".to_owned());
    let peer = Peer::start(Setup {
        listing: names,
        ..Setup::default()
    })
    .await;
    let client = connect(&peer).await;
    let mut listing = client.list(".");
    let mut found = Vec::new();
    while let Some(entry) = listing.next().await.unwrap() {
        found.push(entry.name().clone());
    }
    assert_eq!(found, ["good"]);
    assert_eq!(listing.refused_count(), 200);
    assert_eq!(listing.refused().len(), 100);
}

#[tokio::test]
async fn hosts_are_checked_by_default_and_remembered_when_asked() {
    let peer = Peer::start(Setup::default()).await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("known_hosts");
    let builder = || trusting(&peer).password("secret");
    let strict = builder().known_hosts(KnownHosts::file(&file));
    let error = strict.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::HostKeyUnknown);
    assert!(error.to_string().contains("SHA256:"), "{error}");
    assert_eq!(peer.logins(), 0, "no password goes to an unknown host");

    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&asked);
    let asking = KnownHosts::file(&file).ask(move |unknown| {
        seen.lock()
            .unwrap()
            .push(unknown.key.fingerprint().to_string());
        Answer::Remember
    });
    let client = builder().known_hosts(asking).connect().await.unwrap();
    let key = client.agreed().host_key.clone().unwrap();
    assert_eq!(*asked.lock().unwrap(), [key.fingerprint().to_string()]);
    assert!(client.agreed().strict);
    assert_eq!(client.agreed().cipher, "aes256-gcm@openssh.com");
    let known = builder().known_hosts(KnownHosts::file(&file));
    known.connect().await.unwrap();

    // Another server at the same place is not the host that is known.
    let mut other = std::fs::OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(&file)
        .unwrap();
    let foreign =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    writeln!(other, "[127.0.0.1]:{} {foreign}", peer.port).unwrap();
    let logins = peer.logins();
    let changed = builder().known_hosts(KnownHosts::file(&file).ask(|_| Answer::Remember));
    let error = changed.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::HostKeyChanged);
    assert_eq!(peer.logins(), logins);
}

#[tokio::test]
async fn logins_fail_with_what_the_server_offers() {
    let peer = Peer::start(Setup::default()).await;
    let error = trusting(&peer)
        .password("wrong")
        .connect()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Login);
    let line = error.to_string();
    assert!(line.contains("it refused the password"), "{line}");
    assert!(!line.contains("wrong"), "{line}");
    let error = trusting(&peer).connect().await.unwrap_err();
    assert!(
        error.to_string().contains("nothing could be tried"),
        "{error}"
    );
    let asked = trusting(&peer).ask(|question| match question {
        Question::Password(who) => {
            assert!(who.starts_with("ana@127.0.0.1:"));
            Some("secret".to_owned())
        }
        _ => None,
    });
    asked.connect().await.unwrap();
}

#[tokio::test]
async fn a_server_that_asks_gets_the_password_and_what_a_person_says() {
    let peer = Peer::start(Setup {
        asks: true,
        ..Setup::default()
    })
    .await;
    let builder = |code: &'static str| {
        trusting(&peer).ask(move |question| match question {
            Question::Password(_) => None,
            Question::Prompt {
                text: "Password:",
                echo: false,
            } => Some("secret".to_owned()),
            Question::Prompt {
                text: "Code:",
                echo: true,
            } => Some(code.to_owned()),
            other => panic!("{other:?}"),
        })
    };
    builder("42").connect().await.unwrap();
    let error = builder("41").connect().await.unwrap_err();
    assert!(
        error.to_string().contains("keyboard-interactive"),
        "{error}"
    );
}

#[tokio::test]
async fn key_files_log_in_also_under_a_passphrase() {
    let directory = tempfile::tempdir().unwrap();
    let (plain, locked) = (
        directory.path().join("plain"),
        directory.path().join("locked"),
    );
    let key = peer::new_key();
    let openssh = |key: &russh::keys::PrivateKey| key.to_openssh(Default::default()).unwrap();
    std::fs::write(&plain, openssh(&key)).unwrap();
    let under = key
        .encrypt(&mut russh::keys::key::safe_rng(), "open")
        .unwrap();
    std::fs::write(&locked, openssh(&under)).unwrap();
    let peer = Peer::start(Setup {
        user_key: Some(key.public_key().clone()),
        ..Setup::default()
    })
    .await;
    trusting(&peer).key_file(&plain).connect().await.unwrap();
    let asked = trusting(&peer)
        .key_file(&locked)
        .ask(|question| match question {
            Question::Passphrase(_) => Some("open".to_owned()),
            _ => None,
        });
    asked.connect().await.unwrap();
    let error = trusting(&peer)
        .key_file(&locked)
        .connect()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("passphrase"), "{error}");
    let missing = directory.path().join("none");
    let error = trusting(&peer)
        .key_file(missing)
        .connect()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Local);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_falls_silent_is_given_up() {
    let peer = Peer::start(Setup {
        silent: true,
        ..Setup::default()
    })
    .await;
    let error = trusting(&peer)
        .password("secret")
        .connect()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
}

#[tokio::test]
async fn a_session_that_is_lost_says_so() {
    let peer = Peer::start(Setup::default()).await;
    let client = connect(&peer).await;
    peer.put("a", b"x");
    peer.stop();
    // Some answers may come yet.
    let error = loop {
        match client.metadata("a").await {
            Ok(_) => tokio::task::yield_now().await,
            Err(error) => break error,
        }
    };
    assert!(error.is_closed(), "{error}");
    let error = client.metadata("a").await.unwrap_err();
    assert!(error.is_closed(), "{error}");
}

#[tokio::test]
async fn what_is_no_ssh_server_is_told() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let error = SftpClient::builder()
        .host("127.0.0.1")
        .port(port)
        .user("a")
        .connect()
        .await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Connect);
    let error = SftpClient::connect("ftp://h/").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}
