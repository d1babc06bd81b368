//! One machine alone, with a peer, a driver and an application that do whatever the dice say.
//! The driver is honest: it tells of a data connection only what can have happened to it. Or it
//! is not, and tells anything.

mod driver;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use ftpkit_proto::{
    DataEvent, DataId, Instant, Output, PathArg, TlsEvent, TlsFacts,
    client::{self, EpsvAhead, Pipelining, RequestId},
    server::{self, LoginAnswer, Offers},
    wire::{Framed, Framer},
};

use super::{dice::Dice, talk};
use crate::{
    net::Side,
    player::{Answer, Input, Pending, Player, Told},
    replay::{note, player},
    settings::Settings,
    transcript::Transcript,
    witness::Witness,
};
use driver::Socket;

/// What is done before the dice are thrown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Prelude {
    Nothing,
    LoggedIn,
    Secured,
    /// A client has had a transfer too.
    Transferred,
}

/// What happens to a machine that is alone. Each step is what dice are made of.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) side: Side,
    pub(crate) settings: Settings,
    pub(crate) honest: bool,
    pub(crate) prelude: Prelude,
    /// The verbs that a server does not know.
    pub(crate) unknown: &'static [&'static str],
    pub(crate) steps: Vec<u64>,
}

impl Plan {
    pub(crate) fn new(side: Side, dice: &mut Dice) -> Self {
        let mut settings = super::settings(dice);
        // The witness of what the server does wants to be told.
        settings.server.trace = true;
        Self {
            side,
            settings,
            honest: dice.chance(85),
            prelude: dice.weighted(&[
                (3, Prelude::Nothing),
                (4, Prelude::LoggedIn),
                (4, Prelude::Secured),
                (5, Prelude::Transferred),
            ]),
            unknown: dice.weighted(talk::UNKNOWN),
            steps: {
                let count = dice.below(70);
                (0..count).map(|_| dice.next()).collect()
            },
        }
    }
}

/// The machine and all around it.
pub(crate) struct Lone {
    plan: Plan,
    player: Box<dyn Player>,
    pub(crate) transcript: Transcript,
    now: Instant,
    deadline: Option<Instant>,
    closed: bool,
    sockets: BTreeMap<DataId, Socket>,
    spent: BTreeSet<DataId>,
    last: u64,
    /// TLS is being started (true) or ended.
    tls: Option<bool>,
    /// All that the peer has sent.
    stream: Vec<u8>,
    /// What a line of the peer has left for its next piece.
    rest: Vec<u8>,
    opened: BTreeSet<DataId>,
    witness: Witness,
    asked: usize,
    ended: BTreeSet<RequestId>,
    /// Commands that the peer has not answered.
    commands: VecDeque<String>,
    greeted: bool,
    /// Whether the oldest of them got a preliminary reply.
    begun: bool,
    /// How many replies the client has to commands that it has yet to send.
    surplus: usize,
}

/// What may happen next.
#[derive(Clone, Copy, Debug)]
enum Move {
    Speak,
    News(DataId),
    Tls,
    Answer,
    Ask,
    GiveUp,
    Pass,
    Eof,
    Drain,
    ShutDown,
    Lie,
}

impl Lone {
    pub(crate) fn new(plan: Plan, keeps_transcript: bool) -> Self {
        let player = player(&plan.settings, plan.side);
        Self {
            player,
            transcript: Transcript::new(plan.settings.clone(), keeps_transcript),
            now: Instant::START,
            deadline: None,
            closed: false,
            sockets: BTreeMap::new(),
            spent: BTreeSet::new(),
            last: 0,
            tls: None,
            stream: Vec::new(),
            rest: Vec::new(),
            opened: BTreeSet::new(),
            witness: Witness::new(true),
            asked: 0,
            ended: BTreeSet::new(),
            commands: VecDeque::new(),
            greeted: false,
            begun: false,
            surplus: 0,
            plan,
        }
    }

    pub(crate) fn player(&self) -> &dyn Player {
        &*self.player
    }

    /// Lets all happen.
    pub(crate) fn run(&mut self) {
        self.drain();
        self.prelude();
        for step in self.plan.steps.clone() {
            if self.closed {
                break;
            }
            self.step(&mut Dice::new(step));
        }
        self.silence();
        self.check();
    }

    fn happen(&mut self, input: Input) {
        self.transcript.happened(self.now, self.plan.side, &input);
        self.player.take(self.now, input);
        self.drain();
        self.surplus = 0;
    }

