//! Open files of a [`Remote`](super::Remote): a handle of the server, read ahead and written
//! ahead.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex as Lock,
        atomic::{AtomicU64, Ordering},
    },
};

use async_trait::async_trait;
use bytes::{Buf as _, Bytes};
use ftpkit_sftp::{
    client::{Download, File as Source, Outcome, Request},
    packet::{Attributes, Extension},
};
use ftpkit_storage::{
    Committed, Error as StorageError, ErrorKind, File, Metadata, Result, SetAttributes, Space,
    VirtualPath, staging::Reserved,
};
use tokio::{
    runtime,
    sync::{Mutex, watch},
};

use super::{Inner, Opened, attributes, error_kind, lock, odd, told};
use crate::client::{
    error::{Error, Step},
    session::{Inflow, Running},
};

/// The most that is asked for at once, and written at once where the server does not say how
/// much it takes: what every server must be able to.
const BLOCK: usize = 32 * 1024;
/// The most that one WRITE holds, whatever the server takes.
const MOST_WRITTEN: usize = 255 * 1024;
/// How much is written ahead of the server's answers, in bytes and in requests.
const AHEAD: (usize, usize) = (4 * 1024 * 1024, 48);

/// An open file.
pub(super) struct RemoteFile {
    inner: Arc<Inner>,
    path: VirtualPath,
    role: Role,
    readable: bool,
    start: u64,
    ahead: Mutex<ReadAhead>,
    /// Where a reader goes on that reads from one block to the next.
    next: AtomicU64,
    /// What an upload will have.
    attributes: Lock<SetAttributes>,
    ending: Ending,
}

/// For what a file is open.
pub(super) enum Role {
    Read,
    /// It changes at once. With `each`, no block is ahead of the server's answer.
    InPlace {
        each: bool,
    },
    /// It is written beside its target, until the commit.
    Staged(Staged),
}

/// An upload that nobody sees yet.
pub(super) struct Staged {
    pub(super) temporary: Bytes,
    pub(super) target: Bytes,
    /// Its name, if nothing may be there at the commit.
    pub(super) new: Option<Reserved>,
}

/// The download of a reader that goes from one block to the next.
#[derive(Default)]
struct ReadAhead {
    flow: Option<Inflow<Bytes>>,
    /// Where `block` stands in the file.
    at: u64,
    block: Bytes,
}

impl ReadAhead {
    async fn read(&mut self, opened: &Opened, offset: u64, buf: &mut [u8]) -> Result<usize, Error> {
        if self.flow.is_none() || self.at != offset {
            let mut download = Download::new(Source::Handle(opened.handle.clone()));
            download.offset = offset;
            let flow = Inflow::payload(&opened.link, Request::Download(download));
            *self = Self {
                flow: Some(flow),
                at: offset,
                block: Bytes::new(),
            };
        }
        loop {
            if !self.block.is_empty() {
                let count = copy(&self.block, buf);
                self.block.advance(count);
                self.at += count as u64;
                return Ok(count);
            }
            let Some(flow) = &mut self.flow else {
                return Ok(0);
            };
            if let Some(block) = flow.next().await {
                self.block = block;
                continue;
            }
            let ended = flow.running.outcome(Step::Download).await;
            self.flow = None;
            ended?;
        }
    }
}

/// What is written and not answered yet.
#[derive(Default)]
struct Writes {
    running: VecDeque<(Running, usize)>,
    bytes: usize,
}

impl Writes {
    /// Waits until no more than this is left.
    async fn wait(&mut self, (bytes, requests): (usize, usize)) -> Result<(), Error> {
        while (self.bytes > bytes || self.running.len() > requests)
            && let Some((running, length)) = self.running.front_mut()
        {
            let written = running.outcome(Step::Upload).await;
            self.bytes -= *length;
            self.running.pop_front();
            written?;
        }
        Ok(())
    }
}

