//! serve: SFTP beside FTP and alone, the keys it is known by, and those that users log in with.
//! What clients do there stands with the clients.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::TcpStream,
};

use crate::run::{Server, run};

/// An Ed25519 key whose bits are all alike, in the form of authorized_keys.
const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH ana";

fn greeting(address: &str) -> String {
    let stream = TcpStream::connect(address).unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    line
}

fn listening<'a>(server: &'a Server, scheme: &str) -> &'a str {
    let address = server.told(&format!("listening on {scheme}://"));
    address.strip_suffix('/').unwrap()
}

fn host_keys(server: &Server) -> Vec<String> {
    let lines = server.lines.iter();
    let keys = lines.filter(|line| line.starts_with("host key "));
    keys.cloned().collect()
}

#[test]
fn sftp_alone_keeps_its_keys() {
    let server = Server::start(&["--sftp", "127.0.0.1:0", "--user", "ana:pw"]);
    let address = listening(&server, "sftp").to_owned();
    assert_eq!(greeting(&address), "SSH-2.0-ftpkit\r\n");
    let keys = host_keys(&server);
    assert_eq!(keys.len(), 2, "{:?}", server.lines);
    for (key, kind) in keys.iter().zip(["ssh-ed25519", "ssh-rsa"]) {
        assert!(
            key.starts_with(&format!("host key {kind} SHA256:")),
            "{key}"
        );
    }
    let (host, port) = address.split_once(':').unwrap();
    let hints = [
        format!("or: sftp -P {port} ana@{host}"),
        format!("try: ftpkit ls sftp://ana@{address}/"),
    ];
    assert!(server.lines.ends_with(&hints), "{:?}", server.lines);
    assert!(server.lines.iter().all(|line| !line.contains(" ftp://")));
    let again = Server::start_in(server.stop(), &["--sftp", "127.0.0.1:0"]);
    assert_eq!(host_keys(&again), keys, "clients would warn");
}

#[test]
fn ftp_and_sftp_are_served_side_by_side_within_one_limit() {
    let both = [
        "--sftp",
        "127.0.0.1:0",
        "--listen",
        "127.0.0.1:0",
        "--max-sessions",
        "1",
    ];
    let server = Server::start(&both);
    let sftp = TcpStream::connect(listening(&server, "sftp")).unwrap();
    let mut line = String::new();
    let mut reader = BufReader::new(sftp.try_clone().unwrap());
    reader.read_line(&mut line).unwrap();
    assert!(line.starts_with("SSH-2.0-"), "{line}");
    assert!(greeting(listening(&server, "ftp")).starts_with("421 "));
    drop((reader, sftp));
    // The place is free as soon as the server has seen the end.
    while greeting(listening(&server, "ftp")).starts_with("421 ") {
        std::thread::yield_now();
    }
}

#[test]
fn what_cannot_be_used_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = dir.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (text, keys) = (file("text", "no key\n"), file("keys", KEY));
    for (options, expected) in [
        (&["--host-key", &*text, "--user", "a:b"][..], "--host-key"),
        (&["--host-key", "missing", "--user", "a:b"], "missing"),
        (
            &["--authorized-keys", "missing", "--user", "a:b"],
            "missing",
        ),
        (&["--authorized-keys", &keys], "--user"),
    ] {
        let serve = ["serve", "--sftp", "127.0.0.1:0"];
        let done = run(dir.path(), &[&serve[..], options].concat());
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(done.err.contains(expected), "{done:?}");
    }
    for alone in ["--host-key", "--authorized-keys"] {
        let done = run(dir.path(), &["serve", alone, &keys]);
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(done.err.contains("--sftp"), "{done:?}");
    }
}

#[test]
fn a_line_of_keys_that_cannot_be_used_is_told_with_its_number() {
    let dir = tempfile::tempdir().unwrap();
    let keys = dir.path().join("keys");
    fs::write(&keys, format!("{KEY}\nx11-forwarding-of-mars {KEY}\n")).unwrap();
    let keys = keys.to_str().unwrap().to_owned();
    let mut server = Server::start(&[
        "--sftp",
        "127.0.0.1:0",
        "--user",
        "ana:pw",
        "--authorized-keys",
        &keys,
    ]);
    server.child.kill().unwrap();
    let mut told = String::new();
    let mut errors = server.child.stderr.take().unwrap();
    errors.read_to_string(&mut told).unwrap();
    assert!(told.contains("line 2: "), "{told}");
    assert!(!told.contains("line 1: "), "{told}");
}
