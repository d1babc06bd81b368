//! Transfers: the command that uses a data connection, and how both halves end.
//!
//! What follows from what stands in `state.rs`; here it is carried out (RFC 959 sec. 5.4,
//! RFC 2428, RFC 3659 sec. 5, RFC 4217 sec. 7).

use alloc::boxed::Box;
use core::{net::SocketAddr, ops::ControlFlow};

use super::{
    connection::Connection,
    event::{Event, Outcome, Phase, TransferFailed, Transferred},
    request::{RequestId, Transfer},
    state::{Exchange, Fenced, Met, Next, Rendezvous, Step},
    tolerance::Lately,
};
use crate::{
    automaton::{At, Taken},
    command::{Command, TextFormat, Type},
    data::{DataEvent, DataFailure, DataId, DataRequest, Flow},
    error::{Error, PeerMisbehaved, Timer},
    reply::Reply,
};

/// A transfer under way.
#[derive(Debug)]
pub(super) struct Run {
    pub(super) id: RequestId,
    command: Command,
    flow: Flow,
    listing: bool,
    offset: u64,
    kind: Type,
    pub(super) step: At<Step>,
    pub(super) data: At<Rendezvous>,
    pub(super) data_id: DataId,
    /// Whether the passive address came from PASV.
    pub(super) pasv: bool,
    /// The address that EPRT or PORT announces.
    pub(super) announced: Option<SocketAddr>,
    /// The 1yz, until the application is told of it.
    opening: Option<Reply>,
    /// The final reply, or the first one behind ABOR.
    reply: Option<Reply>,
    bytes: u64,
    resumed: Option<bool>,
    /// Set when the transfer has failed and only replies are awaited, so that the control
    /// connection stays in step.
    failure: Option<(Phase, Option<DataFailure>)>,
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

const DATA_TIMERS: [Timer; 5] = [
    Timer::DataConnect,
    Timer::Handshake,
    Timer::Stall,
    Timer::DataDrain,
    Timer::FinalReply,
];

impl Run {
    fn new(id: RequestId, transfer: Transfer, ascii: bool, taken: &Taken) -> Self {
        let (command, flow, offset) = match transfer {
            Transfer::Download { path, offset } => (Command::Retr(path), Flow::Receive, offset),
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
            kind,
            step: At::begin(Step::Begun, taken),
            data: At::begin(Rendezvous::Absent, taken),
            data_id: DataId::new(0),
            pasv: false,
            announced: None,
            opening: None,
            reply: None,
            bytes: 0,
            resumed: None,
            failure: None,
        }
    }

    /// Whether a reply is awaited.
    pub(super) fn awaits_reply(&self) -> bool {
        self.step.awaits_reply()
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
            _ => ControlFlow::Break(Over::Fatal(Error::TimedOut(timer))),
        };
        self.keep(run, went);
    }

