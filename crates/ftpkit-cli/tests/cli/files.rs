//! get, put, rm, mkdir and mv, to a server and back.

use std::fs;

use crate::{
    peer::breaks_off,
    run::{Server, names, run, run_with},
};

#[test]
fn a_file_goes_up_and_comes_down() {
    let server = Server::open();
    let bytes: Vec<u8> = (0..3_000_000_u32).map(|n| ((n * 7) >> 3) as u8).collect();
    fs::write(server.local.join("a"), &bytes).unwrap();
    for name in [
        "plain",
        "a b",
        "ü",
        "-dash",
        "semi;colon",
        "quo\"te",
        "per%cent",
        "#hash",
    ] {
        let encoded: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
        let url = server.url(&encoded);
        assert!(server.run(&["put", "a", &url]).ok().is_empty());
        assert_eq!(fs::read(server.root.join(name)).unwrap(), bytes);
        assert!(server.run(&["get", &url, "back"]).ok().is_empty());
        assert_eq!(fs::read(server.local.join("back")).unwrap(), bytes);
        assert!(server.run(&["rm", &url]).ok().is_empty());
        assert!(!server.root.join(name).exists());
    }
}

#[test]
fn an_empty_file_is_a_file() {
    let server = Server::open();
    fs::write(server.local.join("empty"), b"").unwrap();
    server.run(&["put", "empty", &server.url("")]).ok();
    assert_eq!(fs::read(server.root.join("empty")).unwrap(), b"");
    server.run(&["get", &server.url("empty"), "back"]).ok();
    assert_eq!(fs::read(server.local.join("back")).unwrap(), b"");
}

#[test]
fn both_modes_and_both_families() {
    let server = Server::start(&[
        "--anonymous",
        "rw",
        "--listen",
        "127.0.0.1:0",
        "--listen",
        "[::1]:0",
    ]);
    fs::write(server.root.join("a"), b"hello").unwrap();
    let urls: Vec<_> = server.lines[..2]
        .iter()
        .map(|line| line.strip_prefix("listening on ").unwrap())
        .collect();
    for url in urls {
        for mode in [&[][..], &["--active"]] {
            let from = format!("{url}a");
            let mut args = vec!["get", &*from, "-"];
            args.extend(mode);
            assert_eq!(server.run(&args).ok(), b"hello", "{args:?}");
            let to = format!("{url}b");
            let mut args = vec!["put", "-", &*to];
            args.extend(mode);
            run_with(&server.local, &args, b"world").ok();
            assert_eq!(fs::read(server.root.join("b")).unwrap(), b"world");
        }
    }
}

#[test]
fn where_a_file_lands() {
    let server = Server::open();
    fs::create_dir(server.root.join("dir")).unwrap();
    fs::write(server.root.join("dir/a b"), b"hello").unwrap();
    fs::create_dir(server.local.join("into")).unwrap();
    let url = server.url("dir/a%20b");
    server.run(&["get", &url]).ok();
    server.run(&["get", &url, "into"]).ok();
    server.run(&["get", &url, "other"]).ok();
    for local in ["a b", "into/a b", "other"] {
        assert_eq!(fs::read(server.local.join(local)).unwrap(), b"hello");
    }
    server.run(&["put", "other", &server.url("dir/")]).ok();
    assert_eq!(names(&server.root.join("dir")), ["a b", "other"]);
    // %2F makes a path absolute, which in this server's root is the same place.
    assert_eq!(
        server.run(&["get", &server.url("%2Fdir/other"), "-"]).ok(),
        b"hello"
    );
}

#[test]
fn resuming_goes_on_where_the_file_ends() {
    let server = Server::open();
    fs::write(server.root.join("down"), b"hello world").unwrap();
    fs::write(server.local.join("down"), b"HELLO").unwrap();
    server
        .run(&["get", "--resume", &server.url("down"), "down"])
        .ok();
    assert_eq!(fs::read(server.local.join("down")).unwrap(), b"HELLO world");

    fs::write(server.root.join("up"), b"HELLO").unwrap();
    fs::write(server.local.join("up"), b"hello world").unwrap();
    server
        .run(&["put", "--resume", "up", &server.url("up")])
        .ok();
    assert_eq!(fs::read(server.root.join("up")).unwrap(), b"HELLO world");

    // Where there is nothing yet, it begins.
    server
        .run(&["get", "--resume", &server.url("up"), "new"])
        .ok();
    assert_eq!(fs::read(server.local.join("new")).unwrap(), b"HELLO world");
    server
        .run(&["put", "--resume", "new", &server.url("new")])
        .ok();
    assert_eq!(fs::read(server.root.join("new")).unwrap(), b"HELLO world");

    fs::write(server.local.join("longer"), b"hello world, and more").unwrap();
    let line = server
        .run(&["get", "--resume", &server.url("down"), "longer"])
        .failed();
    assert!(line.contains("without resuming"), "{line}");
}

