//! The names of the memory backend: a table of nodes, and the walk from a path to one.
//! Directories refer to nodes by number, so that no depth of nesting is a depth of recursion.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use bytes::Bytes;

use super::content::{Content, Usage};
use crate::{
    error::{Error, ErrorKind, Result},
    metadata::{Kind, Metadata, SetAttributes},
    path::VirtualPath,
};

pub(super) type NodeId = u64;
pub(super) const ROOT: NodeId = 1;

/// What a node costs beside its content, so that empty files are limited too.
const NODE_COST: u64 = 256;
/// How many symbolic links one path may lead through.
const MAX_LINKS: usize = 40;

#[derive(Clone, Debug)]
pub(super) struct Attributes {
    pub(super) mode: u32,
    modified: SystemTime,
    accessed: SystemTime,
    created: SystemTime,
    uid: Option<u32>,
    gid: Option<u32>,
}

impl Attributes {
    fn new(mode: u32) -> Self {
        let now = SystemTime::now();
        Self {
            mode,
            modified: now,
            accessed: now,
            created: now,
            uid: None,
            gid: None,
        }
    }

    fn set(&mut self, change: &SetAttributes) {
        if let Some(mode) = change.mode {
            self.mode = mode & 0o7777;
        }
        self.modified = change.modified.unwrap_or(self.modified);
        self.accessed = change.accessed.unwrap_or(self.accessed);
        self.created = change.created.unwrap_or(self.created);
        self.uid = change.uid.or(self.uid);
        self.gid = change.gid.or(self.gid);
    }

    fn describe(&self, kind: Kind, id: NodeId) -> Metadata {
        let mut metadata = Metadata::new(kind);
        metadata.modified = Some(self.modified);
        metadata.accessed = Some(self.accessed);
        metadata.created = Some(self.created);
        metadata.mode = Some(self.mode);
        metadata.uid = self.uid;
        metadata.gid = self.gid;
        metadata.unique = Some((0, id));
        metadata
    }
}

/// A file's content and attributes. Open files share it with the tree, and outlive it there.
#[derive(Debug)]
pub(super) struct FileNode {
    pub(super) id: NodeId,
    state: Mutex<FileState>,
}

#[derive(Debug)]
pub(super) struct FileState {
    pub(super) content: Content,
    pub(super) attributes: Attributes,
    links: u64,
}

impl FileNode {
    pub(super) fn lock(&self) -> MutexGuard<'_, FileState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn metadata(&self) -> Metadata {
        let state = self.lock();
        let mut metadata = state.attributes.describe(Kind::File, self.id);
        metadata.size = Some(state.content.size());
        metadata.links = Some(state.links);
        metadata
    }

    pub(super) fn set_attributes(&self, change: &SetAttributes) -> Result<()> {
        let mut state = self.lock();
        if let Some(size) = change.size {
            state.content.set_size(size)?;
            state.attributes.modified = SystemTime::now();
        }
        state.attributes.set(change);
        Ok(())
    }

    pub(super) fn write(&self, offset: u64, data: &[u8]) -> Result<()> {
        let mut state = self.lock();
        state.attributes.modified = SystemTime::now();
        state.content.write(offset, data)
    }
}

#[derive(Debug)]
pub(super) enum Node {
    Directory {
        children: BTreeMap<Bytes, NodeId>,
        parent: NodeId,
        attributes: Attributes,
    },
    File(Arc<FileNode>),
    Symlink {
        target: Bytes,
        attributes: Attributes,
    },
}

impl Node {
    pub(super) fn describe(&self, id: NodeId) -> Metadata {
        match self {
            Self::Directory { attributes, .. } => attributes.describe(Kind::Directory, id),
            Self::File(file) => file.metadata(),
            Self::Symlink { target, attributes } => {
                let mut metadata = attributes.describe(Kind::Symlink, id);
                metadata.size = Some(target.len() as u64);
                metadata.target = Some(target.clone());
                metadata
            }
        }
    }
}

/// Where a path leads.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) directory: NodeId,
    /// The name in `directory`; `None` for the root, and where a link leads to `..`.
    pub(super) name: Option<Bytes>,
    /// What is there, if anything.
    pub(super) node: Option<NodeId>,
}

#[derive(Debug)]
pub(super) struct Tree {
    nodes: HashMap<NodeId, Node>,
    next: NodeId,
    /// Names that an upload which must not replace anything will take.
    reserved: HashSet<(NodeId, Bytes)>,
    usage: Arc<Usage>,
}

