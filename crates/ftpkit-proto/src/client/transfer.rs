//! Transfers: the command that uses a data connection, what is sent ahead of it, and what its
//! replies mean (RFC 959 sec. 5.4, RFC 3659 sec. 5, RFC 4217 sec. 7, draft-bryan-ftp-range).
//!
//! What follows from what stands in `state.rs`. How the data connection is arranged stands in
//! `rendezvous.rs`, what becomes of it in `flow.rs`.

use alloc::boxed::Box;
use core::{net::SocketAddr, ops::ControlFlow};

use super::{
    connection::Connection,
    event::{Outcome, Phase},
    plan::Plan,
    request::{RequestId, Transfer},
    state::{Exchange, Fenced, Next, Rendezvous, Step},
    tolerance::Lately,
};
use crate::{
    automaton::{At, Taken},
    command::{ByteRange, Command, TextFormat, Type},
    data::{DataEvent, DataFailure, DataId, Flow},
    error::{Error, PeerMisbehaved, Timer},
    reply::{Code, Reply},
};

/// A transfer under way.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) id: RequestId,
    pub(super) command: Command,
    pub(super) flow: Flow,
    pub(super) listing: bool,
    /// Where it begins, by REST; 0 together with a range.
    offset: u64,
    /// The part that is asked for, by RANG.
    pub(super) range: Option<ByteRange>,
    /// Which of REST and RANG were sent for the present try.
    marked: Marked,
    kind: Type,
    pub(super) step: At<Step>,
    pub(super) data: At<Rendezvous>,
    pub(super) data_id: DataId,
    pub(super) plan: Plan,
    /// Whether PRET was sent.
    pub(super) pret: bool,
    /// Whether the address of the present try comes from an EPSV that was sent ahead.
    pub(super) ahead: bool,
    /// Whether an EPSV was sent behind the command of the present try.
    pub(super) leads: bool,
    /// Where this side listens.
    pub(super) local: Option<SocketAddr>,
    /// The 1yz, until the application is told of it.
    pub(super) opening: Option<Reply>,
    /// Whether the application was told of a 1yz: from then on nothing is tried again.
    pub(super) told: bool,
    /// The final reply, or the first one behind ABOR.
    pub(super) reply: Option<Reply>,
    pub(super) bytes: u64,
    pub(super) resumed: Option<bool>,
    /// Whether this try is to be repeated when it has ended; see `repeat.rs`.
    pub(super) again: bool,
    /// Whether this try is the second one.
    pub(super) repeated: bool,
    /// Set when the transfer has failed and only replies are awaited, so that the control
    /// connection stays in step.
    pub(super) failure: Option<(Phase, Option<DataFailure>)>,
}

/// What was sent to mark where a transfer begins.
#[derive(Clone, Copy, Debug, Default)]
struct Marked {
    rest: bool,
    range: bool,
}

/// Why a transfer does not go on.
#[derive(Debug)]
pub(super) enum Over {
    /// It has ended, and the application was told.
    Ended,
    /// The connection cannot go on.
    Fatal(Error),
}

pub(super) type Went = ControlFlow<Over>;
pub(super) const ON: Went = ControlFlow::Continue(());

impl Run {
    fn new(id: RequestId, transfer: Transfer, ascii: bool, taken: &Taken) -> Self {
        let mut range = None;
        let (command, flow, offset) = match transfer {
            Transfer::Download { path, offset } => (Command::Retr(path), Flow::Receive, offset),
            Transfer::DownloadRange { path, range: part } => {
                range = part.last().map(|_| part);
                let offset = if range.is_none() { part.start() } else { 0 };
                (Command::Retr(path), Flow::Receive, offset)
            }
            Transfer::Upload { path, offset } => (Command::Stor(path), Flow::Send, offset),
            Transfer::Append { path } => (Command::Appe(path), Flow::Send, 0),
            Transfer::UploadUnique { path } => (Command::Stou(path), Flow::Send, 0),
            Transfer::List(args) => (Command::List(args), Flow::Receive, 0),
            Transfer::Names(args) => (Command::Nlst(args), Flow::Receive, 0),
            Transfer::Facts { path } => (Command::Mlsd(path), Flow::Receive, 0),
        };
        let kind = if ascii {
            Type::Ascii(TextFormat::NonPrint)
        } else {
            Type::Image
        };
        Self {
            id,
            listing: matches!(
                command,
                Command::List(_) | Command::Nlst(_) | Command::Mlsd(_)
            ),
            command,
            flow,
            offset,
            range,
            marked: Marked::default(),
            kind,
            step: At::begin(Step::Begun, taken),
            data: At::begin(Rendezvous::Absent, taken),
            data_id: DataId::new(0),
            plan: Plan::default(),
            pret: false,
            ahead: false,
            leads: false,
            local: None,
            opening: None,
            told: false,
            reply: None,
            bytes: 0,
            resumed: None,
            again: false,
            repeated: false,
            failure: None,
        }
    }

