//! The accept loop: who gets a session, and how all of them end. What a session does is its
//! front end's.

use std::{
    fmt,
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use ftpkit_accounts::{Door, DrainSignal, Refused, SessionPermit};
use ftpkit_tokio::{Acceptor, Pace};
use tokio::{
    net::TcpStream,
    runtime::Handle,
    task::{JoinError, JoinSet},
    time::sleep,
};
use tracing::Instrument as _;

use crate::{
    callers::Callers,
    observer::{ServerEvent, SessionOrigin},
    spread::{Counted, Spot, Spread},
};

/// How long sessions may take to end once they were told to end at once.
const FORCED_END: Duration = Duration::from_secs(5);

/// What one protocol adds to a [`Host`]: its sessions, and its words for those who get none.
pub trait Front: Send + Sync + 'static {
    /// How a session begins; `()` where there is one way only.
    type Entry: Copy + PartialEq + Send + Sync + 'static;

    /// The door, whose limits hold and whose drain ends all sessions. Front ends that share one
    /// share both.
    fn door(&self) -> &Door;

    /// Tells whoever watches. The host tells of callers who come, go and are turned away, the
    /// front end of the rest.
    fn observe(&self, event: &ServerEvent<'_>);

    /// Serves one client until the session is over.
    ///
    /// It ends by itself when [`Caller::drain`] says so: what it does is finished while that
    /// drains, and dropped when that has ended. It runs within the span `session`, whose fields
    /// `user` and `tls` are its to fill. A panic in it costs this session alone.
    fn session(
        self: Arc<Self>,
        caller: Caller<Self::Entry>,
    ) -> impl Future<Output = ()> + Send + 'static;

    /// Says why to a caller who cannot have a session, or nothing. The accept loop waits for
    /// it, so it must not: the socket is new and its buffer empty.
    fn turn_away(&self, entry: Self::Entry, stream: TcpStream, why: Refused);
}

/// Somebody who was let in.
#[derive(Debug)]
#[non_exhaustive]
pub struct Caller<E> {
    /// How the session begins.
    pub entry: E,
    /// The connection.
    pub stream: TcpStream,
    /// The client's address and the session's number, which make its [`ServerEvent`]s.
    pub origin: SessionOrigin,
    /// What says when the session should end.
    pub drain: DrainSignal,
}

/// A front end with its listeners.
///
/// It accepts in turn at all of them, spawns a task for each session, and reports those that
/// panic. For an example see the [crate's page](crate).
pub struct Host<F: Front> {
    front: Arc<F>,
    listeners: Vec<(F::Entry, Acceptor)>,
    spread: Spread,
}

impl<F: Front> Host<F> {
    /// A host; nobody is served before [`serve`](Self::serve).
    #[must_use]
    pub fn new(front: F, listeners: Vec<(F::Entry, Acceptor)>) -> Self {
        Self {
            front: Arc::new(front),
            listeners,
            spread: Spread::default(),
        }
    }

    /// Spreads sessions over these runtimes, whose threads must be running; without it, all run
    /// in the one that [`serve`](Self::serve) runs in. A session stays where it began.
    #[must_use]
    pub fn runtimes(mut self, runtimes: impl IntoIterator<Item = Handle>) -> Self {
        self.spread = Spread::over(runtimes);
        self
    }

    /// The addresses where sessions begin like this, with the ports that the system chose.
    #[must_use]
    pub fn local_addrs(&self, entry: F::Entry) -> Vec<SocketAddr> {
        let listeners = self.listeners.iter().filter(|(e, _)| *e == entry);
        listeners.map(|(_, a)| a.local_addr()).collect()
    }

    /// The front end.
    #[must_use]
    pub fn front(&self) -> &F {
        &self.front
    }

    /// What stops it, and all that share its door; works before, while and after it serves.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        ServerHandle {
            door: self.front.door().clone(),
        }
    }

    /// Serves until the door is drained, by the [`handle`](Self::handle) of this host or of
    /// another at the same door, and its own sessions have ended.
    ///
    /// Dropping the future closes the addresses and cuts all sessions off.
    pub async fn serve(self) {
        let mut sessions = JoinSet::new();
        {
            let mut drain = self.front.door().drain_signal();
            let mut draining = pin!(drain.draining());
            let mut callers = Callers::new(&self.listeners);
            loop {
                let next = poll_fn(|cx| {
                    if draining.as_mut().poll(cx).is_ready() {
                        return Poll::Ready(None);
                    }
                    // What has ended is let go as it ends, not at the shutdown.
                    while let Poll::Ready(Some(ended)) = sessions.poll_join_next(cx) {
                        report(ended);
                    }
                    let spot = self.spread.next();
                    let called = spot.within(|| callers.poll_next(cx));
                    called.map(|caller| Some((spot, caller)))
                });
                let Some((spot, (entry, stream, peer))) = next.await else {
                    break;
                };
                self.welcome(&mut sessions, spot, entry, stream, peer);
            }
        }
        let Self {
            front, listeners, ..
        } = self;
        drop(listeners);
        let mut drain = front.door().drain_signal();
        let mut late = pin!(async {
            drain.ended().await;
            sleep(FORCED_END).await;
        });
        poll_fn(|cx| {
            loop {
                match sessions.poll_join_next(cx) {
                    Poll::Ready(Some(ended)) => report(ended),
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending => return late.as_mut().poll(cx),
                }
            }
        })
        .await;
    }

    /// Serves until `signal` is ready, then lets what sessions do end within `grace`.
    pub async fn serve_until(self, signal: impl Future<Output = ()>, grace: Duration) {
        let handle = self.handle();
        let stop = async {
            signal.await;
            handle.shutdown(grace).await;
        };
        let (mut serve, mut stop) = (pin!(self.serve()), pin!(stop));
        let mut stopped = false;
        poll_fn(|cx| {
            stopped = stopped || stop.as_mut().poll(cx).is_ready();
            serve.as_mut().poll(cx)
        })
        .await;
    }

    fn welcome(
        &self,
        sessions: &mut JoinSet<()>,
        spot: Spot<'_>,
        entry: F::Entry,
        stream: TcpStream,
        peer: SocketAddr,
    ) {
        let door = self.front.door();
        match door.enter(peer.ip()) {
            Ok(permit) => {
                let (front, drain) = (Arc::clone(&self.front), door.drain_signal());
                spot.spawn(sessions, |counted| {
                    let visit = Visit {
                        peer,
                        permit,
                        _counted: counted,
                    };
                    let caller = Caller {
                        entry,
                        stream,
                        origin: visit.origin(),
                        drain,
                    };
                    run(front, Box::new(caller), Box::new(visit))
                });
            }
            Err(why) => {
                tracing::info!(%peer, %why, "turned away");
                self.front.turn_away(entry, stream, why);
                self.front.observe(&ServerEvent::TurnedAway { peer, why });
            }
        }
    }
}

