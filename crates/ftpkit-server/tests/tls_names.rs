//! Who is who under TLS: the certificate of each virtual host, and client certificates, on the
//! control connection and on those of its data.
#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod support;

use std::sync::{Arc, Mutex};

use ftpkit_accounts::{Account, Attempt, AuthFailure, Authenticator, Proof, Users};
use ftpkit_proto::Text;
use ftpkit_server::{
    ServerBuilder, ServerEvent,
    tls::{
        ClientCertificates, ServerTlsBuilder, SessionReuse,
        rustls::{ClientConfig, client::Resumption, pki_types::CertificateDer},
    },
};
use ftpkit_storage::{Memory, Storage};
use rcgen::{CertificateParams, DistinguishedName, DnType, SanType};
use support::{
    Client, Served, serve_with,
    tls::{BOTH, Ca, Leaf, Secure, Tls, handshake, is_resumed, read_to_end},
};

/// The certificate that the server showed.
fn shown(stream: &Tls) -> CertificateDer<'static> {
    stream.get_ref().1.peer_certificates().unwrap()[0].clone()
}

async fn auth(addr: std::net::SocketAddr) -> Client {
    let mut control = Client::connect(addr).await;
    control.cmd("AUTH TLS", 234).await;
    control
}

/// One that resumes nothing and sends no name, unless it is told to.
fn plain(config: ClientConfig) -> ClientConfig {
    let mut config = config;
    config.resumption = Resumption::disabled();
    config.enable_sni = false;
    config
}

/// The host, and whether it was under TLS.
type Seen = (Option<Vec<u8>>, bool);

/// Lets everybody in, and notes what is known of them.
#[derive(Clone)]
struct Porter {
    seen: Arc<Mutex<Vec<Seen>>>,
    storage: Arc<dyn Storage>,
}

impl Porter {
    fn new() -> Self {
        Self {
            seen: Arc::default(),
            storage: Arc::new(Memory::new()),
        }
    }

    fn last(&self) -> (Option<String>, bool) {
        let (host, secured) = self.seen.lock().unwrap().last().unwrap().clone();
        (host.map(|host| String::from_utf8(host).unwrap()), secured)
    }
}

#[async_trait::async_trait]
impl Authenticator for Porter {
    async fn authenticate(&self, attempt: &Attempt) -> Result<Account, AuthFailure> {
        let seen = (attempt.host().map(<[u8]>::to_vec), attempt.is_secured());
        self.seen.lock().unwrap().push(seen);
        Ok(Account::new("anybody", Arc::clone(&self.storage)))
    }
}

struct Hosts {
    ca: Ca,
    a: Leaf,
    b: Leaf,
    porter: Porter,
    served: Served,
}

