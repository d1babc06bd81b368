//! `ftpkit get`: one file, to a file, into a directory, or to standard output.

use std::{
    io,
    path::{Path, PathBuf},
};

use ftpkit::proto::{PathArg, SafeName};

use crate::{
    args::Get,
    connect::{connect, last_name, path_of},
    line::Line,
    progress::Bar,
    usage,
};

pub(crate) async fn run(get: Get) -> anyhow::Result<()> {
    let path = path_of(&get.url)?;
    let to_stdout = get.local.as_deref() == Some(Path::new("-"));
    if to_stdout && get.resume {
        return Err(usage("--resume needs a local file, not standard output"));
    }
    let local = if to_stdout {
        None
    } else {
        Some(target(get.local, &path)?)
    };
    let mut line = connect(&get.url, &get.common).await?;
    match local {
        Some(local) => to_file(&mut line, &path, &local, get.resume).await?,
        None => to_standard_output(&mut line, &path).await?,
    }
    line.quit().await;
    Ok(())
}

async fn to_file(
    line: &mut Line,
    path: &PathArg,
    local: &Path,
    resume: bool,
) -> anyhow::Result<()> {
    let bar = Bar::new(path);
    let result = line.download_to(path, local, resume, &bar).await;
    bar.clear();
    result
}

async fn to_standard_output(line: &mut Line, path: &PathArg) -> anyhow::Result<()> {
    // The bytes on the terminal are progress enough.
    match line.download(path, tokio::io::stdout()).await {
        Err(error) if is_broken_pipe(&error) => Ok(()),
        result => result,
    }
}

/// Whether the reader of our output has gone away, as `head` does when it has enough.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|error| {
        error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    })
}

/// The local file.
fn target(local: Option<PathBuf>, path: &PathArg) -> anyhow::Result<PathBuf> {
    let directory = match local {
        Some(local) if local.is_dir() => local,
        Some(local) => return Ok(local),
        None => PathBuf::new(),
    };
    let name = last_name(path)
        .as_ref()
        .and_then(local_name)
        .ok_or_else(|| {
            usage(format!(
                "{path} does not end in a name that a local file can have: say where to put it"
            ))
        })?;
    Ok(directory.join(name))
}

#[cfg(unix)]
fn local_name(name: &SafeName) -> Option<PathBuf> {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt as _};
    Some(PathBuf::from(OsStr::from_bytes(name.as_bytes())))
}

#[cfg(not(unix))]
fn local_name(name: &SafeName) -> Option<PathBuf> {
    name.to_str().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_local_file_is_where_the_user_says() {
        let path = PathArg::try_from("dir/a b").unwrap();
        assert_eq!(target(None, &path).unwrap(), Path::new("a b"));
        assert_eq!(target(Some("x".into()), &path).unwrap(), Path::new("x"));
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(
            target(Some(dir.path().into()), &path).unwrap(),
            dir.path().join("a b")
        );
    }

    #[test]
    fn a_name_that_leaves_the_directory_is_not_taken() {
        for evil in ["..", "a/..", "a\\..\\b", "dir/"] {
            let path = PathArg::try_from(evil).unwrap();
            assert!(target(None, &path).is_err(), "{evil}");
        }
    }
}
