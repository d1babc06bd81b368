//! A toy machine, which does what the lines of its peer say and answers in lines.

use std::{collections::VecDeque, net::SocketAddr, time::Duration};

use bytes::Bytes;
use ftpkit_proto::{
    DataEvent, DataId, DataRequest, Error, Family, Flow, Instant, Machine, Output, TlsEvent,
    TlsRole, error::Timer,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::{Clock, DataOptions, Driver, Step, pace::tests::is_polled_again};

/// Does what lines say: see [`Toy::line`].
#[derive(Debug, Default)]
pub(super) struct Toy {
    outputs: VecDeque<Output<String>>,
    pending: Vec<u8>,
    pub(super) deadline: Option<Instant>,
    /// With a stall deadline: how much longer progress lets it live.
    pub(super) patience: Option<Duration>,
    pub(super) blocked: bool,
    /// Says nothing of TLS.
    pub(super) silent: bool,
    /// As a client's machine does behind a 150.
    pub(super) awaits_reply: bool,
    pub(super) timeouts: usize,
    pub(super) ends: usize,
    pub(super) news: Vec<(DataId, DataEvent)>,
    closed: Option<Result<(), Error>>,
}

impl Toy {
    pub(super) fn push(&mut self, output: Output<String>) {
        self.outputs.push_back(output);
    }

    pub(super) fn data(&mut self, id: u64, request: DataRequest) {
        self.push(Output::Data(DataId::new(id), request));
    }

    pub(super) fn say(&mut self, line: impl Into<String>) {
        let mut line: String = line.into();
        line.push_str("\r\n");
        self.push(Output::Write(line.into()));
    }

    /// How many bytes have come that are no line yet.
    pub(super) fn unread(&self) -> usize {
        self.pending.len()
    }

    fn line(&mut self, now: Instant, line: &str) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let numbers: Vec<u64> = rest.split(' ').filter_map(|n| n.parse().ok()).collect();
        let first = numbers.first().copied().unwrap_or_default();
        match word {
            "listen" => self.data(first, DataRequest::Listen(Family::V4)),
            "listen6" => self.data(first, DataRequest::Listen(Family::V6)),
            "accept" => self.data(first, DataRequest::Accept),
            "reject" => {
                self.data(first, DataRequest::Reject);
                self.data(first, DataRequest::Accept);
            }
            "connect" => {
                let (_, target) = rest.split_once(' ').unwrap();
                self.data(first, DataRequest::Connect(target.parse().unwrap()));
            }
            "secure" => self.data(first, DataRequest::Secure(TlsRole::Server)),
            "send" => self.data(first, DataRequest::Transfer(Flow::Send)),
            "receive" => self.data(first, DataRequest::Transfer(Flow::Receive)),
            "abort" => self.data(first, DataRequest::Abort),
            "deadline" => self.deadline = Some(now + Duration::from_secs(first)),
            "tls" => self.push(Output::StartTls),
            "urgent" => self.push(Output::WriteUrgent(Bytes::from_static(b"\xff\xf4\xff\xf2"))),
            "flood" => {
                for n in 0..first {
                    self.say(format!("{n:062}"));
                }
            }
            "event" => self.push(Output::Event(rest.to_owned())),
            "quit" => {
                self.say("bye");
                self.closed = Some(Ok(()));
            }
            _ => self.say(line),
        }
    }
}

impl Machine for Toy {
    type Event = String;

