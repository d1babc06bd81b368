//! Open files of a [`Remote`](super::Remote): a task that has a connection and moves payload,
//! and the end of a queue to it.

use std::{
    future::poll_fn,
    sync::{Arc, Mutex as Lock},
};

use async_trait::async_trait;
use bytes::Bytes;
use ftpkit_storage::{
    Committed, Error as StorageError, ErrorKind, File, Metadata, Result, SetAttributes,
    VirtualPath, staging::Reserved,
};
use tokio::{
    sync::{Mutex, mpsc, oneshot, watch},
    task::JoinHandle,
};

use super::{Inner, error_kind, lock, pool::Pool};
use crate::{
    client::Client,
    error::{Error, ErrorKind as ClientErrorKind, Step},
    transfer::Writer,
};

/// How much is read or sent at a time.
const BLOCK: usize = 64 * 1024;
/// A gap that is read over; a longer one is worth a new transfer.
const GAP: u64 = 512 * 1024;

type Ready = oneshot::Sender<Result<(), Error>>;

fn told(error: Error) -> StorageError {
    StorageError::with_source(error_kind(&error), error)
}

fn vanished() -> Error {
    Error::new(ClientErrorKind::Disconnected, Step::Command)
        .with_detail("the transfer's task has ended")
}

/// A file that is read.
pub(super) struct Download {
    pub(super) inner: Arc<Inner>,
    pub(super) path: VirtualPath,
    pub(super) metadata: Metadata,
    pub(super) flow: Mutex<Option<Incoming>>,
}

/// A running download.
pub(super) struct Incoming {
    /// Where `block` stands in the file.
    at: u64,
    block: Bytes,
    /// An empty block is the confirmed end.
    blocks: mpsc::Receiver<Result<Bytes, Error>>,
    ended: bool,
}

impl Incoming {
    pub(super) async fn start(
        inner: &Inner,
        path: &VirtualPath,
        offset: u64,
    ) -> Result<Self, Error> {
        let (sender, blocks) = mpsc::channel(4);
        let (ready, opened) = oneshot::channel();
        let (pool, name) = (Arc::clone(&inner.pool), inner.name(path));
        tokio::spawn(async move {
            if let Err(error) = receive(&pool, &name, offset, ready, &sender).await {
                // Whoever reads is told, if anybody is left.
                let _ = sender.send(Err(error)).await;
            }
        });
        opened.await.unwrap_or_else(|_| Err(vanished()))?;
        Ok(Self {
            at: offset,
            block: Bytes::new(),
            blocks,
            ended: false,
        })
    }
}

async fn receive(
    pool: &Arc<Pool>,
    name: &[u8],
    offset: u64,
    ready: Ready,
    blocks: &mpsc::Sender<Result<Bytes, Error>>,
) -> Result<(), Error> {
    let mut lease = match pool.lease().await {
        Ok(lease) => lease,
        Err(error) => {
            let _ = ready.send(Err(error));
            return Ok(());
        }
    };
    let opened = match lease.client().await {
        Ok(client) => client.reader(name).offset(offset).await,
        Err(error) => Err(error),
    };
    let mut reader = match opened {
        Ok(reader) => reader,
        Err(error) => {
            let _ = ready.send(Err(error));
            return Ok(());
        }
    };
    if ready.send(Ok(())).is_err() {
        return reader.abort().await;
    }
    loop {
        let mut block = vec![0; BLOCK];
        let read = poll_fn(|cx| reader.poll_payload(cx, &mut block)).await?;
        block.truncate(read);
        if blocks.send(Ok(block.into())).await.is_err() {
            return reader.abort().await;
        }
        if read == 0 {
            return Ok(());
        }
    }
}

#[async_trait]
impl File for Download {
    async fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        let mut flow = self.flow.lock().await;
        loop {
            let Some(incoming) = &mut *flow else {
                if self.metadata.size.is_some_and(|size| offset >= size) {
                    return Ok(0);
                }
                let started = Incoming::start(&self.inner, &self.path, offset).await;
                *flow = Some(started.map_err(|e| told(e).at(&self.path).during("read"))?);
                continue;
            };
            let end = incoming.at + incoming.block.len() as u64;
            if offset < incoming.at || offset > end.saturating_add(GAP) {
                *flow = None;
                continue;
            }
            if offset < end {
                let skipped = usize::try_from(offset - incoming.at).unwrap_or(usize::MAX);
                let there = incoming.block.get(skipped..).unwrap_or_default();
                let count = there.len().min(buf.len());
                for (to, from) in buf.iter_mut().zip(there) {
                    *to = *from;
                }
                return Ok(count);
            }
            if incoming.ended {
                return Ok(0);
            }
            match incoming.blocks.recv().await {
                Some(Ok(block)) => {
                    incoming.ended = block.is_empty();
                    incoming.at = end;
                    incoming.block = block;
                }
                failed => {
                    *flow = None;
                    let error = failed.and_then(Result::err).unwrap_or_else(vanished);
                    return Err(told(error).at(&self.path).during("read"));
                }
            }
        }
    }

    async fn write_at(&self, _: u64, _: &[u8]) -> Result<()> {
        Err(StorageError::new(ErrorKind::Denied)
            .at(&self.path)
            .during("write"))
    }

    async fn commit(self: Box<Self>) -> Result<Committed> {
        Ok(Committed::new(self.metadata.size.unwrap_or(0)))
    }

    async fn metadata(&self) -> Result<Metadata> {
        Ok(self.metadata.clone())
    }

    async fn set_attributes(&self, attributes: &SetAttributes) -> Result<()> {
        if attributes.size.is_some() {
            return Err(StorageError::new(ErrorKind::Denied).at(&self.path));
        }
        self.inner.set_attributes(&self.path, attributes).await
    }
}

