//! An FTP server as a storage: what every storage must do, and a server that serves another.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use ftpkit::{
    accounts::Users,
    client::{Client, ClientBuilder, Remote, RemoteConfig},
    fs::LocalDirectory,
    proto::server::Timeouts,
    server::{Server, ServerBuilder, ServerHandle},
    storage::{Capabilities, Memory, OpenOptions, Storage, UploadPolicy},
};
use ftpkit_storage::{ErrorKind, conformance};
use tokio::task::JoinHandle;

use crate::files::{names, path, payload, read};

struct Running {
    address: SocketAddr,
    handle: ServerHandle,
    serving: JoinHandle<()>,
}

impl Running {
    async fn over(storage: Arc<dyn Storage>) -> Self {
        Self::with(storage, |builder| builder).await
    }

    async fn with(
        storage: Arc<dyn Storage>,
        change: impl FnOnce(ServerBuilder) -> ServerBuilder,
    ) -> Self {
        let users = Users::builder().user("ana", "secret", storage).build();
        let builder = Server::builder()
            .listen("127.0.0.1:0")
            .authenticator(users.unwrap())
            .failure_delay(Duration::ZERO);
        let server = change(builder).bind().await.unwrap();
        Self {
            address: server.local_addrs()[0],
            handle: server.handle(),
            serving: tokio::spawn(server.serve()),
        }
    }

    fn client(&self) -> ClientBuilder {
        let address = self.address;
        Client::builder().url(&format!("ftp://ana:secret@{address}/"))
    }

    async fn remote(&self, config: RemoteConfig) -> Remote {
        let address = self.address;
        let make = move || Client::builder().url(&format!("ftp://ana:secret@{address}/"));
        Remote::connect_with(config, make).await.unwrap()
    }