/// The handle, and what is done when nobody holds it any more: what was written in place is
/// waited for, what was not committed is removed.
struct Ending {
    inner: Arc<Inner>,
    path: VirtualPath,
    /// None once it has been closed.
    opened: Option<Opened>,
    writes: Mutex<Writes>,
    /// What is to be removed.
    temporary: Option<Bytes>,
}

impl Ending {
    async fn carry_out(
        inner: &Inner,
        mut writes: Writes,
        opened: Option<Opened>,
        temporary: Option<Bytes>,
    ) {
        let ended = async {
            let written = writes.wait((0, 0)).await;
            if let Some(opened) = opened {
                opened.close().await?;
            }
            written
        };
        let mut ended = ended.await;
        if let Some(temporary) = temporary {
            let removed = async { inner.client().await?.remove_file(&temporary).await };
            ended = removed.await;
        }
        if let Err(error) = ended {
            tracing::debug!(%error, "a file that was given up may not be as it should");
        }
    }

    /// Removes what was not committed, at once.
    async fn clear(&mut self) {
        let (opened, temporary) = (self.opened.take(), self.temporary.take());
        let writes = std::mem::take(self.writes.get_mut());
        Self::carry_out(&self.inner, writes, opened, temporary).await;
    }
}

impl Drop for Ending {
    fn drop(&mut self) {
        let (opened, temporary) = (self.opened.take(), self.temporary.take());
        let writes = std::mem::take(self.writes.get_mut());
        if writes.running.is_empty() && temporary.is_none() {
            return;
        }
        // Without a runtime nobody is left who could wait.
        let Ok(runtime) = runtime::Handle::try_current() else {
            return;
        };
        let (ending, done) = watch::channel(());
        self.inner.settles(&self.path, done);
        let inner = Arc::clone(&self.inner);
        runtime.spawn(async move {
            Self::carry_out(&inner, writes, opened, temporary).await;
            drop(ending);
        });
    }
}

impl RemoteFile {
    pub(super) fn new(inner: &Arc<Inner>, path: &VirtualPath, role: Role, opened: Opened) -> Self {
        let temporary = match &role {
            Role::Staged(staged) => Some(staged.temporary.clone()),
            _ => None,
        };
        Self {
            inner: Arc::clone(inner),
            path: path.clone(),
            readable: matches!(role, Role::Read),
            role,
            start: 0,
            ahead: Mutex::default(),
            next: AtomicU64::new(0),
            attributes: Lock::default(),
            ending: Ending {
                inner: Arc::clone(inner),
                path: path.clone(),
                opened: Some(opened),
                writes: Mutex::default(),
                temporary,
            },
        }
    }

    pub(super) const fn readable(mut self, readable: bool) -> Self {
        self.readable = readable;
        self
    }

    pub(super) const fn starting_at(mut self, start: u64) -> Self {
        self.start = start;
        self
    }

    fn wrong(&self, step: &'static str, error: Error) -> StorageError {
        let error = error
            .with_path(self.path.as_bytes())
            .with_host(&self.inner.host);
        told(error).at(&self.path).during(step)
    }

    fn denied(&self, step: &'static str) -> StorageError {
        let error = StorageError::new(ErrorKind::Denied);
        error.at(&self.path).during(step)
    }

    fn opened(&self) -> Result<&Opened, Error> {
        // It is there until the commit, which nobody outlives.
        self.ending.opened.as_ref().ok_or_else(|| odd(Step::Upload))
    }

    /// Waits until all that was written is answered.
    async fn written(&self) -> Result<(), Error> {
        self.ending.writes.lock().await.wait((0, 0)).await
    }

    async fn read_block(&self, offset: u64, buf: &mut [u8]) -> Result<usize, Error> {
        let length = buf.len().min(BLOCK);
        let read = |handle| Request::Read {
            handle,
            offset,
            length: u32::try_from(length).unwrap_or(u32::MAX),
        };
        match self.opened()?.ask(Step::Download, read).await? {
            Outcome::Data(bytes) => Ok(copy(&bytes, buf)),
            Outcome::Eof => Ok(0),
            _ => Err(odd(Step::Download)),
        }
    }

