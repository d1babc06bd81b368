//! A raw FTP client for tests: it sends the bytes it is told to and reads replies, and knows
//! nothing of ftpkit. Waits end in a panic after a while, so that a hang is a failure.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "test support, used in part"
)]

use std::{
    future::Future,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

#[cfg(feature = "tls")]
pub mod tls;

use ftpkit_server::{Server, ServerBuilder, ServerHandle};
use ftpkit_storage::{Memory, Storage};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// A server on a port of its own, with the user `alice` (password `secret`) on a fresh memory
/// storage.
pub struct Served {
    pub addr: SocketAddr,
    /// Of the first address for implicit TLS, where there is one.
    pub implicit: Option<SocketAddr>,
    pub storage: Arc<Memory>,
    pub handle: ServerHandle,
    pub task: JoinHandle<()>,
}

pub async fn serve() -> Served {
    serve_with(|builder| builder).await
}

pub async fn serve_with(change: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Served {
    serve_on("127.0.0.1:0", change).await
}

pub async fn serve_on(addr: &str, change: impl FnOnce(ServerBuilder) -> ServerBuilder) -> Served {
    let storage = Arc::new(Memory::new());
    let users = ftpkit_accounts::Users::builder()
        .user("alice", "secret", Arc::clone(&storage) as Arc<dyn Storage>)
        .build()
        .unwrap();
    let builder = Server::builder()
        .listen(addr.parse::<SocketAddr>().unwrap())
        .authenticator(users)
        .failure_delay(Duration::ZERO);
    let server = change(builder).bind().await.unwrap();
    let addr = server.local_addrs()[0];
    let implicit = server.implicit_addrs().first().copied();
    let handle = server.handle();
    let task = tokio::spawn(server.serve());
    Served {
        addr,
        implicit,
        storage,
        handle,
        task,
    }
}

/// Longer than any wait of a healthy server; only a hang gets here.
const HANG: Duration = Duration::from_secs(20);

pub async fn within<T>(what: &str, work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(HANG, work).await {
        Ok(value) => value,
        Err(_) => panic!("hangs: {what}"),
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    /// All lines, as they came, without their ends.
    pub lines: Vec<String>,
}

impl Reply {
    pub fn text(&self) -> String {
        self.lines.join("\n")
    }
}

pub struct Client<S = TcpStream> {
    pub stream: S,
    /// The address on this side, and the server's.
    pub local: SocketAddr,
    pub peer: SocketAddr,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects and reads the greeting.
    pub async fn connect(addr: SocketAddr) -> Self {
        let mut client = Self::connect_unread(addr).await;
        client.expect(220).await;
        client
    }

    pub async fn connect_unread(addr: SocketAddr) -> Self {
        let stream = within("connect", TcpStream::connect(addr)).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self {
            local: stream.local_addr().unwrap(),
            peer: stream.peer_addr().unwrap(),
            stream,
            buffer: Vec::new(),
        }
    }

    /// Connects and logs in as `alice`, in TYPE I.
    pub async fn login(addr: SocketAddr) -> Self {
        let mut client = Self::connect(addr).await;
        client.cmd("USER alice", 331).await;
        client.cmd("PASS secret", 230).await;
        client.cmd("TYPE I", 200).await;
        client
    }
}

impl<S> Client<S> {
    /// The same client over another stream; nothing of the old one is left unread.
    pub fn over<T>(self, stream: T) -> (Client<T>, S) {
        assert!(self.buffer.is_empty(), "unread: {:?}", self.buffer);
        let client = Client {
            stream,
            local: self.local,
            peer: self.peer,
            buffer: self.buffer,
        };
        (client, self.stream)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        within("send", self.stream.write_all(bytes.as_ref()))
            .await
            .unwrap();
    }

    /// Reads one line without its end; `None` at the end of the connection.
    pub async fn line(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(end) = self.buffer.iter().position(|b| *b == b'\n') {
                let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
                assert!(line.ends_with(b"\r\n"), "a bare LF in {line:?}");
                line.truncate(line.len() - 2);
                return Some(line);
            }
            let mut chunk = [0; 4096];
            match within("reply", self.stream.read(&mut chunk)).await {
                Ok(0) | Err(_) => {
                    assert!(self.buffer.is_empty(), "half a line: {:?}", self.buffer);
                    return None;
                }
                Ok(n) => self.buffer.extend_from_slice(&chunk[..n]),
            }
        }
    }

    /// Reads one reply; `None` at the end of the connection.
    pub async fn try_reply(&mut self) -> Option<Reply> {
        let mut lines = Vec::new();
        let first = self.line().await?;
        let code: u16 = String::from_utf8_lossy(&first[..3]).parse().unwrap();
        let mut multi = first[3] == b'-';
        lines.push(String::from_utf8_lossy(&first).into_owned());
        let last = format!("{code} ");
        while multi {
            let line = self.line().await.expect("the reply has an end");
            multi = !line.starts_with(last.as_bytes());
            lines.push(String::from_utf8_lossy(&line).into_owned());
        }
        Some(Reply { code, lines })
    }

    pub async fn reply(&mut self) -> Reply {
        self.try_reply().await.expect("a reply, not the end")
    }

    #[track_caller]
    pub fn expect(&mut self, code: u16) -> impl Future<Output = Reply> {
        let caller = std::panic::Location::caller();
        async move {
            let reply = self.reply().await;
            assert_eq!(reply.code, code, "{} at {caller}", reply.text());
            reply
        }
    }

    /// Sends a command and expects this reply.
    #[track_caller]
    pub fn cmd(&mut self, line: &str, code: u16) -> impl Future<Output = Reply> {
        let caller = std::panic::Location::caller();
        async move {
            self.send(format!("{line}\r\n")).await;
            let reply = self.reply().await;
            assert_eq!(reply.code, code, "{line}: {} at {caller}", reply.text());
            reply
        }
    }

    /// Sends a command and returns the reply, whatever it is.
    pub async fn ask(&mut self, line: &str) -> Reply {
        self.send(format!("{line}\r\n")).await;
        self.reply().await
    }

    /// The server closed the connection: nothing more comes. The client's own half is closed
    /// then too, as the server waits for that a while.
    pub async fn assert_closed(&mut self) {
        assert_eq!(self.try_reply().await, None);
        let _ = self.stream.shutdown().await;
    }

    pub async fn pasv(&mut self) -> TcpStream {
        let addr = self.pasv_addr().await;
        within("data", TcpStream::connect(addr)).await.unwrap()
    }

    pub async fn pasv_addr(&mut self) -> SocketAddr {
        let reply = self.cmd("PASV", 227).await.text();
        let inside = &reply[reply.find('(').unwrap() + 1..reply.find(')').unwrap()];
        let n: Vec<u8> = inside.split(',').map(|n| n.parse().unwrap()).collect();
        SocketAddr::new(
            Ipv4Addr::new(n[0], n[1], n[2], n[3]).into(),
            u16::from_be_bytes([n[4], n[5]]),
        )
    }

    pub async fn epsv(&mut self) -> TcpStream {
        let addr = self.epsv_addr().await;
        within("data", TcpStream::connect(addr)).await.unwrap()
    }

    pub async fn epsv_addr(&mut self) -> SocketAddr {
        let reply = self.cmd("EPSV", 229).await.text();
        let start = reply.find("(|||").unwrap() + 4;
        let end = reply.find("|)").unwrap();
        let port: u16 = reply[start..end].parse().unwrap();
        SocketAddr::new(self.peer.ip(), port)
    }

    pub async fn port(&mut self) -> TcpListener {
        let (listener, addr) = self.listener().await;
        let IpAddr::V4(ip) = addr.ip() else {
            panic!("PORT is IPv4")
        };
        let [a, b, c, d] = ip.octets();
        let [p, q] = addr.port().to_be_bytes();
        self.cmd(&format!("PORT {a},{b},{c},{d},{p},{q}"), 200)
            .await;
        listener
    }

    pub async fn eprt(&mut self) -> TcpListener {
        let (listener, addr) = self.listener().await;
        let family = if addr.is_ipv4() { 1 } else { 2 };
        self.cmd(
            &format!("EPRT |{family}|{}|{}|", addr.ip(), addr.port()),
            200,
        )
        .await;
        listener
    }

    async fn listener(&self) -> (TcpListener, SocketAddr) {
        let local = self.local.ip();
        let listener = TcpListener::bind((local, 0)).await.unwrap();
        let addr = listener.local_addr().unwrap();
        (listener, addr)
    }

    /// Runs a command that sends data, over a passive connection.
    pub async fn fetch(&mut self, line: &str) -> Vec<u8> {
        let mut data = self.epsv().await;
        self.cmd(line, 150).await;
        let mut bytes = Vec::new();
        within("data", data.read_to_end(&mut bytes)).await.unwrap();
        drop(data);
        self.expect(226).await;
        bytes
    }

    /// Runs a command that takes data, over a passive connection.
    pub async fn push(&mut self, line: &str, bytes: &[u8]) -> Reply {
        let mut data = self.epsv().await;
        let preliminary = self.cmd(line, 150).await;
        within("data", data.write_all(bytes)).await.unwrap();
        data.shutdown().await.unwrap();
        self.expect(226).await;
        preliminary
    }
}

pub async fn read_all(mut data: impl AsyncRead + Unpin) -> Vec<u8> {
    let mut bytes = Vec::new();
    // A connection that the server resets has ended too.
    let _ = within("data", data.read_to_end(&mut bytes)).await;
    bytes
}

/// Bytes that are not the same anywhere and hold every byte value.
pub fn pattern(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..len)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}

/// Waits until something is so that no reply tells of.
pub async fn until(what: &str, mut so: impl FnMut() -> bool) {
    within(what, async {
        while !so() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}
