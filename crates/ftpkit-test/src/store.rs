//! A storage for the server's side: files in memory, and answers at once, late, or never.

use std::{collections::BTreeMap, time::Duration};

use ftpkit_proto::{
    DataId, Instant, PathArg, Text,
    facts::{Facts, Kind},
    server::{
        Ask, AskId, Change, Commit, Connection, Described, Event, Login, LoginAnswer, Open, Opened,
        Query, Refusal, RefusalKind, Survey, Transfer,
    },
};

/// When a question is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answering {
    /// As soon as it is asked.
    AtOnce,
    /// After this long.
    After(Duration),
    /// Not at all.
    Never,
}

/// The name and password that log in.
pub const USER: (&str, &str) = ("anna", "secret");

/// Files and directories by their full paths.
#[derive(Debug)]
pub struct Store {
    files: BTreeMap<String, Vec<u8>>,
    directories: Vec<String>,
    /// How the questions are answered, in turn.
    answering: Vec<Answering>,
    asked: usize,
    directory: String,
    pending: Option<Pending>,
    /// What was opened and has not ended.
    open: BTreeMap<DataId, Transfer>,
    /// The next name for STOU.
    unique: u32,
}

#[derive(Debug)]
enum Pending {
    Login(Ask<Login>),
    Change(Ask<Change>),
    Query(Ask<Query>),
    Survey(Ask<Survey>),
    Open(Ask<Open>),
    Commit(Ask<Commit>, Vec<u8>),
}

impl Pending {
    const fn id(&self) -> AskId {
        match self {
            Self::Login(ask) => ask.id(),
            Self::Change(ask) => ask.id(),
            Self::Query(ask) => ask.id(),
            Self::Survey(ask) => ask.id(),
            Self::Open(ask) => ask.id(),
            Self::Commit(ask, _) => ask.id(),
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self::new()
    }
}

impl Store {
    /// An empty storage that answers at once.
    #[must_use]
    pub fn new() -> Self {
        Self {
            files: BTreeMap::new(),
            directories: vec!["/".into()],
            answering: vec![Answering::AtOnce],
            asked: 0,
            directory: "/".into(),
            pending: None,
            open: BTreeMap::new(),
            unique: 0,
        }
    }

    /// Answers the questions like this, in turn and again from the start.
    #[must_use]
    pub fn answering(mut self, answering: impl Into<Vec<Answering>>) -> Self {
        self.answering = answering.into();
        self
    }

    /// Puts a file there.
    #[must_use]
    pub fn with_file(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.insert(path.into(), content.into());
        self
    }

    /// The content of a file.
    #[must_use]
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// The full paths of all files.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// What was opened and was not told to have ended.
    pub(crate) fn still_open(&self) -> usize {
        self.open.len()
    }

    /// Takes an event; says after how long the question in it is to be answered.
    pub(crate) fn take(
        &mut self,
        event: Event,
        received: impl FnOnce(DataId) -> Vec<u8>,
    ) -> Option<Duration> {
        self.pending = Some(match event {
            Event::Login(ask) => Pending::Login(ask),
            Event::Change(ask) => Pending::Change(ask),
            Event::Query(ask) => Pending::Query(ask),
            Event::Survey(ask) => Pending::Survey(ask),
            Event::Open(ask) => Pending::Open(ask),
            Event::Commit(ask) => {
                let payload = received(ask.question().id);
                Pending::Commit(ask, payload)
            }
            Event::Cancelled(id) => {
                if self.pending.as_ref().is_some_and(|ask| ask.id() == id) {
                    self.pending = None;
                }
                return None;
            }
            Event::TransferEnded(ended) => {
                let opened = self.open.remove(&ended.id);
                assert!(opened.is_some(), "{ended:?} was not open");
                return None;
            }
            Event::LoggedOut => {
                self.directory = "/".into();
                return None;
            }
            _ => return None,
        });
        let turn = self.answering.get(self.asked % self.answering.len().max(1));
        self.asked += 1;
        match turn {
            None | Some(Answering::AtOnce) => Some(Duration::ZERO),
            Some(Answering::After(delay)) => Some(*delay),
            Some(Answering::Never) => None,
        }
    }

