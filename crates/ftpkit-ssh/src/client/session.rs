//! The task that owns a session: SSH's channel and the machine of SFTP. Handles send it what they
//! want; nobody shares the machine, so no lock is held anywhere.

use std::{
    collections::HashMap,
    future::pending,
    iter,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use ftpkit_sftp::{
    client::{Connection, Event, Failure, Outcome, Output, Page, Reason, Request, RequestId},
    packet::{Extension, Handle, Limits},
};
use russh::{ChannelMsg, ChannelReadHalf, ChannelWriteHalf, Disconnect, client::Msg};
use tokio::{
    sync::{Semaphore, mpsc, oneshot},
    time::Instant,
};

use super::{
    error::{Error, ErrorKind, Result, Step},
    handler::Handler,
};

/// A download is held where this many bytes wait for the application, and let go at half of it.
const MOST_WAITING: usize = 4 * 1024 * 1024;
/// The same for the pages of a listing.
const MOST_PAGES: usize = 32;
/// How long the goodbye may take.
const PARTING: Duration = Duration::from_secs(2);

/// What handles ask of the task.
pub(crate) enum Command {
    Begin(u64, Request, oneshot::Sender<Outcome>, Feed),
    Payload(u64, Bytes),
    Finish(u64),
    /// The application has room again.
    More(u64),
    Cancel(u64),
    /// Ends a handle that nobody holds any more.
    Forget(Handle),
    Close(oneshot::Sender<()>),
}

/// Where the news of a request go.
pub(crate) enum Feed {
    None,
    Payload(mpsc::UnboundedSender<Bytes>, Arc<AtomicUsize>),
    Pages(mpsc::UnboundedSender<Page>, Arc<AtomicUsize>),
    /// An upload: how many bytes may be given ahead of what is written.
    Credit(Arc<Semaphore>, u64),
}

/// What the handles of a session share.
pub(crate) struct Link {
    pub(crate) host: String,
    pub(crate) extensions: OnceLock<Vec<Extension>>,
    pub(crate) limits: OnceLock<Limits>,
    commands: mpsc::UnboundedSender<Command>,
    last: AtomicU64,
    /// Why the session ended, if it was no plain end.
    fate: OnceLock<(ErrorKind, String)>,
}

impl Link {
    pub(crate) fn new(host: String) -> (Arc<Self>, mpsc::UnboundedReceiver<Command>) {
        let (commands, receiver) = mpsc::unbounded_channel();
        let link = Self {
            host,
            extensions: OnceLock::new(),
            limits: OnceLock::new(),
            commands,
            last: AtomicU64::new(0),
            fate: OnceLock::new(),
        };
        (Arc::new(link), receiver)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.commands.is_closed()
    }

    pub(crate) fn send(&self, command: Command) {
        // A task that is gone has ended all requests; their ends tell.
        let _ = self.commands.send(command);
    }

    pub(crate) fn begin(self: &Arc<Self>, request: Request, feed: Feed) -> Running {
        let ticket = self.last.fetch_add(1, Ordering::Relaxed);
        let (sender, done) = oneshot::channel();
        self.send(Command::Begin(ticket, request, sender, feed));
        Running {
            link: Arc::clone(self),
            ticket,
            done,
            ended: false,
        }
    }

    /// Why nothing can be asked any more.
    pub(crate) fn lost(&self, step: Step) -> Error {
        match self.fate.get() {
            Some((kind, detail)) => Error::new(*kind, step).with_detail(detail.clone()),
            None => Error::new(ErrorKind::Disconnected, step)
                .with_detail("the session has ended")
                .with_hint("connect again"),
        }
        .with_host(&self.host)
    }

    fn doom(&self, kind: ErrorKind, detail: impl Into<String>) {
        // The first reason is the one that counts.
        let _ = self.fate.set((kind, detail.into()));
    }
}

/// A request under way. Dropping it takes it back; a handle that comes all the same is closed.
pub(crate) struct Running {
    pub(crate) link: Arc<Link>,
    ticket: u64,
    done: oneshot::Receiver<Outcome>,
    ended: bool,
}

impl Running {
    pub(crate) fn payload(&self, bytes: Bytes) {
        self.link.send(Command::Payload(self.ticket, bytes));
    }

    pub(crate) fn finish(&self) {
        self.link.send(Command::Finish(self.ticket));
    }

    pub(crate) fn more(&self) {
        self.link.send(Command::More(self.ticket));
    }

    /// How it ended.
    pub(crate) async fn outcome(&mut self, step: Step) -> Result<Outcome> {
        let outcome = (&mut self.done).await;
        self.ended = true;
        match outcome {
            Ok(Outcome::Failed(failure)) => Err(self.failed(step, failure)),
            Ok(outcome) => Ok(outcome),
            Err(_) => Err(self.link.lost(step)),
        }
    }

    fn failed(&self, step: Step, failure: Failure) -> Error {
        match failure.reason {
            Reason::Lost | Reason::Closed if self.link.fate.get().is_some() => self.link.lost(step),
            _ => Error::failed(step, failure).with_host(&self.link.host),
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.ended {
            return;
        }
        self.done.close();
        match self.done.try_recv() {
            Ok(Outcome::Handle(handle)) => self.link.send(Command::Forget(handle)),
            Ok(_) => {}
            Err(_) => self.link.send(Command::Cancel(self.ticket)),
        }
    }
}

/// The task's state.
pub(crate) struct Session {
    machine: Connection,
    link: Arc<Link>,
    tickets: HashMap<u64, RequestId>,
    waiting: HashMap<RequestId, Waiting>,
    ready: Option<oneshot::Sender<()>>,
    out: mpsc::UnboundedSender<Bytes>,
    timeout: Option<Duration>,
}

struct Waiting {
    ticket: u64,
    done: oneshot::Sender<Outcome>,
    feed: Feed,
}

/// The two halves of SSH's channel, and the connection that it is part of.
pub(crate) struct Channel {
    pub(crate) read: ChannelReadHalf,
    pub(crate) write: ChannelWriteHalf<Msg>,
    pub(crate) ssh: russh::client::Handle<Handler>,
}

/// Begins the task; the receiver tells when the server has greeted.
pub(crate) fn start(
    machine: Connection,
    link: Arc<Link>,
    channel: Channel,
    commands: mpsc::UnboundedReceiver<Command>,
    timeout: Option<Duration>,
) -> oneshot::Receiver<()> {
    let (ready, greeted) = oneshot::channel();
    let (out, written) = mpsc::unbounded_channel();
    let session = Session {
        machine,
        link,
        tickets: HashMap::new(),
        waiting: HashMap::new(),
        ready: Some(ready),
        out,
        timeout,
    };
    tokio::spawn(session.run(channel, commands, written));
    greeted
}

impl Session {
    async fn run(
        mut self,
        channel: Channel,
        mut commands: mpsc::UnboundedReceiver<Command>,
        mut written: mpsc::UnboundedReceiver<Bytes>,
    ) {
        let Channel {
            mut read,
            write,
            ssh,
        } = channel;
        let mut goodbye = None;
        // Written beside reading: a server that does not read before it is read from must not
        // block both. What waits here is bounded by what was asked for.
        let writer = async {
            while let Some(bytes) = written.recv().await {
                if write.data_bytes(bytes).await.is_err() {
                    return;
                }
            }
        };
        tokio::pin!(writer);
        let mut quiet_since = Instant::now();
        while !self.drain() {
            let deadline = self
                .timeout
                .filter(|_| self.machine.awaits_answer())
                .and_then(|timeout| quiet_since.checked_add(timeout));
            let silence = async {
                match deadline {
                    Some(deadline) => tokio::time::sleep_until(deadline).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                () = &mut writer => {
                    self.link.doom(ErrorKind::Disconnected, "the connection was lost");
                    break;
                }
                message = read.wait() => {
                    quiet_since = Instant::now();
                    self.on_message(message);
                }
                command = commands.recv() => {
                    // A server is late only if it was asked.
                    if !self.machine.awaits_answer() {
                        quiet_since = Instant::now();
                    }
                    match command {
                        Some(Command::Close(done)) => {
                            goodbye = Some(done);
                            break;
                        }
                        Some(command) => self.on_command(command),
                        None => break,
                    }
                }
                () = silence => {
                    self.link.doom(ErrorKind::TimedOut, "the server has not answered in time");
                    break;
                }
            }
        }
        self.machine.close();
        while !self.drain() {}
        commands.close();
        // Whoever waits for the end of what is refused here learns it from the channel.
        drop(commands);
        let parting = async {
            // The end of a session that is lost anyway has nobody to tell.
            let _ = write.close().await;
            let _ = ssh.disconnect(Disconnect::ByApplication, "", "").await;
            let _ = ssh.await;
        };
        let _ = tokio::time::timeout(PARTING, parting).await;
        if let Some(done) = goodbye {
            let _ = done.send(());
        }
    }

    fn on_message(&mut self, message: Option<ChannelMsg>) {
        match message {
            Some(ChannelMsg::Data { data }) => self.machine.handle_bytes(&data),
            Some(ChannelMsg::Failure) => {
                self.link.doom(
                    ErrorKind::Unsupported,
                    "the server has no SFTP subsystem for this user",
                );
                self.machine.handle_eof();
            }
            Some(ChannelMsg::Eof | ChannelMsg::Close) => self.machine.handle_eof(),
            None => {
                self.link
                    .doom(ErrorKind::Disconnected, "the connection was lost");
                self.machine.handle_eof();
            }
            // What the server's program says on its standard error is for nobody.
            Some(_) => {}
        }
    }

    fn on_command(&mut self, command: Command) {
        match command {
            Command::Begin(ticket, request, done, feed) => {
                let id = self.machine.submit(request);
                self.tickets.insert(ticket, id);
                let waiting = Waiting { ticket, done, feed };
                self.waiting.insert(id, waiting);
            }
            Command::Payload(ticket, bytes) => {
                if let Some(id) = self.tickets.get(&ticket) {
                    self.machine.payload(*id, bytes);
                }
            }
            Command::Finish(ticket) => {
                if let Some(id) = self.tickets.get(&ticket) {
                    self.machine.finish(*id);
                }
            }
            Command::More(ticket) => {
                if let Some(id) = self.tickets.get(&ticket) {
                    self.machine.hold(*id, false);
                }
            }
            Command::Cancel(ticket) => {
                if let Some(id) = self.tickets.get(&ticket) {
                    self.machine.cancel(*id);
                }
            }
            Command::Forget(handle) => {
                self.machine.submit(Request::Close(handle));
            }
            Command::Close(_) => {}
        }
    }

    /// Takes all that the machine has to say; whether it is at its end.
    fn drain(&mut self) -> bool {
        // What was lost is told when it is known why.
        let mut lost = Vec::new();
        let over = loop {
            match self.machine.poll_output() {
                Output::Write(head, payload) => {
                    for bytes in iter::once(head).chain(payload) {
                        // The writer is gone only where the session ends.
                        let _ = self.out.send(bytes);
                    }
                }
                Output::Event(Event::Done(id, Outcome::Failed(failure)))
                    if failure.reason == Reason::Lost =>
                {
                    lost.push((id, failure));
                }
                Output::Event(event) => self.on_event(event),
                Output::Closed(result) => {
                    if let Err(error) = result {
                        let kind = match error {
                            ftpkit_sftp::client::Error::Eof(_) => ErrorKind::Disconnected,
                            _ => ErrorKind::Protocol,
                        };
                        self.link.doom(kind, error.to_string());
                    }
                    break true;
                }
                _ => break false,
            }
        };
        for (id, failure) in lost {
            self.done(id, Outcome::Failed(failure));
        }
        over
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Ready => {
                let offered = Extension::ALL.into_iter();
                let offered = offered.filter(|e| self.machine.offers(*e)).collect();
                let _ = self.link.extensions.set(offered);
                if let Some(ready) = self.ready.take() {
                    let _ = ready.send(());
                }
            }
            Event::Limits(limits) => {
                let _ = self.link.limits.set(limits);
            }
            Event::Payload { request, bytes, .. } => {
                let Some(Feed::Payload(sender, level)) = self.feed(request) else {
                    return;
                };
                let length = bytes.len();
                let before = level.fetch_add(length, Ordering::AcqRel);
                // Nobody takes it where the request is about to be taken back.
                let _ = sender.send(bytes);
                if before + length > MOST_WAITING {
                    self.machine.hold(request, true);
                }
            }
            Event::Names(request, page) => {
                let Some(Feed::Pages(sender, level)) = self.feed(request) else {
                    return;
                };
                let before = level.fetch_add(1, Ordering::AcqRel);
                let _ = sender.send(page);
                if before + 1 > MOST_PAGES {
                    self.machine.hold(request, true);
                }
            }
            Event::Progress { request, bytes } => {
                if let Some(Feed::Credit(credit, told)) = self.feed(request) {
                    let written = bytes.saturating_sub(*told);
                    *told = bytes;
                    credit.add_permits(usize::try_from(written).unwrap_or_default());
                }
            }
            Event::Done(id, outcome) => self.done(id, outcome),
            _ => {}
        }
    }

    fn feed(&mut self, id: RequestId) -> Option<&mut Feed> {
        self.waiting.get_mut(&id).map(|waiting| &mut waiting.feed)
    }

    fn done(&mut self, id: RequestId, outcome: Outcome) {
        let Some(waiting) = self.waiting.remove(&id) else {
            return;
        };
        self.tickets.remove(&waiting.ticket);
        if let Feed::Credit(credit, _) = &waiting.feed {
            // Whoever waits to give more learns that it has ended.
            credit.close();
        }
        if let Err(Outcome::Handle(handle)) = waiting.done.send(outcome) {
            self.machine.submit(Request::Close(handle));
        }
    }
}

/// What waits for the application, and when it has room again.
pub(crate) struct Inflow<T> {
    pub(crate) running: Running,
    receiver: mpsc::UnboundedReceiver<T>,
    level: Arc<AtomicUsize>,
    half: usize,
}

impl Inflow<Bytes> {
    pub(crate) fn payload(link: &Arc<Link>, request: Request) -> Self {
        let level = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = mpsc::unbounded_channel();
        let running = link.begin(request, Feed::Payload(sender, Arc::clone(&level)));
        Self {
            running,
            receiver,
            level,
            half: MOST_WAITING / 2,
        }
    }

    pub(crate) async fn next(&mut self) -> Option<Bytes> {
        let bytes = self.receiver.recv().await?;
        self.taken(bytes.len());
        Some(bytes)
    }

    /// What is there already, without waiting.
    pub(crate) fn ready(&mut self) -> Option<Bytes> {
        let bytes = self.receiver.try_recv().ok()?;
        self.taken(bytes.len());
        Some(bytes)
    }
}

impl Inflow<Page> {
    pub(crate) fn pages(link: &Arc<Link>, request: Request) -> Self {
        let level = Arc::new(AtomicUsize::new(0));
        let (sender, receiver) = mpsc::unbounded_channel();
        let running = link.begin(request, Feed::Pages(sender, Arc::clone(&level)));
        Self {
            running,
            receiver,
            level,
            half: MOST_PAGES / 2,
        }
    }

    pub(crate) async fn next(&mut self) -> Option<Page> {
        let page = self.receiver.recv().await?;
        self.taken(1);
        Some(page)
    }
}

impl<T> Inflow<T> {
    /// Lets the request go on where the level falls through the half.
    fn taken(&self, amount: usize) {
        let before = self.level.fetch_sub(amount, Ordering::AcqRel);
        if before >= self.half && before - amount < self.half {
            self.running.more();
        }
    }
}
