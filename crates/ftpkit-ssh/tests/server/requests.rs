//! Every kind of request against a storage on disk, and storages that cannot do much.

use std::{os::unix::fs::PermissionsExt as _, sync::Arc};

use async_trait::async_trait;
use ftpkit_fs::LocalDirectory;
use ftpkit_sftp::packet::{
    Attributes, Extended, Extension, Mode, OpenFlags, Request, Response, StatusCode,
};
use ftpkit_storage::{
    Capabilities, EntryStream, File, Memory, Metadata, OpenOptions, Result, Storage, VirtualPath,
};

use crate::{
    client::{Sftp, log_in, put_flags, write},
    site::Site,
};

fn attributes(response: Response) -> Attributes {
    match response {
        Response::Attrs(attributes) => attributes,
        other => panic!("{other:?}"),
    }
}

fn name(response: Response) -> String {
    match response {
        Response::Name(names) => String::from_utf8(names[0].name.to_vec()).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn files_on_disk_take_every_request() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::over(Arc::new(LocalDirectory::open(dir.path()).unwrap())).await;
    let ssh = log_in(site.addr, "alice").await;
    let mut sftp = Sftp::open(&ssh).await;
    let ok = StatusCode::Ok;
    let extended = |extended| Request::Extended(extended);

    let made = Attributes::default().with_mode(Mode(0o700));
    let mkdir = Request::Mkdir {
        path: "d".into(),
        attributes: made,
    };
    assert_eq!(sftp.status(mkdir.clone()).await, ok);
    assert_eq!(sftp.status(mkdir).await, StatusCode::Failure, "it is there");
    let mode = std::fs::metadata(dir.path().join("d"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o700);

    sftp.put("d/f", b"0123456789").await;
    let wanted = Attributes::default()
        .with_mode(Mode(0o640))
        .with_times(1_000, 2_000);
    let set = Request::Setstat {
        path: "d/f".into(),
        attributes: wanted,
    };
    assert_eq!(sftp.status(set).await, ok);
    let found = attributes(sftp.ask(Request::Stat("/d/f".into())).await);
    assert_eq!(found.size, Some(10));
    assert_eq!(found.mode, Some(Mode(0o100_640)));
    assert_eq!(found.times.unwrap().modified, 2_000);

    // In place, what is not written stays.
    let flags = OpenFlags::READ | OpenFlags::WRITE;
    let handle = sftp.open_file("d/f", flags).await.unwrap();
    assert_eq!(sftp.status(write(&handle, 3, b"abc")).await, ok);
    let cut = Attributes::default().with_size(8);
    let fset = Request::Fsetstat {
        handle: handle.clone(),
        attributes: cut,
    };
    assert_eq!(sftp.status(fset).await, ok);
    let fstat = sftp.ask(Request::Fstat(handle.clone())).await;
    assert_eq!(attributes(fstat).size, Some(8));
    assert_eq!(
        sftp.status(extended(Extended::Fsync(handle.clone()))).await,
        ok
    );
    assert_eq!(sftp.status(Request::Close(handle)).await, ok);
    assert_eq!(sftp.get("d/f").await.unwrap(), b"012abc67");
    let handle = sftp.open_file("d/f", OpenFlags::APPEND).await.unwrap();
    assert_eq!(sftp.status(write(&handle, 0, b"+")).await, ok);
    assert_eq!(sftp.status(write(&handle, 0, b"+")).await, ok);
    assert_eq!(sftp.status(Request::Close(handle)).await, ok);
    assert_eq!(sftp.get("d/f").await.unwrap(), b"012abc67++");
    let flags = put_flags() | OpenFlags::EXCLUSIVE;
    assert_eq!(sftp.open_file("d/f", flags).await, Err(StatusCode::Failure));
    let none = sftp.open_file("none", OpenFlags::WRITE).await;
    assert_eq!(none, Err(StatusCode::NoSuchFile), "not made without CREATE");

    sftp.put("g", b"g").await;
    let rename = |from: &'static str, to: &'static str| Request::Rename {
        from: from.into(),
        to: to.into(),
    };
    assert_eq!(
        sftp.status(rename("g", "d/f")).await,
        StatusCode::Failure,
        "it is there"
    );
    assert_eq!(sftp.status(rename("g", "h")).await, ok);
    let over = Extended::PosixRename {
        from: "h".into(),
        to: "d/f".into(),
    };
    assert_eq!(sftp.status(extended(over)).await, ok);
    assert_eq!(sftp.get("d/f").await.unwrap(), b"g");

    let link = Request::Symlink {
        target: "d/f".into(),
        link: "l".into(),
    };
    assert_eq!(sftp.status(link).await, ok);
    assert_eq!(name(sftp.ask(Request::Readlink("l".into())).await), "d/f");
    assert_eq!(sftp.get("l").await.unwrap(), b"g");
    let hard = Extended::Hardlink {
        from: "d/f".into(),
        to: "k".into(),
    };
    assert_eq!(sftp.status(extended(hard)).await, ok);
    assert_eq!(
        name(sftp.ask(Request::Realpath("d/../x".into())).await),
        "/x"
    );
    let home = sftp.ask(extended(Extended::ExpandPath("~/x".into()))).await;
    assert_eq!(name(home), "/x");

    for asked in [Extended::Statvfs("/".into()), Extended::Limits] {
        let answer = sftp.ask(extended(asked)).await;
        assert!(matches!(answer, Response::ExtendedReply(_)), "{answer:?}");
    }

    assert_eq!(
        sftp.status(Request::Rmdir("d".into())).await,
        StatusCode::Failure
    );
    for file in ["d/f", "k", "l"] {
        assert_eq!(sftp.status(Request::Remove(file.into())).await, ok);
    }
    assert_eq!(sftp.status(Request::Rmdir("d".into())).await, ok);
    let gone = sftp.status(Request::Lstat("d".into())).await;
    assert_eq!(gone, StatusCode::NoSuchFile);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn a_directory_of_any_size_is_listed() {
    let storage = Memory::new();
    for number in 0..3_000 {
        let path = VirtualPath::try_from(&*format!("/file-{number}")).unwrap();
        let file = storage.open(&path, OpenOptions::replace()).await.unwrap();
        file.commit().await.unwrap();
    }
    let site = Site::over(Arc::new(storage)).await;
    let ssh = log_in(site.addr, "alice").await;
    let mut sftp = Sftp::open(&ssh).await;
    let handle = sftp.handle(Request::Opendir("/".into())).await.unwrap();
    let mut names = std::collections::BTreeSet::new();
    loop {
        match sftp.ask(Request::Readdir(handle.clone())).await {
            Response::Name(page) => names.extend(page.into_iter().map(|entry| entry.name)),
            Response::Status(status) if status.code == StatusCode::Eof => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(names.len(), 3_000);
    assert_eq!(sftp.status(Request::Close(handle)).await, StatusCode::Ok);
}

/// A storage in memory that takes blocks in their order alone, and falls over `/panic`.
struct Plain(Memory);

#[async_trait]
impl Storage for Plain {
    fn capabilities(&self) -> Capabilities {
        Capabilities::WRITE
    }
    async fn metadata(&self, path: &VirtualPath) -> Result<Metadata> {
        assert_ne!(path.as_bytes(), b"/panic");
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
async fn writes_are_put_in_order_for_who_needs_it() {
    let site = Site::over(Arc::new(Plain(Memory::new()))).await;
    let ssh = log_in(site.addr, "alice").await;
    let mut sftp = Sftp::open(&ssh).await;
    assert!(sftp.version.offers(Extension::Limits));
    assert!(!sftp.version.offers(Extension::CopyData));
    let handle = sftp.open_file("f", put_flags()).await.unwrap();
    for (offset, data) in [(6, "789"), (3, "456"), (0, "123")] {
        let status = sftp.status(write(&handle, offset, data.as_bytes())).await;
        assert_eq!(status, StatusCode::Ok);
    }
    let late = sftp.status(write(&handle, 0, b"x")).await;
    assert_eq!(late, StatusCode::OpUnsupported, "it has been written");
    assert_eq!(sftp.status(Request::Close(handle)).await, StatusCode::Ok);
    assert_eq!(sftp.get("f").await.unwrap(), b"123456789");

    let handle = sftp.open_file("gap", put_flags()).await.unwrap();
    assert_eq!(sftp.status(write(&handle, 5, b"x")).await, StatusCode::Ok);
    assert_eq!(
        sftp.status(Request::Close(handle)).await,
        StatusCode::Failure
    );
    assert_eq!(sftp.get("gap").await, Err(StatusCode::NoSuchFile));
}

#[tokio::test]
async fn a_panic_costs_one_session() {
    let site = Site::over(Arc::new(Plain(Memory::new()))).await;
    let (first, second) = (
        log_in(site.addr, "alice").await,
        log_in(site.addr, "alice").await,
    );
    let mut unlucky = Sftp::open(&first).await;
    let mut other = Sftp::open(&second).await;
    unlucky.send(Request::Stat("/panic".into())).await;
    let closed = async { while unlucky.channel.wait().await.is_some() {} };
    let closed = tokio::time::timeout(crate::client::LONG, closed).await;
    assert!(closed.is_ok(), "its connection is cut off");
    other.put("f", b"x").await;
    Sftp::open(&log_in(site.addr, "alice").await).await;
}
