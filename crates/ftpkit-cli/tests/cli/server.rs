//! serve: who may do what, what it prints, and how it ends.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{TcpListener, TcpStream},
    process::Stdio,
};

use crate::run::{Server, ftpkit, run_with};

#[test]
fn anybody_may_read_where_no_user_is_given() {
    let server = Server::start(&[]);
    fs::write(server.root.join("a"), b"hello").unwrap();
    assert_eq!(server.run(&["get", &server.url("a"), "-"]).ok(), b"hello");
    let line = run_with(&server.local, &["put", "-", &server.url("b")], b"x").failed();
    assert!(line.contains("cannot upload b to "), "{line}");
    server.run(&["rm", &server.url("a")]).failed();
    server.run(&["mkdir", &server.url("d")]).failed();
    server.run(&["mv", &server.url("a"), "b"]).failed();
    assert_eq!(server.names(), ["a"]);
    assert_eq!(server.lines.len(), 2);
    assert_eq!(
        server.lines[1],
        format!("try: ftpkit ls ftp://{}/", server.address())
    );
}

#[test]
fn users_have_passwords_and_some_only_read() {
    let server = Server::start(&["--user", "ana:a:b", "--user", "bob:secret:ro"]);
    fs::write(server.local.join("a"), b"hello").unwrap();
    server
        .run(&["put", "a", &server.url_of("ana:a%3Ab", "")])
        .ok();
    assert_eq!(
        server
            .run(&["get", &server.url_of("bob:secret", "a"), "-"])
            .ok(),
        b"hello"
    );
    server
        .run(&["put", "a", &server.url_of("bob:secret", "b")])
        .failed();
    for user in ["ana:wrong", "eve:x", "anonymous:x"] {
        let line = server.run(&["ls", &server.url_of(user, "")]).failed();
        assert!(
            line.contains("530 ") && line.contains("check the user name"),
            "{line}"
        );
    }
    assert_eq!(server.names(), ["a"]);
}

#[test]
fn a_user_file_has_hashes() {
    let dir = tempfile::tempdir().unwrap();
    let line = run_with(dir.path(), &["passwd", "ana"], b"hunter2\n").text();
    assert!(
        line.starts_with("ana:$argon2") && !line.contains("hunter2"),
        "{line}"
    );
    let read_only = run_with(dir.path(), &["passwd", "bob", "--read-only"], b"x\n").text();
    assert!(read_only.ends_with(":ro\n"), "{read_only}");
    let file = dir.path().join("users");
    fs::write(&file, format!("# who may enter\n{line}{read_only}")).unwrap();
    let server = Server::start(&["--user-file", file.to_str().unwrap()]);
    server
        .run(&["mkdir", &server.url_of("ana:hunter2", "d")])
        .ok();
    server
        .run(&["mkdir", &server.url_of("bob:x", "e")])
        .failed();
    server
        .run(&["ls", &server.url_of("ana:wrong", "")])
        .failed();
    assert_eq!(server.names(), ["d"]);
}

#[test]
fn read_only_holds_for_everybody() {
    let server = Server::start(&["--read-only", "--user", "ana:pw", "--anonymous", "rw"]);
    server
        .run(&["mkdir", &server.url_of("ana:pw", "d")])
        .failed();
    server.run(&["mkdir", &server.url("d")]).failed();
    assert!(server.names().is_empty());
}

#[test]
fn memory_is_empty_and_touches_no_disk() {
    let server = Server::start(&["--memory", "--anonymous", "rw"]);
    assert_eq!(server.run(&["ls", &server.url("")]).text(), "");
    run_with(&server.local, &["put", "-", &server.url("a")], b"hello").ok();
    assert_eq!(server.run(&["get", &server.url("a"), "-"]).ok(), b"hello");
    assert!(server.names().is_empty());
}

