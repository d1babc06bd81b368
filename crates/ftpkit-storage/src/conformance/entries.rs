//! Directories, listings, names that change, attributes and links.

use std::time::{Duration, SystemTime};

use futures::TryStreamExt as _;

use super::{absent, child, gather, names, ok, open, put, read, refused, write};
use crate::{
    error::ErrorKind,
    metadata::{Kind, SetAttributes},
    path::VirtualPath,
    storage::{Capabilities, Existing, OpenOptions, Storage},
};

pub(super) async fn root(storage: &dyn Storage) {
    let root = VirtualPath::root();
    let metadata = ok("stat the root", storage.metadata(&root).await);
    assert_eq!(metadata.kind, Kind::Directory);
    drop(ok("list the root", storage.list(&root).await));
    refused(
        "mkdir /",
        ErrorKind::Exists,
        storage.create_dir(&root).await,
    );
    refused(
        "rmdir /",
        ErrorKind::Denied,
        storage.remove_dir(&root).await,
    );
    refused(
        "rm /",
        ErrorKind::IsADirectory,
        storage.remove_file(&root).await,
    );
    let to = child(&root, "elsewhere");
    refused(
        "mv /",
        ErrorKind::Denied,
        storage.rename(&root, &to, Existing::Replace).await,
    );
    for options in [OpenOptions::read(), OpenOptions::replace()] {
        let opened = storage.open(&root, options).await;
        refused("open /", ErrorKind::IsADirectory, opened.map(|_| ()));
    }
}

pub(super) async fn directories(storage: &dyn Storage, room: &VirtualPath) {
    let one = child(room, "one");
    let two = child(&one, "two");
    refused(
        "mkdir without its parent",
        ErrorKind::NotFound,
        storage.create_dir(&two).await,
    );
    ok("mkdir", storage.create_dir(&one).await);
    ok("enter", storage.may_enter(&one).await);
    let nothing = storage.may_enter(&two).await;
    refused("enter nothing", ErrorKind::NotFound, nothing);
    let file = child(&one, "file");
    put(storage, &file, b"").await;
    let entered = storage.may_enter(&file).await;
    refused("enter a file", ErrorKind::NotADirectory, entered);
    ok("rm", storage.remove_file(&file).await);
    refused(
        "mkdir twice",
        ErrorKind::Exists,
        storage.create_dir(&one).await,
    );
    ok("mkdir", storage.create_dir(&two).await);
    let metadata = ok("stat", storage.metadata(&two).await);
    assert_eq!(metadata.kind, Kind::Directory);
    assert!(metadata.modified.is_some());
    assert!(names(storage, &two).await.is_empty());
    assert_eq!(names(storage, &one).await, [b"two"]);
    refused(
        "rmdir with something in it",
        ErrorKind::NotEmpty,
        storage.remove_dir(&one).await,
    );
    ok("rmdir", storage.remove_dir(&two).await);
    ok("rmdir", storage.remove_dir(&one).await);
    absent(storage, &one).await;
    refused(
        "rmdir twice",
        ErrorKind::NotFound,
        storage.remove_dir(&one).await,
    );
    let listed = storage.list(&one).await;
    refused("list nothing", ErrorKind::NotFound, listed.map(|_| ()));
}

pub(super) async fn removing(storage: &dyn Storage, room: &VirtualPath) {
    let file = child(room, "file");
    let directory = child(room, "directory");
    put(storage, &file, b"x").await;
    ok("mkdir", storage.create_dir(&directory).await);
    refused(
        "rm a directory",
        ErrorKind::IsADirectory,
        storage.remove_file(&directory).await,
    );
    refused(
        "rmdir a file",
        ErrorKind::NotADirectory,
        storage.remove_dir(&file).await,
    );
    let reader = open(storage, &file, OpenOptions::read()).await;
    ok("rm", storage.remove_file(&file).await);
    absent(storage, &file).await;
    assert_eq!(super::read_file(&*reader).await, b"x", "reads on");
    refused(
        "rm twice",
        ErrorKind::NotFound,
        storage.remove_file(&file).await,
    );
}

