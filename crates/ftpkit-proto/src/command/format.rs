//! A [`Command`] to bytes and to words for people: one walk over its parts, two ways to write
//! them. The inverse stands in `parse`.

use core::fmt::{self, Write as _};

use bytes::{BufMut, Bytes, BytesMut};

use super::{
    ByteRange, Command, Epsv, ListArgs, Mode, Opts, Protection, SetFacts, Site, Structure,
    TextFormat, Type, Verb, parse::is_plain_name,
};
use crate::{
    address::{HostPort, format_extended, format_long},
    text::{PathArg, Secret, Text},
    time::Timestamp,
    wire::telnet::escape_into,
};

/// Where the parts of a command go.
trait Sink {
    /// A part that this crate makes up: ASCII.
    fn word(&mut self, word: impl fmt::Display) -> fmt::Result;
    /// A part that came from outside.
    fn text(&mut self, text: &Text) -> fmt::Result;
    fn path(&mut self, path: &PathArg) -> fmt::Result;
    fn secret(&mut self, secret: &Secret) -> fmt::Result;
}

struct Wire<'a>(&'a mut BytesMut);

impl Sink for Wire<'_> {
    fn word(&mut self, word: impl fmt::Display) -> fmt::Result {
        write!(self.0, "{word}")
    }

    fn text(&mut self, text: &Text) -> fmt::Result {
        escape_into(text.as_bytes(), self.0);
        Ok(())
    }

    fn path(&mut self, path: &PathArg) -> fmt::Result {
        escape_into(path.as_bytes(), self.0);
        Ok(())
    }

    fn secret(&mut self, secret: &Secret) -> fmt::Result {
        escape_into(secret.as_bytes(), self.0);
        Ok(())
    }
}

struct People<'a, 'b>(&'a mut fmt::Formatter<'b>);

impl Sink for People<'_, '_> {
    fn word(&mut self, word: impl fmt::Display) -> fmt::Result {
        write!(self.0, "{word}")
    }

    fn text(&mut self, text: &Text) -> fmt::Result {
        write!(self.0, "{text}")
    }

    fn path(&mut self, path: &PathArg) -> fmt::Result {
        write!(self.0, "{path}")
    }

    fn secret(&mut self, _: &Secret) -> fmt::Result {
        self.0.write_str("***")
    }
}

impl Command {
    /// The verb; of the commands with an old X form the plain one.
    #[must_use]
    pub const fn verb(&self) -> Verb {
        match self {
            Self::User(_) => Verb::USER,
            Self::Pass(_) => Verb::PASS,
            Self::Acct(_) => Verb::ACCT,
            Self::Cwd(_) => Verb::CWD,
            Self::Cdup => Verb::CDUP,
            Self::Smnt(_) => Verb::SMNT,
            Self::Rein => Verb::REIN,
            Self::Quit => Verb::QUIT,
            Self::Port(_) => Verb::PORT,
            Self::Pasv => Verb::PASV,
            Self::Type(_) => Verb::TYPE,
            Self::Stru(_) => Verb::STRU,
            Self::Mode(_) => Verb::MODE,
            Self::Retr(_) => Verb::RETR,
            Self::Stor(_) => Verb::STOR,
            Self::Stou(_) => Verb::STOU,
            Self::Appe(_) => Verb::APPE,
            Self::Allo(_) => Verb::ALLO,
            Self::Rest(_) => Verb::REST,
            Self::Rnfr(_) => Verb::RNFR,
            Self::Rnto(_) => Verb::RNTO,
            Self::Abor => Verb::ABOR,
            Self::Dele(_) => Verb::DELE,
            Self::Rmd(_) => Verb::RMD,
            Self::Mkd(_) => Verb::MKD,
            Self::Pwd => Verb::PWD,
            Self::List(_) => Verb::LIST,
            Self::Nlst(_) => Verb::NLST,
            Self::Site(_) => Verb::SITE,
            Self::Syst => Verb::SYST,
            Self::Stat(_) => Verb::STAT,
            Self::Help(_) => Verb::HELP,
            Self::Noop => Verb::NOOP,
            Self::Auth(_) => Verb::AUTH,
            Self::Adat(_) => Verb::ADAT,
            Self::Pbsz(_) => Verb::PBSZ,
            Self::Prot(_) => Verb::PROT,
            Self::Ccc => Verb::CCC,
            Self::Mic(_) => Verb::MIC,
            Self::Conf(_) => Verb::CONF,
            Self::Enc(_) => Verb::ENC,
            Self::Feat => Verb::FEAT,
            Self::Opts(_) => Verb::OPTS,
            Self::Eprt(_) => Verb::EPRT,
            Self::Epsv(_) => Verb::EPSV,
            Self::Lang(_) => Verb::LANG,
            Self::Mdtm(_) => Verb::MDTM,
            Self::Size(_) => Verb::SIZE,
            Self::Mlst(_) => Verb::MLST,
            Self::Mlsd(_) => Verb::MLSD,
            Self::Host(_) => Verb::HOST,
            Self::Lprt(_) => Verb::LPRT,
            Self::Lpsv => Verb::LPSV,
            Self::Mfmt { .. } => Verb::MFMT,
            Self::Mfct { .. } => Verb::MFCT,
            Self::Mff { .. } => Verb::MFF,
            Self::Hash(_) => Verb::HASH,
            Self::Rang(_) => Verb::RANG,
            Self::Checksum { form, .. } => form.verb(),
            Self::Mmd5(_) => Verb::MMD5,
            Self::Clnt(_) => Verb::CLNT,
            Self::Csid(_) => Verb::CSID,
            Self::Avbl(_) => Verb::AVBL,
            Self::Comb { .. } => Verb::COMB,
            Self::Pret(_) => Verb::PRET,
            Self::Sscn(_) => Verb::SSCN,
            Self::Cpsv => Verb::CPSV,
            Self::Other { verb, .. } => *verb,
        }
    }

