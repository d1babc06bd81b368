//! The automata of a server's session, one for each independent axis: security, login,
//! parameters, rendezvous, exchange; and the deadlines. All transitions stand here and in the
//! files below; nothing here parses, formats or queues.

mod moving;
mod parameters;

use alloc::{boxed::Box, vec};
use core::{net::SocketAddr, time::Duration};

use self::parameters::{Arrangement, Rename, Restart, Type};
pub(super) use self::{
    moving::{Moving, Step},
    parameters::{Half, Parameters, Part},
};
use super::{ask::AskId, offers::Offers};
use crate::{
    DataId, TlsFacts, TlsRole,
    automaton::{At, Taken, automata, automaton},
    command::Row,
    error::Timer,
    text::{PathArg, Secret, Text},
    time::{Instant, Timestamp},
    wire::Drained,
};

automata! { Channel Protection Login Type Restart Rename Arrangement Rendezvous Exchange Step }

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

automaton! { Channel "security":;
    Clear => Starting;
    Starting => Secured;
    Secured => Stopping;
    Stopping => Clear;
}

/// What PBSZ and PROT have set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Protection {
    /// Nothing: data connections are in clear.
    #[default]
    Unset,
    /// PBSZ came, and data connections are in clear.
    Clear,
    /// Data connections are under TLS.
    Private,
    /// They still are, behind CCC, and no command can change it.
    Kept,
}

automaton! { Protection "protection":;
    Unset => Clear Private;
    Clear => Unset Private;
    Private => Unset Clear Kept;
    Kept => Unset;
}

/// TLS on the control connection, and what PBSZ and PROT set (RFC 4217).
#[derive(Debug)]
pub(super) struct Security {
    channel: At<Channel>,
    protection: At<Protection>,
    /// SSCN: whether this side is the client of the TLS of its data connections.
    reversed: bool,
    /// What the handshake told; nothing in clear. Boxed, since a session in clear carries it
    /// for nothing.
    facts: Option<Box<TlsFacts>>,
}

impl Security {
    /// Clear text.
    pub(super) fn new(taken: &Taken) -> Self {
        Self {
            channel: At::first(Channel::default(), taken),
            protection: At::first(Protection::default(), taken),
            reversed: false,
            facts: None,
        }
    }

    /// The name of the server that TLS was asked for.
    pub(super) fn server_name(&self) -> Option<&Text> {
        self.facts.as_ref()?.server_name.as_ref()
    }

    /// Whether the client's certificate was verified.
    pub(super) fn has_certificate(&self) -> bool {
        self.facts.as_ref().is_some_and(|facts| facts.certificate)
    }

    /// TLS begins with the connection, and covers the data connections too.
    pub(super) fn start_implicit(&mut self) {
        self.channel.go(Channel::Starting);
        self.protection.go(Protection::Private);
    }

    /// Whether the control connection is under TLS.
    pub(super) const fn is_secured(&self) -> bool {
        matches!(self.channel.state(), Channel::Secured)
    }

    /// Whether TLS is being started or ended.
    pub(super) const fn is_changing(&self) -> bool {
        matches!(self.channel.state(), Channel::Starting | Channel::Stopping)
    }

    /// Whether data connections are to be under TLS.
    pub(super) const fn is_data_private(&self) -> bool {
        matches!(
            self.protection.state(),
            Protection::Private | Protection::Kept
        )
    }

    /// What the TLS of the next data connection is to be: `None` in clear. A listener that
    /// CPSV asked for has this side as the client, whatever SSCN says.
    pub(super) const fn data_tls(&self, by_cpsv: bool) -> Option<TlsRole> {
        match (self.is_data_private(), self.reversed || by_cpsv) {
            (false, _) => None,
            (true, true) => Some(TlsRole::Client),
            (true, false) => Some(TlsRole::Server),
        }
    }

    pub(super) const fn is_reversed(&self) -> bool {
        self.reversed
    }

    /// SSCN.
    pub(super) const fn reverse(&mut self, reversed: bool) {
        self.reversed = reversed;
    }

