//! What the dialects' tables of lines share: entries in short form, and one reader a table.

use bytes::Bytes;
use std::{format, string::String, vec, vec::Vec};

use super::{Context, Entry, Miss, ReadLine};
use crate::time::Civil;

pub(super) fn context() -> Context {
    Context::new(today(), 86_400)
}

pub(super) fn today() -> Civil {
    Civil::new(2024, 6, 15, 12, 0, 0).unwrap()
}

/// Reads the lines in their order, with one reader, and compares with what is wanted.
pub(super) fn check(reader: &mut dyn ReadLine, table: &[(&str, &str)]) {
    for (line, want) in table {
        assert_eq!(&show(&read(reader, line)), want, "{line}");
    }
}

/// Reads a line as the parser does.
pub(super) fn read(reader: &mut dyn ReadLine, line: &str) -> Result<Entry, Miss> {
    let line = Bytes::copy_from_slice(line.as_bytes());
    let mut entry = reader.read(&line, &context())?;
    entry.stand(&line, 0, line.len());
    Ok(entry)
}

/// An entry as `kind name version size modified owner/group permissions mode links`, without
/// what is not told; otherwise the reason.
pub(super) fn show(read: &Result<Entry, Miss>) -> String {
    let entry = match read {
        Ok(entry) => entry,
        Err(Miss::Skip(reason)) => return format!("{reason:?}"),
        Err(Miss::Unparsed(reason)) => return format!("{reason:?}"),
    };
    let mut parts = vec![format!("{:?} {}", entry.kind, entry.name())];
    let mut tell = |part: Option<String>| parts.extend(part);
    tell(entry.version().map(|v| format!("v{v}")));
    tell(entry.target().map(|t| format!("to {t}")));
    tell(entry.size.map(|size| format!("{size}")));
    tell(entry.modified.map(|time| format!("{time}")));
    tell(entry.created.map(|time| format!("made {time}")));
    let or_dash = |text: Option<crate::Text>| text.map_or_else(|| "-".into(), |t| format!("{t}"));
    if entry.owner().is_some() || entry.group().is_some() {
        tell(Some(format!(
            "{}/{}",
            or_dash(entry.owner()),
            or_dash(entry.group())
        )));
    }
    tell(entry.permissions().map(|p| format!("{p}")));
    tell(entry.mode.map(|mode| format!("{mode:o}")));
    tell(entry.links.map(|links| format!("{links} links")));
    tell(entry.unique().map(|u| format!("is {u}")));
    let parts: Vec<String> = parts;
    parts.join(" ")
}
