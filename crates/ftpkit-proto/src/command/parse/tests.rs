use std::{
    format,
    net::{IpAddr, SocketAddr, SocketAddrV4},
    string::ToString,
    vec,
    vec::Vec,
};

use bytes::BytesMut;

use super::*;
use crate::command::{self, FactValue, HashAlgorithm, SetFacts, Site};
use crate::wire::{Framed, Framer};

mod properties;

fn parse(line: impl AsRef<[u8]>) -> Result<Command, CommandError> {
    Command::parse(line.as_ref())
}

/// The wire form, through a framer, and read again.
fn crossed(command: &Command) -> Command {
    let mut framer = Framer::new(0);
    framer.push(&command.to_bytes());
    let Some(Framed::Line(line)) = framer.next_line() else {
        panic!("{command:?} is no line");
    };
    let read = Command::parse(line).unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert_eq!(framer.next_line(), None, "{command:?} is more than a line");
    read
}

fn p(path: &'static str) -> PathArg {
    PathArg::from_static(path)
}

fn t(text: &'static str) -> Text {
    Text::from_static(text)
}

fn time(seconds: i64, nanos: u32) -> Timestamp {
    Timestamp::from_unix(seconds, nanos).unwrap()
}

fn list(options: &'static str, path: Option<&'static str>) -> ListArgs {
    ListArgs::new(t(options), path.map(p))
}

fn facts(
    modified: Option<Timestamp>,
    created: Option<Timestamp>,
    mode: Option<u16>,
    owner: Option<&str>,
) -> SetFacts {
    let owner = owner.map(|owner| FactValue::try_from(owner.as_bytes()).unwrap());
    SetFacts {
        modified,
        created,
        mode,
        owner,
        group: None,
    }
}

fn checksum(form: Checksum, path: &'static str, range: Option<ByteRange>) -> Command {
    let path = p(path);
    Command::Checksum { form, path, range }
}