    /// Appends the wire form: the line with its CRLF, each 0xFF doubled as Telnet wants it.
    pub fn encode(&self, out: &mut BytesMut) {
        let fits = self.write(&mut Wire(out));
        debug_assert!(fits.is_ok(), "writing to memory does not fail");
        out.put_slice(b"\r\n");
    }

    /// The wire form.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = BytesMut::with_capacity(64);
        self.encode(&mut out);
        out.freeze()
    }

    fn write(&self, sink: &mut impl Sink) -> fmt::Result {
        sink.word(self.verb().as_str())?;
        match self {
            Self::Cdup
            | Self::Rein
            | Self::Quit
            | Self::Pasv
            | Self::Abor
            | Self::Pwd
            | Self::Syst
            | Self::Noop
            | Self::Ccc
            | Self::Feat
            | Self::Lpsv
            | Self::Cpsv => Ok(()),
            Self::Pass(secret) | Self::Acct(secret) => {
                sink.word(" ")?;
                sink.secret(secret)
            }
            Self::User(text)
            | Self::Auth(text)
            | Self::Adat(text)
            | Self::Mic(text)
            | Self::Conf(text)
            | Self::Enc(text)
            | Self::Host(text)
            | Self::Clnt(text)
            | Self::Csid(text) => some_text(sink, text),
            Self::Help(text) | Self::Lang(text) | Self::Other { argument: text, .. } => {
                text.as_ref().map_or(Ok(()), |text| some_text(sink, text))
            }
            Self::Smnt(path)
            | Self::Retr(path)
            | Self::Stor(path)
            | Self::Appe(path)
            | Self::Rnfr(path)
            | Self::Rnto(path)
            | Self::Dele(path)
            | Self::Rmd(path)
            | Self::Mkd(path)
            | Self::Mdtm(path)
            | Self::Size(path)
            | Self::Hash(path) => some_path(sink, path),
            Self::Cwd(path)
            | Self::Stou(path)
            | Self::Mlst(path)
            | Self::Mlsd(path)
            | Self::Avbl(path) => path.as_ref().map_or(Ok(()), |path| some_path(sink, path)),
            Self::Port(address) => sink.word(format_args!(" {}", HostPort::from(*address))),
            Self::Eprt(address) => sink.word(format_args!(" {}", format_extended(*address))),
            Self::Type(kind) => sink.word(format_args!(" {kind}")),
            Self::Stru(structure) => sink.word(format_args!(" {structure}")),
            Self::Mode(mode) => sink.word(format_args!(" {mode}")),
            Self::Prot(level) => sink.word(format_args!(" {level}")),
            Self::Allo(size) => match size {
                Some(size) => sink.word(format_args!(" {size}")),
                // Any word that is no number says the same.
                None => sink.word(" -"),
            },
            Self::Rest(offset) => sink.word(format_args!(" {offset}")),
            Self::Pbsz(size) => sink.word(format_args!(" {size}")),
            Self::Epsv(Epsv::Any) => Ok(()),
            Self::Epsv(Epsv::Family(family)) => sink.word(format_args!(" {family}")),
            Self::Epsv(Epsv::All) => sink.word(" ALL"),
            Self::List(args) | Self::Nlst(args) | Self::Stat(args) => list_args(sink, args),
            Self::Site(site) => write_site(sink, site),
            Self::Opts(opts) => write_opts(sink, opts),
            Self::Lprt(address) => sink.word(format_args!(" {}", format_long(*address))),
            Self::Mfmt { time, path } | Self::Mfct { time, path } => {
                sink.word(format_args!(" {}", time.time_val()))?;
                some_path(sink, path)
            }
            Self::Mff { facts, path } => {
                set_facts(sink, facts)?;
                some_path(sink, path)
            }
            Self::Rang(range) => range_words(sink, *range),
            Self::Checksum { path, range, .. } => checksum(sink, path, *range),
            Self::Mmd5(paths) => {
                for (at, path) in paths.iter().enumerate() {
                    sink.word(if at == 0 { " " } else { ", " })?;
                    quoted(sink, path)?;
                }
                Ok(())
            }
            Self::Comb { target, parts } => {
                for path in core::iter::once(target).chain(parts) {
                    sink.word(" ")?;
                    quoted(sink, path)?;
                }
                Ok(())
            }
            Self::Pret(command) => {
                sink.word(" ")?;
                command.write(sink)
            }
            Self::Sscn(client) => match client {
                Some(true) => sink.word(" ON"),
                Some(false) => sink.word(" OFF"),
                None => Ok(()),
            },
        }
    }
}

