//! A storage that hangs, fails or panics: what the client is told, and that nothing stays open.
//! The name of a file says what goes wrong with it.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    future::pending,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ftpkit_proto::server::Timeouts;
use ftpkit_server::ServerEvent;
use ftpkit_storage::{
    Capabilities, Committed, EntryStream, Error, ErrorKind, File, Memory, Metadata, OpenOptions,
    Result, SetAttributes, Storage, VirtualPath, async_trait,
};
use support::{Client, Served, pattern, read_all, serve_with, until};
use tokio::io::AsyncWriteExt as _;

#[derive(Default)]
struct Faulty {
    inner: Memory,
    open: Arc<AtomicUsize>,
    /// Calls that hang now.
    hanging: Arc<AtomicUsize>,
}

/// Counts while it lives.
struct Counted(Arc<AtomicUsize>);

impl Counted {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(Arc::clone(count))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn hang<T>(count: &Arc<AtomicUsize>) -> T {
    let _counted = Counted::new(count);
    pending().await
}

fn is(path: &VirtualPath, name: &str) -> bool {
    path.file_name() == Some(name.as_bytes())
}

#[async_trait]
impl Storage for Faulty {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn metadata(&self, path: &VirtualPath) -> Result<Metadata> {
        if is(path, "metadata-hangs") {
            return hang(&self.hanging).await;
        }
        if is(path, "metadata-panics") {
            panic!("on purpose");
        }
        self.inner.metadata(path).await
    }

    async fn list(&self, path: &VirtualPath) -> Result<EntryStream> {
        if is(path, "list-fails") {
            let error: Result<_> = Err(Error::new(ErrorKind::Unavailable));
            return Ok(Box::pin(futures::stream::iter([error])));
        }
        self.inner.list(path).await
    }

    async fn remove_file(&self, path: &VirtualPath) -> Result<()> {
        self.inner.remove_file(path).await
    }

    async fn set_attributes(&self, path: &VirtualPath, set: &SetAttributes) -> Result<()> {
        self.inner.set_attributes(path, set).await
    }

    async fn open(&self, path: &VirtualPath, options: OpenOptions) -> Result<Box<dyn File>> {
        if is(path, "open-hangs") {
            return hang(&self.hanging).await;
        }
        if is(path, "open-busy") {
            return Err(ErrorKind::Busy.into());
        }
        let name = String::from_utf8_lossy(path.file_name().unwrap_or_default()).into_owned();
        Ok(Box::new(FaultyFile {
            name,
            inner: self.inner.open(path, options).await?,
            hanging: Arc::clone(&self.hanging),
            _open: Counted::new(&self.open),
        }))
    }
}

struct FaultyFile {
    name: String,
    inner: Box<dyn File>,
    hanging: Arc<AtomicUsize>,
    _open: Counted,
}

#[async_trait]
impl File for FaultyFile {
    async fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        match &*self.name {
            "read-fails" if offset > 0 => Err(ErrorKind::Unavailable.into()),
            "read-hangs" if offset > 0 => hang(&self.hanging).await,
            "read-crawls" => {
                tokio::time::sleep(Duration::from_millis(250)).await;
                let few = buf.len().min(100_000);
                self.inner.read_at(offset, &mut buf[..few]).await
            }
            _ => self.inner.read_at(offset, buf).await,
        }
    }

    async fn write_at(&self, offset: u64, data: &[u8]) -> Result<()> {
        match &*self.name {
            "write-full" => Err(ErrorKind::NoSpace.into()),
            "write-quota" => Err(ErrorKind::Quota.into()),
            "write-fails" => Err(ErrorKind::Other.into()),
            "write-hangs" => hang(&self.hanging).await,
            _ => self.inner.write_at(offset, data).await,
        }
    }

    fn start(&self) -> u64 {
        self.inner.start()
    }

    async fn commit(self: Box<Self>) -> Result<Committed> {
        match &*self.name {
            "commit-full" => Err(ErrorKind::NoSpace.into()),
            "commit-fails" => Err(ErrorKind::Unavailable.into()),
            "commit-hangs" => hang(&self.hanging).await,
            "commit-panics" => panic!("on purpose"),
            _ => self.inner.commit().await,
        }
    }

