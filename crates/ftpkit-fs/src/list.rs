//! Listings in pages. How a system reads a directory is in `linux` and `portable`.

#[cfg(target_os = "linux")]
mod linux;
// Where it is not used, it is still checked and tested.
#[cfg(any(not(target_os = "linux"), test))]
mod portable;
#[cfg(test)]
mod tests;

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    thread,
    time::{Duration, Instant},
};

use bytes::Bytes;
use cap_std::fs::Dir;
use ftpkit_storage::{
    Entry, EntryStream, ErrorKind, Kind, Metadata, NamePage, NameStream, Result, VirtualPath,
};
use futures::{Stream, stream};
use tokio::{runtime::Handle, sync::mpsc};

#[cfg(target_os = "linux")]
use self::linux::{Batch, Reader};
#[cfg(not(target_os = "linux"))]
use self::portable::{Batch, Reader};
use crate::{directory::Inner, error::Context as _, name, temporary};

/// How many entries a page has behind the first, or so. To look at that many takes about half a
/// millisecond when they are cached, to read their names a third of it.
const PAGE: usize = 1024;

/// Lists a directory. The first page is gathered in place: with most directories it is the only
/// one, and a hop to another thread would cost more than it. Further ones are gathered on the
/// blocking pool, so that a large directory holds up nobody, while those before are looked at.
pub(crate) fn list(inner: &Arc<Inner>, path: &VirtualPath) -> Result<EntryStream> {
    let dir = inner.dir(path, "list")?;
    let entries = Entries {
        reader: Reader::open(&dir, PAGE).on(path, "list")?,
        view: Arc::new(View {
            inner: Arc::clone(inner),
            dir,
            depth: OnceLock::new(),
            path: path.clone(),
        }),
    };
    Ok(Box::pin(stream_of(entries)))
}

/// Lists the names of a directory. All pages are gathered in place, as long as each comes quickly.
pub(crate) fn names(inner: &Arc<Inner>, path: &VirtualPath) -> Result<NameStream> {
    let dir = inner.dir(path, "list")?;
    let names = Names {
        reader: Reader::open(&dir, PAGE).on(path, "list")?,
        path: path.clone(),
    };
    Ok(Box::pin(stream_of(names)))
}

/// What is read in pages.
trait Pages: Send + 'static {
    /// Names as the directory has them.
    type Batch;
    /// What is needed to look at names, on several threads beside each other.
    type View: Clone + Send + 'static;
    type Page: Send + 'static;

    /// How many threads gather one listing: they read in turn, and look at the same time.
    const GATHERERS: usize;

    /// Where a page that was gathered in place took no longer, the next one is, too.
    const QUICK: Duration;

    /// Reads what the system has at hand; and whether more may come.
    fn read(&mut self) -> Result<(Self::Batch, bool)>;

    /// What those need who look at names.
    fn view(&self) -> Self::View;

    /// Looks at what was read; `None` where nothing of it is for clients.
    fn look(view: &Self::View, batch: Self::Batch) -> Option<Self::Page>;
}

/// How many pages may wait to be looked at.
const AHEAD: usize = 4;

/// Where a listing stands.
enum Next<P: Pages> {
    /// At what is gathered where it is asked for: the first page, those that come quickly, and all
    /// if there is no runtime.
    Here(P),
    /// At what is gathered on the blocking pool.
    Ahead(Ahead<P>),
    End,
}

fn stream_of<P: Pages>(pages: P) -> impl Stream<Item = Result<P::Page>> + Send {
    stream::unfold(Next::Here(pages), |next| async {
        match next {
            Next::Here(pages) => {
                let since = Instant::now();
                let (page, rest) = here(pages)?;
                let next = match (rest, Handle::try_current()) {
                    (None, _) => Next::End,
                    (Some(pages), Ok(runtime)) if since.elapsed() > P::QUICK => {
                        Next::Ahead(Ahead::new(runtime, pages))
                    }
                    (Some(pages), _) => Next::Here(pages),
                };
                Some((page, next))
            }
            Next::Ahead(mut ahead) => match ahead.next().await? {
                Ok(page) => Some((Ok(page), Next::Ahead(ahead))),
                Err(error) => Some((Err(error), Next::End)),
            },
            Next::End => None,
        }
    })
}

/// The next page, and what is left to gather after it.
fn here<P: Pages>(mut pages: P) -> Option<(Result<P::Page>, Option<P>)> {
    let view = pages.view();
    loop {
        let (batch, more) = match pages.read() {
            Ok(read) => read,
            Err(error) => return Some((Err(error), None)),
        };
        match P::look(&view, batch) {
            Some(page) => return Some((Ok(page), more.then_some(pages))),
            None if more => {}
            None => return None,
        }
    }
}

/// Pages that are gathered on the blocking pool, until enough of them wait: a client that is
/// slower than that holds no thread.
struct Ahead<P: Pages> {
    runtime: Handle,
    rest: Rest<P>,
    view: P::View,
    gathered: mpsc::Receiver<Passed<P>>,
    to: mpsc::WeakSender<Passed<P>>,
    /// Something has come since the gatherers were started.
    has_come: bool,
}

/// What gatherers pass on.
type Passed<P> = Result<<P as Pages>::Page>;

/// What is left to read; `None` when it has come to its end.
type Rest<P> = Arc<Mutex<Option<P>>>;

impl<P: Pages> Ahead<P> {
    fn new(runtime: Handle, pages: P) -> Self {
        let view = pages.view();
        let rest = Arc::new(Mutex::new(Some(pages)));
        let (gathered, to) = gatherers(&runtime, &rest, &view);
        Self {
            runtime,
            rest,
            view,
            gathered,
            to,
            has_come: false,
        }
    }

