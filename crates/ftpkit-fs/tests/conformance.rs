//! The suite that all backends pass, over real directories.

use ftpkit_fs::{Durability, LocalDirectory};
use ftpkit_storage::{UploadPolicy, VirtualPath, conformance};

#[tokio::test]
async fn atomic() {
    let root = tempfile::tempdir().unwrap();
    let storage = LocalDirectory::open(root.path()).unwrap();
    conformance::check(&storage, UploadPolicy::Atomic).await;
}

#[tokio::test]
async fn keep_partial() {
    let root = tempfile::tempdir().unwrap();
    let policy = UploadPolicy::KeepPartial;
    let storage = LocalDirectory::builder(root.path())
        .upload_policy(policy)
        .build()
        .unwrap();
    conformance::check(&storage, policy).await;
}

#[tokio::test]
async fn durable_and_in_a_subdirectory() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("home")).unwrap();
    let storage = LocalDirectory::builder(root.path())
        .durability(Durability::Disk)
        .build()
        .unwrap()
        .subdirectory(&VirtualPath::try_from("/home").unwrap())
        .unwrap();
    conformance::check(&storage, UploadPolicy::Atomic).await;
}

#[test]
fn without_a_runtime() {
    let root = tempfile::tempdir().unwrap();
    let storage = LocalDirectory::open(root.path()).unwrap();
    futures::executor::block_on(conformance::check(&storage, UploadPolicy::Atomic));
}

#[test]
fn a_root_that_cannot_be_opened_says_which() {
    let root = tempfile::tempdir().unwrap();
    let missing = root.path().join("missing");
    let error = LocalDirectory::open(&missing).unwrap_err();
    assert_eq!(error.kind(), ftpkit_storage::ErrorKind::NotFound);
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(source.contains("missing"), "{source}");
    std::fs::write(&missing, b"a file").unwrap();
    let error = LocalDirectory::open(&missing).unwrap_err();
    assert_eq!(error.kind(), ftpkit_storage::ErrorKind::NotADirectory);
}
