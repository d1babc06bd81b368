//! Files and directories of any storage as a whole, for what is checked of both.

use ftpkit::storage::{OpenOptions, Storage, VirtualPath};
use ftpkit_storage::collect_entries;

pub(crate) fn path(path: &str) -> VirtualPath {
    VirtualPath::try_from(path).unwrap()
}

pub(crate) fn payload(size: usize) -> Vec<u8> {
    (0..size).map(|n| (n ^ (n >> 8)) as u8).collect()
}

pub(crate) async fn read(storage: &dyn Storage, name: &str) -> Vec<u8> {
    let file = storage
        .open(&path(name), OpenOptions::read())
        .await
        .unwrap();
    let (mut data, mut block) = (Vec::new(), vec![0; 70_000]);
    loop {
        let read = file.read_at(data.len() as u64, &mut block).await.unwrap();
        if read == 0 {
            return data;
        }
        data.extend_from_slice(&block[..read]);
    }
}

pub(crate) async fn put(storage: &dyn Storage, name: &str, data: &[u8]) {
    let options = OpenOptions::replace();
    let file = storage.open(&path(name), options).await.unwrap();
    file.write_at(0, data).await.unwrap();
    file.commit().await.unwrap();
}

pub(crate) async fn names(storage: &dyn Storage, directory: &str) -> Vec<String> {
    let pages = storage.list(&path(directory)).await.unwrap();
    let entries = collect_entries(pages, usize::MAX).await.unwrap();
    let name = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
    let mut names: Vec<_> = entries.iter().map(|entry| name(&entry.name)).collect();
    names.sort();
    names
}
