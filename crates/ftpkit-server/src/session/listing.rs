//! LIST, NLST and MLSD as a source of payload: a page of entries at a time, so that a
//! directory of any size fits. The form of a line is the core's matter.

use std::{collections::VecDeque, io};

use bytes::{Bytes, BytesMut};
use ftpkit_proto::{
    PathArg,
    facts::FactSet,
    listing::format,
    server::{ListStyle, Refusal, RefusalKind},
    time::Timestamp,
};
use ftpkit_storage::{
    Entry, EntryStream, Error, ErrorKind, Kind, Metadata, NamePage, NameStream, VirtualPath,
};
use ftpkit_tokio::pump::Source;
use futures::{FutureExt as _, StreamExt as _};
use tokio::task::yield_now;

use super::{glob, paths::Place, questions::metadata, transfer::take};
use crate::{
    facts_map::{self, FactsMap},
    storage_map::{io_error, refusal},
};

/// How many directories may wait in a recursive listing; what is beyond is left out.
const WAITING: usize = 10_000;
/// How deep a recursive listing goes.
const DEPTH: usize = 64;
/// How much is formatted before it is sent.
const BLOCK: usize = 64 * 1024;

/// The lines of one listing, to be read by a pump.
pub(super) struct Listing {
    place: Place,
    style: ListStyle,
    facts: FactsMap,
    now: Timestamp,
    /// What stands before each name: the argument of NLST, so that its lines are paths that
    /// the client can use (RFC 1123 sec. 4.1.2.7).
    prefix: Vec<u8>,
    /// Only names that match are shown.
    pattern: Option<Vec<u8>>,
    pages: Option<Pages>,
    /// In a recursive listing: what is listed now, and what is to be listed.
    recursion: Option<Recursion>,
    text: BytesMut,
    /// A block of it was read.
    has_begun: bool,
}

/// What a listing is made of.
enum Pages {
    Entries(EntryStream),
    Names(NameStream),
}

enum Page {
    Entries(Vec<Entry>),
    Names(NamePage),
}

impl Pages {
    /// Asks for no more than the style shows.
    async fn open(place: &Place, path: &VirtualPath, style: ListStyle) -> Result<Self, Error> {
        let storage = place.storage();
        Ok(match style {
            ListStyle::Names => Self::Names(storage.list_names(path).await?),
            _ => Self::Entries(storage.list(path).await?),
        })
    }

    async fn next(&mut self) -> Option<Result<Page, Error>> {
        match self {
            Self::Entries(pages) => Some(pages.next().await?.map(Page::Entries)),
            Self::Names(pages) => Some(pages.next().await?.map(Page::Names)),
        }
    }
}

struct Recursion {
    now: Level,
    waiting: VecDeque<Level>,
    is_first: bool,
}

#[derive(Clone)]
struct Level {
    path: VirtualPath,
    /// The path as it is shown: from the argument on.
    shown: Bytes,
    depth: usize,
}

/// What of a file a listing of this style shows.
const fn shown_facts(style: ListStyle) -> FactSet {
    match style {
        ListStyle::Facts(wanted) => wanted,
        _ => facts_map::LONG,
    }
}

/// Finds out what an argument means: a directory, one file, or a pattern.
pub(super) async fn open(
    place: &Place,
    argument: Option<PathArg>,
    style: ListStyle,
) -> Result<(VirtualPath, Listing), Refusal> {
    let path = place.resolve(argument.as_ref())?;
    let argument = argument.map_or_else(Bytes::new, PathArg::into_bytes);
    let mut listing = Listing {
        place: place.clone(),
        style,
        facts: FactsMap::new(place.rights(), shown_facts(style)),
        now: facts_map::now(),
        prefix: Vec::new(),
        pattern: None,
        pages: None,
        recursion: None,
        text: BytesMut::new(),
        has_begun: false,
    };
    match Pages::open(place, &path, style).await {
        Ok(pages) => {
            listing.pages = Some(pages);
            listing.set_directory(&path, argument);
        }
        Err(error) if error.kind() == ErrorKind::NotADirectory => {
            if matches!(style, ListStyle::Facts(_)) {
                return Err(RefusalKind::NotADirectory.into());
            }
            let metadata = metadata(place, &path).await?;
            listing.line(&argument, &metadata);
        }
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let found = listing.open_pattern(&path, &argument).await?;
            if !found {
                return Err(refusal(&error));
            }
        }
        Err(error) => return Err(refusal(&error)),
    }
    Ok((path, listing))
}

impl Listing {
    fn set_directory(&mut self, path: &VirtualPath, argument: Bytes) {
        match self.style {
            ListStyle::Names if !argument.is_empty() => {
                self.prefix = argument.to_vec();
                if !argument.ends_with(b"/") {
                    self.prefix.push(b'/');
                }
            }
            ListStyle::Long { recursive: true } => {
                let shown = if argument.is_empty() {
                    Bytes::from_static(b".")
                } else {
                    argument
                };
                self.recursion = Some(Recursion {
                    now: Level {
                        path: path.clone(),
                        shown,
                        depth: 0,
                    },
                    waiting: VecDeque::new(),
                    is_first: true,
                });
                self.heading();
            }
            _ => {}
        }
    }

    /// Lists what matches the argument's last component, if that is a pattern and LIST or
    /// NLST was sent.
    async fn open_pattern(&mut self, path: &VirtualPath, argument: &[u8]) -> Result<bool, Refusal> {
        if matches!(self.style, ListStyle::Facts(_)) {
            return Ok(false);
        }
        let (Some(pattern), Some(directory)) = (path.file_name(), path.parent()) else {
            return Ok(false);
        };
        if !glob::is_pattern(pattern) {
            return Ok(false);
        }
        let pages = Pages::open(&self.place, &directory, self.style).await;
        self.pages = Some(pages.map_err(|e| refusal(&e))?);
        self.pattern = Some(pattern.to_vec());
        let before = argument.strip_suffix(pattern).unwrap_or_default();
        self.prefix = before.to_vec();
        Ok(true)
    }

