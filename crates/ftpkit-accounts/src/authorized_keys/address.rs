//! Addresses that a key is good from: the patterns of `from=`, and the networks of a
//! certificate's `source-address`.

use std::net::IpAddr;

/// The list of `from=`.
pub(super) struct Addresses(Vec<Entry>);

struct Entry {
    excepted: bool,
    pattern: Pattern,
}

enum Pattern {
    Network(Network),
    /// With `*` and `?`, in lower case.
    Text(String),
}

impl Addresses {
    pub(super) fn parse(list: &str) -> Result<Self, KeyAddressError> {
        let mut entries = Vec::new();
        let mut named = None;
        for item in list.split(',').map(str::trim) {
            let (excepted, text) = match item.strip_prefix('!') {
                Some(text) => (true, text),
                None => (false, item),
            };
            if text.is_empty() {
                return Err(KeyAddressError::Empty);
            }
            let pattern = if text.contains('/') || text.parse::<IpAddr>().is_ok() {
                Pattern::Network(Network::parse(text)?)
            } else if is_of_addresses(text) {
                Pattern::Text(text.to_ascii_lowercase())
            } else if excepted {
                return Err(KeyAddressError::ExceptedName(text.to_owned()));
            } else {
                named = Some(text.to_owned());
                continue;
            };
            entries.push(Entry { excepted, pattern });
        }
        match named {
            Some(name) if entries.is_empty() => Err(KeyAddressError::Name(name)),
            _ => Ok(Self(entries)),
        }
    }

    /// Whether an entry matches, and none that is excepted does.
    pub(super) fn allow(&self, peer: IpAddr) -> bool {
        let text = peer.to_string();
        let mut allowed = false;
        for entry in &self.0 {
            let matches = match &entry.pattern {
                Pattern::Network(network) => network.contains(peer),
                Pattern::Text(pattern) => glob(pattern.as_bytes(), text.as_bytes()),
            };
            if matches && entry.excepted {
                return false;
            }
            allowed |= matches;
        }
        allowed
    }
}

/// Whether the address is in one of these networks; not where one of them cannot be read.
pub(super) fn is_within(list: &str, peer: IpAddr) -> bool {
    let networks: Result<Vec<_>, _> = list.split(',').map(Network::parse).collect();
    networks.is_ok_and(|networks| networks.iter().any(|network| network.contains(peer)))
}

/// Whether a pattern is one of addresses as they are written, not of names of hosts.
fn is_of_addresses(text: &str) -> bool {
    let v4 = |b: u8| b.is_ascii_digit() || b".*?".contains(&b);
    let v6 = |b: u8| b.is_ascii_hexdigit() || b":.*?".contains(&b);
    text.bytes().all(v4) || (text.contains(':') && text.bytes().all(v6))
}

struct Network {
    address: IpAddr,
    length: u32,
}

impl Network {
    fn parse(text: &str) -> Result<Self, KeyAddressError> {
        let bad = || KeyAddressError::Network(text.to_owned());
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let given: IpAddr = address.parse().map_err(|_| bad())?;
        let whole = bits(given).1;
        let length = match length {
            None => whole,
            Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => digits
                .parse()
                .ok()
                .filter(|length| *length <= whole)
                .ok_or_else(bad)?,
            Some(_) => return Err(bad()),
        };
        // Peers over IPv6 sockets that have an IPv4 address are known by that.
        let (address, length) = match given.to_canonical() {
            address @ IpAddr::V4(_) if given.is_ipv6() => match length.checked_sub(96) {
                Some(length) => (address, length),
                None => (given, length),
            },
            address => (address, length),
        };
        let network = Self { address, length };
        if network.is_host() {
            return Err(KeyAddressError::Host(text.to_owned()));
        }
        Ok(network)
    }

    /// Whether bits are set behind those of the network.
    fn is_host(&self) -> bool {
        let (value, whole) = bits(self.address);
        let host = whole - self.length;
        let kept = value.checked_shr(host).and_then(|v| v.checked_shl(host));
        kept.unwrap_or(0) != value
    }

    fn contains(&self, peer: IpAddr) -> bool {
        let ((mine, whole), (theirs, other)) = (bits(self.address), bits(peer));
        let differs = (mine ^ theirs).checked_shr(whole - self.length);
        whole == other && differs.unwrap_or(0) == 0
    }
}

/// An address as a number, and how many bits it has.
fn bits(address: IpAddr) -> (u128, u32) {
    match address {
        IpAddr::V4(v4) => (v4.to_bits().into(), 32),
        IpAddr::V6(v6) => (v6.to_bits(), 128),
    }
}

/// Whether the pattern is the whole text, where `*` is any number of bytes and `?` is one.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where the last star stands, and how much of the text it has taken.
    let mut star = None;
    while let Some(byte) = text.get(t) {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(wanted) if *wanted == b'?' || wanted == byte => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, taken)) = star else {
                    return false;
                };
                star = Some((at, taken + 1));
                p = at + 1;
                t = taken + 1;
            }
        }
    }
    pattern.iter().skip(p).all(|byte| *byte == b'*')
}

/// Why an entry of `from=` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyAddressError {
    /// There is nothing between two commas.
    #[error("an entry of \"from\" is empty")]
    Empty,
    /// It is no address and no network.
    #[error("{0:?} in \"from\" is no network; write an address, a slash and a number of bits")]
    Network(String),
    /// The address has bits behind those of the network.
    #[error("{0:?} in \"from\" has bits set behind those of the network")]
    Host(String),
    /// There are only names of hosts.
    #[error(
        "\"from\" has only names of hosts, such as {0:?}, and these are not looked up here; write addresses"
    )]
    Name(String),
    /// A name of a host is excepted.
    #[error(
        "\"from\" excepts the host {0:?}, and names are not looked up here; write its addresses"
    )]
    ExceptedName(String),
}
