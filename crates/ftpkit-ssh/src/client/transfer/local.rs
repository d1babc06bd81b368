//! Transfers to and from local files: a download becomes visible under its name only when it is
//! complete, unless it resumes.

use std::{
    fs::{File, OpenOptions, Permissions},
    io::{self, Read as _, Seek as _, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

use bytes::Bytes;

use super::{DownloadTo, Transfer, Transferred, UploadFrom, What};
use crate::client::error::{Error, ErrorKind, Result, Step};

/// How much is moved between a thread that may block and the session at a time.
const BLOCK: u64 = 1024 * 1024;

/// Runs what may block.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(io::Error::other("the thread for it was lost")),
    }
}

pub(super) async fn download(mut transfer: Transfer<'_, DownloadTo>) -> Result<Transferred> {
    let local = std::mem::take(&mut transfer.kind.0);
    let mut meter = transfer.meter();
    let what = transfer.what;
    let size = what.client.metadata(&what.path).await;
    // The one that cannot be found is no download; one that may not be asked for may still be read.
    let size = match size {
        Ok(attributes) => attributes.size,
        Err(error) if error.kind() == ErrorKind::PermissionDenied => None,
        Err(error) => return Err(error),
    };
    let failed = |error| what.of_file(Error::local(Step::Download, &local, error));
    let mut offset = what.offset;
    if what.resume {
        match std::fs::metadata(&local) {
            Ok(metadata) => offset = metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        if size.is_some_and(|size| size < offset) {
            return Err(longer(
                &what,
                Step::Download,
                format!("the local file {local:?} has {offset} bytes, more than the remote one"),
            ));
        }
    }
    meter.at.position = offset;
    meter.at.total = size;
    let mut reader = what.client.reader(&what.path, offset);
    // The target is made only when the server has agreed, so that a refusal leaves nothing new.
    let mut chunk = reader.next().await?;
    let in_place = what.resume || offset > 0;
    let path = local.clone();
    let mut target = blocking(move || match in_place {
        true => Target::at(&path, offset),
        false => Target::create(&path),
    })
    .await
    .map_err(failed)?;
    meter.moved(0);
    let mut bytes = 0;
    while let Some(first) = chunk {
        let mut chunks = vec![first];
        let mut length = chunks.iter().map(Bytes::len).sum::<usize>() as u64;
        while length < BLOCK
            && let Some(more) = reader.ready()
        {
            length += more.len() as u64;
            chunks.push(more);
        }
        target = blocking(move || {
            for chunk in &chunks {
                target.file.write_all(chunk)?;
            }
            Ok(target)
        })
        .await
        .map_err(failed)?;
        bytes += length;
        meter.moved(length);
        chunk = reader.next().await?;
    }
    blocking(move || target.commit()).await.map_err(failed)?;
    Ok(Transferred { bytes })
}

pub(super) async fn upload(mut transfer: Transfer<'_, UploadFrom>) -> Result<Transferred> {
    let local = std::mem::take(&mut transfer.kind.0);
    let mut meter = transfer.meter();
    let what = transfer.what;
    let failed = |error| what.of_file(Error::local(Step::Upload, &local, error));
    let path = local.clone();
    let (mut file, metadata) = blocking(move || {
        let file = File::open(path)?;
        let metadata = file.metadata()?;
        match metadata.is_dir() {
            true => Err(io::ErrorKind::IsADirectory.into()),
            false => Ok((file, metadata)),
        }
    })
    .await
    .map_err(failed)?;
    let mut offset = what.offset;
    if what.resume {
        offset = match what.client.metadata(&what.path).await {
            Ok(attributes) => attributes.size.unwrap_or(0),
            Err(error) if error.kind() == ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        if offset > metadata.len() {
            return Err(longer(
                &what,
                Step::Upload,
                format!("the remote file has {offset} bytes, more than the local {local:?}"),
            ));
        }
    }
    meter.at.position = offset;
    meter.at.total = metadata.is_file().then_some(metadata.len());
    if offset > 0 {
        file = blocking(move || file.seek(SeekFrom::Start(offset)).map(|_| file))
            .await
            .map_err(failed)?;
    }
    let mut writer = what.client.writer(&what.path, offset);
    meter.moved(0);
    loop {
        let (back, block) = blocking(move || {
            let mut block = Vec::with_capacity(BLOCK as usize);
            (&file).take(BLOCK).read_to_end(&mut block)?;
            Ok((file, Bytes::from(block)))
        })
        .await
        .map_err(failed)?;
        file = back;
        let length = block.len() as u64;
        if length == 0 {
            break;
        }
        writer.write(block).await?;
        meter.moved(length);
    }
    writer.finish().await
}

fn longer(what: &What, step: Step, detail: String) -> Error {
    let error = Error::new(ErrorKind::Incomplete, step).with_detail(detail);
    what.of_file(error.with_hint("transfer it again without resuming"))
}

/// A local file that appears under its name when it is complete.
struct Target {
    file: File,
    /// Where it is until then; none for what is written in place.
    place: Option<Place>,
}

struct Place {
    temporary: PathBuf,
    target: PathBuf,
    permissions: Option<Permissions>,
    committed: bool,
}

impl Target {
    fn at(path: &Path, offset: u64) -> io::Result<Self> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        Ok(Self { file, place: None })
    }

    fn create(path: &Path) -> io::Result<Self> {
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
            // A device or a pipe is written as it is.
            Some(metadata) if !metadata.is_file() => {
                let file = OpenOptions::new().write(true).open(path)?;
                return Ok(Self { file, place: None });
            }
            Some(_) => std::fs::canonicalize(path)?,
            None => path.to_owned(),
        };
        // Tells a file that may not be written before anything is moved.
        let permissions = existing.map(|metadata| metadata.permissions());
        if permissions.as_ref().is_some_and(Permissions::readonly) {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        loop {
            let temporary = temporary_name(&target);
            match OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&temporary)
            {
                Ok(file) => {
                    let place = Place {
                        temporary,
                        target,
                        permissions,
                        committed: false,
                    };
                    return Ok(Self {
                        file,
                        place: Some(place),
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
    }

    fn commit(mut self) -> io::Result<()> {
        let Some(place) = &mut self.place else {
            return Ok(());
        };
        if let Some(permissions) = place.permissions.take() {
            self.file.set_permissions(permissions)?;
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
    target.with_file_name(format!(".ftpkit-sftp-{}-{number}.part", std::process::id()))
}
