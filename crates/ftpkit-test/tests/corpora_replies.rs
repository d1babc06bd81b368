//! The corpus of replies: what other projects assert of real replies holds here too, or stands
//! among the exceptions; and a reply that comes byte by byte is the reply that comes whole.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod corpora;

use std::net::{IpAddr, SocketAddr};

use corpora::{Case, Exception, Miss, cases, check};
use ftpkit_proto::{
    DataRequest, Instant, Machine, Output, PathArg, Reply,
    client::{self, Request, Transfer},
    facts::Kind,
    features::Features,
    listing::{self, Line},
    reply::{ReplyReader, fields},
    time::{Civil, ListedTime, Timestamp},
    wire::{Framed, Framer},
};
use serde_json::Value;

const FILES: [&str; 3] = [
    "replies/replies_commonsnet.jsonl",
    "replies/replies_fluentftp.jsonl",
    "replies/replies_jlaffaye.jsonl",
];

const EXCEPTIONS: &[Exception] = &[
    (
        "commons-net-replies/006",
        "path",
        "a quote that never closes: what is read would be a guess, and other clients refuse it",
    ),
    (
        "commons-net-replies/007",
        "path",
        "a sentence, not a path: other clients find none in it either",
    ),
    (
        "jlaffaye-replies/007",
        "bogus",
        "the client calls the control connection's peer, whatever a 227 tells",
    ),
];

#[test]
fn what_others_assert_of_replies_holds() {
    for kind in [
        "257",
        "227",
        "229",
        "feat",
        "250-mlst",
        "mdtm",
        "size",
        "date",
        "pasv-bogus-ip",
    ] {
        let found = all().iter().any(|case| case.told["kind"] == kind);
        assert!(found, "the corpus has no case of {kind}");
    }
    check(&all(), EXCEPTIONS, |case| {
        let expect = &case.told["expect"];
        let rejects = case.told["reject"] == true;
        let kind = case.told["kind"].as_str().unwrap();
        let reply = || reply(&case.input);
        match kind {
            "257" => {
                let path = fields::path(&reply());
                one(
                    "path",
                    &expect["path"],
                    path.map(|p| p.to_str().unwrap().into()),
                )
            }
            "227" => passive(case),
            "229" => {
                let port = fields::extended_passive(&reply());
                let expected = if rejects {
                    &Value::Null
                } else {
                    &expect["port"]
                };
                one("port", expected, port.map(Into::into))
            }
            "feat" => {
                let features = Features::from_reply(&reply());
                let lines = features.iter().map(|l| l.to_str().unwrap().into());
                one(
                    "features",
                    &expect["features"],
                    Some(Value::Array(lines.collect())),
                )
            }
            "250-mlst" => mlst(&reply(), expect),
            "mdtm" => {
                let time = fields::modified(&reply());
                one("mtime", &expect["mtime"], time.map(|t| shown(t.into())))
            }
            "size" => {
                let size = fields::size(&reply());
                one("size", &expect["size"], size.map(Into::into))
            }
            "date" => one("mtime", &expect["mtime"], date(&case.input, expect)),
            "pasv-bogus-ip" => bogus(case),
            other => panic!("{}: what is a {other}?", case.id),
        }
    });
}

#[test]
fn a_reply_in_pieces_is_the_same_reply() {
    for case in all() {
        let mut bytes = case.input.clone();
        if !bytes.ends_with(b"\n") {
            bytes.extend_from_slice(b"\r\n");
        }
        // What follows shows whether the end was found.
        bytes.extend_from_slice(b"200 next\r\n");
        for lenient in [false, true] {
            let whole = read(&bytes, bytes.len(), lenient);
            assert!(!whole.is_empty(), "{}", case.id);
            for piece in 1..bytes.len().min(20) {
                assert_eq!(
                    read(&bytes, piece, lenient),
                    whole,
                    "{} by {piece}",
                    case.id
                );
            }
        }
    }
}

fn all() -> Vec<Case> {
    FILES.iter().flat_map(|file| cases(file)).collect()
}

/// One claim; none is wrong where the corpus does not assert it.
fn one(claim: &str, expected: &Value, found: Option<Value>) -> Vec<Miss> {
    let found = found.unwrap_or(Value::Null);
    if *expected == found {
        return Vec::new();
    }
    vec![Miss {
        claim: claim.into(),
        found: format!("expected {expected}, found {found}"),
    }]
}

/// The replies and errors that these bytes give, in pieces of this size.
fn read(bytes: &[u8], piece: usize, lenient: bool) -> Vec<String> {
    let mut framer = Framer::new(8192);
    let mut reader = ReplyReader::new(65_536, lenient);
    let mut found = Vec::new();
    for piece in bytes.chunks(piece) {
        framer.push(piece);
        while let Some(framed) = framer.next_line() {
            let Framed::Line(line) = framed else {
                panic!("too long: {framed:?}")
            };
            match reader.push_line(line) {
                Ok(None) => {}
                Ok(Some(reply)) => found.push(format!("{reply:?}")),
                Err(error) => found.push(format!("{error:?}")),
            }
        }
    }
    found
}

