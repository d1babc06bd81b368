//! A directory of a [`Remote`](super::Remote), page by page.

use std::{collections::VecDeque, sync::Arc};

use ftpkit_sftp::client::{Entry as Listed, Page, Request};
use ftpkit_storage::{Entry, VirtualPath, staging::is_temporary};
use futures::future::join_all;

use super::{Inner, attributes};
use crate::client::{
    SftpClient,
    error::{Error, Step},
    session::Inflow,
};

/// How many entries a page holds at most.
const PAGE: usize = 256;

/// The pages of a directory. The first is there already, so that what cannot be listed is known.
pub(super) struct Pages {
    client: SftpClient,
    /// The server's path, with a slash behind it.
    name: Vec<u8>,
    inflow: Inflow<Page>,
    waiting: VecDeque<Entry>,
    ended: bool,
}

impl Pages {
    pub(super) async fn start(inner: &Arc<Inner>, path: &VirtualPath) -> Result<Self, Error> {
        let client = inner.client().await?;
        let name = inner.name(path);
        let inflow = Inflow::pages(&client.link, Request::List(name.clone()));
        let mut name = name.to_vec();
        if name.last() != Some(&b'/') {
            name.push(b'/');
        }
        let mut this = Self {
            client,
            name,
            inflow,
            waiting: VecDeque::new(),
            ended: false,
        };
        this.fill().await?;
        Ok(this)
    }

    /// Waits for entries, or the end.
    async fn fill(&mut self) -> Result<(), Error> {
        while self.waiting.is_empty() && !self.ended {
            let Some(page) = self.inflow.next().await else {
                self.ended = true;
                let ended = self.inflow.running.outcome(Step::List).await;
                ended.map_err(|error| error.with_path(&self.name))?;
                return Ok(());
            };
            for name in page.refused {
                tracing::debug!(?name, "a name that is none is left out");
            }
            let entries = page
                .entries
                .iter()
                .filter(|entry| !is_temporary(entry.name()));
            let entries = join_all(entries.map(|entry| self.entry(entry))).await;
            self.waiting.extend(entries.into_iter().flatten());
        }
        Ok(())
    }

    /// An entry, of a symbolic link with what it leads to.
    async fn entry(&self, listed: &Listed) -> Option<Entry> {
        let mut metadata = attributes::metadata(&listed.attributes);
        if metadata.is_symlink() {
            let path = [&self.name, &listed.name()[..]].concat();
            // It may be gone by now, or not be told; it is a link all the same.
            metadata.target = self.client.read_link(path).await.ok();
        }
        match Entry::new(listed.name().clone(), metadata) {
            Ok(entry) => Some(entry),
            // Nobody could name it.
            Err(error) => {
                tracing::debug!(%error, "an entry is left out");
                None
            }
        }
    }

    pub(super) async fn next(&mut self) -> Result<Option<Vec<Entry>>, Error> {
        self.fill().await?;
        let count = self.waiting.len().min(PAGE);
        let page: Vec<Entry> = self.waiting.drain(..count).collect();
        Ok((!page.is_empty()).then_some(page))
    }
}
