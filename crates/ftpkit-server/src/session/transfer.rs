//! One transfer of a session: what is opened for it, what moves its payload, what is committed.
//! The lines of listings are in `listing`; when something may happen is the core's matter.

use std::{
    future::Future,
    io,
    pin::Pin,
    sync::{Arc, atomic::AtomicU64},
    time::{SystemTime, UNIX_EPOCH},
};

use bytes::BytesMut;
use ftpkit_host::TransferKind;
use ftpkit_proto::{
    DataFailure, DataId, Flow, PathArg, ascii,
    server::{Open, Opened, Refusal, RefusalKind, Transfer as Wanted},
};
use ftpkit_storage::{ErrorKind, File, OpenOptions, VirtualPath};
use ftpkit_tokio::{
    DataStream,
    pump::{self, Moved, PumpError, Sink, Source},
};

use super::{
    listing::{self, Listing},
    paths::{Place, shown},
};
use crate::storage_map::{io_error, refusal};

/// How many names STOU tries before it gives up.
const UNIQUE_TRIES: u32 = 100;

/// A transfer that was opened, from the answer to its question until the core says it is over.
pub(super) struct Transfer {
    pub(super) id: DataId,
    pub(super) what: TransferKind,
    pub(super) path: VirtualPath,
    stage: Stage,
}

enum Stage {
    /// Waiting for the data connection.
    Ready(Payload),
    /// Payload flows.
    Moving(Pump),
    /// All of an upload has come.
    Received(Box<dyn File>),
    /// Nothing is held any more.
    Over,
}

type Pump = Pin<Box<dyn Future<Output = Pumped> + Send>>;

/// Where a transfer's payload comes from or goes to.
enum Payload {
    Download(FileSource),
    TextDownload(TextSource),
    Listing(Box<Listing>),
    Upload(FileSink),
    TextUpload(TextSink),
}

/// What a pump leaves.
pub(super) struct Pumped {
    pub(super) end: Result<Moved, PumpError>,
    /// What was written, to be committed.
    file: Option<Box<dyn File>>,
}

impl Transfer {
    /// Opens what is to be transferred.
    pub(super) async fn open(place: &Place, open: Open) -> Result<(Opened, Self), Refusal> {
        let id = open.id;
        let mut opened = Opened::default();
        let (what, path, payload) = match open.transfer {
            Wanted::Retrieve {
                path,
                offset,
                length,
            } => {
                let path = place.resolve(Some(&path))?;
                let (source, left) = FileSource::open(place, &path, offset, length).await?;
                let payload = if open.ascii {
                    Payload::TextDownload(TextSource::new(source))
                } else {
                    opened.size = left;
                    Payload::Download(source)
                };
                (TransferKind::Download, path, payload)
            }
            Wanted::Store { path, offset } => {
                let path = place.resolve(Some(&path))?;
                let options = match offset {
                    None | Some(0) => OpenOptions::replace(),
                    Some(offset) => OpenOptions::write_at(offset),
                };
                let options = options.expected_size(open.expected);
                let file = open_file(place, &path, options).await?;
                (TransferKind::Upload, path, upload(file, open.ascii))
            }
            Wanted::Append { path } => {
                let path = place.resolve(Some(&path))?;
                let options = OpenOptions::append().expected_size(open.expected);
                let file = open_file(place, &path, options).await?;
                (TransferKind::Upload, path, upload(file, open.ascii))
            }
            Wanted::StoreUnique { path } => {
                let (path, file) = open_unique(place, path.as_ref(), open.expected).await?;
                opened.name = Some(shown(&path)?);
                (TransferKind::Upload, path, upload(file, open.ascii))
            }
            Wanted::List { path, style } => {
                let (path, listing) = listing::open(place, path, style).await?;
                let payload = Payload::Listing(Box::new(listing));
                (TransferKind::Listing, path, payload)
            }
            _ => return Err(RefusalKind::Unsupported.into()),
        };
        let transfer = Self {
            id,
            what,
            path,
            stage: Stage::Ready(payload),
        };
        Ok((opened, transfer))
    }

    /// The data connection is there: payload flows. Counts into `moved` what does.
    pub(super) fn begin(
        &mut self,
        flow: Flow,
        stream: DataStream,
        moved: Arc<AtomicU64>,
    ) -> Result<(), DataFailure> {
        let Stage::Ready(payload) = std::mem::replace(&mut self.stage, Stage::Over) else {
            return Err(DataFailure::Local);
        };
        self.stage = Stage::Moving(match (payload, flow) {
            (Payload::Download(source), Flow::Send) => send(stream, source, moved),
            (Payload::TextDownload(source), Flow::Send) => send(stream, source, moved),
            (Payload::Listing(source), Flow::Send) => send(stream, *source, moved),
            (Payload::Upload(sink), Flow::Receive) => receive(stream, sink, moved),
            (Payload::TextUpload(sink), Flow::Receive) => receive(stream, sink, moved),
            _ => return Err(DataFailure::Local),
        });
        Ok(())
    }

