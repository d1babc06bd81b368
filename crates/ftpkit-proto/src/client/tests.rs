//! Conversations with scripted servers: each line of a script is either what happens to the
//! machine, or what it must do next; see [`Script`].

#![expect(
    clippy::field_reassign_with_default,
    reason = "settings are made as applications must make them: the type is non-exhaustive"
)]

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::time::Duration;
use std::{collections::VecDeque, fmt::Write as _};

use super::{Config, Connection, Credentials, Event, Outcome, Request, RequestId, Transfer};
use crate::{
    DataEvent, DataFailure, DataId, Instant, Machine, Output, PathArg, Secret, Text, TlsEvent,
    TlsFacts,
    command::{ByteRange, Command, Epsv, ListArgs, Mode, Type},
    effort::{size, thin},
};

mod abort;
mod ahead;
mod chaos;
mod ends;
mod injection;
mod login;
mod negotiate;
mod pipelining;
mod plan;
mod procedures;
mod range;
mod relay;
mod rendezvous;
mod repeat;
mod transfer;
mod upgrade;

/// How the bytes of one `S:` line are cut.
#[derive(Clone, Copy, Debug)]
enum Cut {
    Whole,
    Bytes,
    At(usize),
}

/// Plays a script against a machine.
///
/// What happens:
///
/// - `S: 220 Hello` the server's bytes, CRLF behind each line; ` ~ ` joins lines into one packet
/// - `ask get /f`, `ask get /f @100`, `ask range /f 0-9`, `ask put`, `ask append`, `ask unique`, `ask list`,
///   `ask names`, `ask facts`, `ask text` (a download under TYPE A), `ask login u p [account]`,
///   `ask features`, `ask negotiate`, `ask secure`, `ask secure clear`, `ask clear`,
///   `ask rename a b`, `ask hash /f`, `ask hash /f 0-9`, `ask quit`, and `ask noop`, `ask pwd`,
///   … for commands, `ask send LINE` for any other: a request, numbered from 1; `ask login u p
///   at HOST` and `ask login u p only at HOST` for a virtual host
/// - `abort 1`
/// - `d1 connected ADDRESS`, `d1 listening ADDRESS`, `d1 secured`, `d1 resumed`, `d1 moved N`,
///   `d1 finished N`, `d1 unclean N`, `d1 failed KIND`: news of the data connection
/// - `tls started`, `tls failed`, `tls stopped`, `eof`, `wait SECONDS`
/// - `learned TEXT`: nothing happens, and this is what was learnt
///
/// What must follow, and nothing else before the next thing happens:
///
/// - `C: NOOP`, `C! bytes` (urgent), `StartTls`, `StopTls`
/// - `D1 Connect(ADDRESS)` and the like
/// - `greeting CODE`, `opened 1 D1 CODE`, `done 1 …`, `closed …`
struct Script {
    client: Connection,
    now: Instant,
    out: VecDeque<String>,
    closed: bool,
}

const PEER: &str = "192.0.2.1:21";

fn play(config: Config, script: &str) {
    play_with(config, PEER, script);
}

fn play_with(config: Config, peer: &str, script: &str) {
    // Under miri each script is cut in one way, and each way is that of some scripts.
    let cuts: Vec<Cut> = if cfg!(miri) {
        [Cut::Whole, Cut::At(5), Cut::Whole, Cut::Bytes][script.len() % 4..][..1].to_vec()
    } else {
        let longest = script.lines().map(str::len).max().unwrap_or(0);
        let places = (1..longest).map(Cut::At);
        [Cut::Whole, Cut::Bytes].into_iter().chain(places).collect()
    };
    for cut in cuts {
        let mut script_run = Script {
            client: Connection::new(config.clone(), Instant::START, peer.parse().unwrap()),
            now: Instant::START,
            out: VecDeque::new(),
            closed: false,
        };
        script_run.poll();
        let lines = || script.lines().map(str::trim_ascii);
        for (at, line) in lines().enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let told = || lines().take(at).collect::<Vec<_>>().join("\n    ");
            let expected = script_run.is_expectation(line);
            if expected {
                let got = script_run.out.pop_front();
                assert_eq!(
                    got.as_deref(),
                    Some(line),
                    "{cut:?}, then {:?}, after\n{}",
                    script_run.out,
                    told()
                );
            } else {
                assert!(
                    script_run.out.is_empty(),
                    "{cut:?}: before `{line}` comes {:?}, after\n{}",
                    script_run.out,
                    told()
                );
                script_run.happen(line, cut);
                script_run.poll();
            }
        }
        assert!(
            script_run.out.is_empty(),
            "{cut:?}: at the end comes {:?}, after\n{script}",
            script_run.out
        );
    }
}

impl Script {
    fn is_expectation(&self, line: &str) -> bool {
        [
            "C", "D", "StartTls", "StopTls", "greeting", "opened", "done", "closed",
        ]
        .iter()
        .any(|head| line.starts_with(head))
    }

