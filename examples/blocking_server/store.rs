//! The files of the example, in memory. A path is the names on the way to it, and the root is
//! where `..` ends, so that there is nothing outside.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use ftpkit_proto::{PathArg, facts::Facts, server::RefusalKind, time::Timestamp};

/// The largest file, in bytes: an upload is held back until it is complete.
pub(crate) const FILE: usize = 16 << 20;
/// The most that all files hold together, in bytes.
const ALL: usize = 64 << 20;
/// The most files and directories.
const NODES: usize = 10_000;

pub(crate) type Path = Vec<Vec<u8>>;
pub(crate) type Answer<T> = Result<T, RefusalKind>;

#[derive(Clone)]
struct Node {
    modified: Option<Timestamp>,
    /// None: a directory.
    content: Option<Arc<Vec<u8>>>,
}

type Nodes = BTreeMap<Path, Node>;

/// A tree of files. The root is always there, and no node of its own.
#[derive(Default)]
pub(crate) struct Store(Mutex<Nodes>);

/// Joins what a client names onto its working directory.
pub(crate) fn resolve(directory: &[u8], argument: Option<&PathArg>) -> Path {
    let argument = argument.map_or(&b""[..], PathArg::as_bytes);
    let from = match argument {
        [b'/', ..] => b"",
        _ => directory,
    };
    let mut path = Path::new();
    for name in [from, argument]
        .into_iter()
        .flat_map(|part| part.split(|b| *b == b'/'))
    {
        match name {
            b"" | b"." => {}
            b".." => drop(path.pop()),
            name => path.push(name.to_vec()),
        }
    }
    path
}

/// The path as PWD shows it.
pub(crate) fn shown(path: &[Vec<u8>]) -> Answer<PathArg> {
    let text = [b"/", &path.join(&b'/')[..]].concat();
    PathArg::new(text).map_err(|_| RefusalKind::NameNotAllowed)
}

/// The present time, where the clock is in the centuries that FTP can tell.
pub(crate) fn now() -> Option<Timestamp> {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Timestamp::from_unix(since.as_secs().try_into().ok()?, 0)
}

