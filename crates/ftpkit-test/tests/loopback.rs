//! The client against the server, over sockets of the loopback: passive and active, IPv4 and
//! IPv6. What each role does on its own is tested in its crate.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc, time::Duration};

use ftpkit::{
    accounts::Users,
    client::{Client, ClientBuilder, ErrorKind, Step},
    fs::LocalDirectory,
    proto::{
        command::Command,
        facts::Kind,
        time::{Civil, Timestamp},
    },
    server::{Server, ServerHandle},
    storage::{Memory, ReadOnly, Storage},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinHandle,
};

const NAMES: [&str; 9] = [
    "plain",
    "a b",
    " leading",
    "quo\"te",
    "ümläut",
    "-dash",
    "semi;colon",
    "per%cent",
    ".hidden",
];

struct Running {
    addresses: Vec<SocketAddr>,
    handle: ServerHandle,
    serving: JoinHandle<()>,
}

impl Running {
    /// `ana` may write to the storage, `bob` may read it.
    async fn over(storage: Arc<dyn Storage>) -> Self {
        let read_only = Arc::new(ReadOnly::new(Arc::clone(&storage)));
        let users = Users::builder()
            .user("ana", "secret", storage)
            .user("bob", "secret", read_only)
            .build()
            .unwrap();
        let server = Server::builder()
            .listen("127.0.0.1:0")
            .listen("[::1]:0")
            .authenticator(users)
            .failure_delay(Duration::ZERO)
            .bind()
            .await
            .unwrap();
        Self {
            addresses: server.local_addrs().to_vec(),
            handle: server.handle(),
            serving: tokio::spawn(server.serve()),
        }
    }

    fn as_user(&self, user: &str, address: SocketAddr) -> ClientBuilder {
        Client::builder().url(&format!("ftp://{user}:secret@{address}/"))
    }

    async fn client(&self) -> Client {
        self.as_user("ana", self.addresses[0])
            .connect()
            .await
            .unwrap()
    }

    /// In both modes over both families.
    async fn clients(&self) -> Vec<Client> {
        let mut clients = Vec::new();
        for address in &self.addresses {
            clients.push(self.as_user("ana", *address).connect().await.unwrap());
            clients.push(
                self.as_user("ana", *address)
                    .active()
                    .connect()
                    .await
                    .unwrap(),
            );
        }
        clients
    }

    /// No session is left behind.
    async fn stop(self) {
        self.handle.shutdown(Duration::from_secs(5)).await;
        self.serving.await.unwrap();
    }
}

async fn memory() -> Running {
    Running::over(Arc::new(Memory::new())).await
}

fn payload(size: usize) -> Vec<u8> {
    (0..size).map(|n| (n ^ (n >> 8)) as u8).collect()
}

async fn names(client: &mut Client, path: &str) -> BTreeSet<String> {
    let listing = client.list(path).await.unwrap().collect().await.unwrap();
    listing
        .iter()
        .map(|entry| entry.name().to_string())
        .collect()
}

async fn read(client: &mut Client, path: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    client.download(path, &mut bytes).await.unwrap();
    bytes
}

