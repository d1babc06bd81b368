//! [`SftpStore`]: files in memory behind the questions of SFTP's server machine.

use std::collections::BTreeMap;

use bytes::Bytes;
use ftpkit_sftp::{
    packet::Attributes,
    server::{
        Ask, Change, Close, Connection, Entry, Event, FileId, List, Open, OpenDirectory, Page,
        Place, Question, Read, Refusal, RefusalKind, Resolve, Target, Write, Writing,
    },
};

/// Names that a page of a listing holds.
const PAGE: usize = 7;

/// Files by their paths, and what a session has open of them. What is written is visible when it
/// is closed, and what is let go otherwise never was.
///
/// It holds the machine to what it promises of handles: each thing that was opened is closed or
/// ended once, and nothing is asked of one that is not open.
#[derive(Debug, Default)]
pub struct SftpStore {
    /// The files.
    pub files: BTreeMap<Bytes, Vec<u8>>,
    open: BTreeMap<u64, Opened>,
    last: u64,
    /// The session has ended, and with it what was open; questions about it may be left.
    over: bool,
}

#[derive(Debug)]
enum Opened {
    File {
        path: Bytes,
        content: Vec<u8>,
        writes: bool,
    },
    Directory(Vec<Bytes>),
}

impl SftpStore {
    /// How much is open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Answers an event, with this refusal instead if there is one.
    ///
    /// # Panics
    /// If the event is about something that is not open.
    pub fn answer(&mut self, machine: &mut Connection, event: Event, refusal: Option<RefusalKind>) {
        match event {
            Event::Open(ask) => self.tell(machine, ask, refusal, Self::open_file),
            Event::OpenDirectory(ask) => self.tell(machine, ask, refusal, Self::open_directory),
            Event::Read(ask) => self.tell(machine, ask, refusal, Self::read),
            Event::Write(ask) => self.tell(machine, ask, refusal, Self::write),
            Event::List(ask) => self.tell(machine, ask, refusal, Self::list),
            Event::Close(ask) => {
                // It is gone whatever is answered; a refusal leaves nothing visible.
                let closed = self.let_go(ask.question());
                let answer = match (refusal, closed) {
                    (Some(refusal), _) => Err(refusal.into()),
                    (
                        None,
                        Opened::File {
                            path,
                            content,
                            writes: true,
                        },
                    ) => {
                        self.files.insert(path, content);
                        Ok(())
                    }
                    (None, _) => Ok(()),
                };
                machine.answer(ask, answer);
            }
            Event::Query(ask) => self.tell(machine, ask, refusal, |store, query| {
                store.attributes(&query.of)
            }),
            Event::Change(ask) => self.tell(machine, ask, refusal, Self::change),
            Event::Resolve(ask) => self.tell(machine, ask, refusal, |_, resolve| {
                Ok(match resolve {
                    Resolve::Real(path) | Resolve::Link(path) => path.clone(),
                    Resolve::Expand(_) | Resolve::Home(_) => Bytes::from_static(b"/home"),
                    _ => return Err(RefusalKind::Unsupported.into()),
                })
            }),
            Event::Space(ask) => {
                self.tell(machine, ask, refusal, |_, _| Ok(Default::default()));
            }
            Event::Names(ask) => {
                self.tell(machine, ask, refusal, |_, _| Ok(Default::default()));
            }
            Event::Ended(file) => {
                self.over = true;
                assert!(self.open.remove(&file.0).is_some(), "{file:?} is not open");
            }
            event => panic!("an event that is not known: {event:?}"),
        }
    }

    /// What an application does that loses a question: it goes, and the machine is not told.
    ///
    /// A CLOSE that is lost has let its file go all the same.
    ///
    /// # Panics
    /// As [`answer`](Self::answer).
    pub fn lose(&mut self, event: Event) {
        match event {
            Event::Close(ask) => drop(self.let_go(ask.question())),
            Event::Ended(file) => drop(self.open.remove(&file.0)),
            _ => {}
        }
    }

    fn tell<Q: Question>(
        &mut self,
        machine: &mut Connection,
        ask: Ask<Q>,
        refusal: Option<RefusalKind>,
        answer: impl FnOnce(&mut Self, &Q) -> Result<Q::Answer, Refusal>,
    ) {
        let answer = match refusal {
            Some(refusal) => Err(refusal.into()),
            None => answer(self, ask.question()),
        };
        machine.answer(ask, answer);
    }

    fn let_go(&mut self, close: &Close) -> Opened {
        let gone = self.open.remove(&close.file.0);
        gone.unwrap_or_else(|| panic!("{close:?} of what is not open"))
    }

    fn insert(&mut self, opened: Opened) -> FileId {
        self.last += 1;
        self.open.insert(self.last, opened);
        FileId(self.last)
    }

