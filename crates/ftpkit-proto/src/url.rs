//! URLs of files on FTP and SFTP servers: [`Url`] (RFC 1738 sec. 3.2, RFC 3986). Nothing is
//! resolved here; a path is what a server will be asked for.

use alloc::{string::String, vec::Vec};
use core::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    str::FromStr,
};

use crate::text::{PathArg, Secret, Text, TextError};

/// Where a file is: `scheme://user:password@host:port/path;type=i`.
///
/// The path is relative to the login directory. `%2F` at its start, or a second slash, makes
/// it absolute. Names may be any bytes but CR, LF and NUL, percent-encoded where they are not
/// letters, digits or plain punctuation; what people type unencoded, such as spaces, is taken.
///
/// Neither `Display` nor `Debug` shows the password.
///
/// ```
/// use ftpkit_proto::url::{Scheme, Url};
///
/// let url: Url = "ftp://anna:s%40cret@ftp.example:2121/pub/a%20b.txt".parse()?;
/// assert_eq!(url.scheme(), Scheme::Ftp);
/// assert_eq!(url.port_or_default(), 2121);
/// assert_eq!(url.path().unwrap().as_bytes(), b"pub/a b.txt");
/// assert_eq!(url.to_string(), "ftp://anna@ftp.example:2121/pub/a%20b.txt");
///
/// let absolute: Url = "ftp://ftp.example/%2Fetc/motd".parse()?;
/// assert_eq!(absolute.path().unwrap().as_bytes(), b"/etc/motd");
/// # Ok::<(), ftpkit_proto::url::UrlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    scheme: Scheme,
    user: Option<Text>,
    password: Option<Secret>,
    host: Host,
    port: Option<u16>,
    path: Option<PathArg>,
    transfer_type: Option<TransferType>,
}

/// How a server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// `ftp`: in clear, port 21.
    Ftp,
    /// `ftps`: under TLS from the first byte, port 990.
    Ftps,
    /// `ftpes`: TLS by AUTH, port 21.
    Ftpes,
    /// `sftp`: over SSH, port 22.
    Sftp,
}

impl Scheme {
    const ALL: [Self; 4] = [Self::Ftp, Self::Ftps, Self::Ftpes, Self::Sftp];

    /// The word in front of `://`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ftp => "ftp",
            Self::Ftps => "ftps",
            Self::Ftpes => "ftpes",
            Self::Sftp => "sftp",
        }
    }

    /// The port where the URL names none.
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Ftp | Self::Ftpes => 21,
            Self::Ftps => 990,
            Self::Sftp => 22,
        }
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A server's host.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_enums, reason = "a host has a name or an address")]
pub enum Host {
    /// A name to be resolved, in lower case: letters, digits, `-`, `_` and dots.
    Name(String),
    /// An address.
    Ip(IpAddr),
}

/// As a resolver takes it: an IPv6 address without the brackets that a URL needs.
impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(ip) => ip.fmt(f),
        }
    }
}

/// `;type=` at the end of a URL (RFC 1738 sec. 3.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransferType {
    /// `a`: text.
    Ascii,
    /// `i`: bytes as they are.
    Image,
    /// `d`: a listing of names.
    Directory,
}

/// Why a text is no URL of a file. It never holds the password.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind} (at byte {at} of the URL)")]
pub struct UrlError {
    kind: UrlErrorKind,
    at: usize,
}

/// The kinds of [`UrlError`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlErrorKind {
    /// It does not begin with a scheme.
    #[error("the URL has no scheme; write ftp://host/path")]
    MissingScheme,
    /// The scheme is none of ours.
    #[error("the scheme {0} is not one of ftp, ftps, ftpes, sftp")]
    UnknownScheme(String),
    /// No host.
    #[error("the host is missing")]
    MissingHost,
    /// The host is neither a name nor an address.
    #[error(
        "the host is neither a name of ASCII letters, digits, `-`, `_` and dots, \
         nor an IPv4 address, nor an IPv6 address in brackets"
    )]
    BadHost,
    /// The port is no number from 1 to 65535.
    #[error("the port is not a number from 1 to 65535")]
    BadPort,
    /// A user name that is empty.
    #[error("the user name is empty")]
    EmptyUser,
    /// A percent sign without two hexadecimal digits.
    #[error("`%` is not followed by two hexadecimal digits; write %25 for the sign itself")]
    BadEscape,
    /// A CR, LF or NUL, written out or percent-encoded.
    #[error("no name or password can hold the byte 0x{0:02x}")]
    ForbiddenByte(u8),
    /// A `#`.
    #[error("`#` would begin a fragment, which no file has; write %23 for the sign itself")]
    Fragment,
    /// `;type=` with something else than a, i or d.
    #[error("the type behind `;type=` is not one of a, i, d")]
    BadType,
}

