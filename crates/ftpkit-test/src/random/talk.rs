//! What peers and applications say when the dice choose. To have new commands, replies or
//! requests taken into random sessions, add them here.

use ftpkit_proto::{
    Command, PathArg, Text, TlsFacts,
    client::{Credentials, Request, Transfer},
    command::{ByteRange, ListArgs},
    facts::Facts,
    server::{Described, Digested, LoginAnswer, Offers, Opened},
    time::Timestamp,
};

use super::dice::Dice;
use crate::player::{Answer, Pending};

/// Lines of a client that make sense, by how often they come.
const LINES: &[(usize, &str)] = &[
    (6, "USER anna"),
    (6, "PASS secret"),
    (3, "ACCT archive"),
    (4, "REIN"),
    (1, "QUIT"),
    (4, "AUTH TLS"),
    (1, "AUTH KERBEROS"),
    (3, "PBSZ 0"),
    (2, "PROT P"),
    (2, "PROT C"),
    (1, "PROT S"),
    (3, "CCC"),
    (8, "EPSV"),
    (4, "PASV"),
    (1, "LPSV"),
    (1, "EPSV ALL"),
    (1, "EPSV 3"),
    (4, "PORT 192,0,2,9,195,80"),
    (2, "EPRT |1|192.0.2.9|50001|"),
    (1, "EPRT |2|2001:db8::9|50001|"),
    (1, "LPRT 4,4,192,0,2,9,2,195,80"),
    (1, "PORT 198,51,100,1,195,80"),
    (8, "RETR f"),
    (8, "STOR f"),
    (2, "APPE f"),
    (2, "STOU"),
    (4, "LIST"),
    (1, "LIST -al d"),
    (2, "NLST"),
    (2, "MLSD"),
    (3, "REST 7"),
    (1, "REST 0"),
    (1, "RANG 3 9"),
    (1, "RANG 1 0"),
    (1, "PRET RETR f"),
    (5, "ABOR"),
    (3, "NOOP"),
    (3, "STAT"),
    (1, "STAT d"),
    (3, "TYPE I"),
    (1, "TYPE A"),
    (1, "TYPE E"),
    (1, "STRU F"),
    (1, "STRU R"),
    (1, "MODE S"),
    (1, "MODE Z"),
    (2, "CWD d"),
    (1, "CWD"),
    (1, "CDUP"),
    (1, "PWD"),
    (1, "MKD d"),
    (1, "RMD d"),
    (1, "DELE f"),
    (3, "RNFR f"),
    (3, "RNTO g"),
    (1, "SIZE f"),
    (2, "MDTM f"),
    (2, "MDTM 20240615120000 f"),
    (1, "MFMT 20240615120000 f"),
    (1, "MFCT 20240615120000 f"),
    (1, "MFF Modify=20240615120000; f"),
    (1, "MLST f"),
    (1, "HASH f"),
    (1, "XMD5 f"),
    (1, "ALLO 9"),
    (1, "AVBL"),
    (1, "COMB f a b"),
    (1, "CPFR f"),
    (1, "CPTO g"),
    (1, "CPSV"),
    (1, "SSCN ON"),
    (1, "SITE CHMOD 644 f"),
    (1, "SITE UTIME 20240615120000 f"),
    (1, "SITE HELP"),
    (1, "SITE x"),
    (1, "SYST"),
    (1, "HELP"),
    (1, "FEAT"),
    (1, "OPTS UTF8 ON"),
    (1, "OPTS MLST size;"),
    (1, "LANG"),
    (1, "CLNT x"),
    (1, "HOST h.example"),
    (1, "HOST i.example"),
    (1, "HOST J.EXAMPLE"),
    (1, "SMNT /"),
    (1, "ADAT abcd"),
    (1, "XYZZY"),
    (1, "RETR"),
    (1, ""),
];

