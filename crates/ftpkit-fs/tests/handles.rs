//! What SFTP asks of a directory beyond the suite that all backends pass.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "the functions of a test")]

use std::{
    fs,
    os::unix::fs::{FileExt as _, MetadataExt as _, PermissionsExt as _, symlink},
};

use ftpkit_fs::LocalDirectory;
use ftpkit_storage::{
    Capabilities, ErrorKind, OpenOptions, SetAttributes, Storage, UploadPolicy, VirtualPath,
};

fn path(text: &str) -> VirtualPath {
    VirtualPath::try_from(text).unwrap()
}

#[test]
fn a_directory_can_all_that_the_extensions_of_openssh_need() {
    let root = tempfile::tempdir().unwrap();
    let can = LocalDirectory::open(root.path()).unwrap().capabilities();
    let needed = Capabilities::ATOMIC_REPLACE
        | Capabilities::SPACE
        | Capabilities::HARD_LINKS
        | Capabilities::SYNC
        | Capabilities::SYMLINK_ATTRIBUTES
        | Capabilities::IN_PLACE
        | Capabilities::ANY_ORDER;
    assert!(can.contains(needed), "{can:?}");
    assert_eq!(can.contains(Capabilities::NAMES), cfg!(feature = "names"));
}

#[cfg(feature = "names")]
#[tokio::test]
async fn users_and_groups_have_the_names_of_the_system() {
    let root = tempfile::tempdir().unwrap();
    let storage = LocalDirectory::open(root.path()).unwrap();
    // As the system's own file has them; those that are made up have none.
    let of = |file: &str| -> Vec<(u32, String)> {
        let text = fs::read_to_string(file).unwrap();
        let mut seen = std::collections::HashSet::new();
        text.lines()
            .filter_map(|line| {
                let mut fields = line.split(':');
                let (name, id) = (fields.next()?, fields.nth(1)?);
                Some((id.parse().ok()?, name.to_owned()))
            })
            // The first of two that share a number is the one that is found.
            .filter(|(id, _)| seen.insert(*id))
            .collect()
    };
    let (users, groups) = (of("/etc/passwd"), of("/etc/group"));
    assert!(!users.is_empty() && !groups.is_empty());
    let ids = |all: &[(u32, String)]| -> Vec<u32> {
        all.iter().map(|one| one.0).chain([4_294_967_290]).collect()
    };
    let names = |all: Vec<(u32, String)>| -> Vec<_> {
        let names = all.into_iter().map(|one| Some(one.1.into()));
        names.chain([None]).collect()
    };
    let asked = (ids(&users), ids(&groups));
    let expected = (names(users), names(groups));
    for turn in ["from the system", "from memory"] {
        let found = storage.names(&asked.0, &asked.1).await.unwrap();
        assert_eq!((found.users, found.groups), expected, "{turn}");
    }
}

#[tokio::test]
async fn the_space_is_what_the_system_says() {
    let root = tempfile::tempdir().unwrap();
    let storage = LocalDirectory::open(root.path()).unwrap();
    let space = storage.space(&VirtualPath::root()).await.unwrap();
    let stat = rustix::fs::statvfs(root.path()).unwrap();
    assert_eq!(space.total, stat.f_blocks * stat.f_frsize);
    assert_eq!(space.block_size, Some(stat.f_bsize));
    assert_eq!(space.fragment_size, Some(stat.f_frsize));
    assert_eq!(space.files, Some(stat.f_files));
    assert_eq!(space.id, Some(stat.f_fsid));
    assert_eq!(space.name_max, Some(stat.f_namemax));
    assert_eq!(space.read_only, Some(false));
    assert!(space.free >= Some(space.available));
    assert!(space.files_free >= space.files_available);
    let file = storage.open(&path("/f"), OpenOptions::replace()).await;
    let of_file = file.unwrap().space().await.unwrap();
    assert_eq!((of_file.id, of_file.total), (space.id, space.total));
}

/// A mode that keeps the owner out comes with the commit, so that until then an upload that is
/// left behind can be cleaned.
#[tokio::test]
async fn an_upload_can_be_opened_by_its_owner_until_it_is_committed() {
    for (asked, set) in [
        (Some(0o400), None),
        (None, Some(0)),
        (Some(0o040), Some(0o4111)),
    ] {
        for there in [None, Some(0o640)] {
            let root = tempfile::tempdir().unwrap();
            let target = root.path().join("f");
            if let Some(mode) = there {
                fs::write(&target, b"old").unwrap();
                fs::set_permissions(&target, fs::Permissions::from_mode(mode)).unwrap();
            }
            let storage = LocalDirectory::open(root.path()).unwrap();
            let options = OpenOptions::replace().mode(asked);
            let file = storage.open(&path("/f"), options).await.unwrap();
            if let Some(mode) = set {
                let change = SetAttributes::new().mode(mode);
                file.set_attributes(&change).await.unwrap();
            }
            let expected = set.map(|mode| mode & 0o777).or(there).or(asked).unwrap();
            assert_eq!(file.metadata().await.unwrap().mode, Some(expected));
            let hidden = fs::read_dir(root.path())
                .unwrap()
                .map(|entry| entry.unwrap())
                .find(|entry| entry.file_name() != "f")
                .unwrap();
            let held = hidden.metadata().unwrap().mode() & 0o7777;
            assert_eq!(held & 0o600, 0o600, "{held:o}");
            file.commit().await.unwrap();
            let mode = fs::metadata(&target).unwrap().mode() & 0o7777;
            assert_eq!(mode, expected, "{asked:?} {set:?} {there:?}");
        }
    }
}