impl Tree {
    pub(super) fn new(usage: Arc<Usage>) -> Self {
        let root = Node::Directory {
            children: BTreeMap::new(),
            parent: ROOT,
            attributes: Attributes::new(0o755),
        };
        Self {
            nodes: HashMap::from([(ROOT, root)]),
            next: ROOT + 1,
            reserved: HashSet::new(),
            usage,
        }
    }

    pub(super) fn node(&self, id: NodeId) -> Result<&Node> {
        self.nodes
            .get(&id)
            .ok_or_else(|| ErrorKind::NotFound.into())
    }

    pub(super) fn children(&self, id: NodeId) -> Result<&BTreeMap<Bytes, NodeId>> {
        match self.node(id)? {
            Node::Directory { children, .. } => Ok(children),
            _ => Err(ErrorKind::NotADirectory.into()),
        }
    }

    fn parent(&self, id: NodeId) -> NodeId {
        match self.nodes.get(&id) {
            Some(Node::Directory { parent, .. }) => *parent,
            _ => ROOT,
        }
    }

    /// Walks to where a path leads. The last name need not exist.
    pub(super) fn walk(&self, path: &VirtualPath, follow_last: bool) -> Result<Place> {
        let mut ahead: Vec<Bytes> = path
            .components()
            .rev()
            .map(Bytes::copy_from_slice)
            .collect();
        let mut directory = ROOT;
        let mut links = 0;
        let mut through_last = false;
        while let Some(name) = ahead.pop() {
            match &name[..] {
                b"" | b"." => continue,
                b".." => {
                    directory = self.parent(directory);
                    continue;
                }
                _ => {}
            }
            let last = ahead.is_empty();
            let node = self.children(directory)?.get(&name).copied();
            let Some(id) = node else {
                // A link that leads to nothing is not a name to make a file under.
                if !last || through_last {
                    return Err(ErrorKind::NotFound.into());
                }
                return Ok(Place {
                    directory,
                    name: Some(name),
                    node: None,
                });
            };
            match self.node(id)? {
                Node::Symlink { target, .. } if !last || follow_last => {
                    links += 1;
                    through_last |= last;
                    if links > MAX_LINKS {
                        return Err(ErrorKind::NotFound.into());
                    }
                    if target.starts_with(b"/") {
                        directory = ROOT;
                    }
                    let parts = target.split(|&b| b == b'/').rev();
                    ahead.extend(parts.map(|part| target.slice_ref(part)));
                }
                _ if last => {
                    return Ok(Place {
                        directory,
                        name: Some(name),
                        node: Some(id),
                    });
                }
                Node::Directory { .. } => directory = id,
                _ => return Err(ErrorKind::NotADirectory.into()),
            }
        }
        Ok(Place {
            directory,
            name: None,
            node: Some(directory),
        })
    }

    /// Walks to something that is there.
    pub(super) fn find(&self, path: &VirtualPath, follow_last: bool) -> Result<(NodeId, &Node)> {
        let id = self.walk(path, follow_last)?.node;
        let id = id.ok_or_else(|| Error::new(ErrorKind::NotFound))?;
        Ok((id, self.node(id)?))
    }

    /// Walks to a name that is free, to make something there.
    pub(super) fn vacant(&self, path: &VirtualPath) -> Result<(NodeId, Bytes)> {
        match self.walk(path, false)? {
            Place {
                directory,
                name: Some(name),
                node: None,
            } => {
                if self.reserved.contains(&(directory, name.clone())) {
                    return Err(ErrorKind::Exists.into());
                }
                Ok((directory, name))
            }
            _ => Err(ErrorKind::Exists.into()),
        }
    }

    /// A file that has no name yet.
    pub(super) fn new_file(&mut self, mode: u32) -> Arc<FileNode> {
        Arc::new(FileNode {
            id: self.number(),
            state: Mutex::new(FileState {
                content: Content::new(Arc::clone(&self.usage)),
                attributes: Attributes::new(mode),
                links: 0,
            }),
        })
    }

    fn number(&mut self) -> NodeId {
        let id = self.next;
        self.next += 1;
        id
    }

    pub(super) fn add_directory(&mut self, directory: NodeId, name: Bytes) -> Result<()> {
        let node = Node::Directory {
            children: BTreeMap::new(),
            parent: directory,
            attributes: Attributes::new(0o755),
        };
        self.add(directory, name, node)
    }

