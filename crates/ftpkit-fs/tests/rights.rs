//! What the system does not permit to this process, though the root is open.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "the functions of a test")]

use std::{fs, os::unix::fs::PermissionsExt as _};

use ftpkit_fs::LocalDirectory;
use ftpkit_storage::{ErrorKind, Storage, VirtualPath};
use rustix::{fs::Uid, process::geteuid, thread::set_thread_uid};

/// Nobody in particular.
const SOMEBODY: u32 = 65_534;

/// Runs on a thread of its own as a user for whom permission bits count.
fn as_somebody<T: Send>(run: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            if geteuid().is_root() {
                set_thread_uid(Uid::from_raw(SOMEBODY)).unwrap();
            }
            run()
        });
        thread.join().unwrap()
    })
}

#[test]
fn a_directory_is_entered_by_its_search_bit_alone() {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for (name, mode) in [("shut", 0o600), ("open", 0o755), ("pass", 0o311)] {
        let path = directory.path().join(name);
        fs::create_dir(&path).unwrap();
        if geteuid().is_root() {
            std::os::unix::fs::chown(&path, Some(SOMEBODY), None).unwrap();
        }
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
    }
    let storage = LocalDirectory::open(directory.path()).unwrap();
    let entered = |name: &str| {
        let path = VirtualPath::try_from(name).unwrap();
        futures::executor::block_on(storage.may_enter(&path)).map_err(|error| error.kind())
    };
    as_somebody(|| {
        assert_eq!(entered("/"), Ok(()));
        assert_eq!(entered("/open"), Ok(()));
        assert_eq!(entered("/pass"), Ok(()));
        assert_eq!(entered("/shut"), Err(ErrorKind::Denied));
        assert_eq!(entered("/missing"), Err(ErrorKind::NotFound));
    });
}