    /// What moves the payload, while it does.
    pub(super) fn pump(&mut self) -> Option<Pin<&mut (dyn Future<Output = Pumped> + Send)>> {
        match &mut self.stage {
            Stage::Moving(pump) => Some(pump.as_mut()),
            _ => None,
        }
    }

    /// The pump has ended; a file that was written waits for its commit.
    pub(super) fn pumped(&mut self, pumped: Pumped) -> Result<Moved, PumpError> {
        let Pumped { end, file } = pumped;
        self.stage = match file {
            Some(file) if end.is_ok() => Stage::Received(file),
            _ => Stage::Over,
        };
        end
    }

    /// Lets go of everything: the pump, the stream, a file that is not committed.
    pub(super) fn abort(&mut self) {
        self.stage = Stage::Over;
    }

    /// The file to commit, once.
    pub(super) fn take_received(&mut self) -> Option<Box<dyn File>> {
        match std::mem::replace(&mut self.stage, Stage::Over) {
            Stage::Received(file) => Some(file),
            other => {
                self.stage = other;
                None
            }
        }
    }
}

/// Makes an upload durable and visible.
pub(super) async fn commit(file: Option<Box<dyn File>>) -> Result<(), Refusal> {
    let Some(file) = file else {
        return Err(RefusalKind::Failed.into());
    };
    file.commit().await.map(drop).map_err(|e| refusal(&e))
}

async fn open_file(
    place: &Place,
    path: &VirtualPath,
    options: OpenOptions,
) -> Result<Box<dyn File>, Refusal> {
    let opened = place.storage().open(path, options).await;
    opened.map_err(|e| refusal(&e))
}

/// Opens a file under a name that is not taken: the wanted one, then with numbers behind it.
async fn open_unique(
    place: &Place,
    wanted: Option<&PathArg>,
    expected: Option<u64>,
) -> Result<(VirtualPath, Box<dyn File>), Refusal> {
    let wanted = match wanted {
        Some(wanted) => wanted.as_bytes().to_vec(),
        // The time, so that the first name that is tried is free in most cases.
        None => {
            let now = SystemTime::now().duration_since(UNIX_EPOCH);
            format!("upload-{}", now.map_or(0, |now| now.as_millis())).into_bytes()
        }
    };
    for attempt in 0..UNIQUE_TRIES {
        let mut name = wanted.clone();
        if attempt > 0 {
            name.extend_from_slice(format!(".{attempt}").as_bytes());
        }
        let path = place
            .cwd
            .join(&name)
            .map_err(crate::storage_map::path_refusal)?;
        let options = OpenOptions::create_new().expected_size(expected);
        match place.storage().open(&path, options).await {
            Ok(file) => return Ok((path, file)),
            Err(error) if matches!(error.kind(), ErrorKind::Exists | ErrorKind::IsADirectory) => {}
            Err(error) => return Err(refusal(&error)),
        }
    }
    Err(RefusalKind::Exists.into())
}

fn upload(file: Box<dyn File>, ascii: bool) -> Payload {
    let sink = FileSink {
        offset: file.start(),
        file,
    };
    if ascii {
        Payload::TextUpload(TextSink {
            sink,
            decoder: ascii::FromWire::new(),
            text: BytesMut::new(),
        })
    } else {
        Payload::Upload(sink)
    }
}

fn send(stream: DataStream, source: impl Source + 'static, moved: Arc<AtomicU64>) -> Pump {
    Box::pin(async move {
        let end = pump::send(stream, source, &moved).await;
        Pumped { end, file: None }
    })
}

fn receive(stream: DataStream, mut sink: impl Received + 'static, moved: Arc<AtomicU64>) -> Pump {
    Box::pin(async move {
        let end = match pump::receive(stream, &mut sink, &moved).await {
            Ok(moved) => sink
                .finish()
                .await
                .map(|()| moved)
                .map_err(PumpError::Local),
            Err(error) => Err(error),
        };
        Pumped {
            end,
            file: Some(sink.into_file()),
        }
    })
}

/// A sink over a file, which is given back at the end.
trait Received: Sink {
    /// Writes what was held back until the end was known.
    fn finish(&mut self) -> impl Future<Output = io::Result<()>> + Send;

    fn into_file(self) -> Box<dyn File>;
}

/// A file's bytes as they are.
struct FileSource {
    file: Box<dyn File>,
    offset: u64,
    /// How many bytes may be sent at most; none: all up to the end.
    limit: Option<u64>,
}

