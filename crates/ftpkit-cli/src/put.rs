//! `ftpkit put`: files, or standard input.

use std::path::Path;

use anyhow::Context as _;
use ftpkit::proto::PathArg;

use crate::{
    args::Put,
    connect::{connect, is_directory, join, path_in, path_of},
    several::{self, Pair, Way},
    usage,
};

pub(crate) async fn run(put: Put) -> anyhow::Result<()> {
    let from_stdin = put.local.iter().any(|local| local == Path::new("-"));
    if from_stdin && put.resume {
        return Err(usage("--resume needs a local file, not standard input"));
    }
    if put.local.len() > 1 && (from_stdin || !is_directory(&put.url)) {
        return Err(usage(format!(
            "only one file can become {}: for several, end the URL with a slash, and name them all",
            put.url
        )));
    }
    let mut pairs = Vec::new();
    for local in &put.local {
        let remote = remote_path(&put, local, from_stdin)?;
        if !from_stdin {
            check(local)?;
        }
        let local = local.clone();
        pairs.push(Pair { remote, local });
    }
    several::check_apart(&pairs, Way::Put)?;
    let mut line = connect(&put.url, &put.common).await?;
    match pairs.first() {
        Some(pair) if from_stdin => line.upload(tokio::io::stdin(), &pair.remote).await?,
        _ => several::transfer(&mut line, &pairs, Way::Put, put.resume).await?,
    }
    line.quit().await;
    Ok(())
}

/// Tells what is wrong with the local file before a server is bothered.
fn check(local: &Path) -> anyhow::Result<()> {
    let metadata = std::fs::metadata(local)
        .with_context(|| format!("cannot read the local file {local:?}"))?;
    if metadata.is_dir() {
        return Err(usage(format!(
            "{local:?} is a directory: put its files one by one, behind `ftpkit mkdir`"
        )));
    }
    Ok(())
}

fn remote_path(put: &Put, local: &Path, from_stdin: bool) -> anyhow::Result<PathArg> {
    if !is_directory(&put.url) {
        return path_of(&put.url);
    }
    if from_stdin {
        return Err(usage(format!(
            "the URL {} names a directory: standard input needs a file name",
            put.url
        )));
    }
    let name = local
        .file_name()
        .ok_or_else(|| usage(format!("{local:?} has no file name")))?;
    join(path_in(&put.url).as_ref(), name.as_encoded_bytes())
}
