//! What bad input gets: the right reply, a session that goes on where it may, nothing written.
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::time::Duration;

use ftpkit_proto::server::{Limits, Timeouts};
use support::{Client, pattern, serve, serve_with, until};
use tokio::{
    io::AsyncWriteExt as _,
    net::{TcpListener, TcpStream},
};

/// The names in the root, to see that nothing was written.
async fn names(client: &mut Client) -> String {
    String::from_utf8(client.fetch("NLST").await).unwrap()
}

#[tokio::test]
async fn lines_that_are_no_commands_leave_the_session_usable() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    for (line, codes) in [
        ("XYZZY", &[500, 502][..]),
        ("XYZZY with argument", &[500, 502]),
        ("", &[500]),
        ("   ", &[500]),
        ("RETR", &[501]),
        ("STOR", &[501]),
        ("DELE", &[501]),
        ("MKD", &[501]),
        ("RNTO x", &[503]),
        ("TYPE", &[501]),
        ("REST -1", &[501]),
        ("REST 99999999999999999999999", &[501]),
        ("PORT 1,2,3", &[501]),
        ("PORT 1,2,3,4,5,666", &[501]),
        ("EPRT garbage", &[501]),
        ("EPRT |3|x|5|", &[522, 501]),
        ("EPSV 7", &[522]),
        ("MDTM", &[501]),
        ("MFMT yesterday f", &[501]),
        ("SITE CHMOD 9 f", &[501]),
        ("SITE", &[501, 500]),
        ("OPTS", &[501]),
        ("NOOP \u{0}", &[500, 501, 200]),
        ("DELE a\u{0}b", &[500, 501, 550]),
    ] {
        let reply = client.ask(line).await;
        assert!(codes.contains(&reply.code), "{line:?} got {}", reply.text());
        client.cmd("NOOP", 200).await;
    }
    assert_eq!(names(&mut client).await, "");
}

#[tokio::test]
async fn a_line_over_the_limit_is_refused_as_one() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    // Bigger than any buffer on the way.
    let long = format!("MKD {}\r\n", "x".repeat(300_000));
    client.send(long).await;
    client.expect(500).await;
    client.cmd("NOOP", 200).await;
    assert_eq!(names(&mut client).await, "");
}

#[tokio::test]
async fn binary_garbage_before_login_ends_the_session() {
    let served = serve().await;
    let mut client = Client::connect(served.addr).await;
    let mut garbage = pattern(2000);
    garbage.retain(|b| *b != b'\n');
    for _ in 0..100 {
        if client.stream.write_all(&garbage).await.is_err()
            || client.stream.write_all(b"\n").await.is_err()
        {
            break;
        }
    }
    let mut last = None;
    while let Some(reply) = client.try_reply().await {
        last = Some(reply.code);
    }
    // 421, unless the reset of the connection overtook it.
    assert!(matches!(last, None | Some(421 | 500)), "{last:?}");
    // The server is well.
    Client::login(served.addr).await.cmd("NOOP", 200).await;
}

#[tokio::test]
async fn the_third_wrong_password_closes() {
    let served = serve().await;
    let mut client = Client::connect(served.addr).await;
    let mut texts = Vec::new();
    for (user, code) in [("alice", 530), ("nobody", 530), ("alice", 421)] {
        client.cmd(&format!("USER {user}"), 331).await;
        texts.push(client.cmd("PASS wrong", code).await.text());
    }
    assert_eq!(texts[0], texts[1], "an unknown name looks the same");
    client.assert_closed().await;
    // Nobody is banned.
    Client::login(served.addr).await.cmd("NOOP", 200).await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_and_an_unknown_name_take_the_same_time() {
    let served = serve_with(|builder| builder.failure_delay(Duration::from_millis(800))).await;
    let mut client = Client::connect(served.addr).await;
    for user in ["alice", "nobody"] {
        client.cmd(&format!("USER {user}"), 331).await;
        let begin = tokio::time::Instant::now();
        client.cmd("PASS wrong", 530).await;
        // Virtual time: it moves by timers only.
        assert_eq!(begin.elapsed().as_millis() / 100, 8, "{user}");
    }
}

#[tokio::test]
async fn data_connections_go_to_the_client_and_to_no_one_else() {
    let served = serve().await;
    let victim = TcpListener::bind("127.0.0.2:0").await.unwrap();
    let port = victim.local_addr().unwrap().port();
    let [p, q] = port.to_be_bytes();
    let mut client = Client::login(served.addr).await;
    for line in [
        format!("PORT 127,0,0,2,{p},{q}"),
        format!("PORT 10,0,0,1,{p},{q}"),
        "PORT 127,0,0,1,0,22".to_owned(),
        format!("EPRT |1|127.0.0.2|{port}|"),
        "EPRT |1|127.0.0.1|80|".to_owned(),
    ] {
        let reply = client.ask(&line).await;
        assert!(
            (500..=504).contains(&reply.code),
            "{line}: {}",
            reply.text()
        );
    }
    // Without a data connection there is no transfer either.
    client.cmd("LIST", 425).await;
    // And nobody called the victim.
    tokio::select! {
        biased;
        _ = victim.accept() => panic!("the server called a stranger"),
        () = tokio::task::yield_now() => {}
    }
}

#[tokio::test]
async fn a_stranger_on_a_passive_port_gets_nothing() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    client.push("STOR f", b"for the client only").await;
    let addr = client.epsv_addr().await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.3:0".parse().unwrap()).unwrap();
    let stranger = socket.connect(addr).await.unwrap();
    client.send("RETR f\r\n").await;
    assert_eq!(support::read_all(stranger).await, b"");
    let data = TcpStream::connect(addr).await.unwrap();
    assert_eq!(support::read_all(data).await, b"for the client only");
    client.expect(150).await;
    client.expect(226).await;
}

