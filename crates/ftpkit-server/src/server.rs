//! What all sessions of a server share, and the words for those who get none. Who gets a session
//! and how all of them end is `ftpkit-host`'s; what a session does is in `session`.

use std::{
    fmt, future::Future, io::Write as _, net::SocketAddr, num::NonZero, sync::Arc,
    thread::available_parallelism, time::Duration,
};

use ftpkit_accounts::{Authenticator, Door, Refused};
use ftpkit_host::{Caller, Front, Host, Observer, ServerEvent, ServerHandle};
use ftpkit_proto::{Code, Reply, server::Config};
use ftpkit_tokio::DataOptions;
use tokio::{net::TcpStream, sync::Semaphore};

#[cfg(feature = "_tls")]
use crate::tls::ServerTls;
use crate::{builder::ServerBuilder, session};

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
    host: Host<Shared>,
    addrs: Vec<SocketAddr>,
    implicit_addrs: Vec<SocketAddr>,
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

/// What all sessions of a server share.
pub(crate) struct Shared {
    pub(crate) config: Arc<Config>,
    pub(crate) door: Door,
    pub(crate) authenticator: Arc<dyn Authenticator>,
    pub(crate) data: Arc<DataOptions>,
    /// Who may compute a digest now: as many as there are processors, whoever asks.
    pub(crate) digests: Semaphore,
    pub(crate) observer: Option<Arc<dyn Observer>>,
    /// How long a driver stays awake for a quick client.
    pub(crate) busy_wait: Duration,
    #[cfg(feature = "_tls")]
    pub(crate) tls: Option<ServerTls>,
}

impl Shared {
    pub(crate) fn new(config: Config, door: Door, authenticator: Arc<dyn Authenticator>) -> Self {
        Self {
            config: Arc::new(config),
            door,
            authenticator,
            data: Arc::default(),
            digests: Semaphore::new(available_parallelism().map_or(1, NonZero::get)),
            observer: None,
            busy_wait: Duration::ZERO,
            #[cfg(feature = "_tls")]
            tls: None,
        }
    }
}

impl Front for Shared {
    type Entry = Entry;

    fn door(&self) -> &Door {
        &self.door
    }

    fn observe(&self, event: &ServerEvent<'_>) {
        if let Some(observer) = &self.observer {
            observer.observe(event);
        }
    }

    fn session(
        self: Arc<Self>,
        caller: Caller<Entry>,
    ) -> impl Future<Output = ()> + Send + 'static {
        session::run(self, caller)
    }

    fn turn_away(&self, entry: Entry, stream: TcpStream, why: Refused) {
        match entry {
            Entry::Greeted => turn_away(stream, why),
            // Words would have to be under TLS, and a handshake is what whoever floods a server
            // wants of it.
            Entry::Implicit => drop(stream),
        }
    }
}

impl Server {
    /// Begins to build a server.
    pub fn builder() -> ServerBuilder {
        ServerBuilder::new()
    }

    pub(crate) fn new(host: Host<Shared>, grace: Duration) -> Self {
        Self {
            addrs: host.local_addrs(Entry::Greeted),
            implicit_addrs: host.local_addrs(Entry::Implicit),
            host,
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
        self.host.handle()
    }

    /// Serves until the server is shut down by its [`handle`](Self::handle).
    ///
    /// Dropping the future closes the addresses and cuts all sessions off.
    pub async fn serve(self) {
        self.host.serve().await;
    }

    /// Serves until `signal` is ready, then lets transfers end within the builder's
    /// [`grace`](ServerBuilder::grace).
    pub async fn serve_until(self, signal: impl Future<Output = ()>) {
        self.host.serve_until(signal, self.grace).await;
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("addrs", &self.addrs)
            .field("door", &self.host.front().door)
            .finish_non_exhaustive()
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
