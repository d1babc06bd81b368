//! The commands that the README shows for FTPS and SFTP, as a shell runs them.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use ftpkit::ssh::server::{HostKey, HostKeyKind};

use crate::run::ftpkit;

const README: &str = include_str!("../../../../README.md");
/// Where the server of the README listens; the test takes a free port.
const ADDRESS: &str = "127.0.0.1:2121";

fn lines(section: &str) -> Vec<&'static str> {
    let (_, section) = README.split_once(&format!("\n## {section}\n")).unwrap();
    let (_, block) = section.split_once("```sh\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    block.lines().collect()
}

fn shell(home: &Path, line: &str) -> Command {
    let binary = ftpkit().get_program().to_owned();
    let bin = Path::new(&binary).parent().unwrap();
    let path = std::env::var("PATH").unwrap();
    let mut command = Command::new("sh");
    command
        .args(["-c", line])
        .env("HOME", home)
        .env_remove("XDG_STATE_HOME")
        .env("PATH", format!("{}:{path}", bin.display()))
        .current_dir(home);
    command
}

#[test]
fn the_commands_for_ftps_run_as_written() {
    let home = tempfile::tempdir().unwrap();
    std::fs::create_dir(home.path().join("shared")).unwrap();
    std::fs::write(home.path().join("shared/a.txt"), b"hello").unwrap();
    let lines = lines("FTPS");
    let serve = format!("exec {} --listen 127.0.0.1:0", lines[0]);
    let mut server = shell(home.path(), &serve)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut address = None;
    for line in BufReader::new(server.stdout.as_mut().unwrap()).lines() {
        let line = line.unwrap();
        if let Some(url) = line.strip_prefix("listening on ftpes://") {
            address = Some(url.trim_end_matches('/').to_owned());
        }
        if line.starts_with("try: ") {
            break;
        }
    }
    let address = address.unwrap();
    let mut shown = 0;
    for line in &lines[1..] {
        assert!(line.contains(ADDRESS), "{line}");
        if line.starts_with("curl") && Command::new("curl").arg("-V").output().is_err() {
            continue;
        }
        let done = shell(home.path(), &line.replace(ADDRESS, &address))
            .output()
            .unwrap();
        assert!(done.status.success(), "{line}: {done:?}");
        shown += usize::from(String::from_utf8_lossy(&done.stdout).contains("a.txt"));
    }
    server.kill().unwrap();
    server.wait().unwrap();
    // By ls, and by curl where it is there; probe names no files but tells of them.
    assert!(shown >= 1);
}

#[test]
fn the_commands_for_sftp_run_as_written() {
    let home = tempfile::tempdir().unwrap();
    let keys = home.path().join(".ssh");
    let shared = home.path().join("shared");
    std::fs::create_dir(&shared).unwrap();
    std::fs::create_dir(&keys).unwrap();
    std::fs::write(shared.join("big.iso"), b"hello").unwrap();
    // What begins on this side of the wire is resumed.
    std::fs::write(home.path().join("big.iso"), b"hel").unwrap();
    let key = HostKey::load_or_create(keys.join("id_ed25519"), HostKeyKind::Ed25519).unwrap();
    std::fs::write(keys.join("id_ed25519.pub"), key.public_key()).unwrap();

    let lines = lines("SFTP");
    let address = "127.0.0.1:2222";
    assert!(lines[0].contains(address));
    let serve = lines[0].replace(address, "127.0.0.1:0");
    let mut server = shell(home.path(), &format!("exec {serve}"))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(server.stdout.as_mut().unwrap()).lines();
    let found = told.find_map(|line| {
        let line = line.unwrap();
        let url = line.strip_prefix("listening on sftp://")?;
        Some(url.trim_end_matches('/').to_owned())
    });
    let found = found.unwrap();
    let run = |line: &str| {
        let done = shell(home.path(), &line.replace(address, &found))
            .env_remove("SSH_AUTH_SOCK")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        assert!(done.status.success(), "{line}: {done:?}");
        String::from_utf8(done.stdout).unwrap()
    };
    // Who asks nobody must say so at the first use.
    run(&format!(
        "ftpkit ls sftp://ana@{address}/ --accept-new-host-key"
    ));
    let (get, probe) = (lines[2], lines[3]);
    run(get);
    let got = std::fs::read(home.path().join("big.iso")).unwrap();
    assert_eq!(got, b"hello");
    let probed = run(probe);
    assert!(probed.contains(r#""trusted":{"result":"yes"}"#), "{probed}");
    assert_eq!(lines.len(), 4, "the second needs a person");
    server.kill().unwrap();
    server.wait().unwrap();
}
