//! TLS of data connections, with records that are decrypted where they arrived.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use anyhow::{Context as _, anyhow, bail};
use rustls::{
    CipherSuite, ClientConfig, DigitallySignedStruct, Error, HandshakeKind, NamedGroup,
    SignatureScheme,
    client::{
        ClientSessionMemoryCache, Resumption, UnbufferedClientConnection,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, UnixTime},
    unbuffered::{ConnectionState, EncodeError, UnbufferedStatus},
};

/// Handshakes of the whole program, by their kind.
pub(crate) static FULL: AtomicU64 = AtomicU64::new(0);
pub(crate) static RESUMED: AtomicU64 = AtomicU64::new(0);

/// Counts a handshake.
pub(crate) fn count(kind: Option<HandshakeKind>) {
    let counter = match kind {
        Some(HandshakeKind::Resumed) => &RESUMED,
        _ => &FULL,
    };
    counter.fetch_add(1, Relaxed);
}

/// The name that all certificates are asked for.
pub(crate) fn name() -> ServerName<'static> {
    ServerName::IpAddress(std::net::IpAddr::from([127, 0, 0, 1]).into())
}

/// The settings of one client, whose connections share its tickets: TLS 1.3, AES-256-GCM and
/// X25519, so that all servers compute the same. P-256 is for vsftpd, which has nothing else.
pub(crate) fn config(resume: bool) -> anyhow::Result<Arc<ClientConfig>> {
    let mut provider = aws_lc_rs::default_provider();
    provider
        .cipher_suites
        .retain(|suite| suite.suite() == CipherSuite::TLS13_AES_256_GCM_SHA384);
    provider
        .kx_groups
        .retain(|group| matches!(group.name(), NamedGroup::X25519 | NamedGroup::secp256r1));
    let mut config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    config.resumption = if resume {
        Resumption::store(Arc::new(ClientSessionMemoryCache::new(8)))
    } else {
        Resumption::disabled()
    };
    Ok(Arc::new(config))
}

/// Takes every certificate: the servers are this machine's, and to check them would be work of
/// the client's in what is measured of a server.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// How much of a file is encrypted at a time.
pub(crate) const BLOCK: usize = 256 << 10;

/// What the machine of TLS waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Want {
    /// More bytes, before anything can be sent.
    Handshake,
    /// Nothing; payload may go either way.
    Traffic,
    /// Nothing more will come.
    Closed,
}

/// A data connection under TLS.
pub(crate) struct Stream {
    socket: TcpStream,
    tls: UnbufferedClientConnection,
    /// What came and is not yet looked at lies between `start` and `end`.
    incoming: Vec<u8>,
    start: usize,
    end: usize,
    /// What is to be sent, up to `queued`.
    outgoing: Vec<u8>,
    queued: usize,
}

impl Stream {
    /// Makes the handshake. Big buffers are for payload that is more than a few records.
    pub(crate) fn connect(
        socket: TcpStream,
        config: Arc<ClientConfig>,
        is_big: bool,
    ) -> anyhow::Result<Self> {
        let mut stream = Self {
            socket,
            tls: UnbufferedClientConnection::new(config, name())?,
            incoming: vec![0; if is_big { 512 << 10 } else { 40 << 10 }],
            start: 0,
            end: 0,
            outgoing: vec![
                0;
                if is_big {
                    BLOCK + (BLOCK >> 6)
                } else {
                    24 << 10
                }
            ],
            queued: 0,
        };
        while stream.advance(&mut |_| Ok(()))? == Want::Handshake {
            if stream.fill()? == 0 {
                bail!("the connection ended in its handshake");
            }
        }
        count(stream.tls.handshake_kind());
        Ok(stream)
    }

    /// Does all that can be done with what has come.
    fn advance(
        &mut self,
        sink: &mut dyn FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<Want> {
        loop {
            let incoming = &mut self.incoming[self.start..self.end];
            let UnbufferedStatus {
                mut discard, state, ..
            } = self.tls.process_tls_records(incoming);
            let mut want = None;
            match state? {
                ConnectionState::EncodeTlsData(mut data) => loop {
                    match data.encode(&mut self.outgoing[self.queued..]) {
                        Ok(length) => {
                            self.queued += length;
                            break;
                        }
                        Err(EncodeError::InsufficientSize(size)) => {
                            let needed = self.queued + size.required_size;
                            self.outgoing.resize(needed, 0);
                        }
                        Err(error) => return Err(error.into()),
                    }
                },
                ConnectionState::TransmitTlsData(data) => {
                    self.socket.write_all(&self.outgoing[..self.queued])?;
                    self.queued = 0;
                    data.done();
                }
                ConnectionState::ReadTraffic(mut traffic) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record?;
                        discard += record.discard;
                        sink(record.payload)?;
                    }
                }
                ConnectionState::BlockedHandshake => want = Some(Want::Handshake),
                ConnectionState::WriteTraffic(_) => want = Some(Want::Traffic),
                ConnectionState::PeerClosed | ConnectionState::Closed => want = Some(Want::Closed),
                other => return Err(anyhow!("TLS is in an unexpected state: {other:?}")),
            }
            self.start += discard;
            if self.start == self.end {
                (self.start, self.end) = (0, 0);
            }
            if let Some(want) = want {
                return Ok(want);
            }
        }
    }

    /// Reads what has come behind what is there.
    fn fill(&mut self) -> std::io::Result<usize> {
        self.incoming.copy_within(self.start..self.end, 0);
        (self.start, self.end) = (0, self.end - self.start);
        let length = self.socket.read(&mut self.incoming[self.end..])?;
        self.end += length;
        Ok(length)
    }

    /// Gives all that comes to a sink, and tells whether it ended as TLS ends.
    pub(crate) fn drain(
        &mut self,
        sink: &mut dyn FnMut(&[u8]) -> anyhow::Result<()>,
    ) -> anyhow::Result<bool> {
        while self.advance(sink)? != Want::Closed {
            match self.fill() {
                Ok(0) => return Ok(false),
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(false),
                other => other?,
            };
        }
        Ok(true)
    }

    /// Gives one piece of what comes to a sink.
    pub(crate) fn take_some(&mut self) -> anyhow::Result<()> {
        let mut got = 0;
        while got == 0 {
            self.advance(&mut |payload| {
                got += payload.len();
                Ok(())
            })?;
            if got == 0 && self.fill()? == 0 {
                bail!("the connection ended before its payload");
            }
        }
        Ok(())
    }

    /// Sends up to [`BLOCK`] bytes.
    pub(crate) fn send(&mut self, payload: &[u8]) -> anyhow::Result<()> {
        let state = self.tls.process_tls_records(&mut []).state?;
        let ConnectionState::WriteTraffic(mut traffic) = state else {
            bail!("the server has ended TLS in the middle of an upload");
        };
        let encrypted = traffic.encrypt(payload, &mut self.outgoing);
        let length = encrypted.context("payload cannot be encrypted")?;
        self.socket.write_all(&self.outgoing[..length])?;
        Ok(())
    }

    /// Says that nothing more comes.
    pub(crate) fn finish(&mut self) -> anyhow::Result<()> {
        let state = self.tls.process_tls_records(&mut []).state?;
        if let ConnectionState::WriteTraffic(mut traffic) = state {
            let queued = traffic.queue_close_notify(&mut self.outgoing);
            let length = queued.context("TLS cannot be ended")?;
            self.socket.write_all(&self.outgoing[..length])?;
        }
        Ok(())
    }

    pub(crate) const fn socket(&self) -> &TcpStream {
        &self.socket
    }
}
