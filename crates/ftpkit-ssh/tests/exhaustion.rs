//! An SFTP server that runs out of descriptors refuses what needs one, and goes on afterwards. A
//! process of its own, since it uses them all up.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::{fs::File, net::SocketAddr, sync::Arc, time::Duration};

use ftpkit_accounts::Users;
use ftpkit_fs::LocalDirectory;
use ftpkit_ssh::{
    client::{Error, ErrorKind, KnownHosts, SftpClient},
    server::{HostKey, SftpServer},
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::{net::TcpSocket, time::timeout};

/// Far more than anything takes.
const LONG: Duration = Duration::from_secs(60);

async fn log_in(addr: SocketAddr) -> SftpClient {
    let client = SftpClient::builder()
        .host(addr.ip().to_string())
        .port(addr.port())
        .user("alice")
        .agent(false)
        .default_keys(false)
        .password("secret")
        .known_hosts(KnownHosts::dangerous_accept_anybody());
    timeout(LONG, client.connect()).await.unwrap().unwrap()
}

async fn get(client: &SftpClient, path: &str) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    client.download(path, &mut bytes).await?;
    Ok(bytes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_sftp_server_goes_on_when_there_are_descriptors_again() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("f"), "content").unwrap();
    let storage = Arc::new(LocalDirectory::open(root.path()).unwrap());
    let users = Users::builder().user("alice", "secret", storage);
    let server = SftpServer::builder()
        .listen("127.0.0.1:0")
        .host_key(HostKey::generate_ed25519().unwrap())
        .authenticator(users.build().unwrap())
        .bind()
        .await
        .unwrap();
    let (addr, handle) = (server.local_addrs()[0], server.handle());
    let serving = tokio::spawn(server.serve());
    let client = log_in(addr).await;
    assert_eq!(get(&client, "f").await.unwrap(), b"content");
    // Made while it can be: its own descriptor is not the server's matter.
    let waiting = TcpSocket::new_v4().unwrap();

    let limit = Rlimit {
        current: Some(128),
        maximum: getrlimit(Resource::Nofile).maximum,
    };
    setrlimit(Resource::Nofile, limit).unwrap();
    let mut all = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        all.push(file);
    }
    for _ in 0..20 {
        for refused in [
            get(&client, "f").await.map(drop),
            client.upload(&b"new"[..], "g").await.map(drop),
        ] {
            assert_eq!(refused.unwrap_err().kind(), ErrorKind::Refused);
        }
    }
    let mut waiting = waiting.connect(addr).await.unwrap();
    assert!(!client.is_closed() && !serving.is_finished());

    drop(all);
    assert_eq!(get(&client, "f").await.unwrap(), b"content");
    client.upload(&b"new"[..], "g").await.unwrap();
    assert_eq!(std::fs::read(root.path().join("g")).unwrap(), b"new");
    // Who came meanwhile was held up, and not lost.
    let mut hello = [0; 4];
    let greeted = tokio::io::AsyncReadExt::read_exact(&mut waiting, &mut hello);
    timeout(LONG, greeted).await.unwrap().unwrap();
    assert_eq!(&hello, b"SSH-");
    assert_eq!(get(&log_in(addr).await, "g").await.unwrap(), b"new");
    // Nothing is left of what was refused, hidden files neither.
    assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), 2);
    drop((client, waiting));
    handle.shutdown(LONG).await;
    serving.await.unwrap();
}
