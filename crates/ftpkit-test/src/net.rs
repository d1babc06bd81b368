//! A network in memory: data connections, and the order in which things arrive.
//!
//! It knows no protocol. Each side's driver is played by [`Pair`](crate::Pair), which hands the
//! requests of the machines over and gets events back when their time has come.

mod conditions;

use std::{
    collections::{BTreeMap, VecDeque},
    net::SocketAddr,
};

use ftpkit_proto::{DataEvent, DataFailure, DataId, Flow, Instant, TlsEvent, server::AskId};

pub use conditions::{Conditions, Handshake, Side};

/// The payload crosses in pieces of this size.
const PIECE: usize = 1000;

/// What arrives at a side.
#[derive(Debug)]
pub(crate) enum Arrival {
    Bytes(Vec<u8>),
    Eof,
    Data(DataId, DataEvent),
    /// A piece of payload, or its end, inside the network.
    Payload(LinkId, Piece),
    Tls(TlsEvent),
    /// The storage has its answer to this question, which may be cancelled meanwhile.
    Answer(AskId),
}

pub(crate) type LinkId = u64;

#[derive(Debug)]
pub(crate) enum Piece {
    Bytes(Vec<u8>),
    /// The sender has closed; whether it had sent all.
    End(bool),
    /// The connection is gone.
    Reset,
}

/// The end of a data connection at one side.
#[derive(Debug)]
struct End {
    /// None: in the backlog of a listener, or let go.
    id: Option<DataId>,
    gone: bool,
    secured: bool,
    flow: Option<Flow>,
    /// What has arrived and waits to be read.
    inbox: Vec<u8>,
    fin: Option<bool>,
    /// All that was to be sent is sent, or all that came was taken.
    finished: bool,
}

impl End {
    const fn new(id: Option<DataId>) -> Self {
        Self {
            id,
            gone: false,
            secured: false,
            flow: None,
            inbox: Vec::new(),
            fin: None,
            finished: false,
        }
    }
}

#[derive(Debug)]
struct Link {
    client: End,
    server: End,
    crossed: usize,
    /// Nothing crosses it any more.
    lost: bool,
}

impl Link {
    const fn end(&mut self, side: Side) -> &mut End {
        match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        }
    }
}

#[derive(Debug)]
enum Caller {
    Stranger,
    Peer(LinkId),
}

#[derive(Debug)]
struct Listener {
    port: u16,
    backlog: VecDeque<Caller>,
    accepting: bool,
}

#[derive(Debug)]
enum Socket {
    Listener(Listener),
    Link(LinkId),
    /// An attempt that has not arrived, or one that failed.
    Attempt,
}

/// The data connections, and everything that is on its way.
#[derive(Debug)]
pub(crate) struct Net {
    pub(crate) conditions: Conditions,
    on_the_way: BTreeMap<(Instant, u64), (Side, Arrival)>,
    sent: u64,
    sockets: BTreeMap<(Side, DataId), Socket>,
    links: BTreeMap<LinkId, Link>,
    last_link: LinkId,
    last_port: u16,
    /// What each side received over a data connection that was read to its end.
    received: BTreeMap<(Side, DataId), Vec<u8>>,
    /// The largest number of data connections that one side had at a time.
    pub(crate) most_links: usize,
}

/// Where a stranger calls from.
const STRANGER: &str = "198.51.100.66:666";

impl Net {
    pub(crate) const fn new(conditions: Conditions) -> Self {
        Self {
            conditions,
            on_the_way: BTreeMap::new(),
            sent: 0,
            sockets: BTreeMap::new(),
            links: BTreeMap::new(),
            last_link: 0,
            last_port: 50_000,
            received: BTreeMap::new(),
            most_links: 0,
        }
    }

    pub(crate) fn schedule(&mut self, at: Instant, to: Side, arrival: Arrival) {
        self.sent += 1;
        self.on_the_way.insert((at, self.sent), (to, arrival));
    }

    /// When the next thing arrives.
    pub(crate) fn next_at(&self) -> Option<Instant> {
        self.on_the_way.keys().next().map(|(at, _)| *at)
    }

    pub(crate) fn pop(&mut self) -> Option<(Instant, Side, Arrival)> {
        let ((at, _), (to, arrival)) = self.on_the_way.pop_first()?;
        Some((at, to, arrival))
    }

    /// Nothing more arrives at this side, but what is inside the network.
    pub(crate) fn forget(&mut self, side: Side) {
        self.on_the_way
            .retain(|_, (to, arrival)| *to != side || matches!(arrival, Arrival::Payload(..)));
    }

