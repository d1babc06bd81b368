//! COMB: parts that were uploaded one by one become one file. All of it happens, or nothing as
//! far as the storage lets that be: everything is looked at first, and what an interrupted
//! append has added is cut off again.

use std::{pin::pin, sync::Arc};

use ftpkit_proto::server::{Refusal, RefusalKind};
use ftpkit_storage::{
    Capabilities, Error, ErrorKind, File, Metadata, OpenOptions, SetAttributes, Storage,
    VirtualPath,
};
use futures::future::{Either, select};
use tokio::sync::oneshot;

use super::Progress;
use crate::storage_map::refusal;

/// How much is copied at a time.
const BLOCK: usize = 256 * 1024;

/// Appends the parts to the target in their order, and removes them.
///
/// It is carried out by a task of its own, which undoes what was done when this is dropped.
pub(super) async fn combine(
    storage: &Arc<dyn Storage>,
    target: &VirtualPath,
    parts: Vec<VirtualPath>,
    progress: &Progress,
) -> Result<(), Refusal> {
    let can = storage.capabilities();
    if !can.contains(Capabilities::WRITE) {
        return Err(RefusalKind::Denied.into());
    }
    if !can.contains(Capabilities::IN_PLACE) {
        return Err(RefusalKind::Unsupported.into());
    }
    let job = Job {
        storage: Arc::clone(storage),
        target: target.clone(),
        parts,
        progress: progress.clone(),
    };
    // Dropped with this future, which the task takes notice of.
    let (_waits, given_up) = oneshot::channel();
    let done = tokio::spawn(async move { job.run(given_up).await }).await;
    done.map_err(|_| Refusal::new(RefusalKind::Failed))?
        .map_err(|e| refusal(&e))
}

struct Job {
    storage: Arc<dyn Storage>,
    target: VirtualPath,
    parts: Vec<VirtualPath>,
    progress: Progress,
}

/// One part, open, with its size where that is known.
struct Part {
    file: Box<dyn File>,
    size: Option<u64>,
}

impl Job {
    async fn run(&self, given_up: oneshot::Receiver<()>) -> Result<(), Error> {
        let before = match self.storage.metadata(&self.target).await {
            Ok(there) if there.is_directory() => return Err(ErrorKind::IsADirectory.into()),
            Ok(there) => Some(there),
            Err(error) if error.kind() == ErrorKind::NotFound => None,
            Err(error) => return Err(error),
        };
        let sources = self.sources(before.as_ref()).await?;
        // A new file appears with its commit; one that is there grows in place.
        let options = match before {
            Some(_) => OpenOptions::append(),
            None => OpenOptions::create_new(),
        };
        let expected = sources.iter().try_fold(0_u64, |all, source| {
            source.size.map(|size| all.saturating_add(size))
        });
        let options = options.expected_size(expected);
        let file = self.storage.open(&self.target, options).await?;
        let start = file.start();
        let appended = {
            let append = pin!(append(&*file, start, &sources, &self.progress));
            match select(append, given_up).await {
                Either::Left((appended, _)) => appended,
                Either::Right(_) => Err(ErrorKind::Other.into()),
            }
        };
        let done = match appended {
            Ok(()) => file.commit().await.map(drop),
            Err(error) => {
                drop(file);
                Err(error)
            }
        };
        if let Err(error) = done {
            self.undo(before.is_some().then_some(start)).await;
            return Err(error);
        }
        // The target has all of it: a part that stays does no harm.
        for part in &self.parts {
            self.note(self.storage.remove_file(part).await);
        }
        Ok(())
    }

    /// Cuts the target down to what it was; `None`: it was not there.
    async fn undo(&self, size: Option<u64>) {
        let undone = match size {
            Some(size) => {
                let cut = SetAttributes::new().size(size);
                self.storage.set_attributes(&self.target, &cut).await
            }
            // Most storages never let it appear.
            None => match self.storage.remove_file(&self.target).await {
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
                removed => removed,
            },
        };
        self.note(undone);
    }

    /// Opens all parts: each another file, and none of them the target.
    async fn sources(&self, target: Option<&Metadata>) -> Result<Vec<Part>, Error> {
        let mut sources = Vec::with_capacity(self.parts.len());
        let mut seen: Vec<_> = target.and_then(|there| there.unique).into_iter().collect();
        for (at, path) in self.parts.iter().enumerate() {
            let twice = || Error::new(ErrorKind::Invalid).at(path).during("combine");
            let named = self.parts.iter().take(at).any(|other| other == path);
            if named || *path == self.target {
                return Err(twice());
            }
            let file = self.storage.open(path, OpenOptions::read()).await?;
            let metadata = file.metadata().await?;
            // A link is another name of the same file.
            if let Some(unique) = metadata.unique {
                if seen.contains(&unique) {
                    return Err(twice());
                }
                seen.push(unique);
            }
            let size = metadata.size;
            sources.push(Part { file, size });
        }
        Ok(sources)
    }

    fn note(&self, done: Result<(), Error>) {
        if let Err(error) = done {
            tracing::warn!(target = %self.target, %error, "what COMB leaves is not tidy");
        }
    }
}

async fn append(
    file: &dyn File,
    mut to: u64,
    sources: &[Part],
    progress: &Progress,
) -> Result<(), Error> {
    let mut block = vec![0; BLOCK];
    for Part { file: source, size } in sources {
        // What is added to a part meanwhile is not part of it.
        let size = size.unwrap_or(u64::MAX);
        let mut from = 0;
        while from < size {
            let room = usize::try_from(size - from).map_or(BLOCK, |left| left.min(BLOCK));
            let room = block.get_mut(..room).unwrap_or_default();
            let read = source.read_at(from, room).await?;
            let Some(data) = block.get(..read).filter(|data| !data.is_empty()) else {
                break;
            };
            file.write_at(to, data).await?;
            from = from.saturating_add(read as u64);
            to = to.saturating_add(read as u64);
            progress.advance();
            tokio::task::yield_now().await;
        }
    }
    Ok(())
}