    pub(super) fn add_symlink(
        &mut self,
        directory: NodeId,
        name: Bytes,
        target: Bytes,
    ) -> Result<()> {
        let attributes = Attributes::new(0o777);
        self.add(directory, name, Node::Symlink { target, attributes })
    }

    fn add(&mut self, directory: NodeId, name: Bytes, node: Node) -> Result<()> {
        self.children(directory)?;
        self.usage.charge(NODE_COST)?;
        let id = self.number();
        self.nodes.insert(id, node);
        self.put(directory, name, id);
        Ok(())
    }

    /// Gives a file a name, in place of whatever file or link has it.
    pub(super) fn attach(
        &mut self,
        directory: NodeId,
        name: Bytes,
        file: Arc<FileNode>,
    ) -> Result<()> {
        match self.children(directory)?.get(&name).copied() {
            // The new node takes over what the old one was charged.
            Some(old) => self.forget(old),
            None => self.usage.charge(NODE_COST)?,
        }
        let id = file.id;
        file.lock().links += 1;
        self.nodes.insert(id, Node::File(file));
        self.put(directory, name, id);
        Ok(())
    }

    /// Takes a name away from what is there.
    pub(super) fn remove(&mut self, directory: NodeId, name: &Bytes) {
        if let Some(Node::Directory {
            children,
            attributes,
            ..
        }) = self.nodes.get_mut(&directory)
        {
            attributes.modified = SystemTime::now();
            if let Some(id) = children.remove(name) {
                self.drop_name(id);
            }
        }
    }

    fn drop_name(&mut self, id: NodeId) {
        self.usage.release(NODE_COST);
        self.forget(id);
    }

    fn forget(&mut self, id: NodeId) {
        if let Some(Node::File(file)) = self.nodes.get(&id) {
            let mut state = file.lock();
            state.links = state.links.saturating_sub(1);
            if state.links > 0 {
                return;
            }
        }
        self.nodes.remove(&id);
    }

    fn put(&mut self, directory: NodeId, name: Bytes, id: NodeId) {
        if let Some(Node::Directory {
            children,
            attributes,
            ..
        }) = self.nodes.get_mut(&directory)
        {
            attributes.modified = SystemTime::now();
            children.insert(name, id);
        }
    }

    /// Moves what has one name to another, in place of whatever file or link has that.
    pub(super) fn relocate(&mut self, from: (NodeId, Bytes), to: (NodeId, Bytes)) -> Result<()> {
        let missing = || Error::new(ErrorKind::NotFound);
        let id = *self.children(from.0)?.get(&from.1).ok_or_else(missing)?;
        let mut above = to.0;
        while above != ROOT {
            if above == id {
                return Err(ErrorKind::Invalid.into());
            }
            above = self.parent(above);
        }
        let old = self.children(to.0)?.get(&to.1).copied();
        if old == Some(id) {
            return Ok(());
        }
        if let Some(old) = old {
            self.drop_name(old);
        }
        if let Some(Node::Directory {
            children,
            attributes,
            ..
        }) = self.nodes.get_mut(&from.0)
        {
            attributes.modified = SystemTime::now();
            children.remove(&from.1);
        }
        if let Some(Node::Directory { parent, .. }) = self.nodes.get_mut(&id) {
            *parent = to.0;
        }
        self.put(to.0, to.1, id);
        Ok(())
    }

    pub(super) fn set_attributes(&mut self, id: NodeId, change: &SetAttributes) -> Result<()> {
        match self.nodes.get_mut(&id) {
            Some(Node::File(file)) => file.set_attributes(change),
            Some(Node::Directory { .. }) if change.size.is_some() => {
                Err(ErrorKind::IsADirectory.into())
            }
            Some(Node::Symlink { .. }) if change.size.is_some() => {
                Err(ErrorKind::Unsupported.into())
            }
            Some(Node::Directory { attributes, .. } | Node::Symlink { attributes, .. }) => {
                attributes.set(change);
                Ok(())
            }
            None => Err(ErrorKind::NotFound.into()),
        }
    }

    pub(super) fn reserve(&mut self, directory: NodeId, name: Bytes) {
        self.reserved.insert((directory, name));
    }

    pub(super) fn unreserve(&mut self, directory: NodeId, name: &Bytes) {
        self.reserved.remove(&(directory, name.clone()));
    }
}