use UrlErrorKind as Kind;

impl UrlError {
    const fn new(kind: Kind, at: usize) -> Self {
        Self { kind, at }
    }

    /// What is wrong.
    #[must_use]
    pub const fn kind(&self) -> &UrlErrorKind {
        &self.kind
    }

    /// Where: the offset in bytes.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }
}

impl Url {
    /// How the server is spoken to.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The user name; none: anonymous, or whatever the application knows of the host.
    #[must_use]
    pub const fn user(&self) -> Option<&Text> {
        self.user.as_ref()
    }

    /// The password; it may be empty.
    #[must_use]
    pub const fn password(&self) -> Option<&Secret> {
        self.password.as_ref()
    }

    /// The host.
    #[must_use]
    pub const fn host(&self) -> &Host {
        &self.host
    }

    /// The port, where the URL names one.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        self.port
    }

    /// The port, or the scheme's where the URL names none.
    #[must_use]
    pub fn port_or_default(&self) -> u16 {
        self.port.unwrap_or_else(|| self.scheme.default_port())
    }

    /// The path as one argument of a command, decoded, its names joined by single slashes. It
    /// keeps a slash at its end; one at its beginning makes it absolute. `None` where the URL
    /// has no path, which is the login directory.
    #[must_use]
    pub const fn path(&self) -> Option<&PathArg> {
        self.path.as_ref()
    }

    /// Whether the path begins at the server's root instead of the login directory.
    #[must_use]
    pub fn is_absolute(&self) -> bool {
        self.path_bytes().starts_with(b"/")
    }

    /// Whether the URL says that it means a directory: by a slash at its end, by having no
    /// path at all, or by `;type=d`.
    #[must_use]
    pub fn is_directory(&self) -> bool {
        let path = self.path_bytes();
        path.is_empty()
            || path.ends_with(b"/")
            || matches!(self.transfer_type, Some(TransferType::Directory))
    }

    /// The names of the path, decoded; none of them is empty or holds a slash.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.path_bytes()
            .split(|b| *b == b'/')
            .filter(|name| !name.is_empty())
    }

    fn path_bytes(&self) -> &[u8] {
        self.path.as_ref().map_or(&[], PathArg::as_bytes)
    }

    /// What `;type=` says.
    #[must_use]
    pub const fn transfer_type(&self) -> Option<TransferType> {
        self.transfer_type
    }
}

impl FromStr for Url {
    type Err = UrlError;

    fn from_str(url: &str) -> Result<Self, UrlError> {
        let (scheme, behind) = scheme(url)?;
        let text = Part {
            text: url.get(behind..).unwrap_or_default(),
            at: behind,
        };
        if let Some(at) = text.text.find('#') {
            return Err(UrlError::new(Kind::Fragment, text.at + at));
        }
        let (authority, path) = match text.text.find('/') {
            Some(slash) => (text.before(slash), Some(text.behind(slash))),
            None => (text, None),
        };
        // The last one, for passwords in which it was not encoded.
        let (userinfo, server) = match authority.text.rfind('@') {
            Some(sign) => (Some(authority.before(sign)), authority.behind(sign)),
            None => (None, authority),
        };
        let (user, password) = userinfo.map_or(Ok((None, None)), credentials)?;
        let (host, port) = host_and_port(server)?;
        let mut found = Self {
            scheme,
            user,
            password,
            host,
            port,
            path: None,
            transfer_type: None,
        };
        if let Some(path) = path {
            found.read_path(path)?;
        }
        Ok(found)
    }
}

impl TryFrom<&str> for Url {
    type Error = UrlError;

