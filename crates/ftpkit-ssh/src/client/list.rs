//! Listings as streams of entries: [`Listing`].

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use ftpkit_sftp::client::{Entry, Page, Request};

use super::{
    error::{Result, Step},
    owned,
    session::{Inflow, Link},
};

/// A directory's entries as they come, in no order; never all of them in memory.
///
/// Dropping it ends the listing.
#[must_use = "a listing gives nothing until it is asked"]
pub struct Listing {
    inflow: Inflow<Page>,
    path: Bytes,
    page: VecDeque<Entry>,
    refused: Vec<Bytes>,
    refused_count: u64,
    ended: bool,
}

/// How many refused names are kept for the caller.
const MOST_REFUSED: usize = 100;

impl Listing {
    pub(super) fn new(link: &Arc<Link>, path: &[u8]) -> Self {
        let path = owned(path);
        Self {
            inflow: Inflow::pages(link, Request::List(path.clone())),
            path,
            page: VecDeque::new(),
            refused: Vec::new(),
            refused_count: 0,
            ended: false,
        }
    }

    /// The next entry; none at the end.
    ///
    /// # Errors
    /// Where the server refuses to list, at once or on the way. After that there is nothing.
    pub async fn next(&mut self) -> Result<Option<Entry>> {
        loop {
            if let Some(entry) = self.page.pop_front() {
                return Ok(Some(entry));
            }
            if self.ended {
                return Ok(None);
            }
            match self.inflow.next().await {
                Some(page) => self.take(page),
                None => {
                    self.ended = true;
                    let outcome = self.inflow.running.outcome(Step::List).await;
                    outcome.map_err(|error| error.with_path(&self.path))?;
                }
            }
        }
    }

    fn take(&mut self, page: Page) {
        self.refused_count += page.refused.len() as u64;
        let room = MOST_REFUSED - self.refused.len();
        self.refused.extend(page.refused.into_iter().take(room));
        self.page.extend(page.entries);
    }

    /// The first of the names so far that are none, such as `../x`: nobody but a hostile or broken
    /// server sends these. To be shown, escaped, at most.
    #[must_use]
    pub fn refused(&self) -> &[Bytes] {
        &self.refused
    }

    /// How many names were refused so far.
    #[must_use]
    pub const fn refused_count(&self) -> u64 {
        self.refused_count
    }
}

impl std::fmt::Debug for Listing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listing").finish_non_exhaustive()
    }
}
