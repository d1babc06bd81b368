//! Every transition of the client: one automaton for each axis that moves on its own.
//!
//! Nothing here parses, formats, sends or keeps time. RFC 959 sec. 6 has the diagrams that
//! these automata refine.

use alloc::{boxed::Box, collections::VecDeque};
use core::net::{IpAddr, SocketAddr};

use super::{
    event::Phase,
    hash::HashRun,
    leg::LegRun,
    login::LoginRun,
    negotiate::NegotiationRun,
    query::{Query, RenameRun},
    request::RequestId,
    transfer::Run,
    upgrade::{DowngradeRun, UpgradeRun},
};
use crate::{
    address::same_host,
    automaton::{automata, automaton},
    command::Type,
    data::{DataEvent, DataFailure, Flow},
    error::Error,
    reply::Code,
    time::Instant,
};

automata! {
    Session Exchange Login Negotiation Upgrade Downgrade Rename Hashing Step Rendezvous Ahead Leg
}

/// The control connection as a whole.
#[derive(Debug)]
pub(super) enum Session {
    /// The greeting has not come.
    Greeting,
    /// Requests are carried out.
    Ready,
    /// TLS is being started, behind AUTH or, where it is implicit, ahead of the greeting; bytes
    /// in clear are an attack.
    Handshaking,
    /// TLS is being ended.
    Stopping,
    /// It is over.
    Closed(Result<(), Error>),
}

automaton! { Session "session":;
    Greeting => Ready Handshaking Closed;
    Ready => Handshaking Stopping Closed;
    Handshaking => Greeting Ready Closed;
    Stopping => Ready Closed;
    Closed => ;
}

/// What is under way: one request, or several queries.
#[derive(Debug, Default)]
pub(super) enum Exchange {
    /// Nothing.
    #[default]
    Idle,
    /// Commands on the way, the oldest in front; never empty.
    Queries(VecDeque<Query>),
    Login(LoginRun),
    Features(RequestId),
    Negotiation(NegotiationRun),
    Secure(UpgradeRun),
    Clear(DowngradeRun),
    Rename(RenameRun),
    Hash(HashRun),
    Transfer(Box<Run>),
    /// A relay has the connection.
    Leg(LegRun),
    Quit(RequestId),
}

automaton! { Exchange "exchange":;
    Idle => Queries Login Features Negotiation Secure Clear Rename Hash Transfer Leg Quit;
    Queries => Idle;
    Login => Negotiation Idle;
    Features => Idle;
    Negotiation => Idle;
    Secure => Idle;
    Clear => Idle;
    Rename => Idle;
    Hash => Idle;
    Transfer => Idle;
    Leg => Idle;
    Quit => Idle;
}

impl Exchange {
    /// The request, where it is a procedure of commands that ends with a reply.
    pub(super) const fn procedure(&self) -> Option<RequestId> {
        match self {
            Self::Login(LoginRun { id, .. })
            | Self::Features(id)
            | Self::Negotiation(NegotiationRun { id, .. })
            | Self::Secure(UpgradeRun { id, .. })
            | Self::Clear(DowngradeRun { id, .. })
            | Self::Rename(RenameRun { id, .. })
            | Self::Hash(HashRun { id, .. })
            | Self::Quit(id) => Some(*id),
            Self::Idle | Self::Queries(_) | Self::Transfer(_) | Self::Leg(_) => None,
        }
    }
}

/// What a reply in the place of the greeting means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Greeted {
    Wait,
    Ready,
    Refused,
    NotFtp,
}

impl Greeted {
    pub(super) const fn by(code: Code) -> Self {
        if code.is_preliminary() {
            Self::Wait
        } else if code.is_success() {
            // 220, and 230 from servers that log in by themselves.
            Self::Ready
        } else if code.is_refusal() {
            Self::Refused
        } else {
            Self::NotFtp
        }
    }
}

/// Login: the command whose reply is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Login {
    Host,
    User,
    Password,
    Account,
}

automaton! { Login "login": Host User;
    Host => User Over;
    User => Password Account Over;
    Password => Account Over;
    Account => Over;
}

