//! What lies on the disk during, after and instead of an upload.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "the functions of a test")]

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
};

use ftpkit_fs::LocalDirectory;
use ftpkit_storage::{
    ErrorKind, Existing, OpenOptions, SetAttributes, Storage, UploadPolicy, VirtualPath,
    collect_entries,
};

const STALE: &str = ".ftpkit-0123456789abcdef.part";

fn path(text: &str) -> VirtualPath {
    VirtualPath::try_from(text).unwrap()
}

fn mode(path: &Path) -> u32 {
    fs::symlink_metadata(path).unwrap().mode() & 0o7777
}

/// The names in a directory as the system sees them, sorted.
fn on_disk(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

async fn listed(storage: &LocalDirectory, directory: &str) -> usize {
    let pages = storage.list(&path(directory)).await.unwrap();
    collect_entries(pages, usize::MAX).await.unwrap().len()
}

#[tokio::test]
async fn an_upload_under_way_is_one_hidden_file_that_clients_cannot_touch() {
    let root = tempfile::tempdir().unwrap();
    let storage = LocalDirectory::open(root.path()).unwrap();
    let file = storage
        .open(&path("/f"), OpenOptions::replace())
        .await
        .unwrap();
    file.write_at(0, b"half").await.unwrap();
    let names = on_disk(root.path());
    assert_eq!(names.len(), 1);
    let hidden = path(&names[0]);
    assert_eq!(listed(&storage, "/").await, 0);

    let not_found = |what: &str, kind| assert_eq!(kind, ErrorKind::NotFound, "{what}");
    not_found("stat", storage.metadata(&hidden).await.unwrap_err().kind());
    not_found(
        "lstat",
        storage.symlink_metadata(&hidden).await.unwrap_err().kind(),
    );
    not_found("rm", storage.remove_file(&hidden).await.unwrap_err().kind());
    not_found("list", storage.list(&hidden).await.err().unwrap().kind());
    let other = path("/other");
    let moved = storage.rename(&hidden, &other, Existing::Keep).await;
    not_found("mv", moved.unwrap_err().kind());
    let linked = storage.hard_link(&hidden, &other).await;
    not_found("link", linked.unwrap_err().kind());
    let set = storage
        .set_attributes(&hidden, &SetAttributes::new().mode(0))
        .await;
    not_found("chmod", set.unwrap_err().kind());
    for options in [OpenOptions::read(), OpenOptions::write_at(1)] {
        let opened = storage.open(&hidden, options).await;
        not_found("open", opened.err().unwrap().kind());
    }

    let refused = |what: &str, kind| assert_eq!(kind, ErrorKind::InvalidName, "{what}");
    for options in [
        OpenOptions::replace(),
        OpenOptions::create_new(),
        OpenOptions::append(),
    ] {
        let opened = storage.open(&hidden, options).await;
        refused("make", opened.err().unwrap().kind());
    }
    refused(
        "mkdir",
        storage.create_dir(&hidden).await.unwrap_err().kind(),
    );
    storage.create_dir(&other).await.unwrap();
    let moved = storage.rename(&other, &hidden, Existing::Replace).await;
    refused("mv onto", moved.unwrap_err().kind());
    let linked = storage.symlink(b"other", &hidden).await;
    refused("symlink", linked.unwrap_err().kind());
    let linked = storage
        .symlink(hidden.file_name().unwrap(), &path("/l"))
        .await;
    refused("symlink to", linked.unwrap_err().kind());

    file.commit().await.unwrap();
    assert_eq!(on_disk(root.path()), ["f", "other"]);
}

#[tokio::test]
async fn what_is_dropped_leaves_the_old_and_nothing_else() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("f"), b"old").unwrap();
    for policy in [UploadPolicy::Atomic, UploadPolicy::KeepPartial] {
        let storage = LocalDirectory::builder(root.path())
            .upload_policy(policy)
            .build()
            .unwrap();
        let file = storage
            .open(&path("/f"), OpenOptions::replace())
            .await
            .unwrap();
        file.write_at(0, b"something new").await.unwrap();
        drop(file);
        assert_eq!(on_disk(root.path()), ["f"], "{policy:?}");
        assert_eq!(
            fs::read(root.path().join("f")).unwrap(),
            b"old",
            "{policy:?}"
        );
    }
}

#[tokio::test]
async fn a_partial_file_is_under_its_own_name_while_it_comes() {
    let root = tempfile::tempdir().unwrap();
    let storage = LocalDirectory::builder(root.path())
        .upload_policy(UploadPolicy::KeepPartial)
        .build()
        .unwrap();
    let file = storage
        .open(&path("/f"), OpenOptions::replace())
        .await
        .unwrap();
    file.write_at(0, b"half").await.unwrap();
    assert_eq!(on_disk(root.path()), ["f"]);
    drop(file);
    let file = storage
        .open(&path("/f"), OpenOptions::write_at(4))
        .await
        .unwrap();
    file.write_at(4, b" and half").await.unwrap();
    file.commit().await.unwrap();
    assert_eq!(fs::read(root.path().join("f")).unwrap(), b"half and half");
}