/// What the server does with an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    /// Takes it anew. Dropped, it is given up.
    Anew,
    /// Adds it to the end. Dropped, what was written stays.
    Append,
    /// Takes it from this offset on. Dropped, what was written stays.
    From(u64),
}

/// A file that is written.
pub(super) struct Upload {
    pub(super) inner: Arc<Inner>,
    pub(super) path: VirtualPath,
    /// The name under which it is sent, until the commit.
    pub(super) temporary: Option<VirtualPath>,
    /// Whether nothing may be there at the commit.
    pub(super) new: Option<Reserved>,
    pub(super) start: u64,
    pub(super) flow: Mutex<Outgoing>,
    pub(super) attributes: Lock<SetAttributes>,
    pub(super) done: watch::Receiver<()>,
}

/// A running upload.
pub(super) struct Outgoing {
    at: u64,
    messages: mpsc::Sender<Message>,
    task: JoinHandle<Result<(), Error>>,
}

enum Message {
    Block(Bytes),
    Finish,
}

impl Outgoing {
    pub(super) async fn start(
        inner: &Inner,
        path: &VirtualPath,
        way: Way,
        start: u64,
        is_temporary: bool,
    ) -> Result<(Self, watch::Receiver<()>), Error> {
        let (messages, receiver) = mpsc::channel(4);
        let (ready, opened) = oneshot::channel();
        let (ending, done) = watch::channel(());
        let (pool, name) = (Arc::clone(&inner.pool), inner.name(path));
        let task = tokio::spawn(async move {
            let sent = send(&pool, &name, way, is_temporary, ready, receiver).await;
            drop(ending);
            sent
        });
        opened.await.unwrap_or_else(|_| Err(vanished()))?;
        let this = Self {
            at: start,
            messages,
            task,
        };
        Ok((this, done))
    }

    /// Sends this many zeros, and ends it.
    pub(super) async fn finish_with_zeros(mut self, mut count: u64) -> Result<(), Error> {
        let zeros = Bytes::from_static(&[0; BLOCK]);
        while count > 0 {
            let length = usize::try_from(count).map_or(BLOCK, |count| count.min(BLOCK));
            let message = Message::Block(zeros.slice(..length));
            if self.messages.send(message).await.is_err() {
                return Err(self.failure().await);
            }
            count -= length as u64;
        }
        // A task that is gone says so below.
        let _ = self.messages.send(Message::Finish).await;
        self.task.await.unwrap_or_else(|_| Err(vanished()))
    }

    /// Why it takes nothing more.
    async fn failure(&mut self) -> Error {
        match (&mut self.task).await {
            Ok(Err(error)) => error,
            _ => vanished(),
        }
    }
}

async fn send(
    pool: &Arc<Pool>,
    name: &[u8],
    way: Way,
    is_temporary: bool,
    ready: Ready,
    messages: mpsc::Receiver<Message>,
) -> Result<(), Error> {
    let mut lease = match pool.lease().await {
        Ok(lease) => lease,
        Err(error) => {
            let _ = ready.send(Err(error));
            return Ok(());
        }
    };
    let client = match lease.client().await {
        Ok(client) => client,
        Err(error) => {
            let _ = ready.send(Err(error));
            return Ok(());
        }
    };
    let sent = transfer(client, name, way, ready, messages).await;
    if is_temporary && !matches!(sent, Ok(true)) {
        // Many servers have removed it already.
        let _ = client.remove_file(name).await;
    }
    sent.map(drop)
}

async fn transfer(
    client: &mut Client,
    name: &[u8],
    way: Way,
    ready: Ready,
    messages: mpsc::Receiver<Message>,
) -> Result<bool, Error> {
    let writer = client.writer(name);
    let opened = match way {
        Way::Anew => writer.await,
        Way::Append => writer.append().await,
        Way::From(offset) => writer.offset(offset).await,
    };
    match opened {
        Ok(writer) => {
            // Whoever has lost interest drops the messages too.
            let _ = ready.send(Ok(()));
            pump(writer, messages, way != Way::Anew).await
        }
        Err(error) => {
            let _ = ready.send(Err(error));
            // There is nothing to be removed.
            Ok(true)
        }
    }
}

