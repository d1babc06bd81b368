//! `ftpkit serve`: puts a server together from the options, says where it listens, and ends
//! it in good order.

mod self_signed;
mod sftp;
mod threads;
mod tls;

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    path::Path,
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use ftpkit::{
    accounts::{Account, Anonymous, CertificateName, Door, DoorLimits, Proof, UserLine, Users},
    fs::LocalDirectory,
    proto::{
        server::{Timeouts, TlsPolicy},
        url::Scheme,
    },
    server::{Server, ServerHandle},
    storage::{Memory, ReadOnly, Storage, UploadPolicy},
};
use tokio::{runtime::Handle, task::JoinSet};

use self::{sftp::Sftp, tls::Tls};
use crate::{
    args::{Access, Serve},
    output, usage,
};

/// How long transfers may take to end after the first signal.
const GRACE: Duration = Duration::from_secs(30);

pub(crate) async fn run(serve: Serve) -> anyhow::Result<()> {
    let tls = tls(&serve).await?;
    let sftp = sftp(&serve).await?;
    let storage = storage(&serve).await?;
    let users = Arc::new(users(&serve, sftp.as_ref(), storage)?);
    let mut limits = DoorLimits::default();
    limits.sessions = serve.max_sessions;
    limits.sessions_per_address = serve.max_sessions_per_ip;
    let door = Door::new(limits);
    // A signal that comes while the server starts must not be lost.
    let mut signals = Signals::new().context("cannot wait for signals")?;
    let runtimes = threads::runtimes()?;
    let mut addresses = Addresses::default();
    let mut fronts = JoinSet::new();
    let mut handles = Vec::new();
    let ftp = ftp(
        &serve,
        tls.as_ref(),
        Arc::clone(&users),
        door.clone(),
        &runtimes,
    );
    if let Some(server) = ftp.await? {
        addresses.ftp = server.local_addrs().to_vec();
        addresses.implicit = server.implicit_addrs().to_vec();
        handles.push(server.handle());
        fronts.spawn(server.serve());
    }
    if let Some(sftp) = &sftp {
        let server = sftp.bind(&serve, users, door, &runtimes).await?;
        addresses.sftp = server.local_addrs().to_vec();
        handles.push(server.handle());
        fronts.spawn(server.serve());
        sftp.reload_on_hangup()?;
    }
    if let Some(tls) = &tls {
        tls.reload_on_hangup()?;
    }
    announce(&serve, tls.as_ref(), sftp.as_ref(), &addresses)?;
    // Whichever: they share a door.
    let Some(handle) = handles.pop() else {
        return Err(usage("there is nothing to serve"));
    };
    tokio::select! {
        ended = fronts.join_next() => {
            return ended.transpose().map(drop).context("the server failed");
        }
        () = signals.next() => {}
    }
    end(&handle, fronts, &mut signals).await
}

/// Lets all servers end.
async fn end(
    handle: &ServerHandle,
    mut fronts: JoinSet<()>,
    signals: &mut Signals,
) -> anyhow::Result<()> {
    let sessions = handle.sessions();
    if sessions > 0 {
        output::note(&format!(
            "{sessions} sessions are open: transfers may end within {} s, a second signal ends \
             them at once",
            GRACE.as_secs()
        ));
    }
    tokio::select! {
        _ = handle.shutdown(GRACE) => {}
        () = signals.next() => {
            fronts.abort_all();
            return Err(anyhow::anyhow!("ended by a second signal, before all transfers were"));
        }
    }
    loop {
        tokio::select! {
            ended = fronts.join_next() => match ended {
                Some(ended) => ended.context("the server failed")?,
                None => return Ok(()),
            },
            () = signals.next() => return Ok(()),
        }
    }
}

