//! The accept loop: who gets a session, and how all of them end. What a session does is in
//! `session`.

use std::{
    fmt,
    future::{Future, poll_fn},
    io::Write as _,
    net::SocketAddr,
    num::NonZero,
    pin::{Pin, pin},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    task::{Context, Poll},
    thread::available_parallelism,
    time::Duration,
};

use ftpkit_accounts::{Authenticator, Door, Refused};
use ftpkit_proto::{Code, Reply, server::Config};
use ftpkit_tokio::{Acceptor, PassivePorts};
use tokio::{net::TcpStream, sync::Semaphore, task::JoinSet, time::sleep};

#[cfg(feature = "_tls")]
use crate::tls::ServerTls;
use crate::{
    builder::ServerBuilder,
    observer::{Observer, ServerEvent},
    session,
};

/// How long sessions may take to end once they were told to end at once.
const FORCED_END: Duration = Duration::from_secs(5);

/// An FTP server whose addresses are bound.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::{sync::Arc, time::Duration};
/// use ftpkit_server::Server;
/// use ftpkit_storage::Memory;
///
/// let server = Server::builder()
///     .listen("127.0.0.1:0")
///     .anonymous(Arc::new(Memory::new()))
///     .bind()
///     .await?;
/// println!("listening on ftp://{}/", server.local_addrs()[0]);
/// let handle = server.handle();
/// let serving = tokio::spawn(server.serve());
/// // ... and when it is time to go:
/// handle.shutdown(Duration::from_secs(30)).await;
/// serving.await?;
/// # Ok(()) }
/// ```
pub struct Server {
    listeners: Vec<Listener>,
    addrs: Vec<SocketAddr>,
    implicit_addrs: Vec<SocketAddr>,
    shared: Arc<Shared>,
    grace: Duration,
}

/// How a session begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Entry {
    /// With the greeting, in clear.
    Greeted,
    /// With TLS.
    Implicit,
}

/// An address that is listened on.
pub(crate) struct Listener {
    pub(crate) entry: Entry,
    pub(crate) acceptor: Acceptor,
}

/// What all sessions of a server share.
pub(crate) struct Shared {
    pub(crate) config: Arc<Config>,
    pub(crate) door: Door,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) ports: Option<Arc<PassivePorts>>,
    /// Who may compute a digest now: as many as there are processors, whoever asks.
    pub(crate) digests: Semaphore,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    #[cfg(feature = "_tls")]
    pub(crate) tls: Option<ServerTls>,
    sessions: AtomicU64,
}

impl Shared {
    pub(crate) fn new(config: Config, door: Door, authenticator: Arc<dyn Authenticator>) -> Self {
        Self {
            config: Arc::new(config),
            door,
            authenticator,
            ports: None,
            digests: Semaphore::new(available_parallelism().map_or(1, NonZero::get)),
            observer: None,
            #[cfg(feature = "_tls")]
            tls: None,
            sessions: AtomicU64::new(1),
        }
    }

    pub(crate) fn observe(&self, event: &ServerEvent<'_>) {
        if let Some(observer) = &self.observer {
            observer.observe(event);
        }
    }
}

