//! One session: a thread that owns the machine and waits for [`News`], one beside it that reads
//! the control connection, and one that moves payload while there is any. So ABOR, STAT and
//! NOOP are heard in the midst of a transfer, and every wait has its end.

use std::io::{self, ErrorKind, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use bytes::BytesMut;
use ftpkit_proto::ascii::{FromWire, ToWire};
use ftpkit_proto::facts::{Facts, Kind};
use ftpkit_proto::listing::format;
use ftpkit_proto::server::{
    Change, Connection, Described, Event, ListStyle, LoginAnswer, Offers, Open, Opened, Query,
    Refusal, RefusalKind, Survey, Transfer,
};
use ftpkit_proto::{
    DataEvent, DataFailure, DataId, DataRequest, Flow, Instant, Machine as _, Output, PathArg,
    Secret, Text, TlsEvent,
};

use super::Shared;
use super::store::{self, Answer, FILE, Path, resolve, shown};

/// How often a listener is asked for a caller: std cannot wait for one and for news at once.
const TICK: Duration = Duration::from_millis(10);

/// What the threads beside it tell the session.
enum News {
    /// The control connection brought this; nothing is its end.
    Control(Vec<u8>),
    /// The payload has ended; what was received is here.
    Moved(DataId, Result<Vec<u8>, DataFailure>),
}

/// The one data connection that there is at a time.
struct Data {
    id: DataId,
    listener: TcpListener,
    is_accepting: bool,
    stream: Option<TcpStream>,
    moved: Arc<AtomicU64>,
}

/// What a transfer is about, from `Open` to its end.
enum Job {
    /// This part of it.
    Send(Arc<Vec<u8>>, Range<usize>),
    /// What has come goes behind this, under this name.
    Receive(Vec<u8>, Path),
}

struct Session<'a> {
    shared: &'a Shared,
    machine: Connection,
    control: &'a TcpStream,
    permits: mpsc::Sender<()>,
    is_reading: bool,
    sender: mpsc::Sender<News>,
    news: mpsc::Receiver<News>,
    data: Option<Data>,
    job: Option<Job>,
    ascii: bool,
    received: Vec<u8>,
}

/// Drives the machine of a client until it says that the session is over.
pub(super) fn run(shared: &Shared, machine: Connection, control: &TcpStream) -> io::Result<()> {
    let (sender, news) = mpsc::channel();
    let (permits, permitted) = mpsc::channel();
    let (reader, tell) = (control.try_clone()?, sender.clone());
    thread::Builder::new().spawn(move || read(reader, &permitted, &tell))?;
    let mut session = Session {
        shared,
        machine,
        control,
        permits,
        is_reading: false,
        sender,
        news,
        data: None,
        job: None,
        ascii: false,
        received: Vec::new(),
    };
    let end = session.drive();
    session.drop_data();
    end
}

/// Reads the control connection, one piece for each permit: while the machine wants no more,
/// TCP pushes back on the client.
fn read(mut control: TcpStream, permitted: &mpsc::Receiver<()>, tell: &mpsc::Sender<News>) {
    let mut page = [0; 4096];
    while permitted.recv().is_ok() {
        let read = loop {
            match control.read(&mut page) {
                // `has_left` has the socket not block for a moment.
                Err(error) if is_early(&error) => {}
                other => break other.unwrap_or(0),
            }
        };
        if tell.send(News::Control(page[..read].to_vec())).is_err() {
            return;
        }
    }
}

fn is_early(error: &io::Error) -> bool {
    use ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), Interrupted | TimedOut | WouldBlock)
}

