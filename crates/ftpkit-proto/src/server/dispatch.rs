//! What each command does, but for login, TLS and transfers, which stand beside: parameters
//! that are set here, questions that are asked, and the replies to their answers.

use alloc::{boxed::Box, vec::Vec};

use bytes::{BufMut as _, BytesMut};

use super::{
    ask::{Refusal, RefusalKind, sealed::Sealed},
    config::TlsPolicy,
    connection::Connection,
    event::{Change, Described, Event, ListStyle, Purpose, Query, Survey, Transfer},
    state::{Exchange, Part, SetTime},
};
use crate::{
    Code, Instant, PathArg, Reply, Text,
    command::{
        ByteRange, Command, ListArgs, Mode, Opts, Row, Site, Structure, TextFormat, Type, mdtm_set,
    },
    facts::{FactSet, Facts, Kind},
    features::Features,
    listing::format,
    time::Timestamp,
};

impl Connection {
    /// Carries a command out: everything ends in one final reply, now or later.
    pub(super) fn dispatch(&mut self, row: Row, command: Command) {
        match command {
            Command::User(user) => self.user_command(user),
            Command::Pass(password) => self.pass_command(password),
            Command::Acct(account) => self.acct_command(account),
            Command::Host(host) => self.host_command(host),
            Command::Rein => self.rein_command(),
            Command::Quit => self.leave(Reply::new(Code::CLOSING, "Goodbye."), Ok(())),

            Command::Auth(mechanism) => self.auth_command(&mechanism),
            Command::Pbsz(_) => self.pbsz_command(),
            Command::Prot(protection) => self.prot_command(protection),
            Command::Ccc => self.ccc_command(),
            Command::Adat(_) | Command::Mic(_) | Command::Conf(_) | Command::Enc(_) => {
                self.say(row, Code::NOT_IMPLEMENTED, "Not served; use AUTH TLS.");
            }

            Command::Port(target) => self.active_command(row, target.into()),
            Command::Eprt(target) | Command::Lprt(target) => self.active_command(row, target),
            Command::Pasv | Command::Lpsv => self.passive_command(row),
            Command::Epsv(argument) => self.epsv_command(argument),
            Command::Type(kind) => self.type_command(kind),
            Command::Stru(Structure::File) => self.say(row, Code::OK, "Structure is file."),
            Command::Stru(Structure::Record | Structure::Page) => {
                self.say(row, Code::BAD_PARAMETER, "Only STRU F is served.");
            }
            Command::Mode(Mode::Stream) => self.say(row, Code::OK, "Mode is stream."),
            Command::Mode(Mode::Block | Mode::Compressed | Mode::Deflate) => {
                self.say(row, Code::BAD_PARAMETER, "Only MODE S is served.");
            }
            Command::Rest(marker) => self.rest_command(marker),
            Command::Rang(range) => self.rang_command(range),
            // Whichever command is to come, the data connection is made the same way.
            Command::Pret(_) => self.say(row, Code::OK, "Send EPSV or PASV now."),
            Command::Allo(Some(_)) => self.say(row, Code::OK, "Noted."),
            Command::Allo(None) => self.say(row, Code::SUPERFLUOUS, "Not needed."),

            Command::Retr(path) => {
                let (offset, length) = match self.parameters.take_part() {
                    None => (0, None),
                    Some(Part::Rest(offset)) => (offset, None),
                    Some(Part::Range(range)) => (range.start(), range.length()),
                };
                let transfer = Transfer::Retrieve {
                    path,
                    offset,
                    length,
                };
                self.transfer(row, transfer);
            }
            Command::Stor(path) => match self.parameters.take_part() {
                None => self.transfer(row, Transfer::Store { path, offset: None }),
                Some(Part::Rest(offset)) => {
                    let offset = Some(offset);
                    self.transfer(row, Transfer::Store { path, offset });
                }
                Some(Part::Range(_)) => self.no_part(row),
            },
            Command::Appe(path) => self.add(row, Transfer::Append { path }),
            Command::Stou(path) => self.add(row, Transfer::StoreUnique { path }),
            Command::List(ListArgs { options, path }) => {
                let recursive = options.as_bytes().contains(&b'R');
                let style = ListStyle::Long { recursive };
                self.transfer(row, Transfer::List { path, style });
            }
            Command::Nlst(ListArgs { path, .. }) => {
                let style = ListStyle::Names;
                self.transfer(row, Transfer::List { path, style });
            }
            Command::Mlsd(path) => {
                let style = ListStyle::Facts(self.parameters.facts());
                self.transfer(row, Transfer::List { path, style });
            }
            Command::Abor => self.abort(),

            Command::Cwd(path) => self.change(row, Change::Directory(path)),
            Command::Cdup => self.change(row, Change::Parent),
            Command::Mkd(path) => self.change(row, Change::MakeDirectory(path)),
            Command::Rmd(path) => self.change(row, Change::RemoveDirectory(path)),
            Command::Dele(path) => self.change(row, Change::RemoveFile(path)),
            Command::Rnfr(path) => self.query(row, Some(path), Purpose::Rename),
            Command::Rnto(to) => match self.parameters.take_rename() {
                Ok(from) => self.change(row, Change::Rename { from, to }),
                Err(_) => self.say(row, Code::BAD_SEQUENCE, "Send RNFR first."),
            },
            Command::Mfmt { time, path } => self.set_time(row, None, time, path),
            Command::Site(site) => self.site_command(row, site),
            Command::Pwd => match self.login.directory() {
                Some(directory) => {
                    let reply = quoted(Code::PATH, directory);
                    self.finish(row, &reply);
                }
                None => self.say(row, Code::NOT_LOGGED_IN, "Log in first."),
            },

            Command::Size(_) if self.parameters.is_ascii() => {
                let text = "The size depends on TYPE; send TYPE I first.";
                self.say(row, Code::FILE_UNAVAILABLE, text);
            }
            Command::Size(path) => self.query(row, Some(path), Purpose::Size),
            Command::Mdtm(path) => self.mdtm_command(path),
            Command::Mlst(path) => self.query(row, path, Purpose::Facts),
            Command::Stat(ListArgs { path: None, .. }) => {
                let reply = self.status();
                self.finish(row, &reply);
            }
            Command::Stat(ListArgs { .. }) if !self.login.is_in() => {
                self.say(row, Code::NOT_LOGGED_IN, "Log in with USER and PASS first.");
            }
            Command::Stat(ListArgs {
                path: Some(path), ..
            }) => {
                let limit = match self.config.limits.survey_entries {
                    0 => usize::MAX,
                    limit => limit,
                };
                self.ask(row, Survey { path, limit }, Event::Survey);
            }

            Command::Syst => self.say(row, Code::SYSTEM_NAME, "UNIX Type: L8"),
            Command::Noop => self.say(row, Code::OK, "Done."),
            Command::Clnt(_) | Command::Csid(_) => self.say(row, Code::OK, "Noted."),
            Command::Help(_) => {
                let reply = self.help();
                self.finish(row, &reply);
            }
            Command::Feat => {
                let reply = self.features().to_reply();
                self.finish(row, &reply);
            }
            Command::Opts(opts) => self.opts_command(row, opts),
            Command::Lang(tag) => {
                let served = tag.is_none_or(|tag| {
                    let tag = tag.as_bytes();
                    let primary = tag.split(|b| *b == b'-').next().unwrap_or_default();
                    primary.eq_ignore_ascii_case(b"en")
                });
                if served {
                    self.say(row, Code::OK, "Replies are in English.");
                } else {
                    self.say(row, Code::BAD_PARAMETER, "Replies are in English only.");
                }
            }
            Command::Smnt(_) => {
                self.say(row, Code::NOT_IMPLEMENTED, "Nothing can be mounted here.");
            }
            Command::Mfct { .. }
            | Command::Mff { .. }
            | Command::Hash(_)
            | Command::Checksum { .. }
            | Command::Mmd5(_)
            | Command::Avbl(_)
            | Command::Comb { .. }
            | Command::Sscn(_)
            | Command::Cpsv => {
                self.say(row, Code::NOT_IMPLEMENTED, "This command is not served.");
            }
            Command::Other { .. } => self.bad(row, Code::SYNTAX, "This command is not known."),
        }
    }

