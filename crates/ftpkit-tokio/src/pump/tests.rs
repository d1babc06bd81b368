//! Pumps over loopback: both ways to send, the ends, and whose fault a failure is.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
};

use ftpkit_proto::DataFailure;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf},
    net::{TcpListener, TcpStream},
};

use super::{Moved, PumpError, Reader, Sink, Source, Writer, buffers::SIZE, receive, send};
use crate::DataStream;

pub(super) async fn pair() -> (DataStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let there = TcpStream::connect(listener.local_addr().unwrap());
    let (there, here) = tokio::join!(there, listener.accept());
    let (here, peer) = here.unwrap();
    (DataStream::clear(here, peer), there.unwrap())
}

fn payload(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|n| (n * 7 + n / 251) as u8).collect()
}

/// Around the edges of buffers, chunks and turns.
const SIZES: [usize; 8] = [
    0,
    1,
    SIZE - 1,
    SIZE,
    SIZE + 1,
    1024 * 1024,
    2 * 1024 * 1024 + 1,
    9_000_001,
];

async fn sent(source: impl Source) -> (Result<Moved, PumpError>, u64, Vec<u8>) {
    let (stream, mut there) = pair().await;
    let moved = Arc::new(AtomicU64::new(0));
    let mut got = Vec::new();
    let (result, read) = tokio::join!(send(stream, source, &moved), there.read_to_end(&mut got));
    read.unwrap();
    (result, moved.load(Ordering::Relaxed), got)
}

#[tokio::test]
async fn copies_of_every_size_arrive_both_ways() {
    for size in SIZES {
        let all = payload(size);
        let expected = Moved {
            bytes: size as u64,
            clean: true,
        };
        let (result, moved, got) = sent(Reader::new(all.as_slice())).await;
        assert_eq!(result.unwrap(), expected);
        assert_eq!(moved, expected.bytes);
        assert!(got == all, "{size} bytes sent");

        let (stream, mut there) = pair().await;
        let (mut got, moved) = (Vec::new(), Arc::new(AtomicU64::new(0)));
        let (result, ()) = tokio::join!(receive(stream, Writer::new(&mut got), &moved), async {
            there.write_all(&all).await.unwrap();
            there.shutdown().await.unwrap();
        });
        assert_eq!(result.unwrap(), expected);
        assert_eq!(moved.load(Ordering::Relaxed), expected.bytes);
        assert!(got == all, "{size} bytes received");
    }
}

/// A file that may be sent by the kernel; reading it is told apart.
#[cfg(unix)]
struct LocalFile<F> {
    file: F,
    offset: u64,
    bytes: Vec<u8>,
    reads: usize,
}