/// The wire form that we write, and what it says: every variant, every kind of argument.
fn canonical() -> Vec<(&'static str, Command)> {
    use Command::*;
    let noon = time(1_718_452_800, 0);
    let other = |verb: &str, argument| Other {
        verb: Verb::parse(verb.as_bytes()).unwrap(),
        argument,
    };
    Vec::from([
        ("USER anna", User(t("anna"))),
        ("USER a b", User(t("a b"))),
        ("PASS ", Pass(Secret::from_static(""))),
        ("PASS  se cret ", Pass(Secret::from_static(" se cret "))),
        ("ACCT x", Acct(Secret::from_static("x"))),
        ("CWD", Cwd(None)),
        ("CWD /a b", Cwd(Some(p("/a b")))),
        ("CWD ..", Cwd(Some(p("..")))),
        ("CDUP", Cdup),
        ("SMNT /x", Smnt(p("/x"))),
        ("REIN", Rein),
        ("QUIT", Quit),
        (
            "PORT 192,0,2,1,4,1",
            Port("192.0.2.1:1025".parse().unwrap()),
        ),
        ("PASV", Pasv),
        ("TYPE A", Type(super::Type::Ascii(TextFormat::NonPrint))),
        ("TYPE A T", Type(super::Type::Ascii(TextFormat::Telnet))),
        (
            "TYPE A C",
            Type(super::Type::Ascii(TextFormat::CarriageControl)),
        ),
        ("TYPE E", Type(super::Type::Ebcdic(TextFormat::NonPrint))),
        ("TYPE E T", Type(super::Type::Ebcdic(TextFormat::Telnet))),
        ("TYPE I", Type(super::Type::Image)),
        ("TYPE L 8", Type(super::Type::Local(8))),
        ("TYPE L 255", Type(super::Type::Local(255))),
        ("STRU F", Stru(Structure::File)),
        ("STRU R", Stru(Structure::Record)),
        ("STRU P", Stru(Structure::Page)),
        ("MODE S", Mode(super::Mode::Stream)),
        ("MODE B", Mode(super::Mode::Block)),
        ("MODE C", Mode(super::Mode::Compressed)),
        ("MODE Z", Mode(super::Mode::Deflate)),
        ("RETR some/path.txt", Retr(p("some/path.txt"))),
        ("RETR  lead", Retr(p(" lead"))),
        ("RETR trail ", Retr(p("trail "))),
        ("RETR  ", Retr(p(" "))),
        ("RETR -x;%\"q\"", Retr(p("-x;%\"q\""))),
        ("STOR a", Stor(p("a"))),
        ("STOU", Stou(None)),
        ("STOU a", Stou(Some(p("a")))),
        ("APPE a", Appe(p("a"))),
        ("ALLO 0", Allo(Some(0))),
        ("ALLO -", Allo(None)),
        ("REST 4096", Rest(4096)),
        ("RNFR a", Rnfr(p("a"))),
        ("RNTO b", Rnto(p("b"))),
        ("ABOR", Abor),
        ("DELE a", Dele(p("a"))),
        ("RMD a", Rmd(p("a"))),
        ("MKD a", Mkd(p("a"))),
        ("PWD", Pwd),
        ("LIST", List(list("", None))),
        ("LIST -a", List(list("a", None))),
        ("LIST -la a b", List(list("la", Some("a b")))),
        ("LIST a -l", List(list("", Some("a -l")))),
        ("NLST *.txt", Nlst(list("", Some("*.txt")))),
        ("NLST -1", Nlst(list("1", None))),
        ("SITE HELP", Site(command::Site::Help)),
        (
            "SITE CHMOD 644 a b",
            Site(command::Site::Chmod {
                mode: 0o644,
                path: p("a b"),
            }),
        ),
        (
            "SITE CHMOD 1777 a",
            Site(command::Site::Chmod {
                mode: 0o1777,
                path: p("a"),
            }),
        ),
        (
            "SITE CHMOD 007 a",
            Site(command::Site::Chmod {
                mode: 0o7,
                path: p("a"),
            }),
        ),
        (
            "SITE UTIME 20240615120000 a b",
            Site(command::Site::Utime {
                accessed: None,
                modified: noon,
                path: p("a b"),
            }),
        ),
        (
            "SITE UTIME a b 20240615120001 20240615120000 20240615120000 UTC",
            Site(command::Site::Utime {
                accessed: Some(time(1_718_452_801, 0)),
                modified: noon,
                path: p("a b"),
            }),
        ),
        (
            "SITE SYMLINK ../a b",
            Site(command::Site::Symlink {
                target: p("../a"),
                link: p("b"),
            }),
        ),
        (
            "SITE SYMLINK \"a b\" \"c\"\"d\"",
            Site(command::Site::Symlink {
                target: p("a b"),
                link: p("c\"d"),
            }),
        ),
        (
            "SITE MKDIR a b",
            Site(command::Site::MakeDirectory(p("a b"))),
        ),
        ("SITE RMDIR a", Site(command::Site::RemoveDirectory(p("a")))),
        (
            "SITE COPY a b",
            Site(command::Site::Copy {
                from: p("a"),
                to: p("b"),
            }),
        ),
        ("SITE CPFR a b", Site(command::Site::CopyFrom(p("a b")))),
        ("SITE CPTO c", Site(command::Site::CopyTo(p("c")))),
        ("SITE PSWD x", Site(command::Site::Other(t("PSWD x")))),
        ("SYST", Syst),
        ("STAT", Stat(list("", None))),
        ("STAT -l a", Stat(list("l", Some("a")))),
        ("HELP", Help(None)),
        ("HELP RETR", Help(Some(t("RETR")))),
        ("NOOP", Noop),
        ("AUTH TLS", Auth(t("TLS"))),
        ("ADAT YWJj", Adat(t("YWJj"))),
        ("PBSZ 0", Pbsz(0)),
        ("PBSZ 4294967295", Pbsz(u32::MAX)),
        ("PROT C", Prot(Protection::Clear)),
        ("PROT S", Prot(Protection::Safe)),
        ("PROT E", Prot(Protection::Confidential)),
        ("PROT P", Prot(Protection::Private)),
        ("CCC", Ccc),
        ("MIC YWJj", Mic(t("YWJj"))),
        ("CONF YWJj", Conf(t("YWJj"))),
        ("ENC YWJj", Enc(t("YWJj"))),
        ("FEAT", Feat),
        ("OPTS UTF8 ON", Opts(command::Opts::Utf8(true))),
        ("OPTS UTF8 OFF", Opts(command::Opts::Utf8(false))),
        (
            "OPTS MLST type;size;",
            Opts(command::Opts::Mlst(t("type;size;"))),
        ),
        ("OPTS MLST", Opts(command::Opts::Mlst(t("")))),
        ("OPTS HASH", Opts(command::Opts::Hash(None))),
        (
            "OPTS HASH SHA-256",
            Opts(command::Opts::Hash(Some(HashAlgorithm::Sha256))),
        ),
        ("OPTS MODE Z", Opts(command::Opts::ModeZ { level: None })),
        (
            "OPTS MODE Z LEVEL 9",
            Opts(command::Opts::ModeZ { level: Some(9) }),
        ),
        (
            "OPTS X",
            Opts(command::Opts::Other {
                name: t("X"),
                parameters: None,
            }),
        ),
        (
            "EPRT |1|192.0.2.1|1025|",
            Eprt("192.0.2.1:1025".parse().unwrap()),
        ),
        (
            "EPRT |2|2001:db8::1|1025|",
            Eprt("[2001:db8::1]:1025".parse().unwrap()),
        ),
        ("EPSV", Epsv(super::Epsv::Any)),
        ("EPSV 2", Epsv(super::Epsv::Family(2))),
        ("EPSV 65535", Epsv(super::Epsv::Family(65535))),
        ("EPSV ALL", Epsv(super::Epsv::All)),
        ("LANG", Lang(None)),
        ("LANG en", Lang(Some(t("en")))),
        ("MDTM 20240615120000 a", Mdtm(p("20240615120000 a"))),
        ("SIZE a", Size(p("a"))),
        ("MLST", Mlst(None)),
        ("MLST a", Mlst(Some(p("a")))),
        ("MLSD", Mlsd(None)),
        ("MLSD a", Mlsd(Some(p("a")))),
        ("HOST ftp.example", Host(t("ftp.example"))),
        (
            "MFMT 20240615120000 a b",
            Mfmt {
                time: noon,
                path: p("a b"),
            },
        ),
        (
            "MFMT 20240615120000.25 a",
            Mfmt {
                time: time(1_718_452_800, 250_000_000),
                path: p("a"),
            },
        ),
        ("CLNT ftpkit 0.1", Clnt(t("ftpkit 0.1"))),
        (
            "CSID Name=ftpkit; Version=0.1;",
            Csid(t("Name=ftpkit; Version=0.1;")),
        ),
        (
            "LPRT 4,4,192,0,2,1,2,4,1",
            Lprt("192.0.2.1:1025".parse().unwrap()),
        ),
        (
            "LPRT 6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,1,2,4,1",
            Lprt("[2001:db8::1]:1025".parse().unwrap()),
        ),
        ("LPSV", Lpsv),
        ("CPSV", Cpsv),
        (
            "MFCT 20240615120000 a b",
            Mfct {
                time: noon,
                path: p("a b"),
            },
        ),
        (
            "MFF Modify=20240615120000;UNIX.mode=0644; a b",
            Mff {
                facts: facts(Some(noon), None, Some(0o644), None),
                path: p("a b"),
            },
        ),
        (
            "MFF Create=20240615120000;UNIX.owner=anna; ;x",
            Mff {
                facts: facts(None, Some(noon), None, Some("anna")),
                path: p(";x"),
            },
        ),
        ("HASH a b", Hash(p("a b"))),
        ("RANG 0 9", Rang(ByteRange::inclusive(0, 9))),
        (
            "RANG 5 18446744073709551615",
            Rang(ByteRange::inclusive(5, u64::MAX)),
        ),
        ("RANG 1 0", Rang(None)),
        ("XCRC a b", checksum(super::Checksum::Xcrc, "a b", None)),
        (
            "XMD5 a 2024",
            checksum(super::Checksum::Xmd5, "a 2024", None),
        ),
        (
            "XSHA \"a b\" 5",
            checksum(super::Checksum::Xsha, "a b", Some(ByteRange::from(5))),
        ),
        (
            "XSHA1 \"a\" 0 10",
            checksum(super::Checksum::Xsha1, "a", ByteRange::between(0, 10)),
        ),
        (
            "XSHA256 \"a 0 10\"",
            checksum(super::Checksum::Xsha256, "a 0 10", None),
        ),
        (
            "XSHA512 \"\"\"q\"\"\"",
            checksum(super::Checksum::Xsha512, "\"q\"", None),
        ),
        ("MD5 a", checksum(super::Checksum::Md5, "a", None)),
        ("MMD5 \"a\"", Mmd5(vec![p("a")])),
        ("MMD5 \"a b\", \"c,d\"", Mmd5(vec![p("a b"), p("c,d")])),
        ("AVBL", Avbl(None)),
        ("AVBL a b", Avbl(Some(p("a b")))),
        (
            "COMB \"a b\" \"p1\" \"p\"\"2\"",
            Comb {
                target: p("a b"),
                parts: vec![p("p1"), p("p\"2")],
            },
        ),
        ("PRET RETR a b", Pret(Retr(p("a b")).into())),
        ("PRET MLSD", Pret(Mlsd(None).into())),
        ("SSCN", Sscn(None)),
        ("SSCN ON", Sscn(Some(true))),
        ("SSCN OFF", Sscn(Some(false))),
        ("XFOO a 0 9", other("XFOO", Some(t("a 0 9")))),
        ("GET / HTTP/1.1", other("GET", Some(t("/ HTTP/1.1")))),
    ])
}

