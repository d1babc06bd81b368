//! `ftpkit inspect command`: an object a command, with its parts as they were understood. No
//! password or account is ever printed.

use ftpkit::proto::{
    Command, PathArg, Text,
    command::{CommandError, Epsv, ListArgs, Opts, SetFacts, Site},
    transcript::without_secret,
};

use super::{Input, Line, Object, Out, reply::put_range, unparsed, without_telnet};

pub(super) fn run(input: Input, out: &mut Out) -> anyhow::Result<()> {
    input.each_line(out, |line, out| {
        let line = match line {
            Line::Whole(line) => line,
            Line::TooLong(line) => {
                let mut object =
                    unparsed(&without_secret(line), "the line is longer than the limit");
                object.number("code", 500);
                return out.put(object);
            }
        };
        let undone = without_telnet(line);
        let line = undone.as_deref().unwrap_or(line);
        out.put(match Command::parse(line) {
            Ok(command) => object(&command),
            Err(error) => error_object(line, error),
        })
    })?;
    out.flush()?;
    Ok(())
}

/// A line that is no command, and the code that a server would answer.
pub(super) fn error_object(line: &[u8], error: CommandError) -> Object {
    let mut object = unparsed(&without_secret(line), error);
    if let Some(verb) = error.verb() {
        object.text("verb", verb.as_str());
    }
    object.number("code", error.reply_code().number().into());
    object
}

/// The verb, the parts, and the line that would be sent.
pub(super) fn object(command: &Command) -> Object {
    let mut object = Object::default();
    object.text("verb", command.verb().as_str());
    put_parts(&mut object, command);
    let wire = command.to_bytes();
    let wire = wire.strip_suffix(b"\r\n").unwrap_or(&wire);
    match command {
        Command::Pass(_) | Command::Acct(_) => object.text("wire", &command.to_string()),
        // What is not known may hold one.
        Command::Other { .. } | Command::Site(Site::Other(_)) => {
            object.bytes("wire", &without_secret(wire));
        }
        _ => object.bytes("wire", wire),
    }
    object
}

fn put_parts(object: &mut Object, command: &Command) {
    match command {
        Command::User(name) => object.bytes("name", name.as_bytes()),
        Command::Smnt(path)
        | Command::Retr(path)
        | Command::Stor(path)
        | Command::Appe(path)
        | Command::Rnfr(path)
        | Command::Rnto(path)
        | Command::Dele(path)
        | Command::Rmd(path)
        | Command::Mkd(path)
        | Command::Mdtm(path)
        | Command::Size(path)
        | Command::Hash(path) => put_path(object, path),
        Command::Cwd(path)
        | Command::Stou(path)
        | Command::Mlst(path)
        | Command::Mlsd(path)
        | Command::Avbl(path) => {
            if let Some(path) = path {
                put_path(object, path);
            }
        }
        Command::List(args) | Command::Nlst(args) | Command::Stat(args) => put_list(object, args),
        Command::Port(address) => object.text("address", &address.to_string()),
        Command::Eprt(address) | Command::Lprt(address) => {
            object.text("address", &address.to_string());
        }
        Command::Epsv(Epsv::Family(family)) => object.number("family", (*family).into()),
        Command::Epsv(Epsv::All) => object.flag("all", true),
        Command::Type(kind) => object.text("type", &kind.to_string()),
        Command::Stru(structure) => object.text("structure", &structure.to_string()),
        Command::Mode(mode) => object.text("mode", &mode.to_string()),
        Command::Prot(level) => object.text("protection", &level.to_string()),
        Command::Allo(Some(size)) => object.number("size", *size),
        Command::Pbsz(size) => object.number("size", (*size).into()),
        Command::Rest(offset) => object.number("offset", *offset),
        Command::Rang(Some(range)) => put_range(object, *range),
        Command::Site(site) => put_site(object, site),
        Command::Opts(opts) => put_opts(object, opts),
        Command::Help(topic) => put_text(object, "topic", topic.as_ref()),
        Command::Lang(language) => put_text(object, "language", language.as_ref()),
        Command::Auth(mechanism) => object.bytes("mechanism", mechanism.as_bytes()),
        Command::Host(host) => object.bytes("host", host.as_bytes()),
        Command::Clnt(name) | Command::Csid(name) => object.bytes("client", name.as_bytes()),
        Command::Mfmt { time, path } | Command::Mfct { time, path } => {
            object.text("time", &time.to_string());
            put_path(object, path);
        }
        Command::Mff { facts, path } => {
            object.object("facts", facts_object(facts));
            put_path(object, path);
        }
        Command::Checksum { form, path, range } => {
            object.text("algorithm", form.algorithm().name());
            put_path(object, path);
            if let Some(range) = range {
                put_range(object, *range);
            }
        }
        Command::Mmd5(paths) => object.list("paths", paths.iter().map(PathArg::as_bytes)),
        Command::Comb { target, parts } => {
            object.bytes("target", target.as_bytes());
            object.list("parts", parts.iter().map(PathArg::as_bytes));
        }
        Command::Pret(inner) => {
            let mut parts = Object::default();
            parts.text("verb", inner.verb().as_str());
            put_parts(&mut parts, inner);
            object.object("command", parts);
        }
        Command::Sscn(Some(on)) => object.flag("on", *on),
        Command::Other { verb, argument } => {
            object.flag("known", verb.is_known());
            let hidden = argument
                .as_ref()
                .map(|text| without_secret(text.as_bytes()));
            if let Some(argument) = hidden {
                object.bytes("argument", &argument);
            }
        }
        // They have no parts, or none that may be shown.
        _ => {}
    }
}

