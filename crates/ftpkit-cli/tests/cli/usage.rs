//! What makes no sense: exit code 2, and nothing is done.

use std::fs;

use crate::run::{Server, names, run, run_with};

#[test]
fn usage_errors_end_with_2() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("d")).unwrap();
    fs::write(dir.path().join("f"), b"x").unwrap();
    for (args, words) in [
        (&["frobnicate"][..], "frobnicate"),
        (&["get"], "URL"),
        (&["get", "ftp://127.0.0.1:1/"], "names no file"),
        (&["get", "ftp://127.0.0.1:1/.."], "where to put it"),
        (&["get", "ftp://127.0.0.1:1/a", "-", "--resume"], "--resume"),
        (
            &["probe", "sftp://127.0.0.1:1/", "--insecure"],
            "--insecure",
        ),
        (&["probe", "ftp://127.0.0.1:1/", "-i", "f"], "--identity"),
        (&["get", "sftp://127.0.0.1:1/a", "--active"], "--active"),
        (&["get", "sftp://127.0.0.1:1/a", "--insecure"], "--insecure"),
        (&["get", "sftp://127.0.0.1:1/~/"], "names no file"),
        (&["get", "ftp://127.0.0.1:1/a", "-i", "f"], "--identity"),
        (
            &["ls", "ftp://127.0.0.1:1/", "--accept-new-host-key"],
            "sftp://",
        ),
        (
            &["mv", "sftp://127.0.0.1:1/a", "ftp://127.0.0.1:1/b"],
            "own server",
        ),
        (&["put", "d", "ftp://127.0.0.1:1/"], "one by one"),
        (&["put", "-", "ftp://127.0.0.1:1/d/"], "standard input"),
        (&["put", "-", "ftp://127.0.0.1:1/a", "--resume"], "--resume"),
        (
            &["mv", "ftp://127.0.0.1:1/a", "ftp://127.0.0.2:1/b"],
            "own server",
        ),
        (&["serve", "--passive-host", "::1"], "--passive-host"),
        (&["serve", "--tls-cert", "c"], "--tls-key"),
        (&["serve", "--tls-key", "k"], "--tls-cert"),
        (
            &["serve", "--tls-cert", "f", "--tls-key", "f"],
            "there is none in it",
        ),
        (
            &["serve", "--tls-cert", "no", "--tls-key", "f"],
            "certificate chain cannot be read",
        ),
        (&["serve", "--tls-required"], "--tls-self-signed"),
        (&["serve", "--implicit", "127.0.0.1:0"], "--tls-self-signed"),
        (&["serve", "--tls-client-ca", "f"], "--tls-self-signed"),
        (
            &["ls", "ftp://127.0.0.1:1/", "--insecure"],
            "write ftpes://",
        ),
        (&["ls", "ftpes://127.0.0.1:1/", "--pin", "AB:CD"], "64"),
        (&["ls", "ftpes://127.0.0.1:1/", "--cacert", "no"], "no"),
        (&["ls", "ftpes://127.0.0.1:1/", "--cert", "f"], "f"),
        (&["ls", "ftpes://127.0.0.1:1/", "--key", "f"], "--cert"),
        (
            &["probe", "ftpes://127.0.0.1:1/", "--cacert", "no"],
            "--cacert",
        ),
        (&["serve", "--user", "nobody"], "NAME:PASSWORD"),
        (&["serve", "--user", "a:b", "--user", "a:c"], "twice"),
        (&["passwd", "a:b"], "a:b"),
        (&["ls", "ftp://ana:hunter2@h:0/"], "port"),
    ] {
        let done = run_with(dir.path(), args, b"x\n");
        assert_eq!(done.code, Some(2), "{args:?}: {done:?}");
        assert!(done.err.contains(words), "{args:?}: {}", done.err);
        assert!(done.out.is_empty(), "{args:?}");
    }
    assert_eq!(names(dir.path()), ["d", "f"]);
}

#[test]
fn help_and_version_are_no_errors() {
    let dir = tempfile::tempdir().unwrap();
    for args in [
        &["--help"][..],
        &["--version"],
        &["serve", "--help"],
        &["get", "-h"],
    ] {
        assert!(!run(dir.path(), args).ok().is_empty());
    }
}

#[test]
fn a_server_that_is_not_there_is_told() {
    // Where nobody listens any more.
    let address = Server::start(&[]).address().to_owned();
    let dir = tempfile::tempdir().unwrap();
    let line = run(dir.path(), &["ls", &format!("ftp://{address}/")]).failed();
    assert!(
        line.contains(&address) && line.contains("refused"),
        "{line}"
    );
    let line = run(dir.path(), &["ls", &format!("ftp://{address}/"), "--ipv6"]).failed();
    assert!(line.contains("no address of this family"), "{line}");
}
