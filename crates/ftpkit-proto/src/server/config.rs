//! What a server machine may and may not do.

use alloc::vec::Vec;
use core::{net::Ipv4Addr, time::Duration};

use super::offers::Offers;
use crate::text::Text;

/// The settings of a server's sessions; one value behind an `Arc` serves all of them.
///
/// The defaults are safe before login and fit FileZilla, WinSCP, curl and lftp.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The text of the greeting's 220.
    pub greeting: Text,
    /// The virtual hosts (RFC 7151), in any case of letters; empty, which is the default: every
    /// name that a client gives is taken.
    ///
    /// HOST with another name is refused with 504. A name that TLS was asked for (SNI) and that
    /// is not among them is no host; which certificate the client then sees is the driver's
    /// choice.
    pub hosts: Vec<Text>,
    /// The limits on what a client may send.
    pub limits: Limits,
    /// The timers.
    pub timeouts: Timeouts,
    /// The IPv4 address in 227, where the server is behind NAT; none: the control
    /// connection's local address.
    pub passive_host: Option<Ipv4Addr>,
    /// Whether PORT and EPRT are served. On by default.
    pub active: bool,
    /// What may be offered beyond what every server does; of it a user gets what the answer to
    /// the login has. All by default.
    pub offers: Offers,
    /// What of it every user will be offered, so that FEAT names it before login. None by
    /// default.
    pub offers_before_login: Offers,
    /// Whether the driver can do TLS and AUTH is offered. Off by default.
    pub tls: TlsPolicy,
    /// Whether an upload under TLS that ends without close_notify is complete. Off by default.
    pub accept_unclean_close: bool,
    /// Allows CCC (TLS back to clear text on the control connection). Off by default.
    pub dangerous_ccc: bool,
    /// Allows transfers between two servers, where the client is neither end of the data
    /// connection: PORT may name any host, anybody may call a passive port, and under TLS SSCN
    /// and CPSV are served. It opens the door to bounces (RFC 2577). Off by default.
    pub dangerous_server_to_server: bool,
    /// Allows REIN under TLS, which goes back to clear text. Off by default.
    pub dangerous_rein_under_tls: bool,
    /// Whether `Event::Command`, `Event::Malformed` and `Event::Replied` are wanted. Off by
    /// default: they cost an event a command.
    pub trace: bool,
}

/// What a server wants of TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TlsPolicy {
    /// AUTH is refused with 502.
    #[default]
    Off,
    /// AUTH is offered.
    Offered,
    /// Login is refused in clear.
    RequiredForLogin,
    /// Login and data connections are refused in clear.
    RequiredForData,
}

/// The limits on what a client may send. 0 means: no limit.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// The longest command line, in bytes with its end. 4,096 by default.
    pub line: usize,
    /// How many bytes of commands may wait while one is carried out. 64 KiB by default.
    pub pipeline: usize,
    /// How often login may fail before the session is closed with 421. 3 by default.
    pub login_attempts: u32,
    /// How many unknown or malformed commands may come before login. 20 by default.
    pub bad_commands_before_login: u32,
    /// How many entries `STAT path` shows. 1,000 by default.
    pub survey_entries: usize,
}

/// The timers. Zero means: never.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Timeouts {
    /// From the greeting to the end of login, in all. 60 s.
    pub login: Duration,
    /// Without a command, outside transfers. 300 s.
    pub idle: Duration,
    /// From the transfer command until the data connection is made. 60 s.
    pub data_connect: Duration,
    /// For a TLS handshake. 10 s.
    pub handshake: Duration,
    /// Without a byte of payload during a transfer. 300 s.
    pub stall: Duration,
    /// For the application to answer a question, or to say that it carries on. 300 s.
    pub question: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            greeting: Text::from_static("ftpkit ready."),
            hosts: Vec::new(),
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            passive_host: None,
            active: true,
            offers: Offers::ALL,
            offers_before_login: Offers::EMPTY,
            tls: TlsPolicy::Off,
            accept_unclean_close: false,
            dangerous_ccc: false,
            dangerous_server_to_server: false,
            dangerous_rein_under_tls: false,
            trace: false,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 4096,
            pipeline: 64 * 1024,
            login_attempts: 3,
            bad_commands_before_login: 20,
            survey_entries: 1000,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            login: Duration::from_secs(60),
            idle: Duration::from_secs(300),
            data_connect: Duration::from_secs(60),
            handshake: Duration::from_secs(10),
            stall: Duration::from_secs(300),
            question: Duration::from_secs(300),
        }
    }
}