    fn heading(&mut self) {
        if let Some(recursion) = &mut self.recursion {
            let first = std::mem::replace(&mut recursion.is_first, false);
            // The path came as an argument or from entries, which break no line.
            let _ = format::heading(&mut self.text, &recursion.now.shown, first);
        }
    }

    fn page(&mut self, page: Page) {
        match page {
            Page::Names(names) => {
                for name in names.iter() {
                    if self.shows(name) {
                        self.name(name);
                    }
                }
            }
            Page::Entries(entries) => {
                for Entry { name, metadata, .. } in &entries {
                    if self.shows(name) {
                        self.entry(name, metadata);
                    }
                }
            }
        }
    }

    fn shows(&self, name: &[u8]) -> bool {
        let pattern = self.pattern.as_ref();
        pattern.is_none_or(|pattern| glob::matches(pattern, name))
    }

    fn entry(&mut self, name: &[u8], metadata: &Metadata) {
        if metadata.kind == Kind::Directory
            && let Some(recursion) = &mut self.recursion
        {
            recursion.remember(name);
        }
        self.below_prefix(name, metadata);
    }

    /// A line of NLST. The prefix came as an argument, which breaks no line.
    fn name(&mut self, name: &[u8]) {
        let before = self.text.len();
        self.text.extend_from_slice(&self.prefix);
        if !format::name(&mut self.text, name) {
            self.text.truncate(before);
        }
    }

    fn below_prefix(&mut self, name: &[u8], metadata: &Metadata) {
        if self.prefix.is_empty() {
            return self.line(name, metadata);
        }
        let mut whole = std::mem::take(&mut self.prefix);
        let prefix = whole.len();
        whole.extend_from_slice(name);
        self.line(&whole, metadata);
        whole.truncate(prefix);
        self.prefix = whole;
    }

    /// A name that breaks a line is left out.
    fn line(&mut self, name: &[u8], metadata: &Metadata) {
        let out = &mut self.text;
        let _ = match self.style {
            ListStyle::Facts(wanted) => {
                format::facts(out, name, &self.facts.facts(metadata, false), wanted)
            }
            ListStyle::Long { .. } => {
                format::long(out, name, &self.facts.facts(metadata, false), self.now)
            }
            _ => format::name(out, name),
        };
    }

    /// Goes on with the next directory of a recursive listing; `false` at the end.
    async fn next_directory(&mut self) -> bool {
        loop {
            let Some(recursion) = &mut self.recursion else {
                return false;
            };
            let Some(next) = recursion.waiting.pop_front() else {
                return false;
            };
            // One that cannot be listed, or is gone meanwhile, is left out.
            if let Ok(pages) = Pages::open(&self.place, &next.path, self.style).await {
                recursion.now = next;
                self.pages = Some(pages);
                self.heading();
                return true;
            }
        }
    }
}

impl Recursion {
    fn remember(&mut self, name: &[u8]) {
        if self.now.depth >= DEPTH || self.waiting.len() >= WAITING {
            return;
        }
        if let Ok(path) = self.now.path.child(name) {
            self.waiting.push_back(Level {
                path,
                shown: [&self.now.shown, &b"/"[..], name].concat().into(),
                depth: self.now.depth + 1,
            });
        }
    }
}

impl Source for Listing {
    async fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        // A storage may have its pages whenever they are asked for.
        if std::mem::replace(&mut self.has_begun, true) && self.pages.is_some() {
            yield_now().await;
        }
        while self.text.len() < BLOCK.min(buf.len()) {
            let Some(pages) = &mut self.pages else {
                if self.text.is_empty() && self.next_directory().await {
                    continue;
                }
                break;
            };
            let page = if self.text.is_empty() {
                pages.next().await
            } else {
                // What is there already is not held back for what may take its time.
                match pages.next().now_or_never() {
                    Some(page) => page,
                    None => break,
                }
            };
            match page {
                Some(page) => self.page(page.map_err(io_error)?),
                None => self.pages = None,
            }
        }
        Ok(take(&mut self.text, buf))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use ftpkit_accounts::Account;
    use ftpkit_storage::{Memory, OpenOptions, Storage as _};
    use futures::poll;

    use super::*;

    #[tokio::test]
    async fn others_have_their_turn_between_blocks() {
        let storage = Arc::new(Memory::new());
        for number in 0..3000 {
            let path = VirtualPath::root();
            let path = path.join(format!("{number:050}").as_bytes()).unwrap();
            let file = storage.open(&path, OpenOptions::create_new()).await;
            file.unwrap().commit().await.unwrap();
        }
        let place = Place::new(Account::new("alice", storage), VirtualPath::root());
        let opened = open(&place, None, ListStyle::Names).await;
        let Ok((_, mut listing)) = opened else {
            panic!("no listing");
        };
        let (mut all, mut at_once) = (0, Vec::new());
        loop {
            let mut buf = vec![0; BLOCK];
            let mut read = std::pin::pin!(listing.read(&mut buf));
            let first = poll!(&mut read);
            at_once.push(first.is_ready());
            match first {
                std::task::Poll::Ready(read) => all += read.unwrap(),
                std::task::Poll::Pending => all += read.await.unwrap(),
            }
            if all == 3000 * 52 {
                break;
            }
        }
        assert_eq!(at_once[..2], [true, false]);
    }
}