#[tokio::test]
async fn files_go_up_and_come_down_whatever_their_names() {
    let server = memory().await;
    for mut client in server.clients().await {
        client.create_dir("dir").await.unwrap();
        client.change_dir("dir").await.unwrap();
        for (size, name) in [0, 1, 1000, 65_536, 131_073, 300_000, 1, 2, 3]
            .into_iter()
            .zip(NAMES)
        {
            let bytes = payload(size);
            let transferred = client.upload(&bytes[..], name).await.unwrap();
            assert_eq!(transferred.bytes, size as u64);
            assert!(read(&mut client, name).await == bytes, "{name}");
            let entry = client.metadata(name).await.unwrap();
            assert_eq!((entry.kind, entry.size), (Kind::File, Some(size as u64)));
        }
        assert_eq!(
            names(&mut client, "").await,
            NAMES.map(str::to_owned).into()
        );
        for name in NAMES {
            client.rename(name, format!("{name}~")).await.unwrap();
            client.remove_file(format!("{name}~")).await.unwrap();
        }
        assert!(names(&mut client, "").await.is_empty());
        assert_eq!(client.current_dir().await.unwrap().as_bytes(), b"/dir");
        client.change_dir("..").await.unwrap();
        client.remove_dir("dir").await.unwrap();
        client.quit().await.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn a_large_file_is_the_same_at_the_other_end() {
    let (root, local) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Running::over(Arc::new(LocalDirectory::open(root.path()).unwrap())).await;
    let bytes = payload(20_000_001);
    let (up, down) = (local.path().join("up"), local.path().join("down"));
    std::fs::write(&up, &bytes).unwrap();
    for mut client in server.clients().await {
        let mut last = None;
        client
            .upload_from(&up, "big")
            .progress(|at| last = Some(at))
            .await
            .unwrap();
        let at = last.unwrap();
        assert_eq!((at.position, at.total), (20_000_001, Some(20_000_001)));
        assert!(std::fs::read(root.path().join("big")).unwrap() == bytes);
        client.download_to("big", &down).await.unwrap();
        assert!(std::fs::read(&down).unwrap() == bytes);
        client.quit().await.unwrap();
    }
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 1);
    server.stop().await;
}

#[tokio::test]
async fn transfers_resume_both_ways() {
    let server = memory().await;
    let local = tempfile::tempdir().unwrap();
    let path = local.path().join("a");
    let bytes = payload(500_000);
    for mut client in server.clients().await {
        client.upload(&bytes[..], "a").await.unwrap();
        std::fs::write(&path, &bytes[..200_000]).unwrap();
        let moved = client.download_to("a", &path).resume().await.unwrap().bytes;
        assert_eq!(moved, 300_000);
        assert!(std::fs::read(&path).unwrap() == bytes);
        // All is there already.
        let moved = client.download_to("a", &path).resume().await.unwrap().bytes;
        assert_eq!(moved, 0);

        client.upload(&bytes[..200_000], "b").await.unwrap();
        let moved = client.upload_from(&path, "b").resume().await.unwrap().bytes;
        assert_eq!(moved, 300_000);
        assert!(read(&mut client, "b").await == bytes);

        client.upload(&b"XY"[..], "b").offset(10).await.unwrap();
        let mut tail = Vec::new();
        client.download("b", &mut tail).offset(9).await.unwrap();
        assert_eq!(tail[..3], [bytes[9], b'X', b'Y']);
        client.upload(&b"end"[..], "b").append().await.unwrap();
        assert!(read(&mut client, "b").await.ends_with(b"end"));
        client.quit().await.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_dropped_leaves_the_session_usable() {
    let server = memory().await;
    let bytes = payload(5_000_000);
    for mut client in server.clients().await {
        client.upload(&bytes[..], "big").await.unwrap();
        for taken in [0, 1, 100_000] {
            let mut reader = client.reader("big").await.unwrap();
            reader.read_exact(&mut vec![0; taken]).await.unwrap();
            drop(reader);
            assert_eq!(client.metadata("big").await.unwrap().size, Some(5_000_000));
        }
        let reader = client.reader("big").await.unwrap();
        reader.abort().await.unwrap();
        for given in [0, 1, 100_000] {
            let mut writer = client.writer("part").await.unwrap();
            writer.write_all(&bytes[..given]).await.unwrap();
            drop(writer);
            let error = client.metadata("part").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::NotFound, "{given} bytes: {error}");
        }
        let listing = client.list("").await.unwrap();
        drop(listing);
        assert!(read(&mut client, "big").await == bytes);
        client.quit().await.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn a_future_that_is_dropped_anywhere_leaves_the_session_usable() {
    let server = memory().await;
    let bytes = payload(1_000_000);
    let mut client = server.client().await;
    client.upload(&bytes[..], "a").await.unwrap();
    // Polled n times and dropped, for all n until it is done: as a timeout may do it.
    for polls in 1.. {
        let mut sink = Vec::new();
        let mut download = Box::pin(client.download("a", &mut sink).into_future());
        let mut done = false;
        for _ in 0..polls {
            let next = std::future::poll_fn(|cx| {
                std::task::Poll::Ready(download.as_mut().poll(cx).is_ready())
            });
            done = next.await;
            if done {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(download);
        let reply = client.command(Command::Noop).await.unwrap();
        assert_eq!(reply.code().number(), 200, "after {polls} polls");
        if done {
            assert!(sink == bytes);
            break;
        }
    }
    client.quit().await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn refusals_have_their_kinds_and_the_session_goes_on() {
    let server = memory().await;
    let mut client = server.client().await;
    client.upload(&b"x"[..], "file").await.unwrap();
    client.create_dir("dir").await.unwrap();
    client.upload(&b"x"[..], "dir/x").await.unwrap();
    let refusals = [
        client.download("nope", Vec::new()).await.map(drop),
        client.list("nope").await.map(drop),
        client.metadata("nope").await.map(drop),
        client.remove_file("nope").await,
        client.remove_dir("nope").await,
        client.change_dir("nope").await,
        client.rename("nope", "x").await,
        client.upload(&b"x"[..], "nope/x").await.map(drop),
    ];
    for refusal in refusals {
        let error = refusal.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        assert!(error.reply().is_some() && !error.is_closed(), "{error}");
        assert!(
            error.path().is_some_and(|path| path.contains("nope")),
            "{error}"
        );
    }
    for refusal in [
        client.remove_dir("dir").await,
        client.create_dir("dir").await,
        client.download("dir", Vec::new()).await.map(drop),
        client.upload(&b"x"[..], "dir").await.map(drop),
    ] {
        let error = refusal.unwrap_err();
        assert!(
            error.reply().is_some_and(|reply| reply.code().is_refusal()),
            "{error}"
        );
    }
    let mut reader = server
        .as_user("bob", server.addresses[0])
        .connect()
        .await
        .unwrap();
    let error = reader.upload(&b"x"[..], "file").await.unwrap_err();
    assert_eq!(error.step(), Step::Upload);
    assert!(
        error.reply().is_some_and(|reply| reply.code().is_refusal()),
        "{error}"
    );
    assert_eq!(read(&mut reader, "file").await, b"x");
    reader.quit().await.unwrap();
    client.quit().await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn attributes_are_set_and_told() {
    let root = tempfile::tempdir().unwrap();
    let server = Running::over(Arc::new(LocalDirectory::open(root.path()).unwrap())).await;
    let mut client = server.client().await;
    client.upload(&b"x"[..], "a b").await.unwrap();
    let time = Timestamp::from_civil(Civil::new(2020, 2, 29, 12, 0, 1).unwrap());
    client.set_modified("a b", time).await.unwrap();
    let entry = client.metadata("a b").await.unwrap();
    assert_eq!(entry.modified.unwrap().timestamp(), Some(time));
    #[cfg(unix)]
    {
        client.set_mode("a b", 0o640).await.unwrap();
        assert_eq!(client.metadata("a b").await.unwrap().mode, Some(0o640));
    }
    assert!(client.features().await.unwrap().mlst().is_some());
    client.quit().await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn text_crosses_with_the_line_ends_of_the_wire() {
    let server = memory().await;
    let mut client = server.client().await;
    client
        .upload(&b"one\ntwo\n"[..], "text")
        .ascii()
        .await
        .unwrap();
    assert_eq!(read(&mut client, "text").await, b"one\ntwo\n");
    let mut text = Vec::new();
    let transferred = client.download("text", &mut text).ascii().await.unwrap();
    assert_eq!((&text[..], transferred.bytes), (&b"one\ntwo\n"[..], 10));
    client.quit().await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_name_of_the_servers_choice() {
    let server = memory().await;
    let mut client = server.client().await;
    let (name, _) = client.upload_unique(&b"hello"[..]).await.unwrap();
    assert_eq!(
        read(&mut client, name.unwrap().to_str().unwrap()).await,
        b"hello"
    );
    client.quit().await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn a_wrong_password_is_told_apart_from_nothing() {
    let server = memory().await;
    for user in ["ana", "eve"] {
        let url = format!("ftp://{user}:wrong@{}/", server.addresses[0]);
        let error = Client::connect(&url).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Login);
        assert!(!error.to_string().contains("wrong"), "{error}");
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_offered_is_what_works() {
    let memory = memory().await;
    for client in &mut memory.clients().await {
        client.upload(&b"123456789"[..], "/digits").await.unwrap();
        let features = client.features().await.unwrap();
        assert!(features.has("RANG") && features.has("MFF") && features.has("SITE"));
        assert!(features.hashes().any(|(_, in_force)| in_force));
        for (line, code) in [
            ("HASH /digits", 213),
            ("XCRC /digits", 250),
            ("MD5 /digits", 251),
            ("MMD5 /digits", 252),
            ("MFF UNIX.mode=640; /digits", 213),
            ("SITE COPY /digits /part", 250),
            ("COMB /digits /part", 250),
        ] {
            let command = Command::parse(line.as_bytes()).unwrap();
            let reply = client.command(command).await.unwrap();
            assert_eq!(reply.code().number(), code, "{line}: {reply:?}");
        }
    }
    memory.stop().await;
}
