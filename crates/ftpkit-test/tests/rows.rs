//! One table over all commands: each row of the standards' tables is read as a variant of its
//! own, is written as it was read, gets the replies of its row and no others, and can be asked
//! for by a client. A verb that no row has fails, and so does a row that lacks any of these.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};

use ftpkit_proto::{
    Code, Command, DataEvent, DataRequest, Instant, Machine, Output, PathArg, Reply, Text,
    TlsEvent, Verb,
    client::{
        self, Config, Credentials, DataMode, Errand, Outcome, Pret, Relay, RelayConfig,
        RelayOutput, Request, Side, Transfer,
    },
    command::{ByteRange, Replies},
    facts::Facts,
    reply::ReplyReader,
    server::{self, Described, Digested, LoginAnswer, Offers, Opened, TlsPolicy},
    time::Timestamp,
};
use ftpkit_test::{Conditions, Pair, Store};

/// A row of the tables.
struct Row {
    /// Its verbs, the plain one first.
    verbs: &'static str,
    /// A line of it, as this crate writes it.
    line: &'static str,
    /// The codes of the row itself, those of success and those of refusal.
    codes: &'static str,
    /// What a session says before, so that the command is in its place.
    before: &'static str,
    /// The server's final reply then.
    gets: u16,
}

const fn row(
    verbs: &'static str,
    line: &'static str,
    codes: &'static str,
    before: &'static str,
    gets: u16,
) -> Row {
    Row {
        verbs,
        line,
        codes,
        before,
        gets,
    }
}

const IN: &str = "USER anna|PASS secret";
const BINARY: &str = "USER anna|PASS secret|TYPE I";
const READY: &str = "USER anna|PASS secret|TYPE I|PASV";

/// The rows, in the order of the standards that have them.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    row("USER", "USER anna", "331 332 230 232", "", 331),
    row("PASS", "PASS secret", "230 202 332", "USER anna", 230),
    row("ACCT", "ACCT x", "230 202", "", 503),
    row("CWD XCWD", "CWD /d", "250 550", IN, 250),
    row("CDUP XCUP", "CDUP", "200 250 550", IN, 250),
    row("SMNT", "SMNT /d", "202 250 550", IN, 502),
    row("REIN", "REIN", "220 120", IN, 220),
    row("QUIT", "QUIT", "221", IN, 221),
    row("PORT", "PORT 192,0,2,9,156,65", "200 521 522", IN, 200),
    row("PASV", "PASV", "227 425 522", IN, 227),
    row("TYPE", "TYPE I", "200", IN, 200),
    row("STRU", "STRU F", "200", IN, 200),
    row("MODE", "MODE S", "200", IN, 200),
    row("RETR", "RETR /f", "125 150 226 250 425 426 550 554", READY, 226),
    row("STOR", "STOR /n", "125 150 226 250 425 426 452 532 550 551 552 553 554", READY, 226),
    row("STOU", "STOU", "125 150 226 250 425 426 452 532 550 551 552 553 554", READY, 226),
    row("APPE", "APPE /f", "125 150 226 250 425 426 452 532 550 551 552 553 554", READY, 226),
    row("ALLO", "ALLO 10", "200 202 552", IN, 200),
    row("REST", "REST 2", "350", BINARY, 350),
    row("RNFR", "RNFR /f", "350 550", IN, 350),
    row("RNTO", "RNTO /g", "250 532 553", "USER anna|PASS secret|RNFR /f", 250),
    row("ABOR", "ABOR", "225 226", IN, 225),
    row("DELE", "DELE /f", "250 550", IN, 250),
    row("RMD XRMD", "RMD /d", "250 550", IN, 250),
    row("MKD XMKD", "MKD /e", "257 550", IN, 257),
    row("PWD XPWD", "PWD", "257 550", IN, 257),
    row("LIST", "LIST", "125 150 226 250 425 426 550", READY, 226),
    row("NLST", "NLST", "125 150 226 250 425 426 550", READY, 226),
    // 350 is SITE CPFR's, as the clients that send it expect.
    row("SITE", "SITE HELP", "200 202 211 214 250 350 550", IN, 214),
    row("SYST", "SYST", "215", "", 215),
    row("STAT", "STAT", "211 212 213 550", "", 211),
    row("HELP", "HELP", "211 214", "", 214),
    row("NOOP", "NOOP", "200", "", 200),
    row("AUTH", "AUTH TLS", "234 431", "", 234),
    row("ADAT MIC CONF ENC", "ADAT YWJj", "235 334 335 336 431", "", 502),
    row("PBSZ", "PBSZ 0", "200", "", 503),
    row("PROT", "PROT P", "200", "", 503),
    row("CCC", "CCC", "200", IN, 533),
    row("FEAT", "FEAT", "211", "", 211),
    row("OPTS", "OPTS UTF8 ON", "200 451", "", 200),
    row("EPRT", "EPRT |1|192.0.2.9|40001|", "200 522", IN, 200),
    row("EPSV", "EPSV", "200 229 522 425", IN, 229),
    row("LPRT", "LPRT 4,4,192,0,2,9,2,156,65", "200 521", IN, 200),
    row("LPSV", "LPSV", "228 425 521", IN, 228),
    row("LANG", "LANG en", "200", "", 200),
    row("MDTM", "MDTM /f", "213 550", IN, 213),
    row("SIZE", "SIZE /f", "213 550", BINARY, 213),
    row("MLST", "MLST /f", "250 550", IN, 250),
    row("MLSD", "MLSD", "150 226 425 426 550", READY, 226),
    row("HOST", "HOST ftp.example", "220", "", 220),
    row("MFMT", "MFMT 20240615120000 /f", "213 550", IN, 213),
    row("MFCT", "MFCT 20240615120000 /f", "213 550", IN, 213),
    row("MFF", "MFF Modify=20240615120000; /f", "213 550", IN, 213),
    row("HASH", "HASH /f", "213 550 556", BINARY, 213),
    row("RANG", "RANG 0 1", "350 551", BINARY, 350),
    row("XCRC XMD5 XSHA XSHA1 XSHA256 XSHA512 MD5", "XCRC /f", "213 250 251 550", BINARY, 250),
    row("MMD5", "MMD5 \"/f\"", "252 550", BINARY, 252),
    row("CLNT", "CLNT ftpkit", "200", "", 200),
    row("CSID", "CSID Name=ftpkit;", "200", "", 200),
    row("AVBL", "AVBL", "213 550", IN, 213),
    row("COMB", "COMB \"/n\" \"/f\"", "250 550", IN, 250),
    row("PRET", "PRET RETR /f", "200 550", IN, 200),
    row("SSCN", "SSCN ON", "200", IN, 502),
    row("CPSV", "CPSV", "227 425 522", IN, 502),
];