/// Binds the server of FTP; none where there is no address for it.
async fn ftp(
    serve: &Serve,
    tls: Option<&Tls>,
    users: Arc<Users>,
    door: Door,
    runtimes: &[Handle],
) -> anyhow::Result<Option<Server>> {
    let listen = serve.ftp();
    if listen.is_empty() && serve.tls.implicit.is_empty() {
        return Ok(None);
    }
    let mut timeouts = Timeouts::default();
    timeouts.idle = serve.idle_timeout.0;
    let mut builder = Server::builder()
        .authenticator(users)
        .door(door)
        .timeouts(timeouts)
        .runtimes(runtimes.iter().cloned());
    for address in &listen {
        builder = builder.listen(address);
    }
    if let Some(tls) = tls {
        builder = builder
            .tls(tls.server.clone())
            .tls_policy(policy(serve))
            .accept_unclean_close(serve.tls.accept_unclean_close);
    }
    for address in &serve.tls.implicit {
        builder = builder.listen_implicit(address);
    }
    if let Some(ports) = &serve.passive_ports {
        builder = builder.passive_ports(ports.0.clone());
    }
    match serve.passive_host {
        Some(IpAddr::V4(host)) => builder = builder.passive_host(host),
        Some(IpAddr::V6(_)) => {
            return Err(usage(
                "--passive-host is for PASV, which knows IPv4 only: IPv6 clients need none",
            ));
        }
        None => {}
    }
    let bound = builder.bind().await.map_err(|error| {
        anyhow::anyhow!("cannot start the server: {error}; try another --listen ADDR:PORT")
    })?;
    Ok(Some(bound))
}

async fn sftp(serve: &Serve) -> anyhow::Result<Option<Sftp>> {
    let serve = serve.clone();
    tokio::task::spawn_blocking(move || Sftp::new(&serve))
        .await
        .context("SFTP cannot be set up")?
}

async fn tls(serve: &Serve) -> anyhow::Result<Option<Tls>> {
    let options = serve.tls.clone();
    let addresses: Vec<SocketAddr> = [&serve.ftp()[..], &serve.tls.implicit].concat();
    tokio::task::spawn_blocking(move || Tls::new(&options, &addresses))
        .await
        .context("TLS cannot be set up")?
}

const fn policy(serve: &Serve) -> TlsPolicy {
    if serve.tls.tls_required {
        TlsPolicy::RequiredForData
    } else {
        TlsPolicy::Offered
    }
}

/// Where is listened for what.
#[derive(Default)]
struct Addresses {
    ftp: Vec<SocketAddr>,
    implicit: Vec<SocketAddr>,
    sftp: Vec<SocketAddr>,
}

/// Says where the server listens, and how to try it; a warning comes first.
fn announce(
    serve: &Serve,
    tls: Option<&Tls>,
    sftp: Option<&Sftp>,
    addresses: &Addresses,
) -> anyhow::Result<()> {
    let has_passwords = !serve.user.is_empty() || serve.user_file.is_some();
    let is_seen = addresses
        .ftp
        .iter()
        .any(|address| !is_loopback(address.ip()));
    if has_passwords && is_seen && !serve.tls.tls_required {
        output::note(match tls {
            None => {
                "warning: passwords cross the network in clear; \
                 give --tls-self-signed or --tls-cert, with --tls-required"
            }
            Some(_) => {
                "warning: passwords cross the network in clear where clients do not ask for TLS; \
                 --tls-required refuses them"
            }
        });
    }
    let fingerprints = sftp.map(Sftp::fingerprints).unwrap_or_default();
    let text = announcement(serve, tls, &fingerprints, addresses);
    // Without a reader of these lines there is still a server to run.
    output::put(&mut io::stdout().lock(), text.as_bytes(), true)?;
    Ok(())
}

