//! A directory of a million entries: a client sees them all, and the server's memory stays.

use std::{fs, process::Stdio, thread};

use super::served::{Login, Sftp};

const ENTRIES: usize = 1_000_000;
/// How far the server's memory may grow, in KiB.
const GROWTH: u64 = 16 * 1024;

/// The most memory that the process has had, in KiB.
fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let word = line.unwrap().trim().trim_end_matches(" kB");
    word.parse().unwrap()
}

#[test]
fn a_million_entries_are_listed_in_little_memory() {
    // In memory: a disk would take minutes to make and to remove them.
    let root = tempfile::tempdir_in("/dev/shm").unwrap();
    thread::scope(|scope| {
        for half in 0..2 {
            let root = root.path();
            scope.spawn(move || {
                for number in (half..ENTRIES).step_by(2) {
                    fs::File::create(root.join(format!("entry-{number:07}"))).unwrap();
                }
            });
        }
    });
    let served = Sftp::over(root);
    let list = |path: &str| {
        let mut command = served.openssh("sftp", Login::USUAL);
        command.args(["-b", "-"]).arg(served.target());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let script = format!("ls -1f {path}\n");
        std::io::Write::write_all(&mut child.stdin.take().unwrap(), script.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    };
    // Once, so that what every session needs is there.
    assert!(list("entry-0000000").status.success());
    let before = peak(served.process());
    let output = list("");
    assert!(output.status.success(), "{}", output.status);
    let mut seen = vec![false; ENTRIES];
    for line in String::from_utf8(output.stdout).unwrap().lines() {
        let number = line
            .trim_end()
            .strip_prefix("entry-")
            .map(str::parse::<usize>);
        if let Some(Ok(number)) = number {
            assert!(!seen[number], "{line} comes twice");
            seen[number] = true;
        }
    }
    let missing = seen.iter().filter(|seen| !**seen).count();
    assert_eq!(missing, 0, "entries that are not listed");
    let grown = peak(served.process()) - before;
    assert!(grown < GROWTH, "the server's memory grew by {grown} KiB");
}
