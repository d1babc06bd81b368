//! Both ways to read a directory, beside each other; and how pages come from several threads.

use std::{
    collections::BTreeMap,
    fs, io,
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    thread::{self, ThreadId},
    time::Duration,
};

use cap_std::{ambient_authority, fs::Dir};
use ftpkit_storage::{ErrorKind, Kind, Metadata, Result};
use futures::{StreamExt as _, TryStreamExt as _, executor::block_on};
use tokio::runtime;

use super::{AHEAD, Ahead, Pages, portable, stream_of};

/// A directory with a bit of everything, and more than one buffer of it.
fn directory() -> (tempfile::TempDir, Dir) {
    let there = tempfile::tempdir().unwrap();
    for number in 0..700 {
        fs::write(there.path().join(format!("file-{number}")), b"12345").unwrap();
    }
    fs::create_dir(there.path().join("directory")).unwrap();
    fs::write(there.path().join("n".repeat(250)), b"").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("file-1", there.path().join("link")).unwrap();
    let dir = Dir::open_ambient_dir(there.path(), ambient_authority()).unwrap();
    (there, dir)
}

type Found = BTreeMap<Vec<u8>, Metadata>;

/// Gathers what a reader gives, by its names alone and with what is known.
macro_rules! gather {
    ($reader:ty, $dir:expr) => {{
        let dir: &Dir = $dir;
        let (mut found, mut names) = (Found::new(), Vec::new());
        let mut reader = <$reader>::open(dir, 100).unwrap();
        let mut calls = 1;
        loop {
            let (batch, more) = reader.batch().unwrap();
            let (count, before) = (batch.len(), found.len());
            batch.look(dir, |name, known: io::Result<Metadata>| {
                assert!(found.insert(name.to_vec(), known.unwrap()).is_none());
            });
            assert_eq!(found.len() - before, count);
            if !more {
                break;
            }
            calls += 1;
        }
        assert!(calls > 3, "all at once");
        let mut reader = <$reader>::open(dir, 100).unwrap();
        while reader.names(|name| names.push(name.to_vec())).unwrap() {}
        names.sort();
        assert!(names.iter().eq(found.keys()));
        found
    }};
}

#[test]
fn all_entries_are_found_once() {
    let (_there, dir) = directory();
    let found = gather!(portable::Reader, &dir);
    assert_eq!(found.len(), if cfg!(unix) { 703 } else { 702 });
    assert_eq!(found[&b"file-699"[..]].size, Some(5));
    assert_eq!(found[&b"directory"[..]].kind, Kind::Directory);
}

#[cfg(target_os = "linux")]
#[test]
fn both_ways_know_the_same() {
    let (_there, dir) = directory();
    let (one, other) = (
        gather!(portable::Reader, &dir),
        gather!(super::linux::Reader, &dir),
    );
    assert_eq!(one.len(), other.len());
    for (name, metadata) in one {
        let name_shown = String::from_utf8_lossy(&name).into_owned();
        assert_eq!(other[&name], metadata, "{name_shown}");
    }
}

/// The number that no thread survives.
const FATAL: u32 = 500;

/// Numbers instead of names: some are for nobody, and one may be an error.
struct Numbers {
    left: std::ops::Range<u32>,
    broken: Option<u32>,
    read: Arc<AtomicU32>,
}

impl Numbers {
    fn new(count: u32) -> Self {
        Self {
            left: 0..count,
            broken: None,
            read: Arc::default(),
        }
    }
}

impl Pages for Numbers {
    type Batch = u32;
    type View = ();
    type Page = u32;

    const GATHERERS: usize = 3;
    const QUICK: Duration = Duration::ZERO;

    fn read(&mut self) -> Result<(u32, bool)> {
        let number = self.left.next().expect("it was told that this was all");
        self.read.fetch_add(1, Ordering::Relaxed);
        if self.broken == Some(number) {
            return Err(ErrorKind::Denied.into());
        }
        Ok((number, !self.left.is_empty()))
    }

    fn view(&self) {}

    fn look((): &(), number: u32) -> Option<u32> {
        assert_ne!(number, FATAL, "as the test wants it");
        (number % 5 != 3).then_some(number)
    }
}

/// Such that are slow up to one of them, each with the thread that looked at it.
struct Slow {
    numbers: Numbers,
    quick_from: u32,
}

impl Pages for Slow {
    type Batch = u32;
    type View = ();
    type Page = (u32, ThreadId);

    const GATHERERS: usize = 1;
    const QUICK: Duration = Duration::from_millis(1);

    fn read(&mut self) -> Result<(u32, bool)> {
        let read = self.numbers.read()?;
        if read.0 < self.quick_from {
            thread::sleep(2 * Self::QUICK);
        }
        Ok(read)
    }

