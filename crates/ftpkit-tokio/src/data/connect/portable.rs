//! An attempt to connect, as the runtime makes it.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::net::{TcpSocket, TcpStream};

/// A connection on its way.
pub(super) struct Attempt(Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>>);

impl Attempt {
    /// Begins it; the failures of a socket are those of this side.
    pub(super) fn new(source: Option<SocketAddr>, target: SocketAddr) -> io::Result<Self> {
        let socket = match target {
            SocketAddr::V4(_) => TcpSocket::new_v4()?,
            SocketAddr::V6(_) => TcpSocket::new_v6()?,
        };
        if let Some(source) = source {
            socket.bind(source)?;
        }
        Ok(Self(Box::pin(socket.connect(target))))
    }

    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<TcpStream>> {
        self.0.as_mut().poll(cx)
    }
}
