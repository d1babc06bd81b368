//! `ftpkit probe`: what a server offers, found out step by step. It only reads: it logs in
//! where the URL has a user, lists, and changes nothing. A step that fails is a finding too.

mod after;
mod before;
mod files;
mod report;
mod session;
mod sftp;
mod tls;
mod wire;

use std::{
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use anyhow::anyhow;
use ftpkit::proto::{
    Reply,
    features::Features,
    url::{Scheme, Url},
};
use ftpkit_tokio::tls::{Fingerprint, TlsVersions};
use tokio::net::TcpStream;

use self::{
    report::{Finding, Outcome, Report},
    session::Session,
    tls::{Settings, Verdict},
    wire::{Handshake, Wire},
};
use crate::{
    args::{self, Probe, Reach},
    usage,
};

/// How long each step may take where the options say nothing.
const LIMIT: Duration = Duration::from_secs(10);
/// What stands for no limit.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 3600);

pub(crate) async fn run(probe: Probe) -> anyhow::Result<()> {
    if probe.url.scheme() == Scheme::Sftp {
        return sftp::run(probe).await;
    }
    if let Some(option) = probe.ssh.option() {
        return Err(usage(format!("{option} is for sftp://")));
    }
    let target = Target::find(&probe.url, &probe.reach, &probe.tls).await?;
    let mut report = Report::new(probe.json);
    report.add(
        Finding::new("address", Outcome::Yes, target.address.to_string())
            .with(|object| object.text("url", &probe.url.to_string())),
    )?;
    let talked = match before::probe(&target, &mut report).await? {
        Ok(learned) => {
            after::probe(&target, &learned, &mut report).await?;
            Ok(())
        }
        Err(reason) => Err(anyhow!(
            "cannot talk to {}:{}: {reason}",
            probe.url.host(),
            probe.url.port_or_default()
        )),
    };
    report.finish()?;
    talked
}

/// The server that is probed.
struct Target {
    url: Url,
    address: SocketAddr,
    limit: Duration,
    settings: Settings,
    /// The connection by which the address was found to answer.
    first: Mutex<Option<TcpStream>>,
}

/// How a connection is brought under TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Secure {
    /// AUTH TLS.
    Explicit,
    /// TLS from the first byte.
    Implicit,
}

/// Why a connection under TLS could not be had.
enum Unsecured {
    /// The server refused AUTH.
    Refused(Reply),
    Failed(String),
}

impl Unsecured {
    fn text(&self) -> String {
        match self {
            Self::Refused(reply) => reply.to_string(),
            Self::Failed(reason) => reason.clone(),
        }
    }
}

impl From<String> for Unsecured {
    fn from(reason: String) -> Self {
        Self::Failed(reason)
    }
}

impl Target {
    async fn find(url: &Url, reach: &Reach, options: &args::Tls) -> anyhow::Result<Self> {
        let settings = Settings::new(url, options)?;
        let limit = limit(reach);
        let (address, stream) = reached(url, reach).await?;
        Ok(Self {
            url: url.clone(),
            address,
            limit,
            settings,
            first: Mutex::new(Some(stream)),
        })
    }

    /// A connection; the greeting is not read yet.
    async fn wire(&self, address: SocketAddr) -> Result<Wire, String> {
        let first = if address == self.address {
            let mut first = self.first.lock().unwrap_or_else(PoisonError::into_inner);
            first.take()
        } else {
            None
        };
        let stream = match first {
            Some(first) => first,
            None => wire::open(address, self.limit).await?,
        };
        Wire::over(stream, self.limit)
    }

    /// How the URL says that TLS begins.
    fn secure(&self) -> Secure {
        match self.url.scheme() {
            Scheme::Ftps => Secure::Implicit,
            _ => Secure::Explicit,
        }
    }

