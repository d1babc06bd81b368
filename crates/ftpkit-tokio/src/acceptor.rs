//! A server's listener, whose callers keep coming whatever goes wrong with one of them.
//! What belongs elsewhere: the listeners of data connections (`data::listen`).

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use socket2::{Domain, Protocol, Socket, Type};
use tokio::{
    net::{TcpListener, TcpStream},
    time,
};

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 1024;

/// How long to wait when descriptors or memory have run out.
const BACK_OFF: Duration = Duration::from_millis(75);

/// How many callers in a row may vanish before the loop takes a breath.
const VANISHED: u32 = 64;

/// Accepts control connections, and does not end on an error.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use ftpkit_tokio::Acceptor;
///
/// let acceptor = Acceptor::bind(([127, 0, 0, 1], 0).into())?;
/// let _client = tokio::net::TcpStream::connect(acceptor.local_addr()).await?;
/// let (_stream, peer) = acceptor.accept().await;
/// assert!(peer.ip().is_loopback());
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Acceptor {
    listener: TcpListener,
    local: SocketAddr,
}

impl Acceptor {
    /// Listens on this address; port 0 lets the system choose.
    ///
    /// An IPv6 address takes IPv6 callers only, so that `[::]` and `0.0.0.0` can share a port.
    /// A port whose old connections linger can be bound again at once.
    ///
    /// # Errors
    /// When the address is not of this machine, in use, or not allowed.
    pub fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = listen(address, BACKLOG)?;
        Self::from_listener(TcpListener::from_std(listener)?)
    }

    /// Accepts from a listener that was made elsewhere (by a service manager, say).
    ///
    /// # Errors
    /// When it does not tell its address.
    pub fn from_listener(listener: TcpListener) -> io::Result<Self> {
        let local = listener.local_addr()?;
        Ok(Self { listener, local })
    }

    /// The address that it listens on, with the port that the system chose.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// The next caller. Errors are waited out: a caller that vanished is skipped, and while
    /// descriptors or memory have run out, it tries again every 75 ms.
    ///
    /// Cancel-safe: no caller is lost when the future is dropped.
    pub async fn accept(&self) -> (TcpStream, SocketAddr) {
        let mut vanished = 0;
        loop {
            match self.listener.accept().await {
                Ok((stream, peer)) => return (stream, canonical(peer)),
                Err(error) if is_callers_fault(&error) && vanished < VANISHED => vanished += 1,
                Err(error) => {
                    tracing::warn!(local = %self.local, %error, "cannot accept, waiting");
                    vanished = 0;
                    time::sleep(BACK_OFF).await;
                }
            }
        }
    }
}

/// Whether an error of `accept` belongs to the caller, who is gone, and not to this machine.
pub(crate) fn is_callers_fault(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
            | io::ErrorKind::TimedOut
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::NetworkDown
    )
}

/// Listens on this address, in non-blocking mode.
pub(crate) fn listen(address: SocketAddr, backlog: i32) -> io::Result<std::net::TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    socket.set_nonblocking(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    // On Windows this option would let another program steal the port.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.bind(&address.into())?;
    socket.listen(backlog)?;
    Ok(socket.into())
}

/// The address with an IPv4 address in IPv6 clothes (`::ffff:192.0.2.1`) undressed.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(ip) => SocketAddr::new(IpAddr::V4(ip), address.port()),
        IpAddr::V6(_) => address,
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn mapped_addresses_become_ipv4() {
        for (given, expected) in [
            ("[::ffff:192.0.2.1]:21", "192.0.2.1:21"),
            ("192.0.2.1:21", "192.0.2.1:21"),
            ("[2001:db8::1]:21", "[2001:db8::1]:21"),
        ] {
            assert_eq!(canonical(given.parse().unwrap()), expected.parse().unwrap());
        }
    }

    #[tokio::test]
    async fn both_families_share_a_port() {
        let Ok(six) = Acceptor::bind("[::]:0".parse().unwrap()) else {
            // A machine without IPv6 has nothing to share.
            return;
        };
        let port = six.local_addr().port();
        let four = Acceptor::bind((Ipv4Addr::UNSPECIFIED, port).into()).unwrap();
        let _client = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap();
        let (_stream, peer) = four.accept().await;
        assert!(peer.is_ipv4());
    }
}
