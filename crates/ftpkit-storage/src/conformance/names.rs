//! Names that are unusual, and names that stand for something else than is asked for.

use super::{child, names, ok, open, put, read, refused};
use crate::{
    error::ErrorKind,
    path::VirtualPath,
    storage::{Existing, OpenOptions, Storage},
};

pub(super) async fn odd_names(storage: &dyn Storage, room: &VirtualPath) {
    let longest = "n".repeat(VirtualPath::MAX_COMPONENT);
    let mut all: Vec<&[u8]> = vec![
        b"a name with spaces",
        b" leading",
        b"-la",
        b"--",
        b"...",
        b".hidden",
        b"~",
        b"#x%20;&",
        b"it's",
        "h\u{e9}llo-\u{4e16}\u{754c}".as_bytes(),
        longest.as_bytes(),
    ];
    if cfg!(unix) {
        all.extend([
            &b"back\\slash"[..],
            b"quo\"te",
            b"c:olon",
            b"trailing ",
            b"*?<>|",
            b"tab\there",
            b"\xff\xfe not utf-8",
        ]);
    }
    for name in &all {
        let path = child(room, name);
        put(storage, &path, name).await;
        assert_eq!(read(storage, &path).await, *name);
    }
    let mut expected: Vec<_> = all.iter().map(|name| name.to_vec()).collect();
    expected.sort();
    assert_eq!(names(storage, room).await, expected);
    for name in &all {
        ok("rm", storage.remove_file(&child(room, name)).await);
        ok("mkdir", storage.create_dir(&child(room, name)).await);
        ok("rmdir", storage.remove_dir(&child(room, name)).await);
    }
    assert!(names(storage, room).await.is_empty());
}

pub(super) async fn wrong_kinds(storage: &dyn Storage, room: &VirtualPath) {
    let file = child(room, "file");
    let missing = child(room, "missing");
    put(storage, &file, b"x").await;
    let listed = storage.list(&file).await;
    refused("list a file", ErrorKind::NotADirectory, listed.map(|_| ()));
    let listed = storage.list_names(&file).await;
    refused("nlst a file", ErrorKind::NotADirectory, listed.map(|_| ()));
    for options in [
        OpenOptions::read(),
        OpenOptions::replace(),
        OpenOptions::append(),
        OpenOptions::write_at(0),
        OpenOptions::update(),
    ] {
        let opened = storage.open(room, options).await;
        refused(
            "open a directory",
            ErrorKind::IsADirectory,
            opened.map(|_| ()),
        );
    }
    let opened = storage.open(room, OpenOptions::create_new()).await;
    refused("create a directory", ErrorKind::Exists, opened.map(|_| ()));

    for (above, kind) in [
        (&file, ErrorKind::NotADirectory),
        (&missing, ErrorKind::NotFound),
    ] {
        let below = child(above, "below");
        refused("stat", kind, storage.metadata(&below).await);
        refused("lstat", kind, storage.symlink_metadata(&below).await);
        refused("list", kind, storage.list(&below).await.map(|_| ()));
        refused("nlst", kind, storage.list_names(&below).await.map(|_| ()));
        refused("mkdir", kind, storage.create_dir(&below).await);
        refused("rmdir", kind, storage.remove_dir(&below).await);
        refused("rm", kind, storage.remove_file(&below).await);
        let to = child(room, "to");
        refused(
            "mv",
            kind,
            storage.rename(&below, &to, Existing::Keep).await,
        );
        refused(
            "mv",
            kind,
            storage.rename(&file, &below, Existing::Keep).await,
        );
        for options in [
            OpenOptions::read(),
            OpenOptions::replace(),
            OpenOptions::create_new(),
            OpenOptions::append(),
            OpenOptions::write_at(1),
            OpenOptions::update(),
        ] {
            let what = format!("open with {options:?}");
            let opened = storage.open(&below, options).await;
            refused(&what, kind, opened.map(|_| ()));
        }
    }

    let reader = open(storage, &file, OpenOptions::read()).await;
    let written = reader.write_at(0, b"y").await;
    refused("write what is read", ErrorKind::Denied, written);
    ok("commit what is read", reader.commit().await);
    let writer = open(storage, &file, OpenOptions::append()).await;
    let got = writer.read_at(0, &mut [0; 4]).await;
    refused("read what is written", ErrorKind::Denied, got);
    drop(writer);
    assert_eq!(read(storage, &file).await, b"x");
}
