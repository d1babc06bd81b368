//! TLS as a probe speaks it: every certificate is let in, and what would have been said of it
//! is noted. So nothing secret may be said over such a connection before
//! [`Secured::verdict`] was looked at.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use anyhow::Context as _;
use ftpkit::proto::url::Url;
use ftpkit_tokio::tls::{
    Fingerprint, Identity, TlsVersions,
    rustls::{
        self, ClientConfig, DigitallySignedStruct, HandshakeKind, RootCertStore, SignatureScheme,
        SupportedProtocolVersion,
        client::{
            ClientSessionMemoryCache, ResolvesClientCert, Resumption, WebPkiServerVerifier,
            danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
        },
        crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature},
        pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject as _},
        sign::CertifiedKey,
        version,
    },
};
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{args, usage};

static TLS12: &[&SupportedProtocolVersion] = &[&version::TLS12];
static TLS13: &[&SupportedProtocolVersion] = &[&version::TLS13];

/// What the options say of trust, and what is shown.
pub(super) struct Settings {
    provider: Arc<CryptoProvider>,
    judge: Judge,
    identity: Option<Arc<CertifiedKey>>,
    name: ServerName<'static>,
    versions: TlsVersions,
}

#[derive(Clone, Debug)]
enum Judge {
    /// CAs: those of the system, or of a file.
    Authorities(Arc<dyn ServerCertVerifier>),
    Pinned(Fingerprint),
    Anybody,
}

/// Whether a server is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    Trusted,
    /// Nobody asked.
    Unchecked,
    Untrusted(String),
}

impl Settings {
    /// Reads the files that the options name.
    pub(super) fn new(url: &Url, options: &args::Tls) -> anyhow::Result<Self> {
        let provider = Arc::new(aws_lc_rs::default_provider());
        let judge = match (&options.cacert, options.pin) {
            (Some(file), _) => {
                let mut roots = RootCertStore::empty();
                for certificate in CertificateDer::pem_file_iter(file)
                    .map_err(|error| usage(format!("--cacert {file:?}: {error}")))?
                {
                    let certificate = certificate
                        .map_err(|error| usage(format!("--cacert {file:?}: {error}")))?;
                    roots
                        .add(certificate)
                        .map_err(|error| usage(format!("--cacert {file:?}: {error}")))?;
                }
                let verifier = WebPkiServerVerifier::builder_with_provider(
                    Arc::new(roots),
                    Arc::clone(&provider),
                )
                .build()
                .map_err(|error| usage(format!("--cacert {file:?}: {error}")))?;
                Judge::Authorities(verifier)
            }
            (None, Some(pin)) => Judge::Pinned(pin),
            (None, None) if options.insecure => Judge::Anybody,
            (None, None) => Judge::Authorities(Arc::new(
                rustls_platform_verifier::Verifier::new(Arc::clone(&provider))
                    .context("the certificates that the system trusts cannot be read")?,
            )),
        };
        let host = url.host().to_string();
        Ok(Self {
            identity: identity(options, &provider)?,
            provider,
            judge,
            name: ServerName::try_from(host.trim_end_matches('.').to_owned())
                .map_err(|_| usage(format!("no certificate can be for the host {host}")))?,
            versions: args::versions(options.tls_version),
        })
    }

    /// The versions to try, the newest first.
    pub(super) fn versions(&self) -> &'static [TlsVersions] {
        match self.versions {
            TlsVersions::Tls12 => &[TlsVersions::Tls12],
            TlsVersions::Tls13 => &[TlsVersions::Tls13],
            _ => &[TlsVersions::Tls13, TlsVersions::Tls12],
        }
    }

    /// What the connections of one session share.
    pub(super) fn session(&self, versions: TlsVersions) -> Result<Session, String> {
        let verifier = Arc::new(Noting {
            judge: self.judge.clone(),
            provider: Arc::clone(&self.provider),
            verdict: Mutex::new(None),
        });
        let shown = Arc::new(Shown {
            identity: self.identity.clone(),
            asked: AtomicBool::new(false),
        });
        let versions = match versions {
            TlsVersions::Tls12 => TLS12,
            TlsVersions::Tls13 => TLS13,
            _ => rustls::ALL_VERSIONS,
        };
        let mut config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(versions)
            .map_err(|error| error.to_string())?
            .dangerous()
            .with_custom_certificate_verifier(Arc::clone(&verifier) as _)
            .with_client_cert_resolver(Arc::clone(&shown) as _);
        config.resumption = Resumption::store(Arc::new(ClientSessionMemoryCache::new(8)));
        config.alpn_protocols = vec![b"ftp".to_vec()];
        config.check_selected_alpn = false;
        let mut anew = config.clone();
        anew.resumption = Resumption::disabled();
        Ok(Session {
            config: Arc::new(config),
            anew: Arc::new(anew),
            verifier,
            shown,
            name: self.name.clone(),
        })
    }

    pub(super) const fn any_version(&self) -> TlsVersions {
        self.versions
    }
}

