//! What happens to a machine, in words that read back as the same: for transcripts.

use std::{fmt, str::FromStr};

use bytes::BytesMut;
use ftpkit_proto::{
    Command, DataEvent, DataFailure, DataId, PathArg, Secret, Text, TlsEvent, TlsFacts,
    client::{Credentials, Request, Transfer},
    command::{ByteRange, ListArgs},
    facts::{Facts, Kind},
    server::{Described, Digested, LoginAnswer, Offers, Opened, RefusalKind},
    time::Timestamp,
};

use crate::player::{Answer, Input};

/// Bytes as one word: without spaces, control characters and backslashes.
pub(crate) fn word(bytes: &[u8]) -> String {
    if bytes.is_empty() {
        return "\\e".into();
    }
    let text = bytes.escape_ascii().to_string();
    text.replace(' ', "\\x20")
}

/// The bytes of a word, or of a line with spaces; none for a word of something else.
pub(crate) fn bytes(word: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = word.as_bytes().iter().copied();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'\\' => match rest.next()? {
                b'x' => {
                    let digits = [rest.next()?, rest.next()?];
                    let digits = std::str::from_utf8(&digits).ok()?.to_owned();
                    u8::from_str_radix(&digits, 16).ok()?
                }
                b'r' => b'\r',
                b'n' => b'\n',
                b't' => b'\t',
                // The empty word.
                b'e' => continue,
                escaped => escaped,
            },
            byte => byte,
        });
    }
    Some(bytes)
}

/// The kinds of refusal, for words and for dice.
pub(crate) const REFUSALS: &[RefusalKind] = &[
    RefusalKind::NotFound,
    RefusalKind::Exists,
    RefusalKind::Denied,
    RefusalKind::NotADirectory,
    RefusalKind::IsADirectory,
    RefusalKind::NotEmpty,
    RefusalKind::NameNotAllowed,
    RefusalKind::Busy,
    RefusalKind::NoSpace,
    RefusalKind::Quota,
    RefusalKind::BeyondEnd,
    RefusalKind::Unsupported,
    RefusalKind::Invalid,
    RefusalKind::Failed,
    RefusalKind::LoginFailed,
    RefusalKind::TooMany,
];

/// The failures of a data connection.
pub(crate) const FAILURES: &[DataFailure] = &[
    DataFailure::Listen,
    DataFailure::Refused,
    DataFailure::Unreachable,
    DataFailure::TimedOut,
    DataFailure::Tls,
    DataFailure::NotResumed,
    DataFailure::Certificate,
    DataFailure::Broken,
    DataFailure::Local,
    DataFailure::NoSpace,
    DataFailure::Quota,
];

const KINDS: &[Kind] = &[Kind::File, Kind::Directory];

/// The one of these that prints so.
fn named<T: Copy + fmt::Debug>(all: &[T], name: &str) -> Option<T> {
    all.iter().copied().find(|one| format!("{one:?}") == name)
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "takes {}", bytes.len()),
            Self::Eof => f.write_str("sees the end"),
            Self::Tls(event) => tls_event(f, event),
            Self::Data(id, event) => {
                write!(f, "data {} ", id.number())?;
                data_event(f, event)
            }
            Self::Wake => f.write_str("wakes"),
            Self::Ask(wanted) => {
                f.write_str("asks ")?;
                request(f, wanted)
            }
            Self::GiveUp(number) => write!(f, "gives up {number}"),
            Self::Answer(given) => {
                f.write_str("answers ")?;
                answer(f, given)
            }
            Self::Drain => f.write_str("drains"),
            Self::ShutDown => f.write_str("shuts down"),
        }
    }
}

fn tls_event(f: &mut fmt::Formatter<'_>, event: &TlsEvent) -> fmt::Result {
    match event {
        TlsEvent::Started(facts) => {
            f.write_str("tls Started")?;
            if facts.certificate {
                f.write_str(" certified")?;
            }
            match &facts.server_name {
                Some(name) => write!(f, " {}", name.as_bytes().escape_ascii()),
                None => Ok(()),
            }
        }
        other => write!(f, "tls {other:?}"),
    }
}

