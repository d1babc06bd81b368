//! What changes files without a data connection, end to end: facts, copies, parts, links,
//! directories, space.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::Arc;

use ftpkit_accounts::{Anonymous, Users};
use ftpkit_storage::{Memory, Storage};
use support::{Client, Served, serve, serve_with};

/// A server of this storage, for `alice` and for guests.
async fn serving(storage: Arc<dyn Storage>) -> Served {
    serve_with(|builder| {
        let users = Users::builder()
            .user("alice", "secret", Arc::clone(&storage))
            .anonymous(Anonymous::read_only(storage))
            .build()
            .unwrap();
        builder.authenticator(users)
    })
    .await
}

async fn guest(served: &Served) -> Client {
    let mut client = Client::connect(served.addr).await;
    client.cmd("USER anonymous", 331).await;
    client.cmd("PASS x", 230).await;
    client
}

#[tokio::test]
async fn facts_are_set_together() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    client.push("STOR some file", b"x").await;
    let reply = client
        .cmd(
            "MFF Modify=20200102030405;Create=20190102030405;UNIX.mode=0640;UNIX.owner=7;UNIX.group=8; some file",
            213,
        )
        .await;
    assert_eq!(
        reply.lines,
        [
            "213 Modify=20200102030405;Create=20190102030405;UNIX.mode=0640;UNIX.owner=7;UNIX.group=8; /some file"
        ]
    );
    let facts = client.cmd("MLST some file", 250).await;
    for fact in [
        "modify=20200102030405;",
        "create=20190102030405;",
        "UNIX.mode=0640;",
        "UNIX.owner=7;",
        "UNIX.group=8;",
    ] {
        assert!(facts.lines[1].contains(fact), "{fact} in {:?}", facts.lines);
    }
    let reply = client.cmd("MFCT 20180102030405 some file", 213).await;
    assert_eq!(reply.lines, ["213 Create=20180102030405; /some file"]);
    let facts = client.cmd("MLST some file", 250).await;
    assert!(facts.lines[1].contains("create=20180102030405;"));
    client.cmd("MFF UNIX.owner=alice; some file", 504).await;
    client.cmd("MFF UNIX.color=red; some file", 504).await;
    client
        .cmd("MFF Modify=20200230000000; some file", 501)
        .await;
    client.cmd("MFF UNIX.mode=640; missing", 550).await;
    client.cmd("MFCT 20180102030405 missing", 550).await;
}

#[tokio::test]
async fn a_disk_keeps_no_time_of_creation() {
    let directory = tempfile::tempdir().unwrap();
    let storage = ftpkit_fs::LocalDirectory::open(directory.path()).unwrap();
    let served = serving(Arc::new(storage)).await;
    let mut client = Client::login(served.addr).await;
    client.push("STOR f", b"x").await;
    let feat = client.cmd("FEAT", 211).await.text();
    assert!(!feat.contains("MFCT") && !feat.contains("Create"), "{feat}");
    assert!(feat.contains("\n MFF Modify;UNIX.mode;"), "{feat}");
    client
        .cmd("MFF UNIX.mode=0604;Modify=20200102030405; f", 213)
        .await;
    client.cmd("MFCT 20180102030405 f", 502).await;
    client
        .cmd("MFF Create=20180102030405;UNIX.mode=0600; f", 504)
        .await;
    // Nothing of it was set.
    let facts = client.cmd("MLST f", 250).await;
    assert!(facts.lines[1].contains("UNIX.mode=0604;"), "{facts:?}");
}

#[tokio::test]
async fn copies_in_one_command_and_in_two() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    client.push("STOR some file", b"content").await;
    client.cmd("MKD d", 257).await;
    client.cmd("SITE COPY \"some file\" copy", 250).await;
    assert_eq!(client.fetch("RETR copy").await, b"content");
    client.cmd("SITE CPFR some file", 350).await;
    client.cmd("SITE CPTO d/a second copy", 250).await;
    assert_eq!(client.fetch("RETR d/a second copy").await, b"content");
    client.cmd("SITE CPTO third", 503).await;
    client.cmd("SITE CPFR some file", 350).await;
    client.cmd("NOOP", 200).await;
    client.cmd("SITE CPTO third", 503).await;
    client.cmd("SITE CPFR missing", 550).await;
    client.cmd("SITE CPFR d", 550).await;
    client.cmd("SITE COPY missing copy", 550).await;
    client.cmd("SITE COPY d copy", 550).await;
    client.cmd("SITE COPY copy", 501).await;
    assert_eq!(client.fetch("RETR some file").await, b"content");
}

#[tokio::test]
async fn parts_are_joined_and_gone() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    for (name, content) in [("one", "1"), ("two parts", "22"), ("three", "333")] {
        client
            .push(&format!("STOR {name}"), content.as_bytes())
            .await;
    }
    // Nothing is done where something is wrong.
    for wrong in [
        "COMB all one missing",
        "COMB all one one",
        "COMB one one",
        "COMB all one /",
        "COMB / one",
    ] {
        let reply = client.ask(wrong).await;
        assert!(matches!(reply.code, 501 | 550), "{wrong}: {reply:?}");
    }
    client.cmd("SIZE all", 550).await;
    client.cmd("COMB all one \"two parts\"", 250).await;
    assert_eq!(client.fetch("RETR all").await, b"122");
    client.cmd("COMB all three", 250).await;
    assert_eq!(client.fetch("RETR all").await, b"122333");
    for gone in ["one", "two parts", "three"] {
        client.cmd(&format!("SIZE {gone}"), 550).await;
    }
    // Another name of the target is not taken for a part, which would never end.
    client.cmd("SITE SYMLINK all link", 200).await;
    client.cmd("COMB all link", 501).await;
    assert_eq!(client.fetch("RETR all").await, b"122333");
    client.cmd("COMB all", 501).await;
}

