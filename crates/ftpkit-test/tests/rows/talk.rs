//! A client machine, what it is asked for, and a server that says yes to nearly everything.

use ftpkit_proto::{
    Command, DataRequest, Instant, Machine, Output, PathArg, Text, TlsEvent, TlsFacts,
    client::{
        self, Config, Credentials, DataMode, Errand, Outcome, Pret, Relay, RelayConfig,
        RelayOutput, Request, Side, Transfer,
    },
    command::ByteRange,
};

use crate::session::{CLIENT, SERVER, at, carried_out};

/// What a client does so that a command of the row is sent.
pub(crate) enum Asked {
    /// The command alone.
    Alone,
    /// Something that it has a part in.
    By(fn() -> Talk),
    /// By giving a transfer up.
    Abort,
    /// By a transfer between two servers.
    Relay,
    /// Not at all, for a reason.
    Never(&'static str),
}

pub(crate) fn asked(verb: &str) -> Asked {
    fn transfer(transfer: Transfer) -> Talk {
        Talk::default().then(Request::Transfer {
            transfer,
            ascii: false,
        })
    }
    fn download(offset: u64) -> Talk {
        let path = PathArg::from_static("/f");
        transfer(Transfer::Download { path, offset })
    }
    fn active() -> Talk {
        let mut talk = download(0);
        talk.config.data_mode = DataMode::Active;
        talk.config.long_addresses = true;
        talk
    }
    fn login() -> Talk {
        let mut credentials = Credentials::new(
            Text::from_static("bea"),
            ftpkit_proto::Secret::from_static("secret"),
        );
        credentials.account = Some(ftpkit_proto::Secret::from_static("x"));
        credentials.host = Some(Text::from_static("ftp.example"));
        Talk::default().then(Request::Login(credentials))
    }
    fn secure() -> Talk {
        let protect_data = true;
        Talk::default().then(Request::Secure { protect_data })
    }
    match verb {
        "USER" | "PASS" | "ACCT" => Asked::By(login),
        "QUIT" => Asked::By(|| Talk::default().then(Request::Quit)),
        "PORT" => Asked::By(|| active().refusing("EPRT")),
        "EPRT" => Asked::By(active),
        "LPRT" => Asked::By(|| {
            let mut talk = active().refusing("EPRT");
            talk.peer = "[2001:db8::1]:21";
            talk
        }),
        "PASV" => Asked::By(|| download(0).refusing("EPSV")),
        "EPSV" | "RETR" => Asked::By(|| download(0)),
        "LPSV" => Asked::By(|| {
            let mut talk = download(0).refusing("EPSV PASV");
            talk.config.long_addresses = true;
            talk.peer = "[2001:db8::1]:21";
            talk
        }),
        "REST" => Asked::By(|| download(2)),
        "RANG" => Asked::By(|| {
            transfer(Transfer::DownloadRange {
                path: PathArg::from_static("/f"),
                range: ByteRange::between(0, 5).unwrap(),
            })
        }),
        "PRET" => Asked::By(|| {
            let mut talk = download(0);
            talk.config.pret = Pret::Always;
            talk
        }),
        "STOR" => Asked::By(|| {
            let path = PathArg::from_static("/f");
            transfer(Transfer::Upload { path, offset: 0 })
        }),
        "STOU" => Asked::By(|| transfer(Transfer::UploadUnique { path: None })),
        "APPE" => Asked::By(|| {
            let path = PathArg::from_static("/f");
            transfer(Transfer::Append { path })
        }),
        "LIST" => Asked::By(|| transfer(Transfer::List(Default::default()))),
        "NLST" => Asked::By(|| transfer(Transfer::Names(Default::default()))),
        "MLSD" => Asked::By(|| transfer(Transfer::Facts { path: None })),
        "RNFR" | "RNTO" => Asked::By(|| {
            let (from, to) = (PathArg::from_static("/f"), PathArg::from_static("/g"));
            Talk::default().then(Request::Rename { from, to })
        }),
        "AUTH" | "PBSZ" | "PROT" => Asked::By(secure),
        "CCC" => Asked::By(|| {
            let mut talk = secure().then(Request::ClearControl);
            talk.config.dangerous_ccc = true;
            talk
        }),
        "ABOR" => Asked::Abort,
        "CPSV" | "SSCN" => Asked::Relay,
        "REIN" => Asked::Never("it takes TLS back with the login"),
        "ADAT" | "MIC" | "CONF" | "ENC" => Asked::Never("they belong to mechanisms beside TLS"),
        "XCWD" | "XCUP" | "XRMD" | "XMKD" | "XPWD" => Asked::Never("the plain names are sent"),
        _ => Asked::Alone,
    }
}

/// Requests to a client machine, and a server that says yes to all but some commands.
pub(crate) struct Talk {
    pub(crate) config: Config,
    pub(crate) requests: Vec<Request>,
    pub(crate) refused: &'static str,
    pub(crate) peer: &'static str,
}

impl Default for Talk {
    fn default() -> Self {
        Self {
            config: Config::default(),
            requests: Vec::new(),
            refused: "",
            peer: SERVER,
        }
    }
}

impl Talk {
    pub(crate) fn then(mut self, request: Request) -> Self {
        self.requests.push(request);
        self
    }

