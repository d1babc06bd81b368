//! A transfer's data connection from the moment it is arranged: TLS on it, payload, and how both
//! halves of the transfer end, in either order.

use core::ops::ControlFlow;

use super::{
    connection::Connection,
    event::{Event, Outcome, Phase, TransferFailed, Transferred},
    state::{Met, Rendezvous, Step},
    transfer::{ON, Over, Run, Went},
};
use crate::{
    command::ByteRange,
    data::{DataEvent, DataFailure, DataRequest, Flow, TlsRole},
    error::Timer,
    reply::Reply,
};

const DATA_TIMERS: [Timer; 5] = [
    Timer::DataConnect,
    Timer::Handshake,
    Timer::Stall,
    Timer::DataDrain,
    Timer::FinalReply,
];

impl Connection {
    /// The server has accepted: it is let in, or payload flows.
    pub(super) fn open(&mut self, run: &mut Run, reply: Reply) -> Went {
        self.parameters.offset_pending = false;
        self.parameters.range_pending = false;
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
        self.request(run, DataRequest::Secure(TlsRole::Client));
        self.arm(Timer::Handshake, self.config.timeouts.handshake);
        ON
    }

    pub(super) fn flow(&mut self, run: &mut Run) -> Went {
        run.data.go(Rendezvous::Flowing);
        run.told = true;
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

    pub(super) fn confirmed(&mut self, run: &mut Run) -> Went {
        if run.again {
            return self.repeat(run);
        }
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
        // A server that took RANG and sent the file all the same.
        let length = run.range.and_then(ByteRange::length);
        let too_long = length.is_some_and(|length| run.bytes > length);
        let Some(reply) = run.reply.take() else {
            return ON;
        };
        if truncated || too_long {
            return self.fail(run, Phase::Confirm, None, Some(reply));
        }
        self.disarm_data();
        self.note_size(run.bytes);
        self.lately = self.lately_of(run, reply.clone());
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

    // The data connection.

    pub(super) fn on_data(&mut self, run: &mut Run, event: &DataEvent) -> Went {
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
                if let Some(way) = run.plan.way() {
                    self.parameters.worked.did(way);
                }
                self.arranged(run)
            }
            Met::Called => {
                self.disarm(Timer::DataConnect);
                self.parameters.worked.called();
                self.met(run)
            }
            Met::Stranger => {
                self.request(run, DataRequest::Reject);
                self.request(run, DataRequest::Accept);
                ON
            }
            Met::Secured { resumed } => self.secured(run, resumed),
            Met::Discarded => self.repeat(run),
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

    pub(super) fn data_failed(
        &mut self,
        run: &mut Run,
        before: Rendezvous,
        failure: DataFailure,
    ) -> Went {
        self.disarm_data();
        if run.again {
            return self.repeat(run);
        }
        let local = matches!(
            failure,
            DataFailure::Local | DataFailure::NoSpace | DataFailure::Quota
        );
        match before {
            Rendezvous::Connecting if run.ahead => self.ask_afresh(run),
            Rendezvous::Connecting if run.plan.has_more() => self.next_way(run),
            // No port for one command is none for the other.
            Rendezvous::Binding if run.plan.skip_alike() => self.next_way(run),
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
    pub(super) fn give_up(
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

    pub(super) fn fail(
        &mut self,
        run: &mut Run,
        phase: Phase,
        data: Option<DataFailure>,
        reply: Option<Reply>,
    ) -> Went {
        self.drop_data(run);
        self.disarm(Timer::Reply);
        let reply = reply.or_else(|| run.reply.take());
        self.note_starved(run, reply.as_ref());
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

    pub(super) fn drop_data(&mut self, run: &mut Run) {
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