    fn type_command(&mut self, kind: Type) {
        let row = Row::Type;
        match kind {
            Type::Ascii(TextFormat::NonPrint) => {
                self.parameters.set_ascii(true);
                self.say(row, Code::OK, "Type is A.");
            }
            Type::Image | Type::Local(8) => {
                self.parameters.set_ascii(false);
                self.say(row, Code::OK, "Type is I.");
            }
            Type::Ascii(TextFormat::Telnet | TextFormat::CarriageControl)
            | Type::Ebcdic(_)
            | Type::Local(_) => {
                self.say(
                    row,
                    Code::BAD_PARAMETER,
                    "Only TYPE A N, I and L 8 are served.",
                );
            }
        }
    }

    fn rest_command(&mut self, marker: u64) {
        if marker > 0 && self.parameters.is_ascii() {
            let text = "Offsets are in bytes; send TYPE I first.";
            return self.say(Row::Rest, Code::BAD_ARGUMENT, text);
        }
        self.parameters.set_marker(marker);
        self.say(Row::Rest, Code::PENDING, "Send RETR or STOR now.");
    }

    /// RANG means a part of what is sent; nothing is stored by parts.
    fn rang_command(&mut self, range: Option<ByteRange>) {
        let text = match range {
            None => "The whole file.",
            Some(_) if self.parameters.is_ascii() => {
                let text = "Offsets are in bytes; send TYPE I first.";
                return self.say(Row::Rang, Code::BAD_ARGUMENT, text);
            }
            Some(range) => {
                self.parameters.set_range(range);
                "Send RETR or HASH now."
            }
        };
        self.say(Row::Rang, Code::PENDING, text);
    }

