//! Both ways to read a directory, beside each other.

use std::{collections::BTreeMap, fs, io};

use cap_std::{ambient_authority, fs::Dir};
use ftpkit_storage::{Kind, Metadata};

use super::portable;

/// A directory with a bit of everything, and more than one buffer of it.
fn directory() -> (tempfile::TempDir, Dir) {
    let there = tempfile::tempdir().unwrap();
    for number in 0..700 {
        fs::write(there.path().join(format!("file-{number}")), b"12345").unwrap();
    }
    fs::create_dir(there.path().join("directory")).unwrap();
    fs::write(there.path().join("n".repeat(250)), b"").unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("file-1", there.path().join("link")).unwrap();
    let dir = Dir::open_ambient_dir(there.path(), ambient_authority()).unwrap();
    (there, dir)
}

type Found = BTreeMap<Vec<u8>, Metadata>;

/// Gathers what a reader gives, by its names alone and with what is known.
macro_rules! gather {
    ($reader:ty, $dir:expr) => {{
        let dir: &Dir = $dir;
        let (mut found, mut names) = (Found::new(), Vec::new());
        let mut reader = <$reader>::open(dir, 100).unwrap();
        let mut calls = 1;
        while reader
            .entries(dir, |name, known: io::Result<Metadata>| {
                assert!(found.insert(name.to_vec(), known.unwrap()).is_none());
            })
            .unwrap()
        {
            calls += 1;
        }
        assert!(calls > 3, "all at once");
        let mut reader = <$reader>::open(dir, 100).unwrap();
        while reader.names(|name| names.push(name.to_vec())).unwrap() {}
        names.sort();
        assert!(names.iter().eq(found.keys()));
        found
    }};
}

#[test]
fn all_entries_are_found_once() {
    let (_there, dir) = directory();
    let found = gather!(portable::Reader, &dir);
    assert_eq!(found.len(), if cfg!(unix) { 703 } else { 702 });
    assert_eq!(found[&b"file-699"[..]].size, Some(5));
    assert_eq!(found[&b"directory"[..]].kind, Kind::Directory);
}

#[cfg(target_os = "linux")]
#[test]
fn both_ways_know_the_same() {
    let (_there, dir) = directory();
    let (one, other) = (
        gather!(portable::Reader, &dir),
        gather!(super::linux::Reader, &dir),
    );
    assert_eq!(one.len(), other.len());
    for (name, metadata) in one {
        let name_shown = String::from_utf8_lossy(&name).into_owned();
        assert_eq!(other[&name], metadata, "{name_shown}");
    }
}
