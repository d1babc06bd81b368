//! One end of a transfer between two servers: while a [`Relay`](super::Relay) has a connection,
//! it carries out one command after the other and keeps what was replied.
//!
//! What is sent, when and why stands in `relay/`.

use super::{
    connection::{Connection, Work},
    state::{Exchange, Fenced, Leg, Next, Session},
    tolerance::Lately,
};
use crate::{
    automaton::At,
    command::Command,
    error::{Error, PeerMisbehaved, Timer},
    reply::Reply,
    time::Instant,
};

/// A connection that a relay has.
#[derive(Debug)]
pub(super) struct LegRun {
    step: At<Leg>,
    /// What was sent, until its final reply comes.
    asked: Option<Command>,
    /// Whether the last transfer command was accepted by a 1yz.
    opened: bool,
    /// The final reply to it; behind ABOR, the first of those.
    heard: Option<Reply>,
}

impl LegRun {
    /// Whether nothing is awaited.
    pub(super) fn is_held(&self) -> bool {
        *self.step == Leg::Held
    }

    /// Whether the transfer command is with the server, and was accepted or not.
    pub(super) fn is_running(&self) -> bool {
        matches!(*self.step, Leg::Running | Leg::Opened)
    }

    pub(super) const fn has_opened(&self) -> bool {
        self.opened
    }

    /// The last final reply.
    pub(super) const fn heard(&self) -> Option<&Reply> {
        self.heard.as_ref()
    }
}

impl Connection {
    /// Asks for the connection, once the requests before are done.
    pub(super) fn lease(&mut self, now: Instant) {
        self.now = now;
        if !self.is_closed() {
            self.queue.push_back(Work::Lease);
            self.advance();
        }
    }

    /// Gives the connection back, or no longer asks for it; nothing is awaited on it.
    pub(super) fn release(&mut self, now: Instant) {
        self.now = now;
        self.queue.retain(|work| !matches!(work, Work::Lease));
        match self.exchange.lend() {
            Exchange::Leg(_) => self.exchange.settle(),
            other => self.go_on(other),
        }
        self.advance();
    }

    pub(super) fn leg(&self) -> Option<&LegRun> {
        match &*self.exchange {
            Exchange::Leg(run) => Some(run),
            _ => None,
        }
    }

    pub(super) fn is_closed(&self) -> bool {
        matches!(*self.session, Session::Closed(_))
    }

    /// Begins to be a leg.
    pub(super) fn begin_leg(&mut self) {
        self.void_ahead();
        self.go_on(Exchange::Leg(LegRun {
            step: At::begin(Leg::Held, &self.taken),
            asked: None,
            opened: false,
            heard: None,
        }));
    }

    /// Sends a command that is answered at once, or one that moves payload.
    pub(super) fn leg_send(&mut self, now: Instant, command: Command) {
        self.now = now;
        match self.exchange.lend() {
            Exchange::Leg(mut run) if run.is_held() => {
                let transfers = matches!(command, Command::Retr(_) | Command::Stor(_));
                run.step
                    .go(if transfers { Leg::Running } else { Leg::Asked });
                run.opened = false;
                run.heard = None;
                run.asked = Some(command.clone());
                self.send(command);
                self.go_on(Exchange::Leg(run));
            }
            other => self.go_on(other),
        }
    }

    /// Stops the transfer that runs, if one does.
    pub(super) fn leg_abort(&mut self, now: Instant) {
        self.now = now;
        match self.exchange.lend() {
            Exchange::Leg(mut run) if run.is_running() => {
                run.step.go(Leg::Aborting);
                self.send_abort();
                self.go_on(Exchange::Leg(run));
            }
            other => self.go_on(other),
        }
    }

    pub(super) fn leg_reply(&mut self, mut run: LegRun, reply: Reply) {
        let code = reply.code();
        match *run.step {
            Leg::Held if self.config.lenient => {}
            Leg::Held => return self.leg_fails(run, PeerMisbehaved::UnsolicitedReply.into()),
            Leg::Running if code.is_preliminary() => {
                run.step.go(Leg::Opened);
                run.opened = true;
                self.parameters.offset_pending = false;
                self.parameters.range_pending = false;
                // How long it takes is a matter between the servers.
                self.disarm(Timer::Reply);
            }
            _ if code.is_preliminary() => {}
            Leg::Asked => {
                if let Some(command) = &run.asked {
                    self.parameters.note(command, code);
                }
                run.step.go(Leg::Held);
                run.heard = Some(reply);
            }
            Leg::Running | Leg::Opened => {
                if code.is_success() {
                    self.lately = Lately::Confirmed(reply.clone());
                }
                run.step.go(Leg::Held);
                run.heard = Some(reply);
            }
            Leg::Aborting => {
                run.step.go(Leg::Fenced(Fenced::FIRST));
                run.heard = Some(reply);
                self.send(Command::Pwd);
            }
            Leg::Fenced(fenced) => match fenced.next(code) {
                Next::Fenced(fenced) => {
                    if !self.count_extra() {
                        return self.leg_fails(run, PeerMisbehaved::UnsolicitedReply.into());
                    }
                    run.step.go(Leg::Fenced(fenced));
                    self.arm(Timer::Reply, self.config.timeouts.reply);
                }
                _ => {
                    self.lately = Lately::Aborted;
                    run.step.go(Leg::Held);
                }
            },
        }
        self.go_on(Exchange::Leg(run));
    }

    fn leg_fails(&mut self, run: LegRun, error: Error) {
        self.go_on(Exchange::Leg(run));
        self.close(Err(error));
    }
}
