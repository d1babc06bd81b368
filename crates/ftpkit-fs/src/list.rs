//! Listings in pages. How a system reads a directory is in `linux` and `portable`.

#[cfg(target_os = "linux")]
mod linux;
// Where it is not used, it is still checked and tested.
#[cfg(any(not(target_os = "linux"), test))]
mod portable;
#[cfg(test)]
mod tests;

use std::{cell::OnceCell, io, sync::Arc};

use cap_std::fs::Dir;
use ftpkit_storage::{
    Entry, EntryStream, ErrorKind, Kind, Metadata, NamePage, NameStream, Result, VirtualPath,
};
use futures::{Stream, stream};
use tokio::{runtime::Handle, sync::mpsc};

#[cfg(target_os = "linux")]
use self::linux::Reader;
#[cfg(not(target_os = "linux"))]
use self::portable::Reader;
use crate::{directory::Inner, error::Context as _, name, temporary};

/// How many entries a page has behind the first, or so. To look at that many takes about half a
/// millisecond when they are cached.
const PAGE: usize = 1024;
/// Likewise where nothing but names is looked at.
const NAMES: usize = 4096;

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
    type Page: Send + 'static;

    /// What the system has at hand, if some of it is for clients; and whether more may come.
    fn read(&mut self) -> Result<(Option<Self::Page>, bool)>;

    /// The next page, and what is left to gather after it.
    fn page(mut self) -> Option<(Result<Self::Page>, Option<Self>)>
    where
        Self: Sized,
    {
        loop {
            match self.read() {
                Ok((None, true)) => {}
                Ok((None, false)) => return None,
                Ok((Some(page), more)) => return Some((Ok(page), more.then_some(self))),
                Err(error) => return Some((Err(error), None)),
            }
        }
    }
}

/// How many pages may wait to be looked at.
const AHEAD: usize = 4;

/// Where a listing stands.
enum Next<P: Pages> {
    /// At what is gathered where it is asked for: the first page, and all if there is no runtime.
    Here(P),
    /// At what is gathered on the blocking pool.
    Ahead(mpsc::Receiver<Word<P>>),
    End,
}

/// What comes from the blocking pool.
enum Word<P: Pages> {
    Page(Result<P::Page>),
    /// Enough pages wait; it is gone on with this when they have been looked at.
    Rest(P),
    End,
}

fn stream_of<P: Pages>(pages: P) -> impl Stream<Item = Result<P::Page>> + Send {
    stream::unfold(Next::Here(pages), |next| async {
        match next {
            Next::Here(pages) => {
                let (page, rest) = pages.page()?;
                let next = match (rest, Handle::try_current()) {
                    (None, _) => Next::End,
                    (Some(pages), Ok(runtime)) => Next::Ahead(ahead(&runtime, pages)),
                    (Some(pages), Err(_)) => Next::Here(pages),
                };
                Some((page, next))
            }
            Next::Ahead(mut words) => loop {
                match words.recv().await {
                    Some(Word::Page(page)) => return Some((page, Next::Ahead(words))),
                    Some(Word::Rest(pages)) => words = ahead(&Handle::current(), pages),
                    Some(Word::End) => return None,
                    // The runtime shuts down.
                    None => return Some((Err(ErrorKind::Unavailable.into()), Next::End)),
                }
            },
            Next::End => None,
        }
    })
}

/// Gathers what comes next on the blocking pool, until enough waits.
fn ahead<P: Pages>(runtime: &Handle, pages: P) -> mpsc::Receiver<Word<P>> {
    let (to, words) = mpsc::channel(AHEAD + 1);
    runtime.spawn_blocking(move || {
        let mut left = Some(pages);
        for _ in 0..AHEAD {
            let Some((page, rest)) = left.take().and_then(Pages::page) else {
                break;
            };
            left = rest;
            // There is room for all of it, unless nobody waits for it any more.
            if to.try_send(Word::Page(page)).is_err() {
                return;
            }
        }
        let _ = to.try_send(left.map_or(Word::End, Word::Rest));
    });
    words
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
    type Page = Vec<Entry>;

    fn read(&mut self) -> Result<(Option<Vec<Entry>>, bool)> {
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
        let mut page = Vec::new();
        let more = reader.entries(dir, |name, known| {
            if temporary::is_reserved(&name) {
                return;
            }
            let mut metadata = match known {
                Ok(metadata) => metadata,
                Err(error) if error.kind() == io::ErrorKind::NotFound => return,
                // It is there, if nothing more is known: a directory of another host, say.
                Err(_) => Metadata::new(Kind::Other),
            };
            if metadata.kind == Kind::Symlink {
                metadata.target = shown_target(&name);
            }
            page.extend(Entry::new(name, metadata));
        });
        Ok((
            Some(page).filter(|page| !page.is_empty()),
            more.on(path, "list")?,
        ))
    }
}

/// The names of a directory.
struct Names {
    reader: Reader,
    path: VirtualPath,
}

impl Pages for Names {
    type Page = NamePage;

    fn read(&mut self) -> Result<(Option<NamePage>, bool)> {
        let mut page = NamePage::default();
        let more = self.reader.names(|name| {
            if !temporary::is_reserved(name) {
                // What no client could ask for is left out.
                let _ = page.push(name);
            }
        });
        let more = more.on(&self.path, "list")?;
        Ok((Some(page).filter(|page| !page.is_empty()), more))
    }
}
