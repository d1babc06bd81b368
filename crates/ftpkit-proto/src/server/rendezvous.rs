//! How the next data connection is agreed on: PORT and PASV (RFC 959), EPRT and EPSV
//! (RFC 2428), LPRT and LPSV (RFC 1639). What then uses it stands in `transfer`.

use alloc::{boxed::Box, format};
use core::net::{IpAddr, SocketAddr, SocketAddrV4};

use super::{
    connection::Connection,
    policy,
    state::{Exchange, Rendezvous},
};
use crate::{
    Code, DataEvent, DataId, DataRequest, Family, Reply, Text,
    address::{HostPort, format_extended_port, format_long},
    command::{Epsv, Row},
    error::Timer,
};

impl Connection {
    fn family(&self) -> Family {
        match self.ends.local() {
            SocketAddr::V4(_) => Family::V4,
            SocketAddr::V6(_) => Family::V6,
        }
    }

    /// The refusal of a network protocol, with the one that is served (RFC 2428 sec. 2,
    /// RFC 1639 sec. 5).
    fn wrong_family(&mut self, row: Row) {
        let long = row == Row::Lprt;
        let text = match (self.family(), long) {
            (Family::V4, false) => "This connection is over IPv4, use (1).",
            (Family::V6, false) => "This connection is over IPv6, use EPSV or EPRT with (2).",
            (Family::V4, true) => "Supported address families are (4).",
            (Family::V6, true) => "Supported address families are (6).",
        };
        let code = if long {
            Code::PROTECTION_TOO_LOW
        } else {
            Code::PROTOCOL_REFUSED
        };
        self.say(row, code, text);
    }

    /// Agrees on nothing; a listener that was bound is dropped.
    pub(super) fn drop_rendezvous(&mut self) {
        self.replace_rendezvous(Rendezvous::None);
    }

    fn replace_rendezvous(&mut self, new: Rendezvous) {
        if let Some(id) = self.rendezvous.replace(new) {
            self.data(id, DataRequest::Abort);
        }
    }

    /// PORT, EPRT and LPRT.
    pub(super) fn active_command(&mut self, row: Row, target: SocketAddr) {
        if !self.config.active {
            let text = "Active mode is not served; use EPSV or PASV.";
            return self.say(row, Code::NOT_IMPLEMENTED, text);
        }
        if self.parameters.is_epsv_all() {
            return self.say(row, Code::BAD_SEQUENCE, "EPSV ALL was sent; use EPSV.");
        }
        if row != Row::Port && policy::canonical(target).is_ipv4() != self.ends.peer().is_ipv4() {
            return self.wrong_family(row);
        }
        let may_dial = if self.config.dangerous_server_to_server {
            policy::may_dial_anybody
        } else {
            policy::may_dial
        };
        match may_dial(self.ends.peer(), target) {
            Some(target) => {
                self.replace_rendezvous(Rendezvous::Active(Box::new(target)));
                self.say(row, Code::OK, "Address noted.");
            }
            None => {
                let text = "Only the client's own address and a port from 1024 on are dialled.";
                self.say(row, Code::BAD_PARAMETER, text);
            }
        }
    }

    /// PASV, CPSV and LPSV. The four bytes of a 227 are an IPv4 address, those of a 228 may be
    /// either.
    pub(super) fn passive_command(&mut self, row: Row) {
        if self.parameters.is_epsv_all() {
            return self.say(row, Code::BAD_SEQUENCE, "EPSV ALL was sent; use EPSV.");
        }
        if row != Row::Lpsv && self.family() == Family::V6 {
            return self.wrong_family(row);
        }
        self.listen(row);
    }

    pub(super) fn epsv_command(&mut self, argument: Epsv) {
        match (argument, self.family()) {
            (Epsv::All, _) => {
                self.parameters.set_epsv_all();
                self.say(Row::Epsv, Code::OK, "Only EPSV from now on.");
            }
            (Epsv::Any, _) | (Epsv::Family(1), Family::V4) | (Epsv::Family(2), Family::V6) => {
                self.listen(Row::Epsv);
            }
            (Epsv::Family(_), _) => self.wrong_family(Row::Epsv),
        }
    }

    fn listen(&mut self, row: Row) {
        let id = self.next_data();
        self.replace_rendezvous(Rendezvous::Binding { id, row });
        self.exchange.go(Exchange::Binding);
        self.begin(Timer::DataConnect);
        self.data(id, DataRequest::Listen(self.family()));
    }

    fn listening(&mut self, id: DataId, address: SocketAddr) {
        let Some(row) = self.rendezvous.bound(id) else {
            return;
        };
        let port = address.port();
        let own = match (self.ends.local().ip(), self.config.passive_host) {
            (IpAddr::V4(_), Some(host)) => host.into(),
            (own, _) => own,
        };
        let (code, text) = match (row, own) {
            (Row::Epsv, _) => {
                let port = format_extended_port(port);
                let text = format!("Entering extended passive mode ({port}).");
                (Code::EXTENDED_PASSIVE, text)
            }
            (Row::Lpsv, own) => {
                let place = format_long(SocketAddr::new(own, port));
                let text = format!("Entering Long Passive Mode ({place}).");
                (Code::LONG_PASSIVE, text)
            }
            (_, IpAddr::V4(own)) => {
                let place = HostPort::from(SocketAddrV4::new(own, port));
                let text = format!("Entering passive mode ({place}).");
                (Code::PASSIVE, text)
            }
            (_, IpAddr::V6(_)) => return self.unbound(row),
        };
        self.finish(row, &Reply::with_text(code, Text::sanitized(&text)));
    }

    /// The time for a listener to come about is over.
    pub(super) fn binding_expired(&mut self) {
        if let Rendezvous::Binding { row, .. } = *self.rendezvous {
            self.unbound(row);
        }
    }

    /// No listener came about.
    fn unbound(&mut self, row: Row) {
        self.drop_rendezvous();
        let text = "No port could be bound; try again.";
        self.say(row, Code::NO_DATA_CONNECTION, text);
    }

    pub(super) fn listener_event(&mut self, id: DataId, event: DataEvent) {
        match event {
            DataEvent::Listening(address) => self.listening(id, address),
            DataEvent::Failed(_) => {
                if let Some(row) = self.rendezvous.lost(id) {
                    self.unbound(row);
                }
            }
            _ => {}
        }
    }
}
