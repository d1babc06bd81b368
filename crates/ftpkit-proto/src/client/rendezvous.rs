//! How a transfer's data connection is arranged: EPSV and PASV, EPRT and PORT, which of them is
//! tried when, and which address is believed (RFC 959 sec. 3.3, RFC 2428).

use core::net::{IpAddr, SocketAddr};

use super::{
    config::DataMode,
    connection::Connection,
    state::{Rendezvous, Step},
    transfer::{ON, Run, Went},
};
use crate::{
    command::{Command, Epsv},
    data::{DataRequest, Family},
    error::Timer,
    reply::{Reply, fields},
};

impl Connection {
    /// The type is set: makes the data connection.
    pub(super) fn meet(&mut self, run: &mut Run) -> Went {
        match self.config.data_mode {
            DataMode::Passive => {
                let pasv = self.parameters.only_pasv && self.may_use_pasv();
                self.ask_passive(run, pasv);
            }
            DataMode::Active => {
                let announced = self.config.active_address.unwrap_or_else(|| self.peer.ip());
                let family = match announced.to_canonical() {
                    IpAddr::V4(_) => Family::V4,
                    IpAddr::V6(_) => Family::V6,
                };
                run.step.go(Step::Meet);
                run.data.go(Rendezvous::Binding);
                self.request_new(run, DataRequest::Listen(family));
            }
        }
        ON
    }

    pub(super) fn ask_passive(&mut self, run: &mut Run, pasv: bool) {
        run.pasv = pasv;
        if pasv {
            run.step.go(Step::Pasv);
            self.send(Command::Pasv);
        } else {
            run.step.go(Step::Epsv);
            self.send(Command::Epsv(Epsv::Any));
        }
    }

    /// PASV has no form for an IPv6 address, and EPSV ALL forbids it.
    pub(super) fn may_use_pasv(&self) -> bool {
        self.peer.ip().to_canonical().is_ipv4() && !self.parameters.only_epsv
    }

    /// Connects to where the server listens; a reply without an address counts as a refusal.
    pub(super) fn connect(&mut self, run: &mut Run, reply: Reply) -> Went {
        let Some(address) = self.passive_address(run.pasv, &reply) else {
            return self.refused(run, reply);
        };
        run.step.go(Step::Meet);
        run.data.go(Rendezvous::Connecting);
        self.request_new(run, DataRequest::Connect(address));
        ON
    }

    fn passive_address(&self, pasv: bool, reply: &Reply) -> Option<SocketAddr> {
        let at_peer = |port| {
            let mut address = self.peer;
            address.set_port(port);
            address
        };
        let address = if pasv {
            let told = fields::passive(reply)?;
            if self.config.trust_passive_address && !told.ip().is_unspecified() {
                SocketAddr::V4(told)
            } else {
                at_peer(told.port())
            }
        } else {
            at_peer(fields::extended_passive(reply)?)
        };
        (address.port() != 0).then_some(address)
    }

    /// Tells the server where this side listens.
    pub(super) fn announce(&mut self, run: &mut Run, local: SocketAddr) -> Went {
        let ip = self
            .config
            .active_address
            .unwrap_or_else(|| local.ip())
            .to_canonical();
        let at = SocketAddr::new(ip, local.port());
        run.announced = Some(at);
        match at {
            SocketAddr::V4(v4) if self.parameters.only_port => {
                run.step.go(Step::Port);
                self.send(Command::Port(v4));
            }
            _ => {
                run.step.go(Step::Eprt);
                self.send(Command::Eprt(at));
            }
        }
        ON
    }

    pub(super) fn request_new(&mut self, run: &mut Run, request: DataRequest) {
        run.data_id = self.next_data_id();
        self.request(run, request);
        self.arm(Timer::DataConnect, self.config.timeouts.data_connect);
    }
}