fn data_event(f: &mut fmt::Formatter<'_>, event: &DataEvent) -> fmt::Result {
    match event {
        DataEvent::Listening(at) => write!(f, "listening {at}"),
        DataEvent::Connected(at) => write!(f, "connected {at}"),
        DataEvent::Secured { resumed } => write!(f, "secured {resumed}"),
        DataEvent::Progress { bytes } => write!(f, "moved {bytes}"),
        DataEvent::Finished { bytes, clean } => write!(f, "finished {bytes} {clean}"),
        DataEvent::Failed(failure) => write!(f, "failed {failure:?}"),
        other => panic!("no words for {other:?}"),
    }
}

fn request(f: &mut fmt::Formatter<'_>, request: &Request) -> fmt::Result {
    match request {
        Request::Command(command) => {
            let mut line = BytesMut::new();
            command.encode(&mut line);
            write!(f, "command {}", word(line.trim_ascii_end()))
        }
        Request::Login(login) => {
            if let Some(host) = &login.host {
                write!(f, "at {} {} ", word(host.as_bytes()), login.host_required)?;
            }
            let user = word(login.user.as_bytes());
            write!(f, "login {user} {}", word(login.password.as_bytes()))?;
            match &login.account {
                Some(account) => write!(f, " {}", word(account.as_bytes())),
                None => Ok(()),
            }
        }
        Request::Features => f.write_str("features"),
        Request::Negotiate => f.write_str("negotiate"),
        Request::ClearControl => f.write_str("clear"),
        Request::Hash { path, range } => {
            write!(f, "hash {}", word(path.as_bytes()))?;
            match range {
                Some(range) => {
                    let last = range.last().map(|last| last.to_string());
                    write!(f, " {} {}", range.start(), last.as_deref().unwrap_or("-"))
                }
                None => Ok(()),
            }
        }
        Request::Secure { protect_data } => write!(f, "secure {protect_data}"),
        Request::Rename { from, to } => {
            let from = word(from.as_bytes());
            write!(f, "rename {from} {}", word(to.as_bytes()))
        }
        Request::Transfer {
            transfer: what,
            ascii,
        } => {
            f.write_str(if *ascii { "text " } else { "image " })?;
            transfer(f, what)
        }
        Request::Quit => f.write_str("quit"),
        other => panic!("no words for {other:?}"),
    }
}

fn transfer(f: &mut fmt::Formatter<'_>, transfer: &Transfer) -> fmt::Result {
    let (what, path) = match transfer {
        Transfer::Download { path, offset } => (format!("get {offset}"), Some(path)),
        Transfer::DownloadRange { path, range } => {
            // `-`: to the end.
            let last = range.last().map(|last| last.to_string());
            let last = last.unwrap_or_else(|| "-".into());
            (format!("part {} {last}", range.start()), Some(path))
        }
        Transfer::Upload { path, offset } => (format!("put {offset}"), Some(path)),
        Transfer::Append { path } => ("append".into(), Some(path)),
        Transfer::UploadUnique { path } => ("unique".into(), path.as_ref()),
        Transfer::List(args) => ("list".into(), args.path.as_ref()),
        Transfer::Names(args) => ("names".into(), args.path.as_ref()),
        Transfer::Facts { path } => ("facts".into(), path.as_ref()),
        other => panic!("no words for {other:?}"),
    };
    f.write_str(&what)?;
    match path {
        Some(path) => write!(f, " {}", word(path.as_bytes())),
        None => Ok(()),
    }
}

fn answer(f: &mut fmt::Formatter<'_>, answer: &Answer) -> fmt::Result {
    match answer {
        Answer::Refused(kind) => write!(f, "refused {kind:?}"),
        Answer::Login(LoginAnswer::Accepted { home, offers }) => {
            write!(f, "accepted {}", word(home.as_bytes()))?;
            let offered = OFFERS.iter().filter(|(one, _)| offers.contains(*one));
            for (_, name) in offered {
                write!(f, " {name}")?;
            }
            Ok(())
        }
        Answer::Login(LoginAnswer::PasswordNeeded) => f.write_str("password"),
        Answer::Login(_) => f.write_str("account"),
        Answer::Path(path) => write!(f, "path {}", word(path.as_bytes())),
        Answer::Described(described) => {
            write!(f, "described {} ", word(described.path.as_bytes()))?;
            some_facts(f, &described.facts)
        }
        Answer::Entries(entries) => {
            f.write_str("entries")?;
            for (name, facts) in entries {
                write!(f, " {} ", word(name.as_bytes()))?;
                some_facts(f, facts)?;
            }
            Ok(())
        }
        Answer::Digested(digested) => {
            write!(f, "digested {} {}", word(&digested.digest), digested.length)
        }
        Answer::Space(bytes) => write!(f, "space {bytes}"),
        Answer::Opened(opened) => {
            f.write_str("opened")?;
            if let Some(size) = opened.size {
                write!(f, " size {size}")?;
            }
            if let Some(name) = &opened.name {
                write!(f, " name {}", word(name.as_bytes()))?;
            }
            Ok(())
        }
        Answer::Done => f.write_str("done"),
    }
}