    fn try_from(url: &str) -> Result<Self, UrlError> {
        url.parse()
    }
}

/// A part of the URL and where it stands.
#[derive(Clone, Copy)]
struct Part<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Part<'a> {
    /// What stands before this sign of one byte.
    fn before(self, sign: usize) -> Self {
        Self {
            text: self.text.get(..sign).unwrap_or_default(),
            ..self
        }
    }

    /// What stands behind this sign of one byte.
    fn behind(self, sign: usize) -> Self {
        Self {
            text: self.text.get(sign + 1..).unwrap_or_default(),
            at: self.at + sign + 1,
        }
    }

    const fn error(self, kind: Kind) -> UrlError {
        UrlError::new(kind, self.at)
    }

    /// The bytes, with percent-encoding undone.
    fn decoded(self) -> Result<Vec<u8>, UrlError> {
        let mut decoded = Vec::with_capacity(self.text.len());
        let mut bytes = self.text.bytes().zip(self.at..);
        while let Some((byte, at)) = bytes.next() {
            let byte = if byte == b'%' {
                let mut digit = || char::from(bytes.next()?.0).to_digit(16);
                let value = digit().and_then(|high| Some(high << 4 | digit()?));
                let value = value.and_then(|value| u8::try_from(value).ok());
                value.ok_or_else(|| UrlError::new(Kind::BadEscape, at))?
            } else {
                byte
            };
            if matches!(byte, b'\r' | b'\n' | 0) {
                return Err(UrlError::new(Kind::ForbiddenByte(byte), at));
            }
            decoded.push(byte);
        }
        Ok(decoded)
    }

    /// The bytes in one of the types that hold them; what they refuse is refused before.
    fn checked<T>(self, made: Result<T, TextError>) -> Result<T, UrlError> {
        made.map_err(|error| {
            self.error(match error {
                TextError::Forbidden { byte, .. } => Kind::ForbiddenByte(byte),
                TextError::Empty | TextError::NotAName => Kind::EmptyUser,
            })
        })
    }
}

/// The scheme, and where what follows its `://` begins.
fn scheme(url: &str) -> Result<(Scheme, usize), UrlError> {
    let missing = UrlError::new(Kind::MissingScheme, 0);
    let Some(colon) = url.find("://") else {
        return Err(missing);
    };
    let word = url.get(..colon).unwrap_or_default();
    let is_scheme = word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    if !is_scheme {
        // What stands there may be a password: it is not shown.
        return Err(missing);
    }
    Scheme::ALL
        .into_iter()
        .find(|scheme| scheme.as_str().eq_ignore_ascii_case(word))
        .map(|scheme| (scheme, colon + 3))
        .ok_or_else(|| UrlError::new(Kind::UnknownScheme(word.into()), 0))
}

type Credentials = (Option<Text>, Option<Secret>);

fn credentials(userinfo: Part<'_>) -> Result<Credentials, UrlError> {
    let (user, password) = match userinfo.text.find(':') {
        Some(colon) => (userinfo.before(colon), Some(userinfo.behind(colon))),
        None => (userinfo, None),
    };
    if user.text.is_empty() {
        return Err(user.error(Kind::EmptyUser));
    }
    let name = user.checked(Text::new(user.decoded()?))?;
    let Some(password) = password else {
        return Ok((Some(name), None));
    };
    let secret = password.checked(Secret::new(password.decoded()?))?;
    Ok((Some(name), Some(secret)))
}

