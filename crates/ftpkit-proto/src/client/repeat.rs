//! Transfers that are carried out once more, since the server refuses data connections that did
//! not resume the TLS session of the control connection.
//!
//! In TLS 1.3 each ticket resumes once, and a server may give none on a connection that is only
//! written to: after some uploads there is nothing left to resume with. The handshake that does
//! not resume brings new tickets, so that the second try does.
//!
//! An upload must not begin on a connection that will be refused: its payload could not be had
//! again. So the connection is given up before, where the server is known to refuse such, or may
//! do so since others have resumed. A download that is refused has brought nothing yet.

use core::time::Duration;

use super::{
    connection::Connection,
    learned::Resumption,
    state::{Rendezvous, Step},
    transfer::{ON, Run, Went},
};
use crate::{
    command::Command,
    data::{DataRequest, Flow},
    error::Timer,
    reply::{Code, Reply},
};

/// How long the end of a data connection is waited for when the transfer was refused.
const DRAIN: Duration = Duration::from_secs(1);

impl Connection {
    /// TLS is up on the data connection.
    pub(super) fn secured(&mut self, run: &mut Run, resumed: bool) -> Went {
        self.disarm(Timer::Handshake);
        run.resumed = Some(resumed);
        self.parameters.has_resumed |= resumed;
        let refused = match self.parameters.resumption {
            Resumption::Needed => true,
            Resumption::Unknown => self.parameters.has_resumed,
            Resumption::NotNeeded => false,
        };
        let repeatable = run.flow == Flow::Send && !matches!(run.command, Command::Stou(_));
        if resumed || !refused || !repeatable || run.repeated {
            return self.flow(run);
        }
        run.again = true;
        run.data.go(Rendezvous::Discarding);
        self.request(run, DataRequest::Discard);
        self.arm(Timer::DataDrain, self.config.timeouts.data_drain);
        ON
    }

    /// Whether a transfer that was refused with this code can be carried out once more.
    pub(super) fn may_repeat(&self, run: &Run, code: Code) -> bool {
        let untouched = run.flow == Flow::Receive && run.bytes == 0;
        untouched && !run.repeated && is_refused_session(run, code)
    }

    /// Takes the final reply of a try that is to be repeated.
    pub(super) fn repeat_after(&mut self, run: &mut Run, reply: Reply) -> Went {
        run.again = true;
        run.failure = None;
        run.reply = Some(reply);
        run.step.go(Step::Confirmed);
        self.disarm(Timer::Stall);
        self.disarm(Timer::FinalReply);
        self.arm(Timer::DataDrain, DRAIN);
        self.repeat(run)
    }

    /// Begins the second try, once the first has ended on both connections.
    pub(super) fn repeat(&mut self, run: &mut Run) -> Went {
        if run.data.is_held() {
            return ON;
        }
        self.disarm(Timer::DataDrain);
        let Some(reply) = run.reply.take() else {
            self.arm(Timer::FinalReply, self.config.timeouts.final_reply);
            return ON;
        };
        self.disarm(Timer::FinalReply);
        self.parameters.resumption = if reply.code().is_refusal() {
            Resumption::Needed
        } else {
            Resumption::NotNeeded
        };
        run.begin_again();
        self.meet(run)
    }

    /// The end of the data connection did not come: nothing more is to be had of it.
    pub(super) fn drained(&mut self, run: &mut Run) -> Went {
        self.drop_data(run);
        self.repeat(run)
    }

    /// Notes a refusal that the second try has met with too.
    pub(super) fn note_starved(&mut self, run: &Run, reply: Option<&Reply>) {
        if run.repeated && reply.is_some_and(|reply| is_refused_session(run, reply.code())) {
            self.parameters.starved = true;
        }
    }
}

/// Whether a refusal with this code is about a session that was not resumed.
fn is_refused_session(run: &Run, code: Code) -> bool {
    let refused = matches!(code, Code::NO_DATA_CONNECTION | Code::PROTOCOL_REFUSED);
    run.resumed == Some(false) && refused
}
