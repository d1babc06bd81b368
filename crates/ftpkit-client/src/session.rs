//! One connection and the request that is under way on it. All state of a request lives here,
//! so that a caller's future may be dropped at any point: the next call settles what it left.

mod parting;
mod payload;

use std::{
    fmt,
    future::poll_fn,
    sync::{Arc, atomic::AtomicU64},
    task::{Context, Poll, Waker, ready},
};

use ftpkit_proto::{
    DataFailure, DataId, Error as SessionError, Reply,
    client::{Connection, Event, Outcome, Request, RequestId},
    command::Command,
    error::Timer,
};
use ftpkit_tokio::{DataStream, Driver, Step as Driven};
use tokio::task::JoinHandle;

use self::parting::Parting;
pub(crate) use self::payload::PayloadEnd;

#[cfg(feature = "_tls")]
use crate::tls::{self, TlsInfo};
use crate::{
    error::{Error, ErrorKind, Result, Step},
    tls::TlsMode,
};

/// A line of the protocol trace; passwords are left out when it is printed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Trace<'a> {
    /// The client sent this.
    Sent(&'a Command),
    /// The server replied this.
    Received(&'a Reply),
}

/// `> COMMAND` or `< REPLY`, without passwords and without tricks for a terminal.
impl fmt::Display for Trace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sent(command) => write!(f, "> {command}"),
            Self::Received(reply) => write!(f, "< {reply}"),
        }
    }
}

