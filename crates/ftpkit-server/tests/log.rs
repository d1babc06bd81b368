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

impl Log {
    /// Takes down what this thread says, which is the whole runtime of a test.
    fn begin() -> (Self, tracing::subscriber::DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(log.clone())
            .finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }
}

#[tokio::test]
async fn users_and_transfers_are_logged_and_passwords_are_not() {
    let (log, _guard) = Log::begin();
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
    let log = log.text();
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

/// What TLS is made of is told, and none of its secrets.
#[cfg(feature = "tls")]
#[tokio::test]
async fn tls_is_logged() {
    use ftpkit_server::tls::{ClientCertificates, Fingerprint};
    use support::tls::{BOTH, Ca, Secure};

    let (log, _guard) = Log::begin();
    let ca = Ca::new();
    let clients = ClientCertificates::Asked(ca.roots());
    let tls = ca.server().clients(clients).build().unwrap();
    let served = support::serve_with(|builder| builder.tls(tls)).await;
    let leaf = ca.host("client.example");
    let config = Arc::new(ca.client(BOTH[1], Some(&leaf)));
    let mut session = Secure::login(served.addr, &config).await;
    session.fetch("LIST").await;
    let stream = session.control.epsv().await;
    session.control.cmd("LIST", 150).await;
    drop(stream);
    session.control.expect(522).await;
    session.control.cmd("QUIT", 221).await;
    drop(session);
    let mut client = Client::connect(served.addr).await;
    client.cmd("AUTH TLS", 234).await;
    client.send("PASS secret\r\n").await;
    support::read_all(client.stream).await;
    until("both end", || served.handle.sessions() == 0).await;
    let log = log.text();
    let fingerprint = Fingerprint::of(&leaf.certificate);
    for wanted in [
        "tls=\"TLSv1_3\"",
        "version=\"TLSv1_3\" cipher=\"TLS13_",
        "server_name=\"ftp.example\"",
        &format!("certificate={fingerprint}"),
        "resumed=true",
        "TLS failed data=true reason=\"the TLS handshake on the data connection failed",
        "TLS failed data=false reason=\"the TLS handshake on the control connection failed",
    ] {
        assert!(log.contains(wanted), "{wanted} in {log}");
    }
    assert!(!log.contains("secret"), "{log}");
}
