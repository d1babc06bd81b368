//! A server machine, with an application and a driver that say yes to everything.

use std::{net::SocketAddr, sync::Arc};

use ftpkit_proto::{
    DataEvent, DataRequest, Instant, Machine, Output, PathArg, Reply,
    facts::Facts,
    reply::ReplyReader,
    server::{self, Described, Digested, LoginAnswer, Offers, Opened, TlsPolicy},
    time::Timestamp,
};

/// A server machine; its application and its driver say yes to everything.
pub(crate) struct Session {
    server: server::Connection,
    /// The client's and its own.
    addresses: (&'static str, &'static str),
    written: Vec<u8>,
    reader: ReplyReader,
    finals: Vec<Reply>,
}

impl Session {
    pub(crate) fn new() -> Self {
        Self::between(CLIENT, SERVER)
    }

    pub(crate) fn between(client: &'static str, own: &'static str) -> Self {
        let mut config = server::Config::default();
        config.tls = TlsPolicy::Offered;
        let mut session = Self {
            server: server::Connection::new(Arc::new(config), Instant::START, at(client), at(own)),
            addresses: (client, own),
            written: Vec::new(),
            reader: ReplyReader::new(1 << 20, false),
            finals: Vec::new(),
        };
        session.drive();
        session
    }

    /// Sends a line; gives all that is said to it.
    pub(crate) fn raw(&mut self, line: &str) -> String {
        self.written.clear();
        self.say(line);
        String::from_utf8(self.written.clone()).unwrap()
    }

    /// Sends a line; gives the final reply.
    pub(crate) fn say(&mut self, line: &str) -> Reply {
        self.finals.clear();
        let line = format!("{line}\r\n");
        self.server.handle_bytes(Instant::START, line.as_bytes());
        self.drive();
        assert_eq!(self.finals.len(), 1, "{line}: {:?}", self.finals);
        self.finals.remove(0)
    }

    pub(crate) fn drive(&mut self) {
        loop {
            match self.server.poll_output() {
                Output::Write(bytes) => {
                    self.written.extend_from_slice(&bytes);
                    for line in bytes.split(|b| *b == b'\n') {
                        let Some(line) = line.strip_suffix(b"\r") else {
                            continue;
                        };
                        let reply = self.reader.push_line(line).unwrap();
                        let last = reply.filter(|reply| !reply.code().is_preliminary());
                        self.finals.extend(last);
                    }
                }
                Output::Event(event) => self.agree(event),
                Output::Data(id, request) => {
                    if let Some(event) = carried_out(&request, self.addresses.1, self.addresses.0) {
                        self.server.handle_data(Instant::START, id, event);
                    }
                }
                Output::Wait(_) | Output::Closed(_) => return,
                _ => {}
            }
        }
    }

    pub(crate) fn agree(&mut self, event: server::Event) {
        let (now, server) = (Instant::START, &mut self.server);
        let mut facts = Facts::file(5);
        facts.modified = Timestamp::from_unix(1_718_452_800, 0);
        match event {
            server::Event::Login(ask) => {
                let (home, offers) = (PathArg::from_static("/"), Offers::ALL);
                let login = ask.question();
                let answer = if login.user.as_bytes() == b"bea" && login.account.is_none() {
                    LoginAnswer::AccountNeeded
                } else {
                    LoginAnswer::Accepted { home, offers }
                };
                server.answer(now, ask, Ok(answer));
            }
            server::Event::Change(ask) => server.answer(now, ask, Ok(PathArg::from_static("/f"))),
            server::Event::Query(ask) => {
                let described = Described::new(PathArg::from_static("/f"), facts);
                server.answer(now, ask, Ok(described));
            }
            server::Event::Survey(ask) => server.answer(now, ask, Ok(Vec::new())),
            server::Event::Digest(ask) => {
                let length = ask.question().algorithm.digest_length();
                server.answer(now, ask, Ok(Digested::new(vec![7; length], 5)));
            }
            server::Event::Space(ask) => server.answer(now, ask, Ok(1 << 40)),
            server::Event::Open(ask) => {
                let mut opened = Opened::default();
                opened.name = Some(PathArg::from_static("unique.1"));
                server.answer(now, ask, Ok(opened));
            }
            server::Event::Commit(ask) => server.answer(now, ask, Ok(())),
            _ => {}
        }
    }
}

pub(crate) const CLIENT: &str = "192.0.2.9:40000";
pub(crate) const SERVER: &str = "192.0.2.1:21";

pub(crate) fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

/// What a driver on a good network says to a request of its machine.
pub(crate) fn carried_out(request: &DataRequest, own: &str, peer: &str) -> Option<DataEvent> {
    let on = |address: &str, port| SocketAddr::new(at(address).ip(), port);
    Some(match request {
        DataRequest::Listen(_) => DataEvent::Listening(on(own, 50_000)),
        DataRequest::Connect(to) => DataEvent::Connected(*to),
        DataRequest::Accept => DataEvent::Connected(on(peer, 40_001)),
        DataRequest::Transfer(_) => DataEvent::Finished {
            bytes: 5,
            clean: true,
        },
        _ => return None,
    })
}
