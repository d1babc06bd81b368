//! What the fuzz targets do with their bytes, as plain functions, so that stable Rust runs them
//! over the seeds too (`tests/seeds.rs`). Each panics when a promise of the core is broken.

use bytes::BytesMut;
use ftpkit_proto::{
    Command, Reply,
    listing::Parser,
    reply::{ReplyReader, fields},
    time::Civil,
    url::Url,
    wire::{Framed, Framer},
};

mod machines;
pub use machines::{client, server};

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

/// Lines as replies, strict and lenient; each reply is read as every value, and what is
/// written is read again as the same.
///
/// # Panics
/// If it is not.
pub fn reply(data: &[u8]) {
    for lenient in [false, true] {
        let mut framer = Framer::new(8 * 1024);
        framer.push(data);
        let mut reader = ReplyReader::new(64 * 1024, lenient);
        while let Some(framed) = framer.next_line() {
            let Framed::Line(line) = framed else { return };
            match reader.push_line(line) {
                Ok(Some(reply)) => {
                    read_values(&reply);
                    read_again(&reply);
                }
                Ok(None) => {}
                Err(_) => return,
            }
        }
    }
}

fn read_values(reply: &Reply) {
    let _ = fields::passive(reply);
    let _ = fields::extended_passive(reply);
    let _ = fields::path(reply);
    let _ = fields::size(reply);
    let _ = fields::modified(reply);
    let _ = fields::size_hint(reply);
    let _ = fields::unique_name(reply);
    let _ = fields::mlst(reply);
    let _ = reply.to_string();
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

/// A listing, whole and byte by byte: both give the same lines.
///
/// # Panics
/// If they do not.
pub fn listing(data: &[u8]) {
    let today = Civil::new(2024, 6, 15, 12, 0, 0).expect("a day");
    let lines = |pieces: &mut dyn Iterator<Item = &[u8]>| {
        let mut parser = Parser::new(None, today);
        let mut lines = Vec::new();
        for piece in pieces {
            parser.push(piece);
            while let Some(line) = parser.next_line() {
                lines.push(format!("{line:?}"));
            }
        }
        parser.finish();
        while let Some(line) = parser.next_line() {
            lines.push(format!("{line:?}"));
        }
        lines
    };
    assert_eq!(
        lines(&mut core::iter::once(data)),
        lines(&mut data.chunks(1))
    );
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
    let shown = url.to_string();
    let again: Url = shown.parse().expect("what prints reads");
    assert_eq!(again.to_string(), shown);
}

/// Bytes of a control connection, whole and byte by byte: both give the same lines.
///
/// # Panics
/// If they do not.
pub fn framer(data: &[u8]) {
    let lines = |chunk: usize| {
        let mut framer = Framer::new(512);
        let mut lines = Vec::new();
        for piece in data.chunks(chunk.max(1)) {
            framer.push(piece);
            while let Some(framed) = framer.next_line() {
                lines.push(match framed {
                    Framed::Line(line) => Some(line.to_vec()),
                    Framed::TooLong => None,
                });
            }
            let _ = framer.take_refusals();
        }
        lines
    };
    assert_eq!(lines(data.len()), lines(1));
}
