//! What the fuzz targets do with their bytes, as plain functions, so that stable Rust runs them
//! over the seeds too (`tests/seeds.rs`). Each panics when a promise of the core is broken.

use std::net::SocketAddr;

use bytes::BytesMut;
use ftpkit_proto::{
    Command, Reply,
    features::Features,
    listing::{Dialect, Parser},
    reply::{ReplyReader, fields},
    time::Civil,
    url::Url,
    wire::{Framed, Framer},
};

mod client;
mod pair;
mod script;
mod server;
mod sftp;
mod sftp_client;
mod sftp_server;
mod steps;
mod tls;

pub use client::client;
pub use pair::pair;
pub use server::server;
pub use sftp::{sftp_request, sftp_response};
pub use sftp_client::sftp_client;
pub use sftp_server::sftp_server;
pub use tls::tls;

/// More outputs than this without an input are an endless loop.
const OUTPUTS: usize = 10_000;
/// More deadlines than this, one behind the other, are one too.
const PATIENCE: usize = 1000;

/// A line as a command: what is read is written as one line, and read again as the same,
/// but for a path that looks like options, which is written so that it does not.
///
/// # Panics
/// If it is not.
pub fn command(data: &[u8]) {
    let Ok(command) = Command::parse(data) else {
        return;
    };
    let wire = wire_form(&command);
    let ends = wire.iter().filter(|b| matches!(b, b'\r' | b'\n')).count();
    assert!(wire.ends_with(b"\r\n") && ends == 2, "one line: {wire:?}");
    let mut framer = Framer::new(0);
    framer.push(&wire);
    let Some(Framed::Line(line)) = framer.next_line() else {
        panic!("no line in {wire:?}");
    };
    let again = Command::parse(line).expect("what we write we read");
    assert_eq!(again.verb(), command.verb());
    assert_eq!(wire_form(&again), wire);
}

fn wire_form(command: &Command) -> BytesMut {
    let mut wire = BytesMut::new();
    command.encode(&mut wire);
    wire
}

/// Lines as replies, strict and lenient: whole and byte by byte they are the same; each reply
/// is read as every value, and what is written is read again as the same.
///
/// # Panics
/// If it is not.
pub fn reply(data: &[u8]) {
    for lenient in [false, true] {
        let whole = replies(data, data.len(), lenient);
        assert_eq!(whole, replies(data, 1, lenient));
        for reply in whole.iter().flatten() {
            read_values(reply);
            read_again(reply);
        }
    }
}

/// The replies in these bytes, in pieces of this size; `None` where a line is none.
fn replies(data: &[u8], piece: usize, lenient: bool) -> Vec<Option<Reply>> {
    let mut framer = Framer::new(8 * 1024);
    let mut reader = ReplyReader::new(64 * 1024, lenient);
    let mut found = Vec::new();
    for piece in data.chunks(piece.max(1)) {
        framer.push(piece);
        while let Some(framed) = framer.next_line() {
            let Framed::Line(line) = framed else {
                found.push(None);
                continue;
            };
            match reader.push_line(line) {
                Ok(Some(reply)) => found.push(Some(reply)),
                Ok(None) => {}
                Err(_) => found.push(None),
            }
        }
    }
    found
}

/// What each reader makes of any reply: a path and a port that exist, if anything.
fn read_values(reply: &Reply) {
    for address in [
        fields::passive(reply).map(SocketAddr::V4),
        fields::long_passive(reply),
    ] {
        assert!(address.is_none_or(|address| address.port() != 0));
    }
    assert_ne!(fields::extended_passive(reply), Some(0));
    for path in [fields::path(reply), fields::unique_name(reply)] {
        assert!(path.is_none_or(|path| !path.as_bytes().is_empty()));
    }
    let _ = fields::size(reply);
    let _ = fields::available(reply);
    let _ = fields::modified(reply);
    let _ = fields::size_hint(reply);
    let _ = fields::changed(reply);
    let _ = fields::mlst(reply);
    for hash in fields::hashes(reply).iter().chain(&fields::hash(reply)) {
        assert_eq!(hash.hex().len(), 2 * hash.digest.len());
    }
    let features = Features::from_reply(reply);
    let again = Features::from_reply(&features.to_reply());
    assert_eq!(again, features);
    let _ = (features.mlst(), features.hashes().count());
    let shown = reply.to_string();
    assert!(!shown.contains(char::is_control), "{shown:?}");
}

