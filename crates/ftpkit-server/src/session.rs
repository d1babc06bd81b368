//! One session: a task that polls, in this order, the question or pump in progress, the driver,
//! and the shutdown. What belongs elsewhere: protocol (the core), sockets (the driver), what
//! the questions do (`questions`, `transfer`).

mod combine;
mod digest;
mod glob;
mod listing;
mod paths;
mod questions;
#[cfg(feature = "_tls")]
mod secure;
mod transfer;

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use ftpkit_accounts::{Admission, Attempt, Credential, DrainSignal};
use ftpkit_host::{Caller, Front as _, SessionOrigin};
use ftpkit_proto::{
    DataFailure, DataId, Error, Flow, Text,
    server::{
        Ask, AskId, Change, Commit, Connection, Described, Digest, Digested, Event, Login,
        LoginAnswer, Open, Opened, Query, Question, Refusal, RefusalKind, Space, Survey,
        TransferEnded,
    },
};
use ftpkit_storage::VirtualPath;
use ftpkit_tokio::{Clock, DataStream, Driver, Step};
use tokio::time::sleep;

use self::{
    paths::{Place, shown},
    questions::Changed,
    transfer::{Pumped, Transfer},
};
use crate::{
    server::{Entry, Shared},
    storage_map,
};

/// How long a client may take for its 421 when the grace of a shutdown is over.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Serves one client until the session is over.
///
/// A future keeps what it was given, what it moves and what it awaits, each in a place of its own:
/// the session is boxed with all that it needs, so that only a pointer is kept so often.
pub(crate) fn run(
    shared: Arc<Shared>,
    caller: Caller<Entry>,
) -> impl Future<Output = ()> + Send + 'static {
    let session = Session::new(shared, caller)
        .inspect_err(|error| tracing::debug!(%error, "gone before the greeting"))
        .ok()
        .map(Box::new);
    async move {
        if let Some(session) = session {
            session.serve().await;
        }
    }
}

struct Session {
    shared: Arc<Shared>,
    /// Which one it is at its door; with the peer's address, which the driver knows, its origin.
    number: u64,
    drain: DrainSignal,
    driver: Driver<Connection>,
    user: Option<User>,
    /// The question that is being answered.
    work: Option<Work>,
    transfer: Option<Box<Transfer>>,
    /// With whom TLS is on the control connection, while it is.
    #[cfg(feature = "_tls")]
    secured: Option<secure::Secured>,
}

struct User {
    admission: Admission,
    cwd: VirtualPath,
}

impl User {
    fn enter(admission: Admission) -> Result<(Self, LoginAnswer), Refusal> {
        let account = admission.account();
        let (home, cwd) = (shown(account.home())?, account.home().clone());
        let offers = storage_map::offers(account.storage().capabilities());
        let user = Self { admission, cwd };
        Ok((user, LoginAnswer::Accepted { home, offers }))
    }

    /// Where the user is, for work on the storage.
    fn place(&self) -> Place {
        Place::new(self.admission.account().clone(), self.cwd.clone())
    }
}

/// A question and the future that will answer it; dropped when it is cancelled.
struct Work {
    id: AskId,
    future: Pin<Box<dyn Future<Output = Settled> + Send>>,
    /// Where it may take long.
    progress: Option<Progress>,
}

/// How far the work on a question has come, in whatever counts, where it takes long.
#[derive(Clone, Debug, Default)]
struct Progress(Arc<Counts>);

#[derive(Debug, Default)]
struct Counts {
    done: AtomicU64,
    /// How many there were when it was looked at last.
    seen: AtomicU64,
}