pub(super) async fn renaming(storage: &dyn Storage, room: &VirtualPath) {
    let [a, b, c] = ["a", "b", "c"].map(|name| child(room, name));
    let directory = child(room, "directory");
    put(storage, &a, b"content of a").await;
    put(storage, &b, b"b").await;
    ok("mkdir", storage.create_dir(&directory).await);

    refused(
        "mv nothing",
        ErrorKind::NotFound,
        storage.rename(&c, &b, Existing::Replace).await,
    );
    refused(
        "mv onto a file to be kept",
        ErrorKind::Exists,
        storage.rename(&a, &b, Existing::Keep).await,
    );
    assert_eq!(read(storage, &b).await, b"b");
    refused(
        "mv onto a directory",
        ErrorKind::Exists,
        storage.rename(&a, &directory, Existing::Replace).await,
    );
    refused(
        "mv a directory onto a file",
        ErrorKind::Exists,
        storage.rename(&directory, &a, Existing::Replace).await,
    );
    refused(
        "mv into nothing",
        ErrorKind::NotFound,
        storage.rename(&a, &child(&c, "a"), Existing::Replace).await,
    );
    ok(
        "mv to itself",
        storage.rename(&a, &a, Existing::Replace).await,
    );

    let reader = open(storage, &b, OpenOptions::read()).await;
    ok("mv over", storage.rename(&a, &b, Existing::Replace).await);
    absent(storage, &a).await;
    assert_eq!(read(storage, &b).await, b"content of a");
    assert_eq!(super::read_file(&*reader).await, b"b", "reads on");
    ok(
        "mv to a free name",
        storage.rename(&b, &c, Existing::Keep).await,
    );

    let inner = child(&directory, "c");
    ok("mv into", storage.rename(&c, &inner, Existing::Keep).await);
    refused(
        "mv a directory into itself",
        ErrorKind::Invalid,
        storage
            .rename(&directory, &child(&directory, "d"), Existing::Replace)
            .await,
    );
    let moved = child(room, "moved");
    ok("mkdir", storage.create_dir(&moved).await);
    refused(
        "mv a directory onto another",
        ErrorKind::Exists,
        storage.rename(&directory, &moved, Existing::Replace).await,
    );
    ok("rmdir", storage.remove_dir(&moved).await);
    ok(
        "mv a directory",
        storage.rename(&directory, &moved, Existing::Keep).await,
    );
    assert_eq!(read(storage, &child(&moved, "c")).await, b"content of a");
    absent(storage, &directory).await;
}

pub(super) async fn listing(storage: &dyn Storage, room: &VirtualPath) {
    let mut expected = Vec::new();
    for number in 0..600 {
        let name = format!("d{number:03}");
        ok("mkdir", storage.create_dir(&child(room, &name)).await);
        expected.push(name.into_bytes());
    }
    put(storage, &child(room, "file"), b"12345").await;
    expected.push(b"file".to_vec());
    assert_eq!(names(storage, room).await, expected);

    let mut pages = ok("list", storage.list(room).await);
    let mut count = 0;
    while let Some(page) = ok("list", pages.try_next().await) {
        assert!(!page.is_empty(), "a page is empty");
        assert!(page.len() < expected.len(), "all of it came in one page");
        count += page.len();
        for entry in page {
            let described = ok(
                "stat",
                storage.symlink_metadata(&child(room, &entry.name)).await,
            );
            assert_eq!(entry.metadata.kind, described.kind, "{:?}", entry.name);
            assert_eq!(entry.metadata.modified, described.modified);
            if described.is_file() {
                assert_eq!(entry.metadata.size, Some(5));
            }
        }
    }
    assert_eq!(count, expected.len());
    let pages = ok("list", storage.list(room).await);
    let few = ok("list", crate::collect_entries(pages, 7).await);
    assert_eq!(few.len(), 7);
}

