//! A server for tests, with a user `alice` whose password is `secret`.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use ftpkit_accounts::Users;
use ftpkit_host::{ServerEvent, ServerHandle};
use ftpkit_ssh::server::{HostKey, SftpServer, SftpServerBuilder};
use ftpkit_storage::{Memory, Storage};
use tokio::task::JoinHandle;

/// A server that serves until it is dropped.
pub(crate) struct Site {
    pub(crate) addr: SocketAddr,
    pub(crate) handle: ServerHandle,
    pub(crate) serving: JoinHandle<()>,
    events: Arc<Mutex<Vec<String>>>,
}

impl Site {
    /// With an empty storage in memory.
    pub(crate) async fn memory() -> Self {
        Self::over(Arc::new(Memory::new())).await
    }

    pub(crate) async fn over(storage: Arc<dyn Storage>) -> Self {
        Self::with(storage, |builder| builder).await
    }

    pub(crate) async fn with(
        storage: Arc<dyn Storage>,
        settings: impl FnOnce(SftpServerBuilder) -> SftpServerBuilder,
    ) -> Self {
        let users = Users::builder().user("alice", "secret", storage);
        let users = users.build().unwrap();
        Self::build(settings(SftpServer::builder().authenticator(users))).await
    }

    pub(crate) async fn build(builder: SftpServerBuilder) -> Self {
        let events = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&events);
        let server = builder
            .listen("127.0.0.1:0")
            .host_key(HostKey::generate_ed25519().unwrap())
            .failure_delay(Duration::from_millis(1))
            .observer(move |event: &ServerEvent<'_>| heard.lock().unwrap().push(shown(event)))
            .bind()
            .await
            .unwrap();
        Self {
            addr: server.local_addrs()[0],
            handle: server.handle(),
            serving: tokio::spawn(server.serve()),
            events,
        }
    }

    /// What the observer was told so far.
    pub(crate) fn events(&self) -> Vec<String> {
        self.events.lock().unwrap().clone()
    }

    /// Waits until the observer was told this.
    pub(crate) async fn hears(&self, what: &str) {
        let heard = async {
            while !self.events().iter().any(|event| event == what) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let heard = tokio::time::timeout(crate::client::LONG, heard).await;
        assert!(heard.is_ok(), "{what} is not in {:?}", self.events());
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn shown(event: &ServerEvent<'_>) -> String {
    match event {
        ServerEvent::Connected { .. } => "connected".to_owned(),
        ServerEvent::Disconnected { .. } => "disconnected".to_owned(),
        ServerEvent::LoggedIn { user, .. } => format!("{user} in"),
        ServerEvent::LoginFailed { name, .. } => format!("{} refused", name.escape_ascii()),
        ServerEvent::TransferEnded {
            user,
            what,
            path,
            bytes,
            end,
            ..
        } => format!("{user} {what:?} {} {bytes} {end:?}", path.escape_ascii()),
        other => format!("{other:?}"),
    }
}
