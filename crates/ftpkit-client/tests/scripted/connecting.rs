//! Reaching a server, its greeting, login, and the end.

use std::{
    pin::pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Wake, Waker},
    time::Duration,
};

use ftpkit_client::{
    Client, ErrorKind, Step,
    proto::{Text, client::Config, command::Command},
};
use tokio::net::TcpListener;

use crate::peer::{serve, serve_on_port};

#[tokio::test]
async fn a_url_says_where_and_who() {
    let (port, server) = serve_on_port(async |mut peer| {
        peer.reply("220 ready").await;
        peer.answer("USER ana", "331 password").await;
        peer.answer("PASS a:b@c", "230 in").await;
        peer.answer("CWD /etc/a b", "250 there").await;
        peer.answer("QUIT", "221 bye").await;
    })
    .await;
    let client = Client::builder()
        .features(false)
        .url(&format!(
            "ftp://ana:a%3Ab%40c@127.0.0.1:{port}/%2Fetc/a%20b"
        ))
        .connect()
        .await
        .unwrap();
    client.quit().await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn without_a_name_it_is_anonymous() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        peer.answer("QUIT", "221 bye").await;
    })
    .await;
    let client = builder.connect().await.unwrap();
    assert_eq!(client.greeting().unwrap().text().to_str(), Some("ready"));
    client.quit().await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn features_are_asked_for_and_utf8_is_turned_on() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        peer.answer("FEAT", "211-Features:\r\n UTF8\r\n SIZE\r\n211 End")
            .await;
        peer.answer("OPTS UTF8 ON", "501 it is always on").await;
        peer.until_end().await;
    })
    .await;
    let mut client = builder.features(true).connect().await.unwrap();
    // Asked once.
    assert!(client.features().await.unwrap().size());
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_virtual_host_is_entered_or_the_only_one() {
    for reply in ["220 example", "502 there is one"] {
        let (builder, server) = serve(async move |mut peer| {
            peer.reply("220 ready").await;
            peer.answer("HOST ftp.example.org", reply).await;
            peer.answer("USER ana", "230 in").await;
            peer.answer("QUIT", "221 bye").await;
        })
        .await;
        let builder = builder.virtual_host("ftp.example.org").login("ana", "x");
        let client = builder.connect().await.unwrap();
        client.quit().await.unwrap();
        server.await.unwrap();
    }
    let builder = Client::builder().host("127.0.0.1");
    let error = builder.virtual_host("a\r\nb").connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
}

#[tokio::test]
async fn a_server_that_wants_the_clients_name_is_told() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        peer.answer("FEAT", "211-Features:\r\n CLNT\r\n UTF8\r\n211 End")
            .await;
        peer.answer("CLNT Tester 1.0", "200 hello").await;
        peer.answer("OPTS UTF8 ON", "200 on").await;
        peer.answer("QUIT", "221 bye").await;
    })
    .await;
    let mut config = Config::default();
    config.client_name = Some(Text::from_static("Tester 1.0"));
    let builder = builder.config(config).features(true);
    builder.connect().await.unwrap().quit().await.unwrap();
    server.await.unwrap();
}

#[tokio::test]
async fn a_refused_login_says_who_and_what_to_try() {
    let (builder, server) = serve(async |mut peer| {
        peer.reply("220 ready").await;
        peer.answer("USER ana", "331 password").await;
        peer.answer("PASS wrong", "530 Login incorrect.").await;
        peer.until_end().await;
    })
    .await;
    let error = builder.login("ana", "wrong").connect().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.step()),
        (ErrorKind::Login, Step::Login)
    );
    assert_eq!(error.reply().unwrap().code().number(), 530);
    let line = error.to_string();
    assert!(line.contains("log in as ana to 127.0.0.1:"), "{line}");
    assert!(line.contains("530 Login incorrect; "), "{line}");
    assert!(
        line.contains("check the user name and the password"),
        "{line}"
    );
    assert!(!line.contains("wrong"), "{line}");
    server.await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_full_says_so() {
    let (builder, server) = serve(async |mut peer| {
        peer.reply("421 Too many users").await;
    })
    .await;
    let error = builder.connect().await.unwrap_err();
    assert_eq!(
        (error.kind(), error.step()),
        (ErrorKind::Closing, Step::Connect)
    );
    assert!(error.to_string().contains("421 Too many users"), "{error}");
    server.await.unwrap();
}

#[tokio::test]
async fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = Client::connect(&format!("ftp://{address}/"))
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect);
    assert_eq!(error.host(), Some(&*address.to_string()));
    let line = error.to_string();
    assert!(
        line.contains("refused") && line.contains("server is running"),
        "{line}"
    );
}