    async fn next(&mut self) -> Option<Result<P::Page>> {
        loop {
            if let Some(page) = self.gathered.recv().await {
                self.has_come = true;
                self.call_back();
                return Some(page);
            }
            if lock(&self.rest).is_none() {
                return None;
            }
            // They have stopped because enough was waiting. Where nothing has come, there are
            // none: the runtime shuts down.
            if !std::mem::take(&mut self.has_come) {
                return Some(Err(ErrorKind::Unavailable.into()));
            }
            (self.gathered, self.to) = gatherers(&self.runtime, &self.rest, &self.view);
        }
    }

    /// Starts those again that have stopped because enough was waiting, once half of it is taken:
    /// whoever is left would go on alone, as quick as who takes the pages, to the end.
    fn call_back(&self) {
        let missing = P::GATHERERS.saturating_sub(self.gathered.sender_strong_count());
        if missing == 0 || self.gathered.len() > AHEAD / 2 {
            return;
        }
        // Whoever reads holds the lock, and may take its time.
        if matches!(self.rest.try_lock(), Ok(rest) if rest.is_none()) {
            return;
        }
        // Where all have stopped, the pages that wait come first.
        if let Some(to) = self.to.upgrade() {
            start(&self.runtime, &self.rest, &self.view, &to, missing);
        }
    }
}

/// What is gathered from now on, and by what more of them can be told where it goes.
fn gatherers<P: Pages>(
    runtime: &Handle,
    rest: &Rest<P>,
    view: &P::View,
) -> (mpsc::Receiver<Passed<P>>, mpsc::WeakSender<Passed<P>>) {
    let (to, gathered) = mpsc::channel(AHEAD);
    start(runtime, rest, view, &to, P::GATHERERS);
    (gathered, to.downgrade())
}

/// Starts so many gatherers.
fn start<P: Pages>(
    runtime: &Handle,
    rest: &Rest<P>,
    view: &P::View,
    to: &mpsc::Sender<Passed<P>>,
    count: usize,
) {
    for _ in 0..count {
        let (rest, view, to) = (Arc::clone(rest), view.clone(), to.clone());
        runtime.spawn_blocking(move || gather(&rest, &view, &to));
    }
}

/// Gathers pages as long as there is room for them and somebody waits.
fn gather<P: Pages>(rest: &Rest<P>, view: &P::View, to: &mpsc::Sender<Passed<P>>) {
    while let Ok(place) = to.try_reserve() {
        let owed = Owed(Some(place));
        let mut left = lock(rest);
        let Some(pages) = &mut *left else {
            return;
        };
        let read = pages.read();
        if !matches!(read, Ok((_, true))) {
            *left = None;
        }
        drop(left);
        owed.pay(read.map(|(batch, _)| P::look(view, batch)).transpose());
    }
}

/// The place of a page that was begun. A thread that panics owes one that nobody would miss: the
/// listing ends with an error then.
struct Owed<'a, T>(Option<mpsc::Permit<'a, Result<T>>>);

impl<T> Owed<'_, T> {
    fn pay(mut self, page: Option<Result<T>>) {
        if let (Some(place), Some(page)) = (self.0.take(), page) {
            place.send(page);
        }
    }
}

impl<T> Drop for Owed<'_, T> {
    fn drop(&mut self) {
        if let Some(place) = self.0.take().filter(|_| thread::panicking()) {
            place.send(Err(ErrorKind::Unavailable.into()));
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The entries of a directory, with what is known of them.
struct Entries {
    reader: Reader,
    view: Arc<View>,
}

struct View {
    inner: Arc<Inner>,
    dir: Arc<Dir>,
    /// How deep it lies, once a link has asked.
    depth: OnceLock<Option<usize>>,
    path: VirtualPath,
}

impl View {
    fn shown_target(&self, name: &[u8]) -> Option<Bytes> {
        let target = self.dir.read_link_contents(name::from_bytes(name)?).ok()?;
        let depth = || *self.depth.get_or_init(|| self.inner.depth(&self.path));
        name::shown_target(&target, depth)
    }
}

impl Pages for Entries {
    type Batch = Batch;
    type View = Arc<View>;
    type Page = Vec<Entry>;

    /// To look at a name costs more than all else about it.
    const GATHERERS: usize = 2;
    /// However quickly they come: two threads are quicker.
    const QUICK: Duration = Duration::ZERO;

    fn read(&mut self) -> Result<(Batch, bool)> {
        self.reader.batch().on(&self.view.path, "list")
    }

    fn view(&self) -> Arc<View> {
        Arc::clone(&self.view)
    }

    fn look(view: &Arc<View>, batch: Batch) -> Option<Vec<Entry>> {
        let mut page = Vec::with_capacity(batch.len());
        batch.look(&view.dir, |name, known| {
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
                metadata.target = view.shown_target(&name);
            }
            page.extend(Entry::new(name, metadata));
        });
        Some(page).filter(|page| !page.is_empty())
    }
}

/// The names of a directory.
struct Names {
    reader: Reader,
    path: VirtualPath,
}

impl Pages for Names {
    type Batch = NamePage;
    type View = ();
    type Page = NamePage;

    const GATHERERS: usize = 1;
    /// Ten times what it takes where the directory is in memory.
    const QUICK: Duration = Duration::from_millis(2);

    fn read(&mut self) -> Result<(NamePage, bool)> {
        let mut page = NamePage::default();
        let more = self.reader.names(|name| {
            if !temporary::is_reserved(name) {
                // What no client could ask for is left out.
                let _ = page.push(name);
            }
        });
        Ok((page, more.on(&self.path, "list")?))
    }

    fn view(&self) {}

    fn look((): &(), page: NamePage) -> Option<NamePage> {
        Some(page).filter(|page| !page.is_empty())
    }
}
