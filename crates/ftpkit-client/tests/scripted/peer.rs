//! A server that does what a test says, line by line.

use std::{future::Future, net::Ipv4Addr};

use ftpkit_client::{Client, ClientBuilder};
use tokio::{
    io::{
        AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _,
        BufReader,
    },
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};

/// What a control connection runs over.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

/// The server's end of a control connection.
pub(crate) struct Peer {
    pub(crate) stream: BufReader<Box<dyn Stream>>,
}

/// Runs a server for one connection; returns a builder that reaches it, and its task, which
/// panics when the client does not say what the script expects.
pub(crate) async fn serve<F, Fut>(script: F) -> (ClientBuilder, JoinHandle<()>)
where
    F: FnOnce(Peer) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let (port, task) = serve_on_port(script).await;
    let builder = Client::builder()
        .host("127.0.0.1")
        .port(port)
        .features(false);
    (builder, task)
}

/// The same; returns the port.
pub(crate) async fn serve_on_port<F, Fut>(script: F) -> (u16, JoinHandle<()>)
where
    F: FnOnce(Peer) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        stream.set_nodelay(true).unwrap();
        let stream: Box<dyn Stream> = Box::new(stream);
        let stream = BufReader::new(stream);
        script(Peer { stream }).await;
    });
    (port, task)
}

impl Peer {
    /// What the client says next; empty at its end.
    pub(crate) async fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.stream.read_until(b'\n', &mut line).await.unwrap_or(0);
        // The Telnet words before ABOR are no part of the command.
        let text = String::from_utf8_lossy(&line).into_owned();
        text.trim_end()
            .trim_start_matches(['\u{fffd}', '\u{f4}', '\u{f2}'])
            .to_owned()
    }

    pub(crate) async fn expect(&mut self, expected: &str) {
        assert_eq!(self.line().await, expected);
    }

    pub(crate) async fn reply(&mut self, reply: &str) {
        let text = format!("{reply}\r\n");
        // A client that has left has nothing more to learn.
        let _ = self.stream.write_all(text.as_bytes()).await;
        let _ = self.stream.flush().await;
    }

    /// One command and its reply.
    pub(crate) async fn answer(&mut self, expected: &str, reply: &str) {
        self.expect(expected).await;
        self.reply(reply).await;
    }

    /// Greeting and login, as anonymous.
    pub(crate) async fn login(&mut self) {
        self.reply("220 ready").await;
        self.answer("USER anonymous", "331 password").await;
        self.answer("PASS anonymous@", "230 in").await;
    }

    /// TYPE I and EPSV; the listener is returned.
    pub(crate) async fn type_and_epsv(&mut self) -> TcpListener {
        self.answer("TYPE I", "200 ok").await;
        self.epsv().await
    }

    pub(crate) async fn epsv(&mut self) -> TcpListener {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        self.answer("EPSV", &format!("229 here (|||{port}|)")).await;
        listener
    }

    /// Takes a client's data connection and sends it this.
    pub(crate) async fn send(&self, listener: TcpListener, payload: &[u8]) {
        let (mut data, _) = listener.accept().await.unwrap();
        data.write_all(payload).await.unwrap();
        data.shutdown().await.unwrap();
    }

    /// Takes a client's data connection and reads it to its end.
    pub(crate) async fn receive(&self, listener: TcpListener) -> std::io::Result<Vec<u8>> {
        let (mut data, _) = listener.accept().await.unwrap();
        let mut payload = Vec::new();
        data.read_to_end(&mut payload).await?;
        Ok(payload)
    }

    /// Waits until the client has hung up.
    pub(crate) async fn until_end(&mut self) {
        while !self.line().await.is_empty() {}
    }
}

pub(crate) async fn accept(listener: &TcpListener) -> TcpStream {
    listener.accept().await.unwrap().0
}
