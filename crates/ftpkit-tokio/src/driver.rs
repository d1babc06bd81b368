//! The driver: carries out what a machine asks for, feeds it what happens, and tells the role
//! above what it must know. The same for clients and servers.
//! What belongs elsewhere: protocol (the machine), files and users (the role above).

mod beside;
mod closing;
#[cfg(test)]
mod tests;

use std::{
    fmt,
    future::poll_fn,
    io,
    mem::MaybeUninit,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use ftpkit_proto::{
    DataEvent, DataFailure, DataId, Error, Flow, Instant, Machine, Output, TlsEvent,
    address::Endpoints,
};
use tokio::{
    io::ReadBuf,
    net::TcpStream,
    time::{self, Sleep},
};

pub use self::beside::Beside;
use self::closing::Closing;
#[cfg(feature = "_tls")]
use crate::tls::{SessionTls, TlsFailure, TlsInfo};
use crate::{
    acceptor::canonical,
    clock::Clock,
    control::Control,
    data::{Answer, DataOptions, DataStream, Plane},
    pace::Pace,
    pump::{Moved, PumpError},
};

/// How much is read from the control connection at a time, into the stack.
const READ: usize = 8 * 1024;

/// How many steps in a row are told before the other tasks of the thread have their turn: a
/// peer that pipelines commands to a quick storage must not keep the thread to itself.
const TURN: u8 = 128;

/// What the role above a [`Driver`] must know.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step<E> {
    /// News from the machine.
    Event(E),
    /// Payload may flow over this stream. The role moves it, with [`pump`](crate::pump) or by
    /// itself, and reports the end with [`Driver::report`], [`Driver::finished`] or
    /// [`Driver::failed`].
    Transfer(DataId, Flow, DataStream),
    /// The transfer of this id is over: its stream and whatever moves its payload must be
    /// dropped now. Nothing is to be reported.
    Abort(DataId),
    /// The session is over, and its socket closed. Every further step is this one.
    Closed(Result<(), Error>),
}

/// The two ends of a control connection, and the time: what a machine is told when it is made.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Ends {
    /// The time on the driver's clock.
    pub now: Instant,
    /// The address on this side.
    pub local: SocketAddr,
    /// The peer's address.
    pub peer: SocketAddr,
}

/// Drives one machine over one control connection, and makes its data connections.
///
/// All state lives in here, so that [`next`](Self::next) may be cancelled at any time, and
/// dropping the driver closes every socket but those that were handed up.
///
/// Nothing happens unless it is polled. Poll what works for the machine (a pump, a question to
/// the storage) *before* the driver, as [`beside`](Self::beside) does: then what that work has
/// led to leaves in the same write as what was waiting, and a file that is small enough ends
/// before its 150 is sent. Replies leave when the driver is about to wait, not before.
pub struct Driver<M> {
    machine: M,
    clock: Clock,
    control: Control,
    data: Plane,
    deadline: Option<Instant>,
    /// Made when the first deadline is; compared with the real one when it fires.
    sleep: Option<Pin<Box<Sleep>>>,
    watch: Option<Box<Watch>>,
    /// The machine was told the end of its input.
    told_end: bool,
    /// A deadline has passed: outputs are taken although the peer does not read.
    overdue: bool,
    /// Steps told since the task last waited.
    steps: u8,
    pace: Pace,
    closing: Option<Box<Closing>>,
    #[cfg(feature = "_tls")]
    tls: Option<Arc<SessionTls>>,
}

/// The progress of the transfer under way.
struct Watch {
    id: DataId,
    moved: Arc<AtomicU64>,
    told: u64,
}

impl<M: Machine> Driver<M> {
    /// Drives the machine that `make` returns over a connected stream. Sessions that make their
    /// data connections alike share the options.
    ///
    /// # Errors
    /// When the stream does not tell its addresses, since it was closed already.
    pub fn new(
        stream: TcpStream,
        clock: Clock,
        options: impl Into<Arc<DataOptions>>,
        make: impl FnOnce(Ends) -> M,
    ) -> io::Result<Self> {
        let ends = Ends {
            now: clock.now(),
            local: canonical(stream.local_addr()?),
            peer: canonical(stream.peer_addr()?),
        };
        Ok(Self {
            machine: make(ends),
            clock,
            control: Control::new(stream),
            data: Plane::new(options.into(), Endpoints::new(ends.local, ends.peer)),
            deadline: None,
            sleep: None,
            watch: None,
            told_end: false,
            overdue: false,
            steps: 0,
            pace: Pace::default(),
            closing: None,
            #[cfg(feature = "_tls")]
            tls: None,
        })
    }