fn reply(bytes: &[u8]) -> Reply {
    let mut framer = Framer::new(8192);
    framer.push(bytes);
    framer.push(b"\r\n");
    let mut reader = ReplyReader::new(65_536, true);
    while let Some(Framed::Line(line)) = framer.next_line() {
        if let Some(reply) = reader.push_line(line).expect("a reply") {
            return reply;
        }
    }
    panic!("no whole reply: {}", bytes.escape_ascii());
}

/// As the corpus writes times: without a zone, and only as precise as they are.
fn shown(time: ListedTime) -> Value {
    let mut text = time.to_string();
    if text.ends_with('Z') {
        text.pop();
    }
    if let Some((whole, fraction)) = text.split_once('.') {
        text = format!("{whole}.{fraction:0<3}");
    }
    text.into()
}

/// A time by itself: as MDTM tells it, or as `ls` does.
fn date(input: &[u8], expect: &Value) -> Option<Value> {
    if let Some(time) = Timestamp::parse_time_val_lenient(input) {
        return Some(shown(time.into()));
    }
    let line = [b"-rw-r--r-- 1 me us 1 ", input, b" f\r\n"].concat();
    let today = Civil::date(2024, 6, 15).unwrap();
    let entry = listing::parse(&line, today)
        .into_iter()
        .find_map(Line::into_entry)?;
    let found = shown(entry.modified?);
    match expect["mtime"].as_str()?.strip_prefix("????") {
        // The corpus leaves the year open.
        Some(rest) if found.as_str()?.ends_with(rest) => Some(expect["mtime"].clone()),
        _ => Some(found),
    }
}

fn mlst(reply: &Reply, expect: &Value) -> Vec<Miss> {
    let Some(entry) = fields::mlst(reply) else {
        return one("facts", expect, None);
    };
    let kind = match entry.kind {
        Kind::File => "file",
        Kind::Directory => "dir",
        _ => "?",
    };
    [
        ("name", Some(entry.name().to_str().unwrap().into())),
        ("type", Some(kind.into())),
        ("size", entry.size.map(Value::from)),
        ("mtime", entry.modified.map(shown)),
    ]
    .into_iter()
    .filter(|(key, _)| expect.get(key).is_some())
    .flat_map(|(key, found)| one(key, &expect[key], found))
    .collect()
}

/// 227: the address as told, or the one that a client behind NAT calls.
fn passive(case: &Case) -> Vec<Miss> {
    let workaround = case.told["nat_workaround"].as_str().unwrap();
    let found = match workaround.split_once("peer public ") {
        Some((_, peer)) => called(peer.parse().unwrap(), &case.input),
        None => fields::passive(&reply(&case.input)).map(SocketAddr::V4),
    };
    let expect = &case.told["expect"];
    let host = found.map(|address| address.ip().to_string().into());
    let port = found.map(|address| address.port().into());
    let mut misses = one("host", &expect["host"], host);
    misses.extend(one("port", &expect["port"], port));
    misses
}

/// Whether the address of a 227 is taken for a lie: it is not called.
fn bogus(case: &Case) -> Vec<Miss> {
    let text = core::str::from_utf8(&case.input).unwrap();
    let words: Vec<&str> = text.split(' ').collect();
    let ["control", control, "data", data] = words[..] else {
        panic!("{text}")
    };
    let told = format!("227 Ok ({},100,1).", data.replace('.', ","));
    let called = called(control.parse().unwrap(), told.as_bytes()).unwrap();
    let refused = called.ip() != data.parse::<IpAddr>().unwrap();
    one("bogus", &case.told["expect"]["bogus"], Some(refused.into()))
}

/// Where the client calls when its peer answers PASV with this.
fn called(peer: IpAddr, answer: &[u8]) -> Option<SocketAddr> {
    let now = Instant::START;
    let config = client::Config::default();
    let mut client = client::Connection::new(config, now, SocketAddr::new(peer, 21));
    client.handle_bytes(now, b"220 Hello\r\n");
    client.submit(
        now,
        Request::Transfer {
            transfer: Transfer::Download {
                path: PathArg::from_static("f"),
                offset: 0,
            },
            ascii: false,
        },
    );
    loop {
        match client.poll_output() {
            Output::Data(_, DataRequest::Connect(address)) => return Some(address),
            Output::Write(command) => {
                let reply = match command.get(..4) {
                    Some(b"TYPE") => &b"200 Ok"[..],
                    Some(b"PASV") => answer,
                    _ => b"500 No",
                };
                client.handle_bytes(now, reply);
                client.handle_bytes(now, b"\r\n");
            }
            Output::Wait(_) | Output::Closed(_) => return None,
            _ => {}
        }
    }
}
