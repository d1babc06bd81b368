//! How a client finds, reaches and enters a server: [`SftpBuilder`].

use std::{
    borrow::Cow,
    future::Future,
    io,
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use ftpkit_proto::url::{Scheme, Url};
use ftpkit_sftp::client::{Config, Connection};
use russh::{SshId, keys::Algorithm};
use tokio::{net::TcpStream, time::timeout};

use super::{
    SftpClient,
    agent::Place,
    auth::{self, Credentials, Question},
    error::{Error, ErrorKind, Result, Step},
    handler::{Agreed, Broken, Handler, Told},
    known_hosts::{Check, KnownHosts, Wanted},
    session::{self, Channel, Link},
};

/// What SSH may send before it is told that there is room again.
const WINDOW: u32 = 8 * 1024 * 1024;
/// The longest packet of SSH's channel.
const PACKET: u32 = 65_535;
/// For servers that take less in one packet than the standard wants (RFC 4253 sec. 6.1).
const LEAST_PACKET: usize = 32 * 1024;
/// What stands before a packet of SFTP: its length.
const LENGTH: usize = 4;
/// How many packets wait for the task of the session.
const CHANNEL_BUFFER: usize = 64;

/// The address family to reach a server by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Family {
    #[default]
    Any,
    V4,
    V6,
}

/// Puts a session together.
///
/// What is wrong with a value is told by [`connect`](Self::connect).
///
/// ```no_run
/// use ftpkit_ssh::client::{KnownHosts, SftpClient};
///
/// # async fn example() -> ftpkit_ssh::client::Result<()> {
/// let client = SftpClient::builder()
///     .host("sftp.example.org")
///     .user("ana")
///     .key_file("keys/ana")
///     .known_hosts(KnownHosts::file("keys/known_hosts"))
///     .connect()
///     .await?;
/// # Ok(()) }
/// ```
#[must_use = "a builder does nothing until it connects"]
#[derive(Debug)]
pub struct SftpBuilder {
    host: String,
    port: u16,
    user: Option<String>,
    credentials: Credentials,
    known_hosts: KnownHosts,
    family: Family,
    connect_timeout: Duration,
    timeout: Duration,
    machine: Config,
    told: Option<Told>,
    wrong: Option<Error>,
}

impl SftpBuilder {
    pub(super) fn new() -> Self {
        Self {
            host: String::new(),
            port: 22,
            user: None,
            credentials: Credentials {
                user: String::new(),
                password: None,
                key_files: Vec::new(),
                default_keys: true,
                agent: Place::default(),
                ask: None,
            },
            known_hosts: KnownHosts::new(),
            family: Family::Any,
            connect_timeout: Duration::from_secs(20),
            timeout: Duration::from_secs(60),
            machine: Config::default(),
            told: None,
            wrong: None,
        }
    }

    /// Takes host, port, user and password from a URL, `sftp://user:password@host:port`.
    pub fn url(self, url: &str) -> Self {
        match url.parse::<Url>() {
            Ok(url) => self.server(&url),
            Err(error) => self.wrong(format!("this is no usable URL: {error}")),
        }
    }

    /// Takes host, port, user and password from a URL.
    pub fn server(mut self, url: &Url) -> Self {
        if url.scheme() != Scheme::Sftp {
            let scheme = url.scheme();
            return self.wrong(format!("{scheme}:// is not SFTP: write sftp://"));
        }
        self.host = url.host().to_string();
        self.port = url.port_or_default();
        if let Some(user) = url.user() {
            match std::str::from_utf8(user.as_bytes()) {
                Ok(user) => self.user = Some(user.to_owned()),
                Err(_) => return self.wrong("the user name is not UTF-8"),
            }
        }
        if let Some(password) = url.password() {
            match std::str::from_utf8(password.as_bytes()) {
                Ok(password) => self.credentials.password = Some(password.to_owned()),
                Err(_) => return self.wrong("the password is not UTF-8"),
            }
        }
        self
    }

    fn wrong(mut self, detail: impl Into<Cow<'static, str>>) -> Self {
        let error = Error::new(ErrorKind::InvalidInput, Step::Connect)
            .with_detail(detail)
            .with_hint("write it as sftp://USER@HOST:PORT");
        self.wrong.get_or_insert(error);
        self
    }

