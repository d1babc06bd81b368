//! The client against the server over loopback, under TLS: both ways to begin it, both versions,
//! passive and active, over any number of transfers, with a server that takes no data connection
//! that does not resume the session.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use ftpkit::{
    accounts::Users,
    client::{
        Client, ClientBuilder, ErrorKind, Learned, Remote, Resumption, TlsMode, Trace,
        tls::{ClientTls, ClientTlsBuilder, Fingerprint, Identity, Roots, TlsVersions},
    },
    proto::server::TlsPolicy,
    server::{
        Server, ServerHandle,
        tls::{ClientCertificates, ServerTls, ServerTlsBuilder, SessionReuse},
    },
    storage::{Memory, UploadPolicy},
};
use ftpkit_storage::conformance;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinHandle,
};

/// A small CA, and the certificate of the server.
struct Ca {
    root: Vec<u8>,
    issuer: Issuer<'static, KeyPair>,
}

impl Ca {
    fn new() -> Self {
        Self::named("ours")
    }

    fn named(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().pem().into_bytes();
        let issuer = Issuer::new(params, key);
        Self { root, issuer }
    }

    /// An identity of these names, and its certificate.
    fn issue(&self, names: &[&str]) -> (Identity, Fingerprint) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let params = CertificateParams::new(names).unwrap();
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        let pem = (leaf.pem(), key.serialize_pem());
        let identity = Identity::from_pem(pem.0.as_bytes(), pem.1.as_bytes()).unwrap();
        (identity, Fingerprint::of(leaf.der()))
    }

    fn roots(&self) -> Roots {
        Roots::from_pem(&self.root).unwrap()
    }

    /// A client that trusts this CA.
    fn client(&self) -> ClientTlsBuilder {
        ClientTls::builder().roots(self.roots())
    }
}

struct Running {
    explicit: SocketAddr,
    implicit: SocketAddr,
    fingerprint: Fingerprint,
    handle: ServerHandle,
    serving: JoinHandle<()>,
}

impl Running {
    async fn start(ca: &Ca, set: impl FnOnce(ServerTlsBuilder) -> ServerTlsBuilder) -> Self {
        let (identity, fingerprint) = ca.issue(&["127.0.0.1"]);
        let tls = set(ServerTls::builder().identity(identity))
            .build()
            .unwrap();
        let users = Users::builder()
            .user("ana", "secret", Arc::new(Memory::new()))
            .build()
            .unwrap();
        let server = Server::builder()
            .listen("127.0.0.1:0")
            .listen_implicit("127.0.0.1:0")
            .tls(tls)
            .tls_policy(TlsPolicy::RequiredForData)
            .clear_command_channel(true)
            .authenticator(users)
            .failure_delay(Duration::ZERO)
            .bind()
            .await
            .unwrap();
        Self {
            explicit: server.local_addrs()[0],
            implicit: server.implicit_addrs()[0],
            fingerprint,
            handle: server.handle(),
            serving: tokio::spawn(server.serve()),
        }
    }

    /// Which takes no data connection that has not resumed.
    async fn strict(ca: &Ca) -> Self {
        Self::start(ca, |tls| tls.reuse(SessionReuse::Required)).await
    }

    fn client(&self, mode: TlsMode, tls: ClientTls) -> ClientBuilder {
        let address = match mode {
            TlsMode::Implicit => self.implicit,
            _ => self.explicit,
        };
        Client::builder()
            .host(address.ip().to_string())
            .port(address.port())
            .login("ana", "secret")
            .tls(mode)
            .tls_config(tls)
    }

    async fn stop(self) {
        self.handle.shutdown(Duration::from_secs(5)).await;
        self.serving.await.unwrap();
    }
}