#[test]
fn every_wire_form_is_read_and_written() {
    for (line, command) in canonical() {
        assert_eq!(parse(line).as_ref(), Ok(&command), "{line}");
        let mut wire = BytesMut::from(&b"before"[..]);
        command.encode(&mut wire);
        assert_eq!(wire, format!("before{line}\r\n").as_bytes());
        assert_eq!(
            command.verb(),
            Verb::parse(line.split(' ').next().unwrap().as_bytes()).unwrap()
        );
        if !matches!(command, Command::Pass(_) | Command::Acct(_)) {
            assert_eq!(command.to_string(), line);
        }
    }
}

#[test]
fn every_verb_of_the_table_is_read() {
    let covered: Vec<Verb> = canonical().iter().map(|(_, c)| c.verb()).collect();
    for verb in Verb::ALL {
        let plain = match verb.as_str() {
            "XCWD" => Verb::CWD,
            "XCUP" => Verb::CDUP,
            "XRMD" => Verb::RMD,
            "XMKD" => Verb::MKD,
            "XPWD" => Verb::PWD,
            _ => *verb,
        };
        let found = [format!("{verb}"), format!("{verb} 1")]
            .iter()
            .filter_map(|line| parse(line).ok())
            .any(|command| command.verb() == plain);
        assert!(found || covered.contains(verb), "{verb}");
    }
}

