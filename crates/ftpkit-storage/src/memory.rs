//! [`Memory`]: a storage in memory, for tests, demonstrations and gateways.

mod content;
mod file;
mod tree;

use std::{
    fmt,
    ops::Bound,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::stream;

use self::{
    content::Usage,
    file::{MemoryFile, Role, Upload},
    tree::{FileNode, Node, NodeId, Place, Tree},
};
use crate::{
    error::{Error, ErrorKind, Result},
    metadata::{Entry, Metadata, SetAttributes},
    path::VirtualPath,
    storage::{
        Access, Capabilities, EntryStream, Existing, File, OpenOptions, Space, Storage,
        UploadPolicy,
    },
};

/// How many entries a page of a listing has at most.
const PAGE: usize = 256;
/// The mode of a new file, of which the umask takes its part.
const MODE: u32 = 0o666;
/// The permission bits that a new file does not get.
const UMASK: u32 = 0o022;

/// A storage in memory.
///
/// It does all that the traits offer but checksums and names of users, and keeps modes and owners without
/// enforcing them. A reader goes on reading the old content after the file was replaced or
/// removed. Clones share the content, as `Arc` does.
///
/// ```
/// use ftpkit_storage::{Memory, OpenOptions, Storage, VirtualPath};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), ftpkit_storage::Error> {
/// let memory = Memory::new().with_limit(1024 * 1024);
/// let path = VirtualPath::try_from("/hello.txt")?;
/// let file = memory.open(&path, OpenOptions::replace()).await?;
/// file.write_at(0, b"hello").await?;
/// file.commit().await?;
/// assert_eq!(memory.metadata(&path).await?.size, Some(5));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Memory {
    shared: Arc<Shared>,
    policy: UploadPolicy,
}

struct Shared {
    tree: Mutex<Tree>,
    usage: Arc<Usage>,
}

impl Shared {
    fn tree(&self) -> MutexGuard<'_, Tree> {
        self.tree.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn space(&self) -> Result<Space, ErrorKind> {
        let limit = self.usage.limit().ok_or(ErrorKind::Unsupported)?;
        let available = self.usage.available();
        let mut space = Space::new(limit, available);
        space.free = Some(available);
        space.read_only = Some(false);
        space.name_max = Some(VirtualPath::MAX_COMPONENT as u64);
        Ok(space)
    }
}

impl Memory {
    /// An empty storage without a limit.
    #[must_use]
    pub fn new() -> Self {
        let usage = Arc::new(Usage::unlimited());
        Self {
            shared: Arc::new(Shared {
                tree: Mutex::new(Tree::new(Arc::clone(&usage))),
                usage,
            }),
            policy: UploadPolicy::default(),
        }
    }

    /// Limits the content to this many bytes, where each file, directory and link counts as 256
    /// more. What would go beyond fails with [`ErrorKind::NoSpace`].
    #[must_use]
    pub fn with_limit(self, bytes: u64) -> Self {
        self.shared.usage.set_limit(bytes);
        self
    }

    /// Says what stays of interrupted uploads that are opened through this clone.
    #[must_use]
    pub const fn with_upload_policy(mut self, policy: UploadPolicy) -> Self {
        self.policy = policy;
        self
    }

    fn open_file(
        &self,
        path: &VirtualPath,
        options: &OpenOptions,
        policy: UploadPolicy,
    ) -> Result<MemoryFile> {
        let mut tree = self.shared.tree();
        let follow = options.access() != Access::CreateNew;
        let place = tree.walk(path, follow)?;
        let there = match place.node.map(|id| tree.node(id)).transpose()? {
            None => None,
            Some(Node::File(file)) => Some(Arc::clone(file)),
            Some(_) if options.access() == Access::CreateNew => {
                return Err(ErrorKind::Exists.into());
            }
            Some(Node::Directory { .. }) => return Err(ErrorKind::IsADirectory.into()),
            Some(Node::Symlink { .. }) => return Err(ErrorKind::NotFound.into()),
        };
        let expected = options.expected().filter(|_| options.is_write());
        if expected.is_some_and(|bytes| bytes > self.shared.usage.available()) {
            return Err(ErrorKind::NoSpace.into());
        }
        let mode = options.made_mode().unwrap_or(MODE) & !UMASK;
        let (node, role) = match options.access() {
            Access::Read => (there.ok_or(ErrorKind::NotFound)?, Role::Reader),
            Access::Update => {
                let node = there.ok_or(ErrorKind::NotFound)?;
                (node, Role::InPlace { start: 0 })
            }
            Access::WriteAt(offset) => {
                let node = there.ok_or(ErrorKind::NotFound)?;
                {
                    let mut state = node.lock();
                    if offset > state.content.size() {
                        return Err(ErrorKind::BeyondEnd.into());
                    }
                    state.content.set_size(offset)?;
                }
                (node, Role::InPlace { start: offset })
            }
            Access::Append => match there {
                Some(node) => {
                    let start = node.lock().content.size();
                    (node, Role::InPlace { start })
                }
                None => in_place(&mut tree, place, mode)?,
            },
            Access::CreateNew if there.is_some() => return Err(ErrorKind::Exists.into()),
            Access::CreateNew => {
                tree.vacant(path)?;
                match policy {
                    UploadPolicy::KeepPartial => in_place(&mut tree, place, mode)?,
                    UploadPolicy::Atomic => upload(&mut tree, place, true, mode)?,
                }
            }
            Access::Replace => match (policy, there) {
                (UploadPolicy::KeepPartial, None) => in_place(&mut tree, place, mode)?,
                _ => upload(&mut tree, place, false, mode)?,
            },
        };
        Ok(MemoryFile {
            shared: Arc::clone(&self.shared),
            path: path.clone(),
            node,
            readable: options.is_readable(),
            role,
        })
    }
}