    async fn metadata(&self) -> Result<Metadata> {
        self.inner.metadata().await
    }
}

struct Setup {
    served: Served,
    open: Arc<AtomicUsize>,
    hanging: Arc<AtomicUsize>,
    events: Arc<Mutex<Vec<String>>>,
}

async fn setup(question: Duration) -> Setup {
    let storage = Faulty::default();
    let (open, hanging) = (Arc::clone(&storage.open), Arc::clone(&storage.hanging));
    for name in ["read-fails", "read-hangs", "read-crawls"] {
        let path = VirtualPath::root().join(name.as_bytes()).unwrap();
        let options = OpenOptions::replace();
        let file = storage.inner.open(&path, options).await.unwrap();
        file.write_at(0, &pattern(1 << 20)).await.unwrap();
        file.commit().await.unwrap();
    }
    let events = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&events);
    let served = serve_with(|b| {
        let mut timeouts = Timeouts::default();
        timeouts.question = question;
        let users = ftpkit_accounts::Users::builder()
            .user("alice", "secret", Arc::new(storage))
            .build()
            .unwrap();
        b.authenticator(users)
            .timeouts(timeouts)
            .observer(move |event: &ServerEvent<'_>| {
                seen.lock().unwrap().push(match event {
                    ServerEvent::TransferEnded {
                        path, bytes, end, ..
                    } => {
                        format!("{} {bytes} {end:?}", path.escape_ascii())
                    }
                    ServerEvent::LoginFailed { name, failure, .. } => {
                        format!("{} {failure}", name.escape_ascii())
                    }
                    ServerEvent::LoggedIn { user, .. } => format!("{user} in"),
                    ServerEvent::Connected { session, .. } => format!("{session} begins"),
                    ServerEvent::Disconnected { session, .. } => format!("{session} ends"),
                    other => format!("{other:?}"),
                });
            })
    })
    .await;
    Setup {
        served,
        open,
        hanging,
        events,
    }
}

const NEVER: Duration = Duration::ZERO;

impl Setup {
    async fn nothing_is_open(&self) {
        until("files are closed", || self.open.load(Ordering::SeqCst) == 0).await;
        until("nothing hangs", || self.hanging.load(Ordering::SeqCst) == 0).await;
    }
}

/// Sends an upload and gives the final code, and whether the client could send all of it.
async fn upload(client: &mut Client, name: &str, bytes: &[u8]) -> u16 {
    let mut data = client.epsv().await;
    client.cmd(&format!("STOR {name}"), 150).await;
    // The server may have ended the connection by now.
    let _ = data.write_all(bytes).await;
    drop(data);
    client.reply().await.code
}

#[tokio::test]
async fn failures_have_their_codes_and_the_session_goes_on() {
    let setup = setup(NEVER).await;
    let mut client = Client::login(setup.served.addr).await;
    for (name, code) in [
        ("write-full", 452),
        ("write-quota", 552),
        ("write-fails", 451),
        ("commit-full", 452),
        ("commit-fails", 451),
    ] {
        for size in [10, 1 << 20] {
            let bytes = pattern(size);
            assert_eq!(
                upload(&mut client, name, &bytes).await,
                code,
                "{name} {size}"
            );
            setup.nothing_is_open().await;
            client.cmd(&format!("SIZE {name}"), 550).await;
        }
    }
    let data = client.epsv().await;
    client.cmd("RETR read-fails", 150).await;
    assert!(read_all(data).await.len() < 1 << 20);
    client.expect(451).await;
    client.epsv_addr().await;
    client.cmd("STOR open-busy", 450).await;
    let data = client.epsv().await;
    client.cmd("LIST list-fails", 150).await;
    assert!(read_all(data).await.is_empty());
    client.expect(451).await;
    // Not what this storage can do.
    client.cmd("MKD d", 502).await;
    client.push("STOR fine", b"fine").await;
    assert_eq!(client.fetch("RETR fine").await, b"fine");
    setup.nothing_is_open().await;
}

