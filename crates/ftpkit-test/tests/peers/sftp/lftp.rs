//! lftp over SFTP: mirrors of a difficult tree both ways, resumption, and single commands.

use std::{fs, path::Path, process::Command};

use super::served::{Login, Sftp};
use crate::{
    tree::{self, content},
    under_test::run,
};

fn lftp(served: &Sftp, settings: &str, script: &str) -> String {
    let options = served.options(Login::Password).join(" ");
    let setup = format!(
        "set net:max-retries 1; set net:timeout 30; set cmd:fail-exit yes; \
         set sftp:connect-program 'ssh -a -x {options}'; {settings}; \
         open -u {},{} sftp://{}; {script}; exit",
        Sftp::USER,
        Sftp::PASSWORD,
        served.address,
    );
    run(Command::new("lftp").args(["--norc", "-c", &setup]))
}

#[test]
fn mirrors_are_the_same_both_ways() {
    for settings in [
        "",
        "set sftp:max-packets-in-flight 64; set sftp:size-read 200000; set sftp:size-write 200000",
        "set mirror:parallel-transfer-count 4",
        "set sftp:protocol-version 6",
    ] {
        let served = Sftp::start();
        let local = tempfile::tempdir().unwrap();
        let (source, down) = (local.path().join("source"), local.path().join("down"));
        tree::make(&source, 3 << 20);
        lftp(
            &served,
            settings,
            &format!("mirror -R {} tree", source.display()),
        );
        tree::assert_same(&source, &served.path("tree"));
        tree::assert_same_times(&source, &served.path("tree"));
        lftp(
            &served,
            settings,
            &format!("mirror tree {}", down.display()),
        );
        tree::assert_same(&source, &down);
        tree::assert_same_times(&source, &down);
        lftp(&served, settings, "rm -r tree");
        assert_eq!(served.names(), [""; 0], "{settings}");
    }
}

#[test]
fn transfers_resume_both_ways() {
    let served = Sftp::start();
    let local = tempfile::tempdir().unwrap();
    let whole = content(1, 2_000_000);
    let here = local.path().join("file");
    for part in [1, 1_234_567] {
        served.write("file", &whole);
        fs::write(&here, &whole[..part]).unwrap();
        lftp(&served, "", &format!("get -c file -o {}", here.display()));
        assert!(fs::read(&here).unwrap() == whole, "{part} down");
        served.write("file", &whole[..part]);
        lftp(&served, "", &format!("put -c {} -o file", here.display()));
        assert!(served.read("file") == whole, "{part} up");
    }
    // Four pieces at a time.
    let pieces = local.path().join("pieces");
    lftp(
        &served,
        "",
        &format!("pget -n 4 file -o {}", pieces.display()),
    );
    assert!(fs::read(&pieces).unwrap() == whole);
}

#[test]
fn single_commands() {
    let served = Sftp::start();
    served.write("file", b"0123456789");
    let script = "mkdir -p a/b; mv file a/b/moved; chmod 600 a/b/moved; ln -s b a/link; \
                  cls -l a a/b; cat a/b/moved";
    let said = lftp(&served, "", script);
    assert!(
        said.contains("link@ -> b") && said.ends_with("0123456789"),
        "{said}"
    );
    let line = said.lines().find(|line| line.ends_with("moved")).unwrap();
    assert!(
        line.starts_with("-rw-------") && line.contains(" 10 "),
        "{said}"
    );
    assert_eq!(
        fs::read_link(served.path("a/link")).unwrap(),
        Path::new("b")
    );
    served.write("other", b"x");
    // lftp knows no renaming but that of the draft, which keeps what is there.
    lftp(
        &served,
        "set cmd:fail-exit no",
        "mv other a/b/moved; mv other a/new",
    );
    assert_eq!(served.read("a/b/moved"), b"0123456789");
    assert_eq!(served.read("a/new"), b"x");
}
