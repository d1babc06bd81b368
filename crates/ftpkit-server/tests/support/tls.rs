//! FTPS clients for tests, made of rustls alone, and a small CA for both sides.

use std::{net::SocketAddr, sync::Arc};

use ftpkit_server::tls::{
    Identity, Roots, ServerTls, ServerTlsBuilder,
    rustls::{
        ClientConfig, HandshakeKind, RootCertStore, SupportedProtocolVersion,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, PrivateKeyDer},
        version::{TLS12, TLS13},
    },
};
use rcgen::{BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Client, Reply, within};

pub type Version = &'static SupportedProtocolVersion;
pub const BOTH: [Version; 2] = [&TLS12, &TLS13];

/// The name of servers whose tests do not care.
pub const NAME: &str = "ftp.example";

pub struct Ca {
    root: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
#[derive(Clone)]
pub struct Leaf {
    pub certificate: CertificateDer<'static>,
    key: Arc<KeyPair>,
}

impl Leaf {
    pub fn identity(&self) -> Identity {
        Identity::from_der(vec![self.certificate.clone()], self.key()).unwrap()
    }

    fn key(&self) -> PrivateKeyDer<'static> {
        self.key.serialize_der().try_into().unwrap()
    }
}

impl Ca {
    pub fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap();
        let issuer = Issuer::new(params, key);
        Self { root, issuer }
    }

    pub fn issue(&self, params: &CertificateParams) -> Leaf {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Leaf {
            certificate: certificate.der().clone(),
            key: Arc::new(key),
        }
    }

    pub fn host(&self, name: &str) -> Leaf {
        self.issue(&CertificateParams::new(vec![name.to_owned()]).unwrap())
    }

    /// Whom a server is to trust.
    pub fn roots(&self) -> Roots {
        Roots::from_pem(self.root.pem().as_bytes()).unwrap()
    }

    /// TLS of a server that is [`NAME`].
    pub fn server(&self) -> ServerTlsBuilder {
        ServerTls::builder().identity(self.host(NAME).identity())
    }

    /// A client of its own, which resumes no session of others. It trusts this CA.
    pub fn client(&self, version: Version, leaf: Option<&Leaf>) -> ClientConfig {
        self.client_of(&[version], leaf)
    }

    /// The same with these versions.
    pub fn client_of(&self, versions: &[Version], leaf: Option<&Leaf>) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.root.der().clone()).unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots);
        match leaf {
            None => builder.with_no_client_auth(),
            Some(leaf) => builder
                .with_client_auth_cert(vec![leaf.certificate.clone()], leaf.key())
                .unwrap(),
        }
    }
}

pub type Tls = TlsStream<TcpStream>;

/// How a data connection ended for the client.
#[derive(Debug, PartialEq)]
pub struct Got {
    pub bytes: Vec<u8>,
    /// With close_notify.
    pub clean: bool,
}

pub async fn handshake(
    config: &Arc<ClientConfig>,
    name: &str,
    stream: TcpStream,
) -> std::io::Result<Tls> {
    let name = name.to_owned().try_into().unwrap();
    let connector = TlsConnector::from(Arc::clone(config));
    within("handshake", connector.connect(name, stream)).await
}

/// Whether the session of another connection was resumed.
pub fn is_resumed(stream: &Tls) -> bool {
    stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed)
}

pub async fn read_to_end(stream: &mut Tls) -> Got {
    let mut bytes = Vec::new();
    let end = within("data", stream.read_to_end(&mut bytes)).await;
    let clean = end.is_ok();
    Got { bytes, clean }
}

/// A session under TLS.
pub struct Secure {
    pub control: Client<Tls>,
    pub config: Arc<ClientConfig>,
    pub name: &'static str,
}

impl Secure {
    /// AUTH TLS, up to the end of the handshake.
    pub async fn explicit(addr: SocketAddr, config: &Arc<ClientConfig>) -> Self {
        let mut control = Client::connect(addr).await;
        control.cmd("AUTH TLS", 234).await;
        Self::upgrade(control, config, NAME).await
    }

    /// TLS first, up to the greeting.
    pub async fn implicit(addr: SocketAddr, config: &Arc<ClientConfig>) -> Self {
        let control = Client::connect_unread(addr).await;
        let mut secure = Self::upgrade(control, config, NAME).await;
        secure.control.expect(220).await;
        secure
    }

    pub async fn upgrade(control: Client, config: &Arc<ClientConfig>, name: &'static str) -> Self {
        let (control, stream) = control.over(());
        let stream = handshake(config, name, stream).await.unwrap();
        Self {
            control: control.over(stream).0,
            config: Arc::clone(config),
            name,
        }
    }

    /// Logs in as `alice`, in TYPE I, with data connections under TLS.
    pub async fn login(addr: SocketAddr, config: &Arc<ClientConfig>) -> Self {
        let mut secure = Self::explicit(addr, config).await;
        secure.enter().await;
        secure.protect().await;
        secure
    }

    pub async fn enter(&mut self) {
        self.control.cmd("USER alice", 331).await;
        self.control.cmd("PASS secret", 230).await;
        self.control.cmd("TYPE I", 200).await;
    }

    pub async fn protect(&mut self) {
        self.control.cmd("PBSZ 0", 200).await;
        self.control.cmd("PROT P", 200).await;
    }

    /// Begins a transfer over a passive connection, up to the end of the handshake.
    pub async fn begin(&mut self, line: &str) -> Tls {
        let config = Arc::clone(&self.config);
        self.begin_as(line, &config).await.unwrap()
    }

    /// The same with the TLS of somebody else.
    pub async fn begin_as(
        &mut self,
        line: &str,
        config: &Arc<ClientConfig>,
    ) -> std::io::Result<Tls> {
        let stream = self.control.epsv().await;
        self.control.cmd(line, 150).await;
        handshake(config, self.name, stream).await
    }

    /// Downloads; whether the data connection has resumed the session is told too.
    pub async fn fetch(&mut self, line: &str) -> (Vec<u8>, bool) {
        let mut data = self.begin(line).await;
        let got = read_to_end(&mut data).await;
        assert!(got.clean, "close_notify ends {line}");
        self.control.expect(226).await;
        (got.bytes, is_resumed(&data))
    }

    /// Uploads likewise.
    pub async fn push(&mut self, line: &str, bytes: &[u8]) -> (Reply, bool) {
        let mut data = self.begin(line).await;
        within("data", data.write_all(bytes)).await.unwrap();
        data.shutdown().await.unwrap();
        let reply = self.control.expect(226).await;
        (reply, is_resumed(&data))
    }
}