    /// Takes the outputs, and holds them against what is known.
    fn drain(&mut self) {
        loop {
            let output = self.player.poll();
            match output {
                Output::Wait(deadline) => {
                    assert!(!self.closed, "it waits behind its end");
                    self.deadline = deadline;
                    break;
                }
                Output::Closed(_) if self.closed => break,
                _ => {}
            }
            let (side, now) = (self.plan.side, self.now);
            note(&mut self.transcript, now, side, &*self.player, &output);
            assert!(!self.closed, "{output:?} comes behind its end");
            self.carry_out(output);
        }
        let waits = self.player.pending().is_some()
            || self.tls.is_some()
            || self.sockets.values().any(|socket| socket.is_busy());
        assert!(
            !waits || self.closed || !self.plan.honest || self.deadline.is_some(),
            "it waits for ever"
        );
        let due = self.deadline.is_none_or(|deadline| deadline > self.now);
        assert!(self.closed || due, "its deadline has passed");
    }

    fn carry_out(&mut self, output: Output<Told>) {
        match output {
            Output::Write(bytes) => {
                assert!(self.tls.is_none(), "words in the midst of a handshake");
                match self.plan.side {
                    Side::Client => self.takes_commands(&bytes),
                    Side::Server => self.witness.reads(&bytes),
                }
            }
            Output::StartTls | Output::StopTls => {
                assert!(self.tls.is_none(), "TLS changes twice at a time");
                self.tls = Some(matches!(output, Output::StartTls));
                if self.tls == Some(true) {
                    self.check_start();
                }
            }
            Output::Data(id, request) => {
                self.last = id.number();
                if self.plan.honest {
                    self.request(id, &request);
                }
            }
            Output::Event(Told::Client(client::Event::Done(id, _))) => {
                assert!(self.ended.insert(id), "{id:?} ends twice");
            }
            Output::Event(Told::Server(event)) => {
                self.witness.sees(&event);
                if let server::Event::TransferEnded(ended) = event {
                    assert!(self.opened.remove(&ended.id), "{ended:?} was not open");
                }
            }
            Output::Event(Told::Asked) => {
                if let Some(Pending::Commit(ask)) = self.player.pending() {
                    assert!(self.opened.contains(&ask.question().id), "it is not open");
                }
            }
            Output::Closed(_) => {
                self.closed = true;
                self.deadline = None;
            }
            _ => {}
        }
    }

    /// TLS begins: nothing in clear waits behind the line that asked for it or agreed to it, and
    /// nobody stays logged in. Telnet commands are carried out where they stand.
    fn check_start(&self) {
        if self.plan.settings.client.implicit_tls && self.stream.is_empty() {
            return;
        }
        let mut framer = Framer::new(0);
        framer.push(&self.stream);
        let mut last = Vec::new();
        while let Some(Framed::Line(line)) = framer.next_line() {
            last = line.to_vec();
        }
        let marks: &[&[u8]] = match self.plan.side {
            Side::Client => &[b"234", b"334"],
            Side::Server => &[b"AUTH"],
        };
        let asks = |mark: &&[u8]| last.windows(mark.len()).any(|part| part == *mark);
        assert!(
            framer.is_empty() && marks.iter().any(asks),
            "TLS begins behind `{}`",
            last.escape_ascii()
        );
        assert!(!self.player.is_logged_in(), "a login outlives AUTH");
    }

