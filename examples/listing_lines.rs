//! Reads a listing from standard input, in whatever form a server sent it, and tells what became
//! of each line: one of the output for one of the input, as soon as it can be told.
//!
//! `curl -s ftp://ftp.example.org/ | cargo run --example listing_lines`

use std::io::{self, Read as _, Write as _};
use std::{error::Error, time::UNIX_EPOCH};

use ftpkit_proto::listing::{Entry, Line, Parser};
use ftpkit_proto::time::Timestamp;

fn main() -> Result<(), Box<dyn Error>> {
    // For dates without a year: they are taken to be in the twelve months before.
    let now = UNIX_EPOCH.elapsed()?.as_secs().try_into()?;
    let today = Timestamp::from_unix(now, 0).ok_or("no listing can be that late")?;
    let mut parser = Parser::new(None, today.civil());
    let (mut input, mut page) = (io::stdin().lock(), [0; 4096]);
    let mut out = io::stdout().lock();
    loop {
        let read = input.read(&mut page)?;
        match read {
            0 => parser.finish(),
            _ => parser.push(&page[..read]),
        }
        while let Some(line) = parser.next_ref() {
            match line {
                Line::Entry(entry) => writeln!(out, "{}", row(entry))?,
                Line::Skipped { raw, reason, .. } => {
                    writeln!(out, "-\t{reason:?}\t{}", raw.escape_ascii())?;
                }
                Line::Unparsed { raw, reason, .. } => {
                    writeln!(out, "!\t{reason}\t{}", raw.escape_ascii())?;
                }
                _ => {}
            }
        }
        if read == 0 {
            return Ok(());
        }
    }
}

/// Kind, size, time and name; `?` is what the server did not tell.
fn row(entry: &Entry) -> String {
    let size = entry.size.map(|size| size.to_string());
    let time = entry.modified.map(|time| time.to_string());
    let or_unknown = |known: Option<String>| known.unwrap_or_else(|| String::from("?"));
    // Shown, a name cannot rewrite a terminal. To make a path of it, ask `Entry::safe_name`.
    format!(
        "{:?}\t{}\t{}\t{}",
        entry.kind,
        or_unknown(size),
        or_unknown(time),
        entry.name()
    )
}
