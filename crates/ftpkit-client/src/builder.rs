//! How a client finds, reaches and enters a server: [`ClientBuilder`].

use std::{
    fmt, io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use ftpkit_proto::{
    PathArg, Secret, Text,
    client::{Config, Connection, Credentials, DataMode, Learned, Outcome, Request, Timeouts},
    url::{Scheme, Url},
};
#[cfg(feature = "_tls")]
use ftpkit_tokio::tls::{ClientTls, SessionTls, TlsError};
use ftpkit_tokio::{Clock, DataOptions, Driver};
use tokio::{net::TcpStream, time::timeout};

use crate::{
    client::Client,
    error::{Error, ErrorKind, Result, Step},
    path,
    session::{Session, Trace, TraceFn},
    tls::TlsMode,
};

/// The address family to reach a server by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Family {
    /// Whichever answers, in the order in which the system gives the addresses.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// Longer than a server on the same machine takes for a step of a transfer, shorter than most
/// networks.
const BUSY_WAIT: Duration = Duration::from_micros(100);

/// What part of it a piece of a download takes.
const PIECE: u32 = 3;

/// Puts a connection together.
///
/// What is wrong with a value is told by [`connect`](Self::connect).
///
/// ```no_run
/// use std::time::Duration;
/// use ftpkit_client::Client;
///
/// # async fn example() -> ftpkit_client::Result<()> {
/// let mut client = Client::builder()
///     .host("ftp.example.org")
///     .login("ana", "secret")
///     .active()
///     .timeout(Duration::from_secs(10))
///     .connect()
///     .await?;
/// # Ok(()) }
/// ```
#[must_use = "a builder does nothing until it connects"]
pub struct ClientBuilder {
    host: String,
    port: Option<u16>,
    tls: TlsMode,
    #[cfg(feature = "_tls")]
    tls_config: Option<ClientTls>,
    user: Option<Vec<u8>>,
    password: Option<Vec<u8>>,
    account: Option<Vec<u8>>,
    virtual_host: Option<Vec<u8>>,
    directory: Option<PathArg>,
    family: Family,
    connect_timeout: Duration,
    busy_wait: Duration,
    config: Config,
    features: bool,
    trace: Option<TraceFn>,
    wrong: Option<Error>,
}

impl ClientBuilder {
    pub(crate) fn new() -> Self {
        Self {
            host: String::new(),
            port: None,
            tls: TlsMode::Off,
            #[cfg(feature = "_tls")]
            tls_config: None,
            user: None,
            password: None,
            account: None,
            virtual_host: None,
            directory: None,
            family: Family::Any,
            connect_timeout: Duration::from_secs(20),
            busy_wait: BUSY_WAIT,
            config: Config::default(),
            features: true,
            trace: None,
            wrong: None,
        }
    }

    /// Takes TLS, host, port, user, password and directory from a URL,
    /// `ftp://user:password@host:port/dir`. What the URL leaves out stays as it is.
    ///
    /// `ftpes://` begins TLS by AUTH, `ftps://` with the connection, and `ftp://` leaves it to
    /// [`tls`](Self::tls).
    ///
    /// The directory is relative to the login directory; `%2F` at its start makes it absolute
    /// (RFC 1738 sec. 3.2.2).
    pub fn url(self, url: &str) -> Self {
        match url.parse::<Url>() {
            Ok(url) => {
                let directory = url.path().cloned();
                let mut this = self.server(&url);
                this.directory = directory;
                this
            }
            Err(error) => self.wrong(
                Error::new(ErrorKind::InvalidInput, Step::Connect)
                    .with_detail(format!("this is no usable URL: {error}"))
                    .with_source(error)
                    .with_hint("write it as ftp://USER:PASSWORD@HOST:PORT/PATH"),
            ),
        }
    }

    /// Takes TLS, host, port, user and password from a URL, and leaves its path alone.
    pub fn server(mut self, url: &Url) -> Self {
        match url.scheme() {
            Scheme::Ftp => {}
            Scheme::Ftpes => self.tls = TlsMode::Required,
            Scheme::Ftps => self.tls = TlsMode::Implicit,
            other => {
                let detail = format!(
                    "{other}:// is not spoken by this client, only ftp://, ftpes:// and ftps://"
                );
                return self
                    .wrong(Error::new(ErrorKind::InvalidInput, Step::Connect).with_detail(detail));
            }
        }
        self.host = url.host().to_string();
        if let Some(port) = url.port() {
            self.port = Some(port);
        }
        if let Some(user) = url.user() {
            self.user = Some(user.as_bytes().to_vec());
        }
        if let Some(password) = url.password() {
            self.password = Some(password.as_bytes().to_vec());
        }
        self
    }

    /// The server: a name, or an address of either family.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = host.into();
        self
    }

    /// The port of the server; 21 by default, and 990 where TLS begins with the connection.
    pub const fn port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }

    /// Whether and how the connection is under TLS. Off by default; then passwords and files
    /// can be read by everybody on the way.
    pub const fn tls(mut self, mode: TlsMode) -> Self {
        self.tls = mode;
        self
    }

    /// Whom to trust under TLS, and what to show. By default the operating system decides whom
    /// to trust, and nothing is shown.
    #[cfg(feature = "_tls")]
    pub fn tls_config(mut self, config: ClientTls) -> Self {
        self.tls_config = Some(config);
        self
    }

    /// Takes a download under TLS whose end the server did not prove (close_notify) for
    /// complete. Off by default, since whoever is on the way can end a connection so; then it
    /// fails as [`ErrorKind::Truncated`].
    pub const fn accept_unclean_close(mut self, accept: bool) -> Self {
        self.config.accept_unclean_close = accept;
        self
    }

    /// Allows [`Client::clear_control`]. Off by default.
    pub const fn dangerous_ccc(mut self, allow: bool) -> Self {
        self.config.dangerous_ccc = allow;
        self
    }

    /// Who logs in; `anonymous` by default.
    pub fn login(mut self, user: impl AsRef<[u8]>, password: impl AsRef<[u8]>) -> Self {
        self.user = Some(user.as_ref().to_vec());
        self.password = Some(password.as_ref().to_vec());
        self
    }

    /// The account, for servers that ask for one (ACCT).
    pub fn account(mut self, account: impl AsRef<[u8]>) -> Self {
        self.account = Some(account.as_ref().to_vec());
        self
    }

    /// The virtual host to enter, on servers that have several (HOST, RFC 7151); those that
    /// have one and refuse the command are entered all the same.
    pub fn virtual_host(mut self, name: impl AsRef<[u8]>) -> Self {
        self.virtual_host = Some(name.as_ref().to_vec());
        self
    }

    /// The directory to change to after login.
    pub fn directory(mut self, directory: impl AsRef<[u8]>) -> Self {
        match path::optional(Step::ChangeDir, directory.as_ref()) {
            Ok(directory) => {
                self.directory = directory;
                self
            }
            Err(error) => self.wrong(error),
        }
    }

    /// Lets the server connect back for data (EPRT, PORT). A firewall or NAT on the client's
    /// side is usually in the way of that.
    pub const fn active(mut self) -> Self {
        self.config.data_mode = DataMode::Active;
        self
    }

    /// Connects to the server for data, and lets it connect back where that does not work;
    /// which one does is remembered. By default the server is connected to and nothing else.
    pub const fn passive_or_active(mut self) -> Self {
        self.config.data_mode = DataMode::Auto;
        self
    }

    /// The address to announce in active mode; none: the local one.
    pub const fn active_address(mut self, address: Option<IpAddr>) -> Self {
        self.config.active_address = address;
        self
    }

    /// The address family to reach the server by.
    pub const fn family(mut self, family: Family) -> Self {
        self.family = family;
        self
    }

    /// Believes the address in the reply to PASV. Off by default: the data connection goes to
    /// the host of the control connection, whatever the server says.
    pub const fn trust_passive_address(mut self, trust: bool) -> Self {
        self.config.trust_passive_address = trust;
        self
    }

    /// One time for all waits: for the connection, each reply, and each byte of a transfer.
    /// Zero is for ever.
    pub const fn timeout(mut self, time: Duration) -> Self {
        self.connect_timeout = time;
        let timeouts = &mut self.config.timeouts;
        timeouts.reply = time;
        timeouts.data_connect = time;
        timeouts.handshake = time;
        timeouts.stall = time;
        timeouts.data_drain = time;
        timeouts.final_reply = time;
        self
    }

    /// How long to wait for each address of the server to answer; 20 s by default.
    pub const fn connect_timeout(mut self, time: Duration) -> Self {
        self.connect_timeout = time;
        self
    }

    /// How long the client stays awake for each reply, where the server was that quick before;
    /// 100 µs by default, and a third of it for each piece of a download under TLS.
    ///
    /// Many small files from and to a server on the same machine take two thirds of the time so,
    /// for up to twice the processor time. To others it makes no difference, since they are never
    /// that quick, nor to a thread that has several clients at work. Zero turns it off.
    pub const fn busy_wait(mut self, limit: Duration) -> Self {
        self.busy_wait = limit;
        self
    }

    /// The times for each kind of wait on a connection.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.config.timeouts = timeouts;
        self
    }

    /// Whether to ask for the server's features after login (FEAT), and to turn UTF-8 on and to
    /// tell `Config::client_name` where that is offered. On by default; without it two round trips are saved.
    pub const fn features(mut self, ask: bool) -> Self {
        self.features = ask;
        self
    }

    /// Begins with what an earlier connection to this host has learnt
    /// ([`Client::learned`]): what works is tried first. Where the features are not asked for,
    /// those that are remembered stand in.
    pub fn learned(mut self, learned: Learned) -> Self {
        self.config.learned = Some(Box::new(learned));
        self
    }

    /// Calls this with every command that is sent and every reply that comes. They print
    /// without passwords. The same goes to `tracing`, under the target `ftpkit::wire`.
    pub fn trace(mut self, trace: impl FnMut(Trace<'_>) + Send + 'static) -> Self {
        self.trace = Some(Box::new(trace));
        self
    }

    /// All settings of the protocol machine; those that were set here before are replaced.
    pub fn config(mut self, config: Config) -> Self {
        self.config = config;
        self
    }

    fn wrong(mut self, error: Error) -> Self {
        self.wrong.get_or_insert(error);
        self
    }

    fn port_or_default(&self) -> u16 {
        self.port.unwrap_or_else(|| self.tls.default_port())
    }

    fn server_name(&self) -> String {
        let host = path::shown(self.host.as_bytes());
        // An IPv6 address needs its brackets to be told from the port.
        if host.contains(':') {
            format!("[{host}]:{}", self.port_or_default())
        } else {
            format!("{host}:{}", self.port_or_default())
        }
    }

    fn credentials(&self) -> Result<Credentials> {
        let wrong = |what: &str, error: ftpkit_proto::text::TextError| {
            Error::new(ErrorKind::InvalidInput, Step::Login)
                .with_host(self.server_name())
                .with_detail(format!("the {what} cannot be sent: {error}"))
        };
        let anonymous = Credentials::anonymous();
        let mut credentials = match &self.user {
            None => anonymous,
            Some(user) => {
                let user = Text::try_from(&user[..]).map_err(|error| wrong("user name", error))?;
                // What anonymous servers expect is also what a user without a password gets.
                Credentials::new(user, anonymous.password)
            }
        };
        if let Some(password) = &self.password {
            credentials.password =
                Secret::try_from(&password[..]).map_err(|error| wrong("password", error))?;
        }
        if let Some(account) = &self.account {
            let account =
                Secret::try_from(&account[..]).map_err(|error| wrong("account", error))?;
            credentials.account = Some(account);
        }
        if let Some(host) = &self.virtual_host {
            let host = Text::try_from(&host[..]).map_err(|error| wrong("virtual host", error))?;
            credentials.host = Some(host);
        }
        Ok(credentials)
    }

    /// Connects, begins TLS, logs in, and changes to the directory.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidInput`] where a value cannot be used, [`ErrorKind::Resolve`],
    /// [`ErrorKind::Connect`] and [`ErrorKind::TimedOut`] where no address of the server can be
    /// reached, [`ErrorKind::Tls`] where TLS cannot be begun or the server is not trusted,
    /// [`ErrorKind::Login`] where it does not let the user in,
    /// [`ErrorKind::NotFound`] or [`ErrorKind::Refused`] where there is no such directory.
    pub async fn connect(mut self) -> Result<Client> {
        let name = self.server_name();
        if let Some(error) = self.wrong.take() {
            return Err(error);
        }
        let credentials = self.credentials()?;
        let user = credentials.user.to_string();
        #[cfg(feature = "_tls")]
        let session = self.tls_session(&name)?;
        #[cfg(not(feature = "_tls"))]
        self.without_tls(&name)?;
        let port = self.port_or_default();
        let limit = self.connect_timeout;
        let stream = reach(&self.host, port, self.family, limit, &name).await?;
        let mut config = self.config;
        config.implicit_tls = self.tls == TlsMode::Implicit;
        config.trace = config.trace
            || self.trace.is_some()
            || tracing::enabled!(target: "ftpkit::wire", tracing::Level::DEBUG);
        let data = DataOptions::default().with_busy_wait(self.busy_wait / PIECE);
        let driver = Driver::new(stream, Clock::start(), data, |ends| {
            Connection::new(config, ends.now, ends.peer)
        })
        .map_err(|error| unreached(&name, &error).with_source(error))?;
        let driver = driver.with_busy_wait(self.busy_wait);
        #[cfg(feature = "_tls")]
        let driver = match session {
            Some(session) => driver.with_tls(session),
            None => driver,
        };
        let mut client = Client::new(Session::new(driver, name, self.tls, self.trace));
        if self.tls != TlsMode::Off {
            let secured = client.session.secure().await;
            secured.map_err(|error| as_greeted(&client, error))?;
        }
        let outcome = client
            .session
            .request(Step::Login, Request::Login(credentials))
            .await
            .map_err(|error| as_greeted(&client, error))?;
        match outcome {
            Outcome::Reply(reply) if reply.code().is_success() => {}
            other => {
                let error = client.session.unexpected(Step::Login, other);
                return Err(error.with_path(format!("as {user}")));
            }
        }
        if self.features {
            client.negotiate().await?;
        } else {
            client.recall();
        }
        if let Some(directory) = self.directory {
            client.change_dir(&directory).await?;
        }
        Ok(client)
    }

    /// TLS of this connection, where it is to have any.
    #[cfg(feature = "_tls")]
    fn tls_session(&self, name: &str) -> Result<Option<SessionTls>> {
        if self.tls == TlsMode::Off {
            return Ok(None);
        }
        let wrong = |error: TlsError| {
            Error::new(ErrorKind::InvalidInput, Step::Connect)
                .with_host(name)
                .with_detail(error.to_string())
                .with_source(error)
        };
        let config = match &self.tls_config {
            Some(config) => config.clone(),
            None => ClientTls::builder().build().map_err(wrong)?,
        };
        let learned = self.config.learned.as_deref();
        let session = if learned.is_some_and(|learned| learned.prefer_tls12) {
            config.session_tls12(&self.host)
        } else {
            config.session(&self.host)
        };
        session.map(Some).map_err(wrong)
    }

    #[cfg(not(feature = "_tls"))]
    fn without_tls(&self, name: &str) -> Result<()> {
        if self.tls == TlsMode::Off {
            return Ok(());
        }
        Err(Error::new(ErrorKind::InvalidInput, Step::Connect)
            .with_host(name)
            .with_detail("this client was built without TLS")
            .with_hint("build it with the feature `tls`"))
    }
}

