//! Files both ways over loopback, by the kernel and where it cannot.

use std::{
    fs::{self, File, OpenOptions},
    future::poll_fn,
    io::{Seek as _, SeekFrom, Write as _},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::FileMover;
use crate::{DataStream, pump::PumpError};

/// Around the edges of buffers, pipes and what a socket takes.
const SIZES: [usize; 6] = [0, 1, 4096, 256 * 1024 + 1, 2 * 1024 * 1024, 9_000_001];

fn payload(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|n| (n * 7 + n / 251) as u8).collect()
}

/// A peer on this machine, and one that is taken for far away.
const NEAR: &str = "127.0.0.1:20";
const FAR: &str = "192.0.2.1:20";

async fn pair(peer: &str) -> (DataStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = TcpStream::connect(listener.local_addr().unwrap());
    let (there, here) = tokio::join!(there, listener.accept());
    let (here, _) = here.unwrap();
    (
        DataStream::clear(here, peer.parse().unwrap()),
        there.unwrap(),
    )
}

/// Receives into a file what somebody else sends.
async fn receive(bytes: &[u8], file: &File) -> Result<usize, PumpError> {
    let (mut stream, mut there) = pair(FAR).await;
    let mut mover = FileMover::new();
    let received = async {
        let mut total = 0;
        loop {
            match poll_fn(|cx| mover.poll_receive(cx, &mut stream, file)).await? {
                0 => return Ok(total),
                moved => total += moved,
            }
        }
    };
    let (received, ()) = tokio::join!(received, async {
        // Whoever fails closes before all is sent.
        let _ = there.write_all(bytes).await;
        let _ = there.shutdown().await;
    });
    received
}

#[tokio::test]
async fn what_comes_is_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    for size in SIZES {
        let all = payload(size);
        for append in [false, true] {
            let path = directory.path().join(format!("{size}-{append}"));
            // The kernel moves nothing into a file that is only added to.
            let file = OpenOptions::new()
                .create(true)
                .write(true)
                .append(append)
                .open(&path)
                .unwrap();
            assert_eq!(receive(&all, &file).await.unwrap(), size);
            assert!(
                fs::read(&path).unwrap() == all,
                "{size} bytes, append: {append}"
            );
        }
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_the_local_sides_failure() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("read only");
    fs::write(&path, "").unwrap();
    let file = File::open(&path).unwrap();
    let result = receive(&payload(1_000_000), &file).await;
    assert!(matches!(result, Err(PumpError::Local(_))), "{result:?}");
}

/// Sends the file from its position on, and returns what came.
async fn send(mover: &mut FileMover, file: &File, peer: &str) -> Vec<u8> {
    let (mut stream, mut there) = pair(peer).await;
    let mut got = Vec::new();
    let sent = async {
        let mut total = 0;
        loop {
            match poll_fn(|cx| mover.poll_send(cx, &mut stream, file)).await {
                Ok(0) => break,
                Ok(sent) => total += sent,
                Err(error) => panic!("{error}"),
            }
        }
        stream.shutdown().await.unwrap();
        total
    };
    let (sent, read) = tokio::join!(sent, there.read_to_end(&mut got));
    read.unwrap();
    assert_eq!(sent, got.len());
    got
}

#[tokio::test]
async fn what_is_in_the_file_is_sent_from_its_position() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("file");
    for size in SIZES {
        let all = payload(size);
        fs::write(&path, &all).unwrap();
        for peer in [NEAR, FAR] {
            let mut file = File::open(&path).unwrap();
            let skipped = size / 3;
            file.seek(SeekFrom::Start(skipped as u64)).unwrap();
            let got = send(&mut FileMover::new(), &file, peer).await;
            assert!(got == all[skipped..], "{size} bytes to {peer}");
        }
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[tokio::test]
async fn to_a_peer_of_this_machine_nothing_is_sent_by_the_kernel() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(&payload(1000)).unwrap();
    for (peer, expected) in [(NEAR, false), (FAR, true)] {
        file.rewind().unwrap();
        let mut mover = FileMover::new();
        send(&mut mover, &file, peer).await;
        let is_able = !matches!(mover.kernel, super::Kernel::Unable);
        assert_eq!(is_able, expected, "{peer}");
    }
}
