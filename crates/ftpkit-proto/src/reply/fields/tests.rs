use super::*;
use proptest::prelude::*;
use std::{string::ToString, vec};

fn reply(code: u16, text: &str) -> Reply {
    let mut lines = text.split('⏎').map(|l| Text::try_from(l).unwrap());
    let first = lines.next().unwrap();
    Reply::multiline(Code::new(code).unwrap(), first, lines.collect())
}

#[test]
fn passive_in_every_style() {
    for (text, want) in [
        (
            "Entering Passive Mode (10,0,0,1,4,1).",
            Some("10.0.0.1:1025"),
        ),
        (
            "Entering Passive Mode (10,0,0,1,4,1)",
            Some("10.0.0.1:1025"),
        ),
        ("Entering passive mode. 10,0,0,1,4,1", Some("10.0.0.1:1025")),
        ("=10,0,0,1,4,1", Some("10.0.0.1:1025")),
        (
            "Passive mode OK (10,0,0,1,4,1) after 2,3",
            Some("10.0.0.1:1025"),
        ),
        ("ok 2 of 3, 4: 10,0,0,1,4,1", Some("10.0.0.1:1025")),
        ("(10, 0, 0, 1, 4, 1)", Some("10.0.0.1:1025")),
        ("(10,    0,0,1,4,1)", None),
        ("(10 ,0,0,1,4,1)", None),
        ("(010,000,000,001,004,001)", Some("10.0.0.1:1025")),
        ("(255,255,255,255,255,255)", Some("255.255.255.255:65535")),
        (
            "Hello⏎Entering Passive Mode (10,0,0,1,4,1)⏎done",
            Some("10.0.0.1:1025"),
        ),
        ("(10,0,0,1,4)", None),
        ("(10,0,0,256,4,1)", None),
        ("(10,0,0,1,4,256)", None),
        ("(10,0,0,1,0,0)", None),
        ("(10.0.0.1.4.1)", None),
        ("(10,0,0,1,,1)", None),
        ("(99999999999999999999,0,0,1,4,1)", None),
        ("", None),
    ] {
        let address = passive(&reply(227, text)).map(|a| a.to_string());
        assert_eq!(address.as_deref(), want, "{text}");
    }
    assert_eq!(passive(&reply(425, "(10,0,0,1,4,1)")), None);
}

#[test]
fn long_passive_of_both_families() {
    for (text, want) in [
        (
            "Entering Long Passive Mode (4,4,10,0,0,1,2,4,1)",
            Some("10.0.0.1:1025"),
        ),
        (
            "Entering Long Passive Mode 4,4,10,0,0,1,2,4,1.",
            Some("10.0.0.1:1025"),
        ),
        ("=4,4,10,0,0,1,2,4,1", Some("10.0.0.1:1025")),
        (
            "ok (6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,10,2,255,255)",
            Some("[2001:db8::a]:65535"),
        ),
        ("1 of 2: (4,4,10,0,0,1,2,4,1)", Some("10.0.0.1:1025")),
        ("Hi⏎(4,4,10,0,0,1,2,4,1)⏎end", Some("10.0.0.1:1025")),
        ("(10,0,0,1,4,1)", None),
        ("(5,4,10,0,0,1,2,4,1)", None),
        ("(4,4,10,0,0,1,2,0,0)", None),
        ("(4,4,10,0,0,1,2,4,256)", None),
        ("(4,4,10,0,0,1,2,4)", None),
        ("(6,16,10,0,0,1,2,4,1)", None),
        ("", None),
    ] {
        let address = long_passive(&reply(228, text)).map(|a| a.to_string());
        assert_eq!(address.as_deref(), want, "{text}");
    }
    assert_eq!(long_passive(&reply(227, "(4,4,10,0,0,1,2,4,1)")), None);
}

#[test]
fn extended_passive_with_any_delimiter() {
    for (code, text, want) in [
        (229, "Entering Extended Passive Mode (|||6446|)", Some(6446)),
        (
            229,
            "Entering Extended Passive Mode (|||6446|).",
            Some(6446),
        ),
        (229, "ok (!!!65535!)", Some(65535)),
        (229, "ok (fast) (%%%1024%)", Some(1024)),
        (229, "ok (|2|2001:db8::1|6446|)", Some(6446)),
        (229, "ok (|1|192.0.2.1|6446|)", Some(6446)),
        (229, "ok |||6446|", Some(6446)),
        (229, "wait ... |||6446|", Some(6446)),
        (229, "ok (((((((|||6446|)", Some(6446)),
        (229, "Entering Passive Mode (10,0,0,1,25,46)", Some(6446)),
        (227, "Entering Passive Mode (10,0,0,1,25,46)", Some(6446)),
        (229, "Hi⏎(|||6446|)⏎end", Some(6446)),
        (229, "ok (|||6446)", None),
        (229, "ok (||||)", None),
        (229, "ok (|||0|)", None),
        (229, "ok (|||65536|)", None),
        (229, "ok (|||-1|)", None),
        (229, "ok (|||64 46|)", None),
        (229, "ok (||6446||)", None),
        (229, "6446", None),
        (229, "", None),
        (522, "(|||6446|)", None),
    ] {
        assert_eq!(extended_passive(&reply(code, text)), want, "{text}");
    }
}