/// A new file that has its name at once.
fn in_place(tree: &mut Tree, place: Place, mode: u32) -> Result<(Arc<FileNode>, Role)> {
    let name = place.name.ok_or(ErrorKind::IsADirectory)?;
    let node = tree.new_file(mode);
    tree.attach(place.directory, name, Arc::clone(&node))?;
    Ok((node, Role::InPlace { start: 0 }))
}

/// A new file that gets its name at commit.
fn upload(
    tree: &mut Tree,
    place: Place,
    exclusive: bool,
    mode: u32,
) -> Result<(Arc<FileNode>, Role)> {
    let name = place.name.ok_or(ErrorKind::IsADirectory)?;
    tree.children(place.directory)?;
    if exclusive {
        tree.reserve(place.directory, name.clone());
    }
    let role = Role::Upload(Upload {
        directory: place.directory,
        name,
        exclusive,
        mode_set: false.into(),
    });
    Ok((tree.new_file(mode), role))
}

/// Puts the step and the path to an error.
fn on<T>(path: &VirtualPath, step: &'static str, result: Result<T>) -> Result<T> {
    result.map_err(|error| error.at(path).during(step))
}

#[async_trait]
impl Storage for Memory {
    fn capabilities(&self) -> Capabilities {
        // Nothing survives the process here, and nobody has a name.
        let mut all = Capabilities::ALL
            .without(Capabilities::CHECKSUM)
            .without(Capabilities::SYNC)
            .without(Capabilities::NAMES);
        if self.shared.usage.limit().is_none() {
            all = all.without(Capabilities::SPACE);
        }
        all
    }

    async fn metadata(&self, path: &VirtualPath) -> Result<Metadata> {
        let tree = self.shared.tree();
        on(path, "stat", tree.find(path, true)).map(|(id, node)| node.describe(id))
    }

    async fn symlink_metadata(&self, path: &VirtualPath) -> Result<Metadata> {
        let tree = self.shared.tree();
        on(path, "stat", tree.find(path, false)).map(|(id, node)| node.describe(id))
    }

    async fn list(&self, path: &VirtualPath) -> Result<EntryStream> {
        let tree = self.shared.tree();
        let find = || {
            let (id, _) = tree.find(path, true)?;
            tree.children(id)?;
            Ok(id)
        };
        let directory = on(path, "list", find())?;
        Ok(Box::pin(stream::iter(Pages {
            shared: Arc::clone(&self.shared),
            directory,
            after: None,
        })))
    }

    async fn open(&self, path: &VirtualPath, options: OpenOptions) -> Result<Box<dyn File>> {
        let file = on(path, "open", self.open_file(path, &options, self.policy))?;
        Ok(Box::new(file))
    }

    async fn create_dir(&self, path: &VirtualPath) -> Result<()> {
        let mut tree = self.shared.tree();
        let made = tree
            .vacant(path)
            .and_then(|(directory, name)| tree.add_directory(directory, name));
        on(path, "create", made)
    }

    async fn remove_dir(&self, path: &VirtualPath) -> Result<()> {
        let mut tree = self.shared.tree();
        let mut remove = || {
            let place = tree.walk(path, false)?;
            let name = place.name.ok_or(ErrorKind::Denied)?;
            let id = place.node.ok_or(ErrorKind::NotFound)?;
            if !tree.children(id)?.is_empty() {
                return Err(ErrorKind::NotEmpty.into());
            }
            tree.remove(place.directory, &name);
            Ok(())
        };
        on(path, "remove", remove())
    }

    async fn remove_file(&self, path: &VirtualPath) -> Result<()> {
        let mut tree = self.shared.tree();
        let mut remove = || {
            let place = tree.walk(path, false)?;
            let name = place.name.ok_or(ErrorKind::IsADirectory)?;
            let id = place.node.ok_or(ErrorKind::NotFound)?;
            if let Node::Directory { .. } = tree.node(id)? {
                return Err(ErrorKind::IsADirectory.into());
            }
            tree.remove(place.directory, &name);
            Ok(())
        };
        on(path, "remove", remove())
    }

