//! ls, for people and for programs.

use std::fs;

use serde_json::Value;

use crate::run::Server;

fn json(text: &str) -> Vec<Value> {
    let mut lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    lines.sort_by_key(|line| line["name"].as_str().unwrap().to_owned());
    lines
}

fn names(text: &str) -> Vec<String> {
    let name = |line: &Value| line["name"].as_str().unwrap().to_owned();
    json(text).iter().map(name).collect()
}

fn tree() -> Server {
    let server = Server::open();
    fs::create_dir_all(server.root.join("sub/deep")).unwrap();
    fs::write(server.root.join("a b"), b"hello").unwrap();
    fs::write(server.root.join(".hidden"), b"").unwrap();
    fs::write(server.root.join("sub/deep/x"), b"x").unwrap();
    server
}

#[test]
fn json_has_one_object_a_line_with_all_fields() {
    let server = tree();
    let text = server.run(&["ls", "--json", &server.url("")]).text();
    let lines = json(&text);
    assert_eq!(names(&text), [".hidden", "a b", "sub"]);
    for line in &lines {
        let mut keys: Vec<_> = line.as_object().unwrap().keys().collect();
        keys.sort();
        let expected = [
            "group",
            "kind",
            "modified",
            "name",
            "owner",
            "permissions",
            "size",
            "target",
        ];
        assert_eq!(keys, expected);
    }
    assert_eq!(
        (&lines[1]["kind"], &lines[1]["size"]),
        (&"file".into(), &5.into())
    );
    assert!(lines[1]["modified"].as_str().unwrap().ends_with('Z'));
    assert_eq!(lines[2]["kind"], "dir");
    #[cfg(unix)]
    assert_eq!(lines[1]["permissions"].as_str().unwrap().len(), 4);
}

#[test]
fn a_walk_has_what_is_below() {
    let server = tree();
    let text = server.run(&["ls", "-R", "--json", &server.url("")]).text();
    assert_eq!(
        names(&text),
        [".hidden", "a b", "sub", "sub/deep", "sub/deep/x"]
    );
    let text = server
        .run(&["ls", "-R", "--json", &server.url("sub/")])
        .text();
    assert_eq!(names(&text), ["deep", "deep/x"]);
    let text = server.run(&["ls", "-R", &server.url("")]).text();
    for part in [".:\n", "\nsub:\n", "\nsub/deep:\n", " x\n"] {
        assert!(text.contains(part), "{text}");
    }
}

#[test]
fn people_get_a_table() {
    let server = tree();
    let text = server.run(&["ls", &server.url("")]).text();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(
        lines[1].ends_with(" a b") && lines[1].starts_with('-'),
        "{text}"
    );
    assert!(
        lines[2].ends_with(" sub") && lines[2].starts_with('d'),
        "{text}"
    );
}

#[test]
fn one_file_and_an_empty_directory() {
    let server = tree();
    let text = server
        .run(&["ls", "--json", &server.url("sub/deep/x")])
        .text();
    assert_eq!(names(&text), ["x"]);
    fs::create_dir(server.root.join("none")).unwrap();
    assert_eq!(server.run(&["ls", &server.url("none")]).text(), "");
    let line = server.run(&["ls", &server.url("nope")]).failed();
    assert!(line.contains("nope") && line.contains("550 "), "{line}");
}

#[cfg(unix)]
#[test]
fn a_link_is_told_as_one_and_not_followed() {
    let server = tree();
    std::os::unix::fs::symlink(".", server.root.join("loop")).unwrap();
    let text = server.run(&["ls", "-R", "--json", &server.url("")]).text();
    assert!(
        !names(&text).iter().any(|name| name.starts_with("loop/")),
        "{text}"
    );
}
