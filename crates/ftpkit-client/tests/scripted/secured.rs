//! Servers under TLS that a test scripts: a small CA, and what such a server does beside the
//! lines of `peer`.

use std::{io, sync::Arc};

use ftpkit_client::{
    ClientBuilder, TlsMode,
    tls::{
        ClientTls, Roots, TlsVersions,
        rustls::{
            ServerConfig, ServerConnection, crypto::aws_lc_rs, pki_types::PrivateKeyDer,
            server::NoServerSessionStorage,
        },
    },
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::peer::{Peer, Stream, accept, serve};

/// A CA that the client trusts, and servers that it vouches for.
pub(crate) struct Ca {
    issuer: Issuer<'static, KeyPair>,
    root: String,
}

/// One certificate of a server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Shown {
    Good,
    Expired,
    Future,
}

impl Ca {
    pub(crate) fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(DnType::CommonName, "CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let root = params.self_signed(&key).unwrap().pem();
        let issuer = Issuer::new(params, key);
        Self { issuer, root }
    }

    /// A server with a certificate of its own, which resumes sessions, or never does.
    pub(crate) fn server(&self, shown: Shown) -> Tls {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        match shown {
            Shown::Good => {}
            Shown::Expired => params.not_after = date_time_ymd(2001, 1, 1),
            Shown::Future => params.not_before = date_time_ymd(2090, 1, 1),
        }
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        let key: PrivateKeyDer<'static> = key.serialize_der().try_into().unwrap();
        let provider = Arc::new(aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![leaf.der().clone()], key)
            .unwrap();
        let mut fresh = config.clone();
        fresh.session_storage = Arc::new(NoServerSessionStorage {});
        Tls {
            resuming: TlsAcceptor::from(Arc::new(config)),
            fresh: TlsAcceptor::from(Arc::new(fresh)),
        }
    }

    /// The client's side.
    pub(crate) fn client(&self, versions: TlsVersions) -> ClientTls {
        let roots = Roots::from_pem(self.root.as_bytes()).unwrap();
        let builder = ClientTls::builder().roots(roots).versions(versions);
        builder.build().unwrap()
    }
}

/// A server's TLS.
#[derive(Clone)]
pub(crate) struct Tls {
    resuming: TlsAcceptor,
    fresh: TlsAcceptor,
}

pub(crate) type Data = TlsStream<TcpStream>;

impl Tls {
    /// Takes the client's data connection, and resumes its session.
    pub(crate) async fn resume(&self, listener: &TcpListener) -> Data {
        let stream = accept(listener).await;
        let data = self.resuming.accept(stream).await.unwrap();
        assert!(is_resumed(&data), "the client could not resume");
        data
    }

    /// Takes the client's data connection, and begins a session of its own.
    pub(crate) async fn begin(&self, listener: &TcpListener) -> io::Result<Data> {
        self.fresh.accept(accept(listener).await).await
    }

    /// Sends this over a data connection that resumes, and ends it as it should be.
    pub(crate) async fn send(&self, listener: &TcpListener, payload: &[u8]) {
        let mut data = self.resume(listener).await;
        data.write_all(payload).await.unwrap();
        end(data).await;
    }

    /// Reads what the client sends over one that resumes, to its end.
    pub(crate) async fn receive(&self, listener: &TcpListener) -> Vec<u8> {
        let mut data = self.resume(listener).await;
        let payload = read(&mut data).await;
        end(data).await;
        payload
    }
}

fn is_resumed(data: &Data) -> bool {
    let state: &ServerConnection = data.get_ref().1;
    state.handshake_kind() == Some(ftpkit_client::tls::rustls::HandshakeKind::Resumed)
}

/// All that the client sends; it must end with close_notify.
pub(crate) async fn read(data: &mut Data) -> Vec<u8> {
    let mut payload = Vec::new();
    data.read_to_end(&mut payload).await.unwrap();
    payload
}

/// Ends a data connection with close_notify, and waits for the client's.
pub(crate) async fn end(mut data: Data) {
    data.shutdown().await.unwrap();
    assert_eq!(read(&mut data).await, b"");
}

/// Serves one connection with what a good server has; the builder wants TLS.
pub(crate) async fn serve_tls<F, Fut>(
    versions: TlsVersions,
    script: F,
) -> (ClientBuilder, JoinHandle<()>)
where
    F: FnOnce(Peer, Tls) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let ca = Ca::new();
    let tls = ca.server(Shown::Good);
    let (builder, server) = serve(move |peer| script(peer, tls)).await;
    let builder = builder.tls(TlsMode::Required);
    (builder.tls_config(ca.client(versions)), server)
}

impl Peer {
    /// Greeting, AUTH and the handshake.
    pub(crate) async fn auth(mut self, tls: &Tls) -> Self {
        self.reply("220 ready").await;
        self.answer("AUTH TLS", "234 go").await;
        self.handshake(tls).await.unwrap()
    }

    pub(crate) async fn handshake(self, tls: &Tls) -> io::Result<Self> {
        let stream = tls.resuming.accept(self.stream.into_inner()).await?;
        let stream: Box<dyn Stream> = Box::new(stream);
        Ok(Self {
            stream: BufReader::new(stream),
        })
    }

    /// From the greeting to the login, as anonymous.
    pub(crate) async fn login_tls(self, tls: &Tls) -> Self {
        let mut peer = self.auth(tls).await;
        peer.answer("PBSZ 0", "200 ok").await;
        peer.answer("PROT P", "200 ok").await;
        peer.answer("USER anonymous", "331 password").await;
        peer.answer("PASS anonymous@", "230 in").await;
        peer
    }
}