    /// APPE and STOU, which have no use for a part of a file.
    fn add(&mut self, row: Row, transfer: Transfer) {
        if self.parameters.take_part().is_some() {
            return self.no_part(row);
        }
        self.transfer(row, transfer);
    }

    fn no_part(&mut self, row: Row) {
        let text = "REST is for RETR and STOR, RANG for RETR; nothing was stored.";
        self.say(row, Code::FILE_BUSY, text);
    }

    fn change(&mut self, row: Row, change: Change) {
        self.ask(row, change, Event::Change);
    }

    fn query(&mut self, row: Row, path: Option<PathArg>, purpose: Purpose) {
        self.ask(row, Query { path, purpose }, Event::Query);
    }

    fn set_time(
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

    /// `MDTM path`; where no such file is, `MDTM time path` sets the time, as old clients
    /// have it. Asking first keeps a name that begins with digits readable.
    fn mdtm_command(&mut self, path: PathArg) {
        let set = mdtm_set(&path).map(|(time, path)| Box::new(SetTime { time, path }));
        let question = Query {
            path: Some(path),
            purpose: Purpose::Modified,
        };
        self.ask_or_else(Row::Mdtm, question, Event::Query, set);
    }

    fn site_command(&mut self, row: Row, site: Site) {
        match site {
            Site::Help => self.say(row, Code::HELP, "SITE commands: CHMOD HELP UTIME."),
            Site::Chmod { mode, path } => self.change(row, Change::SetMode { path, mode }),
            Site::Utime {
                accessed,
                modified,
                path,
            } => self.set_time(row, accessed, modified, path),
            Site::Symlink { .. }
            | Site::MakeDirectory(_)
            | Site::RemoveDirectory(_)
            | Site::Copy { .. }
            | Site::CopyFrom(_)
            | Site::CopyTo(_)
            | Site::Other(_) => {
                self.say(row, Code::BAD_PARAMETER, "This SITE command is not served.");
            }
        }
    }

    fn opts_command(&mut self, row: Row, opts: Opts) {
        match opts {
            Opts::Utf8(true) => self.say(row, Code::OK, "UTF8 is on."),
            // Names are bytes here: there is nothing to turn off.
            Opts::Utf8(false) => self.say(row, Code::BAD_PARAMETER, "UTF8 is always on."),
            _ if !self.login.is_in() => {
                self.say(row, Code::NOT_LOGGED_IN, "Log in with USER and PASS first.");
            }
            Opts::Mlst(wanted) => {
                let facts = FactSet::from_opts(wanted.as_bytes());
                self.parameters.set_facts(facts);
                let reply = Reply::with_text(Code::OK, facts.opts_reply());
                self.finish(row, &reply);
            }
            Opts::Hash(_) | Opts::ModeZ { .. } | Opts::Other { .. } => {
                self.say(row, Code::BAD_ARGUMENT, "This option is not known.");
            }
        }
    }

    /// What FEAT offers: only what is on.
    fn features(&self) -> Features {
        let config = &self.config;
        let tls = config.tls != TlsPolicy::Off;
        let mut features = Features::new();
        for (served, line) in [
            (tls, "AUTH TLS"),
            (true, "CLNT"),
            (config.active, "EPRT"),
            (true, "EPSV"),
            (true, "HOST"),
            (true, "LANG EN*"),
            (true, "MDTM"),
            (true, "MFMT"),
        ] {
            if served {
                features.push(Text::from_static(line));
            }
        }
        features.push(FactSet::ALL.feature(self.parameters.facts()));
        for (served, line) in [
            (tls, "PBSZ"),
            (tls, "PROT"),
            (true, "RANG STREAM"),
            (true, "REST STREAM"),
            (true, "SIZE"),
            (true, "TVFS"),
            (true, "UTF8"),
        ] {
            if served {
                features.push(Text::from_static(line));
            }
        }
        features
    }

    fn help(&self) -> Reply {
        let mut lines = Vec::from(
            [
                "ABOR ACCT ALLO APPE CDUP CLNT CWD DELE EPSV FEAT HELP HOST LANG LIST",
                "MDTM MFMT MKD MLSD MLST MODE NLST NOOP OPTS PASS PASV PWD QUIT REIN",
                "REST RETR RMD RNFR RNTO SITE SIZE STAT STOR STOU STRU SYST TYPE USER",
            ]
            .map(Text::from_static),
        );
        if self.config.active {
            lines.push(Text::from_static("EPRT PORT"));
        }
        if self.config.tls != TlsPolicy::Off {
            lines.push(Text::from_static("AUTH CCC PBSZ PROT"));
        }
        lines.push(Text::from_static("End."));
        Reply::multiline(Code::HELP, Text::from_static("Commands:"), lines)
    }

    /// `STAT` without a path; nothing of it is the client's own text.
    pub(super) fn status(&self) -> Reply {
        let fixed = Text::from_static;
        let mut lines = Vec::from([
            fixed(if self.login.is_in() {
                "Logged in."
            } else {
                "Not logged in."
            }),
            fixed(if self.parameters.is_ascii() {
                "TYPE A, STRU F, MODE S."
            } else {
                "TYPE I, STRU F, MODE S."
            }),
            fixed(if self.security.is_secured() {
                "The control connection is under TLS."
            } else {
                "The control connection is in clear."
            }),
        ]);
        if let Exchange::Transfer(moving) = &*self.exchange {
            lines.push(Text::sanitized(&alloc::format!(
                "Transfer in progress, {} bytes.",
                moving.bytes
            )));
        }
        lines.push(fixed("End of status."));
        Reply::multiline(Code::SYSTEM_STATUS, fixed("Status:"), lines)
    }
}

/// `"path"`, quotes in it doubled (RFC 959 appendix II).
fn quoted(code: Code, path: &PathArg) -> Reply {
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

/// `Modify=time; path` (draft-somers-ftp-mfxx).
fn modified(time: Timestamp, path: &PathArg) -> Reply {
    let mut text = BytesMut::from(&b"Modify="[..]);
    time.write_time_val(&mut text);
    text.put_slice(b"; ");
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
            (Self::RemoveDirectory(_), _) => connection.say(row, done, "Directory removed."),
            (Self::RemoveFile(_), _) => connection.say(row, done, "File deleted."),
            (Self::Rename { .. }, _) => connection.say(row, done, "Renamed."),
            (Self::SetTimes { .. }, Row::Site) => connection.say(row, Code::OK, "Times set."),
            (Self::SetTimes { modified: time, .. }, _) => {
                connection.finish(row, &modified(time, &path));
            }
            (Self::SetMode { .. }, _) => connection.say(row, Code::OK, "Mode set."),
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
        let Exchange::Asking { row, or_else, .. } = connection.exchange.lend() else {
            return;
        };
        let Described { path, facts } = match (answer, or_else) {
            (Ok(described), _) => described,
            (Err(refusal), Some(set)) if refusal.kind() == RefusalKind::NotFound => {
                return connection.set_time(row, None, set.time, set.path);
            }
            (Err(refusal), _) => return connection.refused(row, refusal),
        };
        let directory = matches!(
            facts.kind,
            Some(Kind::Directory | Kind::Current | Kind::Parent)
        );
        match question.purpose {
            Purpose::Size | Purpose::Modified if directory => {
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
            Purpose::Rename => match question.path {
                Some(from) => {
                    connection.parameters.set_rename(from);
                    connection.say(row, Code::PENDING, "Send RNTO now.");
                }
                None => connection.refused(row, Refusal::new(RefusalKind::Invalid)),
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