/// A server that is a.example and b.example, and has a certificate for everybody else.
async fn hosts(change: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Hosts {
    let ca = Ca::new();
    let (a, b) = (ca.host("a.example"), ca.host("b.example"));
    let tls = ca
        .server()
        .host("a.example", a.identity())
        .host("B.example", b.identity())
        .build()
        .unwrap();
    let porter = Porter::new();
    let authenticator = porter.clone();
    let served = serve_with(|builder| {
        change(
            builder
                .tls(tls)
                .listen_implicit("127.0.0.1:0")
                .authenticator(authenticator),
        )
    })
    .await;
    Hosts {
        ca,
        a,
        b,
        porter,
        served,
    }
}

#[tokio::test]
async fn sni_picks_the_certificate_and_the_host() {
    let hosts = hosts(|builder| builder).await;
    let fallback = "ftp.example";
    for version in BOTH {
        let config = Arc::new(hosts.ca.client(version, None));
        for (name, leaf) in [
            ("a.example", Some(&hosts.a)),
            ("b.example", Some(&hosts.b)),
            (fallback, None),
        ] {
            for implicit in [false, true] {
                let control = if implicit {
                    Client::connect_unread(hosts.served.implicit.unwrap()).await
                } else {
                    auth(hosts.served.addr).await
                };
                // The client checks the name itself.
                let mut session = Secure::upgrade(control, &config, name).await;
                if implicit {
                    session.control.expect(220).await;
                }
                if let Some(leaf) = leaf {
                    assert_eq!(shown(&session.control.stream), leaf.certificate);
                }
                session.enter().await;
                assert_eq!(hosts.porter.last(), (Some(name.to_owned()), true));
                session.protect().await;
                assert!(session.fetch("LIST").await.1);
            }
        }
    }
}

#[tokio::test]
async fn host_and_sni_must_agree() {
    let hosts = hosts(|builder| builder).await;
    let config = Arc::new(hosts.ca.client(BOTH[1], None));
    let mut session = Secure::upgrade(auth(hosts.served.addr).await, &config, "a.example").await;
    session.control.cmd("HOST b.example", 504).await;
    session.control.cmd("HOST A.EXAMPLE", 220).await;
    session.enter().await;
    assert_eq!(hosts.porter.last().0.as_deref(), Some("A.EXAMPLE"));

    // Before AUTH as well: what was said in clear counts for nothing against the handshake.
    let mut control = Client::connect(hosts.served.addr).await;
    control.cmd("HOST b.example", 220).await;
    control.cmd("AUTH TLS", 234).await;
    let mut session = Secure::upgrade(control, &config, "a.example").await;
    assert_eq!(shown(&session.control.stream), hosts.a.certificate);
    session.enter().await;
    assert_eq!(hosts.porter.last().0.as_deref(), Some("a.example"));
}

#[tokio::test]
async fn host_before_auth_picks_the_certificate_where_sni_does_not() {
    let hosts = hosts(|builder| builder).await;
    for version in BOTH {
        let config = Arc::new(plain(hosts.ca.client(version, None)));
        for (name, leaf) in [("a.example", &hosts.a), ("b.example", &hosts.b)] {
            let mut control = Client::connect(hosts.served.addr).await;
            // The last one counts.
            control.cmd("HOST ftp.example", 220).await;
            control.cmd(&format!("HOST {name}"), 220).await;
            control.cmd("AUTH TLS", 234).await;
            let mut session = Secure::upgrade(control, &config, name).await;
            assert_eq!(shown(&session.control.stream), leaf.certificate);
            session.enter().await;
            assert_eq!(hosts.porter.last(), (Some(name.to_owned()), true));
            session.protect().await;
            // Its data connections have the same one.
            let mut data = session.begin("LIST").await;
            assert!(!is_resumed(&data));
            assert_eq!(shown(&data), leaf.certificate);
            read_to_end(&mut data).await;
            session.control.expect(226).await;
        }
        // Nobody said anything: the certificate for everybody else. HOST is free then.
        let control = auth(hosts.served.addr).await;
        let mut session = Secure::upgrade(control, &config, "ftp.example").await;
        session.control.cmd("HOST b.example", 220).await;
        session.enter().await;
        assert_eq!(hosts.porter.last().0.as_deref(), Some("b.example"));
    }
}

#[tokio::test]
async fn only_hosts_that_are_served_are_hosts() {
    let served_hosts = [Text::from_static("a.example")];
    let hosts = hosts(|builder| builder.hosts(served_hosts)).await;
    let config = Arc::new(hosts.ca.client(BOTH[1], None));
    let mut control = Client::connect(hosts.served.addr).await;
    control.cmd("HOST b.example", 504).await;
    control.cmd("HOST A.example", 220).await;
    let mut session = Secure::upgrade(auth(hosts.served.addr).await, &config, "b.example").await;
    session.enter().await;
    assert_eq!(hosts.porter.last(), (None, true));
}

#[tokio::test]
async fn certificates_are_renewed_while_sessions_run() {
    let ca = Ca::new();
    let (old, old_a) = (ca.host("ftp.example"), ca.host("a.example"));
    let tls = ServerTlsBuilder::default()
        .identity(old.identity())
        .host("a.example", old_a.identity())
        .reuse(SessionReuse::Off)
        .build()
        .unwrap();
    let renew = tls.clone();
    let served = serve_with(|builder| builder.tls(tls)).await;
    for version in BOTH {
        renew.set_identity(old.identity());
        renew.set_host("a.example", old_a.identity());
        let config = Arc::new(ca.client(version, None));
        let mut resuming = Secure::login(served.addr, &config).await;
        let mut config = ca.client(version, None);
        config.resumption = Resumption::disabled();
        let mut other = Secure::login(served.addr, &Arc::new(config)).await;
        let (new, new_a) = (ca.host("ftp.example"), ca.host("a.example"));
        renew.set_identity(new.identity());
        renew.set_host("A.example.", new_a.identity());

        for (name, leaf) in [("ftp.example", &new), ("a.example", &new_a)] {
            let config = Arc::new(ca.client(version, None));
            let session = Secure::upgrade(auth(served.addr).await, &config, name).await;
            assert_eq!(shown(&session.control.stream), leaf.certificate);
        }
        // Sessions that run are not disturbed, whether they resume or compare certificates.
        assert!(resuming.push("STOR file", b"on").await.1);
        let mut data = other.begin("RETR file").await;
        assert!(!is_resumed(&data));
        assert_eq!(shown(&data), old.certificate);
        assert_eq!(read_to_end(&mut data).await.bytes, b"on");
        other.control.expect(226).await;
    }
}

#[tokio::test]
async fn other_protocols_of_alpn_are_refused() {
    let hosts = hosts(|builder| builder).await;
    for version in BOTH {
        let config = |protocols: &[&str]| {
            let mut config = hosts.ca.client(version, None);
            config.alpn_protocols = protocols.iter().map(|p| p.as_bytes().to_vec()).collect();
            Arc::new(config)
        };
        for (protocols, chosen) in [
            (&[][..], None),
            (&["ftp"][..], Some("ftp")),
            (&["http/1.1", "ftp"], Some("ftp")),
            (&["ftp-data"], Some("ftp-data")),
        ] {
            let mut session = Secure::login(hosts.served.addr, &config(protocols)).await;
            let agreed = session.control.stream.get_ref().1.alpn_protocol();
            assert_eq!(agreed, chosen.map(str::as_bytes));
            assert!(session.fetch("LIST").await.1);
        }
        for protocols in [&["http/1.1"][..], &["h2", "http/1.1"], &["FTP"]] {
            let foreign = config(protocols);
            for addr in [hosts.served.addr, hosts.served.implicit.unwrap()] {
                let control = if addr == hosts.served.addr {
                    auth(addr).await
                } else {
                    Client::connect_unread(addr).await
                };
                let error = handshake(&foreign, "ftp.example", control.stream).await;
                let error = error.map(drop).unwrap_err().to_string();
                assert!(error.contains("NoApplicationProtocol"), "{error}");
            }
            let mut session = Secure::login(hosts.served.addr, &config(&["ftp"])).await;
            let error = session.begin_as("LIST", &foreign).await;
            error.map(drop).unwrap_err();
            session.control.expect(522).await;
            session.fetch("LIST").await;
        }
    }
}

/// A client certificate of somebody with an email address, and a subject.
fn person(ca: &Ca, name: &str) -> Leaf {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name = DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::OrganizationName, "Example, Inc.");
    params.distinguished_name.push(DnType::CommonName, name);
    let address = format!("{name}@example.org");
    params.subject_alt_names = vec![SanType::Rfc822Name(address.try_into().unwrap())];
    ca.issue(&params)
}

