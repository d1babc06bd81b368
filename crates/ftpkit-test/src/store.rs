//! A storage for the server's side: files in memory, and answers at once, late, or never.

use std::{collections::BTreeMap, time::Duration};

use ftpkit_proto::{
    DataId, PathArg, Text,
    facts::{Facts, Kind},
    server::{
        Change, Commit, Described, Event, Login, LoginAnswer, Open, Opened, Query, RefusalKind,
        Survey, Transfer,
    },
    time::Timestamp,
};

use crate::player::{Answer, Pending};

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

/// The name, password and account that log in.
pub const ACCOUNT_USER: (&str, &str, &str) = ("berta", "secret", "archive");

/// Files and directories by their full paths.
#[derive(Clone, Debug)]
pub struct Store {
    files: BTreeMap<String, Vec<u8>>,
    directories: Vec<String>,
    /// How the questions are answered, in turn.
    answering: Vec<Answering>,
    /// Which of them are refused, in turn, whatever they ask.
    refusing: Vec<Option<RefusalKind>>,
    asked: usize,
    answered: usize,
    directory: String,
    /// What was opened and has not ended.
    open: BTreeMap<DataId, Transfer>,
    /// The next name for STOU.
    unique: u32,
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
            refusing: Vec::new(),
            asked: 0,
            answered: 0,
            directory: "/".into(),
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

    /// Refuses questions like this, in turn and again from the start; `None` answers one as the
    /// files are.
    #[must_use]
    pub fn refusing(mut self, refusing: impl Into<Vec<Option<RefusalKind>>>) -> Self {
        self.refusing = refusing.into();
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

    /// After how long the question that was just asked is to be answered; `None`: never.
    pub(crate) fn asked(&mut self) -> Option<Duration> {
        let turn = self.answering.get(self.asked % self.answering.len().max(1));
        self.asked += 1;
        match turn {
            None | Some(Answering::AtOnce) => Some(Duration::ZERO),
            Some(Answering::After(delay)) => Some(*delay),
            Some(Answering::Never) => None,
        }
    }

    /// Takes what is no question.
    pub(crate) fn told(&mut self, event: &Event) {
        match event {
            Event::TransferEnded(ended) => {
                let opened = self.open.remove(&ended.id);
                assert!(opened.is_some(), "{ended:?} was not open");
            }
            Event::LoggedOut => self.directory = "/".into(),
            _ => {}
        }
    }

    /// The answer to a question; `received` gives the payload of an upload.
    pub(crate) fn answer(
        &mut self,
        question: &Pending,
        received: impl FnOnce(DataId) -> Vec<u8>,
    ) -> Answer {
        let turn = self.answered % self.refusing.len().max(1);
        self.answered += 1;
        if let Some(Some(refusal)) = self.refusing.get(turn) {
            return Answer::Refused(*refusal);
        }
        let answer = match question {
            Pending::Login(ask) => Self::log_in(ask.question()),
            Pending::Change(ask) => self.change(ask.question()).map(Answer::Path),
            Pending::Query(ask) => self.query(ask.question()),
            Pending::Survey(ask) => Ok(self.survey(ask.question())),
            Pending::Open(ask) => self.open(ask.question()).map(Answer::Opened),
            Pending::Commit(ask) => self.commit(ask.question(), received),
        };
        answer.unwrap_or_else(Answer::Refused)
    }

    fn log_in(login: &Login) -> Result<Answer, RefusalKind> {
        let account = login.account.as_ref().map(|account| account.as_bytes());
        let home = arg("/");
        Ok(Answer::Login(
            match (login.user.as_bytes(), login.password.as_bytes(), account) {
                (user, password, None)
                    if (user, password) == (USER.0.as_bytes(), USER.1.as_bytes()) =>
                {
                    LoginAnswer::Accepted { home }
                }
                (user, password, account)
                    if (user, password)
                        == (ACCOUNT_USER.0.as_bytes(), ACCOUNT_USER.1.as_bytes()) =>
                {
                    match account {
                        None => LoginAnswer::AccountNeeded,
                        Some(account) if account == ACCOUNT_USER.2.as_bytes() => {
                            LoginAnswer::Accepted { home }
                        }
                        Some(_) => return Err(RefusalKind::LoginFailed),
                    }
                }
                _ => return Err(RefusalKind::LoginFailed),
            },
        ))
    }

    fn query(&self, query: &Query) -> Result<Answer, RefusalKind> {
        let path = self.resolve(query.path.as_ref());
        let facts = self.facts(&path)?;
        Ok(Answer::Described(Box::new(Described::new(
            arg(&path),
            facts,
        ))))
    }

    fn survey(&self, survey: &Survey) -> Answer {
        let path = self.resolve(Some(&survey.path));
        let names = self.children(&path).into_iter().take(survey.limit);
        let entries = names.map(|name| (Text::sanitized(&name), Facts::file(0)));
        Answer::Entries(entries.collect())
    }

    fn open(&mut self, open: &Open) -> Result<Opened, RefusalKind> {
        let opened = self.may_open(&open.transfer)?;
        self.open.insert(open.id, open.transfer.clone());
        Ok(opened)
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

    fn facts(&self, path: &str) -> Result<Facts, RefusalKind> {
        let facts = if self.is_directory(path) {
            Facts::of(Kind::Directory)
        } else {
            let content = self.files.get(path).ok_or(RefusalKind::NotFound)?;
            Facts::file(content.len() as u64)
        };
        let modified = Timestamp::from_unix(1_700_000_000, 0);
        Ok(match modified {
            Some(time) => facts.modified_at(time),
            None => facts,
        })
    }

    fn children(&self, directory: &str) -> Vec<String> {
        let head = format!("{}/", directory.trim_end_matches('/'));
        let all = self.files.keys().chain(&self.directories);
        all.filter_map(|path| path.strip_prefix(&head))
            .filter(|name| !name.is_empty() && !name.contains('/'))
            .map(String::from)
            .collect()
    }

    fn change(&mut self, change: &Change) -> Result<PathArg, RefusalKind> {
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
                let path = self.resolve(Some(path));
                if self.facts(&path).is_ok() {
                    return Err(RefusalKind::Exists);
                }
                self.directories.push(path.clone());
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
                self.files.remove(&path).ok_or(RefusalKind::NotFound)?;
                path
            }
            Change::Rename { from, to } => {
                let (from, to) = (self.resolve(Some(from)), self.resolve(Some(to)));
                let content = self.files.remove(&from).ok_or(RefusalKind::NotFound)?;
                self.files.insert(to.clone(), content);
                to
            }
            Change::SetTimes { path, .. } => {
                let path = self.resolve(Some(path));
                self.facts(&path)?;
                path
            }
            _ => return Err(RefusalKind::Unsupported),
        };
        Ok(arg(&path))
    }

    fn may_open(&mut self, transfer: &Transfer) -> Result<Opened, RefusalKind> {
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
                    return Err(RefusalKind::IsADirectory);
                }
            }
            _ => return Err(RefusalKind::Unsupported),
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

    fn commit(
        &mut self,
        commit: &Commit,
        received: impl FnOnce(DataId) -> Vec<u8>,
    ) -> Result<Answer, RefusalKind> {
        let (path, start) = match self.open.get(&commit.id) {
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
            _ => return Err(RefusalKind::Failed),
        };
        let start = usize::try_from(start.unwrap_or(0)).unwrap_or(usize::MAX);
        let content = self.files.entry(path).or_default();
        content.resize(start.min(1 << 20), 0);
        content.extend(received(commit.id));
        Ok(Answer::Done)
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