/// Lines that a client may send in one piece.
const BURSTS: &[&str] = &[
    "USER anna\r\nPASS secret\r\n",
    "USER anna\r\nUSER berta\r\nPASS secret\r\n",
    "TYPE I\r\nEPSV\r\nRETR f\r\n",
    "TYPE I\r\nREST 7\r\nPASV\r\nRETR f\r\n",
    "TYPE I\r\nREST 7\r\nPASV\r\nNOOP\r\nRETR f\r\n",
    "EPSV\r\nSTOR f\r\n",
    "EPSV\r\nLIST\r\n",
    "EPSV\r\nEPSV\r\nPORT 192,0,2,9,195,80\r\nPORT 192,0,2,9,195,81\r\nEPSV\r\n",
    "PORT 192,0,2,9,195,80\r\nSTOR f\r\n",
    "PORT 192,0,2,9,195,80\r\nRETR f\r\n",
    "RNFR f\r\nRNTO g\r\n",
    "RNFR f\r\nNOOP\r\n",
    "ABOR\r\nNOOP\r\n",
    "NOOP\r\nNOOP\r\nNOOP\r\n",
    "CWD d\r\nPWD\r\n",
];

/// Lines about TLS, which have an order of their own.
const SECURITY: &[&str] = &[
    "AUTH TLS\r\n",
    "PBSZ 0\r\n",
    "PROT P\r\n",
    "PROT C\r\n",
    "PBSZ 0\r\nPROT P\r\n",
    "PBSZ 0\r\nREIN\r\n",
    "CCC\r\n",
    "REIN\r\n",
    "HOST I.example\r\nAUTH TLS\r\n",
    "HOST h.example\r\nUSER anna\r\n",
];

/// Bytes that make no sense.
const NOISE: &[&[u8]] = &[
    b"\xff\xf4\xff\xf2ABOR\r\n",
    b"\xff\xf4\xf2ABOR\r\n",
    b"EPSV\r\nSTOR f\r\nNOOP\r\nPWD\r\n\xff\xf4\xff\xf2ABOR\r\nSYST\r\n",
    b"DELE f\r\nPWD\r\n\xff\xf4\xff\xf2ABOR\r\n",
    b"PWD\r\nPW\xff\xf2SYST\r\n",
    b"\xff\xfd\x18",
    b"\r\n",
    b"\n",
    b"\0\r\n",
    b"\xff",
    b"GET / HTTP/1.1\r\n",
    b"\x16\x03\x01\x00\r\n",
    b"NOOP\n",
    b"NOOP\r",
];

/// What a client sends, in one piece or to be cut.
pub(super) fn lines(dice: &mut Dice) -> Vec<u8> {
    match dice.below(20) {
        0 => dice.pick(NOISE).to_vec(),
        1 if dice.chance(10) => [b'x'; 5000].to_vec(),
        1..=4 => dice.pick(BURSTS).as_bytes().to_vec(),
        5..=7 => dice.pick(SECURITY).as_bytes().to_vec(),
        _ => format!("{}\r\n", dice.weighted(LINES)).into_bytes(),
    }
}

/// Replies, of every kind that a client must look at.
const REPLIES: &[&str] = &[
    "110 Marker\r\n",
    "120 Soon\r\n",
    "125 Here\r\n",
    "150 Here\r\n",
    "150 Here\r\n226 Done\r\n",
    "200 Fine\r\n",
    "202 Superfluous\r\n",
    "211-Features\r\n SIZE\r\n EPSV\r\n PRET\r\n211 End\r\n",
    "213 9\r\n",
    "220 Hello\r\n",
    "221 Bye\r\n",
    "225 Nothing runs\r\n",
    "226 Done\r\n",
    "226 Done\r\n226 Done\r\n",
    "227 Fine (192,0,2,1,195,80)\r\n",
    "227 Fine (198,51,100,1,195,80)\r\n",
    "227 Fine\r\n",
    "228 Fine (4,4,192,0,2,1,2,195,80)\r\n",
    "229 Fine (|||50000|)\r\n",
    "229 Fine (|||0|)\r\n",
    "230 Welcome\r\n",
    "232 Welcome\r\n",
    "234 Go\r\n",
    "234 Go\r\nx",
    "250 Fine\r\n",
    "257 \"/\"\r\n",
    "331 Password?\r\n",
    "332 Account?\r\n",
    "334 Go\r\n",
    "350 Go on\r\n",
    "421 Bye\r\n",
    "425 No\r\n",
    "426 Stopped\r\n",
    "426 Stopped\r\n226 Aborted\r\n",
    "450 Busy\r\n",
    "500 What?\r\n",
    "502 No\r\n",
    "504 No\r\n",
    "522 No\r\n",
    "530 No\r\n",
    "550 No\r\n",
    "hello\r\n",
    "999 Odd\r\n",
    "200-half",
    "200 \u{ff}\r\n",
];