    /// Stays awake for up to `limit` while it is the peer's turn to speak, instead of going to
    /// sleep, where the peer answers that soon; without it, or with zero, it always sleeps.
    ///
    /// To fall asleep and be woken costs some 10 µs, which is most of what a command costs whose
    /// client is on the same machine, or as good as there. Other tasks of the thread have their
    /// turn meanwhile. A peer that takes longer, as all do over a network, is waited for asleep,
    /// until one of its answers comes within the limit again; of a peer on this host it is
    /// expected from the start. More than 4 s is taken for 4 s.
    #[must_use]
    pub fn with_busy_wait(mut self, limit: Duration) -> Self {
        self.pace = Pace::of_peer(limit, self.peer_addr());
        self
    }

    /// Does TLS, when the machine asks for it, with this. Without it every handshake fails.
    #[cfg(feature = "_tls")]
    #[must_use]
    pub fn with_tls(mut self, session: SessionTls) -> Self {
        let session = Arc::new(session);
        self.data.set_tls(Arc::clone(&session));
        self.tls = Some(session);
        self
    }

    /// What is known of TLS on the control connection, while it is up.
    #[cfg(feature = "_tls")]
    #[must_use]
    pub fn tls_info(&self) -> Option<TlsInfo> {
        self.control.tls_info()
    }

    /// Tells that a transfer over a data connection under TLS has come to its end and was
    /// confirmed: what that connection gave to resume the session with is used from now on.
    #[cfg(feature = "_tls")]
    pub fn tls_proved(&self) {
        if let Some(session) = &self.tls {
            session.prove();
        }
    }

    /// Why the last handshake failed, if it did, on the control connection or for data, in the
    /// words of the TLS library.
    #[cfg(feature = "_tls")]
    #[must_use]
    pub fn tls_failure(&self) -> Option<String> {
        self.tls.as_ref()?.failure().map(|(_, words)| words)
    }

    /// The same, as something that a program can tell apart.
    #[cfg(feature = "_tls")]
    #[must_use]
    pub fn tls_failure_kind(&self) -> Option<TlsFailure> {
        self.tls.as_ref()?.failure().map(|(kind, _)| kind)
    }

    /// The machine.
    #[must_use]
    pub const fn machine(&self) -> &M {
        &self.machine
    }

    /// The machine, to give it answers and requests. What that leads to happens when the
    /// driver is polled next.
    pub const fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// Gives the machine an answer or a request that wants to know the time.
    pub fn with<T>(&mut self, tell: impl FnOnce(&mut M, Instant) -> T) -> T {
        tell(&mut self.machine, self.clock.now())
    }

