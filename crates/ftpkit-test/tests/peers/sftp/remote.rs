//! OpenSSH's server as a storage.

use ftpkit::{
    ssh::client::{KnownHosts, Remote, RemoteConfig, SftpClient},
    storage::{Capabilities, Storage as _, UploadPolicy},
};
use ftpkit_storage::conformance;

use super::sshd::{Sshd, USER};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openssh_does_what_every_storage_does() {
    let server = Sshd::start();
    let (known, key, port) = (
        server.file("known_hosts"),
        server.file("ed25519"),
        server.port,
    );
    let make = move || {
        SftpClient::builder()
            .host("127.0.0.1")
            .port(port)
            .user(USER)
            .agent(false)
            .key_file(&key)
            .known_hosts(KnownHosts::file(&known))
    };
    let mut config = RemoteConfig::default();
    config.dangerous_links = true;
    // Who is not root can give nothing away.
    config.capabilities = Capabilities::ALL.without(Capabilities::OWNERS);
    let remote = Remote::connect_with(config, make).await.unwrap();
    let can = remote.capabilities();
    assert!(can.contains(
        Capabilities::ATOMIC_REPLACE
            | Capabilities::SPACE
            | Capabilities::HARD_LINKS
            | Capabilities::SYNC
            | Capabilities::SYMLINK_ATTRIBUTES
            | Capabilities::MAKE_SYMLINKS
    ));
    conformance::check(&remote, UploadPolicy::Atomic).await;
}