fn identity(
    options: &args::Tls,
    provider: &CryptoProvider,
) -> anyhow::Result<Option<Arc<CertifiedKey>>> {
    let Some((chain, key)) = options.identity_files() else {
        return Ok(None);
    };
    // It tells what is wrong with the files in words of its own.
    Identity::from_pem_files(chain, key).map_err(|error| usage(error.to_string()))?;
    let wrong = |error: &dyn std::fmt::Display| usage(format!("--cert {chain:?}: {error}"));
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(&error))?;
    let chain = CertificateDer::pem_file_iter(chain)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(&error))?;
    let identity = CertifiedKey::from_der(chain, key, provider).map_err(|error| wrong(&error))?;
    Ok(Some(Arc::new(identity)))
}

/// TLS of one control connection and its data connections.
pub(super) struct Session {
    config: Arc<ClientConfig>,
    /// The same without a memory.
    anew: Arc<ClientConfig>,
    verifier: Arc<Noting>,
    shown: Arc<Shown>,
    name: ServerName<'static>,
}

/// What a handshake has shown.
pub(super) struct Secured {
    pub(super) stream: TlsStream<TcpStream>,
    pub(super) resumed: bool,
}

impl Session {
    pub(super) async fn handshake(
        &self,
        stream: TcpStream,
        resume: bool,
    ) -> std::io::Result<Secured> {
        let config = if resume { &self.config } else { &self.anew };
        let stream = TlsConnector::from(Arc::clone(config))
            .connect(self.name.clone(), stream)
            .await?;
        let resumed = stream.get_ref().1.handshake_kind() == Some(HandshakeKind::Resumed);
        Ok(Secured { stream, resumed })
    }

    /// What is to be said of the certificate of the first handshake; not trusted where there
    /// was none.
    pub(super) fn verdict(&self) -> Verdict {
        let verdict = self.verifier.verdict.lock();
        verdict
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
            .unwrap_or_else(|| Verdict::Untrusted("no certificate was shown".to_owned()))
    }

    /// Whether the server has asked for a certificate.
    pub(super) fn was_asked(&self) -> bool {
        self.shown.asked.load(Ordering::Acquire)
    }
}

impl Secured {
    /// The end entity's certificate.
    pub(super) fn certificate(&self) -> Option<CertificateDer<'static>> {
        let shown = self.stream.get_ref().1.peer_certificates()?;
        shown.first().cloned()
    }

    /// The version and the cipher suite.
    pub(super) fn suite(&self) -> String {
        let state = self.stream.get_ref().1;
        let suite = state.negotiated_cipher_suite();
        suite.map_or_else(String::new, |suite| format!("{:?}", suite.suite()))
    }
}

/// Lets everybody in and notes what the judge says.
#[derive(Debug)]
struct Noting {
    judge: Judge,
    provider: Arc<CryptoProvider>,
    verdict: Mutex<Option<Verdict>>,
}

impl ServerCertVerifier for Noting {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verdict = match &self.judge {
            Judge::Authorities(verifier) => {
                match verifier.verify_server_cert(end_entity, intermediates, name, ocsp, now) {
                    Ok(_) => Verdict::Trusted,
                    Err(error) => Verdict::Untrusted(error.to_string()),
                }
            }
            Judge::Pinned(pin) if *pin == Fingerprint::of(end_entity) => Verdict::Trusted,
            Judge::Pinned(_) => {
                Verdict::Untrusted("its fingerprint is not the one of --pin".to_owned())
            }
            Judge::Anybody => Verdict::Unchecked,
        };
        let mut noted = self.verdict.lock().unwrap_or_else(PoisonError::into_inner);
        // The worst counts: data connections are the control connection's server too.
        match &*noted {
            Some(Verdict::Untrusted(_)) => {}
            _ => *noted = Some(verdict),
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Shows the certificate of the options, and notes that it was asked for one.
#[derive(Debug)]
struct Shown {
    identity: Option<Arc<CertifiedKey>>,
    asked: AtomicBool,
}

impl ResolvesClientCert for Shown {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.asked.store(true, Ordering::Release);
        self.identity.clone()
    }

    fn has_certs(&self) -> bool {
        true
    }
}