#[cfg(unix)]
impl<F: std::os::fd::AsFd + Send> Source for LocalFile<F> {
    async fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.reads += 1;
        let rest = &self.bytes[usize::try_from(self.offset).unwrap().min(self.bytes.len())..];
        let now = rest.len().min(buf.len());
        buf[..now].copy_from_slice(&rest[..now]);
        self.offset += now as u64;
        Ok(now)
    }

    fn local(&self) -> Option<super::LocalSource<'_>> {
        Some(super::LocalSource::new(self.file.as_fd(), self.offset))
    }

    fn advance(&mut self, bytes: u64) {
        self.offset += bytes;
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[tokio::test]
async fn local_files_are_sent_by_the_kernel_from_any_offset() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("payload");
    for size in SIZES {
        let bytes = payload(size);
        std::fs::write(&path, &bytes).unwrap();
        for offset in [0, size / 3, size, size + 10] {
            let mut source = LocalFile {
                file: std::fs::File::open(&path).unwrap(),
                offset: offset as u64,
                bytes: Vec::new(),
                reads: 0,
            };
            let (result, moved, got) = sent(&mut source).await;
            let expected = bytes.get(offset..).unwrap_or_default();
            assert_eq!(result.unwrap().bytes, expected.len() as u64);
            assert_eq!(moved, expected.len() as u64);
            assert!(got == expected, "{size} bytes from {offset}");
            assert_eq!(source.reads, 0, "no byte came into this process");
        }
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_the_kernel_cannot_send_is_copied() {
    // A socket is not a file from which sendfile could read at an offset.
    let (socket, _other) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut source = LocalFile {
        file: socket,
        offset: 5,
        bytes: payload(700_000),
        reads: 0,
    };
    let (result, _, got) = sent(&mut source).await;
    assert_eq!(result.unwrap().bytes, 699_995);
    assert!(got == source.bytes[5..]);
    assert!(source.reads > 0);
}

/// A file into which the kernel may move payload; what is written otherwise is kept apart.
#[cfg(unix)]
struct LocalSink {
    file: std::fs::File,
    offset: u64,
    written: Vec<u8>,
}

#[cfg(unix)]
impl LocalSink {
    const fn new(file: std::fs::File) -> Self {
        Self {
            file,
            offset: 0,
            written: Vec::new(),
        }
    }
}

#[cfg(unix)]
impl Sink for LocalSink {
    async fn write(&mut self, data: &[u8]) -> io::Result<()> {
        self.written.extend_from_slice(data);
        self.offset += data.len() as u64;
        Ok(())
    }

    fn local(&self) -> Option<super::LocalTarget<'_>> {
        use std::os::fd::AsFd as _;
        Some(super::LocalTarget::new(self.file.as_fd(), self.offset))
    }

    fn advance(&mut self, bytes: u64) {
        self.offset += bytes;
    }
}

#[cfg(unix)]
async fn received(all: &[u8], sink: &mut LocalSink) -> (Result<Moved, PumpError>, u64) {
    let (stream, mut there) = pair().await;
    let moved = Arc::new(AtomicU64::new(0));
    let (result, ()) = tokio::join!(receive(stream, sink, &moved), async {
        // Where the sink fails, nobody takes the rest.
        let _ = there.write_all(all).await;
        let _ = there.shutdown().await;
    });
    (result, moved.load(Ordering::Relaxed))
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[tokio::test]
async fn what_is_long_goes_into_a_local_file_by_the_kernel() {
    use std::io::Read as _;
    for size in SIZES {
        let all = payload(size);
        let file = tempfile::tempfile().unwrap();
        let mut sink = LocalSink::new(file.try_clone().unwrap());
        let (result, moved) = received(&all, &mut sink).await;
        assert_eq!(result.unwrap().bytes, size as u64);
        assert_eq!((moved, sink.offset), (size as u64, size as u64));
        let LocalSink { written, .. } = sink;
        assert!(written.len() <= 2 * SIZE, "{} bytes", written.len());
        let (first, rest) = all.split_at(written.len());
        assert!(written == first, "{size} bytes: the beginning");
        let mut got = Vec::new();
        let mut file = file;
        io::Seek::rewind(&mut file).unwrap();
        file.read_to_end(&mut got).unwrap();
        // What was written went beside the file, so that there is a gap in front.
        let moved = got.get(written.len()..).unwrap_or_default();
        assert!(moved == rest, "{size} bytes: the rest");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn what_the_kernel_cannot_move_into_a_file_is_copied() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("appended");
    // What is always appended cannot be written at an offset.
    let file = std::fs::File::options()
        .append(true)
        .create(true)
        .open(&path)
        .unwrap();
    let (all, mut sink) = (payload(9_000_001), LocalSink::new(file));
    let (result, moved) = received(&all, &mut sink).await;
    assert_eq!(result.unwrap().bytes, all.len() as u64);
    assert_eq!(moved, all.len() as u64);
    assert!(sink.written == all);
    assert_eq!(std::fs::metadata(&path).unwrap().len(), 0);
}

#[cfg(any(target_os = "linux", target_os = "android"))]
#[tokio::test]
async fn a_file_that_the_kernel_may_not_write_is_the_local_sides_failure() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let readable = std::fs::File::open(file.path()).unwrap();
    let mut sink = LocalSink::new(readable);
    let (result, _) = received(&payload(3_000_000), &mut sink).await;
    assert_eq!(result.unwrap_err().failure(), DataFailure::Local);
}

struct Failing(io::ErrorKind);

impl Source for Failing {
    async fn read(&mut self, _buf: &mut [u8]) -> io::Result<usize> {
        Err(self.0.into())
    }
}

impl Sink for Failing {
    async fn write(&mut self, _data: &[u8]) -> io::Result<()> {
        Err(self.0.into())
    }
}

#[tokio::test]
async fn failures_of_the_local_side_are_told_apart() {
    for (kind, expected) in [
        (io::ErrorKind::StorageFull, DataFailure::NoSpace),
        (io::ErrorKind::QuotaExceeded, DataFailure::Quota),
        (io::ErrorKind::PermissionDenied, DataFailure::Local),
        // The local side's own connection, to an object store for example.
        (io::ErrorKind::ConnectionReset, DataFailure::Local),
    ] {
        let (result, _, _) = sent(Failing(kind)).await;
        assert_eq!(result.unwrap_err().failure(), expected, "reading: {kind}");

        let (stream, mut there) = pair().await;
        there.write_all(b"x").await.unwrap();
        let moved = Arc::new(AtomicU64::new(0));
        let result = receive(stream, Failing(kind), &moved).await;
        assert_eq!(result.unwrap_err().failure(), expected, "writing: {kind}");
        assert_eq!(
            moved.load(Ordering::Relaxed),
            1,
            "it came, whatever became of it"
        );
    }
}

#[tokio::test]
async fn a_broken_connection_is_the_networks_fault_and_keeps_what_came() {
    let (stream, mut there) = pair().await;
    there.write_all(b"what came").await.unwrap();
    let (mut got, moved) = (Vec::new(), Arc::new(AtomicU64::new(0)));
    let mut receiving = Box::pin(receive(stream, Writer::new(&mut got), &moved));
    assert!(poll_once(receiving.as_mut()).is_pending());
    socket2::SockRef::from(&there)
        .set_linger(Some(std::time::Duration::ZERO))
        .unwrap();
    drop(there);
    let error = receiving.await.unwrap_err();
    assert_eq!(error.failure(), DataFailure::Broken, "{error}");
    assert_eq!(got, b"what came");

    let (stream, there) = pair().await;
    socket2::SockRef::from(&there)
        .set_linger(Some(std::time::Duration::ZERO))
        .unwrap();
    drop(there);
    let endless = Reader::new(tokio::io::repeat(0));
    let error = send(stream, endless, &moved).await.unwrap_err();
    assert_eq!(error.failure(), DataFailure::Broken, "{error}");
}

fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(std::task::Waker::noop()))
}

