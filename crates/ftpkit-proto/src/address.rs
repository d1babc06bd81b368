//! Addresses of data connections as the wire writes them (PORT and 227 by RFC 959, EPRT and
//! 229 by RFC 2428, LPRT and 228 by RFC 1639), and the checks against bounces (RFC 2577) as
//! functions on addresses.

mod endpoints;

use alloc::vec::Vec;
use core::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4},
    str::FromStr,
};

use nom::{
    IResult, Parser,
    bytes::complete::{tag, take_till, take_while_m_n},
    character::complete::{char, satisfy, u8, u16},
    combinator::{all_consuming, eof},
    multi::length_count,
    sequence::{delimited, preceded, terminated},
};

pub use self::endpoints::Endpoints;

/// Reads `h1,h2,h3,h4,p1,p2`, the whole of `text`: decimal numbers up to 255, nothing else.
/// Port 0 is read as it stands.
///
/// ```
/// use ftpkit_proto::address::parse_host_port;
/// assert_eq!(parse_host_port(b"192,0,2,1,4,1"), "192.0.2.1:1025".parse().ok());
/// assert_eq!(parse_host_port(b"192,0,2,1,4,256"), None);
/// ```
#[must_use]
pub fn parse_host_port(text: &[u8]) -> Option<SocketAddrV4> {
    all_consuming(host_port)
        .parse(text)
        .ok()
        .map(|(_, found)| found)
}

/// ```text
/// host-port = number 5( "," number )        ; four of the address, two of the port
/// number    = 1*DIGIT                       ; 0 to 255
/// ```
fn host_port(input: &[u8]) -> IResult<&[u8], SocketAddrV4, ()> {
    host_port_with(input, 0)
}

/// The same with blanks behind the commas, as one or another server writes a 227.
pub(crate) fn spaced_host_port(input: &[u8]) -> IResult<&[u8], SocketAddrV4, ()> {
    host_port_with(input, 3)
}

fn host_port_with(input: &[u8], blanks: usize) -> IResult<&[u8], SocketAddrV4, ()> {
    let next = || preceded((char(','), take_while_m_n(0, blanks, |b| b == b' ')), u8);
    let (rest, (h1, h2, h3, h4, p1, p2)) =
        (u8, next(), next(), next(), next(), next()).parse(input)?;
    let address = SocketAddrV4::new(Ipv4Addr::new(h1, h2, h3, h4), u16::from_be_bytes([p1, p2]));
    Ok((rest, address))
}

/// An IPv4 address and port as PORT and 227 write them.
///
/// ```
/// use ftpkit_proto::address::HostPort;
/// let shown = HostPort::from("192.0.2.1:1025".parse::<core::net::SocketAddrV4>().unwrap());
/// assert_eq!(shown.to_string(), "192,0,2,1,4,1");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct HostPort(SocketAddrV4);

impl From<SocketAddrV4> for HostPort {
    fn from(address: SocketAddrV4) -> Self {
        Self(address)
    }
}

impl fmt::Display for HostPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [h1, h2, h3, h4] = self.0.ip().octets();
        let [p1, p2] = self.0.port().to_be_bytes();
        write!(f, "{h1},{h2},{h3},{h4},{p1},{p2}")
    }
}

/// Why [`parse_extended`] refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum ExtendedError {
    /// It has not the form of RFC 2428, its address is none, or its port is 0.
    #[error("it is not an address in the form |1|192.0.2.1|1025|")]
    Malformed,
    /// It has the form, with a network protocol that is neither 1 nor 2.
    #[error("network protocol {0} is neither 1 (IPv4) nor 2 (IPv6)")]
    Family(u16),
}

/// Reads the argument of EPRT, `|1|192.0.2.1|1025|` or `|2|2001:db8::1|1025|`, with any
/// delimiter from `!` to `~`.
///
/// # Errors
/// [`ExtendedError::Family`] for other network protocols, which are answered with 522;
/// [`ExtendedError::Malformed`] for all else, port 0 and addresses with a zone among it.
pub fn parse_extended(text: &[u8]) -> Result<SocketAddr, ExtendedError> {
    let (_, (protocol, host, port)) = extended(text).map_err(|_| ExtendedError::Malformed)?;
    let ip = match protocol {
        1 => parse_ip::<Ipv4Addr>(host).map(IpAddr::V4),
        2 => parse_ip::<Ipv6Addr>(host).map(IpAddr::V6),
        other => return Err(ExtendedError::Family(other)),
    };
    match ip {
        Some(ip) if port != 0 => Ok(SocketAddr::new(ip, port)),
        _ => Err(ExtendedError::Malformed),
    }
}

