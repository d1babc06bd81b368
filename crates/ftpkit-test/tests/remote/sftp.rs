//! An SFTP server as a storage: what every storage must do, servers of one protocol that serve
//! one of the other, and what an upload leaves whose session is lost.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use ftpkit::{
    accounts::Users,
    client as ftp,
    fs::LocalDirectory,
    server::Server,
    ssh::{
        client::{
            ErrorKind as SshErrorKind, KnownHosts, Remote, RemoteConfig, SftpBuilder, SftpClient,
        },
        server::{HostKey, SftpServer},
    },
    storage::{Capabilities, Existing, Memory, OpenOptions, Storage, UploadPolicy},
};
use ftpkit_storage::{ErrorKind, conformance};
use tokio::task::JoinHandle;

use crate::files::{names, path, payload, put, read};

fn users(storage: Arc<dyn Storage>) -> Users {
    let users = Users::builder().user("ana", "secret", storage);
    users.build().unwrap()
}

/// A server that serves until it is dropped, and its sessions with it.
struct Running {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Running {
    async fn sftp(storage: Arc<dyn Storage>) -> Self {
        let server = SftpServer::builder()
            .listen("127.0.0.1:0")
            .host_key(HostKey::generate_ed25519().unwrap())
            .authenticator(users(storage))
            .failure_delay(Duration::ZERO)
            .bind()
            .await
            .unwrap();
        Self {
            address: server.local_addrs()[0],
            serving: tokio::spawn(server.serve()),
        }
    }

    async fn ftp(storage: Arc<dyn Storage>) -> Self {
        let server = Server::builder()
            .listen("127.0.0.1:0")
            .authenticator(users(storage))
            .failure_delay(Duration::ZERO)
            .bind()
            .await
            .unwrap();
        Self {
            address: server.local_addrs()[0],
            serving: tokio::spawn(server.serve()),
        }
    }