#[tokio::test]
async fn unasked_bytes_do_not_cost_the_receiver_its_payload() {
    let (stream, mut there) = pair().await;
    there.write_all(&[0; 20_000]).await.unwrap();
    let all = payload(100_000);
    let moved = Arc::new(AtomicU64::new(0));
    send(stream, Reader::new(all.as_slice()), &moved)
        .await
        .unwrap();
    // The stream is closed by now, and a reset would have overtaken the payload.
    let mut got = Vec::new();
    there.read_to_end(&mut got).await.unwrap();
    assert!(got == all);
}

#[tokio::test]
async fn a_source_that_lies_is_an_error_and_no_panic() {
    struct Liar;
    impl Source for Liar {
        async fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            Ok(buf.len() + 1)
        }
    }
    let (result, _, got) = sent(Liar).await;
    assert_eq!(result.unwrap_err().failure(), DataFailure::Local);
    assert!(got.is_empty());
}

/// A reader that gives one byte at a time and tells its end once.
struct Dribble {
    left: usize,
    end: Option<io::Result<()>>,
}

impl AsyncRead for Dribble {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.left == 0 {
            return Poll::Ready(self.end.take().expect("asked again after its end"));
        }
        self.left -= 1;
        buf.put_slice(b"x");
        Poll::Ready(Ok(()))
    }
}

#[tokio::test]
async fn a_readers_end_is_asked_for_once_and_its_error_is_not_lost() {
    let ends: [(Result<(), io::ErrorKind>, _); 2] = [
        (Ok(()), None),
        (Err(io::ErrorKind::StorageFull), Some(DataFailure::NoSpace)),
    ];
    for (end, expected) in ends {
        let end = Some(end.map_err(io::Error::from));
        let (result, moved, got) = sent(Reader::new(Dribble { left: 999, end })).await;
        assert_eq!(result.err().map(|error| error.failure()), expected);
        assert_eq!((moved, got.len()), (999, 999));
    }
}

#[tokio::test]
async fn other_tasks_have_their_turn_while_payload_never_waits() {
    // A source and a sink that are always ready: the peer drains in a thread of its own.
    let (stream, there) = pair().await;
    let there = there.into_std().unwrap();
    there.set_nonblocking(false).unwrap();
    let drain = std::thread::spawn(move || {
        let mut there = there;
        io::copy(&mut there, &mut io::sink()).unwrap()
    });
    let moved = Arc::new(AtomicU64::new(0));
    let source = tokio::io::repeat(0).take(64 * 1024 * 1024);
    let mut sending = Box::pin(send(stream, Reader::new(source), &moved));
    let mut waits = 0_u64;
    let sent = std::future::poll_fn(|cx| {
        let polled = sending.as_mut().poll(cx);
        waits += u64::from(polled.is_pending());
        polled
    })
    .await
    .unwrap();
    assert!(waits >= sent.bytes / super::TURN / 2, "{waits} turns");
    assert_eq!(drain.join().unwrap(), sent.bytes);
}