    fn handle_bytes(&mut self, now: Instant, bytes: &[u8]) {
        self.pending.extend_from_slice(bytes);
        while let Some(end) = self.pending.iter().position(|&byte| byte == b'\n') {
            let line: Vec<u8> = self.pending.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line).trim_end().to_owned();
            self.line(now, &line);
        }
    }

    fn handle_eof(&mut self, _now: Instant) {
        self.ends += 1;
        self.closed.get_or_insert(Err(Error::Disconnected));
    }

    fn handle_tls(&mut self, _now: Instant, event: TlsEvent) {
        if !self.silent {
            self.say(format!("{event:?}"));
        }
    }

    fn handle_data(&mut self, now: Instant, id: DataId, event: DataEvent) {
        match &event {
            DataEvent::Progress { .. } => {
                if let (Some(deadline), Some(patience)) = (&mut self.deadline, self.patience) {
                    *deadline = now + patience;
                }
            }
            DataEvent::Listening(address) => self.say(format!("listening {address}")),
            DataEvent::Connected(_) => self.say("connected"),
            other => self.say(format!("{other:?}")),
        }
        self.news.push((id, event));
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.timeouts += 1;
            self.deadline = None;
            self.say("timeout");
            self.closed = Some(Err(Error::TimedOut(Timer::Stall)));
        }
    }

    fn poll_output(&mut self) -> Output<String> {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        match &self.closed {
            Some(result) => Output::Closed(result.clone()),
            None => Output::Wait(self.deadline),
        }
    }

    fn wants_read(&self) -> bool {
        !self.blocked
    }

    fn awaits_reply(&self) -> bool {
        self.awaits_reply
    }
}

/// Both ends of a connection on loopback.
pub(super) async fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    pair_on(listener, target).await
}

async fn pair_on(listener: TcpListener, target: SocketAddr) -> (TcpStream, TcpStream) {
    let (client, server) = tokio::join!(TcpStream::connect(target), listener.accept());
    (client.unwrap(), server.unwrap().0)
}

/// A peer that speaks lines with a toy.
pub(super) struct Peer {
    pub(super) stream: BufReader<TcpStream>,
}

impl Peer {
    pub(super) async fn say(&mut self, line: &str) {
        let line = format!("{line}\r\n");
        self.stream
            .get_mut()
            .write_all(line.as_bytes())
            .await
            .unwrap();
    }

    /// The next line without its end; empty at the end.
    pub(super) async fn hear(&mut self) -> String {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).await.unwrap();
        String::from_utf8_lossy(&line).trim_end().to_owned()
    }

    /// Says a line and hears one.
    pub(super) async fn ask(&mut self, line: &str) -> String {
        self.say(line).await;
        self.hear().await
    }

    /// Makes the toy listen under this id; where.
    pub(super) async fn listen(&mut self, id: u64) -> SocketAddr {
        let answer = self.ask(&format!("listen {id}")).await;
        answer.strip_prefix("listening ").unwrap().parse().unwrap()
    }
}

/// A toy under a driver, and its peer.
pub(super) async fn toy(options: DataOptions) -> (Driver<Toy>, Peer) {
    drive(pair().await, options)
}

/// A toy whose peer has connected to `target`, where `listener` listens.
pub(super) async fn toy_on(listener: TcpListener, target: SocketAddr) -> (Driver<Toy>, Peer) {
    drive(pair_on(listener, target).await, DataOptions::default())
}

fn drive((client, server): (TcpStream, TcpStream), options: DataOptions) -> (Driver<Toy>, Peer) {
    let driver = Driver::new(server, Clock::start(), options, |_| Toy::default()).unwrap();
    let stream = BufReader::new(client);
    (driver, Peer { stream })
}

/// Drives a toy while the peer does something, which must not lead to a step.
pub(super) async fn during<T>(driver: &mut Driver<Toy>, peer: impl Future<Output = T>) -> T {
    let mut peer = std::pin::pin!(peer);
    match driver.beside(peer.as_mut()).await {
        crate::Beside::Done(done) => done,
        crate::Beside::Step(step) => panic!("unexpected step: {step:?}"),
    }
}

/// Whether the driver, with nothing to do, has its task polled again.
pub(super) async fn stays_awake(driver: &mut Driver<Toy>) -> bool {
    is_polled_again(|cx| assert!(driver.poll_next(cx).is_pending())).await
}

/// The result of a session that has closed.
pub(super) fn closed(step: Step<String>) -> Result<(), Error> {
    match step {
        Step::Closed(result) => result,
        other => panic!("not closed: {other:?}"),
    }
}
