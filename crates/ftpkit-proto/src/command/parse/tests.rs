use std::{
    format,
    net::{IpAddr, SocketAddr, SocketAddrV4},
    string::ToString,
    vec,
    vec::Vec,
};

use bytes::BytesMut;

use super::*;
use crate::command::{self, HashAlgorithm, SetFacts, Site};
use crate::wire::{Framed, Framer};

mod bad;
mod canonical;
mod properties;

use canonical::canonical;

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
    let (step, around) = if cfg!(miri) { (32, 1) } else { (1, 3) };
    twos.step_by(step)
        .chain(tens.step_by(step))
        .flat_map(move |n| n - around..=n + around)
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
    let step = if cfg!(miri) { 8191 } else { 1 };
    for port in (0..=u16::MAX).step_by(step) {
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
    let step = if cfg!(miri) { 585 } else { 1 };
    for mode in (0..=0o7777u16).step_by(step) {
        let chmod = Command::Site(Site::Chmod { mode, path: p("a") });
        assert_eq!(parse(format!("SITE CHMOD {mode:04o} a")), Ok(chmod.clone()));
        assert_eq!(crossed(&chmod), chmod);
    }
}
