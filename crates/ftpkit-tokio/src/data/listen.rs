//! Passive listeners: the address and the port that a peer is told to connect to.
//! What belongs elsewhere: taking the callers (`accept`), the range itself (`ports`).

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use ftpkit_proto::{DataFailure, Family};

use super::{DataOptions, kept::Listener};
use crate::{acceptor, ports::PassivePorts};

/// One caller is wanted; a few more may be strangers in front of it.
const BACKLOG: i32 = 8;

/// Listens on the local address of the control connection, or on the configured one: with a
/// listener that was kept, or on the next free port.
pub(super) fn listen(
    options: &DataOptions,
    local: SocketAddr,
    family: Family,
) -> Result<Listener, DataFailure> {
    let Some(address) = address(options, local, family) else {
        tracing::debug!(?family, %local, "no local address of this family");
        return Err(DataFailure::Listen);
    };
    let bound = match &options.ports {
        None => bind(address),
        Some(ports) => {
            if let Some(kept) = ports.kept.take(address) {
                return Ok(kept);
            }
            let mut bound = bind_one_of(ports, address);
            // Those that are kept for somebody else are in the way.
            if matches!(&bound, Err(error) if is_taken(error)) && ports.kept.clear() {
                bound = bind_one_of(ports, address);
            }
            bound
        }
    };
    bound.map_err(|error| {
        let ports = options.ports.as_ref().map(tracing::field::display);
        tracing::warn!(address = %address.ip(), ports, %error, "no passive port could be bound");
        DataFailure::Listen
    })
}

fn bind_one_of(ports: &PassivePorts, address: SocketAddr) -> io::Result<Listener> {
    if ports.range().is_none() {
        return bind(address);
    }
    let mut last = Err(io::ErrorKind::AddrInUse.into());
    for port in ports.round() {
        last = bind(with_port(address, port));
        if !matches!(&last, Err(error) if is_taken(error)) {
            break;
        }
    }
    last
}

fn bind(address: SocketAddr) -> io::Result<Listener> {
    Listener::new(acceptor::listen(address, BACKLOG)?)
}

/// Whether the next port may do better. A port below 1024 or one that is set apart by the
/// system is refused to this process, not to every port of the range.
fn is_taken(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::AddrInUse | io::ErrorKind::PermissionDenied
    )
}

/// The local address of a family, with port 0.
fn address(options: &DataOptions, local: SocketAddr, family: Family) -> Option<SocketAddr> {
    let of_family = |ip: &IpAddr| match family {
        Family::V4 => ip.is_ipv4(),
        Family::V6 => ip.is_ipv6(),
        _ => false,
    };
    match options.bind.filter(of_family) {
        Some(ip) => Some(SocketAddr::new(ip, 0)),
        // Kept as it is, since the scope of a link-local address is part of it.
        None => of_family(&local.ip()).then(|| with_port(local, 0)),
    }
}

pub(super) fn with_port(mut address: SocketAddr, port: u16) -> SocketAddr {
    address.set_port(port);
    address
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    const LOCAL: &str = "127.0.0.1:21";

    fn on(ports: PassivePorts) -> DataOptions {
        DataOptions::default().with_ports(Arc::new(ports))
    }

    #[test]
    fn the_address_follows_the_family() {
        for (bind, local, family, expected) in [
            (None, "192.0.2.1:21", Family::V4, Some("192.0.2.1:0")),
            (None, "192.0.2.1:21", Family::V6, None),
            (
                None,
                "[2001:db8::1]:21",
                Family::V6,
                Some("[2001:db8::1]:0"),
            ),
            (None, "[2001:db8::1]:21", Family::V4, None),
            (None, "[fe80::1%3]:21", Family::V6, Some("[fe80::1%3]:0")),
            (
                Some("0.0.0.0"),
                "192.0.2.1:21",
                Family::V4,
                Some("0.0.0.0:0"),
            ),
            (
                Some("192.0.2.9"),
                "[2001:db8::1]:21",
                Family::V4,
                Some("192.0.2.9:0"),
            ),
            (
                Some("192.0.2.9"),
                "[2001:db8::1]:21",
                Family::V6,
                Some("[2001:db8::1]:0"),
            ),
        ] {
            let options = DataOptions {
                bind: bind.map(|ip| ip.parse().unwrap()),
                ..DataOptions::default()
            };
            let given = address(&options, local.parse().unwrap(), family);
            let expected = expected.map(|text| text.parse().unwrap());
            assert_eq!(given, expected, "{bind:?} {local} {family:?}");
        }
    }

    #[tokio::test]
    async fn ports_in_use_are_skipped_and_a_full_range_fails() {
        // A range around a port that the system calls free, so that tests at the same time
        // do not meet often; a taken neighbour is only skipped.
        let taken = bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let port = taken.address.port();
        let range = on(PassivePorts::new(port..=port).unwrap());
        let local = LOCAL.parse().unwrap();
        assert_eq!(
            listen(&range, local, Family::V4).unwrap_err(),
            DataFailure::Listen
        );

        let first = port.saturating_sub(20).max(1024);
        let range = on(PassivePorts::new(first..=first.saturating_add(40)).unwrap());
        let mut held = Vec::new();
        while let Ok(listener) = listen(&range, local, Family::V4) {
            assert_ne!(
                listener.address.port(),
                port,
                "a port in use is not given out"
            );
            held.push(listener);
            assert!(held.len() <= 40);
        }
        assert!(!held.is_empty());

        drop(taken);
        let listener = listen(&range, local, Family::V4).unwrap();
        assert_eq!(listener.address.port(), port, "the one that was freed");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn what_is_kept_is_in_nobodys_way() {
        let free = bind("127.0.0.1:0".parse().unwrap()).unwrap().address.port();
        let ports = Arc::new(PassivePorts::new(free..=free).unwrap());
        let options = DataOptions::default().with_ports(Arc::clone(&ports));
        // A port that somebody else took meanwhile is not what is tested.
        let Ok(listener) = listen(&options, LOCAL.parse().unwrap(), Family::V4) else {
            return;
        };
        ports.kept.keep(listener);
        // On every address: in the way of the one that is kept on one.
        let all = options.with_bind("0.0.0.0".parse().unwrap());
        let listener = listen(&all, LOCAL.parse().unwrap(), Family::V4).unwrap();
        assert_eq!(listener.address, format!("0.0.0.0:{free}").parse().unwrap());
    }
}