#[tokio::test]
async fn no_path_leaves_the_root() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    client.push("STOR f", b"x").await;
    for line in [
        "CWD ../../..",
        "CWD /../..",
        "SIZE ../../../f",
        "SIZE /../f",
        "SIZE a/../f",
        "SIZE //f",
        "SIZE ./f",
    ] {
        let reply = client.ask(line).await;
        assert!(reply.code / 100 == 2, "{line}: {}", reply.text());
    }
    let pwd = client.cmd("PWD", 257).await;
    assert!(pwd.text().contains("\"/\""), "{}", pwd.text());
    client.epsv_addr().await;
    client.cmd("RETR ../../etc/passwd", 550).await;
    client.cmd("DELE /", 550).await;
    client.cmd("RMD /", 550).await;
    client.cmd("RNFR /", 550).await;
}

fn timeouts(change: impl FnOnce(&mut Timeouts)) -> Timeouts {
    let mut timeouts = Timeouts::default();
    change(&mut timeouts);
    timeouts
}

#[tokio::test]
async fn silent_clients_are_sent_away() {
    let short = Duration::from_millis(50);
    let served = serve_with(|b| {
        b.timeouts(timeouts(|t| {
            t.login = short;
            t.idle = short;
        }))
    })
    .await;
    let mut client = Client::connect(served.addr).await;
    client.expect(421).await;
    client.assert_closed().await;
    let mut client = Client::connect(served.addr).await;
    client.send("USER alice\r\nPASS secret\r\n").await;
    client.expect(331).await;
    client.expect(230).await;
    client.expect(421).await;
    client.assert_closed().await;
}

#[tokio::test]
async fn a_data_connection_that_never_comes_is_given_up() {
    let served =
        serve_with(|b| b.timeouts(timeouts(|t| t.data_connect = Duration::from_millis(50)))).await;
    let mut client = Client::login(served.addr).await;
    client.push("STOR f", b"x").await;
    let addr = client.epsv_addr().await;
    client.send("RETR f\r\n").await;
    let mut code = client.reply().await.code;
    if code == 150 {
        code = client.reply().await.code;
    }
    assert_eq!(code, 425);
    assert!(
        TcpStream::connect(addr).await.is_err(),
        "the port is closed"
    );
    assert_eq!(client.fetch("RETR f").await, b"x");
}

#[tokio::test]
async fn a_transfer_that_stalls_is_ended_and_leaves_nothing() {
    let served =
        serve_with(|b| b.timeouts(timeouts(|t| t.stall = Duration::from_millis(50)))).await;
    let mut client = Client::login(served.addr).await;
    let mut data = client.epsv().await;
    client.cmd("STOR stalled", 150).await;
    data.write_all(b"and then nothing").await.unwrap();
    client.expect(426).await;
    assert_eq!(names(&mut client).await, "");
    // A download to a client that does not read stalls too.
    client.push("STOR big", &pattern(16 << 20)).await;
    let _unread = client.epsv().await;
    client.cmd("RETR big", 150).await;
    client.expect(426).await;
    client.cmd("NOOP", 200).await;
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_leaves_nothing_behind() {
    let served = serve().await;
    let mut client = Client::login(served.addr).await;
    client.push("STOR kept", b"old").await;
    for name in ["new", "kept"] {
        let mut leaving = Client::login(served.addr).await;
        let mut data = leaving.epsv().await;
        leaving.cmd(&format!("STOR {name}"), 150).await;
        data.write_all(b"half of it").await.unwrap();
        drop(leaving);
        // The end of the control connection ends the data connection.
        support::read_all(data).await;
    }
    support::until("the sessions end", || served.handle.sessions() == 1).await;
    assert_eq!(names(&mut client).await, "kept\r\n");
    assert_eq!(client.fetch("RETR kept").await, b"old");
}

/// The system closes a killed client's sockets in the order in which they were opened. Both
/// ends are there before the server reads either.
#[tokio::test]
async fn a_client_that_is_killed_in_an_upload_replaces_nothing() {
    let served = serve().await;
    let mut witness = Client::login(served.addr).await;
    witness.push("STOR kept", b"the old content").await;
    for round in 0..50 {
        let mut killed = Client::login(served.addr).await;
        let mut data = killed.epsv().await;
        killed.cmd("STOR kept", 150).await;
        data.write_all(&pattern(1 + round * 10_000)).await.unwrap();
        drop(killed);
        drop(data);
        until("the session ends", || served.handle.sessions() == 1).await;
        assert_eq!(witness.fetch("RETR kept").await, b"the old content");
    }
}

#[tokio::test]
async fn a_flood_without_reading_is_pushed_back() {
    let mut limits = Limits::default();
    limits.pipeline = 1024;
    let served = serve_with(|b| b.limits(limits)).await;
    let client = Client::login(served.addr).await;
    // Far more than the limit, one command at a time; all are answered, in order.
    let count = 2000;
    let burst = "NOOP\r\n".repeat(count);
    let (mut read, mut write) = client.stream.into_split();
    let writing = tokio::spawn(async move {
        write.write_all(burst.as_bytes()).await.unwrap();
        write
    });
    let mut seen = 0;
    let mut buffer = vec![0; 8192];
    while seen < count {
        let n = support::within(
            "replies",
            tokio::io::AsyncReadExt::read(&mut read, &mut buffer),
        )
        .await
        .unwrap();
        assert_ne!(n, 0);
        seen += buffer[..n].iter().filter(|b| **b == b'\n').count();
    }
    drop(writing.await.unwrap());
}
