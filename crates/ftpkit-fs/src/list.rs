//! Listings in pages.

use std::{cell::OnceCell, path::Path, sync::Arc};

use cap_std::fs::{Dir, DirEntry, ReadDir};
use ftpkit_storage::{Entry, EntryStream, Kind, Metadata, Result, VirtualPath};
use futures::stream;

use crate::{
    directory::{Inner, blocking},
    error::Context as _,
    metadata::describe,
    name, temporary,
};

/// How many entries a page has at most. To look at that many takes well below a millisecond when
/// they are cached.
const PAGE: usize = 256;

struct Pages {
    inner: Arc<Inner>,
    dir: Arc<Dir>,
    /// How deep it lies, once a link has asked.
    depth: OnceCell<Option<usize>>,
    entries: ReadDir,
    path: VirtualPath,
    /// No more entries come.
    ended: bool,
}

/// Lists a directory. The first page is gathered in place: with most directories it is the only
/// one, and a hop to another thread would cost more than it. Each further one is gathered on the
/// blocking pool, so that a large directory holds up nobody.
pub(crate) fn list(inner: &Arc<Inner>, path: &VirtualPath) -> Result<EntryStream> {
    let dir = inner.dir(path, "list")?;
    let entries = dir.entries().on(path, "list")?;
    let mut pages = Pages {
        inner: Arc::clone(inner),
        dir,
        depth: OnceCell::new(),
        entries,
        path: path.clone(),
        ended: false,
    };
    let first = pages.next_page();
    Ok(Box::pin(stream::unfold(
        (Some(first), Some(pages)),
        |(first, pages)| async move {
            let (page, pages) = match first {
                Some(first) => (first, pages),
                None => further(pages?).await,
            };
            page.map(|page| (page, (None, pages)))
        },
    )))
}

/// The next page from the blocking pool, and what is left to gather after it.
async fn further(mut pages: Pages) -> (Option<Result<Vec<Entry>>>, Option<Pages>) {
    if pages.ended {
        return (None, None);
    }
    match blocking(move || (pages.next_page(), pages)).await {
        Ok((page, pages)) => (page, Some(pages)),
        Err(error) => (Some(Err(error)), None),
    }
}

impl Pages {
    fn next_page(&mut self) -> Option<Result<Vec<Entry>>> {
        let mut page = Vec::new();
        while page.len() < PAGE {
            match self.entries.next() {
                Some(Ok(entry)) => page.extend(self.entry(&entry)),
                Some(Err(error)) => {
                    self.ended = true;
                    return Some(Err(error).on(&self.path, "list"));
                }
                None => {
                    self.ended = true;
                    break;
                }
            }
        }
        (!page.is_empty()).then_some(Ok(page))
    }

    /// What clients see of an entry; `None` if it is not for them, or gone.
    fn entry(&self, entry: &DirEntry) -> Option<Entry> {
        let name = name::bytes(entry.file_name())?;
        if temporary::is_reserved(&name) {
            return None;
        }
        let metadata = match entry.metadata() {
            Ok(metadata) => {
                let mut metadata = describe(&metadata);
                if metadata.kind == Kind::Symlink {
                    let target = self.dir.read_link_contents(Path::new(&entry.file_name()));
                    let depth = || *self.depth.get_or_init(|| self.inner.depth(&self.path));
                    metadata.target = target.ok().and_then(|t| name::shown_target(&t, depth));
                }
                metadata
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
            // It is there, if nothing more is known: a directory of another host, say.
            Err(_) => Metadata::new(Kind::Other),
        };
        Entry::new(name, metadata).ok()
    }
}