fn number(code: Code) -> u16 {
    code.number()
}

#[test]
fn every_verb_has_a_row_and_every_row_its_verbs() {
    let named: Vec<Verb> = ROWS
        .iter()
        .flat_map(|row| row.verbs.split(' '))
        .map(|verb| Verb::parse(verb.as_bytes()).unwrap())
        .collect();
    let distinct: BTreeSet<Verb> = named.iter().copied().collect();
    assert_eq!(distinct.len(), named.len(), "a verb has two rows");
    assert_eq!(distinct, Verb::ALL.iter().copied().collect());
}

#[test]
fn every_row_is_read_as_a_variant_and_written_as_it_was_read() {
    for row in ROWS {
        for verb in row.verbs.split(' ') {
            let argument = row.line.split_once(' ').map(|(_, argument)| argument);
            let line = match argument {
                Some(argument) => format!("{verb} {argument}"),
                None => verb.to_owned(),
            };
            let command = Command::parse(line.as_bytes()).unwrap_or_else(|e| panic!("{line}: {e}"));
            let typed = !matches!(command, Command::Other { .. });
            assert!(typed, "{line} has no variant");
        }
        let command = Command::parse(row.line.as_bytes()).unwrap();
        assert_eq!(
            command.to_bytes(),
            format!("{}\r\n", row.line),
            "{}",
            row.line
        );
        let again = Command::parse(row.line.as_bytes()).unwrap();
        assert_eq!(command, again);
    }
}

#[test]
fn every_row_allows_its_codes_and_those_of_all() {
    for row in ROWS {
        let command = Command::parse(row.line.as_bytes()).unwrap();
        let mut own: Vec<u16> = row
            .codes
            .split(' ')
            .map(|code| code.parse().unwrap())
            .collect();
        own.sort_unstable();
        let mut allowed: Vec<u16> = command.replies().own().map(number).collect();
        allowed.sort_unstable();
        assert_eq!(allowed, own, "{}", row.line);
        for verb in row.verbs.split(' ') {
            let of_verb = Replies::of_verb(Verb::parse(verb.as_bytes()).unwrap());
            assert_eq!(of_verb, command.replies(), "{verb}");
        }
        for code in [421, 500, 501, 502, 503, 504, 530] {
            assert!(command.replies().allow(Code::new(code).unwrap()));
        }
    }
}

