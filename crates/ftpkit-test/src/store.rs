//! A storage for the server's side: files in memory, and answers at once, late, or never. What
//! it is asked to change stands in `store/changes.rs`.

mod changes;

use std::{collections::BTreeMap, time::Duration};

use ftpkit_proto::{
    DataId, PathArg, Text,
    command::HashAlgorithm,
    facts::Facts,
    server::{
        Commit, Described, Digest, Digested, Event, Login, LoginAnswer, Offers, Open, Opened,
        Query, RefusalKind, Space, Survey, Transfer,
    },
};
use ftpkit_storage::{Algorithm, Hasher};

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
    /// Where symbolic links lead; none is followed.
    links: BTreeMap<String, String>,
    /// What was set of files, beside their kind and size.
    facts: BTreeMap<String, Facts>,
    /// What every user is offered.
    offers: Offers,
    /// How many bytes may still be stored.
    space: u64,
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
            links: BTreeMap::new(),
            facts: BTreeMap::new(),
            offers: Offers::ALL,
            space: 1 << 40,
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

    /// Offers only this to its users; everything otherwise.
    #[must_use]
    pub const fn offering(mut self, offers: Offers) -> Self {
        self.offers = offers;
        self
    }

    /// Has room for so many bytes more, for AVBL and ALLO; what is stored does not count.
    #[must_use]
    pub const fn with_space(mut self, bytes: u64) -> Self {
        self.space = bytes;
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
            Pending::Login(ask) => self.log_in(ask.question()),
            Pending::Change(ask) => self.change(ask.question()).map(Answer::Path),
            Pending::Query(ask) => self.query(ask.question()),
            Pending::Survey(ask) => Ok(self.survey(ask.question())),
            Pending::Digest(ask) => self.digest(ask.question()),
            Pending::Space(ask) => self.space(ask.question()),
            Pending::Open(ask) => self.open(ask.question()).map(Answer::Opened),
            Pending::Commit(ask) => self.commit(ask.question(), received),
        };
        answer.unwrap_or_else(Answer::Refused)
    }

    fn log_in(&self, login: &Login) -> Result<Answer, RefusalKind> {
        let account = login.account.as_ref().map(|account| account.as_bytes());
        let (home, offers) = (arg("/"), self.offers);
        let Some(password) = &login.password else {
            // Whose certificate it is, is not looked at.
            assert!(login.certificate, "nothing speaks for {login:?}");
            return match login.user.as_bytes() {
                user if user == USER.0.as_bytes() => {
                    Ok(Answer::Login(LoginAnswer::Accepted { home, offers }))
                }
                user if user == ACCOUNT_USER.0.as_bytes() => {
                    Ok(Answer::Login(LoginAnswer::PasswordNeeded))
                }
                _ => Err(RefusalKind::LoginFailed),
            };
        };
        Ok(Answer::Login(
            match (login.user.as_bytes(), password.as_bytes(), account) {
                (user, password, None)
                    if (user, password) == (USER.0.as_bytes(), USER.1.as_bytes()) =>
                {
                    LoginAnswer::Accepted { home, offers }
                }
                (user, password, account)
                    if (user, password)
                        == (ACCOUNT_USER.0.as_bytes(), ACCOUNT_USER.1.as_bytes()) =>
                {
                    match account {
                        None => LoginAnswer::AccountNeeded,
                        Some(account) if account == ACCOUNT_USER.2.as_bytes() => {
                            LoginAnswer::Accepted { home, offers }
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

    fn digest(&self, question: &Digest) -> Result<Answer, RefusalKind> {
        let path = self.resolve(Some(&question.path));
        if self.is_directory(&path) {
            return Err(RefusalKind::IsADirectory);
        }
        let content = self.files.get(&path).ok_or(RefusalKind::NotFound)?;
        let (offset, length) = question
            .range
            .map_or((0, None), |range| (range.start(), range.length()));
        let part = part(content, offset, length)?;
        let mut hasher = Hasher::new(match question.algorithm {
            HashAlgorithm::Crc32 => Algorithm::Crc32,
            HashAlgorithm::Md5 => Algorithm::Md5,
            HashAlgorithm::Sha1 => Algorithm::Sha1,
            HashAlgorithm::Sha256 => Algorithm::Sha256,
            HashAlgorithm::Sha512 => Algorithm::Sha512,
            _ => return Err(RefusalKind::Unsupported),
        });
        hasher.update(part);
        let digested = Digested::new(hasher.finish(), part.len() as u64);
        Ok(Answer::Digested(digested))
    }

    fn space(&self, question: &Space) -> Result<Answer, RefusalKind> {
        if self.is_directory(&self.resolve(question.path.as_ref())) {
            Ok(Answer::Space(self.space))
        } else {
            Err(RefusalKind::NotADirectory)
        }
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

    fn children(&self, directory: &str) -> Vec<String> {
        let head = format!("{}/", directory.trim_end_matches('/'));
        let all = self.files.keys().chain(&self.directories);
        let all = all.chain(self.links.keys());
        all.filter_map(|path| path.strip_prefix(&head))
            .filter(|name| !name.is_empty() && !name.contains('/'))
            .map(String::from)
            .collect()
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
