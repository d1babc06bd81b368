//! [`Rooted`]: a directory of a storage as a storage.

use async_trait::async_trait;
use bytes::Bytes;
use futures::TryStreamExt as _;

use crate::{
    error::{Error, ErrorKind, Result},
    metadata::{Metadata, SetAttributes},
    path::VirtualPath,
    storage::{
        Algorithm, Capabilities, EntryStream, Existing, File, NameStream, Names, OpenOptions,
        Space, Storage,
    },
};

/// Shows a directory of another storage as the root; what is beside it cannot be named. Errors
/// name the path as this layer shows it; those of an open file or a listing under way name the
/// one below.
///
/// A symbolic link could lead out of the directory, since the storage below follows it. So none
/// can be made through this layer, and a path that leads through one that is there already fails
/// with [`ErrorKind::NotFound`]; each operation asks the storage below about each component for
/// that. Where one leads that is absolute or climbs above the root is not shown.
///
/// That holds against users of this layer, not against somebody who makes links beside it at the
/// same moment: against them, open the directory as a storage of its own where the backend can.
#[derive(Clone, Debug)]
pub struct Rooted<S> {
    inner: S,
    root: VirtualPath,
}

/// What may stand at the end of a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Last {
    /// It is followed by the operation, so it must not be a link.
    Followed,
    /// The operation is about the link itself.
    Itself,
}

impl<S: Storage> Rooted<S> {
    /// Makes `root` the root. It need not exist yet.
    pub const fn new(inner: S, root: VirtualPath) -> Self {
        Self { inner, root }
    }

    async fn enter(&self, path: &VirtualPath, last: Last) -> Result<VirtualPath> {
        let below = path.under(&self.root)?;
        if !self.inner.capabilities().contains(Capabilities::SYMLINKS) {
            return Ok(below);
        }
        let mut at = self.root.clone();
        let mut components = path.components().peekable();
        while let Some(component) = components.next() {
            at = at.child(component)?;
            if last == Last::Itself && components.peek().is_none() {
                break;
            }
            match self.inner.symlink_metadata(&at).await {
                Ok(metadata) if metadata.is_symlink() => {
                    return Err(Error::new(ErrorKind::NotFound).at(path));
                }
                Ok(_) => {}
                // The operation itself says what is wrong, or makes what is missing.
                Err(_) => break,
            }
        }
        Ok(below)
    }

    /// Takes the target from a link that leads out: it may spell out where the root lies.
    fn hide_target(directory: &VirtualPath, metadata: &mut Metadata) {
        metadata.target = metadata.target.take_if(|target| stays(directory, target));
    }

    fn outside(&self, error: Error) -> Error {
        error.map_path(|path| path.strip_prefix(&self.root))
    }
}

/// Whether the target of a link in this directory stays below the root.
fn stays(directory: &VirtualPath, target: &[u8]) -> bool {
    let mut depth = directory.components().count();
    !target.starts_with(b"/")
        && target.split(|&b| b == b'/').all(|name| {
            match name {
                b"" | b"." => {}
                b".." if depth == 0 => return false,
                b".." => depth -= 1,
                _ => depth += 1,
            }
            true
        })
}

macro_rules! through {
    ($self:ident, $path:ident, $last:ident, |$below:ident| $call:expr) => {{
        let $below = $self.enter($path, Last::$last).await?;
        $call.await.map_err(|error| $self.outside(error).at($path))
    }};
}

// A method that is forgotten here would be unsupported, or answered by its default.
#[deny(clippy::missing_trait_methods)]
#[async_trait]
impl<S: Storage> Storage for Rooted<S> {
    fn capabilities(&self) -> Capabilities {
        let can = self.inner.capabilities();
        can.without(Capabilities::MAKE_SYMLINKS)
    }

    async fn metadata(&self, path: &VirtualPath) -> Result<Metadata> {
        through!(self, path, Followed, |below| self.inner.metadata(&below))
    }

    async fn symlink_metadata(&self, path: &VirtualPath) -> Result<Metadata> {
        let found = through!(self, path, Itself, |below| self
            .inner
            .symlink_metadata(&below));
        found.map(|mut metadata| {
            Self::hide_target(
                &path.parent().unwrap_or_else(VirtualPath::root),
                &mut metadata,
            );
            metadata
        })
    }