    async fn remote(&self, config: RemoteConfig) -> Remote {
        let address = self.address;
        let remote = Remote::connect_with(config, move || sftp_client(address));
        remote.await.unwrap()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn ftp_client(address: SocketAddr) -> ftp::ClientBuilder {
    ftp::Client::builder().url(&format!("ftp://ana:secret@{address}/"))
}

fn sftp_client(address: SocketAddr) -> SftpBuilder {
    SftpClient::builder()
        .url(&format!("sftp://ana:secret@{address}"))
        .agent(false)
        .known_hosts(KnownHosts::dangerous_accept_anybody())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_does_what_every_storage_does() {
    let directory = tempfile::tempdir().unwrap();
    let disk = LocalDirectory::open(directory.path()).unwrap();
    for storage in [Arc::new(Memory::new()) as Arc<dyn Storage>, Arc::new(disk)] {
        let server = Running::sftp(storage).await;
        let remote = server.remote(RemoteConfig::default()).await;
        let can = remote.capabilities();
        assert!(can.contains(
            Capabilities::WRITE
                | Capabilities::IN_PLACE
                | Capabilities::ANY_ORDER
                | Capabilities::ATOMIC_REPLACE
                | Capabilities::MODES
                | Capabilities::SET_TIMES
                | Capabilities::MAKE_SYMLINKS
                | Capabilities::COPY
        ));
        conformance::check(&remote, UploadPolicy::Atomic).await;
    }
    // Nothing that was given up was left, under whatever name.
    let mut left = Vec::new();
    let mut rooms = vec![directory.path().to_owned()];
    while let Some(room) = rooms.pop() {
        for entry in std::fs::read_dir(room).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                rooms.push(entry.path());
            }
            left.push(entry.file_name().into_string().unwrap_or_default());
        }
    }
    assert!(left.len() > 50, "{left:?}");
    left.retain(|name| name.contains(".upload-"));
    assert_eq!(left, [""; 0]);
}

#[tokio::test]
async fn an_ftp_server_serves_what_an_sftp_server_serves() {
    let far_storage = Arc::new(Memory::new());
    let far = Running::sftp(Arc::clone(&far_storage) as Arc<dyn Storage>).await;
    let near = Running::ftp(Arc::new(far.remote(RemoteConfig::default()).await)).await;
    let mut client = ftp_client(near.address).connect().await.unwrap();
    let data = payload(5_000_000);

    client.create_dir("docs").await.unwrap();
    client.upload(&data[..], "docs/report").await.unwrap();
    assert!(read(&*far_storage, "/docs/report").await == data);
    let mut got = Vec::new();
    client.download("docs/report", &mut got).await.unwrap();
    assert!(got == data);

    // All ways of going on.
    let mut rest = Vec::new();
    let download = client.download("docs/report", &mut rest);
    download.offset(4_650_001).await.unwrap();
    assert!(rest == data[4_650_001..]);
    client.upload(&data[..300_000], "part").await.unwrap();
    let upload = client.upload(&data[300_000..], "part");
    upload.offset(300_000).await.unwrap();
    assert!(read(&*far_storage, "/part").await == data);
    client.upload(&b"tail"[..], "part").append().await.unwrap();
    assert_eq!(read(&*far_storage, "/part").await.len(), data.len() + 4);

    client.rename("docs/report", "docs/old").await.unwrap();
    let listing = client.list("docs").await.unwrap().collect().await.unwrap();
    assert_eq!(listing.len(), 1);
    assert_eq!(listing[0].name_bytes(), b"old");
    assert_eq!(listing[0].size, Some(5_000_000));
    client.remove_file("docs/old").await.unwrap();
    client.remove_dir("docs").await.unwrap();
    assert_eq!(names(&*far_storage, "/").await, ["part"]);
    client.quit().await.unwrap();
}

#[tokio::test]
async fn an_sftp_server_serves_what_an_ftp_server_serves() {
    let far_storage = Arc::new(Memory::new());
    let far = Running::ftp(Arc::clone(&far_storage) as Arc<dyn Storage>).await;
    let address = far.address;
    let remote = ftp::Remote::connect(move || ftp_client(address));
    let near = Running::sftp(Arc::new(remote.await.unwrap())).await;
    let client = sftp_client(near.address).connect().await.unwrap();
    let data = payload(3_000_000);

    client.create_dir("docs").await.unwrap();
    client.upload(&data[..], "docs/report").await.unwrap();
    assert!(read(&*far_storage, "/docs/report").await == data);
    let mut got = Vec::new();
    client.download("docs/report", &mut got).await.unwrap();
    assert!(got == data);
    let mut listing = client.list("docs");
    let entry = listing.next().await.unwrap().unwrap();
    assert_eq!(&entry.name()[..], b"report");
    assert_eq!(entry.attributes.size, Some(3_000_000));
    assert_eq!(listing.next().await.unwrap(), None);
    let missing = client.metadata("docs/nothing").await.unwrap_err();
    assert_eq!(missing.kind(), SshErrorKind::NotFound);
    client.remove_file("docs/report").await.unwrap();
    client.remove_dir("docs").await.unwrap();
    assert!(names(&*far_storage, "/").await.is_empty());
    client.close().await;
}

#[tokio::test]
async fn the_root_may_be_any_directory() {
    let storage = Arc::new(Memory::new());
    storage.create_dir(&path("/below")).await.unwrap();
    put(&*storage, "/below/file", b"content").await;
    let server = Running::sftp(Arc::clone(&storage) as Arc<dyn Storage>).await;
    let mut config = RemoteConfig::default();
    config.root = b"below".to_vec();
    let remote = server.remote(config.clone()).await;
    assert_eq!(names(&remote, "/").await, ["file"]);
    assert_eq!(read(&remote, "/file").await, b"content");
    put(&remote, "/new", b"more").await;
    assert_eq!(read(&*storage, "/below/new").await, b"more");
    // By a link one could leave it.
    let linked = remote.symlink(b"/", &path("/out")).await;
    assert_eq!(linked.unwrap_err().kind(), ErrorKind::Unsupported);
    assert!(!remote.capabilities().contains(Capabilities::MAKE_SYMLINKS));

    for (root, kind) in [
        ("below/file", SshErrorKind::Unsupported),
        ("nowhere", SshErrorKind::NotFound),
    ] {
        config.root = root.into();
        let address = server.address;
        let refused = Remote::connect_with(config.clone(), move || sftp_client(address)).await;
        assert_eq!(refused.unwrap_err().kind(), kind, "{root}");
    }
}

#[tokio::test]
async fn what_is_left_out_is_not_used() {
    let storage = Arc::new(Memory::new());
    let server = Running::sftp(Arc::clone(&storage) as Arc<dyn Storage>).await;
    let mut config = RemoteConfig::default();
    config.capabilities = Capabilities::ALL
        .without(Capabilities::MAKE_SYMLINKS)
        .without(Capabilities::COPY);
    let remote = server.remote(config).await;
    assert!(!remote.capabilities().contains(Capabilities::COPY));
    put(&remote, "/file", b"x").await;
    let linked = remote.symlink(b"file", &path("/link")).await.unwrap_err();
    assert_eq!(linked.kind(), ErrorKind::Unsupported);
    let copied = remote.copy(&path("/file"), &path("/other")).await;
    assert_eq!(copied.unwrap_err().kind(), ErrorKind::Unsupported);
    assert_eq!(names(&*storage, "/").await, ["file"]);
}

#[tokio::test]
async fn reads_jump_and_go_on() {
    let storage = Arc::new(Memory::new());
    let data = payload(3_000_000);
    put(&*storage, "/file", &data).await;
    let server = Running::sftp(storage).await;
    let remote = server.remote(RemoteConfig::default()).await;
    let options = OpenOptions::read();
    let file = remote.open(&path("/file"), options).await.unwrap();
    for start in [0_usize, 10, 100_000, 2_900_000, 5, 2_999_990, 400_000] {
        // One behind the other, which is read ahead from the second on.
        let mut at = start;
        for _ in 0..4 {
            let mut block = [0; 1_000];
            let read = file.read_at(at as u64, &mut block).await.unwrap();
            assert!(read > 0 || at == data.len(), "at {at}");
            assert_eq!(block[..read], data[at..at + read], "at {at}");
            at += read;
        }
    }
    let beyond = file.read_at(3_000_001, &mut [0; 10]).await.unwrap();
    assert_eq!(beyond, 0);
}

#[tokio::test]
async fn a_session_that_was_lost_is_begun_anew() {
    let storage = Arc::new(Memory::new());
    put(&*storage, "/old", b"old").await;
    let server = Running::sftp(Arc::clone(&storage) as Arc<dyn Storage>).await;
    let proxy = Proxy::start(server.address).await;
    let address = proxy.address;
    let remote = Remote::connect(move || sftp_client(address)).await.unwrap();
    let options = OpenOptions::replace();
    let upload = remote.open(&path("/old"), options.clone()).await.unwrap();
    upload.write_at(0, &payload(100_000)).await.unwrap();
    let new = remote.open(&path("/new"), options).await.unwrap();
    new.write_at(0, b"half").await.unwrap();
    proxy.cut();

    // The uploads are lost, and nothing of them is ever seen.
    let lost = upload.commit().await.unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::Unavailable, "{lost:?}");
    drop(new);
    assert_eq!(read(&remote, "/old").await, b"old");
    assert_eq!(names(&remote, "/").await, ["old"]);
    put(&remote, "/new", b"whole").await;
    assert_eq!(read(&*storage, "/new").await, b"whole");
}

#[tokio::test]
async fn uploads_may_go_under_their_own_name() {
    let storage = Arc::new(Memory::new());
    let server = Running::sftp(Arc::clone(&storage) as Arc<dyn Storage>).await;
    let mut config = RemoteConfig::default();
    config.direct_uploads = true;
    let remote = server.remote(config).await;
    assert!(!remote.capabilities().contains(Capabilities::ATOMIC_REPLACE));
    for content in [&b"old"[..], b"new!"] {
        put(&remote, "/file", content).await;
        assert_eq!(read(&*storage, "/file").await, content);
    }
    let options = OpenOptions::create_new();
    let taken = remote.open(&path("/file"), options).await.map(drop);
    assert_eq!(taken.unwrap_err().kind(), ErrorKind::Exists);
}

#[tokio::test]
async fn a_large_directory_comes_in_pages() {
    let storage = Arc::new(Memory::new());
    for number in 0..2_500 {
        put(&*storage, &format!("/{number:04}"), b"").await;
    }
    let server = Running::sftp(storage).await;
    let remote = server.remote(RemoteConfig::default()).await;
    let expected: Vec<_> = (0..2_500).map(|number| format!("{number:04}")).collect();
    assert_eq!(names(&remote, "/").await, expected);
    let (one, other) = (path("/0000"), path("/0001"));
    let moved = remote.rename(&one, &other, Existing::Keep).await;
    assert_eq!(moved.unwrap_err().kind(), ErrorKind::Exists);
}

/// Between a client and a server, and cuts their connections on demand.
struct Proxy {
    address: SocketAddr,
    cut: Arc<tokio::sync::Notify>,
}

impl Proxy {
    async fn start(to: SocketAddr) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let cut = Arc::new(tokio::sync::Notify::new());
        let notified = Arc::clone(&cut);
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let cut = Arc::clone(&notified);
                tokio::spawn(async move {
                    let mut far = tokio::net::TcpStream::connect(to).await.unwrap();
                    tokio::select! {
                        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
                        () = cut.notified() => {}
                    }
                });
            }
        });
        Self { address, cut }
    }

    fn cut(&self) {
        self.cut.notify_waiters();
    }
}
