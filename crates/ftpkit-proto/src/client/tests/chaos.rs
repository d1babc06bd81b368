//! An arbitrary server, driver and application: every request ends exactly once, and when all
//! fall silent the timers end what is left.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::client::{DataMode, EpsvAhead, Pipelining};

#[derive(Clone, Debug)]
enum Act {
    Submit(&'static str),
    Abort(u64),
    Say(&'static str),
    Data(&'static str),
    OldData(u64, &'static str),
    Tls(TlsEvent),
    Wait(u64),
    Eof,
}

const ASKS: &[&str] = &[
    "noop",
    "pwd",
    "size /f",
    "cwd /d",
    "type A",
    "pasv",
    "epsv ALL",
    "features",
    "login anna secret",
    "login anna secret acc",
    "login anna secret at example.org",
    "negotiate",
    "hash /f",
    "hash /f 3-9",
    "clear",
    "secure",
    "secure clear",
    "rename /a /b",
    "get /f",
    "get /f @7",
    "range /f 3-9",
    "text /f",
    "put /f",
    "put /f @7",
    "append /f",
    "unique",
    "list",
    "facts",
    "quit",
];

const SAYS: &[&str] = &[
    "220 Hello\r\n",
    "120 Soon\r\n",
    "150 Here\r\n",
    "125 Here\r\n",
    "200 Fine\r\n",
    "211-Features\r\n SIZE\r\n211 End\r\n",
    "211-Features\r\n CLNT\r\n PRET\r\n UTF8\r\n211 End\r\n",
    "225 Nothing runs\r\n",
    "226 Done\r\n",
    "227 Fine (192,0,2,1,195,80)\r\n",
    "227 Fine\r\n",
    "229 Fine (|||50000|)\r\n",
    "229 Fine\r\n",
    "230 Welcome\r\n",
    "234 Go\r\n",
    "250 Fine\r\n",
    "257 \"/\"\r\n",
    "331 Password?\r\n",
    "332 Account?\r\n",
    "350 Go on\r\n",
    "421 Bye\r\n",
    "425 No\r\n",
    "426 Stopped\r\n",
    "500 What?\r\n",
    "550 No\r\n",
    "150 Here\r\n226 Done\r\n",
    "226 Done\r\n226 Done\r\n",
    "2",
    "20",
    "\r\n",
    "200-",
    "hello\r\n",
    "\u{ff}\r\n",
    "999 Odd\r\n",
    "600 Odd\r\n",
];

const DATA: &[&str] = &[
    "connected 192.0.2.1:20",
    "connected 198.51.100.66:20",
    "listening 192.0.2.9:40000",
    "secured",
    "resumed",
    "moved 3",
    "moved 9",
    "finished 9",
    "unclean 9",
    "failed Listen",
    "failed Refused",
    "failed Tls",
    "failed Broken",
    "failed Local",
];

fn act() -> impl Strategy<Value = Act> {
    use prop::sample::select;
    prop_oneof![
        4 => select(ASKS).prop_map(Act::Submit),
        1 => (1..20u64).prop_map(Act::Abort),
        12 => select(SAYS).prop_map(Act::Say),
        8 => select(DATA).prop_map(Act::Data),
        1 => (0..9u64, select(DATA)).prop_map(|(id, event)| Act::OldData(id, event)),
        1 => select(std::vec![TlsEvent::Started(TlsFacts::default()), TlsEvent::Failed, TlsEvent::Stopped]).prop_map(Act::Tls),
        1 => (0..40u64).prop_map(Act::Wait),
        1 => Just(Act::Eof),
    ]
}

/// What a server that plays along answers, so that random walks get far.
fn fitting(line: &str) -> &'static str {
    match line.split(' ').next().unwrap_or_default() {
        "C:" => match line.split(' ').nth(1).unwrap_or_default() {
            "USER" => "331 Password?\r\n",
            "PASS" | "ACCT" => "230 Welcome\r\n",
            "EPSV" => "229 Fine (|||50000|)\r\n",
            "PASV" => "227 Fine (192,0,2,1,195,80)\r\n",
            "REST" | "RANG" | "RNFR" => "350 Go on\r\n",
            "RETR" | "STOR" | "APPE" | "STOU" | "LIST" | "MLSD" => "150 Here\r\n",
            "AUTH" => "234 Go\r\n",
            "ABOR" => "426 Stopped\r\n",
            "PWD" => "226 Fine\r\n257 \"/\"\r\n",
            "QUIT" => "221 Bye\r\n",
            "FEAT" => "211 None\r\n",
            _ => "200 Fine\r\n",
        },
        _ => "",
    }
}

fn fitting_data(line: &str) -> Option<&'static str> {
    let request = line.split_once(' ')?.1;
    Some(match request.split('(').next()? {
        "Listen" => "listening 192.0.2.9:40000",
        "Connect" | "Accept" => "connected 192.0.2.1:20",
        "Secure" => "secured",
        "Transfer" => "finished 9",
        _ => return None,
    })
}

struct Walk {
    script: Script,
    submitted: u64,
    ended: BTreeMap<u64, usize>,
    last_data: u64,
    helpful: bool,
    trail: Vec<String>,
    bytewise: bool,
}

impl Walk {
    fn new(config: Config, helpful: bool, bytewise: bool) -> Self {
        Self {
            script: Script {
                client: Connection::new(config, Instant::START, PEER.parse().unwrap()),
                now: Instant::START,
                out: VecDeque::new(),
                closed: false,
            },
            submitted: 0,
            ended: BTreeMap::new(),
            last_data: 0,
            helpful,
            trail: Vec::new(),
            bytewise,
        }
    }

    fn say(&mut self, bytes: &str) {
        let now = self.script.now;
        if self.bytewise {
            for byte in bytes.as_bytes() {
                self.script.client.handle_bytes(now, &[*byte]);
            }
        } else {
            self.script.client.handle_bytes(now, bytes.as_bytes());
        }
    }

    fn step(&mut self, act: &Act) {
        let now = self.script.now;
        let client = &mut self.script.client;
        match act {
            Act::Submit(ask) => {
                let words: Vec<&str> = ask.split(' ').collect();
                self.submitted = client.submit(now, request(&words)).0;
            }
            Act::Abort(id) => client.abort(now, RequestId(*id)),
            Act::Say(bytes) => self.say(bytes),
            Act::Data(event) => {
                let words: Vec<&str> = event.split(' ').collect();
                client.handle_data(now, DataId::new(self.last_data), data_event(&words));
            }
            Act::OldData(id, event) => {
                let words: Vec<&str> = event.split(' ').collect();
                client.handle_data(now, DataId::new(*id), data_event(&words));
            }
            Act::Tls(event) => client.handle_tls(now, event.clone()),
            Act::Wait(seconds) => {
                self.script.now = now + Duration::from_secs(*seconds);
                client.handle_timeout(self.script.now);
            }
            Act::Eof => client.handle_eof(now),
        }
        self.drain(8);
    }

    /// Takes the outputs, and lets a helpful peer react to them so many times.
    fn drain(&mut self, reactions: usize) {
        self.script.poll();
        let lines: Vec<String> = self.script.out.drain(..).collect();
        for line in &lines {
            self.trail.push(line.clone());
            if let Some(done) = line.strip_prefix("done ") {
                let id = done.split(' ').next().unwrap().parse().unwrap();
                *self.ended.entry(id).or_default() += 1;
            }
            if let Some(data) = line.strip_prefix('D') {
                self.last_data = data.split(' ').next().unwrap().parse().unwrap();
            }
        }
        if !self.helpful || reactions == 0 {
            return;
        }
        for line in &lines {
            let now = self.script.now;
            if line == "StartTls" {
                self.script
                    .client
                    .handle_tls(now, TlsEvent::Started(TlsFacts::default()));
            } else if line == "StopTls" {
                self.script.client.handle_tls(now, TlsEvent::Stopped);
            } else if line.starts_with('D') {
                if let Some(event) = fitting_data(line) {
                    let words: Vec<&str> = event.split(' ').collect();
                    let id = DataId::new(self.last_data);
                    self.script.client.handle_data(now, id, data_event(&words));
                }
            } else {
                self.say(fitting(line));
            }
        }
        if !lines.is_empty() {
            self.drain(reactions - 1);
        }
    }

    /// Everyone is silent; only time goes by.
    fn silence(&mut self) {
        for _ in 0..1000 {
            match self.script.client.poll_output() {
                Output::Wait(Some(deadline)) => {
                    assert!(deadline >= self.script.now);
                    self.script.now = deadline;
                    self.script.client.handle_timeout(deadline);
                    self.drain(0);
                }
                Output::Wait(None) | Output::Closed(_) => return,
                other => panic!("{other:?} was not drained"),
            }
        }
        panic!("the timers never end");
    }
}

fn config(mode: DataMode, lenient: bool, pipelining: bool, telnet: bool) -> Config {
    let mut config = Config::default();
    config.data_mode = mode;
    if pipelining {
        config.pipelining = Pipelining::Safe;
    }
    config.epsv_ahead = EpsvAhead::Always;
    config.lenient = lenient;
    config.telnet_abort = telnet;
    config.limits.queue = 8;
    // More to do, and no harm.
    config.negotiate = telnet;
    config.dangerous_ccc = true;
    config.client_name = Some(Text::from_static("Tester"));
    config
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn each_request_ends_once_and_silence_ends_all(
        acts in prop::collection::vec(act(), 0..size(60, 8)),
        mode in prop::sample::select(&[DataMode::Passive, DataMode::Active, DataMode::Auto][..]),
        lenient: bool,
        pipelining: bool,
        telnet: bool,
        helpful: bool,
    ) {
        let config = config(mode, lenient, pipelining, telnet);
        let mut walk = Walk::new(config.clone(), helpful, false);
        let mut bytewise = Walk::new(config, helpful, true);
        walk.step(&Act::Say("220 Hello\r\n"));
        bytewise.step(&Act::Say("220 Hello\r\n"));
        for act in &acts {
            walk.step(act);
            bytewise.step(act);
        }
        walk.silence();
        prop_assert_eq!(walk.ended.len() as u64, walk.submitted, "{:#?}", walk.trail);
        prop_assert!(walk.ended.values().all(|times| *times == 1), "{:#?}", walk.trail);
        // The same bytes in other pieces: the same session.
        bytewise.silence();
        prop_assert_eq!(walk.trail, bytewise.trail);
    }
}
