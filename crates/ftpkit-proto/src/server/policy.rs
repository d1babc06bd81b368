//! What is refused on principle: other protocols (ALPACA), other people's addresses
//! (RFC 2577), clear text where TLS is required. Decided on values, without sockets.

use core::net::SocketAddr;

use super::config::{Config, TlsPolicy};
use crate::{Text, address::may_connect, wire::telnet::DM};

/// The verbs of protocols whose clients are tricked into talking to an FTP server.
const OTHER_PROTOCOLS: &[&[u8]] = &[
    b"GET", b"POST", b"HEAD", b"PUT", b"CONNECT", b"OPTIONS", b"TRACE", b"PATCH", b"DELETE",
    b"PRI", b"EHLO", b"HELO",
];

/// Whether the line begins another protocol: HTTP, SMTP, SSH, or TLS without AUTH.
pub(super) fn is_other_protocol(line: &[u8]) -> bool {
    let verb = line.split(|b| *b == b' ').next().unwrap_or_default();
    OTHER_PROTOCOLS
        .iter()
        .any(|other| verb.eq_ignore_ascii_case(other))
        || line.starts_with(b"SSH-")
        || line.starts_with(&[0x16, 0x03])
}

/// The line without the mark of a Synch at its start: what is left of it where the client sent
/// the IAC before it as urgent data and the socket lost it. No command begins with that byte.
pub(super) fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(&[DM]).unwrap_or(line)
}

/// The address with IPv4 in its own form, where a listener of both families saw `::ffff:…`.
pub(super) const fn canonical(address: SocketAddr) -> SocketAddr {
    match address {
        SocketAddr::V4(_) => address,
        SocketAddr::V6(v6) => match v6.ip().to_ipv4_mapped() {
            Some(v4) => SocketAddr::new(core::net::IpAddr::V4(v4), v6.port()),
            None => address,
        },
    }
}

/// Where to connect to for a PORT or EPRT that names `target`: the client itself, on a port
/// that is not reserved; `None` for all else, which is never dialled.
///
/// A client that names the unspecified address (`EPRT |2|::|port|`, as lftp does over IPv6
/// loopback) can only mean itself, and no third party is named.
pub(super) fn may_dial(client: SocketAddr, target: SocketAddr) -> Option<SocketAddr> {
    // The client's own address keeps the scope that a link-local one needs.
    let mut own = client;
    own.set_port(target.port());
    let named = if target.ip().is_unspecified() {
        own
    } else {
        target
    };
    may_connect(named, client.ip()).then_some(own)
}

/// Like [`may_dial`], and any other host where transfers between servers are allowed: but none
/// that only this one can reach, and no reserved port.
pub(super) fn may_dial_anybody(client: SocketAddr, target: SocketAddr) -> Option<SocketAddr> {
    may_dial(client, target).or_else(|| {
        let target = canonical(target);
        let ip = target.ip();
        let nobody = ip.is_unspecified() || ip.is_multicast() || ip.is_loopback();
        let all = ip == core::net::Ipv4Addr::BROADCAST;
        (target.port() >= 1024 && !nobody && !all).then_some(target)
    })
}

/// Whether two names are of the same host.
pub(super) fn same_name(one: &Text, other: &Text) -> bool {
    one.as_bytes().eq_ignore_ascii_case(other.as_bytes())
}

impl Config {
    /// Whether login must be under TLS.
    pub(super) const fn login_needs_tls(&self) -> bool {
        matches!(
            self.tls,
            TlsPolicy::RequiredForLogin | TlsPolicy::RequiredForData
        )
    }

    /// The virtual host of this name, as the configuration writes it.
    pub(super) fn host(&self, name: &Text) -> Option<Text> {
        if self.hosts.is_empty() {
            return Some(name.clone());
        }
        let mut hosts = self.hosts.iter();
        hosts.find(|host| same_name(host, name)).cloned()
    }

    /// Whether data connections must be under TLS.
    pub(super) const fn data_needs_tls(&self) -> bool {
        matches!(self.tls, TlsPolicy::RequiredForData)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(address: &str) -> SocketAddr {
        address.parse().unwrap()
    }

    #[test]
    fn other_protocols_are_known_by_their_first_word() {
        for line in [
            &b"GET / HTTP/1.1"[..],
            b"get /",
            b"POST /",
            b"HEAD",
            b"EHLO x",
            b"HELO",
            b"SSH-2.0-x",
            b"PRI * HTTP/2.0",
            b"\x16\x03\x01\x02",
        ] {
            assert!(is_other_protocol(line), "{line:?}");
        }
        for line in [&b"USER GET"[..], b"HELP", b"GETX", b"", b" GET", b"DELE x"] {
            assert!(!is_other_protocol(line), "{line:?}");
        }
    }

    #[test]
    fn only_the_client_itself_is_dialled() {
        let v4 = at("192.0.2.7:40000");
        let v6 = at("[2001:db8::7]:40000");
        for (client, target, dialled) in [
            (v4, "192.0.2.7:1024", Some("192.0.2.7:1024")),
            (v4, "[::ffff:192.0.2.7]:5000", Some("192.0.2.7:5000")),
            (v4, "192.0.2.7:1023", None),
            (v4, "192.0.2.7:0", None),
            (v4, "192.0.2.8:5000", None),
            (v4, "127.0.0.1:5000", None),
            (v4, "0.0.0.0:5000", Some("192.0.2.7:5000")),
            (v4, "0.0.0.0:25", None),
            (v6, "[::]:5000", Some("[2001:db8::7]:5000")),
            (v4, "255.255.255.255:5000", None),
            (v4, "[2001:db8::7]:5000", None),
            (v6, "[2001:db8::7]:5000", Some("[2001:db8::7]:5000")),
            (v6, "[2001:db8::8]:5000", None),
            (v6, "192.0.2.7:5000", None),
            (
                at("[fe80::1%3]:9"),
                "[fe80::1]:5000",
                Some("[fe80::1%3]:5000"),
            ),
        ] {
            assert_eq!(may_dial(client, at(target)), dialled.map(at), "{target}");
        }
    }

    #[test]
    fn between_servers_others_are_dialled_too_but_nobody_at_home() {
        let v4 = at("192.0.2.7:40000");
        for (target, dialled) in [
            ("192.0.2.7:5000", Some("192.0.2.7:5000")),
            ("0.0.0.0:5000", Some("192.0.2.7:5000")),
            ("198.51.100.9:5000", Some("198.51.100.9:5000")),
            ("[::ffff:198.51.100.9]:5000", Some("198.51.100.9:5000")),
            ("198.51.100.9:1023", None),
            ("127.0.0.1:5000", None),
            ("[::1]:5000", None),
            ("[::ffff:127.0.0.1]:5000", None),
            ("224.0.0.1:5000", None),
            ("255.255.255.255:5000", None),
        ] {
            assert_eq!(
                may_dial_anybody(v4, at(target)),
                dialled.map(at),
                "{target}"
            );
        }
        let own = at("127.0.0.1:40000");
        let local = at("127.0.0.1:5000");
        assert_eq!(may_dial_anybody(own, local), Some(local));
    }
}