#[test]
fn paths_quoted_and_not() {
    for (text, want) in [
        ("\"/home/a\" is the current directory", Some("/home/a")),
        ("\"/\"", Some("/")),
        ("\"/a b\" created.", Some("/a b")),
        ("\"/a\"\"b\"\"\"\"c\" created", Some("/a\"b\"\"c")),
        ("\"/a\"\"\" created", Some("/a\"")),
        ("\"\"\"a\" created", Some("\"a")),
        ("\"/a\" is \"it\"", Some("/a")),
        ("Directory \"x\" made", Some("x")),
        ("\"C:\\dir\"", Some("C:\\dir")),
        ("/srv/data", Some("/srv/data")),
        ("/srv/my data is current directory.", Some("/srv/my data")),
        ("/srv/new directory created", Some("/srv/new")),
        ("C:\\ftp is working directory", Some("C:\\ftp")),
        ("hello⏎\"/x\" is cwd⏎bye", Some("/x")),
        ("PWD = /srv/data", Some("/srv/data")),
        ("pwd=data", Some("data")),
        ("Current directory is /srv/my data.", Some("/srv/my data")),
        ("Directory /srv/new created", Some("/srv/new")),
        ("root is current directory.", None),
        ("\"\" is current", None),
        ("\"/never ends", None),
        ("created", None),
        ("", None),
    ] {
        let path = path(&reply(257, text));
        assert_eq!(path.as_ref().map(|p| p.to_str().unwrap()), want, "{text}");
    }
    assert_eq!(path(&reply(550, "\"/x\"")), None);
}

#[test]
fn sizes() {
    for (code, text, want) in [
        (213, "1234", Some(1234)),
        (213, " 1234 ", Some(1234)),
        (213, "1234 bytes", Some(1234)),
        (213, "0", Some(0)),
        (213, "18446744073709551615", Some(u64::MAX)),
        (213, "18446744073709551616", None),
        (213, "-1", None),
        (213, "12x", None),
        (213, "", None),
        (550, "1234", None),
    ] {
        assert_eq!(size(&reply(code, text)), want, "{text}");
    }
}

#[test]
fn size_hints() {
    for (code, text, want) in [
        (
            150,
            "Opening BINARY mode data connection for x.txt (1234 bytes).",
            Some(1234),
        ),
        (
            150,
            "Opening data connection for x (5 bytes).txt (1234 Bytes)",
            Some(1234),
        ),
        (125, "List (1,234,567 bytes)", Some(1_234_567)),
        (150, "( 1 byte )", Some(1)),
        (150, "Opening⏎x (12 bytes)⏎go", Some(12)),
        (150, "x (99999999999999999999 bytes)", None),
        (150, "x (1.5 kbytes)", None),
        (150, "x (1234)", None),
        (150, "x (bytes)", None),
        (150, "x (1234 bytes", None),
        (150, "x [1234 bytes]", Some(1234)),
        (150, "x(1234 bytes)", Some(1234)),
        (150, "x (192.0.2.7,4021) (0 bytes).", Some(0)),
        (150, "1234 bytes", Some(1234)),
        (150, "Accepted⏎1234 bytes to download", Some(1234)),
        (150, "Opening x, size: 1234 bytes.", Some(1234)),
        (150, "x (1 byte)", Some(1)),
        (150, "47.2 kbytes to download", None),
        (150, "1.5 bytes", None),
        (150, "(1,5 bytes)", None),
        (150, "-5 bytes", None),
        (150, "x5 bytes", None),
        (150, "Opening 12 bytes.txt", None),
        (150, "x 18446744073709551616 bytes", None),
        (150, "bytes", None),
        (226, "(1234 bytes)", None),
    ] {
        assert_eq!(size_hint(&reply(code, text)), want, "{text}");
    }
}

#[test]
fn moments() {
    for (code, text, want) in [
        (213, "20240615120000", Some("2024-06-15T12:00:00Z")),
        (213, "20240615120000.250", Some("2024-06-15T12:00:00.25Z")),
        (213, "191240615120000", Some("2024-06-15T12:00:00Z")),
        (
            213,
            "Modify=20240615120000; /a/b",
            Some("2024-06-15T12:00:00Z"),
        ),
        (213, "modify=20240615120000;size=1; x", None),
        (213, "MDTM 20240615120000", Some("2024-06-15T12:00:00Z")),
        (213, "20240615", None),
        (213, "", None),
        (550, "20240615120000", None),
    ] {
        let time = modified(&reply(code, text)).map(|t| t.to_string());
        assert_eq!(time.as_deref(), want, "{text}");
    }
}