    fn view(&self) {}

    fn look((): &(), number: u32) -> Option<(u32, ThreadId)> {
        let number = Numbers::look(&(), number)?;
        Some((number, thread::current().id()))
    }
}

#[test]
fn all_pages_come_once_however_slowly_they_are_taken() {
    let expected: Vec<u32> = (0..84).filter(|number| number % 5 != 3).collect();
    let gathered = async |pause: Duration| {
        let mut pages = pin!(stream_of(Numbers::new(84)));
        let mut all = Vec::new();
        while let Some(page) = pages.try_next().await.unwrap() {
            all.push(page);
            thread::sleep(pause);
        }
        all.sort_unstable();
        all
    };
    let runtime = runtime::Builder::new_multi_thread().build();
    runtime.unwrap().block_on(async {
        assert_eq!(gathered(Duration::ZERO).await, expected);
        assert_eq!(gathered(Duration::from_millis(1)).await, expected);
    });
    let all: Vec<u32> = block_on(stream_of(Numbers::new(84)).try_collect()).unwrap();
    assert_eq!(all, expected, "without a runtime");
}

#[tokio::test]
async fn pages_that_come_slowly_are_gathered_elsewhere() {
    let slow = |quick_from| Slow {
        numbers: Numbers::new(84),
        quick_from,
    };
    let expected = (0..84).filter(|number| number % 5 != 3);
    let pages: Vec<_> = stream_of(slow(2)).try_collect().await.unwrap();
    assert!(pages.iter().map(|page| page.0).eq(expected.clone()));
    let here = thread::current().id();
    assert!(pages[0].1 == here && pages[1..].iter().all(|page| page.1 != here));
    // These may be, where the machine is slow.
    let pages: Vec<_> = stream_of(slow(0)).try_collect().await.unwrap();
    assert!(pages.iter().map(|page| page.0).eq(expected));
}

#[tokio::test]
async fn a_client_that_takes_nothing_has_little_gathered() {
    let numbers = Numbers::new(400);
    let read = Arc::clone(&numbers.read);
    let mut pages = pin!(stream_of(numbers));
    assert_eq!(pages.try_next().await.unwrap(), Some(0));
    assert!(pages.try_next().await.unwrap().is_some());
    // Time for the gatherers to go on, if they would.
    thread::sleep(Duration::from_millis(50));
    // One page was taken in place; of the others each fifth is none.
    let most = 1 + (2 + AHEAD + Numbers::GATHERERS) * 5 / 4 + 1;
    let read = usize::try_from(read.load(Ordering::Relaxed)).unwrap();
    assert!(read <= most, "{read} of {most}");
}

#[tokio::test]
async fn who_has_stopped_comes_back_while_another_one_goes_on() {
    let count = 400;
    // One of them takes its time.
    let (mut ahead, busy) = loop {
        let ahead = Ahead::new(runtime::Handle::current(), Numbers::new(count));
        if let Some(busy) = ahead.to.upgrade() {
            break (ahead, busy);
        }
    };
    while ahead.gathered.sender_strong_count() > 1 {
        thread::sleep(Duration::from_millis(1));
    }
    // Without the others nothing would come any more.
    for _ in 0..count / 5 * 4 {
        ahead.next().await.unwrap().unwrap();
    }
    drop(busy);
    assert!(ahead.next().await.is_none());
}

#[tokio::test]
async fn an_error_ends_a_listing() {
    for broken in [0, 1, 40] {
        let mut numbers = Numbers::new(84);
        numbers.broken = Some(broken);
        let all: Vec<_> = stream_of(numbers).take(200).collect().await;
        let (last, before) = all.split_last().unwrap();
        assert_eq!(last.as_ref().unwrap_err().kind(), ErrorKind::Denied);
        assert!(before.iter().all(std::result::Result::is_ok));
    }
}

#[tokio::test]
async fn a_page_that_a_panic_has_taken_is_missed() {
    let all: Vec<_> = stream_of(Numbers::new(600)).collect().await;
    let error = all.iter().find_map(|page| page.as_ref().err()).unwrap();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(all.last().unwrap().is_err(), "it goes on");
}

#[test]
fn a_runtime_that_is_gone_is_an_error() {
    let runtime = runtime::Builder::new_current_thread().build().unwrap();
    let mut pages = Box::pin(stream_of(Numbers::new(84)));
    assert_eq!(runtime.block_on(pages.try_next()).unwrap(), Some(0));
    runtime.shutdown_background();
    // What the gatherers had done by then is not lost.
    let all: Vec<_> = block_on(pages.take(200).collect());
    let last = all.last().unwrap().as_ref().unwrap_err();
    assert_eq!(last.kind(), ErrorKind::Unavailable);
}
