//! How many sessions there may be, how they all end, and that nothing of them is left.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::Duration;

use support::{Client, pattern, serve, serve_with, until, within};
use tokio::io::AsyncWriteExt as _;

#[tokio::test]
async fn one_session_too_many_gets_421() {
    let all = serve_with(|b| b.max_sessions(2)).await;
    let by_address = serve_with(|b| b.max_sessions_per_ip(2)).await;
    for served in [all, by_address] {
        let mut first = Client::connect(served.addr).await;
        let _second = Client::connect(served.addr).await;
        let mut third = Client::connect_unread(served.addr).await;
        third.expect(421).await;
        third.assert_closed().await;
        first.cmd("QUIT", 221).await;
        first.assert_closed().await;
        until("the place is free", || served.handle.sessions() == 1).await;
        Client::connect(served.addr).await.cmd("NOOP", 200).await;
    }
}

#[tokio::test]
async fn an_account_has_its_own_limit() {
    let served = serve_with(|b| {
        let storage = std::sync::Arc::new(ftpkit_storage::Memory::new());
        let account = ftpkit_accounts::Account::new("alice", storage).with_max_sessions(1);
        b.authenticator(
            ftpkit_accounts::Users::builder()
                .account(account, "secret")
                .build()
                .unwrap(),
        )
    })
    .await;
    let mut first = Client::login(served.addr).await;
    let mut second = Client::connect(served.addr).await;
    second.cmd("USER alice", 331).await;
    second.cmd("PASS secret", 421).await;
    second.assert_closed().await;
    // Another login lets the place go.
    first.cmd("USER alice", 331).await;
    Client::login(served.addr).await.cmd("NOOP", 200).await;
}

#[tokio::test]
async fn a_shutdown_lets_a_transfer_end_and_tells_the_idle() {
    let served = serve().await;
    let mut idle = Client::login(served.addr).await;
    let mut client = Client::login(served.addr).await;
    let mut data = client.epsv().await;
    client.cmd("STOR last", 150).await;
    data.write_all(b"first half, ").await.unwrap();
    let handle = served.handle.clone();
    let shutdown = tokio::spawn(async move { handle.shutdown(Duration::from_secs(3600)).await });
    idle.expect(421).await;
    idle.assert_closed().await;
    data.write_all(b"second half").await.unwrap();
    drop(data);
    client.expect(226).await;
    client.expect(421).await;
    client.assert_closed().await;
    assert_eq!(within("shutdown", shutdown).await.unwrap(), 0);
    within("serve", served.task).await.unwrap();
    assert!(tokio::net::TcpStream::connect(served.addr).await.is_err());
    // The upload was committed.
    use ftpkit_storage::{Storage as _, VirtualPath};
    let last = VirtualPath::root().join(b"last").unwrap();
    let metadata = served.storage.metadata(&last).await.unwrap();
    assert_eq!(metadata.size, Some(23));
}

#[tokio::test]
async fn a_transfer_that_outlasts_the_grace_is_cut_off() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    let mut data = client.epsv().await;
    client.cmd("STOR never", 150).await;
    data.write_all(b"half").await.unwrap();
    let cut = within(
        "shutdown",
        served.handle.shutdown(Duration::from_millis(20)),
    )
    .await;
    assert!(cut <= 1);
    within("serve", served.task).await.unwrap();
    support::read_all(data).await;
    use ftpkit_storage::{Storage as _, VirtualPath};
    let never = VirtualPath::root().join(b"never").unwrap();
    assert!(served.storage.metadata(&never).await.is_err());
}

#[tokio::test]
async fn serve_until_ends_with_its_signal() {
    let storage = std::sync::Arc::new(ftpkit_storage::Memory::new());
    let server = ftpkit_server::Server::builder()
        .listen("127.0.0.1:0")
        .anonymous(storage)
        .bind()
        .await
        .unwrap();
    let addr = server.local_addrs()[0];
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let task = tokio::spawn(server.serve_until(async move {
        let _ = stopped.await;
    }));
    let mut client = Client::connect(addr).await;
    stop.send(()).unwrap();
    client.expect(421).await;
    client.assert_closed().await;
    within("serve", task).await.unwrap();
}