    fn poll(&mut self) {
        loop {
            match self.client.poll_output() {
                Output::Wait(_) => return,
                Output::Closed(result) => {
                    if !self.closed {
                        self.out.push_back(match result {
                            Ok(()) => "closed".into(),
                            Err(error) => format!("closed {error}"),
                        });
                    }
                    self.closed = true;
                    return;
                }
                Output::Write(bytes) => {
                    for line in bytes.split_inclusive(|b| *b == b'\n') {
                        let line = line.strip_suffix(b"\r\n").unwrap_or(line);
                        self.out.push_back(format!("C: {}", line.escape_ascii()));
                    }
                }
                Output::WriteUrgent(bytes) => {
                    self.out.push_back(format!("C! {}", bytes.escape_ascii()));
                }
                Output::Data(id, request) => {
                    self.out.push_back(format!("D{} {request:?}", id.number()));
                }
                Output::Event(event) => self.out.push_back(show(&event)),
                other => self.out.push_back(format!("{other:?}")),
            }
        }
    }

    fn happen(&mut self, line: &str, cut: Cut) {
        let words: Vec<&str> = line.split(' ').collect();
        let now = self.now;
        match words[..] {
            ["S:", ..] => {
                let bytes = line["S: ".len()..].replace(" ~ ", "\r\n") + "\r\n";
                let bytes = bytes.as_bytes();
                match cut {
                    Cut::Whole => self.client.handle_bytes(now, bytes),
                    Cut::Bytes => {
                        for byte in bytes {
                            self.client.handle_bytes(now, &[*byte]);
                        }
                    }
                    Cut::At(at) => {
                        let (a, b) = bytes.split_at(at.min(bytes.len()));
                        self.client.handle_bytes(now, a);
                        self.poll();
                        self.client.handle_bytes(now, b);
                    }
                }
            }
            ["ask", ref what @ ..] => {
                self.client.submit(now, request(what));
            }
            ["abort", id] => self.client.abort(now, RequestId(id.parse().unwrap())),
            ["eof"] => self.client.handle_eof(now),
            ["tls", "started"] => self
                .client
                .handle_tls(now, TlsEvent::Started(TlsFacts::default())),
            ["tls", "stopped"] => self.client.handle_tls(now, TlsEvent::Stopped),
            ["tls", "failed"] => self.client.handle_tls(now, TlsEvent::Failed),
            ["learned", ref what @ ..] => {
                let learned = self.client.learned().to_string();
                assert_eq!(learned.split(' ').skip(1).collect::<Vec<_>>(), what);
            }
            ["wait", seconds] => {
                self.now = now + Duration::from_secs(seconds.parse().unwrap());
                self.client.handle_timeout(self.now);
            }
            [id, ref event @ ..] if id.starts_with('d') => {
                let id = DataId::new(id[1..].parse().unwrap());
                self.client.handle_data(now, id, data_event(event));
            }
            _ => panic!("what is `{line}`?"),
        }
    }
}

fn path(name: &str) -> PathArg {
    PathArg::try_from(name).unwrap()
}

fn request(words: &[&str]) -> Request {
    let transfer = |transfer| Request::Transfer {
        transfer,
        ascii: false,
    };
    let command = match *words {
        ["get", name] => {
            return transfer(Transfer::Download {
                path: path(name),
                offset: 0,
            });
        }
        ["text", name] => {
            return Request::Transfer {
                transfer: Transfer::Download {
                    path: path(name),
                    offset: 0,
                },
                ascii: true,
            };
        }
        ["get", name, offset] => {
            return transfer(Transfer::Download {
                path: path(name),
                offset: offset[1..].parse().unwrap(),
            });
        }
        ["range", name, part] => {
            return transfer(Transfer::DownloadRange {
                path: path(name),
                range: range(part),
            });
        }
        ["hash", name] => {
            return Request::Hash {
                path: path(name),
                range: None,
            };
        }
        ["hash", name, part] => {
            return Request::Hash {
                path: path(name),
                range: Some(range(part)),
            };
        }
        ["put", name] => {
            return transfer(Transfer::Upload {
                path: path(name),
                offset: 0,
            });
        }
        ["put", name, offset] => {
            return transfer(Transfer::Upload {
                path: path(name),
                offset: offset[1..].parse().unwrap(),
            });
        }
        ["append", name] => return transfer(Transfer::Append { path: path(name) }),
        ["unique"] => return transfer(Transfer::UploadUnique { path: None }),
        ["list"] => return transfer(Transfer::List(ListArgs::default())),
        ["names"] => return transfer(Transfer::Names(ListArgs::default())),
        ["facts"] => return transfer(Transfer::Facts { path: None }),
        ["login", user, password] => {
            return Request::Login(Credentials::new(
                Text::try_from(user).unwrap(),
                Secret::try_from(password).unwrap(),
            ));
        }
        ["login", user, password, "at", host] => return login_at(user, password, host, false),
        ["login", user, password, "only", "at", host] => {
            return login_at(user, password, host, true);
        }
        ["login", user, password, account] => {
            let mut credentials = Credentials::new(
                Text::try_from(user).unwrap(),
                Secret::try_from(password).unwrap(),
            );
            credentials.account = Some(Secret::try_from(account).unwrap());
            return Request::Login(credentials);
        }
        ["features"] => return Request::Features,
        ["negotiate"] => return Request::Negotiate,
        ["clear"] => return Request::ClearControl,
        ["send", ref line @ ..] => Command::parse(line.join(" ").as_bytes()).unwrap(),
        ["secure"] => return Request::Secure { protect_data: true },
        ["secure", "clear"] => {
            return Request::Secure {
                protect_data: false,
            };
        }
        ["rename", from, to] => {
            return Request::Rename {
                from: path(from),
                to: path(to),
            };
        }
        ["quit"] => return Request::Quit,
        ["noop"] => Command::Noop,
        ["pwd"] => Command::Pwd,
        ["syst"] => Command::Syst,
        ["cwd", name] => Command::Cwd(Some(path(name))),
        ["size", name] => Command::Size(path(name)),
        ["host", name] => Command::Host(Text::try_from(name).unwrap()),
        ["type", "A"] => Command::Type(Type::Ascii(Default::default())),
        ["type", "I"] => Command::Type(Type::Image),
        ["pasv"] => Command::Pasv,
        ["epsv", "ALL"] => Command::Epsv(Epsv::All),
        ["mode", "B"] => Command::Mode(Mode::Block),
        _ => panic!("which request is {words:?}?"),
    };
    Request::Command(command)
}