impl Session<'_> {
    fn now(&self) -> Instant {
        self.shared.now()
    }

    /// The loop: whatever the machine wants, in its order, until it wants to wait.
    fn drive(&mut self) -> io::Result<()> {
        loop {
            match self.machine.poll_output() {
                Output::Write(bytes) | Output::WriteUrgent(bytes) => {
                    self.control.write_all(&bytes)?;
                }
                Output::Data(id, request) => self.data_request(id, request),
                Output::Event(event) => self.event(event),
                Output::Wait(deadline) => self.wait(deadline),
                Output::Closed(end) => return end.map_err(io::Error::other),
                // TLS is off by default, and AUTH refused.
                _ => self.machine.handle_tls(self.now(), TlsEvent::Failed),
            }
        }
    }

    fn wait(&mut self, deadline: Option<Instant>) {
        if !self.is_reading && self.machine.wants_read() {
            self.is_reading = self.permits.send(()).is_ok();
        }
        let mut left = deadline.map_or(Duration::MAX, |deadline| deadline - self.now());
        if self.data.as_ref().is_some_and(|data| data.is_accepting) {
            if self.accept() {
                return;
            }
            left = left.min(TICK);
        }
        match self.news.recv_timeout(left) {
            Ok(News::Control(bytes)) => {
                self.is_reading = false;
                // A client may ask how far its transfer is.
                self.tell_progress();
                match &bytes[..] {
                    [] => self.machine.handle_eof(self.now()),
                    bytes => self.machine.handle_bytes(self.now(), bytes),
                }
            }
            Ok(News::Moved(id, end)) => self.moved(id, end),
            Err(_) => {
                // Payload that has moved since puts the deadline off.
                self.tell_progress();
                self.machine.handle_timeout(self.now());
            }
        }
    }

    fn tell_progress(&mut self) {
        if let Some(data) = &self.data {
            let bytes = data.moved.load(Ordering::Relaxed);
            let event = DataEvent::Progress { bytes };
            self.machine.handle_data(self.now(), data.id, event);
        }
    }

    // The data connection.

    fn data_request(&mut self, id: DataId, request: DataRequest) {
        let event = match (request, &mut self.data) {
            (DataRequest::Listen(_), _) => match self.listen(id) {
                Ok(address) => DataEvent::Listening(address),
                Err(_) => DataEvent::Failed(DataFailure::Listen),
            },
            (DataRequest::Accept, Some(data)) => {
                data.is_accepting = true;
                return;
            }
            (DataRequest::Reject, Some(data)) => {
                data.stream = None;
                return;
            }
            (DataRequest::Transfer(flow), Some(_)) => match self.transfer(id, flow) {
                Ok(()) => return,
                Err(_) => DataEvent::Failed(DataFailure::Local),
            },
            (DataRequest::Abort, data) => {
                if data.as_ref().is_some_and(|data| data.id == id) {
                    self.drop_data();
                }
                return;
            }
            // Neither active mode nor TLS is served here.
            _ => DataEvent::Failed(DataFailure::Unreachable),
        };
        self.machine.handle_data(self.now(), id, event);
    }

    /// Listens where the client has reached this server already.
    fn listen(&mut self, id: DataId) -> io::Result<SocketAddr> {
        let mut local = self.control.local_addr()?;
        local.set_ip(local.ip().to_canonical());
        local.set_port(0);
        let listener = TcpListener::bind(local)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        self.data = Some(Data {
            id,
            listener,
            is_accepting: false,
            stream: None,
            moved: Arc::default(),
        });
        Ok(address)
    }

    /// Takes a caller, if there is one. Whether it is the right one is for the machine to say.
    fn accept(&mut self) -> bool {
        let Some(data) = &mut self.data else {
            return false;
        };
        let Ok((stream, caller)) = data.listener.accept() else {
            // Nobody, or one who has left again; the machine's deadline ends the wait.
            return false;
        };
        data.is_accepting = false;
        let event = match stream.set_nonblocking(false) {
            Ok(()) => DataEvent::Connected(caller),
            Err(_) => DataEvent::Failed(DataFailure::Broken),
        };
        data.stream = Some(stream);
        let id = data.id;
        self.machine.handle_data(self.now(), id, event);
        true
    }

    /// Lets the payload flow, on a thread of its own.
    fn transfer(&self, id: DataId, flow: Flow) -> io::Result<()> {
        let missing = || io::Error::from(ErrorKind::NotConnected);
        let data = self.data.as_ref().ok_or_else(missing)?;
        let stream = data.stream.as_ref().ok_or_else(missing)?.try_clone()?;
        let (moved, sender) = (Arc::clone(&data.moved), self.sender.clone());
        let work: Box<dyn FnOnce() -> Result<Vec<u8>, DataFailure> + Send> = match (&self.job, flow)
        {
            (Some(Job::Send(content, part)), Flow::Send) => {
                let (content, part) = (Arc::clone(content), part.clone());
                Box::new(move || send(&stream, &content[part], &moved))
            }
            (Some(Job::Receive(head, _)), Flow::Receive) => {
                let room = FILE.saturating_sub(head.len());
                Box::new(move || receive(&stream, room, &moved))
            }
            _ => return Err(missing()),
        };
        thread::Builder::new().spawn(move || {
            // The session may be over by now.
            let _ = sender.send(News::Moved(id, work()));
        })?;
        Ok(())
    }

    fn moved(&mut self, id: DataId, end: Result<Vec<u8>, DataFailure>) {
        let Some(data) = self.data.take_if(|data| data.id == id) else {
            return;
        };
        let bytes = data.moved.load(Ordering::Relaxed);
        let event = match end {
            Ok(received) => {
                // The system of a client that was killed ends its data connection as if the
                // file were complete, so the control connection is asked first.
                if matches!(self.job, Some(Job::Receive(..))) && self.has_left() {
                    self.machine.handle_eof(self.now());
                }
                self.received = received;
                DataEvent::Finished { bytes, clean: true }
            }
            Err(failure) => DataEvent::Failed(failure),
        };
        self.machine.handle_data(self.now(), id, event);
    }

    /// Whether the client has closed the control connection, whatever was read of it so far.
    fn has_left(&self) -> bool {
        let _ = self.control.set_nonblocking(true);
        let seen = self.control.peek(&mut [0]);
        let _ = self.control.set_nonblocking(false);
        seen.map_or_else(|error| !is_early(&error), |seen| seen == 0)
    }

    fn drop_data(&mut self) {
        if let Some(stream) = self.data.take().and_then(|data| data.stream) {
            // The thread that moves the payload has a handle of its own; this ends its wait.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    // Questions. All are answered at once, so that none is ever cancelled.

    fn event(&mut self, event: Event) {
        let now = self.now();
        match event {
            Event::Login(ask) => {
                let (login, shared) = (ask.question(), self.shared);
                let is_password =
                    |given: &Secret| is_same(given.as_bytes(), shared.password.as_bytes());
                let known = is_same(login.user.as_bytes(), shared.user.as_bytes())
                    & login.password.as_ref().is_some_and(is_password);
                let home = PathArg::from_static("/");
                let answer = match known {
                    true => Ok(LoginAnswer::Accepted {
                        home,
                        offers: Offers::EMPTY,
                    }),
                    false => Err(RefusalKind::LoginFailed.into()),
                };
                self.machine.answer(now, ask, answer);
            }
            Event::Change(ask) => {
                let answer = self.change(ask.question()).map_err(Refusal::from);
                self.machine.answer(now, ask, answer);
            }
            Event::Query(ask) => {
                let answer = self.query(ask.question()).map_err(Refusal::from);
                self.machine.answer(now, ask, answer);
            }
            Event::Survey(ask) => {
                let answer = self.survey(ask.question()).map_err(Refusal::from);
                self.machine.answer(now, ask, answer);
            }
            Event::Open(ask) => {
                let answer = self.open(ask.question()).map_err(Refusal::from);
                self.machine.answer(now, ask, answer);
            }
            Event::Commit(ask) => {
                let answer = self.commit().map_err(Refusal::from);
                self.machine.answer(now, ask, answer);
            }
            Event::TransferEnded(_) => {
                self.job = None;
                self.received = Vec::new();
            }
            _ => {}
        }
    }

    fn resolve(&self, argument: Option<&PathArg>) -> Path {
        let directory = self.machine.working_directory();
        resolve(directory.map_or(b"/", PathArg::as_bytes), argument)
    }

    fn change(&self, change: &Change) -> Answer<PathArg> {
        let store = &self.shared.store;
        let path = match change {
            Change::Directory(None) => Path::new(),
            Change::Directory(Some(path)) => self.resolve(Some(path)),
            Change::Parent => self.resolve(Some(&PathArg::from_static(".."))),
            Change::MakeDirectory(path) => {
                let path = self.resolve(Some(path));
                store.make_directory(&path)?;
                path
            }
            Change::RemoveDirectory(path) | Change::RemoveFile(path) => {
                let path = self.resolve(Some(path));
                store.remove(&path, matches!(change, Change::RemoveDirectory(_)))?;
                return shown(&path);
            }
            Change::Rename { from, to } => {
                let to = self.resolve(Some(to));
                store.rename(&self.resolve(Some(from)), &to)?;
                to
            }
            Change::SetTimes { path, modified, .. } => {
                let path = self.resolve(Some(path));
                store.set_time(&path, *modified)?;
                path
            }
            _ => return Err(RefusalKind::Unsupported),
        };
        if matches!(change, Change::Directory(_) | Change::Parent) {
            self.must_be_directory(&path)?;
        }
        shown(&path)
    }

    fn must_be_directory(&self, path: &Path) -> Answer<()> {
        match self.shared.store.facts(path)?.kind {
            Some(Kind::Directory) => Ok(()),
            _ => Err(RefusalKind::NotADirectory),
        }
    }

    fn query(&self, query: &Query) -> Answer<Described> {
        let path = self.resolve(query.path.as_ref());
        let facts = self.shared.store.facts(&path)?;
        Ok(Described::new(shown(&path)?, facts))
    }

    fn survey(&self, survey: &Survey) -> Answer<Vec<(Text, Facts)>> {
        let entries = self.shared.store.list(&self.resolve(Some(&survey.path)))?;
        let named = entries.into_iter().take(survey.limit);
        Ok(named
            .filter_map(|(name, facts)| Some((Text::new(name).ok()?, facts)))
            .collect())
    }

    fn open(&mut self, open: &Open) -> Answer<Opened> {
        let store = &self.shared.store;
        let mut opened = Opened::default();
        self.ascii = open.ascii;
        self.job = Some(match &open.transfer {
            Transfer::Retrieve {
                path,
                offset,
                length,
            } => {
                let mut content = store.read(&self.resolve(Some(path)))?;
                let from = position(&content, *offset)?;
                let length =
                    length.map_or(usize::MAX, |length| length.try_into().unwrap_or(usize::MAX));
                let mut part = from..content.len().min(from.saturating_add(length));
                if open.ascii {
                    let mut text = Vec::new();
                    ToWire::new().convert(&content[part], &mut text);
                    part = 0..text.len();
                    content = Arc::new(text);
                } else {
                    opened.size = Some(part.len() as u64);
                }
                Job::Send(content, part)
            }
            Transfer::Store { path, offset: None } => {
                let path = self.resolve(Some(path));
                store.may_write(&path)?;
                Job::Receive(Vec::new(), path)
            }
            Transfer::Store {
                path,
                offset: Some(offset),
            } => {
                let path = self.resolve(Some(path));
                let content = store.read(&path)?;
                Job::Receive(content[..position(&content, *offset)?].to_vec(), path)
            }
            Transfer::Append { path } => {
                let path = self.resolve(Some(path));
                store.may_write(&path)?;
                let content = store.read(&path).unwrap_or_default();
                Job::Receive(content.to_vec(), path)
            }
            Transfer::List { path, style } => {
                let path = self.resolve(path.as_ref());
                let lines = self.listing(&path, *style)?;
                let all = 0..lines.len();
                Job::Send(Arc::new(lines), all)
            }
            _ => return Err(RefusalKind::Unsupported),
        });
        Ok(opened)
    }

    fn listing(&self, path: &Path, style: ListStyle) -> Answer<Vec<u8>> {
        if matches!(style, ListStyle::Facts(_)) {
            self.must_be_directory(path)?;
        }
        let now = store::now().ok_or(RefusalKind::Failed)?;
        let mut out = BytesMut::new();
        for (name, facts) in self.shared.store.list(path)? {
            // A name that would forge a line is left out; none here can.
            let _ = match style {
                ListStyle::Names => format::name(&mut out, &name),
                ListStyle::Facts(wanted) => format::facts(&mut out, &name, &facts, wanted),
                _ => format::long(&mut out, &name, &facts, now),
            };
        }
        Ok(out.into())
    }

    /// All of an upload has come: only now there is a file.
    fn commit(&mut self) -> Answer<()> {
        let Some(Job::Receive(mut content, path)) = self.job.take() else {
            return Err(RefusalKind::Failed);
        };
        if self.ascii {
            let mut text = FromWire::new();
            text.convert(&self.received, &mut content);
            text.finish(&mut content);
        } else {
            content.append(&mut self.received);
        }
        self.shared.store.write(&path, content)
    }
}

/// The offset as an index, where it is within the file or right behind it.
fn position(content: &[u8], offset: u64) -> Answer<usize> {
    usize::try_from(offset)
        .ok()
        .filter(|offset| *offset <= content.len())
        .ok_or(RefusalKind::BeyondEnd)
}

/// Compares in a time that depends on the lengths alone.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differ = one
        .iter()
        .zip(other)
        .fold(0, |differ, (a, b)| differ | (a ^ b));
    one.len() == other.len() && differ == 0
}

fn send(mut stream: &TcpStream, content: &[u8], moved: &AtomicU64) -> Result<Vec<u8>, DataFailure> {
    for piece in content.chunks(64 * 1024) {
        stream.write_all(piece).map_err(|_| DataFailure::Broken)?;
        moved.fetch_add(piece.len() as u64, Ordering::Relaxed);
    }
    let end = stream.shutdown(Shutdown::Write);
    end.map_or(Err(DataFailure::Broken), |()| Ok(Vec::new()))
}

fn receive(mut stream: &TcpStream, room: usize, moved: &AtomicU64) -> Result<Vec<u8>, DataFailure> {
    let (mut received, mut page) = (Vec::new(), vec![0; 64 * 1024]);
    loop {
        let read = match stream.read(&mut page) {
            Ok(0) => return Ok(received),
            Ok(read) => read,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(_) => return Err(DataFailure::Broken),
        };
        if read > room - received.len() {
            return Err(DataFailure::NoSpace);
        }
        received.extend_from_slice(&page[..read]);
        moved.fetch_add(read as u64, Ordering::Relaxed);
    }
}