    async fn rename(&self, from: &VirtualPath, to: &VirtualPath, existing: Existing) -> Result<()> {
        let mut tree = self.shared.tree();
        let mut rename = || {
            let source = tree.walk(from, false)?;
            let old_name = source.name.ok_or(ErrorKind::Denied)?;
            let id = source.node.ok_or(ErrorKind::NotFound)?;
            let place = tree.walk(to, false).map_err(|error| error.at(to))?;
            let taken = || Error::new(ErrorKind::Exists).at(to);
            let new_name = place.name.ok_or_else(taken)?;
            if let Some(there) = place.node {
                let same = (source.directory, &old_name) == (place.directory, &new_name);
                let directory = matches!(tree.node(there)?, Node::Directory { .. });
                if same {
                    return Ok(());
                }
                if directory || existing == Existing::Keep {
                    return Err(taken());
                }
                if let Node::Directory { .. } = tree.node(id)? {
                    return Err(taken());
                }
            }
            tree.relocate((source.directory, old_name), (place.directory, new_name))
        };
        on(from, "rename", rename())
    }

    async fn copy(&self, from: &VirtualPath, to: &VirtualPath) -> Result<()> {
        let open = |path, options| {
            on(
                path,
                "copy",
                self.open_file(path, &options, UploadPolicy::Atomic),
            )
        };
        let source = open(from, OpenOptions::read())?;
        let target = open(to, OpenOptions::replace())?;
        {
            // The target is new, nobody else can hold it: the order of the two cannot matter.
            let source = source.node.lock();
            let mut target = target.node.lock();
            target.attributes.mode = source.attributes.mode;
            on(to, "copy", target.content.copy_from(&source.content))?;
        }
        Box::new(target).commit().await.map(|_| ())
    }

    async fn symlink(&self, target: &[u8], link: &VirtualPath) -> Result<()> {
        if target.is_empty() || target.len() > VirtualPath::MAX_LEN || target.contains(&0) {
            return on(link, "link", Err(ErrorKind::Invalid.into()));
        }
        let mut tree = self.shared.tree();
        let made = tree.vacant(link).and_then(|(directory, name)| {
            tree.add_symlink(directory, name, Bytes::copy_from_slice(target))
        });
        on(link, "link", made)
    }

    async fn hard_link(&self, existing: &VirtualPath, link: &VirtualPath) -> Result<()> {
        let mut tree = self.shared.tree();
        let file = match on(existing, "link", tree.find(existing, false))?.1 {
            Node::File(file) => Arc::clone(file),
            _ => return on(existing, "link", Err(ErrorKind::Denied.into())),
        };
        let made = tree
            .vacant(link)
            .and_then(|(directory, name)| tree.attach(directory, name, file));
        on(link, "link", made)
    }

    async fn read_link(&self, path: &VirtualPath) -> Result<Bytes> {
        let tree = self.shared.tree();
        match on(path, "read the link", tree.find(path, false))?.1 {
            Node::Symlink { target, .. } => Ok(target.clone()),
            _ => on(path, "read the link", Err(ErrorKind::Invalid.into())),
        }
    }

    async fn set_attributes(&self, path: &VirtualPath, attributes: &SetAttributes) -> Result<()> {
        let mut tree = self.shared.tree();
        let set = tree
            .find(path, true)
            .map(|(id, _)| id)
            .and_then(|id| tree.set_attributes(id, attributes));
        on(path, "set attributes of", set)
    }

    async fn set_symlink_attributes(
        &self,
        path: &VirtualPath,
        attributes: &SetAttributes,
    ) -> Result<()> {
        let mut tree = self.shared.tree();
        let set = tree
            .find(path, false)
            .map(|(id, _)| id)
            .and_then(|id| tree.set_attributes(id, attributes));
        on(path, "set attributes of", set)
    }

    async fn space(&self, path: &VirtualPath) -> Result<Space> {
        let there = self.shared.tree().find(path, true).map(|_| ());
        let space = there.and_then(|()| Ok(self.shared.space()?));
        on(path, "ask for the space of", space)
    }
}

/// The pages of a listing. Each looks the directory up again, so that nothing is locked or kept
/// between them; one that is removed meanwhile just ends.
struct Pages {
    shared: Arc<Shared>,
    directory: NodeId,
    after: Option<Bytes>,
}

impl Iterator for Pages {
    type Item = Result<Vec<Entry>>;

    fn next(&mut self) -> Option<Self::Item> {
        let tree = self.shared.tree();
        let children = tree.children(self.directory).ok()?;
        let after = match self.after.take() {
            Some(name) => Bound::Excluded(name),
            None => Bound::Unbounded,
        };
        let page: Vec<_> = children
            .range((after, Bound::Unbounded))
            .take(PAGE)
            .filter_map(|(name, &id)| {
                let metadata = tree.node(id).ok()?.describe(id);
                Entry::new(name.clone(), metadata).ok()
            })
            .collect();
        self.after = Some(page.last()?.name.clone());
        Some(Ok(page))
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory")
            .field("policy", &self.policy)
            .field("limit", &self.shared.usage.limit())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
