//! How a server is put together: addresses, who may log in, limits. What it then does is in
//! `server`.

use std::{
    fmt, io,
    net::{Ipv4Addr, SocketAddr, ToSocketAddrs},
    ops::RangeInclusive,
    sync::Arc,
    time::Duration,
};

use ftpkit_accounts::{Anonymous, Authenticator, Door, DoorLimits};
use ftpkit_host::{Addresses, BindError, Host, Observer};
use ftpkit_proto::{
    Text,
    server::{Config, Limits, Timeouts, TlsPolicy},
};
use ftpkit_storage::Storage;
use ftpkit_tokio::{BadPortRange, DataOptions, PassivePorts};
use tokio::runtime::Handle;

#[cfg(feature = "_tls")]
use crate::tls::ServerTls;
use crate::{
    server::{Entry, Server, Shared},
    storage_map,
};

/// Longer than a client on the same machine takes to answer, shorter than any network.
const BUSY_WAIT: Duration = Duration::from_micros(50);

/// How many times as long it takes for a step of a TLS handshake, for which both sides compute.
const HANDSHAKE: u32 = 4;

/// Builds a [`Server`]: at least one address and one source of users are needed.
#[must_use = "a builder does nothing until it is bound"]
pub struct ServerBuilder {
    listen: Addresses<Entry>,
    authenticator: Option<Arc<dyn Authenticator>>,
    observer: Option<Arc<dyn Observer>>,
    config: Config,
    door: Option<Door>,
    door_limits: DoorLimits,
    passive_ports: Option<RangeInclusive<u16>>,
    runtimes: Vec<Handle>,
    grace: Duration,
    busy_wait: Duration,
    #[cfg(feature = "_tls")]
    tls: Option<ServerTls>,
    /// What was said of it, if anything was.
    #[cfg(feature = "_tls")]
    tls_policy: Option<TlsPolicy>,
}

impl ServerBuilder {
    pub(crate) fn new() -> Self {
        Self {
            listen: Addresses::new(),
            authenticator: None,
            observer: None,
            config: Config::default(),
            door: None,
            door_limits: DoorLimits::default(),
            passive_ports: None,
            runtimes: Vec::new(),
            grace: Duration::from_secs(30),
            busy_wait: BUSY_WAIT,
            #[cfg(feature = "_tls")]
            tls: None,
            #[cfg(feature = "_tls")]
            tls_policy: None,
        }
    }

    /// Listens on this address too; may be called several times. With port 0 the system
    /// chooses one, which [`Server::local_addrs`] tells.
    ///
    /// A host name is resolved here and now, which may block.
    pub fn listen(self, addr: impl ToSocketAddrs) -> Self {
        self.listen_for(Entry::Greeted, addr)
    }

    /// Listens on this address too, for clients that begin TLS without a word (implicit TLS, by
    /// custom on port 990); may be called several times. It needs [`tls`](Self::tls). The ports
    /// that the system chose are told by [`Server::implicit_addrs`].
    ///
    /// Data connections of these sessions are under TLS from the start. A host name is resolved
    /// here and now, which may block.
    #[cfg(feature = "_tls")]
    pub fn listen_implicit(self, addr: impl ToSocketAddrs) -> Self {
        self.listen_for(Entry::Implicit, addr)
    }

    fn listen_for(mut self, entry: Entry, addr: impl ToSocketAddrs) -> Self {
        self.listen.add(entry, addr);
        self
    }

    /// Serves TLS (FTPS): AUTH TLS on the addresses of [`listen`](Self::listen), as far as
    /// [`tls_policy`](Self::tls_policy) wants it, and implicit TLS on those of
    /// [`listen_implicit`](Self::listen_implicit).
    ///
    /// Keep a clone to change certificates while the server runs:
    /// [`ServerTls::set_identity`] holds from the next handshake on.
    #[cfg(feature = "_tls")]
    pub fn tls(mut self, tls: ServerTls) -> Self {
        self.tls = Some(tls);
        self
    }

