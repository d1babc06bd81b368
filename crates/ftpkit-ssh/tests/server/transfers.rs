//! Files both ways: out of order, over each other, and when connections are lost.

use std::{sync::Arc, thread};

use bytes::Bytes;
use ftpkit_fs::LocalDirectory;
use ftpkit_sftp::packet::{OpenFlags, Request, Response, StatusCode};
use ftpkit_storage::Memory;
use tokio::{runtime::Builder, sync::oneshot};

use crate::{
    client::{Sftp, log_in, put_flags, write},
    site::Site,
};

fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at / 7 + at) as u8).collect()
}

#[tokio::test]
async fn writes_in_any_order_make_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::over(Arc::new(LocalDirectory::open(dir.path()).unwrap())).await;
    let ssh = log_in(site.addr, "alice").await;
    let mut sftp = Sftp::open(&ssh).await;
    let data = pattern(1_000_000);
    let handle = sftp.open_file("f", put_flags()).await.unwrap();
    let mut blocks: Vec<(usize, &[u8])> = data.chunks(30_000).enumerate().collect();
    blocks.reverse();
    blocks.swap(3, 20);
    for (number, block) in &blocks {
        sftp.send(write(&handle, *number as u64 * 30_000, block))
            .await;
    }
    // The last to come counts.
    sftp.send(write(&handle, 500_000, &[1; 10])).await;
    sftp.send(write(&handle, 500_005, &[2; 10])).await;
    for _ in 0..blocks.len() + 2 {
        let (_, response) = sftp.next().await;
        assert!(matches!(response, Response::Status(s) if s.code == StatusCode::Ok));
    }
    assert!(!dir.path().join("f").exists(), "not before it is closed");
    assert_eq!(sftp.status(Request::Close(handle)).await, StatusCode::Ok);
    let mut expected = data;
    expected[500_000..500_005].fill(1);
    expected[500_005..500_015].fill(2);
    assert!(std::fs::read(dir.path().join("f")).unwrap() == expected);
    assert!(sftp.get("f").await.unwrap() == expected);
}

#[tokio::test]
async fn a_lost_connection_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let site = Site::over(Arc::new(LocalDirectory::open(dir.path()).unwrap())).await;
    let ssh = log_in(site.addr, "alice").await;
    let mut sftp = Sftp::open(&ssh).await;
    sftp.put("old", b"as it was").await;
    for path in ["old", "new"] {
        let handle = sftp.open_file(path, put_flags()).await.unwrap();
        let write = write(&handle, 0, b"half of");
        assert_eq!(sftp.status(write).await, StatusCode::Ok);
    }
    drop((sftp, ssh));
    site.hears("alice Upload /new 7 Aborted").await;
    site.hears("disconnected").await;
    let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
    assert_eq!(left.len(), 1);
    assert_eq!(std::fs::read(dir.path().join("old")).unwrap(), b"as it was");
}

#[tokio::test]
async fn many_reads_are_in_flight() {
    let site = Site::memory().await;
    let ssh = log_in(site.addr, "alice").await;
    let mut sftp = Sftp::open(&ssh).await;
    let data = pattern(3_000_000);
    sftp.put("f", &data).await;
    let handle = sftp.open_file("f", OpenFlags::READ).await.unwrap();
    let mut wanted = std::collections::HashMap::new();
    for number in 0..40u64 {
        let offset = number * 30_000;
        let read = Request::Read {
            handle: handle.clone(),
            offset,
            length: 30_000,
        };
        wanted.insert(sftp.send(read).await, usize::try_from(offset).unwrap());
    }
    for _ in 0..40 {
        let (id, response) = sftp.next().await;
        let offset = wanted.remove(&id).unwrap();
        let expected = Bytes::copy_from_slice(&data[offset..offset + 30_000]);
        assert!(response == Response::Data(expected));
    }
}

#[tokio::test]
async fn a_session_runs_in_the_runtime_that_it_is_given() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let given = runtime.handle().clone();
    let (_stop, stopped) = oneshot::channel::<()>();
    thread::spawn(move || runtime.block_on(stopped));
    let there = given.clone();
    let site = Site::with(Arc::new(Memory::new()), |builder| builder.runtimes([there])).await;
    let ssh = log_in(site.addr, "alice").await;
    let mut sftp = Sftp::open(&ssh).await;
    sftp.put("/a", b"hello").await;
    assert_eq!(sftp.get("/a").await.unwrap(), b"hello");
    assert_eq!(
        given.metrics().num_alive_tasks(),
        2,
        "SSH's task and SFTP's"
    );
}
