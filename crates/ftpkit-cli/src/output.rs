//! What the commands print: a table for people, JSON lines for programs.
//! A reader that went away (a closed pipe) ends a command quietly and is no failure.

use std::io::{self, Write};

use anyhow::Context as _;
use ftpkit::{
    client::Entry,
    proto::{Text, facts::Kind},
};
use serde_json::Value;

/// Whether anybody still reads what is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    Listens,
    Gone,
}

/// Writes a piece of output, and makes sure of it where it is the last for a while.
pub(crate) fn put(out: &mut impl Write, bytes: &[u8], flush: bool) -> anyhow::Result<Reader> {
    let mut written = out.write_all(bytes);
    if flush {
        written = written.and_then(|()| out.flush());
    }
    match written {
        Ok(()) => Ok(Reader::Listens),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Gone),
        Err(error) => Err(error).context("cannot write to standard output"),
    }
}

/// Says something to whoever runs the command; nobody need be there to read it.
pub(crate) fn note(line: &str) {
    let line = line.replace(['\r', '\n'], " ");
    let _ = writeln!(io::stderr(), "ftpkit: {line}");
}

/// One entry as a JSON object in a line. What is not known is null; `prefix` is the path below
/// the listed directory.
///
/// `modified` is ISO 8601 as far as it is known, with a `Z` where it is in UTC; `permissions`
/// are the bits in octal.
pub(crate) fn json_line(prefix: &str, entry: &Entry) -> String {
    let text = |text: &Option<Text>| text.as_ref().map_or(Value::Null, |text| lossy(text).into());
    let kind = match entry.kind {
        Kind::File => "file",
        Kind::Directory | Kind::Current | Kind::Parent => "dir",
        Kind::Symlink => "symlink",
        _ => "other",
    };
    let fields: [(&str, Value); 8] = [
        ("name", format!("{prefix}{}", lossy(&entry.name())).into()),
        ("kind", kind.into()),
        ("size", entry.size.into()),
        (
            "modified",
            entry.modified.map(|time| time.to_string()).into(),
        ),
        (
            "permissions",
            entry.mode.map(|mode| format!("{mode:04o}")).into(),
        ),
        ("owner", text(&entry.owner())),
        ("group", text(&entry.group())),
        ("target", text(&entry.target())),
    ];
    // A map of serde_json would sort them; people read these lines too.
    let fields: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}\n", fields.join(","))
}

pub(crate) fn lossy(text: &Text) -> String {
    String::from_utf8_lossy(text.as_bytes()).into_owned()
}

/// The entries of one directory in aligned columns, by name.
pub(crate) fn table(entries: &mut [Entry]) -> String {
    entries.sort_by_cached_key(Entry::name);
    let rows: Vec<[String; 5]> = entries.iter().map(row).collect();
    let width = |column: usize| {
        rows.iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or(0)
    };
    let (owners, groups, sizes, times) = (width(1), width(2), width(3), width(4));
    let mut table = String::new();
    for (entry, [mode, owner, group, size, time]) in entries.iter().zip(&rows) {
        let mut line = mode.clone();
        let mut cell = |text: &str, width: usize, right: bool| {
            // A column that nobody fills is left out.
            if width > 0 {
                line.push_str(&if right {
                    format!(" {text:>width$}")
                } else {
                    format!(" {text:<width$}")
                });
            }
        };
        cell(owner, owners, false);
        cell(group, groups, false);
        cell(size, sizes, true);
        cell(time, times, false);
        line.push_str(&format!(" {}", entry.name()));
        if let Some(target) = entry.target() {
            line.push_str(&format!(" -> {target}"));
        }
        table.push_str(&line);
        table.push('\n');
    }
    table
}

/// Mode, owner, group, size and time.
fn row(entry: &Entry) -> [String; 5] {
    let shown = |text: &Option<Text>| text.as_ref().map_or_else(String::new, Text::to_string);
    [
        mode(entry),
        shown(&entry.owner()),
        shown(&entry.group()),
        entry.size.map_or_else(String::new, |size| size.to_string()),
        entry
            .modified
            .map_or_else(String::new, |time| time.to_string()),
    ]
}

