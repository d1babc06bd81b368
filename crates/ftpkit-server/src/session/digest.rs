//! Digests of files, by the storage where it has them, else by reading: a block at a time, away
//! from the threads that serve the sessions.

use ftpkit_proto::{
    command::{ByteRange, HashAlgorithm},
    server::{Digest, Digested, Refusal, RefusalKind},
};
use ftpkit_storage::{Algorithm, Capabilities, ErrorKind, VirtualPath};
use tokio::sync::Semaphore;

use super::{Progress, paths::Place, questions::metadata};
use crate::storage_map::refusal;

/// The digest that is asked for. It may be given up at any moment.
pub(super) async fn digest(
    turns: &Semaphore,
    progress: &Progress,
    place: &Place,
    question: Digest,
) -> Result<Digested, Refusal> {
    let path = place.resolve(Some(&question.path))?;
    let algorithm = algorithm(question.algorithm)?;
    let (offset, length) = question
        .range
        .map_or((0, None), |range| (range.start(), range.length()));
    let found = metadata(place, &path).await?;
    if found.is_directory() {
        return Err(RefusalKind::IsADirectory.into());
    }
    if let Some(size) = found.size
        && place
            .storage()
            .capabilities()
            .contains(Capabilities::CHECKSUM)
    {
        let left = size.checked_sub(offset);
        let left = left.ok_or_else(|| Refusal::new(RefusalKind::BeyondEnd))?;
        let length = length.map_or(left, |length| length.min(left));
        let own = place
            .storage()
            .checksum(&path, algorithm, offset, Some(length));
        match own.await {
            Ok(digest) => return Ok(Digested::new(digest, length)),
            // Not this algorithm, or not of a part.
            Err(error) if error.kind() == ErrorKind::Unsupported => {}
            Err(error) => return Err(refusal(&error)),
        }
    }
    by_reading(turns, progress, place, &path, algorithm, question.range).await
}

fn algorithm(algorithm: HashAlgorithm) -> Result<Algorithm, Refusal> {
    Ok(match algorithm {
        HashAlgorithm::Crc32 => Algorithm::Crc32,
        HashAlgorithm::Md5 => Algorithm::Md5,
        HashAlgorithm::Sha1 => Algorithm::Sha1,
        HashAlgorithm::Sha256 => Algorithm::Sha256,
        HashAlgorithm::Sha512 => Algorithm::Sha512,
        _ => return Err(RefusalKind::Unsupported.into()),
    })
}

#[cfg(not(feature = "hash"))]
async fn by_reading(
    _turns: &Semaphore,
    _progress: &Progress,
    _place: &Place,
    _path: &VirtualPath,
    _algorithm: Algorithm,
    _range: Option<ByteRange>,
) -> Result<Digested, Refusal> {
    Err(RefusalKind::Unsupported.into())
}

#[cfg(feature = "hash")]
async fn by_reading(
    turns: &Semaphore,
    progress: &Progress,
    place: &Place,
    path: &VirtualPath,
    algorithm: Algorithm,
    range: Option<ByteRange>,
) -> Result<Digested, Refusal> {
    /// How much is read at a time: a millisecond of work.
    const BLOCK: usize = 256 * 1024;

    let opened = place
        .storage()
        .open(path, ftpkit_storage::OpenOptions::read());
    let file = opened.await.map_err(|e| refusal(&e))?;
    let start = range.map_or(0, ByteRange::start);
    let end = range.and_then(ByteRange::end).unwrap_or(u64::MAX);
    let size = file.metadata().await.map_err(|e| refusal(&e))?.size;
    if size.is_some_and(|size| start > size) {
        return Err(RefusalKind::BeyondEnd.into());
    }
    let mut hasher = ftpkit_storage::Hasher::new(algorithm);
    let mut block = vec![0; BLOCK];
    let mut at = start;
    while at < end {
        let room = usize::try_from(end - at).map_or(BLOCK, |left| left.min(BLOCK));
        let room = block.get_mut(..room).unwrap_or_default();
        let read = file.read_at(at, room).await.map_err(|e| refusal(&e))?;
        if read == 0 {
            break;
        }
        // A storage that is slow keeps nobody from computing.
        let turn = turns.acquire().await;
        let _turn = turn.map_err(|_| Refusal::new(RefusalKind::Failed))?;
        // A hop to another thread for each block costs a hundredth of what is done there.
        let hashed = tokio::task::spawn_blocking(move || {
            hasher.update(block.get(..read).unwrap_or_default());
            (hasher, block)
        });
        let hashed = hashed.await;
        (hasher, block) = hashed.map_err(|_| Refusal::new(RefusalKind::Failed))?;
        at = at.saturating_add(read as u64);
        progress.advance();
    }
    Ok(Digested::new(hasher.finish(), at - start))
}
