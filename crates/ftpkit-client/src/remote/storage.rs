//! The methods of [`Storage`] as commands of FTP.

use std::sync::{Arc, Mutex as Lock};

use async_trait::async_trait;
use ftpkit_storage::{
    Access, Capabilities, Entry, EntryStream, Error as StorageError, ErrorKind, Existing, File,
    Metadata, OpenOptions, Result, SetAttributes, Storage, VirtualPath, staging::is_temporary,
};
use futures::{StreamExt as _, stream};
use tokio::sync::{Mutex, mpsc};

use super::{
    Inner, Remote, error_kind,
    file::{Download, Incoming, Outgoing, Upload, Way},
    metadata,
    pool::Pool,
    timestamp,
};
use crate::error::Error;

/// How many entries a page of a listing holds.
const PAGE: usize = 256;

/// How far a file is made longer at most: each byte of it crosses the network.
const MOST_ZEROS: u64 = 1024 * 1024 * 1024;

type Page = Result<Vec<Entry>, Error>;

/// Refuses what FTP cannot set, before anything is changed.
pub(super) fn check_settable(attributes: &SetAttributes) -> Result<()> {
    let mut settable = SetAttributes::new();
    settable.mode = attributes.mode;
    settable.modified = attributes.modified;
    if settable == *attributes {
        Ok(())
    } else {
        Err(ErrorKind::Unsupported.into())
    }
}

impl Inner {
    pub(super) async fn set_attributes(
        &self,
        path: &VirtualPath,
        attributes: &SetAttributes,
    ) -> Result<()> {
        let wrong = |error: StorageError| error.at(path).during("set attributes of");
        let mut attributes = attributes.clone();
        let size = attributes.size.take();
        check_settable(&attributes).map_err(wrong)?;
        if let Some(size) = size {
            self.resize(path, size).await.map_err(wrong)?;
        }
        if attributes.is_empty() {
            return Ok(());
        }
        let done = self.set(path, &attributes).await;
        let Err(error) = done else {
            return Ok(());
        };
        if error.reply().is_some() {
            self.look(path).await.map_err(wrong)?;
        }
        Err(wrong(StorageError::with_source(error_kind(&error), error)))
    }

    /// Cuts a file off by an upload of nothing that begins there, or adds zeros to its end.
    async fn resize(&self, path: &VirtualPath, size: u64) -> Result<()> {
        let found = self.look(path).await?;
        if found.is_directory() {
            return Err(ErrorKind::IsADirectory.into());
        }
        if !self.capabilities.contains(Capabilities::IN_PLACE) {
            return Err(ErrorKind::Unsupported.into());
        }
        let Some(now) = found.size else {
            return Err(ErrorKind::Unsupported.into());
        };
        let (way, start, zeros) = match size {
            0 => (Way::Anew, 0, 0),
            _ if size < now => (Way::From(size), size, 0),
            _ => (Way::Append, now, size - now),
        };
        if zeros > MOST_ZEROS {
            return Err(ErrorKind::Unsupported.into());
        }
        if size == now {
            return Ok(());
        }
        let resized = async {
            let (flow, _) = Outgoing::start(self, path, way, start, false).await?;
            flow.finish_with_zeros(zeros).await
        };
        let resized = resized.await;
        resized.map_err(|error| StorageError::with_source(error_kind(&error), error))
    }

    async fn set(&self, path: &VirtualPath, attributes: &SetAttributes) -> Result<(), Error> {
        self.settled(path).await;
        let name = self.name(path);
        let mut lease = self.lease().await?;
        let client = lease.client().await?;
        if let Some(mode) = attributes.mode {
            let mode = u16::try_from(mode & 0o7777).unwrap_or(0);
            client.set_mode(&name, mode).await?;
        }
        if let Some(time) = attributes.modified.and_then(timestamp) {
            client.set_modified(&name, time).await?;
        }
        Ok(())
    }

    /// Renames, and tells why not.
    pub(super) async fn move_file(&self, from: &VirtualPath, to: &VirtualPath) -> Result<()> {
        let (old, new) = (self.name(from), self.name(to));
        let renamed = async {
            let mut lease = self.lease().await?;
            lease.client().await?.rename(&old, &new).await
        };
        match renamed.await {
            Ok(()) => Ok(()),
            Err(error) if error.reply().is_some() => {
                self.look(from).await?;
                Err(self.unmade(to, error).await)
            }
            Err(error) => Err(StorageError::with_source(error_kind(&error), error)),
        }
    }

    /// Removes what is of no use any more, if it can.
    pub(super) async fn discard(&self, path: &VirtualPath) {
        let name = self.name(path);
        let removed = async {
            let mut lease = self.lease().await?;
            lease.client().await?.remove_file(&name).await
        };
        if let Err(error) = removed.await {
            tracing::debug!(%error, "a temporary file may have been left");
        }
    }
}