fn some_facts(f: &mut fmt::Formatter<'_>, facts: &Facts) -> fmt::Result {
    let kind = facts.kind.unwrap_or(Kind::File);
    let size = facts.size.map(|size| size.to_string());
    let size = size.unwrap_or_else(|| "-".into());
    let modified = facts.modified.map(|time| time.unix_seconds().to_string());
    let modified = modified.unwrap_or_else(|| "-".into());
    write!(f, "{kind:?} {size} {modified}")
}

/// What a login can bring, by name.
const OFFERS: &[(Offers, &str)] = &[
    (Offers::CRC32, "crc32"),
    (Offers::MD5, "md5"),
    (Offers::SHA1, "sha1"),
    (Offers::SHA256, "sha256"),
    (Offers::SHA512, "sha512"),
    (Offers::SET_MODIFIED, "modified"),
    (Offers::SET_CREATED, "created"),
    (Offers::SET_MODE, "mode"),
    (Offers::SET_OWNER, "owner"),
    (Offers::SYMLINK, "symlink"),
    (Offers::COPY, "copy"),
    (Offers::COMBINE, "combine"),
    (Offers::SPACE, "space"),
];

/// The words of a line, read one after another.
struct Words<'a>(std::str::SplitAsciiWhitespace<'a>);

impl Words<'_> {
    fn bytes(&mut self) -> Option<Vec<u8>> {
        bytes(self.0.next()?)
    }

    fn path(&mut self) -> Option<PathArg> {
        PathArg::try_from(&self.bytes()?[..]).ok()
    }

    fn number<N: FromStr>(&mut self) -> Option<N> {
        self.0.next()?.parse().ok()
    }

    fn facts(&mut self) -> Option<Facts> {
        let mut facts = Facts::of(named(KINDS, self.0.next()?)?);
        facts.size = self.number();
        let seconds: Option<i64> = self.number();
        facts.modified = seconds.and_then(|seconds| Timestamp::from_unix(seconds, 0));
        Some(facts)
    }

    fn request(&mut self) -> Option<Request> {
        Some(match self.0.next()? {
            "command" => Request::Command(Command::parse(&self.bytes()?).ok()?),
            "login" => {
                let user = Text::try_from(&self.bytes()?[..]).ok()?;
                let mut login = Credentials::new(user, Secret::new(self.bytes()?).ok()?);
                login.account = self.bytes().and_then(|account| Secret::new(account).ok());
                Request::Login(login)
            }
            "at" => {
                let host = Text::try_from(&self.bytes()?[..]).ok()?;
                let required = self.number()?;
                let Request::Login(mut login) = self.request()? else {
                    return None;
                };
                login.host = Some(host);
                login.host_required = required;
                Request::Login(login)
            }
            "features" => Request::Features,
            "negotiate" => Request::Negotiate,
            "clear" => Request::ClearControl,
            "hash" => {
                let path = self.path()?;
                let start: Option<u64> = self.number();
                let range = match (start, self.number()) {
                    (None, _) => None,
                    (Some(start), Some(last)) => Some(ByteRange::inclusive(start, last)?),
                    (Some(start), None) => Some(ByteRange::from(start)),
                };
                Request::Hash { path, range }
            }
            "secure" => Request::Secure {
                protect_data: self.number()?,
            },
            "rename" => Request::Rename {
                from: self.path()?,
                to: self.path()?,
            },
            "text" => Request::Transfer {
                transfer: self.transfer()?,
                ascii: true,
            },
            "image" => Request::Transfer {
                transfer: self.transfer()?,
                ascii: false,
            },
            "quit" => Request::Quit,
            _ => return None,
        })
    }

    fn transfer(&mut self) -> Option<Transfer> {
        let args = |path: Option<PathArg>| ListArgs::new(Text::default(), path);
        Some(match self.0.next()? {
            "get" => {
                let offset = self.number()?;
                let path = self.path()?;
                Transfer::Download { path, offset }
            }
            "part" => {
                let start = self.number()?;
                let range = match self.number() {
                    Some(last) => ByteRange::inclusive(start, last)?,
                    None => ByteRange::from(start),
                };
                let path = self.path()?;
                Transfer::DownloadRange { path, range }
            }
            "put" => {
                let offset = self.number()?;
                let path = self.path()?;
                Transfer::Upload { path, offset }
            }
            "append" => Transfer::Append { path: self.path()? },
            "unique" => Transfer::UploadUnique { path: self.path() },
            "list" => Transfer::List(args(self.path())),
            "names" => Transfer::Names(args(self.path())),
            "facts" => Transfer::Facts { path: self.path() },
            _ => return None,
        })
    }

    fn answer(&mut self) -> Option<Answer> {
        Some(match self.0.next()? {
            "refused" => Answer::Refused(named(REFUSALS, self.0.next()?)?),
            "accepted" => {
                let home = self.path()?;
                let mut offers = Offers::EMPTY;
                for name in self.0.by_ref() {
                    offers |= OFFERS.iter().find(|(_, offer)| *offer == name)?.0;
                }
                Answer::Login(LoginAnswer::Accepted { home, offers })
            }
            "digested" => {
                let digest = self.bytes()?;
                Answer::Digested(Digested::new(digest, self.number()?))
            }
            "space" => Answer::Space(self.number()?),
            "account" => Answer::Login(LoginAnswer::AccountNeeded),
            "password" => Answer::Login(LoginAnswer::PasswordNeeded),
            "path" => Answer::Path(self.path()?),
            "described" => {
                let described = Described::new(self.path()?, self.facts()?);
                Answer::Described(Box::new(described))
            }
            "entries" => {
                let mut entries = Vec::new();
                while let Some(name) = self.bytes() {
                    entries.push((Text::try_from(&name[..]).ok()?, self.facts()?));
                }
                Answer::Entries(entries)
            }
            "opened" => {
                let mut opened = Opened::default();
                while let Some(what) = self.0.next() {
                    match what {
                        "size" => opened.size = self.number(),
                        _ => opened.name = self.path(),
                    }
                }
                Answer::Opened(opened)
            }
            "done" => Answer::Done,
            _ => return None,
        })
    }

    fn data(&mut self) -> Option<(DataId, DataEvent)> {
        let id = DataId::new(self.number()?);
        let event = match self.0.next()? {
            "listening" => DataEvent::Listening(self.number()?),
            "connected" => DataEvent::Connected(self.number()?),
            "secured" => DataEvent::Secured {
                resumed: self.number()?,
            },
            "moved" => DataEvent::Progress {
                bytes: self.number()?,
            },
            "finished" => DataEvent::Finished {
                bytes: self.number()?,
                clean: self.number()?,
            },
            "failed" => DataEvent::Failed(named(FAILURES, self.0.next()?)?),
            _ => return None,
        };
        Some((id, event))
    }
}