    fn open_file(&mut self, open: &Open) -> Result<FileId, Refusal> {
        let there = self.files.get(&open.path).cloned();
        let content = match (open.intent.write, there) {
            (Some(Writing::New), Some(_)) => return Err(RefusalKind::Exists.into()),
            (None | Some(Writing::Keep { .. }), Some(content)) => content,
            (Some(Writing::Replace { .. }), Some(_)) => Vec::new(),
            (
                Some(
                    Writing::New
                    | Writing::Replace { create: true }
                    | Writing::Keep { create: true },
                ),
                None,
            ) => Vec::new(),
            (_, None) => return Err(RefusalKind::NotFound.into()),
        };
        Ok(self.insert(Opened::File {
            path: open.path.clone(),
            content,
            writes: open.intent.write.is_some(),
        }))
    }

    fn open_directory(&mut self, _: &OpenDirectory) -> Result<FileId, Refusal> {
        let names = self.files.keys().map(|path| {
            let start = path.iter().rposition(|b| *b == b'/').map_or(0, |at| at + 1);
            path.slice(start..)
        });
        let names = names.collect();
        Ok(self.insert(Opened::Directory(names)))
    }

    fn at(&mut self, file: FileId) -> Result<&mut Opened, Refusal> {
        match self.open.get_mut(&file.0) {
            Some(opened) => Ok(opened),
            None if self.over => Err(RefusalKind::Failed.into()),
            None => panic!("{file:?} is not open"),
        }
    }

    fn content(&mut self, file: FileId) -> Result<&mut Vec<u8>, Refusal> {
        match self.at(file)? {
            Opened::File { content, .. } => Ok(content),
            Opened::Directory(_) => panic!("{file:?} is a directory"),
        }
    }

    fn read(&mut self, read: &Read) -> Result<Bytes, Refusal> {
        let content = self.content(read.file)?;
        let start = usize::try_from(read.offset).unwrap_or(usize::MAX);
        let end = start
            .saturating_add(read.length as usize)
            .min(content.len());
        let bytes = content.get(start..end).unwrap_or_default();
        Ok(Bytes::copy_from_slice(bytes))
    }

    fn write(&mut self, write: &Write) -> Result<(), Refusal> {
        let content = self.content(write.file)?;
        let start = match write.place {
            Place::End => content.len(),
            Place::Offset(offset) => usize::try_from(offset).unwrap_or(usize::MAX),
        };
        let end = start.saturating_add(write.data.len());
        // A store has an end, which an offset of eight exabytes is beyond.
        if end > 16 << 20 {
            return Err(RefusalKind::NoSpace.into());
        }
        if content.len() < end {
            content.resize(end, 0);
        }
        content[start..end].copy_from_slice(&write.data);
        Ok(())
    }

    fn list(&mut self, list: &List) -> Result<Page, Refusal> {
        let Opened::Directory(names) = self.at(list.directory)? else {
            panic!("{list:?} of a file");
        };
        let rest = names.split_off(names.len().min(PAGE));
        let page = core::mem::replace(names, rest);
        let entries = page
            .into_iter()
            .map(|name| Entry::new(name, Attributes::default()))
            .collect();
        Ok(Page::new(entries, 0))
    }

    fn attributes(&mut self, of: &Target) -> Result<Attributes, Refusal> {
        let size = match of {
            Target::Path(path) | Target::Link(path) => match self.files.get(path) {
                Some(content) => content.len(),
                None => return Err(RefusalKind::NotFound.into()),
            },
            Target::File(file) => match self.at(*file)? {
                Opened::File { content, .. } => content.len(),
                Opened::Directory(_) => 0,
            },
        };
        Ok(Attributes::default().with_size(size as u64))
    }

    fn change(&mut self, change: &Change) -> Result<(), Refusal> {
        match change {
            Change::SetAttributes { of, .. } => self.attributes(of).map(drop),
            Change::RemoveFile(path) => match self.files.remove(path) {
                Some(_) => Ok(()),
                None => Err(RefusalKind::NotFound.into()),
            },
            Change::Rename { from, to, replace } => {
                if !replace && self.files.contains_key(to) {
                    return Err(RefusalKind::Exists.into());
                }
                let Some(content) = self.files.remove(from) else {
                    return Err(RefusalKind::NotFound.into());
                };
                self.files.insert(to.clone(), content);
                Ok(())
            }
            Change::Sync(file) => {
                self.at(*file)?;
                Ok(())
            }
            Change::Copy { from, to, .. } => {
                self.content(from.0)?;
                self.content(to.0)?;
                Ok(())
            }
            _ => Err(RefusalKind::Unsupported.into()),
        }
    }
}