fn parse_ip<T: FromStr>(text: &[u8]) -> Option<T> {
    core::str::from_utf8(text).ok()?.parse().ok()
}

/// ```text
/// extended = d protocol d host d port d     ; d = %x21-7E, four times the same
/// protocol = 1*DIGIT
/// port     = 1*DIGIT                        ; up to 65535
/// ```
fn extended(input: &[u8]) -> IResult<&[u8], (u16, &[u8], u16), ()> {
    let (rest, delimiter) = satisfy(|c| matches!(c, '!'..='~')).parse(input)?;
    let field = || {
        terminated(
            take_till(move |b: u8| char::from(b) == delimiter),
            char(delimiter),
        )
    };
    let (rest, (protocol, host, port, _)) = (field(), field(), field(), eof).parse(rest)?;
    let (_, protocol) = all_consuming(u16).parse(protocol)?;
    let (_, port) = all_consuming(u16).parse(port)?;
    Ok((rest, (protocol, host, port)))
}

/// The argument of EPRT, as something to print: `|1|192.0.2.1|1025|`.
///
/// ```
/// use ftpkit_proto::address::{format_extended, parse_extended};
/// let address = "[2001:db8::1]:1025".parse().unwrap();
/// assert_eq!(format_extended(address).to_string(), "|2|2001:db8::1|1025|");
/// assert_eq!(parse_extended(b"|2|2001:db8::1|1025|"), Ok(address));
/// ```
#[must_use]
pub const fn format_extended(address: SocketAddr) -> Extended {
    Extended(address)
}

/// See [`format_extended`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Extended(SocketAddr);

impl fmt::Display for Extended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let protocol = if self.0.is_ipv4() { 1 } else { 2 };
        write!(f, "|{protocol}|{}|{}|", self.0.ip(), self.0.port())
    }
}

/// Reads `|||port|`, the whole of `text` between the parentheses of a 229, with any delimiter
/// from `!` to `~`. Port 0 is none.
#[must_use]
pub fn parse_extended_port(text: &[u8]) -> Option<u16> {
    let (_, port) = all_consuming(extended_port).parse(text).ok()?;
    (port != 0).then_some(port)
}

/// ```text
/// extended-port = d d d port d              ; d = %x21-7E, four times the same
/// ```
pub(crate) fn extended_port(input: &[u8]) -> IResult<&[u8], u16, ()> {
    // Digits would run into the port.
    let delimiter = |c| matches!(c, '!'..='~') && !c.is_ascii_digit();
    let (_, delimiter) = satisfy(delimiter).parse(input)?;
    let mut buffer = [0; 4];
    let d: &str = delimiter.encode_utf8(&mut buffer);
    delimited((tag(d), tag(d), tag(d)), u16, tag(d)).parse(input)
}

/// `|||port|` for a 229, as something to print.
///
/// ```
/// use ftpkit_proto::address::format_extended_port;
/// assert_eq!(format_extended_port(1025).to_string(), "|||1025|");
/// ```
#[must_use]
pub const fn format_extended_port(port: u16) -> ExtendedPort {
    ExtendedPort(port)
}

/// See [`format_extended_port`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ExtendedPort(u16);

impl fmt::Display for ExtendedPort {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "|||{}|", self.0)
    }
}

/// Why [`parse_long`] refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum LongError {
    /// It has not the form of RFC 1639, its lengths are not those of its family, or its port
    /// is 0.
    #[error("it is not an address in the form 4,4,192,0,2,1,2,4,1")]
    Malformed,
    /// It has the form, with an address family that is neither 4 nor 6.
    #[error("address family {0} is neither 4 (IPv4) nor 6 (IPv6)")]
    Family(u8),
}

