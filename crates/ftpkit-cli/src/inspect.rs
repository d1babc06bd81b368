//! `ftpkit inspect`: bytes of FTP in, JSON lines out. Here the input is read and cut into
//! lines; what each kind of input tells stands in the modules below. Nothing is connected to.

mod command;
mod listing;
mod reply;
mod transcript;

use std::{
    fs::File,
    io::{self, BufWriter, Read, StdoutLock},
    path::Path,
};

use anyhow::Context as _;

use crate::{
    args::Inspect,
    json::Object,
    output::{self, Reader},
};

/// How much is read in one go, in bytes.
const BLOCK: usize = 64 * 1024;

/// The longest line of replies, commands and transcripts that is read, in bytes.
const LINE_LIMIT: usize = 64 * 1024;

pub(crate) fn run(inspect: &Inspect) -> anyhow::Result<()> {
    let (Inspect::Listing { input, .. }
    | Inspect::Reply { input }
    | Inspect::Command { input }
    | Inspect::Transcript { input }) = inspect;
    let input = Input::open(input)?;
    let mut out = Out(BufWriter::new(io::stdout().lock()));
    match inspect {
        Inspect::Listing { today, dialect, .. } => {
            listing::run(input, &mut out, today.map(|day| day.0), *dialect)?;
        }
        Inspect::Reply { .. } => reply::run(input, &mut out)?,
        Inspect::Command { .. } => command::run(input, &mut out)?,
        Inspect::Transcript { .. } => transcript::run(input, &mut out)?,
    }
    Ok(())
}

/// A file, or standard input.
struct Input {
    from: Box<dyn Read>,
    name: String,
}

impl Input {
    fn open(path: &Path) -> anyhow::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self {
                from: Box::new(io::stdin().lock()),
                name: "standard input".to_owned(),
            });
        }
        let name = path.display().to_string();
        let file = File::open(path).with_context(|| format!("cannot read {name}"))?;
        Ok(Self {
            from: Box::new(file),
            name,
        })
    }

    /// What comes next, as soon as anything does; empty at the end.
    fn read<'a>(&mut self, block: &'a mut [u8]) -> anyhow::Result<&'a [u8]> {
        loop {
            match self.from.read(block) {
                Ok(length) => return Ok(block.get(..length).unwrap_or_default()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    return Err(error).with_context(|| format!("cannot read {}", self.name));
                }
            }
        }
    }

    /// Hands every line to `take`, until it finds that nobody reads any more; and flushes
    /// before it waits for more.
    fn each_line(
        mut self,
        out: &mut Out,
        mut take: impl FnMut(Line<'_>, &mut Out) -> anyhow::Result<Reader>,
    ) -> anyhow::Result<Reader> {
        let mut block = vec![0; BLOCK];
        let mut splitter = Splitter::default();
        loop {
            let bytes = self.read(&mut block)?;
            if bytes.is_empty() {
                return match splitter.rest() {
                    Some(line) => take(line, out),
                    None => Ok(Reader::Listens),
                };
            }
            if splitter.split(bytes, |line| take(line, out))? == Reader::Gone
                || out.flush()? == Reader::Gone
            {
                return Ok(Reader::Gone);
            }
        }
    }
}

/// A line without its CRLF or LF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line<'a> {
    Whole(&'a [u8]),
    /// The beginning of one that is longer than the limit.
    TooLong(&'a [u8]),
}

/// Cuts blocks into lines, and keeps no more than one line of them.
#[derive(Debug, Default)]
struct Splitter {
    /// The beginning of a line whose end has not come.
    kept: Vec<u8>,
    /// It is over the limit; the rest of it is dropped.
    over: bool,
}

impl Splitter {
    fn split(
        &mut self,
        bytes: &[u8],
        mut take: impl FnMut(Line<'_>) -> anyhow::Result<Reader>,
    ) -> anyhow::Result<Reader> {
        for piece in bytes.split_inclusive(|b| *b == b'\n') {
            let Some(end) = piece.strip_suffix(b"\n") else {
                self.keep(piece);
                continue;
            };
            let taken = if self.kept.is_empty() && end.len() <= LINE_LIMIT {
                take(Line::Whole(end.strip_suffix(b"\r").unwrap_or(end)))
            } else {
                self.keep(end);
                take(self.kept_line())
            };
            self.kept.clear();
            self.over = false;
            if taken? == Reader::Gone {
                return Ok(Reader::Gone);
            }
        }
        Ok(Reader::Listens)
    }

    fn keep(&mut self, piece: &[u8]) {
        let room = LINE_LIMIT.saturating_sub(self.kept.len());
        // The CR of the end is not part of the line.
        self.over |= piece.strip_suffix(b"\r").unwrap_or(piece).len() > room;
        self.kept
            .extend_from_slice(piece.get(..room).unwrap_or(piece));
    }

    fn kept_line(&self) -> Line<'_> {
        if self.over {
            return Line::TooLong(&self.kept);
        }
        Line::Whole(self.kept.strip_suffix(b"\r").unwrap_or(&self.kept))
    }

    /// The last line, which has no end.
    fn rest(&self) -> Option<Line<'_>> {
        (!self.kept.is_empty()).then(|| self.kept_line())
    }
}

