//! [`ReadOnly`]: nothing can be changed through it.

use async_trait::async_trait;
use bytes::Bytes;

use crate::{
    error::{Error, ErrorKind, Result},
    metadata::{Metadata, SetAttributes},
    path::VirtualPath,
    storage::{
        Algorithm, Capabilities, Committed, EntryStream, Existing, File, LocalFile, NameStream,
        Names, OpenOptions, Space, Storage,
    },
};

/// Lets everything be read and nothing be changed: that fails with [`ErrorKind::ReadOnly`].
///
/// ```
/// use std::sync::Arc;
/// use ftpkit_storage::{Memory, ReadOnly, Storage};
/// let storage: Arc<dyn Storage> = Arc::new(ReadOnly::new(Memory::new()));
/// ```
#[derive(Clone, Debug)]
pub struct ReadOnly<S>(S);

impl<S: Storage> ReadOnly<S> {
    /// Puts the layer over a storage; an `Arc<dyn Storage>` is one too.
    pub const fn new(inner: S) -> Self {
        Self(inner)
    }
}

fn refuse<T>(path: &VirtualPath, step: &'static str) -> Result<T> {
    Err(Error::new(ErrorKind::ReadOnly).at(path).during(step))
}

// A method that is forgotten here would be answered by its default.
#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: Storage> Storage for ReadOnly<S> {
    fn capabilities(&self) -> Capabilities {
        // Modes, owners and links stay: they are still shown.
        self.0.capabilities().without(
            Capabilities::WRITE
                | Capabilities::IN_PLACE
                | Capabilities::ANY_ORDER
                | Capabilities::ATOMIC_REPLACE
                | Capabilities::SET_TIMES
                | Capabilities::SET_CREATED
                | Capabilities::MAKE_SYMLINKS
                | Capabilities::HARD_LINKS
                | Capabilities::COPY
                | Capabilities::SYMLINK_ATTRIBUTES
                | Capabilities::SYNC,
        )
    }

    async fn metadata(&self, path: &VirtualPath) -> Result<Metadata> {
        self.0.metadata(path).await
    }

    async fn symlink_metadata(&self, path: &VirtualPath) -> Result<Metadata> {
        self.0.symlink_metadata(path).await
    }

    async fn may_enter(&self, path: &VirtualPath) -> Result<()> {
        self.0.may_enter(path).await
    }

    async fn list(&self, path: &VirtualPath) -> Result<EntryStream> {
        self.0.list(path).await
    }

    async fn list_names(&self, path: &VirtualPath) -> Result<NameStream> {
        self.0.list_names(path).await
    }

    async fn open(&self, path: &VirtualPath, options: OpenOptions) -> Result<Box<dyn File>> {
        if options.is_write() {
            return refuse(path, "open");
        }
        let inner = self.0.open(path, options).await?;
        let path = path.clone();
        Ok(Box::new(Reader { inner, path }))
    }

    async fn create_dir(&self, path: &VirtualPath) -> Result<()> {
        refuse(path, "create")
    }

    async fn remove_dir(&self, path: &VirtualPath) -> Result<()> {
        refuse(path, "remove")
    }

    async fn remove_file(&self, path: &VirtualPath) -> Result<()> {
        refuse(path, "remove")
    }

    async fn rename(&self, from: &VirtualPath, _: &VirtualPath, _: Existing) -> Result<()> {
        refuse(from, "rename")
    }

    async fn copy(&self, from: &VirtualPath, _: &VirtualPath) -> Result<()> {
        refuse(from, "copy")
    }

    async fn symlink(&self, _: &[u8], link: &VirtualPath) -> Result<()> {
        refuse(link, "link")
    }

    async fn hard_link(&self, _: &VirtualPath, link: &VirtualPath) -> Result<()> {
        refuse(link, "link")
    }

    async fn read_link(&self, path: &VirtualPath) -> Result<Bytes> {
        self.0.read_link(path).await
    }

    async fn set_attributes(&self, path: &VirtualPath, _: &SetAttributes) -> Result<()> {
        refuse(path, "set attributes of")
    }

    async fn set_symlink_attributes(&self, path: &VirtualPath, _: &SetAttributes) -> Result<()> {
        refuse(path, "set attributes of")
    }

    async fn checksum(
        &self,
        path: &VirtualPath,
        algorithm: Algorithm,
        offset: u64,
        length: Option<u64>,
    ) -> Result<Bytes> {
        self.0.checksum(path, algorithm, offset, length).await
    }

    async fn space(&self, path: &VirtualPath) -> Result<Space> {
        let mut space = self.0.space(path).await?;
        space.read_only = Some(true);
        Ok(space)
    }

    async fn names(&self, users: &[u32], groups: &[u32]) -> Result<Names> {
        self.0.names(users, groups).await
    }
}