    /// A connection under TLS, its greeting, and what the handshake showed.
    async fn secured(
        &self,
        address: SocketAddr,
        how: Secure,
        session: &tls::Session,
    ) -> Result<(Wire, Reply, Handshake), Unsecured> {
        let mut wire = self.wire(address).await?;
        match how {
            Secure::Implicit => {
                let (mut wire, shown) = wire.start_tls(session).await?;
                let greeting = wire.greeting().await?;
                Ok((wire, greeting, shown))
            }
            Secure::Explicit => {
                let greeting = wire.greeting().await?;
                let reply = wire.command("AUTH TLS").await?;
                if reply.code().number() != 234 {
                    wire.quit().await;
                    return Err(Unsecured::Refused(reply));
                }
                let (wire, shown) = wire.start_tls(session).await?;
                Ok((wire, greeting, shown))
            }
        }
    }

    /// A connection to log in on: under TLS, or in clear where that is what is wanted.
    async fn session(&self, how: Option<Secure>) -> Result<Session, String> {
        match how {
            Some(how) => {
                let tls = self.settings.session(self.settings.any_version())?;
                let (wire, _, _) = self
                    .secured(self.address, how, &tls)
                    .await
                    .map_err(|error| error.text())?;
                if let Verdict::Untrusted(reason) = tls.verdict() {
                    return Err(format!("the server is not trusted: {reason}"));
                }
                Ok(Session::new(wire, Some(tls), self.limit))
            }
            None => {
                let mut wire = self.wire(self.address).await?;
                wire.greeting().await?;
                Ok(Session::new(wire, None, self.limit))
            }
        }
    }
}

/// How long each step may take.
fn limit(reach: &Reach) -> Duration {
    match reach.timeout {
        Some(args::Seconds(Duration::ZERO)) => FOR_EVER,
        Some(args::Seconds(limit)) => limit,
        None => LIMIT,
    }
}

/// The address of the server that answers, and a connection to it.
async fn reached(url: &Url, reach: &Reach) -> anyhow::Result<(SocketAddr, TcpStream)> {
    let limit = limit(reach);
    let (host, port) = (url.host().to_string(), url.port_or_default());
    let found = wire::within(limit, tokio::net::lookup_host((&*host, port)))
        .await
        .map_err(|error| anyhow!("cannot find {host}: {error}; check the name of the host"))?;
    let address = found
        .filter(|address| match (reach.ipv4, reach.ipv6) {
            (true, _) => address.is_ipv4(),
            (_, true) => address.is_ipv6(),
            _ => true,
        })
        .collect::<Vec<_>>();
    // The first that answers, as clients take it.
    let mut reason = "the host has no address of this family".to_owned();
    for address in address {
        match wire::open(address, limit).await {
            Ok(stream) => {
                return Ok((address, stream));
            }
            Err(error) => reason = error,
        }
    }
    Err(anyhow!(
        "cannot connect to {host}:{port}: {reason}; check that the server is running there"
    ))
}

/// What was found out before the login.
struct Learned {
    features: Features,
    /// What SYST was refused with.
    system_refused: Option<Reply>,
    /// How TLS can be had, and whether the server is trusted then.
    tls: Option<(Secure, Verdict)>,
}

/// The fingerprint of the certificate of a server that these options do not trust. Nothing but
/// a handshake crosses the connection.
pub(crate) async fn untrusted(
    url: &Url,
    reach: &Reach,
    options: &args::Tls,
) -> Option<Fingerprint> {
    let target = Target::find(url, reach, options).await.ok()?;
    let session = target
        .settings
        .session(target.settings.any_version())
        .ok()?;
    let shown = target
        .secured(target.address, target.secure(), &session)
        .await
        .ok()?;
    let certificate = shown.2.certificate?;
    shown.0.quit().await;
    match session.verdict() {
        Verdict::Untrusted(_) => Some(Fingerprint::of(&certificate)),
        _ => None,
    }
}

const fn version_name(versions: TlsVersions) -> (&'static str, &'static str) {
    match versions {
        TlsVersions::Tls12 => ("tls_1.2", "TLS 1.2"),
        _ => ("tls_1.3", "TLS 1.3"),
    }
}
