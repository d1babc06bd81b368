//! FTPS that goes wrong: handshakes that fail or never end, and uploads that are cut short.
#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::{sync::Arc, time::Duration};

use ftpkit_proto::server::Timeouts;
use ftpkit_server::{ServerBuilder, tls::TlsVersions};
use ftpkit_storage::{Memory, Storage};
use support::{
    Client, Served, pattern, read_all, serve_with,
    tls::{BOTH, Ca, Secure, Tls, handshake, read_to_end},
    within,
};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
};

async fn served(ca: &Ca, change: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Served {
    let tls = ca.server().build().unwrap();
    serve_with(|builder| change(builder.tls(tls).listen_implicit("127.0.0.1:0"))).await
}

/// The types of the TLS records that these bytes are, and nothing else they are.
fn records(mut bytes: &[u8]) -> Vec<u8> {
    let mut types = Vec::new();
    while let [kind, 3, 0..=4, high, low, rest @ ..] = bytes {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        assert!((20..=23).contains(kind), "type {kind}");
        assert!(length <= rest.len(), "half a record: {bytes:?}");
        types.push(*kind);
        bytes = &rest[length..];
    }
    assert_eq!(bytes, [], "no TLS");
    types
}

const ALERT: u8 = 21;

/// What is no handshake, and what is one as far as it goes.
fn nonsense() -> Vec<(&'static str, Vec<u8>)> {
    let mut hello = vec![22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3];
    hello.extend(pattern(194));
    let mut long = vec![22, 3, 1, 0xff, 0xff];
    long.extend(pattern(70_000));
    vec![
        ("a command", b"USER alice\r\nPASS secret\r\n".to_vec()),
        (
            "HTTP",
            b"GET / HTTP/1.1\r\nHost: ftp.example\r\n\r\n".to_vec(),
        ),
        ("noise", pattern(5_000)),
        ("zeros", vec![0; 500]),
        ("a hello full of noise", hello),
        ("a record that is too long", long),
        ("payload at once", vec![23, 3, 3, 0, 4, 1, 2, 3, 4]),
        ("an alert", vec![21, 3, 3, 0, 2, 2, 40]),
    ]
}

#[tokio::test]
async fn nothing_is_said_in_clear_behind_a_handshake_that_fails() {
    let ca = Ca::new();
    let served = served(&ca, |builder| builder).await;
    for implicit in [false, true] {
        for (what, bytes) in nonsense() {
            let mut client = if implicit {
                Client::connect_unread(served.implicit.unwrap()).await
            } else {
                let mut client = Client::connect(served.addr).await;
                client.cmd("AUTH TLS", 234).await;
                client
            };
            // The server may have left before it has read all of it.
            let _ = client.stream.write_all(&bytes).await;
            let said = read_all(client.stream).await;
            let types = records(&said);
            if what != "an alert" {
                assert_eq!(types.last(), Some(&ALERT), "implicit: {implicit}, {what}");
            }
        }
        // And the end, at once or in the midst of it.
        for bytes in [&b""[..], &[22, 3, 1, 0, 200, 1, 0]] {
            let mut client = if implicit {
                Client::connect_unread(served.implicit.unwrap()).await
            } else {
                let mut client = Client::connect(served.addr).await;
                client.cmd("AUTH TLS", 234).await;
                client
            };
            client.send(bytes).await;
            client.stream.shutdown().await.unwrap();
            records(&read_all(client.stream).await);
        }
    }
    support::until("all sessions are over", || served.handle.sessions() == 0).await;
    let mut session = Secure::login(served.addr, &Arc::new(ca.client(BOTH[1], None))).await;
    session.fetch("LIST").await;
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_server_ends_the_session() {
    let ca = Ca::new();
    let served = served(&ca, |builder| builder).await;
    for version in BOTH {
        let config = Arc::new(Ca::new().client(version, None));
        let mut client = Client::connect(served.addr).await;
        client.cmd("AUTH TLS", 234).await;
        let error = handshake(&config, "ftp.example", client.stream).await;
        error.map(drop).unwrap_err();
        // The client trusts the CA, and it is another server that it wants.
        let config = Arc::new(ca.client(version, None));
        let mut client = Client::connect(served.addr).await;
        client.cmd("AUTH TLS", 234).await;
        let error = handshake(&config, "other.example", client.stream).await;
        error.map(drop).unwrap_err();
    }
    support::until("all sessions are over", || served.handle.sessions() == 0).await;
}

#[tokio::test]
async fn versions_in_common_are_needed() {
    let ca = Ca::new();
    for (versions, served_by) in [(TlsVersions::Tls12, 0), (TlsVersions::Tls13, 1)] {
        let tls = ca.server().versions(versions).build().unwrap();
        let served = serve_with(|builder| builder.tls(tls)).await;
        for (n, version) in BOTH.into_iter().enumerate() {
            let config = Arc::new(ca.client(version, None));
            if n == served_by {
                let mut session = Secure::login(served.addr, &config).await;
                assert!(session.fetch("LIST").await.1);
                continue;
            }
            let mut client = Client::connect(served.addr).await;
            client.cmd("AUTH TLS", 234).await;
            let failed = handshake(&config, "ftp.example", client.stream).await;
            failed.map(drop).unwrap_err();
        }
    }
}

fn impatient(builder: ServerBuilder) -> ServerBuilder {
    let mut timeouts = Timeouts::default();
    timeouts.handshake = Duration::from_millis(200);
    builder.timeouts(timeouts)
}

#[tokio::test]
async fn a_handshake_that_never_ends_ends_the_session_in_silence() {
    let ca = Ca::new();
    let served = served(&ca, impatient).await;
    for bytes in [&b""[..], &[22, 3, 1, 0, 200, 1, 0]] {
        let mut client = Client::connect(served.addr).await;
        client.cmd("AUTH TLS", 234).await;
        client.send(bytes).await;
        assert_eq!(read_all(client.stream).await, b"");
        let mut client = Client::connect_unread(served.implicit.unwrap()).await;
        client.send(bytes).await;
        assert_eq!(read_all(client.stream).await, b"");
    }
}

/// The way to a data connection.
enum Way {
    Passive(TcpStream),
    Active(TcpListener),
}

impl Way {
    async fn agree(session: &mut Secure, active: bool) -> Self {
        if active {
            Self::Active(session.control.eprt().await)
        } else {
            Self::Passive(session.control.epsv().await)
        }
    }

    async fn stream(self) -> TcpStream {
        match self {
            Self::Passive(stream) => stream,
            Self::Active(listener) => within("a call", listener.accept()).await.unwrap().0,
        }
    }
}

#[tokio::test]
async fn a_data_handshake_that_never_ends_is_522() {
    let ca = Ca::new();
    let served = served(&ca, impatient).await;
    let mut session = Secure::login(served.addr, &Arc::new(ca.client(BOTH[1], None))).await;
    for active in [false, true] {
        for bytes in [&b""[..], &[22, 3, 1, 0, 200, 1, 0]] {
            let way = Way::agree(&mut session, active).await;
            session.control.cmd("STOR file", 150).await;
            let mut stream = way.stream().await;
            stream.write_all(bytes).await.unwrap();
            session.control.expect(522).await;
            session.control.cmd("SIZE file", 550).await;
            drop(stream);
        }
    }
    session.push("STOR file", b"in time").await;
}

#[tokio::test]
async fn a_data_handshake_that_fails_is_522_and_the_next_transfer_works() {
    let ca = Ca::new();
    let served = served(&ca, |builder| builder).await;
    for version in BOTH {
        let mut session = Secure::login(served.addr, &Arc::new(ca.client(version, None))).await;
        session.push("STOR old", b"old").await;
        for (active, command) in [
            (false, "STOR old"),
            (true, "STOR old"),
            (false, "RETR old"),
            (true, "RETR old"),
        ] {
            for (what, bytes) in nonsense() {
                let way = Way::agree(&mut session, active).await;
                session.control.cmd(command, 150).await;
                let mut stream = way.stream().await;
                let _ = stream.write_all(&bytes).await;
                session.control.expect(522).await;
                let types = records(&read_all(stream).await);
                assert!(!types.contains(&23), "{what}: payload");
            }
            // Not trusted, and hung up on.
            let way = Way::agree(&mut session, active).await;
            session.control.cmd(command, 150).await;
            let stranger = Arc::new(Ca::new().client(version, None));
            let failed = handshake(&stranger, "ftp.example", way.stream().await).await;
            failed.map(drop).unwrap_err();
            session.control.expect(522).await;
            let way = Way::agree(&mut session, active).await;
            session.control.cmd(command, 150).await;
            drop(way.stream().await);
            session.control.expect(522).await;
            let (got, resumed) = session.fetch("RETR old").await;
            assert_eq!((&got[..], resumed), (&b"old"[..], true), "{command}");
        }
    }
}

/// A client in clear where TLS was agreed on, both ways.
#[tokio::test]
async fn payload_in_clear_is_not_taken_for_payload_under_tls() {
    let ca = Ca::new();
    let served = served(&ca, |builder| builder).await;
    let mut session = Secure::login(served.addr, &Arc::new(ca.client(BOTH[1], None))).await;
    let mut stream = session.control.epsv().await;
    session.control.cmd("STOR file", 150).await;
    stream.write_all(b"just like that").await.unwrap();
    stream.shutdown().await.unwrap();
    session.control.expect(522).await;
    session.control.cmd("SIZE file", 550).await;
}

/// How an upload ends that has no close_notify.
#[derive(Clone, Copy, Debug)]
enum Cut {
    /// The socket's end only, as from a killed client or somebody on the way.
    End,
    Reset,
    /// The end in the midst of a record.
    HalfRecord,
}

async fn cut(session: &mut Secure, mut data: Tls, bytes: &[u8], how: Cut) {
    within("upload", data.write_all(bytes)).await.unwrap();
    within("upload", data.flush()).await.unwrap();
    if matches!(how, Cut::Reset) {
        until_it_flows(session).await;
    }
    let (mut stream, _) = data.into_inner();
    match how {
        Cut::End => stream.shutdown().await.unwrap(),
        Cut::Reset => stream.set_zero_linger().unwrap(),
        Cut::HalfRecord => {
            stream.write_all(&[23, 3, 3, 1, 0, 7, 7, 7]).await.unwrap();
            stream.shutdown().await.unwrap();
        }
    }
    drop(stream);
}

/// Waits until the server's side of a transfer has moved payload, so that a reset of the
/// connection does not come before that.
async fn until_it_flows(session: &mut Secure) {
    let flows = async {
        while session
            .control
            .cmd("STAT", 211)
            .await
            .text()
            .contains(" 0 bytes.")
        {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    within("payload flows", flows).await;
}

/// The storages whose uploads are atomic: one in memory, and one on disk.
fn storages(dir: &tempfile::TempDir) -> Vec<Arc<dyn Storage>> {
    let disk = ftpkit_fs::LocalDirectory::open(dir.path()).unwrap();
    vec![Arc::new(Memory::new()), Arc::new(disk)]
}

#[tokio::test]
async fn an_upload_without_close_notify_is_interrupted() {
    let ca = Ca::new();
    let dir = tempfile::tempdir().unwrap();
    for storage in storages(&dir) {
        let served = served(&ca, |builder| {
            let users = ftpkit_accounts::Users::builder().user("alice", "secret", storage);
            builder.authenticator(users.build().unwrap())
        })
        .await;
        for version in BOTH {
            let mut session = Secure::login(served.addr, &Arc::new(ca.client(version, None))).await;
            let old = pattern(1_000);
            session.push("STOR old", &old).await;
            for how in [Cut::End, Cut::Reset, Cut::HalfRecord] {
                let data = session.begin("STOR new").await;
                cut(&mut session, data, &pattern(100_000), how).await;
                session.control.expect(426).await;
                session.control.cmd("SIZE new", 550).await;

                let data = session.begin("STOR old").await;
                cut(&mut session, data, b"the beginning of something", how).await;
                session.control.expect(426).await;
                let (got, _) = session.fetch("RETR old").await;
                assert!(got == old, "{how:?}: the old file stands");

                let data = session.begin("STOU").await;
                cut(&mut session, data, b"nobody will know its name", how).await;
                session.control.expect(426).await;
                let (names, _) = session.fetch("NLST").await;
                assert_eq!(names, b"old\r\n", "{how:?}");
            }
            // With close_notify it is complete, be it empty.
            session.push("STOR old", b"").await;
            assert_eq!(session.fetch("RETR old").await.0, b"");
            session.control.cmd("DELE old", 250).await;
        }
    }
}

#[tokio::test]
async fn an_upload_without_close_notify_is_taken_where_it_may_be() {
    let ca = Ca::new();
    let served = served(&ca, |builder| builder.accept_unclean_close(true)).await;
    for version in BOTH {
        let mut session = Secure::login(served.addr, &Arc::new(ca.client(version, None))).await;
        for file in [pattern(100_000), Vec::new()] {
            let data = session.begin("STOR file").await;
            cut(&mut session, data, &file, Cut::End).await;
            session.control.expect(226).await;
            assert!(session.fetch("RETR file").await.0 == file);
        }
        // A reset is no end, nor is half a record.
        for how in [Cut::Reset, Cut::HalfRecord] {
            let data = session.begin("STOR file").await;
            cut(&mut session, data, &pattern(1_000), how).await;
            session.control.expect(426).await;
            assert_eq!(session.fetch("RETR file").await.0, b"", "{how:?}");
        }
    }
}

/// What has come stays, where it was written in place.
#[tokio::test]
async fn appe_keeps_what_came_before_the_cut() {
    let ca = Ca::new();
    let served = served(&ca, |builder| builder).await;
    let mut session = Secure::login(served.addr, &Arc::new(ca.client(BOTH[1], None))).await;
    session.push("STOR file", b"one ").await;
    let data = session.begin("APPE file").await;
    cut(&mut session, data, b"two", Cut::End).await;
    session.control.expect(426).await;
    assert_eq!(session.fetch("RETR file").await.0, b"one two");
}

/// The client leaves in the midst of a download: nothing hangs, and nothing is taken for sent.
#[tokio::test]
async fn a_download_that_is_hung_up_on_is_426() {
    let ca = Ca::new();
    let served = served(&ca, |builder| builder).await;
    for version in BOTH {
        let mut session = Secure::login(served.addr, &Arc::new(ca.client(version, None))).await;
        session.push("STOR file", &pattern(8_000_000)).await;
        let data = session.begin("RETR file").await;
        until_it_flows(&mut session).await;
        data.get_ref().0.set_zero_linger().unwrap();
        drop(data);
        session.control.expect(426).await;
        assert_eq!(session.fetch("RETR file").await.0.len(), 8_000_000);
        // ABOR under TLS, in the midst of one.
        let mut data = session.begin("RETR file").await;
        session.control.send("ABOR\r\n").await;
        session.control.expect(426).await;
        session.control.expect(226).await;
        let got = read_to_end(&mut data).await;
        assert!(
            got.bytes.len() < 8_000_000 && !got.clean,
            "no close_notify of an aborted transfer"
        );
        session.fetch("LIST").await;
    }
}