/// Any reply.
pub(super) fn any_reply(dice: &mut Dice) -> Vec<u8> {
    dice.pick(REPLIES).as_bytes().to_vec()
}

/// A reply of the kind that this command gets from somebody; the first of each line is success.
/// One that ends with 1yz is not the last.
const FITTING: &[(&str, &[&str])] = &[
    (
        "USER",
        &["331 Password?", "230 Welcome", "332 Account?", "530 No"],
    ),
    (
        "PASS",
        &["230 Welcome", "332 Account?", "202 Fine", "530 No"],
    ),
    ("ACCT", &["230 Welcome", "530 No"]),
    (
        "AUTH",
        &[
            "234 Go",
            "234 Go\r\n220 Hello",
            "334 Go",
            "504 No",
            "500 No",
            "534 No",
            "431 No",
        ],
    ),
    ("PBSZ", &["200 Fine", "503 No"]),
    ("PROT", &["200 Fine", "536 No"]),
    (
        "EPSV",
        &[
            "229 Fine (|||50000|)",
            "229 Fine",
            "500 No",
            "522 No",
            "425 No",
        ],
    ),
    (
        "PASV",
        &[
            "227 Fine (192,0,2,1,195,80)",
            "227 Fine",
            "500 No",
            "425 No",
        ],
    ),
    ("LPSV", &["228 Fine (4,4,192,0,2,1,2,195,80)", "500 No"]),
    ("EPRT", &["200 Fine", "500 No", "522 No"]),
    ("PORT", &["200 Fine", "500 No"]),
    ("LPRT", &["200 Fine", "500 No"]),
    ("PRET", &["200 Fine", "500 No", "550 No"]),
    ("REST", &["350 Go on", "500 No"]),
    ("RANG", &["350 Go on", "500 No", "501 No"]),
    ("RNFR", &["350 Go on", "250 Fine", "550 No"]),
    ("RNTO", &["250 Fine", "553 No"]),
    (
        "ABOR",
        &[
            "426 Stopped",
            "226 Done",
            "225 Nothing",
            "500 No",
            "426 Stopped\r\n226 Aborted",
        ],
    ),
    (
        "PWD",
        &[
            "257 \"/\"",
            "226 Fine\r\n257 \"/\"",
            "226 Fine",
            "225 Fine",
            "550 No",
        ],
    ),
    (
        "FEAT",
        &[
            "211-Features\r\n SIZE\r\n EPSV\r\n211 End",
            "211-Features\r\n PRET\r\n PASV\r\n211 End",
            "211-Features\r\n CLNT\r\n UTF8\r\n EPSV\r\n RANG STREAM\r\n211 End",
            "211-Features\r\n CLNT\r\n PASV\r\n211 End",
            "211 None",
            "500 No",
        ],
    ),
    ("HOST", &["220 Fine", "500 No"]),
    ("QUIT", &["221 Bye", "500 No"]),
    ("CCC", &["200 Fine", "534 No"]),
    ("HASH", &["213 SHA-1 3-8 00ff /a", "550 No"]),
    ("", &["200 Fine", "250 Fine", "500 No", "550 No"]),
];