#[tokio::test]
async fn stale_files_go_and_live_ones_stay() {
    let root = tempfile::tempdir().unwrap();
    let below = root.path().join("a/b");
    fs::create_dir_all(&below).unwrap();
    fs::write(root.path().join(STALE), b"").unwrap();
    fs::write(below.join(STALE), b"x").unwrap();
    // Not names of ours, though hidden.
    fs::write(below.join(".ftpkit-mine.part"), b"").unwrap();
    fs::create_dir(root.path().join(".ftpkit-0000000000000000.part")).unwrap();
    let first = LocalDirectory::builder(root.path())
        .clean(false)
        .build()
        .unwrap();
    assert!(below.join(STALE).exists());
    let live = first
        .open(&path("/a/live"), OpenOptions::replace())
        .await
        .unwrap();
    live.write_at(0, b"live").await.unwrap();

    let second = LocalDirectory::open(root.path()).unwrap();
    assert_eq!(on_disk(&below), [".ftpkit-mine.part"]);
    assert_eq!(on_disk(root.path()), [".ftpkit-0000000000000000.part", "a"]);
    live.commit().await.unwrap();
    assert_eq!(fs::read(root.path().join("a/live")).unwrap(), b"live");

    fs::write(below.join(STALE), b"x").unwrap();
    assert_eq!(second.clean().await.unwrap(), 1);
    assert_eq!(second.clean().await.unwrap(), 0);
    assert_eq!(listed(&second, "/").await, 1);
    assert_eq!(listed(&second, "/a/b").await, 0);
}

#[tokio::test]
async fn a_directory_with_stale_files_is_empty_and_one_with_live_ones_busy() {
    let root = tempfile::tempdir().unwrap();
    let storage = LocalDirectory::open(root.path()).unwrap();
    let directory = path("/d");
    storage.create_dir(&directory).await.unwrap();
    fs::write(root.path().join("d").join(STALE), b"x").unwrap();
    let live = storage
        .open(&path("/d/f"), OpenOptions::replace())
        .await
        .unwrap();
    let error = storage.remove_dir(&directory).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Busy);
    drop(live);
    fs::write(root.path().join("d").join(STALE), b"x").unwrap();
    storage.remove_dir(&directory).await.unwrap();
    assert!(on_disk(root.path()).is_empty());
}

#[tokio::test]
async fn modes_follow_the_umask_of_the_storage_alone() {
    for (umask, file_mode, dir_mode) in [
        (0o022, 0o644, 0o755),
        (0, 0o666, 0o777),
        (0o077, 0o600, 0o700),
    ] {
        for policy in [UploadPolicy::Atomic, UploadPolicy::KeepPartial] {
            let root = tempfile::tempdir().unwrap();
            let storage = LocalDirectory::builder(root.path())
                .umask(umask)
                .upload_policy(policy)
                .build()
                .unwrap();
            for (name, options) in [
                ("/replaced", OpenOptions::replace()),
                ("/created", OpenOptions::create_new()),
                ("/appended", OpenOptions::append()),
            ] {
                let file = storage.open(&path(name), options).await.unwrap();
                file.commit().await.unwrap();
                assert_eq!(
                    mode(&root.path().join(&name[1..])),
                    file_mode,
                    "{name} {umask:o}"
                );
            }
            storage.create_dir(&path("/d")).await.unwrap();
            assert_eq!(mode(&root.path().join("d")), dir_mode, "{umask:o}");
        }
    }
}

#[tokio::test]
async fn a_replacement_is_as_private_as_the_file_from_its_first_byte() {
    let root = tempfile::tempdir().unwrap();
    let target = root.path().join("f");
    fs::write(&target, b"old").unwrap();
    fs::set_permissions(&target, fs::Permissions::from_mode(0o4600)).unwrap();
    let storage = LocalDirectory::open(root.path()).unwrap();
    let file = storage
        .open(&path("/f"), OpenOptions::replace())
        .await
        .unwrap();
    let hidden = on_disk(root.path()).remove(0);
    assert_eq!(mode(&root.path().join(hidden)), 0o600);
    // The mode that counts is the one at commit; setuid is not handed on.
    fs::set_permissions(&target, fs::Permissions::from_mode(0o4640)).unwrap();
    file.commit().await.unwrap();
    assert_eq!(mode(&target), 0o640);
    let set = SetAttributes::new().mode(0o6755);
    storage.set_attributes(&path("/f"), &set).await.unwrap();
    assert_eq!(mode(&target), 0o755);
}

#[tokio::test]
async fn the_descriptor_is_the_file() {
    use std::io::Write as _;
    let root = tempfile::tempdir().unwrap();
    let storage = LocalDirectory::open(root.path()).unwrap();
    let file = storage
        .open(&path("/f"), OpenOptions::replace())
        .await
        .unwrap();
    let mut local = fs::File::from(file.as_local().unwrap().try_clone_to_owned().unwrap());
    local.write_all(b"by the system").unwrap();
    drop(local);
    assert_eq!(file.commit().await.unwrap().size, 13);
    assert_eq!(fs::read(root.path().join("f")).unwrap(), b"by the system");
}

#[tokio::test]
async fn ten_thousand_entries_come_in_pages() {
    use futures::TryStreamExt as _;
    let root = tempfile::tempdir().unwrap();
    for number in 0..10_000 {
        fs::write(root.path().join(format!("{number:05}")), b"").unwrap();
    }
    fs::write(root.path().join("with\nline"), b"").unwrap();
    let storage = LocalDirectory::open(root.path()).unwrap();
    let mut pages = storage.list(&VirtualPath::root()).await.unwrap();
    let mut names = std::collections::BTreeSet::new();
    let mut count = 0;
    while let Some(page) = pages.try_next().await.unwrap() {
        count += 1;
        assert!(page.len() <= 2048);
        for entry in page {
            assert!(entry.metadata.is_file());
            assert!(names.insert(entry.name), "twice the same name");
        }
    }
    assert_eq!(names.len(), 10_000);
    assert!(count >= 8);
}
