//! `ftpkit inspect listing`: an object a line, what it tells of a file or why it tells of none.

use anyhow::Context as _;
use ftpkit::proto::{
    Text,
    facts::Kind,
    listing::{Dialect, Entry, Line, Parser},
    time::{Civil, Precision},
};

use super::{BLOCK, Input, Object, Out, unparsed};
use crate::{
    clock,
    output::{self, Reader},
};

pub(super) fn run(
    mut input: Input,
    out: &mut Out,
    today: Option<Civil>,
    dialect: Option<Dialect>,
) -> anyhow::Result<()> {
    let today = match today {
        Some(today) => today,
        None => clock::now().context("the clock tells no date; give one with --today")?,
    };
    let mut parser = Parser::new(dialect, today);
    let mut block = vec![0; BLOCK];
    loop {
        let bytes = input.read(&mut block)?;
        let ended = bytes.is_empty();
        parser.push(bytes);
        if ended {
            parser.finish();
        }
        while let Some(line) = parser.next_ref() {
            if out.put(object(line))? == Reader::Gone {
                return Ok(());
            }
        }
        // Before the wait for more.
        if out.flush()? == Reader::Gone || ended {
            return Ok(());
        }
    }
}

fn object(line: &Line) -> Object {
    match line {
        Line::Entry(entry) => {
            let mut object = entry_object(entry);
            if let Some(dialect) = entry.dialect() {
                object.text("dialect", dialect.name());
            }
            object.bytes("line", entry.line());
            object
        }
        Line::Skipped { raw, reason, .. } => {
            let mut object = Object::default();
            object.bytes("skipped", raw);
            object.text("reason", &reason.to_string());
            object
        }
        Line::Unparsed { raw, reason, .. } => unparsed(raw, reason),
        other => unparsed(
            other.raw(),
            "it is of a kind that this command does not know",
        ),
    }
}

/// What is known of a file; what is not is left out.
pub(super) fn entry_object(entry: &Entry) -> Object {
    let mut object = Object::default();
    object.bytes("name", entry.name().as_bytes());
    if let Some(version) = entry.version() {
        object.bytes("version", version.as_bytes());
    }
    object.text(
        "kind",
        match entry.kind {
            Kind::File => "file",
            Kind::Directory | Kind::Current | Kind::Parent => "dir",
            Kind::Symlink => "symlink",
            _ => "other",
        },
    );
    if let Some(size) = entry.size {
        object.number("size", size);
    }
    if let Some(modified) = entry.modified {
        object.text("modified", &modified.civil.to_string());
        object.text(
            "precision",
            match modified.precision {
                Precision::Day => "day",
                Precision::Minute => "minute",
                _ => "second",
            },
        );
        object.flag("utc", modified.utc);
    }
    match (entry.permissions(), entry.mode) {
        (Some(letters), _) => object.bytes("permissions", letters.as_bytes()),
        (None, Some(mode)) => object.text("permissions", &output::permissions(mode)),
        (None, None) => {}
    }
    let mut put = |name, text: Option<Text>| {
        if let Some(text) = text {
            object.bytes(name, text.as_bytes());
        }
    };
    put("owner", entry.owner());
    put("group", entry.group());
    if let Some(links) = entry.links {
        object.number("links", links);
    }
    if let Some(target) = entry.target() {
        object.bytes("target", target.as_bytes());
    }
    object
}
