//! One session with a server of either kind, and the few things that the commands ask of it:
//! FTP by its client, SFTP by its own.

use std::path::Path;

use ftpkit::{
    client::{self as ftp, Client, Entry},
    proto::{
        PathArg, Text,
        facts::Kind,
        time::{ListedTime, Timestamp},
    },
    sftp::packet::{Attributes, FileType, StatusCode},
    ssh::client::{self as ssh, Existing, SftpClient},
};
use tokio::io::{AsyncRead, AsyncWrite};

use crate::progress::Bar;

/// A session.
pub(crate) enum Line {
    Ftp(Box<Client>),
    Sftp(SftpClient),
}

impl Line {
    pub(crate) async fn download_to(
        &mut self,
        path: &PathArg,
        local: &Path,
        resume: bool,
        bar: &Bar,
    ) -> anyhow::Result<()> {
        match self {
            Self::Ftp(client) => {
                let transfer = client.download_to(path, local);
                let mut transfer = transfer.progress(|at| bar.at(at.position, at.total));
                if resume {
                    transfer = transfer.resume();
                }
                transfer.await?;
            }
            Self::Sftp(client) => {
                let transfer = client.download_to(path, local);
                let mut transfer = transfer.progress(|at| bar.at(at.position, at.total));
                if resume {
                    transfer = transfer.resume();
                }
                transfer.await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn download(
        &mut self,
        path: &PathArg,
        sink: impl AsyncWrite + Unpin + Send,
    ) -> anyhow::Result<()> {
        match self {
            Self::Ftp(client) => client.download(path, sink).await.map(drop)?,
            Self::Sftp(client) => client.download(path, sink).await.map(drop)?,
        }
        Ok(())
    }

    pub(crate) async fn upload_from(
        &mut self,
        local: &Path,
        path: &PathArg,
        resume: bool,
        bar: &Bar,
    ) -> anyhow::Result<()> {
        match self {
            Self::Ftp(client) => {
                let transfer = client.upload_from(local, path);
                let mut transfer = transfer.progress(|at| bar.at(at.position, at.total));
                if resume {
                    transfer = transfer.resume();
                }
                transfer.await?;
            }
            Self::Sftp(client) => {
                let transfer = client.upload_from(local, path);
                let mut transfer = transfer.progress(|at| bar.at(at.position, at.total));
                if resume {
                    transfer = transfer.resume();
                }
                transfer.await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn upload(
        &mut self,
        source: impl AsyncRead + Unpin + Send,
        path: &PathArg,
    ) -> anyhow::Result<()> {
        match self {
            Self::Ftp(client) => client.upload(source, path).await.map(drop)?,
            Self::Sftp(client) => client.upload(source, path).await.map(drop)?,
        }
        Ok(())
    }

    pub(crate) async fn list(&mut self, path: Option<&PathArg>) -> anyhow::Result<Listing<'_>> {
        let path = path.map(PathArg::as_bytes).unwrap_or_default();
        Ok(match self {
            Self::Ftp(client) => Listing::Ftp(Box::new(client.list(path).await?)),
            Self::Sftp(client) => Listing::Sftp(Box::new(client.list(path))),
        })
    }

    /// What is known of a file; the name is left to the caller.
    pub(crate) async fn metadata(&mut self, path: impl AsRef<[u8]>) -> anyhow::Result<Entry> {
        Ok(match self {
            Self::Ftp(client) => client.metadata(path).await?,
            Self::Sftp(client) => {
                let attributes = client.metadata(path).await?;
                entry(Text::default(), &attributes)
            }
        })
    }

    pub(crate) async fn create_dir(&mut self, path: impl AsRef<[u8]>) -> anyhow::Result<()> {
        match self {
            Self::Ftp(client) => client.create_dir(path).await?,
            Self::Sftp(client) => client.create_dir(path).await?,
        }
        Ok(())
    }

    pub(crate) async fn remove_dir(&mut self, path: &PathArg) -> anyhow::Result<()> {
        match self {
            Self::Ftp(client) => client.remove_dir(path).await?,
            Self::Sftp(client) => client.remove_dir(path).await?,
        }
        Ok(())
    }

    pub(crate) async fn remove_file(&mut self, path: &PathArg) -> anyhow::Result<()> {
        match self {
            Self::Ftp(client) => client.remove_file(path).await?,
            Self::Sftp(client) => client.remove_file(path).await?,
        }
        Ok(())
    }

    /// Moves a file; one of the new name is replaced, as most FTP servers do it.
    pub(crate) async fn rename(&mut self, from: &PathArg, to: &PathArg) -> anyhow::Result<()> {
        match self {
            Self::Ftp(client) => client.rename(from, to).await?,
            Self::Sftp(client) => {
                let existing = Existing::ReplaceInTwoSteps;
                client.rename(from, to, existing).await?;
            }
        }
        Ok(())
    }

    pub(crate) fn is_closed(&self) -> bool {
        match self {
            Self::Ftp(client) => client.is_closed(),
            Self::Sftp(client) => client.is_closed(),
        }
    }

    /// Says goodbye. All that was asked for is done, so a server that does not answer any more is
    /// no failure.
    pub(crate) async fn quit(self) {
        match self {
            Self::Ftp(client) => {
                if let Err(error) = client.quit().await {
                    tracing::debug!(%error, "the server did not say goodbye");
                }
            }
            Self::Sftp(client) => client.close().await,
        }
    }
}

/// A listing under way.
pub(crate) enum Listing<'l> {
    Ftp(Box<ftp::Listing<'l>>),
    Sftp(Box<ssh::Listing>),
}

impl Listing<'_> {
    pub(crate) async fn next(&mut self) -> Option<anyhow::Result<Entry>> {
        match self {
            Self::Ftp(listing) => listing.next().await.map(|entry| Ok(entry?)),
            Self::Sftp(listing) => loop {
                let found = match listing.next().await {
                    Ok(found) => found?,
                    Err(error) => return Some(Err(error.into())),
                };
                // A name with a line's end in it cannot be shown, or asked for in a URL.
                if let Ok(name) = Text::try_from(&found.name()[..]) {
                    return Some(Ok(entry(name, &found.attributes)));
                }
            },
        }
    }

    /// What is wrong with the listing so far, if anything.
    pub(crate) fn complaint(&self) -> Option<String> {
        let (count, what, first) = match self {
            Self::Ftp(listing) => (
                listing.unparsed_count(),
                "lines of the listing could not be read",
                listing.unparsed().first(),
            ),
            Self::Sftp(listing) => (
                listing.refused_count(),
                "names of the listing are no names of files",
                listing.refused().first(),
            ),
        };
        let first = String::from_utf8_lossy(first?);
        Some(format!("warning: {count} {what}, the first is {first:?}"))
    }
}

fn entry(name: Text, attributes: &Attributes) -> Entry {
    let kind = match attributes.file_type() {
        Some(FileType::Directory) => Kind::Directory,
        Some(FileType::Symlink) => Kind::Symlink,
        Some(FileType::Regular) => Kind::File,
        _ => Kind::Other,
    };
    let mut entry = Entry::new(name, kind);
    entry.size = attributes.size;
    entry.mode = attributes
        .mode
        .and_then(|mode| u16::try_from(mode.permissions()).ok());
    entry.modified = attributes
        .times
        .and_then(|times| Timestamp::from_unix(times.modified.into(), 0))
        .map(ListedTime::from);
    entry
}

/// Whether the server refused, and the session goes on.
pub(crate) fn is_refusal(error: &anyhow::Error) -> bool {
    if let Some(error) = error.downcast_ref::<ftp::Error>() {
        return error.reply().is_some() && !error.is_closed();
    }
    let status = error
        .downcast_ref::<ssh::Error>()
        .and_then(ssh::Error::status);
    status.is_some()
}

/// Whether the session is over.
pub(crate) fn is_over(error: &anyhow::Error) -> bool {
    let ftp = error.downcast_ref::<ftp::Error>();
    let ssh = error.downcast_ref::<ssh::Error>();
    ftp.is_some_and(ftp::Error::is_closed) || ssh.is_some_and(ssh::Error::is_closed)
}

/// Whether there is no such file.
pub(crate) fn is_missing(error: &anyhow::Error) -> bool {
    let ftp = error.downcast_ref::<ftp::Error>();
    let ssh = error.downcast_ref::<ssh::Error>();
    ftp.is_some_and(|error| error.kind() == ftp::ErrorKind::NotFound)
        || ssh.is_some_and(|error| error.status() == Some(StatusCode::NoSuchFile))
}