    /// The application no longer wants it.
    pub(super) fn abort_transfer(&mut self, mut run: Box<Run>) {
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
        if *run.step == Step::Rest && !code.is_preliminary() {
            self.parameters.offset_pending = run.offset != 0 && !code.is_refusal();
        }
        match run.failure {
            Some((phase, data)) if !run.step.is_aborting() => {
                return if code.is_preliminary() {
                    ON
                } else {
                    self.fail(run, phase, data, Some(reply))
                };
            }
            _ => {}
        }
        match run.step.next(code, run.flow, self.config.lenient) {
            Next::Stay => ON,
            Next::Meet => {
                self.parameters.kind = Some(run.kind);
                self.meet(run)
            }
            Next::Connect => self.connect(run, reply),
            Next::Arranged => {
                self.parameters.only_port |= *run.step == Step::Port;
                self.arranged(run)
            }
            Next::Command => self.command(run),
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
                run.step.go(Step::Fenced(Fenced::FIRST));
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
                let (phase, data) = run.failure.unwrap_or((Phase::Aborted, None));
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

    /// The data connection is arranged: the offset, or the command.
    fn arranged(&mut self, run: &mut Run) -> Went {
        if run.offset == 0 && !self.parameters.offset_pending {
            return self.command(run);
        }
        run.step.go(Step::Rest);
        self.send(Command::Rest(run.offset));
        ON
    }

    fn command(&mut self, run: &mut Run) -> Went {
        run.step.go(Step::Command);
        self.send(run.command.clone());
        ON
    }

    /// The server has accepted: it is let in, or payload flows.
    fn open(&mut self, run: &mut Run, reply: Reply) -> Went {
        self.parameters.offset_pending = false;
        run.opening = Some(reply);
        if *run.data == Rendezvous::Bound {
            run.data.go(Rendezvous::Accepting);
            self.request(run, DataRequest::Accept);
            self.arm(Timer::DataConnect, self.config.timeouts.data_connect);
            return ON;
        }
        self.met(run)
    }

    /// Both sides hold the connection. TLS starts only now, behind the 1yz: servers do not
    /// begin their half of the handshake before they have read the command.
    fn met(&mut self, run: &mut Run) -> Went {
        if !self.parameters.protected {
            return self.flow(run);
        }
        run.data.go(Rendezvous::Securing);
        self.request(run, DataRequest::Secure);
        self.arm(Timer::Handshake, self.config.timeouts.handshake);
        ON
    }

    fn flow(&mut self, run: &mut Run) -> Went {
        run.data.go(Rendezvous::Flowing);
        if let Some(reply) = run.opening.take() {
            self.event(Event::Opened {
                request: run.id,
                data: run.data_id,
                reply,
            });
        }
        self.request(run, DataRequest::Transfer(run.flow));
        self.arm_flow(run);
        ON
    }

    fn arm_flow(&mut self, run: &Run) {
        if *run.step == Step::Confirmed {
            self.disarm(Timer::Stall);
            self.arm(Timer::DataDrain, self.config.timeouts.data_drain);
        } else {
            self.arm(Timer::Stall, self.config.timeouts.stall);
        }
    }

    fn confirmed(&mut self, run: &mut Run) -> Went {
        match *run.data {
            Rendezvous::Ended { clean } => self.settle(run, clean),
            Rendezvous::Flowing => {
                self.arm_flow(run);
                ON
            }
            // The server was quicker than the connection or its handshake; their timers run.
            _ => ON,
        }
    }

    /// Both halves have ended, and the server confirms.
    fn settle(&mut self, run: &mut Run, clean: bool) -> Went {
        let protected = self.parameters.protected;
        let truncated =
            protected && !clean && run.flow == Flow::Receive && !self.config.accept_unclean_close;
        let Some(reply) = run.reply.take() else {
            return ON;
        };
        if truncated {
            return self.fail(run, Phase::Confirm, None, Some(reply));
        }
        self.disarm_data();
        self.lately = Lately::Confirmed(reply.clone());
        self.done(
            run.id,
            Outcome::Transferred(Transferred {
                bytes: run.bytes,
                reply,
                resumed: run.resumed,
                proven: protected && clean,
            }),
        );
        ControlFlow::Break(Over::Ended)
    }

    pub(super) fn refused(&mut self, run: &mut Run, reply: Reply) -> Went {
        match (*run.step, run.announced) {
            (Step::Epsv, _) if self.may_use_pasv() => {
                self.ask_passive(run, true);
                ON
            }
            (Step::Eprt, Some(SocketAddr::V4(at))) => {
                run.step.go(Step::Port);
                self.send(Command::Port(at));
                ON
            }
            _ => {
                let phase = run.step.phase(*run.data);
                self.fail(run, phase, None, Some(reply))
            }
        }
    }

    // The data connection.

    fn on_data(&mut self, run: &mut Run, event: &DataEvent) -> Went {
        let (state, met) = run.data.next(event, self.peer.ip());
        if met != Met::Ignore {
            run.data.go(state);
        }
        match met {
            Met::Ignore => ON,
            Met::Announce(at) => {
                self.disarm(Timer::DataConnect);
                self.announce(run, at)
            }
            Met::Arranged => {
                self.disarm(Timer::DataConnect);
                self.parameters.only_pasv |= run.pasv;
                self.arranged(run)
            }
            Met::Called => {
                self.disarm(Timer::DataConnect);
                self.met(run)
            }
            Met::Stranger => {
                self.request(run, DataRequest::Reject);
                self.request(run, DataRequest::Accept);
                ON
            }
            Met::Secured { resumed } => {
                self.disarm(Timer::Handshake);
                run.resumed = Some(resumed);
                self.flow(run)
            }
            Met::Moved(bytes) => {
                if bytes > run.bytes {
                    run.bytes = bytes;
                    self.arm_flow(run);
                }
                ON
            }
            Met::Ended(bytes) => {
                run.bytes = bytes;
                self.disarm(Timer::Stall);
                self.disarm(Timer::DataDrain);
                if *run.step == Step::Confirmed {
                    return self.confirmed(run);
                }
                self.arm(Timer::FinalReply, self.config.timeouts.final_reply);
                ON
            }
            Met::Failed(before, failure) => self.data_failed(run, before, failure),
        }
    }

    fn data_failed(&mut self, run: &mut Run, before: Rendezvous, failure: DataFailure) -> Went {
        self.disarm_data();
        let local = matches!(
            failure,
            DataFailure::Local | DataFailure::NoSpace | DataFailure::Quota
        );
        match before {
            Rendezvous::Connecting if !run.pasv && self.may_use_pasv() => {
                self.ask_passive(run, true);
                ON
            }
            // The server has confirmed a listing without ever calling: it is empty.
            Rendezvous::Accepting
                if *run.step == Step::Confirmed && run.listing && self.config.lenient =>
            {
                self.settle(run, !self.parameters.protected)
            }
            Rendezvous::Securing => self.give_up(run, Phase::Secure, Some(failure), false),
            // The server notices a broken connection by itself, and its reply says why. It
            // does not notice that nobody listens any more, nor always that nobody reads.
            Rendezvous::Flowing => self.give_up(run, Phase::Payload, Some(failure), local),
            _ => self.give_up(run, Phase::Connect, Some(failure), true),
        }
    }

    // The end.

    /// The transfer has failed on this side; the replies that are still due are awaited, and
    /// asked for with ABOR where the server would go on otherwise.
    fn give_up(
        &mut self,
        run: &mut Run,
        phase: Phase,
        data: Option<DataFailure>,
        abort: bool,
    ) -> Went {
        run.failure = Some((phase, data));
        if abort && run.step.is_running() {
            // Ahead of the end of the data connection, which would look like the end of the
            // file to a server that receives it.
            run.step.go(Step::Aborting);
            self.send_abort();
        }
        self.drop_data(run);
        if !run.step.awaits_reply() {
            return self.fail(run, phase, data, None);
        }
        if *run.step == Step::Opened {
            self.arm(Timer::FinalReply, self.config.timeouts.final_reply);
        }
        ON
    }

    fn fail(
        &mut self,
        run: &mut Run,
        phase: Phase,
        data: Option<DataFailure>,
        reply: Option<Reply>,
    ) -> Went {
        self.drop_data(run);
        self.disarm(Timer::Reply);
        let reply = reply.or_else(|| run.reply.take());
        self.done(
            run.id,
            Outcome::TransferFailed(TransferFailed {
                phase,
                bytes: run.bytes,
                reply,
                data,
            }),
        );
        ControlFlow::Break(Over::Ended)
    }

    fn drop_data(&mut self, run: &mut Run) {
        if run.data.is_held() {
            self.request(run, DataRequest::Abort);
            run.data.go(Rendezvous::Gone);
        }
        self.disarm_data();
    }

    fn disarm_data(&mut self) {
        for timer in DATA_TIMERS {
            self.disarm(timer);
        }
    }

    pub(super) fn request(&mut self, run: &Run, request: DataRequest) {
        self.data_request(run.data_id, request);
    }
}
