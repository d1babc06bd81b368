//! The manual tells the truth where that can be checked: the tests and files that it names are
//! there, and its tables of defaults are those of the code.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use ftpkit_proto::{client, server};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The text of the documentation comments of a file of the core, or of SFTP over SSH.
fn page(name: &str) -> String {
    let file = match name.strip_prefix("ssh/") {
        Some(name) => root().join("crates/ftpkit-ssh/src").join(name),
        None => root().join("crates/ftpkit-proto/src").join(name),
    };
    let text = fs::read_to_string(file).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix("//!"));
    lines
        .map(|line| format!("{}\n", line.strip_prefix(' ').unwrap_or(line)))
        .collect()
}

fn pages() -> Vec<(&'static str, String)> {
    [
        "lib.rs",
        "manual.rs",
        "manual/defaults.rs",
        "manual/interoperability.rs",
        "manual/vulnerabilities.rs",
        "ssh/manual.rs",
    ]
    .map(|name| (name, page(name)))
    .into()
}

/// Every file of Rust in the project, relative to its root.
fn sources() -> Vec<PathBuf> {
    let root = root();
    let mut found = Vec::new();
    let mut left = ["benches", "crates", "examples", "fuzz"]
        .map(|dir| root.join(dir))
        .to_vec();
    while let Some(directory) = left.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if !path.ends_with("target") {
                    left.push(path);
                }
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                found.push(path.strip_prefix(&root).unwrap().to_owned());
            }
        }
    }
    found
}

/// The names of all functions that are marked as tests.
fn tests() -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in sources() {
        let text = fs::read_to_string(root().join(file)).unwrap();
        let mut is_marked = false;
        for line in text.lines().map(str::trim) {
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                is_marked = true;
            } else if let Some(name) = function(line) {
                if is_marked {
                    found.insert(name.to_owned());
                }
                is_marked = false;
            }
        }
    }
    found
}

fn function(line: &str) -> Option<&str> {
    let line = line.strip_prefix("async ").unwrap_or(line);
    line.strip_prefix("fn ")?.split(['(', '<']).next()
}

/// What stands between backticks, without code blocks and links.
fn quoted(page: &str) -> Vec<&str> {
    let mut quoted = Vec::new();
    for (at, block) in page.split("```").enumerate() {
        if at % 2 == 0 {
            for (at, part) in block.split('`').enumerate() {
                if at % 2 == 1 {
                    quoted.push(part);
                }
            }
        }
    }
    quoted
}

/// Three words or more with underscores between them, as no item of the core is named that is
/// not linked.
fn looks_like_a_test(word: &str) -> bool {
    word.split('_').count() >= 3
        && word
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

#[test]
fn every_test_that_the_manual_names_is_there() {
    let tests = tests();
    assert!(tests.contains("every_test_that_the_manual_names_is_there"));
    for (name, page) in pages() {
        // What is linked is an item, and rustdoc's to check.
        let linked: BTreeSet<&str> = page
            .split("[`")
            .skip(1)
            .filter_map(|rest| rest.split('`').next())
            .collect();
        let mut named = 0;
        for word in quoted(&page) {
            if looks_like_a_test(word) && !linked.contains(word) {
                assert!(tests.contains(word), "{name} names the test {word}");
                named += 1;
            }
        }
        let at_least = if name.contains('/') && name != "manual/defaults.rs" {
            20
        } else {
            0
        };
        assert!(named >= at_least, "{name} names {named} tests");
    }
}

#[test]
fn every_file_that_the_manual_names_is_there() {
    let sources = sources();
    for (name, page) in pages() {
        for word in quoted(&page) {
            if word.contains('/') && word.starts_with("examples") || word.ends_with(".rs") {
                let there =
                    root().join(word).exists() || sources.iter().any(|file| file.ends_with(word));
                assert!(there, "{name} names the file {word}");
            }
        }
    }
}

/// The rows of the tables behind a heading: the name in the first column, the value in the next.
fn rows(page: &str, heading: &str) -> BTreeMap<String, String> {
    let (_, section) = page.split_once(&format!("\n# {heading}\n")).unwrap();
    let section = section.split("\n# ").next().unwrap();
    let mut rows = BTreeMap::new();
    for line in section.lines().filter(|line| line.starts_with("| [`")) {
        let mut cells = line.split('|').skip(1).map(str::trim);
        let name = cells
            .next()
            .unwrap()
            .trim_start_matches("[`")
            .split('`')
            .next()
            .unwrap();
        let value = cells.next().unwrap().trim_matches('`');
        assert!(cells.clone().count() >= 2, "{line}");
        let before = rows.insert(name.to_owned(), value.to_owned());
        assert_eq!(before, None, "{name} has two rows");
    }
    rows
}

/// The fields of a value as `{:#?}` shows it, those of a field by the names of both.
fn fields(shown: &str) -> BTreeMap<String, String> {
    let (mut fields, mut outer) = (BTreeMap::new(), Vec::new());
    for line in shown.lines().skip(1) {
        let line = line.trim().trim_end_matches(',');
        match line.split_once(": ") {
            Some((name, value)) if value.ends_with('{') => outer.push(name),
            Some((name, value)) => {
                let name = [&outer[..], &[name]].concat().join(".");
                fields.insert(name, value.to_owned());
            }
            None => drop(outer.pop()),
        }
    }
    fields
}

#[test]
fn every_setting_has_a_row_with_its_default() {
    let page = page("manual/defaults.rs");
    for (heading, shown, at_least) in [
        (
            "The server",
            format!("{:#?}", server::Config::default()),
            15,
        ),
        (
            "The client",
            format!("{:#?}", client::Config::default()),
            15,
        ),
        (
            "The relay",
            format!("{:#?}", client::RelayConfig::default()),
            5,
        ),
    ] {
        let (rows, fields) = (rows(&page, heading), fields(&shown));
        assert!(fields.len() >= at_least, "{shown}");
        assert_eq!(rows, fields, "{heading}");
    }
}