/// The ten letters of `ls -l`; without known bits the first one alone.
fn mode(entry: &Entry) -> String {
    let kind = match entry.kind {
        Kind::File => '-',
        Kind::Directory | Kind::Current | Kind::Parent => 'd',
        Kind::Symlink => 'l',
        _ => '?',
    };
    let Some(mode) = entry.mode else {
        return kind.to_string();
    };
    format!("{kind}{}", permissions(mode))
}

/// The nine letters of `ls -l`.
pub(crate) fn permissions(mode: u16) -> String {
    let special = [(0o4000, 's'), (0o2000, 's'), (0o1000, 't')];
    let mut letters = String::with_capacity(9);
    for ((special, letter), shift) in special.into_iter().zip([6, 3, 0]) {
        let bits = mode >> shift;
        letters.push(if bits & 4 != 0 { 'r' } else { '-' });
        letters.push(if bits & 2 != 0 { 'w' } else { '-' });
        letters.push(match (mode & special != 0, bits & 1 != 0) {
            (true, true) => letter,
            (true, false) => letter.to_ascii_uppercase(),
            (false, true) => 'x',
            (false, false) => '-',
        });
    }
    letters
}

#[cfg(test)]
mod tests {
    use ftpkit::proto::{
        listing::{Dialect, Line, Parser},
        time::Civil,
    };
    use serde_json::{Value, json};

    use super::*;

    fn entries(dialect: Dialect, text: &str) -> Vec<Entry> {
        let mut parser = Parser::new(Some(dialect), Civil::date(2024, 6, 15).unwrap());
        parser.push(text.as_bytes());
        parser.finish();
        std::iter::from_fn(|| parser.next_line())
            .filter_map(Line::into_entry)
            .collect()
    }

    #[test]
    fn json_has_all_fields_and_null_for_what_is_not_known() {
        let full = "-rwsr-x--T 1 ana staff 1234 Jun 15 12:00 a \"b\"\n\
                    lrwxrwxrwx 1 ana staff 3 Jan  1  2020 link -> a/b\n";
        let parsed: Vec<Value> = entries(Dialect::Unix, full)
            .iter()
            .map(|entry| serde_json::from_str(&json_line("sub/", entry)).unwrap())
            .collect();
        assert_eq!(
            parsed[0],
            json!({
                "name": "sub/a \"b\"", "kind": "file", "size": 1234,
                "modified": "2024-06-15T12:00", "permissions": "5750",
                "owner": "ana", "group": "staff", "target": null,
            })
        );
        assert_eq!(parsed[1]["kind"], "symlink");
        assert_eq!(parsed[1]["target"], "a/b");
        let bare = entries(Dialect::Mlsx, "type=dir;modify=20240102030405; d\n");
        let parsed: Value = serde_json::from_str(&json_line("", &bare[0])).unwrap();
        assert_eq!(
            parsed,
            json!({
                "name": "d", "kind": "dir", "size": null, "modified": "2024-01-02T03:04:05Z",
                "permissions": null, "owner": null, "group": null, "target": null,
            })
        );
    }

    #[test]
    fn the_table_is_aligned_and_sorted() {
        let mut entries = entries(
            Dialect::Unix,
            "-rw-r--r-- 1 ana staff 5 Jun 15 12:00 b\n\
             drwxr-xr-x 2 bartholomew wheel 1234567 Jan  1  2020 a\n",
        );
        assert_eq!(
            table(&mut entries),
            "drwxr-xr-x bartholomew wheel 1234567 2020-01-01       a\n\
             -rw-r--r-- ana         staff       5 2024-06-15T12:00 b\n"
        );
    }

    #[test]
    fn columns_that_nobody_fills_are_left_out() {
        let mut entries = entries(Dialect::Mlsx, "type=file;size=3; x\ntype=dir; y\n");
        assert_eq!(table(&mut entries), "- 3 x\nd   y\n");
    }

    #[test]
    fn names_cannot_rewrite_the_terminal() {
        let mut entries = entries(Dialect::Mlsx, "type=file; a\u{1b}[2Jb\n");
        assert!(!table(&mut entries).contains('\u{1b}'));
    }

    #[test]
    fn special_bits_have_their_letters() {
        for (line, letters) in [
            ("-rwsr-x--T 1 a b 1 Jan  1  2020 x\n", "-rwsr-x--T"),
            ("drwxrwsrwt 1 a b 1 Jan  1  2020 x\n", "drwxrwsrwt"),
        ] {
            assert_eq!(mode(&entries(Dialect::Unix, line)[0]), letters);
        }
    }
}