#[test]
fn what_clients_get_wrong_is_read_all_the_same() {
    for (line, canonical) in [
        ("noop", "NOOP"),
        ("NoOp ", "NOOP"),
        ("PWD   ", "PWD"),
        ("user anna  ", "USER anna"),
        ("PASS", "PASS "),
        ("CWD ", "CWD"),
        ("XCWD a", "CWD a"),
        ("XCUP", "CDUP"),
        ("XRMD a", "RMD a"),
        ("XMKD a", "MKD a"),
        ("xpwd", "PWD"),
        ("TYPE a", "TYPE A"),
        ("TYPE A N", "TYPE A"),
        ("type i ", "TYPE I"),
        ("TYPE L8", "TYPE L 8"),
        ("TYPE l 8 ", "TYPE L 8"),
        ("mode s", "MODE S"),
        ("stru f ", "STRU F"),
        ("prot p", "PROT P"),
        ("PORT 192,000,002,001,004,001 ", "PORT 192,0,2,1,4,1"),
        ("EPRT !2!2001:DB8:0::1!1025!", "EPRT |2|2001:db8::1|1025|"),
        ("EPSV all", "EPSV ALL"),
        ("EPSV ", "EPSV"),
        ("REST 007 ", "REST 7"),
        ("ALLO 10 R 20", "ALLO 10"),
        ("ALLO 10 r 20 ", "ALLO 10"),
        ("ALLO lots", "ALLO -"),
        ("LIST ", "LIST"),
        ("LIST -a ", "LIST -a"),
        ("LIST -a -l x", "LIST -al x"),
        ("LIST -a -l -R ", "LIST -alR"),
        ("LIST -aAlRtr1FShngod", "LIST -aAlRtr1FShngod"),
        ("LIST -x path", "LIST ./-x path"),
        ("LIST -al-", "LIST ./-al-"),
        ("LIST -", "LIST ./-"),
        ("LIST --", "LIST ./--"),
        ("LIST -l  x", "LIST -l  x"),
        ("NLST -a -x", "NLST -a ./-x"),
        ("OPTS utf8 on", "OPTS UTF8 ON"),
        ("OPTS UTF-8 ON", "OPTS UTF8 ON"),
        ("OPTS UTF8 NLST", "OPTS UTF8 ON"),
        ("OPTS UTF8", "OPTS UTF8 ON"),
        ("OPTS utf-8 off ", "OPTS UTF8 OFF"),
        ("opts mlst Type;", "OPTS MLST Type;"),
        ("site help ", "SITE HELP"),
        ("SITE chmod 0644 a", "SITE CHMOD 644 a"),
        ("SITE utime 202406151200 a", "SITE UTIME 20240615120000 a"),
        (
            "SITE UTIME a 202406151200 20240615120000 20240615120000 utc",
            "SITE UTIME a 20240615120000 20240615120000 20240615120000 UTC",
        ),
        ("OPTS hash sha512", "OPTS HASH SHA-512"),
        ("OPTS HASH SHA1 ", "OPTS HASH SHA-1"),
        ("opts mode z level 0 ", "OPTS MODE Z LEVEL 0"),
        ("SITE symlink a  b ", "SITE SYMLINK a b"),
        ("SITE copy \"a\" b", "SITE COPY a b"),
        (
            "mff modify=20240615120000; a",
            "MFF Modify=20240615120000; a",
        ),
        (
            "MFF UNIX.group=g;unix.mode=755;Create=20240615120000; a",
            "MFF Create=20240615120000;UNIX.mode=0755;UNIX.group=g; a",
        ),
        ("RANG 0 0 ", "RANG 0 0"),
        ("XCRC a b 0 10", "XCRC \"a b\" 0 10"),
        ("XCRC \"a\"", "XCRC a"),
        ("XCRC \"a\" ", "XCRC a"),
        ("XCRC \"a\"  1   2 ", "XCRC \"a\" 1 2"),
        // Quotes that do not end with the name, or with numbers behind it, belong to it.
        ("XCRC \"a\"b", "XCRC \"\"\"a\"\"b\""),
        ("XCRC \"a\" x", "XCRC \"\"\"a\"\" x\""),
        ("XCRC \"a", "XCRC \"\"\"a\""),
        ("MMD5 a b,c", "MMD5 \"a b\", \"c\""),
        ("MMD5 \"a\"b", "MMD5 \"\"\"a\"\"b\""),
        ("COMB a b  c ", "COMB \"a\" \"b\" \"c\""),
        ("pret stor a", "PRET STOR a"),
        ("sscn on ", "SSCN ON"),
        ("cpsv ", "CPSV"),
        ("lpsv ", "LPSV"),
        // No time in front of UTC: the short form, with a path that ends so.
        (
            "SITE UTIME 20240615120000 at noon UTC",
            "SITE UTIME 20240615120000 at noon UTC",
        ),
    ] {
        let command = parse(line).unwrap_or_else(|error| panic!("{line}: {error}"));
        assert_eq!(command.to_bytes(), format!("{canonical}\r\n"), "{line}");
    }
}

