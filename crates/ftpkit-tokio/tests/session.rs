//! Both machines over loopback, each under its driver: transfers in every mode, aborted ones,
//! and the end. The application on either side is no more than a file in memory.
#![expect(clippy::unwrap_used, reason = "a failure is a failed test")]

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, atomic::AtomicU64},
};

use ftpkit_proto::{
    Code, DataId, Flow, PathArg, Secret, Text,
    client::{self, Credentials, DataMode, Outcome, Phase, Request, Transfer},
    server,
};
use ftpkit_tokio::{
    Acceptor, Beside, Clock, DataOptions, DataStream, Driver, PassivePorts, Step,
    pump::{self, Moved, PumpError, Reader, Writer},
    tls::{ClientTls, Identity, Roots, ServerTls, SessionReuse, SessionTls, TlsVersions},
};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::net::TcpStream;

type Pump = std::pin::Pin<Box<dyn Future<Output = Result<Moved, PumpError>> + Send>>;

/// What moves the payload of one transfer.
struct Transferring {
    id: DataId,
    pump: Pump,
}

/// The next step, with the pump at work; its end is reported.
async fn next<M: ftpkit_proto::Machine>(
    driver: &mut Driver<M>,
    transferring: &mut Option<Transferring>,
) -> Step<M::Event> {
    loop {
        let Some(Transferring { id, pump }) = transferring else {
            return driver.next().await;
        };
        match driver.beside(pump).await {
            Beside::Step(Step::Abort(aborted)) => {
                assert_eq!(aborted, *id);
                *transferring = None;
            }
            Beside::Step(step) => return step,
            Beside::Done(end) => {
                driver.report(*id, &end);
                *transferring = None;
            }
        }
    }
}

/// Sends from `file` at `offset`, or receives to its end.
fn transferring(
    id: DataId,
    flow: Flow,
    stream: DataStream,
    file: Arc<Mutex<Vec<u8>>>,
    offset: usize,
) -> Transferring {
    let pump = async move {
        let moved = Arc::new(AtomicU64::new(0));
        match flow {
            Flow::Send => {
                let all = file.lock().unwrap()[offset..].to_vec();
                pump::send(stream, Reader::new(all.as_slice()), &moved).await
            }
            _ => {
                let mut all = Vec::new();
                let end = pump::receive(stream, Writer::new(&mut all), &moved).await;
                file.lock().unwrap().extend_from_slice(&all);
                end
            }
        }
    };
    let pump = Box::pin(pump);
    Transferring { id, pump }
}

/// Serves one session of a server that has one file.
async fn serve(
    acceptor: Acceptor,
    options: DataOptions,
    tls: Option<(Tls, SessionTls)>,
    file: Arc<Mutex<Vec<u8>>>,
) {
    let (stream, _) = acceptor.accept().await;
    let mut config = server::Config::default();
    if tls.is_some() {
        config.tls = server::TlsPolicy::RequiredForData;
        config.dangerous_ccc = true;
    }
    let config = Arc::new(config);
    let implicit = matches!(tls, Some((Tls::Implicit, _)));
    let mut driver = Driver::new(stream, Clock::start(), options, |ends| {
        if implicit {
            server::Connection::implicit(config, ends.now, ends.peer, ends.local)
        } else {
            server::Connection::new(config, ends.now, ends.peer, ends.local)
        }
    })
    .unwrap();
    if let Some((_, session)) = tls {
        driver = driver.with_tls(session);
    }
    let mut pump = None;
    let mut at = 0;
    loop {
        match next(&mut driver, &mut pump).await {
            Step::Event(server::Event::Login(ask)) => driver.with(|machine, now| {
                let (home, offers) = (PathArg::from_static("/"), server::Offers::EMPTY);
                let answer = server::LoginAnswer::Accepted { home, offers };
                machine.answer(now, ask, Ok(answer));
            }),
            Step::Event(server::Event::Open(ask)) => {
                at = match &ask.question().transfer {
                    server::Transfer::Retrieve { offset, .. } => *offset as usize,
                    _ => 0,
                };
                if ask.question().transfer.is_upload() {
                    file.lock().unwrap().clear();
                }
                driver.with(|machine, now| {
                    machine.answer(now, ask, Ok(server::Opened::default()));
                });
            }
            Step::Event(server::Event::Commit(ask)) => {
                driver.with(|machine, now| machine.answer(now, ask, Ok(())));
            }
            Step::Transfer(id, flow, stream) => {
                pump = Some(transferring(id, flow, stream, file.clone(), at));
            }
            Step::Closed(result) => return result.unwrap(),
            _ => {}
        }
    }
}

