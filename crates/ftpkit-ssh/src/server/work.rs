//! What is done for a question of SFTP's machine, and the answer that goes back to it.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use ftpkit_sftp::{
    packet::{Attributes, Mode, Statvfs, UsersGroups},
    server::{
        Ask, Change, Close, Connection, Event, List, Names, Open, OpenDirectory, Page, Query, Read,
        Refusal, RefusalKind, Resolve, Space, Target, Write,
    },
};
use ftpkit_storage::{Capabilities, Error, Existing, SetAttributes, Storage, VirtualPath};
use tokio::time::timeout;

use super::{
    activity::Activity,
    attributes::{told, told_space, wanted},
    buffers::Buffers,
    open::{Directory, Item, OpenFile, Table},
    paths::Place,
    storage_map::refusal,
};

/// A question that is being answered.
pub(super) type Work = Pin<Box<dyn Future<Output = Settled> + Send>>;

/// A question with its answer.
pub(super) enum Settled {
    Open(Ask<Open>, Result<OpenFile, Refusal>),
    OpenDirectory(Ask<OpenDirectory>, Result<Directory, Refusal>),
    Read(Ask<Read>, Result<Bytes, Refusal>),
    Write(Ask<Write>, Result<(), Refusal>),
    List(Ask<List>, Result<Page, Refusal>),
    Close(Ask<Close>, Result<(), Refusal>),
    Query(Ask<Query>, Result<Attributes, Refusal>),
    Change(Ask<Change>, Result<(), Refusal>),
    Resolve(Ask<Resolve>, Result<Bytes, Refusal>),
    Space(Ask<Space>, Result<Statvfs, Refusal>),
    Names(Ask<Names>, Result<UsersGroups, Refusal>),
}

impl Settled {
    /// Tells the machine. What was opened gets its place in the table.
    pub(super) fn tell(self, machine: &mut Connection, table: &mut Table) {
        match self {
            Self::Open(ask, answer) => {
                let answer = answer.map(|file| table.insert(Item::File(Arc::new(file))));
                machine.answer(ask, answer);
            }
            Self::OpenDirectory(ask, answer) => {
                let item = |directory| Item::Directory(Arc::new(directory));
                let answer = answer.map(|directory| table.insert(item(directory)));
                machine.answer(ask, answer);
            }
            Self::Read(ask, answer) => machine.answer(ask, answer),
            Self::Write(ask, answer) => machine.answer(ask, answer),
            Self::List(ask, answer) => machine.answer(ask, answer),
            Self::Close(ask, answer) => machine.answer(ask, answer),
            Self::Query(ask, answer) => machine.answer(ask, answer),
            Self::Change(ask, answer) => machine.answer(ask, answer),
            Self::Resolve(ask, answer) => machine.answer(ask, answer),
            Self::Space(ask, answer) => machine.answer(ask, answer),
            Self::Names(ask, answer) => machine.answer(ask, answer),
        }
    }
}

/// What answering needs to know of its session.
#[derive(Clone)]
pub(super) struct Desk {
    pub(super) place: Place,
    pub(super) buffers: Arc<Buffers>,
    /// How long a storage may take for one answer.
    pub(super) limit: Duration,
    pub(super) activity: Arc<Activity>,
}

/// A question's work: within the limit, what the storage makes of it.
macro_rules! work {
    ($limit:expr, $ask:ident => $settled:ident, $question:ident, $work:expr) => {{
        let limit = $limit;
        Box::pin(async move {
            let $question = $ask.question();
            let answer = timeout(limit, async { $work }).await;
            let answer = answer.unwrap_or_else(|_| Err(too_slow()));
            Settled::$settled($ask, answer)
        })
    }};
}