/// Reads what [`Input`] prints. For bytes it gives as many zeros: what they were stands in the
/// other side's lines.
pub(crate) fn input(line: &str) -> Option<Input> {
    let mut words = Words(line.split_ascii_whitespace());
    Some(match words.0.next()? {
        "takes" => Input::Bytes(vec![0; words.number()?]),
        "sees" => Input::Eof,
        "tls" => Input::Tls(match words.0.next()? {
            "Started" => {
                let mut facts = TlsFacts::default();
                for word in words.0.by_ref() {
                    facts = match word {
                        "certified" => facts.with_certificate(true),
                        name => facts.with_server_name(Text::new(name.to_owned()).ok()?),
                    };
                }
                TlsEvent::Started(facts)
            }
            "Failed" => TlsEvent::Failed,
            "Stopped" => TlsEvent::Stopped,
            _ => return None,
        }),
        "data" => {
            let (id, event) = words.data()?;
            Input::Data(id, event)
        }
        "wakes" => Input::Wake,
        "asks" => Input::Ask(words.request()?),
        "gives" => {
            words.0.next()?;
            Input::GiveUp(words.number()?)
        }
        "answers" => Input::Answer(words.answer()?),
        "drains" => Input::Drain,
        "shuts" => Input::ShutDown,
        _ => return None,
    })
}
