//! The commands that the README shows for FTPS, as a shell runs them.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use crate::run::ftpkit;

const README: &str = include_str!("../../../../README.md");
/// Where the server of the README listens; the test takes a free port.
const ADDRESS: &str = "127.0.0.1:2121";

fn lines() -> Vec<&'static str> {
    let (_, section) = README.split_once("\n## FTPS\n").unwrap();
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
    let lines = lines();
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
