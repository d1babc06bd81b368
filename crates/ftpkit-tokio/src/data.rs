//! The data plane of one session: what carries out the requests about its data connection.
//! What belongs elsewhere: who may connect (the machine), moving payload (`pump`).

mod accept;
#[cfg(feature = "_tls")]
mod ahead;
mod connect;
#[cfg(feature = "_tls")]
mod discard;
mod kept;
mod listen;
#[cfg(feature = "_tls")]
mod secure;
mod socket;
mod stream;

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use ftpkit_proto::{DataEvent, DataFailure, DataId, DataRequest, Flow, address::Endpoints};
use tokio::net::TcpStream;

pub(crate) use self::kept::Kept;
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(crate) use self::socket::Socket;
pub use self::stream::DataStream;
use self::{accept::Accepting, connect::Connecting, kept::Listener};
#[cfg(feature = "_tls")]
use self::{discard::Discarding, secure::Securing};
#[cfg(feature = "_tls")]
use crate::tls::SessionTls;
use crate::{acceptor::canonical, pace::Pace, ports::PassivePorts};

/// How a driver makes data connections.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct DataOptions {
    /// The local address of data connections; none: that of the control connection. One of
    /// the other family than the control connection is not used.
    pub bind: Option<IpAddr>,
    /// The ports to listen on, shared by all sessions; none: the system chooses, and no listener
    /// is kept.
    pub ports: Option<Arc<PassivePorts>>,
    /// How long to stay awake for what the peer of a data connection sends next under TLS, where
    /// the peer of the control connection is quick (see
    /// [`Driver::with_busy_wait`](crate::Driver::with_busy_wait)); zero: never. A server does so
    /// until the handshake is over, in which the client computes for some 100 µs; a client for
    /// payload, too, so that a server that is the slower one need not wake it. The handshake of the
    /// control connection is waited for as long.
    pub busy_wait: Duration,
}

impl DataOptions {
    /// Listens on these ports only.
    #[must_use]
    pub fn with_ports(mut self, ports: Arc<PassivePorts>) -> Self {
        self.ports = Some(ports);
        self
    }

    /// Uses this local address.
    #[must_use]
    pub const fn with_bind(mut self, address: IpAddr) -> Self {
        self.bind = Some(address);
        self
    }

    /// Stays awake for so long.
    #[must_use]
    pub const fn with_busy_wait(mut self, limit: Duration) -> Self {
        self.busy_wait = limit;
        self
    }
}

/// The data connection of one session, if there is one.
pub(crate) struct Plane {
    options: Arc<DataOptions>,
    ends: Endpoints,
    #[cfg(feature = "_tls")]
    tls: Option<Arc<SessionTls>>,
    /// Boxed, since most sessions have none most of the time.
    slot: Option<Box<Slot>>,
    /// A connection that is over here while the role above still has its stream.
    orphan: Option<DataId>,
}

struct Slot {
    id: DataId,
    state: State,
}

enum State {
    /// Bound; nobody has asked for a caller yet.
    Listening(Listener),
    /// Waiting for a caller.
    Accepting(Accepting),
    /// A caller came, and may yet be rejected.
    Called(Listener, TcpStream, SocketAddr),
    /// On the way to the peer.
    Connecting(Connecting),
    /// Made from here.
    Connected(TcpStream, SocketAddr),
    /// On the way to TLS.
    #[cfg(feature = "_tls")]
    Securing(Box<Securing>),
    /// Under TLS.
    #[cfg(feature = "_tls")]
    Secured(DataStream),
    /// On the way to its end, without payload.
    #[cfg(feature = "_tls")]
    Discarding(Discarding),
    /// The role above has the stream.
    HandedUp,
}

/// What a request led to at once.
pub(crate) enum Answer {
    /// Nothing yet.
    None,
    /// News for the machine.
    Event(DataEvent),
    /// The stream goes to the role above.
    Transfer(Flow, DataStream),
}

impl Plane {
    /// `ends` are those of the control connection.
    pub(crate) const fn new(options: Arc<DataOptions>, ends: Endpoints) -> Self {
        Self {
            options,
            ends,
            #[cfg(feature = "_tls")]
            tls: None,
            slot: None,
            orphan: None,
        }
    }

