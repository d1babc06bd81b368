//! Copying a part of one open file into another.

use std::{future::poll_fn, task::Poll};

use super::File;
use crate::error::{ErrorKind, Result};

/// Enough that calls cost little beside what they move.
const BLOCK: usize = 256 * 1024;

/// Refuses two open files that are one and the same: the first step of [`File::copy_range`].
///
/// # Errors
/// [`ErrorKind::Invalid`] if they are one object, or have one
/// [`unique`](crate::Metadata::unique) number.
pub async fn check_apart<F: File + ?Sized>(from: &F, to: &dyn File) -> Result<()> {
    let same = std::ptr::addr_eq(std::ptr::from_ref(from), std::ptr::from_ref(to)) || {
        let one = from.metadata().await?.unique;
        one.is_some() && one == to.metadata().await?.unique
    };
    if same {
        return Err(ErrorKind::Invalid.into());
    }
    Ok(())
}

/// Copies a part of an open file into another by reading and writing blocks: what
/// [`File::copy_range`] does where there is nothing faster. The two are not compared.
///
/// # Errors
/// Those of reading and writing; [`ErrorKind::Invalid`] for an offset that is too large.
pub async fn copy_blocks<F: File + ?Sized>(
    from: &F,
    offset: u64,
    length: Option<u64>,
    to: &dyn File,
    at: u64,
) -> Result<u64> {
    let mut block = Vec::new();
    let mut done = 0_u64;
    loop {
        let left = length.map_or(u64::MAX, |length| length - done);
        let size = usize::try_from(left).map_or(BLOCK, |left| left.min(BLOCK));
        if size == 0 {
            return Ok(done);
        }
        let place = |start: u64| start.checked_add(done).ok_or(ErrorKind::Invalid);
        let (source, target) = (place(offset)?, place(at)?);
        block.resize(size, 0);
        let got = from.read_at(source, &mut block).await?;
        // A file that claims to have read more than fits would be broken.
        let Some(data) = block.get(..got).filter(|data| !data.is_empty()) else {
            return Ok(done);
        };
        to.write_at(target, data).await?;
        done += got as u64;
        turn().await;
    }
}

/// Lets others have their turn: neither end may ever have to wait.
async fn turn() {
    let mut waited = false;
    poll_fn(|cx| {
        if waited {
            return Poll::Ready(());
        }
        waited = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