    /// Forgets the first try.
    pub(super) fn begin_again(&mut self) {
        if matches!(*self.data, Rendezvous::Ended { .. }) {
            self.data.go(Rendezvous::Gone);
        }
        self.again = false;
        self.repeated = true;
        self.pret = false;
        self.opening = None;
        self.told = false;
        self.bytes = 0;
        self.resumed = None;
    }

    /// Whether a reply is awaited.
    pub(super) fn awaits_reply(&self) -> bool {
        self.step.awaits_reply()
    }

    /// Whether the command may be sent once more, over a port that is asked for again.
    fn may_ask_afresh(&self) -> bool {
        self.ahead && !matches!(self.command, Command::Stou(_))
    }

    /// Whether the command may be sent once more, over a data connection that is made from the
    /// other side: nothing has flowed, and it has done nothing at the server. A STOU may have
    /// left a file; and a connection on which TLS has begun was made, whatever became of it.
    fn may_try_again(&mut self) -> bool {
        let unmet = !self.told && *self.data != Rendezvous::Securing;
        self.plan.skip_alike() && unmet && !matches!(self.command, Command::Stou(_))
    }
}

impl Connection {
    pub(super) fn begin_transfer(&mut self, id: RequestId, transfer: Transfer, ascii: bool) {
        let mut run = Box::new(Run::new(id, transfer, ascii, &self.taken));
        let went = if self.parameters.kind == Some(run.kind) {
            self.meet(&mut run)
        } else {
            run.step.go(Step::Type(run.kind));
            self.send(Command::Type(run.kind));
            ON
        };
        self.keep(run, went);
    }

    /// Takes a reply to the transfer under way.
    pub(super) fn transfer_reply(&mut self, mut run: Box<Run>, reply: Reply) {
        let went = self.on_reply_to(&mut run, reply);
        self.keep(run, went);
    }

    /// Takes news of the data connection `id`.
    pub(super) fn transfer_data(&mut self, mut run: Box<Run>, id: DataId, event: &DataEvent) {
        let went = if id == run.data_id {
            self.on_data(&mut run, event)
        } else {
            ON
        };
        self.keep(run, went);
    }

    /// Lets a timer of the data connection end the attempt; the others end the session.
    pub(super) fn transfer_timeout(&mut self, mut run: Box<Run>, timer: Timer) {
        let went = match timer {
            Timer::DataConnect | Timer::Handshake if run.data.is_held() => {
                let before = *run.data;
                self.drop_data(&mut run);
                self.data_failed(&mut run, before, DataFailure::TimedOut)
            }
            Timer::DataDrain if run.again => self.drained(&mut run),
            _ => ControlFlow::Break(Over::Fatal(Error::TimedOut(timer))),
        };
        self.keep(run, went);
    }

    /// The application no longer wants it.
    pub(super) fn abort_transfer(&mut self, mut run: Box<Run>) {
        run.plan.forget();
        run.again = false;
        let went = if run.step.is_aborting() {
            ON
        } else {
            self.give_up(&mut run, Phase::Aborted, None, true)
        };
        self.keep(run, went);
    }

    /// The connection is closed under the transfer.
    pub(super) fn lose_transfer(&mut self, mut run: Box<Run>) {
        self.drop_data(&mut run);
        self.done(run.id, Outcome::Lost);
    }

    /// The server closes the session with this reply.
    pub(super) fn transfer_refused_service(&mut self, mut run: Box<Run>, reply: Reply) {
        let (phase, data) = match run.failure {
            Some(failure) => failure,
            None => (run.step.phase(*run.data), None),
        };
        // What it reports is the end of the transfer, however the two are related.
        let _ended = self.fail(&mut run, phase, data, Some(reply));
    }

    fn keep(&mut self, run: Box<Run>, went: Went) {
        match went {
            ControlFlow::Continue(()) => self.go_on(Exchange::Transfer(run)),
            ControlFlow::Break(Over::Ended) => {}
            ControlFlow::Break(Over::Fatal(error)) => {
                self.go_on(Exchange::Transfer(run));
                self.close(Err(error));
            }
        }
    }

    // Replies.