#[tokio::test]
async fn abor_is_answered_though_the_storage_hangs() {
    let setup = setup(NEVER).await;
    let mut client = Client::login(setup.served.addr).await;
    for (command, is_upload) in [
        ("RETR open-hangs", false),
        ("STOR open-hangs", false),
        ("RETR read-hangs", false),
        ("STOR write-hangs", true),
        ("STOR commit-hangs", true),
    ] {
        let mut data = client.epsv().await;
        client.send(format!("{command}\r\n")).await;
        if is_upload {
            client.expect(150).await;
            data.write_all(b"x").await.unwrap();
            data.shutdown().await.unwrap();
        }
        until("it hangs", || setup.hanging.load(Ordering::SeqCst) == 1).await;
        client.send("ABOR\r\n").await;
        let mut codes = Vec::new();
        while codes.last() != Some(&226) {
            codes.push(client.reply().await.code);
        }
        codes.retain(|code| *code != 150);
        assert_eq!(codes, [426, 226], "{command}");
        setup.nothing_is_open().await;
        client.push("STOR fine", command.as_bytes()).await;
        assert_eq!(client.fetch("RETR fine").await, command.as_bytes());
    }
    setup.nothing_is_open().await;
}

#[cfg(feature = "hash")]
#[tokio::test]
async fn what_takes_long_and_carries_on_is_waited_for() {
    let setup = setup(Duration::from_secs(2)).await;
    let mut one = Client::login(setup.served.addr).await;
    let mut two = Client::login(setup.served.addr).await;
    one.send("XCRC read-crawls\r\n").await;
    two.cmd("COMB new read-crawls", 250).await;
    one.expect(250).await;
}

#[cfg(feature = "hash")]
#[tokio::test]
async fn a_digest_that_hangs_is_aborted_and_keeps_nobody() {
    let setup = setup(NEVER).await;
    let mut client = Client::login(setup.served.addr).await;
    let mut other = Client::login(setup.served.addr).await;
    for command in ["HASH read-hangs", "XCRC read-hangs", "MMD5 f, read-hangs"] {
        client.push("STOR f", b"123456789").await;
        client.send(format!("{command}\r\n")).await;
        until("it hangs", || setup.hanging.load(Ordering::SeqCst) == 1).await;
        let crc = other.cmd("XCRC f", 250).await;
        assert_eq!(crc.lines, ["250 CBF43926"]);
        client.cmd("ABOR", 451).await;
        client.expect(226).await;
        client.cmd("NOOP", 200).await;
        setup.nothing_is_open().await;
    }
    client.cmd("HASH read-fails", 451).await;
}

#[tokio::test]
async fn parts_that_cannot_be_joined_leave_everything_as_it_was() {
    let setup = setup(NEVER).await;
    let mut client = Client::login(setup.served.addr).await;
    client.push("STOR part", b"part").await;
    for target in ["all", "new"] {
        if target == "all" {
            client.push("STOR all", b"before").await;
        }
        client
            .cmd(&format!("COMB {target} part read-fails"), 451)
            .await;
        client
            .send(format!("COMB {target} part read-hangs\r\n"))
            .await;
        until("it hangs", || setup.hanging.load(Ordering::SeqCst) == 1).await;
        client.cmd("ABOR", 451).await;
        client.expect(226).await;
        setup.nothing_is_open().await;
        for name in ["part", "read-fails", "read-hangs"] {
            client.cmd(&format!("SIZE {name}"), 213).await;
        }
    }
    assert_eq!(client.fetch("RETR all").await, b"before");
    client.cmd("SIZE new", 550).await;
    // Nor are they taken away when the joined file does not come to be.
    client.cmd("COMB commit-fails part", 451).await;
    assert_eq!(client.fetch("RETR part").await, b"part");
}

