//! What a session has open: [`OpenFile`], and directories that are being listed.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::Bytes;
use ftpkit_sftp::{
    packet::Mode,
    server::{FileId, Open, Page, Place as At, Refusal, RefusalKind, Writing},
};
use ftpkit_storage::{
    Capabilities, EntryStream, ErrorKind, File, OpenOptions, Storage, VirtualPath,
};
use futures::{TryStreamExt as _, lock::Mutex as AsyncMutex};

use super::{
    attributes,
    buffers::Buffers,
    order::{Order, Refused},
    paths::Place,
    storage_map::refusal,
};

/// All that a session has open, by the numbers that its machine knows it by.
#[derive(Default)]
pub(super) struct Table {
    items: HashMap<u64, Item>,
    last: u64,
}

/// One of them. Work in flight holds a share of it.
#[derive(Clone)]
pub(super) enum Item {
    File(Arc<OpenFile>),
    Directory(Arc<Directory>),
}

impl Table {
    pub(super) fn insert(&mut self, item: Item) -> FileId {
        self.last += 1;
        self.items.insert(self.last, item);
        FileId(self.last)
    }

    pub(super) fn remove(&mut self, id: FileId) -> Option<Item> {
        self.items.remove(&id.0)
    }

    /// Takes all out.
    pub(super) fn drain(&mut self) -> Vec<Item> {
        self.items.drain().map(|(_, item)| item).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The machine asks only about what is open; should it not, the client learns as much.
    pub(super) fn file(&self, id: FileId) -> Result<Arc<OpenFile>, Refusal> {
        match self.items.get(&id.0) {
            Some(Item::File(file)) => Ok(Arc::clone(file)),
            _ => Err(RefusalKind::Failed.into()),
        }
    }

    pub(super) fn directory(&self, id: FileId) -> Result<Arc<Directory>, Refusal> {
        match self.items.get(&id.0) {
            Some(Item::Directory(directory)) => Ok(Arc::clone(directory)),
            _ => Err(RefusalKind::Failed.into()),
        }
    }
}

/// A file that a client has open.
pub(super) struct OpenFile {
    file: Box<dyn File>,
    pub(super) path: VirtualPath,
    pub(super) writes: bool,
    read: AtomicU64,
    written: AtomicU64,
    /// Where the next write goes that appends.
    end: AtomicU64,
    /// Where the storage takes blocks in their order alone.
    order: Option<AsyncMutex<Order>>,
    /// A write was lost that the client believes in, so that the file must not become visible.
    broken: AtomicBool,
}

impl OpenFile {
    /// Opens a file as a client asks.
    pub(super) async fn open(place: &Place, open: &Open) -> Result<Self, Refusal> {
        let path = place.resolve(&open.path)?;
        let can = place.storage.capabilities();
        let file = open_as(place, &path, open)
            .await
            .map_err(|error| refusal(&error))?;
        let writes = open.intent.write.is_some();
        let start = file.start();
        let in_order = writes && !open.intent.append && !can.contains(Capabilities::ANY_ORDER);
        Ok(Self {
            file,
            path,
            writes,
            read: AtomicU64::new(0),
            written: AtomicU64::new(0),
            end: AtomicU64::new(start),
            order: in_order.then(|| AsyncMutex::new(Order::from(start))),
            broken: AtomicBool::new(false),
        })
    }

    pub(super) fn file(&self) -> &dyn File {
        &*self.file
    }

    /// How many bytes have moved so far, in the direction that counts.
    pub(super) fn moved(&self) -> u64 {
        match self.writes {
            true => self.written.load(Ordering::Relaxed),
            false => self.read.load(Ordering::Relaxed),
        }
    }

    /// Reads up to `length` bytes; fewer come at the end of the file alone.
    pub(super) async fn read(
        &self,
        buffers: &Arc<Buffers>,
        offset: u64,
        length: u32,
    ) -> Result<Bytes, Refusal> {
        let length = usize::try_from(length).unwrap_or(usize::MAX);
        let (mut block, mut at) = (buffers.take(), offset);
        loop {
            let rest = block.rest(length);
            if rest.is_empty() {
                break;
            }
            let got = self.file.read_at(at, rest).await;
            match got.map_err(|error| refusal(&error))? {
                0 => break,
                got => {
                    block.fill(got);
                    at = at.saturating_add(got as u64);
                }
            }
        }
        self.read.fetch_add(at - offset, Ordering::Relaxed);
        Ok(block.freeze())
    }

    /// Writes a block.
    pub(super) async fn write(&self, place: At, data: &Bytes) -> Result<(), Refusal> {
        let length = data.len() as u64;
        match (place, &self.order) {
            (At::Offset(offset), None) => self.put(offset, data).await?,
            (At::Offset(offset), Some(order)) => {
                let mut order = order.lock().await;
                order
                    .insert(offset, data.clone())
                    .map_err(|refused| self.out_of_order(refused))?;
                while let Some((offset, data)) = order.next_block() {
                    if let Err(refusal) = self.put(offset, &data).await {
                        self.broken.store(true, Ordering::Relaxed);
                        return Err(refusal);
                    }
                }
            }
            (At::End, _) => {
                self.put(self.end.load(Ordering::Relaxed), data).await?;
                self.end.fetch_add(length, Ordering::Relaxed);
            }
        }
        self.wrote(length);
        Ok(())
    }