/// `by-san` and `by-subject` need Ana's certificate and nothing else, `both` needs it beside
/// the password `secret`; `alice` has a password only.
fn users() -> Users {
    let storage = Arc::new(Memory::new());
    let account = |name: &str| Account::new(name, Arc::clone(&storage) as Arc<dyn Storage>);
    let san = "email:ana@example.org".parse().unwrap();
    let subject = r"subject:CN=ana,O=Example\, Inc.".parse().unwrap();
    let bea = "email:bea@example.org".parse().unwrap();
    Users::builder()
        .account(account("alice"), "secret")
        .account_with(account("by-san"), Proof::certificate([san]))
        .account_with(account("by-subject"), Proof::certificate([subject]))
        .account_with(
            account("both"),
            Proof::password("secret").and_certificate([bea]),
        )
        .build()
        .unwrap()
}

async fn certified(
    ca: &Ca,
    clients: ClientCertificates,
    reuse: SessionReuse,
    heard: &Arc<Mutex<Vec<String>>>,
) -> Served {
    let tls = ca.server().clients(clients).reuse(reuse).build().unwrap();
    let heard = Arc::clone(heard);
    serve_with(|builder| {
        builder
            .tls(tls)
            .listen_implicit("127.0.0.1:0")
            .authenticator(users())
            .observer(move |event: &ServerEvent<'_>| {
                let line = match event {
                    ServerEvent::Secured { certificate, .. } => {
                        let subject = certificate.map(|shown| shown.subject().to_owned());
                        format!("secured {subject:?}")
                    }
                    ServerEvent::LoggedIn { user, .. } => format!("in {user}"),
                    ServerEvent::LoginFailed { .. } => "failed".to_owned(),
                    ServerEvent::TlsFailed { data, reason, .. } => format!("{data} {reason}"),
                    _ => return,
                };
                heard.lock().unwrap().push(line);
            })
    })
    .await
}

