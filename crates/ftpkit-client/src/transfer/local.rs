//! Transfers to and from local files: a download becomes visible under its name only when it
//! is complete, unless it resumes. How their bytes are read and written is in `payload`.
//!
//! What concerns regular files is called in place: each trip to the blocking pool costs more than
//! opening or renaming a small file does. What may have to wait for somebody else goes there.

mod payload;

use std::{
    fs::Permissions,
    io::{self, SeekFrom},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use ftpkit_proto::client::{Transfer as Asked, Transferred};
use tokio::{
    fs::{self, File, OpenOptions},
    io::{AsyncSeekExt as _, AsyncWriteExt as _},
};

use self::payload::Payload;
use super::{DownloadTo, Reader, Transfer, UploadFrom, Writer};
use crate::error::{Error, ErrorKind, Result, Step};

pub(super) async fn download(mut transfer: Transfer<'_, DownloadTo>) -> Result<Transferred> {
    let local = std::mem::take(&mut transfer.kind.local);
    let failed = |error| Error::local(Step::Download, &local, error);
    let mut meter = transfer.meter();
    let path = transfer.path?;
    let mut offset = transfer.offset;
    if transfer.kind.resume {
        match fs::metadata(&local).await {
            Ok(metadata) => offset = metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
    }
    if transfer.kind.resume && offset > 0 {
        let size = transfer.client.size_of(&path).await?;
        if size.is_some_and(|size| size < offset) {
            return Err(Error::new(ErrorKind::InvalidInput, Step::Download)
                .with_host(transfer.client.host())
                .with_path(&path)
                .with_detail(format!(
                    "the local file {local:?} has {offset} bytes, more than the remote one"
                ))
                .with_hint("download it again without resuming"));
        }
    }
    meter.at.position = offset;
    let asked = Asked::Download { path, offset };
    // The target is made only when the server has agreed, so that a refusal leaves nothing new.
    let reader = Reader::open(transfer.client, Step::Download, asked, transfer.ascii).await?;
    // What a server tells at the start of a resumed transfer is the whole size with some, and
    // what is left with others.
    meter.at.total = reader.size_hint().filter(|_| offset == 0);
    if offset > 0 || transfer.kind.resume {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(&local)
            .await
            .map_err(failed)?;
        file.seek(SeekFrom::Start(offset)).await.map_err(failed)?;
        let mut file = Payload::of(file).await.map_err(failed)?;
        return file
            .receive(reader, &mut meter)
            .await
            .map_err(|error| error.of_file(&local));
    }
    let mut target = Target::create(&local).await.map_err(failed)?;
    let received = target.file.receive(reader, &mut meter);
    let transferred = received.await.map_err(|error| error.of_file(&local))?;
    target.commit().await.map_err(failed)?;
    Ok(transferred)
}

pub(super) async fn upload(mut transfer: Transfer<'_, UploadFrom>) -> Result<Transferred> {
    let local = std::mem::take(&mut transfer.kind.local);
    let failed = |error| Error::local(Step::Upload, &local, error);
    let mut meter = transfer.meter();
    let path = transfer.path?;
    let (mut file, local_size) = open(&local).await.map_err(failed)?;
    let mut offset = transfer.offset;
    let mut append = transfer.kind.append;
    if transfer.kind.resume
        && let Some(size) = transfer.client.size_of(&path).await?
        && size > 0
    {
        if size > local_size.unwrap_or_default() {
            return Err(Error::new(ErrorKind::InvalidInput, Step::Upload)
                .with_host(transfer.client.host())
                .with_path(&path)
                .with_detail(format!(
                    "the remote file has {size} bytes, more than the local {local:?}"
                ))
                .with_hint("upload it again without resuming"));
        }
        // More servers let a client append than write at an offset.
        offset = size;
        append = true;
    }
    meter.at.position = offset;
    meter.at.total = local_size;
    if offset > 0 {
        file.seek(offset).await.map_err(failed)?;
    }
    let asked = super::upload(path, offset, append);
    let writer = Writer::open(transfer.client, asked, transfer.ascii).await?;
    file.send(writer, &mut meter)
        .await
        .map_err(|error| error.of_file(&local))
}

/// A local file to be sent, and its size if it is a regular one.
async fn open(path: &Path) -> io::Result<(Payload, Option<u64>)> {
    if !std::fs::metadata(path)?.is_file() {
        let file = File::open(path).await?;
        let metadata = file.metadata().await?;
        if metadata.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        return Ok((Payload::of(file).await?, None));
    }
    let file = std::fs::File::open(path)?;
    let size = file.metadata()?.len();
    Ok((Payload::InPlace(file), Some(size)))
}

/// A local file that appears under its name when it is complete.
struct Target {
    file: Payload,
    /// Where it is until then, and its name; none for what is no regular file, such as a
    /// device or a pipe, which is written as it is.
    place: Option<Place>,
}

struct Place {
    temporary: PathBuf,
    target: PathBuf,
    permissions: Option<Permissions>,
    committed: bool,
}

impl Target {
    async fn create(path: &Path) -> io::Result<Self> {
        let existing = match std::fs::metadata(path) {
            Ok(metadata) => Some(metadata),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        // A link stays a link: what it leads to is replaced.
        let target = match &existing {
            Some(metadata) if metadata.is_dir() => {
                return Err(io::ErrorKind::IsADirectory.into());
            }
            Some(metadata) if !metadata.is_file() => {
                let file = OpenOptions::new().write(true).open(path).await?;
                let file = Payload::of(file).await?;
                return Ok(Self { file, place: None });
            }
            Some(_) => path.canonicalize()?,
            None => path.to_owned(),
        };
        // Tells a file that may not be written before anything is moved.
        let permissions = existing.map(|metadata| metadata.permissions());
        if permissions.as_ref().is_some_and(Permissions::readonly) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        loop {
            let temporary = temporary_name(&target);
            match std::fs::File::create_new(&temporary) {
                Ok(file) => {
                    let place = Some(Place {
                        temporary,
                        target,
                        permissions,
                        committed: false,
                    });
                    let file = Payload::InPlace(file);
                    return Ok(Self { file, place });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn commit(mut self) -> io::Result<()> {
        self.file.flush().await?;
        let Some(place) = &mut self.place else {
            return Ok(());
        };
        if let Some(permissions) = place.permissions.take() {
            self.file.set_permissions(permissions).await?;
        }
        std::fs::rename(&place.temporary, &place.target)?;
        place.committed = true;
        Ok(())
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if !self.committed {
            // There is nobody to tell; the transfer has failed for a reason of its own.
            let _ = std::fs::remove_file(&self.temporary);
        }
    }
}

/// A hidden name beside the target, so that the rename stays within one file system.
fn temporary_name(target: &Path) -> PathBuf {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    let number = COUNTER.fetch_add(1, Ordering::Relaxed);
    // The name itself is left out: with it the temporary one could become too long.
    target.with_file_name(format!(".ftpkit-{}-{number}.part", std::process::id()))
}

#[cfg(test)]
mod tests;