impl Progress {
    fn advance(&self) {
        self.0.done.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether it has come further since this was asked last, by the one who asks.
    fn has_advanced(&self) -> bool {
        let done = self.0.done.load(Ordering::Relaxed);
        self.0.seen.swap(done, Ordering::Relaxed) != done
    }
}

/// A question with its answer.
enum Settled {
    Login(Ask<Login>, Result<Admission, Refusal>),
    Change(Ask<Change>, Result<Changed, Refusal>),
    Query(Ask<Query>, Result<Described, Refusal>),
    Survey(Ask<Survey>, Result<<Survey as Question>::Answer, Refusal>),
    Digest(Ask<Digest>, Result<Digested, Refusal>),
    Space(Ask<Space>, Result<u64, Refusal>),
    Open(Ask<Open>, Result<(Box<Transfer>, Opened), Refusal>),
    Commit(Ask<Commit>, Result<(), Refusal>),
}

/// What comes next in a session.
enum Next {
    Settled(Settled),
    Pumped(DataId, Pumped),
    Step(Step<Event>),
}

impl Session {
    fn new(shared: Arc<Shared>, caller: Caller<Entry>) -> std::io::Result<Self> {
        let options = Arc::clone(&shared.data);
        let config = Arc::clone(&shared.config);
        let driver = Driver::new(
            caller.stream,
            Clock::start(),
            options,
            |ends| match caller.entry {
                Entry::Greeted => Connection::new(config, ends.now, ends.peer, ends.local),
                Entry::Implicit => Connection::implicit(config, ends.now, ends.peer, ends.local),
            },
        )?
        .with_busy_wait(shared.busy_wait);
        #[cfg(feature = "_tls")]
        let driver = match &shared.tls {
            Some(tls) => driver.with_tls(tls.session().map_err(std::io::Error::other)?),
            None => driver,
        };
        Ok(Self {
            shared,
            number: caller.origin.session,
            drain: caller.drain,
            driver,
            user: None,
            work: None,
            transfer: None,
            #[cfg(feature = "_tls")]
            secured: None,
        })
    }

    fn origin(&self) -> SessionOrigin {
        SessionOrigin::new(self.number, self.driver.peer_addr())
    }

    /// Serves until the session is over, or the server is and its grace time too.
    async fn serve(mut self: Box<Self>) {
        let draining = |session: &mut Self, cx: &mut Context<'_>| {
            let drained = session.drain.poll_draining(cx);
            drained.map(|_grace| ())
        };
        if let Some(end) = self.serve_until(draining).await {
            return report(end);
        }
        let now = self.driver.now();
        self.driver.machine_mut().drain(now);
        let ended = |session: &mut Self, cx: &mut Context<'_>| session.drain.poll_ended(cx);
        if let Some(end) = self.serve_until(ended).await {
            return report(end);
        }
        let now = self.driver.now();
        self.driver.machine_mut().shut_down(now);
        let mut late = Box::pin(sleep(LAST_WORDS));
        let late = move |_: &mut Self, cx: &mut Context<'_>| late.as_mut().poll(cx);
        match self.serve_until(late).await {
            Some(end) => report(end),
            None => tracing::debug!("cut off"),
        }
    }