    /// Answers the question that is open, if it still is.
    pub(crate) fn answer(&mut self, now: Instant, server: &mut Connection) {
        match self.pending.take() {
            None => {}
            Some(Pending::Login(ask)) => {
                let question = ask.question();
                let fits = question.user.as_bytes() == USER.0.as_bytes()
                    && question.password.as_bytes() == USER.1.as_bytes();
                let answer = if fits {
                    Ok(LoginAnswer::Accepted { home: arg("/") })
                } else {
                    Err(RefusalKind::LoginFailed.into())
                };
                server.answer(now, ask, answer);
            }
            Some(Pending::Change(ask)) => {
                let answer = self.change(ask.question());
                server.answer(now, ask, answer);
            }
            Some(Pending::Query(ask)) => {
                let path = self.resolve(ask.question().path.as_ref());
                let answer = self
                    .facts(&path)
                    .map(|facts| Described::new(arg(&path), facts));
                server.answer(now, ask, answer);
            }
            Some(Pending::Survey(ask)) => {
                let path = self.resolve(Some(&ask.question().path));
                let limit = ask.question().limit;
                let names = self.children(&path).into_iter().take(limit);
                let entries = names.map(|name| (Text::sanitized(&name), Facts::default()));
                let entries = entries.collect();
                server.answer(now, ask, Ok(entries));
            }
            Some(Pending::Open(ask)) => {
                let id = ask.question().id;
                let transfer = ask.question().transfer.clone();
                let answer = self.may_open(&transfer);
                if answer.is_ok() {
                    self.open.insert(id, transfer);
                }
                server.answer(now, ask, answer);
            }
            Some(Pending::Commit(ask, payload)) => {
                let answer = self.commit(ask.question().id, payload);
                server.answer(now, ask, answer);
            }
        }
    }

    fn resolve(&self, path: Option<&PathArg>) -> String {
        let path = path.map_or(String::new(), |path| {
            String::from_utf8_lossy(path.as_bytes()).into_owned()
        });
        if path.starts_with('/') {
            path
        } else if path.is_empty() {
            self.directory.clone()
        } else {
            format!("{}/{path}", self.directory.trim_end_matches('/'))
        }
    }

    fn is_directory(&self, path: &str) -> bool {
        self.directories.iter().any(|directory| directory == path)
    }

    fn facts(&self, path: &str) -> Result<Facts, Refusal> {
        let mut facts = Facts::default();
        if self.is_directory(path) {
            facts.kind = Some(Kind::Directory);
        } else {
            let content = self.files.get(path).ok_or(RefusalKind::NotFound)?;
            facts.kind = Some(Kind::File);
            facts.size = Some(content.len() as u64);
        }
        Ok(facts)
    }

    fn children(&self, directory: &str) -> Vec<String> {
        let head = format!("{}/", directory.trim_end_matches('/'));
        let all = self.files.keys().chain(&self.directories);
        all.filter_map(|path| path.strip_prefix(&head))
            .filter(|name| !name.is_empty() && !name.contains('/'))
            .map(String::from)
            .collect()
    }

