//! `ftpkit ls`: a directory, what is below it, or one file.

use std::{collections::VecDeque, io};

use ftpkit::{
    client::{Client, Entry, Error, ErrorKind},
    proto::{PathArg, facts::Kind},
};

use crate::{
    args::Ls,
    connect::{connect, join, last_name, quit},
    output::{self, Reader},
};

pub(crate) async fn run(ls: Ls) -> anyhow::Result<()> {
    let mut client = connect(&ls.url, &ls.common).await?;
    let mut out = io::stdout().lock();
    let mut print = |text: String| output::put(&mut out, text.as_bytes());
    let root = ls.url.path().cloned();
    // Breadth first, so that what is near is seen first; links are not followed, so that the
    // walk ends.
    let mut waiting = VecDeque::from([(root, String::new())]);
    let mut first = true;
    while let Some((path, prefix)) = waiting.pop_front() {
        let listed = list(&mut client, path.as_ref(), first).await;
        let mut entries = match listed {
            Ok(entries) => entries,
            // What a walk may not enter is told, and the walk goes on.
            Err(error) if !first && !error.is_closed() => {
                eprintln!("ftpkit: {error}");
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        if ls.recursive {
            for entry in &entries {
                if entry.kind == Kind::Directory
                    && let Ok(name) = entry.safe_name()
                {
                    let below = join(path.as_ref(), name.as_bytes())?;
                    let prefix = format!("{prefix}{}/", output::lossy(&entry.name));
                    waiting.push_back((Some(below), prefix));
                }
            }
        }
        let text = if ls.json {
            entries
                .iter()
                .map(|entry| output::json_line(&prefix, entry))
                .collect()
        } else {
            let table = output::table(&mut entries);
            match (ls.recursive, first) {
                (false, _) => table,
                (true, true) => format!(".:\n{table}"),
                (true, false) => format!("\n{}:\n{table}", shown(&prefix)),
            }
        };
        first = false;
        if print(text)? == Reader::Gone {
            break;
        }
    }
    quit(client).await;
    Ok(())
}

/// The path below the listed directory, without its final slash and without tricks.
fn shown(prefix: &str) -> String {
    ftpkit::proto::Text::sanitized(prefix.trim_end_matches('/')).to_string()
}

async fn list(
    client: &mut Client,
    path: Option<&PathArg>,
    or_file: bool,
) -> Result<Vec<Entry>, Error> {
    let bytes = path.map(PathArg::as_bytes).unwrap_or_default();
    let listed = match client.list(bytes).await {
        Ok(listing) => listing.collect().await,
        Err(error) => Err(error),
    };
    match listed {
        // Servers refuse to list what is no directory in many ways.
        Err(error)
            if or_file && path.is_some() && error.reply().is_some() && !error.is_closed() =>
        {
            match client.metadata(bytes).await {
                Ok(mut entry) if entry.kind != Kind::Directory => {
                    // Servers tell the whole path of a single file.
                    if let Some(name) = path.and_then(last_name) {
                        entry.name = PathArg::from(name).into();
                    }
                    Ok(vec![entry])
                }
                Err(found) if found.kind() == ErrorKind::NotFound => Err(found),
                _ => Err(error),
            }
        }
        other => other,
    }
}