    /// The server: a name, or an address of either family.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = host.into();
        self
    }

    /// The port of the server; 22 by default.
    pub const fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Who logs in; whoever runs the program by default.
    pub fn user(mut self, user: impl Into<String>) -> Self {
        self.user = Some(user.into());
        self
    }

    /// The password; also the answer to a server that asks one itself (keyboard-interactive).
    pub fn password(mut self, password: impl Into<String>) -> Self {
        self.credentials.password = Some(password.into());
        self
    }

    /// A private key, in any form of OpenSSH or PKCS #8; may be said for several. Where one is
    /// named, those in `~/.ssh` are not tried.
    pub fn key_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.credentials.key_files.push(path.into());
        self
    }

    /// Whether `~/.ssh/id_ed25519`, `id_ecdsa` and `id_rsa` are tried where no key is named. On
    /// by default.
    pub const fn default_keys(mut self, try_them: bool) -> Self {
        self.credentials.default_keys = try_them;
        self
    }

    /// Whether the keys of an SSH agent are tried (`SSH_AUTH_SOCK`). On by default.
    pub fn agent(mut self, ask: bool) -> Self {
        self.credentials.agent = match ask {
            true => Place::Environment,
            false => Place::Nowhere,
        };
        self
    }

    /// The socket of the SSH agent to ask, instead of what `SSH_AUTH_SOCK` names. An agent that
    /// tells no keys within 10 s, or does not sign within 60 s, is not waited for any longer.
    #[cfg(unix)]
    pub fn agent_socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.credentials.agent = Place::Socket(path.into());
        self
    }

    /// Asks somebody for passwords, passphrases and what else a server wants to know; none: no
    /// answer. Questions are put on a thread where they may wait for a person.
    pub fn ask(
        mut self,
        ask: impl Fn(&Question<'_>) -> Option<String> + Send + Sync + 'static,
    ) -> Self {
        self.credentials.ask = Some(Arc::new(ask));
        self
    }

    /// Whom to take for the server; by default who is in `~/.ssh/known_hosts`.
    pub fn known_hosts(mut self, known: KnownHosts) -> Self {
        self.known_hosts = known;
        self
    }

    /// Reaches the server over IPv4 only.
    pub const fn ipv4(mut self) -> Self {
        self.family = Family::V4;
        self
    }

    /// Reaches the server over IPv6 only.
    pub const fn ipv6(mut self) -> Self {
        self.family = Family::V6;
        self
    }

    /// How long to wait for each address of the server to answer, 20 s by default. Zero is for
    /// ever.
    pub const fn connect_timeout(mut self, time: Duration) -> Self {
        self.connect_timeout = time;
        self
    }

    /// How long the server may say nothing while an answer is awaited; 60 s by default. Zero is
    /// for ever. It does not end a login, in which a person may be asked.
    pub const fn timeout(mut self, time: Duration) -> Self {
        self.timeout = time;
        self
    }

    /// Is told what was agreed on as soon as that is known, also where the login fails then; again
    /// when keys are exchanged anew.
    pub fn on_agreed(mut self, told: impl Fn(&Agreed) + Send + Sync + 'static) -> Self {
        self.told = Some(Told(Arc::new(told)));
        self
    }

    /// How much is under way at once, and other settings of the machine.
    pub fn config(mut self, config: Config) -> Self {
        self.machine = config;
        self
    }

    /// Connects, checks the host, logs in, and begins SFTP.
    ///
    /// # Errors
    /// Each step has its [`ErrorKind`]; the line says what to try.
    pub async fn connect(mut self) -> Result<SftpClient> {
        if let Some(wrong) = self.wrong.take() {
            return Err(wrong);
        }
        let host = match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        };
        self.credentials.user = match self.user.take().or_else(local_user) {
            Some(user) => user,
            None => {
                return Err(Error::new(ErrorKind::InvalidInput, Step::Login)
                    .with_host(&host)
                    .with_detail("no user is named, and the system tells none"));
            }
        };
        let stream = self.reach(&host).await?;
        let agreed = Arc::new(Mutex::new(Agreed::default()));
        let mut ssh = self.shake_hands(stream, &host, &agreed).await?;
        auth::log_in(&mut ssh, &self.credentials, &host).await?;
        let failed = |error: russh::Error| {
            Error::new(ErrorKind::Disconnected, Step::Start)
                .with_host(&host)
                .with_detail(error.to_string())
                .with_source(error)
        };
        let limit = unless_zero(self.timeout);
        let channel = within(limit, Step::Start, &host, ssh.channel_open_session()).await?;
        let channel = channel.map_err(failed)?;
        channel
            .request_subsystem(true, "sftp")
            .await
            .map_err(failed)?;
        let (read, write) = channel.split();
        let (link, commands) = Link::new(host);
        let mut machine = self.machine;
        // OpenSSH takes 32 KiB in one packet: a WRITE that fits is handed on sooner than parts of
        // one. Nothing has been sent yet that would make the window smaller than that.
        let packet = write.writable_packet_size().await.max(LEAST_PACKET);
        machine.max_write = machine.max_write.min(packet - LENGTH);
        let machine = Connection::new(machine);
        let channel = Channel { read, write, ssh };
        let greeted = session::start(machine, Arc::clone(&link), channel, commands, limit);
        if greeted.await.is_err() {
            return Err(link.lost(Step::Start));
        }
        let agreed = agreed
            .lock()
            .map(|agreed| agreed.clone())
            .unwrap_or_default();
        Ok(SftpClient {
            link,
            agreed: Arc::new(agreed),
        })
    }

    async fn reach(&self, host: &str) -> Result<TcpStream> {
        let failed = |kind, error: io::Error| {
            Error::new(kind, Step::Connect)
                .with_host(host)
                .with_detail(error.to_string())
                .with_source(error)
        };
        let found = tokio::net::lookup_host((self.host.as_str(), self.port)).await;
        let found = found.map_err(|error| failed(ErrorKind::Resolve, error))?;
        let wanted = |address: &SocketAddr| match self.family {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        };
        let mut last = None;
        for address in found.filter(wanted) {
            let connect = TcpStream::connect(address);
            let result = match unless_zero(self.connect_timeout) {
                None => connect.await,
                Some(limit) => match timeout(limit, connect).await {
                    Ok(result) => result,
                    Err(_) => Err(io::ErrorKind::TimedOut.into()),
                },
            };
            match result {
                Ok(stream) => {
                    // Requests are small, and each waits for its answer.
                    stream
                        .set_nodelay(true)
                        .map_err(|error| failed(ErrorKind::Connect, error))?;
                    return Ok(stream);
                }
                Err(error) => last = Some(error),
            }
        }
        Err(match last {
            Some(error) => failed(ErrorKind::Connect, error),
            None => Error::new(ErrorKind::Resolve, Step::Connect)
                .with_host(host)
                .with_detail("it has no address of the wanted family"),
        })
    }

    async fn shake_hands(
        &self,
        stream: TcpStream,
        host: &str,
        agreed: &Arc<Mutex<Agreed>>,
    ) -> Result<russh::client::Handle<Handler>> {
        let check = Arc::new(Check::new(self.known_hosts.clone(), &self.host, self.port));
        let wanted = {
            let check = Arc::clone(&check);
            // It reads files.
            tokio::task::spawn_blocking(move || check.wanted()).await
        };
        let handler = Handler {
            check,
            agreed: Arc::clone(agreed),
            told: self.told.clone(),
        };
        let config = Arc::new(config(&wanted.unwrap_or_default()));
        russh::client::connect_stream(config, stream, handler)
            .await
            .map_err(|broken| match broken {
                Broken::Host(refusal) => {
                    let kind = match refusal.changed {
                        true => ErrorKind::HostKeyChanged,
                        false => ErrorKind::HostKeyUnknown,
                    };
                    Error::new(kind, Step::Secure)
                        .with_host(host)
                        .with_detail(refusal.detail)
                        .with_hint(refusal.hint)
                }
                Broken::Ssh(error) => {
                    let hint = match &error {
                        russh::Error::NoCommonAlgo { .. } => {
                            "the server may be too old for what is safe today"
                        }
                        _ => "check that this is an SSH server",
                    };
                    Error::new(ErrorKind::Handshake, Step::Secure)
                        .with_host(host)
                        .with_detail(super::error::printable(error.to_string().as_bytes()))
                        .with_hint(hint)
                        .with_source(error)
                }
            })
    }
}

