//! Files by their names: what is asked about them and changed, and how the answers are told.
//! Their content is in `transfer`, its digests in `digest`.

use alloc::vec::Vec;

use bytes::{BufMut as _, BytesMut};

use super::{
    ask::{Refusal, RefusalKind, sealed::Sealed},
    connection::Connection,
    event::{Change, Described, Event, Purpose, Query, Space, Survey},
    offers::Offers,
    state::{Half, Then},
};
use crate::{
    Code, Instant, PathArg, Reply, Text,
    command::{Row, SetFacts, Site, mdtm_set},
    facts::{Facts, Kind},
    listing::format,
    time::Timestamp,
};

impl Connection {
    pub(super) fn change(&mut self, row: Row, change: Change) {
        self.ask(row, change, Event::Change);
    }

    pub(super) fn query(&mut self, row: Row, path: Option<PathArg>, purpose: Purpose) {
        self.ask(row, Query { path, purpose }, Event::Query);
    }

    pub(super) fn set_time(
        &mut self,
        row: Row,
        accessed: Option<Timestamp>,
        modified: Timestamp,
        path: PathArg,
    ) {
        let change = Change::SetTimes {
            path,
            accessed,
            modified,
        };
        self.change(row, change);
    }

    /// The second half of a renaming or a copy.
    pub(super) fn rnto_command(&mut self, to: PathArg) {
        match self.parameters.take_half(Half::Rename) {
            Ok(from) => self.change(Row::Rnto, Change::Rename { from, to }),
            Err(_) => self.say(Row::Rnto, Code::BAD_SEQUENCE, "Send RNFR first."),
        }
    }

    /// `MDTM path`; where no such file is, `MDTM time path` sets the time, as old clients
    /// have it. Asking first keeps a name that begins with digits readable.
    pub(super) fn mdtm_command(&mut self, path: PathArg) {
        let then = mdtm_set(&path).map(|(time, path)| Then::SetTime { time, path });
        let question = Query {
            path: Some(path),
            purpose: Purpose::Modified,
        };
        self.ask_then(Row::Mdtm, question, Event::Query, then);
    }

    pub(super) fn site_command(&mut self, site: Site) {
        let row = Row::Site;
        let copied = self.parameters.take_half(Half::Copy);
        match site {
            Site::Help => {
                let reply = self.site_help();
                self.finish(row, &reply);
            }
            Site::Chmod { mode, path } => self.change(row, Change::SetMode { path, mode }),
            Site::Utime {
                accessed,
                modified,
                path,
            } => self.set_time(row, accessed, modified, path),
            Site::Symlink { target, link } => {
                self.change(row, Change::MakeSymlink { target, link });
            }
            Site::MakeDirectory(path) => self.change(row, Change::MakeDirectories(path)),
            Site::RemoveDirectory(path) => self.change(row, Change::RemoveDirectory(path)),
            Site::Copy { from, to } => self.change(row, Change::Copy { from, to }),
            Site::CopyFrom(path) => self.query(row, Some(path), Purpose::Copy),
            Site::CopyTo(to) => match copied {
                Ok(from) => self.change(row, Change::Copy { from, to }),
                Err(_) => self.say(row, Code::BAD_SEQUENCE, "Send SITE CPFR first."),
            },
            Site::Other(_) => {
                self.say(row, Code::BAD_PARAMETER, "This SITE command is not served.");
            }
        }
    }

    /// `ALLO`: what is known not to fit is refused now, and the upload is told its size.
    pub(super) fn allo_command(&mut self, bytes: Option<u64>) {
        let row = Row::Allo;
        self.parameters.allocate(bytes);
        if bytes.is_none() {
            self.say(row, Code::SUPERFLUOUS, "Not needed.");
        } else if self.does_offer(Offers::SPACE) {
            self.ask(row, Space { path: None }, Event::Space);
        } else {
            self.say(row, Code::OK, "Noted.");
        }
    }

    pub(super) fn avbl_command(&mut self, path: Option<PathArg>) {
        if !self.does_offer(Offers::SPACE) {
            let text = "How much can be stored is not known.";
            return self.say(Row::Avbl, Code::NOT_IMPLEMENTED, text);
        }
        self.ask(Row::Avbl, Space { path }, Event::Space);
    }
}

