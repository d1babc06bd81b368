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

/// Tries to do everything to a path; what succeeds may only have happened inside.
async fn try_everything(storage: &LocalDirectory, target: &VirtualPath) -> Vec<ErrorKind> {
    let mut refusals = Vec::new();
    let mut note = |result: Result<(), ftpkit_storage::Error>| {
        refusals.extend(result.err().map(|error| error.kind()));
    };
    note(storage.metadata(target).await.map(|_| ()));
    note(storage.list(target).await.map(|_| ()));
    for options in [
        OpenOptions::read(),
        OpenOptions::append(),
        OpenOptions::write_at(0),
        OpenOptions::write_at(1),
        OpenOptions::replace(),
    ] {
        match storage.open(target, options).await {
            Ok(file) => {
                let mut buf = [0; 16];
                if let Ok(len) = file.read_at(0, &mut buf).await {
                    assert_ne!(&buf[..len], b"canary", "read {target}");
                }
                let _ = file.write_at(0, b"inside").await;
                let _ = file.commit().await;
            }
            Err(error) => note(Err(error)),
        }
    }
    let attributes = SetAttributes::new()
        .mode(0o777)
        .modified(std::time::SystemTime::UNIX_EPOCH);
    note(storage.set_attributes(target, &attributes).await);
    let size = SetAttributes::new().size(1);
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
            assert_eq!(refusals, [ErrorKind::NotFound; 10], "{target}");
        }
        for target in ["/relative-dir/file", "/up/outside/file"].map(path) {
            let refused = |error: ftpkit_storage::Error| {
                assert_eq!(error.kind(), ErrorKind::NotFound, "{target}")
            };
            refused(storage.remove_file(&target).await.unwrap_err());
            refused(storage.remove_dir(&target).await.unwrap_err());
            refused(storage.create_dir(&target).await.unwrap_err());
            refused(storage.symlink(b"x", &target).await.unwrap_err());
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
    assert_eq!(refusals, [ErrorKind::NotFound; 10]);
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

/// One thread exchanges a directory and a file with links that lead outside, as fast as it can,
/// while everything is tried on the names.
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
    let stop = AtomicBool::new(false);
    let exchange = |a: &str, b: &str| {
        let (a, b) = (root.join(a), root.join(b));
        let flags = rustix::fs::RenameFlags::EXCHANGE;
        let cwd = rustix::fs::CWD;
        // An upload may have the name just now.
        let _ = rustix::fs::renameat_with(cwd, a, cwd, b, flags);
    };
    let exchanges = AtomicU32::new(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                exchange("parked", "link");
                exchange("plain", "linked");
                exchanges.fetch_add(1, Ordering::Relaxed);
            }
        });
        let work = async {
            let mut reached = 0;
            let mut rounds = 0;
            while rounds < 100 || exchanges.load(Ordering::Relaxed) < 2_000 {
                rounds += 1;
                for target in ["/parked/file", "/plain", "/link/file", "/linked"].map(path) {
                    reached += 10 - try_everything(&storage, &target).await.len();
                }
                let fresh = path("/parked/new");
                let _ = storage.create_dir(&fresh).await;
                let _ = storage.remove_dir(&fresh).await;
                let _ = storage.remove_dir(&path("/parked/empty")).await;
                let _ = storage
                    .hard_link(&path("/parked/file"), &path("/hard"))
                    .await;
                let _ = storage
                    .rename(&path("/hard"), &fresh, Existing::Replace)
                    .await;
                let _ = storage.remove_file(&fresh).await;
            }
            reached
        };
        // A panic in here must not leave the other thread running.
        let reached = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            futures::executor::block_on(work)
        }));
        stop.store(true, Ordering::Relaxed);
        assert!(
            reached.unwrap() > 0,
            "nothing inside was reached: nothing was tried"
        );
    });
    assert_eq!(outside(above.path()), before);
}
