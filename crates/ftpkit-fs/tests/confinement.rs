//! Nothing outside the root can be seen or changed, whatever is inside it.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "the functions of a test")]

use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
};

use ftpkit_fs::LocalDirectory;
use ftpkit_storage::{
    ErrorKind, Existing, OpenOptions, SetAttributes, Storage, UploadPolicy, VirtualPath,
    collect_entries,
};

fn path(text: &str) -> VirtualPath {
    VirtualPath::try_from(text).unwrap()
}

/// A root, and a canary beside it.
fn places() -> tempfile::TempDir {
    let above = tempfile::tempdir().unwrap();
    fs::create_dir_all(above.path().join("root/real")).unwrap();
    fs::write(above.path().join("root/real/file"), b"inside").unwrap();
    fs::create_dir_all(above.path().join("outside/empty")).unwrap();
    fs::write(above.path().join("outside/file"), b"canary").unwrap();
    above
}

/// All that is outside, with content, mode and time of modification.
fn outside(above: &Path) -> Vec<String> {
    use std::os::unix::fs::MetadataExt as _;
    let directory = above.join("outside");
    let mut all: Vec<_> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .chain([directory.clone()])
        .map(|path| {
            let metadata = fs::symlink_metadata(&path).unwrap();
            let content = fs::read(&path).unwrap_or_default();
            let (mode, seconds, nanos) = (metadata.mode(), metadata.mtime(), metadata.mtime_nsec());
            format!("{} {content:?} {mode:o} {seconds}.{nanos}", path.display())
        })
        .collect();
    all.sort();
    all
}

/// How much is tried.
const TRIES: usize = 14;

/// Tries to do everything to a path; what succeeds may only have happened inside.
async fn try_everything(storage: &LocalDirectory, target: &VirtualPath) -> Vec<ErrorKind> {
    let mut refusals = Vec::new();
    let mut note = |result: Result<(), ftpkit_storage::Error>| {
        refusals.extend(result.err().map(|error| error.kind()));
    };
    note(storage.metadata(target).await.map(|_| ()));
    note(storage.list(target).await.map(|_| ()));
    note(storage.may_enter(target).await.map(|_| ()));
    note(storage.space(target).await.map(|_| ()));
    let attributes = SetAttributes::new()
        .mode(0o777)
        .modified(std::time::SystemTime::UNIX_EPOCH);
    let size = SetAttributes::new().size(1);
    for options in [
        OpenOptions::read(),
        OpenOptions::append(),
        OpenOptions::write_at(0),
        OpenOptions::write_at(1).readable(true),
        OpenOptions::update(),
        OpenOptions::update().readable(false),
        OpenOptions::replace().readable(true).mode(Some(0o600)),
    ] {
        match storage.open(target, options).await {
            Ok(file) => {
                let mut buf = [0; 16];
                if let Ok(len) = file.read_at(0, &mut buf).await {
                    assert_ne!(&buf[..len], b"canary", "read {target}");
                }
                let _ = file.write_at(0, b"inside").await;
                let _ = file.set_attributes(&attributes).await;
                let _ = file.set_attributes(&size).await;
                let _ = file.commit().await;
            }
            Err(error) => note(Err(error)),
        }
    }
    note(storage.set_attributes(target, &attributes).await);
    note(storage.set_attributes(target, &size).await);
    note(storage.copy(target, &path("/copied")).await);
    refusals
}