fn read_again(reply: &Reply) {
    let mut framer = Framer::new(0);
    framer.push(&reply.to_bytes());
    let mut reader = ReplyReader::new(usize::MAX, false);
    let mut again = None;
    while let Some(Framed::Line(line)) = framer.next_line() {
        assert!(again.is_none(), "one reply became two: {reply:?}");
        again = reader.push_line(line).expect("what we write we read");
    }
    let again = again.expect("a reply that is written is complete");
    assert_eq!(again.code(), reply.code());
    assert_eq!(again.lines().count(), reply.lines().count());
}

/// A listing, its dialect guessed and told: whole and byte by byte it gives the same lines.
///
/// # Panics
/// If it does not.
pub fn listing(data: &[u8]) {
    let today = Civil::new(2024, 6, 15, 12, 0, 0).expect("a day");
    // Any dialect, so that each is tried without a guess too.
    let told = usize::from(data.first().copied().unwrap_or_default());
    let told = Dialect::ALL.get(told % Dialect::ALL.len()).copied();
    for dialect in [None, told] {
        let read = |piece: usize| {
            let mut parser = Parser::new(dialect, today);
            let mut lines = Vec::new();
            for piece in data.chunks(piece.max(1)) {
                parser.push(piece);
                lines.extend(std::iter::from_fn(|| parser.next_line()));
            }
            parser.finish();
            lines.extend(std::iter::from_fn(|| parser.next_line()));
            lines
        };
        let whole = read(data.len());
        assert_eq!(whole, read(1));
        for line in whole {
            if let Some(entry) = line.into_entry() {
                assert!(!entry.name().as_bytes().is_empty(), "a name is something");
            }
        }
    }
}

/// A URL: what is read prints, without the password, as one that reads the same.
///
/// # Panics
/// If it does not.
pub fn url(data: &[u8]) {
    let Ok(text) = core::str::from_utf8(data) else {
        return;
    };
    let Ok(url) = text.parse::<Url>() else { return };
    if let Some(path) = url.path() {
        let harmful = path
            .as_bytes()
            .iter()
            .any(|b| matches!(b, b'\r' | b'\n' | 0));
        assert!(!harmful, "a path that breaks a line: {path}");
    }
    let shown = url.to_string();
    let again: Url = shown.parse().expect("what prints reads");
    assert_eq!(again.to_string(), shown);
    assert_eq!(again.path(), url.path());
    assert_eq!(again.user(), url.user());
    assert_eq!((again.host(), again.port()), (url.host(), url.port()));
    assert_eq!(again.password(), None);
}

/// Bytes of a control connection, with Telnet and without: whole and byte by byte they give the
/// same lines, the same refusals and the same end.
///
/// # Panics
/// If they do not.
pub fn framer(data: &[u8]) {
    for make in [Framer::new, Framer::without_telnet] {
        for limit in [0, 40] {
            let lines = |piece: usize| {
                let mut framer = make(limit);
                let mut lines = Vec::new();
                let mut refusals = Vec::new();
                for piece in data.chunks(piece.max(1)) {
                    framer.push(piece);
                    while let Some(framed) = framer.next_line() {
                        lines.push(match framed {
                            Framed::Line(line) => {
                                assert!(limit == 0 || line.len() < limit, "over the limit");
                                assert!(!line.contains(&b'\n'), "two lines in one");
                                Some(line.to_vec())
                            }
                            Framed::TooLong => None,
                        });
                    }
                    refusals.extend(framer.take_refusals());
                }
                let drained = framer.drained().is_some();
                (lines, refusals.concat(), drained, framer.buffered())
            };
            let (whole, single) = (lines(data.len()), lines(1));
            // A peer that asks for much at once gets no answer to the rest.
            let answered = single.1.get(..whole.1.len());
            assert_eq!(answered, Some(&whole.1[..]));
            assert_eq!((whole.0, whole.2, whole.3), (single.0, single.2, single.3));
        }
    }
}
