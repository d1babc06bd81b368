//! Numbers in replies.

use ftpkit_proto::{
    Reply, Text,
    reply::{ReplyReader, fields},
};

use super::{Field, U64, check, field, with};

/// A field of a reply, whose value one of the readers takes out of it.
fn reply(
    template: &'static str,
    (least, most): (u128, u128),
    value: fn(&Reply) -> Option<u128>,
) -> Field {
    field(template, least, most, move |number| {
        value(&read(&with(template, number))?)
    })
}

fn read(line: &str) -> Option<Reply> {
    ReplyReader::new(4096, true)
        .push_line(line.as_bytes())
        .ok()?
}

/// The octet that is not 7.
fn octet(reply: &Reply) -> Option<u128> {
    let octets = fields::passive(reply)?.ip().octets();
    octets
        .into_iter()
        .find(|o| *o != 7)
        .or(Some(7))
        .map(Into::into)
}

fn passive_port(reply: &Reply) -> Option<u128> {
    Some(fields::passive(reply)?.port().into())
}

fn long_port(reply: &Reply) -> Option<u128> {
    Some(fields::long_passive(reply)?.port().into())
}

fn extended_port(reply: &Reply) -> Option<u128> {
    fields::extended_passive(reply).map(Into::into)
}

fn size_hint(reply: &Reply) -> Option<u128> {
    fields::size_hint(reply).map(Into::into)
}

/// With commas between groups of three digits.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[test]
fn numbers_in_replies_are_read_as_they_are_or_not_at_all() {
    check(&[
        reply("# text", (100, 999), |reply| {
            Some(reply.code().number().into())
        }),
        reply("227 Ok (#,7,7,7,4,1).", (0, 255), octet),
        reply("227 Ok (7,#,7,7,4,1).", (0, 255), octet),
        reply("227 Ok (7,7,#,7,4,1).", (0, 255), octet),
        reply("227 Ok (7,7,7,#,4,1).", (0, 255), octet),
        reply("227 Ok (7,7,7,7,0,#).", (1, 255), passive_port),
        reply("227 Ok =7,7,7,7,0,#", (1, 255), passive_port),
        reply("227 Ok (7,7,7,7,#,1).", (0, 255), |reply| {
            passive_port(reply).map(|port| port >> 8)
        }),
        reply("228 Ok (4,4,7,7,7,7,2,0,#)", (1, 255), long_port),
        reply("228 Ok (4,4,7,7,7,7,2,#,1)", (0, 255), |reply| {
            long_port(reply).map(|port| port >> 8)
        }),
        reply("228 Ok (#,4,7,7,7,7,2,4,1)", (4, 4), |reply| {
            long_port(reply).map(|_| 4)
        }),
        reply("228 Ok (4,#,7,7,7,7,2,4,1)", (4, 4), |reply| {
            long_port(reply).map(|_| 4)
        }),
        reply("228 Ok (4,4,7,7,7,7,#,4,1)", (2, 2), |reply| {
            long_port(reply).map(|_| 2)
        }),
        reply("229 Ok (|||#|)", (1, 65_535), extended_port),
        reply("229 Ok (|1|192.0.2.1|#|)", (1, 65_535), extended_port),
        reply("229 Ok !!!#!", (1, 65_535), extended_port),
        reply("213 #", (0, U64), |reply| {
            fields::size(reply).map(Into::into)
        }),
        reply("213 # bytes", (0, U64), |reply| {
            fields::available(reply).map(Into::into)
        }),
        reply("150 Opening f (# bytes).", (0, U64), size_hint),
        reply("150 Opening f, # bytes", (0, U64), size_hint),
        reply("150 # bytes to download", (0, U64), size_hint),
        field("150 Opening f (1,234 bytes)", 0, U64, |number| {
            let line = format!("150 Opening f ({} bytes)", grouped(number));
            size_hint(&read(&line)?)
        }),
        reply("213 MD5 #-18446744073709551615 00 f", (0, U64), |reply| {
            Some(fields::hash(reply)?.range?.start().into())
        }),
        reply("213 MD5 0-# 00 f", (0, U64), |reply| {
            Some(fields::hash(reply)?.range?.last()?.into())
        }),
        field("250 with a CRC-32", 0, u32::MAX.into(), |number| {
            let hash = fields::hash(&read(&format!("250 {number:X}"))?)?;
            let digest: [u8; 4] = hash.digest.try_into().ok()?;
            Some(u32::from_be_bytes(digest).into())
        }),
        field("the size in a 250 to MLST", 0, U64, |number| {
            let facts = Text::try_from(with("type=file;size=#; f", number)).ok()?;
            let middle = Text::from_static("End");
            let reply = Reply::multiline(
                ftpkit_proto::Code::FILE_ACTION_OK,
                Text::default(),
                vec![facts, middle],
            );
            fields::mlst(&reply)?.size.map(Into::into)
        }),
    ]);
}
