//! A session that is logged in: one control connection, its data connections, and what each of
//! them showed.

use std::{
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use ftpkit::proto::{Code, Reply, reply::fields};
use tokio::{
    io::AsyncReadExt as _,
    net::{TcpListener, TcpStream},
    time::timeout,
};

use super::{
    tls,
    wire::{self, Wire, within},
};

/// How much of a listing is read, in bytes.
const MOST: usize = 256 * 1024;

pub(super) struct Session {
    pub(super) wire: Wire,
    pub(super) tls: Option<tls::Session>,
    /// Data connections are under TLS.
    pub(super) protected: bool,
    pub(super) limit: Duration,
    /// Whether the control connection is in step; otherwise nothing more can be asked on it.
    in_step: bool,
}

/// How a data connection is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Epsv,
    Pasv,
    Eprt,
    Port,
}

/// Why a step did not succeed.
pub(super) enum Fault {
    /// The server said no.
    Refused(Reply),
    /// Something else went wrong; the session may be of no more use.
    Failed(String),
}

impl Fault {
    pub(super) fn text(&self) -> String {
        match self {
            Self::Refused(reply) => reply.to_string(),
            Self::Failed(text) => text.clone(),
        }
    }
}

impl From<String> for Fault {
    fn from(text: String) -> Self {
        Self::Failed(text)
    }
}

/// A listing that came over a data connection.
pub(super) struct Listed {
    pub(super) bytes: Vec<u8>,
    /// Whether the TLS session was resumed; none: there was no TLS.
    pub(super) resumed: Option<bool>,
    /// The address that PASV told.
    pub(super) told: Option<SocketAddr>,
}

impl Session {
    pub(super) const fn new(wire: Wire, tls: Option<tls::Session>, limit: Duration) -> Self {
        Self {
            wire,
            tls,
            protected: false,
            limit,
            in_step: true,
        }
    }

    pub(super) const fn is_in_step(&self) -> bool {
        self.in_step
    }

    /// Sends a command that has one reply.
    pub(super) async fn command(&mut self, line: impl AsRef<[u8]>) -> Result<Reply, String> {
        if !self.in_step {
            return Err("the connection was lost before".to_owned());
        }
        let reply = self.wire.command(line).await;
        self.in_step = reply.is_ok();
        reply
    }

    /// The reply to a command, where it is a 2yz.
    pub(super) async fn succeed(&mut self, line: impl AsRef<[u8]>) -> Result<Reply, Fault> {
        let reply = self.command(line).await?;
        if reply.code().is_success() {
            Ok(reply)
        } else {
            Err(Fault::Refused(reply))
        }
    }

    /// Logs in; the last reply tells how it went.
    pub(super) async fn login(&mut self, user: &[u8], password: &[u8]) -> Result<Reply, Fault> {
        let mut reply = self.command([b"USER ", user].concat()).await?;
        if reply.code() == Code::NEED_PASSWORD {
            reply = self.command([b"PASS ", password].concat()).await?;
        }
        if reply.code().is_success() {
            Ok(reply)
        } else {
            Err(Fault::Refused(reply))
        }
    }

    /// Has data connections protected.
    pub(super) async fn protect(&mut self) -> Result<Reply, Fault> {
        self.succeed("PBSZ 0").await?;
        let reply = self.succeed("PROT P").await?;
        self.protected = true;
        Ok(reply)
    }

    /// Carries a listing command out.
    pub(super) async fn list(
        &mut self,
        way: Way,
        command: &str,
        resume: bool,
    ) -> Result<Listed, Fault> {
        let (meeting, told) = self.meet(way).await?;
        let reply = self.command(command).await?;
        if !reply.code().is_preliminary() {
            return Err(Fault::Refused(reply));
        }
        let payload = self.payload(meeting, resume).await;
        // The server's word on a connection that failed is worth more than our own.
        let last = self.wire.reply().await;
        self.in_step = last.is_ok();
        match (payload, last) {
            (Ok((bytes, resumed)), Ok(last)) => {
                if last.code().is_success() || bytes.len() >= MOST {
                    Ok(Listed {
                        bytes,
                        resumed,
                        told,
                    })
                } else {
                    Err(Fault::Refused(last))
                }
            }
            (Err(_), Ok(last)) if last.code().is_refusal() => Err(Fault::Refused(last)),
            (Err(error), _) | (Ok(_), Err(error)) => Err(Fault::Failed(error)),
        }
    }