impl Login {
    /// The command that comes next; `None`: this reply is the outcome.
    pub(super) fn next(self, code: Code, has_account: bool, needs_host: bool) -> Option<Self> {
        match self {
            // A server without virtual hosts does not know the command, or not the host.
            Self::Host if code.is_success() || (code.is_permanent() && !needs_host) => {
                Some(Self::User)
            }
            Self::User | Self::Password if code == Code::NEED_ACCOUNT => {
                has_account.then_some(Self::Account)
            }
            Self::User if code.is_intermediate() => Some(Self::Password),
            Self::Host | Self::User | Self::Password | Self::Account => None,
        }
    }
}

/// A negotiation: the command whose reply is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Negotiation {
    Features,
    Name,
    Utf8,
}

automaton! { Negotiation "negotiation": Features;
    Features => Name Utf8 Over;
    Name => Utf8 Over;
    Utf8 => Over;
}

/// Security: the command whose reply is awaited, or the handshake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upgrade {
    AuthTls,
    AuthSsl,
    Handshake,
    BufferSize,
    Protection,
}

automaton! { Upgrade "security": AuthTls BufferSize;
    AuthTls => AuthSsl Handshake Over;
    AuthSsl => Handshake Over;
    Handshake => BufferSize Over;
    BufferSize => Protection Over;
    Protection => Over;
}

/// What follows in an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Upgraded {
    Send(Upgrade),
    StartTls,
    /// The reply is the outcome.
    Outcome,
}

impl Upgrade {
    pub(super) fn next(self, code: Code, lenient: bool) -> Upgraded {
        let accepted = code == Code::SECURITY_COMPLETE
            // Servers from before RFC 4217 answer AUTH SSL so.
            || (lenient && code == Code::NEED_SECURITY_DATA);
        match self {
            Self::AuthTls | Self::AuthSsl if accepted => Upgraded::StartTls,
            Self::AuthTls if code.is_permanent() => Upgraded::Send(Self::AuthSsl),
            Self::BufferSize if code.is_success() => Upgraded::Send(Self::Protection),
            _ => Upgraded::Outcome,
        }
    }
}

/// The way back to clear text: the reply to CCC, or the end of TLS is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Downgrade {
    Asked,
    Stopping,
}

automaton! { Downgrade "clearing": Asked;
    Asked => Stopping Over;
    Stopping => Over;
}

/// A rename: the command whose reply is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rename {
    From,
    To,
}

automaton! { Rename "rename": From;
    From => To Over;
    To => Over;
}

/// A HASH: the command whose reply is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hashing {
    Range,
    Hash,
}

automaton! { Hashing "hash": Range Hash;
    Range => Hash Over;
    Hash => Over;
}

/// The commands of a transfer: which one's reply is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing is sent yet.
    Begun,
    Type(Type),
    /// The way to the data connection is chosen; left at once.
    Plan,
    Pret,
    /// EPSV, PASV or LPSV, whichever the plan is at.
    Passive,
    /// EPRT, PORT or LPRT, whichever the plan is at.
    Active,
    /// No reply is awaited; the data connection is being made or a port bound.
    Meet,
    Rest,
    Range,
    /// The transfer command; nothing heard yet.
    Command,
    /// It was accepted (1yz); the final reply is awaited.
    Opened,
    /// The final reply has come; the data connection has yet to end.
    Confirmed,
    /// ABOR is sent; nothing heard yet.
    Aborting,
    /// PWD is sent behind ABOR, since this many replies have come; see [`Fenced`].
    Fenced(Fenced),
}

automaton! { Step "transfer": Begun;
    Begun => Type Plan;
    Type => Plan Over;
    Plan => Pret Passive Active Meet;
    Pret => Passive Over;
    Passive => Plan Meet Over;
    Active => Plan Rest Range Command Over;
    Meet => Plan Active Rest Range Command Over;
    Rest => Range Command Over;
    Range => Rest Command Over;
    Command => Plan Opened Confirmed Aborting Over;
    Opened => Plan Confirmed Aborting Over;
    Confirmed => Plan Over;
    Aborting => Fenced Over;
    Fenced => Plan Fenced Over;
}

/// What follows in a transfer, after a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Wait on.
    Stay,
    /// The type is set: make the data connection.
    Meet,
    /// The server knows which command will follow: the address is asked for.
    Ask,
    /// The reply has the address to connect to.
    Connect,
    /// The data connection is arranged: REST, RANG, or the command.
    Arranged,
    /// An offset or a range is set: the other one, or the command.
    Marked,
    /// Payload may flow.
    Open,
    /// Payload may flow, and the final reply has come already.
    OpenConfirmed,
    /// The final reply.
    Confirm,
    /// The server refuses.
    Refused,
    /// The server answers what nobody asked.
    Unsolicited,
    /// First answer behind ABOR: find the end of its replies.
    Fence,
    /// One more came, and another is due.
    Fenced(Fenced),
    /// All replies behind ABOR are in.
    InStep,
}

