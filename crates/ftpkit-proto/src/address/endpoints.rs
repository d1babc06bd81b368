//! The two ends of a connection, in little room.

use alloc::boxed::Box;
use core::{fmt, net::SocketAddr, net::SocketAddrV4};

/// The two addresses of one TCP connection.
///
/// Every session keeps those of its control connection for as long as it lives. Two IPv4
/// addresses stand in 16 bytes, a quarter of what two [`SocketAddr`] take.
///
/// ```
/// use ftpkit_proto::address::Endpoints;
/// let (local, peer) = ("192.0.2.1:21".parse().unwrap(), "192.0.2.7:40000".parse().unwrap());
/// let ends = Endpoints::new(local, peer);
/// assert_eq!((ends.local(), ends.peer()), (local, peer));
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Endpoints(Ends);

#[derive(Clone, PartialEq, Eq)]
enum Ends {
    V4 {
        local: SocketAddrV4,
        peer: SocketAddrV4,
    },
    Other(Box<Others>),
}

#[derive(Clone, PartialEq, Eq)]
struct Others {
    local: SocketAddr,
    peer: SocketAddr,
}

impl Endpoints {
    /// These two, as they are.
    #[must_use]
    pub fn new(local: SocketAddr, peer: SocketAddr) -> Self {
        Self(match (local, peer) {
            (SocketAddr::V4(local), SocketAddr::V4(peer)) => Ends::V4 { local, peer },
            (local, peer) => Ends::Other(Box::new(Others { local, peer })),
        })
    }

    /// The address of this side.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        match &self.0 {
            Ends::V4 { local, .. } => SocketAddr::V4(*local),
            Ends::Other(others) => others.local,
        }
    }

    /// The address of the other side.
    #[must_use]
    pub fn peer(&self) -> SocketAddr {
        match &self.0 {
            Ends::V4 { peer, .. } => SocketAddr::V4(*peer),
            Ends::Other(others) => others.peer,
        }
    }
}

impl fmt::Debug for Endpoints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoints")
            .field("local", &self.local())
            .field("peer", &self.peer())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_comes_back_as_it_was_given() {
        let four = ["192.0.2.1:21", "0.0.0.0:0"];
        let six = [
            "[2001:db8::1]:21",
            "[fe80::1%3]:2100",
            "[::ffff:192.0.2.1]:1",
        ];
        let all: alloc::vec::Vec<SocketAddr> = four
            .iter()
            .chain(&six)
            .map(|text| text.parse().unwrap())
            .collect();
        for local in &all {
            for peer in &all {
                let ends = Endpoints::new(*local, *peer);
                assert_eq!((ends.local(), ends.peer()), (*local, *peer));
            }
        }
    }

    #[test]
    fn two_of_ipv4_take_16_bytes() {
        assert!(size_of::<Endpoints>() <= 16);
    }
}