impl Store {
    fn nodes(&self) -> MutexGuard<'_, Nodes> {
        // No method leaves the tree half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn facts(&self, path: &[Vec<u8>]) -> Answer<Facts> {
        if path.is_empty() {
            return Ok(Facts::directory());
        }
        let nodes = self.nodes();
        Ok(facts(nodes.get(path).ok_or(RefusalKind::NotFound)?))
    }

    /// The files of a directory, or a file itself.
    pub(crate) fn list(&self, path: &[Vec<u8>]) -> Answer<Vec<(Vec<u8>, Facts)>> {
        if !self
            .facts(path)?
            .kind
            .is_some_and(|kind| kind.is_directory())
        {
            let name = path.last().cloned().unwrap_or_default();
            return Ok(vec![(name, self.facts(path)?)]);
        }
        let nodes = self.nodes();
        let below = below(&nodes, path).filter(|(at, _)| at.len() == path.len() + 1);
        Ok(below
            .filter_map(|(at, node)| Some((at.last()?.clone(), facts(node))))
            .collect())
    }

    pub(crate) fn read(&self, path: &[Vec<u8>]) -> Answer<Arc<Vec<u8>>> {
        let nodes = self.nodes();
        let node = match nodes.get(path) {
            Some(node) => node,
            None if path.is_empty() => return Err(RefusalKind::IsADirectory),
            None => return Err(RefusalKind::NotFound),
        };
        node.content.clone().ok_or(RefusalKind::IsADirectory)
    }

    /// Whether a file can be written there, as far as is known before it has come.
    pub(crate) fn may_write(&self, path: &[Vec<u8>]) -> Answer<()> {
        may_write(&self.nodes(), path)
    }

    pub(crate) fn write(&self, path: &[Vec<u8>], content: Vec<u8>) -> Answer<()> {
        let mut nodes = self.nodes();
        may_write(&nodes, path)?;
        let size = |node: &Node| node.content.as_ref().map_or(0, |content| content.len());
        let others = nodes.iter().filter(|(at, _)| *at != path);
        let used: usize = others.map(|(_, node)| size(node)).sum();
        if used + content.len() > ALL {
            return Err(RefusalKind::NoSpace);
        }
        let (modified, content) = (now(), Some(Arc::new(content)));
        nodes.insert(path.to_vec(), Node { modified, content });
        Ok(())
    }

    pub(crate) fn make_directory(&self, path: &[Vec<u8>]) -> Answer<()> {
        let mut nodes = self.nodes();
        if path.is_empty() || nodes.contains_key(path) {
            return Err(RefusalKind::Exists);
        }
        may_write(&nodes, path)?;
        let (modified, content) = (now(), None);
        nodes.insert(path.to_vec(), Node { modified, content });
        Ok(())
    }

    pub(crate) fn remove(&self, path: &[Vec<u8>], directory: bool) -> Answer<()> {
        let mut nodes = self.nodes();
        let node = nodes.get(path).ok_or(RefusalKind::NotFound)?;
        match (&node.content, directory) {
            (None, false) => return Err(RefusalKind::IsADirectory),
            (Some(_), true) => return Err(RefusalKind::NotADirectory),
            (None, true) if below(&nodes, path).next().is_some() => {
                return Err(RefusalKind::NotEmpty);
            }
            _ => {}
        }
        nodes.remove(path);
        Ok(())
    }

    /// A file takes the place of a file; a directory takes the place of nothing.
    pub(crate) fn rename(&self, from: &[Vec<u8>], to: &[Vec<u8>]) -> Answer<()> {
        let mut nodes = self.nodes();
        let node = nodes.get(from).ok_or(RefusalKind::NotFound)?.clone();
        if node.content.is_none() && (nodes.contains_key(to) || to.starts_with(from)) {
            return Err(RefusalKind::Exists);
        }
        may_write(&nodes, to)?;
        let moved: Vec<Path> = below(&nodes, from).map(|(at, _)| at.clone()).collect();
        for path in moved {
            if let Some(node) = nodes.remove(&path) {
                nodes.insert([to, &path[from.len()..]].concat(), node);
            }
        }
        nodes.remove(from);
        nodes.insert(to.to_vec(), node);
        Ok(())
    }

    pub(crate) fn set_time(&self, path: &[Vec<u8>], time: Timestamp) -> Answer<()> {
        let mut nodes = self.nodes();
        nodes.get_mut(path).ok_or(RefusalKind::NotFound)?.modified = Some(time);
        Ok(())
    }
}

/// What is in a directory, at any depth.
fn below<'a>(
    nodes: &'a Nodes,
    path: &'a [Vec<u8>],
) -> impl Iterator<Item = (&'a Path, &'a Node)> + 'a {
    let from = nodes.range(path.to_vec()..);
    from.skip_while(move |(at, _)| *at == path)
        .take_while(move |(at, _)| at.starts_with(path))
}

fn may_write(nodes: &Nodes, path: &[Vec<u8>]) -> Answer<()> {
    let Some((_, parent)) = path.split_last() else {
        return Err(RefusalKind::IsADirectory);
    };
    match nodes.get(path) {
        Some(node) if node.content.is_none() => return Err(RefusalKind::IsADirectory),
        None if nodes.len() >= NODES => return Err(RefusalKind::NoSpace),
        _ => {}
    }
    match nodes.get(parent) {
        None if !parent.is_empty() => Err(RefusalKind::NotFound),
        Some(node) if node.content.is_some() => Err(RefusalKind::NotADirectory),
        _ => Ok(()),
    }
}

fn facts(node: &Node) -> Facts {
    let mut facts = match &node.content {
        Some(content) => Facts::file(content.len() as u64),
        None => Facts::directory(),
    };
    facts.modified = node.modified;
    facts
}