impl Desk {
    /// The work on a question about what is open or on a path; none where the event asks nothing
    /// of the kind.
    pub(super) fn begin(&self, event: Event, table: &Table) -> Option<Work> {
        let (limit, place) = (self.limit, self.place.clone());
        Some(match event {
            Event::Read(ask) => {
                let (file, buffers) = (table.file(ask.question().file), Arc::clone(&self.buffers));
                work!(limit, ask => Read, read, {
                    file?.read(&buffers, read.offset, read.length).await
                })
            }
            Event::Write(ask) => {
                let file = table.file(ask.question().file);
                work!(limit, ask => Write, write, file?.write(write.place, &write.data).await)
            }
            Event::Open(ask) => {
                work!(limit, ask => Open, open, OpenFile::open(&place, open).await)
            }
            Event::OpenDirectory(ask) => {
                work!(limit, ask => OpenDirectory, open, Directory::open(&place, &open.path).await)
            }
            Event::List(ask) => {
                let directory = table.directory(ask.question().directory);
                work!(limit, ask => List, _list, directory?.next().await)
            }
            Event::Query(ask) => {
                let file = opened(&ask.question().of, table);
                work!(limit, ask => Query, query, look(&place, &query.of, file).await)
            }
            Event::Change(ask) => self.change(ask, table),
            Event::Resolve(ask) => {
                work!(limit, ask => Resolve, resolve, place.answer(resolve).await)
            }
            Event::Space(ask) => {
                let file = opened(&ask.question().of, table);
                work!(limit, ask => Space, space, room(&place, &space.of, file).await)
            }
            Event::Names(ask) => {
                work!(limit, ask => Names, names, name(&place, names).await)
            }
            _ => return None,
        })
    }

    /// The work on a CLOSE, of what was taken out of the table.
    pub(super) fn close(&self, ask: Ask<Close>, item: Option<Item>) -> Work {
        work!(self.limit, ask => Close, _close, match item {
            Some(Item::File(file)) => match Arc::into_inner(file) {
                Some(file) => file.close().await,
                None => Err(RefusalKind::Busy.into()),
            },
            _ => Ok(()),
        })
    }

    fn change(&self, ask: Ask<Change>, table: &Table) -> Work {
        let (limit, place) = (self.limit, self.place.clone());
        match ask.question() {
            Change::SetAttributes { of, .. } => {
                let file = opened(of, table);
                work!(limit, ask => Change, change, match change {
                    Change::SetAttributes { of, attributes } => {
                        set_attributes(&place, of, file, attributes).await
                    }
                    _ => Err(RefusalKind::Failed.into()),
                })
            }
            Change::Sync(id) => {
                let file = table.file(*id);
                work!(limit, ask => Change, _change, {
                    file?.file().sync().await.map_err(refused)
                })
            }
            Change::Copy { from, to, length } => {
                let (source, target) = (table.file(from.0), table.file(to.0));
                let (from, to, length) = (from.1, to.1, *length);
                let activity = Arc::clone(&self.activity);
                // It takes as long as it takes: each piece has the limit for itself.
                Box::pin(async move {
                    let copied = async {
                        {
                            let (source, target) = (source?, target?);
                            copy(limit, &activity, (&source, from), (&target, to), length).await
                        }
                    };
                    let answer = copied.await;
                    Settled::Change(ask, answer)
                })
            }
            _ => work!(limit, ask => Change, change, change_path(&place, change).await),
        }
    }
}

fn too_slow() -> Refusal {
    tracing::warn!("the storage did not answer in time");
    RefusalKind::Failed.into()
}

fn refused(error: Error) -> Refusal {
    refusal(&error)
}

type Opened = Option<Result<Arc<OpenFile>, Refusal>>;

fn opened(target: &Target, table: &Table) -> Opened {
    match target {
        Target::File(id) => Some(table.file(*id)),
        Target::Path(_) | Target::Link(_) => None,
    }
}

/// STAT, LSTAT, FSTAT.
async fn look(place: &Place, of: &Target, file: Opened) -> Result<Attributes, Refusal> {
    let found = match (of, file) {
        (_, Some(file)) => file?.file().metadata().await,
        (Target::Link(path), None) => {
            let path = place.resolve(path)?;
            place.storage.symlink_metadata(&path).await
        }
        (Target::Path(path), None) => place.storage.metadata(&place.resolve(path)?).await,
        (Target::File(_), None) => return Err(RefusalKind::Failed.into()),
    };
    found.map(|metadata| told(&metadata)).map_err(refused)
}

