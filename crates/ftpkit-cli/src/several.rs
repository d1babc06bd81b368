//! One or several files between here and one server: which go beside each other, and what is told
//! of those that fail. Which files these are is the matter of `get` and `put`.

use std::{collections::HashSet, path::PathBuf};

use anyhow::anyhow;
use ftpkit::proto::PathArg;
use futures::{StreamExt as _, stream};

use crate::{
    line::{Line, is_over},
    progress::Bar,
    tell, usage,
};

/// How many files go beside each other where a connection can carry more than one at a time.
const BESIDE: usize = 8;

/// Which way the files go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Get,
    Put,
}

/// A file on both sides.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) remote: PathArg,
    pub(crate) local: PathBuf,
}

/// Refuses files that would take each other's place.
pub(crate) fn check_apart(pairs: &[Pair], way: Way) -> anyhow::Result<()> {
    let mut locals = HashSet::new();
    let mut remotes = HashSet::new();
    for Pair { remote, local } in pairs {
        let is_new = match way {
            Way::Get => locals.insert(local),
            Way::Put => remotes.insert(remote.as_bytes()),
        };
        if !is_new {
            let name = match way {
                Way::Get => format!("{local:?}"),
                Way::Put => remote.to_string(),
            };
            return Err(usage(format!("two of the files would become {name}")));
        }
    }
    Ok(())
}

/// Moves the files. One that fails is told at once, and the others go on, unless the connection
/// is lost; a single one that fails is the error.
pub(crate) async fn transfer(
    line: &mut Line,
    pairs: &[Pair],
    way: Way,
    resume: bool,
) -> anyhow::Result<()> {
    if let [pair] = pairs {
        return one(line, pair, way, resume, Bar::new(&pair.remote)).await;
    }
    let mut failed = 0;
    let mut count = |result: anyhow::Result<()>| match result {
        Err(error) if is_over(&error) => Err(error),
        Err(error) => {
            tell(&error);
            failed += 1;
            Ok(())
        }
        Ok(()) => Ok(()),
    };
    match line {
        Line::Sftp(client) => {
            // Of small files most of the time is the way there and back.
            let client = &*client;
            let bar = Bar::of_files(pairs.len());
            let mut ends = stream::iter(pairs)
                .map(async |pair| {
                    let mut line = Line::Sftp(client.clone());
                    one(&mut line, pair, way, resume, Bar::hidden()).await
                })
                .buffer_unordered(BESIDE);
            while let Some(end) = ends.next().await {
                bar.one_more();
                count(end)?;
            }
            bar.clear();
        }
        Line::Ftp(_) => {
            for pair in pairs {
                count(one(line, pair, way, resume, Bar::new(&pair.remote)).await)?;
            }
        }
    }
    match failed {
        0 => Ok(()),
        _ => Err(anyhow!("{failed} of {} files failed", pairs.len())),
    }
}

async fn one(line: &mut Line, pair: &Pair, way: Way, resume: bool, bar: Bar) -> anyhow::Result<()> {
    let Pair { remote, local } = pair;
    let result = match way {
        Way::Get => line.download_to(remote, local, resume, &bar).await,
        Way::Put => line.upload_from(local, remote, resume, &bar).await,
    };
    bar.clear();
    result
}