    async fn stop(self) {
        self.handle.shutdown(Duration::from_secs(5)).await;
        self.serving.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_does_what_every_storage_does() {
    let directory = tempfile::tempdir().unwrap();
    let disk = LocalDirectory::open(directory.path()).unwrap();
    for storage in [Arc::new(Memory::new()) as Arc<dyn Storage>, Arc::new(disk)] {
        let server = Running::over(storage).await;
        let remote = server.remote(RemoteConfig::default()).await;
        let can = remote.capabilities();
        assert!(can.contains(
            Capabilities::WRITE
                | Capabilities::IN_PLACE
                | Capabilities::ATOMIC_REPLACE
                | Capabilities::SET_TIMES
        ));
        conformance::check(&remote, UploadPolicy::Atomic).await;
        server.stop().await;
    }
}

#[tokio::test]
async fn a_server_serves_what_another_serves() {
    let far_storage = Arc::new(Memory::new());
    let far = Running::over(Arc::clone(&far_storage) as Arc<dyn Storage>).await;
    let near = Running::over(Arc::new(far.remote(RemoteConfig::default()).await)).await;
    let mut client = near.client().connect().await.unwrap();
    let data = payload(700_000);

    client.create_dir("docs").await.unwrap();
    client.upload(&data[..], "docs/report").await.unwrap();
    assert_eq!(read(&*far_storage, "/docs/report").await, data);
    let mut got = Vec::new();
    client.download("docs/report", &mut got).await.unwrap();
    assert!(got == data);

    // Both ways of going on.
    let mut rest = Vec::new();
    client
        .download("docs/report", &mut rest)
        .offset(650_001)
        .await
        .unwrap();
    assert!(rest == data[650_001..]);
    client.upload(&data[..300_000], "part").await.unwrap();
    client
        .upload(&data[300_000..], "part")
        .offset(300_000)
        .await
        .unwrap();
    assert!(read(&*far_storage, "/part").await == data);
    client.upload(&b"tail"[..], "part").append().await.unwrap();
    assert_eq!(read(&*far_storage, "/part").await.len(), data.len() + 4);

    client.rename("docs/report", "docs/old").await.unwrap();
    let listing = client.list("docs").await.unwrap().collect().await.unwrap();
    assert_eq!(listing.len(), 1);
    assert_eq!(listing[0].name_bytes(), b"old");
    assert_eq!(listing[0].size, Some(700_000));
    client.remove_file("docs/old").await.unwrap();
    client.remove_dir("docs").await.unwrap();
    assert_eq!(names(&*far_storage, "/").await, ["part"]);
    client.quit().await.unwrap();
    near.stop().await;
    far.stop().await;
}

#[tokio::test]
async fn reads_jump_and_go_on() {
    let storage = Arc::new(Memory::new());
    let server = Running::over(Arc::clone(&storage) as Arc<dyn Storage>).await;
    let data = payload(3_000_000);
    let mut client = server.client().connect().await.unwrap();
    client.upload(&data[..], "file").await.unwrap();
    let remote = server.remote(RemoteConfig::default()).await;
    let file = remote
        .open(&path("/file"), OpenOptions::read())
        .await
        .unwrap();
    for at in [0_usize, 10, 100_000, 2_900_000, 5, 2_999_990, 400_000] {
        let mut block = [0; 10];
        let read = file.read_at(at as u64, &mut block).await.unwrap();
        assert!(read > 0, "at {at}");
        assert_eq!(block[..read], data[at..at + read], "at {at}");
    }
    server.stop().await;
}

#[tokio::test]
async fn one_connection_too_many_is_waited_for() {
    let storage = Arc::new(Memory::new());
    let server = Running::over(Arc::clone(&storage) as Arc<dyn Storage>).await;
    let mut client = server.client().connect().await.unwrap();
    client
        .upload(&payload(5_000_000)[..], "file")
        .await
        .unwrap();
    let mut config = RemoteConfig::default();
    config.connections = 1;
    config.wait = Duration::from_millis(50);
    let remote = server.remote(config).await;

    // One connection, which the open file has.
    let file = remote
        .open(&path("/file"), OpenOptions::read())
        .await
        .unwrap();
    let refused = remote.metadata(&path("/file")).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::Unavailable);
    drop(file);
    let mut tries = 0;
    while remote.metadata(&path("/file")).await.is_err() {
        tries += 1;
        assert!(tries < 1000, "the connection was not given back");
    }
    server.stop().await;
    let lost = remote.metadata(&path("/file")).await.unwrap_err();
    assert_eq!(lost.kind(), ErrorKind::Unavailable);
}

#[tokio::test]
async fn a_connection_that_was_closed_is_made_anew() {
    let mut timeouts = Timeouts::default();
    timeouts.idle = Duration::from_secs(1);
    let storage = Arc::new(Memory::new());
    let server = Running::with(storage, |b| b.timeouts(timeouts)).await;
    let remote = server.remote(RemoteConfig::default()).await;
    for _ in 0..2 {
        let mut tries = 0;
        while server.handle.sessions() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
            tries += 1;
            assert!(tries < 10_000, "the server lets nobody go");
        }
        let root = remote.metadata(&path("/")).await.unwrap();
        assert!(root.is_directory());
    }
    server.stop().await;
}

#[tokio::test]
async fn uploads_may_go_under_their_own_name() {
    let storage = Arc::new(Memory::new());
    let server = Running::over(Arc::clone(&storage) as Arc<dyn Storage>).await;
    let mut config = RemoteConfig::default();
    config.direct_uploads = true;
    let remote = server.remote(config).await;
    assert!(!remote.capabilities().contains(Capabilities::ATOMIC_REPLACE));
    for content in [&b"old"[..], b"new!"] {
        let options = OpenOptions::replace();
        let file = remote.open(&path("/file"), options).await.unwrap();
        file.write_at(0, content).await.unwrap();
        let gap = file.write_at(9, b"x").await.unwrap_err();
        assert_eq!(gap.kind(), ErrorKind::Unsupported);
        file.commit().await.unwrap();
        assert_eq!(read(&*storage, "/file").await, content);
    }
    server.stop().await;
}
