//! Random steps in any order, and what must hold whatever they are.

mod world;

use alloc::vec::Vec;

use proptest::prelude::*;

use self::world::{Setting, World};
use crate::{
    Verb,
    command::HashAlgorithm,
    effort::size,
    server::{Offers, TlsPolicy},
};

/// What a client sends; each may come in any state.
const LINES: &[&[u8]] = &[
    b"USER anna\r\n",
    b"PASS secret\r\n",
    b"ACCT x\r\n",
    b"EPSV\r\n",
    b"PASV\r\n",
    b"EPSV\r\n",
    b"PASV\r\n",
    b"EPSV ALL\r\n",
    b"EPSV 2\r\n",
    b"PORT 192,0,2,7,195,80\r\n",
    b"PORT 192,0,2,9,195,80\r\n",
    b"EPRT |1|192.0.2.7|50000|\r\n",
    b"EPRT |2|::1|50000|\r\n",
    b"LPSV\r\n",
    b"LPRT 4,4,192,0,2,7,2,195,80\r\n",
    b"LPRT 6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,1,2,19,136\r\n",
    b"PRET RETR a\r\n",
    b"PRET NOOP\r\n",
    b"RANG 2 4\r\n",
    b"RANG 1 0\r\n",
    b"RETR a\r\n",
    b"RETR a\r\n",
    b"STOR b\r\n",
    b"STOR b\r\n",
    b"STOU\r\n",
    b"APPE c\r\n",
    b"LIST -la\r\n",
    b"NLST\r\n",
    b"MLSD\r\n",
    b"ABOR\r\n",
    b"ABOR\r\n",
    b"\xff\xf4\xff\xf2ABOR\r\n",
    b"\xff\xf2",
    b"\xff\xfd\x03",
    b"STAT\r\n",
    b"STAT x\r\n",
    b"NOOP\r\n",
    b"QUIT\r\n",
    b"REIN\r\n",
    b"TYPE I\r\n",
    b"TYPE A\r\n",
    b"REST 5\r\n",
    b"RNFR a\r\n",
    b"RNTO b\r\n",
    b"CWD x\r\n",
    b"CDUP\r\n",
    b"PWD\r\n",
    b"MKD x\r\n",
    b"RMD x\r\n",
    b"DELE x\r\n",
    b"SIZE x\r\n",
    b"MDTM x\r\n",
    b"MDTM 20240102030405 x\r\n",
    b"MFMT 20240102030405 x\r\n",
    b"MLST x\r\n",
    b"SITE CHMOD 644 x\r\n",
    b"SITE UTIME 20240102030405 x\r\n",
    b"SITE HELP\r\n",
    b"FEAT\r\n",
    b"HELP\r\n",
    b"SYST\r\n",
    b"OPTS MLST size;\r\n",
    b"OPTS UTF8 ON\r\n",
    b"LANG de\r\n",
    b"HOST h\r\n",
    b"CLNT c\r\n",
    b"CSID c\r\n",
    b"ALLO 5\r\n",
    b"ALLO 500\r\n",
    b"ALLO some\r\n",
    b"AVBL\r\n",
    b"AVBL x\r\n",
    b"HASH x\r\n",
    b"OPTS HASH\r\n",
    b"OPTS HASH MD5\r\n",
    b"OPTS HASH SHA-3\r\n",
    b"XCRC x\r\n",
    b"XMD5 \"x\" 1\r\n",
    b"XSHA x 1 5\r\n",
    b"XSHA256 x 5 1\r\n",
    b"MD5 x\r\n",
    b"MMD5 x, y, z\r\n",
    b"MFCT 20240102030405 x\r\n",
    b"MFF Modify=20240102030405;UNIX.mode=640; x\r\n",
    b"MFF color=red; x\r\n",
    b"COMB x y z\r\n",
    b"SITE COPY x y\r\n",
    b"SITE CPFR x\r\n",
    b"SITE CPTO y\r\n",
    b"SITE MKDIR x/y\r\n",
    b"SITE RMDIR x\r\n",
    b"SITE SYMLINK x y\r\n",
    b"SITE WHO\r\n",
    b"SSCN\r\n",
    b"SSCN ON\r\n",
    b"CPSV\r\n",
    b"STRU R\r\n",
    b"MODE B\r\n",
    b"SMNT x\r\n",
    b"PBSZ 0\r\n",
    b"PROT P\r\n",
    b"PROT C\r\n",
    b"CCC\r\n",
    b"MIC x\r\n",
    b"RETR\r\n",
    b"XFOO\r\n",
    b"\r\n",
    b"\x01\x02\r\n",
    b"NOOP",
    b"AUTH TLS\r\n",
];