/// What is changed by path alone.
async fn change_path(place: &Place, change: &Change) -> Result<(), Refusal> {
    let storage = &place.storage;
    let done = match change {
        Change::RemoveFile(path) => storage.remove_file(&place.resolve(path)?).await,
        Change::MakeDirectory { path, attributes } => {
            make_directory(&**storage, &place.resolve(path)?, attributes).await
        }
        Change::RemoveDirectory(path) => storage.remove_dir(&place.resolve(path)?).await,
        Change::Rename { from, to, replace } => {
            let existing = match replace {
                true => Existing::Replace,
                false => Existing::Keep,
            };
            let (from, to) = (place.resolve(from)?, place.resolve(to)?);
            storage.rename(&from, &to, existing).await
        }
        Change::MakeSymlink { target, link } => {
            storage.symlink(target, &place.resolve(link)?).await
        }
        Change::MakeHardlink { from, to } => {
            let (from, to) = (place.resolve(from)?, place.resolve(to)?);
            storage.hard_link(&from, &to).await
        }
        _ => return Err(RefusalKind::Unsupported.into()),
    };
    done.map_err(refused)
}

async fn set_attributes(
    place: &Place,
    of: &Target,
    file: Opened,
    attributes: &Attributes,
) -> Result<(), Refusal> {
    let wanted = wanted(attributes);
    if wanted.is_empty() {
        return Ok(());
    }
    let done = match (of, file) {
        (_, Some(file)) => file?.file().set_attributes(&wanted).await,
        (Target::Path(path), None) => {
            let path = place.resolve(path)?;
            place.storage.set_attributes(&path, &wanted).await
        }
        (Target::Link(path), None) => {
            let path = place.resolve(path)?;
            place.storage.set_symlink_attributes(&path, &wanted).await
        }
        (Target::File(_), None) => return Err(RefusalKind::Failed.into()),
    };
    done.map_err(refused)
}

/// Makes a directory. The mode that a client sends is what the storage's umask is applied to, as
/// in `mkdir(2)`: so it takes permissions away, and never adds any.
async fn make_directory(
    storage: &dyn Storage,
    path: &VirtualPath,
    attributes: &Attributes,
) -> ftpkit_storage::Result<()> {
    storage.create_dir(path).await?;
    let Some(mode) = attributes.mode.map(Mode::permissions) else {
        return Ok(());
    };
    if mode & 0o777 == 0o777 || !storage.capabilities().contains(Capabilities::MODES) {
        return Ok(());
    }
    let Some(made) = storage.metadata(path).await?.mode else {
        return Ok(());
    };
    let wanted = SetAttributes::new().mode(made & (mode | !0o777));
    let narrowed = storage.set_attributes(path, &wanted).await;
    if narrowed.is_err() {
        // Rather none than one that is open to more than its maker wants.
        let _ = storage.remove_dir(path).await;
    }
    narrowed
}

/// How much is copied at a time, each within the time that a storage has for an answer.
const PIECE: u64 = 64 * 1024 * 1024;

async fn copy(
    limit: Duration,
    activity: &Activity,
    (source, mut from): (&OpenFile, u64),
    (target, mut to): (&OpenFile, u64),
    length: Option<u64>,
) -> Result<(), Refusal> {
    let mut left = length.unwrap_or(u64::MAX);
    while left > 0 {
        let piece = left.min(PIECE);
        let copied = source
            .file()
            .copy_range(from, Some(piece), target.file(), to);
        let copied = timeout(limit, copied).await.map_err(|_| too_slow())?;
        let copied = copied.map_err(refused)?;
        target.wrote(copied);
        activity.note();
        if copied < piece {
            break;
        }
        (from, to, left) = (from + copied, to + copied, left - copied);
    }
    Ok(())
}

async fn name(place: &Place, names: &Names) -> Result<UsersGroups, Refusal> {
    let found = place.storage.names(&names.uids, &names.gids).await;
    let found = found.map_err(refused)?;
    let told = |names: Vec<Option<Bytes>>| names.into_iter().map(Option::unwrap_or_default);
    Ok(UsersGroups {
        users: told(found.users).collect(),
        groups: told(found.groups).collect(),
    })
}

async fn room(place: &Place, of: &Target, file: Opened) -> Result<Statvfs, Refusal> {
    let space = match (of, file) {
        (_, Some(file)) => file?.file().space().await,
        (Target::Path(path) | Target::Link(path), None) => {
            place.storage.space(&place.resolve(path)?).await
        }
        (Target::File(_), None) => return Err(RefusalKind::Failed.into()),
    };
    space.map(|space| told_space(&space)).map_err(refused)
}