#[test]
fn a_get_that_breaks_off_leaves_the_old_file_and_nothing_new() {
    let (port, peer) = breaks_off(b"only a par", "451 the disk failed");
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a"), b"old").unwrap();
    let line = run(dir.path(), &["get", &format!("ftp://127.0.0.1:{port}/a")]).failed();
    assert!(line.contains("cannot download a from 127.0.0.1:"), "{line}");
    assert!(line.contains("451 the disk failed"), "{line}");
    assert_eq!(fs::read(dir.path().join("a")).unwrap(), b"old");
    assert_eq!(names(dir.path()), ["a"]);
    peer.join().unwrap();
}

#[test]
fn a_missing_file_is_told_with_the_reply() {
    let server = Server::open();
    let line = server.run(&["get", &server.url("nope")]).failed();
    for part in [
        "cannot download nope from ",
        server.address(),
        "550 ",
        "list the directory",
    ] {
        assert!(line.contains(part), "{line}");
    }
    assert!(names(&server.local).is_empty());
    let line = server.run(&["put", "nope", &server.url("")]).failed();
    assert!(line.contains("\"nope\""), "{line}");
    let line = server.run(&["rm", &server.url("nope")]).failed();
    assert!(line.contains("550 "), "{line}");
}

#[test]
fn directories_are_made_and_removed_and_things_moved() {
    let server = Server::open();
    server
        .run(&["mkdir", &server.url("a"), &server.url("b")])
        .ok();
    assert_eq!(server.names(), ["a", "b"]);
    let line = server.run(&["mkdir", &server.url("a")]).failed();
    assert!(line.contains("create the directory a"), "{line}");
    server
        .run(&["mkdir", "-p", &server.url("a/x/y"), &server.url("a")])
        .ok();
    assert!(server.root.join("a/x/y").is_dir());

    fs::write(server.root.join("f"), b"hello").unwrap();
    server.run(&["mv", &server.url("f"), "g"]).ok();
    server
        .run(&["mv", &server.url("g"), &server.url("a/")])
        .ok();
    assert_eq!(fs::read(server.root.join("a/g")).unwrap(), b"hello");
    let line = server.run(&["mv", &server.url("nope"), "x"]).failed();
    assert!(line.contains("rename nope to x"), "{line}");

    let line = server.run(&["rm", &server.url("a")]).failed();
    assert!(line.contains("remove the directory a"), "{line}");
    server
        .run(&[
            "rm",
            &server.url("a/g"),
            &server.url("a/x/y"),
            &server.url("a/x/"),
            &server.url("a"),
        ])
        .ok();
    assert_eq!(server.names(), ["b"]);
}

#[test]
fn the_protocol_is_shown_without_passwords() {
    let server = Server::start(&["--user", "ana:hunter2"]);
    let done = server.run(&["mkdir", "-v", &server.url_of("ana:hunter2", "d")]);
    assert_eq!(done.code, Some(0), "{done:?}");
    for line in ["> USER ana\n", "> MKD d\n", "< 257 "] {
        assert!(done.err.contains(line), "{}", done.err);
    }
    assert!(!done.err.contains("hunter2"), "{}", done.err);
}

#[cfg(unix)]
#[test]
fn a_reader_that_goes_away_ends_a_command_quietly() {
    use std::process::Stdio;
    let server = Server::open();
    fs::write(server.root.join("big"), vec![7; 5_000_000]).unwrap();
    for args in [
        ["get", &server.url("big"), "-"],
        ["ls", "--json", &server.url("")],
    ] {
        let mut child = crate::run::ftpkit()
            .args(args)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(output.stderr.is_empty(), "{output:?}");
    }
}