fn some_text(sink: &mut impl Sink, text: &Text) -> fmt::Result {
    sink.word(" ")?;
    sink.text(text)
}

fn some_path(sink: &mut impl Sink, path: &PathArg) -> fmt::Result {
    sink.word(" ")?;
    sink.path(path)
}

/// A name among others: in quotes, those in it doubled.
fn quoted(sink: &mut impl Sink, path: &PathArg) -> fmt::Result {
    sink.word("\"")?;
    for (at, part) in path.as_bytes().split(|b| *b == b'"').enumerate() {
        if at > 0 {
            sink.word("\"\"")?;
        }
        // A part of a path holds nothing that a path does not, and may be empty.
        if let Ok(part) = PathArg::try_from(part) {
            sink.path(&part)?;
        }
    }
    sink.word("\"")
}

/// A name before numbers, which stand apart from it only where it is quoted. A name alone is
/// quoted where it would not be read as it is.
fn checksum(sink: &mut impl Sink, path: &PathArg, range: Option<ByteRange>) -> fmt::Result {
    sink.word(" ")?;
    let Some(range) = range else {
        return if is_plain_name(path) {
            sink.path(path)
        } else {
            quoted(sink, path)
        };
    };
    quoted(sink, path)?;
    sink.word(format_args!(" {}", range.start()))?;
    match range.end() {
        Some(end) => sink.word(format_args!(" {end}")),
        None => Ok(()),
    }
}

fn range_words(sink: &mut impl Sink, range: Option<ByteRange>) -> fmt::Result {
    match range {
        Some(range) => {
            let last = range.last().unwrap_or(u64::MAX);
            sink.word(format_args!(" {} {last}", range.start()))
        }
        None => sink.word(" 1 0"),
    }
}

fn set_facts(sink: &mut impl Sink, facts: &SetFacts) -> fmt::Result {
    sink.word(" ")?;
    if let Some(time) = facts.modified {
        sink.word(format_args!("Modify={};", time.time_val()))?;
    }
    if let Some(time) = facts.created {
        sink.word(format_args!("Create={};", time.time_val()))?;
    }
    if let Some(mode) = facts.mode {
        sink.word(format_args!("UNIX.mode={:04o};", mode & 0o7777))?;
    }
    for (name, value) in [("UNIX.owner=", &facts.owner), ("UNIX.group=", &facts.group)] {
        if let Some(value) = value {
            sink.word(name)?;
            sink.text(value.as_text())?;
            sink.word(";")?;
        }
    }
    Ok(())
}

fn list_args(sink: &mut impl Sink, args: &ListArgs) -> fmt::Result {
    if !args.options.as_bytes().is_empty() {
        sink.word(" -")?;
        sink.text(&args.options)?;
    }
    let Some(path) = &args.path else {
        return Ok(());
    };
    sink.word(if path.as_bytes().starts_with(b"-") {
        " ./"
    } else {
        " "
    })?;
    sink.path(path)
}