fn announcement(
    serve: &Serve,
    tls: Option<&Tls>,
    host_keys: &str,
    addresses: &Addresses,
) -> String {
    let explicit = match serve.tls.tls_required {
        true => Scheme::Ftpes,
        false => Scheme::Ftp,
    };
    let Addresses {
        ftp,
        implicit,
        sftp,
    } = addresses;
    let listening = [
        (explicit, ftp),
        (Scheme::Ftps, implicit),
        (Scheme::Sftp, sftp),
    ];
    let mut text = String::new();
    for (scheme, addresses) in listening {
        for address in addresses {
            text.push_str(&format!("listening on {scheme}://{address}/\n"));
        }
    }
    text.push_str(host_keys);
    if let Some(address) = ftp.first().or_else(|| implicit.first()) {
        hint_ftp(&mut text, serve, tls, *address);
    }
    if let Some(address) = sftp.first() {
        let mut address = *address;
        reachable(&mut address);
        let user = match serve.user.first() {
            Some(user) => &user.name,
            None if serve.user_file.is_some() => "USER",
            None => "anonymous",
        };
        let (host, port) = (address.ip(), address.port());
        text.push_str(&format!(
            "or: sftp -P {port} {user}@{host}\ntry: ftpkit ls sftp://{user}@{address}/\n"
        ));
    }
    text
}

/// How FTP is tried.
fn hint_ftp(text: &mut String, serve: &Serve, tls: Option<&Tls>, address: SocketAddr) {
    let trust = tls.map(|tls| {
        text.push_str(&format!("certificate SHA-256 {}\n", tls.fingerprint));
        match &tls.ca {
            Some(ca) => {
                let ca = quoted(&ca.to_string_lossy());
                text.push_str(&format!("its CA, for clients: {ca}\n"));
                format!("--cacert {ca} ")
            }
            None if tls.self_signed => format!("--pin {} ", tls.fingerprint),
            None => String::new(),
        }
    });
    let place = place(serve, address);
    match trust {
        None => text.push_str(&format!("try: ftpkit ls ftp://{place}\n")),
        Some(trust) => {
            if !trust.starts_with("--pin") {
                text.push_str(&format!("or: curl --ssl-reqd {trust}ftp://{place}\n"));
            }
            text.push_str(&format!("try: ftpkit ls {trust}ftpes://{place}\n"));
        }
    }
}

/// An address that stands for all addresses is reached by that of this machine.
const fn reachable(address: &mut SocketAddr) {
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
        });
    }
}

/// What stands behind `://` to reach the server.
fn place(serve: &Serve, mut address: SocketAddr) -> String {
    reachable(&mut address);
    // No password: the line may be seen by others.
    let user = match serve.user.first() {
        Some(user) => format!("{}:PASSWORD@", user.name),
        None if serve.user_file.is_some() => "USER:PASSWORD@".to_owned(),
        None => String::new(),
    };
    format!("{user}{address}/")
}

/// A word as a shell takes it.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@\\".contains(c);
    if word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

const fn is_loopback(ip: IpAddr) -> bool {
    ip.to_canonical().is_loopback()
}

async fn storage(serve: &Serve) -> anyhow::Result<Arc<dyn Storage>> {
    let policy = if serve.keep_partial {
        UploadPolicy::KeepPartial
    } else {
        UploadPolicy::Atomic
    };
    if serve.memory {
        return Ok(Arc::new(Memory::new().with_upload_policy(policy)));
    }
    let root = serve.root.clone();
    let umask = serve.umask.0;
    let open = move || {
        LocalDirectory::builder(&root)
            .umask(umask.into())
            .upload_policy(policy)
            .build()
    };
    let local = tokio::task::spawn_blocking(open)
        .await
        .context("cannot open the directory")?
        .with_context(|| format!("cannot serve the directory {:?}", serve.root))?;
    Ok(Arc::new(local))
}

fn users(serve: &Serve, sftp: Option<&Sftp>, storage: Arc<dyn Storage>) -> anyhow::Result<Users> {
    let read_only: Arc<dyn Storage> = Arc::new(ReadOnly::new(Arc::clone(&storage)));
    let choose = |may_only_read: bool| {
        if may_only_read || serve.read_only {
            Arc::clone(&read_only)
        } else {
            Arc::clone(&storage)
        }
    };
    let mut users = Users::builder();
    for user in &serve.user {
        let mut proof = Proof::password(&*user.password);
        if serve.tls.tls_client_ca.is_some() {
            proof = proof.or_certificate([CertificateName::user_name()]);
        }
        if let Some(keys) = sftp.and_then(Sftp::authorized) {
            proof = proof.or_ssh_keys(keys.clone());
        }
        let account = Account::new(&*user.name, choose(user.read_only));
        users = users.account_with(account, proof);
    }
    if let Some(file) = &serve.user_file {
        for line in read_user_file(file)? {
            let account = Account::new(line.name, choose(line.read_only));
            users = users.account_with(account, line.proof);
        }
    }
    let nobody_else = serve.user.is_empty() && serve.user_file.is_none();
    let anonymous = serve
        .anonymous
        .or_else(|| nobody_else.then_some(Access::Ro));
    if let Some(access) = anonymous {
        let storage = choose(access == Access::Ro);
        users = users.anonymous(match access {
            Access::Ro => Anonymous::read_only(storage),
            Access::Rw => Anonymous::read_write(storage),
        });
    }
    users
        .build()
        .map_err(|error| usage(format!("the users cannot be used: {error}")))
}

