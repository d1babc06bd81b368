//! Trees of files to be moved about, and their comparison byte by byte.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// Bytes that look random, differ by seed, and hold every byte value, IAC and line ends too.
pub(crate) fn content(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}

/// Names that have broken clients and servers.
pub(crate) const NAMES: &[&str] = &[
    "plain.txt",
    "with space",
    " leading space",
    "quote\"inside",
    "apostrophe's",
    "ümläut-日本語",
    "semi;colon=x",
    "percent%41",
    "[brackets]",
    "-dash",
    "per.cent & amp",
    "#hash",
    ".hidden",
];

/// Makes a tree with the names above, empty files and directories, and sizes up to `largest`.
pub(crate) fn make(root: &Path, largest: usize) {
    fs::create_dir_all(root.join("deep/er/est")).unwrap();
    fs::create_dir_all(root.join("empty directory")).unwrap();
    fs::create_dir_all(root.join("dir with \"quotes\" é")).unwrap();
    for (seed, name) in NAMES.iter().enumerate() {
        fs::write(root.join(name), content(seed as u64, 100 + seed)).unwrap();
    }
    for (seed, size) in [0, 1, 511, 4096, 65_536, 1_000_003, largest]
        .into_iter()
        .enumerate()
    {
        let path = root.join("deep/er").join(format!("{size}.bin"));
        fs::write(path, content(1000 + seed as u64, size)).unwrap();
    }
    fs::write(root.join("deep/er/est/crlf"), b"a\r\nb\nc\xff\xff\r\n").unwrap();
    fs::write(root.join("dir with \"quotes\" é/file"), b"x").unwrap();
    // A whole second in the past, since a listing tells no finer.
    let then = UNIX_EPOCH + Duration::from_secs(1_600_000_000);
    for path in files(root).keys() {
        let file = fs::File::options()
            .append(true)
            .open(root.join(path))
            .unwrap();
        file.set_modified(then).unwrap();
    }
}

/// All files below `root` with their contents, and directories with `None`.
pub(crate) fn walk(root: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    fn visit(root: &Path, at: &Path, found: &mut BTreeMap<PathBuf, Option<Vec<u8>>>) {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_owned();
            if path.is_dir() {
                found.insert(name, None);
                visit(root, &path, found);
            } else {
                found.insert(name, Some(fs::read(&path).unwrap()));
            }
        }
    }
    let mut found = BTreeMap::new();
    visit(root, root, &mut found);
    found
}

fn files(root: &Path) -> BTreeMap<PathBuf, SystemTime> {
    walk(root)
        .into_iter()
        .filter(|(_, content)| content.is_some())
        .map(|(path, _)| {
            let modified = fs::metadata(root.join(&path)).unwrap().modified().unwrap();
            (path, modified)
        })
        .collect()
}

/// Fails unless both trees hold the same names and bytes.
#[track_caller]
pub(crate) fn assert_same(left: &Path, right: &Path) {
    let (a, b) = (walk(left), walk(right));
    let names = |tree: &BTreeMap<PathBuf, _>| tree.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&a), names(&b), "the names differ");
    for (path, content) in &a {
        // Not assert_eq: a failure must not print megabytes.
        assert!(content == &b[path], "the content of {path:?} differs");
    }
}

/// Fails unless both trees' files were modified in the same second.
#[track_caller]
pub(crate) fn assert_same_times(left: &Path, right: &Path) {
    let seconds = |time: &SystemTime| time.duration_since(UNIX_EPOCH).unwrap().as_secs();
    let (a, b) = (files(left), files(right));
    for (path, modified) in &a {
        assert_eq!(
            seconds(modified),
            seconds(&b[path]),
            "the time of {path:?} differs"
        );
    }
}