    /// AUTH was accepted. The proof tells that no byte in clear waits behind it.
    pub(super) fn start(&mut self, _nothing_waits: Drained) {
        self.reset();
        self.channel.go(Channel::Starting);
    }

    /// What PBSZ, PROT and SSCN have set is void (AUTH, REIN).
    pub(super) fn reset(&mut self) {
        self.protection.go(Protection::Unset);
        self.reversed = false;
    }

    /// The handshake is complete; `false` when none was under way.
    pub(super) fn started(&mut self, facts: TlsFacts) -> bool {
        let was_due = *self.channel == Channel::Starting;
        if was_due {
            self.channel.go(Channel::Secured);
            self.facts = Some(Box::new(facts));
        }
        was_due
    }

    /// CCC was accepted, or REIN under TLS: the control connection goes back to clear text, what
    /// PROT set stays (RFC 4217 sec. 12.3).
    pub(super) fn stop(&mut self) {
        self.facts = None;
        self.channel.go(Channel::Stopping);
        self.protection.go(if self.is_data_private() {
            Protection::Kept
        } else {
            Protection::Unset
        });
    }

    /// TLS has ended; `false` when its end was not due.
    pub(super) fn stopped(&mut self) -> bool {
        let was_due = *self.channel == Channel::Stopping;
        if was_due {
            self.channel.go(Channel::Clear);
        }
        was_due
    }

    /// PBSZ, which needs TLS.
    pub(super) fn size(&mut self) -> Result<(), OutOfOrder> {
        if !self.is_secured() {
            return Err(OutOfOrder);
        }
        if *self.protection == Protection::Unset {
            self.protection.go(Protection::Clear);
        }
        Ok(())
    }

    /// Whether PROT may come: only behind PBSZ.
    pub(super) const fn may_protect(&self) -> Result<(), OutOfOrder> {
        match self.protection.state() {
            Protection::Clear | Protection::Private if self.is_secured() => Ok(()),
            _ => Err(OutOfOrder),
        }
    }

    /// PROT C or PROT P.
    pub(super) fn protect(&mut self, private: bool) {
        self.protection.go(if private {
            Protection::Private
        } else {
            Protection::Clear
        });
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
    /// USER came, and the application is being asked whether the certificate is enough.
    Certified {
        /// The name.
        user: Text,
    },
    /// The application is being asked.
    Asked,
    /// The application wants ACCT too.
    AccountWanted {
        /// The name.
        user: Text,
        /// The password; none where the certificate did for it.
        password: Option<Secret>,
    },
    /// Logged in.
    In {
        /// The name.
        user: Text,
        /// The working directory.
        directory: PathArg,
        /// What the application can do for this user.
        offers: Offers,
    },
}

automaton! { Login "login":;
    Out => Named Certified;
    Named => Out Asked;
    Certified => Out Named AccountWanted In;
    Asked => Out AccountWanted In;
    AccountWanted => Out Asked;
    In => Out In;
}

impl Login {
    pub(super) const fn is_in(&self) -> bool {
        matches!(self, Self::In { .. })
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

    pub(super) const fn offers(&self) -> Option<Offers> {
        match self {
            Self::In { offers, .. } => Some(*offers),
            _ => None,
        }
    }
}

impl At<Login> {
    /// USER, behind [`leave`](Self::leave).
    pub(super) fn name(&mut self, user: Text) {
        self.go(Login::Named { user });
    }

    /// USER of a client with a certificate, behind [`leave`](Self::leave).
    pub(super) fn certify(&mut self, user: Text) {
        self.go(Login::Certified { user });
    }

    /// The certificate is not enough for the name.
    pub(super) fn name_certified(&mut self) {
        match self.lend() {
            Login::Certified { user } => self.name(user),
            other => {
                self.go(other);
            }
        }
    }

    /// PASS: gives the name that the question is about.
    pub(super) fn give_password(&mut self) -> Result<Text, OutOfOrder> {
        match self.lend() {
            Login::Named { user } => {
                self.go(Login::Asked);
                Ok(user)
            }
            other => {
                {
                    self.go(other);
                };
                Err(OutOfOrder)
            }
        }
    }

