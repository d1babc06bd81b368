//! What can be done through an open file: updates in place, reading what is written, attributes,
//! copies from one to another.

use std::time::{Duration, SystemTime};

use super::{absent, child, ok, open, put, read, read_file, refused, write};
use crate::{
    error::ErrorKind,
    metadata::SetAttributes,
    path::VirtualPath,
    storage::{Capabilities, File, OpenOptions, Storage, UploadPolicy},
};

const IN_ANY_PLACE: Capabilities = Capabilities::IN_PLACE.union(Capabilities::ANY_ORDER);

/// Blocks, in the order in which they are written.
type Writes = &'static [(u64, &'static [u8])];
/// What is copied: from which offset on, how much, to which offset.
type Range = (u64, Option<u64>, u64);

pub(super) async fn updating(storage: &dyn Storage, room: &VirtualPath) {
    if !storage.capabilities().contains(IN_ANY_PLACE) {
        return;
    }
    let path = child(room, "file");
    let missing = storage.open(&path, OpenOptions::update()).await;
    refused("update nothing", ErrorKind::NotFound, missing.map(|_| ()));
    absent(storage, &path).await;
    let table: &[(Writes, &[u8])] = &[
        (&[], b"0123456789"),
        (&[(0, b"")], b"0123456789"),
        (&[(0, b"ab")], b"ab23456789"),
        (&[(9, b"ab")], b"012345678ab"),
        (&[(12, b"ab")], b"0123456789\0\0ab"),
        (&[(4, b"abc"), (2, b"xyz"), (3, b"-")], b"01x-zbc789"),
        (&[(14, b"z"), (10, b"ab"), (12, b"cd")], b"0123456789abcdz"),
    ];
    for committed in [true, false] {
        for (writes, expected) in table {
            put(storage, &path, b"0123456789").await;
            let file = open(storage, &path, OpenOptions::update()).await;
            assert_eq!(file.start(), 0);
            for (offset, data) in *writes {
                ok("write", file.write_at(*offset, data).await);
                let mut buf = vec![0; data.len()];
                let len = ok(
                    "read what was written",
                    file.read_at(*offset, &mut buf).await,
                );
                assert_eq!(&buf[..len], *data);
            }
            assert_eq!(read(storage, &path).await, *expected, "visible at once");
            assert_eq!(read_file(&*file).await, *expected);
            let size = ok("stat", file.metadata().await).size;
            assert_eq!(size, Some(expected.len() as u64));
            if committed {
                assert_eq!(
                    ok("commit", file.commit().await).size,
                    expected.len() as u64
                );
            } else {
                drop(file);
            }
            assert_eq!(read(storage, &path).await, *expected, "{committed}");
        }
    }
    let file = open(storage, &path, OpenOptions::update().readable(false)).await;
    let got = file.read_at(0, &mut [0; 4]).await;
    refused("read what is only written", ErrorKind::Denied, got);
    ok("write", file.write_at(0, b"only").await);

    // Two at once are two views of one file.
    put(storage, &path, b"0123").await;
    let one = open(storage, &path, OpenOptions::update()).await;
    let two = open(storage, &path, OpenOptions::update()).await;
    ok("write", one.write_at(0, b"a").await);
    ok("write", two.write_at(3, b"d").await);
    assert_eq!(read_file(&*one).await, b"a12d");
    assert_eq!(read_file(&*two).await, b"a12d");
}

