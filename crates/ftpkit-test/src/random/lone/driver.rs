//! The driver of a machine that is alone: what it has of data connections, and the news of them.

use std::net::SocketAddr;

use ftpkit_proto::{DataEvent, DataFailure, DataId, DataRequest, TlsEvent};

use super::Lone;
use crate::{
    net::Side,
    player::Input,
    random::{dice::Dice, talk},
};

/// What a driver has of a data connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Socket {
    Binding,
    Bound,
    Accepting,
    Dialling,
    /// Made, by whom it should be or by a stranger.
    Met(bool),
    Rejected,
    Securing,
    Secured,
    Flowing(u64),
}

impl Socket {
    /// Whether the machine waits for news of it.
    pub(super) const fn is_busy(self) -> bool {
        matches!(
            self,
            Self::Binding | Self::Accepting | Self::Dialling | Self::Securing | Self::Flowing(_)
        )
    }
}

impl Lone {
    /// What an honest driver does about a request, if it can be made.
    pub(super) fn request(&mut self, id: DataId, request: &DataRequest) {
        let before = self.sockets.get(&id).copied();
        let after = match (request, before) {
            (DataRequest::Listen(_), None) => Some(Socket::Binding),
            (DataRequest::Connect(to), None) => {
                let (client, server) = self.plan.settings.addresses();
                let peer = match self.plan.side {
                    Side::Client => server,
                    Side::Server => client,
                };
                let trusts = match self.plan.side {
                    Side::Client => self.plan.settings.client.trust_passive_address,
                    Side::Server => self.takes_others(),
                };
                assert!(trusts || to.ip() == peer.ip(), "{to} is not the peer");
                Some(Socket::Dialling)
            }
            (DataRequest::Accept, Some(Socket::Bound | Socket::Rejected)) => {
                Some(Socket::Accepting)
            }
            (DataRequest::Reject, Some(Socket::Met(false))) => Some(Socket::Rejected),
            (DataRequest::Secure(_), Some(Socket::Met(true))) => Some(Socket::Securing),
            (DataRequest::Transfer(_), Some(Socket::Met(true) | Socket::Secured)) => {
                Some(Socket::Flowing(0))
            }
            (DataRequest::Discard, Some(Socket::Secured)) => Some(Socket::Flowing(0)),
            (DataRequest::Abort, Some(_)) => None,
            (request, before) => panic!("{request:?} for {id} in state {before:?}"),
        };
        match after {
            Some(socket) => {
                assert!(!self.spent.contains(&id), "{id} is used twice");
                self.sockets.insert(id, socket);
            }
            None => self.spend(id),
        }
        assert!(
            self.sockets.len() <= 1,
            "two data connections: {:?}",
            self.sockets
        );
    }

    /// Whether data connections with other servers are allowed.
    pub(super) fn takes_others(&self) -> bool {
        let server = &self.plan.settings.server;
        self.plan.side == Side::Server && server.dangerous_server_to_server
    }

    pub(super) fn spend(&mut self, id: DataId) {
        self.sockets.remove(&id);
        self.spent.insert(id);
    }

    /// Where this side listens for the connection, and where its peer calls from.
    fn places(&self, id: DataId) -> (SocketAddr, SocketAddr) {
        let (mut client, mut server) = self.plan.settings.addresses();
        for address in [&mut client, &mut server] {
            address.set_port(50_000 + u16::try_from(id.number()).unwrap_or(0));
        }
        match self.plan.side {
            Side::Client => (client, server),
            Side::Server => (server, client),
        }
    }

    /// A data connection that the machine waits for news of.
    pub(super) fn busy_socket(&self) -> Option<DataId> {
        let busy = self.sockets.iter().find(|(_, socket)| socket.is_busy());
        busy.map(|(id, _)| *id)
    }

    /// The news that all goes well.
    pub(super) fn good_news(&mut self, id: DataId) {
        let (own, peer) = self.places(id);
        let (event, after) = match self.sockets.get(&id) {
            Some(Socket::Binding) => (DataEvent::Listening(own), Some(Socket::Bound)),
            Some(Socket::Securing) => {
                let secured = DataEvent::Secured { resumed: true };
                (secured, Some(Socket::Secured))
            }
            Some(Socket::Flowing(_)) => {
                let (bytes, clean) = (9, true);
                (DataEvent::Finished { bytes, clean }, None)
            }
            _ => (DataEvent::Connected(peer), Some(Socket::Met(true))),
        };
        self.tell(id, event, after);
    }