#[derive(Clone, Debug)]
enum Do {
    Send(Vec<u8>),
    Answer(u8),
    News(u8),
    /// News that no driver would bring.
    Lie(u64, u8),
    Pass(u16),
    Tls(u8),
    Eof,
    Drain,
    ShutDown,
}

/// Arguments that some command takes; each may come behind any verb.
const ARGUMENTS: &[&[u8]] = &[
    b"",
    b" ",
    b"x",
    b"x y",
    b"\"a \"\"b\" c",
    b"-la x",
    b"~",
    b"..",
    b"0",
    b"1",
    b"1 0",
    b"2 4",
    b"4 2",
    b"18446744073709551615",
    b"18446744073709551616",
    b"0 18446744073709551615",
    b"x 2 4",
    b"x, y",
    b"A",
    b"A N",
    b"E",
    b"I",
    b"L 8",
    b"F",
    b"R",
    b"S",
    b"Z",
    b"C",
    b"P",
    b"ALL",
    b"2",
    b"ON",
    b"OFF",
    b"en",
    b"TLS",
    b"GSSAPI",
    b"HELP",
    b"UTF8 ON",
    b"HASH SHA-1",
    b"HASH X",
    b"MLST type;size;",
    b"MODE Z LEVEL 3",
    b"CHMOD 640 x",
    b"CHMOD 999 x",
    b"UTIME 202401020304 x",
    b"COPY x y",
    b"CPFR x",
    b"CPTO y",
    b"MKDIR x/y",
    b"RMDIR x",
    b"SYMLINK x y",
    b"RETR x",
    b"STOR x",
    b"20240102030405 x",
    b"20240230000000 x",
    b"Modify=20240102030405; x",
    b"UNIX.mode=640;UNIX.owner=7; x",
    b"color=red; x",
    b"192,0,2,7,195,80",
    b"192,0,2,9,195,80",
    b"192,0,2,7,0,20",
    b"|1|192.0.2.7|50000|",
    b"|2|2001:db8::7|50000|",
    b"|2|2001:db8::9|50000|",
    b"|3|x|1|",
    b"4,4,192,0,2,7,2,195,80",
    b"6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,7,2,195,80",
    b"5,1,9,2,195,80",
    b"\xff\xff\xe4",
    b"a\0b",
    b"a\rb",
];

fn line() -> impl Strategy<Value = Vec<u8>> {
    let any_verb = || proptest::sample::select(Verb::ALL);
    let joined = |(verb, argument): (Verb, Vec<u8>)| {
        let mut line = verb.as_str().as_bytes().to_vec();
        line.push(b' ');
        line.extend_from_slice(&argument);
        line.extend_from_slice(b"\r\n");
        line
    };
    let argument = proptest::sample::select(ARGUMENTS).prop_map(<[u8]>::to_vec);
    let noise = proptest::collection::vec(any::<u8>(), 0..12);
    prop_oneof![
        5 => proptest::sample::select(LINES).prop_map(<[u8]>::to_vec),
        4 => (any_verb(), argument).prop_map(joined),
        1 => (any_verb(), noise).prop_map(joined),
    ]
}