    /// ACCT: gives the name and password that the question is about.
    pub(super) fn give_account(&mut self) -> Result<(Text, Option<Secret>), OutOfOrder> {
        match self.lend() {
            Login::AccountWanted { user, password } => {
                self.go(Login::Asked);
                Ok((user, password))
            }
            other => {
                {
                    self.go(other);
                };
                Err(OutOfOrder)
            }
        }
    }

    /// The application wants an account too.
    pub(super) fn want_account(&mut self, user: Text, password: Option<Secret>) {
        self.go(Login::AccountWanted { user, password });
    }

    /// The application lets the user in.
    pub(super) fn enter(&mut self, user: Text, home: PathArg, offers: Offers) {
        self.go(Login::In {
            user,
            directory: home,
            offers,
        });
    }

    /// Back to the beginning; tells whether somebody was in.
    pub(super) fn leave(&mut self) -> bool {
        self.go(Login::Out).is_in()
    }

    /// CWD and CDUP.
    pub(super) fn change_directory(&mut self, to: PathArg) {
        match self.lend() {
            Login::In { user, offers, .. } => self.enter(user, to, offers),
            other => {
                self.go(other);
            }
        }
    }
}

/// How the next data connection will come about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Rendezvous {
    /// Not agreed.
    #[default]
    None,
    /// PORT, EPRT or LPRT: the client listens here. Boxed, since it is there for a moment and
    /// its room for ever.
    Active(Box<SocketAddr>),
    /// PASV, EPSV, LPSV or CPSV: a listener is being bound.
    Binding {
        /// The listener.
        id: DataId,
        /// Which command asked.
        row: Row,
    },
    /// The listener is bound and announced.
    Listening {
        /// The listener.
        id: DataId,
        /// Which command asked.
        row: Row,
    },
}

automaton! { Rendezvous "rendezvous":;
    None => Active Binding;
    Active => None Active Binding;
    Binding => None Listening;
    Listening => None Active Binding;
}

impl At<Rendezvous> {
    /// Agrees on something else; gives the listener that must be dropped.
    #[must_use]
    pub(super) fn replace(&mut self, new: Rendezvous) -> Option<DataId> {
        match self.go(new) {
            Rendezvous::Binding { id, .. } | Rendezvous::Listening { id, .. } => Some(id),
            Rendezvous::None | Rendezvous::Active(_) => None,
        }
    }

    /// The listener is bound; tells which command had asked, `None` when none was due.
    pub(super) fn bound(&mut self, of: DataId) -> Option<Row> {
        match **self {
            Rendezvous::Binding { id, row } if id == of => {
                self.go(Rendezvous::Listening { id, row });
                Some(row)
            }
            _ => None,
        }
    }

    /// The listener is gone; tells which command still waits for it.
    pub(super) fn lost(&mut self, of: DataId) -> Option<Row> {
        match **self {
            Rendezvous::Binding { id, row } if id == of => {
                self.go(Rendezvous::None);
                Some(row)
            }
            Rendezvous::Listening { id, .. } if id == of => {
                self.go(Rendezvous::None);
                None
            }
            _ => None,
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
        /// What is to be known when the answer comes.
        then: Option<Box<Then>>,
    },
    /// A command waits for its listener.
    Binding,
    /// A transfer.
    Transfer(Box<Moving>),
}

automaton! { Exchange "exchange":;
    Idle => Asking Binding Transfer;
    Asking => Idle Asking;
    Binding => Idle;
    Transfer => Idle;
}

/// What a command leaves for the answer to its question.
#[derive(Clone, Debug)]
pub(super) enum Then {
    /// `MDTM` whose argument may mean, where no file of the whole name is: set the time of
    /// this one.
    SetTime { time: Timestamp, path: PathArg },
    /// `MD5`, which has a reply of its own among the commands that are an algorithm each.
    Md5,
    /// `MMD5`: what is to be told so far, and the files whose turn has not come.
    Mmd5 {
        told: vec::Vec<u8>,
        left: vec::IntoIter<PathArg>,
    },
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
