//! curl over SFTP, by libssh2, which lacks the newest algorithms.

use std::{fs, path::Path, process::Command};

use super::served::Sftp;
use crate::{tree::content, under_test::run};

fn curl(arguments: &[&str]) -> Command {
    let mut command = Command::new("curl");
    command
        // Debian 12's libssh2 shows curl no key of the host's to be compared.
        .args([
            "--silent",
            "--show-error",
            "--fail",
            "--insecure",
            "--max-time",
            "60",
        ])
        .args(arguments);
    command
}

#[test]
fn files_of_all_sizes_go_up_and_down() {
    let served = Sftp::start();
    let local = tempfile::tempdir().unwrap();
    let down = local.path().join("down");
    for size in [0, 1, 4096, 3_000_001] {
        let name = format!("-{size} é\".bin");
        let path = local.path().join(&name);
        fs::write(&path, content(size as u64, size)).unwrap();
        let url = served.url(&name.replace(' ', "%20").replace('"', "%22"));
        run(curl(&["-T"]).arg(&path).arg(&url));
        assert!(
            served.read(&name) == content(size as u64, size),
            "{size} up"
        );
        run(curl(&["-o"]).arg(&down).arg(&url));
        assert!(
            fs::read(&down).unwrap() == content(size as u64, size),
            "{size} down"
        );
    }
    served.write("digits", b"0123456789");
    let part = run(curl(&["-r", "3-6"]).arg(served.url("digits")));
    assert_eq!(part, "3456");
    run(curl(&["--ftp-create-dirs", "-T"])
        .arg(&down)
        .arg(served.url("new/deep/file")));
    assert!(served.read("new/deep/file") == content(3_000_001, 3_000_001));
}

#[test]
fn transfers_resume_both_ways() {
    let served = Sftp::start();
    let local = tempfile::tempdir().unwrap();
    let whole = content(7, 2_000_000);
    served.write("whole", &whole);
    let part = local.path().join("part");
    fs::write(&part, &whole[..700_001]).unwrap();
    run(curl(&["-C", "-", "-o"]).arg(&part).arg(served.url("whole")));
    assert!(fs::read(&part).unwrap() == whole);
    served.write("half", &whole[..1_234_567]);
    run(curl(&["-C", "-", "-T"]).arg(&part).arg(served.url("half")));
    assert!(served.read("half") == whole);
    run(curl(&["--append", "-T"]).arg(&part).arg(served.url("half")));
    assert!(served.read("half") == [&whole[..], &whole[..]].concat());
}

#[test]
fn listings_keys_and_quoted_commands() {
    let served = Sftp::start();
    served.write("some file", b"0123456789");
    let listing = run(curl(&[]).arg(served.url("")));
    assert!(
        listing.contains(" 10 ") && listing.trim_end().ends_with("some file"),
        "{listing}"
    );
    let names = run(curl(&["--list-only"]).arg(served.url("")));
    assert_eq!(names.trim_end(), "some file");
    let mut by_key = curl(&["--user", "ana:", "--key"]);
    let url = format!("sftp://{}/some%20file", served.address);
    by_key
        .arg(served.key("ed25519"))
        .arg("--pubkey")
        .arg(served.key("ed25519.pub"));
    assert_eq!(run(by_key.arg(url)), "0123456789");
    let mut command = curl(&[]);
    for quoted in [
        "mkdir new",
        "rename \"some file\" new/moved",
        "chmod 600 new/moved",
        "symlink moved new/link",
        "statvfs new/moved",
        "mkdir gone",
        "rmdir gone",
    ] {
        command.args(["-Q", quoted]);
    }
    run(command.arg(served.url("")));
    assert_eq!(served.names(), ["new"]);
    assert_eq!(
        fs::read_link(served.path("new/link")).unwrap(),
        Path::new("moved")
    );
}

#[test]
fn what_is_refused_is_reported() {
    let served = Sftp::start();
    let code = |command: &mut Command| command.output().unwrap().status.code();
    assert_eq!(
        code(curl(&[]).arg(served.url("missing"))),
        Some(78),
        "no such file"
    );
    let denied = served.url("").replace("secret", "wrong");
    assert_eq!(code(curl(&[]).arg(denied)), Some(67), "wrong password");
}