    /// What is asked of clients that begin in clear. With [`tls`](Self::tls) it is
    /// [`TlsPolicy::Offered`] by default, otherwise [`TlsPolicy::Off`].
    #[cfg(feature = "_tls")]
    pub const fn tls_policy(mut self, policy: TlsPolicy) -> Self {
        self.tls_policy = Some(policy);
        self
    }

    /// Takes an upload under TLS for complete that ends without close_notify, as some old
    /// clients end theirs. Off by default: somebody on the way may have cut it short, so it is
    /// answered 426 and treated like any other that was interrupted.
    pub const fn accept_unclean_close(mut self, accept: bool) -> Self {
        self.config.accept_unclean_close = accept;
        self
    }

    /// Lets clients go back to clear text on the control connection once they are logged in
    /// (CCC), for firewalls that read along. Off by default: from then on anybody on the way
    /// can read and change commands.
    pub const fn clear_command_channel(mut self, allow: bool) -> Self {
        self.config.dangerous_ccc = allow;
        self
    }

    /// The virtual hosts (RFC 7151); see [`Config::hosts`]. Which certificate each has is said
    /// with [`ServerTlsBuilder::host`](crate::tls::ServerTlsBuilder::host).
    pub fn hosts(mut self, names: impl IntoIterator<Item = Text>) -> Self {
        self.config.hosts = names.into_iter().collect();
        self
    }

    /// Asks this authenticator who may log in.
    pub fn authenticator(mut self, authenticator: impl Authenticator + 'static) -> Self {
        self.authenticator = Some(Arc::new(authenticator));
        self
    }

    /// Lets everybody read this storage as `anonymous` or `ftp`, and nobody else in.
    pub fn anonymous(self, storage: Arc<dyn Storage>) -> Self {
        self.authenticator(Anonymous::read_only(storage))
    }

    /// Tells this observer what happens.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Takes the ports of passive data connections from this range, in turn; without it the
    /// system chooses. A range is what a firewall can be told.
    pub fn passive_ports(mut self, ports: RangeInclusive<u16>) -> Self {
        self.passive_ports = Some(ports);
        self
    }

    /// Spreads sessions over these runtimes, each new one to where there are fewest; without
    /// them, all run in the runtime that serves.
    ///
    /// A session is one task. Runtimes of one thread each, one a processor, serve many clients at
    /// once more cheaply than one of many threads does, whose threads wake each other up. Their
    /// threads must be running as long as the server does.
    pub fn runtimes(mut self, runtimes: impl IntoIterator<Item = Handle>) -> Self {
        self.runtimes = runtimes.into_iter().collect();
        self
    }

    /// How long a session stays awake for what its client says next, where the client was that
    /// quick before; 50 µs by default, and four times as long in TLS handshakes. When a session is
    /// over, the client's next one is waited for as long.
    ///
    /// Clients on the same machine, such as tests and gateways, get their answers up to 1.4 times
    /// as soon, for as much more processor time. To others it makes no difference, since they are
    /// never that quick, nor where a thread serves several clients at once: it sleeps when all of
    /// them are silent. Zero turns it off.
    pub const fn busy_wait(mut self, limit: Duration) -> Self {
        self.busy_wait = limit;
        self
    }

    /// Tells clients this address in the reply to PASV, where the server is behind NAT.
    pub const fn passive_host(mut self, host: Ipv4Addr) -> Self {
        self.config.passive_host = Some(host);
        self
    }

    /// The text of the greeting.
    pub fn greeting(mut self, text: Text) -> Self {
        self.config.greeting = text;
        self
    }