    /// What this side received over the data connection, once.
    pub(crate) fn take_received(&mut self, side: Side, id: DataId) -> Option<Vec<u8>> {
        self.received.remove(&(side, id))
    }

    /// Whether this side holds a socket.
    pub(crate) fn holds(&self, side: Side) -> Vec<DataId> {
        let held = self.sockets.keys().filter(|(owner, _)| *owner == side);
        held.map(|(_, id)| *id).collect()
    }

    fn news(&mut self, now: Instant, side: Side, id: DataId, event: DataEvent) {
        self.schedule(now, side, Arrival::Data(id, event));
    }

    pub(crate) fn listen(&mut self, now: Instant, side: Side, id: DataId, local: SocketAddr) {
        if self.conditions.unbound > 0 {
            self.conditions.unbound -= 1;
            return self.news(now, side, id, DataEvent::Failed(DataFailure::Listen));
        }
        self.last_port += 1;
        let mut address = local;
        address.set_port(self.last_port);
        let mut backlog = VecDeque::new();
        if self.conditions.stranger {
            backlog.push_back(Caller::Stranger);
        }
        self.sockets.insert(
            (side, id),
            Socket::Listener(Listener {
                port: self.last_port,
                backlog,
                accepting: false,
            }),
        );
        self.news(now, side, id, DataEvent::Listening(address));
    }

    pub(crate) fn connect(
        &mut self,
        now: Instant,
        side: Side,
        id: DataId,
        to: SocketAddr,
        from: SocketAddr,
    ) {
        let later = now + self.conditions.delay;
        self.sockets.insert((side, id), Socket::Attempt);
        let listener = self
            .sockets
            .iter_mut()
            .find_map(|((owner, at), socket)| match socket {
                Socket::Listener(listener) if *owner != side && listener.port == to.port() => {
                    Some((*at, listener))
                }
                _ => None,
            });
        let refused = self.conditions.refuse > 0;
        if !refused && self.conditions.ignore > 0 {
            self.conditions.ignore -= 1;
            return self.count();
        }
        let Some((at, listener)) = listener.filter(|_| !refused) else {
            self.conditions.refuse = self.conditions.refuse.saturating_sub(1);
            self.sockets.remove(&(side, id));
            let failed = DataEvent::Failed(DataFailure::Refused);
            return self.news(later, side, id, failed);
        };
        self.last_link += 1;
        let link = self.last_link;
        listener.backlog.push_back(Caller::Peer(link));
        let accepts = listener.accepting;
        let mut both = Link {
            client: End::new(None),
            server: End::new(None),
            crossed: 0,
            lost: false,
        };
        both.end(side).id = Some(id);
        self.links.insert(link, both);
        self.sockets.insert((side, id), Socket::Link(link));
        self.news(later, side, id, DataEvent::Connected(to));
        if accepts {
            self.accept(later, side.other(), at, from);
        }
        self.count();
    }

    fn count(&mut self) {
        for side in [Side::Client, Side::Server] {
            let links = self.sockets.iter().filter(|((owner, _), socket)| {
                *owner == side && matches!(socket, Socket::Link(_) | Socket::Attempt)
            });
            self.most_links = self.most_links.max(links.count());
        }
    }

    /// `peer` is where the other side calls from.
    pub(crate) fn accept(&mut self, now: Instant, side: Side, id: DataId, peer: SocketAddr) {
        let Some(Socket::Listener(listener)) = self.sockets.get_mut(&(side, id)) else {
            return;
        };
        match listener.backlog.pop_front() {
            None => listener.accepting = true,
            Some(Caller::Stranger) => {
                listener.accepting = false;
                let stranger = STRANGER.parse().expect("an address");
                self.news(now, side, id, DataEvent::Connected(stranger));
            }
            Some(Caller::Peer(link)) => {
                self.sockets.insert((side, id), Socket::Link(link));
                if let Some(link) = self.links.get_mut(&link) {
                    link.end(side).id = Some(id);
                }
                self.news(now, side, id, DataEvent::Connected(peer));
                self.count();
            }
        }
    }

    fn link_of(&self, side: Side, id: DataId) -> Option<LinkId> {
        match self.sockets.get(&(side, id)) {
            Some(Socket::Link(link)) => Some(*link),
            _ => None,
        }
    }

