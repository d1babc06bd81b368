//! Pointers to a storage are one.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;

use super::{
    Algorithm, Capabilities, EntryStream, Existing, File, NameStream, Names, OpenOptions, Space,
    Storage,
};
use crate::{
    error::Result,
    metadata::{Metadata, SetAttributes},
    path::VirtualPath,
};

macro_rules! delegate {
    ($pointer:ident) => {
        // A method that is forgotten here would be unsupported, or answered by its default.
        #[deny(clippy::missing_trait_methods)]
        #[async_trait]
        impl<S: Storage + ?Sized> Storage for $pointer<S> {
            fn capabilities(&self) -> Capabilities {
                (**self).capabilities()
            }
            async fn metadata(&self, path: &VirtualPath) -> Result<Metadata> {
                (**self).metadata(path).await
            }
            async fn symlink_metadata(&self, path: &VirtualPath) -> Result<Metadata> {
                (**self).symlink_metadata(path).await
            }
            async fn may_enter(&self, path: &VirtualPath) -> Result<()> {
                (**self).may_enter(path).await
            }
            async fn list(&self, path: &VirtualPath) -> Result<EntryStream> {
                (**self).list(path).await
            }
            async fn list_names(&self, path: &VirtualPath) -> Result<NameStream> {
                (**self).list_names(path).await
            }
            async fn open(
                &self,
                path: &VirtualPath,
                options: OpenOptions,
            ) -> Result<Box<dyn File>> {
                (**self).open(path, options).await
            }
            async fn create_dir(&self, path: &VirtualPath) -> Result<()> {
                (**self).create_dir(path).await
            }
            async fn remove_dir(&self, path: &VirtualPath) -> Result<()> {
                (**self).remove_dir(path).await
            }
            async fn remove_file(&self, path: &VirtualPath) -> Result<()> {
                (**self).remove_file(path).await
            }
            async fn rename(
                &self,
                from: &VirtualPath,
                to: &VirtualPath,
                existing: Existing,
            ) -> Result<()> {
                (**self).rename(from, to, existing).await
            }
            async fn copy(&self, from: &VirtualPath, to: &VirtualPath) -> Result<()> {
                (**self).copy(from, to).await
            }
            async fn symlink(&self, target: &[u8], link: &VirtualPath) -> Result<()> {
                (**self).symlink(target, link).await
            }
            async fn hard_link(&self, existing: &VirtualPath, link: &VirtualPath) -> Result<()> {
                (**self).hard_link(existing, link).await
            }
            async fn read_link(&self, path: &VirtualPath) -> Result<Bytes> {
                (**self).read_link(path).await
            }
            async fn set_attributes(
                &self,
                path: &VirtualPath,
                attributes: &SetAttributes,
            ) -> Result<()> {
                (**self).set_attributes(path, attributes).await
            }
            async fn set_symlink_attributes(
                &self,
                path: &VirtualPath,
                attributes: &SetAttributes,
            ) -> Result<()> {
                (**self).set_symlink_attributes(path, attributes).await
            }
            async fn checksum(
                &self,
                path: &VirtualPath,
                algorithm: Algorithm,
                offset: u64,
                length: Option<u64>,
            ) -> Result<Bytes> {
                (**self).checksum(path, algorithm, offset, length).await
            }
            async fn space(&self, path: &VirtualPath) -> Result<Space> {
                (**self).space(path).await
            }
            async fn names(&self, users: &[u32], groups: &[u32]) -> Result<Names> {
                (**self).names(users, groups).await
            }
        }
    };
}

delegate!(Arc);
delegate!(Box);
