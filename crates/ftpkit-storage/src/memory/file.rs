//! Open files of the memory backend.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use bytes::Bytes;

use super::{
    Shared,
    tree::{FileNode, Node, NodeId, Tree},
};
use crate::{
    error::{Error, ErrorKind, Result},
    metadata::{Metadata, SetAttributes},
    path::VirtualPath,
    storage::{Committed, File, Space},
};

pub(super) struct MemoryFile {
    pub(super) shared: Arc<Shared>,
    pub(super) path: VirtualPath,
    pub(super) node: Arc<FileNode>,
    pub(super) readable: bool,
    pub(super) role: Role,
}

pub(super) enum Role {
    Reader,
    /// It has its name already.
    InPlace {
        start: u64,
    },
    /// It gets its name at commit.
    Upload(Upload),
}

pub(super) struct Upload {
    pub(super) directory: NodeId,
    pub(super) name: Bytes,
    /// The name must still be free at commit; it is reserved until then.
    pub(super) exclusive: bool,
    /// The mode was set by the writer, so that it is not taken from what is replaced.
    pub(super) mode_set: AtomicBool,
}

impl MemoryFile {
    fn error(&self, error: Error, step: &'static str) -> Error {
        error.at(&self.path).during(step)
    }
}

#[async_trait]
impl File for MemoryFile {
    async fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<usize> {
        if !self.readable {
            return Err(self.error(ErrorKind::Denied.into(), "read"));
        }
        Ok(self.node.lock().content.read(offset, buf))
    }

    async fn write_at(&self, offset: u64, data: &[u8]) -> Result<()> {
        match self.role {
            Role::Reader => Err(self.error(ErrorKind::Denied.into(), "write")),
            _ => self
                .node
                .write(offset, data)
                .map_err(|error| self.error(error, "write")),
        }
    }

    fn start(&self) -> u64 {
        match self.role {
            Role::InPlace { start } => start,
            _ => 0,
        }
    }

    async fn commit(self: Box<Self>) -> Result<Committed> {
        if let Role::Upload(upload) = &self.role {
            let mut tree = self.shared.tree();
            let attach = upload.attach(&mut tree, &self.node);
            drop(tree);
            attach.map_err(|error| self.error(error, "commit"))?;
        }
        Ok(Committed::new(self.node.lock().content.size()))
    }

    async fn metadata(&self) -> Result<Metadata> {
        Ok(self.node.metadata())
    }

    async fn set_attributes(&self, attributes: &SetAttributes) -> Result<()> {
        const STEP: &str = "set attributes of";
        if attributes.size.is_some() && matches!(self.role, Role::Reader) {
            return Err(self.error(ErrorKind::Denied.into(), STEP));
        }
        if let Role::Upload(upload) = &self.role {
            let set = attributes.mode.is_some();
            upload.mode_set.fetch_or(set, Ordering::Relaxed);
        }
        self.node
            .set_attributes(attributes)
            .map_err(|error| self.error(error, STEP))
    }

    async fn space(&self) -> Result<Space> {
        let space = self.shared.space();
        space.map_err(|kind| self.error(kind.into(), "ask for the space of"))
    }
}

impl Upload {
    fn attach(&self, tree: &mut Tree, file: &Arc<FileNode>) -> Result<()> {
        if let Some(&old) = tree.children(self.directory)?.get(&self.name) {
            let old = tree.node(old)?;
            match old {
                _ if self.exclusive => return Err(ErrorKind::Exists.into()),
                Node::Directory { .. } => return Err(ErrorKind::IsADirectory.into()),
                Node::File(old) if !self.mode_set.load(Ordering::Relaxed) => {
                    let mode = old.lock().attributes.mode;
                    file.lock().attributes.mode = mode;
                }
                _ => {}
            }
        }
        tree.attach(self.directory, self.name.clone(), Arc::clone(file))
    }
}

impl Drop for MemoryFile {
    fn drop(&mut self) {
        match &self.role {
            Role::Upload(upload) if upload.exclusive => {
                self.shared.tree().unreserve(upload.directory, &upload.name);
            }
            _ => {}
        }
    }
}
