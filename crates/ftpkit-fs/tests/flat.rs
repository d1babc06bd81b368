//! A listing takes as much memory for many entries as for few.
#![allow(clippy::unwrap_used, reason = "the functions of a test")]

use ftpkit_fs::LocalDirectory;
use ftpkit_storage::{Memory, Storage, VirtualPath};
use futures::{TryStreamExt as _, executor::block_on};

/// Lists a directory to its end; how many entries there were, and how many bytes were in use at
/// most. Without a runtime all of it happens on this thread, which is the one that is counted.
fn list(storage: &dyn Storage, directory: &VirtualPath) -> (usize, u64) {
    let mut entries = 0;
    let used = allocation_counter::measure(|| {
        block_on(async {
            let mut pages = storage.list(directory).await.unwrap();
            while let Some(page) = pages.try_next().await.unwrap() {
                entries += page.len();
            }
        });
    });
    (entries, used.bytes_max)
}

#[test]
fn twenty_times_the_entries_take_no_more_memory() {
    let root = tempfile::tempdir().unwrap();
    let disk = LocalDirectory::open(root.path()).unwrap();
    let memory = Memory::new();
    let storages: [(&str, &dyn Storage); 2] = [("disk", &disk), ("memory", &memory)];
    for (name, storage) in storages {
        let [few, many] = [1_000, 20_000].map(|count| {
            let directory = VirtualPath::root()
                .child(format!("{count}").as_bytes())
                .unwrap();
            block_on(async {
                storage.create_dir(&directory).await.unwrap();
                for number in 0..count {
                    let child = format!("a name of some length {number:08}");
                    let child = directory.child(child.as_bytes()).unwrap();
                    storage.create_dir(&child).await.unwrap();
                }
            });
            let (entries, bytes) = list(storage, &directory);
            assert_eq!(entries, count, "{name}");
            assert!(bytes > 0, "{name}: nothing was counted");
            bytes
        });
        assert!(many <= few + few / 4, "{name}: {few} bytes became {many}");
    }
}