/// Sends the pages of a listing; the first, empty one when it has begun.
async fn list(pool: &Arc<Pool>, name: &[u8], pages: &mpsc::Sender<Page>) -> Result<(), Error> {
    let mut lease = pool.lease().await?;
    let mut listing = lease.client().await?.list(name).await?;
    if pages.send(Ok(Vec::new())).await.is_err() {
        return Ok(());
    }
    let mut page = Vec::new();
    loop {
        let next = listing.next().await.transpose()?;
        let is_last = next.is_none();
        if let Some(listed) = next
            && !is_temporary(listed.name_bytes())
        {
            let name = bytes::Bytes::copy_from_slice(listed.name_bytes());
            match Entry::new(name, metadata(&listed)) {
                Ok(entry) => page.push(entry),
                // Nobody could name it.
                Err(error) => tracing::debug!(%error, "an entry is left out"),
            }
        }
        if page.len() >= PAGE || is_last && !page.is_empty() {
            let full = std::mem::take(&mut page);
            if pages.send(Ok(full)).await.is_err() {
                return Ok(());
            }
        }
        if is_last {
            // Whoever reads knows the end from a task that broke down.
            let _ = pages.send(Ok(Vec::new())).await;
            return Ok(());
        }
    }
}

fn vanished() -> StorageError {
    StorageError::with_source(ErrorKind::Unavailable, "the listing's task has ended")
}

impl Remote {
    async fn open_read(&self, path: &VirtualPath) -> Result<Box<dyn File>> {
        let inner = &self.0;
        let found = inner.look(path).await?;
        if found.is_directory() {
            return Err(ErrorKind::IsADirectory.into());
        }
        let flow = match Incoming::start(inner, path, 0).await {
            Err(error) if error.is_closed() => Incoming::start(inner, path, 0).await,
            started => started,
        };
        let flow = flow.map_err(|error| StorageError::with_source(error_kind(&error), error))?;
        Ok(Box::new(Download {
            inner: Arc::clone(inner),
            path: path.clone(),
            metadata: found,
            flow: Mutex::new(Some(flow)),
        }))
    }

    async fn open_write(&self, path: &VirtualPath, options: &OpenOptions) -> Result<Box<dyn File>> {
        let inner = &self.0;
        let is_new = options.access() == Access::CreateNew;
        let found = match inner.look(path).await {
            Ok(_) if is_new => return Err(ErrorKind::Exists.into()),
            Ok(found) if found.is_directory() => return Err(ErrorKind::IsADirectory.into()),
            Ok(found) => Some(found),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let size = found.as_ref().and_then(|found| found.size);
        let (way, start) = match options.access() {
            Access::Replace | Access::CreateNew => (Way::Anew, 0),
            Access::Append => (Way::Append, size.unwrap_or(0)),
            Access::WriteAt(offset) => {
                if found.is_none() {
                    return Err(ErrorKind::NotFound.into());
                }
                if size.is_some_and(|size| size < offset) {
                    return Err(ErrorKind::BeyondEnd.into());
                }
                (Way::From(offset), offset)
            }
            _ if found.is_none() => {
                inner.look(path).await?;
                return Err(ErrorKind::NotFound.into());
            }
            _ => return Err(ErrorKind::Unsupported.into()),
        };
        let new = if is_new {
            let reserved = inner.reserved.take(path);
            Some(reserved.ok_or_else(|| StorageError::from(ErrorKind::Exists))?)
        } else {
            None
        };
        let temporary = if way == Way::Anew && !inner.config.direct_uploads {
            Some(Inner::temporary(path)?)
        } else {
            None
        };
        let name = temporary.as_ref().unwrap_or(path);
        let flow = Outgoing::start(inner, name, way, start, temporary.is_some()).await;
        let (flow, done) = match flow {
            Ok(started) => started,
            Err(error) => return Err(inner.unmade(path, error).await),
        };
        let mut attributes = SetAttributes::new();
        if found.is_none() {
            attributes.mode = options.made_mode();
        }
        Ok(Box::new(Upload {
            inner: Arc::clone(inner),
            path: path.clone(),
            temporary,
            new,
            start,
            flow: Mutex::new(flow),
            attributes: Lock::new(attributes),
            done,
        }))
    }

    async fn check_rename(
        &self,
        from: &VirtualPath,
        to: &VirtualPath,
        existing: Existing,
    ) -> Result<bool> {
        if from.is_root() || to.is_root() {
            return Err(ErrorKind::Denied.into());
        }
        let moved = self.0.look(from).await?;
        if from == to {
            return Ok(false);
        }
        if to.starts_with(from) && moved.is_directory() {
            return Err(ErrorKind::Invalid.into());
        }
        match self.0.look(to).await {
            Ok(found)
                if existing == Existing::Keep || found.is_directory() || moved.is_directory() =>
            {
                Err(ErrorKind::Exists.into())
            }
            Ok(_) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
            Err(error) => Err(error),
        }
    }
}

#[async_trait]
impl Storage for Remote {
    fn capabilities(&self) -> Capabilities {
        self.0.capabilities
    }