    /// Does TLS with this.
    #[cfg(feature = "_tls")]
    pub(crate) fn set_tls(&mut self, session: Arc<SessionTls>) {
        self.tls = Some(session);
    }

    /// The pace of a stream under TLS, with that of its session.
    #[cfg(feature = "_tls")]
    pub(crate) fn pace_under_tls(&self, pace: &Pace) -> Pace {
        pace.beside(self.options.busy_wait)
    }

    /// This side's address of the control connection.
    pub(crate) fn local(&self) -> SocketAddr {
        self.ends.local()
    }

    /// The peer's address of the control connection.
    pub(crate) fn peer(&self) -> SocketAddr {
        self.ends.peer()
    }

    /// Carries out one request. One that does not fit the state of the connection is answered
    /// with a failure, so that nobody waits for what cannot come. `pace` is the control
    /// connection's.
    pub(crate) fn request(&mut self, id: DataId, request: DataRequest, pace: &Pace) -> Answer {
        match request {
            DataRequest::Listen(family) => {
                self.clear();
                match listen::listen(&self.options, self.local(), family) {
                    Ok(listener) => {
                        let address = listener.address;
                        self.put(id, State::Listening(listener));
                        Answer::Event(DataEvent::Listening(address))
                    }
                    Err(failure) => Answer::Event(DataEvent::Failed(failure)),
                }
            }
            DataRequest::Connect(target) => {
                self.clear();
                match Connecting::new(&self.options, self.local(), self.peer(), target) {
                    Ok(connecting) => {
                        self.put(id, State::Connecting(connecting));
                        Answer::None
                    }
                    Err(failure) => Answer::Event(DataEvent::Failed(failure)),
                }
            }
            DataRequest::Abort => {
                if self.slot.as_ref().is_some_and(|slot| slot.id == id) {
                    self.clear();
                }
                Answer::None
            }
            other => self.step(id, other, pace),
        }
    }

    /// Carries out a request about a connection that exists.
    fn step(&mut self, id: DataId, request: DataRequest, pace: &Pace) -> Answer {
        let Some(slot) = self.slot.take_if(|slot| slot.id == id) else {
            tracing::debug!(%id, ?request, "no such data connection");
            return Answer::Event(DataEvent::Failed(DataFailure::Broken));
        };
        match (slot.state, request) {
            (State::Listening(listener) | State::Called(listener, ..), DataRequest::Accept) => {
                self.put(id, State::Accepting(Accepting::new(listener)));
                Answer::None
            }
            (accepting @ State::Accepting(_), DataRequest::Accept) => {
                self.put(id, accepting);
                Answer::None
            }
            (State::Called(listener, ..), DataRequest::Reject) => {
                self.put(id, State::Listening(listener));
                Answer::None
            }
            (State::Called(listener, stream, peer), request) => {
                // This was the right one: no other is waited for.
                self.keep(listener);
                self.go_on(id, State::Connected(stream, peer), request, pace)
            }
            (state, request) => self.go_on(id, state, request, pace),
        }
    }

    fn keep(&self, listener: Listener) {
        if let Some(ports) = &self.options.ports {
            ports.kept.keep(listener);
        }
    }