fn setting() -> impl Strategy<Value = Setting> {
    let tls = prop_oneof![
        4 => Just(TlsPolicy::Off),
        4 => Just(TlsPolicy::Offered),
        1 => Just(TlsPolicy::RequiredForLogin),
        1 => Just(TlsPolicy::RequiredForData),
    ];
    let offers = prop_oneof![
        2 => Just(Offers::ALL),
        1 => Just(Offers::EMPTY),
        1 => proptest::sample::select(&HashAlgorithm::ALL[..]).prop_map(Offers::hash),
    ];
    let often = proptest::bool::weighted(0.9);
    (
        tls,
        proptest::bool::weighted(0.2),
        often,
        offers,
        any::<bool>(),
    )
        .prop_map(|(tls, v6, active, offers, dangerous)| Setting {
            tls,
            v6,
            active,
            offers,
            dangerous,
        })
}

fn step() -> impl Strategy<Value = Do> {
    prop_oneof![
        12 => line().prop_map(Do::Send),
        3 => proptest::collection::vec(line(), 2..5).prop_map(|lines| Do::Send(lines.concat())),
        1 => proptest::collection::vec(any::<u8>(), 1..20).prop_map(Do::Send),
        12 => any::<u8>().prop_map(Do::Answer),
        14 => any::<u8>().prop_map(Do::News),
        3 => any::<u8>().prop_map(Do::Tls),
        1 => (0..70_u16).prop_map(Do::Pass),
    ]
}

fn steps(end: bool) -> impl Strategy<Value = Vec<Do>> {
    let last = if end {
        prop_oneof![
            Just(Do::Eof),
            Just(Do::Drain),
            Just(Do::ShutDown),
            Just(Do::Pass(400)),
        ]
        .boxed()
    } else {
        Just(Do::Eof).boxed()
    };
    let more = proptest::collection::vec(step(), 0..size(8, 3));
    (
        proptest::collection::vec(step(), 0..size(60, 4)),
        last,
        more,
    )
        .prop_map(|(steps, last, more)| [steps, [last].into(), more].concat())
}

fn lies() -> impl Strategy<Value = Vec<Do>> {
    let step = prop_oneof![
        3 => step(),
        2 => (0..8_u64, any::<u8>()).prop_map(|(id, what)| Do::Lie(id, what)),
    ];
    proptest::collection::vec(step, 0..size(60, 6))
}

proptest! {
    /// One final reply a command, in order, inside its row; at most one question and one data
    /// connection; nothing leaked; it ends.
    #[test]
    fn whatever_happens(steps in steps(true), fresh: bool, setting in setting()) {
        let mut world = if fresh {
            World::new(setting, true)
        } else {
            World::logged_in(setting, true)
        };
        for step in &steps {
            world.carry_out(step, usize::MAX);
        }
        world.end();
    }

    /// A driver that tells nonsense gets no panic, no leak of questions, and an end.
    #[test]
    fn whatever_a_driver_says(steps in lies(), setting in setting()) {
        let mut world = World::logged_in(setting, false);
        for step in &steps {
            world.carry_out(step, usize::MAX);
        }
        world.end();
    }

    /// The same bytes in other pieces give the same outputs. In clear: what comes in one piece
    /// with AUTH is refused, what comes behind it is TLS.
    #[test]
    fn in_whatever_pieces(steps in steps(false), setting in setting(), piece in 1..9_usize) {
        let setting = Setting { tls: TlsPolicy::Off, ..setting };
        let logs = [usize::MAX, piece, 1].map(|piece| {
            let mut world = World::logged_in(setting, true);
            for step in &steps {
                world.carry_out(step, piece);
            }
            world.end();
            world.log
        });
        prop_assert_eq!(&logs[0], &logs[1]);
        prop_assert_eq!(&logs[0], &logs[2]);
    }
}
