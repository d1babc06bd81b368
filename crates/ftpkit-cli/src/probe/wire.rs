//! A control connection in the plainest form: a line out, a reply in. No procedure stands
//! above it, since a probe wants to know what the server does with each command by itself.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use ftpkit::proto::{
    Reply,
    reply::ReplyReader,
    wire::{Framed, Framer},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::client::TlsStream;

use super::tls::Session;

/// The longest line and the longest reply that are read, in bytes.
const LINE: usize = 16 * 1024;
const REPLY: usize = 256 * 1024;

pub(super) struct Wire {
    stream: Stream,
    framer: Framer,
    replies: ReplyReader,
    limit: Duration,
    pub(super) peer: IpAddr,
    pub(super) local: IpAddr,
}

enum Stream {
    Clear(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What a TLS handshake on a control connection has shown.
pub(super) struct Handshake {
    pub(super) suite: String,
    pub(super) certificate: Option<Vec<u8>>,
}

impl Wire {
    /// Over a connection of which nothing was read yet.
    pub(super) fn over(stream: TcpStream, limit: Duration) -> Result<Self, String> {
        let (Ok(peer), Ok(local)) = (stream.peer_addr(), stream.local_addr()) else {
            return Err("the connection was closed at once".to_owned());
        };
        Ok(Self {
            stream: Stream::Clear(stream),
            framer: Framer::new(LINE),
            replies: ReplyReader::new(REPLY, true),
            limit,
            peer: peer.ip().to_canonical(),
            local: local.ip().to_canonical(),
        })
    }

    /// Begins TLS, once AUTH was answered or at the start.
    pub(super) async fn start_tls(self, session: &Session) -> Result<(Self, Handshake), String> {
        if !self.framer.is_empty() {
            return Err("the server has sent more in clear before TLS".to_owned());
        }
        let Stream::Clear(stream) = self.stream else {
            return Err("TLS has begun already".to_owned());
        };
        let secured = within(self.limit, session.handshake(stream, true)).await?;
        let handshake = Handshake {
            suite: secured.suite(),
            certificate: secured.certificate().map(|der| der.to_vec()),
        };
        let this = Self {
            stream: Stream::Tls(Box::new(secured.stream)),
            ..self
        };
        Ok((this, handshake))
    }

    /// Sends a command and returns its first reply.
    pub(super) async fn command(&mut self, line: impl AsRef<[u8]>) -> Result<Reply, String> {
        let line = line.as_ref();
        let shown: &[u8] = match line {
            [b'P', b'A', b'S', b'S', b' ', ..] => b"PASS ***",
            line => line,
        };
        tracing::debug!(target: "ftpkit::wire", "> {}", shown.escape_ascii());
        let line = [line, b"\r\n"].concat();
        let write = async {
            match &mut self.stream {
                Stream::Clear(stream) => stream.write_all(&line).await,
                Stream::Tls(stream) => {
                    stream.write_all(&line).await?;
                    stream.flush().await
                }
            }
        };
        within(self.limit, write).await?;
        self.reply().await
    }

    /// The next reply.
    pub(super) async fn reply(&mut self) -> Result<Reply, String> {
        let limit = self.limit;
        match timeout(limit, self.read_reply()).await {
            Ok(reply) => {
                let reply = reply?;
                tracing::debug!(target: "ftpkit::wire", "< {reply}");
                Ok(reply)
            }
            Err(_) => Err(late(limit)),
        }
    }

    /// The greeting, behind what servers say that ask to wait.
    pub(super) async fn greeting(&mut self) -> Result<Reply, String> {
        for _ in 0..3 {
            let reply = self.reply().await?;
            if !reply.code().is_preliminary() {
                return Ok(reply);
            }
        }
        Err("the server asks to wait, again and again".to_owned())
    }

    async fn read_reply(&mut self) -> Result<Reply, String> {
        let mut block = [0; 4096];
        loop {
            match self.framer.next_line() {
                Some(Framed::Line(line)) => {
                    let reply = self.replies.push_line(line);
                    if let Some(reply) = reply.map_err(|error| error.to_string())? {
                        return Ok(reply);
                    }
                    continue;
                }
                Some(Framed::TooLong) => return Err("a line is too long".to_owned()),
                None => {}
            }
            let read = match &mut self.stream {
                Stream::Clear(stream) => stream.read(&mut block).await,
                Stream::Tls(stream) => stream.read(&mut block).await,
            };
            match read {
                Ok(0) => return Err("the server closed the connection".to_owned()),
                Ok(read) => self.framer.push(block.get(..read).unwrap_or_default()),
                Err(error) => return Err(told(&error)),
            }
        }
    }

    /// Says goodbye; what the server makes of it is no matter.
    pub(super) async fn quit(mut self) {
        let _ = self.command("QUIT").await;
        let limit = self.limit;
        let _ = match &mut self.stream {
            Stream::Clear(stream) => timeout(limit, stream.shutdown()).await,
            Stream::Tls(stream) => timeout(limit, stream.shutdown()).await,
        };
    }
}

pub(super) async fn open(address: SocketAddr, limit: Duration) -> Result<TcpStream, String> {
    let stream = within(limit, TcpStream::connect(address)).await?;
    // Each command is a packet that waits for its answer.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Waits for `work`, at most this long.
pub(super) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = io::Result<T>>,
) -> Result<T, String> {
    match timeout(limit, work).await {
        Ok(done) => done.map_err(|error| told(&error)),
        Err(_) => Err(late(limit)),
    }
}

fn late(limit: Duration) -> String {
    format!("no answer within {} s", limit.as_secs_f64())
}

fn told(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "the connection was refused".to_owned(),
        io::ErrorKind::UnexpectedEof => "the server closed the connection".to_owned(),
        _ => error.to_string(),
    }
}
