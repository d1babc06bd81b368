//! rclone: a tree synchronised both ways, compared by itself, and moved about.

use std::process::Command;

use super::served::Sftp;
use crate::{
    tree::{self, content},
    under_test::run,
};

/// The server as a remote without a configuration file, one whose shell is not tried.
fn remote(served: &Sftp, path: &str) -> String {
    let word = run(Command::new("rclone").args(["obscure", Sftp::PASSWORD]));
    format!(
        ":sftp,host={},port={},user={},pass={},shell_type=none,known_hosts_file={}:{path}",
        served.address.ip(),
        served.address.port(),
        Sftp::USER,
        word.trim(),
        served.key("known_hosts").display(),
    )
}

fn rclone(arguments: &[&str]) -> String {
    run(Command::new("rclone")
        .args([
            "--config",
            "/dev/null",
            "--retries",
            "1",
            "--low-level-retries",
            "1",
        ])
        .args(arguments))
}

#[test]
fn trees_are_the_same_both_ways() {
    let served = Sftp::start();
    let local = tempfile::tempdir().unwrap();
    let (source, down) = (local.path().join("source"), local.path().join("down"));
    tree::make(&source, 3 << 20);
    let (here, there) = (source.to_str().unwrap(), remote(&served, "tree"));
    rclone(&["sync", "--create-empty-src-dirs", here, &there]);
    tree::assert_same(&source, &served.path("tree"));
    tree::assert_same_times(&source, &served.path("tree"));
    rclone(&[
        "sync",
        "--create-empty-src-dirs",
        &there,
        down.to_str().unwrap(),
    ]);
    tree::assert_same(&source, &down);
    tree::assert_same_times(&source, &down);
    rclone(&["check", "--download", here, &there]);

    let listing = rclone(&["lsl", &there]);
    assert!(
        listing.contains("1000003 ") && listing.contains("ümläut-日本語"),
        "{listing}"
    );
    let space = rclone(&["about", &remote(&served, "")]);
    assert!(
        space.contains("Total:") && space.contains("Free:"),
        "{space}"
    );
    let moved = remote(&served, "tree/moved");
    rclone(&["moveto", &format!("{there}/plain.txt"), &moved]);
    assert!(served.read("tree/moved") == content(0, 100));
    rclone(&["purge", &there]);
    assert_eq!(served.names(), [""; 0]);
}