pub(super) async fn attributes(storage: &dyn Storage, room: &VirtualPath) {
    let can = storage.capabilities();
    let file = child(room, "file");
    put(storage, &file, b"12345").await;
    let now = SystemTime::now();
    let modified = ok("stat", storage.metadata(&file).await).modified;
    let age = modified.map(|at| now.duration_since(at).unwrap_or_default());
    assert!(
        age.is_some_and(|age| age < Duration::from_secs(600)),
        "it is new"
    );

    let nothing = SetAttributes::new();
    assert!(nothing.is_empty());
    ok("set nothing", storage.set_attributes(&file, &nothing).await);
    if can.contains(Capabilities::SET_TIMES) {
        // Whole seconds, and even ones, are what every file system keeps.
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(981_173_106);
        for target in [&file, room] {
            let set = SetAttributes::new().modified(at);
            ok("set times", storage.set_attributes(target, &set).await);
            let metadata = ok("stat", storage.metadata(target).await);
            assert_eq!(metadata.modified, Some(at), "{target}");
        }
    }
    if can.contains(Capabilities::SET_CREATED) {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(981_173_106);
        let set = SetAttributes::new().created(at);
        ok(
            "set the creation",
            storage.set_attributes(&file, &set).await,
        );
        let metadata = ok("stat", storage.metadata(&file).await);
        assert_eq!(metadata.created, Some(at));
    } else {
        let set = SetAttributes::new().created(SystemTime::UNIX_EPOCH);
        let done = storage.set_attributes(&file, &set).await;
        refused("set the creation", ErrorKind::Unsupported, done);
    }
    if can.contains(Capabilities::MODES) {
        for (target, mode) in [(&file, 0o640), (&file, 0o600), (room, 0o750)] {
            let set = SetAttributes::new().mode(mode);
            ok("set mode", storage.set_attributes(target, &set).await);
            let metadata = ok("stat", storage.metadata(target).await);
            assert_eq!(metadata.mode, Some(mode), "{target}");
        }
        // What replaces a file keeps its mode.
        put(storage, &file, b"new").await;
        let metadata = ok("stat", storage.metadata(&file).await);
        assert_eq!(metadata.mode, Some(0o600));
    }
    if can.contains(Capabilities::IN_PLACE) {
        for (size, expected) in [(2, &b"ab"[..]), (4, b"ab\0\0"), (0, b"")] {
            if size == 2 {
                put(storage, &file, b"abcde").await;
            }
            let set = SetAttributes::new().size(size);
            ok("set size", storage.set_attributes(&file, &set).await);
            assert_eq!(read(storage, &file).await, expected);
        }
        let set = SetAttributes::new().size(0);
        let sized = storage.set_attributes(room, &set).await;
        refused("set a directory's size", ErrorKind::IsADirectory, sized);
    }
    let missing = storage
        .set_attributes(&child(room, "no"), &SetAttributes::new().mode(0))
        .await;
    refused("set on nothing", ErrorKind::NotFound, missing);

    if can.contains(Capabilities::SET_TIMES | Capabilities::MODES) {
        let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        let upload = open(storage, &file, OpenOptions::replace()).await;
        ok("write", upload.write_at(0, b"x").await);
        let set = SetAttributes::new().modified(at).mode(0o604);
        ok("set on an upload", upload.set_attributes(&set).await);
        ok("commit", upload.commit().await);
        let metadata = ok("stat", storage.metadata(&file).await);
        assert_eq!((metadata.modified, metadata.mode), (Some(at), Some(0o604)));
    }
    if can.contains(Capabilities::UNIQUE_IDS) {
        let other = child(room, "other");
        put(storage, &other, b"").await;
        let one = ok("stat", storage.metadata(&file).await).unique;
        let two = ok("stat", storage.metadata(&other).await).unique;
        assert!(one.is_some() && two.is_some() && one != two);
        let to = child(room, "renamed");
        ok("mv", storage.rename(&file, &to, Existing::Keep).await);
        assert_eq!(ok("stat", storage.metadata(&to).await).unique, one);
    }
    if can.contains(Capabilities::SPACE) {
        let space = ok("space", storage.space(room).await);
        assert!(space.available <= space.total);
    }
}

pub(super) async fn copying(storage: &dyn Storage, room: &VirtualPath) {
    if !storage.capabilities().contains(Capabilities::COPY) {
        return;
    }
    let [a, b] = ["a", "b"].map(|name| child(room, name));
    let data: Vec<u8> = (0..200_000_u32).map(|i| (i % 251) as u8).collect();
    put(storage, &a, &data).await;
    ok("cp", storage.copy(&a, &b).await);
    assert_eq!(read(storage, &b).await, data);
    put(storage, &a, b"changed").await;
    assert_eq!(read(storage, &b).await, data, "they are apart");
    ok("cp over", storage.copy(&a, &b).await);
    assert_eq!(read(storage, &b).await, b"changed");
    ok("cp to itself", storage.copy(&a, &a).await);
    assert_eq!(read(storage, &a).await, b"changed");
    let nothing = storage.copy(&child(room, "no"), &b).await;
    refused("cp nothing", ErrorKind::NotFound, nothing);
    refused(
        "cp a directory",
        ErrorKind::IsADirectory,
        storage.copy(room, &b).await,
    );
    assert_eq!(names(storage, room).await, [b"a", b"b"]);
}

