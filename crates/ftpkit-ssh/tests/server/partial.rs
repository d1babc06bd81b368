//! Uploads whose connection is lost: what is left of them by the storage's policy, and how a client
//! goes on.

use std::{fs, sync::Arc};

use async_trait::async_trait;
use ftpkit_fs::LocalDirectory;
use ftpkit_sftp::packet::{OpenFlags, Request, Response, StatusCode};
use ftpkit_storage::{
    Capabilities, EntryStream, File, Memory, Metadata, OpenOptions, Result, Storage, UploadPolicy,
    VirtualPath,
};

use crate::{
    client::{Sftp, log_in, put_flags, write},
    site::Site,
};

const PARTS: [&[u8]; 3] = [b"one, ", b"two, ", b"three"];

/// Sends the beginning of `/new`, and all but the end of `/old`, which is there; then the
/// connection is lost.
async fn interrupted(site: &Site) {
    let ssh = log_in(site.addr, "alice").await;
    let mut sftp = Sftp::open(&ssh).await;
    sftp.put("old", b"as it was").await;
    let new = sftp.open_file("new", put_flags()).await.unwrap();
    let old = sftp.open_file("old", put_flags()).await.unwrap();
    for handle in [&old, &new] {
        let part = write(handle, 0, PARTS[0]);
        assert_eq!(sftp.status(part).await, StatusCode::Ok);
    }
    // Its answer does not come any more.
    sftp.send(write(&new, 5, PARTS[1])).await;
    sftp.channel.eof().await.unwrap();
    drop((sftp, ssh));
    site.hears("alice Upload /new 10 Aborted").await;
    site.hears("alice Upload /old 5 Aborted").await;
    site.hears("disconnected").await;
}

async fn size(sftp: &mut Sftp, path: &'static str) -> u64 {
    match sftp.ask(Request::Stat(path.into())).await {
        Response::Attrs(attributes) => attributes.size.unwrap(),
        other => panic!("{other:?}"),
    }
}

/// Goes on with `/new` at its size, as clients do, and checks both files.
async fn resumed(site: &Site, flags: OpenFlags) {
    let ssh = log_in(site.addr, "alice").await;
    let mut sftp = Sftp::open(&ssh).await;
    assert_eq!(sftp.get("new").await.unwrap(), b"one, two, ");
    let from = size(&mut sftp, "new").await;
    let handle = sftp.open_file("new", flags).await.unwrap();
    assert_eq!(
        sftp.status(write(&handle, from, PARTS[2])).await,
        StatusCode::Ok
    );
    assert_eq!(sftp.status(Request::Close(handle)).await, StatusCode::Ok);
    assert_eq!(sftp.get("new").await.unwrap(), PARTS.concat());
    assert_eq!(sftp.get("old").await.unwrap(), b"as it was");
}

/// How clients open a file whose upload they resume: OpenSSH, lftp; curl; those that append.
const RESUMES: [OpenFlags; 3] = [
    OpenFlags::WRITE,
    OpenFlags::from_bits(0x0a),
    OpenFlags::from_bits(0x06),
];

#[tokio::test]
async fn a_part_is_kept_by_policy_and_gone_on_with() {
    for flags in RESUMES {
        let dir = tempfile::tempdir().unwrap();
        let storage = LocalDirectory::builder(dir.path())
            .upload_policy(UploadPolicy::KeepPartial)
            .build()
            .unwrap();
        let site = Site::over(Arc::new(storage)).await;
        interrupted(&site).await;
        resumed(&site, flags).await;
        // Nothing else stays, hidden files neither.
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "{flags:?}");

        let storage = Memory::new().with_upload_policy(UploadPolicy::KeepPartial);
        let site = Site::over(Arc::new(storage)).await;
        interrupted(&site).await;
        resumed(&site, flags).await;
    }
}

/// A storage in memory that takes blocks in their order alone.
struct InOrder(Memory);

#[async_trait]
impl Storage for InOrder {
    fn capabilities(&self) -> Capabilities {
        Capabilities::WRITE | Capabilities::IN_PLACE
    }
    async fn metadata(&self, path: &VirtualPath) -> Result<Metadata> {
        self.0.metadata(path).await
    }
    async fn list(&self, path: &VirtualPath) -> Result<EntryStream> {
        self.0.list(path).await
    }
    async fn open(&self, path: &VirtualPath, options: OpenOptions) -> Result<Box<dyn File>> {
        self.0.open(path, options).await
    }
}

#[tokio::test]
async fn a_part_is_gone_on_with_where_blocks_come_in_their_order_alone() {
    for flags in RESUMES {
        let memory = Memory::new().with_upload_policy(UploadPolicy::KeepPartial);
        let site = Site::over(Arc::new(InOrder(memory))).await;
        interrupted(&site).await;
        resumed(&site, flags).await;
    }
}

#[tokio::test]
async fn by_default_nothing_is_left_of_an_upload_that_was_lost() {
    let dir = tempfile::tempdir().unwrap();
    let disk = LocalDirectory::open(dir.path()).unwrap();
    let storages: [Arc<dyn Storage>; 3] = [
        Arc::new(disk),
        Arc::new(Memory::new()),
        Arc::new(InOrder(Memory::new())),
    ];
    for storage in storages {
        let site = Site::over(storage).await;
        interrupted(&site).await;
        let ssh = log_in(site.addr, "alice").await;
        let mut sftp = Sftp::open(&ssh).await;
        assert_eq!(sftp.get("new").await, Err(StatusCode::NoSuchFile));
        assert_eq!(sftp.get("old").await.unwrap(), b"as it was");
        for flags in RESUMES {
            if !flags.contains(OpenFlags::CREATE) && !flags.contains(OpenFlags::APPEND) {
                let opened = sftp.open_file("new", flags).await;
                assert_eq!(opened, Err(StatusCode::NoSuchFile));
            }
        }
    }
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
}
