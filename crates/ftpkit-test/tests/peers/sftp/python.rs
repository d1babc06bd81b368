//! paramiko and asyncssh, each by a program of its own that checks what it sees.

use std::{fs, process::Command};

use super::served::Sftp;
use crate::{servers::peers, tree, under_test::run};

/// Plays a program with a tree to upload; it leaves `tree` there, and what it has read of it in
/// a second local one.
fn session(program: &str) {
    let served = Sftp::start();
    let local = tempfile::tempdir().unwrap();
    let source = local.path().join("source");
    tree::make(&source, 3 << 20);
    let file = local.path().join("session.py");
    fs::write(&file, program).unwrap();
    run(Command::new(peers().join("python/bin/python"))
        .arg("-B")
        .arg(&file)
        .args([
            &served.address.port().to_string(),
            Sftp::USER,
            Sftp::PASSWORD,
        ])
        .arg(served.key("."))
        .current_dir(local.path())
        .env("LC_ALL", "C.UTF-8"));
    let down = local.path().join("down");
    for copy in [&served.path("tree"), &down] {
        tree::assert_same(&source, copy);
        tree::assert_same_times(&source, copy);
    }
    assert_eq!(served.names(), ["tree"]);
}

#[test]
fn paramiko_does_all_that_it_can() {
    session(include_str!("paramiko.py"));
}

#[test]
fn asyncssh_does_all_that_it_can() {
    session(include_str!("asyncssh.py"));
}