/// Standard output.
struct Out(BufWriter<StdoutLock<'static>>);

impl Out {
    fn put(&mut self, object: Object) -> anyhow::Result<Reader> {
        output::put(&mut self.0, object.line().as_bytes(), false)
    }

    fn flush(&mut self) -> anyhow::Result<Reader> {
        output::put(&mut self.0, b"", true)
    }
}

/// A line that could not be read.
fn unparsed(line: &[u8], reason: impl std::fmt::Display) -> Object {
    let mut object = Object::default();
    object.bytes("unparsed", line);
    object.text("reason", &reason.to_string());
    object
}

/// What is odd, where anything is.
fn odd(object: &mut Object, findings: &[ftpkit::proto::transcript::Finding]) {
    if !findings.is_empty() {
        let words: Vec<String> = findings.iter().map(ToString::to_string).collect();
        object.list("odd", words.iter().map(String::as_bytes));
    }
}

/// A line with the Telnet in it undone, as a peer would read it.
fn without_telnet(line: &[u8]) -> Option<Vec<u8>> {
    use ftpkit::proto::wire::{Framed, Framer, telnet::IAC};
    if !line.contains(&IAC) {
        return None;
    }
    let mut framer = Framer::new(0);
    framer.push(line);
    framer.push(b"\r\n");
    match framer.next_line() {
        Some(Framed::Line(line)) => Some(line.to_vec()),
        // Something took the end of the line for its own.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lines of these blocks; those over the limit as `None`.
    fn split(blocks: &[&[u8]]) -> Vec<Option<Vec<u8>>> {
        let mut splitter = Splitter::default();
        let mut lines = Vec::new();
        let kept = |line: Line<'_>| match line {
            Line::Whole(line) => Some(line.to_vec()),
            Line::TooLong(line) => {
                assert_eq!(line.len(), LINE_LIMIT);
                None
            }
        };
        for block in blocks {
            let mut take = |line: Line<'_>| {
                lines.push(kept(line));
                Ok(Reader::Listens)
            };
            splitter.split(block, &mut take).unwrap();
            assert!(splitter.kept.len() <= LINE_LIMIT + 1);
        }
        lines.extend(splitter.rest().map(kept));
        lines
    }

    #[test]
    fn lines_end_with_lf_or_crlf_and_are_the_same_in_any_pieces() {
        let long = vec![b'x'; LINE_LIMIT];
        let input = [
            b"a\r\n\nb\nc\rd\r\r\n".as_slice(),
            &long,
            b"\n",
            &long,
            b"\r\n",
            &long,
            b"x\n",
            &long,
            &long,
            b"\r\n",
            b"end",
        ]
        .concat();
        let whole = split(&[&input]);
        let expected: Vec<Option<Vec<u8>>> = vec![
            Some(b"a".to_vec()),
            Some(b"".to_vec()),
            Some(b"b".to_vec()),
            Some(b"c\rd\r".to_vec()),
            Some(long.clone()),
            Some(long.clone()),
            None,
            None,
            Some(b"end".to_vec()),
        ];
        assert_eq!(whole, expected);
        for size in [1, 2, 7, LINE_LIMIT - 1, LINE_LIMIT, LINE_LIMIT + 1] {
            let blocks: Vec<&[u8]> = input.chunks(size).collect();
            assert_eq!(split(&blocks), whole, "{size}");
        }
    }

    #[test]
    fn telnet_is_undone() {
        for (line, read) in [
            (&b"\xff\xf4\xff\xf2ABOR"[..], &b"ABOR"[..]),
            (b"\xf2ABOR", b"\xf2ABOR"),
            (b"RETR a\xff\xffb", b"RETR a\xffb"),
            (b"RETR a\xffb", b"RETR a\xffb"),
            (b"\xff\xfd\x01NOOP", b"NOOP"),
        ] {
            let undone = without_telnet(line);
            assert_eq!(undone.as_deref().unwrap_or(line), read);
        }
        assert_eq!(without_telnet(b"NOOP"), None);
    }
}