#[tokio::test]
async fn a_certificate_logs_its_account_in() {
    let ca = Ca::new();
    let heard = Arc::default();
    let asked = ClientCertificates::Asked(ca.roots());
    let served = certified(&ca, asked, SessionReuse::Required, &heard).await;
    let ana = person(&ca, "ana");
    for version in BOTH {
        heard.lock().unwrap().clear();
        let config = Arc::new(ca.client(version, Some(&ana)));
        for user in ["by-san", "by-subject"] {
            let mut session = Secure::explicit(served.addr, &config).await;
            session.control.cmd(&format!("USER {user}"), 232).await;
            session.protect().await;
            session.control.cmd("TYPE I", 200).await;
            assert!(session.push("STOR file", b"by certificate").await.1);
            assert_eq!(
                session.fetch("RETR file").await,
                (b"by certificate".to_vec(), true)
            );
            // Under implicit TLS too.
            let mut session = Secure::implicit(served.implicit.unwrap(), &config).await;
            session.control.cmd(&format!("USER {user}"), 232).await;
        }
        let heard = heard.lock().unwrap();
        let secured = r#"secured Some("CN=ana,O=Example\\, Inc.")"#;
        let (san, subject) = ("in by-san", "in by-subject");
        let told = [
            secured, san, secured, san, secured, subject, secured, subject,
        ];
        assert_eq!(*heard, told);
    }
}

#[tokio::test]
async fn a_certificate_is_of_no_use_to_others() {
    let ca = Ca::new();
    let heard = Arc::default();
    let asked = ClientCertificates::Asked(ca.roots());
    let served = certified(&ca, asked, SessionReuse::Auto, &heard).await;
    let (ana, bea) = (person(&ca, "ana"), person(&ca, "bea"));
    for version in BOTH {
        let config = |leaf: Option<&Leaf>| Arc::new(ca.client(version, leaf));
        for (leaf, user) in [
            (Some(&bea), "by-san"),
            (Some(&bea), "by-subject"),
            (Some(&ana), "nobody"),
            (None, "by-san"),
        ] {
            let mut session = Secure::explicit(served.addr, &config(leaf)).await;
            session.control.cmd(&format!("USER {user}"), 331).await;
            session.control.cmd("PASS ", 530).await;
        }
        // Who has a password logs in by it, with whatever certificate or none.
        for leaf in [None, Some(&ana)] {
            let mut session = Secure::explicit(served.addr, &config(leaf)).await;
            session.enter().await;
        }
        // Both, and neither without the other.
        for (leaf, password, code) in [
            (Some(&bea), "secret", 230),
            (Some(&bea), "wrong", 530),
            (Some(&ana), "secret", 530),
            (None, "secret", 530),
        ] {
            let mut session = Secure::explicit(served.addr, &config(leaf)).await;
            session.control.cmd("USER both", 331).await;
            session.control.cmd(&format!("PASS {password}"), code).await;
        }
    }
}

