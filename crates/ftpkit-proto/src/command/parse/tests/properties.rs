//! What holds for any command and any line.

use proptest::prelude::*;
use std::{
    net::{IpAddr, SocketAddr, SocketAddrV4},
    string::{String, ToString},
    vec::Vec,
};

use super::*;

fn raw(most: usize) -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        3 => prop::sample::select(&b" -./a\xff\xf2\xf4;"[..]),
        2 => 1u8..=255,
    ];
    prop::collection::vec(byte, 1..most)
        .prop_map(|mut bytes| {
            bytes.retain(|b| !matches!(b, b'\r' | b'\n' | 0));
            bytes
        })
        .prop_filter("empty", |bytes| !bytes.is_empty())
}

fn any_path() -> impl Strategy<Value = PathArg> {
    raw(24).prop_map(|bytes| PathArg::new(bytes).unwrap())
}

/// A path that a listing's argument can hold as it is.
fn listed_path() -> impl Strategy<Value = PathArg> {
    any_path().prop_filter("dash", |path| !path.as_bytes().starts_with(b"-"))
}

/// Text without the spaces at its end, which do not count.
fn any_text() -> impl Strategy<Value = Text> {
    raw(24)
        .prop_filter("space", |bytes| !bytes.ends_with(b" "))
        .prop_map(|bytes| Text::new(bytes).unwrap())
}

fn any_time() -> impl Strategy<Value = Timestamp> {
    (-62_167_219_200i64..=253_402_300_799, 0u32..1_000_000_000)
        .prop_map(|(seconds, nanos)| time(seconds, nanos))
}

fn any_list() -> impl Strategy<Value = ListArgs> {
    ("[alAtRr1FShngod]{0,4}", prop::option::of(listed_path()))
        .prop_map(|(options, path)| ListArgs::new(Text::try_from(options).unwrap(), path))
}

fn any_command() -> impl Strategy<Value = Command> {
    let fixed = prop::sample::select(
        canonical()
            .into_iter()
            .map(|(_, command)| command)
            .collect::<Vec<_>>(),
    );
    prop_oneof![
        fixed,
        any_text().prop_map(Command::User),
        raw(24).prop_map(|b| Command::Pass(Secret::new(b).unwrap())),
        raw(24).prop_map(|b| Command::Acct(Secret::new(b).unwrap())),
        any_path().prop_map(Command::Retr),
        any_path().prop_map(Command::Stor),
        any_path().prop_map(Command::Mdtm),
        any_path().prop_map(Command::Hash),
        (any_path(), any_path()).prop_map(|(from, to)| Command::Site(Site::Copy { from, to })),
        prop::collection::vec(any_path(), 1..4).prop_map(Command::Mmd5),
        (any_path(), prop::collection::vec(any_path(), 1..4))
            .prop_map(|(target, parts)| Command::Comb { target, parts }),
        (
            prop::sample::select(&Checksum::ALL[..]),
            any_path(),
            any_range()
        )
            .prop_map(|(form, path, range)| Command::Checksum { form, path, range }),
        (any::<u64>(), any::<u64>())
            .prop_map(|(a, b)| Command::Rang(ByteRange::inclusive(a.min(b), a.max(b)))),
        (any::<IpAddr>(), 1u16..).prop_map(|(ip, port)| Command::Lprt(SocketAddr::new(ip, port))),
        prop::option::of(any_path()).prop_map(Command::Cwd),
        prop::option::of(any_path()).prop_map(Command::Mlsd),
        any_list().prop_map(Command::List),
        any_list().prop_map(Command::Nlst),
        any_list().prop_map(Command::Stat),
        any::<u64>().prop_map(Command::Rest),
        prop::option::of(any::<u64>()).prop_map(Command::Allo),
        (any::<[u8; 4]>(), 1u16..)
            .prop_map(|(ip, port)| { Command::Port(SocketAddrV4::new(ip.into(), port)) }),
        (any::<IpAddr>(), 1u16..).prop_map(|(ip, port)| Command::Eprt(SocketAddr::new(ip, port))),
        (any_time(), any_path()).prop_map(|(time, path)| Command::Mfmt { time, path }),
        (0u16..=0o7777, any_path())
            .prop_map(|(mode, path)| Command::Site(Site::Chmod { mode, path })),
        (prop::option::of(any_time()), any_time(), any_path()).prop_map(
            |(accessed, modified, path)| Command::Site(Site::Utime {
                accessed: accessed.map(Timestamp::whole_seconds),
                modified: modified.whole_seconds(),
                path,
            })
        ),
        ("X[A-Z0-9]{1,14}", prop::option::of(raw(24))).prop_filter_map(
            "known",
            |(verb, argument)| {
                let verb = Verb::parse(verb.as_bytes()).filter(|verb| !verb.is_known())?;
                let argument = argument.map(|bytes| Text::new(bytes).unwrap());
                Some(Command::Other { verb, argument })
            }
        ),
    ]
}

