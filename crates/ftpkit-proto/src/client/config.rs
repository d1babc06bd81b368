//! What a client machine does, and how patient it is.

use alloc::boxed::Box;
use core::{net::IpAddr, time::Duration};

use super::learned::Learned;
use crate::text::Text;

/// The settings of one client connection.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// How data connections are made. Passive by default.
    pub data_mode: DataMode,
    /// Whether the address in a 227 is believed. Off by default: the data connection goes to
    /// the control connection's peer, whatever the server says.
    pub trust_passive_address: bool,
    /// The address to announce with PORT and EPRT; none: the local one of the listener.
    pub active_address: Option<IpAddr>,
    /// Whether LPSV and LPRT (RFC 1639) take the places over IPv6 that PASV and PORT have over
    /// IPv4, behind EPSV and EPRT. Off by default: only servers from before RFC 2428 need them.
    pub long_addresses: bool,
    /// Whether PRET tells a distributed server which transfer it is to listen for.
    pub pret: Pret,
    /// Whether a login that succeeds goes on with what
    /// [`Request::Negotiate`](super::Request::Negotiate) does. Off by default.
    pub negotiate: bool,
    /// The name to tell servers that list CLNT, such as `ftpkit 1.0`; none is told by default.
    pub client_name: Option<Text>,
    /// What may be sent ahead. Off by default.
    pub pipelining: Pipelining,
    /// Whether the next transfer's EPSV may be sent behind the command of a small one. By
    /// default to servers that are known to bear it.
    pub epsv_ahead: EpsvAhead,
    /// Whether replies that the standards do not allow but servers send are taken. On by default.
    pub lenient: bool,
    /// Whether a download under TLS without close_notify counts as complete. Off by default.
    pub accept_unclean_close: bool,
    /// Whether ABOR is preceded by a Telnet Synch (IAC IP IAC DM, the last byte urgent) while the
    /// connection is in clear. Off by default: vsftpd, ProFTPD, Pure-FTPd and pyftpdlib all act
    /// on a plain ABOR, while Pure-FTPd overlooks the one behind a Synch.
    pub telnet_abort: bool,
    /// Whether TLS begins with the connection (port 990 by custom), before the greeting. Off by
    /// default: TLS begins by [`Request::Secure`](super::Request::Secure).
    ///
    /// Data connections are then under TLS from the start too. Since servers do not agree on
    /// that, `Request::Secure` should follow all the same: it sends PBSZ and PROT alone.
    pub implicit_tls: bool,
    /// Allows [`Request::ClearControl`](super::Request::ClearControl), by which whoever is on
    /// the way can read and change all further commands. Off by default.
    pub dangerous_ccc: bool,
    /// What an earlier connection to this host has learnt. Nothing by default.
    pub learned: Option<Box<Learned>>,
    /// The limits on what a server may send.
    pub limits: Limits,
    /// The timers.
    pub timeouts: Timeouts,
    /// Whether `Event::Sent` and `Event::Received` are wanted. Off by default.
    pub trace: bool,
}

/// How data connections are made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DataMode {
    /// EPSV, and PASV where EPSV or its connection fails; which one works is remembered. PASV
    /// comes first where the features that are remembered do not list EPSV.
    #[default]
    Passive,
    /// EPRT, and PORT where EPRT is refused; which one works is remembered. PORT comes first
    /// where the features that are remembered do not list EPRT.
    Active,
    /// Passive, and active where that does not come to a connection or the server answers the
    /// command with 425 before payload flowed; the other way round from then on. A STOU is not
    /// sent twice, since its first try may have left a file.
    Auto,
}

/// Whether `PRET` is sent ahead of EPSV and PASV.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pret {
    /// Where the features that are remembered list it.
    #[default]
    Listed,
    /// Until the server refuses to know it.
    Always,
    /// Never.
    Never,
}

/// What may be sent before the reply to the command before it has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pipelining {
    /// Nothing.
    #[default]
    Off,
    /// Queries that change no state; AUTH, login, transfers, REIN and QUIT wait for their turn.
    Safe,
}

/// Whether EPSV is sent behind the command of a transfer, for the one that follows.
///
/// It spares each of many small files a round trip. A server bears it that reads no commands
/// while a transfer runs; others refuse it, overlook it, or close the data connection that runs.
/// With [`Config::telnet_abort`] it is not sent, since a Synch takes unread commands with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EpsvAhead {
    /// To servers that are known to bear it, by their greeting: vsftpd and ftpkit.
    #[default]
    Known,
    /// To every server, until it refuses.
    Always,
    /// Never.
    Never,
}

/// The limits on what a server may send.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// The longest reply line, in bytes. 8 KiB by default.
    pub line: usize,
    /// The longest reply, in bytes. 256 KiB by default.
    pub reply: usize,
    /// How many requests may wait. 1,024 by default; one more ends as `Outcome::Rejected`.
    pub queue: usize,
}

/// The timers. Zero means: never.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Timeouts {
    /// For the greeting and every reply that does not wait for a transfer. 30 s.
    pub reply: Duration,
    /// For a data connection to be made. 20 s.
    pub data_connect: Duration,
    /// For a TLS handshake. 10 s.
    pub handshake: Duration,
    /// Without a byte of payload during a transfer. 120 s.
    pub stall: Duration,
    /// For the data connection to end after the final reply came. 30 s.
    pub data_drain: Duration,
    /// For the final reply after the data connection has ended. 60 s.
    pub final_reply: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            data_mode: DataMode::Passive,
            trust_passive_address: false,
            active_address: None,
            long_addresses: false,
            pret: Pret::Listed,
            negotiate: false,
            client_name: None,
            pipelining: Pipelining::Off,
            epsv_ahead: EpsvAhead::Known,
            lenient: true,
            accept_unclean_close: false,
            telnet_abort: false,
            implicit_tls: false,
            dangerous_ccc: false,
            learned: None,
            limits: Limits::default(),
            timeouts: Timeouts::default(),
            trace: false,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            line: 8 * 1024,
            reply: 256 * 1024,
            queue: 1024,
        }
    }
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            reply: Duration::from_secs(30),
            data_connect: Duration::from_secs(20),
            handshake: Duration::from_secs(10),
            stall: Duration::from_secs(120),
            data_drain: Duration::from_secs(30),
            final_reply: Duration::from_secs(60),
        }
    }
}