    async fn read(&self, offset: u64, buf: &mut [u8]) -> Result<usize, Error> {
        if !matches!(self.role, Role::Read) {
            self.written().await?;
            return self.read_block(offset, buf).await;
        }
        // Who reads in two places at once reads block by block.
        let Ok(mut ahead) = self.ahead.try_lock() else {
            return self.read_block(offset, buf).await;
        };
        let read = if self.next.load(Ordering::Relaxed) == offset {
            ahead.read(self.opened()?, offset, buf).await
        } else {
            *ahead = ReadAhead::default();
            self.read_block(offset, buf).await
        };
        if let Ok(read) = read {
            self.next.store(offset + read as u64, Ordering::Relaxed);
        }
        read
    }

    async fn write(&self, offset: u64, data: &[u8]) -> Result<(), Error> {
        let opened = self.opened()?;
        let most = opened.link.limits.get().map_or(BLOCK, |limits| {
            usize::try_from(limits.write_length).unwrap_or(MOST_WRITTEN)
        });
        let mut writes = self.ending.writes.lock().await;
        let mut at = offset;
        for block in data.chunks(most.clamp(1, MOST_WRITTEN)) {
            writes.wait(AHEAD).await?;
            let length = block.len();
            let running = opened.begin(|handle| Request::Write {
                handle,
                offset: at,
                data: Bytes::copy_from_slice(block),
            });
            writes.bytes += length;
            writes.running.push_back((running, length));
            at += length as u64;
        }
        if matches!(self.role, Role::InPlace { each: true }) {
            writes.wait((0, 0)).await?;
        }
        Ok(())
    }

    /// Sets attributes of the open file at once.
    async fn set(&self, wanted: &SetAttributes) -> Result<(), Error> {
        if wanted.is_empty() {
            return Ok(());
        }
        self.written().await?;
        let opened = self.opened()?;
        let there = if attributes::needs_others(wanted) {
            opened.attributes().await?
        } else {
            Attributes::default()
        };
        let attributes = attributes::wire(wanted, &there);
        let set = |handle| Request::Fsetstat { handle, attributes };
        opened.ask(Step::SetAttributes, set).await.map(drop)
    }

    /// Has the server copy all of this file to the start of another one.
    pub(super) async fn copy_all_to(&self, to: &Self) -> Result<()> {
        let copied = async {
            let target = self.ending.opened.as_ref().zip(to.ending.opened.as_ref());
            let Some((from, to)) = target else {
                return Err(odd(Step::Upload));
            };
            let copy = |from| Request::CopyData {
                from,
                from_offset: 0,
                length: 0,
                to: to.handle.clone(),
                to_offset: 0,
            };
            from.ask(Step::Upload, copy).await
        };
        match copied.await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.wrong("copy", error)),
        }
    }

    /// All of a commit but the name; gives the size.
    async fn finish(&mut self) -> Result<u64, Error> {
        self.written().await?;
        if let Role::Staged(_) = self.role {
            let wanted = lock(&self.attributes).clone();
            self.set(&wanted).await?;
        }
        let size = self.opened()?.attributes().await?.size;
        if let Some(opened) = self.ending.opened.take() {
            opened.close().await?;
        }
        Ok(size.unwrap_or_default())
    }

    async fn put(&mut self) -> Result<u64> {
        if let Role::Staged(staged) = &self.role {
            let there = self.inner.before_commit(staged).await?;
            let mut own = lock(&self.attributes);
            // What replaces a file keeps its mode.
            own.mode = own.mode.or(there);
        }
        let size = self.finish().await.map_err(told)?;
        if let Role::Staged(staged) = &self.role {
            self.inner.name_upload(staged).await?;
        }
        Ok(size)
    }
}