fn read_user_file(file: &Path) -> anyhow::Result<Vec<UserLine>> {
    Ok(UserLine::read_file(file)?)
}

/// SIGINT and SIGTERM, or Ctrl-C where there are no signals.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

#[cfg(windows)]
struct Signals(tokio::signal::windows::CtrlC);

#[cfg(windows)]
impl Signals {
    fn new() -> io::Result<Self> {
        tokio::signal::windows::ctrl_c().map(Self)
    }

    async fn next(&mut self) {
        self.0.recv().await;
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command};

    fn serve(line: &str) -> Serve {
        match Cli::try_parse_from(line.split(' ')).unwrap().command {
            Command::Serve(serve) => *serve,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_hint_can_be_typed_and_holds_no_password() {
        for (line, address, expected) in [
            ("ftpkit serve", "127.0.0.1:2121", "ftp://127.0.0.1:2121/"),
            ("ftpkit serve", "0.0.0.0:2121", "ftp://127.0.0.1:2121/"),
            ("ftpkit serve", "[::]:21", "ftp://[::1]:21/"),
            (
                "ftpkit serve --user ana:hunter2",
                "10.0.0.1:1",
                "ftp://ana:PASSWORD@10.0.0.1:1/",
            ),
            (
                "ftpkit serve --user-file f",
                "10.0.0.1:1",
                "ftp://USER:PASSWORD@10.0.0.1:1/",
            ),
        ] {
            let addresses = Addresses {
                ftp: vec![address.parse().unwrap()],
                ..Addresses::default()
            };
            let text = announcement(&serve(line), None, "", &addresses);
            let hint = text.lines().last().unwrap();
            assert_eq!(hint, format!("try: ftpkit ls {expected}"));
        }
    }

    #[test]
    fn sftp_alone_is_alone() {
        let only = serve("ftpkit serve --sftp 0.0.0.0:2222 --user ana:hunter2");
        assert_eq!(only.ftp(), []);
        let usual = serve("ftpkit serve");
        assert_eq!(usual.ftp(), ["127.0.0.1:2121".parse().unwrap()]);
        let both = serve("ftpkit serve --sftp 0.0.0.0:2222 --listen 0.0.0.0:21");
        assert_eq!(both.ftp(), ["0.0.0.0:21".parse().unwrap()]);
        let addresses = Addresses {
            sftp: only.ssh.sftp.clone(),
            ..Addresses::default()
        };
        assert_eq!(
            announcement(&only, None, "host key ssh-ed25519 SHA256:x\n", &addresses),
            "listening on sftp://0.0.0.0:2222/\n\
             host key ssh-ed25519 SHA256:x\n\
             or: sftp -P 2222 ana@127.0.0.1\n\
             try: ftpkit ls sftp://ana@127.0.0.1:2222/\n"
        );
    }

    #[test]
    fn loopback_is_told_from_the_network() {
        for (ip, loopback) in [
            ("127.0.0.1", true),
            ("127.1.2.3", true),
            ("::1", true),
            ("::ffff:127.0.0.1", true),
            ("0.0.0.0", false),
            ("::", false),
            ("192.0.2.1", false),
        ] {
            assert_eq!(is_loopback(ip.parse().unwrap()), loopback, "{ip}");
        }
    }
}