impl Server {
    /// Begins to build a server.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::new()
    }

    pub(crate) fn new(listeners: Vec<Listener>, shared: Shared, grace: Duration) -> Self {
        let addrs = |entry| {
            let listeners = listeners.iter().filter(move |l| l.entry == entry);
            listeners.map(|l| l.acceptor.local_addr()).collect()
        };
        Self {
            addrs: addrs(Entry::Greeted),
            implicit_addrs: addrs(Entry::Implicit),
            listeners,
            shared: Arc::new(shared),
            grace,
        }
    }

    /// The addresses of [`listen`](ServerBuilder::listen), with the ports that the system
    /// chose, in the order in which they were given.
    #[must_use]
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.addrs
    }

    /// Likewise the addresses for implicit TLS.
    #[must_use]
    pub fn implicit_addrs(&self) -> &[SocketAddr] {
        &self.implicit_addrs
    }

    /// What stops the server; works before, while and after it serves.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        ServerHandle {
            door: self.shared.door.clone(),
        }
    }

    /// Serves until the server is shut down by its [`handle`](Self::handle).
    ///
    /// Dropping the future closes the addresses and cuts all sessions off.
    pub async fn serve(self) {
        let mut sessions = JoinSet::new();
        {
            let mut drain = self.shared.door.drain_signal();
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
                    callers.poll_next(cx).map(Some)
                });
                let Some((entry, stream, peer)) = next.await else {
                    break;
                };
                self.welcome(&mut sessions, entry, stream, peer);
            }
        }
        let Self {
            listeners, shared, ..
        } = self;
        drop(listeners);
        let mut drain = shared.door.drain_signal();
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

    /// Serves until `signal` is ready, then lets transfers end within the builder's
    /// [`grace`](ServerBuilder::grace).
    pub async fn serve_until(self, signal: impl Future<Output = ()>) {
        let (handle, grace) = (self.handle(), self.grace);
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
        entry: Entry,
        stream: TcpStream,
        peer: SocketAddr,
    ) {
        match self.shared.door.enter(peer.ip()) {
            Ok(permit) => {
                let number = self.shared.sessions.fetch_add(1, Ordering::Relaxed);
                let shared = Arc::clone(&self.shared);
                sessions.spawn(session::run(shared, entry, stream, peer, number, permit));
            }
            Err(why) => {
                tracing::info!(%peer, %why, "turned away");
                match entry {
                    Entry::Greeted => turn_away(stream, why),
                    // Words would have to be under TLS, and a handshake is what whoever floods
                    // a server wants of it.
                    Entry::Implicit => drop(stream),
                }
                self.shared.observe(&ServerEvent::TurnedAway { peer, why });
            }
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("addrs", &self.addrs)
            .field("door", &self.shared.door)
            .finish_non_exhaustive()
    }
}

fn report(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended {
        // A panic, in this crate or in a storage: the session is lost, the server is not.
        tracing::error!(%error, "a session broke down");
    }
}

/// Says 421 to a caller who cannot have a session. The socket is new and its buffer empty, so
/// this neither waits nor needs a task.
fn turn_away(stream: TcpStream, why: Refused) {
    let text = match why {
        Refused::Closing => "The server is shutting down.",
        Refused::TooManyFromAddress => "Too many sessions from your address, try again later.",
        _ => "Too many sessions, try again later.",
    };
    let reply = Reply::new(Code::SERVICE_CLOSING, text).to_bytes();
    // Not tokio's `try_write`, which knows nothing of a socket that was never waited for.
    let sent = stream
        .into_std()
        .and_then(|mut stream| stream.write_all(&reply));
    if let Err(error) = sent {
        tracing::debug!(%error, "the refusal was not sent");
    }
}

/// The listeners, asked in turn, so that a busy one does not starve the others.
struct Callers<'a> {
    listeners: &'a [Listener],
    waiting: Vec<Waiting<'a>>,
    turn: usize,
}

type Waiting<'a> = Pin<Box<dyn Future<Output = (TcpStream, SocketAddr)> + Send + 'a>>;

impl<'a> Callers<'a> {
    fn new(listeners: &'a [Listener]) -> Self {
        Self {
            listeners,
            waiting: listeners.iter().map(wait).collect(),
            turn: 0,
        }
    }

    fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<(Entry, TcpStream, SocketAddr)> {
        let count = self.waiting.len();
        for _ in 0..count {
            self.turn = (self.turn + 1) % count;
            if let (Some(waiting), Some(listener)) = (
                self.waiting.get_mut(self.turn),
                self.listeners.get(self.turn),
            ) && let Poll::Ready((stream, peer)) = waiting.as_mut().poll(cx)
            {
                *waiting = wait(listener);
                return Poll::Ready((listener.entry, stream, peer));
            }
        }
        Poll::Pending
    }
}

fn wait(listener: &Listener) -> Waiting<'_> {
    Box::pin(listener.acceptor.accept())
}

/// Stops a server.
#[derive(Clone, Debug)]
pub struct ServerHandle {
    door: Door,
}

impl ServerHandle {
    /// Stops listening, tells idle clients 421, lets transfers end within `grace`, then cuts
    /// off what is left. Returns how many sessions had to be cut off.
    pub async fn shutdown(&self, grace: Duration) -> usize {
        self.door.drain(grace).await
    }

    /// How many sessions there are.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.door.sessions()
    }
}
