use super::{super::table, *};
use bytes::Bytes;
use std::{format, string::String};

fn read(line: &str) -> Result<Entry, Miss> {
    table::read(&mut Unix, line)
}

/// The entry in short form: kind, mode, links, owner, group, size, time, name.
fn show(line: &str) -> String {
    let text = |text: Option<crate::Text>| text.map_or_else(|| "-".into(), |t| format!("{t}"));
    let num = |n: Option<u64>| n.map_or_else(|| "-".into(), |n| format!("{n}"));
    match read(line) {
        Ok(e) => {
            let target = e.target().map(|t| format!(" to {t}")).unwrap_or_default();
            format!(
                "{:?} {:o} {} {}/{} {} {} |{}|{target}",
                e.kind,
                e.mode.unwrap(),
                num(e.links),
                text(e.owner()),
                text(e.group()),
                num(e.size),
                e.modified.unwrap(),
                e.name()
            )
        }
        Err(Miss::Unparsed(reason)) => format!("{reason:?}"),
        Err(Miss::Skip(reason)) => format!("{reason:?}"),
    }
}

#[test]
fn lines_of_all_kinds_of_servers() {
    for (line, want) in [
        (
            "-rw-r--r--   1 me       us           42 Jun 15 12:00 a.txt",
            "File 644 1 me/us 42 2024-06-15T12:00 |a.txt|",
        ),
        (
            "drwxr-xr-x  12 1000     1000       4096 Dec  1  2019 d",
            "Directory 755 12 1000/1000 4096 2019-12-01 |d|",
        ),
        (
            "drwx------ 2 me us 4096 Jun  1 08:05 .",
            "Current 700 2 me/us 4096 2024-06-01T08:05 |.|",
        ),
        (
            "drwx------ 2 me us 4096 Jun  1 08:05 ..",
            "Parent 700 2 me/us 4096 2024-06-01T08:05 |..|",
        ),
        (
            "-rw-r--r-- 1 me us 42 Dec 24 20:15 last year",
            "File 644 1 me/us 42 2023-12-24T20:15 |last year|",
        ),
        // Contexts of SELinux.
        (
            "-rw-r--r--. 1 root root system_u:object_r:etc_t:s0  42 Jun 15 12:00 a",
            "File 644 1 root/root 42 2024-06-15T12:00 |a|",
        ),
        (
            "drwx------. 3 me us unconfined_u:object_r:user_home_t:s0-s0:c0.c1023 42 Jun 15 12:00 d",
            "Directory 700 3 me/us 42 2024-06-15T12:00 |d|",
        ),
        (
            "-rw-r--r-- 1 me domain users ? 42 Jun 15 12:00 a",
            "File 644 1 me/domain users 42 2024-06-15T12:00 |a|",
        ),
        (
            "-rw-r--r-- 1 me a:b 42 Jun 15 12:00 a",
            "File 644 1 me/a:b 42 2024-06-15T12:00 |a|",
        ),
        (
            "-rw-r--r-- 1 me a:b:c 42 Jun 15 12:00 a",
            "File 644 1 me/a:b:c 42 2024-06-15T12:00 |a|",
        ),
        // Names.
        (
            "-rw-r--r-- 1 me us 42 Jun 15 12:00  lead trail ",
            "File 644 1 me/us 42 2024-06-15T12:00 | lead trail |",
        ),
        (
            "-rw-r--r-- 1 me us 42 Jun 15  2020   x",
            "File 644 1 me/us 42 2020-06-15 |  x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 Jun 15 12:00 Jan 1 10:00 x",
            "File 644 1 me/us 42 2024-06-15T12:00 |Jan 1 10:00 x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 Jun 15 12:00 a -> b",
            "File 644 1 me/us 42 2024-06-15T12:00 |a -> b|",
        ),
        (
            "-rw-r--r-- 1 me us 42 Jun 15 12:00 größe/x;y",
            "File 644 1 me/us 42 2024-06-15T12:00 |größe/x;y|",
        ),
        (
            "drwxr-xr-x 1 me us 42 Jun 15 12:00 d/",
            "Directory 755 1 me/us 42 2024-06-15T12:00 |d|",
        ),
        // Links.
        (
            "lrwxrwxrwx 1 me us 7 Jun 15 12:00 bin -> usr/bin",
            "Symlink 777 1 me/us 7 2024-06-15T12:00 |bin| to usr/bin",
        ),
        (
            "lrwxrwxrwx 1 me us 7 Jun 15 12:00 a b -> c -> d",
            "Symlink 777 1 me/us 7 2024-06-15T12:00 |a b| to c -> d",
        ),
        (
            "lrwxrwxrwx 1 me us 7 Jun 15 12:00 bin",
            "Symlink 777 1 me/us 7 2024-06-15T12:00 |bin|",
        ),
        (
            "lrwxrwxrwx 1 me us 7 Jun 15 12:00 bin -> ",
            "Symlink 777 1 me/us 7 2024-06-15T12:00 |bin|",
        ),
        (
            "lrwxrwxrwx 1 me us 7 Jun 15 12:00  -> x",
            "Symlink 777 1 me/us 7 2024-06-15T12:00 | -> x|",
        ),
        // The size of a link is the length of its target.
        (
            "lrwxrwxrwx 1 me us 1 Jun 15 12:00 a -> b -> d",
            "Symlink 777 1 me/us 1 2024-06-15T12:00 |a -> b| to d",
        ),
        (
            "lrwxrwxrwx 1 me us 6 Jun 15 12:00 a -> b -> d",
            "Symlink 777 1 me/us 6 2024-06-15T12:00 |a| to b -> d",
        ),
        (
            "erwxrwxrwx 1 me us 8 Jun 15 12:00 data -> ANNA.SET",
            "Symlink 777 1 me/us 8 2024-06-15T12:00 |data| to ANNA.SET",
        ),
        // Modes.
        (
            "Crw-r--r-- 1 me us 1 Jun 15 12:00 x",
            "File 644 1 me/us 1 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r-l--- 1 me us 1 Jun 15 12:00 x",
            "File 2640 1 me/us 1 2024-06-15T12:00 |x|",
        ),
        (
            "drwxr-xr-x@12 me us 1 Jun 15 12:00 x",
            "Directory 755 12 me/us 1 2024-06-15T12:00 |x|",
        ),
        (
            "-rwsr-Sr-t 1 me us 1 Jun 15 12:00 x",
            "File 7745 1 me/us 1 2024-06-15T12:00 |x|",
        ),
        (
            "drwxrwx---+ 3 me us 1 Jun 15 12:00 x",
            "Directory 770 3 me/us 1 2024-06-15T12:00 |x|",
        ),
        (
            "drwxrwxrwt. 3 me us 1 Jun 15 12:00 x",
            "Directory 1777 3 me/us 1 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r--@ 3 me us 1 Jun 15 12:00 x",
            "File 644 3 me/us 1 2024-06-15T12:00 |x|",
        ),
        (
            "drwxr-x---+1464 me us 1 Jun 15 12:00 x",
            "Directory 750 1464 me/us 1 2024-06-15T12:00 |x|",
        ),
        // Columns.
        (
            "-rw-r--r-- 1 me 42 Jun 15 12:00 x",
            "File 644 1 me/- 42 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 1 42 Jun 15 12:00 x",
            "File 644 1 1/- 42 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 42 Jun 15 12:00 x",
            "File 644 1 -/- 42 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 42 Jun 15 12:00 x",
            "File 644 - -/- 42 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- me us 42 Jun 15 12:00 x",
            "File 644 - me/us 42 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 me Domain Users 42 Jun 15 12:00 x",
            "File 644 1 me/Domain Users 42 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 John Doe  Domain Users 42 Jun 15 12:00 x",
            "File 644 1 John Doe/Domain Users 42 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 1,234,567 Jun 15 12:00 x",
            "File 644 1 me/us 1234567 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 1.5K Jun 15 12:00 x",
            "File 644 1 me/us - 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 18446744073709551615 Jun 15 12:00 x",
            "File 644 1 me/us 18446744073709551615 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 18446744073709551616 Jun 15 12:00 x",
            "File 644 1 me/us - 2024-06-15T12:00 |x|",
        ),
        (
            "crw-rw-rw- 1 root root 1, 3 Jun 15 12:00 null",
            "Other 666 1 root/root - 2024-06-15T12:00 |null|",
        ),
        (
            "crw-rw-rw- 1 root root 1,3 Jun 15 12:00 null",
            "Other 666 1 root/root - 2024-06-15T12:00 |null|",
        ),
        (
            "crw-rw-rw- 1 bin bin 3 0x00000f Jun 15 12:00 null",
            "Other 666 1 bin/bin - 2024-06-15T12:00 |null|",
        ),
        (
            "crw-rw-rw- 1 bin bin 3 Jun 15 12:00 null",
            "Other 666 1 bin/bin 3 2024-06-15T12:00 |null|",
        ),
        (
            "-rw-r--r--\t1\tme\tus\t42\tJun\t15\t12:00\tx\ty",
            "File 644 1 me/us 42 2024-06-15T12:00 |x\\u{9}y|",
        ),
        (
            "drwxrwxrwx   1 owner    group               0 Jun 15 12:00 from IIS",
            "Directory 777 1 owner/group 0 2024-06-15T12:00 |from IIS|",
        ),
        (
            "-rw-r--r-- 1 LAB\\anna LAB\\Domain Users 42 Jun 15 12:00 x",
            "File 644 1 LAB\\anna/LAB\\Domain Users 42 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 jan 15 2020 Jun 15 12:00 x",
            "File 644 1 jan/15 2020 2024-06-15T12:00 |x|",
        ),
        (
            "brw-rw---- 1 root disk 8, 0 Jun 15 12:00 sda",
            "Other 660 1 root/disk - 2024-06-15T12:00 |sda|",
        ),
        (
            "srwxrwxrwx 1 me us 0 Jun 15 12:00 s",
            "Other 777 1 me/us 0 2024-06-15T12:00 |s|",
        ),
        (
            " 131 -rw-r--r-- 1 me us 42 Jun 15 12:00 x",
            "File 644 1 me/us 42 2024-06-15T12:00 |x|",
        ),
        (
            "131 8 -rw-r--r-- 1 me us 42 Jun 15 12:00 x",
            "File 644 1 me/us 42 2024-06-15T12:00 |x|",
        ),
        // Dates.
        (
            "-rw-r--r-- 1 me us 42 2024-06-15 12:00 x",
            "File 644 1 me/us 42 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 2024-06-15 12:00:01.5 +0200 x",
            "File 644 1 me/us 42 2024-06-15T10:00:01.5Z |x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 15 Jun 12:00 x",
            "File 644 1 me/us 42 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 06-15 12:00 x",
            "File 644 1 me/us 42 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 10 12 42 6 15 12:00 x",
            "File 644 1 10/12 42 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 Feb 29 12:00 x",
            "File 644 1 me/us 42 2024-02-29T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 2021-06-15  x",
            "File 644 1 me/us 42 2021-06-15 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 2021-06-15   x",
            "File 644 1 me/us 42 2021-06-15 | x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 2021.06.15    x y",
            "File 644 1 me/us 42 2021-06-15 |x y|",
        ),
        (
            "-rw-r--r-- 1 me us 42 15. Jun 12:00 x",
            "File 644 1 me/us 42 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 15. Juni, 12:00 x",
            "File 644 1 me/us 42 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 déc. 24  2020 x",
            "File 644 1 me/us 42 2020-12-24 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 42  3 janv. 12:00 x",
            "File 644 1 me/us 42 2024-01-03T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 мая 15 12:00 x",
            "File 644 1 me/us 42 2024-05-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 6月15日 12:00 x",
            "File 644 1 me/us 42 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 6月 15日 2020年 x",
            "File 644 1 me/us 42 2020-06-15 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 2020年 6月 15日 12:00 x",
            "File 644 1 me/us 42 2020-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 6월 15 12:00 x",
            "File 644 1 me/us 42 2024-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 Jun 15 12:00:30 2020 x",
            "File 644 1 me/us 42 2020-06-15T12:00:30 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 15-Jun-2020 12:00 x",
            "File 644 1 me/us 42 2020-06-15T12:00 |x|",
        ),
        (
            "-rw-r--r-- 1 me us 42 15/06/2020 12:00 x",
            "File 644 1 me/us 42 2020-06-15T12:00 |x|",
        ),
        // Not entries.
        ("total 1234", "Total"),
        ("Total 12K", "Total"),
        ("insgesamt 12", "Total"),
        ("итого 12", "Total"),
        ("总用量 12", "Total"),
        ("total of 12 files", "UnknownForm"),
        ("total recall", "UnknownForm"),
        ("ls: no such file", "UnknownForm"),
        ("-rw-r--r-- 1 me us 42 Jun 15 12:00", "NoName"),
        ("-rw-r--r-- 1 me us 42 Jun 15 12:00 ", "NoName"),
        ("zrw-r--r-- 1 me us 42 Jun 15 12:00 x", "UnknownForm"),
        ("-wr-r--r-- 1 me us 42 Jun 15 12:00 x", "UnknownForm"),
        ("-rw-r--r-- 1 me us x42 Jun 15 12:00 x", "UnknownForm"),
        ("-rw-r--r-- 1 me us 4:2 Jun 15 12:00 x", "UnknownForm"),
        ("-rw-r--r-- 1 me us 42 Jux 15 12:00 x", "UnknownForm"),
        ("-rw-r--r-- 1 me us 42 Jun 35 12:00 x", "UnknownForm"),
        ("-rw-r--r-- 1 me us 42Jun 15 12:00 x", "UnknownForm"),
        ("-rw-r--r--", "UnknownForm"),
        ("-rw-r--r", "UnknownForm"),
    ] {
        assert_eq!(show(line), want, "{line}");
    }
}