fn copy(from: &[u8], to: &mut [u8]) -> usize {
    let count = from.len().min(to.len());
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
    count
}

#[async_trait]
impl File for RemoteFile {
    async fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        if !self.readable {
            return Err(self.denied("read"));
        }
        if buf.is_empty() {
            return Ok(0);
        }
        let read = self.read(offset, buf).await;
        read.map_err(|error| self.wrong("read", error))
    }

    async fn write_at(&self, offset: u64, data: &[u8]) -> Result<()> {
        if matches!(self.role, Role::Read) {
            return Err(self.denied("write"));
        }
        if offset.checked_add(data.len() as u64).is_none() {
            let error = StorageError::new(ErrorKind::Invalid);
            return Err(error.at(&self.path).during("write"));
        }
        let written = self.write(offset, data).await;
        written.map_err(|error| self.wrong("write", error))
    }

    fn start(&self) -> u64 {
        self.start
    }

    async fn commit(mut self: Box<Self>) -> Result<Committed> {
        let put = self.put().await;
        if put.is_ok() {
            self.ending.temporary = None;
        } else {
            self.ending.clear().await;
        }
        let size = put.map_err(|error| error.at(&self.path).during("commit"))?;
        Ok(Committed::new(size))
    }

    async fn metadata(&self) -> Result<Metadata> {
        let asked = async {
            self.written().await?;
            self.opened()?.attributes().await
        };
        let found = asked.await.map_err(|error| self.wrong("stat", error))?;
        let mut metadata = attributes::metadata(&found);
        let own = lock(&self.attributes);
        metadata.mode = own.mode.or(metadata.mode);
        metadata.modified = own.modified.or(metadata.modified);
        metadata.accessed = own.accessed.or(metadata.accessed);
        metadata.uid = own.uid.or(metadata.uid);
        metadata.gid = own.gid.or(metadata.gid);
        Ok(metadata)
    }

    async fn set_attributes(&self, wanted: &SetAttributes) -> Result<()> {
        attributes::check_settable(wanted).map_err(|error| error.at(&self.path))?;
        let mut now = wanted.clone();
        match self.role {
            Role::Read if wanted.size.is_some() => return Err(self.denied("set the size of")),
            Role::Read | Role::InPlace { .. } => {}
            Role::Staged(_) => {
                let mut own = lock(&self.attributes);
                own.mode = now.mode.take().or(own.mode);
                own.modified = now.modified.take().or(own.modified);
                own.accessed = now.accessed.take().or(own.accessed);
                own.uid = now.uid.take().or(own.uid);
                own.gid = now.gid.take().or(own.gid);
            }
        }
        let set = self.set(&now).await;
        set.map_err(|error| self.wrong("set attributes of", error))
    }

    async fn sync(&self) -> Result<()> {
        let synced = async {
            self.written().await?;
            self.opened()?.ask(Step::Upload, Request::Fsync).await
        };
        match synced.await {
            Ok(_) => Ok(()),
            // Without the extension there is nothing that could be done.
            Err(error) if error_kind(&error) == ErrorKind::Unsupported => Ok(()),
            Err(error) => Err(self.wrong("sync", error)),
        }
    }

    async fn space(&self) -> Result<Space> {
        let asked = async {
            let opened = self.opened()?;
            let offered = opened.link.extensions.get();
            if !offered.is_some_and(|offered| offered.contains(&Extension::Fstatvfs)) {
                let directory = self.path.parent().unwrap_or_else(VirtualPath::root);
                let directory = self.inner.name(&directory);
                return self.inner.client().await?.space(directory).await;
            }
            match opened.ask(Step::Space, Request::Fstatvfs).await? {
                Outcome::Statvfs(space) => Ok(space),
                _ => Err(odd(Step::Space)),
            }
        };
        match asked.await {
            Ok(told) => Ok(attributes::space(&told)),
            Err(error) => Err(self.wrong("ask for the space of", error)),
        }
    }
}
