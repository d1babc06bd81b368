//! inspect listing: what each line of a listing tells.

use serde_json::{Value, json};

use crate::inspect::inspect;

fn listing(input: &[u8]) -> Vec<Value> {
    inspect(&["listing", "--today", "2024-06-15"], input)
}

#[test]
fn a_unix_listing_has_all_fields() {
    let lines = listing(
        b"total 4\r\n\
          -rw-r--r--   1 ana staff 1234 Jun 15 12:00 a b\r\n\
          lrwxrwxrwx   1 0 0 3 Jan  1  2020 link -> a/b\r\n\
          \r\n\
          what is this\r\n",
    );
    assert_eq!(
        lines,
        [
            json!({"skipped": "total 4", "reason": "the line is a total"}),
            json!({
                "name": "a b", "kind": "file", "size": 1234,
                "modified": "2024-06-15T12:00:00", "precision": "minute", "utc": false,
                "permissions": "rw-r--r--", "owner": "ana", "group": "staff", "links": 1,
                "dialect": "unix",
                "line": "-rw-r--r--   1 ana staff 1234 Jun 15 12:00 a b",
            }),
            json!({
                "name": "link", "kind": "symlink", "size": 3,
                "modified": "2020-01-01T00:00:00", "precision": "day", "utc": false,
                "permissions": "rwxrwxrwx", "owner": "0", "group": "0", "links": 1,
                "target": "a/b", "dialect": "unix",
                "line": "lrwxrwxrwx   1 0 0 3 Jan  1  2020 link -> a/b",
            }),
            json!({"skipped": "", "reason": "the line is empty"}),
            json!({"unparsed": "what is this", "reason": "the line is of an unknown form"}),
        ]
    );
}

#[test]
fn what_is_not_known_is_left_out() {
    let lines = listing(
        b"type=file;size=3;modify=20240102030405.678;UNIX.mode=0750; x\n\
          type=dir; d\n\
          type=OS.unix=blkdev; dev\n",
    );
    assert_eq!(
        lines,
        [
            json!({
                "name": "x", "kind": "file", "size": 3,
                "modified": "2024-01-02T03:04:05", "precision": "second", "utc": true,
                "permissions": "rwxr-x---", "dialect": "mlsx",
                "line": "type=file;size=3;modify=20240102030405.678;UNIX.mode=0750; x",
            }),
            json!({"name": "d", "kind": "dir", "dialect": "mlsx", "line": "type=dir; d"}),
            json!({
                "name": "dev", "kind": "other", "dialect": "mlsx",
                "line": "type=OS.unix=blkdev; dev",
            }),
        ]
    );
}

#[test]
fn bytes_that_are_no_utf8_are_base64() {
    let lines = listing(b"lrwxrwxrwx 1 \xe9 g 3 Jan 1 2020 \xff -> \xfe\n");
    assert_eq!(
        lines,
        [json!({
            "name_base64": "/w==", "kind": "symlink", "size": 3,
            "modified": "2020-01-01T00:00:00", "precision": "day", "utc": false,
            "permissions": "rwxrwxrwx", "owner_base64": "6Q==", "group": "g", "links": 1,
            "target_base64": "/g==", "dialect": "unix",
            "line_base64": "bHJ3eHJ3eHJ3eCAxIOkgZyAzIEphbiAxIDIwMjAg/yAtPiD+",
        })]
    );
    assert_eq!(
        listing(b"\xff\xfe\n"),
        [json!({"unparsed_base64": "//4=", "reason": "the line is of an unknown form"})]
    );
}

#[test]
fn the_day_decides_the_year() {
    let line = b"-rw-r--r-- 1 a b 5 Jun 15 12:00 x\n";
    for (today, modified) in [
        ("2024-06-15", "2024-06-15T12:00:00"),
        ("2024-06-13", "2023-06-15T12:00:00"),
        ("1999-12-31", "1999-06-15T12:00:00"),
    ] {
        let lines = inspect(&["listing", "--today", today], line);
        assert_eq!(lines[0]["modified"], modified, "{today}");
    }
    // Without one it is today, whenever that is.
    assert_eq!(inspect(&["listing"], line)[0]["precision"], "minute");
}

#[test]
fn the_dialect_can_be_told() {
    let line = b"06-15-24  12:00PM       <DIR>          docs\n";
    for args in [&["listing"][..], &["listing", "--dialect", "dos"]] {
        let lines = inspect(args, line);
        assert_eq!(
            (&lines[0]["name"], &lines[0]["dialect"]),
            (&"docs".into(), &"dos".into())
        );
    }
    let lines = inspect(&["listing", "--dialect", "mlsx"], line);
    assert_eq!(lines[0]["reason"], "the line is of an unknown form");
}

/// The names of each dialect, without what belongs to its lines only.
#[test]
fn each_dialect_has_its_name() {
    for (dialect, lines, fields) in [
        (
            "vms",
            "Directory DISK$USER:[ANA]\r\n\r\nA.TXT;7  1/3  15-JUN-2024 12:00:00  [ANA,STAFF]  (RWED,RWED,RE,)\r\n",
            json!({"name": "A.TXT", "version": "7", "kind": "file"}),
        ),
        (
            "os400",
            "ANA            36864 06/15/24 12:00:00 *DIR       docs/\r\n",
            json!({"name": "docs", "kind": "dir", "owner": "ANA"}),
        ),
        (
            "eplf",
            "+i12.34,m1718452800,r,s280,\tpage.html\r\n",
            json!({"name": "page.html", "kind": "file", "size": 280, "utc": true}),
        ),
        (
            "dos",
            "06-15-24  12:00PM            1,234 a b.txt\r\n",
            json!({"name": "a b.txt", "size": 1234, "precision": "minute"}),
        ),
        (
            "netware",
            "d [RWCEAFMS] ana                   512       Jun 15 12:00    mail\r\n",
            json!({"name": "mail", "kind": "dir", "owner": "ana"}),
        ),
    ] {
        for args in [
            &["listing", "--today", "2024-06-15"][..],
            &["listing", "--dialect", dialect],
        ] {
            let lines = inspect(args, lines.as_bytes());
            let last = lines.last().unwrap();
            assert_eq!(last["dialect"], dialect, "{last}");
            for (name, value) in fields.as_object().unwrap() {
                assert_eq!(&last[name], value, "{last}");
            }
        }
    }
    let two = b"A_NAME_THAT_FILLS_ITS_LINE.TXT;12\r\n   5/6   15-JUN-2024 12:00  [ANA]  (RWED,RWED,RE,)\r\n";
    let lines = inspect(&["listing", "--dialect", "vms"], two);
    assert_eq!(lines[0]["skipped"], "A_NAME_THAT_FILLS_ITS_LINE.TXT;12");
    assert_eq!(lines[1]["name"], "A_NAME_THAT_FILLS_ITS_LINE.TXT");
    assert_eq!(lines[1]["version"], "12");
}
