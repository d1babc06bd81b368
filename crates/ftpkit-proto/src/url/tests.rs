use std::{format, string::ToString};

use proptest::prelude::*;

use super::*;

fn url(text: &str) -> Url {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn path(text: &str) -> Option<Vec<u8>> {
    url(text).path().map(|path| path.as_bytes().to_vec())
}

#[test]
fn the_parts_are_told_apart() {
    let found = url("FTPES://anna:s%3Ae%20c@ret@[2001:db8::1]:2121/a/b%20c/d;type=A");
    assert_eq!(found.scheme(), Scheme::Ftpes);
    assert_eq!(found.user(), Some(&Text::from_static("anna")));
    assert_eq!(found.password(), Some(&Secret::from_static("s:e c@ret")));
    assert_eq!(found.host(), &Host::Ip("2001:db8::1".parse().unwrap()));
    assert_eq!(found.host().to_string(), "2001:db8::1");
    assert_eq!(found.port(), Some(2121));
    assert_eq!(found.path(), Some(&PathArg::from_static("a/b c/d")));
    let names: Vec<&[u8]> = found.components().collect();
    assert_eq!(names, [&b"a"[..], b"b c", b"d"]);
    assert_eq!(found.transfer_type(), Some(TransferType::Ascii));
    assert!(!found.is_absolute() && !found.is_directory());
}

#[test]
fn what_is_not_written_has_a_default() {
    for (text, port) in [
        ("ftp://h", 21),
        ("ftps://h", 990),
        ("ftpes://h", 21),
        ("sftp://h", 22),
        ("ftp://h:/", 21),
        ("ftp://h:1", 1),
        ("ftp://[::1]", 21),
        ("ftp://[::1]:65535/x", 65535),
    ] {
        let found = url(text);
        assert_eq!(found.port_or_default(), port, "{text}");
        assert_eq!((found.user(), found.password()), (None, None));
        assert_eq!(found.transfer_type(), None);
    }
    let found = url("ftp://u:@h");
    assert_eq!(found.password(), Some(&Secret::from_static("")));
    assert_eq!(url("ftp://u@h").password(), None);
    assert_eq!(
        url("ftp://192.0.2.1").host(),
        &Host::Ip("192.0.2.1".parse().unwrap())
    );
    assert_eq!(
        url("ftp://a_B-c.Example.").host(),
        &Host::Name("a_b-c.example.".into())
    );
}

#[test]
fn paths_are_relative_unless_they_begin_with_an_encoded_slash() {
    for (text, expected, absolute, directory) in [
        ("ftp://h", None, false, true),
        ("ftp://h/", None, false, true),
        ("ftp://h/a", Some(&b"a"[..]), false, false),
        ("ftp://h/a/", Some(b"a/"), false, true),
        ("ftp://h/a//b", Some(b"a/b"), false, false),
        ("ftp://h/%2F", Some(b"/"), true, true),
        ("ftp://h/%2f", Some(b"/"), true, true),
        ("ftp://h/%2Fetc/motd", Some(b"/etc/motd"), true, false),
        ("ftp://h/%2F/etc//", Some(b"/etc/"), true, true),
        ("ftp://h//etc/motd", Some(b"/etc/motd"), true, false),
        ("ftp://h/a%2Fb", Some(b"a/b"), false, false),
        ("ftp://h/%61%20b", Some(b"a b"), false, false),
        ("ftp://h/a b?c&d", Some(b"a b?c&d"), false, false),
        ("ftp://h/%ff%FE", Some(b"\xff\xfe"), false, false),
        ("ftp://h/\u{e9}", Some(b"\xc3\xa9"), false, false),
        ("ftp://h/..", Some(b".."), false, false),
        ("ftp://h/a@b:c", Some(b"a@b:c"), false, false),
        ("ftp://h/a;b", Some(b"a;b"), false, false),
        ("ftp://h/a%3Btype=a", Some(b"a;type=a"), false, false),
        ("ftp://h/a;TYPE=d", Some(b"a"), false, true),
        ("ftp://h/;type=i", None, false, true),
        ("sftp://h/a;type=i", Some(b"a;type=i"), false, false),
    ] {
        let found = url(text);
        assert_eq!(path(text).as_deref(), expected, "{text}");
        assert_eq!(found.is_absolute(), absolute, "{text}");
        assert_eq!(found.is_directory(), directory, "{text}");
    }
}

#[test]
fn errors_say_what_and_where() {
    use UrlErrorKind::*;
    let long = format!("ftp://{}/", "a".repeat(254));
    for (text, kind, at) in [
        ("", MissingScheme, 0),
        ("host/path", MissingScheme, 0),
        ("anna:hunter2@host", MissingScheme, 0),
        ("anna:hunter2@host://x", MissingScheme, 0),
        ("://h", MissingScheme, 0),
        ("ftp:/h", MissingScheme, 0),
        ("http://h/", UnknownScheme("http".into()), 0),
        ("ftpx://h/", UnknownScheme("ftpx".into()), 0),
        ("ftp://", MissingHost, 6),
        ("ftp:///a", MissingHost, 6),
        ("ftp://u:hunter2@/a", MissingHost, 16),
        ("ftp://:21/a", MissingHost, 6),
        ("ftp://a b/", BadHost, 6),
        ("ftp://a%20b/", BadHost, 6),
        ("ftp://\u{e9}/", BadHost, 6),
        ("ftp://-x/", BadHost, 6),
        ("ftp://u@[::1/", BadHost, 8),
        ("ftp://[::1]x/", BadHost, 6),
        ("ftp://[fe80::1%25eth0]/", BadHost, 6),
        ("ftp://::1/", BadHost, 6),
        ("ftp://h\r\nDELE x/", BadHost, 6),
        (&long, BadHost, 6),
        ("ftp://h:0/", BadPort, 8),
        ("ftp://h:65536/", BadPort, 8),
        ("ftp://h:+1/", BadPort, 8),
        ("ftp://h:x/", BadPort, 8),
        ("ftp://h:21 /", BadPort, 8),
        ("ftp://@h/", EmptyUser, 6),
        ("ftp://:hunter2@h/", EmptyUser, 6),
        ("ftp://h/a%", BadEscape, 9),
        ("ftp://h/a%2", BadEscape, 9),
        ("ftp://h/a%2g", BadEscape, 9),
        ("ftp://h/a%+1", BadEscape, 9),
        ("ftp://u%zz@h/a", BadEscape, 7),
        ("ftp://u:hunter2%@h/a", BadEscape, 15),
        ("ftp://h/a%0d", ForbiddenByte(13), 9),
        ("ftp://h/a%0Ab", ForbiddenByte(10), 9),
        ("ftp://h/%00", ForbiddenByte(0), 8),
        ("ftp://h/a\nb", ForbiddenByte(10), 9),
        ("ftp://u%0d%0a@h/", ForbiddenByte(13), 7),
        ("ftp://u:hunter2%0a@h/", ForbiddenByte(10), 15),
        ("ftp://h/a#b", Fragment, 9),
        ("ftp://u:hunter2#@h/", Fragment, 15),
        ("ftp://h/a;type=x", BadType, 15),
        ("ftp://h/a;type=", BadType, 15),
        ("ftp://h/a;type=aa", BadType, 15),
        // Not at the end of the path.
        ("ftp://h/a;type=i/b", BadType, 15),
    ] {
        let error = text.parse::<Url>().expect_err(text);
        assert_eq!((error.kind(), error.at()), (&kind, at), "{text}");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains("hunter"), "{shown}");
        assert!(shown.contains(&format!("byte {at}")), "{shown}");
    }
}

