//! `ftpkit rm`, `mkdir` and `mv`: what is done on the server alone.

use ftpkit::proto::{PathArg, facts::Kind, url::Url};

use crate::{
    args::{Common, Mkdir, Mv, Rm, remote_url},
    connect::{connect, is_directory, join, last_name, path_in, path_of, same_server},
    line::{Line, is_missing, is_over},
    usage,
};

pub(crate) async fn rm(rm: Rm) -> anyhow::Result<()> {
    let mut lines = Lines::default();
    for url in &rm.urls {
        let path = path_of(url)?;
        let line = lines.to(url, &rm.common).await?;
        if is_directory(url) {
            line.remove_dir(&path).await?;
        } else {
            remove(line, &path).await?;
        }
    }
    lines.hang_up().await;
    Ok(())
}

/// Removes a file, or an empty directory: which one it is shows when DELE is refused.
async fn remove(line: &mut Line, path: &PathArg) -> anyhow::Result<()> {
    let Err(error) = line.remove_file(path).await else {
        return Ok(());
    };
    if is_over(&error) || is_missing(&error) {
        return Err(error);
    }
    match line.metadata(path).await {
        Ok(entry) if entry.kind == Kind::Directory => line.remove_dir(path).await,
        _ => Err(error),
    }
}

pub(crate) async fn mkdir(mkdir: Mkdir) -> anyhow::Result<()> {
    let mut lines = Lines::default();
    for url in &mkdir.urls {
        let path = path_of(url)?;
        let line = lines.to(url, &mkdir.common).await?;
        if mkdir.parents {
            create_all(line, &path).await?;
        } else {
            line.create_dir(&path).await?;
        }
    }
    lines.hang_up().await;
    Ok(())
}

async fn create_all(line: &mut Line, path: &PathArg) -> anyhow::Result<()> {
    let bytes = path.as_bytes();
    let ends = bytes
        .iter()
        .enumerate()
        .filter(|(at, byte)| **byte == b'/' && *at > 0)
        .map(|(at, _)| at)
        .chain([bytes.len()]);
    for end in ends {
        let part = bytes.get(..end).unwrap_or_default();
        if part.is_empty() || part.ends_with(b"/") {
            continue;
        }
        let Err(error) = line.create_dir(part).await else {
            continue;
        };
        // One that exists is refused with the same code as one that may not be made.
        let exists = !is_over(&error)
            && line
                .metadata(part)
                .await
                .is_ok_and(|entry| entry.kind == Kind::Directory);
        if !exists {
            return Err(error);
        }
    }
    Ok(())
}

pub(crate) async fn mv(mv: Mv) -> anyhow::Result<()> {
    let from = path_of(&mv.from)?;
    let to = destination(&mv.from, &from, &mv.to)?;
    let mut line = connect(&mv.from, &mv.common).await?;
    line.rename(&from, &to).await?;
    line.quit().await;
    Ok(())
}

fn destination(url: &Url, from: &PathArg, to: &str) -> anyhow::Result<PathArg> {
    let to = if to.contains("://") {
        let other = remote_url(to).map_err(|error| usage(format!("{to:?}: {error}")))?;
        let same_user = other.user().is_none() || other.user() == url.user();
        let same_server =
            (other.scheme(), other.host(), other.port()) == (url.scheme(), url.host(), url.port());
        if !same_server || !same_user {
            return Err(usage(
                "a file is moved on its own server only: use get and put for two servers",
            ));
        }
        path_in(&other)
    } else {
        let path = PathArg::try_from(to)
            .map_err(|error| usage(format!("{to:?} cannot be sent as a path: {error}")))?;
        Some(path)
    };
    match to {
        Some(to) if !to.as_bytes().ends_with(b"/") => Ok(to),
        directory => {
            let name = last_name(from)
                .ok_or_else(|| usage(format!("{from} does not end in a plain name")))?;
            join(directory.as_ref(), name.as_bytes())
        }
    }
}

/// One connection that serves several URLs of one server in a row.
#[derive(Default)]
struct Lines {
    open: Option<(Url, Line)>,
}

impl Lines {
    async fn to(&mut self, url: &Url, common: &Common) -> anyhow::Result<&mut Line> {
        let open = match self.open.take() {
            Some(open) if same_server(&open.0, url) && !open.1.is_closed() => open,
            other => {
                if let Some((_, line)) = other {
                    line.quit().await;
                }
                (url.clone(), connect(url, common).await?)
            }
        };
        Ok(&mut self.open.insert(open).1)
    }

    async fn hang_up(self) {
        if let Some((_, line)) = self.open {
            line.quit().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_moved_on_its_own_server() {
        let url: Url = "ftp://ana@h:2121/a/b.txt".parse().unwrap();
        let from = path_of(&url).unwrap();
        for (to, expected) in [
            ("c", Some("c")),
            ("dir/", Some("dir/b.txt")),
            ("/abs/c", Some("/abs/c")),
            ("ftp://ana@h:2121/x/y", Some("x/y")),
            ("ftp://h:2121/x/", Some("x/b.txt")),
            ("ftp://ana@h:2121/%2Fx", Some("/x")),
            ("ftp://h/x", None),
            ("ftpes://ana@h:2121/x", None),
            ("ftp://other:2121/x", None),
            ("ftp://bob@h:2121/x", None),
            ("a\nb", None),
        ] {
            let found = destination(&url, &from, to).ok();
            assert_eq!(found.as_ref().and_then(PathArg::to_str), expected, "{to}");
        }
    }
}