impl Step {
    /// What follows from a reply.
    pub(super) fn next(self, code: Code, flow: Flow, lenient: bool) -> Next {
        let done = code.is_success();
        match self {
            Self::Begun | Self::Plan | Self::Meet | Self::Confirmed => Next::Unsolicited,
            Self::Command if code.is_preliminary() => Next::Open,
            _ if code.is_preliminary() => Next::Stay,
            Self::Type(_) if done => Next::Meet,
            Self::Pret if done => Next::Ask,
            Self::Passive if done => Next::Connect,
            Self::Active if done => Next::Arranged,
            Self::Rest | Self::Range if done || code.is_intermediate() => Next::Marked,
            // An upload that is confirmed before it began is not one.
            Self::Command if done && lenient && flow == Flow::Receive => Next::OpenConfirmed,
            Self::Opened if done => Next::Confirm,
            Self::Aborting => Next::Fence,
            Self::Fenced(fenced) => fenced.next(code),
            _ => Next::Refused,
        }
    }

    /// Whether a reply is awaited.
    pub(super) const fn awaits_reply(self) -> bool {
        !matches!(
            self,
            Self::Begun | Self::Plan | Self::Meet | Self::Confirmed
        )
    }

    /// Whether ABOR is with the server.
    pub(super) const fn is_aborting(self) -> bool {
        matches!(self, Self::Aborting | Self::Fenced(_))
    }

    /// Whether the transfer command is with the server and its final reply is not here.
    pub(super) const fn is_running(self) -> bool {
        matches!(self, Self::Command | Self::Opened)
    }

    /// The phase in which a failure would be reported now.
    pub(super) const fn phase(self, data: Rendezvous) -> Phase {
        match self {
            Self::Begun | Self::Type(_) | Self::Pret | Self::Rest | Self::Range => Phase::Prepare,
            Self::Plan | Self::Passive | Self::Active | Self::Meet => Phase::Connect,
            Self::Command => Phase::Command,
            Self::Aborting | Self::Fenced(_) => Phase::Aborted,
            Self::Opened | Self::Confirmed => match data {
                Rendezvous::Securing => Phase::Secure,
                Rendezvous::Flowing => Phase::Payload,
                Rendezvous::Ended { .. } | Rendezvous::Gone => Phase::Confirm,
                Rendezvous::Absent
                | Rendezvous::Binding
                | Rendezvous::Bound
                | Rendezvous::Connecting
                | Rendezvous::Connected
                | Rendezvous::Accepting => Phase::Connect,
                Rendezvous::Discarding => Phase::Secure,
            },
        }
    }
}

/// The replies behind ABOR.
///
/// A server may answer the transfer and ABOR (426 and 226, or 226 and 225), or both with one
/// reply (226, or 426), or say something more. Nothing in the replies tells which, so PWD is
/// sent behind the first of them as a fence: its 257 can answer nothing else, and all that
/// comes before it belongs to the abort. A server that refuses PWD shows the end by a refusal
/// in third place. When neither comes the reply timer closes the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Fenced {
    replies: u8,
}

impl Fenced {
    /// Behind the first reply.
    pub(super) const FIRST: Self = Self { replies: 1 };

    /// Behind the first reply, and whether an EPSV ahead of ABOR will be answered too.
    pub(super) const fn behind_first(ahead: bool) -> Self {
        if ahead {
            Self { replies: 0 }
        } else {
            Self::FIRST
        }
    }

    pub(super) fn next(self, code: Code) -> Next {
        let replies = self.replies.saturating_add(1);
        match replies {
            _ if code == Code::PATH => Next::InStep,
            3.. if !code.is_success() => Next::InStep,
            _ => Next::Fenced(Self { replies }),
        }
    }
}