    async fn metadata(&self, path: &VirtualPath) -> Result<Metadata> {
        let found = self.0.look(path).await;
        found.map_err(|error| error.at(path).during("stat"))
    }

    async fn list(&self, path: &VirtualPath) -> Result<EntryStream> {
        let wrong = |error: StorageError| error.at(path).during("list");
        // LIST of a file would list the file.
        if !self.0.look(path).await.map_err(wrong)?.is_directory() {
            return Err(wrong(ErrorKind::NotADirectory.into()));
        }
        let (sender, mut pages) = mpsc::channel(2);
        let (pool, name) = (Arc::clone(&self.0.pool), self.0.name(path));
        tokio::spawn(async move {
            if let Err(error) = list(&pool, &name, &sender).await {
                // Whoever reads is told, if anybody is left.
                let _ = sender.send(Err(error)).await;
            }
        });
        match pages.recv().await {
            Some(Ok(_)) => {}
            Some(Err(error)) => {
                return Err(wrong(StorageError::with_source(error_kind(&error), error)));
            }
            None => return Err(wrong(vanished())),
        }
        let path = path.clone();
        let pages = stream::unfold(Some(pages), move |pages| {
            let path = path.clone();
            async move {
                let mut pages = pages?;
                let wrong = |error: StorageError| error.at(&path).during("list");
                match pages.recv().await {
                    Some(Ok(page)) if page.is_empty() => None,
                    Some(Ok(page)) => Some((Ok(page), Some(pages))),
                    Some(Err(error)) => {
                        let error = StorageError::with_source(error_kind(&error), error);
                        Some((Err(wrong(error)), None))
                    }
                    None => Some((Err(wrong(vanished())), None)),
                }
            }
        });
        Ok(pages.boxed())
    }

    async fn open(&self, path: &VirtualPath, options: OpenOptions) -> Result<Box<dyn File>> {
        let opened = if path.is_root() {
            Err(ErrorKind::IsADirectory.into())
        } else if options.is_write() {
            self.open_write(path, &options).await
        } else {
            self.open_read(path).await
        };
        opened.map_err(|error| error.at(path).during("open"))
    }

    async fn create_dir(&self, path: &VirtualPath) -> Result<()> {
        let wrong = |error: StorageError| error.at(path).during("create");
        if path.is_root() {
            return Err(wrong(ErrorKind::Exists.into()));
        }
        let name = self.0.name(path);
        let made = async {
            let mut lease = self.0.lease().await?;
            lease.client().await?.create_dir(&name).await
        };
        let Err(error) = made.await else {
            return Ok(());
        };
        if error.reply().is_some() && self.0.look(path).await.is_ok() {
            return Err(wrong(StorageError::with_source(ErrorKind::Exists, error)));
        }
        Err(wrong(self.0.unmade(path, error).await))
    }

    async fn remove_dir(&self, path: &VirtualPath) -> Result<()> {
        let wrong = |error: StorageError| error.at(path).during("remove");
        if path.is_root() {
            return Err(wrong(ErrorKind::Denied.into()));
        }
        let name = self.0.name(path);
        let removed = async {
            let mut lease = self.0.lease().await?;
            lease.client().await?.remove_dir(&name).await
        };
        let Err(error) = removed.await else {
            return Ok(());
        };
        if error.reply().is_some() {
            if !self.0.look(path).await.map_err(wrong)?.is_directory() {
                return Err(wrong(ErrorKind::NotADirectory.into()));
            }
            if self.list(path).await?.next().await.is_some() {
                return Err(wrong(StorageError::with_source(ErrorKind::NotEmpty, error)));
            }
        }
        Err(wrong(StorageError::with_source(error_kind(&error), error)))
    }

    async fn remove_file(&self, path: &VirtualPath) -> Result<()> {
        let wrong = |error: StorageError| error.at(path).during("remove");
        if path.is_root() {
            return Err(wrong(ErrorKind::IsADirectory.into()));
        }
        self.0.settled(path).await;
        let name = self.0.name(path);
        let removed = async {
            let mut lease = self.0.lease().await?;
            lease.client().await?.remove_file(&name).await
        };
        let Err(error) = removed.await else {
            return Ok(());
        };
        if error.reply().is_some() && self.0.look(path).await.map_err(wrong)?.is_directory() {
            return Err(wrong(ErrorKind::IsADirectory.into()));
        }
        Err(wrong(StorageError::with_source(error_kind(&error), error)))
    }

    async fn rename(&self, from: &VirtualPath, to: &VirtualPath, existing: Existing) -> Result<()> {
        let wrong = |error: StorageError| error.at(from).during("rename");
        if self.check_rename(from, to, existing).await.map_err(wrong)? {
            self.0.move_file(from, to).await.map_err(wrong)?;
        }
        Ok(())
    }

    async fn set_attributes(&self, path: &VirtualPath, attributes: &SetAttributes) -> Result<()> {
        self.0.set_attributes(path, attributes).await
    }
}