/// `"path"`, quotes in it doubled (RFC 959 appendix II).
pub(super) fn quoted(code: Code, path: &PathArg) -> Reply {
    let mut text = BytesMut::from(&b"\""[..]);
    for byte in path.as_bytes() {
        if *byte == b'"' {
            text.put_u8(b'"');
        }
        text.put_u8(*byte);
    }
    text.put_u8(b'"');
    Reply::with_text(code, Text::new(text).unwrap_or_default())
}

/// `Modify=time;UNIX.mode=0644; path` (draft-somers-ftp-mfxx).
fn changed(facts: &SetFacts, path: &PathArg) -> Reply {
    let mut text = BytesMut::new();
    for (name, time) in [("Modify", facts.modified), ("Create", facts.created)] {
        if let Some(time) = time {
            text.put_slice(name.as_bytes());
            text.put_u8(b'=');
            time.write_time_val(&mut text);
            text.put_u8(b';');
        }
    }
    if let Some(mode) = facts.mode {
        text.put_slice(alloc::format!("UNIX.mode={mode:04o};").as_bytes());
    }
    for (name, who) in [("UNIX.owner", &facts.owner), ("UNIX.group", &facts.group)] {
        if let Some(who) = who {
            text.put_slice(name.as_bytes());
            text.put_u8(b'=');
            text.put_slice(who.as_text().as_bytes());
            text.put_u8(b';');
        }
    }
    text.put_u8(b' ');
    text.put_slice(path.as_bytes());
    Reply::with_text(Code::FILE_STATUS, Text::new(text).unwrap_or_default())
}

/// One line of `STAT path`. The core has no calendar, so that all times show their year.
fn long_line(name: &Text, facts: &Facts) -> Option<Text> {
    let far = Timestamp::from_unix(253_402_300_799, 0)?;
    let mut line = BytesMut::new();
    if !format::long(&mut line, name.as_bytes(), facts, far) {
        return None;
    }
    line.truncate(line.trim_ascii_end().len());
    Text::new(line).ok()
}

impl Sealed<PathArg> for Change {
    fn settle(
        connection: &mut Connection,
        _now: Instant,
        question: Self,
        answer: Result<PathArg, Refusal>,
    ) {
        let Some(row) = connection.answered() else {
            return;
        };
        let path = match answer {
            Ok(path) => path,
            Err(refusal) => return connection.refused(row, refusal),
        };
        let done = Code::FILE_ACTION_OK;
        match (question, row) {
            (Self::Directory(_) | Self::Parent, _) => {
                connection.login.change_directory(path);
                connection.say(row, done, "Directory changed.");
            }
            (Self::MakeDirectory(_), _) => connection.finish(row, &quoted(Code::PATH, &path)),
            (Self::MakeDirectories(_), _) => connection.say(row, Code::OK, "Directory made."),
            (Self::RemoveDirectory(_), _) => connection.say(row, done, "Directory removed."),
            (Self::RemoveFile(_), _) => connection.say(row, done, "File deleted."),
            (Self::Rename { .. }, _) => connection.say(row, done, "Renamed."),
            (Self::SetTimes { .. }, Row::Site) => connection.say(row, Code::OK, "Times set."),
            (Self::SetTimes { modified, .. }, _) => {
                let mut facts = SetFacts::new();
                facts.modified = Some(modified);
                connection.finish(row, &changed(&facts, &path));
            }
            (Self::SetMode { .. }, _) => connection.say(row, Code::OK, "Mode set."),
            (Self::SetFacts { facts, .. }, _) => connection.finish(row, &changed(&facts, &path)),
            (Self::MakeSymlink { .. }, _) => connection.say(row, Code::OK, "Link made."),
            (Self::Copy { .. }, _) => connection.say(row, done, "Copied."),
            (Self::Combine { .. }, _) => connection.say(row, done, "Combined."),
        }
    }
}