/// Reads the argument of LPRT, the whole of `text`: `4,4,192,0,2,1,2,4,1`, or family 6 with the
/// sixteen octets of an IPv6 address.
///
/// # Errors
/// [`LongError::Family`] for other families, which are answered with 521;
/// [`LongError::Malformed`] for all else, port 0 among it.
///
/// ```
/// use ftpkit_proto::address::{LongError, parse_long};
/// assert_eq!(parse_long(b"4,4,192,0,2,1,2,4,1"), Ok("192.0.2.1:1025".parse().unwrap()));
/// assert_eq!(parse_long(b"5,1,9,2,4,1"), Err(LongError::Family(5)));
/// ```
pub fn parse_long(text: &[u8]) -> Result<SocketAddr, LongError> {
    let (_, long) = all_consuming(long)
        .parse(text)
        .map_err(|_| LongError::Malformed)?;
    long.address()
}

/// The fields of a long address as they stand there.
pub(crate) struct LongFields {
    family: u8,
    host: Vec<u8>,
    port: Vec<u8>,
}

impl LongFields {
    pub(crate) fn address(&self) -> Result<SocketAddr, LongError> {
        let ip = match self.family {
            4 => <[u8; 4]>::try_from(&self.host[..]).map(IpAddr::from),
            6 => <[u8; 16]>::try_from(&self.host[..]).map(IpAddr::from),
            other => return Err(LongError::Family(other)),
        };
        match (ip, self.port[..].try_into().map(u16::from_be_bytes)) {
            (Ok(ip), Ok(port)) if port != 0 => Ok(SocketAddr::new(ip, port)),
            _ => Err(LongError::Malformed),
        }
    }
}

/// ```text
/// long   = family "," octets "," octets     ; the address, the port
/// family = number
/// octets = length *( "," number )           ; as many numbers as the length says
/// length = number
/// number = 1*DIGIT                          ; 0 to 255
/// ```
pub(crate) fn long(input: &[u8]) -> IResult<&[u8], LongFields, ()> {
    let octets = || preceded(char(','), length_count(u8, preceded(char(','), u8)));
    let (rest, (family, host, port)) = (u8, octets(), octets()).parse(input)?;
    Ok((rest, LongFields { family, host, port }))
}

/// The argument of LPRT, and what stands between the parentheses of a 228, as something to
/// print: `4,4,192,0,2,1,2,4,1`. An IPv6 address loses its zone.
///
/// ```
/// use ftpkit_proto::address::{format_long, parse_long};
/// let address = "[2001:db8::1]:1025".parse().unwrap();
/// let shown = format_long(address).to_string();
/// assert_eq!(shown, "6,16,32,1,13,184,0,0,0,0,0,0,0,0,0,0,0,1,2,4,1");
/// assert_eq!(parse_long(shown.as_bytes()), Ok(address));
/// ```
#[must_use]
pub const fn format_long(address: SocketAddr) -> Long {
    Long(address)
}

/// See [`format_long`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Long(SocketAddr);

impl fmt::Display for Long {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let put = |f: &mut fmt::Formatter<'_>, octets: &[u8]| {
            octets.iter().try_for_each(|octet| write!(f, ",{octet}"))
        };
        match self.0.ip() {
            IpAddr::V4(ip) => {
                f.write_str("4,4")?;
                put(f, &ip.octets())?;
            }
            IpAddr::V6(ip) => {
                f.write_str("6,16")?;
                put(f, &ip.octets())?;
            }
        }
        f.write_str(",2")?;
        put(f, &self.0.port().to_be_bytes())
    }
}

/// Whether both are the same host: equal, an IPv4 address and its IPv4-mapped IPv6 form
/// counting as one.
#[must_use]
pub fn same_host(a: IpAddr, b: IpAddr) -> bool {
    a.to_canonical() == b.to_canonical()
}