/// A client's side of the session.
struct Client {
    driver: Driver<client::Connection>,
    file: Arc<Mutex<Vec<u8>>>,
}

impl Client {
    /// Carries out one request; a transfer moves `file`. With `abort` it is given up once its
    /// stream is there.
    async fn ask(&mut self, request: Request, abort: bool) -> Outcome {
        let id = self
            .driver
            .with(|machine, now| machine.submit(now, request));
        let mut pump = None;
        let mut held = None;
        loop {
            match next(&mut self.driver, &mut pump).await {
                Step::Event(client::Event::Done(done, outcome)) if done == id => return outcome,
                Step::Transfer(_, _, stream) if abort => {
                    held = Some(stream);
                    self.driver.with(|machine, now| machine.abort(now, id));
                }
                Step::Transfer(data, flow, stream) => {
                    pump = Some(transferring(data, flow, stream, self.file.clone(), 0));
                }
                Step::Abort(_) => held = None,
                Step::Closed(result) => panic!("closed: {result:?}, holding {held:?}"),
                _ => {}
            }
        }
    }

    async fn transfer(&mut self, transfer: Transfer, abort: bool) -> Outcome {
        let ascii = false;
        self.ask(Request::Transfer { transfer, ascii }, abort).await
    }
}

/// More than the sockets' buffers take, so that an abort always meets a transfer under way.
fn payload() -> Vec<u8> {
    let pattern: Vec<u8> = (0..=250).collect();
    pattern.repeat(64_000)
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Tls {
    Explicit,
    Implicit,
}

/// How a session goes.
#[derive(Clone, Debug)]
struct Way {
    local: IpAddr,
    mode: DataMode,
    telnet_abort: bool,
    tls: Option<(Tls, TlsVersions)>,
}

impl Way {
    fn clear(local: IpAddr, mode: DataMode) -> Self {
        Self {
            local,
            mode,
            telnet_abort: false,
            tls: None,
        }
    }
}

/// Both sides of TLS, with a small CA between them; the server wants sessions resumed.
fn tls(versions: TlsVersions) -> (ServerTls, ClientTls) {
    let mut ca = CertificateParams::new(Vec::new()).unwrap();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_key = KeyPair::generate().unwrap();
    let root = ca.self_signed(&ca_key).unwrap();
    let ca = Issuer::new(ca, ca_key);
    let key = KeyPair::generate().unwrap();
    let names = ["localhost", "127.0.0.1", "::1"].map(str::to_owned);
    let leaf = CertificateParams::new(names).unwrap();
    let leaf = leaf.signed_by(&key, &ca).unwrap();
    let identity =
        Identity::from_pem(leaf.pem().as_bytes(), key.serialize_pem().as_bytes()).unwrap();
    let server = ServerTls::builder()
        .identity(identity)
        .reuse(SessionReuse::Required)
        .versions(versions)
        .build()
        .unwrap();
    let roots = Roots::from_pem(root.pem().as_bytes()).unwrap();
    (server, ClientTls::builder().roots(roots).build().unwrap())
}

/// Logs in, moves a file in every way, and quits.
async fn session(way: Way) {
    let Way {
        local,
        mode,
        telnet_abort,
        ..
    } = way;
    let (how, server_tls, client_tls) = match way.tls {
        None => (None, None, None),
        Some((how, versions)) => {
            let (server, client) = tls(versions);
            let server = (how, server.session().unwrap());
            let client = client.session(&local.to_string()).unwrap();
            (Some(how), Some(server), Some(client))
        }
    };
    let all = payload();
    let acceptor = Acceptor::bind(SocketAddr::new(local, 0)).unwrap();
    let target = acceptor.local_addr();
    // A few ports in turn; should others hold some of them, they are passed over.
    let ports = PassivePorts::new(40_000..=40_400).unwrap();
    let options = DataOptions::default().with_ports(Arc::new(ports));
    let remote = Arc::new(Mutex::new(all.clone()));
    let server = tokio::spawn(serve(acceptor, options, server_tls, remote.clone()));

    let mut config = client::Config::default();
    config.data_mode = mode;
    config.telnet_abort = telnet_abort;
    config.implicit_tls = how == Some(Tls::Implicit);
    config.dangerous_ccc = true;
    let stream = TcpStream::connect(target).await.unwrap();
    let driver = Driver::new(stream, Clock::start(), DataOptions::default(), |ends| {
        client::Connection::new(config, ends.now, ends.peer)
    });
    let mut driver = driver.unwrap();
    if let Some(session) = client_tls {
        driver = driver.with_tls(session);
    }
    let mut client = Client {
        driver,
        file: Arc::default(),
    };
    let path = || PathArg::from_static("file");
    if how.is_some() {
        let request = Request::Secure { protect_data: true };
        match client.ask(request, false).await {
            Outcome::Reply(reply) => assert_eq!(reply.code(), Code::OK),
            other => panic!("{other:?}: {:?}", client.driver.tls_failure()),
        }
        let info = client.driver.tls_info().unwrap();
        assert_eq!(info.alpn.as_deref(), Some(&b"ftp"[..]));
    }
    let login = Credentials::new(Text::from_static("me"), Secret::from_static("secret"));
    match client.ask(Request::Login(login), false).await {
        Outcome::Reply(reply) => assert_eq!(reply.code(), Code::LOGGED_IN),
        other => panic!("{other:?}"),
    }

    let end = all.len();
    for (offset, abort) in [(0, true), (0, false), (end - 10, false), (end, false)] {
        client.file.lock().unwrap().clear();
        let (path, rest) = (path(), &all[offset..]);
        let offset = offset as u64;
        let outcome = client
            .transfer(Transfer::Download { path, offset }, abort)
            .await;
        check(&outcome, abort, rest);
        assert!(abort || client.file.lock().unwrap().as_slice() == rest);
    }
    for abort in [true, false] {
        *client.file.lock().unwrap() = all.clone();
        let (path, offset) = (path(), 0);
        let outcome = client
            .transfer(Transfer::Upload { path, offset }, abort)
            .await;
        check(&outcome, abort, &all);
    }
    assert!(*remote.lock().unwrap() == all);

    if how.is_some() {
        match client.ask(Request::ClearControl, false).await {
            Outcome::Reply(reply) => assert_eq!(reply.code(), Code::OK),
            other => panic!("{other:?}: {:?}", client.driver.tls_failure()),
        }
        assert_eq!(client.driver.tls_info(), None);
    }
    match client.ask(Request::Quit, false).await {
        Outcome::Reply(reply) => assert_eq!(reply.code(), Code::CLOSING),
        other => panic!("{other:?}"),
    }
    match client.driver.next().await {
        Step::Closed(result) => assert_eq!(result, Ok(())),
        other => panic!("{other:?}"),
    }
    server.await.unwrap();
}

fn check(outcome: &Outcome, abort: bool, payload: &[u8]) {
    match outcome {
        Outcome::Transferred(done) if !abort => assert_eq!(done.bytes, payload.len() as u64),
        Outcome::TransferFailed(failed) if abort => assert_eq!(failed.phase, Phase::Aborted),
        other => panic!("abort: {abort}: {other:?}"),
    }
}

#[tokio::test]
async fn every_mode_over_ipv4() {
    for mode in [DataMode::Passive, DataMode::Active] {
        for telnet_abort in [false, true] {
            session(Way {
                telnet_abort,
                ..Way::clear(Ipv4Addr::LOCALHOST.into(), mode)
            })
            .await;
        }
    }
}

#[tokio::test]
async fn every_mode_over_ipv6() {
    if Acceptor::bind((Ipv6Addr::LOCALHOST, 0).into()).is_err() {
        // A machine without IPv6.
        return;
    }
    for mode in [DataMode::Passive, DataMode::Active] {
        session(Way {
            telnet_abort: true,
            ..Way::clear(Ipv6Addr::LOCALHOST.into(), mode)
        })
        .await;
    }
}

#[tokio::test]
async fn every_mode_under_tls() {
    for mode in [DataMode::Passive, DataMode::Active] {
        for tls in [
            (Tls::Explicit, TlsVersions::Tls12),
            (Tls::Explicit, TlsVersions::Tls13),
            (Tls::Implicit, TlsVersions::All),
        ] {
            session(Way {
                tls: Some(tls),
                ..Way::clear(Ipv4Addr::LOCALHOST.into(), mode)
            })
            .await;
        }
    }
}