#[tokio::test]
async fn links_that_lead_outside_are_as_if_they_led_to_nothing() {
    let above = places();
    let before = outside(above.path());
    let root = above.path().join("root");
    let absolute = above.path().join("outside");
    for (name, target) in [
        ("relative-dir", Path::new("../outside")),
        ("relative-file", Path::new("../outside/file")),
        ("absolute-dir", &absolute),
        ("absolute-file", &absolute.join("file")),
        ("system", Path::new("/etc/passwd")),
        ("up", Path::new("..")),
        ("around", Path::new("real/../../outside/file")),
        ("nothing", Path::new("real/nothing")),
    ] {
        symlink(target, root.join(name)).unwrap();
    }
    for policy in [UploadPolicy::Atomic, UploadPolicy::KeepPartial] {
        let storage = LocalDirectory::builder(&root)
            .upload_policy(policy)
            .build()
            .unwrap();
        for target in [
            "/relative-dir",
            "/relative-dir/file",
            "/relative-dir/new",
            "/relative-dir/empty",
            "/relative-file",
            "/absolute-dir",
            "/absolute-dir/file",
            "/absolute-file",
            "/system",
            "/up",
            "/up/outside/file",
            "/around",
            "/nothing",
        ] {
            let target = path(target);
            let refusals = try_everything(&storage, &target).await;
            assert_eq!(refusals, [ErrorKind::NotFound; TRIES], "{target}");
        }
        for target in ["/relative-dir/file", "/up/outside/file"].map(path) {
            let refused = |error: ftpkit_storage::Error| {
                assert_eq!(error.kind(), ErrorKind::NotFound, "{target}")
            };
            refused(storage.remove_file(&target).await.unwrap_err());
            refused(storage.remove_dir(&target).await.unwrap_err());
            refused(storage.create_dir(&target).await.unwrap_err());
            refused(storage.symlink(b"x", &target).await.unwrap_err());
            refused(storage.read_link(&target).await.unwrap_err());
            refused(storage.symlink_metadata(&target).await.unwrap_err());
            let set = SetAttributes::new().modified(std::time::SystemTime::UNIX_EPOCH);
            refused(
                storage
                    .set_symlink_attributes(&target, &set)
                    .await
                    .unwrap_err(),
            );
            let (inside, keep) = (path("/real/file"), Existing::Replace);
            refused(
                storage
                    .rename(&target, &path("/got"), keep)
                    .await
                    .unwrap_err(),
            );
            refused(storage.rename(&inside, &target, keep).await.unwrap_err());
            refused(storage.hard_link(&target, &path("/got")).await.unwrap_err());
            refused(storage.hard_link(&inside, &target).await.unwrap_err());
            let opened = storage.open(&target, OpenOptions::create_new()).await;
            refused(opened.err().unwrap());
        }
        // What is about a link itself is the same wherever it leads, and changes the link alone.
        for link in ["/relative-file", "/absolute-file", "/system", "/nothing"].map(path) {
            assert!(storage.symlink_metadata(&link).await.unwrap().is_symlink());
            let set = SetAttributes::new().modified(std::time::SystemTime::UNIX_EPOCH);
            storage.set_symlink_attributes(&link, &set).await.unwrap();
            let linked = storage.hard_link(&link, &path("/got")).await;
            assert_eq!(linked.unwrap_err().kind(), ErrorKind::Denied, "{link}");
        }
        // The links themselves are listed, without the way to the root.
        let pages = storage.list(&path("/")).await.unwrap();
        for entry in collect_entries(pages, 100).await.unwrap() {
            let target = entry.metadata.target.unwrap_or_default();
            assert!(!target.starts_with(b"/"), "{:?}", entry.name);
        }
        let error = storage.read_link(&path("/absolute-dir")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
        let error = storage.symlink(b"/etc", &path("/made")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Denied);
        let error = storage.subdirectory(&path("/relative-dir")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotFound);
    }
    assert_eq!(outside(above.path()), before);
}

#[tokio::test]
async fn a_subdirectory_is_a_root_of_its_own() {
    let above = places();
    let root = above.path().join("root");
    fs::write(root.join("beside"), b"canary").unwrap();
    symlink("../beside", root.join("real/link")).unwrap();
    let whole = LocalDirectory::open(&root).unwrap();
    assert!(whole.metadata(&path("/real/link")).await.is_ok());
    let storage = whole.subdirectory(&path("/real")).unwrap();
    assert!(storage.metadata(&path("/file")).await.is_ok());
    let refusals = try_everything(&storage, &path("/link")).await;
    assert_eq!(refusals, [ErrorKind::NotFound; TRIES]);
    assert_eq!(fs::read(root.join("beside")).unwrap(), b"canary");
}

#[tokio::test]
async fn what_is_no_file_is_listed_and_not_opened() {
    let above = places();
    let root = above.path().join("root");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.join("queue"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::from_bits_truncate(0o666),
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(root.join("socket")).unwrap();
    let storage = LocalDirectory::open(&root).unwrap();
    for name in ["/queue", "/socket"].map(path) {
        let metadata = storage.metadata(&name).await.unwrap();
        assert_eq!(metadata.kind, ftpkit_storage::Kind::Other);
        for options in [
            OpenOptions::read(),
            OpenOptions::append(),
            OpenOptions::write_at(0),
            OpenOptions::replace(),
        ] {
            let error = storage.open(&name, options).await.err().unwrap();
            assert_eq!(error.kind(), ErrorKind::Denied, "{name}");
        }
    }
    assert_eq!(
        collect_entries(storage.list(&path("/")).await.unwrap(), 9)
            .await
            .unwrap()
            .len(),
        3
    );
}

/// Where the root lies can be read from no link, whoever made it.
#[tokio::test]
async fn no_link_shows_where_the_root_lies() {
    let above = places();
    let root = above.path().join("root");
    let place = above.path().canonicalize().unwrap();
    let way = place.strip_prefix("/").unwrap().join("root/real/file");
    let up = Path::new("../../../../../../../..");
    fs::create_dir_all(root.join("a/b")).unwrap();
    symlink("a/b", root.join("short")).unwrap();
    let storage = LocalDirectory::open(&root).unwrap();
    for (link, target, shown) in [
        ("absolute", root.join("real/file"), false),
        ("relative", up.join(&way), false),
        ("above", "../root/real/file".into(), false),
        ("a/above", "../../root/real/file".into(), false),
        ("inside", "real/file".into(), true),
        ("a/inside", "../real/file".into(), true),
        ("a/b/inside", "../../real/file".into(), true),
    ] {
        symlink(&target, root.join(link)).unwrap();
        // By its own name, and through a link that makes the way shorter.
        let mut names = vec![path(&format!("/{link}"))];
        if let Some(name) = link.strip_prefix("a/b/") {
            names.push(path(&format!("/short/{name}")));
        }
        for name in names {
            let read = storage.read_link(&name).await;
            let known = storage.symlink_metadata(&name).await.unwrap().target;
            let pages = storage.list(&name.parent().unwrap()).await.unwrap();
            let entries = collect_entries(pages, 100).await.unwrap();
            let listed = entries
                .into_iter()
                .find(|entry| entry.name == name.file_name().unwrap())
                .and_then(|entry| entry.metadata.target);
            if shown {
                let expected = target.to_str().unwrap().as_bytes();
                assert_eq!(read.unwrap(), expected, "{name}");
                assert_eq!(known.unwrap(), expected, "{name}");
                assert_eq!(listed.unwrap(), expected, "{name}");
            } else {
                assert_eq!(read.unwrap_err().kind(), ErrorKind::Denied, "{name}");
                assert_eq!((known, listed), (None, None), "{name}");
            }
        }
    }
}

/// How often a directory and a file are exchanged with links that lead outside.
const EXCHANGES: u32 = 100_000;
/// How many clients work meanwhile.
const CLIENTS: u32 = 8;

/// One thread exchanges a directory and a file with links that lead outside, as fast as it can,
/// while clients try everything on the names.
#[test]
fn no_race_with_a_link_leads_outside() {
    let above = places();
    let root = above.path().join("root");
    fs::create_dir(root.join("parked")).unwrap();
    fs::write(root.join("parked/file"), b"inside").unwrap();
    symlink("../outside", root.join("link")).unwrap();
    fs::write(root.join("plain"), b"inside").unwrap();
    symlink("../outside/file", root.join("linked")).unwrap();
    let before = outside(above.path());
    let storage = LocalDirectory::open(&root).unwrap();
    let exchange = |a: &str, b: &str| {
        let (a, b) = (root.join(a), root.join(b));
        let flags = rustix::fs::RenameFlags::EXCHANGE;
        let cwd = rustix::fs::CWD;
        // An upload may have the name just now.
        let _ = rustix::fs::renameat_with(cwd, a, cwd, b, flags);
    };
    let ended = AtomicBool::new(false);
    let reached = AtomicU32::new(0);
    let missed = AtomicU32::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..EXCHANGES {
                exchange("parked", "link");
                exchange("plain", "linked");
                // What was committed while its name was a link has taken the link's place.
                let is_link = |name: &str| root.join(name).is_symlink();
                if !is_link("plain") && !is_link("linked") {
                    let again = root.join("again");
                    symlink("../outside/file", &again).unwrap();
                    fs::rename(again, root.join("linked")).unwrap();
                }
            }
            ended.store(true, Ordering::Relaxed);
        });
        for client in 0..CLIENTS {
            let (storage, ended) = (&storage, &ended);
            let (reached, missed) = (&reached, &missed);
            scope.spawn(move || {
                let mut rounds = 0;
                while rounds < 3 || !ended.load(Ordering::Relaxed) {
                    rounds += 1;
                    let refused = futures::executor::block_on(race(storage, client));
                    reached.fetch_add(u32::from(refused < 4 * TRIES), Ordering::Relaxed);
                    missed.fetch_add(u32::from(refused > 0), Ordering::Relaxed);
                }
            });
        }
    });
    let (reached, missed) = (reached.into_inner(), missed.into_inner());
    assert!(reached > 0, "nothing inside was reached: nothing was tried");
    assert!(missed > 0, "nothing was ever exchanged");
    assert_eq!(outside(above.path()), before);
}