    pub(crate) fn secure(&mut self, now: Instant, side: Side, id: DataId) {
        let later = now + self.conditions.delay;
        let Some(number) = self.link_of(side, id) else {
            return;
        };
        let Some(link) = self.links.get_mut(&number) else {
            return;
        };
        link.end(side).secured = true;
        if link.end(side.other()).gone {
            self.sockets.remove(&(side, id));
            let failed = DataEvent::Failed(DataFailure::Tls);
            return self.news(later, side, id, failed);
        }
        if !link.end(side.other()).secured {
            return;
        }
        let handshake = if self.conditions.data_tls.is_empty() {
            Handshake::Works
        } else {
            self.conditions.data_tls.remove(0)
        };
        match handshake {
            Handshake::Hangs => {}
            Handshake::Fails => {
                self.fail(later, side, number);
                self.fail(later, side.other(), number);
            }
            Handshake::Unresumed => {
                let not_resumed = DataFailure::NotResumed;
                self.fail_as(later, Side::Server, number, not_resumed);
                self.fail(later, Side::Client, number);
            }
            Handshake::Works => {
                let secured = DataEvent::Secured { resumed: true };
                if let Some(other) = link.end(side.other()).id {
                    self.news(later, side.other(), other, secured.clone());
                }
                self.news(later, side, id, secured);
            }
        }
    }

    /// Payload may flow; `payload` is what this side sends, when it does.
    pub(crate) fn transfer(
        &mut self,
        now: Instant,
        side: Side,
        id: DataId,
        flow: Flow,
        payload: Vec<u8>,
    ) {
        let Some(number) = self.link_of(side, id) else {
            return;
        };
        let Some(link) = self.links.get_mut(&number) else {
            return;
        };
        link.end(side).flow = Some(flow);
        if flow == Flow::Receive {
            return self.read(now, side, number);
        }
        if link.end(side.other()).gone {
            return self.fail(now, side, number);
        }
        let mut payload = &payload[..];
        let fails = self.fails_file(side, payload.len());
        if let Some((most, _)) = fails {
            payload = &payload[..most];
        }
        let stalls = self.conditions.stall.filter(|most| *most < payload.len());
        if let Some(most) = stalls {
            payload = &payload[..most];
        }
        let (mut at, mut moved) = (now, 0);
        for piece in payload.chunks(PIECE) {
            at = at + self.conditions.data_delay;
            if self.conditions.unbuffered {
                moved += piece.len() as u64;
                self.news(at, side, id, DataEvent::Progress { bytes: moved });
            }
            let piece = Piece::Bytes(piece.to_vec());
            self.schedule(at, side.other(), Arrival::Payload(number, piece));
        }
        if stalls.is_some() {
            return;
        }
        if let Some((_, failure)) = fails {
            return self.give_file_up(now, side, number, failure);
        }
        let end = Arrival::Payload(number, Piece::End(!self.conditions.unclean));
        self.schedule(at, side.other(), end);
        // Where buffers are large it is done long before the last piece has arrived.
        let done = if self.conditions.unbuffered {
            at
        } else {
            now + self.conditions.data_delay / 2
        };
        let bytes = payload.len() as u64;
        let sent = Arrival::Data(id, DataEvent::Finished { bytes, clean: true });
        self.schedule(done, side, sent);
    }

    /// Whether this news of a sender still holds: its connection may have broken meanwhile.
    pub(crate) fn settle_sender(&mut self, side: Side, id: DataId, event: &DataEvent) -> bool {
        let DataEvent::Finished { .. } = event else {
            return true;
        };
        let Some(number) = self.link_of(side, id) else {
            // A receiver's socket is let go when its end is reported.
            return true;
        };
        let Some(link) = self.links.get_mut(&number) else {
            return true;
        };
        if link.end(side).gone {
            return false;
        }
        link.end(side).finished = true;
        self.sockets.remove(&(side, id));
        true
    }