    fn takes_commands(&mut self, bytes: &[u8]) {
        // A command of the client is one write or more than one; its lines are whole.
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            let Some(line) = line.strip_suffix(b"\r\n") else {
                // The beginning of a Telnet Synch.
                assert!(line.starts_with(&[255]), "half a line: {line:?}");
                continue;
            };
            let command = ftpkit_proto::Command::parse(line);
            assert!(command.is_ok(), "no command: {}", line.escape_ascii());
            if self.surplus > 0 {
                self.surplus -= 1;
                continue;
            }
            let line = String::from_utf8_lossy(line).into_owned();
            if !ends_abort(&line) {
                // One reply may have answered both ABOR and PWD, or more.
                self.commands.retain(|line| !ends_abort(line));
            }
            self.commands.push_back(line);
        }
        let client = &self.plan.settings.client;
        let may_lead = client.epsv_ahead == EpsvAhead::Always;
        let others = self.commands.iter().filter(|line| !ends_abort(line));
        let others = others.filter(|line| !may_lead || *line != "EPSV");
        assert!(
            others.count() <= 1 || client.pipelining == Pipelining::Safe,
            "{:?} are on the way",
            self.commands
        );
    }

    fn step(&mut self, dice: &mut Dice) {
        let mut moves = vec![(2, Move::Pass), (0, Move::Eof)];
        if dice.chance(2) {
            moves.push((8, Move::Eof));
        }
        for (id, socket) in &self.sockets {
            let weight = if socket.is_busy() { 16 } else { 1 };
            moves.push((weight, Move::News(*id)));
        }
        if self.tls.is_some() {
            moves.push((12, Move::Tls));
        }
        if self.player.pending().is_some() {
            moves.push((16, Move::Answer));
        }
        if !self.plan.honest {
            moves.push((10, Move::Lie));
        }
        match self.plan.side {
            Side::Server => {
                if self.player.wants_read() {
                    moves.push((10, Move::Speak));
                }
                if dice.chance(3) {
                    moves.extend([(3, Move::Drain), (3, Move::ShutDown)]);
                }
            }
            Side::Client => {
                if self.player.wants_read() {
                    let due = !self.commands.is_empty() || !self.greeted;
                    moves.push((if due { 24 } else { 1 }, Move::Speak));
                }
                let open = self.asked - self.ended.len();
                moves.push((if open < 3 { 12 } else { 1 }, Move::Ask));
                if open > 0 {
                    moves.push((2, Move::GiveUp));
                }
            }
        }
        match dice.weighted(&moves) {
            Move::Speak => self.speak(dice),
            Move::News(id) => self.news(id, dice),
            Move::Tls => self.tls(dice),
            Move::Answer => self.answer(dice),
            Move::Ask => {
                self.asked += 1;
                self.happen(Input::Ask(talk::request(dice)));
            }
            Move::GiveUp => {
                let back = dice.below(4).min(self.asked - 1);
                self.happen(Input::GiveUp(self.asked - back));
            }
            Move::Pass => self.pass(dice),
            Move::Eof => self.happen(Input::Eof),
            Move::Drain => self.happen(Input::Drain),
            Move::ShutDown => self.happen(Input::ShutDown),
            Move::Lie => self.lie(dice),
        }
    }

    /// The peer sends something.
    fn speak(&mut self, dice: &mut Dice) {
        if self.rest.is_empty() {
            self.rest = match self.plan.side {
                Side::Server => talk::lines(dice),
                Side::Client => self.reply(dice),
            };
        }
        let cut = if dice.chance(15) {
            dice.below(self.rest.len())
        } else {
            self.rest.len()
        };
        let piece: Vec<u8> = self.rest.drain(..cut).collect();
        self.say(piece);
    }

    fn say(&mut self, bytes: Vec<u8>) {
        let peer = self.plan.side.other();
        self.transcript.wrote(self.now, peer, &bytes, false);
        if self.plan.side == Side::Client {
            self.answered(&bytes);
        }
        self.stream.extend_from_slice(&bytes);
        self.happen(Input::Bytes(bytes));
    }

    /// What a server says, whether it fits or not.
    fn reply(&self, dice: &mut Dice) -> Vec<u8> {
        let fits = dice.chance(75);
        if !self.greeted {
            let greeting = if fits {
                b"220 Hello\r\n".to_vec()
            } else {
                talk::any_reply(dice)
            };
            return greeting;
        }
        let Some(command) = self.commands.front() else {
            return talk::any_reply(dice);
        };
        let reply = self.unknown(command);
        let calls = self.sockets.values().any(|one| *one == Socket::Accepting);
        reply.unwrap_or_else(|| match fits {
            // A server whose call does not get through says so.
            true if self.begun && calls && dice.chance(50) => b"425 No\r\n".to_vec(),
            true => talk::fitting_reply(command, self.begun, dice),
            false => talk::any_reply(dice),
        })
    }

    /// What a server says of a command that it does not know.
    fn unknown(&self, command: &str) -> Option<Vec<u8>> {
        let verb = command.split(' ').next().unwrap_or_default();
        let unknown = self.plan.unknown.contains(&verb);
        unknown.then(|| b"500 What?\r\n".to_vec())
    }

    /// The client is about to take these bytes: each reply in them that is not preliminary is
    /// the greeting or answers the oldest command, or one that the client sends meanwhile.
    fn answered(&mut self, bytes: &[u8]) {
        let start = self.stream.iter().rposition(|byte| *byte == b'\n');
        let mut bytes = [&self.stream[start.map_or(0, |at| at + 1)..], bytes].concat();
        // Half a line is read when its end comes.
        let whole = bytes.iter().rposition(|byte| *byte == b'\n');
        bytes.truncate(whole.map_or(0, |at| at + 1));
        self.surplus = 0;
        for line in bytes.split(|byte| *byte == b'\n') {
            match line {
                [b'1', _, _, b' ', ..] => self.begun = true,
                [b'0'..=b'9', _, _, b' ', ..] => {
                    self.begun = false;
                    if self.greeted && self.commands.pop_front().is_none() {
                        self.surplus += 1;
                    }
                    self.greeted = true;
                }
                _ => {}
            }
        }
    }

    fn tls(&mut self, dice: &mut Dice) {
        let Some(starts) = self.tls.take() else {
            return;
        };
        let event = match (dice.chance(12), starts) {
            (true, _) => TlsEvent::Failed,
            (false, true) => TlsEvent::Started(talk::tls_facts(dice)),
            (false, false) => TlsEvent::Stopped,
        };
        // Words that were cut off by TLS are not said.
        self.rest.clear();
        if matches!(event, TlsEvent::Started(_)) {
            self.stream.clear();
        }
        self.happen(Input::Tls(event));
    }

    fn answer(&mut self, dice: &mut Dice) {
        let Some(pending) = self.player.pending() else {
            return;
        };
        let answer = if dice.chance(20) {
            Answer::Refused(dice.pick(crate::words::REFUSALS))
        } else {
            talk::answer(pending, dice)
        };
        self.give(answer);
    }

    fn give(&mut self, answer: Answer) {
        if let (Some(Pending::Open(ask)), Answer::Opened(_)) = (self.player.pending(), &answer) {
            let fresh = self.opened.insert(ask.question().id);
            assert!(fresh, "it is opened twice");
        }
        self.happen(Input::Answer(answer));
    }

    /// Time passes: a little, or until something is due.
    fn pass(&mut self, dice: &mut Dice) {
        let some = self.now + std::time::Duration::from_secs(dice.below(8) as u64);
        let to = match self.deadline {
            Some(deadline) if dice.chance(40) || deadline < some => deadline,
            _ => some,
        };
        self.now = to;
        self.happen(Input::Wake);
    }

    /// Everything goes well until the machine waits for its peer.
    fn go_well(&mut self) {
        for _ in 0..100 {
            if let Some(starts) = self.tls.take() {
                let event = if starts {
                    TlsEvent::Started(TlsFacts::default())
                } else {
                    TlsEvent::Stopped
                };
                self.happen(Input::Tls(event));
            } else if self.player.pending().is_some() {
                let home = PathArg::from_static("/");
                self.give(Answer::Login(LoginAnswer::Accepted {
                    home,
                    offers: Offers::ALL,
                }));
            } else if let Some(id) = self.busy_socket() {
                self.good_news(id);
            } else if let Some(command) = self.commands.front() {
                let reply = self.unknown(command);
                // A transfer has its final reply when its payload has moved.
                let reply = reply.unwrap_or_else(|| talk::good_reply(command, self.begun));
                self.say(reply);
            } else {
                return;
            }
        }
    }

    fn prelude(&mut self) {
        let prelude = self.plan.prelude;
        if prelude == Prelude::Nothing {
            return;
        }
        // Where TLS is implicit it comes first.
        self.go_well();
        if self.plan.side == Side::Client {
            self.greeted = true;
            self.say(b"220 Hello\r\n".to_vec());
        }
        let words: &[&str] = match (self.plan.side, prelude) {
            (Side::Client, Prelude::Secured) => &["secure true", "login anna secret"],
            (Side::Client, Prelude::Transferred) => &["login anna secret", "image get 0 /a"],
            (Side::Client, _) => &["login anna secret"],
            (Side::Server, Prelude::Secured) => {
                &["AUTH TLS", "PBSZ 0", "PROT P", "USER anna", "PASS secret"]
            }
            (Side::Server, _) => &["USER anna", "PASS secret"],
        };
        for words in words {
            match self.plan.side {
                Side::Client => {
                    let input = crate::words::input(&format!("asks {words}"));
                    self.asked += 1;
                    self.happen(input.expect("a request"));
                }
                Side::Server => self.say(format!("{words}\r\n").into_bytes()),
            }
            self.go_well();
        }
    }

    /// Nobody does anything any more: the timers alone must end what is left.
    fn silence(&mut self) {
        for _ in 0..1000 {
            match self.deadline {
                Some(deadline) if !self.closed => {
                    self.now = deadline;
                    self.happen(Input::Wake);
                }
                _ => break,
            }
        }
        if self.plan.side == Side::Client {
            assert_eq!(self.ended.len(), self.asked, "a request does not end");
            if !self.closed {
                self.happen(Input::Eof);
            }
        }
        assert!(self.closed, "it does not end");
    }

    /// What holds when it has ended.
    fn check(&mut self) {
        for input in [
            Input::Bytes(b"NOOP\r\n".to_vec()),
            Input::Eof,
            Input::Tls(TlsEvent::Started(TlsFacts::default())),
            Input::Data(DataId::new(self.last), DataEvent::Progress { bytes: 1 }),
            Input::Wake,
        ] {
            self.player.take(self.now, input);
            self.drain();
        }
        if self.plan.honest {
            assert!(self.sockets.is_empty(), "it holds {:?}", self.sockets);
        }
        assert!(self.player.pending().is_none(), "a question is open");
        assert!(
            self.opened.is_empty(),
            "it has not let go {:?}",
            self.opened
        );
        if self.plan.side == Side::Server {
            self.witness.finish();
        }
    }
}

/// ABOR, and the PWD that finds the end of its replies: what may be sent before the reply to
/// the command before it.
fn ends_abort(line: &str) -> bool {
    ["ABOR", "PWD"].contains(&line)
}