/// Sends what is written; tells whether it was finished.
async fn pump(
    mut writer: Writer<'_>,
    mut messages: mpsc::Receiver<Message>,
    keep: bool,
) -> Result<bool, Error> {
    while let Some(message) = messages.recv().await {
        match message {
            Message::Block(block) => {
                let mut rest = &block[..];
                while !rest.is_empty() {
                    let written = poll_fn(|cx| writer.poll_payload(cx, rest)).await?;
                    rest = rest.get(written..).unwrap_or_default();
                }
            }
            Message::Finish => return writer.finish().await.map(|_| true),
        }
    }
    if keep {
        writer.finish().await.map(|_| false)
    } else {
        writer.abort().await.map(|()| false)
    }
}

#[async_trait]
impl File for Upload {
    async fn read_at(&self, _: u64, _: &mut [u8]) -> Result<usize> {
        Err(StorageError::new(ErrorKind::Denied)
            .at(&self.path)
            .during("read"))
    }

    async fn write_at(&self, offset: u64, data: &[u8]) -> Result<()> {
        let mut flow = self.flow.lock().await;
        if data.is_empty() {
            return Ok(());
        }
        if offset != flow.at {
            let out_of_order = "an upload over FTP is written from its start to its end";
            return Err(
                StorageError::with_source(ErrorKind::Unsupported, out_of_order)
                    .at(&self.path)
                    .during("write"),
            );
        }
        for block in data.chunks(4 * BLOCK) {
            let message = Message::Block(Bytes::copy_from_slice(block));
            if flow.messages.send(message).await.is_err() {
                let error = flow.failure().await;
                return Err(told(error).at(&self.path).during("write"));
            }
            flow.at += block.len() as u64;
        }
        Ok(())
    }

    fn start(&self) -> u64 {
        self.start
    }

    async fn commit(self: Box<Self>) -> Result<Committed> {
        let mut flow = self.flow.lock().await;
        // A task that is gone says so below.
        let _ = flow.messages.send(Message::Finish).await;
        let ended = (&mut flow.task).await.unwrap_or_else(|_| Err(vanished()));
        ended.map_err(|e| told(e).at(&self.path).during("commit"))?;
        let size = flow.at;
        drop(flow);
        let attributes = lock(&self.attributes).clone();
        let Some(temporary) = &self.temporary else {
            self.inner.set_attributes(&self.path, &attributes).await?;
            return Ok(Committed::new(size));
        };
        let mut leftover = Leftover {
            inner: Arc::clone(&self.inner),
            path: Some(temporary.clone()),
        };
        let put = self.put(temporary, attributes).await;
        if put.is_ok() {
            leftover.path = None;
        } else {
            leftover.remove().await;
        }
        put.map_err(|error| error.at(&self.path).during("commit"))?;
        Ok(Committed::new(size))
    }

    async fn metadata(&self) -> Result<Metadata> {
        let mut metadata = Metadata::file(self.flow.lock().await.at);
        let attributes = lock(&self.attributes);
        metadata.mode = attributes.mode;
        metadata.modified = attributes.modified;
        Ok(metadata)
    }

    async fn set_attributes(&self, attributes: &SetAttributes) -> Result<()> {
        super::storage::check_settable(attributes).map_err(|error| error.at(&self.path))?;
        let mut own = lock(&self.attributes);
        own.mode = attributes.mode.or(own.mode);
        own.modified = attributes.modified.or(own.modified);
        Ok(())
    }
}

impl Upload {
    /// Puts what was sent into its place.
    async fn put(&self, temporary: &VirtualPath, mut attributes: SetAttributes) -> Result<()> {
        match self.inner.look(&self.path).await {
            Ok(_) if self.new.is_some() => return Err(ErrorKind::Exists.into()),
            Ok(found) if found.is_directory() => return Err(ErrorKind::IsADirectory.into()),
            Ok(found) if attributes.mode.is_none() => {
                // What replaces a file keeps its mode, where a server lets it.
                if let Some(mode) = found.mode {
                    let set = SetAttributes::new().mode(mode);
                    let _ = self.inner.set_attributes(temporary, &set).await;
                }
            }
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        if let Some(mode) = attributes.mode.take() {
            let set = SetAttributes::new().mode(mode);
            self.inner.set_attributes(temporary, &set).await?;
        }
        self.inner.set_attributes(temporary, &attributes).await?;
        self.inner.move_file(temporary, &self.path).await
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        self.inner.settles(&self.path, &self.done);
    }
}

/// A temporary file that is removed, also when its commit is given up.
struct Leftover {
    inner: Arc<Inner>,
    path: Option<VirtualPath>,
}

impl Leftover {
    async fn remove(&mut self) {
        if let Some(path) = self.path.clone() {
            self.inner.discard(&path).await;
            self.path = None;
        }
    }
}

impl Drop for Leftover {
    fn drop(&mut self) {
        if let Some(path) = self.path.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let inner = Arc::clone(&self.inner);
            runtime.spawn(async move { inner.discard(&path).await });
        }
    }
}
