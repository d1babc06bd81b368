//! Clients that ask for much and take no answers.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;

use ftpkit_sftp::packet::{OpenFlags, Request};
use ftpkit_storage::{
    Capabilities, Committed, EntryStream, File, Memory, Metadata, OpenOptions, Result, Storage,
    VirtualPath,
};
use russh::client::Config;
use tokio::time::timeout;

use crate::{
    client::{Anybody, LONG, Sftp, log_in, log_in_with},
    site::Site,
};

const BLOCK: u32 = 255 * 1024;
/// What a client asks for and never takes.
const ASKED: u64 = 400 * BLOCK as u64;
/// How much of it the server may have read: what is in flight, what waits for SSH (16 answers),
/// and what the system keeps for both ends of a connection.
const BOUND: u64 = 40 * 1024 * 1024;

/// A storage in memory that counts what is read of it.
struct Counting(Memory, Arc<AtomicU64>);

#[async_trait]
impl Storage for Counting {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities()
    }
    async fn metadata(&self, path: &VirtualPath) -> Result<Metadata> {
        self.0.metadata(path).await
    }
    async fn list(&self, path: &VirtualPath) -> Result<EntryStream> {
        self.0.list(path).await
    }
    async fn open(&self, path: &VirtualPath, options: OpenOptions) -> Result<Box<dyn File>> {
        let file = self.0.open(path, options).await?;
        Ok(Box::new(Counted(file, Arc::clone(&self.1))))
    }
}

struct Counted(Box<dyn File>, Arc<AtomicU64>);

#[async_trait]
impl File for Counted {
    async fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        let got = self.0.read_at(offset, buf).await?;
        self.1.fetch_add(got as u64, Ordering::SeqCst);
        Ok(got)
    }
    async fn write_at(&self, offset: u64, data: &[u8]) -> Result<()> {
        self.0.write_at(offset, data).await
    }
    async fn commit(self: Box<Self>) -> Result<Committed> {
        self.0.commit().await
    }
    async fn metadata(&self) -> Result<Metadata> {
        self.0.metadata().await
    }
}

/// How a client comes to take nothing.
enum How {
    /// It gives no more window.
    NoWindow,
    /// It has window for all, and does not read its socket.
    NoReading,
}

impl How {
    fn client(&self) -> (Config, Anybody) {
        let mut config = Config::default();
        match self {
            Self::NoWindow => config.window_size = 128 * 1024,
            Self::NoReading => {
                config.window_size = u32::MAX;
                // SSH's library stops to read where nobody takes what it has.
                config.channel_buffer_size = 1;
            }
        }
        let anybody = Anybody {
            keeps_window: matches!(self, Self::NoWindow),
            ..Anybody::default()
        };
        (config, anybody)
    }
}

#[tokio::test]
async fn who_takes_no_answers_is_bounded_and_ends_and_others_go_on() {
    tokio::join!(stalled(How::NoWindow), stalled(How::NoReading));
}

async fn stalled(how: How) {
    let read = Arc::new(AtomicU64::new(0));
    let storage = Arc::new(Counting(Memory::new(), Arc::clone(&read)));
    let idle = Duration::from_secs(1);
    let site = Site::with(storage, |builder| builder.idle_timeout(idle)).await;
    let data = vec![7; BLOCK as usize];
    let ssh = log_in(site.addr, "alice").await;
    Sftp::open(&ssh).await.put("f", &data).await;

    let (config, anybody) = how.client();
    let mute_ssh = log_in_with(site.addr, config, anybody).await;
    let mut mute = Sftp::open(&mute_ssh).await;
    let handle = mute.open_file("f", OpenFlags::READ).await.unwrap();
    let asking = async {
        for _ in 0..ASKED / u64::from(BLOCK) {
            let request = Request::Read {
                handle: handle.clone(),
                offset: 0,
                length: BLOCK,
            };
            mute.send(request).await;
        }
    };
    // Where its own library has stopped, it cannot even ask.
    let _ = timeout(idle / 4, asking).await;
    let mut other = Sftp::open(&log_in(site.addr, "alice").await).await;
    other.put("g", &data).await;
    drop(other);

    let cut = async {
        while !site.events().iter().any(|event| event.ends_with("Aborted")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LONG, cut).await.expect("it is never cut off");
    let read = read.load(Ordering::SeqCst);
    assert!(read > 0 && read < BOUND, "{read} bytes were read");
    let gone = async {
        while site.handle.sessions() > 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LONG, gone).await.expect("its session stays");
    let new = log_in(site.addr, "alice").await;
    assert!(Sftp::open(&new).await.get("g").await.unwrap() == data);
    drop((mute, ssh));
}