#[test]
fn the_password_is_never_shown() {
    let found = url("ftp://anna:hunter2@h/a");
    assert!(!format!("{found} {found:?} {found:#?}").contains("hunter2"));
    assert_eq!(found.to_string(), "ftp://anna@h/a");
}

fn any_url() -> impl Strategy<Value = Url> {
    let byte = || {
        prop_oneof![
            prop::sample::select(&b"a/.%;=?#@: \xff\xc3"[..]),
            any::<u8>(),
        ]
        .prop_filter("forbidden", |b| !matches!(b, b'\r' | b'\n' | 0))
    };
    let name = prop::collection::vec(byte().prop_filter("slash", |b| *b != b'/'), 1..12);
    let user = prop::collection::vec(byte(), 1..12);
    let host = prop_oneof![
        "[a-z][a-z0-9.-]{0,12}".prop_map(Host::Name),
        any::<IpAddr>().prop_map(Host::Ip),
    ];
    let kind = prop_oneof![
        Just(TransferType::Ascii),
        Just(TransferType::Image),
        Just(TransferType::Directory),
    ];
    (
        prop::sample::select(&Scheme::ALL[..]),
        prop::option::of(user),
        host,
        prop::option::of(1u16..),
        any::<bool>(),
        prop::collection::vec(name, 0..4),
        any::<bool>(),
        prop::option::of(kind),
    )
        .prop_map(
            |(scheme, user, host, port, absolute, names, slash, transfer_type)| {
                let mut path = if absolute {
                    Vec::from(b"/")
                } else {
                    Vec::new()
                };
                path.extend(names.join(&b'/'));
                if slash && !names.is_empty() {
                    path.push(b'/');
                }
                Url {
                    scheme,
                    user: user.map(|bytes| Text::new(bytes).unwrap()),
                    password: None,
                    host,
                    port,
                    path: PathArg::new(path).ok(),
                    transfer_type: transfer_type.filter(|_| scheme != Scheme::Sftp),
                }
            },
        )
}

proptest! {
    #[test]
    fn what_is_shown_parses_to_the_same(found in any_url()) {
        let shown = found.to_string();
        prop_assert!(shown.is_ascii());
        prop_assert_eq!(shown.parse(), Ok(found));
    }

    #[test]
    fn nothing_panics_and_no_password_leaks(text in "(ftp://)?([a-z]{0,3}(:hunter2)?@)?\\PC{0,20}") {
        let (shown, named) = match text.parse::<Url>() {
            Ok(url) => (format!("{url} {url:?}"), format!("{:?}", url.path())),
            Err(error) => (format!("{error} {error:?}"), String::new()),
        };
        prop_assert!(named.contains("hunter") || !shown.contains("hunter"));
    }
}