#[cfg(unix)]
#[test]
fn new_files_get_their_mode_by_the_umask() {
    use std::os::unix::fs::PermissionsExt as _;
    for (option, file, dir) in [("022", 0o644, 0o755), ("077", 0o600, 0o700)] {
        let server = Server::start(&["--anonymous", "rw", "--umask", option]);
        run_with(&server.local, &["put", "-", &server.url("a")], b"x").ok();
        server.run(&["mkdir", &server.url("d")]).ok();
        let mode = |name| {
            fs::metadata(server.root.join(name))
                .unwrap()
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!((mode("a"), mode("d")), (file, dir));
    }
}

#[test]
fn passive_ports_come_from_the_range() {
    let address = free_address();
    let port = address.rsplit(':').next().unwrap();
    let range = format!("{port}-{port}");
    let server = Server::start(&["--passive-ports", &range]);
    let done = server.run(&["ls", "-v", &server.url("")]);
    assert_eq!(done.code, Some(0), "{done:?}");
    assert!(done.err.contains(&format!("|||{port}|")), "{}", done.err);
}

#[test]
fn passwords_in_clear_are_warned_about_beyond_loopback() {
    for (options, warns) in [
        (&["--user", "a:b", "--listen", "0.0.0.0:0"][..], true),
        (&["--user", "a:b", "--listen", "127.0.0.1:0"], false),
        (&["--listen", "0.0.0.0:0"], false),
    ] {
        let mut server = Server::start(options);
        server.child.kill().unwrap();
        let done = server.ended();
        assert_eq!(
            done.err.contains("in clear"),
            warns,
            "{options:?}: {}",
            done.err
        );
    }
}

#[test]
fn what_cannot_be_bound_or_served_is_told() {
    let server = Server::start(&[]);
    let dir = tempfile::tempdir().unwrap();
    let line = crate::run::run(dir.path(), &["serve", "--listen", server.address()]).failed();
    assert!(
        line.contains(server.address()) && line.contains("--listen"),
        "{line}"
    );
    let line = crate::run::run(dir.path(), &["serve", "nope"]).failed();
    assert!(line.contains("nope"), "{line}");
    let line = crate::run::run(dir.path(), &["serve", "--user-file", "nope"]).failed();
    assert!(line.contains("nope"), "{line}");
}

#[cfg(unix)]
mod signals {
    use std::io::{Read as _, Write as _};

    use super::*;

    #[test]
    fn either_signal_ends_an_idle_server() {
        for name in ["TERM", "INT"] {
            let server = Server::start(&[]);
            server.signal(name);
            let done = server.ended();
            assert_eq!(done.code, Some(0), "{done:?}");
        }
    }

    /// A download that has begun: the control connection, and its data connection.
    fn begin(server: &Server) -> (BufReader<TcpStream>, TcpStream) {
        let control = TcpStream::connect(server.address()).unwrap();
        let mut out = control.try_clone().unwrap();
        let mut lines = BufReader::new(control);
        let mut line = String::new();
        let mut read = |lines: &mut BufReader<TcpStream>| {
            line.clear();
            lines.read_line(&mut line).unwrap();
            line.clone()
        };
        read(&mut lines);
        for command in ["USER anonymous", "PASS x", "TYPE I", "EPSV"] {
            out.write_all(format!("{command}\r\n").as_bytes()).unwrap();
            let reply = read(&mut lines);
            if let Some(port) = reply.split('|').nth(3) {
                let data = TcpStream::connect(("127.0.0.1", port.parse().unwrap())).unwrap();
                out.write_all(b"RETR big\r\n").unwrap();
                assert!(read(&mut lines).starts_with("150"));
                return (lines, data);
            }
        }
        panic!("no port");
    }

    #[test]
    fn a_transfer_may_end_before_the_server_does() {
        let server = Server::start(&[]);
        let size = 20_000_000;
        fs::write(server.root.join("big"), vec![7; size]).unwrap();
        let (mut lines, mut data) = begin(&server);
        server.signal("TERM");
        // The server says that it waits, so the signal has arrived before the payload is read.
        let mut server = server;
        let mut said = [0; 8];
        server
            .child
            .stderr
            .as_mut()
            .unwrap()
            .read_exact(&mut said)
            .unwrap();
        let mut payload = Vec::new();
        data.read_to_end(&mut payload).unwrap();
        assert_eq!(payload.len(), size);
        let mut replies = String::new();
        lines.read_to_string(&mut replies).unwrap();
        assert!(replies.starts_with("226"), "{replies}");
        assert_eq!(server.ended().code, Some(0));
    }

    #[test]
    fn a_second_signal_ends_at_once() {
        let server = Server::start(&[]);
        fs::write(server.root.join("big"), vec![7; 20_000_000]).unwrap();
        let (_lines, _data) = begin(&server);
        let mut server = server;
        server.signal("TERM");
        let mut said = [0; 8];
        server
            .child
            .stderr
            .as_mut()
            .unwrap()
            .read_exact(&mut said)
            .unwrap();
        server.signal("TERM");
        assert_eq!(server.ended().code, Some(1));
    }
}

#[test]
fn a_closed_standard_output_does_not_stop_a_server() {
    let dir = tempfile::tempdir().unwrap();
    let address = free_address();
    let mut child = ftpkit()
        .args(["serve", "--listen", &address])
        .current_dir(dir.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let stream = loop {
        assert_eq!(child.try_wait().unwrap(), None);
        if let Ok(stream) = TcpStream::connect(&*address) {
            break stream;
        }
        std::thread::yield_now();
    };
    let mut greeting = String::new();
    BufReader::new(stream).read_line(&mut greeting).unwrap();
    assert!(greeting.starts_with("220 "), "{greeting}");
    child.kill().unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.stderr.is_empty(), "{output:?}");
}

/// An address of which the port was free a moment ago.
fn free_address() -> String {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    free.local_addr().unwrap().to_string()
}
