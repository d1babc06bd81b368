//! inspect, whatever is inspected: where the input comes from, when the output goes out, and
//! that any bytes give JSON lines and nothing else.

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    path::Path,
    process::Stdio,
    thread,
};

use proptest::{prelude::*, test_runner::Config};
use serde_json::Value;

use crate::run::{ftpkit, run, run_with};

/// The arguments of each kind, with this input.
pub(crate) fn kinds(input: &str) -> [Vec<&str>; 4] {
    [
        vec!["inspect", "listing", "--today", "2024-06-15", input],
        vec!["inspect", "reply", input],
        vec!["inspect", "command", input],
        vec!["inspect", "transcript", input],
    ]
}

/// What this input on standard input gives, line by line.
#[track_caller]
pub(crate) fn inspect(args: &[&str], input: &[u8]) -> Vec<Value> {
    let args = [&["inspect"], args].concat();
    let text = run_with(Path::new("."), &args, input).text();
    text.lines()
        .map(|line| {
            let value: Value = serde_json::from_str(line).unwrap_or_else(|e| panic!("{line}: {e}"));
            assert!(value.is_object(), "{line}");
            value
        })
        .collect()
}

#[test]
fn input_that_cannot_be_read_is_a_failure() {
    let dir = tempfile::tempdir().unwrap();
    for args in kinds("nope") {
        let line = run(dir.path(), &args).failed();
        assert!(line.starts_with("cannot read nope: "), "{line}");
    }
    for args in kinds(".") {
        let line = run(dir.path(), &args).failed();
        assert!(line.starts_with("cannot read .: "), "{line}");
    }
}

#[test]
fn a_file_and_standard_input_give_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let input = b"220 Hi\r\nUSER ana\n-rw-r--r-- 1 a b 5 Jun 15 12:00 x\nC: NOOP";
    fs::write(dir.path().join("file"), input).unwrap();
    for (file, dash) in kinds("file").into_iter().zip(kinds("-")) {
        let text = run(dir.path(), &file).text();
        assert!(!text.is_empty());
        assert_eq!(run_with(dir.path(), &dash, input).text(), text);
        if file[1] != "transcript" {
            let bare: Vec<&str> = dash.iter().copied().filter(|arg| *arg != "-").collect();
            assert_eq!(run_with(dir.path(), &bare, input).text(), text);
        }
    }
}

#[test]
fn nothing_gives_nothing() {
    for args in kinds("-") {
        assert_eq!(run_with(Path::new("."), &args, b"").text(), "");
    }
}

#[test]
fn usage_errors_name_what_there_is() {
    for (args, words) in [
        (&["inspect", "listing", "--dialect", "klingon"][..], "unix"),
        (&["inspect", "listing", "--today", "tomorrow"], "YYYY-MM-DD"),
        (&["inspect", "transcript"], "FILE"),
        (&["inspect", "soul"], "soul"),
    ] {
        let done = run(Path::new("."), args);
        assert_eq!(done.code, Some(2), "{done:?}");
        assert!(done.err.contains(words), "{}", done.err);
    }
}

/// Lines go out before the next ones come in.
#[test]
fn output_does_not_wait_for_the_end_of_the_input() {
    let lines = ["type=file;size=1; a\n", "220 Hi\n", "NOOP\n", "C: NOOP\n"];
    for (mut args, line) in kinds("-").into_iter().zip(lines) {
        if args[1] == "listing" {
            args.extend(["--dialect", "mlsx"]);
        }
        let mut child = ftpkit()
            .args(&args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        for _ in 0..3 {
            input.write_all(line.as_bytes()).unwrap();
            let mut read = String::new();
            output.read_line(&mut read).unwrap();
            assert!(read.ends_with("}\n"), "{args:?}: {read:?}");
        }
        drop(input);
        assert!(child.wait().unwrap().success());
    }
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    for args in kinds("-") {
        let mut child = ftpkit()
            .args(&args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let mut input = child.stdin.take().unwrap();
        // The command ends in the midst of this.
        let writer = thread::spawn(move || while input.write_all(b"220 Hi\n").is_ok() {});
        assert!(child.wait().unwrap().success(), "{args:?}");
        writer.join().unwrap();
        let mut said = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert_eq!(said, "");
    }
}

/// No line of the input is kept whole, and none is lost but in its length.
#[test]
fn lines_without_end_are_cut() {
    let mut input = vec![b'x'; 3 << 20];
    input.extend_from_slice(b"\r\n220 Hi\r\n");
    input.extend_from_slice(&vec![0; 1 << 20]);
    for args in kinds("-") {
        let lines = inspect(&args[1..], &input);
        assert_eq!(lines.len(), 3, "{args:?}");
        for at in [0, 2] {
            let reason = lines[at]["reason"].as_str().unwrap();
            assert!(reason.contains("longer than the limit"), "{reason}");
            assert!(lines[at]["unparsed"].as_str().unwrap().len() <= 64 << 10);
        }
    }
}

fn any_lines() -> impl Strategy<Value = Vec<u8>> {
    let words = prop::sample::select(vec![
        "C: ",
        "S: ",
        "> ",
        "< ",
        "220 ",
        "211-",
        "PASS ",
        "RETR ",
        "PORT 1,2,3,4,5,6",
        "type=file;",
        "-rw-r--r-- 1 a b 5 Jun 15 12:00 ",
        "06-15-24 12:00PM <DIR> ",
        "\r\n",
        "\n",
        " -> ",
        "227 (1,2,3,4,5,6)",
        "\"",
        "\\",
    ]);
    let piece = prop_oneof![
        words.prop_map(|word| word.as_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..12),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(Config { cases: 24, failure_persistence: None, ..Config::default() })]

    #[test]
    fn any_bytes_give_lines_of_json(input in any_lines()) {
        for args in kinds("-") {
            let lines = inspect(&args[1..], &input);
            let ends = input.iter().filter(|b| **b == b'\n').count();
            // Nothing is told twice: at most an object a line, and one for the end.
            prop_assert!(lines.len() <= ends + 2, "{args:?}");
        }
    }
}