impl<F: Front> fmt::Debug for Host<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let addrs = self.listeners.iter().map(|(_, a)| a.local_addr());
        f.debug_struct("Host")
            .field("addrs", &addrs.collect::<Vec<_>>())
            .field("door", self.front.door())
            .finish_non_exhaustive()
    }
}

/// What is kept of a session until it is over.
struct Visit {
    peer: SocketAddr,
    permit: SessionPermit,
    _counted: Counted,
}

impl Visit {
    const fn origin(&self) -> SessionOrigin {
        SessionOrigin::new(self.permit.number(), self.peer)
    }
}

/// A session from its first to its last piece of news. The caller is boxed, since its place in the
/// future stays when it was handed on; the visit is, since room in a task comes in steps of a
/// cache line or two.
fn run<F: Front>(
    front: Arc<F>,
    caller: Box<Caller<F::Entry>>,
    visit: Box<Visit>,
) -> impl Future<Output = ()> + Send {
    let SessionOrigin { session, peer } = visit.origin();
    // Made by the accept loop, in whose span it does not belong.
    let span = tracing::info_span!(
        parent: None,
        "session",
        id = session,
        %peer,
        user = tracing::field::Empty,
        tls = tracing::field::Empty,
    );
    let serve = async move {
        front.observe(&visit.origin().connected());
        tracing::debug!("connected");
        Arc::clone(&front).session(unboxed(caller)).await;
        front.observe(&visit.origin().disconnected());
        drop(visit);
        Pace::linger().await;
    };
    serve.instrument(span)
}

/// The content of a box that is gone then; one that is taken from in place stays to the end of its
/// scope.
#[expect(clippy::boxed_local, reason = "that the box ends here is the purpose")]
fn unboxed<T>(content: Box<T>) -> T {
    *content
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        // A panic, in a front end or in a storage: the session is lost, the server is not.
        tracing::error!(%error, "a session broke down");
    }
}

/// Stops a server.
#[derive(Clone, Debug)]
pub struct ServerHandle {
    door: Door,
}

impl ServerHandle {
    /// Stops listening, tells idle clients that the server goes, lets transfers end within
    /// `grace`, then cuts off what is left. Returns how many sessions had to be cut off.
    ///
    /// Servers that share a door all stop.
    pub async fn shutdown(&self, grace: Duration) -> usize {
        self.door.drain(grace).await
    }

    /// How many sessions there are, of all servers at this door.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.door.sessions()
    }
}