pub(crate) type TraceFn = Box<dyn FnMut(Trace<'_>) + Send>;

pub(crate) struct Session {
    driver: Driver<Connection>,
    host: String,
    tls: TlsMode,
    greeting: Option<Reply>,
    running: Option<Running>,
    /// The data connection whose payload has ended.
    parting: Option<Parting>,
    /// The data connection of a transfer that was given up, until its ticket has come.
    leaving: Option<JoinHandle<bool>>,
    /// Whether the server was seen to give no ticket with a data connection: none is waited for.
    barren: bool,
    /// What is left of a session that is over.
    closed: Option<Result<(), SessionError>>,
    trace: Option<TraceFn>,
}

/// The request that is under way.
struct Running {
    request: RequestId,
    step: Step,
    /// The 1yz of a transfer.
    opened: Option<Reply>,
    data: Option<Data>,
    /// Whether the machine knows that the transfer was given up, or how its data ended.
    told: bool,
    /// Whether nobody waits for it any more.
    unwanted: bool,
    outcome: Option<Outcome>,
}

struct Data {
    id: DataId,
    stream: DataStream,
    /// Read by the driver when a deadline fires.
    moved: Arc<AtomicU64>,
    /// How much was read under an upload.
    skimmed: usize,
}

impl Data {
    /// Reads what the server sends under an upload: tickets, without which an upload that is
    /// aborted would cost one and bring none.
    fn take_tickets(&mut self, cx: &mut Context<'_>) {
        if self.stream.is_secure() {
            let _ = parting::skim(&mut self.stream, &mut self.skimmed, cx);
        }
    }
}

impl Session {
    pub(crate) fn new(
        driver: Driver<Connection>,
        host: String,
        tls: TlsMode,
        trace: Option<TraceFn>,
    ) -> Self {
        Self {
            driver,
            host,
            tls,
            greeting: None,
            running: None,
            parting: None,
            leaving: None,
            barren: false,
            closed: None,
            trace,
        }
    }

    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    pub(crate) const fn greeting(&self) -> Option<&Reply> {
        self.greeting.as_ref()
    }

    pub(crate) const fn is_closed(&self) -> bool {
        self.closed.is_some()
    }

    pub(crate) const fn machine(&self) -> &Connection {
        self.driver.machine()
    }

    #[cfg(feature = "_tls")]
    pub(crate) fn tls_info(&self) -> Option<TlsInfo> {
        self.driver.tls_info()
    }

    /// Begins TLS where it has not begun with the connection, and has data protected. Whatever
    /// stands in the way of either is an error.
    pub(crate) async fn secure(&mut self) -> Result<()> {
        let step = Step::Secure;
        let request = Request::Secure { protect_data: true };
        let reply = self.reply(step, request).await?;
        let machine = self.driver.machine();
        if machine.is_secured() && machine.is_data_protected() && reply.code().is_success() {
            return Ok(());
        }
        let (detail, hint) = if machine.is_secured() {
            let hint = "files would cross in clear text; nothing was sent but this";
            ("the server does not protect data connections", hint)
        } else {
            let hint = "try ftps://, if it speaks TLS on a port of its own";
            ("the server does not offer TLS", hint)
        };
        Err(self
            .error(ErrorKind::Tls, step)
            .with_detail(detail)
            .with_reply(reply)
            .with_hint(hint))
    }

    /// Carries a request out that moves no payload.
    pub(crate) async fn request(&mut self, step: Step, request: Request) -> Result<Outcome> {
        self.begin(step, request).await?;
        self.outcome().await
    }

    /// Carries a request out that ends with a reply, of whatever code.
    pub(crate) async fn reply(&mut self, step: Step, request: Request) -> Result<Reply> {
        match self.request(step, request).await? {
            Outcome::Reply(reply) => Ok(reply),
            other => Err(self.unexpected(step, other)),
        }
    }

    /// Sends a transfer's commands and waits until its payload may flow; its first reply is
    /// returned.
    pub(crate) async fn open(&mut self, step: Step, request: Request) -> Result<Option<Reply>> {
        self.begin(step, request).await?;
        poll_fn(|cx| self.poll_open(cx)).await
    }

    async fn begin(&mut self, step: Step, request: Request) -> Result<()> {
        self.settle().await;
        if let Some(error) = self.closed_error(step) {
            return Err(error);
        }
        let now = self.driver.now();
        let request = self.driver.machine_mut().submit(now, request);
        self.running = Some(Running {
            request,
            step,
            opened: None,
            data: None,
            told: false,
            unwanted: false,
            outcome: None,
        });
        Ok(())
    }

    /// Ends whatever a dropped future left: a transfer is aborted, a command's reply is awaited.
    pub(crate) async fn settle(&mut self) {
        if self.running.is_some() && self.leaving.is_none() {
            self.abort();
        }
        if let Some(leaving) = &mut self.leaving {
            // It has a limit of its own, and nothing fails there.
            self.barren |= leaving.await.is_ok_and(|came| !came);
            self.leaving = None;
        }
        if self.running.is_some() {
            self.tell_abort();
            // What became of it is nobody's any more.
            let _ = self.outcome().await;
        }
    }

    /// Gives the running transfer up, and waits until the connection is ready again.
    pub(crate) async fn give_up(&mut self, step: Step) -> Result<()> {
        self.settle().await;
        if self.is_closed() {
            return Err(self.error(ErrorKind::Disconnected, step));
        }
        Ok(())
    }

    /// Waits until the connection is closed, after a goodbye.
    pub(crate) async fn wait_closed(&mut self) {
        poll_fn(|cx| {
            while self.closed.is_none() {
                ready!(self.poll_drive(cx));
            }
            Poll::Ready(())
        })
        .await;
    }

    /// Gives the running transfer up. What has to be said to the server is said when the
    /// session is driven next.
    pub(crate) fn abort(&mut self) {
        let Some(running) = &mut self.running else {
            return;
        };
        running.unwanted = true;
        if let Some(data) = running.data.take_if(|_| !running.told) {
            // Closed in good order, an upload would look complete.
            match tokio::runtime::Handle::try_current() {
                // A server that reads ABOR in the midst of the handshake gives no ticket; the
                // reset tells it as well.
                Ok(runtime) if !self.barren && data.stream.awaits_ticket() => {
                    self.leaving = Some(runtime.spawn(parting::reset(data.stream)));
                    return;
                }
                _ => data.stream.reset(),
            }
        }
        self.tell_abort();
    }

    /// Tells the machine that the running transfer was given up.
    fn tell_abort(&mut self) {
        let now = self.driver.now();
        let Some(running) = self.running.as_mut().filter(|running| !running.told) else {
            return;
        };
        running.told = true;
        self.driver.machine_mut().abort(now, running.request);
        // The server learns of it now and not when the client is used next, where there is a
        // runtime to tell it on; whoever waits next is woken for the rest.
        if tokio::runtime::Handle::try_current().is_ok() {
            let _ = self.poll_drive(&mut Context::from_waker(Waker::noop()));
        }
    }

    pub(crate) async fn outcome(&mut self) -> Result<Outcome> {
        poll_fn(|cx| self.poll_outcome(cx)).await
    }

    /// Waits for the end of the running request.
    pub(crate) fn poll_outcome(&mut self, cx: &mut Context<'_>) -> Poll<Result<Outcome>> {
        loop {
            let Some(running) = &mut self.running else {
                return Poll::Ready(Err(self
                    .closed_error(Step::Command)
                    .unwrap_or_else(|| self.error(ErrorKind::Disconnected, Step::Command))));
            };
            let step = running.step;
            // What a closed machine rejects is lost too.
            let idle = self.driver.machine().is_idle();
            let is_lost = |outcome: &Outcome| match outcome {
                Outcome::Lost => true,
                Outcome::Rejected => !idle,
                _ => false,
            };
            if running
                .outcome
                .as_ref()
                .is_some_and(|outcome| !is_lost(outcome))
            {
                if let Some(parting) = &mut self.parting {
                    ready!(parting.poll_last(cx));
                    self.barren |= parting.is_barren();
                    self.parting = None;
                }
                if let Some(outcome) = self.running.take().and_then(|running| running.outcome) {
                    #[cfg(feature = "_tls")]
                    if matches!(outcome, Outcome::Transferred(_)) {
                        self.driver.tls_proved();
                    }
                    return Poll::Ready(Ok(outcome));
                }
                continue;
            }
            // A lost request waits for the word on why the session ended.
            if let Some(error) = self.closed_error(step) {
                self.running = None;
                return Poll::Ready(Err(error));
            }
            ready!(self.poll_drive(cx));
        }
    }

    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Reply>>> {
        loop {
            if let Some(running) = &mut self.running
                && running.outcome.is_none()
                && running.data.is_some()
            {
                return Poll::Ready(Ok(running.opened.take()));
            }
            let over = self.closed.is_some()
                || self
                    .running
                    .as_ref()
                    .is_none_or(|running| running.outcome.is_some());
            if over {
                let step = self.step();
                let outcome = ready!(self.poll_outcome(cx));
                return Poll::Ready(Err(match outcome {
                    Ok(outcome) => self.unexpected(step, outcome),
                    Err(error) => error,
                }));
            }
            ready!(self.poll_drive(cx));
        }
    }

    /// Takes one step of the driver.
    fn poll_drive(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if let Some(parting) = &mut self.parting
            && parting.poll(cx).is_ready()
        {
            self.barren |= parting.is_barren();
            self.parting = None;
        }
        let driven = ready!(self.driver.poll_next(cx));
        match driven {
            Driven::Event(Event::Greeting(reply)) => self.greeting = Some(reply),
            Driven::Event(Event::Opened { request, reply, .. }) => {
                if let Some(running) = self.of(request) {
                    running.opened = Some(reply);
                }
            }
            Driven::Event(Event::Done(request, outcome)) => {
                if let Some(running) = self.of(request) {
                    running.data = None;
                    running.outcome = Some(outcome);
                }
            }
            Driven::Event(Event::Sent(command)) => self.traced(Trace::Sent(&command)),
            Driven::Event(Event::Received(reply)) => self.traced(Trace::Received(&reply)),
            Driven::Event(_) => {}
            Driven::Transfer(id, _, stream) => {
                let moved = Arc::new(AtomicU64::new(0));
                self.driver.watch(id, Arc::clone(&moved));
                match &mut self.running {
                    // It may be the second one, for a download that was asked for once more.
                    Some(running) if !running.unwanted => {
                        running.told = false;
                        running.data = Some(Data {
                            id,
                            stream,
                            moved,
                            skimmed: 0,
                        });
                    }
                    Some(running) => {
                        // Given up before it began.
                        stream.reset();
                        let now = self.driver.now();
                        let request = running.request;
                        self.driver.machine_mut().abort(now, request);
                    }
                    None => stream.reset(),
                }
            }
            Driven::Abort(id) => {
                if let Some(running) = &mut self.running
                    && let Some(data) = running.data.take_if(|data| data.id == id)
                {
                    data.stream.reset();
                }
            }
            Driven::Closed(how) => {
                self.parting = None;
                self.closed = Some(how);
            }
            _ => {}
        }
        Poll::Ready(())
    }

    fn of(&mut self, request: RequestId) -> Option<&mut Running> {
        self.running
            .as_mut()
            .filter(|running| running.request == request)
    }

    fn traced(&mut self, line: Trace<'_>) {
        tracing::debug!(target: "ftpkit::wire", "{} {line}", self.host);
        if let Some(trace) = &mut self.trace {
            trace(line);
        }
    }

    fn step(&self) -> Step {
        self.running
            .as_ref()
            .map_or(Step::Command, |running| running.step)
    }

    pub(crate) fn error(&self, kind: ErrorKind, step: Step) -> Error {
        Error::new(kind, step).with_host(&*self.host)
    }

    /// Why nothing more can be done on this session, once it is over.
    fn closed_error(&self, step: Step) -> Option<Error> {
        let error = match self.closed.as_ref()? {
            Ok(()) => self
                .error(ErrorKind::Disconnected, step)
                .with_detail("the connection is closed"),
            Err(error) => self.explained(step, error),
        };
        Some(error)
    }

    /// The end of the session, with what TLS has to do with it.
    fn explained(&self, step: Step, error: &SessionError) -> Error {
        let explained = Error::session(step, error.clone()).with_host(&*self.host);
        match error {
            SessionError::TlsFailed => self.with_tls_failure(explained.with_step(Step::Secure)),
            // A server that waits for TLS does not greet, nor does one that waits for AUTH
            // begin a handshake.
            SessionError::TimedOut(Timer::Reply) if self.greeting.is_none() => explained.with_hint(
                "the server may wait for TLS on this port: try ftps://; else a longer timeout",
            ),
            SessionError::TimedOut(Timer::Handshake) if self.tls == TlsMode::Implicit => explained
                .with_step(Step::Secure)
                .with_hint("the server may begin TLS by AUTH on this port: try ftpes://"),
            _ => explained,
        }
    }

    #[cfg(feature = "_tls")]
    fn with_tls_failure(&self, error: Error) -> Error {
        let Some(words) = self.driver.tls_failure() else {
            return error;
        };
        let hint = self
            .driver
            .tls_failure_kind()
            .and_then(|kind| tls::hint(kind, self.tls));
        let error = error.with_detail(format!("the TLS handshake failed: {words}"));
        match hint {
            Some(hint) => error.with_hint(hint),
            None => error,
        }
    }

    #[cfg(not(feature = "_tls"))]
    fn with_tls_failure(&self, error: Error) -> Error {
        error
    }

    /// The error that an outcome amounts to where another one was hoped for.
    pub(crate) fn unexpected(&self, step: Step, outcome: Outcome) -> Error {
        let error = match outcome {
            Outcome::Reply(reply) => Error::refused(step, reply),
            Outcome::Transferred(transferred) => Error::refused(step, transferred.reply),
            Outcome::TransferFailed(failed) => {
                let handshake = failed.data == Some(DataFailure::Tls);
                let error = Error::transfer(step, failed);
                if handshake {
                    self.with_tls_failure(error)
                } else {
                    error
                }
            }
            Outcome::Rejected => Error::new(ErrorKind::InvalidInput, step)
                .with_detail("this cannot be sent as a plain command, or not now"),
            _ => Error::new(ErrorKind::Disconnected, step),
        };
        error.with_host(&*self.host)
    }
}

impl Drop for Session {
    /// An upload that is under way must not end like a complete one.
    fn drop(&mut self) {
        if let Some(data) = self
            .running
            .as_mut()
            .and_then(|running| running.data.take())
        {
            data.stream.reset();
        }
    }
}
