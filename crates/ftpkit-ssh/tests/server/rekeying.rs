//! New keys in the middle of transfers, wished for by either side.

use std::{collections::HashMap, sync::Arc, time::Duration};

use ftpkit_sftp::packet::{OpenFlags, Request, Response, StatusCode};
use ftpkit_storage::{Memory, OpenOptions, Storage as _, VirtualPath};
use russh::{Limits, client::Config};

use crate::{
    client::{Anybody, Sftp, log_in_with, put_flags, write},
    site::Site,
};

const BLOCK: usize = 128 * 1024;
const BLOCKS: usize = 12;
/// After how many bytes there are new keys.
const LIMIT: usize = 512 * 1024;

fn pattern(seed: usize) -> Vec<u8> {
    let bytes = 0..BLOCK * BLOCKS;
    bytes.map(|at| (at / 251 + at + seed) as u8).collect()
}

#[tokio::test]
async fn keys_change_in_the_middle_of_transfers_both_ways() {
    for (by_server, by_client) in [(true, false), (false, true), (true, true)] {
        let (down, up) = (pattern(1), pattern(2));
        let storage = Arc::new(Memory::new());
        let path = |name: &str| VirtualPath::try_from(name).unwrap();
        let options = OpenOptions::replace();
        let file = storage.open(&path("/down"), options).await.unwrap();
        file.write_at(0, &down).await.unwrap();
        file.commit().await.unwrap();
        let shared = Arc::clone(&storage);
        let site = Site::with(shared, |builder| match by_server {
            true => builder.rekey_after(LIMIT as u64),
            false => builder,
        })
        .await;
        let mut config = Config::default();
        if by_client {
            config.limits = Limits::new(LIMIT, LIMIT, Duration::from_secs(3_600));
        }
        let anybody = Anybody::default();
        let exchanges = Arc::clone(&anybody.exchanges);
        let ssh = log_in_with(site.addr, config, anybody).await;
        let mut sftp = Sftp::open(&ssh).await;

        // Both at a time, with all requests in flight, so that new keys come between them.
        let source = sftp.open_file("down", OpenFlags::READ).await.unwrap();
        let target = sftp.open_file("up", put_flags()).await.unwrap();
        let before = exchanges.load(std::sync::atomic::Ordering::SeqCst);
        let mut asked = HashMap::new();
        for number in 0..BLOCKS {
            let (start, end) = (number * BLOCK, (number + 1) * BLOCK);
            sftp.send(write(&target, start as u64, &up[start..end]))
                .await;
            let read = Request::Read {
                handle: source.clone(),
                offset: start as u64,
                length: u32::try_from(BLOCK).unwrap(),
            };
            asked.insert(sftp.send(read).await, start..end);
        }
        for _ in 0..2 * BLOCKS {
            match sftp.next().await {
                (id, Response::Data(data)) => {
                    let expected = &down[asked.remove(&id).unwrap()];
                    assert!(data == expected, "another content");
                }
                (_, Response::Status(status)) => assert_eq!(status.code, StatusCode::Ok),
                (_, other) => panic!("{other:?}"),
            }
        }
        assert!(asked.is_empty());
        let close = Request::Close(target);
        assert_eq!(sftp.status(close).await, StatusCode::Ok);
        let new = exchanges.load(std::sync::atomic::Ordering::SeqCst) - before;
        assert!(new >= 2, "new keys {new} times, {by_server} {by_client}");
        let file = storage.open(&path("/up"), OpenOptions::read()).await;
        let (file, mut kept) = (file.unwrap(), vec![0; up.len() + 1]);
        let mut at = 0;
        loop {
            match file.read_at(at as u64, &mut kept[at..]).await.unwrap() {
                0 => break,
                got => at += got,
            }
        }
        assert!(kept[..at] == up, "another content");
    }
}