#[cfg(target_os = "linux")]
fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}

/// The bad sessions of the other tests in one mixture, a thousand of them.
#[cfg(target_os = "linux")]
#[test]
fn a_thousand_bad_sessions_leave_nothing_behind() {
    // A runtime of its own: other tests of this process have descriptors and tasks too, so
    // they are counted where nothing else runs.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let served = serve_with(|b| b.max_sessions_per_ip(0)).await;
        Client::login(served.addr)
            .await
            .push("STOR f", &pattern(1 << 20))
            .await;
        until("the first session ends", || served.handle.sessions() == 0).await;
        let tasks = || {
            tokio::runtime::Handle::current()
                .metrics()
                .num_alive_tasks()
        };
        let (tasks_before, descriptors_before) = (tasks(), descriptors());
        for round in 0..1000 {
            bad_session(&served, round).await;
        }
        until("all sessions end", || served.handle.sessions() == 0).await;
        until("all tasks end", || tasks() <= tasks_before).await;
        until("all descriptors are closed", || {
            descriptors() <= descriptors_before
        })
        .await;
        let mut client = Client::login(served.addr).await;
        assert_eq!(client.fetch("NLST").await, b"f\r\n");
    });
}

#[cfg(target_os = "linux")]
async fn bad_session(served: &support::Served, round: usize) {
    let mut client = if round % 10 < 2 {
        Client::connect(served.addr).await
    } else {
        Client::login(served.addr).await
    };
    match round % 10 {
        // Gone after the greeting.
        0 => {}
        // Half a command.
        1 => client.send("USER ali").await,
        // A listener that nobody calls.
        2 => {
            client.epsv_addr().await;
        }
        // Two of them.
        3 => {
            client.epsv_addr().await;
            client.pasv_addr().await;
        }
        // A transfer that nobody fetches.
        4 => {
            client.epsv_addr().await;
            client.send("RETR f\r\n").await;
        }
        // Gone in the middle of a download.
        5 => {
            let data = client.epsv().await;
            client.cmd("RETR f", 150).await;
            drop((data, client));
        }
        // Gone in the middle of an upload.
        6 => {
            let mut data = client.epsv().await;
            client.cmd("STOR half", 150).await;
            data.write_all(b"half").await.unwrap();
            drop(client);
            support::read_all(data).await;
        }
        // An active connection to a port where nobody listens.
        7 => {
            drop(client.eprt().await);
            client.send("RETR f\r\n").await;
        }
        // An aborted upload.
        8 => {
            let mut data = client.epsv().await;
            client.cmd("STOR half", 150).await;
            data.write_all(b"half").await.unwrap();
            client.send("ABOR\r\n").await;
            client.expect(426).await;
            client.expect(226).await;
        }
        // A line that never ends.
        _ => client.send("x".repeat(100_000)).await,
    }
}

#[tokio::test]
async fn servers_at_one_door_share_its_limit_and_its_end() {
    let mut limits = ftpkit_accounts::DoorLimits::default();
    limits.sessions = 2;
    let door = ftpkit_accounts::Door::new(limits);
    let one = serve_with(|b| b.door(door.clone())).await;
    let two = serve_with(|b| b.door(door.clone())).await;
    let mut first = Client::login(one.addr).await;
    let mut second = Client::login(two.addr).await;
    Client::connect_unread(two.addr).await.expect(421).await;
    assert_eq!(two.handle.sessions(), 2);
    assert_eq!(one.handle.shutdown(Duration::from_secs(3600)).await, 0);
    for client in [&mut first, &mut second] {
        client.expect(421).await;
        client.assert_closed().await;
    }
    within("the first server", one.task).await.unwrap();
    within("the second server", two.task).await.unwrap();
}
