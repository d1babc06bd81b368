//! Content: reading at offsets, and what each way of writing leaves, committed or not.

use super::{absent, child, names, ok, open, put, read, read_file, refused, write};
use crate::{
    error::ErrorKind,
    path::VirtualPath,
    storage::{Capabilities, OpenOptions, Storage, UploadPolicy},
};

pub(super) async fn reading(storage: &dyn Storage, room: &VirtualPath) {
    let path = child(room, "file");
    let data: Vec<u8> = (0..300_000_u32).map(|i| (i % 253) as u8).collect();
    put(storage, &path, &data).await;
    assert_eq!(read(storage, &path).await, data);
    let file = open(storage, &path, OpenOptions::read()).await;
    assert_eq!(file.start(), 0);
    let metadata = ok("stat", file.metadata().await);
    assert_eq!(metadata.size, Some(300_000));
    for offset in [0_usize, 1, 65_535, 65_536, 299_999, 300_000, 300_001] {
        let mut buf = [0; 5];
        let len = ok("read", file.read_at(offset as u64, &mut buf).await);
        let rest = data.get(offset..).unwrap_or_default();
        assert!(len > 0 || rest.is_empty(), "at {offset}");
        assert_eq!(&buf[..len], &rest[..len], "at {offset}");
    }
    let none = ok("read nothing", file.read_at(0, &mut []).await);
    assert_eq!(none, 0);

    let empty = child(room, "empty");
    let file = open(storage, &empty, OpenOptions::replace()).await;
    assert_eq!(ok("commit", file.commit().await).size, 0);
    assert_eq!(read(storage, &empty).await, b"");
}

pub(super) async fn replacing(storage: &dyn Storage, room: &VirtualPath, policy: UploadPolicy) {
    let path = child(room, "file");
    let file = open(storage, &path, OpenOptions::replace()).await;
    ok("write", file.write_at(0, b"half").await);
    ok("sync", file.sync().await);
    if policy == UploadPolicy::Atomic {
        absent(storage, &path).await;
        assert!(names(storage, room).await.is_empty(), "nothing is listed");
    }
    drop(file);
    match policy {
        UploadPolicy::Atomic => absent(storage, &path).await,
        UploadPolicy::KeepPartial => assert_eq!(read(storage, &path).await, b"half"),
    }

    put(storage, &path, b"old").await;
    assert_eq!(read(storage, &path).await, b"old");
    let reader = open(storage, &path, OpenOptions::read()).await;
    let file = open(storage, &path, OpenOptions::replace()).await;
    ok("write", file.write_at(0, b"of no use").await);
    assert_eq!(names(storage, room).await, [b"file"]);
    assert_eq!(read(storage, &path).await, b"old");
    drop(file);
    assert_eq!(
        read(storage, &path).await,
        b"old",
        "an interruption leaves it"
    );
    assert_eq!(names(storage, room).await, [b"file"]);

    put(storage, &path, b"new!").await;
    assert_eq!(read(storage, &path).await, b"new!");
    assert_eq!(read_file(&*reader).await, b"old", "a reader reads on");

    // Two at once: the last commit counts, and neither is mixed with the other.
    let first = open(storage, &path, OpenOptions::replace()).await;
    let second = open(storage, &path, OpenOptions::replace()).await;
    ok("write", first.write_at(0, b"first").await);
    ok("write", second.write_at(0, b"2nd").await);
    ok("commit", second.commit().await);
    assert_eq!(read(storage, &path).await, b"2nd");
    ok("commit", first.commit().await);
    assert_eq!(read(storage, &path).await, b"first");

    // A directory that takes the name meanwhile is not replaced.
    if policy == UploadPolicy::Atomic {
        let taken = child(room, "taken");
        let file = open(storage, &taken, OpenOptions::replace()).await;
        ok("mkdir", storage.create_dir(&taken).await);
        refused("commit", ErrorKind::IsADirectory, file.commit().await);
    }
}

pub(super) async fn creating(storage: &dyn Storage, room: &VirtualPath, policy: UploadPolicy) {
    let path = child(room, "file");
    let file = open(storage, &path, OpenOptions::create_new()).await;
    ok("write", file.write_at(0, b"half").await);
    let second = storage.open(&path, OpenOptions::create_new()).await;
    refused("create twice", ErrorKind::Exists, second.map(|_| ()));
    drop(file);
    match policy {
        UploadPolicy::Atomic => absent(storage, &path).await,
        UploadPolicy::KeepPartial => {
            assert_eq!(read(storage, &path).await, b"half");
            ok("rm", storage.remove_file(&path).await);
        }
    }
    write(storage, &path, OpenOptions::create_new(), b"mine").await;
    assert_eq!(read(storage, &path).await, b"mine");
    let again = storage.open(&path, OpenOptions::create_new()).await;
    refused("create what is there", ErrorKind::Exists, again.map(|_| ()));

    // A name that another takes meanwhile, by whatever way, stays the other's.
    if policy == UploadPolicy::Atomic {
        let path = child(room, "raced");
        let file = open(storage, &path, OpenOptions::create_new()).await;
        ok("write", file.write_at(0, b"late").await);
        put(storage, &path, b"other").await;
        refused("commit", ErrorKind::Exists, file.commit().await);
        assert_eq!(read(storage, &path).await, b"other");
        assert_eq!(names(storage, room).await, [&b"file"[..], b"raced"]);
    }
}

pub(super) async fn in_place(storage: &dyn Storage, room: &VirtualPath) {
    if !storage.capabilities().contains(Capabilities::IN_PLACE) {
        return;
    }
    let path = child(room, "file");
    let missing = storage.open(&path, OpenOptions::write_at(1)).await;
    refused("resume nothing", ErrorKind::NotFound, missing.map(|_| ()));
    write(storage, &path, OpenOptions::append(), b"0123").await;
    write(storage, &path, OpenOptions::append(), b"4567").await;
    assert_eq!(read(storage, &path).await, b"01234567");

    let file = open(storage, &path, OpenOptions::append()).await;
    assert_eq!(file.start(), 8);
    ok("write", file.write_at(8, b"89").await);
    drop(file);
    assert_eq!(
        read(storage, &path).await,
        b"0123456789",
        "what arrived stays"
    );

    let beyond = storage.open(&path, OpenOptions::write_at(11)).await;
    refused("resume beyond", ErrorKind::BeyondEnd, beyond.map(|_| ()));
    assert_eq!(read(storage, &path).await, b"0123456789");
    write(storage, &path, OpenOptions::write_at(10), b"ab").await;
    assert_eq!(read(storage, &path).await, b"0123456789ab");
    let file = open(storage, &path, OpenOptions::write_at(4)).await;
    assert_eq!(file.start(), 4);
    ok("write", file.write_at(4, b"xy").await);
    drop(file);
    assert_eq!(
        read(storage, &path).await,
        b"0123xy",
        "it ends where the upload ends"
    );
    assert_eq!(names(storage, room).await, [b"file"]);
}

pub(super) async fn interleaved(storage: &dyn Storage, room: &VirtualPath) {
    if !storage.capabilities().contains(Capabilities::ANY_ORDER) {
        return;
    }
    let path = child(room, "file");
    let file = open(storage, &path, OpenOptions::replace()).await;
    for (offset, data) in [(6, &b"6789"[..]), (0, b"01"), (1, b"12"), (3, b"")] {
        ok("write", file.write_at(offset, data).await);
    }
    assert_eq!(ok("stat", file.metadata().await).size, Some(10));
    assert_eq!(ok("commit", file.commit().await).size, 10);
    assert_eq!(read(storage, &path).await, b"012\0\0\x006789");
}
