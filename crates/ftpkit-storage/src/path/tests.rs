use proptest::prelude::*;

use super::*;

fn path(text: &str) -> VirtualPath {
    VirtualPath::try_from(text).unwrap()
}

#[test]
fn joins() {
    for (cwd, argument, expected) in [
        ("/", "", "/"),
        ("/", "/", "/"),
        ("/", ".", "/"),
        ("/", "..", "/"),
        ("/", "../../..", "/"),
        ("/a", "", "/a"),
        ("/a", "b", "/a/b"),
        ("/a", "b/", "/a/b"),
        ("/a", "//b", "/b"),
        ("/a", "b//c", "/a/b/c"),
        ("/a", "./b/.", "/a/b"),
        ("/a", "..", "/"),
        ("/a/b", "../c", "/a/c"),
        ("/a/b", "../../../c", "/c"),
        ("/a", "b/../../c/d/..", "/c"),
        ("/a", "~", "/a/~"),
        ("/a", "~root", "/a/~root"),
        ("/a", "..\\..\\b", "/a/..\\..\\b"),
        ("/a", "...", "/a/..."),
        ("/a", " b ", "/a/ b "),
        ("/a", "-la", "/a/-la"),
        ("/a", "C:\\x", "/a/C:\\x"),
    ] {
        assert_eq!(
            path(cwd).join(argument.as_bytes()).unwrap(),
            VirtualPath(Bytes::from_static(expected.as_bytes())),
            "{argument:?} onto {cwd:?}"
        );
    }
}

#[test]
fn refuses() {
    let name = [b'a'; VirtualPath::MAX_COMPONENT];
    let mut long = Vec::new();
    while long.len() + name.len() < VirtualPath::MAX_LEN {
        long.push(b'/');
        long.extend_from_slice(&name);
    }
    let full = VirtualPath::root().join(&long).unwrap();
    assert_eq!(full.as_bytes().len(), VirtualPath::MAX_LEN);
    assert_eq!(full.join(b"b"), Err(PathError::TooLong));
    assert_eq!(full.child(b"b"), Err(PathError::TooLong));
    assert_eq!(path("/b").under(&full), Err(PathError::TooLong));
    long.push(b'/');
    assert_eq!(VirtualPath::root().join(&long), Err(PathError::TooLong));

    let longer = [b'a'; VirtualPath::MAX_COMPONENT + 1];
    assert_eq!(path("/").join(&longer), Err(PathError::ComponentTooLong));
    assert_eq!(path("/").child(&longer), Err(PathError::ComponentTooLong));
    for (bytes, byte, at) in [(&b"a\0"[..], 0, 1), (b"\r", 13, 0), (b"ab\nc", 10, 2)] {
        let error = Err(PathError::Forbidden { byte, at });
        assert_eq!(path("/").join(bytes), error);
        assert_eq!(path("/").child(bytes), error);
    }
    for name in [&b""[..], b".", b"..", b"a/b", b"/"] {
        assert_eq!(path("/a").child(name), Err(PathError::NotAName));
    }
}

#[test]
fn takes_apart() {
    let deep = path("/a/b c/d");
    assert_eq!(deep.file_name(), Some(&b"d"[..]));
    assert_eq!(deep.parent(), Some(path("/a/b c")));
    assert_eq!(path("/a").parent(), Some(path("/")));
    assert_eq!(path("/").parent(), None);
    assert_eq!(path("/").file_name(), None);
    assert_eq!(path("/").components().count(), 0);
    assert_eq!(
        deep.components().collect::<Vec<_>>(),
        [&b"a"[..], b"b c", b"d"]
    );
    assert!(deep.starts_with(&path("/a")));
    assert!(deep.starts_with(&deep));
    assert!(!path("/ab").starts_with(&path("/a")));
    assert_eq!(deep.strip_prefix(&path("/a")), Some(path("/b c/d")));
    assert_eq!(deep.strip_prefix(&deep), Some(path("/")));
    assert_eq!(deep.strip_prefix(&path("/")), Some(deep.clone()));
    assert_eq!(path("/ab").strip_prefix(&path("/a")), None);
}

#[test]
fn shows_names_that_would_rewrite_a_log_escaped() {
    let odd = VirtualPath::root()
        .join(b"a\x1b[2J\xff\xe2\x80\xae")
        .unwrap();
    assert_eq!(odd.to_string(), "/a\\u{1b}[2J\\xff\\u{202e}");
}

/// Bytes in which the ones that matter are frequent.
fn argument() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => Just(b"/".to_vec()),
        4 => Just(b"..".to_vec()),
        2 => Just(b".".to_vec()),
        2 => Just(b"a".to_vec()),
        1 => any::<Vec<u8>>(),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn any_argument_stays_inside(cwd in argument(), bytes in argument()) {
        let cwd = VirtualPath::root().join(&cwd).unwrap_or_else(|_| VirtualPath::root());
        let Ok(joined) = cwd.join(&bytes) else { return Ok(()) };
        prop_assert!(joined.as_bytes().starts_with(b"/"));
        prop_assert!(joined.is_root() || !joined.as_bytes().ends_with(b"/"));
        prop_assert!(joined.as_bytes().len() <= VirtualPath::MAX_LEN);
        for component in joined.components() {
            prop_assert!(check_name(component).is_ok());
        }
        // Normalised already: resolving it again changes nothing, wherever it is done.
        prop_assert_eq!(&cwd.join(joined.as_bytes()).unwrap(), &joined);
        prop_assert_eq!(&joined.join(b"").unwrap(), &joined);
        // And built up from its parts it is the same path.
        let mut built = VirtualPath::root();
        for component in joined.components() {
            built = built.child(component).unwrap();
        }
        prop_assert_eq!(&built, &joined);
        if let Some(parent) = joined.parent() {
            prop_assert_eq!(&parent.child(joined.file_name().unwrap()).unwrap(), &joined);
        }
        if let Ok(moved) = joined.under(&cwd) {
            prop_assert_eq!(moved.strip_prefix(&cwd), Some(joined));
        }
    }
}
