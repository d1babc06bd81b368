//! get and put of several files over one connection, from servers of both kinds.

use std::{fs, path::Path};

use crate::{
    run::{Done, Server, run},
    sftp::Sftp,
};

/// A server of either kind.
struct Either<'s> {
    root: &'s Path,
    local: &'s Path,
    url: &'s dyn Fn(&str) -> String,
    run: &'s dyn Fn(&[&str]) -> Done,
}

fn on_both(check: impl Fn(&Either<'_>)) {
    let ftp = Server::open();
    check(&Either {
        root: &ftp.root,
        local: &ftp.local,
        url: &|path| ftp.url(path),
        run: &|args| ftp.run(args),
    });
    let sftp = Sftp::start();
    check(&Either {
        root: &sftp.root(),
        local: &sftp.local(),
        url: &|path| sftp.url(path),
        run: &|args| sftp.run(args),
    });
}

fn content(number: usize) -> Vec<u8> {
    vec![u8::try_from(number % 251).unwrap(); [0, 1, 4096, 70_000][number % 4]]
}

#[test]
fn many_go_there_and_back() {
    on_both(|server| {
        fs::create_dir(server.root.join("d")).unwrap();
        fs::create_dir(server.local.join("back")).unwrap();
        let names: Vec<String> = (0..30).map(|number| format!("f{number}")).collect();
        for (number, name) in names.iter().enumerate() {
            fs::write(server.local.join(name), content(number)).unwrap();
        }
        let to = (server.url)("d/");
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        (server.run)(&[&["put"], &names[..], &[&*to]].concat()).ok();
        let urls: Vec<String> = names
            .iter()
            .map(|name| (server.url)(&format!("d/{name}")))
            .collect();
        let urls: Vec<&str> = urls.iter().map(String::as_str).collect();
        (server.run)(&[&["get"], &urls[..], &["back"]].concat()).ok();
        for (number, name) in names.iter().enumerate() {
            let there = fs::read(server.root.join("d").join(name)).unwrap();
            assert!(there == content(number), "{name}");
            let back = fs::read(server.local.join("back").join(name)).unwrap();
            assert!(back == content(number), "{name}");
        }

        // To standard output they come in their order.
        let shown = (server.run)(&["get", urls[3], urls[1], urls[5], "-"]).ok();
        assert!(shown == [content(3), content(1), content(5)].concat());
        // Without a place of their own they come here.
        for name in ["f1", "f5"] {
            fs::remove_file(server.local.join(name)).unwrap();
        }
        (server.run)(&["get", urls[1], urls[5]]).ok();
        assert!(server.local.join("f1").exists() && server.local.join("f5").exists());
    });
}

#[test]
fn one_that_fails_is_told_and_the_others_go_on() {
    on_both(|server| {
        for name in ["a", "c"] {
            fs::write(server.root.join(name), name).unwrap();
        }
        let urls = ["a", "missing", "c"].map(|name| (server.url)(name));
        let done = (server.run)(&["get", &urls[0], &urls[1], &urls[2]]);
        assert_eq!(done.code, Some(1), "{done:?}");
        let lines: Vec<&str> = done.err.lines().collect();
        assert_eq!(lines.len(), 2, "{done:?}");
        assert!(lines[0].contains(" missing "), "{done:?}");
        assert_eq!(lines[1], "ftpkit: 1 of 3 files failed");
        for name in ["a", "c"] {
            assert_eq!(fs::read(server.local.join(name)).unwrap(), name.as_bytes());
        }
        assert!(!server.local.join("missing").exists());
    });
}

#[test]
fn what_several_files_cannot_be_is_a_usage_error() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["a", "b"] {
        fs::write(dir.path().join(name), b"").unwrap();
    }
    fs::create_dir(dir.path().join("d")).unwrap();
    fs::write(dir.path().join("d/a"), b"").unwrap();
    // Nobody listens there: the server is not bothered.
    let url = |path: &str| format!("ftp://127.0.0.1:1/{path}");
    let (one, two, same) = (url("a"), url("b"), url("d/a"));
    for (args, told) in [
        (&["get", &*one, &*two, "a"][..], "is no directory"),
        (&["get", &one, "a", &two], "only the last"),
        (&["get", "a", "b"], "only the last"),
        (&["get", "not-a-url"], "is no URL"),
        (&["get", &one, &same], "two of the files"),
        (&["put", "a", "b", &one], "end the URL with a slash"),
        (&["put", "-", "b", &url("")], "end the URL with a slash"),
        (&["put", "a", "d/a", &url("")], "two of the files"),
        (&["put", "a", "d", &url("")], "is a directory"),
    ] {
        let done = run(dir.path(), args);
        assert_eq!(done.code, Some(2), "{args:?}: {done:?}");
        assert!(done.err.contains(told), "{args:?}: {done:?}");
    }
}