/// The data connection of a transfer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rendezvous {
    /// Not asked for.
    Absent,
    /// A listener was asked for.
    Binding,
    /// The listener is bound.
    Bound,
    /// A connection was asked for.
    Connecting,
    /// The listener's next caller was asked for.
    Accepting,
    /// It exists.
    Connected,
    /// TLS is being started on it.
    Securing,
    /// It is being ended in good order without payload, since the server would refuse it.
    Discarding,
    /// Payload may flow.
    Flowing,
    /// Payload has ended.
    Ended { clean: bool },
    /// It was dropped, or failed.
    Gone,
}

automaton! { Rendezvous "rendezvous": Absent;
    Absent => Binding Connecting Over;
    Binding => Bound Gone;
    Bound => Accepting Gone;
    Connecting => Connected Gone;
    Accepting => Accepting Connected Gone;
    Connected => Securing Discarding Flowing Gone;
    Securing => Connected Gone;
    Discarding => Ended Gone;
    Flowing => Flowing Ended Gone;
    Ended => Gone Over;
    Gone => Binding Connecting Over;
}

/// What news of the data connection means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Met {
    /// Nothing: it does not fit.
    Ignore,
    /// The listener is at this address: announce it.
    Announce(SocketAddr),
    /// The server was reached: REST or the command.
    Arranged,
    /// The server has called: payload may flow.
    Called,
    /// Somebody else has called.
    Stranger,
    /// TLS is up: payload may flow.
    Secured { resumed: bool },
    /// This many bytes have moved.
    Moved(u64),
    /// Payload has ended after this many bytes.
    Ended(u64),
    /// The connection has ended, as it should, without payload.
    Discarded,
    /// The connection failed in this state.
    Failed(Rendezvous, DataFailure),
}

impl Rendezvous {
    /// What news from the driver means, and where it leads; `peer` is the control connection's.
    pub(super) fn next(self, event: &DataEvent, peer: IpAddr) -> (Self, Met) {
        match (self, event) {
            (Self::Absent | Self::Ended { .. } | Self::Gone, _) => (self, Met::Ignore),
            (before, DataEvent::Failed(failure)) => (Self::Gone, Met::Failed(before, *failure)),
            (Self::Binding, DataEvent::Listening(at)) => (Self::Bound, Met::Announce(*at)),
            (Self::Connecting, DataEvent::Connected(_)) => (Self::Connected, Met::Arranged),
            (Self::Accepting, DataEvent::Connected(caller)) => {
                if same_host(caller.ip(), peer) {
                    (Self::Connected, Met::Called)
                } else {
                    (Self::Accepting, Met::Stranger)
                }
            }
            (Self::Securing, DataEvent::Secured { resumed }) => {
                (Self::Connected, Met::Secured { resumed: *resumed })
            }
            (Self::Discarding, DataEvent::Finished { clean, .. }) => {
                (Self::Ended { clean: *clean }, Met::Discarded)
            }
            (Self::Flowing, DataEvent::Progress { bytes }) => (Self::Flowing, Met::Moved(*bytes)),
            (Self::Flowing, DataEvent::Finished { bytes, clean }) => {
                (Self::Ended { clean: *clean }, Met::Ended(*bytes))
            }
            _ => (self, Met::Ignore),
        }
    }

    /// Whether the driver holds something under the connection's id.
    pub(super) const fn is_held(self) -> bool {
        !matches!(self, Self::Absent | Self::Ended { .. } | Self::Gone)
    }
}

/// An EPSV that was sent ahead of the transfer that it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ahead {
    /// None was.
    Nothing,
    /// It stands behind the command of a transfer that runs.
    Asked,
    /// That transfer has its final reply: the next one answers the EPSV, whether it is still
    /// wanted or not.
    Due { wanted: bool },
    /// The server listens at this port, and the address is worth trying for a while.
    Told { port: u16, until: Instant },
}

automaton! { Ahead "ahead":;
    Nothing => Asked;
    Asked => Due Nothing;
    Due => Told Nothing;
    Told => Nothing;
}

/// A connection that a relay has: what is awaited of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leg {
    /// Nothing.
    Held,
    /// The reply to a command that moves no payload.
    Asked,
    /// The first reply to one that does.
    Running,
    /// Its final reply.
    Opened,
    /// The first reply behind ABOR.
    Aborting,
    /// The others, as in a transfer.
    Fenced(Fenced),
}

automaton! { Leg "leg": Held;
    Held => Asked Running Over;
    Asked => Held Over;
    Running => Opened Held Aborting Over;
    Opened => Held Aborting Over;
    Aborting => Fenced Over;
    Fenced => Fenced Held Over;
}