    fn on_reply_to(&mut self, run: &mut Run, reply: Reply) -> Went {
        let code = reply.code();
        match *run.step {
            _ if code.is_preliminary() => {}
            Step::Command | Step::Opened => self.ahead_is_due(),
            Step::Type(kind) => self.parameters.note(&Command::Type(kind), code),
            Step::Rest => self.parameters.note(&Command::Rest(run.offset), code),
            Step::Range => self.parameters.note(&Command::Rang(run.range), code),
            _ => {}
        }
        match run.failure {
            Some((phase, data)) if !run.step.is_aborting() => {
                return if code.is_preliminary() {
                    ON
                } else if phase == Phase::Payload && self.may_repeat(run, code) {
                    self.repeat_after(run, reply)
                } else {
                    self.fail(run, phase, data, Some(reply))
                };
            }
            _ => {}
        }
        match run.step.next(code, run.flow, self.config.lenient) {
            Next::Stay => ON,
            Next::Meet => self.meet(run),
            Next::Ask => self.ask_passive(run),
            Next::Connect => self.connect(run, reply),
            Next::Arranged => {
                if let Some(way) = run.plan.way() {
                    self.parameters.worked.did(way);
                }
                self.arranged(run)
            }
            Next::Marked => self.mark(run),
            Next::Open => {
                run.step.go(Step::Opened);
                self.disarm(Timer::Reply);
                self.open(run, reply)
            }
            Next::OpenConfirmed => {
                run.step.go(Step::Confirmed);
                run.reply = Some(reply.clone());
                self.open(run, reply)
            }
            Next::Confirm => {
                run.reply = Some(reply);
                run.step.go(Step::Confirmed);
                self.confirmed(run)
            }
            Next::Refused => self.refused(run, reply),
            Next::Unsolicited if self.config.lenient => ON,
            Next::Unsolicited => {
                ControlFlow::Break(Over::Fatal(PeerMisbehaved::UnsolicitedReply.into()))
            }
            Next::Fence => {
                let ahead = self.has_asked_ahead();
                run.step.go(Step::Fenced(Fenced::behind_first(ahead)));
                run.reply = Some(reply);
                self.send(Command::Pwd);
                ON
            }
            Next::Fenced(fenced) => {
                run.step.go(Step::Fenced(fenced));
                self.wait_on()
            }
            Next::InStep => {
                self.lately = Lately::Aborted;
                self.forget_ahead();
                let (phase, data) = run.failure.unwrap_or((Phase::Aborted, None));
                if phase == Phase::Connect && run.may_try_again() {
                    run.failure = None;
                    run.reply = None;
                    return self.next_way(run);
                }
                self.fail(run, phase, data, None)
            }
        }
    }

    /// One more reply came behind ABOR, and the last one is still due.
    fn wait_on(&mut self) -> Went {
        if !self.count_extra() {
            return ControlFlow::Break(Over::Fatal(PeerMisbehaved::UnsolicitedReply.into()));
        }
        self.arm(Timer::Reply, self.config.timeouts.reply);
        ON
    }

    /// The data connection is arranged: the offset, the range, or the command.
    pub(super) fn arranged(&mut self, run: &mut Run) -> Went {
        run.marked = Marked::default();
        self.mark(run)
    }

    /// What only takes back an old mark goes first: on some servers the last one holds.
    fn mark(&mut self, run: &mut Run) -> Went {
        let rest = !run.marked.rest && (run.offset != 0 || self.parameters.offset_pending);
        let range = !run.marked.range && (run.range.is_some() || self.parameters.range_pending);
        if rest && !(range && run.offset != 0) {
            run.marked.rest = true;
            run.step.go(Step::Rest);
            self.send(Command::Rest(run.offset));
        } else if range {
            run.marked.range = true;
            run.step.go(Step::Range);
            self.send(Command::Rang(run.range));
        } else {
            run.step.go(Step::Command);
            self.send(run.command.clone());
            self.send_ahead(run);
        }
        ON
    }

    pub(super) fn refused(&mut self, run: &mut Run, reply: Reply) -> Went {
        let (step, code) = (*run.step, reply.code());
        match step {
            Step::Passive if run.ahead => self.ask_afresh(run),
            Step::Passive | Step::Active if run.plan.has_more() => self.next_way(run),
            // Only a server that knows PRET can mind that it was not told.
            Step::Pret if is_unknown(code) => {
                self.parameters.no_pret |= code != Code::BAD_ARGUMENT;
                self.ask_passive(run)
            }
            Step::Opened if run.again || self.may_repeat(run, code) => {
                self.repeat_after(run, reply)
            }
            Step::Command if code == Code::NO_DATA_CONNECTION && run.may_ask_afresh() => {
                self.drop_data(run);
                self.ask_afresh(run)
            }
            Step::Command | Step::Opened
                if code == Code::NO_DATA_CONNECTION && run.may_try_again() =>
            {
                self.next_way(run)
            }
            _ => {
                let phase = step.phase(*run.data);
                self.fail(run, phase, None, Some(reply))
            }
        }
    }
}

/// Whether a server says so of a command that it does not know.
const fn is_unknown(code: Code) -> bool {
    matches!(code.number(), 500..=502 | 504)
}
