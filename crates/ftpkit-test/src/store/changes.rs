//! What a [`Store`] is asked to change, and what it then tells of its files.

use ftpkit_proto::{
    PathArg, Text,
    facts::{Facts, Kind},
    server::{Change, RefusalKind},
    time::Timestamp,
};

use super::{Store, arg};

impl Store {
    pub(super) fn facts(&self, path: &str) -> Result<Facts, RefusalKind> {
        let mut facts = self.facts.get(path).cloned().unwrap_or_default();
        facts.modified = facts
            .modified
            .or_else(|| Timestamp::from_unix(1_700_000_000, 0));
        if self.is_directory(path) {
            facts.kind = Some(Kind::Directory);
        } else if let Some(target) = self.links.get(path) {
            facts.kind = Some(Kind::Symlink);
            facts.target = Some(Text::sanitized(target));
        } else {
            let content = self.files.get(path).ok_or(RefusalKind::NotFound)?;
            facts.kind = Some(Kind::File);
            facts.size = Some(content.len() as u64);
        }
        Ok(facts)
    }

    pub(super) fn change(&mut self, change: &Change) -> Result<PathArg, RefusalKind> {
        let path = match change {
            Change::Directory(path) => {
                let path = match path {
                    None => "/".into(),
                    Some(path) => self.resolve(Some(path)),
                };
                if !self.is_directory(&path) {
                    return Err(RefusalKind::NotFound);
                }
                self.directory.clone_from(&path);
                path
            }
            Change::Parent => {
                let at = self.directory.rfind('/').unwrap_or(0).max(1);
                self.directory.truncate(at);
                self.directory.clone()
            }
            Change::MakeDirectory(path) => {
                let path = self.vacant(path)?;
                self.directories.push(path.clone());
                path
            }
            Change::MakeDirectories(path) => {
                let path = self.resolve(Some(path));
                let ends = path.match_indices('/').map(|(at, _)| at).skip(1);
                for end in ends.chain([path.len()]) {
                    let above = &path[..end];
                    match self.facts(above) {
                        Ok(facts) if facts.kind == Some(Kind::Directory) => {}
                        Ok(_) => return Err(RefusalKind::NotADirectory),
                        Err(_) => self.directories.push(above.into()),
                    }
                }
                path
            }
            Change::RemoveDirectory(path) => {
                let path = self.resolve(Some(path));
                if !self.is_directory(&path) || path == "/" {
                    return Err(RefusalKind::NotFound);
                }
                if !self.children(&path).is_empty() {
                    return Err(RefusalKind::NotEmpty);
                }
                self.directories.retain(|directory| *directory != path);
                path
            }
            Change::RemoveFile(path) => {
                let path = self.resolve(Some(path));
                self.facts.remove(&path);
                let link = self.links.remove(&path).map(|_| ());
                let file = self.files.remove(&path).map(|_| ());
                link.or(file).ok_or(RefusalKind::NotFound)?;
                path
            }
            Change::Rename { from, to } => {
                let (from, to) = (self.resolve(Some(from)), self.resolve(Some(to)));
                let content = self.files.remove(&from).ok_or(RefusalKind::NotFound)?;
                self.files.insert(to.clone(), content);
                if let Some(facts) = self.facts.remove(&from) {
                    self.facts.insert(to.clone(), facts);
                }
                to
            }
            Change::SetTimes { path, modified, .. } => {
                self.set(path, |facts| facts.modified = Some(*modified))?
            }
            Change::SetMode { path, mode } => self.set(path, |facts| facts.mode = Some(*mode))?,
            Change::SetFacts { path, facts: new } => self.set(path, |facts| {
                let who = |new: &Option<ftpkit_proto::command::FactValue>| {
                    new.as_ref().map(|value| value.as_text().clone())
                };
                facts.modified = new.modified.or(facts.modified);
                facts.created = new.created.or(facts.created);
                facts.mode = new.mode.or(facts.mode);
                facts.owner = who(&new.owner).or_else(|| facts.owner.take());
                facts.group = who(&new.group).or_else(|| facts.group.take());
            })?,
            Change::MakeSymlink { target, link } => {
                let link = self.vacant(link)?;
                let target = String::from_utf8_lossy(target.as_bytes()).into_owned();
                self.links.insert(link.clone(), target);
                link
            }
            Change::Copy { from, to } => {
                let (from, to) = (self.resolve(Some(from)), self.resolve(Some(to)));
                let content = self.files.get(&from).ok_or(RefusalKind::NotFound)?.clone();
                if self.is_directory(&to) {
                    return Err(RefusalKind::IsADirectory);
                }
                self.files.insert(to.clone(), content);
                to
            }
            Change::Combine { target, parts } => {
                let target = self.resolve(Some(target));
                let parts: Vec<_> = parts.iter().map(|part| self.resolve(Some(part))).collect();
                let mut content = self.files.get(&target).cloned().unwrap_or_default();
                for part in &parts {
                    if *part == target {
                        return Err(RefusalKind::Invalid);
                    }
                    content.extend(self.files.get(part).ok_or(RefusalKind::NotFound)?);
                }
                for part in &parts {
                    self.files.remove(part);
                }
                self.files.insert(target.clone(), content);
                target
            }
            _ => return Err(RefusalKind::Unsupported),
        };
        Ok(arg(&path))
    }

    /// A name that nothing has yet.
    fn vacant(&self, path: &PathArg) -> Result<String, RefusalKind> {
        let path = self.resolve(Some(path));
        match self.facts(&path) {
            Ok(_) => Err(RefusalKind::Exists),
            Err(_) => Ok(path),
        }
    }

    fn set(&mut self, path: &PathArg, set: impl FnOnce(&mut Facts)) -> Result<String, RefusalKind> {
        let path = self.resolve(Some(path));
        self.facts(&path)?;
        set(self.facts.entry(path.clone()).or_default());
        Ok(path)
    }
}