/// What servers do not know, by how often they are met.
pub(super) const UNKNOWN: &[(usize, &[&str])] = &[
    (5, &[]),
    (5, &["EPSV", "PASV", "LPSV"]),
    (1, &["EPSV", "EPRT", "FEAT"]),
    (1, &["EPRT", "PORT", "LPRT"]),
    (1, &["PRET", "RANG", "REST", "HOST"]),
];

/// What commands with a data connection get, before and behind their payload.
const TRANSFERS: &[&str] = &["RETR", "STOR", "APPE", "STOU", "LIST", "NLST", "MLSD"];
const BEGIN: &[(usize, &str)] = &[
    (12, "150 Here (9 bytes)"),
    (2, "125 Here"),
    (2, "226 Done"),
    (1, "150 Here\r\n226 Done"),
    (2, "425 No"),
    (3, "550 No"),
];
const END: &[(usize, &str)] = &[
    (10, "226 Done"),
    (2, "250 Done"),
    (2, "426 Stopped"),
    (6, "425 No"),
    (1, "551 No"),
];

/// The reply of a server that does all it is asked.
pub(super) fn good_reply(command: &str, begun: bool) -> Vec<u8> {
    let verb = command.split(' ').next().unwrap_or_default();
    let reply = match (TRANSFERS.contains(&verb), begun) {
        (true, false) => "150 Here",
        (true, true) => "226 Done",
        _ => row(verb)[0],
    };
    format!("{reply}\r\n").into_bytes()
}

fn row(verb: &str) -> &'static [&'static str] {
    let row = FITTING.iter().find(|(of, _)| *of == verb || of.is_empty());
    row.map_or(&["200 Fine"], |(_, replies)| replies)
}

/// A reply that this command may get, more often than not a good one; `begun` tells whether it
/// got a preliminary one already.
pub(super) fn fitting_reply(command: &str, begun: bool, dice: &mut Dice) -> Vec<u8> {
    let verb = command.split(' ').next().unwrap_or_default();
    let reply = if TRANSFERS.contains(&verb) {
        dice.weighted(if begun { END } else { BEGIN })
    } else {
        let replies = row(verb);
        if dice.chance(65) {
            replies[0]
        } else {
            dice.pick(replies)
        }
    };
    format!("{reply}\r\n").into_bytes()
}

/// A good answer to a question, now and then an odd one.
pub(super) fn answer(question: &Pending, dice: &mut Dice) -> Answer {
    let path = PathArg::from_static("/a \"b\"");
    match question {
        Pending::Login(ask) if ask.question().account.is_none() && dice.chance(20) => {
            Answer::Login(LoginAnswer::AccountNeeded)
        }
        Pending::Login(ask) if ask.question().password.is_none() && dice.chance(30) => {
            Answer::Login(LoginAnswer::PasswordNeeded)
        }
        Pending::Login(_) if dice.chance(2) => Answer::Login(LoginAnswer::PasswordNeeded),
        Pending::Login(_) if dice.chance(4) => Answer::Login(LoginAnswer::AccountNeeded),
        Pending::Login(_) => {
            let offers = if dice.chance(80) {
                Offers::ALL
            } else {
                Offers::EMPTY
            };
            Answer::Login(LoginAnswer::Accepted { home: path, offers })
        }
        Pending::Change(_) => Answer::Path(path),
        Pending::Query(_) => {
            let facts = if dice.chance(30) {
                Facts::directory()
            } else {
                Facts::file(9)
            };
            let facts = match Timestamp::from_unix(1_700_000_000, 0) {
                Some(time) if dice.chance(80) => facts.modified_at(time),
                _ => facts,
            };
            Answer::Described(Box::new(Described::new(path, facts)))
        }
        Pending::Survey(_) => Answer::Entries(vec![(Text::from_static("a b"), Facts::file(9)); 3]),
        Pending::Open(_) => {
            let mut opened = Opened::default();
            opened.size = dice.chance(50).then_some(9);
            opened.name = dice.chance(50).then_some(path);
            Answer::Opened(opened)
        }
        Pending::Commit(_) => Answer::Done,
        Pending::Digest(_) => Answer::Digested(Digested::new(vec![7; 20], 9)),
        Pending::Space(_) => Answer::Space(1000),
    }
}