fn put_path(object: &mut Object, path: &PathArg) {
    object.bytes("path", path.as_bytes());
}

fn put_text(object: &mut Object, name: &str, text: Option<&Text>) {
    if let Some(text) = text {
        object.bytes(name, text.as_bytes());
    }
}

fn put_list(object: &mut Object, args: &ListArgs) {
    if !args.options.as_bytes().is_empty() {
        object.bytes("options", args.options.as_bytes());
    }
    if let Some(path) = &args.path {
        put_path(object, path);
    }
}

fn put_site(object: &mut Object, site: &Site) {
    let (word, path) = match site {
        Site::Help => ("HELP", None),
        Site::Chmod { path, .. } => ("CHMOD", Some(path)),
        Site::Utime { path, .. } => ("UTIME", Some(path)),
        Site::Symlink { link, .. } => ("SYMLINK", Some(link)),
        Site::MakeDirectory(path) => ("MKDIR", Some(path)),
        Site::RemoveDirectory(path) => ("RMDIR", Some(path)),
        Site::Copy { from, .. } => ("COPY", Some(from)),
        Site::CopyFrom(path) => ("CPFR", Some(path)),
        Site::CopyTo(path) => ("CPTO", Some(path)),
        Site::Other(text) => {
            object.bytes("site", &without_secret(text.as_bytes()));
            return;
        }
        _ => return,
    };
    object.text("site", word);
    if let Some(path) = path {
        put_path(object, path);
    }
    match site {
        Site::Chmod { mode, .. } => object.text("mode", &format!("{mode:04o}")),
        Site::Utime {
            accessed, modified, ..
        } => {
            if let Some(accessed) = accessed {
                object.text("accessed", &accessed.to_string());
            }
            object.text("modified", &modified.to_string());
        }
        Site::Symlink { target, .. } => object.bytes("target", target.as_bytes()),
        Site::Copy { to, .. } => object.bytes("to", to.as_bytes()),
        _ => {}
    }
}

fn put_opts(object: &mut Object, opts: &Opts) {
    match opts {
        Opts::Utf8(on) => {
            object.text("option", "UTF8");
            object.flag("on", *on);
        }
        Opts::Mlst(facts) => {
            object.text("option", "MLST");
            object.bytes("facts", facts.as_bytes());
        }
        Opts::Hash(algorithm) => {
            object.text("option", "HASH");
            if let Some(algorithm) = algorithm {
                object.text("algorithm", algorithm.name());
            }
        }
        Opts::ModeZ { level } => {
            object.text("option", "MODE Z");
            if let Some(level) = level {
                object.number("level", (*level).into());
            }
        }
        Opts::Other { name, parameters } => {
            object.bytes("option", name.as_bytes());
            put_text(object, "parameters", parameters.as_ref());
        }
        _ => {}
    }
}

fn facts_object(facts: &SetFacts) -> Object {
    let mut object = Object::default();
    for (name, time) in [("modified", facts.modified), ("created", facts.created)] {
        if let Some(time) = time {
            object.text(name, &time.to_string());
        }
    }
    if let Some(mode) = facts.mode {
        object.text("mode", &format!("{mode:04o}"));
    }
    for (name, value) in [("owner", &facts.owner), ("group", &facts.group)] {
        if let Some(value) = value {
            object.bytes(name, value.as_text().as_bytes());
        }
    }
    object
}