#[test]
fn bad_lines_say_why_and_with_which_code() {
    use CommandErrorKind::*;
    let long = format!("ABOR {}", "x".repeat(5000));
    for (line, kind) in [
        ("", NotACommand),
        (" ", NotACommand),
        (" NOOP", NotACommand),
        ("\0", NotACommand),
        ("NOOP\r", NotACommand),
        ("NOOP\t", NotACommand),
        ("ABCDEFGHIJKLMNOP", NotACommand),
        ("RETR/a", NotACommand),
        ("*", NotACommand),
        ("\u{e9}", NotACommand),
        ("USER", MissingArgument),
        ("USER  ", MissingArgument),
        ("ACCT", MissingArgument),
        ("RETR", MissingArgument),
        ("RETR ", MissingArgument),
        ("STOR", MissingArgument),
        ("APPE ", MissingArgument),
        ("DELE", MissingArgument),
        ("RNFR", MissingArgument),
        ("RNTO ", MissingArgument),
        ("MKD", MissingArgument),
        ("XRMD ", MissingArgument),
        ("SMNT", MissingArgument),
        ("SIZE", MissingArgument),
        ("MDTM ", MissingArgument),
        ("MFMT", MissingArgument),
        ("SITE", MissingArgument),
        ("OPTS ", MissingArgument),
        ("AUTH", MissingArgument),
        ("PBSZ", MissingArgument),
        ("PROT", MissingArgument),
        ("TYPE", MissingArgument),
        ("MODE ", MissingArgument),
        ("STRU", MissingArgument),
        ("PORT", MissingArgument),
        ("EPRT ", MissingArgument),
        ("REST", MissingArgument),
        ("ALLO", MissingArgument),
        ("HOST", MissingArgument),
        ("CLNT", MissingArgument),
        ("LPRT", MissingArgument),
        ("MFCT", MissingArgument),
        ("MFF ", MissingArgument),
        ("MFF  a", MissingArgument),
        ("MFF Modify=20240615120000; ", MissingArgument),
        ("HASH", MissingArgument),
        ("RANG", MissingArgument),
        ("XCRC", MissingArgument),
        ("XSHA512 ", MissingArgument),
        ("MMD5", MissingArgument),
        ("MMD5 a,", MissingArgument),
        ("MMD5 ,a", MissingArgument),
        ("CSID", MissingArgument),
        ("COMB", MissingArgument),
        ("COMB a", MissingArgument),
        ("PRET ", MissingArgument),
        ("PRET RETR", MissingArgument),
        ("SITE SYMLINK a", MissingArgument),
        ("SITE MKDIR ", MissingArgument),
        ("SITE CPFR", MissingArgument),
        ("LPSV x", UnexpectedArgument),
        ("CPSV x", UnexpectedArgument),
        ("PASV x", UnexpectedArgument),
        ("QUIT  now", UnexpectedArgument),
        ("CDUP ..", UnexpectedArgument),
        (&long, UnexpectedArgument),
        ("RETR a\0b", ForbiddenByte),
        ("RETR a\rb", ForbiddenByte),
        ("RETR a\r", ForbiddenByte),
        ("PASS a\nDELE b", ForbiddenByte),
        ("USER \0", ForbiddenByte),
        ("LIST -a \0", ForbiddenByte),
        ("SITE x\ry", ForbiddenByte),
        ("SITE CHMOD 644 a\0", ForbiddenByte),
        ("SITE UTIME 20240615120000 a\0", ForbiddenByte),
        ("MFMT 20240615120000 a\r", ForbiddenByte),
        ("OPTS a\0", ForbiddenByte),
        ("OPTS a b\0", ForbiddenByte),
        ("ALLO x\0", ForbiddenByte),
        ("XFOO \0", ForbiddenByte),
        ("HELP \r", ForbiddenByte),
        ("HASH a\r", ForbiddenByte),
        ("XCRC \"a\0\" 1", ForbiddenByte),
        ("COMB a \"b\n\"", ForbiddenByte),
        ("MMD5 \"a\r\"", ForbiddenByte),
        ("AVBL \0", ForbiddenByte),
        ("OPTS HASH SHA-3", BadArgument),
        ("OPTS HASH CRC32X", BadArgument),
        ("OPTS MODE Z LEVEL 10", UnknownParameter),
        ("OPTS MODE", MissingArgument),
        ("OPTS MODE B", BadArgument),
        ("OPTS MODE Z LEVEL", BadArgument),
        ("OPTS MODE Z LEVEL 256", BadArgument),
        ("SSCN MAYBE", UnknownParameter),
        ("MFF Size=1; a", UnknownParameter),
        ("MFF Modify=2024; a", BadArgument),
        ("MFF Modify; a", BadArgument),
        ("MFF UNIX.mode=9; a", BadArgument),
        ("MFF UNIX.owner=; a", BadArgument),
        ("MFF UNIX.owner=a b; c", BadArgument),
        ("MFF Modify=20240615120000", BadArgument),
        ("MFF a", BadArgument),
        ("RANG 1", BadArgument),
        ("RANG 2 1", BadArgument),
        ("RANG 0 18446744073709551616", BadArgument),
        ("RANG -1 5", BadArgument),
        ("XCRC a 5 5", BadArgument),
        ("XCRC a 5 4", BadArgument),
        ("XCRC \"a\" 18446744073709551616", BadArgument),
        ("XCRC a 0 18446744073709551616", BadArgument),
        ("SITE SYMLINK a b c", BadArgument),
        ("SITE COPY a b c", BadArgument),
        ("PRET NOOP", BadArgument),
        ("PRET PRET RETR a", BadArgument),
        ("PRET * ", BadArgument),
        ("LPRT 4,4,1,2,3,4,2,0,0", BadArgument),
        ("LPRT 4,4,1,2,3,4,2,0", BadArgument),
        ("LPRT 5,1,9,2,4,1", UnknownLongFamily),
        ("TYPE X", UnknownParameter),
        ("TYPE A X", UnknownParameter),
        ("TYPE E Z", UnknownParameter),
        ("TYPE L 256", UnknownParameter),
        ("TYPE L", BadArgument),
        ("TYPE L 0", BadArgument),
        ("TYPE L 65536", BadArgument),
        ("TYPE L x", BadArgument),
        ("TYPE I N", BadArgument),
        ("TYPE A  N", BadArgument),
        ("TYPE ASCII", BadArgument),
        ("TYPE AN", BadArgument),
        ("TYPE 1", BadArgument),
        ("MODE X", UnknownParameter),
        ("MODE SS", BadArgument),
        ("STRU X", UnknownParameter),
        ("STRU F X", BadArgument),
        ("PROT X", UnknownParameter),
        ("PROT 1", BadArgument),
        ("PORT 1,2,3,4,5", BadArgument),
        ("PORT 1,2,3,4,5,256", BadArgument),
        ("PORT 1,2,3,4,0,0", BadArgument),
        ("PORT +1,2,3,4,5,6", BadArgument),
        ("PORT  1,2,3,4,5,6", BadArgument),
        ("EPRT |1|192.0.2.1|0|", BadArgument),
        ("EPRT |1|::1|1025|", BadArgument),
        ("EPRT |3|x|1025|", UnknownFamily),
        ("EPSV x", BadArgument),
        ("EPSV 65536", BadArgument),
        ("EPSV -1", BadArgument),
        ("REST -1", BadArgument),
        ("REST +1", BadArgument),
        ("REST 1 2", BadArgument),
        ("REST  1", BadArgument),
        ("REST 0x10", BadArgument),
        ("REST 18446744073709551616", BadArgument),
        ("ALLO 18446744073709551616", BadArgument),
        ("ALLO 1 R", BadArgument),
        ("ALLO 1 2", BadArgument),
        ("PBSZ 4294967296", BadArgument),
        ("PBSZ -1", BadArgument),
        ("SITE CHMOD", BadArgument),
        ("SITE CHMOD 64 a", BadArgument),
        ("SITE CHMOD 00644 a", BadArgument),
        ("SITE CHMOD 648 a", BadArgument),
        ("SITE CHMOD u+x a", BadArgument),
        ("SITE CHMOD 644", BadArgument),
        ("SITE CHMOD 644 ", MissingArgument),
        ("SITE UTIME", BadArgument),
        ("SITE UTIME a", BadArgument),
        ("SITE UTIME 20240615120000", BadArgument),
        ("SITE UTIME 20240615120000 ", MissingArgument),
        ("SITE UTIME 2024061512000 a", BadArgument),
        ("SITE UTIME 20241315120000 a", BadArgument),
        ("MFMT 20240615120000", BadArgument),
        ("MFMT 20240615120000 ", BadArgument),
        ("MFMT 20240230120000 a", BadArgument),
        ("MFMT yesterday a", BadArgument),
    ] {
        let error = parse(line).expect_err(line);
        assert_eq!(error.kind(), kind, "{line:?}");
        let code = match kind {
            NotACommand => 500,
            UnknownParameter => 504,
            UnknownFamily => 522,
            UnknownLongFamily => 521,
            _ => 501,
        };
        assert_eq!(error.reply_code().number(), code, "{line:?}");
        assert_eq!(error.verb().is_none(), kind == NotACommand, "{line:?}");
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn passwords_are_never_shown() {
    for line in [
        "PASS hunter2",
        "ACCT hunter2",
        "pass hunter2",
        "PASS hun\0ter2",
    ] {
        let read = parse(line);
        assert!(!format!("{read:?} {read:#?}").contains("hun"), "{line}");
        match read {
            Ok(command) => assert_eq!(command.to_string(), format!("{} ***", command.verb())),
            Err(error) => assert!(!error.to_string().contains("hun")),
        }
    }
}

#[test]
fn mdtm_has_an_old_form_that_sets() {
    let noon = time(1_718_452_800, 0);
    for (argument, expected) in [
        ("20240615120000 a b", Some((noon, p("a b")))),
        (
            "20240615120000.5 a",
            Some((time(1_718_452_800, 500_000_000), p("a"))),
        ),
        ("20240615120000  a", Some((noon, p(" a")))),
        ("20240615120000", None),
        ("20240615120000 ", None),
        ("20241315120000 a", None),
        ("2024061512000 a", None),
        ("a 20240615120000", None),
        (" 20240615120000 a", None),
    ] {
        assert_eq!(mdtm_set(&p(argument)), expected, "{argument}");
    }
}

/// All numbers near the places where arithmetic goes wrong.
fn numbers() -> impl Iterator<Item = i128> {
    let twos = (0..=65).map(|power| 1i128 << power);
    let tens = (0..=19).map(|power| 10i128.pow(power));
    twos.chain(tens).flat_map(|n| n - 3..=n + 3)
}

#[test]
fn offsets_and_sizes_are_all_of_64_bits_and_no_more() {
    for n in numbers() {
        let expected = u64::try_from(n).ok();
        let rest = parse(format!("REST {n}"));
        assert_eq!(rest.ok(), expected.map(Command::Rest), "{n}");
        if n >= 0 {
            let allo = parse(format!("ALLO {n}"));
            let sized = expected.map(|n| Command::Allo(Some(n)));
            assert_eq!(allo.ok(), sized, "{n}");
            let records = parse(format!("ALLO 1 R {n}"));
            assert_eq!(records.is_ok(), expected.is_some(), "{n}");
        }
        let pbsz = parse(format!("PBSZ {n}"));
        assert_eq!(pbsz.ok(), u32::try_from(n).ok().map(Command::Pbsz), "{n}");
        let epsv = parse(format!("EPSV {n}"));
        let family = u16::try_from(n)
            .ok()
            .map(|n| Command::Epsv(Epsv::Family(n)));
        assert_eq!(epsv.ok(), family, "{n}");
        let local = parse(format!("TYPE L {n}"));
        let size = u8::try_from(n).ok().filter(|n| *n != 0);
        assert_eq!(
            local.ok(),
            size.map(|n| Command::Type(Type::Local(n))),
            "{n}"
        );
    }
}

#[test]
fn every_port_is_read_in_port_and_eprt() {
    for port in 0..=u16::MAX {
        let [high, low] = port.to_be_bytes();
        let read = parse(format!("PORT 192,0,2,1,{high},{low}"));
        let address = SocketAddrV4::new([192, 0, 2, 1].into(), port);
        assert_eq!(read.ok(), (port != 0).then_some(Command::Port(address)));
        let read = parse(format!("EPRT |2|::1|{port}|"));
        let address = SocketAddr::new(IpAddr::V6(1.into()), port);
        assert_eq!(read.ok(), (port != 0).then_some(Command::Eprt(address)));
    }
    assert!(parse("EPRT |2|::1|65536|").is_err());
}

#[test]
fn every_octal_mode_is_read() {
    for mode in 0..=0o7777u16 {
        let chmod = Command::Site(Site::Chmod { mode, path: p("a") });
        assert_eq!(parse(format!("SITE CHMOD {mode:04o} a")), Ok(chmod.clone()));
        assert_eq!(crossed(&chmod), chmod);
    }
}