fn write_site(sink: &mut impl Sink, site: &Site) -> fmt::Result {
    match site {
        Site::Help => sink.word(" HELP"),
        Site::Chmod { mode, path } => {
            sink.word(format_args!(" CHMOD {:03o}", mode & 0o7777))?;
            some_path(sink, path)
        }
        Site::Utime {
            accessed: None,
            modified,
            path,
        } => {
            sink.word(format_args!(" UTIME {}", whole_seconds(*modified)))?;
            some_path(sink, path)
        }
        Site::Utime {
            accessed: Some(accessed),
            modified,
            path,
        } => {
            sink.word(" UTIME")?;
            some_path(sink, path)?;
            let modified = whole_seconds(*modified);
            // Nobody can set the time of the last change of the inode; it is there for the form.
            sink.word(format_args!(
                " {} {modified} {modified} UTC",
                whole_seconds(*accessed)
            ))
        }
        Site::Symlink { target, link } => two_paths(sink, " SYMLINK", target, link),
        Site::MakeDirectory(path) => named_path(sink, " MKDIR", path),
        Site::RemoveDirectory(path) => named_path(sink, " RMDIR", path),
        Site::Copy { from, to } => two_paths(sink, " COPY", from, to),
        Site::CopyFrom(path) => named_path(sink, " CPFR", path),
        Site::CopyTo(path) => named_path(sink, " CPTO", path),
        Site::Other(text) => some_text(sink, text),
    }
}

fn named_path(sink: &mut impl Sink, word: &str, path: &PathArg) -> fmt::Result {
    sink.word(word)?;
    some_path(sink, path)
}

/// Quotes only where blanks or quotes need them: most servers split at blanks and know none.
fn two_paths(sink: &mut impl Sink, word: &str, first: &PathArg, second: &PathArg) -> fmt::Result {
    sink.word(word)?;
    for path in [first, second] {
        sink.word(" ")?;
        if path.as_bytes().iter().any(|b| matches!(b, b' ' | b'"')) {
            quoted(sink, path)?;
        } else {
            sink.path(path)?;
        }
    }
    Ok(())
}

fn whole_seconds(time: Timestamp) -> crate::time::TimeVal {
    time.whole_seconds().time_val()
}

fn write_opts(sink: &mut impl Sink, opts: &Opts) -> fmt::Result {
    match opts {
        Opts::Utf8(true) => sink.word(" UTF8 ON"),
        Opts::Utf8(false) => sink.word(" UTF8 OFF"),
        Opts::Mlst(facts) => {
            sink.word(" MLST")?;
            if facts.as_bytes().is_empty() {
                return Ok(());
            }
            some_text(sink, facts)
        }
        Opts::Hash(None) => sink.word(" HASH"),
        Opts::Hash(Some(algorithm)) => sink.word(format_args!(" HASH {algorithm}")),
        Opts::ModeZ { level: None } => sink.word(" MODE Z"),
        Opts::ModeZ { level: Some(level) } => sink.word(format_args!(" MODE Z LEVEL {level}")),
        Opts::Other { name, parameters } => {
            some_text(sink, name)?;
            parameters
                .as_ref()
                .map_or(Ok(()), |text| some_text(sink, text))
        }
    }
}

/// For people and logs: the line without its end, passwords as `***`, control characters
/// escaped.
impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(&mut People(f))
    }
}

/// As on the wire: `A`, `A T`, `I`, `L 8`; the format N is the default and left out.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (letter, format) = match self {
            Self::Ascii(format) => ("A", format),
            Self::Ebcdic(format) => ("E", format),
            Self::Image => return f.write_str("I"),
            Self::Local(size) => return write!(f, "L {size}"),
        };
        f.write_str(letter)?;
        f.write_str(match format {
            TextFormat::NonPrint => "",
            TextFormat::Telnet => " T",
            TextFormat::CarriageControl => " C",
        })
    }
}

macro_rules! letters {
    ($kind:ident: $($variant:ident = $letter:literal),*) => {
        /// The letter on the wire.
        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $letter),*
                })
            }
        }
    };
}

letters!(Structure: File = "F", Record = "R", Page = "P");
letters!(Mode: Stream = "S", Block = "B", Compressed = "C", Deflate = "Z");
letters!(Protection: Clear = "C", Safe = "S", Confidential = "E", Private = "P");
