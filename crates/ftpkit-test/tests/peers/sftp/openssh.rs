//! OpenSSH's `sftp`: logins, trees, names, and each of its commands that the extensions are for.

use std::{
    fs,
    io::Write as _,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    process::{Command, Output, Stdio},
};

use super::served::{Login, Sftp};
use crate::tree::{self, NAMES, content};

/// Plays a script, in a local directory.
fn play(command: &mut Command, served: &Sftp, local: &Path, script: &str) -> Output {
    let mut child = command
        .args(["-b", "-"])
        .arg(served.target())
        .current_dir(local)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A client that could not log in does not read it.
    let _ = child.stdin.take().unwrap().write_all(script.as_bytes());
    child.wait_with_output().unwrap()
}

/// What it printed, errors included; a failure is the test's.
#[track_caller]
fn played(command: &mut Command, served: &Sftp, local: &Path, script: &str) -> String {
    let output = play(command, served, local, script);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(
        output.status.success(),
        "{command:?}: {script}\n{}\n{said}",
        output.status
    );
    said
}

#[track_caller]
fn sftp(served: &Sftp, local: &Path, script: &str) -> String {
    played(
        &mut served.openssh("sftp", Login::USUAL),
        served,
        local,
        script,
    )
}

#[test]
fn every_login_opens_a_session_and_no_other_does() {
    let served = Sftp::start();
    let here = Path::new("/");
    for login in Login::ALL {
        let said = played(&mut served.openssh("sftp", login), &served, here, "pwd\n");
        assert!(
            said.contains("Remote working directory: /"),
            "{login:?}: {said}"
        );
    }
    let stranger = Login::Key("stranger");
    let wrong = served.key("askpass-wrong");
    for login in [Login::Password, Login::Interactive, stranger] {
        let mut command = served.openssh("sftp", login);
        let output = play(command.env("SSH_ASKPASS", &wrong), &served, here, "pwd\n");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{login:?}");
        assert!(said.contains("Permission denied"), "{login:?}: {said}");
    }
    // A certificate lets in whom it names.
    let mut command = served.openssh("sftp", Login::Key("certified"));
    command.args(["-o", "User=ben"]);
    assert!(!play(&mut command, &served, here, "pwd\n").status.success());
}

#[test]
fn trees_are_the_same_both_ways() {
    let served = Sftp::start();
    let local = tempfile::tempdir().unwrap();
    let source = local.path().join("source");
    tree::make(&source, 3 << 20);
    for (flags, down) in [("-pR", "down"), ("-fpR", "flushed")] {
        sftp(
            &served,
            local.path(),
            &format!("put {flags} source {down}\nget {flags} {down}\n"),
        );
        tree::assert_same(&source, &served.path(down));
        tree::assert_same_times(&source, &served.path(down));
        tree::assert_same(&source, &local.path().join(down));
        tree::assert_same_times(&source, &local.path().join(down));
    }
}

/// A name in a script: nothing in it is a pattern, an option or the end of a word.
fn quoted(name: &str) -> String {
    let mut quoted = String::from("./");
    for letter in name.chars() {
        if letter.is_ascii_punctuation() || letter == ' ' {
            quoted.push('\\');
        }
        quoted.push(letter);
    }
    quoted
}

#[test]
fn difficult_names_go_up_are_renamed_listed_and_come_down() {
    let served = Sftp::start();
    let local = tempfile::tempdir().unwrap();
    let mut script = String::new();
    for (seed, name) in NAMES.iter().enumerate() {
        fs::write(local.path().join(name), content(seed as u64, 100 + seed)).unwrap();
        let (up, moved, down) = (
            quoted(name),
            quoted(&format!("{name}~")),
            quoted(&format!("{name} down")),
        );
        script += &format!("put {up} {up}\nrename {up} {moved}\nget {moved} {down}\n");
    }
    let said = sftp(&served, local.path(), &(script + "ls -1a\n"));
    for (seed, name) in NAMES.iter().enumerate() {
        let expected = content(seed as u64, 100 + seed);
        assert!(served.read(&format!("{name}~")) == expected, "{name}");
        let down = fs::read(local.path().join(format!("{name} down"))).unwrap();
        assert!(down == expected, "{name}");
        assert!(
            said.lines().any(|line| line.ends_with(&format!("{name}~"))),
            "{name}: {said}"
        );
    }
    let removals: String = NAMES
        .iter()
        .map(|name| format!("rm {}\n", quoted(&format!("{name}~"))))
        .collect();
    sftp(&served, local.path(), &removals);
    assert_eq!(served.names(), [""; 0]);
}

