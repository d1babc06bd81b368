//! `ftpkit inspect reply`: an object a reply, of however many lines.

use ftpkit::proto::{
    Reply, Text, Verb,
    command::ByteRange,
    reply::{Value, fields::FileHash},
    transcript::{ReplyWatch, Watched},
};

use super::{Input, Line, Object, Out, listing::entry_object, odd, unparsed, without_telnet};
use crate::output::Reader;

pub(super) fn run(input: Input, out: &mut Out) -> anyhow::Result<()> {
    let mut watch = ReplyWatch::new();
    // The first line of a reply whose last one has not come.
    let mut first = Vec::new();
    let read = input.each_line(out, |line, out| {
        let line = match line {
            Line::Whole(line) => line,
            Line::TooLong(line) => {
                watch = ReplyWatch::new();
                return out.put(unparsed(line, "the line is longer than the limit"));
            }
        };
        let undone = without_telnet(line);
        let line = undone.as_deref().unwrap_or(line);
        let was_open = watch.is_open();
        let Some(Watched {
            reply, odd: found, ..
        }) = watch.push_line(line)
        else {
            if !was_open && watch.is_open() {
                first = line.to_vec();
            }
            return Ok(Reader::Listens);
        };
        match reply {
            Ok(reply) => {
                let mut object = object(&reply, None);
                odd(&mut object, &found);
                out.put(object)
            }
            Err(error) => out.put(unparsed(line, error)),
        }
    })?;
    if read == Reader::Listens && watch.is_open() {
        out.put(unparsed(&first, "the last line of the reply is missing"))?;
    }
    out.flush()?;
    Ok(())
}

/// A reply, and what it tells to who sent this command.
pub(super) fn object(reply: &Reply, to: Option<Verb>) -> Object {
    let mut object = Object::default();
    object.number("code", reply.code().number().into());
    let lines: Vec<&[u8]> = reply.lines().map(Text::as_bytes).collect();
    object.list("lines", lines.iter().copied());
    let mut values = Object::default();
    for value in Value::all(reply, to) {
        put_value(&mut values, &value);
    }
    if !values.is_empty() {
        object.object("value", values);
    }
    object
}

fn put_value(object: &mut Object, value: &Value) {
    match value {
        Value::Passive(address) => object.text("passive", &address.to_string()),
        Value::LongPassive(address) => object.text("long_passive", &address.to_string()),
        Value::ExtendedPassive(port) => object.number("extended_port", (*port).into()),
        Value::Path(path) => object.bytes("path", path.as_bytes()),
        Value::Size(size) => object.number("size", *size),
        Value::Modified(time) => object.text("time", &time.to_string()),
        Value::Changed(entry) => object.object("changed", entry_object(entry)),
        Value::Hash(hash) => object.object("hash", hash_object(hash)),
        Value::Hashes(hashes) => object.objects("hashes", hashes.iter().map(hash_object)),
        Value::Available(bytes) => object.number("available", *bytes),
        Value::Features(features) => {
            let lines: Vec<&[u8]> = features.iter().map(Text::as_bytes).collect();
            object.list("features", lines.iter().copied());
        }
        Value::Facts(entry) => object.object("facts", entry_object(entry)),
        Value::SizeHint(size) => object.number("size_hint", *size),
        Value::UniqueName(name) => object.bytes("unique_name", name.as_bytes()),
        _ => {}
    }
}

fn hash_object(hash: &FileHash) -> Object {
    let mut object = Object::default();
    if let Some(algorithm) = &hash.algorithm {
        object.bytes("algorithm", algorithm.as_bytes());
    }
    object.text("digest", &hash.hex());
    if let Some(range) = hash.range {
        put_range(&mut object, range);
    }
    if let Some(path) = &hash.path {
        object.bytes("path", path.as_bytes());
    }
    object
}

/// The first byte of a part of a file, and the last one where it is told.
pub(super) fn put_range(object: &mut Object, range: ByteRange) {
    object.number("first", range.start());
    if let Some(last) = range.last() {
        object.number("last", last);
    }
}