impl fmt::Debug for ClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientBuilder")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("tls", &self.tls)
            .field("family", &self.family)
            .field("config", &self.config)
            .finish_non_exhaustive()
    }
}

/// Connects to the first address that answers.
///
/// No method: a builder cannot be lent to another thread while it waits.
async fn reach(
    host: &str,
    port: u16,
    family: Family,
    limit: Duration,
    name: &str,
) -> Result<TcpStream> {
    if host.is_empty() {
        return Err(
            Error::new(ErrorKind::InvalidInput, Step::Connect).with_detail("no host is given")
        );
    }
    let unresolved = |detail: String| {
        Error::new(ErrorKind::Resolve, Step::Connect)
            .with_host(name)
            .with_detail(detail)
    };
    let lookup = tokio::net::lookup_host((host, port));
    let addresses: Vec<SocketAddr> = within(limit, lookup)
        .await
        .map_err(|error| unresolved(error.to_string()).with_source(error))?
        .collect();
    let mut last = None;
    let wanted = addresses.iter().filter(|address| match family {
        Family::Any => true,
        Family::V4 => address.is_ipv4(),
        Family::V6 => address.is_ipv6(),
    });
    for address in wanted {
        match within(limit, TcpStream::connect(address)).await {
            Ok(stream) => return Ok(stream),
            Err(error) => {
                tracing::debug!(%address, %error, "an address of the server does not answer");
                last = Some(error);
            }
        }
    }
    Err(match last {
        Some(error) => unreached(name, &error).with_source(error),
        None => unresolved("the host has no address of this family".to_owned()),
    })
}

/// What a server says instead of a greeting belongs to connecting, not to the login.
fn as_greeted(client: &Client, error: Error) -> Error {
    if client.session.greeting().is_none() && error.kind() != ErrorKind::Tls {
        error.with_step(Step::Connect)
    } else {
        error
    }
}

fn unreached(name: &str, error: &io::Error) -> Error {
    let kind = match error.kind() {
        io::ErrorKind::TimedOut => ErrorKind::TimedOut,
        _ => ErrorKind::Connect,
    };
    let detail = match error.kind() {
        io::ErrorKind::ConnectionRefused => "the connection was refused".to_owned(),
        io::ErrorKind::TimedOut => "no answer came in time".to_owned(),
        _ => error.to_string(),
    };
    Error::new(kind, Step::Connect)
        .with_host(name)
        .with_detail(detail)
        .with_hint("check the host and the port, and that the server is running")
}

/// Waits for `work`, at most this long; zero is for ever.
async fn within<T>(limit: Duration, work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    if limit.is_zero() {
        return work.await;
    }
    timeout(limit, work)
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