    /// The limits on what a client may send.
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.config.limits = limits;
        self
    }

    /// The timers of sessions.
    pub const fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.config.timeouts = timeouts;
        self
    }

    /// Everything that the protocol lets one choose; overrides what was set before of it.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    /// How many sessions there may be at a time, 1,000 by default; 0 is no limit.
    pub const fn max_sessions(mut self, max: usize) -> Self {
        self.door_limits.sessions = max;
        self
    }

    /// How many sessions may come from one address, 100 by default; 0 is no limit.
    pub const fn max_sessions_per_ip(mut self, max: usize) -> Self {
        self.door_limits.sessions_per_address = max;
        self
    }

    /// How long after its start a failed login is answered, 1 s by default.
    pub const fn failure_delay(mut self, delay: Duration) -> Self {
        self.door_limits.failure_delay = delay;
        self
    }

    /// Shares this door with other front ends: its limits hold over all of them, instead of
    /// those given here, and a shutdown of one is a shutdown of all.
    pub fn door(mut self, door: Door) -> Self {
        self.door = Some(door);
        self
    }

    /// How long transfers may take to end at a shutdown by [`Server::serve_until`]; 30 s by
    /// default.
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Binds all addresses; nobody is served before [`Server::serve`].
    ///
    /// # Errors
    /// [`BuildError`] where something is missing or makes no sense, or an address cannot be
    /// bound.
    pub async fn bind(self) -> Result<Server, BuildError> {
        let authenticator = self.authenticator.ok_or(BuildError::NoUsers)?;
        let ports = self.passive_ports.map(PassivePorts::new).transpose()?;
        let mut config = self.config;
        #[cfg(feature = "_tls")]
        let has_tls = self.tls.is_some();
        #[cfg(not(feature = "_tls"))]
        let has_tls = false;
        #[cfg(feature = "_tls")]
        match self.tls_policy {
            Some(policy) => config.tls = policy,
            None if has_tls && config.tls == TlsPolicy::Off => config.tls = TlsPolicy::Offered,
            None => {}
        }
        if !has_tls && config.tls != TlsPolicy::Off {
            return Err(BuildError::NoTls("the policy wants TLS"));
        }
        if !has_tls && self.listen.entries().any(|e| *e == Entry::Implicit) {
            return Err(BuildError::NoTls("an address is for implicit TLS"));
        }
        let listeners = self.listen.bind()?;
        config.offers_before_login = storage_map::offers(authenticator.common_capabilities());
        // An event a command is made only where somebody reads it.
        config.trace |= tracing::enabled!(tracing::Level::DEBUG);
        let door = self.door.unwrap_or_else(|| Door::new(self.door_limits));
        let mut shared = Shared::new(config, door, authenticator);
        let ports = Arc::new(ports.unwrap_or_else(PassivePorts::any));
        let data = DataOptions::default().with_ports(ports);
        let data_wait = self.busy_wait.saturating_mul(HANDSHAKE);
        shared.data = Arc::new(data.with_busy_wait(data_wait));
        shared.observer = self.observer;
        shared.busy_wait = self.busy_wait;
        #[cfg(feature = "_tls")]
        {
            shared.tls = self.tls;
        }
        let host = Host::new(shared, listeners).runtimes(self.runtimes);
        Ok(Server::new(host, self.grace))
    }
}

impl From<BindError> for BuildError {
    fn from(error: BindError) -> Self {
        match error {
            BindError::Resolve(source) => Self::Resolve(source),
            BindError::Listen { addr, source } => Self::Listen { addr, source },
            _ => Self::NoAddress,
        }
    }
}

impl fmt::Debug for ServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerBuilder")
            .field("listen", &self.listen)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// No address to listen on was given.
    #[error("no address to listen on; call `listen`")]
    NoAddress,
    /// Nobody could log in.
    #[error("nobody could log in; call `authenticator` or `anonymous`")]
    NoUsers,
    /// TLS is wanted, and there is none.
    #[error("{0}, but there is no certificate; call `tls`")]
    NoTls(&'static str),
    /// An address to listen on cannot be understood or resolved.
    #[error("the address to listen on cannot be resolved: {0}")]
    Resolve(#[source] io::Error),
    /// An address cannot be bound.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The range of passive ports is empty or begins with 0.
    #[error("the passive ports: {0}")]
    PassivePorts(#[from] BadPortRange),
}