    async fn may_enter(&self, path: &VirtualPath) -> Result<()> {
        through!(self, path, Followed, |below| self.inner.may_enter(&below))
    }

    async fn list(&self, path: &VirtualPath) -> Result<EntryStream> {
        let pages = through!(self, path, Followed, |below| self.inner.list(&below))?;
        let path = path.clone();
        Ok(Box::pin(pages.map_ok(move |mut page| {
            for entry in &mut page {
                Self::hide_target(&path, &mut entry.metadata);
            }
            page
        })))
    }

    async fn list_names(&self, path: &VirtualPath) -> Result<NameStream> {
        through!(self, path, Followed, |below| self.inner.list_names(&below))
    }

    async fn open(&self, path: &VirtualPath, options: OpenOptions) -> Result<Box<dyn File>> {
        through!(self, path, Followed, |below| self
            .inner
            .open(&below, options))
    }

    async fn create_dir(&self, path: &VirtualPath) -> Result<()> {
        through!(self, path, Itself, |below| self.inner.create_dir(&below))
    }

    async fn remove_dir(&self, path: &VirtualPath) -> Result<()> {
        if path.is_root() {
            return Err(Error::new(ErrorKind::Denied).at(path).during("remove"));
        }
        through!(self, path, Itself, |below| self.inner.remove_dir(&below))
    }

    async fn remove_file(&self, path: &VirtualPath) -> Result<()> {
        through!(self, path, Itself, |below| self.inner.remove_file(&below))
    }

    async fn rename(&self, from: &VirtualPath, to: &VirtualPath, existing: Existing) -> Result<()> {
        if from.is_root() {
            return Err(Error::new(ErrorKind::Denied).at(from).during("rename"));
        }
        let target = self.enter(to, Last::Itself).await?;
        through!(self, from, Itself, |below| self
            .inner
            .rename(&below, &target, existing))
    }

    async fn copy(&self, from: &VirtualPath, to: &VirtualPath) -> Result<()> {
        let target = self.enter(to, Last::Followed).await?;
        through!(self, from, Followed, |below| self
            .inner
            .copy(&below, &target))
    }

    async fn hard_link(&self, existing: &VirtualPath, link: &VirtualPath) -> Result<()> {
        let target = self.enter(link, Last::Itself).await?;
        through!(self, existing, Itself, |below| self
            .inner
            .hard_link(&below, &target))
    }

    async fn symlink(&self, _: &[u8], link: &VirtualPath) -> Result<()> {
        Err(Error::new(ErrorKind::Unsupported).at(link).during("link"))
    }

    async fn read_link(&self, path: &VirtualPath) -> Result<Bytes> {
        let target = through!(self, path, Itself, |below| self.inner.read_link(&below))?;
        let directory = path.parent().unwrap_or_else(VirtualPath::root);
        if stays(&directory, &target) {
            Ok(target)
        } else {
            Err(Error::new(ErrorKind::Denied)
                .at(path)
                .during("read the link"))
        }
    }

    async fn set_attributes(&self, path: &VirtualPath, attributes: &SetAttributes) -> Result<()> {
        through!(self, path, Followed, |below| self
            .inner
            .set_attributes(&below, attributes))
    }

    async fn set_symlink_attributes(
        &self,
        path: &VirtualPath,
        attributes: &SetAttributes,
    ) -> Result<()> {
        through!(self, path, Itself, |below| self
            .inner
            .set_symlink_attributes(&below, attributes))
    }

    async fn checksum(
        &self,
        path: &VirtualPath,
        algorithm: Algorithm,
        offset: u64,
        length: Option<u64>,
    ) -> Result<Bytes> {
        through!(self, path, Followed, |below| self
            .inner
            .checksum(&below, algorithm, offset, length))
    }

    async fn space(&self, path: &VirtualPath) -> Result<Space> {
        through!(self, path, Followed, |below| self.inner.space(&below))
    }

