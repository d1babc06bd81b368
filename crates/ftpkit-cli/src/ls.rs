//! `ftpkit ls`: a directory, what is below it, or one file.

use std::{
    collections::VecDeque,
    io::{self, BufWriter, StdoutLock},
};

use ftpkit::{
    client::Entry,
    proto::{PathArg, Text, facts::Kind},
};

use crate::{
    args::Ls,
    connect::{connect, join, last_name, path_in},
    line::{Line, is_missing, is_refusal},
    output::{self, Reader},
};

pub(crate) async fn run(ls: Ls) -> anyhow::Result<()> {
    let mut line = connect(&ls.url, &ls.common).await?;
    let mut walk = Walk {
        json: ls.json,
        recursive: ls.recursive,
        out: BufWriter::new(io::stdout().lock()),
        // Breadth first, so that what is near is seen first.
        waiting: VecDeque::from([Directory {
            path: path_in(&ls.url),
            prefix: String::new(),
        }]),
    };
    let mut first = true;
    let mut failed = 0;
    while let Some(directory) = walk.waiting.pop_front() {
        let shown = match walk.show(&mut line, &directory, first).await {
            // What a walk may not enter is told, and the walk goes on.
            Err(error) if !first && is_refusal(&error) => {
                output::note(&error.to_string());
                failed += 1;
                Reader::Listens
            }
            other => other?,
        };
        first = false;
        if shown == Reader::Gone {
            break;
        }
    }
    output::put(&mut walk.out, b"", true)?;
    line.quit().await;
    match failed {
        0 => Ok(()),
        failed => Err(anyhow::anyhow!("{failed} directories could not be listed")),
    }
}

/// A remote directory, and the way to it from the one that was asked for.
struct Directory {
    path: Option<PathArg>,
    /// Empty, or ending in a slash.
    prefix: String,
}

struct Walk {
    json: bool,
    recursive: bool,
    out: BufWriter<StdoutLock<'static>>,
    waiting: VecDeque<Directory>,
}

impl Walk {
    async fn show(
        &mut self,
        line: &mut Line,
        directory: &Directory,
        first: bool,
    ) -> anyhow::Result<Reader> {
        match self.list(line, directory, first).await {
            // Servers refuse to list what is no directory in many ways.
            Err(error) if first && is_refusal(&error) => {
                let Some(path) = &directory.path else {
                    return Err(error);
                };
                match single(line, path).await {
                    Ok(Some(entry)) => self.print(directory, &mut [entry]),
                    Ok(None) => Err(error),
                    Err(found) => Err(found),
                }
            }
            other => other,
        }
    }

    async fn list(
        &mut self,
        line: &mut Line,
        directory: &Directory,
        first: bool,
    ) -> anyhow::Result<Reader> {
        let mut listing = line.list(directory.path.as_ref()).await?;
        // A table needs all its rows to be aligned; lines of JSON are printed as they come.
        let mut rows = Vec::new();
        while let Some(entry) = listing.next().await {
            let entry = entry?;
            if self.recursive && entry.kind == Kind::Directory {
                self.enter(directory, &entry)?;
            }
            if !self.json {
                rows.push(entry);
            } else if self.print(directory, &mut [entry])? == Reader::Gone {
                return Ok(Reader::Gone);
            }
        }
        if let Some(complaint) = listing.complaint() {
            output::note(&complaint);
        }
        if self.json {
            return output::put(&mut self.out, b"", true);
        }
        if self.recursive {
            let heading = match (first, directory.prefix.trim_end_matches('/')) {
                (true, _) => ".:\n".to_owned(),
                (false, below) => format!("\n{}:\n", Text::sanitized(below)),
            };
            output::put(&mut self.out, heading.as_bytes(), false)?;
        }
        self.print(directory, &mut rows)
    }

    /// Has a directory listed later. Links are not followed, so that the walk ends.
    fn enter(&mut self, directory: &Directory, entry: &Entry) -> anyhow::Result<()> {
        // A name that is a path could lead anywhere.
        if let Ok(name) = entry.safe_name() {
            self.waiting.push_back(Directory {
                path: Some(join(directory.path.as_ref(), name.as_bytes())?),
                prefix: format!("{}{}/", directory.prefix, output::lossy(&entry.name())),
            });
        }
        Ok(())
    }

    fn print(&mut self, directory: &Directory, entries: &mut [Entry]) -> anyhow::Result<Reader> {
        if !self.json {
            return output::put(&mut self.out, output::table(entries).as_bytes(), true);
        }
        let lines: String = entries
            .iter()
            .map(|entry| output::json_line(&directory.prefix, entry))
            .collect();
        output::put(&mut self.out, lines.as_bytes(), false)
    }
}

/// A path that could not be listed, if it is there and no directory.
async fn single(line: &mut Line, path: &PathArg) -> anyhow::Result<Option<Entry>> {
    match line.metadata(path).await {
        Ok(mut entry) if entry.kind != Kind::Directory => {
            // Servers tell the whole path of a single file.
            if let Some(name) = last_name(path) {
                entry.set_name(&PathArg::from(name).into());
            }
            Ok(Some(entry))
        }
        Err(error) if is_missing(&error) => Err(error),
        _ => Ok(None),
    }
}
