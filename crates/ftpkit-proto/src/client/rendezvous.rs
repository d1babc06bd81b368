//! How a transfer's data connection is arranged: EPSV and PASV, EPRT and PORT, their forms for
//! long addresses, PRET ahead of them, and which address is believed (RFC 959 sec. 3.3,
//! RFC 1639, RFC 2428).
//!
//! In which order they are tried stands in `plan.rs`.

use core::net::{IpAddr, SocketAddr};

use super::{
    config::Pret,
    connection::Connection,
    plan::{Grounds, Plan, Way, Worked},
    state::{Rendezvous, Step},
    transfer::{ON, Run, Went},
};
use crate::{
    command::{Command, Epsv},
    data::{DataRequest, Family},
    error::Timer,
    reply::{Reply, fields},
};

/// Ports that a server other than the control connection's peer has no data connections on.
const RESERVED: u16 = 1024;

impl Connection {
    /// The type is set: makes the data connection.
    pub(super) fn meet(&mut self, run: &mut Run) -> Went {
        run.plan = Plan::new(Grounds {
            config: &self.config,
            worked: self.parameters.worked,
            before: self.before(),
            features: self.features.as_ref(),
            only_epsv: self.parameters.only_epsv,
            peer_v4: is_v4(self.peer.ip()),
            own_v4: is_v4(self.announced_ip()),
        });
        self.next_way(run)
    }

    /// Tries the next way; there is one.
    pub(super) fn next_way(&mut self, run: &mut Run) -> Went {
        run.step.go(Step::Plan);
        let passive = run.plan.turn().is_some_and(Way::is_passive);
        let listener = match *run.data {
            Rendezvous::Bound if !passive => run.local,
            _ => None,
        };
        if listener.is_none() {
            self.drop_data(run);
        }
        match listener {
            Some(local) => return self.announce(run, local),
            None if !passive => self.listen(run),
            None if self.may_pret() && !run.pret => {
                run.pret = true;
                run.step.go(Step::Pret);
                self.send(Command::Pret(run.command.clone().into()));
            }
            None => return self.ask_passive(run),
        }
        ON
    }

    fn listen(&mut self, run: &mut Run) {
        let family = match is_v4(self.announced_ip()) {
            true => Family::V4,
            false => Family::V6,
        };
        run.step.go(Step::Meet);
        run.data.go(Rendezvous::Binding);
        self.request_new(run, DataRequest::Listen(family));
    }

    pub(super) fn ask_passive(&mut self, run: &mut Run) -> Went {
        run.step.go(Step::Passive);
        run.ahead = false;
        if run.plan.way() == Some(Way::Epsv)
            && let Some(went) = self.take_up(run)
        {
            return went;
        }
        self.void_ahead();
        self.send(match run.plan.way() {
            Some(Way::Pasv) => Command::Pasv,
            Some(Way::Lpsv) => Command::Lpsv,
            _ => Command::Epsv(Epsv::Any),
        });
        ON
    }

    pub(super) fn may_pret(&self) -> bool {
        !self.parameters.no_pret
            && match self.config.pret {
                Pret::Always => true,
                Pret::Never => false,
                Pret::Listed => self.features.as_ref().is_some_and(|listed| listed.pret()),
            }
    }

    /// Connects to where the server listens; a reply without an address counts as a refusal.
    pub(super) fn connect(&mut self, run: &mut Run, reply: Reply) -> Went {
        let address = run
            .plan
            .way()
            .and_then(|way| self.passive_address(way, &reply));
        let Some(address) = address else {
            return self.refused(run, reply);
        };
        self.connect_to(run, address)
    }

    pub(super) fn connect_to(&mut self, run: &mut Run, address: SocketAddr) -> Went {
        run.step.go(Step::Meet);
        run.data.go(Rendezvous::Connecting);
        self.request_new(run, DataRequest::Connect(address));
        ON
    }

    /// Where the server listens by this reply: at the control connection's peer, whatever it
    /// says, unless the configuration trusts it.
    pub(super) fn passive_address(&self, way: Way, reply: &Reply) -> Option<SocketAddr> {
        let told = match way {
            Way::Pasv => SocketAddr::V4(fields::passive(reply)?),
            Way::Lpsv => fields::long_passive(reply)?,
            _ => return self.at_peer(fields::extended_passive(reply)?),
        };
        if self.config.trust_passive_address && !told.ip().is_unspecified() {
            let own = told.ip().to_canonical() == self.peer.ip().to_canonical();
            (own || told.port() >= RESERVED).then_some(told)
        } else {
            self.at_peer(told.port())
        }
    }

    pub(super) fn at_peer(&self, port: u16) -> Option<SocketAddr> {
        let mut address = self.peer;
        address.set_port(port);
        (port != 0).then_some(address)
    }

    /// What an earlier connection has seen to work.
    fn before(&self) -> Worked {
        let learned = self.config.learned.as_deref();
        learned.map_or_else(Worked::default, |learned| learned.worked)
    }

    fn announced_ip(&self) -> IpAddr {
        self.config
            .active_address
            .unwrap_or_else(|| self.peer.ip())
            .to_canonical()
    }

    /// Tells the server where this side listens.
    pub(super) fn announce(&mut self, run: &mut Run, local: SocketAddr) -> Went {
        self.void_ahead();
        run.local = Some(local);
        let ip = self.config.active_address.unwrap_or_else(|| local.ip());
        let at = SocketAddr::new(ip.to_canonical(), local.port());
        let command = match (run.plan.way(), at) {
            (Some(Way::Port), SocketAddr::V4(v4)) => Command::Port(v4),
            (Some(Way::Lprt), at) => Command::Lprt(at),
            (_, at) => Command::Eprt(at),
        };
        run.step.go(Step::Active);
        self.send(command);
        ON
    }

    fn request_new(&mut self, run: &mut Run, request: DataRequest) {
        run.data_id = self.next_data_id();
        self.request(run, request);
        self.arm(Timer::DataConnect, self.config.timeouts.data_connect);
    }
}

fn is_v4(ip: IpAddr) -> bool {
    ip.to_canonical().is_ipv4()
}