/// Commands that are requests of their own.
const COMMANDS: &[&str] = &[
    "NOOP",
    "PWD",
    "SYST",
    "SIZE /a",
    "MDTM /a",
    "MLST /a",
    "FEAT",
    "STAT",
    "HELP",
    "CWD /d",
    "CDUP",
    "MKD /d",
    "RMD /d",
    "DELE /b",
    "TYPE A",
    "TYPE I",
    "EPSV ALL",
    "HOST h.example",
    "OPTS UTF8 ON",
    "CLNT x",
    "SITE x",
    "ALLO 9",
    "PASV",
    "RETR /a",
    "MDTM 20240615120000 /a",
];

/// A request that may go to any server.
pub(super) fn request(dice: &mut Dice) -> Request {
    match dice.below(30) {
        0..=3 => {
            let line = dice.pick(COMMANDS);
            Request::Command(Command::parse(line.as_bytes()).expect("a command"))
        }
        4 | 5 => Request::Login(credentials(dice)),
        6 => Request::Features,
        7 => Request::Secure {
            protect_data: dice.chance(80),
        },
        8 => Request::Rename {
            from: PathArg::from_static("/a"),
            to: PathArg::from_static("/b"),
        },
        9 if dice.chance(30) => Request::Quit,
        10 | 11 => Request::Negotiate,
        12 | 13 => Request::ClearControl,
        14 | 15 => Request::Hash {
            path: PathArg::from_static("/a"),
            range: ByteRange::between(3, 9).filter(|_| dice.chance(50)),
        },
        _ => Request::Transfer {
            transfer: transfer(dice),
            ascii: dice.chance(15),
        },
    }
}

/// Names of hosts, of which a server may know two.
const HOSTS: &[&str] = &["h.example", "i.example", "j.example", "H.Example"];

/// What the handshake of a control connection tells.
pub(super) fn tls_facts(dice: &mut Dice) -> TlsFacts {
    let facts = TlsFacts::default().with_certificate(dice.chance(40));
    match dice.chance(30) {
        true => facts.with_server_name(Text::from_static(dice.pick(HOSTS))),
        false => facts,
    }
}

/// Who logs in, more often than not with what [`Store`](crate::Store) knows.
pub(super) fn credentials(dice: &mut Dice) -> Credentials {
    use crate::store::{ACCOUNT_USER, USER};
    let read = |user: &'static str, password: &'static str| {
        Credentials::new(
            Text::from_static(user),
            ftpkit_proto::Secret::from_static(password),
        )
    };
    let mut credentials = match dice.below(10) {
        0 => read(USER.0, "wrong"),
        1 => read(ACCOUNT_USER.0, ACCOUNT_USER.1),
        2..=5 => {
            let mut credentials = read(ACCOUNT_USER.0, ACCOUNT_USER.1);
            let account = dice.pick(&[ACCOUNT_USER.2, "wrong"]);
            credentials.account = Some(ftpkit_proto::Secret::from_static(account));
            credentials
        }
        _ => read(USER.0, USER.1),
    };
    if dice.chance(15) {
        credentials.host = Some(Text::from_static(dice.pick(HOSTS)));
        credentials.host_required = dice.chance(50);
    }
    credentials
}

fn transfer(dice: &mut Dice) -> Transfer {
    let path = PathArg::from_static("/a b");
    let offset = if dice.chance(30) { 7 } else { 0 };
    match dice.below(13) {
        0..=3 => Transfer::Download { path, offset },
        4..=6 => Transfer::Upload { path, offset },
        7 => Transfer::Append { path },
        8 => Transfer::UploadUnique { path: None },
        9 => Transfer::List(ListArgs::default()),
        10 | 11 => match ByteRange::between(3, 9) {
            Some(range) => Transfer::DownloadRange { path, range },
            None => Transfer::Names(ListArgs::default()),
        },
        _ => Transfer::Facts { path: None },
    }
}
