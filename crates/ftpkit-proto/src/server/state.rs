//! The automata of a server's session, one for each independent axis: security, login,
//! parameters, rendezvous, exchange; and the deadlines. All transitions stand here; nothing
//! here parses, formats or queues.

use alloc::boxed::Box;
use core::{mem, net::SocketAddr, time::Duration};

use super::{
    ask::AskId,
    event::{End, TransferEnded},
};
use crate::{
    DataId,
    command::Row,
    error::Timer,
    facts::FactSet,
    text::{PathArg, Secret, Text},
    time::{Instant, Timestamp},
    wire::Drained,
};

/// A command came where its order does not allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OutOfOrder;

/// What runs below the control connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Channel {
    /// Clear text.
    #[default]
    Clear,
    /// TLS is being started; nothing is read until it is up.
    Starting,
    /// TLS.
    Secured,
    /// TLS is being ended; nothing is read until it is.
    Stopping,
}

/// TLS on the control connection, and what PBSZ and PROT set (RFC 4217).
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Security {
    channel: Channel,
    sized: bool,
    private: bool,
}

impl Security {
    /// Whether the control connection is under TLS.
    pub(super) const fn is_secured(&self) -> bool {
        matches!(self.channel, Channel::Secured)
    }

    /// Whether TLS is being started or ended.
    pub(super) const fn is_changing(&self) -> bool {
        matches!(self.channel, Channel::Starting | Channel::Stopping)
    }

    /// Whether data connections are to be under TLS.
    pub(super) const fn is_data_private(&self) -> bool {
        self.private
    }

    /// AUTH was accepted. The proof tells that no byte in clear waits behind it.
    pub(super) fn start(&mut self, _nothing_waits: Drained) {
        *self = Self {
            channel: Channel::Starting,
            ..Self::default()
        };
    }

    /// The handshake is complete; `false` when none was under way.
    pub(super) const fn started(&mut self) -> bool {
        let was_due = matches!(self.channel, Channel::Starting);
        if was_due {
            self.channel = Channel::Secured;
        }
        was_due
    }

    /// CCC was accepted: the control connection goes back to clear text, what PROT set stays
    /// (RFC 4217 sec. 12.3).
    pub(super) const fn stop(&mut self) {
        self.channel = Channel::Stopping;
        self.sized = false;
    }

    /// REIN was accepted under TLS: everything goes back to clear text.
    pub(super) const fn stop_and_reset(&mut self) {
        self.stop();
        self.private = false;
    }

    /// TLS has ended; `false` when its end was not due.
    pub(super) const fn stopped(&mut self) -> bool {
        let was_due = matches!(self.channel, Channel::Stopping);
        if was_due {
            self.channel = Channel::Clear;
        }
        was_due
    }

    /// PBSZ, which needs TLS.
    pub(super) const fn size(&mut self) -> Result<(), OutOfOrder> {
        if !self.is_secured() {
            return Err(OutOfOrder);
        }
        self.sized = true;
        Ok(())
    }

    /// Whether PROT may come: only behind PBSZ.
    pub(super) const fn may_protect(&self) -> Result<(), OutOfOrder> {
        if self.is_secured() && self.sized {
            Ok(())
        } else {
            Err(OutOfOrder)
        }
    }

    /// PROT C or PROT P.
    pub(super) const fn protect(&mut self, private: bool) {
        self.private = private;
    }
}

/// Who is logged in, or how far a login has come.
#[derive(Clone, Debug, Default)]
pub(super) enum Login {
    /// Nobody, and no name was given.
    #[default]
    Out,
    /// USER came.
    Named {
        /// The name.
        user: Text,
    },
    /// The application is being asked.
    Asked,
    /// The application wants ACCT too.
    AccountWanted {
        /// The name.
        user: Text,
        /// The password.
        password: Secret,
    },
    /// Logged in.
    In {
        /// The name.
        user: Text,
        /// The working directory.
        directory: PathArg,
    },
}

impl Login {
    pub(super) const fn is_in(&self) -> bool {
        matches!(self, Self::In { .. })
    }

    /// USER: begins again, whatever stood before.
    pub(super) fn name(&mut self, user: Text) {
        *self = Self::Named { user };
    }

    /// PASS: gives the name that the question is about.
    pub(super) fn give_password(&mut self) -> Result<Text, OutOfOrder> {
        match mem::take(self) {
            Self::Named { user } => {
                *self = Self::Asked;
                Ok(user)
            }
            other => {
                *self = other;
                Err(OutOfOrder)
            }
        }
    }

    /// ACCT: gives the name and password that the question is about.
    pub(super) fn give_account(&mut self) -> Result<(Text, Secret), OutOfOrder> {
        match mem::take(self) {
            Self::AccountWanted { user, password } => {
                *self = Self::Asked;
                Ok((user, password))
            }
            other => {
                *self = other;
                Err(OutOfOrder)
            }
        }
    }