    async fn names(&self, users: &[u32], groups: &[u32]) -> Result<Names> {
        self.inner.names(users, groups).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::Memory;

    fn path(text: &str) -> VirtualPath {
        VirtualPath::try_from(text).unwrap()
    }

    async fn outer() -> (Memory, Rooted<Arc<dyn Storage>>) {
        let memory = Memory::new();
        for directory in ["/home", "/home/ann", "/other"] {
            memory.create_dir(&path(directory)).await.unwrap();
        }
        let file = memory
            .open(&path("/other/secret"), OpenOptions::replace())
            .await
            .unwrap();
        file.commit().await.unwrap();
        let inner: Arc<dyn Storage> = Arc::new(memory.clone());
        (memory, Rooted::new(inner, path("/home/ann")))
    }

    #[tokio::test]
    async fn passes_the_conformance_suite() {
        crate::conformance::check(&outer().await.1, crate::UploadPolicy::Atomic).await;
    }

    #[tokio::test]
    async fn errors_show_no_path_from_below() {
        let (_, rooted) = outer().await;
        let error = rooted.metadata(&path("/x/y")).await.unwrap_err();
        assert_eq!(error.to_string(), "stat /x/y: no such file or directory");
        let error = rooted
            .rename(&path("/x"), &path("/no/y"), Existing::Keep)
            .await
            .unwrap_err();
        assert!(!error.to_string().contains("home"), "{error}");
    }

    #[tokio::test]
    async fn links_do_not_lead_out() {
        let (memory, rooted) = outer().await;
        memory
            .symlink(b"../../other", &path("/home/ann/dir"))
            .await
            .unwrap();
        memory
            .symlink(b"/other/secret", &path("/home/ann/file"))
            .await
            .unwrap();
        for target in ["/dir", "/file", "/dir/secret", "/dir/new"] {
            let target = path(target);
            let there = rooted.metadata(&target).await;
            assert_eq!(there.unwrap_err().kind(), ErrorKind::NotFound, "{target}");
            for options in [
                OpenOptions::read(),
                OpenOptions::replace(),
                OpenOptions::append(),
            ] {
                let opened = rooted.open(&target, options).await;
                assert_eq!(
                    opened.err().unwrap().kind(),
                    ErrorKind::NotFound,
                    "{target}"
                );
            }
        }
        let removed = rooted.remove_file(&path("/dir/secret")).await;
        assert_eq!(removed.unwrap_err().kind(), ErrorKind::NotFound);
        let made = rooted.symlink(b"/other", &path("/mine")).await;
        assert_eq!(made.unwrap_err().kind(), ErrorKind::Unsupported);
        assert!(memory.metadata(&path("/other/secret")).await.is_ok());
        // The link itself can be seen, and taken away.
        assert!(
            rooted
                .symlink_metadata(&path("/file"))
                .await
                .unwrap()
                .is_symlink()
        );
        rooted.remove_file(&path("/file")).await.unwrap();
        assert!(memory.metadata(&path("/other/secret")).await.is_ok());
    }

    #[tokio::test]
    async fn no_link_shows_where_the_root_lies() {
        let (memory, rooted) = outer().await;
        memory.create_dir(&path("/home/ann/d")).await.unwrap();
        for (link, target, shown) in [
            ("/a", &b"/home/ann/d"[..], false),
            ("/b", b"../../home/ann/d", false),
            ("/c", b"d/../../ann/d", false),
            ("/d/a", b"../../ann/d", false),
            ("/d/b", b"..", true),
            ("/d/c", b"../d/./x", true),
            ("/e", b"d", true),
        ] {
            let link = path(link);
            let below = link.under(&path("/home/ann")).unwrap();
            memory.symlink(target, &below).await.unwrap();
            let read = rooted.read_link(&link).await;
            let known = rooted.symlink_metadata(&link).await.unwrap().target;
            let pages = rooted.list(&link.parent().unwrap()).await.unwrap();
            let entries = crate::collect_entries(pages, 100).await.unwrap();
            let listed = entries
                .into_iter()
                .find(|entry| entry.name == link.file_name().unwrap())
                .and_then(|entry| entry.metadata.target);
            let expected = shown.then(|| Bytes::copy_from_slice(target));
            assert_eq!((&known, &listed), (&expected, &expected), "{link}");
            match expected {
                Some(expected) => assert_eq!(read.unwrap(), expected, "{link}"),
                None => assert_eq!(read.unwrap_err().kind(), ErrorKind::Denied, "{link}"),
            }
        }
    }

    #[tokio::test]
    async fn the_root_stays() {
        let (memory, rooted) = outer().await;
        for error in [
            rooted.remove_dir(&path("/")).await.unwrap_err(),
            rooted
                .rename(&path("/"), &path("/x"), Existing::Keep)
                .await
                .unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Denied);
        }
        assert!(memory.metadata(&path("/home/ann")).await.is_ok());
    }
}