#[tokio::test]
async fn another_protocol_is_told() {
    let (builder, server) = serve(async |mut peer| {
        peer.reply("SSH-2.0-OpenSSH_9.2").await;
        peer.until_end().await;
    })
    .await;
    let error = builder.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "{error}");
    server.await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_before_anything_is() {
    let control = "a\r\nDELE b";
    for builder in [
        Client::builder().host("127.0.0.1").login(control, "x"),
        Client::builder().host("127.0.0.1").login("x", control),
        Client::builder().host("127.0.0.1").directory(control),
        Client::builder().url("http://h/"),
        Client::builder(),
    ] {
        let error = builder.connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{error}");
    }
}

#[tokio::test]
async fn the_trace_has_all_lines_and_no_password() {
    let (builder, server) = serve(async |mut peer| {
        peer.reply("220 ready").await;
        peer.answer("USER ana", "331 password").await;
        peer.answer("PASS hunter2", "230 in").await;
        peer.answer("NOOP", "200 fine").await;
        peer.until_end().await;
    })
    .await;
    let lines = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&lines);
    let mut client = builder
        .login("ana", "hunter2")
        .trace(move |line| seen.lock().unwrap().push(line.to_string()))
        .connect()
        .await
        .unwrap();
    client.command(Command::Noop).await.unwrap();
    drop(client);
    server.await.unwrap();
    let lines = lines.lock().unwrap();
    assert_eq!(lines.len(), 7, "{lines:?}");
    assert!(lines.contains(&"> NOOP".to_owned()), "{lines:?}");
    assert!(lines.contains(&"< 200 fine".to_owned()), "{lines:?}");
    assert!(
        !lines.iter().any(|line| line.contains("hunter2")),
        "{lines:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_silent_server_times_out() {
    let (builder, server) = serve(async |mut peer| {
        peer.until_end().await;
    })
    .await;
    let error = builder
        .timeout(Duration::from_secs(7))
        .connect()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut, "{error}");
    server.await.unwrap();
}

#[tokio::test]
async fn a_421_between_commands_is_told_by_the_next() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        peer.reply("421 idle for too long").await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    server.await.unwrap();
    let error = client.command(Command::Noop).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Closing, "{error}");
    assert!(client.is_closed());
    let error = client.command(Command::Noop).await.unwrap_err();
    assert!(error.is_closed());
}

#[tokio::test]
async fn a_command_of_a_transfer_is_refused_here() {
    let (builder, server) = serve(async |mut peer| {
        peer.login().await;
        peer.answer("NOOP", "200 fine").await;
        peer.until_end().await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    let error = client.command(Command::Pasv).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    client.command(Command::Noop).await.unwrap();
    drop(client);
    server.await.unwrap();
}

#[tokio::test]
async fn a_dropped_future_does_not_shift_the_replies() {
    let (go, mut wait) = tokio::sync::mpsc::channel::<()>(1);
    let (builder, server) = serve(async move |mut peer| {
        peer.login().await;
        peer.expect("PWD").await;
        wait.recv().await;
        peer.reply("257 \"/late\"").await;
        peer.answer("SYST", "215 UNIX Type: L8").await;
        peer.until_end().await;
    })
    .await;
    let mut client = builder.connect().await.unwrap();
    {
        let asked = client.current_dir();
        tokio::pin!(asked);
        // Polled once, so that PWD is on its way, and dropped.
        assert!(futures::poll!(&mut asked).is_pending());
    }
    go.send(()).await.unwrap();
    let reply = client.command(Command::Syst).await.unwrap();
    assert_eq!(reply.code().number(), 215);
    drop(client);
    server.await.unwrap();
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn a_server_is_waited_for_awake_as_long_as_one_says() {
    // The long one is so long that the test does not see its end.
    for (limit, awake) in [(Duration::ZERO, false), (Duration::from_secs(4), true)] {
        let (builder, server) = serve(async |mut peer| {
            peer.login().await;
            peer.expect("PWD").await;
            peer.until_end().await;
        })
        .await;
        let mut client = builder.busy_wait(limit).connect().await.unwrap();
        let wakes = Arc::new(Wakes::default());
        let waker = Waker::from(Arc::clone(&wakes));
        {
            let mut asked = pin!(client.current_dir());
            let cx = &mut Context::from_waker(&waker);
            assert!(asked.as_mut().poll(cx).is_pending());
            tokio::task::yield_now().await;
            assert_eq!(wakes.0.load(Ordering::Relaxed) > 0, awake);
        }
        drop(client);
        server.await.unwrap();
    }
}
