//! Both SFTP machines joined by a network and a store that exist only in memory, in virtual time.
//! What a session is made of follows from its seed, and so the session happens again.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use ftpkit_sftp::{
    client::{
        self, Download, Event as News, Existing, File, Outcome, Output as ClientOutput, Reason,
        Request, RequestId, Upload,
    },
    server::{self, Event, Offers, Output as ServerOutput, RefusalKind},
};

use super::SftpStore;
use crate::random::Dice;

/// More happenings than this in one session are an endless loop.
const HAPPENINGS: usize = 200_000;
/// How long a driver waits for an answer of its storage, in milliseconds.
const PATIENCE: u64 = 60_000;

/// What a session was.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// What was said and done, a line each.
    pub lines: Vec<String>,
    /// How many requests ended, and how many of these as they were meant to.
    pub ended: usize,
    /// See [`ended`](Self::ended).
    pub succeeded: usize,
    /// Whether the connection was lost on the way.
    pub lost: bool,
}

/// Has the session of this seed, and holds it to what every session promises: each request ends
/// once, what is downloaded is what is stored, what is uploaded is stored as a whole or not at
/// all, no handle is left, the bounds are kept, and it ends.
///
/// # Panics
/// If a promise is broken, with the lines.
#[must_use]
pub fn session(seed: u64) -> Report {
    let mut pair = Pair::new(seed);
    pair.run();
    pair.finish()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    Server,
    Client,
}

#[derive(Debug)]
enum Happening {
    /// Bytes arrive.
    Bytes(To, Bytes),
    /// Nothing comes any more.
    End(To),
    /// The application knows what it answers.
    Answer(Event, Option<RefusalKind>),
    /// The application asks for something.
    Submit(Request, Option<Vec<u8>>),
    /// The application takes something back.
    Cancel(usize),
    /// The driver gives up what the storage does not answer.
    GiveUp,
}

/// One direction of the network.
struct Wire {
    /// When the last bytes arrive; later ones do not overtake.
    busy_until: u64,
    /// How many bytes pass before it breaks.
    left: Option<usize>,
    delay: u64,
    piece: usize,
}

/// A transfer, as its application knows it.
#[derive(Default)]
struct Transfer {
    path: Bytes,
    sent: Vec<u8>,
    given: usize,
    download: Option<(u64, Option<u64>)>,
    got: Vec<u8>,
    cancelled: bool,
}

struct Pair {
    seed: u64,
    dice: Dice,
    now: u64,
    agenda: BTreeMap<(u64, u64), Happening>,
    sequence: u64,
    client: client::Connection,
    server: server::Connection,
    in_flight: usize,
    store: SftpStore,
    wires: [Wire; 2],
    /// What has arrived and the server does not want yet.
    inbox: Vec<Bytes>,
    end_waits: bool,
    lost: bool,
    requests: Vec<RequestId>,
    transfers: BTreeMap<RequestId, Transfer>,
    ended: BTreeMap<RequestId, bool>,
    to_submit: usize,
    /// Percent of the questions that are refused, and of those that are never answered.
    refusals: usize,
    silence: usize,
    lateness: u64,
    client_closed: Option<Result<(), client::Error>>,
    server_closed: Option<Result<(), server::Error>>,
    lines: Vec<String>,
}

fn content(seed: u64, length: usize) -> Vec<u8> {
    let mut dice = Dice::new(seed);
    (0..length).map(|_| dice.next() as u8).collect()
}