#[tokio::test]
async fn directories_and_links_by_site() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    client.cmd("SITE MKDIR a/b/c d", 200).await;
    client.cmd("CWD a/b/c d", 250).await;
    client.cmd("CWD /", 250).await;
    client.cmd("SITE MKDIR a/b/c d", 200).await;
    client.cmd("SITE RMDIR a", 550).await;
    client.cmd("SITE RMDIR a/b/c d", 250).await;
    client.push("STOR a/f", b"content").await;
    client.cmd("SITE MKDIR a/f/g", 550).await;
    client.cmd("SITE SYMLINK a/f \"the link\"", 200).await;
    assert_eq!(client.fetch("RETR the link").await, b"content");
    client.cmd("SITE SYMLINK x \"the link\"", 550).await;
    client.cmd("DELE the link", 250).await;
    assert_eq!(client.fetch("RETR a/f").await, b"content");
    let help = client.cmd("SITE HELP", 214).await.text();
    for command in [
        "CHMOD", "COPY", "CPFR", "CPTO", "MKDIR", "RMDIR", "SYMLINK", "UTIME",
    ] {
        assert!(help.contains(command), "{command} in {help}");
    }
    client.cmd("SITE WHO", 504).await;
}

#[tokio::test]
async fn space_is_told_and_what_does_not_fit_is_refused_beforehand() {
    let served = serving(Arc::new(Memory::new().with_limit(10_000))).await;
    let mut client = Client::login(served.addr).await;
    let reply = client.cmd("AVBL", 213).await.text();
    let available: u64 = reply.strip_prefix("213 ").unwrap().parse().unwrap();
    assert!((5_000..=10_000).contains(&available), "{available}");
    client.cmd("AVBL /", 213).await;
    client.cmd("AVBL missing", 550).await;
    client.cmd("ALLO 5000", 200).await;
    client.push("STOR f", &[7; 5000]).await;
    client.cmd("AVBL f", 550).await;
    client.cmd("ALLO 6000", 552).await;
    client.cmd("ALLO 6000 R 10", 552).await;
    client.cmd("ALLO lots", 202).await;
    // What was announced is known when the upload begins, though space was left before.
    client.cmd("ALLO 4000", 200).await;
    let mut other = Client::login(served.addr).await;
    other.push("STOR g", &[7; 3000]).await;
    client.epsv_addr().await;
    client.cmd("STOR h", 452).await;
    client.cmd("STOR h", 150).await;
    client.cmd("ABOR", 426).await;
    client.expect(226).await;

    // Nobody knows: nothing is in the way.
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    client.cmd("AVBL", 502).await;
    client.cmd("ALLO 18446744073709551615", 200).await;
    client.cmd("ALLO 18446744073709551616", 501).await;
}

#[tokio::test]
async fn guests_are_told_what_they_may() {
    let served = serving(Arc::new(Memory::new())).await;
    let mut alice = Client::login(served.addr).await;
    alice.push("STOR f", b"x").await;
    let mut client = guest(&served).await;
    let feat = client.cmd("FEAT", 211).await.text();
    for offered in [
        "MFMT",
        "MFF",
        "COMB",
        "SITE CHMOD",
        "SITE COPY",
        "SITE SYMLINK",
    ] {
        assert!(!feat.contains(offered), "{offered} in {feat}");
    }
    for command in [
        "MFF Modify=20200102030405; f",
        "MFCT 20200102030405 f",
        "COMB all f",
        "SITE COPY f g",
        "SITE SYMLINK f g",
        "SITE MKDIR d",
        "SITE RMDIR d",
        "SITE CHMOD 600 f",
        "SITE UTIME 20200102030405 f",
    ] {
        client.cmd(command, 550).await;
    }
    assert!(alice.cmd("FEAT", 211).await.text().contains("SITE COPY"));
    // Before login FEAT names what guests have too.
    let mut nobody = Client::connect(served.addr).await;
    assert_eq!(nobody.cmd("FEAT", 211).await.text(), feat);
}

#[tokio::test]
async fn a_directory_that_may_not_be_entered_is_none_to_be_in() {
    use ftpkit_storage::{
        Capabilities, EntryStream, ErrorKind, File, Metadata, OpenOptions, Result, VirtualPath,
        async_trait,
    };
    struct Shut(Memory);
    #[async_trait]
    impl Storage for Shut {
        fn capabilities(&self) -> Capabilities {
            self.0.capabilities()
        }
        async fn metadata(&self, path: &VirtualPath) -> Result<Metadata> {
            self.0.metadata(path).await
        }
        async fn may_enter(&self, path: &VirtualPath) -> Result<()> {
            match path.file_name() {
                Some(b"shut") => Err(ErrorKind::Denied.into()),
                _ => self.0.may_enter(path).await,
            }
        }
        async fn list(&self, path: &VirtualPath) -> Result<EntryStream> {
            self.0.list(path).await
        }
        async fn open(&self, path: &VirtualPath, options: OpenOptions) -> Result<Box<dyn File>> {
            self.0.open(path, options).await
        }
        async fn create_dir(&self, path: &VirtualPath) -> Result<()> {
            self.0.create_dir(path).await
        }
    }
    let served = serving(Arc::new(Shut(Memory::new()))).await;
    let mut client = Client::login(served.addr).await;
    client.cmd("MKD shut", 257).await;
    client.cmd("MKD shut/inner", 257).await;
    client.cmd("CWD shut", 550).await;
    client.cmd("CWD shut/inner", 250).await;
    client.cmd("CDUP", 550).await;
    let pwd = client.cmd("PWD", 257).await.text();
    assert!(pwd.contains("\"/shut/inner\""), "{pwd}");
}