    /// This side's address.
    pub(crate) fn own(&self) -> &'static str {
        if at(self.peer).is_ipv6() {
            "[2001:db8::9]:40000"
        } else {
            CLIENT
        }
    }

    pub(crate) const fn refusing(mut self, verbs: &'static str) -> Self {
        self.refused = verbs;
        self
    }

    /// The commands that are sent, until all requests have ended.
    pub(crate) fn sent(self, aborting: bool) -> Vec<Command> {
        let refused = self.refused;
        self.talked(aborting, |command| yes(command, refused)).0
    }

    /// The commands that are sent, each answered like this, and how the last request ended.
    pub(crate) fn talked(
        self,
        aborting: bool,
        mut answer: impl FnMut(&Command) -> String,
    ) -> (Vec<Command>, Option<Outcome>) {
        let now = Instant::START;
        let own = self.own();
        let mut client = client::Connection::new(self.config, now, at(self.peer));
        let mut last = None;
        for request in self.requests {
            last = Some(client.submit(now, request));
        }
        client.handle_bytes(now, b"220 Ready.\r\n");
        let mut sent = Vec::new();
        let mut end = None;
        loop {
            match client.poll_output() {
                Output::Event(client::Event::Done(_, outcome)) => end = Some(outcome),
                Output::Write(bytes) => {
                    for line in bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
                        let line = line.strip_suffix(b"\r").unwrap();
                        let command = Command::parse(line).unwrap();
                        let mut reply = answer(&command);
                        if aborting && reply.starts_with("150") {
                            reply.truncate(reply.find("226").unwrap());
                        }
                        sent.push(command);
                        client.handle_bytes(now, reply.as_bytes());
                    }
                }
                Output::StartTls => client.handle_tls(now, TlsEvent::Started(TlsFacts::default())),
                Output::StopTls => client.handle_tls(now, TlsEvent::Stopped),
                Output::Data(_, DataRequest::Transfer(_)) if aborting => {
                    client.abort(now, last.unwrap());
                }
                Output::Data(id, request) => {
                    if let Some(event) = carried_out(&request, own, self.peer) {
                        client.handle_data(now, id, event);
                    }
                }
                Output::Wait(_) | Output::Closed(_) => return (sent, end),
                _ => {}
            }
        }
    }
}

/// The reply of a server that serves everything but these.
pub(crate) fn yes(command: &Command, refused: &str) -> String {
    let verb = command.verb().to_string();
    if refused.split(' ').any(|refused| refused == verb) {
        return "500 Unknown.\r\n".into();
    }
    let reply = match &*verb {
        "USER" => "331 Password.",
        "PASS" => "332 Account.",
        "HOST" => "220 Ready.",
        "AUTH" => "234 Go.",
        "FEAT" => "211-Features:\r\n UTF8\r\n PRET\r\n RANG STREAM\r\n211 End",
        "PASV" | "CPSV" => "227 (192,0,2,1,195,80)",
        "EPSV" => "229 (|||50000|)",
        "LPSV" => "228 (6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,1,2,195,80)",
        "REST" | "RANG" | "RNFR" => "350 Go on.",
        "PWD" => "257 \"/\"",
        "QUIT" => "221 Bye.",
        "RETR" | "STOR" | "STOU" | "APPE" | "LIST" | "NLST" | "MLSD" => {
            "150 Here it comes.\r\n226 Done."
        }
        "ABOR" => "226 Aborted.",
        "MKD" => "257 \"/e\"",
        _ => "200 Yes.",
    };
    format!("{reply}\r\n")
}

/// What a relay between two servers under TLS sends.
pub(crate) fn relayed(refused: &'static str) -> Vec<Command> {
    let now = Instant::START;
    let end = |peer| client::Connection::new(Config::default(), now, at(peer));
    let mut relay = Relay::new(
        RelayConfig::default(),
        now,
        end(SERVER),
        end("192.0.2.2:21"),
    );
    for side in [Side::Source, Side::Destination] {
        let protect_data = true;
        relay.submit(now, side, Request::Secure { protect_data });
        relay.handle_bytes(now, side, b"220 Ready.\r\n");
    }
    let path = PathArg::from_static("/f");
    relay.start(now, Errand::new(path.clone(), path));
    let mut sent = Vec::new();
    loop {
        match relay.poll_output() {
            RelayOutput::At(side, Output::Write(bytes)) => {
                for line in bytes.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
                    let command = Command::parse(line.strip_suffix(b"\r").unwrap()).unwrap();
                    let reply = yes(&command, refused);
                    sent.push(command);
                    relay.handle_bytes(now, side, reply.as_bytes());
                }
            }
            RelayOutput::At(side, Output::StartTls) => {
                relay.handle_tls(now, side, TlsEvent::Started(TlsFacts::default()));
            }
            RelayOutput::Wait(_) => return sent,
            _ => {}
        }
    }
}
