//! The ways in which two servers may come to a data connection between them: who listens, by
//! which command, and who begins TLS on it.

use alloc::vec::Vec;
use core::net::SocketAddr;

use super::{
    super::{connection::Connection, plan::Way},
    event::{Both, Side},
};
use crate::{
    command::{Command, Epsv},
    features::Features,
    reply::{Reply, fields},
};

/// Ports below it are no server's for data, and are named to none.
const RESERVED: u16 = 1024;

/// One way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Attempt {
    /// The server that listens.
    pub(super) passive: Side,
    pub(super) form: Form,
    /// The server that SSCN makes the TLS client; none in clear, and with CPSV.
    pub(super) sscn: Option<Side>,
}

/// How a server is asked to listen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Pasv,
    /// As PASV, and it is the TLS client.
    Cpsv,
    Epsv,
}

/// All ways that may do, the best first; none where the one server has its data connections
/// under TLS and the other has not.
pub(super) fn attempts(ends: &Both<Connection>, first: Side) -> Vec<Attempt> {
    let mut attempts = Vec::new();
    let protected = ends.source.parameters.protected;
    if protected != ends.destination.parameters.protected {
        return attempts;
    }
    for passive in [first, first.other()] {
        let (listener, caller) = (ends.at(passive), ends.at(passive.other()));
        // It may not be told where to call.
        if caller.parameters.only_epsv {
            continue;
        }
        let old = listener.peer.ip().to_canonical().is_ipv4() && !listener.parameters.only_epsv;
        let forms: &[Form] = match old {
            true => &[Form::Pasv, Form::Epsv],
            false => &[Form::Epsv],
        };
        let mut add = |form, sscn| {
            attempts.push(Attempt {
                passive,
                form,
                sscn,
            });
        };
        if !protected {
            forms.iter().for_each(|form| add(*form, None));
            continue;
        }
        if old && may_know(listener, "CPSV") {
            add(Form::Cpsv, None);
        }
        for (side, end) in [(passive, listener), (passive.other(), caller)] {
            if may_know(end, "SSCN") {
                forms.iter().for_each(|form| add(*form, Some(side)));
            }
        }
    }
    attempts
}

/// Whether the server lists the feature, or lists nothing at all.
fn may_know(end: &Connection, feature: &str) -> bool {
    let features = end.features.as_ref();
    features.is_none_or(|features: &Features| features.is_empty() || features.has(feature))
}

impl Form {
    pub(super) const fn command(self) -> Command {
        match self {
            Self::Pasv => Command::Pasv,
            Self::Cpsv => Command::Cpsv,
            Self::Epsv => Command::Epsv(Epsv::Any),
        }
    }

    /// The address that may be named to the other server: of the control connection's peer,
    /// unless what the reply says is trusted.
    pub(super) fn address(
        self,
        listener: &Connection,
        caller: &Connection,
        reply: &Reply,
        trust: bool,
    ) -> Option<SocketAddr> {
        let mut address = listener.passive_address(Way::Epsv, reply);
        if self != Self::Epsv {
            let told = SocketAddr::V4(fields::passive(reply)?);
            address = match trust && !told.ip().is_unspecified() {
                true => Some(told),
                false => Some(SocketAddr::new(listener.peer.ip(), told.port())),
            };
        }
        let address = address?;
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        // To a server elsewhere it would name that server itself.
        let own = caller.peer.ip().to_canonical();
        let misleads = address.ip().is_loopback() && !own.is_loopback();
        (address.port() >= RESERVED && !misleads).then_some(address)
    }
}

/// How a server is told where the other one listens.
pub(super) const fn announce(address: SocketAddr) -> Command {
    match address {
        SocketAddr::V4(v4) => Command::Port(v4),
        SocketAddr::V6(_) => Command::Eprt(address),
    }
}
