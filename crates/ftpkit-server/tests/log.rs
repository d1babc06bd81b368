//! What a server logs at its most talkative: who did what, and no password.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{
    io,
    sync::{Arc, Mutex},
};

use support::{Client, serve, until};
use tracing_subscriber::fmt::MakeWriter;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn users_and_transfers_are_logged_and_passwords_are_not() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_ansi(false)
        .with_writer(log.clone())
        .finish();
    // For this thread, which is the whole runtime of this test.
    let _guard = tracing::subscriber::set_default(subscriber);
    let served = serve().await;
    let mut client = Client::connect(served.addr).await;
    client.cmd("USER alice", 331).await;
    client.cmd("PASS s3cr3t-but-wrong", 530).await;
    client.cmd("USER alice", 331).await;
    client.cmd("PASS secret", 230).await;
    client.cmd("TYPE I", 200).await;
    client.push("STOR some file", b"12345").await;
    client.cmd("ACCT s3cr3t-account", 202).await;
    client.cmd("QUIT", 221).await;
    client.assert_closed().await;
    until("it ends", || served.handle.sessions() == 0).await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    for wanted in [
        "user=\"alice\"",
        "logged in",
        "login failed",
        "path=/some file bytes=5 end=Complete",
        "session{id=1 peer=127.0.0.1:",
    ] {
        assert!(log.contains(wanted), "{wanted} in {log}");
    }
    assert!(!log.contains("s3cr3t") && !log.contains("secret"), "{log}");
}
