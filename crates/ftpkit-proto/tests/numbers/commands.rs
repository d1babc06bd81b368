//! Numbers in the arguments of commands, and in URLs.

use ftpkit_proto::{
    Command,
    command::{ByteRange, CommandErrorKind, Epsv, Opts, Site, Type},
    url::Url,
};

use super::{Field, U64, check, field, with};

/// A field of a command line, whose value is taken out of the command.
fn command(
    template: &'static str,
    (least, most): (u128, u128),
    value: fn(Command) -> Option<u128>,
) -> Field {
    field(template, least, most, move |number| {
        let line = with(template, number);
        value(Command::parse(line.as_bytes()).ok()?)
    })
}

fn first(range: Option<ByteRange>) -> Option<u128> {
    Some(range?.start().into())
}

fn last(range: Option<ByteRange>) -> Option<u128> {
    Some(range?.last()?.into())
}

/// A family: one that does not exist is told apart from what is no number of a family.
fn family(template: &'static str, most: u128, unknown: CommandErrorKind) -> Field {
    field(template, 0, most, move |number| {
        let line = with(template, number);
        match Command::parse(line.as_bytes()) {
            Ok(_) => Some(number),
            Err(error) if error.kind() == unknown => Some(number),
            Err(_) => None,
        }
    })
}

#[test]
fn arguments_are_read_as_they_are_or_refused() {
    let port = |command| match command {
        Command::Port(address) => Some(u128::from(address.port())),
        _ => None,
    };
    let octet = |command| match command {
        // The octet that is not 7.
        Command::Port(address) => {
            let octets = address.ip().octets();
            octets
                .into_iter()
                .find(|o| *o != 7)
                .or(Some(7))
                .map(Into::into)
        }
        _ => None,
    };
    let long = |command| match command {
        Command::Lprt(address) => Some(u128::from(address.port())),
        _ => None,
    };
    let extended = |command| match command {
        Command::Eprt(address) => Some(u128::from(address.port())),
        _ => None,
    };
    let checked = |command| match command {
        Command::Checksum { path, range, .. } if path.as_bytes() == b"f" => Some(range),
        _ => None,
    };
    check(&[
        command("REST #", (0, U64), |c| match c {
            Command::Rest(offset) => Some(offset.into()),
            _ => None,
        }),
        command("ALLO #", (0, U64), |c| match c {
            Command::Allo(size) => size.map(Into::into),
            _ => None,
        }),
        command("ALLO # R 80", (0, U64), |c| match c {
            Command::Allo(size) => size.map(Into::into),
            _ => None,
        }),
        command("RANG # 18446744073709551615", (0, U64), |c| match c {
            Command::Rang(range) => first(range),
            _ => None,
        }),
        command("RANG 0 #", (0, U64), |c| match c {
            Command::Rang(range) => last(range),
            _ => None,
        }),
        command("PBSZ #", (0, u32::MAX.into()), |c| match c {
            Command::Pbsz(size) => Some(size.into()),
            _ => None,
        }),
        command("TYPE L #", (1, 255), |c| match c {
            Command::Type(Type::Local(size)) => Some(size.into()),
            _ => None,
        }),
        command("OPTS MODE Z LEVEL #", (0, 9), |c| match c {
            Command::Opts(Opts::ModeZ { level }) => level.map(Into::into),
            _ => None,
        }),
        command("EPSV #", (0, 65_535), |c| match c {
            Command::Epsv(Epsv::Family(family)) => Some(family.into()),
            _ => None,
        }),
        command("PORT #,7,7,7,4,1", (0, 255), octet),
        command("PORT 7,#,7,7,4,1", (0, 255), octet),
        command("PORT 7,7,#,7,4,1", (0, 255), octet),
        command("PORT 7,7,7,#,4,1", (0, 255), octet),
        field("PORT, high octet of the port", 0, 255, move |number| {
            let line = with("PORT 7,7,7,7,#,1", number);
            port(Command::parse(line.as_bytes()).ok()?).map(|port| port >> 8)
        }),
        // Port 0 is none.
        command("PORT 7,7,7,7,0,#", (1, 255), port),
        command("LPRT 4,4,7,7,7,7,2,0,#", (1, 255), long),
        field("LPRT, high octet of the port", 0, 255, move |number| {
            let line = with("LPRT 4,4,7,7,7,7,2,#,1", number);
            long(Command::parse(line.as_bytes()).ok()?).map(|port| port >> 8)
        }),
        command("LPRT 4,#,7,7,7,7,2,4,1", (4, 4), |_| Some(4)),
        command("LPRT 4,4,7,7,7,7,#,4,1", (2, 2), |_| Some(2)),
        family("LPRT #,1,7,1,7", 255, CommandErrorKind::UnknownLongFamily).but(&[4, 6]),
        command("EPRT |1|192.0.2.1|#|", (1, 65_535), extended),
        command("EPRT |2|2001:db8::1|#|", (1, 65_535), extended),
        family(
            "EPRT |#|192.0.2.1|1025|",
            65_535,
            CommandErrorKind::UnknownFamily,
        )
        .but(&[2]),
        field("XCRC \"f\" #", 0, U64, move |number| {
            let line = with("XCRC \"f\" #", number);
            first(checked(Command::parse(line.as_bytes()).ok()?)?)
        }),
        // The second number is not included, so that the first stays below it.
        field("XMD5 f # 18446744073709551615", 0, U64 - 1, move |number| {
            let line = with("XMD5 f # 18446744073709551615", number);
            first(checked(Command::parse(line.as_bytes()).ok()?)?)
        }),
        field("XSHA256 f 0 #", 1, U64, move |number| {
            let line = with("XSHA256 f 0 #", number);
            last(checked(Command::parse(line.as_bytes()).ok()?)?).map(|last| last + 1)
        }),
        field("SITE CHMOD", 0, 0o7777, |number| {
            let line = format!("SITE CHMOD {number:03o} f");
            match Command::parse(line.as_bytes()).ok()? {
                Command::Site(Site::Chmod { mode, .. }) => Some(mode.into()),
                _ => None,
            }
        }),
        field("MFF UNIX.mode", 0, 0o7777, |number| {
            let line = format!("MFF UNIX.mode={number:04o}; f");
            match Command::parse(line.as_bytes()).ok()? {
                Command::Mff { facts, .. } => facts.mode.map(Into::into),
                _ => None,
            }
        }),
        field("the port of a URL", 1, 65_535, |number| {
            let url: Url = with("ftp://h:#/f", number).parse().ok()?;
            url.port().map(Into::into)
        }),
    ]);
}

impl Field {
    /// The same without these numbers, which are tried elsewhere.
    fn but(mut self, others: &'static [u128]) -> Self {
        let read = self.read;
        self.read = Box::new(move |number| {
            if others.contains(&number) {
                return Some(number);
            }
            read(number)
        });
        self
    }
}