#[tokio::test]
async fn an_update_is_of_the_file_and_not_of_its_name() {
    let root = tempfile::tempdir().unwrap();
    let storage = LocalDirectory::open(root.path()).unwrap();
    fs::write(root.path().join("f"), b"0123456789").unwrap();
    fs::set_permissions(root.path().join("f"), fs::Permissions::from_mode(0o4755)).unwrap();
    let inode = fs::metadata(root.path().join("f")).unwrap().ino();
    let file = storage
        .open(&path("/f"), OpenOptions::update())
        .await
        .unwrap();
    file.write_at(3, b"x").await.unwrap();
    fs::rename(root.path().join("f"), root.path().join("g")).unwrap();
    file.write_at(4, b"y").await.unwrap();
    file.sync().await.unwrap();
    file.commit().await.unwrap();
    let moved = fs::metadata(root.path().join("g")).unwrap();
    assert_eq!(moved.ino(), inode);
    assert_eq!(fs::read(root.path().join("g")).unwrap(), b"012xy56789");
    assert!(!root.path().join("f").exists());
}

/// The system copies between files that it knows, and leaves holes as they are or not; what is
/// read is the same.
#[tokio::test]
async fn a_copy_between_large_files_is_the_same_bytes() {
    let root = tempfile::tempdir().unwrap();
    let storage = LocalDirectory::open(root.path()).unwrap();
    let source = fs::File::create(root.path().join("source")).unwrap();
    // More than one part, most of it a hole.
    let size: u64 = 130 * 1024 * 1024 + 7;
    source.set_len(size).unwrap();
    for at in [0, 64 * 1024 * 1024 - 2, size - 4] {
        source.write_all_at(b"mark", at).unwrap();
    }
    let input = storage
        .open(&path("/source"), OpenOptions::read())
        .await
        .unwrap();
    let output = storage
        .open(&path("/target"), OpenOptions::replace())
        .await
        .unwrap();
    assert_eq!(
        input.copy_range(1, None, &*output, 3).await.unwrap(),
        size - 1
    );
    assert_eq!(output.commit().await.unwrap().size, size + 2);
    let target = fs::File::open(root.path().join("target")).unwrap();
    let mut buf = [0; 4];
    target.read_exact_at(&mut buf, 64 * 1024 * 1024).unwrap();
    assert_eq!(&buf, b"mark");
    target.read_exact_at(&mut buf, size - 2).unwrap();
    assert_eq!(&buf, b"mark");
    target.read_exact_at(&mut buf, 0).unwrap();
    assert_eq!(&buf, b"\0\0\0a");
}

#[tokio::test]
async fn a_hard_link_is_of_a_file_and_stays_inside() {
    let above = tempfile::tempdir().unwrap();
    let root = above.path().join("root");
    fs::create_dir_all(root.join("d")).unwrap();
    fs::write(above.path().join("canary"), b"canary").unwrap();
    fs::write(root.join("file"), b"inside").unwrap();
    symlink("../canary", root.join("out")).unwrap();
    symlink("file", root.join("in")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.join("queue"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_bits_truncate(0o666),
        0,
    )
    .unwrap();
    let storage = LocalDirectory::open(&root).unwrap();
    for (existing, expected) in [
        ("/file", None),
        ("/out", Some(ErrorKind::Denied)),
        ("/in", Some(ErrorKind::Denied)),
        ("/queue", Some(ErrorKind::Denied)),
        ("/d", Some(ErrorKind::Denied)),
        ("/", Some(ErrorKind::Denied)),
        ("/nothing", Some(ErrorKind::NotFound)),
        ("/out/x", Some(ErrorKind::NotFound)),
    ] {
        let linked = storage.hard_link(&path(existing), &path("/d/link")).await;
        assert_eq!(
            linked.err().map(|error| error.kind()),
            expected,
            "{existing}"
        );
        assert_eq!(
            root.join("d/link").exists(),
            expected.is_none(),
            "{existing}"
        );
        let _ = fs::remove_file(root.join("d/link"));
    }
    assert_eq!(
        fs::metadata(above.path().join("canary")).unwrap().nlink(),
        1
    );
}

#[tokio::test]
async fn what_is_read_while_it_is_written_is_the_upload_itself() {
    for policy in [UploadPolicy::Atomic, UploadPolicy::KeepPartial] {
        let root = tempfile::tempdir().unwrap();
        let storage = LocalDirectory::builder(root.path())
            .upload_policy(policy)
            .build()
            .unwrap();
        for readable in [true, false] {
            let options = OpenOptions::replace().readable(readable);
            let file = storage.open(&path("/f"), options).await.unwrap();
            file.write_at(1, b"x").await.unwrap();
            // The descriptor is as the file was opened.
            let local = file.as_local().unwrap().try_clone_to_owned().unwrap();
            let got = fs::File::from(local).read_at(&mut [0; 4], 0);
            assert_eq!(got.ok(), readable.then_some(2), "{policy:?}");
        }
    }
}