    /// Carries out a request about a connection that was made.
    #[cfg_attr(not(feature = "_tls"), expect(unused_variables))]
    fn go_on(&mut self, id: DataId, state: State, request: DataRequest, pace: &Pace) -> Answer {
        match (state, request) {
            (State::Connected(stream, peer), DataRequest::Transfer(flow)) => {
                self.put(id, State::HandedUp);
                Answer::Transfer(flow, DataStream::clear(stream, peer))
            }
            #[cfg(feature = "_tls")]
            (State::Secured(stream), DataRequest::Discard) => {
                self.put(id, State::Discarding(Discarding::new(stream)));
                Answer::None
            }
            #[cfg(feature = "_tls")]
            (State::Secured(mut stream), DataRequest::Transfer(flow)) => {
                self.put(id, State::HandedUp);
                if flow == Flow::Send {
                    stream.release_tickets();
                    if let Some(session) = &self.tls {
                        session.delivered();
                    }
                }
                Answer::Transfer(flow, stream)
            }
            #[cfg(feature = "_tls")]
            (State::Connected(stream, peer), DataRequest::Secure(role)) => {
                let session = self.tls.as_ref().ok_or(DataFailure::Tls);
                let pace = self.pace_under_tls(pace);
                match session.and_then(|session| Securing::new(session, role, stream, peer, pace)) {
                    Ok(securing) => {
                        self.put(id, State::Securing(Box::new(securing)));
                        Answer::None
                    }
                    Err(failure) => Answer::Event(DataEvent::Failed(failure)),
                }
            }
            #[cfg(not(feature = "_tls"))]
            (State::Connected(..), DataRequest::Secure(_)) => {
                Answer::Event(DataEvent::Failed(DataFailure::Tls))
            }
            (state, request) => {
                tracing::debug!(%id, ?request, "the data connection is not in the state for it");
                if matches!(state, State::HandedUp) {
                    self.orphan = Some(id);
                }
                Answer::Event(DataEvent::Failed(DataFailure::Broken))
            }
        }
    }

    /// Whether replies should wait for what is being made; `cx` is woken when they need not.
    #[cfg(feature = "_tls")]
    pub(crate) fn holds_replies(&mut self, cx: &mut Context<'_>) -> bool {
        match self.slot.as_mut().map(|slot| &mut slot.state) {
            Some(State::Securing(securing)) => securing.holds_replies(cx),
            _ => false,
        }
    }

    /// News of a connection that is being made.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<(DataId, DataEvent)> {
        let Some(slot) = &mut self.slot else {
            return Poll::Pending;
        };
        let id = slot.id;
        let called = match &mut slot.state {
            State::Accepting(accepting) => {
                let (stream, peer) = ready!(accepting.poll(cx));
                Ok((stream, peer))
            }
            State::Connecting(connecting) => ready!(connecting.poll(cx)),
            #[cfg(feature = "_tls")]
            State::Securing(securing) => {
                let event = match ready!(securing.poll(cx)) {
                    Ok((stream, resumed)) => {
                        slot.state = State::Secured(stream);
                        DataEvent::Secured { resumed }
                    }
                    Err(failure) => {
                        self.slot = None;
                        DataEvent::Failed(failure)
                    }
                };
                return Poll::Ready((id, event));
            }
            #[cfg(feature = "_tls")]
            State::Discarding(discarding) => {
                let event = ready!(discarding.poll(cx));
                self.slot = None;
                return Poll::Ready((id, event));
            }
            _ => return Poll::Pending,
        };
        match (called, self.slot.take().map(|slot| slot.state)) {
            (Ok((stream, peer)), Some(state)) => {
                let peer = canonical(peer);
                let state = match state {
                    State::Accepting(accepting) => {
                        State::Called(accepting.into_listener(), stream, peer)
                    }
                    _ => State::Connected(stream, peer),
                };
                self.put(id, state);
                Poll::Ready((id, DataEvent::Connected(peer)))
            }
            (Ok(_), None) => Poll::Pending,
            (Err(failure), _) => Poll::Ready((id, DataEvent::Failed(failure))),
        }
    }

    /// Forgets the connection whose stream the role above is done with; whether it was this.
    pub(crate) fn done(&mut self, id: DataId) -> bool {
        self.slot
            .take_if(|slot| slot.id == id && matches!(slot.state, State::HandedUp))
            .is_some()
    }

    /// Whether the role above has the stream of this id.
    pub(crate) fn is_handed_up(&self, id: DataId) -> bool {
        self.slot
            .as_ref()
            .is_some_and(|slot| slot.id == id && matches!(slot.state, State::HandedUp))
    }

    /// Drops whatever there is.
    pub(crate) fn clear(&mut self) {
        if let Some(slot) = self.slot.take()
            && matches!(slot.state, State::HandedUp)
        {
            self.orphan = Some(slot.id);
        }
    }

    /// The connection that is over here while the role above has its stream; told once.
    pub(crate) fn take_orphan(&mut self) -> Option<DataId> {
        self.orphan.take()
    }

    fn put(&mut self, id: DataId, state: State) {
        self.slot = Some(Box::new(Slot { id, state }));
    }
}
