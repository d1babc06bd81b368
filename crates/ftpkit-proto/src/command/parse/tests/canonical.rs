//! One line for every variant and every kind of argument.

use std::{vec, vec::Vec};

use super::*;
use crate::command::FactValue;

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
pub(super) fn canonical() -> Vec<(&'static str, Command)> {
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
