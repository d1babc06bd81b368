//! How a server is put together: addresses, keys, who may log in, limits.

use std::{fmt, net::ToSocketAddrs, sync::Arc, time::Duration};

use ftpkit_accounts::{Authenticator, Door, DoorLimits};
use ftpkit_host::{Addresses, BindError, Host, Observer};
use russh::{Limits, SshId};
use tokio::runtime::Handle;

use super::{
    HostKey, SftpServer,
    buffers::Buffers,
    front::{SftpFront, Shared, Timeouts},
    handler,
};
use crate::algorithms;

/// How much a client may send of its own accord, in bytes. SSH gives more of it as bytes come,
/// and TCP holds the client back when nobody takes them.
const WINDOW: u32 = 8 * 1024 * 1024;
/// The longest piece of a channel's data that is taken, in bytes.
const PACKET: u32 = 256 * 1024;
/// How many messages to SSH may wait. With READs of 255 KiB it is two megabytes.
const TO_SSH: usize = 16;
/// How many messages from SSH may wait, a channel.
const FROM_SSH: usize = 32;
/// How many requests to log in may be refused; the keys that a client offers are among them, of
/// which an agent may have a dozen.
const REFUSED_LOGINS: usize = 20;
/// After how many bytes one way new keys are made (RFC 4253 section 9).
const REKEY: u64 = 1024 * 1024 * 1024;
/// With fewer, there would hardly be anything else.
const LEAST_REKEY: u64 = 64 * 1024;
/// And how long after the last ones, however little was sent.
const REKEY_TIME: Duration = Duration::from_secs(3_600);
/// Longer than `ssh` and `sftp` on the same machine take to hand an answer and the next request on
/// to each other, shorter than most networks.
const BUSY_WAIT: Duration = Duration::from_micros(100);
/// How many times in a row a client may leave a sign of life unanswered.
const UNANSWERED: usize = 3;

/// Builds an [`SftpServer`]: at least one address, one host key and one source of users are
/// needed.
#[must_use = "a builder does nothing until it is bound"]
pub struct SftpServerBuilder {
    listen: Addresses<()>,
    keys: Vec<HostKey>,
    authenticator: Option<Arc<dyn Authenticator>>,
    observer: Option<Arc<dyn Observer>>,
    door: Option<Door>,
    door_limits: DoorLimits,
    sftp: ftpkit_sftp::server::Config,
    timeouts: Timeouts,
    keep_alive: Option<Duration>,
    channels: usize,
    certificates: bool,
    grace: Duration,
    rekey: u64,
    busy_wait: Duration,
    runtimes: Vec<Handle>,
}

impl SftpServerBuilder {
    pub(super) fn new() -> Self {
        Self {
            listen: Addresses::new(),
            keys: Vec::new(),
            authenticator: None,
            observer: None,
            door: None,
            door_limits: DoorLimits::default(),
            sftp: ftpkit_sftp::server::Config::default(),
            timeouts: Timeouts {
                login: Duration::from_secs(30),
                idle: Duration::from_secs(15 * 60),
                storage: Duration::from_secs(120),
            },
            keep_alive: Some(Duration::from_secs(60)),
            channels: 8,
            certificates: false,
            grace: Duration::from_secs(30),
            rekey: REKEY,
            busy_wait: BUSY_WAIT,
            runtimes: Vec::new(),
        }
    }

    /// Listens on this address too; may be called several times. With port 0 the system
    /// chooses one, which [`SftpServer::local_addrs`] tells.
    ///
    /// A host name is resolved here and now, which may block.
    pub fn listen(mut self, addr: impl ToSocketAddrs) -> Self {
        self.listen.add((), addr);
        self
    }

    /// Shows clients this key; may be called several times, once for each kind of key.
    pub fn host_key(mut self, key: HostKey) -> Self {
        self.keys.push(key);
        self
    }

    /// Asks this authenticator who may log in.
    pub fn authenticator(mut self, authenticator: impl Authenticator + 'static) -> Self {
        self.authenticator = Some(Arc::new(authenticator));
        self
    }

    /// Lets users log in with OpenSSH's certificates, as far as the authenticator knows their CA.
    /// Off by default: SSH's library does not tell whether a key that a client offers has a
    /// certificate, so that each is said to be good until the client has signed with it, and one
    /// that has a passphrase asks for it in vain.
    pub const fn certificates(mut self, allow: bool) -> Self {
        self.certificates = allow;
        self
    }