    /// Counts bytes that were written.
    pub(super) fn wrote(&self, bytes: u64) {
        self.written.fetch_add(bytes, Ordering::Relaxed);
    }

    async fn put(&self, offset: u64, data: &[u8]) -> Result<(), Refusal> {
        let written = self.file.write_at(offset, data).await;
        written.map_err(|error| refusal(&error))
    }

    fn out_of_order(&self, refused: Refused) -> Refusal {
        let words = match refused {
            Refused::Written => "this storage cannot change what it has taken",
            Refused::Full => "too much came ahead of a block that is missing",
        };
        tracing::info!(path = %self.path, words, "a write was refused");
        Refusal::new(RefusalKind::Unsupported).with_text(words)
    }

    /// Ends it: what was written is durable and visible.
    pub(super) async fn close(self) -> Result<(), Refusal> {
        if !self.writes {
            return Ok(());
        }
        let complete = match self.order {
            Some(order) => order.into_inner().is_complete(),
            None => true,
        };
        if !complete || self.broken.into_inner() {
            let words = "a part of the file is missing, so it was not kept";
            return Err(Refusal::new(RefusalKind::Failed).with_text(words));
        }
        match self.file.commit().await {
            Ok(_) => Ok(()),
            Err(error) => Err(refusal(&error)),
        }
    }
}

/// Opens a file, as its flags say.
async fn open_as(
    place: &Place,
    path: &VirtualPath,
    open: &Open,
) -> ftpkit_storage::Result<Box<dyn File>> {
    let (storage, intent) = (&*place.storage, open.intent);
    // A size or times have no meaning here, and OpenSSH's server takes no owner either.
    let mode = open.attributes.mode.map(Mode::permissions);
    let with = |options: OpenOptions| options.readable(intent.read).mode(mode);
    let must_exist = match intent.write {
        None => return storage.open(path, OpenOptions::read()).await,
        Some(Writing::New) => {
            return storage.open(path, with(OpenOptions::create_new())).await;
        }
        Some(Writing::Replace { create } | Writing::Keep { create }) => !create,
    };
    if matches!(intent.write, Some(Writing::Replace { .. })) || intent.append {
        if must_exist {
            storage.metadata(path).await?;
        }
        let options = match intent.append {
            true => OpenOptions::append(),
            false => OpenOptions::replace(),
        };
        return storage.open(path, with(options)).await;
    }
    let can = storage.capabilities();
    if !can.contains(Capabilities::IN_PLACE | Capabilities::ANY_ORDER) {
        return continue_in_order(storage, path, with, must_exist).await;
    }
    match storage.open(path, with(OpenOptions::update())).await {
        Err(error) if error.kind() == ErrorKind::NotFound && !must_exist => {
            let made = storage.open(path, with(OpenOptions::create_new())).await;
            match made {
                // Somebody else made it in between.
                Err(error) if error.kind() == ErrorKind::Exists => {
                    storage.open(path, with(OpenOptions::update())).await
                }
                made => made,
            }
        }
        opened => opened,
    }
}

/// Where a storage takes blocks in their order alone, a file can be gone on with at its end, or
/// be written anew, which is what clients do who resume an upload.
async fn continue_in_order(
    storage: &dyn Storage,
    path: &VirtualPath,
    with: impl Fn(OpenOptions) -> OpenOptions,
    must_exist: bool,
) -> ftpkit_storage::Result<Box<dyn File>> {
    let options = match storage.metadata(path).await {
        Ok(found) => match found.size {
            None | Some(0) => OpenOptions::replace(),
            Some(size) => OpenOptions::write_at(size),
        },
        Err(error) if error.kind() == ErrorKind::NotFound && !must_exist => {
            OpenOptions::create_new()
        }
        Err(error) => return Err(error),
    };
    storage.open(path, with(options)).await
}

/// A directory that is being listed. READDIR has it for itself, so that the lock is never
/// waited for.
pub(super) struct Directory {
    pages: Mutex<Option<EntryStream>>,
}

impl Directory {
    /// Opens a directory.
    pub(super) async fn open(place: &Place, path: &[u8]) -> Result<Self, Refusal> {
        let path = place.resolve(path)?;
        match place.storage.list(&path).await {
            Ok(pages) => Ok(Self {
                pages: Mutex::new(Some(pages)),
            }),
            Err(error) => Err(refusal(&error)),
        }
    }

    /// The next page.
    pub(super) async fn next(&self) -> Result<Page, Refusal> {
        let pages = self.lock().take();
        let Some(mut pages) = pages else {
            return Ok(Page::last(Vec::new(), now()));
        };
        let page = pages.try_next().await.map_err(|error| refusal(&error))?;
        let Some(entries) = page else {
            return Ok(Page::last(Vec::new(), now()));
        };
        *self.lock() = Some(pages);
        let entries = entries.into_iter().map(attributes::entry).collect();
        Ok(Page::new(entries, now()))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<EntryStream>> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs()
}
