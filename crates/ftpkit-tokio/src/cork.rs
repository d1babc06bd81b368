//! Holding back what is short, so that the end of a stream goes out in one segment with what comes
//! before it, and wakes the peer once. By the system, where it can: on Linux and Android, which let
//! nothing wait for longer than 200 ms.

use tokio::net::TcpStream;

/// What is short waits from now on, or goes out now. A socket that cannot do it sends at once.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn cork(stream: &TcpStream, on: bool) {
    if let Err(error) = rustix::net::sockopt::set_tcp_cork(stream, on) {
        tracing::debug!(%error, "TCP_CORK was not set");
    }
}

/// Everything is sent at once.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(crate) const fn cork(_: &TcpStream, _: bool) {}

/// Whether what is short waits.
#[cfg(test)]
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) fn is_corked(stream: &TcpStream) -> bool {
    rustix::net::sockopt::tcp_cork(stream).unwrap()
}
