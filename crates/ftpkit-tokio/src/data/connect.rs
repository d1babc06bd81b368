//! Active connects: from the control connection's local address to where the machine says.
//! What belongs elsewhere: whether that address may be connected to; the machine has checked it.

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod portable;
#[cfg(any(target_os = "linux", target_os = "android"))]
mod system;

use std::{
    io,
    net::SocketAddr,
    task::{Context, Poll, ready},
};

use ftpkit_proto::DataFailure;
use tokio::net::TcpStream;

#[cfg(not(any(target_os = "linux", target_os = "android")))]
use self::portable::Attempt;
#[cfg(any(target_os = "linux", target_os = "android"))]
use self::system::Attempt;
use super::{DataOptions, listen::with_port};

/// A connection on its way. How long it may take is for the machine's timer to say.
pub(super) struct Connecting {
    target: SocketAddr,
    attempt: Attempt,
}

impl Connecting {
    pub(super) fn new(
        options: &DataOptions,
        local: SocketAddr,
        peer: SocketAddr,
        target: SocketAddr,
    ) -> Result<Self, DataFailure> {
        let target = with_scope(target, peer);
        let attempt = Attempt::new(source(options, local, target), target).map_err(|error| {
            tracing::warn!(%target, %error, "no socket for a data connection");
            failure(&error)
        })?;
        Ok(Self { target, attempt })
    }

    pub(super) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(TcpStream, SocketAddr), DataFailure>> {
        Poll::Ready(match ready!(self.attempt.poll(cx)) {
            Ok(stream) => Ok((stream, self.target)),
            Err(error) => {
                tracing::debug!(target = %self.target, %error, "no data connection");
                Err(failure(&error))
            }
        })
    }
}

/// Where to connect from: peers compare it with the address of the control connection.
fn source(options: &DataOptions, local: SocketAddr, target: SocketAddr) -> Option<SocketAddr> {
    if let Some(ip) = options.bind
        && ip.is_ipv4() == target.is_ipv4()
        && !ip.is_unspecified()
    {
        return Some(SocketAddr::new(ip, 0));
    }
    // From loopback nothing but loopback can be reached.
    let reachable = !local.ip().is_loopback() || target.ip().is_loopback();
    (local.is_ipv4() == target.is_ipv4() && reachable).then(|| with_port(local, 0))
}

/// The scope of a link-local address never crosses the wire; it is that of the control
/// connection.
fn with_scope(target: SocketAddr, peer: SocketAddr) -> SocketAddr {
    match (target, peer) {
        (SocketAddr::V6(mut target), SocketAddr::V6(peer))
            if target.scope_id() == 0 && target.ip().is_unicast_link_local() =>
        {
            target.set_scope_id(peer.scope_id());
            SocketAddr::V6(target)
        }
        _ => target,
    }
}

fn failure(error: &io::Error) -> DataFailure {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => DataFailure::Refused,
        io::ErrorKind::TimedOut => DataFailure::TimedOut,
        _ => DataFailure::Unreachable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_source_is_the_control_connections_address_where_that_can_reach() {
        for (bind, local, target, expected) in [
            (None, "192.0.2.1:21", "192.0.2.2:5", Some("192.0.2.1:0")),
            (None, "127.0.0.1:21", "127.0.0.1:5", Some("127.0.0.1:0")),
            (None, "127.0.0.1:21", "192.0.2.2:5", None),
            (None, "192.0.2.1:21", "[2001:db8::2]:5", None),
            (
                Some("192.0.2.7"),
                "192.0.2.1:21",
                "192.0.2.2:5",
                Some("192.0.2.7:0"),
            ),
            (
                Some("0.0.0.0"),
                "192.0.2.1:21",
                "192.0.2.2:5",
                Some("192.0.2.1:0"),
            ),
            (
                Some("::1"),
                "192.0.2.1:21",
                "192.0.2.2:5",
                Some("192.0.2.1:0"),
            ),
        ] {
            let options = DataOptions {
                bind: bind.map(|ip| ip.parse().unwrap()),
                ..DataOptions::default()
            };
            let given = source(&options, local.parse().unwrap(), target.parse().unwrap());
            let expected = expected.map(|text| text.parse().unwrap());
            assert_eq!(given, expected, "{bind:?} {local} {target}");
        }
    }

    #[test]
    fn a_link_local_target_gets_the_control_connections_scope() {
        for (target, peer, expected) in [
            ("[fe80::2]:5", "[fe80::2%4]:21", "[fe80::2%4]:5"),
            ("[2001:db8::2]:5", "[fe80::2%4]:21", "[2001:db8::2]:5"),
            ("192.0.2.2:5", "[fe80::2%4]:21", "192.0.2.2:5"),
        ] {
            assert_eq!(
                with_scope(target.parse().unwrap(), peer.parse().unwrap()),
                expected.parse().unwrap()
            );
        }
    }
}