    /// Tells this observer what happens.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Arc::new(observer));
        self
    }

    /// Spreads sessions over these runtimes, each new one to where there are fewest; without
    /// them, all run in the runtime that serves.
    ///
    /// A session is two tasks, SSH's and that of SFTP, which wait for each other. In runtimes of
    /// one thread each, one a processor, they do so without waking another thread up. Their
    /// threads must be running as long as the server does.
    pub fn runtimes(mut self, runtimes: impl IntoIterator<Item = Handle>) -> Self {
        self.runtimes = runtimes.into_iter().collect();
        self
    }

    /// How long a session stays awake for what its client asks next, where the client was that
    /// quick before; 100 µs by default.
    ///
    /// Clients on the same machine, such as tests and gateways, move small files 1.5 times as
    /// fast, for as much more processor time. To others it makes no difference, since they are
    /// hardly ever that quick, nor where a thread serves several clients at once. Zero turns it off.
    pub const fn busy_wait(mut self, limit: Duration) -> Self {
        self.busy_wait = limit;
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

    /// How long after its start a failed login is answered, 0.9 s by default.
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

    /// How many SFTP sessions there may be in one connection, 8 by default.
    pub const fn max_channels(mut self, max: usize) -> Self {
        self.channels = max;
        self
    }

    /// How many files and directories an SFTP session may have open, 256 by default.
    pub const fn max_handles(mut self, max: usize) -> Self {
        self.sftp.handles = max;
        self
    }

    /// How much is carried out at a time, and the lengths of packets; overrides what was set
    /// before of it. What is offered follows from each user's storage.
    pub const fn sftp(mut self, config: ftpkit_sftp::server::Config) -> Self {
        self.sftp = config;
        self
    }

    /// How long a client may take from its connection to its login, 30 s by default.
    pub const fn login_timeout(mut self, limit: Duration) -> Self {
        self.timeouts.login = limit;
        self
    }

    /// How long a client that is logged in may ask nothing, 15 minutes by default.
    pub const fn idle_timeout(mut self, limit: Duration) -> Self {
        self.timeouts.idle = limit;
        self
    }

    /// How long a storage may take to answer one request, 2 minutes by default. The client is
    /// told of a failure then.
    pub const fn storage_timeout(mut self, limit: Duration) -> Self {
        self.timeouts.storage = limit;
        self
    }

    /// How long nothing may come from a client before it is asked for a sign of life, a minute
    /// by default, or never. Three that stay without an answer end the session.
    pub const fn keep_alive(mut self, interval: Option<Duration>) -> Self {
        self.keep_alive = interval;
        self
    }

    /// After how many bytes in either direction the server wants new keys, 1 GiB by default and
    /// at most, 64 KiB at least; an hour after the last ones it wants them anyway (RFC 4253
    /// section 9). Transfers go on meanwhile; each exchange costs both sides some milliseconds.
    pub const fn rekey_after(mut self, bytes: u64) -> Self {
        self.rekey = bytes;
        self
    }

    /// How long transfers may take to end at a shutdown by [`SftpServer::serve_until`]; 30 s by
    /// default.
    pub const fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Binds all addresses; nobody is served before [`SftpServer::serve`].
    ///
    /// # Errors
    /// [`BuildError`] where something is missing or makes no sense, or an address cannot be
    /// bound.
    pub async fn bind(self) -> Result<SftpServer, BuildError> {
        let authenticator = self.authenticator.ok_or(BuildError::NoUsers)?;
        if self.keys.is_empty() {
            return Err(BuildError::NoHostKey);
        }
        for (place, key) in self.keys.iter().enumerate() {
            let before = self.keys.iter().take(place);
            if before.clone().any(|k| k.algorithm() == key.algorithm()) {
                return Err(BuildError::TwoHostKeys(key.algorithm()));
            }
        }
        let listeners = self.listen.bind()?;
        let rekey = self.rekey.clamp(LEAST_REKEY, REKEY);
        let rekey = usize::try_from(rekey).unwrap_or(usize::MAX);
        let ssh = russh::server::Config {
            limits: Limits::new(rekey, rekey, REKEY_TIME),
            server_id: SshId::Standard("SSH-2.0-ftpkit".into()),
            methods: handler::methods(),
            // The door waits where waiting is called for.
            auth_rejection_time: Duration::ZERO,
            keys: self.keys.iter().map(|key| key.0.clone()).collect(),
            window_size: WINDOW,
            maximum_packet_size: PACKET,
            channel_buffer_size: FROM_SSH,
            event_buffer_size: TO_SSH,
            preferred: algorithms::preferred(),
            max_auth_attempts: REFUSED_LOGINS,
            // Ours looks at what is asked; this one would take a sign of life for it.
            inactivity_timeout: None,
            keepalive_interval: self.keep_alive,
            keepalive_max: UNANSWERED,
            nodelay: true,
            ..russh::server::Config::default()
        };
        let block = usize::try_from(self.sftp.max_read).unwrap_or(usize::MAX);
        let fingerprints = self.keys.iter().map(HostKey::fingerprint).collect();
        let shared = Shared {
            ssh: Arc::new(ssh),
            sftp: self.sftp,
            door: self.door.unwrap_or_else(|| Door::new(self.door_limits)),
            authenticator,
            observer: self.observer,
            timeouts: self.timeouts,
            channels: self.channels,
            certificates: self.certificates,
            buffers: Buffers::new(block.max(1)),
            busy_wait: self.busy_wait,
        };
        let front = SftpFront(Arc::new(shared));
        let host = Host::new(front, listeners).runtimes(self.runtimes);
        Ok(SftpServer::new(host, fingerprints, self.grace))
    }
}

impl fmt::Debug for SftpServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SftpServerBuilder")
            .field("listen", &self.listen)
            .field("keys", &self.keys)
            .field("sftp", &self.sftp)
            .finish_non_exhaustive()
    }
}

/// Why a server could not be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BuildError {
    /// Nobody could log in.
    #[error("nobody could log in; call `authenticator`")]
    NoUsers,
    /// The server has nothing to be known by.
    #[error("there is no host key; call `host_key`, with `HostKey::load_or_create` for example")]
    NoHostKey,
    /// Two host keys are of the same kind, of which clients would see one.
    #[error("two host keys are of the kind {0}; clients would see only one of them")]
    TwoHostKeys(String),
    /// The server listens on nothing.
    #[error(transparent)]
    Bind(#[from] BindError),
}