/// A file that is read: many a system changes the attributes of one through its descriptor.
struct Reader {
    inner: Box<dyn File>,
    path: VirtualPath,
}

#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl File for Reader {
    async fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        self.inner.read_at(offset, buf).await
    }

    async fn write_at(&self, _: u64, _: &[u8]) -> Result<()> {
        refuse(&self.path, "write")
    }

    fn start(&self) -> u64 {
        self.inner.start()
    }

    async fn commit(self: Box<Self>) -> Result<Committed> {
        self.inner.commit().await
    }

    async fn metadata(&self) -> Result<Metadata> {
        self.inner.metadata().await
    }

    async fn set_attributes(&self, _: &SetAttributes) -> Result<()> {
        refuse(&self.path, "set attributes of")
    }

    async fn sync(&self) -> Result<()> {
        Ok(())
    }

    async fn space(&self) -> Result<Space> {
        let mut space = self.inner.space().await?;
        space.read_only = Some(true);
        Ok(space)
    }

    async fn copy_range(
        &self,
        from: u64,
        length: Option<u64>,
        to: &dyn File,
        at: u64,
    ) -> Result<u64> {
        self.inner.copy_range(from, length, to, at).await
    }

    fn as_local(&self) -> Option<LocalFile<'_>> {
        self.inner.as_local()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Memory;

    #[tokio::test]
    async fn reads_and_changes_nothing() {
        let memory = Memory::new();
        let path = VirtualPath::try_from("/a").unwrap();
        let other = VirtualPath::try_from("/b").unwrap();
        let file = memory.open(&path, OpenOptions::replace()).await.unwrap();
        file.write_at(0, b"kept").await.unwrap();
        file.commit().await.unwrap();
        memory
            .symlink(b"a", &VirtualPath::try_from("/link").unwrap())
            .await
            .unwrap();
        let before = memory.metadata(&path).await.unwrap();

        let storage = ReadOnly::new(memory.clone());
        let attributes = SetAttributes::new().mode(0);
        for (what, result) in [
            ("mkdir", storage.create_dir(&other).await),
            ("rmdir", storage.remove_dir(&path).await),
            ("remove", storage.remove_file(&path).await),
            (
                "rename",
                storage.rename(&path, &other, Existing::Replace).await,
            ),
            ("copy", storage.copy(&path, &other).await),
            ("symlink", storage.symlink(b"a", &other).await),
            ("link", storage.hard_link(&path, &other).await),
            ("set", storage.set_attributes(&path, &attributes).await),
        ] {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::ReadOnly, "{what}");
        }
        for options in [
            OpenOptions::replace(),
            OpenOptions::create_new(),
            OpenOptions::append(),
            OpenOptions::write_at(1),
        ] {
            let error = storage.open(&path, options).await.err().unwrap();
            assert_eq!(error.kind(), ErrorKind::ReadOnly);
        }
        let file = storage.open(&path, OpenOptions::read()).await.unwrap();
        let mut buf = [0; 8];
        assert_eq!(file.read_at(0, &mut buf).await.unwrap(), 4);
        let link = VirtualPath::try_from("/link").unwrap();
        assert_eq!(&storage.read_link(&link).await.unwrap()[..], b"a");
        assert!(storage.symlink_metadata(&link).await.unwrap().is_symlink());
        assert_eq!(memory.metadata(&path).await.unwrap(), before);
        let pages = storage.list(&VirtualPath::root()).await.unwrap();
        assert_eq!(crate::collect_entries(pages, 9).await.unwrap().len(), 2);
        assert!(!storage.capabilities().contains(Capabilities::WRITE));
    }
}