#[test]
fn transfers_are_whole_with_every_cipher_window_and_with_new_keys_in_between() {
    let served = Sftp::start();
    let local = tempfile::tempdir().unwrap();
    let whole = content(1, 5_000_001);
    fs::write(local.path().join("whole"), &whole).unwrap();
    let cases: &[&[&str]] = &[
        &["-c", "aes256-gcm@openssh.com"],
        &["-c", "aes128-gcm@openssh.com"],
        &["-c", "chacha20-poly1305@openssh.com"],
        &["-c", "aes256-ctr"],
        &["-o", "RekeyLimit=1M"],
        &["-B", "1000", "-R", "256"],
        &["-B", "200000", "-R", "200"],
        &["-C"],
    ];
    for case in cases {
        let mut command = served.openssh("sftp", Login::USUAL);
        played(
            command.args(*case),
            &served,
            local.path(),
            "put whole up\nget up down\nput whole up\n",
        );
        assert!(served.read("up") == whole, "{case:?} up");
        assert!(
            fs::read(local.path().join("down")).unwrap() == whole,
            "{case:?} down"
        );
        fs::remove_file(local.path().join("down")).unwrap();
    }
}

#[test]
fn transfers_resume_both_ways() {
    let served = Sftp::start();
    let local = tempfile::tempdir().unwrap();
    let whole = content(2, 2_000_000);
    for part in [0, 1, 1_234_567] {
        fs::write(local.path().join("whole"), &whole).unwrap();
        fs::write(local.path().join("there"), &whole[..part]).unwrap();
        served.write("there", &whole);
        served.write("whole", &whole[..part]);
        sftp(&served, local.path(), "reget there\nreput whole\n");
        assert!(
            fs::read(local.path().join("there")).unwrap() == whole,
            "{part} down"
        );
        assert!(served.read("whole") == whole, "{part} up");
    }
}

#[test]
fn every_extension_is_announced() {
    let served = Sftp::start();
    let mut command = served.openssh("sftp", Login::USUAL);
    let said = played(command.arg("-vv"), &served, Path::new("/"), "version\n");
    for extension in [
        "posix-rename@openssh.com",
        "statvfs@openssh.com",
        "fstatvfs@openssh.com",
        "hardlink@openssh.com",
        "fsync@openssh.com",
        "lsetstat@openssh.com",
        "limits@openssh.com",
        "expand-path@openssh.com",
        "copy-data",
        "home-directory",
        "users-groups-by-id@openssh.com",
    ] {
        // It says nothing of the three that it has no use for.
        if matches!(
            extension,
            "fstatvfs@openssh.com" | "copy-data" | "home-directory"
        ) {
            continue;
        }
        let told = format!("Server supports extension \"{extension}\" revision");
        assert!(said.contains(&told), "{extension}: {said}");
    }
    assert!(said.contains("SFTP protocol version 3"), "{said}");
}