#[test]
fn facts_that_were_set() {
    for (code, text, want) in [
        (
            213,
            "Modify=20240615120000; /a b",
            Some("/a b 2024-06-15T12:00:00Z None"),
        ),
        (
            213,
            "modify=20240615120000.5;UNIX.mode=0600; x",
            Some("x 2024-06-15T12:00:00.5Z Some(384)"),
        ),
        (
            213,
            "Done⏎Modify=20240615120000; x⏎End",
            Some("x 2024-06-15T12:00:00Z None"),
        ),
        (213, "20240615120000", None),
        (213, "File modification time set.", None),
        (213, "", None),
        (250, "Modify=20240615120000; x", None),
    ] {
        let entry = changed(&reply(code, text));
        let shown =
            entry.map(|e| std::format!("{} {} {:?}", e.name(), e.modified.unwrap(), e.mode));
        assert_eq!(shown.as_deref(), want, "{text}");
    }
}

#[test]
fn space_that_is_left() {
    for (code, text, want) in [
        (213, "1234", Some(1234)),
        (213, "1,234,567 bytes available", Some(1_234_567)),
        (213, "18446744073709551615", Some(u64::MAX)),
        (213, "18446744073709551616", None),
        (213, "unlimited", None),
        (213, "-1", None),
        (213, "", None),
        (550, "1234", None),
    ] {
        assert_eq!(available(&reply(code, text)), want, "{text}");
    }
}

#[test]
fn unique_names() {
    for (code, text, want) in [
        (150, "FILE: a b.1", Some("a b.1")),
        (150, "file: x", Some("x")),
        (125, "ok, FILE:/in/x", Some("/in/x")),
        (
            226,
            "Transfer complete (unique file name:x.1).",
            Some("x.1"),
        ),
        (250, "Done⏎FILE: x⏎end", Some("x")),
        (150, "FILE:", None),
        (150, "Opening data connection", None),
        (553, "FILE: x", None),
    ] {
        let name = unique_name(&reply(code, text));
        assert_eq!(name.as_ref().map(|n| n.to_str().unwrap()), want, "{text}");
    }
}

#[test]
fn facts_of_a_file() {
    for (code, text, want) in [
        (
            250,
            "Facts⏎type=file;size=42; a b⏎End",
            Some("File a b Some(42)"),
        ),
        (
            250,
            "Facts⏎ type=file;size=42; /a b⏎End",
            Some("File /a b Some(42)"),
        ),
        (250, "Facts⏎ /a b⏎End", Some("Other /a b None")),
        (
            250,
            "Facts⏎type=dir; x⏎size=7; x⏎type=file; y⏎⏎End",
            Some("Directory x Some(7)"),
        ),
        (250, "type=file;size=42; x", Some("File x Some(42)")),
        (250, "Facts⏎no facts here⏎End", None),
        (250, "Facts⏎End", None),
        (250, "", None),
        (550, "type=file;size=42; x", None),
    ] {
        let entry = mlst(&reply(code, text));
        let shown = entry.map(|e| std::format!("{:?} {} {:?}", e.kind, e.name(), e.size));
        assert_eq!(shown.as_deref(), want, "{text}");
    }
}

proptest! {
    #[test]
    fn any_reply_is_read_without_a_panic(
        number in prop_oneof![Just(227u16), Just(228), Just(229), Just(257), Just(213), Just(150), Just(250), 100u16..=999],
        lines in proptest::collection::vec("([0-9]{1,25}|[(),.|;:=\" a-zä/]|bytes|FILE:|Modify=){0,30}", 1..crate::effort::size(4, 2)),
    ) {
        let lines: vec::Vec<_> = lines.into_iter().map(|l| Text::try_from(l).unwrap()).collect();
        let reply = Reply::multiline(Code::new(number).unwrap(), lines[0].clone(), lines[1..].to_vec());
        let _ = (long_passive(&reply), passive(&reply), extended_passive(&reply), path(&reply), size(&reply));
        let _ = (modified(&reply), size_hint(&reply), unique_name(&reply), mlst(&reply));
        let _ = (changed(&reply), available(&reply));
    }

    #[test]
    fn every_address_and_port_comes_back(ip: [u8; 4], port in 1u16..) {
        let [a, b, c, d] = ip;
        let [high, low] = port.to_be_bytes();
        let text = std::format!("Entering Passive Mode ({a},{b},{c},{d},{high},{low})");
        prop_assert_eq!(passive(&reply(227, &text)), Some(SocketAddrV4::new(ip.into(), port)));
        prop_assert_eq!(extended_passive(&reply(229, &std::format!("(|||{port}|)"))), Some(port));
    }

    #[test]
    fn every_path_comes_back_through_doubled_quotes(name in "[ -~ä]{1,12}") {
        let text = std::format!("\"{}\" created", name.replace('"', "\"\""));
        let got = path(&reply(257, &text)).unwrap();
        prop_assert_eq!(got.to_str().unwrap(), name);
    }
}
