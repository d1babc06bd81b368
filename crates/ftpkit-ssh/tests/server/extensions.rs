//! OpenSSH's eleven extensions over the wire: what each does to files on disk, and that none is
//! announced or carried out where the storage cannot do it.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, symlink},
    path::Path,
    sync::Arc,
};

use async_trait::async_trait;
use ftpkit_accounts::{Account, Proof, Users};
use ftpkit_fs::LocalDirectory;
use ftpkit_sftp::packet::{
    Attributes, Extended, ExtendedReply, Extension, Handle, Limits, OpenFlags, ReplyForm, Request,
    Response, StatusCode,
};
use ftpkit_ssh::server::SftpServer;
use ftpkit_storage::{
    Capabilities, EntryStream, File, Memory, Metadata, OpenOptions, Result, Storage, VirtualPath,
};
use tempfile::TempDir;

use crate::{
    client::{Sftp, log_in, put_flags, write},
    site::Site,
};

const OK: StatusCode = StatusCode::Ok;
const FAILURE: StatusCode = StatusCode::Failure;

/// A session over a directory on disk, and what keeps both.
struct Disk {
    sftp: Sftp,
    root: TempDir,
    _site: Site,
    _ssh: crate::client::Ssh,
}

impl Disk {
    async fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let storage = Arc::new(LocalDirectory::open(root.path()).unwrap());
        let home = VirtualPath::try_from("/home/alice").unwrap();
        let account = Account::new("alice", storage).with_home(home);
        let users = Users::builder().account_with(account, Proof::password("secret"));
        let site = Site::build(SftpServer::builder().authenticator(users.build().unwrap())).await;
        let ssh = log_in(site.addr, "alice").await;
        Self {
            sftp: Sftp::open(&ssh).await,
            root,
            _site: site,
            _ssh: ssh,
        }
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.root.path().join(name)
    }

    async fn status(&mut self, extended: Extended) -> StatusCode {
        self.sftp.status(Request::Extended(extended)).await
    }

    async fn reply(&mut self, extended: Extended, form: ReplyForm) -> ExtendedReply {
        match self.sftp.ask(Request::Extended(extended)).await {
            Response::ExtendedReply(reply) => reply.into_form(form).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    async fn path_of(&mut self, extended: Extended) -> std::result::Result<String, StatusCode> {
        match self.sftp.ask(Request::Extended(extended)).await {
            Response::Name(names) => Ok(String::from_utf8(names[0].name.to_vec()).unwrap()),
            Response::Status(status) => Err(status.code),
            other => panic!("{other:?}"),
        }
    }
}

fn inode(path: &Path) -> u64 {
    fs::symlink_metadata(path).unwrap().ino()
}

#[tokio::test]
async fn a_disk_is_offered_all_extensions() {
    let disk = Disk::new().await;
    for extension in Extension::ALL {
        assert!(disk.sftp.version.offers(extension), "{extension:?}");
    }
    assert_eq!(disk.sftp.version.extensions.iter().count(), 11);
}

#[tokio::test]
async fn posix_rename_goes_over_what_is_there() {
    let mut disk = Disk::new().await;
    fs::write(disk.path("new"), "new").unwrap();
    fs::write(disk.path("old"), "old").unwrap();
    fs::create_dir(disk.path("d")).unwrap();
    let moved = inode(&disk.path("new"));
    let rename = |from: &'static str, to: &'static str| Extended::PosixRename {
        from: from.into(),
        to: to.into(),
    };
    assert_eq!(disk.status(rename("/new", "/old")).await, OK);
    assert_eq!(inode(&disk.path("old")), moved, "the very file");
    assert_eq!(fs::read(disk.path("old")).unwrap(), b"new");
    assert!(!disk.path("new").exists());
    let gone = disk.status(rename("/new", "/old")).await;
    assert_eq!(gone, StatusCode::NoSuchFile);
    assert_eq!(disk.status(rename("/old", "/d")).await, FAILURE);
    assert!(disk.path("d").is_dir() && disk.path("old").is_file());
}

#[tokio::test]
async fn hardlink_makes_a_second_name_of_the_file() {
    let mut disk = Disk::new().await;
    fs::write(disk.path("f"), "f").unwrap();
    fs::write(disk.path("there"), "there").unwrap();
    let link = |from: &'static str, to: &'static str| Extended::Hardlink {
        from: from.into(),
        to: to.into(),
    };
    assert_eq!(disk.status(link("/f", "/g")).await, OK);
    assert_eq!(inode(&disk.path("f")), inode(&disk.path("g")));
    assert_eq!(fs::metadata(disk.path("f")).unwrap().nlink(), 2);
    assert_eq!(disk.status(link("/f", "/there")).await, FAILURE);
    assert_eq!(fs::read(disk.path("there")).unwrap(), b"there");
    assert_eq!(
        disk.status(link("/none", "/h")).await,
        StatusCode::NoSuchFile
    );
}

#[tokio::test]
async fn lsetstat_changes_the_link_and_leaves_its_target() {
    let mut disk = Disk::new().await;
    fs::write(disk.path("f"), "f").unwrap();
    symlink("f", disk.path("l")).unwrap();
    symlink("nowhere", disk.path("dangling")).unwrap();
    let before = fs::metadata(disk.path("f")).unwrap();
    for link in ["l", "dangling"] {
        let set = Extended::Lsetstat {
            path: link.into(),
            attributes: Attributes::default().with_times(1_000, 2_000),
        };
        let full = Extended::Lsetstat {
            path: format!("/{link}").into(),
            attributes: Attributes::default().with_times(1_000, 2_000),
        };
        // What is not absolute is below the home, where no link is.
        assert_eq!(disk.status(set).await, StatusCode::NoSuchFile);
        assert_eq!(disk.status(full).await, OK, "{link}");
        let changed = fs::symlink_metadata(disk.path(link)).unwrap();
        assert_eq!((changed.atime(), changed.mtime()), (1_000, 2_000));
    }
    let after = fs::metadata(disk.path("f")).unwrap();
    assert_eq!(after.modified().unwrap(), before.modified().unwrap());
}

#[tokio::test]
async fn fsync_is_for_open_files() {
    let mut disk = Disk::new().await;
    fs::write(disk.path("f"), "0123456789").unwrap();
    let flags = OpenFlags::READ | OpenFlags::WRITE;
    let file = disk.sftp.open_file("/f", flags).await.unwrap();
    // Behind writes that are not answered yet.
    let sent = [
        disk.sftp.send(write(&file, 0, b"ab")).await,
        disk.sftp.send(write(&file, 2, b"cd")).await,
        disk.sftp
            .send(Request::Extended(Extended::Fsync(file.clone())))
            .await,
    ];
    let mut answered = Vec::new();
    for _ in sent {
        let (id, response) = disk.sftp.next().await;
        assert!(matches!(response, Response::Status(s) if s.code == OK));
        answered.push(id);
    }
    assert_eq!(answered.last(), Some(&sent[2]), "what it syncs is written");
    assert_eq!(fs::read(disk.path("f")).unwrap(), b"abcd456789");
    let directory = disk.sftp.handle(Request::Opendir("/".into())).await;
    let directory = directory.unwrap();
    assert_eq!(disk.status(Extended::Fsync(directory)).await, FAILURE);
    assert_eq!(disk.sftp.status(Request::Close(file.clone())).await, OK);
    assert_eq!(disk.status(Extended::Fsync(file)).await, FAILURE);
}

#[tokio::test]
async fn limits_are_those_that_hold() {
    let mut disk = Disk::new().await;
    let reply = disk.reply(Extended::Limits, ReplyForm::Limits).await;
    let ExtendedReply::Limits(limits) = reply else {
        panic!("{reply:?}")
    };
    let expected = Limits {
        packet_length: 256 * 1024,
        read_length: 255 * 1024,
        write_length: 255 * 1024,
        open_handles: 256,
    };
    assert_eq!(limits, expected);
    let most = usize::try_from(limits.write_length).unwrap();
    let file = disk.sftp.open_file("/f", put_flags()).await.unwrap();
    assert!(!disk.path("home").exists());
    let data = vec![7; most + 1];
    let longest = write(&file, 0, &data[..most]);
    assert_eq!(disk.sftp.status(longest).await, OK);
    assert_eq!(disk.sftp.status(write(&file, 0, &data)).await, FAILURE);
    let tail = write(&file, most as u64, b"tail");
    assert_eq!(disk.sftp.status(tail).await, OK);
    assert_eq!(disk.sftp.status(Request::Close(file)).await, OK);
    let file = disk.sftp.open_file("/f", OpenFlags::READ).await.unwrap();
    let read = Request::Read {
        handle: file,
        offset: 0,
        length: u32::MAX,
    };
    match disk.sftp.ask(read).await {
        Response::Data(got) => assert!(got == data[..most]),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn statvfs_and_fstatvfs_tell_the_file_system() {
    let mut disk = Disk::new().await;
    fs::write(disk.path("f"), "f").unwrap();
    let file = disk.sftp.open_file("/f", OpenFlags::READ).await.unwrap();
    let system = rustix::fs::statvfs(disk.root.path()).unwrap();
    for asked in [
        Extended::Statvfs("/".into()),
        Extended::Statvfs("/f".into()),
        Extended::Fstatvfs(file.clone()),
    ] {
        let reply = disk.reply(asked.clone(), ReplyForm::Statvfs).await;
        let ExtendedReply::Statvfs(told) = reply else {
            panic!("{reply:?}")
        };
        // What others do meanwhile changes how much is free, not how much there is.
        assert_eq!(
            (told.fragment_size, told.block_size, told.blocks),
            (system.f_frsize, system.f_bsize, system.f_blocks),
            "{asked:?}"
        );
        assert_eq!((told.id, told.name_max), (system.f_fsid, system.f_namemax));
        assert!(told.blocks_available <= told.blocks_free && told.blocks_free <= told.blocks);
        assert!(told.blocks_available > 0);
    }
    let none = disk.status(Extended::Statvfs("/none".into())).await;
    assert_eq!(none, StatusCode::NoSuchFile);
    assert_eq!(disk.sftp.status(Request::Close(file.clone())).await, OK);
    assert_eq!(disk.status(Extended::Fstatvfs(file)).await, FAILURE);
}

#[tokio::test]
async fn homes_are_told_whether_or_not_they_are_there() {
    let mut disk = Disk::new().await;
    for (asked, expected) in [
        (Extended::ExpandPath("~".into()), "/home/alice"),
        (Extended::ExpandPath("~/a/../b".into()), "/home/alice/b"),
        (Extended::ExpandPath("~alice".into()), "/home/alice"),
        (Extended::ExpandPath("~/../../../x".into()), "/x"),
        (Extended::ExpandPath("a".into()), "/home/alice/a"),
        (Extended::ExpandPath("/a//b/.".into()), "/a/b"),
        (Extended::HomeDirectory("".into()), "/home/alice"),
        (Extended::HomeDirectory("alice".into()), "/home/alice"),
    ] {
        let told = disk.path_of(asked.clone()).await;
        assert_eq!(told.as_deref(), Ok(expected), "{asked:?}");
    }
    for unknown in [
        Extended::ExpandPath("~root/x".into()),
        Extended::HomeDirectory("root".into()),
    ] {
        let refused = disk.path_of(unknown).await;
        assert_eq!(refused, Err(StatusCode::NoSuchFile));
    }
}

#[tokio::test]
async fn users_and_groups_stand_where_their_numbers_stood() {
    let mut disk = Disk::new().await;
    let ask = Extended::UsersGroupsById {
        uids: vec![4_000_000_001, 0, 4_000_000_002],
        gids: vec![0],
    };
    let reply = disk.reply(ask, ReplyForm::UsersGroups).await;
    let ExtendedReply::UsersGroups(names) = reply else {
        panic!("{reply:?}")
    };
    assert_eq!(names.users, ["", "root", ""]);
    // `wheel` on systems that come from BSD.
    assert_eq!(names.groups.len(), 1);
    assert!(!names.groups[0].is_empty());
}

fn copy(from: &Handle, from_offset: u64, length: u64, to: &Handle, to_offset: u64) -> Extended {
    let (from, to) = (from.clone(), to.clone());
    Extended::CopyData {
        from,
        from_offset,
        length,
        to,
        to_offset,
    }
}

#[tokio::test]
async fn copy_data_copies_what_it_is_asked_for() {
    let mut disk = Disk::new().await;
    let data: Vec<u8> = (0..300_000).map(|at| (at / 3 + at) as u8).collect();
    fs::write(disk.path("f"), &data).unwrap();
    // From, length, to, and what the copy becomes.
    for (from, length, to, expected) in [
        (0, 0, 0, data.clone()),
        (100_000, 0, 0, data[100_000..].to_vec()),
        (5, 10, 3, [&[0; 3], &data[5..15]].concat()),
        (299_990, 1_000_000, 0, data[299_990..].to_vec()),
        (300_000, 0, 0, Vec::new()),
    ] {
        let source = disk.sftp.open_file("/f", OpenFlags::READ).await.unwrap();
        let target = disk.sftp.open_file("/g", put_flags()).await.unwrap();
        let asked = copy(&source, from, length, &target, to);
        assert_eq!(disk.status(asked).await, OK);
        assert_eq!(disk.sftp.status(Request::Close(target)).await, OK);
        assert_eq!(disk.sftp.status(Request::Close(source)).await, OK);
        assert!(fs::read(disk.path("g")).unwrap() == expected, "{from}");
    }
    assert!(fs::read(disk.path("f")).unwrap() == data);
}

#[tokio::test]
async fn copy_data_into_the_same_file_is_refused() {
    let mut disk = Disk::new().await;
    fs::write(disk.path("f"), "0123456789").unwrap();
    fs::hard_link(disk.path("f"), disk.path("g")).unwrap();
    let both = OpenFlags::READ | OpenFlags::WRITE;
    let one = disk.sftp.open_file("/f", both).await.unwrap();
    let other = disk.sftp.open_file("/f", both).await.unwrap();
    let linked = disk.sftp.open_file("/g", both).await.unwrap();
    let blind = disk.sftp.open_file("/f", OpenFlags::WRITE).await.unwrap();
    for target in [&one, &other, &linked] {
        assert_eq!(disk.status(copy(&one, 0, 5, target, 2)).await, FAILURE);
        assert_eq!(disk.status(copy(&one, 0, 0, target, 0)).await, FAILURE);
    }
    let denied = StatusCode::PermissionDenied;
    assert_eq!(disk.status(copy(&blind, 0, 0, &one, 0)).await, denied);
    let most = u64::MAX;
    assert_eq!(disk.status(copy(&one, most, 2, &other, 0)).await, FAILURE);
    assert_eq!(fs::read(disk.path("f")).unwrap(), b"0123456789");
}

/// A storage in memory that says of itself that it can do this.
struct Claims(Memory, Capabilities);

#[async_trait]
impl Storage for Claims {
    fn capabilities(&self) -> Capabilities {
        self.1
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

/// A request of each extension, about `/f` and a handle of it.
fn request_of(extension: Extension, handle: &Handle) -> Extended {
    let (a, b) = ("/f".into(), "/g".into());
    match extension {
        Extension::PosixRename => Extended::PosixRename { from: a, to: b },
        Extension::Statvfs => Extended::Statvfs(a),
        Extension::Fstatvfs => Extended::Fstatvfs(handle.clone()),
        Extension::Hardlink => Extended::Hardlink { from: a, to: b },
        Extension::Fsync => Extended::Fsync(handle.clone()),
        Extension::Lsetstat => Extended::Lsetstat {
            path: a,
            attributes: Attributes::default().with_times(1, 2),
        },
        Extension::Limits => Extended::Limits,
        Extension::ExpandPath => Extended::ExpandPath(a),
        Extension::CopyData => copy(handle, 0, 0, handle, 0),
        Extension::HomeDirectory => Extended::HomeDirectory("".into()),
        Extension::UsersGroupsById => Extended::UsersGroupsById {
            uids: vec![0],
            gids: vec![],
        },
        _ => unreachable!("the eleven"),
    }
}

#[tokio::test]
async fn what_a_storage_cannot_do_is_not_announced_and_not_done() {
    let changes = [
        Extension::PosixRename,
        Extension::Hardlink,
        Extension::Fsync,
        Extension::Lsetstat,
        Extension::CopyData,
    ];
    // What is missing, and what goes with it.
    let table: [(Capabilities, &[Extension]); 9] = [
        (Capabilities::NONE, &[]),
        (
            Capabilities::SPACE,
            &[Extension::Statvfs, Extension::Fstatvfs],
        ),
        (Capabilities::NAMES, &[Extension::UsersGroupsById]),
        (Capabilities::ATOMIC_REPLACE, &[Extension::PosixRename]),
        (Capabilities::HARD_LINKS, &[Extension::Hardlink]),
        (Capabilities::SYNC, &[Extension::Fsync]),
        (Capabilities::SYMLINK_ATTRIBUTES, &[Extension::Lsetstat]),
        (Capabilities::ANY_ORDER, &[Extension::CopyData]),
        (Capabilities::WRITE, &changes),
    ];
    for (missing, lost) in table {
        let memory = Memory::new();
        let path = VirtualPath::try_from("/f").unwrap();
        let file = memory.open(&path, OpenOptions::replace()).await.unwrap();
        file.commit().await.unwrap();
        let can = Capabilities::ALL.without(missing);
        let site = Site::over(Arc::new(Claims(memory, can))).await;
        let ssh = log_in(site.addr, "alice").await;
        let mut sftp = Sftp::open(&ssh).await;
        let handle = sftp.open_file("/f", OpenFlags::READ).await.unwrap();
        for extension in Extension::ALL {
            let is_lost = lost.contains(&extension);
            assert_ne!(
                sftp.version.offers(extension),
                is_lost,
                "{extension:?} without {missing:?}"
            );
            if is_lost {
                let request = Request::Extended(request_of(extension, &handle));
                assert_eq!(sftp.status(request).await, StatusCode::OpUnsupported);
            }
        }
    }
}