fn any_range() -> impl Strategy<Value = Option<ByteRange>> {
    (0u8..3, any::<u64>(), any::<u64>()).prop_map(|(kind, a, b)| match kind {
        0 => None,
        1 => Some(ByteRange::from(a)),
        _ => ByteRange::between(a.min(b), a.max(b)),
    })
}

/// Lines that are nearly commands.
fn any_line() -> impl Strategy<Value = Vec<u8>> {
    let verb = prop_oneof![
        prop::sample::select(Verb::ALL).prop_map(|verb| verb.to_string().into_bytes()),
        raw(6),
    ];
    let argument = prop_oneof![
        raw(30),
        "[-+]?[0-9]{1,21}".prop_map(String::into_bytes),
        "[|!][0-4][|!][0-9a-f:.]{0,12}[|!][0-9]{0,6}[|!]".prop_map(String::into_bytes),
        "[0-9]{1,3}(,[0-9]{1,3}){4,6}".prop_map(String::into_bytes),
        "(CHMOD|UTIME|HELP|UTF8|MLST) ?[0-9]{3,15} ?[a ]{0,3}".prop_map(String::into_bytes),
        "[AEILFRPSBCZ]( [NTC8])? ?".prop_map(String::into_bytes),
        prop::collection::vec(any::<u8>(), 0..10),
    ];
    (verb, prop::bool::weighted(0.9), argument).prop_map(|(mut line, space, argument)| {
        if space {
            line.push(b' ');
        }
        line.extend(argument);
        line
    })
}

proptest! {
    #[test]
    fn a_command_crosses_the_wire_as_it_is(command in any_command()) {
        prop_assert_eq!(crossed(&command), command);
    }

    #[test]
    fn what_is_read_is_written_in_a_form_that_reads_the_same(line in any_line()) {
        if let Ok(command) = Command::parse(&line) {
            let wire = command.to_bytes();
            prop_assert!(wire.ends_with(b"\r\n"));
            prop_assert!(!wire[..wire.len() - 2].iter().any(|b| matches!(b, b'\r' | b'\n' | 0)));
            let again = crossed(&command);
            prop_assert_eq!(again.to_bytes(), wire);
            prop_assert_eq!(again.verb(), command.verb());
        }
    }

    #[test]
    fn paths_are_taken_and_written_byte_by_byte(path in raw(40)) {
        let line = [b"RETR ", &path[..]].concat();
        let command = Command::parse(&line).unwrap();
        prop_assert_eq!(&command, &Command::Retr(PathArg::new(path).unwrap()));
        let mut framer = Framer::new(0);
        framer.push(&command.to_bytes());
        prop_assert_eq!(framer.next_line(), Some(Framed::Line(&line)));
    }
}

#[test]
fn a_command_in_a_command_is_no_recursion() {
    let line = [&b"PRET ".repeat(100_000)[..], b"RETR x"].concat();
    let error = Command::parse(&line).unwrap_err();
    assert_eq!(error.kind, CommandErrorKind::BadArgument);
}
