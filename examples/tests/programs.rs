//! The examples, run as the programs that they are: against each other over the loopback, and
//! against this project's server and client on tokio.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Output, Stdio},
    sync::Arc,
    thread,
    time::Duration,
};

use ftpkit::{
    accounts::Users,
    client::{Client, ErrorKind},
    server::Server,
    storage::Memory,
};

/// An example. `cargo test` has built it before it runs a test.
fn program(name: &str) -> Command {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples");
    path.push(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    assert!(path.exists(), "{} is not built", path.display());
    Command::new(path)
}

fn run(command: &mut Command, input: &[u8]) -> Output {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut stdin, input) = (child.stdin.take().unwrap(), input.to_vec());
    let feeding = thread::spawn(move || {
        // A program that refuses does not read its input.
        let _ = stdin.write_all(&input);
    });
    let output = child.wait_with_output().unwrap();
    feeding.join().unwrap();
    output
}

/// Runs the client of the examples; gives what it wrote, or what it complained of.
fn client(
    server: SocketAddr,
    what: &str,
    path: &str,
    password: &str,
    input: &[u8],
) -> Result<Vec<u8>, String> {
    let mut command = program("blocking_client");
    let output = run(
        command.args([what, &server.to_string(), "ana", password, path]),
        input,
    );
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(String::from_utf8(output.stderr).unwrap())
    }
}

/// The server of the examples; it is ended with the test.
struct Serving {
    child: Child,
    address: SocketAddr,
}