/// SSH's settings. What the host is known by comes first.
fn config(wanted: &Wanted) -> russh::client::Config {
    let mut preferred = crate::algorithms::preferred();
    let kind = |algorithm: &Algorithm| match algorithm {
        Algorithm::Rsa { .. } => Algorithm::Rsa { hash: None },
        other => other.clone(),
    };
    let mut keys = preferred.key.to_vec();
    // Stable: among the known ones and among the others the order stays.
    let known = |algorithm: &Algorithm| wanted.kinds.iter().any(|one| kind(one) == kind(algorithm));
    keys.sort_by_key(|algorithm| !known(algorithm));
    if wanted.certificate {
        preferred.host_key_certificates = Cow::Owned(keys.clone());
    }
    preferred.key = Cow::Owned(keys);
    russh::client::Config {
        client_id: SshId::Standard(Cow::Borrowed(concat!(
            "SSH-2.0-ftpkit_",
            env!("CARGO_PKG_VERSION")
        ))),
        window_size: WINDOW,
        maximum_packet_size: PACKET,
        channel_buffer_size: CHANNEL_BUFFER,
        preferred,
        keepalive_interval: Some(Duration::from_secs(30)),
        nodelay: true,
        ..russh::client::Config::default()
    }
}

fn unless_zero(time: Duration) -> Option<Duration> {
    Some(time).filter(|time| !time.is_zero())
}

async fn within<T>(
    limit: Option<Duration>,
    step: Step,
    host: &str,
    work: impl Future<Output = T>,
) -> Result<T> {
    match limit {
        None => Ok(work.await),
        Some(limit) => timeout(limit, work).await.map_err(|_| {
            Error::new(ErrorKind::TimedOut, step)
                .with_host(host)
                .with_detail("the server has not answered in time")
        }),
    }
}

fn local_user() -> Option<String> {
    ["USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(|name| std::env::var(name).ok().filter(|user| !user.is_empty()))
}