    /// Agrees on a data connection. One that is to be made by us is made now: some servers
    /// answer the command only then.
    async fn meet(&mut self, way: Way) -> Result<(Meeting, Option<SocketAddr>), Fault> {
        let peer = self.wire.peer;
        match way {
            Way::Epsv => {
                let reply = self.succeed("EPSV").await?;
                let port = fields::extended_passive(&reply)
                    .ok_or_else(|| format!("no port in the reply {reply}"))?;
                let stream = wire::open(SocketAddr::new(peer, port), self.limit).await?;
                Ok((Meeting::Met(stream), None))
            }
            Way::Pasv => {
                let reply = self.succeed("PASV").await?;
                let told = fields::passive(&reply)
                    .ok_or_else(|| format!("no address in the reply {reply}"))?;
                // What other address it tells is not gone to: it could be anybody's.
                let address = SocketAddr::new(peer, told.port());
                let stream = wire::open(address, self.limit).await?;
                Ok((Meeting::Met(stream), Some(told.into())))
            }
            Way::Eprt | Way::Port => {
                let local = self.wire.local;
                let listener = TcpListener::bind((local, 0)).await;
                let (listener, port) = listener
                    .and_then(|listener| {
                        let port = listener.local_addr()?.port();
                        Ok((listener, port))
                    })
                    .map_err(|error| format!("cannot listen on {local}: {error}"))?;
                let command = match (way, local) {
                    (Way::Port, IpAddr::V4(ip)) => {
                        let [a, b, c, d] = ip.octets();
                        let [high, low] = port.to_be_bytes();
                        format!("PORT {a},{b},{c},{d},{high},{low}")
                    }
                    (_, IpAddr::V4(ip)) => format!("EPRT |1|{ip}|{port}|"),
                    (_, IpAddr::V6(ip)) => format!("EPRT |2|{ip}|{port}|"),
                };
                self.succeed(&command).await?;
                Ok((Meeting::Expected(listener), None))
            }
        }
    }

    /// What comes over the data connection.
    async fn payload(
        &self,
        meeting: Meeting,
        resume: bool,
    ) -> Result<(Vec<u8>, Option<bool>), String> {
        let stream = match meeting {
            Meeting::Met(stream) => stream,
            Meeting::Expected(listener) => {
                let (stream, caller) = within(self.limit, listener.accept()).await?;
                if caller.ip().to_canonical() != self.wire.peer {
                    return Err(format!("{caller} called instead of the server"));
                }
                stream
            }
        };
        let tls = self.tls.as_ref().filter(|_| self.protected);
        let Some(tls) = tls else {
            return Ok((read(stream, self.limit).await?, None));
        };
        let secured = within(self.limit, tls.handshake(stream, resume)).await?;
        let bytes = read(secured.stream, self.limit).await?;
        Ok((bytes, Some(secured.resumed)))
    }

    pub(super) async fn quit(self) {
        if self.in_step {
            self.wire.quit().await;
        }
    }
}

enum Meeting {
    Met(TcpStream),
    Expected(TcpListener),
}

async fn read(
    mut stream: impl tokio::io::AsyncRead + Unpin,
    limit: Duration,
) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut block = vec![0; 16 * 1024];
    while bytes.len() < MOST {
        match timeout(limit, stream.read(&mut block)).await {
            Err(_) => return Err("the data connection came to a halt".to_owned()),
            Ok(Ok(0)) => break,
            Ok(Ok(read)) => bytes.extend_from_slice(block.get(..read).unwrap_or_default()),
            // Servers of old end a listing under TLS without a goodbye.
            Ok(Err(error)) if error.kind() == std::io::ErrorKind::UnexpectedEof => break,
            Ok(Err(error)) => return Err(format!("the data connection broke: {error}")),
        }
    }
    Ok(bytes)
}