impl Serving {
    fn start() -> Self {
        let mut child = program("blocking_server")
            .args(["127.0.0.1:0", "ana", "secret"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().rsplit(' ').next().unwrap().parse().unwrap();
        Self { child, address }
    }

    async fn client(&self) -> Client {
        let url = format!("ftp://ana:secret@{}/", self.address);
        Client::connect(&url).await.unwrap()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A control connection by hand.
struct Raw {
    replies: BufReader<TcpStream>,
}

impl Raw {
    fn to(server: SocketAddr) -> Self {
        let control = TcpStream::connect(server).unwrap();
        control
            .set_read_timeout(Some(Duration::from_secs(30)))
            .unwrap();
        Self {
            replies: BufReader::new(control),
        }
    }

    fn logged_in(server: SocketAddr) -> Self {
        let mut session = Self::to(server);
        session.expect("220");
        session.say("USER ana", "331");
        session.say("PASS secret", "230");
        session.say("TYPE I", "200");
        session
    }

    fn send(&mut self, bytes: &[u8]) {
        self.replies.get_mut().write_all(bytes).unwrap();
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.replies.read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn expect(&mut self, code: &str) -> String {
        let line = self.line();
        assert!(line.starts_with(code), "{line:?} instead of {code}");
        line
    }

    fn say(&mut self, command: &str, code: &str) -> String {
        self.send(format!("{command}\r\n").as_bytes());
        self.expect(code)
    }

    fn passive(&mut self) -> TcpStream {
        let line = self.say("EPSV", "229");
        let port: u16 = line
            .split('|')
            .nth(3)
            .and_then(|port| port.parse().ok())
            .unwrap();
        let mut at = self.replies.get_ref().peer_addr().unwrap();
        at.set_port(port);
        TcpStream::connect(at).unwrap()
    }
}

fn noise(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 % 251) as u8).collect()
}

#[test]
fn the_blocking_client_has_fewer_than_100_lines() {
    let lines = include_str!("../blocking_client.rs").lines().count();
    assert!(lines < 100, "{lines} lines");
}

/// What the client does against any server that has nothing yet.
fn try_the_client(server: SocketAddr) {
    let content = noise(3_000_000);
    for (name, content) in [("empty", &b""[..]), ("a b.bin", &content)] {
        assert_eq!(client(server, "put", name, "secret", content), Ok(vec![]));
        let back = client(server, "get", name, "secret", b"").unwrap();
        assert!(back == content, "{name}: {} bytes", back.len());
    }
    let names = client(server, "ls", "/", "secret", b"").unwrap();
    let names: Vec<&str> = str::from_utf8(&names).unwrap().lines().collect();
    assert_eq!(names, ["a b.bin", "empty"]);
    for (what, path, password, complaint) in [
        ("get", "missing", "secret", "550"),
        ("put", "missing/x", "secret", "550"),
        ("get", "empty", "wrong", "530"),
        ("get", "a\r\nDELE empty", "secret", "0x0d"),
        ("got", "empty", "secret", "neither ls, get nor put"),
    ] {
        let error = client(server, what, path, password, b"x").unwrap_err();
        assert!(error.contains(complaint), "{what} {path}: {error}");
    }
}

#[test]
fn the_blocking_client_against_the_blocking_server() {
    try_the_client(Serving::start().address);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_blocking_client_against_the_server_on_tokio() {
    let users = Users::builder()
        .user("ana", "secret", Arc::new(Memory::new()))
        .build()
        .unwrap();
    let server = Server::builder()
        .listen("127.0.0.1:0")
        .authenticator(users)
        .failure_delay(Duration::ZERO)
        .bind()
        .await
        .unwrap();
    let address = server.local_addrs()[0];
    let handle = server.handle();
    let serving = tokio::spawn(server.serve());
    tokio::task::spawn_blocking(move || try_the_client(address))
        .await
        .unwrap();
    handle.shutdown(Duration::from_secs(5)).await;
    serving.await.unwrap();
}

/// A server that plays one session by a script, command for reply; `150` sends the payload.
fn scripted(turns: &'static [(&'static str, &'static str)], payload: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut control, _) = listener.accept().unwrap();
        let data = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = data.local_addr().unwrap().port();
        control.write_all(b"220 Hello.\r\n").unwrap();
        let mut lines = BufReader::new(control.try_clone().unwrap());
        for (command, reply) in turns {
            let mut line = String::new();
            lines.read_line(&mut line).unwrap();
            assert_eq!(line.split([' ', '\r']).next(), Some(*command));
            let reply = reply.replace("PORT", &format!("{},{}", port / 256, port % 256));
            if reply.starts_with("150") {
                data.accept().unwrap().0.write_all(payload).unwrap();
            }
            control.write_all(reply.as_bytes()).unwrap();
        }
    });
    address
}

/// EPSV is refused, and 227 names another host.
macro_rules! until_passive {
    ($($turn:expr),*) => {
        &[
            ("USER", "331 x\r\n"),
            ("PASS", "230 x\r\n"),
            ("TYPE", "200 x\r\n"),
            ("EPSV", "500 x\r\n"),
            ("PASV", "227 (192,0,2,1,PORT)\r\n"),
            $($turn),*
        ]
    };
}

#[test]
fn a_hostile_listing_does_nothing_to_the_terminal() {
    let server = scripted(
        until_passive!(("LIST", "150 x\r\n226 x\r\n"), ("QUIT", "221 x\r\n")),
        b"-rw-r--r-- 1 a b 12 Jan 3 10:00 a\x1b[2Jb\r\n-rw-r--r-- 1 a b 12 Jan 3 10:00 c\r\n",
    );
    let names = client(server, "ls", "/", "secret", b"").unwrap();
    assert_eq!(str::from_utf8(&names), Ok("a\\u{1b}[2Jb\nc\n"));
}

#[test]
fn what_the_server_does_not_confirm_is_no_success() {
    for (end, complaint) in [
        ("150 x\r\n426 Broken.\r\n", "426 Broken."),
        // The script ends here, and the control connection with it.
        ("150 x\r\n", "closed by the peer"),
    ] {
        let turns: &'static _ = Box::leak(Box::new([("RETR", end)]));
        let turns: Vec<_> = until_passive!().iter().chain(turns).copied().collect();
        let server = scripted(turns.leak(), b"half of it");
        let error = client(server, "get", "x", "secret", b"").unwrap_err();
        assert!(error.contains(complaint), "{error}");
    }
}

#[tokio::test]
async fn the_client_on_tokio_against_the_blocking_server() {
    let server = Serving::start();
    let mut ftp = server.client().await;
    let dir = tempfile::tempdir().unwrap();
    let (here, back) = (dir.path().join("here"), dir.path().join("back"));
    std::fs::write(&here, noise(1_000_000)).unwrap();
    ftp.create_dir("d").await.unwrap();
    ftp.upload_from(&here, "d/x").await.unwrap();
    ftp.download_to("d/x", &back).await.unwrap();
    assert!(std::fs::read(&back).unwrap() == noise(1_000_000));
    let entries = ftp.list("d").await.unwrap().collect().await.unwrap();
    assert_eq!(entries[0].name().as_bytes(), b"x");
    assert_eq!(entries[0].size, Some(1_000_000));
    ftp.rename("d", "e").await.unwrap();
    let error = ftp.remove_dir("e").await.unwrap_err();
    assert_eq!(error.reply().unwrap().code().number(), 550);
    ftp.remove_file("e/x").await.unwrap();
    ftp.remove_dir("e").await.unwrap();
    let error = ftp
        .download_to("../../etc/passwd", &back)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    ftp.quit().await.unwrap();
}

#[test]
fn the_blocking_server_resumes_and_appends() {
    let server = Serving::start();
    client(server.address, "put", "x", "secret", b"0123456789").unwrap();
    let mut session = Raw::logged_in(server.address);
    for (rest, command, sent, then) in [
        (Some("REST 4"), "STOR x", &b"abc"[..], &b"0123abc"[..]),
        (None, "APPE x", b"def", b"0123abcdef"),
        (None, "STOR x", b"", b""),
    ] {
        let mut data = session.passive();
        if let Some(rest) = rest {
            session.say(rest, "350");
        }
        session.say(command, "150");
        data.write_all(sent).unwrap();
        drop(data);
        session.expect("226");
        let now = client(server.address, "get", "x", "secret", b"").unwrap();
        assert_eq!(now, then, "{command}");
    }
    client(server.address, "put", "x", "secret", b"0123456789").unwrap();
    let mut data = session.passive();
    session.say("RANG 2 5", "350");
    session.say("RETR x", "150");
    let mut part = Vec::new();
    data.read_to_end(&mut part).unwrap();
    assert_eq!(part, b"2345");
    session.expect("226");
    let _data = session.passive();
    session.say("REST 11", "350");
    session.say("RETR x", "554");
}

#[test]
fn the_blocking_server_hears_abor_in_a_transfer() {
    let server = Serving::start();
    client(server.address, "put", "big", "secret", &noise(12_000_000)).unwrap();
    let mut session = Raw::logged_in(server.address);
    let mut download = session.passive();
    session.say("RETR big", "150");
    download.read_exact(&mut [0; 1000]).unwrap();
    session.say("NOOP", "200");
    session.say("ABOR", "426");
    session.expect("226");
    let mut upload = session.passive();
    session.say("STOR new", "150");
    upload.write_all(b"half").unwrap();
    session.send(b"\xff\xf4\xff\xf2ABOR\r\n");
    session.expect("426");
    session.expect("226");
    session.say("SIZE new", "550");
    session.say("SIZE big", "213 12000000");
}

#[test]
fn what_a_client_breaks_off_was_never_there() {
    let server = Serving::start();
    for is_killed in [false, true] {
        let mut session = Raw::logged_in(server.address);
        let mut upload = session.passive();
        session.say("STOR half", "150");
        upload.write_all(b"half").unwrap();
        if is_killed {
            // As the system of a killed client does it: both, the control connection first.
            drop(session);
            drop(upload);
        } else {
            socket2::SockRef::from(&upload)
                .set_linger(Some(Duration::ZERO))
                .unwrap();
            drop(upload);
            session.expect("426");
        }
        let names = client(server.address, "ls", "/", "secret", b"").unwrap();
        assert_eq!(str::from_utf8(&names), Ok(""), "killed: {is_killed}");
    }
}

#[test]
fn the_blocking_server_bounds_what_a_client_may_take() {
    let server = Serving::start();
    let mut seats: Vec<Raw> = (0..16).map(|_| Raw::logged_in(server.address)).collect();
    Raw::to(server.address).expect("421");
    // One leaves, and its place is free again, sooner or later.
    seats.pop().unwrap().say("QUIT", "221");
    let free = (0..100).any(|_| {
        thread::sleep(Duration::from_millis(50));
        Raw::to(server.address).line().starts_with("220")
    });
    assert!(free);
    drop(seats);

    let server = Serving::start();
    let error = client(server.address, "put", "x", "secret", &noise((16 << 20) + 1)).unwrap_err();
    assert!(error.contains("452"), "{error}");
    let mut session = Raw::to(server.address);
    session.expect("220");
    session.say(&"x".repeat(10_000), "500");
    session.say("RETR x", "530");
    session.say("PORT 127,0,0,1,4,1", "530");
    session.say("GET / HTTP/1.1", "421");
}

#[test]
fn a_listing_is_told_line_by_line() {
    let output = run(
        &mut program("listing_lines"),
        b"total 8\r\n\
          drwxr-xr-x 2 ana users 4096 Mar  1  2020 docs\r\n\
          -rw-r--r-- 1 ana users 12 Mar  2  2020 a\x1b[2Jb\r\n\
          what is this\r\n",
    );
    assert!(output.status.success());
    assert_eq!(
        str::from_utf8(&output.stdout),
        Ok("-\tTotal\ttotal 8\n\
            Directory\t4096\t2020-03-01\tdocs\n\
            File\t12\t2020-03-02\ta\\u{1b}[2Jb\n\
            !\tthe line is of an unknown form\twhat is this\n")
    );
}

#[test]
fn a_transcript_is_explained_without_its_secrets() {
    let output = run(
        &mut program("transcript"),
        b"< 220 Hello.\n> USER ana\n< 331 Password?\n> PASS hunter2\n< 230 In.\n\
          > RETR a\x1b[2J\n< 425 No.\n* PASS hunter2 again\n",
    );
    assert!(output.status.success());
    let told = String::from_utf8(output.stdout).unwrap();
    for part in [
        "client USER ana, which may get 331 332 230 232\n       now: login Out",
        "server 331 Password?, which answers USER\n",
        "client PASS ***, which may get 230 202 332\n",
        "! the secret of PASS crosses the network in clear\n",
        "client RETR a\\u{1b}[2J,",
        "! no data connection was agreed on for RETR\n",
        "2 odd\n",
    ] {
        assert!(told.contains(part), "{part:?} is not in\n{told}");
    }
    assert!(
        !told.contains("hunter2") && !told.contains('\x1b'),
        "{told}"
    );
}
