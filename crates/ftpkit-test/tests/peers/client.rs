//! ftpkit's client against vsftpd, ProFTPD, Pure-FTPd and pyftpdlib, in clear and under TLS,
//! passive and active.

use std::{collections::BTreeSet, fs, io::Cursor};

use ftpkit::{
    client::{Client, ErrorKind},
    proto::{PathArg, command::Command, facts::Kind as FileKind, time::Timestamp},
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::{
    servers::{self, Kind, Running, Security, Version},
    tls::client::trusting,
    tree::{self, NAMES, content},
};

async fn connect(server: &Running, active: bool) -> Client {
    let builder = Client::builder().url(&server.url()).tls_config(trusting());
    let builder = if active { builder.active() } else { builder };
    builder.connect().await.unwrap()
}

async fn read(client: &mut Client, path: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    client.download(path, &mut bytes).await.unwrap();
    bytes
}

async fn names(client: &mut Client, path: &str) -> BTreeSet<String> {
    let entries = client.list(path).await.unwrap().collect().await.unwrap();
    entries
        .iter()
        .map(|entry| entry.name().to_str().unwrap().to_owned())
        .collect()
}

/// Everything that a user does, against one server in one mode.
async fn everything(kind: Kind, security: Security, active: bool) {
    let server = servers::start(kind, security);
    let mut client = connect(&server, active).await;
    let who = format!("{kind:?}, {security:?}, active {active}");

    // An empty directory.
    client.create_dir("empty").await.unwrap();
    assert!(names(&mut client, "empty").await.is_empty(), "{who}");

    // Names that are difficult, up, listed, and down.
    client.create_dir("names").await.unwrap();
    client.change_dir("names").await.unwrap();
    let difficult: Vec<&str> = NAMES
        .iter()
        .copied()
        // Pure-FTPd stores it with an underscore in front.
        .filter(|name| kind != Kind::PureFtpd || !name.starts_with(' '))
        .collect();
    for (seed, name) in difficult.iter().enumerate() {
        let bytes = content(seed as u64, 1000 + seed);
        client.upload(Cursor::new(&bytes), name).await.unwrap();
        let stored = fs::read(server.root.join("names").join(name));
        assert!(
            stored.is_ok_and(|stored| stored == bytes),
            "{who}: {name}: {:?}",
            tree::walk(&server.root).keys()
        );
        assert!(read(&mut client, name).await == bytes, "{who}: {name}");
    }
    let expected: BTreeSet<String> = difficult.iter().map(|name| (*name).to_owned()).collect();
    let visible: BTreeSet<String> = match kind {
        // vsftpd and ProFTPD leave dot files out of LIST unless they are told otherwise.
        Kind::Vsftpd => expected
            .iter()
            .filter(|name| !name.starts_with('.'))
            .cloned()
            .collect(),
        _ => expected.clone(),
    };
    let mut listed = names(&mut client, "").await;
    if !visible.contains(".hidden") {
        listed.remove(".hidden");
    }
    assert_eq!(listed, visible, "{who}");
    for name in &difficult {
        client.rename(name, format!("{name}~")).await.unwrap();
        client.remove_file(format!("{name}~")).await.unwrap();
    }
    assert!(names(&mut client, "").await.is_empty(), "{who}");
    client.change_dir("..").await.unwrap();

    // Sizes, and resumption both ways.
    for size in [0, 1, 65_536, 10_000_001] {
        let bytes = content(size as u64, size);
        client.upload(Cursor::new(&bytes), "sized").await.unwrap();
        assert!(read(&mut client, "sized").await == bytes, "{who}: {size}");
        assert_eq!(
            client.metadata("sized").await.unwrap().size,
            Some(size as u64),
            "{who}"
        );
    }
    let whole = content(10_000_001, 10_000_001);
    let mut tail = Vec::new();
    client
        .download("sized", &mut tail)
        .offset(9_000_000)
        .await
        .unwrap();
    assert!(tail == whole[9_000_000..], "{who}: resumed download");
    let local = tempfile::tempdir().unwrap();
    let path = local.path().join("sized");
    fs::write(&path, &whole[..1_234_567]).unwrap();
    client.download_to("sized", &path).resume().await.unwrap();
    assert!(
        fs::read(&path).unwrap() == whole,
        "{who}: resumed download to a file"
    );
    client
        .upload(Cursor::new(&whole[..5_000_000]), "half")
        .await
        .unwrap();
    client.upload_from(&path, "half").resume().await.unwrap();
    assert!(
        read(&mut client, "half").await == whole,
        "{who}: resumed upload"
    );
    client
        .upload(Cursor::new(b"tail"), "half")
        .offset(9_999_999)
        .await
        .unwrap();
    let end = fs::read(server.root.join("half")).unwrap();
    assert_eq!(&end[9_999_999..10_000_003], b"tail", "{who}: REST and STOR");

    // Handles; one that is dropped in the middle leaves the connection usable.
    let mut writer = client.writer("handle").await.unwrap();
    writer.write_all(&whole[..300_000]).await.unwrap();
    writer.finish().await.unwrap();
    let mut reader = client.reader("handle").await.unwrap();
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).await.unwrap();
    reader.finish().await.unwrap();
    assert!(bytes == whole[..300_000], "{who}: handles");
    for _ in 0..3 {
        let mut reader = client.reader("sized").await.unwrap();
        reader.read_exact(&mut [0; 1000]).await.unwrap();
        drop(reader);
        assert_eq!(
            client.metadata("handle").await.unwrap().size,
            Some(300_000),
            "{who}"
        );
    }

    // Attributes, by whatever command the server has.
    let then = Timestamp::from_unix(1_600_000_000, 0).unwrap();
    client.set_modified("handle", then).await.unwrap();
    let modified = client.metadata("handle").await.unwrap().modified.unwrap();
    assert_eq!(modified.timestamp(), Some(then), "{who}");

    // What is missing or refused, with the server's words; the connection goes on.
    let missing = client
        .download("missing", &mut Vec::new())
        .await
        .unwrap_err();
    // 550 alone does not tell that a file is missing; vsftpd's words do not either.
    let said = match kind {
        Kind::Vsftpd => ErrorKind::Refused,
        _ => ErrorKind::NotFound,
    };
    assert_eq!(missing.kind(), said, "{who}: {missing}");
    assert!(missing.to_string().contains("550"), "{who}: {missing}");
    let refused = client
        .upload(Cursor::new(b"x"), "no/such/dir/file")
        .await
        .unwrap_err();
    assert!(
        refused
            .reply()
            .is_some_and(|reply| reply.code().is_refusal()),
        "{who}: {refused}"
    );
    let busy = client.remove_dir("names/missing").await.unwrap_err();
    assert!(busy.reply().is_some(), "{who}: {busy}");

    let listing = client.list("").await.unwrap().collect().await.unwrap();
    let directory = listing
        .iter()
        .find(|entry| entry.name().as_bytes() == b"names")
        .unwrap();
    assert_eq!(directory.kind, FileKind::Directory, "{who}");
    for name in ["sized", "half", "handle"] {
        client.remove_file(name).await.unwrap();
    }
    for name in ["names", "empty"] {
        client.remove_dir(name).await.unwrap();
    }
    assert!(names(&mut client, "").await.is_empty(), "{who}");
    let noop = client.command(Command::Noop).await.unwrap();
    assert!(noop.code().is_success(), "{who}");
    let size = client
        .command(Command::Size(PathArg::from_static("missing")))
        .await
        .unwrap();
    assert!(size.code().is_refusal(), "{who}");
    client.quit().await.unwrap();
}

