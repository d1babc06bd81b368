//! Long downloads: what the peer does to them, and what becomes of the thread.

use std::{
    fs::File,
    os::fd::AsFd as _,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, copy, sink},
    net::TcpStream,
    time::sleep,
};

use crate::pump::{LocalSource, Moved, PumpError, Source, send, tests::pair};

/// A file that has no content, only a size.
struct Sparse {
    file: File,
    offset: u64,
    limit: Option<u64>,
}

impl Sparse {
    fn new(size: u64) -> Self {
        let file = tempfile::tempfile().unwrap();
        file.set_len(size).unwrap();
        Self {
            file,
            offset: 0,
            limit: None,
        }
    }
}

impl Source for Sparse {
    async fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        unreachable!("the kernel reads it")
    }

    fn local(&self) -> Option<LocalSource<'_>> {
        Some(LocalSource::new(self.file.as_fd(), self.offset).limited(self.limit))
    }

    fn advance(&mut self, bytes: u64) {
        self.offset += bytes;
        self.limit = self.limit.map(|limit| limit - bytes);
    }
}

/// Sends to a peer that does this.
async fn sent(
    source: Sparse,
    peer: impl AsyncFnOnce(TcpStream, &AtomicU64) -> u64,
) -> (Result<Moved, PumpError>, u64, u64) {
    let (stream, there) = pair().await;
    let moved = Arc::new(AtomicU64::new(0));
    let (end, got) = tokio::join!(send(stream, source, &moved), peer(there, &moved));
    (end, moved.load(Ordering::Relaxed), got)
}

async fn all(mut there: TcpStream) -> u64 {
    copy(&mut there, &mut sink()).await.unwrap_or_default()
}

/// Waits until no more goes out: all buffers on the way are full.
async fn stalled(moved: &AtomicU64) -> u64 {
    let mut before = 0;
    loop {
        sleep(Duration::from_millis(200)).await;
        match moved.load(Ordering::Relaxed) {
            now if now > 0 && now == before => return now,
            now => before = now,
        }
    }
}

const SIZE: u64 = 80 * 1024 * 1024 + 5;

#[tokio::test]
async fn a_limit_holds() {
    for limit in [5_000_000, 40_000_001, SIZE, SIZE + 1] {
        let mut source = Sparse::new(SIZE);
        source.limit = Some(limit);
        let (end, moved, got) = sent(source, async |there, _| all(there).await).await;
        let expected = limit.min(SIZE);
        assert_eq!(
            (end.unwrap().bytes, moved, got),
            (expected, expected, expected)
        );
    }
}

#[tokio::test]
async fn a_peer_that_pauses_gets_all_of_it() {
    let (end, moved, got) = sent(Sparse::new(SIZE), async |mut there, moved| {
        assert!(
            stalled(moved).await < SIZE,
            "too much fits into the buffers"
        );
        // By now it is a slow one, which costs no thread; and then it is quick again.
        let mut first = [0; 4096];
        there.read_exact(&mut first).await.unwrap();
        sleep(Duration::from_millis(100)).await;
        all(there).await + 4096
    })
    .await;
    assert_eq!((end.unwrap().bytes, moved, got), (SIZE, SIZE, SIZE));
}

#[tokio::test]
async fn a_transfer_that_is_given_up_ends_its_thread() {
    let (stream, there) = pair().await;
    let moved = Arc::new(AtomicU64::new(0));
    let source = Sparse::new(SIZE);
    let mut pump = Box::pin(send(stream, source, &moved));
    tokio::select! {
        end = &mut pump => panic!("nobody has read it: {end:?}"),
        _ = stalled(&moved) => {}
    }
    drop(pump);
    let got = all(there).await;
    assert!(got < SIZE, "{got} bytes");
    // The thread counts no more: it is gone, or the runtime would wait for it at its end.
    assert!(moved.load(Ordering::Relaxed) < SIZE);
}

#[tokio::test]
async fn a_peer_that_vanishes_is_the_networks_fault() {
    let (end, ..) = sent(Sparse::new(SIZE), async |there, moved| {
        stalled(moved).await;
        there.set_zero_linger().unwrap();
        drop(there);
        0
    })
    .await;
    assert!(matches!(end, Err(PumpError::Network(_))), "{end:?}");
}