    /// The application wants an account too.
    pub(super) fn want_account(&mut self, user: Text, password: Secret) {
        *self = Self::AccountWanted { user, password };
    }

    /// The application lets the user in.
    pub(super) fn enter(&mut self, user: Text, home: PathArg) {
        *self = Self::In {
            user,
            directory: home,
        };
    }

    /// Back to the beginning; tells whether somebody was in.
    pub(super) fn leave(&mut self) -> bool {
        mem::take(self).is_in()
    }

    /// CWD and CDUP.
    pub(super) fn change_directory(&mut self, to: PathArg) {
        if let Self::In { directory, .. } = self {
            *directory = to;
        }
    }

    pub(super) const fn user(&self) -> Option<&Text> {
        match self {
            Self::In { user, .. } => Some(user),
            _ => None,
        }
    }

    pub(super) const fn directory(&self) -> Option<&PathArg> {
        match self {
            Self::In { directory, .. } => Some(directory),
            _ => None,
        }
    }
}

/// The transfer parameters, and what one command leaves behind for the next.
#[derive(Clone, Debug)]
pub(super) struct Parameters {
    ascii: bool,
    facts: FactSet,
    epsv_all: bool,
    marker: Option<u64>,
    rename: Option<PathArg>,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            // TYPE A N, as RFC 959 sec. 5.1 has it.
            ascii: true,
            facts: FactSet::ALL,
            epsv_all: false,
            marker: None,
            rename: None,
        }
    }
}

impl Parameters {
    /// Back to the defaults (AUTH, REIN); EPSV ALL holds as long as the connection does.
    pub(super) fn reset(&mut self) {
        *self = Self {
            epsv_all: self.epsv_all,
            ..Self::default()
        };
    }

    /// A command of this row begins: what it does not use is void. RNFR's name is for RNTO
    /// alone. REST's marker is for a transfer, and outlives the commands that set its data
    /// connection up, since clients send them on either side of REST and a marker that is
    /// lost in silence ruins a file.
    pub(super) fn begin(&mut self, row: Row) {
        if row != Row::Rnto {
            self.rename = None;
        }
        if !matches!(
            row,
            Row::Retr
                | Row::Stor
                | Row::Appe
                | Row::Stou
                | Row::Port
                | Row::Pasv
                | Row::Eprt
                | Row::Epsv
        ) {
            self.marker = None;
        }
    }

    pub(super) const fn is_ascii(&self) -> bool {
        self.ascii
    }

    pub(super) const fn set_ascii(&mut self, ascii: bool) {
        self.ascii = ascii;
    }

    pub(super) const fn facts(&self) -> FactSet {
        self.facts
    }

    pub(super) const fn set_facts(&mut self, facts: FactSet) {
        self.facts = facts;
    }

    pub(super) const fn is_epsv_all(&self) -> bool {
        self.epsv_all
    }

    pub(super) const fn set_epsv_all(&mut self) {
        self.epsv_all = true;
    }

    /// REST; 0 is the same as none.
    pub(super) fn set_marker(&mut self, marker: u64) {
        self.marker = (marker > 0).then_some(marker);
    }

    pub(super) const fn take_marker(&mut self) -> Option<u64> {
        self.marker.take()
    }

    /// RNFR was answered: RNTO may come.
    pub(super) fn set_rename(&mut self, from: PathArg) {
        self.rename = Some(from);
    }

    pub(super) fn take_rename(&mut self) -> Result<PathArg, OutOfOrder> {
        self.rename.take().ok_or(OutOfOrder)
    }
}

/// How the next data connection will come about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Rendezvous {
    /// Not agreed.
    #[default]
    None,
    /// PORT or EPRT: the client listens here.
    Active(SocketAddr),
    /// PASV or EPSV: a listener is being bound.
    Binding {
        /// The listener.
        id: DataId,
        /// Whether EPSV asked.
        extended: bool,
    },
    /// The listener is bound and announced.
    Listening(DataId),
}

impl Rendezvous {
    /// Agrees on something else; gives the listener that must be dropped.
    #[must_use]
    pub(super) const fn replace(&mut self, new: Self) -> Option<DataId> {
        match mem::replace(self, new) {
            Self::Binding { id, .. } | Self::Listening(id) => Some(id),
            Self::None | Self::Active(_) => None,
        }
    }

    /// The listener is bound; tells whether EPSV had asked, `None` when none was due.
    pub(super) fn bound(&mut self, of: DataId) -> Option<bool> {
        match *self {
            Self::Binding { id, extended } if id == of => {
                *self = Self::Listening(id);
                Some(extended)
            }
            _ => None,
        }
    }

    /// The listener is gone; `true` when it was still being bound.
    pub(super) fn lost(&mut self, of: DataId) -> bool {
        match *self {
            Self::Binding { id, .. } if id == of => {
                *self = Self::None;
                true
            }
            Self::Listening(id) if id == of => {
                *self = Self::None;
                false
            }
            _ => false,
        }
    }
}

