//! How sessions end: by a shutdown, and by what a client does not do.

use std::{sync::Arc, time::Duration};

use ftpkit_sftp::packet::{Request, StatusCode};
use ftpkit_storage::Memory;

use crate::{
    client::{LONG, Sftp, log_in, put_flags, write},
    site::Site,
};

#[tokio::test]
async fn what_is_open_at_a_shutdown_may_be_finished() {
    let site = Site::memory().await;
    let idle = log_in(site.addr, "alice").await;
    let busy = log_in(site.addr, "alice").await;
    let mut sftp = Sftp::open(&busy).await;
    let handle = sftp.open_file("f", put_flags()).await.unwrap();
    let stopping = tokio::spawn({
        let handle = site.handle.clone();
        async move { handle.shutdown(LONG).await }
    });
    site.hears("disconnected").await;
    assert_eq!(
        site.handle.sessions(),
        1,
        "the one that did nothing is gone"
    );
    let write = write(&handle, 0, b"the rest");
    assert_eq!(sftp.status(write).await, StatusCode::Ok);
    assert_eq!(sftp.status(Request::Close(handle)).await, StatusCode::Ok);
    assert_eq!(stopping.await.unwrap(), 0, "nobody had to be cut off");
    assert!(
        site.events()
            .contains(&"alice Upload /f 8 Complete".to_owned())
    );
    drop(idle);
}

#[tokio::test]
async fn what_is_not_finished_in_time_is_cut_off() {
    let site = Site::memory().await;
    let ssh = log_in(site.addr, "alice").await;
    let mut sftp = Sftp::open(&ssh).await;
    let handle = sftp.open_file("f", put_flags()).await.unwrap();
    let write = write(&handle, 0, b"half");
    assert_eq!(sftp.status(write).await, StatusCode::Ok);
    assert_eq!(site.handle.shutdown(Duration::from_millis(50)).await, 1);
    site.hears("alice Upload /f 4 Aborted").await;
    site.hears("disconnected").await;
}

#[tokio::test]
async fn who_does_not_log_in_is_cut_off() {
    let storage = Arc::new(Memory::new());
    let soon = Duration::from_millis(50);
    let site = Site::with(storage, |builder| builder.login_timeout(soon)).await;
    let mute = tokio::net::TcpStream::connect(site.addr).await.unwrap();
    site.hears("disconnected").await;
    drop(mute);
}

#[tokio::test]
async fn who_asks_nothing_is_cut_off() {
    let storage = Arc::new(Memory::new());
    let soon = Duration::from_millis(50);
    let site = Site::with(storage, |builder| builder.idle_timeout(soon)).await;
    let ssh = log_in(site.addr, "alice").await;
    site.hears("disconnected").await;
    assert!(ssh.channel_open_session().await.is_err());
}

#[tokio::test]
async fn handles_are_bounded() {
    let storage = Arc::new(Memory::new());
    let site = Site::with(storage, |builder| builder.max_handles(3)).await;
    let ssh = log_in(site.addr, "alice").await;
    let mut sftp = Sftp::open(&ssh).await;
    let root = || Request::Opendir("/".into());
    let first = sftp.handle(root()).await.unwrap();
    sftp.open_file("a", put_flags()).await.unwrap();
    sftp.open_file("b", put_flags()).await.unwrap();
    for _ in 0..3 {
        assert_eq!(sftp.handle(root()).await, Err(StatusCode::Failure));
    }
    assert_eq!(sftp.status(Request::Close(first)).await, StatusCode::Ok);
    assert!(sftp.handle(root()).await.is_ok());
}