/// The ways of writing a file that may be read through the same handle, and what stands in it.
fn read_back() -> [(&'static str, OpenOptions, u64); 4] {
    [
        ("new", OpenOptions::replace(), 0),
        ("old", OpenOptions::replace(), 0),
        ("created", OpenOptions::create_new(), 0),
        ("appended", OpenOptions::append(), 3),
    ]
}

pub(super) async fn reading_back(storage: &dyn Storage, room: &VirtualPath, policy: UploadPolicy) {
    if !storage.capabilities().contains(IN_ANY_PLACE) {
        return;
    }
    for (name, options, start) in read_back() {
        let path = child(room, name);
        if name == "old" || name == "appended" {
            put(storage, &path, b"old").await;
        }
        let file = open(storage, &path, options.clone().readable(true)).await;
        assert_eq!(file.start(), start, "{name}");
        ok("write", file.write_at(start + 4, b"ef").await);
        ok("write", file.write_at(start, b"ab").await);
        let mut expected = if start > 0 {
            b"old".to_vec()
        } else {
            Vec::new()
        };
        expected.extend_from_slice(b"ab\0\0ef");
        assert_eq!(read_file(&*file).await, expected, "{name}");
        let size = ok("stat", file.metadata().await).size;
        assert_eq!(size, Some(expected.len() as u64), "{name}");
        if policy == UploadPolicy::Atomic && start == 0 {
            if name == "old" {
                assert_eq!(read(storage, &path).await, b"old");
            } else {
                absent(storage, &path).await;
            }
        }
        ok("commit", file.commit().await);
        assert_eq!(read(storage, &path).await, expected, "{name}");
        if options == OpenOptions::create_new() {
            continue;
        }
        let file = open(storage, &path, options).await;
        let got = file.read_at(0, &mut [0; 4]).await;
        refused("read what is only written", ErrorKind::Denied, got);
    }
}

/// A file in blocks that come shuffled, and some of them twice.
pub(super) async fn shuffled(storage: &dyn Storage, room: &VirtualPath) {
    const BLOCKS: usize = 61;
    const BLOCK: usize = 5_000;
    if !storage.capabilities().contains(IN_ANY_PLACE) {
        return;
    }
    let whole: Vec<u8> = (0..BLOCKS * BLOCK).map(|i| (i % 251) as u8).collect();
    for (name, options) in [
        ("replaced", OpenOptions::replace()),
        ("created", OpenOptions::create_new()),
        ("updated", OpenOptions::update()),
    ] {
        let path = child(room, name);
        if name == "updated" {
            put(storage, &path, b"short").await;
        }
        let file = open(storage, &path, options).await;
        // 17 and 61 have no factor in common, so that each block has its turn.
        for turn in 0..BLOCKS {
            let start = turn * 17 % BLOCKS * BLOCK;
            // What comes later overlaps its neighbours and says the same.
            let reach = start.saturating_sub(turn % 3 * 100)..(start + BLOCK + turn % 2 * 300);
            let data = &whole[reach.start..reach.end.min(whole.len())];
            ok("write", file.write_at(reach.start as u64, data).await);
        }
        assert_eq!(ok("commit", file.commit().await).size, whole.len() as u64);
        assert!(read(storage, &path).await == whole, "{name}");
    }
}

pub(super) async fn made_modes(storage: &dyn Storage, room: &VirtualPath) {
    if !storage.capabilities().contains(Capabilities::MODES) {
        return;
    }
    let mode = async |path: &VirtualPath| ok("stat", storage.metadata(path).await).mode;
    let plain = child(room, "plain");
    put(storage, &plain, b"").await;
    let umasked = mode(&plain).await.unwrap_or_default();
    let table = [0o666, 0o600, 0o640, 0o444, 0o200, 0, 0o6644, 0o100_644];
    for (number, asked) in table.into_iter().enumerate() {
        for (name, options) in [
            ("replaced", OpenOptions::replace()),
            ("created", OpenOptions::create_new()),
            ("appended", OpenOptions::append()),
        ] {
            if name == "appended" && !storage.capabilities().contains(Capabilities::IN_PLACE) {
                continue;
            }
            let path = child(room, format!("{name} {number}"));
            let file = open(storage, &path, options.mode(Some(asked))).await;
            ok("write", file.write_at(0, b"x").await);
            let expected = Some(asked & umasked & 0o777);
            assert_eq!(
                ok("stat", file.metadata().await).mode,
                expected,
                "{name} {asked:o}"
            );
            ok("commit", file.commit().await);
            assert_eq!(mode(&path).await, expected, "{name} {asked:o}");
        }
    }
    // What is there keeps its own.
    let set = SetAttributes::new().mode(0o640);
    ok("set mode", storage.set_attributes(&plain, &set).await);
    write(
        storage,
        &plain,
        OpenOptions::replace().mode(Some(0o600)),
        b"x",
    )
    .await;
    assert_eq!(mode(&plain).await, Some(0o640));
}

/// Sizes that are set one after the other while a file is open, and what is left in the end.
const SIZES: &[(&[u64], &[u8])] = &[
    (&[4], b"abcd"),
    (&[0], b""),
    (&[9], b"abcdef\0\0\0"),
    (&[2, 5], b"ab\0\0\0"),
    (&[100, 6], b"abcdef"),
];

pub(super) async fn attributes(storage: &dyn Storage, room: &VirtualPath, policy: UploadPolicy) {
    let can = storage.capabilities();
    if !can.contains(IN_ANY_PLACE) {
        return;
    }
    let path = child(room, "file");
    for (sizes, expected) in SIZES {
        for update in [true, false] {
            put(storage, &path, if update { b"abcdef" } else { b"before" }).await;
            let options = if update {
                OpenOptions::update()
            } else {
                OpenOptions::replace()
            };
            let file = open(storage, &path, options).await;
            if !update {
                ok("write", file.write_at(0, b"abcdef").await);
            }
            for size in *sizes {
                let set = SetAttributes::new().size(*size);
                ok("set size", file.set_attributes(&set).await);
                assert_eq!(ok("stat", file.metadata().await).size, Some(*size));
            }
            let now = read(storage, &path).await;
            assert_eq!(now, if update { expected } else { &b"before"[..] });
            assert_eq!(
                ok("commit", file.commit().await).size,
                expected.len() as u64
            );
            assert_eq!(read(storage, &path).await, *expected);
        }
    }
    let reader = open(storage, &path, OpenOptions::read()).await;
    let set = SetAttributes::new().size(1);
    let sized = reader.set_attributes(&set).await;
    refused("set the size of what is read", ErrorKind::Denied, sized);

    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    if can.contains(Capabilities::SET_TIMES | Capabilities::MODES) {
        let set = SetAttributes::new().modified(at).mode(0o604);
        let shown = |metadata: &crate::Metadata| (metadata.modified, metadata.mode);
        for (name, options) in [
            ("updated", OpenOptions::update()),
            ("replaced", OpenOptions::replace()),
            ("created", OpenOptions::create_new()),
        ] {
            let path = child(room, name);
            let created = options == OpenOptions::create_new();
            if !created {
                put(storage, &path, b"before").await;
            }
            let at_once =
                options == OpenOptions::update() || created && policy == UploadPolicy::KeepPartial;
            let before = storage.metadata(&path).await.ok();
            let file = open(storage, &path, options).await;
            ok("write", file.write_at(0, b"x").await);
            ok("set through the file", file.set_attributes(&set).await);
            let through = ok("stat", file.metadata().await);
            assert_eq!(shown(&through), (Some(at), Some(0o604)), "{name}");
            let now = storage.metadata(&path).await.ok();
            if at_once {
                assert_eq!(
                    now.as_ref().map(shown),
                    Some((Some(at), Some(0o604))),
                    "{name}"
                );
            } else {
                assert_eq!(now, before, "{name}: it shows too early");
            }
            ok("commit", file.commit().await);
            let now = ok("stat", storage.metadata(&path).await);
            assert_eq!(shown(&now), (Some(at), Some(0o604)), "{name}");
        }
    }
    if can.contains(Capabilities::SPACE) {
        let file = open(storage, &child(room, "no name yet"), OpenOptions::replace()).await;
        let of_file = ok("space of a file", file.space().await);
        let of_path = ok("space of a path", storage.space(room).await);
        assert_eq!(of_file.total, of_path.total);
        assert_eq!(of_file.name_max, of_path.name_max);
    }
}

pub(super) async fn copying(storage: &dyn Storage, room: &VirtualPath) {
    if !storage.capabilities().contains(IN_ANY_PLACE) {
        return;
    }
    let [source, target] = ["source", "target"].map(|name| child(room, name));
    put(storage, &source, b"0123456789").await;
    let table: &[(Range, u64, &[u8])] = &[
        ((0, None, 0), 10, b"0123456789"),
        ((7, None, 0), 3, b"789def"),
        ((0, Some(3), 1), 3, b"a012ef"),
        ((8, Some(5), 8), 2, b"abcdef\0\x0089"),
        ((4, Some(0), 0), 0, b"abcdef"),
        ((10, None, 0), 0, b"abcdef"),
        ((99, Some(9), 0), 0, b"abcdef"),
    ];
    for ((from, length, at), copied, expected) in table {
        let what = format!("{from} {length:?} {at}");
        put(storage, &target, b"abcdef").await;
        let input = open(storage, &source, OpenOptions::read()).await;
        let output = open(storage, &target, OpenOptions::update()).await;
        let done = input.copy_range(*from, *length, &*output, *at).await;
        assert_eq!(ok(&what, done), *copied, "{what}");
        ok("commit", output.commit().await);
        assert_eq!(read(storage, &target).await, *expected, "{what}");
    }

    // Larger than any block, from an update to an upload.
    let data: Vec<u8> = (0..1_000_003_u32).map(|i| (i % 249) as u8).collect();
    put(storage, &source, &data).await;
    let input = open(storage, &source, OpenOptions::update()).await;
    let output = open(storage, &target, OpenOptions::replace()).await;
    let done = input.copy_range(1, None, &*output, 2).await;
    assert_eq!(ok("copy", done), data.len() as u64 - 1);
    ok("commit", output.commit().await);
    let copied = read(storage, &target).await;
    assert_eq!(copied[..2], [0, 0]);
    assert!(copied[2..] == data[1..], "the copy differs");

    // A file is not copied into itself.
    let mine = open(storage, &source, OpenOptions::update()).await;
    let twice = open(storage, &source, OpenOptions::update()).await;
    for other in [&mine, &twice] {
        // Who cannot tell files apart does not know one that is opened twice.
        let knows = storage.capabilities().contains(Capabilities::UNIQUE_IDS);
        if knows || std::ptr::eq(other, &mine) {
            let done = mine.copy_range(0, Some(1), &**other, 9).await;
            refused("copy to itself", ErrorKind::Invalid, done);
        }
    }
    let writer = open(storage, &target, OpenOptions::update().readable(false)).await;
    let done = writer.copy_range(0, None, &*mine, 0).await;
    refused("copy what is not read", ErrorKind::Denied, done);
    let reader: Box<dyn File> = open(storage, &target, OpenOptions::read()).await;
    let done = mine.copy_range(0, None, &*reader, 0).await;
    refused("copy to what is read", ErrorKind::Denied, done);
    let done = mine.copy_range(0, None, &*writer, u64::MAX - 1).await;
    assert!(done.is_err(), "copied to an offset that there cannot be");
    assert!(read(storage, &source).await == data, "a refused copy wrote");
    assert!(
        read(storage, &target).await == copied,
        "a refused copy wrote"
    );
}

pub(super) async fn symlink_attributes(storage: &dyn Storage, room: &VirtualPath) {
    let can = storage.capabilities();
    let file = child(room, "file");
    put(storage, &file, b"12345").await;
    let at = SystemTime::UNIX_EPOCH + Duration::from_secs(981_173_106);
    let times = SetAttributes::new().modified(at);
    if !can.contains(Capabilities::SYMLINK_ATTRIBUTES) {
        let done = storage.set_symlink_attributes(&file, &times).await;
        return refused("set on a link", ErrorKind::Unsupported, done);
    }
    let nothing = child(room, "nothing");
    refused(
        "set on nothing",
        ErrorKind::NotFound,
        storage.set_symlink_attributes(&nothing, &times).await,
    );
    ok(
        "set on a file",
        storage.set_symlink_attributes(&file, &times).await,
    );
    assert_eq!(ok("stat", storage.metadata(&file).await).modified, Some(at));
    ok(
        "set on a directory",
        storage.set_symlink_attributes(room, &times).await,
    );
    assert_eq!(ok("stat", storage.metadata(room).await).modified, Some(at));
    if !can.contains(Capabilities::MAKE_SYMLINKS) {
        return;
    }
    for target in [&b"file"[..], b"nowhere", b"."] {
        let link = child(room, [b"to ", target].concat());
        ok("symlink", storage.symlink(target, &link).await);
        let before = storage.metadata(&link).await.ok();
        let later = at + Duration::from_secs(2);
        let change = SetAttributes::new().modified(later).accessed(at);
        ok(
            "set on a link",
            storage.set_symlink_attributes(&link, &change).await,
        );
        let metadata = ok("stat", storage.symlink_metadata(&link).await);
        assert!(metadata.is_symlink());
        assert_eq!(
            (metadata.modified, metadata.accessed),
            (Some(later), Some(at))
        );
        assert_eq!(
            storage.metadata(&link).await.ok(),
            before,
            "it was followed"
        );
        // All or nothing.
        let sized = storage
            .set_symlink_attributes(&link, &SetAttributes::new().size(0).modified(at))
            .await;
        refused("set the size of a link", ErrorKind::Unsupported, sized);
        let metadata = ok("stat", storage.symlink_metadata(&link).await);
        assert_eq!(metadata.modified, Some(later));
    }
    assert_eq!(read(storage, &file).await, b"12345");
}

pub(super) async fn names(storage: &dyn Storage) {
    let asked = ([0, u32::MAX - 2, 0], [0]);
    let found = storage.names(&asked.0, &asked.1).await;
    if !storage.capabilities().contains(Capabilities::NAMES) {
        return refused("names", ErrorKind::Unsupported, found.map(|_| ()));
    }
    let found = ok("names", found);
    assert_eq!((found.users.len(), found.groups.len()), (3, 1));
    assert_eq!(found.users[0], found.users[2]);
    let none = ok("no names", storage.names(&[], &[]).await);
    assert_eq!(none, crate::Names::default());
}