    /// The time, as the machine's methods want it.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.clock.now()
    }

    /// The address of this side of the control connection.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.data.local()
    }

    /// The address of the control connection's peer.
    #[must_use]
    pub fn peer_addr(&self) -> SocketAddr {
        self.data.peer()
    }

    /// Watches the progress of the transfer `id` by this count of bytes. It is read when a
    /// deadline is about to pass and when the peer says something, so that counting costs
    /// nothing else.
    pub fn watch(&mut self, id: DataId, moved: Arc<AtomicU64>) {
        if self.data.is_handed_up(id) {
            self.watch = Some(Box::new(Watch { id, moved, told: 0 }));
        }
    }

    /// Reports that all payload of `id` has moved and its stream is closed. `clean` as in
    /// [`DataEvent::Finished`]. Ignored when the transfer was aborted meanwhile.
    pub fn finished(&mut self, id: DataId, bytes: u64, clean: bool) {
        self.ended(id, DataEvent::Finished { bytes, clean });
    }

    /// Reports that the transfer `id` failed, and its stream is closed. Ignored when it was
    /// aborted meanwhile.
    pub fn failed(&mut self, id: DataId, why: DataFailure) {
        self.tell_progress(id);
        self.ended(id, DataEvent::Failed(why));
    }

    /// Reports how a [`pump`](crate::pump) for the transfer `id` ended.
    pub fn report(&mut self, id: DataId, end: &Result<Moved, PumpError>) {
        match end {
            Ok(moved) => self.finished(id, moved.bytes, moved.clean),
            Err(error) => {
                tracing::debug!(%id, %error, "the transfer failed");
                self.failed(id, error.failure());
            }
        }
    }

    fn ended(&mut self, id: DataId, event: DataEvent) {
        if !self.data.done(id) {
            return;
        }
        self.watch = None;
        let now = self.clock.now();
        // The system closes the sockets of a peer that was killed one after the other, the
        // control connection first: the end of the payload must not be taken for the file's.
        if !self.told_end && self.control.peer_has_left() {
            self.told_end = true;
            self.machine.handle_eof(now);
        }
        self.machine.handle_data(now, id, event);
    }

    /// The next step. Cancel-safe.
    pub async fn next(&mut self) -> Step<M::Event> {
        poll_fn(|cx| self.poll_next(cx)).await
    }

    /// Polls for the next step. When it returns `Pending`, all that is to be written has been
    /// written, or waits for the peer to read, or, on a server, for the end of a TLS handshake
    /// that the client has begun on a data connection.
    pub fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Step<M::Event>> {
        let step = if self.steps < TURN {
            self.poll_step(cx)
        } else {
            cx.waker().wake_by_ref();
            self.flush(cx);
            Poll::Pending
        };
        self.steps = match step {
            Poll::Ready(_) => self.steps.saturating_add(1),
            Poll::Pending => {
                self.pace.wait(cx);
                0
            }
        };
        step
    }

    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Step<M::Event>> {
        loop {
            if let Some(closing) = &mut self.closing {
                self.watch = None;
                let tells = self.control.has_waiting();
                let closed = closing.poll(&mut self.control, &mut self.sleep, cx);
                if tells {
                    self.pace.told();
                }
                return closed.map(Step::Closed);
            }
            if let Some(step) = self.take_outputs(cx) {
                return Poll::Ready(step);
            }
            if self.closing.is_some() || self.take_input(cx) || self.poll_sleep(cx) {
                continue;
            }
            let was_full = self.control.is_full();
            self.flush(cx);
            let end_is_news = self.control.is_broken() && !self.told_end;
            let has_room = was_full && !self.control.is_full();
            if !end_is_news && !has_room {
                return Poll::Pending;
            }
        }
    }

    /// Writes what is to be written, as far as the peer reads; what fails shows in the control
    /// connection's state.
    fn flush(&mut self, cx: &mut Context<'_>) {
        let tells = self.control.has_waiting();
        #[cfg(feature = "_tls")]
        if tells && self.data.holds_replies(cx) {
            return;
        }
        let _ = self.control.poll_flush(cx);
        if tells {
            self.pace.told();
        }
    }

    /// Carries out the machine's outputs until there is a step to tell, nothing more to do, or
    /// too much to write. A deadline that passed gets its outputs out all the same: it may end
    /// a session whose peer never reads.
    fn take_outputs(&mut self, cx: &mut Context<'_>) -> Option<Step<M::Event>> {
        while self.overdue || !self.control.is_full() {
            match self.machine.poll_output() {
                Output::Write(bytes) => self.control.write(bytes),
                Output::WriteUrgent(bytes) => self.control.write_urgent(cx, bytes),
                Output::StartTls => self.start_tls(),
                Output::StopTls => self.stop_tls(),
                Output::Data(id, request) => {
                    match self.data.request(id, request, &self.pace) {
                        Answer::None => {}
                        Answer::Event(event) => {
                            self.machine.handle_data(self.clock.now(), id, event);
                        }
                        Answer::Transfer(flow, stream) => {
                            return Some(Step::Transfer(id, flow, stream));
                        }
                    }
                    if let Some(id) = self.data.take_orphan() {
                        self.watch = None;
                        return Some(Step::Abort(id));
                    }
                }
                Output::Event(event) => return Some(Step::Event(event)),
                Output::Wait(deadline) => {
                    self.deadline = deadline;
                    self.overdue = false;
                    break;
                }
                Output::Closed(result) => {
                    self.closing = Some(Box::new(Closing::new(result)));
                    self.data.clear();
                    return self.data.take_orphan().map(Step::Abort);
                }
                other => tracing::error!(
                    output = ?std::mem::discriminant(&other),
                    "the driver does not know this output of the machine"
                ),
            }
        }
        None
    }

    /// Feeds the machine one thing that has happened; whether there was one.
    ///
    /// Deadlines come first, so that no flood of input can hold them up.
    fn take_input(&mut self, cx: &mut Context<'_>) -> bool {
        let now = self.clock.now();
        if self.deadline.is_some_and(|deadline| deadline <= now) {
            self.deadline = None;
            self.overdue = true;
            if let Some(id) = self.watch.as_ref().map(|watch| watch.id) {
                self.tell_progress(id);
            }
            self.machine.handle_timeout(now);
            return true;
        }
        if let Poll::Ready((id, event)) = self.data.poll(cx) {
            self.machine.handle_data(now, id, event);
            return true;
        }
        #[cfg(feature = "_tls")]
        if let Poll::Ready((event, error)) = self.control.poll_turn(cx) {
            if let Some(error) = error {
                tracing::debug!(%error, "TLS on the control connection failed");
                if let Some(session) = &self.tls {
                    session.note(&error);
                }
            }
            // The handshake's last word is no answer.
            self.pace.told();
            self.machine.handle_tls(now, event);
            return true;
        }
        if self.control.is_broken() && !self.told_end {
            self.told_end = true;
            self.machine.handle_eof(now);
            return true;
        }
        self.read(cx, now)
    }

    #[cfg(feature = "_tls")]
    fn start_tls(&mut self) {
        match &self.tls {
            Some(session) => {
                session.named(self.machine.tls_host());
                let pace = self.data.pace_under_tls(&self.pace);
                self.control.start_tls(Arc::clone(session), pace);
            }
            None => self.no_tls(),
        }
    }

    #[cfg(feature = "_tls")]
    fn stop_tls(&mut self) {
        self.control.stop_tls();
    }

    #[cfg(not(feature = "_tls"))]
    fn start_tls(&mut self) {
        self.no_tls();
    }

    /// There is no TLS that could be ended.
    #[cfg(not(feature = "_tls"))]
    fn stop_tls(&mut self) {
        self.no_tls();
    }

    fn no_tls(&mut self) {
        self.machine.handle_tls(self.clock.now(), TlsEvent::Failed);
    }

    fn read(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        if self.told_end || self.control.is_full() || !self.machine.wants_read() {
            return false;
        }
        #[cfg(feature = "_tls")]
        if self.control.is_turning() {
            return false;
        }
        let mut space = [MaybeUninit::uninit(); READ];
        let mut buf = ReadBuf::uninit(&mut space);
        if self.control.poll_read(cx, &mut buf).is_pending() {
            return false;
        }
        if !buf.filled().is_empty() {
            self.pace.heard();
            // A peer that asks in the midst of a transfer wants to know how far it is.
            if let Some(id) = self.watch.as_ref().map(|watch| watch.id) {
                self.tell_progress(id);
            }
            self.machine.handle_bytes(now, buf.filled());
            if self.machine.awaits_reply() {
                // A 150 is soon followed by the 226.
                self.pace.told();
            }
        }
        if self.control.is_ended() {
            self.told_end = true;
            self.machine.handle_eof(now);
        }
        true
    }

    /// Sees to it that the task wakes at the deadline; whether the timer has fired, be it for
    /// this deadline or for an earlier one.
    fn poll_sleep(&mut self, cx: &mut Context<'_>) -> bool {
        let Some(deadline) = self.deadline else {
            return false;
        };
        let at = self.clock.at(deadline);
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(time::sleep_until(at)));
        if sleep.deadline() > at || sleep.is_elapsed() {
            sleep.as_mut().reset(at);
        }
        sleep.as_mut().poll(cx).is_ready()
    }

    /// Tells the machine how far the transfer `id` has come, where it has come further.
    fn tell_progress(&mut self, id: DataId) {
        if let Some(watch) = &mut self.watch
            && watch.id == id
        {
            let bytes = watch.moved.load(Ordering::Relaxed);
            if bytes > watch.told {
                watch.told = bytes;
                let now = self.clock.now();
                self.machine
                    .handle_data(now, id, DataEvent::Progress { bytes });
            }
        }
    }
}

impl<M: fmt::Debug> fmt::Debug for Driver<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Driver")
            .field("local", &self.data.local())
            .field("peer", &self.data.peer())
            .field("machine", &self.machine)
            .finish_non_exhaustive()
    }
}