impl Sealed<Described> for Query {
    fn settle(
        connection: &mut Connection,
        _now: Instant,
        question: Self,
        answer: Result<Described, Refusal>,
    ) {
        let Some((row, then)) = connection.answered_then() else {
            return;
        };
        let Described { path, facts } = match (answer, then) {
            (Ok(described), _) => described,
            (Err(refusal), Some(Then::SetTime { time, path }))
                if refusal.kind() == RefusalKind::NotFound =>
            {
                return connection.set_time(row, None, time, path);
            }
            (Err(refusal), _) => return connection.refused(row, refusal),
        };
        let directory = facts.kind.is_some_and(Kind::is_directory);
        match question.purpose {
            Purpose::Size | Purpose::Modified | Purpose::Copy if directory => {
                connection.refused(row, Refusal::new(RefusalKind::IsADirectory));
            }
            Purpose::Size => match facts.size {
                Some(size) => {
                    let text = Text::sanitized(&alloc::format!("{size}"));
                    connection.finish(row, &Reply::with_text(Code::FILE_STATUS, text));
                }
                None => connection.say(row, Code::FILE_UNAVAILABLE, "Its size is not known."),
            },
            Purpose::Modified => match facts.modified {
                Some(time) => {
                    let mut text = BytesMut::new();
                    time.write_time_val(&mut text);
                    let text = Text::new(text).unwrap_or_default();
                    connection.finish(row, &Reply::with_text(Code::FILE_STATUS, text));
                }
                None => connection.say(row, Code::FILE_UNAVAILABLE, "Its time is not known."),
            },
            Purpose::Facts => {
                let wanted = connection.parameters.facts();
                match format::facts_text(path.as_bytes(), &facts, wanted) {
                    Some(line) => {
                        let lines = Vec::from([line, Text::from_static("End.")]);
                        let head = Text::from_static("Facts:");
                        let reply = Reply::multiline(Code::FILE_ACTION_OK, head, lines);
                        connection.finish(row, &reply);
                    }
                    None => connection.refused(row, Refusal::new(RefusalKind::NameNotAllowed)),
                }
            }
            Purpose::Rename | Purpose::Copy => match (question.path, question.purpose) {
                (Some(from), Purpose::Copy) => {
                    connection.parameters.set_half(Half::Copy, from);
                    connection.say(row, Code::PENDING, "Send SITE CPTO now.");
                }
                (Some(from), _) => {
                    connection.parameters.set_half(Half::Rename, from);
                    connection.say(row, Code::PENDING, "Send RNTO now.");
                }
                (None, _) => connection.refused(row, Refusal::new(RefusalKind::Invalid)),
            },
        }
    }
}

impl Sealed<Vec<(Text, Facts)>> for Survey {
    fn settle(
        connection: &mut Connection,
        _now: Instant,
        question: Self,
        answer: Result<Vec<(Text, Facts)>, Refusal>,
    ) {
        let Some(row) = connection.answered() else {
            return;
        };
        let entries = match answer {
            Ok(entries) => entries,
            Err(refusal) => return connection.refused(row, refusal),
        };
        let mut lines: Vec<Text> = entries
            .iter()
            .take(question.limit)
            .filter_map(|(name, facts)| long_line(name, facts))
            .collect();
        lines.push(Text::from_static("End of status."));
        let head = Text::from_static("Status:");
        connection.finish(row, &Reply::multiline(Code::FILE_STATUS, head, lines));
    }
}

impl Sealed<u64> for Space {
    fn settle(
        connection: &mut Connection,
        _now: Instant,
        _question: Self,
        answer: Result<u64, Refusal>,
    ) {
        let Some(row) = connection.answered() else {
            return;
        };
        let available = match answer {
            Ok(available) => available,
            // Who cannot tell does not keep a client from trying.
            Err(refusal) if row == Row::Allo && refusal.kind() != RefusalKind::TooMany => u64::MAX,
            Err(refusal) => return connection.refused(row, refusal),
        };
        if row != Row::Allo {
            let text = Text::sanitized(&alloc::format!("{available}"));
            connection.finish(row, &Reply::with_text(Code::FILE_STATUS, text));
        } else if connection
            .parameters
            .allocated()
            .is_some_and(|bytes| bytes > available)
        {
            connection.parameters.allocate(None);
            connection.say(row, Code::QUOTA_EXCEEDED, "So much space is not left.");
        } else {
            connection.say(row, Code::OK, "Noted.");
        }
    }
}
