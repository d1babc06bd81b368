//! `ftpkit get`: files, to a file, into a directory, or to standard output.

use std::{
    io,
    path::{Path, PathBuf},
};

use ftpkit::proto::{PathArg, SafeName, url::Url};

use crate::{
    args::{Get, RemoteOrLocal},
    connect::{connect, last_name, path_of, same_server},
    line::Line,
    several::{self, Pair, Way},
    usage,
};

pub(crate) async fn run(get: Get) -> anyhow::Result<()> {
    let (urls, local) = sorted(get.what)?;
    let paths = urls.iter().map(path_of).collect::<Result<Vec<_>, _>>()?;
    let to_stdout = local.as_deref() == Some(Path::new("-"));
    if to_stdout && get.resume {
        return Err(usage("--resume needs a local file, not standard output"));
    }
    if urls.len() > 1
        && !to_stdout
        && let Some(local) = &local
        && !local.is_dir()
    {
        return Err(usage(format!(
            "{local:?} is no directory, and only one file can have that name"
        )));
    }
    let mut pairs = Vec::new();
    for remote in paths {
        let local = match to_stdout {
            true => PathBuf::from("-"),
            false => target(local.as_deref(), &remote)?,
        };
        pairs.push(Pair { remote, local });
    }
    if !to_stdout {
        several::check_apart(&pairs, Way::Get)?;
    }
    let mut rest = pairs.as_slice();
    for group in urls.chunk_by(same_server) {
        let Some(url) = group.first() else {
            continue;
        };
        let (pairs, others) = rest.split_at(group.len());
        rest = others;
        let mut line = connect(url, &get.common).await?;
        if to_stdout {
            for pair in pairs {
                to_standard_output(&mut line, &pair.remote).await?;
            }
        } else {
            several::transfer(&mut line, pairs, Way::Get, get.resume).await?;
        }
        line.quit().await;
    }
    Ok(())
}

/// The files, and the local path behind them.
fn sorted(what: Vec<RemoteOrLocal>) -> anyhow::Result<(Vec<Url>, Option<PathBuf>)> {
    let mut urls = Vec::new();
    let mut local = None;
    for one in what {
        match (one, &local) {
            (_, Some(local)) => {
                return Err(usage(format!(
                    "{local:?} is no URL: what is to be got begins with ftp://, ftpes://, ftps:// \
                     or sftp://, and only the last can be a local path"
                )));
            }
            (RemoteOrLocal::Remote(url), None) => urls.push(url),
            (RemoteOrLocal::Local(path), None) => local = Some(path),
        }
    }
    match (urls.is_empty(), local) {
        (true, Some(local)) => Err(usage(format!(
            "{local:?} is no URL: say what to get, beginning with ftp://, ftpes://, ftps:// or \
             sftp://"
        ))),
        (_, local) => Ok((urls, local)),
    }
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
fn target(local: Option<&Path>, path: &PathArg) -> anyhow::Result<PathBuf> {
    let directory = match local {
        Some(local) if local.is_dir() => local,
        Some(local) => return Ok(local.to_owned()),
        None => Path::new(""),
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
        assert_eq!(target(Some("x".as_ref()), &path).unwrap(), Path::new("x"));
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(
            target(Some(dir.path()), &path).unwrap(),
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