#[tokio::test]
async fn certificates_that_nobody_vouches_for_end_the_session() {
    let ca = Ca::new();
    let heard = Arc::default();
    let stranger = person(&Ca::new(), "ana");
    for required in [false, true] {
        let clients = if required {
            ClientCertificates::Required(ca.roots())
        } else {
            ClientCertificates::Asked(ca.roots())
        };
        let served = certified(&ca, clients, SessionReuse::Auto, &heard).await;
        for version in BOTH {
            let none = required.then_some(None);
            for leaf in [Some(Some(&stranger)), none].into_iter().flatten() {
                let config = Arc::new(ca.client(version, leaf));
                let control = auth(served.addr).await;
                // A client of TLS 1.3 is through before the server has judged its certificate.
                if let Ok(mut stream) = handshake(&config, "ftp.example", control.stream).await {
                    let got = read_to_end(&mut stream).await;
                    assert_eq!((got.bytes, got.clean), (Vec::new(), false));
                }
            }
            let ana = person(&ca, "ana");
            let mut session =
                Secure::explicit(served.addr, &Arc::new(ca.client(version, Some(&ana)))).await;
            session.control.cmd("USER by-san", 232).await;
        }
        support::until("all sessions are over", || served.handle.sessions() == 0).await;
    }
    let heard = heard.lock().unwrap();
    for reason in ["invalid peer certificate", "peer sent no certificates"] {
        assert!(heard.iter().any(|line| line.contains(reason)), "{heard:?}");
    }
}

/// Where sessions need not be resumed, a data connection must at least show the same
/// certificate.
#[tokio::test]
async fn data_connections_show_the_certificate_of_the_control_connection() {
    let ca = Ca::new();
    let (ana, bea) = (person(&ca, "ana"), person(&ca, "bea"));
    for reuse in [SessionReuse::Off, SessionReuse::Auto] {
        let heard = Arc::default();
        let asked = ClientCertificates::Asked(ca.roots());
        let served = certified(&ca, asked, reuse, &heard).await;
        for version in BOTH {
            let config = |leaf: Option<&Leaf>| Arc::new(plain_but_sni(ca.client(version, leaf)));
            let mut session = Secure::explicit(served.addr, &config(Some(&ana))).await;
            session.control.cmd("USER by-san", 232).await;
            session.control.cmd("TYPE I", 200).await;
            session.protect().await;
            assert!(!session.push("STOR file", b"Ana's").await.1);
            for other in [None, Some(&bea)] {
                let other = config(other);
                if let Ok(mut data) = session.begin_as("RETR file", &other).await {
                    let got = read_to_end(&mut data).await;
                    assert_eq!((got.bytes, got.clean), (Vec::new(), false));
                }
                session.control.expect(522).await;
            }
            assert_eq!(session.fetch("RETR file").await.0, b"Ana's");
        }
        let heard = heard.lock().unwrap();
        assert_eq!(
            heard
                .iter()
                .filter(|line| line.contains("another certificate"))
                .count(),
            4
        );
    }
}

fn plain_but_sni(config: ClientConfig) -> ClientConfig {
    let mut config = plain(config);
    config.enable_sni = true;
    config
}
