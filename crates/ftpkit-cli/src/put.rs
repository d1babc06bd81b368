//! `ftpkit put`: one file, or standard input.

use std::path::Path;

use anyhow::Context as _;
use ftpkit::proto::PathArg;

use crate::{
    args::Put,
    connect::{connect, is_directory, join, path_in, path_of},
    progress::Bar,
    usage,
};

pub(crate) async fn run(put: Put) -> anyhow::Result<()> {
    let from_stdin = put.local == Path::new("-");
    if from_stdin && put.resume {
        return Err(usage("--resume needs a local file, not standard input"));
    }
    let path = remote_path(&put, from_stdin)?;
    if !from_stdin {
        check(&put.local)?;
    }
    let mut line = connect(&put.url, &put.common).await?;
    if from_stdin {
        line.upload(tokio::io::stdin(), &path).await?;
    } else {
        let bar = Bar::new(&path);
        let result = line.upload_from(&put.local, &path, put.resume, &bar).await;
        bar.clear();
        result?;
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

fn remote_path(put: &Put, from_stdin: bool) -> anyhow::Result<PathArg> {
    if !is_directory(&put.url) {
        return path_of(&put.url);
    }
    if from_stdin {
        return Err(usage(format!(
            "the URL {} names a directory: standard input needs a file name",
            put.url
        )));
    }
    let name = put
        .local
        .file_name()
        .ok_or_else(|| usage(format!("{:?} has no file name", put.local)))?;
    join(path_in(&put.url).as_ref(), name.as_encoded_bytes())
}