async fn everything_in_every_way(kind: Kind) {
    for active in [false, true] {
        everything(kind, Security::Clear, active).await;
        for version in Version::ALL {
            everything(kind, Security::Explicit(version), active).await;
        }
    }
}

#[tokio::test]
async fn everything_against_vsftpd() {
    everything_in_every_way(Kind::Vsftpd).await;
}

#[tokio::test]
async fn everything_against_proftpd() {
    everything_in_every_way(Kind::Proftpd).await;
}

#[tokio::test]
async fn everything_against_pure_ftpd() {
    everything_in_every_way(Kind::PureFtpd).await;
}

#[tokio::test]
async fn everything_against_pyftpdlib() {
    everything_in_every_way(Kind::Pyftpdlib).await;
}

#[tokio::test]
async fn a_wrong_password_is_a_login_error() {
    for kind in Kind::ALL {
        // This one lets anybody in: it has no passwords of its own.
        if kind == Kind::Vsftpd {
            continue;
        }
        let server = servers::start(kind, Security::Clear);
        let url = format!("ftp://{}:wrong@{}/", server.user, server.address);
        let error = Client::connect(&url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Login, "{kind:?}: {error}");
        assert!(error.to_string().contains("530"), "{kind:?}: {error}");
        assert!(!error.to_string().contains("wrong"), "{kind:?}: {error}");
    }
}