/// One round of one client, and how much of what it tried was refused.
async fn race(storage: &LocalDirectory, client: u32) -> usize {
    let mut refused = 0;
    for target in ["/parked/file", "/plain", "/link/file", "/linked"].map(path) {
        refused += try_everything(storage, &target).await.len();
        // To follow a link is not the point of these, wherever it leads.
        let set = SetAttributes::new().modified(std::time::SystemTime::UNIX_EPOCH);
        let _ = storage.set_symlink_attributes(&target, &set).await;
        if let Ok(shown) = storage.read_link(&target).await {
            panic!("{target} shows {shown:?}");
        }
    }
    let fresh = path(&format!("/parked/new {client}"));
    let hard = path(&format!("/hard {client}"));
    let _ = storage.create_dir(&fresh).await;
    let _ = storage.remove_dir(&fresh).await;
    let _ = storage.remove_dir(&path("/parked/empty")).await;
    for existing in ["/parked/file", "/plain", "/linked"].map(path) {
        if storage.hard_link(&existing, &hard).await.is_ok() {
            let opened = storage.open(&hard, OpenOptions::update()).await;
            if let Ok(file) = opened {
                let mut buf = [0; 16];
                let len = file.read_at(0, &mut buf).await.unwrap();
                assert_ne!(&buf[..len], b"canary", "linked {existing}");
                let _ = file.write_at(0, b"inside").await;
            }
            let _ = storage.rename(&hard, &fresh, Existing::Replace).await;
            let _ = storage.remove_file(&fresh).await;
            let _ = storage.remove_file(&hard).await;
        }
        // From a name that may lead outside to another one that may.
        let _ = storage.copy(&path("/parked/file"), &existing).await;
    }
    for (from, to) in [
        ("/parked/file", "/parked/moved"),
        ("/parked/moved", "/parked/file"),
    ] {
        let _ = storage
            .rename(&path(from), &path(to), Existing::Replace)
            .await;
    }
    for name in ["/parked/file", "/plain"].map(path) {
        if let Ok(file) = storage.open(&name, OpenOptions::replace()).await {
            let _ = file.write_at(0, b"inside").await;
            let _ = file.commit().await;
        }
    }
    refused
}