fn range(part: &str) -> ByteRange {
    let (first, last) = part.split_once('-').unwrap();
    let first = first.parse().unwrap();
    match last {
        "" => ByteRange::from(first),
        last => ByteRange::inclusive(first, last.parse().unwrap()).unwrap(),
    }
}

fn login_at(user: &str, password: &str, host: &str, required: bool) -> Request {
    let mut credentials = Credentials::new(
        Text::try_from(user).unwrap(),
        Secret::try_from(password).unwrap(),
    );
    credentials.host = Some(Text::try_from(host).unwrap());
    credentials.host_required = required;
    Request::Login(credentials)
}

fn data_event(words: &[&str]) -> DataEvent {
    match *words {
        ["connected", address] => DataEvent::Connected(address.parse().unwrap()),
        ["listening", address] => DataEvent::Listening(address.parse().unwrap()),
        ["secured"] => DataEvent::Secured { resumed: false },
        ["resumed"] => DataEvent::Secured { resumed: true },
        ["moved", bytes] => DataEvent::Progress {
            bytes: bytes.parse().unwrap(),
        },
        ["finished", bytes] => DataEvent::Finished {
            bytes: bytes.parse().unwrap(),
            clean: true,
        },
        ["unclean", bytes] => DataEvent::Finished {
            bytes: bytes.parse().unwrap(),
            clean: false,
        },
        ["failed", kind] => DataEvent::Failed(match kind {
            "Listen" => DataFailure::Listen,
            "Refused" => DataFailure::Refused,
            "TimedOut" => DataFailure::TimedOut,
            "Tls" => DataFailure::Tls,
            "NotResumed" => DataFailure::NotResumed,
            "Certificate" => DataFailure::Certificate,
            "Broken" => DataFailure::Broken,
            "Local" => DataFailure::Local,
            _ => panic!("which failure is {kind}?"),
        }),
        _ => panic!("which event is {words:?}?"),
    }
}

fn show(event: &Event) -> String {
    match event {
        Event::Greeting(reply) => format!("greeting {}", reply.code()),
        Event::Opened {
            request,
            data,
            reply,
        } => format!("opened {} D{} {}", request.0, data.number(), reply.code()),
        Event::Done(id, outcome) => format!("done {} {}", id.0, show_outcome(outcome)),
        Event::Sent(command) => format!("done sent {command:?}"),
        Event::Received(reply) => format!("done received {reply}"),
    }
}

fn show_outcome(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Reply(reply) => reply.to_string(),
        Outcome::Features(features) if features.is_empty() => "features none".into(),
        Outcome::Features(features) => {
            let names: Vec<String> = features.iter().map(ToString::to_string).collect();
            format!("features {}", names.join(", "))
        }
        Outcome::Transferred(done) => {
            let mut text = format!("transferred {} {}", done.bytes, done.reply.code());
            if done.proven {
                text.push_str(" proven");
            }
            if done.resumed == Some(true) {
                text.push_str(" resumed");
            }
            text
        }
        Outcome::TransferFailed(failed) => {
            let mut text = format!("failed {:?} {}", failed.phase, failed.bytes);
            if let Some(reply) = &failed.reply {
                write!(text, " {reply}").unwrap();
            }
            if let Some(data) = failed.data {
                write!(text, " {data:?}").unwrap();
            }
            text
        }
        Outcome::Rejected => "rejected".into(),
        Outcome::Lost => "lost".into(),
    }
}
