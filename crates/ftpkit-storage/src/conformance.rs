//! What every backend must do alike, as checks that a backend's own tests run.

mod entries;
mod handles;
mod names;
mod uploads;

use futures::TryStreamExt as _;

use crate::{
    error::{ErrorKind, Result},
    metadata::NamePage,
    path::VirtualPath,
    storage::{EntryStream, File, OpenOptions, Storage, UploadPolicy},
};

/// Runs all checks in an empty, writable storage that was configured with `policy`.
///
/// What the storage does not claim among its capabilities is left out. A storage over a local
/// directory and one in memory behave the same as far as this suite can see.
///
/// # Panics
/// With what was expected and found, when a check fails.
pub async fn check(storage: &dyn Storage, policy: UploadPolicy) {
    entries::root(storage).await;
    entries::directories(storage, &room(storage, "directories").await).await;
    entries::removing(storage, &room(storage, "removing").await).await;
    entries::renaming(storage, &room(storage, "renaming").await).await;
    entries::listing(storage, &room(storage, "listing").await).await;
    entries::attributes(storage, &room(storage, "attributes").await).await;
    entries::copying(storage, &room(storage, "copying").await).await;
    entries::links(storage, &room(storage, "links").await).await;
    names::odd_names(storage, &room(storage, "names").await).await;
    names::wrong_kinds(storage, &room(storage, "kinds").await).await;
    uploads::reading(storage, &room(storage, "reading").await).await;
    uploads::replacing(storage, &room(storage, "replacing").await, policy).await;
    uploads::creating(storage, &room(storage, "creating").await, policy).await;
    uploads::in_place(storage, &room(storage, "in place").await).await;
    uploads::interleaved(storage, &room(storage, "interleaved").await).await;
    handles::updating(storage, &room(storage, "updating").await).await;
    handles::reading_back(storage, &room(storage, "reading back").await, policy).await;
    handles::shuffled(storage, &room(storage, "shuffled").await).await;
    handles::made_modes(storage, &room(storage, "made modes").await).await;
    handles::attributes(storage, &room(storage, "of handles").await, policy).await;
    handles::copying(storage, &room(storage, "copying ranges").await).await;
    handles::symlink_attributes(storage, &room(storage, "of links").await).await;
    handles::names(storage).await;
}

/// A directory for one check.
async fn room(storage: &dyn Storage, name: &str) -> VirtualPath {
    let room = child(&VirtualPath::root(), name);
    ok("mkdir", storage.create_dir(&room).await);
    room
}

fn child(directory: &VirtualPath, name: impl AsRef<[u8]>) -> VirtualPath {
    match directory.child(name.as_ref()) {
        Ok(path) => path,
        Err(error) => panic!("a name of the suite is no name: {error}"),
    }
}

#[track_caller]
fn ok<T>(what: &str, result: Result<T>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => panic!("{what}: {error:?}"),
    }
}

#[track_caller]
fn refused<T>(what: &str, expected: ErrorKind, result: Result<T>) {
    match result {
        Ok(_) => panic!("{what}: expected {expected:?}, but it worked"),
        Err(error) => assert_eq!(error.kind(), expected, "{what}: {error:?}"),
    }
}

async fn open(storage: &dyn Storage, path: &VirtualPath, options: OpenOptions) -> Box<dyn File> {
    ok("open", storage.open(path, options).await)
}

/// Writes to a file from its start on, and commits it.
async fn write(storage: &dyn Storage, path: &VirtualPath, options: OpenOptions, data: &[u8]) {
    let file = open(storage, path, options).await;
    let start = file.start();
    ok("write", file.write_at(start, data).await);
    let committed = ok("commit", file.commit().await);
    assert_eq!(committed.size, start + data.len() as u64, "{path}");
}

/// Makes a file.
async fn put(storage: &dyn Storage, path: &VirtualPath, data: &[u8]) {
    write(storage, path, OpenOptions::replace(), data).await;
}

async fn read(storage: &dyn Storage, path: &VirtualPath) -> Vec<u8> {
    let file = open(storage, path, OpenOptions::read()).await;
    let data = read_file(&*file).await;
    let size = ok("stat", storage.metadata(path).await).size;
    assert_eq!(size, Some(data.len() as u64), "{path}");
    data
}

async fn read_file(file: &dyn File) -> Vec<u8> {
    let mut data = Vec::new();
    let mut buf = [0; 1000];
    loop {
        match ok("read", file.read_at(data.len() as u64, &mut buf).await) {
            0 => return data,
            len => data.extend_from_slice(&buf[..len]),
        }
    }
}

/// The names in a directory, sorted.
async fn names(storage: &dyn Storage, directory: &VirtualPath) -> Vec<Vec<u8>> {
    let pages = ok("list", storage.list(directory).await);
    let mut names: Vec<_> = gather(pages)
        .await
        .into_iter()
        .map(|entry| entry.name.to_vec())
        .collect();
    names.sort();
    let pages = ok("list names", storage.list_names(directory).await);
    let pages: Vec<NamePage> = ok("list names", pages.try_collect().await);
    assert!(!pages.iter().any(NamePage::is_empty), "a page is empty");
    let mut alone: Vec<_> = pages
        .iter()
        .flat_map(NamePage::iter)
        .map(<[u8]>::to_vec)
        .collect();
    alone.sort();
    assert_eq!(alone, names, "names alone");
    names
}

async fn gather(pages: EntryStream) -> Vec<crate::Entry> {
    ok("list", crate::collect_entries(pages, usize::MAX).await)
}

async fn absent(storage: &dyn Storage, path: &VirtualPath) {
    let there = storage.symlink_metadata(path).await;
    refused("stat", ErrorKind::NotFound, there);
    let opened = storage.open(path, OpenOptions::read()).await;
    refused("open", ErrorKind::NotFound, opened.map(|_| ()));
}
