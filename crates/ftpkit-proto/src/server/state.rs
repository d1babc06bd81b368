//! The automata of a server's session, one for each independent axis: security, login,
//! parameters, rendezvous, exchange; and the deadlines. All transitions stand here; nothing
//! here parses, formats or queues.

use alloc::boxed::Box;
use core::{net::SocketAddr, time::Duration};

use super::{
    ask::AskId,
    event::{End, TransferEnded},
};
use crate::{
    DataId,
    automaton::{At, Taken, automata, automaton},
    command::{ByteRange, Row},
    error::Timer,
    facts::FactSet,
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
    Unset => Clear;
    Clear => Unset Private;
    Private => Unset Clear Kept;
    Kept => Unset;
}

/// TLS on the control connection, and what PBSZ and PROT set (RFC 4217).
#[derive(Debug)]
pub(super) struct Security {
    channel: At<Channel>,
    protection: At<Protection>,
}

impl Security {
    /// Clear text.
    pub(super) fn new(taken: &Taken) -> Self {
        Self {
            channel: At::first(Channel::default(), taken),
            protection: At::first(Protection::default(), taken),
        }
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

    /// AUTH was accepted. The proof tells that no byte in clear waits behind it.
    pub(super) fn start(&mut self, _nothing_waits: Drained) {
        self.reset();
        self.channel.go(Channel::Starting);
    }

    /// What PBSZ and PROT have set is void (AUTH, REIN).
    pub(super) fn reset(&mut self) {
        self.protection.go(Protection::Unset);
    }

    /// The handshake is complete; `false` when none was under way.
    pub(super) fn started(&mut self) -> bool {
        let was_due = *self.channel == Channel::Starting;
        if was_due {
            self.channel.go(Channel::Secured);
        }
        was_due
    }

    /// CCC was accepted, or REIN under TLS: the control connection goes back to clear text, what
    /// PROT set stays (RFC 4217 sec. 12.3).
    pub(super) fn stop(&mut self) {
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

automaton! { Login "login":;
    Out => Named;
    Named => Out Asked;
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
}

impl At<Login> {
    /// USER, behind [`leave`](Self::leave).
    pub(super) fn name(&mut self, user: Text) {
        self.go(Login::Named { user });
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
    pub(super) fn give_account(&mut self) -> Result<(Text, Secret), OutOfOrder> {
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
    pub(super) fn want_account(&mut self, user: Text, password: Secret) {
        self.go(Login::AccountWanted { user, password });
    }

    /// The application lets the user in.
    pub(super) fn enter(&mut self, user: Text, home: PathArg) {
        self.go(Login::In {
            user,
            directory: home,
        });
    }

    /// Back to the beginning; tells whether somebody was in.
    pub(super) fn leave(&mut self) -> bool {
        self.go(Login::Out).is_in()
    }

    /// CWD and CDUP.
    pub(super) fn change_directory(&mut self, to: PathArg) {
        match self.lend() {
            Login::In { user, .. } => self.enter(user, to),
            other => {
                self.go(other);
            }
        }
    }
}

/// The representation type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Type {
    /// A N, as RFC 959 sec. 5.1 has it at the start.
    #[default]
    Ascii,
    Image,
}

automaton! { Type "type":;
    Ascii => Image;
    Image => Ascii;
}

/// Which part of the file the next transfer means: REST's marker, or RANG's range.
#[derive(Clone, Copy, Debug, Default)]
enum Restart {
    #[default]
    Unset,
    From(Part),
}

automaton! { Restart "restart":;
    Unset => From;
    From => Unset;
}

/// A part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// REST: all from this offset on, which is not 0.
    Rest(u64),
    /// RANG.
    Range(ByteRange),
}

/// The first half of a command in two halves.
#[derive(Clone, Debug, Default)]
enum Rename {
    #[default]
    Unset,
    /// RNFR named this.
    From(PathArg),
}

automaton! { Rename "rename":;
    Unset => From;
    From => Unset;
}

/// Which commands may arrange a data connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Arrangement {
    #[default]
    Any,
    /// EPSV ALL was sent.
    OnlyEpsv,
}

automaton! { Arrangement "arrangement":;
    Any => OnlyEpsv;
    OnlyEpsv => ;
}

/// The transfer parameters, and what one command leaves behind for the next.
#[derive(Debug)]
pub(super) struct Parameters {
    representation: At<Type>,
    facts: FactSet,
    arrangement: At<Arrangement>,
    restart: At<Restart>,
    rename: At<Rename>,
}

impl Parameters {
    /// The defaults.
    pub(super) fn new(taken: &Taken) -> Self {
        Self {
            representation: At::first(Type::default(), taken),
            facts: FactSet::ALL,
            arrangement: At::first(Arrangement::default(), taken),
            restart: At::first(Restart::default(), taken),
            rename: At::first(Rename::default(), taken),
        }
    }

    /// Back to the defaults (AUTH, REIN); EPSV ALL holds as long as the connection does.
    pub(super) fn reset(&mut self) {
        self.representation.go(Type::default());
        self.facts = FactSet::ALL;
        self.restart.go(Restart::default());
        self.rename.go(Rename::default());
    }

    /// A command of this row begins: what it does not use is void. RNFR's name is for RNTO
    /// alone. The part of a file is for a transfer, RANG's for HASH too, and outlives the
    /// commands that set its data connection up, since clients send them on either side of
    /// REST and a marker that is lost in silence ruins a file.
    pub(super) fn begin(&mut self, row: Row) {
        if row != Row::Rnto {
            self.rename.go(Rename::Unset);
        }
        let keeps_part = match row {
            Row::Retr
            | Row::Stor
            | Row::Appe
            | Row::Stou
            | Row::Port
            | Row::Pasv
            | Row::Eprt
            | Row::Epsv
            | Row::Lprt
            | Row::Lpsv
            | Row::Pret => true,
            Row::Hash => matches!(self.restart.state(), Restart::From(Part::Range(_))),
            _ => false,
        };
        if !keeps_part {
            self.restart.go(Restart::Unset);
        }
    }

    pub(super) const fn is_ascii(&self) -> bool {
        matches!(self.representation.state(), Type::Ascii)
    }

    pub(super) fn set_ascii(&mut self, ascii: bool) {
        self.representation
            .go(if ascii { Type::Ascii } else { Type::Image });
    }

    pub(super) const fn facts(&self) -> FactSet {
        self.facts
    }

    pub(super) const fn set_facts(&mut self, facts: FactSet) {
        self.facts = facts;
    }

    pub(super) const fn is_epsv_all(&self) -> bool {
        matches!(self.arrangement.state(), Arrangement::OnlyEpsv)
    }

    pub(super) fn set_epsv_all(&mut self) {
        self.arrangement.go(Arrangement::OnlyEpsv);
    }

    /// REST; 0 is the same as none.
    pub(super) fn set_marker(&mut self, marker: u64) {
        if marker > 0 {
            self.restart.go(Restart::From(Part::Rest(marker)));
        }
    }

    /// RANG.
    pub(super) fn set_range(&mut self, range: ByteRange) {
        self.restart.go(Restart::From(Part::Range(range)));
    }

    pub(super) fn take_part(&mut self) -> Option<Part> {
        match self.restart.go(Restart::Unset) {
            Restart::Unset => None,
            Restart::From(part) => Some(part),
        }
    }

    /// RNFR was answered: RNTO may come.
    pub(super) fn set_rename(&mut self, from: PathArg) {
        self.rename.go(Rename::From(from));
    }

    pub(super) fn take_rename(&mut self) -> Result<PathArg, OutOfOrder> {
        match self.rename.go(Rename::Unset) {
            Rename::Unset => Err(OutOfOrder),
            Rename::From(from) => Ok(from),
        }
    }
}

/// How the next data connection will come about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Rendezvous {
    /// Not agreed.
    #[default]
    None,
    /// PORT, EPRT or LPRT: the client listens here.
    Active(SocketAddr),
    /// PASV, EPSV or LPSV: a listener is being bound.
    Binding {
        /// The listener.
        id: DataId,
        /// Which command asked.
        row: Row,
    },
    /// The listener is bound and announced.
    Listening(DataId),
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
            Rendezvous::Binding { id, .. } | Rendezvous::Listening(id) => Some(id),
            Rendezvous::None | Rendezvous::Active(_) => None,
        }
    }

    /// The listener is bound; tells which command had asked, `None` when none was due.
    pub(super) fn bound(&mut self, of: DataId) -> Option<Row> {
        match **self {
            Rendezvous::Binding { id, row } if id == of => {
                self.go(Rendezvous::Listening(id));
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
            Rendezvous::Listening(id) if id == of => {
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
        /// `MDTM` whose argument may mean: set the time of this file.
        or_else: Option<Box<SetTime>>,
    },
    /// PASV, EPSV or LPSV wait for a listener.
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

automaton! { Step "transfer": Opening;
    Opening => Meeting Over;
    Meeting => Meeting Securing Flowing Over;
    Securing => Flowing Over;
    Flowing => Flowing Committing Over;
    Committing => Over;
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
    pub(super) step: At<Step>,
    pub(super) bytes: u64,
    pub(super) peer: Option<SocketAddr>,
}

impl Moving {
    /// The open question about it.
    pub(super) const fn asked(&self) -> Option<AskId> {
        match self.step.state() {
            Step::Opening(id) | Step::Committing(id) => Some(*id),
            _ => None,
        }
    }

    /// Whether the application has opened something for it, which must be let go once.
    pub(super) const fn is_opened(&self) -> bool {
        !matches!(self.step.state(), Step::Opening(_))
    }

    /// Whether the driver still has something of it: an attempt or a connection. Until the
    /// file is open, a listener belongs to the rendezvous; all of an upload came with its end.
    pub(super) const fn holds_connection(&self) -> bool {
        matches!(
            self.step.state(),
            Step::Meeting | Step::Securing | Step::Flowing
        )
    }

    /// The application has opened the file.
    pub(super) fn opened(&mut self) {
        self.step.go(Step::Meeting);
    }

    /// Somebody else has called the listener.
    pub(super) fn met_stranger(&mut self) {
        self.step.go(Step::Meeting);
    }

    /// The data connection is made; gives the step that follows.
    pub(super) fn met(&mut self, peer: SocketAddr) -> Step {
        self.peer = Some(peer);
        self.step.go(if self.private {
            Step::Securing
        } else {
            Step::Flowing
        });
        *self.step
    }

    /// TLS is up on it.
    pub(super) fn secured(&mut self) {
        self.step.go(Step::Flowing);
    }

    /// So many bytes have moved; tells whether that is more than before.
    pub(super) fn moved(&mut self, bytes: u64) -> bool {
        let more = bytes > self.bytes;
        if more {
            self.bytes = bytes;
            self.step.go(Step::Flowing);
        }
        more
    }

    /// All of an upload has come.
    pub(super) fn arrived(&mut self, commit: AskId) {
        self.step.go(Step::Committing(commit));
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