    fn tell(&mut self, id: DataId, event: DataEvent, after: Option<Socket>) {
        match after {
            Some(after) => {
                self.sockets.insert(id, after);
            }
            None => self.spend(id),
        }
        self.happen(Input::Data(id, event));
    }

    /// News that an honest driver could bring now.
    pub(super) fn news(&mut self, id: DataId, dice: &mut Dice) {
        let Some(socket) = self.sockets.get(&id).copied() else {
            return;
        };
        let (own, peer) = self.places(id);
        let fails = dice.chance(15);
        let failure =
            |dice: &mut Dice, kinds: &[DataFailure]| (DataEvent::Failed(dice.pick(kinds)), None);
        let (event, after) = match socket {
            Socket::Binding if fails => failure(dice, &[DataFailure::Listen]),
            Socket::Binding => (DataEvent::Listening(own), Some(Socket::Bound)),
            Socket::Accepting | Socket::Dialling if fails => failure(
                dice,
                &[
                    DataFailure::Refused,
                    DataFailure::Unreachable,
                    DataFailure::TimedOut,
                ],
            ),
            Socket::Accepting if dice.chance(20) => {
                let stranger = "198.51.100.66:666".parse().expect("an address");
                let welcome = self.takes_others();
                (DataEvent::Connected(stranger), Some(Socket::Met(welcome)))
            }
            Socket::Accepting | Socket::Dialling => {
                (DataEvent::Connected(peer), Some(Socket::Met(true)))
            }
            Socket::Securing if fails => failure(
                dice,
                &[
                    DataFailure::Tls,
                    DataFailure::NotResumed,
                    DataFailure::Certificate,
                    DataFailure::Broken,
                ],
            ),
            Socket::Securing => {
                let resumed = dice.chance(50);
                (DataEvent::Secured { resumed }, Some(Socket::Secured))
            }
            Socket::Flowing(_) if fails => failure(
                dice,
                &[
                    DataFailure::Broken,
                    DataFailure::Local,
                    DataFailure::NoSpace,
                    DataFailure::Quota,
                ],
            ),
            Socket::Flowing(before) => {
                let bytes = before + dice.below(1000) as u64;
                if dice.chance(45) {
                    (DataEvent::Progress { bytes }, Some(Socket::Flowing(bytes)))
                } else {
                    let clean = dice.chance(80);
                    (DataEvent::Finished { bytes, clean }, None)
                }
            }
            // What nobody waits for breaks without being asked, if at all.
            Socket::Bound | Socket::Met(_) | Socket::Rejected | Socket::Secured => {
                failure(dice, &[DataFailure::Broken, DataFailure::Listen])
            }
        };
        self.tell(id, event, after);
    }

    pub(super) fn lie(&mut self, dice: &mut Dice) {
        let id = DataId::new(self.last.saturating_sub(dice.below(3) as u64));
        let address = dice.pick(&["[2001:db8::1]:1", "192.0.2.9:50000", "192.0.2.1:50000"]);
        let address = address.parse().expect("an address");
        let bytes = dice.below(1000) as u64;
        if self.tls.is_none() && dice.chance(5) {
            let event = match dice.below(5) {
                0 | 1 => TlsEvent::Started(talk::tls_facts(dice)),
                2 | 3 => TlsEvent::Stopped,
                _ => TlsEvent::Failed,
            };
            return self.happen(Input::Tls(event));
        }
        let event = match dice.below(8) {
            0 | 1 => DataEvent::Listening(address),
            2 | 3 => DataEvent::Connected(address),
            4 => DataEvent::Secured { resumed: true },
            5 => DataEvent::Progress { bytes },
            6 => {
                let clean = dice.chance(50);
                DataEvent::Finished { bytes, clean }
            }
            _ => DataEvent::Failed(dice.pick(crate::words::FAILURES)),
        };
        self.happen(Input::Data(id, event));
    }
}
