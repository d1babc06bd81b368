use super::rig::{IN, Rig, logged_in, logged_in_with};
use crate::effort::thin;
use crate::server::Config;
use std::format;

#[test]
fn parameters() {
    let cases = [
        ("TYPE A", 200),
        ("TYPE A N", 200),
        ("type i", 200),
        ("TYPE L 8", 200),
        ("TYPE A T", 504),
        ("TYPE A C", 504),
        ("TYPE E", 504),
        ("TYPE L 7", 504),
        ("TYPE X", 504),
        ("TYPE", 501),
        ("STRU F", 200),
        ("STRU R", 504),
        ("STRU P", 504),
        ("STRU X", 504),
        ("STRU", 501),
        ("MODE S", 200),
        ("MODE B", 504),
        ("MODE C", 504),
        ("MODE Z", 504),
        ("MODE", 501),
        ("ALLO some", 202),
        ("ALLO", 501),
        ("REST x", 501),
        ("REST", 501),
        ("OPTS UTF8 ON", 200),
        ("OPTS utf-8 on", 200),
        ("OPTS UTF8 NLST", 200),
        ("OPTS UTF8", 200),
        ("OPTS UTF8 OFF", 504),
        ("OPTS", 501),
        ("LANG", 200),
        ("LANG en", 200),
        ("LANG EN-gb", 200),
        ("LANG de", 504),
        ("CLNT x 1.0", 200),
        ("NOOP", 200),
        ("NOOP x", 501),
        ("SYST", 215),
        ("SMNT x", 502),
        ("AUTH TLS", 502),
        ("PBSZ 0", 503),
        ("PROT P", 503),
        ("CCC", 533),
        ("ADAT x", 502),
        ("MIC x", 502),
        ("CONF x", 502),
        ("ENC x", 502),
        ("LPRT 4,4,1,2,3,4,2,1,1", 504),
        ("CSID Name=x; Version=1;", 200),
        ("CSID", 501),
        ("SSCN", 502),
        ("SSCN ON", 502),
        ("SSCN MAYBE", 504),
        ("CPSV", 502),
        ("HASH", 501),
        ("XCRC", 501),
        ("MMD5 ", 501),
        ("COMB x", 501),
        ("MFF x", 501),
        ("MFF Modify=1; x", 501),
        ("MFF UNIX.color=red; x", 504),
        ("MFCT x", 501),
        ("SITE CPTO x", 503),
        ("SITE SYMLINK x", 501),
        ("OPTS MODE Z LEVEL 3", 501),
        ("OPTS HASH CRC-37", 501),
        ("OPTS HASH sha1", 200),
        ("XFOO x", 500),
        ("", 500),
        ("  ", 500),
        ("SITE", 501),
        ("SITE FOO", 504),
        ("SITE CHMOD 999 x", 501),
        ("SITE CHMOD 644", 501),
        ("SITE UTIME x", 501),
        ("SITE HELP", 214),
        ("RETR", 501),
        ("STOR", 501),
        ("APPE", 501),
        ("DELE", 501),
        ("MKD", 501),
        ("RMD", 501),
        ("RNFR", 501),
        ("RNTO x", 503),
        ("SIZE", 501),
        ("SIZE x", 550),
        ("MDTM", 501),
        ("MFMT x", 501),
        ("MFMT 20240230000000 x", 501),
        ("EPSV 3", 522),
        ("EPSV x", 501),
        ("PASS x", 503),
        ("HOST x", 503),
        ("PWD x", 501),
        ("DELE a\\x00b", 501),
        ("DELE a\\x0db", 501),
    ];
    for (line, code) in thin(cases, 17) {
        logged_in(&format!("C: {line}\nS: {code} \nC: PWD\nS: 257 \"/home\""));
    }
}

