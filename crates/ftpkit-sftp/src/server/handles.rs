//! What is open: handles, what they stand for, and which requests wait for which others.

use alloc::{
    collections::{BTreeMap, VecDeque},
    vec::Vec,
};

use bytes::Bytes;

use super::{
    connection::Taken,
    event::{Entry, FileId, Intent},
    refuse::Own,
};
use crate::packet::{Attributes, Handle};

/// The open handles of a session, numbered from 1. No number comes twice, so that a handle that
/// was closed never means something else.
#[derive(Default)]
pub(super) struct Handles {
    open: BTreeMap<u64, Opened>,
    last: u64,
}

impl Handles {
    pub(super) fn len(&self) -> usize {
        self.open.len()
    }

    pub(super) fn insert(&mut self, file: FileId, kind: Kind) -> Handle {
        self.last += 1;
        self.open.insert(self.last, Opened::new(file, kind));
        Handle::from_number(self.last)
    }

    /// The handle that a client names, to be used in a request; none that it has closed.
    pub(super) fn find(&mut self, handle: &Handle) -> Result<(u64, &mut Opened), Own> {
        let number = handle.number().ok_or(Own::NoHandle)?;
        match self.open.get_mut(&number) {
            Some(opened) if !opened.closing => Ok((number, opened)),
            _ => Err(Own::NoHandle),
        }
    }

    pub(super) fn get(&mut self, number: u64) -> Option<&mut Opened> {
        self.open.get_mut(&number)
    }

    pub(super) fn remove(&mut self, number: u64) {
        self.open.remove(&number);
    }

    /// All that the application still holds and was not told to close, in the order in which they
    /// were opened.
    pub(super) fn end(&mut self) -> impl Iterator<Item = FileId> + use<> {
        let open = core::mem::take(&mut self.open);
        open.into_values()
            .filter(|opened| !opened.told_close)
            .map(|opened| opened.file)
    }
}

/// What a handle is open for.
pub(super) enum Kind {
    File(Intent),
    Directory(Listing),
}

/// What was told of a directory, and not sent yet.
#[derive(Default)]
pub(super) struct Listing {
    pub(super) entries: VecDeque<Entry>,
    pub(super) last: bool,
    pub(super) now: u64,
}

/// Something that is open.
pub(super) struct Opened {
    pub(super) file: FileId,
    pub(super) kind: Kind,
    /// The client has sent CLOSE.
    pub(super) closing: bool,
    /// The application knows.
    told_close: bool,
    /// What is in flight.
    running: Vec<Load>,
    /// What has come and may not begin yet, in its order.
    waiting: VecDeque<Work>,
}

/// A request on one handle.
pub(super) struct Work {
    pub(super) id: Taken,
    pub(super) task: Task,
}

pub(super) enum Task {
    Read { offset: u64, length: u32 },
    Write { offset: u64, data: Bytes },
    Append(Bytes),
    Attributes,
    SetAttributes(Attributes),
    Space,
    Sync,
    List,
    Close,
}

/// What a request does to a file, as far as others must not overtake it (sec. 6.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Load {
    /// Reads from an offset to another.
    Read(u64, u64),
    /// Writes so.
    Write(u64, u64),
    /// Looks at what writes change.
    Look,
    /// Anything else.
    Alone,
}

impl Load {
    /// Whether both may be carried out at once.
    const fn beside(self, other: Self) -> bool {
        match (self, other) {
            (Self::Alone, _) | (_, Self::Alone) => false,
            (Self::Look, Self::Write(..)) | (Self::Write(..), Self::Look) => false,
            (Self::Read(..) | Self::Look, Self::Read(..) | Self::Look) => true,
            (
                Self::Read(start, end) | Self::Write(start, end),
                Self::Read(from, to) | Self::Write(from, to),
            ) => end <= from || to <= start,
        }
    }
}

impl Task {
    pub(super) fn load(&self) -> Load {
        match self {
            Self::Read { offset, length } => {
                Load::Read(*offset, offset.saturating_add(u64::from(*length)))
            }
            Self::Write { offset, data } => {
                Load::Write(*offset, offset.saturating_add(data.len() as u64))
            }
            Self::Attributes | Self::Space => Load::Look,
            // The end moves with each.
            Self::Append(_) | Self::SetAttributes(_) | Self::Sync | Self::List | Self::Close => {
                Load::Alone
            }
        }
    }
}

impl Opened {
    const fn new(file: FileId, kind: Kind) -> Self {
        Self {
            file,
            kind,
            closing: false,
            told_close: false,
            running: Vec::new(),
            waiting: VecDeque::new(),
        }
    }

    /// What this handle is for, if it is of a file.
    pub(super) const fn intent(&self) -> Result<Intent, Own> {
        match self.kind {
            Kind::File(intent) => Ok(intent),
            Kind::Directory(_) => Err(Own::NotAFile),
        }
    }

    pub(super) fn for_reading(&self) -> Result<(), Own> {
        match self.intent()?.read {
            true => Ok(()),
            false => Err(Own::NotForReading),
        }
    }

    pub(super) fn for_writing(&self) -> Result<Intent, Own> {
        let intent = self.intent()?;
        match intent.write {
            Some(_) => Ok(intent),
            None => Err(Own::NotForWriting),
        }
    }

    /// Whether nothing is in flight on it, and nothing waits.
    pub(super) fn is_idle(&self) -> bool {
        self.running.is_empty() && self.waiting.is_empty()
    }

    pub(super) fn push(&mut self, work: Work) {
        self.waiting.push_back(work);
    }

    /// Takes the next request out that may begin, which runs from then on.
    pub(super) fn begin(&mut self) -> Option<(Work, Load)> {
        let load = self.waiting.front()?.task.load();
        if !self.running.iter().all(|other| load.beside(*other)) {
            return None;
        }
        let work = self.waiting.pop_front()?;
        self.told_close |= matches!(work.task, Task::Close);
        self.running.push(load);
        Some((work, load))
    }

    /// What runs alone from outside of the queue: a copy between two handles.
    pub(super) fn occupy(&mut self) {
        self.running.push(Load::Alone);
    }

    /// What was in flight is no longer.
    pub(super) fn release(&mut self, load: Load) {
        if let Some(at) = self.running.iter().position(|other| *other == load) {
            self.running.swap_remove(at);
        }
    }
}
