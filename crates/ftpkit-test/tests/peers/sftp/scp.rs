//! OpenSSH's `scp`, which has spoken SFTP since 9.0.

use std::fs;

use super::served::{Login, Sftp, fails};
use crate::{
    tree::{self, content},
    under_test::run,
};

#[test]
fn trees_and_single_files_are_the_same_both_ways() {
    let served = Sftp::start();
    let local = tempfile::tempdir().unwrap();
    let source = local.path().join("source");
    tree::make(&source, 3 << 20);
    let scp = |from: &str, to: &str| {
        let mut command = served.openssh("scp", Login::USUAL);
        run(command.args(["-spr", from, to]).current_dir(local.path()));
    };
    scp("source", &served.remote("up"));
    tree::assert_same(&source, &served.path("up"));
    tree::assert_same_times(&source, &served.path("up"));
    scp(&served.remote("up"), "down");
    tree::assert_same(&source, &local.path().join("down"));
    tree::assert_same_times(&source, &local.path().join("down"));

    // Several by a pattern, one over another, and from here to here by way of the client.
    scp(&served.remote("up/deep/er/*.bin"), ".");
    for size in [0, 1, 511, 4096, 65_536, 1_000_003] {
        let name = format!("{size}.bin");
        assert_eq!(
            fs::read(local.path().join(&name)).unwrap().len(),
            size,
            "{name}"
        );
    }
    fs::write(local.path().join("short"), b"short").unwrap();
    scp("short", &served.remote("up/deep/er/1000003.bin"));
    assert_eq!(served.read("up/deep/er/1000003.bin"), b"short");
    let mut command = served.openssh("scp", Login::Password);
    let (from, to) = (served.remote("up/plain.txt"), served.remote("over here"));
    run(command.args(["-s3", &from, &to]));
    assert!(served.read("over here") == content(0, 100));
}

#[test]
fn its_old_protocol_is_refused() {
    let served = Sftp::start();
    served.write("file", b"x");
    let local = tempfile::tempdir().unwrap();
    let mut command = served.openssh("scp", Login::USUAL);
    let said = fails(
        command
            .args(["-O", &served.remote("file"), "."])
            .current_dir(local.path()),
    );
    assert!(said.contains("exec request failed"), "{said}");
}