#[test]
fn the_working_directory() {
    logged_in(
        "C: CWD sub dir
         E: Directory(Some(\"sub dir\"))
         A: path /home/with \"quotes\"
         S: 250
         C: XPWD
         S: 257 \"/home/with \"\"quotes\"\"\"
         C: CDUP
         E: Parent
         A: path /home
         S: 250
         C: CWD
         E: Directory(None)
         A: NotFound
         S: 550
         C: PWD
         S: 257 \"/home\"",
    );
}

#[test]
fn changes() {
    logged_in(
        "C: MKD new \"dir\"
         E: MakeDirectory(\"new \\\"dir\\\"\")
         A: path /new \"dir\"
         S: 257 \"/new \"\"dir\"\"\"
         C: XRMD x
         E: RemoveDirectory(\"x\")
         A: NotEmpty
         S: 550 The directory is not empty.
         C: RMD x
         E: RemoveDirectory(\"x\")
         A: ok
         S: 250
         C: DELE x
         E: RemoveFile(\"x\")
         A: ok
         S: 250
         C: SITE CHMOD 0640 a b
         E: SetMode { path: \"a b\", mode: 416 }
         A: ok
         S: 200
         C: SITE UTIME 20240102030405 x
         E: SetTimes { path: \"x\", accessed: None
         A: ok
         S: 200
         C: MFMT 20240102030405 a b
         E: SetTimes { path: \"a b\", accessed: None
         A: path /home/a b
         S: 213 Modify=20240102030405; /home/a b
         C: MFCT 20240102030405.5 x
         E: SetFacts { path: \"x\", facts: SetFacts { modified: None, created: Some
         A: path /x
         S: 213 Create=20240102030405.5; /x
         C: MFF unix.MODE=0640;modify=20240102030405;UNIX.group=staff; a b
         E: SetFacts { path: \"a b\"
         A: path /a b
         S: 213 Modify=20240102030405;UNIX.mode=0640;UNIX.group=staff; /a b
         C: MFF UNIX.owner=7; x
         E: SetFacts
         A: Unsupported
         S: 504
         C: MFCT 20240102030405 x
         E: SetFacts
         A: Unsupported
         S: 502
         C: SITE SYMLINK a b
         E: MakeSymlink { target: \"a\", link: \"b\" }
         A: ok
         S: 200
         C: SITE MKDIR a/b c
         E: MakeDirectories(\"a/b c\")
         A: ok
         S: 200
         C: SITE RMDIR a
         E: RemoveDirectory(\"a\")
         A: ok
         S: 250
         C: SITE COPY \"a b\" c
         E: Copy { from: \"a b\", to: \"c\" }
         A: ok
         S: 250
         C: SITE COPY a b
         E: Copy
         A: Unsupported
         S: 504
         C: COMB all \"part 1\" part2
         E: Combine { target: \"all\", parts: [\"part 1\", \"part2\"] }
         A: ok
         S: 250
         C: COMB all a
         E: Combine
         A: NotFound
         S: 550"
            .replace("\\\"", "\"")
            .as_str(),
    );
}

#[test]
fn renaming_is_two_commands_and_nothing_between() {
    logged_in(
        "C: RNFR a
         E: Query { path: Some(\"a\"), purpose: Rename }
         A: ok
         S: 350
         C: RNTO b
         E: Rename { from: \"a\", to: \"b\" }
         A: ok
         S: 250
         C: RNTO b
         S: 503
         C: RNFR a
         E: Query
         A: ok
         S: 350
         C: NOOP
         S: 200
         C: RNTO b
         S: 503
         C: RNFR a
         E: Query
         A: ok
         S: 350
         C: \\x01
         S: 500
         C: RNTO b
         S: 503
         C: RNFR a
         E: Query
         A: NotFound
         S: 550
         C: RNTO b
         S: 503
         C: RNFR a
         E: Query
         A: ok
         S: 350
         C: RNTO b
         E: Rename
         A: Exists
         S: 553",
    );
}

#[test]
fn copying_is_two_commands_and_nothing_between() {
    logged_in(
        "C: SITE CPFR a b
         E: Query { path: Some(\"a b\"), purpose: Copy }
         A: ok
         S: 350
         C: SITE CPTO c d
         E: Copy { from: \"a b\", to: \"c d\" }
         A: ok
         S: 250
         C: SITE CPTO b
         S: 503
         C: SITE CPFR a
         E: Query
         A: dir
         S: 550
         C: SITE CPTO b
         S: 503
         C: SITE CPFR a
         E: Query
         A: ok
         S: 350
         C: SITE HELP
         S: 214
         C: SITE CPTO b
         S: 503
         C: SITE CPFR a
         E: Query
         A: ok
         S: 350
         C: NOOP
         S: 200
         C: SITE CPTO b
         S: 503
         C: SITE CPFR a
         E: Query
         A: ok
         S: 350
         C: RNTO b
         S: 503
         C: SITE CPTO b
         S: 503
         C: RNFR a
         E: Query
         A: ok
         S: 350
         C: SITE CPTO b
         S: 503
         C: RNTO b
         S: 503
         C: SITE CPFR a
         E: Query
         A: ok
         S: 350
         C: SITE CPFR c
         E: Query
         A: ok
         S: 350
         C: SITE CPTO d
         E: Copy { from: \"c\", to: \"d\" }
         A: Exists
         S: 550",
    );
}

#[test]
fn space_is_told_and_announced_sizes_are_measured() {
    logged_in(
        "C: AVBL
         E: Space { path: None }
         A: space 18446744073709551615
         S: 213 18446744073709551615
         C: AVBL some dir
         E: Space { path: Some(\"some dir\") }
         A: NotADirectory
         S: 550
         C: AVBL
         E: Space
         A: Unsupported
         S: 502
         C: ALLO 100
         E: Space { path: None }
         A: space 99
         S: 552
         C: ALLO 100 R 5
         E: Space
         A: space 100
         S: 200
         C: ALLO 100
         E: Space
         A: Failed
         S: 200
         C: ALLO some
         S: 202",
    );
    // What is announced is for the upload, whatever prepares that.
    let ready = "C: EPSV\nD: Listen(V4)\nN: listening\nS: 229";
    let announced = "C: ALLO 100\nE: Space\nA: space 100\nS: 200";
    let cases = [
        ("C: STOR x", "Some(100)"),
        ("C: APPE x", "Some(100)"),
        ("C: STOU", "Some(100)"),
        (
            "C: TYPE I\nS: 200\nC: REST 5\nS: 350\nC: STOR x",
            "Some(100)",
        ),
        ("C: PRET STOR x\nS: 200\nC: STOR x", "Some(100)"),
        (
            "C: EPSV\nD: Abort\nD: Listen(V4)\nN: listening\nS: 229\nC: STOR x",
            "Some(100)",
        ),
        ("C: RETR x", "None"),
        ("C: NOOP\nS: 200\nC: STOR x", "None"),
        (
            "C: ALLO 101\nE: Space\nA: space 100\nS: 552\nC: STOR x",
            "None",
        ),
        ("C: STOR x\nE: Open\nA: Denied\nS: 550\nC: STOR x", "None"),
    ];
    for (lines, expected) in thin(cases, 4) {
        let mut rig = Rig::new(Config::default());
        rig.play(IN);
        rig.play(ready);
        rig.play(announced);
        rig.play(&format!("{lines}\nE: Open"));
        let Some(super::rig::Held::Open(ask)) = &rig.held else {
            panic!("no Open");
        };
        let shown = format!("{:?}", ask.question().expected);
        assert_eq!(shown, expected, "{lines}");
    }
    // Where nobody can tell, nobody is asked.
    let mut rig = Rig::new(Config::default());
    rig.play(&IN.replace("A: ok", "A: poor"));
    rig.play(
        "C: ALLO 18446744073709551615
         S: 200
         C: ALLO 18446744073709551616
         S: 501
         C: AVBL
         S: 502",
    );
}

#[test]
fn facts_of_one_file() {
    logged_in(
        "C: TYPE I
         S: 200
         C: SIZE a b
         E: Query { path: Some(\"a b\"), purpose: Size }
         A: ok
         S: 213 42
         C: SIZE d
         E: Query
         A: dir
         S: 550
         C: SIZE x
         E: Query
         A: bare
         S: 550
         C: SIZE x
         E: Query
         A: NotFound
         S: 550
         C: MDTM x
         E: Query { path: Some(\"x\"), purpose: Modified }
         A: ok
         S: 213 20240102030405
         C: MDTM x
         E: Query
         A: dir
         S: 550
         C: MDTM x
         E: Query
         A: bare
         S: 550
         C: OPTS MLST size;TYPE;nonsense;
         S: 200 MLST OPTS type;size;
         C: MLST x
         E: Query { path: Some(\"x\"), purpose: Facts }
         A: ok
         S: 250-Facts:
         S:  type=file;size=42; /f
         S: 250 End.
         C: MLST
         E: Query { path: None, purpose: Facts }
         A: Failed
         S: 451",
    );
}

#[test]
fn mdtm_sets_the_time_only_where_no_such_name_is() {
    logged_in(
        "C: MDTM 20240102030405 x
         E: Query { path: Some(\"20240102030405 x\"), purpose: Modified }
         A: ok
         S: 213 20240102030405
         C: MDTM 20240102030405 x
         E: Query { path: Some(\"20240102030405 x\"), purpose: Modified }
         A: NotFound
         E: SetTimes { path: \"x\", accessed: None
         A: path /x
         S: 213 Modify=20240102030405; /x
         C: MDTM 20240102030405 x
         E: Query
         A: Denied
         S: 550",
    );
}

#[test]
fn a_listing_over_the_control_connection() {
    logged_in(
        "C: STAT -l some dir
         E: Survey { path: \"some dir\", limit: 1000 }
         A: ok
         S: 213-Status:
         S:  -rw-r--r--    1 ftp      ftp                42 Jan  2  2024 a
         S:  -rw-r--r--    1 ftp      ftp                42 Jan  2  2024 211 b
         S:  -rw-r--r--
         S: 213 End
         C: STAT x
         E: Survey
         A: NotFound
         S: 550",
    );
    let mut config = Config::default();
    config.limits.survey_entries = 2;
    logged_in_with(
        config,
        "C: STAT x
         E: Survey { path: \"x\", limit: 2 }
         A: ok
         S: 213-Status:
         S:  -rw
         S:  -rw
         S: 213 End",
    );
}

#[test]
fn a_question_without_an_answer_ends_in_451() {
    let cases = [
        "CWD x",
        "DELE x",
        "MLST x",
        "STAT x",
        "RNFR x",
        "MKD x",
        "HASH x",
        "XCRC x",
        "MMD5 x, y",
        "AVBL",
        "ALLO 5",
        "COMB x y",
        "SITE CPFR x",
        "MFF Modify=20240102030405; x",
    ];
    for line in thin(cases, 4) {
        let mut rig = Rig::new(Config::default());
        rig.play(IN);
        rig.bytes(format!("{line}\r\n").as_bytes());
        rig.log.clear();
        rig.play("T: 299\nT: 1\nE: Cancelled\nS: 451\nC: NOOP\nS: 200");
    }
}

#[test]
fn a_name_with_ff_is_doubled_on_the_wire() {
    let mut rig = Rig::new(Config::default());
    rig.play(IN);
    rig.bytes(b"MKD a\xff\xffb\r\n");
    let Some(super::rig::Held::Change(ask)) = rig.held.take() else {
        panic!("no Change");
    };
    let super::super::Change::MakeDirectory(name) = ask.question().clone() else {
        panic!("no MKD");
    };
    assert_eq!(name.as_bytes(), b"a\xffb");
    rig.session.answer(rig.now, ask, Ok(name));
    rig.pump();
    rig.log.pop_front();
    rig.play("S: 257 \"a\\xff\\xffb\"");
}