    /// Payload arrives inside the network.
    pub(crate) fn payload(&mut self, now: Instant, to: Side, number: LinkId, piece: Piece) {
        let limit = self.conditions.lose_data;
        let Some(link) = self.links.get_mut(&number) else {
            return;
        };
        if link.end(to).gone || link.lost {
            return;
        }
        match piece {
            Piece::Bytes(mut bytes) => {
                let room = limit.map_or(usize::MAX, |limit| limit.saturating_sub(link.crossed));
                if bytes.len() > room {
                    bytes.truncate(room);
                    link.crossed += bytes.len();
                    link.end(to).inbox.extend(bytes);
                    if self.conditions.truncate && link.end(to).secured {
                        // What was sent behind it does not arrive any more.
                        link.lost = true;
                        link.end(to).fin = Some(false);
                        return self.read(now, to, number);
                    }
                    self.fail(now, to, number);
                    return self.fail(now, to.other(), number);
                }
                link.crossed += bytes.len();
                let end = link.end(to);
                end.inbox.extend(bytes);
                let (flows, id, moved) = (end.flow.is_some(), end.id, end.inbox.len() as u64);
                if let (true, Some((_, failure))) = (flows, self.fails_file(to, moved as usize)) {
                    return self.give_file_up(now, to, number, failure);
                }
                if let (true, Some(id)) = (flows, id) {
                    self.news(now, to, id, DataEvent::Progress { bytes: moved });
                }
            }
            Piece::End(clean) => {
                link.end(to).fin = Some(clean);
                self.read(now, to, number);
            }
            Piece::Reset => self.fail(now, to, number),
        }
    }

    /// How many bytes of so many this side's file takes or gives, if it fails.
    fn fails_file(&self, side: Side, bytes: usize) -> Option<(usize, DataFailure)> {
        let (at, most, failure) = self.conditions.fail_file?;
        (at == side && most < bytes).then_some((most, failure))
    }

    /// This side's file has failed: it drops the connection, and the other end breaks.
    fn give_file_up(&mut self, now: Instant, side: Side, number: LinkId, failure: DataFailure) {
        let Some(link) = self.links.get_mut(&number) else {
            return;
        };
        let end = link.end(side);
        end.gone = true;
        let (Some(id), false) = (end.id, end.finished) else {
            return;
        };
        end.finished = true;
        self.sockets.remove(&(side, id));
        self.news(now, side, id, DataEvent::Failed(failure));
        let reset = Arrival::Payload(number, Piece::Reset);
        self.schedule(now + self.conditions.delay, side.other(), reset);
    }

    /// The receiving end takes what is there, up to the end.
    fn read(&mut self, now: Instant, side: Side, number: LinkId) {
        let Some(link) = self.links.get_mut(&number) else {
            return;
        };
        let secured = link.end(side).secured;
        let end = link.end(side);
        let (Some(Flow::Receive), Some(clean), Some(id), false) =
            (end.flow, end.fin, end.id, end.finished)
        else {
            if end.gone && end.flow.is_some() && !end.finished {
                self.fail(now, side, number);
            }
            return;
        };
        end.finished = true;
        let bytes = std::mem::take(&mut end.inbox);
        let event = DataEvent::Finished {
            bytes: bytes.len() as u64,
            clean: clean || !secured,
        };
        self.received.insert((side, id), bytes);
        self.sockets.remove(&(side, id));
        self.news(now, side, id, event);
    }

    /// The connection breaks at this end.
    fn fail(&mut self, now: Instant, side: Side, number: LinkId) {
        let Some(link) = self.links.get_mut(&number) else {
            return;
        };
        let end = link.end(side);
        match end.flow {
            Some(_) => self.fail_as(now, side, number, DataFailure::Broken),
            None if end.secured => self.fail_as(now, side, number, DataFailure::Tls),
            // It is noticed when something is asked of the connection.
            None => end.gone = true,
        }
    }

    fn fail_as(&mut self, now: Instant, side: Side, number: LinkId, failure: DataFailure) {
        let Some(link) = self.links.get_mut(&number) else {
            return;
        };
        let end = link.end(side);
        end.gone = true;
        let (Some(id), false) = (end.id, end.finished) else {
            return;
        };
        end.finished = true;
        self.sockets.remove(&(side, id));
        self.news(now, side, id, DataEvent::Failed(failure));
    }

    /// This side drops whatever it has under the id.
    pub(crate) fn abort(&mut self, now: Instant, side: Side, id: DataId) {
        let later = now + self.conditions.delay;
        let drop_link = |net: &mut Self, number: LinkId| {
            if let Some(link) = net.links.get_mut(&number) {
                link.end(side).gone = true;
                // What was sent and not yet delivered is lost with a reset.
                let reset = Arrival::Payload(number, Piece::Reset);
                net.schedule(later, side.other(), reset);
            }
        };
        match self.sockets.remove(&(side, id)) {
            Some(Socket::Link(number)) => drop_link(self, number),
            Some(Socket::Listener(listener)) => {
                for caller in listener.backlog {
                    if let Caller::Peer(number) = caller {
                        drop_link(self, number);
                    }
                }
            }
            Some(Socket::Attempt) | None => {}
        }
    }
}