/// Whether a server may connect to what PORT or EPRT named: only the control connection's
/// peer, and no port below 1024, so that nobody's server is made to talk to a third party or
/// to a well-known service (RFC 2577 sec. 3).
///
/// ```
/// use ftpkit_proto::address::may_connect;
/// let peer = "192.0.2.1".parse().unwrap();
/// assert!(may_connect("192.0.2.1:1024".parse().unwrap(), peer));
/// assert!(!may_connect("192.0.2.1:25".parse().unwrap(), peer));
/// assert!(!may_connect("192.0.2.2:1024".parse().unwrap(), peer));
/// ```
#[must_use]
pub fn may_connect(target: SocketAddr, control_peer: IpAddr) -> bool {
    target.port() >= 1024 && same_host(target.ip(), control_peer)
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn every_octet_and_port_crosses_and_comes_back() {
        let step = if cfg!(miri) { 4099 } else { 1 };
        for port in (0..=u16::MAX).step_by(step) {
            let [high, low] = port.to_be_bytes();
            let ip = Ipv4Addr::new(high, low, !high, !low);
            let address = SocketAddrV4::new(ip, port);
            let text = HostPort::from(address).to_string();
            assert_eq!(parse_host_port(text.as_bytes()), Some(address));
            assert_eq!(
                parse_extended_port(format_extended_port(port).to_string().as_bytes()),
                (port != 0).then_some(port)
            );
            let extended = format_extended(address.into()).to_string();
            let expected = if port == 0 {
                Err(ExtendedError::Malformed)
            } else {
                Ok(address.into())
            };
            assert_eq!(parse_extended(extended.as_bytes()), expected);
        }
    }

    #[test]
    fn numbers_beyond_an_octet_are_refused() {
        let most = if cfg!(miri) { 3 } else { 70_000 };
        for number in (0u32..=most).chain([255, 256, 65_536]) {
            for place in 0..6 {
                let mut fields = ["1", "2", "3", "4", "5", "6"].map(ToString::to_string);
                fields[place] = number.to_string();
                let found = parse_host_port(fields.join(",").as_bytes());
                assert_eq!(found.is_some(), number <= 255, "{fields:?}");
                if number > 300 && place > 0 && number % 97 != 0 {
                    break;
                }
            }
        }
    }

    #[test]
    fn what_is_no_host_port_is_refused() {
        for bad in [
            "",
            ",",
            "1",
            "1,2,3,4,5",
            "1,2,3,4,5,6,7",
            "1,2,3,4,5,",
            ",1,2,3,4,5",
            "+1,2,3,4,5,6",
            "-1,2,3,4,5,6",
            "1, 2,3,4,5,6",
            "1,2,3,4,5,6 ",
            " 1,2,3,4,5,6",
            "1,2,3,4,5,0x6",
            "1.2.3.4.5.6",
            "1,2,,4,5,6",
            "(1,2,3,4,5,6)",
            "1,2,3,4,5,256",
            "1,2,3,4,5,\u{663}",
            "99999999999999999999,2,3,4,5,6",
        ] {
            assert_eq!(parse_host_port(bad.as_bytes()), None, "{bad}");
        }
        assert!(parse_host_port(b"001,002,003,004,005,006").is_some());
    }

    #[test]
    fn any_delimiter_will_do() {
        let step = if cfg!(miri) { 31 } else { 1 };
        for delimiter in (0..=255u8).step_by(step) {
            let d = char::from(delimiter);
            let v4 = parse_extended(
                &[
                    &[delimiter][..],
                    b"1",
                    &[delimiter],
                    b"192.0.2.1",
                    &[delimiter],
                    b"1025",
                    &[delimiter],
                ]
                .concat(),
            );
            // A delimiter that is part of the fields cannot work.
            let works = matches!(d, '!'..='~') && !"01259.".contains(d);
            assert_eq!(v4.is_ok(), works, "{d:?}");
            let v6 = parse_extended(
                &[
                    &[delimiter][..],
                    b"2",
                    &[delimiter],
                    b"2001:db8::a",
                    &[delimiter],
                    b"9",
                    &[delimiter],
                ]
                .concat(),
            );
            let works = matches!(d, '!'..='~') && !"0129:abd8".contains(d);
            assert_eq!(v6.is_ok(), works, "{d:?}");
            let port = [&[delimiter; 3][..], b"6446", &[delimiter]].concat();
            let works = matches!(d, '!'..='~') && !d.is_ascii_digit();
            assert_eq!(parse_extended_port(&port), works.then_some(6446), "{d:?}");
        }
    }

    #[test]
    fn families_and_bad_forms_are_told_apart() {
        use ExtendedError::{Family, Malformed};
        for (text, error) in [
            ("|3|192.0.2.1|1025|", Family(3)),
            ("|0||1025|", Family(0)),
            ("|65535|x|1|", Family(65535)),
            ("|65536|x|1|", Malformed),
            ("|1|2001:db8::1|1025|", Malformed),
            ("|2|192.0.2.1|1025|", Malformed),
            ("|2|fe80::1%eth0|1025|", Malformed),
            ("|2|[::1]|1025|", Malformed),
            ("|1|192.0.2.1|0|", Malformed),
            ("|1|192.0.2.1|65536|", Malformed),
            ("|1|192.0.2.1|+1025|", Malformed),
            ("|1|192.0.2.1| 1025|", Malformed),
            ("|1|192.0.2.256|1025|", Malformed),
            ("|1|192.0.2.1|1025", Malformed),
            ("|1|192.0.2.1|1025||", Malformed),
            ("|1|192.0.2.1|1025| ", Malformed),
            ("|1|192.0.2.1|", Malformed),
            ("||192.0.2.1|1025|", Malformed),
            ("", Malformed),
            ("|", Malformed),
        ] {
            assert_eq!(parse_extended(text.as_bytes()), Err(error), "{text}");
        }
    }

    #[test]
    fn long_addresses_of_every_port_come_back() {
        let step = if cfg!(miri) { 8191 } else { 1 };
        for port in (0..=u16::MAX).step_by(step) {
            let [high, low] = port.to_be_bytes();
            let v6 = [
                high, low, 0, 9, 1, !high, 0, 0, 0, 0, 0, 0, 255, 254, low, !low,
            ];
            for ip in [IpAddr::from([high, !low, low, !high]), v6.into()] {
                let address = SocketAddr::new(ip, port);
                let expected = if port == 0 {
                    Err(LongError::Malformed)
                } else {
                    Ok(address)
                };
                let text = format_long(address).to_string();
                assert_eq!(parse_long(text.as_bytes()), expected, "{text}");
            }
        }
    }

    #[test]
    fn long_addresses_are_refused_by_what_is_wrong() {
        use LongError::{Family, Malformed};
        for (text, error) in [
            ("5,4,1,2,3,4,2,4,1", Family(5)),
            ("0,0,0", Family(0)),
            ("255,1,9,3,1,2,3", Family(255)),
            ("256,1,9,2,4,1", Malformed),
            ("4,4,1,2,3,4,2,4", Malformed),
            ("4,4,1,2,3,4,2,4,1,1", Malformed),
            ("4,4,1,2,3,4,2,0,0", Malformed),
            ("4,4,1,2,3,4,2,4,256", Malformed),
            ("4,4,1,2,3,256,2,4,1", Malformed),
            ("4,4,1,2,3,4,1,4", Malformed),
            ("4,4,1,2,3,4,4,0,0,4,1", Malformed),
            ("4,5,1,2,3,4,5,2,4,1", Malformed),
            ("4,16,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,2,4,1", Malformed),
            ("6,4,1,2,3,4,2,4,1", Malformed),
            ("6,16,0,0,0,0,0,0,0,0,0,0,0,0,0,0,1,2,4,1", Malformed),
            ("4,255,1,2,3,4,2,4,1", Malformed),
            ("4,4,1,2,3,4,2, 4,1", Malformed),
            ("(4,4,1,2,3,4,2,4,1)", Malformed),
            ("4,4,1,2,3,-4,2,4,1", Malformed),
            ("5,4,1,2,3,4,2,4,", Malformed),
            ("4", Malformed),
            ("", Malformed),
        ] {
            assert_eq!(parse_long(text.as_bytes()), Err(error), "{text}");
        }
    }

    #[test]
    fn only_the_peer_and_only_high_ports_are_connected_to() {
        let peers = [
            "192.0.2.1",
            "::ffff:192.0.2.1",
            "2001:db8::1",
            "192.0.2.2",
            "::1",
            "127.0.0.1",
        ];
        for (i, a) in peers.iter().enumerate() {
            for (j, b) in peers.iter().enumerate() {
                let (a, b): (IpAddr, IpAddr) = (a.parse().unwrap(), b.parse().unwrap());
                let same = i == j || (i < 2 && j < 2);
                assert_eq!(same_host(a, b), same, "{a} {b}");
                for port in [0, 1, 1023, 1024, 65535] {
                    let allowed = may_connect(SocketAddr::new(a, port), b);
                    assert_eq!(allowed, same && port >= 1024, "{a}:{port} {b}");
                }
            }
        }
    }
}