fn host_and_port(server: Part<'_>) -> Result<(Host, Option<u16>), UrlError> {
    // The colons of an IPv6 address stand in front of its bracket.
    let from = server.text.rfind(']').unwrap_or(0);
    let colon = server
        .text
        .get(from..)
        .and_then(|text| text.rfind(':'))
        .map(|at| from + at);
    let (host, port) = match colon {
        Some(colon) => (server.before(colon), Some(server.behind(colon))),
        None => (server, None),
    };
    if host.text.is_empty() {
        return Err(host.error(Kind::MissingHost));
    }
    let found = if let Some(inner) = host.text.strip_prefix('[') {
        let address: Option<Ipv6Addr> = inner.strip_suffix(']').and_then(|ip| ip.parse().ok());
        address.map(|ip| Host::Ip(IpAddr::V6(ip)))
    } else if let Ok(ip) = host.text.parse::<Ipv4Addr>() {
        Some(Host::Ip(IpAddr::V4(ip)))
    } else {
        let is_name = host.text.len() <= 253
            && !host.text.starts_with(['.', '-'])
            && host
                .text
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        is_name.then(|| Host::Name(host.text.to_ascii_lowercase()))
    };
    let found = found.ok_or_else(|| host.error(Kind::BadHost))?;
    // Nothing behind the colon means the same as no colon.
    let Some(port) = port.filter(|port| !port.text.is_empty()) else {
        return Ok((found, None));
    };
    let number = Some(port.text)
        .filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .filter(|number| *number != 0)
        .ok_or_else(|| port.error(Kind::BadPort))?;
    Ok((found, Some(number)))
}

impl Url {
    /// Takes what stands behind the first slash.
    fn read_path(&mut self, path: Part<'_>) -> Result<(), UrlError> {
        let path = match self.scheme {
            Scheme::Sftp => path,
            Scheme::Ftp | Scheme::Ftps | Scheme::Ftpes => self.read_type(path)?,
        };
        let mut decoded = path.decoded()?;
        decoded.dedup_by(|a, b| *a == b'/' && *b == b'/');
        if !decoded.is_empty() {
            self.path = Some(path.checked(PathArg::new(decoded))?);
        }
        Ok(())
    }

    /// Takes `;type=x` off the end of the path.
    fn read_type<'a>(&mut self, path: Part<'a>) -> Result<Part<'a>, UrlError> {
        const KEY: &str = ";type=";
        let Some(semicolon) = path.text.rfind(';') else {
            return Ok(path);
        };
        let parameter = path.text.get(semicolon..).unwrap_or_default();
        let is_type = parameter
            .get(..KEY.len())
            .is_some_and(|key| key.eq_ignore_ascii_case(KEY));
        if !is_type {
            return Ok(path);
        }
        self.transfer_type = Some(match parameter.get(KEY.len()..).unwrap_or_default() {
            "a" | "A" => TransferType::Ascii,
            "i" | "I" => TransferType::Image,
            "d" | "D" => TransferType::Directory,
            _ => {
                return Err(UrlError::new(
                    Kind::BadType,
                    path.at + semicolon + KEY.len(),
                ));
            }
        });
        Ok(path.before(semicolon))
    }
}

/// Bytes percent-encoded, but for those that mean themselves everywhere in a URL.
struct Encoded<'a>(&'a [u8]);

impl fmt::Display for Encoded<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;
        for byte in self.0 {
            match byte {
                b'-' | b'.' | b'_' | b'~' | b'!' | b'$' | b'(' | b')' | b'*' | b',' | b'+'
                | b'=' => f.write_char(char::from(*byte))?,
                byte if byte.is_ascii_alphanumeric() => f.write_char(char::from(*byte))?,
                byte => write!(f, "%{byte:02X}")?,
            }
        }
        Ok(())
    }
}

/// Without the password; what it gives parses to the same URL but for that.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme)?;
        if let Some(user) = &self.user {
            write!(f, "{}@", Encoded(user.as_bytes()))?;
        }
        match &self.host {
            Host::Ip(IpAddr::V6(ip)) => write!(f, "[{ip}]")?,
            host => host.fmt(f)?,
        }
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        f.write_str("/")?;
        let path = self.path_bytes();
        let relative = match path.strip_prefix(b"/") {
            Some(relative) => {
                f.write_str("%2F")?;
                relative
            }
            None => path,
        };
        for part in relative.split_inclusive(|b| *b == b'/') {
            match part.strip_suffix(b"/") {
                Some(name) => write!(f, "{}/", Encoded(name))?,
                None => Encoded(part).fmt(f)?,
            }
        }
        f.write_str(match self.transfer_type {
            None => "",
            Some(TransferType::Ascii) => ";type=a",
            Some(TransferType::Image) => ";type=i",
            Some(TransferType::Directory) => ";type=d",
        })
    }
}

#[cfg(test)]
mod tests;