/// Counts the refusals that a client is told.
fn refusals(builder: ClientBuilder) -> (ClientBuilder, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let builder = builder.trace(move |line| {
        if let Trace::Received(reply) = line
            && reply.code().is_refusal()
        {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    (builder, count)
}

/// One upload, download or listing; whether it resumed.
async fn transfer(client: &mut Client, what: usize, number: usize) -> Option<bool> {
    let bytes = vec![u8::try_from(number).unwrap(); [0, 1, 70_000, 300_000][number % 4]];
    match what {
        0 => client.upload(&bytes[..], "a").await.unwrap().resumed,
        1 => {
            client.upload(&bytes[..], "b").await.unwrap();
            let mut back = Vec::new();
            let done = client.download("b", &mut back).await.unwrap();
            assert!(back == bytes && done.proven);
            done.resumed
        }
        2 => {
            let before = client.metadata("c").await.unwrap().size.unwrap();
            let done = client.upload(&bytes[..], "c").append().await.unwrap();
            let after = client.metadata("c").await.unwrap().size.unwrap();
            assert_eq!(after, before + bytes.len() as u64);
            done.resumed
        }
        _ => {
            let listing = client.list("").await.unwrap().collect().await.unwrap();
            assert!(!listing.is_empty());
            None
        }
    }
}

#[tokio::test]
async fn a_hundred_mixed_transfers_all_resume() {
    let ca = Ca::new();
    let server = Running::strict(&ca).await;
    for versions in [TlsVersions::Tls12, TlsVersions::Tls13] {
        for active in [false, true] {
            let tls = ca.client().versions(versions).build().unwrap();
            let mut builder = server.client(TlsMode::Required, tls);
            if active {
                builder = builder.active();
            }
            let (builder, refusals) = refusals(builder);
            let mut client = builder.connect().await.unwrap();
            let expected = match versions {
                TlsVersions::Tls12 => "TLSv1_2",
                _ => "TLSv1_3",
            };
            assert_eq!(client.tls_info().unwrap().version, expected);
            client.upload(&b""[..], "c").await.unwrap();
            let mut dice = 12_345_u32;
            for number in 0..100 {
                dice = dice.wrapping_mul(1_103_515_245).wrapping_add(12_345);
                let resumed = transfer(&mut client, (dice >> 16) as usize % 4, number).await;
                assert_ne!(resumed, Some(false), "{versions:?}, transfer {number}");
            }
            assert_eq!(refusals.load(Ordering::Relaxed), 0, "{versions:?}");
            client.quit().await.unwrap();
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn a_hundred_uploads_in_a_row_all_resume() {
    let ca = Ca::new();
    let server = Running::strict(&ca).await;
    for versions in [TlsVersions::Tls12, TlsVersions::Tls13] {
        for mode in [TlsMode::Required, TlsMode::Implicit] {
            let tls = ca.client().versions(versions).build().unwrap();
            let (builder, refusals) = refusals(server.client(mode, tls));
            let mut client = builder.connect().await.unwrap();
            for number in 0..100 {
                let resumed = transfer(&mut client, 0, number).await;
                assert_eq!(resumed, Some(true), "{versions:?} {mode:?} {number}");
            }
            assert_eq!(refusals.load(Ordering::Relaxed), 0);
            client.quit().await.unwrap();
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn what_is_given_up_leaves_enough_to_resume_with() {
    let ca = Ca::new();
    let server = Running::strict(&ca).await;
    for versions in [TlsVersions::Tls12, TlsVersions::Tls13] {
        let tls = ca.client().versions(versions).build().unwrap();
        let builder = server.client(TlsMode::Required, tls);
        let mut client = builder.connect().await.unwrap();
        let bytes = vec![7; 16_000_000];
        client.upload(&bytes[..], "b").await.unwrap();
        for round in 0..8 {
            let mut writer = client.writer("part").await.unwrap();
            if round % 2 == 0 {
                writer.write_all(&bytes[..1_000_000]).await.unwrap();
            } else {
                drop(writer);
                writer = client.writer("part").await.unwrap();
            }
            drop(writer);
            drop(client.list("").await.unwrap());
            let mut reader = client.reader("b").await.unwrap();
            reader.read_exact(&mut [0; 1000]).await.unwrap();
            reader.abort().await.unwrap();
        }
        assert_eq!(transfer(&mut client, 0, 1).await, Some(true));
        client.quit().await.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn a_server_may_be_known_by_its_certificate_alone() {
    let ca = Ca::new();
    let server = Running::strict(&ca).await;
    let stranger = ca.issue(&["127.0.0.1"]).1;
    let pinned = |fingerprint| ClientTls::builder().pinned(fingerprint).build().unwrap();
    let mut client = server
        .client(TlsMode::Implicit, pinned(server.fingerprint))
        .connect()
        .await
        .unwrap();
    let shown = &client.tls_info().unwrap().certificates[0];
    assert_eq!(Fingerprint::of(shown), server.fingerprint);
    client.upload(&b"x"[..], "a").await.unwrap();
    client.quit().await.unwrap();

    for mode in [TlsMode::Implicit, TlsMode::Required] {
        let error = server
            .client(mode, pinned(stranger))
            .connect()
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Tls);
        assert!(error.to_string().contains("fingerprint"), "{error}");
    }
    let anybody = ClientTls::builder().dangerous_trust_anybody().build();
    let builder = server.client(TlsMode::Required, anybody.unwrap());
    builder.connect().await.unwrap().quit().await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn nobody_is_trusted_without_a_reason() {
    let ca = Ca::new();
    let server = Running::strict(&ca).await;
    let mut others = vec![Ca::named("another").client().build().unwrap()];
    // The system's own, unless it has none.
    others.extend(ClientTls::builder().build());
    for tls in others {
        for mode in [TlsMode::Required, TlsMode::Implicit] {
            let error = server
                .client(mode, tls.clone())
                .connect()
                .await
                .unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
            assert!(error.to_string().contains("as a root, or pin"), "{error}");
        }
    }
    // The certificate is for the address.
    let tls = ca.client().build().unwrap();
    let error = server
        .client(TlsMode::Required, tls)
        .host("localhost")
        .connect()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert!(error.to_string().contains("by the name"), "{error}");
    server.stop().await;
}

#[tokio::test]
async fn versions_that_do_not_meet_are_told() {
    let ca = Ca::new();
    let server = Running::start(&ca, |tls| tls.versions(TlsVersions::Tls13)).await;
    let tls = ca.client().versions(TlsVersions::Tls12).build().unwrap();
    let builder = server.client(TlsMode::Required, tls);
    let error = builder.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert!(error.to_string().contains("more versions"), "{error}");
    server.stop().await;
}

#[tokio::test]
async fn a_client_may_have_to_show_a_certificate() {
    let ca = Ca::new();
    let server = Running::start(&ca, |tls| {
        tls.clients(ClientCertificates::Required(ca.roots()))
            .reuse(SessionReuse::Required)
    })
    .await;
    for versions in [TlsVersions::Tls12, TlsVersions::Tls13] {
        let tls = ca.client().versions(versions);
        let tls = tls.identity(ca.issue(&["ana"]).0).build().unwrap();
        let mut client = server
            .client(TlsMode::Required, tls)
            .connect()
            .await
            .unwrap();
        for number in 0..5 {
            assert_eq!(transfer(&mut client, 0, number).await, Some(true));
        }
        client.quit().await.unwrap();

        let tls = ca.client().versions(versions).build().unwrap();
        let builder = server.client(TlsMode::Required, tls);
        let error = builder.connect().await.unwrap_err();
        // In TLS 1.3 the server says so behind the handshake.
        let expected = match versions {
            TlsVersions::Tls12 => ErrorKind::Tls,
            _ => error.kind(),
        };
        assert_eq!(error.kind(), expected, "{error}");
    }
    server.stop().await;
}

#[tokio::test]
async fn the_wrong_scheme_is_told() {
    let ca = Ca::new();
    let server = Running::strict(&ca).await;
    let tls = ca.client().build().unwrap();
    let error = server
        .client(TlsMode::Implicit, tls.clone())
        .port(server.explicit.port())
        .connect()
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Tls, "{error}");
    assert!(error.to_string().contains("ftpes://"), "{error}");
    // A server that waits for TLS says nothing.
    let error = server
        .client(TlsMode::Required, tls)
        .port(server.implicit.port())
        .timeout(Duration::from_millis(300))
        .connect()
        .await
        .unwrap_err();
    assert!(error.to_string().contains("ftps://"), "{error}");
    server.stop().await;
}

#[tokio::test]
async fn the_control_connection_goes_back_to_clear_text_where_that_is_allowed() {
    let ca = Ca::new();
    let server = Running::strict(&ca).await;
    for versions in [TlsVersions::Tls12, TlsVersions::Tls13] {
        let tls = ca.client().versions(versions).build().unwrap();
        let builder = server.client(TlsMode::Required, tls.clone());
        let mut client = builder.connect().await.unwrap();
        let error = client.clear_control().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(client.tls_info().is_some());

        let builder = server.client(TlsMode::Required, tls).dangerous_ccc(true);
        let mut client = builder.connect().await.unwrap();
        client.clear_control().await.unwrap();
        assert_eq!(client.tls_info(), None);
        // What is transferred stays under TLS.
        for number in 0..5 {
            assert_eq!(transfer(&mut client, 0, number).await, Some(true));
        }
        client.quit().await.unwrap();
    }
    server.stop().await;
}

#[tokio::test]
async fn what_was_learnt_serves_the_next_connection() {
    let ca = Ca::new();
    let server = Running::strict(&ca).await;
    let tls = ca.client().build().unwrap();
    let builder = server.client(TlsMode::Required, tls.clone());
    let mut client = builder.connect().await.unwrap();
    transfer(&mut client, 0, 0).await;
    let text = client.learned().to_string();
    client.quit().await.unwrap();
    let mut learned: Learned = text.parse().unwrap();
    assert!(learned.features.as_ref().unwrap().mlst().is_some());
    assert_eq!(learned.resumption, Resumption::Unknown);

    // The features need not be asked for, and TLS 1.2 is spoken where that was better.
    learned.prefer_tls12 = true;
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let builder = server
        .client(TlsMode::Required, tls)
        .features(false)
        .learned(learned.clone())
        .trace(move |line| {
            if line.to_string() == "> FEAT" {
                counted.fetch_add(1, Ordering::Relaxed);
            }
        });
    let mut client = builder.connect().await.unwrap();
    assert_eq!(client.tls_info().unwrap().version, "TLSv1_2");
    assert!(client.features().await.unwrap().mlst().is_some());
    transfer(&mut client, 1, 2).await;
    assert_eq!(sent.load(Ordering::Relaxed), 0);
    assert_eq!(client.learned(), learned);
    client.quit().await.unwrap();
    server.stop().await;
}

/// A remote holds several connections, each with sessions of its own to resume, and the server
/// takes no data connection that does not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_remote_under_tls_does_what_every_storage_does() {
    let ca = Ca::new();
    let server = Arc::new(Running::strict(&ca).await);
    let tls = ca.client().build().unwrap();
    let of = Arc::clone(&server);
    let remote = Remote::connect(move || of.client(TlsMode::Required, tls.clone()))
        .await
        .unwrap();
    conformance::check(&remote, UploadPolicy::Atomic).await;
    drop(remote);
    Arc::into_inner(server).unwrap().stop().await;
}