/// What is being carried out. While it is not `Idle`, commands wait.
#[derive(Debug, Default)]
pub(super) enum Exchange {
    /// Nothing; the next command may be taken up.
    #[default]
    Idle,
    /// The application was asked, for a command without a data connection.
    Asking {
        /// The question.
        id: AskId,
        /// The command.
        row: Row,
        /// `MDTM` whose argument may mean: set the time of this file.
        or_else: Option<Box<SetTime>>,
    },
    /// PASV or EPSV wait for a listener.
    Binding,
    /// A transfer.
    Transfer(Box<Moving>),
}

/// What an `MDTM` asks for when no file of the whole name is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SetTime {
    pub(super) time: Timestamp,
    pub(super) path: PathArg,
}

/// How far a transfer has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The application was asked to open the file.
    Opening(AskId),
    /// 150 is out; the data connection is being made.
    Meeting,
    /// TLS is being started on it.
    Securing,
    /// Payload flows.
    Flowing,
    /// The application was asked to make the upload durable.
    Committing(AskId),
}

/// A transfer, from its command to its final reply.
#[derive(Debug)]
pub(super) struct Moving {
    /// The command.
    pub(super) row: Row,
    /// The data connection.
    pub(super) id: DataId,
    /// Where to connect to; `None`: the caller of a listener is awaited.
    pub(super) target: Option<SocketAddr>,
    pub(super) upload: bool,
    /// Whether the data connection is to be under TLS.
    pub(super) private: bool,
    pub(super) step: Step,
    pub(super) bytes: u64,
    pub(super) peer: Option<SocketAddr>,
}

impl Moving {
    /// The open question about it.
    pub(super) const fn asked(&self) -> Option<AskId> {
        match self.step {
            Step::Opening(id) | Step::Committing(id) => Some(id),
            _ => None,
        }
    }

    /// Whether the application has opened something for it, which must be let go once.
    pub(super) const fn is_opened(&self) -> bool {
        !matches!(self.step, Step::Opening(_))
    }

    /// Whether the driver still has something of it: an attempt or a connection. Until the
    /// file is open, a listener belongs to the rendezvous; all of an upload came with its end.
    pub(super) const fn holds_connection(&self) -> bool {
        matches!(self.step, Step::Meeting | Step::Securing | Step::Flowing)
    }

    /// The application has opened the file.
    pub(super) const fn opened(&mut self) {
        self.step = Step::Meeting;
    }

    /// The data connection is made; gives the step that follows.
    pub(super) const fn met(&mut self, peer: SocketAddr) -> Step {
        self.peer = Some(peer);
        self.step = if self.private {
            Step::Securing
        } else {
            Step::Flowing
        };
        self.step
    }

    /// TLS is up on it.
    pub(super) const fn secured(&mut self) {
        self.step = Step::Flowing;
    }

    /// So many bytes have moved; tells whether that is more than before.
    pub(super) const fn moved(&mut self, bytes: u64) -> bool {
        let more = bytes > self.bytes;
        if more {
            self.bytes = bytes;
        }
        more
    }

    /// All of an upload has come.
    pub(super) const fn arrived(&mut self, commit: AskId) {
        self.step = Step::Committing(commit);
    }

    /// What the application is told of its end.
    pub(super) const fn ended(&self, end: End) -> TransferEnded {
        TransferEnded {
            id: self.id,
            bytes: self.bytes,
            peer: self.peer,
            end,
        }
    }
}

/// The deadlines of a session: the one for login as a whole, and that of the present step.
/// Two slots instead of a table, since every idle session has them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Deadlines {
    login: Option<Instant>,
    step: Option<(Timer, Instant)>,
}

impl Deadlines {
    /// The time for login begins; zero is for ever.
    pub(super) fn begin_login(&mut self, now: Instant, span: Duration) {
        self.login = (!span.is_zero()).then(|| now + span);
    }

    /// Login is complete.
    pub(super) const fn end_login(&mut self) {
        self.login = None;
    }

    /// A step begins; zero is for ever.
    pub(super) fn begin(&mut self, timer: Timer, now: Instant, span: Duration) {
        self.step = (!span.is_zero()).then(|| (timer, now + span));
    }

    /// Nothing is due any more.
    pub(super) const fn clear(&mut self) {
        self.login = None;
        self.step = None;
    }

    /// The earliest deadline.
    pub(super) fn next(&self) -> Option<Instant> {
        let step = self.step.map(|(_, at)| at);
        match (self.login, step) {
            (Some(login), Some(step)) => Some(login.min(step)),
            (login, step) => login.or(step),
        }
    }

    /// Takes a deadline that has passed.
    pub(super) fn take_expired(&mut self, now: Instant) -> Option<Timer> {
        if self.login.is_some_and(|at| at <= now) {
            self.login = None;
            return Some(Timer::Login);
        }
        let (timer, at) = self.step?;
        if at > now {
            return None;
        }
        self.step = None;
        Some(timer)
    }
}
