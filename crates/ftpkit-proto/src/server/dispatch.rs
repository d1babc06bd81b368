//! What each command does: an arm for each, and the parameters that are set. What takes more
//! than a few lines stands beside.

use super::{
    connection::Connection,
    event::{Change, Event, ListStyle, Purpose, Survey, Transfer},
    files,
    state::Part,
};
use crate::{
    Code, Reply,
    command::{
        ByteRange, Command, ListArgs, Mode, Opts, Row, SetFacts, Structure, TextFormat, Type,
    },
    facts::FactSet,
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
            Command::Sscn(client) => self.sscn_command(client),
            Command::Cpsv => self.cpsv_command(),
            Command::Adat(_) | Command::Mic(_) | Command::Conf(_) | Command::Enc(_) => {
                self.say(row, Code::NOT_IMPLEMENTED, "Not served; use AUTH TLS.");
            }

            Command::Port(target) => self.active_command(row, target.into()),
            Command::Eprt(target) | Command::Lprt(target) => self.active_command(row, target),
            Command::Pasv | Command::Lpsv => self.passive_command(row),
            Command::Epsv(argument) => self.epsv_command(argument),
            Command::Type(kind) => self.type_command(kind),
            Command::Stru(Structure::File) => self.say(row, Code::OK, "Structure is file."),
            // RFC 1123 sec. 4.1.2.4 wants R where files have records. These have none, and a stream
            // with record marks in it would be stored as another file.
            Command::Stru(Structure::Record | Structure::Page) => {
                self.say(row, Code::BAD_PARAMETER, "Only STRU F is served.");
            }
            Command::Mode(Mode::Stream) => self.say(row, Code::OK, "Mode is stream."),
            // What changes the payload on its way is the driver's, and none does.
            Command::Mode(Mode::Block | Mode::Compressed | Mode::Deflate) => {
                self.say(row, Code::BAD_PARAMETER, "Only MODE S is served.");
            }
            Command::Rest(marker) => self.rest_command(marker),
            Command::Rang(range) => self.rang_command(range),
            // Whichever command is to come, the data connection is made the same way.
            Command::Pret(_) => self.say(row, Code::OK, "Send EPSV or PASV now."),
            Command::Allo(bytes) => self.allo_command(bytes),

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
            Command::Rnto(to) => self.rnto_command(to),
            Command::Mfmt { time, path } => self.set_time(row, None, time, path),
            Command::Mfct { time, path } => {
                let mut facts = SetFacts::new();
                facts.created = Some(time);
                self.change(row, Change::SetFacts { path, facts });
            }
            Command::Mff { facts, path } => self.change(row, Change::SetFacts { path, facts }),
            Command::Comb { target, parts } => {
                self.change(row, Change::Combine { target, parts });
            }
            Command::Site(site) => self.site_command(site),
            Command::Pwd => match self.login.directory() {
                Some(directory) => {
                    let reply = files::quoted(Code::PATH, directory);
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
            Command::Hash(path) => self.hash_command(path),
            Command::Checksum { form, path, range } => self.checksum_command(form, path, range),
            Command::Mmd5(paths) => self.mmd5_command(paths),
            Command::Avbl(path) => self.avbl_command(path),
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
            Opts::Hash(algorithm) => self.opts_hash(algorithm),
            Opts::ModeZ { .. } | Opts::Other { .. } => {
                self.say(row, Code::BAD_ARGUMENT, "This option is not known.");
            }
        }
    }
}
