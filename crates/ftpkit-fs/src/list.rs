//! Listings in pages. How a system reads a directory is in `linux` and `portable`.

#[cfg(target_os = "linux")]
mod linux;
// Where it is not used, it is still checked and tested.
#[cfg(any(not(target_os = "linux"), test))]
mod portable;
#[cfg(test)]
mod tests;

use std::{cell::OnceCell, io, sync::Arc};

use bytes::{Bytes, BytesMut};
use cap_std::fs::Dir;
use ftpkit_storage::{
    Entry, EntryStream, Error, Kind, Metadata, NameStream, Result, VirtualPath, is_name,
};
use futures::{Stream, stream};
use tokio::{runtime::Handle, task::JoinHandle};

#[cfg(target_os = "linux")]
use self::linux::Reader;
#[cfg(not(target_os = "linux"))]
use self::portable::Reader;
use crate::{directory::Inner, error::Context as _, name, temporary};

/// How many entries a page has, or so. To look at that many takes well below a millisecond when
/// they are cached.
const PAGE: usize = 256;
/// Likewise where nothing but names is looked at.
const NAMES: usize = 2048;

/// Lists a directory. The first page is gathered in place: with most directories it is the only
/// one, and a hop to another thread would cost more than it. Each further one is gathered on the
/// blocking pool, so that a large directory holds up nobody, while the one before is looked at.
pub(crate) fn list(inner: &Arc<Inner>, path: &VirtualPath) -> Result<EntryStream> {
    let dir = inner.dir(path, "list")?;
    let entries = Entries {
        reader: Reader::open(&dir, PAGE).on(path, "list")?,
        inner: Arc::clone(inner),
        dir,
        depth: OnceCell::new(),
        path: path.clone(),
    };
    Ok(Box::pin(stream_of(entries)))
}

/// Lists the names of a directory, in the same way.
pub(crate) fn names(inner: &Arc<Inner>, path: &VirtualPath) -> Result<NameStream> {
    let dir = inner.dir(path, "list")?;
    let names = Names {
        reader: Reader::open(&dir, NAMES).on(path, "list")?,
        path: path.clone(),
    };
    Ok(Box::pin(stream_of(names)))
}

/// What is read in pages.
trait Pages: Send + 'static {
    type Item: Send + 'static;

    /// What the system has at hand, which may be nothing that is for clients, and whether more
    /// may come.
    fn read(&mut self) -> Result<(Vec<Self::Item>, bool)>;

    /// The next page that is not empty, and what is left to gather after it.
    fn page(mut self) -> Option<Page<Self>>
    where
        Self: Sized,
    {
        loop {
            match self.read() {
                Ok((page, true)) if page.is_empty() => {}
                Ok((page, false)) if page.is_empty() => return None,
                Ok((page, true)) => return Some((Ok(page), Some(self))),
                Ok((page, false)) => return Some((Ok(page), None)),
                Err(error) => return Some((Err(error), None)),
            }
        }
    }
}

type Page<P> = (Result<Vec<<P as Pages>::Item>>, Option<P>);

/// Where a listing stands.
enum Next<P: Pages> {
    First(P),
    /// It is being gathered, somewhere else.
    Ahead(JoinHandle<Option<Page<P>>>),
    /// It is gathered when it is asked for: there is no runtime.
    Later(P),
    End,
}

fn stream_of<P: Pages>(pages: P) -> impl Stream<Item = Result<Vec<P::Item>>> + Send {
    stream::unfold(Next::First(pages), |next| async {
        let (page, rest) = match next {
            Next::First(pages) | Next::Later(pages) => pages.page()?,
            Next::Ahead(gathering) => match gathering.await {
                Ok(page) => page?,
                Err(error) => {
                    let error = Error::with_source(ftpkit_storage::ErrorKind::Unavailable, error);
                    (Err(error), None)
                }
            },
            Next::End => return None,
        };
        let next = match (rest, Handle::try_current()) {
            (None, _) => Next::End,
            (Some(pages), Ok(runtime)) => Next::Ahead(runtime.spawn_blocking(|| pages.page())),
            (Some(pages), Err(_)) => Next::Later(pages),
        };
        Some((page, next))
    })
}

/// The entries of a directory, with what is known of them.
struct Entries {
    reader: Reader,
    inner: Arc<Inner>,
    dir: Arc<Dir>,
    /// How deep it lies, once a link has asked.
    depth: OnceCell<Option<usize>>,
    path: VirtualPath,
}

impl Pages for Entries {
    type Item = Entry;

    fn read(&mut self) -> Result<(Vec<Entry>, bool)> {
        let Self {
            reader,
            inner,
            dir,
            depth,
            path,
        } = self;
        let shown_target = |name: &[u8]| {
            let target = dir.read_link_contents(name::from_bytes(name)?).ok()?;
            let depth = || *depth.get_or_init(|| inner.depth(path));
            name::shown_target(&target, depth)
        };
        let mut page = Vec::with_capacity(PAGE);
        let more = reader.entries(dir, |name, known| {
            if temporary::is_reserved(name) {
                return;
            }
            let mut metadata = match known {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return,
                // It is there, if nothing more is known: a directory of another host, say.
                Err(_) => Metadata::new(Kind::Other),
            };
            if metadata.kind == Kind::Symlink {
                metadata.target = shown_target(name);
            }
            page.extend(Entry::new(Bytes::copy_from_slice(name), metadata));
        });
        Ok((page, more.on(path, "list")?))
    }
}

/// The names of a directory.
struct Names {
    reader: Reader,
    path: VirtualPath,
}

impl Pages for Names {
    type Item = Bytes;

    fn read(&mut self) -> Result<(Vec<Bytes>, bool)> {
        // All names of a page share their memory.
        let (mut text, mut ends) = (BytesMut::new(), Vec::new());
        let more = self.reader.names(|name| {
            if is_name(name) && !temporary::is_reserved(name) {
                text.extend_from_slice(name);
                ends.push(text.len());
            }
        });
        let more = more.on(&self.path, "list")?;
        let mut text = text.freeze();
        let mut start = 0;
        let names = ends.into_iter().map(|end| {
            let name = text.split_to(end - start);
            start = end;
            name
        });
        Ok((names.collect(), more))
    }
}