    fn change(&mut self, change: &Change) -> Result<PathArg, Refusal> {
        let path = match change {
            Change::Directory(path) => {
                let path = match path {
                    None => "/".into(),
                    Some(path) => self.resolve(Some(path)),
                };
                if !self.is_directory(&path) {
                    return Err(RefusalKind::NotFound.into());
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
                let path = self.resolve(Some(path));
                if self.facts(&path).is_ok() {
                    return Err(RefusalKind::Exists.into());
                }
                self.directories.push(path.clone());
                path
            }
            Change::RemoveDirectory(path) => {
                let path = self.resolve(Some(path));
                if !self.is_directory(&path) || path == "/" {
                    return Err(RefusalKind::NotFound.into());
                }
                if !self.children(&path).is_empty() {
                    return Err(RefusalKind::NotEmpty.into());
                }
                self.directories.retain(|directory| *directory != path);
                path
            }
            Change::RemoveFile(path) => {
                let path = self.resolve(Some(path));
                self.files.remove(&path).ok_or(RefusalKind::NotFound)?;
                path
            }
            Change::Rename { from, to } => {
                let (from, to) = (self.resolve(Some(from)), self.resolve(Some(to)));
                let content = self.files.remove(&from).ok_or(RefusalKind::NotFound)?;
                self.files.insert(to.clone(), content);
                to
            }
            _ => return Err(RefusalKind::Unsupported.into()),
        };
        Ok(arg(&path))
    }

    fn may_open(&mut self, transfer: &Transfer) -> Result<Opened, Refusal> {
        let mut opened = Opened::default();
        match transfer {
            Transfer::Retrieve {
                path,
                offset,
                length,
            } => {
                let path = self.resolve(Some(path));
                let content = self.files.get(&path).ok_or(RefusalKind::NotFound)?;
                opened.size = Some(part(content, *offset, *length)?.len() as u64);
            }
            Transfer::StoreUnique { .. } => {
                self.unique += 1;
                opened.name = Some(arg(&format!("unique.{}", self.unique)));
            }
            Transfer::List { path, .. } => {
                let path = self.resolve(path.as_ref());
                self.facts(&path)?;
            }
            Transfer::Store { path, .. } | Transfer::Append { path } => {
                if self.is_directory(&self.resolve(Some(path))) {
                    return Err(RefusalKind::IsADirectory.into());
                }
            }
            _ => return Err(RefusalKind::Unsupported.into()),
        }
        Ok(opened)
    }

    /// What flows to the client over this data connection.
    pub(crate) fn payload(&self, id: DataId) -> Vec<u8> {
        match self.open.get(&id) {
            Some(Transfer::Retrieve {
                path,
                offset,
                length,
            }) => {
                let content = self.files.get(&self.resolve(Some(path)));
                let part = content.and_then(|content| part(content, *offset, *length).ok());
                part.unwrap_or_default().to_vec()
            }
            Some(Transfer::List { path, .. }) => {
                let names = self.children(&self.resolve(path.as_ref()));
                names.iter().fold(Vec::new(), |mut lines, name| {
                    lines.extend_from_slice(name.as_bytes());
                    lines.extend_from_slice(b"\r\n");
                    lines
                })
            }
            _ => Vec::new(),
        }
    }

    fn commit(&mut self, id: DataId, payload: Vec<u8>) -> Result<(), Refusal> {
        let (path, start) = match self.open.get(&id) {
            Some(Transfer::Store { path, offset }) => (self.resolve(Some(path)), *offset),
            Some(Transfer::Append { path }) => {
                let path = self.resolve(Some(path));
                let size = self.files.get(&path).map_or(0, Vec::len);
                (path, Some(size as u64))
            }
            Some(Transfer::StoreUnique { .. }) => (
                self.resolve(Some(&arg(&format!("unique.{}", self.unique)))),
                None,
            ),
            _ => return Err(RefusalKind::Failed.into()),
        };
        let start = usize::try_from(start.unwrap_or(0)).unwrap_or(usize::MAX);
        let content = self.files.entry(path).or_default();
        content.resize(start.min(1 << 20), 0);
        content.extend(payload);
        Ok(())
    }
}

/// So much of a file from there on.
fn part(content: &[u8], offset: u64, length: Option<u64>) -> Result<&[u8], RefusalKind> {
    let offset = usize::try_from(offset).unwrap_or(usize::MAX);
    let rest = content.get(offset..).ok_or(RefusalKind::BeyondEnd)?;
    let length = length.map_or(rest.len(), |length| {
        usize::try_from(length).map_or(rest.len(), |length| length.min(rest.len()))
    });
    Ok(&rest[..length])
}

fn arg(path: &str) -> PathArg {
    PathArg::try_from(path).unwrap_or_else(|error| panic!("{path:?}: {error}"))
}