impl Pair {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let mut served = server::Config::default();
        served.offers = dice.pick(&[Offers::EMPTY, Offers::ALL, Offers::LIMITS, Offers::FSYNC]);
        served.in_flight = dice.pick(&[1, 3, 64]);
        served.in_flight_bytes = dice.pick(&[1, 3000, 8 << 20]);
        served.handles = dice.pick(&[1, 3, 256]);
        served.max_read = dice.pick(&[1000, 4096, 40_000]);
        // Without `limits`, a client takes it that 32 KiB are allowed.
        served.max_write = dice.pick(&[32 * 1024, 40_000]);
        served.max_packet = 64 * 1024;
        let mut config = client::Config::default();
        config.max_in_flight = dice.pick(&[1, 4, 64]);
        config.max_bytes = dice.pick(&[1, 5000, 8 << 20]);
        config.max_block = dice.pick(&[700, 5000, 255 * 1024]);
        config.max_readdirs = dice.pick(&[1, 4]);
        let in_flight = served.in_flight;
        let breaks = dice.chance(30);
        let mut wire = |breaks: bool| Wire {
            busy_until: 0,
            left: breaks.then(|| dice.below(30_000)),
            delay: dice.pick(&[0, 1, 50]),
            piece: dice.pick(&[1, 100, 1 << 16]),
        };
        let wires = [wire(breaks), wire(breaks)];
        let mut store = SftpStore::default();
        for number in 0..4 {
            let length = dice.pick(&[0, 1, 999, 5000, 40_000]);
            store
                .files
                .insert(format!("/r{number}").into(), content(number, length));
        }
        let mut pair = Self {
            seed,
            now: 0,
            agenda: BTreeMap::new(),
            sequence: 0,
            client: client::Connection::new(config),
            server: server::Connection::new(Arc::new(served)),
            in_flight,
            store,
            wires,
            inbox: Vec::new(),
            end_waits: false,
            lost: false,
            requests: Vec::new(),
            transfers: BTreeMap::new(),
            ended: BTreeMap::new(),
            to_submit: 1 + dice.below(12),
            refusals: dice.pick(&[0, 0, 0, 10]),
            silence: dice.pick(&[0, 0, 0, 0, 0, 3]),
            lateness: dice.pick(&[0, 1, 100]),
            client_closed: None,
            server_closed: None,
            lines: Vec::new(),
            dice,
        };
        for number in 0..pair.to_submit {
            let (request, sent) = pair.request(number);
            let at = pair.dice.below(200) as u64;
            pair.plan(at, Happening::Submit(request, sent));
        }
        pair
    }

    /// A request, and what is to be uploaded by it.
    fn request(&mut self, number: usize) -> (Request, Option<Vec<u8>>) {
        let readable = Bytes::from(format!("/r{}", self.dice.below(5)));
        let own = Bytes::from(format!("/w{number}"));
        let request = match self.dice.below(12) {
            0 => Request::Stat(readable),
            1 => Request::List(Bytes::from_static(b"/")),
            2 => Request::Realpath(readable),
            3 => Request::Remove(own),
            4 => Request::Rename {
                from: own.clone(),
                to: own,
                existing: Existing::ReplaceInTwoSteps,
            },
            5 => Request::Statvfs(readable),
            6..=8 => {
                let mut download = Download::new(File::Path(readable));
                download.offset = self.dice.pick(&[0, 0, 10, 1000, u64::MAX - 3]);
                download.length = self
                    .dice
                    .pick(&[None, None, Some(0), Some(2000), Some(1 << 40)]);
                Request::Download(download)
            }
            _ => {
                let mut upload = Upload::new(File::Path(own));
                upload.sync = self.dice.chance(50);
                let length = self.dice.pick(&[0, 1, 3000, 50_000]);
                return (Request::Upload(upload), Some(content(self.seed, length)));
            }
        };
        (request, None)
    }

    fn plan(&mut self, at: u64, happening: Happening) {
        self.sequence += 1;
        self.agenda.insert((at, self.sequence), happening);
    }

    fn later(&mut self) -> u64 {
        let late = self.dice.below(1 + self.lateness as usize);
        self.now + late as u64
    }

    fn run(&mut self) {
        self.settle();
        for _ in 0..HAPPENINGS {
            let Some(((at, _), happening)) = self.agenda.pop_first() else {
                if self.is_over() {
                    return;
                }
                // Nothing moves: a question is not answered, and nobody waits for ever.
                let at = self.now + PATIENCE;
                assert!(self.silence > 0, "it stands still: {self}");
                self.plan(at, Happening::GiveUp);
                continue;
            };
            self.now = at;
            self.happen(happening);
            self.settle();
        }
        panic!("it never ends: {self}");
    }

    fn is_over(&self) -> bool {
        self.client_closed.is_some() && self.server_closed.is_some()
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Bytes(To::Server, bytes) => self.inbox.push(bytes),
            Happening::Bytes(To::Client, bytes) => self.client.handle_bytes(&bytes),
            Happening::End(To::Server) => self.end_waits = true,
            Happening::End(To::Client) => self.client.handle_eof(),
            Happening::Answer(event, refusal) => {
                self.line(|| format!("answer {event:?} {refusal:?}"));
                self.store.answer(&mut self.server, event, refusal);
            }
            Happening::Submit(request, sent) => self.submit(request, sent),
            Happening::Cancel(which) => {
                let id = self.requests[which];
                self.line(|| format!("cancel {id:?}"));
                if let Some(transfer) = self.transfers.get_mut(&id) {
                    transfer.cancelled = true;
                }
                self.client.cancel(id);
            }
            Happening::GiveUp => {
                self.lost = true;
                self.server.abort();
            }
        }
    }

    fn submit(&mut self, request: Request, sent: Option<Vec<u8>>) {
        self.to_submit -= 1;
        self.line(|| format!("submit {request:?}"));
        let transfer = match &request {
            Request::Upload(Upload {
                file: File::Path(path),
                ..
            }) => Some(Transfer {
                path: path.clone(),
                sent: sent.unwrap_or_default(),
                ..Transfer::default()
            }),
            Request::Download(download) => Some(Transfer {
                path: match &download.file {
                    File::Path(path) => path.clone(),
                    _ => Bytes::new(),
                },
                download: Some((download.offset, download.length)),
                ..Transfer::default()
            }),
            _ => None,
        };
        let id = self.client.submit(request);
        self.transfers
            .extend(transfer.map(|transfer| (id, transfer)));
        self.requests.push(id);
        self.feed(id);
        if self.dice.chance(10) {
            let at = self.now + self.dice.below(300) as u64;
            self.plan(at, Happening::Cancel(self.requests.len() - 1));
        }
    }

    /// Gives an upload as much as it wants.
    fn feed(&mut self, id: RequestId) {
        let Some(transfer) = self.transfers.get_mut(&id) else {
            return;
        };
        if transfer.download.is_some() {
            return;
        }
        while self.client.wants_payload(id) && transfer.given < transfer.sent.len() {
            let rest = &transfer.sent[transfer.given..];
            let block = &rest[..rest.len().min(7000)];
            transfer.given += block.len();
            self.client.payload(id, Bytes::copy_from_slice(block));
        }
        if transfer.given == transfer.sent.len() {
            self.client.finish(id);
        }
    }

    /// Does what both machines want done, until they rest.
    fn settle(&mut self) {
        loop {
            let mut moved = false;
            while let Some(output) = self.client_output() {
                moved = true;
                match output {
                    ClientOutput::Write(head, payload) => {
                        self.carry(To::Server, &head);
                        self.carry(To::Server, &payload.unwrap_or_default());
                    }
                    ClientOutput::Event(news) => self.news(news),
                    output => panic!("{output:?}: {self}"),
                }
            }
            while self.server.wants_read() && !self.inbox.is_empty() {
                let bytes = self.inbox.remove(0);
                self.server.handle_bytes(&bytes);
                moved = true;
            }
            if self.end_waits && self.inbox.is_empty() {
                self.end_waits = false;
                self.server.handle_eof();
                moved = true;
            }
            while let Some(output) = self.server_output() {
                moved = true;
                match output {
                    ServerOutput::Write(bytes) => self.carry(To::Client, &bytes),
                    ServerOutput::Event(event) => self.event(event),
                    output => panic!("{output:?}: {self}"),
                }
            }
            if !moved {
                return;
            }
        }
    }

    fn client_output(&mut self) -> Option<ClientOutput> {
        match self.client.poll_output() {
            ClientOutput::Wait => {
                // All is done: the client hangs up, once.
                if self.to_submit == 0
                    && self.ended.len() == self.requests.len()
                    && self.wires[0].left != Some(0)
                {
                    self.wires[0].left = Some(0);
                    let at = self.wires[0].busy_until.max(self.now);
                    self.plan(at, Happening::End(To::Server));
                }
                None
            }
            ClientOutput::Closed(result) => {
                if self.client_closed.is_none() {
                    self.line(|| format!("client closed {result:?}"));
                    self.client_closed = Some(result);
                    self.cut();
                }
                None
            }
            output => Some(output),
        }
    }

    fn server_output(&mut self) -> Option<ServerOutput> {
        assert!(
            self.server.in_flight() <= self.in_flight,
            "too much in flight: {self}"
        );
        match self.server.poll_output() {
            ServerOutput::Wait => None,
            ServerOutput::Closed(result) => {
                if self.server_closed.is_none() {
                    self.line(|| format!("server closed {result:?}"));
                    self.server_closed = Some(result);
                    let at = self.wires[1].busy_until.max(self.now);
                    self.wires[1].left = Some(0);
                    self.plan(at, Happening::End(To::Client));
                }
                None
            }
            output => Some(output),
        }
    }

    /// The connection ends for both, behind what is on its way already.
    fn cut(&mut self) {
        for (wire, to) in [(0, To::Server), (1, To::Client)] {
            self.wires[wire].left = Some(0);
            let at = self.wires[wire].busy_until.max(self.now);
            self.plan(at, Happening::End(to));
        }
    }

    fn carry(&mut self, to: To, bytes: &[u8]) {
        let number = usize::from(to == To::Client);
        let (delay, piece) = (self.wires[number].delay, self.wires[number].piece);
        let mut rest = bytes;
        while !rest.is_empty() {
            let mut length = 1 + self.dice.below(piece.min(rest.len()));
            if let Some(left) = self.wires[number].left {
                length = length.min(left);
                if length == 0 {
                    if !self.is_over() && !self.lost && self.client_closed.is_none() {
                        self.line(|| "the connection breaks".to_owned());
                        self.lost = true;
                        self.cut();
                    }
                    return;
                }
                self.wires[number].left = Some(left - length);
            }
            let (now, behind) = rest.split_at(length);
            rest = behind;
            let wait = self.dice.below(1 + delay as usize) as u64;
            let at = self.wires[number].busy_until.max(self.now + wait);
            self.wires[number].busy_until = at;
            self.plan(at, Happening::Bytes(to, Bytes::copy_from_slice(now)));
        }
    }

    fn event(&mut self, event: Event) {
        if matches!(event, Event::Ended(_)) {
            self.line(|| format!("{event:?}"));
            return self.store.answer(&mut self.server, event, None);
        }
        if self.dice.chance(self.silence) {
            self.line(|| format!("never answered: {event:?}"));
            return self.store.lose(event);
        }
        let kinds = [
            RefusalKind::Denied,
            RefusalKind::NotFound,
            RefusalKind::Quota,
        ];
        let refused = self.dice.chance(self.refusals);
        let refusal = refused.then(|| self.dice.pick(&kinds));
        let at = self.later();
        self.plan(at, Happening::Answer(event, refusal));
    }

    fn news(&mut self, news: News) {
        match news {
            News::Payload {
                request,
                offset,
                bytes,
            } => {
                let transfer = self.transfers.get_mut(&request);
                let transfer = transfer.expect("payload is of a download");
                let (from, _) = transfer.download.expect("payload is of a download");
                assert_eq!(offset, from + transfer.got.len() as u64, "a gap");
                transfer.got.extend_from_slice(&bytes);
            }
            News::WantsPayload(id) => self.feed(id),
            News::Done(id, outcome) => self.done(id, &outcome),
            _ => {}
        }
    }

    fn done(&mut self, id: RequestId, outcome: &Outcome) {
        self.line(|| format!("done {id:?} {outcome:?}"));
        let failed = matches!(outcome, Outcome::Failed(_));
        let before = self.ended.insert(id, !failed);
        assert!(before.is_none(), "{id:?} ends twice: {self}");
        let Some(transfer) = self.transfers.get(&id) else {
            return;
        };
        let stored = self.store.files.get(&transfer.path);
        match (outcome, transfer.download) {
            (Outcome::Downloaded(done), Some((offset, length))) => {
                let stored = stored.map_or(&[][..], Vec::as_slice);
                let from = usize::try_from(offset).map_or(stored.len(), |at| at.min(stored.len()));
                let most = length.and_then(|length| usize::try_from(length).ok());
                let most = most.unwrap_or(usize::MAX).min(stored.len() - from);
                assert!(
                    transfer.got == stored[from..][..most],
                    "other bytes: {self}"
                );
                assert_eq!(done.bytes, most as u64, "{self}");
            }
            (Outcome::Uploaded(done), None) => {
                assert_eq!(stored, Some(&transfer.sent), "{self}");
                assert_eq!(done.bytes, transfer.sent.len() as u64, "{self}");
            }
            (Outcome::Failed(failure), None) => {
                // A cancelled upload is closed as it is, and so is one that was refused.
                let whole = matches!(failure.reason, Reason::Lost | Reason::Closed);
                if whole && !transfer.cancelled {
                    assert!(
                        stored.is_none_or(|stored| *stored == transfer.sent),
                        "half an upload is visible: {self}"
                    );
                }
            }
            (Outcome::Failed(_), Some(_)) => {}
            (outcome, _) => panic!("{outcome:?} of a transfer: {self}"),
        }
    }

    fn finish(self) -> Report {
        assert_eq!(
            self.ended.len(),
            self.requests.len(),
            "not all ended: {self}"
        );
        assert_eq!(self.store.open(), 0, "handles are left: {self}");
        assert_eq!(self.server.in_flight(), 0, "{self}");
        let half = |path: &Bytes, stored: &Vec<u8>| {
            self.transfers
                .values()
                .any(|t| t.path == *path && !t.cancelled && t.sent != *stored)
        };
        if self.refusals == 0 {
            let mut files = self.store.files.iter();
            let found = files.find(|(path, stored)| path.starts_with(b"/w") && half(path, stored));
            assert!(found.is_none(), "half an upload is visible: {self}");
        }
        if !self.lost {
            assert_eq!(self.client_closed, Some(Ok(())), "{self}");
            assert_eq!(self.server_closed, Some(Ok(())), "{self}");
        }
        Report {
            ended: self.ended.len(),
            succeeded: self.ended.values().filter(|well| **well).count(),
            lost: self.lost,
            lines: self.lines,
        }
    }

    fn line(&mut self, text: impl FnOnce() -> String) {
        let text = text();
        self.lines.push(format!("{:>6} {text}", self.now));
    }
}

impl core::fmt::Display for Pair {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        writeln!(f, "in the session of seed {}", self.seed)?;
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))
    }
}