    /// Serves until the session is over or the signal comes; `None` for the latter.
    ///
    /// Polled by hand, since this is where a session that is idle waits, and every value that
    /// lives across an `await` would be part of it.
    fn serve_until(
        &mut self,
        mut signal: impl FnMut(&mut Self, &mut Context<'_>) -> Poll<()>,
    ) -> impl Future<Output = Option<Result<(), Error>>> {
        poll_fn(move |cx| {
            loop {
                let Poll::Ready(next) = self.poll_next(cx) else {
                    return signal(self, cx).map(|()| None);
                };
                if let Some(end) = self.go_on(next) {
                    return Poll::Ready(Some(end));
                }
            }
        })
    }

    /// Does what comes next; gives the end of the session where that is it.
    fn go_on(&mut self, next: Next) -> Option<Result<(), Error>> {
        match next {
            Next::Settled(settled) => self.settle(settled),
            Next::Pumped(id, pumped) => self.pumped(id, pumped),
            Next::Step(Step::Event(event)) => self.event(event),
            Next::Step(Step::Transfer(id, flow, stream)) => self.begin(id, flow, stream),
            Next::Step(Step::Abort(id)) => {
                if let Some(transfer) = self.transfer_of(id) {
                    transfer.abort();
                }
            }
            Next::Step(Step::Closed(end)) => {
                #[cfg(feature = "_tls")]
                self.note_end(&end);
                return Some(end);
            }
            Next::Step(other) => tracing::error!(?other, "a step that is not known"),
        }
        None
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Next> {
        if let Some(work) = &mut self.work {
            if let Poll::Ready(settled) = work.future.as_mut().poll(cx) {
                self.work = None;
                return Poll::Ready(Next::Settled(settled));
            }
            if work.progress.as_ref().is_some_and(Progress::has_advanced) {
                let id = work.id;
                self.driver.with(|machine, now| machine.carries_on(now, id));
            }
        }
        if let Some(transfer) = &mut self.transfer
            && let Some(pump) = transfer.pump()
            && let Poll::Ready(pumped) = pump.poll(cx)
        {
            return Poll::Ready(Next::Pumped(transfer.id, pumped));
        }
        let step = self.driver.poll_next(cx).map(Next::Step);
        #[cfg(feature = "_tls")]
        self.note_tls();
        step
    }

    fn transfer_of(&mut self, id: DataId) -> Option<&mut Transfer> {
        self.transfer
            .as_deref_mut()
            .filter(|transfer| transfer.id == id)
    }

    fn event(&mut self, event: Event) {
        match event {
            Event::Login(ask) => match self.attempt(ask.question()) {
                Some(attempt) => {
                    let (shared, origin) = (Arc::clone(&self.shared), self.origin());
                    self.work(ask.id(), async move {
                        let answer = questions::login(&shared, origin, &attempt).await;
                        Settled::Login(ask, answer)
                    });
                }
                None => self.tell(ask, Ok(LoginAnswer::PasswordNeeded)),
            },
            Event::Change(ask) => self.long_work_at(ask, |place, ask, progress| async move {
                let answer = questions::change(&place, ask.question().clone(), &progress).await;
                Settled::Change(ask, answer)
            }),
            Event::Query(ask) => self.work_at(ask, |place, ask| async move {
                let answer = questions::query(&place, ask.question().clone()).await;
                Settled::Query(ask, answer)
            }),
            Event::Survey(ask) => self.work_at(ask, |place, ask| async move {
                let answer = questions::survey(&place, ask.question().clone()).await;
                Settled::Survey(ask, answer)
            }),
            Event::Digest(ask) => {
                let shared = Arc::clone(&self.shared);
                self.long_work_at(ask, |place, ask, progress| async move {
                    let question = ask.question().clone();
                    let answer = digest::digest(&shared.digests, &progress, &place, question).await;
                    Settled::Digest(ask, answer)
                });
            }
            Event::Space(ask) => self.work_at(ask, |place, ask| async move {
                let answer = questions::space(&place, ask.question().clone()).await;
                Settled::Space(ask, answer)
            }),
            Event::Open(ask) => self.work_at(ask, |place, ask| async move {
                let opened = Transfer::open(&place, ask.question().clone()).await;
                let answer = opened.map(|(opened, transfer)| (Box::new(transfer), opened));
                Settled::Open(ask, answer)
            }),
            Event::Commit(ask) => {
                let file = self
                    .transfer_of(ask.question().id)
                    .and_then(Transfer::take_received);
                self.work(ask.id(), async move {
                    let answer = transfer::commit(file).await;
                    Settled::Commit(ask, answer)
                });
            }
            Event::Cancelled(id) => {
                if self.work.as_ref().is_some_and(|work| work.id == id) {
                    self.work = None;
                }
            }
            Event::TransferEnded(ended) => self.ended(&ended),
            Event::LoggedOut => {
                self.transfer = None;
                self.user = None;
                tracing::debug!("logged out");
            }
            Event::Command(command) => tracing::debug!(?command, "command"),
            Event::Malformed(error) => tracing::debug!(%error, "no command"),
            Event::Replied(code) => tracing::debug!(%code, "reply"),
            other => tracing::error!(?other, "an event that is not known"),
        }
    }

    fn work(&mut self, id: AskId, future: impl Future<Output = Settled> + Send + 'static) {
        self.begin_work(id, None, future);
    }

    fn begin_work(
        &mut self,
        id: AskId,
        progress: Option<Progress>,
        future: impl Future<Output = Settled> + Send + 'static,
    ) {
        self.work = Some(Work {
            id,
            future: Box::pin(future),
            progress,
        });
    }

    /// Work on the user's storage.
    fn work_at<Q, F>(&mut self, ask: Ask<Q>, answer: impl FnOnce(Place, Ask<Q>) -> F)
    where
        Q: Question,
        F: Future<Output = Settled> + Send + 'static,
    {
        if let Some((place, ask)) = self.place_for(ask) {
            self.work(ask.id(), answer(place, ask));
        }
    }

    /// Likewise, work that may take long and tells how far it has come.
    fn long_work_at<Q, F>(&mut self, ask: Ask<Q>, answer: impl FnOnce(Place, Ask<Q>, Progress) -> F)
    where
        Q: Question,
        F: Future<Output = Settled> + Send + 'static,
    {
        if let Some((place, ask)) = self.place_for(ask) {
            let (id, progress) = (ask.id(), Progress::default());
            self.begin_work(id, Some(progress.clone()), answer(place, ask, progress));
        }
    }

    /// Where the user is who asks. The core asks nothing of the kind before login.
    fn place_for<Q: Question>(&mut self, ask: Ask<Q>) -> Option<(Place, Ask<Q>)> {
        match &self.user {
            Some(user) => Some((user.place(), ask)),
            None => {
                tracing::error!("a question about files came before login");
                self.tell(ask, Err(RefusalKind::Denied.into()));
                None
            }
        }
    }

    /// What is known of who wants to log in; nothing where it is a certificate alone that says
    /// nothing.
    fn attempt(&self, login: &Login) -> Option<Attempt> {
        #[cfg(feature = "_tls")]
        let certificate = self.secured.as_ref().and_then(secure::Secured::certificate);
        let credential = match &login.password {
            Some(password) => Credential::password(password.as_bytes()),
            #[cfg(feature = "_tls")]
            None => Credential::Certificate(certificate?.clone()),
            #[cfg(not(feature = "_tls"))]
            None => return None,
        };
        let attempt = Attempt::new(login.user.as_bytes(), credential, self.origin().peer)
            .secured(login.secured)
            .virtual_host(login.host.as_ref().map(Text::as_bytes));
        #[cfg(feature = "_tls")]
        let attempt = attempt.certificate(certificate.cloned());
        Some(attempt)
    }

    /// Hands an answer to the core.
    fn settle(&mut self, settled: Settled) {
        match settled {
            Settled::Login(ask, answer) => {
                let answer = answer.and_then(User::enter);
                if let Some(user) = self.answer(ask, answer) {
                    self.entered(user);
                }
            }
            Settled::Change(ask, answer) => {
                let answer = answer.map(|changed| (changed.cwd, changed.path));
                if let (Some(Some(cwd)), Some(user)) = (self.answer(ask, answer), &mut self.user) {
                    user.cwd = cwd;
                }
            }
            Settled::Open(ask, answer) => {
                if let Some(transfer) = self.answer(ask, answer) {
                    self.transfer = Some(transfer);
                }
            }
            Settled::Query(ask, answer) => self.tell(ask, answer),
            Settled::Survey(ask, answer) => self.tell(ask, answer),
            Settled::Digest(ask, answer) => self.tell(ask, answer),
            Settled::Space(ask, answer) => self.tell(ask, answer),
            Settled::Commit(ask, answer) => self.tell(ask, answer),
        }
    }

    /// Tells the core its part of an answer, and gives what the session is to keep: nothing
    /// where the answer does not count any more, so that both always agree on who and where
    /// the user is.
    fn answer<Q: Question, K>(
        &mut self,
        ask: Ask<Q>,
        answer: Result<(K, Q::Answer), Refusal>,
    ) -> Option<K> {
        let counts = self.driver.machine().awaits(ask.id());
        let (kept, told) = match answer {
            Ok((kept, told)) => (Some(kept), Ok(told)),
            Err(refusal) => (None, Err(refusal)),
        };
        self.tell(ask, told);
        kept.filter(|_| counts)
    }

    fn tell<Q: Question>(&mut self, ask: Ask<Q>, answer: Result<Q::Answer, Refusal>) {
        let now = self.driver.now();
        self.driver.machine_mut().answer(now, ask, answer);
    }

    fn entered(&mut self, user: User) {
        let name = user.admission.account().name();
        tracing::Span::current().record("user", name);
        tracing::info!("logged in");
        let event = self.origin().logged_in(name);
        self.shared.observe(&event);
        self.user = Some(user);
    }

    fn begin(&mut self, id: DataId, flow: Flow, stream: DataStream) {
        let moved = Arc::new(AtomicU64::new(0));
        let begun = match self.transfer_of(id) {
            Some(transfer) => transfer.begin(flow, stream, Arc::clone(&moved)),
            None => Err(DataFailure::Local),
        };
        match begun {
            Ok(()) => self.driver.watch(id, moved),
            Err(why) => {
                tracing::error!(%id, "a data connection came for which nothing is open");
                self.driver.failed(id, why);
            }
        }
    }

    fn pumped(&mut self, id: DataId, pumped: Pumped) {
        if let Some(transfer) = self.transfer_of(id) {
            let end = transfer.pumped(pumped);
            self.driver.report(id, &end);
        }
    }

    fn ended(&mut self, ended: &TransferEnded) {
        let Some(transfer) = self.transfer.take_if(|transfer| transfer.id == ended.id) else {
            return;
        };
        let user = self
            .user
            .as_ref()
            .map_or("", |user| user.admission.account().name());
        tracing::info!(
            what = ?transfer.what,
            path = %transfer.path,
            bytes = ended.bytes,
            end = ?ended.end,
            "transfer ended"
        );
        #[cfg(feature = "_tls")]
        self.note_failed_data(ended.end);
        self.shared.observe(&self.origin().transfer_ended(
            user,
            transfer.what,
            transfer.path.as_bytes(),
            ended.bytes,
            ended.end,
        ));
    }
}

fn report(end: Result<(), Error>) {
    match end {
        Ok(()) => tracing::debug!("closed"),
        Err(error) => tracing::debug!(%error, "closed"),
    }
}