/// A server machine; its application and its driver say yes to everything.
struct Session {
    server: server::Connection,
    /// The client's and its own.
    addresses: (&'static str, &'static str),
    written: Vec<u8>,
    reader: ReplyReader,
    finals: Vec<Reply>,
}

impl Session {
    fn new() -> Self {
        Self::between(CLIENT, SERVER)
    }

    fn between(client: &'static str, own: &'static str) -> Self {
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
    fn raw(&mut self, line: &str) -> String {
        self.written.clear();
        self.say(line);
        String::from_utf8(self.written.clone()).unwrap()
    }

    /// Sends a line; gives the final reply.
    fn say(&mut self, line: &str) -> Reply {
        self.finals.clear();
        let line = format!("{line}\r\n");
        self.server.handle_bytes(Instant::START, line.as_bytes());
        self.drive();
        assert_eq!(self.finals.len(), 1, "{line}: {:?}", self.finals);
        self.finals.remove(0)
    }

    fn drive(&mut self) {
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

    fn agree(&mut self, event: server::Event) {
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

const CLIENT: &str = "192.0.2.9:40000";
const SERVER: &str = "192.0.2.1:21";

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

/// What a driver on a good network says to a request of its machine.
fn carried_out(request: &DataRequest, own: &str, peer: &str) -> Option<DataEvent> {
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

#[test]
fn every_row_has_a_handler_in_the_server() {
    for row in ROWS {
        let mut session = Session::new();
        for line in row.before.split('|').filter(|line| !line.is_empty()) {
            let reply = session.say(line);
            assert!(
                !reply.code().is_refusal(),
                "{line} before {}: {reply}",
                row.line
            );
        }
        let reply = session.say(row.line);
        let replies = Command::parse(row.line.as_bytes()).unwrap().replies();
        assert!(replies.allow(reply.code()), "{}: {reply}", row.line);
        assert_eq!(number(reply.code()), row.gets, "{}: {reply}", row.line);
    }
}

#[test]
fn every_row_is_refused_before_login_where_it_must_be() {
    for row in ROWS
        .iter()
        .filter(|row| row.before.starts_with("USER anna|"))
    {
        let reply = Session::new().say(row.line);
        // They are not for users alone.
        let open = ["QUIT", "REIN"].contains(&row.verbs);
        assert!(open || reply.code().is_refusal(), "{}: {reply}", row.line);
    }
}

/// What a client does so that a command of the row is sent.
enum Asked {
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

fn asked(verb: &str) -> Asked {
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
struct Talk {
    config: Config,
    requests: Vec<Request>,
    refused: &'static str,
    peer: &'static str,
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
    fn then(mut self, request: Request) -> Self {
        self.requests.push(request);
        self
    }

    /// This side's address.
    fn own(&self) -> &'static str {
        if at(self.peer).is_ipv6() {
            "[2001:db8::9]:40000"
        } else {
            CLIENT
        }
    }

    const fn refusing(mut self, verbs: &'static str) -> Self {
        self.refused = verbs;
        self
    }

    /// The commands that are sent, until all requests have ended.
    fn sent(self, aborting: bool) -> Vec<Command> {
        let refused = self.refused;
        self.talked(aborting, |command| yes(command, refused)).0
    }

    /// The commands that are sent, each answered like this, and how the last request ended.
    fn talked(
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
                Output::StartTls => client.handle_tls(now, TlsEvent::Started),
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
fn yes(command: &Command, refused: &str) -> String {
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

#[test]
fn every_row_can_be_asked_for_by_a_client() {
    for row in ROWS {
        for verb in row.verbs.split(' ') {
            let sends = |sent: &[Command]| sent.iter().any(|sent| sent.verb().as_str() == verb);
            match asked(verb) {
                Asked::Alone => {
                    let argument = row.line.split_once(' ').map(|(_, argument)| argument);
                    let line = argument
                        .map_or_else(|| verb.into(), |argument| format!("{verb} {argument}"));
                    let command = Command::parse(line.as_bytes()).unwrap();
                    let sent = Talk::default()
                        .then(Request::Command(command.clone()))
                        .sent(false);
                    assert_eq!(sent, [command], "{line}");
                }
                Asked::By(talk) => {
                    let sent = talk().sent(false);
                    assert!(sends(&sent), "{verb}: {sent:?}");
                }
                Asked::Abort => {
                    let path = PathArg::from_static("/f");
                    let transfer = Transfer::Download { path, offset: 0 };
                    let ascii = false;
                    let talk = Talk::default().then(Request::Transfer { transfer, ascii });
                    let sent = talk.sent(true);
                    assert!(sends(&sent), "{verb}: {sent:?}");
                }
                Asked::Relay => {
                    let sent = relayed(if verb == "CPSV" { "" } else { "CPSV" });
                    assert!(sends(&sent), "{verb}: {sent:?}");
                }
                Asked::Never(reason) => {
                    assert!(!reason.is_empty());
                    let line = row
                        .line
                        .replacen(row.verbs.split(' ').next().unwrap(), verb, 1);
                    let command = Command::parse(line.as_bytes()).unwrap();
                    let sent = Talk::default().then(Request::Command(command)).sent(false);
                    assert!(!sends(&sent), "{verb}: {sent:?}");
                }
            }
        }
    }
}

/// What a relay between two servers under TLS sends.
fn relayed(refused: &'static str) -> Vec<Command> {
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
                relay.handle_tls(now, side, TlsEvent::Started);
            }
            RelayOutput::Wait(_) => return sent,
            _ => {}
        }
    }
}

/// What a client does only when something better was refused, or when it is asked to, with a
/// server machine that takes it.
#[test]
fn what_is_done_at_need_crosses_between_both_machines() {
    for verb in ["PASV", "PORT", "LPRT", "LPSV", "ACCT"] {
        let Asked::By(talk) = asked(verb) else {
            panic!("{verb} has a part in something");
        };
        let talk = talk();
        let refused = talk.refused;
        let mut session = Session::between(talk.own(), talk.peer);
        for line in ["USER anna", "PASS secret"] {
            session.say(line);
        }
        if verb == "ACCT" {
            session.say("REIN");
        }
        let (sent, end) = talk.talked(false, |command| {
            let verb = command.verb().to_string();
            match refused.split(' ').any(|refused| refused == verb) {
                true => "502 Not here.\r\n".into(),
                // A password prints as stars, and any is taken.
                false => session.raw(&command.to_string()),
            }
        });
        let took = sent.iter().any(|sent| sent.verb().as_str() == verb);
        assert!(took, "{verb}: {sent:?}");
        let done = match &end {
            Some(Outcome::Transferred(_)) => true,
            Some(Outcome::Reply(reply)) => verb == "ACCT" && reply.code() == Code::LOGGED_IN,
            _ => false,
        };
        assert!(done, "{verb}: {sent:?} {end:?}");
    }
}

/// Rows that both machines come to elsewhere: above, or in the test of this file's folder.
const ELSEWHERE: &[(&str, &str)] = &[
    ("PASV", "above"),
    ("PORT", "above"),
    ("LPRT", "above"),
    ("LPSV", "above"),
    ("ACCT", "above"),
    ("ABOR", "abort.rs"),
    ("CPSV", "relay.rs"),
    ("SSCN", "relay.rs"),
];

#[test]
fn every_row_crosses_between_both_machines() {
    for row in ROWS {
        let verb = row.verbs.split(' ').next().unwrap();
        let (config, requests) = match asked(verb) {
            Asked::Alone => {
                let command = Command::parse(row.line.as_bytes()).unwrap();
                (Config::default(), vec![Request::Command(command)])
            }
            Asked::By(talk) if !ELSEWHERE.iter().any(|(other, _)| *other == verb) => {
                let talk = talk();
                (talk.config, talk.requests)
            }
            _ => continue,
        };
        let mut server = server::Config::default();
        server.tls = TlsPolicy::Offered;
        server.dangerous_ccc = true;
        let store = Store::new()
            .with_file("/f", *b"hello")
            .with_file("/n", *b"");
        let mut pair = Pair::with(Conditions::default(), store, config, server);
        if !matches!(
            verb,
            "HOST" | "AUTH" | "PBSZ" | "PROT" | "CCC" | "USER" | "PASS"
        ) {
            pair.login();
        }
        if row.before.ends_with("TYPE I") {
            let kind = ftpkit_proto::command::Type::Image;
            pair.submit(Request::Command(Command::Type(kind)));
        }
        let mut last = None;
        for request in requests {
            last = Some(pair.submit(request));
        }
        pair.run();
        let story = pair.transcript().to_string();
        let said = story.lines().any(|line| {
            let said = line.split_once("C: ").map(|(_, said)| said);
            said.is_some_and(|said| said.split(' ').next() == Some(verb))
        });
        assert!(said, "{verb} is not sent\n{story}");
        match pair.outcome(last.unwrap()) {
            Some(Outcome::Rejected | Outcome::Lost) | None => panic!("{verb} has no end\n{story}"),
            Some(_) => {}
        }
        if verb != "QUIT" {
            pair.finish();
        }
    }
}