#[test]
fn permissions_are_kept_as_sent() {
    let entry = read("-rwsr-Sr-t+ 1 me us 1 Jun 15 12:00 x").unwrap();
    assert_eq!(entry.permissions().unwrap().as_bytes(), b"rwsr-Sr-t");
}

#[test]
fn marks_are_taken_away_when_told() {
    let marked = Context {
        marked: true,
        ..table::context()
    };
    for (line, bare, told) in [
        ("-rwxr-xr-x 1 me us 1 Jun 15 12:00 run*", "run*", "run"),
        ("-rw-r--r-x 1 me us 1 Jun 15 12:00 run*", "run*", "run"),
        ("-rw-r--r-- 1 me us 1 Jun 15 12:00 star*", "star*", "star*"),
        ("-rwxr-xr-x 1 me us 1 Jun 15 12:00 *", "*", "*"),
        ("srwxr-xr-x 1 me us 1 Jun 15 12:00 s=", "s=", "s"),
        ("prw-r--r-- 1 me us 1 Jun 15 12:00 p|", "p|", "p"),
        ("Drw-r--r-- 1 me us 1 Jun 15 12:00 d>", "d>", "d"),
        ("lrwxrwxrwx 1 me us 1 Jun 15 12:00 l@", "l@", "l"),
        ("lrwxrwxrwx 1 me us 1 Jun 15 12:00 l@ -> x", "l@", "l@"),
        ("drwxr-xr-x 1 me us 1 Jun 15 12:00 d/", "d", "d"),
        ("brw-r--r-- 1 me us 1, 2 Jun 15 12:00 b*", "b*", "b*"),
    ] {
        let line = Bytes::from_static(line.as_bytes());
        for (context, want) in [(table::context(), bare), (marked, told)] {
            let mut entry = Unix.read(&line, &context).unwrap();
            entry.stand(&line, 0, line.len());
            assert_eq!(entry.name().as_bytes(), want.as_bytes(), "{line:?}");
        }
    }
}

proptest::proptest! {
    /// What is read in one go is read by its columns to the same.
    #[test]
    fn plain_lines_are_no_others(
        mode in "[dlf-][r-][w-][xsS-][r-][w-][x-][r-][w-][xt-]",
        columns in "( {1,3}([0-9]{1,3}|[a-z]{1,5}|[0-9]{1,20})){3,5}",
        date in " {1,2}(Jun|Dec|mai|15) {1,2}(15|1|Jun) {1,2}(12:00|1:30|2020|12:00:30)",
        name in "[ a-z>-]{1,12}",
    ) {
        let line = format!("{mode}{columns}{date} {name}");
        let line = Bytes::from(line);
        let context = table::context();
        if plain(&line, &context).is_some() {
            let mut quick = Entry::blank();
            let quick = Unix.read_into(&mut quick, &line, &context).map(|_| quick);
            let mut slow = Entry::blank();
            let slow = in_columns(&mut slow, &line, &context).map(|()| slow);
            let told = |result: Result<Entry, Miss>| result.map(|mut entry| {
                entry.stand(&line, 0, line.len());
                entry
            });
            proptest::prop_assert_eq!(told(quick), told(slow));
        }
    }
}