pub(super) async fn links(storage: &dyn Storage, room: &VirtualPath) {
    let can = storage.capabilities();
    let file = child(room, "file");
    put(storage, &file, b"content").await;
    if can.contains(Capabilities::HARD_LINKS) {
        // A server that is reached over SFTP links, but has no word for how often.
        let is_known = can.contains(Capabilities::UNIQUE_IDS);
        let counted = async |expected: u64| {
            let links = ok("stat", storage.metadata(&file).await).links;
            assert!(links == Some(expected) || links.is_none() && !is_known);
        };
        let second = child(room, "second");
        ok("link", storage.hard_link(&file, &second).await);
        counted(2).await;
        let [one, two] = [&file, &second];
        let unique = ok("stat", storage.metadata(one).await).unique;
        assert_eq!(ok("stat", storage.metadata(two).await).unique, unique);
        if can.contains(Capabilities::IN_PLACE) {
            write(storage, &second, OpenOptions::append(), b"!").await;
            assert_eq!(read(storage, &file).await, b"content!");
            put(storage, &second, b"replaced").await;
            assert_eq!(read(storage, &file).await, b"content!", "they are apart");
            counted(1).await;
            ok("rm", storage.remove_file(&second).await);
            ok("link", storage.hard_link(&file, &second).await);
        }
        refused(
            "link onto",
            ErrorKind::Exists,
            storage.hard_link(&file, &second).await,
        );
        ok("rm", storage.remove_file(&second).await);
        counted(1).await;
        let third = child(room, "third");
        refused(
            "link a directory",
            ErrorKind::Denied,
            storage.hard_link(room, &third).await,
        );
        let nothing = storage.hard_link(&third, &second).await;
        refused("link nothing", ErrorKind::NotFound, nothing);
        let nowhere = storage.hard_link(&file, &child(&third, "x")).await;
        refused("link into nothing", ErrorKind::NotFound, nowhere);
    }
    let link = child(room, "link");
    // A layer may forbid to make any.
    let made = storage.symlink(b"file", &link).await;
    if !can.contains(Capabilities::MAKE_SYMLINKS) {
        return refused("symlink", ErrorKind::Unsupported, made);
    }
    ok("symlink", made);
    assert_eq!(ok("readlink", storage.read_link(&link).await), b"file"[..]);
    refused(
        "readlink",
        ErrorKind::Invalid,
        storage.read_link(&file).await,
    );
    assert!(ok("stat", storage.metadata(&link).await).is_file());
    assert!(ok("stat", storage.symlink_metadata(&link).await).is_symlink());
    let pages = ok("list", storage.list(room).await);
    let entry = gather(pages)
        .await
        .into_iter()
        .find(|entry| entry.name == b"link"[..]);
    let metadata = entry.map(|entry| entry.metadata);
    assert_eq!(
        metadata.map(|m| (m.kind, m.target)),
        Some((Kind::Symlink, Some("file".into())))
    );
    refused(
        "symlink onto",
        ErrorKind::Exists,
        storage.symlink(b"x", &link).await,
    );

    if can.contains(Capabilities::HARD_LINKS) {
        let linked = storage.hard_link(&link, &child(room, "of a link")).await;
        refused("link a link", ErrorKind::Denied, linked);
    }

    // What is written to the link goes to the file.
    put(storage, &link, b"through").await;
    assert_eq!(read(storage, &file).await, b"through");
    assert!(ok("stat", storage.symlink_metadata(&link).await).is_symlink());
    ok(
        "mv the link",
        storage
            .rename(&link, &child(room, "moved"), Existing::Keep)
            .await,
    );
    ok(
        "rm the link",
        storage.remove_file(&child(room, "moved")).await,
    );
    assert_eq!(read(storage, &file).await, b"through");

    let directory = child(room, "directory");
    ok("mkdir", storage.create_dir(&directory).await);
    put(storage, &child(&directory, "inner"), b"inner").await;
    ok("symlink", storage.symlink(b"directory", &link).await);
    assert_eq!(read(storage, &child(&link, "inner")).await, b"inner");
    assert_eq!(names(storage, &link).await, [b"inner"]);
    put(storage, &child(&link, "new"), b"new").await;
    assert_eq!(read(storage, &child(&directory, "new")).await, b"new");
    ok(
        "symlink up",
        storage.symlink(b"../file", &child(&directory, "up")).await,
    );
    assert_eq!(read(storage, &child(&link, "up")).await, b"through");
    refused(
        "rmdir a link",
        ErrorKind::NotADirectory,
        storage.remove_dir(&link).await,
    );

    let dangling = child(room, "dangling");
    ok(
        "symlink",
        storage.symlink(b"nothing/there", &dangling).await,
    );
    let round = child(room, "round");
    ok("symlink", storage.symlink(b"round", &round).await);
    let outside = child(room, "outside");
    let up = b"../".repeat(40);
    ok(
        "symlink",
        storage
            .symlink(&[&up[..], b"nothing-here"].concat(), &outside)
            .await,
    );
    for link in [dangling, round, outside] {
        refused("stat", ErrorKind::NotFound, storage.metadata(&link).await);
        assert!(ok("stat", storage.symlink_metadata(&link).await).is_symlink());
        for options in [
            OpenOptions::read(),
            OpenOptions::replace(),
            OpenOptions::append(),
            OpenOptions::update(),
        ] {
            let what = format!("open {link} with {options:?}");
            let opened = storage.open(&link, options).await;
            refused(&what, ErrorKind::NotFound, opened.map(|_| ()));
        }
        let opened = storage.open(&link, OpenOptions::create_new()).await;
        refused("create", ErrorKind::Exists, opened.map(|_| ()));
    }
}