#[test]
fn each_command_does_what_it_says() {
    let served = Sftp::start();
    let local = tempfile::tempdir().unwrap();
    let (one, two) = (content(3, 300_000), content(4, 70_000));
    fs::write(local.path().join("one"), &one).unwrap();
    fs::write(local.path().join("two"), &two).unwrap();
    let play = |script: &str| sftp(&served, local.path(), script);

    // A file takes the place of another; one that is named in its own stead stays.
    play("put one\nput two\nrename one two\n");
    assert_eq!(served.names(), ["two"]);
    assert!(served.read("two") == one);

    play("put one\nln one hard\nsymlink one soft\nln -s missing broken\n");
    let (first, second) = (
        fs::metadata(served.path("one")),
        fs::metadata(served.path("hard")),
    );
    assert_eq!(first.unwrap().ino(), second.unwrap().ino());
    assert_eq!(
        fs::read_link(served.path("soft")).unwrap(),
        Path::new("one")
    );
    assert_eq!(
        fs::read_link(served.path("broken")).unwrap(),
        Path::new("missing")
    );

    play("cp one copied\nput -f two flushed\nget -f flushed\n");
    assert!(served.read("copied") == one);
    assert!(served.read("flushed") == two);
    assert!(fs::read(local.path().join("flushed")).unwrap() == two);

    play("chmod 4711 one\nchown 12 one\nchgrp 34 one\nchown -h 56 soft\n");
    let metadata = fs::metadata(served.path("one")).unwrap();
    assert_eq!((metadata.uid(), metadata.gid()), (12, 34));
    let link = fs::symlink_metadata(served.path("soft")).unwrap();
    assert_eq!((link.uid(), metadata.uid()), (56, 12));

    play("chmod 640 one\nchown 0 one\nchgrp 0 one\n");
    assert_eq!(
        fs::metadata(served.path("one"))
            .unwrap()
            .permissions()
            .mode()
            & 0o7777,
        0o640
    );
    let listing = play("ls -l\n");
    let line = |name: &str| {
        listing
            .lines()
            .find(|line| line.ends_with(&format!(" {name}")))
            .unwrap_or_else(|| panic!("{name}: {listing}"))
    };
    for (name, told) in [
        ("one", "-rw-r----- ? root root 300000"),
        ("soft", "lrwxrwxrwx ? "),
        ("copied", "-rw-r--r-- ? root root 300000"),
    ] {
        let words: Vec<&str> = line(name).split_whitespace().collect();
        assert!(words.join(" ").starts_with(told), "{name}: {listing}");
    }

    let space = play("df\n");
    let numbers: Vec<u64> = space
        .lines()
        .last()
        .unwrap()
        .split_whitespace()
        .filter_map(|word| word.parse().ok())
        .collect();
    assert!(
        numbers.len() >= 4 && numbers[0] >= numbers[2] && numbers[0] > 0,
        "{space}"
    );

    play(
        "mkdir sub\nmkdir sub/sub\nput one sub/sub/\ncd sub/sub\npwd\nget one again\ncd ..\ncd ..\n",
    );
    assert!(fs::read(local.path().join("again")).unwrap() == one);
    play("rm sub/sub/*\nrmdir sub/sub\nrmdir sub\nrm *\n");
    assert_eq!(served.names(), [""; 0]);
}

#[test]
fn what_is_refused_is_told_and_the_session_goes_on() {
    let served = Sftp::start();
    let local = tempfile::tempdir().unwrap();
    fs::write(local.path().join("file"), b"x").unwrap();
    fs::create_dir(served.path("full")).unwrap();
    served.write("full/file", b"y");
    for (script, words) in [
        ("get missing", "not found"),
        ("rm missing", "No such file"),
        ("rmdir full", "Failure"),
        ("mkdir full", "Failure"),
        ("put file missing/file", "No such file"),
        ("rename missing other", "No such file"),
        ("cd full/file", "not a directory"),
        ("ln full/file full/file", "Failure"),
        ("get /../../etc/passwd", "not found"),
    ] {
        let output = play(
            &mut served.openssh("sftp", Login::USUAL),
            &served,
            local.path(),
            &format!("{script}\n"),
        );
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success(), "{script}");
        assert!(said.contains(words), "{script}: {said}");
        let said = sftp(&served, local.path(), &format!("-{script}\npwd\n"));
        assert!(
            said.contains("Remote working directory: /"),
            "{script}: {said}"
        );
    }
    assert_eq!(served.names(), ["full"]);
}

#[test]
fn sessions_share_a_connection() {
    let served = Sftp::start();
    let local = tempfile::tempdir().unwrap();
    let control = format!("ControlPath={}", served.key("control").display());
    let mut master = served.openssh("ssh", Login::USUAL);
    let master = master
        .args(["-N", "-o", "ControlMaster=yes", "-o", &control])
        .arg(served.target());
    let mut master = master.spawn().unwrap();
    while !served.key("control").exists() {
        assert!(
            master.try_wait().unwrap().is_none(),
            "the first connection ended"
        );
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let whole = content(5, 1_000_003);
    fs::write(local.path().join("whole"), &whole).unwrap();
    std::thread::scope(|scope| {
        for number in 0..4 {
            let (served, local, control) = (&served, local.path(), &control);
            scope.spawn(move || {
                let mut command = served.openssh("sftp", Login::USUAL);
                let script = format!("put whole up{number}\nget up{number} down{number}\n");
                played(command.args(["-o", control]), served, local, &script);
            });
        }
    });
    for number in 0..4 {
        let down = fs::read(local.path().join(format!("down{number}"))).unwrap();
        assert!(
            served.read(&format!("up{number}")) == whole && down == whole,
            "{number}"
        );
    }
    master.kill().unwrap();
    master.wait().unwrap();
}