impl FileSource {
    /// Opens it, and tells how many bytes are left where that is known.
    async fn open(
        place: &Place,
        path: &VirtualPath,
        offset: u64,
        limit: Option<u64>,
    ) -> Result<(Self, Option<u64>), Refusal> {
        let file = open_file(place, path, OpenOptions::read()).await?;
        let size = file.metadata().await.map_err(|e| refusal(&e))?.size;
        let left = match size.map(|size| size.checked_sub(offset)) {
            Some(None) => return Err(RefusalKind::BeyondEnd.into()),
            Some(left) => left,
            None => None,
        };
        let left = left.map(|left| limit.map_or(left, |limit| limit.min(left)));
        let source = Self {
            file,
            offset,
            limit,
        };
        Ok((source, left))
    }
}

impl Source for FileSource {
    async fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let room = match self.limit.map(usize::try_from) {
            Some(Ok(limit)) => limit.min(buf.len()),
            Some(Err(_)) | None => buf.len(),
        };
        let Some(buf) = buf.get_mut(..room).filter(|buf| !buf.is_empty()) else {
            return Ok(0);
        };
        let read = self
            .file
            .read_at(self.offset, buf)
            .await
            .map_err(io_error)?;
        self.skip(read as u64);
        Ok(read)
    }

    #[cfg(unix)]
    fn local(&self) -> Option<pump::LocalSource<'_>> {
        let file = self.file.as_local()?;
        Some(pump::LocalSource::new(file, self.offset).limited(self.limit))
    }

    #[cfg(unix)]
    fn advance(&mut self, bytes: u64) {
        self.skip(bytes);
    }
}

impl FileSource {
    fn skip(&mut self, bytes: u64) {
        self.offset = self.offset.saturating_add(bytes);
        self.limit = self.limit.map(|limit| limit.saturating_sub(bytes));
    }
}

/// A file's bytes as text: line ends become CRLF.
struct TextSource {
    source: FileSource,
    encoder: ascii::ToWire,
    block: Vec<u8>,
    text: BytesMut,
}

impl TextSource {
    /// How much of the file is converted at a time; it may double.
    const BLOCK: usize = 64 * 1024;

    fn new(source: FileSource) -> Self {
        Self {
            source,
            encoder: ascii::ToWire::new(),
            block: Vec::new(),
            text: BytesMut::new(),
        }
    }
}

impl Source for TextSource {
    async fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        // A block may hold nothing to send yet, so one without text is not the end.
        while self.text.is_empty() {
            self.block.resize(Self::BLOCK, 0);
            let read = self.source.read(&mut self.block).await?;
            let Some(block) = self.block.get(..read).filter(|block| !block.is_empty()) else {
                return Ok(0);
            };
            self.encoder.convert(block, &mut self.text);
        }
        Ok(take(&mut self.text, buf))
    }
}

/// Moves as much as fits from the text to the buffer.
pub(super) fn take(text: &mut BytesMut, buf: &mut [u8]) -> usize {
    let part = text.split_to(text.len().min(buf.len()));
    if let Some(to) = buf.get_mut(..part.len()) {
        to.copy_from_slice(&part);
    }
    part.len()
}

/// Bytes to a file as they are.
struct FileSink {
    file: Box<dyn File>,
    offset: u64,
}

impl Sink for FileSink {
    async fn write(&mut self, data: &[u8]) -> io::Result<()> {
        self.file
            .write_at(self.offset, data)
            .await
            .map_err(io_error)?;
        self.offset = self.offset.saturating_add(data.len() as u64);
        Ok(())
    }

    #[cfg(unix)]
    fn local(&self) -> Option<pump::LocalTarget<'_>> {
        let file = self.file.as_local()?;
        Some(pump::LocalTarget::new(file, self.offset))
    }

    #[cfg(unix)]
    fn advance(&mut self, bytes: u64) {
        self.offset = self.offset.saturating_add(bytes);
    }
}

impl Received for FileSink {
    async fn finish(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn into_file(self) -> Box<dyn File> {
        self.file
    }
}

/// Text to a file: CRLF becomes LF.
struct TextSink {
    sink: FileSink,
    decoder: ascii::FromWire,
    text: BytesMut,
}

impl Sink for TextSink {
    async fn write(&mut self, data: &[u8]) -> io::Result<()> {
        self.text.clear();
        self.decoder.convert(data, &mut self.text);
        self.sink.write(&self.text).await
    }
}

impl Received for TextSink {
    async fn finish(&mut self) -> io::Result<()> {
        self.text.clear();
        std::mem::take(&mut self.decoder).finish(&mut self.text);
        self.sink.write(&self.text).await
    }

    fn into_file(self) -> Box<dyn File> {
        self.sink.file
    }
}