#[tokio::test]
async fn a_question_that_hangs_is_given_up() {
    let setup = setup(Duration::from_millis(50)).await;
    let mut client = Client::login(setup.served.addr).await;
    client.cmd("SIZE metadata-hangs", 451).await;
    client.cmd("CWD metadata-hangs", 451).await;
    client.epsv_addr().await;
    client.cmd("RETR open-hangs", 451).await;
    assert_eq!(upload(&mut client, "commit-hangs", b"x").await, 451);
    client.cmd("NOOP", 200).await;
    // The end of the client's half alone is no reason to give a question up: it may be a
    // script that has sent all it has to say.
    client.send("SIZE metadata-hangs\r\n").await;
    client.stream.shutdown().await.unwrap();
    client.expect(451).await;
    client.assert_closed().await;
    setup.nothing_is_open().await;
}

#[tokio::test]
async fn a_client_that_leaves_drops_what_hangs() {
    let setup = setup(NEVER).await;
    for command in ["RETR open-hangs", "RETR read-hangs", "STOR open-hangs"] {
        let mut client = Client::login(setup.served.addr).await;
        let data = client.epsv().await;
        client.send(format!("{command}\r\n")).await;
        until("it hangs", || setup.hanging.load(Ordering::SeqCst) == 1).await;
        drop((client, data));
        setup.nothing_is_open().await;
    }
}

#[tokio::test]
async fn a_panic_in_a_storage_ends_its_session_and_no_other() {
    let setup = setup(NEVER).await;
    let mut other = Client::login(setup.served.addr).await;
    let mut client = Client::login(setup.served.addr).await;
    client.send("SIZE metadata-panics\r\n").await;
    client.assert_closed().await;
    let mut client = Client::login(setup.served.addr).await;
    let data = client.epsv().await;
    client.cmd("STOR commit-panics", 150).await;
    drop(data);
    client.assert_closed().await;
    until("both are counted out", || {
        setup.served.handle.sessions() == 1
    })
    .await;
    other.cmd("NOOP", 200).await;
    setup.nothing_is_open().await;
}

#[tokio::test]
async fn a_shutdown_does_not_wait_for_what_hangs() {
    let setup = setup(NEVER).await;
    let mut client = Client::login(setup.served.addr).await;
    client.send("SIZE metadata-hangs\r\n").await;
    until("it hangs", || setup.hanging.load(Ordering::SeqCst) == 1).await;
    setup
        .served
        .handle
        .shutdown(Duration::from_millis(20))
        .await;
    support::within("serve", setup.served.task).await.unwrap();
    assert_eq!(setup.hanging.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn an_observer_sees_what_happens() {
    let setup = setup(NEVER).await;
    let mut client = Client::connect(setup.served.addr).await;
    client.cmd("USER eve", 331).await;
    client.cmd("PASS guess", 530).await;
    client.cmd("USER alice", 331).await;
    client.cmd("PASS secret", 230).await;
    client.cmd("TYPE I", 200).await;
    client.push("STOR fine", b"12345").await;
    client.fetch("RETR fine").await;
    upload(&mut client, "write-full", b"x").await;
    client.cmd("QUIT", 221).await;
    client.assert_closed().await;
    until("it ends", || setup.served.handle.sessions() == 0).await;
    let events = setup.events.lock().unwrap().clone();
    assert_eq!(
        events,
        [
            "1 begins",
            "eve the user name or credential is wrong",
            "alice in",
            "/fine 5 Complete",
            "/fine 5 Complete",
            "/write-full 1 Failed(NoSpace)",
            "1 ends",
        ]
    );
}

#[tokio::test]
async fn a_client_that_closes_half_of_the_control_connection_learns_that_the_download_is_cut() {
    let served = support::serve().await;
    let mut client = support::Client::login(served.addr).await;
    let large = support::pattern(30 << 20);
    client.push("STOR large", &large).await;
    let data = client.epsv().await;
    client.cmd("RETR large", 150).await;
    tokio::io::AsyncWriteExt::shutdown(&mut client.stream)
        .await
        .unwrap();
    // The reply comes although the data is not read, so that nothing can complete.
    client.expect(426).await;
    client.assert_closed().await;
    assert!(support::read_all(data).await.len() < large.len());
}
